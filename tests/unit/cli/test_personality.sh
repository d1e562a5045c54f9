#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test_personality.sh: vtl personality list, show, check; an administrator's own file, good and bad, and a library of it.
# shellcheck source=tests/unit/cli/cli.sh
. "$(dirname "$0")/cli.sh"
export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus
export TCMU_VTL_PERSONALITIES=$root/personalities
mkdir "$TCMU_VTL_PERSONALITIES"
own=$TCMU_VTL_PERSONALITIES/site.personality

write_own() {
	cat >"$own" <<END
[drive site-lto8]
base=ibm-ult3580-td8
vendor=SITE
vpd.D0="Site" <serial:12>
${1:-}
[personality site-lto8]
base=ibm-lto8
description=LTO-8 of this site
drive=site-lto8
END
}

claim "list has the built-in ones, each once"
run personality list
expect 0 '^ibm-lto8 +IBM ULT3580-TD8 +IBM 3573-TL +LTO-8$' '^hpe-lto9 ' '^stk-t10000d ' '^sony-ait5 '
run personality list --json
expect_json 'len(j) == len({p["name"] for p in j}) > 50 and all(p["builtin"] is True for p in j)'
expect_json '[p["source"] for p in j if p["name"] == "hp-lto1"] == ["built in: lto-hp.personality"]'

claim "show tells drive, library and what the drive makes of each medium"
run personality show ibm-lto8
expect 0 '^Drive +IBM ULT3580-TD8 HB81$' '^Library +IBM 3573-TL ' '^LTO-8 +read-write +data +L8 +5Eh +88h ' \
	'^LTO-CLEAN +cleaning ' '^Features .*ibm-mode'
expect 0 '^First addresses of the real one +transport 1, slots 4096, ' \
	'^First addresses here +transport 0, slots 1024, mail slots 16, drives 256$'
run personality show ibm-lto6 --json
expect_json 'j["drive_model"] == "ibm-ult3580-td6" and j["partitions"] == 4'
expect_json '[m["access"] for m in j["media"] if m["medium"] == "LTO-4"] == ["read-only"]'
run personality show none-such
expect 3
expect_error 'none-such'
run personality show
expect 2

claim "a file of one's own is checked, and then there"
write_own
run personality check "$own"
expect 0 "$own +site-lto8"
run personality check "$own" --json
expect_json 'j == [{"file": j[0]["file"], "good": True, "personalities": "site-lto8", "mistake": None}]'
run personality list
expect 0 '^site-lto8 +SITE ULT3580-TD8 +IBM 3573-TL +LTO-8$'
run personality show site-lto8
expect 0 "^From +$own" '^Description +LTO-8 of this site$'

claim "a library can be made of it"
write_description lib0
sed -i 's/^\[library\]/&\npersonality=site-lto8/' "$root/lib0.conf"
run library create "$root/lib0.conf"
expect 0 'Library lib0 is made'

claim "a mistake is told with file, line, key and what is allowed"
write_own 'revision=12345'
run personality check "$own"
expect 1
expect_error "$own:5: \[drive site-lto8\], key revision: '12345' is longer than 4 characters"
run personality check "$own" --json
[ "$code" = 1 ] || fail "exit code 1"
expect_json 'j[0]["good"] is False and "key revision" in j[0]["mistake"] and j[0]["personalities"] is None'

claim "a bad file among good ones: each is judged"
cp "$own" "$root/bad.personality"
write_own
run personality check "$own" "$root/bad.personality" "$root/absent.personality"
expect 1 "$own +site-lto8" 'bad.personality:5: ' 'absent.personality'

claim "a bad file defines nothing, harms no other, and list says why it is missing"
write_own 'features=flying'
run personality list
expect 0 '^ibm-lto8 ' "^vtl: not listed: $own:5: .*key features: "
printf '%s\n' "$out" | grep -q site-lto8 && fail "it is not listed"
run personality show site-lto8
expect 3
expect_error 'site-lto8'
write_description lib1
sed -i 's/^\[library\]/&\npersonality=site-lto8/' "$root/lib1.conf"
run library create "$root/lib1.conf"
expect 1
expect_error 'personality'
[ ! -e "$root/pool-lib1" ] || fail "no pool was made"

finish
