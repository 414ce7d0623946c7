"""The contract, walked: each row of README's table of requests and each code
of fault.c's table of refusals has a case here, and each case a row or code."""

import errno
import hashlib
import json
import re
import socket
import struct
import subprocess
import time
import unittest

import fastcgi
import nginx
import shim
import test_processes
import test_tokens
from case import ID, PHOTO_KEYS, ServiceCase, opened
from service import (BOUNDARY, TOP, Service, multipart, picture, variation,
                     wait_until)
from test_release_route import Slots

FAULTS = (TOP / "fcgi-thumb" / "fault.c").read_text()
README = (TOP / "README.md").read_text()

# {code: (status, seconds of Retry-After, title)}
TABLE = {code: (int(status), int(retry), title)
         for code, status, retry, title in re.findall(
             r'\[FAULT_\w+\] = \{ "([a-z-]+)", (\d+), (\d+), UNIT_[A-Z]+,'
             r'\s+\{ EN\("([^"]*)",', FAULTS) if code != "none"}

# Codes that come with what was allowed, and most of them with what there was.
LIMITS = {"body-too-large", "photo-too-large", "too-many-files",
          "too-many-pixels", "side-too-long", "too-many-frames",
          "too-many-scans",
          "too-much-memory"}
LIMITS_ALONE = {"rate-limited"}


def readme_table(heading):
    """The lines of the table below this heading, in cells."""
    section = README.split(f"\n{heading}\n")[1].split("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")]
            for line in lines[1:]]


def rows():
    """What README's table of requests begins its rows with."""
    return [cells[0] for cells in readme_table("### HTTP contract")]


def case_of(name):
    """The row or code that a method is the case of."""
    def mark(method):
        method.case_of = name
        return method
    return mark


def cases(*classes):
    return [method.case_of for one in classes
            for name, method in vars(one).items()
            if name.startswith("test") and hasattr(method, "case_of")]


def photo_of(answer):
    photo, = json.loads(answer.body)["photos"]
    return photo


def fresh(mark, name="gray.jpg"):
    return variation(picture(name), mark)


class Requests(ServiceCase):
    """README's table of requests, row by row."""

    settings = {"presets": [
        {"name": "large", "width": 300, "height": 300,
         "formats": ["jpeg", "webp", "png"]},
        {"name": "square", "width": 80, "height": 80, "fit": "cover"}]}

    def created(self, mark):
        """A photo that this test alone has."""
        answer = self.service.upload(("a.jpg", fresh(f"{self.id()} {mark}")))
        return self.assert_taken(answer, 201, "created")["photos"][0]

    @case_of("`GET /`")
    def test_the_page(self):
        answer = self.service.get("/")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"],
                         "text/html; charset=utf-8")
        self.assertIn(b"<form", answer.body)
        korean = self.service.get("/", {"Accept-Language": "ko,en;q=0.5"})
        self.assertIn(b'<html lang="ko">', korean.body)
        self.assertIn("Accept-Language", korean.headers.get_all("Vary"))

    @case_of("`GET /mine`")
    def test_the_page_of_one_s_own_photos(self):
        answer = self.service.get("/mine")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"],
                         "text/html; charset=utf-8")
        self.assertIn(b'<html lang="en">', answer.body)

    @case_of("`POST /upload`, multipart/form-data")
    def test_a_form(self):
        data = [fresh(f"form {i}") for i in range(2)]
        parts = b"".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; '
            f'filename="{i}.jpg"\r\n\r\n'.encode() + data[i] + b"\r\n"
            for i, field in enumerate(("anything[]", "other")))
        body = parts + f"--{BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        document = self.assert_taken(
            self.service.request("POST", "/upload", body, headers),
            201, "created", "created")
        for photo, sent, name in zip(document["photos"], data,
                                     ("0.jpg", "1.jpg")):
            self.assertEqual(set(photo), PHOTO_KEYS)
            self.assertRegex(photo["id"], ID)
            self.assertEqual((photo["name"], photo["bytes"]),
                             (name, len(sent)))
            self.assert_served(photo)
        self.assertEqual(document["url"],
                         document["photos"][0]["variants"][0]["url"])
        self.assert_taken(
            self.service.request("POST", "/upload", body, headers),
            200, "exists", "exists")

    @case_of("`POST /upload` or `PUT /upload`, an image as the body")
    def test_an_image_as_the_body(self):
        for method in "POST", "PUT":
            with self.subTest(method):
                data = fresh(f"body {method}")
                photo, = self.assert_taken(
                    self.service.request(method, "/upload", data,
                                         {"Content-Type": "image/jpeg"}),
                    201, "created")["photos"]
                self.assertEqual(set(photo), PHOTO_KEYS - {"name"})
                self.assert_served(photo)
                self.assert_taken(
                    self.service.request(method, "/upload", data),
                    200, "exists")

    @case_of("the same with `Accept: text/html` first")
    def test_a_page_of_results(self):
        answer = self.service.upload(
            ("a.jpg", fresh("html")),
            headers={"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"})
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.headers["Content-Type"],
                         "text/html; charset=utf-8")
        self.assertRegex(answer.body.decode(), r'<img[^>]* src="[^"]*/t/')

    @case_of("`GET /t/<id>/<preset>.<ext>`")
    def test_a_thumbnail(self):
        photo = self.created("there")
        self.assert_served(photo)
        present = [variant["url"] for variant in photo["variants"]]
        self.assertEqual(len(present), 2)
        self.check_first(photo, "webp", "image/webp")
        self.check_first(photo, "png", "image/png")
        meta = json.loads(self.service.get(
            f"/t/{photo['id']}/meta.json").body)
        self.assertEqual(
            {variant["type"] for variant in meta["variants"]},
            {"image/jpeg", "image/webp", "image/png"})

    def check_first(self, photo, extension, media):
        """Made at its first request, a file from then on."""
        def lines():
            return len(self.service.journal())

        address = f"/t/{photo['id']}/large.{extension}"
        before = lines()
        first = self.service.get(address)
        self.assertEqual(first.status, 200, first.body)
        self.assertEqual(first.headers["Content-Type"], media)
        self.assertEqual(opened(first.body).size, (300, 200))
        wait_until("its line", lambda: lines() > before)
        made = lines()
        tag = first.headers["ETag"]
        again = self.service.get(address)
        self.assertEqual((again.status, again.body, again.headers["ETag"]),
                         (200, first.body, tag))
        head = self.service.request("HEAD", address)
        self.assertEqual((head.status, head.headers["ETag"]), (200, tag))
        part = self.service.get(address, {"Range": "bytes=2-9"})
        self.assertEqual((part.status, part.body), (206, first.body[2:10]))
        for condition in (("If-None-Match", tag), (
                "If-Modified-Since", first.headers["Last-Modified"])):
            same = self.service.get(address, dict([condition]))
            self.assertEqual(same.status, 304, condition)
        self.assertEqual(lines(), made)

    @case_of("`GET /t/<id>/<preset>`")
    def test_the_best_format(self):
        photo = self.created("negotiation")
        for accept, media in (
                (None, "image/jpeg"), ("*/*", "image/jpeg"),
                ("image/avif,image/webp,*/*;q=0.8", "image/webp"),
                ("image/avif,image/jpeg", "image/jpeg")):
            with self.subTest(accept):
                answer = self.service.get(
                    f"/t/{photo['id']}/large",
                    {"Accept": accept} if accept else {})
                self.assertEqual(answer.status, 200, answer.body)
                self.assertEqual(answer.headers["Content-Type"], media)
                self.assertEqual(opened(answer.body).size, (300, 200))
                self.assertIn("Accept", answer.headers["Vary"])
        self.assertEqual(
            self.service.get(f"/t/{photo['id']}/nothing").status, 404)

    @case_of("either of these with `?download`, or `&download` after another")
    def test_a_thumbnail_to_keep(self):
        photo = self.created("kept")
        url = photo["variants"][0]["url"]
        kept = self.service.get_url(url + "&download")
        self.assertEqual(kept.headers["Content-Disposition"],
                         'attachment; filename="large-%s.jpg"'
                         % photo["id"][:8])
        shown = self.service.get_url(url)
        self.assertNotIn("Content-Disposition", shown.headers)
        self.assertEqual(kept.body, shown.body)
        best = self.service.get(f"/t/{photo['id']}/square?download")
        self.assertEqual(best.headers["Content-Disposition"],
                         'attachment; filename="square-%s.jpg"'
                         % photo["id"][:8])

    @case_of("`GET /t/<id>/meta.json`")
    def test_the_manifest(self):
        photo = self.created("meta")
        answer = self.service.get(f"/t/{photo['id']}/meta.json")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.headers["Cache-Control"], "no-cache")
        for key in "name", "status", "timing_ms", "delete_token":
            photo.pop(key, None)
        self.assertEqual(json.loads(answer.body), photo)

    @case_of("`POST /photos/<id>/claims`")
    def test_a_claim_without_the_bytes(self):
        data = fresh("claims")
        photo = photo_of(self.service.upload(("a.jpg", data)))
        address = f"/photos/{photo['id']}/claims"
        digest = hashlib.sha256(data).hexdigest()

        def claim(sum, **headers):
            return self.service.request(
                "POST", address, json.dumps({"sha256": sum}).encode(),
                {"Content-Type": "application/json", **headers})

        answer = claim(digest)
        self.assertEqual(answer.status, 201, answer.body)
        token = json.loads(answer.body)["delete_token"]
        self.assertNotEqual(token, photo["delete_token"])
        wrong = digest[:-1] + ("0" if digest[-1] != "0" else "1")
        self.assert_problem(claim(wrong), 403, "token-invalid")
        self.assert_problem(claim(digest[:32]), 400, "bad-request")
        self.assertEqual(self.delete(photo["id"], photo["delete_token"]), 204)
        self.assert_served(photo)
        self.assertEqual(self.delete(photo["id"], token), 204)
        self.assert_gone(photo)

    def delete(self, photo, token):
        return self.service.request(
            "DELETE", f"/photos/{photo}", None,
            {"Authorization": f"Bearer {token}"}).status

    def assert_gone(self, photo):
        for variant in photo["variants"]:
            self.assert_problem(self.service.get_url(variant["url"]), 404,
                                "not-found")
        self.assert_problem(
            self.service.get(f"/t/{photo['id']}/meta.json"), 404, "not-found")
        self.assertNotIn(photo["id"], self.service.stored())
        self.assertNotIn(photo["id"], self.service.stored("public"))

    @case_of("`DELETE /photos/<id>`, `Authorization: Bearer <delete_token>`")
    def test_delete(self):
        data = fresh("delete")
        photo = photo_of(self.service.upload(("a.jpg", data)))
        other = photo_of(self.service.upload(("b.jpg", data)))
        self.assertEqual(other["status"], "exists")
        self.assertEqual(self.delete(photo["id"], "A" * 22), 403)
        self.assertEqual(self.delete(photo["id"], photo["delete_token"]), 204)
        self.assert_served(photo)
        self.assertEqual(self.delete(photo["id"], other["delete_token"]), 204)
        self.assert_gone(photo)
        self.assertIn(self.delete(photo["id"], other["delete_token"]),
                      (204, 404))

    @case_of("`DELETE /upload`, the answer of that upload as the body")
    def test_an_upload_is_taken_back(self):
        answer = self.service.upload(
            ("a.jpg", fresh("revert a")), ("b.txt", b"no photo"),
            ("c.jpg", fresh("revert c")))
        photos = [photo for photo in json.loads(answer.body)["photos"]
                  if "id" in photo]
        self.assertEqual(len(photos), 2)
        self.assert_problem(
            self.service.request("DELETE", "/upload", b"{}"), 400,
            "bad-request")
        for photo in photos:
            self.assert_served(photo)
        back = self.service.request("DELETE", "/upload", answer.body)
        self.assertEqual((back.status, back.body), (204, b""))
        for photo in photos:
            self.assert_gone(photo)

    @case_of("`GET /status`")
    def test_the_page_of_the_status(self):
        answer = self.service.get("/status")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"],
                         "text/html; charset=utf-8")
        self.assertIn(b"status.js", answer.body)

    @case_of("`GET /status.json`")
    def test_status(self):
        done = self.service.thumbctl("slo", "--publish")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        answer = self.service.get("/status.json")
        self.assertEqual((answer.status, answer.headers["Content-Type"]),
                         (200, "application/json"))
        # Nobody has looked yet.
        self.assertIsNone(json.loads(answer.body)["online"])

    @case_of("`GET /health/live`")
    def test_live(self):
        answer = self.service.get("/health/live")
        self.assertEqual((answer.status, json.loads(answer.body)),
                         (200, {"live": True}))

    @case_of("`GET /health/ready`")
    def test_ready(self):
        answer = self.service.get("/health/ready")
        self.assertEqual((answer.status, json.loads(answer.body)),
                         (200, {"ready": True}))

    @case_of("`GET /metrics`")
    def test_metrics(self):
        answer = self.service.get("/metrics")
        self.assertEqual((answer.status, answer.headers["Content-Type"]),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertIn(b"\nfcgi_thumb_ready 1\n", answer.body)


class RequestsOfSlots(unittest.TestCase):
    @case_of("`GET /metrics/blue`, `/metrics/green`")
    def test_metrics_of_each_slot(self):
        service = Slots().start()
        self.addCleanup(service.stop)
        for slot in "blue", "green":
            answer = service.get("/metrics/" + slot)
            self.assertEqual(answer.status, 200)
            self.assertIn(f',slot="{slot}"}} 1\n'.encode(), answer.body)


class Refused(unittest.TestCase):
    """What a refusal has to be like, and who stands behind some of them."""

    def start(self, service=None, **settings):
        self.service = (service or Service(**settings)).start()
        self.addCleanup(self.service.stop)
        return self.service

    def problem(self, code, document):
        """What stands in a problem document."""
        status, _, title = TABLE[code]
        self.assertEqual(
            {key: document[key]
             for key in ("type", "title", "status", "code", "error")},
            {"type": "about:blank", "title": title, "status": status,
             "code": code, "error": document.get("detail", title)})
        if code in LIMITS | LIMITS_ALONE:
            self.assertIsInstance(document["limit"], int)
        if code in LIMITS:
            self.assertGreater(document["actual"], document["limit"])
        return document

    def refused(self, answer, code):
        """A refusal through nginx; the document."""
        status, retry, _ = TABLE[code]
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["Content-Type"],
                         "application/problem+json")
        self.assertEqual(answer.headers.get_all("Cache-Control"),
                         ["no-store"])
        self.assertRegex(answer.headers["X-Request-Id"], "^[0-9a-f]{32}$")
        if status in (429, 503):
            self.assertEqual(answer.headers.get_all("Retry-After"),
                             [str(retry)])
            self.assertGreater(retry, 0)
        return self.problem(code, json.loads(answer.body))

    def refused_at_the_socket(self, answer, code):
        """A refusal where no nginx is."""
        self.assertEqual(answer[0], TABLE[code][0])
        return self.problem(code, json.loads(answer[1]))


class RequestsRefused(Refused):
    """By one service with small limits."""

    @classmethod
    def setUpClass(cls):
        cls.service = Service(limits={
            "photo": "64K", "request": "256K", "files": 3, "pixels": "150K",
            "side": 400, "frames": 3}).start()
        cls.addClassCleanup(cls.service.stop)

    def at_the_socket(self, params, body, end="stream"):
        return fastcgi.request(self.service.run / "photo.sock", params, body,
                               end)

    def upload(self, *photos):
        return self.service.upload(*photos)

    def form(self, body, boundary=f"; boundary={BOUNDARY}"):
        return self.service.request(
            "POST", "/upload", body,
            {"Content-Type": "multipart/form-data" + boundary})

    @case_of("bad-request")
    def test_bad_request(self):
        self.refused_at_the_socket(self.at_the_socket(
            fastcgi.upload_params("x", "image/jpeg"), b""), "bad-request")
        head, _, body = nginx.raw(
            self.service.nginx.address,
            b"GET / HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")
        self.assertIn(b" 400 ", head.splitlines()[0])
        self.assertIn(b"application/problem+json", head)
        self.problem("bad-request", json.loads(body))

    @case_of("multipart-syntax")
    def test_multipart_syntax(self):
        self.refused(self.form(b"whatever", ""), "multipart-syntax")

    @case_of("body-truncated")
    def test_body_truncated(self):
        body, content_type = multipart([("a.jpg", picture("gray.jpg"))])
        self.refused_at_the_socket(self.at_the_socket(
            fastcgi.upload_params(len(body), content_type), body[:-99]),
            "body-truncated")

    @case_of("no-file")
    def test_no_file(self):
        self.refused(self.form((
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n'
            f"\r\nb\r\n--{BOUNDARY}--\r\n").encode()), "no-file")

    @case_of("not-found")
    def test_not_found(self):
        for path in ("/nothing", f"/t/{'a' * 26}/large.jpg",
                     f"/t/{'a' * 26}/meta.json", "/t/x/large.jpg"):
            self.refused(self.service.get(path), "not-found")

    @case_of("method-not-allowed")
    def test_method_not_allowed(self):
        for method, path, allow in (
                ("PATCH", "/upload", "POST, PUT, DELETE"),
                ("POST", "/", "GET, HEAD"),
                ("PUT", "/health/live", "GET, HEAD"),
                ("POST", f"/t/{'a' * 26}/large.jpg", "GET, HEAD")):
            answer = self.service.request(method, path)
            self.refused(answer, "method-not-allowed")
            self.assertEqual(
                answer.headers["Allow"].removesuffix(", OPTIONS"), allow)

    @case_of("body-too-large")
    def test_body_too_large(self):
        body, content_type = multipart([("a.jpg", bytes(300000))])
        document = self.refused(self.service.request(
            "POST", "/upload", body, {"Content-Type": content_type}),
            "body-too-large")
        self.assertEqual((document["limit"], document["actual"]),
                         (256 << 10, len(body)))
        document = self.refused_at_the_socket(self.at_the_socket(
            fastcgi.upload_params(300000, "image/jpeg"), b""),
            "body-too-large")
        self.assertEqual(document["actual"], 300000)

    @case_of("photo-too-large")
    def test_photo_too_large(self):
        document = self.refused(self.upload(
            ("a.jpg", picture("gray.jpg") + bytes(65536))), "photo-too-large")
        self.assertEqual(document["limit"], 64 << 10)

    @case_of("too-many-files")
    def test_too_many_files(self):
        document = self.refused(self.upload(*[
            (f"{i}.jpg", fresh(i)) for i in range(4)]), "too-many-files")
        self.assertEqual((document["limit"], document["actual"]), (3, 4))

    @case_of("unsupported-format")
    def test_unsupported_format(self):
        for name in "notes.txt", "drawing.svg":
            document = self.refused(self.upload((name, picture(name))),
                                    "unsupported-format")
            photo, = document["photos"]
            self.assertEqual(photo["name"], name)
            self.assertEqual(photo["error"]["code"], "unsupported-format")

    @case_of("corrupt-image")
    def test_corrupt_image(self):
        self.refused(self.upload(("a.png", picture("truncated.png"))),
                     "corrupt-image")

    @case_of("too-many-pixels")
    def test_too_many_pixels(self):
        document = self.refused(self.upload(
            ("a.png", test_processes.slow_photo("pixels", (399, 398)))),
            "too-many-pixels")
        self.assertEqual((document["limit"], document["actual"]),
                         (150000, 399 * 398))

    @case_of("side-too-long")
    def test_side_too_long(self):
        document = self.refused(self.upload(
            ("a.png", test_processes.slow_photo("side", (10, 401)))),
            "side-too-long")
        self.assertEqual((document["limit"], document["actual"]), (400, 401))

    @case_of("too-many-scans")
    def test_too_many_scans(self):
        data = picture("progressive.jpg")
        empty = bytes.fromhex("ffda 0008 01 0100 013f 00")
        self.refused(self.service.upload(
            ("a.jpg", data[:-2] + 100 * empty + data[-2:])), "too-many-scans")

    @case_of("too-many-frames")
    def test_too_many_frames(self):
        for name in "animated.gif", "animated.webp":
            document = self.refused(self.upload((name, picture(name))),
                                    "too-many-frames")
            self.assertEqual((document["limit"], document["actual"]), (3, 4))


class ServiceRefused(Refused):
    """Each by a service that is in that state."""

    @case_of("token-invalid")
    def test_token_invalid(self):
        service = self.start(test_tokens.TokenService(test_tokens.NEW))
        data = picture("gray.jpg")
        self.refused(service.send(data), "token-invalid")
        self.refused(service.send(data, test_tokens.token(test_tokens.OLD)),
                     "token-invalid")
        answer = service.send(data, test_tokens.token(test_tokens.NEW))
        self.assertEqual(answer.status, 201)

    @case_of("token-expired")
    def test_token_expired(self):
        service = self.start(test_tokens.TokenService(test_tokens.NEW))
        self.refused(service.send(
            picture("gray.jpg"), test_tokens.token(test_tokens.NEW, -1)),
            "token-expired")

    @case_of("banned")
    def test_banned(self):
        service = self.start()
        data = picture("gray.jpg")
        photo = photo_of(service.upload(("a.jpg", data)))
        subprocess.run([nginx.THUMBCTL, "-c", service.settings_file, "ban",
                        photo["id"]], check=True, stdout=subprocess.DEVNULL)
        self.refused(service.upload(("a.jpg", data)), "banned")
        for variant in photo["variants"]:
            self.refused(service.get_url(variant["url"]), "not-found")

    @case_of("body-timeout")
    def test_body_timeout(self):
        service = self.start()
        params = fastcgi.upload_params(1000, "image/jpeg")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(service.run / "photo.sock"))
            text = b"".join(fastcgi.pair(*item) for item in params.items())
            connection.sendall(
                fastcgi.record(fastcgi.BEGIN_REQUEST, struct.pack(
                    "!HB5x", fastcgi.RESPONDER, 0)) +
                fastcgi.stream(fastcgi.PARAMS, text) +
                fastcgi.record(fastcgi.PARAMS, b"") +
                fastcgi.stream(fastcgi.STDIN, bytes(10)))
            self.refused_at_the_socket(fastcgi.answer(connection),
                                       "body-timeout")

    @case_of("too-much-memory")
    def test_too_much_memory(self):
        service = self.start(limits={"memory": "32M"})
        document = self.refused(service.upload(
            ("a.png", test_processes.slow_photo("memory"))),
            "too-much-memory")
        self.assertLessEqual(document["limit"], 32 << 20)

    @case_of("render-timeout")
    def test_render_timeout(self):
        service = self.start(limits={"job_seconds": 1}, engine="magick",
                             presets=test_processes.much_to_do(2000))
        self.refused(service.upload(("a.jpg", picture("orient-1.jpg"))),
                     "render-timeout")
        answer = service.upload(("a.txt", picture("notes.txt")))
        self.refused(answer, "unsupported-format")

    @case_of("poison")
    def test_poison(self):
        service = self.start(shim.ShimmedService())
        data = fresh("poison")
        for _ in range(2):
            service.order("die 11")
            self.refused(service.upload(("a.jpg", data)), "worker-lost")
        wait_until("both are counted", lambda:
                   "\t2\tpoison\t" in service.thumbctl(
                       "quarantine", "list").stdout)
        self.refused(service.upload(("a.jpg", data)), "poison")

    @case_of("rate-limited")
    def test_rate_limited(self):
        service = self.start(limits={"rate": "1/s"},
                             trusted_proxies=["127.0.0.1"])
        for _ in range(1000):
            answer = service.upload(
                ("a.txt", b"no photo"),
                headers={"X-Forwarded-For": "203.0.113.9"})
            if answer.status == 429:
                break
            self.refused(answer, "unsupported-format")
        document = self.refused(answer, "rate-limited")
        self.assertEqual(document["limit"], 1)

    @case_of("overloaded")
    def test_overloaded(self):
        service = self.start(limits={"queue_seconds": 1})
        body, content_type = multipart([("a.jpg", picture("gray.jpg"))])
        params = fastcgi.upload_params(len(body), content_type)
        params["QUEUE_MSEC"] = f"{time.time() - 3:.3f}"
        self.refused_at_the_socket(fastcgi.request(
            service.run / "photo.sock", params, body), "overloaded")
        service.master.stop()
        for method in "POST", "PUT":
            self.refused(service.request(method, "/upload", body),
                         "overloaded")
        self.refused(service.get("/health/ready"), "overloaded")

    @case_of("storage-full")
    def test_storage_full(self):
        service = self.start()
        photo = photo_of(service.upload(("a.jpg", picture("gray.jpg"))))
        for limits in ({"free": "1048576G"}, {"store": "1K", "free": "0"}):
            with self.subTest(limits):
                service.write_settings(limits=limits)
                service.hang_up()
                self.refused(service.upload(("b.jpg", fresh(limits))),
                             "storage-full")
                self.refused(service.get("/health/ready"), "storage-full")
                for variant in photo["variants"]:
                    self.assertEqual(
                        service.get_url(variant["url"]).status, 200)

    @case_of("offline")
    def test_offline(self):
        service = self.start(shim.ShimmedService())
        for error in errno.EIO, errno.EROFS:
            service.order(f"fail 1 {error}")
            self.refused(service.upload(("a.jpg", fresh(error))), "offline")
            self.assertEqual(
                service.upload(("a.jpg", fresh(error))).status, 201)

    @case_of("internal")
    def test_internal(self):
        service = self.start()
        aside = service.directory / "photos"
        (service.data / "photos").rename(aside)
        document = self.refused(
            service.upload(("a.jpg", picture("gray.jpg"))), "internal")
        self.assertNotIn(str(service.directory), json.dumps(document))
        aside.rename(service.data / "photos")
        self.assertEqual(
            service.upload(("a.jpg", picture("gray.jpg"))).status, 201)

    @case_of("worker-lost")
    def test_worker_lost(self):
        service = self.start(workers=2, limits={"job_seconds": 100})
        thread, box, pid = test_processes.Crashes.upload_until_busy(
            self, "a.png", test_processes.slow_photo("lost"))
        self.assertEqual(box, [], "it was ready before it was stopped")
        subprocess.run(["kill", "-KILL", str(pid)], check=True)
        thread.join()
        self.refused(box[0], "worker-lost")

    @case_of("too-slow")
    def test_too_slow(self):
        service = self.start(workers=1, limits={
            "queue_seconds": 1, "job_seconds": 1, "request_seconds": 1})
        pids = service.pids()
        for pid in pids:
            subprocess.run(["kill", "-STOP", str(pid)], check=True)
        try:
            answer = service.upload(("a.jpg", picture("gray.jpg")))
        finally:
            for pid in pids:
                subprocess.run(["kill", "-CONT", str(pid)], check=True)
        self.refused(answer, "too-slow")


class Complete(unittest.TestCase):
    """Nothing is left out, here or in README."""

    def test_every_row_of_the_contract_has_its_case(self):
        self.assertEqual(sorted(rows()),
                         sorted(cases(Requests, RequestsOfSlots)))

    def test_every_code_has_its_case(self):
        self.assertGreater(len(TABLE), 20)
        self.assertEqual(FAULTS.count("[FAULT_"), len(TABLE) + 1)
        self.assertEqual(sorted(TABLE),
                         sorted(cases(RequestsRefused, ServiceRefused)))

    def test_readme_has_every_code_with_its_status(self):
        said = {}
        for statuses, codes in readme_table("### Refusals"):
            codes = re.findall(r"`([a-z-]+)`", codes.split(":")[0])
            statuses = [int(status) for status in statuses.split(", ")]
            if len(statuses) == 1:
                statuses *= len(codes)
            said |= dict(zip(codes, statuses, strict=True))
        self.assertEqual(said, {code: row[0] for code, row in TABLE.items()})
