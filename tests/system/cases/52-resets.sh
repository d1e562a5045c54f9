#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # claim calls the functions
# limit: 240 s
# A reset of the unit, the target, the bus and the host while a program writes: nobody hangs, tcmu-runner lives, the drive
# goes on, and what is on the tape is an exact beginning of what was written. And commands that take longer than st waits.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library resets
in_drive TAP001L8 1
mt -f "$nst1" setblk 0
head -c 60000000 /dev/urandom >"$work/data"
runner=$(cat /run/tcmu-runner.pid)

for reset in --device --target --bus --host; do
	mt -f "$nst1" rewind
	dd if="$work/data" of="$nst1" bs=64k 2>"$work/dd" &
	writer=$!
	sleep 0.5
	timeout 60 sg_reset --no-esc $reset "$sg1" >"$work/reset" 2>&1
	done_=$?
	for ((i = 0; i < 300; i++)); do
		kill -0 $writer 2>/dev/null || break
		sleep 0.1
	done
	kill -0 $writer 2>/dev/null && kill -9 $writer
	claim "$reset: the writer ends within 30 s (sg_reset: status $done_ $(head -1 "$work/reset"))" test "$i" -lt 300
	wait $writer
	sg_turs "$sg1" >/dev/null 2>&1 # a unit attention, if there is one
	claim "$reset: the drive is ready" sg_turs "$sg1"
	claim "$reset: it rewinds" mt -f "$nst1" rewind
	dd if="$nst1" of="$work/back" bs=64k 2>/dev/null
	size=$(stat -c %s "$work/back")
	claim "$reset: what was written is an exact beginning ($((size / 65536)) blocks)" cmp -n "$size" "$work/back" "$work/data"
done
equal "tcmu-runner is the same process" "$(cat /run/tcmu-runner.pid) $(kill -0 "$runner" && echo alive)" "$runner alive"
mt -f "$nst1" rewind
claim "a whole tape can be written afterwards" dd if="$work/data" of="$nst1" bs=64k status=none
mt -f "$nst1" rewind
claim "and read" cmp -n 60000000 "$work/data" <(dd if="$nst1" bs=64k status=none)

# st gives up: tcmu-runner is stopped for longer than its timeout, and goes on when the host has long been told
mt -f "$nst1" rewind
claim "st waits 4 s" mt -f "$nst1" sttimeout 4
kill -STOP "$runner"
timeout 100 dd if="$nst1" of=/dev/null bs=64k count=1 >"$work/dd" 2>&1 &
reader=$!
sleep 14
kill -CONT "$runner"
wait $reader
claim "the reader was told, it did not hang" test $? -ne 124
mt -f "$nst1" sttimeout 900
for ((i = 0; i < 50; i++)); do sg_turs "$sg1" >/dev/null 2>&1 && break; sleep 0.2; done
claim "the drive is ready again" sg_turs "$sg1"
mt -f "$nst1" rewind
claim "and reads what is there" cmp -n 655360 "$work/data" <(dd if="$nst1" bs=64k count=10 status=none)
out_of_drive 1
finish
