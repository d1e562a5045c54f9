#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shell scripts pass shellcheck, Python files parse, and what has a first line like a program can be run."""
import ast
import os
import shutil
import subprocess
import sys

import tree


def main():
    if not shutil.which("shellcheck"):
        tree.skip("shellcheck is not installed (apt-get install shellcheck)")
    complaints, shell, python = [], [], []
    for path in tree.files():
        program = tree.interpreter(path)
        if program and not os.access(os.path.join(tree.ROOT, path), os.X_OK):
            complaints.append(f"{path}: names {program} in its first line, but is not executable")
        if program in ("sh", "bash", "busybox") or path.endswith(".sh"):
            shell.append(path)
        elif program.startswith("python") or path.endswith(".py"):
            python.append(path)
    for path in python:
        try:
            ast.parse(tree.read(path), path)
        except SyntaxError as error:
            complaints.append(f"{path}:{error.lineno}: {error.msg}")
    done = subprocess.run(["shellcheck", "-x", "-f", "gcc"] + shell, cwd=tree.ROOT, capture_output=True, text=True, check=False)
    complaints += [line for line in done.stdout.split("\n") if line]
    if done.returncode and not complaints:
        complaints.append(done.stderr)
    tree.finish(complaints, len(shell) + len(python))


sys.exit(main())
