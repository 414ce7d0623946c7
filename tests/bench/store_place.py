"""Where a benchmark's stores lie, and what is measured of a service on them."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))

import nginx  # noqa: E402
from service import Service, children, multipart  # noqa: E402

FILL = nginx.BUILD / "tests" / "bench" / "store_fill"

PIXELS = ("decode", "resize", "encode")
PHASES = ("queue", "receive", *PIXELS, "publish")

# What a photo of store_fill.c takes: three small files and three directories, a
# block each, and their inodes. In memory a page is 4 KiB and an inode 1 KiB.
BLOCK = 1024
IMAGE_BYTES = 16 * BLOCK
MEMORY_BYTES = 24 * 1024
INODES = 7


def available_memory():
    text = pathlib.Path("/proc/meminfo").read_text()
    return int(re.search(r"MemAvailable: +(\d+) kB", text)[1]) * 1024


def mount_of(path):
    """(device, type, options) of the file system that holds it."""
    return subprocess.run(
        ["findmnt", "-n", "-o", "SOURCE,FSTYPE,OPTIONS", "--target", path],
        capture_output=True, text=True, check=True).stdout.split()


class Places:
    """Directories for stores, one a count of photos, each on a file system of
    its own where that can be done: all in memory where there is enough, images
    of ext4 where we may mount them, else plain directories below `directory`.
    """

    def __init__(self, directory, counts, kind=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(
            prefix="ft-bench-", dir=directory))
        self.mounts = []
        if kind is None:
            enough = available_memory() > 2 * MEMORY_BYTES * sum(counts)
            kind = ("directory" if os.geteuid() != 0
                    else "tmpfs" if enough else "image")
        self.kind = kind

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for mount in reversed(self.mounts):
            subprocess.run(["umount", mount], check=True)
        shutil.rmtree(self.directory)

    def make(self, count):
        """A directory for so many photos."""
        place = self.directory / str(count)
        place.mkdir()
        room = 64 << 20
        if self.kind == "tmpfs":
            self.mount("tmpfs", place, "-t", "tmpfs", "-o",
                       f"nr_inodes=0,size={room + count * MEMORY_BYTES}")
        elif self.kind == "image":
            image = self.directory / f"{count}.img"
            with open(image, "wb") as file:
                # A journal, tables of inodes, and photos beside those of fill.
                os.posix_fallocate(file.fileno(), 0,
                                   8 * room + count * IMAGE_BYTES)
            subprocess.run(
                ["mkfs.ext4", "-q", "-F", "-b", str(BLOCK), "-m", "0",
                 "-J", "size=128", "-E", "lazy_itable_init=0",
                 "-N", str(100_000 + count * INODES), image], check=True)
            self.mount(image, place, "-o", "loop")
        return place

    def mount(self, what, where, *options):
        subprocess.run(["mount", *options, what, where], check=True)
        self.mounts.append(where)


class Bench:
    """A service with one worker, whose store is in `place`."""

    def __init__(self, place, **settings):
        self.service = Service(workers=1, worker_jobs=1_000_000,
                               limits={"free": "1M", "rate": "10000/s"},
                               **settings)
        self.service.data = pathlib.Path(place) / "store"
        self.service.write_settings()

    def __enter__(self):
        self.service.start()
        self.find_processes()
        return self

    def __exit__(self, *_):
        self.service.stop()

    def find_processes(self):
        master = self.service.master
        self.worker, = master.workers()
        self.control, = master.workers("thumb-control")
        self.front = children(self.service.nginx.process.pid)

    def cpu_ms(self, *pids):
        """What these have used so far."""
        return sum(int(pathlib.Path(f"/proc/{pid}/schedstat").read_text()
                       .split()[0]) for pid in pids) / 1e6

    def timed(self, statuses, *request):
        """One request: its answer, and in ms the wall time, the CPU times of
        the workers and of nginx, and the phases that the answer tells."""
        workers = (self.worker, self.control)
        before = self.cpu_ms(*workers), self.cpu_ms(*self.front)
        start = time.perf_counter()
        answer = self.service.request(*request)
        wall = (time.perf_counter() - start) * 1000
        if answer.status not in statuses:
            raise RuntimeError(f"{request[:2]}: {answer.status} {answer.body}")
        after = self.cpu_ms(*workers), self.cpu_ms(*self.front)
        took = {"wall": wall, "cpu": after[0] - before[0],
                "nginx": after[1] - before[1]}
        timing = answer.headers.get("Server-Timing", "")
        took.update((name, int(ms)) for name, ms in
                    re.findall(r"(\w+);dur=(\d+)", timing) if name in PHASES)
        return answer, took

    def upload(self, data):
        body, content_type = multipart([("a.jpg", data)])
        return self.timed((200, 201), "POST", "/upload", body,
                          {"Content-Type": content_type})
