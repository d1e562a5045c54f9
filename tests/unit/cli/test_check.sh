#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test_check.sh: vtl cartridge verify, repair, dump; on disk, without a service.
# shellcheck source=tests/unit/cli/cli.sh
. "$(dirname "$0")/cli.sh"
: "${TOOL:?cartridge_tool of tests/format}"
export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus XDG_STATE_HOME=$root/xdg

create_library lib0 T1
pool=$root/pool-lib0
"$TOOL" make "$pool" GOOD1 || fail "a recording"
"$TOOL" groups "$pool" BIG1 || fail "a recording of two groups"
run cartridge import GOOD1 BIG1
expect 0
data=data.00000001.00000000

# flip CARTRIDGE FILE OFFSET...: one bit of each of these bytes
flip() {
	python3 - "$pool/$1.cart/$2" "${@:3}" <<-'END'
	import sys
	with open(sys.argv[1], "r+b") as f:
	    for offset in map(int, sys.argv[2:]):
	        f.seek(offset)
	        byte = f.read(1)[0]
	        f.seek(offset)
	        f.write(bytes([byte ^ 1]))
	END
}

contents() { (cd "$pool/$1.cart" && sha256sum -- * | sort -k2); }

claim "verify reads everything, and changes nothing"
before=$(contents GOOD1)
run cartridge verify GOOD1
expect 0 '^GOOD1 +good +5 +3 +200\.4 kB +0'
run cartridge verify GOOD1 --json --digest --jobs 3
expect_json 'j[0]["result"] == "good" and j[0]["blocks"] == 5 and j[0]["damaged"] == 0 and len(j[0]["digest"]) == 64'
[ "$before" = "$(contents GOOD1)" ] || fail "the cartridge is as it was"
[ -z "$err" ] || fail "nothing on stderr where that is no terminal"
run cartridge verify T1 --digest
expect 0 'T1 +good +0 +0 +0 B +0 +e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

claim "a cleaning cartridge among those that are checked is no damage"
run cartridge create CLN001L8
expect 0
run cartridge verify CLN001L8
expect 0 '' 'CLN001L8 is a cleaning cartridge: there is nothing to read'

claim "what is lost and only derived from the data is a note, and no damage"
mv "$pool/GOOD1.cart/index.00000001" "$root/index"
run cartridge verify GOOD1
expect 0 '^GOOD1 +good +5 +3 ' 'GOOD1: note: the index, or the list .* is lost or damaged; .*nothing is lost.*vtl cartridge repair GOOD1'
run cartridge verify GOOD1 --json
expect_json 'j[0]["result"] == "good" and j[0]["notes"].startswith("the index")'
mv "$root/index" "$pool/GOOD1.cart/index.00000001"
flip GOOD1 index.00000001 2
run cartridge verify GOOD1
expect 0 '^GOOD1 +good' 'note: the index'
flip GOOD1 index.00000001 2
flip GOOD1 marks.00000001 0
run cartridge verify GOOD1
expect 0 '^GOOD1 +good' 'note: .*the list of filemarks'
flip GOOD1 marks.00000001 0
mv "$pool/GOOD1.cart/marks.00000001" "$root/marks"
run cartridge verify GOOD1
expect 0 '^GOOD1 +good' 'note: .*the list of filemarks'
mv "$root/marks" "$pool/GOOD1.cart/marks.00000001"
flip BIG1 rows.00000001 80
run cartridge verify BIG1
expect 0 '^BIG1 +good' 'note: the list of rows of filemarks \(rows\) is damaged'
flip BIG1 rows.00000001 80
mv "$pool/BIG1.cart/rows.00000001" "$root/rows"
run cartridge verify BIG1
expect 0 '^BIG1 +good' 'note: the list of rows of filemarks \(rows\) is not there'
mv "$root/rows" "$pool/BIG1.cart/rows.00000001"
run cartridge verify GOOD1 BIG1 --json
[ -z "$err" ] || fail "all is well again"
expect_json 'j[0]["notes"] is None and j[1]["notes"] is None'

claim "a number that is too large is refused with the largest"
run cartridge verify GOOD1 --jobs 1000
expect 2 '' 'not a number from 1 to [0-9]+'

claim "the digest is the one of the second reader, whatever the number of threads"
wanted=$("$TOOL" digest "$pool" BIG1)
for jobs in 1 2 8; do
	run cartridge verify BIG1 --digest --jobs "$jobs"
	expect 0 "^BIG1 +good +2 +65535 .* $wanted"
done
[ -z "$(ls "$root/xdg/vtl" 2>/dev/null)" ] || fail "nothing is kept of what is finished"

# state DIGEST DAMAGED LAST: as if a run had been killed behind the first of the two groups
state() {
	mkdir -p "$root/xdg/vtl"
	"$VTL" cartridge show BIG1 --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
name = "%s/verify-BIG1-%s" % (sys.argv[1], j["uuid"][:8])
with open(name, "w") as f:
    f.write("vtl-verify 1 %s generation %d epoch %d objects 65537 digest %s\n"
            % (j["uuid"], j["generation"] + int(sys.argv[5]), j["epoch"], sys.argv[2]))
    f.write("0 65536 1 1 65535 17 %s 4 %s .%s" % (sys.argv[3], 64 * "0", sys.argv[4]))
' "$root/xdg/vtl" "$1" "$2" "$3" "${4:-0}"
}

claim "a verify that was killed is resumed, and what it found counts"
state 0 3 $'\n'
run cartridge verify BIG1 --resume
expect 1 'goes on behind object 65535' '^BIG1 +damaged +2 +65535 +.* 3'
[ -z "$(ls "$root/xdg/vtl")" ] || fail "nothing is kept of what is finished"

claim "only where it was asked for, of the same recording, and of a whole line"
state 0 3 $'\n'
run cartridge verify BIG1
expect 0 '^BIG1 +good'
state 0 3 $'\n'
run cartridge verify BIG1 --resume --digest
expect 0 "^BIG1 +good .* $wanted"
state 0 3 ''
run cartridge verify BIG1 --resume
expect 0 '^BIG1 +good +2 +65535'
state 0 3 $'\n' 1
run cartridge verify BIG1 --resume
expect 0 '^BIG1 +good +2 +65535'

claim "the good copy of a damaged block is named, and what brings it back"
flip GOOD1 "$data" 300
run cartridge verify GOOD1
expect 1 '^GOOD1 +damaged' 'the copy on volume PHYS01L8 is of this recording' '^  vtl migrate --wait GOOD1 && vtl recall --wait GOOD1$'
flip GOOD1 "$data" 300

claim "verify names what is damaged, and its exit code tells"
flip BIG1 "$data" $((128 + 80 + 3))
run cartridge verify GOOD1 BIG1
expect 1 "^BIG1: object 0 is damaged: $pool/BIG1.cart/$data, offset 128\$" '^GOOD1 +good' '^BIG1 +damaged +1 +65535 .* 1'
flip BIG1 "$data" $((128 + 80 + 3))

claim "a kept digest that differs is damage, though every checksum fits"
run cartridge verify BIG1 --digest
expect 0
python3 - "$pool/BIG1.cart" "$(dirname "$0")/../../format" <<'END'
import struct, sys
sys.path.insert(0, sys.argv[2])
from cartridge_reader import crc32c
with open(sys.argv[1] + "/header", "rb") as f:
    bound = f.read(40)[24:] + struct.pack("<I", 1)
with open(sys.argv[1] + "/digests.00000001", "r+b") as f:
    entry = bytearray(f.read(60))
    entry[30] ^= 1
    f.seek(0)
    f.write(entry + struct.pack("<I", crc32c(bound + entry)))
END
run cartridge verify BIG1 --digest
expect 1 'objects 0 to 65535 are not what they were' '^BIG1 +changed'
rm "$pool/BIG1.cart/digests.00000001"

claim "what cannot be checked now is said so, with a remedy"
"$MIGRATE" "$pool" T1 || fail "the migration"
run cartridge verify T1
expect 4
printf '%s' "$err" | grep -q 'vtl recall T1' || fail "the remedy"
run cartridge verify T9
expect 3
run cartridge verify GOOD1 --jobs 0
expect 2

claim "dump shows a part"
run cartridge dump GOOD1
expect 0 '^ +0 +0 +block +46' '^ +7 +2 +filemark'
run cartridge dump GOOD1 --from 3 --count 2
expect 0 '^ +3 +1 +block +1 ' '^ +4 +1 +block +200000 +897 +zlib'
[ "$(printf '%s\n' "$out" | wc -l)" = 3 ] || fail "two objects and a heading"
run cartridge dump GOOD1 --from 8
expect 0
run cartridge dump GOOD1 --from x
expect 2
run cartridge dump GOOD1 --count 0
expect 2
run cartridge dump BIG1 --json --from 65536
expect_json 'j["object"] == 65536 and j["kind"] == "block" and j["size"] == 18'

claim "repair has nothing to do where all is good"
before=$(contents GOOD1)
run cartridge repair GOOD1
expect 0 '^GOOD1 +good +8 +0 +good +good +0 B +-'
[ "$before" = "$(contents GOOD1)" ] || fail "the cartridge is as it was"

claim "repair makes a cartridge usable, tells what it does first, and can be taken back"
flip GOOD1 header 100 101 102 103 104 105 106 107 108 109 110
rm "$pool/GOOD1.cart/index.00000001"
before=$(contents GOOD1)
run cartridge verify GOOD1
expect 1 'vtl cartridge repair --dry-run GOOD1'
run cartridge repair GOOD1 --dry-run
expect 0 'header: damaged' 'volume PHYS01L8' '^GOOD1 +to be repaired +8 +0 +made anew'
[ "$before" = "$(contents GOOD1)" ] || fail "a dry run changes nothing"
[ -z "$(find "$pool" -name '.GOOD1*')" ] || fail "nor does it make a backup"
run cartridge repair GOOD1 --json
expect_json 'j[0]["result"] == "repaired" and j[0]["lost"] == 0 and j[0]["backup"].startswith(".GOOD1.cart.backup-")'
run cartridge verify GOOD1
expect 0 '^GOOD1 +good +5 +3'
run cartridge show GOOD1
expect 0 '^Capacity +67\.1 MB'
run cartridge list
[ "$(printf '%s' "$out" | grep -c GOOD1)" = 1 ] || fail "the backup is no cartridge"
run cartridge repair GOOD1
expect 0 '^GOOD1 +good'
cp "$pool"/.GOOD1.cart.backup-*/header "$pool/GOOD1.cart/"
rm "$pool"/GOOD1.cart/index.* "$pool"/GOOD1.cart/digests.* 2>/dev/null
[ "$before" = "$(contents GOOD1)" ] || fail "the backup brings it back"

claim "options say what nothing else does"
rm "$pool/GOOD1.cart/header"
run cartridge repair GOOD1 --capacity 5M --density 5c --codec zstd
expect 0 '^GOOD1 +repaired'
run cartridge show GOOD1 --json
expect_json 'j["capacity_bytes"] == 5000000 and j["density"] == "5ch" and j["codec"] == "zstd"'
expect_json 'j["medium_type"] == "78h"' # of LTO-7, which the density is
run cartridge show GOOD1 --json
expect_json 'j["write_protect"] == True'
run cartridge repair GOOD1 --writable
expect 0 'tab is taken off' '^GOOD1 +repaired'
run cartridge show GOOD1 --json
expect_json 'j["write_protect"] == False'

claim "the medium type follows the density, also where the damaged header had one"
for row in 5e:88h 5d:78h 7f:00h; do
	flip GOOD1 header 100 101 102 103 104 105 106 107 108 109 110
	run cartridge repair GOOD1 --density "${row%:*}" --writable
	expect 0 '^GOOD1 +repaired'
	run cartridge show GOOD1 --json
	expect_json "j['density'] == '${row%:*}h' and j['medium_type'] == '${row#*:}'"
done
flip GOOD1 header 100 101 102 103 104 105 106 107 108 109 110
run cartridge repair GOOD1 --density 5c --writable
run cartridge repair GOOD1 --density xyz
expect 2
run cartridge repair GOOD1 --codec lzo
expect 2

claim "objects that are lost are told by the exit code"
flip GOOD1 "$data" $((0x14e + 9))
rm "$pool/GOOD1.cart/index.00000001"
run cartridge repair GOOD1
expect 1 '^GOOD1 +repaired +8 +1 '
run cartridge repair GOOD1
expect 1 '^GOOD1 +nothing more to do +8 +1 '

claim "what cannot be repaired is left alone, and why is said"
rm "$pool/T1.cart/header"
run cartridge repair T1
expect 1 'copies are never invented' 'vtl physical import'
run cartridge repair T9
expect 3

claim "what has no frame any more has no place"
run cartridge verify GOOD1
expect 1 '^GOOD1: object 2 is damaged: no frame of it is left' '^GOOD1 +damaged'

claim "what nobody closed is listed as that"
cp -r "$(dirname "$0")/../../format/samples/V1TORN.cart" "$pool/V1TORN.cart"
run cartridge list
expect 0 '^V1TORN +pool +unclosed +- +- +- +- '
run cartridge list --json
expect_json '[c for c in j if c["barcode"] == "V1TORN"][0]["blocks"] is None'
run cartridge show V1TORN
expect 0 '^Unclosed +yes'
run cartridge show BIG1
expect 0 '^Unclosed +no'
rm -r "$pool/V1TORN.cart"

claim "a medium of two partitions is shown and verified whole"
"$TOOL" partitions "$pool" PARTS1 || fail "two partitions"
run cartridge show PARTS1
expect 0 '^Partitions: 2' '^ +0 +resident +6 +1 ' '^ +1 +resident +1 +2 '
run cartridge show PARTS1 --json
expect_json 'len(j["partitions"]) == 2 and j["partitions"][1]["filemarks"] == 2'
run cartridge show GOOD1 --json
expect_json 'j["partitions"] == []'
run cartridge verify PARTS1
expect 0 '^PARTS1 +good +6 +1 ' '^PARTS1/1 +good +1 +2 '
inner=$(echo "$pool"/PARTS1.cart/partitions/P1-*.cart)
printf 'X' | dd of="$inner/data.00000001.00000000" bs=1 seek=210 conv=notrunc status=none
run cartridge verify PARTS1
expect 1 '^PARTS1 +good' '^PARTS1/1 +damaged' "PARTS1/1: object 0 is damaged: $inner/data.00000001.00000000, offset 128"

claim "each partition is dumped"
run cartridge dump PARTS1
expect 0 '^ +6 +1 +block +38'
[ "$(printf '%s\n' "$out" | wc -l)" = 8 ] || fail "seven objects and a heading"
run cartridge dump PARTS1 --partition 1
expect 0 '^ +2 +1 +filemark'
[ "$(printf '%s\n' "$out" | wc -l)" = 4 ] || fail "three objects and a heading"
run cartridge dump PARTS1 --partition 2
expect 3 'has no partition 2: vtl cartridge show PARTS1'
run cartridge dump PARTS1 --partition 4
expect 2
run cartridge dump PARTS1 --partition x
expect 2

claim "each partition is repaired, or the one that is asked for"
inner=${inner#"$pool/"}
inner=${inner%.cart}
flip "$inner" header 100 101 102 103
rm "$pool/PARTS1.cart/index.00000002"
run cartridge dump PARTS1 --partition 1
expect 1 'vtl cartridge repair --partition 1 --dry-run PARTS1'
run cartridge repair PARTS1 --dry-run
expect 0 '^PARTS1 +to be repaired +7 ' '^PARTS1/1 +to be repaired +3 +0 +made anew'
run cartridge repair PARTS1 -p 1
expect 0 '^PARTS1/1 +repaired +3 +0 +made anew .*PARTS1.cart/partitions/\.P1-.*\.cart\.backup-' 'PARTS1/1: header: damaged'
printf '%s' "$out" | grep -q '^PARTS1 ' && fail "the other one is not looked at"
run cartridge show PARTS1
expect 0 '^ +1 +resident +1 +2 '
run cartridge repair PARTS1
expect 0 '^PARTS1 +repaired +7 ' '^PARTS1/1 +good +3'
run cartridge repair PARTS1
expect 0 '^PARTS1 +good +7 ' '^PARTS1/1 +good +3'
run cartridge repair PARTS1 --partition 3
expect 3 'has no partition 3'
run cartridge repair PARTS1 --partition 9
expect 2
flip PARTS1 header 100 101 102 103
run cartridge repair PARTS1 --partition 1
expect 1 'repair that one first'
mkdir "$pool/PARTS1.cart/partitions/OTHER.cart"
run cartridge repair PARTS1
expect 1 'which folders are its partitions cannot be told' 'partitions/OTHER.cart: no format gives such a name' 'move that folder out'
rmdir "$pool/PARTS1.cart/partitions/OTHER.cart"
run cartridge repair PARTS1 --writable
expect 0 '^PARTS1 +repaired +7 +0 +made anew' '^PARTS1/1 +good +3' 'the medium has 2 partitions'
run cartridge show PARTS1
expect 0 '^Partitions: 2'

finish
