"""Two slots on one store: what is staged, started and stopped, and how it is
told. No nginx: these are the masters and the tool alone."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import unittest

import fastcgi
import shim
import trees
from releases import ReleasedService
from service import (PROGRAM, TOP, is_alive, multipart, picture, variation,
                     wait_until)

RUN = {"how": "rollout", "id": "abcdefghij23", "from": "blue", "to": "green",
       "by_what": "customer", "steps": [100, 500, 10000], "step": 1,
       "share": 500, "began": "2026-11-28T08:51:20.000Z",
       "step_began": "2026-11-28T08:52:20.000Z",
       "deadline": "2026-11-28T09:51:20.000Z", "by": "alice"}


class SlotsCase(unittest.TestCase):
    """The service of a class, which does not run outside of its slots."""

    @classmethod
    def setUpClass(cls):
        cls.service = ReleasedService(workers=1)
        cls.addClassCleanup(cls.service.stop)
        cls.trees = cls.service.directory / "trees"
        cls.good = trees.good(cls.trees)

    def release(self, *arguments, status=0, env=None):
        """What it printed; on standard error, where it fails."""
        done = self.service.release(*arguments, env=env)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stderr if status else done.stdout

    def change_state(self, **changes):
        """As a command leaves it that is not tested here."""
        path = self.service.release_dir / "state.json"
        path.write_text(json.dumps({**self.service.state(), **changes}))

    def status(self):
        return json.loads(self.release("status", "--json"))

    def fill_both(self):
        """Blue serves and green waits, both run."""
        self.release("stage", self.good)
        self.change_state(active="blue")
        self.release("stage", self.good)
        self.release("start")
        # Of green, too, as a rollout starts it.
        self.change_state(run={**RUN, "step": 0, "share": 100})
        self.release("start")


class Together(SlotsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls("fill_both").fill_both()

    def ask(self, slot, name, params, body=b""):
        status, body = fastcgi.request(
            self.service.run / slot / name, params, body)
        return status, json.loads(body) if body else None

    def upload(self, slot, mark, status=201):
        body, content_type = multipart(
            [("a.jpg", variation(picture("gray.jpg"), mark))])
        answer = self.ask(slot, "photo.sock", fastcgi.upload_params(
            len(body), content_type), body)
        self.assertEqual(answer[0], status, answer)
        return answer[1]

    def delete(self, slot, photo):
        return self.ask(slot, "control.sock", {
            "REQUEST_METHOD": "DELETE",
            "DOCUMENT_URI": f"/photos/{photo['id']}",
            "HTTP_AUTHORIZATION": f"Bearer {photo['delete_token']}"})[0]

    def test_each_has_the_other_s_photos(self):
        for one, other in ("blue", "green"), ("green", "blue"):
            with self.subTest(one):
                first, = self.upload(one, one)["photos"]
                again, = self.upload(other, one, 200)["photos"]
                self.assertEqual((first["status"], again["status"]),
                                 ("created", "exists"))
                self.assertEqual(self.delete(other, first), 204)
                self.assertEqual(self.delete(one, again), 204)
                self.assertNotIn(first["id"], self.service.stored())

    def test_a_ban_holds_for_both(self):
        photo, = self.upload("green", "banned")["photos"]
        self.service.thumbctl("ban", photo["id"])
        for slot in "blue", "green":
            answer = self.upload(slot, "banned", 403)
            self.assertEqual(answer["code"], "banned")

    def test_neither_sweeps_what_the_other_has_in_hand(self):
        body, content_type = multipart(
            [("a.jpg", picture("photo-12mp.jpg"))])
        params = fastcgi.upload_params(len(body), content_type)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.service.run / "blue" / "photo.sock"))
            connection.sendall(
                fastcgi.record(fastcgi.BEGIN_REQUEST, struct.pack(
                    "!HB5x", fastcgi.RESPONDER, 0))
                + b"".join(fastcgi.record(fastcgi.PARAMS, fastcgi.pair(*item))
                           for item in params.items())
                + fastcgi.record(fastcgi.PARAMS, b"")
                + fastcgi.stream(fastcgi.STDIN, body[:-1000]))
            staging = self.service.data / "staging"
            mine = wait_until("blue has it in hand", lambda: {
                path.parent.name for path in staging.glob("*/*")
                if path.name != "magick"})
            # A master sweeps when it starts.
            os.kill(self.service.master_pid("green"), signal.SIGKILL)
            (staging / "abandoned").mkdir()
            self.release("start")
            wait_until("green has swept",
                       lambda: not (staging / "abandoned").exists())
            self.assertLessEqual(mine, {path.name
                                        for path in staging.iterdir()})
            connection.sendall(fastcgi.stream(fastcgi.STDIN, body[-1000:])
                               + fastcgi.record(fastcgi.STDIN, b""))
            status, answer = fastcgi.answer(connection)
        self.assertEqual(status, 201, answer)

    def test_what_killed_a_worker_of_each_is_poison_for_both(self):
        order = self.service.data / "state" / "order"
        env = {**os.environ, "FT_SHIM": str(order),
               "LD_PRELOAD": str(shim.build(self.service.directory))}
        self.release("stop")
        self.release("start", env=env)
        for slot in "blue", "green":
            order.write_text("die 11\n")
            self.assertIsNone(fastcgi.request(*self.upload_of(slot)))
            wait_until("it is written down", lambda: self.service.thumbctl(
                "quarantine", "list").stdout.count(
                    "\t2\t" if slot == "green" else "\t1\t"))
        for slot in "blue", "green":
            self.assertEqual(self.upload(slot, "poison", 422)["code"],
                             "poison")

    def upload_of(self, slot):
        body, content_type = multipart(
            [("a.jpg", variation(picture("gray.jpg"), "poison"))])
        return (self.service.run / slot / "photo.sock",
                fastcgi.upload_params(len(body), content_type), body)

    def test_a_killed_master_is_told_and_started_again(self):
        before = self.service.master_pid("green")
        os.kill(before, signal.SIGKILL)
        wait_until("it is dead", lambda: not is_alive(before))
        said = self.release("status")
        self.assertRegex(said, r"green +candidate, serves 1 %: version \S+, "
                         r"settings [0-9a-f]{8}, DOES NOT RUN\n")
        self.assertRegex(said, r"next +thumbctl release start ")
        self.assertFalse(self.status()["slots"]["green"]["runs"])
        blue = self.service.master_pid("blue")
        self.assertRegex(self.release("start"),
                         rf"blue \S+: process {blue}, as before\n"
                         r"green \S+: process \d+\n")
        self.assertNotIn("DOES NOT RUN", self.release("status"))
        self.upload("green", "after the kill")

    def test_a_master_with_other_settings_is_replaced_at_once(self):
        path = self.service.release_dir / "green" / "fcgi-thumb.conf"
        before, text = self.service.master_pid("green"), path.read_text()
        path.write_text(text + "worker_jobs = 77;\n")
        self.assertIn("green", self.release("start"))
        after = self.service.master_pid("green")
        self.assertNotEqual(after, before)
        wait_until("the old one ends", lambda: not is_alive(before))
        self.assertIn("with OTHER SETTINGS", self.release("status"))
        self.upload("green", "other settings")
        path.write_text(text)
        self.release("start")
        self.assertNotIn("OTHER SETTINGS", self.release("status"))

    def test_they_are_told_apart(self):
        found = self.status()
        self.assertEqual(found["active"], "blue")
        for slot, share in ("blue", 99.0), ("green", 1.0):
            self.assertEqual(found["slots"][slot]["share"], share)
            self.assertEqual(found["slots"][slot]["pid"],
                             self.service.master_pid(slot))
            self.assertEqual(found["slots"][slot]["in_force"],
                             found["slots"][slot]["settings"])
            # Which is what the master says who was asked.
            text = (self.service.run / slot / "fcgi-thumb.pid").read_text()
            self.assertEqual(text.split("\n")[1],
                             found["slots"][slot]["in_force"])


class Tool(SlotsCase):
    def setUp(self):
        self.release("stop")
        shutil.rmtree(self.service.release_dir, ignore_errors=True)
        self.service.run.joinpath("blue").mkdir(exist_ok=True)

    def refused(self, words, *arguments, status=3):
        """And nothing was changed."""
        before = self.service.state()
        self.assertRegex(self.release(*arguments, status=status), words)
        self.assertEqual(self.service.state(), before)

    def kept(self):
        return sorted(path.name for path in
                      (self.service.release_dir / "versions").iterdir())

    def tree(self, name, *lines):
        """One that says of itself that it is of another version."""
        return trees.script(trees.good(self.trees, name), [
            f"if [ $1 = -V ]; then echo fcgi-thumb {name}; exit; fi", *lines])

    def test_before_the_first_one(self):
        said = self.release("status")
        self.assertRegex(said, r"none +active, serves 100 %: the service "
                         "without slots")
        self.assertIn("next", said)
        self.assertIn("thumbctl release stage fills the idle slot", said)
        self.assertEqual(self.release("history"),
                         "nothing has been released yet\n")
        self.assertEqual(json.loads(self.release("history", "--json")), [])
        self.assertFalse(self.service.release_dir.exists())
        self.assertIn("is started as ever", self.release("start"))

    def test_a_version_is_kept_with_settings_of_its_slot(self):
        self.assertRegex(self.release("stage", self.good),
                         r"stage, blue \S+: settings [0-9a-f]{8} \([\w-]+\)\n")
        slot = self.service.release_dir / "blue"
        version = slot / "version"
        for path in ("sbin/fcgi-thumb", "sbin/thumbctl",
                     "share/html/upload.js", "share/nginx/http.conf.in",
                     "share/photos/photo-12mp.jpg"):
            self.assertTrue((version / path).is_file(), path)
        self.assertEqual((version / "sbin/fcgi-thumb").read_bytes(),
                         PROGRAM.read_bytes())
        text = (slot / "fcgi-thumb.conf").read_text()
        self.assertIn(f'run = "{self.service.run}/blue";', text)
        self.assertIn('slot = "blue";', text)
        # The pages are this service's own, which no version has.
        self.assertIn(f'html = "{TOP}/nginx/html"', text)
        event, = json.loads(self.release("history", "--json"))
        self.assertEqual((event["what"], event["to"], event["to_version"]),
                         ("stage", "blue", version.readlink().name))
        self.assertEqual(self.status()["slots"]["blue"]["settings"],
                         event["to_digest"])

    def test_pages_of_a_tree_become_those_of_the_version(self):
        path = self.service.directory / "other.conf"
        path.write_text(re.sub(
            r'html = ".*?"', f'html = "{self.good}/share/fcgi-thumb/html"',
            self.service.settings_file.read_text()))
        self.release("stage", self.good, "--settings", path)
        text = (self.service.release_dir / "blue/fcgi-thumb.conf").read_text()
        name, = self.kept()
        self.assertIn(f'html = "{self.service.release_dir}/versions/{name}'
                      '/share/html"', text)

    def test_a_system_where_sbin_is_a_link_to_bin(self):
        usr = trees.good(self.trees / "merged", "usr")
        (usr / "sbin").rename(usr / "bin")
        (usr / "sbin").symlink_to("bin")
        self.release("stage", self.trees / "merged")
        # And the thumbctl that is installed there knows where it stands.
        self.stage_own(usr)
        self.assertEqual(len(self.kept()), 1)

    def stage_own(self, tree):
        """By the tree's own thumbctl, as after its installation."""
        subprocess.run([tree / "sbin" / "thumbctl", "-c",
                        self.service.settings_file, "release", "stage"],
                       stdin=subprocess.DEVNULL, capture_output=True,
                       check=True)

    def test_no_way_back_to_a_service_that_was_upgraded(self):
        self.release("stage", self.good)
        path = self.service.release_dir / "state.json"
        path.write_text(json.dumps({**json.loads(path.read_text()),
                                    "active": "blue", "previous": "none"}))
        self.release("stage", self.good)
        self.assertEqual(self.status()["previous"], "none")
        self.stage_own(self.tree("9.9"))
        self.assertIsNone(self.status()["previous"])

    def test_the_same_tree_is_one_version_and_another_has_its_own_name(self):
        self.release("stage", self.good)
        self.release("stage", self.good)
        name, = self.kept()
        other = trees.good(self.trees, "other")
        (other / "share/fcgi-thumb/html/page.css").write_text("/* */\n")
        self.release("stage", other)
        self.assertEqual(len(self.kept()), 2)
        self.assertRegex(self.kept()[1],
                         rf"^{re.escape(name)}\+[0-9a-f]{{8}}$")
        # And by its name it comes again.
        self.release("stage", name)
        self.assertEqual(self.status()["slots"]["blue"]["version"], name)

    def test_what_a_killed_one_has_left_goes_with_the_next(self):
        self.release("stage", self.good)
        slot = self.service.release_dir / "blue"
        (slot / ".fcgi-thumb.conf.4711").write_text("half")
        (self.service.release_dir / "versions" / ".new").mkdir()
        self.release("stage", self.good)
        self.assertEqual(sorted(path.name for path in slot.iterdir()),
                         ["fcgi-thumb.conf", "version"])
        self.assertEqual(len(self.kept()), 1)

    def test_the_last_three_are_kept_beside_those_in_slots(self):
        small = self.tree("9.0")
        for n in range(1, 7):
            text = (small / "sbin/fcgi-thumb").read_text()
            (small / "sbin/fcgi-thumb").write_text(re.sub(
                r"fcgi-thumb 9\.\d", f"fcgi-thumb 9.{n}", text))
            self.release("stage", small)
        self.assertEqual(self.kept(), ["9.3", "9.4", "9.5", "9.6"])

    def test_what_cannot_be_staged(self):
        links = trees.good(self.trees, "links")
        (links / "share/fcgi-thumb/html/passwd").symlink_to("/etc/passwd")
        silent = self.tree("silent", "exit 3")
        (silent / "sbin/fcgi-thumb").write_text("#!/bin/sh\nexit 3\n")
        plain = self.service.directory / "other.conf"
        plain.write_text(self.service.settings_file.read_text()
                         .replace("workers = 1", "workers = -1"))
        elsewhere = self.service.directory / "elsewhere.conf"
        elsewhere.write_text(re.sub(r'data = "', 'data = "/elsewhere',
                                    self.service.settings_file.read_text()))
        for words, arguments, status in (
                ("passwd: a link", [links], 1),
                ("does not say which version", [silent], 1),
                ("9.9: neither a directory nor a version", ["9.9"], 1),
                ("no tree of fcgi-thumb", [self.service.directory], 1),
                ("workers", [self.good, "--settings", plain], 78),
                ("data is another", [self.good, "--settings", elsewhere], 78),
                ("usage", [self.good, self.good], 64)):
            with self.subTest(words):
                self.refused(words, "stage", *arguments, status=status)
                self.assertEqual(self.kept() if status != 64 else [], [])

    def test_a_version_that_does_not_take_the_settings(self):
        self.release("stage", self.good)
        picky = self.tree("picky", "if [ $1 = -t ]; then "
                          "echo 'x.conf:3: no such key' >&2; exit 78; fi")
        self.refused("x.conf:3: no such key", "stage", picky, status=78)
        self.assertEqual(len(self.kept()), 1)

    def test_the_last_words_of_one_that_does_not_come_up(self):
        last = self.tree("mute", "if [ $1 = -c ]; then "
                         "echo 'no such library' >&2; exit 4; fi")
        self.release("stage", last)
        self.change_state(active="blue")
        said = self.release("start", status=1)
        self.assertIn("thumbctl: blue: its master has ended at the start\n",
                      said)
        self.assertIn("thumbctl: it said: no such library\n", said)

    def test_nothing_is_staged_while_anything_is_under_way(self):
        self.release("stage", self.good)
        self.change_state(active="blue")
        self.release("stage", self.good)
        self.change_state(run=RUN)
        self.refused("rollout abcdefghij23 is under way, by alice", "stage",
                     self.good)
        said = self.release("status")
        for words in ("rollout abcdefghij23 by alice since 2026-11-28 08:51:20",
                      "from blue ", "step 2 of 3: 5 % of the customers since ",
                      "NOBODY is at work on it",
                      "should have gone back by itself 2026-11-28 09:51:20",
                      "thumbctl release abort goes back now"):
            self.assertIn(words, said)

    def test_the_second_of_two_is_told(self):
        self.release("stage", self.good)
        with open(self.service.release_dir / "lock", "r+") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            lock.truncate()
            lock.write(f"{os.getpid()} rollout by alice since this morning")
            lock.flush()
            self.refused("rollout by alice since this morning \\(process "
                         f"{os.getpid()}\\)", "stage", self.good)
            self.assertIn("rollout by alice since this morning",
                          self.release("status"))
            self.assertEqual(self.status()["driver"]["pid"], os.getpid())

    def test_a_directory_that_others_can_write_to(self):
        self.release("stage", self.good)
        self.change_state(active="blue")
        directory = self.service.release_dir
        for path in directory, directory / "versions", directory / "blue":
            path.chmod(0o775)
            for command in ["stage", self.good], ["start"], ["status"]:
                with self.subTest(path, command=command[0]):
                    self.refused(f"{path}: can be written by others", *command)
            path.chmod(0o755)

    def test_a_state_that_is_none_is_said(self):
        self.release("stage", self.good)
        path = self.service.release_dir / "state.json"
        text = path.read_text()
        path.write_text(text[:50])
        self.assertRegex(self.release("status", status=1),
                         r"state\.json: line \d")
        path.write_text(text)

    def test_without_releases_there_is_nothing_to_do(self):
        self.service.write_settings(releases=False)
        self.addCleanup(self.service.write_settings, releases=True)
        for command in "status", "start", "stop", "history":
            self.assertIn("releases = false",
                          self.release(command, status=78))
