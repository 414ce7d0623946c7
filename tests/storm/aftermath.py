"""What has to be true when a storm is over: all that was answered is there and
whole, nothing else is half there, and nothing is left over."""

import fcntl
import hashlib
import json
import os
import pathlib

from PIL import Image

from case import opened
from service import PROGRAM, children, wait_until
from traffic import Photo

# Within so many seconds the service takes photos again.
BACK_SECONDS = 15


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def processes(service):
    """The pids of all that was started with the service's settings."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if (str(PROGRAM).encode() in words
                and str(service.settings_file).encode() in words):
            found.append(int(entry.name))
    return sorted(found)


def holdings(service):
    """The descriptors of each kind of process that rests; None where not all
    of one kind have as many."""
    master = service.master
    kinds = {"master": [master.pid], "photo": master.workers(),
             "control": master.workers("thumb-control"),
             "nginx": children(service.nginx.process.pid)}
    found = {kind: {descriptors(pid) for pid in pids}
             for kind, pids in kinds.items()}
    # nginx opens what it likes when it first has to.
    found["nginx"] = {max(found["nginx"])}
    return {kind: n.pop() if len(n) == 1 else None
            for kind, n in found.items()}


class Aftermath:
    """Made before the storm, to compare with."""

    def __init__(self, service, book):
        self.service, self.book = service, book
        self.wrong = book.wrong
        self.is_taken("before")
        self.before = holdings(service)

    def look(self):
        """All of it; what was wrong, in words."""
        self.take_again()
        self.find_no_leftover_process()
        self.look_at_the_store()
        self.look_at_the_web()
        self.settle()
        self.find_no_leftovers()
        self.find_no_poison()
        return self.wrong

    def is_taken(self, mark):
        photo = self.book.enter(Photo("gray.jpg", mark))
        answer = self.service.upload((photo.name, photo.data),
                                     timeout=BACK_SECONDS)
        if answer.status not in (200, 201):
            return False
        self.book.taken(photo, json.loads(answer.body)["photos"][0])
        return True

    def expect(self, is_true, words):
        if not is_true:
            self.wrong.append(words)

    def wait(self, what, condition, seconds=BACK_SECONDS):
        try:
            wait_until(what, condition, seconds)
        except AssertionError as failure:
            self.wrong.append(str(failure))

    # ---- the service ----

    def take_again(self):
        """A new photo, soon."""
        self.wait("ready again", self.service.is_ready)
        self.wait("a photo is taken again", lambda: self.is_taken("after"))

    def find_no_leftover_process(self):
        service = self.service
        n = service.settings["workers"]
        self.wait("as many processes as before", lambda: (
            processes(service) == sorted(
                [service.master.pid, *children(service.master.pid)])
            and len(service.master.workers()) == n
            and len(service.master.workers("thumb-control")) == 1))

    def settle(self):
        """A client that lost its answer asks again: what was broken off is
        finished then, whichever way it went."""
        for each in sorted(self.stored()):
            photo = self.book.photos.get(each)
            if photo is None or photo.tokens:
                continue
            self.service.request("DELETE", f"/photos/{each}", headers={
                "Authorization": f"Bearer {each}"})
            if not self.has_both_sides(each) and each in self.stored():
                self.service.upload((photo.name, photo.data))
        for each in sorted(self.stored()):
            claims = self.service.data / "photos" / each[:2] / each / "claims"
            self.expect(self.has_both_sides(each) and any(claims.iterdir()),
                        f"{each} is left without a side, or a claim")
        # It sweeps, as it does now and then by itself.
        self.service.hang_up()

    def stored(self):
        return set(self.service.stored()) | set(self.service.stored("public"))

    def has_both_sides(self, each):
        return all((self.service.data / side / each[:2] / each).exists()
                   for side in ("photos", "public"))

    def find_no_poison(self):
        done = self.service.thumbctl("quarantine", "list")
        self.expect((done.returncode, done.stdout) == (0, ""),
                    f"quarantine: {done.stdout}{done.stderr}")

    # ---- what is left over ----

    def find_no_leftovers(self):
        service, run = self.service, self.service.run
        self.wait("old workers are gone", lambda: (
            len(children(service.master.pid))
            == service.settings["workers"] + 1))
        self.wait("nothing left in the store",
                  lambda: not service.leftovers())
        self.expect(not service.leftovers(), f"left: {service.leftovers()}")
        for path in (service.data / "staging").iterdir():
            self.expect(is_locked(path), f"{path} belongs to nobody")
        names = sorted(path.name for path in (service.data / "state").iterdir()
                       if path.name != "order")
        self.expect(set(names) <= {"banned", "expires", "growth", "locks",
                                   "photos", "usage"}, f"state: {names}")
        names = sorted(path.name for path in run.iterdir())
        self.expect(names == ["control.sock", "fcgi-thumb.pid", "photo.sock"],
                    f"run: {names}")
        for place in "body", "fastcgi":
            directory = service.nginx.directory / place
            self.wait(f"nothing in nginx's {place}", lambda: not [
                path for path in directory.rglob("*") if path.is_file()])
        self.wait(f"descriptors as before, {self.before}",
                  lambda: holdings(service) == self.before)
        self.expect(holdings(service) == self.before,
                    f"descriptors now: {holdings(service)}")

    # ---- the photos ----

    def look_at_the_store(self):
        """As the storm left it."""
        for each in sorted(self.stored()):
            photo = self.book.photos.get(each)
            self.expect(photo is not None and (photo.tokens or photo.unsure),
                        f"{each} is here, and nobody was told so")
            if self.has_both_sides(each):
                self.attempt(self.look_at_photo, each)
            else:
                self.expect(photo is not None and photo.unsure
                            and not photo.tokens, f"{each} has one side only")

    def look_at_the_web(self):
        """What was answered is served, and the original is what was sent."""
        for photo in self.book.photos.values():
            if photo.tokens:
                self.attempt(self.look_at_answered, photo)

    def attempt(self, look, photo):
        try:
            look(photo)
        except Exception as failure:  # each is told
            self.wrong.append(f"{getattr(photo, 'id', photo)}: {failure!r}")

    def look_at_answered(self, photo):
        answer = self.service.get(f"/t/{photo.id}/meta.json")
        if answer.status != 200:
            self.wrong.append(f"{photo.id} was answered and is lost")
            return
        listed = {variant["url"].rpartition("/")[2].partition("?")[0]
                  for variant in json.loads(answer.body)["variants"]}
        self.expect(photo.listed <= listed, f"{photo.id}: "
                    f"{photo.listed - listed} was served, not listed")
        private = self.service.data / "photos" / photo.id[:2] / photo.id
        original, = private.glob("original.*")
        self.expect(original.read_bytes() == photo.data,
                    f"{photo.id}: the original is not what was sent")
        for token in photo.tokens:
            name = hashlib.sha256(token.encode()).hexdigest()
            self.expect((private / "claims" / name).exists(),
                        f"{photo.id}: a claim was answered and is lost")

    def look_at_photo(self, each):
        """Whole on disk: both sides, and every name that can be seen."""
        private = self.service.data / "photos" / each[:2] / each
        public = self.service.data / "public" / each[:2] / each
        original, = private.glob("original.*")
        sum_ = hashlib.sha256(original.read_bytes()).hexdigest()
        self.expect((private / "sha256").read_text() == sum_,
                    f"{each}: its original is not what its sum says")
        manifest = json.loads((public / "meta.json").read_text())
        names = {"meta.json"}
        for variant in manifest["variants"]:
            name, _, recipe = variant["url"].rpartition("/")[2].partition(
                "?v=")
            stem, _, ext = name.partition(".")
            long = f"{stem}.{recipe}.{ext}"
            self.expect(os.path.samefile(public / name, public / long),
                        f"{each}: {name} is not {long}")
            self.look_at_file(variant, (public / name).read_bytes(), each)
            names |= {name, long}
        there = {path.name for path in public.iterdir()}
        self.expect(there == names, f"{each}: {sorted(there ^ names)} "
                    "is not in both meta.json and the directory")

    def look_at_file(self, variant, data, each):
        image = opened(data)
        self.expect(
            (len(data), image.size, Image.MIME[image.format])
            == (variant["bytes"], (variant["width"], variant["height"]),
                variant["type"]), f"{each}: {variant['url']} is another")


def is_locked(path):
    """Does a living process hold this staging directory?"""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
