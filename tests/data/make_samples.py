#!/usr/bin/python3
"""Writes fcgi-thumb/image_boot_samples.c: one tiny picture of each format,
which a worker decodes as it starts. Needs what make_formats.py needs.

usage: make_samples.py >../../fcgi-thumb/image_boot_samples.c
"""

import io

from PIL import Image

import heif
from make_formats import AVIF_BRANDS, av1, hevc, with_properties

SIDE = 16

HEAD = """#include "config.h"

/*
 * A picture of 16 x 16 px of red in each format that is read, so that a codec
 * that is missing or broken is found as the service starts and not by a photo.
 * Made by tests/data/make_samples.py.
 */

#include "image_internal.h"
"""


def pillow(format, **options):
    out = io.BytesIO()
    picture().save(out, format, **options)
    return out.getvalue()


def picture():
    return Image.new("RGB", (SIDE, SIDE), (200, 30, 30))


def array(name, data):
    lines = [f"static const unsigned char {name}[] = {{"]
    for at in range(0, len(data), 12):
        lines.append("\t" + " ".join(f"0x{b:02x}," for b in data[at:at + 12]))
    return "\n".join(lines) + "\n};\n"


def main():
    samples = {
        "JPEG": pillow("JPEG", quality=50, optimize=True),
        "PNG": pillow("PNG", optimize=True),
        "GIF": pillow("GIF"),
        "WEBP": pillow("WEBP", lossless=True),
        "AVIF": heif.build([heif.take(av1(picture()))], brands=AVIF_BRANDS),
        # Nothing is coded that is smaller than 64 px.
        "HEIC": heif.build([with_properties(
            heif.take(hevc(picture())),
            heif.crop(SIDE, SIDE, (SIDE - 64) // 2, (SIDE - 64) // 2))]),
        "TIFF": pillow("TIFF", compression="tiff_lzw"),
        "BMP": pillow("BMP"),
    }
    print(HEAD)
    print("/* clang-format off */")
    for name, data in samples.items():
        print(array(name.lower(), data))
    print("/* clang-format on */\n")
    print("const struct image_sample image_samples[FORMAT_COUNT] = {")
    for name in samples:
        print(f"\t[FORMAT_{name}] = "
              f"{{ {name.lower()}, sizeof {name.lower()} }},")
    print("};")


if __name__ == "__main__":
    main()
