"""What a machine goes through with the package, a class each. The steps of a
class are done in their order, on one machine: each stands on the one before."""

import json
import os
import pathlib
import re
import shutil
import socket
import tempfile
import threading
import time

import nginx
import test_dev
from case import Load, ServiceCase, opened
from machine import BUILT, Ground, Machine
from service import TOP, picture, variation, wait_until

ROOTS = pathlib.Path(os.environ.get("FT_ROOTS", TOP / "build" / "packages"))
DIRECTORY = None  # of this run; set by packaging.py

DATA = "/var/lib/fcgi-thumb"
LOGS = "/var/log/fcgi-thumb"
SETTINGS = "/etc/fcgi-thumb/fcgi-thumb.conf"
SECRET = "/etc/fcgi-thumb/upload-secret"
UNIT = "fcgi-thumb.service"

# One file a codec, and the type that its upload is answered with.
EVERY_CODEC = {
    "photo-12mp.jpg": "image/jpeg", "progressive.jpg": "image/jpeg",
    "cmyk.jpg": "image/jpeg", "alpha.png": "image/png",
    "gray16.png": "image/png", "animated.gif": "image/gif",
    "lossy.webp": "image/webp", "lossless-alpha.webp": "image/webp",
    "scene.avif": "image/avif", "grid.heic": "image/heic",
    "alpha.heic": "image/heic", "cmyk.tif": "image/tiff",
    "fax.tif": "image/tiff", "core.bmp": "image/bmp"}
EVERY_FORMAT = ["jpeg", "png", "webp", "avif", "gif"]


class Life(ServiceCase):
    suite = "bookworm"
    broken = False

    @classmethod
    def steps(cls):
        """Their names, those of the class it is made from first."""
        return [name for each in reversed(cls.__mro__) for name in vars(each)
                if name.startswith("test_")]

    @classmethod
    def setUpClass(cls):
        cls.ground = Ground(ROOTS / cls.suite)
        cls.machine = Machine(cls.ground, DIRECTORY / cls.__name__)
        cls.addClassCleanup(cls.machine.stop)
        cls.prepare()
        cls.machine.boot()
        cls.machine.run("apt-get", "-q", "update")

    @classmethod
    def prepare(cls):
        """Before the first start."""

    # What follows a failed step would fail too, and say nothing.
    def run(self, result=None):
        if self.broken:
            result.startTest(self)
            result.addSkip(self, "an earlier step failed")
            result.stopTest(self)
            return result
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).broken = True
            self.show_machine()
        return result

    def show_machine(self):
        try:
            words = self.machine.run("journalctl", "--no-pager", "-n", "40",
                                     "--no-hostname", check=False).stdout
        except OSError as failure:
            words = str(failure)
        print(words, flush=True)

    # ---- what several need ----

    def install(self, which):
        """As the README says it, the package of that version: "lower" or
        "higher"."""
        return self.machine.run("sh", "-c", f"cd {BUILT}/{which} && "
                                "apt install -y ./fcgi-thumb_*.deb")

    def version(self):
        return self.machine.ask("dpkg-query", "-W", "-f", "${Version}",
                                "fcgi-thumb")

    def assert_healthy(self):
        """All units that there are do what they are to."""
        failed = self.machine.run("systemctl", "--failed", "--plain",
                                  "--no-legend").stdout
        self.assertEqual(failed.strip(), "", failed)
        self.assertEqual(self.machine.ask("systemctl", "is-active", UNIT),
                         "active")
        self.machine.wait_ready()

    def upload(self, mark, headers=()):
        """A new photo, taken and served; what the answer says of it."""
        answer = self.machine.upload(
            ("gray.jpg", variation(picture("gray.jpg"), mark)),
            headers=headers)
        photo, = self.assert_taken(answer, 201, "created")["photos"]
        self.assert_served(photo, self.machine)
        return photo

    def set(self, **values):
        """Keys that stand in the settings file, in libconfig's words."""
        text = self.machine.read(SETTINGS)
        for key, value in values.items():
            text, n = re.subn(rf"(?m)^{key} = [^;]*;", f"{key} = {value};",
                              text)
            self.assertEqual(n, 1, key)
        self.machine.write(SETTINGS, text)

    def doctor(self):
        done = self.machine.thumbctl("doctor")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("FAULT", done.stdout)
        return done.stdout


class Debian12(Life):
    def test_apt_installs(self):
        self.install("lower")
        self.assert_healthy()
ALL = [Debian12]
