"""GET /metrics: what it says is what was done, whatever became of the workers
meanwhile; and Prometheus itself reads it."""

import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile
import threading
import time
import unittest

from case import Load, OwnService, ServiceCase, at_once
from monitoring import MONITORING, Numbers, Prometheus, promtool
from service import Service, picture, variation, wait_until

PRESETS = [{"name": "large", "width": 320, "height": 320,
            "formats": ["jpeg", "webp"]},
           {"name": "small", "width": 80, "height": 80}]

marks = itertools.count()


def fresh(name="gray.jpg"):
    return variation(picture(name), f"{time.time_ns()} {next(marks)}")


class WhatWasDone(ServiceCase):
    settings = {"presets": PRESETS, "limits": {"pixels": "1M", "files": 3},
                "engine": "auto", "prefix": "/media", "trusted_proxies": ["127.0.0.1"]}

    def look(self):
        return Numbers(self.service)

    def assert_counted(self, before, **expected):
        """These numbers have grown so, and no others. The labels of a number
        are behind its name: requests_total__upload_201."""
        found = {"__".join([key[0], *["_".join(
            value for _, value in key[1:])] * (len(key) > 1)]): value
            for key, value in self.look().changes(before).items()}
        # How many bytes, the next test says.
        for name in "received_bytes_total", "written_bytes_total":
            found.pop(name, None)
        self.assertEqual(found, expected)

    def test_a_new_photo(self):
        before = self.look()
        data = fresh("orient-1.jpg")
        document = self.assert_taken(self.service.upload(("a.jpg", data)),
                                     201, "created")
        self.assert_counted(before, **{
            "requests_total__ok_upload_201": 1,
            "photos_total__jpeg_created": 1, "renders_total__planes": 1,
            "thumbnails_total__jpeg": 2, "claims_total": 1})
        after = self.look()
        thumbnails = sum(variant["bytes"] for photo in document["photos"]
                         for variant in photo["variants"])
        for name, bytes_ in (("received_bytes_total", len(data)),
                             ("written_bytes_total", len(data) + thumbnails),
                             ("store_bytes", len(data) + thumbnails),
                             ("store_photos", 1)):
            self.assertEqual(after(name) - before(name), bytes_, name)
        for phase in "queue", "receive", "decode", "resize", "encode", \
                "publish":
            labels = {"kind": "upload", "phase": phase}
            self.assertEqual(after("phase_seconds_count", **labels)
                             - before("phase_seconds_count", **labels), 1)
        self.assertGreater(after("photo_seconds_sum", format="jpeg"),
                           before("photo_seconds_sum", format="jpeg"))

    def test_one_that_is_here(self):
        data = fresh()
        self.service.upload(("a.jpg", data))
        before = self.look()
        self.assert_taken(self.service.upload(("a.jpg", data)), 200, "exists")
        self.assert_counted(before, **{
            "requests_total__ok_upload_200": 1,
            "photos_total__jpeg_exists": 1, "claims_total": 1})

    def test_photos_of_one_form_are_counted_one_by_one(self):
        before = self.look()
        self.service.upload(("a.jpg", fresh()), ("b.txt", b"no photo"),
                            ("c.png", picture("rgb.png")))
        self.assert_counted(before, **{
            "requests_total__ok_upload_201": 1,
            "photos_total__jpeg_created": 1, "photos_total__png_created": 1,
            "photos_total__unknown_refused": 1,
            "photo_refusals_total__unsupported-format": 1,
            "renders_total__planes": 1, "renders_total__magick": 1,
            "thumbnails_total__jpeg": 4, "claims_total": 2})

    def test_a_photo_that_planes_left(self):
        before = self.look()
        self.assert_taken(self.service.upload(("a.jpg", fresh("cmyk.jpg"))),
                          201, "created")
        self.assert_counted(before, **{
            "requests_total__ok_upload_201": 1,
            "photos_total__jpeg_created": 1, "renders_total__magick": 1,
            "declined_renders_total": 1,
            "thumbnails_total__jpeg": 2, "claims_total": 1})

    def test_refusals(self):
        for name, data, status, code, format_ in (
                ("a.txt", b"no photo", 415, "unsupported-format", "unknown"),
                ("a.jpg", picture("truncated.jpg"), 422, "corrupt-image",
                 "jpeg"),
                ("a.jpg", picture("photo-12mp.jpg"), 422, "too-many-pixels",
                 "jpeg")):
            with self.subTest(code):
                before = self.look()
                self.assert_problem(self.service.upload((name, data)), status,
                                    code)
                self.assert_counted(before, **{
                    f"requests_total__{code}_upload_{status}": 1,
                    f"photos_total__{format_}_refused": 1,
                    f"photo_refusals_total__{code}": 1})
        with self.subTest("of the whole request"):
            before = self.look()
            self.service.upload(*[("a.jpg", fresh()) for _ in range(4)])
            self.assert_counted(before, **{
                "requests_total__too-many-files_upload_413": 1})

    def test_first_renders_and_the_way_out(self):
        data = fresh()
        photo = json.loads(
            self.service.upload(("a.jpg", data)).body)["photos"][0]
        before = self.look()
        for _ in range(2):
            self.assertEqual(self.service.get(
                f"/t/{photo['id']}/large.webp").status, 200)
        self.assert_counted(before, **{
            "requests_total__ok_render_200": 1,
            "first_renders_total__webp": 1, "renders_total__planes": 1,
            "thumbnails_total__webp": 1})
        before = self.look()
        claimed = self.service.request(
            "POST", f"/photos/{photo['id']}/claims",
            b"sha256=" + hashlib.sha256(data).hexdigest().encode())
        self.assertEqual(claimed.status, 201, claimed.body)
        self.assert_counted(before, **{
            "requests_total__ok_claim_201": 1, "claims_total": 1})
        before = self.look()
        for token in (photo["delete_token"], "a" * 26,
                      json.loads(claimed.body)["delete_token"]):
            self.service.request(
                "DELETE", f"/photos/{photo['id']}",
                headers={"Authorization": f"Bearer {token}"})
        self.assert_counted(before, **{
            "requests_total__ok_delete_204": 2,
            "requests_total__token-invalid_delete_403": 1,
            "deletions_total": 2, "removed_photos_total": 1})
        self.assertEqual(self.look()("store_photos"),
                         before("store_photos") - 1)

    def test_promtool_finds_nothing_wrong(self):
        self.service.upload(("a.jpg", fresh()))
        text = self.look().text
        self.assertEqual(promtool("check", "metrics", text=text), (0, ""))
        # It can find something.
        self.assertNotEqual(promtool("check", "metrics",
                                     text=text.replace("# TYPE", "#")),
                            (0, ""))

    def test_to_other_machines_it_is_not_there(self):
        for address in "203.0.113.9", "2001:db8::1":
            answer = self.service.get("/metrics",
                                      {"X-Forwarded-For": address})
            self.assertEqual(answer.status, 404)
            self.assertNotIn(b"fcgi_thumb", answer.body)

    def test_the_service_itself(self):
        now = self.look()
        self.assertEqual(now("ready"), 1)
        self.assertEqual(now("workers_configured"), 2)
        self.assertEqual(now("workers_alive"), 2)
        self.assertEqual(now("workers", phase="idle"), 2)
        self.assertGreater(now("workers_resident_bytes"), 1 << 20)
        self.assertGreaterEqual(now("worker_starts_total"), 3)
        self.assertLess(abs(now("start_time_seconds") - time.time()), 600)
        self.assertRegex(now.text, r'fcgi_thumb_build_info\{version="[0-9.]+",'
                                   r'imagemagick="[67]\.[0-9.-]+",'
                                   r'slot="none"\} 1\n')
        disk = os.statvfs(self.service.data)
        self.assertEqual(now("disk_size_bytes"),
                         disk.f_blocks * disk.f_frsize)
        self.assertLess(abs(now("disk_free_bytes")
                            - disk.f_bavail * disk.f_frsize), 4 << 30)
        answer = self.service.request("HEAD", "/metrics")
        self.assertEqual((answer.status, answer.headers["Content-Type"]),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(self.service.request("POST", "/metrics").status, 405)


class Monitor(threading.Thread):
    """Looks all the time, and holds each look against the one before."""

    def __init__(self, service):
        super().__init__()
        self.service = service
        self.going = True
        self.looks = 0
        self.failures = []

    def run(self):
        last = {}
        while self.going:
            try:
                now = Numbers(self.service).counters()
            except Exception as failure:  # kept for the assertion
                self.failures.append(repr(failure))
                continue
            self.failures += [(key, value, now.get(key))
                              for key, value in last.items()
                              if not value <= now.get(key, -1)]
            last = now
            self.looks += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.going = False
        self.join()


class WorkersComeAndGo(OwnService):
    settings = {"presets": PRESETS}

    def kill_one(self, service, nth):
        """A worker dies of it; one that was about to leave would not have."""
        def deaths():
            return Numbers(service)("worker_deaths_total", cause="SIGKILL")
        for _ in range(20):
            pid = wait_until("there is one", service.master.workers)[0]
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            wait_until("it is gone",
                       lambda: pid not in service.master.workers())
            try:
                return wait_until("it is told", lambda: deaths() == nth, 1)
            except AssertionError:
                continue
        return self.fail("none dies")

    def test_nothing_is_counted_twice_or_lost(self):
        """Recycled after five jobs, killed, and new settings: the numbers only
        grow, and are those of the answers."""
        service = self.start(workers=2, worker_jobs=5)
        killed = 0
        with Monitor(service) as one, Monitor(service) as another, \
                Load(service) as load:
            for _ in range(2):
                load.wait_for(15)
                killed += 1
                self.kill_one(service, killed)
                load.wait_for(5)
                service.hang_up()
        self.assertEqual(one.failures + another.failures, [])
        self.assertGreater(one.looks, 5)
        self.assertEqual(load.failures, [])
        now = Numbers(service)
        created = [answer.status for answer in load.answers].count(201)
        others = len(load.answers) - created
        self.assertGreaterEqual(created, 40)
        self.assertLessEqual(others, killed)
        # Of those in hand that died some were counted already.
        for number in (now("photos_total", status="created", format="jpeg"),
                       now("requests_total", kind="upload", status="201",
                           code="ok"),
                       now("phase_seconds_count", kind="upload",
                           phase="publish"),
                       now("request_seconds_count", kind="upload")):
            self.assertGreaterEqual(number, created)
            self.assertLessEqual(number, created + others)
        self.assertEqual(now("worker_deaths_total", cause="SIGKILL"), killed)
        self.assertEqual(now.sum("worker_deaths_total"), killed)
        self.assertEqual(now.sum("worker_kills_total"), 0)
        self.assertEqual(now("reloads_total", result="ok"), 2)
        self.assertGreaterEqual(now("worker_recycles_total", reason="jobs"),
                                created // 5 - 4 * killed)
        # The last one may have had its five jobs just now.
        wait_until("there are two workers", lambda: Numbers(service)(
            "workers_alive") == 2)
        with self.subTest("settings that are refused"):
            service.settings_file.write_text("nonsense")
            service.master.signal(signal.SIGHUP)
            wait_until("it is counted", lambda: Numbers(service)(
                "reloads_total", result="refused") == 1)
            self.assertEqual(Numbers(service)("reloads_total", result="ok"), 2)


class Stopped(OwnService):
    settings = {"presets": PRESETS, "limits": {"queue_length": 8}}

    def start_prometheus(self, service):
        """With our rules, and once more without the time that they wait: that
        is held by the rules' own tests."""
        hurried = service.directory / "hurried.yml"
        hurried.write_text(re.sub(
            r"(?m)^(\s*for:).*", r"\1 0s", re.sub(
                r"(?m)^(\s*-? ?(?:alert|name):) (\S+)", r"\1 \2-hurried",
                (MONITORING / "fcgi-thumb.rules.yml").read_text())))
        prometheus = Prometheus(service.directory, json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(MONITORING / "fcgi-thumb.rules.yml"),
                           str(hurried)],
            "scrape_configs": [{
                "job_name": "fcgi-thumb", "metrics_path": "/metrics",
                "static_configs": [{"targets": [
                    f"127.0.0.1:{service.nginx.port}"]}]}]}))
        self.addCleanup(prometheus.stop)
        return prometheus

    def test_who_waits_is_counted_and_prometheus_fires(self):
        """All photo workers stand still."""
        service = self.service = Service(**self.settings)
        self.addCleanup(service.stop)
        prometheus = self.start_prometheus(service)
        service.start()
        uploads = 5
        answers = at_once(uploads, lambda _: service.upload(
            ("a.jpg", fresh("orient-1.jpg"))))
        photos = [self.assert_taken(answer, 201, "created")["photos"][0]
                  for answer in answers]
        prometheus.wait_for('up{job="fcgi-thumb"}', 1)
        prometheus.wait_for("sum(fcgi_thumb_photos_total)", uploads)
        prometheus.wait_for("fcgi_thumb_store_photos", uploads)
        rules = [rule for group in prometheus.ask("rules")["groups"]
                 for rule in group["rules"]]
        self.assertGreater(len(rules), 20)
        self.assertEqual({rule["health"] for rule in rules} - {"unknown"},
                         {"ok"})
        fires = 'ALERTS{alertname="FcgiThumbNotReady-hurried",' \
            'alertstate="firing"}'
        self.assertIsNone(prometheus.value(fires))
        self.stop_workers()
        threads = [threading.Thread(target=service.upload,
                                    args=[("a.jpg", fresh())])
                   for _ in range(6)]
        for thread in threads:
            thread.start()
            self.addCleanup(thread.join)
        for pid in self.workers:
            self.addCleanup(os.kill, pid, signal.SIGCONT)
        prometheus.wait_for("fcgi_thumb_queue_waiting", 6)
        self.assertEqual(Numbers(service)("queue_limit"), 8)
        prometheus.wait_for(fires, 1)
        self.assertEqual(Numbers(service)("workers_alive"), 0)
        self.assert_it_says_so(photos[0])
        # One is enough.
        os.kill(self.workers[1], signal.SIGCONT)
        wait_until("ready", service.is_ready)
        for thread in threads:
            thread.join()
        prometheus.wait_for("fcgi_thumb_queue_waiting", 0)
        prometheus.wait_for("sum(fcgi_thumb_photos_total)", uploads + 6)
        self.assertEqual(service.master.workers(), self.workers)

    def stop_workers(self):
        self.workers = self.service.master.workers()
        self.assertEqual(len(self.workers), 2)
        for pid in self.workers:
            os.kill(pid, signal.SIGSTOP)

    def assert_it_says_so(self, photo):
        problem = self.assert_problem(self.service.get("/health/ready"), 503,
                                      "overloaded")
        self.assertEqual(problem["detail"], "no worker is alive")
        self.assertEqual(self.service.get("/health/live").status, 200)
        self.assert_served(photo)


class Rules(unittest.TestCase):
    """The files that packaging/monitoring holds, by promtool."""

    def test_the_rules_are_right(self):
        status, words = promtool("check", "rules",
                                 MONITORING / "fcgi-thumb.rules.yml")
        self.assertEqual(status, 0, words)

    def test_the_alerts_fire_when_they_should(self):
        status, words = promtool("test", "rules",
                                 MONITORING / "fcgi-thumb.rules.test.yml")
        self.assertEqual(status, 0, words)

    def test_each_alert_has_a_test_and_says_what_to_do(self):
        rules = (MONITORING / "fcgi-thumb.rules.yml").read_text()
        tests = (MONITORING / "fcgi-thumb.rules.test.yml").read_text()
        alerts = re.findall(r"- alert: (\w+)", rules)
        self.assertEqual(len(alerts), rules.count("runbook:"))
        self.assertEqual(len(alerts), rules.count("summary:"))
        self.assertEqual(len(alerts), rules.count("severity:"))
        for alert in set(alerts):
            self.assertRegex(tests, rf"alertname: {alert}\n", alert)

    def test_the_example_is_right(self):
        """As it is, and with what releases have one take in."""
        text = (MONITORING / "prometheus.yml").read_text()
        whole = re.sub(r"(?m)^    # (metric_relabel_configs:|  .*)$",
                       r"    \1", text)
        self.assertEqual(whole.count("\n    metric_relabel_configs:"), 2)
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            shutil.copy(MONITORING / "fcgi-thumb.rules.yml", directory)
            for content in text, whole:
                (directory / "prometheus.yml").write_text(content)
                status, words = promtool("check", "config",
                                         directory / "prometheus.yml")
                self.assertEqual(status, 0, words)
