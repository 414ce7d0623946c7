"""HEIF files from their parts, so that every combination can be made: coded
pictures are taken out of what heif-enc and avifenc write and put together
anew (ISO/IEC 23008-12)."""

import struct


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">L4s", len(body) + 8, kind) + body


def full_box(kind, *parts, version=0, flags=0):
    return box(kind, struct.pack(">L", version << 24 | flags), *parts)


def boxes(data):
    """(type, body) of each box in it."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack(">L4s", data[at:at + 8])
        yield kind, data[at + 8:at + size]
        at += size


def find(data, *path):
    for kind in path:
        data = next(body for each, body in boxes(data) if each == kind)
        if kind == b"meta":
            data = data[4:]
    return data


class Coded:
    """A coded picture: its item's type, properties and bytes."""

    def __init__(self, kind, data, *properties):
        self.kind = kind
        self.data = data
        self.properties = list(properties)


def take(file, item=1):
    """Item number `item` of a file by heif-enc or avifenc, with the properties
    that say what it is, without any that turn it."""
    meta = find(file, b"meta")
    kind = entry(find(meta, b"iinf"), item)
    properties = [box(*each) for each in boxes(find(meta, b"iprp", b"ipco"))]
    wanted = [properties[n - 1] for n in
              associations(find(meta, b"iprp", b"ipma"), item)]
    wanted = [each for each in wanted
              if each[4:8] in (b"ispe", b"hvcC", b"av1C", b"pixi", b"colr",
                               b"auxC")]
    at, size = location(find(meta, b"iloc"), item)
    return Coded(kind, file[at:at + size], *wanted)


def entry(iinf, item):
    for _, infe in boxes(iinf[6:]):
        if struct.unpack(">H", infe[4:6])[0] == item:
            return infe[8:12]
    raise ValueError(f"no item {item}")


def associations(ipma, item):
    at = 8
    for _ in range(struct.unpack(">L", ipma[4:8])[0]):
        number, n = struct.unpack(">HB", ipma[at:at + 3])
        if number == item:
            return [each & 0x7f for each in ipma[at + 3:at + 3 + n]]
        at += 3 + n
    raise ValueError(f"no item {item}")


def location(iloc, item):
    """Of the versions and sizes that the two programs write."""
    version, sizes = iloc[0], iloc[4] << 8 | iloc[5]
    offset, length, base = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    at = 8

    def number(n):
        nonlocal at
        at += n
        return int.from_bytes(iloc[at - n:at], "big")

    for _ in range(struct.unpack(">H", iloc[6:8])[0]):
        found = number(2)
        if version:
            number(2)
        number(2)
        start = number(base)
        assert number(2) == 1
        start += number(offset)
        size = number(length)
        if found == item:
            return start, size
    raise ValueError(f"no item {item}")


# --- properties ---

def size(width, height):
    return full_box(b"ispe", struct.pack(">LL", width, height))


def rotation(quarters):
    """Against the clock."""
    return box(b"irot", bytes([quarters]))


def mirror(axis):
    """0: top and bottom change places; 1: left and right."""
    return box(b"imir", bytes([axis]))


def crop(width, height, x, y):
    """x, y: how far its middle lies from the picture's."""
    return box(b"clap", struct.pack(">LLLLlLlL", width, 1, height, 1,
                                    x, 1, y, 1))


# --- derived pictures ---

def grid(rows, columns, width, height):
    return Coded(b"grid", struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1,
                                      width, height), size(width, height))


def overlay(width, height, *offsets):
    return Coded(b"iovl", struct.pack(">BBHHHHHH", 0, 0, 0xffff, 0, 0, 0xffff,
                                      width, height) +
                 b"".join(struct.pack(">hh", x, y) for x, y in offsets),
                 size(width, height))


def identity(width, height):
    # It has no data, but libheif wants some.
    return Coded(b"iden", b"\0", size(width, height))


def exif(tiff):
    return Coded(b"Exif", struct.pack(">L", 6) + b"Exif\0\0" + tiff)


# --- the file ---

def build(items, links=(), brands=(b"heic", b"mif1"), primary=1):
    """items from number 1 on; links are (type, from, to...). The data of
    derived pictures go into idat, as cameras do it."""
    properties, ipma, iinf, iloc = [], b"", b"", []
    # What another picture is made of is no picture of its own.
    hidden = {to for kind, _, *targets in links if kind == b"dimg"
              for to in targets}
    idat, mdat = b"", b""
    for number, item in enumerate(items, 1):
        numbers = []
        for each in item.properties:
            if each not in properties:
                properties.append(each)
            numbers.append(properties.index(each) + 1)
        if numbers:
            ipma += struct.pack(">HB", number, len(numbers)) + bytes(numbers)
        iinf += full_box(b"infe", struct.pack(">HH4s", number, 0, item.kind),
                         b"\0", version=2, flags=number in hidden)
        if item.kind in (b"grid", b"iovl", b"iden"):
            iloc.append((number, 1, len(idat), len(item.data)))
            idat += item.data
        elif item.data:
            iloc.append((number, 0, len(mdat), len(item.data)))
            mdat += item.data

    def meta(start):
        places = b"".join(struct.pack(
            ">HHHHLL", number, method, 0, 1,
            at + (0 if method else start), length)
            for number, method, at, length in iloc)
        parts = [
            full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", struct.pack(">H", primary)),
            full_box(b"iloc", b"\x44\0", struct.pack(">H", len(iloc)), places,
                     version=1),
            full_box(b"iinf", struct.pack(">H", len(items)), iinf),
            box(b"iprp", box(b"ipco", *properties),
                full_box(b"ipma", struct.pack(
                    ">L", sum(1 for item in items if item.properties)),
                    ipma))]
        if links:
            parts.append(full_box(b"iref", *(
                box(kind, struct.pack(">HH", source, len(targets)),
                    b"".join(struct.pack(">H", to) for to in targets))
                for kind, source, *targets in links)))
        if idat:
            parts.append(box(b"idat", idat))
        return full_box(b"meta", *parts)

    ftyp = box(b"ftyp", brands[0], bytes(4), *brands)
    start = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(start) + box(b"mdat", mdat)
