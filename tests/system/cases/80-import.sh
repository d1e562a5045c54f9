#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# limit: 420 s
# A tape that plain tar wrote on a physical drive (tgt's, over iSCSI) becomes a cartridge by `vtl physical import`, and a
# host compares it; a cartridge that is migrated by hand gives a physical tape that plain dd and tar read.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
root=$(cd "$(dirname "$0")"/../../.. && pwd)
build=$VTL_BUILD
mkdir -p "$work/log"
cd /usr/share/doc || exit 1

# The stage of the demonstration has the physical drive; here the bus, the modules and tcmu-runner are the machine's.
# shellcheck source=demo/stage.sh
. "$root"/demo/stage.sh
remember_machine
# shellcheck disable=SC2034 # lib.sh runs it
on_leave=clear_stage

library import
start_physical
# shellcheck disable=SC2154 # set by start_physical
claim "the physical drive is there" test -c "$physical"
claim "the contract of a physical drive holds on it" env VTL_TEST_TAPE="$physical" "$build"/tests/unit/policy/test_policy_tapeio_drive
mt -f "$physical" rewind
mt -f "$physical" setblk 0
claim "plain tar writes a first archive to it" tar -b 20 -cf "$physical" bash
claim "and a second" tar -b 128 -cf "$physical" coreutils
mt -f "$physical" rewind

cat >"$work/policy.conf" <<C
[policyd]
catalog=$work/catalogue.sqlite
look=2s
scratch=PHY*
[drive phys1]
device=$physical
volume=OLD001L8
C
start policyd vtl-policyd --foreground --config "$work/policy.conf"
wait_for 30 dbus-send --system --print-reply --dest=org.tcmuvtl.Policy1 / org.freedesktop.DBus.Peer.Ping
claim "vtl-policyd knows the drive" vtl physical list
claim "the tape becomes a cartridge" timeout 200 vtl physical import phys1 IMP001L8 --library import --wait
claim "it is in the library" test -n "$(slot_of IMP001L8)"
in_drive IMP001L8 1
claim "the first archive compares" tar -b 20 -df "$nst1"
mt -f "$nst1" asf 1
claim "the second archive compares" tar -b 128 -df "$nst1"
out_of_drive 1

in_drive TAP001L8 1
claim "a host writes a cartridge" tar -b 128 -cf "$nst1" tar
out_of_drive 1
claim "its migration is asked for" vtl migrate TAP001L8 --library import
# shellcheck disable=SC2317 # wait_for runs it
waits() { vtl jobs | grep -q 'volume OLD001L8 holds cartridge IMP001L8'; }
claim "it waits: what is on the volume is not written over" wait_for 20 waits
claim "the archives are still there" bash -c "mt -f $physical rewind && tar -b 20 -df $physical"
# The same tape plays another volume: its first block must go, by which it would be recognized as the import's.
mt -f "$physical" rewind
mt -f "$physical" weof 1
claim "another volume is put in" vtl physical set-volume phys1 PHY002L8
# shellcheck disable=SC2317 # wait_for runs it
migrated() { vtl cartridge show TAP001L8 --library import | grep -qw migrated; }
claim "the migration goes on by itself" wait_for 200 migrated
mt -f "$physical" rewind
claim "dd and tar read the physical tape" bash -c "dd if=$physical bs=64k status=none | tar -b 128 -df -"
finish
