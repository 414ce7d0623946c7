"""Animations in and out, held against Pillow as an independent reader."""

import io
import json

from PIL import Image, ImageChops, ImageDraw, ImageSequence, ImageStat

from case import ServiceCase, opened
from service import picture

SIZE = (90, 60)


def frames(clear):
    """Six pictures: a disc that wanders over a scene, or over nothing."""
    made = []
    for n in range(6):
        image = Image.new("RGBA", SIZE, (0, 0, 0, 0) if clear
                          else (40, 90, 160, 255))
        draw = ImageDraw.Draw(image)
        draw.rectangle((5, 5, 20, 20), (230, 180, 30, 255))
        draw.ellipse((10 * n, 20, 10 * n + 25, 45), (220, 30, 40, 255))
        made.append(image)
    return made


def animation(form, clear=False, **how):
    """A file of them as Pillow writes it."""
    made = frames(clear)
    out = io.BytesIO()
    made[0].save(out, form, save_all=True, append_images=made[1:], **how)
    return out.getvalue()


def seen(data):
    """(canvases over white, their alpha, times in ms, the loop's number)."""
    image = opened(data)
    canvases, alphas, times = [], [], []
    for frame in ImageSequence.Iterator(image):
        frame.load()
        times.append(frame.info.get("duration", 0))
        rgba = frame.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        canvases.append(Image.alpha_composite(white, rgba).convert("RGB"))
        alphas.append(rgba.getchannel("A"))
    return canvases, alphas, times, image.info.get("loop")


def difference(a, b):
    stat = ImageStat.Stat(ImageChops.difference(a, b))
    return sum(stat.mean) / len(stat.mean)


class Animations(ServiceCase):
    settings = {"presets": [
        {"name": "whole", "width": 400, "height": 400, "animated": True,
         "quality": 95, "formats": ["webp", "gif", "jpeg"], "eager": True},
        {"name": "small", "width": 45, "height": 30, "animated": True,
         "quality": 95, "formats": ["gif", "webp"], "eager": True},
        {"name": "still", "width": 400, "height": 400,
         "formats": ["webp", "gif"], "eager": True},
    ]}

    def files(self, name, data):
        answer = self.service.upload((name, data))
        self.assertIn(answer.status, (200, 201), answer.body)
        photo, = json.loads(answer.body)["photos"]
        return {(preset, media.removeprefix("image/")): data
                for (preset, media), data in self.assert_served(photo).items()}

    def assert_same(self, data, source, most, size=None):
        """Same pictures and times; how often is another question."""
        canvases, alphas, times, _ = seen(data)
        wanted, wanted_alphas, wanted_times, _ = seen(source)
        self.assertEqual(times, wanted_times)
        for n, (is_, want) in enumerate(zip(canvases, wanted)):
            if size is not None:
                want = want.resize(size, Image.Resampling.LANCZOS)
            self.assertEqual(is_.size, want.size)
            self.assertLess(difference(is_, want), most, f"frame {n}")
        if size is None:
            for n, (is_, want) in enumerate(zip(alphas, wanted_alphas)):
                self.assertLess(difference(is_, want), 0.5, f"frame {n}")

    def test_pictures_and_times_stay(self):
        times = [40, 80, 1500, 20, 70, 300]
        for name, data in (
                ("a.gif", animation("GIF", duration=times, loop=0)),
                ("cleared.gif", animation("GIF", clear=True, duration=times,
                                          disposal=2, loop=0)),
                ("a.webp", animation("WEBP", duration=times, lossless=True)),
                ("clear.webp", animation("WEBP", clear=True, duration=times,
                                         lossless=True)),
                ("animated.gif", picture("animated.gif")),
                ("animated.webp", picture("animated.webp"))):
            with self.subTest(name):
                files = self.files(name, data)
                self.assert_same(files["whole", "webp"], data, 6)
                self.assert_same(files["whole", "gif"], data, 2)

    def test_every_frame_is_scaled(self):
        data = animation("GIF", duration=100, loop=0)
        files = self.files("a.gif", data)
        self.assert_same(files["small", "gif"], data, 6, (45, 30))
        self.assert_same(files["small", "webp"], data, 6, (45, 30))

    def test_it_is_played_as_often(self):
        # GIF counts the times after the first, WebP all of them.
        for loop in (None, 0, 1, 4):
            how = {} if loop is None else {"loop": loop}
            with self.subTest(loop=loop):
                files = self.files("a.gif", animation(
                    "GIF", duration=90 + 10 * (loop or 0), **how))
                self.assertEqual(seen(files["whole", "gif"])[3], loop)
                self.assertEqual(seen(files["whole", "webp"])[3],
                                 1 if loop is None else loop and loop + 1)
        for loop in (0, 1, 3):
            with self.subTest(webp=loop):
                files = self.files("a.webp", animation(
                    "WEBP", duration=90 + 10 * loop, loop=loop))
                self.assertEqual(seen(files["whole", "webp"])[3], loop)
                self.assertEqual(seen(files["whole", "gif"])[3],
                                 None if loop == 1 else loop and loop - 1)

    def test_elsewhere_it_is_the_first_frame(self):
        data = animation("GIF", duration=50, loop=0)
        files = self.files("a.gif", data)
        first = seen(data)[0][0]
        for key in (("whole", "jpeg"), ("still", "webp"), ("still", "gif")):
            with self.subTest(key):
                image = opened(files[key])
                self.assertEqual(getattr(image, "n_frames", 1), 1)
                self.assertLess(difference(image.convert("RGB"), first), 6)
