"""What holds for MagickWand holds in the lane of ordinary JPEG: the sandbox, the
watchdog, the quarantine, the account of time."""

import json
import unittest

import nginx
from case import NotHere, ServiceCase
from service import picture, variation, wait_until
from shim import ShimmedService


def need_the_lane():
    if "#define HAVE_PLANE_LANE 1" not in (
            nginx.BUILD / "config.h").read_text():
        raise NotHere("built without the lane")


class EngineCase(ServiceCase):
    def upload(self, name):
        answer = self.service.upload((name, picture(name)))
        self.assertIn(answer.status, (200, 201), answer.body)
        photo, = json.loads(answer.body)["photos"]
        return photo

    def assert_each_stage_has_time(self):
        timing = self.upload("photo-12mp.jpg")["timing_ms"]
        for phase in "decode", "resize", "encode":
            self.assertGreater(timing[phase], 0, phase)


class Alone(EngineCase):
    """MagickWand, in the same sandbox; in a build without the lane, too."""

    settings = {"sandbox": "strict", "engine": "magick"}

    def test_each_of_its_stages_has_time(self):
        self.assert_each_stage_has_time()


class Strict(EngineCase):
    """In the whole sandbox, without which a worker does not start."""

    settings = {"sandbox": "strict", "engine": "auto"}

    @classmethod
    def setUpClass(cls):
        need_the_lane()
        super().setUpClass()

    def test_each_of_its_stages_has_time(self):
        self.assert_each_stage_has_time()


class Deaths(unittest.TestCase):
    """While z.lib works, which asks nobody for the time."""

    @classmethod
    def setUpClass(cls):
        need_the_lane()
        cls.service = ShimmedService(workers=1, engine="auto",
                                     limits={"job_seconds": 1}).start()
        cls.addClassCleanup(cls.service.stop)

    def die(self, order, mark):
        """Twice of one photo; then what the quarantine says of it."""
        photo = variation(picture("p3.jpg"), mark)
        for _ in range(2):
            worker, = self.service.master.workers()
            self.service.order(order)
            answer = self.service.upload(("a.jpg", photo))
            self.assertEqual(json.loads(answer.body)["code"], "worker-lost")
            wait_until("there is another worker", lambda: worker not in
                       (self.service.master.workers() or [worker]))
        answer = self.service.upload(("a.jpg", photo))
        found = self.service.thumbctl("quarantine", "list").stdout.splitlines()
        reasons = [self.service.thumbctl("quarantine", "show",
                                         line.split("\t")[0]).stdout
                   for line in found]
        for line in found:
            self.service.thumbctl("quarantine", "release",
                                  line.split("\t")[0])
        return answer, reasons

    def test_a_crash_is_the_photo_s(self):
        answer, reasons = self.die("scale 11", "crash")
        self.assertEqual(answer.status, 422, answer.body)
        self.assertEqual(len(reasons), 1)
        self.assertEqual(reasons[0].count("\tsignal 11 in resize\n"), 2)

    def test_so_is_a_step_without_an_end(self):
        answer, reasons = self.die("grind 1", "grind")
        self.assertEqual(answer.status, 422, answer.body)
        self.assertEqual(len(reasons), 1)
        self.assertEqual(reasons[0].count("\tout of time in resize\n"), 2)

    def test_a_kill_from_outside_is_not(self):
        answer, reasons = self.die("scale 9", "kill")
        self.assertEqual((answer.status, reasons), (201, []))
        wait_until("nothing is left of them",
                   lambda: not self.service.leftovers())
