"""The third table: thumbnails served a second."""

import json
import pathlib
import subprocess

import nginx
from http_accounts import cpu_seconds
from http_services import SERVED, Front
from report import TOP, Table, median, spread

# A browser's.
ACCEPT = ("Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,"
          "*/*;q=0.8")
PHOTOS = 50  # whose thumbnails are asked for by turns, at most


class Way:
    """One way to ask for the same thumbnails.

    server   whom: has address and roots()
    paths    of each thumbnail
    files    what they should give, in the same order
    header   one to send, or None
    """

    def __init__(self, name, server, paths, files, header=None):
        self.name, self.server, self.header = name, server, header
        self.paths, self.files = list(paths), list(files)

    def check(self):
        """Each answer is the very file, or a SystemExit."""
        headers = dict([self.header.split(": ", 1)] if self.header else [])
        for path, file in zip(self.paths, self.files):
            answer = nginx.request(self.server.address, "GET", path, None,
                                   headers)
            if answer.status != 200 or answer.body != file.read_bytes():
                raise SystemExit(f"{self.name}: {path} is not {file}")

    def run(self, connections, seconds, directory):
        """What http_turns.lua says of it, with CPU seconds."""
        addresses = directory / "addresses"
        addresses.write_text("".join(f"{path}\n" for path in self.paths))
        host, port = self.server.address
        before = cpu_seconds(self.server.roots())
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s",
             TOP / "tests" / "bench" / "http_turns.lua",
             f"http://{host}:{port}",
             "--", addresses, *([self.header] if self.header else [])],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=True)
        result = json.loads(done.stdout.splitlines()[-1])
        least = min(file.stat().st_size for file in self.files)
        if (result["errors"] or not result["requests"]
                or result["bytes"] < result["requests"] * least):
            raise SystemExit(f"{self.name}: {result}")
        result["cpu"] = cpu_seconds(self.server.roots()) - before
        return result


def urls(documents):
    """Of the served thumbnail of each, as a service gave it out."""
    return [variant["url"] for document in documents
            for variant in document["photos"][0]["variants"]
            if variant["preset"] == SERVED]


def ways(ours, node, plain, documents):
    """Each Way, the plain one first."""
    exact, theirs = (urls(some)[:PHOTOS] for some in documents)
    names = [url.partition("?")[0] for url in exact]
    public = [path.replace("/t/", f"/{path[3:5]}/") for path in names]
    files = [ours.data / "public" / path[1:] for path in public]
    their_files = [node.data / "photos" / path[3:5] / path[3:]
                   for path in theirs]
    return [
        Way("nginx, no rules of ours", plain, public, files),
        Way("fcgi-thumb, ?v= (for ever)", ours, exact, files),
        Way("fcgi-thumb, .jpg", ours, names, files),
        Way("fcgi-thumb, by Accept", ours,
            [name.removesuffix(".jpg") for name in names], files, ACCEPT),
        Way("Node", node, theirs, their_files)]


def measure(ours, node, documents, directory, connections, rounds, seconds):
    """The table; documents are the answers to uploads of both services. A
    SystemExit where an answer is wrong."""
    directory = pathlib.Path(directory)
    plain = Front(directory / "plain", f'root "{ours.data}/public";')
    try:
        plain.start()
        contest = ways(ours, node, plain, documents)
        found = {(count, way): [] for count in connections for way in contest}
        for way in contest:
            way.check()
        for turn in range(rounds):
            for count in connections:
                for way in contest if turn % 2 else contest[::-1]:
                    found[count, way].append(way.run(count, seconds, directory))
        return table(found)
    finally:
        plain.stop()


def table(found):
    """found: {(connections, Way): [what Way.run gave]}, the plain way first
    of each."""
    made = Table("serve", "Thumbnails served", [
        "way", "connections", "requests/s", "p50 ms", "p99 ms",
        "CPU us a request", "rate, of nginx's", "+- %", "CPU, of nginx's"])
    for (count, way), results in found.items():
        plain = next(results for (connections, _), results in found.items()
                     if connections == count)
        ratios = [rate(one) / rate(other)
                  for one, other in zip(results, plain)]
        made.add(way.name, count, median([rate(one) for one in results]),
                 *(median([one[key] for one in results])
                   for key in ("p50", "p99")),
                 1e6 * median([cost(one) for one in results]),
                 median(ratios), 100 * spread(ratios),
                 median([cost(one) / cost(other)
                         for one, other in zip(results, plain)]))
    return made


def rate(result):
    return result["requests"] / result["seconds"]


def cost(result):
    return result["cpu"] / result["requests"]
