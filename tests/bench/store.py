#!/usr/bin/python3
"""What a photo costs while few are stored, and while very many are.

usage: store.py [--counts N,N..] [--rounds N] [--dir DIR] [--on KIND]
                [--photos DIR] [--quick] [--out DIR]

A store for each count (1000, 100,000 and 1,000,000), filled by `fill`, with a
service of one worker on each. Round by round every one of them gets a new tiny
picture, a format of it that nobody has asked for, the same bytes again, and its
deletion: by turns, so that whatever else the machine does meets all alike. Then
some uploads of a real photo, `thumbctl verify` over all that is stored, and the
starts. Medians with quartiles, and their ratio to the first count.

--on   tmpfs, image (ext4 on a loop device, for which one has to be root) or
       directory; without it the first of these that can be had
--dir  where images and directories are made
--quick  1000 and 10,000 photos, 50 rounds
--out  where the tables are written as JSON; default: nowhere
"""

import argparse
import io
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

from PIL import Image

import report
from store_place import FILL, PIXELS, Bench, Places, mount_of

from service import end_on_signals, picture, variation, wait_until

STEPS = ("upload", "exists", "render", "delete")
WARM = 10       # rounds that are not counted
REAL = 20       # uploads of a real photo
STARTS = 7
VERIFY_SECONDS = 90
AVIF = [{"name": "large", "width": 1024, "height": 1024,
         "formats": ["jpeg", "avif"]}]


def spread(values):
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": round(middle, 3), "low": round(low, 3),
            "high": round(high, 3), "n": len(values)}


def say(*words):
    print(*words, flush=True)


# ---- filling -----------------------------------------------------------------

def tiny_picture():
    """Of a kilobyte, so that its pixels do not hide what is around them."""
    ramp = Image.linear_gradient("L").resize((96, 72))
    data = io.BytesIO()
    Image.merge("RGB", (ramp, ramp.rotate(180), ramp)).save(
        data, "JPEG", quality=70)
    return data.getvalue()


def fill(bench, tiny, count):
    """All but the first photo, which is uploaded, in two processes; seconds."""
    answer, _ = bench.upload(tiny)
    photo, = json.loads(answer.body)["photos"]
    start = time.monotonic()
    middle = 1 + (count - 1) // 2
    fillers = [subprocess.Popen([FILL, bench.service.settings_file,
                                 photo["id"], str(a), str(b)])
               for a, b in ((1, middle), (middle, count))]
    if any([filler.wait() for filler in fillers]):
        raise RuntimeError("fill failed")
    os.sync()
    return time.monotonic() - start


def per_directory(data):
    """How many photos the directories of photos/ hold: (most, mean)."""
    numbers = [len(os.listdir(path)) for path in (data / "photos").iterdir()]
    return max(numbers), sum(numbers) / len(numbers)


# ---- what is measured --------------------------------------------------------

def one_round(bench, data):
    answer, upload = bench.upload(data)
    photo, = json.loads(answer.body)["photos"]
    again, exists = bench.upload(data)
    _, render = bench.timed((200,), "GET", f"/t/{photo['id']}/large.webp")
    # Twice: the second takes the photo with it.
    for answered in again, answer:
        token = json.loads(answered.body)["photos"][0]["delete_token"]
        _, delete = bench.timed(
            (204,), "DELETE", f"/photos/{photo['id']}", None,
            {"Authorization": f"Bearer {token}"})
    return dict(zip(STEPS, (upload, exists, render, delete)))


def by_turns(benches, rounds, function):
    """function(bench, number) `rounds` times on each; the results of each."""
    results = {count: [] for count in benches}
    for number in range(rounds):
        order = list(benches)
        for count in order[number % len(order):] + order[:number % len(order)]:
            results[count].append(function(benches[count], number))
    return results


def measure_steps(benches, tiny, rounds):
    took = by_turns(benches, WARM + rounds, lambda bench, number:
                    one_round(bench, variation(tiny, f"round {number}")))
    rows = {}
    for count, all_rounds in took.items():
        counted = all_rounds[WARM:]
        rows[count] = {
            step: {key: spread([one[step][key] for one in counted])
                   for key in ("wall", "cpu", "nginx")} for step in STEPS}
        # Whole milliseconds are told: their mean says more.
        rows[count]["upload"]["publish_mean"] = round(statistics.mean(
            one["upload"]["publish"] for one in counted), 2)
    return rows


def measure_real(benches, photo):
    took = by_turns(benches, REAL, lambda bench, number:
                    bench.upload(variation(photo, f"real {number}"))[1])
    return {count: {
        "wall": spread([one["wall"] for one in each]),
        "pixels": spread([sum(one[phase] for phase in PIXELS)
                          for one in each]),
        "publish": spread([one["publish"] for one in each])}
        for count, each in took.items()}


def verify(bench):
    """`thumbctl verify` over the whole store, as far as it gets in time."""
    command = [str(FILL.parents[2] / "fcgi-thumb" / "thumbctl"), "-c",
               str(bench.service.settings_file), "verify"]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        output, _ = process.communicate(timeout=VERIFY_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate()
    seconds = time.monotonic() - start
    told = dict(line.split("\t")[:2] for line in output.splitlines())
    if told["faults"] != "0":
        raise RuntimeError(f"what was filled is not as it should be:\n{output}")
    return {"photos": int(told["photos"]), "seconds": round(seconds, 1),
            "ms": round(seconds * 1000 / int(told["photos"]), 4)}


def memory(pid):
    """RSS and PSS of a process in MB."""
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return {key.lower(): round(values[key] / 1024, 1)
            for key in ("Rss", "Pss")}


def start_seconds(bench):
    """From the start of the program until its sockets can be found: then every
    codec has been loaded and tried, and the sandbox is up."""
    service = bench.service
    service.master.stop()
    start = time.perf_counter()
    service.start_master()
    socket = service.run / "photo.sock"
    wait_until("a socket", lambda: socket.exists()
               or service.master.process.poll() is not None)
    took = time.perf_counter() - start
    service.wait_ready()
    bench.find_processes()
    return took


def measure_start(bench):
    took = [start_seconds(bench) for _ in range(STARTS)]
    return {"seconds": spread(took), "idle": memory(bench.worker)}


# ---- what is said ------------------------------------------------------------

def quartiles(cell):
    return f"{cell['low']:.2f} to {cell['high']:.2f}"


def steps_table(result):
    table = report.Table(
        "store", f"A tiny picture while so many are stored, "
        f"{result['rounds']} rounds by turns, stores on {result['on']} "
        f"({' '.join(result['file_system'])})",
        ["photos, step", "wall ms", "quartiles", "of the first",
         "worker CPU ms", "quartiles ", "of the first ", "nginx CPU ms"],
        digits={"of the first": 2, "of the first ": 2, "worker CPU ms": 2,
                "wall ms": 2, "nginx CPU ms": 2})
    first = result["rows"][0]["steps"]
    for row in result["rows"]:
        for step in STEPS:
            cells = [f"{row['count']:,} {step}"]
            for key in "wall", "cpu":
                cell = row["steps"][step][key]
                cells += [cell["median"], quartiles(cell),
                          cell["median"] / first[step][key]["median"]]
            table.add(*cells, row["steps"][step]["nginx"]["median"])
    table.data = result
    return table


def whole_table(result):
    table = report.Table(
        "store-whole", "The same stores as a whole, one worker each",
        ["photos", "s to fill", "a directory", "at most", "verify ms a photo",
         "of so many", "real photo ms", "of these pixels", "publish",
         "start s"], digits={"start s": 3, "verify ms a photo": 2})
    for row in result["rows"]:
        real, check = row["real"], row["verify"]
        most, mean = row["per_directory"]
        table.add(f"{row['count']:,}", round(row["fill_seconds"]),
                  round(mean), most, check["ms"], check["photos"],
                  real["wall"]["median"], real["pixels"]["median"],
                  real["publish"]["median"],
                  row["start"]["seconds"]["median"])
    table.notes.append(f"verify had {VERIFY_SECONDS} s")
    return table


def starts_table(result):
    table = report.Table(
        "start", f"From the start of the program until a photo would be taken: "
        f"every codec loaded and tried, the sandbox up ({STARTS} starts)",
        ["presets", "s", "quartiles", "MB of an idle worker",
         "MB as its share"], digits={"s": 3})
    for name, start in result["starts"].items():
        cell, idle = start["seconds"], start["idle"]
        table.add(name, cell["median"],
                  f"{cell['low']:.3f} to {cell['high']:.3f}",
                  idle["rss"], idle["pss"])
    return table


def read_photo(directory):
    if directory is None:
        return picture("photo-12mp.jpg")
    return max(pathlib.Path(directory).glob("*.jp*g"),
               key=lambda path: path.stat().st_size).read_bytes()


def run(arguments, counts):
    tiny = tiny_picture()
    with Places(arguments.dir, counts, arguments.on) as places:
        benches, rows = {}, {}
        try:
            for count in counts:
                bench = Bench(places.make(count)).__enter__()
                benches[count] = bench
                seconds = fill(bench, tiny, count)
                rows[count] = {"count": count, "fill_seconds": seconds}
                say(f"{count} photos in {seconds:.0f} s")
            where = mount_of(bench.service.data)
            steps = measure_steps(benches, tiny, arguments.rounds)
            real = measure_real(benches, read_photo(arguments.photos))
            for count, bench in benches.items():
                rows[count].update(
                    steps=steps[count], real=real[count],
                    per_directory=per_directory(bench.service.data),
                    verify=verify(bench), start=measure_start(bench))
            bench = benches[counts[0]]
            starts = {"default presets": measure_start(bench)}
            bench.service.write_settings(presets=AVIF)
            starts["AVIF among the presets"] = measure_start(bench)
        finally:
            for bench in benches.values():
                bench.__exit__()
    return {"on": places.kind, "file_system": where[1:], "rounds":
            arguments.rounds, "rows": list(rows.values()), "starts": starts}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--counts", default="1000,100000,1000000")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--dir", default=None)
    parser.add_argument("--on", choices=("tmpfs", "image", "directory"))
    parser.add_argument("--photos")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.counts, arguments.rounds = "1000,10000", 50
    counts = [int(count) for count in arguments.counts.split(",")]
    end_on_signals()
    result = run(arguments, counts)
    for table in steps_table(result), whole_table(result), starts_table(result):
        say("\n" + table.text())
        if arguments.out:
            table.write(arguments.out, "./dev bench store")
    return 0


if __name__ == "__main__":
    sys.exit(main())
