#!/usr/bin/python3
"""The storms: storm.py [--seconds N] [NAME...]

Each NAME, or all of them, for so many seconds; without N for the few that
`./dev check` has, and two at a time, since in some of them most stand still.
Prints every test with what it did, and ends with the counts as the end-to-end
suite does.

FT_BUILD  the build directory, default build/
"""

import argparse
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import run as e2e  # noqa: E402: found by the path above
import storms  # noqa: E402: as the one before
from together import Together  # noqa: E402

# Of the short form; those that end last are the first.
SHORT = {"stop": 11, "kill": 10, "slow": 5, "disk": 7, "errors": 5,
         "flood": 3}


def main():
    parser = argparse.ArgumentParser(prog="storm")
    parser.add_argument("--seconds", type=int, help="of each storm")
    parser.add_argument("--inside", action="store_true",
                        help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="one of " + ", ".join(SHORT))
    wanted = parser.parse_args()
    unknown = set(wanted.names) - set(SHORT)
    if unknown:
        parser.error(f"no storm {unknown.pop()}; there are {', '.join(SHORT)}")
    storms.INSIDE = wanted.inside
    storms.SECONDS = {name: wanted.seconds or seconds
                      for name, seconds in SHORT.items()}
    names = wanted.names or list(SHORT)
    if len(names) > 1 and wanted.seconds is None:
        return Together([(name, [sys.executable, __file__, name])
                         for name in names], 2).run()
    return e2e.run_suite(unittest.TestSuite(
        storms.Storms(f"test_{name}") for name in names))


if __name__ == "__main__":
    sys.exit(main())
