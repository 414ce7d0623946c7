"""thumbctl sweep: what has expired and what was left behind goes, with a
service beside it and without one, and it says when the store will be full."""

import os
import signal
import struct
import subprocess
import time

from case import NotHere
from nginx import THUMBCTL
from service import picture, variation, wait_until
from test_processes import OwnService

DAY = 86400
GIB = 1 << 30


class Sweep(OwnService):
    def sweep(self, *arguments, status=0):
        """What it counted, by its word."""
        done = self.service.thumbctl("sweep", *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.errors = done.stderr
        return self.counts(done.stdout)

    def counts(self, text):
        return {word: int(n) if n.isdigit() else n for word, _, n in
                (line.partition("\t") for line in text.splitlines())}

    def fill(self, n, path="/upload"):
        """The ids of photos, each of its own bytes."""
        ids = []
        for i in range(n):
            photo, = self.assert_taken(self.service.request(
                "POST", path, variation(picture("gray.jpg"), f"{path} {i}")),
                201, "created")["photos"]
            ids.append(photo["id"])
        return ids

    def growth(self):
        return [[int(n) for n in line.split("\t")] for line in
                (self.service.data / "state" / "growth").read_text()
                .splitlines()]

    def make_growth(self, hours, an_hour):
        """So many hours until now, in each of which room went away."""
        path = self.service.data / "state" / "growth"
        now = int(time.time())
        disk = os.statvfs(self.service.data)
        free = disk.f_bavail * disk.f_frsize
        path.write_text("".join(
            f"{now - i * 3600}\t0\t0\t{free + i * an_hour}\t{disk.f_favail}\n"
            for i in range(hours, 0, -1)))
        os.utime(path, (now - 3600, now - 3600))
        return free

    def usage(self, part, value=None):
        """The noted sum of one part; set to a value."""
        with open(self.service.data / "state" / "usage", "r+b") as file:
            file.seek(8 * part)
            if value is not None:
                file.write(struct.pack("=q", value))
                return value
            return struct.unpack("=q", file.read(8))[0]

    def test_where_no_service_runs(self):
        service = self.start()
        kept = self.fill(2)
        self.fill(3, "/upload?expires=2s")
        wait_until("the service has written a line itself",
                   lambda: (service.data / "state" / "growth").exists())
        service.master.stop()
        data = service.data
        (data / "staging" / "dead").mkdir()
        (data / "staging" / "dead" / "in-x").write_bytes(bytes(100_000))
        (data / "trash" / "x").mkdir()
        now = time.time()
        old = now - 91 * DAY
        for photo, then in zip(kept, (old, now)):
            path = data / "quarantine" / photo
            path.write_text("long ago\tsignal 11 in decode\n")
            os.utime(path, (then, then))
        for name, then in ("cursor-verify", now - 8 * DAY), \
                ("cursor-regenerate", now):
            path = data / "state" / name
            path.touch()
            os.utime(path, (then, then))
        os.utime(data / "state" / "growth", (now - 4000, now - 4000))
        wrong = self.usage(17, 12345)
        time.sleep(2)
        swept = self.sweep()
        size = swept.pop("bytes")
        self.assertGreater(size, 100_000)
        self.assertLess(size, 1_000_000)
        # Of each photo the two sides.
        self.assertEqual(swept, {
            "claims": 3, "photos": 3, "trash": 7, "staging": 1,
            "quarantine": 1, "state": 1, "forecast":
            "not enough history for a forecast (0 of 24 hours)"})
        self.assertEqual(self.errors, "")
        self.assertEqual(service.stored(), sorted(kept))
        self.assertEqual(service.stored("public"), sorted(kept))
        self.assertEqual(list((data / "trash").iterdir()), [])
        self.assertEqual([path.name for path in
                          (data / "quarantine").iterdir()], kept[1:])
        self.assertTrue((data / "state" / "cursor-regenerate").exists())
        self.assertFalse((data / "state" / "cursor-verify").exists())
        self.assertNotEqual(self.usage(17), wrong)
        self.assertEqual(self.growth()[-1][2], 2)
        # It was all of it.
        swept = self.sweep()
        self.assertEqual({n for word, n in swept.items()
                          if word != "forecast"}, {0})
        (data / "quarantine" / kept[1]).unlink()
        done = service.thumbctl("verify")
        self.assertEqual((done.returncode, done.stdout), (
            0, "photos\t2\nfaults\t0\nmended\t0\n"))

    def test_beside_a_service(self):
        service = self.start()
        kept = self.fill(2)
        for i in range(5):
            self.fill(1, f"/upload?expires={1 + i % 2}s&n={i}")
        end = time.monotonic() + 60
        while len(service.stored()) > 2 and time.monotonic() < end:
            self.sweep("--quarantine-days", "0")
        self.assertEqual(service.stored(), sorted(kept))
        self.assert_nothing_left()
        # Counting the sum anew is the service's own.
        self.usage(17, 12345)
        self.assertEqual(self.sweep("--quiet"), {})
        self.assertEqual(self.errors, "")
        self.assertEqual(self.usage(17), 12345)
        for words in ("--quarantine-days", "x"), ("all",), ("--loud",):
            self.assertEqual(service.thumbctl("sweep", *words).returncode, 64)

    def test_the_forecast(self):
        self.start().master.stop()
        # A sixteenth of what is left goes each day. Others use the disk too.
        self.service.write_settings(limits={"free": "0"})
        free = self.make_growth(7 * 24, 0)
        self.make_growth(7 * 24, free // 16 // 24)
        self.assertRegex(
            self.sweep()["forecast"],
            r"^full in [12]\d days at this week's rate \(limits\.free\)$")
        self.assertEqual(len(self.growth()), 7 * 24 + 1)
        self.make_growth(7 * 24, 0)
        self.assertRegex(self.sweep()["forecast"],
                         "^(not growing|not full within)")
        self.service.write_settings(limits={"free": "1000000G"})
        self.make_growth(7 * 24, 0)
        self.assertEqual(self.sweep()["forecast"], "full (limits.free)")

    def test_it_goes_on_where_it_was_stopped(self):
        service = self.start()
        service.master.stop()
        place = service.data / "state" / "cursor-sweep"
        for part in 3, 900:
            self.usage(part, 12345)
        place.write_text("1\tsums\n@511\t0\t0\t0\n")
        self.sweep()
        self.assertIn("going on behind 511, ", self.errors)
        self.assertEqual((self.usage(3), self.usage(900)), (12345, 0))
        self.assertFalse(place.exists())
        place.write_text("1\tsums\n@511\t0\t0\t0\n")
        self.sweep("--from-start", "--quiet")
        self.assertEqual(self.errors, "")
        self.assertEqual(self.usage(3), 0)

    def interrupt(self, n):
        """SIGTERM as soon as one of n directories is gone; the status, what it
        said, and how many are left."""
        trash = self.service.data / "trash"
        for i in range(n):
            (trash / str(i)).mkdir()
        run = subprocess.Popen(
            [THUMBCTL, "-c", self.service.settings_file, "sweep"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.communicate)
        self.addCleanup(run.kill)
        wait_until("it has begun", lambda: len(os.listdir(trash)) < n)
        run.send_signal(signal.SIGTERM)
        out, errors = run.communicate(timeout=60)
        return run.returncode, out, errors, len(os.listdir(trash))

    def test_interrupted_it_ends_soon_and_says_so(self):
        self.start().master.stop()
        # It may be through before it is told.
        for n in 2000, 4000, 8000, 16000, 32000:
            status, out, errors, left = self.interrupt(n)
            if status != 0:
                break
        self.assertEqual(status, 1, out + errors)
        self.assertIn("stopped; what is done is done", errors)
        self.assertEqual(self.counts(out)["trash"], n - left)
        self.assertEqual(self.sweep()["trash"], left)

    def test_what_cannot_be_removed_is_said(self):
        if os.geteuid() == 0:
            raise NotHere("root may remove everything")
        service = self.start()
        service.master.stop()
        stuck = service.data / "trash" / "stuck"
        (stuck / "in").mkdir(parents=True)
        stuck.chmod(0o500)
        (service.data / "trash" / "x").mkdir()
        self.assertEqual(self.sweep(status=1)["trash"], 1)
        self.assertIn("/trash: 1 of it cannot be removed", self.errors)
        stuck.chmod(0o700)
        self.assertEqual(self.sweep()["trash"], 1)
