"""At every limit on memory a photo is taken as it is, or refused with words:
never a blank picture, and never a worker."""

import io
import json
import unittest

from PIL import Image

from case import opened
from service import Service, picture

LIMITS = 64, 150, 300, 800


def photos():
    """One of each kind of memory use, by how it is written."""
    photo = opened(picture("photo-12mp.jpg"))
    large = photo.resize((3600, 2700))
    made = {"photo.jpg": picture("photo-12mp.jpg"),
            "scene.heic": picture("scene.heic"),
            "scene.avif": picture("scene.avif")}
    for kind, how in (("PNG", {"compress_level": 1}), ("TIFF", {}),
                      ("WEBP", {"quality": 60, "method": 0}), ("BMP", {}),
                      ("GIF", {}), ("JPEG", {"progressive": True})):
        file = io.BytesIO()
        large.save(file, kind, **how)
        made[f"large.{kind.lower()}"] = file.getvalue()
    return made


class Memory(unittest.TestCase):
    def look(self, service, name, data):
        """What became of it: its status."""
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
            darkest, brightest = image.convert("L").getextrema()
            self.assertGreater(brightest - darkest, 60)
        return answer.status

    def test_taken_whole_or_refused_at_every_limit(self):
        made = photos()
        taken = []
        for limit in LIMITS:
            with Service(workers=1, limits={"memory": f"{limit}M",
                                            "photo": "64M"}) as service:
                workers = service.master.workers()
                statuses = []
                for name, data in made.items():
                    with self.subTest(limit=limit, name=name):
                        statuses.append(self.look(service, name, data))
                taken.append(statuses.count(201))
                self.assertNotIn("killed", service.words())
                self.assertNotIn("ended with", service.words())
                self.assertEqual(len(service.master.workers()),
                                 len(workers))
        self.assertEqual(taken, sorted(taken), "more memory takes less")
        self.assertLess(taken[0], len(made))
        self.assertEqual(taken[-1], len(made))
