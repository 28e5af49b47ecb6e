#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A connection is lost and made again, from either side, with I/O in flight: no error, no write lost.
#
# PV_RECONNECTS   how often (10)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

TIMES=${PV_RECONNECTS:-10}

# by_front DISK: the front-end's own file; returns when the connection is there again
by_front() {
	local before
	before=$(blk_attr "$1" reconnects)
	echo 1 >"/sys/block/$1/device/reconnect"
	wait_or_fail 30 reconnected "$1" "$before"
}

reconnected() { phase_is "$1" connected && [ "$(blk_attr "$1" reconnects)" -gt "$2" ]; }

# by_back DISK: the back-end closes and comes back, as when the program behind it is restarted
by_back() {
	local before
	before=$(blk_attr "$1" reconnects)
	on_host "back-restart $(blk_attr "$1" backend)"
	wait_or_fail 30 reconnected "$1" "$before"
}

idle() {
	by_front "$D"
	fio_io "$DISK" "${VERIFY[@]}" --size=16m || fail "verification failed after a reconnect"
}

# busy DISK HOW: HOW $TIMES times while fio writes and verifies. On a file the file system is in play, too.
busy() {
	local i how=$2 file=${3:-/dev/$1} before
	before=$(counter "$1" requests)
	load_start load "$file" --size=8m --iodepth=32
	for ((i = 0; i < TIMES; i++)); do
		"$how" "$1"
		sleep 0.3
		load_runs load
	done
	load_stop load 180
	note "$TIMES reconnects, $(($(counter "$1" requests) - before)) requests"
}

# What is in flight is replayed, so a verification of what was written before and during finds all of it.
nothing_lost() {
	local opts=(--rw=randwrite --bs=4k --iodepth=32 --size=16m --randseed=77 --verify=crc32c --verify_fatal=1
		--verify_state_save=0)
	fio_bg write "$DISK" "${opts[@]}" --do_verify=0
	while is_gone "$TAP_TMP/write.rc"; do
		by_front "$D"
		sleep 0.5
	done
	fio_good write 10
	drop_caches "$DISK"
	fio_io "$DISK" "${opts[@]}" --verify_only || fail "written blocks are not there"
}

# root_disk HOW
root_disk() {
	local root
	root=$(findmnt -no SOURCE /)
	root=${root#/dev/}
	[ -e "/sys/block/$root/device/reconnect" ] || skip "the root file system is not on a PV disk"
	busy "$root" "$1" /var/tmp/pv-reconnect
	rm -f /var/tmp/pv-reconnect
}

start
need_ours
need_fio
need_disk
# Lines that tell of it are no warnings; a back-end that takes its time is.
check "idle" idle
check "$TIMES reconnects while fio verifies" busy "$D" by_front
check "$TIMES restarts of the back-end while fio verifies" busy "$D" by_back
check "no write is lost" nothing_lost
check "host and guest checksums agree" same_sum "$HOST_DISK" "$DISK"
check "the root disk under load" root_disk by_front
check "the root disk under load, its back-end restarted" root_disk by_back
finish
