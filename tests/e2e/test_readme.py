"""What the README shows of curl is what curl shows."""

import json
import os
import pathlib
import random
import re
import shlex
import signal
import subprocess
import time

import nginx
from case import ServiceCase
from service import (HAS_LANE, PICTURES, PROGRAM, TOP, picture, variation,
                     wait_until)

README = (TOP / "README.md").read_text()
SERVICE = "http://127.0.0.1:8080"

# What differs with the machine, the libraries or the moment.
VARIES = {"color", "placeholder", "delete_token"} | (
    set() if HAS_LANE else {"engine"})


def steady(value, key=None):
    """What an answer has in common with the next one."""
    if key == "timing_ms":
        return sorted(value)
    if key == "variants":
        value = [{**one, "bytes": None} for one in value]
    if isinstance(value, dict):
        return {k: None if k in VARIES else steady(v, k)
                for k, v in value.items()}
    if isinstance(value, list):
        return [steady(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"\?v=[0-9a-f]{8}", "?v=", value)
    return value


class Curl(ServiceCase):
    settings = {"engine": "auto"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What the tests need of curl beyond what is shown.
        (cls.service.directory / ".curlrc").write_text(
            'silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')

    def curl(self, command):
        """(status, document) of a command as a shell takes it."""
        self.assertTrue(command.startswith("curl "), command)
        done = subprocess.run(
            command.replace(SERVICE, self.service.url), shell=True, cwd=TOP,
            env={**os.environ, "CURL_HOME": str(self.service.directory)},
            capture_output=True, text=True, timeout=60, check=True)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(body)

    def test_commands_are_answered_as_shown(self):
        shown = re.findall(r"^```\n\$ (curl [^\n]*)\n```\n\nanswers (\d+) [^`]*"
                           r"```json\n(.*?)^```$", README, re.M | re.S)
        self.assertEqual(len(shown), README.count("```\n$ curl "))
        self.assertGreaterEqual(len(shown), 3)
        for command, status, document in shown:
            with self.subTest(command):
                answer = self.curl(command)
                self.assertEqual(answer[0], int(status))
                self.assertEqual(steady(answer[1]),
                                 steady(json.loads(document)))
                # A client may see the members in this order.
                self.assertEqual(
                    [list(photo) for photo in answer[1].get("photos", [])],
                    [list(photo)
                     for photo in json.loads(document).get("photos", [])])

    def test_no_other_command_is_shown(self):
        """All of curl's is tried: as a block, or below."""
        shown = re.findall(r"curl -[^\n`]*", README)
        self.assertEqual(len(shown), README.count("```\n$ curl ") + 1, shown)

    def test_a_raw_body(self):
        command, = re.findall(r"`(curl -T [^`]+)`", README)
        self.assertEqual(
            self.curl(command.replace(
                "IMG.jpg", str(PICTURES / "progressive.jpg")))[0], 201)


    def test_what_the_lane_leaves_is_listed(self):
        command, = re.findall(r"^grep -o '\"declined.*$", README, re.M)
        for name in "cmyk.jpg", "p3.jpg":
            self.service.upload((name, picture(name)))
        done = subprocess.run(
            command.replace("/var/log/fcgi-thumb", str(self.service.logs)),
            shell=True, capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r'^ +1 "declined":"planes: [^"]+"\n$'
                         if HAS_LANE else "^$")


class ByHand(ServiceCase):
    """Two services on one store, with plain nginx: the commands as they
    stand, in the places of a test."""

    settings = {"slot": "none", "trusted_proxies": ["127.0.0.1"]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        chapter = README.partition("### The same by hand")[2]
        chapter = chapter.partition("\n## ")[0]
        cls.blocks = re.findall(r"^```\n(.*?)^```", chapter, re.M | re.S)

    def place(self, block):
        """A block with the test's directories and programs."""
        service = self.service
        for shown, here in (
                ("/opt/new/sbin/fcgi-thumb", PROGRAM),
                ("/etc/fcgi-thumb/", f"{service.directory}/"),
                ("/run/fcgi-thumb-new", service.directory / "new"),
                ("/run/fcgi-thumb/", f"{service.run}/"),
                ("/etc/nginx/fcgi-thumb", service.nginx.directory),
                ("/var/log/fcgi-thumb", service.logs),
                ("thumbctl nginx-conf", shlex.join(map(str, (
                    nginx.THUMBCTL, "-c", service.settings_file, "nginx-conf",
                    "--templates", nginx.TEMPLATES))))):
            block = block.replace(shown, str(here))
        return re.sub(r"\bnginx -(?=[ts])", lambda _: shlex.join(
            service.nginx.command()) + " -", block)

    def run_block(self, i, shell="-ec"):
        done = subprocess.run(
            ["/bin/sh", shell, self.place(self.blocks[i])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def send(self, visitor):
        photo = variation(picture("progressive.jpg"), f"{visitor} {time.time_ns()}")
        answer = self.service.upload(
            ("a.jpg", photo), headers={"X-Forwarded-For": visitor})
        self.assertEqual(answer.status, 201, answer.body)

    def slots(self):
        """visitor: the slots that its requests came to."""
        found = {}
        for line in self.service.journal():
            found.setdefault(line["address"], set()).add(line.get("slot"))
        return found

    def test_a_release_by_hand(self):
        (self.service.directory / "new").mkdir()
        # The service that a block starts outlives its shell.
        self.blocks[0] = self.blocks[0].replace(
            " &\n", " >/dev/null 2>&1 & echo $!\n")
        status, words = self.run_block(0)
        self.assertEqual(status, 0, words)
        pid = int(words.split()[-1])
        try:
            wait_until("the new one is there", (
                self.service.directory / "new" / "fcgi-thumb.pid").exists)
            status, words = self.run_block(1)
            self.assertEqual(status, 0, words)
            # From everywhere: nginx's ring puts neighbours beside each other,
            # and where 5 % of it are depends on the sockets' names.
            dice = random.Random(4711)
            visitors = [f"198.{dice.randrange(18, 20)}.{dice.randrange(256)}."
                        f"{dice.randrange(1, 255)}" for _ in range(300)]
            for visitor in visitors:
                self.send(visitor)
            slots = self.slots()
            new = [visitor for visitor in visitors
                   if slots[visitor] == {"green"}]
            self.assertIn(len(new), range(1, 60))
            # The first ones may have met nginx before its reload.
            for visitor in new[-2:] + [
                    v for v in visitors if v not in new][-2:]:
                self.send(visitor)
                self.assertEqual(self.slots()[visitor], slots[visitor])
            _, words = self.run_block(2, "-c")  # 0 lines are grep's 1
            self.assertEqual(words.split(), ["0", "0"])
            status, words = self.run_block(3)
            self.assertEqual(status, 0, words)
        finally:
            os.kill(pid, signal.SIGTERM)
        wait_until("the new one has ended", lambda: not pathlib.Path(
            f"/proc/{pid}").exists())
        for visitor in new:
            self.send(visitor)
            self.assertEqual(self.slots()[visitor], {"green", None})
