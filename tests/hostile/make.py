#!/usr/bin/python3
"""Writes the hostile files, requests and streams of this directory's modules
into a directory, to be looked at or sent by hand (./dev corpus DIR/files).

usage: make.py DIR
"""

import argparse
import pathlib

import bodies
import pictures
import streams

KINDS = {"files": pictures, "requests": bodies, "streams": streams}


def main():
    parser = argparse.ArgumentParser(description="Write the hostile set.")
    parser.add_argument("directory", type=pathlib.Path, metavar="DIR")
    top = parser.parse_args().directory
    for kind, module in KINDS.items():
        n = 0
        for group, cases in module.GROUPS.items():
            directory = top / kind / group
            directory.mkdir(parents=True, exist_ok=True)
            for case in cases():
                (directory / case.name).write_bytes(case.data)
                n += 1
        print(f"{n} {kind}")


if __name__ == "__main__":
    main()
