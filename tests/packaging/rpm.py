#!/usr/bin/python3
"""What ./dev rpm has built: rpm.py [Class...]

Looked at, and, where run by root in mount and network namespaces of its own,
installed into an empty root and into one that is this system with a layer of its
own above: there the scriptlets run, the service starts, and a photo goes through
nginx. Neither is a Fedora; SELinux and its policy have no part in it.

FT_RPM  the directory with RPMS and SRPMS, default build/rpm
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "e2e"))

import run as e2e  # noqa: E402: found by the path above

BUILT = pathlib.Path(os.environ.get("FT_RPM", TOP / "build" / "rpm"))
SPEC = TOP / "packaging" / "rpm" / "fcgi-thumb.spec.in"
SYSTEMD = TOP / "packaging" / "systemd"
UNITS = sorted(path.name for pattern in ("*.service", "*.socket", "*.timer")
               for path in SYSTEMD.glob(pattern))
PROGRAMS = sorted(path.name for path in SYSTEMD.iterdir() if not path.suffix)
INSTALLED = [name for name in UNITS if "\n[Install]\n" in
             (SYSTEMD / name).read_text()]
# A slot is enabled when something is released to it.
ENABLED = [name for name in INSTALLED if "@" not in name]
SLOTS = [name.replace("@", f"@{slot}") for name in INSTALLED if "@" in name
         for slot in ("blue", "green")]
SECRET = "etc/fcgi-thumb/upload-secret"


def said(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, **options)
    if done.returncode:
        raise AssertionError(f"{command}: status {done.returncode}: "
                             f"{done.stdout}{done.stderr}")
    return done.stdout


def package(kind):
    """The path of what was built: "fcgi-thumb", "fcgi-thumb-selinux", "src"."""
    found = [path for path in BUILT.glob("*RPMS/**/*.rpm")
             if (kind == "src") == path.name.endswith(".src.rpm")
             and (kind == "src" or re.match(kind + r"-\d", path.name))]
    one, = found
    return one


def query(kind, *options):
    return said("rpm", "--dbpath", BUILT / "db", "-qp", *options, package(kind))


def facts(kind):
    """{path: (mode and owner, flags)}"""
    lines = query(kind, "--qf", "[%{FILENAMES}\t%{FILEMODES:perms} "
                  "%{FILEUSERNAME}:%{FILEGROUPNAME}\t%{FILEFLAGS:fflags}\n]")
    return {path: (owner, flags) for path, owner, flags in
            (line.split("\t") for line in lines.splitlines())}


class Built(unittest.TestCase):
    """The packages as files."""

    def test_what_is_in_it(self):
        files = facts("fcgi-thumb")
        for path in ("/usr/sbin/fcgi-thumb", "/usr/sbin/thumbctl",
                     *(f"/usr/libexec/fcgi-thumb/{name}" for name in PROGRAMS)):
            self.assertEqual(files[path], ("-rwxr-xr-x root:root", ""))
        for path in ("/etc/fcgi-thumb/fcgi-thumb.conf",
                     "/etc/logrotate.d/fcgi-thumb"):
            self.assertEqual(files[path], ("-rw-r--r-- root:root", "cn"), path)
        self.assertEqual(files["/var/lib/fcgi-thumb"][0],
                         "drwxr-xr-x fcgi-thumb:fcgi-thumb")
        self.assertEqual(files["/var/lib/fcgi-thumb-releases"][0],
                         "drwxr-xr-x root:root")
        self.assertEqual(files["/var/log/fcgi-thumb"][0],
                         "drwxr-xr-x root:adm")
        for unit in UNITS:
            self.assertIn(f"/usr/lib/systemd/system/{unit}", files)
        for path in ("/usr/lib/sysusers.d/fcgi-thumb.conf",
                     "/usr/lib/tmpfiles.d/fcgi-thumb.conf",
                     "/usr/share/bash-completion/completions/thumbctl",
                     "/usr/share/fcgi-thumb/nginx/http.conf.in",
                     "/usr/share/fcgi-thumb/html/index.html",
                     "/usr/share/fcgi-thumb/html/status-ko.html",
                     "/usr/share/fcgi-thumb/photos/photo-12mp.jpg",
                     "/usr/share/doc/fcgi-thumb/README.md"):
            self.assertIn(path, files)
        pages = {re.sub(r"\.gz$", "", path.rpartition("/")[2])
                 for path in files if "/man/man" in path}
        self.assertEqual(pages, {"fcgi-thumb.8", "thumbctl.8",
                                 "fcgi-thumb.conf.5", "fcgi-thumb-http.7"})
        for path, (owner, _) in files.items():
            if path != "/var/lib/fcgi-thumb":
                self.assertRegex(owner, r"^[dl-]...(?:r-x|r--|rwx)(?:r-x|r--|rwx)"
                                 " root:(root|adm)$", path)
        self.assertNotIn("/" + SECRET, files)

    def test_what_it_needs(self):
        needs = query("fcgi-thumb", "--requires").splitlines()
        for name in ("nginx", "shadow-utils"):
            self.assertIn(name, needs)
        self.assertRegex("\n".join(needs), r"libMagickWand-\d")
        self.assertRegex("\n".join(needs), r"libfcgi\.so")
        for library in "libjpeg", "libzimg":
            self.assertRegex("\n".join(needs), rf"{library}\.so")
        self.assertRegex(query("fcgi-thumb", "--requires"),
                         r"\(fcgi-thumb-selinux = \S+ if selinux-policy-")
        self.assertIn("ImageMagick", query("fcgi-thumb", "--suggests"))

    def test_its_scriptlets(self):
        text = query("fcgi-thumb", "--scripts")
        scripts = re.split(r"^(\w+) scriptlet \(using /bin/sh\):\n", text,
                           flags=re.M)[1:]
        scripts = dict(zip(scripts[::2], scripts[1::2]))
        self.assertEqual(set(scripts), {"preinstall", "postinstall",
                                        "preuninstall", "postuninstall"})
        for name, script in scripts.items():
            self.assertNotRegex(script, r"%\{?[a-z_]+", name)
            said("sh", "-n", "-c", script)
        for unit in ENABLED:
            for name in "postinstall", "preuninstall":
                self.assertRegex(scripts[name], rf"[ \n]{unit}[ \n]", name)
        for unit in SLOTS:
            self.assertRegex(scripts["preuninstall"], rf"[ \n]{unit}[ \n]")
            self.assertNotIn(unit, scripts["postinstall"])

    def test_the_source_package_builds_the_same(self):
        files = query("src", "-l").split()
        version = (TOP / "VERSION").read_text().strip()
        self.assertEqual(files, [f"fcgi-thumb-{version}.tar.gz",
                                 "fcgi-thumb.spec"])
        self.assertEqual(query("src", "--qf", "%{VERSION}"), version)

    def test_the_policy_module_is_one(self):
        path = "/usr/share/selinux/packages/targeted/fcgi_thumb.pp.bz2"
        self.assertIn(path, facts("fcgi-thumb-selinux"))
        for name in "postinstall", "postuninstall":
            self.assertIn(f"{name} scriptlet",
                          query("fcgi-thumb-selinux", "--scripts"))

    def test_the_spec_elsewhere(self):
        """As Fedora and EL read it, and without what can be left out."""
        with tempfile.TemporaryDirectory(prefix="ft-") as directory:
            spec = pathlib.Path(directory, "fcgi-thumb.spec")
            spec.write_text(SPEC.read_text().replace("@VERSION@", "1.2.3")
                            .replace("@DATE@", "Sat Nov 28 2026"))
            macros = TOP / "packaging" / "rpm" / "macros.debian"

            def parsed(*options):
                return said("rpmspec", "--dbpath", BUILT / "db", "--load",
                            macros, "-P", *options, spec)

            def assert_lane(text, has_it):
                for library in "libjpeg", "zimg":
                    self.assertEqual(f"pkgconfig({library})" in text, has_it)
                self.assertEqual("--without-plane-lane" in text, not has_it)

            for system, has_it in ("fedora 42", True), ("rhel 9", False):
                text = parsed("--define", system)
                self.assertIn("%package selinux", text)
                self.assertIn("pkgconfig(MagickWand)", text)
                assert_lane(text, has_it)
            assert_lane(parsed("--define", "rhel 9", "--with", "plane_lane"),
                        True)
            assert_lane(parsed("--without", "plane_lane"), False)
            assert_lane(parsed(), True)
            self.assertNotIn("%package selinux", parsed())
            text = parsed("--without", "systemd")
            self.assertNotIn("systemctl", text)
            self.assertNotIn("system/fcgi-thumb", text)
            self.assertIn("useradd", text)

    def test_rpmlint(self):
        said("rpmlint", "--config", TOP / "packaging" / "rpm" / "rpmlint.toml",
             *(package(kind) for kind in
               ("fcgi-thumb", "fcgi-thumb-selinux", "src")))


# ---- installed ---------------------------------------------------------------

class Root:
    """A root directory below a tmpfs, which the namespace takes with it."""

    def __init__(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="ft-"))
        self.mount("-t", "tmpfs", "tmpfs", self.base)
        self.path = self.base / "root"
        self.path.mkdir()
        self.mounts = [self.base]

    def mount(self, *arguments):
        said("mount", *arguments)
        if hasattr(self, "mounts"):
            self.mounts.append(arguments[-1])

    def layer(self):
        """This system, below a layer that takes what is written."""
        for name in "upper", "work":
            (self.base / name).mkdir()
        self.mount("-t", "overlay", "overlay", "-o",
                   f"lowerdir=/,upperdir={self.base}/upper,"
                   f"workdir={self.base}/work", self.path)
        for kind in "run", "tmp":
            self.mount("-t", "tmpfs", "tmpfs", self.path / kind)
        self.mount("-t", "proc", "proc", self.path / "proc")
        self.mount("--bind", "/dev", self.path / "dev")

    def libraries(self):
        """This system's, where nothing else is."""
        for place in ("usr/lib", "lib", "lib64", "etc/ImageMagick-6",
                      "etc/ImageMagick-7"):
            if pathlib.Path("/", place).is_dir():
                (self.path / place).mkdir(parents=True, exist_ok=True)
                self.mount("--bind", "-o", "ro", f"/{place}", self.path / place)

    def rpm(self, *arguments):
        """With a database of its own. What is there came by no rpm."""
        return said("rpm", "--root", self.path, "--dbpath", "/var/lib/rpm",
                    *arguments)

    def command(self, *command):
        """Its command line inside, with nothing of our environment."""
        return ["chroot", self.path, "/usr/bin/env", "-i", "LANG=C.UTF-8",
                f"PATH={os.environ['PATH']}", *command]

    def run(self, *command):
        return said(*self.command(*command))

    def close(self):
        for place in reversed(self.mounts):
            subprocess.run(["umount", place], check=True)
        self.base.rmdir()


class Installed(unittest.TestCase):
    def setUp(self):
        self.root = Root()
        self.addCleanup(self.root.close)

    def file(self, path):
        return self.root.path / path

    def test_in_an_empty_root(self):
        self.root.rpm("-i", "--nodeps", "--noscripts", package("fcgi-thumb"))
        self.assertIn("fcgi-thumb-", self.root.rpm("-qa"))
        # Nothing of it has changed; nobody made its user.
        left = subprocess.run(
            ["rpm", "--root", self.root.path, "--dbpath", "/var/lib/rpm", "-V",
             "--nodeps", "--nouser", "--nogroup", "fcgi-thumb"],
            capture_output=True, text=True)
        self.assertEqual(left.stdout, "", left.stderr)
        self.root.libraries()
        version = (TOP / "VERSION").read_text().strip()
        words = self.run_alone("/usr/sbin/fcgi-thumb", "-V").splitlines()
        self.assertEqual(words[0], f"fcgi-thumb {version}")
        self.assertRegex(words[1], r"planes: libjpeg \d\S*, z\.lib \d")
        self.assertIn('user = "fcgi-thumb";',
                      self.run_alone("/usr/sbin/fcgi-thumb", "-T"))
        self.assertIn("commands:", self.run_alone("/usr/sbin/thumbctl", "-h"))

    def run_alone(self, *command):
        """Where there is nothing else, not even env."""
        return said("chroot", self.root.path, *command)

    def test_a_life(self):
        root = self.root
        root.layer()
        # As Fedora's nginx makes it.
        root.run("useradd", "-r", "-U", "-M", "nginx")
        root.rpm("-i", "--nodeps", package("fcgi-thumb"))
        root.run("systemd-tmpfiles", "--create", "fcgi-thumb.conf")
        self.assertEqual(root.rpm("-V", "--nodeps", "fcgi-thumb"), "")
        secret = self.file(SECRET).read_text()
        self.assertRegex(secret, r"\A[0-9a-f]{64}\n\Z")
        self.assertEqual(root.run("stat", "-c", "%a %U:%G", "/" + SECRET),
                         "600 fcgi-thumb:fcgi-thumb\n")
        enabled = {path.name for path in self.file("etc/systemd/system")
                   .glob("*.wants/fcgi-thumb*")}
        self.assertEqual(enabled, set(ENABLED))
        for path in ("usr/lib/systemd/system", "usr/lib/tmpfiles.d",
                     "etc/logrotate.d"):
            for file in self.file(path).glob("fcgi-thumb*"):
                self.assertNotIn("www-data", file.read_text(), file)
        self.assertIn("valid", root.run("fcgi-thumb", "-t"))
        root.run("logrotate", "-d", "/etc/logrotate.d/fcgi-thumb")
        self.serve()
        self.upgrade(secret)
        self.erase(secret)

    def serve(self):
        """A photo through nginx, by the files that the package has."""
        root = self.root
        root.run("thumbctl", "nginx-conf", "/run")
        conf = self.file("run/nginx.conf")
        conf.write_text("""
user nginx;
pid /run/nginx.pid;
error_log /run/error.log;
events { }
http {
	include fcgi-thumb-http.conf;
	server {
		listen unix:/run/site.sock;
		include fcgi-thumb-server.conf;
	}
}
""")
        service = subprocess.Popen(root.command("fcgi-thumb"))
        self.addCleanup(service.wait)
        self.addCleanup(service.terminate)
        nginx = subprocess.Popen(root.command(
            "nginx", "-c", "/run/nginx.conf", "-g", "daemon off;"))
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        curl = root.command("curl", "-fsS", "--unix-socket", "/run/site.sock")
        end = time.monotonic() + 60
        while subprocess.run([*curl, "http://localhost/health/ready"],
                             capture_output=True).returncode:
            self.assertIsNone(service.poll())
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        answer = json.loads(said(
            *curl, "-F", "photo=@/usr/share/fcgi-thumb/photos/photo-12mp.jpg",
            "http://localhost/upload"))
        self.assertEqual(answer["photos"][0]["status"], "created")
        said(*curl, "-o", "/dev/null", "http://localhost" + answer["url"])
        for line in root.run("thumbctl", "doctor", "--nginx",
                             "nginx -c /run/nginx.conf").splitlines():
            self.assertNotIn("FAULT", line)
        nginx.terminate()
        nginx.wait()
        service.terminate()
        self.assertEqual(service.wait(), 0)
        self.photo = answer["photos"][0]["id"]

    def upgrade(self, secret):
        """By the same version: what was edited and made stays."""
        settings = self.file("etc/fcgi-thumb/fcgi-thumb.conf")
        settings.write_text(settings.read_text() + "# edited\n")
        self.root.rpm("-U", "--force", "--nodeps", package("fcgi-thumb"))
        self.assertIn("# edited", settings.read_text())
        self.assertEqual(self.file(SECRET).read_text(), secret)

    def erase(self, secret):
        """Photos, the secret and what was edited stay."""
        self.root.rpm("-e", "--nodeps", "fcgi-thumb")
        self.assertFalse(self.file("usr/sbin/fcgi-thumb").exists())
        self.assertEqual(list(self.file("usr/lib/systemd/system")
                              .glob("fcgi-thumb*")), [])
        self.assertEqual([path for path in self.file("etc/systemd/system")
                          .glob("*.wants/fcgi-thumb*")], [])
        self.assertTrue(list(self.file("var/lib/fcgi-thumb/photos")
                             .glob(f"*/{self.photo}/original.jpg")))
        self.assertTrue(self.file("etc/fcgi-thumb/fcgi-thumb.conf.rpmsave")
                        .exists())
        self.assertEqual(self.file(SECRET).read_text(), secret)


def main(arguments):
    loader = unittest.defaultTestLoader
    classes = [globals()[name] for name in arguments] or [Built, Installed]
    return e2e.run_suite(unittest.TestSuite(
        map(loader.loadTestsFromTestCase, classes)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
