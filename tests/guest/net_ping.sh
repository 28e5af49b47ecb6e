#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pings of every interesting size, IPv4 and IPv6, from here and from the host.
#
# PV_PING_STEP   distance of the sizes in between (1999; 1: all of them)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

STEP=${PV_PING_STEP:-1999}

# Around nothing, what is copied and what is granted (256 bytes in all), an MTU and its multiples, pages, the largest
sizes() {
	{
		seq 0 3
		seq 16 24
		seq 192 264
		seq 1470 1476
		seq 2950 2956
		seq 4020 4110
		seq 8180 8200
		seq 65500 65507
		seq 0 "$STEP" 65507
	} | sort -nu
}

# from_here HOST OPTION...
from_here() {
	local s to=$1 bad=
	shift
	for s in $(sizes); do
		ping -q -n -c 1 -W 5 -s "$s" "$@" "$to" >/dev/null || bad+=" $s"
	done
	[ -z "$bad" ] || fail "no answer to sizes$bad"
}

# from_host ADDRESS
from_host() {
	local bad
	bad=$(on_host "for s in $(sizes | tr '\n' ' '); do ping -q -c 1 -W 5 -s \$s $1 >/dev/null || printf ' %s' \$s; done")
	[ -z "$bad" ] || fail "no answer to sizes$bad"
}

# Bytes arrive as they were sent: ping compares patterns
patterns() {
	local p
	for p in 00 ff a5 0123456789abcdef; do
		ping -q -n -c 3 -i 0.05 -s 1000 -p $p "$HOST" >"$TAP_TMP/ping"
		! grep -q 'wrong data' "$TAP_TMP/ping" || fail "$(cat "$TAP_TMP/ping")"
	done
}

no_errors() {
	[ "$(nic_count tx_errors)" = 0 ] || fail "$(nic_count tx_errors) transmit errors"
	[ "$(nic_count rx_errors)" = 0 ] || fail "$(nic_count rx_errors) receive errors"
}

start
need_nic
note "$(sizes | wc -l) sizes"
check "IPv4 from here" from_here "$HOST"
check "IPv6 from here" from_here "$HOST6" -6
check "IPv4 from the host" from_host "$GUEST"
check "IPv6 from the host" from_host "$GUEST6"
check "patterns" patterns
[ "$(driver)" != ours ] || check "no errors" no_errors
finish
