"""A service that is released to: two slots beside the plain service, real nginx
before them, and a crowd of customers whom each release reaches by and by.

    with ReleasedService() as service:
        service.first_release(trees.good(service.directory))
        with service.crowd() as book:
            service.release("stage", tree)
            done = service.release("rollout", "--steps", "20,100")
"""

import collections
import datetime
import json
import os
import signal
import socket
import subprocess
import time
import unittest

import nginx
import trees
from service import Service, is_alive, wait_until
from traffic import PRESETS, Book, Client, Crowd, Photo

CUSTOMERS = 2000  # or of one percent there may be nobody
COOKIE = "fcgi_thumb_customer"
SLOTS = "blue", "green"

# What a release may take at most, whatever it waits for.
RELEASE_SECONDS = 900

# Quick ones, several kinds: a release is judged by how many there are.
KINDS = ["gray.jpg", "progressive.jpg", "orient-6.jpg", "alpha.png",
         "interlaced.png", "rgb.png", "still.gif", "lossy.webp"]


def seconds(moment):
    """Unix seconds of a time as logs and histories have it."""
    return datetime.datetime.fromisoformat(moment).timestamp()


class Customer:
    """Someone whom nginx knows again: by a cookie, by the address that a proxy
    says, or by the address itself. Of three, each kind has one."""

    def __init__(self, number):
        self.number = number
        self.headers = {}
        self.source = None
        if number % 3 == 0:
            self.headers["Cookie"] = f"a=b; {COOKIE}=customer{number}"
        elif number % 3 == 1:
            self.headers["X-Forwarded-For"] = (
                f"100.64.{number // 250}.{number % 250 + 1}, 198.18.0.1")
        else:
            self.source = f"127.0.{number // 250}.{number % 250 + 2}"

    def connect(self, address, timeout):
        return socket.create_connection(
            address, timeout, (self.source, 0) if self.source else None)


class Asked:
    """A request and what came of it: began and ended are the clock's of
    time.time(); status None is no answer at all."""

    def __init__(self, customer, method, path):
        self.customer, self.method, self.path = customer, method, path
        self.began = time.time()
        self.ended = self.status = self.id = None

    @property
    def has_failed(self):
        return self.status is None or self.status >= 500

    def __repr__(self):
        return (f"{self.method} {self.path} of customer {self.customer}: "
                f"{self.status} ({self.id})")


class Visitor(Client):
    """A client who is one customer after the other."""

    HABITS = {"upload": 60, "look": 30, "delete": 10}

    def __init__(self, service, *args):
        super().__init__(service, *args)
        self.customers = [Customer(i) for i in range(CUSTOMERS)]

    def act(self):
        self.customer = self.rng.choice(self.customers)
        super().act()

    def new_photo(self):
        self.sent += 1
        return Photo(self.rng.choice(self.service.kinds),
                     f"{self.number}.{self.sent}.{id(self.book)}")

    def ask(self, method, path, body=None, headers=()):
        asked = Asked(self.customer.number, method, path)
        self.book.asked.append(asked)
        try:
            answer = nginx.request(
                self.service.nginx.address, method,
                self.service.prefix + path, body,
                {**dict(headers), **self.customer.headers}, 120,
                self.customer.connect)
            asked.status = answer.status
            asked.id = answer.headers["X-Request-Id"]
            return answer
        finally:
            asked.ended = time.time()


class Diary(Book):
    """What was promised, and all that was asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def failed(self):
        return [asked for asked in self.asked
                if asked.ended is not None and asked.has_failed]

    def statuses(self):
        return collections.Counter(str(asked.status) for asked in self.asked)


class ReleasedService(Service):
    def __init__(self, **settings):
        super().__init__(**{
            "releases": True, "presets": PRESETS,
            "trusted_proxies": ["127.0.0.1", "198.18.0.0/16"],
            **settings,
            "limits": {"rate": "10000/s", "job_seconds": 3,
                       **settings.get("limits", {})}})
        self.kinds = KINDS  # of photos that are sent
        self.release_dir = self.directory / "releases"
        self.write_settings(release_dir=self.release_dir)
        self.running = []

    # -- the tool --

    def command(self, *arguments):
        if not arguments:
            return super().command()
        return [nginx.THUMBCTL, "-c", self.settings_file, "release",
                *arguments]

    def release(self, *arguments, seconds=RELEASE_SECONDS, env=None):
        """thumbctl release: returncode, stdout, stderr."""
        return subprocess.run(
            self.command(*arguments), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=seconds, env=env)

    def begin_release(self, *arguments):
        """The same, and does not wait: a subprocess.Popen."""
        process = subprocess.Popen(
            self.command(*arguments), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.running.append(process)
        return process

    def nginx_options(self, program=None):
        return ["--dir", self.nginx.directory, "--nginx", program or " ".join(
            map(str, self.nginx.command()))]

    def stage(self, tree, *more):
        """Into the idle slot; its name."""
        done = self.release("stage", tree, *self.nginx_options(), *more)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.idle

    def first_release(self, tree):
        """From the plain service to the first slot."""
        self.stage(tree)
        done = self.release("switch")
        assert done.returncode == 0, (done.stdout, done.stderr)

    # -- what it says --

    def state(self):
        try:
            return json.loads((self.release_dir / "state.json").read_text())
        except FileNotFoundError:
            return {}

    def history(self):
        path = self.release_dir / "history.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()
                ] if path.exists() else []

    @property
    def active(self):
        return self.state().get("active", "none")

    @property
    def idle(self):
        return "green" if self.active == "blue" else "blue"

    def master_pid(self, slot):
        """Of a slot's master that lives, or None."""
        run = self.run if slot == "none" else self.run / slot
        try:
            pid = int((run / "fcgi-thumb.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None
        return pid if is_alive(pid) else None

    # -- the crowd --

    def crowd(self, diary, clients=3, allowed=(500, 502, 503, 504)):
        return Crowd(self, diary, clients, allowed, kind=Visitor)

    def exposed(self, slot, diary):
        """nginx's lines of what users of a diary asked of a slot's workers."""
        ids = {asked.id for asked in diary.asked}
        return [line for line in self.access() if line["slot"] == slot
                and line["upstream_status"] and line["id"] in ids]

    def find_lost(self, diary):
        """What was answered as taken, was not taken back and is not there."""
        return [photo.id for photo in list(diary.photos.values())
                if photo.tokens
                and self.get(f"/t/{photo.id}/meta.json").status != 200]

    # -- the end --

    def stop(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        try:
            self.release("stop")
        finally:
            for slot in SLOTS:
                pid = self.master_pid(slot)
                if pid is not None:
                    os.kill(pid, signal.SIGKILL)
            result = super().stop()
        return result


class Hook:
    """A program instead of nginx's, which runs that and, before or after one of
    the calls (its test, its reload), kills somebody."""

    def __init__(self, service):
        self.service = service
        self.directory = service.directory / "hook"
        self.directory.mkdir()
        self.program = self.directory / "program"
        words = " ".join(map(str, service.nginx.command()))
        self.program.write_text(f"""#!/bin/sh
cd {self.directory} || exit
calls=$(($(cat calls) + 1))
echo $calls >calls
read -r call when whom <order || call=
strike() {{
	if [ "$call $when" = "$calls $1" ]; then
		until read -r pid 2>/dev/null <"$whom"; do sleep 0.01; done
		kill -9 "$pid" && echo >struck
	fi
}}
strike before
{words} "$@"
status=$?
strike after
exit $status
""")
        self.program.chmod(0o755)
        self.arm(0, "never", "nobody")

    def arm(self, call, when, whom):
        """From now on the Nth call is that; whom: thumbctl (known()), nginx,
        candidate or active."""
        service = self.service
        for name in "struck", "thumbctl", "candidate", "active", "nginx":
            (self.directory / name).unlink(missing_ok=True)
        (self.directory / "calls").write_text("0\n")
        (self.directory / "order").write_text(f"{call} {when} {whom}\n")
        for name, slot in (("candidate", service.idle),
                           ("active", service.active)):
            (self.directory / name).symlink_to(
                service.run / slot / "fcgi-thumb.pid")
        (self.directory / "nginx").write_text(
            f"{service.nginx.process.pid if service.nginx.process else 0}\n")

    def known(self, process):
        """Which process is thumbctl's."""
        aside = self.directory / "aside"
        aside.write_text(f"{process.pid}\n")
        aside.rename(self.directory / "thumbctl")
        return process

    @property
    def has_struck(self):
        return (self.directory / "struck").exists()


class Attempt:
    """A release that was tried: where it ended, what it said, and the requests
    of users that its workers were asked for meanwhile."""

    def __init__(self, service, slot, shares, diary, process, words):
        self.status = process.returncode
        self.words = words
        self.shares = shares
        self.reason = next((event["words"] for event in
                            reversed(service.history())
                            if event.get("words")), "")
        self.lines = service.exposed(slot, diary)
        self.failed = [line for line in self.lines if line["status"] >= 500]

    @property
    def step(self):
        """Where it ended."""
        if not self.shares:
            return "system test"
        return f"{self.shares[-1] / 100:g} %"

    def __str__(self):
        return (f"{self.step}: {len(self.lines)} requests, "
                f"{len(self.failed)} of them failed")


class ReleaseCase(unittest.TestCase):
    """One service for all tests of a class, in its first release."""

    settings = {}
    options = ("--step", "3s", "--patience", "40s")

    @classmethod
    def setUpClass(cls):
        cls.service = ReleasedService(**cls.settings)
        cls.addClassCleanup(cls.service.stop)
        cls.trees = cls.service.directory / "trees"
        cls.flag = cls.service.data / "state" / "bad"
        cls.good = trees.good(cls.trees)
        cls.service.start()
        cls.service.first_release(cls.good)

    def follow(self, process, shares, at_share=None):
        """Wait for the end of a release; its shares are noted as they come, and
        at_share() is called at the first one."""
        end = time.monotonic() + RELEASE_SECONDS
        while process.poll() is None:
            share = self.service.state().get("run", {}).get("share", 0)
            if share and share not in shares:
                shares.append(share)
                if at_share is not None and len(shares) == 1:
                    at_share()
            self.assertLess(time.monotonic(), end, "it comes to no end")
            time.sleep(0.05)

    def attempt(self, tree, how="rollout", *more, late=False, clients=3):
        """Stage a tree and release it under load; late: it is told to be bad
        when the first users are on it."""
        service = self.service
        slot = service.idle
        service.stage(tree)
        diary, shares = Diary(), []
        with service.crowd(diary, clients):
            process = service.begin_release(how, *self.options, *more)
            try:
                self.follow(process, shares, self.flag.touch if late else None)
            finally:
                process.terminate()
                words = "".join(process.communicate())
                self.flag.unlink(missing_ok=True)
            result = Attempt(service, slot, shares, diary, process, words)
        self.diary = diary
        self.assertEqual(service.find_lost(diary), [])
        return result

    def assert_serves(self, slot):
        """Nothing is under way, and every user is on that slot."""
        state = self.service.state()
        self.assertEqual(state["active"], slot)
        self.assertNotIn("run", state)
        diary = Diary()
        with self.service.crowd(diary, allowed=()):
            wait_until("requests", lambda: len(diary.asked) > 60)
        self.assertEqual(diary.failed(), [])
        self.assertEqual(diary.wrong, [])
        ids = {asked.id for asked in diary.asked}
        slots = {line["slot"] for line in self.service.access()
                 if line["id"] in ids}
        self.assertEqual(slots, {slot})

    def assert_stopped(self, attempt, slot):
        """It went back to that slot, or never left it."""
        self.assertEqual(attempt.status, 1 if attempt.shares else 3,
                         attempt.words)
        self.assert_serves(slot)
