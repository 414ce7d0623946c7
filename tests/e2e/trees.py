"""Trees of releases, as `make install` leaves one, and what `thumbctl release
stage` takes: the one that was built, and others made from it that are worse in
one way each (faulty.c)."""

import os
import pathlib
import shlex
import shutil
import subprocess

from case import NotHere
from nginx import BUILD, TEMPLATES, THUMBCTL
from service import PICTURES, PROGRAM, TOP

SOURCE = pathlib.Path(__file__).with_name("faulty.c")

# Questions about the program that a start does not ask.
QUESTIONS = "-t | -T | -V | -h"


def share(tree):
    """The pages, templates and photos of a tree."""
    place = tree / "share" / "fcgi-thumb"
    place.mkdir(parents=True)
    shutil.copytree(TOP / "nginx" / "html", place / "html")
    (place / "nginx").mkdir()
    for path in TEMPLATES.glob("*.in"):
        shutil.copy(path, place / "nginx")
    (place / "photos").mkdir()
    shutil.copy(PICTURES / "photo-12mp.jpg", place / "photos")


def good(directory, name="good"):
    """The path of the tree of what was built."""
    tree = directory / name
    (tree / "sbin").mkdir(parents=True)
    for program in PROGRAM, THUMBCTL:
        shutil.copy(program, tree / "sbin")
    share(tree)
    return tree


def script(tree, lines):
    """The tree's program becomes these lines of a shell and then, in the same
    process, what it was."""
    program = tree / "sbin" / "fcgi-thumb"
    real = tree / "real-fcgi-thumb"
    program.rename(real)
    program.write_text("#!/bin/sh\n" + "".join(line + "\n" for line in lines)
                       + f'exec {shlex.quote(str(real))} "$@"\n')
    program.chmod(0o755)
    return tree


def build(directory):
    """faulty.c as a shared object, which needs nothing but a C compiler."""
    if "-fsanitize=address" in (BUILD / "Makefile").read_text():
        raise NotHere("AddressSanitizer has to be loaded first")
    made = directory / "faulty.so"
    if not made.exists():
        compiler = shlex.split(os.environ.get("CC", "cc"))
        subprocess.run([*compiler, "-O1", "-shared", "-fPIC", "-o", made,
                        SOURCE], check=True)
    return made


def faulty(directory, name, fault, flag=None):
    """One that is worse in the way of faulty.c, once the file `flag` is there
    if one is given."""
    words = {"LD_PRELOAD": build(directory), "FT_FAULT": fault}
    if flag is not None:
        words["FT_FAULT_FLAG"] = flag
    return script(good(directory, name), [
        f"export {key}={shlex.quote(str(value))}"
        for key, value in words.items()])


def does_not_start(directory, name, flag=None):
    """One whose settings are right and whose master dies as it comes up, once
    the file `flag` is there if one is given."""
    condition = "true" if flag is None else f"[ -e {shlex.quote(str(flag))} ]"
    return script(good(directory, name), [
        'for word; do case $word in ' + QUESTIONS + ') asked=1;; esac; done',
        f'if [ -z "${{asked-}}" ] && {condition}; then kill -ABRT $$; fi'])
