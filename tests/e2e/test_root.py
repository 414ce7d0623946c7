"""As root: ./dev run works for an account that is not, the service becomes its
user, thumbctl becomes the service's."""

import grp
import json
import os
import pathlib
import pwd
import signal
import stat
import subprocess

from case import NotHere, ServiceCase
from service import (PROGRAM, TOP, Service, picture, variation,
                     wait_until)
from test_dev import DevCase, descendants

AS_ACCOUNT = ["setpriv", "--reuid", "www-data", "--regid", "www-data",
              "--clear-groups", "--"]


class AsRoot(DevCase):
    def setUp(self):
        self.assertEqual(os.geteuid(), 0, "only root can try this")
        super().setUp()

    def owner_of(self, pid):
        return pathlib.Path(f"/proc/{pid}").stat().st_uid

    def test_runs_as_another_account_which_gets_the_data(self):
        wanted = os.environ.get("SUDO_USER", "root")
        account = pwd.getpwnam("www-data" if wanted == "root" else wanted)
        run = self.run_dev()
        for pid in descendants(run.process.pid):
            self.assertEqual(self.owner_of(pid), account.pw_uid)
        self.assertEqual(self.upload(run)[0], 201)
        self.assert_stops(run, signal.SIGTERM)
        for path in self.data, *self.data.rglob("*"):
            self.assertEqual(path.lstat().st_uid, account.pw_uid, path)

    def test_takes_over_what_root_left_behind(self):
        run = self.run_dev()
        self.upload(run)
        self.assert_stops(run, signal.SIGTERM)
        for path in self.data, *self.data.rglob("*"):
            os.chown(path, 0, 0)
        run = self.run_dev()
        self.assertEqual(self.upload(run)[0], 200)
        self.assert_stops(run, signal.SIGTERM)

    def test_a_package_that_is_not_there_is_said_in_one_line(self):
        policy = pathlib.Path("/usr/sbin/policy-rc.d")
        before = policy.read_bytes() if policy.exists() else None
        name = "fcgi-thumb-no-such-package"
        done = subprocess.run(
            ["bash", TOP / "dev.d" / "install-packages.sh", name],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env={**os.environ, **self.environ})
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        log = self.tmp / "tmp" / os.listdir(self.tmp / "tmp")[0]
        self.assertEqual(done.stderr, f"dev: apt-get could not install {name};"
                                      f" its own words: {log}\n")
        self.assertIn(name, log.read_text())
        self.assertEqual(policy.read_bytes() if policy.exists() else None,
                         before)


class StartedByRoot(ServiceCase):
    """The service, with and without a user to become."""

    USER = "www-data"
    SOCKET_GROUP = "games"  # not one of the user's

    def setUp(self):
        self.account = pwd.getpwnam(self.USER)
        self.groups = os.getgrouplist(self.USER, self.account.pw_gid)
        self.assertNotIn(grp.getgrnam(self.SOCKET_GROUP).gr_gid, self.groups)

    def prepare(self, **settings):
        """A service whose store and sockets nobody has made a place for."""
        service = self.service = Service(**settings)
        self.addCleanup(service.stop)
        service.directory.chmod(0o755)
        service.run.rmdir()
        # nginx opens its own log there before.
        os.chown(service.logs, self.account.pw_uid, self.account.pw_gid)
        return service

    def refused(self, **settings):
        """What a start says that does not come about."""
        service = self.prepare(**settings)
        self.assertEqual(service.start_master().wait(), 1)
        return service.words()

    def ids_of(self, pid):
        """Four users, four groups, the other groups, what is left of root."""
        status = dict(line.split(":", 1) for line in pathlib.Path(
            f"/proc/{pid}/status").read_text().splitlines())
        uids, gids, groups = ([int(one) for one in status[key].split()]
                              for key in ("Uid", "Gid", "Groups"))
        return (set(uids), set(gids), sorted(groups),
                {int(status[key], 16) for key in ("CapPrm", "CapEff")})

    def upload(self):
        answer = self.service.upload(("a.jpg", picture("gray.jpg")))
        photo, = json.loads(answer.body)["photos"]
        self.assert_served(photo)
        return photo["id"]

    def assert_is(self, gid, groups):
        for pid in self.service.pids():
            self.assertEqual(self.ids_of(pid), (
                {self.account.pw_uid}, {gid}, sorted(groups), {0}))

    def test_everything_is_the_user_s(self):
        service = self.prepare(user=self.USER, socket_mode="0660",
                               socket_group=self.SOCKET_GROUP).start()
        self.assertEqual(len(service.pids()), 4)
        self.assert_is(self.account.pw_gid, self.groups)
        for name in "photo.sock", "control.sock":
            path = service.run / name
            self.assertEqual((path.owner(), path.group(),
                              stat.S_IMODE(path.stat().st_mode)),
                             (self.USER, self.SOCKET_GROUP, 0o660))
        photo = self.upload()
        for path in (service.run, service.run / "fcgi-thumb.pid",
                     service.logs / "fcgi-thumb.log",
                     service.data, *service.data.rglob("*")):
            self.assertEqual((path.owner(), path.lstat().st_gid),
                             (self.USER, self.account.pw_gid), path)
        self.assertEqual(stat.S_IMODE(service.run.stat().st_mode), 0o755)
        self.assertNotIn("root", service.words())
        self.assertIn(f"ok    user: {self.USER}\n",
                      service.thumbctl("doctor").stdout)
        # Whoever the directory belongs to, the photos are the user's.
        os.chown(service.data, 0, 0)
        self.assertEqual(service.thumbctl("ban", photo).returncode, 0)
        for path in service.data.rglob("*"):
            self.assertEqual(path.owner(), self.USER, path)
        self.assertEqual(service.leftovers(), [])
        self.assertEqual(service.master.stop(), 0)
        self.assertEqual(list(service.run.iterdir()), [])

    def test_a_group_of_its_own(self):
        self.prepare(user=self.USER, group=self.SOCKET_GROUP).start()
        gid = grp.getgrnam(self.SOCKET_GROUP).gr_gid
        self.assert_is(gid, {*self.groups[1:], gid})
        self.upload()

    def test_another_user_needs_a_restart(self):
        service = self.prepare(user=self.USER).start()
        service.write_settings(user="nobody", group="nogroup")
        service.hang_up()
        self.assertIn("changed, but in force only after a restart: user "
                      "group\n", service.words())
        self.assert_is(self.account.pw_gid, self.groups)
        self.upload()

    def test_settings_that_the_user_cannot_read_again(self):
        service = self.prepare(user=self.USER)
        service.settings_file.chmod(0o600)
        service.start()
        self.assertIn(f"note: {service.settings_file} cannot be read again at "
                      "SIGHUP: Permission denied\n", service.words())
        service.master.signal(signal.SIGHUP)
        wait_until("it goes on", lambda: "the old settings stay in force\n"
                   in service.words())
        self.upload()

    def test_without_a_user_it_stays_root_and_says_so(self):
        service = self.prepare().start()
        for pid in service.pids():
            self.assertEqual(self.ids_of(pid)[0], {0})
        self.assertIn("note: it runs as root, and so does what decodes photos",
                      service.words())
        self.assertIn("note  user: root, and so is what decodes photos",
                      service.thumbctl("doctor").stdout)
        self.upload()

    def test_whom_it_cannot_become(self):
        for settings, words in (
                ({"user": "root"}, 'user "root": root cannot be given up'),
                ({"user": "no-such-user"},
                 'user "no-such-user": there is none of this name'),
                ({"user": self.USER, "group": "no-such-group"},
                 'group "no-such-group": there is none of this name')):
            with self.subTest(settings):
                self.assertIn("cannot start: " + words,
                              self.refused(**settings))
                self.assertFalse(self.service.data.exists())
                done = subprocess.run(
                    [PROGRAM, "-t", "-c", self.service.settings_file],
                    capture_output=True, text=True)
                self.assertEqual(done.returncode, 78)
                self.assertIn(words, done.stderr)

    def test_only_root_can(self):
        service = self.prepare(user="nobody")
        service.wrapper = AS_ACCOUNT
        self.assertEqual(service.start_master().wait(), 1)
        self.assertIn('user "nobody": only root can become another one',
                      service.words())

    def test_who_it_is_already(self):
        service = self.prepare(user=self.USER)
        service.wrapper = AS_ACCOUNT
        for path in service.run, service.data:
            path.mkdir()
            os.chown(path, self.account.pw_uid, self.account.pw_gid)
        service.start()
        self.upload()


class ThumbctlAsRoot(ServiceCase):
    """On the store of a service that is somebody else."""

    @classmethod
    def setUpClass(cls):
        if subprocess.run([*AS_ACCOUNT, "test", "-x", PROGRAM],
                          stderr=subprocess.DEVNULL).returncode != 0:
            raise NotHere(f"www-data cannot run {PROGRAM}")
        cls.account = pwd.getpwnam("www-data")
        service = cls.service = Service(wrapper=AS_ACCOUNT, presets=[
            {"name": "large", "width": 300, "height": 300}])
        cls.addClassCleanup(service.stop)
        for path in service.directory, *service.directory.rglob("*"):
            os.chown(path, cls.account.pw_uid, cls.account.pw_gid)
        service.start()

    def test_what_it_makes_is_the_service_s(self):
        service, photos = self.service, []
        for i in range(3):
            answer = service.upload(("a.jpg", variation(
                picture("orient-6.jpg"), i)))
            photos += json.loads(answer.body)["photos"]
        service.write_settings(presets=[
            {"name": "large", "width": 200, "height": 200}])
        service.hang_up()
        for arguments, words in ((["regenerate"], "made\t3\n"),
                                 (["delete", photos[0]["id"]], "deleted\t"),
                                 (["ban", photos[1]["id"]], "banned\t"),
                                 (["show", photos[2]["id"]], "size\t"),
                                 (["list"], photos[2]["id"]),
                                 (["doctor", "--nginx", "/no/nginx"], "of www-data")):
            with self.subTest(arguments[0]):
                done = service.thumbctl(*arguments)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(words, done.stdout)
        for path in service.data, *service.data.rglob("*"):
            self.assertEqual(path.lstat().st_uid, self.account.pw_uid, path)
        # The service can still do with them what it has to.
        service.write_settings(presets=[
            {"name": "large", "width": 100, "height": 100}])
        service.hang_up()
        answer = service.upload(("a.jpg", variation(
            picture("orient-6.jpg"), 2)))
        photo, = self.assert_taken(answer, 200, "exists")["photos"]
        self.assertEqual(photo["id"], photos[2]["id"])
        self.assert_served(photo)
        self.assert_nothing_left()
