#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The interface goes up and down, in and out, is set this way and that with traffic running; namespaces, bridge, VLAN, MTU.
#
# PV_CYCLES   how often (10)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CYCLES=${PV_CYCLES:-10}

up_down() {
	local i
	for ((i = 0; i < CYCLES; i++)); do
		ip link set "$NIC" down
		ip link set "$NIC" up
	done
	nic_up
}

# reload: the module goes with traffic running, and comes back
reload() {
	local i module
	module=$(nic_module)
	for ((i = 0; i < CYCLES; i++)); do
		net_load load
		sleep 1
		rmmod "$module"
		[ ! -e "/sys/class/net/$NIC" ] || fail "$NIC is still there"
		modprobe "$module"
		wait_or_fail 30 test -e "/sys/class/net/$NIC"
		wait_or_fail 30 nic_connected
		nic_up
		touch "$TAP_TMP/load.stop"
		kill "$PING" || true
		wait_or_fail 130 test -e "$TAP_TMP/load.done"
		rm -f "$TAP_TMP"/load*
	done
}

# set_with_traffic: everything that ethtool can change
set_with_traffic() {
	local i rx max
	max=$(ethtool -l "$NIC" | awk '/Combined/ { print $2; exit }')
	net_load load
	for ((i = 0; i < CYCLES; i++)); do
		for rx in 64 256 38 128; do
			ethtool -G "$NIC" rx $rx
			ethtool -C "$NIC" tx-frames $((rx / 2))
			ethtool -K "$NIC" sg off gro off rx off || true
			sleep 0.2
			ethtool -K "$NIC" sg on gro on rx on tso on || true
		done
		ethtool -L "$NIC" combined 1
		sleep 0.5
		ethtool -L "$NIC" combined "$max"
		sleep 0.5
	done
	net_load_stop load
	ethtool -G "$NIC" rx 256
	ethtool -C "$NIC" tx-frames 256
	wait_or_fail 10 answered
}

# refused COMMAND...
refused() {
	! "$@" 2>/dev/null || fail "not refused: $*"
}

nonsense_refused() {
	refused ethtool -G "$NIC" rx 10
	refused ethtool -G "$NIC" rx 257
	refused ethtool -G "$NIC" tx 128
	refused ethtool -L "$NIC" combined 0
	refused ethtool -L "$NIC" combined 65
	refused ethtool -C "$NIC" tx-frames 0
	refused ethtool -C "$NIC" rx-frames 5
	refused ip link set "$NIC" mtu 67
	refused ip link set "$NIC" mtu 65518
	refused ip link set "$NIC" address 01:00:00:00:00:01
	answered
}

told() {
	ethtool -i "$NIC" | grep -x 'driver: xen-netfront' >/dev/null
	ethtool -S "$NIC" | grep 'queue_0_tx_packets: [1-9]' >/dev/null
	ethtool -g "$NIC" | grep '^RX:[[:space:]]*256' >/dev/null
	ethtool -l "$NIC" | grep '^Combined:' >/dev/null
	ethtool -c "$NIC" | grep '^tx-frames:' >/dev/null
	ethtool -k "$NIC" | grep '^rx-checksumming: on' >/dev/null
	ethtool "$NIC" | grep 'Link detected: yes' >/dev/null
	need_debugfs
	grep -q 'tx shared: req_prod' "$DEBUG/$(basename "$(readlink -f "/sys/class/net/$NIC/device")")/rings"
}

mtu() {
	local m max
	max=$(ip -d link show "$NIC" | grep -o 'maxmtu [0-9]*' | cut -d' ' -f2)
	for m in 68 576 1280 1400 9000 65000 1500; do
		[ "$m" -le "$max" ] || { refused ip link set "$NIC" mtu $m; continue; }
		ip link set "$NIC" mtu $m
		ping -q -c 2 -i 0.1 -s $((m - 28)) "$HOST" >/dev/null || fail "MTU $m: no answer"
		[ "$m" -lt 576 ] || stream_out 1000000
	done
	nic_up
}

mac() {
	local old
	old=$(cat "/sys/class/net/$NIC/address")
	ip link set "$NIC" address 52:54:00:aa:bb:cc
	on_host "/usr/bin/ip neigh flush dev $HOST_NIC" || true
	wait_or_fail 10 answered
	ip link set "$NIC" address "$old"
	on_host "/usr/bin/ip neigh flush dev $HOST_NIC" || true
	wait_or_fail 10 answered
}

namespace() {
	local i
	for ((i = 0; i < CYCLES; i++)); do
		ip netns add pv-test
		ip link set "$NIC" netns pv-test
		ip -n pv-test address add "$GUEST/24" dev "$NIC"
		ip -n pv-test link set "$NIC" up
		wait_for 10 ip netns exec pv-test ping -q -c 1 -W 2 "$HOST" >/dev/null || fail "no answer in a namespace"
		ip -n pv-test link set "$NIC" netns 1
		ip netns del pv-test
	done
	nic_up
}

bridge() {
	ip link add pv-br type bridge
	ip address flush dev "$NIC"
	ip link set "$NIC" master pv-br
	ip link set pv-br up
	ip address add "$GUEST/24" dev pv-br
	wait_for 10 answered || fail "no answer over a bridge"
	stream_out 4000000
	stream_in 4000000
	ip link del pv-br
	nic_up
}

vlan() {
	on_host "PATH=/usr/bin:\$PATH; ip link del ${HOST_NIC}.5 2>/dev/null
		ip link add link $HOST_NIC name ${HOST_NIC}.5 type vlan id 5 && ip address add 172.31.0.1/24 dev ${HOST_NIC}.5 &&
		ip link set ${HOST_NIC}.5 up"
	ip link add link "$NIC" name pv-vlan type vlan id 5
	ip address add 172.31.0.2/24 dev pv-vlan
	ip link set pv-vlan up
	wait_for 10 answered 172.31.0.1 || fail "no answer over a VLAN"
	HOST=172.31.0.1 stream_out 4000000
	HOST=172.31.0.1 stream_in 4000000
	ping -q -c 2 -i 0.1 -s 5000 172.31.0.1 >/dev/null || fail "no answer to fragments over a VLAN"
	ip link del pv-vlan
	on_host "/usr/bin/ip link del ${HOST_NIC}.5"
}

multicast() {
	ip maddress add 01:00:5e:00:00:77 dev "$NIC"
	ip link set "$NIC" allmulticast on
	ip link set "$NIC" promisc on
	ip link set "$NIC" promisc off
	ip link set "$NIC" allmulticast off
	ip maddress del 01:00:5e:00:00:77 dev "$NIC"
	answered "$HOST6"
}

start
need_ours
need_nic
modprobe -a bridge 8021q
# Said when something changes, or by who loses its interface
expect_log 'MTU .* is more|back-end does not let go'
check "ethtool tells" told
check "nonsense is refused" nonsense_refused
check "MTU" mtu
check "MAC" mac
check "namespace" namespace
check "bridge" bridge
check "VLAN" vlan
check "multicast" multicast
check "ethtool with traffic" set_with_traffic
check "rmmod with traffic" reload
leaks_begin
check "up and down, ${CYCLES} times" up_down
check "nothing is lost" leaks_none
finish
