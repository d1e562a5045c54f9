# SPDX-License-Identifier: Apache-2.0
"""What the tests of the format share: a pool of their own, both readers, and a claim that fails loudly."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# in memory where that is possible: the tests sync often, and none asks what a disk does with it
BASE = os.environ.get("TMPDIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
READER = os.path.join(HERE, "cartridge_reader.py")


class Pool:
    def __init__(self, tool):
        self.tool, self.path = tool, tempfile.mkdtemp(prefix="vtl-format-", dir=BASE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def folder(self, barcode):
        return os.path.join(self.path, barcode + ".cart")

    def file(self, barcode, name):
        return os.path.join(self.folder(barcode), name)

    def run(self, verb, barcode, path=None):
        """What the tool prints, in lines."""
        done = subprocess.run([self.tool, verb, path or self.path, barcode], stdout=subprocess.PIPE, check=False)
        claim(done.returncode == 0, "cartridge_tool %s works" % verb)
        return done.stdout.decode().splitlines()

    def read(self, barcode, *args, key=None):
        """The reader's exit code and output for args[0] FOLDER args[1:]."""
        done = subprocess.run([sys.executable, READER, *(["--key", key] if key else []), args[0], self.folder(barcode), *args[1:]],
                              stdout=subprocess.PIPE, check=False)
        return done.returncode, done.stdout

    def complaints(self, barcode, *args):
        """What the same says on standard error, in lines."""
        done = subprocess.run([sys.executable, READER, args[0], self.folder(barcode), *args[1:]],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        return done.stderr.decode().splitlines()

    def read_list(self, barcode):
        code, out = self.read(barcode, "list")
        claim(code in (0, 1), "the reader takes it for a cartridge")
        return out.decode().splitlines()

    def copy_from(self, folder, barcode):
        """A fresh copy of a cartridge's folder in this pool."""
        shutil.rmtree(self.folder(barcode), ignore_errors=True)
        shutil.copytree(folder, self.folder(barcode))


def claim(true, words):
    if not true:
        sys.exit("FAILED: " + words)


def flip(path, bit):
    with open(path, "r+b") as f:
        f.seek(bit // 8)
        byte = f.read(1)[0]
        f.seek(bit // 8)
        f.write(bytes([byte ^ 1 << bit % 8]))
