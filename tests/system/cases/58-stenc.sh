#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 200 s
# stenc drives the drive's encryption: on, off, another key, mixed. Without the right key nothing is read; on the disk there
# is neither the text nor the key. (-a 1: the index of AES-256-GCM on drives of LTO; Debian's stenc begins with 0.)
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
command -v stenc >/dev/null || skip_all "stenc is not installed"
library crypted
in_drive TAP001L8 1
has_command 0xa2 || skip_all "this drive has no SECURITY PROTOCOL IN"
mt -f "$nst1" setblk 0
key1=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n') key2=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
printf '%s\nfirst key\n' "$key1" >"$work/key1"
printf '%s\nsecond key\n' "$key2" >"$work/key2"
for n in $(seq 2000); do echo "a sentence that nobody else may read, number $n"; done >"$work/text"

contains "encryption is off" "$(stenc -f "$nst1" --detail 2>&1)" 'Drive Encryption: *off'
claim "a file in clear" dd if="$work/text" of="$nst1" bs=20000 status=none
claim "stenc -e on" stenc -f "$nst1" -e on -a 1 -k "$work/key1"
contains "it is on" "$(stenc -f "$nst1" --detail 2>&1)" 'Drive Encryption: *on'
claim "an encrypted file" dd if="$work/text" of="$nst1" bs=20000 status=none
mt -f "$nst1" asf 1
claim "it is read with its key" cmp "$work/text" <(dd if="$nst1" bs=20000 status=none)
mt -f "$nst1" asf 1
contains "stenc knows the key's name" "$(stenc -f "$nst1" --detail 2>&1)" 'first key'
claim "stenc -e off" stenc -f "$nst1" -e off -a 1
mt -f "$nst1" asf 1
refused "without a key it is not read" 'input/output|permission|error|denied|key' dd if="$nst1" of=/dev/null bs=20000 count=1
mt -f "$nst1" asf 0
claim "what is in clear is read" cmp "$work/text" <(dd if="$nst1" bs=20000 status=none)
claim "stenc with another key" stenc -f "$nst1" -e on -a 1 -k "$work/key2"
mt -f "$nst1" asf 1
refused "with another key it is not read" 'input/output|permission|error|denied|key' dd if="$nst1" of=/dev/null bs=20000 count=1
mt -f "$nst1" eod
claim "a file with the second key" dd if="$work/text" of="$nst1" bs=20000 status=none
claim "stenc with the first key again, mixed" stenc -f "$nst1" -e mixed -a 1 -k "$work/key1"
mt -f "$nst1" asf 1
claim "the first file is read" cmp "$work/text" <(dd if="$nst1" bs=20000 status=none)
mt -f "$nst1" asf 0
claim "so is the one in clear" cmp "$work/text" <(dd if="$nst1" bs=20000 status=none)
mt -f "$nst1" asf 2
refused "the third one is not" 'input/output|permission|error|denied|key' dd if="$nst1" of=/dev/null bs=20000 count=1
claim "stenc -e off" stenc -f "$nst1" -e off -a 1
out_of_drive 1
equal "the sentence is on the disk once, in clear" "$(cat "$pool"/TAP001L8.cart/data.* | grep -aoc 'read, number 1$')" 1
/usr/bin/python3 - "$work/found" "$key1" "$key2" "$pool" "$TCMU_VTL_STATE" /var/log/tcmu-runner.log <<'P'
import os, sys
out, keys, roots = sys.argv[1], sys.argv[2:4], sys.argv[4:]
files = [os.path.join(d, f) for r in roots for d, _, fs in os.walk(r) for f in fs] + [r for r in roots if os.path.isfile(r)]
hits = []
for path in files:
    data = open(path, "rb").read()
    hits += [path for key in keys if bytes.fromhex(key) in data or key.encode() in data.lower()]
open(out, "w").write("\n".join(hits))
P
equal "no key is on the disk or in a log" "$(cat "$work/found")" ""
finish
