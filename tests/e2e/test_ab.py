"""Two settings side by side: real nginx, two real masters, and customers of whom
each meets one of them."""

import gzip
import json
import os
import subprocess
import unittest

import nginx
import trees
from releases import COOKIE, ReleasedService
from service import libconfig, wait_until
from traffic import differing

PRESETS = [{"name": "large", "width": 320, "height": 320, "quality": 80},
           {"name": "small", "width": 96, "height": 96, "quality": 80}]
CUSTOMERS = 40  # on one side fewer than 5 of them: once in 50 million runs


class Comparison(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = ReleasedService(presets=PRESETS, workers=1)
        cls.addClassCleanup(cls.service.stop)
        cls.tree = trees.good(cls.service.directory / "trees")
        cls.service.start()

    def settings(self, name, **changes):
        """A settings file like the service's."""
        path = self.service.directory / name
        keys = "|".join(changes)
        lines = [line for line in
                 self.service.settings_file.read_text().splitlines(True)
                 if line.split(" = ")[0] not in keys.split("|")]
        path.write_text("".join(lines) + "".join(
            f"{key} = {libconfig(value)};\n" for key, value in changes.items()))
        return path

    def ab(self, *arguments, status=0, path=None):
        """What it printed; on standard error, where it fails. path: where
        programs are looked for first."""
        done = subprocess.run(
            [self.tree / "sbin" / "thumbctl", "-c", self.service.settings_file,
             "ab", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=120, env=None if path is None else
            {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stderr if status else done.stdout

    def start(self, *more, status=0):
        lean = self.settings("b.conf", presets=[
            {**preset, "quality": 72} for preset in PRESETS])
        return self.ab("start", "--settings", lean,
                       *self.service.nginx_options(), *more, status=status)

    def report(self, path=None):
        return json.loads(self.ab("report", "--json", path=path))

    def upload(self, customer, mark, query=""):
        answer = nginx.request(
            self.service.nginx.address, "POST", f"/upload{query}",
            differing("progressive.jpg", mark),
            {"Cookie": f"{COOKIE}=customer{customer}"})
        self.assertEqual(answer.status, 201)
        return answer.headers["X-Request-Id"]

    def test_b_is_smaller_and_the_report_is_sure_of_it(self):
        """All of it, in the order in which an operator does it."""
        self.start()
        ids = {self.upload(customer, f"{customer} {again}"): customer
               for customer in range(CUSTOMERS) for again in range(2)}
        for again in range(5):
            self.upload(1, f"a prober's {again}", "?probe=mark")

        # The lines come a moment later than the answers.
        wait_until("all lines", lambda: sum(
            line["id"] in ids for line in self.service.access()) == len(ids))
        with self.subTest("a customer stays where he is"):
            slots = {}
            for line in self.service.access():
                if line["id"] in ids:
                    slots.setdefault(ids[line["id"]], set()).add(line["slot"])
            self.assertEqual({len(of) for of in slots.values()}, {1})

        report = self.report()
        a, b = report["a"], report["b"]
        with self.subTest("what was counted"):
            self.assertEqual((a["slot"], b["slot"]), ("none", "blue"))
            self.assertNotEqual(a["settings"], b["settings"])
            self.assertEqual(a["photos"] + b["photos"], len(ids))
            self.assertEqual(a["errors"] + b["errors"], 0)
            self.assertGreaterEqual(a["requests"], a["photos"])
            self.assertGreaterEqual(b["requests"], b["photos"])
            self.assertEqual(report["share"], 50)
            made = [photo["thumbnails"] for line in self.service.journal()
                    if line.get("slot") == "blue" and line["request"] in ids
                    for photo in line["photos"]]
            self.assertEqual(len(made), b["photos"])
            self.assertAlmostEqual(b["thumbnail_bytes_mean"],
                                   sum(made) / len(made), delta=0.1)
        with self.subTest("what it means"):
            size = report["b_less_a"]["thumbnail_bytes"]
            self.assertLess(size["high"], 0)
            self.assertLess(size["high"], -0.02 * a["thumbnail_bytes_mean"])
            errors = report["b_less_a"]["error_rate"]
            self.assertTrue(errors["low"] < 0 < errors["high"], errors)
            self.assertRegex(self.ab("report"),
                             r"thumbnails of B are [0-9.]+ % smaller \(")

        with self.subTest("one at a time"):
            self.assertIn("under way", self.start(status=3))
            self.assertEqual(self.report()["id"], report["id"])
        with self.subTest("a rotated log is read as well"):
            log = self.service.logs / "fcgi-thumb.log"
            with gzip.open(f"{log}.1.gz", "wb") as packed:
                packed.write(log.read_bytes())
            log.rename(self.service.directory / "away.log")
            self.assertEqual(self.report()["b"]["photos"], b["photos"])
        with self.subTest("and the journal"):
            tool = self.service.directory / "journalctl"
            tool.write_text('#!/bin/sh\ncase " $*" in *" --since=@"*) exec cat '
                            f"'{self.service.directory}/away.log';; esac\n")
            tool.chmod(0o755)
            self.service.write_settings(log_service="journal")
            found = self.report(self.service.directory)
            self.service.write_settings(log_service="file")
            self.assertEqual(found["b"]["photos"], b["photos"])

        pid = self.service.master_pid("blue")
        self.assertIsNotNone(pid)
        self.assertIn("smaller", self.ab("stop"))
        with self.subTest("all are on A again, and B is gone"):
            self.assertIsNone(self.service.master_pid("blue"))
            self.assertNotIn("run", self.service.state())
            later = {self.upload(customer, f"{customer} later")
                     for customer in range(CUSTOMERS)}
            wait_until("all lines", lambda: sum(
                line["id"] in later
                for line in self.service.access()) == len(later))
            self.assertEqual({line["slot"] for line in self.service.access()
                              if line["id"] in later}, {"none"})
            self.assertIn("under way", self.ab("stop", status=3))
            self.assertIn("under way", self.ab("report", status=3))

    def test_what_cannot_be_compared_is_refused(self):
        for arguments in ((), ("--settings",), ("--settings", "x", "y"),
                          ("--settings", "x", "--share", "100"),
                          ("--settings", "x", "--share", "0")):
            with self.subTest(arguments):
                self.ab("start", *arguments, status=64)
        with self.subTest("presets that nginx does not know"):
            other = self.settings("other.conf", presets=[
                *PRESETS, {"name": "tiny", "width": 9, "height": 9}])
            self.assertIn("presets", self.ab("start", "--settings", other,
                                             status=78))
        self.assertNotIn("run", self.service.state())


if __name__ == "__main__":
    unittest.main()
