#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# TCP streams through sha256 in both directions, with offloads in every combination; UDP; XDP programs.
#
# PV_TCP_MB      size of a stream (16)
# PV_TCP_EVERY   try every so many of the combinations only (1)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

BYTES=$((${PV_TCP_MB:-16} << 20))

both_ways() {
	stream_out "$BYTES"
	stream_in "$BYTES"
}

# with OFFLOADS: a list for ethtool -K; what this host has not got cannot be switched on, and stays off
with() {
	# shellcheck disable=SC2086 # words
	ethtool -K "$NIC" $1 || true
	both_ways
}

# One line for each combination of what is switched on
combinations() {
	local sg tx tso gso gro rx
	for sg in off on; do
		for tx in off on; do
			for tso in off on; do
				[ "$sg$tx" = onon ] || [ $tso = off ] || continue
				for gso in off on; do
					for gro in off on; do
						for rx in off on; do
							echo "sg $sg tx $tx tso $tso gso $gso gro $gro rx $rx"
						done
					done
				done
			done
		done
	done
}

back_on() {
	ethtool -K "$NIC" sg on tx on tso on gso on gro on rx on || true
	both_ways
}

# Streams that end at odd places
odd_sizes() {
	local n
	for n in 1 2 1447 1448 1449 4095 4097 65535 65537 1000003; do
		stream_out $n
		stream_in $n
	done
}

udp() {
	local lost
	iperf3 -c "$HOST" -u -b 20M -l "$1" -t 3 --json >"$TAP_TMP/udp" || fail "$(cat "$TAP_TMP/udp")"
	lost=$(sed -n 's/.*"lost_percent":[^0-9]*\([0-9]*\).*/\1/p' "$TAP_TMP/udp" | tail -n 1)
	note "UDP, $1 bytes: $lost % lost"
	[ "$lost" -lt 50 ] || fail "$lost % of packets lost"
}

# xdp VERDICT COMMAND...: with such a program on the interface
xdp() {
	local verdict=$1 pid
	shift
	perl "$(dirname "$0")/xdp.pl" "$NIC" "$verdict" >"$TAP_TMP/xdp" 2>&1 3>&- &
	pid=$!
	wait_for 10 grep -q attached "$TAP_TMP/xdp" || {
		grep -q 'no such call' "$TAP_TMP/xdp" && skip "the kernel has no BPF links for XDP"
		fail "$(cat "$TAP_TMP/xdp")"
	}
	wait_or_fail 30 nic_connected
	sleep 0.5
	"$@"
	kill $pid
	wait $pid 2>/dev/null || true
	wait_or_fail 30 answered
}

# The counter that says so rises while the host sends us packets that are not ours to answer.
counted() {
	local before
	before=$(nic_count "$1")
	! answered || fail "an answer came through"
	on_host "ping -q -c 3 -W 1 $GUEST >/dev/null" || true
	[ "$(nic_count "$1")" -gt "$before" ] || fail "$1 stays at $before"
}

passed() {
	local before
	before=$(nic_count rx_xdp_pass)
	wait_or_fail 10 answered
	both_ways
	[ "$(nic_count rx_xdp_pass)" -gt "$before" ] || fail "nothing passed the program"
}

start
need_nic
check "both ways" both_ways
while read -r how; do
	check "$how" with "$how"
done < <(combinations | awk -v every="${PV_TCP_EVERY:-1}" '(NR - 1) % every == 0')
check "all on again" back_on
check "odd sizes" odd_sizes
check "UDP, small" udp 64
check "UDP, an MTU" udp 1400
check "UDP, fragments" udp 16000
if [ "$(driver)" = ours ]; then
	check "XDP passes" xdp pass passed
	check "XDP drops" xdp drop counted rx_xdp_drop
	check "XDP sends back" xdp tx counted rx_xdp_tx
	check "XDP redirects" xdp redirect counted rx_xdp_redirect
	check "without XDP again" both_ways
fi
finish
