#!/usr/bin/python3
"""Makes the references of the table test again: what the thumbnails of every
picture here should look like, by Pillow.

usage: make_table.py [NAME...]

Each picture gets one table/NAME.png that holds all its thumbnails, with one
copy of those that are the same, and a row in table/index.json that says where
they lie. With names only those are made anew. Pictures that Pillow cannot
read are made from the scene that make.py put into them.

Needs python3-pil. Same libraries, same bytes.
"""

import argparse
import io
import json
import pathlib
import sys

from PIL import Image, ImageCms, ImageOps, ImageSequence

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import make  # noqa: E402: beside this file
import table  # noqa: E402: found by the path above

TABLE = HERE / "table"
INDEX = TABLE / "index.json"
SRGB = ImageCms.createProfile("sRGB")
BLACK_POINT_COMPENSATION = 0x2000

# What Pillow cannot read, and what it was made of.
SCENES = {}


def eight_bits(image):
    """Pillow cuts off what 16 bit gray has above 255 instead of scaling it."""
    if image.mode not in ("I", "I;16", "I;16B"):
        return image
    wide = image.convert("I")
    return wide.point(lambda value: value * (255 / 65535) + 0.5).convert("L")


def to_srgb(image):
    profile = image.info.get("icc_profile")
    has_alpha = "A" in image.mode or "transparency" in image.info
    if profile is None or has_alpha:
        return image.convert("RGBA" if has_alpha else "RGB")
    return ImageCms.profileToProfile(
        image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), SRGB,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB", flags=BLACK_POINT_COMPENSATION)


def read(name):
    """(frames upright in sRGB, [ms of each], loop); no times of a still one."""
    if name in SCENES:
        return [SCENES[name]()], [], None
    with Image.open(HERE / name) as image:
        loop = image.info.get("loop")
        frames, times = [], []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            times.append(frame.info.get("duration"))
            frames.append(to_srgb(eight_bits(ImageOps.exif_transpose(frame))))
            if image.format not in ("GIF", "WEBP"):
                break  # pages, or another picture beside the still one
    return frames, times if len(frames) > 1 else [], loop


def thumbnail(image, preset):
    """What the documented rule makes of it."""
    place = table.Place(image.size, preset)
    x, y, width, height = map(float, place.crop)
    scaled = image.resize(place.scaled, Image.Resampling.LANCZOS,
                          (x, y, x + width, y + height))
    if preset.get("fit") != "pad":
        return scaled
    canvas = Image.new("RGBA", place.canvas, table.BACKGROUND)
    canvas.alpha_composite(scaled.convert("RGBA"), place.at)
    return canvas.convert(image.mode)


def thumbnails(frames):
    """{preset: [pictures]}. Which part gravity "smart" takes no rule says: it
    gets the whole photo, at that scale."""
    made = {preset["name"]: [thumbnail(frames[0], preset)]
            for preset in table.PRESETS}
    made["smart"] = [frames[0].resize(table.whole(frames[0].size),
                                      Image.Resampling.LANCZOS)]
    for preset in table.MOVING:
        made[preset["name"]] = [thumbnail(frame, preset) for frame in frames]
    return made


def lay_out(made):
    """One picture that holds them all, and {preset: [x, y, width, height]}."""
    places, kept, below = {}, {}, 0
    for name, pictures in made.items():
        places[name] = []
        for image in pictures:
            key = image.size, image.tobytes()
            if key not in kept:
                kept[key] = below, image
                below += image.height
            places[name].append([0, kept[key][0], *image.size])
    images = [image for _, image in kept.values()]
    sheet = Image.new(images[0].mode, (max(i.width for i in images), below))
    for top, image in kept.values():
        sheet.paste(image, (0, top))
    return sheet, places


def make_reference(name):
    """Its row in the index."""
    frames, times, loop = read(name)
    sheet, places = lay_out(thumbnails(frames))
    sheet.save(TABLE / (name + ".png"), optimize=True)
    row = {"size": frames[0].size, "thumbnails": places}
    if times:
        row |= {"times": times, "loop": loop}
    return row


def main():
    parser = argparse.ArgumentParser(
        description="Make the references of the table test again.")
    parser.add_argument("names", metavar="NAME", nargs="*",
                        help="only these; default: all")
    names = parser.parse_args().names
    index = {}
    if names:
        index = json.loads(INDEX.read_text())
    for name in names or table.corpus(HERE):
        index[name] = make_reference(name)
    INDEX.write_text("{\n" + ",\n".join(
        f"{json.dumps(name)}: {json.dumps(index[name])}"
        for name in sorted(index)) + "\n}\n")


if __name__ == "__main__":
    main()
