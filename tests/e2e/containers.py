"""What is inside of picture files, beside the picture: names of the segments,
chunks or boxes, by readers of their own. Bytes behind the end count too."""

import struct

# What a thumbnail needs of each; JPEG's are markers.
NEEDED = {
    "jpeg": {"SOI", "APP0 JFIF", "DQT", "SOF0", "SOF2", "DHT", "DRI", "SOS",
             "EOI"},
    "png": {"IHDR", "PLTE", "tRNS", "IDAT", "IEND"},
    "webp": {"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF"},
    "gif": {"screen", "control", "image", "NETSCAPE2.0", "trailer"},
    "avif": {"ftyp", "meta", "hdlr", "pitm", "iloc", "iinf", "infe av01",
             "infe grid", "iref", "auxl", "dimg", "iprp", "ipco", "ipma",
             "ispe", "pixi", "av1C", "auxC", "colr nclx", "irot", "mdat",
             "idat"},
}

MARKERS = {0xc0: "SOF0", 0xc1: "SOF1", 0xc2: "SOF2", 0xc4: "DHT",
           0xda: "SOS", 0xdb: "DQT", 0xdd: "DRI", 0xfe: "COM"}


def jpeg(data):
    at = 2
    yield "SOI"
    while data[at:at + 2] != b"\xff\xd9":
        marker, length = struct.unpack_from(">xBH", data, at)
        name = MARKERS.get(marker, f"{marker:02x}")
        if 0xe0 <= marker <= 0xef:
            what = data[at + 4:at + 2 + length].split(b"\0")[0]
            name = f"APP{marker - 0xe0} {what.decode('latin-1')}"
        yield name
        at += 2 + length
        if name == "SOS":
            at = jpeg_scan(data, at)
    yield "EOI"
    if at + 2 != len(data):
        yield "bytes behind the end"


def jpeg_scan(data, at):
    """Where the next marker is, past escaped bytes and restarts."""
    while data[at] != 0xff or data[at + 1] in (0, *range(0xd0, 0xd8)):
        at += 1
    return at


def png(data):
    at = 8
    while at < len(data):
        length, name = struct.unpack_from(">L4s", data, at)
        yield name.decode("latin-1")
        at += 12 + length
        if name == b"IEND" and at < len(data):
            yield "bytes behind the end"
            return


def webp(data):
    size, = struct.unpack_from("<L", data, 4)
    if len(data) != 8 + size:
        yield "bytes behind the end"
    yield from riff(data, 12, 8 + size)


def riff(data, at, end):
    while at < end:
        name, length = struct.unpack_from("<4sL", data, at)
        yield name.decode("latin-1")
        if name == b"ANMF":
            yield from riff(data, at + 24, at + 8 + length)
        at += 8 + length + length % 2


def gif_blocks(data, at):
    """Where the sub-blocks that begin here end."""
    while data[at]:
        at += 1 + data[at]
    return at + 1


def gif_colors(flags):
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def gif(data):
    yield "screen"
    at = 13 + gif_colors(data[10])
    while True:
        kind = data[at]
        if kind == 0x3b:
            yield "trailer"
            break
        if kind == 0x2c:
            yield "image"
            at = gif_blocks(data, at + 11 + gif_colors(data[at + 9]))
            continue
        label = data[at + 1]
        if label == 0xf9:
            yield "control"
        elif label == 0xff:
            yield data[at + 3:at + 14].decode("latin-1")
        else:
            yield f"extension {label:02x}"
        at = gif_blocks(data, at + 2)
    if at + 1 != len(data):
        yield "bytes behind the end"


# Boxes that hold boxes, and how many bytes stand before them.
HOLDING = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iref": 4, b"iinf": 6}


def avif(data, at=0, end=None):
    end = len(data) if end is None else end
    while at < end:
        length, kind = struct.unpack_from(">L4s", data, at)
        name = kind.decode("latin-1")
        if kind == b"infe":
            name += " " + data[at + 16:at + 20].decode("latin-1")
        elif kind == b"colr":
            name += " " + data[at + 8:at + 12].decode("latin-1")
        yield name
        length = length or end - at
        if kind in HOLDING:
            yield from avif(data, at + 8 + HOLDING[kind], at + length)
        at += length


READERS = {"jpeg": jpeg, "png": png, "webp": webp, "gif": gif, "avif": avif}


def superfluous(media, data):
    """What a thumbnail of this format holds beside what it needs."""
    return set(READERS[media](data)) - NEEDED[media]
