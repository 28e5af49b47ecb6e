#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# pv-doctor on a guest: what it says of host, drivers, disks and interfaces is so; of what is provoked here, or was at boot
# (unplug= of xen-platform-pci, pv_load=no), it names the cause; its exit status goes by that; and its next step helps.
#
# PV_DOCTOR   where it is
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

DOCTOR=${PV_DOCTOR:-$(dirname "$0")/../../tools/pv-doctor}
[ -x "$DOCTOR" ] || DOCTOR=$(command -v pv-doctor || true)

# examine: what it says in $TAP_TMP/said, one line an entry; its status in STATUS
examine() {
	STATUS=0
	COLUMNS=9999 "$DOCTOR" >"$TAP_TMP/said" 2>"$TAP_TMP/complained" || STATUS=$?
	[ ! -s "$TAP_TMP/complained" ] || fail "it complains: $(cat "$TAP_TMP/complained")"
}

shows() { grep -qE -- "$1" "$TAP_TMP/said" || fail "no line \"$1\" in: $(cat "$TAP_TMP/said")"; }

# finds STATUS "SEVERITY: SUBJECT: PROBLEM" NEXT: this among what it finds, and this status; NEXT_STEP is what to do then
finds() {
	examine
	found "$@"
}

# found: the same in what it said already
found() {
	NEXT_STEP=$(grep -E -A 1 -m 1 -- "^$2" "$TAP_TMP/said" | sed -n 's/^  next: //p' || true)
	[ -n "$NEXT_STEP" ] || fail "no \"$2\" in: $(cat "$TAP_TMP/said")"
	grep -qE -- "$3" <<<"$NEXT_STEP" || fail "next: $NEXT_STEP"
	[ "$STATUS" = "$1" ] || fail "status $STATUS, expected $1: $(cat "$TAP_TMP/said")"
	note "$(grep -E -m 1 -- "^$2" "$TAP_TMP/said")"
}

fine() {
	examine
	! grep -E '^(warning|error): ' "$TAP_TMP/said" || fail "status $STATUS"
	[ "$STATUS" = 0 ] || fail "status $STATUS: $(cat "$TAP_TMP/said")"
	shows '^no problems$'
}

# well_again: like fine, but devices that were connected anew are said to have been
well_again() {
	examine
	! grep -E '^(warning|error): ' "$TAP_TMP/said" | grep -v 'new connections so far' || fail "status $STATUS"
}

# This kernel as a regular expression: releases have a + in them
RELEASE_RE=$(uname -r | sed 's/[.+]/\\&/g')

word() { grep -oE "(^| )$1=[^ ]*" /proc/cmdline | tail -n 1 | cut -d = -f 2 || true; }

# --- how things are

host_named() {
	examine
	case ${PV_BED:-} in
	xen-*) shows '^Host +Xen 4\.' ;;
	hyperv-*) shows '^Host +Hyper-V' ;;
	esac
	shows "^Kernel +$RELEASE_RE, $(nproc) CPU"
}

# own: the bus is ours, not the kernel's
own() { [ -n "$(platform_device 2>/dev/null)" ] || [ -e /sys/bus/platform/drivers/hv-vmbus-pv/VMBUS:00 ]; }

half_named() {
	if own; then
		shows '^Lower half +ours: the kernel was booted with (xen_)?nopv'
		shows '^Events +by (vector on each CPU|PCI interrupt|ACPI interrupt|polling), [0-9]+ so far'
	elif [ "$(driver)" = ours ] && [ -n "$(ls "$PVBUS/devices")" ]; then
		shows "^Lower half +the kernel's, with our front-ends on it"
	elif [ "$(driver)" = mainline ]; then
		shows "^Lower half +the kernel's: "
	else
		shows '^Lower half +none: '
	fi
}

# Each PV disk and interface with the driver that has it
devices_named() {
	local d driver n=0
	for d in /sys/block/xvd* /sys/block/sd*; do
		[ -e "$d" ] && disk_is_pv "${d##*/}" || continue
		driver=$(basename "$(readlink -f "$(front "${d##*/}")/driver")")
		shows "^Disk +${d##*/}: $(($(cat "$d/size") / 2048)) MiB, $driver \\("
		n=$((n + 1))
	done
	for d in /sys/class/net/*/device; do
		[[ $(readlink -f "$d/subsystem") == */bus/@(pvbus|xen) ]] || continue
		d=${d%/device}
		shows "^Interface +${d##*/}: $(cat "$d/address"), $(basename "$(readlink -f "$d/device/driver")") \\("
		n=$((n + 1))
	done
	note "$n PV disks and interfaces"
}

root_found() {
	local disk
	disk=$(findmnt -no SOURCE /)
	[[ $disk == /dev/* ]] || skip "the root file system is not on a PV disk"
	shows "^Disk +${disk#/dev/}: .* on /(,|$)"
}

negotiated_told() {
	local f
	for f in "$PVBUS"/devices/*/negotiated/*; do
		[ -e "$f" ] || skip "not these drivers"
		shows "agreed on: .*${f##*/}=$(cat "$f")(,|$)"
	done
}

json_valid() {
	local rc=0
	"$DOCTOR" --json >"$TAP_TMP/json" || rc=$?
	examine
	[ "$rc" = "$STATUS" ] || fail "status $rc with --json, $STATUS without"
	python3 - "$TAP_TMP/json" "$STATUS" "$(uname -r)" <<-'END'
		import json, sys
		facts = json.load(open(sys.argv[1]))
		assert facts["status"] == int(sys.argv[2]), facts["status"]
		assert facts["host"]["kernel"] == sys.argv[3]
		assert all(x["next"] and x["problem"] for x in facts["findings"]), facts["findings"]
	END
}

# --- what boot brought

UNPLUG=$(word xen-platform-pci.unplug)

twin_kept() {
	finds 1 "warning: sd[a-z]: is the emulated twin of xvd[a-z], not in use; it was kept on purpose \\(unplug=never\\)" \
		'xen-platform-pci.unplug=auto'
}

# root_on_twin: the guest came up from what is emulated, and goes on with it once its fast twin is there
root_on_twin() {
	wait_or_fail 30 opens "$(pv-disk scratch)"
	finds 1 'warning: sd[a-z]: is the emulated twin of xvda and in use \(/' 'UUID=.*/dev/xvda .*root='
	shows '^Disk +sd[a-z]: .* on /.*, twin of xvda$'
}

junk_named() {
	finds 2 "error: host: .*unplug= of xen-platform-pci has the word \"$UNPLUG\"" 'rmmod and modprobe xen-platform-pci'
	expect_log 'is in use'
	rmmod xen_platform_pci
	modprobe xen-platform-pci unplug=auto
	root_on_twin
}

twin_told() { finds 1 'warning: sd[a-z]: is the emulated twin of sd[a-z], not in use; it was kept on purpose \(hold_twins=0\)' 'hold_twins=1'; }

all_gone() {
	wait_or_fail 30 is_gone /sys/block/sda
	fine
	shows '^Unplug +policy: .*unplugged: ide-disks'
}

# make_initramfs [FILE...]: an image with these alone
make_initramfs() {
	command -v lsinitramfs >/dev/null || skip "the guest has no initramfs-tools"
	mkdir -p "$TAP_TMP/tree/usr/lib/modules/$(uname -r)/kernel/fs/ext4"
	: >"$TAP_TMP/tree/usr/lib/modules/$(uname -r)/kernel/fs/ext4/ext4.ko"
	[ $# -eq 0 ] || (cd / && cp --parents "$@" "$TAP_TMP/tree/usr")
	(cd "$TAP_TMP/tree" && find . | cpio -o -H newc --quiet) >"/boot/initrd.img-$(uname -r)"
}

not_loaded() {
	make_initramfs
	finds 2 "error: host: .*$(stack_module) is installed, but not loaded" "modprobe -a $(stack_module).*update-initramfs -u"
	found 2 "(error|warning): /boot/initrd.img-$RELEASE_RE: has not got .*$(stack_module)" "update-initramfs -u -k $RELEASE_RE"
}

# What update-initramfs would have done, and modprobe
loaded_then() {
	local here
	here=/lib/modules/$(uname -r)
	expect_log 'is in use'
	# shellcheck disable=SC2046 # one word a module
	make_initramfs $(find "$here/updates" -name '*.ko*' -printf "${here#/}/updates/%P\n")
	load_all
	root_on_twin
	! grep 'initrd.img.*: ' "$TAP_TMP/said" || fail "the initramfs has them"
	shows "^Module +$(blk_module): ours .*, in the initramfs"
}

# --- what is provoked

junk_parameter() {
	expect_log 'invalid for parameter'
	unload_all
	! modprobe pvbus poll=junk || fail "loaded with junk"
	finds 2 "error: pvbus: not loaded, for parameter poll has the value \"junk\"" 'modprobe pvbus'
	load_all
	wait_or_fail 30 opens "$DISK"
	fine
}

one_cpu() {
	[ "$(nproc)" -gt 1 ] || skip "one CPU"
	# Once Xen has raised vectors it cannot be had back; then this comes to polling
	expect_log 'no event arrives by PCI interrupt'
	unload_all
	modprobe "$([ -n "$HYPERV" ] && echo hv-vmbus-pv || echo pvbus)" percpu=0
	load_all
	wait_or_fail 30 opens "$DISK"
	finds 1 'warning: host: events arrive by .* \(percpu=0\)' 'percpu=1'
	unload_all
	load_all
	wait_or_fail 30 opens "$DISK"
}

nobody_waits() { [ -z "$(cat "$(platform_device)/waiting")" ]; }

# A disk that the toolstack promises and nobody serves, from the time that the drivers come up
missing_back_end() {
	local dir rc back=/local/domain/0/backend/vbd/1/51904
	dir=$(on_host "xs read $(blk_attr "$D" backend)/frontend")
	dir=${dir%/*}/51904
	unload_all
	on_host "xs write $dir/backend $back; xs write $dir/backend-id 0; xs write $dir/virtual-device 51904;
		xs write $dir/device-type disk; xs write $dir/state 1"
	load_all
	wait_or_fail 30 opens "$DISK"
	set +e
	(
		set -e
		finds 2 "error: device/vbd/51904: the host has announced it, but its back-end $back is not there" 'administrator'
	)
	rc=$?
	set -e
	on_host "xs rm $dir"
	wait_or_fail 20 nobody_waits
	[ "$rc" = 0 ]
	fine
}

# do_next: the command at the end of the next step
do_next() { eval "$(grep -oE 'echo 1 > /sys/[^ ;]*/reconnect' <<<"$NEXT_STEP")"; }

# What the store says of the disk is nonsense: the log's word for it is passed on, and reconnecting helps when it is good
bad_store() {
	local back good rc
	back=$(blk_attr "$D" backend)
	good=$(on_host "xs read $back/sectors")
	on_host "xs write $back/sectors junk"
	echo 1 >"$(front "$D")/reconnect"
	set +e
	(
		set -e
		wait_for 20 phase_is "$D" failed || [ "$(on_host "xs read $back/sectors")" = junk ] || exit 4
		finds 2 "error: $(basename "$(front "$D")"): no connection to the host: phase failed, .*sectors" 'echo 1 > '
	)
	rc=$?
	set -e
	on_host "xs write $back/sectors $good"
	echo 1 >"$(front "$D")/reconnect"
	wait_or_fail 20 phase_is "$D" connected
	[ "$rc" != 4 ] || skip "the host writes sectors anew with each connection"
	[ "$rc" = 0 ]
	well_again
}

reads() { dd if="$DISK" of=/dev/null bs=64k count=1 iflag=direct status=none; }

# A length that cannot be
bad_answer() {
	pv-host "fault ctrl=scsi length=20 count=1"
	! reads 2>/dev/null || fail "read without an error"
	pv-host "fault ctrl=scsi length=0 count=0"
	quarantined channel
}

# More answers than questions: QEMU's back-end would never; so the ring's rsp_prod is set for it
bad_ring() {
	local dir
	dir=$(on_host "xs read $(blk_attr "$D" backend)/frontend")
	on_host "xs poke \$(xs read $dir/ring-ref) 8 2000000000
		qmp '{\"execute\":\"xen-event-inject\",\"arguments\":{\"port\":'\$(xs read $dir/event-channel)'}}'"
	quarantined ring
}

# quarantined WHERE: it is told, and what is told to be done helps
quarantined() {
	wait_or_fail 10 phase_is "$D" failed
	! reads 2>/dev/null || fail "it reads in quarantine"
	finds 2 "error: $(basename "$(front "$D")"): quarantined, for the host broke the protocol: $1 [01]: " 'echo 1 > '
	do_next
	wait_or_fail 20 phase_is "$D" connected
	well_again
	reads
}

provoke() {
	need_disk
	if [ -n "$HYPERV" ]; then
		expect_log "quarantined|new connection|I/O error, dev $D|Buffer I/O error|hv-storvsc"
		check "a controller in quarantine" bad_answer
	else
		expect_log "vbd-|device/vbd|xenbus|$D|no memory for"
		check "nonsense in the store" bad_store
		[ "$PV_BED" != xen-emu ] || check "a disk in quarantine" bad_ring
	fi
	for d in /sys/block/xvd* /sys/block/sd*; do
		[ -e "$d" ] || continue
		! disk_is_pv "${d##*/}" || disk_is_free "${d##*/}" || { note "no reload: ${d##*/} is in use"; return 0; }
	done
	own || { note "no reload: the bus is the kernel's"; return 0; }
	[ -n "$HYPERV" ] || check "a back-end that is missing" missing_back_end
	check "a parameter that is junk" junk_parameter
	check "events on one CPU" one_cpu
}

start
[ -x "$DOCTOR" ] || skip_all "there is no pv-doctor here"
command -v python3 >/dev/null || skip_all "there is no Python here"
[ -z "$HYPERV" ] || expect_scsi_log
LATE=
if [ "$(word pv_load)" = no ]; then
	LATE=1
	expect_log 'taint(s|ing) kernel'
	check "modules that are not loaded, nor in the initramfs" not_loaded
	check "loaded, all is well" loaded_then
fi
case $UNPLUG in
'' | never | auto | all | *disks*) ;;
*)
	LATE=1
	check "a policy that is junk" junk_named
	;;
esac
check "the host" host_named
check "the lower half" half_named
check "devices and their drivers" devices_named
check "what was agreed on" negotiated_told
check "who has the root file system" root_found
check "JSON" json_valid
[ "$(word hv-storvsc.hold_twins)" != 0 ] || UNPLUG=none
case $UNPLUG in
none) check "twins" twin_told ;;
never) check "twins that were kept" twin_kept ;;
all) check "all unplugged" all_gone ;;
*) [ -n "$LATE" ] || check "no problems" fine ;;
esac
[ "$(driver)" != ours ] || [ -z "${PV_BED:-}" ] || [ -n "$LATE$UNPLUG" ] || provoke
finish
