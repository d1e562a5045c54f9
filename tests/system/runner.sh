# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# runner.sh: tcmu-runner in the virtual machine, without systemd.

# The first one searches the folder of all handlers, as on a real machine; the others, which the tests start again and again,
# only ours: librbd alone takes seconds of an emulated processor.
start_runner() {
	local path=()
	if [ -e /run/tcmu-runner.pid ]; then
		mkdir -p /run/handlers
		ln -sf /usr/lib/*/tcmu-runner/handler_vtl*.so /run/handlers/ # the null unit of tests/bench, too
		path=(--handler-path /run/handlers)
	fi
	tcmu-runner "${path[@]}" >>/var/log/tcmu-runner.out 2>&1 &
	local pid=$!
	echo $pid >/run/tcmu-runner.pid
	disown
	local i
	for ((i = 0; i < 100; i++)); do
		if dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
			string:org.kernel.TCMUService1 2>/dev/null | grep -q true; then
			return 0
		fi
		sleep 0.1
	done
	echo "tcmu-runner does not come up" >&2
	return 1
}

runner_alive() { kill -0 "$(cat /run/tcmu-runner.pid)" 2>/dev/null; }
