#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A host that takes nothing any more is noticed, however few packets wait for it.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# missed BEFORE: signalled again, and then given up
missed() { [ "$(nic_count tx_timeouts)" -ge $(($1 + 2)) ]; }

# The host's interface is down, and a few pings do not fill a ring.
few_unanswered() {
	local before vif
	on_host "type back-params >/dev/null 2>&1" || skip "the back-end has no parameters"
	before=$(nic_count tx_timeouts)
	vif=$(nic_attr backend)
	vif=vif$(tr / . <<<"${vif#*/backend/vif/}")
	on_host "/usr/bin/ip link set $vif down"
	! ping -q -c 3 -W 1 "$HOST" >/dev/null || fail "the host answers"
	wait_for 30 missed "$before" || fail "nobody misses the answers to a few packets"
	on_host "/usr/bin/ip link set $vif up"
	wait_or_fail 30 answered
	stream_out 1000000
	stream_in 1000000
}

start
need_ours
need_nic
expect_log 'no answer for 5 s, (signalling|making)|: [rt]x: sent|connection given up, trying again|back-end does not let go'
check "a few packets without an answer" few_unanswered
finish
