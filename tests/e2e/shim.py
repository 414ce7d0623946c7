"""A service whose photo workers do as they are told: shim.c."""

import os
import pathlib
import shlex
import subprocess

from case import NotHere
from service import Service

SOURCE = pathlib.Path(__file__).with_name("shim.c")


def build(directory):
    """The shared object, which needs nothing but a C compiler."""
    if "-fsanitize=address" in (pathlib.Path(os.environ["FT_BUILD"])
                                / "Makefile").read_text():
        raise NotHere("AddressSanitizer has to be loaded first")
    made = directory / "shim.so"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run([*compiler, "-O1", "-shared", "-fPIC", "-o", made, SOURCE],
                   check=True)
    return made


class ShimmedService(Service):
    """order(text) is for the next request to a photo worker; heap() needs
    `heap`. Each fsync of one takes `slow` ms longer."""

    def __init__(self, heap=False, slow=0, **settings):
        super().__init__(**settings)
        self.order_file = self.data / "state" / "order"
        self.heap_file = self.data / "state" / "heap"
        self.elsewhere = self.directory / "elsewhere"
        self.wrapper = ["/usr/bin/env", f"LD_PRELOAD={build(self.directory)}",
                        f"FT_SHIM={self.order_file}",
                        *([f"FT_HEAP={self.heap_file}"] if heap else []),
                        f"FT_SLOW={slow}",
                        f"FT_SETTINGS={self.settings_file}",
                        f"FT_ELSEWHERE={self.elsewhere}"]

    def heap(self):
        """Bytes that the last photo worker to take a request had from malloc
        as it took it."""
        return int(self.heap_file.read_text())

    def order(self, text):
        aside = self.order_file.with_suffix(".new")
        aside.write_text(text + "\n")
        aside.rename(self.order_file)
