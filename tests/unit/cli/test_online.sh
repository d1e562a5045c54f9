#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test_online.sh: vtl and the two services, on a bus of the test's own (dbus-run-session around this script).
# shellcheck source=tests/unit/cli/cli.sh
. "$(dirname "$0")/cli.sh"

claim "a bus without services: the remedy names the service"
create_library lib0
run drive load T1 1
expect 5
expect_error 'tcmu-runner'
run jobs
expect 5
expect_error 'vtl-policyd'

start_service

claim "status comes from the service"
run library list
expect 0 '^lib0 +yes '
run library status
expect 0 '^Library lib0 .*online' '^ +1 +256 +empty'
[ -z "$err" ] || fail "nothing about the disk"

claim "load and unload move and tell"
run drive load T2 1
expect 0 'T2 is in drive 1 of library lib0; drive 1 is ready'
run drive list
expect 0 '^ +1 +256 +ready +T2 +slot 2 +no '
run drive list -j
expect_json 'j[0]["barcode"] == "T2" and j[0]["prevented"] is False and j[1]["state"] == "empty"'
run cartridge show T2
expect 0 '^Location +drive 1'
run drive unload 1 -j
expect_json 'j["barcode"] == "T2" and j["location"] == "slot 2" and j["state"] == "empty"'

claim "TapeAlert flags are raised, listed and taken away"
run drive alert 1 3 20
expect 0 '^ +3 +hard error' '^ +20 +clean now'
run drive alert 1 -c 3
expect 0 '^ +20 +clean now'
run drive alert 1 -j
expect_json '[a["flag"] for a in j] == [20]'
run drive alert 1 --clear
expect 0
run drive alert 1 -j
expect_json 'j == []'
run drive alert 1 65
expect 2
run drive alert 2 3
expect 3
expect_error 'drive 2'

claim "options of a drive are switched, shown and kept"
run drive set 1 realistic=on cleaning=on
expect 0 '^ +1 +yes +yes'
run drive set 1 cleaning=off -j
expect_json 'j == [{"number": 1, "realistic": True, "cleaning": False}]'
grep -q '^realistic=1$' "$TCMU_VTL_STATE/lib0/library.conf" || fail "the description does not have it"
run drive set 1 realistic=off
expect 0 '^ +1 +no +no'
run drive set 1 fast=on
expect 2
expect_error 'realistic=on'
run drive set 1 realistic=maybe
expect 2
run drive set 9 realistic=on
expect 3
expect_error 'drive 9'
run drive unload 2 --force
expect 4
expect_error 'drive 2 is empty'

claim "what the service refuses keeps its words and has an exit code"
run drive load T9 1
expect 3
expect_error 'T9'
run drive load T1 3
expect 3
expect_error 'drive 3'
run drive load T1 1
run drive load T2 1
expect 4
expect_error 'drive 1'
run library destroy lib0
expect 4
expect_error 'lib0'

claim "cartridges are made and taken in while the library is in use"
run cartridge create N1
expect 0 '^N1 +lib0 +slot '
run drive load N1 2
expect 0 'N1 is in drive 2'

claim "jobs are queued, listed, waited for"
run migrate T1
expect 0 '^Job 1: migrate T1'
run jobs --json
expect_json 'j[0]["id"] == 2 and j[0]["error"] == "volume \"PHY2\" is full" and j[1]["bytes_total"] == 3000000'
expect_json 'j[1]["created"] == 1700000000 and j[1]["finished"] is None'
run jobs
expect 0 '^ +1 +migrate +lib0 +T1 +done +- +PHY1 +1.5 MB +3.0 MB +2023-11-14 22:13:20'
run migrate T1 --wait
expect 0 '^Job 1'
run migrate T2 -w
expect 1 '^Job 2' 'job 2 of T2 failed: volume "PHY2" is full'
run migrate T1 T2 --json
expect_json '[x["id"] for x in j] == [1, 2] and j[0]["kind"] == "migrate"'

claim "the policy's answers arrive"
run recall T1
expect 4
expect_error 'T1 is resident'
run cancel 1
expect 0
run cancel 7
expect 3
expect_error 'no job 7'
run policy explain T1
expect 0 '^T1 of lib0:' '^  rule "old": no'
run policy explain T1 --json
expect_json 'j["text"] == "T1 of lib0:\n  rule \"old\": no\n"'
run physical list
expect 0 '^st0 +/dev/nst0 +PHY1 +idle +- +not declared scratch'
run physical import st0 NEW1 --wait
expect 0 '^Job 1: import NEW1'
run physical import st0 T1
expect 4
expect_error 'a cartridge T1 already'
run physical set-volume st0 PHY1
expect 0
run physical set-volume st9
expect 3
expect_error 'st9'
run physical set-volume st0 'phy 1'
expect 2

claim "the service takes cartridges out of its library, and back in"
run drive unload 1
expect 0
run drive load T2 1
expect 0
run cartridge export T2
expect 4
expect_error 'T2 is in drive 1 of library lib0: vtl drive unload 1'
run cartridge delete --yes T2
expect 4
expect_error 'drive 1'
run cartridge protect T2
expect 4
expect_error 'drive 1'
run drive unload 1
expect 0
run cartridge export T2
expect 0 'T2 is out of the library'
run drive load T2 1
expect 3
run cartridge import T2
expect 0
run cartridge delete --yes T2
expect 0 'T2 is deleted'
run drive load T2 1
expect 3

claim "a cleaning cartridge tells what it did"
run cartridge create CLN001L8
expect 0
run drive load CLN001L8 1
expect 0 'CLN001L8 is a cleaning cartridge: drive 1 is cleaned, and [0-9]+ cleanings are left; vtl drive unload 1'
run drive list
expect 0 '^ +1 +256 +cleaning +CLN001L8'
run library status
expect 0 ' cleaning +CLN001L8'
run drive unload 1
expect 0
run cartridge create CLN901L8
expect 0
run drive load CLN901L8 1
expect 1
run drive list --json
expect_json 'j[0]["state"] == "failed"' # it is not used up
run drive unload 1
expect 0

stop_service
claim "without the service the disk is read again"
run library status
expect 0 'offline' 'was read from the disk'

finish
