#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# One TCP stream each way: something arrives, and how much.
#
# PV_RATE_SECONDS   how long each is (5)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# rate WAY IPERF3-OPTION...
rate() {
	local mbit
	iperf3 -c "$HOST" -t "${PV_RATE_SECONDS:-5}" -f m "${@:2}" >"$TAP_TMP/iperf3" 2>&1 || fail "$(cat "$TAP_TMP/iperf3")"
	mbit=$(awk '/receiver$/ { for (i = 2; i <= NF; i++) if ($i == "Mbits/sec") print int($(i - 1)) }' "$TAP_TMP/iperf3")
	[ "${mbit:-0}" -gt 0 ] || fail "$(cat "$TAP_TMP/iperf3")"
	note "$1: $mbit Mbit/s"
}

start
command -v iperf3 >/dev/null || skip_all "needs iperf3"
need_nic
check "a stream out" rate out
check "a stream in" rate in -R
finish
