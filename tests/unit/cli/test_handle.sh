#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test_handle.sh: vtl cartridge create, export, protect, unprotect, delete; on disk, without a service.
# shellcheck source=tests/unit/cli/cli.sh
. "$(dirname "$0")/cli.sh"
: "${TOOL:?cartridge_tool of tests/format}"
export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus XDG_STATE_HOME=$root/xdg

cat >"$root/lib0.conf" <<END
[library]
name=lib0
slots=12
mail_slots=2
drives=2
pool=$root/pool-lib0
[media]
barcodes=TAP001L8-TAP003L8
END
run library create "$root/lib0.conf"
expect 0
pool=$root/pool-lib0

claim "a range of which one exists is not begun"
run cartridge create TAP002L8-TAP005L8
expect 4
expect_error 'nothing was made: the pool .* has TAP002L8, TAP003L8 already'
[ ! -e "$pool/TAP005L8.cart" ] || fail "none of it is there"

claim "a range that does not fit is not begun"
run cartridge create TAP010L8-TAP019L8
expect 4
expect_error '9 free slots for 10 cartridges'
[ ! -e "$pool/TAP010L8.cart" ] || fail "none of it is there"

claim "a making that stops tells what is made and what is not"
: >"$pool/.TAP012L8.cart.new" # nothing can be made there
run cartridge create TAP010L8-TAP014L8
expect 1 '^TAP010L8 +lib0 +slot 4' '^TAP011L8 +lib0 +slot 5' 'cannot make cartridge TAP012L8' \
	'2 of 5 are made and stay; not made: TAP012L8, TAP013L8, TAP014L8$'
{ [ -e "$pool/TAP011L8.cart" ] && [ ! -e "$pool/TAP013L8.cart" ]; } || fail "that is so"
run cartridge create --json TAP012L8-TAP014L8
expect_json 'j == []'
expect 1 '0 of 3 are made'
rm "$pool/.TAP012L8.cart.new"

claim "one that an inventory has already is made and stays, also where the library refuses it"
rm -r "$pool/TAP003L8.cart" # somebody's hand; its slot does not know
run cartridge create TAP003L8
expect 4 'cartridge TAP003L8 is made, but: .*is in library lib0 already'
[ -e "$pool/TAP003L8.cart" ] || fail "it is there"

claim "type and kind say what a cartridge is, and a barcode that says something else is told"
run cartridge create TAP020L7 --type LTO-8
expect 0 'warning: cartridge TAP020L7 is LTO-8, but its barcode says LTO-7'
run cartridge show TAP020L7 --json
expect_json 'j["density"] == "5eh" and j["medium_type"] == "88h" and j["capacity_bytes"] == 12 * 10**12'
run cartridge create TAP021M8
expect 0
[ -z "$err" ] || fail "M8 is LTO-8 type M"
run cartridge show TAP021M8 --json
expect_json 'j["density"] == "5dh" and j["capacity_bytes"] == 9 * 10**12'
run cartridge create TAP022L8 --kind worm
expect 0 'is LTO-8-WORM, but its barcode says LTO-8:'
run cartridge show TAP022L8 --json
expect_json 'j["kind"] == "worm" and j["medium_type"] == "8ch"'
run cartridge create TAP023LY
expect 0
[ -z "$err" ] || fail "LY is write once"
run cartridge create TAP024L6
expect 0 'is LTO-8, but its barcode says LTO-6'
run cartridge create WASH --kind cleaning
expect 0 'its barcode does not say so'
run cartridge show WASH --json
expect_json 'j["kind"] == "cleaning" and j["cleanings_left"] > 0'
run cartridge create CLN001L8 --kind data
expect 0 'is LTO-8, but its barcode says LTO-CLEAN'
run cartridge create X1 --type LTO-5
expect 2
expect_error 'the drives of this library take LTO-8, LTO-8-WORM'
run cartridge create X1 --kind wet
expect 2
expect_error 'data, worm or cleaning'
run cartridge create X1 --type LTO-CLEAN --kind worm
expect 2

claim "a cartridge goes out of the library and comes back"
run cartridge export TAP001L8 TAP002L8
expect 0 'TAP001L8 is out of the library, and stays in the pool' 'TAP002L8 is out'
run cartridge list
expect 0 '^TAP001L8 +pool '
run cartridge export TAP001L8
expect 3
expect_error 'holds no cartridge TAP001L8'
run cartridge import TAP001L8 -m
expect 0 'mail-slot 1'
run cartridge export TAP001L8 --json
expect_json 'j["barcode"] == "TAP001L8" and j["done"] == "export"'
run cartridge import TAP001L8 TAP002L8
expect 0

claim "an empty folder, or one that was renamed, is no cartridge"
mkdir "$pool/EMPTY1.cart"
run cartridge import EMPTY1
expect 1
expect_error 'EMPTY1.cart in the pool .* is empty, and no cartridge'
rm -r "$pool/EMPTY1.cart"
cp -r "$pool/TAP003L8.cart" "$pool/OTHER1.cart"
run cartridge import OTHER1
expect 1
expect_error 'OTHER1.cart in the pool .* holds cartridge TAP003L8'
rm -r "$pool/OTHER1.cart"
run cartridge list
printf '%s' "$out" | grep -Eq 'EMPTY1|OTHER1' && fail "neither is in a slot"

claim "the tab is set and taken off"
run cartridge protect TAP001L8
expect 0 'TAP001L8 is write protected'
run cartridge show TAP001L8 --json
expect_json 'j["write_protect"]'
run cartridge unprotect TAP001L8
expect 0 'not write protected any more'
run cartridge show TAP001L8 --json
expect_json 'not j["write_protect"]'
run cartridge protect NOPE
expect 3
expect_error 'no cartridge NOPE'

claim "nothing is deleted that was not confirmed"
run cartridge delete TAP001L8 </dev/null
expect 4
expect_error 'there is nobody to ask; say --yes'
run cartridge delete NOPE --yes
expect 3
run cartridge delete TAP001L8 --yes
expect 0 'TAP001L8 is deleted'
[ ! -e "$pool/TAP001L8.cart" ] || fail "it is gone"
run cartridge list
printf '%s' "$out" | grep -q TAP001L8 && fail "also out of its slot"

claim "data that is nowhere else is deleted only by force"
"$TOOL" make "$pool" COPIED1 || fail "a recording with a current copy"
run cartridge delete COPIED1 --yes
expect 0
"$TOOL" abandon "$pool" DATA1
run cartridge unprotect DATA1 # closes what the writer left, written behind its copy
expect 0
run cartridge delete DATA1 --yes
expect 4
expect_error 'no current copy is on a physical volume .*--force'
"$TOOL" partitions "$pool" PARTS1 || fail "a recording"
run cartridge delete PARTS1 --yes
expect 4
expect_error 'a divided medium has no copies'
"$TOOL" abandon "$pool" LEFT1
run cartridge delete LEFT1 --yes
expect 4
"$MIGRATE" "$pool" TAP002L8 || fail "a migration"
run cartridge delete TAP002L8 --yes
expect 4
expect_error 'only on physical volumes'
{ [ -e "$pool/DATA1.cart" ] && [ -e "$pool/TAP002L8.cart" ]; } || fail "they stay"
printf garbage >"$pool/TAP003L8.cart/header"
run cartridge delete TAP003L8 --yes
expect 4
expect_error 'it is damaged'
run cartridge delete --yes --force DATA1 TAP002L8 TAP003L8 PARTS1 LEFT1
expect 0
{ [ ! -e "$pool/DATA1.cart" ] && [ ! -e "$pool/TAP002L8.cart" ]; } || fail "they are gone"

claim "what is recorded while the question is open is not deleted by the answer"
run cartridge create TAP030L8
expect 0
python3 - "$VTL" "$TOOL" "$pool" >"$root/answer" <<'END'
import os, pty, subprocess, sys

vtl, tool, pool = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.execv(vtl, [vtl, "cartridge", "delete", "TAP030L8"])
said = b""


def read():
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""


while b"[y/N]" not in said:
    more = read()
    if not more:
        break
    said += more
# a job records on it: another one's recording takes its place
subprocess.run(["rm", "-r", pool + "/TAP030L8.cart"], check=True)
subprocess.run([tool, "abandon", pool, "TAP030L8"])
os.write(terminal, b"y\n")
more = read()
while more:
    said += more
    more = read()
print(said.decode())
print("exit code", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END
out=$(tr -d '\r' <"$root/answer")
for pattern in 'TAP030L8 was not deleted: it holds data' 'is out of the library now .*import TAP030L8' 'exit code 4$'; do
	printf '%s\n' "$out" | grep -Eq "$pattern" || fail "the answer is like: $pattern"
done
[ -e "$pool/TAP030L8.cart" ] || fail "it is there"
run cartridge import TAP030L8
expect 0
run cartridge delete TAP030L8 --yes --force
expect 0

claim "a deletion that left something behind is good, and names what is left"
run cartridge create TAP031L8
expect 0
: >"$pool/.TAP031L8.cart.backup-x" # a file, which no repair made
run cartridge delete TAP031L8 --yes
expect 0 'TAP031L8 is deleted\.' 'TAP031L8 is deleted, but .*/\.TAP031L8\.cart\.backup-x is still there: '
[ ! -e "$pool/TAP031L8.cart" ] || fail "it is gone"
rm "$pool/.TAP031L8.cart.backup-x"

claim "backups of repairs go with the cartridge, and with the library"
"$TOOL" make "$pool" DATA1 || fail "a recording"
rm "$pool"/DATA1.cart/index.*
run cartridge repair DATA1
expect 0
[ -n "$(find "$pool" -maxdepth 1 -name '.DATA1.cart.backup-*')" ] || fail "a backup is there"
mkdir "$pool/.DATA1X.cart.backup-1"
run cartridge delete DATA1 --yes --force
expect 0
[ -z "$(find "$pool" -maxdepth 1 -name '.DATA1.cart.backup-*')" ] || fail "it is gone"
[ -e "$pool/.DATA1X.cart.backup-1" ] || fail "that of another one stays"
run library destroy lib0 --delete-cartridges
expect 0
[ ! -e "$pool" ] || fail "nothing of the pool is left"

finish
