#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 1500 s
# Random and mutated CDBs at a drive and a changer through /dev/sg (tests/fuzz/fuzz_cdb_sg.c): 3000 of them, or VTL_CDBS, or
# 100000 with VTL_LONG. tcmu-runner lives and is the same process, and the units go on.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
long_only
rig_library
count=${VTL_CDBS:-3000}
[ -z "${VTL_LONG:-}" ] || count=100000
runner=$(cat /run/tcmu-runner.pid)
seed=${VTL_SEED:-$RANDOM}
# shellcheck disable=SC2154 # set by library
claim "$count commands, VTL_SEED=$seed" "$VTL_BUILD"/tests/fuzz/fuzz_cdb_sg "$sg1" "$sg0" "$seed" "$count"
claim "tcmu-runner is the same process" kill -0 "$runner"
equal "and nobody else" "$(cat /run/tcmu-runner.pid)" "$runner"
for unit in "$sg0" "$sg1"; do
	sg_persist --out --clear --param-rk=0 "$unit" >/dev/null 2>&1
	for ((i = 0; i < 10; i++)); do sg_turs "$unit" >/dev/null 2>&1 && break; done
	sg_inq "$unit" >/dev/null
done
claim "the changer is ready" sg_turs "$sg0"
# Whatever is in the drive now: the robot gets it out, another cartridge is written and read.
sg_prevent --allow "$sg1" >/dev/null 2>&1
sg_prevent --allow "$sg0" >/dev/null 2>&1
mtx -f "$changer" status >"$work/status" 2>&1
equal "the robot sees three cartridges" "$(grep -c 'VolumeTag *= *T[123] ' <(sed 's/$/ /' "$work/status"))" 3

barcode=$(sed -n 's/.*Element 0:Full.*VolumeTag *= *\(T[123]\) *$/\1/p' "$work/status")
[ -n "$barcode" ] || in_drive T1 1
for ((i = 0; i < 10; i++)); do sg_turs "$sg1" >/dev/null 2>&1 && break; done
claim "the drive is ready" sg_turs "$sg1"
finish
