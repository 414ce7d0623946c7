"""Suites that are run some at a time, since much of what they do is to wait."""

import queue
import re
import subprocess
import threading

from service import Interrupted, end_on_signals

COUNTS = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped$")


class Together:
    """(name, command) pairs; each prints its tests and ends with its counts.
    In that order, so many at once, as long as there are any."""

    def __init__(self, suites, at_once):
        self.at_once = at_once
        self.lock = threading.Lock()
        self.counts = [0, 0, 0]
        self.processes = set()
        self.ended = False
        self.suites = queue.SimpleQueue()
        for suite in suites:
            self.suites.put(suite)

    def take(self, line):
        with self.lock:
            found = COUNTS.match(line)
            if found is None:
                print(line, end="", flush=True)
                return False
            self.counts = [a + int(b)
                           for a, b in zip(self.counts, found.groups())]
            return True

    def run_one(self, name, command):
        with self.lock:
            if self.ended:
                return
            process = subprocess.Popen(
                command, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.processes.add(process)
        counted = False
        for line in process.stdout:
            counted = self.take(line) or counted
        if process.wait() not in (0, 1) or not counted:
            self.take(f"FAIL  {name}: its process ended with status "
                      f"{process.returncode}\n")
            self.take("0 passed, 1 failed, 0 skipped\n")
        with self.lock:
            self.processes.discard(process)

    def work(self):
        try:
            while True:
                self.run_one(*self.suites.get_nowait())
        except queue.Empty:
            pass

    def end(self):
        self.ended = True
        for process in list(self.processes):
            process.terminate()

    def run(self):
        """Prints the tests and the sum of the counts; the exit status."""
        end_on_signals(self.end)
        threads = [threading.Thread(target=self.work) for _ in range(self.at_once)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except Interrupted:
            for thread in threads:
                thread.join()
            return 1
        print("%d passed, %d failed, %d skipped" % tuple(self.counts))
        return 1 if self.counts[1] or not self.counts[0] else 0
