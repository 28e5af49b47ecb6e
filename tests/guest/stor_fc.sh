#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A Fibre Channel adapter of Hyper-V: its names and its port in the kernel's class for such; disks that come and go; and
# the disks alone where the kernel has no such class.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

host() {
	local h
	h=$(readlink -f "/sys/block/$D/device")
	h=${h#*/host}
	echo "host${h%%/*}"
}

# named PORT NODE
named() {
	local class
	class=/sys/class/fc_host/$(host)
	[ "$(cat "$class/port_name" "$class/node_name" | tr '\n' ' ')" = "$1 $2 " ] || fail "names: $(cat "$class"/*_name)"
}

moved() {
	on_host "fault ctrl=fc0 secondary=1"
	echo 1 >"$(front "$D")/reconnect"
	named 0xc003ff0000000003 0xc003ff0000000004
	on_host "fault ctrl=fc0 secondary=0"
	echo 1 >"$(front "$D")/reconnect"
	named 0xc003ff0000000001 0xc003ff0000000002
}

remote_port() {
	local port
	port=$(find /sys/class/fc_remote_ports -name "rport-${1#host}:*")
	[ "$(wc -w <<<"$port")" = 1 ] || fail "remote ports: $port"
	[ "$(cat "$port/port_state")" = Online ] || fail "$(cat "$port/port_state")"
}

disks() { find "/sys/class/scsi_host/$(host)/device/" -path '*/block/*' -prune | wc -l; }

# By hand, which goes through the port
scan() {
	local before
	before=$(disks)
	echo "- - -" >"/sys/class/scsi_host/$(host)/scan"
	[ "$(disks)" = "$before" ] || fail "$(disks) disks, were $before"
}

hotplug() {
	local hot
	on_host "disk-add name=hot,vdev=xvdh,size=8M,ctrl=fc0"
	hot=$(pv-disk hot) || fail "no disk hot"
	wait_or_fail 20 opens "$hot"
	same_sum hot "$hot"
	on_host "disk-del hot"
	wait_or_fail 30 is_gone "/sys/block/${hot#/dev/}"
}

unused() { [ "$(cat "/sys/module/$(blk_module | tr - _)/refcnt")" = 0 ]; }

# What needs the class must not keep the disks away. Looking for other disks after the last test takes a minute: there are 1024 places.
without_class() {
	local module
	module=$(modinfo -n "$(blk_module)")
	wait_or_fail 180 unused
	unload_all
	rmmod scsi_transport_fc
	modprobe hv-vmbus-pv
	insmod "$module"
	DISK=$(pv-disk "$HOST_DISK") || fail "no disk"
	D=${DISK#/dev/}
	wait_or_fail 20 opens "$DISK"
	same_sum "$HOST_DISK" "$DISK"
	[ ! -e /sys/class/fc_host ] || fail "the class is there"
	unload_all
	load_all
	DISK=$(pv-disk "$HOST_DISK") || fail "no disk any more"
	D=${DISK#/dev/}
	wait_or_fail 20 opens "$DISK"
	named 0xc003ff0000000001 0xc003ff0000000002
}

start
need_ours
need_disk
[ "$(cat "$(front "$D")/type" 2>/dev/null)" = hv-fc ] || skip_all "the disk is not behind Fibre Channel of Hyper-V"
expect_scsi_log
check "the adapter's names" named 0xc003ff0000000001 0xc003ff0000000002
check "other names with a new connection" moved
check "a remote port" remote_port "$(host)"
check "a scan by hand" scan
check "a disk comes and goes" hotplug
need_unloadable
check "the same disk without the kernel's class" without_class
finish
