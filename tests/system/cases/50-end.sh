#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 180 s
# The end of a medium: an early warning, then no space; what was written before is there; a writer that heeds the warning
# loses nothing.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library end -- capacity=20M early_warning=4M
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
head -c 40000000 /dev/urandom >"$work/data"

refused "a full tape says so" 'no space' dd if="$work/data" of="$nst1" bs=64k
records=$(mt -f "$nst1" tell | sed 's/[^0-9]//g')
claim "most of the capacity could be used" test "$records" -gt 200
mt -f "$nst1" rewind
dd if="$nst1" of="$work/back" bs=64k 2>/dev/null
size=$(stat -c %s "$work/back")
claim "what was acknowledged is on the tape" test "$size" -ge $((200 * 65536))
claim "and is what was written" cmp -n "$size" "$work/data" "$work/back"
claim "not more than the capacity" test "$size" -le 21000000
contains "sg_logs shows the capacity" "$(sg_logs -p 0x31 "$sg1")" 'maximum capacity \(in MiB\): 19'

# A multi-volume archive goes on with the next cartridge.
out_of_drive 1
in_drive TAP002L8 1
cat >"$work/next" <<S
#!/bin/bash
mt -f $nst1 offline
mtx -f $changer unload $(mtx -f "$changer" status | sed -n 's/^Data Transfer Element 0:Full (Storage Element \([0-9]*\) Loaded).*/\1/p') 0
mtx -f $changer load $(slot_of TAP003L8) 0
mt -f $nst1 status >/dev/null
S
chmod +x "$work/next"
mkdir "$work/in" "$work/out"
split -b 3000000 -n 8 <(head -c 24000000 "$work/data") "$work/in/part" 2>/dev/null || head -c 24000000 "$work/data" >"$work/in/part"
claim "tar writes over two cartridges" tar -b 128 -M -F "$work/next" -C "$work/in" -cf "$nst1" .
out_of_drive 1
in_drive TAP002L8 1
cd "$work/out" || exit 1
claim "tar reads them back" tar -b 128 -M -F "$work/next" -xf "$nst1"
claim "and nothing is different" diff -r "$work/in" "$work/out"
out_of_drive 1
finish
