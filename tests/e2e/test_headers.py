"""What headers promise and what they cannot change: frames, policies, caches,
and a client's own claims of who and where it is."""

import json
import os
import re

from case import ServiceCase
from nginx import request
from nginx_site import ID, LIMIT, Site
from service import BOUNDARY, picture, variation
from test_upload import BROWSER

# What proxies and frameworks take for the truth, and this service does not.
CLAIMED = {
    "Host": "evil.example", "X-Forwarded-Host": "evil.example",
    "X-Host": "evil.example", "X-Forwarded-Server": "evil.example",
    "Forwarded": "for=127.0.0.1;host=evil.example;proto=https",
    "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/evil", "X-Script-Name": "/evil",
    "X-Original-URL": "/upload", "X-Rewrite-URL": "/upload",
    "X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE",
    "X-Accel-Redirect": "/upload", "X-Sendfile": "/etc/passwd",
    "X-Request-Id": "evil", "Request-Id": "evil", "X-Owner": "eve",
    "Thumb-Id": "../../x", "Thumb-Uri": "/evil", "Thumb-Owner": "eve",
    "THUMB_OWNER": "eve", "Proxy": "http://evil.example",
    "X-Real-Ip": "127.0.0.1", "Client-Ip": "127.0.0.1"}

# These differ from one answer to the next.
OWN = {"Date", "X-Request-Id", "Server-Timing"}


def fields(answer):
    return sorted((name, value) for name, value in answer.headers.items()
                  if name not in OWN)


class Nginx:
    def policy(self, answer):
        """The directives of the one policy of an answer."""
        policy, = answer.headers.get_all("Content-Security-Policy")
        self.assertNotRegex(policy, "unsafe|\\*|evil|http:|data:.*script")
        return dict(directive.split(None, 1) if " " in directive
                    else (directive, "")
                    for directive in policy.split("; "))

    def test_what_is_a_page_cannot_be_framed_and_runs_only_its_own(self):
        self.peer("photo", b"Status: 201\r\nContent-Type: text/html\r\n\r\n")
        page = {"Accept": "text/html"}
        for answer in (
                self.ask("GET", "/"), self.ask("GET", "/mine"),
                self.ask("GET", "/status"),
                self.ask("GET", "/upload.js"),
                self.ask("GET", "/icon.svg"), self.ask("GET", "/nothing"),
                self.ask("POST", "/upload", b"x", page),
                self.ask("POST", "/upload", bytes(LIMIT + 1), page),
                self.ask("PATCH", "/upload", b"x", page)):
            policy = self.policy(answer)
            self.assertEqual(policy["default-src"], "'self'")
            self.assertEqual(policy["frame-ancestors"], "'none'")
            self.assertEqual(policy["base-uri"], "'none'")
            self.assertEqual(policy["form-action"], "'self'")
            self.assertEqual(policy["object-src"], "'none'")
            self.assertNotIn("script-src", policy)
            self.check_safe(answer)

    def test_what_is_no_page_can_do_nothing(self):
        for target in (f"/t/{ID}/large.jpg", f"/t/{ID}/large",
                       f"/t/{ID}/meta.json", f"/t/{ID}/square.jpg?v=1",
                       f"/t/{ID}/large.webp"):
            answer = self.ask("GET", target)
            self.assertEqual(answer.status, 200)
            self.assertEqual(self.policy(answer),
                             {"default-src": "'none'", "sandbox": ""})
            self.check_safe(answer)

    def test_no_header_of_a_client_s_is_in_an_answer(self):
        for method, target in (
                ("GET", "/"), ("GET", f"/t/{ID}/large.jpg"),
                ("GET", f"/t/{ID}/large"), ("GET", f"/t/{ID}/meta.json"),
                ("GET", f"/t/{ID}/none.jpg"), ("GET", "/nothing"),
                ("GET", "/health/live"), ("PATCH", "/upload"),
                ("POST", "/upload"), ("DELETE", f"/photos/{ID}")):
            plain = self.ask(method, target, b"x")
            claimed = self.ask(method, target, b"x", CLAIMED)
            with self.subTest(f"{method} {target}"):
                self.assertEqual(claimed.status, plain.status)
                self.assertEqual(claimed.body, plain.body)
                self.assertEqual(fields(claimed), fields(plain))
                self.assertNotIn("evil", str(claimed.headers))

    def test_a_client_s_header_is_no_word_of_nginx_s(self):
        peer = self.peer("photo", b"Status: 201\r\n\r\n{}")
        self.ask("POST", "/upload", b"x", CLAIMED)
        self.assertEqual(peer.params["THUMB_OWNER"], "")
        self.assertEqual(peer.params["DOCUMENT_URI"], self.prefix + "/upload")
        self.assertEqual(peer.params["REQUEST_METHOD"], "POST")
        self.assertRegex(peer.params["REQUEST_ID"], "^[0-9a-f]{32}$")
        for name, value in peer.params.items():
            if not name.startswith("HTTP_"):
                self.assertNotIn("ev", value, name)


class AtTheTop(Nginx, Site):
    pass


class BelowAPrefix(Nginx, Site):
    prefix = "/media"

    def test_no_address_is_made_of_the_host_s_name(self):
        for target in "/media", "/media?//evil.example", "/media?a=%0d%0aX:1":
            answer = request(self.nginx.address, "GET", target,
                             headers=CLAIMED)
            self.assertEqual(answer.status, 301)
            self.assertRegex(answer.headers["Location"], r"^/media/(\?|\Z)")
            self.assertNotIn("X", answer.headers)


class Behind(ServiceCase):
    """With the workers."""

    settings = {"presets": [{"name": "large", "width": 100, "height": 100}]}

    def fresh(self):
        type(self).serial = getattr(self, "serial", 0) + 1
        return variation(picture("gray.jpg"), self.serial)

    def test_no_address_is_made_of_a_client_s_header(self):
        for accept in {}, BROWSER:
            answer = self.service.upload(("a.jpg", self.fresh()),
                                         headers={**CLAIMED, **accept})
            self.assertEqual(answer.status, 201)
            self.assertNotIn(b"evil", answer.body)
            self.assertNotIn(b"http", answer.body)
            self.assertNotIn("evil", str(answer.headers))

    def test_no_name_becomes_a_path_or_a_format(self):
        names = ["../../../../etc/passwd", "..\\..\\x.jpg", "/etc/passwd",
                 "msl:x.jpg", "@x", "|id", "x.jpg[0-9999]", "*", "-", "",
                 ".", "..", "%2e%2e%2fx", "..%252f..%252fx", "x.jpg%00.php",
                 "x.php", "CON", "a" * 5000, "ephemeral:/etc/passwd",
                 "text:/etc/passwd"]
        outside = sorted(os.listdir(self.service.directory))
        for form in 'filename="%s"', "filename*=UTF-8''%s":
            body = b""
            for name in names:
                body += (f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
                         f'name="{name[:99]}"; {form % name}'.encode()
                         + b"\r\n\r\n" + self.fresh() + b"\r\n")
            body += f"--{BOUNDARY}--\r\n".encode()
            answer = self.service.request(
                "POST", "/upload", body,
                {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
            self.assertEqual(answer.status, 201, answer.body)
            photos = json.loads(answer.body)["photos"]
            self.assertEqual({photo["status"] for photo in photos},
                             {"created"})
            for photo in photos:
                self.assertNotRegex(photo.get("name", ""), r"[/\\\0]")
        self.assertEqual(sorted(os.listdir(self.service.directory)), outside)
        wanted = re.compile(
            r"(photos|public)/[a-z2-7]{2}(/[a-z2-7]{26}(/("
            r"original\.jpg|sha256|claims(/[0-9a-f]{64})?|meta\.json|"
            r"large(\.[0-9a-f]{8})?\.jpg))?)?")
        for side in "photos", "public":
            for path in (self.service.data / side).rglob("*"):
                relative = str(path.relative_to(self.service.data))
                self.assertTrue(wanted.fullmatch(relative), relative)
