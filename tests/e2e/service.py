#!/usr/bin/python3
"""A whole running service for tests: real nginx, real master and workers, in
a private directory that goes with it.

    with Service(workers=2, prefix="/media") as service:
        answer = service.upload(("a.jpg", data))

Run as a program, service.py [OPTION] COMMAND..., it starts one with default
settings, puts its address into FT_URL and runs the command.

--prefix PREFIX  below that prefix
--site           for pages of another origin, which is put into FT_SITE
--tokens         with tokens, one of which is put into FT_TOKEN
--formats        with a preset in every format, and one with keep_copyright

The command may do with the service what an operator could, and an accident:
FT_THUMBCTL is the program, FT_SETTINGS its settings, and FT_CONTROL the Unix
socket of a Control.
"""

import json
import os
import pathlib
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("FT_BUILD", str(TOP / "build"))

import nginx  # noqa: E402: it reads FT_BUILD

PROGRAM = nginx.BUILD / "fcgi-thumb" / "fcgi-thumb"
PICTURES = TOP / "tests" / "data"
HAS_LANE = "#define HAVE_PLANE_LANE 1" in (
    nginx.BUILD / "config.h").read_text()
BOUNDARY = "----e2e-7MA4YWxkTrZu0gW"

# For all whose settings do not say it themselves: FT_ENGINE=magick is the
# whole suite without the lane.
ENGINE = ({"engine": os.environ["FT_ENGINE"]}
          if os.environ.get("FT_ENGINE") else {})

# What a start or an end may take on a busy machine with a sanitizer.
PATIENCE = 60


def picture(name):
    return (PICTURES / name).read_bytes()


def variation(jpeg, mark):
    """The same picture as other bytes: with a comment after JPEG's start."""
    text = str(mark).encode()
    size = (len(text) + 2).to_bytes(2, "big")
    return jpeg[:2] + b"\xff\xfe" + size + text + jpeg[2:]


def multipart(photos):
    """(body, Content-Type) of a form with these (name, data) pairs."""
    body = b""
    for name, data in photos:
        body += (f"--{BOUNDARY}\r\n"
                 f'Content-Disposition: form-data; name="photo"; '
                 f'filename="{name}"\r\n'
                 f"Content-Type: application/octet-stream\r\n\r\n"
                 ).encode() + data + b"\r\n"
    return (body + f"--{BOUNDARY}--\r\n".encode(),
            f"multipart/form-data; boundary={BOUNDARY}")


def wait_until(what, condition, seconds=PATIENCE):
    """Ask until it is true; what it said."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)
    return result


def libconfig(value):
    """A value in libconfig's syntax."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{ " + " ".join(f"{key} = {libconfig(one)};"
                               for key, one in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        parts = ", ".join(map(libconfig, value))
        groups = value and isinstance(value[0], dict)
        return f"( {parts} )" if groups else f"[ {parts} ]"
    return json.dumps(str(value))


# ---- signals -----------------------------------------------------------------

class Interrupted(BaseException):
    """Somebody asks for the end. Not a KeyboardInterrupt, for which unittest
    would leave out what cleans up."""


def end_on_signals(at_once=lambda: None):
    """From now on the first signal that asks for the end calls at_once() and
    raises Interrupted; the others are too late."""
    ends = [signo for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            if signal.getsignal(signo) != signal.SIG_IGN]

    def hear(signo, _):
        for each in ends:
            signal.signal(each, signal.SIG_IGN)
        # Whoever reads this may have ended by the same signal.
        sys.stdout = sys.stderr = open(os.devnull, "w")
        at_once()
        raise Interrupted(signo)

    for each in ends:
        signal.signal(each, hear)


# ---- processes ---------------------------------------------------------------

def stat_fields(pid):
    """The fields of /proc/PID/stat from the third on, or None."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def is_alive(pid):
    fields = stat_fields(pid)
    return fields is not None and fields[0] not in "ZX"


def children(pid):
    """The pids of the living children."""
    return [int(entry.name) for entry in pathlib.Path("/proc").iterdir()
            if entry.name.isdigit()
            and (fields := stat_fields(entry.name)) is not None
            and int(fields[1]) == pid and fields[0] not in "ZX"]


def cpu_ticks(pid):
    fields = stat_fields(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


class Master:
    """One master process, whoever opened its sockets."""

    def __init__(self, command, errors):
        with open(errors, "ab") as stderr:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stderr=stderr)
        self.pid = self.process.pid

    def workers(self, name="thumb-photo"):
        """The pids of the workers that call themselves so."""
        found = []
        for pid in children(self.pid):
            try:
                comm = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if comm == name:
                found.append(pid)
        return found

    def signal(self, signo):
        self.process.send_signal(signo)

    def wait(self, seconds=PATIENCE):
        return self.process.wait(seconds)

    def stop(self):
        """SIGTERM; its exit status. Fails when it has to be forced."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.wait()
            raise


# ---- the service -------------------------------------------------------------

class Service:
    """All of it. Not started before start() or `with`.

    opened   who opens the sockets: "master", "spawn-fcgi" or "systemd"
    wrapper  a command line to put before the master's
    settings by keyword, over the defaults; limits and presets as the file's
    """

    def __init__(self, opened="master", wrapper=(), **settings):
        self.opened = opened
        self.wrapper = list(wrapper)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ft-"))
        self.data = self.directory / "store"
        self.run = self.directory / "run"
        self.logs = self.directory / "logs"
        self.ledger = self.directory / "ledger"
        self.settings_file = self.directory / "fcgi-thumb.conf"
        self.errors_file = self.directory / "stderr"
        for directory in self.run, self.logs:
            directory.mkdir()
        self.settings = {"workers": 2, **ENGINE, **settings}
        self.write_settings()
        self.masters = []
        self.nginx = nginx.Nginx(self.settings_file, self.directory / "nginx")

    # -- settings --

    def write_settings(self, **changes):
        self.settings.update(changes)
        values = {"data": self.data, "run": self.run, "logs": self.logs,
                  "ledger": self.ledger, "html": TOP / "nginx" / "html", **self.settings}
        self.settings_file.write_text("".join(
            f"{key} = {libconfig(value)};\n" for key, value in values.items()))

    @property
    def prefix(self):
        return self.settings.get("prefix", "")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.nginx.port}{self.prefix}"

    # -- start and end --

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        try:
            self.nginx.start()
            self.start_master()
            self.wait_ready()
        except BaseException:
            print(self.words(), file=sys.stderr)
            self.stop()
            raise
        return self

    def command(self):
        program = [PROGRAM, "-c", self.settings_file]
        photo, control = self.run / "photo.sock", self.run / "control.sock"
        if self.opened == "spawn-fcgi":
            program = ["/usr/bin/spawn-fcgi", "-n", "-s", photo, "-b", "256",
                       "--", *program]
        elif self.opened == "systemd":
            program = ["/usr/bin/systemd-socket-activate", "-l", photo,
                       "-l", control, "--fdname=photo:control",
                       "-E", "ASAN_OPTIONS", "-E", "UBSAN_OPTIONS", *program]
        return [*self.wrapper, *program]

    def start_master(self):
        master = Master(self.command(), self.errors_file)
        self.masters.append(master)
        return master

    @property
    def master(self):
        return self.masters[-1]

    def kill_pool(self):
        """The master and all of its workers, as if the machine had done it."""
        workers = children(self.master.pid)
        self.signal_pool(signal.SIGKILL)
        self.master.wait()
        wait_until("the workers are gone",
                   lambda: not any(map(is_alive, workers)))

    def stop_pool(self):
        """They stand still: what is sent to them waits, and is not refused."""
        self.signal_pool(signal.SIGSTOP)

    def cont_pool(self):
        self.signal_pool(signal.SIGCONT)

    def signal_pool(self, signo):
        """The master stands still first, so that it starts nobody meanwhile."""
        if is_alive(self.master.pid):
            self.master.signal(signal.SIGSTOP)
            for pid in *children(self.master.pid), self.master.pid:
                os.kill(pid, signo)

    def is_ready(self):
        return self.get("/health/ready").status == 200

    def wait_ready(self):
        def ready():
            if self.master.process.poll() is not None:
                raise RuntimeError("fcgi-thumb ended: " + self.words())
            return self.is_ready()

        wait_until("ready", ready)

    def hang_up(self):
        """SIGHUP, and wait until the new settings are in force."""
        before = self.words().count("new settings in force")
        self.master.signal(signal.SIGHUP)
        wait_until("new settings in force", lambda:
                   self.words().count("new settings in force") > before)

    def thumbctl(self, *arguments):
        """Run it with this service's settings: returncode, stdout, stderr."""
        return subprocess.run(
            [nginx.THUMBCTL, "-c", self.settings_file, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def stop(self):
        """End all and remove the directory; the masters' exit statuses."""
        try:
            statuses = [master.stop() for master in self.masters]
            # A sanitizer speaks on stderr, when a process ends at the latest.
            words = self.words()
            assert "Sanitizer" not in words and "runtime error" not in words, \
                words
        finally:
            self.nginx.stop()
            shutil.rmtree(self.directory, ignore_errors=True)
        return statuses

    # -- requests --

    def request(self, method, path, body=None, headers=(), timeout=60):
        """path begins behind the prefix."""
        return nginx.request(self.nginx.address, method, self.prefix + path,
                             body, headers, timeout)

    def get(self, path, headers=()):
        return self.request("GET", path, None, headers)

    def get_url(self, url):
        """An address as the service gives it out."""
        public = self.settings.get("public_url", "")
        assert url.startswith(public + self.prefix + "/"), url
        return self.get(url[len(public + self.prefix):])

    def upload(self, *photos, headers=(), timeout=60):
        """A form with these (name, data) pairs."""
        body, content_type = multipart(photos)
        return self.request("POST", "/upload", body,
                            {"Content-Type": content_type, **dict(headers)},
                            timeout)

    # -- what it did --

    def log(self):
        path = self.logs / "fcgi-thumb.log"
        return path.read_text() if path.exists() else ""

    def words(self):
        """What it said to people, in its log and before it had one."""
        early = (self.errors_file.read_text()
                 if self.errors_file.exists() else "")
        return early + "".join(line for line in self.log().splitlines(True)
                               if not line.startswith("{"))

    def journal(self):
        """The workers' lines, one a request."""
        return [json.loads(line) for line in self.log().splitlines()
                if line.startswith("{")]

    def access(self):
        """nginx's lines."""
        path = self.logs / "access.log"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def photo_lines(self):
        return [photo for line in self.journal() for photo in line["photos"]]

    def decodes(self):
        return sum(photo["decoded"] for photo in self.photo_lines())

    def pids(self):
        return [pid for master in self.masters
                for pid in (master.pid, *children(master.pid))]

    # -- what is on disk --

    def stored(self, side="photos"):
        """The ids on one side of the store."""
        return sorted(path.name for path in (self.data / side).glob("*/*"))

    def leftovers(self):
        """What an upload left that is no stored photo: staging files that are
        not a worker's own start-up files, and photos with one side only."""
        left = [str(path.relative_to(self.data))
                for path in (self.data / "staging").glob("*/*")
                if path.name != "magick"]
        left += [str(path.relative_to(self.data))
                 for place in ("trash", "quarantine")
                 for path in (self.data / place).iterdir()]
        return left + sorted(set(self.stored()) ^ set(self.stored("public")))


def keep_secret(service):
    """From now on uploads need a token."""
    path = service.directory / "upload-secret"
    path.touch(0o600)
    path.write_text("0123456789abcdef" * 4 + "\n")
    service.write_settings(upload_auth="token", upload_secret=path)


class Control:
    """What a command may have done to the service that runs for it: a word on
    a connection, and "ok", or what went wrong, when it has been done."""

    def __init__(self, service):
        self.path = service.directory / "control"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.words = {"kill": service.kill_pool, "stop": service.stop_pool,
                      "cont": service.cont_pool,
                      "start": lambda: self.start(service)}

    @staticmethod
    def start(service):
        assert not is_alive(service.master.pid), "there is a master"
        service.start_master()
        service.wait_ready()

    def answer(self):
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(PATIENCE)
            try:
                word = connection.makefile().readline().strip()
                self.words[word]()
                reply = "ok"
            except Exception as error:
                reply = repr(error)
            connection.sendall(f"{reply}\n".encode())

    def serve(self, command):
        """Until the command has ended; its exit status."""
        ended = os.pidfd_open(command.pid)
        with selectors.DefaultSelector() as either:
            either.register(ended, selectors.EVENT_READ)
            either.register(self.listener, selectors.EVENT_READ, self.answer)
            while command.poll() is None:
                for key, _ in either.select():
                    if key.data:
                        key.data()
        os.close(ended)
        return command.returncode


# Small, so that all formats are quick.
EVERY_FORMAT = [
    {"name": "small", "width": 160, "height": 160, "eager": True,
     "formats": ["jpeg", "png", "webp", "avif", "gif"]},
    {"name": "signed", "width": 80, "height": 80, "eager": True,
     "keep_copyright": True, "formats": ["jpeg", "png", "webp"]}]


def main(arguments):
    end_on_signals()
    service = Service()
    environ = dict(os.environ)
    option = arguments[0]
    if option == "--prefix":
        service.write_settings(prefix=arguments[1])
    elif option == "--site":
        environ["FT_SITE"] = f"http://localhost:{nginx.free_port()}"
        service.write_settings(cors_origins=[environ["FT_SITE"]],
                               public_url=service.url)
    elif option == "--tokens":
        keep_secret(service)
        environ["FT_TOKEN"] = service.thumbctl("token").stdout.strip()
    elif option == "--formats":
        service.write_settings(presets=EVERY_FORMAT)
    options = {"--prefix": 2, "--site": 1, "--tokens": 1,
               "--formats": 1}.get(option, 0)
    with service:
        control = Control(service)
        environ.update(FT_URL=service.url + "/", FT_CONTROL=str(control.path),
                       FT_SETTINGS=str(service.settings_file),
                       FT_THUMBCTL=str(nginx.THUMBCTL))
        command = subprocess.Popen(arguments[options:], env=environ)
        try:
            return control.serve(command)
        except Interrupted:
            command.terminate()
            command.wait(PATIENCE)
            return 1
        finally:
            # It could not be asked to end otherwise.
            service.cont_pool()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
