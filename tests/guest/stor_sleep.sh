#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Hibernation up to where the kernel has let its devices sleep and VMBus has parted from the host (pm_test), and back, while
# fio writes: nothing is lost. Only riding: the kernel's own VMBus sleeps, ours refuses to (hv_bringup).
#
# PV_SLEEPS   how often (3)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

SLEEPS=${PV_SLEEPS:-3}

sleep_once() {
	local before
	before=$(blk_attr "$D" reconnects)
	echo disk >/sys/power/state || fail "it does not sleep: $(log_since "$MARK" 4)"
	phase_is "$D" connected || fail "$(blk_attr "$D" phase)"
	[ "$(blk_attr "$D" reconnects)" = $((before + 1)) ] || fail "$(blk_attr "$D" reconnects) connections, were $before"
}

idle() {
	sleep_once
	same_sum "$HOST_DISK" "$DISK"
}

busy() {
	local i
	load_start load "$DISK" --size=8m
	for ((i = 0; i < SLEEPS; i++)); do
		sleep_once
		load_runs load
	done
	load_stop load 180
	same_sum "$HOST_DISK" "$DISK"
}

start
need_ours
need_fio
need_disk
[ -n "$HYPERV" ] || skip_all "not for Hyper-V"
riding || skip_all "the kernel's own VMBus is not in charge"
if ! grep -qw disk /sys/power/state || ! echo platform >/sys/power/pm_test; then
	skip_all "the kernel does not hibernate, or not to try it"
fi
expect_scsi_log
expect_log '^done\.$'	# of "Restarting tasks ..."
check "asleep and awake, idle" idle
check "asleep and awake $SLEEPS times under load" busy
echo none >/sys/power/pm_test
finish
