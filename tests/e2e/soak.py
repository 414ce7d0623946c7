#!/usr/bin/python3
"""How the memory of one worker grows over many mixed jobs.

usage: soak.py [JOBS]

One worker that is never replaced gets JOBS (10,000) requests: every picture of
tests/data that is small, of each format, good, odd and broken, and now and then
one of 7 to 12 megapixels, always as bytes that it has not seen; with them first
renders of formats that nobody asked for before, and forms of several files. Its
resident memory is read after each.

The first tenth is left out: there libraries fetch what they keep, and the heap
finds the size that the largest picture needs. Of each tenth the medians are
printed: resident memory, and what the worker has from malloc between two
requests. The former is what an operator sees, and fragments of the heap and
luck in the order of the jobs move it by 2 %; it may be 5 % more in the last
tenth than in the second. But a leak hides in the room that a large picture
left, so the latter is looked at as well: nothing moves it but what is not given
back. 20 bytes a job would be one small string that is forgotten in each.

Exit status 1 where either grows beyond that, the worker was replaced, or an
answer was 5xx.
"""

import argparse
import collections
import io
import json
import os
import statistics
import sys

from PIL import Image

from service import PICTURES, end_on_signals, picture, variation
from shim import ShimmedService

SMALL = 100_000  # bytes of a picture at most: most time goes into their number
LARGE_EVERY = 40  # jobs
GROWTH_MAX = 5    # percent of resident memory
LEAK_MAX = 20     # bytes a job
PARTS = 10

SETTINGS = {
    "workers": 1,
    "worker_jobs": 1_000_000,
    "worker_memory": "64G",
    "limits": {"rate": "10000/s"},
    "presets": [
        {"name": "large", "width": 320, "height": 320, "animated": True,
         "formats": ["jpeg", "webp", "gif"]},
        {"name": "square", "width": 120, "height": 120, "fit": "cover",
         "formats": ["png", "avif"]},
    ],
}


def marked(name, data, i):
    """The same picture as bytes that were not there before."""
    if name.endswith(".jpg"):
        return variation(data, i)
    return data + str(i).encode()


def pictures():
    """(name, bytes) of what is small in tests/data, pictures or not."""
    return [(path.name, path.read_bytes())
            for path in sorted(PICTURES.iterdir())
            if path.is_file() and path.stat().st_size <= SMALL]


def large_pictures():
    """(name, bytes) of photos, one of each kind of memory use."""
    photo = picture("photo-12mp.jpg")
    made = [("photo.jpg", photo)]
    image = Image.open(io.BytesIO(photo)).resize((3000, 2250))
    for kind, how in (("PNG", {"compress_level": 1}), ("TIFF", {}),
                      ("WEBP", {"quality": 60, "method": 0}), ("GIF", {}),
                      ("JPEG", {"progressive": True})):
        file = io.BytesIO()
        image.save(file, kind, **how)
        suffix = "jpg" if kind == "JPEG" else kind.lower()
        made.append((f"large.{suffix}", file.getvalue()))
    return made


class Jobs:
    """The requests one after the other, and what came of them."""

    def __init__(self, service):
        self.service = service
        self.pictures = pictures()
        self.large = large_pictures()
        self.serial = 0
        self.statuses = collections.Counter()
        self.asked = None  # where a first render waits

    def next_picture(self):
        self.serial += 1
        # A step that shares no divisor with their number mixes them.
        name, data = self.pictures[self.serial * 37 % len(self.pictures)]
        return name, marked(name, data, self.serial)

    def next_large(self):
        name, data = self.large.pop(0)
        self.large.append((name, data))
        return name, marked(name, data, self.statuses.total())

    def upload(self, *files):
        answer = self.service.upload(*files)
        if answer.status == 201:
            photo = next(photo for photo in json.loads(answer.body)["photos"]
                         if photo.get("id"))
            self.asked = photo["id"]
        return answer

    def run(self):
        """One request to the photo worker."""
        total = self.statuses.total()
        kind = total % 5
        if total % LARGE_EVERY == LARGE_EVERY - 1:
            answer = self.upload(self.next_large())
        elif kind in (1, 3) and self.asked:
            name = "large.webp" if kind == 1 else "square.avif"
            answer = self.service.get(f"/t/{self.asked}/{name}")
        else:
            answer = self.upload(*(self.next_picture()
                                   for _ in range(3 if kind == 4 else 1)))
        self.statuses[answer.status] += 1


def resident(pid):
    """Bytes."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(service, jobs):
    """Two medians of each part: resident, and in use."""
    worker, = service.master.workers()
    work = Jobs(service)
    samples, medians = [], []
    for i in range(1, jobs + 1):
        work.run()
        samples.append((resident(worker), service.heap()))
        if i % (jobs // PARTS) == 0:
            medians.append([statistics.median(column)
                            for column in zip(*samples)])
            print("%6d jobs: %6.1f MB resident, %9.3f MB in use" % (
                i, *(one / 1e6 for one in medians[-1])), flush=True)
            samples.clear()
    print("answers: " + ", ".join(
        f"{n} x {status}" for status, n in sorted(work.statuses.items())))
    assert service.master.workers() == [worker], "the worker was replaced"
    assert max(work.statuses) < 500, "an answer was 5xx"
    return medians


def judge(medians, jobs):
    """The exit status."""
    (resident_first, used_first), (resident_last, used_last) = (
        medians[1], medians[-1])
    growth = 100 * (resident_last - resident_first) / resident_first
    leak = (used_last - used_first) / (jobs * (PARTS - 2) / PARTS)
    print("after the first tenth: %.1f %% of resident memory, "
          "%.1f bytes a job in use" % (growth, leak))
    if growth <= GROWTH_MAX and leak <= LEAK_MAX:
        return 0
    print(f"allowed are {GROWTH_MAX} % and {LEAK_MAX} bytes")
    return 1


def main():
    parser = argparse.ArgumentParser(
        description="Measure how one worker grows.")
    parser.add_argument("jobs", type=int, nargs="?", default=10_000,
                        metavar="JOBS")
    jobs = parser.parse_args().jobs
    if jobs < PARTS:
        parser.error(f"at least {PARTS} jobs")
    end_on_signals()
    with ShimmedService(heap=True, **SETTINGS) as service:
        return judge(measure(service, jobs), jobs)


if __name__ == "__main__":
    sys.exit(main())
