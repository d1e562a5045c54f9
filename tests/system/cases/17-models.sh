#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 600 s
# Drives of other makers and ages as st meets them: each is opened, said what it is, written by tar and read back, and its
# robot answers mtx. SCSI-2 drives have fewer pages and commands than st and the tools would like.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
models="quantum-dlt7000 ibm-3592-e08"
[ -z "${VTL_LONG:-}" ] || models="$models cart3480 ibm-3490e hp-lto3 sony-ait3 stk-t9840a"
for model in $models; do
	name=${model//-/_}
	printf '[library]\nname=%s\nslots=3\nmail_slots=1\ndrives=1\npersonality=%s\npool=%s\n[media]\nbarcodes=A00001-A00002\ncapacity=50M\n' \
		"$name" "$model" "$work/pool-$name" >"$work/$name.conf"
	vtl library create "$work/$name.conf" >"$work/create.log" 2>&1 || {
		fail "create a library of $model" "$(cat "$work/create.log")"
		continue
	}
	libraries+=("$name")
	export_library "$name"
	claim "$model: mtx sees the robot" mtx -f "$changer" status
	claim "$model: a cartridge is loaded" vtl drive load A00001 1 -l "$name"
	claim "$model: mt opens it" mt -f "$nst1" status
	claim "$model: variable blocks" mt -f "$nst1" setblk 0
	claim "$model: tar writes" tar -b 20 -C /usr/share -cf "$nst1" doc/tar
	mt -f "$nst1" rewind
	claim "$model: and compares" tar -b 20 -C /usr/share -df "$nst1"
	claim "$model: mt offline" mt -f "$nst1" offline
	vtl drive unload 1 -l "$name" >/dev/null 2>&1
	claim "$model: the cartridge reads well" vtl cartridge verify A00001 -l "$name"
	vtl-lio teardown "$name" >/dev/null 2>&1
done
finish
