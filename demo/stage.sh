# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# stage.sh: what the demonstration needs around it, and how it goes away again: a D-Bus of its own, tcmu-runner with our
# handler, a physical drive that we did not write (tgt's tape emulation over iSCSI, seen by the kernel's st driver).
# Everything lives below $work; clear_stage undoes all of it, in the reverse order, at every end of the script.

: "${work:?}" "${build:?}" "${root:?}" # of the script that sources this file
pids=()
iqn=iqn.2003-01.org.linux-iscsi.tcmu-vtl:physical
tgt_port=32660
tgt_control=7

# wait_for SECONDS COMMAND...: until the command ends with 0.
wait_for() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.3
	done
}

die() {
	printf '\n%s: %s\n' "$(basename "$0")" "$1" >&2
	[ -z "${2:-}" ] || tail -15 "$2" | sed 's/^/    /' >&2
	exit 1
}

# start NAME COMMAND...: in the background, its output in $work/log/NAME. In a session of its own: iscsid ends its whole
# process group when it is told to end.
start() {
	local name=$1
	shift
	setsid "$@" >"$work/log/$name" 2>&1 </dev/null &
	pids+=($!)
}

loaded_modules() { cut -d' ' -f1 /proc/modules | sort; }
tape_nodes() { find /sys/class/scsi_tape /sys/class/scsi_changer -name '[ns][sct]*' -printf '%f\n' 2>/dev/null | sort; }

# What is there before, to be the same after.
remember_machine() {
	loaded_modules >"$work/before.modules"
	tape_nodes >"$work/before.nodes"
	(find /etc/iscsi /etc/target /etc/tcmu /etc/dbus-1 /usr/share/dbus-1 /var/lib/iscsi 2>/dev/null || true) | sort >"$work/before.files"
}

start_bus() {
	mkdir -p "$work/bus"
	sed "s|@WORK@|$work|" >"$work/bus/bus.conf" <<-'C'
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		  <type>system</type>
		  <listen>unix:path=@WORK@/bus/socket</listen>
		  <policy context="default"><allow user="root"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
		</busconfig>
	C
	start bus dbus-daemon --config-file="$work/bus/bus.conf" --nofork
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus/socket
	wait_for 20 test -S "$work/bus/socket" || die "the demonstration's own D-Bus does not start" "$work/log/bus"
}

on_bus() {
	dbus-send --bus="$DBUS_SYSTEM_BUS_ADDRESS" --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner "string:$1" | grep -q true
}

start_runner() {
	mkdir -p "$work/handlers"
	cp "$build/handlers/tcmu/handler_vtl.so" "$work/handlers/"
	modprobe target_core_user || die "this kernel has no target_core_user"
	start runner tcmu-runner --handler-path "$work/handlers" -l "$work/log"
	wait_for 60 on_bus org.kernel.TCMUService1 || die "tcmu-runner does not come up" "$work/log/tcmu-runner.log"
}

tgt() { tgtadm -C $tgt_control --lld iscsi "$@"; }

# A tape drive by tgt, logged in by open-iscsi: sets physical=/dev/nstN and physical_sg=/dev/sgN.
start_physical() {
	local image=$work/physical/PHY001L8
	mkdir -p "$work/physical"
	modprobe -a iscsi_tcp st sg || die "this kernel has no iscsi_tcp, st or sg"
	tgtimg --op new --device-type tape --barcode PHY001L8 --size 4096 --type data --thin-provisioning --file "$image" >"$work/log/tgtimg" 2>&1 ||
		die "tgtimg cannot make a tape" "$work/log/tgtimg"
	start tgtd tgtd -f -C $tgt_control --iscsi portal=127.0.0.1:$tgt_port
	wait_for 20 tgt --mode target --op show || die "tgtd does not come up" "$work/log/tgtd"
	tgt --mode target --op new --tid 1 --targetname $iqn
	tgt --mode logicalunit --op new --tid 1 --lun 1 -b "$image" --device-type=tape --bstype=ssc
	tgt --mode target --op bind --tid 1 --initiator-address ALL
	if ! pgrep -x iscsid >/dev/null; then
		mkdir -p /run/lock
		if [ ! -e /etc/iscsi/initiatorname.iscsi ]; then
			echo "InitiatorName=iqn.2003-01.org.linux-iscsi.tcmu-vtl:demo" >/etc/iscsi/initiatorname.iscsi
			touch "$work/made.initiatorname"
		fi
		start iscsid iscsid -f
		wait_for 20 pgrep -x iscsid || die "iscsid does not come up" "$work/log/iscsid"
	fi
	wait_for 20 iscsiadm -m discovery -t st -p 127.0.0.1:$tgt_port || die "open-iscsi does not see tgtd" "$work/log/iscsid"
	iscsiadm -m node -T $iqn -p 127.0.0.1:$tgt_port --login >"$work/log/login" 2>&1 || die "cannot log in to tgtd" "$work/log/login"
	wait_for 30 find_physical || die "the kernel sees no physical drive" "$work/log/tgtd"
	wait_for 30 test -c "$physical"
}

find_physical() {
	local node device
	for node in /sys/class/scsi_tape/nst*; do
		device=$(readlink -f "$node/device") || continue
		[[ $device == */session*/* && $(cat "$device/vendor") == IET* && ${node##*/} =~ ^nst[0-9]+$ ]] || continue
		physical=/dev/${node##*/}
		physical_sg=/dev/$(basename "$device"/scsi_generic/sg*)
		export physical_sg
		return 0
	done
	return 1
}

clear_stage() {
	local pid left
	set +e
	[ ! -e "$work/state/lib0" ] || "$root"/targetcli-conf/vtl-lio teardown lib0 >>"$work/log/teardown" 2>&1
	if [ -e "$work/log/login" ]; then
		iscsiadm -m node -T $iqn --logout
		iscsiadm -m node -T $iqn -o delete
		iscsiadm -m discoverydb -t st -p 127.0.0.1:$tgt_port -o delete
		tgt --mode target --op delete --force --tid 1
		tgt --mode system --op delete
	fi >>"$work/log/teardown" 2>&1
	for ((pid = ${#pids[@]} - 1; pid >= 0; pid--)); do
		kill "${pids[pid]}" 2>/dev/null
		wait_for 10 eval "! kill -0 ${pids[pid]}" || kill -9 "${pids[pid]}" 2>/dev/null
		wait "${pids[pid]}" 2>/dev/null
	done
	# open-iscsi leaves the folders of its records, empty.
	for pid in /etc/iscsi/nodes /etc/iscsi/send_targets; do
		grep -qx "$pid" "$work/before.files" || rmdir "$pid" 2>/dev/null
	done
	if [ -e "$work/made.initiatorname" ]; then rm -f /etc/iscsi/initiatorname.iscsi; fi
	# The fabric's folder holds its module; it goes only where nobody else has a target below it.
	grep -qx tcm_loop "$work/before.modules" || rmdir /sys/kernel/config/target/loopback 2>/dev/null
	# Modules that were not loaded before, those first that others do not need.
	for _ in 1 2 3 4 5 6; do
		left=$(comm -13 "$work/before.modules" <(loaded_modules))
		[ -n "$left" ] || break
		# shellcheck disable=SC2086 # a list of words
		modprobe -qr $left 2>/dev/null
		for pid in $left; do rmmod "$pid" 2>/dev/null; done
	done
}

# What clear_stage could not bring back, for people; nothing where all is as before.
left_behind() {
	comm -13 "$work/before.nodes" <(tape_nodes) | sed 's/^/device /'
	comm -13 "$work/before.files" <(find /etc/iscsi /etc/target /etc/tcmu /etc/dbus-1 /usr/share/dbus-1 /var/lib/iscsi 2>/dev/null | sort) | sed 's/^/file /'
	[ ! -d /sys/kernel/config/target/core ] || find /sys/kernel/config/target/core -mindepth 2 -maxdepth 2 -name 'lib0-*' | sed 's/^/target /'
	# Modules that offer or use a device; the kernel keeps some of its helpers (checksums) in use for good.
	comm -13 "$work/before.modules" <(loaded_modules) |
		grep -Ex 'target_core.*|tcm_loop|st|ch|sg|iscsi_tcp|libiscsi.*|scsi_transport_iscsi|uio' | sed 's/^/module /'
}
