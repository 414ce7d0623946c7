#!/usr/bin/python3
"""usage: readme.py DIR [README]

Puts the tables that ./dev bench has left in DIR as JSON into README.md, each
between its marks:

    <!-- bench:NAME -->
    <!-- /bench:NAME -->

with the machine, the date and the command that makes it again. A note that
stands under an earlier table is not said again. A table that was not made
leaves what is there, and is named.
"""

import pathlib
import re
import sys

import report

BLOCK = re.compile(
    r"(?m)^<!-- bench:([a-z0-9-]+) -->\n(.*?)^<!-- /bench:\1 -->\n", re.S)
MARK = re.compile(r"(?m)^.*<!-- */?bench:.*$")


class Unclear(Exception):
    """Marks that are not as they should be."""


def block(path, said):
    """What stands between the marks of a table: Markdown. said is the set of
    all notes before it."""
    table, document = report.read_table(path)
    machine = document["machine"]
    lines = [f"**{table.title}** (`{document['command']}`, "
             f"{machine['date']}, {machine['processors']} processors "
             f"{machine['processor']}, {machine['system']})", "",
             table.markdown()]
    notes = [note for note in table.notes if note not in said]
    said.update(notes)
    if notes:
        lines += [f"- {note}" for note in notes] + [""]
    return "\n".join(lines)


def check_marks(text):
    """No mark but those of whole blocks: a block that was taken for text would
    never be made anew."""
    rest = BLOCK.sub("", text)
    stray = MARK.search(rest)
    if stray is not None:
        raise Unclear(f"no block begins and ends here: {stray.group()}")


def fill(text, directory):
    """(the new text, names of the tables that were not made)"""
    missing, said = [], set()

    def replace(match):
        name = match.group(1)
        path = pathlib.Path(directory) / f"{name}.json"
        if not path.exists():
            missing.append(name)
            return match.group()
        return (f"<!-- bench:{name} -->\n{block(path, said)}"
                f"<!-- /bench:{name} -->\n")

    check_marks(text)
    return BLOCK.sub(replace, text), missing


def main(directory, readme=report.TOP / "README.md"):
    readme = pathlib.Path(readme)
    try:
        text, missing = fill(readme.read_text(), directory)
    except Unclear as error:
        sys.exit(f"{readme}: {error}")
    readme.write_text(text)
    for name in missing:
        print(f"readme: no {name}.json in {directory}: left as it was",
              file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.splitlines()[0])
    main(*sys.argv[1:])
