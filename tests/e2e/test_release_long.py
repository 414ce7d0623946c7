"""Releases, all of them: some twenty minutes (./dev check-release). Bad ones of
every kind, each from its start and one that begins to be bad under way, where
the system test is blind; and everything that is killed at every step."""

import contextlib
import os
import pathlib
import signal

import releases
import trees
from releases import Diary, Hook, ReleaseCase
from service import wait_until

# The ways of faulty.c.
FAULTS = {"10 % errors": "errors 10", "no WebP": "webp 1",
          "a wrong colour": "swap 1", "2 px off": "shift 2",
          "crash after 50 requests": "crash 50",
          "crashes from the 50th on": "dead 50",
          "memory growth": "leak 2048", "hangs": "hang 40"}


class Faults(ReleaseCase):
    """Each is stopped. The table is the last thing that is printed."""

    options = ("--steps", "5,25,50,100", "--step", "10s", "--patience", "200s")
    table = []

    @classmethod
    def tearDownClass(cls):
        print("      release                    bad          stopped at   "
              "requests of users  failed", flush=True)
        for name, when, result in cls.table:
            print(f"      {name:26} {when:12} {result.step:12} "
                  f"{len(result.lines):17} {len(result.failed):7}\n"
                  f"          {result.reason}", flush=True)

    def stopped(self, name, tree, when="always", **more):
        active = self.service.active
        result = self.attempt(tree, late=when != "always", **more)
        self.table.append((name, when, result))
        self.assert_stopped(result, active)
        return result

    def stopped_always_and_later(self, name, fault, **more):
        with self.subTest(name):
            self.stopped(name, trees.faulty(self.trees, f"{fault} a", fault),
                         **more)
        with self.subTest(name, when="under way"):
            result = self.stopped(
                name, trees.faulty(self.trees, f"{fault} b", fault, self.flag),
                "under way", **more)
            self.assertNotEqual(result.step, "system test")

    def test_each_is_stopped(self):
        for name, fault in FAULTS.items():
            self.stopped_always_and_later(name, fault)

    def test_one_that_takes_more_time(self):
        """With photos whose pixels are most of the work, no queue, and enough
        of them: beside other work on the machine p95 varies by as much."""
        self.options = ("--steps", "50,100", *Faults.options[2:])
        self.service.kinds = ["p3.jpg"]
        try:
            self.stopped_always_and_later("50 % more time", "slow 50",
                                          clients=2)
        finally:
            self.service.kinds = releases.KINDS

    def test_one_that_does_not_start(self):
        for name, make in (("crash on start", trees.does_not_start),
                           ("its workers crash on start", self.stillborn)):
            with self.subTest(name):
                result = self.stopped(name, make(self.trees, name))
                self.assertEqual((result.step, result.lines),
                                 ("system test", []))

    def stillborn(self, directory, name, flag=None):
        return trees.faulty(directory, name, "stillborn 1", flag)

    def test_workers_that_crash_on_start_when_they_are_replaced(self):
        self.service.write_settings(worker_jobs=25)
        try:
            self.stopped("its workers crash on start",
                         self.stillborn(self.trees, "late", self.flag),
                         "under way")
        finally:
            self.service.write_settings(worker_jobs=1000)


class Good(ReleaseCase):
    options = ("--step", "10s", "--patience", "180s", "--slower", "300")

    def requests_without_failure(self, least):
        self.assertEqual(self.diary.failed(), [])
        self.assertEqual(self.diary.wrong, [])
        self.assertGreater(len(self.diary.asked), least)
        print(f"      {len(self.diary.asked)} requests, none failed; "
              f"{self.diary.counts['acknowledged']} uploads", flush=True)

    def assert_sticky(self, slot):
        """Nobody who came to the candidate left it while it grew."""
        slots = {line["id"]: line["slot"] for line in self.service.access()}
        steps = [at for event in self.service.history()
                 if event["what"] == "step"
                 and (at := releases.seconds(event["time"]))
                 > self.diary.asked[0].began]
        self.assertGreaterEqual(len(steps), 3)
        on_it = set()
        for since, until in zip(steps, steps[1:]):
            seen = {}
            for asked in self.diary.asked:
                if since + 0.5 < asked.began and asked.ended < until:
                    seen.setdefault(asked.customer, set()).add(
                        slots[asked.id])
            left = {customer for customer in on_it
                    if seen.get(customer, {slot}) != {slot}}
            self.assertEqual(left, set())
            self.assertEqual({customer for customer, at in seen.items()
                              if len(at) > 1}, set())
            on_it |= {customer for customer, at in seen.items()
                      if at == {slot}}
        self.assertGreater(len(on_it), 3)

    def test_through_all_steps_and_back_by_switch(self):
        other = self.service.idle
        result = self.attempt(self.good)
        self.assertEqual(result.status, 0, result.words)
        self.assertEqual(result.shares, [100, 500, 2500, 5000, 10000])
        self.assert_serves(other)
        self.requests_without_failure(2000)
        self.assert_sticky(other)
        diary = Diary()
        with self.service.crowd(diary, allowed=()):
            for _ in range(4):
                for how in "rollback", "switch":
                    seen = len(diary.asked)
                    wait_until("requests",
                               lambda: len(diary.asked) > seen + 100)
                    done = self.service.release(how)
                    self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_serves(other)
        self.diary = diary
        self.requests_without_failure(800)

    def test_by_a_canary(self):
        other = self.service.idle
        result = self.attempt(self.good, "canary")
        self.assertEqual(result.status, 0, result.words)
        self.assertEqual(result.shares, [500, 10000])
        self.assert_serves(other)
        self.requests_without_failure(1000)


# What is killed, and after that, when: before or after the Nth call of nginx
# (its test, its reload), of which each step has two.
KILLED = "thumbctl", "candidate", "active", "nginx"
CALLS = 6


def processes_of(server):
    """The pids of nginx's processes that have a file open in its directory."""
    found = set()
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if (link.readlink().is_relative_to(server.directory)
                    and (link.parents[1] / "comm").read_text() == "nginx\n"):
                found.add(int(link.parts[2]))
        except OSError:
            continue
    return found


class Kills(ReleaseCase):
    options = ("--steps", "50,100", "--step", "1s", "--patience", "30s",
               "--errors", "50", "--slower", "1000", "--force", "a test")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hook = Hook(cls.service)
        cls.ends = []

    @classmethod
    def tearDownClass(cls):
        for whom, when, call, status, stays in cls.ends:
            print(f"      {whom} killed {when} call {call}: status {status}, "
                  f"{'as it was' if stays else 'the new one serves'}",
                  flush=True)

    def begin(self, call, when, whom):
        """A rollout in which that is killed."""
        service = self.service
        service.stage(self.good, *service.nginx_options(self.hook.program))
        self.hook.arm(call, when, whom)
        return self.hook.known(service.begin_release("rollout",
                                                     *self.options))

    def revive(self):
        """As systemd would: what a dead nginx left ends, too."""
        server = self.service.nginx
        if server.process.poll() is not None:
            for pid in processes_of(server):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            wait_until("nobody listens", lambda: not processes_of(server))
            server.run()
        self.service.release("start")

    def resolve(self, active):
        """Whatever is under way: status says so, and abort ends it."""
        service = self.service
        done = service.release("status")
        self.assertEqual(done.returncode, 0, done.stderr)
        if "run" in service.state():
            self.assertIn(service.state()["run"]["how"], done.stdout)
            aborted = service.release("abort")
            self.assertEqual((aborted.returncode, service.active),
                             (0, active), aborted.stdout + aborted.stderr)
        self.assert_serves(service.active)
        if service.active != active:
            back = service.release("rollback")
            self.assertEqual(back.returncode, 0, back.stderr)
            self.assert_serves(active)

    def test_at_every_step(self):
        for whom in KILLED:
            for call in range(1, CALLS + 1):
                for when in "before", "after":
                    with self.subTest(f"{whom} {when} call {call}"):
                        self.kill(call, when, whom)

    def kill(self, call, when, whom):
        service = self.service
        active = service.active
        diary, shares = Diary(), []
        with service.crowd(diary, clients=2):
            process = self.begin(call, when, whom)
            self.addCleanup(process.kill)
            wait_until("the blow", lambda: self.hook.has_struck
                       or process.poll() is not None)
            self.assertTrue(self.hook.has_struck, process.poll() is not None
                            and process.communicate())
            if whom == "thumbctl":
                self.assertEqual(process.wait(60), -signal.SIGKILL)
            else:
                self.revive()
                self.follow(process, shares)
                self.revive()
            said = process.communicate()
            self.ends.append((whom, when, call, process.returncode,
                              service.active == active))
            self.resolve(active)
        self.assertEqual(service.find_lost(diary), [], said)
        if whom == "thumbctl":
            self.assertEqual(diary.failed(), [], said)
