#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # claim calls the functions
# limit: 240 s
# sdparm, sg_wr_mode, tapestat, smartctl and tar with sense data in descriptor format.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library more
in_drive TAP001L8 1
mt -f "$nst1" setblk 0

# sdparm: pages by name, fields read, changed, restored
claim "sdparm reads the pages it knows" sdparm --all "$sg1"
contains "the control page is among them" "$(sdparm --page=co "$sg1" 2>&1)" 'D_SENSE +0'
contains "and data compression" "$(sdparm --page=dac "$sg1" 2>&1)" 'DCC +1'
contains "and device configuration" "$(sdparm --page=dc "$sg1" 2>&1)" 'Device configuration'
claim "sdparm names the unit" sdparm --inquiry "$sg1"
contains "by an identifier" "$(sdparm --inquiry --page=di "$sg1" 2>&1)" 'NAA|T10'

# descriptor format: what st, mt and tar make of it
claim "sdparm sets D_SENSE" sdparm --set=D_SENSE=1 "$sg1"
contains "it is set" "$(sdparm --get=D_SENSE "$sg1" 2>&1)" 'D_SENSE +1'
contains "sense data has descriptors now" "$(sg_raw -vvv "$sg1" 11 04 00 00 01 00 2>&1)" 'escriptor format|72 05|72 5'
mkdir "$work/in" "$work/out"
for n in 1 2 3 4 5; do head -c $((n * 70001)) /dev/urandom >"$work/in/file$n"; done
mt -f "$nst1" rewind
claim "tar writes" tar -b 64 -C "$work/in" -cf "$nst1" .
claim "tar writes a second archive" tar -b 64 -C "$work/in" -cf "$nst1" file1 file2
mt -f "$nst1" rewind
claim "tar reads, with filemarks told in descriptors" tar -b 64 -C "$work/out" -xf "$nst1"
claim "nothing is different" diff -r "$work/in" "$work/out"
claim "mt fsf over the end of the archive" mt -f "$nst1" asf 1
claim "tar reads the second archive" tar -b 64 -C "$work/out" -xf "$nst1"
refused "the end of data ends a search" 'error' mt -f "$nst1" fsf 20
mt -f "$nst1" rewind
claim "short blocks are told from long requests" dd if="$nst1" of="$work/first" bs=256k count=1 status=none
equal "a block of tar's" "$(stat -c %s "$work/first")" 32768
refused "long blocks are told, too" 'cannot allocate' dd if="$nst1" of=/dev/null bs=1k count=1
claim "sdparm clears D_SENSE" sdparm --clear=D_SENSE "$sg1"

# sg_wr_mode: a whole page, masked, and one that is refused
contents=$(sg_modes -r -p 0x0f "$sg1" | tail -c +1 | od -An -tx1 -v | tr -s ' \n' ',' | sed 's/^,//; s/,$//')
claim "sg_modes reads page 0Fh raw" test -n "$contents"
claim "sg_wr_mode switches compression" sg_wr_mode --page=0x0f --contents=0f,0e,c0,80,0,0,0,1,0,0,0,0,0,0,0,0 --mask=ff,ff,80,0,0,0,0,0,0,0,0,0,0,0,0,0 "$sg1"
contains "it is on" "$(sdparm --get=DCE "$sg1" 2>&1)" 'DCE +1'
claim "sdparm switches it off" sdparm --clear=DCE "$sg1"

# tapestat: what st counts
modprobe -q st
head -c 20000000 /dev/urandom >"$work/data"
tapestat -z -k 1 4 >"$work/tapestat" 2>&1 &
stat=$!
mt -f "$nst1" rewind
for _ in 1 2; do dd if="$work/data" of="$nst1" bs=64k status=none; done
wait $stat
contains "tapestat sees the drive" "$(cat "$work/tapestat")" '^st[0-9]'

# smartctl: TapeAlert, error counters, identity
claim "smartctl finds nothing wrong with the drive" smartctl -i -H -l error -d scsi "$sg1"
smartctl -a -d scsi "$sg1" >"$work/smart" 2>&1
contains "smartctl knows a tape" "$(cat "$work/smart")" 'Device type: +tape'
contains "smartctl reads TapeAlert" "$(cat "$work/smart")" 'TapeAlert'
equal "no flag is set" "$(grep -c 'TapeAlert Errors\|\[0x' "$work/smart")" 0
contains "smartctl reads the error counters" "$(cat "$work/smart")" '^write: +0'
claim "smartctl finds nothing wrong with the changer" smartctl -i -H -d scsi "$sg0"
out_of_drive 1
finish
