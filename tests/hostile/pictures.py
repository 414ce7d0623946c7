"""Files that are not what they say, say too much, or never end. Each with the
answer that it has to get."""

import io
import struct
import sys
import zlib
from pathlib import Path

from PIL import Image, ImageCms

DATA = Path(__file__).resolve().parents[1] / "data"
sys.path.insert(0, str(DATA))

import heif  # noqa: E402: found by the path above

MARK = b"ftpayload"  # in all that must not come out again
SCRIPT = b"<script>alert('" + MARK + b"')</script>"

UNSUPPORTED = 415, "unsupported-format"
CORRUPT = 422, "corrupt-image"
SIDE = 422, "side-too-long"
PIXELS = 422, "too-many-pixels"
FRAMES = 422, "too-many-frames"
SCANS = 422, "too-many-scans"
MEMORY = 422, "too-much-memory"
TAKEN = 201, None


class Case:
    """A file and its answer: (status, code), or TAKEN where it is a picture
    that has to be disarmed. Of several answers it depends on the libraries
    which one it is."""

    def __init__(self, name, data, answer, *or_else):
        self.name = name
        self.data = data
        self.status, self.code = answer
        self.answers = answer, *or_else


def sample(name):
    return (DATA / name).read_bytes()


def saved(image, kind, **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def patched(data, at, new):
    return data[:at] + new + data[at + len(new):]


# ---- JPEG --------------------------------------------------------------------

EMPTY_SCAN = bytes.fromhex("ffda 0008 01 0100 013f 00")
SEGMENT_MOST = 65533


def segment(marker, body=b""):
    return struct.pack(">BBH", 0xff, marker, len(body) + 2) + body


def jpeg(*before, size=(32, 32), **how):
    """A small one with these segments behind its start."""
    data = saved(Image.new("RGB", size, (90, 120, 60)), "JPEG", **how)
    return data[:2] + b"".join(before) + data[2:]


def jpeg_claims(width, height):
    data = jpeg()
    return patched(data, data.index(b"\xff\xc0") + 5,
                   struct.pack(">HH", height, width))


def segments(marker, prefix, body):
    """A body over as many segments as it takes."""
    step = SEGMENT_MOST - len(prefix)
    return b"".join(segment(marker, prefix + body[i:i + step])
                    for i in range(0, len(body), step))


def icc_segments(profile, step=SEGMENT_MOST - 14):
    """Their numbers are bytes, and so come round."""
    pieces = [profile[i:i + step] for i in range(0, len(profile), step)]
    return b"".join(
        segment(0xe2, b"ICC_PROFILE\0" + bytes([(i % 255) + 1,
                                                len(pieces) % 256]) + piece)
        for i, piece in enumerate(pieces))


def srgb_profile():
    """Without the date at which it was made."""
    return patched(ImageCms.ImageCmsProfile(
        ImageCms.createProfile("sRGB")).tobytes(), 24, bytes(12))


def huge_profile(size):
    """One that a reader of profiles takes: with a tag as large as that."""
    icc = srgb_profile()
    return struct.pack(">L", size) + icc[4:] + bytes(size - len(icc))


# ---- EXIF and TIFF -----------------------------------------------------------

def ifd(entries, following=0, order="<"):
    return (struct.pack(order + "H", len(entries)) +
            b"".join(struct.pack(order + "HHLL", *each) for each in entries) +
            struct.pack(order + "L", following))


def tiff(*parts):
    return b"II*\0" + struct.pack("<L", 8) + b"".join(parts)


def exif_of(*parts):
    return b"Exif\0\0" + tiff(*parts)


EXIFS = {
    # The next directory is this one, and so is the one below it.
    "circle": exif_of(ifd([(34665, 4, 1, 8), (34853, 4, 1, 8),
                           (274, 3, 1, 1)], 8)),
    "pair": exif_of(ifd([(34665, 4, 1, 26)], 26), ifd([(34665, 4, 1, 8)], 8)),
    "counts-of-2-32": exif_of(ifd([(271, 2, 0xffffffff, 8),
                                   (33432, 2, 0xfffffff0, 0x7fffffff),
                                   (315, 2, 0x80000000, 0xffffffff)])),
    "65535-entries": exif_of(struct.pack("<H", 65535) +
                             struct.pack("<HHLL", 271, 2, 4, 0) * 5000),
    "types-of-nothing": exif_of(ifd([(274, 0, 1, 6), (274, 99, 9, 6),
                                     (274, 3, 0, 6)])),
    "offset-behind-end": b"Exif\0\0II*\0" + struct.pack("<L", 0xffffffff),
    "maker-note": exif_of(ifd([(37500, 7, 60000, 8)] * 200)),
}

# Of the fields that a gray picture of 8 x 8 px in one strip has.
PLAIN_TIFF = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1),
              (262, 3, 1, 1), (273, 4, 1, 0), (277, 3, 1, 1), (278, 4, 1, 8),
              (279, 4, 1, 64)]


def page(following=0, at=8, **changes):
    """A directory and its strip behind it, at this place of the file."""
    names = {"width": 256, "height": 257, "bits": 258, "compression": 259,
             "photometric": 262, "offset": 273, "samples": 277, "rows": 278,
             "length": 279}
    wanted = {names[key]: value for key, value in changes.items()}
    strip = at + 2 + 12 * len(PLAIN_TIFF) + 4
    wanted.setdefault(273, strip)
    return ifd([(tag, kind, n, wanted.get(tag, value))
                for tag, kind, n, value in PLAIN_TIFF],
               following) + bytes(range(64))


def tiff_pages(n):
    size = len(page())
    return tiff(*(page(8 + size * (i + 1) if i + 1 < n else 0, 8 + size * i)
                  for i in range(n)))


# ---- PNG ---------------------------------------------------------------------

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name, body, crc=None):
    crc = zlib.crc32(name + body) if crc is None else crc
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", crc)


def ihdr(width, height, depth=8, color=2, interlace=0):
    return chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, depth, color,
                                      0, 0, interlace))


def squeezed(size, head=b""):
    """head and so many zeros, deflated: a thousandth of that. A megabyte is
    packed once and stands there as often as it takes."""
    packer = zlib.compressobj(9)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    step = bytes(1 << 20)
    block = packer.compress(step) + packer.flush(zlib.Z_FULL_FLUSH)
    raw = zlib.compressobj(9, wbits=-15)
    last = raw.compress(bytes(size & 0xfffff)) + raw.flush()
    sum_a = zlib.adler32(head) & 0xffff
    sum_b = ((zlib.adler32(head) >> 16) + size * sum_a) % 65521
    return (first + block * (size >> 20) + last +
            struct.pack(">HH", sum_b, sum_a))


def iccp(size):
    """A profile that says that it is so large, and is but for the zeros."""
    profile = huge_profile(1 << 16)
    return chunk(b"iCCP", b"icc\0\0" + squeezed(
        size - len(profile), struct.pack(">L", size) + profile[4:]))


def png(*before, size=(16, 16), head=None, idat=None, behind=b""):
    """A black one with these chunks before its picture."""
    if idat is None:
        idat = squeezed(size[1] * (1 + 3 * size[0]))
    return (SIGNATURE + (head or ihdr(*size)) + b"".join(before) +
            chunk(b"IDAT", idat) + behind + chunk(b"IEND", b""))


# ---- GIF ---------------------------------------------------------------------

def gif_screen(width, height):
    return (b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) +
            bytes(3) + b"\xff\xff\xff")


def gif_frame(width, height):
    """With the start of its picture only: few bytes for many px."""
    return (b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) +
            b"\x02\x02\x44\x01\x00")


def gif(frames, size=(1, 1), screen=None):
    return (gif_screen(*(screen or size)) + frames * gif_frame(*size) + b";")


# ---- WebP --------------------------------------------------------------------

def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<L", len(body)) + body


def riff_chunk(name, body):
    return (name + struct.pack("<L", len(body)) + body +
            b"\0" * (len(body) % 2))


def vp8_claim(width, height):
    return riff_chunk(b"VP8 ", b"\x30\x01\x00\x9d\x01\x2a" +
                      struct.pack("<HH", width, height) + bytes(40))


def vp8l_claim(width, height):
    bits = (width - 1) | (height - 1) << 14
    return riff_chunk(b"VP8L", b"\x2f" + struct.pack("<L", bits) + bytes(40))


def le24(n):
    return struct.pack("<L", n)[:3]


def vp8x(width, height, flags=0):
    return riff_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + le24(width - 1) +
                      le24(height - 1))


def anmf(width, height, picture, x=0, y=0):
    return riff_chunk(b"ANMF", le24(x) + le24(y) + le24(width - 1) +
                      le24(height - 1) + le24(100) + b"\0" + picture)


def animated_webp(n, size, picture):
    return riff(vp8x(*size, flags=2), riff_chunk(b"ANIM", bytes(6)),
                anmf(*size, picture) * n)


def one_color_vp8l(width, height):
    """A whole VP8L bitstream of one colour, by Pillow."""
    data = saved(Image.new("RGB", (width, height), (9, 9, 9)), "WEBP",
                 lossless=True)
    return data[12:]


# ---- HEIF --------------------------------------------------------------------

def heif_claims(name, width, height):
    """A small file of ours in which every size says so."""
    data = sample(name)
    at = data.index(b"ispe")
    while at != -1:
        data = patched(data, at + 8, struct.pack(">LL", width, height))
        at = data.find(b"ispe", at + 4)
    return data


def heif_boxes_of_boxes(depth):
    """One in the other."""
    body = b""
    for _ in range(depth):
        body = heif.box(b"meta", bytes(4), body)
    return heif.box(b"ftyp", b"heic", bytes(4), b"heicmif1") + body


# ---- BMP ---------------------------------------------------------------------

def bmp(width, height, bits=24, compression=0, pixels=bytes(64), at=54):
    return (b"BM" + struct.pack("<LLL", 54 + len(pixels), 0, at) +
            struct.pack("<LllHHLLllLL", 40, width, height, 1, bits,
                        compression, 0, 0, 0, 0, 0) + pixels)


# ---- disguised ---------------------------------------------------------------

SVG = (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" '
       b'xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">'
       b'<image xlink:href="%s" width="9" height="9"/></svg>')
MVG = (b"push graphic-context\nviewbox 0 0 9 9\n"
       b"image over 0,0 0,0 '%s'\npop graphic-context\n")
MSL = (b'<?xml version="1.0"?><image><read filename="%s"/>'
       b'<write filename="/tmp/' + MARK + b'.php"/></image>')
PS = (b"%!PS-Adobe-3.0\n%%BoundingBox: 0 0 9 9\n"
      b"userdict /setpagedevice undef save legal { null restore } stopped "
      b"{ pop } if mark /OutputFile (%pipe%id>/tmp/" + MARK +
      b") currentdevice putdeviceprops showpage\n")

DISGUISED = {
    "svg": SVG % b"/etc/passwd",
    "svg-url": SVG % b"http://127.0.0.1:9/a.png",
    "svg-text": SVG % b"text:/etc/passwd",
    "svg-caption": SVG % b"caption:@/etc/passwd",
    "svg-ephemeral": SVG % b"ephemeral:/tmp/ftpayload",
    "svg-script": b"<svg>" + SCRIPT + b"</svg>",
    # ImageTragick, CVE-2016-3714 to 3718.
    "mvg-tragick": b"push graphic-context\nviewbox 0 0 640 480\nfill 'url("
                   b'https://127.0.0.1/x.jpg"|touch "/tmp/ftpayload)\''
                   b"\npop graphic-context\n",
    "mvg-ephemeral": MVG % b"ephemeral:/tmp/ftpayload",
    "mvg-label": MVG % b"label:@/etc/passwd",
    "mvg-msl": MVG % b"msl:/tmp/ftpayload.jpg",
    "mvg-url": MVG % b"https://127.0.0.1:9/a.jpg",
    "msl": MSL % b"/etc/passwd",
    "msl-url": MSL % b"http://127.0.0.1:9/a.gif",
    "ps": PS,
    "eps": b"\xc5\xd0\xd3\xc6" + struct.pack("<LLLLLLH", 30, len(PS), 0, 0, 0,
                                             0, 0xffff) + PS,
    "pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS("
           b"app.alert)>>>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
    "xps": b"PK\x03\x04" + bytes(26) + b"FixedDocSeq.fdseq",
    "text": b"TEXT 0,0 '@/etc/passwd'\n",
    "text-pixels": b"# ImageMagick pixel enumeration: 1,1,255,srgb\n"
                   b"0,0: (255,0,0)\n",
    "url-list": b"http://127.0.0.1:9/a.jpg\nhttps://127.0.0.1:9/b.png\n",
    "file-url": b"file:///etc/passwd\n",
    "at-file": b"@/etc/passwd\n",
    "caption": b"caption:@/etc/passwd",
    "ephemeral": b"ephemeral:/etc/passwd",
    "html": b"<!DOCTYPE html><html><body>" + SCRIPT + b"</body></html>",
    "php": b"<?php system($_GET[0]); // " + MARK + b" ?>",
    "shell": b"#!/bin/sh\ntouch /tmp/ftpayload\n",
    "elf": b"\x7fELF\x02\x01\x01" + bytes(57),
    "miff": b"id=ImageMagick\nclass=DirectClass columns=1 rows=1 depth=8\n"
            b"\x0c\n:\x1a\0\0\0",
    "mpc": b"id=MagickCache\nclass=DirectClass columns=1 rows=1\n\x0c\n:\x1a",
    "ppm": b"P6 1 1 255\n\0\0\0",
    "xcf": b"gimp xcf file\0" + bytes(32),
    "psd": b"8BPS\0\1" + bytes(40),
    "xpm": b'/* XPM */\nstatic char *a[]={"1 1 1 1","a c red","a"};\n',
    "jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(32),
    "jxl": b"\xff\x0a" + bytes(32),
    "ico": b"\0\0\1\0\1\0\1\1" + bytes(32),
    "video-mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(32),
    "video-webm": b"\x1a\x45\xdf\xa3" + bytes(32),
    "video-avi": b"RIFF\x20\0\0\0AVI LIST" + bytes(32),
    "raw-cr2": b"II*\0\x10\0\0\0CR\2\0" + bytes(4) + ifd(PLAIN_TIFF) +
               bytes(64),
    "raw-raf": b"FUJIFILMCCD-RAW " + bytes(64),
    "gzip-svgz": zlib.compress(SVG % b"/etc/passwd", 9, 31),
    "m3u": b"#EXTM3U\n#EXTINF:1,\nconcat:http://127.0.0.1:9/x|file:///etc/"
           b"passwd\n",
    "nothing-but-zeros": bytes(1000),
}


def disguised():
    for name, data in DISGUISED.items():
        yield Case(f"{name}.jpg", data, UNSUPPORTED)
    # Behind a photo's first bytes there has to be one.
    for magic, start in (("jpeg", b"\xff\xd8\xff\xe0"), ("png", SIGNATURE),
                         ("gif", b"GIF89a"), ("tiff", b"II*\0\x08\0\0\0"),
                         ("bmp", b"BM\0\0\0\0\0\0\0\0")):
        for name in "svg", "mvg-tragick", "msl", "ps", "php":
            yield Case(f"{name}-behind-{magic}.jpg", start + DISGUISED[name],
                       CORRUPT)


# ---- all of them -------------------------------------------------------------

def dimension_bombs():
    yield Case("jpeg-65500.jpg", jpeg_claims(65500, 65500), SIDE)
    yield Case("jpeg-15900.jpg", jpeg_claims(15900, 15900), PIXELS)
    yield Case("jpeg-claims-64-mp.jpg", jpeg_claims(8000, 8000), CORRUPT)
    yield Case("jpeg-no-height.jpg", jpeg_claims(100, 0), CORRUPT)
    yield Case("png-2-31.png", png(head=ihdr(0x7fffffff, 0x7fffffff)), SIDE)
    yield Case("png-negative.png", png(head=ihdr(0x80000000, 1)), CORRUPT)
    yield Case("png-225-mp.png", png(head=ihdr(15000, 15000, 1, 0),
                                     idat=squeezed(15000 * 1876)), PIXELS)
    yield Case("png-claims-64-mp.png", png(head=ihdr(8000, 8000)), CORRUPT)
    yield Case("gif-65535.gif", gif(1, (65535, 65535)), SIDE)
    yield Case("gif-screen-65535.gif", gif(1, (1, 1), (65535, 65535)), SIDE)
    yield Case("gif-15900.gif", gif(1, (15900, 15900)), PIXELS)
    yield Case("gif-claims-64-mp.gif", gif(1, (8000, 8000)), CORRUPT)
    yield Case("webp-vp8.webp", riff(vp8_claim(16383, 16383)), SIDE)
    yield Case("webp-vp8-15900.webp", riff(vp8_claim(15900, 15900)), PIXELS)
    yield Case("webp-vp8l.webp", riff(vp8l_claim(16383, 16383)), SIDE)
    yield Case("webp-vp8l-15900.webp", riff(vp8l_claim(15900, 15900)), PIXELS)
    yield Case("webp-vp8l-claims-64-mp.webp", riff(vp8l_claim(8000, 8000)),
               CORRUPT)
    yield Case("webp-vp8x-2-24.webp", riff(vp8x(1 << 24, 1 << 24),
                                           vp8l_claim(16, 16)), CORRUPT)
    yield Case("webp-vp8x-lies.webp", riff(vp8x(16, 16),
                                           vp8l_claim(16383, 16383)), CORRUPT)
    for kind in "avif", "heic":
        name = f"scene.{kind}"
        yield Case(f"{kind}-2-32.{kind}",
                   heif_claims(name, 0xffffffff, 0xffffffff), CORRUPT)
        yield Case(f"{kind}-15900.{kind}", heif_claims(name, 15900, 15900),
                   PIXELS)
        # Newer ones see at once that the picture in it is another one.
        yield Case(f"{kind}-claims-64-mp.{kind}",
                   heif_claims(name, 8000, 8000), MEMORY, CORRUPT)
        yield Case(f"{kind}-0.{kind}", heif_claims(name, 0, 0), CORRUPT)
    yield Case("tiff-2-31.tif", tiff(page(width=0x7fffffff,
                                          height=0x7fffffff)), SIDE)
    yield Case("tiff-2-32.tif", tiff(page(width=0xffffffff)), CORRUPT)
    yield Case("tiff-15900.tif", tiff(page(width=15900, height=15900)), PIXELS)
    yield Case("tiff-claims-64-mp.tif", tiff(page(width=8000, height=8000)),
               CORRUPT)
    yield Case("tiff-2-gb-strip.tif", tiff(page(length=0x7fffffff)), CORRUPT)
    yield Case("bmp-2-31.bmp", bmp(0x7fffffff, 0x7fffffff), SIDE)
    yield Case("bmp-least-height.bmp", bmp(1, -0x80000000), CORRUPT)
    yield Case("bmp-15900.bmp", bmp(15900, 15900), PIXELS)
    yield Case("bmp-claims-64-mp.bmp", bmp(8000, 8000), CORRUPT)
    yield Case("bmp-runs-64-mp.bmp", bmp(8000, 8000, 8, 1, bytes(1024) +
                                         b"\0\1", 1078), CORRUPT)


def frame_bombs():
    yield Case("gif-100000-frames.gif", gif(100000), FRAMES)
    yield Case("gif-2000-large-frames.gif", gif(2000, (4000, 4000)), FRAMES)
    picture = one_color_vp8l(8000, 8000)
    yield Case("webp-400-large-frames.webp",
               animated_webp(400, (8000, 8000), picture), PIXELS)
    yield Case("webp-100000-frames.webp",
               animated_webp(100000, (1, 1), vp8l_claim(1, 1)), FRAMES)
    yield Case("webp-frame-beside-canvas.webp",
               riff(vp8x(8, 8, 2), riff_chunk(b"ANIM", bytes(6)),
                    anmf(8, 8, vp8l_claim(8, 8), 1 << 23, 1 << 23)), CORRUPT)
    yield Case("tiff-10000-pages.tif", tiff_pages(10000), FRAMES)
    yield Case("tiff-circle.tif", tiff(page(8)), CORRUPT)
    yield Case("tiff-page-behind-end.tif", tiff(page(0x7fffffff)), CORRUPT)


def time_bombs():
    data = sample("progressive.jpg")
    yield Case("jpeg-900-scans.jpg", data[:-2] + 900 * EMPTY_SCAN + data[-2:],
               SCANS)
    yield Case("png-idat-500-mb.png", png(idat=squeezed(500 << 20)), CORRUPT)
    yield Case("png-ztxt-500-mb.png", png(chunk(
        b"zTXt", b"Comment\0\0" + squeezed(500 << 20))), TAKEN)
    yield Case("png-ztxt-flood.png", png(*[chunk(
        b"zTXt", b"Comment\0\0" + squeezed(4 << 20))] * 300), TAKEN)
    yield Case("png-iccp-500-mb.png", png(chunk(
        b"iCCP", b"icc\0\0" + squeezed(500 << 20))), TAKEN)
    yield Case("png-profile-200-mb.png", png(iccp(200 << 20)), TAKEN)
    yield Case("png-profile-4-mb.png", png(iccp(4 << 20)), TAKEN)
    yield Case("png-itxt-100-mb.png", png(chunk(
        b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + squeezed(100 << 20))), TAKEN)
    yield Case("png-100000-texts.png", png(*[chunk(
        b"tEXt", b"k%d\0" % i + MARK) for i in range(100000)]), TAKEN)
    yield Case("png-2000000-chunks.png", png(
        *[chunk(b"teST", b"")] * 2000000), TAKEN)
    yield Case("png-empty-idats.png", png(*[chunk(b"IDAT", b"")] * 1000000),
               TAKEN)
    yield Case("png-splt.png", png(*[chunk(
        b"sPLT", b"%d\0\x08" % i + bytes(6000)) for i in range(3000)]), TAKEN)
    yield Case("jpeg-comments.jpg", jpeg(segment(0xfe, MARK) * 2000000), TAKEN)
    yield Case("jpeg-exifs.jpg", jpeg(segment(0xe1, EXIFS["circle"]) * 200000),
               TAKEN)
    yield Case("jpeg-icc-30-mb.jpg",
               jpeg(icc_segments(huge_profile(30 << 20))), TAKEN)
    yield Case("jpeg-icc-pieces.jpg",
               jpeg(icc_segments(huge_profile(2 << 20), 4)), TAKEN)
    yield Case("jpeg-iptc-30-mb.jpg", jpeg(segments(
        0xed, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\xff\xc0",
        bytes(30 << 20))), TAKEN)
    yield Case("jpeg-iptc-pieces.jpg", jpeg(segment(
        0xed, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x02ab") * 500000),
        TAKEN)
    yield Case("jpeg-xmp-pieces.jpg", jpeg(segment(
        0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='a'/>") *
        400000), TAKEN)
    yield Case("jpeg-apps.jpg", jpeg(segment(0xe5, b"x") * 3000000), TAKEN)
    yield Case("jpeg-tables.jpg", jpeg(segment(
        0xdb, b"\0" + b"\1" * 64) * 300000), TAKEN)
    yield Case("jpeg-fill.jpg", jpeg(b"\xff" * (20 << 20)), TAKEN)
    yield Case("webp-iccp-30-mb.webp", riff(
        vp8x(16, 16, 0x20), riff_chunk(b"ICCP", huge_profile(30 << 20)),
        one_color_vp8l(16, 16)), TAKEN)
    yield Case("webp-chunks.webp", riff(
        vp8x(16, 16), one_color_vp8l(16, 16),
        riff_chunk(b"teST", b"") * 2000000), TAKEN)
    yield Case("gif-comments.gif", gif(1).replace(
        b",", b"!\xfe\x01a\0" * 2000000 + b",", 1), TAKEN)
    yield Case("tiff-icc-30-mb.tif", tiff_icc(30 << 20), TAKEN)
    yield Case("tiff-strips.tif", tiff_strips(2000000), TAKEN)


def tiff_icc(size):
    entries = len(PLAIN_TIFF) + 1
    at = 8 + 2 + 12 * entries + 4
    fields = [each for each in PLAIN_TIFF if each[0] != 273]
    fields += [(273, 4, 1, at), (34675, 7, size, at + 64)]
    return tiff(ifd(sorted(fields)), bytes(range(64)), huge_profile(size))


def tiff_strips(n):
    """So many strips, all of them the same bytes."""
    at = 8 + 2 + 12 * len(PLAIN_TIFF) + 4
    fields = [each for each in PLAIN_TIFF if each[0] not in (273, 279, 278)]
    fields += [(273, 4, n, at), (278, 4, 1, 1), (279, 4, n, at)]
    return tiff(ifd(sorted(fields)), struct.pack("<L", 8) * n)


def bad_headers():
    whole = png()
    yield Case("png-crc-of-header.png", patched(whole, 29, b"\0\0\0\0"),
               CORRUPT)
    yield Case("png-crc-of-picture.png", patched(whole, len(whole) - 16,
                                                 b"\0\0\0\0"), CORRUPT)
    yield Case("png-chunk-of-2-31.png", patched(whole, 33, b"\x7f\xff\xff\xff"),
               CORRUPT)
    yield Case("png-no-header.png", SIGNATURE + whole[33:], CORRUPT)
    yield Case("png-two-headers.png", png(ihdr(4000, 4000)), CORRUPT)
    yield Case("png-no-picture.png", SIGNATURE + ihdr(9, 9) +
               chunk(b"IEND", b""), CORRUPT)
    yield Case("png-no-palette.png", png(head=ihdr(16, 16, 8, 3),
                                         idat=squeezed(16 * 17)), CORRUPT)
    yield Case("png-depth-of-32.png", png(head=ihdr(16, 16, 32)), CORRUPT)
    yield Case("jpeg-segment-of-1.jpg", jpeg(b"\xff\xe1\x00\x01"), CORRUPT)
    yield Case("jpeg-segment-of-65535.jpg", jpeg(b"\xff\xe1\xff\xff"), CORRUPT)
    yield Case("jpeg-twice-its-size.jpg", jpeg(
        segment(0xc0, bytes.fromhex("08 0fff 0fff 01 011100"))), CORRUPT)
    yield Case("jpeg-huffman-of-nothing.jpg", jpeg().replace(
        jpeg()[jpeg().index(b"\xff\xc4"):][:33],
        segment(0xc4, b"\0" + b"\xff" * 30), 1), CORRUPT)
    yield Case("jpeg-12-bit.jpg", patched(jpeg(), jpeg().index(b"\xff\xc0") + 4,
                                          b"\x0c"), UNSUPPORTED)
    yield Case("jpeg-lossless.jpg", jpeg().replace(b"\xff\xc0", b"\xff\xc3"),
               UNSUPPORTED)
    yield Case("gif-no-colors.gif", b"GIF89a" + struct.pack(
        "<HHBBB", 8, 8, 0, 0, 0) + gif_frame(8, 8) + b";", CORRUPT)
    yield Case("gif-code-of-255.gif", gif(1, (8, 8)).replace(
        b"\x02\x02\x44", b"\xff\x02\x44"), CORRUPT)
    yield Case("webp-length-of-2-32.webp", patched(
        riff(one_color_vp8l(16, 16)), 4, b"\xff\xff\xff\xff"), CORRUPT)
    yield Case("webp-length-of-0.webp", patched(
        riff(one_color_vp8l(16, 16)), 4, bytes(4)), CORRUPT)
    yield Case("bmp-header-of-2-32.bmp", patched(bmp(4, 4), 14, b"\xff" * 4),
               CORRUPT)
    yield Case("bmp-pixels-behind-end.bmp", bmp(4, 4, at=0x7fffffff), CORRUPT)
    yield Case("bmp-in-it-a-jpeg.bmp", bmp(32, 32, 0, 4, jpeg()), UNSUPPORTED)
    yield Case("tiff-fields-behind-end.tif", tiff(struct.pack("<H", 65535)),
               CORRUPT)
    yield Case("tiff-32-samples.tif", tiff(page(samples=65535)), UNSUPPORTED)
    yield Case("heic-box-of-0.heic", patched(sample("scene.heic"), 0,
                                             bytes(4)), CORRUPT)
    yield Case("heic-boxes.heic", heif_boxes_of_boxes(20000), CORRUPT)
    yield Case("heic-two-metas.heic", sample("scene.heic") +
               heif.box(b"meta", bytes(4)), CORRUPT)
    for name, exif in EXIFS.items():
        yield Case(f"exif-{name}.jpg", jpeg(segment(0xe1, exif[:SEGMENT_MOST])),
                   TAKEN)
        yield Case(f"exif-{name}.png", png(chunk(b"eXIf", exif[6:])), TAKEN)


def cuts():
    """Of every format, at a few places."""
    for name in ("gray.jpg", "progressive.jpg", "rgb.png", "still.gif",
                 "lossy.webp", "animated.webp", "scene.avif", "scene.heic",
                 "palette.tif", "plain.bmp", "runs.bmp"):
        data = sample(name)
        stem, _, kind = name.partition(".")
        for n in range(1, 8):
            at = len(data) * n // 8
            yield Case(f"{stem}-cut-at-{at}.{kind}", data[:at], CORRUPT)


def polyglots():
    """Pictures all right, and something else as well: taken, and nothing of
    the other thing may come out."""
    zip_file = (b"PK\x03\x04" + bytes(26) + MARK + b"PK\x05\x06" + bytes(18))
    php = b"<?php system($_GET['" + MARK + b"']); ?>"
    # As a script: GIF89a=1;...
    script = b"*/=1;alert('" + MARK + b"')/*"
    yield Case("gifar.gif", sample("still.gif") + zip_file, TAKEN)
    yield Case("jpeg-zip.jpg", sample("gray.jpg") + zip_file, TAKEN)
    yield Case("jpeg-html-comment.jpg", jpeg(segment(0xfe, SCRIPT)), TAKEN)
    yield Case("jpeg-html-end.jpg", jpeg() + SCRIPT, TAKEN)
    yield Case("jpeg-script.jpg", jpeg(
        segment(0xe5, script), segment(0xfe, SCRIPT)), TAKEN)
    yield Case("jpeg-exif-script.jpg", jpeg(segment(0xe1, exif_of(
        ifd([(270, 2, len(SCRIPT), 26)]), SCRIPT))), TAKEN)
    yield Case("jpeg-xmp-script.jpg", jpeg(segment(
        0xe1, b"http://ns.adobe.com/xap/1.0/\0" + SCRIPT)), TAKEN)
    yield Case("jpeg-xml-entity.jpg", jpeg(segment(
        0xe1, b"http://ns.adobe.com/xap/1.0/\0<?xml version='1.0'?>"
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"
        b"<a>&b;" + MARK + b"</a>")), TAKEN)
    yield Case("png-php-text.png", png(chunk(b"tEXt", b"Comment\0" + php)),
               TAKEN)
    yield Case("png-php-end.png", png() + php, TAKEN)
    yield Case("png-php-palette.png", png(
        chunk(b"PLTE", (php + bytes(3))[:len(php) // 3 * 3])), TAKEN)
    # CVE-2022-44268: a picture's profile by the name of a file.
    yield Case("png-profile-of-a-file.png", png(
        chunk(b"tEXt", b"profile\0/etc/passwd"),
        chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 6\n667470\n")), TAKEN)
    yield Case("png-apng-script.png", png(chunk(
        b"acTL", struct.pack(">LL", 0xffffffff, 0)), behind=chunk(
            b"fdAT", bytes(4) + SCRIPT)), TAKEN)
    still = sample("still.gif")
    yield Case("gif-script.gif", still[:-1] + b"!\xfe" +
               bytes([len(SCRIPT)]) + SCRIPT + b"\0;", TAKEN)
    yield Case("webp-xmp-script.webp", riff(
        vp8x(16, 16, 4), one_color_vp8l(16, 16), riff_chunk(b"XMP ", SCRIPT)),
        TAKEN)
    yield Case("bmp-script.bmp", bmp(16, 16, 24, pixels=bytes(768) + SCRIPT),
               TAKEN)
    yield Case("tiff-script.tif", tiff(page()) + SCRIPT, TAKEN)
    yield Case("jpeg-pdf.jpg", jpeg(segment(0xfe, DISGUISED["pdf"] + MARK)),
               TAKEN)


GROUPS = {"dimensions": dimension_bombs, "frames": frame_bombs,
          "time": time_bombs, "headers": bad_headers, "cuts": cuts,
          "disguised": disguised, "polyglots": polyglots}
