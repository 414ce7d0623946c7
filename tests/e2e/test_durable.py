"""Nothing half is ever seen: an upload broken off before each of its steps, and
each step failing as a disk does that is full or broken."""

import errno
import hashlib
import json

from case import ServiceCase, opened
from service import picture, variation, wait_until
from shim import ShimmedService

STEPS_MAX = 200
PRESETS = [{"name": "large", "width": 320, "height": 320,
            "formats": ["jpeg", "webp"]},
           {"name": "small", "width": 64, "height": 64}]


class Broken(ServiceCase):
    @classmethod
    def setUpClass(cls):
        cls.service = ShimmedService(workers=1, presets=PRESETS).start()
        cls.addClassCleanup(cls.service.stop)
        cls.whole = {}  # photos, with the files that they were whole with

    @staticmethod
    def files(place):
        """Not the same any more when anything has happened to one of them."""
        return {(path.name, stat.st_ino, stat.st_size, stat.st_ctime_ns)
                for path in place.iterdir() for stat in (path.lstat(),)}

    def assert_whole_or_away(self):
        """Of every photo what can be seen is whole. One that has been, and that
        nobody has touched since, is still."""
        for meta in (self.service.data / "public").glob("*/*"):
            before = self.files(meta)
            if self.whole.get(meta) == before:
                continue
            manifest = json.loads((meta / "meta.json").read_text())
            names = {"meta.json"}
            for variant in manifest["variants"]:
                name, _, recipe = variant["url"].rpartition("/")[2].partition(
                    "?v=")
                names |= {name, name.replace(".", f".{recipe}.")}
                data = (meta / name).read_bytes()
                self.assertEqual(len(data), variant["bytes"], name)
                self.assertEqual(opened(data).size,
                                 (variant["width"], variant["height"]))
            self.assertEqual({path.name for path in meta.iterdir()}, names)
            self.whole[meta] = before

    def assert_stored(self, data, document):
        photo, = document["photos"]
        self.assert_served(photo)
        place = self.service.data / "photos" / photo["id"][:2] / photo["id"]
        self.assertEqual((place / "original.jpg").read_bytes(), data)
        self.assertEqual((place / "sha256").read_text(),
                         hashlib.sha256(data).hexdigest())

    def assert_upload_works(self, data):
        """Sent again the photo is there, and nothing is left of the first."""
        answer = self.service.upload(("again.jpg", data))
        self.assertIn(answer.status, (200, 201), answer.body)
        self.assert_stored(data, json.loads(answer.body))
        wait_until("nothing is left", lambda: not self.service.leftovers())

    def assert_in_order(self):
        """By the service's own word. A worker that died between a photo and
        the sum of all bytes has left that wrong, and nothing else."""
        done = self.service.thumbctl("verify", "--repair")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        kinds = {line.split("\t")[0] for line in done.stdout.splitlines()}
        self.assertLessEqual(kinds, {"photos", "faults", "mended", "usage"},
                             done.stdout)
        done = self.service.thumbctl("verify")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def each_step(self, order, judge):
        """order(N) for each step of an upload; how many steps there are."""
        for step in range(1, STEPS_MAX):
            data = variation(picture("gray.jpg"), f"{self.id()} {step}")
            self.service.order(order(step))
            workers = self.service.master.workers()
            answer = self.service.upload(("a.jpg", data))
            with self.subTest(step=step):
                self.assert_whole_or_away()
                if answer.status == 201:
                    self.assert_stored(data, json.loads(answer.body))
                else:
                    judge(answer)
                self.assert_upload_works(data)
            if (answer.status == 201
                    and self.service.master.workers() == workers
                    and self.is_past(step)):
                self.assert_in_order()
                return step - 1
        self.fail("an upload has no end of steps")

    def is_past(self, step):
        """Two in a row that came to nothing: there is no such step any more."""
        self.quiet = getattr(self, "quiet", [])[-2:] + [step]
        return len(self.quiet) == 3 and self.quiet[0] == step - 2

    def test_a_worker_that_dies_before_a_step(self):
        steps = self.each_step(
            lambda step: f"kill {step}",
            lambda answer: self.assert_problem(answer, 502, "worker-lost"))
        self.assertGreater(steps, 20)

    def test_a_first_render_that_dies_before_a_step(self):
        """What it has made is seen and told of, or neither."""
        for step in range(1, STEPS_MAX):
            data = variation(picture("gray.jpg"), f"{self.id()} {step}")
            photo, = json.loads(
                self.service.upload(("a.jpg", data)).body)["photos"]
            self.service.order(f"kill {step}")
            answer = self.service.get(f"/t/{photo['id']}/large.webp")
            self.assertEqual(answer.status, 200)
            with self.subTest(step=step):
                self.assert_whole_or_away()
            if (answer.headers["Content-Type"] == "image/webp"
                    and self.is_past(step)):
                break
        self.assertGreater(step, 15)

    def fail_with(self, number):
        def judge(answer):
            self.assertIn(answer.status, (503, 507), answer.body)
        workers = self.service.master.workers()
        steps = self.each_step(lambda step: f"fail {step} {number}", judge)
        self.assertGreater(steps, 20)
        self.assertEqual(self.service.master.workers(), workers)

    def test_no_space_at_a_step(self):
        self.fail_with(errno.ENOSPC)

    def test_no_quota_at_a_step(self):
        self.fail_with(errno.EDQUOT)

    def test_a_disk_that_became_read_only_at_a_step(self):
        self.fail_with(errno.EROFS)

    def test_a_broken_disk_at_a_step(self):
        self.fail_with(errno.EIO)

    def test_no_descriptor_at_a_step(self):
        self.fail_with(errno.EMFILE)
