#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# mtx moves cartridges, every move is where the status says, and moves that cannot be are refused and change nothing.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh

robot() { mtx -f "$changer" "$@"; }
status() { robot status | sed 's/ *$//'; }

library robots
whole=$(status)
contains "status counts the elements" "$whole" '2 Drives, 10 Slots \( 2 Import/Export \)'
equal "four cartridges are in slots" "$(grep -c 'Storage Element [0-9]*:Full :VolumeTag=TAP00[1-4]L8$' <<<"$whole")" 4
claim "inquiry" robot inquiry
contains "inquiry says changer" "$(robot inquiry)" "Medium Changer"

claim "load slot 1 into drive 0" robot load 1 0
contains "the drive is full and names its source" "$(status)" 'Element 0:Full \(Storage Element 1 Loaded\):VolumeTag ?= ?TAP001L8'
contains "the slot is empty" "$(status)" 'Storage Element 1:Empty'
claim "load slot 2 into drive 1" robot load 2 1
claim "the host's drive sees it" mt -f "$nst2" status
refused "a full drive takes no second cartridge" 'full|destination' robot load 3 0
before=$(status)
refused "an empty slot gives nothing" 'empty' robot transfer 1 7
refused "a full slot takes nothing" 'full|destination' robot transfer 3 4
equal "refused moves change nothing" "$(status)" "$before"

claim "unload drive 0 to another slot" robot unload 8 0
contains "it is there" "$(status)" 'Storage Element 8:Full :VolumeTag=TAP001L8'
claim "transfer slot 8 to slot 5" robot transfer 8 5
contains "it went there" "$(status)" 'Storage Element 5:Full :VolumeTag=TAP001L8'
claim "transfer to a mail slot" robot transfer 5 9
contains "the mail slot has it" "$(status)" 'Storage Element 9 IMPORT/EXPORT:Full :VolumeTag=TAP001L8'
claim "and back" robot transfer 9 1
claim "unload drive 1 to where it came from" robot unload 2 1
claim "exchange two cartridges" robot exchange 1 2
contains "the first is where the second was" "$(status)" 'Storage Element 2:Full :VolumeTag=TAP001L8'
contains "the second is where the first was" "$(status)" 'Storage Element 1:Full :VolumeTag=TAP002L8'
claim "exchange them again" robot exchange 1 2
equal "all is as it was" "$(status)" "$whole"
claim "inventory" robot inventory
equal "inventory changes nothing" "$(status)" "$whole"

claim "load again" robot load 1 0
claim "a host locks the cartridge" mt -f "$nst1" lock
refused "a locked cartridge stays" 'prevent|illegal|not.*removal|fail' robot unload 1 0
claim "the host unlocks it" mt -f "$nst1" unlock
claim "now the robot gets it" robot unload 1 0
# (st itself waits two minutes for a medium in most other commands)
contains "the drive is empty now" "$(mt -f "$nst1" status)" DR_OPEN
refused "and says so to TEST UNIT READY" 'not ready' sg_turs -v "$sg1"
equal "nothing was lost" "$(status)" "$whole"

equal "every barcode is there once" "$(status | grep -o 'TAP00[1-4]L8' | sort | tr '\n' ' ')" "TAP001L8 TAP002L8 TAP003L8 TAP004L8 "
finish
