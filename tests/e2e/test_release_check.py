"""thumbctl release check: a good candidate passes, a bad one fails with words
that say in which way, and no photo of the test is left in the store."""

import json
import os
import re
import shutil
import signal
import time
import unittest

import trees
from releases import ReleasedService
from service import PICTURES, children, is_alive, keep_secret, wait_until

# Quick ones: every fit, and formats that are made at their first request.
PRESETS = [
    {"name": "large", "width": 480, "height": 480,
     "formats": ["jpeg", "webp"]},
    {"name": "square", "width": 160, "height": 160, "fit": "cover"},
    {"name": "padded", "width": 120, "height": 60, "fit": "pad",
     "formats": ["webp", "gif", "png"], "animated": True}]

# A photo of 1.9 million px in place of one of twelve.
PHOTO = "p3.jpg"


def changed(**changes):
    """The presets, each with these changes."""
    return [{**preset, **changes} for preset in PRESETS]


class CheckCase(unittest.TestCase):
    settings = {}
    job_seconds = 1  # what hangs is waited for as long

    @classmethod
    def setUpClass(cls):
        cls.service = service = ReleasedService(
            presets=PRESETS, limits={"job_seconds": cls.job_seconds,
                                     "queue_seconds": 1}, **cls.settings)
        cls.addClassCleanup(service.stop)
        cls.trees = service.directory / "trees"
        cls.prepare()
        cls.good = cls.with_small_photo(trees.good(cls.trees))
        service.start()

    @classmethod
    def prepare(cls):
        pass

    @staticmethod
    def with_small_photo(tree):
        photos = tree / "share" / "fcgi-thumb" / "photos"
        shutil.rmtree(photos)
        photos.mkdir()
        shutil.copy(PICTURES / PHOTO, photos)
        return tree

    def faulty(self, name, fault):
        return self.with_small_photo(trees.faulty(self.trees, name, fault))

    def settings_file(self, **changes):
        """Settings for stage; those of the service stay as they are."""
        service = self.service
        before, text = dict(service.settings), \
            service.settings_file.read_text()
        service.write_settings(**changes)
        path = service.directory / "staged.conf"
        path.write_text(service.settings_file.read_text())
        service.settings = before
        service.settings_file.write_text(text)
        return path

    def stage(self, tree, **changes):
        more = ["--settings", self.settings_file(**changes)] if changes else []
        self.slot = self.service.stage(tree, *more)

    def check(self, status):
        """Its findings, and the first fault's words in state and history."""
        done = self.service.release("check", "--json")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.findings = json.loads(done.stdout)
        for finding in self.findings:
            self.assertEqual(finding["verdict"] == "ok", finding["fix"] == "",
                             finding)
        faults = [f"{f['layer']}: {f['words']}" for f in self.findings
                  if f["verdict"] == "fault"]
        slot = self.service.state()["slots"][self.slot]
        event = self.service.history()[-1]
        self.assertEqual(slot["passed"], status == 0)
        self.assertEqual((event["what"], event["verdict"]),
                         ("check", "fail" if status else "pass"))
        for words in slot.get("words", ""), event.get("words", ""):
            self.assertEqual(words, faults[0][:len(words)] if faults else "")
        self.assert_nothing_left()
        return faults

    def assert_nothing_left(self):
        """Neither a photo nor the master that was started for the test."""
        service = self.service
        self.assertIsNone(service.master_pid(self.slot))
        self.assertEqual(service.stored(), [])
        wait_until("nothing left in staging",
                   lambda: not service.leftovers() or None, 10)

    def words(self, layer, verdict):
        return [f["words"] for f in self.findings
                if (f["layer"], f["verdict"]) == (layer, verdict)]

    def assert_fault(self, faults, layer, *words):
        """There is one of this layer with all of these words in it."""
        self.assertTrue([fault for fault in faults
                         if fault.startswith(layer + ": ")
                         and all(word in fault for word in words)], faults)


class Good(CheckCase):
    # Whatever an upload needs is asked of the test as well.
    settings = {"prefix": "/media", "workers": 1}

    @classmethod
    def prepare(cls):
        keep_secret(cls.service)

    def test_the_same_as_the_active_one(self):
        self.stage(self.good)
        self.assertEqual(self.check(0), [])
        for layer in "settings", "doctor", "ready", "probe", "codecs", "time":
            self.assertEqual(len(self.words(layer, "ok")), 1, layer)
        for name in ("jpeg", "png", "gif", "animated gif", "webp", "tiff",
                     "bmp"):
            self.assertIn(f" {name}", self.words("codecs", "ok")[0])
        said = self.words("pictures", "ok")
        self.assertEqual(len(said), len(PRESETS), said)
        for words, preset, firsts in zip(said, PRESETS, (1, 0, 2)):
            files = len(preset.get("formats", "1")) + 1
            self.assertRegex(
                words, f"^{preset['name']}: {files} files" +
                (fr" \({firsts} at the first request\)" if firsts else "") +
                ", the same px as .*, as many bytes$")
        # Known in the log, and no user's.
        lines = [line for line in self.service.journal()
                 if line.get("request", "").startswith("thumbctl-release-")]
        self.assertGreater(len(lines), 20)
        self.assertEqual({line["status"] for line in lines},
                         {200, 201, 204})
        self.assertFalse([line for line in lines if "address" in line])

    def test_another_quality(self):
        self.stage(self.good, presets=changed(quality=72))
        done = self.service.release("check")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        *lines, last = done.stdout.splitlines()
        for line in lines:
            self.assertRegex(line, "^(ok   |note ) [a-z_]+: [^ ]")
        self.assertRegex(last, "check, blue .*, pass ")
        for preset in PRESETS:
            self.assertRegex(
                done.stdout, f"note  pictures: {preset['name']} by another "
                r"recipe: .* by [23]\d\.\d dB at least, bytes -[\d.]+ % -- ")
        self.assert_nothing_left()

    def test_presets_that_nobody_has(self):
        self.stage(self.good, presets=[
            PRESETS[1], {**PRESETS[0], "width": 400},
            {"name": "new", "width": 96, "height": 96, "formats": ["png"]},
            {"name": "smart", "width": 90, "height": 40, "fit": "cover",
             "gravity": "smart"}])
        self.assertEqual(self.check(0), [])
        said = " ".join(self.words("pictures", "note"))
        for words in ("large, which is new or has another size: 3 files",
                      "new, which is new or has another size: 2 files",
                      "like what this thumbctl makes by",
                      "smart, which is new or has another size: 2 files, of "
                      "the size that is wanted"):
            self.assertIn(words, said)
        self.assertIn("by other settings", (self.words("time", "ok") +
                                            self.words("time", "note"))[0])


class Slow(CheckCase):
    # Time for a photo on a machine that has much else to do: one that is refused
    # for want of it is compared with nothing.
    job_seconds = 20

    def test_half_as_long_again(self):
        self.stage(self.faulty("slow", "slow 200"))
        faults = self.check(1)
        self.assertEqual(len(faults), 1, faults)
        self.assert_fault(faults, "time", "a camera's photo of 1.9 million px",
                          "times as long (best of 9 each, ")


class Bad(CheckCase):
    def test_other_colours(self):
        self.stage(self.faulty("swap", "swap 1"))
        faults = self.check(1)
        self.assert_fault(faults, "probe", "shows another picture")
        self.assert_fault(faults, "codecs", "jpeg, png, gif, ",
                          "another colour")
        for preset in PRESETS:
            self.assert_fault(faults, "pictures", preset["name"] + ".",
                              "other colours than the service without slots")

    def test_off_by_2_px(self):
        self.stage(self.faulty("shift", "shift 2"))
        faults = self.check(1)
        self.assertEqual(len(faults), len(PRESETS), faults)
        for preset in PRESETS:
            self.assert_fault(faults, "pictures", preset["name"] + ".",
                              "2 px to the right, 0 px down")

    def test_a_decoder_that_is_broken(self):
        self.stage(self.faulty("deaf", "deaf 1"))
        faults = self.check(1)
        self.assertEqual(len(faults), 1, faults)
        self.assert_fault(faults, "codecs", "avif", "422 corrupt-image")

    def test_one_that_hangs(self):
        self.stage(self.faulty("hang", "hang 4"))
        faults = self.check(1)
        self.assertEqual(len(faults), 1, faults)
        self.assert_fault(faults, "codecs", "blue hangs: no answer in ")
        self.assertEqual(self.words("test", "note"),
                         ["the rest was not tried"])
        # Nothing of ours is held against anybody's photo.
        self.assertEqual(list(self.service.data.glob("quarantine/*/*")), [])

    def test_one_that_dies(self):
        self.stage(self.faulty("dead", "dead 3"))
        faults = self.check(1)
        self.assert_fault(faults, "codecs", "blue died of it")
        self.assertEqual(self.words("test", "note"),
                         ["the rest was not tried"])
        self.assertEqual(list(self.service.data.glob("quarantine/*/*")), [])

    def test_one_that_does_not_start(self):
        self.stage(trees.does_not_start(self.trees, "stillborn"))
        done = self.service.release("check")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("its master does not start", done.stdout)
        self.assertFalse(self.service.state()["slots"][self.slot]["passed"])

    def test_nothing_was_staged(self):
        service = ReleasedService()
        try:
            done = service.release("check")
            self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
            self.assertIn("release stage", done.stderr)
        finally:
            shutil.rmtree(service.directory)

    # -- something else happens meanwhile --

    def begin(self):
        """A test that is under way and has a photo in the store: it and the
        process that makes it, which is stopped."""
        process = self.service.begin_release("check")
        maker = None
        while True:
            wait_until("a photo that was sent", lambda: self.service.stored()
                       or process.poll() is not None)
            self.assertIsNone(process.poll())
            maker, = children(process.pid)
            os.kill(maker, signal.SIGSTOP)
            if self.service.stored():
                return process, maker
            os.kill(maker, signal.SIGCONT)

    def test_it_is_interrupted(self):
        self.stage(self.good)
        before = self.service.state()
        for signo in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signo=signo):
                process, _ = self.begin()
                process.send_signal(signo)
                said = process.communicate()[0]
                self.assertEqual(process.returncode, -signo, said)
                self.assertIn("FAULT test: ended by a signal", said)
                self.assert_nothing_left()
                # It has told nothing of the version.
                self.assertEqual(self.service.state(), before)

    def kill(self):
        """Kill a test; the claims on what it left, which may be nothing if the
        photo was just being taken back."""
        process, maker = self.begin()
        process.kill()
        process.communicate()
        wait_until("its other process is gone", lambda: not is_alive(maker))
        self.service.release("stop")
        return [path.read_text() for path in
                self.service.data.glob("photos/*/*/claims/*")]

    def test_it_is_killed(self):
        self.stage(self.good)
        while not (claims := self.kill()):
            pass
        # What nobody takes back goes by itself.
        for claim in claims:
            until = int(re.search(r"expires=(\d+)", claim)[1])
            self.assertTrue(0 < until - time.time() <= 900, claim)
        # One that was on its way to the active one may still come in.
        end = time.monotonic() + 1
        while self.service.stored() or time.monotonic() < end:
            self.service.thumbctl("delete", *self.service.stored())
            time.sleep(0.1)
        self.assert_nothing_left()

    def test_the_active_one_hangs(self):
        self.stage(self.good)
        master = self.service.master
        pids = [master.pid, *master.workers()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            self.assertEqual(self.check(0), [])
        finally:
            for pid in reversed(pids):
                os.kill(pid, signal.SIGCONT)
        self.assertRegex(
            self.words("pictures", "note")[0], "^nothing more is compared "
            "with the service without slots: the chart: the service without "
            r"slots hangs: no answer in [5-9]")
        self.assertRegex(self.words("pictures", "ok")[-1],
                         "like what this thumbctl makes by")
