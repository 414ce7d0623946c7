"""The ways to make the four thumbnails that are compared, and how each is
measured.

A program renders from memory in one process, several times after a warm-up, and
measures itself. Commands are measured as the shell sees them, from their start
to their end. One thread each: otherwise processor time would depend on how many
there are, and a service has other photos for its other processors.

A child's peak of memory counts what its parent had when it was started: whoever
measures with this has to be small himself.
"""

import os
import pathlib
import shutil
import subprocess
import threading
import time

import pixels_quality as quality
import pixels_photos as work

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 300  # seconds for one process
RUNS = 1     # of a program in one process, after the one that is not counted

ENVIRONMENT = {
    **os.environ,
    "LC_ALL": "C.UTF-8",
    "MAGICK_THREAD_LIMIT": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "VIPS_CONCURRENCY": "1",
}


class CannotRun(Exception):
    """What this peer needs is not there, or it refuses this work."""


class Sample:
    """One way once to all four sizes of one photo."""

    def __init__(self, cpu, wall, rss, engine=None):
        self.cpu = cpu        # ms
        self.wall = wall      # ms
        self.rss = rss        # kB at most
        self.engine = engine  # of ours: who made it, "planes" or "magick"


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no word"


def execute(command):
    """(its output, Sample) of a command that ends by itself."""
    start = time.monotonic()
    try:
        process = subprocess.Popen(
            list(map(str, command)), env=ENVIRONMENT, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
    except OSError as error:
        raise CannotRun(f"{command[0]}: {error.strerror}") from None
    timer = threading.Timer(LIMIT, process.kill)
    timer.start()
    with process:
        # Few words, so that the pipes hold them until we come.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output, errors = process.stdout.read(), process.stderr.read()
    if process.returncode != 0:
        raise CannotRun(f"{pathlib.Path(command[0]).name} ended with status "
                        f"{process.returncode}: {last_line(errors)}")
    return output, Sample((usage.ru_utime + usage.ru_stime) * 1e3,
                          wall * 1e3, usage.ru_maxrss)


def parse(output):
    """The samples that a program has printed."""
    lines = list(map(str.split, output.strip().splitlines()))
    said = dict(line for line in lines if line[0] in ("rss_kb", "engine"))
    runs = [line for line in lines if line[0] not in said]
    assert "rss_kb" in said and runs, output
    return [Sample(float(cpu), float(wall), int(said["rss_kb"]),
                   said.get("engine")) for cpu, wall in runs]


class Peer:
    def __init__(self, key, name, formats=("jpeg", "webp"),
                 colours=work.COLOURS, slow=False, ours=False, like=None,
                 needs=()):
        self.key = key
        self.name = name
        self.formats = formats
        self.colours = colours
        self.slow = slow    # costs some times as much: measured less often
        self.ours = ours    # has to run wherever this is run
        self.like = like    # key of one of ours that makes the same pictures
        self.needs = needs  # commands and files, absolute ones

    def why_not(self, form, colours):
        """Why it takes no part in this, or None."""
        if form not in self.formats or colours not in self.colours:
            return "made for JPEG to JPEG without a conversion of colours"
        for need in self.needs:
            if shutil.which(need) is None and not os.path.exists(need):
                return f"{pathlib.Path(need).name} is not on this machine"
        return None


class Program(Peer):
    def __init__(self, key, name, command, leave=None, **more):
        super().__init__(key, name, needs=command[:1], **more)
        self.command = command
        self.leave = leave

    def run(self, form, photo, directory):
        command = [*self.command, form]
        if self.leave is not None:
            command.append(self.leave)
        command += [RUNS, directory, photo.path]
        if photo.colours == work.ALL and self.leave is not None:
            command.append("srgb")
        output, _ = execute(command)
        return parse(output)


class Commands(Peer):
    """line(photo, side, target, profile) is the command for one size; profile
    is None where no colours are to be converted."""

    def __init__(self, key, name, line, profile, **more):
        super().__init__(key, name, **more)
        self.line = line
        self.profile = profile

    def run(self, form, photo, directory):
        profile = self.profile if photo.colours == work.ALL else None
        parts = [execute(self.line(
            photo.path, side,
            directory / f"{side}.{quality.FORMATS[form][1]}", profile))[1]
            for side in work.LADDER]
        return [Sample(sum(part.cpu for part in parts),
                       sum(part.wall for part in parts),
                       max(part.rss for part in parts))]


# ---- as people write them ----

def box(side, times=1):
    return f"{side * times}x{side * times}"


def with_profile(profile):
    return ["-profile", profile] if profile else []


def convert_resize(photo, side, target, profile):
    return ["convert", photo, "-auto-orient", "-resize", box(side),
            *with_profile(profile), "-strip", "-quality", work.QUALITY, target]


def convert_thumbnail(photo, side, target, profile):
    return ["convert", "-define", f"jpeg:size={box(side, 2)}", photo,
            "-auto-orient", "-thumbnail", box(side), *with_profile(profile),
            "-strip", "-quality", work.QUALITY, target]


def gm_resize(photo, side, target, profile):
    return ["gm", "convert", photo, "-auto-orient", "-resize", box(side),
            *with_profile(profile), "-strip", "-quality", work.QUALITY, target]


def gm_thumbnail(photo, side, target, profile):
    return ["gm", "convert", "-size", box(side), photo, "-auto-orient",
            "-thumbnail", box(side), *with_profile(profile), "-strip",
            "-quality", work.QUALITY, target]


def vipsthumbnail(photo, side, target, profile):
    export = ["--export-profile", "srgb"] if profile else []
    return ["vipsthumbnail", photo, "--size", box(side), *export,
            "-o", f"{target}[Q={work.QUALITY},strip]"]


# ---- all of them ----

# What the decoder's hint leaves to the resize at least, in pixels for each of
# the largest thumbnail: the two points of resize_quality.
BEST, FAST = "2", "1.5"


def magick_programs(build):
    return [
        Program("naive", "MagickWand, each size from the full image",
                [build / "naive"], leave=BEST, slow=True, ours=True),
        Program("thirty", f"MagickWand, thirty lines: hint ({BEST}x), cascade",
                [build / "thirty"], leave=BEST, ours=True),
        Program("thirty-fast",
                f"MagickWand, thirty lines: hint ({FAST}x), cascade",
                [build / "thirty"], leave=FAST, ours=True),
    ]


def our_programs(build):
    """Planes are decoded at one size, whatever resize_quality is."""
    auto, magick = ([build / "ours", engine] for engine in ("auto", "magick"))
    return [
        Program("ours", "fcgi-thumb", auto, leave=FAST, ours=True,
                like="fast"),
        Program("fast", "fcgi-thumb, engine magick", magick, leave=FAST,
                ours=True),
        Program("best", "fcgi-thumb, engine magick, resize_quality best",
                magick, leave=BEST, ours=True),
    ]


def command_lines(profile):
    return [
        Commands("convert", "ImageMagick, convert -resize", convert_resize,
                 profile, slow=True, needs=["convert"]),
        Commands("convert-hint",
                 "ImageMagick, convert -define jpeg:size -thumbnail",
                 convert_thumbnail, profile, slow=True, needs=["convert"]),
        Commands("gm", "GraphicsMagick, gm convert -resize", gm_resize,
                 profile, slow=True, needs=["gm"]),
        Commands("gm-hint", "GraphicsMagick, gm convert -size -thumbnail",
                 gm_thumbnail, profile, needs=["gm"]),
        Commands("vipsthumbnail", "libvips, vipsthumbnail", vipsthumbnail,
                 profile, needs=["vipsthumbnail"]),
    ]


def library_programs(build):
    sharp = ["node", HERE / "peers" / "sharp.mjs"]
    return [
        Program("vips-each", "libvips, C, a thumbnail a size",
                [build / "peers" / "vips_each"], leave=BEST),
        Program("vips-chain", "libvips, C, one decode, chained",
                [build / "peers" / "vips_chain"], leave=BEST),
        Program("sharp-each", "sharp, a pipeline a size", [*sharp, "each"]),
        Program("sharp-clone", "sharp, one input with clone()",
                [*sharp, "clone"]),
        Program("sharp-chain", "sharp, one decode, chained by hand",
                [*sharp, "chain"]),
        Program("floor", "floor: libjpeg to planes, z.lib, libjpeg",
                [build / "peers" / "floor"], leave=BEST, formats=("jpeg",),
                colours=(work.NONE,)),
    ]


def all_peers(build, profile):
    """build holds the programs of tests/bench, profile is a file: sRGB."""
    return (magick_programs(build) + our_programs(build)
            + command_lines(profile) + library_programs(build))
