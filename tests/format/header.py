# SPDX-License-Identifier: Apache-2.0
"""The header file, as section 2 of docs/cartridge-format.md has it: for cartridge_reader.py."""
import os
import struct

HEADER_FIELDS = (  # name, offset, struct code: the tables of section 2
    ("version", 8, "<I"), ("size", 12, "<I"), ("incompat", 16, "<I"), ("compat", 20, "<I"),
    ("uuid", 24, "16s"), ("barcode", 40, "32s"), ("state", 72, "B"), ("codec", 73, "B"),
    ("flags", 74, "B"), ("density", 75, "B"), ("medium_type", 76, "B"), ("capacity", 80, "<Q"),
    ("early_warning", 88, "<Q"), ("epoch", 96, "<Q"), ("epoch_object", 104, "<Q"),
    ("epoch_address", 112, "<Q"), ("generation", 120, "<Q"), ("stream", 128, "<I"),
    ("recall_stream", 132, "<I"), ("objects", 136, "<Q"), ("blocks", 144, "<Q"),
    ("filemarks", 152, "<Q"), ("logical_bytes", 160, "<Q"), ("stored_bytes", 168, "<Q"), ("end_address", 176, "<Q"))
STATES = ("resident", "premigrated", "migrated", "recalling", "damaged")
KINDS = {1: "worm", 2: "cleaning"}


class NotACartridge(Exception):
    pass


def crc_entry(n):
    for _ in range(8):
        n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
    return n


CRC_TABLE = [crc_entry(n) for n in range(256)]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def text(raw):
    return raw.split(b"\0", 1)[0].decode("ascii", "replace")


class Header:
    def __init__(self, folder):
        with open(os.path.join(folder, "header"), "rb") as f:
            raw = f.read(65537)
        if len(raw) < 516 or raw[:8] != b"VTLCART1":
            raise NotACartridge("no header of a cartridge")
        for name, offset, code in HEADER_FIELDS:
            setattr(self, name, struct.unpack_from(code, raw, offset)[0])
        if self.version != 1 or self.incompat & ~3 != 0:
            raise NotACartridge("written by a later version")
        if self.size != len(raw) or crc32c(raw[:-4]) != struct.unpack("<I", raw[-4:])[0]:
            raise NotACartridge("the header is damaged")
        if self.state > 4 or self.stream == 0 or self.blocks + self.filemarks != self.objects:
            raise NotACartridge("the header makes no sense")
        self.barcode = text(self.barcode)
        self.copies, self.kind = [], "data"
        for kind, content in self.records(raw[512:-4]):
            if kind == 1:
                self.copies.append(struct.unpack("<32sIIQQQQQ32s32s", content))
            elif kind == 4:
                self.set_kind(*struct.unpack("<B3xII", content))

    def set_kind(self, number, cleanings, used):
        if number not in KINDS:
            raise NotACartridge("made for something that is not known")
        self.kind = KINDS[number] + (" %d used %d" % (cleanings, used) if number == 2 else "")

    @staticmethod
    def records(raw):
        while raw:
            kind, size = struct.unpack_from("<HH", raw)
            if 4 + size > len(raw):
                raise NotACartridge("the header's records make no sense")
            yield kind, raw[4:4 + size]
            raw = raw[4 + size:]
