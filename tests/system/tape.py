# SPDX-License-Identifier: Apache-2.0
"""tape.py: a Linux tape device for tests in Python: exact block lengths, positions and error codes.

From the kernel's public interface (linux/mtio.h). And claims in TAP, as lib.sh makes them.
"""
import errno
import fcntl
import os
import struct
import sys

MTIOCTOP, MTIOCGET, MTIOCPOS = 0x40086D01, 0x80306D02, 0x80086D03
OPERATIONS = {"fsf": 1, "bsf": 2, "fsr": 3, "bsr": 4, "weof": 5, "rewind": 6, "offline": 7, "eod": 12, "erase": 13,
              "setblk": 20, "seek": 22, "drvbuffer": 24, "load": 30}
SET_BOOLEANS, CLEAR_BOOLEANS, SILI = 0x30000000, 0x40000000, 0x4000
GMT_EOF, GMT_BOT, GMT_EOD = 0x80000000, 0x40000000, 0x08000000


class Tape:
    """An open non-rewinding tape device."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR)

    def close(self):
        os.close(self.file)

    def op(self, name, count=1):
        fcntl.ioctl(self.file, MTIOCTOP, struct.pack("hxxi", OPERATIONS[name], count))

    def set_sili(self, on):
        self.op("drvbuffer", SILI | (SET_BOOLEANS if on else CLEAR_BOOLEANS))

    def tell(self):
        return struct.unpack("l", fcntl.ioctl(self.file, MTIOCPOS, bytes(8)))[0]

    def status(self):
        """(general status bits, file number, block number)"""
        fields = struct.unpack("lllllii", fcntl.ioctl(self.file, MTIOCGET, bytes(48)))
        return fields[3] & 0xFFFFFFFF, fields[5], fields[6]

    def write(self, data):
        return os.write(self.file, data)

    def read(self, size):
        return os.read(self.file, size)


def code(call, *arguments):
    """Name of the error that a call ends with, or "" where it succeeds."""
    try:
        call(*arguments)
        return ""
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))


class Claims:
    def __init__(self):
        self.count = self.failures = 0

    def equal(self, text, actual, expected):
        self.count += 1
        if actual == expected:
            print(f"ok {self.count} - {text}")
        else:
            self.failures += 1
            print(f"not ok {self.count} - {text}\n#   is:        {short(actual)}\n#   should be: {short(expected)}")

    def true(self, text, value):
        self.equal(text, bool(value), True)

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failures or not self.count else 0)


def short(value):
    text = repr(value)
    return text if len(text) < 200 else f"{text[:120]}... ({len(value) if hasattr(value, '__len__') else ''})"
