"""The table that corpus.py prints of a directory of pictures."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from PIL import Image

from service import picture

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

    def test_a_directory_without_files_is_an_error(self):
        done = self.run_corpus(self.directory)
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no file", done.stderr)
