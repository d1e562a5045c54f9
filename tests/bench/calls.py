#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""calls.py TITLE N LOG_N LOG_2N: system calls per block, from two logs, one of N blocks and one of 2 N.

What begins and ends a recording is in both logs and falls out. A log is of strace -f, or of the kernel's histogram of
raw_syscalls as tests/bench/vm-speed.sh makes it. The command's thread is the first one of bench_drive; of tcmu-runner it is
that cmdproc-uioN which had most to do, where the calls that take the command and answer it (ppoll, read, write) are the
runner's. All other threads of the program are workers.
"""
import collections
import re
import sys

STRACE = re.compile(r"^(\d+) +([a-z_0-9]+)\(")
HISTOGRAM = re.compile(r"common_pid: (.*?) *\[ *(\d+)\], id: (?:sys_)?(\w+) *\[ *\d+\] \} hitcount: *(\d+)")


def by_thread(path):
    """{thread: {call: number}}, and the thread that commands are handled in."""
    calls, names, mine, first, marks, marked = collections.defaultdict(collections.Counter), {}, set(), None, 0, False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            first = first or (line.split()[0] if line[0].isdigit() else None)
            if line.startswith("runner "):
                mine = {word.split("/")[-1] for word in line.split()[1:]}
            strace, histogram = STRACE.match(line), HISTOGRAM.search(line)
            if strace and strace.group(2) == "getppid":  # bench_drive's mark: only what is between the last two counts
                marks += 1
                if marks % 2:
                    calls.clear()
                marked = marks % 2
            elif strace and marked:
                calls[strace.group(1)][strace.group(2)] += 1
            elif histogram and histogram.group(2) in mine:
                names[histogram.group(2)] = histogram.group(1)
                calls[histogram.group(2)][histogram.group(3)] += int(histogram.group(4))
    rings = [t for t, name in names.items() if name.startswith("cmdproc")]
    return calls, max(rings, key=lambda t: sum(calls[t].values()), default=first)


def count(path):
    """{("command" or "workers", call): number} of one log."""
    calls, command = by_thread(path)
    out = collections.Counter()
    for thread, of_thread in calls.items():
        for call, number in of_thread.items():
            out["command" if thread == command else "workers", call] += number
    return out


def listed(per, thread):
    """"4.00: futex 3.00, pwritev 1.00" of what one thread's calls are per block."""
    mine = sorted(((v, call) for (t, call), v in per.items() if t == thread and abs(v) >= 0.05), reverse=True)
    return f"{sum(v for v, _ in mine):.2f}" + (": " + ", ".join(f"{call} {v:.2f}" for v, call in mine) if mine else "")


def main():
    title, blocks = sys.argv[1], int(sys.argv[2])
    once, twice = count(sys.argv[3]), count(sys.argv[4])
    per = {key: (twice[key] - once[key]) / blocks for key in twice}
    print(f"| {title} | {listed(per, 'command')} | {listed(per, 'workers')} |")


if __name__ == "__main__":
    main()
