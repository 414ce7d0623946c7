"""thumbctl verify: every kind of damage is found, and mended where it can be,
while the service runs, and when the mending is cut off half-way."""

import fcntl
import json
import os
import pty
import random
import shutil
import signal
import subprocess
import threading
import time

from case import Load, opened
from nginx import THUMBCTL
from service import children, picture, stat_fields, variation, wait_until
from test_processes import OwnService

LARGE = {"name": "large", "width": 400, "height": 400,
         "formats": ["jpeg", "webp"]}
SMALL = {"name": "small", "width": 80, "height": 80, "fit": "cover"}

# What is younger is work in progress: store_verify.h.
SETTLED = 10


def spoil(path):
    """Other bytes in the midst of a file, as many as before."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle:middle + 64] = 64 * b"\xff"
    path.write_bytes(data)


class Verify(OwnService):
    settings = {"presets": [LARGE, SMALL], "limits": {"queue_seconds": 120}}
    maxDiff = None

    def setUp(self):
        self.sent = {}  # by id

    def fill(self, n, name="orient-6.jpg", path="/upload"):
        """The ids of photos, each of its own bytes."""
        ids = []
        for i in range(n):
            data = variation(picture(name), f"{path} {i} {time.time()}")
            answer = self.service.request("POST", path, data)
            photo, = self.assert_taken(answer, 201, "created")["photos"]
            ids.append(photo["id"])
            self.sent[photo["id"]] = data
        return ids

    def verify(self, *arguments, status=0):
        """{(word, id): (what, state)}; the counts are compared with it."""
        return self.read(self.service.thumbctl("verify", *arguments), status)

    def repair(self, status=0):
        return self.verify("--repair", status=status)

    def read(self, done, status):
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.errors = done.stderr
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        self.assertEqual([line[0] for line in lines[:3]],
                         ["photos", "faults", "mended"])
        self.photos, faults, mended = (int(line[1]) for line in lines[:3])
        self.assertEqual(faults, len(lines) - 3, lines)
        self.assertEqual(mended, sum(line[3] == "mended" for line in lines[3:]))
        return {(line[0], line[1]): (line[2], line[3]) for line in lines[3:]}

    def side(self, side, photo):
        return self.service.data / side / photo[:2] / photo

    def assert_in_order(self, photos):
        self.assertEqual(self.verify(), {})
        self.assertEqual(self.photos, len(photos))
        for photo in photos:
            self.assert_served(self.meta(photo))
        self.assertEqual(self.errors, "")

    def bytes_of(self, photo):
        return {path.name: path.read_bytes()
                for path in self.side("photos", photo).glob("original.*")}

    def meta(self, photo):
        return json.loads((self.side("public", photo) / "meta.json")
                          .read_text())


class Damage(Verify):
    def test_of_photos(self):
        """A photo for each kind; what can be mended is right afterwards, and
        the others are as they were."""
        service = self.start()
        photos = self.fill(16)
        self.assert_in_order(photos)
        banned = service.data / "state" / "banned" / photos[5][:2]
        banned.mkdir(parents=True, exist_ok=True)
        (banned / photos[5]).touch()
        damage = {
            "corrupt": lambda private, public: spoil(private / "original.jpg"),
            "lost": lambda private, public:
                (private / "original.jpg").unlink(),
            "sum": lambda private, public:
                (private / "sha256").write_text("0" * 64),
            "orphan": lambda private, public: shutil.rmtree(private),
            "unclaimed": lambda private, public:
                next((private / "claims").iterdir()).unlink(),
            "banned": lambda private, public: None,
            "unpublished": lambda private, public: shutil.rmtree(public),
            "meta": lambda private, public: (public / "meta.json").unlink(),
            "meta 2": lambda private, public:
                (public / "meta.json").write_text("{"),
            "broken": lambda private, public: (public / "small.jpg").unlink(),
            "broken 2": lambda private, public:
                spoil(next(public.glob("small.*.jpg"))),
            "broken 3": lambda private, public:
                os.truncate(public / "large.jpg", 100),
            "broken 4": lambda private, public:
                next(public.glob("large.*.jpg")).write_bytes(b""),
            "unlisted": lambda private, public:
                os.link(public / "large.jpg", public / "large.webp"),
            "unknown": lambda private, public:
                (public / "index.html").write_text("mine"),
            "unknown 2": lambda private, public:
                (private / "notes.txt").write_text("mine"),
        }
        names = dict(zip(photos, damage, strict=True))
        for photo, name in names.items():
            damage[name](self.side("photos", photo), self.side("public", photo))
        wanted = {(name.partition(" ")[0], photo): "stays"
                  for photo, name in names.items()}
        # The sum comes wrong by what was damaged behind the service's back.
        found = {key: state for key, (_, state) in
                 self.verify(status=1).items() if key[0] != "usage"}
        self.assertEqual(found, wanted)
        private = {photo: self.bytes_of(photo) for photo in photos}

        stays = {key for key in wanted
                 if key[0] in ("corrupt", "lost", "unknown")}
        found = {key: state for key, (_, state) in
                 self.repair(status=1).items() if key[0] != "usage"}
        self.assertEqual(found, {key: "stays" if key in stays else "mended"
                                 for key in wanted})
        left = self.verify(status=1)
        self.assertEqual(set(left), stays)
        gone = {photo for photo, name in names.items()
                if name in ("orphan", "unclaimed", "banned")}
        for photo in photos:
            for side in "photos", "public":
                self.assertEqual(self.side(side, photo).exists(),
                                 photo not in gone, names[photo])
            if photo not in gone:
                self.assert_served(self.meta(photo))
                self.assertEqual(self.bytes_of(photo), private[photo])
        # What is left for people to do.
        for photo, name in names.items():
            if name == "lost":
                answer = service.request("POST", "/upload", self.sent[photo])
                self.assertIn(answer.status, (200, 201), answer.body)
            elif name == "corrupt":
                service.thumbctl("delete", photo)
            elif name.startswith("unknown"):
                for path in (self.side("public", photo) / "index.html",
                             self.side("photos", photo) / "notes.txt"):
                    path.unlink(missing_ok=True)
        self.assertLessEqual({key[0] for key in self.repair()}, {"usage"})
        self.assert_in_order(service.stored())

    def test_of_what_is_beside_photos(self):
        service = self.start()
        photo, short = (self.fill(1)[0],
                        self.fill(1, path="/upload?expires=1d")[0])
        # The service would sweep some of it away before it is found.
        service.master.stop()
        data = service.data
        shutil.rmtree(data / "public" / "zz")
        (data / "staging" / "abandoned").mkdir()
        (data / "staging" / "abandoned" / "in-x").write_text("x")
        shutil.move(self.side("public", photo), data / "trash" / "x")
        (data / "quarantine" / photo).touch()
        (data / "photos" / "22" / "mine").mkdir()
        (data / "state" / "mine").touch()
        note, = (data / "state" / "expires").glob("*/*")
        note.unlink()
        overdue = data / "state" / "expires" / "1"
        overdue.mkdir()
        (overdue / ("3600." + ".".join(note.name.split(".")[1:]))).touch()
        time.sleep(SETTLED + 1)
        found = self.repair(status=1)
        self.assertEqual({key: state for key, (_, state) in found.items()
                          if key[0] != "unknown"}, {
            ("missing", "-"): "mended", ("stale", "-"): "mended",
            ("strikes", photo): "mended", ("note", short): "mended",
            ("usage", "-"): "mended", ("unpublished", photo): "mended"})
        self.assertTrue(note.exists())
        self.assertFalse(overdue.exists())
        self.assertEqual(found["unknown", "-"][1], "stays")
        (data / "photos" / "22" / "mine").rmdir()
        (data / "state" / "mine").unlink()
        self.assertEqual(self.verify(), {})

    def verify_and_kill_its_decoder(self):
        run = subprocess.Popen(
            [THUMBCTL, "-c", self.service.settings_file, "verify"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        found = wait_until("it has begun", lambda: children(run.pid)
                           or run.poll() is not None)
        if found is not True:
            # At the lowest priority.
            self.assertEqual(stat_fields(found[0])[16], "19")
            os.kill(found[0], signal.SIGKILL)
        return run, run.communicate(timeout=120)

    def test_without_a_decoder_nothing_is_said_to_be_right(self):
        self.start()
        photos = self.fill(3)
        # On a busy machine it may have looked at all of them before.
        for _ in range(10):
            run, (out, errors) = self.verify_and_kill_its_decoder()
            if run.returncode != 0:
                break
        self.assertEqual(run.returncode, 1, out + errors)
        self.assert_in_order(photos)

    def note_place(self, text, age=0):
        """As a run leaves it that was stopped."""
        path = self.service.data / "state" / "cursor-verify"
        path.write_text(text)
        then = time.time() - age
        os.utime(path, (then, then))

    def test_it_goes_on_where_it_was_stopped(self):
        self.start()
        photos = sorted(self.fill(4, "gray.jpg"))
        digest = (self.service.run / "fcgi-thumb.pid").read_text().split()[1]
        told = f"corrupt\t{photos[1]}\toriginal.jpg\tstays"
        place = (f"1\t{digest}\n {told}\n@{photos[1]}\t2\t1\t0\n")
        # Behind its last place it was cut off.
        for more in "", f" {told}\n", f" {told}\n@{photos[3]}\t4\t":
            self.note_place(place + more)
            self.assertEqual(self.verify(status=1), {
                ("corrupt", photos[1]): ("original.jpg", "stays")})
            self.assertEqual(self.photos, 4)
            self.assertIn(f"going on behind {photos[1]}, ", self.errors)
            self.assertFalse((self.service.data / "state" /
                              "cursor-verify").exists())
        # What it says of others, long ago, or not in our words, is nothing.
        for text, age, words in (
                (place, 0, ["--repair"]), (place, 0, ["--from-start"]),
                (place, 8 * 86400, []), (place, -3600, []),
                (place.replace(digest, "0" * 64), 0, []),
                (place.replace("1\t", "2\t", 1), 0, []),
                (place[:40], 0, []), ("", 0, []), ("\n\n\n", 0, []),
                (place.replace("@", "@" + "2" * 99), 0, []),
                (place.replace("\t0\n", "\t-1\n"), 0, [])):
            with self.subTest(text=text, words=words):
                self.note_place(text, age)
                self.assertEqual(self.verify(*words), {})
                self.assertEqual((self.photos, self.errors), (4, ""))

    def test_two_at_once_do_not_share_a_place(self):
        self.start()
        self.fill(3, "gray.jpg")
        path = self.service.data / "state" / "cursor-verify"
        with open(path, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.assertEqual(self.verify(), {})
            self.assertEqual((self.photos, self.errors), (3, ""))
        self.assertEqual(path.read_text(), "")

    def test_wrong_use(self):
        self.start()
        for words in ("--mend",), ("--repair", "x"), ("x",):
            done = self.service.thumbctl("verify", *words)
            self.assertEqual(done.returncode, 64)

    def test_a_terminal_gets_a_bar(self):
        self.start()
        self.fill(3)
        master, terminal = pty.openpty()
        try:
            run = subprocess.run(
                [THUMBCTL, "-c", self.service.settings_file, "verify"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=terminal, text=True)
            shown = os.read(master, 65536).decode()
        finally:
            os.close(terminal)
            os.close(master)
        self.assertEqual(run.stdout, "photos\t3\nfaults\t0\nmended\t0\n")
        self.assertRegex(shown, r"\[#{30}\] +100 %  3/3 ")


class Meanwhile(Verify):
    def test_uploads_and_deletes_are_no_damage(self):
        service = self.start()
        going, failures = True, []

        def come_and_go():
            n = 0
            while going:
                n += 1
                data = variation(picture("gray.jpg"), f"come and go {n}")
                photo, = json.loads(service.request(
                    "POST", "/upload", data).body)["photos"]
                token = photo["delete_token"]
                answer = service.request(
                    "DELETE", f"/photos/{photo['id']}", None,
                    {"Authorization": f"Bearer {token}"})
                if answer.status != 204:
                    failures.append(answer)

        thread = threading.Thread(target=come_and_go)
        with Load(service, clients=1, pause=0.02) as load:
            thread.start()
            try:
                load.wait_for(5)
                for i in range(6):
                    self.assertEqual(self.verify(*["--repair"] * (i % 2)), {})
            finally:
                going = False
                thread.join()
            load.wait_for(1)
        self.assertEqual(failures, [])
        self.assert_all_taken(load)
        self.assert_whole(load.answers)
        self.assertEqual(self.verify(), {})

    def test_repairing_beside_uploads(self):
        service = self.start()
        photos = self.fill(6)
        for photo in photos:
            shutil.rmtree(self.side("public", photo))
        with Load(service, clients=1, pause=0.02) as load:
            load.wait_for(2)
            found = self.repair()
            load.wait_for(2)
        self.assertEqual({key for key in found if key[0] != "usage"},
                         {("unpublished", photo) for photo in photos})
        self.assert_all_taken(load)
        self.assert_whole(load.answers)
        self.assert_in_order(service.stored())

    def test_killed_at_any_moment_and_run_again(self):
        service = self.start()
        photos = self.fill(4)
        moment = random.Random(4)
        for _ in range(6):
            for photo, part in zip(photos, ("*", "meta.json", "small*",
                                            "large.*.jpg"), strict=True):
                for path in self.side("public", photo).glob(part):
                    if part == "large.*.jpg":
                        spoil(path)
                    else:
                        path.unlink()
            run = subprocess.Popen(
                [THUMBCTL, "-c", service.settings_file, "verify", "--repair"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            time.sleep(moment.uniform(0.05, 1.5))
            run.kill()
            run.wait()
            for photo in photos[:3]:
                for path in self.side("public", photo).glob("*.jpg"):
                    opened(path.read_bytes())
        self.repair()
        self.assert_in_order(photos)
        for photo in photos:
            self.assertEqual(self.bytes_of(photo),
                             {"original.jpg": self.sent[photo]})

    def test_killed_while_it_takes_away(self):
        service = self.start()
        photos = self.fill(30, "gray.jpg")
        for photo in photos:
            next((self.side("photos", photo) / "claims").iterdir()).unlink()
        for wait in 0.02, 0.05, 0.1:
            run = subprocess.Popen(
                [THUMBCTL, "-c", service.settings_file, "verify", "--repair"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            time.sleep(wait)
            run.kill()
            run.wait()
        self.repair()
        self.assert_in_order([])
        self.assertEqual((service.stored(), service.stored("public")),
                         ([], []))

    def test_interrupted_it_says_so(self):
        self.start()
        self.fill(30, "gray.jpg")
        # On a busy machine it may be through before it is asked to end.
        for _ in range(10):
            run = subprocess.Popen(
                [THUMBCTL, "-c", self.service.settings_file, "verify"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True)
            wait_until("it has begun", lambda: children(run.pid)
                       or run.poll() is not None)
            run.send_signal(signal.SIGTERM)
            out, errors = run.communicate(timeout=60)
            if run.returncode != 0:
                break
        self.assertEqual(run.returncode, 1, out)
        self.assertIn("stopped; not all has been looked at", errors)
