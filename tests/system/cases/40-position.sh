#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 300 s
# mt's fsf, bsf, fsfm, bsfm, fsr, bsr, eod, seek, asf and tell do what a model of a tape says, in random order.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library position
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
PYTHONPATH=$(dirname "$0")/.. /usr/bin/python3 -B "$(dirname "$0")"/../position.py "$nst1" "${VTL_SEED:-}" >"$work/out"
status=$?
grep -v '^1\.\.' "$work/out"
claims=$((claims + $(grep -c '^\(not \)\?ok' "$work/out"))) failures=$((failures + $(grep -c '^not ok' "$work/out")))
equal "the program came to its end" "$((status < 2))" 1
out_of_drive 1
finish
