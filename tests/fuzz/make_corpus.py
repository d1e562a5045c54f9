#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the corpora of the fuzz targets from docs/cartridge-format.md:  make_corpus.py FOLDER

The header of fuzz_frames is fuzz_header() of fuzz.c: uuid 0, epoch 2 from object 3 on."""
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "format"))
from cartridge_reader import FRAME, crc32c  # noqa: E402

UUID = bytes(16)
# 300 times "x": a literal, a match of 294, five literals; a frame with one RLE block
LZ4_300 = bytes([0x1f, 0x78, 1, 0, 255, 20, 0x50]) + b"xxxxx"
ZSTD_300 = bytes([0x28, 0xb5, 0x2f, 0xfd, 0x60, 44, 0, 0x63, 9, 0, 0x78])
SEGMENT = b"VTLSEG01" + bytes(120)


class Tape:
    def __init__(self):
        self.data, self.object, self.file, self.logical, self.stored = SEGMENT, 0, 0, 0, 0

    def frame(self, block, epoch, stable, codec=0, sealed=None):
        """One object; a filemark where block is None."""
        stored = sealed or (block or b"", zlib.compress(block or b"", 1), LZ4_300, ZSTD_300)[codec]
        head = FRAME.pack(b"VTLF", 2 if block is None else 1, codec, 0, int(sealed is not None), self.object, epoch, stable,
                          self.file, self.logical, self.stored, len(block or b""), len(stored),
                          crc32c(stored) if stored else 0, crc32c(block) if block else 0, 1, 0)[:76]
        self.data += head + struct.pack("<I", crc32c(UUID + head)) + stored
        self.object += 1
        self.file += block is None
        self.logical += len(block or b"")
        self.stored += len(stored)
        return self

    def begin(self):
        return self.frame(b"label", 1, 0).frame(None, 1, 0).frame(b"x" * 300, 1, 0, 1)

    def go_on(self):
        self.begin().frame(b"a", 2, 3).frame(b"bc" * 90, 2, 3).frame(None, 2, 5).frame(None, 2, 5)
        return self.frame(b"d" * 500, 2, 5, 1).frame(b"end", 2, 8)


def frames():
    whole = Tape().go_on().data
    yield "begin", Tape().begin().data
    yield "whole", whole
    yield "codecs", Tape().begin().frame(b"x" * 300, 2, 3, 2).frame(b"x" * 300, 2, 3, 3).data
    yield "encrypted", Tape().begin().frame(b"a block", 2, 3, 0, envelope(b"a block")).frame(None, 2, 3).data
    yield "torn-header", whole[:-60]
    yield "torn-data", whole[:-2]
    yield "empty", b""
    yield "segment-only", SEGMENT
    hole = bytearray(whole)
    hole[whole.index(b"bcbc") + 7] ^= 1
    yield "hole", bytes(hole)
    lost = bytearray(whole)
    lost[whole.index(b"VTLF", 140)] ^= 1
    yield "lost-filemark", bytes(lost)
    yield "old-frames", Tape().begin().frame(b"dead", 1, 2).frame(b"dead too", 1, 3).data
    yield "frames-in-data", Tape().begin().frame(whole, 2, 3).frame(None, 2, 3).data


def header(state=0, flags=4, objects=0, records=b""):
    fixed = struct.pack("<8sIIII16s32sBBBBB3xQQQQQQIIQQQQQQ", b"VTLCART1", 1, 516 + len(records), 0, 0, UUID,
                        b"F1", state, 0, flags, 0x5e, 0x88, 1 << 30, 1 << 20, 2, 0, 128, 2, 1, 0,
                        objects, objects, 0, 10 * objects, 10 * objects, 128 + 90 * objects)
    raw = fixed + bytes(512 - len(fixed)) + records
    return raw + struct.pack("<I", crc32c(raw))


def envelope(plain, flags=0, kads=(b"", b"", b"", b""), codec=0, logical=None):
    """Sealed with the zero key where there is a program for that, else with noise: a wrong key."""
    head = struct.pack("<8sBBBBII12sQ16s4B20s", b"VTLENC01", 1, 1, codec, flags, logical or len(plain), len(plain),
                       b"nonce-nonce-", 1, UUID, *map(len, kads), bytes(20)) + b"".join(kads)
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        return head + AESGCM(bytes(32)).encrypt(b"nonce-nonce-", bytes(8) + plain, head)
    except ImportError:
        return head + b"?" * (8 + len(plain) + 16)


def envelopes():
    yield "plain", envelope(b"a block")
    yield "packed", envelope(zlib.compress(b"x" * 300), codec=1, logical=300)
    yield "no-raw", envelope(b"a block", 1)
    yield "kads", envelope(b"b", 0, (b"authenticated", b"u", b"m" * 255, b"nonce"))
    yield "tampered", envelope(b"a block")[:-1] + b"!"
    yield "cut", envelope(b"a block")[:-1]
    yield "head", envelope(b"a block")[:80]


def headers():
    copy = struct.pack("<HH32sIIQQQQQ32s32s", 1, 144, b"PHYS01", 1, 0, 2, 7, 0, 70, 1, bytes(32), bytes(32))
    yield "blank", header()
    yield "open", header(flags=0)
    yield "protected", header(flags=7)
    yield "seven-lost", header(objects=7)
    yield "premigrated", header(1, objects=7, records=copy)
    yield "migrated", header(2, objects=7, records=copy * 8)
    yield "recalling", header(3, objects=7, records=copy)
    yield "damaged", header(4)
    yield "unknown-record", header(records=struct.pack("<HH5s", 77, 5, b"hello"))
    yield "short", header()[:100]


def indexes():
    """Of the recording of fuzz_index.c."""
    entries, address = [], 128
    for i in range(24):
        size = 0 if i % 5 == 4 else i * 10 + 1
        entries.append(struct.pack("<QII", address, size, size))
        address += 80 + size
    marks = b"".join(struct.pack("<Q", i) for i in (4, 9, 14, 19))
    yield "true", bytes([32]) + b"".join(entries) + marks
    yield "shifted", bytes([32]) + b"".join(entries[1:] + entries[:1]) + marks
    yield "wrong-marks", bytes([32]) + b"".join(entries) + marks[8:] + marks[:8]
    yield "all-lost", bytes([32]) + b"\xff" * 384 + marks
    yield "short", bytes([8]) + entries[0] + marks
    yield "none", bytes([0])


def codecs():
    """A byte for the codec, two for size - 1, the packed data."""
    text = b"the quick brown fox " * 15
    yield "zlib", struct.pack("<BH", 1, 299) + zlib.compress(text)
    yield "zlib-longer", struct.pack("<BH", 1, 99) + zlib.compress(text)
    yield "zlib-stored", struct.pack("<BH", 1, 299) + zlib.compress(text, 0)
    yield "lz4", struct.pack("<BH", 2, 299) + LZ4_300
    yield "lz4-shorter", struct.pack("<BH", 2, 300) + LZ4_300
    yield "lz4-torn", struct.pack("<BH", 2, 299) + LZ4_300[:-3]
    yield "zstd", struct.pack("<BH", 3, 299) + ZSTD_300
    yield "zstd-twice", struct.pack("<BH", 3, 599) + ZSTD_300 * 2
    yield "zstd-skippable", struct.pack("<BH", 3, 299) + struct.pack("<II", 0x184d2a50, 4) + b"skip" + ZSTD_300
    yield "zstd-raw", struct.pack("<BH", 3, 4) + bytes([0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 0x29, 0, 0]) + b"hello"
    yield "unknown", struct.pack("<BH", 4, 10) + b"something"


def carts():
    """Four lengths of two bytes; header, two segments, index, marks."""
    def cart(head, first, second=b"", index=b"", marks=b""):
        return struct.pack("<HHHH", len(head), len(first), len(second), len(index)) + head + first + second + index + marks

    def entries(tape):
        at, out, marks = 128, b"", b""
        while at < len(tape):
            f = FRAME.unpack(tape[at:at + 80])
            out += struct.pack("<QII", at, f[11], f[12])
            marks += struct.pack("<Q", f[5]) if f[1] == 2 else b""
            at += 80 + f[12]
        return out, marks

    # open in epoch 2 from object 3 on, as fuzz_header() has it; clean with nine objects; and two segments
    begun, whole = Tape().begin(), Tape().go_on().data
    unclean = bytearray(header(flags=0))
    unclean[104:120] = struct.pack("<QQ", 3, len(begun.data))
    unclean[-4:] = struct.pack("<I", crc32c(bytes(unclean[:-4])))
    index, marks = entries(whole)
    next_one = Tape().begin()
    next_one.data = SEGMENT
    next_one.frame(b"in the next segment", 2, 3).frame(None, 2, 4).frame(b"y" * 200, 2, 4)
    yield "blank", cart(header(), b"")
    yield "open", cart(bytes(unclean), whole)
    yield "open-with-index", cart(bytes(unclean), whole, b"", index, marks)
    yield "open-wrong-index", cart(bytes(unclean), whole, b"", index[16:] + index[:16], marks)
    yield "two-segments", cart(bytes(unclean), begun.data, next_one.data)
    yield "hole", cart(bytes(unclean), begun.data[:-40], next_one.data)
    yield "clean", cart(header(objects=9), whole, b"", index, marks)
    yield "migrated", cart(header(2, objects=9), b"")
    yield "torn", cart(bytes(unclean), whole[:-40], b"", index, marks)


def main(folder):
    for target, samples in (("frames", frames()), ("header", headers()), ("index", indexes()),
                            ("codec", codecs()), ("cart", carts()), ("envelope", envelopes())):
        os.makedirs(os.path.join(folder, target), exist_ok=True)
        for name, data in samples:
            with open(os.path.join(folder, target, name), "wb") as f:
                f.write(data)


main(sys.argv[1])
