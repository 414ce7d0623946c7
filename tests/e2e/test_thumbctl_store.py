"""thumbctl list, show, delete, ban, unban: photos as the operator sees them."""

import json
import os
import re
import threading
import time

from case import ServiceCase
from nginx import request
from service import Service, picture, variation

DAY = 86400


class StoreCase(ServiceCase):
    """Photos, each of other bytes than any before."""

    count = 0

    def upload(self, path="/upload", headers=(), data=None):
        """A new photo; what the service says of it."""
        StoreCase.count += 1
        if data is None:
            data = variation(picture("orient-6.jpg"), StoreCase.count)
        answer = self.service.request("POST", path, data, dict(headers))
        self.assertIn(answer.status, (200, 201), answer.body)
        photo, = json.loads(answer.body)["photos"]
        photo["data"] = data
        return photo

    def thumbctl(self, *arguments, status=0):
        done = self.service.thumbctl(*arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(bool(done.stderr), status != 0, done.stderr)
        self.errors = done.stderr
        return done.stdout

    def list(self, *arguments):
        """Rows by id."""
        head, *lines = self.thumbctl("list", *arguments).splitlines()
        names = head.split("\t")
        rows = [dict(zip(names, line.split("\t"), strict=True))
                for line in lines]
        self.assertEqual(len({row["id"] for row in rows}), len(rows))
        return {row["id"]: row for row in rows}

    def original(self, photo):
        path, = self.service.data.glob(f"photos/*/{photo['id']}/original.*")
        return path

    def assert_gone(self, photo):
        for variant in photo["variants"]:
            self.assertEqual(self.service.get_url(variant["url"]).status, 404)
        self.assertEqual(self.service.get(f"/t/{photo['id']}/meta.json").status,
                         404)
        self.assertNotIn(photo["id"], self.service.stored())
        self.assert_nothing_left()


class Looking(StoreCase):
    settings = {"prefix": "/media"}

    def test_list_says_what_is_known(self):
        before = int(time.time())
        plain, short = self.upload(), self.upload("/upload?expires=1d")
        png = self.upload(data=picture("rgb.png"))
        rows = self.list()
        self.assertLessEqual({plain["id"], short["id"], png["id"]}, set(rows))
        row = rows[short["id"]]
        self.assertEqual(
            (row["type"], row["size"], row["bytes"], row["claims"]),
            ("image/jpeg", f"{short['width']}x{short['height']}",
             str(len(short["data"])), "1"))
        self.assertEqual(row["owners"], "-")
        made, ends = (time.mktime(time.strptime(
            row[name], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
            for name in ("created", "expires"))
        self.assertGreaterEqual(made, before)
        self.assertAlmostEqual(ends, before + DAY, delta=60)
        self.assertEqual(rows[plain["id"]]["expires"], "-")
        self.assertEqual(rows[png["id"]]["type"], "image/png")

    def test_list_since(self):
        old, new = self.upload(), self.upload()
        then = time.time() - 10 * DAY
        os.utime(self.original(old), (then, then))
        day = time.strftime("%Y-%m-%d", time.gmtime(then - DAY))
        after = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then + 1))
        for since, has_old in (("7d", False), ("11d", True), ("1h", False),
                               (day, True), (after, False)):
            with self.subTest(since):
                rows = self.list("--since", since)
                self.assertEqual(old["id"] in rows, has_old)
                self.assertIn(new["id"], rows)
        for wrong in "yesterday", "2026-13-01", "7w", "":
            self.thumbctl("list", "--since", wrong, status=64)

    def test_list_larger(self):
        small = self.upload()
        large = self.upload(data=variation(picture("photo-12mp.jpg"), 1))
        rows = self.list("--larger", "1M")
        self.assertIn(large["id"], rows)
        self.assertNotIn(small["id"], rows)
        size = len(large["data"])
        self.assertIn(large["id"], self.list("--larger", str(size - 1)))
        self.assertNotIn(large["id"], self.list("--larger", str(size)))
        self.thumbctl("list", "--larger", "1X", status=64)
        self.thumbctl("list", "everything", status=64)

    def test_show_finds_a_photo_by_any_address(self):
        photo = self.upload()
        url = photo["variants"][0]["url"]
        texts = {self.thumbctl("show", name) for name in (
            photo["id"], url, url.partition("?")[0],
            f"https://img.example.org{url}#x",
            f"t/{photo['id']}/meta.json", f"/photos/{photo['id']}",
            f"http://[::1]:8080/{'a' * 26}/t/{photo['id']}")}
        self.assertEqual(len(texts), 1)
        text, = texts
        for words in (f"id\t{photo['id']}\n", "type\timage/jpeg\n",
                      f"size\t{photo['width']}x{photo['height']}\n",
                      f"bytes\t{photo['bytes']}\n", "banned\tno\n",
                      f"thumbnail\t{url}\t", "claim\t-\t",
                      f"/{photo['id']}/original.jpg\t{photo['bytes']}\n",
                      f"/{photo['id']}/meta.json\t"):
            self.assertIn(words, text)
        self.assertNotIn(photo["delete_token"], text)

    def test_show_of_what_is_not_here(self):
        self.thumbctl("show", "a" * 26, status=1)
        self.assertIn("not-found", self.errors)
        for wrong in "a" * 25, "/t/large.jpg", "../" + "b" * 26, "":
            self.thumbctl("show", wrong, status=64)
        self.thumbctl("show", status=64)


class Owners(StoreCase):
    @classmethod
    def setUpClass(cls):
        service = cls.service = Service()
        cls.addClassCleanup(service.stop)
        secret = service.directory / "secret"
        secret.write_text("0123456789abcdef0123456789abcdef\n")
        secret.chmod(0o600)
        service.write_settings(upload_auth="token", upload_secret=secret)
        service.start()

    def upload_as(self, owner, data=None):
        token = self.thumbctl("token", "--owner", owner).strip()
        return self.upload(headers={"Authorization": f"Bearer {token}"},
                           data=data)

    def test_each_claim_has_its_owner(self):
        alice, bob = self.upload_as("alice"), self.upload_as("Bob B.")
        both = self.upload_as("alice")
        self.upload_as("Bob B.", both["data"])
        self.upload_as("alice", both["data"])
        ids = {name: photo["id"] for name, photo in
               (("alice", alice), ("bob", bob), ("both", both))}
        self.assertEqual(set(self.list("--owner", "alice")),
                         {ids["alice"], ids["both"]})
        self.assertEqual(set(self.list("--owner", "Bob B.")),
                         {ids["bob"], ids["both"]})
        self.assertEqual(self.list("--owner", "nobody"), {})
        row = self.list()[ids["both"]]
        self.assertEqual((sorted(row["owners"].split(",")), row["claims"]),
                         (["Bob B.", "alice"], "3"))
        self.assertEqual(len(re.findall("(?m)^claim\talice\t",
                                        self.thumbctl("show", ids["both"]))),
                         2)


class Removing(StoreCase):
    def test_delete_leaves_nothing(self):
        photo, other = self.upload(), self.upload()
        url = photo["variants"][0]["url"]
        self.assertEqual(self.thumbctl("delete", "https://x" + url),
                         f"deleted\t{photo['id']}\n")
        self.assert_gone(photo)
        self.assert_served(other)
        self.thumbctl("delete", photo["id"], status=1)
        self.assertIn("not-found", self.errors)
        with self.subTest("and it can come again"):
            again = self.upload(data=photo["data"])
            self.assertEqual(again["status"], "created")
            self.assert_served(again)

    def test_all_names_are_looked_at_before_the_first_is_deleted(self):
        photo = self.upload()
        self.thumbctl("delete", photo["id"], "nonsense", status=64)
        self.thumbctl("delete", "--", photo["id"], "-x", status=64)
        self.assert_served(photo)
        out = self.thumbctl("delete", "b" * 25 + "a", "--", photo["id"],
                            status=64)
        self.assertEqual(out, "")
        out = self.thumbctl("delete", "b" * 25 + "a", photo["id"], status=1)
        self.assertEqual(out, f"deleted\t{photo['id']}\n")
        self.assert_gone(photo)

    def test_banned_bytes_are_refused(self):
        photo = self.upload()
        self.assertEqual(self.thumbctl("ban", photo["id"]),
                         f"banned\t{photo['id']}\n")
        self.assert_gone(photo)
        answer = self.service.request("POST", "/upload", photo["data"])
        self.assert_problem(answer, 403, "banned")
        self.assert_gone(photo)
        self.assertIn("banned\tyes", self.thumbctl("show", photo["id"]))
        self.thumbctl("ban", photo["id"])
        self.upload()  # of others nothing is known to be wrong
        self.assertEqual(self.thumbctl("unban", photo["id"]),
                         f"unbanned\t{photo['id']}\n")
        self.assertEqual(self.upload(data=photo["data"])["status"], "created")
        self.thumbctl("unban", photo["id"], status=1)

    def test_bytes_can_be_banned_before_they_come(self):
        data = variation(picture("orient-6.jpg"), "never seen")
        photo = self.upload(data=data)
        self.thumbctl("delete", photo["id"])
        self.thumbctl("ban", photo["id"])
        self.assert_problem(
            self.service.request("POST", "/upload", data), 403, "banned")

    def test_deleting_what_is_uploaded_again_and_again(self):
        data = variation(picture("gray.jpg"), "again and again")
        photo = self.upload(data=data)
        statuses, going = [], True

        def upload():
            while going:
                statuses.append(request(self.service.nginx.address, "POST",
                                        "/upload", data).status)

        threads = [threading.Thread(target=upload) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(15):
                done = self.service.thumbctl("delete", photo["id"])
                self.assertIn(done.returncode, (0, 1))
        finally:
            going = False
            for thread in threads:
                thread.join()
        self.assertLessEqual(set(statuses), {200, 201})
        self.assertIn(201, statuses)
        self.assert_served(self.upload(data=data))
        self.thumbctl("delete", photo["id"])
        self.assert_gone(photo)
