#!/usr/bin/python3
"""The storms: storm.py [--seconds N] [NAME...]

Each NAME, or all of them, for so many seconds; without N for the few that
`./dev check` has. Prints every test with what it did, and ends with the counts
as the end-to-end suite does.

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

# Of the short form.
SHORT = {"kill": 10, "disk": 7, "errors": 5, "slow": 5, "flood": 3,
         "stop": 11}


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
    return e2e.run_suite(unittest.TestSuite(
        storms.Storms(f"test_{name}") for name in wanted.names or SHORT))


if __name__ == "__main__":
    sys.exit(main())
