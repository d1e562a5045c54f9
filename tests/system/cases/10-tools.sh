#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The tools that administrators and drivers use to ask a drive and a changer who they are answer without complaint.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh

complaints='too short|illegal|malformed|bad field|fetch.*failed|unexpected'

# quiet TEXT COMMAND...: ends with 0 and complains of nothing.
quiet() {
	local text=$1 out status
	shift
	out=$("$@" 2>"$work/err")
	status=$?
	if [ $status = 0 ] && [ ! -s "$work/err" ] && ! grep -Eiq "$complaints" <<<"$out"; then
		pass "$text"
	else
		fail "$text" "$*" "status $status" "$(cat "$work/err")" "$(grep -Ein "$complaints" <<<"$out")"
	fi
	printf '%s\n' "$out" >"$work/out"
}

library tools
in_drive TAP001L8 1

quiet "lsscsi lists the units" lsscsi -g
contains "lsscsi sees one changer" "$(cat "$work/out")" 'mediumx +TCMU-VTL'
equal "lsscsi sees two tapes" "$(grep -c 'tape *TCMU-VTL' "$work/out")" 2
for unit in "$sg0" "$sg1"; do
	quiet "sg_turs $unit" sg_turs "$unit"
	claim "sg_requests $unit" sg_requests "$unit"
	quiet "sg_inq $unit" sg_inq "$unit"
	quiet "sg_inq with the serial number $unit" sg_inq --page=sn "$unit"
	quiet "sg_luns $unit" sg_luns "$unit"
	equal "the target has three units" "$(grep -ci '^ *[0-9a-f]\{16\}$' <(sg_luns "$unit"))" 3
	quiet "sg_vpd $unit" sg_vpd "$unit"
	for page in $(sg_vpd -q "$unit" | sed -n 's/^ *\(0x[0-9a-f]*\) .*/\1/p') 0x00 0x80 0x83; do
		quiet "sg_vpd page $page $unit" sg_vpd -p "$page" "$unit"
	done
	quiet "sg_modes $unit" sg_modes -a "$unit"
	quiet "sg_modes with 6 bytes $unit" sg_modes -6 -a "$unit"
	quiet "sg_modes lists pages $unit" sg_modes -l "$unit"
	for control in 0 1 2 3; do # current, changeable, default, saved
		quiet "sg_modes control $control $unit" sg_modes -c $control -a "$unit"
	done
	quiet "sg_logs $unit" sg_logs -a "$unit"
	quiet "sg_logs lists pages $unit" sg_logs -l "$unit"
	quiet "sg_opcodes $unit" sg_opcodes "$unit"
	quiet "sg_opcodes with timeouts $unit" sg_opcodes -R "$unit"
	quiet "sg_opcodes of one opcode $unit" sg_opcodes -o 0x12 "$unit"
	quiet "sg_senddiag $unit" sg_senddiag --test "$unit"
	refused "an unknown page is refused $unit" 'illegal|invalid|not supported|out of domain' sg_vpd -f -p 0xee "$unit"
	refused "an unknown command is refused $unit" 'illegal request|invalid command' sg_raw "$unit" 84 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
done
# READ BLOCK LIMITS: LTO's own
contains "sg_read_block_limits" "$(sg_read_block_limits "$sg1" 2>&1)" '16777215|FFFFFF|ffffff'
quiet "tapeinfo" tapeinfo -f "$sg1"
contains "tapeinfo sees the drive's serial" "$(tapeinfo -f "$sg1")" "SerialNumber: '[A-Z0-9]+'"
quiet "loaderinfo" loaderinfo -f "$sg0"
contains "loaderinfo sees the mail slots" "$(loaderinfo -f "$sg0")" 'Number of Import/Export Elements: 2'
serials=$(for unit in "$sg0" "$sg1" "$sg2"; do sg_vpd -q -p 0x80 "$unit"; done | sort -u | grep -c .)
equal "no two units share a serial number" "$serials" 3
# libtcmu drops these operation codes; a drive must refuse them, and go on (reference: TCMU, dropped CDBs)
for opcode in 60 7e c0 e7 ff; do
	timeout 60 sg_raw -t 50 "$sg1" $opcode 00 00 00 00 00 >"$work/dropped" 2>&1 &
	waited=$!
	for ((i = 0; i < 100; i++)); do
		kill -0 $waited 2>/dev/null || break
		sg_turs "$sg1" >/dev/null 2>&1
		sleep 0.1
	done
	wait $waited
	status=$?
	# sg_raw takes some of them for NVMe, and then gives the bare status
	contains "opcode $opcode is refused" "$status $(cat "$work/dropped")" 'Illegal Request|Invalid command|NVMe Result=0x2'
done
claim "the drive goes on" sg_turs "$sg1"
out_of_drive 1
finish
