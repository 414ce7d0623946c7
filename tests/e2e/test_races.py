"""What happens at once to one photo: first renders, deletions, uploads of the
same bytes, a regeneration; by two masters on one store. However it goes, in
the end a photo is wholly there or wholly gone: there with a claim on it, gone
without one, and a token that was answered 204 is no claim any more."""

import json
import subprocess
import threading
import time

import nginx
from case import ServiceCase, at_once, opened
from service import Service, picture, variation, wait_until

PRESETS = [
    {"name": "large", "width": 300, "height": 300,
     "formats": ["jpeg", "webp", "png"]},
    {"name": "square", "width": 80, "height": 80, "fit": "cover"}]
ROUNDS = 8


class Shared(ServiceCase):
    """Two services, each with its own nginx, master and sockets, on one store.
    """

    settings = {"presets": PRESETS, "limits": {"queue_seconds": 120}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = Service(**cls.settings)
        cls.other.data = cls.service.data
        cls.other.write_settings()
        cls.other.start()
        cls.addClassCleanup(cls.other.stop)
        cls.both = cls.service, cls.other

    serial = 0

    def fresh(self):
        type(self).serial += 1
        return variation(picture("gray.jpg"), f"{self.id()} {self.serial}")

    @staticmethod
    def send(service, data, headers=(), query=""):
        """(id, token, answer) of one photo as the body."""
        answer = service.request("POST", "/upload" + query, data, headers)
        if answer.status not in (200, 201):
            raise AssertionError(f"{answer.status} {answer.body}")
        photo, = json.loads(answer.body)["photos"]
        return photo["id"], photo["delete_token"], answer

    @staticmethod
    def delete(service, photo, token):
        return service.request("DELETE", f"/photos/{photo}", None,
                               {"Authorization": f"Bearer {token}"}).status

    @staticmethod
    def regenerate(service, *options):
        return subprocess.run(
            [nginx.THUMBCTL, "-c", service.settings_file, "regenerate",
             *options], capture_output=True, text=True).returncode

    def start_all(self, *functions):
        """Results of all of them, which begin together."""
        results = at_once(len(functions), lambda i: functions[i]())
        for result in results:
            if isinstance(result, Exception):
                raise result
        return results

    def assert_whole(self, photo):
        """Of its id: everything that meta.json names is there, and so is the
        original; the formats that were not made yet can be."""
        for service in self.both:
            meta = service.get(f"/t/{photo}/meta.json")
            self.assertEqual(meta.status, 200, photo)
            meta = json.loads(meta.body)
            self.assert_served(meta, service)
            self.assertLessEqual({"large", "square"},
                                 {one["preset"] for one in meta["variants"]})
            for name in ("large.jpg", "large.webp", "large.png",
                         "square.jpg"):
                answer = service.get(f"/t/{photo}/{name}")
                self.assertEqual(answer.status, 200, name)
                opened(answer.body)
        self.assertIn(photo, self.service.stored())
        original, = (self.service.data / "photos" / photo[:2] / photo).glob(
            "original.*")
        self.assertEqual(original.stat().st_size, meta["bytes"])

    def assert_gone(self, photo):
        for service in self.both:
            for name in "meta.json", "large.jpg", "large.webp", "square.jpg":
                self.assert_problem(service.get(f"/t/{photo}/{name}"), 404,
                                    "not-found")
        self.assertNotIn(photo, self.service.stored())
        self.assertNotIn(photo, self.service.stored("public"))

    def assert_as_claimed(self, photo, tokens):
        """It is there for the sake of these tokens, each of which is good
        once; with the last one it goes."""
        for token in tokens:
            self.assert_whole(photo)
            self.assertEqual(self.delete(self.other, photo, token), 204)
        self.assert_gone(photo)


class FirstRenders(Shared):
    def test_many_ask_at_once_and_one_renders(self):
        photo, _, _ = self.send(self.service, self.fresh())

        def decodes():
            return sum(service.decodes() for service in self.both)

        wait_until("the upload's line", lambda: decodes() > 0)
        before = decodes()
        address = f"/t/{photo}/large.webp"

        def ask_all():
            return self.start_all(*[lambda service=service:
                                    service.get(address)
                                    for service in self.both * 12])

        answers = ask_all()
        self.assertEqual([answer.status for answer in answers], [200] * 24)
        made = [answer for answer in answers
                if answer.headers["Content-Type"] == "image/webp"]
        self.assertGreater(len(made), 1)
        # Beyond the renders that may be under way at once there is the first
        # format, for some seconds.
        first = self.service.get(f"/t/{photo}/large.jpg")
        for answer in answers:
            if answer not in made:
                self.assertEqual(answer.body, first.body)
                self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
                self.assertEqual(answer.headers["Cache-Control"],
                                 "public, max-age=10")
        made += ask_all()
        self.assertEqual(len({answer.headers["ETag"] for answer in made}), 1)
        self.assertEqual(len({answer.body for answer in made}), 1)
        self.assertEqual(opened(made[0].body).format, "WEBP")
        wait_until("its line", lambda: decodes() > before)
        time.sleep(0.2)  # for the lines of others, of which none may decode
        self.assertEqual(decodes(), before + 1)

    def test_made_later_is_made_as_at_upload(self):
        eager = Service(presets=[preset | {"eager": True}
                                 for preset in PRESETS]).start()
        self.addCleanup(eager.stop)
        for name in "p3.jpg", "orient-6.jpg", "alpha.png", "walking.webp":
            with self.subTest(name):
                for service in self.service, eager:
                    photo, _, _ = self.send(service, picture(name))
                for file in "large.webp", "large.png", "large.jpg":
                    address = f"/t/{photo}/{file}"
                    self.assertEqual(self.service.get(address).body,
                                     eager.get(address).body)

    def test_a_deletion_beside_a_first_render(self):
        for i in range(ROUNDS):
            photo, token, _ = self.send(self.service, self.fresh())
            *gets, status = self.start_all(
                lambda: self.service.get(f"/t/{photo}/large.webp").status,
                lambda: self.other.get(f"/t/{photo}/large.png").status,
                lambda: (time.sleep(i * 0.004),
                         self.delete(self.other, photo, token))[1])
            self.assertEqual(status, 204)
            self.assertLessEqual(set(gets), {200, 404})
            self.assert_gone(photo)
        self.assert_nothing_left()


class Uploads(Shared):
    def test_a_deletion_beside_an_upload_of_the_same_bytes(self):
        for i in range(ROUNDS):
            data = self.fresh()
            photo, token, _ = self.send(self.service, data)
            (_, second, _), status = self.start_all(
                lambda: self.send(self.service, data),
                lambda: (time.sleep(i * 0.003),
                         self.delete(self.other, photo, token))[1])
            self.assertEqual(status, 204)
            self.assertIn(self.delete(self.service, photo, token), (403,))
            self.assert_as_claimed(photo, [second])
        self.assert_nothing_left()

    def test_a_deletion_beside_the_first_upload_by_another_master(self):
        for _ in range(ROUNDS):
            data = self.fresh()
            (photo, first, _), (_, second, _) = self.start_all(
                lambda: self.send(self.service, data),
                lambda: self.send(self.other, data))
            self.assertNotEqual(first, second)
            statuses = self.start_all(
                lambda: self.delete(self.service, photo, first),
                lambda: self.delete(self.other, photo, second))
            self.assertEqual(statuses, [204, 204])
            self.assert_gone(photo)
        self.assert_nothing_left()

    def test_an_idempotency_key_finds_its_own_claim_again(self):
        data = self.fresh()
        key = {"Idempotency-Key": "a-key-of-at-least-22-characters"}
        other = {"Idempotency-Key": "another-key-of-22-characters"}
        photo, token, _ = self.send(self.service, data, key)
        again = self.send(self.other, data, key)
        self.assertEqual(again[:2], (photo, token))
        both = self.start_all(*[
            lambda service=service: self.send(service, data, other)[1]
            for service in self.both])
        self.assertEqual(len(set(both)), 1)
        self.assertNotEqual(both[0], token)
        self.assert_as_claimed(photo, [token, both[0]])

    def test_a_photo_goes_when_its_time_is_over(self):
        first, _, _ = self.send(self.service, self.fresh(), (), "?expires=1s")
        shared = self.fresh()
        second, _, _ = self.send(self.service, shared, (), "?expires=2s")
        _, stays, _ = self.send(self.other, shared)
        self.assert_whole(second)
        wait_until("it is gone", lambda: first not in
                   self.service.stored() + self.service.stored("public"), 30)
        self.assert_gone(first)
        time.sleep(3)
        self.assert_as_claimed(second, [stays])


class Regeneration(Shared):
    def test_deletions_beside_a_regeneration(self):
        """Of other settings, so that every photo has to be made again."""
        photos = [self.send(self.service, self.fresh())[:2]
                  for _ in range(2 * ROUNDS)]
        going, staying = photos[::2], photos[1::2]
        for service in self.both:
            service.write_settings(presets=[
                {**preset, "quality": 55} for preset in PRESETS])
            service.hang_up()

        def regenerate():
            return subprocess.run(
                [nginx.THUMBCTL, "-c", self.service.settings_file,
                 "regenerate"], capture_output=True, text=True)

        def delete_them():
            return [self.delete(self.other, *photo) for photo in going]

        def render_them():
            return {self.other.get(f"/t/{photo}/large.webp").status
                    for photo, _ in photos}

        regenerated, statuses, renders = self.start_all(
            regenerate, delete_them, render_them)
        self.assertEqual(regenerated.returncode, 0, regenerated.stderr)
        made = int(regenerated.stdout.split("made\t")[1].split("\n")[0])
        self.assertGreaterEqual(made, len(staying))
        self.assertEqual(statuses, [204] * len(going))
        self.assertLessEqual(renders, {200, 404})
        for photo, _ in going:
            self.assert_gone(photo)
        for photo, token in staying:
            self.assert_as_claimed(photo, [token])
        self.assert_nothing_left()


class Everything(Shared):
    SECONDS = 6

    def test_all_of_it_on_few_photos(self):
        """Clients of both masters send and delete the same three photos, ask
        for thumbnails that are not there, and one regenerates."""
        data = [self.fresh() for _ in range(3)]
        ids = []
        for one in data:
            photo, token, _ = self.send(self.service, one)
            self.assertEqual(self.delete(self.service, photo, token), 204)
            ids.append(photo)
        end = time.monotonic() + self.SECONDS
        mutex = threading.Lock()
        tokens = {photo: set() for photo in ids}
        dead, seen = [], {"delete": set(), "get": set()}

        def visit(client):
            service = self.both[client % 2]
            turn = client
            while time.monotonic() < end:
                turn += 1
                photo, token, _ = self.send(service, data[turn % 3])
                with mutex:
                    tokens[photo].add(token)
                seen["get"].add(service.get(
                    f"/t/{photo}/large.{('webp', 'png')[turn % 2]}").status)
                status = self.delete(service, photo, token)
                seen["delete"].add(status)
                if status == 204:
                    with mutex:
                        tokens[photo].discard(token)
                        dead.append((photo, token))

        def regenerate():
            while time.monotonic() < end:
                seen.setdefault("regenerate", set()).add(
                    self.regenerate(self.service))

        self.start_all(*[lambda i=i: visit(i) for i in range(4)], regenerate)
        self.assertLessEqual(seen["delete"], {204, 503})
        self.assertLessEqual(seen["get"], {200, 404, 503})
        self.assertEqual(seen["regenerate"], {0})
        self.assertGreater(len(dead), 8)
        for photo, token in dead[-20:]:
            self.assertIn(self.delete(self.service, photo, token), (403, 404))
        for photo in ids:
            self.assert_as_claimed(photo, tokens[photo])
        self.assert_nothing_left()
