"""That the services did what they are measured at."""

import base64
import hashlib
import io

from PIL import Image

import nginx
from http_services import LADDER

SAMPLE = 6  # uploads of a row that are looked at closely
ORIENTATION = 0x0112


def expected_sizes(photo):
    """{preset: (width, height)}, not rounded."""
    with Image.open(io.BytesIO(photo.data)) as image:
        full = image.size
        if image.getexif().get(ORIENTATION, 1) >= 5:
            full = full[::-1]
    return {f"w{side}": [one * min(1, side / max(full)) for one in full]
            for side in LADDER}


def look(service, upload):
    """What is wrong with one photo that was taken; nothing, as a rule."""
    said, = upload.document["photos"]
    sizes = expected_sizes(upload.photo)
    if {one["preset"] for one in said["variants"]} != set(sizes):
        yield f"{said['variants']}"
    for one in said["variants"]:
        answer = nginx.request(service.address, "GET", one["url"])
        image = Image.open(io.BytesIO(answer.body))
        image.load()
        wanted = sizes[one["preset"]]
        if (image.format != "JPEG"
                or image.size != (one["width"], one["height"])
                or len(answer.body) != one["bytes"]
                or any(abs(a - b) > 1 for a, b in zip(image.size, wanted))):
            yield f"{one}, wanted {wanted}, got {image.size}"
    place = service.data / "photos" / said["id"][:2] / said["id"]
    stored = (place / "original.jpg").read_bytes()
    sent = b"".join(upload.photo.pieces(upload.mark))
    digest = base64.b32encode(hashlib.sha256(sent).digest()[:16])
    if stored != sent or digest.decode().rstrip("=").lower() != said["id"]:
        yield f"{place} is not what was sent"


def faults(rows):
    """All that makes the table worthless, in words."""
    for (service, clients), row in rows.items():
        where = f"{service.name}, {clients} clients: "
        for upload in row.taken:
            if len(upload.document["photos"][0]["variants"]) != len(LADDER):
                yield where + "an answer without all thumbnails"
        if not row.latencies:
            yield where + "too few were taken"
        yield from (where + error for error in row.errors)
        step = max(1, len(row.taken) // SAMPLE)
        for upload in row.taken[::step]:
            yield from (where + fault for fault in look(service, upload))


