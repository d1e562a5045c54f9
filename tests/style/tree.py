# SPDX-License-Identifier: Apache-2.0
"""What the style tests share: the project's files, and how a test reports.

A test collects complaints ("file:line: what") and ends with finish(): 0 where there are none, 1
otherwise.  skip() ends with 77, which ctest counts as skipped.
"""
import os
import re
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
FOLDERS = ("handlers", "lib", "policy", "cli", "targetcli-conf", "tests", "packaging", "cmake", "demo", ".ci")


def files(*folders):
    """Paths below @folders (default: all of the project's), relative to the root, sorted."""
    found = []
    for folder in folders or FOLDERS:
        for where, dirs, names in os.walk(os.path.join(ROOT, folder)):
            dirs[:] = [d for d in dirs if d != "__pycache__"]
            found += [os.path.relpath(os.path.join(where, n), ROOT) for n in names if not n.endswith("~")]
    if not folders:
        found += [n for n in os.listdir(ROOT) if n != ".git" and os.path.isfile(os.path.join(ROOT, n))]  # in a work tree .git is a file
    return sorted(found)


def c_files(*folders):
    return [f for f in files(*folders) if f.endswith((".c", ".h"))]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def interpreter(path):
    """"sh", "bash", "python3" ...: what the first line of a script names; "" for anything else."""
    with open(os.path.join(ROOT, path), "rb") as file:
        first = file.readline(200).decode("utf-8", "replace")
    match = re.match(r"#!\s*(?:/usr/bin/env\s+)?(?:\S*/)?(\w+)", first)
    return match.group(1) if match else ""


_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text):
    """C source with comments and literals blanked, line numbers kept."""
    return _TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def skip(reason):
    print("SKIPPED:", reason)
    sys.exit(77)


def finish(complaints, checked):
    """Ends the test.  A test that looked at nothing has failed: it would pass in an empty tree."""
    for complaint in complaints:
        print(complaint)
    print(f"{checked} checked, {len(complaints)} complaints")
    sys.exit(1 if complaints or not checked else 0)
