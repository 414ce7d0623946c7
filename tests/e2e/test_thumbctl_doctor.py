"""thumbctl doctor: what is wrong is said, with what to do, and what is right."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import time

from case import NotHere, ServiceCase
from nginx import BUILD, TEMPLATES, THUMBCTL
from service import HAS_LANE, Service, wait_until

HTTP, SERVER = "fcgi-thumb-http.conf", "fcgi-thumb-server.conf"
NO_NGINX = "/no/nginx/is/called/so"


class DoctorCase(ServiceCase):
    def doctor(self, *arguments, nginx=NO_NGINX, service=None, environ=()):
        done = subprocess.run(
            [THUMBCTL, "-c", (service or self.service).settings_file, "doctor",
             "--templates", TEMPLATES, *(["--nginx", nginx] if nginx else []),
             *arguments], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, env={**os.environ, **dict(environ)})
        self.assertEqual(done.stderr, "")
        if "--json" in arguments:
            self.findings = json.loads(done.stdout)
        else:
            self.findings = [self.parse(line)
                             for line in done.stdout.splitlines()]
        for finding in self.findings:
            self.assertEqual(finding["verdict"] == "ok", finding["fix"] == "",
                             finding)
        self.assertEqual(done.returncode, len(self.faults()), done.stdout)
        return done.stdout

    def parse(self, line):
        self.assertRegex(line, "^(ok   |note |FAULT) [a-z_]+: [^ ]")
        words, _, fix = line[6:].partition(" -- ")
        layer, _, words = words.partition(": ")
        return {"layer": layer, "verdict": line[:5].strip().lower(),
                "words": words, "fix": fix}

    def faults(self):
        return [f for f in self.findings if f["verdict"] == "fault"]

    def assert_finding(self, verdict, layer, words, fix=""):
        """There is one of this layer that says this."""
        found = [f for f in self.findings if f["layer"] == layer
                 and words in f["words"] and f["verdict"] == verdict]
        self.assertEqual(len(found), 1, (words, self.findings))
        self.assertIn(fix, found[0]["fix"])

    def assert_fault(self, layer, words, fix=""):
        """There is one fault, and it says this."""
        self.assertEqual(len(self.faults()), 1, self.faults())
        self.assert_finding("fault", layer, words, fix)


class Doctor(DoctorCase):
    def setUp(self):
        self.settings_text = self.service.settings_file.read_text()

    def tearDown(self):
        self.service.settings_file.write_text(self.settings_text)

    def set(self, **changes):
        """In the file only: the service keeps what it has."""
        before = dict(self.service.settings)
        self.service.write_settings(**changes)
        self.service.settings = before

    def test_a_service_in_order(self):
        # It finds the nginx that has its whole configuration there.
        directory = self.service.nginx.directory
        text = self.doctor(directory, nginx=None)
        self.assertEqual(self.faults(), [])
        for layer, words in (
                ("settings", str(self.service.settings_file)),
                ("nginx", f"the files in {directory} are those"),
                ("nginx", "has the service, and nothing of the site's is in"),
                ("access", "may write to the sockets and read what they"),
                ("bodies", f"are free in {directory}/body, "),
                ("process", "has the libraries that are installed"),
                ("data", "all of it is on one file system"),
                ("disk", "are free, limits.free keeps"),
                ("disk", "more files can be made"),
                ("forecast", "not enough history"),
                ("logs", str(self.service.logs)),
                ("service", f"process {self.service.master.pid}, with these"),
                ("sockets", "photo.sock: mode 0660"),
                ("sockets", "control.sock: mode 0660"),
                ("ready", "a photo would be taken now"),
                ("queue", "200 uploads may wait"),
                ("pictures", "our limits are in force (768.0 MB of memory,"),
                ("codecs", "jpeg: read and written"),
                ("codecs", "webp: read and written"),
                ("libraries", "libfcgi refuses a parameter")):
            self.assert_finding("ok", layer, words)
        for words in "tiff: ", "avif: ":
            self.assertIn(words, text)
        self.assertRegex(text, r"pictures: ImageMagick [67]\.\d")
        self.assertRegex(text, self.planes())
        self.assertRegex(text, "(ok   |note ) clock: ")
        found = [{**f, "words": ""} for f in self.findings]
        self.doctor(directory, "--json", nginx=None)
        self.assertEqual([{**f, "words": ""} for f in self.findings], found)

    @staticmethod
    def planes():
        """What it says of them, in this build and with this engine."""
        if not HAS_LANE:
            return "note  planes: not built: "
        words = ('off, engine = "magick"'
                 if os.environ.get("FT_ENGINE") == "magick"
                 else "ordinary JPEG is made by its planes")
        return rf"ok    planes: libjpeg [\d.]+, z\.lib [\d.]+: {words}\n"

    def test_nginx_files_of_other_settings(self):
        self.set(prefix="/elsewhere")
        self.doctor(self.service.nginx.directory)
        self.assertEqual(len(self.faults()), 2, self.faults())
        for name in HTTP, SERVER:
            self.assert_finding("fault", "nginx", f"{name} is not what",
                                "thumbctl apply ")
        self.assert_finding("note", "service", "process "
                            f"{self.service.master.pid} has other settings",
                            "thumbctl apply ")
        self.doctor(self.service.directory)
        self.assert_finding("fault", "nginx", f"{HTTP} is not there")

    def test_the_sandbox_and_what_the_kernel_lacks(self):
        text = self.doctor()
        self.assertRegex(text, "(ok   |note ) sandbox: limits, privileges")
        if "system calls\n" in text:
            self.assertRegex(text, "ok    sandbox: [0-9]+ system calls are left")
        self.set(sandbox="off")
        self.doctor()
        self.assert_finding("note", "sandbox", "off;", 'sandbox = "best"')

    def test_more_memory_than_there_is(self):
        self.assertRegex(self.doctor(),
                         r"memory: 2 workers may take [\d.]+ [GM]B for")
        self.set(limits={"memory": "64G"}, workers=512)
        self.doctor()
        self.assert_finding("note", "memory", "512 workers may take 64.0 TB",
                            "limits.memory")

    def test_a_longer_queue_than_the_kernel_has(self):
        most = int(pathlib.Path("/proc/sys/net/core/somaxconn").read_text())
        if most >= 65535:
            raise NotHere("net.core.somaxconn is as large as it can be")
        self.set(limits={"queue_length": 65535})
        self.doctor()
        self.assert_finding("note", "queue", f"{most} uploads may wait",
                            "net.core.somaxconn")

    def test_a_disk_that_is_too_full(self):
        self.set(limits={"free": "1000000G"})
        self.doctor()
        self.assert_fault("disk", "no photo is taken", "thumbctl sweep")

    def test_a_disk_that_will_be_full(self):
        growth = self.service.data / "state" / "growth"
        wait_until("the service has begun it", growth.exists)
        before = growth.read_text()
        self.addCleanup(growth.write_text, before)
        self.set(limits={"free": "0"})
        disk = os.statvfs(self.service.data)
        free = disk.f_bavail * disk.f_frsize
        now = int(time.time())
        # A sixth of what is left goes each day.
        growth.write_text("".join(
            f"{now - i * 3600}\t0\t0\t{free + i * (free // 6 // 24)}\t-\n"
            for i in range(168, 0, -1)))
        self.assertRegex(self.doctor(), r"note  forecast: full in [3-9] days at "
                         r"this week's rate \(limits\.free\) -- ")

    def test_data_that_is_not_there_yet(self):
        self.set(data=self.service.directory / "none")
        self.doctor()
        self.assertEqual(self.faults(), [])
        self.assert_finding("note", "data", "No such file", "start the service")

    def test_data_that_is_no_directory(self):
        self.set(data=self.service.settings_file)
        self.doctor()
        self.assert_fault("data", "is no directory")

    def test_directories_that_nginx_may_not_enter(self):
        """Of an nginx that nobody knows."""
        self.service.data.chmod(0o750)
        try:
            self.doctor()
        finally:
            self.service.data.chmod(0o755)
        self.assertEqual(self.faults(), [])
        self.assert_finding("note", "data", f"{self.service.data} lets nobody",
                            f"chmod o+x {self.service.data}")
        self.assert_finding("note", "nginx", f"{NO_NGINX}: No such file",
                            "--nginx COMMAND")

    def test_a_clock_that_was_set_back(self):
        path = self.service.data / "photos" / "22"
        before = path.stat()
        future = time.time() + 7200
        os.utime(path, (future, future))
        try:
            self.doctor()
        finally:
            os.utime(path, (before.st_atime, before.st_mtime))
        self.assert_fault("clock", "s after now: the clock is slow",
                          "set-ntp true")

    def test_no_service(self):
        empty = self.service.directory / "empty"
        empty.mkdir()
        self.set(run=empty)
        text = self.doctor()
        self.assertEqual(len(self.faults()), 3, self.faults())
        self.assert_finding("fault", "service", "none runs in", "systemctl")
        self.assert_finding("fault", "sockets", "photo.sock: No such file",
                            "start the service")
        self.assertNotIn(" ready: ", text)

    def test_sockets_that_are_open_to_all_or_to_none(self):
        socket = self.service.run / "photo.sock"
        socket.chmod(0o666)
        try:
            self.doctor()
            self.assert_finding("note", "sockets", "is taken for nginx",
                                "socket_mode")
            socket.chmod(0o000)
            if os.geteuid() != 0:
                self.doctor()
                self.assert_fault("sockets", "Permission denied",
                                  "socket_mode and socket_group")
        finally:
            socket.chmod(0o660)

    def test_an_hour_off_is_no_fault(self):
        self.assertEqual(self.service.thumbctl(
            "offline", "--for", "1h", "--reason", "a new disk").returncode, 0)
        try:
            def is_off():
                self.doctor()
                return [f for f in self.findings if f["layer"] == "ready"
                        and f["verdict"] == "note"]

            found, = wait_until("it is off", is_off)
            self.assertIn("offline", found["words"])
            self.assertIn("thumbctl online", found["fix"])
            self.assertEqual(self.faults(), [])
        finally:
            self.assertEqual(self.service.thumbctl("online").returncode, 0)

    def test_logs_and_pages_that_are_not_there(self):
        missing = self.service.directory / "missing"
        self.set(logs=missing)
        self.doctor()
        self.assert_fault("logs", "No such file", "install -d ")
        self.set(html=missing)
        self.doctor()
        self.assert_fault("page", "No such file", "page = false")
        self.set(html=missing, page=False)
        self.doctor()
        self.assertEqual(self.faults(), [])

    def test_a_log_that_was_removed(self):
        log = self.service.logs / "fcgi-thumb.log"
        log.unlink()
        try:
            self.doctor()
        finally:
            self.service.master.signal(1)
            wait_until("it has a log again", log.exists)
        self.assert_finding("note", "logs", "fcgi-thumb.log (deleted), which "
                            "nobody can read", "kill -HUP ")

    def test_a_prober_that_is_dead(self):
        ledger = self.service.directory / "watched"
        self.set(ledger=ledger)
        self.doctor()
        self.assert_finding("note", "ledger", "has no line", "thumbctl probe")
        ledger.mkdir()
        day = ledger / "2026-11-28.jsonl"
        day.touch()
        self.doctor()
        self.assert_finding("ok", "ledger", " s ago")
        then = time.time() - 600
        os.utime(day, (then, then))
        self.doctor()
        self.assert_fault("ledger", "is 10 minutes old: the prober is dead",
                          "fcgi-thumb-probe.timer")

    def test_the_secret_of_upload_tokens(self):
        secret = self.service.directory / "secret"
        self.set(upload_auth="token", upload_secret=secret)
        self.doctor()
        self.assert_fault("upload_secret", "No such file", "openssl rand")
        secret.write_text("0123456789abcdef0123456789abcdef\n")
        secret.chmod(0o644)
        self.doctor()
        self.assert_fault("upload_secret", "mode 0644")
        secret.chmod(0o600)
        self.doctor()
        self.assert_finding("ok", "upload_secret", str(secret))

    def test_nothing_is_left_behind(self):
        tmp = self.service.directory / "tmp"
        tmp.mkdir()
        self.doctor(environ={"TMPDIR": str(tmp)})
        self.assertEqual(os.listdir(tmp), [])
        staging = pathlib.Path(self.service.data / "staging")
        # One of each worker's own, that for control requests among them.
        self.assertEqual(len(list(staging.iterdir())),
                         self.service.settings["workers"] + 1)


class Site(DoctorCase):
    """nginx's side, in which a site has more than the service."""

    def site(self, *changes, runs=True):
        """The command of an nginx whose files are the service's with changes:
        (file, old, new). Its master is that of the service's, or none."""
        directory = self.service.directory / "site"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        for name in ("nginx.conf", HTTP, SERVER, *(["nginx.pid"] * runs)):
            shutil.copy(self.service.nginx.directory / name, directory)
        for name, old, new in changes:
            path = directory / name
            text = path.read_text()
            self.assertIn(old, text)
            path.write_text(text.replace(old, new, 1))
        # As old as what they were copied from: nginx has read them.
        for path in directory.iterdir():
            os.utime(path, (1, 1))
        self.directory = directory
        return f"nginx -p {directory} -c nginx.conf -e error.log"

    def in_server(self, line):
        return "nginx.conf", "include fcgi-thumb-server.conf;", \
            f"{line}\n\t\tinclude fcgi-thumb-server.conf;"

    def in_http(self, line):
        return "nginx.conf", "include fcgi-thumb-http.conf;", \
            f"{line}\n\tinclude fcgi-thumb-http.conf;"

    def in_ours(self, old, new=""):
        return SERVER, old, new

    def test_in_order(self):
        self.doctor(nginx=self.site(
            self.in_http("open_file_cache max=100; fastcgi_read_timeout 1s;"),
            self.in_server("client_max_body_size 1m; location /static/ { }"),
            self.in_server("location ~ jpg$ { return 404; }")))
        self.assertEqual(self.faults(), [])
        self.assert_finding("ok", "nginx", f"the files in {self.directory} are")
        self.assert_finding("ok", "nginx", "server _ (")

    def test_what_the_site_takes_from_the_service(self):
        for change, layer, words, fix in (
                (self.in_server("location /upload { return 404; }"), "nginx",
                 "location /upload (", "remove that location"),
                (self.in_server("location = /t/x { return 404; }"), "nginx",
                 "location /t/x (", "remove that location"),
                (self.in_server("return 301 https://$host$request_uri;"),
                 "nginx", "answers everything itself", "server of its own"),
                (self.in_http("fastcgi_ignore_headers X-Accel-Redirect;"),
                 "nginx", "a thumbnail is not served at its first request",
                 "take X-Accel-Redirect out of "),
                (self.in_http("fastcgi_cache_path cache keys_zone=c:1m;"
                              "fastcgi_cache c;"),
                 "nginx", "one visitor's answer goes to the next", "apply")):
            with self.subTest(change=change[2]):
                self.doctor(nginx=self.site(change))
                self.assert_fault(layer, words, fix)

    def test_what_of_ours_is_not_in_force(self):
        for changes, words in (
                ([self.in_ours("open_file_cache off;"),
                  self.in_http("open_file_cache max=100;")],
                 "open_file_cache is max=100 ("),
                ([self.in_ours("client_max_body_size 268435456;"),
                  self.in_server("client_max_body_size 1m;")],
                 "client_max_body_size is 1.0 MB for uploads ("),
                ([self.in_ours("client_max_body_size 268435456;")],
                 "client_max_body_size is 1.0 MB for uploads (its default)"),
                ([self.in_ours("fastcgi_keep_conn off;",
                               "fastcgi_keep_conn on;")],
                 "fastcgi_keep_conn is on ("),
                ([self.in_ours("fastcgi_request_buffering on;",
                               "fastcgi_request_buffering off;")],
                 "fastcgi_request_buffering is off ("),
                ([self.in_ours("fastcgi_read_timeout 1", "fastcgi_read_timeout "
                               "5s; #")], "fastcgi_read_timeout is 5 s (")):
            with self.subTest(words):
                self.doctor(nginx=self.site(*changes))
                self.assertEqual(len(self.faults()), 2, self.faults())
                self.assert_finding("fault", "nginx", words, "thumbctl apply")
                self.assert_finding("fault", "nginx", f"{SERVER} is not what")

    def test_what_is_worth_knowing(self):
        for line, words in (
                ("client_body_timeout 3s;", "from a slow network breaks off"),
                ("send_timeout 2s;", "does not get a thumbnail to its end"),
                ("client_body_in_file_only on;", "stays on nginx's disk"),
                ('auth_basic "x"; auth_basic_user_file users;',
                 "ask for a password")):
            with self.subTest(line):
                self.doctor(nginx=self.site(self.in_server(line)))
                self.assertEqual(self.faults(), [])
                self.assert_finding("note", "nginx", words)
        site = self.site()
        os.utime(self.directory / SERVER)
        future = time.time() + 60
        os.utime(self.directory / SERVER, (future, future))
        self.doctor(nginx=site)
        self.assert_finding("note", "nginx", f"{SERVER} was changed after",
                            "-s reload")
        self.doctor(nginx=self.site(("nginx.conf", "worker_connections 512",
                                     "worker_connections 2000000000")))
        self.assert_finding("note", "nginx", "2000000000 connections",
                            "worker_rlimit_nofile 4000000000;")

    def test_nothing_of_the_service_in_it(self):
        site = self.site()
        (self.directory / "nginx.conf").write_text(
            "pid nginx.pid; events { } http { client_body_temp_path body; "
            "fastcgi_temp_path f; proxy_temp_path p; scgi_temp_path s; "
            "uwsgi_temp_path u; access_log off; }\n")
        self.doctor(nginx=site)
        self.assert_fault("nginx", "includes nothing of the service",
                          f"/{HTTP}; in http")

    def test_the_service_is_elsewhere_in_it(self):
        before = dict(self.service.settings)
        self.service.write_settings(prefix="/elsewhere")
        try:
            self.doctor(nginx=self.site())
        finally:
            self.service.settings = before
            self.service.write_settings()
        self.assert_finding("fault", "nginx", "no server has the service "
                            "below /elsewhere/", f"/{SERVER}; in a server")

    def test_one_that_does_not_run_or_cannot(self):
        self.doctor(nginx=self.site(runs=False))
        self.assert_finding("fault", "nginx", "it does not run",
                            "systemctl start nginx")
        self.doctor(nginx=self.site(self.in_http("no_such_directive x;")))
        self.assert_finding(
            "fault" if os.geteuid() == 0 else "note", "nginx",
            "nginx.conf test failed")

    def test_an_account_that_may_not(self):
        """By trying where root asks, else by the modes."""
        site = self.site(("nginx.conf", "daemon off;",
                          "daemon off; user nobody nogroup;"), runs=False)
        path = self.directory / "nginx.conf"
        path.write_text(path.read_text().replace("user root;\n", ""))
        self.doctor(nginx=site)
        self.assert_finding(
            "fault", "access", "(nobody) may not read in "
            f"{self.service.data}/public: {self.service.directory}: Permission",
            f"chmod o+x {self.service.directory}")
        self.service.directory.chmod(0o755)
        self.addCleanup(self.service.directory.chmod, 0o700)
        self.doctor(nginx=site)
        for name in "photo.sock", "control.sock":
            self.assert_finding(
                "fault", "access", f"(nobody) may not write to "
                f"{self.service.run}/{name}: {self.service.run}/{name}: "
                "Permission denied (mode 0660, of ", "socket_group")
        self.assertEqual(len([f for f in self.findings
                              if f["layer"] == "access"]), 2)
        sockets = [self.service.run / name
                   for name in ("photo.sock", "control.sock")]
        try:
            for socket in sockets:
                socket.chmod(0o666)
            self.doctor(nginx=site)
            self.assert_finding("ok", "access", "nginx's workers (nobody")
        finally:
            for socket in sockets:
                socket.chmod(0o660)


HOLE = """
#include <fcgiapp.h>
#include <unistd.h>
int FCGX_Accept_r(FCGX_Request *r)
{
	char piece[65536];
	while (read(r->ipcFd, piece, sizeof piece) > 0)
		;
	return -1;
}
"""


class Libraries(DoctorCase):
    @classmethod
    def setUpClass(cls):
        if "-fsanitize=address" in (BUILD / "Makefile").read_text():
            raise NotHere("AddressSanitizer has to be loaded first")
        cls.service = Service()
        cls.addClassCleanup(cls.service.stop)
        cls.hole = cls.service.directory / "hole.so"
        source = cls.service.directory / "hole.c"
        source.write_text(HOLE)
        subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-O1",
                        "-shared", "-fPIC", "-o", cls.hole, source],
                       check=True)

    def test_a_hole_in_libfcgi(self):
        """One that reads to the end what it ought to refuse."""
        self.doctor(environ={"LD_PRELOAD": str(self.hole)})
        self.assert_finding("fault", "libraries", "has the hole CVE-2025-23016",
                            "upgrade libfcgi")

    def test_libraries_that_were_replaced(self):
        loaded = self.service.directory / "libloaded.so"
        # Of no name that anybody asks for.
        subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-shared",
                        "-fPIC", "-x", "c", "-o", loaded, "/dev/null"],
                       check=True)
        self.service.wrapper = ["/usr/bin/env", f"LD_PRELOAD={loaded}"]
        self.service.start()
        loaded.unlink()
        self.doctor()
        self.assert_finding("note", "process", "libloaded.so: holes",
                            "systemctl restart")
