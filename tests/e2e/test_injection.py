"""Words of clients that try to become something else: a line of a log, a
header of an answer, a command to the terminal of who reads the log."""

import json
import socket

import fastcgi
from case import ServiceCase
from service import BOUNDARY, picture, wait_until

# What any answer to an upload may have.
HEADERS = {
    "Server", "Date", "Content-Type", "Content-Length", "Transfer-Encoding",
    "Connection", "Server-Timing", "X-Content-Type-Options",
    "Content-Security-Policy", "X-Request-Id", "Cache-Control", "Allow",
    "Retry-After"}

# Control characters, ends of lines, quotes, the beginning of an escape
# sequence in one byte and in two, turned text, and what is no UTF-8.
BYTES = (b"\r\nX-Injected: 1", b"\n{\"status\":200}", b"\x1b[2J", b"\x9b2J",
         b"\xc2\x9b2J", b"\xe2\x80\xae", b"\xff\xfe", b"\xc0\x80", b"\x7f",
         b"\"}", b"\\", b"%0d%0aX-Injected:1", b"%1b[2J", b"%00")


def speak(address, data):
    """One whole answer to bytes that need be no HTTP; b"" for none."""
    with socket.create_connection(address, 60) as s:
        s.sendall(data)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
    return answer


class Logs(ServiceCase):
    def lines(self, name, before, count):
        """The lines of a log beyond `before` bytes; each is printable ASCII,
        and so many are JSON."""
        path = self.service.logs / name

        def enough():
            lines = [line for line in path.read_bytes()[before:].split(b"\n")
                     if line.startswith(b"{")]
            return lines if len(lines) >= count else None

        lines = wait_until(f"{count} lines in {name}", enough)
        self.assertEqual(len(lines), count)
        for line in lines:
            self.assertRegex(line, rb"^[ -~]*\Z")
        return [json.loads(line) for line in lines]

    def size(self, name):
        return len((self.service.logs / name).read_bytes())

    def test_an_address_is_one_line_of_nginx_s(self):
        # nginx writes a line after the answer: those of the start are there
        # when this one is.
        told = self.service.get("/health/live").headers["X-Request-Id"]
        wait_until("its line", lambda: any(
            line["id"] == told for line in self.service.access()))
        before = self.size("access.log")
        taken = 0
        for piece in BYTES:
            for target in b"/t/" + piece, b"/upload?" + piece, b"/" + piece:
                answer = speak(self.service.nginx.address,
                               b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n"
                               b"Connection: close\r\n\r\n")
                self.assertNotIn(b"\nX-Injected", answer)
                taken += 1
        lines = self.lines("access.log", before, taken)
        uris = [line["uri"] for line in lines]
        self.assertIn("/t/...", uris)
        self.assertIn("/upload?%0d%0aX-Injected:1", uris)
        # 200: what ends the line early asks for / without a version.
        self.assertLessEqual({line["status"] for line in lines},
                             {200, 400, 404, 405})

    def test_a_header_is_in_no_log_and_no_answer(self):
        data = picture("notes.txt")
        before = self.size("fcgi-thumb.log")
        answered = 0
        for name in (b"Accept", b"Idempotency-Key", b"X-Owner", b"User-Agent",
                     b"Authorization", b"Content-Type", b"Cookie", b"Referer",
                     b"X-Request-Id", b"X-Forwarded-For"):
            for piece in BYTES:
                if piece.startswith((b"\r", b"\n")):
                    continue  # another header, of the client's own
                answer = speak(
                    self.service.nginx.address,
                    b"POST /upload HTTP/1.1\r\nHost: x\r\n"
                    b"Connection: close\r\nContent-Length: %d\r\n" % len(data)
                    + name + b": before" + piece + b"\r\n\r\n" + data)
                head, _, body = answer.partition(b"\r\n\r\n")
                self.assertRegex(head, rb"^HTTP/1.1 4[0-9][0-9] ", name)
                names = {line.partition(b":")[0].decode()
                         for line in head.split(b"\r\n")[1:]}
                self.assertLessEqual(names, HEADERS, (name, piece))
                self.assertNotIn(b"before", answer)
                answered += head.count(b"\r\nServer-Timing:")
        self.assertGreater(answered, 50)
        for line in self.lines("fcgi-thumb.log", before, answered):
            self.assertNotIn("before", json.dumps(line))

    def test_a_file_s_name_stays_in_the_body(self):
        before = self.size("fcgi-thumb.log")
        body = b""
        for i, piece in enumerate(BYTES):
            quoted = piece.replace(b"\\", b"\\\\").replace(b'"', b"%22")
            if b"\n" in piece:
                quoted = quoted.replace(b"\r", b"%0D").replace(b"\n", b"%0A")
            body += (b"--%s\r\nContent-Disposition: form-data; name=\"p\"; "
                     b"filename=\"n%d%s.jpg\"\r\n\r\nx\r\n" %
                     (BOUNDARY.encode(), i, quoted))
        body += f"--{BOUNDARY}--\r\n".encode()
        answer = self.service.request(
            "POST", "/upload", body,
            {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        document = self.assert_problem(answer, 415, "unsupported-format")
        self.assertLessEqual(set(answer.headers.keys()), HEADERS)
        self.assertEqual(len(document["photos"]), len(BYTES))
        for photo in document["photos"]:
            self.assertNotRegex(photo["name"], "[\0-\x1f\x7f-\x9f]")
        line, = self.lines("fcgi-thumb.log", before, 1)
        self.assertNotIn("name", json.dumps(line))

    def test_whoever_writes_to_the_socket_gets_one_line_too(self):
        before = self.size("fcgi-thumb.log")
        for piece in BYTES:
            text = piece.decode("latin-1")
            params = fastcgi.upload_params(1, "image/jpeg", text)
            params |= {"REQUEST_ID": text, "REMOTE_ADDR": text}
            answer = fastcgi.request(self.service.run / "photo.sock", params,
                                     b"x")
            self.assertEqual(answer[0], 415)
        for line in self.lines("fcgi-thumb.log", before, len(BYTES)):
            for key in "request", "address", "uri":
                self.assertTrue(line[key])

    def test_what_is_no_text_is_not_left_out(self):
        before = self.size("fcgi-thumb.log")
        params = fastcgi.upload_params(1, "image/jpeg")
        params["REQUEST_ID"] = b"a\xff\x80b"
        fastcgi.request(self.service.run / "photo.sock", params, b"x")
        line, = self.lines("fcgi-thumb.log", before, 1)
        self.assertEqual(line["request"], "a\ufffd\ufffdb")
