#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The real vtl-policyd: its options and exit codes, --dry-run and --once, and kill -9 at random moments of a migration and
# of a recall, after which it must end with every block where it belongs.  $POLICYD, $VTL and $RECORD are the programs.
set -eu
work=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
export TCMU_VTL_STATE="$work/state"
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$work/none" # there is no bus here

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# expect CODE COMMAND...: what it printed is in out and err
expect() {
	code=$1
	shift
	status=0
	"$@" >out 2>err || status=$?
	[ "$status" = "$code" ] || fail "$* ended with $status, not $code: $(cat out err)"
}

mkdir tapes
cat >lib0.conf <<END
[library]
name=lib0
slots=5
drives=1
pool=$work/pool
[media]
barcodes=T1-T2
type=LTO-8
END
cat >policy.conf <<END
[policyd]
catalog=$work/policy/catalogue.sqlite
scratch=V*
[drive phys1]
device=$work/tapes
volume=V1
[rule all]
if=not-mounted-for 0s; size-over 0
then=migrate
END
policyd() {
	"$POLICYD" --config policy.conf "$@"
}

# ---- options ----
expect 0 "$POLICYD" --help
grep -q -- --dry-run out || fail "--help has no --dry-run"
expect 0 "$POLICYD" --version
expect 2 "$POLICYD" --nonsense
expect 2 "$POLICYD" stray
expect 2 "$POLICYD" --config absent.conf
grep -q absent.conf err || fail "the absent file is not named"
printf '[drive d]\n' >wrong.conf
expect 2 "$POLICYD" --config wrong.conf
grep -q 'wrong.conf: \[drive d\] device=' err || fail "the mistake is not named: $(cat err)"

# ---- a dry run leaves nothing behind ----
"$VTL" library create lib0.conf >/dev/null
block="b1048576 b65536 b1"
recording="$block F $block $block F $block $block $block $block $block $block $block $block F"
"$RECORD" "$work/pool" T1 "$recording"
digest=$("$RECORD" "$work/pool" T1)
expect 0 policyd --dry-run
grep -q 'migrate lib0/T1, drive phys1, volume V1 (rule all)' out || fail "the dry run says: $(cat out)"
[ ! -e policy ] || fail "the dry run made a catalogue"
[ ! -e tapes/V1.tap ] || fail "the dry run wrote"

# ---- killed, begun again, killed ... until it is done ----
# kill_until_done CONDITION: runs --once and kills it ever later
kill_until_done() {
	delay=0
	kills=0
	until "$@"; do
		delay=$((delay + 3 + delay / 10)) # ms; a busy machine may take long before it does anything
		[ $delay -lt 30000 ] || fail "it never came to its end: $(cat err)"
		status=0
		timeout -s KILL "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))" "$POLICYD" --config policy.conf --once >out 2>err || status=$?
		[ $status = 0 ] || kills=$((kills + 1))
	done
	[ $kills -gt 0 ] || fail "it was never killed"
	echo "$*: done after $kills kills"
}
state_is() {
	"$VTL" --json cartridge show T1 | grep -q "\"state\": *\"$1\""
}
kill_until_done state_is migrated
[ "$(ls tapes)" = V1.tap ] || fail "there are other volumes: $(ls tapes)"
# A kill between the header and the files behind it leaves files that the next writer deletes.
[ $status != 0 ] || [ "$(du -sk pool/T1.cart | cut -f1)" -lt 200 ] || fail "the disk was not freed"

"$RECORD" move lib0 T1 drive 1
kill_until_done state_is premigrated
[ "$("$RECORD" "$work/pool" T1)" = "$digest" ] || fail "the recalled recording differs"

# ---- one daemon at a time ----
"$POLICYD" --config policy.conf --foreground >daemon.log 2>&1 &
daemon=$!
for _ in $(seq 200); do
	# not by trying the lock: the daemon would find it taken, by us
	readlink /proc/$daemon/fd/* 2>/dev/null | grep -q 'catalogue.sqlite.lock$' && break
	sleep 0.05
done
sleep 0.2 # from the open of the file to its lock
expect 1 policyd --once
grep -q 'another vtl-policyd' err || fail "a second daemon says: $(cat err)"
expect 0 policyd --dry-run
kill -TERM $daemon
status=0
wait $daemon || status=$?
daemon=
[ $status = 0 ] || fail "told to end, it ended with $status: $(cat daemon.log)"

# ---- nothing is left to do ----
expect 0 policyd --once
expect 0 policyd --dry-run
grep -q 'nothing is to be done now' out || fail "something is left: $(cat out)"
echo passed
