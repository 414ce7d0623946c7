#!/usr/bin/python3
"""What a real Chromium does with the service: all suites here, two at a time,
each with a service of its own. Prints every test and ends with the counts.

FT_BUILD  the build directory, default build/
FT_SHOTS  directory for screenshots, default screenshots/ in FT_BUILD, from
          which those of the last run are removed first
"""

import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
SERVICE = HERE.parent / "e2e" / "service.py"
sys.path.insert(0, str(SERVICE.parent))

from together import Together  # noqa: E402: found by the path above

AT_ONCE = 2

# The longest first.
SUITES = (
    ("upload.mjs", "--prefix", "/media"),
    ("looks.mjs",),
    ("result.mjs", "--prefix", "/media"),
    ("mine.mjs", "--prefix", "/media"),
    ("status.mjs",),
    ("polyglots.mjs", "--formats"),
    ("safe.mjs",),
    ("itself.mjs",),
    ("noscript.mjs",),
    ("clients.mjs",),
    ("slow.mjs",),
    ("keyboard.mjs",),
    ("elsewhere.mjs", "--site"),
    ("tokens.mjs", "--tokens"),
    ("words.mjs",),
    ("result.mjs", "--site"),
    ("noscript.mjs", "--prefix", "/media"),
)


def keep_screenshots():
    if "FT_SHOTS" not in os.environ:
        shots = pathlib.Path(os.environ.get("FT_BUILD", TOP / "build"),
                             "screenshots").resolve()
        shutil.rmtree(shots, ignore_errors=True)
        os.environ["FT_SHOTS"] = str(shots)


def main():
    keep_screenshots()
    return Together([
        (" ".join(suite), [sys.executable, SERVICE, *suite[1:],
                           "node", HERE / suite[0]])
        for suite in SUITES], AT_ONCE).run()


if __name__ == "__main__":
    sys.exit(main())
