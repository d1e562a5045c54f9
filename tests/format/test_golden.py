#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every cartridge in samples/ reads as it did on the day it was put there, with both readers.  Each one
stands for a format version; none is ever changed.   test_golden.py CARTRIDGE_TOOL"""
import glob
import hashlib
import os
import sys

from blocks import can_open
from pool import HERE, Pool, claim


def checksums(folder):
    sums = {}
    for where, _, names in sorted(os.walk(folder)):
        for name in names:
            with open(os.path.join(where, name), "rb") as f:
                sums[os.path.join(where, name)] = hashlib.sha256(f.read()).hexdigest()
    return sums


def frozen():
    """What a later version must be able to read is what version 1 wrote: no file of a sample ever changes, or goes."""
    samples = os.path.join(HERE, "samples")
    with open(os.path.join(samples, "FROZEN"), encoding="ascii") as f:
        for line in f:
            digest, name = line.split()
            with open(os.path.join(samples, name), "rb") as sample:
                claim(hashlib.sha256(sample.read()).hexdigest() == digest, name + " is what it was")


def decrypted(pool, barcode, path):
    with open(path, encoding="ascii") as f:
        expected = f.read().splitlines()
    claim(pool.run("decrypted", barcode) == expected, barcode + ": lib/store decrypts it")
    if can_open():
        key = bytes(range(32)).hex()
        claim(pool.read(barcode, "list", key=key)[1].decode().splitlines() == expected, barcode + ": so does the reader")
        listed = pool.read(barcode, "list", key="00" * 32)[1].decode().splitlines()
        claim(listed == pool.read_list(barcode), barcode + ": another key opens nothing")


def main(tool):
    frozen()
    samples = glob.glob(os.path.join(HERE, "samples", "*.cart"))
    claim(len(samples) >= 4, "there are golden cartridges")
    for folder in samples:
        barcode = os.path.basename(folder)[:-len(".cart")]
        with open(folder[:-len(".cart")] + ".list", encoding="ascii") as f:
            expected = f.read().splitlines()
        with Pool(tool) as pool:
            pool.copy_from(folder, barcode)
            before = checksums(pool.folder(barcode))
            claim(pool.read_list(barcode) == expected, barcode + ": the reader lists what it did")
            claim(pool.run("list", barcode) == expected, barcode + ": so does lib/store")
            made_for = folder[:-len("cart")] + "kind"
            kind = "kind data"
            if os.path.exists(made_for):
                with open(made_for, encoding="ascii") as f:
                    kind = f.read().rstrip()
            claim(pool.run("kind", barcode) == [kind], barcode + ": lib/store knows what it is made for")
            claim(kind in pool.read(barcode, "info")[1].decode().splitlines(), barcode + ": so does the reader")
            known = folder[:-len("cart")] + "attributes"
            if os.path.exists(known):
                with open(known, encoding="ascii") as f:
                    claim(pool.run("known", barcode) == f.read().splitlines(), barcode + ": its attributes are what they were")
            for inner in glob.glob(os.path.join(pool.folder(barcode), "partitions", "*.cart")):
                partitions, name = os.path.split(inner[:-len(".cart")])
                with open(folder[:-len(".cart")] + "." + name.split("-")[0], encoding="ascii") as f:
                    expected_inside = f.read().splitlines()
                claim(pool.read_list(os.path.join(partitions, name)) == expected_inside, inner + ": listed")
                claim(pool.run("list", name, partitions) == expected_inside, inner + ": by lib/store, too")
            if "CLEAN" in barcode or "ENCRYPTED" in barcode:  # its copy is of the present recording
                found = pool.read(barcode, "digest")[1].strip()
                claim(found and found in pool.read(barcode, "info")[1], barcode + ": the copy's digest fits")
                claim(pool.run("digest", barcode) == [found.decode()], barcode + ": lib/store agrees")
            if "ENCRYPTED" in barcode:
                decrypted(pool, barcode, folder[:-len(".cart")] + ".decrypted")
            if "TORN" not in barcode:
                claim(checksums(pool.folder(barcode)) == before, barcode + ": reading changes nothing")
            claim(pool.read_list(barcode) == expected, barcode + ": what lib/store recovered is the same")


main(sys.argv[1])
