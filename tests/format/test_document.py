#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/cartridge-format.md have exactly the fields and bytes of lib/store/format.h, and
leave no byte out.   test_document.py FORMAT_OFFSETS DOCUMENT"""
import re
import subprocess
import sys

SIZES = {"header": 512, "record": 4, "copy": 144, "layout": 24, "partition": 40, "attribute": 4, "medium": 12, "segment": 128,
         "frame": 80, "index_entry": 16, "digest_entry": 64, "envelope": 80, "rows": 72,
         "rows_entry": 24}


def of_document(path):
    table, fields = None, []
    with open(path, encoding="utf-8") as f:
        for line in f:
            heading = re.match(r"#+ (?:\d+\. The )?(\w+)", line)
            if heading:
                table = heading.group(1).lower()
            row = re.match(r"\| (\d+)(?:-(\d+))? \| (\w+) \|", line)
            if row:
                fields.append((table, int(row[1]), int(row[2] or row[1]), row[3]))
    return fields


def main(program, document):
    code = [(t, int(a), int(b), n) for t, a, b, n in
            (line.split() for line in subprocess.check_output([program], text=True).splitlines())]
    text = of_document(document)
    wrong = sorted(set(code) ^ set(text))
    for table, first, last, name in wrong:
        where = "format.h" if (table, first, last, name) in code else "the document"
        print("only in %s: %s bytes %d-%d %s" % (where, table, first, last, name))
    for table, size in SIZES.items():
        rows = sorted(r[1:3] for r in text if r[0] == table)
        ends = [-1] + [last for _, last in rows]
        if [first for first, _ in rows] + [size] != [end + 1 for end in ends]:
            print("the table of %s leaves bytes out or counts some twice" % table)
            wrong.append(table)
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
