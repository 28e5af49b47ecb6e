#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# SCSI disks and controllers of Hyper-V's that come, grow and go while fio verifies on another disk, whose data stay right.
# A disk goes before its controller does: for one that it cannot flush any more mainline's driver waits for ever.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

MIB=$((1024 * 1024))

# add NAME VDEV MIB [CTRL]: set HOT to the new disk's device
add() {
	on_host "disk-add name=$1,vdev=$2,size=${3}M,ctrl=${4:-scsi}"
	HOT=$(pv-disk "$1") || fail "$1 did not appear"
	wait_or_fail 20 opens "$HOT"
	has_size $(($3 * MIB)) || fail "$HOT has $(disk_bytes "${HOT#/dev/}") bytes, not $3 MiB"
	same_sum "$1" "$HOT"
}

has_size() { [ "$(disk_bytes "${HOT#/dev/}")" = "$1" ]; }

remove() {
	on_host "disk-del $1"
	wait_or_fail 30 is_gone "/sys/block/${HOT#/dev/}"
	wait_or_fail 10 is_gone "$HOT"
}

# The host says so with the answer to the next command
resize() {
	on_host "disk-resize $1 ${2}M"
	dd if="$HOT" of=/dev/null bs=4k count=1 iflag=direct status=none || true
	wait_or_fail 20 has_size $(($2 * MIB))
	fio_io "$HOT" "${VERIFY[@]}" --offset=$(($2 - 4))m --size=4m || fail "the new room does not hold data"
	same_sum "$1" "$HOT"
}

lun() {
	add hot xvdh 8
	resize hot 12
	remove hot
}

lun_busy() {
	need_host
	load_start other "$DISK" --size=4m
	lun
	load_runs other
	load_stop other 120
}

controller() {
	load_start other "$DISK" --size=4m
	on_host "ctrl-add name=more"
	add more xvdb 8 more
	remove more
	on_host "ctrl-del more"
	load_runs other
	load_stop other 120
}

start
need_fio
need_disk
case $(readlink -f "/sys/block/$D/device/subsystem") in
*/scsi) ;;
*) skip_all "no SCSI disk" ;;
esac
expect_scsi_log
expect_log "cmd 0x[0-9a-f]* status: scsi 0x2 srb 0x84|srb 0x20|Capacity data has changed"
check "a disk comes, grows and goes" lun
check "the same while another disk is busy" lun_busy
check "a controller with a disk comes and goes" controller
finish
