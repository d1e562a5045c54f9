#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 900 s
# The tests of tests/scsi, the same bodies, through /dev/sg, the kernel, LIO and tcmu-runner. Bodies that reach into the
# process are skipped, each with its reason (tests/support/rig_sg.h), and counted. By default the programs that matter most;
# with VTL_LONG all of them, in both sense formats.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
rig_library
tests=$(cd "$(dirname "$0")"/../../.. && pwd)/tests/scsi

programs=(inquiry vpd mode log read write position partition verify security)
if [ -n "${VTL_LONG:-}" ]; then
	export RIG_SG_BOTH=1
	programs=()
fi
# shellcheck disable=SC2154 # sg1 and sg0 are set by library
RIG_SG=$sg1:$sg0:$work/pool RIG_SG_EXCEPT=$tests/not-over-sg timeout 850 "$VTL_BUILD"/tests/scsi/scsi_over_sg "${programs[@]}" >"$work/out" 2>&1
status=$?

# One line for each program, "good", "bad" or a comment.
awk -v OFS='\t' '
	function told() {
		if (program == "") return
		if (bad) print "bad", program ": " good " bodies, " left " skipped, " bad " failed"
		else print "good", program ": " good " bodies, " left " skipped"
		for (why in reasons) print "#", reasons[why] " skipped: " why
		if (bad) printf "%s", failures
		good = bad = left = 0; failures = ""; delete reasons
	}
	/^# program / { told(); program = $3; next }
	/^# reaches into the process: / { sub(/^[^:]*: /, ""); reasons[$0]++; next }
	/^# .*more data than/ { reasons["more data than the fabric carries"]++; next }
	/^# / { print "#", program ": " substr($0, 3) }
	/^\[ *RUN/ { said = "" }
	/^\[ *OK *\]/ { good++ }
	/^ 1 SKIPPED TEST/ { left++ }
	/^ 1 FAILED TEST/ { bad++; failures = failures said }
	!/^\[ *(RUN|OK|====)/ && NF { said = said "#\t  " $0 "\n" }
	END { told() }' "$work/out" >"$work/told"
passed=0 skipped=0
while IFS=$'\t' read -r kind text; do
	case $kind in
	good) pass "$text" ;;
	bad) fail "$text" ;;
	*) echo "#   $text" ;;
	esac
	case $text in
	*" bodies, "*)
		words=${text#*: }
		passed=$((passed + ${words%% *}))
		words=${words#* bodies, }
		skipped=$((skipped + ${words%% *}))
		;;
	esac
done <"$work/told"
equal "the program says so, too" "$status" 0
claim "most bodies run here ($passed, $skipped skipped)" test $passed -gt $skipped
[ -z "${VTL_LONG:-}" ] || claim "every test of the rig is among them" diff <(cd "$tests" && grep -l rig_main test_*.c | sed 's/^test_//; s/\.c$//' | sort) \
	<(sed -n 's/^# program //p' "$work/out" | sort -u)
claim "tcmu-runner lives" runner_alive
finish
