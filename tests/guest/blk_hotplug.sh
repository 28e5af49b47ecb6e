#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Disks that come, grow and go, while nothing happens and while fio runs on them and on another disk. Nobody hangs, and
# the other disk's data stay right.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

HOT=xvdh
MIB=$((1024 * 1024))

# add NAME VDEV MIB. What an earlier sub-test that failed may have left is taken away first.
add() {
	if [ -e "/sys/block/$2" ]; then
		on_host "disk-del $1" || true
		wait_or_fail 30 is_gone "/sys/block/$2"
	fi
	on_host "disk-add name=$1,vdev=$2,size=${3}M"
	wait_or_fail 20 opens "/dev/$2"
	[ "$(disk_bytes "$2")" = $(($3 * MIB)) ] || fail "$2 has $(disk_bytes "$2") bytes, not $3 MiB"
}

has_size() { [ "$(disk_bytes "$HOT")" = "$1" ]; }

# resize NAME MIB
resize() {
	on_host "disk-resize $1 ${2}M"
	wait_for 20 has_size $(($2 * MIB)) || fail "$HOT has $(disk_bytes "$HOT") bytes, not $2 MiB"
}

remove() {
	on_host "disk-del $1"
	wait_or_fail 30 is_gone "/sys/block/$HOT"
	wait_or_fail 10 is_gone "/dev/$HOT"
}

add_idle() {
	add hot "$HOT" 64
	same_sum hot "/dev/$HOT"
}

# The new room can be written, and the host sees it.
resize_idle() {
	resize hot 96
	fio_io "/dev/$HOT" "${VERIFY[@]}" --offset=64m --size=32m || fail "the new room does not hold data"
	same_sum hot "/dev/$HOT"
}

remove_idle() { remove hot; }

# The same again, with a verifying fio on the disk that stays.
other_busy() {
	need_host
	load_start other "$DISK" --size=8m
	add hot "$HOT" 64
	resize hot 80
	remove hot
	load_runs other
	load_stop other 120
}

resize_busy() {
	add hot "$HOT" 64
	load_start own "/dev/$HOT" --size=8m
	resize hot 128
	load_runs own
	load_stop own 120
	fio_io "/dev/$HOT" "${VERIFY[@]}" --offset=96m --size=32m || fail "the new room does not hold data"
}

# The host asks for a disk that is in use. When it goes is the driver's choice (now, with errors, or at the last close);
# that it goes, and that fio comes to an end, is not.
remove_busy() {
	local rc
	add hot "$HOT" 64
	load_start other "$DISK" --size=8m
	fio_bg own "/dev/$HOT" --rw=randwrite --bs=4k --iodepth=32 --time_based --runtime=6
	wait_for 60 in_flight "$HOT" || fail "fio on $HOT ended before its disk went: $(cat "$TAP_TMP/own")"
	on_host "disk-del hot"
	rc=$(fio_end own 60)
	note "fio on the removed disk: exit status $rc"
	wait_or_fail 30 is_gone "/sys/block/$HOT"
	load_runs other
	load_stop other 120
}

# The nodes of both ends vanish without a word while I/O is in flight.
surprise() {
	local rc backend node domain
	add hot "$HOT" 64
	backend=$(cat "/sys/block/$HOT/device/backend")
	node=$(cat "/sys/block/$HOT/device/node")
	domain=$(basename "$(dirname "$backend")")
	load_start other "$DISK" --size=8m
	fio_bg own "/dev/$HOT" --rw=randwrite --bs=4k --iodepth=32 --time_based --runtime=600
	wait_for 60 in_flight "$HOT" || fail "fio on $HOT ended before its disk went: $(cat "$TAP_TMP/own")"
	on_host "xs rm $backend"
	on_host "xs rm /local/domain/$domain/$node" >/dev/null 2>&1 || true	# some hosts have done that by then
	rc=$(fio_end own 90)
	[ "$rc" != 0 ] || fail "fio on a disk that is gone saw no error"
	wait_or_fail 30 is_gone "/sys/block/$HOT"
	load_runs other
	load_stop other 120
}

# The host still has that disk, though nobody knows; another one comes all the same.
another() {
	HOT=xvdi
	add another "$HOT" 32
	same_sum another "/dev/$HOT"
	remove another
}

start
need_fio
need_disk
[ ! -e "/sys/block/$HOT" ] || bail "there is a $HOT already"
expect_log "I/O error, dev $HOT|Buffer I/O error on dev $HOT|$HOT: rw=.*attempt to access beyond end of device"
expect_log "blk_update_request: .*$HOT|vbd-51824|vbd/51824"
check "add" add_idle
check "resize" resize_idle
check "remove" remove_idle
check "add, resize, remove while another disk is busy" other_busy
check "resize while busy" resize_busy
check "remove while busy" remove_busy
check "surprise removal while busy" surprise
check "another one comes and goes" another
finish
