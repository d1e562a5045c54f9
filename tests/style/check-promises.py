#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each `FILE: TEST` that docs/coming-from-mhvtl.md names is there: the file, and in it the test or the claim."""
import os
import re

import tree

DOCUMENT = "docs/coming-from-mhvtl.md"


def main():
    text = tree.read(DOCUMENT)
    promises = re.findall(r"`(tests/[\w./-]+): ([^`]+)`", text)
    complaints = []
    for path, name in promises:
        if not os.path.isfile(os.path.join(tree.ROOT, path)):
            complaints.append(f"{DOCUMENT}: there is no {path}")
        elif name not in tree.read(path):
            complaints.append(f"{DOCUMENT}: {path} has no '{name}'")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("| ") and "| no" not in line and "`tests/" not in line and not line.startswith(("| what", "| mhvtl")):
            complaints.append(f"{DOCUMENT}:{number}: a row names no test")
    if not promises:
        complaints.append(f"{DOCUMENT}: names no test")
    tree.finish(complaints, len(promises))


main()
