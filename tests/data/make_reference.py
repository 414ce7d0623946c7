#!/usr/bin/python3
"""Makes the colour references again: what p3.jpg should look like in sRGB.

usage: make_reference.py

An independent way, Pillow's: converts the whole photo with its profile
(relative colorimetric, black point compensation), then scales it. Writes
reference-srgb.png, and reference-ignored.png, which is the same with the
profile thrown away: what a service that only strips it would make, which the
test must be able to tell from the right one. Needs python3-pil.
"""

import io
import os

from PIL import Image, ImageCms

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = (240, 180)


def save(picture, name):
    small = picture.resize(SIZE, Image.Resampling.LANCZOS)
    small.save(os.path.join(HERE, name), optimize=True)


def main():
    photo = Image.open(os.path.join(HERE, "p3.jpg"))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(photo.info["icc_profile"]))
    plain = Image.new("RGB", photo.size)
    plain.paste(photo)
    save(plain, "reference-ignored.png")
    converted = ImageCms.profileToProfile(
        plain, profile, ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.FLAGS["BLACKPOINTCOMPENSATION"])
    save(converted, "reference-srgb.png")


if __name__ == "__main__":
    main()
