"""Uploads and their answers, through nginx and straight at the socket."""

import json
import re

import fastcgi
import nginx
from case import (ID, PHASES, PHOTO_KEYS, VARIANT_KEYS, ServiceCase, opened)
from nginx_site import HTML
from pages import Page, shown, way
from service import BOUNDARY, multipart, picture, variation, wait_until

# What a form post of a browser without scripts sends.
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Core:
    """Run once at the root of a site, and once for every way to be mounted."""

    def fresh(self):
        """A photo that this service has not seen."""
        type(self).serial = getattr(self, "serial", 0) + 1
        return variation(picture("orient-6.jpg"), self.serial)

    def check_photo(self, photo, keys=PHOTO_KEYS):
        self.assertEqual(set(photo), keys)
        self.assertRegex(photo["id"], ID)
        self.assertEqual(photo["type"], "image/jpeg")
        self.assertEqual((photo["width"], photo["height"]), (360, 240))
        self.assertEqual(set(photo["timing_ms"]), PHASES)
        for ms in photo["timing_ms"].values():
            self.assertIsInstance(ms, int)
        self.assertEqual(
            [(v["preset"], v["type"], v["width"], v["height"])
             for v in photo["variants"]],
            [("large", "image/jpeg", 360, 240),
             ("medium", "image/jpeg", 360, 240),
             ("square", "image/jpeg", 240, 240)])
        for variant in photo["variants"]:
            self.assertEqual(set(variant), VARIANT_KEYS)
            self.assertRegex(variant["url"], "^%s%s/t/%s/%s%s" % (
                re.escape(self.settings.get("public_url", "")),
                self.service.prefix, photo["id"], variant["preset"],
                r"\.(jpg|webp)\?v=[0-9a-f]{8}$"))

    def test_a_form_upload_is_answered_as_documented(self):
        data = self.fresh()
        answer = self.service.upload(("a photo.jpg", data))
        document = self.assert_taken(answer, 201, "created")
        photo = document["photos"][0]
        self.assertEqual(set(document), {"photos", "url"})
        self.check_photo(photo)
        self.assertEqual(photo["name"], "a photo.jpg")
        self.assertEqual(photo["bytes"], len(data))
        self.assertEqual(document["url"], photo["variants"][0]["url"])
        self.assert_served(photo)
        timing = answer.headers["Server-Timing"]
        self.assertEqual(set(re.findall(r"(\w+);dur=\d+", timing)), PHASES)
        self.assertRegex(answer.headers["X-Request-Id"], "^[0-9a-f]{32}$")

    def test_a_raw_body_is_one_photo(self):
        for method in "POST", "PUT":
            with self.subTest(method):
                answer = self.service.request(
                    method, "/upload", self.fresh(),
                    {"Content-Type": "image/jpeg"})
                photo, = self.assert_taken(answer, 201, "created")["photos"]
                self.check_photo(photo, PHOTO_KEYS - {"name"})
                self.assert_served(photo)

    def test_several_photos_keep_their_order_and_names(self):
        names = ["b.jpg", "a.jpg", "c.jpg"]
        answer = self.service.upload(*[(n, self.fresh()) for n in names])
        document = self.assert_taken(answer, 201, *["created"] * 3)
        self.assertEqual([p["name"] for p in document["photos"]], names)
        self.assertEqual(document["url"],
                         document["photos"][0]["variants"][0]["url"])

    def test_the_same_photo_again_exists_and_is_not_decoded(self):
        data = self.fresh()
        first = self.assert_taken(self.service.upload(("a.jpg", data)),
                                  201, "created")["photos"][0]
        wait_until("the first line", lambda: [
            photo for photo in self.service.photo_lines()
            if photo.get("id") == first["id"]])
        before = self.service.decodes()
        again = self.assert_taken(self.service.upload(("b.jpg", data)),
                                  200, "exists")["photos"][0]
        self.assertEqual(again["id"], first["id"])
        self.assertEqual(again["variants"], first["variants"])
        self.assert_served(again)
        lines = wait_until("its line", lambda: [
            photo for photo in self.service.photo_lines()
            if photo.get("id") == first["id"]][1:])
        self.assertEqual(lines[0]["status"], "exists")
        self.assertEqual(self.service.decodes(), before)

    def test_new_beside_known_is_201(self):
        known = self.fresh()
        self.service.upload(("a.jpg", known))
        self.assert_taken(
            self.service.upload(("a.jpg", known), ("b.jpg", self.fresh())),
            201, "exists", "created")

    def test_the_manifest_is_the_answer_without_what_is_the_requests(self):
        photo = self.assert_taken(self.service.upload(("a.jpg", self.fresh())),
                                  201, "created")["photos"][0]
        answer = self.service.get(f"/t/{photo['id']}/meta.json")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Cache-Control"], "no-cache")
        for key in "name", "status", "delete_token", "timing_ms":
            del photo[key]
        self.assertEqual(json.loads(answer.body), photo)

    def test_a_refused_photo_does_not_harm_its_neighbours(self):
        answer = self.service.upload(("notes.txt", picture("notes.txt")),
                                     ("a.jpg", self.fresh()),
                                     ("half.jpg", picture("truncated.jpg")))
        document = self.assert_taken(answer, 201, None, "created", None)
        text, good, half = document["photos"]
        self.assertEqual(set(text), {"name", "error"})
        self.assertEqual(text["name"], "notes.txt")
        self.assertEqual((text["error"]["status"], text["error"]["code"]),
                         (415, "unsupported-format"))
        self.assertEqual((half["error"]["status"], half["error"]["code"]),
                         (422, "corrupt-image"))
        self.assertEqual(document["url"], good["variants"][0]["url"])
        self.assert_served(good)

    def test_all_refused_is_the_first_ones_status(self):
        answer = self.service.upload(("half.png", picture("truncated.png")),
                                     ("notes.txt", picture("notes.txt")))
        document = self.assert_problem(answer, 422, "corrupt-image")
        self.assertEqual([p["error"]["code"] for p in document["photos"]],
                         ["corrupt-image", "unsupported-format"])
        self.assertNotIn("url", document)

    def results(self, language, *photos, status=201):
        """The page that a form's photos are answered with."""
        answer = self.service.upload(*photos, headers={
            **BROWSER, "Accept-Language": language})
        self.assertEqual(answer.status, status)
        self.assertEqual(answer.headers["Content-Type"],
                         "text/html; charset=utf-8")
        page = Page(answer.body.decode())
        self.assertEqual(page.lang, language)
        end = "" if language == "en" else "-ko"
        self.assertEqual(way(page), way(Page(
            (HTML / f"index{end}.html").read_text())))
        return page

    def test_a_browser_without_scripts_gets_a_page(self):
        for language, words in (
                ("en", ("Your thumbnails", "1 of 2 ready · 1 not taken",
                        "Original: 360 × 240 · 21 kB",
                        "not a picture of an accepted format. This looks like "
                        "a text file. Accepted are JPEG", "and send that.")),
                ("ko", ("섬네일이 준비되었습니다", "2장 중 1장 완료 · 1장 실패",
                        "원본: 360 × 240 · 21 kB",
                        "받을 수 있는 형식의 사진이 아닙니다. JPEG나 PNG로",
                        "This looks like a text file."))):
            with self.subTest(language):
                page = self.results(
                    language, ("<b>&.jpg", self.fresh()),
                    ("notes.txt", picture("notes.txt")))
                for word in words:
                    self.assertTrue(shown(page, word), page.text)
                self.assertEqual(page.words["bdi"],
                                 ["<b>&.jpg", "notes.txt"])
                self.check_thumbnails(page, "<b>&.jpg")

    def check_thumbnails(self, page, name):
        """All that is shown of the one photo is there; all has a word."""
        shown_one, = [a for a in page.of("img") if "/t/" in a["src"]]
        self.assertIn(name, shown_one["alt"])
        self.assertEqual(opened(self.service.get_url(
            shown_one["src"]).body).size,
            (int(shown_one["width"]), int(shown_one["height"])))
        links = [a["href"] for a in page.of("a") if "/t/" in a["href"]]
        kept = [link for link in links if link.endswith("&download")]
        self.assertGreater(len(kept), 0)
        self.assertEqual(len(links), 1 + 2 * len(kept))
        for link in links:
            answer = self.service.get_url(link)
            self.assertEqual(answer.status, 200)
            self.assertEqual("Content-Disposition" in answer.headers,
                             link in kept)
        address, markdown, markup, _ = page.words["textarea"]
        self.assertEqual(address, links[0])
        self.assertTrue(markdown.startswith("![\\<b\\>\\&.jpg](" + address),
                        markdown)
        self.assertTrue(markup.startswith("<picture>"))

    def test_what_a_page_shows_of_a_token_deletes(self):
        photo = self.fresh()
        for language in "en", "ko":
            page = self.results(language, ("a.jpg", photo))
            request, header = page.words["textarea"][-1].splitlines()
            method, address = request.split(" ")
            name, value = header.split(": ")
            address = address.removeprefix(
                self.service.settings.get("public_url", ""))
            thumbnail = page.of("img")[-1]["src"]
            self.assertEqual(self.service.get_url(thumbnail).status, 200)
            answer = nginx.request(self.service.nginx.address, method,
                                   address, headers={name: value})
            self.assertEqual(answer.status, 204)
            self.assertEqual(self.service.get_url(thumbnail).status, 404)

    def test_a_refusal_is_a_page_for_a_browser_too(self):
        for language, title, word in (
                ("en", "Not taken", "Save it as JPEG or PNG"),
                ("ko", "올리지 못했습니다", "JPEG나 PNG로 저장해서")):
            page = self.results(language,
                                ("notes.txt", picture("notes.txt")),
                                status=415)
            self.assertEqual(page.words["h1"], [title])
            self.assertTrue(shown(page, word), page.text)
            self.assertFalse(page.of("textarea"))

    def test_the_upload_page_posts_to_this_service(self):
        answer = self.service.get("/")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"],
                         "text/html; charset=utf-8")
        action = re.search(r'<form[^>]* action="([^"]*)"',
                           answer.body.decode())[1]
        self.assertIn(action, ("upload", "./upload"))
        for name in re.findall(r'(?:src|href)="([\w.-]+)"',
                               answer.body.decode()):
            self.assertEqual(self.service.get("/" + name).status, 200, name)

    def test_health(self):
        live = self.service.get("/health/live")
        self.assertEqual((live.status, json.loads(live.body)),
                         (200, {"live": True}))
        ready = self.service.get("/health/ready")
        self.assertEqual((ready.status, json.loads(ready.body)),
                         (200, {"ready": True}))

    def test_an_unknown_photo_is_not_found(self):
        self.assert_problem(self.service.get("/t/" + "a" * 26 + "/large.jpg"),
                            404, "not-found")

    def test_another_method_is_refused(self):
        answer = self.service.request("PATCH", "/upload")
        self.assert_problem(answer, 405, "method-not-allowed")
        self.assertEqual(answer.headers["Allow"], "POST, PUT, DELETE")


class AtTheRoot(Core, ServiceCase):
    pass


class UnderAPrefix(Core, ServiceCase):
    settings = {"prefix": "/media"}

    def test_nothing_is_answered_beside_the_prefix(self):
        import nginx
        for path in "/", "/upload", "/health/live":
            answer = nginx.request(self.service.nginx.address, "GET", path)
            self.assertEqual(answer.status, 404, path)


class WithAPublicUrl(Core, ServiceCase):
    settings = {"prefix": "/media",
                "public_url": "https://img.example.org"}


class Refusals(ServiceCase):
    settings = {"limits": {"photo": "64K", "request": "256K", "files": 3,
                           "pixels": "150K", "side": 400, "frames": 3}}

    def test_what_is_no_photo(self):
        for name, status, code in (
                ("notes.txt", 415, "unsupported-format"),
                ("drawing.svg", 415, "unsupported-format"),
                ("truncated.png", 422, "corrupt-image"),
                ("webp-bomb.webp", 422, "side-too-long"),
                ("animated.gif", 422, "too-many-frames"),
                ("animated.webp", 422, "too-many-frames")):
            with self.subTest(name):
                answer = self.service.upload((name, picture(name)))
                document = self.assert_problem(answer, status, code)
                photo, = document["photos"]
                self.assertEqual(photo["name"], name)
                self.assertEqual(photo["error"]["code"], code)

    def test_a_name_does_not_decide(self):
        self.assert_taken(
            self.service.upload(("notes.txt", picture("rgb.png"))),
            201, "created")

    def test_an_empty_file(self):
        self.assert_problem(self.service.upload(("a.jpg", b"")), 415,
                            "unsupported-format")

    def test_a_form_without_a_file(self):
        body = (f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
                f'name="a"\r\n\r\nb\r\n--{BOUNDARY}--\r\n').encode()
        answer = self.service.request(
            "POST", "/upload", body,
            {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        self.assert_problem(answer, 400, "no-file")

    def test_a_form_without_a_boundary(self):
        answer = self.service.request(
            "POST", "/upload", b"whatever",
            {"Content-Type": "multipart/form-data"})
        self.assert_problem(answer, 400, "multipart-syntax")

    def test_limits_are_said_with_the_actual_value(self):
        def limit_of(answer, status, code):
            error = self.assert_problem(answer, status, code)
            return error["limit"], error["actual"]

        jpeg = picture("gray.jpg")
        large = jpeg + bytes(65536)
        self.assertEqual(
            limit_of(self.service.upload(("a.jpg", large)), 413,
                     "photo-too-large")[0], 65536)
        self.assertEqual(
            limit_of(self.service.upload(*[
                (f"{i}.jpg", variation(jpeg, i)) for i in range(4)]), 413,
                "too-many-files"), (3, 4))
        body, content_type = multipart([("a.jpg", bytes(300000))])
        self.assertEqual(
            limit_of(self.service.request("POST", "/upload", body,
                                          {"Content-Type": content_type}),
                     413, "body-too-large"), (262144, len(body)))

    def test_a_picture_over_the_limits_of_pixels(self):
        import io
        from PIL import Image
        for size, code, limit in (((401, 10), "side-too-long", 400),
                                  ((399, 398), "too-many-pixels", 150000)):
            with self.subTest(code):
                file = io.BytesIO()
                Image.new("RGB", size).save(file, "PNG")
                answer = self.service.upload(("a.png", file.getvalue()))
                document = self.assert_problem(answer, 422, code)
                self.assertEqual(document["limit"], limit)
                self.assertEqual(
                    document["actual"],
                    size[0] if limit == 400 else size[0] * size[1])

    def test_control_characters_of_a_name_stay_in_the_json(self):
        answer = self.service.upload(("a\x01\x1b[2J\tb.jpg",
                                      picture("progressive.jpg")))
        self.assert_taken(answer, 201, "created")

    def test_the_journal_has_one_line_with_nginxs_request_id(self):
        answer = self.service.upload(("n.txt", picture("notes.txt")))
        request = answer.headers["X-Request-Id"]
        line, = wait_until("its line", lambda: [
            line for line in self.service.journal()
            if line.get("request") == request])
        self.assertEqual(line["status"], 415)
        self.assertEqual(line["photos"][0]["code"], "unsupported-format")
        access, = wait_until("nginx's line", lambda: [
            line for line in self.service.access()
            if line["id"] == request])
        self.assertEqual((access["status"], access["method"]), (415, "POST"))

    def test_nothing_is_left_of_what_is_refused(self):
        self.service.upload(("half.png", picture("truncated.png")),
                            ("a.jpg", picture("gray.jpg") + bytes(65536)))
        self.assert_nothing_left()


class BrokenOff(ServiceCase):
    """A body that breaks off, at every interesting place."""

    settings = {"workers": 3}

    def body(self):
        return multipart([("a.jpg", picture("gray.jpg")),
                          ("b.png", picture("rgb.png"))])

    def params(self, body_length, content_type):
        return fastcgi.upload_params(body_length, content_type,
                                     self.service.prefix + "/upload")

    def places(self, body):
        """Around everything that the parser looks at, and in between."""
        marks = {0, len(body)}
        for text in (b"--" + BOUNDARY.encode(), b"\r\n\r\n", b"\r\n--",
                     b"filename", b"\xff\xd9", b"IEND"):
            marks |= {m.start() for m in re.finditer(re.escape(text), body)}
            marks |= {m.end() for m in re.finditer(re.escape(text), body)}
        marks |= set(range(0, len(body), 997))
        return sorted({mark + step for mark in marks for step in (-2, -1, 0, 1)
                       if 0 <= mark + step < len(body)})

    def assert_nothing_stored(self):
        self.assert_nothing_left()
        self.assertEqual(self.service.stored(), [])
        self.assertEqual(self.service.stored("public"), [])

    def test_at_the_socket_with_the_whole_length_announced(self):
        body, content_type = self.body()
        params = self.params(len(body), content_type)
        socket = self.service.run / "photo.sock"
        for place in self.places(body):
            for end in "stream", "half", "gone":
                answer = fastcgi.request(socket, params, body[:place], end)
                if answer is not None:
                    self.assertEqual(answer[0], 400, (place, end, answer))
                    self.assertEqual(json.loads(answer[1])["code"],
                                     "body-truncated", (place, end))
                elif end == "stream":
                    self.fail(f"no answer at {place}")
        self.assert_nothing_stored()

    def test_a_form_that_is_cut_although_its_length_is_right(self):
        body, content_type = self.body()
        whole = body.rindex(b"--") + 2
        socket = self.service.run / "photo.sock"
        for place in self.places(body):
            if place >= whole:
                continue
            answer = fastcgi.request(
                socket, self.params(place, content_type), body[:place])
            self.assertEqual(answer[0], 400, (place, answer))
        self.assert_nothing_stored()

    def test_through_nginx_nothing_arrives(self):
        import nginx
        body, content_type = self.body()
        head = (f"POST {self.service.prefix}/upload HTTP/1.1\r\nHost: x\r\n"
                f"Content-Type: {content_type}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        lines = len(self.service.journal())
        for place in self.places(body)[::7]:
            answer = nginx.raw(self.service.nginx.address,
                               head + body[:place])
            self.assertNotRegex(answer[:12], rb"HTTP/1.1 2", place)
        self.assert_nothing_stored()
        self.assertEqual(len(self.service.journal()), lines)

    def test_a_photo_that_is_cut_although_its_length_is_right(self):
        for name in "gray.jpg", "rgb.png", "still.gif", "lossy.webp":
            data = picture(name)
            for place in (0, 1, 3, 8, 20, 40, len(data) // 2, len(data) - 1):
                answer = self.service.request(
                    "PUT", "/upload", data[:place],
                    {"Content-Type": "application/octet-stream"})
                self.assertIn(answer.status, (400, 415, 422), (name, place))
        self.assert_nothing_stored()

    def test_lengths_that_lie_or_are_none(self):
        body, content_type = self.body()
        socket = self.service.run / "photo.sock"
        for length in "", "-1", "1e3", "99999999999999999999", " 5", "0":
            params = self.params(length, content_type)
            answer = fastcgi.request(socket, params, body)
            self.assertIn(answer[0], (400, 413), (length, answer))
        self.assert_nothing_stored()


class RefusalsUnderAPrefix(Refusals):
    settings = Refusals.settings | {"prefix": "/media"}


class BrokenOffUnderAPrefix(BrokenOff):
    settings = BrokenOff.settings | {"prefix": "/media"}
