#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 600 s
# Bacula's own acceptance test of a drive (btape, command "test") passes on a 2 GB cartridge. It fails on tgt's drive: it
# can tell.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
command -v btape >/dev/null || skip_all "bacula-sd is not installed"
library btape -- capacity=2G codec=zlib
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
printf 'test\ny\ny\nquit\n' | timeout 540 btape -c "$work/sd.conf" "$nst1" >"$work/out" 2>&1
tail -60 "$work/out" | sed 's/^/# /'
contains "10000 blocks are written and read again" "$(cat "$work/out")" '10000 blocks re-read correctly'
contains "positions are right" "$(cat "$work/out")" 'We should be in file 3\. I am at file 3\. This is correct!|We should now be in file 3\. I am at file 3\. This is correct!'
contains "append is right" "$(cat "$work/out")" 'above Bacula scan should have output identical'
contains "fsf is right" "$(cat "$work/out")" 'The forward space file test passed|forward space .* succeeded|We should be in file 4\. I am at file 4\. This is correct!|FSF.*worked'
equal "btape reports no error" "$(grep -Eic 'btape.*error|not correct|failed|incorrect' "$work/out")" 0
claim "the drive is well" sg_turs "$sg1"
mt -f "$nst1" rewind
out_of_drive 1
finish
