"""Who answers on the service's sockets in its place."""

import os
import socket
import struct
import threading


class Peer:
    """Stands in for the pool: a listening socket, and what is done with each
    connection. answer: bytes of a CGI answer, or who makes them of the
    parameters; None: accept, read, hang up; "silent": accept and say nothing;
    "full": never accept, queue full. `asked` counts the requests that were
    read.
    """

    def __init__(self, path, answer, backlog=8):
        self.path, self.answer, self.params, self.body = path, answer, {}, b""
        self.asked = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(0 if answer == "full" else backlog)
        self.held = []
        if answer == "full":
            self.fill()
        else:
            threading.Thread(target=self.serve, daemon=True).start()

    def fill(self):
        while True:
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            self.held.append(s)
            try:
                s.connect(str(self.path))
            except BlockingIOError:
                return

    def serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            if self.answer == "silent":
                self.held.append(connection)
                continue
            with connection:
                self.read(connection)
                if self.answer is not None:
                    self.reply(connection)

    def read(self, connection):
        params, body = b"", b""
        with connection.makefile("rb") as f:
            while True:
                kind, length, padding = struct.unpack(
                    "!xBxxHBx", f.read(8))
                content = f.read(length)
                f.read(padding)
                if kind == 4:
                    params += content
                elif kind == 5 and length:
                    body += content
                elif kind == 5:
                    break
        self.params, self.body = dict(self.pairs(params)), body
        self.asked += 1

    @staticmethod
    def pairs(data):
        at = 0

        def length():
            nonlocal at
            if data[at] < 128:
                at += 1
                return data[at - 1]
            at += 4
            return struct.unpack("!I", data[at - 4:at])[0] & 0x7fffffff

        while at < len(data):
            name, value = length(), length()
            yield (data[at:at + name].decode(),
                   data[at + name:at + name + value].decode())
            at += name + value

    def reply(self, connection):
        def record(kind, content):
            head = struct.pack("!BBHHBx", 1, kind, 1, len(content), 0)
            return head + content

        answer = self.answer
        if callable(answer):
            answer = answer(self.params)
        connection.sendall(record(6, answer) + record(6, b"") +
                           record(3, bytes(8)))

    def close(self):
        # shutdown() wakes the thread in accept(), which close() does not.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        for s in self.held:
            s.close()
        os.unlink(self.path)
