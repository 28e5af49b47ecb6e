#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The toolstack asks the guest to switch itself off: the order is taken out of the store, and followed. Here the command
# that the kernel would switch off with is another one.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

ASKED=/proc/1/root/pv-asked

host_order() { on_host "xs write $HOME_DIR/control/shutdown '$1'"; }
order() { on_host "xs read $HOME_DIR/control/shutdown"; }
taken() { [ -z "$(order)" ]; }

features() {
	local f
	for f in poweroff reboot; do
		[ "$(on_host "xs read $HOME_DIR/control/feature-$f")" = 1 ] || fail "feature-$f is not published"
	done
}

followed() {
	local mark="order $RANDOM"
	log_mark "$mark"
	rm -f "$ASKED"
	host_order "$1"
	wait_or_fail 20 taken
	wait_or_fail 20 test -e "$ASKED"
	[ "$(log_lines "$mark" "the host asks for $1\$")" = 1 ] || fail "no clear line: $(log_since "$mark")"
}

ignored() {
	local mark="junk order $RANDOM"
	log_mark "$mark"
	rm -f "$ASKED"
	host_order "$1"
	wait_or_fail 20 taken
	[ "$(log_lines "$mark" 'control/shutdown: ".*" is not followed')" = 1 ] || fail "no clear line: $(log_since "$mark")"
	[ ! -e "$ASKED" ] || fail "\"$1\" switches the guest off"
}

gone_with_module() {
	rmmod xen_platform_pci
	[ "$(on_host "xs read $HOME_DIR/control/feature-poweroff")" = 0 ] || fail "feature-poweroff is still published"
	modprobe xen-platform-pci
	wait_or_fail 20 opens "$DISK"
	features
}

start
[ -n "${PV_BED:-}" ] || skip_all "needs a bed's host that can write the store"
need_ours
need_disk
need_unloadable
for cmd in poweroff reboot; do
	[ -e "/proc/sys/kernel/${cmd}_cmd" ] || continue
	echo "/bin/touch /pv-asked" >"/proc/sys/kernel/${cmd}_cmd"
done
HOME_DIR=$(pv-host "xs read $(cat "/sys/block/${DISK#/dev/}/device/backend")/frontend")
HOME_DIR=${HOME_DIR%/device/*}
expect_log "control/shutdown: .* is not followed"
check "features are published" features
check "poweroff" followed poweroff
check "halt" followed halt
check "an order that is none" ignored junk
check "a long one" ignored "$(printf '%0200d' 7)"
check "published no more without the driver" gone_with_module
finish
