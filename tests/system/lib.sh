# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# lib.sh: what a system test says and does. A case is a program in cases/ that sources this file, makes claims, and ends
# with finish. Its output is TAP: one line per claim, what went wrong below it.
#
# The machine is the caller's to break, but not the next case's: a case leaves drives empty and its libraries deleted
# (lib.sh does both for what it set up).
set -u
# shellcheck source=tests/system/runner.sh
. "$(dirname "${BASH_SOURCE[0]}")"/runner.sh
claims=0 failures=0
work=$(mktemp -d /srv/case.XXXXXX)
libraries=()
on_leave= # a case's own clearing up, before that of its libraries
# The devices of the library that was exported last.
# shellcheck disable=SC2034 # for the cases
changer='' sg0='' sg1='' sg2='' nst1='' nst2=''
trap leave EXIT

# ---- claims ----

pass() {
	claims=$((claims + 1))
	echo "ok $claims - $1"
}

# fail CLAIM [WHY...]
fail() {
	claims=$((claims + 1)) failures=$((failures + 1))
	echo "not ok $claims - $1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
}

# claim TEXT COMMAND...: the command ends with 0.
claim() {
	local text=$1 out status
	shift
	out=$("$@" 2>&1)
	status=$?
	if [ $status = 0 ]; then pass "$text"; else fail "$text" "$*" "status $status" "$out"; fi
}

# refused TEXT PATTERN COMMAND...: the command ends with another status, and says PATTERN.
refused() {
	local text=$1 pattern=$2 out status
	shift 2
	out=$("$@" 2>&1)
	status=$?
	if [ $status = 0 ]; then
		fail "$text" "$*" "ended with 0" "$out"
	elif ! grep -Eqi -- "$pattern" <<<"$out"; then
		fail "$text" "$*" "status $status, but says nothing like '$pattern':" "$out"
	else
		pass "$text"
	fi
}

# equal TEXT ACTUAL EXPECTED
equal() {
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "is:        $2" "should be: $3"; fi
}

# contains TEXT HAYSTACK PATTERN
contains() {
	if grep -Eq -- "$3" <<<"$2"; then pass "$1"; else fail "$1" "nothing like '$3' in:" "$2"; fi
}

# long_only: the rest of the case takes minutes, and runs only with VTL_LONG=1.
long_only() { [ -n "${VTL_LONG:-}" ] || skip_all "takes minutes: VTL_LONG=1"; }

skip_all() {
	echo "1..0 # SKIP $*"
	exit 77
}

finish() {
	echo "1..$claims"
	[ "$claims" != 0 ] || {
		echo "# no claim was made"
		exit 1
	}
	[ "$failures" = 0 ] || exit 1
	exit 0
}

leave() {
	local status=$? name
	[ -z "$on_leave" ] || eval "$on_leave" >/dev/null 2>&1
	for name in "${libraries[@]}"; do
		vtl-lio teardown "$name" >/dev/null 2>&1
		rm -rf "${TCMU_VTL_STATE:?}/$name"
	done
	rm -rf "$work"
	exit $status
}

# ---- libraries ----

# library NAME [KEY=VALUE...] [-- MEDIA_KEY=VALUE...]: creates and exports a library of 2 drives, 8 slots and
# 2 mail slots with TAP001L8 to TAP004L8, and sets changer, nst1, nst2, sg0, sg1, sg2 to its devices.
library() {
	local name=$1 file=$work/$1.conf line
	shift
	{
		printf '[library]\nname=%s\nslots=8\nmail_slots=2\ndrives=2\npool=%s\n' "$name" "${POOL:-$work/pool-$name}"
		for line in "$@"; do
			if [ "$line" = -- ]; then printf '[media]\nbarcodes=TAP001L8-TAP004L8\ntype=LTO-8\n'; else echo "$line"; fi
		done
		[[ " $* " == *" -- "* ]] || printf '[media]\nbarcodes=TAP001L8-TAP004L8\ntype=LTO-8\n'
	} >"$file"
	# shellcheck disable=SC2034 # for the case
	pool=${POOL:-$work/pool-$name}
	vtl library create "$file" >"$work/create.log" 2>&1 || {
		fail "create library $name" "$(cat "$work/create.log")"
		finish
	}
	libraries+=("$name")
	export_library "$name"
}

# rig_library: lib0 as tests/support/rig.h describes it, T1 in drive 1; sg1 is the drive, sg0 the changer.
rig_library() {
	printf '[library]\nname=lib0\nslots=5\nmail_slots=2\ndrives=2\nserial=VTLTEST001\npersonality=ibm-lto8\npool=%s\n' "$work/pool" >"$work/lib0.conf"
	printf '[media]\nbarcodes=T1-T3\ncapacity=1M\nearly_warning=100K\n' >>"$work/lib0.conf"
	vtl library create "$work/lib0.conf" >"$work/create.log" 2>&1 || {
		fail "create library lib0" "$(cat "$work/create.log")"
		finish
	}
	libraries+=(lib0)
	export_library lib0
	in_drive T1 1
}

export_library() {
	vtl-lio setup "$1" --json >"$work/$1.json" 2>"$work/setup.log" || {
		fail "export library $1" "$(cat "$work/setup.log")" "$(tail -20 /var/log/tcmu-runner.log)"
		finish
	}
	# The units' "lun", then their "devices", the most useful first; an emulated processor starts no python for that.
	local line lun='' first=''
	while read -r line; do
		line=${line%,}
		case $line in
		'"lun": '*) lun=${line#*: } first='' ;;
		'"/dev/'*)
			line=${line//\"/}
			if [ -n "$first" ]; then
				printf -v "sg$lun" %s "$line"
			elif [ "$lun" = 0 ]; then
				changer=$line first=1
			else
				printf -v "nst$lun" %s "$line"
				first=1
			fi
			;;
		esac
	done <"$work/$1.json"
}

# has_command OPCODE[,SERVICE_ACTION]: the first drive says that it has it.
has_command() {
	local said
	said=$(sg_opcodes -o "$1" "$sg1" 2>&1) && ! grep -qi 'not supported' <<<"$said"
}

# slot_of BARCODE: where mtx sees it, as a slot's number.
slot_of() {
	mtx -f "$changer" status | sed -n "s/^ *Storage Element \([0-9]*\).*:VolumeTag=$1 .*/\1/p"
}

# in_drive BARCODE N: loads it into drive N (from 1) and waits for the drive.
in_drive() {
	local tape=nst$2
	mtx -f "$changer" load "$(slot_of "$1")" $(($2 - 1)) >"$work/load.log" 2>&1 || {
		fail "load $1 into drive $2" "$(cat "$work/load.log")"
		finish
	}
	mt -f "${!tape}" status >/dev/null
}

out_of_drive() {
	mtx -f "$changer" unload "$(mtx -f "$changer" status | sed -n "s/^Data Transfer Element $(($1 - 1)):Full (Storage Element \([0-9]*\) Loaded).*/\1/p")" \
		$(($1 - 1)) >"$work/unload.log" 2>&1 || fail "unload drive $1" "$(cat "$work/unload.log")"
}
