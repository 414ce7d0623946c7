"""thumbctl apply: both sides get the settings, or neither."""

import fcntl
import json
import os
import shlex
import signal
import socket
import subprocess
import threading
import time
import unittest.mock

from case import Load
from nginx import TEMPLATES, THUMBCTL, Nginx
from service import children, picture, wait_until
from test_processes import OwnService

TINY = [{"name": "tiny", "width": 40, "height": 40}]
FILES = ["fcgi-thumb-http.conf", "fcgi-thumb-server.conf"]


class Apply(OwnService):
    def start(self, **settings):
        service = super().start(**settings)
        self.program = " ".join(service.nginx.command())
        self.directory = service.nginx.directory
        return service

    def script(self, name, first=""):
        """The path of a program that does this and then runs nginx."""
        path = self.service.directory / name
        words = " ".join(map(shlex.quote, map(
            str, self.service.nginx.command())))
        path.write_text(f'#!/bin/sh\n{first}\nexec {words} "$@"\n')
        path.chmod(0o755)
        return path

    def arguments(self, *more, nginx=None, directory=None):
        return ["apply", "--templates", TEMPLATES, "--nginx",
                nginx or self.program, *more, directory or self.directory]

    def apply(self, *more, **options):
        return self.service.thumbctl(*self.arguments(*more, **options))

    def apply_in_group(self, nginx, stderr=subprocess.PIPE):
        """As a shell starts it: (exit status, standard error)."""
        process = subprocess.Popen(
            [THUMBCTL, "-c", self.service.settings_file,
             *self.arguments(nginx=nginx)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=stderr, text=True,
            process_group=0)
        try:
            words = process.communicate(timeout=60)[1]
            return process.returncode, words
        except subprocess.TimeoutExpired:
            # Stopped as it may be, and with what it runs.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise

    def files(self):
        return [(self.directory / name).read_bytes() for name in FILES]

    def pid_file(self):
        pid, digest, rest = (self.service.run /
                             "fcgi-thumb.pid").read_text().splitlines()
        reloads, refused = rest.split()
        return int(pid), digest, int(reloads), refused

    def assert_refused(self, done, status, *words):
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        for some in words:
            self.assertIn(some, done.stderr)

    def upload(self):
        answer = self.service.upload(("a.png", picture("rgb.png")))
        self.assertIn(answer.status, (200, 201), answer.body)
        return json.loads(answer.body)["photos"][0]

    def test_new_settings_come_into_force_on_both_sides(self):
        service = self.start()
        before = self.pid_file()
        self.upload()
        service.write_settings(presets=TINY, limits={"request": "40M"})
        done = self.apply()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"(process {service.master.pid})", done.stdout)
        after = self.pid_file()
        self.assertEqual(after[0], service.master.pid)
        self.assertNotEqual(after[1], before[1])
        self.assertEqual(after[2], before[2] + 1)
        photo = self.upload()
        self.assertEqual([v["preset"] for v in photo["variants"]], ["tiny"])
        wait_until("nginx knows the preset", lambda: service.get_url(
            photo["variants"][0]["url"]).status == 200)
        self.assert_served(photo)
        self.assertIn(b"40 MB", self.files()[0])
        with self.subTest("the same once more"):
            self.assertEqual(self.apply().returncode, 0)
            self.assertEqual(self.pid_file()[1:3],
                             (after[1], after[2] + 1))

    def test_wrong_settings_change_nothing(self):
        service = self.start()
        files, state = self.files(), self.pid_file()
        good = service.settings_file.read_text()
        service.settings_file.write_text(good + "wrokers = 3;\n")
        self.assert_refused(self.apply(), 78, "wrokers")
        self.assertEqual((self.files(), self.pid_file()), (files, state))

    def test_a_refusal_of_nginx_leaves_the_old_files(self):
        service = self.start()
        files, state = self.files(), self.pid_file()
        conf = self.directory / "nginx.conf"
        conf.write_text(conf.read_text() + "nonsense;\n")
        service.write_settings(presets=TINY)
        self.assert_refused(self.apply(), 1, 'unknown directive "nonsense"',
                            "nginx refuses")
        self.assertEqual((self.files(), self.pid_file()), (files, state))
        self.assertEqual(sorted(path.name for path in self.directory.iterdir()
                                if path.name.startswith(".")), [])

    def test_logs_without_their_directory_are_why_nginx_refuses(self):
        service = self.start()
        files, state = self.files(), self.pid_file()
        logs = service.directory / "unmounted"
        service.write_settings(logs=logs)
        self.assert_refused(self.apply(), 1, f"{logs}/access.log", (
            f"{logs}: No such file or directory; without it nginx cannot open "
            "its access.log"))
        self.assertEqual((self.files(), self.pid_file()), (files, state))
        service.write_settings(log_access="syslog")
        done = self.apply()
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_reload_that_nginx_refuses_after_its_test_passed(self):
        service = self.start()
        photo = self.upload()
        files, state = self.files(), self.pid_file()
        conf = self.directory / "nginx.conf"
        head, brace, tail = conf.read_text().rpartition("}")
        service.write_settings(presets=TINY)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            conf.write_text(
                f"{head}server {{ listen 127.0.0.1:{port}; }}{brace}{tail}")
            self.assertEqual(service.nginx.check()[0], 0)
            done = self.apply()
        self.assert_refused(done, 1, "nginx refuses", "its error log",
                            "old files are back")
        self.assertIn("Address already in use", service.nginx.errors())
        self.assertEqual((self.files(), self.pid_file()), (files, state))
        self.assert_served(photo)
        with self.subTest("the port is free"):
            self.assertEqual(self.apply().returncode, 0)
            self.assertEqual([v["preset"] for v in self.upload()["variants"]],
                             ["tiny"])

    def test_of_several_masters_the_one_with_these_words_counts(self):
        service = self.start()
        beside = Nginx(service.settings_file, service.directory / "beside")
        self.addCleanup(beside.stop)
        beside.start()
        conf = self.directory / "nginx.conf"
        head, brace, tail = conf.read_text().rpartition("}")
        service.write_settings(presets=TINY)
        over = threading.Event()

        def reload():
            while not over.wait(0.1):
                beside.process.send_signal(signal.SIGHUP)

        thread = threading.Thread(target=reload)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            conf.write_text(
                f"{head}server {{ listen 127.0.0.1:{port}; }}{brace}{tail}")
            thread.start()
            try:
                done = self.apply()
            finally:
                over.set()
                thread.join()
        self.assert_refused(done, 1, "nginx refuses")

    def test_a_way_back_that_nginx_refuses_is_said(self):
        service = self.start()
        files = self.files()
        conf = shlex.quote(str(self.directory / "nginx.conf"))
        breaks = self.script("breaks", f"""
            if [ "$1" = -s ] && [ -e {conf}.reloaded ]; then
                echo 'nonsense;' >> {conf}
                kill -HUP {service.nginx.process.pid}
                exit
            fi
            [ "$1" = -t ] || : > {conf}.reloaded""")
        service.write_settings(data="/proc/no-such-place/store", presets=TINY)
        self.assert_refused(self.apply(nginx=breaks), 1, "the service",
                            "old files are back", "nginx refuses",
                            "may have the new settings")
        self.assertEqual(self.files(), files)

    def test_an_nginx_that_is_late(self):
        service = self.start()
        files, state = self.files(), self.pid_file()
        service.write_settings(presets=TINY)
        service.nginx.process.send_signal(signal.SIGSTOP)
        try:
            done = self.apply("--wait", "1")
        finally:
            service.nginx.process.send_signal(signal.SIGCONT)
        self.assert_refused(done, 1, "not loaded", "within 1 seconds",
                            "old files are back")
        self.assertEqual((self.files(), self.pid_file()), (files, state))
        self.assertEqual(self.apply().returncode, 0)

    def test_an_nginx_that_ends_instead(self):
        service = self.start()
        files = self.files()
        # By the very words it was started with: else any other nginx that
        # reads something at the moment may be the one that was told.
        program = self.service.nginx.command()
        tool = service.directory / "bin" / "nginx"
        tool.parent.mkdir()
        tool.write_text(f"""#!/bin/sh
            case "$*" in *"-s reload")
                kill -TERM {service.nginx.process.pid}
                while kill -0 {service.nginx.process.pid}; do sleep .1; done
                exit 0
            esac
            exec {program[0]} "$@"
            """)
        tool.chmod(0o755)
        threading.Thread(target=service.nginx.process.wait).start()
        with unittest.mock.patch.dict(
                os.environ, PATH=f"{tool.parent}:{os.environ['PATH']}"):
            done = self.apply(nginx=" ".join(["nginx", *program[1:]]))
        self.assert_refused(done, 1, "nginx has ended",
                            "old files are back")
        self.assertEqual(self.files(), files)

    def test_old_workers_that_stay_are_no_matter(self):
        service = self.start()
        before = set(children(service.nginx.process.pid))
        with socket.create_connection(service.nginx.address) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            service.write_settings(presets=TINY)
            for _ in range(2):
                done = self.apply()
                self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(before & set(children(service.nginx.process.pid)))

    def test_an_nginx_that_does_not_run_leaves_the_old_files(self):
        service = self.start()
        files, state = self.files(), self.pid_file()
        service.nginx.stop()
        service.write_settings(presets=TINY)
        self.assert_refused(self.apply(), 1, "cannot be told to reload")
        self.assertEqual((self.files(), self.pid_file()), (files, state))
        self.assert_refused(self.apply(nginx="/no/such program"), 1,
                            "/no/such: No such file")
        self.assertEqual((self.files(), self.pid_file()), (files, state))

    def test_a_refusal_of_the_service_leaves_nginx_as_it_was(self):
        service = self.start()
        photo = self.upload()
        files, state = self.files(), self.pid_file()
        begin = time.monotonic()
        service.write_settings(data="/proc/no-such-place/store", presets=TINY)
        self.assert_refused(self.apply(), 1, "the service",
                            "refuses these settings", "old files are back")
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(self.files(), files)
        self.assertEqual(self.pid_file()[:2], state[:2])
        self.assertIn("/proc/no-such-place", service.words())
        # Old nginx workers, of either configuration, may answer for a moment.
        wait_until("the photos are served again", lambda: all(
            service.get_url(photo["variants"][0]["url"]).status == 200
            for _ in range(20)))
        self.assertEqual(self.upload()["variants"], photo["variants"])

    def test_a_service_that_does_not_answer(self):
        service = self.start()
        files, state = self.files(), self.pid_file()
        service.write_settings(presets=TINY)
        service.master.signal(signal.SIGSTOP)
        try:
            done = self.apply("--wait", "1s")
        finally:
            service.master.signal(signal.SIGCONT)
        self.assert_refused(
            done, 1, "has not answered within 1 seconds",
            f"may still take those of {service.settings_file}",
            "Run `thumbctl apply` again", "old files are back")
        self.assertEqual(self.files(), files)
        wait_until("it takes them", lambda: self.pid_file()[1] != state[1])
        self.assertIn(f" -- thumbctl apply {self.directory}\n", service.thumbctl(
            "doctor", "--templates", TEMPLATES, self.directory).stdout)
        self.assertEqual(self.apply().returncode, 0)
        self.assertNotEqual(self.files(), files)
        self.assertEqual([v["preset"] for v in self.upload()["variants"]],
                         ["tiny"])

    def test_a_service_with_another_settings_file(self):
        service = self.start()
        files = self.files()
        own = service.settings_file
        service.settings_file = service.directory / "other.conf"
        service.write_settings(presets=TINY)
        self.assert_refused(self.apply("--wait", "5"), 1,
                            "with other settings; does it read",
                            "old files are back")
        self.assertEqual(self.files(), files)
        service.settings_file = own

    def test_without_a_service_only_nginx_is_changed(self):
        service = self.start()
        photo = self.upload()
        with self.subTest("killed, so that its pid file is left"):
            os.kill(service.master.pid, signal.SIGKILL)
            service.master.wait()
            stranger = self.pid_file()[0]
            self.assertEqual(stranger, service.master.pid)
        service.write_settings(presets=TINY)
        done = self.apply()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("no service runs in", done.stdout)
        self.assertIn(b"tiny[.](jpg)", b"".join(self.files()))
        service.start_master()
        service.wait_ready()
        self.assertNotEqual(self.upload()["variants"], photo["variants"])
        self.assertEqual(self.pid_file()[0], service.master.pid)

    def test_sockets_elsewhere_need_a_restart(self):
        service = self.start()
        files, state = self.files(), self.pid_file()
        other = service.directory / "other"
        service.write_settings(run=other)
        self.assert_refused(self.apply(), 1, str(other), "stop it, apply")
        self.assertEqual((self.files(), self.pid_file()), (files, state))
        service.master.stop()
        self.assertEqual(self.apply().returncode, 0)
        service.run = other
        service.start_master()
        service.wait_ready()
        self.upload()

    def test_what_was_not_there_goes_again(self):
        service = self.start()
        empty = service.directory / "empty"
        empty.mkdir()
        self.assert_refused(self.apply(nginx="false", directory=empty), 1)
        self.assertEqual(os.listdir(empty), [])
        self.assert_refused(self.apply(directory=empty / "none"), 1)
        done = self.apply("--standalone", "8080", directory=empty,
                          nginx="true")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(os.listdir(empty)), [*FILES, "nginx.conf"])
        with self.subTest("no nginx that was told is to be seen"):
            self.assertIn("cannot be seen from here", done.stderr)
            self.assertNotIn("nginx has", done.stdout)

    def test_as_many_words_as_one_likes(self):
        self.start()
        words = " ".join(f"WORD{i}={i}" for i in range(100))
        done = self.apply(nginx=f"env  {words} {self.program} ")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_no_signal_leaves_half_of_it(self):
        service = self.start()
        names = "HUP INT QUIT PIPE TERM USR1 TSTP TTOU".split()
        for rate, name in enumerate(names, 21):
            with self.subTest(signal=name):
                before = self.pid_file()
                service.write_settings(limits={"rate": f"{rate}/s"})
                self.assertEqual(self.apply_in_group(self.script(
                    "signals", f"kill -{name} $PPID")), (0, ""))
                self.assertNotEqual(self.pid_file()[1], before[1])
                self.assertIn(b"rate=%dr/s" % rate, self.files()[0])

    def test_a_key_of_the_terminal_goes_to_all_of_it(self):
        service = self.start()

        def press(name, when):
            return self.apply_in_group(self.script("key", f"""
                [ "$1" != {when} ] || kill -{name} 0"""))

        for name, when in ("TSTP", "-t"), ("TSTP", "-s"), ("INT", "-s"):
            with self.subTest(key=name, when=when):
                self.assertEqual(press(name, when), (0, ""))
        with self.subTest("a test that takes too long can be interrupted"):
            files, state = self.files(), self.pid_file()
            service.write_settings(presets=TINY)
            status, words = press("INT", "-t")
            self.assertEqual(status, 1)
            self.assertIn("Interrupt", words)
            self.assertEqual((self.files(), self.pid_file()), (files, state))

    def test_nobody_reads_what_it_says(self):
        service = self.start()
        files, state = self.files(), self.pid_file()
        service.write_settings(data="/proc/no-such-place/store", presets=TINY)
        reader, writer = os.pipe()
        os.close(reader)
        try:
            self.assertEqual(self.apply_in_group(self.program, writer)[0], 1)
        finally:
            os.close(writer)
        self.assertEqual((self.files(), self.pid_file()[:2]),
                         (files, state[:2]))

    def test_killed_half_way_it_can_be_run_again(self):
        service = self.start()
        state = self.pid_file()
        for when in "-t", "-s":
            with self.subTest(when=when):
                service.write_settings(limits={"rate": f"2{len(when)}/s"},
                                       presets=TINY)
                self.assertEqual(self.apply_in_group(self.script(
                    "kills", f"""
                    [ "$1" != {when} ] || kill -KILL $PPID"""))[0],
                    -signal.SIGKILL)
                self.assertEqual(self.pid_file(), state)
                self.assertIn("has other settings",
                              service.thumbctl("doctor").stdout)
        self.assertEqual(self.apply().returncode, 0)
        self.assertEqual([v["preset"] for v in self.upload()["variants"]],
                         ["tiny"])

    def test_one_at_a_time(self):
        self.start()
        directory = os.open(self.directory, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            self.assert_refused(self.apply(), 1, "another thumbctl apply")
        finally:
            os.close(directory)
        self.assertEqual(self.apply().returncode, 0)

    def test_under_load_no_request_fails(self):
        service = self.start()
        with Load(service) as load:
            for rate in 21, 22, 23:
                load.wait_for(5)
                service.write_settings(limits={"rate": f"{rate}/s"})
                done = self.apply()
                self.assertEqual(done.returncode, 0, done.stderr)
            load.wait_for(5)
        self.assert_all_taken(load)
