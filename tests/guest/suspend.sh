#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The toolstack saves the guest and wakes it up elsewhere, with I/O under way; or changes its mind. Nothing is lost, a NIC
# that there is answers again, and what was unplugged stays away.
#
# PV_SLEEPS   how often under load (3)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

awake() { [ "$(log_lines "$1" 'pvbus: awake after being saved')" = 1 ]; }
went_on() { [ "$(log_lines "$1" 'pvbus: not saved, going on')" = 1 ]; }
domain() { on_host "xl domid pv-guest"; }

# save_restore: the guest is another domain afterwards
save_restore() {
	local mark="sleep $RANDOM$RANDOM" before
	log_mark "$mark"
	before=$(domain)
	on_host guest-save >"$TAP_TMP/save" 2>&1 || fail "not saved: $(cat "$TAP_TMP/save")"
	wait_or_fail 60 awake "$mark"
	[ "$(domain)" != "$before" ] || fail "it is still domain $before"
	connected_again
}

change_of_mind() {
	local mark="nap $RANDOM$RANDOM" before
	log_mark "$mark"
	before=$(domain)
	on_host "guest-save -c" >"$TAP_TMP/save" 2>&1 || fail "not saved: $(cat "$TAP_TMP/save")"
	wait_or_fail 60 went_on "$mark"
	[ "$(domain)" = "$before" ] || fail "it was domain $before and is now $(domain)"
	connected_again
}

connected_again() {
	wait_or_fail 30 phase_is "$D" connected
	[ -z "${PV_NET:-}" ] || wait_or_fail 30 answered
}

emulated() { lspci -n | awk '$2 ~ /^(01|02)/' | sort; }

idle() {
	local before after now
	before=$(emulated)
	now=$(date +%s)
	save_restore
	after=$(emulated)
	[ "$before" = "$after" ] || fail "emulated devices were \"$before\", are \"$after\""
	now=$(($(date +%s) - now))
	[ "$now" -ge 1 ] && [ "$now" -lt 300 ] || fail "the clock went on by $now s"
	same_sum "$HOST_DISK" "$DISK"
	fio_io "$DISK" "${VERIFY[@]}" --size=8m || fail "verification failed after waking up"
	same_sum "$HOST_DISK" "$DISK"
}

# busy HOW
busy() {
	local i
	load_start load "$DISK" --size=8m --iodepth=32
	for ((i = 0; i < SLEEPS; i++)); do
		"$1"
		load_runs load
	done
	load_stop load 180
	same_sum "$HOST_DISK" "$DISK"
}

# Channels and grants of before are not counted twice
nothing_left() {
	local before after
	before=$(on_host events)
	save_restore
	after=$(on_host events)
	[ "$after" -le "$before" ] || fail "the host counts $after event channels, were $before"
}

SLEEPS=${PV_SLEEPS:-3}
start
[ "$(pv-host 'command -v guest-save' 2>/dev/null)" ] || skip_all "needs a bed whose host can save guests"
need_ours
need_fio
need_disk
[ -z "${PV_NET:-}" ] || need_nic
check "saved and woken up, idle" idle
check "saved and woken up, busy" busy save_restore
check "not saved after all" busy change_of_mind
check "nothing is left behind" nothing_left
check "bringup holds after it" "$(dirname "$0")/bringup.sh"
finish
