#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What was negotiated is what happens: counters move, flushes and discards reach the host, kinds of disks are what they are.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_blkfront() { [ "$(driver)" = ours ] || skip "not these drivers"; }

agreed() {
	local f out=
	need_blkfront
	for f in /sys/block/"$D"/device/negotiated/*; do
		[ -s "$f" ] || [ -n "$(cat "$f")" ] || fail "$f is empty"
		out+=" $(basename "$f")=$(cat "$f")"
	done
	note "$out"
	[ "$(blk_attr "$D" negotiated/name)" = "$D" ]
	[ $(($(blk_attr "$D" negotiated/sectors) * 512)) = "$(disk_bytes "$D")" ]
	[ "$(blk_attr "$D" negotiated/sector_size)" = "$(blockdev --getss "$DISK")" ]
}

# Each request is counted, and so is its response; at depth 32 several go with one doorbell, and come with one interrupt.
counters_move() {
	local was=() now=() names=(requests responses doorbells events errors) i n=2048
	need_blkfront
	for i in "${names[@]}"; do was+=("$(counter "$D" "$i")"); done
	echo 2 >"/sys/block/$D/queue/nomerges"
	fio_io "$DISK" --rw=randread --bs=4k --iodepth=32 --iodepth_batch_submit=8 --number_ios="$n" --size=16m >/dev/null
	echo 0 >"/sys/block/$D/queue/nomerges"
	for i in "${names[@]}"; do now+=("$(counter "$D" "$i")"); done
	for i in "${!names[@]}"; do
		now[i]=$((now[i] - was[i]))
	done
	note "$n reads: ${now[0]} requests, ${now[1]} responses, ${now[2]} doorbells, ${now[3]} interrupts"
	between "${now[0]}" "$n" $((n + 64)) || fail "${now[0]} requests for $n reads"
	[ "${now[1]}" = "${now[0]}" ] || fail "${now[0]} requests, ${now[1]} responses"
	between "${now[2]}" 1 $((now[0] - 1)) || fail "${now[2]} doorbells for ${now[0]} requests"
	between "${now[3]}" 1 "${now[0]}" || fail "${now[3]} interrupts for ${now[0]} requests"
	[ "${now[4]}" = 0 ] || fail "${now[4]} errors"
}

between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }

rings_dump() {
	need_blkfront
	need_debugfs
	grep -q 'req_prod' "$DEBUG/$(basename "$(readlink -f "/sys/block/$D/device")")/rings"
}

# Each request, answer and doorbell can be watched, and so can a new connection
traced() {
	local dir=/sys/kernel/tracing n=256 event
	need_blkfront
	mountpoint -q $dir || mount -t tracefs none $dir || skip "no tracefs"
	echo >$dir/trace
	echo 1 >$dir/events/blkfront/enable
	fio_io "$DISK" --rw=randread --bs=4k --iodepth=1 --number_ios=$n --size=16m >/dev/null
	echo 1 >"/sys/block/$D/device/reconnect"
	wait_or_fail 20 phase_is "$D" connected
	echo 0 >$dir/events/blkfront/enable
	cp $dir/trace "$TAP_TMP/trace"
	for event in submit complete; do
		[ "$(seen "$event")" -ge $n ] || fail "$(seen "$event") times blkfront_$event for $n reads"
	done
	(("$(seen notify)" >= 1 && "$(seen state)" >= 2)) || fail "$(seen notify) notifies, $(seen state) states"
}

seen() { grep -c " blkfront_$1: " "$TAP_TMP/trace" || true; }

# plug_faulty KIND: a disk whose host fails the first request of that kind ("flush", "write"): proof that the kind gets
# there, and that its error comes back
plug_faulty() {
	on_host "type qmp >/dev/null" || skip "the host cannot make requests fail"
	on_host "set -e
		f=\$PV_DISKS/faulty.img
		truncate -s 8M \$f
		qmp '{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"blkdebug\",\"node-name\":\"faulty\",
			\"image\":{\"driver\":\"file\",\"filename\":\"'\$f'\"},
			\"inject-error\":[{\"event\":\"none\",\"iotype\":\"$1\",\"errno\":5,\"once\":true}]}}'
		qmp '{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"xen-disk\",\"id\":\"disk-faulty\",
			\"vdev\":\"xvdm\",\"drive\":\"faulty\"}}'" >/dev/null
	wait_or_fail 20 opens /dev/xvdm
}

unplug_faulty() {
	on_host "type qmp >/dev/null" || skip "the host cannot make requests fail"
	on_host "disk-del faulty" >/dev/null
	wait_or_fail 30 is_gone /sys/block/xvdm
}

write_block() { dd if=/dev/zero of=/dev/xvdm bs=4k count=1 "$@" status=none; }

flush_arrives() {
	plug_faulty flush
	write_block oflag=direct
	if write_block oflag=direct conv=fsync 2>/dev/null; then
		fail "the host failed a flush, and fsync did not"
	fi
	write_block oflag=direct conv=fsync
	unplug_faulty
}

error_arrives() {
	plug_faulty write
	if write_block oflag=direct 2>/dev/null; then
		fail "the host failed a write, and dd did not"
	fi
	write_block oflag=direct
	unplug_faulty
}

# How much of the image the host keeps
allocated() { on_host "stat -c %b \$PV_DISKS/$HOST_DISK.img"; }

discard_arrives() {
	local before after
	need_host
	[ "$(cat "/sys/block/$D/queue/discard_max_bytes")" -gt 0 ] || skip "the back-end offers no discard"
	fio_io "$DISK" --rw=write --bs=256k --iodepth=4 --offset=8m --size=16m >/dev/null
	before=$(allocated)
	blkdiscard -o 8M -l 16M "$DISK"
	after=$(allocated)
	[ $(((before - after) * 512)) -ge $((12 * 1024 * 1024)) ] || fail "16 MiB discarded, $before blocks before, $after after"
	[ "$(dd if="$DISK" bs=1M skip=8 count=16 iflag=direct status=none | tr -d '\0' | wc -c)" = 0 ] ||
		fail "discarded blocks are not zero"
}

# with SPEC VDEV NAME TEST: plug a disk in, look at it, unplug it
with() {
	local name=${2#xvd} rc=0
	on_host "disk-add name=hot$name,vdev=$1"
	wait_or_fail 20 opens "/dev/$2"
	set +e
	(
		set -e
		"$3" "$2" "hot$name"
	)
	rc=$?
	set -e
	on_host "disk-del hot$name"
	wait_or_fail 30 is_gone "/sys/block/$2"
	return "$rc"
}

read_only() {
	[ "$(blockdev --getro "/dev/$1")" = 1 ] || fail "$1 is not read-only"
	same_sum "$2" "/dev/$1"
	if dd if=/dev/zero of="/dev/$1" bs=4k count=1 oflag=direct status=none 2>/dev/null; then
		fail "$1 took a write"
	fi
	same_sum "$2" "/dev/$1"
}

is_cdrom() {
	[ "$(blockdev --getro "/dev/$1")" = 1 ] || fail "$1 is not read-only"
	[ "$(cat "/sys/block/$1/removable")" = 1 ] || fail "$1 is not removable"
	[ "$(blk_attr "$1" negotiated/cdrom)" = 1 ] || fail "$1 is not a CD-ROM"
	same_sum "$2" "/dev/$1"
}

big_sectors() {
	[ "$(blockdev --getss "/dev/$1")" = 4096 ] || fail "$1: sectors of $(blockdev --getss "/dev/$1") bytes"
	[ "$(blockdev --getpbsz "/dev/$1")" = 4096 ] || fail "$1: physical blocks of $(blockdev --getpbsz "/dev/$1") bytes"
	[ "$(disk_bytes "$1")" = $((32 * 1024 * 1024)) ] || fail "$1 has $(disk_bytes "$1") bytes, not 32 MiB"
	same_sum "$2" "/dev/$1"
	fio_io "/dev/$1" "${VERIFY[@]}" --size=32m >/dev/null || fail "verification failed"
	same_sum "$2" "/dev/$1"
}

plain() {
	[ "$(disk_bytes "$1")" = $((8 * 1024 * 1024)) ] || fail "$1 has $(disk_bytes "$1") bytes, not 8 MiB"
	same_sum "$2" "/dev/$1"
}

read_only_disk() {
	need_host
	with xvdi,size=8M,ro xvdi read_only
}

cdrom() {
	need_host
	need_blkfront
	with xvdj,size=8M,cdrom xvdj is_cdrom
}

# QEMU connects such a disk only to a front-end that says feature-large-sector-size, which the specification withdrew:
# there is no disk then, and that is all that happens.
sectors_4096() {
	local dir
	need_host
	on_host "disk-add name=big,vdev=xvdk,size=32M,sector=4096"
	if wait_for 10 opens /dev/xvdk; then
		big_sectors xvdk big
		on_host "disk-del big"
		wait_or_fail 30 is_gone /sys/block/xvdk
		return
	fi
	dir=$PVBUS/devices/vbd-51872
	[ ! -e "$dir" ] || [[ $(cat "$dir/backend_state") == [iI]nit* ]] || fail "the back-end is $(cat "$dir/backend_state")"
	on_host "disk-del big"
	wait_or_fail 30 is_gone "$dir"
	skip "the back-end does not connect disks with 4096-byte sectors"
}

# One disk at a time: what the toolstack numbers it, what it is called here
odd_names() {
	local pair
	need_host
	need_blkfront
	for pair in xvdz:xvdz xvdaa:xvdaa xvdbz:xvdbz hdc:xvdc hdd:xvdd sdp:xvdp d300:xvdko; do
		with "${pair%:*},size=8M" "${pair#*:}" plain || fail "$pair"
	done
}

geometry() {
	local host
	need_host
	host=$(on_host "stat -c %s \$PV_DISKS/$HOST_DISK.img")
	[ "$(disk_bytes "$D")" = "$host" ] || fail "$D has $(disk_bytes "$D") bytes, the host's image $host"
	[ "$(blockdev --getsize64 "$DISK")" = "$host" ]
}

start
need_fio
need_disk
expect_log '(I/O error,|Buffer I/O error on) dev xvd[im]|lost async page write'
check "what was agreed is in sysfs" agreed
check "counters move, doorbells and interrupts are shared" counters_move
check "debugfs shows the rings" rings_dump
check "tracepoints" traced
check "size is the host's" geometry
check "flushes reach the host" flush_arrives
check "errors come back" error_arrives
check "discards reach the host" discard_arrives
check "a read-only disk refuses writes" read_only_disk
check "a CD-ROM can be read" cdrom
check "sectors of 4096 bytes" sectors_4096
check "names of odd disks" odd_names
finish
