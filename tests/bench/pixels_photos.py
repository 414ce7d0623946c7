"""The photos that the benchmark of pixels works on, and what they have to
become.

A photo is there in two forms. Without a profile nobody has colours to convert;
with its own, of a wide gamut, everybody has to.
"""

import io
import pathlib
import struct

from PIL import Image, ImageCms

from photos import make
from report import PHOTOS

LADDER = (1280, 640, 320, 160)
QUALITY = 80
NONE, ALL = "none", "all"
COLOURS = (NONE, ALL)

# What an editor makes of a larger camera's photo is made here: it would be too
# much to ship.
LARGE = ("camera-22mp.jpg", (6000, 4000), "made-24mp-progressive")


def without_profile(jpeg):
    """The same JPEG without any APP2 segment."""
    out = bytearray(b"\xff" + bytes((make.SOI,)))
    for marker, payload in make.segments(jpeg):
        if marker == make.APP2:
            continue
        out += bytes((0xff, marker))
        if marker != make.SOS:
            out += struct.pack(">H", len(payload) + 2)
        out += payload
    return bytes(out)


def srgb_profile():
    return ImageCms.ImageCmsProfile(
        ImageCms.createProfile("sRGB")).tobytes()


def is_srgb(profile):
    name = ImageCms.getProfileName(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    return "srgb" in name.lower()


class Photo:
    """A file of its own in one of the two forms."""

    def __init__(self, path, colours):
        self.path = path
        self.name = path.stem.removesuffix("." + colours)
        self.colours = colours
        with Image.open(path) as image:
            turned = image.getexif().get(0x112, 1) > 4
            width, height = image.size
            self.size = (height, width) if turned else (width, height)

    def fits(self, side):
        """Its size within a box of so many pixels a side, as fractions."""
        scale = side / max(self.size)
        return tuple(edge * scale for edge in self.size)


def write_forms(path, name, directory):
    """The forms of one JPEG as {colours: Photo}; why it is of no use, else."""
    with Image.open(path) as image:
        if image.format != "JPEG" or image.mode != "RGB":
            return f"{path.name} is no RGB JPEG"
        if max(image.size) < LADDER[0]:
            return f"{path.name} is smaller than {LADDER[0]} pixels"
        profile = image.info.get("icc_profile")
    forms = {NONE: without_profile(path.read_bytes())}
    if profile and not is_srgb(profile):
        forms[ALL] = path.read_bytes()
    photos = {}
    for colours, data in forms.items():
        target = directory / f"{name}.{colours}.jpg"
        target.write_bytes(data)
        photos[colours] = Photo(target, colours)
    return photos


def make_large(directory):
    source, size, name = LARGE
    path = directory / f"{name}.jpg"
    with Image.open(PHOTOS / source) as image:
        image.resize(size, Image.LANCZOS).save(
            path, quality=90, subsampling="4:2:0", progressive=True)
    return path


def chosen(photos, form):
    """Which of them to make this format of: decoding one more, and a large
    one, says nothing of another encoder."""
    if form == "jpeg":
        return photos
    return [photo for photo in photos if photo.name != LARGE[2]]


def gather(directory, more=None, only=None):
    """({colours: [Photo]}, [why some were left out]) below directory: the
    shipped photos, a large one made of them, and all of the directory more.
    only is a text that shipped names contain."""
    shipped = sorted(PHOTOS.glob("*.jpg"))
    if only is None:
        shipped.append(make_large(directory))
    else:
        shipped = [path for path in shipped if only in path.name]
    theirs = [] if more is None else sorted(
        path for path in pathlib.Path(more).iterdir()
        if path.suffix.lower() in (".jpg", ".jpeg"))
    found = {colours: [] for colours in COLOURS}
    left_out = []
    for path in shipped + theirs:
        # One of theirs may be called as one of ours.
        name = path.stem + ("" if path in shipped else "-theirs")
        forms = write_forms(path, name, directory)
        if isinstance(forms, str):
            left_out.append(forms)
            continue
        for colours, photo in forms.items():
            found[colours].append(photo)
    return found, left_out
