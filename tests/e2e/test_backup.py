"""A backup of the running store, as the README says it, and a service on the
copy: whatever came and went meanwhile, what was there before is there."""

import json
import os
import re
import shutil
import subprocess
import threading

from service import TOP, Service, picture, variation, wait_until
from test_processes import OwnService

README = (TOP / "README.md").read_text()
BACKUP, = re.findall(r"### Backup\n.*?^```sh\n(.*?)^```$", README, re.M | re.S)

SMALL = {"name": "small", "width": 80, "height": 80,
         "formats": ["jpeg", "webp"]}


class Busy:
    """Until the end of the `with` photos come, some go at once and some of
    those that were there before, and thumbnails are asked for."""

    def __init__(self, case, victims):
        self.case = case
        self.victims = list(victims)  # (id, token)
        self.deleted = set()
        self.failures = []
        self.going = True
        self.threads = [threading.Thread(target=self.run, args=(i,))
                        for i in range(2)]

    def run(self, client):
        n = 0
        try:
            while self.going:
                n += 1
                photo = self.case.send(f"busy {client} {n}")
                self.case.service.get(f"/t/{photo['id']}/small.webp")
                if n % 4:
                    self.case.take_back(photo["id"], photo["delete_token"])
                if client == 0 and n % 5 == 0 and self.victims:
                    victim = self.victims.pop()
                    self.deleted.add(victim[0])
                    self.case.take_back(*victim)
        except Exception as failure:  # kept for the assertion
            self.failures.append(repr(failure))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        for thread in self.threads:
            thread.join()


class Backup(OwnService):
    settings = {"presets": [SMALL], "limits": {"queue_seconds": 120},
                "workers": 2}

    def send(self, mark, path="/upload"):
        data = variation(picture("gray.jpg"), mark)
        answer = self.service.request("POST", path, data)
        photo, = self.assert_taken(answer, 201, "created")["photos"]
        self.sent[photo["id"]] = data
        return photo

    def take_back(self, photo, token, service=None):
        answer = (service or self.service).request(
            "DELETE", f"/photos/{photo}", None,
            {"Authorization": f"Bearer {token}"})
        self.assertEqual(answer.status, 204, answer.body)

    def cut(self, copy, photo):
        """It is deleted while it is copied, and the copy has the half of it.
        Between the two rsyncs, which is not left to luck."""
        wait_until("the first rsync is done", (self.hook / "done").exists)
        self.take_back(photo["id"], photo["delete_token"])
        self.original(copy, photo["id"]).unlink()
        (self.hook / "go").touch()

    def hang_hook(self):
        """In front of the real rsync."""
        self.hook = self.service.directory / "hook"
        self.hook.mkdir()
        (self.hook / "rsync").write_text(
            f'#!/bin/sh\n{shutil.which("rsync")} "$@"\nstatus=$?\n'
            f': >{self.hook}/done\n'
            f'while [ ! -e {self.hook}/go ]; do sleep 0.05; done\n'
            'exit $status\n')
        (self.hook / "rsync").chmod(0o755)

    def back_up(self, cut):
        """The README's very lines, but for the two places; the copy."""
        lines = BACKUP
        for shown, here in (("/srv/backup/fcgi-thumb", self.backups),
                            ("/var/lib/fcgi-thumb", self.service.data)):
            self.assertEqual(lines.count(shown), 1)
            lines = lines.replace(shown, str(here))
        # Versions are apart by seconds, and the test does not wait for that.
        self.version += 1
        lines = lines.replace("$(date +%Y-%m-%dT%H%M%S)", str(self.version))
        for name in "done", "go":
            (self.hook / name).unlink(missing_ok=True)
        run = subprocess.Popen(
            ["sh", "-euc", lines], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PATH": f"{self.hook}:{os.environ['PATH']}"})
        self.addCleanup(run.kill)
        self.cut(self.backups / str(self.version), cut)
        _, errors = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, errors)
        for line in errors.splitlines():
            self.assertRegex(line, "vanished|does not exist: |^rsync warning")
        copy = (self.backups / "last").resolve()
        self.assertEqual(copy.name, str(self.version))
        return copy

    def restore(self, copy):
        """A service on it, in which all is right again."""
        service = Service(**{**self.settings, "data": copy})
        service.data = copy
        self.addCleanup(service.stop)
        service.start()
        done = service.thumbctl("verify", "--repair")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = service.thumbctl("verify")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertRegex(done.stdout, r"\Aphotos\t\d+\nfaults\t0\nmended\t0\n\Z")
        return service

    def original(self, data, photo):
        return data / "photos" / photo[:2] / photo / "original.jpg"

    def assert_is_there(self, service, photo):
        self.assertEqual(
            self.original(service.data, photo).read_bytes(), self.sent[photo])
        meta = json.loads(service.get(f"/t/{photo}/meta.json").body)
        self.assert_served(meta, service)

    def test_restored_it_has_all_that_was_acknowledged(self):
        service = self.start()
        self.sent, self.version = {}, 0
        self.backups = service.directory / "backups"
        self.backups.mkdir()
        self.hang_hook()
        cuts = [self.send(f"cut {i}") for i in range(2)]
        kept = [self.send(f"kept {i}") for i in range(10)]
        kept.append(self.send("mortal", "/upload?expires=1d"))
        victims = [self.send(f"victim {i}") for i in range(20)]
        banned = self.send("banned")["id"]
        self.assertEqual(service.thumbctl("ban", banned).returncode, 0)
        with Busy(self, [(v["id"], v["delete_token"]) for v in victims]) \
                as busy:
            first = self.back_up(cuts[0])
            between = self.send("between")
            second = self.back_up(cuts[1])
        self.assertEqual(busy.failures, [])
        self.assertTrue(busy.deleted)
        for copy, photo in zip((first, second), cuts):
            self.assertFalse(self.original(copy, photo["id"]).parent.exists())
        for photo in kept:
            # One original on the disk of the backups, whatever the version.
            self.assertEqual(*(self.original(copy, photo["id"]).stat().st_ino
                               for copy in (first, second)))
        for name in ("staging", "trash", "state/locks", "state/usage",
                     "state/photos"):
            self.assertFalse((second / name).exists())

        restored = self.restore(second)
        survivors = [v for v in victims if v["id"] not in busy.deleted]
        for photo in [*kept, between, *survivors]:
            self.assert_is_there(restored, photo["id"])
        # What is there was sent once, and is whole, whenever it came.
        for photo in restored.stored():
            self.assert_is_there(restored, photo)
        thumb, = (restored.data / "public" / kept[0]["id"][:2] /
                  kept[0]["id"]).glob("small.*.jpg")
        self.assertTrue(os.path.samefile(thumb, thumb.with_name("small.jpg")))
        for photo in kept[0], between:
            self.take_back(photo["id"], photo["delete_token"], restored)
            self.assertEqual(
                restored.get(f"/t/{photo['id']}/small.jpg").status, 404)
        self.assert_problem(restored.request(
            "POST", "/upload", variation(picture("gray.jpg"), "banned")),
            403, "banned")
        notes = list((restored.data / "state" / "expires").glob("*/*"))
        self.assertEqual([kept[-1]["id"] in note.name for note in notes],
                         [True])
        # The copy before it is none of its business.
        for photo in kept:
            self.assertEqual(self.original(first, photo["id"]).read_bytes(),
                             self.sent[photo["id"]])
