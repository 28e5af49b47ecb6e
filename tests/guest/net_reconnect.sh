#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A connection is lost and made again, from either side, with traffic running: TCP goes on, nothing leaks.
#
# PV_RECONNECTS   how often (10)
# PV_STREAM_MB    size of the streams that are cut into (16 for each time)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

TIMES=${PV_RECONNECTS:-10}
BYTES=$((${PV_STREAM_MB:-$((16 * TIMES))} << 20))

reconnected() { nic_connected && [ "$(nic_attr reconnects)" -gt "$1" ]; }

# by_front: the front-end's own file
by_front() {
	local before
	before=$(nic_attr reconnects)
	echo 1 >"/sys/class/net/$NIC/device/reconnect"
	wait_or_fail 30 reconnected "$before"
}

# by_back: the back-end closes and comes back, as when the program behind it is restarted
by_back() {
	local before
	before=$(nic_attr reconnects)
	on_host "back-restart $(nic_attr backend)"
	wait_or_fail 30 reconnected "$before"
}

idle() {
	"$1"
	wait_or_fail 10 answered
}

# busy HOW: HOW $TIMES times with traffic both ways
busy() {
	local i
	net_load load
	for ((i = 0; i < TIMES; i++)); do
		"$1"
		sleep 0.5
	done
	net_load_stop load
	wait_or_fail 10 answered
}

# A stream that is cut into goes on where it was. It is long enough for all the cuts.
stream() {
	local i
	(stream_out "$BYTES" && stream_in "$BYTES" && touch "$TAP_TMP/streamed") >"$TAP_TMP/streams" 2>&1 3>&- &
	for ((i = 0; i < TIMES; i++)); do
		sleep 1
		"$1"
	done
	wait_for 300 test -e "$TAP_TMP/streamed" || fail "the stream did not survive: $(cat "$TAP_TMP/streams")"
	rm "$TAP_TMP/streamed"
}

# A back-end that refuses is tried again, later each time.
carrier() { [ "$(cat "/sys/class/net/$NIC/carrier")" = "$1" ]; }

carrier_hint() {
	local node
	node=$(nic_attr backend)/carrier
	on_host "xs write $node 0"
	wait_or_fail 10 carrier 0
	on_host "xs write $node 1"
	wait_or_fail 10 carrier 1
	wait_or_fail 10 answered
}

ports() { pv-host events; }

no_leak() {
	local i memory ports
	for ((i = 0; i < 5; i++)); do
		by_front
	done
	memory=$(available)
	ports=$(ports)
	for ((i = 0; i < 5 * TIMES; i++)); do
		by_front
	done
	[ "$(ports)" = "$ports" ] || fail "$(ports) event channels, $ports before"
	memory=$((memory - $(available)))
	note "memory: $memory KiB less than before $((5 * TIMES)) reconnects"
	[ "$memory" -lt 2048 ] || fail "$memory KiB of memory did not come back"
	wait_or_fail 10 answered
}

start
need_ours
need_nic
expect_log "back-end does not let go"
check "idle, by the front-end" idle by_front
check "idle, by the back-end" idle by_back
check "$TIMES reconnects with traffic" busy by_front
check "$TIMES restarts of the back-end with traffic" busy by_back
check "a stream survives $TIMES reconnects" stream by_front
check "the back-end's carrier" carrier_hint
check "nothing leaks in $((5 * TIMES)) reconnects" no_leak
finish
