# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by session: a guest that QEMU runs in KVM, and whose back-ends are QEMU's too.

# make_net: the path of ip is there because busybox would take its own, which knows no tap devices
make_net() {
	if ! /usr/bin/ip link show pvtap0 >/dev/null 2>&1; then
		/usr/bin/ip tuntap add pvtap0 mode tap
		/usr/bin/ip address add 172.30.0.1/24 dev pvtap0
	fi
	/usr/bin/ip link set pvtap0 up
	start_iperf3
}

guest_setup() {
	mkfifo "$PV_WORK/xs.in" "$PV_WORK/xs.out"
	[ -z "${PV_NET:-}" ] || make_net
}

# guest_run: until the guest has gone; the process becomes QEMU
guest_run() {
	preload=
	if [ -e "$PV_BIN/preload.so" ]; then
		cp "$PV_BIN/preload.so" "$PV_WORK/"
		preload=$PV_WORK/preload.so
	fi
	set --
	while read -r arg; do
		set -- "$@" "$arg"
	done <"$J/args"
	export LD_PRELOAD="$preload"
	exec "$@"
}

guest_clean() { :; }
