#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each header compiles alone: it includes what it uses, and says so in a guard.   check-headers.py BUILD_FOLDER"""
import os
import re
import subprocess
import sys
import tempfile

import tree

PACKAGES = ["glib-2.0", "gio-2.0", "gio-unix-2.0", "cmocka", "sqlite3"]
GUARD = re.compile(r"^#ifndef (VTL_\w+_H)\n#define \1$", re.M)


def main():
    build = os.path.realpath(sys.argv[1])
    compiler = os.environ.get("CC", "cc")
    flags = subprocess.run(["pkg-config", "--cflags"] + PACKAGES, check=True, capture_output=True, text=True).stdout.split()
    flags += ["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", tree.ROOT, "-I", build]
    headers = [f for f in tree.c_files("lib", "handlers", "policy", "cli", "tests") if f.endswith(".h")]
    complaints = []
    with tempfile.TemporaryDirectory() as folder:
        probe = os.path.join(folder, "probe.c")
        for header in headers:
            if not GUARD.search(tree.read(header)):
                complaints.append(f"{header}: no include guard VTL_..._H")
            with open(probe, "w", encoding="utf-8") as file:
                file.write(f'#include "{header}"\n#include "{header}"\n')
            done = subprocess.run([compiler] + flags + [probe], capture_output=True, text=True, check=False)
            if done.returncode:
                complaints.append(f"{header}: does not compile alone\n{done.stderr}")
    tree.finish(complaints, len(headers))


sys.exit(main())
