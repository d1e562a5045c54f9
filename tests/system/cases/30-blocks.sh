#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Blocks of every length come back with exactly their length and contents, with and without SILI; a block that is longer
# than what was asked for, a filemark and the end of data are told apart.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library blocks
in_drive TAP001L8 1
claim "variable blocks" mt -f "$nst1" setblk 0
PYTHONPATH=$(dirname "$0")/.. /usr/bin/python3 -B "$(dirname "$0")"/../blocks.py "$nst1" >"$work/out"
status=$?
grep -v '^1\.\.' "$work/out" | sed "s/^\(not \)\?ok [0-9]* - /&blocks: /"
claims=$((claims + $(grep -c '^\(not \)\?ok' "$work/out"))) failures=$((failures + $(grep -c '^not ok' "$work/out")))
equal "the program came to its end" "$((status < 2))" 1

# The same by dd, which everybody has.
head -c 3000001 /dev/urandom >"$work/data"
for size in 512 64k 256k 1M; do
	mt -f "$nst1" rewind
	claim "dd writes blocks of $size" dd if="$work/data" of="$nst1" bs=$size status=none
	mt -f "$nst1" rewind
	claim "dd reads blocks of $size" dd if="$nst1" of="$work/back" bs=$size status=none
	claim "the same bytes come back" cmp "$work/data" "$work/back"
done
mt -f "$nst1" rewind
claim "dd reads with a larger buffer than the blocks" dd if="$nst1" of="$work/back" bs=1M status=none
claim "the same bytes come back" cmp "$work/data" "$work/back"

# Fixed blocks
for size in 512 4096 65536; do
	claim "mt setblk $size" mt -f "$nst1" setblk $size
	contains "mt status says so" "$(mt -f "$nst1" status)" "Tape block size $size bytes"
	mt -f "$nst1" rewind
	truncate -s $((size * 37)) "$work/fixed"
	head -c $((size * 37)) "$work/data" >"$work/fixed"
	claim "many blocks a command are written" dd if="$work/fixed" of="$nst1" bs=$((size * 8)) status=none
	equal "they are single blocks of $size" "$(mt -f "$nst1" tell)" "At block 38."
	mt -f "$nst1" rewind
	claim "they are read, many a command" dd if="$nst1" of="$work/back" bs=$((size * 8)) status=none
	claim "the same bytes come back" cmp "$work/fixed" "$work/back"
	mt -f "$nst1" rewind
	claim "they are read one by one" dd if="$nst1" of="$work/back" bs=$size status=none
	claim "the same bytes come back" cmp "$work/fixed" "$work/back"
	refused "a part of a block cannot be written" 'invalid|error' dd if="$work/data" of="$nst1" bs=$((size + 1)) count=1
done
mt -f "$nst1" rewind
mt -f "$nst1" setblk 512
refused "blocks of another size are refused, not cut" 'input/output|cannot' dd if="$nst1" of=/dev/null bs=512 count=1
claim "and the tape goes on" mt -f "$nst1" rewind
mt -f "$nst1" setblk 0
out_of_drive 1
finish
