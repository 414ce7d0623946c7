"""The table: every picture of tests/data in every fit and every format, held
against references that another library has made (tests/data/make_table.py)."""

import io
import json
import pathlib
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageOps, ImageSequence

import compare
import containers
import table
from case import ServiceCase
from compare import Tolerance
from service import PICTURES, picture

TABLE = PICTURES / "table"
INDEX = json.loads((TABLE / "index.json").read_text())
AT_ONCE = 2

# A picture that is turned, moved by 2 px, of other colours or without its alpha
# is off by more: see Judge.
TOLERANCES = {
    "jpeg": Tolerance(23, 4),
    "png": Tolerance(34, 3),
    "webp": Tolerance(23, 4),
    "avif": Tolerance(23, 5),
    "gif": Tolerance(30, 4, alpha="cut"),
}
# AVIF as libheif writes it takes a colour sample from one px of four. Photos
# have no edges of flat colours.
AVIF_EDGES = Tolerance(20, 13)
PHOTOS = {"p3.jpg", "photo-12mp.jpg"}
# Where a crop begins between two px it is moved to one, by half a px at most.
BETWEEN = {media: Tolerance(20, 13, row.alpha)
           for media, row in TOLERANCES.items()}


def settings_of(presets, formats):
    return {preset["name"]: {
        "formats": formats, "eager": True, "quality": 90,
        "background": "#%02x%02x%02x" % table.BACKGROUND} | preset
        for preset in presets}


STILL = settings_of(table.PRESETS, table.FORMATS)
MOVING = settings_of(table.MOVING, [*table.ANIMATED, "png"])
PRESETS = STILL | MOVING


class References:
    """Of one picture: {preset: its frames}."""

    def __init__(self, name):
        row = INDEX[name]
        self.size = tuple(row["size"])
        self.times = row.get("times")
        self.loop = row.get("loop")
        with Image.open(TABLE / row["sheet"]) as sheet:
            self.has_alpha = sheet.mode == "RGBA"
            self.frames = {
                preset: [sheet.crop((x, y, x + width, y + height))
                         for x, y, width, height in places]
                for preset, places in row["thumbnails"].items()}


def read(media, data):
    """The frames, in RGB or RGBA."""
    if media == "avif":
        return read("png", avif_as_png(data))
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA" if compare.has_alpha(frame) else "RGB")
                for frame in ImageSequence.Iterator(image)]


def avif_as_png(data):
    """By libavif's own program; not every Pillow has AVIF."""
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory, "a.avif")
        source.write_bytes(data)
        made = source.with_suffix(".png")
        subprocess.run(["avifdec", "-j", "1", "-d", "8", source, made],
                       check=True, capture_output=True)
        return made.read_bytes()


def times(data):
    """([ms of each frame], loop) of an animation."""
    with Image.open(io.BytesIO(data)) as image:
        out = []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            out.append(frame.info["duration"])
        return out, image.info.get("loop")


def tolerance(name, preset, media):
    size = tuple(INDEX[name]["size"])
    if preset == "smart" or table.Place(size, PRESETS[preset]).is_between:
        return BETWEEN[media]
    has_edges = name not in PHOTOS or PRESETS[preset].get("fit") == "pad"
    if media == "avif" and has_edges:
        return AVIF_EDGES
    return TOLERANCES[media]


def best_part(whole, image):
    """(x, y) of the part of a picture that looks most as this image."""
    whole, image = (compare.on(one, (0, 0, 0)) for one in (whole, image))
    width, height = image.size
    return max(((x, y) for x in range(whole.width - width + 1)
                for y in range(whole.height - height + 1)),
               key=lambda at: compare.psnr(
                   whole.crop((*at, at[0] + width, at[1] + height)), image))


class Table(ServiceCase):
    settings = {"presets": list(PRESETS.values())}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.references = {name: References(name) for name in INDEX}
        with ThreadPoolExecutor(AT_ONCE) as threads:
            cls.photos = dict(zip(INDEX, threads.map(cls.send, INDEX)))
            cls.variants = {
                (name, variant["preset"],
                 variant["type"].removeprefix("image/")): variant
                for name, photo in cls.photos.items()
                for variant in photo["variants"]}
            cls.files = dict(zip(cls.variants, threads.map(
                lambda variant: cls.service.get_url(variant["url"]).body,
                cls.variants.values())))
            cls.images = dict(zip(cls.files, threads.map(
                lambda key: read(key[2], cls.files[key]), cls.files)))

    @classmethod
    def send(cls, name):
        answer = cls.service.upload((name, picture(name)))
        if answer.status not in (200, 201):  # two may be of the same bytes
            raise AssertionError(f"{name}: {answer.status} {answer.body}")
        return json.loads(answer.body)["photos"][0]

    def each(self, presets=PRESETS):
        """(name, preset, format, frames) of every thumbnail."""
        for (name, preset, media), frames in self.images.items():
            if preset in presets:
                yield name, preset, media, frames

    def expected(self, name, preset, media, image):
        """The references' frames, as this format and this picture of it can
        hold them."""
        frames = self.references[name].frames[preset]
        if media not in table.ANIMATED:
            frames = frames[:1]
        # ImageMagick 6 writes no alpha into AVIF.
        if media == "jpeg" or media == "avif" and image.mode == "RGB":
            frames = [compare.on(frame, table.BACKGROUND) for frame in frames]
        return frames

    def test_every_picture_has_references_and_all_its_thumbnails(self):
        names = table.corpus(PICTURES)
        self.assertEqual(sorted(INDEX), names)
        self.assertEqual({path.name for path in TABLE.glob("*.png")},
                         {row["sheet"] for row in INDEX.values()})
        self.assertEqual(set(self.files), {
            (name, preset["name"], media) for name in names
            for preset in PRESETS.values() for media in preset["formats"]})

    def test_sizes_follow_the_rule(self):
        for name, preset, media, frames in self.each():
            with self.subTest(name, preset=preset, format=media):
                size = self.references[name].size
                photo = self.photos[name]
                self.assertEqual((photo["width"], photo["height"]), size)
                canvas = table.Place(size, PRESETS[preset]).canvas
                variant = self.variants[name, preset, media]
                self.assertEqual((variant["width"], variant["height"]),
                                 canvas)
                for frame in frames:
                    self.assertEqual(frame.size, canvas)

    def test_every_thumbnail_looks_as_its_reference(self):
        for name, preset, media, frames in self.each():
            if preset == "smart":
                continue
            with self.subTest(name, preset=preset, format=media):
                references = self.expected(name, preset, media, frames[0])
                self.assertEqual(len(frames), len(references))
                for frame, reference in zip(frames, references):
                    self.assertEqual(compare.differences(
                        frame, reference,
                        tolerance(name, preset, media)), [])

    def test_smart_is_a_part_of_the_photo_and_the_most_detailed_one(self):
        for name, preset, media, frames in self.each(["smart"]):
            with self.subTest(name, format=media):
                image, = frames
                whole, = self.expected(name, preset, media, image)
                width, height = image.size
                x, y = best_part(whole, image)
                self.assertEqual(compare.differences(
                    image, whole.crop((x, y, x + width, y + height)),
                    tolerance(name, preset, media)), [])
                if name in table.DETAIL:
                    self.assertLessEqual(
                        whole.width - x - width + whole.height - y - height,
                        3)

    def test_alpha_is_where_the_photo_and_the_format_have_it(self):
        for name, preset, media, frames in self.each():
            if preset == "smart":
                continue
            with self.subTest(name, preset=preset, format=media):
                for frame, reference in zip(
                        frames, self.expected(name, preset, media, frames[0])):
                    if media == "jpeg":
                        self.assertEqual(frame.mode, "RGB")
                    self.assertEqual(compare.is_opaque(frame),
                                     compare.is_opaque(reference))

    def test_nothing_is_in_the_file_but_the_picture(self):
        for (name, preset, media), data in self.files.items():
            with self.subTest(name, preset=preset, format=media):
                self.assertEqual(containers.superfluous(media, data), set())
                self.assertNotIn(b"ftmark", data)

    def test_animations_keep_their_time(self):
        for name, references in self.references.items():
            for preset in MOVING if references.times else ():
                for media in table.ANIMATED:
                    with self.subTest(name, preset=preset, format=media):
                        loop = references.loop
                        # GIF counts the times after the first, WebP all.
                        if loop and not name.endswith(media):
                            loop += 1 if media == "webp" else -1
                        self.assertEqual(
                            times(self.files[name, preset, media]),
                            (references.times, loop))


class Judge(unittest.TestCase):
    """Would it be seen? What is right passes and what is wrong does not, in
    every format and every fit."""

    @staticmethod
    def saved(image, media):
        """As this format keeps it; as it is where Pillow has no AVIF."""
        if media == "avif":
            return image
        if media == "gif" and compare.has_alpha(image):
            return compare.cut(image)[0]
        file = io.BytesIO()
        image.save(file, media, quality=90)
        return read(media, file.getvalue())[0]

    def check(self, name, damages):
        references = References(name)
        for preset, frames in references.frames.items():
            if preset not in STILL or preset == "smart":
                continue
            for media in STILL[preset]["formats"]:
                reference = frames[0]
                if media == "jpeg":
                    reference = compare.on(reference, table.BACKGROUND)
                allowed = tolerance(name, preset, media)
                with self.subTest(name, preset=preset, format=media):
                    self.assertEqual(compare.differences(
                        self.saved(reference, media), reference, allowed), [])
                    for damage in damages:
                        wrong = self.saved(damage(reference), media)
                        self.assertNotEqual(compare.differences(
                            wrong, reference, allowed), [], damage.__name__)

    def test_turned_mirrored_or_moved(self):
        def mirrored(image):
            return ImageOps.mirror(image)

        def flipped(image):
            return ImageOps.flip(image)

        def turned(image):
            return image.transpose(Image.Transpose.ROTATE_180)

        def to_the_right(image):
            return compare.shifted(image, 2, 0)

        def up(image):
            return compare.shifted(image, 0, -2)

        for name in "orient-6.jpg", "rgb.png", "p3.jpg", "palette-trns.png":
            self.check(name, [mirrored, flipped, turned, to_the_right, up])

    def test_other_colours(self):
        def swapped(image):
            red, green, blue, *alpha = image.split()
            return Image.merge(image.mode, [blue, green, red, *alpha])

        def gray(image):
            red, green, blue, *alpha = image.split()
            return Image.merge(image.mode, [green, green, green, *alpha])

        def inverted(image):
            *colors, = image.split()
            return Image.merge(image.mode, [
                ImageOps.invert(band) for band in colors[:3]] + colors[3:])

        for name in "cmyk.jpg", "rgb.png", "p3.jpg", "palette-trns.png":
            self.check(name, [swapped, gray, inverted])

    def test_a_profile_that_was_ignored(self):
        with Image.open(PICTURES / "p3.jpg") as source:
            ignored = source.convert("RGB")
        references = References("p3.jpg")
        for preset in STILL.values():
            place = table.Place(ignored.size, preset)
            # To half a px it may be off the colours are not held so closely.
            if preset.get("fit") == "pad" or place.is_between:
                continue
            x, y, width, height = map(float, place.crop)
            wrong = ignored.resize(place.scaled, Image.Resampling.LANCZOS,
                                   (x, y, x + width, y + height))
            for media in table.FORMATS:
                with self.subTest(preset=preset["name"], format=media):
                    self.assertNotEqual(compare.differences(
                        self.saved(wrong, media),
                        references.frames[preset["name"]][0],
                        TOLERANCES[media]), [])

    def test_alpha_that_was_lost(self):
        def on_white(image):
            return compare.on(image, (255, 255, 255)).convert(image.mode)

        def on_black(image):
            return compare.on(image, (0, 0, 0)).convert(image.mode)

        def uncovered(image):
            bare = image.copy()
            bare.putalpha(255)
            return bare

        for name in "alpha.png", "still.gif":
            frames = References(name).frames
            for preset in "inside", "cover", "low":
                reference, = frames[preset]
                for media in table.FORMATS[1:]:
                    for damage in on_white, on_black, uncovered:
                        with self.subTest(name, preset=preset, format=media):
                            self.assertNotEqual(compare.differences(
                                damage(reference), reference,
                                TOLERANCES[media]), [], damage.__name__)

    def test_what_is_in_a_file_beside_the_picture(self):
        for name, media, extra in (
                ("orient-3.jpg", "jpeg", {"APP1 Exif", "COM",
                                          "APP1 http://ns.adobe.com/xap/1.0/"}),
                ("p3.jpg", "jpeg", {"APP1 Exif", "APP2 ICC_PROFILE"}),
                ("rgb.png", "png", {"eXIf", "tEXt"}),
                ("lossy.webp", "webp", {"EXIF", "XMP "}),
                ("animated.gif", "gif", {"extension fe"})):
            with self.subTest(name):
                data = picture(name)
                self.assertEqual(containers.superfluous(media, data), extra)
                for behind in b"\xff\xe1", bytes(9):
                    self.assertIn("bytes behind the end",
                                  containers.superfluous(media, data + behind))
