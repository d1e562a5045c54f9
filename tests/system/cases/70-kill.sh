#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 700 s
# kill -9 of tcmu-runner at random moments while a host writes archives, and a new start: every archive that was closed by
# a filemark reads back, and nothing else is ever returned as data.
# VTL_KILLS (50) is how often.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library kill
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
PYTHONPATH=$(dirname "$0")/.. /usr/bin/python3 -B "$(dirname "$0")"/../kill.py "$nst1" /run/tcmu-runner.pid "${VTL_KILLS:-50}" "${VTL_SEED:-}" >"$work/out" 2>&1
status=$?
grep -v '^1\.\.' "$work/out"
claims=$((claims + $(grep -c '^\(not \)\?ok' "$work/out"))) failures=$((failures + $(grep -c '^not ok' "$work/out")))
equal "the program came to its end" "$((status < 2)) $(grep -c Traceback "$work/out")" "1 0"
mt -f "$nst1" status >/dev/null 2>&1
out_of_drive 1
finish
