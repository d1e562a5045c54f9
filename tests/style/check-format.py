#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-format has nothing to change (.clang-format)."""
import shutil
import subprocess
import sys

import tree


def main():
    # Releases of clang-format differ in their taste: the project's is Debian 12's.
    tool = shutil.which("clang-format-14")
    if not tool:
        tree.skip("clang-format-14 is not installed (apt-get install clang-format-14)")
    sources = tree.c_files("lib", "handlers", "policy", "cli", "tests")
    done = subprocess.run([tool, "--dry-run", "--Werror"] + sources, cwd=tree.ROOT, capture_output=True, text=True, check=False)
    wrong = sorted({line.split(":")[0] for line in done.stderr.split("\n") if "error:" in line})
    complaints = [f"{path}: clang-format -i {path}" for path in wrong]
    if done.returncode and not complaints:
        complaints = [done.stderr]
    tree.finish(complaints, len(sources))


sys.exit(main())
