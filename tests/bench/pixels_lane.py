"""What the plane lane promises of pixels, judged by the rows of the two modes
of JPEG: without profiles the floor takes part, with them sharp converts
colours as everybody else."""

import pixels_photos as work
import promises
import report

OURS = "ours"  # the row with engine auto
FLOOR, SHARP = "floor", "sharp-chain"
# The same code twice: whichever is here.
OF_ITS_OWN = ("vips-each", "vipsthumbnail")

PROMISES = ["promise", "bound", "the worst", "photo",
            "photos that keep it", "verdict"]
PHOTOS = ["photo", "engine", "CPU, of the floor's",
          "CPU, of sharp's", *(f"dB at {side}" for side in work.LADDER),
          "dB to MagickWand's"]


class Finding:
    """One photo. What no peer was there for is None.

    floor, sharp  ratios of processor time
    decibels      {side: how much more than libvips' own}
    alike         dB between both engines' thumbnails, the least of all sizes
    """

    def __init__(self, name, plain, converted):
        self.name = name
        self.engine = plain.rows[OURS].engines()[name]
        self.floor = ratio(plain, FLOOR, name)
        self.sharp = ratio(converted, SHARP, name)
        self.decibels = more_decibels((plain, converted), name)
        self.alike = min(
            (decibels for mode in (plain, converted)
             for decibels in mode.rows[OURS].alike.get(name, {}).values()),
            default=None)

    def worst_decibels(self):
        return min(self.decibels.values()) if self.decibels else None


def ratio(mode, theirs, name):
    if theirs not in mode.rows:
        return None
    return mode.rows[OURS].ratio_of_photo(mode.rows[theirs], name)


def more_decibels(modes, name):
    """The lesser of the modes'."""
    found = {}
    for mode in modes:
        theirs = next((mode.rows[key] for key in OF_ITS_OWN
                       if key in mode.rows), None)
        if theirs is None:
            continue
        for side in work.LADDER:
            more = (mode.rows[OURS].found[name]["psnr"][side]
                    - theirs.found[name]["psnr"][side])
            found[side] = min(more, found.get(side, more))
    return found


class Promise:
    """value(finding) is held to a bound by keeps(value); the worst value is
    the largest, or with `least` the smallest. All photos have to keep it, or
    with `most` more than half."""

    def __init__(self, words, bound, value, keeps, least=False, most=False):
        self.words, self.bound = words, bound
        self.value, self.keeps = value, keeps
        self.least, self.most = least, most

    def row(self, findings):
        found = [(self.value(finding), finding.name) for finding in findings]
        if any(value is None for value, _ in found):
            return [self.words, self.bound, "", "", "",
                    promises.verdict(None)]
        keeping = sum(self.keeps(value) for value, _ in found)
        worst, name = (min if self.least else max)(found)
        kept = (2 * keeping > len(found) if self.most
                else keeping == len(found))
        return [self.words, self.bound, worst, name,
                f"{keeping} of {len(found)}", promises.verdict(kept)]


ALL = (
    Promise("CPU, of the floor's", f"at most {promises.FLOOR_MOST}",
            lambda finding: finding.floor,
            lambda value: value <= promises.FLOOR_MOST),
    Promise("CPU, of sharp's chained by hand, colours converted by both",
            f"at most {promises.SHARP_MOST} on most",
            lambda finding: finding.sharp,
            lambda value: value <= promises.SHARP_MOST, most=True),
    Promise("the same", f"below {promises.SHARP_BELOW} on all",
            lambda finding: finding.sharp,
            lambda value: value < promises.SHARP_BELOW),
    Promise("dB more than libvips' own thumbnails, each size",
            f"at least {promises.DECIBELS_LEAST}", Finding.worst_decibels,
            lambda value: value >= promises.DECIBELS_LEAST, least=True),
    Promise("dB between its thumbnails and MagickWand's, each size",
            f"at least {promises.ALIKE_LEAST}", lambda finding: finding.alike,
            lambda value: value >= promises.ALIKE_LEAST, least=True),
)


def notes():
    return [
        "Ratios are of CPU in the same turns, their median; the floor's "
        "without colours to convert, sharp's with the photos' profiles. dB "
        "(PSNR) are what a thumbnail has more than that of libvips' own (a "
        "thumbnail a size, decoded as small as libvips chooses), each against "
        "the reference of its own size; those to MagickWand's are between the "
        "files of both engines. Of both modes the lesser."]


def tables(plain, converted):
    """Of the modes jpeg and jpeg-srgb."""
    verdicts = report.Table("lane", "What the plane lane promises", PROMISES,
                            notes(), {"the worst": 2})
    photos = report.Table("lane-photos", "The same, photo by photo", PHOTOS,
                          (), dict.fromkeys(PHOTOS[2:], 2))
    findings = [Finding(photo.name, plain, converted)
                for photo in plain.photos]
    for promise in ALL:
        verdicts.add(*promise.row(findings))
    for one in findings:
        photos.add(one.name, one.engine,
                   *("" if value is None else value for value in
                     (one.floor, one.sharp,
                      *map(one.decibels.get, work.LADDER), one.alike)))
    return verdicts, photos
