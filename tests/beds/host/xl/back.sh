# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The path of losetup is there because busybox would take its own.
# Sourced: the block devices that stand behind the guest's disks. $PV_WORK/back.NAME has "DEVICE VDEV" of each.

# back_modules [MODULE.PARAMETER=VALUE]...: the back-ends anew, with these parameters and no others. Of themselves they have
# as many queues as this machine has CPUs: one.
back_modules() {
	for module in xen_blkback xen_netback; do
		params=max_queues=4
		for word; do
			[ "${word%%.*}" != $module ] || params="$params ${word#*.}"
		done
		rmmod $module 2>/dev/null || :
		# shellcheck disable=SC2086 # one word each
		modprobe $module $params
	done
}

# back_bridge NODE: have the network interface of a back-end join the bridge, as xl does when it has made it
back_bridge() {
	device=${1#*/backend/vif/}
	XENBUS_PATH=$1 vif=vif${device%/*}.${device#*/} "$PV_BIN/vif" add type_if=vif
}

# back_make SPEC: a device over the disk's image; over the guests' root, that all have in common, a throw-away layer
back_make() {
	name=$(option "$1" name)
	if [ -e "$PV_DISKS/$name.img" ]; then
		ro=
		[ -z "$(option "$1" ro)$(option "$1" cdrom)" ] || ro=-r
		device=$(/usr/sbin/losetup -f --show $ro -b "$(option "$1" sector 512)" "$PV_DISKS/$name.img") || return 1
		# a loop device keeps what the one before it was told
		[ -z "$(option "$1" noflush)" ] && cache="write back" || cache="write through"
		echo "$cache" >"/sys/block/${device#/dev/}/queue/write_cache"
	else
		device=$(back_layer "$name") || return 1
	fi
	echo "$device $(back_vdev "$(option "$1" vdev)")" >"$PV_WORK/back.$name"
}

# back_vdev VDEV: as xl takes it, which does not know the d of disks that have but a number
back_vdev() {
	case $1 in
	d[0-9]*) echo $((1 << 28 | ${1#d} << 8)) ;;
	*) echo "$1" ;;
	esac
}

# back_layer NAME
back_layer() {
	lower=$PV_GUEST_IMAGE
	[ -b "$lower" ] || lower=$(/usr/sbin/losetup -f --show -r "$lower")
	sectors=$(blockdev --getsz "$lower")
	truncate -s $((sectors * 512)) "$PV_WORK/$1.layer"
	upper=$(/usr/sbin/losetup -f --show "$PV_WORK/$1.layer")
	dmsetup create "pv-$1" --noudevsync --table "0 $sectors snapshot $lower $upper N 8" >&2
	echo "/dev/$(dmsetup info -c --noheadings -o blkdevname "pv-$1")"
}

# back_xl SPEC: the disk as xl wants it
back_xl() {
	read -r device vdev <"$PV_WORK/back.$(option "$1" name)"
	access=rw
	[ -z "$(option "$1" ro)" ] || access=ro
	[ -z "$(option "$1" cdrom)" ] || access=ro,devtype=cdrom
	[ -z "$(option "$1" nodiscard)" ] || access=$access,no-discard
	echo "format=raw,vdev=$vdev,access=$access,backendtype=phy,script=$PV_BIN/block,target=$device"
}

# back_drop NAME: once nobody uses it (10 seconds at most)
back_drop() {
	read -r device _ <"$PV_WORK/back.$1"
	rm "$PV_WORK/back.$1"
	i=0
	until /usr/sbin/losetup -d "$device" && ! /usr/sbin/losetup "$device" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 100 ] || return 1
		sleep 0.1
	done
}
