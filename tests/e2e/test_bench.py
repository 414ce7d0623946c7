"""The benchmark measures what it says: its judge finds what is wrong, its tables
are what was found, and some of the ways are gone once."""

import pathlib
import shutil
import sys
import tempfile
import types
import unittest

from PIL import Image, ImageOps

from case import NotHere
from service import TOP

sys.path.append(str(TOP / "tests" / "bench"))

import pixels_lane as lane  # noqa: E402: found by the path above
import pixels_turns as contest  # noqa: E402
import pixels_peers as peers  # noqa: E402
import pixels  # noqa: E402
import pixels_quality as quality  # noqa: E402
import readme  # noqa: E402
import report  # noqa: E402
import pixels_photos as work  # noqa: E402

SOURCE = work.PHOTOS / "phone-12mp-p3.jpg"
ORIENTATION = 0x112


class Photos(unittest.TestCase):
    """A small photo on its side with a wide gamut, in both forms."""

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="bench."))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        path = cls.directory / "photo.jpg"
        with Image.open(SOURCE) as image:
            exif = image.getexif()
            exif[ORIENTATION] = 6
            image.draft("RGB", (2016, 1512))
            image.save(path, quality=92, exif=exif,
                       icc_profile=image.info["icc_profile"])
        cls.photos = work.write_forms(path, "photo", cls.directory)
        cls.judge = quality.Judge(cls.directory, perceptual=False)
        cls.made = cls.directory / "made"

    def setUp(self):
        shutil.rmtree(self.made, ignore_errors=True)
        self.made.mkdir()


class Gather(Photos):
    """A directory of anything, beside one shipped photo."""

    def gather(self):
        more = self.directory / "more"
        more.mkdir()
        self.addCleanup(shutil.rmtree, more)
        with Image.open(SOURCE) as image:
            image.draft("RGB", (2016, 1512))
            image.save(more / "plain.jpg", quality=92)
            image.convert("L").save(more / "gray.jpg")
            image.resize((640, 480)).save(more / "small.jpg")
        (more / "again.jpg").write_bytes(SOURCE.read_bytes() + b"a trailer")
        (more / "text.jpeg").write_text("no photo")
        return work.gather(self.made, more, SOURCE.stem)

    def test_all_photos_are_in_both_forms(self):
        found, left_out = self.gather()
        for colours in work.COLOURS:
            self.assertEqual([photo.name for photo in found[colours]],
                             [SOURCE.stem, "plain-theirs"])
        self.assertEqual([photo.wide for photo in found[work.ALL]],
                         [True, False])
        self.assertFalse(any(photo.wide for photo in found[work.NONE]))
        self.assertEqual(left_out, [
            f"again.jpg is {SOURCE.name} again", "gray.jpg is no RGB JPEG",
            "small.jpg is smaller than 1280 pixels",
            "text.jpeg is nothing that Pillow can read"])


class Judge(Photos):
    def find(self, colours):
        return self.judge.judge(self.photos[colours], "jpeg", self.made)

    def make(self, colours, change=lambda image: image, **options):
        """The reference's files, changed."""
        references = self.judge.references
        photo = self.photos[colours]
        for side in work.LADDER:
            size = tuple(map(round, photo.fits(side)))
            image = references.get(photo, size, colours == work.ALL)
            change(image).save(self.made / f"{side}.jpg", **{
                "format": "JPEG", "quality": work.QUALITY, **options})

    def test_the_reference_is_better_than_its_encoder(self):
        for colours in work.COLOURS:
            with self.subTest(colours):
                self.make(colours)
                found = self.find(colours)
                self.assertEqual(found["bytes"], sum(
                    path.stat().st_size for path in self.made.iterdir()))
                for side in work.LADDER:
                    self.assertTrue(28 < found["psnr"][side] < 45, found)

    def test_another_quality_is_seen(self):
        self.make(work.NONE)
        good = self.find(work.NONE)
        self.make(work.NONE, quality=40)
        bad = self.find(work.NONE)
        self.assertLess(bad["psnr"][1280], good["psnr"][1280] - 1)
        self.assertLess(bad["bytes"], good["bytes"])

    def test_what_is_wrong_is_refused(self):
        turned = Image.Exif()
        turned[ORIENTATION] = 6
        profile = self.photos[work.ALL].path
        with Image.open(profile) as image:
            wide = image.info["icc_profile"]
        wrongs = {
            "not the photo": {"change": lambda image: image.rotate(180)},
            "not the photo ": {"change": ImageOps.grayscale},
            "pixels, not": {"change": lambda image: image.rotate(
                90, expand=True)},
            "pixels, not ": {"change": lambda image: image.crop(
                (0, 0, image.width - 4, image.height))},
            "WEBP instead": {"format": "WEBP"},
            "to be turned": {"exif": turned},
            "profile of the photo": {"icc_profile": wide},
        }
        for words, wrong in wrongs.items():
            with self.subTest(words):
                self.make(work.ALL, **wrong)
                with self.assertRaisesRegex(quality.Wrong, words.strip()):
                    self.find(work.ALL)

    def test_colours_that_were_not_converted(self):
        self.make(work.NONE)
        with self.assertRaisesRegex(quality.Wrong, "not converted"):
            self.find(work.ALL)

    def test_a_missing_file(self):
        self.make(work.NONE)
        (self.made / "320.jpg").unlink()
        with self.assertRaisesRegex(quality.Wrong, "320.jpg is missing"):
            self.find(work.NONE)


class Ways(Photos):
    def test_some_ways_once(self):
        programs = pixels.programs()
        ways = peers.magick_programs(programs) + peers.our_programs(programs)
        # make check makes them.
        for way in ways:
            if way.why_not("jpeg", work.ALL):
                raise NotHere(f"{programs} has no {way.name}")
        chosen = {way.key: way for way in ways}
        config = (programs.parents[1] / "config.h").read_text()
        has_lane = "#define HAVE_PLANE_LANE 1" in config
        engines = {"ours": "planes" if has_lane else "magick",
                   "fast": "magick"}
        for key in "naive", "thirty", "ours", "fast":
            with self.subTest(key):
                samples = chosen[key].run("jpeg", self.photos[work.ALL],
                                          self.made)
                self.assertEqual(len(samples), peers.RUNS)
                self.assertEqual(samples[0].engine, engines.get(key))
                found = self.judge.judge(self.photos[work.ALL], "jpeg",
                                         self.made)
                for side in work.LADDER:
                    self.assertGreater(found["psnr"][side], 28)


class Fake(peers.Peer):
    """Makes what is right; costs what it is told."""

    def __init__(self, key, cpu=0, error=None, quality=work.QUALITY, **more):
        super().__init__(key, f"the {key} way", **more)
        self.cpu, self.error, self.quality = cpu, error, quality

    def run(self, form, photo, directory):
        if self.error:
            raise peers.CannotRun(self.error)
        contest.Judging.judge.encode(photo, form, directory, self.quality)
        return [peers.Sample(self.cpu, 2 * self.cpu, 10 ** 9)]


class Turns(Photos):
    def setUp(self):
        super().setUp()
        # The measure of how it looks is not installed for tests.
        contest.Judging.judge = self.judge
        self.judging = contest.Judging()
        self.addCleanup(self.judging.pool.shutdown)

    def contest(self, *ways):
        mode = contest.Mode("jpeg", work.NONE, [self.photos[work.NONE]])
        contest.Contest(ways, self.judging, self.directory,
                        lambda words: None).run(mode, 3)
        return mode

    def test_ratios_and_who_was_left_out(self):
        mode = self.contest(
            Fake("plain", cpu=10), Fake("slow", cpu=30, slow=True),
            Fake("absent", error="no such library"),
            Fake("other", needs=["no-such-command-here"]))
        self.assertEqual(list(mode.rows), ["plain", "slow"])
        self.assertEqual(mode.rows["slow"].ratios(mode.rows["plain"]), [3, 3])
        self.assertEqual(mode.rows["plain"].of_turns("wall"), [20, 20, 20])
        self.assertEqual(pixels.share([3]), "")
        self.assertEqual(mode.left_out, {
            "no-such-command-here is not on this machine": ["the other way"],
            "no such library": ["the absent way"]})

    def test_how_alike_they_are(self):
        coarse = Fake("coarse", ours=True, like="fine", quality=60)
        mode = self.contest(coarse, Fake("fine", ours=True),
                            Fake("fine-again", ours=True, like="fine"))
        name = self.photos[work.NONE].name
        found = mode.rows["coarse"].alike[name]
        self.assertEqual(set(found), set(work.LADDER))
        self.assertTrue(all(20 < one < 45 for one in found.values()), found)
        self.assertEqual(mode.rows["fine-again"].alike[name],
                         dict.fromkeys(work.LADDER, quality.SAME_DB))
        self.assertEqual(mode.rows["fine"].alike, {})

    def test_ours_has_to_run(self):
        with self.assertRaises(peers.CannotRun):
            self.contest(Fake("ours", error="it fails", ours=True))
        with self.assertRaises(peers.CannotRun):
            self.contest(Fake("ours", needs=["/no/such"], ours=True))

    def test_a_command_that_fails_says_why(self):
        with self.assertRaisesRegex(peers.CannotRun, "status 3: why"):
            peers.execute(["sh", "-c", "echo why >&2; exit 3"])


class Lane(unittest.TestCase):
    """Its promises, of figures that are made up."""

    def mode(self, **ways):
        """Of two photos; ways: key=(CPU of each, PSNR at all sizes)."""
        names = ["one", "two"]
        mode = contest.Mode("jpeg", work.NONE, [
            types.SimpleNamespace(name=name) for name in names])
        for key, (cpu, decibels) in ways.items():
            row = mode.rows[key] = contest.Row(peers.Peer(key, key))
            for name, one in zip(names, cpu):
                for turn, load in enumerate((1, 2)):
                    sample = peers.Sample(one * load, 0, 0, "planes")
                    row.samples.setdefault(turn, {})[name] = [sample]
                row.found[name] = {"psnr": dict.fromkeys(work.LADDER,
                                                         decibels)}
                row.alike[name] = dict.fromkeys(work.LADDER, 65 - decibels)
        return mode

    def judge(self, more=(), cpu=(60, 70), decibels=30.0):
        ours = {lane.OURS: (cpu, decibels)}
        plain = self.mode(floor=((60, 60), 31), **ours, **dict(more))
        converted = self.mode(**{"sharp-chain": ((100, 100), 30),
                                 "vips-each": ((200, 200), 30.25), **ours})
        verdicts, photos = lane.tables(plain, converted)
        return [row[1:] for row in verdicts.rows], photos.rows

    def test_verdicts(self):
        verdicts, photos = self.judge()
        self.assertEqual(verdicts, [
            ["at most 1.25", 70 / 60, "two", "2 of 2", "kept"],
            # Half of them is not most.
            ["at most 0.67 on most", 0.7, "two", "1 of 2", "not kept"],
            ["below 1 on all", 0.7, "two", "2 of 2", "kept"],
            ["at least -0.1", -0.25, "one", "0 of 2", "not kept"],
            ["at least 35", 35.0, "one", "2 of 2", "kept"]])
        self.assertEqual(photos[0], [
            "one", "planes", 1.0, 0.6, *[-0.25] * 4, 35.0])
        verdicts, _ = self.judge(cpu=(101, 61), decibels=30.5)
        self.assertEqual(verdicts, [
            ["at most 1.25", 101 / 60, "one", "1 of 2", "not kept"],
            ["at most 0.67 on most", 1.01, "one", "1 of 2", "not kept"],
            ["below 1 on all", 1.01, "one", "1 of 2", "not kept"],
            ["at least -0.1", 0.25, "one", "2 of 2", "kept"],
            ["at least 35", 34.5, "one", "0 of 2", "not kept"]])
        verdicts, _ = self.judge(cpu=(61, 62))
        self.assertEqual(verdicts[1][-2:], ["2 of 2", "kept"])

    def test_the_worse_mode_counts(self):
        verdicts, _ = self.judge({"vips-each": ((1, 1), 32.0)}, decibels=30.5)
        self.assertEqual(verdicts[3][:2], ["at least -0.1", -1.5])

    def test_what_was_not_measured_is_no_promise_kept(self):
        modes = [self.mode(ours=((60, 70), 30.0)) for _ in range(2)]
        verdicts, photos = lane.tables(*modes)
        self.assertEqual([row[-1] for row in verdicts.rows],
                         ["not measured"] * 4 + ["kept"])
        self.assertEqual(photos.rows[0],
                         ["one", "planes", *[""] * 6, 35.0])


class Tables(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bench."))
        self.addCleanup(shutil.rmtree, self.directory)
        self.table = report.Table("some", "Some | things", ["way", "ms", "dB"],
                                  ["A note."], {"dB": 2})
        self.table.add("this", 12.345, 31.904)
        self.table.add("that", 1234.5, "")
        self.table.write(self.directory, "./dev bench some")

    def test_statistics(self):
        self.assertEqual(report.spread([9, 10, 11]), 0.05)
        self.assertEqual(report.spread([7]), 0)
        self.assertEqual(report.percentile(list(range(1, 101)), 95), 95)
        self.assertEqual(report.number(0.1234), "0.12")
        self.assertEqual(report.number(1234.5), "1234")
        self.assertEqual(report.number(1.0, 3), "1.000")

    def test_a_table_comes_back_from_its_file(self):
        table, document = report.read_table(self.directory / "some.json")
        self.assertEqual(table.markdown(), self.table.markdown())
        self.assertEqual(document["command"], "./dev bench some")
        self.assertIn("| this | 12.3 | 31.90 |\n| that | 1234 |  |",
                      table.markdown())

    def test_readme_takes_what_was_made(self):
        text = ("before\n\n<!-- bench:some -->\nold\n<!-- /bench:some -->\n"
                "<!-- bench:other -->\nold\n<!-- /bench:other -->\nafter\n")
        new, missing = readme.fill(text, self.directory)
        self.assertEqual(missing, ["other"])
        self.assertIn("| this | 12.3 | 31.90 |", new)
        self.assertIn("./dev bench some", new)
        self.assertIn("- A note.\n", new)
        self.assertIn("<!-- bench:other -->\nold\n<!-- /bench:other -->\nafter",
                      new)
        self.assertNotIn("some -->\nold", new)
        self.assertEqual(readme.fill(new, self.directory)[0], new)

    def test_marks_that_belong_to_nothing(self):
        for text in ("<!-- bench:some -->\n", "<!-- /bench:some -->\n",
                     "<!-- bench:a -->\n<!-- /bench:b -->\n",
                     " <!-- bench:a -->\n <!-- /bench:a -->\n"):
            with self.subTest(text), self.assertRaises(readme.Unclear):
                readme.fill(text, self.directory)

    def test_the_readme_itself(self):
        text = (TOP / "README.md").read_text()
        readme.check_marks(text)
        names = [match.group(1) for match in readme.BLOCK.finditer(text)]
        self.assertEqual(len(names), len(set(names)))
        self.assertIn("pixels-jpeg", names)
        # Whatever is shown was made by the generator.
        for match in readme.BLOCK.finditer(text):
            if match.group(2).strip():
                self.assertRegex(match.group(2), r"\A\*\*.*`\./dev bench ")


if __name__ == "__main__":
    unittest.main()
