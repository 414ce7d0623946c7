"""Photos that workers die of, and those that are not to blame."""

import os
import signal
import subprocess
import threading
import time

from case import ServiceCase
from nginx import THUMBCTL
from service import is_alive, picture, stat_fields, variation, wait_until
from shim import ShimmedService


class Poison(ServiceCase):
    @classmethod
    def setUpClass(cls):
        cls.service = ShimmedService(workers=1, limits={"job_seconds": 1})
        cls.service.start()
        cls.addClassCleanup(cls.service.stop)

    def quarantine(self, *arguments, status=0):
        done = self.service.thumbctl("quarantine", *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def upload(self, order=None):
        """This test's photo; the worker follows the order."""
        if order:
            self.service.order(order)
        return self.service.upload(("a.jpg", variation(
            picture("gray.jpg"), self.id())))

    def die_twice(self, order):
        for _ in range(2):
            before = self.service.words().count("\n")
            self.assert_problem(self.upload(order), 502, "worker-lost")
            wait_until("its death is told", lambda: "photo worker" in "".join(
                self.service.words().splitlines(True)[before:]))
        # Whoever tells it has written it down before the next one starts.
        wait_until("there is another worker", self.service.master.workers)

    def assert_poison(self, why):
        self.assert_problem(self.upload(), 422, "poison")
        line, = [line for line in self.quarantine("list").splitlines()
                 if line.split("\t")[2] == "poison"]
        photo, strikes = line.split("\t")[:2]
        self.assertEqual(strikes, "2")
        shown = self.quarantine("show", photo).splitlines()
        self.assertEqual(shown[0], photo)
        for row in shown[1:]:
            self.assertRegex(row, r"^[0-9-]{10}T[0-9:]{8}Z\t" + why)
        self.assertEqual(self.service.stored(), [])
        self.assertEqual(self.quarantine("release", photo),
                         f"released\t{photo}\n")
        self.assertEqual(self.quarantine("list"), "")
        self.assert_taken_and_gone()

    def assert_taken_and_gone(self):
        photo, = self.assert_taken(self.upload(), 201, "created")["photos"]
        self.service.thumbctl("delete", photo["id"])

    def test_a_crash_in_the_decoder(self):
        for number in 6, 11:
            with self.subTest(signal=number):
                self.die_twice(f"die {number}")
                self.assert_poison(f"signal {number} in decode$")

    def test_once_is_not_enough(self):
        self.assert_problem(self.upload("die 11"), 502, "worker-lost")
        line = wait_until("it is written down",
                          lambda: self.quarantine("list"))
        photo = line.split("\t")[0]
        self.assertIn("\t1\ttried again\t", line)
        self.assert_taken_and_gone()
        self.quarantine("release", photo)

    def test_a_decoder_without_an_end(self):
        self.die_twice("hang 1")
        self.assert_poison("out of time in decode$")

    def test_a_kill_from_outside_is_not_the_photo_s_doing(self):
        self.die_twice("die 9")
        self.assertEqual(self.quarantine("list"), "")
        self.assert_taken_and_gone()

    def test_a_worker_that_was_stopped_is_not_either(self):
        self.die_twice("die 19")
        self.assertEqual(self.quarantine("list"), "")
        self.assert_taken_and_gone()

    def test_nor_one_that_goes_on_when_its_time_is_over(self):
        """As when a whole machine has stood still."""
        service = self.service
        for _ in range(2):
            worker, = service.master.workers()
            service.order("die 19")
            client = threading.Thread(target=self.upload)
            client.start()
            wait_until("the worker stands still",
                       lambda: stat_fields(worker)[0] == "T")
            service.master.signal(signal.SIGSTOP)
            time.sleep(2.5)
            os.kill(worker, signal.SIGCONT)
            wait_until("its watchdog ends it", lambda: not is_alive(worker))
            service.master.signal(signal.SIGCONT)
            client.join()
            wait_until("there is another worker", service.master.workers)
        self.assertIn("(its watchdog) in phase decode", service.words())
        self.assertEqual(self.quarantine("list"), "")
        self.assert_taken_and_gone()

    def test_a_disk_that_fails_is_not_either(self):
        self.die_twice("die 7")
        self.assertEqual(self.quarantine("list"), "")
        self.assertEqual(self.service.words().count(
            "signal 7 says that a disk could not be read: not held against"),
            2)
        self.assert_taken_and_gone()

    def test_a_renderer_of_the_operator(self):
        """Dies of it as a worker does, and is not killed from outside."""
        photo = picture("gray.jpg")  # all of which the decoder gets
        answer = self.service.upload(("a.jpg", photo))
        photo_id = self.assert_taken(answer, 201, "created")["photos"][0]["id"]
        for orders, strikes in (("die 9", "die 15", "die 7"), 0), \
                               (("die 11", "die 6"), 2):
            for order in orders:
                with self.subTest(order):
                    self.assertIn("worker-lost", self.render(photo, order))
            found = self.quarantine("list").splitlines()
            self.assertEqual([line.split("\t")[:3] for line in found],
                             [[photo_id, "2", "poison"]] if strikes else [])
        self.assertIn("\tsignal 6 in decode\n",
                      self.quarantine("show", photo_id))
        # Nobody decodes it any more.
        self.assertIn("poison", self.render(photo, "die 11"))
        self.quarantine("release", photo_id)
        self.service.thumbctl("delete", photo_id)

    def render(self, photo, order):
        """With a preset that is new; what thumbctl says."""
        settings = self.service.settings_file.with_suffix(".new")
        settings.write_text(self.service.settings_file.read_text() + (
            'presets = ( { name = "new"; width = 50; height = 50; } );\n'))
        self.service.order(order)
        done = subprocess.run(
            [*self.service.wrapper, f"FT_RENDERED={len(photo)}", THUMBCTL,
             "-c", settings, "regenerate"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stdout

    def test_what_is_not_in_quarantine(self):
        self.quarantine("release", "a" * 26, status=1)
        self.quarantine("show", "a" * 26, status=1)
        self.quarantine("release", "../../etc/passwd", status=64)
        self.quarantine(status=64)
