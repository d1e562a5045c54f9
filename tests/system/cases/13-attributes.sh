#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # claim calls the functions
# limit: 120 s
# Medium auxiliary memory: sg_read_attr shows what the drive keeps, a host writes attributes of its own by WRITE ATTRIBUTE,
# and they stay on the cartridge.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library attributes
in_drive TAP001L8 1
has_command 0x8c,0 || skip_all "this drive has no READ ATTRIBUTE"

# attribute FILE ID FORMAT LENGTH TEXT: a parameter list with one attribute
attribute() {
	/usr/bin/python3 - "$@" <<-'P'
		import struct, sys
		path, number, kind, length, text = sys.argv[1:6]
		value = text.encode().ljust(int(length), b" ")
		one = struct.pack(">HBH", int(number, 16), int(kind), len(value)) + value
		open(path, "wb").write(struct.pack(">I", len(one)) + one)
	P
}
write_attribute() { # FILE
	local size
	size=$(printf '%08x' "$(stat -c %s "$1")")
	sg_raw -s $((16#$size)) -i "$1" "$sg1" 8d 00 00 00 00 00 00 00 00 00 "${size:0:2}" "${size:2:2}" "${size:4:2}" "${size:6:2}" 00 00
}
claim "sg_read_attr lists attributes" sg_read_attr --sa=1 "$sg1"
claim "sg_read_attr shows values" sg_read_attr "$sg1"
values=$(sg_read_attr "$sg1" 2>&1)
contains "the capacity" "$values" 'Maximum capacity in partition'
contains "the medium's serial number" "$values" 'Medium serial number'
attribute "$work/label" 803 2 160 "a label of our own"
claim "a user medium text label is written" write_attribute "$work/label"
contains "and read" "$(sg_read_attr --filter=0x803 "$sg1" 2>&1)" 'a label of our own'
attribute "$work/vendor" 800 1 8 "TCMUVTL"
claim "an application vendor is written" write_attribute "$work/vendor"
attribute "$work/wrong" 400 1 8 "NOBODY"
refused "what the drive keeps cannot be written" 'illegal|invalid|bad field' write_attribute "$work/wrong"
out_of_drive 1
in_drive TAP002L8 1
for _ in 1 2 3; do sg_turs "$sg1" >/dev/null 2>&1; done
equal "another cartridge has no such label" "$(sg_read_attr --filter=0x803 "$sg1" 2>&1 | grep -c 'a label of our own')" 0
out_of_drive 1
in_drive TAP001L8 1
for _ in 1 2 3; do sg_turs "$sg1" >/dev/null 2>&1; done
contains "the first one has kept it" "$(sg_read_attr --filter=0x803 "$sg1" 2>&1)" 'a label of our own'
out_of_drive 1
finish
