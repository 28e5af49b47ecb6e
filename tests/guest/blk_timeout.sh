#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A disk that does not answer: it is signalled once more, then a new connection is made, and nothing is lost. (That I/O fails
# after three new connections in vain is not to be had from QEMU: it answers what is left when a connection ends.) Wants a
# bed whose host can stall a disk, and a root disk of another kind.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

HOT=xvds
TIMEOUT=6	# an answer may be that late on a busy machine, and the host is let go on within so much
IO=(--rw=randwrite --bs=4k --iodepth=8 --size=1m --randseed=5 --verify=crc32c --verify_fatal=1 --verify_state_save=0)

more() { [ "$(log_lines "$MARK_NOW" "$1")" -ge "$2" ]; }

# stall: so that a request of fio's is overdue
stall() {
	MARK_NOW="stall $RANDOM$RANDOM"
	log_mark "$MARK_NOW"
	TIMEOUTS=$(counter "$HOT" timeouts) RECONNECTS=$(blk_attr "$HOT" reconnects)
	on_host "disk-stall hot"
	fio_bg write "/dev/$HOT" "${IO[@]}"
	told 'signalling once more'
}

told() { wait_or_fail 30 more "no answer to a (write|read) at sector [0-9]+ for $TIMEOUT s, $1" 1; }

# goes_on TIMEOUTS: no error was seen, and what was written is there
goes_on() {
	on_host "disk-stall hot off"
	fio_good write 60
	phase_is "$HOT" connected
	[ "$(counter "$HOT" timeouts)" -ge $((TIMEOUTS + $1)) ] || fail "not counted"
	[ "$(log_lines "$MARK_NOW" 'I/O error')" = 0 ] || fail "$(log_since "$MARK_NOW" 4)"
	fio_io "/dev/$HOT" "${IO[@]}" --verify_only || fail "written blocks are not there"
}

late() {
	stall
	goes_on 1
	[ "$(blk_attr "$HOT" reconnects)" = "$RECONNECTS" ] || fail "a new connection was made"
}

very_late() {
	stall
	told 'giving the connection up'
	goes_on 2
	[ "$(blk_attr "$HOT" reconnects)" -gt "$RECONNECTS" ] || fail "no new connection"
}

start
[ -n "${PV_BED:-}" ] || skip_all "needs a bed's host that can stall a disk"
need_fio
need_unloadable
need_disk
unload_all
modprobe "$(stack_module)"
modprobe "$(blk_module)" timeout=$TIMEOUT
hot_disk $HOT 16M
expect_log "$(basename "$(front "$HOT")")|dev $HOT|no answer to a|ring [0-9]+: sent"
check "answers that come late" late
check "answers that come very late" very_late
check "the disk goes in peace" on_host "disk-del hot"
unload_all
load_all
wait_for 20 opens "$DISK" || bail "$D does not come back"
check "the other disk is whole" same_sum "$HOST_DISK" "$DISK"
finish
