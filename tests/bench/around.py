#!/usr/bin/python3
"""How much of an upload's time is around the pixels, and where it goes.

usage: around.py [--photo FILE] [--rounds N] [--dir DIR] [--on KIND]
                 [--json FILE]

A 4 MB photo of 12 MP, as bytes that were not there before each time, to a
service of one worker behind nginx. nginx, FastCGI, JSON and the client are what
is left of the wall time when the phases that the worker tells are taken off;
these are whole milliseconds, of which means say more than medians. The CPU time
of nginx is all of it around the pixels; of the worker's, most is for them.

--photo  another photo; else tests/data/photo-12mp.jpg, encoded to 4 MB
--on     image: ext4 with a journal on a loop device (root); else a directory
         below --dir, on whatever disk that is
"""

import argparse
import io
import json
import pathlib
import statistics
import sys

from PIL import Image

from place import PHASES, PIXELS, Bench, Places, mount_of

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
    # As large as that many photos of fill.c: 1 GB.
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


def report(rows):
    wall = rows["wall"]["mean"]
    names = {"front": "nginx, FastCGI, JSON, client",
             "receive": "receive: read, hash, keep, look",
             "publish": "publish: write, fsync, rename"}
    print(f"{'':32} {'median ms':>10} {'quartiles':>16} {'mean':>8} {'%':>6}")
    for key in ("wall", *PIXELS, "queue", "receive", "publish", "front",
                "around"):
        row = rows[key]
        quartiles = f"{row['low']:.1f}-{row['high']:.1f}"
        print(f"{names.get(key, key):32} {row['median']:>10.1f} "
              f"{quartiles:>16} {row['mean']:>8.1f} "
              f"{100 * row['mean'] / wall:>6.1f}")
    share = rows["share"]
    print(f"around the pixels: {share['median']:.1f} % "
          f"({share['low']:.1f}-{share['high']:.1f}) of the time, "
          f"{'under' if share['median'] < LIMIT else 'NOT UNDER'} {LIMIT} %; "
          f"CPU: worker {rows['cpu']['median']:.0f} ms, nginx "
          f"{rows['nginx']['median']:.1f} ms")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--photo")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--dir")
    parser.add_argument("--on", choices=("image", "directory"),
                        default="directory")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    end_on_signals()
    photo = (pathlib.Path(arguments.photo).read_bytes() if arguments.photo
             else large_photo())
    where, took = measure(arguments, photo)
    rows = summary(took)
    print(f"a photo of {len(photo)} bytes, {len(took)} times, on "
          f"{arguments.on} ({' '.join(where[1:])})")
    report(rows)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(
            {"bytes": len(photo), "rounds": len(took), "on": arguments.on,
             "file_system": where[1:], "rows": rows}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
