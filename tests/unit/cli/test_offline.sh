#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test_offline.sh: libraries and cartridges where no service and no bus is.
# shellcheck source=tests/unit/cli/cli.sh
. "$(dirname "$0")/cli.sh"
export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus

claim "without a library there is a remedy"
run library list
expect 0 'vtl library create makes one'
run library list --json
expect_json 'j == []'
run cartridge list
expect 3
expect_error 'there is no library'

claim "a description that is wrong is refused with its place, and leaves nothing"
write_description lib0
sed -i 's/^slots=5/slots=x/' "$root/lib0.conf"
run library create "$root/lib0.conf"
expect 1
expect_error 'slots'
[ ! -e "$root/pool-lib0" ] || fail "no pool was made"
run library create "$root/absent.conf"
expect 3
expect_error 'absent.conf'

claim "create makes library and cartridges, once"
create_library lib0
expect 0 'Library lib0 is made: 5 slots, 2 mail slots, 2 drives, 3 cartridges' 'vtl-lio setup lib0'
run library create "$root/lib0.conf"
expect 4
expect_error 'lib0 exists already'

claim "list and status read the disk and say so"
run library list
expect 0 '^lib0 +no +5 +2 +2 +3 '
run library list --json
expect_json 'j[0]["name"] == "lib0" and j[0]["online"] is False and j[0]["cartridges"] == 3'
run library status
expect 0 '^Library lib0 .*offline' '^ +1 +1024 +T1 +resident' 'was read from the disk'
run library status lib0 --all
expect 0 '^ +5 +1028 +-'
run library status --json
expect_json 'len(j["drives"]) == 2 and len(j["slots"]) == 5 and len(j["mail_slots"]) == 2'
expect_json 'j["slots"][0]["barcode"] == "T1" and j["slots"][4]["barcode"] is None and not j["online"]'
expect_json 'j["drives"][0]["state"] is None'
run library status lib9
expect 3
expect_error 'no library lib9'

claim "cartridge show tells all there is"
run cartridge show T1
expect 0 '^State +resident' '^Generation +0' '^Location +slot 1' '^Written by hosts +0 B' '^On disk now +' \
	'^Stored +0 B' '^Capacity +1.0 GB \(1000000000 bytes\)' '^Verified copies: 0'
run cartridge show T1 --json
expect_json 'j["barcode"] == "T1" and j["capacity_bytes"] == 10**9 and j["copies"] == [] and j["last_write"] is None'
run cartridge show T9
expect 3
expect_error 'T9'

claim "cartridge show tells where the data of a migrated cartridge is, and since when that is proven"
"$MIGRATE" "$root/pool-lib0" T3 || fail "the migration"
run cartridge show T3
expect 0 '^State +migrated' '^Generation +1' '^Blocks +3' '^Filemarks +1' '^Written by hosts +196\.6 kB \(196608 bytes\)' \
	'^Stored +196\.6 kB' '^Verified copies: 1' '^PHY001 +0 +1 +yes +3 +1 +196\.6 kB +2023-11-14 22:13:20 +[0-9a-f]{64}$'
run cartridge show T3 --json
expect_json 'j["state"] == "migrated" and j["disk_bytes"] < 10000 and j["logical_bytes"] == 196608'
expect_json 'j["copies"][0]["volume"] == "PHY001" and j["copies"][0]["verified"] == 1700000000'
expect_json 'j["copies"][0]["current"] and len(j["copies"][0]["digest"]) == 64 and j["copies"][0]["form"] == "native"'

claim "cartridge attributes tells what hosts wrote, wherever the data is"
run cartridge attributes T3
expect 0 '^0806 +0 +barcode +ascii +8 +T3$' '^080c +1 +volume coherency information +binary +3 +0400ff$'
run cartridge attributes T3 --json
expect_json 'len(j) == 2 and j[0]["id"] == "0806" and j[0]["value"] == "T3" and j[1]["partition"] == 1'
run cartridge attributes T1 --json
expect_json 'j == []'
run cartridge attributes T9
expect 3
expect_error 'T9'

run library status
expect 0 '^ +3 +1026 +T3 +migrated'

claim "cartridge create makes and places, and checks its options"
run cartridge create N1 N2 --capacity 2G --codec zlib --write-protect
expect 0 '^N1 +lib0 +slot 4' '^N2 +lib0 +slot 5'
run cartridge show N2 -j
expect_json 'j["codec"] == "zlib" and j["write_protect"] and j["capacity_bytes"] == 2 * 10**9'
expect_json 'j["early_warning_bytes"] == 2 * 10**7'
run cartridge create N3 --capacity 12X
expect 2
expect_error '12X'
run cartridge create N3 --early-warning 1G
expect 2
expect_error 'before the end of the medium'
run cartridge create N3 --codec lzo
expect 2
expect_error 'none, lz4, zstd or zlib'

claim "create refuses a barcode that is taken, and leaves none behind where there is no slot"
run cartridge create N1
expect 4
expect_error 'nothing was made: .* has N1 already'
run cartridge create N3
expect 4
expect_error 'nothing was made: library lib0 has 0 free slots for 1 cartridge '
[ ! -e "$root/pool-lib0/N3.cart" ] || fail "no N3 stays in the pool"

claim "import takes what is in the pool, into a mail slot too"
run library destroy lib0
expect 0 'stay in the pool'
sed -i 's/^barcodes=.*/barcodes=T1/' "$root/lib0.conf"
run library create "$root/lib0.conf"
expect 0
run cartridge list
expect 0 '^T1 +slot 1' '^T2 +pool'
run cartridge import T2 N1
expect 0 '^T2 +lib0 +slot 2' '^N1 +lib0 +slot 3'
run cartridge import -m T3
expect 0 '^T3 +lib0 +mail-slot 1'
run cartridge import T3
expect 4
expect_error 'already'
run cartridge import T8
expect 3
expect_error 'no cartridge T8'

claim "a cartridge that the pool lost, or that is damaged, is seen as such"
rm -rf "$root/pool-lib0/T3.cart"
run cartridge list
expect 0 '^T3 +mail-slot 1 +no such cartridge'
run cartridge list --json
expect_json '[c for c in j if c["barcode"] == "T3"][0]["blocks"] is None'
for file in "$root"/pool-lib0/T2.cart/*; do printf 'garbage' >"$file"; done
run cartridge show T2
expect 1
expect_error 'T2'

claim "two libraries: the barcode decides, else the option must"
create_library lib1 S1-S2
run cartridge list
expect 2
expect_error 'lib0, lib1.*--library'
run cartridge show S2
expect 0 '^Library +lib1'
run cartridge list --library lib1
expect 0 '^S1 +slot 1'
run cartridge list -llib1
expect 0 '^S2 +slot 2'
run cartridge show Z9
expect 3
expect_error 'none of the libraries'

claim "what needs a service says that there is none"
for line in "drive load T1 1" "drive unload 1 -l lib0" "migrate T1" "recall T1" "cancel 1" "jobs" "policy explain T1" \
	"physical list" "physical set-volume st0 PHY1"; do
	# shellcheck disable=SC2086 # words of a line
	run $line
	expect 5
	expect_error 'bus'
done
run drive list -l lib0
expect 0 '^ +1 +256 +-'

claim "destroy removes all, where that was asked for"
run library destroy lib1 --delete-cartridges
expect 0 'are deleted'
[ ! -e "$root/pool-lib1" ] || fail "the pool is gone"
run library destroy lib1
expect 3
expect_error 'lib1'

finish
