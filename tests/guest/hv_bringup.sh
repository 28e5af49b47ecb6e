#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# From VMBus's ACPI device to the devices it offers: what must be there once the modules are loaded, whichever way events
# arrive (parameters poll=, percpu= and max_version= of hv-vmbus-pv choose; the test reads them and expects accordingly).
# Then out and in again, if nothing of ours is in use.
#
# PV_CYCLES   how often (5)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CYCLES=${PV_CYCLES:-5}
BOOTSTRAP=/sys/bus/platform/drivers/hv-vmbus-pv
BALLOON=525074dc-8985-46e2-8057-a307dc18a502	# a class we have no driver for; every bed has one

bootstrap_device() { find -L "$BOOTSTRAP" -maxdepth 1 -name '*:*' | head -n 1; }

attr() { cat "$(bootstrap_device)/$1"; }

# The device's own alias must lead to our module, for that is how it gets loaded at boot.
alias_found() {
	local alias
	[ -n "$(bootstrap_device)" ] || fail "no device is bound to $(basename "$BOOTSTRAP")"
	alias=$(cat "$(bootstrap_device)/modalias")
	modinfo -n hv-vmbus-pv >/dev/null 2>&1 || skip "no module tree here to compare with"
	modprobe -R "$alias" | grep -x hv_vmbus_pv >/dev/null || fail "$alias: $(modprobe -R "$alias" 2>&1)"
}

# Not above what was asked for, and the log says the same
version_agreed() {
	local version max
	version=$(attr version)
	max=$(parameter hv_vmbus_pv max_version)
	[[ $version =~ ^[0-9]+\.[0-9]+$ && $version != 0.0 ]] || fail "version: \"$version\""
	case $max in
	*[0-9].[0-9]*)
		[ "$(printf '%s\n' "$version" "$max" | sort -t . -k 1,1n -k 2,2n | tail -n 1)" = "$max" ] ||
			fail "version $version, but $max was the highest asked for"
		;;
	esac
	grep -qF "pvbus: VMBus $version, its events arrive by $(attr events)" <<<"$(dmesg)" || fail "no such line in the log"
	[ -z "${PV_BED:-}" ] || [ "${max//[^0-9.]/}" ] || [ "$version" = 4.0 ] || fail "version $version, the bed's host speaks 4.0"
	note "version: $version"
}

# The host's answers, at least: to the contact, and all its offers
interrupts_counted() {
	[ "$(wanted_mode hv_vmbus_pv)" != polling ] || skip "polling: no interrupts"
	[ "$(interrupts)" -ge 2 ] || fail "$(interrupts) interrupts so far"
}

devices() { find -L "$PVBUS/devices" -mindepth 1 -maxdepth 1; }

offers_listed() {
	local dev n=0
	for dev in $(devices); do
		[[ $(cat "$dev/type") == hv-* ]] || fail "$dev: type $(cat "$dev/type")"
		[ "$(cat "$dev/modalias")" = "pvbus:$(cat "$dev/type")" ] || fail "$dev: modalias $(cat "$dev/modalias")"
		[[ $(cat "$dev/class") =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]] || fail "$dev: class $(cat "$dev/class")"
		[ "$(cat "$dev/version")" = "$(attr version)" ] || fail "$dev: version $(cat "$dev/version")"
		[ "$(cat "$dev/quarantined")" = 0 ] || fail "$dev is quarantined"
		case $(cat "$dev/state") in
		open) [ -e "$dev/driver" ] || fail "$dev: open without a driver" ;;
		offered) ;;
		*) fail "$dev: state $(cat "$dev/state")" ;;
		esac
		n=$((n + 1))
	done
	[ "$n" -gt 0 ] || fail "no devices on pvbus"
	[ "$(cat "$PVBUS"/devices/*/relid | sort -u | wc -l)" = "$n" ] || fail "channels: $(cat "$PVBUS"/devices/*/relid)"
	note "devices: $(cat "$PVBUS"/devices/*/type | sort | tr '\n' ' ')"
}

unknown_left_alone() {
	local dev
	[ -n "${PV_BED:-}" ] || skip "needs a bed's host"
	for dev in $(devices); do
		[ "$(cat "$dev/class")" = "$BALLOON" ] || continue
		[ ! -e "$dev/driver" ] || fail "$dev has a driver"
		[ "$(cat "$dev/state")" = offered ] || fail "$dev: state $(cat "$dev/state")"
		[ "$(cat "$dev/type")" = "hv-${BALLOON%%-*}" ] || fail "$dev: type $(cat "$dev/type")"
		return
	done
	fail "the host's balloon is not among the devices"
}

# Every channel that a device says it has
debugfs_lists() {
	local want got
	need_debugfs
	want=$(awk '{ n += $2 } END { print n + 0 }' "$PVBUS"/devices/*/channels)
	got=$(grep -c '^channel ' "$DEBUG/vmbus" || true)
	[ "$got" = "$want" ] || fail "$got channels in debugfs, $want with devices: $(cat "$DEBUG/vmbus")"
	want=$(awk '{ n += $1 } END { print n + 0 }' "$PVBUS"/devices/*/channels)
	got=$(grep -c '^  out size' "$DEBUG/vmbus" || true)
	[ "$got" = "$want" ] || fail "$got rings in debugfs, $want channels are open"
}

# A CPU that is gone takes its interrupt with it; one with a channel that cannot be moved does not go.
cpu_goes_and_comes() {
	local cpu=/sys/devices/system/cpu/cpu$(($(nproc) - 1)) before
	[ "$(nproc)" -gt 1 ] || skip "one CPU"
	[ "$(wanted_mode hv_vmbus_pv)" = "vector on each CPU" ] || skip "events do not arrive by CPU vectors"
	before=$(nproc)
	need_debugfs
	if grep -q "open, cpu ${cpu##*cpu}$" "$DEBUG/vmbus" && [ "$(attr version)" != 4.1 ] && [[ $(attr version) != 5.* ]]; then
		if echo 0 >"$cpu/online" 2>/dev/null; then
			echo 1 >"$cpu/online"
			fail "$cpu went although it has a channel"
		fi
		[ "$(nproc)" = "$before" ] || fail "$(nproc) CPUs"
		return
	fi
	echo 0 >"$cpu/online"
	interrupt_lines hv_vmbus_pv
	echo 1 >"$cpu/online"
	interrupt_lines hv_vmbus_pv
}

# The host would not know that we sleep, nor find what it knows of us when we wake up.
sleep_refused() {
	local mark="$MARK sleep" state
	[ -w /sys/power/state ] || skip "the kernel does not sleep"
	for state in $(grep -oE 'freeze|mem' /sys/power/state); do
		log_mark "$mark $state"
		! echo "$state" >/sys/power/state 2>/dev/null || fail "$state: it slept"
		[ "$(log_lines "$mark $state" "sleeping and hibernating are not supported")" = 1 ] || fail "$state: no line says why"
	done
}

second_device_refused() {
	local dev
	dev=$(bootstrap_device)
	[ "$(find -L "$BOOTSTRAP" -maxdepth 1 -name '*:*' | wc -l)" = 1 ] || fail "bound to more than $dev"
}

in_use() {
	local d
	for d in /sys/block/*; do
		[[ $(readlink -f "$d") == */$(basename "$(bootstrap_device)")/* ]] || continue
		disk_is_free "${d##*/}" || return 0
	done
	return 1
}

leftovers() {
	grep -E 'pvbus' /proc/interrupts /proc/iomem /sys/devices/system/cpu/hotplug/states || true
	find /sys/bus /sys/bus/platform/drivers /sys/module /sys/kernel/debug /sys/kernel/tracing/events -maxdepth 1 \
		\( -name '*pvbus*' -o -name 'hv-vmbus-pv' \) 2>/dev/null || true
	grep -E '^0x[0-9a-f-]+ +[0-9]+ 0x[0-9a-f]+' /proc/vmallocinfo || true
	pgrep -a '^pvbus' || true
}

cycles() {
	local i before left mods
	before=$(cat "$PVBUS"/devices/*/class | sort)
	mods=$(our_modules)
	for ((i = 1; i <= CYCLES; i++)); do
		unload_all
		left=$(leftovers)
		[ -z "$left" ] || fail "cycle $i, left behind: $left"
		# shellcheck disable=SC2086 # one word per module
		modprobe -a $mods
		[ "$(cat "$PVBUS"/devices/*/class | sort)" = "$before" ] || fail "cycle $i, offers: $(cat "$PVBUS"/devices/*/class)"
	done
}

start
need_ours
! riding || skip_all "the kernel's own VMBus is in charge"
[ -d "$BOOTSTRAP" ] || skip_all "needs hv-vmbus-pv loaded"
expect_scsi_log
check "modules are loaded" modules_loaded pvbus hv-vmbus-pv
check "modprobe finds these modules" modules_ours pvbus hv-vmbus-pv
check "the device's alias leads here" alias_found
check "one device is bound" second_device_refused
check "events arrive as asked for" event_mode hv_vmbus_pv "$(bootstrap_device)/events"
check "a version was agreed on" version_agreed
check "lines in /proc/interrupts" interrupt_lines hv_vmbus_pv
check "interrupts were counted" interrupts_counted
check "offers are listed" offers_listed
check "an unknown device is left alone" unknown_left_alone
check "debugfs lists the channels" debugfs_lists
check "a CPU goes and comes back" cpu_goes_and_comes
check "boot log has no warnings of ours" boot_log_clean 'pvbus|hv-vmbus|VMBUS'
expect_log "sleeping and hibernating are not supported|PM: "
check "sleep is refused" sleep_refused
if in_use; then
	note "no reload: a disk is in use"
else
	check "$CYCLES times out and in again" cycles
	check "events arrive as asked for, afterwards" event_mode hv_vmbus_pv "$(bootstrap_device)/events"
fi
finish
