#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # claim calls the functions
# limit: 200 s
# Every verb of mt: what it is to do, done, and seen by another verb. (40-position has those that move, in random order.)
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")"/../lib.sh
library verbs
in_drive TAP001L8 1
tape() { mt -f "$nst1" "$@"; }
at() { equal "$1" "$(tape tell)" "At block $2."; }

claim "mt setblk 0" tape setblk 0
claim "mt rewind" tape rewind
contains "mt status sees the beginning" "$(tape status)" BOT
# three files of 4 blocks
for n in 1 2 3; do
	head -c 40000 /dev/urandom >"$work/file$n"
	claim "file $n is written" dd if="$work/file$n" of="$nst1" bs=10000 status=none
done
contains "mt status counts files" "$(tape status)" 'File number=3, block number=0'
at "mt tell counts objects" 15
claim "mt rewind" tape rewind
claim "mt fsf 1" tape fsf 1
at "it is behind the filemark" 5
claim "mt fsfm 1" tape fsfm 1
at "it is before the filemark" 9
claim "mt bsf 1" tape bsf 1
at "it is before the earlier filemark" 4
claim "mt fsf 2" tape fsf 2
claim "mt bsfm 1" tape bsfm 1
at "it is behind the same filemark" 10
claim "mt fsr 3" tape fsr 3
claim "mt bsr 1" tape bsr 1
at "blocks are counted" 12
claim "mt asf 1" tape asf 1
at "files are found from the beginning" 5
claim "mt seek 7" tape seek 7
at "objects are found" 7
for verb in eod seod; do
	tape rewind
	claim "mt $verb" tape $verb
	at "the end of data" 15
done
for verb in weof eof; do
	claim "mt $verb 2" tape $verb 2
done
at "filemarks are objects" 19
refused "there are no setmarks" 'error|invalid' tape wset 1
refused "nor can one space over them" 'error|invalid' tape fss 1
refused "nor back" 'error|invalid' tape bss 1
tape rewind
refused "a file that is not there is not found" 'error' tape fsf 30
claim "mt retension" tape retension
at "it goes to the beginning" 0

claim "mt setblk 2048" tape setblk 2048
contains "mt status says so" "$(tape status)" 'Tape block size 2048 bytes'
claim "mt setdensity 0x5e, the drive's own" tape setdensity 0x5e
refused "another density is refused" 'error|invalid' tape setdensity 0x46
contains "mt densities lists names" "$(tape densities)" 'LTO-8|Ultrium|0x5e|0x5E'
claim "mt setblk 0" tape setblk 0
claim "mt drvbuffer 1" tape drvbuffer 1
claim "mt drvbuffer 0" tape drvbuffer 0
claim "what is written without a buffer" dd if="$work/file1" of="$nst1" bs=10000 status=none
claim "mt drvbuffer 1" tape drvbuffer 1
claim "mt compression 1" tape compression 1
contains "the drive says so" "$(sdparm --get=DCE "$sg1" 2>&1)" 'DCE +1'
claim "mt compression 0" tape compression 0
contains "the drive says so" "$(sdparm --get=DCE "$sg1" 2>&1)" 'DCE +0'

# st's own settings: none of them may upset the drive
claim "mt stsetoptions" tape stsetoptions scsi2logical
contains "mt stshowoptions" "$(tape stshowoptions)" 'scsi2logical'
at "logical blocks of SCSI-2 are counted the same" 5
claim "mt stclearoptions" tape stclearoptions scsi2logical
claim "mt stoptions" tape stoptions buffer-writes async-writes read-ahead can-bsr
claim "mt stwrthreshold" tape stwrthreshold 64
claim "mt defblksize" tape defblksize 0
claim "mt defdensity" tape defdensity 0
claim "mt defdrvbuffer" tape defdrvbuffer 1
claim "mt defcompression" tape defcompression 0
claim "mt stsetcln" tape stsetcln 0
claim "mt sttimeout" tape sttimeout 300
claim "mt stlongtimeout" tape stlongtimeout 3600

tape rewind
claim "mt erase" tape erase 0
tape rewind
refused "nothing is left behind an erase" 'input/output|no data' dd if="$nst1" of=/dev/null bs=64k count=1
claim "mt lock" tape lock
refused "a locked cartridge is not ejected by the robot" 'prevent|illegal|not.*removal|fail' mtx -f "$changer" unload 1 0
claim "mt unlock" tape unlock
for verb in offline rewoffl eject; do
	claim "mt $verb" tape $verb
	contains "the drive is open" "$(tape status)" DR_OPEN
	claim "mt load" tape load
	contains "the drive is ready again" "$(tape status)" ONLINE
done
out_of_drive 1
finish
