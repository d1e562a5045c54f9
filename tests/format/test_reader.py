#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cartridge made by lib/store reads alike through lib/store and through the reader that was written
from the document, with and without its index.   test_reader.py CARTRIDGE_TOOL"""
import os
import sys

from pool import Pool, claim

OBJECTS = [  # what cartridge_tool make records
    "0 0 block 46", "1 0 filemark", "2 1 block 38", "3 1 block 1", "4 1 block 200000",
    "5 1 block 300", "6 1 filemark", "7 2 filemark"]


def main(tool):
    with Pool(tool) as pool:
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
