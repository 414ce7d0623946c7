"""Releases, in short: a good one comes to everybody and bad ones are stopped,
whatever is killed on the way. test_release_long has all of them."""

import json
import os
import signal

import trees
from releases import Diary, ReleaseCase
from service import PATIENCE, wait_until


class Rollout(ReleaseCase):
    options = ("--steps", "30,100", "--step", "2s", "--patience", "40s",
               "--errors", "5", "--slower", "300")

    def test_a_good_one_comes_to_everybody_and_goes_back(self):
        active, other = self.service.active, self.service.idle
        result = self.attempt(self.good)
        self.assertEqual(result.status, 0, result.words)
        self.assertEqual(self.diary.failed(), [])
        self.assertEqual(self.diary.wrong, [])
        self.assertEqual(result.shares, [3000, 10000])
        self.assertGreater(len(result.lines), 60)
        self.assert_serves(other)
        with self.subTest("and back at once"):
            done = self.service.release("rollback")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_serves(active)

    def test_one_of_wrong_colours_never_gets_a_request(self):
        active = self.service.active
        result = self.attempt(trees.faulty(self.trees, "swap", "swap 1"))
        self.assert_stopped(result, active)
        self.assertEqual((result.step, result.lines), ("system test", []))

    def test_one_that_does_not_start_never_gets_a_request(self):
        active = self.service.active
        result = self.attempt(trees.does_not_start(self.trees, "dead"))
        self.assert_stopped(result, active)
        self.assertEqual((result.step, result.lines), ("system test", []))

    def test_one_that_begins_to_fail_is_stopped_in_its_step(self):
        active = self.service.active
        result = self.attempt(trees.faulty(self.trees, "errors", "errors 3",
                                           self.flag), late=True)
        self.assert_stopped(result, active)
        self.assertEqual(result.step, "30 %")
        self.assertGreater(len(result.failed), 0)

    def test_nginx_that_refuses_changes_nothing(self):
        service, active = self.service, self.service.active
        service.stage(self.good)
        route = (service.release_dir / "route.conf").readlink()
        conf = service.nginx.directory / "nginx.conf"
        was = conf.read_text()
        conf.write_text(was + "nonsense;\n")
        try:
            done = service.release("rollout", *self.options)
        finally:
            conf.write_text(was)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn('unknown directive "nonsense"', done.stderr)
        self.assertEqual((service.release_dir / "route.conf").readlink(),
                         route)
        self.assert_serves(active)

    def begin(self, diary):
        """A rollout at its first step, under load until the end of the
        test."""
        service = self.service
        service.stage(self.good)
        crowd = service.crowd(diary, clients=2)
        self.enterContext(crowd)
        process = service.begin_release(
            "rollout", "--steps", "50", "--step", "60s")
        wait_until("a share", lambda: process.poll() is not None or
                   service.state().get("run", {}).get("share"))
        self.assertIsNone(process.poll(), process.communicate)
        wait_until("users of both", lambda: {line["slot"] for line in
                   service.access()[-20:]} >= {"blue", "green"})
        return process

    def test_what_was_killed_is_told_and_goes_back(self):
        service, active = self.service, self.service.active
        diary = Diary()
        process = self.begin(diary)
        process.kill()
        process.wait()
        with self.subTest("it is told"):
            done = service.release("status")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, "(?s)rollout .*NOBODY is at work")
        with self.subTest("it may yet be taken up, until its deadline"):
            self.assertEqual(service.release("tend").returncode, 0)
            self.assertIn("run", service.state())
        state = service.state()
        state["run"]["deadline"] = "2026-01-01T00:00:00.000Z"
        (service.release_dir / "state.json").write_text(json.dumps(state))
        self.assertEqual(service.release("tend").returncode, 0)
        self.assert_serves(active)
        self.assertEqual((diary.failed(), diary.wrong), ([], []))

    def test_a_candidate_that_is_killed_is_left(self):
        service, active = self.service, self.service.active
        diary = Diary()
        process = self.begin(diary)
        with self.subTest("a second operator is told"):
            for command in ("switch",), ("stage", self.good), ("rollout",):
                done = service.release(*command)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn(f"(process {process.pid})", done.stderr)
        os.kill(service.master_pid(service.idle), signal.SIGKILL)
        words = "".join(process.communicate(timeout=PATIENCE))
        self.assertEqual(process.returncode, 1, words)
        self.assert_serves(active)
        self.assertEqual(service.find_lost(diary), [])
