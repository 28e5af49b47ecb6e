#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A host that breaks the ring's protocol: the disk goes into quarantine with one clear line, what was in flight ends with one
# error, the other disk notices nothing, and a new connection helps. Signals without reason cost little. Wants a bed whose
# host can write into the guest's rings (xs poke) and stall a disk.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

HOT=xvdr
SLOT=112	# bytes of a ring's entry
HEAD=64

# ring KEY: a number from the look into the first ring
ring() { grep -m 1 -A 99 '^ring 0' "$RINGS" | grep -oP "^ .*?\b$1 \K[0-9a-fx]+" | head -n 1; }

again() {
	echo 1 >"/sys/block/$HOT/device/reconnect"
	wait_or_fail 20 phase_is "$HOT" connected
}

# page_and_port: of the ring that there is now
page_and_port() {
	local words
	words=$(on_host "xs read $FRONT/ring-ref 2>/dev/null || xs read $FRONT/ring-ref0; xs read $FRONT/event-channel")
	PAGE=${words%%$'\n'*} PORT=${words##*$'\n'}
}

read_hot() { dd if="/dev/$HOT" of=/dev/null bs=4k count="$1" iflag=direct status=none; }

other_fine() { dd if="$DISK" of=/dev/null bs=64k count=16 iflag=direct status=none; }

one_waits() { [ "$(ring sent)" -gt "$(ring rsp_cons)" ]; }

# hang: one request is answered, the next one is in flight and stays there. READER is who waits for it
hang() {
	on_host "disk-stall hot"
	read_hot 4 2>/dev/null &
	READER=$!
	wait_or_fail 20 one_waits
	sleep 0.5
	one_waits || fail "the host answers"
}

# answer ID OP STATUS: as the host would. ID may be "waiting" (the one in flight) or "answered" (the one before)
answer() {
	local id=$1 taken at
	taken=$(ring rsp_cons)
	at=$((HEAD + taken * SLOT))
	[ "$id" != waiting ] || id=$(($(ring id)))
	[ "$id" != answered ] || id=$(($(ring id) - 65536))
	poke $at $((id & 0xffffffff)) $((at + 4)) $((id >> 32)) $((at + 8)) $(($2 | ($3 & 0xffff) << 16)) 8 $((taken + 1))
}

# producer N: the host's side of the ring says that so many answers are there
producer() { poke 8 $(($1 & 0xffffffff)); }

# poke OFFSET VALUE...: into the page of the ring, and signal
poke() { on_host "set -- $*; while [ \$# -gt 0 ]; do xs poke $PAGE \$1 \$2; shift 2; done; event-flood $PORT 1"; }

one_line() {
	local lines
	lines=$(log_since "$1" 4 | grep "$DEVICE.*quarantined" || true)
	[[ $lines == *"$2"* ]] || fail "no line tells of it: $lines"
	[ "$(wc -l <<<"$lines")" = 1 ] || fail "more than one line: $lines"
}

# quarantined MARK WORDS
quarantined() {
	local rc=0 errors
	wait_or_fail 30 phase_is "$HOT" failed
	wait "$READER" || rc=$?
	[ $rc != 0 ] || fail "the request in flight ended without an error"
	! read_hot 1 2>/dev/null || fail "it reads in quarantine"
	one_line "$@"
	errors=$(log_lines "$1" "I/O error, dev $HOT, sector ")
	[ "$errors" -ge 1 ] || fail "no error is in the log"
	other_fine
}

# bad WORDS COMMAND...: what the host does, and what is said of it; then all is well again
bad() {
	local mark="$1 $RANDOM$RANDOM"
	page_and_port
	log_mark "$mark"
	hang
	"${@:2}"
	quarantined "$mark" "$1"
	on_host "disk-stall hot off"
	again
	read_hot 16
}

slowed() { on_host "event-flood $PORT 1000" && [ "$(log_lines "$MARK" 'signals without reason, slowed down')" = 1 ]; }

# A guest that does not run meanwhile sees many signals as one; so until it has seen enough
storm() {
	local before after
	page_and_port
	wait_or_fail 60 slowed
	before=$(counter "$HOT" events)
	on_host "event-flood $PORT 1000"
	after=$(counter "$HOT" events)
	note "1000 signals, $((after - before)) taken"
	[ $((after - before)) -le 300 ] || fail "nothing slows them down"
	[ "$(log_lines "$MARK" 'signals without reason, slowed down')" = 1 ] || fail "more than one line tells of it"
	read_hot 64
	before=$(counter "$HOT" events)
	read_hot 64
	[ $(($(counter "$HOT" events) - before)) -ge 32 ] || fail "it is still slowed down: $(($(counter "$HOT" events) - before)) events for 64 reads"
}

start
[ -n "${PV_BED:-}" ] || skip_all "needs a bed's host that can write into rings"
need_ours
need_disk
need_debugfs
hot_disk $HOT 16M
DEVICE=$(basename "$(front "$HOT")")
RINGS=$DEBUG/$DEVICE/rings
FRONT=$(pv-host "xs read $(blk_attr "$HOT" backend)/frontend")
expect_log "$DEVICE|dev $HOT|signals without reason|callbacks suppressed"
again	# so that the next entries are in the ring's first page
check "an answer to a request that cannot be" bad "response to a request that cannot be, id 0xffff" answer 65535 0 0
check "an answer to a request that was not made" bad "response to a request not in flight" answer 65537 0 0
check "a second answer to a request" bad "response to a request not in flight" answer answered 0 0
check "an answer to another operation" bad "response names another operation" answer waiting 1 0
check "a status that is none" bad "response of unknown status" answer waiting 0 77
check "a producer far ahead" bad "more responses than requests" producer 2000000000
check "a producer that goes back" bad "more responses than requests" producer -1
check "signals without reason" storm
check "the disk goes in peace" on_host "disk-del hot"
check "the other disk is whole" same_sum "$HOST_DISK" "$DISK"
finish
