#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damaged and torn cartridges: both readers find the same, and what they find is right.
test_damage.py CARTRIDGE_TOOL [SEED]"""
import os
import random
import sys

from pool import Pool, claim, flip

DATA = "data.00000001.00000000"
SEGMENT_HEADER = 128
ROUNDS = 16


def agree(pool, words):
    found = pool.read_list("T1")
    claim(pool.run("list", "T1") == found, words + ": lib/store and the reader agree")
    return found


def flipped_bits(source, pool, rand):
    source.run("make", "T1")
    good = source.read_list("T1")
    for _ in range(ROUNDS):
        pool.copy_from(source.folder("T1"), "T1")
        name = rand.choice([DATA, DATA, DATA, "index.00000001", "marks.00000001"])
        bit = rand.randrange(8 * os.path.getsize(pool.file("T1", name)))
        flip(pool.file("T1", name), bit)
        words = "bit %d of %s" % (bit, name)
        differ = [(a, b) for a, b in zip(good, agree(pool, words)) if a != b]
        if name == DATA and bit // 8 >= SEGMENT_HEADER:
            claim(len(differ) == 1 and differ[0][1].endswith("damaged"),
                  words + ": exactly the object that it is in is damaged")
        else:
            claim(not differ, words + ": nothing that the recording needs")


def torn_tails(source, pool, rand):
    source.run("make", "T2")
    source.run("abandon", "T1")
    whole = os.path.getsize(source.file("T1", DATA))
    # it wrote the same objects twice, and synced between
    unsynced = (whole - os.path.getsize(source.file("T2", DATA))) // 2
    full = source.read_list("T1")
    claim(len(full) == 18, "all that was written is there")
    for _ in range(ROUNDS):
        pool.copy_from(source.folder("T1"), "T1")
        size = rand.randrange(whole - unsynced - 100, whole)
        os.truncate(pool.file("T1", DATA), size)
        words = "cut to %d of %d bytes" % (size, whole)
        found = agree(pool, words)
        there = [line for line in found if not line.endswith("damaged")]
        claim(there == full[:len(there)], words + ": a prefix of what was written")
        claim(len(there) >= 13 or size < whole - unsynced, words + ": what was synced is there")


def main(tool, seed=None):
    seed = seed or str(random.randrange(1 << 32))
    print("seed", seed)
    rand = random.Random(seed)
    for test in (flipped_bits, torn_tails):
        with Pool(tool) as source, Pool(tool) as pool:
            test(source, pool, rand)


main(*sys.argv[1:])
