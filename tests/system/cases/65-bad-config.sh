#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 180 s
# Wrong descriptions, cfgstrings, CDBs and a missing pool: each is refused with a reason, tcmu-runner goes on, nothing is left.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh

# description TEXT PATTERN LINES...: `vtl library create` refuses it and says PATTERN.
description() {
	local text=$1 pattern=$2
	shift 2
	printf '%s\n' "$@" >"$work/bad.conf"
	refused "$text" "$pattern" vtl library create "$work/bad.conf"
}
good=(name=bad slots=4 drives=1 "pool=$work/pool")
refused "no such file" 'no such file' vtl library create "$work/none.conf"
description "an empty file" 'library' ""
description "no drives" 'drives' '[library]' name=bad slots=4 "pool=$work/pool"
description "a number that is none" 'slots' '[library]' name=bad slots=many drives=1 "pool=$work/pool"
description "a negative number" 'drives' '[library]' name=bad slots=4 drives=-1 "pool=$work/pool"
description "too many drives" 'drives' '[library]' name=bad slots=4 drives=100000 "pool=$work/pool"
description "a name with a path in it" 'name' '[library]' name=../bad slots=4 drives=1 "pool=$work/pool"
description "a pool that is no absolute path" 'pool' '[library]' name=bad slots=4 drives=1 pool=here
description "an unknown key" 'slotts' '[library]' "${good[@]}" slotts=4
description "a barcode that is none" 'barcode' '[library]' "${good[@]}" '[media]' 'barcodes=../../etc/passwd' type=LTO-8
description "more cartridges than slots" 'slots' '[library]' "${good[@]}" '[media]' barcodes=TAP001L8-TAP009L8 type=LTO-8
description "a size that is none" 'capacity' '[library]' "${good[@]}" '[media]' barcodes=TAP001L8 type=LTO-8 capacity=big
equal "nothing was left behind" "$(find "$TCMU_VTL_STATE" -maxdepth 1 -name '*bad*')$(find "$work" -maxdepth 1 -name pool)" ""

# Personalities are the handler's: it refuses one that it has not, and vtl-lio says why.
printf '%s\n' '[library]' name=odd slots=4 drives=1 "pool=$work/odd" personality=nonesuch >"$work/odd.conf"
if vtl library create "$work/odd.conf" >"$work/out" 2>&1; then
	refused "an unknown personality" 'personality' vtl-lio setup odd
	claim "and the library can be destroyed" vtl library destroy odd
else
	contains "an unknown personality" "$(cat "$work/out")" 'personality'
fi

library config
refused "a library that is there already" 'exist' vtl library create "$work/config.conf"
refused "vtl-lio and an unknown library" 'no library' vtl-lio setup nonesuch

# refuses TEXT PATTERN SUBTYPE CFGSTRING: the handler's own check, as targetcli asks it.
refuses() {
	contains "$1" "$(dbus-send --system --print-reply --dest=org.kernel.TCMUService1 /org/kernel/TCMUService1/"$3" \
		org.kernel.TCMUService1.CheckConfig string:"$3/$4" 2>&1 | tr '\n' ' ')" "boolean false.*$2"
}
refuses "a drive that the library has not" 'drive' tape config/drive/3
refuses "drive 0" 'drive|1' tape config/drive/0
refuses "a number that is none" 'drive|number' tape config/drive/x
refuses "no library of this name" 'nonesuch' tape nonesuch/drive/1
refuses "a changer as a tape" 'tape|changer|drive' tape config/changer
refuses "a tape as a changer" 'changer' changer config/drive/1
refuses "a path in the name" '.' tape ../../etc/drive/1
refuses "nothing" '.' tape ''
claim "tcmu-runner lives" runner_alive
claim "the units still answer" mtx -f "$changer" inquiry

refused "targetcli is refused with a backstore that cannot be" 'config|cannot|error|not' \
	targetcli /backstores/user:tape create bad 1M config/drive/9
claim "the same by targetcli, right" targetcli /backstores/user:changer ls

# CDBs that no host should send: refused as ILLEGAL REQUEST, and the next command is good.
in_drive TAP001L8 1
bad_cdb() {
	local text=$1
	shift
	refused "$text" 'illegal request|invalid' sg_raw "$@"
	claim "and the drive goes on" sg_turs "$sg1"
}
bad_cdb "a reserved bit in TEST UNIT READY" "$sg1" 00 ff ff ff ff 00
bad_cdb "a fixed READ in variable mode" -r 512 "$sg1" 08 01 00 00 01 00
bad_cdb "SILI and FIXED together" -r 512 "$sg1" 08 03 00 00 01 00
bad_cdb "SPACE over setmarks" "$sg1" 11 04 00 00 01 00
bad_cdb "LOCATE to a partition that is not there" "$sg1" 2b 02 00 00 00 00 00 00 07 00
bad_cdb "MODE SENSE of an unknown page" -r 252 "$sg1" 1a 00 3e 00 fc 00
bad_cdb "LOG SENSE of an unknown page" -r 252 "$sg1" 4d 00 7e 00 00 00 00 00 fc 00
bad_cdb "an unknown VPD page" -r 252 "$sg1" 12 01 ee 00 fc 00
bad_cdb "MOVE MEDIUM from nowhere" "$sg0" a5 00 00 00 ff ff 04 00 00 00 00 00
bad_cdb "MOVE MEDIUM to nowhere" "$sg0" a5 00 00 00 04 00 ff ff 00 00 00 00
bad_cdb "an unknown element type" -r 252 "$sg0" b8 1f 00 00 00 ff 00 00 00 fc 00 00
out_of_drive 1

# The pool disappears under a library.
mv "$pool" "$pool.away"
mtx -f "$changer" load "$(slot_of TAP002L8)" 0 >"$work/out" 2>&1
refused "a drive without its pool is not ready" 'not ready|medium|error|fail' sg_turs -v "$sg1"
claim "tcmu-runner lives" runner_alive
mv "$pool.away" "$pool"
mtx -f "$changer" unload 2 0 >"$work/out" 2>&1 || mtx -f "$changer" unload >"$work/out" 2>&1
in_drive TAP002L8 1
claim "with the pool all is well" sg_turs "$sg1"
out_of_drive 1
finish
