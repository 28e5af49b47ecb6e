#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The emulated twin of a disk goes when it may, and only then. Wants a bed with twins and the policy "never" at boot
# (--twin --append xen-platform-pci.unplug=never): an unplugged disk does not come back.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

twin() { find /sys/block -maxdepth 1 -name 'sd*' -printf '%f\n' | head -n 1; }

# set_policy WORDS: by the platform device's file
set_policy() { echo "$1" >"$(platform_device)/unplug"; }

unplugged() { grep -E "^unplugged: (.*,)?$1(,|\$)" "$(platform_device)/unplug"; }
shows() { grep -qx "$1" "$(platform_device)/unplug" || fail "no line \"$1\" in: $(cat "$(platform_device)/unplug")"; }

both_there() {
	[ -b "/dev/$TWIN" ] || fail "$TWIN is gone"
	dd if="/dev/$TWIN" of=/dev/null bs=4k count=1 iflag=direct status=none
	dd if="$DISK" of=/dev/null bs=4k count=1 iflag=direct status=none
}

never_keeps() {
	shows "policy: never"
	shows "unplugged: nothing"
	both_there
}

# refused WORDS: an error, one line that names the word, and nothing happens
refused() {
	local mark="junk policy $RANDOM$RANDOM" n
	log_mark "$mark"
	if set_policy "$1" 2>/dev/null; then
		fail "\"$1\" was taken"
	fi
	n=$(log_lines "$mark" 'unplug')
	[ "$n" = 1 ] || fail "\"$1\": $n lines in the kernel log"
	shows "policy: never"
	both_there
}

junk_refused() {
	local w
	expect_log 'xen-platform-pci: unplug=: '
	for w in junk al alll ide-disk ide-disksx ',' 'ide-disks,' ',all' '' 'ide-disks,junk,nics' 'nics,aux-ide-disks,junk' \
		all,never auto,nics 'ide-disks nics' ' never' "$(printf '%0300d' 0)"; do
		refused "$w"
	done
}

# The same at load: the device is refused, the disks stay, and a good word then brings everything up.
junk_at_load() {
	local mark="junk at load $RANDOM"
	expect_log 'probe.*failed with error -22'
	expect_log 'ata[0-9.]+: disable'
	rmmod xen_platform_pci
	log_mark "$mark"
	modprobe xen-platform-pci unplug=ide-disks,aux-ide-disks,nicks || true
	[ -z "$(platform_device)" ] || fail "unplug=ide-disks,aux-ide-disks,nicks: the device was taken"
	[ "$(log_lines "$mark" 'unplug=: "nicks"')" = 1 ] || fail "no clear line: $(log_since "$mark")"
	rmmod xen_platform_pci
	modprobe xen-platform-pci unplug=never
	wait_or_fail 20 opens "$DISK"
	both_there
}

# held WORDS CLASS: not unplugged, because the twin is mounted
held() {
	local mark="held $RANDOM"
	log_mark "$mark"
	set_policy "$1" 2>/dev/null || true
	sleep 1
	[ "$(log_lines "$mark" "emulated $2 not unplugged: $TWIN is in use")" = 1 ] || fail "$1: no clear line: $(log_since "$mark")"
	both_there
}

while_mounted() {
	local w
	# The auxiliary disks are on the same controller, which the host resets
	for w in ide-disks aux-ide-disks; do
		held "$w" "$w"
		if set_policy "$w" 2>/dev/null; then
			fail "$w was taken while $TWIN is mounted"
		fi
	done
	held auto ide-disks
	held all ide-disks
	held all aux-ide-disks
	ls "$TAP_TMP/mnt" >/dev/null
}

mounted_stays() {
	local rc
	expect_log "not unplugged: $TWIN is in use"
	mkfs.ext4 -q -F -O ^has_journal "$DISK" 16m
	blockdev --flushbufs "/dev/$TWIN"
	# The host may keep what the twin has read before, and the PV disk go past that
	on_host "echo 3 >/proc/sys/vm/drop_caches"
	mkdir -p "$TAP_TMP/mnt"
	mount -o ro "/dev/$TWIN" "$TAP_TMP/mnt"
	set +e
	(
		set -e
		while_mounted
	)
	rc=$?
	set -e
	set_policy never
	umount "$TAP_TMP/mnt"
	[ "$rc" = 0 ]
	both_there
}

# auto: not before the PV twin is connected
waits_for_twin() {
	rmmod "$(blk_module)"
	set_policy auto
	sleep 2
	shows "policy: auto"
	unplugged ide-disks && fail "unplugged while no driver has the PV twin"
	[ -b "/dev/$TWIN" ] || fail "$TWIN was unplugged while no driver had its PV twin"
	dd if="/dev/$TWIN" of=/dev/null bs=4k count=1 iflag=direct status=none
}

auto_unplugs() {
	expect_log 'ata[0-9.]*: disable'
	modprobe "$(blk_module)"
	wait_or_fail 20 opens "$DISK"
	wait_or_fail 20 is_gone "/sys/block/$TWIN"
	wait_or_fail 20 unplugged ide-disks
	fio_io "$DISK" "${VERIFY[@]}" --size=16m || fail "verification failed after the twin went"
	same_sum "$HOST_DISK" "$DISK"
}

# The old drivers never saw a third word.
three_words() {
	set_policy ide-disks,aux-ide-disks,nics
	grep -x 'policy: .*' "$(platform_device)/unplug" | grep ide-disks | grep aux-ide-disks | grep nics >/dev/null ||
		fail "$(cat "$(platform_device)/unplug")"
}

start
[ -n "${PV_BED:-}" ] || skip_all "takes emulated disks away for good: only on a bed"
need_ours
need_fio
need_disk
need_unloadable
wait_for 20 twin >/dev/null
TWIN=$(twin)
[ -n "$TWIN" ] || bail "no emulated twin: was the bed run with --twin and unplug=never?"
check "never keeps the twin" never_keeps
check "junk is refused, disks stay" junk_refused
check "junk at load is refused, disks stay" junk_at_load
check "a mounted twin stays" mounted_stays
check "auto waits until the PV disk is connected" waits_for_twin
check "auto unplugs then" auto_unplugs
check "three words" three_words
finish
