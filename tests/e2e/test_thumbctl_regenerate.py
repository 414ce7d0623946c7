"""thumbctl regenerate: the store brought to the present settings, while the
service runs, and when it is cut off half-way."""

import json
import os
import pty
import signal
import subprocess
import threading
import time

import fastcgi
from case import Load
from nginx import THUMBCTL
from service import children, picture, stat_fields, variation, wait_until
from test_processes import OwnService

LARGE = {"name": "large", "width": 400, "height": 400,
         "formats": ["jpeg", "webp"]}
SQUARE = {"name": "square", "width": 80, "height": 80, "fit": "cover"}
TINY = {"name": "tiny", "width": 20, "height": 20}


def changed(preset, quality=60):
    return {**preset, "quality": quality}


class Regenerate(OwnService):
    settings = {"presets": [LARGE, SQUARE],
                "limits": {"queue_seconds": 120}}

    def fill(self, n, name="orient-6.jpg"):
        """Photos by id, each of its own bytes."""
        photo = picture(name)
        photos = {}
        for i in range(n):
            answer = self.service.upload(("a.jpg", variation(photo, i)))
            one, = self.assert_taken(answer, 201, "created")["photos"]
            photos[one["id"]] = one
        return photos

    def ask_for(self, photo_id, preset, ext):
        """The first request of a thumbnail, as nginx passes it on."""
        status, _ = fastcgi.request(self.service.run / "photo.sock", {
            "REQUEST_METHOD": "GET", "THUMB_ID": photo_id,
            "THUMB_PRESET": preset, "THUMB_EXT": ext,
            "THUMB_URI": f"/t/{photo_id}/{preset}.{ext}"}, b"")
        self.assertEqual(status, 200)

    def use(self, **settings):
        """Both sides have these settings from now on."""
        self.service.write_settings(**settings)
        self.service.hang_up()
        nginx = self.service.nginx
        before = set(children(nginx.process.pid))
        nginx.reload()
        wait_until("nginx has other workers", lambda:
                   not before & set(children(nginx.process.pid)))

    def use_slow(self, **settings):
        """The same; and a photo takes as long as it takes somebody to come
        between it and the next one."""
        self.use(engine="magick", **settings)

    def regenerate(self, *arguments, status=0):
        """(made, right, failed) and what else it said."""
        done = self.service.thumbctl("regenerate", *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.errors = done.stderr
        return self.counts(done.stdout)

    def counts(self, text):
        words = [line.split("\t") for line in text.splitlines()]
        self.assertEqual([line[0] for line in words[:3]],
                         ["made", "right", "failed"])
        self.failed = {line[1]: line[2] for line in words[3:]}
        return tuple(int(line[1]) for line in words[:3])

    def begin(self):
        """One in the background."""
        run = subprocess.Popen(
            [THUMBCTL, "-c", self.service.settings_file, "regenerate"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.communicate)
        self.addCleanup(run.kill)
        return run

    def meta(self, photo_id):
        path, = self.service.data.glob(f"public/*/{photo_id}/meta.json")
        return json.loads(path.read_text())

    def files(self, photo_id):
        """(preset, type, recipe) of what meta.json tells, all served."""
        meta = self.meta(photo_id)
        self.assert_served(meta)
        return {(v["preset"], v["type"].partition("/")[2],
                 v["url"].rpartition("=")[2]) for v in meta["variants"]}

    def recipes(self):
        """By preset, of the settings as they are now."""
        done = subprocess.run(
            [THUMBCTL.parent / "fcgi-thumb", "-T", "-c",
             self.service.settings_file], capture_output=True, text=True,
            check=True)
        lines = done.stdout.splitlines()
        found = [line.rpartition(" ")[2] for line in lines
                 if "# recipe" in line]
        names = [preset["name"] for preset in self.service.settings["presets"]]
        return dict(zip(names, found, strict=True))

    def assert_present(self, photo_id, *more):
        """The first of each preset, and more, all of the present recipe."""
        recipes = self.recipes()
        self.assertEqual(
            self.files(photo_id),
            {(preset, "jpeg", recipe) for preset, recipe in recipes.items()} |
            {(preset, kind, recipes[preset]) for preset, kind in more})

    def count_present(self, photos):
        recipes = set(self.recipes().values())
        return sum({v["url"].rpartition("=")[2]
                    for v in self.meta(photo)["variants"]} <= recipes
                   for photo in photos)

    def test_a_change_of_presets_is_brought_to_every_photo(self):
        self.start()
        photos = list(self.fill(4))
        self.ask_for(photos[0], "large", "webp")
        self.assert_present(photos[0], ("large", "webp"))
        self.assertEqual(self.regenerate(), (0, 4, 0))
        self.use(presets=[changed(LARGE), SQUARE, TINY])
        self.assertEqual(self.regenerate(), (4, 0, 0))
        self.assert_present(photos[0], ("large", "webp"))
        for photo in photos[1:]:
            self.assert_present(photo)
        self.assertEqual(self.regenerate(), (0, 4, 0))
        self.assert_nothing_left()
        self.assertEqual(self.errors, "")

    def test_only_what_is_missing(self):
        self.start()
        photo, = self.fill(1)
        old = self.files(photo)
        self.use(presets=[changed(LARGE), SQUARE, TINY])
        self.assertEqual(self.regenerate("--missing"), (1, 0, 0))
        self.assertEqual(
            self.files(photo),
            old | {("tiny", "jpeg", self.recipes()["tiny"])})
        self.assertEqual(self.regenerate("--missing"), (0, 1, 0))

    def test_only_one_preset(self):
        self.start()
        photo, = self.fill(1)
        old = {file[0]: file for file in self.files(photo)}
        self.use(presets=[changed(LARGE), changed(SQUARE), TINY])
        self.assertEqual(self.regenerate("--preset", "square"), (1, 0, 0))
        self.assertEqual(self.files(photo), {
            old["large"], ("square", "jpeg", self.recipes()["square"])})
        self.assertEqual(
            self.regenerate("--preset", "large", "--missing"), (0, 1, 0))
        self.assertEqual(
            self.regenerate("--preset", "tiny", "--missing"), (1, 0, 0))
        done = self.service.thumbctl("regenerate", "--preset", "huge")
        self.assertEqual(done.returncode, 64)
        self.assertIn('no preset "huge"', done.stderr)

    def test_other_addresses_are_written_down(self):
        self.start()
        photo, = self.fill(1)
        self.use(public_url="https://img.example.org")
        self.assertEqual(self.regenerate(), (0, 1, 0))
        self.assertTrue(self.meta(photo)["variants"][0]["url"].startswith(
            "https://img.example.org/t/"))

    def test_while_uploads_go_on(self):
        service = self.start()
        self.fill(6)
        self.use(presets=[changed(LARGE), SQUARE, TINY])
        with Load(service, clients=2, pause=0.05) as load:
            load.wait_for(5)
            made, _, failed = self.regenerate()
            load.wait_for(5)
        self.assert_all_taken(load)
        self.assertEqual((made, failed), (6, 0))
        self.assert_whole(load.answers)
        for photo in service.stored():
            self.assert_present(photo)

    def test_killed_half_way_and_run_again(self):
        service = self.start()
        photos = self.fill(6, "photo-12mp.jpg")
        self.use_slow(presets=[changed(LARGE), SQUARE])
        run = self.begin()
        wait_until("some are made", lambda: self.count_present(photos) >= 2)
        worker, = children(run.pid)
        # At the lowest priority.
        self.assertEqual(stat_fields(worker)[16], "19")
        run.kill()
        run.wait()
        wait_until("its renderer has followed it", lambda:
                   (stat_fields(worker) or "Z")[0] in "ZX")
        done = self.count_present(photos)
        self.assertLess(done, 6)
        for photo in photos:
            self.files(photo)
        # Whatever place it had noted.
        made, right, failed = self.regenerate("--from-start")
        self.assertEqual((made + right, failed), (6, 0))
        self.assertGreaterEqual(right, done)
        for photo in photos:
            self.assert_present(photo)
        self.assert_nothing_left()
        # One of each worker's own, that for control requests among them.
        self.assertEqual(len(list((service.data / "staging").iterdir())),
                         service.settings["workers"] + 1)

    def test_interrupted_it_ends_between_two_photos(self):
        for signo in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signo):
                self.start()
                photos = self.fill(5, "photo-12mp.jpg")
                self.use_slow(presets=[changed(LARGE), SQUARE])
                run = self.begin()
                wait_until("one is made",
                           lambda: self.count_present(photos) >= 1)
                run.send_signal(signo)
                out, errors = run.communicate(timeout=60)
                self.assertEqual(run.returncode, 1)
                self.assertIn("stopped; what is done is done", errors)
                made, right, failed = self.counts(out)
                self.assertEqual((made, right, failed),
                                 (self.count_present(photos), 0, 0))
                self.assertLess(made, 5)
                # The next one goes on there, and counts all of it.
                self.assertEqual(self.regenerate(), (5, 0, 0))
                self.assertIn("going on behind ", self.errors)
                self.assertEqual(self.regenerate(), (0, 5, 0))
                self.assertEqual(self.errors, "")

    def test_a_photo_that_fails_costs_itself_alone(self):
        service = self.start()
        photos = list(self.fill(3))
        path, = service.data.glob(f"photos/*/{photos[1]}/original.jpg")
        path.write_bytes(path.read_bytes()[:2000])
        self.use(presets=[changed(LARGE), SQUARE])
        self.assertEqual(self.regenerate(status=1), (2, 0, 1))
        self.assertEqual(self.failed, {photos[1]: "corrupt-image"})
        self.assertIn(f"thumbctl: {photos[1]}: corrupt-image: ", self.errors)
        self.assert_present(photos[0])
        self.assert_present(photos[2])

    def test_a_renderer_that_dies_costs_its_photo_alone(self):
        self.start()
        photos = self.fill(4, "photo-12mp.jpg")
        self.use_slow(presets=[changed(LARGE), SQUARE])
        run = self.begin()
        wait_until("one is made", lambda: self.count_present(photos) >= 1)
        worker, = children(run.pid)
        os.kill(worker, signal.SIGKILL)
        out, errors = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 1, errors)
        self.assertEqual(self.counts(out), (3, 0, 1))
        (photo, code), = self.failed.items()
        self.assertEqual(code, "worker-lost")
        self.assertIn("died by signal 9", errors)
        # It may have died between the last file and the word that it is done.
        made, right, failed = self.regenerate()
        self.assertEqual((made + right, failed), (4, 0))
        self.assertLessEqual(made, 1)
        self.assert_present(photo)

    def test_what_is_deleted_meanwhile_stays_away(self):
        service = self.start()
        photos = list(self.fill(6, "photo-12mp.jpg"))
        self.use_slow(presets=[changed(LARGE), SQUARE])
        run = self.begin()
        # Walked through in the order of their names.
        order = sorted(photos, key=lambda name: [
            "234567abcdefghijklmnopqrstuvwxyz".index(c) for c in name])
        wait_until("it has begun", lambda: children(run.pid))
        for photo in order:
            done = service.thumbctl("delete", photo)
            self.assertEqual(done.returncode, 0, done.stderr)
            time.sleep(0.2)
        _, errors = run.communicate(timeout=120)
        self.assertEqual((run.returncode, errors), (0, ""))
        self.assertEqual((service.stored(), service.stored("public")),
                         ([], []))
        self.assert_nothing_left()

    def test_two_at_once_do_no_harm(self):
        self.start()
        photos = self.fill(5)
        self.use(presets=[changed(LARGE), SQUARE])
        results = []
        threads = [threading.Thread(target=lambda: results.append(
            self.service.thumbctl("regenerate"))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for done in results:
            self.assertEqual(done.returncode, 0, done.stderr)
        made = [self.counts(done.stdout)[0] for done in results]
        self.assertEqual(sum(made), 5)
        for photo in photos:
            self.assert_present(photo)

    def test_a_full_disk_ends_it(self):
        self.start()
        photos = list(self.fill(2))
        self.use(presets=[changed(LARGE), SQUARE])
        # In the file alone: the service is not asked.
        self.service.write_settings(limits={"free": "1000000G"})
        self.assertEqual(self.regenerate(status=1), (0, 0, 0))
        self.assertIn("it cannot go on: storage-full", self.errors)
        self.assertEqual(self.count_present(photos), 0)

    def test_a_terminal_gets_a_bar(self):
        self.start()
        self.fill(3)
        self.use(presets=[changed(LARGE), SQUARE])
        master, terminal = pty.openpty()
        try:
            run = subprocess.run(
                [THUMBCTL, "-c", self.service.settings_file, "regenerate"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=terminal, text=True)
            shown = os.read(master, 65536).decode()
        finally:
            os.close(terminal)
            os.close(master)
        self.assertEqual(self.counts(run.stdout), (3, 0, 0))
        self.assertTrue(shown.startswith("\r[" + 30 * " " + "]   0 %  0/3"))
        self.assertRegex(shown, r"\[#{30}\] +100 %  3/3  [\d.]+ a second, "
                         r"0:00:00 left")
        self.assertTrue(shown.endswith("\r\x1b[K"))
