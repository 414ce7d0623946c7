"""What a machine goes through with the package, a class each. The steps of a
class are done in their order, on one machine: each stands on the one before."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import nginx
import test_dev
from case import Load, ServiceCase, opened
from machine import BUILT, Ground, Machine
from service import TOP, picture, variation, wait_until

ROOTS = pathlib.Path(os.environ.get("FT_ROOTS", TOP / "build" / "packages"))
DIRECTORY = None  # of this run; set by packaging.py

DATA = "/var/lib/fcgi-thumb"
LOGS = "/var/log/fcgi-thumb"
SETTINGS = "/etc/fcgi-thumb/fcgi-thumb.conf"
SECRET = "/etc/fcgi-thumb/upload-secret"
NGINX_FILES = "/etc/nginx/fcgi-thumb"
UNIT = "fcgi-thumb.service"

# What has nginx test and reload is root's, and has to have what nginx has.
AS_ROOT = {"fcgi-thumb-release.service": 3.4}

# One file a codec, and the type that its upload is answered with.
EVERY_CODEC = {
    "photo-12mp.jpg": "image/jpeg", "progressive.jpg": "image/jpeg",
    "cmyk.jpg": "image/jpeg", "alpha.png": "image/png",
    "gray16.png": "image/png", "animated.gif": "image/gif",
    "lossy.webp": "image/webp", "lossless-alpha.webp": "image/webp",
    "scene.avif": "image/avif", "grid.heic": "image/heic",
    "alpha.heic": "image/heic", "cmyk.tif": "image/tiff",
    "fax.tif": "image/tiff", "core.bmp": "image/bmp"}

# Where the packages that ours depends on, and the system, keep what they make:
# unless it has our name.
OTHERS = (r"(?!.*fcgi.thumb)("
          r"/var/(cache|www|log/journal|log/nginx|lib/(apt|dpkg|ghostscript|"
          r"logrotate|nginx|private|systemd|ucf|xfonts))(/|$)|"
          r"/var/log/(apt/.*|alternatives\.log|dpkg\.log)$|"
          r"/etc/(alternatives|ssl|fonts|ImageMagick-[67]|nginx|rc[0-6S]\.d|"
          r"systemd/system/[a-z-]*\.target\.wants)/|"
          r"/etc/(papersize|ca-certificates\.conf)$|"
          r"/usr/(local/share|share/(fonts|mime))/|/(tmp|var/tmp|root)/)")

EVERY_FORMAT = ["jpeg", "png", "webp", "avif", "gif"]


class Life(ServiceCase):
    suite = "bookworm"
    broken = False

    @classmethod
    def steps(cls):
        """Their names, those of the class it is made from first."""
        return [name for each in reversed(cls.__mro__) for name in vars(each)
                if name.startswith("test_")]

    @classmethod
    def setUpClass(cls):
        cls.ground = Ground(ROOTS / cls.suite)
        cls.machine = Machine(cls.ground, DIRECTORY / cls.__name__)
        cls.addClassCleanup(cls.machine.stop)
        cls.prepare()
        cls.machine.boot()
        cls.machine.run("apt-get", "-q", "update")

    @classmethod
    def prepare(cls):
        """Before the first start."""

    # What follows a failed step would fail too, and say nothing.
    def run(self, result=None):
        if self.broken:
            result.startTest(self)
            result.addSkip(self, "an earlier step failed")
            result.stopTest(self)
            return result
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).broken = True
            self.show_machine()
        return result

    def show_machine(self):
        try:
            words = self.machine.run("journalctl", "--no-pager", "-n", "40",
                                     "--no-hostname", check=False).stdout
        except OSError as failure:
            words = str(failure)
        print(words, flush=True)

    # ---- what several need ----

    def install(self, which, *options):
        """As the README says it, the package of that version: "lower" or
        "higher"."""
        return self.machine.run(
            "sh", "-c", f"cd {BUILT}/{which} && "
            f"apt install -y {' '.join(options)} ./fcgi-thumb_*.deb")

    def enable(self, *options):
        return self.machine.ask("thumbctl", "site", "enable", *options)

    def apply(self):
        """The settings that are in the file now, into force."""
        self.machine.run("thumbctl", "apply", NGINX_FILES)

    def version(self):
        return self.machine.ask("dpkg-query", "-W", "-f", "${Version}",
                                "fcgi-thumb")

    def assert_healthy(self, unit=UNIT):
        """All units that there are do what they are to."""
        failed = self.machine.run("systemctl", "--failed", "--plain",
                                  "--no-legend").stdout
        self.assertEqual(failed.strip(), "", failed)
        self.assertEqual(self.machine.ask("systemctl", "is-active", unit),
                         "active")

    def upload(self, mark, headers=()):
        """A new photo, taken and served; what the answer says of it."""
        answer = self.machine.upload(
            ("gray.jpg", variation(picture("gray.jpg"), mark)),
            headers=headers)
        photo, = self.assert_taken(answer, 201, "created")["photos"]
        self.assert_served(photo, self.machine)
        return photo

    def assert_kept(self):
        """The first photo is where it was, byte for byte."""
        files = self.assert_served(self.kept, self.machine)
        self.assertEqual(files, type(self).__dict__.get("served") or files)
        type(self).served = files

    def set(self, **values):
        """Keys that stand in the settings file, in libconfig's words."""
        text = self.machine.read(SETTINGS)
        for key, value in values.items():
            text, n = re.subn(rf"(?m)^{key} = [^;]*;", f"{key} = {value};",
                              text)
            self.assertEqual(n, 1, key)
        self.machine.write(SETTINGS, text)

    def doctor(self):
        done = self.machine.thumbctl("doctor")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("FAULT", done.stdout)
        return done.stdout

    def rotate(self):
        """All logs, while visitors come: every upload is in one of them."""
        with Visitors(self.machine, 3, 0.2) as visitors:
            for _ in range(3):
                visitors.wait_for(4)
                self.machine.run("logrotate", "--force",
                                 "/etc/logrotate.d/fcgi-thumb")
            visitors.wait_for(4)
        self.assertEqual(visitors.failures, [])
        for name in "fcgi-thumb", "access":
            wait_until(f"every upload in {name}.log", lambda: not (
                {answer.headers["X-Request-Id"] for answer in visitors.answers}
                - self.logged(name)), 10)

    def logged(self, name):
        """The requests' ids in all files that there are of that log."""
        text = self.machine.run(
            "sh", "-c", f"zcat -f {LOGS}/{name}.log*").stdout
        return set(re.findall(r'"(?:id|request)": ?"([0-9a-f]{32})"', text))

    # ---- what there is on the machine ----

    def units(self, kind):
        """Of the package; those that run, have run, or can. Of what there are
        several the one called blue."""
        return [line.split()[0].replace("@.", "@blue.")
                for line in self.machine.ask(
                    "systemctl", "list-unit-files", "--no-legend", "--plain",
                    f"--type={kind}", "fcgi-thumb*").splitlines()]

    def processes(self):
        return self.machine.ask("sh", "-c", "cat /proc/[0-9]*/comm | grep "
                                "-E '^(fcgi-thumb|thumb)' || true")

    def old_programs(self):
        """Processes whose file is not there any more."""
        return self.machine.ask("sh", "-c", "ls -l /proc/[0-9]*/exe "
                                "2>/dev/null | grep 'fcgi-thumb.*(deleted)'"
                                " || true")

    def stored(self):
        """The sums of all files in the store, to which nothing comes or goes
        from then on."""
        self.machine.run("systemctl", "stop", "fcgi-thumb-probe.timer",
                         "fcgi-thumb-probe.service", check=False)
        return self.machine.ask(
            "sh", "-c", f"cd {DATA} && find photos public -type f -exec "
            "sha256sum {} + | sort -k 2")

    def purge(self):
        """Nothing is left but the store; before has the files of a machine
        without the package."""
        words = self.machine.run("apt", "purge", "-y", "fcgi-thumb").stdout
        self.assertRegex(words, rf"(?i)photos.*{DATA}|{DATA}.*photos")
        self.assertEqual(self.processes(), "")
        self.assert_nginx_starts()
        left = sorted(path for path
                      in self.files() - self.before - self.others()
                      if path != DATA and not path.startswith(DATA + "/"))
        self.assertEqual(left, [], "\n".join(left))
        for line in "passwd", "group", "shadow":
            self.assertNotIn("fcgi-thumb", self.machine.read(f"/etc/{line}"))

    def assert_nginx_starts(self):
        """With what the package has left behind."""
        self.machine.run("nginx", "-t")
        self.machine.run("systemctl", "restart", "nginx.service")

    def files(self):
        """All that lies on the machine's disk."""
        return set(self.machine.ask(
            "find", "/", "-xdev", "-not", "-path", f"{DATA}/*/*").splitlines())

    def others(self):
        """What other packages have brought, or made."""
        listed = self.machine.ask(
            "sh", "-c", "cat /var/lib/dpkg/info/*.list").splitlines()
        # /lib is a link to /usr/lib, and so on.
        return ({re.sub("^/(lib|lib64|bin|sbin)/", r"/usr/\1/", path)
                 for path in listed}
                | {path for path in self.files() if re.match(OTHERS, path)})


class Visitors(Load):
    """Clients that upload, look at what they got, ask for a format that is
    not there yet, and take the photo back. What is not as it has to be is
    kept as a failure."""

    def run(self, client):
        n = 0
        while self.going:
            n += 1
            try:
                self.visit(f"{client} {n} {id(self)}")
            except Exception as failure:  # kept for the assertion
                self.failures.append(repr(failure))
            time.sleep(self.pause)

    def visit(self, mark):
        # Each visit is another customer's, whom the site knows by that.
        known = {"Cookie": "fcgi_thumb_customer="
                 + hashlib.sha256(mark.encode()).hexdigest()}
        answer = self.service.upload(
            ("a.jpg", variation(picture("gray.jpg"), mark)), headers=known)
        self.answers.append(answer)
        self.hold(answer, 201)
        photo, = json.loads(answer.body)["photos"]
        for variant in photo["variants"]:
            self.hold(self.service.get_url(variant["url"], known), 200)
        # Or a JPEG, where the others keep all workers busy.
        self.hold(self.service.get(f"/t/{photo['id']}/large.webp", known), 200)
        self.hold(self.service.request(
            "DELETE", f"/photos/{photo['id']}", headers={
                "Authorization": f"Bearer {photo['delete_token']}",
                **known}), 204)

    @staticmethod
    def hold(answer, status):
        if answer.status != status:
            raise AssertionError(f"{answer.status} {answer.body[:300]}")


class Debian12(Life):
    """From the installation to the end of the package."""

    def test_apt_installs(self):
        type(self).before = self.files()
        self.install("lower")
        self.assert_healthy()
        secret = self.machine.ask("stat", "-c", "%a %U %s", SECRET)
        self.assertEqual(secret, "600 fcgi-thumb 65")
        # Nobody has decided yet who may upload.
        answer = self.machine.upload(("a.jpg", picture("gray.jpg")))
        self.assertIn(answer.status, (404, 405))

    def test_a_site_takes_photos_with_a_token(self):
        self.assertIn("token", self.enable())
        self.machine.wait_ready()
        self.assertIn(b"<form", self.machine.get("/").body)
        answer = self.machine.upload(("a.jpg", picture("gray.jpg")))
        self.assert_problem(answer, 403, "token-invalid")
        token = self.machine.ask("thumbctl", "token")
        type(self).kept = self.upload("kept", {"Authorization":
                                               f"Bearer {token}"})
        self.assertEqual(
            self.machine.get(f"/t/{self.kept['id']}/large.webp").status, 200)

    def test_a_site_goes_off_and_on_again(self):
        self.machine.run("thumbctl", "site", "disable")
        self.assertIn(self.machine.get("/health/live").status, (404, 502))
        self.enable()
        self.machine.wait_ready()
        self.assert_kept()

    def test_an_open_site_is_a_decision(self):
        self.assertIn("everybody", self.enable("--open"))
        self.machine.wait_ready()
        self.upload("from everybody")

    def test_every_codec_in_the_fence(self):
        text = self.machine.read(SETTINGS)
        self.machine.write(SETTINGS, text.replace(
            'name = "square";', 'name = "square"; formats = [ '
            + ", ".join(f'"{each}"' for each in EVERY_FORMAT) + " ];", 1))
        self.apply()
        for name, kind in EVERY_CODEC.items():
            with self.subTest(name):
                answer = self.machine.upload((name, picture(name)))
                photo, = self.assert_taken(answer, 201, "created")["photos"]
                self.assertEqual(photo["type"], kind)
                self.assert_served(photo, self.machine)
                for each in EVERY_FORMAT:
                    self.assert_format(photo, each)
        self.machine.write(SETTINGS, text)
        self.apply()

    def assert_format(self, photo, name):
        """Made at this request."""
        extension = name.replace("jpeg", "jpg")
        answer = self.machine.get(f"/t/{photo['id']}/square.{extension}")
        self.assertEqual((answer.status, answer.headers["Content-Type"]),
                         (200, f"image/{name}"))
        if name == "avif":  # Pillow does not know it everywhere
            self.assertEqual(answer.body[4:12], b"ftypavif")
        else:
            self.assertEqual(opened(answer.body).format, name.upper())

    def test_the_sandbox_stands_in_the_fence(self):
        self.machine.run("systemctl", "restart", UNIT)
        self.machine.wait_ready()
        words = self.machine.read(f"{LOGS}/fcgi-thumb.log")
        self.assertRegex(words.rpartition("ready: ")[2].splitlines()[0],
                         "limits, privileges, files, system calls")

    def test_how_far_the_units_are_shut_in(self):
        for unit in self.units("service"):
            words = self.machine.ask("systemd-analyze", "security",
                                     "--no-pager", unit).splitlines()[-1]
            print("     ", words.lstrip("\N{RIGHTWARDS ARROW} "), flush=True)
            level = float(re.search(r": ([0-9.]+) ", words)[1])
            self.assertLess(level, AS_ROOT.get(unit, 2.0), unit)

    def test_doctor_finds_nothing(self):
        self.doctor()

    def test_the_log_is_rotated_without_a_loss(self):
        self.rotate()

    def test_the_house_is_kept(self):
        self.machine.run("systemctl", "start", "fcgi-thumb-sweep.service")
        self.assert_healthy()

    def test_it_serves_after_a_reboot(self):
        self.assertEqual(self.machine.reboot(), "running")
        self.assert_healthy()
        self.assert_kept()
        self.upload("after the reboot")
        self.doctor()
        # From here on nothing is to be seen of what is done to it.
        type(self).watched = self.machine.ask("date", "-u", "+%FT%TZ")

    def test_it_is_upgraded_under_load(self):
        self.replace("higher")

    def test_it_is_downgraded_under_load(self):
        self.replace("lower", "--allow-downgrades")

    def replace(self, which, *options):
        """With that version, while visitors come: not one is turned away."""
        before = self.version()
        with Visitors(self.machine, 3, 0.1) as visitors:
            visitors.wait_for(6)
            self.install(which, *options)
            visitors.wait_for(6)
        print(f"      {len(visitors.answers)} uploads, "
              f"{len(visitors.failures)} failures", flush=True)
        self.assertEqual(visitors.failures, [])
        self.assertNotEqual(self.version(), before)
        self.assert_healthy()
        self.assertIn(self.version(), self.machine.ask("fcgi-thumb", "-V"))
        self.assertEqual(self.old_programs(), "")
        self.assert_kept()

    def test_the_prober_has_seen_it_online(self):
        def minutes():
            # Its status and its words are of the objective.
            return json.loads(self.machine.ask(
                "sh", "-c", "thumbctl slo --json 2>/dev/null || true"
            ))["minutes"]

        # One that is over: the first is known after two.
        wait_until("a minute online", lambda: minutes()["online"], 150)
        wait_until("some probes", lambda: len(self.probes()) > 2, 60)
        self.assertEqual([each for each in self.probes() if not each["ok"]],
                         [])
        status = self.machine.get("/status.json")
        self.assertEqual(status.status, 200, status.body)
        self.assertIn("today", json.loads(status.body))

    def probes(self):
        """Of the ledger, since nothing was to be seen."""
        text = self.machine.ask("sh", "-c", f"cat {LOGS}/ledger/*.jsonl")
        return [line for line in map(json.loads, text.splitlines())
                if line["kind"] == "probe" and line["time"] > self.watched]

    def test_remove_keeps_the_data(self):
        before = self.stored(), self.machine.read(SECRET)
        self.machine.run("apt", "remove", "-y", "fcgi-thumb")
        self.assertEqual((self.stored(), self.machine.read(SECRET)), before)
        self.assertEqual(self.processes(), "")
        self.assert_nginx_starts()
        self.assert_kept()
        self.install("higher")
        self.assert_healthy()
        self.assert_kept()
        self.upload("after it was removed")

    def test_purge_leaves_photos_alone(self):
        before = self.stored()
        self.purge()
        self.assertEqual(self.stored(), before)


class Debian13(Debian12):
    """The same with the libraries of the next Debian, MagickWand 7 among
    them."""

    suite = "trixie"


class Releases(Life):
    """What the package brings is released, to one slot and the other."""

    BLUE, GREEN = "fcgi-thumb@blue.service", "fcgi-thumb@green.service"
    OTHERS_SITE = "/etc/nginx/conf.d/others.conf"

    def test_a_site_serves_without_slots(self):
        type(self).before = self.files()
        self.install("lower")
        self.enable("--open")
        self.machine.wait_ready()
        self.set(releases="true")
        self.apply()
        type(self).kept = self.upload("kept")
        self.assert_serves("none")

    def test_the_first_release_is_a_switch(self):
        with self.visitors() as visitors:
            visitors.wait_for(6)
            self.release("stage")
            self.release("switch")
            visitors.wait_for(6)
        self.assert_all_served(visitors)
        self.assert_serves("blue")
        self.assert_healthy(self.BLUE)
        # Nothing is left of what served before.
        for unit in UNIT, "fcgi-thumb.socket", "fcgi-thumb-control.socket":
            self.assertEqual(self.unit_is(unit), "inactive disabled", unit)
        # The init script starts slots as well.
        self.machine.run("test", "-e", "/etc/rc2.d/S01fcgi-thumb")
        left = self.machine.ask("find", "/run/fcgi-thumb", "-type", "s")
        self.assertEqual(sorted(left.splitlines()),
                         [f"/run/fcgi-thumb/blue/{name}.sock"
                          for name in ("control", "photo")])

    def test_the_slots_are_shut_in_as_the_service_is(self):
        level = [re.search(r": ([0-9.]+) ", self.machine.ask(
            "systemd-analyze", "security", "--no-pager", unit).splitlines()[-1]
            )[1] for unit in (UNIT, self.BLUE)]
        self.assertEqual(*level)
        words = self.machine.read(f"{LOGS}/fcgi-thumb.log")
        self.assertRegex(
            words.rpartition("fcgi-thumb@blue: ready: ")[2].splitlines()[0],
            "limits, privileges, files, system calls")

    def test_doctor_finds_nothing(self):
        self.doctor()

    def test_nothing_that_serves_is_the_packages(self):
        """Which an upgrade replaces at any moment."""
        paths = "/usr/sbin/fcgi-thumb", "/usr/share/fcgi-thumb"
        pages = self.machine.get("/").body
        for path in paths:
            self.machine.run("mv", path, path + ".away")
        self.machine.run("systemctl", "restart", self.BLUE, "nginx")
        self.machine.wait_ready()
        self.upload("without the package")
        self.assertEqual(self.machine.get("/").body, pages)
        for path in paths:
            self.machine.run("mv", path + ".away", path)

    def test_the_log_is_rotated_without_a_loss(self):
        self.rotate()

    def test_a_master_that_dies_comes_back(self):
        died = self.master("blue")
        self.machine.run("sh", "-c", f"kill -KILL {died}")
        self.machine.wait_ready()
        self.assertNotEqual(self.master("blue"), died)
        self.upload("after a death")

    def test_a_slot_that_is_stopped_stays_so(self):
        self.machine.run("systemctl", "stop", self.BLUE)
        wait_until("its sockets are gone", lambda: not self.machine.ask(
            "find", "/run/fcgi-thumb/blue", "-type", "s"))
        self.release("start")
        self.machine.wait_ready()
        self.upload("after it was stopped")

    def test_it_serves_after_a_reboot(self):
        self.assertEqual(self.machine.reboot(), "running")
        self.assert_healthy(self.BLUE)
        self.assert_serves("blue")
        self.assertEqual(self.unit_is(UNIT), "inactive disabled")
        self.assert_kept()
        self.upload("after the reboot")
        self.doctor()

    def test_an_upgrade_waits_in_the_other_slot(self):
        master, files = self.master("blue"), self.nginx_files()
        with self.visitors() as visitors:
            visitors.wait_for(6)
            words = self.install("higher").stdout
            visitors.wait_for(6)
        self.assert_all_served(visitors)
        self.assertRegex(words, r"version \S+\+higher waits in green")
        self.assertIn("thumbctl release rollout", words)
        self.assertEqual(self.master("blue"), master)
        self.assertEqual(self.nginx_files(), files)
        self.assertEqual(self.old_programs(), "")
        self.assert_serves("blue")
        slots = self.state()["slots"]
        self.assertEqual(slots["green"]["version"], self.version())
        self.assertEqual(slots["blue"]["version"] + "+higher", self.version())
        self.assertFalse(slots["green"]["runs"])
        # The service without slots would be of the new version, too.
        self.assertIsNone(self.state()["previous"])

    def test_it_comes_to_all_by_steps(self):
        with self.visitors() as visitors:
            visitors.wait_for(6)
            words = self.release("rollout", "--steps", "30,100", "--step",
                                 "20s", "--patience", "3m", "--slower", "100")
            visitors.wait_for(6)
        for line in words.splitlines():
            if "requests" in line:
                print("     ", line, flush=True)
        self.assert_all_served(visitors)
        self.assert_serves("green")
        self.assert_healthy(self.GREEN)
        self.assertIn(b"+higher", self.machine.get("/status.json").body)

    def test_it_goes_back_by_one_command(self):
        with self.visitors() as visitors:
            visitors.wait_for(6)
            self.release("rollback")
            visitors.wait_for(6)
        self.assert_all_served(visitors)
        self.assert_serves("blue")

    def test_the_power_fails_in_the_middle_of_a_release(self):
        self.release("stage")
        with self.visitors() as visitors:
            rollout = self.machine.spawn(
                "thumbctl", "release", "rollout", "--steps", "50,100",
                "--step", "10s", "--patience", "10s")
            wait_until("half of them", lambda: self.share("green") == 50, 120)
            visitors.wait_for(6)
        self.assert_all_served(visitors)
        self.assertEqual(self.machine.lose_power(), "running")
        rollout.communicate()
        self.machine.wait_ready()
        for unit in self.BLUE, self.GREEN:
            self.assertEqual(self.unit_is(unit), "active enabled", unit)
        words = self.machine.ask("thumbctl", "release", "status")
        for line in ("NOBODY is at work", "goes back by itself",
                     "thumbctl release abort"):
            self.assertIn(line, words)
        self.assertEqual(self.share("green"), 50)
        for n in range(8):
            self.upload(f"in the middle {n}")

    def test_an_upgrade_leaves_a_release_alone(self):
        state, masters = self.state()["slots"], self.masters()
        words = self.install("lower", "--allow-downgrades").stdout
        self.assertRegex(words, "a release is under way")
        self.assertEqual((self.state()["slots"], self.masters()),
                         (state, masters))

    def test_it_is_taken_back_after_its_deadline(self):
        """Which is its step's end, its patience and a minute; and the timer
        comes each minute."""
        wait_until("it has gone back", lambda: self.state()["run"] is None, 180)
        self.assert_serves("blue")
        self.upload("after it was taken back")
        history = self.machine.ask("thumbctl", "release", "history")
        for words in (history,
                      self.machine.journal("fcgi-thumb-release.service")):
            self.assertRegex(words, "revert, blue .* -> green .*deadline")

    def test_remove_keeps_what_was_released(self):
        before = self.stored()
        self.machine.run("apt", "remove", "-y", "fcgi-thumb")
        self.assertEqual(self.processes(), "")
        self.assertEqual(self.stored(), before)
        self.assert_nginx_starts()
        self.assert_kept()
        self.install("higher")
        self.assert_serves("blue")
        self.assert_healthy(self.BLUE)
        self.assertEqual(self.state()["slots"]["green"]["version"],
                         self.version())
        self.upload("after it was removed")

    def test_purge_leaves_what_a_site_of_others_includes(self):
        self.machine.run("rm", "/etc/nginx/sites-enabled/fcgi-thumb")
        self.machine.write(
            self.OTHERS_SITE, f"include {NGINX_FILES}/fcgi-thumb-http.conf;\n"
            "server { listen 81;\n"
            f"include {NGINX_FILES}/fcgi-thumb-server.conf;\n}}\n")
        words = self.machine.run("apt", "purge", "-y", "fcgi-thumb").stdout
        self.assertRegex(words, "a site of nginx includes")
        self.assert_nginx_starts()
        self.machine.run("test", "!", "-e",
                         "/var/lib/fcgi-thumb-releases/versions")

    def test_purge_leaves_photos_alone(self):
        self.machine.run("rm", self.OTHERS_SITE)
        self.install("lower")
        before = self.stored()
        self.purge()
        self.assertEqual(self.stored(), before)

    # ---- what is released to whom ----

    def release(self, *arguments):
        done = self.machine.thumbctl("release", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def state(self):
        return json.loads(self.release("status", "--json"))

    def share(self, slot):
        return self.state()["slots"][slot]["share"]

    def master(self, slot):
        return self.machine.ask("systemctl", "show", "-P", "MainPID",
                                f"fcgi-thumb@{slot}.service")

    def masters(self):
        return [self.master(slot) for slot in ("blue", "green")]

    def unit_is(self, name):
        """As systemd says it: "active enabled"."""
        return " ".join(self.machine.run("systemctl", word, name, check=False)
                        .stdout.strip() for word in ("is-active", "is-enabled"))

    def nginx_files(self):
        return self.machine.ask("sh", "-c", f"sha256sum {NGINX_FILES}/*")

    def assert_serves(self, slot):
        """All, by the state and by nginx's log, and nothing is under way."""
        state = self.state()
        self.assertEqual((state["active"], state["run"]), (slot, None))
        self.assertTrue(state["nginx"]["agrees"], state)
        self.machine.wait_ready()
        answer = self.machine.upload(("gray.jpg", picture("gray.jpg")))
        line = wait_until("the line of it", lambda: next(
            (line for line in map(json.loads, self.machine.read(
                f"{LOGS}/access.log").splitlines())
             if line["id"] == answer.headers["X-Request-Id"]), None))
        self.assertEqual((line["slot"], line["status"]), (slot, answer.status))

    def visitors(self):
        return Visitors(self.machine, 3, 0.1)

    def assert_all_served(self, visitors):
        print(f"      {len(visitors.answers)} uploads, "
              f"{len(visitors.failures)} failures", flush=True)
        self.assertEqual(visitors.failures, [])


class FromTheLaptop(Life):
    """What ran under ./dev run moves to a server, with its photos."""

    PLACES = re.compile(r"(?s)# ---- Places -+\n.*?(?=\n# ---- )")

    def test_a_laptop_serves(self):
        data = pathlib.Path(tempfile.mkdtemp(prefix="laptop-"))
        self.addClassCleanup(shutil.rmtree, data, ignore_errors=True)
        data.chmod(0o755)
        type(self).data = data / "data"
        self.begin_with_settings_of_its_own()
        run = test_dev.Run(self.data)
        try:
            self.assertIn("/media/", run.wait_ready(), run.errors)
            type(self).photos = self.upload_all(run.port)
            type(self).files = {url: self.ask(run.port, "GET", url).body
                                for url in self.addresses()}
        finally:
            run.end()

    def begin_with_settings_of_its_own(self):
        """A prefix and a preset; all else as a first ./dev run has it."""
        run = test_dev.Run(self.data)
        try:
            self.assertNotEqual(run.wait_ready(), "", run.errors)
        finally:
            run.end()
        path = self.data / "fcgi-thumb.conf"
        text = path.read_text()
        for old, new in (('prefix = "";', 'prefix = "/media";'),
                         ('name = "medium";', 'name = "middle"; quality = 71;'
                          ' background = "#336699";')):
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        path.write_text(text)

    def ask(self, port, method, path, body=None, headers=()):
        return nginx.request(("127.0.0.1", port), method, path, body, headers)

    def upload_all(self, port):
        """A photo of each name; what the answers say."""
        photos = {}
        for name in "photo-12mp.jpg", "alpha.png", "gray.jpg":
            answer = self.ask(port, "PUT", "/media/upload", picture(name))
            photos[name], = self.assert_taken(answer, 201,
                                              "created")["photos"]
        return photos

    def addresses(self):
        return [variant["url"] for photo in self.photos.values()
                for variant in photo["variants"]]

    def test_the_server_takes_it_over(self):
        """By the README's lines, but that no network leads to the laptop."""
        self.install("lower")
        self.machine.run("apt", "install", "-y", "rsync")
        subprocess.run(["cp", "-a", self.data, self.machine.path("/root/data")],
                       check=True)
        lines, = re.findall(r"(?s)\n```\n(rsync laptop:.*?)```",
                            (TOP / "README.md").read_text())
        self.machine.run("sh", "-exc", "cd /root; " + lines.replace(
            "laptop:fcgi-thumb/var/data", "/root/data"))
        self.machine.prefix = "/media"
        self.machine.wait_ready()
        self.assert_healthy()
        self.assert_only_paths_differ()

    def assert_only_paths_differ(self):
        mine, its = (self.PLACES.split(text) for text in (
            (self.data / "fcgi-thumb.conf").read_text(),
            self.machine.read(SETTINGS)))
        self.assertEqual(len(mine), 2)
        self.assertEqual(mine, its)

    def test_every_address_is_the_same(self):
        for url, data in self.files.items():
            answer = self.machine.get_url(url)
            self.assertEqual((answer.status, answer.body), (200, data), url)

    def test_photos_are_known_again(self):
        answer = self.machine.upload(("again.png", picture("alpha.png")))
        photo, = self.assert_taken(answer, 200, "exists")["photos"]
        self.assertEqual(photo["variants"],
                         self.photos["alpha.png"]["variants"])
        new = self.upload("on the server")
        self.assertIn("middle", {each["preset"] for each in new["variants"]})

    def test_the_store_is_in_order(self):
        self.verify()
        self.doctor()

    def verify(self):
        done = self.machine.thumbctl("verify")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_tokens_of_the_laptop_delete(self):
        photo = self.photos["photo-12mp.jpg"]
        answer = self.machine.request(
            "DELETE", f"/photos/{photo['id']}",
            headers={"Authorization": f"Bearer {photo['delete_token']}"})
        self.assertEqual(answer.status, 204, answer.body)
        for variant in photo["variants"]:
            self.assertEqual(self.machine.get_url(variant["url"]).status, 404)
        self.verify()


class Cloud(Life):
    """packaging/cloud-init.yaml makes a bare machine of a cloud into one that
    serves, by itself."""

    # Where the package lies for the machine; the two lines that are to be
    # filled in.
    DOWNLOADS = "http://127.0.0.1:8000"

    def test_an_image_has_cloud_init(self):
        self.machine.run("apt-get", "install", "-y",
                         "--no-install-recommends", "cloud-init")
        # An image has locales, and a mirror that it can reach.
        self.machine.write("/etc/cloud/cloud.cfg.d/90-image.cfg",
                           "datasource_list: [ NoCloud ]\n"
                           "apt_preserve_sources_list: true\n"
                           "locale: false\n")
        self.machine.write(
            "/etc/systemd/system/downloads.service",
            "[Service]\nExecStart=/usr/bin/python3 -m http.server --bind "
            f"127.0.0.1 --directory {BUILT}/lower 8000\n"
            "[Install]\nWantedBy=basic.target\n")
        self.machine.run("systemctl", "enable", "downloads.service")

    def test_user_data_is_what_cloud_init_knows(self):
        deb, = (self.ground.built / "lower").glob("*.deb")
        text = (TOP / "packaging" / "cloud-init.yaml").read_text()
        for name, value in (
                ("address", f"{self.DOWNLOADS}/{deb.name}"),
                ("sum", hashlib.sha256(deb.read_bytes()).hexdigest())):
            text, n = re.subn(rf"(?m)^( *{name})=.*", rf"\1={value}", text)
            self.assertEqual(n, 1, name)
        seed = "/var/lib/cloud/seed/nocloud"
        self.machine.write(f"{seed}/user-data", text)
        self.machine.write(f"{seed}/meta-data", "instance-id: photos-1\n")
        self.machine.run("cloud-init", "schema", "--config-file",
                         f"{seed}/user-data")

    def test_its_first_start_makes_it_serve(self):
        self.machine.run("cloud-init", "clean")
        self.machine.reboot()
        done = self.machine.run("cloud-init", "status", "--wait", "--long",
                                check=False)
        self.assertIn("status: done", done.stdout, self.machine.run(
            "tail", "-n", "60", "/var/log/cloud-init-output.log").stdout)
        self.assert_healthy()
        self.machine.wait_ready()

    def test_who_has_a_token_may_upload(self):
        answer = self.machine.upload(("a.jpg", picture("gray.jpg")))
        self.assert_problem(answer, 403, "token-invalid")
        token = self.machine.ask("thumbctl", "token")
        self.upload("in the cloud", {"Authorization": f"Bearer {token}"})

    def test_it_is_done_once(self):
        self.assertEqual(self.machine.reboot(), "running")
        self.machine.run("cloud-init", "status", "--wait")
        self.assert_healthy()
        token = self.machine.ask("thumbctl", "token")
        self.upload("a day later", {"Authorization": f"Bearer {token}"})


ALL = [Debian12, Releases, FromTheLaptop, Cloud, Debian13]
