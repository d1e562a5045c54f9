#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 180 s
# One flipped byte in a cartridge's file: an error at exactly that block, never wrong data; spacing past it works, and
# every other block is good.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library damage
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
for number in 0 1 2 3 4 5 6 7 8 9; do
	{ echo "this is block $number of the damaged tape" && head -c 65000 /dev/urandom; } | head -c 65000 >"$work/block$number"
	dd if="$work/block$number" of="$nst1" bs=65000 count=1 status=none
done
out_of_drive 1

read -r file offset <<<"$(grep -rabo "this is block 5 of the damaged tape" "$pool"/TAP001L8.cart | sed 's/:\([0-9]*\):.*/ \1/')"
claim "block 5 is found in the pool" test -f "$file"
offset=$((offset + 1000))
byte=$(dd if="$file" bs=1 skip=$offset count=1 status=none | od -An -tu1)
# shellcheck disable=SC2059 # the format is the byte
printf "\\x$(printf %02x $((byte ^ 4)))" | dd of="$file" bs=1 seek=$offset conv=notrunc status=none

in_drive TAP001L8 1
for number in 0 1 2 3 4; do
	dd if="$nst1" of="$work/back" bs=1M count=1 status=none
	claim "block $number is good" cmp "$work/block$number" "$work/back"
	mt -f "$nst1" fsf 1
done
: >"$work/back"
refused "block 5 is an error" 'input/output' dd if="$nst1" of="$work/back" bs=1M count=1
equal "and gives no data" "$(stat -c %s "$work/back")" 0
mt -f "$nst1" asf 6
for number in 6 7 8 9; do
	dd if="$nst1" of="$work/back" bs=1M count=1 status=none
	claim "block $number is good" cmp "$work/block$number" "$work/back"
	mt -f "$nst1" fsf 1
done
mt -f "$nst1" asf 5
contains "REQUEST SENSE names a medium error" "$(sg_raw -r 65000 "$sg1" 08 00 00 fd e8 00 2>&1)" 'Medium Error|Sense key: Medium'
out_of_drive 1
finish
