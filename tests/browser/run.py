#!/usr/bin/python3
"""What a real Chromium does with the service: all suites here, two at a time,
each with a service of its own. Prints every test and ends with the counts.

FT_BUILD  the build directory, default build/
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
SERVICE = HERE.parent / "e2e" / "service.py"
sys.path.insert(0, str(SERVICE.parent))

from together import Together  # noqa: E402: found by the path above

# The longest first.
SUITES = (
    ("clients.mjs",),
    ("page.mjs",),
    ("page.mjs", "--prefix", "/media"),
    ("polyglots.mjs", "--formats"),
    ("elsewhere.mjs", "--site"),
    ("itself.mjs",),
    ("tokens.mjs", "--tokens"),
)


def main():
    return Together([
        (" ".join(suite), [sys.executable, SERVICE, *suite[1:],
                           "node", HERE / suite[0]])
        for suite in SUITES]).run()


if __name__ == "__main__":
    sys.exit(main())
