#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 6000 s
# Random and mutated CDBs at a drive and a changer through /dev/sg (tests/fuzz/fuzz_cdb_sg.c): 100000 of them with VTL_LONG, or
# VTL_CDBS. tcmu-runner lives and is the same process, the units go on, and every cartridge reads well.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
long_only
rig_library
count=${VTL_CDBS:-100000}
runner=$(cat /run/tcmu-runner.pid)
seed=${VTL_SEED:-$RANDOM}
# shellcheck disable=SC2154 # set by library
echo "# VTL_SEED=$seed"
"$VTL_BUILD"/tests/fuzz/fuzz_cdb_sg "$sg1" "$sg0" "$seed" "$count" 2>&1 | sed -u 's/^/# /'
equal "$count commands, and no promise is broken" "${PIPESTATUS[0]}" 0
claim "tcmu-runner is the same process" kill -0 "$runner"
equal "and nobody else" "$(cat /run/tcmu-runner.pid)" "$runner"
for unit in "$sg0" "$sg1"; do
	sg_persist --out --clear --param-rk=0 "$unit" >/dev/null 2>&1
	for ((i = 0; i < 10; i++)); do sg_turs "$unit" >/dev/null 2>&1 && break; done
	sg_inq "$unit" >/dev/null
done
claim "the changer is ready" sg_turs "$sg0"
# Whatever is in the drive now, and whether it is threaded: the drive takes it, and the robot gets it out.
sg_prevent --allow "$sg1" >/dev/null 2>&1
sg_prevent --allow "$sg0" >/dev/null 2>&1
mtx -f "$changer" status >"$work/status" 2>&1
equal "the robot sees three cartridges" "$(grep -c 'VolumeTag *= *T[123] ' <(sed 's/$/ /' "$work/status"))" 3
sed 's/^/# /' "$work/status"
if grep -q "Data Transfer Element 0:Full" "$work/status"; then
	claim "the drive loads what is in it" sg_raw "$sg1" 1b 00 00 00 01 00
else
	in_drive T1 1
fi
for ((i = 0; i < 10; i++)); do sg_turs "$sg1" >/dev/null 2>&1 && break; done
claim "the drive is ready" sg_turs "$sg1"
# Nothing of the fuzz is in the way of a host: mode pages as after power on, a new recording from the beginning.
mt -f "$nst1" rewind
vtl-lio teardown lib0 >/dev/null 2>&1
for barcode in T1 T2 T3; do claim "$barcode reads well" vtl cartridge verify "$barcode"; done
export_library lib0
mtx -f "$changer" status >"$work/status" 2>&1
for drive in 1 2; do ! grep -q "Data Transfer Element $((drive - 1)):Full" "$work/status" || out_of_drive $drive; done
in_drive T1 1
mt -f "$nst1" setblk 0
# The fuzz may have left it small, and in partitions.
claim "a host gives the cartridge its whole capacity" sg_raw "$sg1" 0b 00 00 ff ff 00
claim "and one partition" sg_raw "$sg1" 04 00 00 00 00 00
head -c 100000 /dev/urandom >"$work/data"
claim "a host writes again" dd if="$work/data" of="$nst1" bs=10000 status=none
mt -f "$nst1" rewind
claim "and reads it" cmp "$work/data" <(dd if="$nst1" bs=10000 status=none)
out_of_drive 1
finish
