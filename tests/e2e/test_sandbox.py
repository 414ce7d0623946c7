"""What a photo worker cannot do, tried from inside one that serves."""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys

import nginx
from case import ServiceCase
from service import Service, picture, variation, wait_until
from shim import ShimmedService

HERE = pathlib.Path(__file__).resolve().parent
ALL = "limits, privileges, files, system calls"
CALLS = ("socket", "unix", "exec", "fork", "clone", "namespace", "ptrace",
         "peek", "signal", "setuid", "code", "memory", "mount", "chmod",
         "touch")
PATHS = ("read", "settings", "process", "write", "link")
# Those that need no right that a test may not have.
HARMLESS = ("socket", "unix", "fork", "signal", "setuid", "code", "memory",
            "chmod", "touch", *PATHS)


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
        self.assertRegex(self.service.words(), "ready: 1 workers, .*, "
                         rf"planes: (on|off|not built), sandbox: {ALL}\n")

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
                    r"publish, photo [a-z2-7]{26}, request "
                    rf"{answer.headers['X-Request-Id']}\n",
                    self.service.words()))
                self.assert_refused(answer, name)

    def test_no_path_leads_out_of_the_store(self):
        for name in PATHS:
            with self.subTest(name):
                self.before = self.service.stored()
                self.assert_refused(self.upload(name), name)
                self.assertRegex(
                    json.dumps(self.service.journal()[-2]),
                    "Permission denied|Invalid cross-device link")
        self.assertFalse(self.service.elsewhere.exists())


class Off(Shimmed):
    """That the same acts succeed where nothing forbids them."""

    settings = {"sandbox": "off"}

    def test_nothing_is_in_the_way(self):
        self.assertIn("sandbox: none\n", self.service.words())
        for name in HARMLESS:
            with self.subTest(name):
                self.assertEqual(self.upload(name).status, 201)
        self.assertTrue(self.service.elsewhere.exists())


class WithoutLandlock(ServiceCase):
    """On a kernel that lacks one layer."""

    WRAPPER = sys.executable, HERE / "without_landlock.py"
    REASON = "files: Operation not supported"

    def setUp(self):
        self.service = Service(wrapper=self.WRAPPER, workers=2)
        self.addCleanup(self.service.stop)

    def doctor(self):
        done = subprocess.run(
            [*self.WRAPPER, nginx.THUMBCTL, "-c", self.service.settings_file,
             "doctor"], capture_output=True, text=True)
        return done.stdout

    def test_the_best_is_told_from_all_and_why(self):
        self.service.start()
        words = self.service.words()
        self.assertRegex(words, r"sandbox: limits, privileges(, system calls)?"
                                r"\nfcgi-thumb: note: a part of the sandbox "
                                rf"cannot be put up: {self.REASON}\n")
        self.assertEqual(words.count(self.REASON), 1)
        self.assertRegex(self.doctor(), rf"note  sandbox: limits.*: "
                                        rf"{self.REASON} -- ")

    def test_strict_says_why_it_does_not_start(self):
        self.service.write_settings(sandbox="strict")
        self.assertRegex(self.doctor(), rf"FAULT sandbox: limits.*: "
                                        rf"{self.REASON} -- ")
        master = self.service.start_master()
        self.assertEqual(master.wait(), 1)
        self.assertIn('sandbox = "strict", and it cannot be put up: '
                      + self.REASON, self.service.words())


class Limits(ServiceCase):
    """Those of the processes, where they meet a service that runs for long."""

    MI = 1 << 20

    @classmethod
    def setUpClass(cls):
        cls.service = Service(workers=1)
        cls.log = cls.service.logs / "fcgi-thumb.log"
        cls.log.touch()
        cls.grow(1500 * cls.MI)
        # Nobody is to read so much of it.
        cls.addClassCleanup(cls.service.stop)
        cls.addClassCleanup(os.truncate, cls.log, 0)
        cls.service.start()
        cls.serial = 0

    @classmethod
    def grow(cls, more):
        """The log, without a byte on the disk."""
        os.truncate(cls.log, cls.log.stat().st_size + more)

    def worker(self, name):
        """Its pid, once there is one."""
        return wait_until("it is there",
                          lambda: self.service.master.workers(name))[0]

    def assert_logged(self):
        """A photo is taken, and its line is the log's last."""
        type(self).serial += 1
        answer = self.service.upload(
            ("a.jpg", variation(picture("gray.jpg"), self.serial)))
        document = self.assert_taken(answer, 201, "created")

        def last():
            with open(self.log, "rb") as file:
                file.seek(-65536, os.SEEK_END)
                return file.read().splitlines()[-1].lstrip(b"\0")

        wait_until("it is in the log", lambda: (
            document["photos"][0]["id"].encode() in last()), 5)

    def test_a_log_of_any_size_is_written_on(self):
        self.assert_logged()
        self.assertTrue(self.service.is_ready())
        # More than each process may write to: they make room in time.
        for _ in range(3):
            # What still starts would count from the log as it is after growing.
            self.assert_logged()
            self.assertEqual(self.service.get("/metrics").status, 200)
            before = self.worker("thumb-photo"), self.worker("thumb-control")
            self.grow(600 * self.MI)
            self.assert_logged()
            self.assertTrue(self.service.is_ready())
            wait_until("others have come", lambda: not set(before) & set(
                self.service.pids()))
            self.service.wait_ready()
        self.assert_logged()

    def test_what_is_never_replaced_has_no_end_of_its_time(self):
        for name, pattern in (("thumb-photo", r"[0-9]+"),
                              ("thumb-control", "unlimited")):
            with open(f"/proc/{self.worker(name)}/limits") as file:
                self.assertRegex(file.read(),
                                 rf"Max cpu time +{pattern} +{pattern} ")


class Fetching(ServiceCase):
    """That nothing asks another server, although nothing forbids it."""

    settings = {"sandbox": "off"}

    def test_no_address_in_an_upload_is_asked(self):
        with socket.create_server(("127.0.0.1", 0)) as canary:
            canary.setblocking(False)
            url = f"http://127.0.0.1:{canary.getsockname()[1]}/x.png"
            for name, text in (
                    ("x.svg", '<svg xmlns="http://www.w3.org/2000/svg" '
                     'xmlns:xlink="http://www.w3.org/1999/xlink"><image '
                     f'width="9" height="9" xlink:href="{url}"/></svg>'),
                    ("x.svg", '<?xml version="1.0"?><!DOCTYPE svg SYSTEM '
                     f'"{url}"><svg/>'),
                    ("x.mvg", "push graphic-context\nviewbox 0 0 9 9\n"
                     f"image over 0,0 9,9 '{url}'\npop graphic-context\n"),
                    ("x.msl", '<?xml version="1.0"?><image><read '
                     f'filename="{url}"/></image>'),
                    ("x.html", f'<img src="{url}">'),
                    ("x.ps", f"%!PS\n({url}) (r) file\n"),
                    ("x.m3u8", f"#EXTM3U\n#EXTINF:1,\n{url}\n"),
                    ("x.url", f"[InternetShortcut]\nURL={url}\n"),
                    ("x.txt", url), (url, "x"), (f"url:{url}", "x")):
                answer = self.service.upload((name, text.encode()))
                self.assert_problem(answer, 415, "unsupported-format")
            photo = picture("gray.jpg")
            xmp = (b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='"
                   + url.encode() + b"'/>")
            linked = (photo[:2] + b"\xff\xe1"
                      + (len(xmp) + 2).to_bytes(2, "big") + xmp + photo[2:])
            answer = self.service.upload((url, linked), headers={
                "Referer": url, "Origin": url, "X-Forwarded-Host": url})
            self.assert_taken(answer, 201, "created")
            body = (f'--b\r\nContent-Disposition: form-data; name="url"\r\n'
                    f"\r\n{url}\r\n--b\r\nContent-Disposition: form-data; "
                    'name="photo"; filename="x.png"\r\nContent-Type: message/'
                    f'external-body; access-type=URL; URL="{url}"\r\n\r\n'
                    f"{url}\r\n--b--\r\n").encode()
            for content_type, data, status in (
                    ("multipart/form-data; boundary=b", body, 415),
                    ("application/json", b'{"url":"%s"}' % url.encode(), 415),
                    ("application/x-www-form-urlencoded",
                     b"url=" + url.encode(), 400),
                    ("message/external-body", url.encode(), 415)):
                answer = self.service.request(
                    "POST", "/upload?url=" + url, data,
                    {"Content-Type": content_type})
                self.assertEqual(answer.status, status, answer.body)
            with self.assertRaises(BlockingIOError):
                canary.accept()
