"""What whoever may connect to the workers' socket can write to it: FastCGI
1.0 records, right and wrong, and the answer that each has to get."""

import struct

from bodies import BAD, CUT, FORM, NO_FILE, NO_METHOD, form, part
from pictures import UNSUPPORTED, png

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, VALUES = range(1, 10)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
NOTHING = None, None  # the connection ends without an answer
LARGE = 413, "body-too-large"
LATE = 503, "overloaded"


class Stream:
    """gone: the client closes all at once and wants no answer. may_kill:
    libfcgi ends a process that it has no memory for."""

    def __init__(self, name, data, answer=NOTHING, gone=False,
                 may_kill=False):
        self.name = name
        self.data = data
        self.status, self.code = answer
        self.answers = answer,
        self.gone = gone
        self.may_kill = may_kill


def record(kind, content=b"", version=1, number=1, padding=0, length=None):
    return struct.pack("!BBHHBx", version, kind, number,
                       len(content) if length is None else length,
                       padding) + content + bytes(padding)


def records(kind, data, step=60000, **how):
    """Of a stream, without the empty one at its end."""
    return b"".join(record(kind, data[i:i + step], **how)
                    for i in range(0, len(data), step))


def size(n):
    return bytes([n]) if n < 128 else struct.pack("!I", n | 1 << 31)


def pair(name, value):
    return size(len(name)) + size(len(value)) + name + value


def begin(role=RESPONDER, flags=0, **how):
    return record(BEGIN, struct.pack("!HB5x", role, flags), **how)


def params(*pairs, length, kind=FORM):
    """Of an upload; pairs come after."""
    given = [(b"REQUEST_METHOD", b"POST"), (b"REQUEST_URI", b"/upload"),
             (b"DOCUMENT_URI", b"/upload"), (b"CONTENT_LENGTH", length),
             (b"CONTENT_TYPE", kind), (b"REMOTE_ADDR", b"127.0.0.1"), *pairs]
    return b"".join(pair(*each) for each in given)


WHOLE = form(part(b"no photo"))
LENGTH = b"%d" % len(WHOLE)


def request(*pairs, body=WHOLE, length=LENGTH, role=RESPONDER, flags=0,
            end=record(STDIN), **how):
    return (begin(role, flags) + records(PARAMS, params(
        *pairs, length=length, **how)) + record(PARAMS) +
        records(STDIN, body) + end)


def lengths():
    for name, length, answer in (
            ("right", LENGTH, UNSUPPORTED), ("empty", b"", BAD),
            ("negative", b"-1", BAD), ("signed", b"+9", BAD),
            ("blank", b" 9", BAD), ("hexadecimal", b"0x9", BAD),
            ("with-a-nul", b"9\0", CUT), ("of-2-64", b"1" + b"8" * 19, BAD),
            ("of-10000-digits", b"9" * 10000, BAD),
            ("of-a-terabyte", b"1099511627776", LARGE),
            ("longer-by-1", b"%d" % (len(WHOLE) + 1), CUT),
            ("longer-by-a-megabyte", b"%d" % (len(WHOLE) + (1 << 20)), CUT),
            ("shorter-by-9", b"%d" % (len(WHOLE) - 9), CUT),
            ("0", b"0", CUT)):
        yield Stream(f"length-{name}", request(length=length), answer)
    # Neither of two counts.
    yield Stream("length-twice", request((b"CONTENT_LENGTH", b"1")), BAD)
    yield Stream("length-twice-and-less-first", request(
        (b"CONTENT_LENGTH", LENGTH), length=b"1"), BAD)
    yield Stream("stdin-of-a-megabyte-more", request(
        body=WHOLE + bytes(1 << 20)), UNSUPPORTED)
    yield Stream("stdin-in-bytes", begin() + records(PARAMS, params(
        length=LENGTH)) + record(PARAMS) + records(STDIN, WHOLE, 1) +
        record(STDIN), UNSUPPORTED)
    yield Stream("stdin-padded", begin() + records(PARAMS, params(
        length=LENGTH)) + record(PARAMS) + records(
            STDIN, WHOLE, 7, padding=255) + record(STDIN), UNSUPPORTED)


def roles():
    for name, role in (("authorizer", AUTHORIZER), ("filter", FILTER),
                       ("0", 0), ("65535", 65535)):
        yield Stream(f"role-{name}", request(role=role))
    yield Stream("role-by-parameter", request(
        (b"FCGI_ROLE", b"RESPONDER"), role=AUTHORIZER))
    yield Stream("kept", request(flags=1), UNSUPPORTED)
    yield Stream("kept-and-two", request(flags=1) * 2, UNSUPPORTED)
    yield Stream("late", request((b"QUEUE_MSEC", b"1.000")), LATE)
    yield Stream("late-by-letters", request((b"QUEUE_MSEC", b"soon")),
                 UNSUPPORTED)
    yield Stream("no-method", begin() + record(PARAMS, pair(
        b"CONTENT_LENGTH", b"0")) + record(PARAMS) + record(STDIN), NO_METHOD)
    yield Stream("no-parameters", begin() + record(PARAMS) + record(STDIN),
                 NO_METHOD)
    yield Stream("method-twice", request(
        (b"REQUEST_METHOD", b"")), NO_METHOD)
    yield Stream("values", request(
        (b"DOCUMENT_ROOT", b"/etc"), (b"THUMB_ID", b"../../etc/passwd"),
        (b"SCRIPT_FILENAME", b"/etc/passwd")), NO_METHOD)


def floods():
    yield Stream("parameters-20000", request(*[
        (b"X%d" % i, b"y") for i in range(20000)]), UNSUPPORTED)
    yield Stream("parameter-of-8-megabytes", request(
        (b"HTTP_X", b"y" * (8 << 20))), UNSUPPORTED)
    yield Stream("parameters-of-64-megabytes", request(*[
        (b"HTTP_X%d" % i, b"y" * 65536) for i in range(1000)]), UNSUPPORTED)
    yield Stream("parameters-of-nothing", request(*[(b"", b"")] * 100000),
                 UNSUPPORTED)
    yield Stream("parameters-in-bytes", begin() + records(PARAMS, params(
        length=LENGTH), 1) + record(PARAMS) + records(STDIN, WHOLE) +
        record(STDIN), UNSUPPORTED)
    for name, claim in (("name", b"\xff\xff\xff\xff\x01"),
                        ("value", b"\x01\xff\xff\xff\xff"),
                        ("both", b"\xff\xff\xff\xff" * 2),
                        # CVE-2025-23016: their sum passes 2^32.
                        ("sum", b"\xff\xff\xff\xff\x80\x00\x00\x02"),
                        ("30-bits", b"\xc0\0\0\0\xc0\0\0\0")):
        yield Stream(f"parameter-{name}-too-long", begin() + record(
            PARAMS, claim + b"abc") + record(PARAMS) + record(STDIN),
            may_kill=True)
    yield Stream("parameter-cut", begin() + record(
        PARAMS, params(length=LENGTH)[:-3]) + record(PARAMS) + record(STDIN))


def kinds():
    """Records that are none of this request, before it and amid it."""
    whole = request()
    for kind in (0, END, STDOUT, STDERR, DATA, 12, 200, 255):
        yield Stream(f"kind-{kind}-alone", record(kind, b"abc"))
    for kind in (END, STDOUT, DATA, 12, 255):
        yield Stream(f"kind-{kind}-amid", begin() + record(kind, b"abc") +
                     whole[16:])
    yield Stream("values-asked", record(VALUES, pair(b"FCGI_MAX_CONNS", b""),
                                        number=0) + whole, UNSUPPORTED)
    yield Stream("values-of-nothing", record(
        VALUES, b"\xff\xff\xff\xff", number=0) + whole)
    yield Stream("management-unknown", record(77, b"abc", number=0) + whole)
    yield Stream("management-flood", record(77, b"abc", number=0) * 20000 +
                 whole)
    yield Stream("begun-twice", begin() + whole, UNSUPPORTED)
    yield Stream("number-of-another", begin(number=7) + whole[16:])
    yield Stream("version-0", record(BEGIN, bytes(8), version=0))
    yield Stream("version-255", record(BEGIN, bytes(8), version=255))
    yield Stream("stdin-of-another-first", record(
        STDIN, b"abc", number=5) + whole, UNSUPPORTED)
    yield Stream("parameters-first", whole[16:])
    yield Stream("begin-of-3", record(BEGIN, b"\0\1\0"))
    yield Stream("begin-of-65535", record(BEGIN, b"\0\1" + bytes(65533)))
    yield Stream("aborted", begin() + records(PARAMS, params(
        length=LENGTH)) + record(PARAMS) + record(STDIN, WHOLE[:9]) +
        record(ABORT), CUT)
    yield Stream("aborted-at-once", begin() + record(ABORT))
    yield Stream("http", b"GET /upload HTTP/1.1\r\nHost: x\r\n\r\n")
    yield Stream("zeros", bytes(100000))
    yield Stream("ones", b"\xff" * 100000)
    yield Stream("nothing", b"")


def cuts():
    """A request with a photo in it that breaks off, everywhere."""
    body = form(part(png()))
    whole = request(body=body, length=b"%d" % len(body))
    for at in range(1, len(whole) - 8, 13):
        yield Stream(f"cut-at-{at}", whole[:at], gone=True)
    yield Stream("cut-in-stdin", whole[:-60], CUT)
    yield Stream("no-end-of-stdin", request(end=b""), UNSUPPORTED)
    yield Stream("fields-only", request(body=form(
        b'Content-Disposition: form-data; name="a"\r\n\r\nb'),
        length=b"%d" % len(form(
            b'Content-Disposition: form-data; name="a"\r\n\r\nb'))), NO_FILE)


GROUPS = {"lengths": lengths, "roles": roles, "floods": floods,
          "kinds": kinds, "cuts": cuts}
