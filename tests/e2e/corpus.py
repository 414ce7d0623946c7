#!/usr/bin/python3
"""What the service makes of a directory of pictures.

usage: corpus.py [--sheet PNG] DIR

Starts the service, uploads every file below DIR and prints a line for each:
status, code (or what it was taken for), size, milliseconds, name. Then the
counts. --sheet writes all thumbnails, with their names, into one picture: for
eyes, which see at once what lies on its side or has lost its colours.

Exit status 1 where an answer was 5xx or none came, 2 for wrong arguments.
"""

import argparse
import collections
import io
import json
import pathlib
import sys
import time

from PIL import Image, ImageDraw

from service import Service, end_on_signals

CELL = 200  # px, with the name below
COLUMNS = 8


class Result:
    """One file's answer."""

    def __init__(self, name, answer, seconds):
        self.name = name
        self.ms = round(1000 * seconds)
        self.status = answer.status
        self.code, self.size, self.url, self.detail = "", "", None, ""
        try:
            document = json.loads(answer.body)
            photo = document.get("photos", [document])[0]
        except (ValueError, IndexError):
            return
        error = photo.get("error", document if "code" in document else None)
        if error:
            self.code = error.get("code", "")
            self.detail = error.get("detail", "")
        else:
            self.code = photo["type"].partition("/")[2]
            self.size = "%dx%d" % (photo["width"], photo["height"])
            self.url = photo["variants"][0]["url"]

    def __str__(self):
        return "%3d  %-20s %11s %6d ms  %s%s" % (
            self.status, self.code, self.size, self.ms, self.name,
            "\n       " + self.detail if self.detail else "")


def upload(service, path, name):
    start = time.monotonic()
    answer = service.upload((path.name, path.read_bytes()))
    return Result(name, answer, time.monotonic() - start)


def add_to_sheet(cells, service, result):
    cell = Image.new("RGB", (CELL, CELL + 14), (255, 255, 255))
    draw = ImageDraw.Draw(cell)
    if result.url:
        image = Image.open(io.BytesIO(service.get_url(result.url).body))
        image = image.convert("RGBA")
        image.thumbnail((CELL - 4, CELL - 4))
        cell.paste(image, (2, 2), image)
    else:
        draw.text((4, CELL // 2), "%d %s" % (result.status, result.code),
                  (160, 0, 0))
    draw.text((2, CELL), result.name[-32:], (0, 0, 0))
    cells.append(cell)


def save_sheet(cells, path):
    rows = -(-len(cells) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL, rows * (CELL + 14)),
                      (128, 128, 128))
    for i, cell in enumerate(cells):
        sheet.paste(cell, (i % COLUMNS * CELL, i // COLUMNS * (CELL + 14)))
    sheet.save(path)


def main():
    parser = argparse.ArgumentParser(
        description="Upload every file of a directory.")
    parser.add_argument("--sheet", metavar="PNG",
                        help="write all thumbnails into one picture")
    parser.add_argument("directory", type=pathlib.Path, metavar="DIR")
    args = parser.parse_args()
    files = sorted(path for path in args.directory.rglob("*")
                   if path.is_file())
    if not files:
        parser.error(f"there is no file in {args.directory}")
    end_on_signals()
    results, cells = [], []
    with Service(limits={"rate": "1000/s"}) as service:
        for path in files:
            result = upload(service, path,
                            str(path.relative_to(args.directory)))
            print(result, flush=True)
            results.append(result)
            if args.sheet:
                add_to_sheet(cells, service, result)
    if args.sheet:
        save_sheet(cells, args.sheet)
    counts = collections.Counter(
        f"{r.status} {r.code}" if r.status >= 300 else str(r.status)
        for r in results)
    print("\n%d files: %s" % (len(results), ", ".join(
        f"{n} x {what}" for what, n in sorted(counts.items()))))
    return 1 if any(r.status >= 500 for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
