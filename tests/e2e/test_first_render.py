"""First renders by the real service: what is made at its first request is from
then on a file like any other, and what cannot be made has its stand-in."""

import json
import time

from case import ServiceCase, at_once, opened
from service import picture, variation

PRESETS = [
    {"name": "large", "width": 400, "height": 400,
     "formats": ["jpeg", "webp", "png"]},
    {"name": "small", "width": 100, "height": 100, "fit": "cover",
     "formats": ["jpeg", "webp"]},
]
TAKES_WEBP = {"Accept": "image/webp,*/*"}
DAY = "public, max-age=86400"
SHORT = "public, max-age=10"
TYPES = {"webp": ("WEBP", "image/webp"), "png": ("PNG", "image/png")}


class Photos(ServiceCase):
    settings = {"presets": PRESETS}

    def upload(self):
        """A new photo; its description."""
        photo = variation(picture("gray.jpg"), f"{self.id()} {time.time_ns()}")
        answer = self.service.upload(("a.jpg", photo))
        return self.assert_taken(answer, 201, "created")["photos"][0]

    def address(self, photo, name):
        return f"/t/{photo['id']}/{name}"

    def file(self, photo, name):
        return (self.service.data / "public" / photo["id"][:2] / photo["id"] /
                name)

    def recipe(self, photo, preset):
        return next(variant["url"].partition("?v=")[2]
                    for variant in photo["variants"]
                    if variant["preset"] == preset)


class FirstRender(Photos):
    def test_only_the_first_formats_are_there_after_an_upload(self):
        photo = self.upload()
        self.assertEqual(
            {(v["preset"], v["type"]) for v in photo["variants"]},
            {("large", "image/jpeg"), ("small", "image/jpeg")})

    def test_another_one_is_made_and_stays(self):
        photo = self.upload()
        size = {v["preset"]: (v["width"], v["height"])
                for v in photo["variants"]}["large"]
        for ext, (pillow, kind) in TYPES.items():
            address = self.address(photo, f"large.{ext}")
            first = self.service.get(address)
            self.assertEqual(first.status, 200, first.body)
            self.assertEqual(first.headers["Content-Type"], kind)
            self.assertEqual(first.headers.get_all("Cache-Control"), [DAY])
            image = opened(first.body)
            self.assertEqual((image.format, image.size), (pillow, size))
            again = self.service.get(address)
            self.assertEqual(again.body, first.body)
            for name in "ETag", "Last-Modified", "Content-Length":
                self.assertEqual(again.headers[name], first.headers[name])
        meta = json.loads(self.service.get(
            self.address(photo, "meta.json")).body)
        self.assertEqual({v["type"] for v in meta["variants"]
                          if v["preset"] == "large"},
                         {"image/jpeg", "image/webp", "image/png"})

    def test_the_exact_recipe_is_for_ever_from_the_first_answer_on(self):
        photo = self.upload()
        recipe = self.recipe(photo, "large")
        for name in f"large.webp?v={recipe}", f"large?v={recipe}":
            answer = self.service.get(self.address(photo, name), TAKES_WEBP)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Type"], "image/webp")
            self.assertIn("immutable", answer.headers["Cache-Control"])

    def test_it_is_kept_under_its_name_from_the_first_answer_on(self):
        photo = self.upload()
        name = f"large-{photo['id'][:8]}"
        for target, ext in ("large.png?download", "png"), (
                "large?v=00000000&download", "webp"):
            for _ in range(2):
                answer = self.service.get(self.address(photo, target),
                                          TAKES_WEBP)
                self.assertEqual(answer.status, 200)
                self.assertEqual(
                    answer.headers.get_all("Content-Disposition"),
                    [f'attachment; filename="{name}.{ext}"'])

    def test_head_ranges_and_conditions_hold_for_the_first_answer(self):
        head = self.service.request(
            "HEAD", self.address(self.upload(), "large.webp"))
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertGreater(int(head.headers["Content-Length"]), 100)
        part = self.service.get(self.address(self.upload(), "large.webp"),
                                {"Range": "bytes=0-3"})
        self.assertEqual((part.status, part.body), (206, b"RIFF"))
        same = self.service.get(self.address(self.upload(), "large.webp"),
                                {"If-None-Match": "*"})
        self.assertEqual((same.status, same.body), (304, b""))
        self.assertIn("ETag", same.headers)
        since = self.service.get(
            self.address(self.upload(), "large.webp"),
            {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"})
        self.assertEqual(since.status, 200)
        # Only the very date: an older file may come back under this address.
        address = self.address(self.upload(), "large.webp")
        modified = self.service.get(address).headers["Last-Modified"]
        for date, status in ((modified, 304),
                             ("Fri, 01 Jan 2100 00:00:00 GMT", 200)):
            answer = self.service.get(address, {"If-Modified-Since": date})
            self.assertEqual(answer.status, status)

    def test_many_who_ask_at_once_get_the_same(self):
        photo = self.upload()
        address = self.address(photo, "large.webp")
        answers = at_once(2, lambda _: self.service.get(address))
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(len({answer.headers["ETag"] for answer in answers}),
                         1)
        self.assertEqual({answer.headers["Content-Type"]
                          for answer in answers}, {"image/webp"})
        # A crowd may get the stand-in for a moment, and nothing else.
        address = self.address(photo, "small")
        answers = at_once(12, lambda _: self.service.get(address, TAKES_WEBP))
        self.assertEqual({answer.status for answer in answers}, {200})
        kinds = {answer.headers["Content-Type"] for answer in answers}
        self.assertIn("image/webp", kinds)
        self.assertLessEqual(kinds, {"image/webp", "image/jpeg"})
        for answer in answers:
            self.assertEqual(
                answer.headers["Cache-Control"],
                DAY if answer.headers["Content-Type"] == "image/webp"
                else SHORT)

    def test_the_best_format_is_made_when_it_is_asked_for(self):
        photo = self.upload()
        for headers, kind in (({}, "image/jpeg"), (TAKES_WEBP, "image/webp"),
                              ({"Accept": "image/webp;q=0"}, "image/jpeg")):
            answer = self.service.get(self.address(photo, "small"), headers)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Type"], kind)
            self.assertEqual(answer.headers.get_all("Vary"), ["Accept"])
            self.assertEqual(opened(answer.body).size, (100, 100))


class WithoutThePool(Photos):
    def test_the_main_format_stands_in_until_the_pool_is_back(self):
        service = self.service
        photo = self.upload()
        self.assertEqual(service.master.stop(), 0)
        for name, headers in (("large.webp", {}), ("large.png?v=0", {}),
                              ("large", TAKES_WEBP)):
            answer = service.get(self.address(photo, name), headers)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
            self.assertEqual(answer.headers["Cache-Control"], SHORT)
            self.assertEqual(opened(answer.body).format, "JPEG")
        # It is named for what it is.
        self.assertEqual(
            service.get(self.address(photo, "large.webp?download")).headers[
                "Content-Disposition"],
            f'attachment; filename="large-{photo["id"][:8]}.jpg"')
        for name, code in (("none.jpg", "not-found"),
                           ("large.gif", "not-found"),
                           ("none", "not-found")):
            self.assert_problem(
                service.get(self.address(photo, name)), 404, code)
        self.assert_problem(
            service.get(f"/t/{'a' * 26}/large.webp"), 404, "not-found")
        service.start_master()
        service.wait_ready()
        answer = service.get(self.address(photo, "large.webp"))
        self.assertEqual(answer.headers["Content-Type"], "image/webp")
        self.assertEqual(answer.headers["Cache-Control"], DAY)


    def test_the_main_format_stands_in_while_there_is_no_room(self):
        service = self.service
        photo = self.upload()
        address = self.address(photo, "large.webp")
        for limits in {"free": "1048576G"}, {"store": "1K", "free": "0"}:
            service.write_settings(limits=limits)
            service.hang_up()
            answer = service.get(address)
            self.assertEqual((answer.status, answer.headers["Content-Type"]),
                             (200, "image/jpeg"))
            self.assertEqual(answer.headers["Cache-Control"], SHORT)
            # Without any file it is said.
            main = self.file(photo, "large.jpg")
            main.rename(main.with_suffix(".aside"))
            self.assert_problem(service.get(address), 507, "storage-full")
            main.with_suffix(".aside").rename(main)
        service.write_settings(limits={})
        service.hang_up()
        self.assertEqual(service.get(address).headers["Content-Type"],
                         "image/webp")


class BelowAPrefix(FirstRender):
    settings = {"presets": PRESETS, "prefix": "/media"}
