"""Is this picture that one? By PSNR, by the mean colour of areas, and by where
it fits best; and the same for what a viewer sees through transparent px.
"""

import math

from PIL import Image, ImageChops, ImageStat

import table

# A mean over so many px a side does not feel noise, and does feel a colour
# that is off, an edge that has moved and a px too transparent.
BLOCK = 16

# dB from which on a picture cannot have moved.
FITS_WELL = 45

# Behind transparent px. What differs in alpha differs on one of them.
BACKDROPS = ((0, 0, 0), (255, 255, 255))


class Tolerance:
    """What a format may cost.

    psnr   dB at least
    block  steps of 255 that the mean of an area may be off, in any channel
    alpha  "full"; "cut": a px is wholly there or not at all
    """

    def __init__(self, psnr, block, alpha="full"):
        self.psnr, self.block, self.alpha = psnr, block, alpha


def has_alpha(image):
    return "A" in image.getbands() or "transparency" in image.info


def is_opaque(image):
    """To the eye; a codec may be off by a step or two."""
    return not has_alpha(image) or image.getchannel("A").getextrema()[0] >= 250


def on(image, color):
    """What is seen of it on a backdrop."""
    if not has_alpha(image):
        return image.convert("RGB")
    backdrop = Image.new("RGBA", image.size, color)
    backdrop.alpha_composite(image.convert("RGBA"))
    return backdrop.convert("RGB")


def psnr(a, b, mask=None):
    """dB of two RGB pictures of one size; infinite for the same."""
    stat = ImageStat.Stat(ImageChops.difference(a, b), mask)
    if not stat.count[0]:
        return math.inf
    square = sum(stat.sum2) / sum(stat.count)
    return 10 * math.log10(255 ** 2 / square) if square else math.inf


def worst_block(a, b):
    """The largest difference between the means of an area, in any channel."""
    size = [max(1, side // BLOCK) for side in a.size]
    shrunk = [image.resize(size, Image.Resampling.BOX) for image in (a, b)]
    return max(high for _, high in ImageChops.difference(*shrunk).getextrema())


def shifted(image, x, y):
    """Moved by that; what comes in repeats the border."""
    return image.transform(image.size, Image.Transform.AFFINE,
                           (1, 0, -x, 0, 1, -y))


def inner(image, border):
    width, height = image.size
    return image.crop((border, border, width - border, height - border))


def best_shift(image, reference, reach=2):
    """By how many px the picture has moved against the reference: the one of
    all shifts that fits best, (0, 0) where that one fits well or none fits
    better. A flat picture fits everywhere."""
    if min(image.size) <= 4 * reach:
        return 0, 0
    width, height = image.size
    middle = inner(image, reach)

    def fit(x, y):
        return psnr(middle, reference.crop(
            (reach - x, reach - y, width - reach - x, height - reach - y)))

    best, most = (0, 0), fit(0, 0) + 1
    if most > FITS_WELL:
        return best
    for x in range(-reach, reach + 1):
        for y in range(-reach, reach + 1):
            if (fits := fit(x, y)) > most:
                best, most = (x, y), fits
    return best


def cut(image):
    """Alpha as a format has it that knows only all or nothing: over the
    background or clear; and a mask of the px for which it is clear what that
    is."""
    alpha = image.getchannel("A")
    clear = alpha.point(lambda a: 255 if a <= 112 or a >= 144 else 0)
    whole = on(image, table.BACKGROUND).convert("RGBA")
    whole.putalpha(alpha.point(lambda a: 255 if a >= 128 else 0))
    return whole, clear


def differences(image, reference, tolerance):
    """What is wrong with the picture, in words; [] when it is right."""
    if image.size != reference.size:
        return [f"{image.size} px instead of {reference.size}"]
    mask = None
    if tolerance.alpha == "cut" and "A" in reference.getbands():
        reference, mask = cut(reference)
    wrong = []
    see_through = has_alpha(image) or has_alpha(reference)
    for color in BACKDROPS if see_through else BACKDROPS[:1]:
        ours, theirs = on(image, color), on(reference, color)
        if mask is not None:
            ours = Image.composite(ours, theirs, mask)
        if (like := psnr(ours, theirs)) < tolerance.psnr:
            wrong.append(f"{like:.1f} dB on {color}, not {tolerance.psnr}")
        if (off := worst_block(ours, theirs)) > tolerance.block:
            wrong.append(f"an area is {off} off on {color}, "
                         f"not at most {tolerance.block}")
        if (moved := best_shift(ours, theirs)) != (0, 0):
            wrong.append(f"moved by {moved} px")
    return wrong
