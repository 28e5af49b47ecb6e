#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # sub-tests are called by check
# What is written is what is read: in the guest by fio's checksums, and on the host by a checksum of the whole disk.
#
# PV_VERIFY_MB   how much to write (256)
set -euo pipefail
. "$(dirname "$0")/lib.sh"

MB=${PV_VERIFY_MB:-256}
SEED=${PV_SEED:-$((SECONDS + $$))}

# jobs SIZE-KIB SEED: four kinds of writer, each with a region to itself
jobs_file() {
	local size=$1 seed=$2 mixed=512/5:4k/45:32k/30:128k/15:1m/5
	[ "$SECTOR" = 512 ] || mixed=4k/50:32k/30:128k/15:1m/5
	cat <<-END
		[global]
		filename=$DISK
		rw=randwrite
		ioengine=libaio
		size=${size}k
		randseed=$seed
		verify=crc32c
		verify_fatal=1
		verify_state_save=0
		[deep]
		direct=1
		iodepth=64
		bssplit=$mixed
		[flushing]
		offset=${size}k
		direct=1
		iodepth=16
		fsync=64
		verify=sha256
		bssplit=$mixed
		[buffered]
		offset=$((2 * size))k
		ioengine=psync
		fsync=256
		end_fsync=1
		bssplit=$mixed
		[single]
		offset=$((3 * size))k
		ioengine=psync
		direct=1
		sync=1
		bssplit=64k/90:4k/10
	END
}

# One round covers the whole disk or what is left to write, whichever is less.
round() {
	local kib=$1 seed=$2
	jobs_file $((kib / 4)) "$seed" >"$TAP_TMP/jobs"
	fio --output-format=terse --eta=never "$TAP_TMP/jobs" >"$TAP_TMP/fio" 2>&1 || fail "$(cat "$TAP_TMP/fio")"
	[ "$(fio_kib write "$TAP_TMP/fio")" -ge $((kib / 4096 * 4096)) ] ||
		fail "fio wrote $(fio_kib write "$TAP_TMP/fio") of $kib KiB"
	echo $((kib / 1024)) >>"$TAP_TMP/written"
}

write_all() {
	local left=$((MB * 1024)) kib seed=$SEED
	: >"$TAP_TMP/written"
	while [ "$left" -gt 0 ]; do
		kib=$((left < DISK_KIB ? left : DISK_KIB))
		round "$kib" "$seed"
		left=$((left - kib))
		seed=$((seed + 1))
	done
	note "$(awk '{ n += $1 } END { print n }' "$TAP_TMP/written") MiB in $(wc -l <"$TAP_TMP/written") rounds, seed $SEED"
}

# The last round's blocks once more, from the disk.
read_back() {
	local kib
	drop_caches "$DISK"
	fio --verify_only --output-format=terse --eta=never "$TAP_TMP/jobs" >"$TAP_TMP/fio" 2>&1 ||
		fail "$(cat "$TAP_TMP/fio")"
	kib=$(($(tail -n 1 "$TAP_TMP/written") * 1024))
	[ "$(fio_kib read "$TAP_TMP/fio")" -ge $((kib / 4096 * 4096)) ] ||
		fail "fio read $(fio_kib read "$TAP_TMP/fio") of $kib KiB"
}

# The test itself must notice a wrong byte.
sees_damage() {
	local rc=0
	printf 'damage' | dd of="$DISK" bs="$SECTOR" seek=1 conv=notrunc,sync iflag=fullblock oflag=direct status=none
	fio --verify_only --output-format=terse --eta=never "$TAP_TMP/jobs" >"$TAP_TMP/fio" 2>&1 || rc=$?
	[ "$rc" != 0 ] || fail "sector 1 was overwritten and fio did not see it"
}

start
need_fio
need_disk
SECTOR=$(blockdev --getss "$DISK")
DISK_KIB=$(($(disk_bytes "$D") / 1024 / 16384 * 16384))
[ "$DISK_KIB" -gt 0 ] || skip_all "$DISK has less than 16 MiB"
check "$MB MiB of mixed writes, verified" write_all
check "read back after dropping caches" read_back
check "host and guest checksums agree" same_sum "$HOST_DISK" "$DISK"
check "a damaged sector is seen" sees_damage
finish
