"""./dev run, as a developer uses it: from the start to nothing left."""

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
import unittest
import urllib.request

import fastcgi
import nginx
from service import (PATIENCE, TOP, children, is_alive, multipart, picture,
                     wait_until)

DEV = TOP / "dev"
HERE = pathlib.Path(__file__).resolve().parent

# A first run builds.
BUILD_SECONDS = 600


def descendants(pid):
    found = children(pid)
    return found + [pid for child in found for pid in descendants(child)]


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def hear_interrupts():
    """As at a terminal, even if these tests run in a background job."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Run:
    """./dev run in the background."""

    def __init__(self, data, *more, environ=()):
        self.port = nginx.free_port()
        self.process = subprocess.Popen(
            [DEV, "run", "--port", str(self.port), "--data", data, *more],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env={**os.environ, **dict(environ)}, preexec_fn=hear_interrupts)
        self.errors = []
        threading.Thread(target=self.read_errors, daemon=True).start()

    def read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line)

    def wait_ready(self):
        """Its first line; "" when it ended without one."""
        timer = threading.Timer(BUILD_SECONDS, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        return line

    def stop(self, signo=signal.SIGTERM):
        self.process.send_signal(signo)
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return status

    def end(self):
        """However far it is; nothing is left of it."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()


def refused(*arguments):
    """A ./dev that is to fail: (status, what it said)."""
    done = subprocess.run([DEV, *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True,
                          timeout=BUILD_SECONDS)
    return done.returncode, done.stdout + done.stderr


class DevCase(unittest.TestCase):
    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="ft-dev-"))
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        self.tmp.chmod(0o755)
        self.data = self.tmp / "data"
        self.environ = {"TMPDIR": str(self.tmp / "tmp")}
        (self.tmp / "tmp").mkdir()
        (self.tmp / "tmp").chmod(0o1777)

    def run_dev(self, *more):
        run = Run(self.data, *more, environ=self.environ)
        self.addCleanup(run.end)
        line = run.wait_ready()
        self.assertEqual(line, f"ready: http://127.0.0.1:{run.port}/\n",
                         "".join(run.errors))
        return run

    def upload(self, run, name="orient-6.jpg"):
        body, content_type = multipart([("a.jpg", picture(name))])
        answer = nginx.request(("127.0.0.1", run.port), "POST", "/upload",
                               body, {"Content-Type": content_type})
        return answer.status, json.loads(answer.body)

    def probes(self):
        """What is in the ledger."""
        return [json.loads(line)
                for path in (self.data / "logs" / "ledger").glob("*.jsonl")
                for line in path.read_text().splitlines()]

    kept = ["fcgi-thumb.conf", "logs", "store"]

    def assert_stops(self, run, signo):
        """Ends with 0, and nothing is left but the data."""
        pids = descendants(run.process.pid)
        self.assertGreaterEqual(len(pids), 4)
        self.assertEqual(run.stop(signo), 0, "".join(run.errors))
        self.assertEqual([pid for pid in pids if is_alive(pid)], [])
        self.assertEqual(sorted(os.listdir(self.data)), self.kept)
        self.assertEqual(os.listdir(self.tmp / "tmp"), [])


class DevRun(DevCase):
    def test_serves_an_upload_and_leaves_only_the_data(self):
        run = self.run_dev()
        status, document = self.upload(run)
        self.assertEqual(status, 201)
        for variant in document["photos"][0]["variants"]:
            url = f"http://127.0.0.1:{run.port}{variant['url']}"
            with urllib.request.urlopen(url) as answer:
                self.assertEqual(len(answer.read()), variant["bytes"])
        with self.subTest("a prober keeps the ledger"):
            line = wait_until("a probe", self.probes)[0]
            self.assertEqual((line["ok"], line["created"]), (True, True),
                             line)
            self.assertNotIn("failed", "".join(run.errors))
        self.assert_stops(run, signal.SIGTERM)
        with self.subTest("a later run finds the photo and ends by Ctrl-C"):
            run = self.run_dev()
            self.assertEqual(self.upload(run)[0], 200)
            self.assert_stops(run, signal.SIGINT)

    def test_keeps_edited_settings_and_honours_the_prefix(self):
        run = self.run_dev()
        self.assert_stops(run, signal.SIGTERM)
        settings = self.data / "fcgi-thumb.conf"
        text = re.sub(r'(?m)^prefix = "";', 'prefix = "/media";',
                      settings.read_text())
        settings.write_text(text)
        run = Run(self.data, environ=self.environ)
        self.addCleanup(run.end)
        self.assertEqual(
            run.wait_ready(),
            f"ready: http://127.0.0.1:{run.port}/media/\n",
            "".join(run.errors))
        self.assert_stops(run, signal.SIGTERM)
        self.assertEqual(settings.read_text(), text)

    def test_wrong_settings_are_said_with_their_line(self):
        self.assert_stops(self.run_dev(), signal.SIGTERM)
        settings = self.data / "fcgi-thumb.conf"
        settings.write_text("workers = 2;\npage = 7;\n")
        status, words = refused("run", "--port", str(nginx.free_port()),
                                "--data", self.data)
        self.assertNotEqual(status, 0)
        self.assertIn(f"{settings}:2:", words)

    def test_a_second_run_on_the_same_data_is_refused(self):
        run = self.run_dev()
        status, words = refused("run", "--port", str(nginx.free_port()),
                                "--data", self.data)
        self.assertNotEqual(status, 0)
        self.assertEqual(words.count("\n"), 1, words)
        self.assertIn("another ./dev run", words)
        self.assertEqual(self.upload(run)[0], 201)
        self.assert_stops(run, signal.SIGTERM)

    def test_a_busy_port_is_refused(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]
            status, words = refused("run", "--port", str(port),
                                    "--data", self.data)
        self.assertNotEqual(status, 0)
        self.assertEqual(words, f"dev: port {port} is in use; --port takes "
                                f"another\n")

    def test_what_is_no_port_is_refused_before_anything_is_done(self):
        for port in "0", "65536", "99999", "100000", "", "abc", "-1", "080":
            for form in ["--port", port], ["--port=" + port]:
                with self.subTest(form):
                    status, words = refused("run", "--data", self.data, *form)
                    self.assertNotEqual(status, 0)
                    self.assertEqual(words, "dev: --port takes a number from "
                                            f"1 to 65535, not '{port}'\n")
        with self.subTest("none at all"):
            status, words = refused("run", "--data", self.data, "--port")
            self.assertNotEqual(status, 0)
            self.assertEqual(words.count("\n"), 1, words)
        self.assertFalse(self.data.exists())

    def test_a_strange_directory_is_left_alone(self):
        self.data.mkdir()
        (self.data / "letter.txt").write_text("dear reader")
        status, words = refused("run", "--data", self.data)
        self.assertNotEqual(status, 0)
        self.assertEqual(words.count("\n"), 1, words)
        self.assertEqual(os.listdir(self.data), ["letter.txt"])

    def test_ends_when_the_master_dies_and_says_so(self):
        run = self.run_dev()
        pids = descendants(run.process.pid)
        master, = [pid for pid in pids if name_of(pid) == "fcgi-thumb"]
        os.kill(master, signal.SIGKILL)
        self.assertEqual(run.process.wait(PATIENCE), 1)
        run.process.stdout.close()
        wait_until("nobody left", lambda: not [
            pid for pid in pids if is_alive(pid)])
        self.assertIn("fcgi-thumb ended by itself", "".join(run.errors))

    def test_nobody_is_left_when_it_is_killed_itself(self):
        run = self.run_dev()
        pids = descendants(run.process.pid)
        run.process.kill()
        run.process.wait()
        run.process.stdout.close()
        wait_until("nobody left", lambda: not [
            pid for pid in pids if is_alive(pid)])


class Thumbctl(DevCase):
    def setUp(self):
        super().setUp()
        self.out = self.tmp / "out"
        self.out.mkdir()
        self.out.chmod(0o777)

    def thumbctl(self, *arguments):
        return subprocess.run(
            [DEV, "thumbctl", "--data", self.data, *arguments],
            capture_output=True, text=True, timeout=BUILD_SECONDS,
            env={**os.environ, **self.environ})

    def assert_no_service(self):
        done = self.thumbctl("nginx-conf", self.out)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr, f"dev: no ./dev run is on {self.data}: "
                                      "there are no sockets to name\n")
        self.assertEqual(os.listdir(self.out), [])

    def test_nginx_conf_names_what_the_service_has(self):
        run = self.run_dev()
        done = self.thumbctl("nginx-conf", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        http, server = [(self.out / f"fcgi-thumb-{level}.conf").read_text()
                        for level in ("http", "server")]
        control, photo = sorted(set(
            re.findall(r'server "unix:(.*?)"', http)))
        self.assertEqual(fastcgi.request(control, {
            "REQUEST_METHOD": "GET", "DOCUMENT_URI": "/health/ready"},
            b"")[0], 200)
        body, content_type = multipart([("a.jpg", picture("orient-6.jpg"))])
        params = fastcgi.upload_params(len(body), content_type)
        self.assertEqual(fastcgi.request(photo, params, body)[0], 201)
        roots = set(re.findall(r'root "(.*?)"', server))
        self.assertIn(str(self.data / "store" / "public"), roots)
        # In the last one there is something after a minute.
        self.assertTrue(os.path.isdir(self.data / "store" / "status"))
        for root in roots - {str(self.data / "store" / "status")}:
            self.assertTrue(os.listdir(root), root)
        log = re.search(r'access_log "(.*?)"', server)[1]
        self.assertTrue(pathlib.Path(log).exists())
        self.assert_stops(run, signal.SIGTERM)

    def test_without_a_service_there_is_nothing_to_name(self):
        self.assert_stops(self.run_dev(), signal.SIGTERM)
        self.assert_no_service()
        with self.subTest("nor after one that was killed"):
            run = self.run_dev()
            pids = descendants(run.process.pid)
            run.process.kill()
            run.process.wait()
            run.process.stdout.close()
            wait_until("nobody left", lambda: not [
                pid for pid in pids if is_alive(pid)])
            self.assertTrue((self.data / "run" / "runtime").is_symlink())
            self.assert_no_service()
        with self.subTest("and the next run cleans up behind it"):
            run = self.run_dev()
            self.assertEqual(self.upload(run)[0], 201)
            self.assertEqual(run.stop(), 0)
            self.assertFalse((self.data / "run").exists())

    def test_the_rest_needs_no_service(self):
        self.data.mkdir()
        self.data.chmod(0o777)
        done = self.thumbctl("-V")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("thumbctl", done.stdout)
        self.assertEqual(os.listdir(self.tmp / "tmp"), [])


class Releases(DevCase):
    """In two slots, whose masters are thumbctl's."""

    kept = ["fcgi-thumb.conf", "logs", "releases", "store"]

    def release(self, *arguments):
        done = subprocess.run(
            [DEV, "thumbctl", "--data", self.data, "release", *arguments],
            capture_output=True, text=True, timeout=BUILD_SECONDS,
            env={**os.environ, **self.environ})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def state(self):
        return json.loads(self.release("status", "--json"))

    def masters(self):
        """By their slots: pids of those that live."""
        found = {}
        for path in self.data.glob("run/sockets/*/fcgi-thumb.pid"):
            pid = int(path.read_text().split()[0])
            if is_alive(pid):
                found[path.parent.name] = pid
        return found

    def assert_stops(self, run, signo=signal.SIGTERM):
        masters = self.masters()
        self.assertTrue(masters)
        super().assert_stops(run, signo)
        self.assertEqual([pid for pid in masters.values() if is_alive(pid)],
                         [])

    def test_from_run_to_run(self):
        run = self.run_dev("--releases")
        self.assertEqual(self.upload(run)[0], 201)
        self.assertEqual(set(self.masters()), {"blue"})
        self.assert_stops(run)
        with self.subTest("the same build again is not staged"):
            run = self.run_dev("--releases")
            self.assertEqual(self.upload(run)[0], 200)
            self.assertNotIn("idle slot", "".join(run.errors))
            self.assert_stops(run)
        with self.subTest("other settings are, and wait in the idle slot"):
            settings = self.data / "fcgi-thumb.conf"
            settings.write_text(re.sub(r"(?m)^workers = 0;", "workers = 1;",
                                       settings.read_text()))
            run = self.run_dev("--releases")
            self.assertEqual("".join(run.errors).count(
                "./dev thumbctl release rollout, or switch"), 1)
            self.assertEqual(set(self.masters()), {"blue"})
            self.release("switch")
            self.assertEqual(set(self.masters()), {"blue", "green"})
            self.assertEqual(self.upload(run, "orient-1.jpg")[0], 201)
        with self.subTest("one that dies is started again"):
            dead = self.masters()["green"]
            os.kill(dead, signal.SIGKILL)
            wait_until("another one", lambda: self.masters().get(
                "green", dead) != dead)
            self.assertEqual(self.upload(run, "orient-2.jpg")[0], 201)
        with self.subTest("nobody is left when it is killed itself"):
            pids = [*descendants(run.process.pid), *self.masters().values()]
            run.process.kill()
            run.process.wait()
            run.process.stdout.close()
            wait_until("nobody left", lambda: not [
                pid for pid in pids if is_alive(pid)])
        with self.subTest("and the next one serves what served"):
            run = self.run_dev("--releases")
            self.assertEqual(set(self.masters()), {"green"})
            self.assertEqual(self.upload(run)[0], 200)
            self.assert_stops(run, signal.SIGINT)
        with self.subTest("what was done is told without a service"):
            self.assertIn("switch", self.release("history"))


class Interrupts(DevCase):
    """Nobody outlives the checks, even if only the first of them hears."""

    def assert_ends(self, command, signo, is_busy):
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=hear_interrupts,
            env={**os.environ, **self.environ})
        self.addCleanup(process.kill)

        def busy():
            self.assertIsNone(process.poll(), "it ended by itself")
            pids = descendants(process.pid)
            return pids if is_busy([name_of(pid) for pid in pids]) else None

        pids = wait_until("it is busy", busy)
        process.send_signal(signo)
        status = process.wait(PATIENCE)
        self.assertEqual([pid for pid in pids if is_alive(pid)], [])
        self.assertEqual(os.listdir(self.tmp / "tmp"), [])
        return status

    def test_a_stage_of_the_check(self):
        for signo in signal.SIGINT, signal.SIGTERM:
            status = self.assert_ends(
                [DEV, "lint"], signo,
                lambda names: {"clang-format", "cppcheck"} & set(names))
            self.assertEqual(status, 130)

    def test_this_suite(self):
        status = self.assert_ends(
            ["/usr/bin/python3", HERE / "run.py", "processes.Signals."
             "test_another_master_takes_over_without_a_failed_request"],
            signal.SIGTERM, lambda names: names.count("thumb-photo") >= 4)
        self.assertEqual(status, 1)

    def test_the_service_of_the_browsers_suite(self):
        self.assert_ends(
            ["/usr/bin/python3", HERE / "service.py", "--prefix", "/media",
             "sleep", "1000"], signal.SIGINT, lambda names: "sleep" in names)


class Packages(unittest.TestCase):
    """What is missing, where dnf has it: a stand-in for it and for rpm. Nobody
    has tried a real one."""

    def setUp(self):
        self.tmp = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="ft-dev-")))
        for name in ("bash", "cat", "id", "mktemp", "rm"):
            (self.tmp / name).symlink_to(shutil.which(name))
        self.program("sudo", 'shift; exec "$@"')

    def program(self, name, script):
        path = self.tmp / name
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        path.chmod(0o755)

    def dnf(self, status=0):
        # curl is there, by a package of another name.
        self.program("rpm", '[[ $* = "-q --whatprovides curl" ]]')
        self.program("dnf", f'echo "$@" >>{self.tmp}/asked; exit {status}')

    def need(self, *packages):
        return subprocess.run(
            ["bash", "-euc", "top=$PWD; . dev.d/setup.sh; . dev.d/dnf.sh; "
             'need "$@"', "need", *packages], cwd=TOP, text=True,
            capture_output=True, env={"PATH": str(self.tmp),
                                      "TMPDIR": str(self.tmp)})

    def test_dnf_is_asked_for_what_is_missing_by_its_names(self):
        self.dnf()
        done = self.need("gcc", "libfcgi-dev", "curl", "clang-format")
        self.assertEqual((done.returncode, done.stderr), (
            0, "dev: installing gcc fcgi-devel clang-tools-extra\n"))
        self.assertEqual((self.tmp / "asked").read_text(),
                         "-q -y install gcc fcgi-devel clang-tools-extra\n")
        self.assertEqual(self.need("curl").stderr, "")

    def test_a_dnf_that_fails_is_heard(self):
        self.dnf(status=1)
        done = self.need("libfcgi-dev")
        self.assertEqual(done.returncode, 1)
        self.assertIn("dnf could not install fcgi-devel", done.stderr)

    def test_neither_apt_nor_dnf(self):
        done = self.need("gcc")
        self.assertEqual((done.returncode, done.stderr), (
            1, "dev: this needs Debian, Ubuntu, Fedora or EL (apt or dnf); "
            "elsewhere build by ./configure\n"))

    def test_what_is_debians_alone(self):
        self.dnf()
        done = self.need("gcc", "lintian")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr,
                         "dev: a package for Debian is made on a Debian\n")

    def test_no_name_is_left_as_debian_has_it(self):
        names = subprocess.run(
            ["bash", "-euc", "top=$PWD; for file in dev.d/[!i]*.sh; do . $file; "
             "done; for list in ${!packages_*}; do declare -n names=$list; "
             'for name in "${names[@]}"; do (dnf_name $name) || :; done; done'],
            cwd=TOP, text=True, capture_output=True,
            check=True).stdout.split()
        self.assertGreater(len(names), 40)
        for name in names:
            self.assertNotRegex(name, "-dev$|^python3-pil$|^lib.*-bin$")


class Words(unittest.TestCase):
    def test_alone_it_explains_itself_in_a_screen(self):
        done = subprocess.run([DEV], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        self.assertLessEqual(done.stdout.count("\n"), 24)
        for word in "run", "thumbctl", "check", "--port", "--data":
            self.assertIn(word, done.stdout)

    def test_an_unknown_command_is_refused_in_one_line(self):
        status, words = refused("fly")
        self.assertNotEqual(status, 0)
        self.assertEqual(words.count("\n"), 1)
