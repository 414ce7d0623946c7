#!/usr/bin/python3
"""The end-to-end suite: run.py [-x] [NAME...]

Runs test_NAME.py for each NAME, all of them without one (but root, which needs
root, stress, which needs the machine to itself, and blind and release_long,
which take minutes: these have to be asked for), or one test as
NAME.Class.test. Prints every test and ends with the counts. -x keeps going no further than a failure.

All of them, or several NAMEs, are run three at a time, each in a process of its
own: most of what they do is to wait.

FT_BUILD   the build directory, default build/
FT_ENGINE  the setting engine, where a test has none of its own
FT_MEMORY  a directory in memory, for those that are not about the disk
"""

import os
import pathlib
import sys
import time
import traceback
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from case import NotHere  # noqa: E402: found by the path above
from service import Interrupted, end_on_signals  # noqa: E402
from together import Together  # noqa: E402


class Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.passed = 0
        self.not_here = []

    def end(self):
        """No further test, not even the rest of this one."""
        self.failfast = True
        self.stop()

    def say(self, word, test):
        seconds = time.monotonic() - self.started
        print(f"{word:5} {test.id()} ({seconds:.1f} s)", flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def addSuccess(self, test):
        self.passed += 1
        self.say("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"skip  {test.id()}: {reason}", flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.show(test, err)

    def addError(self, test, err):
        if issubclass(err[0], NotHere):
            self.not_here.append(f"{test.id()}: {err[1]}")
            return
        super().addError(test, err)
        self.show(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.show(subtest, err)

    def show(self, test, err):
        self.started = getattr(self, "started", time.monotonic())
        self.say("FAIL", test)
        print("".join(traceback.format_exception(*err)), flush=True)


ASKED_FOR = "test_root", "test_stress", "test_blind", "test_release_long"
AT_ONCE = 3

# These take longest.
LONG = ("test_durable", "test_processes", "test_release", "test_thumbctl_apply",
        "test_table", "test_memory", "test_thumbctl_verify")

# What is on the disk, or what becomes of it when that is full or breaks.
ON_DISK = ("test_backup", "test_durable", "test_logs", "test_races",
           "test_soak", "test_thumbctl_store", "test_thumbctl_verify",
           "test_upload")


def place(module):
    """The start of a command that has its temporary files where they belong."""
    memory = os.environ.get("FT_MEMORY")
    if not memory or module in ON_DISK:
        return []
    return ["/usr/bin/env", f"TMPDIR={memory}"]


def modules(names):
    """Each in a process of its own; the longest first, so that none is left
    over at the end. All of them without names."""
    paths = sorted(HERE.glob("test_*.py"), reverse=True, key=lambda path: (
        path.stem in LONG, path.stat().st_size))
    names = names or [path.stem for path in paths
                      if path.stem not in ASKED_FOR]
    order = {path.stem: n for n, path in enumerate(paths)}
    return [(name, [*place(name.split(".")[0]), sys.executable,
                    HERE / "run.py", name.removeprefix("test_")]) for name in
            sorted(names, key=lambda name: order.get(name.split(".")[0], 0))]


def run_suite(suite, failfast=False):
    """Prints the tests and the counts; the exit status."""
    result = Result()
    result.failfast = failfast
    end_on_signals(result.end)
    try:
        suite.run(result)
    except Interrupted:
        return 1
    for line in result.not_here:
        print("not run:", line)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.passed} passed, {failed} failed, "
          f"{len(result.skipped)} skipped")
    return 1 if failed or not result.passed else 0


def main(arguments):
    failfast = arguments[:1] == ["-x"]
    names = ["test_" + name for name in arguments[failfast:]]
    if len(names) != 1 and not failfast:
        return Together(modules(names), AT_ONCE).run()
    return run_suite(unittest.defaultTestLoader.loadTestsFromNames(
        names or sorted(path.stem for path in HERE.glob("test_*.py")
                        if path.stem != "test_root")), failfast)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
