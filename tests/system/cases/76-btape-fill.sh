#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 900 s
# Bacula's btape: autochanger, fill over two volumes (it fills the first, goes on with the next one by the robot, and reads
# both again), speed.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
command -v btape >/dev/null || skip_all "bacula-sd is not installed"
long_only
library fill -- capacity=64M early_warning=8M
in_drive TAP001L8 1
mkdir -p "$work/bacula"
cat >"$work/sd.conf" <<S
Storage { Name = sd; WorkingDirectory = $work/bacula; Pid Directory = $work/bacula; Maximum Concurrent Jobs = 2 }
Director { Name = dir; Password = "x" }
Messages { Name = Standard; director = dir = all }
Autochanger { Name = robot; Device = drive1; Changer Command = "/etc/bacula/scripts/mtx-changer %c %o %S %a %d"; Changer Device = $changer }
Device {
  Name = drive1; Media Type = LTO-8; Archive Device = $nst1; AutoChanger = yes; Drive Index = 0
  AutomaticMount = yes; AlwaysOpen = yes; RemovableMedia = yes; RandomAccess = no
}
S
btape_does() { printf '%s\n' "$@" quit | timeout 600 btape -c "$work/sd.conf" "$nst1" >"$work/out" 2>&1; tail -40 "$work/out" | sed 's/^/# /'; }

btape_does autochanger y
contains "the autochanger test works" "$(cat "$work/out")" 'The test autochanger worked|test worked'
mt -f "$nst1" rewind >/dev/null 2>&1 || in_drive TAP001L8 1
btape_does "speed file_size=1 nb_file=1 skip_raw skip_random"
contains "speed of blocks is measured" "$(cat "$work/out")" 'Total Volume bytes=|Total Volume *=|/s\b'
mt -f "$nst1" rewind
btape_does fill y m
contains "the first volume is filled, the second begun" "$(cat "$work/out")" 'TestVolume2|Wrote.*second|second tape|End of Volume'
contains "the last block of the first volume is right" "$(cat "$work/out")" 'The last block on the first tape matches|last block.*match|The blocks are identical. Test succeeded'
equal "btape finds no error" "$(grep -Eic 'test failed|not identical|do not match|btape.*error' "$work/out")" 0
claim "the drive is well" sg_turs "$sg1"
mt -f "$nst1" rewind
finish
