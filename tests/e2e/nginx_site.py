"""nginx with the generated configuration and without the service behind it,
one for a class of tests."""

import json
import os
import pathlib
import shutil
import tempfile
import time
import unittest

from nginx import TOP, Nginx, request
from peer import Peer

ID = "abcdefghijklmnopqrstuvwxya"
OTHER_ID = "b" * 25 + "q"
RECIPE = "1f0c9a2e"
LIMIT = 65536  # limits.request of these tests
RATE = 3
REAL_IP = "set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;"
SOME_PICTURE = (TOP / "tests" / "data" / "orient-1.jpg").read_bytes()


PRESETS = """{ name = "large"; width = 1280; height = 1280;
               formats = [ "jpeg", "webp" ]; },
            { name = "square"; width = 320; height = 320; fit = "cover"; }"""


HTML = TOP / "nginx" / "html"


def write_settings(directory, prefix="", more="", rate=RATE, presets=PRESETS,
                   html=HTML):
    path = directory / "fcgi-thumb.conf"
    path.write_text(f"""
data = "{directory}/data"; run = "{directory}/run";
logs = "{directory}/logs"; html = "{html}";
prefix = "{prefix}";
limits = {{ photo = "16K"; request = "64K"; rate = "{rate}/s";
            queue_seconds = 1; request_seconds = 1; job_seconds = 1; }};
presets = ( {presets} );
{more}
""")
    for name in ("data", "run", "logs"):
        (directory / name).mkdir(exist_ok=True)
    return path


def publish(data):
    """A stored photo, with things beside it that nobody may have."""
    public = data / "public" / "ab" / ID
    public.mkdir(parents=True)
    for name in ("large.jpg", "large.webp", "square.jpg"):
        stem, ext = name.split(".")
        (public / f"{stem}.{RECIPE}.{ext}").write_bytes(SOME_PICTURE)
        os.link(public / f"{stem}.{RECIPE}.{ext}", public / name)
    (public / "meta.json").write_text('{"id":"%s"}\n' % ID)
    (public / "old.jpg").write_bytes(b"secret")
    (public / "large.txt").write_bytes(b"secret")
    private = data / "photos" / "ab" / ID
    private.mkdir(parents=True)
    (private / "original.jpg").write_bytes(b"secret")


class Site(unittest.TestCase):
    """One nginx for a class of tests, in a directory of its own."""

    prefix = ""
    more = ""
    rate = RATE
    presets = PRESETS
    html = HTML
    server = REAL_IP
    sites = ""

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="ft-nginx."))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.settings = write_settings(cls.directory, cls.prefix, cls.more,
                                      cls.rate, cls.presets, cls.html)
        publish(cls.directory / "data")
        cls.nginx = Nginx(cls.settings, cls.directory / "nginx",
                          server=cls.server,
                          sites=cls.sites.format(directory=cls.directory))
        cls.nginx.start()
        cls.addClassCleanup(cls.nginx.stop)

    def ask(self, method, target, body=None, headers=(), timeout=30):
        return request(self.nginx.address, method, self.prefix + target, body,
                       headers, timeout)

    def peer(self, name, answer):
        """Who answers on that socket until the end of the test."""
        peer = Peer(self.directory / "run" / f"{name}.sock", answer)
        self.addCleanup(peer.close)
        return peer

    def thumb(self, name, photo=ID):
        return self.ask("GET", f"/t/{photo}/{name}")

    def check_problem(self, answer, status, code):
        """A problem document; its members."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["Content-Type"],
                         "application/problem+json")
        problem = json.loads(answer.body)
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["code"], code)
        self.assertEqual(problem["type"], "about:blank")
        self.assertTrue(problem["title"])
        self.assertEqual(problem["error"],
                         problem.get("detail", problem["title"]))
        self.assertEqual(answer.headers.get_all("Cache-Control"), ["no-store"])
        self.check_safe(answer)
        return problem

    def check_safe(self, answer):
        self.assertEqual(answer.headers.get_all("X-Content-Type-Options"),
                         ["nosniff"])
        self.assertEqual(len(answer.headers.get_all("X-Request-Id")), 1)
        self.assertEqual(
            len(answer.headers.get_all("Content-Security-Policy")), 1)
        self.assertEqual(answer.headers["Server"], "nginx")

    def log_lines(self):
        log = self.directory / "logs" / "access.log"
        return [json.loads(line) for line in log.read_text().splitlines()]

    def log_of(self, answer):
        """nginx writes the line after the answer has been sent."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for line in self.log_lines():
                if line["id"] == answer.headers["X-Request-Id"]:
                    return line
            time.sleep(0.02)
        self.fail("no line in the log")
