"""Who may write to the service's sockets, and speaks FastCGI as no web server
does. What nginx checks is checked there again."""

import json
import os
import re
import socket
import stat
import struct

import fastcgi
from case import ServiceCase, address_space
from service import Service, multipart, picture, wait_until

# What is no length, or none that is taken.
LENGTHS = ("", "-1", "-0", "+5", " 5", "5 ", "5,5", "5\n", "0x10", "1e3", "5.",
           "\uff15", "9223372036854775808", "18446744073709551615",
           "18446744073709551616", "18446744073709551621", "9" * 400,
           "5" + " " * 100000)


class Asked(ServiceCase):
    settings = {"workers": 1}

    def setUp(self):
        self.body, self.type = multipart([("a.jpg", picture("gray.jpg"))])
        self.params = fastcgi.upload_params(len(self.body), self.type)
        self.pids = set(self.service.pids())

    def ask(self, params, body=None, name="photo.sock", **more):
        """(status, document) or None."""
        answer = fastcgi.request(self.service.run / name, params,
                                 self.body if body is None else body, **more)
        if answer is None:
            return None
        status, body = answer
        return status, json.loads(body) if body else {}

    def assert_nobody_died(self):
        self.assertEqual(set(self.service.pids()), self.pids)

    def files(self):
        """All of the store, but what workers do for themselves."""
        return sorted(str(path) for side in ("photos", "public", "quarantine",
                                             "trash")
                      for path in (self.service.data / side).rglob("*"))

    def test_only_a_responder_is_one(self):
        said = {**self.params, "FCGI_ROLE": "RESPONDER"}
        for role in 0, 2, 3, 4, 65535:
            for params in self.params, said:
                self.assertIsNone(self.ask(params, role=role), role)
        self.assertEqual(self.ask(said)[0] // 100, 2)
        self.assert_nobody_died()

    def test_a_length_is_a_number_of_bytes_that_are_taken(self):
        before = self.files()
        for text in LENGTHS:
            for name, method, uri in (
                    ("photo.sock", "POST", "/upload"),
                    ("control.sock", "DELETE", "/upload"),
                    ("control.sock", "POST", f"/photos/{'a' * 26}/claims")):
                with self.subTest(text[:20], uri=uri, method=method):
                    status, document = self.ask(
                        {**self.params, "CONTENT_LENGTH": text,
                         "REQUEST_METHOD": method, "DOCUMENT_URI": uri},
                        name=name)
                    self.assertIn((status, document["code"]), (
                        (400, "bad-request"), (413, "body-too-large")))
        self.assertEqual(self.files(), before)
        self.assert_nobody_died()

    def test_two_lengths_are_none(self):
        before = self.files()
        pairs = list(self.params.items())
        right = ("CONTENT_LENGTH", str(len(self.body)))
        for other in ("CONTENT_LENGTH", "5"), ("CONTENT_LENGTH=5", ""), right:
            for params in [other, *pairs], [*pairs, other]:
                status, document = self.ask(params)
                self.assertEqual((status, document["code"]),
                                 (400, "bad-request"))
        self.assertEqual(self.files(), before)

    def test_long_and_many_parameters_are_only_that(self):
        much = "a" * 1000000
        for name, value in (
                ("HTTP_ACCEPT", much), ("HTTP_COOKIE", much), (much, ""),
                ("REQUEST_ID", much), ("REMOTE_ADDR", much), ("", "x"),
                ("=", "="), ("QUEUE_MSEC", much)):
            with self.subTest(name[:20]):
                status, _ = self.ask({**self.params, name: value})
                self.assertEqual(status // 100, 2)
        for name, value in (
                ("HTTP_IDEMPOTENCY_KEY", much),
                ("CONTENT_TYPE", "multipart/form-data; boundary=" + much),
                ("QUERY_STRING", "expires=" + much),
                ("REQUEST_METHOD", much)):
            with self.subTest(name):
                status, _ = self.ask({**self.params, name: value})
                self.assertIn(status, (400, 405))
        many = {f"X{i}": "" for i in range(20000)}
        self.assertEqual(self.ask({**many, **self.params})[0] // 100, 2)
        for line in self.service.log().splitlines():
            self.assertLess(len(line), 20000)
        self.assert_nobody_died()

    def test_a_length_without_its_parameter_is_no_request(self):
        for head in (b"\xff" * 8, b"\x7f\x7f", b"\x80\x00\x00\x00" * 2,
                     b"\xff\xff\xff\xff\x01a", b"\x01\xff\xff\xff\xffa"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(30)
                connection.connect(str(self.service.run / "photo.sock"))
                connection.sendall(
                    fastcgi.record(fastcgi.BEGIN_REQUEST,
                                   struct.pack("!HB5x", 1, 0))
                    + fastcgi.record(fastcgi.PARAMS, head)
                    + fastcgi.record(fastcgi.PARAMS, b"")
                    + fastcgi.record(fastcgi.STDIN, b""))
                connection.shutdown(socket.SHUT_WR)
                answer = fastcgi.answer(connection)
            self.assertIn(answer and answer[0], (None, 400, 405), head)
        self.assert_nobody_died()

    def test_a_first_render_is_of_a_photo_a_preset_and_a_format(self):
        status, document = self.ask(self.params)
        photo = document["photos"][0]["id"]
        good = {"REQUEST_METHOD": "GET", "DOCUMENT_URI": "/render",
                "THUMB_ID": photo, "THUMB_PRESET": "large",
                "THUMB_EXT": "webp", "THUMB_URI": f"/t/{photo}/large.webp?v="}
        before = self.files()
        for change in (
                {"THUMB_ID": "../" + photo}, {"THUMB_ID": photo.upper()},
                {"THUMB_ID": photo + "/"}, {"THUMB_ID": photo[:-1]},
                {"THUMB_ID": photo[:-1] + "b"}, {"THUMB_ID": ".." * 13},
                {"THUMB_ID": photo[:2] + "/" + photo},
                {"THUMB_PRESET": ""}, {"THUMB_PRESET": "../large"},
                {"THUMB_PRESET": "large."}, {"THUMB_PRESET": "Large"},
                {"THUMB_EXT": ""}, {"THUMB_EXT": "txt"},
                {"THUMB_EXT": "webp/.."}, {"THUMB_EXT": "jpg\n"},
                {"THUMB_URI": ""}, {"THUMB_URI": "/etc/passwd"},
                {"THUMB_URI": "//evil.example/t/"},
                {"THUMB_URI": "https://evil.example/t/"},
                {"THUMB_URI": "/t/a\r\nX-Injected: 1"},
                {"THUMB_URI": "/t/a\nX-Injected: 1"},
                {"THUMB_URI": "/t/%2e%2e/upload"},
                {"THUMB_URI": "/t/" + "a" * 5000}):
            with self.subTest(**change):
                self.assertEqual(self.ask({**good, **change}, b"")[0], 404)
        for method in "POST", "DELETE", "", "GETX":
            self.assertEqual(
                self.ask({**good, "REQUEST_METHOD": method}, b"")[0], 405)
        self.assertEqual(self.files(), before)
        self.assertEqual(self.ask(good, b"")[0], 200)
        self.assertEqual(len(self.files()), len(before) + 2)

    def test_a_claim_s_address_is_of_one_form(self):
        status, document = self.ask(self.params)
        photo = document["photos"][0]
        for uri in (f"/photos/../{photo['id']}", f"//photos/{photo['id']}",
                    f"/photos//{photo['id']}", f"/photos/{photo['id']}/",
                    f"/photos/{photo['id']}%00", f"/photos/{photo['id']}\n",
                    f"/photos/{photo['id'].upper()}", "/photos/" + "." * 26,
                    f"/x/photos/{photo['id']}", "/photos/",
                    f"/photos/{photo['id']}/claims/..", "", "/", "/upload/"):
            with self.subTest(uri):
                answer = self.ask(
                    {"REQUEST_METHOD": "DELETE", "DOCUMENT_URI": uri,
                     "HTTP_AUTHORIZATION": "Bearer " + photo["delete_token"]},
                    b"", "control.sock")
                self.assertEqual(answer[0], 404)
        for token in ("", "../stays", "stays", "-", ".", "../../original.jpg",
                      photo["delete_token"].upper(),
                      photo["delete_token"] + "a",
                      photo["delete_token"][:-1], "a" * 100000):
            with self.subTest(token[:30]):
                answer = self.ask(
                    {"REQUEST_METHOD": "DELETE",
                     "DOCUMENT_URI": f"/photos/{photo['id']}",
                     "HTTP_AUTHORIZATION": "Bearer " + token},
                    b"", "control.sock")
                self.assertEqual((answer[0], answer[1]["code"]),
                                 (403, "token-invalid"))
        self.assertIn(photo["id"], self.service.stored())


class Owned(ServiceCase):
    settings = {"upload_auth": "request", "auth_request": "/auth"}

    def test_an_owner_is_text_on_the_operator_s_terminal(self):
        data, told = picture("gray.jpg"), ""
        for number, owner in enumerate((
                b"\x1b[2Jx", b"a\nclaim\troot\t-\t-", b"\x9b2Jx",
                b"\xc2\x9b2Jx", b"\rx", b"\x08x", b"\x07", b"\x7f", b"\xff",
                b"%s%n%d", b"\x1b]0;title\x07", b"-")):
            params = fastcgi.upload_params(0, "image/jpeg")
            body = data[:2] + b"\xff\xfe\0\x04" + b"%02d" % number + data[2:]
            params |= {"THUMB_OWNER": owner, "CONTENT_LENGTH": str(len(body))}
            status, document = fastcgi.request(
                self.service.run / "photo.sock", params, body)
            self.assertEqual(status, 201)
            photo = json.loads(document)["photos"][0]["id"]
            told += self.service.thumbctl("show", photo).stdout
            self.assertEqual(told.count("\nclaim\t"), number + 1)
        listed = self.service.thumbctl("list").stdout
        self.assertEqual(listed.count("\n"), number + 2)
        for line in listed.splitlines():
            self.assertEqual(line.count("\t"), 7, line)
        for text in told, listed:
            self.assertNotRegex(text, "[\0-\x08\x0b-\x1f\x7f-\x9f]")
        self.assertIn("%s%n%d", listed)


class Flooded(ServiceCase):
    settings = {"workers": 1, "limits": {"memory": "128M"}}

    def test_parameters_without_end_cost_one_worker(self):
        pid, = self.service.master.workers()
        most = address_space(pid)
        piece = fastcgi.stream(fastcgi.PARAMS,
                               fastcgi.pair("A", "x" * 50000)) * 20
        sent = 0
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(self.service.run / "photo.sock"))
            connection.sendall(fastcgi.record(fastcgi.BEGIN_REQUEST,
                                              struct.pack("!HB5x", 1, 0)))
            with self.assertRaises(OSError):
                while sent < 2 * most:
                    connection.sendall(piece)
                    sent += len(piece)
        self.assertLess(sent, most)
        wait_until("it is counted", lambda: re.search(
            rf"photo worker {pid} was killed by signal 6 .* in phase idle",
            self.service.words()))
        wait_until("another one", self.service.is_ready)
        self.assert_taken(self.service.upload(("a.jpg", picture("gray.jpg"))),
                          201, "created")
        self.assertEqual(
            self.service.thumbctl("quarantine", "list").stdout, "")


class WithoutAMask(ServiceCase):
    """Started by somebody who masks no rights."""

    @classmethod
    def setUpClass(cls):
        cls.service = Service(
            wrapper=["sh", "-c", 'umask 0; exec "$@"', "sh"]).start()
        cls.addClassCleanup(cls.service.stop)

    def test_nobody_else_may_write_or_read_what_is_private(self):
        service = self.service
        photo = self.assert_taken(
            service.upload(("a.jpg", picture("gray.jpg"))), 201,
            "created")["photos"][0]
        service.get(f"/t/{photo['id']}/large.webp")
        service.request("POST", "/upload?expires=30d", picture("rgb.png"))
        service.thumbctl("ban", "a" * 26)
        found = 0
        for top in service.data, service.run, service.logs / "fcgi-thumb.log":
            for path in (top, *top.rglob("*")):
                mode = os.lstat(path).st_mode
                if path.suffix == ".sock":  # socket_mode
                    self.assertEqual(stat.S_IMODE(mode), 0o660)
                    continue
                self.assertEqual(mode & 0o022, 0, path)
                found += 1
        private = [service.logs / "fcgi-thumb.log"]
        for entry in service.data.iterdir():
            # nginx serves these two.
            if entry.name not in ("public", "status"):
                private.append(entry)
                self.assertTrue(entry.is_dir(), entry)
        for path in private:
            self.assertEqual(os.lstat(path).st_mode & 0o007, 0, path)
        self.assertGreater(found, 2048)
