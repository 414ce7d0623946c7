#!/usr/bin/python3
"""What the service makes of a directory of pictures.

usage: corpus.py [--sheet PNG] [--engines] DIR

Starts the service, uploads every file below DIR and prints a line for each:
status, code (or what it was taken for), size, milliseconds, name. Then the
counts. --sheet writes all thumbnails, with their names, into one picture: for
eyes, which see at once what lies on its side or has lost its colours.
--engines does the same with engine = "magick" and compares: the answers have to
be the same, and so have the thumbnails, byte by byte or, where the lane has
made them, by LEAST dB PSNR. The worst are listed.

Exit status 1 where an answer was 5xx or none came or the engines differ, 2 for
wrong arguments.
"""

import argparse
import collections
import contextlib
import io
import json
import math
import pathlib
import sys
import time

from PIL import Image, ImageDraw

import compare
from service import Service, end_on_signals

CELL = 200  # px, with the name below
COLUMNS = 8

# Two JPEGs of quality 80 of one picture differ by less than either differs from
# the picture. MagickWand moves what "cover" cuts out to whole px: BETWEEN.
LEAST, BETWEEN = 34, 25
WORST = 10  # that are listed


class Result:
    """One file's answer."""

    def __init__(self, name, answer, seconds):
        self.name = name
        self.ms = round(1000 * seconds)
        self.status = answer.status
        self.code, self.size, self.url, self.detail = "", "", None, ""
        self.variants = []
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
            self.variants = photo["variants"]
            self.url = self.variants[0]["url"]

    def __str__(self):
        return "%3d  %-20s %11s %6d ms  %s%s" % (
            self.status, self.code, self.size, self.ms, self.name,
            "\n       " + self.detail if self.detail else "")


def upload(service, path, name):
    start = time.monotonic()
    answer = service.upload((path.name, path.read_bytes()))
    return Result(name, answer, time.monotonic() - start)


class Likeness:
    """One thumbnail as two services made it, neither knowing of the other."""

    def __init__(self, name, variant, ours, theirs):
        self.name, self.variant = name, variant
        self.same = ours == theirs
        self.psnr = math.inf
        if self.same:
            return
        a, b = (Image.open(io.BytesIO(data)) for data in (ours, theirs))
        self.psnr = min(compare.psnr(compare.on(a, color), compare.on(b, color))
                        for color in compare.BACKDROPS)

    @property
    def margin(self):
        """dB above what it must have; "square" is the preset that covers."""
        covers = self.variant["preset"] == "square"
        return self.psnr - (BETWEEN if covers else LEAST)

    @property
    def is_like(self):
        return self.same or self.margin >= 0

    def __str__(self):
        return "%5.1f dB  %-8s %9s  %s%s" % (
            self.psnr, self.variant["preset"], "%dx%d" % (
                self.variant["width"], self.variant["height"]),
            self.name, "" if self.is_like else "  TOO FAR")


class Engines:
    """What both make of the same files."""

    def __init__(self, service, reference):
        self.service, self.reference = service, reference
        self.pictures, self.differences = [], []

    @staticmethod
    def told(result):
        """What an answer says, but for what an engine may decide."""
        return (result.status, result.code, result.size, result.detail,
                [[variant[key] for key in ("preset", "type", "width",
                                           "height")]
                 for variant in result.variants])

    def add(self, ours, path):
        theirs = upload(self.reference, path, ours.name)
        if self.told(ours) != self.told(theirs):
            self.differences.append(f"{ours}\n{theirs}")
            return
        for one, other in zip(ours.variants, theirs.variants):
            self.pictures.append(Likeness(
                ours.name, one, self.service.get_url(one["url"]).body,
                self.reference.get_url(other["url"]).body))

    def report(self):
        """Prints it; is all as it should be?"""
        by_planes = sorted((one for one in self.pictures if not one.same),
                           key=lambda one: one.margin)
        print("\nboth engines: %d thumbnails the same byte by byte, %d of %d "
              "files in the lane" % (
                  len(self.pictures) - len(by_planes), len(by_planes),
                  len({one.name for one in by_planes})))
        for preset in sorted({one.variant["preset"] for one in by_planes}):
            print("%5.1f dB  %-8s at least" % (min(
                one.psnr for one in by_planes
                if one.variant["preset"] == preset), preset))
        print("the worst, by what each must have:")
        for one in by_planes[:WORST]:
            print(one)
        for difference in self.differences:
            print("not the same answer:", difference, sep="\n")
        return not self.differences and all(
            one.is_like for one in self.pictures)


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


def send_all(files, directory, service, sheet, engines):
    """The results, and the cells of a sheet where one is wanted."""
    results, cells = [], []
    for path in files:
        result = upload(service, path, str(path.relative_to(directory)))
        print(result, flush=True)
        results.append(result)
        if sheet:
            add_to_sheet(cells, service, result)
        if engines:
            engines.add(result, path)
    return results, cells


def main():
    parser = argparse.ArgumentParser(
        description="Upload every file of a directory.")
    parser.add_argument("--sheet", metavar="PNG",
                        help="write all thumbnails into one picture")
    parser.add_argument("--engines", action="store_true",
                        help="compare with what MagickWand alone makes")
    parser.add_argument("directory", type=pathlib.Path, metavar="DIR")
    args = parser.parse_args()
    files = sorted(path for path in args.directory.rglob("*")
                   if path.is_file())
    if not files:
        parser.error(f"there is no file in {args.directory}")
    end_on_signals()
    limits = {"rate": "1000/s"}
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(Service(limits=limits))
        engines = args.engines and Engines(service, stack.enter_context(
            Service(limits=limits, engine="magick")))
        results, cells = send_all(files, args.directory, service, args.sheet,
                                  engines)
    if args.sheet:
        save_sheet(cells, args.sheet)
    counts = collections.Counter(
        f"{r.status} {r.code}" if r.status >= 300 else str(r.status)
        for r in results)
    print("\n%d files: %s" % (len(results), ", ".join(
        f"{n} x {what}" for what, n in sorted(counts.items()))))
    alike = not engines or engines.report()
    return 0 if alike and all(r.status < 500 for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
