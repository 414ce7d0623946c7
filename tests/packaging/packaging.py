#!/usr/bin/python3
"""The packages in whole machines: packaging.py [NAME...]

The lives named, or all of them (see lives.py). Prints every step, and ends
with the counts as the end-to-end suite does. Run by ./dev check-packages, as
root, in a mount namespace of its own.

FT_BUILD  the build directory, default build/
FT_ROOTS  what the machines are made of, default build/packages
"""

import pathlib
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import lives  # noqa: E402: found by the path above
import run as e2e  # noqa: E402: as the one before


def main(arguments):
    named = {life.__name__: life for life in lives.ALL}
    unknown = set(arguments) - set(named)
    if unknown:
        print(f"no life {unknown.pop()}; there are {', '.join(named)}",
              file=sys.stderr)
        return 64
    # Beside the trees, for the overlay's sake.
    lives.DIRECTORY = pathlib.Path(
        tempfile.mkdtemp(prefix="run-", dir=lives.ROOTS))
    try:
        return e2e.run_suite(unittest.TestSuite(
            named[name](step) for name in arguments or named
            for step in named[name].steps()))
    finally:
        shutil.rmtree(lives.DIRECTORY, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
