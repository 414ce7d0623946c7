#!/usr/bin/python3
"""How much of an upload's time is around the pixels, and where it goes.

usage: around.py [--photo FILE] [--rounds N] [--dir DIR] [--on KIND]
                 [--photos DIR] [--quick] [--out DIR]

A 4 MB photo of 12 MP, as bytes that were not there before each time, to a
service of one worker behind nginx. nginx, FastCGI, JSON and the client are what
is left of the wall time when the phases that the worker tells are taken off;
these are whole milliseconds, of which means say more than medians. The CPU time
of nginx is all of it around the pixels; of the worker's, most is for them.

--photo  another photo; else tests/data/photo-12mp.jpg, encoded to 4 MB
--on     image: ext4 with a journal on a loop device (root); else a directory
         below --dir, on whatever disk that is
--photos is taken so that all parts of ./dev bench take it, and not used
--out    where the table is written as JSON; default: nowhere
"""

import argparse
import io
import pathlib
import statistics
import sys

from PIL import Image

import report
from store_place import PHASES, PIXELS, Bench, Places, mount_of

from service import end_on_signals, picture, variation

WARM = 3
WANTED = 4_000_000  # bytes
LIMIT = 15          # percent


def large_photo():
    """A camera's picture at the quality that makes 4 MB of it."""
    image = Image.open(io.BytesIO(picture("photo-12mp.jpg")))
    image.load()
    best = None
    for quality in range(85, 101):
        data = io.BytesIO()
        image.save(data, "JPEG", quality=quality)
        if best is None or (abs(len(data.getvalue()) - WANTED)
                            < abs(len(best) - WANTED)):
            best = data.getvalue()
    return best


def measure(arguments, photo):
    # As large as that many photos of store_fill.c: 1 GB.
    with Places(arguments.dir, [], arguments.on) as places:
        place = places.make(60_000 if places.kind == "image" else 0)
        with Bench(place) as bench:
            where = mount_of(place)
            took = [bench.upload(variation(photo, f"around {number}"))[1]
                    for number in range(WARM + arguments.rounds)][WARM:]
    for one in took:
        one["front"] = one["wall"] - sum(one[phase] for phase in PHASES)
        one["around"] = one["wall"] - sum(one[phase] for phase in PIXELS)
        one["share"] = 100 * one["around"] / one["wall"]
    return where, took


def summary(took):
    rows = {}
    for key in ("wall", "queue", "receive", *PIXELS, "publish", "front",
                "around", "share", "cpu", "nginx"):
        values = [one[key] for one in took]
        low, middle, high = statistics.quantiles(values, n=4)
        rows[key] = {"median": round(middle, 2), "low": round(low, 2),
                     "high": round(high, 2),
                     "mean": round(statistics.mean(values), 2)}
    return rows


NAMES = {"wall": "all of it", "queue": "queue",
         "receive": "receive: read, hash, keep, look",
         "publish": "publish: write, fsync, rename",
         "front": "nginx, FastCGI, JSON, the client",
         "around": "around the pixels"}


def make_table(rows, title):
    table = report.Table("around", title,
                         ["phase", "median ms", "quartiles", "mean ms",
                          "% of the mean"])
    for key in ("wall", *PIXELS, "queue", "receive", "publish", "front",
                "around"):
        row = rows[key]
        table.add(NAMES.get(key, key), row["median"],
                  f"{row['low']:.1f} to {row['high']:.1f}", row["mean"],
                  100 * row["mean"] / rows["wall"]["mean"])
    share = rows["share"]
    table.notes.append(
        f"around the pixels: {share['median']:.1f} % (quartiles "
        f"{share['low']:.1f} to {share['high']:.1f}) of an upload's time; it "
        f"is to be under {LIMIT}")
    table.notes.append(
        f"CPU: the worker {rows['cpu']['median']:.0f} ms, most of it for the "
        f"pixels; nginx {rows['nginx']['median']:.1f} ms")
    return table


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--photo")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--dir")
    parser.add_argument("--on", choices=("image", "directory"),
                        default="directory")
    parser.add_argument("--photos")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds = 10
    end_on_signals()
    photo = (pathlib.Path(arguments.photo).read_bytes() if arguments.photo
             else large_photo())
    where, took = measure(arguments, photo)
    rows = summary(took)
    table = make_table(rows, f"A photo of {len(photo) / 1e6:.1f} MB and 12 "
                       f"MP, {len(took)} times, the store on {where[1]}")
    table.data = rows
    print(table.text())
    if arguments.out:
        table.write(arguments.out, "./dev bench around")
    return 0


if __name__ == "__main__":
    sys.exit(main())
