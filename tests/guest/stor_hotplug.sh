#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Disks and controllers of Hyper-V that grow and go while fio writes to them; and a DVD drive. (scsi_hotplug: idle ones.)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

MIB=$((1024 * 1024))

# add NAME MIB [CTRL]: sets HOT to the disk's name here
add() {
	on_host "disk-add name=$1,vdev=xvdh,size=${2}M${3:+,ctrl=$3}"
	HOT=$(pv-disk "$1") || fail "no disk $1"
	wait_or_fail 20 opens "$HOT"
	HOT=${HOT#/dev/}
	has_size $(($2 * MIB)) || fail "$HOT has $(disk_bytes "$HOT") bytes, not $2 MiB"
}

has_size() { [ "$(disk_bytes "$HOT")" = "$1" ]; }

# What the host says with the next answer: so there has to be one.
looks_grown() {
	dd if="/dev/$HOT" of=/dev/null bs=4k count=1 iflag=direct status=none
	has_size "$1"
}

resize() {
	on_host "disk-resize $1 ${2}M"
	wait_for 20 looks_grown $(($2 * MIB)) || fail "$HOT has $(disk_bytes "$HOT") bytes, not $2 MiB"
}

remove() {
	on_host "disk-del $1"
	wait_or_fail 30 is_gone "/sys/block/$HOT"
}

resize_busy() {
	add hot 64
	load_start own "/dev/$HOT" --size=8m
	resize hot 128
	load_runs own
	load_stop own 120
	remove hot
}

# in_use: a disk with fio on it, which must come to an end when the disk does
in_use() {
	load_start other "$DISK" --size=8m
	fio_bg own "/dev/$HOT" --rw=randwrite --bs=4k --iodepth=32 --time_based --runtime=600
	wait_for 60 in_flight "$HOT" || fail "fio on $HOT does not get going: $(cat "$TAP_TMP/own")"
}

ended() {
	local rc
	rc=$(fio_end own 60)
	[ "$rc" != 0 ] || fail "fio on a disk that is gone saw no error"
	wait_or_fail 30 is_gone "/sys/block/$HOT"
	load_runs other
	load_stop other 120
}

remove_busy() {
	add hot 64
	in_use
	on_host "disk-del hot"
	ended
}

controller_busy() {
	on_host "ctrl-add name=more"
	add extra 32 more
	in_use
	on_host "ctrl-del more"
	ended
}

# The same controller is taken back by its host in the middle of a command, and offered again.
rescind() {
	on_host "ctrl-add name=more"
	add extra 32 more
	in_use
	on_host "fault ctrl=more rescind=1 count=1"
	ended
	on_host "fault ctrl=more rescind=0 offered=true"
	HOT=$(pv-disk extra) || fail "no disk extra any more"
	HOT=${HOT#/dev/}
	same_sum extra "/dev/$HOT"
	on_host "ctrl-del more"
	wait_or_fail 30 is_gone "/sys/block/$HOT"
}

dvd() {
	on_host "disk-add name=disc,vdev=xvdi,size=8M,cdrom"
	HOT=$(pv-disk disc) || fail "no drive"
	HOT=${HOT#/dev/}
	wait_or_fail 20 opens "/dev/$HOT"
	same_sum disc "/dev/$HOT"
	remove disc
}

# As many queues as channels; and the host sorts requests, for nothing of ours sees all of several queues
queues() {
	local n want
	want=$(cat "$(front "$D")/negotiated/channels")
	n=$(find "/sys/block/$D/mq" -mindepth 1 -maxdepth 1 | wc -l)
	[ "$n" = "$want" ] || fail "$n queues, $want channels"
	[ "$n" = 1 ] || grep -qE '\[none\]|^none' "/sys/block/$D/queue/scheduler" || fail "$(cat "/sys/block/$D/queue/scheduler")"
}

start
need_fio
need_disk
[ -e "$(front "$D")/negotiated/vmbus_version" ] || skip_all "the disk is not on a controller of Hyper-V"
expect_scsi_log
expect_log "sd .*: (detected capacity change|command 0x[0-9a-f]+ failed: SRB status 0x2,)|Capacity data has changed|blk_update_request|attempt to access beyond end"
check "channels are queues" queues
check "grow while busy" resize_busy
check "remove while busy" remove_busy
check "a controller goes while busy" controller_busy
check "a controller is rescinded while busy, and comes again" rescind
check "a DVD drive" dvd
finish
