#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""table.py MIB MARKS FIGURES: what tests/bench/vm-speed.sh measured, as markdown.

A line of FIGURES is "write|read|sync|immediate UNIT KIB SECONDS". Each figure printed is of the median of its runs.
"""
import collections
import statistics
import sys

# (what, ours, other, KiB, at least): the targets of the project's issue 3.
TARGETS = [(what, "none", other, kib, least)
           for other, what, least, sizes in (("null", "write", 0.60, (256, 1024)), ("null", "read", 0.75, (256, 1024)),
                                             ("tgt", "write", 2.0, (256,)), ("tgt", "read", 3.0, (256,)))
           for kib in sizes]
NAMES = {"null": "null unit", "copy": "null unit, one copy", "none": "ours, none", "lz4": "ours, lz4", "zstd": "ours, zstd",
         "tgt": "tgt, iSCSI", "none.disk": "ours, none, on disk", "tgt.disk": "tgt, iSCSI, on disk"}


def load(path):
    """{(what, unit, KiB): [seconds]}, and the units in the order of the file."""
    runs = collections.defaultdict(list)
    with open(path, encoding="ascii") as file:
        for line in file:
            if line.startswith("#"):
                continue
            what, unit, kib, seconds = line.split()
            runs[what, unit, int(kib)].append(float(seconds))
    return runs, list(dict.fromkeys(unit for _, unit, _ in runs))


def peer(unit):
    """What @unit is compared with: tgt's tape on the same kind of file system."""
    return "tgt.disk" if unit.endswith(".disk") else "tgt"


def ratio(time, what, unit, other, kib):
    """How many times faster than @other @unit is, or None."""
    mine, theirs = time.get((what, unit, kib)), time.get((what, other, kib))
    return theirs / mine if mine and theirs else None


def cell(value, form):
    return "-" if value is None else form.format(value)


def speed_table(runs, units, mib):
    time = {key: statistics.median(values) for key, values in runs.items()}
    sizes = sorted({kib for what, _, kib in runs if what == "write"})
    print("| block | unit | write MB/s | of null | times tgt | read MB/s | of null | times tgt | spread |")
    print("|---|---|---|---|---|---|---|---|---|")
    for kib in sizes:
        for unit in units:
            fields = []
            for what in ("write", "read"):
                fields.append(cell(mib / time[what, unit, kib] if (what, unit, kib) in time else None, "{:.0f}"))
                fields.append("-" if unit == "null" else cell(ratio(time, what, unit, "null", kib), "{:.0%}"))
                fields.append("-" if unit.startswith(("tgt", "null", "copy")) else cell(ratio(time, what, unit, peer(unit), kib), "{:.1f}"))
            spread = max(max(runs[w, unit, kib]) / min(runs[w, unit, kib]) for w in ("write", "read") if runs.get((w, unit, kib)))
            print(f"| {kib} KiB | {NAMES.get(unit, unit)} | " + " | ".join(fields) + f" | {spread:.2f} |")
    print()
    return time


def breakdown_table(time, sizes, mib):
    """Where the time of a block goes: the kernel's path, one copy of the data, and what is left is the drive and its storage."""
    rows = []
    for kib in sizes:
        for what in ("write", "read"):
            null, copy, ours = (time.get((what, unit, kib)) for unit in ("null", "copy", "none"))
            if null and copy and ours:
                per = 1e6 * kib / 1024 / mib
                rows.append(f"| {kib} KiB, {what} | {ours * per:.0f} | {null * per:.0f} | {(copy - null) * per:.0f} | {(ours - copy) * per:.0f} |")
    if rows:
        print("Where the time of a block goes, in microseconds:\n")
        print("| | ours, none | kernel and tcmu-runner (null unit) | one copy (null unit that copies, minus null unit) | the rest: drive, cartridge, storage |")
        print("|---|---|---|---|---|")
        print("\n".join(rows) + "\n")


def marks_table(time, units, marks):
    if not any(what == "sync" for what, _, _ in time):
        return
    print(f"{marks} times one block of 80 bytes and one filemark:\n")
    print("| unit | sync: commands/s | times tgt | IMMED: commands/s | times tgt |\n|---|---|---|---|---|")
    for unit in units:
        fields = []
        for what in ("sync", "immediate"):
            seconds = time.get((what, unit, 0))
            fields.append(cell(2 * marks / seconds if seconds else None, "{:.0f}"))
            fields.append("-" if unit.startswith(("tgt", "null")) else cell(ratio(time, what, unit, peer(unit), 0), "{:.1f}"))
        if fields[0] != "-":
            print(f"| {NAMES.get(unit, unit)} | " + " | ".join(fields) + " |")
    print()


def targets_table(time):
    rows = [(t, ratio(time, t[0], t[1], t[2], t[3])) for t in TARGETS]
    if all(value is None for _, value in rows):
        return
    print("| target | wanted | is | met |\n|---|---|---|---|")
    for (what, ours, other, kib, least), value in rows:
        form = "{:.0%}" if other == "null" else "{:.1f} times"
        met = "not measured" if value is None else "yes" if value >= least else "NO"
        print(f"| {what}, {kib} KiB, {NAMES[ours]} against {NAMES[other]} | {form.format(least)} | {cell(value, form)} | {met} |")


def main():
    mib, marks = int(sys.argv[1]), int(sys.argv[2])
    runs, units = load(sys.argv[3])
    time = speed_table(runs, units, mib)
    breakdown_table(time, sorted({kib for what, _, kib in runs if what == "write"}), mib)
    marks_table(time, units, marks)
    targets_table(time)


main()
