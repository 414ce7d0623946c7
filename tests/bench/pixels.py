#!/usr/bin/python3
"""usage: pixels.py [--photos DIR] [--quick] [--turns N] [--out DIR]

What four thumbnails of a photo cost, in processor time, time and memory, in all
the ways that people make them, and what these thumbnails are worth. The ways
are measured by turns, so that other work on this machine meets all alike.

--photos DIR  the JPEG photos in DIR, too
--turns N     for JPEG, 3 unless told; WebP has one less
--quick       JPEG of one shipped photo, in two turns
--out DIR     where the tables are written as JSON; default: nowhere

FT_BUILD      the build directory, default build/
"""

import argparse
import os
import pathlib
import signal
import sys
import tempfile

import pixels_lane as lane
import pixels_turns as contest
import pixels_peers as peers
import pixels_quality as quality
import report
import pixels_photos as work

BASE = lane.OURS       # what the ratios are to
# What each of ours is to be held against, with the same settings.
PLAIN = {lane.OURS: "thirty-fast", "fast": "thirty-fast", "best": "thirty"}
BESIDE = "vips-chain"  # whose quality is what one gets elsewhere

COLUMNS = ["way", "CPU ms", "± %", "ratio", "± % of that", "wall ms",
           "peak MB", "KB out", "dB at 1280", "dB at 160",
           "SSIMULACRA at 1280", "SSIMULACRA at 160"]
DIGITS = {"± %": 1, "ratio": 2, "± % of that": 1, "dB at 1280": 2,
          "dB at 160": 2, "SSIMULACRA at 1280": 4, "SSIMULACRA at 160": 4}
QUICK = "phone-12mp-turned"


# ---- tables ----

def mean(values):
    values = list(values)
    return sum(values) / len(values)


def worth(found):
    """The columns that say what the files are worth: means of all photos."""
    return [mean(each["bytes"] for each in found.values()) / 1000,
            *(mean(each["psnr"][side] for each in found.values())
              for side in quality.SEEN_AT),
            *(mean(each["seen"][side] for each in found.values())
              for side in quality.SEEN_AT)]


def title(mode):
    count = len(mode.photos)
    photos = f"{count} photos" if count > 1 else "a photo"
    colours = ("with the photos' profiles, converted to sRGB by all"
               if mode.colours == work.ALL else "converted by none")
    return (f"{photos.capitalize()} within {', '.join(map(str, work.LADDER))} "
            f"pixels as {quality.FORMATS[mode.form][0]} q{work.QUALITY}, "
            f"colours {colours}")


def comparisons(mode):
    """What a reader wants to know in a sentence."""
    beside = mode.rows.get(BESIDE)
    for ours, plain in PLAIN.items():
        row = mode.rows[ours]
        ratios = row.ratios(mode.rows[plain])
        words = (f"{row.peer.name}: {report.median(ratios):.2f} (± "
                 f"{100 * report.spread(ratios):.1f} %) of the CPU of "
                 f"“{mode.rows[plain].peer.name}”")
        if beside is not None:
            difference = worth(row.found)[1] - worth(beside.found)[1]
            words += (f", {difference:+.2f} dB at {work.LADDER[0]} pixels "
                      "against libvips, chained")
        yield words + "."


def by_planes(mode):
    """Whose thumbnails the plane lane made, where it was free to."""
    others = sorted(name for name, engine
                    in mode.rows[lane.OURS].engines().items()
                    if engine != "planes")
    return (f"{len(mode.photos) - len(others)} of {len(mode.photos)} photos "
            "took the plane lane"
            + (f", not {', '.join(others)}." if others else "."))


HOW = (
    "Means of all photos, medians of the turns; ± is half the distance of "
    "their quartiles, the ratio one of CPU in the same turns to "
    "fcgi-thumb. One thread each, but sharp's clone() makes all four at "
    "once. Programs are measured from the photo in memory to the files in "
    "memory after one that was not counted, commands from the start of the "
    "first to the end of the fourth. What fcgi-thumb's workers keep for photos "
    "of the same size and profile, weights and colour tables, is kept from the "
    "first.",
    "dB (PSNR) and SSIMULACRA (0 is the same, more is worse) are of the files "
    "against a Lanczos resize of the full photo in floating point: what the "
    "encoders lose is in them. In JPEG MagickWand and convert keep a photo's "
    "4:4:4, all others write 4:2:0.")


def notes(mode):
    yield from HOW
    yield from comparisons(mode)
    yield by_planes(mode)
    yield "Photos: " + ", ".join(photo.name for photo in mode.photos) + "."
    for reason, names in mode.left_out.items():
        yield f"Not measured: {'; '.join(names)}: {reason}."


def share(values):
    """Their spread in percent, where there is any."""
    return 100 * report.spread(values) if len(values) > 1 else ""


def raw(row):
    return {"found": row.found,
            "cpu_ms": {turn: {photo: [sample.cpu for sample in samples]
                              for photo, samples in photos.items()}
                       for turn, photos in row.samples.items()}}


def main_table(mode):
    table = report.Table(f"pixels-{mode.name()}", title(mode), COLUMNS,
                         notes(mode), DIGITS)
    for row in mode.rows.values():
        cpu, ratios = row.of_turns("cpu"), row.ratios(mode.rows[BASE])
        table.add(row.peer.name, report.median(cpu), share(cpu),
                  report.median(ratios), share(ratios),
                  report.median(row.of_turns("wall")), row.peak() / 1000,
                  *worth(row.found))
    table.add("the reference itself, encoded", "", "", "", "", "", "",
              *worth(mode.ideal))
    table.data = {row.peer.key: raw(row) for row in mode.rows.values()}
    return table


def photo_table(mode):
    """Cameras differ more than most ways do."""
    names = [photo.name for photo in mode.photos]
    table = report.Table(f"pixels-{mode.name()}-photos",
                         f"CPU ms of each: {title(mode)}", ["way", *names])
    for row in mode.rows.values():
        table.add(row.peer.name, *(row.of_photo(name, "cpu")
                                   for name in names))
    return table


# ---- the command ----

def say(words):
    print(f"pixels: {words}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--turns", type=int)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    if options.turns is None:
        options.turns = 2 if options.quick else 3
    return options


def programs():
    """Where those of this directory are built."""
    build = os.environ.get("FT_BUILD") or report.TOP / "build"
    return pathlib.Path(build) / "tests" / "bench"


def command(options):
    return ("./dev bench pixels"
            + (" --photos DIR" if options.photos else "")
            + (" --quick" if options.quick else ""))


def tables_of(mode):
    yield main_table(mode)
    if len(mode.photos) > 1:
        yield photo_table(mode)


def show(tables, options):
    for table in tables:
        print(table.text(), flush=True)
        if options.out is not None:
            table.write(options.out, command(options))


def run(options, scratch, judging):
    profile = scratch / "sRGB.icc"
    profile.write_bytes(judging.call(work.srgb_profile))
    photos, left_out = judging.call(work.gather, scratch, options.photos,
                                    QUICK if options.quick else None)
    for reason in left_out:
        say(f"left out: {reason}")
    turns = contest.Contest(peers.all_peers(programs(), profile), judging,
                            scratch, say)
    modes = {}
    for form in ("jpeg",) if options.quick else quality.FORMATS:
        for colours in work.COLOURS:
            mode = contest.Mode(form, colours,
                                work.chosen(photos[colours], form))
            # The promises are about JPEG.
            turns.run(mode, options.turns if form == "jpeg"
                      else max(options.turns - 1, 1))
            show(tables_of(mode), options)
            modes[mode.name()] = mode
    show(lane.tables(modes["jpeg"], modes["jpeg-srgb"]), options)


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="pixels.") as scratch, \
            contest.Judging() as judging:
        try:
            run(options, pathlib.Path(scratch), judging)
        except (peers.CannotRun, quality.Wrong) as error:
            sys.exit(f"pixels: {error}")


if __name__ == "__main__":
    main()
