"""Which engine makes a photo's thumbnails, that the answer says so, and that
what holds for MagickWand holds in the lane of ordinary JPEG: the sandbox, the
watchdog, the quarantine, the account of time."""

import json
import re
import unittest

from case import NotHere, OwnService, ServiceCase, opened
from service import HAS_LANE, picture, variation, wait_until
from shim import ShimmedService

PRESETS = [
    {"name": "large", "width": 640, "height": 640,
     "formats": ["jpeg", "webp"]},
    {"name": "square", "width": 200, "height": 200, "fit": "cover",
     "sharpen": 30},
    {"name": "padded", "width": 99, "height": 101, "fit": "pad",
     "background": "#3060c0", "formats": ["png", "jpeg"], "eager": True}]


def need_the_lane():
    if not HAS_LANE:
        raise NotHere("built without the lane")


class EngineCase(ServiceCase):
    def upload(self, name):
        answer = self.service.upload((name, picture(name)))
        self.assertIn(answer.status, (200, 201), answer.body)
        photo, = json.loads(answer.body)["photos"]
        return photo

    def meta(self, photo):
        return json.loads(self.service.get(f"/t/{photo['id']}/meta.json").body)

    def engines(self, photo):
        """{(preset, type): its engine} as meta.json has it."""
        return {(variant["preset"], variant["type"]): variant["engine"]
                for variant in self.meta(photo)["variants"]}

    def assert_each_stage_has_time(self):
        timing = self.upload("photo-12mp.jpg")["timing_ms"]
        for phase in "decode", "resize", "encode":
            self.assertGreater(timing[phase], 0, phase)


class Alone(EngineCase):
    """MagickWand, in the same sandbox; in a build without the lane, too."""

    settings = {"sandbox": "strict", "engine": "magick", "presets": PRESETS}

    def test_each_of_its_stages_has_time(self):
        self.assert_each_stage_has_time()

    def test_the_answer_says_so(self):
        photo = self.upload("p3.jpg")
        self.assertEqual({variant["engine"] for variant in photo["variants"]},
                         {"magick"})


class Strict(EngineCase):
    """In the whole sandbox, without which a worker does not start."""

    settings = {"sandbox": "strict", "engine": "auto", "presets": PRESETS}

    @classmethod
    def setUpClass(cls):
        need_the_lane()
        super().setUpClass()

    def test_the_answer_and_meta_json_say_which_it_was(self):
        for name, engine in (("p3.jpg", "planes"), ("gray.jpg", "planes"),
                             ("orient-6.jpg", "planes"),
                             ("progressive.jpg", "planes"),
                             ("cmyk.jpg", "magick"), ("rgb.png", "magick"),
                             ("animated.gif", "magick"),
                             ("lossy.webp", "magick")):
            with self.subTest(name):
                photo = self.upload(name)
                self.assertEqual({variant["engine"]
                                  for variant in photo["variants"]}, {engine})
                self.assertEqual(self.meta(photo)["variants"],
                                 photo["variants"])
                self.assert_served(photo)

    def test_a_first_request_says_it_too(self):
        for name, engine in ("p3.jpg", "planes"), ("cmyk.jpg", "magick"):
            with self.subTest(name):
                photo = self.upload(name)
                answer = self.service.get(f"/t/{photo['id']}/large.webp")
                self.assertEqual(answer.status, 200)
                self.assertEqual(opened(answer.body).format, "WEBP")
                self.assertEqual(
                    self.engines(photo)["large", "image/webp"], engine)

    def test_another_version_s_photos_are_not_made_anew(self):
        photo = self.upload("orient-5.jpg")
        public = self.service.data / "public" / photo["id"][:2] / photo["id"]
        meta = public / "meta.json"
        files = {path: path.stat().st_ino for path in public.glob("*.*.*")}
        decodes = self.service.decodes()
        for word in "", ',"engine":"tubes"':
            with self.subTest(word):
                text, n = re.subn(r',"engine":"[a-z]*"', word,
                                  meta.read_text())
                self.assertEqual(n, len(photo["variants"]))
                meta.write_text(text)
                again = self.upload("orient-5.jpg")
                self.assertEqual({variant["engine"]
                                  for variant in again["variants"]},
                                 {"magick"})
                self.assertEqual(self.meta(photo)["variants"],
                                 again["variants"])
                self.assertEqual(self.service.decodes(), decodes)
                self.assertEqual({path: path.stat().st_ino
                                  for path in public.glob("*.*.*")}, files)

    def test_each_of_its_stages_has_time(self):
        self.assert_each_stage_has_time()


class Chosen(OwnService):
    """The setting is asked for each photo, and changes no address."""

    def setUp(self):
        need_the_lane()

    def send(self, service, mark):
        photo, = self.assert_taken(service.upload(
            ("a.jpg", variation(picture("p3.jpg"), mark))), 201,
            "created")["photos"]
        engine, = {variant["engine"] for variant in photo["variants"]}
        recipes = {variant["preset"]: variant["url"].partition("?v=")[2]
                   for variant in photo["variants"]}
        return engine, recipes

    def test_magick_is_a_choice_and_auto_another(self):
        service = self.start(engine="magick", presets=PRESETS)
        before = self.send(service, 1)
        service.write_settings(engine="auto")
        service.hang_up()
        after = self.send(service, 2)
        self.assertEqual((before[0], after[0]), ("magick", "planes"))
        self.assertEqual(before[1], after[1])
        # What is made stays.
        done = service.thumbctl("regenerate")
        self.assertEqual(done.stdout.splitlines()[:2], ["made\t0", "right\t2"],
                         done.stderr)
        photo, = self.assert_taken(service.upload(
            ("a.jpg", variation(picture("p3.jpg"), 1))), 200,
            "exists")["photos"]
        self.assertEqual({variant["engine"] for variant in photo["variants"]},
                         {"magick"})


class Deaths(unittest.TestCase):
    """While z.lib works, which asks nobody for the time."""

    @classmethod
    def setUpClass(cls):
        need_the_lane()
        cls.service = ShimmedService(workers=1, engine="auto",
                                     limits={"job_seconds": 1}).start()
        cls.addClassCleanup(cls.service.stop)

    def excuses(self):
        return self.service.words().count("not held against the photo")

    def die(self, order, mark):
        """Twice of one photo; then what the quarantine says of it. Where the
        machine had others to work for, a photo is not blamed: once more."""
        photo = variation(picture("p3.jpg"), mark)
        turns = 2
        for _ in range(8):
            if turns == 0:
                break
            turns -= 1
            excused = self.excuses()
            worker, = self.service.master.workers()
            self.service.order(order)
            answer = self.service.upload(("a.jpg", photo))
            self.assertEqual(json.loads(answer.body)["code"], "worker-lost")
            wait_until("there is another worker", lambda: worker not in
                       (self.service.master.workers() or [worker]))
            turns += self.excuses() - excused
        self.assertEqual(turns, 0, self.service.words()[-2000:])
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
