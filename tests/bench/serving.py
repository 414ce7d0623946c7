"""The third table: thumbnails served a second."""

import json
import pathlib
import subprocess

import nginx
from accounts import cpu_seconds
from contestants import SERVED, Front
from report import TOP, Table, median, spread

# A browser's.
ACCEPT = ("Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,"
          "*/*;q=0.8")
PHOTOS = 50  # whose thumbnails are asked for by turns, at most


class Way:
    """One way to ask for the same thumbnails.

    server   whom: has address and roots()
    paths    of each thumbnail
    header   one to send, or None
    """

    def __init__(self, name, server, paths, header=None):
        self.name, self.server, self.header = name, server, header
        self.paths = list(paths)

    def check(self, files):
        """Each answer is the very file, or a SystemExit."""
        headers = dict([self.header.split(": ", 1)] if self.header else [])
        for path, file in zip(self.paths, files):
            answer = nginx.request(self.server.address, "GET", path, None,
                                   headers)
            if answer.status != 200 or answer.body != file.read_bytes():
                raise SystemExit(f"{self.name}: {path} is not {file}")

    def run(self, connections, seconds, directory):
        """What turns.lua says of it, with CPU seconds."""
        addresses = directory / "addresses"
        addresses.write_text("".join(f"{path}\n" for path in self.paths))
        host, port = self.server.address
        before = cpu_seconds(self.server.roots())
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s",
             TOP / "tests" / "bench" / "turns.lua", f"http://{host}:{port}",
             "--", addresses, *([self.header] if self.header else [])],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=True)
        result = json.loads(done.stdout.splitlines()[-1])
        result["cpu"] = cpu_seconds(self.server.roots()) - before
        return result


def urls(documents):
    """Of the served thumbnail of each, as a service gave it out."""
    return [variant["url"] for document in documents
            for variant in document["photos"][0]["variants"]
            if variant["preset"] == SERVED]


def ways(ours, node, plain, ours_documents, node_documents):
    """[(Way, the files that it should give)], the plain one first."""
    exact = urls(ours_documents)[:PHOTOS]
    names = [url.partition("?")[0] for url in exact]
    public = [path.replace("/t/", f"/{path[3:5]}/") for path in names]
    files = [ours.data / "public" / path[1:] for path in public]
    theirs = urls(node_documents)[:PHOTOS]
    their_files = [node.data / "photos" / path[3:5] / path[3:]
                   for path in theirs]
    return [
        (Way("nginx, no rules of ours", plain, public), files),
        (Way("fcgi-thumb, ?v= (for ever)", ours, exact), files),
        (Way("fcgi-thumb, .jpg", ours, names), files),
        (Way("fcgi-thumb, by Accept", ours,
             [name.removesuffix(".jpg") for name in names], ACCEPT), files),
        (Way("Node", node, theirs), their_files)]


def measure(ours, node, documents, directory, connections, rounds, seconds):
    """The table, and faults in words. documents: those of both services."""
    plain = Front(pathlib.Path(directory) / "plain",
                  f'root "{ours.data}/public";')
    plain.start()
    try:
        found, faults = {}, []
        contest = ways(ours, node, plain, *documents)
        for way, files in contest:
            way.check(files)
        for turn in range(rounds):
            for count in connections:
                for way, _ in contest if turn % 2 else contest[::-1]:
                    result = way.run(count, seconds, pathlib.Path(directory))
                    found.setdefault((count, way), []).append(result)
        faults = [f"{way.name}, {count} connections: {result}"
                  for (count, way), results in found.items()
                  for result in results
                  if result["errors"] or not result["requests"]]
        return table(found, contest[0][0], connections,
                     [way for way, _ in contest]), faults
    finally:
        plain.stop()


def table(found, plain, connections, contest):
    made = Table("serve", "Thumbnails served", [
        "way", "connections", "requests/s", "p50 ms", "p99 ms",
        "CPU us a request", "of nginx", "+- %"])
    for count in connections:
        for way in contest:
            results = found[count, way]

            def rates(of):
                return [one["requests"] / one["seconds"]
                        for one in found[count, of]]

            ratios = [a / b for a, b in zip(rates(way), rates(plain))]
            made.add(way.name, count, median(rates(way)),
                     *(median([one[key] for one in results])
                       for key in ("p50", "p99")),
                     median([one["cpu"] / one["requests"] * 1e6
                             for one in results]),
                     median(ratios), 100 * spread(ratios))
    return made
