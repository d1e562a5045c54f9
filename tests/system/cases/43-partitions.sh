#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 200 s
# mt mkpartition, setpartition, partseek: two partitions of a cartridge hold different data, and one again.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library parted -- capacity=400M early_warning=20M
in_drive TAP001L8 1
has_command 0x04 || skip_all "this drive has no FORMAT MEDIUM"
tape() { mt -f "$nst1" "$@"; }
tape setblk 0
claim "st is told that the drive has partitions" tape stsetoptions can-partitions
head -c 1000000 /dev/urandom >"$work/first"
head -c 300000 /dev/urandom >"$work/second"
claim "mt mkpartition 100" tape mkpartition 100
contains "the drive tells of an additional partition" "$(sg_modes -p 0x11 "$sg1" 2>&1)" '11 [0-9a-f]{2} [0-9a-f]{2} 01'
claim "a file for the first partition" dd if="$work/first" of="$nst1" bs=10000 status=none
claim "mt setpartition 1" tape setpartition 1
claim "mt rewind" tape rewind
contains "mt status shows the partition" "$(tape status)" 'partition=1'
refused "the second one is empty" 'input/output|error' dd if="$nst1" of=/dev/null bs=64k count=1
tape rewind
claim "a file for the second partition" dd if="$work/second" of="$nst1" bs=30000 status=none
claim "mt partseek to block 3 of the second" tape partseek 1 3
claim "its fourth block" cmp <(dd if="$nst1" bs=30000 count=1 status=none) <(dd if="$work/second" bs=30000 skip=3 count=1 status=none)
claim "mt partseek to the first" tape partseek 0 0
claim "it holds its own" cmp "$work/first" <(dd if="$nst1" bs=10000 status=none)
claim "mt setpartition 1" tape setpartition 1
claim "mt rewind" tape rewind
claim "so does the second" cmp "$work/second" <(dd if="$nst1" bs=30000 status=none)
tape partseek 0 0
out_of_drive 1
in_drive TAP001L8 1
claim "after another mount the first holds its own" cmp "$work/first" <(dd if="$nst1" bs=10000 status=none)
claim "mt setpartition 1" tape setpartition 1
claim "mt rewind" tape rewind
claim "and the second" cmp "$work/second" <(dd if="$nst1" bs=30000 status=none)
tape partseek 0 0
claim "mt mkpartition 0" tape mkpartition 0
refused "there is no second partition any more" 'error|invalid' tape setpartition 1
tape stclearoptions can-partitions
out_of_drive 1
finish
