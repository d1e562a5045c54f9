#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""blocks.py DEVICE: variable blocks of every kind of length, read with exact, larger and smaller requests."""
import hashlib
import sys

from tape import Claims, Tape, code

MIB = 1 << 20
SIZES = [1, 2, 3, 4, 13, 511, 512, 513, 1023, 4095, 4096, 4097, 32768, 65535, 65536, 65537, 100003, 262144,
         524287, 1048575, MIB]


def pattern(number, size):
    """Bytes that say which block they are, so that a stale or shifted block cannot look right."""
    seed = hashlib.sha256(b"block %d" % number).digest()
    return (seed * (size // 32 + 1))[:size]


def write_all(tape, claims):
    tape.op("rewind")
    for number, size in enumerate(SIZES):
        claims.equal(f"{size} bytes are written", tape.write(pattern(number, size)), size)
    claims.equal("each write is one block", tape.tell(), len(SIZES))
    tape.op("weof")


def read_all(tape, claims, what, ask):
    tape.op("rewind")
    for number, size in enumerate(SIZES):
        claims.equal(f"{size} bytes come back, {what}", tape.read(ask(size)), pattern(number, size))
    claims.equal(f"then a filemark, {what}", tape.read(MIB), b"")
    claims.equal(f"then the end of data, {what}", code(tape.read, MIB) or "no data", "no data")


def too_small(tape, claims):
    """A block that does not fit is an error; the tape stands behind it, and the next block is right."""
    tape.op("rewind")
    number = SIZES.index(65536)
    tape.op("fsr", number)
    claims.equal("a block larger than the buffer is an error", code(tape.read, 1000), "ENOMEM")
    claims.equal("the tape stands behind it", tape.tell(), number + 1)
    claims.equal("the next block is right", tape.read(MIB), pattern(number + 1, SIZES[number + 1]))


def every_small_length(tape, claims):
    """One block of each length from 1 to 300 bytes, asked for exactly and with more room."""
    tape.op("rewind")
    written = [tape.write(pattern(size, size)) for size in range(1, 301)]
    claims.equal("blocks of 1 to 300 bytes are written", written, list(range(1, 301)))
    for what, more in (("asked exactly", 0), ("asked for more", 4096)):
        tape.op("rewind")
        back = [tape.read(size + more) for size in range(1, 301)]
        claims.true(f"blocks of 1 to 300 bytes come back, {what}", back == [pattern(size, size) for size in range(1, 301)])
    write_all(tape, claims)


def overwrite(tape, claims):
    """A write in the middle ends the tape there."""
    tape.op("rewind")
    tape.op("fsr", 3)
    tape.write(b"new end")
    tape.op("rewind")
    for number in range(3):
        claims.equal(f"block {number} before a new one stays", tape.read(MIB), pattern(number, SIZES[number]))
    claims.equal("the new block", tape.read(MIB), b"new end")
    claims.equal("nothing old behind it", code(tape.read, MIB) or "no data", "no data")


def main():
    claims = Claims()
    tape = Tape(sys.argv[1])
    for sili in (False, True):
        mode = "with SILI" if sili else "without SILI"
        tape.set_sili(sili)
        write_all(tape, claims)
        read_all(tape, claims, f"asked exactly, {mode}", lambda size: size)
        read_all(tape, claims, f"asked for 1 MiB, {mode}", lambda size: MIB)
        read_all(tape, claims, f"asked for one byte more, {mode}", lambda size: min(size + 1, MIB))
    tape.set_sili(False)
    every_small_length(tape, claims)
    too_small(tape, claims)
    overwrite(tape, claims)
    tape.close()
    claims.finish()


main()
