"""That a worker gives back what it takes: soak.py's jobs, so few that libraries
still fetch what they keep. A forgotten picture, profile or name shows."""

import contextlib
import io
import unittest

import soak
from shim import ShimmedService

JOBS = 240
LEAK_MAX = 500  # bytes a job; libraries come to 170


class Soak(unittest.TestCase):
    def test_little_stays_in_use(self):
        with ShimmedService(heap=True, **soak.SETTINGS) as service:
            with contextlib.redirect_stdout(io.StringIO()):
                medians = soak.measure(service, JOBS)
        (_, half), (_, end) = medians[soak.PARTS // 2 - 1], medians[-1]
        self.assertLess((end - half) / (JOBS / 2), LEAK_MAX)
