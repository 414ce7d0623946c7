"""Files, requests and streams that mean no good, from tests/hostile: each gets
its answer, and after each kind of them the service is as it was before."""

import http.client
import json
import os
import pathlib
import re
import socket
import sys
import time

import containers
import fastcgi
from case import ServiceCase
from service import picture, variation, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "hostile"))

import bodies  # noqa: E402: found by the path above
import pictures  # noqa: E402
import streams  # noqa: E402

DEATH = re.compile(r"photo worker \d+ (was killed|ended)")
PATIENCE = 30  # for one answer, on a busy machine
CANARIES = ("/tmp", "/var/tmp", "/dev/shm")


class Hostile(ServiceCase):
    settings = {"worker_memory": "4G", "limits": {"rate": "1000/s"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tried = cls.refused = 0

    @classmethod
    def tearDownClass(cls):
        print(f"hostile inputs: {cls.tried} tried, {cls.refused} refused, "
              f"{cls.tried - cls.refused} taken and disarmed", flush=True)

    def setUp(self):
        wait_until("there are workers",
                   lambda: len(self.workers()) == 2)
        self.before = self.workers()
        self.deaths = self.count_deaths()
        self.lines = len(self.service.access())
        self.photos = set(self.service.stored())

    def workers(self):
        return sorted(self.service.master.workers())

    def count_deaths(self):
        return len(DEATH.findall(self.service.words()))

    def judge(self, case, status, code):
        """One has its answer."""
        type(self).tried += 1
        type(self).refused += status not in (200, 201)
        with self.subTest(case.name):
            self.assertIn((status, code), case.answers)

    def check(self, may_kill=0):
        """Nothing is left of what was refused, and all goes on."""
        self.assert_nothing_left()
        self.assertEqual(set(self.service.stored()), self.photos)
        for place in CANARIES:
            self.assertEqual(
                [name for name in os.listdir(place) if "ftpayload" in name],
                [])
        # Who comes up tries its codecs, with files of ImageMagick's.
        wait_until("no file of ImageMagick's is left", lambda: {
            path.name for path in
            (self.service.data / "staging").glob("*/magick/*")}
            <= {"policy.xml"}, 10)
        self.check_workers(may_kill)
        self.check_logs()
        self.assert_taken(self.service.upload(("a.jpg", variation(
            picture("gray.jpg"), self.id()))), 201, "created")

    def check_workers(self, may_kill):
        wait_until("there are workers", lambda: len(self.workers()) == 2)
        gone = set(self.before) - set(self.workers())
        self.assertLessEqual(len(gone), may_kill)
        wait_until("each death is told", lambda: self.count_deaths() ==
                   self.deaths + len(gone) or None, 5)
        self.assertEqual(self.service.thumbctl("quarantine", "list").stdout,
                         "")

    def check_logs(self):
        """Nothing in them is a client's own line, and none is a 5xx."""
        for line in self.service.log().splitlines():
            self.assertRegex(line, r"^(\{.*\}|fcgi-thumb: [^\x00-\x1f]*)$")
        self.service.journal()
        lines = wait_until("nginx's lines", lambda:
                           self.service.access()[self.lines:] or [None])
        self.assertEqual([line for line in lines
                          if line and line["status"] >= 500], [])

    # -- files --

    def send(self, case):
        """In a form; what it became of it."""
        answer = self.service.upload((case.name, case.data),
                                     timeout=PATIENCE)
        photo, = json.loads(answer.body)["photos"]
        self.judge(case, answer.status, photo.get("error", {}).get("code"))
        if "id" in photo:
            self.photos.add(photo["id"])
            self.assert_disarmed(case.name, photo)

    def assert_disarmed(self, name, photo):
        """Of what was in the file only px are in the thumbnails."""
        for variant in photo["variants"]:
            answer = self.service.get_url(variant["url"])
            with self.subTest(name, preset=variant["preset"]):
                self.assertEqual(answer.headers["Content-Type"],
                                 variant["type"])
                self.assertEqual(answer.headers["X-Content-Type-Options"],
                                 "nosniff")
                self.assertEqual(containers.superfluous(
                    variant["type"].removeprefix("image/"), answer.body),
                    set())
                for word in pictures.MARK, b"root:", b"<?", b"<script":
                    self.assertNotIn(word, answer.body)

    def try_files(self, group):
        for case in pictures.GROUPS[group]():
            self.send(case)
        self.check()

    def test_files_that_claim_too_many_px(self):
        self.try_files("dimensions")

    def test_files_of_too_many_frames(self):
        self.try_files("frames")

    def test_files_that_take_their_time(self):
        start = time.monotonic()
        self.try_files("time")
        slow = [line for line in self.service.journal()
                if sum(line["ms"][phase] for phase in ("decode", "resize"))
                > 5000]
        self.assertEqual(slow, [], f"{time.monotonic() - start} s in all")

    def test_files_with_wrong_headers(self):
        self.try_files("headers")

    def test_files_that_end_early(self):
        self.try_files("cuts")

    def test_files_that_are_something_else(self):
        self.try_files("disguised")
        for case in pictures.disguised():
            answer = self.service.request(
                "PUT", "/upload", case.data, {"Content-Type": "image/jpeg"})
            photo, = json.loads(answer.body)["photos"]
            self.judge(case, answer.status, photo["error"]["code"])
        self.check_workers(0)

    def test_files_that_are_something_else_as_well(self):
        self.try_files("polyglots")

    # -- requests --

    def exchange(self, body):
        """(status, body) of the first answer; 0 where there is none."""
        with socket.create_connection(self.service.nginx.address,
                                      PATIENCE) as connection:
            if body.half:  # all arrives at once, with its end
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            try:
                connection.sendall(body.data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was answered before its end
            if body.half:
                connection.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(connection)
            try:
                answer.begin()
                return answer.status, answer.read(), answer.headers
            except (http.client.HTTPException, ConnectionResetError):
                return 0, b"", {}

    def try_bodies(self, group):
        for body in bodies.GROUPS[group]():
            status, data, headers = self.exchange(body)
            document = json.loads(data) if status else {}
            photos = document.get("photos", [])
            self.judge(body, status, document.get("code"))
            self.assertNotIn("X-Injected", headers)
            self.photos |= {photo["id"] for photo in photos if "id" in photo}
        self.check()

    def test_forms_as_the_parser_s_tests_have_them(self):
        self.try_bodies("shared")

    def test_bodies_of_another_length(self):
        self.try_bodies("lengths")

    def test_bodies_in_chunks(self):
        self.try_bodies("chunks")

    def test_forms_that_go_too_far(self):
        self.try_bodies("forms")

    def test_names_that_mean_something(self):
        self.try_bodies("names")

    def test_requests_that_are_none(self):
        self.try_bodies("requests")

    # -- streams --

    def talk(self, stream):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(self.service.run / "photo.sock"))
            try:
                connection.sendall(stream.data)
                if stream.gone:
                    return None, None
                connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError, OSError):
                pass  # it was answered, or refused, before its end
            answer = fastcgi.answer(connection)
        if answer is None:
            return None, None
        return answer[0], json.loads(answer[1]).get("code")

    def try_streams(self, group):
        may_kill = 0
        for stream in streams.GROUPS[group]():
            self.judge(stream, *self.talk(stream))
            may_kill += stream.may_kill
        self.check(may_kill)

    def test_streams_of_another_length(self):
        self.try_streams("lengths")

    def test_streams_of_other_roles(self):
        self.try_streams("roles")

    def test_streams_of_too_many_parameters(self):
        self.try_streams("floods")

    def test_streams_of_other_records(self):
        self.try_streams("kinds")

    def test_streams_that_break_off(self):
        self.try_streams("cuts")
