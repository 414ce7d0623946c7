"""The processes under load, signals, crashes and want."""

import contextlib
import errno
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from PIL import Image

import case
from case import Load, NotHere, ServiceCase, at_once
from service import (Service, children, cpu_ticks, is_alive, picture,
                     variation, wait_until)


def slow_photo(mark, size=(8000, 7000)):
    """Few bytes, much work: a large PNG of one colour."""
    file = io.BytesIO()
    color = tuple(hash((mark, i)) % 256 for i in range(3))
    Image.new("RGB", size, color).save(file, "PNG", compress_level=1)
    return file.getvalue()


def much_to_do(side):
    """Presets with much to do in small steps: one that took a second would end
    by the watchdog, and so would a machine that stands still for as long."""
    return [{"name": f"p{i}", "width": side, "height": side + i,
             "enlarge": True} for i in range(16)]


class OwnService(case.OwnService):
    def assert_all_taken(self, load):
        self.assertEqual(load.failures, [])
        self.assertEqual(load.statuses(), [201])
        for answer in load.answers:
            self.assertEqual(json.loads(answer.body)["photos"][0]["status"],
                             "created")

    def assert_whole(self, answers):
        """Every photo that was taken is there with all its files."""
        for answer in answers:
            if answer.status in (200, 201):
                for photo in json.loads(answer.body)["photos"]:
                    self.assert_served(photo)
        self.assert_nothing_left()


class Together(OwnService):
    def test_the_same_new_photo_twenty_times_at_once(self):
        service = self.start(workers=4, limits={"queue_seconds": 120})
        data = picture("p3.jpg")
        answers = at_once(20, lambda i: service.upload((f"{i}.jpg", data)))
        statuses = sorted(json.loads(a.body)["photos"][0]["status"]
                          for a in answers)
        self.assertEqual(statuses, ["created"] + ["exists"] * 19)
        self.assertEqual(sorted(a.status for a in answers),
                         [200] * 19 + [201])
        ids = {json.loads(a.body)["photos"][0]["id"] for a in answers}
        self.assertEqual(service.stored(), sorted(ids))
        lines = wait_until("20 lines", lambda: (
            lines := service.photo_lines()) and len(lines) == 20 and lines)
        self.assertEqual(
            sum(line["status"] == "created" for line in lines), 1)
        self.assertLessEqual(service.decodes(), 4)
        self.assert_whole(answers)

    def test_a_hundred_uploads_with_two_workers(self):
        service = self.start(workers=2, limits={"queue_seconds": 120})
        photo = picture("orient-6.jpg")
        answers = at_once(100, lambda i: service.upload(
            (f"{i}.jpg", variation(photo, i))))
        self.assertEqual({getattr(a, "status", a) for a in answers}, {201})
        self.assertEqual(len(service.stored()), 100)
        self.assert_whole(answers)

    def test_a_burst_over_the_queue_is_refused_at_once(self):
        # So patient that only a full queue is a reason.
        service = self.start(workers=1, limits={
            "queue_length": 16, "queue_seconds": 120})
        photo = slow_photo("burst", (2500, 2000))

        def upload(i):
            begin = time.monotonic()
            # A PNG may be followed by anything.
            answer = service.upload((f"{i}.png", photo + b"%d" % i))
            return answer, time.monotonic() - begin

        results = at_once(120, upload)
        answers = [result[0] for result in results]
        refused = [(a, s) for a, s in results if a.status != 201]
        self.assertGreaterEqual(len(answers) - len(refused), 16)
        self.assertGreaterEqual(len(refused), 40)
        for answer, seconds in refused:
            self.assert_problem(answer, 503, "overloaded")
            self.assertLess(seconds, 5)
        self.assert_whole(answers)

    def test_what_waited_too_long_is_refused_unread(self):
        service = self.start(workers=1, limits={"queue_seconds": 1})
        photo = slow_photo("wait", (5000, 4000))
        answers = at_once(12, lambda i: service.upload(
            (f"{i}.png", photo + b"%d" % i)))
        taken = [a for a in answers if a.status == 201]
        late = [a for a in answers if a.status != 201]
        self.assertTrue(taken)
        self.assertTrue(late)
        for answer in late:
            self.assert_problem(answer, 503, "overloaded")
        self.assert_whole(answers)


class Signals(OwnService):
    def test_hang_up_under_load_fails_no_request(self):
        service = self.start(workers=2)
        with Load(service) as load:
            load.wait_for(5)
            for workers in 3, 1, 2:
                before = service.master.workers()
                service.write_settings(workers=workers)
                service.hang_up()
                load.wait_for(5)
                wait_until("the old workers are gone", lambda: not
                           set(before) & set(service.master.workers()))
                self.assertEqual(len(service.master.workers()), workers)
        self.assert_all_taken(load)
        self.assert_whole(load.answers)

    def test_hang_up_takes_new_presets(self):
        service = self.start()
        data = picture("rgb.png")
        before, = self.assert_taken(service.upload(("a.png", data)),
                                    201, "created")["photos"]
        service.write_settings(presets=[
            {"name": "tiny", "width": 40, "height": 40}])
        service.hang_up()
        old = children(service.nginx.process.pid)
        service.nginx.reload()
        # Until they have gone some requests come to them.
        wait_until("nginx knows the preset",
                   lambda: not any(map(is_alive, old)))
        answer = service.upload(("a.png", data))
        photo, = json.loads(answer.body)["photos"]
        self.assertEqual((answer.status, photo["id"]), (200, before["id"]))
        self.assertEqual([v["preset"] for v in photo["variants"]], ["tiny"])
        self.assert_served(photo)

    def test_wrong_settings_at_hang_up_keep_the_old(self):
        service = self.start()
        workers = service.master.workers()
        good = service.settings_file.read_text()
        service.settings_file.write_text(good + "wrokers = 3;\n")
        service.master.signal(signal.SIGHUP)
        wait_until("it says so", lambda: "old settings stay in force"
                   in service.words())
        self.assertRegex(service.words(), r"fcgi-thumb\.conf:\d+: wrokers")
        self.assertEqual(service.master.workers(), workers)
        self.assert_taken(service.upload(("a.png", picture("rgb.png"))),
                          201, "created")

    def test_hang_up_opens_the_log_anew(self):
        service = self.start()
        log = service.logs / "fcgi-thumb.log"
        log.rename(service.logs / "fcgi-thumb.log.1")
        service.hang_up()
        service.upload(("a.png", picture("rgb.png")))
        wait_until("a line in the new log", service.journal)
        self.assertTrue(service.is_ready())

    def test_another_master_takes_over_without_a_failed_request(self):
        service = self.start(workers=2)
        with Load(service) as load:
            for _ in range(3):
                load.wait_for(5)
                old = service.master
                new = service.start_master()
                wait_until("the new one serves", lambda: (
                    "ready:" in service.words() and
                    len(new.workers()) == 2 and
                    service.words().count("ready: ") ==
                    len(service.masters)))
                load.wait_for(5)
                self.assertEqual(old.stop(), 0)
                load.wait_for(5)
        self.assert_all_taken(load)
        self.assertTrue(service.is_ready())
        self.assert_whole(load.answers)

    def test_terminate_under_load_answers_every_request(self):
        service = self.start(workers=2)
        with Load(service, clients=12) as load:
            load.wait_for(20)
            self.assertEqual(service.master.stop(), 0)
            load.pause = 0.02
            load.wait_for(50)
        self.assertEqual(load.failures, [])
        self.assertEqual(load.statuses(), [201, 503])
        for answer in load.answers:
            if answer.status == 503:
                self.assert_problem(answer, 503, "overloaded")
        self.assertEqual(sorted(os.listdir(service.run)), [])
        self.assertEqual(list((service.data / "staging").iterdir()), [])
        self.assert_whole(load.answers)

    def test_thumbnails_are_served_when_the_pool_is_dead(self):
        service = self.start()
        photo, = self.assert_taken(
            service.upload(("a.jpg", picture("orient-6.jpg"))),
            201, "created")["photos"]
        pids = service.pids()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        service.master.wait()
        wait_until("all dead", lambda: not any(map(is_alive, pids)))
        self.assert_served(photo)
        self.assertEqual(service.get("/health/live").status, 200)
        self.assert_problem(service.upload(("b.png", picture("rgb.png"))),
                            503, "overloaded")
        self.assert_problem(service.get("/health/ready"), 503, "overloaded")
        with self.subTest("and a new master finds everything"):
            service.start_master()
            service.wait_ready()
            self.assert_taken(
                service.upload(("a.jpg", picture("orient-6.jpg"))),
                200, "exists")


class Crashes(OwnService):
    def upload_until_busy(self, name, data):
        """(thread, box for its answer, pid of the worker that has it). The
        worker stands still, so that it cannot get ready."""
        service = self.service
        before = {pid: cpu_ticks(pid) for pid in service.master.workers()}
        box = []
        thread = threading.Thread(
            target=lambda: box.append(service.upload((name, data))))
        thread.start()
        pid = wait_until("a worker is busy", lambda: next(
            (pid for pid, ticks in before.items()
             if cpu_ticks(pid) >= ticks + 5), None))
        os.kill(pid, signal.SIGSTOP)
        return thread, box, pid

    def test_killing_a_worker_costs_its_request_and_nothing_else(self):
        # Time enough for a job that is stopped for a while.
        service = self.start(workers=2, limits={"job_seconds": 100})
        data = slow_photo("kill")
        thread, box, pid = self.upload_until_busy("big.png", data)
        self.addCleanup(thread.join)
        with Load(service, clients=2) as load:
            load.wait_for(5)
            self.assertEqual(box, [], "it was ready before it was stopped")
            os.kill(pid, signal.SIGKILL)
            thread.join()
            load.wait_for(5)
        self.assert_problem(box[0], 502, "worker-lost")
        self.assert_all_taken(load)
        wait_until("two workers again",
                   lambda: len(service.master.workers()) == 2)
        self.assertIn("was killed by signal 9", service.words())
        self.assert_whole(load.answers)
        self.assert_taken(service.upload(("big.png", data)), 201, "created")

    def test_a_photo_over_its_time_is_refused(self):
        self.refuse_over_its_time("magick", 2000)

    def test_nor_may_planes_take_longer(self):
        self.refuse_over_its_time("auto", 8000)

    def refuse_over_its_time(self, engine, side):
        service = self.start(workers=1, limits={"job_seconds": 1},
                             presets=much_to_do(side), engine=engine)
        workers = service.master.workers()
        self.assert_problem(service.upload(("a.jpg", picture("orient-1.jpg"))),
                            422, "render-timeout")
        self.assertEqual(service.master.workers(), workers)
        self.assert_nothing_left()
        service.write_settings(presets=[
            {"name": "small", "width": 64, "height": 64}])
        service.hang_up()
        self.assert_taken(
            service.upload(("a.jpg", picture("orient-1.jpg"))),
            201, "created")

    def test_workers_are_replaced_after_their_jobs(self):
        service = self.start(workers=2, worker_jobs=5)
        first = service.master.workers()
        with Load(service) as load:
            load.wait_for(20)
            wait_until("none of the first is left", lambda: not
                       set(first) & set(service.master.workers()))
        self.assert_all_taken(load)

    def test_no_worker_outlives_a_killed_master(self):
        service = self.start(workers=2)
        pids = service.pids()
        os.kill(service.master.pid, signal.SIGKILL)
        service.master.wait()
        wait_until("all gone", lambda: not any(map(is_alive, pids)))


class Descriptors(OwnService):
    def test_a_worker_has_none_that_is_not_its_own(self):
        service = self.start(wrapper=[
            "sh", "-c", 'exec 9<"$0" && exec "$@"', __file__])
        os.kill(service.master.workers()[0], signal.SIGKILL)
        wait_until("two workers again",
                   lambda: len(service.master.workers()) == 2)
        for _ in range(2):
            # Whoever comes up or ends has others for a moment.
            wait_until("none but their own", lambda: not [
                path for pid in children(service.master.pid)
                for path in self.foreign(pid)], 20)
            service.hang_up()

    def foreign(self, pid):
        """Files that are neither the log nor below the store."""
        opened = []
        try:
            numbers = os.listdir(f"/proc/{pid}/fd")
        except (FileNotFoundError, PermissionError):
            return ["those of one that is about to be gone"]
        for n in numbers:
            with contextlib.suppress(FileNotFoundError):
                opened += [os.readlink(f"/proc/{pid}/fd/{n}")][int(n) < 3:]
        own = (str(self.service.data), f"/proc/{pid}/statm", "socket:",
               "anon_inode:", str(self.service.logs / "fcgi-thumb.log"))
        return [path for path in opened if not path.startswith(own)]


class UnderAPrefix(Crashes):
    """The main cases once more."""

    settings = {"prefix": "/media"}

    test_the_same_new_photo_twenty_times_at_once = (
        Together.test_the_same_new_photo_twenty_times_at_once)
    test_a_hundred_uploads_with_two_workers = (
        Together.test_a_hundred_uploads_with_two_workers)
    test_a_burst_over_the_queue_is_refused_at_once = (
        Together.test_a_burst_over_the_queue_is_refused_at_once)
    test_hang_up_under_load_fails_no_request = (
        Signals.test_hang_up_under_load_fails_no_request)
    test_hang_up_takes_new_presets = Signals.test_hang_up_takes_new_presets
    test_terminate_under_load_answers_every_request = (
        Signals.test_terminate_under_load_answers_every_request)
    test_thumbnails_are_served_when_the_pool_is_dead = (
        Signals.test_thumbnails_are_served_when_the_pool_is_dead)


class Started(OwnService):
    """By others, who open the sockets."""

    def check(self, opened):
        service = self.start(opened)
        with Load(service, clients=2) as load:
            load.wait_for(4)
            service.hang_up()
            load.wait_for(4)
        self.assert_all_taken(load)
        self.assertEqual(len(service.master.workers()), 2)
        self.assertEqual(len(service.master.workers("thumb-control")), 1)
        self.assertEqual(service.master.stop(), 0)

    def test_by_spawn_fcgi(self):
        self.check("spawn-fcgi")

    def test_by_systemd_socket_activation(self):
        self.check("systemd")

    def test_a_service_manager_is_told_how_it_goes(self):
        with tempfile.TemporaryDirectory() as directory, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(directory + "/notify")
            manager.settimeout(60)
            service = self.start(
                wrapper=["env", f"NOTIFY_SOCKET={directory}/notify",
                         "WATCHDOG_USEC=400000"],
                limits={"queue_seconds": 3, "request_seconds": 40})

            def hear(word):
                while word not in (text := manager.recv(1000).decode()):
                    self.assertIn(text, ("WATCHDOG=1", ready))
                return text

            ready = manager.recv(1000).decode()
            while ready == "WATCHDOG=1":
                ready = manager.recv(1000).decode()
            self.assertRegex(ready, r"\AREADY=1\nSTATUS=2 workers, a queue")
            hear("WATCHDOG=1")
            service.hang_up()
            self.assertEqual(hear("READY"), ready)
            service.master.signal(signal.SIGTERM)
            stops = re.fullmatch(
                r"STOPPING=1\nSTATUS=.*\nEXTEND_TIMEOUT_USEC=(\d+)",
                hear("STOPPING"))
            # The queue, a whole request, and what ends one that hangs.
            self.assertIn(int(stops[1]) // 1000000, range(43, 120))
            self.assertEqual(service.master.wait(), 0)


MOUNTED = ["unshare", "--user", "--map-root-user", "--mount"]


def on_tmpfs(directory, options):
    """A command line to put before another one, which sees a file system of
    its own in this directory."""
    probe = subprocess.run([*MOUNTED, "mount", "-t", "tmpfs", "none", "/mnt"],
                           capture_output=True, text=True)
    if probe.returncode != 0:
        raise NotHere("no private mount: " + probe.stderr.strip())
    return [*MOUNTED, "sh", "-c",
            f'mount -t tmpfs -o {options} none "$0" && exec "$@"', directory]


def seen_by(pid, path):
    """The path as this process sees it."""
    return pathlib.Path(f"/proc/{pid}/root{path}")


class Inodes:
    """All of a small file system but some, until the end of the `with`."""

    def __init__(self, directory, free):
        self.directory = directory / "taken"
        self.free = free

    def __enter__(self):
        self.directory.mkdir()
        n = 0
        try:
            for n in range(10000):
                (self.directory / str(n)).touch()
        except OSError as error:
            assert error.errno == errno.ENOSPC, error
        for i in range(self.free):
            (self.directory / str(n - 1 - i)).unlink()

    def __exit__(self, *_):
        shutil.rmtree(self.directory)


class Want(OwnService):
    """Of disk: the store, or what nginx keeps bodies in, lies on a small tmpfs
    that only they see."""

    def start_small(self, options="size=2m"):
        service = Service(limits={"free": "0"})
        service.data.mkdir()
        service.wrapper = on_tmpfs(service.data, options)
        self.service = service.start()
        self.addCleanup(service.stop)
        # The store as the service sees it.
        outside = service.data
        service.data = seen_by(service.master.pid, outside)
        self.addCleanup(setattr, service, "data", outside)
        return service

    def start_small_bodies(self, options):
        """Where nginx keeps bodies as it sees it, too."""
        service = self.service = Service()
        body = service.nginx.directory / "body"
        body.mkdir(parents=True)
        service.nginx.wrapper = on_tmpfs(body, options)
        service.start()
        self.addCleanup(service.stop)
        return service, seen_by(service.nginx.process.pid, body)

    def test_a_full_disk_is_507_and_shows_nothing(self):
        service = self.start_small()
        photo = picture("p3.jpg")
        room = service.data / "room"
        seen = set()
        for free in (0, 8, 100, 400, 420, 450, 500, 600, 700, 800, 1500):
            self.fill(room, free * 1024)
            answer = service.upload(("a.jpg", variation(photo, free)))
            room.unlink()
            seen.add(answer.status)
            if answer.status == 201:
                continue
            self.assert_problem(answer, 507, "storage-full")
            self.assert_nothing_left()
            self.assertEqual(len(service.stored()), 0, free)
        self.assertEqual(seen, {201, 507})
        self.assertTrue(service.is_ready())

    def test_without_inodes_it_is_507_and_shows_nothing(self):
        # The 2048 directories are made at start.
        service = self.start_small("size=64m,nr_inodes=2600")
        photo = picture("gray.jpg")
        seen, stored = set(), 0
        for free in range(30):
            with Inodes(service.data, free):
                answer = service.upload(("a.jpg", variation(photo, free)))
                seen.add(answer.status)
                if answer.status == 201:
                    stored += 1
                    self.assert_on_disk(answer)
                else:
                    self.assert_problem(answer, 507, "storage-full")
                self.assert_nothing_left()
                self.assertEqual(len(service.stored()), stored, free)
        self.assertEqual(seen, {201, 507})
        with Inodes(service.data, 0):
            wait_until("it says so", lambda: not service.is_ready(), 10)
        wait_until("it does again", service.is_ready)
        self.assertEqual(service.upload(("b.jpg", photo)).status, 201)

    def assert_on_disk(self, answer):
        """nginx does not see the store: all files of a taken photo are there
        and whole."""
        photo, = json.loads(answer.body)["photos"]
        public = (self.service.data / "public" / photo["id"][:2]
                  / photo["id"])
        for variant in photo["variants"]:
            name = variant["url"].rpartition("/")[2].partition("?")[0]
            data = (public / name).read_bytes()
            self.assertEqual(len(data), variant["bytes"])
            Image.open(io.BytesIO(data)).load()

    def check_bodies(self, service, full):
        """Refused, and nobody but those that send one notices."""
        # Beyond what nginx keeps in memory.
        body = picture("photo-12mp.jpg")
        with full:
            answer = service.upload(("a.jpg", body))
            self.assert_problem(answer, 507, "storage-full")
            self.assertTrue(service.is_ready())
        self.assertEqual(service.stored(), [])
        self.assert_nothing_left()
        self.assertEqual(service.upload(("a.jpg", body)).status, 201)

    def test_no_inode_for_a_body_is_507(self):
        service, body = self.start_small_bodies("size=64m,nr_inodes=20")
        self.check_bodies(service, Inodes(body, 0))

    def test_no_room_for_a_body_is_507(self):
        service, body = self.start_small_bodies("size=8m")
        room = body / "room"

        @contextlib.contextmanager
        def full():
            self.fill(room, 64 * 1024)
            yield
            room.unlink()

        self.check_bodies(service, full())

    def fill(self, path, free):
        """Take all the room of the file system but so many bytes."""
        room = os.statvfs(path.parent)
        with open(path, "wb") as file:
            file.write(bytes(max(0, room.f_bavail * room.f_bsize - free)))
