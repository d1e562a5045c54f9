#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An include names its floor, and only lower floors are allowed (docs/architecture.md, "Folders and floors")."""
import os
import re
import sys

import tree

LIB = ["lib/base", "lib/personality", "lib/store", "lib/library", "lib/control"]
UNITS = LIB + ["handlers/scsi"]
MAY_INCLUDE = {
    "lib/base": [],
    "lib/personality": ["lib/base"],
    "lib/store": ["lib/base"],
    "lib/library": ["lib/base", "lib/personality", "lib/store"],
    "lib/control": ["lib/base", "lib/personality", "lib/store", "lib/library"],
    "handlers/scsi": ["lib/base", "lib/personality"],
    "handlers/tape": UNITS,
    "handlers/changer": UNITS,
    "handlers/tcmu": UNITS + ["handlers/tape", "handlers/changer"],
    "policy": LIB,
    "cli": LIB,
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
# The plugin's ABI is known in one folder only.
TCMU = re.compile(r"\btcmu(?:r|lib)?_[a-z]+")


def floor_of(path):
    """The folder of the table that @path is in, or None (tests and generated files)."""
    parts = path.split("/")
    for depth in (2, 1):
        folder = "/".join(parts[:depth])
        if folder in MAY_INCLUDE:
            return folder
    return None


def complaint(path, kind, target):
    """What is wrong with an include of @target in @path, or ""."""
    folder = floor_of(path)
    if kind == "<":
        if os.path.exists(os.path.join(tree.ROOT, target)):
            return f"<{target}> is ours: include it in quotes"
        return ""
    if target.startswith(".") or "/" not in target:
        return f'"{target}" is not relative to the root'
    if target.endswith(".c"):
        return f'"{target}" is a source file'
    if folder is None:
        return ""
    where = floor_of(target)
    if where is None:
        return f'"{target}" is in no folder of the table'
    if where != folder and where not in MAY_INCLUDE[folder]:
        return f'{folder} may not include "{target}"'
    return ""


def self_test():
    """The check must be able to fail."""
    assert complaint("lib/store/x.c", '"', "lib/library/library.h")
    assert complaint("handlers/tape/x.c", '"', "handlers/changer/changer.h")
    assert complaint("policy/x.c", '"', "handlers/scsi/sense.h")
    assert complaint("lib/base/x.c", '"', "x.h")
    assert not complaint("handlers/tcmu/x.c", '"', "handlers/tape/drive.h")


def main():
    self_test()
    complaints, checked = [], 0
    for path in tree.c_files("lib", "handlers", "policy", "cli", "tests"):
        for number, line in enumerate(tree.read(path).split("\n"), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            checked += 1
            wrong = complaint(path, *match.groups())
            if wrong:
                complaints.append(f"{path}:{number}: {wrong}")
    for path in tree.c_files("lib", "handlers", "policy", "cli"):
        if not path.startswith("handlers/tcmu/") and TCMU.search(tree.code_only(tree.read(path))):
            complaints.append(f"{path}: knows tcmu-runner's interface; only handlers/tcmu may")
    tree.finish(complaints, checked)


sys.exit(main())
