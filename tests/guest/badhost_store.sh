#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A host that writes nonsense into the store: the device in question is refused or goes on with safe values, with a clear
# line, the guest lives, and the other disk notices nothing. Wants a bed whose host can write the store (xs).
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

HOT=xvdh
LONG=$(printf '%03000d' 7 | tr 0 7)

# Back-end's node, value, what is to come of it: refused (no disk until the value is good again), or taken (with a safe one)
TABLE="
sectors 0 refused
sectors -5 refused
sectors junk refused
sectors 99999999999999999999999 refused
sectors 18446744073709551615 refused
sectors $LONG refused
sector-size 3 refused
sector-size 0 refused
sector-size 513 refused
sector-size 1048576 refused
sector-size junk refused
max-ring-page-order 40 taken
max-ring-page-order -1 taken
multi-queue-max-queues 0 taken
multi-queue-max-queues 4294967297 taken
feature-max-indirect-segments 18446744073709551616 taken
feature-flush-cache junk taken
feature-persistent 7 taken
discard-granularity junk taken
info $LONG taken
"

# host_write NODE VALUE / host_rm NODE: in the back-end's folder
host_write() { on_host "xs write $BACK/$1 '$2'"; }
host_rm() { on_host "xs rm $BACK/$1"; }

reconnect() { echo 1 >"/sys/block/$HOT/device/reconnect"; }

other_fine() { fio_io "$DISK" --rw=randrw --bs=4k --iodepth=8 --size=1m --verify=crc32c --verify_state_save=0 >/dev/null; }

reads() { timeout 60 dd if="/dev/$HOT" of=/dev/null bs=4k count=8 iflag=direct status=none; }

# came_to_rest COUNT: there have been more connections than so many, or there will be none
came_to_rest() { phase_is "$HOT" failed || { phase_is "$HOT" connected && [ "$(blk_attr "$HOT" reconnects)" -gt "$1" ]; }; }

# comes_to NODE VALUE WANT MARK: what is to happen happens, and a line or two tell of it
comes_to() {
	local n before
	before=$(blk_attr "$HOT" reconnects)
	reconnect
	wait_or_fail 20 came_to_rest "$before"
	[ "$(on_host "xs read $BACK/$1")" = "$2" ] || skip "the host writes $1 anew with each connection"
	if [ "$3" = refused ]; then
		phase_is "$HOT" failed || fail "$HOT is connected"
		if reads 2>/dev/null; then
			fail "the disk still reads"
		fi
	else
		phase_is "$HOT" connected || fail "$HOT is not connected"
		reads
	fi
	n=$(log_since "$4" 4 | grep -c -- "$1" || true)
	[ "$n" -ge 1 ] || fail "no line names $1: $(log_since "$4")"
	[ "$n" -le 2 ] || fail "$n lines name $1: $(log_since "$4")"
	other_fine
}

# bad NODE VALUE WANT; whatever comes of it, the good value is put back
bad() {
	local mark="$1 $RANDOM$RANDOM" old rc
	old=$(on_host "xs read $BACK/$1 2>/dev/null || echo absent")
	log_mark "$mark"
	host_write "$1" "$2"
	set +e
	(
		set -e
		comes_to "$@" "$mark"
	)
	rc=$?
	set -e
	if [ "$old" = absent ]; then
		host_rm "$1"
	else
		host_write "$1" "$old"
	fi
	reconnect
	wait_or_fail 20 phase_is "$HOT" connected
	reads
	return "$rc"
}

# A state that is none
bad_state() {
	local v
	for v in 99 -1 junk; do
		host_write state "$v"
		sleep 0.5
		other_fine
	done
	host_write state 4
	reconnect
	wait_or_fail 30 phase_is "$HOT" connected
	reads
}

# Folders that are no devices
bad_folders() {
	local dir=${FRONT%/*} name before
	before=$(ls "$PVBUS/devices")
	for name in junk -1 99999999999 0x10 51825junk "$(printf 'n%0100d' 1)"; do
		on_host "xs write $dir/$name/backend /nowhere"
		on_host "xs write $dir/$name/state 1"
	done
	on_host "xs write ${dir%/*}/nothing/1/state 1"
	sleep 1
	other_fine
	[ "$(ls "$PVBUS/devices")" = "$before" ] || fail "devices came of nonsense: $(ls "$PVBUS/devices")"
	for name in junk -1 99999999999 0x10 51825junk "$(printf 'n%0100d' 1)"; do
		on_host "xs rm $dir/$name"
	done
}

# Events without end: the reader keeps up, the disk works
flood() {
	on_host "xs-flood $BACK/state 4"
	reads
	other_fine
}

start
[ -n "${PV_BED:-}" ] || skip_all "needs a bed's host that can write the store"
need_ours
need_fio
need_disk
hot_disk $HOT 32M
BACK=$(blk_attr "$HOT" backend)
FRONT=$(pv-host "xs read $BACK/frontend")
expect_log "callbacks suppressed|vbd-51824|vbd/|device/|xvdh|xenbus|$BACK|$FRONT"
while read -r node value want; do
	[ -z "$node" ] || check "$node=${value:0:40}: $want" bad "$node" "$value" "$want"
done <<<"$TABLE"
check "states that are none" bad_state
check "folders that are no devices" bad_folders
check "a flood of events" flood
check "the disk goes in peace" on_host "disk-del hot"
check "the other disk is whole" same_sum "$HOST_DISK" "$DISK"
finish
