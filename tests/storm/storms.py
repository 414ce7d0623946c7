"""The storms, one test each."""

import errno
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import nginx
from aftermath import Aftermath
from case import NotHere, at_once
from service import PATIENCE, Service, wait_until
from shim import ShimmedService
from traffic import PRESETS, Book, Client, Crowd, head_of

HERE = pathlib.Path(__file__).resolve().parent

# Set by storm.py: how long each storm lasts; whether this process may mount.
SECONDS = {}
INSIDE = False

# A file system of the storm's own, for this process and what it starts.
MOUNTS = ([["unshare", "--mount"]] if os.geteuid() == 0 else []) + [
    ["unshare", "--user", "--map-root-user", "--mount"]]


def signal_all(pids, signo):
    """How many of them were still there."""
    n = 0
    for pid in pids:
        try:
            os.kill(pid, signo)
            n += 1
        except ProcessLookupError:
            pass
    return n


class Storms(unittest.TestCase):
    def begin(self, service):
        self.service = service
        service.start()
        self.addCleanup(service.stop)
        self.book = Book()
        self.aftermath = Aftermath(service, self.book)
        self.rng = random.Random(self.id())
        self.end = time.monotonic() + SECONDS[self.id().rpartition("_")[2]]

    def lasts(self):
        return time.monotonic() < self.end

    def pause(self, least, most):
        time.sleep(self.rng.uniform(least, most))

    def judge(self, what):
        """After the storm; `what` it did, in numbers."""
        wrong = self.aftermath.look()
        counts = ", ".join(f"{n} {word}" for word, n in
                           self.book.counts.items() if n)
        print(f"      {what}; {counts}; at most "
              f"{self.book.longest_wait:.1f} s without a photo taken",
              flush=True)
        self.assertEqual(wrong[:20], [], f"{len(wrong)} in all")
        self.assertGreater(self.book.counts["acknowledged"], 1)
        self.assertLess(self.book.longest_wait, 30)

    # ---- kill ----

    def test_kill(self):
        self.begin(Service(workers=3, presets=PRESETS))
        killed = {"worker": 0, "master": 0, "both": 0}
        with Crowd(self.service, self.book, 6, (502, 503)):
            while self.lasts():
                self.pause(0.05, 0.6)
                what, = self.rng.choices(list(killed), (12, 1, 1))
                killed[what] += getattr(self, "kill_" + what)()
                if self.service.master.process.poll() is not None:
                    self.service.start_master()
        self.judge(f"killed {killed['worker']} workers, {killed['master']} "
                   f"masters and {killed['both']} with all their workers")

    def workers(self):
        master = self.service.master
        return master.workers() + master.workers("thumb-control")

    def kill_worker(self):
        workers = self.workers()
        return workers != [] and signal_all(
            [self.rng.choice(workers)], signal.SIGKILL)

    def kill_master(self):
        self.service.master.signal(signal.SIGKILL)
        self.service.master.wait()
        return 1

    def kill_both(self):
        workers = self.workers()
        self.rng.shuffle(workers)
        self.service.master.signal(signal.SIGKILL)
        signal_all(workers, signal.SIGKILL)
        self.service.master.wait()
        return 1

    # ---- disk ----

    def test_disk(self):
        if not INSIDE:
            self.go_inside()
            return
        service = Service(presets=PRESETS, limits={"free": "0"})
        service.data.mkdir()
        self.mount(service)
        self.begin(service)
        fills = 0
        # Much is taken away again: the disk is to be full of the filler.
        habits = {**Client.HABITS, "delete": 40}
        with Crowd(service, self.book, 5, (503, 507), habits):
            while self.lasts():
                fill = (self.fill_bytes, self.fill_names)[fills % 2]
                fills += 1
                room = fill()
                self.pause(0.2, 2)
                for path in room:
                    path.unlink()
                self.await_upload()
                self.pause(0.2, 2)
        self.judge(f"the disk was full {fills} times")

    def mount(self, service):
        """A small file system in the store's place."""
        subprocess.run(["mount", "-t", "tmpfs", "-o",
                        "size=48m,nr_inodes=12000", "none", service.data],
                       check=True)
        # Which cannot be removed while it is mounted.
        self.addCleanup(shutil.rmtree, service.directory, ignore_errors=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", service.data])

    def go_inside(self):
        """The same in a process that may mount."""
        failures = []
        for mount in MOUNTS:
            probe = subprocess.run([*mount, "mount", "-t", "tmpfs", "none",
                                    "/mnt"], capture_output=True, text=True)
            if probe.returncode == 0:
                break
            failures.append(probe.stderr.strip())
        else:
            raise NotHere("no private mount: " + "; ".join(failures) +
                          " (the storm `errors` takes its place)")
        process = subprocess.Popen(
            [*mount, sys.executable, HERE / "storm.py", "--inside",
             "--seconds", str(SECONDS["disk"]), "disk"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        try:
            said, _ = process.communicate()
        finally:
            process.terminate()
            process.wait(PATIENCE)
        self.assertEqual(process.returncode, 0, said)
        print(said.partition("\n")[0], flush=True)

    def fill_bytes(self):
        """Up to a rest that is enough for some steps of an upload."""
        room = os.statvfs(self.service.data)
        path = self.service.data / "filler"
        free = self.rng.choice((0, 4, 20, 60, 200)) * 1024
        with open(path, "wb", 0) as file:
            try:
                left = room.f_bavail * room.f_bsize - free
                while left > 0:
                    left -= file.write(bytes(min(left, 1 << 20)))
            except OSError as failure:
                self.assertEqual(failure.errno, errno.ENOSPC)
        return [path]

    def fill_names(self):
        """The same with inodes."""
        made = []
        keep = self.rng.choice((0, 1, 3, 6))
        try:
            while os.statvfs(self.service.data).f_favail > keep:
                path = self.service.data / f"filler.{len(made)}"
                path.touch()
                made.append(path)
        except OSError as failure:
            self.assertEqual(failure.errno, errno.ENOSPC)
        return made

    def await_upload(self):
        """Somebody's photo is taken again."""
        before = self.book.last_taken
        wait_until("uploads work again",
                   lambda: self.book.last_taken > before, 15)

    # ---- errors ----

    def test_errors(self):
        """What a disk answers, in the middle of every step of an upload."""
        service = ShimmedService(presets=PRESETS)
        self.begin(service)
        n = 0
        errors = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS,
                  errno.EMFILE)
        with Crowd(service, self.book, 4, (502, 503, 507)):
            while self.lasts():
                step = self.rng.randint(1, 60)
                service.order(f"fail {step} {self.rng.choice(errors)}"
                              if n % 3 else f"kill {step}")
                n += 1
                self.pause(0.01, 0.2)
        service.order_file.unlink(missing_ok=True)
        self.judge(f"{n} orders to fail or to die at a step")

    # ---- slow ----

    def test_slow(self):
        self.begin(Service(presets=PRESETS))
        client = Client(self.service, self.book, "slow", ())
        drips = [Drip(self.service, self.book, client.new_photo(), i)
                 for i in range(320)]
        with Crowd(self.service, self.book, 2, ()):
            drip(drips, self.lasts)
            taken = sum(one.is_answered() for one in drips)
        self.assertEqual(taken, sum(not one.goes for one in drips),
                         self.book.wrong[:5])
        self.judge(f"{len(drips)} clients of a byte a second, of which "
                   f"{taken} came to the end")
        self.assertLess(self.book.longest_wait, 10)

    # ---- flood ----

    def test_flood(self):
        self.begin(Service(presets=PRESETS, limits={"queue_length": 16}))
        habits = {"upload": 1}
        clients = [Client(self.service, self.book, i, (503,), habits)
                   for i in range(150)]
        rounds = 0
        while self.lasts():
            at_once(len(clients), lambda i: clients[i].act())
            rounds += 1
        self.judge(f"{rounds} times {len(clients)} uploads at once")
        self.assertGreater(self.book.counts["refused"], 20)

    # ---- stop ----

    def test_stop(self):
        self.begin(Service(presets=PRESETS, limits={"job_seconds": 3}))
        times = 0
        with Crowd(self.service, self.book, 5, (502, 503, 504)):
            while self.lasts():
                stopped = self.workers()
                # Now and then as when a whole container stands still.
                if times % 3 == 2:
                    stopped = [self.service.master.pid, *stopped]
                signal_all(stopped, signal.SIGSTOP)
                # Soon enough, and too late for whoever is at work.
                time.sleep((0.5, 6, 5)[times % 3])
                times += 1
                signal_all(stopped[::-1], signal.SIGCONT)
                self.await_upload()
                self.pause(1, 2)
        self.judge(f"every worker stood still {times} times")


class Drip:
    """One slow upload. Three of four go away in the middle, some of them before
    the end of the head."""

    def __init__(self, service, book, photo, i):
        self.book, self.photo = book, book.enter(photo)
        self.goes = i % 4 != 0
        data = photo.data
        self.rest = head_of(service, "PUT", len(data)) + data
        self.socket = socket.create_connection(service.nginx.address, 60)
        if i % 6 != 1:
            self.send(len(self.rest) - len(data))

    def send(self, n):
        self.socket.sendall(self.rest[:n])
        self.rest = self.rest[n:]

    def is_answered(self):
        """Goes away, or sends the rest at once."""
        with self.socket:
            if self.goes:
                return False
            self.send(len(self.rest))
            response = http.client.HTTPResponse(self.socket)
            response.begin()
            answer = nginx.Answer(response)
        # Somebody else may have sent the same meanwhile.
        if answer.status not in (200, 201):
            self.book.complain(f"slow: {answer.status} {answer.body}")
            return False
        self.book.taken(self.photo, json.loads(answer.body)["photos"][0])
        return True


def drip(drips, lasts):
    while lasts():
        begin = time.monotonic()
        for one in drips:
            one.send(1)
        time.sleep(max(0, begin + 1 - time.monotonic()))
