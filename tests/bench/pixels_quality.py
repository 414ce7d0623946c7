"""How good a thumbnail is, and whether it is the one that was asked for.

The reference is made by none of the peers: the photo decoded at its full size
by Pillow, upright, its colours converted there, and resized by Lanczos in
floating point, each size from the full one. PSNR is that of all three
channels; SSIMULACRA (libjxl's) is a distance as people see it: 0 is the same,
more is worse.
"""

import io
import math
import re
import subprocess

from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

import pixels_photos as work

# Thumbnails that are upside down, of another photo, or gray stay below.
LEAST_DB = 25.0
SAME_DB = 99.0  # instead of infinity, which JSON has not
SEEN_AT = (1280, 160)
FORMATS = {"jpeg": ("JPEG", "jpg"), "webp": ("WEBP", "webp")}


class Wrong(Exception):
    """A peer made something else than what was asked for."""


def psnr(image, reference):
    squares = ImageStat.Stat(ImageChops.difference(image, reference)).sum2
    error = sum(squares) / (3 * image.width * image.height)
    return 10 * math.log10(255 ** 2 / error) if error else math.inf


def rgb(data):
    """The pixels of a file's bytes."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def ssimulacra(image, reference, directory):
    """Of two images, by way of lossless files in directory."""
    paths = []
    for name, picture in ("reference", reference), ("made", image):
        paths.append(directory / f"{name}.png")
        picture.save(paths[-1], compress_level=1)
    found = subprocess.run(["ssimulacra_main", *paths], check=True,
                           capture_output=True, text=True, timeout=120)
    return float(re.search(r"^[0-9.]+", found.stdout, re.M).group())


def full_image(path, convert):
    """RGB, upright, in its own colours or in sRGB."""
    with Image.open(path) as image:
        profile = image.info.get("icc_profile")
        image = ImageOps.exif_transpose(image).convert("RGB")
    if convert and profile:
        image = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"), outputMode="RGB")
    image.info.clear()
    return image


def resize(image, size):
    # Of 8 bits Pillow would keep 8 between the two directions, too.
    bands = [band.convert("F").resize(size, Image.LANCZOS)
             .point(lambda value: value * 1 + 0.5).convert("L")
             for band in image.split()]
    return Image.merge("RGB", bands)


class References:
    """Of all photos, each made when it is first needed."""

    def __init__(self):
        self.made = {}

    def get(self, photo, size, convert):
        """The photo, an RGB image of that size."""
        key = (photo.path, convert)
        made = self.made.setdefault(key, {})
        if size not in made:
            wanted = {size} | {tuple(map(round, photo.fits(side)))
                               for side in work.LADDER}
            image = full_image(photo.path, convert)
            for each in wanted - made.keys():
                made[each] = resize(image, each)
        return made[size]


class Judge:
    """What each file of a peer is worth; the same bytes are judged once."""

    def __init__(self, directory, perceptual=True):
        self.references = References()
        self.directory = directory
        self.perceptual = perceptual
        self.known = {}
        self.kept = {}  # by photo, format and key: {side: data}

    def encode(self, photo, form, directory, quality=work.QUALITY):
        """The references themselves as files: what encoding alone loses."""
        name, extension = FORMATS[form]
        for side in work.LADDER:
            size = tuple(map(round, photo.fits(side)))
            self.references.get(photo, size, photo.colours == work.ALL).save(
                directory / f"{side}.{extension}", name, quality=quality)

    def judge(self, photo, form, directory, key=None):
        """{"bytes": of all sizes, "psnr": {side: dB}, "seen": {side:
        distance}} of what a peer left in directory. Raises Wrong.

        key  keeps the files under this name, for alike
        """
        found = {"bytes": 0, "psnr": {}, "seen": {}}
        kept = {}
        for side in work.LADDER:
            path = directory / f"{side}.{FORMATS[form][1]}"
            if not path.exists():
                raise Wrong(f"{path.name} is missing")
            data = path.read_bytes()
            kept[side] = data
            one = (photo.path, side, data)
            if one not in self.known:
                try:
                    self.known[one] = self.look(photo, form, side, data)
                except (Wrong, OSError) as error:
                    raise Wrong(f"{path.name} of {photo.name}: {error}")
            found["bytes"] += len(data)
            found["psnr"][side], seen = self.known[one]
            if seen is not None:
                found["seen"][side] = seen
        if key is not None:
            self.kept[photo.path, form, key] = kept
        return found

    def alike(self, photo, form, one, other):
        """{side: dB} of what was kept under two keys."""
        mine, theirs = (self.kept[photo.path, form, key]
                        for key in (one, other))
        return {side: min(psnr(rgb(mine[side]), rgb(theirs[side])), SAME_DB)
                for side in mine}

    def look(self, photo, form, side, data):
        with Image.open(io.BytesIO(data)) as image:
            self.check_form(image, form)
            profile = image.info.get("icc_profile")
            image = image.convert("RGB")
        self.check_size(photo, side, image.size)
        convert = photo.colours == work.ALL
        reference = self.references.get(photo, image.size, convert)
        decibels = psnr(image, reference)
        if decibels < LEAST_DB:
            raise Wrong(f"{decibels:.1f} dB: this is not the photo")
        if convert and photo.wide:
            self.check_colours(photo, image, profile, reference)
        seen = None
        if self.perceptual and side in SEEN_AT:
            image.info.clear()
            seen = ssimulacra(image, reference, self.directory)
        return decibels, seen

    @staticmethod
    def check_form(image, form):
        if image.format != FORMATS[form][0]:
            raise Wrong(f"{image.format} instead of {form}")
        if image.getexif().get(0x112, 1) != 1:
            raise Wrong("is to be turned by who shows it")

    @staticmethod
    def check_size(photo, side, size):
        """Chained sizes are rounded from rounded ones: one pixel off."""
        fits = photo.fits(side)
        if max(size) != side or any(abs(edge - ideal) > 1.01
                                    for edge, ideal in zip(size, fits)):
            raise Wrong(f"{size[0]} x {size[1]} pixels, not {fits}")

    def check_colours(self, photo, image, profile, reference):
        """Of patches: of single pixels encoding costs more than a profile."""
        if profile and not work.is_srgb(profile):
            raise Wrong("has the profile of the photo")
        others = self.references.get(photo, image.size, False)
        made, converted, unconverted = (
            each.resize((16, 16), Image.BOX)
            for each in (image, reference, others))
        if psnr(made, unconverted) >= psnr(made, converted):
            raise Wrong("its colours were not converted")
