#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cartridge made by lib/store reads alike through lib/store and through the reader that was written
from the document, with and without its index.   test_reader.py CARTRIDGE_TOOL"""
import os
import struct
import sys

from cartridge_reader import crc32c
from pool import Pool, claim, flip

OBJECTS = [  # what cartridge_tool make records
    "0 0 block 46", "1 0 filemark", "2 1 block 38", "3 1 block 1", "4 1 block 200000",
    "5 1 block 300", "6 1 filemark", "7 2 filemark"]


def digest_of_groups(pool):
    pool.run("groups", "T2")
    found = pool.run("digest", "T2")
    claim(pool.read("T2", "digest") == (0, (found[0] + "\n").encode()), "both find the same digest")
    claim(os.path.getsize(pool.file("T2", "digests.00000001")) == 64, "the complete group is kept")
    with open(pool.file("T2", "digests.00000001"), "rb") as f:
        first, end, epoch, _, crc = struct.unpack("<QQQ32s4xI", f.read())
    claim((first, end, epoch) == (0, 65536, 1), "it is the one of 65536 objects")
    with open(pool.file("T2", "header"), "rb") as f:
        bound = f.read(40)[24:] + struct.pack("<I", 1)
    with open(pool.file("T2", "digests.00000001"), "rb") as f:
        claim(crc32c(bound + f.read(60)) == crc, "bound to cartridge and stream")


def left_out(pool):
    """What cannot be extracted is named, and everything else comes out; object 4 begins at byte 533."""
    data, head = pool.file("T3", "data.00000001.00000000"), "cartridge_reader: object 4 of file 1 is damaged and left out: "
    pool.run("make", "T3")
    code, whole = pool.read("T3", "extract", "file", "1")
    claim(code == 0 and pool.complaints("T3", "extract", "file", "1") == [], "nothing to complain of")
    rest = whole.replace(b"A" * 200000, b"")
    flip(data, 8 * (533 + 80 + 10))
    claim(pool.read("T3", "extract", "file", "1") == (1, rest), "the rest comes out, and the exit code tells")
    claim(pool.complaints("T3", "extract", "file", "1") == [head + "data.00000001.00000000, offset 533"], "it is named")
    claim(pool.read("T3", "extract", "4") == (1, b""), "by its number, too")
    flip(data, 8 * 533)
    claim(pool.complaints("T3", "extract", "4") == [head + "no frame of it is left"], "without a frame")
    claim(pool.read("T3", "extract", "2")[0] == 0 and pool.complaints("T3", "extract", "2") == [], "others are good")
    claim(pool.complaints("T3", "extract", "8") == ["cartridge_reader: there is no object 8"], "nor is there object 8")


def main(tool):
    with Pool(tool) as pool:
        digest_of_groups(pool)
        left_out(pool)
        pool.run("make", "T1")
        listed = pool.read_list("T1")
        claim([" ".join(line.split()[:4]) for line in listed] == OBJECTS, "the reader sees the recording")
        claim(pool.run("list", "T1") == listed, "lib/store lists the same")
        claim(pool.read("T1", "extract", "4") == (0, b"A" * 200000), "a compressed block comes out")
        claim(pool.read("T1", "extract", "3") == (0, b"x"), "one byte comes out")
        claim(pool.read("T1", "extract", "8") == (1, b""), "there is no object 8")
        label = b"The first block of a tape is often its label.\n"
        claim(pool.read("T1", "extract", "file", "0") == (0, label), "logical file 0 comes out")
        _, digest = pool.read("T1", "digest")
        claim(digest.strip() in pool.read("T1", "info")[1], "the digest is the one of the copy record")
        os.unlink(pool.file("T1", "index.00000001"))
        os.unlink(pool.file("T1", "marks.00000001"))
        claim(pool.read_list("T1") == listed, "the reader needs no index")
        claim(pool.run("list", "T1") == listed, "lib/store makes the index anew")
        os.truncate(pool.file("T1", "header"), 515)
        claim(pool.read("T1", "list")[0] == 2, "a cut header is refused")


main(sys.argv[1])
