#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # claim calls the functions
# limit: 900 s
# dd writes and reads a block of every length from 1 to 300 bytes (with VTL_LONG; else of some of them, 30-blocks has all)
# and of every power of two up to 1 MiB: each is one block, and comes back as it was, to a reader that asks exactly and to one
# that asks for more.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library sizes
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
powers=(512 1024 2048 4096 8192 16384 32768 65536 131072 262144 524288 1048576)
sizes=(1 2 3 7 13 255 256 257 299 300 "${powers[@]}")
if [ -n "${VTL_LONG:-}" ]; then mapfile -t sizes < <(seq 1 300 && printf '%s\n' "${powers[@]}"); fi
total=0
for size in "${sizes[@]}"; do total=$((total + size)); done
head -c $total /dev/urandom >"$work/data"

# each SIZES...: runs dd once for each size, all with the same open device or file
each() {
	local direction=$1 size
	shift
	for size in "$@"; do
		dd bs="$size" count=1 status=none || {
			echo "$direction of $size failed" >&2
			return 1
		}
	done
}
write_each() { each writing "${sizes[@]}" <"$work/data" >"$nst1"; }
read_each() { each reading "${sizes[@]}" <"$nst1" >"$work/back"; }

claim "dd writes a block of each length" write_each
equal "each is one block, then the filemark of the close" "$(mt -f "$nst1" tell)" "At block $((${#sizes[@]} + 1))."
mt -f "$nst1" rewind
claim "dd reads each of them with its own length" read_each
claim "the same bytes come back" cmp "$work/data" "$work/back"
mt -f "$nst1" rewind
claim "dd reads all of them with a buffer of 1 MiB" dd if="$nst1" of="$work/back" bs=1M status=none
claim "the same bytes come back" cmp "$work/data" "$work/back"
# A block that is longer than the buffer is an error, never a part of it.
mt -f "$nst1" rewind
mt -f "$nst1" fsr $((${#sizes[@]} - ${#powers[@]} - 1))
refused "a block of 300 bytes does not fit into 299" 'cannot allocate|error reading' dd if="$nst1" of=/dev/null bs=299 count=1
# Fixed blocks of every power of two, 1 MiB each
head -c 1048576 "$work/data" >"$work/mib"
for size in 512 8192 131072 1048576; do
	mt -f "$nst1" rewind
	mt -f "$nst1" setblk "$size"
	claim "fixed blocks of $size are written" dd if="$work/mib" of="$nst1" bs=1M status=none
	equal "there are as many as fit" "$(mt -f "$nst1" tell)" "At block $((1048576 / size + 1))."
	mt -f "$nst1" rewind
	claim "and read" dd if="$nst1" of="$work/back" bs=1M status=none
	claim "the same bytes come back" cmp "$work/mib" "$work/back"
done
mt -f "$nst1" setblk 0
out_of_drive 1
finish
