#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the back-end offers is agreed on, and what was agreed on is what happens: each queue carries packets, in both
# directions, large segments go unsegmented, the host spreads by our hash and leaves out groups that nobody wants.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# What is agreed on, and the back-end's node that offers it
OFFERS="
sg feature-sg
tso4 feature-gso-tcpv4
tso6 feature-gso-tcpv6
checksum6 feature-ipv6-csum-offload
split_events feature-split-event-channels
control_ring feature-ctrl-ring
multicast_filter feature-dynamic-multicast-control
"

back_node() { on_host "xs read $(nic_attr backend)/$1 2>/dev/null || echo ${2:-0}"; }
front_node() { on_host "xs read $FRONT/$1"; }
agreed() { nic_attr "negotiated/$1"; }
agreed_is() { [ "$(agreed "$1")" = "$2" ]; }
need() { ! agreed_is "$1" 0 || skip "the back-end offers no $1"; }

# Linux's back-end has all of it.
as_offered() {
	local name node offer
	note "$(cd "/sys/class/net/$NIC/device/negotiated" && grep . ./* | tr -d ./ | tr '\n' ' ')"
	while read -r name node; do
		[ -n "$name" ] || continue
		offer=$(back_node "$node")
		[ "$PV_BED" != xen-real ] || [ "$offer" = 1 ] || fail "$node: the back-end says $offer"
		wait_for 10 agreed_is "$name" "$offer" || fail "$node: $offer is offered, $name is $(agreed "$name")"
	done <<<"$OFFERS"
	[ "$(agreed checksum4)" = $((1 - $(back_node feature-no-csum-offload))) ]
}

queues_as_offered() {
	local want offer
	offer=$(back_node multi-queue-max-queues 1)
	[ "$PV_BED" != xen-real ] || [ "$offer" -gt 1 ] || fail "the back-end offers $offer queues"
	want=$((offer < $(nproc) ? offer : $(nproc)))
	[ "$(agreed queues)" = "$want" ] || fail "$(agreed queues) queues of $offer, with $(nproc) CPUs"
	[ "$(find "/sys/class/net/$NIC/queues" -name 'rx-*' | wc -l)" = "$want" ]
	[ "$(ethtool -l "$NIC" | awk '/^Combined/ { print $2 }' | tail -n 1)" = "$want" ]
}

# The back-end went by the same: it has what we published, and no more
published() {
	local q dir
	FRONT=$(back_node frontend)
	for ((q = 0; q < QUEUES; q++)); do
		dir=
		[ "$QUEUES" = 1 ] || dir=queue-$q/
		front_node "${dir}tx-ring-ref" >/dev/null
		if agreed_is split_events 1; then
			[ "$(front_node "${dir}event-channel-tx")" != "$(front_node "${dir}event-channel-rx")" ]
		else
			front_node "${dir}event-channel" >/dev/null
		fi
	done
	[ "$QUEUES" = 1 ] || [ "$(front_node multi-queue-num-queues)" = "$QUEUES" ]
	! agreed_is control_ring 1 || front_node event-channel-ctrl >/dev/null
	! agreed_is multicast_filter 1 || [ "$(front_node request-multicast-control)" = 1 ]
}

# queue_count QUEUE NAME
queue_count() { ethtool -S "$NIC" | awk -v n="queue_$1_$2:" '$1 == n { print $2 }'; }

# Queues are chosen by the CPU that sends
every_queue_sends() {
	local q before
	need_several
	for ((q = 0; q < QUEUES; q++)); do
		before=$(queue_count "$q" tx_packets)
		taskset -c "$q" ping -q -c 10 -i 0.02 "$HOST" >/dev/null
		[ $(($(queue_count "$q" tx_packets) - before)) -ge 10 ] ||
			fail "10 pings from CPU $q, queue $q sent $(($(queue_count "$q" tx_packets) - before)) packets"
	done
}

need_several() { [ "$QUEUES" -gt 1 ] || skip "the back-end offers no further queues"; }

# All rows of the table to one queue: everything comes by that one.
every_queue_receives() {
	local q other before
	need_several
	need hash_table
	for ((q = 0; q < QUEUES; q++)); do
		other=$(((q + 1) % QUEUES))
		ethtool -X "$NIC" start "$q" equal 1
		answered "$HOST"
		before=("$(queue_count "$q" rx_packets)" "$(queue_count "$other" rx_packets)")
		stream_in 4000000
		[ "$(queue_count "$q" rx_packets)" -gt $((before[0] + 20)) ] || fail "nothing came by queue $q"
		[ "$(queue_count "$other" rx_packets)" -le $((before[1] + 2)) ] ||
			fail "$(($(queue_count "$other" rx_packets) - before[1])) packets came by queue $other, not $q"
	done
	ethtool -X "$NIC" default
}

# Streams differ by their ports: of many, some come by each queue.
hash_spreads() {
	local q before=()
	need_several
	need hash_table
	for ((q = 0; q < QUEUES; q++)); do
		before[q]=$(queue_count "$q" rx_packets)
	done
	iperf3 -c "$HOST" -R -P 16 -t 3 >/dev/null
	for ((q = 0; q < QUEUES; q++)); do
		[ "$(queue_count "$q" rx_packets)" -gt $((before[q] + 16)) ] || fail "nothing of 16 streams came by queue $q"
	done
}

hash_key() {
	local key
	need hash_table
	key=$(printf '%02x:' {1..40})
	key=${key%:}
	ethtool -X "$NIC" hkey "$key"
	ethtool -x "$NIC" | grep "$key" >/dev/null || fail "$(ethtool -x "$NIC")"
	stream_in 1000000
}

# sends_large HOST FEATURE / receives_large HOST
sends_large() {
	local before
	need "$2"
	before=$(nic_count tx_gso)
	HOST=$1 stream_out 4000000
	[ "$(nic_count tx_gso)" -gt $((before + 20)) ] || fail "$(($(nic_count tx_gso) - before)) large segments for 4 MB"
}

receives_large() {
	local before
	need "$2"
	before=$(nic_count rx_gso)
	HOST=$1 stream_in 4000000
	[ "$(nic_count rx_gso)" -gt $((before + 20)) ] || fail "$(($(nic_count rx_gso) - before)) large segments for 4 MB"
}

# Each direction has a channel, and each of them has seen events
channels_apart() {
	local events n
	need split_events
	need_debugfs
	events=$(sed -n 's/.* [tr]x port [0-9]* on CPU [0-9]*: \([0-9]*\) events.*/\1/p' \
		"$DEBUG/$(basename "$(readlink -f "/sys/class/net/$NIC/device")")/rings")
	[ "$(wc -l <<<"$events")" = $((2 * QUEUES)) ] || fail "$(wc -l <<<"$events") channels for $QUEUES queues"
	for n in $events; do
		[ "$n" -gt 0 ] || fail "a channel without events: ${events//$'\n'/ }"
	done
}

# to_group ADDRESS: bytes that come here when a neighbour in the bridge sends 20 KB to that group
to_group() {
	local before
	before=$(nic_count rx_bytes)
	on_host "ping -q -c 20 -i 0.02 -s 1000 -W 1 -I pvveth1 $1 >/dev/null" || true
	echo $(($(nic_count rx_bytes) - before))
}

# What the host's own stack sends does not count as multicast there, hence a neighbour.
groups_filtered() {
	local n
	need multicast_filter
	on_host "set -e
		/usr/bin/ip link del pvveth0 2>/dev/null || true
		/usr/bin/ip link add pvveth0 type veth peer name pvveth1
		/usr/bin/ip link set pvveth0 master $HOST_NIC up
		/usr/bin/ip link set pvveth1 up
		/usr/bin/ip address add 172.32.0.1/24 dev pvveth1
		/usr/bin/ip route add 224.0.0.0/4 dev pvveth1"
	n=$(to_group 232.1.2.3)
	[ "$n" -lt 5000 ] || fail "$n bytes came of a group that nobody wants"
	ip maddress add 01:00:5e:01:02:03 dev "$NIC"
	sleep 0.5
	n=$(to_group 232.1.2.3)
	[ "$n" -ge 20000 ] || fail "$n bytes of 20000 came of a group that is wanted"
	ip maddress del 01:00:5e:01:02:03 dev "$NIC"
	sleep 0.5
	n=$(to_group 232.1.2.3)
	[ "$n" -lt 5000 ] || fail "$n bytes came of a group that is no longer wanted"
	ip link set "$NIC" allmulticast on
	wait_or_fail 5 agreed_is multicast_filter 0
	n=$(to_group 232.1.2.3)
	[ "$n" -ge 20000 ] || fail "$n bytes of 20000 came with all groups wanted"
	ip link set "$NIC" allmulticast off
	wait_or_fail 5 agreed_is multicast_filter 1
	on_host "/usr/bin/ip link del pvveth0"
}

# without PARAMETER=VALUE NAME VALUE: our side leaves something out
without() {
	rmmod "$(nic_module)"
	modprobe "$(nic_module)" "$1"
	wait_or_fail 30 test -e "/sys/class/net/$NIC"
	wait_or_fail 30 nic_connected
	nic_up
	agreed_is "$2" "$3" || fail "$2 is $(agreed "$2"), not $3"
	stream_out 1000000
	stream_in 1000000
}

# back_without PARAMETER=VALUE NAME VALUE: the back-end does
back_without() {
	on_host "type back-params >/dev/null 2>&1" || skip "the back-end has no parameters"
	on_host "back-params $1"
	wait_for 30 agreed_is "$2" "$3" || fail "$2 is $(agreed "$2"), not $3"
	wait_or_fail 30 nic_connected
	wait_or_fail 30 answered
	stream_out 1000000
	stream_in 1000000
}

everything() {
	! on_host "type back-params >/dev/null 2>&1" || on_host back-params
	rmmod "$(nic_module)"
	modprobe "$(nic_module)"
	wait_or_fail 30 test -e "/sys/class/net/$NIC"
	wait_or_fail 30 nic_connected
	nic_up
	as_offered
	queues_as_offered
	stream_out 1000000
	stream_in 1000000
}

start
need_ours
need_nic
QUEUES=$(agreed queues)
expect_log 'back-end does not let go'
# Linux's back-end starts a queue's thread before it knows its interrupt: if that thread is the one to acknowledge the first event
# of a channel for both directions, the channel stays masked at the host. A new connection is then made.
expect_log 'no answer for 5 s, (signalling|making)|: rx: sent|: tx: sent [0-9]+/[0-9]+, taken 0/0, req_event 1,'
expect_log 'connection given up, trying again'
check "what is offered is agreed on" as_offered
check "as many queues as both sides have" queues_as_offered
check "what was agreed on is published" published
check "every queue sends" every_queue_sends
check "every queue receives" every_queue_receives
check "the host spreads streams by a hash" hash_spreads
check "a key for it" hash_key
check "large segments go out, IPv4" sends_large "$HOST" tso4
check "large segments go out, IPv6" sends_large "$HOST6" tso6
check "large segments come in, IPv4" receives_large "$HOST" tso4
check "large segments come in, IPv6" receives_large "$HOST6" tso6
check "each direction has events of its own" channels_apart
check "groups that nobody wants do not come" groups_filtered
check "one queue is enough" without max_queues=1 queues 1
check "without split events" without split=0 split_events 0
check "without hashing" without rss=0 control_ring 0
check "a back-end with one queue" back_without xen_netback.max_queues=1 queues 1
check "a back-end without split events" back_without xen_netback.separate_tx_rx_irq=0 split_events 0
check "with everything again" everything
finish
