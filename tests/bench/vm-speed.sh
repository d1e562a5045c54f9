#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 3300 s
# The speed of our drive on loopback, of tgt's tape over iSCSI, and of a null unit, in one boot of the virtual machine.
# tests/bench/run-vm starts it as the only case of tests/system/run, and prints the table that it leaves in /vm.
#
# VTL_BENCH is words KEY=VALUE: mib (of each measurement), runs, blocks (KiB, with commas), marks (0: none),
# units (with commas), count (blocks of the counted run; 0: none).
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../system/lib.sh
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here"/../.. && pwd)
build=$VTL_BUILD
mib=256 runs=3 blocks=64,256,1024 marks=10000 count=256 units=null,copy,none,lz4,tgt,none.disk,tgt.disk
for word in ${VTL_BENCH:-}; do
	case $word in
	mib=* | runs=* | blocks=* | marks=* | units=* | count=*) declare "$word" ;;
	*) fail "VTL_BENCH has '$word'" && finish ;;
	esac
done
mkdir -p "$work"/{log,memory,physical}
declare -A device=() # of each unit, /dev/nstN
module=$(echo /usr/lib*{,/*}/tcmu-runner/handler_vtl.so | tr ' ' '\n' | grep -v '[*]' | head -1)
module=${module%/*}/handler_vtlnull.so

# The stage of the demonstration has tgt and open-iscsi; bus, modules and tcmu-runner are the machine's.
# shellcheck source=demo/stage.sh
. "$root"/demo/stage.sh
# shellcheck source=tests/system/runner.sh
. "$root"/tests/system/runner.sh
remember_machine

wants() { [[ ,$units, == *,$1,* ]]; }

# shellcheck disable=SC2317 # lib.sh runs it
clear_speed() {
	delete_null throw
	delete_null copy
	clear_stage
	for name in "${libraries[@]}"; do vtl-lio teardown "$name"; done
	umount -l "$work/memory" "$work/physical"
	rm -f "$module"
}
# shellcheck disable=SC2034 # lib.sh runs it
on_leave=clear_speed

# ---- the units ----

# One backstore of handler_vtlnull below a loopback target of its own.
target=/sys/kernel/config/target
declare -A null_wwn=([throw]=naa.500140500000aaa0 [copy]=naa.500140500000bbb0)

null_unit() {
	local kind=$1 wwn=${null_wwn[$1]} core=$target/core/user_9$2/null-$1 group address
	mkdir -p "$core" || return 1
	echo "dev_config=vtlnull/$kind" >"$core/control" &&
		echo dev_size=1048576 >"$core/control" &&
		echo hw_block_size=512 >"$core/control" &&
		echo 1 >"$core/enable" || return 1
	group=$target/loopback/$wwn/tpgt_1
	mkdir -p "$group/lun/lun_0" && echo "${wwn%?}1" >"$group/nexus" && ln -s "$core" "$group/lun/lun_0/unit" || return 1
	address=$(cat "$group/address")
	wait_for 30 test -d "/sys/bus/scsi/devices/$address:0/scsi_tape" || return 1
	device[$3]=/dev/$(find "/sys/bus/scsi/devices/$address:0/scsi_tape/" -name 'nst*[0-9]' -printf '%f\n')
	wait_for 30 test -c "${device[$3]}"
}

# shellcheck disable=SC2317 # clear_speed runs it
delete_null() {
	local group=$target/loopback/${null_wwn[$1]}/tpgt_1
	[ -d "$group" ] || return 0
	rm -f "$group/lun/lun_0/unit"
	rmdir "$group/lun/lun_0" "$group" "${group%/*}"
	rmdir "$target"/core/user_9*/"null-$1"
}

# our_unit NAME CODEC POOL
our_unit() {
	POOL=$3/pool-$2 library "bench_$2_$4" -- "codec=$2"
	in_drive TAP001L8 1
	device[$1]=$nst1
}

# A second tape of tgt's, whose file lies on the disk.
tgt_on_disk() {
	local before
	before=$(tape_nodes)
	tgtimg --op new --device-type tape --barcode PHY002L8 --size 8192 --type data --thin-provisioning --file "$work/PHY002L8" >"$work/log/tgtimg2" 2>&1
	tgt --mode logicalunit --op new --tid 1 --lun 2 -b "$work/PHY002L8" --device-type=tape --bstype=ssc
	iscsiadm -m session --rescan >"$work/log/rescan" 2>&1
	# shellcheck disable=SC2317 # wait_for runs it
	appeared() { device[tgt.disk]=/dev/$(comm -13 <(echo "$before") <(tape_nodes) | grep -x 'nst[0-9]*') && [ -c "${device[tgt.disk]}" ]; }
	wait_for 30 appeared || fail "a second tape of tgt's" "$(cat "$work"/log/{tgtimg2,rescan})"
}

start_units() {
	cp "$build"/tests/bench/handler_vtlnull.so "$module"
	kill "$(cat /run/tcmu-runner.pid)"
	wait_for 10 eval '! runner_alive'
	claim "tcmu-runner starts with the null unit" start_runner
	modprobe tcm_loop
	mkdir -p $target/loopback
	if wants null; then null_unit throw 0 null || fail "a null unit"; fi
	if wants copy; then null_unit copy 1 copy || fail "a null unit that copies"; fi
	for codec in none lz4 zstd; do
		if wants $codec; then our_unit $codec $codec "$work/memory" memory; fi
	done
	if wants none.disk; then our_unit none.disk none "$work" disk; fi
	if [[ $units == *tgt* ]]; then
		start_physical
		# shellcheck disable=SC2154 # set by start_physical
		device[tgt]=$physical
		if wants tgt.disk; then tgt_on_disk; fi
		wants tgt || unset 'device[tgt]'
	fi
}

# ---- the measurements ----

seconds() { LC_ALL=C dd "$@" 2>&1 >/dev/null | tee "$work/log/dd" | sed -n 's/.* copied, \([0-9.e-]*\) s.*/\1/p'; }

# note WHAT UNIT KIB SECONDS
note() {
	if [ -n "$4" ]; then
		echo "$1 $2 $3 $4" >>/vm/figures
	else
		fail "$1 with $3 KiB blocks on $2" "$(cat "$work/log/dd")"
	fi
}

# One writing and one reading. The old recording ends outside of the timing, as what is behind it would cost at the first write.
measure() {
	local unit=$1 kib=$2 tape=${device[$1]}
	mt -f "$tape" rewind
	[[ $unit == tgt* ]] || mt -f "$tape" erase 0
	mt -f "$tape" rewind
	sync
	note write "$unit" "$kib" "$(seconds if=/dev/shm/data of="$tape" bs="${kib}k")"
	sync
	mt -f "$tape" rewind
	note read "$unit" "$kib" "$(seconds if="$tape" of=/dev/null bs="${kib}k" count=$((mib * 1024 / kib)))"
}

marks_of() {
	local unit=$1 kind=$2 taken
	mt -f "${device[$unit]}" rewind
	[[ $unit == tgt* ]] || mt -f "${device[$unit]}" erase 0
	sync
	taken=$("$build"/tests/bench/filemarks "${device[$unit]}" "$marks" "$kind" 2>"$work/log/dd")
	note "$kind" "$unit" 0 "$taken"
}

# System calls of tcmu-runner, counted by the kernel: strace would stop its threads and make them wait for each other.
# Those of 2n blocks minus those of n are those of n blocks, whatever begins and ends a recording.
count_calls() {
	local n unit=$1 tape=${device[$1]} verb event=/sys/kernel/tracing/events/raw_syscalls/sys_enter
	local hist='hist:keys=common_pid.execname,id.syscall:size=4096'
	mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
	for verb in write read; do
		# more than will be read: so that reading ahead never comes to the end
		[ $verb = write ] || dd if=/dev/shm/data of="$tape" bs=256k status=none
		for n in "$count" $((2 * count)); do
			mt -f "$tape" rewind
			[ $verb = read ] || mt -f "$tape" erase 0
			echo "$hist" >$event/trigger
			if [ $verb = write ]; then
				dd if=/dev/shm/data of="$tape" bs=256k count="$n" status=none
			else
				dd if="$tape" of=/dev/null bs=256k count="$n" status=none
			fi
			{
				echo "runner" /proc/"$(cat /run/tcmu-runner.pid)"/task/*
				cat $event/hist
			} >"$work/log/calls.$n"
			echo "!$hist" >$event/trigger
		done
		/usr/bin/python3 -B "$here"/calls.py "$verb, $unit" "$count" "$work/log/calls.$count" "$work/log/calls.$((2 * count))" >>/vm/counts
	done
}

mount -t tmpfs -o size=3g memory "$work/memory"
mount -t tmpfs -o size=2g memory "$work/physical"
start_units
# Programs of this machine: neither zeros nor noise. In memory, so that it costs every unit the same.
tar -cf - -C /usr bin 2>/dev/null | head -c $((mib * 1024 * 1024)) >/dev/shm/data
[ $((3 * count)) -le $((mib * 4)) ] || count=$((mib * 4 / 3))
equal "there is enough data" "$(stat -c %s /dev/shm/data)" $((mib * 1024 * 1024))
for unit in "${!device[@]}"; do
	claim "variable blocks on $unit, ${device[$unit]}" mt -f "${device[$unit]}" setblk 0
done
echo "$claims claims, $failures failed; units: $units; $mib MiB, $runs runs"
IFS=, read -ra sizes <<<"$blocks"
IFS=, read -ra order <<<"$units"
for ((run = 0; run < runs; run++)); do
	for kib in "${sizes[@]}"; do
		for unit in "${order[@]}"; do
			measure "$unit" "$kib"
		done
	done
done
if [ "$marks" != 0 ]; then
	for unit in "${order[@]}"; do
		for kind in sync immediate; do
			[ "$unit" = copy ] || marks_of "$unit" $kind
		done
	done
fi
if [ "$count" != 0 ]; then
	printf '\nSystem calls of tcmu-runner per 256 KiB block, in the machine, of %s blocks:\n\n| | %s | workers |\n|---|---|---|\n' \
		"$count" "command's thread (the runner's own are ppoll, read, write)" >/vm/counts
	if wants null; then count_calls null; fi
	if wants none; then count_calls none; fi
fi
claim "the table" bash -c "/usr/bin/python3 -B '$here'/table.py $mib $marks /vm/figures >/vm/table"
finish
