"""A private nginx for tests, and an HTTP client that sends what it is told.

    server = Nginx("/tmp/x/fcgi-thumb.conf", "/tmp/x/nginx")
    server.start()
    answer = request(server.address, "GET", "/health/live")
    server.stop()

The configuration is the one that `thumbctl nginx-conf --standalone` makes from
the settings file, so that what is tested is what is shipped. nginx runs in the
foreground as the current user; its pid file, error log and temporary files lie
in its directory, and nothing of the system's nginx is read or touched.

FT_BUILD names the build directory, default build/, from which thumbctl is
taken.
"""

import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FT_BUILD", TOP / "build"))
THUMBCTL = BUILD / "fcgi-thumb" / "thumbctl"
TEMPLATES = TOP / "nginx"
START_SECONDS = 60
STOP_SECONDS = 60

# nginx is in /usr/sbin, which is not in every user's PATH.
PROGRAM = shutil.which(
    "nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def free_port():
    """A port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Nginx:
    """One nginx in the foreground.

    settings   path of the service's settings file
    directory  of its own; made if it is not there. Its name should be short
               when `sites` adds Unix sockets (107 bytes)
    port       of 127.0.0.1; a free one by default
    server     lines to stand in the server block before the include
    sites      more server blocks (text), after the generated one; may include
               fcgi-thumb-server.conf again
    """

    def __init__(self, settings, directory, port=None, server="", sites=""):
        self.settings = str(settings)
        self.directory = pathlib.Path(directory)
        self.port = port or free_port()
        self.address = ("127.0.0.1", self.port)
        self.server = server
        self.sites = sites
        self.process = None
        self.wrapper = []  # a command line to put before nginx's

    def configure(self):
        """Write (again) what nginx reads. Not needed before start()."""
        self.directory.mkdir(exist_ok=True)
        subprocess.run(
            [THUMBCTL, "-c", self.settings, "nginx-conf", "--templates",
             TEMPLATES, "--standalone", str(self.port), self.directory],
            check=True)
        conf = self.directory / "nginx.conf"
        text = conf.read_text()
        include = "include fcgi-thumb-server.conf;"
        assert text.count(include) == 1, text
        text = text.replace(include, self.server + "\n" + include)
        head, brace, tail = text.rpartition("}")
        if os.geteuid() == 0 or self.wrapper:
            # Its workers would become nobody, whom 0700 directories stop, and
            # who is not there in a namespace that a wrapper makes.
            head = "user root;\n" + head
        conf.write_text(head + self.sites + "\n" + brace + tail)

    def command(self, *more):
        """The command line, which also serves `-t` and signals."""
        return [PROGRAM, "-p", str(self.directory), "-c", "nginx.conf",
                "-e", "error.log", *more]

    def check(self):
        """What `nginx -t` says: (exit status, words)."""
        done = subprocess.run(self.command("-t"), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def start(self):
        """Configure and run; returns when it accepts connections."""
        self.configure()
        return self.run()

    def run(self):
        """The same with the configuration that is there."""
        self.process = subprocess.Popen(
            [*self.wrapper, *self.command()], stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("nginx did not start:\n" + self.errors())
            try:
                socket.create_connection(self.address, 1).close()
                return self
            except OSError:
                if time.monotonic() > end:
                    self.stop()
                    raise
            time.sleep(0.02)

    def reload(self):
        """Configure again and have it read; old workers finish their work."""
        self.configure()
        subprocess.run(self.command("-s", "reload"), check=True,
                       stdin=subprocess.DEVNULL)

    def stop(self):
        """End it at once; open requests are cut. Twice is allowed."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            self.process = None

    def errors(self):
        """The error log so far."""
        log = self.directory / "error.log"
        return log.read_text(errors="replace") if log.exists() else ""


class Answer:
    """status, headers (http.client.HTTPMessage) and body (bytes)."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


def request(address, method, target, body=None, headers=(), timeout=30,
            connect=socket.create_connection):
    """One request as it is given: the target is not normalised or encoded,
    and no header is added but Host, and Content-Length for a body in bytes.
    An iterable body is sent chunked. An answer that comes before the whole
    body is sent is read all the same. connect(address, timeout) makes the
    socket.
    """
    headers = dict(headers)
    connection = http.client.HTTPConnection(*address)
    try:
        connection.sock = connect(address, timeout)
        connection.putrequest(method, target, skip_accept_encoding=True,
                              skip_host="Host" in headers)
        if isinstance(body, bytes):
            headers.setdefault("Content-Length", str(len(body)))
        elif body is not None:
            headers["Transfer-Encoding"] = "chunked"
        for name, value in headers.items():
            connection.putheader(name, value)
        try:
            connection.endheaders(
                body, encode_chunked=not isinstance(body, bytes))
        except (BrokenPipeError, ConnectionResetError):
            pass
        return Answer(connection.getresponse())
    finally:
        connection.close()


def raw(address, data, timeout=60):
    """Send bytes that need be no HTTP; all that comes back until the end."""
    with socket.create_connection(address, timeout) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
    return answer
