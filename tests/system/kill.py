#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill.py DEVICE PIDFILE ROUNDS [SEED]: kill -9 of tcmu-runner at random moments while archives are written.

The writer tells by file which archives it has closed: WRITE FILEMARKS came back good. After each kill and a
new start the whole tape is read, and holds
  1. every closed archive, each block exact, each filemark in its place;
  2. behind them a prefix of what the writer was about to write: whole blocks, in order, or a filemark;
  3. nothing else; or, where nothing of the new writing had reached the tape, exactly what was there before it.
Archives are tar files of generated contents whose blocks carry their archive's and their own number.
"""
import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import tarfile
import time

from tape import Claims, Tape

BLOCK = 64 * 1024
ARCHIVES = 8  # then the tape begins anew


def archive(key, blocks):
    """A tar archive of exactly @blocks blocks whose contents are known from @key, each block another."""
    contents = b"".join(hashlib.sha256(b"%s %d" % (key.encode(), n)).digest() * (BLOCK // 32) for n in range(blocks))
    out = io.BytesIO()
    info = tarfile.TarInfo(key)
    info.size = blocks * BLOCK - 512 - 1024
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(contents[:info.size]))
    return out.getvalue()[:blocks * BLOCK]


def writer(device, start, plan, progress):
    """Child: appends the archives of @plan behind the @start that are there, and says what it has closed."""
    tape = open_rewound(device)
    if start:
        tape.op("fsf", start)
    for key, blocks in plan:
        data = archive(key, blocks)
        os.write(progress, f"begin {key}\n".encode())
        for offset in range(0, len(data), BLOCK):
            if tape.write(data[offset:offset + BLOCK]) != BLOCK:
                os._exit(1)
        tape.op("weof")
        os.write(progress, f"closed {key}\n".encode())
    os._exit(0)


def start_runner():
    here = os.path.dirname(os.path.abspath(__file__))
    subprocess.run(["bash", "-c", f". {here}/runner.sh && start_runner"], check=True)


def open_rewound(device):
    """The first commands after a start meet unit attentions."""
    for attempt in range(40):
        try:
            tape = Tape(device)
            tape.op("rewind")
            return tape
        except OSError:
            if attempt == 39:
                raise
            time.sleep(0.25)
    return None


def read_tape(device):
    """All files of the tape: lists of blocks; those behind the last filemark; how the reading ended."""
    tape, files, current, at = open_rewound(device), [], [], 0
    while True:
        try:
            data = tape.read(1 << 20)
        except OSError as error:
            end = str(error)
            break
        if data:
            current.append(data)
        elif tape.tell() == at:
            end = "no more data"
            break
        else:
            files.append(current)
            current = []
        at = tape.tell()
    tape.close()
    return files, current, end


def blocks_of(data):
    return [data[i:i + BLOCK] for i in range(0, len(data), BLOCK)]


def one_round(number, device, pidfile, closed, before, generator, claims):
    """Writes, kills, starts, reads. Returns the archives that are closed on the tape now, and all that is on it."""
    plan = [(f"round{number}-{n}", generator.choice([1, 2, 8, 30, 60])) for n in range(60)]
    reader, progress = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            writer(device, len(closed), plan, progress)
        finally:
            os._exit(1)
    os.close(progress)
    time.sleep(generator.uniform(0.05, 2.0))
    with open(pidfile, encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGKILL)
    start_runner()
    os.waitpid(child, 0)
    with os.fdopen(reader) as lines:
        told = [line.split() for line in lines]
    for word, key in told:
        if word == "closed":
            closed.append((key, dict(plan)[key]))
    begun = [(key, dict(plan)[key]) for word, key in told if word == "begin"]
    files, tail, end = read_tape(device)
    what = f"kill {number}, {len(closed)} archives closed"
    good = [blocks_of(archive(*one)) for one in closed]
    if files[:len(good)] != good:
        print(f"# read files of {[len(f) for f in files]} blocks and {len(tail)} behind them, then {end};"
              f" closed were {[len(f) for f in good]}, equal {[a == b for a, b in zip(files, good)]}")
    claims.true(f"{what}: each closed archive reads back", files[:len(good)] == good)
    untouched = (files, tail) == before and not any(word == "closed" for word, _ in told)
    rest = files[len(good):] + ([tail] if tail else [])
    unfinished = blocks_of(archive(*begun[-1])) if begun and begun[-1] not in closed else []
    claims.true(f"{what}: behind them only what was being written ({sum(map(len, rest))} blocks)",
                untouched or len(rest) <= 1 and (not rest or rest[0] == unfinished[:len(rest[0])]))
    return closed, (files, tail)


def main():
    device, pidfile, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 and sys.argv[4] else int(time.time())
    print(f"# seed {seed}")
    generator, claims, closed, before = random.Random(seed), Claims(), [], None
    for number in range(rounds):
        if len(closed) > ARCHIVES:
            closed = []  # from here on what is on the tape may be written over
        closed, before = one_round(number, device, pidfile, closed, before, generator, claims)
        sys.stdout.flush()
    claims.finish()


main()
