"""The README's code: a token that each language makes is taken."""

import re
import shutil
import subprocess

from case import NotHere
from service import TOP
from test_tokens import NEW, TokenCase

# How each reads a program from standard input.
COMMANDS = {"php": ["php"], "python": ["/usr/bin/python3", "-"],
            "javascript": ["node", "-"]}


def snippets():
    """The blocks of the section, by language."""
    text = (TOP / "README.md").read_text()
    section = text.split("## Uploads straight from a browser\n")[1]
    section = re.split(r"^##", section, flags=re.M)[0]
    found = re.findall(r"^```([a-z]+)\n(.*?)^```$", section, re.M | re.S)
    return {language: code for language, code in found
            if language in COMMANDS}


class Snippets(TokenCase):
    def check(self, language):
        command = COMMANDS[language]
        if shutil.which(command[0]) is None:
            raise NotHere(f"no {command[0]}")
        code = snippets()[language]
        self.assertLessEqual(code.count("\n"), 10)
        made = subprocess.run(
            command, input=code, env={"UPLOAD_SECRET": NEW,
                                      "PATH": "/usr/local/bin:/usr/bin:/bin"},
            check=True, capture_output=True, text=True).stdout.strip()
        self.assert_taken(self.service.send(self.fresh(), made), 201,
                          "created")
        payload, _, mac = made.partition(".")
        for changed in (payload[:-1] + ("A" if payload[-1] != "A" else "B")
                        + "." + mac,
                        payload + "." + mac[:-1]
                        + ("A" if mac[-1] != "A" else "E")):
            self.assert_problem(self.service.send(self.fresh(), changed), 403,
                                "token-invalid")

    def test_php(self):
        self.check("php")

    def test_python(self):
        self.check("python")

    def test_javascript(self):
        self.check("javascript")
