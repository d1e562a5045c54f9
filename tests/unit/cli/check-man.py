# SPDX-License-Identifier: Apache-2.0
"""check-man.py VTL SOURCE: the manual pages say what the programs do.

vtl(1) has each command of `vtl --help` with the same arguments and exactly the options of its --help, and the common
options and exit codes; vtl-library.conf(5) has exactly the keys that lib/library/config.c reads; both format without a
warning where groff is there.
"""
import os
import re
import shutil
import subprocess
import sys

vtl, source = sys.argv[1:]
complaints = []


def complain(text):
    complaints.append(text)
    print(text)


def run(*args):
    return subprocess.run([vtl, *args], capture_output=True, text=True, check=True).stdout


def plain(line):
    """A line of roff as a reader sees it: requests, quotes and escapes gone."""
    request = re.match(r"\.(BR|BI|B|RI|I)\s+(.*)", line)
    if request:
        words = re.findall(r'"([^"]*)"|(\S+)', request.group(2))
        alternating = len(request.group(1)) == 2
        line = ("" if alternating else " ").join(a or b for a, b in words)
    return line.replace("\\-", "-")


def options_of(lines):
    """Every option that is named as such: the lines that follow .TP."""
    found = set()
    for tag, line in zip(lines, lines[1:]):
        if tag == ".TP":
            found |= set(re.findall(r"(?:^|[ ,])(--?[A-Za-z][a-z-]*)", plain(line)))
    return found


def help_options(text):
    found = set()
    for line in text.splitlines():
        row = re.match(r"  (-\w, |    )(--[a-z-]+)", line)
        if row:
            found |= {row.group(2)} | ({row.group(1)[:2]} if row.group(1).strip() else set())
    return found


def sections(lines, request):
    """{heading: lines} of .SS or .SH."""
    found, current = {}, None
    for line in lines:
        if line.startswith((".SH ", ".SS ")):
            current = plain(line[4:]).strip('"') if line.startswith(request) else None
            if current:
                found[current] = []
        elif current:
            found[current].append(line)
    return found


def check_vtl():
    page = os.path.join(source, "packaging/man/vtl.1")
    with open(page, encoding="utf-8") as file:
        lines = file.read().splitlines()
    written = sections(lines, ".SS")
    overview = run("--help")
    common = help_options(overview)
    commands = [row.group(1).strip() for row in re.finditer(r"^  ([a-z].{37}) \S", overview, re.M)]
    if len(commands) < 18:
        complain(f"vtl --help lists only {len(commands)} commands")
    for command in commands:
        words = re.match(r"[a-z -]+(?![A-Z])", command).group().split()
        wanted = help_options(run(*words, "--help")) - common
        if command not in written:
            complain(f"vtl.1 has no section '.SS {command}'")
        elif options_of(written[command]) != wanted:
            complain(f"vtl.1, {command}: options {sorted(options_of(written[command]))}, --help has {sorted(wanted)}")
    for heading in set(written) - set(commands):
        complain(f"vtl.1 has a section '{heading}' that is no command")
    chapters = sections(lines, ".SH")
    if options_of(chapters["COMMON OPTIONS"]) != common:
        complain(f"vtl.1, COMMON OPTIONS: not {sorted(common)}")
    codes = set(re.findall(r"^\.B (\d)$", "\n".join(chapters["EXIT CODES"]), re.M))
    told = set(re.findall(r"\b(\d) ", overview[overview.index("Exit codes:"):])) | {"5"}
    if codes != told:
        complain(f"vtl.1, EXIT CODES: {sorted(codes)}, --help has {sorted(told)}")


def check_library_conf():
    with open(os.path.join(source, "lib/library/config.c"), encoding="utf-8") as file:
        read = re.findall(r'^\t\{ "(\w+)",\s+"(\w+)",', file.read(), re.M)
    with open(os.path.join(source, "packaging/man/vtl-library.conf.5"), encoding="utf-8") as file:
        chapters = sections(file.read().splitlines(), ".SH")
    written = [(group, key) for group in ("library", "media")
               for key in re.findall(r"^\.BI (\w+)= ", "\n".join(chapters[f"[{group}]"]), re.M)]
    if len(read) < 10 or read != written:
        complain(f"vtl-library.conf.5 has the keys {written}, config.c reads {read}")


def check_personality():
    """Each key of a group of lib/personality/keys.c stands in its chapter, in the same order."""
    with open(os.path.join(source, "lib/personality/keys.c"), encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(source, "packaging/man/tcmu-vtl-personality.5"), encoding="utf-8") as file:
        chapters = sections(file.read().splitlines(), ".SH")
    for kind in ("density", "medium", "drive", "library", "personality"):
        rows = text[text.index(f"key_row {kind}_keys[]"):]
        read = re.findall(r'^\t\{ "([\w.]+)",', rows[:rows.index("};")], re.M)
        chapter = "\n".join(chapters[f"[{kind} NAME]"])
        written = [key.replace("\\-", "-") for key in re.findall(r"^\.BI ([\w.]+)[ =]", chapter, re.M)]
        if len(read) < 3 or read != written:
            complain(f"tcmu-vtl-personality.5, [{kind} NAME]: {written}, keys.c reads {read}")


def check_format():
    if not shutil.which("groff"):
        return
    for name in ("vtl.1", "vtl-library.conf.5", "tcmu-vtl-personality.5"):
        page = os.path.join(source, "packaging/man", name)
        result = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True, check=False)
        if result.returncode or result.stderr:
            complain(f"{name}: {result.stderr.strip()}")


check_vtl()
check_library_conf()
check_personality()
check_format()
sys.exit(bool(complaints))
