"""The photos that the benchmark of pixels works on, and what they have to
become.

A photo is there in two forms: without a profile, so that nobody has colours to
convert; and as it came, with its own profile, wide or sRGB, which is everybody's
to look at. A camera that embeds none has left nothing to convert: of its photos
both forms are the same.
"""

import hashlib
import io
import pathlib
import struct
import warnings

from PIL import Image, ImageCms

from photos import make
from report import PHOTOS

LADDER = (1280, 640, 320, 160)
QUALITY = 80
PIXELS_MAX = 64_000_000  # which the service takes by default
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
            profile = image.info.get("icc_profile")
            # Another picture without the profile, as eyes see it.
            self.wide = bool(profile) and not is_srgb(profile)
            turned = image.getexif().get(0x112, 1) > 4
            width, height = image.size
            self.size = (height, width) if turned else (width, height)

    def fits(self, side):
        """Its size within a box of so many pixels a side, as fractions."""
        scale = side / max(self.size)
        return tuple(edge * scale for edge in self.size)


def why_not(path):
    """Why a file of them is of no use, or None."""
    with warnings.catch_warnings():
        # Of very many pixels, which are counted here.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(path) as image:
                form, mode, size = image.format, image.mode, image.size
                profile = image.info.get("icc_profile")
            if profile:
                is_srgb(profile)
        except (OSError, Image.DecompressionBombError, ImageCms.PyCMSError):
            return f"{path.name} is nothing that Pillow can read"
    if form != "JPEG" or mode != "RGB":
        return f"{path.name} is no RGB JPEG"
    if max(size) < LADDER[0]:
        return f"{path.name} is smaller than {LADDER[0]} pixels"
    if size[0] * size[1] > PIXELS_MAX:
        return f"{path.name} has more pixels than the service takes by default"
    return None


def same_as(path, taken):
    """Why a photo has nothing new, or None. taken is {a hash of what is shown:
    path}, and is added to; of a camera's file and of the lean one that is
    shipped the hash is the same."""
    shown = hashlib.sha256()
    try:
        for marker, payload in make.lean(path.read_bytes()):
            shown.update(bytes((marker,)) + payload)
    except (IndexError, ValueError, struct.error):
        return f"{path.name} has odd segments"
    first = taken.setdefault(shown.digest(), path)
    return None if first == path else f"{path.name} is {first.name} again"


def write_forms(path, name, directory):
    """Both forms of one JPEG as {colours: Photo}."""
    data = path.read_bytes()
    photos = {}
    for colours, data in (NONE, without_profile(data)), (ALL, data):
        target = directory / f"{name}.{colours}.jpg"
        target.write_bytes(data)
        photos[colours] = Photo(target, colours)
    return photos


def make_large(directory):
    source, size, name = LARGE
    path = directory / f"{name}.jpg"
    with Image.open(PHOTOS / source) as image:
        image.resize(size, Image.LANCZOS).save(
            path, quality=90, subsampling="4:2:0", progressive=True,
            icc_profile=image.info["icc_profile"])
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
    left_out, taken = [], {}
    for path in shipped + theirs:
        reason = why_not(path) or same_as(path, taken)
        if reason is not None:
            left_out.append(reason)
            continue
        # One of theirs may be called as one of ours.
        name = path.stem + ("" if path in shipped else "-theirs")
        for colours, photo in write_forms(path, name, directory).items():
            found[colours].append(photo)
    return found, left_out
