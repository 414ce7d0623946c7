"""As root: ./dev run works for an account that is not, thumbctl becomes the
service's."""

import json
import os
import pathlib
import pwd
import signal
import subprocess

from case import NotHere, ServiceCase
from service import PROGRAM, TOP, Service, picture, variation
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
                                 (["doctor"], "of www-data")):
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
