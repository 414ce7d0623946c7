"""The table of thumbnails: which presets are held against references, and by
the documented rule, in exact numbers, where a photo comes to lie in each.

Shared by the test and by tests/data/make_table.py, which makes the references
with Pillow. Nothing here is taken from the service's own arithmetic.
"""

import math
from fractions import Fraction

FORMATS = ["jpeg", "png", "webp", "avif", "gif"]
# Of presets that differ from another one in numbers only.
FEW = ["jpeg", "png"]
BACKGROUND = (208, 184, 144)

# What is a picture in tests/data, and which of them have no thumbnails.
ENDINGS = {".jpg", ".png", ".gif", ".webp", ".avif", ".heic", ".tif", ".bmp"}
OTHERS = {"alpha-large.heic", "reference-ignored.png", "reference-srgb.png",
          "truncated.jpg", "truncated.png", "webp-bomb.webp"}

SMART = {"name": "smart", "width": 40, "height": 40, "fit": "cover",
         "gravity": "smart"}

# Every fit, with and without enlarging. `low` has what is left over above,
# `left` has it at the right; `moving` keeps animations.
PRESETS = [
    {"name": "inside", "width": 96, "height": 64},
    {"name": "cover", "width": 64, "height": 64, "fit": "cover", "formats": FEW},
    {"name": "left", "width": 40, "height": 64, "fit": "cover",
     "gravity": "northwest"},
    {"name": "low", "width": 96, "height": 40, "fit": "cover",
     "gravity": "southeast", "formats": FEW},
    SMART,
    {"name": "pad", "width": 72, "height": 72, "fit": "pad"},
    {"name": "inside-enlarge", "width": 96, "height": 64, "enlarge": True},
    {"name": "cover-enlarge", "width": 64, "height": 64, "fit": "cover",
     "enlarge": True, "formats": FEW},
    {"name": "pad-enlarge", "width": 72, "height": 72, "fit": "pad",
     "gravity": "south", "enlarge": True, "formats": FEW},
]

# Presets that keep an animation, in the formats that can.
MOVING = [
    {"name": "moving", "width": 96, "height": 64, "animated": True},
    {"name": "moving-cover", "width": 40, "height": 40, "fit": "cover",
     "animated": True},
]
ANIMATED = ["webp", "gif"]

# Photos with all their detail at the right or at the bottom, which gravity
# "smart" cannot miss.
DETAIL = ["detail-right.png", "detail-low.jpg"]

# By gravity: how much of what is left over lies left of it and above it.
SHARES = {
    "center": (Fraction(1, 2), Fraction(1, 2)),
    "smart": (Fraction(1, 2), Fraction(1, 2)),  # by its sizes alone
    "northwest": (0, 0),
    "southeast": (1, 1),
    "south": (Fraction(1, 2), 1),
}


def side(exact):
    """The documented rounding: half up, one px at least."""
    return max(1, math.floor(exact + Fraction(1, 2)))


def fitted(shape, room):
    """The largest size of this shape in the room: one side is the room's."""
    scale = min(Fraction(room[0], shape[0]), Fraction(room[1], shape[1]))
    return side(shape[0] * scale), side(shape[1] * scale)


def corpus(directory):
    """The names of the pictures in a directory that have thumbnails."""
    return sorted(path.name for path in directory.iterdir()
                  if path.suffix in ENDINGS and path.name not in OTHERS)


class Place:
    """Where a photo comes to lie.

    canvas  the thumbnail's size
    crop    (x, y, width, height) of the photo that is seen, exact
    scaled  the size that the crop is given
    at      where it lies on the canvas
    """

    def __init__(self, photo, preset):
        box = preset["width"], preset["height"]
        fit = preset.get("fit", "inside")
        self.at = 0, 0
        if fit == "cover":
            self.cover(photo, box, preset)
            return
        self.crop = 0, 0, *photo
        grows = preset.get("enlarge", False)
        small = photo[0] <= box[0] and photo[1] <= box[1]
        self.scaled = photo if small and not grows else fitted(photo, box)
        self.canvas = self.scaled
        if fit == "pad":
            self.canvas = box
            self.at = tuple(
                math.floor((box[i] - self.scaled[i]) * share)
                for i, share in enumerate(self.shares(preset)))

    @staticmethod
    def shares(preset):
        return SHARES[preset.get("gravity", "center")]

    def cover(self, photo, box, preset):
        covers = photo[0] >= box[0] and photo[1] >= box[1]
        if covers or preset.get("enlarge", False):
            scale = max(Fraction(box[0], photo[0]), Fraction(box[1], photo[1]))
            region = box[0] / scale, box[1] / scale
            self.scaled = box
        else:
            region = self.scaled = fitted(box, photo)
        self.canvas = self.scaled
        at = [(photo[i] - region[i]) * share
              for i, share in enumerate(self.shares(preset))]
        if region == self.scaled:  # not scaled: whole px
            at = map(math.floor, at)
        self.crop = *at, *region

    @property
    def is_between(self):
        """Does the crop begin between two px of the scaled photo?"""
        return any((self.crop[i] * self.scaled[i] / self.crop[i + 2]) % 1
                   for i in (0, 1))


def whole(photo):
    """The size of the whole photo from which "smart" cuts its part."""
    place = Place(photo, SMART)
    return tuple(side(Fraction(photo[i] * place.scaled[i]) / place.crop[i + 2])
                 for i in (0, 1))
