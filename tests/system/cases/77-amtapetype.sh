#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 300 s
# Amanda's amtapetype measures a cartridge: its length, that filemarks cost nothing, and that drive and kernel give logical
# end of medium, which Amanda needs to write parts of dumps over several volumes without losing one.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
command -v amtapetype >/dev/null || skip_all "amanda-server is not installed"
library amanda -- capacity=24M early_warning=4M
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
chmod a+rw "$nst1"
install -d -o backup -g backup /var/log/amanda "$work/home"
# (Told whether the drive compresses: else it writes for a minute to find out, more than this cartridge holds.)
amtapetype -f -t VTL -b 32k -o 'DEVICE-PROPERTY="COMPRESSION" "NO"' "tape:$nst1" >"$work/out" 2>&1
equal "amtapetype ends well" $? 0
tr '\r' '\n' <"$work/out" | grep -v '^File\|^ *$' | sed 's/^/# /'
contains "LEOM is supported" "$(cat "$work/out")" 'drive and kernel together support LEOM'
contains "it says so for amanda.conf" "$(cat "$work/out")" 'device-property "LEOM" "TRUE"'
length=$(sed -n 's/^ *length \([0-9]*\).* kbytes/\1/p' "$work/out")
claim "the length is what is before early warning (${length:-none} KiB of 20 MB)" test "${length:-0}" -gt 18000 -a "${length:-0}" -lt 24600
claim "the drive is well" sg_turs "$sg1"
mt -f "$nst1" rewind
out_of_drive 1
finish
