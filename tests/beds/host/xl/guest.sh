# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by session: a guest of Xen's, made by xl; the back-ends are this kernel's. The folder of the run also has
#   domain.cfg   what xl is to make, without disks
#   fronts       one line a disk under test: its specification
. "$PV_BIN/back.sh"

make_net() {
	if ! /usr/bin/ip link show pvbr0 >/dev/null 2>&1; then
		/usr/bin/ip link add pvbr0 type bridge
		/usr/bin/ip address add 172.30.0.1/24 dev pvbr0
	fi
	/usr/bin/ip link set pvbr0 up
	start_iperf3
}

# quoted: a list of xl's from the lines of the input
quoted() { sed 's/.*/"&",/'; }

guest_setup() {
	mkfifo "$PV_WORK/out"
	# Ends when the device model does
	cat "$PV_WORK/out" >>"$J/out" &
	# shellcheck disable=SC2086 # one word each
	back_modules ${PV_BACK:-}
	[ -z "${PV_NET:-}" ] || make_net
	: >>"$J/fronts"
	while read -r spec; do
		back_make "$spec" && back_xl "$spec" || return 1
	done <"$J/fronts" >"$PV_WORK/fronts"
	{
		cat "$J/domain.cfg"
		echo "disk = [ $(quoted <"$PV_WORK/fronts") ]"
		echo "device_model_args_hvm = [ $(quoted <"$J/args") ]"
	} >"$PV_WORK/domain.cfg"
}

guest_run() { exec xl create -F "$PV_WORK/domain.cfg"; }

# guest_clean: nothing of a guest's is left
guest_clean() {
	xl dmesg -c >"$J/xen.log"
	dmesg -c >"$J/dom0.log"
	for log in console dmesg; do
		[ ! -e "$PV_WORK/$log.log" ] || mv "$PV_WORK/$log.log" "$J/"
	done
	for log in qemu-dm console/guest; do
		[ ! -e "/var/log/xen/$log-pv-guest.log" ] || mv "/var/log/xen/$log-pv-guest.log" "$J/${log##*/}.log"
	done
	dmsetup remove_all --noudevsync
	/usr/sbin/losetup -D
}
