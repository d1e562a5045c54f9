#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 1200 s
# A cycle of Amanda: volumes are labelled through its robot (chg-robot on mtx), amdump backs a folder up over several small
# cartridges, amfetchdump gives it back.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
command -v amdump >/dev/null || skip_all "amanda-server is not installed"
long_only
library amdump -- capacity=32M early_warning=4M
conf=/etc/amanda/vtl
# Amanda resolves localhost with AI_ADDRCONFIG, which wants an address that is not 127.0.0.1; the machine has no network.
ip address add 192.0.2.1/32 dev lo
# The kernel lets nobody but root send commands to a robot (SG_IO asks for CAP_SYS_RAWIO): Amanda's user has mtx set up so.
chmod u+s "$(readlink -f "$(command -v mtx)")"
chmod a+rw "$nst1" "$nst2" "$changer" "$sg0" "$sg1" "$sg2"
install -d -o backup -g backup "$conf" /var/log/amanda /var/lib/amanda/vtl "$work/hold" "$work/files" "$work/back" "$work/tmp"
chmod 755 "$work"
for n in 1 2 3 4 5; do
	mkdir "$work/files/folder$n"
	head -c 7000000 /dev/urandom >"$work/files/folder$n/large"
	echo "small $n" >"$work/files/folder$n/small"
done
chmod -R a+rX "$work/files"
cat >"$conf/amanda.conf" <<S
org "vtl"
mailto ""
dumpuser "backup"
logdir "/var/log/amanda"
infofile "/var/lib/amanda/vtl/info"
indexdir "/var/lib/amanda/vtl/index"
tapelist "$conf/tapelist"
tpchanger "robot"
define changer robot {
  tpchanger "chg-robot:$changer"
  property "tape-device" "0=tape:$nst1" "1=tape:$nst2"
  property "use-slots" "1-4"
  device-property "LEOM" "TRUE"
}
autolabel "VTL%%%" empty volume-error
labelstr "^VTL[0-9][0-9]*\$"
tapetype SMALL
define tapetype SMALL {
  length 28 mbytes
  filemark 0 kbytes
  speed 1000 kps
  part-size 5 mbytes
}
runtapes 2
dumpcycle 1 day
runspercycle 1
tapecycle 4 tapes
define dumptype folder {
  auth "local"
  program "GNUTAR"
  compress none
  holdingdisk never
  estimate server
  record no
  index no
  allow-split yes
}
S
echo "localhost $work/files folder" >"$conf/disklist"
: >"$conf/tapelist"
chown -R backup:backup "$conf" /var/lib/amanda
as_backup() { su backup -s /bin/bash -c "cd $work/tmp && $*"; }
as_backup "amtape vtl inventory" >"$work/inventory" 2>&1
sed 's/^/# /' "$work/inventory"
equal "amtape sees the four cartridges" "$(grep -c 'barcode TAP00[1-4]L8' "$work/inventory")" 4
for n in 1 2 3 4; do claim "amlabel labels slot $n" as_backup "amlabel -f vtl VTL00$n slot $n"; done
claim "amcheck finds nothing wrong on the server" as_backup "amcheck -s vtl"
claim "amdump backs up" as_backup "amdump vtl"
as_backup "amreport vtl --text=-" >"$work/report" 2>&1
sed 's/^/# /' "$work/report" | head -60
contains "over more than one volume" "$(cat "$work/report")" 'These dumps were to tapes VTL00[1-4], VTL00[1-4]'
contains "amreport knows no failure" "$(cat "$work/report")" 'DLEs Taped +1 +1 +0'
cd "$work/back" || exit 1
su backup -s /bin/bash -c "cd $work/back && yes '' | amfetchdump -a -p -d robot vtl localhost $work/files" >"$work/dump.tar" 2>"$work/fetch.log"
claim "amfetchdump gives it back" test -s "$work/dump.tar"
tail -5 "$work/fetch.log" | sed 's/^/# /'
claim "tar reads it" tar -C "$work/back" -xf "$work/dump.tar"
for n in 1 2 3 4 5; do claim "folder $n is the same" diff -r "$work/files/folder$n" "$work/back/folder$n"; done
cd / || exit 1
finish
