#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of cartridges, written from docs/cartridge-format.md alone.

  cartridge_reader.py info FOLDER            what the header says
  cartridge_reader.py list FOLDER            each object: number, logical file, kind, length, CRC32C
  cartridge_reader.py extract FOLDER N       the data of object N to standard output
  cartridge_reader.py extract FOLDER file F  all blocks of logical file F to standard output
  cartridge_reader.py digest FOLDER          the digest of the recording
  cartridge_reader.py --key HEX ...          decrypts, with python3-cryptography, what this key encrypted; else
                                             an encrypted block is listed so and extracted as its envelope

It never looks at index or marks and never writes.  Exit 0; 1 where something is damaged or not there (the
rest is listed or extracted all the same, and standard error says which object is left out); 2 for what is not a cartridge or is used wrongly.
"""
import hashlib
import os
import struct
import sys
import zlib

from blocks import Sealed, UNPACK, opened
from header import Header, NotACartridge, STATES, crc32c, text

SEGMENT_SHIFT = 30
SEGMENT_SIZE = 1 << SEGMENT_SHIFT
SEGMENT_HEADER = 128
FRAME = struct.Struct("<4sBBBBQQQQQQIIIIII")
CLEAN, BLOCK, FILEMARK = 4, 1, 2


class Frame:
    def __init__(self, raw, address):
        (self.magic, self.type, self.codec, _, self.cipher, self.object, self.epoch, self.stable, self.file,
         self.logical_before, self.stored_before, self.logical_size, self.stored_size,
         self.stored_crc, self.logical_crc, self.stream, self.crc) = FRAME.unpack(raw)
        self.address = address
        self.end = address + FRAME.size + self.stored_size

    def sizes_fit(self):
        if self.type == FILEMARK:
            return self.logical_size == self.stored_size == 0
        if self.cipher == 1:
            return self.type == BLOCK and 80 < self.stored_size <= self.logical_size + 2048 and 0 < self.logical_size
        fits = self.stored_size == self.logical_size if self.codec == 0 else self.stored_size < self.logical_size
        return self.type == BLOCK and fits and self.cipher == 0 and 0 < self.stored_size and self.logical_size <= 1 << 24


class Recording:
    """The objects of a resident cartridge, in order; each is a Frame, or None where it is lost."""

    def __init__(self, folder, header):
        self.folder, self.header, self.files, self.objects = folder, header, {}, []
        self.clean = header.flags & CLEAN != 0
        self.stable = header.objects if self.clean else header.epoch_object
        while True:  # a frame found late may vouch for more: then the scan is made again
            stable = self.stable
            self.scan()
            if self.stable == stable:
                break
        self.objects += [None] * (self.stable - len(self.objects))
        if self.clean:
            del self.objects[header.objects:]

    def read(self, address, size):
        number, offset = address >> SEGMENT_SHIFT, address & SEGMENT_SIZE - 1
        if number not in self.files:
            name = "data.%08x.%08x" % (self.header.stream, number)
            try:
                self.files[number] = open(os.path.join(self.folder, name), "rb")
            except FileNotFoundError:
                self.files[number] = None
        if self.files[number] is None:
            return b""
        self.files[number].seek(offset)
        return self.files[number].read(min(size, SEGMENT_SIZE - offset))

    def frame(self, address, raw=None):
        """The whole frame at an address that counts as the object that it names, or None."""
        raw = self.read(address, FRAME.size) if raw is None else raw
        if len(raw) < FRAME.size or raw[:4] != b"VTLF":
            return None
        f, h = Frame(raw, address), self.header
        if f.stream != h.stream or crc32c(h.uuid + raw[:76]) != f.crc or not f.sizes_fit():
            return None
        current = f.object >= h.epoch_object
        return f if (f.epoch == h.epoch if current else f.epoch < h.epoch) else None

    def stored(self, f):
        data = self.read(f.address + FRAME.size, f.stored_size)
        return data if len(data) == f.stored_size and crc32c(data) == f.stored_crc else None

    @staticmethod
    def next_segment(address):
        return ((address >> SEGMENT_SHIFT) + 1 << SEGMENT_SHIFT) + SEGMENT_HEADER

    def expected(self, address, number):
        for at in (address, self.next_segment(address)):
            f = self.frame(at)
            if f is not None and f.object == number:
                # an object that nobody vouches for counts only with its data (R2)
                return f if number < self.stable or self.stored(f) is not None else None
        return None

    def last_segment(self):
        prefix = "data.%08x." % self.header.stream
        return max((int(n[14:], 16) for n in os.listdir(self.folder) if n.startswith(prefix)), default=0)

    def search(self, address, number, slope):
        """The next whole frame behind an address, of a later object, that fits I6."""
        while address >> SEGMENT_SHIFT <= self.last_segment():
            data = self.read(address, SEGMENT_SIZE)
            first = self.frame(address, data[:FRAME.size])
            if address & SEGMENT_SIZE - 1 == SEGMENT_HEADER:
                slope = first and first.address - 80 * first.object - first.stored_before
            at = data.find(b"VTLF")
            while at >= 0:
                f = self.frame(address + at, data[at:at + FRAME.size])
                own = f and f.address - 80 * f.object - f.stored_before
                if f and f.object > number and own >= 128 and slope in (None, own):
                    return f
                at = data.find(b"VTLF", at + 1)
            address = self.next_segment(address)
        return None

    def scan(self):
        objects, address, stored = [], SEGMENT_HEADER, 0
        cut = None
        while not self.clean or len(objects) < self.header.objects:
            f = self.expected(address, len(objects))
            if f is None:
                if len(objects) >= self.stable and cut is None:
                    cut = len(objects)
                f = self.search(address + 1, len(objects), address - 80 * len(objects) - stored)
                if f is None:
                    break
                self.stable = max(self.stable, f.stable)
                if cut is None and f.object > self.stable:
                    cut = self.stable  # nothing vouches for the last ones that are missing
                objects += [None] * (f.object - len(objects))
            self.stable = max(self.stable, f.stable)
            objects.append(f)
            address, stored = f.end, f.stored_before + f.stored_size
        self.objects = objects if cut is None or cut < self.stable else objects[:cut]

    def data(self, f):
        """The block of a frame, or None where it is damaged."""
        data = self.stored(f)
        if data is not None and f.cipher:
            data = opened(data, f, self.key)
        if data is None or f.codec == 0 or isinstance(data, Sealed):
            return data
        try:
            unpacked = UNPACK[f.codec](data, f.logical_size) if f.codec in UNPACK else b""
        except zlib.error:
            return None
        return unpacked if len(unpacked) == f.logical_size and (f.cipher or crc32c(unpacked) == f.logical_crc) else None


def each(recording):
    """(number, logical file, frame or None, data or None) of each object."""
    file = 0
    for n, f in enumerate(recording.objects):
        file = f.file if f else file
        yield n, file, f, recording.data(f) if f and f.type == BLOCK else None
        file += f is not None and f.type == FILEMARK


def list_objects(recording):
    damaged = 0
    for n, file, f, data in each(recording):
        if f is not None and f.type == FILEMARK:
            print(n, file, "filemark")
        elif data is None:
            print(n, file, "damaged")
            damaged += 1
        else:
            print(n, file, "encrypted" if isinstance(data, Sealed) else "block", f.logical_size, "%08x" % crc32c(data))
    return 1 if damaged else 0


def left_out(n, file, f):
    where = "no frame of it is left"
    if f is not None:
        where = "data.%08x.%08x, offset %d" % (f.stream, f.address >> SEGMENT_SHIFT, f.address & SEGMENT_SIZE - 1)
    print("cartridge_reader: object %d of file %d is damaged and left out: %s" % (n, file, where), file=sys.stderr)


def extract(recording, wanted):
    damaged = found = 0
    for n, file, f, data in each(recording):
        if n != wanted[1] if wanted[0] == "object" else file != wanted[1]:
            continue
        found += 1
        if data is not None:
            sys.stdout.buffer.write(data)
        elif f is None or f.type == BLOCK:
            damaged += 1
            left_out(n, file, f)
    if not found:
        print("cartridge_reader: there is no %s %d" % wanted, file=sys.stderr)
    return 1 if damaged or not found else 0


def digest(recording):
    whole, group, size, count = hashlib.sha256(), hashlib.sha256(), 0, 0
    for n, _, f, data in each(recording):
        if f is None or (f.type == BLOCK and data is None):
            return 1
        group.update(b"F\0\0\0\0" if data is None else b"BE"[f.cipher:f.cipher + 1] + struct.pack(">I", len(data)) + data)
        size, count = size + f.logical_size, count + 1
        if size >= 1 << 26 or count == 65536 or n + 1 == len(recording.objects):
            whole.update(group.digest())
            group, size, count = hashlib.sha256(), 0, 0
    print(whole.hexdigest())
    return 0


def info(header):
    for name in ("barcode", "generation", "objects", "blocks", "filemarks", "logical_bytes"):
        print(name, getattr(header, name))
    print("state", STATES[header.state])
    print("kind", header.kind)
    for copy in header.copies:
        print("copy", text(copy[0]), "generation", copy[3], "digest", copy[8].hex())
    return 0


def main(args):
    key, args = (bytes.fromhex(args[1]), args[2:]) if args[:1] == ["--key"] else (None, args)
    if len(args) < 2 or args[0] not in ("info", "list", "extract", "digest"):
        sys.exit(__doc__)
    try:
        header = Header(args[1])
        if args[0] == "info":
            return info(header)
        if header.state in (2, 3):
            raise NotACartridge("the data is only on copies")
        recording = Recording(args[1], header)
        recording.key = key if args[0] != "digest" else None
    except (OSError, NotACartridge, struct.error) as error:
        print("cartridge_reader: %s: %s" % (args[1], error), file=sys.stderr)
        return 2
    if args[0] == "extract":
        return extract(recording, ("file", int(args[3])) if args[2] == "file" else ("object", int(args[2])))
    return list_objects(recording) if args[0] == "list" else digest(recording)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
