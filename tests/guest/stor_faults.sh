#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A controller of Hyper-V whose answers are bad, late, doubled or do not come: what is read is right all the same, or there
# is an error; and a new connection brings everything back. Wants hv-storvsc.timeout=5, or waits for longer.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

sum_of() { dd if="$DISK" bs=64k count=1 iflag=direct status=none | sha256sum; }
fault() { on_host "fault ctrl=scsi $*"; }
healthy() { fault "count=0 skip=0 srb-status=0 scsi-status=0 sense=0 copies=1 delay=0 length=0 control-length=0 deaf=0"; }

# survives PROPERTY=VALUE...: one bad answer, and what is read is what is there
survives() {
	local before after
	before=$(fault hits)
	fault "$* count=1"
	after=$(sum_of)
	[ "$after" = "$GOOD" ] || fail "other data: $after, not $GOOD"
	[ "$(fault hits)" = $((before + 1)) ] || fail "the host had nothing to answer badly"
	healthy
}

# An error for each of the tries, and then it is over.
gives_up() {
	local rc=0
	fault "$* count=1000"
	sum_of >/dev/null 2>"$TAP_TMP/dd" || rc=$?
	healthy
	[ "$rc" != 0 ] || fail "read without an error"
	[ "$(sum_of)" = "$GOOD" ] || fail "not well again"
}

doubled() {
	local before
	before=$(counter "$D" strays)
	fault "copies=2 count=8"
	[ "$(for _ in 1 2 3 4 5 6 7 8; do sum_of; done | sort -u)" = "$GOOD" ] || fail "other data"
	healthy
	[ "$(counter "$D" strays)" = $((before + 8)) ] || fail "$(counter "$D" strays) strays, there were $before before"
}

# The ladder: it is not in the ring; a reset brings it back.
lost() {
	local mark="$MARK lost"
	log_mark "$mark"
	survives copies=0
	[ "$(log_lines "$mark" "no answer to command")" -ge 1 ] || fail "no line tells of it"
	[ "$(log_lines "$mark" "(LUN|bus) reset: done|new connection: made")" -ge 1 ] || fail "nothing was reset"
}

late_under_load() {
	fault "delay=300 count=40"
	fio_io "$DISK" "${VERIFY[@]}" --size=8m --offset=16m || fail "fio failed"
	healthy
}

reconnects_under_load() {
	local i before
	before=$(blk_attr "$D" reconnects)
	load_start own "$DISK" --size=8m --offset=16m
	for i in 1 2 3 4 5; do
		echo 1 >"$(front "$D")/reconnect"
		sleep 1
		load_runs own
	done
	load_stop own 120
	[ "$(blk_attr "$D" reconnects)" = $((before + 5)) ] || fail "$(blk_attr "$D" reconnects) reconnects"
	phase_is "$D" connected || fail "$(blk_attr "$D" phase)"
}

# Nothing but a new connection brings the answer; the write it was for is never carried out by the host, and done again.
last_rung() {
	local mark="$MARK last rung" before
	before=$(blk_attr "$D" reconnects)
	log_mark "$mark"
	fault "deaf=1 srb-status=4 copies=0 skip=20 count=1"
	fio_io "$DISK" "${VERIFY[@]}" --size=4m --offset=16m || fail "fio failed"
	healthy
	[ "$(log_lines "$mark" "LUN reset: failed")" -ge 1 ] || fail "no LUN reset was tried"
	[ "$(log_lines "$mark" "bus reset: failed")" -ge 1 ] || fail "no bus reset was tried"
	[ "$(log_lines "$mark" "new connection: made")" = 1 ] || fail "no new connection"
	[ "$(blk_attr "$D" reconnects)" = $((before + 1)) ] || fail "$(blk_attr "$D" reconnects) reconnects, were $before"
	same_sum "$HOST_DISK" "$DISK"
}

hits() { [ "$(fault hits)" = "$1" ]; }

# A CPU that goes waits until the commands of its queue have ended; one hangs, and only a new connection ends it.
cpu_goes() {
	local cpu=/sys/devices/system/cpu/cpu1/online before answered
	[ -e "$cpu" ] || skip "no CPU 1 that may go"
	echo 0 >"$cpu" 2>/dev/null || skip "CPU 1 has a channel that this host does not move"
	echo 1 >"$cpu"
	before=$(blk_attr "$D" reconnects)
	answered=$(fault hits)
	fault "deaf=1 srb-status=4 copies=0 count=1"
	taskset -c 1 dd if="$DISK" of="$TAP_TMP/read" bs=64k count=1 iflag=direct status=none 3>&- &
	wait_or_fail 20 hits $((answered + 1))
	{ echo 0 >"$cpu" && touch "$TAP_TMP/gone"; } 3>&- &
	wait_for 100 test -e "$TAP_TMP/gone" || fail "the CPU does not go"
	healthy
	echo 1 >"$cpu"
	wait
	[ "$(sha256sum <"$TAP_TMP/read")" = "$GOOD" ] || fail "other data"
	[ "$(blk_attr "$D" reconnects)" = $((before + 1)) ] || fail "$(blk_attr "$D" reconnects) reconnects, were $before"
}

# beside COMMAND...: while a disk on another controller is written to, which shall notice nothing
beside() {
	local other before
	on_host "ctrl-add name=more"
	on_host "disk-add name=other,vdev=xvdh,size=16M,ctrl=more"
	other=$(pv-disk other)
	wait_or_fail 20 opens "$other"
	before=$(counter "${other#/dev/}" errors)
	load_start other "$other" --size=4m
	"$@"
	load_runs other
	load_stop other 120
	same_sum other "$other"
	other=${other#/dev/}
	[ "$(cat "$(front "$other")/quarantined")" = 0 ] || fail "the other controller is quarantined"
	[ "$(blk_attr "$other" reconnects) $(counter "$other" errors)" = "0 $before" ] || fail "the other controller: \
$(blk_attr "$other" reconnects) reconnects, $(counter "$other" errors) errors, $before before"
	on_host "ctrl-del more"
	wait_or_fail 30 is_gone "/sys/block/$other"
}

# Of the wrong length an answer is none: the device is left alone until somebody says otherwise.
# broken LENGTH WORDS
broken() {
	local mark="$MARK length $1"
	log_mark "$mark"
	fault "length=$1 count=1"
	! sum_of >/dev/null 2>&1 || fail "read without an error"
	healthy
	wait_or_fail 10 phase_is "$D" failed
	[ "$(cat "$(front "$D")/quarantined")" = 1 ] || fail "not quarantined"
	[ "$(log_lines "$mark" "quarantined: channel [0-9]*: $2, bytes [0-9]+")" = 1 ] || fail "no line says why: $(log_since "$mark" 4)"
	! sum_of >/dev/null 2>&1 || fail "read from a quarantined controller"
	echo 1 >"$(front "$D")/reconnect"
	phase_is "$D" connected || fail "$(blk_attr "$D" phase)"
	[ "$(sum_of)" = "$GOOD" ] || fail "other data"
}

# What the host says unasked is not listened to, then.
unasked() {
	local mark="$MARK unasked"
	log_mark "$mark"
	fault "unasked=8 unasked=300"
	[ "$(sum_of)" = "$GOOD" ] || fail "other data"
	phase_is "$D" connected || fail "$(blk_attr "$D" phase)"
	[ "$(log_lines "$mark" "a packet of (8|304) bytes, operation 0: ignored")" = 2 ] || fail "$(log_since "$mark")"
}

reconnect() { echo 1 >"$(front "$D")/reconnect"; }

# mute LENGTH: no handshake with such answers
mute() {
	local mark="$MARK mute $1"
	log_mark "$mark"
	fault "control-length=$1"
	! reconnect 2>/dev/null || fail "connected"
	phase_is "$D" failed || fail "$(blk_attr "$D" phase)"
	[ "$(log_lines "$mark" 'no good answer to "begin": error -71')" = 1 ] || fail "$(log_since "$mark")"
	healthy
	reconnect
	[ "$(sum_of)" = "$GOOD" ] || fail "other data"
}

# speaks VERSION NAME: with a host that knows no newer one
speaks() {
	fault "max-version=$1"
	reconnect
	[ "$(blk_attr "$D" negotiated/version)" = "$2" ] || fail "version $(blk_attr "$D" negotiated/version)"
	[ "$(sum_of)" = "$GOOD" ] || fail "other data"
	fio_io "$DISK" "${VERIFY[@]}" --size=4m --offset=16m || fail "fio failed"
	# Sense data have another size then.
	survives srb-status=0x04 scsi-status=0x02 sense=0x062900
}

# Nothing in common, then something again
speaks_none() {
	fault max-version=0
	! reconnect 2>/dev/null || fail "connected to a host of no version"
	phase_is "$D" failed || fail "$(blk_attr "$D" phase)"
	fault max-version=0x0602
	reconnect
	[ "$(sum_of)" = "$GOOD" ] || fail "other data"
}

# Requests are as large as the first connection allowed: one that allows less is none.
takes_less() {
	local max
	max=$(fault max-transfer)
	fault max-transfer=65536
	! reconnect 2>/dev/null || fail "connected to a host that takes less"
	fault "max-transfer=$max"
	reconnect
	[ "$(sum_of)" = "$GOOD" ] || fail "other data"
}

nothing_left() {
	need_debugfs
	! grep -E '^tag ' "$DEBUG/$(basename "$(front "$D")")/channels" || fail "the host still has commands"
	grep -E '([0-9]+) of \1 pages' "$DEBUG/$(basename "$(front "$D")")/channels" >/dev/null ||
		fail "pages are missing: $(cat "$DEBUG/$(basename "$(front "$D")")/channels")"
}

start
need_ours
need_fio
need_disk
[ -e "$(front "$D")/negotiated/vmbus_version" ] || skip_all "the disk is not on a controller of Hyper-V"
[ "$(parameter "$(blk_module | tr - _)" timeout)" -le 20 ] || skip_all "load hv-storvsc with timeout=5"
expect_log "hv-storvsc .*: (quarantined|the host (knows none|takes [0-9]+ bytes)|channel [0-9]+: an answer that nobody waits for|new connection: made|no good answer to|channel 0: a packet of)"
expect_scsi_log
expect_log "sd .*: (command .* failed|no answer to command|(LUN|bus) reset: |\[sd[a-z]+\] tag#|.*[Cc]apacity data has changed|.*Parameters changed)"
expect_log "I/O error, dev $D|Buffer I/O error on dev $D|blk_update_request|critical .* error, dev $D|device reset occurred"
GOOD=$(sum_of)
healthy
check "status: aborted" survives srb-status=0x02
check "status: error" survives srb-status=0x04
check "status: busy" survives srb-status=0x05
check "status: timeout" survives srb-status=0x09
check "status: bus reset" survives srb-status=0x0e
check "status: overrun of a read" survives srb-status=0x12
check "status: internal error" survives srb-status=0x30
check "status: one that nobody knows" survives srb-status=0x3e
check "SCSI status: busy" survives srb-status=0x04 scsi-status=0x08
check "SCSI status: queue full" survives srb-status=0x04 scsi-status=0x28
check "sense: capacity changed" survives srb-status=0x04 scsi-status=0x02 sense=0x062a09
check "sense: parameters changed" survives srb-status=0x02 scsi-status=0x02 sense=0x063f02
check "sense: a unit that was reset" survives srb-status=0x04 scsi-status=0x02 sense=0x062900
check "always an error" gives_up srb-status=0x04
check "a medium error" gives_up srb-status=0x04 scsi-status=0x02 sense=0x031100
check "doubled answers" doubled
check "late answers" late_under_load
check "an answer that does not come" lost
check "new connections under load" reconnects_under_load
check "no answer, no reset, a write lost" last_rung
check "a CPU goes, and a command on it hangs" cpu_goes
check "an answer that is too short" broken 20 "an answer is too short"
check "an answer that is too long" beside broken 300 "an answer is too long"
check "unasked packets of other lengths" unasked
check "a handshake of too short answers" mute 8
check "a handshake of too long answers" mute 300
check "version 2.0" speaks 0x0200 2.0
check "version 4.2" speaks 0x0402 4.2
check "version 5.1" speaks 0x0501 5.1
check "version 6.0" speaks 0x0600 6.0
check "no version" speaks_none
check "smaller transfers" takes_less
check "nothing is left behind" nothing_left
finish
