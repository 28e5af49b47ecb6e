#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# udev's rule for disks that are there twice: links in /dev/disk lead to the PV node, however they are called, and none to its
# emulated twin, until the PV disk goes. Wants a twin (--twin and unplug=never, on Hyper-V a disk of an IDE accelerator), and
# nobody else's udevd. (On Hyper-V with hv-storvsc.hold_twins=0: else there is nothing to see.)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

RULES=$(dirname "$0")/../../packaging/udev
LABEL=pv-twin-test
# On a bed we are in one, and udevadm would do nothing
export SYSTEMD_IGNORE_CHROOT=1

# emulated: the twin of $DISK
emulated() { for t in /sys/block/sd*; do
	"$RULES/pv-disk-id" "${t##*/}" | grep -qx "PV_TWIN=$D" && echo "${t##*/}" && return
done; }

settle() { udevadm settle --timeout=30 || fail "udev does not settle"; }

start_udevd() {
	install -m 755 "$RULES/pv-disk-id" /usr/lib/udev/
	mkdir -p /run/udev/rules.d
	cp "$RULES/61-pv-on-hvm.rules" /run/udev/rules.d/
	/lib/systemd/systemd-udevd --daemon 3>&-
	udevadm trigger --action=add --subsystem-match=block
	settle
}

stop_udevd() { udevadm control --exit 2>/dev/null || true; }

links_to() { find /dev/disk -lname "*/$1" -printf '%P\n' | sort; }

leads() { [ "$(readlink -f "/dev/disk/$1")" = "$2" ] || fail "/dev/disk/$1: $(readlink -f "/dev/disk/$1"), not $2"; }

pv_has_links() {
	leads "by-label/$LABEL" "$DISK"
	links_to "$D" | grep '^by-path/' >/dev/null || fail "no link by path among: $(links_to "$D")"
	note "$D: $(links_to "$D" | tr '\n' ' ')"
}

twin_has_none() {
	local left
	left=$(links_to "$TWIN")
	[ -z "$left" ] || fail "$TWIN has links: $left"
	[ "$(udevadm info --query=property --property=SYSTEMD_READY --value "/dev/$TWIN")" = 0 ] || fail "$TWIN is ready for systemd"
	[ -z "$(udevadm info --query=property --property=ID_FS_TYPE --value "/dev/$TWIN")" ] || fail "$TWIN has a file system for all to see"
}

told_once() {
	local n
	n=$(log_lines "$MARK" "pv-on-hvm: $TWIN is the emulated twin of $D")
	[ "$n" = 1 ] || fail "$n lines tell of it"
	udevadm trigger --action=change "/sys/block/$TWIN"
	settle
	n=$(log_lines "$MARK" "pv-on-hvm: $TWIN is the emulated twin of $D")
	[ "$n" = 1 ] || fail "$n lines tell of it after another look"
}

# Without the PV disk the emulated one is a disk like any other; with it, it is not.
goes_and_comes() {
	local rc
	! disk_is_busy || skip "a PV disk is in use, so the front-end cannot go"
	rmmod "$(blk_module)"
	set +e
	(
		set -e
		settle
		sleep 0.5
		settle
		leads "by-label/$LABEL" "/dev/$TWIN"
	)
	rc=$?
	set -e
	modprobe "$(blk_module)"
	wait_or_fail 20 opens "$DISK"
	[ "$rc" = 0 ]
	settle
	sleep 0.5
	settle
	pv_has_links
	twin_has_none
}

disk_is_busy() {
	local d
	for d in /sys/block/xvd* /sys/block/sd*; do
		[ -e "$d" ] || continue
		! disk_is_pv "${d##*/}" || disk_is_free "${d##*/}" || return 0
	done
	return 1
}

start
[ -n "${PV_BED:-}" ] || skip_all "sets udev up: only on a bed"
[ -x /lib/systemd/systemd-udevd ] || skip_all "the guest has no udev"
need_ours
[ -z "$HYPERV" ] || expect_scsi_log
need_disk
TWIN=$(emulated)
[ -n "$TWIN" ] || skip_all "the disk has no emulated twin"
mkfs.ext4 -q -F -O ^has_journal -L "$LABEL" "$DISK"
sync
blockdev --flushbufs "/dev/$TWIN"
# The host may keep what the twin has read before, and the PV disk go past that
pv-host "echo 3 >/proc/sys/vm/drop_caches"
check "udev starts" start_udevd
check "the PV disk has its links" pv_has_links
check "the emulated twin has none" twin_has_none
check "the log tells of it, once" told_once
check "the PV disk goes and comes back" goes_and_comes
stop_udevd
finish
