"""At every limit on memory a photo is taken as it is, or refused with words:
never a blank or a torn picture, and never a worker. And what one takes."""

import io
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

from PIL import ImageChops, ImageStat

from case import address_space, opened
from service import PICTURES, Service, picture

sys.path.insert(0, str(PICTURES))

import heif  # noqa: E402: found by the path above

LIMITS = 64, 150, 300, 800  # MB; at the last one all is taken
PEAK = 120 << 20  # bytes of a worker with a photo of 24 megapixels
FAR = 2  # of 255: what no channel of a thumbnail is off on average


def grid_heic(columns, rows):
    """As telephones write them, of one tile again and again."""
    tile = heif.take(picture("scene.heic"))
    n = columns * rows
    return heif.build([heif.grid(rows, columns, columns * 180, rows * 120),
                       *[tile] * n], [(b"dimg", 1, *range(2, n + 2))])


def avif(image):
    with tempfile.TemporaryDirectory(prefix="ft-") as directory:
        png = pathlib.Path(directory) / "a.png"
        image.save(png, compress_level=1)
        subprocess.run(["avifenc", "-s", "10", "-j", "2", png,
                        png.with_suffix(".avif")], check=True,
                       stdout=subprocess.DEVNULL)
        return png.with_suffix(".avif").read_bytes()


def png16(image):
    """Each sample in 16 bits, which PIL does not write."""
    width, height = image.size
    samples = image.convert("RGB").tobytes()
    twice = bytearray(2 * len(samples))
    twice[0::2] = twice[1::2] = samples
    line = 6 * width
    rows = b"".join(b"\0" + twice[at:at + line]
                    for at in range(0, len(twice), line))

    def chunk(kind, data):
        return (struct.pack(">L", len(data)) + kind + data
                + struct.pack(">L", zlib.crc32(kind + data)))

    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 16, 2,
                                         0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def photos():
    """One of each kind of memory use, by how it is written."""
    photo = opened(picture("photo-12mp.jpg"))
    large = photo.resize((3600, 2700))
    made = {"photo.jpg": picture("photo-12mp.jpg"),
            "scene.heic": picture("scene.heic"),
            "scene.avif": picture("scene.avif"),
            "grid.heic": grid_heic(20, 22),
            "large.avif": avif(large),
            "deep.png": png16(large)}
    for kind, how in (("PNG", {"compress_level": 1}), ("TIFF", {}),
                      ("WEBP", {"quality": 60, "method": 0}), ("BMP", {}),
                      ("GIF", {}), ("JPEG", {"progressive": True})):
        file = io.BytesIO()
        large.save(file, kind, **how)
        made[f"large.{kind.lower()}"] = file.getvalue()
    file = io.BytesIO()
    large.convert("CMYK").save(file, "JPEG")
    made["cmyk.jpeg"] = file.getvalue()
    return made


def difference(a, b):
    """On average, in the worst channel."""
    return max(ImageStat.Stat(ImageChops.difference(a, b)).mean)


def most_resident(pid):
    """Bytes, from its start until now."""
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) << 10


class Memory(unittest.TestCase):
    def look(self, service, name, data, reference):
        """What became of it: its status. The first of this name that an engine
        has made is what its others are compared with."""
        answer = service.upload((name, data))
        photo, = json.loads(answer.body)["photos"]
        if answer.status != 201:
            self.assertEqual(
                (answer.status, photo["error"]["code"]),
                (422, "too-much-memory"), answer.body)
            return answer.status
        for variant in photo["variants"]:
            image = opened(service.get_url(variant["url"]).body)
            self.assertEqual(image.size,
                             (variant["width"], variant["height"]))
            image = image.convert("RGB")
            darkest, brightest = image.convert("L").getextrema()
            self.assertGreater(brightest - darkest, 60)
            first = reference.setdefault(
                (name, variant["preset"], variant["engine"]), image)
            self.assertLess(difference(image, first), FAR)
        return answer.status

    def test_taken_whole_or_refused_at_every_limit(self):
        made = photos()
        taken, reference = [], {}
        # Where planes are given up for want of memory, MagickWand begins anew.
        with Service(workers=1, engine="magick", limits={
                "memory": f"{LIMITS[-1]}M", "photo": "64M"}) as service:
            for name, data in made.items():
                self.assertEqual(self.look(service, name, data, reference), 201)
        for limit in reversed(LIMITS):
            with Service(workers=1, limits={"memory": f"{limit}M",
                                            "photo": "64M"}) as service:
                workers = service.master.workers()
                statuses = []
                for name, data in made.items():
                    with self.subTest(limit=limit, name=name):
                        statuses.append(
                            self.look(service, name, data, reference))
                taken.append(statuses.count(201))
                self.assertNotIn("killed", service.words())
                self.assertNotIn("ended with", service.words())
                self.assertEqual(len(service.master.workers()),
                                 len(workers))
        self.assertEqual(taken, sorted(taken, reverse=True),
                         "more memory takes less")
        self.assertEqual(taken[0], len(made))
        self.assertLess(taken[-1], len(made))

    def test_a_photo_of_24_megapixels_takes_little(self):
        large = opened(picture("photo-12mp.jpg")).resize((6000, 4000))
        for progressive in False, True:
            file = io.BytesIO()
            large.save(file, "JPEG", quality=90, progressive=progressive)
            with self.subTest(progressive=progressive), \
                    Service(workers=1) as service:
                pid, = service.master.workers()
                address_space(pid)
                answer = service.upload(("large.jpg", file.getvalue()))
                self.assertEqual(answer.status, 201, answer.body)
                self.assertLessEqual(most_resident(pid), PEAK)
