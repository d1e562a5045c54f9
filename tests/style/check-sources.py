#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Licence line, sizes, forbidden calls and open ends of every file."""
import re
import sys

import tree

MAX_FILE = 800
MAX_FUNCTION = 60
MAX_READER = 300  # tests/format: the second reader stays small (DESIGN, "The cartridge", 8)
SPDX = "SPDX-License-Identifier: Apache-2.0"
NO_SPDX = (".md", ".json", ".bin", ".hex", ".expected", ".golden")
NO_SPDX_NAMES = ("LICENSE", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore")

# It is somebody else's process (tcmu-runner), and nothing that a host or a file says may end it; the
# string functions do not know how long their target is.
FORBIDDEN = re.compile(r"(?<![\w.>])(exit|_exit|quick_exit|abort|assert|g_error|g_abort|g_assert\w*"
                       r"|strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca)\s*\(")
OPEN_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")


def licence(path, text):
    name = path.split("/")[-1]
    if not text or path.endswith(NO_SPDX) or name in NO_SPDX_NAMES or path.startswith(("tests/format/samples/", "tests/fuzz/corpus/")):
        return []
    return [] if SPDX in "\n".join(text.split("\n")[:4]) else [f"{path}:1: no SPDX line"]


def sizes(path, text):
    lines = text.split("\n")
    out = []
    if len(lines) - 1 > MAX_FILE:
        out.append(f"{path}: {len(lines) - 1} lines, {MAX_FILE} allowed")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start - 1 > MAX_FUNCTION:
                out.append(f"{path}:{start}: a function of {number - start - 1} lines, {MAX_FUNCTION} allowed")
            start = None
    return out


def forbidden(path, text):
    out = []
    for number, line in enumerate(tree.code_only(text).split("\n"), 1):
        match = FORBIDDEN.search(line)
        if match:
            out.append(f"{path}:{number}: {match.group(1)}() in code that runs in somebody else's process")
    return out


def open_ends(path, text):
    return [f"{path}:{number}: {m.group(1)} without an issue: write {m.group(1)}(#12)"
            for number, line in enumerate(text.split("\n"), 1) for m in [OPEN_END.search(line)] if m]


def self_test():
    """Each check must be able to fail."""
    assert licence("a.c", "int x;") and not licence("a.c", f"/* {SPDX} */")
    assert sizes("a.c", "void f(void)\n{\n" + "\tg();\n" * 61 + "}\n") and not sizes("a.c", "void f(void)\n{\n" + "\tg();\n" * 60 + "}\n")
    assert sizes("a.c", "\n" * 801)
    assert forbidden("a.c", "\tabort();") and not forbidden("a.c", "/* abort() */ static_assert(1, \"\"); x->exit(1);")
    assert open_ends("a.c", "/* TO" + "DO: later */") and not open_ends("a.c", "/* TO" + "DO(#12): later */")


def main():
    self_test()
    complaints, checked = [], 0
    for path in tree.files():
        text = tree.read(path)
        checked += 1
        complaints += licence(path, text)
        if path.endswith((".c", ".h")):
            complaints += sizes(path, text)
            if path.startswith(("lib/", "handlers/")):
                complaints += forbidden(path, text)
        if path.endswith((".c", ".h", ".py", ".sh", ".txt", ".cmake")) and path != "tests/style/check-sources.py":
            complaints += open_ends(path, text)
        if path.startswith("tests/format/") and path.endswith((".py", ".awk")) and text.count("\n") > MAX_READER:
            complaints.append(f"{path}: {text.count(chr(10))} lines, the second reader has {MAX_READER}")
    tree.finish(complaints, checked)


sys.exit(main())
