# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# cli.sh: sourced by the tests of vtl: a folder of the test's own, and words to run vtl and say what is expected.
#
#   $VTL, $SERVICE   the programs, from CMakeLists.txt
#   $root            holds state/, pool/ and lib0.conf; removed at the end
set -u
: "${VTL:?the vtl to test}" "${SERVICE:?the services of service.c}" "${MIGRATE:?migrate.c}"

root=$(mktemp -d "${TMPDIR:-/tmp}/vtl-cli-XXXXXX")
export TCMU_VTL_STATE=$root/state TCMU_VTL_BUS=session TZ=UTC LC_ALL=C.UTF-8
failures=0
service=

cleanup() {
	stop_service
	rm -rf "$root"
}
trap cleanup EXIT

# run ARGUMENTS...: runs vtl; its output is in $out and $err, its exit code in $code.
run() {
	last="vtl $*"
	out=$("$VTL" "$@" 2>"$root/err")
	code=$?
	err=$(cat "$root/err")
}

fail() {
	failures=$((failures + 1))
	printf 'FAILED: %s: %s\n  exit code %s\n  stdout: %s\n  stderr: %s\n' "$claim" "$*" "$code" "$out" "$err"
}

# What follows shows this.
claim() { claim=$*; }

# expect CODE [PATTERN...]: the exit code, and extended regular expressions that a line of the output matches.
expect() {
	[ "$code" = "$1" ] || fail "$last: exit code $1 expected"
	shift
	for pattern; do
		printf '%s\n%s\n' "$out" "$err" | grep -Eq -- "$pattern" || fail "$last: no line is like: $pattern"
	done
}

# expect_json EXPRESSION: stdout is one JSON text, and the Python expression about it ("j") is true.
expect_json() {
	printf '%s' "$out" | python3 -c "import json, sys
j = json.load(sys.stdin)
sys.exit(0 if ($1) else 1)" || fail "$last: JSON, and $1"
}

# expect_error PATTERN: one line on stderr that begins with "vtl: ", nothing on stdout.
expect_error() {
	[ -z "$out" ] || fail "$last: nothing on stdout expected"
	printf '%s\n' "$err" | grep -Eq -- "^vtl: .*$1" || fail "$last: error like: $1"
}

write_description() {
	cat >"$root/${1:-lib0}.conf" <<END
[library]
name=${1:-lib0}
slots=5
mail_slots=2
drives=2
pool=$root/pool-${1:-lib0}
[media]
barcodes=${2:-T1-T3}
type=LTO-8
capacity=1G
END
}

create_library() {
	write_description "$@"
	run library create "$root/${1:-lib0}.conf"
	expect 0
}

# Serves lib0 and a policy until stop_service.
start_service() {
	coproc SERVED { exec "$SERVICE" lib0 2>"$root/service.err"; }
	service=$SERVED_PID
	if ! read -r -t 20 line <&"${SERVED[0]}" || [ "$line" != ready ]; then
		echo "the service did not start: $(cat "$root/service.err")"
		exit 1
	fi
}

stop_service() {
	[ -n "$service" ] || return 0
	eval "exec ${SERVED[1]}>&-"
	wait "$service"
	service=
}

finish() {
	[ "$failures" = 0 ] && echo "all claims hold"
	exit $((failures != 0))
}
