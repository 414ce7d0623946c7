"""Clients of every kind, and the book of what the service promised them."""

import base64
import hashlib
import json
import random
import socket
import threading
import time
import urllib.parse

from PIL import Image

from case import opened
from service import multipart, picture, variation

# Without AVIF, which this Pillow need not know.
PRESETS = [{"name": "large", "width": 320, "height": 320,
            "formats": ["jpeg", "webp", "png"]},
           {"name": "small", "width": 96, "height": 96, "fit": "cover",
            "formats": ["jpeg", "webp", "gif"]}]
MIMES = {"jpg": "image/jpeg", "webp": "image/webp", "png": "image/png",
         "gif": "image/gif"}
FILES = [f"{preset['name']}.{ext.replace('jpeg', 'jpg')}"
         for preset in PRESETS for ext in preset["formats"]]

ORDINARY = ["gray.jpg", "progressive.jpg", "orient-6.jpg", "cmyk.jpg",
            "alpha.png", "interlaced.png", "rgb.png", "gray16.png",
            "animated.gif", "still.gif", "lossy.webp", "lossless-alpha.webp",
            "alpha.tif", "pages.tif", "plain.bmp", "scene.heic", "scene.avif"]
LARGE = ["p3.jpg", "p3.jpg", "p3.jpg", "photo-12mp.jpg"]


def differing(name, mark):
    """A picture of tests/data as bytes that nobody sent before."""
    data, text = picture(name), str(mark).encode()
    kind = name.rpartition(".")[2]
    if kind == "jpg":
        return variation(data, mark)
    if kind == "webp":
        text += b" " * (len(text) % 2)
        data += b"JUNK" + len(text).to_bytes(4, "little") + text
        return data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]
    if kind in ("heic", "avif"):
        return data + (len(text) + 8).to_bytes(4, "big") + b"free" + text
    return data + text  # PNG, GIF, TIFF and BMP may be followed by anything


class Photo:
    """What is known of the photo of some bytes.

    tokens  claims that were answered and not asked to go: while there is one
            the photo has to be here
    unsure  a request about it was left without an answer, so that without a
            token it may be here or not
    listed  the files that were answered, and so have to be in meta.json
    """

    def __init__(self, name, mark):
        self.name, self.mark = name, mark
        data = self.data
        self.sha256 = hashlib.sha256(data)
        self.id = base64.b32encode(
            self.sha256.digest()[:16]).decode().rstrip("=").lower()
        self.tokens = set()
        self.unsure = False
        self.listed = set()

    @property
    def data(self):
        return differing(self.name, self.mark)


class Book:
    """All photos that were sent. `wrong` has each answer that no client
    should get, `counts` what else happened."""

    def __init__(self):
        self.lock = threading.Lock()
        self.photos = {}
        self.order = []  # their ids
        self.wrong = []
        self.counts = {"acknowledged": 0, "refused": 0, "lost": 0,
                       "deleted": 0, "looked": 0, "dropped": 0}
        self.last_taken = time.monotonic()
        self.longest_wait = 0.0

    def count(self, what, n=1):
        with self.lock:
            self.counts[what] += n

    def complain(self, words):
        self.wrong.append(words)

    def pick(self, rng, held=False):
        """A photo that was sent before, or None; held: that has to be here.
        A few looks are enough: they may be thousands."""
        with self.lock:
            some = [self.photos[rng.choice(self.order)]
                    for _ in range(20) if self.order]
        return next((p for p in some if p.tokens or not held), None)

    def enter(self, photo):
        with self.lock:
            if photo.id not in self.photos:
                self.photos[photo.id] = photo
                self.order.append(photo.id)
            return self.photos[photo.id]

    def taken(self, photo, told):
        with self.lock:
            photo.tokens.add(told["delete_token"])
            photo.listed |= {variant["url"].rpartition("/")[2].partition("?")[0]
                             for variant in told["variants"]}
            self.counts["acknowledged"] += 1

    def see_taken(self):
        with self.lock:
            now = time.monotonic()
            self.longest_wait = max(self.longest_wait, now - self.last_taken)
            self.last_taken = now

    def unsure(self, photos):
        with self.lock:
            self.counts["lost"] += 1
            for photo in photos:
                photo.unsure = True


class Client:
    """One client, who does one thing after the other.

    allowed  the statuses that a refusal may have
    """

    # How often it does what, by the names of the methods.
    HABITS = {"upload": 50, "look": 25, "delete": 10, "claim": 7, "drop": 8}

    def __init__(self, service, book, number, allowed, habits=None):
        self.service, self.book = service, book
        self.number, self.allowed = number, allowed
        self.habits = habits or self.HABITS
        self.rng = random.Random(number)
        self.sent = 0

    def act(self):
        name, = self.rng.choices(list(self.habits), self.habits.values())
        try:
            getattr(self, name)()
        except Exception as failure:  # kept for the aftermath
            self.book.complain(f"{name}: {failure!r}")

    # -- what it sends --

    def new_photo(self):
        self.sent += 1
        names = LARGE if self.rng.random() < 0.03 else ORDINARY
        return Photo(self.rng.choice(names),
                     f"{self.number}.{self.sent}.{id(self.book)}")

    def photos(self):
        """One to four, mostly new ones, none twice."""
        chosen = {}
        for _ in range(self.rng.choice((1, 1, 1, 2, 3, 4))):
            photo = self.rng.random() < 0.2 and self.book.pick(self.rng)
            photo = self.book.enter(photo or self.new_photo())
            chosen[photo.id] = photo
        return list(chosen.values())

    def body(self, photos):
        """(method, body, headers), as a form or as the bytes alone."""
        headers = {}
        if self.rng.random() < 0.5:
            headers["Idempotency-Key"] = f"{self.rng.getrandbits(128):032x}"
        if len(photos) == 1 and self.rng.random() < 0.3:
            return "PUT", photos[0].data, headers
        body, headers["Content-Type"] = multipart(
            [(photo.name, photo.data) for photo in photos])
        return "POST", body, headers

    # -- what it does --

    def upload(self):
        """Until it is answered, as a client that was told to try again."""
        photos = self.photos()
        method, body, headers = self.body(photos)
        for _ in range(4):
            answer = self.ask(method, "/upload", body, headers)
            if answer.status in (200, 201):
                self.believe(photos, json.loads(answer.body))
                return
            self.refused(answer, photos)
            time.sleep(self.rng.uniform(0.05, 0.5))

    def believe(self, photos, document):
        for photo, told in zip(photos, document["photos"], strict=True):
            if "error" not in told:
                if told["id"] != photo.id:
                    self.book.complain(f"{photo.id} became {told['id']}")
                self.book.taken(photo, told)
            elif told["error"]["status"] not in self.allowed:
                self.book.complain(f"{photo.name}: {told['error']}")
        self.book.see_taken()

    def look(self):
        """A photo that is here is seen whatever becomes of the workers."""
        photo = self.book.pick(self.rng, held=True)
        if photo is None:
            return
        held = set(photo.tokens)
        name = self.rng.choice(FILES)
        answer = self.ask("GET", f"/t/{photo.id}/{name}")
        self.book.count("looked")
        if answer.status != 200:
            if held & photo.tokens:
                self.book.complain(f"{photo.id}/{name}: {answer.status}")
            return
        image = opened(answer.body)
        kind = answer.headers["Content-Type"]
        if Image.MIME[image.format] != kind:
            self.book.complain(f"{photo.id}/{name}: {kind}")
        if kind == MIMES[name.rpartition(".")[2]]:
            with self.book.lock:
                if held & photo.tokens:
                    photo.listed.add(name)

    def delete(self):
        photo = self.book.pick(self.rng, held=True)
        if photo is None:
            return
        with self.book.lock:
            if not photo.tokens:
                return
            token = photo.tokens.pop()
            # It may go now, and come again as it is at an upload.
            if not photo.tokens:
                photo.listed.clear()
        answer = self.ask("DELETE", f"/photos/{photo.id}", headers={
            "Authorization": f"Bearer {token}"})
        if answer.status == 204:
            self.book.count("deleted")
            return
        self.book.unsure([photo])
        if answer.status not in self.allowed:
            self.book.complain(f"DELETE {photo.id}: {answer.status}")

    def claim(self):
        photo = self.book.pick(self.rng, held=True)
        if photo is None:
            return
        held = set(photo.tokens)
        answer = self.ask("POST", f"/photos/{photo.id}/claims", urllib.parse.
                          urlencode({"sha256": photo.sha256.hexdigest()}).
                          encode(), {"Content-Type":
                                     "application/x-www-form-urlencoded"})
        if answer.status == 201:
            with self.book.lock:
                photo.tokens.add(json.loads(answer.body)["delete_token"])
        elif answer.status != 404 or held & photo.tokens:
            self.refused(answer, [photo])

    def drop(self):
        """Goes away in the middle of its upload, or before the answer."""
        photo = self.new_photo()
        method, body, headers = self.body([photo])
        goes_at = len(body) // 2
        if self.rng.random() < 0.3:
            goes_at = len(body)
            self.book.unsure([self.book.enter(photo)])
        with socket.create_connection(self.service.nginx.address, 60) as s:
            s.sendall(head_of(self.service, method, len(body), headers)
                      + body[:goes_at])
            time.sleep(self.rng.uniform(0, 0.1))
        self.book.count("dropped")

    # -- how it asks --

    def ask(self, method, path, body=None, headers=()):
        return self.service.request(method, path, body, headers, timeout=120)

    def refused(self, answer, photos):
        self.book.count("refused")
        if answer.status in (502, 504):
            self.book.unsure(photos)
        if (answer.status not in self.allowed or
                answer.status == 503 and "Retry-After" not in answer.headers):
            self.book.complain(f"{answer.status} {answer.body[:300]}")


def head_of(service, method, length, headers=()):
    """The head of an upload, as it goes over the wire."""
    lines = {"Host": "x", "Content-Length": length, **dict(headers)}
    return "".join([f"{method} {service.prefix}/upload HTTP/1.1\r\n",
                    *(f"{name}: {value}\r\n"
                      for name, value in lines.items()), "\r\n"]).encode()


class Crowd:
    """So many clients (of a kind) at work until the end of the `with`."""

    def __init__(self, service, book, n, allowed, habits=None, kind=Client):
        self.going = True
        self.threads = [threading.Thread(target=self.run, args=(kind(
            service, book, i, allowed, habits),)) for i in range(n)]

    def run(self, client):
        while self.going:
            client.act()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        for thread in self.threads:
            thread.join()
