#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 180 s
# The pool's file system is full: the writer is told, nothing that was acknowledged is lost, and when there is space again
# the cartridge goes on.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
mkdir "$work/small"
mount -t tmpfs -o size=24M small "$work/small"
# shellcheck disable=SC2034 # lib.sh runs it
on_leave="umount -l $work/small"
POOL=$work/small/pool library full -- capacity=1G
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
head -c 4000000 /dev/urandom >"$work/first"
head -c 60000000 /dev/urandom >"$work/data"

claim "an archive fits" dd if="$work/first" of="$nst1" bs=64k status=none
refused "a full pool ends a write with an error" 'no space|input/output' dd if="$work/data" of="$nst1" bs=64k
claim "the drive still answers" sg_turs "$sg1"
claim "rewind" mt -f "$nst1" rewind
claim "the closed archive can be read" dd if="$nst1" of="$work/back" bs=64k status=none
claim "and is what was written" cmp "$work/first" "$work/back"
dd if="$nst1" of="$work/back" bs=64k 2>/dev/null
claim "what follows is what was written" cmp -n "$(stat -c %s "$work/back")" "$work/data" "$work/back"
claim "status does not lie" vtl cartridge show TAP001L8 --library full

mount -o remount,size=100M "$work/small"
mt -f "$nst1" rewind
claim "behind the first archive" mt -f "$nst1" fsf 1
claim "with space again the cartridge goes on" dd if="$work/data" of="$nst1" bs=64k status=none
mt -f "$nst1" asf 1
claim "read it" dd if="$nst1" of="$work/back" bs=64k status=none
claim "all of it is there" cmp "$work/data" "$work/back"
out_of_drive 1
finish
