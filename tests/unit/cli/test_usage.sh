#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test_usage.sh: help, versions and lines that are wrong.
# shellcheck source=tests/unit/cli/cli.sh
. "$(dirname "$0")/cli.sh"
export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus

claim "--help is the map"
run --help
expect 0 '^  library create FILE ' '^  jobs ' '^  physical set-volume DRIVE \[VOLUME\]' 'Exit codes: 0 done'
[ -z "$err" ] || fail "help goes to stdout"

claim "each noun and each command has help, and help wins over missing arguments"
for noun in library cartridge drive policy physical personality; do
	run $noun --help
	expect 0 "^Usage: vtl $noun VERB" "^  $noun "
done
"$VTL" --help | sed -n 's/^  \([a-z][a-z ]*[a-z]\(-[a-z]*\)\{0,1\}\)  *[A-Z[a-z].*/\1/p' >"$root/commands"
[ "$(wc -l <"$root/commands")" -ge 18 ] || fail "at least 18 commands in the map"
while read -r noun verb _; do
	case $noun in migrate | recall | cancel | jobs) verb= ;; esac
	run "$noun" ${verb:+"$verb"} -h
	expect 0 "^Usage: vtl $noun" '--json' '--help'
done <"$root/commands"

claim "the version"
run --version
expect 0 '^vtl [0-9]+\.[0-9]+\.[0-9]+$'
run library list -V
expect 0 '^vtl [0-9]'

claim "nothing, or half a command, shows help as an error"
run
expect 2 'Usage: vtl COMMAND'
[ -z "$out" ] || fail "nothing on stdout"
run cartridge
expect 2 'Usage: vtl cartridge VERB'

claim "wrong words name the right one"
run librari list
expect 2
expect_error 'no command "librari"; did you mean "library"'
run cartridge shwo T1
expect 2
expect_error 'did you mean "show"'
run cartridge show T1 --librari x
expect 2
expect_error 'did you mean --library'
run jobs -x
expect 2
expect_error 'no option -x'

claim "arguments are counted"
run drive load T1
expect 2
expect_error 'usage: vtl drive load BARCODE DRIVE'
run library list more
expect 2
expect_error 'usage: vtl library list'
run jobs --limit
expect 2
expect_error 'needs a value'

claim "arguments are checked before anything is asked"
run drive load t1 1
expect 2
expect_error '"t1" is no barcode'
run drive load T1 one
expect 2
expect_error 'drive "one" is not a number'
run drive unload 0
expect 2
run cancel 1 x
expect 2
expect_error 'job "x"'
run jobs -n 0
expect 2

claim "after -- nothing is an option"
run cartridge show -- --help
expect 2
expect_error '"--help" is no barcode'

claim "output that cannot be written is a failure"
"$VTL" --help >/dev/full 2>"$root/err"
code=$?
out=''
err=$(cat "$root/err")
last="vtl --help >/dev/full"
expect 1 'cannot write'

finish
