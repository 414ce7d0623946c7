"""thumbctl probe: what visitors would meet, also where all that the service
knows of itself is well."""

import http.server
import json
import re
import signal
import socket
import subprocess
import threading
import time

import nginx
from case import ServiceCase
from service import PATIENCE, Service, keep_secret, picture, wait_until
from shim import ShimmedService


def ledger(service):
    """Its lines."""
    return [json.loads(line)
            for path in sorted(service.ledger.glob("*.jsonl"))
            for line in path.read_text().splitlines()]


def probes(service):
    return [line for line in ledger(service) if line["kind"] == "probe"]


def state(service):
    return json.loads((service.ledger / "prober.json").read_text())


class Between:
    """A proxy on the way to a service, which may do anything to it: does is
    called with the request, (status, headers, body) and gives another one, or
    None: the connection ends without an answer."""

    def __init__(self, service):
        self.service, self.does = service, lambda request, answer: answer
        between = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                answer = between.does(self, between.ask(self, body))
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, body = answer
                self.send_response_only(status)
                for name, value in headers.items():
                    if name not in ("Content-Length", "Connection",
                                    "Transfer-Encoding"):
                        self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_DELETE = do_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,),
                         daemon=True).start()

    def ask(self, request, body):
        answer = nginx.request(self.service.nginx.address, request.command,
                               request.path, body or None,
                               dict(request.headers))
        return answer.status, answer.headers, answer.body

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class ProbeCase(ServiceCase):
    """A service whose probe_url is its own."""

    settings = {}

    @classmethod
    def make(cls):
        return Service(**cls.settings)

    @classmethod
    def setUpClass(cls):
        cls.service = service = cls.make()
        cls.configure(service)
        cls.addClassCleanup(service.stop)
        service.start()

    @classmethod
    def configure(cls, service):
        service.write_settings(
            probe_url=f"http://127.0.0.1:{service.nginx.port}")

    def tearDown(self):
        self.configure(self.service)

    def probe(self, *arguments):
        return self.service.thumbctl("probe", *arguments)

    def assert_ok(self):
        done = self.probe()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertRegex(done.stdout, r"^ok: [a-z]+, upload \d+ ms, "
                                      r"read \d+ ms, delete \d+ ms\n$")
        line = probes(self.service)[-1]
        self.assertEqual((line["ok"], line["created"]), (True, True))
        self.assertEqual(set(line["ms"]), {"upload", "read", "delete"})
        self.assertEqual(self.service.stored(), [])
        return line

    def assert_fails(self, step, status, code, stored=0):
        """The ledger's line."""
        before = time.monotonic()
        done = self.probe()
        self.assertLess(time.monotonic() - before, 10)
        line = probes(self.service)[-1]
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertEqual((line["ok"], line["step"], line["status"],
                          line["code"]), (False, step, status, code), line)
        self.assertTrue(done.stdout.startswith(f"failed: {step}: "))
        self.assertIn(code, done.stdout)
        self.assertEqual(len(self.service.stored()), stored)
        return line


class Probe(ProbeCase):
    def test_it_goes_all_the_way_and_leaves_nothing(self):
        decodes = self.service.decodes()
        line = self.assert_ok()
        self.assertEqual(self.service.decodes(), decodes + 1)
        self.assertRegex(line["time"],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertIn(line["request"],
                      [one["request"] for one in self.service.journal()])
        uploads = [one for one in self.service.access()
                   if one["uri"].startswith("/upload")]
        self.assertIn("?expires=900&", uploads[-1]["uri"])
        self.assertNotIn("Sanitizer", self.service.words())
        with self.subTest("each time another photo"):
            self.assert_ok()
            self.assertEqual(self.service.decodes(), decodes + 2)
        with self.subTest("nothing in the ledger is for everybody"):
            for path in self.service.ledger.iterdir():
                self.assertEqual(path.stat().st_mode & 0o007, 0, path)
            self.assertEqual((self.service.ledger / "prober.json").stat()
                             .st_mode & 0o777, 0o600)

    def test_each_format_has_its_turn(self):
        done = self.probe("--every", "1s", "--count", "1")
        path = self.service.ledger / "prober.json"
        seen = []
        for serial in 5, 11, 17, 23:
            path.write_text(json.dumps({**state(self.service),
                                        "serial": serial}))
            seen.append(self.assert_ok()["format"])
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(seen, ["png", "gif", "webp", "avif"])

    def test_nobody_there(self):
        port = nginx.free_port()
        self.service.write_settings(probe_url=f"http://127.0.0.1:{port}")
        line = self.assert_fails("upload", 0, "no-answer")
        self.assertIn(str(port), line["why"])
        self.service.write_settings(probe_url="http://no.such.invalid")
        self.assert_fails("upload", 0, "no-answer")

    def test_a_planned_hour_is_noted_as_refused(self):
        self.service.thumbctl("offline", "--for", "1h", "--reason", "A disk")
        try:
            self.assertIn("A disk", self.assert_fails(
                "upload", 503, "offline")["why"])
        finally:
            self.service.thumbctl("online")
        self.assert_ok()

    def test_the_name_is_asked_for_where_the_settings_say(self):
        port = self.service.nginx.port
        self.service.write_settings(probe_url="http://photos.example",
                                    probe_connect=f"127.0.0.1:{port}")
        self.assert_ok()
        self.service.write_settings(
            probe_url=f"http://photos.example:{port}",
            probe_connect="127.0.0.1")
        self.assert_ok()
        self.service.write_settings(probe_connect="")

    def test_no_https_but_with_a_good_certificate(self):
        port = self.service.nginx.port
        self.service.write_settings(probe_url=f"https://localhost:{port}")
        self.assert_fails("upload", 0, "no-answer")

    def test_it_knows_the_requests_of_others(self):
        service = self.service
        self.assert_ok()
        minute = int(time.time()) // 60 * 60 - 300
        shown = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(minute))
        path = service.ledger / "prober.json"
        known = state(service)
        known["log"]["told"] = 1
        path.write_text(json.dumps(known))
        with open(service.logs / "access.log", "a") as log:
            for uri, status in (("/upload", 201), ("/upload", 502),
                                ("/t/x/a.jpg", 404), ("/health/ready", 503),
                                (f"/upload?probe={known['mark']}", 503)):
                log.write(json.dumps(
                    {"time": shown + ":59+00:00", "uri": uri,
                     "status": status, "end": 1},
                    separators=(",", ":")) + "\n")
        self.assert_ok()
        line, = [line for line in ledger(service)
                 if line["kind"] == "requests" and line["minute"]
                 == shown + "Z"]
        self.assertEqual((line["total"], line["errors"]), (3, 1))
        with self.subTest("and tells of them once"):
            count = len(ledger(service))
            self.assert_ok()
            self.assertEqual(len(ledger(service)), count + 1)

    def test_a_ledger_that_cannot_be_written_keeps_nobody_from_probing(self):
        path = self.service.directory / "file"
        path.write_text("")
        for place in path, self.service.directory / "no" / "ledger":
            self.service.write_settings(ledger=place)
            done = self.probe()
            self.assertEqual(done.returncode, 0)
            self.assertTrue(done.stdout.startswith("ok: "))
            self.assertIn(str(place), done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.service.write_settings(ledger=self.service.ledger)
        self.assert_ok()

    def test_what_is_no_job_is_refused(self):
        for arguments in (["now"], ["--every", "0"], ["--every", "2h"],
                          ["--for", "10s"], ["--count", "3"],
                          ["--every", "1s", "--count", "0"],
                          ["--every", "1s", "--for", "1s", "--count", "1"]):
            with self.subTest(arguments):
                done = self.probe(*arguments)
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertTrue(done.stderr)


class OnTheWay(ProbeCase):
    """Whatever stands between visitors and service."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.silent = cls.enterClassContext(
            socket.create_server(("127.0.0.1", 0)))
        cls.silent_ledger = cls.service.directory / "silent-ledger"
        settings = cls.service.directory / "silent.conf"
        settings.write_text(re.sub(
            "(?m)^(ledger|probe_url) = .*$", "",
            cls.service.settings_file.read_text()) + f"""
            ledger = "{cls.silent_ledger}";
            probe_url = "http://127.0.0.1:{cls.silent.getsockname()[1]}";""")
        cls.began = time.monotonic()
        # It takes its time while the other tests run.
        cls.waiting = subprocess.Popen(
            [nginx.THUMBCTL, "-c", settings, "probe"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.waiting.communicate)
        cls.addClassCleanup(cls.waiting.kill)

    def test_who_says_nothing_is_not_waited_for(self):
        said = self.waiting.communicate(timeout=PATIENCE)[0]
        self.assertLess(time.monotonic() - self.began, PATIENCE)
        self.assertTrue(said.startswith("failed: upload: no-answer: "), said)
        line, = [json.loads(line) for path in self.silent_ledger.glob("*.jsonl")
                 for line in path.read_text().splitlines()]
        self.assertLess(sum(line["ms"].values()), 10000)
        self.assertEqual((line["step"], line["status"]), ("upload", 0))
        # It may have come in: the next one is to take it back.
        known = json.loads((self.silent_ledger / "prober.json").read_text())
        self.assertEqual(len(known["debts"]), 1)

    def setUp(self):
        self.between = Between(self.service)
        self.addCleanup(self.between.close)
        self.service.write_settings(probe_url=self.between.url)

    def change(self, method, change):
        """What becomes of answers to such requests."""
        self.between.does = lambda request, answer: (
            change(*answer) if request.command == method else answer)

    def test_it_may_leave_all_as_it_is(self):
        self.assert_ok()

    def test_a_redirection_is_not_followed(self):
        target = f"http://127.0.0.1:{self.service.nginx.port}/upload"
        self.change("PUT", lambda *_: (301, {"Location": target}, b"Moved"))
        # The proxy has let it through, as no redirection would have.
        self.assert_fails("upload", 301, "redirected", stored=1)
        photo, = self.service.stored()
        self.assertEqual(
            self.service.thumbctl("delete", photo).returncode, 0)

    def test_an_answer_that_is_none_of_ours(self):
        self.change("PUT", lambda status, headers, body: (
            200, {}, b"<h1>Welcome</h1>"))
        self.assert_fails("upload", 200, "strange-answer")
        self.change("PUT", lambda status, headers, body: (
            502, {}, b"<h1>Bad Gateway</h1>"))
        self.assert_fails("upload", 502, "strange-answer")

    def test_what_was_here_already_has_not_been_decoded(self):
        self.change("PUT", lambda status, headers, body: (
            status, headers, body.replace(b'"created"', b'"exists"')))
        self.assert_fails("upload", 201, "exists")

    def test_the_answer_is_lost(self):
        self.change("PUT", lambda *_: None)
        self.assert_fails("upload", 0, "no-answer")

    def test_the_thumbnail_is_not_served(self):
        self.change("GET", lambda *_: (404, {}, b""))
        self.assert_fails("read", 404, "strange-answer")

    def test_another_thumbnail_is_served(self):
        other = picture("gray.jpg")
        self.change("GET", lambda status, headers, body: (200, {}, other))
        self.assert_fails("compare", 200, "wrong-picture")
        self.change("GET", lambda status, headers, body: (
            200, {}, b"\0" * len(body)))
        self.assertIn("cannot be decoded", self.assert_fails(
            "compare", 200, "wrong-picture")["why"])

    def test_an_address_of_somebody_else_is_not_asked(self):
        asked = []
        self.between.does = lambda request, answer: asked.append(
            request.command) or (answer[0], answer[1], answer[2].replace(
                b'"/t/', b'"http://elsewhere.example/t/'))
        self.assert_fails("read", 0, "strange-answer")
        self.assertEqual(asked, ["PUT", "DELETE"])

    def test_what_cannot_be_taken_back_is_the_next_time(self):
        self.change("DELETE", lambda *_: (
            503, {}, b'{"code":"overloaded","error":"Busy"}'))
        self.between.ask = lambda request, body: (
            (503, {}, b"") if request.command == "DELETE"
            else Between.ask(self.between, request, body))
        self.assert_fails("delete", 503, "overloaded", stored=1)
        self.assert_fails("delete", 503, "overloaded", stored=2)
        owed = state(self.service)["debts"]
        self.assertEqual(sorted(debt["id"] for debt in owed),
                         self.service.stored())
        for debt in owed:
            self.assertAlmostEqual(debt["expires"], time.time() + 900,
                                   delta=60)
        self.change("DELETE", lambda *answer: answer)
        del self.between.ask
        self.assert_ok()
        self.assertEqual(state(self.service)["debts"], [])


class Decoder(ProbeCase):
    """All is well but the pixels."""

    settings = {"limits": {"job_seconds": 1}}

    @classmethod
    def make(cls):
        return ShimmedService(**cls.settings)

    def order(self, text):
        self.service.order(text)

    def test_wrong_pixels_are_seen_where_all_else_is_well(self):
        self.assert_ok()
        self.order("blind 1")
        self.assertIn("another picture", self.assert_fails(
            "compare", 200, "wrong-picture")["why"])
        self.assertEqual(self.service.get("/health/ready").status, 200)
        self.assert_ok()

    def test_a_decoder_that_dies(self):
        self.order(f"die {signal.SIGSEGV:d}")
        self.assert_fails("upload", 502, "worker-lost")
        self.service.wait_ready()

    def test_a_decoder_that_hangs(self):
        self.order("hang 1")
        self.assert_fails("upload", 502, "worker-lost")
        self.service.wait_ready()

    def test_a_disk_that_fails(self):
        self.order("fail 3 5")
        self.assert_fails("upload", 503, "offline")


class Tokens(ProbeCase):
    settings = {"prefix": "/media", "public_url": "http://photos.example",
                "trusted_proxies": ["127.0.0.0/8"],
                "limits": {"rate": "1/s"}}

    @classmethod
    def configure(cls, service):
        super().configure(service)
        keep_secret(service)

    def test_with_a_token_of_its_own_and_past_the_rate(self):
        for _ in range(8):
            self.assert_ok()
        with self.subTest("also through a proxy that is trusted"):
            between = Between(self.service)
            self.addCleanup(between.close)
            ask = between.ask

            def forward(request, body):
                request.headers["X-Forwarded-For"] = "127.0.0.1"
                return ask(request, body)

            between.ask = forward
            self.service.write_settings(probe_url=between.url)
            for _ in range(4):
                self.assert_ok()

    def test_without_a_secret_it_says_what_it_lacks(self):
        path = self.service.directory / "upload-secret"
        path.chmod(0o644)
        try:
            line = self.assert_fails("upload", 0, "prober")
        finally:
            path.chmod(0o600)
        self.assertIn("chmod 600", line["why"])


class Request(ProbeCase):
    settings = {"upload_auth": "request", "auth_request": "/may-upload"}

    @classmethod
    def configure(cls, service):
        super().configure(service)
        cls.headers_file = service.directory / "headers"
        service.nginx.server = """
            location = /may-upload {
                internal;
                if ($http_cookie = "session=probe") { return 204; }
                return 403;
            }"""

    def test_with_the_cookie_that_the_site_wants(self):
        self.assert_fails("upload", 403, "token-invalid")
        self.headers_file.touch(0o600)
        self.headers_file.write_text("# the prober's\nCookie: session=probe\n")
        self.service.write_settings(probe_headers=self.headers_file)
        self.assert_ok()
        self.headers_file.chmod(0o640)
        self.assert_fails("upload", 0, "prober")
        self.service.write_settings(probe_headers="")


class Loop(ProbeCase):
    def start(self, *arguments):
        """A loop under way; its process ends with the test."""
        count = len(probes(self.service))
        process = subprocess.Popen(
            [nginx.THUMBCTL, "-c", self.service.settings_file, "probe",
             *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        wait_until("a probe", lambda: len(probes(self.service)) > count)
        return process

    def stop(self, process, signo=signal.SIGTERM):
        process.send_signal(signo)
        out, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, out), (0, ""), errors)
        return errors

    def test_a_signal_ends_it_after_the_probe_in_hand(self):
        errors = self.stop(self.start("--every", "1s"))
        self.assertEqual(errors, "")
        self.assertEqual(self.service.stored(), [])
        between = Between(self.service)
        self.addCleanup(between.close)
        self.service.write_settings(probe_url=between.url)
        asked, go_on = threading.Event(), threading.Event()
        between.does = lambda request, answer: (
            asked.set(), go_on.wait(PATIENCE))[0] or answer
        process = subprocess.Popen(
            [nginx.THUMBCTL, "-c", self.service.settings_file, "probe",
             "--every", "1h"], stdin=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        self.assertTrue(asked.wait(PATIENCE))
        self.assertEqual(len(self.service.stored()), 1)
        process.send_signal(signal.SIGTERM)
        go_on.set()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(self.service.stored(), [])
        self.assertTrue(probes(self.service)[-1]["ok"])

    def test_there_is_one_and_it_heeds_its_settings(self):
        service = self.service
        process = self.start("--every", "1s")
        with self.subTest("another one is refused"):
            done = self.probe("--every", "1s")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("another prober", done.stderr)
        with self.subTest("a single one works beside it, and is not noted"):
            done = self.probe()
            self.assertEqual(done.returncode, 0)
            self.assertIn("not noted", done.stderr)
        with self.subTest("other settings count from the next probe on"):
            service.write_settings(probe_url="http://127.0.0.1:1")
            wait_until("a failure",
                       lambda: not probes(service)[-1]["ok"])
            service.settings_file.write_text("nonsense = 1;\n")
            process.send_signal(signal.SIGHUP)
            count = len(probes(service))
            wait_until("another one", lambda: len(probes(service)) > count)
            self.configure(service)
            wait_until("all is well", lambda: probes(service)[-1]["ok"])
        words = self.stop(process, signal.SIGINT)
        self.assertEqual(len(re.findall("^failed: upload: no-answer", words,
                                        re.M)), 1, words)
        self.assertEqual(len(re.findall("^ok: ", words, re.M)), 1, words)
        self.assertIn("the old settings stay", words)
        times = [line["time"] for line in probes(service)]
        self.assertEqual(times, sorted(times))

    def test_bounds_are_kept_and_failures_told(self):
        before = time.monotonic()
        done = self.probe("--every", "1s", "--for", "2s", "--verbose")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(done.stderr.count("ok: "), 2)
        self.assertGreaterEqual(time.monotonic() - before, 1)
        self.service.write_settings(probe_url="http://127.0.0.1:1")
        done = self.probe("--every", "1s", "--count", "2")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("failed: "), 1)

    def test_a_killed_one_leaves_its_ledger_to_the_next(self):
        process = self.start("--every", "1h")
        process.kill()
        process.wait()
        wait_until("the next one", lambda:
                   self.probe("--every", "1s", "--count", "1").returncode == 0)
