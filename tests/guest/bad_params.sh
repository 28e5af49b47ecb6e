#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every module parameter with junk: refused, or brought within bounds, with one clear line; good values then still work.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# module, parameter, value, what is to come of it: "refused", or the value that is taken instead
BLK=$(blk_module)
NET=$(nic_module)
TABLE="
pvbus poll junk refused
pvbus poll -1 refused
pvbus poll 99999999999 refused
pvbus poll 1x refused
pvbus poll 4294967295 10000
pvbus percpu 2 refused
pvbus hypercall_page junk refused
pvbus fifo -1 refused
xen-platform-pci unplug junk refused
xen-platform-pci unplug ide-disks,nics,junk refused
xen-platform-pci unplug , refused
$BLK max_queues junk refused
$BLK max_queues -1 refused
$BLK max_queues 65 64
$BLK poll_queues 99 64
$BLK max_ring_order 5 4
$BLK max_ring_order 4294967296 refused
$BLK max_indirect_segments 100000 512
$BLK persistent 2 refused
$BLK trusted junk refused
$BLK timeout 0 1
$BLK timeout 100000 3600
$NET max_queues junk refused
$NET max_queues 65 64
$NET split 2 refused
$NET rss junk refused
$NET trusted -1 refused
$NET copybreak 257 256
$NET copybreak 1k refused
$NET timeout 0 1
$NET timeout 100000 3600
"

unload_all() {
	local mods
	mods=$(our_modules)
	# shellcheck disable=SC2086 # one word per module
	[ -z "$mods" ] || rmmod $mods
}

# attempt MODULE PARAMETER=VALUE: load everything, with that; set GOT to what the parameter is then, or to "refused"
attempt() {
	local m
	# somebody may still be looking at the disk that has just come
	wait_or_fail 10 unload_all
	GOT=refused
	for m in pvbus xen-platform-pci "$BLK" "$NET"; do
		if [ "$m" != "$1" ]; then
			modprobe "$m"
		elif ! modprobe "$m" "$2"; then
			return 0
		fi
	done
	[ -z "$(platform_device)" ] || GOT=$(cat "/sys/module/$(tr - _ <<<"$1")/parameters/${2%%=*}")
}

# one MODULE PARAMETER VALUE WANT
one() {
	local mark="$1 $2 $3 $RANDOM" n
	log_mark "$mark"
	attempt "$1" "$2=$3"
	[ "$GOT" = "$4" ] || fail "$1 $2=$3: $GOT, expected $4"
	n=$(log_since "$mark" 4 | grep -v 'failed with error -22' | grep -c -- "$2" || true)
	[ "$n" = 1 ] || fail "$1 $2=$3: $n lines at warning level name $2: $(log_since "$mark")"
	[ "$GOT" = refused ] || wait_or_fail 20 opens "$DISK"
}

all_known() {
	local m p
	for m in pvbus xen-platform-pci "$BLK" "$NET"; do
		for p in $(modinfo -F parm "$m" | sed 's/:.*//'); do
			grep -q "^$m $p " <<<"$TABLE" || fail "$m: parameter $p is not in this test's table"
		done
	done
}

back() {
	unload_all
	load_all
	wait_or_fail 20 opens "$DISK"
	dd if="$DISK" of=/dev/null bs=4k count=8 iflag=direct status=none
}

start
need_unloadable
need_disk
expect_log "invalid for parameter|is out of range|xen-platform-pci: unplug=|probe.*failed with error -22"
check "every parameter is in the table" all_known
while read -r mod param value want; do
	[ -z "$mod" ] || check "$mod $param=$value: $want" one "$mod" "$param" "$value" "$want"
done <<<"$TABLE"
check "good values work again" back
finish
