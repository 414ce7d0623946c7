"""./dev run as root: it works for an account that is not."""

import os
import pathlib
import pwd
import signal
import subprocess

from service import TOP
from test_dev import DevCase, descendants


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
