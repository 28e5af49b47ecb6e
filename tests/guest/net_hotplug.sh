#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Network interfaces that come and go, idle and with traffic, by the book and without a word. The one that stays notices
# nothing.
#
# PV_CYCLES   how often (3)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CYCLES=${PV_CYCLES:-3}
NS=pv-hot	# so that two interfaces can be in the host's network

# plugged NUMBER: the name of the interface that came
plugged() { grep -lx "52:54:00:12:35:$1" /sys/class/net/*/address 2>/dev/null | cut -d/ -f5 | grep .; }
is_plugged() { plugged "$1" >/dev/null; }
no_device() { [ ! -e "$PVBUS/devices/vif-$1" ]; }

# add NUMBER: plug it in, in the namespace
add() {
	on_host "nic-add 0$1"
	wait_or_fail 20 is_plugged "0$1"
	HOT=pvhot$1
	ip link set "$(plugged "0$1")" name "$HOT" netns "$NS"
	ip -n "$NS" address add "172.30.0.1$1/24" dev "$HOT"
	ip -n "$NS" link set "$HOT" up
	wait_or_fail 20 hot_answered
}

hot_answered() { ip netns exec "$NS" ping -q -c 1 -W 2 "$HOST" >/dev/null; }
is_no_link() { ! ip -n "$NS" link show "$HOT" >/dev/null 2>&1; }

gone() {
	wait_or_fail 30 is_no_link
	wait_or_fail 30 no_device "$1"
}

# fresh: with nothing left of a sub-test that failed
fresh() {
	ip netns del "$NS" 2>/dev/null || true
	ip netns add "$NS"
}

comes_and_goes() {
	local i
	fresh
	for ((i = 0; i < CYCLES; i++)); do
		add 1
		on_host "nic-del 01"
		gone 1
	done
}

# busy: traffic by the one that is going to go
hot_load() {
	ip netns exec "$NS" ping -q -f "$HOST" >/dev/null 2>&1 3>&- &
	PING=$!
	ip netns exec "$NS" timeout 30 iperf3 -c "$HOST" -t 20 --connect-timeout 2000 >"$TAP_TMP/iperf" 2>&1 3>&- &
	IPERF=$!
	sleep 2
	[ "$(ip netns exec "$NS" cat "/sys/class/net/$HOT/statistics/tx_packets")" -gt 100 ] || fail "no traffic: $(cat "$TAP_TMP/iperf")"
}

hot_load_end() {
	kill "$PING" "$IPERF" 2>/dev/null || true
	wait "$PING" "$IPERF" 2>/dev/null || true
}

goes_busy() {
	fresh
	add 1
	hot_load
	on_host "nic-del 01"
	gone 1
	hot_load_end
}

# Both ends' nodes vanish.
surprise() {
	local back front
	fresh
	add 2
	back=$(cat "$PVBUS/devices/vif-2/backend")
	front=$(on_host "xs read $back/frontend")
	hot_load
	on_host "xs rm $back && xs rm $front"
	gone 2
	hot_load_end
}

# several: more than one, in any order
several() {
	fresh
	add 3
	add 4
	on_host "nic-del 03"
	HOT=pvhot3
	gone 3
	HOT=pvhot4
	wait_or_fail 10 hot_answered
	on_host "nic-del 04"
	gone 4
}

# other_busy COMMAND: with pings by the interface that stays, of which few may be lost
other_busy() {
	local lost
	ping -q -i 0.05 "$HOST" >"$TAP_TMP/ping" 2>&1 3>&- &
	OTHER=$!
	"$1"
	kill -INT "$OTHER"
	wait "$OTHER" || true
	lost=$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$TAP_TMP/ping")
	note "the other interface: ${lost:-no} % lost"
	[ "${lost%.*}" -le 2 ] || fail "the other interface lost $lost %: $(cat "$TAP_TMP/ping")"
}

start
need_ours
need_nic
pv-host "type nic-add >/dev/null 2>&1" || skip_all "the host cannot plug network interfaces"
expect_log 'back-end .* is gone|vif-2'
CYCLES=1 check "comes and goes" comes_and_goes
leaks_begin
check "comes and goes $CYCLES times" comes_and_goes
check "nothing is lost" leaks_none
check "two of them" several
check "goes with traffic" other_busy goes_busy
check "vanishes with traffic" other_busy surprise
check "another one comes and goes" comes_and_goes
ip netns del "$NS"
finish
