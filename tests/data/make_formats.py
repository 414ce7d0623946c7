#!/usr/bin/python3
"""Makes the test pictures of the formats that Pillow alone does not write:
HEIC, AVIF, TIFF, BMP, and odd kinds of JPEG and PNG. README lists them.

Needs python3-pil, and of the packages libheif-examples, libavif-bin and
libtiff-tools the programs heif-enc, avifenc and tiffcp. Same programs, same
bytes; other versions give other bytes, so no test may compare them.
"""

import io
import os
import struct
import subprocess
import tempfile
import zlib

from PIL import Image

import heif
from make import (MARK, STORED, camera, chunk, fade, path, scene,
                  with_segment, write)

WIDTH, HEIGHT = 180, 120


# --- encoders ---------------------------------------------------------------

def encoded(picture, program, suffix, *options):
    """A whole file by one of the programs."""
    with tempfile.TemporaryDirectory() as directory:
        source = os.path.join(directory, "in.png")
        result = os.path.join(directory, "out" + suffix)
        picture.save(source)
        command = ([program, *options, "-o", result, source]
                   if program == "heif-enc" else
                   [program, *options, source, result])
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(result, "rb") as file:
            return file.read()


def hevc(picture, *options):
    return encoded(picture, "heif-enc", ".heic", "-q", "60", *options)


def av1(picture, *options):
    return encoded(picture, "avifenc", ".avif", "-s", "4", "-j", "1",
                   "--min", "10", "--max", "20", *options)


def turned(orientation):
    """The scene as it is stored for EXIF's orientation to undo it."""
    picture = scene(WIDTH, HEIGHT)
    if orientation in STORED:
        picture = picture.transpose(STORED[orientation])
    return picture


# How HEIF's container says the same as EXIF's orientation.
AS_EXIF = {
    2: [heif.mirror(1)], 3: [heif.rotation(2)], 4: [heif.mirror(0)],
    5: [heif.rotation(3), heif.mirror(1)], 6: [heif.rotation(3)],
    7: [heif.rotation(1), heif.mirror(1)], 8: [heif.rotation(1)],
}


def with_properties(coded, *more):
    return heif.Coded(coded.kind, coded.data, *coded.properties, *more)


AVIF_BRANDS = (b"avif", b"mif1", b"miaf")


def make_turned(encode, name, brands):
    """Upright once, whoever says it: the container, EXIF, or both."""
    for n in range(2, 9):
        coded = heif.take(encode(turned(n)))
        by_box = with_properties(coded, *AS_EXIF[n])
        exif = heif.exif(camera(n))
        link = [(b"cdsc", 2, 1)]
        for how, items, links in (
                ("box", [by_box], []),
                ("exif", [coded, exif], link),
                ("both", [by_box, exif], link)):
            # All eight once; the three ways for the two that are common.
            if n in (3, 6) or how == "box":
                write(f"turned-{how}-{n}.{name}",
                      heif.build(items, links, brands))


def make_heics():
    picture = scene(WIDTH, HEIGHT)
    whole = heif.take(hevc(picture))
    write("scene.heic", heif.build([whole]))
    # The brand of the other one: what counts is how it is coded.
    write("brand-avif.heic", heif.build([whole], brands=AVIF_BRANDS))
    write("deep.heic", heif.build([heif.take(hevc(picture, "-b", "10"))]))
    make_turned(hevc, "heic", (b"heic", b"mif1"))

    # 40 px of red at the left are cut off, so 140 remain.
    wide = Image.new("RGB", (WIDTH + 40, HEIGHT), (200, 0, 0))
    wide.paste(picture, (40, 0))
    write("crop.heic", heif.build([with_properties(
        heif.take(hevc(wide)), heif.crop(WIDTH, HEIGHT, 20, 0))]))

    tiles = [heif.take(hevc(picture.crop((x, y, x + 96, y + 64))))
             for y in (0, 64) for x in (0, 96)]
    write("grid.heic", heif.build(
        [heif.grid(2, 2, WIDTH, HEIGHT), *tiles],
        [(b"dimg", 1, 2, 3, 4, 5)]))
    write("identity.heic", heif.build(
        [with_properties(heif.identity(HEIGHT, WIDTH), heif.rotation(3)),
         heif.take(hevc(turned(6)))], [(b"dimg", 1, 2)]))
    half = picture.crop((WIDTH // 2, 0, WIDTH, HEIGHT))
    write("overlay.heic", heif.build(
        [heif.overlay(WIDTH, HEIGHT, (0, 0), (WIDTH // 2, 0)),
         heif.take(hevc(turned(2))), heif.take(hevc(half))],
        [(b"dimg", 1, 2, 3)]))

    both = hevc(fade(picture))
    write("alpha.heic", heif.build(
        [heif.take(both), heif.take(both, 2)], [(b"auxl", 2, 1)]))
    large = hevc(fade(scene(2 * WIDTH, 2 * HEIGHT)))
    write("alpha-large.heic", heif.build(
        [heif.take(both), heif.take(large, 2)], [(b"auxl", 2, 1)]))
    write("alphas.heic", heif.build(
        [heif.identity(WIDTH, HEIGHT), heif.take(both), heif.take(both, 2),
         heif.take(large, 2), heif.take(both)],
        [(b"dimg", 1, 2), (b"auxl", 3, 1), (b"auxl", 4, 5)]))


def make_avifs():
    picture = scene(WIDTH, HEIGHT)
    whole = heif.take(av1(picture))
    write("scene.avif", heif.build([whole], brands=AVIF_BRANDS))
    write("deep.avif", av1(picture, "-d", "10", "-y", "444"))
    write("gray.avif", av1(picture, "-y", "400"))
    write("lossless.avif", av1(picture, "-l"))
    write("limited.avif", av1(picture, "--cicp", "1/13/1", "-r", "limited"))
    make_turned(av1, "avif", AVIF_BRANDS)

    both = av1(fade(picture))
    write("alpha.avif", both)
    # The picture lies on its side; its alpha is turned with it, or upright.
    both = av1(fade(picture).transpose(STORED[6]))
    color, alpha = heif.take(both), heif.take(both, 2)
    color = with_properties(color, heif.rotation(3))
    write("alpha-turned.avif", heif.build(
        [color, with_properties(alpha, heif.rotation(3))],
        [(b"auxl", 2, 1)], AVIF_BRANDS))
    write("alpha-unturned.avif", heif.build(
        [color, alpha], [(b"auxl", 2, 1)], AVIF_BRANDS))

    with tempfile.TemporaryDirectory() as directory:
        names = []
        for i, color in enumerate(((220, 30, 30), (30, 220, 30))):
            names.append(os.path.join(directory, f"{i}.png"))
            Image.new("RGB", (WIDTH, HEIGHT), color).save(names[-1])
        subprocess.run(["avifenc", "-s", "8", "-j", "1", *names,
                        path("sequence.avif")],
                       check=True, stdout=subprocess.DEVNULL)


# --- TIFF -------------------------------------------------------------------

SHORT, LONG = 3, 4


def plain_tiff(order, width, height, bits, samples, photometric, data, *more):
    """One strip, Deflate; entries are (tag, type, values)."""
    body = zlib.compress(data, 9)
    body += b"\0" * (len(body) % 2)
    entries = [(256, LONG, [width]), (257, LONG, [height]),
               (258, SHORT, [bits] * samples), (259, SHORT, [8]),
               (262, SHORT, [photometric]), (273, LONG, [8]),
               (277, SHORT, [samples]), (278, LONG, [height]),
               (279, LONG, [len(body)]), *more]
    at = 8 + len(body)
    tail_at = at + 2 + 12 * len(entries) + 4
    head, tail = struct.pack(order + "H", len(entries)), b""
    for tag, kind, values in sorted(entries):
        packed = struct.pack(
            f"{order}{len(values)}{'H' if kind == SHORT else 'L'}", *values)
        head += struct.pack(order + "HHL", tag, kind, len(values))
        if len(packed) <= 4:
            head += packed.ljust(4, b"\0")
        else:
            head += struct.pack(order + "L", tail_at + len(tail))
            tail += packed
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return (magic + struct.pack(order + "L", at) + body + head +
            bytes(4) + tail)


def tiffcp(source, name, *options):
    subprocess.run(["tiffcp", *options, path(source), path(name)], check=True)


def make_tiffs():
    picture = scene(WIDTH, HEIGHT)
    second = Image.new("RGB", (64, 48), (30, 30, 220))
    picture.save(path("pages.tif"), compression="tiff_lzw", save_all=True,
                 append_images=[second, second])
    fade(picture).save(path("alpha.tif"), compression="tiff_adobe_deflate")
    picture.convert("CMYK").save(path("cmyk.tif"),
                                 compression="tiff_adobe_deflate")
    picture.convert("L").save(path("gray.tif"), compression="packbits")
    picture.quantize(32, dither=Image.Dither.NONE).save(
        path("palette.tif"), compression="tiff_lzw")
    picture.convert("1").save(path("fax.tif"), compression="group4")
    wide = bytes(b for pixel in picture.getdata() for value in pixel
                 for b in (value, value))
    write("deep.tif", plain_tiff(">", WIDTH, HEIGHT, 16, 3, 2, wide))
    for n in (3, 6):
        turned(n).save(path(f"turned-{n}.tif"), compression="tiff_lzw",
                       tiffinfo={274: n, 315: MARK + " artist"})
        tiffcp(f"turned-{n}.tif", f"turned-tiles-{n}.tif", "-B", "-t",
               "-w", "64", "-l", "64")
        tiffcp(f"turned-{n}.tif", f"turned-jpeg-{n}.tif", "-r", "16",
               "-c", "jpeg:90")
    # As raw files begin: a preview, and the photo in a directory below.
    write("raw.nef", plain_tiff(
        "<", 16, 12, 8, 3, 2, bytes(16 * 12 * 3),
        (254, LONG, [1]), (330, LONG, [8])))
    write("raw.dng", plain_tiff(
        "<", 16, 12, 8, 3, 2, bytes(16 * 12 * 3), (50706, LONG, [1])))


# --- BMP --------------------------------------------------------------------

def bmp(info, data, palette=b""):
    at = 14 + len(info) + len(palette)
    return (b"BM" + struct.pack("<LHHL", at + len(data), 0, 0, at) + info +
            palette + data)


def info_header(width, height, bits, compression=0, size=40, masks=(),
                colors=0):
    head = struct.pack("<LllHHLLllLL", size, width, height, 1, bits,
                       compression, 0, 2835, 2835, colors, 0)
    head += b"".join(struct.pack("<L", mask) for mask in masks)
    return head + bytes(max(0, size - len(head)))


def rows(picture, pack):
    """Bottom up, each row filled up to four bytes."""
    width, height = picture.size
    out = b""
    for y in reversed(range(height)):
        row = b"".join(pack(picture.getpixel((x, y))) for x in range(width))
        out += row + bytes(-len(row) % 4)
    return out


def runs(picture):
    """RLE8: runs, and single px as they are where there are three or more."""
    width, height = picture.size
    out = b""
    for y in reversed(range(height)):
        line = [picture.getpixel((x, y)) for x in range(width)]
        x = 0
        while x < width:
            n = 1
            while x + n < width and n < 255 and line[x + n] == line[x]:
                n += 1
            if n == 1 and x + 5 <= width:
                out += bytes([0, 5, *line[x:x + 5], 0])
                n = 5
            else:
                out += bytes([n, line[x]])
            x += n
        out += b"\0\0"
    return out + b"\0\1"


def make_bmps():
    picture = scene(90, 60)
    colors = picture.quantize(32, dither=Image.Dither.NONE)
    triples = [tuple(colors.getpalette()[i:i + 3]) for i in range(0, 96, 3)]
    palette = b"".join(bytes([b, g, r, 0]) for r, g, b in triples)

    def blue_first(pixel):
        return bytes(pixel[2::-1])

    def packed565(pixel):
        r, g, b = pixel
        return struct.pack("<H", r >> 3 << 11 | g >> 2 << 5 | b >> 3)

    def with_alpha(pixel):
        return bytes((pixel[2], pixel[1], pixel[0], pixel[3]))

    write("plain.bmp", bmp(info_header(90, 60, 24),
                           rows(picture, blue_first)))
    write("core.bmp", bmp(
        struct.pack("<LHHHH", 12, 90, 60, 1, 8),
        rows(colors, lambda pixel: bytes([pixel])),
        b"".join(bytes([b, g, r]) for r, g, b in triples) + bytes(3 * 224)))
    write("runs.bmp", bmp(info_header(90, 60, 8, 1, colors=32), runs(colors),
                          palette))
    # The rows of a height below 0 go down.
    write("topdown.bmp", bmp(
        info_header(90, -60, 16, 3) + struct.pack("<LLL", 0xf800, 0x7e0, 0x1f),
        rows(picture.transpose(STORED[4]), packed565)))
    # 32 bits without masks: the fourth byte means nothing, and is 0.
    write("fourth.bmp", bmp(
        info_header(90, 60, 32),
        rows(picture, lambda pixel: blue_first(pixel) + b"\0")))
    masks = (0xff0000, 0xff00, 0xff, 0xff000000)
    for name, size in (("v4", 108), ("v5", 124)):
        write(f"alpha-{name}.bmp", bmp(
            info_header(90, 60, 32, 3, size, masks),
            rows(fade(picture), with_alpha)))


# --- JPEG and PNG -----------------------------------------------------------

def jpeg(picture, **options):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85, **options)
    return out.getvalue()


def make_jpegs():
    still = jpeg(scene(WIDTH, HEIGHT))
    video = (heif.box(b"ftyp", b"mp42", bytes(4), b"mp42isom") +
             heif.box(b"mdat", bytes(range(256)) * 4))
    xmp = (b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'>"
           b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
           b"<rdf:Description xmlns:GCamera="
           b"'http://ns.google.com/photos/1.0/camera/' GCamera:MotionPhoto='1'"
           b" GCamera:MotionPhotoVersion='1'/></rdf:RDF></x:xmpmeta>")
    write("motion.jpg", with_segment(still, 0xe1, xmp) + video)

    # Multi-picture format: the gain map is a second JPEG behind the first.
    gain = jpeg(scene(WIDTH // 4, HEIGHT // 4).convert("L"))

    def index(offset):
        entries = struct.pack(">LLLHH", 0x030000, len(still), 0, 0, 0)
        entries += struct.pack(">LLLHH", 0, len(gain), offset, 0, 0)
        fields = [(0xb000, 7, 4, b"0100"),
                  (0xb001, 4, 1, struct.pack(">L", 2)),
                  (0xb002, 7, 32, struct.pack(">L", 8 + 2 + 36 + 4))]
        return (b"MPF\0MM\0*" + struct.pack(">LH", 8, len(fields)) +
                b"".join(struct.pack(">HHL", *f[:3]) + f[3] for f in fields) +
                bytes(4) + entries)

    size = len(still) + len(index(0)) + 4
    write("gainmap.jpg", with_segment(still, 0xe2, index(size - 10)) + gain)

    # 4:2:2, and rows of the blocks restarted.
    write("restart.jpg", jpeg(scene(WIDTH, HEIGHT), subsampling=1,
                              restart_marker_rows=1))


def png(width, height, bits, color, data, *more):
    head = struct.pack(">LLBBBBB", width, height, bits, color, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) +
            chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b""))


def make_pngs():
    picture = fade(scene(WIDTH, HEIGHT))
    wide = b"".join(
        b"\0" + bytes(b for x in range(WIDTH) for v in picture.getpixel((x, y))
                      for b in (v, v)) for y in range(HEIGHT))
    write("deep-alpha.png", png(WIDTH, HEIGHT, 16, 6, wide))
    # Gray with one value that is transparent: the white of the left half.
    gray = b"".join(b"\0" + b"\xff" * 32 + b"\x60" * 32 for _ in range(48))
    write("gray-trns.png", png(64, 48, 8, 0, gray, chunk(b"tRNS", b"\0\xff")))
    first = Image.new("RGB", (64, 48), (220, 30, 30))
    first.save(path("animated.png"), save_all=True, duration=100, append_images=[
        Image.new("RGB", (64, 48), (30, 220, 30))])


def main():
    make_heics()
    make_avifs()
    make_tiffs()
    make_bmps()
    make_jpegs()
    make_pngs()


if __name__ == "__main__":
    main()
