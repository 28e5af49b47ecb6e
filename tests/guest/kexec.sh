#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The same kernel once more, by kexec and in the midst of I/O: it must find its disks, what the first one wrote, and a host
# that has nothing of the first one's any more. In the first kernel this test does not come to an end; the second one
# begins with the same command, so it has to be the first of the tests.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

SECOND=pv_second_kernel
AT=16	# sector of the mark

mark() { dd if="$DISK" skip="$AT" count=1 iflag=direct status=none | md5sum | cut -d' ' -f1; }

# fetch NAME VDEV: the file that the guest was booted from, by way of a disk
fetch() {
	local file size dev=/dev/$2
	read -r file size < <(on_host "boot-file $1")
	on_host "disk-add name=$1,vdev=$2,file=$file" >/dev/null
	[ -z "$HYPERV" ] || dev=$(pv-disk "$1")
	wait_or_fail 20 opens "$dev"
	dd if="$dev" bs=1M iflag=direct status=none | head -c "$size" >"$TAP_TMP/$1"
	[ "$(stat -c %s "$TAP_TMP/$1")" = "$size" ] || fail "$1 has not $size bytes"
	on_host "disk-del $1" >/dev/null
}

# load: kexec_file_load, for kexec's own program is not everywhere
load() {
	fetch kernel xvdk
	fetch initrd xvdl
	perl -e 'my ($kernel, $initrd, $line) = @ARGV;
		open(my $k, "<", $kernel) && open(my $i, "<", $initrd) or die "$!\n";
		syscall(320, fileno($k), fileno($i), length($line) + 1, $line, 0) == 0 or die "kexec_file_load: $!\n"' \
		"$TAP_TMP/kernel" "$TAP_TMP/initrd" "$(cat /proc/cmdline) $SECOND=$1"
}

# first: returns only if something is wrong. Nothing of the root is written any more when the load is at its height.
first() {
	dd if=/dev/urandom of="$DISK" seek="$AT" count=1 oflag=direct status=none
	load "$(mark)"
	sync
	fio_bg own "$DISK" --rw=randrw --bs=64k --iodepth=32 --offset=16m --size=8m --time_based --runtime=600
	wait_or_fail 30 in_flight "$D"
	echo u >/proc/sysrq-trigger
	perl -e 'syscall(169, 0xfee1dead, 672274793, 0x45584543, 0) == 0 or die "kexec: $!\n"'
	fail "still in the first kernel"
}

same_mark() {
	local want
	want=$(sed "s/.*$SECOND=//; s/ .*//" /proc/cmdline)
	[ "$(mark)" = "$want" ] || fail "the mark is $(mark), not $want"
}

parted() { [ "$(on_host "fault unloads")" = 1 ] || fail "the host was told so $(on_host "fault unloads") times"; }

verify() { fio_io "$DISK" "${VERIFY[@]}" --size=8m --offset=16m || fail "fio failed"; }

start
[ -n "${PV_BED:-}" ] || skip_all "needs a bed's host"
need_ours
need_fio
need_disk
if ! grep -q " $SECOND=" /proc/cmdline; then
	expect_scsi_log
	check "into the second kernel" first
	finish
fi
check "what the first kernel wrote is there" same_mark
[ -z "$HYPERV" ] || check "the first kernel parted from the host" parted
check "written and verified" verify
check "host and guest checksums agree" same_sum "$HOST_DISK" "$DISK"
check "boot log has no warnings of ours" boot_log_clean 'pvbus|hv-|xen-|VMBUS'
finish
