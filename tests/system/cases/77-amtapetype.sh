#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 1200 s
# Amanda's amtapetype measures a cartridge: its length, which is up to early warning, and that filemarks cost nothing. Of LEOM
# there is no claim: Debian's Amanda (3.5.1) gives up at the first ENOSPC of early warning, and never writes again, as strace
# shows; so it calls LEOM unsupported whatever the drive does.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
command -v amtapetype >/dev/null || skip_all "amanda-server is not installed"
long_only
# It writes for a minute to find out whether the drive compresses, and as much again: so the cartridge holds what this machine
# writes in a hundred seconds.
library speed
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
head -c 20000000 /dev/urandom >"$work/data"
begun=$(date +%s%N)
dd if="$work/data" of="$nst1" bs=32k status=none
took=$((($(date +%s%N) - begun) / 1000000))
megabytes=$((20 * 100 * 1000 / (took > 0 ? took : 1)))
out_of_drive 1
library amanda -- capacity=${megabytes}M early_warning=$((megabytes / 10 + 1))M
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
chmod a+rw "$nst1"
install -d -o backup -g backup /var/log/amanda "$work/home"
amtapetype -f -t VTL -b 32k "tape:$nst1" >"$work/out" 2>&1
equal "amtapetype ends well" $? 0
tr '\r' '\n' <"$work/out" | grep -v '^File\|^ *$' | sed 's/^/# /'
length=$(sed -n 's/^ *length \([0-9]*\).* kbytes/\1/p' "$work/out")
claim "the length is what is before early warning (${length:-none} KiB of $megabytes MB)" test "${length:-0}" -gt $((megabytes * 800)) -a "${length:-0}" -lt $((megabytes * 1000))
claim "the drive is well" sg_turs "$sg1"
mt -f "$nst1" rewind
out_of_drive 1
finish
