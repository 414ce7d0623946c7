"""The services that ./dev bench http compares, each running in a directory of
its own: how to start and stop them, and what belongs to them.
"""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import nginx
from report import TOP
from service import PATIENCE, Service, wait_until

LADDER = (1280, 640, 320, 160)
QUALITY = 80
PRESETS = [{"name": f"w{side}", "width": side, "height": side,
            "quality": QUALITY} for side in LADDER]
RENDERS = re.compile(
    r'(?m)^fcgi_thumb_renders_total\{engine="([a-z]+)"\} ([0-9]+)$')
# The one whose files are served.
SERVED = "w320"


class Ours:
    """nginx and fcgi-thumb with default settings but for the presets.

    engine  the setting; None: the default
    """

    def __init__(self, engine=None):
        settings = {"engine": engine} if engine else {}
        self.name = f"fcgi-thumb, {engine}" if engine else "fcgi-thumb"
        self.service = Service(workers=0, presets=PRESETS, **settings)

    def start(self):
        self.service.start()
        return self

    def stop(self):
        self.service.stop()

    @property
    def address(self):
        return self.service.nginx.address

    @property
    def data(self):
        return self.service.data

    def roots(self):
        """The processes that all others of it descend from."""
        return [self.service.nginx.process.pid, self.service.master.pid]

    def words(self):
        return self.service.words()

    def renders(self):
        """{engine: photos of which it has made the thumbnails}."""
        text = nginx.request(self.address, "GET", "/metrics").body.decode()
        return {engine: int(count) for engine, count in RENDERS.findall(text)}


class Node:
    """http_server.mjs as it is quickest: one process, which works on as many
    photos at a time as there are processors, and nothing before it. A cluster of
    processes takes no more uploads and twice the memory; nginx before it costs
    more than it relieves it of.

    behind  nginx stands before it all the same
    """

    name = "Node"

    def __init__(self, behind=False):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ft-"))
        self.data = self.directory / "data"
        self.errors = self.directory / "stderr"
        self.port = nginx.free_port()
        self.address = ("127.0.0.1", self.port)
        self.process = None
        self.front = Front(self.directory / "nginx", PASS.format(
            port=self.port)) if behind else None

    def start(self):
        environ = {**os.environ, "NODE_ENV": "production",
                   "DATA": str(self.data), "LISTEN": str(self.port),
                   "JOBS": str(len(os.sched_getaffinity(0)))}
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(
                ["node", TOP / "tests" / "bench" / "http_server.mjs"],
                env=environ,
                stdin=subprocess.DEVNULL, stderr=errors)
        try:
            wait_until("Node is ready", self.is_ready)
            if self.front:
                self.front.start()
                self.address = self.front.address
        except BaseException:
            self.stop()
            raise
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("Node ended: " + self.words())
        with contextlib.suppress(OSError):
            return nginx.request(self.address, "GET", "/ready").status == 200
        return False

    def stop(self):
        end(self.process)
        if self.front:
            self.front.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def roots(self):
        front = [self.front.process.pid] if self.front else []
        return [self.process.pid, *front]

    def words(self):
        return self.errors.read_text()


PASS = """
		client_max_body_size 256m;
		location / {{
			proxy_pass http://127.0.0.1:{port};
			proxy_request_buffering on;
			proxy_http_version 1.1;
		}}
"""

# Debian's own nginx.conf where it matters.
FRONT = """daemon off;
pid nginx.pid;
error_log error.log warn;
{user}
worker_processes auto;
events {{ worker_connections 768; }}
http {{
	client_body_temp_path body;
	fastcgi_temp_path fastcgi;
	proxy_temp_path proxy;
	scgi_temp_path scgi;
	uwsgi_temp_path uwsgi;
	sendfile on;
	tcp_nopush on;
	types {{ image/jpeg jpg; }}
	access_log access.log;
	server {{
		listen 127.0.0.1:{port};
		{locations}
	}}
}}
"""


class Front:
    """An nginx with these locations and nothing of ours, in a directory that
    it makes."""

    name = "nginx"

    def __init__(self, directory, locations):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.address = ("127.0.0.1", nginx.free_port())
        self.process = None
        # Its workers could not enter root's directories otherwise.
        user = "user root;" if os.geteuid() == 0 else ""
        (self.directory / "nginx.conf").write_text(FRONT.format(
            user=user, port=self.address[1], locations=locations))

    def start(self):
        self.process = subprocess.Popen(
            [nginx.PROGRAM, "-p", str(self.directory), "-c", "nginx.conf",
             "-e", "error.log"], stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        wait_until("nginx is ready", self.is_ready)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("nginx ended")
        with contextlib.suppress(OSError):
            socket.create_connection(self.address, 1).close()
            return True
        return False

    def stop(self):
        end(self.process)

    def roots(self):
        return [self.process.pid]


def end(process):
    if process is not None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()
