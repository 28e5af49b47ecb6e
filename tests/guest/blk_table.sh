#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every feature of the block protocol, on and off, from either side: it is agreed on or not, it is seen to be in use or
# not, and what is written is what is read. Wants a bed whose back-end has parameters (xen-real), and disks other than the
# root only by disk-add.
#
# PV_TABLE_MB     how much to write for each row, by each CPU (8)
# PV_TABLE_ROWS   only rows whose names match this expression
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

MB=${PV_TABLE_MB:-8}
D=xvdt
DISK=/dev/$D
CPUS=$(nproc)
OFFERED=4	# queues, of the bed
QUEUES=$((CPUS < OFFERED ? CPUS : OFFERED))
LARGEST=256	# segments, of Linux's back-end

# What is off (or how much of it is on), our parameters, the back-end's, the disk's options, what is to be agreed on
ROWS="
everything on||||queues=$QUEUES ring_pages=16 max_segments=128 persistent_grants=1 flush=flush discard=1 bounce=0
one queue|max_queues=1|||queues=1 ring_pages=16
one queue at the back-end||xen_blkback.max_queues=1||queues=1
one queue, and one polled|max_queues=1 poll_queues=1|||queues=1 poll_queues=1
ring of 1 page|max_ring_order=0|||ring_pages=1 queues=$QUEUES
ring of 2 pages|max_ring_order=1|||ring_pages=2
ring of 4 pages|max_ring_order=2|||ring_pages=4
ring of 8 pages|max_ring_order=3|||ring_pages=8
ring of 1 page at the back-end||xen_blkback.max_ring_page_order=0||ring_pages=1
no indirect segments|max_indirect_segments=0|||max_segments=11
32 segments|max_indirect_segments=32|||max_segments=32
all segments there are|max_indirect_segments=512|||max_segments=$LARGEST
no persistent grants|persistent=0|||persistent_grants=0
no persistent grants at the back-end||xen_blkback.feature_persistent=0||persistent_grants=0
bounced|trusted=0|||bounce=1 persistent_grants=1
bounced, no persistent grants|trusted=0 persistent=0|||bounce=1 persistent_grants=0
no flush|||noflush|flush=none
no discard|||nodiscard|discard=0
everything off|max_queues=1 max_ring_order=0 max_indirect_segments=0 persistent=0||noflush,nodiscard|queues=1 ring_pages=1 \
max_segments=11 persistent_grants=0 flush=none discard=0
"

# host_stat FIELD: of the device behind the disk
host_stat() {
	on_host "read -r device _ <\$PV_WORK/back.table && cat /sys/block/\${device#/dev/}/stat" | awk -v f="$1" '{ print $f }'
}

# load OURS: our front-end with such parameters
load() {
	rmmod "$(blk_module)"
	# shellcheck disable=SC2086 # words
	modprobe "$(blk_module)" $1
}

agreed_as() {
	local pair
	for pair; do
		[ "$(blk_attr "$D" "negotiated/${pair%=*}")" = "${pair#*=}" ] ||
			fail "${pair%=*} is $(blk_attr "$D" "negotiated/${pair%=*}"), not ${pair#*=}"
	done
}

# written: by every CPU, in pieces up to what takes the most segments, verified in the run and from the host
written() {
	local n
	taskset -c 0-$((CPUS - 1)) fio --name=io --filename="$DISK" --ioengine=libaio --direct=1 --output-format=terse \
		--eta=never "${VERIFY[@]}" --fsync=64 --size="${MB}m" --numjobs="$CPUS" --offset_increment="${MB}m" \
		--cpus_allowed=0-$((CPUS - 1)) --cpus_allowed_policy=split >"$TAP_TMP/fio" 2>&1 || fail "$(cat "$TAP_TMP/fio")"
	[ "$(fio_kib write "$TAP_TMP/fio")" -ge $((MB * CPUS * 1024)) ] || fail "fio wrote $(fio_kib write "$TAP_TMP/fio") KiB"
	same_sum table "$DISK"
	[ "$(counter "$D" errors)" = 0 ] || fail "$(counter "$D" errors) errors"
	# every ring had requests
	for n in $(blk_attr "$D" counters/requests | cut -d' ' -f"1-$(blk_attr "$D" negotiated/queues)"); do
		[ "$n" -gt 0 ] || fail "a ring without a request: $(blk_attr "$D" counters/requests)"
	done
}

# seen: features leave traces
seen() {
	local before
	if [ "$(blk_attr "$D" negotiated/max_segments)" -gt 11 ]; then
		[ "$(counter "$D" indirect)" -gt 0 ] || fail "no indirect request"
	else
		[ "$(counter "$D" indirect)" = 0 ] || fail "$(counter "$D" indirect) indirect requests"
	fi
	before=$(host_stat 16)
	dd if=/dev/zero of="$DISK" bs=4k count=1 oflag=direct conv=fsync status=none
	if [ "$(blk_attr "$D" negotiated/flush)" = none ]; then
		[ "$(host_stat 16)" = "$before" ] || fail "a flush got there all the same"
	else
		[ "$(host_stat 16)" -gt "$before" ] || fail "no flush got there"
	fi
	before=$(host_stat 12)
	if blkdiscard -o 1M -l 1M "$DISK" 2>/dev/null; then
		[ "$(host_stat 12)" -gt "$before" ] || fail "no discard got there"
	else
		[ "$(blk_attr "$D" negotiated/discard)" = 0 ] || fail "discard fails"
	fi
}

polled() {
	[ "$(blk_attr "$D" negotiated/poll_queues)" -gt 0 ] || return 0
	fio --name=io --filename="$DISK" --ioengine=io_uring --hipri --direct=1 --rw=randread --bs=4k --size=4m \
		--output-format=terse --eta=never >"$TAP_TMP/fio" 2>&1 || fail "$(cat "$TAP_TMP/fio")"
	[ "$(counter "$D" polled)" -gt 0 ] || fail "nothing was polled for"
}

# row NAME OURS BACK DISK WANT
row() {
	local want
	read -r -a want <<<"$5"
	load "$2"
	on_host "back-params $3"
	on_host "disk-add name=table,vdev=$D,size=$((MB * CPUS))M${4:+,$4}"
	wait_or_fail 20 opens "$DISK"
	agreed_as "${want[@]}"
	written
	seen
	polled
}

# one: whatever came of it, the disk goes
one() {
	local rc
	set +e
	(
		set -e
		row "$@"
	)
	rc=$?
	set -e
	on_host "disk-del table"
	wait_or_fail 30 is_gone "/sys/block/$D"
	return "$rc"
}

start
need_ours
need_fio
[ -n "${PV_BED:-}" ] || skip_all "needs a bed's host"
pv-host "type back-params >/dev/null 2>&1" || skip_all "the back-end has no parameters"
need_unloadable
! ls -d /sys/block/xvd* >/dev/null 2>&1 || skip_all "there are other disks: the back-end's driver cannot go"
while IFS='|' read -r name ours back disk want; do
	[[ -z "$name" || ! "$name" =~ ${PV_TABLE_ROWS:-.} ]] || check "$name: $want" one "$name" "$ours" "$back" "$disk" "$want"
done <<<"$ROWS"
check "good for all again" load ""
finish
