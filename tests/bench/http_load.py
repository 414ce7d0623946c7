"""Clients that upload over HTTP, each one photo after the other on one
connection. They do as little as they can: nothing of a photo is copied but into
its socket.
"""

import http.client
import json
import socket
import threading
import time

from service import multipart, variation

PATIENCE = 60  # seconds for one answer
RETRY_SECONDS = 1
PLACE = b"\0the photo\0"


class Photo:
    """A JPEG file, of which every upload is another one."""

    def __init__(self, path):
        self.name = path.name
        self.data = path.read_bytes()

    def pieces(self, mark):
        """Its bytes with that mark in a comment."""
        return [variation(self.data[:2], mark), memoryview(self.data)[2:]]


class Upload:
    """One that was answered. photo and mark say of what, document what the
    service said; seconds is how long it took, begun when it began."""

    def __init__(self, photo, mark):
        self.photo, self.mark = photo, mark
        self.seconds = self.begun = 0.0
        self.status = 0
        self.document = None

    @property
    def taken(self):
        return self.status == 201


class Step:
    """`clients` at once for some seconds, then the end of what is under way.

    address  (host, port)
    photos   by turns, each as often as the others where they are few
    marks    an iterator of what makes the bytes unique
    """

    WHOLE_TURNS = 6  # photos at most

    def __init__(self, address, photos, marks, clients, seconds):
        self.address, self.photos, self.marks = address, photos, marks
        self.uploads, self.failures = [], []
        self.lock = threading.Lock()
        self.turn = 0
        self.threads = [threading.Thread(target=self.run)
                        for _ in range(clients)]
        cpu = time.process_time()
        self.begin = time.monotonic()
        self.end = self.begin + seconds
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.begin
        self.cpu = time.process_time() - cpu  # seconds, of all clients

    def next(self):
        """The next upload, or None."""
        with self.lock:
            even = (self.turn % len(self.photos) == 0
                    or len(self.photos) > self.WHOLE_TURNS)
            # However late the clients begin, the first one has a photo.
            if self.turn and time.monotonic() > self.end and even:
                return None
            photo = self.photos[self.turn % len(self.photos)]
            self.turn += 1
            return Upload(photo, next(self.marks))

    def run(self):
        """One client."""
        connection = None
        while upload := self.next():
            try:
                if connection is None:
                    connection = socket.create_connection(
                        self.address, PATIENCE)
                upload.begun = time.monotonic()
                if send(connection, upload):
                    connection.close()
                    connection = None
                upload.seconds = time.monotonic() - upload.begun
                self.uploads.append(upload)
                if not upload.taken:
                    time.sleep(RETRY_SECONDS)
            except (OSError, http.client.HTTPException, ValueError) as failure:
                self.failures.append(f"{upload.photo.name}: {failure!r}")
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()

    # -- what came of it --

    def taken(self):
        return [upload for upload in self.uploads if upload.taken]

    def refused(self):
        """How many the service had no time for."""
        return sum(upload.status == 503 for upload in self.uploads)

    def errors(self):
        """What was neither taken nor refused, in words."""
        return self.failures + [
            f"{upload.photo.name}: status {upload.status}"
            for upload in self.uploads if upload.status not in (201, 503)]

    def latencies(self):
        """Seconds. Without the first of each client: when all come at once
        some find nobody before them."""
        settled = sorted(self.taken(), key=lambda upload: upload.begun)
        return [upload.seconds for upload in settled[len(self.threads):]]


def send(connection, upload):
    """One request and its answer; whether the server closes then."""
    form, content_type = multipart([(upload.photo.name, PLACE)])
    before, _, after = form.partition(PLACE)
    pieces = [before, *upload.photo.pieces(upload.mark), after]
    head = (f"POST /upload HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: {content_type}\r\n"
            f"Content-Length: {sum(map(len, pieces))}\r\n\r\n").encode()
    send_all(connection, [head, *pieces])
    response = http.client.HTTPResponse(connection, method="POST")
    try:
        response.begin()
        body = response.read()
        upload.status = response.status
        upload.document = json.loads(body)
        return response.will_close
    finally:
        response.close()


def send_all(connection, pieces):
    """sendmsg may take a part only."""
    pieces = [memoryview(piece) for piece in pieces]
    while pieces:
        sent = connection.sendmsg(pieces)
        while pieces and sent >= len(pieces[0]):
            sent -= len(pieces.pop(0))
        if pieces:
            pieces[0] = pieces[0][sent:]
