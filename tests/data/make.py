#!/usr/bin/python3
"""Makes the test pictures of this directory again, all from nothing.

usage: make.py [--photo SOURCE]

The two real photos, p3.jpg and photo-12mp.jpg, are made only when SOURCE is
given: the file that README names. Needs python3-pil. Same libraries, same
bytes; other versions of the encoders give other bytes, so no test may
compare them.
"""

import argparse
import os
import struct
import zlib

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEIGHT = 360, 240

# Stands in every piece of metadata that is written here. What the service
# makes of such a file must not hold it.
MARK = "ftmark"

SHORT, LONG, ASCII, RATIONAL = 3, 4, 2, 5

# The TIFF tags that are used.
MAKE, MODEL, ORIENTATION, DATETIME, ARTIST = 271, 272, 274, 306, 315
EXIF_IFD, GPS_IFD = 34665, 34853

# How the upright picture is stored so that EXIF's orientation undoes it.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def path(name):
    return os.path.join(HERE, name)


def write(name, data):
    with open(path(name), "wb") as file:
        file.write(data)


def read(name):
    with open(path(name), "rb") as file:
        return file.read()


# --- pictures ---------------------------------------------------------------

def scene(width=WIDTH, height=HEIGHT):
    """A landscape with nothing symmetric in it, a flat square in each corner
    (red, green, blue, yellow, clockwise from the top left is red, green,
    yellow, blue) and an F that shows every turn and mirroring."""
    image = Image.new("RGB", (width, height))
    pixels = image.load()
    for y in range(height):
        for x in range(width):
            u, v = x / width, y / height
            pixels[x, y] = (int(110 + 130 * v), int(170 + 50 * u),
                            int(250 - 90 * v))
    draw = ImageDraw.Draw(image)

    def box(x0, y0, x1, y1):
        return [x0 * width // WIDTH, y0 * height // HEIGHT,
                x1 * width // WIDTH - 1, y1 * height // HEIGHT - 1]

    def points(*pairs):
        return [(x * width // WIDTH, y * height // HEIGHT)
                for x, y in pairs]

    draw.polygon(points((0, 150), (90, 90), (180, 170), (260, 120),
                        (360, 180), (360, 240), (0, 240)), (60, 130, 70))
    draw.polygon(points((0, 200), (140, 180), (360, 215), (360, 240),
                        (0, 240)), (150, 105, 60))
    draw.ellipse(box(240, 30, 300, 90), (255, 215, 40))
    draw.rectangle(box(60, 150, 110, 200), (190, 40, 50))
    draw.polygon(points((50, 150), (85, 120), (120, 150)), (90, 30, 110))
    draw.rectangle(box(160, 40, 176, 130), (20, 20, 30))
    draw.rectangle(box(160, 40, 220, 56), (20, 20, 30))
    draw.rectangle(box(160, 76, 200, 92), (20, 20, 30))
    draw.rectangle(box(0, 0, 40, 40), (230, 20, 20))
    draw.rectangle(box(320, 0, 360, 40), (20, 200, 40))
    draw.rectangle(box(0, 200, 40, 240), (20, 40, 220))
    draw.rectangle(box(320, 200, 360, 240), (240, 220, 20))
    return image


def fade(image):
    """The same with an alpha that runs from 0 at the left to 255."""
    width, height = image.size
    ramp = Image.new("L", (width, 1))
    ramp.putdata([x * 255 // (width - 1) for x in range(width)])
    image = image.copy()
    image.putalpha(ramp.resize((width, height)))
    return image


def frames(width=120, height=80):
    """Four frames: the first all red, the others the scene with a square
    that walks through it."""
    out = [Image.new("RGB", (width, height), (220, 30, 30))]
    for i in range(3):
        frame = scene(width, height)
        ImageDraw.Draw(frame).rectangle(
            [20 + 30 * i, 30, 39 + 30 * i, 49], (250, 250, 250))
        out.append(frame)
    return out


# --- metadata ---------------------------------------------------------------

def directory(order, offset, entries):
    """One TIFF directory that begins at offset, with its values after it."""
    base = offset + 2 + 12 * len(entries) + 4
    head, tail = struct.pack(order + "H", len(entries)), b""
    for tag, kind, value in sorted(entries):
        if kind == ASCII:
            data = value.encode() + b"\0"
            count = len(data)
        elif kind == RATIONAL:
            data = b"".join(struct.pack(order + "LL", *v) for v in value)
            count = len(value)
        else:
            data = struct.pack(order + ("H" if kind == SHORT else "L"), value)
            count = 1
        head += struct.pack(order + "HHL", tag, kind, count)
        if len(data) <= 4:
            head += data.ljust(4, b"\0")
        else:
            head += struct.pack(order + "L", base + len(tail))
            tail += data + b"\0" * (len(data) % 2)
    return head + struct.pack(order + "L", 0) + tail


def tiff(order, entries, exif=(), gps=()):
    """A TIFF structure as EXIF wants it, in either byte order."""
    subs = [(tag, sub) for tag, sub in ((EXIF_IFD, exif), (GPS_IFD, gps))
            if sub]
    # Lengths don't depend on offsets: measure first, then fill them in.
    at = 8 + len(directory(order, 8,
                           list(entries) + [(t, LONG, 0) for t, _ in subs]))
    links, bodies = [], b""
    for tag, sub in subs:
        links.append((tag, LONG, at + len(bodies)))
        bodies += directory(order, at + len(bodies), list(sub))
    return ((b"II*\0" if order == "<" else b"MM\0*") +
            struct.pack(order + "L", 8) +
            directory(order, 8, list(entries) + links) + bodies)


def camera(orientation, gps=True, order="<"):
    """EXIF of a camera that marks everything it writes."""
    entries = [(MAKE, ASCII, MARK + " make"), (MODEL, ASCII, MARK + " model"),
               (ARTIST, ASCII, MARK + " artist"),
               (DATETIME, ASCII, "2024:09:28 11:03:29")]
    if orientation is not None:
        entries.append((ORIENTATION, SHORT, orientation))
    exif = [(33437, RATIONAL, [(18, 10)]), (34855, SHORT, 100),
            (42036, ASCII, MARK + " lens")]
    place = [(1, ASCII, "N"), (2, RATIONAL, [(52, 1), (30, 1), (1234, 100)]),
             (3, ASCII, "E"), (4, RATIONAL, [(13, 1), (24, 1), (4321, 100)]),
             (27, ASCII, MARK + " gps")]
    return tiff(order, entries, exif, place if gps else ())


def xmp():
    return ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
            '"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
            'xmlns:exif="http://ns.adobe.com/exif/1.0/" '
            'exif:GPSLatitude="52,30.2N" exif:UserComment="%s xmp"/>'
            '</rdf:RDF></x:xmpmeta>' % MARK).encode()


def with_segment(jpeg, marker, body):
    """Put one more segment right after SOI."""
    return (jpeg[:2] + struct.pack(">BBH", 0xff, marker, len(body) + 2) +
            body + jpeg[2:])


# --- files ------------------------------------------------------------------

def make_jpegs(picture):
    for n in range(9):
        stored = picture.transpose(STORED[n]) if n in STORED else picture
        name = "orient-%d.jpg" % n
        # Whole blocks and full chroma: turning costs no quality.
        stored.save(path(name), quality=96, subsampling=0)
        data = read(name)
        if n in (3, 6):
            data = with_segment(data, 0xfe, (MARK + " comment").encode())
            data = with_segment(
                data, 0xe1, b"http://ns.adobe.com/xap/1.0/\0" + xmp())
        order = ">" if n % 2 else "<"
        write(name, with_segment(
            data, 0xe1,
            b"Exif\0\0" + camera(n, n in (1, 3, 6, 8), order)))

    picture.convert("L").save(path("gray.jpg"), quality=85)
    picture.save(path("progressive.jpg"), quality=85, progressive=True)
    picture.convert("CMYK").save(path("cmyk.jpg"), quality=90)
    scene(720, 480).save(path("truncated.jpg"), quality=90)
    whole = read("truncated.jpg")
    write("truncated.jpg", whole[:len(whole) // 2])


def chunk(kind, data):
    return (struct.pack(">L", len(data)) + kind + data +
            struct.pack(">L", zlib.crc32(kind + data)))


def adam7(picture):
    """An interlaced PNG; PIL writes none."""
    width, height = picture.size
    pixels = picture.load()
    rows = bytearray()
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8),
                           (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
                           (0, 1, 1, 2)):
        for y in range(y0, height, dy):
            line = b"".join(bytes(pixels[x, y]) for x in range(x0, width, dx))
            if line:
                rows += b"\0" + line
    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 1)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
            chunk(b"IDAT", zlib.compress(bytes(rows), 9)) +
            chunk(b"IEND", b""))


def make_pngs(picture):
    text = PngInfo()
    text.add_text("Comment", MARK + " text")
    picture.save(path("rgb.png"), pnginfo=text, exif=camera(1),
                 optimize=True)
    fade(picture).save(path("alpha.png"), optimize=True)

    # Entry 0 is wholly transparent, entry 1 half so.
    palette = picture.quantize(32, dither=Image.Dither.NONE)
    palette.save(path("palette-trns.png"), optimize=True,
                 transparency=bytes([0, 128]))

    gray = Image.new("I;16", (WIDTH, HEIGHT))
    gray.putdata([(x * 65535 // (WIDTH - 1) + y * 97) % 65536
                  for y in range(HEIGHT) for x in range(WIDTH)])
    gray.save(path("gray16.png"), optimize=True)
    write("interlaced.png", adam7(picture.resize((179, 119))))
    whole = read("rgb.png")
    write("truncated.png", whole[:len(whole) // 2])


def make_gifs(picture):
    first, *rest = frames()
    first.save(path("animated.gif"), save_all=True, append_images=rest,
               duration=120, loop=0, comment=MARK + " comment")

    still = picture.quantize(31, dither=Image.Dither.NONE)
    hole = 31
    ImageDraw.Draw(still).ellipse([60, 60, 200, 200], hole)
    still.save(path("still.gif"), transparency=hole)


def make_webps(picture):
    picture.save(path("lossy.webp"), quality=80, method=6, exif=camera(1),
                 xmp=xmp())
    fade(picture).save(path("lossless-alpha.webp"), lossless=True, method=6)
    fade(picture).save(path("lossy-alpha.webp"), quality=80, method=6)
    first, *rest = frames()
    first.save(path("animated.webp"), save_all=True, append_images=rest,
               duration=120, loop=0, lossless=True, method=6,
               allow_mixed=False, minimize_size=False)

    # A header that claims 16383 x 16383 px, and next to nothing behind it.
    bits = 16382 | 16382 << 14
    body = b"\x2f" + struct.pack("<L", bits) + bytes(35)
    riff = b"WEBPVP8L" + struct.pack("<L", len(body)) + body
    write("webp-bomb.webp", b"RIFF" + struct.pack("<L", len(riff)) + riff)


def make_texts():
    write("notes.txt", b"These are notes and no picture.\n" * 3)
    write("drawing.svg", b"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48">
  <rect width="64" height="48" fill="#2a6"/>
  <circle cx="24" cy="24" r="12" fill="#fd4"/>
</svg>
""")


def photo_exif(source):
    """Camera, date and exposure of a photo; no place, no maker's notes."""
    main, detail = source.getexif(), source.getexif().get_ifd(EXIF_IFD)
    entries = [(ORIENTATION, SHORT, 1)]
    for tag in (MAKE, MODEL, DATETIME):
        entries.append((tag, ASCII, main[tag]))
    exif = []
    for tag in (33434, 33437, 37386):  # exposure time, f-number, focal length
        value = detail[tag]
        exif.append((tag, RATIONAL, [(value.numerator, value.denominator)]))
    exif.append((34855, SHORT, detail[34855]))  # ISO
    exif.append((36867, ASCII, detail[36867]))  # when it was taken
    exif.append((42036, ASCII, detail[42036]))  # lens
    return b"Exif\0\0" + tiff(">", entries, exif)


def make_photos(name):
    source = Image.open(name)
    exif, profile = photo_exif(source), source.info["icc_profile"]
    source.save(path("photo-12mp.jpg"), quality=73, subsampling=2,
                icc_profile=profile, exif=exif)
    small = source.resize((1600, 1200), Image.Resampling.LANCZOS)
    small.save(path("p3.jpg"), quality=78, subsampling=0,
               icc_profile=profile, exif=exif)


def main():
    parser = argparse.ArgumentParser(
        description="Make the test pictures again.")
    parser.add_argument("--photo", metavar="SOURCE",
                        help="make p3.jpg and photo-12mp.jpg from this too")
    args = parser.parse_args()
    picture = scene()
    make_jpegs(picture)
    make_pngs(picture)
    make_gifs(picture)
    make_webps(picture)
    make_texts()
    if args.photo:
        make_photos(args.photo)


if __name__ == "__main__":
    main()
