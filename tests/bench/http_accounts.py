"""What processes and directories have used, as Linux counts it."""

import contextlib
import os
import pathlib

from service import children, stat_fields

TICK = 1 / os.sysconf("SC_CLK_TCK")


def family(pids):
    """Those and all that descend from them."""
    found = []
    for pid in pids:
        found += [pid, *family(children(pid))]
    return found


def cpu_seconds(pids):
    """What the families of pids have used so far, with those of their
    processes that are gone and were waited for."""
    total = 0
    for pid in family(pids):
        if (fields := stat_fields(pid)) is not None:
            total += sum(map(int, fields[11:15]))
    return total * TICK


def forget_peaks(pids):
    """From now on peak_bytes is that of what comes."""
    for pid in family(pids):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_bytes(pids):
    """The sum of the largest resident sizes of all processes of the families.
    Pages that some of them share count for each of them."""
    total = 0
    for pid in family(pids):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            total += sum(int(line.split()[1]) * 1024
                         for line in status.splitlines()
                         if line.startswith("VmHWM:"))
    return total


def disk_bytes(directory):
    """The blocks of all that lies in it; each of several names of a file
    counts once."""
    seen, total = set(), 0
    for place, _, files in os.walk(directory):
        for name in [place, *(os.path.join(place, file) for file in files)]:
            stat = os.lstat(name)
            if stat.st_ino not in seen:
                seen.add(stat.st_ino)
                total += stat.st_blocks * 512
    return total
