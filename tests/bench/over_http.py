#!/usr/bin/python3
"""./dev bench http: fcgi-thumb beside a Node server, over HTTP.

usage: over_http.py --out DIR [--photos DIR] [--quick] [--front]

Uploads a second of nginx with fcgi-thumb, with both engines and with MagickWand
alone, and of http_server.mjs. All make the same thumbnails and keep the same
promise: what is answered is synced. They run at the same time and are asked by
turns, so that whatever else the machine does meets all. Then thumbnails served.

Each answer is checked, and of a sample every file that it names. Exit status 1
where one is wrong: then no figure counts. A refusal for want of time is none.

--quick  few and short steps, to try it
--front  nginx stands before Node, too

Its name is not http.py, or Python would take it for its own module.
FT_BUILD: the build directory.
"""

import argparse
import contextlib
import itertools
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "e2e"))

import http_accounts as accounts  # noqa: E402: found by the path above
import http_proof as proof  # noqa: E402
import http_serving as serving  # noqa: E402
import promises  # noqa: E402
from http_services import Node, Ours  # noqa: E402
from http_load import Photo, Step  # noqa: E402
from report import PHOTOS, Table, median, percentile, spread  # noqa: E402
from service import Interrupted, end_on_signals  # noqa: E402

COMMAND = "./dev bench http"
CLIENTS = (1, 2, 8, 32)

ROUNDS, SECONDS = 4, {1: 3, 2: 3, 8: 3, 32: 8}
SERVE_CONNECTIONS, SERVE_ROUNDS, SERVE_SECONDS = (1, 8, 64), 3, 1


class Row:
    """What a service did with so many clients, over all rounds."""

    def __init__(self):
        self.rates, self.cpu, self.peaks = [], [], []
        self.latencies, self.taken, self.errors = [], [], []
        self.refused = 0
        self.own = 0.0  # CPU seconds of the clients

    def add(self, step, cpu, peak):
        taken = step.taken()
        self.taken += taken
        self.refused += step.refused()
        self.errors += step.errors()
        self.own += step.cpu
        self.latencies += step.latencies()
        self.rates.append(len(taken) / step.seconds)
        self.cpu.append(1e3 * cpu / max(1, len(taken)))
        self.peaks.append(peak / 1e6)


def photos_of(directory):
    found = [path for path in sorted(pathlib.Path(directory).iterdir())
             if path.suffix.lower() in (".jpg", ".jpeg")]
    if not found:
        raise SystemExit(f"no .jpg in {directory}")
    return [Photo(path) for path in found]


# ---- uploads -----------------------------------------------------------------

def run_step(service, row, photos, marks, clients, seconds):
    roots = service.roots()
    accounts.forget_peaks(roots)
    before = accounts.cpu_seconds(roots)
    step = Step(service.address, photos, marks, clients, seconds)
    row.add(step, accounts.cpu_seconds(roots) - before,
            accounts.peak_bytes(roots))


def upload_rounds(services, photos, rounds, seconds):
    """{(service, clients): Row}. A step each to get warm, then by turns, and
    in turned order."""
    marks = itertools.count(time.time_ns())
    for service in services:
        run_step(service, Row(), photos, marks, 2, 1)
    rows = {(service, clients): Row()
            for clients in seconds for service in services}
    for turn in range(rounds):
        for clients, length in seconds.items():
            for service in services if turn % 2 else services[::-1]:
                run_step(service, rows[service, clients], photos, marks,
                         clients, length)
    return rows


def weigh(services):
    """The disk that each service's photos take, as service.disk."""
    for service in services:
        stored = sum(1 for _ in (service.data / "photos").glob("*/*"))
        kept = sum(accounts.disk_bytes(path) for side in ("photos", "public")
                   if (service.data / side).exists()
                   for path in (service.data / side).glob("*/*"))
        service.disk = kept / stored / 1e3


def ratios(row, rival):
    """Of the rates, round by round."""
    return [a / b for a, b in zip(row.rates, rival.rates)]


def upload_table(services, rows, clients):
    table = Table("uploads", "Uploads over HTTP", [
        "service", "clients", "uploads/s", "p50 ms", "p95 ms", "p99 ms",
        "refused", "CPU ms a photo", "peak RSS MB", "disk kB a photo",
        "rate, of Node's", "+- %", "CPU, of Node's"])
    for count in clients:
        for service in services:
            row, rival = rows[service, count], rows[services[-1], count]
            rates = ratios(row, rival)
            table.add(service.name, count, median(row.rates),
                      *(1e3 * percentile(row.latencies, percent)
                        for percent in (50, 95, 99)),
                      row.refused, median(row.cpu), median(row.peaks),
                      service.disk, median(rates), 100 * spread(rates),
                      median([a / b for a, b in zip(row.cpu, rival.cpu)]))
    return table


def lane_table(rivals, rows):
    """What the plane lane promises of uploads. rivals: ours and Node's."""
    table = Table("lane-uploads", "What the plane lane promises of uploads", [
        "promise", "clients", "bound", "measured", "+- %", "verdict"])
    for count in promises.UPLOAD_CLIENTS:
        found = ratios(*(rows[rival, count] for rival in rivals))
        table.add("uploads a second, of Node's", count,
                  f"at least {promises.UPLOADS_LEAST}", median(found),
                  100 * spread(found),
                  promises.verdict(median(found) >= promises.UPLOADS_LEAST))
    return table


# ---- the whole ---------------------------------------------------------------

def notes(front, photos, renders, clients_cpu):
    return [
        "All answer when the original and four JPEGs are synced and in place: "
        "1280, 640, 320 and 160 px, quality 80, upright, in sRGB, each made of "
        "the next larger one.",
        f"Photos by turns, each upload other bytes: "
        f"{', '.join(photo.name for photo in photos)}.",
        "fcgi-thumb: nginx before it, default settings; magick: with "
        "engine = \"magick\". The plane lane made "
        f"{renders['planes']} of {sum(renders.values())} photos. Node: http_server.mjs, "
        "busboy and sharp, one process that works on as many photos at a time "
        "as there are processors, "
        + ("behind nginx." if front else "without nginx, which it is quicker "
           "without."),
        "CPU and memory are those of all processes of a service, nginx's among "
        "them; the memory is the sum of each one's peak.",
        "Of Node's: the median of the rounds' ratios; +- is half the distance "
        "between the quartiles. On a machine that has other work the rate says "
        "as much of that; CPU does not. The clients used "
        f"{clients_cpu:.1f} ms CPU an upload themselves."]


def serve_notes():
    return [
        f"Thumbnails of {serving.SERVED[1:]} px by turns over kept connections, "
        "wrk with one thread, which takes a processor of its own: the quickest "
        "wait for it, so look at CPU as well. nginx, no rules of ours: the "
        "same files as plain ones of another nginx, with Debian's settings. "
        "Node: without nginx.",
        "+- is half the distance between the quartiles of the rounds' ratios."]


def bench(options, photos, directory):
    """The tables. Raises SystemExit where something is wrong."""
    rounds, seconds = ROUNDS, SECONDS
    serve = SERVE_CONNECTIONS, SERVE_ROUNDS, SERVE_SECONDS
    if options.quick:
        rounds, seconds = 2, dict.fromkeys(promises.UPLOAD_CLIENTS, 0.5)
        serve = (8,), 2, 1
    with contextlib.ExitStack() as stack:
        services = []
        for service in Ours(), Ours("magick"), Node(options.front):
            stack.callback(service.stop)
            services.append(service.start())
        rows = upload_rounds(services, photos, rounds, seconds)
        complain(proof.faults(rows))
        weigh(services)
        uploads = upload_table(services, rows, seconds)
        taken = sum(len(row.taken) for row in rows.values())
        uploads.notes = notes(options.front, photos, services[0].renders(),
                              1e3 * sum(row.own for row in rows.values())
                              / taken)
        rivals = services[0], services[-1]
        documents = [[upload.document for clients in seconds
                      for upload in rows[service, clients].taken]
                     for service in rivals]
        served = serving.measure(*rivals, documents, directory, *serve)
        served.notes = serve_notes()
    return uploads, lane_table(rivals, rows), served


def complain(faults):
    """The end, where there are any."""
    if faults := list(faults):
        raise SystemExit("\n".join(faults[:20]) +
                         f"\n{len(faults)} faults: no figure counts")


def main():
    parser = argparse.ArgumentParser(description="fcgi-thumb beside Node.")
    parser.add_argument("--out", required=True, metavar="DIR",
                        help="where the tables go, as JSON")
    parser.add_argument("--photos", default=PHOTOS, metavar="DIR",
                        help="JPEG files to upload")
    parser.add_argument("--quick", action="store_true",
                        help="few and short steps, to try it")
    parser.add_argument("--front", action="store_true",
                        help="nginx stands before Node, too")
    options = parser.parse_args()
    photos = photos_of(options.photos)
    end_on_signals()
    try:
        with tempfile.TemporaryDirectory(prefix="ft-") as directory:
            for table in bench(options, photos, directory):
                table.write(options.out, COMMAND)
                print(table.text(), flush=True)
    except Interrupted:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
