#!/usr/bin/python3
"""Makes the references of the table test again: what the thumbnails of every
picture here should look like, by Pillow.

usage: make_table.py

All thumbnails of a picture are in one table/NAME.png, those that are the same
once, and so are pictures of the same thumbnails. A row in table/index.json says
what lies where. Those of pictures that Pillow cannot read are made from the
scene that was put into them.

Needs python3-pil. Same libraries, same bytes.
"""

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

# What Pillow cannot read, and what it was made of where that is not the scene.
UNREADABLE = {".heic", ".avif"}
SCENE = make.scene(180, 120)
HALVES = ImageOps.mirror(SCENE)
HALVES.paste(SCENE.crop((90, 0, 180, 120)), (90, 0))
SCENES = {
    "alpha": make.fade(SCENE),
    "alpha-turned": make.fade(SCENE),
    "alpha-unturned": make.fade(SCENE),
    "alphas": make.fade(SCENE),
    "gray": SCENE.convert("L").convert("RGB"),
    "overlay": HALVES,
    "sequence": Image.new("RGB", (180, 120), (220, 30, 30)),
}


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
    path = HERE / name
    if path.suffix in UNREADABLE:
        return [SCENES.get(path.stem, SCENE)], [], None
    with Image.open(path) as image:
        loop = image.info.get("loop")
        frames, times = [], []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            times.append(frame.info.get("duration"))
            # Pillow turns a TIFF upright by itself, and leaves the tag.
            upright = (frame if image.format == "TIFF"
                       else ImageOps.exif_transpose(frame))
            frames.append(to_srgb(eight_bits(upright)))
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


def make_reference(name, sheets):
    """Its row in the index. sheets is what was made before, by its px."""
    frames, times, loop = read(name)
    sheet, places = lay_out(thumbnails(frames))
    key = sheet.mode, sheet.size, sheet.tobytes()
    if key not in sheets:
        sheets[key] = name + ".png"
        sheet.save(TABLE / sheets[key], optimize=True)
    row = {"sheet": sheets[key], "size": frames[0].size, "thumbnails": places}
    if times:
        row |= {"times": times, "loop": loop}
    return row


def main():
    for old in TABLE.glob("*.png"):
        old.unlink()
    sheets = {}
    rows = [f"{json.dumps(name)}: {json.dumps(make_reference(name, sheets))}"
            for name in table.corpus(HERE)]
    INDEX.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
