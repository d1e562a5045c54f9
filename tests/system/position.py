#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""position.py DEVICE [SEED]: mt against a model of a tape.

The model is a list of objects: the number of a block, or MARK. A position is an index into it. After every
operation mt's exit status, READ POSITION (mt tell) and what the next read returns agree with the model.
The kernel's driver writes a filemark where a writer stops, and the model knows it.
"""
import random
import subprocess
import sys
import time

from tape import Claims, Tape, code

MARK = "filemark"


def block(number):
    return b"%08d" % number * (1 + number % 50)


class Model:
    def __init__(self, objects):
        self.objects, self.at = objects, 0

    def space(self, kind, count, step):
        """Moves over @count objects of a kind; False where something stops it."""
        while count:
            index = self.at if step > 0 else self.at - 1
            if not 0 <= index < len(self.objects):
                return False
            self.at += step
            is_mark = self.objects[index] == MARK
            if kind == "blocks" and is_mark:
                return False  # behind it, seen in the direction of travel
            if is_mark == (kind == "marks"):
                count -= 1
        return True

    def fsf(self, n):
        return self.space("marks", n, 1)

    def bsf(self, n):
        return self.space("marks", n, -1)

    def fsr(self, n):
        return self.space("blocks", n, 1)

    def bsr(self, n):
        return self.space("blocks", n, -1)

    def bsfm(self, n):
        return self.bsf(n) and self.fsf(1)

    def fsfm(self, n):
        return self.fsf(n) and self.bsf(1)

    def asf(self, n):
        self.at = 0
        return self.fsf(n)

    def eod(self, _):
        self.at = len(self.objects)
        return True

    def rewind(self, _):
        self.at = 0
        return True

    def seek(self, n):
        """Beyond the end of data a LOCATE stops there and fails."""
        self.at = min(n, len(self.objects))
        return n <= len(self.objects)


def record(device, generator):
    """Writes a tape with empty, short and long files; returns its objects."""
    tape, objects, number = Tape(device), [], 0
    tape.op("rewind")
    for _ in range(12):
        for _ in range(generator.choice([0, 1, 1, 2, 3, 7, 20])):
            tape.write(block(number))
            objects.append(number)
            number += 1
        tape.op("weof")
        objects.append(MARK)
    tape.op("rewind")
    tape.close()
    return objects


def mt(device, *words):
    done = subprocess.run(["mt", "-f", device, *map(str, words)], capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def tell(device):
    return int(mt(device, "tell")[1].split("block")[1].strip(" .\n"))


def check_read(device, model, claims, what):
    """What a read returns at the model's position; the tape is put back."""
    tape = Tape(device)
    wanted = model.objects[model.at] if model.at < len(model.objects) else "end"
    if wanted == "end":
        claims.true(f"{what}: no data at the end", code(tape.read, 65536) or tape.tell() == model.at)
    elif wanted == MARK:
        claims.equal(f"{what}: a read says filemark", tape.read(65536), b"")
    else:
        claims.equal(f"{what}: the block is {wanted}", tape.read(65536), block(wanted))
    tape.op("seek", model.at)
    tape.close()


def main():
    device = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else int(time.time())
    print(f"# seed {seed}")
    generator, claims = random.Random(seed), Claims()
    model = Model(record(device, generator))
    operations = {"fsf": 4, "bsf": 4, "fsr": 9, "bsr": 9, "bsfm": 2, "fsfm": 2, "asf": 11, "seek": len(model.objects) + 3, "eod": 1, "rewind": 1}
    for number in range(90):
        name = generator.choice(list(operations))
        count = generator.randint(0 if name in ("seek", "asf") else 1, operations[name])
        before, model_ok = model.at, getattr(model, name)(count)
        ok, said = mt(device, name, *([] if name in ("eod", "rewind") else [count]))
        what = f"{number}: {name} {count} from {before}"
        if ok != model_ok or tell(device) != model.at:
            claims.equal(f"{what} {said.strip()}", (ok, tell(device)), (model_ok, model.at))
            mt(device, "seek", model.at)
        else:
            claims.true(what, True)
        if number % 3 == 0:
            check_read(device, model, claims, what)
    claims.finish()


main()
