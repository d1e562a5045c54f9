#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # claim calls the functions
# limit: 300 s
# dump and restore over two cartridges, which dump changes at early warning, and cpio: what comes back is what went.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
command -v dump >/dev/null || skip_all "dump is not installed"
library volumes -- capacity=12M early_warning=2M
in_drive TAP001L8 1
mt -f "$nst1" setblk 0

# A file system of its own, 16 MB of files in it
truncate -s 24M "$work/image"
mkfs.ext4 -q -O ^has_journal "$work/image"
mkdir "$work/fs" "$work/back"
modprobe loop
# shellcheck disable=SC2034 # lib.sh runs it
on_leave="umount $work/fs"
mount -o loop "$work/image" "$work/fs" || skip_all "no loop device"
for n in 1 2 3 4; do
	mkdir "$work/fs/folder$n"
	head -c 3800000 /dev/urandom >"$work/fs/folder$n/large"
	for m in $(seq 20); do echo "file $m of $n" >"$work/fs/folder$n/small$m"; done
done
ln -s large "$work/fs/folder1/link"
sync

# next: what an operator does between two volumes: the cartridge that is in the drive goes back, the next one comes
cat >"$work/next" <<S
#!/bin/bash
now=\$(mtx -f $changer status | sed -n 's/^Data Transfer Element 0:Full (Storage Element \([0-9]*\) Loaded).*/\1/p')
mt -f $nst1 offline
mtx -f $changer unload \$now 0 && mtx -f $changer load \$((now + 1)) 0 && mt -f $nst1 status >/dev/null
S
# restore asks for the first volume, too
printf '#!/bin/bash\nmkdir %q 2>/dev/null || exec %q\n' "$work/first" "$work/next" >"$work/begin"
chmod +x "$work/next" "$work/begin"

claim "dump writes over two cartridges" dump -0 -a -b 64 -f "$nst1" -F "$work/next" "$work/fs"
equal "the second one is in the drive" "$(mtx -f "$changer" status | grep -c 'Element 0:Full.*TAP002L8')" 1
out_of_drive 1
in_drive TAP001L8 1
cd "$work/back" || exit 1
claim "restore reads them back" restore -r -b 64 -f "$nst1" -F "$work/begin"
rm -rf "$work/back/restoresymtable" "$work/back/lost+found"
claim "and nothing is different" diff -r --exclude=lost+found "$work/fs" "$work/back"
equal "the link is a link" "$(readlink "$work/back/folder1/link")" large
cd / || exit 1
out_of_drive 1

# cpio
in_drive TAP003L8 1
mt -f "$nst1" setblk 0
archive() { (cd "$work/fs/folder2" && find . -depth -print0 | cpio --quiet -o0 -H newc --block-size=128 -O "$nst1"); }
extract() { (mkdir "$work/cpio" && cd "$work/cpio" && cpio --quiet -i -d --block-size=128 -I "$nst1"); }
claim "cpio writes" archive
mt -f "$nst1" rewind
claim "cpio reads" extract
claim "and nothing is different" diff -r "$work/fs/folder2" "$work/cpio"
out_of_drive 1
finish
