"""What a photo worker cannot do, tried from inside one that serves."""

import json
import re

from case import ServiceCase
from service import picture, variation, wait_until
from shim import ShimmedService

ALL = "limits, privileges, files, system calls"
CALLS = ("socket", "exec", "fork", "ptrace", "namespace", "code")
PATHS = ("read", "settings", "write")


class Shimmed(ServiceCase):
    @classmethod
    def setUpClass(cls):
        cls.service = ShimmedService(workers=1, **cls.settings).start()
        cls.addClassCleanup(cls.service.stop)
        cls.serial = 0

    def upload(self, name):
        """A new photo while the worker does what it must not."""
        type(self).serial += 1
        self.service.order(f"call {name}")
        return self.service.upload(
            ("a.jpg", variation(picture("gray.jpg"), self.serial)))


class InForce(Shimmed):
    settings = {"sandbox": "strict"}

    def assert_refused(self, answer, name):
        """Nothing came of it, and the service goes on."""
        self.assertGreaterEqual(answer.status, 500, name)
        self.assertEqual(self.service.stored(), self.before, name)
        self.assert_taken(self.service.upload(
            ("b.jpg", variation(picture("gray.jpg"), name))), 201, "created")
        wait_until("nothing is left", lambda: not self.service.leftovers())

    def setUp(self):
        self.before = self.service.stored()

    def test_the_log_says_what_is_in_force(self):
        self.assertRegex(self.service.words(),
                         rf"ready: 1 workers, .*, sandbox: {ALL}\n")

    def test_every_worker_is_in_it(self):
        for pid in self.service.pids():
            with open(f"/proc/{pid}/status") as file:
                status = dict(re.findall(r"(\w+):\s+(\S+)", file.read()))
            inside = pid != self.service.master.pid
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]),
                             ("1", "2") if inside else ("0", "0"))
            with open(f"/proc/{pid}/limits") as file:
                limits = file.read()
            self.assertEqual(
                re.search(r"Max address space +(\S+)", limits)[1].isdigit(),
                inside)

    def test_a_forbidden_call_kills_and_is_counted(self):
        for number, name in enumerate(CALLS, 1):
            with self.subTest(name):
                self.before = self.service.stored()
                answer = self.upload(name)
                self.assertEqual(json.loads(answer.body)["code"],
                                 "worker-lost")
                wait_until("it is counted", lambda: re.search(
                    r"made a system call that its sandbox forbids and was "
                    rf"killed, number {number} with these settings, in phase "
                    r"publish, photo [a-z2-7]{26}\n", self.service.words()))
                self.assert_refused(answer, name)

    def test_no_path_leads_out_of_the_store(self):
        for name in PATHS:
            with self.subTest(name):
                self.before = self.service.stored()
                self.assert_refused(self.upload(name), name)
                self.assertIn("Permission denied", json.dumps(
                    self.service.journal()[-2]))
        self.assertFalse(self.service.elsewhere.exists())


class Off(Shimmed):
    """That the same acts succeed where nothing forbids them."""

    settings = {"sandbox": "off"}

    def test_nothing_is_in_the_way(self):
        self.assertIn("sandbox: none\n", self.service.words())
        for name in ("socket", "fork", "code", *PATHS):
            with self.subTest(name):
                self.assertEqual(self.upload(name).status, 201)
        self.assertTrue(self.service.elsewhere.exists())
