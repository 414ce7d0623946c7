"""thumbctl doctor: what is wrong is said, and what is right."""

import os
import pathlib

from case import ServiceCase
from nginx import TEMPLATES


class Doctor(ServiceCase):
    def setUp(self):
        self.settings_text = self.service.settings_file.read_text()

    def tearDown(self):
        self.service.settings_file.write_text(self.settings_text)

    def set(self, **changes):
        """In the file only: the service keeps what it has."""
        before = dict(self.service.settings)
        self.service.write_settings(**changes)
        self.service.settings = before

    def doctor(self, *arguments):
        done = self.service.thumbctl("doctor", "--templates", TEMPLATES,
                                     *arguments)
        self.assertEqual(done.stderr, "")
        self.lines = done.stdout.splitlines()
        for line in self.lines:
            self.assertRegex(line, "^(ok   |note |FAULT) [^ ]")
        self.assertEqual(done.returncode, int(bool(self.faults())),
                         done.stdout)
        return done.stdout

    def faults(self):
        return [line for line in self.lines if line.startswith("FAULT")]

    def assert_fault(self, *words):
        """There is one fault, and it says this."""
        self.assertEqual(len(self.faults()), 1, self.lines)
        for some in words:
            self.assertIn(some, self.faults()[0])

    def test_a_service_in_order(self):
        text = self.doctor(self.service.nginx.directory)
        self.assertEqual(self.faults(), [])
        for words in (f"settings: {self.service.settings_file}",
                      "data: all of it is on one file system", "disk: ",
                      f"logs: {self.service.logs}",
                      f"process {self.service.master.pid}, with these",
                      "photo.sock: mode 0660", "control.sock: mode 0660",
                      "ready: a photo would be taken now",
                      "ok    jpeg: read and written",
                      "ok    webp: read and written", "tiff: ", "avif: ",
                      "nginx: the files in"):
            self.assertIn(words, text)

    def test_nginx_files_of_other_settings(self):
        self.set(prefix="/elsewhere")
        text = self.doctor(self.service.nginx.directory)
        self.assertEqual(len(self.faults()), 2, text)
        self.assertIn("fcgi-thumb-http.conf is not what", text)
        self.assertIn("fcgi-thumb-server.conf is not what", text)
        self.assertIn(f"note  service: process {self.service.master.pid} "
                      "has other settings", text)
        self.doctor(self.service.directory)
        self.assertIn("fcgi-thumb-http.conf is not there",
                      self.faults()[0])

    def test_the_sandbox_and_what_the_kernel_lacks(self):
        text = self.doctor()
        self.assertRegex(text, "(ok   |note ) sandbox: limits, privileges")
        if "system calls\n" in text:
            self.assertRegex(text, "ok    sandbox: [0-9]+ system calls are left")
        self.set(sandbox="off")
        self.assertIn("note  sandbox: off;", self.doctor())

    def test_more_memory_than_there_is(self):
        self.assertRegex(self.doctor(),
                         r"memory: 2 workers may take [\d.]+ [GM]B for")
        self.set(limits={"memory": "64G"}, workers=512)
        self.assertIn("note  memory: 512 workers may take 64.0 TB",
                      self.doctor())

    def test_a_disk_that_is_too_full(self):
        self.set(limits={"free": "1000000G"})
        self.doctor()
        self.assert_fault("disk: ", "no photo is taken")

    def test_data_that_is_not_there_yet(self):
        self.set(data=self.service.directory / "none")
        text = self.doctor()
        self.assertEqual(self.faults(), [])
        self.assertIn("note  data: ", text)

    def test_data_that_is_no_directory(self):
        self.set(data=self.service.settings_file)
        self.doctor()
        self.assert_fault("is no directory")

    def test_directories_that_nginx_may_not_enter(self):
        self.service.data.chmod(0o750)
        try:
            text = self.doctor()
        finally:
            self.service.data.chmod(0o755)
        self.assertEqual(self.faults(), [])
        self.assertRegex(text, f"note  data: {self.service.data} lets nobody "
                         r".*\(mode 0750\)")

    def test_no_service(self):
        empty = self.service.directory / "empty"
        empty.mkdir()
        self.set(run=empty)
        self.doctor()
        self.assertEqual(len(self.faults()), 3, self.lines)
        self.assertIn("none runs in", self.faults()[0])
        self.assertIn("photo.sock: No such file", self.faults()[1])
        self.assertNotIn("ready", "".join(self.lines))

    def test_a_log_in_a_directory_that_is_not_the_service_s(self):
        logs, log = self.service.logs, self.service.logs / "fcgi-thumb.log"
        logs.chmod(0o555)
        self.addCleanup(logs.chmod, 0o755)
        self.assertIn(f"ok    logs: {logs}\n", self.doctor())
        log.chmod(0o440)
        self.addCleanup(log.chmod, 0o640)
        self.doctor()
        if os.geteuid() != 0:
            self.assert_fault(f"logs: {log}", "Permission denied")

    def test_logs_and_pages_that_are_not_there(self):
        missing = self.service.directory / "missing"
        self.set(logs=missing)
        self.doctor()
        self.assert_fault("logs: ", "No such file")
        self.set(html=missing)
        self.doctor()
        self.assert_fault("page: ", "No such file")
        self.set(html=missing, page=False)
        self.doctor()
        self.assertEqual(self.faults(), [])

    def test_the_secret_of_upload_tokens(self):
        secret = self.service.directory / "secret"
        self.set(upload_auth="token", upload_secret=secret)
        self.doctor()
        self.assert_fault("upload_secret: ", "No such file")
        secret.write_text("0123456789abcdef0123456789abcdef\n")
        secret.chmod(0o644)
        self.doctor()
        self.assert_fault("upload_secret: ", "mode 0644")
        secret.chmod(0o600)
        self.assertIn(f"ok    upload_secret: {secret}", self.doctor())

    def test_nothing_is_left_behind(self):
        tmp = self.service.directory / "tmp"
        tmp.mkdir()
        before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = str(tmp)
        try:
            self.doctor()
        finally:
            if before is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before
        self.assertEqual(os.listdir(tmp), [])
        staging = pathlib.Path(self.service.data / "staging")
        # One of each worker's own, that for control requests among them.
        self.assertEqual(len(list(staging.iterdir())),
                         self.service.settings["workers"] + 1)
