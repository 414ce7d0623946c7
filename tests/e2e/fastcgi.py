"""A FastCGI client (FastCGI 1.0) that can break off wherever it likes."""

import socket
import struct

BEGIN_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
RESPONDER = 1


def record(kind, content):
    return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content


def length(n):
    return bytes([n]) if n < 128 else struct.pack("!I", n | 1 << 31)


def pair(name, value):
    """value may be bytes that are no text."""
    name = name.encode()
    value = value if isinstance(value, bytes) else value.encode()
    return length(len(name)) + length(len(value)) + name + value


def stream(kind, data):
    """Records that hold data, without the empty one that ends the stream."""
    return b"".join(record(kind, data[i:i + 60000])
                    for i in range(0, len(data), 60000))


def upload_params(body_length, content_type, address="/upload"):
    return {"REQUEST_METHOD": "POST", "REQUEST_URI": address,
            "DOCUMENT_URI": address, "CONTENT_LENGTH": str(body_length),
            "CONTENT_TYPE": content_type, "REMOTE_ADDR": "127.0.0.1"}


def answer(connection):
    """(status, body) of what comes until the end; None for no answer."""
    data, content = b"", b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    while len(data) >= 8:
        kind, size, padding = struct.unpack("!xBxxHBx", data[:8])
        if kind == STDOUT:
            content += data[8:8 + size]
        data = data[8 + size + padding:]
    if not content:
        return None
    head, _, body = content.partition(b"\r\n\r\n")
    status = head.partition(b"Status: ")[2][:3]
    return int(status or 200), body


def request(path, params, body, end="stream", timeout=30, role=RESPONDER):
    """Send a request to the socket at path.

    params  a dictionary, or pairs where a name may be there twice
    end  what follows the body: "stream" is its proper end, "half" closes our
         side without it, "gone" closes everything and expects no answer
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        text = b"".join(pair(*item) for item in (
            params.items() if isinstance(params, dict) else params))
        data = record(BEGIN_REQUEST, struct.pack("!HB5x", role, 0))
        data += stream(PARAMS, text) + record(PARAMS, b"")
        data += stream(STDIN, body)
        if end == "stream":
            data += record(STDIN, b"")
        connection.sendall(data)
        if end == "gone":
            return None
        if end == "half":
            connection.shutdown(socket.SHUT_WR)
        return answer(connection)
