#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""calls.py TITLE N LOG_N LOG_2N: system calls per block, from two logs of strace -f -Y, one of N blocks and one of 2 N.

What begins and ends a recording is in both and falls out. The command's thread is tcmu-runner's cmdproc-uioN, or the first
thread of bench_drive; all others are workers.
"""
import collections
import re
import sys

LINE = re.compile(r"^(\d+)(?:<(.*?)>)? +(?:([a-z_0-9]+)\(|<\.\.\. )")
# What the runner's thread does to take a command out of the ring and to answer it: not ours, and the same for every unit.
RING = ("ppoll", "poll", "read", "write")


def count(path):
    """{("command" or "workers", call): number} of one log."""
    calls, first, names = collections.Counter(), None, {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = LINE.match(line)
            if not match or not match.group(3):
                continue  # the second half of a call that was interrupted by another thread's, or a signal
            thread, name, call = match.groups()
            first = first or thread
            names[thread] = name or names.get(thread, "")
            calls[thread, call] += 1
    runner = any(n.startswith("cmdproc") for n in names.values())
    out = collections.Counter()
    for (thread, call), number in calls.items():
        command = names[thread].startswith("cmdproc") if runner else thread == first
        out["command" if command else "workers", call] += number
    return out


def main():
    title, blocks = sys.argv[1], int(sys.argv[2])
    once, twice = count(sys.argv[3]), count(sys.argv[4])
    per = {key: (twice[key] - once[key]) / blocks for key in twice}
    print(f"\nSystem calls per 256 KiB block, {title} (of {blocks} blocks):\n\n| thread | all | each |\n|---|---|---|")
    for thread in ("command", "workers"):
        mine = sorted(((v, call) for (t, call), v in per.items() if t == thread and abs(v) >= 0.005), reverse=True)
        print(f"| {thread} | {sum(v for v, _ in mine):.2f} | " + ", ".join(f"{call} {v:.2f}" for v, call in mine) + " |")


main()
