"""What the parts of ./dev bench share: statistics, tables, files, and which
machine it was.

A table has a title, columns and rows of numbers and texts. It is printed for
people and kept as JSON for everything else, README's tables among it.
"""

import datetime
import json
import os
import pathlib
import platform
import statistics

TOP = pathlib.Path(__file__).resolve().parents[2]
PHOTOS = TOP / "tests" / "bench" / "photos"


def median(values):
    return statistics.median(values)


def spread(values):
    """Half the distance between the quartiles, as a share of the median."""
    if len(values) < 2:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    middle = median(values)
    return (high - low) / 2 / middle if middle else 0.0


def percentile(values, percent):
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def machine():
    """In words that do not tell whose machine it is."""
    model = platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    system = "Linux"
    release = pathlib.Path("/etc/os-release")
    if release.exists():
        for line in release.read_text().splitlines():
            if line.startswith("PRETTY_NAME="):
                system = line.partition("=")[2].strip('"')
    return {"processor": model,
            "processors": len(os.sched_getaffinity(0)),
            "system": system,
            "date": datetime.date.today().isoformat()}


def number(value, digits=None):
    """With three digits that count, or so many behind the point."""
    if not isinstance(value, float):
        return str(value)
    if digits is not None:
        return f"{value:.{digits}f}"
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


class Table:
    """rows are lists as long as columns."""

    def __init__(self, name, title, columns, notes=(), digits=None):
        self.name = name        # [a-z-]+, of the file
        self.title = title
        self.columns = columns
        self.rows = []
        self.notes = list(notes)
        # Behind the point, by column, where three that count are not right.
        self.digits = dict(digits or {})
        self.data = None        # for programs only: what rows were made of

    def add(self, *row):
        assert len(row) == len(self.columns), row
        self.rows.append(list(row))

    def cells(self):
        return [[number(cell, self.digits.get(column))
                 for cell, column in zip(row, self.columns)]
                for row in self.rows]

    def text(self):
        """In columns; the first is a text, the others are to the right."""
        cells = [self.columns] + self.cells()
        widths = [max(len(row[i]) for row in cells)
                  for i in range(len(self.columns))]
        lines = [self.title, ""]
        for row in cells:
            lines.append("  ".join(
                [row[0].ljust(widths[0])]
                + [cell.rjust(width)
                   for cell, width in zip(row[1:], widths[1:])]).rstrip())
        return "\n".join(lines + [""] + self.notes) + "\n"

    def markdown(self):
        lines = ["| " + " | ".join(self.columns) + " |",
                 "|---" + "|---:" * (len(self.columns) - 1) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in self.cells()]
        return "\n".join(lines) + "\n"

    def write(self, directory, command):
        """directory/NAME.json, with what is needed to repeat it."""
        document = {"name": self.name, "title": self.title,
                    "command": command, "machine": machine(),
                    "columns": self.columns, "rows": self.rows,
                    "digits": self.digits, "notes": self.notes}
        if self.data is not None:
            document["data"] = self.data
        path = pathlib.Path(directory) / f"{self.name}.json"
        path.write_text(json.dumps(document, indent=1) + "\n")


def read_table(path):
    """(Table, the whole document) of what Table.write has written."""
    document = json.loads(pathlib.Path(path).read_text())
    table = Table(document["name"], document["title"], document["columns"],
                  document["notes"], document.get("digits"))
    table.rows = document["rows"]
    table.data = document.get("data")
    return table, document
