"""What GET /metrics says, as numbers, and the real promtool and Prometheus."""

import json
import pathlib
import re
import subprocess
import urllib.parse
import urllib.request

from nginx import free_port
from service import PATIENCE, wait_until

LINE = re.compile(r"fcgi_thumb_(\w+)(?:\{(.*)\})? ([0-9.]+)")
LABEL = re.compile(r'(\w+)="([^"\\]*)"')

MONITORING = pathlib.Path(__file__).resolve().parents[2] \
    / "packaging" / "monitoring"


def parse(text):
    """{("name", ("label", "value"), ...): number}, the labels in order; and of
    each family its type."""
    numbers, types = {}, {}
    for line in text.splitlines():
        if line.startswith("#"):
            _, what, name, rest = line.split(" ", 3)
            if what == "TYPE":
                types[name.removeprefix("fcgi_thumb_")] = rest
            continue
        name, labels, value = LINE.fullmatch(line).groups()
        key = (name, *sorted(LABEL.findall(labels or "")))
        assert key not in numbers, line
        numbers[key] = float(value)
    return numbers, types


class Numbers:
    """One look at a service."""

    def __init__(self, service):
        answer = service.get("/metrics")
        assert answer.status == 200, (answer.status, answer.body)
        self.text = answer.body.decode()
        self.all, self.types = parse(self.text)

    def __call__(self, name, **labels):
        """One number; 0 is said too, and what is not there is an error."""
        return self.all[name, *sorted(labels.items())]

    def sum(self, name, **labels):
        """All of that name that have these labels."""
        return sum(value for key, value in self.all.items() if key[0] == name
                   and set(labels.items()) <= set(key[1:]))

    def counters(self):
        """What never goes down: counters, and all of a histogram."""
        def grows(name):
            family = re.sub("_(bucket|sum|count)$", "", name)
            return "counter" in (self.types.get(name), ) \
                or self.types.get(family) == "histogram"
        return {key: value for key, value in self.all.items()
                if grows(key[0])}

    def changes(self, before):
        """Of counters but the times: what has grown and by how much."""
        return {key: value - before.all[key]
                for key, value in self.counters().items()
                if value != before.all[key]
                and not key[0].endswith(("_bucket", "_sum", "_count"))}


def promtool(*arguments, text=None):
    """(exit status, all that it says)."""
    done = subprocess.run(["promtool", *arguments], input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


class Prometheus:
    """A real one on a port of its own, in a directory of its own."""

    def __init__(self, directory, configuration):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.errors = directory / "prometheus.log"
        file = directory / "prometheus.yml"
        file.write_text(configuration)
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={file}",
                 f"--storage.tsdb.path={directory / 'prometheus'}",
                 "--storage.tsdb.retention.size=64MB",
                 f"--web.listen-address={self.url.removeprefix('http://')}"],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    def ask(self, path, **query):
        """The data of an answer; None where it has none yet."""
        try:
            with urllib.request.urlopen(
                    f"{self.url}/api/v1/{path}?"
                    + urllib.parse.urlencode(query), timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            if self.process.poll() is not None:
                raise RuntimeError(self.errors.read_text()) from None
            return None

    def value(self, expression):
        """That of an expression with one result; None where it has none."""
        data = self.ask("query", query=expression)
        if not data or len(data["result"]) != 1:
            return None
        return float(data["result"][0]["value"][1])

    def wait_for(self, expression, value):
        wait_until(f"{expression} is {value}",
                   lambda: self.value(expression) == value)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
