"""What the end-to-end tests stand on: a service for each class, and the
assertions that say what an answer has to be like."""

import io
import json
import re
import threading
import time
import unittest

from PIL import Image

from service import Service, picture, variation, wait_until

PHOTO_KEYS = {"name", "status", "id", "type", "width", "height", "bytes",
              "color", "placeholder", "variants", "html",
              "delete_token", "timing_ms"}
VARIANT_KEYS = {"preset", "url", "type", "width", "height", "bytes", "engine"}
PHASES = {"queue", "receive", "decode", "resize", "encode", "publish"}
ID = r"^[a-z2-7]{25}[aeimquy4]$"


class NotHere(Exception):
    """Raised by a test that this machine cannot run; says why. Listed, and
    neither passed nor skipped."""


def address_space(pid):
    """The most bytes that a worker may have of it."""
    with open(f"/proc/{pid}/limits") as file:
        most = re.search(r"Max address space +(\S+)", file.read())[1]
    if not most.isdigit():
        raise NotHere("a sanitizer's build has no limit of memory")
    return int(most)


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


class ServiceCase(unittest.TestCase):
    """One service for all tests of a class, made with its `settings`."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.service = Service(**cls.settings).start()
        cls.addClassCleanup(cls.service.stop)

    def assert_taken(self, answer, status, *photo_statuses):
        """Some photos were taken; the document."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        document = json.loads(answer.body)
        self.assertEqual([photo.get("status") for photo in document["photos"]],
                         list(photo_statuses))
        return document

    def assert_problem(self, answer, status, code):
        """A refusal of the whole, from whoever; the document."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["Content-Type"],
                         "application/problem+json")
        document = json.loads(answer.body)
        self.assertEqual((document["status"], document["code"]),
                         (status, code))
        self.assertTrue(document["title"])
        if status in (429, 503):
            self.assertRegex(answer.headers["Retry-After"], r"^[1-9][0-9]*$")
        return document

    def assert_served(self, photo, service=None):
        """Every address of a taken photo gives what it says; the files."""
        files = {}
        for variant in photo["variants"]:
            answer = (service or self.service).get_url(variant["url"])
            self.assertEqual(answer.status, 200, variant["url"])
            self.assertEqual(answer.headers["Content-Type"], variant["type"])
            self.assertEqual(len(answer.body), variant["bytes"])
            image = opened(answer.body)
            self.assertEqual(Image.MIME[image.format], variant["type"])
            self.assertEqual(image.size,
                             (variant["width"], variant["height"]))
            files[variant["preset"], variant["type"]] = answer.body
        self.assertTrue(files)
        return files

    def assert_nothing_left(self, service=None):
        service = service or self.service
        wait_until("nothing left in staging",
                   lambda: not service.leftovers() or None, 10)


class OwnService(ServiceCase):
    """A service for each test, made by the test; `settings` are added."""

    @classmethod
    def setUpClass(cls):
        pass

    def start(self, *args, **settings):
        self.service = Service(*args, **self.settings, **settings).start()
        self.addCleanup(self.service.stop)
        return self.service


class Load:
    """Clients that send one new photo after the other, each waiting for its
    answer, until the end of the `with`. Answers and failures are kept."""

    def __init__(self, service, clients=4, pause=0.0):
        self.service = service
        self.pause = pause
        self.answers = []
        self.failures = []
        self.going = True
        self.threads = [threading.Thread(target=self.run, args=(i,))
                        for i in range(clients)]

    def run(self, client):
        photo = picture("gray.jpg")
        n = 0
        while self.going:
            n += 1
            try:
                self.answers.append(self.service.upload(
                    ("a.jpg", variation(photo, f"{client} {n} {id(self)}"))))
            except Exception as failure:  # kept for the assertion
                self.failures.append(repr(failure))
            time.sleep(self.pause)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        for thread in self.threads:
            thread.join()

    def wait_for(self, more):
        """Until this many more answers have come."""
        enough = len(self.answers) + more
        wait_until(f"{more} more answers",
                   lambda: len(self.answers) >= enough)

    def statuses(self):
        return sorted({answer.status for answer in self.answers})


def at_once(n, function):
    """function(0) .. function(n - 1) in n threads that start together; the
    results, exceptions among them."""
    barrier = threading.Barrier(n)
    results = [None] * n

    def run(i):
        barrier.wait()
        try:
            results[i] = function(i)
        except Exception as failure:  # kept for the assertion
            results[i] = failure

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
