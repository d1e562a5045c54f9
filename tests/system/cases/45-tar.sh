#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 240 s
# Archives of tar: several on a tape with filemarks between, found again by mt, compared, appended, overwritten; the
# recording is there after unloading, after another drive, and after tcmu-runner was stopped and started.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library tar
in_drive TAP001L8 1
cd /usr/share || exit 1

claim "the first archive" tar -b 128 -cf "$nst1" doc/bash
claim "the second behind it" tar -b 128 -cf "$nst1" doc/coreutils
claim "the third behind it" tar -b 20 -cf "$nst1" doc/tar
claim "rewind" mt -f "$nst1" rewind
claim "space to the second" mt -f "$nst1" fsf 1
claim "it compares" tar -b 128 -df "$nst1"
claim "rewind" mt -f "$nst1" rewind
claim "the first compares" tar -b 128 -df "$nst1"
claim "go to the third" mt -f "$nst1" asf 2
claim "the third compares" tar -b 20 -df "$nst1"
claim "go to the end of data" mt -f "$nst1" eod
contains "three files are before it" "$(mt -f "$nst1" status)" 'File number=3'
claim "append a fourth" tar -b 128 -cf "$nst1" doc/mtx
claim "unload" mt -f "$nst1" offline
contains "the drive is open" "$(mt -f "$nst1" status)" DR_OPEN
out_of_drive 1

in_drive TAP001L8 2
claim "another drive finds the fourth" mt -f "$nst2" fsf 3
claim "and it compares" tar -b 128 -df "$nst2"
out_of_drive 2

kill "$(cat /run/tcmu-runner.pid)"
for ((i = 0; i < 100; i++)); do runner_alive || break; sleep 0.1; done
claim "tcmu-runner ends when told" test "$i" -lt 100
claim "and starts again" start_runner
in_drive TAP001L8 1
mt -f "$nst1" rewind
claim "the recording is still there" tar -b 128 -df "$nst1"
mt -f "$nst1" asf 1
claim "overwrite from the second archive on" tar -b 128 -cf "$nst1" doc/gzip
mt -f "$nst1" asf 1
claim "the new one compares" tar -b 128 -df "$nst1"
refused "the old third cannot be reached" 'error' mt -f "$nst1" asf 3
mt -f "$nst1" rewind
claim "the first is untouched" tar -b 128 -df "$nst1"
mt -f "$nst1" rewind
claim "a long erase is quick" mt -f "$nst1" erase
mt -f "$nst1" rewind
refused "and leaves a blank tape" 'input/output|no space|error|empty' tar -b 128 -tf "$nst1"
out_of_drive 1
finish
