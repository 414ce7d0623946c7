"""The manual pages: they say what the programs are, and their examples run."""

import json
import os
import pwd
import re
import shlex
import shutil
import subprocess
import time
import unittest

from case import NotHere, ServiceCase
from nginx import BUILD, TEMPLATES, THUMBCTL
from service import PICTURES, PROGRAM, TOP
from test_contract import TABLE, rows

PAGES = {page.name: page for page in (
    BUILD / "fcgi-thumb" / "fcgi-thumb.8", BUILD / "fcgi-thumb" / "thumbctl.8",
    BUILD / "conf" / "fcgi-thumb.conf.5", TOP / "nginx" / "fcgi-thumb-http.7")}
SOURCES = TOP / "fcgi-thumb"


def text(page):
    return PAGES[page].read_text()


def section(page, title):
    """The lines of one section."""
    return re.split(r"^\.Sh ", text(page).split(f"\n.Sh {title}\n")[1],
                    flags=re.M)[0]


def plain(line):
    """What a line of mdoc shows, without the looks."""
    words = [word for word in line.split() if not re.fullmatch(
        r"\.It|Cm|Ar|Ic|Li|No|Op|Oo|Oc|Pq|Xo", word)]
    return " ".join(words).replace(" ,", ",")


def said(*command):
    """A program's standard output."""
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True).stdout


def options_of(usage):
    """{(option, its argument or "")} of a usage line."""
    return set(re.findall(r"--([a-z0-9-]+) ?([A-Z]*)", usage))


class Complete(unittest.TestCase):
    """Nothing is left out, and nothing is told that is not there."""

    maxDiff = None

    def assert_same(self, page, what, told, true):
        missing, wrong = sorted(true - told), sorted(told - true)
        self.assertFalse(missing or wrong, f"{page}, {what}: " + "; ".join(
            [f"not told: {one}" for one in missing] +
            [f"told, and not there: {one}" for one in wrong]))

    def test_every_command_of_thumbctl_and_its_options(self):
        listed = said(THUMBCTL, "-h").split("\ncommands:\n")[1]
        true = {}
        for command in re.findall(r"^  ([a-z-]+) ", listed, re.M):
            usage, _, words = said(THUMBCTL, command, "--help").partition("\n\n")
            true[command] = options_of(usage)
            # What its help explains, its usage has.
            for option in re.findall(r"^  --([a-z0-9-]+)", words, re.M):
                self.assertIn(option, dict(true[command]), command)
        # An entry of the page goes to the next one; its headline may have
        # several lines.
        told = {}
        commands = section("thumbctl.8", "COMMANDS")
        for entry in re.split(r"^\.It (?:Xo\n\.)?Ic ", commands,
                              flags=re.M)[1:]:
            command = re.match(r"[a-z-]+", entry)[0]
            head = (entry.split("\n.Xc")[0] if "\n.Xc" in entry
                    else entry.split("\n")[0])
            told[command] = {(option, argument or "") for option, argument in
                             re.findall(r"Fl -([a-z0-9-]+)(?: Ar ([A-Z]+))?",
                                        head)}
            for option in re.findall(r"Fl -([a-z0-9-]+)", entry):
                self.assertIn(option, dict(told[command]),
                              f"thumbctl.8, {command}: not in its headline")
        self.assert_same("thumbctl.8", "commands", set(told), set(true))
        for command, options in true.items():
            self.assert_same("thumbctl.8", f"options of {command}",
                             told[command], options)

    def test_every_option_of_fcgi_thumb(self):
        usage = said(PROGRAM, "-h")
        self.assert_same("fcgi-thumb.8", "options",
                         set(re.findall(r"^\.It Fl ([a-zA-Z])",
                                        text("fcgi-thumb.8"), re.M)),
                         set(re.findall(r"^  -([a-zA-Z]) ", usage, re.M)))

    def test_every_variable_of_the_environment(self):
        true, told = set(), set()
        for path in SOURCES.glob("*.c"):
            true |= set(re.findall(r'\bgetenv\("(\w+)"\)', path.read_text()))
        for page in "fcgi-thumb.8", "thumbctl.8":
            for line in re.findall(r"^\.It Ev (.*)$", text(page), re.M):
                told |= set(line.split(" , "))
        self.assert_same("fcgi-thumb.8 and thumbctl.8", "environment", told,
                         true)

    def settings(self):
        """The keys of the table."""
        scopes = {"TOP": "", "LIMIT": "limits.", "PRESET": "presets[]."}
        found = re.findall(r"^\t\{ (TOP|LIMIT|PRESET)\((\w+)\)",
                           (SOURCES / "settings_table.c").read_text(), re.M)
        self.assertGreater(len(found), 40)
        return {scopes[scope] + key for scope, key in found}

    def test_every_key_of_the_settings(self):
        self.assert_same("fcgi-thumb.conf.5", "keys",
                         set(re.findall(r"^\.It Va (\S+)$",
                                        section("fcgi-thumb.conf.5",
                                                "SETTINGS"), re.M)),
                         self.settings())

    def test_every_status_and_code(self):
        self.assert_same("fcgi-thumb-http.7", "refusals",
                         set(re.findall(r"^\.It (\d+) Cm ([a-z-]+)$",
                                        section("fcgi-thumb-http.7",
                                                "REFUSALS"), re.M)),
                         {(str(row[0]), code) for code, row in TABLE.items()})

    def test_every_request(self):
        self.assert_same("fcgi-thumb-http.7", "requests (README's table)",
                         {plain(line) for line in
                          section("fcgi-thumb-http.7", "REQUESTS").splitlines()
                          if line.startswith(".It ")},
                         {row.replace("`", "") for row in rows()})

    def test_every_kind_of_damage(self):
        told = set()
        for line in re.findall(r"^\.It Cm ([a-z ,]+)$",
                               section("thumbctl.8", "COMMANDS"), re.M):
            told |= set(line.split(" , "))
        self.assert_same("thumbctl.8", "what verify finds", told, set(
            re.findall(r'\[DAMAGE_\w+\] = "([a-z]+)"',
                       (SOURCES / "store_verify.c").read_text())))

    def test_what_they_refer_to_is_there(self):
        keys = self.settings() | {"limits", "presets"}
        keys |= {key.rpartition(".")[2] for key in keys
                 if key.startswith("presets")}
        for page in PAGES:
            for line in re.findall(r"^\.Va (.*)$", text(page), re.M):
                for key in re.findall(r"[a-z][a-z_.\[\]]*[a-z]",
                                      line.split(" = ")[0]):
                    self.assertTrue(key in keys, f"{page}: no setting {key}")
            for name, number in re.findall(r"^\.Xr (\S*thumb\S*) (\d)",
                                           text(page), re.M):
                self.assertIn(f"{name}.{number}", set(PAGES), page)
            self.assertNotRegex(text(page), "@[a-z]+@")

    def test_they_are_shown_as_they_are_meant(self):
        for command in (["mandoc", "-T", "lint", "-W", "warning"],
                        ["mandoc", "-T", "utf8"], ["man", "-l"]):
            if shutil.which(command[0]) is None:
                raise NotHere(f"no {command[0]}")
            for page, path in PAGES.items():
                done = subprocess.run(
                    [*command, path], capture_output=True, text=True,
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, "MANPAGER": "cat", "TERM": "dumb",
                         "LC_ALL": "C.UTF-8"})
                self.assertEqual((done.returncode, done.stderr), (0, ""),
                                 f"{command} {page}: {done.stdout[-400:]}")
                if "lint" not in command:
                    self.assertIn("EXAMPLES", done.stdout.replace("\b", "")
                                  .replace("EEXXAAMMPPLLEESS", "EXAMPLES"))


# ---- examples ----------------------------------------------------------------

def blocks(page):
    """What stands in displays, as it is shown."""
    found = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", text(page),
                       re.M | re.S)
    return [block.replace("\\e", "\\").replace("\\(dq", '"')
            for block in found]


def commands(page):
    """The displays with commands, each a list of them. A line that begins with
    a space goes on with the one before."""
    return [re.findall(r"^[#$] (.*\n(?: .*\n)*)", block, re.M)
            for block in blocks(page) if block[0] in "#$"]


class Examples(ServiceCase):
    """Run as they stand, against a service. Only what would name this machine's
    own service names this one: the settings, nginx's directory, the address."""

    settings = {"presets": [
        {"name": "large", "width": 300, "height": 300,
         "formats": ["jpeg", "webp"]}]}

    # Behind a command that is not the only one: what it needs where nothing
    # is installed, or what makes it short.
    MORE = {"nginx-conf": f"--templates {TEMPLATES}",
            "apply": f"--templates {TEMPLATES}",
            "doctor": f"--templates {TEMPLATES}",
            "stress": "--photos photos --seconds 1s --clients 1"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        service = cls.service
        service.write_settings(probe_url=service.url)
        cls.write_ledger()
        cls.programs = service.directory / "bin"
        cls.home = service.directory / "home"
        for directory in cls.programs, cls.home:
            directory.mkdir()
        (cls.home / ".curlrc").write_text("silent\nshow-error\nfail\n")
        (cls.home / "photo.jpg").write_bytes(
            (PICTURES / "photo-12mp.jpg").read_bytes())
        photos = cls.home / "photos"
        photos.mkdir()
        (photos / "a.jpg").write_bytes((PICTURES / "p3.jpg").read_bytes())
        cls.program("fcgi-thumb", f'exec {PROGRAM} -c {service.settings_file} '
                    '"$@"')
        cls.program("nginx", f"exec {shlex.join(service.nginx.command())} "
                    '"$@"')
        cases = "".join(f"{command}) shift; set -- {command} {more} \"$@\";;\n"
                        for command, more in cls.MORE.items())
        cls.program("thumbctl", f'case $1 in\n{cases}esac\n'
                    f'exec {THUMBCTL} -c {service.settings_file} "$@"')

    @classmethod
    def write_ledger(cls):
        """Of a service that has been online, so that slo has something to say
        of it: from five minutes ago until these tests are over."""
        now = time.time()
        for second in range(-300, 600, 10):
            at = time.strftime("%Y-%m-%dT%H:%M:%S",
                               time.gmtime(now + second)) + ".000Z"
            path = cls.service.ledger / f"{at[:10]}.jsonl"
            path.parent.mkdir(exist_ok=True)
            with path.open("a") as file:
                json.dump({"time": at, "kind": "probe", "ok": True,
                           "created": True, "ms": {}, "version": "0"}, file)
                file.write("\n")

    @classmethod
    def program(cls, name, script):
        path = cls.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def adapted(self, command):
        for shown, here in (
                ("http://localhost", self.service.url),
                ("/etc/nginx/fcgi-thumb", self.service.nginx.directory)):
            command = command.replace(shown, str(here))
        return command

    def run_block(self, block):
        """One shell, for what it keeps in variables."""
        script = "".join(map(self.adapted, block))
        done = subprocess.run(
            ["/bin/bash", "-euxo", "pipefail", "-c", script], cwd=self.home,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120,
            env={"PATH": f"{self.programs}:{os.environ['PATH']}",
                 "HOME": str(self.home), "CURL_HOME": str(self.home)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def run_page(self, page):
        """Each display by its first command: what it printed."""
        printed = {}
        found = commands(page)
        self.assertGreater(len(found), 1)
        for block in found:
            self.assertTrue(block, page)
            with self.subTest(block[0]):
                printed[block[0].strip()] = self.run_block(block)
        return printed

    def setUp(self):
        self.run_block(["curl -F photo=@photo.jpg http://localhost/upload\n"])

    def test_fcgi_thumb(self):
        printed = self.run_page("fcgi-thumb.8")
        self.assertIn("settings are valid", printed["fcgi-thumb -t"])

    def test_conf(self):
        printed = self.run_page("fcgi-thumb.conf.5")
        self.assertIn('name = "large";', printed["fcgi-thumb -T"])

    def test_http(self):
        printed = self.run_page("fcgi-thumb-http.7")
        self.assertIn('"exists"', printed[
            "curl -F photo=@photo.jpg http://localhost/upload"])
        self.assertEqual((self.home / "thumb.webp").read_bytes()[8:12], b"WEBP")

    def test_thumbctl(self):
        printed = self.run_page("thumbctl.8")
        self.assertIn("ok    ready: a photo would be taken now",
                      printed["thumbctl doctor /etc/nginx/fcgi-thumb"])
        self.assertTrue((self.home / "stress.html").stat().st_size)

    def test_settings_that_are_shown(self):
        shown = [block for page in PAGES for block in blocks(page)
                 if block[0] not in "#$"]
        self.assertGreaterEqual(len(shown), 3)
        secret = self.home / "upload-secret"
        secret.touch(0o600)
        secret.write_text("0123456789abcdef" * 4 + "\n")
        owner = pwd.getpwuid(os.geteuid() or 65534).pw_name
        path = self.service.directory / "shown.conf"
        for block in shown:
            path.write_text(block.replace(
                "/etc/fcgi-thumb/upload-secret", str(secret)).replace(
                'user = "fcgi-thumb"', f'user = "{owner}"'))
            with self.subTest(block):
                said(PROGRAM, "-t", "-c", path)
