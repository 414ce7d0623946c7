#!/usr/bin/python3
"""usage: make.py SOURCE TARGET

A camera's JPEG as it is, without what it says of people and places: all
segments go but those that the picture needs, its colour profile, and an EXIF
with the orientation alone. The pixels are not touched.
"""

import struct
import sys

SOI, SOS, APP0, APP1, APP2, APP14, APP15, COM = (
    0xd8, 0xda, 0xe0, 0xe1, 0xe2, 0xee, 0xef, 0xfe)


def segments(jpeg):
    """(marker, payload) up to SOS, then (SOS, all that follows)."""
    at = 2
    while jpeg[at + 1] != SOS:
        size = struct.unpack_from(">H", jpeg, at + 2)[0]
        yield jpeg[at + 1], jpeg[at + 4:at + 2 + size]
        at += 2 + size
    yield SOS, jpeg[at + 2:]


def orientation(exif):
    order = "<" if exif[6:8] == b"II" else ">"
    at = 6 + struct.unpack_from(order + "I", exif, 10)[0]
    for i in range(struct.unpack_from(order + "H", exif, at)[0]):
        tag, _, _, value = struct.unpack_from(
            order + "HHIH", exif, at + 2 + 12 * i)
        if tag == 0x112:
            return value
    return 1


def is_kept(marker, payload):
    if APP0 <= marker <= APP15 or marker == COM:
        return (marker in (APP0, APP14) or
                (marker == APP2 and payload.startswith(b"ICC_PROFILE\0")))
    return True


def lean(jpeg):
    """The segments that stay, in their order."""
    turned = 1
    kept = []
    for marker, payload in segments(jpeg):
        if marker == APP1 and payload.startswith(b"Exif\0\0"):
            turned = orientation(payload)
        elif marker == SOS:
            # Phones put more behind the picture's end.
            kept.append((SOS, payload[:payload.index(b"\xff\xd9") + 2]))
        elif is_kept(marker, payload):
            kept.append((marker, payload))
    if turned != 1:
        exif = (b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01"
                + struct.pack(">HHIHH", 0x112, 3, 1, turned, 0) + bytes(4))
        kept.insert(0, (APP1, exif))
    return kept


def main(source, target):
    with open(source, "rb") as file:
        kept = lean(file.read())
    with open(target, "wb") as file:
        file.write(bytes((0xff, SOI)))
        for marker, payload in kept:
            file.write(bytes((0xff, marker)))
            if marker != SOS:
                file.write(struct.pack(">H", len(payload) + 2))
            file.write(payload)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    main(*sys.argv[1:])
