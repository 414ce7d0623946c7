#!/usr/bin/python3
"""Makes the first inputs of the fuzzers that no file of tests/ is itself: into
corpus/TARGET/seed-*. What fuzzing has found lies beside them."""

import base64
import glob
import io
import os
import struct

from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data")
ID = "mfrggzdfmztwq2lknnwg23tpoa"
SUM = "0123456789abcdef" * 4
KEY = "b1946ac9-2492-4d23-8f5a-6b3d5d1f8a11"


def put(target, name, data):
    if isinstance(data, str):
        data = data.encode()
    path = os.path.join(HERE, "corpus", target, "seed-" + name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def read(name):
    with open(os.path.join(DATA, name), "rb") as file:
        return file.read()


def request(body=b"", **params):
    head = "".join(f"{name}={value}\n" for name, value in params.items())
    return head.encode() + b"\n" + body


def form(*parts):
    """Of (disposition, data); the boundary is a letter."""
    out = b""
    for disposition, data in parts:
        out += (b"--b\r\nContent-Disposition: form-data; "
                + disposition.encode() + b"\r\n\r\n" + data + b"\r\n")
    return out + b"--b--\r\n"


FORM = "multipart/form-data; boundary=b"


def jpeg_segments(data):
    at = 2
    while data[at] == 0xff and data[at + 1] != 0xda:
        size = struct.unpack(">H", data[at + 2:at + 4])[0]
        yield data[at + 1], data[at + 4:at + 2 + size]
        at += 2 + size


def profiles():
    for path in sorted(glob.glob(os.path.join(DATA, "*.jpg"))):
        name = os.path.splitext(os.path.basename(path))[0]
        for marker, body in jpeg_segments(read(name + ".jpg")):
            if marker == 0xe2 and body.startswith(b"ICC_PROFILE\0"):
                put("profile", name + ".icc", body[14:])
            elif marker == 0xe1 and body.startswith(b"Exif\0\0"):
                put("profile", name + ".exif", body)
    # Artist and Copyright, of both byte orders, one with the other's place.
    for order, mark in ("<", b"II"), (">", b"MM"):
        entries = struct.pack(order + "HHLL", 315, 2, 8, 38)
        entries += struct.pack(order + "HHLL", 33432, 2, 3, 0) \
            if order == "<" else struct.pack(order + "HHL4s", 33432, 2, 3,
                                             b"me\0\0")
        put("profile", mark.decode() + ".exif",
            mark + struct.pack(order + "HLH", 42, 8, 2) + entries
            + struct.pack(order + "L", 0) + b"Someone\0")


# Behind the end: a box of 48 x 32 px to pad to, from a frame and a scale less
# than the photo. See planes.c.
WISH = bytes([47, 31, 2, 4, 79, 60, 1, 29, 19, 9, 9])


def jpeg(image, **how):
    file = io.BytesIO()
    image.save(file, "JPEG", **how)
    return file.getvalue() + WISH


def planes():
    """The lane's JPEGs, of some blocks each, and some that it leaves."""
    with Image.open(os.path.join(DATA, "p3.jpg")) as file:
        profile = file.info["icc_profile"]
        photo = file.resize((37, 29))
    for name, sampling in ("444", 0), ("422", 1), ("420", 2):
        put("planes", name, jpeg(photo, subsampling=sampling))
    # The same blocks, once beside and once below one another.
    put("planes", "440", jpeg(photo.crop((0, 0, 16, 16)), subsampling=1).replace(
        b"\x01\x21\x00\x02\x11", b"\x01\x12\x00\x02\x11"))
    put("planes", "gray", jpeg(photo.convert("L")))
    put("planes", "progressive", jpeg(photo, progressive=True, quality=40))
    put("planes", "wide", jpeg(photo, icc_profile=profile))
    for turn in 2, 6:
        exif = Image.Exif()
        exif[0x112], exif[315] = turn, "Someone"
        put("planes", f"turned-{turn}", jpeg(photo, exif=exif))
    put("planes", "cmyk", jpeg(photo.convert("CMYK")))
    put("planes", "dot", jpeg(photo.resize((1, 1))))


def params():
    common = dict(REQUEST_METHOD="POST", CONTENT_LENGTH=1000,
                  REQUEST_ID="0f", REMOTE_ADDR="127.0.0.1")
    put("params", "raw", request(CONTENT_TYPE="image/jpeg",
                                 QUEUE_MSEC="1700000000.123", **common))
    put("params", "form", request(CONTENT_TYPE=FORM, HTTP_ACCEPT="text/html",
                                  QUERY_STRING="a=b&expires=30d&expires",
                                  **common))
    put("params", "key", request(HTTP_IDEMPOTENCY_KEY=KEY,
                                 HTTP_ACCEPT="application/json",
                                 QUERY_STRING="expires=2030-01-01T00:00:00"
                                 "%2b01:00", **common))
    put("params", "token", request(
        CONTENT_TYPE=FORM, THUMB_OWNER="Zo\u00eb",
        HTTP_AUTHORIZATION='sign:{"exp":4000000000,"owner":"a","max":9}',
        **common))
    put("params", "bearer", request(HTTP_AUTHORIZATION="bearer  e30.e30"))
    for method, ext in ("GET", "jpg"), ("HEAD", "webp"):
        put("params", "first-" + ext, request(
            REQUEST_METHOD=method, THUMB_ID=ID, THUMB_PRESET="large",
            THUMB_EXT=ext, THUMB_URI=f"/t/{ID}/large.{ext}?v=1f0c9a2e"))
    put("params", "ready", request(REQUEST_METHOD="GET",
                                   DOCUMENT_URI="/m/health/ready"))
    put("params", "drop", request(REQUEST_METHOD="DELETE",
                                  DOCUMENT_URI=f"/photos/{ID}",
                                  HTTP_AUTHORIZATION="Bearer " + ID))
    put("params", "claim", request(
        f'{{"sha256":"{SUM}"}}'.encode(), REQUEST_METHOD="POST",
        DOCUMENT_URI=f"/m/photos/{ID}/claims",
        QUERY_STRING="expires=90m",
        HTTP_AUTHORIZATION='sign:{"exp":4000000000}'))
    put("params", "undo", request(
        f'{{"photos":[{{"id":"{ID}","delete_token":"{ID}"}}]}}'.encode(),
        REQUEST_METHOD="DELETE", DOCUMENT_URI="/upload"))


def names():
    mac = base64.urlsafe_b64encode(bytes(32)).rstrip(b"=").decode()
    put("names", "payload", '{"exp":4000000000,"owner":"Zo\\u00eb","max":9}')
    put("names", "token", "eyJleHAiOjF9." + mac)
    put("names", "id", ID)
    put("names", "sum", SUM)
    put("names", "proof", f'{{"sha256":"{SUM}","expires":"1d"}}')
    put("names", "proof-form", f"expires=1d&sha256={SUM.upper()}")
    put("names", "note", f"3600.{ID}.{SUM}")
    put("names", "claim", "owner=a\ncreated=1700000000\nexpires=4000000000\n")
    put("names", "time", "2026-12-24t19:00:00.5+01:00")
    put("names", "duration", "30d")
    put("names", "receipt", f'{{"photos":[{{"name":"a","id":"{ID}",'
        f'"delete_token":"{ID}"}},{{"name":"b","error":{{}}}}]}}')
    put("names", "manifest", f'{{"id":"{ID}","type":"image/jpeg","width":9,'
        '"height":7,"bytes":100,"color":"#8a7a66",'
        '"placeholder":"data:image/webp;base64,UklGRg==","variants":['
        '{"preset":"large","recipe":"1f0c9a2e",'
        f'"url":"/t/{ID}/large.jpg?v=1f0c9a2e","type":"image/jpeg",'
        '"width":9,"height":7,"bytes":50,"engine":"planes"}],"html":""}')


def settings():
    put("settings", "lists", 'upload_auth = "request"; auth_request = "/a";\n'
        'cors_origins = ["https://a.example", "http://b:8080"];\n'
        'trusted_proxies = ["10.0.0.0/8", "::1"]; prefix = "/m";\n'
        'public_url = "https://i.example"; # a comment\n'
        'limits = { rate = "5/s"; pixels = 1000000L; free = "1G"; }\n')
    put("settings", "presets", 'presets = ( { name = "a"; width = 9;'
        ' height = 9; fit = "cover"; gravity = "smart"; quality = 1;\n'
        ' background = "#000"; chroma = "444"; eager = true;'
        ' formats = ["avif", "png"]; } ); // end\n')
    put("settings", "marks", '/* a\n*/ workers : 0x10;\n"a\\"b" = 1.5e3, [1,]'
        ' @include "x"\n')


def requests():
    upload = dict(REQUEST_METHOD="POST", CONTENT_TYPE=FORM)
    photo, other = read("tiny.png"), read("tiny-alpha.webp")
    put("request", "form", request(form(
        ('name="f"; filename="a.png"', photo),
        ('name="expires"', b"30d"),
        ('name="g"; filename="<b>.webp"', other)), **upload))
    put("request", "page", request(form(
        ('name="f"; filename="<script>\u202e.png"', photo),
        ('name="g"; filename="notes.txt"', b"notes")),
        HTTP_ACCEPT="text/html,*/*", **upload))
    put("request", "twice", request(form(
        ('name="f"; filename="a"', photo), ('name="f"; filename="b"', photo)),
        HTTP_IDEMPOTENCY_KEY=KEY, **upload))
    put("request", "put", request(photo, REQUEST_METHOD="PUT",
                                  QUERY_STRING="expires=1h"))
    put("request", "first", request(
        REQUEST_METHOD="GET", THUMB_ID=ID, THUMB_PRESET="b", THUMB_EXT="gif",
        THUMB_URI=f"/t/{ID}/b.gif"))
    put("request", "claim", request(
        f"sha256={SUM}".encode(), REQUEST_METHOD="POST",
        DOCUMENT_URI=f"/photos/{ID}/claims"))


if __name__ == "__main__":
    profiles()
    planes()
    params()
    names()
    settings()
    requests()
