"""The table that corpus.py prints of a directory of pictures."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from PIL import Image

import corpus
from service import picture, variation

HERE = pathlib.Path(__file__).resolve().parent


class Corpus(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="ft-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        (self.directory / "below").mkdir()

    def put(self, name, data):
        (self.directory / name).write_bytes(data)

    def run_corpus(self, *arguments):
        return subprocess.run(
            [sys.executable, HERE / "corpus.py", *arguments],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

    def test_each_file_has_its_line_and_all_are_counted(self):
        self.put("photo.heic", picture("scene.heic"))
        self.put("below/named.jpg", picture("drawing.svg"))
        self.put("below/cut.png", picture("truncated.png"))
        sheet = self.directory.parent / (self.directory.name + ".png")
        self.addCleanup(lambda: sheet.unlink(missing_ok=True))
        done = self.run_corpus("--sheet", str(sheet), self.directory)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^201 +heic +180x120 .*photo\.heic$")
        self.assertRegex(done.stdout,
                         r"(?m)^415 +unsupported-format .*below/named\.jpg$")
        self.assertIn("This looks like SVG.", done.stdout)
        self.assertIn("3 files: 1 x 201, 1 x 415 unsupported-format, "
                      "1 x 422 corrupt-image", done.stdout)
        with Image.open(sheet) as image:
            self.assertGreater(image.width, 3 * 100)

    def test_both_engines_are_compared(self):
        self.put("photo.jpg", picture("p3.jpg"))
        self.put("inks.jpg", picture("cmyk.jpg"))
        self.put("cut.jpg", picture("truncated.jpg"))
        done = self.run_corpus("--engines", self.directory)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = re.search(r"(?m)^both engines: (\d+) thumbnails the same byte "
                         r"by byte, (\d+) of (\d+) files in the lane$",
                         done.stdout)
        self.assertIn(said.groups(), (("3", "3", "1"), ("6", "0", "0")))
        if said[3] == "1":
            self.assertEqual(len(re.findall(
                r"(?m)^ *[0-9.]+ dB +\w+ +\d+x\d+  photo\.jpg$",
                done.stdout)), 3, done.stdout)

    def test_engines_that_differ_are_told(self):
        variant = {"preset": "large", "width": 360, "height": 240}
        scene = picture("orient-1.jpg")
        gray = corpus.Likeness("a.jpg", variant, scene, picture("gray.jpg"))
        self.assertFalse(gray.is_like)
        self.assertIn("TOO FAR", str(gray))
        self.assertTrue(corpus.Likeness("a.jpg", variant, scene,
                                        variation(scene, "other")).is_like)

    def test_a_directory_without_files_is_an_error(self):
        done = self.run_corpus(self.directory)
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no file", done.stderr)
