#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # claim calls the functions
# limit: 200 s
# Persistent reservations from two initiators (two loopback nexuses at the same units): register, reserve, conflict seen by
# the other one, preempt, release, clear.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library shared
in_drive TAP001L8 1
mt -f "$nst1" setblk 0

# A second nexus: another loopback target, with the same backstore as its LUN 1.
groups=(/sys/kernel/config/target/loopback/naa.*/tpgt_1)
first=${groups[0]} target=${groups[0]%/*/*}/naa.5001405feed00001
second=$target/tpgt_1
# shellcheck disable=SC2034 # lib.sh runs it
on_leave="rm -f $second/lun/lun_1/drive; rmdir $second/lun/lun_1; echo NULL >$second/nexus; rmdir $second $target"
mkdir -p "$second" || skip_all "no second loopback target"
echo "naa.5001405feed00002" >"$second/nexus"
mkdir "$second/lun/lun_1"
ln -s "$(readlink -f "$first"/lun/lun_1/*/ 2>/dev/null | grep core | head -1)" "$second/lun/lun_1/drive"
address=$(cat "$second/address")
for ((i = 0; i < 100; i++)); do
	other=/dev/$(ls "/sys/bus/scsi/devices/$address:1/scsi_generic" 2>/dev/null)
	[ "$other" != /dev/ ] && [ -e "$other" ] && break
	sleep 0.2
done
[ -c "$other" ] || skip_all "the kernel shows no drive to a second loopback nexus"
claim "a second initiator sees the drive" test -c "$other"
equal "it is the same unit" "$(sg_vpd -q -p 0x80 "$other")" "$(sg_vpd -q -p 0x80 "$sg1")"
persist_in() { sg_persist --no-inquiry --in "$@" 2>&1; }
persist_out() { sg_persist --no-inquiry --out "$@"; }
for unit in "$sg1" "$other"; do for _ in 1 2 3; do sg_turs "$unit" >/dev/null 2>&1; done; done

claim "report capabilities" sg_persist --no-inquiry --in --report-capabilities "$sg1"
claim "the first registers a key" persist_out --register --param-sark=0xa1 "$sg1"
claim "the second registers another" persist_out --register --param-sark=0xb2 "$other"
contains "both keys are there" "$(persist_in --read-keys "$other" | tr '\n' ' ')" '0xa1.*0xb2|0xb2.*0xa1'
claim "the first reserves, exclusive access" persist_out --reserve --param-rk=0xa1 --prout-type=3 "$sg1"
contains "both see who holds it" "$(persist_in --read-reservation "$other")" 'Key *= *0xa1'
claim "the holder uses the drive" mt -f "$nst1" rewind
head -c 100000 /dev/urandom >"$work/data"
claim "the holder writes" dd if="$work/data" of="$nst1" bs=10000 status=none
refused "the other one cannot write" 'reservation conflict' sg_raw -s 100 -i "$work/data" "$other" 0a 00 00 00 64 00
refused "nor rewind" 'reservation conflict' sg_raw "$other" 01 00 00 00 00 00
refused "nor read" 'reservation conflict' sg_raw -r 100 "$other" 08 00 00 00 64 00
refused "nor reserve" 'reservation conflict' persist_out --reserve --param-rk=0xb2 --prout-type=3 "$other"
claim "it may ask who the unit is" sg_inq "$other"
claim "the holder releases" persist_out --release --param-rk=0xa1 --prout-type=3 "$sg1"
for _ in 1 2 3; do sg_turs "$other" >/dev/null 2>&1; done
claim "the other one may move now" sg_raw "$other" 01 00 00 00 00 00
claim "it reserves" persist_out --reserve --param-rk=0xb2 --prout-type=3 "$other"
refused "now the first is kept out" 'reservation conflict' sg_raw "$sg1" 01 00 00 00 00 00
claim "the first preempts it" persist_out --preempt --param-rk=0xa1 --param-sark=0xb2 --prout-type=3 "$sg1"
contains "and holds it" "$(persist_in --read-reservation "$sg1")" 'Key *= *0xa1'
contains "the other key is gone" "$(persist_in --read-keys "$sg1" | tr '\n' ' ')" '1 registered reservation key'
claim "read full status" sg_persist --no-inquiry --in --read-full-status "$sg1"
claim "the first clears all" persist_out --clear --param-rk=0xa1 "$sg1"
contains "nothing is left" "$(persist_in --read-keys "$sg1")" 'NO registered reservation keys|no registered'
for unit in "$sg1" "$other"; do for _ in 1 2 3; do sg_turs "$unit" >/dev/null 2>&1; done; done
mt -f "$nst1" rewind
claim "what the holder wrote is there" cmp "$work/data" <(dd if="$nst1" bs=10000 status=none)

# The old way: RESERVE and RELEASE of SPC-2
claim "RESERVE(6) by the first" sg_raw "$sg1" 16 00 00 00 00 00
refused "the other one is kept out" 'reservation conflict' sg_raw "$other" 01 00 00 00 00 00
claim "RELEASE(6)" sg_raw "$sg1" 17 00 00 00 00 00
claim "and is let in again" sg_raw "$other" 01 00 00 00 00 00
out_of_drive 1
finish
