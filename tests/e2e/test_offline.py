"""thumbctl offline and online: no uploads for a planned time, and all else goes
on."""

import hashlib
import json
import time
from email.utils import parsedate_to_datetime

from case import ServiceCase
from service import picture, variation, wait_until

WORDS = "A <new> disk, \u00e9t\u00e9"


class Offline(ServiceCase):
    settings = {"presets": [{"name": "small", "width": 80, "height": 80,
                             "formats": ["jpeg", "png"]}]}

    def tearDown(self):
        self.service.thumbctl("online")

    def fresh(self):
        return variation(picture("gray.jpg"), time.monotonic_ns())

    def off(self, *arguments):
        done = self.service.thumbctl("offline", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def planned(self):
        """The ledger's lines."""
        return [json.loads(line)
                for path in sorted(self.service.ledger.glob("*.jsonl"))
                for line in path.read_text().splitlines()]

    def seconds_left(self, answer):
        return int(answer.headers["Retry-After"])

    def test_uploads_wait_and_all_else_goes_on(self):
        service, data = self.service, self.fresh()
        photo, = self.assert_taken(service.upload(("a.jpg", data)), 201,
                                   "created")["photos"]
        lines = len(self.planned())
        said = self.off("--for", "10m", "--reason", WORDS)
        self.assertIn(WORDS, said)

        problem = self.assert_problem(
            service.upload(("b.jpg", self.fresh())), 503, "offline")
        self.assertRegex(problem["detail"],
                         "^The service is off until .*UTC: " + WORDS)
        self.assertEqual(problem["reason"], WORDS)
        self.assertEqual(problem["error"], problem["detail"])
        with self.subTest("also one that would cost nothing"):
            self.assert_problem(service.upload(("a.jpg", data)), 503,
                                "offline")
            self.assert_problem(service.request(
                "POST", f"/photos/{photo['id']}/claims",
                hashlib.sha256(data).hexdigest().encode()), 503, "offline")
        with self.subTest("Retry-After and until say the same"):
            answer = service.request("PUT", "/upload", self.fresh())
            left = self.seconds_left(answer)
            self.assertTrue(590 <= left <= 600, left)
            until = json.loads(answer.body)["until"]
            end = time.mktime(time.strptime(
                until, "%Y-%m-%dT%H:%M:%S.000Z")) - time.timezone
            now = parsedate_to_datetime(answer.headers["Date"]).timestamp()
            self.assertAlmostEqual(end - now, left, delta=3)
        with self.subTest("a page without scripts"):
            answer = service.upload(("b.jpg", self.fresh()),
                                    headers={"Accept": "text/html"})
            self.assertEqual(answer.status, 503)
            page = answer.body.decode()
            self.assertIn("A &lt;new&gt; disk, \u00e9t\u00e9", page)
            self.assertNotIn("<new>", page)
        with self.subTest("ready is not, once what it knew is a second old"):
            answer = wait_until("not ready", lambda: (
                (said := service.get("/health/ready")).status == 503 and said))
            self.assert_problem(answer, 503, "offline")
            self.assertEqual(service.get("/health/live").status, 200)
        with self.subTest("thumbnails stay, and one is made"):
            self.assert_served(photo)
            answer = service.get(f"/t/{photo['id']}/small.png")
            self.assertEqual((answer.status, answer.body[:4]),
                             (200, b"\x89PNG"))
        with self.subTest("a photo can be taken back"):
            self.assertEqual(service.request(
                "DELETE", f"/photos/{photo['id']}", None,
                {"Authorization": f"Bearer {photo['delete_token']}"}).status,
                204)

        done = service.thumbctl("online")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assert_taken(service.upload(("b.jpg", self.fresh())), 201,
                          "created")
        offline, online = self.planned()[lines:]
        self.assertEqual((offline["kind"], online["kind"]),
                         ("offline", "online"))
        self.assertEqual(offline["reason"], WORDS)
        self.assertEqual(offline["until"], until)
        self.assertTrue(offline["by"])
        self.assertEqual(offline["by"], online["by"])
        self.assertEqual(service.thumbctl("verify").returncode, 0)

    def test_it_ends_by_itself_after_a_restart_too(self):
        service = self.service
        self.off("--for", "24h", "--reason", "long")
        state = service.data / "state" / "offline"
        known = json.loads(state.read_text())
        self.assertEqual(state.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.seconds_left(
            service.upload(("a.jpg", self.fresh()))), 3600)
        # Two seconds are left of it.
        known["until"] = time.strftime(
            "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
        aside = state.with_suffix(".aside")
        aside.write_text(json.dumps(known))
        aside.rename(state)
        service.master.stop()
        service.start_master()
        refused = wait_until("an answer", lambda: (
            (said := service.upload(("a.jpg", self.fresh()))).status != 502
            and b"overloaded" not in said.body and said))
        self.assert_problem(refused, 503, "offline")
        wait_until("photos are taken", lambda: service.upload(
            ("a.jpg", self.fresh())).status == 201)
        service.wait_ready()
        self.assertTrue(state.exists())

    def test_a_second_one_replaces_the_first(self):
        lines = len(self.planned())
        self.off("--for", "1h", "--reason", "first")
        said = self.off("--for", "60s", "--reason", "second")
        self.assertIn("instead of until", said)
        self.assertIn("first", said)
        answer = self.service.upload(("a.jpg", self.fresh()))
        self.assertLessEqual(self.seconds_left(answer), 60)
        self.assertEqual(json.loads(answer.body)["reason"], "second")
        self.assertEqual([line["kind"] for line in self.planned()[lines:]],
                         ["offline", "online", "offline"])

    def test_online_when_it_is_on_changes_nothing(self):
        lines = self.planned()
        done = self.service.thumbctl("online")
        self.assertEqual((done.returncode, done.stdout),
                         (0, "it was not off\n"))
        self.assertEqual(self.planned(), lines)

    def test_what_is_no_plan_is_refused(self):
        for arguments in (
                [], ["--for", "1h"], ["--reason", "why"],
                ["--for", "59s", "--reason", "why"],
                ["--for", "25h", "--reason", "why"],
                ["--for", "soon", "--reason", "why"],
                ["--for", "1h", "--reason", ""],
                ["--for", "1h", "--reason", "two\nlines"],
                ["--for", "1h", "--reason", b"\xff"],
                ["--for", "1h", "--reason", "x" * 121],
                ["--for", "1h", "--reason", "why", "else"]):
            with self.subTest(arguments):
                done = self.service.thumbctl("offline", *arguments)
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertTrue(done.stderr)
        self.assertEqual(self.service.thumbctl("online", "now").returncode, 64)
        self.assert_taken(self.service.upload(("a.jpg", self.fresh())), 201,
                          "created")

    def test_without_a_ledger_it_counts_all_the_same_and_says_so(self):
        service = self.service
        aside = service.ledger.with_name("aside")
        if service.ledger.exists():
            service.ledger.rename(aside)
        service.ledger.write_text("no directory")
        try:
            done = service.thumbctl("offline", "--for", "1h", "--reason", "x")
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(service.ledger), done.stderr)
            self.assert_problem(service.upload(("a.jpg", self.fresh())), 503,
                                "offline")
        finally:
            service.ledger.unlink()
            if aside.exists():
                aside.rename(service.ledger)
