#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 900 s
# The main job, as ./quickstart shows it: description, LIO, tar, migration by a rule, recall by a mount, the physical tape
# read by hand, nothing left behind.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
root=$(cd "$(dirname "$0")"/../../.. && pwd)

# It starts a tcmu-runner of its own.
kill "$(cat /run/tcmu-runner.pid)"
for ((i = 0; i < 100; i++)); do runner_alive || break; sleep 0.1; done
unset TCMU_VTL_STATE
# A third of the files shows the same: four times 200 MB through a physical drive are minutes of an emulated processor.
[ -n "${VTL_LONG:-}" ] || export VTL_DEMO_MB=20
"$root"/demo/run "$VTL_BUILD" "$work/demo" >"$work/out" 2>&1
status=$?
sed 's/^/# /' "$work/out"
equal "the demonstration ends well" $status 0
for number in 1 2 3 4 5 6 7; do
	contains "step $number" "$(cat "$work/out")" "^\[$number/7\]"
done
contains "the drive was becoming ready" "$(cat "$work/out")" 'becoming ready'
contains "nothing is left behind" "$(cat "$work/out")" 'Nothing is left behind'
start_runner
finish
