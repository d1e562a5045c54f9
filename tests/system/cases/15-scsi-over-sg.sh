#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 900 s
# The tests of tests/scsi, the same programs, through /dev/sg, the kernel, LIO and tcmu-runner. Bodies that reach into the
# process are skipped, each with its reason (tests/support/rig_sg.h), and counted. With VTL_LONG in both sense formats.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
long_only
rig_library
except=$(cd "$(dirname "$0")"/../../.. && pwd)/tests/scsi/not-over-sg

[ -z "${VTL_LONG:-}" ] || export RIG_SG_BOTH=1
passed=0 skipped=0
for program in "$VTL_BUILD"/tests/scsi/test_scsi_*; do
	[ -f "$program" ] || continue
	begun=$SECONDS
	# shellcheck disable=SC2154 # set by library
	RIG_SG=$sg1:$sg0 RIG_SG_EXCEPT=$except timeout 200 "$program" >"$work/out" 2>&1
	status=$? took=$((SECONDS - begun))
	good=$(grep -c '^\[ *OK *\]' "$work/out") bad=$(grep -c '^ 1 FAILED TEST' "$work/out") left=$(grep -c '^ 1 SKIPPED TEST' "$work/out")
	passed=$((passed + good)) skipped=$((skipped + left))
	if [ $((good + bad + left)) = 0 ]; then
		echo "# $(basename "$program"): no tests of the rig"
	elif [ $status = 0 ]; then
		pass "$(basename "$program"): $good bodies in $took s, $left skipped"
	else
		fail "$(basename "$program"): $good bodies, $left skipped, $bad failed, status $status" \
			"$(awk '/^\[ *RUN/ { said = "" } /^\[ *FAILED *\] [a-z].*[^:]$/ && !seen[$0]++ { print said $0 } !/^\[ *(RUN|OK|====)/ { said = said $0 "\n" }' "$work/out" | head -80)"
	fi
	grep -o 'reaches into the process: .*\|more data than.*' "$work/out" | sort | uniq -c | sed 's/^/#  skipped /'
done
claim "most bodies run here ($passed, $skipped skipped)" test $passed -gt $skipped
claim "tcmu-runner lives" runner_alive
finish
