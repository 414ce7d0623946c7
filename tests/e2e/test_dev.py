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

import nginx
from service import (PATIENCE, TOP, children, is_alive, multipart, picture,
                     wait_until)

DEV = TOP / "dev"

# A first run builds.
BUILD_SECONDS = 600


def descendants(pid):
    found = children(pid)
    return found + [pid for child in found for pid in descendants(child)]


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
        self.addCleanup(run.process.kill)
        line = run.wait_ready()
        self.assertEqual(line, f"ready: http://127.0.0.1:{run.port}/\n",
                         "".join(run.errors))
        return run

    def upload(self, run, name="orient-6.jpg"):
        body, content_type = multipart([("a.jpg", picture(name))])
        answer = nginx.request(("127.0.0.1", run.port), "POST", "/upload",
                               body, {"Content-Type": content_type})
        return answer.status, json.loads(answer.body)

    def assert_stops(self, run, signo):
        """Ends with 0, and nothing is left but the data."""
        pids = descendants(run.process.pid)
        self.assertGreaterEqual(len(pids), 4)
        self.assertEqual(run.stop(signo), 0, "".join(run.errors))
        self.assertEqual([pid for pid in pids if is_alive(pid)], [])
        self.assertEqual(sorted(os.listdir(self.data)),
                         ["fcgi-thumb.conf", "logs", "store"])
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
        self.addCleanup(run.process.kill)
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
        master, = [pid for pid in pids if pathlib.Path(
            f"/proc/{pid}/comm").read_text().strip() == "fcgi-thumb"]
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

    def test_thumbctl_works_on_that_service(self):
        self.assert_stops(self.run_dev(), signal.SIGTERM)
        out = self.tmp / "out"
        out.mkdir()
        out.chmod(0o777)
        done = subprocess.run(
            [DEV, "thumbctl", "--data", self.data, "nginx-conf", out],
            capture_output=True, text=True, timeout=BUILD_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(str(self.data / "store"),
                      (out / "fcgi-thumb-server.conf").read_text())


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
