"""What the README shows of curl is what curl shows."""

import json
import os
import re
import subprocess

from case import ServiceCase
from service import PICTURES, TOP

README = (TOP / "README.md").read_text()
SERVICE = "http://127.0.0.1:8080"

# What differs with the machine, the libraries or the moment.
VARIES = {"color", "placeholder", "delete_token"}


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
