# SPDX-License-Identifier: Apache-2.0
"""check-man.py POLICYD SOURCE: vtl-policyd(8) has exactly the options of --help, vtl-policy.conf(5) exactly the keys and
conditions that policy/config.c and policy/rule.c read; both format without a warning where groff is there."""
import os
import re
import shutil
import subprocess
import sys

policyd, source = sys.argv[1:]
complaints = []


def read(path):
    with open(os.path.join(source, path), encoding="utf-8") as file:
        return file.read()


def compare(what, written, real):
    if not real or sorted(written) != sorted(real):
        complaints.append(f"{what}: the page has {sorted(written)}, the program {sorted(real)}")


def keys(page, group):
    chapter = re.search(rf'^\.SH "?\[{group}[^\n]*\n(.*?)(?=^\.SH)', page, re.M | re.S).group(1)
    return re.findall(r"^\.BI ([\w-]+)= ", chapter, re.M)


def keys_of_code(config, group):
    row = re.search(rf"{group}_keys\[\] = \{{(.*?)\}};", config, re.S).group(1)
    return re.findall(r'"([\w-]+)"', row)


shown = subprocess.run([policyd, "--help"], capture_output=True, text=True, check=True).stdout
daemon = read("packaging/man/vtl-policyd.8").replace("\\-", "-")
options = re.search(r"^\.SH OPTIONS\n(.*?)^\.SH", daemon, re.M | re.S).group(1)
compare("vtl-policyd.8, OPTIONS", re.findall(r"(--[a-z-]+)", " ".join(
    line for before, line in zip(options.splitlines(), options.splitlines()[1:]) if before == ".TP")),
    re.findall(r"(--[a-z-]+)", shown))

page = read("packaging/man/vtl-policy.conf.5").replace("\\-", "-")
config = read("policy/config.c")
for group in ("policyd", "drive", "rule"):
    compare(f"vtl-policy.conf.5, [{group}]", keys(page, group), keys_of_code(config, group))
compare("vtl-policy.conf.5, conditions", re.findall(r'^\.BI ([a-z-]+) "', page, re.M),
        re.findall(r'^\t\{ "([a-z-]+)",\s+VALUE_', read("policy/rule.c"), re.M))
for rules in (read("docs/policy-rules.md"),):
    for condition in re.findall(r'^\t\{ "([a-z-]+)",\s+VALUE_', read("policy/rule.c"), re.M):
        if f"`{condition} " not in rules:
            complaints.append(f"docs/policy-rules.md does not tell of {condition}")

for name in ("vtl-policyd.8", "vtl-policy.conf.5"):
    if shutil.which("groff"):
        result = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", os.path.join(source, "packaging/man", name)],
                                capture_output=True, text=True, check=False)
        if result.returncode or result.stderr:
            complaints.append(f"{name}: {result.stderr.strip()}")

print("\n".join(complaints))
sys.exit(bool(complaints))
