"""thumbctl release rollout, switch, abort, tend: users are moved step by step,
and whatever ends the one who moves them, they come back."""

import datetime
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

import trees
from case import Load
from releases import ReleasedService
from service import wait_until

HOUR = 3600

# Small steps, quick verdicts: how they are found is tested elsewhere.
QUICK = ("--step", "2s", "--patience", "30s", "--errors", "10",
         "--slower", "400")


def moment(seconds):
    return datetime.datetime.fromtimestamp(
        seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Drive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = ReleasedService(presets=[
            {"name": "small", "width": 160, "height": 160}])
        cls.addClassCleanup(cls.service.stop)
        cls.tree = trees.good(cls.service.directory / "trees")
        # The system test is another's, and quicker without.
        shutil.rmtree(cls.tree / "share" / "fcgi-thumb" / "photos")
        cls.service.start()
        cls.stage()
        done = cls.service.release("switch")
        assert done.returncode == 0, done

    @classmethod
    def stage(cls):
        """With another quality than that which serves: what takes longer by
        other settings is no fault, on a machine that has other work."""
        preset = cls.service.settings["presets"][0]
        preset["quality"] = 161 - preset.get("quality", 80)
        cls.service.write_settings()
        return cls.service.stage(cls.tree)

    def begin(self, *arguments):
        """A release in its first step; who drives it."""
        process = self.service.begin_release(*arguments)
        said = ""
        while "step 1 of" not in said:
            line = process.stdout.readline()
            self.assertTrue(line, said)
            said += line
        return process

    def told(self):
        """What nginx is told, as the first line of its route says it."""
        return (self.service.release_dir / "route.conf").read_text()

    def thumbctl(self, status, *arguments):
        done = self.service.release(*arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def assert_all_on(self, slot):
        """Nothing is under way, and nginx sends everybody there."""
        state = self.service.state()
        self.assertNotIn("run", state)
        self.assertEqual(state["active"], slot)
        status = json.loads(self.thumbctl(0, "status", "--json"))
        self.assertIsNone(status["run"])
        self.assertNotIn("DIFFERS", self.thumbctl(0, "status"))

    def last(self, what):
        return [event for event in self.service.history()
                if event["what"] == what][-1]

    def ledger(self):
        return [line for path in sorted(self.service.ledger.glob("*.jsonl"))
                for line in map(json.loads, path.read_text().splitlines())
                if line["kind"] == "release"]

    def test_a_good_one_comes_to_everybody_and_back_by_switch(self):
        before = self.service.active
        self.stage()
        after = self.service.idle
        with Load(self.service, clients=6) as load:
            words = self.thumbctl(0, "rollout", "--by", "request", "--steps",
                                  "50,100", *QUICK)
            self.assertIn("step 2 of 2: 100 % of the requests", words)
            self.assertEqual(self.service.active, after)
            end = self.last("end")
            self.assertEqual(end["verdict"], "pass")
            self.assertRegex(end["words"], r"after [1-9][0-9]* requests")
            self.thumbctl(0, "switch")
        self.assert_all_on(before)
        self.assertGreater(len(load.answers), 200)
        self.assertEqual(load.failures, [])
        self.assertEqual(load.statuses(), [201])
        lines = [line for line in self.ledger() if line["id"] == end["id"]]
        self.assertEqual([line["event"] for line in lines],
                         ["begin", "step", "end"])

    def test_without_a_budget_and_without_traffic(self):
        service, now = self.service, time.time()
        # It is noon where the operator is, so that today has some hours.
        utc = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
        os.environ["TZ"] = f"NOON{utc.hour - 12}"
        self.addCleanup(os.environ.pop, "TZ")
        service.ledger.mkdir(exist_ok=True)
        began = now - 3 * HOUR
        path = service.ledger / (moment(began)[:10] + ".jsonl")
        kept = path.read_text() if path.exists() else ""
        # One probe three hours ago, and nobody has looked since.
        path.write_text(json.dumps(
            {"time": moment(began), "kind": "probe", "ok": True,
             "created": True, "ms": {"upload": 3, "read": 3},
             "version": "0.1.0"}) + "\n" + kept)
        self.addCleanup(path.write_text, kept)
        self.stage()
        active = service.active
        events = len(service.history())
        with self.subTest("refused"):
            words = self.thumbctl(3, "canary", *QUICK)
            self.assertIn("of 60 minutes were offline", words)
            self.assertEqual(len(service.history()), events)
        with self.subTest("forced, with a reason"):
            process = self.begin(
                "canary", "--share", "20", "--step", "1s", "--patience", "3s",
                "--force", "Friday's fix")
            self.assertEqual(service.state()["run"]["forced"], "Friday's fix")
        with self.subTest("the second operator is told"):
            words = self.thumbctl(3, "rollout")
            self.assertRegex(words, r"canary by .* since .*process "
                                    f"{process.pid}")
        with self.subTest("nobody came: it goes back"):
            words = "".join(process.communicate())
            self.assertEqual(process.returncode, 2, words)
            self.assert_all_on(active)
            end = self.last("end")
            self.assertEqual(end["verdict"], "inconclusive")
            self.assertIn("after 0 requests", end["words"])
            self.assertEqual(end["forced"], "Friday's fix")
            begin = [line for line in self.ledger()
                     if line["id"] == end["id"]][0]
            self.assertEqual(begin["reason"], "Friday's fix")

    def test_a_driver_that_is_killed(self):
        service, active = self.service, self.service.active
        self.stage()
        process = self.begin("rollout", "--steps", "30,100")
        process.kill()
        process.wait()
        state = service.release_dir / "state.json"
        kept = state.read_text()
        share = self.told()
        with self.subTest("status explains"):
            words = self.thumbctl(0, "status")
            self.assertIn("NOBODY is at work on it", words)
            self.assertIn("thumbctl release abort goes back now", words)
        with self.subTest("before its deadline it is left alone"):
            self.assertEqual(self.thumbctl(0, "tend"), "")
            self.assertEqual(self.told(), share)
        with self.subTest("nothing else begins"):
            self.thumbctl(3, "switch")
            self.thumbctl(3, "stage", self.tree)
        with self.subTest("a full disk keeps no user there"):
            # Python lets nobody hear SIGXFSZ.
            done = subprocess.run(
                ["prlimit", "--fsize=0", *service.command("abort")],
                capture_output=True, text=True, restore_signals=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("state.json: File too large", done.stderr)
            self.assertNotEqual(self.told(), share)
            self.assertIn("DIFFERS", self.thumbctl(0, "status"))
        with self.subTest("abort resolves"):
            self.thumbctl(0, "abort")
            self.assert_all_on(active)
            self.thumbctl(3, "abort")
        with self.subTest("and so does its deadline"):
            late = json.loads(kept)
            late["run"]["deadline"] = moment(time.time() - 1)
            late["run"]["id"] = "a" * 12
            state.write_text(json.dumps(late))
            self.thumbctl(0, "tend")
            self.assert_all_on(active)
            self.assertIn("deadline", self.last("revert")["words"])

    def test_a_driver_that_is_told_goes_back(self):
        active = self.service.active
        self.stage()
        process = self.begin("rollout", "--steps", "30,100")
        words = self.thumbctl(0, "rollback")
        self.assertIn(f"process {process.pid} is told to go back", words)
        self.assertIn("interrupted", words)
        words = "".join(process.communicate())
        self.assertEqual(process.returncode, 1, words)
        self.assert_all_on(active)
        with self.subTest("before anybody was moved, too"):
            process = self.service.begin_release("switch")
            wait_until("the system test", lambda: "system test" in
                       process.stdout.readline())
            process.send_signal(signal.SIGTERM)
            words = "".join(process.communicate())
            self.assertEqual(process.returncode, 1, words)
            self.assertIn("nothing was changed", words)
            self.assert_all_on(active)


if __name__ == "__main__":
    unittest.main()
