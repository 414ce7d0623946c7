"""What a client may write to the web server's port: whole requests, byte by
byte, and the answer that each has to get."""

import struct

from pictures import CORRUPT, DATA, TAKEN, UNSUPPORTED, png

CASES = DATA.parent / "cases"
BOUNDARY = b"AaB03x"
FORM = b"multipart/form-data; boundary=" + BOUNDARY
MIB = 1 << 20

SYNTAX = 400, "multipart-syntax"
CUT = 400, "body-truncated"
BAD = 400, "bad-request"
NO_FILE = 400, "no-file"
LARGE = 413, "body-too-large"
MANY = 413, "too-many-files"
NO_METHOD = 405, "method-not-allowed"
NOWHERE = 404, "not-found"
SILENT = 0, None  # the connection is closed


class Body:
    """half: the client sends no more, and closes its side."""

    def __init__(self, name, data, answer, half=False):
        self.name = name
        self.data = data
        self.status, self.code = answer
        self.answers = answer,
        self.half = half or answer is SILENT


def request(body=b"", *headers, method=b"POST", path=b"/upload", length=None,
            version=b"1.1"):
    """With a Content-Length of its own; length=False: without one."""
    lines = [b"%s %s HTTP/%s" % (method, path, version), b"Host: x",
             b"Connection: close", *headers]
    if length is not False:
        lines.append(b"Content-Length: %d" %
                     (len(body) if length is None else length))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def part(data, name=b"a.jpg", *headers):
    return (b'Content-Disposition: form-data; name="f"; filename="' + name +
            b'"' + b"".join(b"\r\n" + each for each in headers) +
            b"\r\n\r\n" + data)


def form(*parts, boundary=BOUNDARY, end=b"--\r\n"):
    return b"".join(b"--" + boundary + b"\r\n" + each + b"\r\n"
                    for each in parts) + b"--" + boundary + end


def send(body, kind=FORM, *headers, **how):
    return request(body, b"Content-Type: " + kind, *headers, **how)


def chunked(*pieces, end=b"0\r\n\r\n"):
    return b"".join(b"%x\r\n" % len(piece) + piece + b"\r\n"
                    for piece in pieces) + end


def as_chunks(data, **how):
    return send(data, FORM, b"Transfer-Encoding: chunked", length=False, **how)


def good(mark):
    """A photo of its own."""
    return png(size=(16, 17 + mark))


def shared_cases():
    """Forms that the unit tests of the parser know as well: parts of text."""
    answers = {"multipart-syntax": SYNTAX, "body-truncated": CUT,
               "no-file": NO_FILE, "too-many-files": MANY, "ok": UNSUPPORTED}
    for path in sorted(CASES.iterdir()):
        name, code, _ = path.name.split(".")
        kind, _, body = path.read_bytes().partition(b"\n")
        yield Body(name, send(body, kind), answers[code])


def lengths():
    whole = form(part(b"x"))
    for name, length, answer in (
            ("shorter-by-1", len(whole) - 5, CUT),
            ("of-0", 0, CUT),
            ("longer-by-1", len(whole) + 1, SILENT),
            ("longer-by-a-megabyte", len(whole) + MIB, SILENT),
            ("beyond-the-limit", 1 << 40, LARGE)):
        yield Body(f"length-{name}", send(whole, length=length), answer)
    yield Body("length-beyond-the-limit-and-gone", send(whole, length=1 << 40),
               LARGE, half=True)
    for name, text in (("negative", b"-1"), ("of-2-64", b"1" + b"9" * 19),
                       ("hexadecimal", b"0x10"), ("of-letters", b"many"),
                       ("of-nothing", b""), ("of-two", b"5, 5"),
                       ("signed", b"+5"), ("with-a-point", b"5.0")):
        yield Body(f"length-{name}", send(
            whole, FORM, b"Content-Length: " + text, length=False), BAD)
    yield Body("length-missing", send(whole, length=False), BAD)
    yield Body("length-twice", send(
        whole, FORM, b"Content-Length: 5"), BAD)
    yield Body("length-and-chunks", send(
        chunked(whole), FORM, b"Transfer-Encoding: chunked"), BAD)


def chunks():
    whole = form(part(b"x"))
    yield Body("chunks-of-1", as_chunks(chunked(
        *[bytes([byte]) for byte in whole])), UNSUPPORTED)
    yield Body("chunks-with-a-photo", as_chunks(chunked(
        form(part(good(0))))), TAKEN)
    yield Body("chunks-without-an-end", as_chunks(chunked(whole, end=b"")),
               SILENT)
    yield Body("chunks-cut", as_chunks(chunked(whole)[:-20]), SILENT)
    yield Body("chunk-of-2-64", as_chunks(b"ffffffffffffffffff\r\nx"), BAD)
    yield Body("chunk-of-2-60", as_chunks(b"fffffffffffffff\r\nx"), BAD)
    yield Body("chunk-negative", as_chunks(b"-5\r\nabcde\r\n0\r\n\r\n"), BAD)
    yield Body("chunk-of-letters", as_chunks(b"xyz\r\nabc\r\n"), BAD)
    yield Body("chunk-longer-than-said", as_chunks(
        b"3\r\nabcdefgh\r\n0\r\n\r\n"), BAD)
    yield Body("chunk-extensions", as_chunks(
        b"%x;a=b\r\n" % len(whole) + whole + b"\r\n0\r\n\r\n"), UNSUPPORTED)
    yield Body("transfer-encoding-unknown", send(
        whole, FORM, b"Transfer-Encoding: gzip, chunked", length=False), BAD)
    yield Body("chunks-of-http-1.0", as_chunks(chunked(whole),
                                               version=b"1.0"), BAD)


def forms():
    yield Body("parts-10000", send(form(*[part(b"x")] * 10000)), SYNTAX)
    yield Body("parts-of-nothing", send(
        (b"--" + BOUNDARY + b"\r\n\r\n\r\n") * 5000), SYNTAX)
    yield Body("photos-21", send(form(*[part(b"x")] * 21)), MANY)
    yield Body("part-header-of-a-megabyte", send(form(part(
        b"x", b"a", b"X: " + b"y" * MIB))), SYNTAX)
    yield Body("part-headers-100000", send(form(part(
        b"x", b"a", *[b"A: b"] * 100000))), SYNTAX)
    yield Body("form-of-boundaries", send(
        (b"--" + BOUNDARY + b"\r\n") * 200000), SYNTAX)
    yield Body("form-of-almost-boundaries", send(form(part(
        (b"\r\n--" + BOUNDARY[:-1]) * 500000))), UNSUPPORTED)
    yield Body("form-of-dashes", send(form(part(b"-" * 4 * MIB)),
                                      FORM), UNSUPPORTED)
    yield Body("form-of-cr", send(form(part(b"\r" * 4 * MIB))), UNSUPPORTED)
    yield Body("boundary-of-dashes", send(
        form(part(b"-" * 4 * MIB), boundary=b"-" * 70),
        b"multipart/form-data; boundary=" + b"-" * 70), UNSUPPORTED)
    yield Body("boundary-of-1000", send(
        b"x", b"multipart/form-data; boundary=" + b"a" * 1000), SYNTAX)
    yield Body("boundary-with-crlf", send(
        b"x", b'multipart/form-data; boundary="a\\\r\n b"'), BAD)
    yield Body("boundary-with-nul", send(
        b"x", b"multipart/form-data; boundary=a\0b"), BAD)
    yield Body("boundary-by-rfc-2231", send(
        form(part(b"x")), b"multipart/form-data; boundary*=utf-8''" +
        BOUNDARY), SYNTAX)
    yield Body("form-in-a-form", send(form(
        b'Content-Disposition: form-data; name="a"\r\nContent-Type: '
        b"multipart/mixed; boundary=q\r\n\r\n" +
        form(part(b"x"), boundary=b"q"))), NO_FILE)
    yield Body("part-in-base64", send(form(part(
        b"eA==", b"a.jpg", b"Content-Transfer-Encoding: base64"))),
        UNSUPPORTED)
    yield Body("field-of-a-megabyte", send(form(
        b'Content-Disposition: form-data; name="token"\r\n\r\n' +
        b"x" * MIB, part(b"x"))), UNSUPPORTED)
    yield Body("expires-in-the-year-2-64", send(form(
        b'Content-Disposition: form-data; name="expires"\r\n\r\n'
        b"18446744073709551616d", part(good(1)))), BAD)
    yield Body("form-of-another-kind", send(
        form(part(b"x")), b"multipart/mixed; boundary=" + BOUNDARY), BAD)
    yield Body("form-urlencoded", send(
        b"photo=x", b"application/x-www-form-urlencoded"), BAD)
    yield Body("type-of-100000", send(b"x", b"image/" + b"j" * 100000), BAD)
    yield Body("photo-of-40-mb", send(b"\xff\xd8" + bytes(40 * MIB),
                                      b"image/jpeg"), (413, "photo-too-large"))
    yield Body("body-of-zeros", send(bytes(4 * MIB), b"image/jpeg"),
               UNSUPPORTED)
    yield Body("body-gzipped", send(
        b"\x1f\x8b\x08" + bytes(40), b"image/jpeg",
        b"Content-Encoding: gzip"), UNSUPPORTED)


# Names that mean something to a shell, a file system, ImageMagick or a log.
NAMES = (b"../../../etc/passwd", b"..\\..\\windows\\win.ini", b"/etc/passwd",
         b"C:\\a.jpg", b"msl:a.jpg", b"mvg:a.jpg", b"@f", b"|id", b"`id`",
         b"$(id)", b"-", b"--help", b"a.jpg[0-9999]", b"a*.jpg", b"fd:0",
         b"ephemeral:/etc/passwd", b"text:/etc/passwd", b"caption:@f",
         b"https://127.0.0.1/a.jpg", b"a.php", b"a.php.jpg", b".htaccess",
         b"a.svg", b"con", b"x" * 4000, b"%n%n%n%s", b"%2e%2e%2fa",
         b"<img src=x onerror=alert(1)>.jpg", b"a\\\".jpg", b"\xff\xfe\xc0\x80",
         "\u202egpj.exe".encode(), b"a\x1b[2J\x07.jpg", b"a\tb.jpg",
         b"{a:1}", b"a';DROP TABLE a;--")


def names():
    for i, name in enumerate(NAMES):
        yield Body(f"name-{i}", send(form(part(good(2 + i), name))), TAKEN)
    for what, name in (("cr", b"a\rb"), ("lf", b"a\nb"), ("nul", b"a\0b"),
                       ("crlf", b"a\r\nX-Injected: yes"),
                       ("quote", b'a"; name="b'), ("more", b'{"a":1}')):
        yield Body(f"name-with-{what}", send(form(part(b"x", name))), SYNTAX)


def requests():
    whole = form(part(b"x"))
    yield Body("no-http", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", BAD)
    yield Body("no-lines", b"A" * 100000, BAD)
    yield Body("http-9.9", request(version=b"9.9"), BAD)
    yield Body("no-host", b"POST /upload HTTP/1.1\r\nConnection: close\r\n\r\n",
               BAD)
    yield Body("header-of-100000", request(
        b"", b"X-Long: " + b"y" * 100000), BAD)
    yield Body("headers-10000", request(b"", *[b"A: b"] * 10000), BAD)
    yield Body("header-with-nul", request(b"", b"X: a\0b"), BAD)
    yield Body("header-folded", request(b"", b"X: a\r\n b"), BAD)
    yield Body("header-with-a-blank", request(b"", b"Content-Length : 5"), BAD)
    yield Body("address-of-100000", request(path=b"/" + b"a" * 100000), BAD)
    yield Body("address-above", request(path=b"/../../etc/passwd",
                                        method=b"GET"), BAD)
    yield Body("address-above-in-t", request(
        path=b"/t/../../photos/aa", method=b"GET"), BAD)
    yield Body("address-escaped", request(
        path=b"/t/%2e%2e%2f%2e%2e%2fphotos/large.jpg", method=b"GET"), BAD)
    yield Body("address-with-nul", request(path=b"/t/%00/large.jpg",
                                           method=b"GET"), BAD)
    yield Body("address-with-crlf", request(
        path=b"/t/a%0d%0aX-Injected:%20yes/large.jpg", method=b"GET"),
        NOWHERE)
    yield Body("address-of-another-host", request(
        path=b"http://127.0.0.1:9/upload", method=b"GET"), NO_METHOD)
    yield Body("id-too-long", request(
        path=b"/t/" + b"a" * 4000 + b"/large.jpg", method=b"GET"), NOWHERE)
    yield Body("preset-above", request(
        path=b"/t/" + b"a" * 26 + b"/..%2f..%2fmeta.json", method=b"GET"),
        NOWHERE)
    for method in b"CONNECT", b"TRACE":
        yield Body(f"method-{method.decode()}", request(
            method=method, path=b"/upload"), NO_METHOD)
    yield Body("method-of-letters", request(method=b"EVIL"), NO_METHOD)
    yield Body("method-with-nul", request(method=b"PO\0ST"), BAD)
    yield Body("expects", send(whole, FORM, b"Expect: a miracle"), UNSUPPORTED)
    yield Body("two-in-one", send(whole).replace(
        b"Connection: close\r\n", b"") + request(path=b"/health/live",
                                                 method=b"GET"), UNSUPPORTED)
    yield Body("headers-of-ours", send(
        whole, FORM, b"Proxy: http://127.0.0.1:9", b"X-Owner: root",
        b"X-Request-Id: a\tb", b"X-Accel-Redirect: /etc/passwd",
        b"FCGI_ROLE: FILTER", b"Script-Filename: /etc/passwd"), UNSUPPORTED)
    yield Body("claim-of-a-megabyte", request(
        b"x" * MIB, b"Content-Type: application/json",
        path=b"/photos/" + b"a" * 26 + b"/claims"), LARGE)
    yield Body("claim-of-lists", request(
        b"[" * 1000, b"Content-Type: application/json",
        path=b"/photos/" + b"a" * 26 + b"/claims"), BAD)
    yield Body("delete-with-crlf", request(
        b"", b"Authorization: Bearer a%0d%0ab",
        path=b"/photos/" + b"a" * 26, method=b"DELETE"), NOWHERE)
    yield Body("revert-of-lists", request(b"[" * 100000, method=b"DELETE"),
               BAD)
    yield Body("picture-with-a-tail", send(
        struct.pack(">L", 0x89504e47) + b"\r\n\x1a\n", b"image/png"), CORRUPT)


GROUPS = {"shared": shared_cases, "lengths": lengths, "chunks": chunks,
          "forms": forms, "names": names, "requests": requests}
