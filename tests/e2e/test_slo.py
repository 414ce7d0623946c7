"""thumbctl slo: what a ledger says is said, and published for everybody."""

import datetime
import json
import os
import pty
import re
import shutil
import subprocess
import time

from case import NotHere, ServiceCase
from nginx import THUMBCTL

MINUTE = 60
DAY = 86400

# Prometheus likes seconds better; these are minutes, as the objective is.
UNITS = re.compile(r"^fcgi_thumb_slo_\w+ use base unit \"seconds\" instead of "
                   r"\"minutes\"$", re.M)


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def moment(seconds):
    return utc(seconds).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def probe(seconds, **failure):
    line = {"time": moment(seconds), "kind": "probe", "ok": not failure,
            "ms": {"upload": 300, "read": 3}, "version": "0.1.0", **failure}
    return {**line, "created": True} if not failure else line


def release(seconds, event, share, **more):
    return {"time": moment(seconds), "kind": "release", "event": event,
            "id": "k3mz7qpa2wxe", "how": "rollout", "from": "0.1.0",
            "to": "0.2.0", "slot": "green", "share": share, "by": "alice",
            **more}


FAILED = {"step": "upload", "status": 503, "code": "overloaded",
          "why": "no worker is free"}


class Slo(ServiceCase):
    settings = {"cors_origins": ["*"]}

    def setUp(self):
        # Of the running minute nothing is said: it may end meanwhile.
        self.now = int(time.time()) // MINUTE * MINUTE
        # It is noon where the operator is, so that today has some hours.
        os.environ["TZ"] = f"NOON{utc(self.now).hour - 12}"
        self.addCleanup(os.environ.pop, "TZ")
        self.textfile = self.service.directory / "fcgi-thumb.prom"
        self.releases = self.service.directory / "releases"
        self.service.write_settings(slo_textfile=self.textfile)

    def tearDown(self):
        for path in self.service.ledger.glob("*"):
            path.unlink()
        for path in (self.service.data / "status").glob("*"):
            path.unlink()

    def write(self, lines):
        self.service.ledger.mkdir(exist_ok=True)
        days = {}
        for line in lines:
            days.setdefault(line["time"][:10], []).append(line)
        for day, of_it in days.items():
            with open(self.service.ledger / f"{day}.jsonl", "a") as file:
                file.writelines(json.dumps(line) + "\n" for line in of_it)

    def watch(self, begin, end, every=MINUTE, **failure):
        """Probes from so many minutes ago until so many minutes ago, and one
        more in the minute that runs."""
        self.write(probe(second, **failure) for second in
                   range(self.now - begin * MINUTE + 5,
                         self.now - end * MINUTE, every))
        if end == 0:
            self.write([probe(self.now + 1, **failure)])

    def make_slots(self, share):
        """Blue serves, and green a share of it."""
        self.service.write_settings(
            slo_textfile=self.textfile, releases=True,
            release_dir=self.releases)
        self.releases.mkdir(exist_ok=True)
        self.addCleanup(shutil.rmtree, self.releases)
        run = {"how": "rollout", "id": "k3mz7qpa2wxe", "from": "blue",
               "to": "green", "by_what": "customer", "by": "alice",
               "steps": [500, 10000], "step": 0, "share": share,
               "began": moment(self.now - 30 * MINUTE),
               "step_began": moment(self.now - 30 * MINUTE),
               "deadline": moment(self.now + 60 * MINUTE)}
        (self.releases / "state.json").write_text(json.dumps(
            {"format": 1, "active": "blue",
             "slots": {"blue": {"version": "0.1.0"},
                       "green": {"version": "0.2.0"}}, "run": run}))

    def slo(self, status, *arguments):
        done = self.service.thumbctl("slo", *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        if status in (0, 2):
            self.assertEqual(done.stderr, "")
        return done.stdout

    def figures(self, status, *arguments):
        return json.loads(self.slo(status, "--json", *arguments))

    def test_status_says_met_missed_or_no_evidence(self):
        self.assertIn("no evidence", self.slo(3))
        self.assertIsNone(self.figures(3)["met"])
        # Two of 100 minutes, or three where another one has ended meanwhile.
        self.watch(100, 2)
        self.watch(2, 0, **FAILED)
        self.assertRegex(self.slo(0), r"met with 9[78]\.")
        # Of the last half of an hour they are more.
        self.assertRegex(self.slo(2, "--since", "30m"),
                         r"MISSED with 9[03]\.")
        self.assertIs(self.figures(2, "--since", "30m")["met"], False)

    def test_today_can_be_used_up_in_a_window_that_is_met(self):
        # 61 minutes of so many are few, but all in a row, and now.
        self.watch(3 * 24 * 60, 61)
        self.assertIn("more than the 60 of a day", self.slo(2))
        figures = self.figures(2)
        self.assertTrue(figures["met"])
        self.assertGreater(figures["today"]["used"], 60)
        self.assertEqual(figures["today"]["left"], 0)

    def test_an_outage_is_told_with_its_cause(self):
        self.watch(300, 200, every=10)
        self.watch(200, 180, every=10, **FAILED)
        self.watch(180, 10, every=10)
        # Nobody looked from then on.
        words = self.slo(0)
        self.assertIn("upload: 503 overloaded: no worker is free", words)
        self.assertIn("120 of 120 probes failed", words)
        self.assertIn("no evidence: the prober did not run", words)
        self.assertIn("is `thumbctl probe` running?", words)
        self.assertRegex(words, r"\AOFFLINE ")
        for line in words.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertRegex(line, r"\A[ -~]*\Z")
        figures = self.figures(0)
        first, last = figures["outages"]
        self.assertEqual((first["minutes"], first["kind"],
                          first["cause"]["code"]), (20, "failed", "overloaded"))
        self.assertTrue(last["running"])
        self.assertEqual(last["kind"], "unwatched")
        self.assertFalse(figures["online"])

    def test_a_release_is_told_with_what_it_cost(self):
        self.watch(100, 20)
        self.watch(20, 15, **FAILED)
        self.watch(15, 0)
        self.write([release(self.now - 30 * MINUTE, "begin", 0,
                            reason="a \x1b[2Jhotfix"),
                    release(self.now - 18 * MINUTE, "step", 5.0,
                            verdict="pass")])
        self.make_slots(500)
        words = self.slo(0)
        self.assertRegex(words, "\n +rollout under way since [0-9:]{5}: 5 % "
                                "on green\n")
        self.assertRegex(words, r"\nReleases: 5 min lost in them, 5 of today"
                                r"\n .* - still   5 min lost\n")
        self.assertRegex(words, r"\n +rollout 0\.1\.0 -> 0\.2\.0 \(green\) up "
                                r"to 5 %: pass, by alice; forced: a\n")
        self.assertNotIn("\x1b", words)
        self.assertIn("Slots       blue 0.1.0 95 %, green 0.2.0 5 %\n", words)
        told, = self.figures(0)["releases"]
        self.assertEqual((told["state"], told["lost"], told["share"]),
                         ("under-way", 5, 5.0))
        self.assertEqual(self.slo(0, "--publish"), "")
        answer = self.service.get("/status.json")
        status = json.loads(answer.body)
        self.assertEqual(status["serving"], [
            {"slot": "blue", "version": "0.1.0", "share": 95.0},
            {"slot": "green", "version": "0.2.0", "share": 5.0}])
        self.assertIs(status["releasing"], True)
        for secret in b"alice", b"hotfix", b"k3mz7qpa2wxe", b"rollout":
            self.assertNotIn(secret, answer.body)
        # It ends in the middle of the outage.
        self.write([release(self.now - 17 * MINUTE, "end", 0,
                            verdict="fail", reason="too slow")])
        (self.releases / "state.json").unlink()
        told, = self.figures(0)["releases"]
        self.assertEqual((told["state"], told["verdict"], told["words"],
                          told["lost"], told["lost_after"]),
                         ("ended", "fail", "too slow", 3, 2))
        # A state that is none is said, and costs nothing else.
        (self.releases / "state.json").write_text("{")
        done = self.service.thumbctl("slo")
        self.assertIn("state.json: ", done.stderr)
        self.assertEqual(done.returncode, 0)
        self.assertIn("3 min lost in them", done.stdout)

    def test_a_terminal_gets_colours_unless_it_wants_none(self):
        self.watch(10, 0)
        for environ, colours in (({}, True), ({"NO_COLOR": "1"}, False),
                                 ({"TERM": "dumb"}, False)):
            ours, theirs = pty.openpty()
            env = {**os.environ, "TERM": "xterm", **environ}
            subprocess.run(
                [THUMBCTL, "-c", self.service.settings_file, "slo"],
                stdin=subprocess.DEVNULL, stdout=theirs, env=env, check=False)
            os.close(theirs)
            shown = b""
            while part := self.read(ours):
                shown += part
            os.close(ours)
            self.assertIn(b"ONLINE", shown)
            self.assertEqual(b"\033[" in shown, colours, environ)

    @staticmethod
    def read(terminal):
        try:
            return os.read(terminal, 65536)
        except OSError:  # the other side is closed
            return b""

    def test_the_status_is_served_when_the_pool_is_dead(self):
        answer = self.service.get("/status.json")
        self.assert_problem(answer, 404, "not-found")
        self.watch(10, 3)
        self.watch(3, 0, **FAILED)
        self.assertEqual(self.slo(0, "--publish"), "")
        self.service.master.stop()
        try:
            answer = self.service.get("/status.json", {
                "Origin": "https://elsewhere.example"})
            refused = self.service.request("POST", "/status.json", b"x")
        finally:
            self.service.masters.remove(self.service.master)
            self.service.start_master()
            self.service.wait_ready()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.headers["Cache-Control"], "no-cache")
        self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
        self.assertEqual(answer.headers["Content-Security-Policy"],
                         "default-src 'none'; sandbox")
        self.assert_problem(refused, 405, "method-not-allowed")
        self.assertEqual(refused.headers["Allow"], "GET, HEAD")
        status = json.loads(answer.body)
        self.assertFalse(status["online"])
        self.assertTrue(status["today"]["minutes"].endswith("xxx"))
        self.assertEqual(status["outages"][0]["cause"],
                         "Photos could not be uploaded")
        # What is the operator's alone is not in it.
        self.assertNotIn(b"no worker", answer.body)
        self.assertNotIn(str(self.service.directory).encode(), answer.body)
        self.assertEqual(status["versions"], ["0.1.0"])
        # And the store takes it for its own.
        self.assertEqual(self.service.thumbctl("verify").returncode, 0)

    def test_the_prober_publishes_it(self):
        self.service.write_settings(
            probe_url=f"http://127.0.0.1:{self.service.nginx.port}")
        done = self.service.thumbctl("probe")
        self.assertEqual(done.returncode, 0, done.stderr)
        # Its own minute is not over: it is known that there is one.
        status = json.loads(self.service.get("/status.json").body)
        self.assertEqual(len(status["versions"]), 1)
        self.assertIn("fcgi_thumb_probe_last_timestamp_seconds ",
                      self.textfile.read_text())

    def test_prometheus_reads_the_metrics(self):
        self.watch(600, 20)
        self.watch(20, 0, **FAILED)
        self.make_slots(3333)
        self.slo(0, "--publish")
        text = self.textfile.read_text()
        for name, value in (("fcgi_thumb_slo_online", "0"),
                            ('fcgi_thumb_slo_bad_minutes{window="8h"}', "2"),
                            ("fcgi_thumb_slo_release_minutes_total", "[12]"),
                            ('fcgi_thumb_slo_release_share{slot="green",'
                             'version="0.2.0"}', "0.3333$"),
                            ("fcgi_thumb_slo_release_under_way", "1$"),
                            ("fcgi_thumb_slo_release_deadline_timestamp_"
                             "seconds", "1")):
            self.assertRegex(text, rf"(?m)^{re.escape(name)} {value}")
        self.assertEqual([path.name for path in
                          self.service.directory.glob("*prom*")],
                         ["fcgi-thumb.prom"])
        try:
            done = subprocess.run(["promtool", "check", "metrics"], input=text,
                                  capture_output=True, text=True)
        except FileNotFoundError:
            raise NotHere("no promtool") from None
        self.assertEqual(UNITS.sub("", done.stderr).strip(), "")
        self.assertIn(done.returncode, (0, 3))  # 3: something could be better

    def test_what_cannot_be_written_is_said(self):
        self.watch(10, 0)
        self.service.write_settings(slo_textfile="/proc/none/x.prom")
        done = self.service.thumbctl("slo", "--publish")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "thumbctl: /proc/none/x.prom: "
                                      "No such file or directory\n")
        # The other one is there all the same.
        self.assertEqual(self.service.get("/status.json").status, 200)

    def test_a_month_is_read_once(self):
        """A summary of each day stays."""
        lines = "".join(json.dumps(probe(second)) + "\n" for second in
                        range(self.now - self.now % DAY - DAY,
                              self.now - self.now % DAY, 10))
        self.service.ledger.mkdir(exist_ok=True)
        for ago in range(1, 31):
            day = moment(self.now - ago * DAY)[:10]
            (self.service.ledger / f"{day}.jsonl").write_text(
                lines.replace(moment(self.now - DAY)[:10], day))
        first = self.processor(30)
        # Of a processor; much less than it takes here, and with a sanitizer.
        self.assertLess(first, 30)
        self.assertLess(self.processor(30), first / 2)

    def processor(self, days):
        """The seconds of one that a report of so many days takes."""
        before = os.times().children_user
        self.assertIn(self.figures(2)["minutes"]["online"] // 1440,
                      (days - 1, days))
        return os.times().children_user - before
