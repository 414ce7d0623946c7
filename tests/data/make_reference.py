#!/usr/bin/python3
"""Makes the colour references again: what p3.jpg should look like in sRGB.

usage: make_reference.py

An independent way, without a profile and without a colour library: every px of
the whole photo is taken from Display P3 to sRGB by the matrices and the curve
that CSS Color 4 gives for both, in plain numbers; what sRGB has not is cut off
at its borders. Pillow only decodes and scales. Writes reference-srgb.png, and
reference-ignored.png, which is the same with the profile thrown away: what a
service that only strips it would make, which the test must be able to tell
from the right one. Needs python3-pil.
"""

import os
import sys

from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = (240, 180)

# Linear light to XYZ of white D65, and back (CSS Color 4, 18). Both spaces
# have that white, so there is nothing to adapt.
P3_TO_XYZ = (
    (608311 / 1250200, 189793 / 714400, 198249 / 1000160),
    (35783 / 156275, 247089 / 357200, 198249 / 2500400),
    (0, 32229 / 714400, 5220557 / 5000800))
XYZ_TO_SRGB = (
    (12831 / 3959, -329 / 214, -1974 / 3959),
    (-851781 / 878810, 1648619 / 878810, 36519 / 878810),
    (705 / 12673, -2585 / 12673, 705 / 667))


def multiply(a, b):
    return tuple(tuple(sum(a[i][k] * b[k][j] for k in range(3))
                       for j in range(3)) for i in range(3))


def decode(value):
    """To linear light, 0..1; the curve of both spaces (IEC 61966-2-1)."""
    if value <= 0.04045:
        return value / 12.92
    return ((value + 0.055) / 1.055) ** 2.4


def encode(light):
    light = min(max(light, 0), 1)
    if light <= 0.0031308:
        return 12.92 * light
    return 1.055 * light ** (1 / 2.4) - 0.055


MATRIX = multiply(XYZ_TO_SRGB, P3_TO_XYZ)
LIGHT = [decode(value / 255) for value in range(256)]


def convert(p3):
    r, g, b = (LIGHT[value] for value in p3)
    return tuple(round(255 * encode(row[0] * r + row[1] * g + row[2] * b))
                 for row in MATRIX)


def save(picture, name):
    small = picture.resize(SIZE, Image.Resampling.LANCZOS)
    small.save(os.path.join(HERE, name), optimize=True)


def main():
    photo = Image.open(os.path.join(HERE, "p3.jpg"))
    if "Display P3".encode("utf-16-be") not in photo.info["icc_profile"]:
        sys.exit("p3.jpg is not in Display P3")
    plain = Image.new("RGB", photo.size)
    plain.paste(photo)
    save(plain, "reference-ignored.png")
    known = {p3: convert(p3) for p3 in set(plain.getdata())}
    converted = Image.new("RGB", photo.size)
    converted.putdata([known[p3] for p3 in plain.getdata()])
    save(converted, "reference-srgb.png")


if __name__ == "__main__":
    main()
