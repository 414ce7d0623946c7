"""Where lines go, that each arrives, and that no disk, receiver or rotation in
their way touches a request."""

import collections
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import test_processes
from case import Load, at_once
from nginx import THUMBCTL
from service import Service, picture, variation, wait_until

NO_PHOTO = "/photos/" + "a" * 26


class Receiver:
    """Who gets datagrams at a path, or at a port of 127.0.0.1 where it is None,
    and keeps them as texts."""

    def __init__(self, path=None):
        self.path = path
        self.messages = []
        self.port = 0
        self.listen()

    def listen(self):
        if self.path:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            pathlib.Path(self.path).unlink(missing_ok=True)
            self.socket.bind(str(self.path))
            os.chmod(self.path, 0o666)
        else:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind(("127.0.0.1", self.port))
            self.port = self.socket.getsockname()[1]
        self.socket.settimeout(0.05)
        self.going = True
        self.thread = threading.Thread(target=self.receive)
        self.thread.start()

    def receive(self):
        while self.going:
            try:
                self.messages.append(self.socket.recv(1 << 20).decode())
            except TimeoutError:
                pass

    def stop(self):
        """Twice is allowed."""
        self.going = False
        self.thread.join()
        self.socket.close()

    def bodies(self):
        """What the messages are about: the lines themselves."""
        return [re.sub(r"^<\d+>(1 .*? - |.*?: )", "", message)
                for message in list(self.messages)]

    def journal(self):
        return [json.loads(body) for body in self.bodies()
                if body.startswith("{")]

    def words(self):
        return [body for body in self.bodies() if not body.startswith("{")]


class LogsCase(test_processes.OwnService):
    def receiver(self, *arguments):
        receiver = Receiver(*arguments)
        self.addCleanup(receiver.stop)
        return receiver

    def directory(self):
        """Of its own, with a short name: sockets lie in it."""
        directory = pathlib.Path(os.path.realpath(
            subprocess.check_output(["mktemp", "-d"], text=True).strip()))
        directory.chmod(0o755)
        self.addCleanup(shutil.rmtree, directory)
        return directory

    def trace_with(self, path, request):
        return subprocess.run(
            [THUMBCTL, "-c", self.service.settings_file, "log", "--request",
             request], env={"PATH": path}, capture_output=True, text=True)

    def carrier(self):
        pid, = self.service.master.workers("thumb-log")
        return pid

    def ask(self, n):
        """So many requests that leave a line each and cost little; their
        ids."""
        return [answer.headers["X-Request-Id"] for answer in (
            self.service.request("DELETE", NO_PHOTO, headers={
                "Authorization": "Bearer none"}) for _ in range(n))]

    def ids(self, lines, key="request"):
        return collections.Counter(line[key] for line in lines)


class Carried(LogsCase):
    """log_service and log_access at sockets of their own."""

    def start_carried(self, kind="syslog"):
        self.places = self.directory()
        self.service_log = self.receiver(self.places / "service")
        self.access_log = self.receiver(self.places / "access")
        self.start(log_service=f"{kind}:{self.places}/service",
                   log_access=f"syslog:{self.places}/access")

    def test_lines_of_all_processes_arrive_whole_and_once(self):
        self.start_carried()
        photo = picture("gray.jpg")
        answers = at_once(16, lambda i: self.service.upload(
            *((f"{k}.jpg", variation(photo, f"{i} {k}")) for k in range(2))))
        want = {answer.headers["X-Request-Id"]: 1 for answer in answers}
        lines = wait_until("all lines", lambda: (
            found := self.service_log.journal()) and len(found) >= 16
            and found)
        self.assertEqual(self.ids(lines), want)
        for line in lines:
            self.assertEqual(len(line["photos"]), 2)
            self.assertGreater(line["bytes_in"], 2 * len(photo))
            self.assertGreater(line["bytes"], 1000)
            self.assertRegex(line["version"], r"^\d+\.")
        self.assertEqual({line["worker"] for line in lines},
                         set(self.service.master.workers()))
        access = wait_until("nginx's lines", lambda: [
            line for line in self.access_log.journal()
            if line["uri"] == "/upload"][15:] and self.access_log.journal())
        self.assertEqual({line["id"] for line in access} & set(want),
                         set(want))
        self.assertRegex(
            self.service_log.messages[-1],
            r"^<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d fcgi-thumb\[\d+\]: ")
        self.assertRegex(self.access_log.messages[-1],
                         r"^<30>.{15} fcgi_thumb_access: \{")
        # Nothing went where files would have been.
        self.assertEqual(list(self.service.logs.iterdir()), [])
        # The last of its words are sent before it ends.
        self.service.master.stop()
        self.assertEqual(self.service_log.words()[-1], "stopped")

    def test_a_receiver_that_is_away_costs_lines_and_no_request(self):
        self.start_carried()
        sent = self.ask(20)
        wait_until("its lines", lambda: self.ids(
            self.service_log.journal()) == dict.fromkeys(sent, 1))
        self.service_log.stop()
        # More than the way to the receiver holds.
        for _ in range(100):
            sent += self.ask(50)
            if len(sent) > 1500:
                break
        answer = self.service.upload(("a.jpg", picture("gray.jpg")))
        self.assert_taken(answer, 201, "created")
        sent.append(answer.headers["X-Request-Id"])
        carrier = self.carrier()
        os.kill(carrier, signal.SIGKILL)
        wait_until("another carrier",
                   lambda: carrier not in self.service.master.workers(
                       "thumb-log") and self.service.master.workers(
                           "thumb-log"))
        wait_until("words of it", lambda:
                   "Connection refused; lines wait" in self.service.words())
        self.service_log.listen()
        wait_until("what was on its way", lambda: len(
            self.service_log.journal()) > 50)

        def lost():
            return sum(int(words.rpartition(" ")[2]) for words
                       in self.service_log.words() if "lost here" in words)

        # It is said with the next line, and once a second at most.
        wait_until("all have come, or are counted", lambda: (
            sent.extend(self.ask(1)) or time.sleep(0.05) or
            lost() + len(self.service_log.journal()) >= len(sent)))
        lines = self.ids(self.service_log.journal())
        self.assertEqual(set(lines.values()), {1})
        self.assertLessEqual(set(lines), set(sent))
        # The master's word about its carrier was perhaps one of them.
        self.assertIn(lost() + len(lines) - len(sent), (0, 1))
        self.assertGreater(lost(), 100)

    def test_the_journal_has_fields_and_is_asked_by_them(self):
        self.start_carried("journal")
        answer = self.service.upload(("n.txt", picture("notes.txt")))
        request = answer.headers["X-Request-Id"]
        message = wait_until("its message", lambda: [
            text for text in self.service_log.messages if request in text])[0]
        fields = dict(line.split("=", 1) for line in message.splitlines())
        self.assertEqual(fields["FCGI_THUMB_REQUEST"], request)
        self.assertEqual(fields["SYSLOG_IDENTIFIER"], "fcgi-thumb")
        self.assertEqual(fields["PRIORITY"], "6")
        self.assertEqual(json.loads(fields["MESSAGE"])["worker"],
                         int(fields["SYSLOG_PID"]))
        # A journalctl that knows what it was asked for.
        tool = self.places / "journalctl"
        tool.write_text("#!/bin/sh\n"
                        'for match; do :; done\n'
                        f'test "$match" = FCGI_THUMB_REQUEST={request} || '
                        "exit 0\n"
                        f"cat <<'EOF'\n{fields['MESSAGE']}\nEOF\n")
        tool.chmod(0o755)
        done = self.trace_with(
            f"{self.places}:{os.environ['PATH']}", request)
        self.assertIn("photo 1 refused: unsupported-format", done.stdout)
        self.assertEqual(done.returncode, 0)
        done = self.trace_with("/nowhere", request)
        self.assertIn("there is no journalctl here", done.stdout)
        self.assertEqual(done.returncode, 1)


class Ledger(LogsCase):
    def test_its_lines_are_copied_and_doctor_looks_who_takes_them(self):
        places = self.directory()
        copies = self.receiver(places / "ledger")
        self.start(log_ledger=f"journal:{places}/ledger")
        done = self.service.thumbctl("offline", "--for", "1h", "--reason",
                                     "a new disk")
        self.assertEqual(done.returncode, 0, done.stderr)
        message, = wait_until("its copy", lambda: copies.messages)
        self.assertIn("SYSLOG_IDENTIFIER=fcgi-thumb-ledger\n", message)
        copy = message.splitlines()[-1].removeprefix("MESSAGE=")
        file, = self.service.ledger.glob("*.jsonl")
        self.assertEqual(file.read_text(), copy + "\n")
        self.assertEqual(json.loads(copy)["reason"], "a new disk")
        self.assertIn(f"log_ledger: journal:{places}/ledger can be reached",
                      self.service.thumbctl("doctor").stdout)
        # Nobody takes it: the deed is done all the same.
        copies.stop()
        done = self.service.thumbctl("online")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Connection refused; its lines are not copied",
                      done.stderr)
        self.assertRegex(self.service.thumbctl("doctor").stdout,
                         r"FAULT.*log_ledger: .*Connection refused")


class OtherHost(LogsCase):
    def test_lines_go_to_another_host_s_port(self):
        service_log, access_log = self.receiver(), self.receiver()
        self.start(log_service=f"syslog:127.0.0.1:{service_log.port}",
                   log_access=f"syslog:localhost:{access_log.port}")
        sent = self.ask(20)
        wait_until("the lines", lambda: self.ids(
            service_log.journal()) == dict.fromkeys(sent, 1))
        self.assertRegex(
            service_log.messages[-1],
            r"^<30>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ fcgi-thumb "
            r"\d+ json - \{")
        # What is refused is sent again, but for the one that came before.
        service_log.stop()
        sent += self.ask(20)
        service_log.listen()
        sent += self.ask(1)
        wait_until("the lines", lambda: self.ids(
            service_log.journal()).keys() >= set(sent[-19:]))
        self.assertGreaterEqual(len(service_log.journal()), len(sent) - 1)
        done = self.service.thumbctl("log", "--request", sent[0])
        self.assertIn("the service's lines go to the host 127.0.0.1",
                      done.stdout)
        self.assertIn("nginx's lines go to the host localhost", done.stdout)
        self.assertEqual(done.returncode, 1)


class Rotation(LogsCase):
    def rotate(self, number):
        """As logrotate does it."""
        service = self.service
        for name in "fcgi-thumb.log", "access.log":
            (service.logs / name).rename(service.logs / f"{name}.{number}")
        pid = int((service.run / "fcgi-thumb.pid").read_text().split()[0])
        os.kill(pid, signal.SIGUSR1)
        service.nginx.process.send_signal(signal.SIGUSR1)
        wait_until("the log anew", lambda: "open anew" in service.log())

    def lines(self, name):
        return [json.loads(line)
                for path in self.service.logs.glob(f"{name}*")
                for line in path.read_text().splitlines()
                if line.startswith("{")]

    def test_under_load_no_line_and_no_request_is_lost(self):
        service = self.start()
        in_force = (service.run / "fcgi-thumb.pid").read_text()
        # Edited and not applied: nobody's settings yet.
        service.settings_file.write_text("nonsense")
        with Load(service) as load:
            for number in 1, 2, 3:
                load.wait_for(15)
                self.rotate(number)
            load.wait_for(15)
        self.assert_all_taken(load)
        self.assertEqual((service.run / "fcgi-thumb.pid").read_text(),
                         in_force)
        want = {answer.headers["X-Request-Id"]: 1 for answer in load.answers}
        wait_until("every line once", lambda: self.ids(
            self.lines("fcgi-thumb.log")) == want)
        wait_until("nginx's too", lambda: not (
            want.keys() - {line["id"] for line in self.lines("access.log")}))
        self.assertGreater(len((service.logs / "fcgi-thumb.log.2")
                               .read_text().splitlines()), 10)


class Disk(LogsCase):
    """The log's disk is full, or gone."""

    def upload(self, mark):
        answer = self.service.upload(
            ("a.jpg", variation(picture("gray.jpg"), mark)))
        self.assert_taken(answer, 201, "created")
        return answer.headers["X-Request-Id"]

    def test_a_full_disk_costs_lines_that_are_counted(self):
        self.service = Service()
        self.addCleanup(self.service.stop)
        log = self.service.logs / "fcgi-thumb.log"
        log.symlink_to("/dev/full")
        self.service.start()
        for i in range(5):
            self.upload(i)
        # Room again: what is there is another file now.
        log.unlink()
        wait_until("the log anew", lambda: "open anew" in self.service.log())
        self.upload("room")
        lost = wait_until("how many", lambda: re.findall(
            r"lines lost here: (\d+)\n", self.service.log()))
        self.assertGreaterEqual(sum(map(int, lost)), 5)

    def test_a_directory_that_goes_and_comes_back(self):
        service = self.start()
        shutil.rmtree(service.logs)
        said = service.errors_file.read_text
        wait_until("the log is missed", lambda: "No such file" in said())
        wait_until("its workers follow", lambda: "open anew" in said())
        elsewhere = self.upload("elsewhere")
        wait_until("its line on stderr", lambda: elsewhere in said())
        self.assertIn(f"{service.logs}/fcgi-thumb.log: No such file",
                      said())
        service.logs.mkdir()
        wait_until("the log anew", lambda: "open anew" in service.log())
        request = self.upload("again")
        wait_until("its line", lambda: request in self.ids(
            service.journal()))
        self.assertNotIn(elsewhere, service.log())


class Trace(LogsCase):
    """thumbctl log --request."""

    @classmethod
    def setUpClass(cls):
        cls.service = Service().start()
        cls.addClassCleanup(cls.service.stop)

    def trace(self, request, *arguments, status=0):
        done = self.service.thumbctl("log", "--request", request, *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertTrue(done.stdout.replace("\n", "").isprintable())
        self.assertTrue(done.stdout.isascii())
        return done.stdout

    def wait_for_lines(self, request):
        wait_until("its lines", lambda: request in self.ids(
            self.service.journal()) and request in self.ids(
                self.service.access(), "id"))

    def test_a_request_is_told_from_all_logs(self):
        answer = self.service.upload(
            ("a.jpg", picture("orient-6.jpg")),
            ("\x1b[2J.txt", picture("notes.txt")))
        request = answer.headers["X-Request-Id"]
        self.wait_for_lines(request)
        text = self.trace(request)
        for words in ("POST /upload from 127.0.0.1: 201", "bytes in",
                      "a worker answered 201", "most: ", "photo 1 created",
                      "photo 2 refused: unsupported-format"):
            self.assertIn(words, text)
        document = json.loads(self.trace(request, "--json"))
        self.assertEqual(document["access"][0]["id"], request)
        self.assertEqual(document["service"][0]["request"], request)
        # Rotated, compressed, and with what looks like it in newer ones.
        for name in "fcgi-thumb.log", "access.log":
            log = self.service.logs / name
            (self.service.logs / f"{name}.2.gz").write_bytes(
                gzip.compress(log.read_bytes()))
            os.truncate(log, 0)
            log.write_text(f'{{"id":"x","uri":"/{request}\\u001b[2J"}}\n')
            os.utime(self.service.logs / f"{name}.2.gz", (1, 1))
        self.assertEqual(json.loads(self.trace(request, "--json")), document)

    def test_a_hostile_address_is_no_command_to_the_terminal(self):
        answer = self.service.get("/nothing%1b%5b2J%c2%9b?%1b[2J")
        request = answer.headers["X-Request-Id"]
        wait_until("its line", lambda: request in self.ids(
            self.service.access(), "id"))
        self.assertIn("no worker was asked", self.trace(request))

    def test_of_a_worker_that_died_the_master_tells(self):
        thread, result, pid = test_processes.Crashes.upload_until_busy(
            self, "a.png", test_processes.slow_photo("traced"))
        self.assertEqual(result, [], "it was ready before it was stopped")
        os.kill(pid, signal.SIGABRT)
        os.kill(pid, signal.SIGCONT)
        thread.join()
        self.assertEqual(result[0].status, 502)
        request = result[0].headers["X-Request-Id"]
        wait_until("the master's words",
                   lambda: request in self.service.words())
        wait_until("nginx's line", lambda: request in self.ids(
            self.service.access(), "id"))
        text = self.trace(request)
        self.assertIn("its worker was lost", text)
        self.assertRegex(text, r"words    fcgi-thumb: error: photo worker \d+"
                               r" was killed by signal 6")

    def test_what_is_not_there_is_said(self):
        self.assertIn("request ", self.trace("ab" * 16, status=1))
        for arguments in ((), ("--request",), ("--request", "a;b"),
                          ("--request", ""), ("--request", "a", "b"),
                          ("--request", "a" * 65), ("--bad",)):
            done = self.service.thumbctl("log", *arguments)
            self.assertEqual(done.returncode, 64, arguments)
            self.assertTrue(done.stderr)
