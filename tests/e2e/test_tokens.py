"""Uploads that need a token: through nginx, with the service's own verification
and the secret file as an operator keeps it."""

import base64
import hashlib
import hmac
import json
import pathlib
import signal
import subprocess
import time

from case import ServiceCase
from nginx import THUMBCTL
from service import (BOUNDARY, PROGRAM, Service, picture, variation,
                     wait_until)

FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
OLD = "the-old-secret-" + "0123456789abcdef" * 2
NEW = "the-new-secret-" + "fedcba9876543210" * 2


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(payload, secret):
    """A token of any payload (bytes)."""
    first = base64url(payload)
    mac = hmac.new(secret.encode(), first.encode(), hashlib.sha256)
    return first + "." + base64url(mac.digest())


def token(secret, seconds=60, **claims):
    return signed(json.dumps({"exp": int(time.time()) + seconds,
                              **claims}).encode(), secret)


def form(*parts):
    """A form of (name, text) and (name, data, file name) parts, in order."""
    body = b""
    for name, data, *filename in parts:
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; ' \
                f'name="{name}"'.encode()
        if filename:
            body += f'; filename="{filename[0]}"'.encode()
        body += b"\r\n\r\n"
        body += data if isinstance(data, bytes) else data.encode()
        body += b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


class TokenService(Service):
    """Its secrets are kept like an operator's, in a file beside the rest."""

    def __init__(self, *secrets):
        super().__init__(upload_auth="token")
        self.secret_file = self.directory / "upload-secret"
        self.write_settings(upload_secret=self.secret_file)
        self.keep(*secrets)

    def keep(self, *secrets):
        self.secret_file.touch(0o600)
        self.secret_file.write_text("".join(line + "\n" for line in secrets))

    def send(self, data, bearer=None, headers=(), path="/upload"):
        """A photo as the raw body."""
        headers = dict(headers)
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        return self.request("POST", path, data, headers)

    def send_form(self, *parts, headers=()):
        return self.request("POST", "/upload", form(*parts),
                            {**FORM, **dict(headers)})

    def everything_said(self):
        """All that the service and nginx have written but photos."""
        files = [self.errors_file, *self.logs.iterdir(),
                 *(self.directory / "nginx").rglob("*.log")]
        return "".join(path.read_text(errors="replace") for path in files
                       if path.exists())


class TokenCase(ServiceCase):
    secrets = [NEW]

    @classmethod
    def setUpClass(cls):
        cls.service = TokenService(*cls.secrets).start()
        cls.addClassCleanup(cls.service.stop)

    def fresh(self):
        type(self).serial = getattr(self, "serial", 0) + 1
        return variation(picture("gray.jpg"), self.serial)


class Uploads(TokenCase):
    def test_the_header_brings_a_photo_in(self):
        self.assert_taken(self.service.send(self.fresh(), token(NEW)), 201,
                          "created")

    def test_a_form_brings_it_before_or_after_its_files(self):
        for name in "before", "after", "header":
            with self.subTest(name):
                parts = [("photo", self.fresh(), "a.jpg")]
                field = ("token", token(NEW))
                headers = {}
                if name == "before":
                    parts.insert(0, field)
                elif name == "after":
                    parts.append(field)
                else:
                    headers["Authorization"] = "Bearer " + field[1]
                self.assert_taken(self.service.send_form(
                    *parts, headers=headers), 201, "created")

    def test_what_is_not_a_good_token_is_refused_before_any_pixel(self):
        good = token(NEW)
        at = len(good) // 2
        changed = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1:]
        cases = {
            "none": (None, "token-invalid", "Bearer TOKEN"),
            "empty": ("", "token-invalid", ""),
            "nonsense": ("abc", "token-invalid", "not an upload token"),
            "changed": (changed, "token-invalid", "signature"),
            "of another secret": (token(OLD), "token-invalid", "signature"),
            "expired": (token(NEW, -1), "token-expired", "good until 20"),
            "of no use": (signed(b'{"exp":"soon"}', NEW), "token-invalid",
                          '"exp"'),
        }
        decodes, stored = self.service.decodes(), self.service.stored()
        for name, (text, code, words) in cases.items():
            with self.subTest(name, sent="as a header"):
                problem = self.assert_problem(
                    self.service.send(self.fresh(), text), 403, code)
                self.assertIn(words, problem["detail"])
            with self.subTest(name, sent="in a form"):
                parts = [("photo", self.fresh(), "a.jpg")]
                if text is not None:
                    parts.append(("token", text))
                self.assert_problem(self.service.send_form(*parts), 403, code)
        self.assertEqual(self.service.decodes(), decodes)
        self.assertEqual(self.service.stored(), stored)
        self.assert_nothing_left()

    def test_an_address_brings_no_token(self):
        answer = self.service.send(self.fresh(),
                                   path="/upload?token=" + token(NEW))
        self.assert_problem(answer, 403, "token-invalid")

    def test_its_bytes_are_those_of_all_photos_together(self):
        one, two = self.fresh(), self.fresh()
        size = len(one) + len(two)
        parts = [("photo", one, "a.jpg"), ("photo", two, "b.jpg")]
        enough = ("token", token(NEW, max=size))
        scarce = ("token", token(NEW, max=size - 1))
        problem = self.assert_problem(
            self.service.send_form(*parts, scarce), 413, "body-too-large")
        self.assertEqual((problem["limit"], problem["actual"]),
                         (size - 1, size))
        self.assert_taken(self.service.send_form(*parts, enough), 201,
                          "created", "created")

    def test_a_raw_body_over_its_bytes_is_refused_by_its_length(self):
        data = self.fresh()
        problem = self.assert_problem(
            self.service.send(data, token(NEW, max=len(data) - 1)), 413,
            "body-too-large")
        self.assertEqual((problem["limit"], problem["actual"]),
                         (len(data) - 1, len(data)))
        self.assert_taken(
            self.service.send(data, token(NEW, max=len(data))), 201,
            "created")

    def test_the_tool_makes_one(self):
        made = subprocess.run(
            [THUMBCTL, "-c", self.service.settings_file, "token", "--expires",
             "10m", "--max-bytes", "8M", "--owner", "alice"],
            check=True, capture_output=True, text=True).stdout
        self.assertEqual(made.count("\n"), 1)
        payload = made.partition(".")[0]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        self.assertEqual((claims["owner"], claims["max"]), ("alice", 8 << 20))
        self.assertAlmostEqual(claims["exp"], time.time() + 600, delta=60)
        self.assertEqual(made.strip(), signed(
            json.dumps(claims, separators=(",", ":")).encode(), NEW))
        self.assert_taken(self.service.send(self.fresh(), made.strip()), 201,
                          "created")

    def test_wrong_terms_refuse_the_upload(self):
        good = token(NEW)
        for path, headers in (("/upload?expires=tomorrow", {}),
                              ("/upload?expires=2001-01-01T00:00:00Z", {}),
                              ("/upload", {"Idempotency-Key": "short"})):
            with self.subTest(path, headers=headers):
                self.assert_problem(
                    self.service.send(self.fresh(), good, headers, path),
                    400, "bad-request")
        self.assert_problem(self.service.send_form(
            ("photo", self.fresh(), "a.jpg"), ("expires", "never"),
            ("token", good)), 400, "bad-request")
        self.assert_taken(
            self.service.send(self.fresh(), good,
                              {"Idempotency-Key": "0123456789abcdefghijkl"},
                              "/upload?expires=30d"), 201, "created")

    def test_no_log_has_a_token_or_a_secret(self):
        expired = token(NEW, -1, owner="bob")
        foreign = token(OLD, owner="bob")
        good = token(NEW, owner="bob")
        for text in expired, foreign, good:
            self.service.send(self.fresh(), text)
            self.service.send_form(("token", text),
                                   ("photo", self.fresh(), "a.jpg"))
        lines = len(self.service.journal())
        said = self.service.everything_said()
        self.assertGreater(lines, 5)
        self.assertIn("token-expired", said)
        for private in (NEW, OLD, good, expired, foreign, "Bearer",
                        good.partition(".")[0], good.partition(".")[2]):
            self.assertNotIn(private, said)


    def test_no_log_and_no_file_has_a_delete_token_or_a_key(self):
        service, data = self.service, self.fresh()
        key = "key-of-an-upload-0123456789"
        headers = {"Idempotency-Key": key}
        answer = service.send(data, token(NEW), headers)
        photo, = self.assert_taken(answer, 201, "created")["photos"]
        mine, whole = photo["delete_token"], hashlib.sha256(data).hexdigest()
        other = "a" * 25 + "q"
        self.assert_problem(service.send(data, token(OLD), headers), 403,
                            "token-invalid")
        for bad in "short-key", key * 20:
            self.assert_problem(
                service.send(data, token(NEW), {"Idempotency-Key": bad}), 400,
                "bad-request")

        def drop(bearer):
            return service.request("DELETE", f"/photos/{photo['id']}", None, {
                "Authorization": "Bearer " + bearer}).status

        claimed = service.request(
            "POST", f"/photos/{photo['id']}/claims", whole.encode(),
            {"Authorization": "Bearer " + token(NEW), **headers})
        self.assertEqual((claimed.status, drop(other)), (201, 403))
        again = service.request(
            "POST", f"/photos/{photo['id']}/claims", whole.encode(),
            {"Authorization": "Bearer " + token(NEW)})
        third = json.loads(again.body)["delete_token"]
        stored = b"".join(
            path.name.encode() + b" " + path.read_bytes()
            for path in service.data.rglob("*")
            if path.is_file() and "magick" not in path.parts)
        told = service.thumbctl("show", photo["id"]).stdout \
            + service.thumbctl("list").stdout + service.thumbctl(
                "doctor").stdout
        self.assertEqual(service.request(
            "DELETE", "/upload", answer.body).status, 204)
        self.assertEqual(drop(third), 204)
        self.assertEqual(drop(mine), 404)
        said = service.everything_said()
        for private in key, "short-key", mine, other, third, whole, NEW, OLD:
            self.assertNotIn(private, said)
            self.assertNotIn(private, told)
            if private != whole:  # it lies beside the original
                self.assertNotIn(private.encode(), stored)


class Rotation(TokenCase):
    secrets = ["# of last year", OLD]

    def status(self, secret):
        return self.service.send(self.fresh(), token(secret)).status

    def assert_kept(self, words):
        """A SIGHUP changes nothing, and the log says why."""
        before = self.service.words().count("the old settings stay in force")
        self.service.master.signal(signal.SIGHUP)
        wait_until("the old settings stay", lambda: self.service.words().count(
            "the old settings stay in force") > before)
        said = self.service.words()
        self.assertIn(words, said)
        self.assertNotIn("secret-0", said)
        self.assertNotIn("secret-f", said)

    def test_a_new_secret_comes_and_the_old_one_goes(self):
        self.assertEqual((self.status(OLD), self.status(NEW)), (201, 403))
        self.service.keep(NEW, OLD)
        self.service.hang_up()
        self.assertEqual((self.status(OLD), self.status(NEW)), (201, 201))

        # What an operator does wrong leaves both in force.
        self.service.secret_file.chmod(0o644)
        self.assert_kept("mode 0644")
        self.service.secret_file.chmod(0o600)
        self.service.keep(NEW, "too-short")
        self.assert_kept("upload-secret:2: ")
        self.service.secret_file.unlink()
        self.assert_kept("No such file")
        self.assertEqual((self.status(OLD), self.status(NEW)), (201, 201))

        # Replaced workers know the secrets of their generation.
        for pid in self.service.master.workers():
            subprocess.run(["kill", "-KILL", str(pid)], check=True)
        self.service.wait_ready()
        self.assertEqual(self.status(OLD), 201)

        self.service.keep(NEW)
        self.service.hang_up()
        self.assertEqual((self.status(OLD), self.status(NEW)), (403, 201))


class Start(TokenCase):
    @classmethod
    def setUpClass(cls):
        cls.service = TokenService(NEW)
        cls.addClassCleanup(cls.service.stop)

    def said(self, *options):
        """(exit status, words) of a start that ends by itself."""
        done = subprocess.run(
            [PROGRAM, *options, "-c", self.service.settings_file],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60)
        return done.returncode, done.stderr

    def test_no_start_without_a_private_secret(self):
        path = self.service.secret_file
        cases = {
            "open to others": (lambda: path.chmod(0o640), "chmod 600"),
            "too short": (lambda: path.write_text("0123456789\n"), ":1: "),
            "empty": (lambda: path.write_text("#\n"), "no secret in it"),
            "missing": (path.unlink, "No such file"),
        }
        for name, (spoil, words) in cases.items():
            with self.subTest(name):
                self.service.keep(NEW)
                path.chmod(0o600)
                self.assertEqual(self.said("-t"), (0, ""))
                spoil()
                status, said = self.said("-t")
                self.assertEqual(status, 78)
                self.assertEqual(said.count("\n"), 1)
                self.assertIn(f"upload_secret: {path}", said)
                self.assertIn(words, said)
                status, said = self.said()
                self.assertEqual(status, 1)
                self.assertIn("cannot start: upload_secret: ", said)
                self.assertIn(words, said)
        self.assertFalse(list(pathlib.Path(self.service.run).iterdir()))
