"""A Debian that is booted in a container, with its own init, network and
processes, from a tree that stays as it is.

    machine = Machine(ground, directory)
    machine.boot()
    machine.run("apt-get", "install", "-y", "./fcgi-thumb.deb")
    answer = machine.upload(("a.jpg", data))
    machine.stop()

It has no way to any other machine; apt finds what it wants in a repository of
files. Requests come from this process, by sockets that belong to the machine's
network. All mounts are this process's own (`unshare --mount`) and go with it.
"""

import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

import nginx
from service import PATIENCE, children, multipart, wait_until

CLONE_NEWNET = 0x40000000
# Which a container of that version would not let its services do.
LANDLOCK = ("landlock_create_ruleset landlock_add_rule "
            "landlock_restrict_self")

REBOOTS = 133  # systemd-nspawn's exit status

# Where the machine finds the repository, and the packages that are tested.
REPOSITORY = "/srv/repository"
BUILT = "/srv/built"

ENVIRONMENT = ["env", "-i", "LANG=C.UTF-8", "HOME=/root", "TERM=dumb",
               "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
               "/sbin:/bin"]

# Those of debconf and of init are for people.
QUIET = ["DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"]

libc = ctypes.CDLL(None, use_errno=True)


def enter_network(pid):
    """This thread, in that process's network."""
    with open(f"/proc/{pid}/ns/net") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns into {pid}'s network")


class Ground:
    """What machines of one Debian are made of, as ./dev check-packages has
    laid it out in a directory: root/, a clean system, repository/, what apt
    fetches, and built/, the packages."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.root = self.directory / "root"
        self.repository = self.directory / "repository"
        self.built = self.directory / "built"


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def lay_over(lower, directory):
    """A tree that looks like `lower` and can be changed, in the directory: an
    overlay, where the file system has them, else a copy."""
    tree, upper, work = (directory / name for name in ("root", "upper", "work"))
    for path in tree, upper, work:
        path.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o",
         f"lowerdir={lower},upperdir={upper},workdir={work}", tree],
        stdin=subprocess.DEVNULL, capture_output=True)
    if mounted.returncode:
        run("cp", "-a", "--reflink=auto", f"{lower}/.", tree)
    return tree


class Machine:
    """One machine. Off until boot().

    ground     what it is made of
    directory  of its own; must not be there yet
    """

    prefix = ""

    def __init__(self, ground, directory):
        self.ground = ground
        self.directory = pathlib.Path(directory)
        self.root = lay_over(ground.root, self.directory)
        self.name = f"fcgi-thumb-{os.getpid()}-{self.directory.name}"
        self.process = None
        self.leader = None
        self.write("/etc/apt/sources.list",
                   f"deb [trusted=yes] file:{REPOSITORY} ./\n")
        self.write("/etc/hostname", "photos\n")
        for path in REPOSITORY, BUILT:
            self.path(path).mkdir(parents=True)

    # -- its files, whether it runs or not --

    def path(self, name):
        return self.root / name.lstrip("/")

    def read(self, name):
        return self.path(name).read_text()

    def write(self, name, text):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text)

    # -- on and off --

    def boot(self):
        # A session of its own: Ctrl-C is for the test, which stops it. Should
        # the test be killed, the machine halts as well.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--",
             "systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
             "--private-network", f"--machine={self.name}",
             f"--directory={self.root}", "--console=read-only",
             f"--system-call-filter={LANDLOCK}",
             f"--bind-ro={self.ground.repository}:{REPOSITORY}",
             f"--bind-ro={self.ground.built}:{BUILT}", "--boot"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        self.console = b""
        self.reader = threading.Thread(target=self.read_console, daemon=True)
        self.reader.start()
        return self.wait_booted()

    def read_console(self):
        for line in self.process.stdout:
            self.console += line

    def wait_booted(self):
        """Until its init has started all there is; whether all of it is
        well, in systemd's words."""
        def booted():
            if self.process.poll() is not None:
                raise RuntimeError("the machine ended:\n" + self.last_words())
            for pid in children(self.process.pid):
                # Before it is in its own root there is another one to ask.
                state = self.enter(pid, "systemctl", "is-system-running")
                if state.stdout.strip() in ("running", "degraded"):
                    self.leader = pid
                    return state.stdout.strip()
            return None

        return wait_until("the machine is up", booted)

    def last_words(self, lines=40):
        """Of its console."""
        words = self.console.decode(errors="replace").splitlines()
        return "\n".join(words[-lines:])

    def reboot(self):
        """As by the power button; what boot() says."""
        self.run("systemctl", "reboot", check=False)
        # The container ends with a status that asks for another start.
        status = self.process.wait(PATIENCE)
        if status != REBOOTS:
            raise RuntimeError(f"the machine ended with {status}:\n"
                               + self.last_words())
        return self.boot_again()

    def lose_power(self):
        """All that runs is gone at once, and then it is started again; what
        boot() says."""
        os.kill(self.leader, signal.SIGKILL)
        self.process.wait(PATIENCE)
        return self.boot_again()

    def boot_again(self):
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        return self.boot()

    def stop(self):
        """In order, then by force; nothing of it is left."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(PATIENCE)
        if self.process:
            self.reader.join(PATIENCE)
            self.process.stdout.close()
        subprocess.run(["umount", self.root], stdin=subprocess.DEVNULL,
                       capture_output=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    # -- commands --

    def enter(self, pid, *command, **how):
        return subprocess.run(
            ["nsenter", "--target", str(pid), "--all", "--root", "--wd",
             *ENVIRONMENT, *QUIET, *command],
            stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **how)

    def run(self, *command, check=True, seconds=600):
        """As root at its console: returncode, and all words in stdout."""
        done = self.enter(self.leader, *command, timeout=seconds)
        if check and done.returncode:
            raise AssertionError(
                f"{' '.join(command)}: status {done.returncode}\n"
                f"{done.stdout}")
        return done

    def ask(self, *command):
        """What it prints, without the end of the line."""
        return self.run(*command).stdout.strip()

    def spawn(self, *command):
        """As run(), while the test goes on."""
        return subprocess.Popen(
            ["nsenter", "--target", str(self.leader), "--all", "--root",
             "--wd", *ENVIRONMENT, *QUIET, *command],
            stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def thumbctl(self, *arguments):
        return self.run("thumbctl", *arguments, check=False)

    def journal(self, unit):
        return self.run("journalctl", "--no-pager", "-u", unit).stdout

    # -- requests --

    def socket(self):
        """One of its network, for whoever has it."""
        made = []

        def make():
            enter_network(self.leader)
            made.append(socket.socket())

        # The thread stays in that network; so it goes with the socket made.
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if not made:
            raise OSError("no way into the machine's network")
        return made[0]

    def connect(self, address, timeout):
        connection = self.socket()
        try:
            connection.settimeout(timeout)
            connection.connect(address)
        except BaseException:
            connection.close()
            raise
        return connection

    def request(self, method, path, body=None, headers=(), timeout=60):
        """path begins behind the prefix."""
        return nginx.request(("127.0.0.1", 80), method, self.prefix + path,
                             body, headers, timeout, self.connect)

    def get(self, path, headers=()):
        return self.request("GET", path, None, headers)

    def get_url(self, url, headers=()):
        return self.get(url.removeprefix(self.prefix), headers)

    def upload(self, *photos, headers=(), timeout=60):
        """A form with these (name, data) pairs."""
        body, content_type = multipart(photos)
        return self.request("POST", "/upload", body,
                            {"Content-Type": content_type, **dict(headers)},
                            timeout)

    def is_ready(self):
        try:
            return self.get("/health/ready").status == 200
        except OSError:
            return False

    def wait_ready(self):
        wait_until("ready", self.is_ready)
