#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 2400 s
# Bacula's btape: autochanger, speed, and fill over three volumes: it fills the first and goes on with the second by the
# robot; then the second and the third; each time it reads both again. It wants 10000 records of 33 kB on a first
# volume, and writes 1000 blocks on a second one: cartridges of 360 MB are the least.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
command -v btape >/dev/null || skip_all "bacula-sd is not installed"
long_only
mkdir -p "$work/bacula"
# btape_does COMMAND...: on the first drive of the library that was exported last
btape_does() {
	cat >"$work/sd.conf" <<-S
		Storage { Name = sd; WorkingDirectory = $work/bacula; Pid Directory = $work/bacula; Maximum Concurrent Jobs = 2 }
		Director { Name = dir; Password = "x" }
		Messages { Name = Standard; director = dir = all }
		Autochanger { Name = robot; Device = drive1; Changer Command = "/etc/bacula/scripts/mtx-changer %c %o %S %a %d"; Changer Device = $changer }
		Device {
		  Name = drive1; Media Type = LTO-8; Archive Device = $nst1; AutoChanger = yes; Drive Index = 0
		  AutomaticMount = yes; AlwaysOpen = yes; RemovableMedia = yes; RandomAccess = no
		}
	S
	printf '%s\n' "$@" quit | timeout 900 btape -c "$work/sd.conf" "$nst1" >"$work/out" 2>&1
	tail -40 "$work/out" | sed 's/^/# /'
}
# fill_two FIRST SECOND: these two are in slots 1 and 2, where btape looks for them; FIRST is in the drive.
fill_two() {
	local said
	btape_does fill m
	said=$(cat "$work/out")
	contains "$1 is filled, $2 begun" "$said" 'Wrote 1000 blocks on second tape'
	contains "the last block of $1 is right" "$said" 'The last block of the first tape matches'
	contains "the first block of $2 is right" "$said" 'The first block on the second tape matches'
	contains "the last block of $2 is right" "$said" 'The last block on the second tape matches. Test succeeded'
	equal "btape finds no error" "$(grep -Eic 'test failed|not identical|do not match|btape.*error' "$work/out")" 0
}

library fill -- capacity=360M early_warning=8M
in_drive TAP001L8 1
btape_does autochanger y
contains "the autochanger test works" "$(cat "$work/out")" 'The test autochanger worked'
mt -f "$nst1" rewind >/dev/null 2>&1 || in_drive TAP001L8 1
fill_two TAP001L8 TAP002L8
# The robot puts the second into slot 1 and the third into slot 2.
out_of_drive 1
slot=$(slot_of TAP001L8)
claim "TAP001L8 goes elsewhere" mtx -f "$changer" transfer "$slot" 8
[ "$(slot_of TAP002L8)" = 1 ] || claim "TAP002L8 goes to slot 1" mtx -f "$changer" transfer "$(slot_of TAP002L8)" 1
claim "TAP003L8 goes to slot 2" mtx -f "$changer" transfer "$(slot_of TAP003L8)" 2
in_drive TAP002L8 1
fill_two TAP002L8 TAP003L8
claim "the drive is well" sg_turs "$sg1"
out_of_drive 1
for barcode in TAP001L8 TAP002L8 TAP003L8; do claim "$barcode reads well" vtl cartridge verify "$barcode"; done

# A file of speed has at least 1 GB.
library speed -- capacity=2G
in_drive TAP001L8 1
btape_does "speed file_size=1 nb_file=1 skip_raw skip_random"
contains "speed of blocks is measured" "$(cat "$work/out")" 'Total Volume bytes=1\.0.*Total Write rate = [0-9.]+ *[KMG]?B/s'
out_of_drive 1
finish
