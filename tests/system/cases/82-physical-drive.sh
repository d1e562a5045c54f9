#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 300 s
# The contract of a physical drive (policy/tapeio.h), as the unit tests prove it over a folder, holds over st: on our own
# virtual drive, and on one that we did not write.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
root=$(cd "$(dirname "$0")"/../../.. && pwd)
build=$VTL_BUILD
contract=$build/tests/unit/policy/test_policy_tapeio_drive
[ -x "$contract" ] || skip_all "$contract is not built"
mkdir -p "$work/log"

library physical
in_drive TAP001L8 1
# shellcheck disable=SC2154 # set by library
claim "the contract holds on our own drive" env VTL_TEST_TAPE="$nst1" timeout 100 "$contract"
out_of_drive 1

# shellcheck source=demo/stage.sh
. "$root"/demo/stage.sh
remember_machine
# shellcheck disable=SC2034 # lib.sh runs it
on_leave=clear_stage
start_physical
# shellcheck disable=SC2154 # set by start_physical
claim "the contract holds on tgt's drive" env VTL_TEST_TAPE="$physical" timeout 150 "$contract"
finish
