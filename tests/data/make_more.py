#!/usr/bin/python3
"""Makes the test pictures whose size, detail or animation is the point; the
kinds of files are make.py's.

usage: make_more.py [--adobe PHOTO]

PHOTO is one whose profile is Adobe RGB; README says which.

Needs python3-pil. Same libraries, same bytes.
"""

import io
import sys

from PIL import Image, ImageChops, ImageDraw

from make import fade, path, scene

# ms of each frame, and how often they are played.
TIMES, LOOP = [100, 250, 40, 700], 3


def make_odd_sizes():
    scene(48, 32).save(path("tiny.png"), optimize=True)
    fade(scene(48, 32)).save(path("tiny-alpha.webp"), lossless=True, method=6)
    fade(scene(160, 160)).save(path("square-alpha.png"), optimize=True)
    slope(400, 2).save(path("thin.png"), optimize=True)
    slope(300, 3).transpose(Image.Transpose.ROTATE_90).save(
        path("tall.jpg"), quality=96, subsampling=0)


def slope(width, height):
    """From one colour to another, and some brighter below."""
    image = Image.new("RGB", (width, height))
    image.putdata([(220 - 180 * x // width, 120 * x // width, 60 + 9 * y)
                   for y in range(height) for x in range(width)])
    return image


def detailed(width, height, at):
    """Nothing but a slow change of brightness, and within the box `at` a
    pattern that is as busy everywhere and nowhere the same."""
    image = Image.linear_gradient("L").resize((width, height))
    image = image.point(lambda value: 60 + value / 4).convert("RGB")
    draw = ImageDraw.Draw(image)
    for y in range(at[1], at[3], 16):
        for x in range(at[0], at[2], 16):
            shade = 130 + (x * 5 + y * 3) % 64
            draw.rectangle([x, y, x + 7, y + 15], (shade, shade, 120))
    return image


def make_detailed():
    detailed(240, 160, (96, 0, 240, 160)).save(path("detail-right.png"),
                                               optimize=True)
    detailed(160, 240, (0, 96, 160, 240)).save(path("detail-low.jpg"),
                                               quality=94, subsampling=0)


def walking(color):
    """Frames of a square that walks over nothing."""
    frames = []
    for i in range(len(TIMES)):
        frame = Image.new("RGBA", (120, 80), (0, 0, 0, 0))
        draw = ImageDraw.Draw(frame)
        draw.rectangle([24 * i, 16 * i, 24 * i + 39, 16 * i + 29], color)
        draw.rectangle([0, 72, 119, 79], (20, 60 * i, 200))
        frames.append(frame)
    return frames


def make_animations():
    first, *rest = walking((230, 40, 30, 255))
    first.save(path("walking.gif"), save_all=True, append_images=rest,
               duration=TIMES, loop=LOOP, disposal=2)
    first, *rest = walking((230, 40, 30, 160))
    first.save(path("walking.webp"), save_all=True, append_images=rest,
               duration=TIMES, loop=LOOP, lossless=True, method=6,
               allow_mixed=False, minimize_size=False)


def lying(picture, orientation):
    """Stored so that EXIF's orientation, 3 or 6, turns it upright."""
    return picture.transpose({3: Image.Transpose.ROTATE_180,
                              6: Image.Transpose.ROTATE_90}[orientation])


def make_turned():
    """As EXIF alone says it, in the two formats that have a chunk for it."""
    def exif(orientation):
        field = Image.Exif()
        field[0x0112] = orientation
        # Without what JPEG has before it.
        return field.tobytes().removeprefix(b"Exif\0\0")

    picture = scene(180, 120)
    lying(picture, 6).save(path("turned.png"), exif=exif(6), optimize=True)
    lying(picture, 3).save(path("turned.webp"), exif=exif(3), quality=90,
                           method=6)
    frames = [lying(scene(60, 40), 6), lying(scene(60, 40).convert("L")
                                             .convert("RGB"), 6)]
    frames[0].save(path("turned-moving.webp"), save_all=True,
                   append_images=frames[1:], duration=[100, 200], loop=0,
                   lossless=True, method=6, exif=exif(6))


def make_deep_ramp():
    """16 bit gray of few values: what PNG would write as a palette."""
    ramp = Image.new("I;16", (256, 64))
    ramp.putdata([257 * (x // 2) for _ in range(64) for x in range(256)])
    ramp.save(path("ramp16.png"), optimize=True)


def make_ycck():
    """Pillow writes CMYK as it is: what stands for it is made here, and then
    said in Adobe's marker (transform 2)."""
    cyan, magenta, yellow, black = scene(180, 120).convert("CMYK").split()
    triple = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr")
    stored = [ImageChops.invert(band) for band in triple.split()]
    file = io.BytesIO()
    Image.merge("CMYK", (*stored, black)).save(file, "JPEG", quality=96,
                                               subsampling=0)
    data = bytearray(file.getvalue())
    data[data.index(b"Adobe") + 11] = 2
    with open(path("ycck.jpg"), "wb") as out:
        out.write(data)


def make_adobe_rgb(photo):
    """A photo with the profile that it came with, and nothing else of it."""
    picture = Image.open(photo)
    picture.thumbnail((240, 240), Image.Resampling.LANCZOS)
    picture.save(path("adobe-rgb.jpg"), quality=92, subsampling=0,
                 icc_profile=picture.info["icc_profile"])


def main():
    make_odd_sizes()
    make_detailed()
    make_animations()
    make_turned()
    make_deep_ramp()
    make_ycck()
    if sys.argv[1:2] == ["--adobe"]:
        make_adobe_rgb(sys.argv[2])


if __name__ == "__main__":
    main()
