"""Releases, in short: a good one comes to everybody and bad ones are stopped,
whatever is killed on the way. test_release_long has all of them."""

import trees
from releases import ReleaseCase


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
