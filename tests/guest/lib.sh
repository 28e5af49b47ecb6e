# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # used by who sources it
# Sourced by every guest test: TAP, the disk to test on, the kernel log, the host's help.
#
# PV_TEST_DISK   disk the tests may overwrite (/dev/xvdb). On a bed its scratch disk is taken without asking.
# PV_BED         set on a bed: pv-host runs commands on the host's side, and what lacks its help fails
# PV_HOST_DISK   name the bed's host knows the disk by (scratch)

TAP_N=0
TAP_BAD=0
ENDED=
TAP_TMP=$(mktemp -d)
TAP_NAME=$(basename "$0" .sh)
MARK="pv-on-hvm test $TAP_NAME $$"
exec 3>&1

# --- TAP

# note TEXT: a line for the reader; works inside a sub-test too
note() { echo "# $*" >&3; }

# Inside a sub-test: end it.
fail() {
	echo "$*"
	exit 1
}
skip() {
	echo "$*"
	exit 4
}

# check NAME COMMAND...: one sub-test. COMMAND runs in a subshell under errexit; its output is shown if it fails.
# Never call this as a condition: that would switch errexit off in it.
check() {
	local name=$1 rc begun=$SECONDS
	shift
	set +e
	(
		set -e
		"$@"
	) >"$TAP_TMP/out" 2>&1
	rc=$?
	set -e
	verdict "$name" "$rc"
	[ $((SECONDS - begun)) -lt 3 ] || note "$((SECONDS - begun)) s"
}

# verdict NAME STATUS: print the line, with the output kept in $TAP_TMP/out
verdict() {
	TAP_N=$((TAP_N + 1))
	case $2 in
	0)
		echo "ok $TAP_N - $1"
		;;
	4)
		echo "ok $TAP_N - $1 # SKIP $(tail -n 1 "$TAP_TMP/out")"
		;;
	*)
		echo "not ok $TAP_N - $1"
		tail -n 60 "$TAP_TMP/out" | sed 's/^/# /'
		TAP_BAD=$((TAP_BAD + 1))
		;;
	esac
}

# skip_all REASON: the whole test
skip_all() {
	ENDED=1
	echo "1..0 # SKIP $*"
	exit 4
}

bail() {
	ENDED=1
	echo "Bail out! $*"
	exit 1
}

on_exit() {
	local rc=$? pids
	[ -n "$ENDED" ] || echo "Bail out! the test broke off, status $rc"
	pids=$(jobs -p)
	# shellcheck disable=SC2086 # one word each
	[ -z "$pids" ] || kill $pids 2>/dev/null || true
	rm -rf "$TAP_TMP"
	exit $rc
}

# start: call first. root only: everything here looks into the kernel.
start() {
	echo "TAP version 13"
	[ "$(id -u)" = 0 ] || skip_all "must be run as root"
	trap on_exit EXIT
	: >"$TAP_TMP/expected"
	log_mark "$MARK"
}

# finish: the kernel log, the plan, the exit status
finish() {
	check "no kernel warnings" log_clean
	echo "1..$TAP_N"
	ENDED=1
	[ "$TAP_BAD" = 0 ] || exit 1
	exit 0
}

# --- waiting

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

wait_or_fail() {
	wait_for "$@" || fail "not within $1 s: ${*:2}"
}

# The kernel makes the node a moment before it can be opened
opens() { [ -b "$1" ] && : <"$1"; } 2>/dev/null

is_gone() { [ ! -e "$1" ]; }

# --- the kernel log

log_mark() { echo "<6>$1" >/dev/kmsg; }

# log_since MARK [LEVEL]: lines after it, of that level or worse, without their prefix
log_since() {
	dmesg -r | awk -v mark="$1" -v level="${2:-7}" '
		index($0, mark) { seen = 1; n = 0; next }
		{
			# the second line of a message has no prefix
			if (/^<[0-9]+>/)
				prio = substr($0, 2, index($0, ">") - 2) % 8
			sub(/^<[0-9]+>\[[^]]*\] ?/, "")
			if (prio <= level) line[n++] = $0
		}
		END { for (i = 0; i < n; i++) print line[i] }'
}

# expect_log REGEX: lines of this kind are what the test provokes
expect_log() { echo "$1" >>"$TAP_TMP/expected"; }

# What an overcommitted or emulated machine says of itself, whatever the drivers do; and what the kernel says to an open
# between a disk's node and the disk itself (opens(), udev).
LOG_NOISE='block device autoloading|callbacks suppressed|hrtimer: interrupt took|perf: interrupt took|clocksource: |TSC |tsc: |workqueue: .* hogged CPU|Automounting of tracing'
# A line that no test may provoke, whatever it announced.
LOG_FATAL='BUG:|WARNING:|Oops|Call Trace|general protection|blocked for more than|soft lockup|rcu.*stall|possible recursive'

# What the SCSI layer says of disks that come, and that go in the middle of something, if only of its own first look at them
expect_scsi_log() {
	expect_log 'Power-on or device reset occurred|Asking for cache data failed|Assuming drive cache|unable to read (partition table|RDB block)'
	expect_log 'I/O error, dev s|Buffer I/O error on dev|rejecting I/O|Synchronize Cache|sd .*\[s[a-z]+\] |device offline error'
	# and QEMU's firmware when VMBus's device is put to sleep
	expect_log 'ACPI BIOS Error \(bug\): .*_PS3|_SB\.VMBS'
}

log_clean() {
	local bad
	bad=$(log_since "$MARK" 4 | grep -vE "$LOG_NOISE" | grep -vEf "$TAP_TMP/expected" || true)
	[ -z "$bad" ] || fail "$bad"
	bad=$(log_since "$MARK" | grep -E "$LOG_FATAL" || true)
	[ -z "$bad" ] || fail "$bad"
}

# log_lines MARK REGEX: how many lines since MARK match
log_lines() { log_since "$1" | grep -cE "$2" || true; }

# --- which drivers

driver() {
	if [ -d /sys/bus/pvbus ]; then
		echo ours
	elif [ "$(cat /sys/hypervisor/type 2>/dev/null)" = xen ] || [ -d /sys/bus/vmbus/drivers/hv_storvsc ]; then
		echo mainline
	else
		echo none
	fi
}

need_ours() { [ "$(driver)" = ours ] || skip_all "needs these drivers loaded; this guest has: $(driver)"; }

PVBUS=/sys/bus/pvbus
PLATFORM=/sys/bus/pci/drivers/xen-platform-pv
DEBUG=/sys/kernel/debug/pvbus

# HYPERV: not empty if the devices are Hyper-V's, not Xen's
HYPERV=
[[ ${PV_BED:-} != hyperv-* && ! -e /sys/bus/pvbus/drivers/hv-storvsc ]] || HYPERV=1

# riding: is the kernel's own support of the host in charge?
riding() {
	if [ -n "$HYPERV" ]; then
		[ -d /sys/bus/vmbus ]
	else
		[ "$(cat /sys/hypervisor/type 2>/dev/null)" = xen ]
	fi
}

# stack_module: what brings the host's bus up, or us onto the kernel's own
stack_module() {
	if [ -z "$HYPERV" ]; then
		echo xen-platform-pci
	elif riding; then
		echo hv-vmbus-intree
	else
		echo hv-vmbus-pv
	fi
}

# blk_module: the front-end's module name here
blk_module() {
	if [ -n "$HYPERV" ]; then
		modinfo hv-storvsc-pv >/dev/null 2>&1 && echo hv-storvsc-pv || echo hv-storvsc
	elif modinfo xen-blkfront-pv >/dev/null 2>&1; then
		echo xen-blkfront-pv
	else
		echo xen-blkfront
	fi
}

# Our modules that are loaded, pvbus (which all others need) last
our_modules() { awk '$1 == "pvbus" { gsub(",", " ", $4); gsub("-", "", $4); print $4, $1 }' /proc/modules; }

# load_all: as at boot; parameters come from the kernel command line by way of modprobe
load_all() {
	modprobe "$(stack_module)"
	modprobe "$(blk_module)"
	[ -n "$HYPERV" ] || modprobe "$(nic_module)"
}

unload_all() {
	# shellcheck disable=SC2046 # one word per module
	rmmod $(our_modules)
	[ -z "$(our_modules)" ] || fail "still loaded: $(our_modules)"
}

# modules_loaded MODULE...
modules_loaded() {
	local m
	for m; do
		grep -q "^${m//-/_} " /proc/modules || fail "$m: not loaded"
	done
}

# modules_ours MODULE...: the kernel's own module of that name would not do
modules_ours() {
	local m path
	for m; do
		path=$(modinfo -n "$m" 2>/dev/null || true)
		[ -n "$path" ] || skip "no module tree here to compare with"
		[[ $path == */updates/* || $path == */extra/* ]] || fail "modprobe would load $path"
	done
}

# need_unloadable: everything of ours must be free to go
need_unloadable() {
	local d
	need_ours
	for d in /sys/block/xvd* /sys/block/sd*; do
		[ -e "$d" ] || continue
		d=${d##*/}
		! disk_is_pv "$d" || disk_is_free "$d" || skip_all "$d is in use, so the modules cannot go"
	done
}

platform_device() { find -L "$PLATFORM" -maxdepth 1 -name '????:??:??.?' | head -n 1; }

# --- how events arrive (HOST_EVENTS: their name in /proc/interrupts)

HOST_EVENTS=pvbus-xen
[ -z "$HYPERV" ] || HOST_EVENTS=pvbus-vmbus

# parameter MODULE NAME
parameter() { cat "/sys/module/$1/parameters/$2"; }

# wanted_mode MODULE: what its parameters ask for
wanted_mode() {
	if [ "$(parameter "$1" poll)" != 0 ]; then
		echo polling
	elif [ "$(parameter "$1" percpu)" = N ]; then
		[ -n "$HYPERV" ] && echo "ACPI interrupt" || echo "PCI interrupt"
	else
		echo "vector on each CPU"
	fi
}

# event_mode MODULE FILE: FILE says what is in force
event_mode() {
	local mode want
	mode=$(cat "$2")
	want=$(wanted_mode "$1")
	[[ $mode == "$want"* ]] || fail "events: \"$mode\", parameters ask for \"$want\""
	note "events: $mode"
}

# interrupt_lines MODULE: one for each CPU's vector, one for the device's interrupt, none for polling
interrupt_lines() {
	local want lines
	case $(wanted_mode "$1") in
	polling) want=0 ;;
	vector*) want=$(nproc) ;;
	*) want=1 ;;
	esac
	lines=$(grep -c "$HOST_EVENTS" /proc/interrupts || true)
	[ "$lines" = "$want" ] || fail "$lines lines of $HOST_EVENTS in /proc/interrupts, expected $want"
}

interrupts() { awk -v n="$HOST_EVENTS" '$0 ~ n { for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i } END { print sum + 0 }' /proc/interrupts; }

# boot_log_clean REGEX: nothing of ours at warning level since the machine came up, not only since this test began
boot_log_clean() {
	local bad
	bad=$(dmesg -r | sed -nE 's/^<([0-9]*[0-4])>/<\1>/p' | grep -E "$1" |
		awk '{ if (substr($0, 2, index($0, ">") - 2) % 8 <= 4) print }' | grep -vE 'taints? kernel|_PS3' || true)
	[ -z "$bad" ] || fail "$bad"
	bad=$(dmesg | grep -E "$LOG_FATAL" || true)
	[ -z "$bad" ] || fail "$bad"
}

need_debugfs() { mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug; }

# front DISK: its front-end's folder in sysfs; a SCSI disk's is its controller's
front() {
	local d
	d=$(readlink -f "/sys/block/$1/device")
	echo "${d%/host[0-9]*/target*}"
}

# blk_attr DISK NAME: what the front-end's sysfs file says ("phase", "negotiated/flush")
blk_attr() {
	local f
	f=$(front "$1")/$2
	[ -e "$f" ] || fail "$1: no sysfs file $2"
	cat "$f"
}

# phase_is DISK PHASE: of its connection
phase_is() { [ "$(blk_attr "$1" phase)" = "$2" ]; }

# counter DISK NAME: over all rings
counter() { blk_attr "$1" "counters/$2" | awk '{ for (i = 1; i <= NF; i++) n += $i } END { print n + 0 }'; }

# --- the host's side of a bed

# need_host: inside a sub-test
need_host() { [ -n "${PV_BED:-}" ] || skip "needs a bed's host"; }

on_host() {
	need_host
	pv-host "$@"
}

# --- memory

# available_now: KiB free or easily freed, with what lies on the CPUs' own lists of free pages, which MemFree leaves out
available_now() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/stat_refresh
	awk '/^(MemFree|Buffers|Cached|SReclaimable):/ { n += $2 }
		$1 == "count:" { n += 4 * $2 }
		END { print n }' /proc/meminfo /proc/zoneinfo
}

# available: the most of some looks: what processes had that have just ended is freed a little later
available() {
	local i now best=0
	for ((i = 0; i < 8; i++)); do
		now=$(available_now)
		[ "$best" -ge "$now" ] || best=$now
		sleep 0.3
	done
	echo "$best"
}

# --- what a leak takes

LEAK_KIB=1536	# may be missing in the end: first uses cost up to 1 MiB once (as much after 100 reloads as after 250), and it wavers
LEAK_HEADS=256	# packets' heads that the kernel keeps for its CPUs

grants() { sed -n 's/ in use.*//p' "$(platform_device)/grants"; }

packet_heads() {
	echo 1 >/sys/kernel/slab/skbuff_head_cache/shrink
	awk '$1 == "skbuff_head_cache" { print $2 }' /proc/slabinfo
}

# leaks_begin: note what is taken now. To be called outside of sub-tests, once everything has been used
leaks_begin() {
	riding || GRANTS=$(grants)
	HEADS=$(packet_heads) MEMORY=$(available)
}

same_grants() { [ "$(grants)" = "$GRANTS" ]; }
grants_kept() { wait_for 20 same_grants || fail "$(grants) grants are in use, $GRANTS were"; }

# leaks_none: as many grants are in use as then, and packets and memory within reason
leaks_none() {
	local heads lost
	riding || grants_kept
	heads=$(($(packet_heads) - HEADS)) lost=$((MEMORY - $(available)))
	note "$heads packets' heads more, $lost KiB of memory less"
	[ $heads -lt $LEAK_HEADS ] || fail "$heads packets' heads did not come back"
	[ $lost -lt $LEAK_KIB ] || fail "$lost KiB of memory did not come back"
}

# --- the disk under test

HOST_DISK=${PV_HOST_DISK:-scratch}

# need_disk: set DISK (path) and D (name) to the disk that may be overwritten, or skip the test
need_disk() {
	DISK=${PV_TEST_DISK:-}
	if [ -z "$DISK" ]; then
		[ -n "${PV_BED:-}" ] || skip_all "name a disk that may be overwritten: PV_TEST_DISK=/dev/xvdX"
		DISK=$(pv-disk "$HOST_DISK") || bail "no disk $HOST_DISK"
	fi
	D=${DISK#/dev/}
	wait_for 20 opens "$DISK" || bail "$DISK: no such disk"
	disk_is_pv "$D" || bail "$DISK: not a PV disk"
	disk_is_free "$D" || bail "$DISK is in use: $(lsblk -nro NAME,MOUNTPOINT "$DISK" | tr '\n' ' ')"
	log_mark "$MARK"	# what was said of its coming is not of the test's making
}

# disk_is_pv NAME: is it, or the controller it is on, a device of a PV bus?
disk_is_pv() {
	case $(readlink -f "$(front "$1")/subsystem") in
	*/bus/pvbus | */bus/xen | */bus/vmbus) ;;
	*) return 1 ;;
	esac
}

disk_is_free() {
	! lsblk -nro MOUNTPOINT "/dev/$1" | grep . >/dev/null &&
		! grep -q "^/dev/$1" /proc/swaps &&
		! find "/sys/block/$1/" -path '*/holders/*' | grep . >/dev/null
}

# disk_bytes NAME
disk_bytes() { echo $(($(cat "/sys/block/$1/size" 2>/dev/null || echo 0) * 512)); }

# hot_disk VDEV SIZE: plug in a disk that the host knows as "hot", or end the test
hot_disk() {
	pv-host "disk-add name=hot,vdev=$1,size=$2" >/dev/null || bail "cannot add a disk"
	wait_for 20 opens "/dev/$1" || bail "$1 does not appear"
}

need_fio() { command -v fio >/dev/null || skip_all "needs fio"; }

drop_caches() {
	sync
	blockdev --flushbufs "$1"
	echo 3 >/proc/sys/vm/drop_caches
}

# disk_sum DISK: what the guest reads, past every cache
disk_sum() {
	sync
	dd if="$1" bs=1M iflag=direct status=none | md5sum | cut -d' ' -f1
}

# same_sum NAME DISK: host and guest agree on what is on it
same_sum() {
	local host guest
	need_host
	guest=$(disk_sum "$2")
	host=$(pv-host disk-sum "$1" | grep -oE '[0-9a-f]{32}' | head -n 1)
	[ -n "$host" ] || fail "no checksum of $1 from the host"
	[ "$guest" = "$host" ] || fail "$2: MD5 $guest in the guest, $host on the host"
}

# fio_kib KIND FILE: sum up what fio's terse output says was read or written
fio_kib() {
	local field=6
	[ "$1" = read ] || field=47
	awk -F ';' -v f="$field" '$1 == 3 { kib += $f } END { print kib + 0 }' "$2"
}

# fio_io DISK OPTION...: a short run, in terse form
fio_io() { fio --name=io --filename="$1" --ioengine=libaio --direct=1 --output-format=terse --eta=never "${@:2}"; }

# fio_bg NAME DISK OPTION...: in the background; fio_end NAME waits for it and gives its status.
# What it says is in $TAP_TMP/NAME.
fio_bg() {
	rm -f "$TAP_TMP/$1" "$TAP_TMP/$1.rc"
	(
		rc=0
		fio_io "${@:2}" >"$TAP_TMP/$1" 2>&1 || rc=$?
		echo "$rc" >"$TAP_TMP/$1.rc.part"
		mv "$TAP_TMP/$1.rc.part" "$TAP_TMP/$1.rc"
	) 3>&- &
}

# in_flight DISK: does it work on something right now?
in_flight() { [ "$(awk '{ print $1 + $2 }' "/sys/block/$1/inflight")" -gt 0 ]; }

# fio_end NAME SECONDS: its exit status; fails if it does not end
fio_end() {
	wait_for "$2" test -e "$TAP_TMP/$1.rc" || fail "fio on $1 still runs after $2 s"
	cat "$TAP_TMP/$1.rc"
}

# fio_good NAME SECONDS: it ended without an error
fio_good() {
	local rc
	rc=$(fio_end "$@")
	[ "$rc" = 0 ] || fail "fio ($1): exit status $rc: $(tail -n 20 "$TAP_TMP/$1")"
}

# Mixed random writes, each read back and checked in the same run.
VERIFY=(--rw=randwrite --verify=crc32c --verify_fatal=1 --verify_state_save=0 --iodepth=16
	--bssplit=4k/50:32k/30:128k/15:1m/5)

# load_start NAME DISK OPTION...: such runs one after the other in the background, until load_stop. (fio's own time_based
# would write all the time and verify nothing.) Each pass has a seed of its own.
load_start() {
	local name=$1
	rm -f "$TAP_TMP/$name"*
	(
		rc=0
		pass=0
		while [ ! -e "$TAP_TMP/$name.stop" ] && [ "$rc" = 0 ]; do
			fio_io "$2" "${VERIFY[@]}" --randseed=$((pass + 1)) "${@:3}" >"$TAP_TMP/$name" 2>&1 || rc=$?
			pass=$((pass + 1))
			echo "$pass" >"$TAP_TMP/$name.passes"
		done
		echo "$rc" >"$TAP_TMP/$name.rc.part"
		mv "$TAP_TMP/$name.rc.part" "$TAP_TMP/$name.rc"
	) 3>&- &
	wait_for 60 in_flight "$(disk_under "$2")" || true
}

# disk_under FILE: the disk that it is on, or that it is
disk_under() {
	local d=$1
	[ -b "$d" ] || d=$(findmnt -no SOURCE -T "$(dirname "$d")")
	basename "$(readlink -f "$d")"
}

# load_runs NAME: nothing went wrong so far
load_runs() { [ ! -e "$TAP_TMP/$1.rc" ] || fail "the load on $1 failed: $(tail -n 20 "$TAP_TMP/$1")"; }

# load_stop NAME SECONDS: let the pass that runs come to its end; all of them were good
load_stop() {
	touch "$TAP_TMP/$1.stop"
	fio_good "$@"
	note "load ($1): $(cat "$TAP_TMP/$1.passes") passes, each verified"
}

# --- the network interface under test

# need_nic: set NIC, and HOST, HOST_NIC, HOST6, GUEST, GUEST6, or skip the test. The bed's host is a hop away.
need_nic() {
	local n
	HOST=172.30.0.1 GUEST=172.30.0.2 HOST6=fd30::1 GUEST6=fd30::2
	NIC=${PV_TEST_NIC:-}
	[ -n "${PV_BED:-}" ] || skip_all "needs a bed's host"
	for n in /sys/class/net/*; do
		[ -z "$NIC" ] || break
		case $(readlink -f "$n/device/subsystem") in
		*/bus/pvbus | */bus/xen) NIC=${n##*/} ;;
		esac
	done
	[ -n "$NIC" ] || bail "no PV network interface"
	HOST_NIC=$(pv-host "/usr/bin/ip -o address show to $HOST" | awk '{ print $2; exit }')
	pv-host "/usr/bin/ip -6 address replace $HOST6/64 dev $HOST_NIC nodad"
	nic_up
}

# nic_up: with its addresses, and answered
nic_up() {
	ip link set "$NIC" up
	ip address replace "$GUEST/24" dev "$NIC"
	ip -6 address replace "$GUEST6/64" dev "$NIC" nodad
	wait_for 30 answered || fail "$NIC: the host does not answer: $(ip -s link show "$NIC")"
}

answered() { ping -q -c 1 -W 2 "${1:-$HOST}" >/dev/null; }

# nic_module: the front-end's module name here
nic_module() {
	if modinfo xen-netfront-pv >/dev/null 2>&1; then
		echo xen-netfront-pv
	else
		echo xen-netfront
	fi
}

# nic_attr NAME: what the front-end's sysfs file says ("phase", "negotiated/queues")
nic_attr() { cat "/sys/class/net/$NIC/device/$1"; }

# nic_count NAME: a counter of ethtool, over all queues
nic_count() { ethtool -S "$NIC" | awk -v n="_$1:" 'index($1, n) == length($1) - length(n) + 1 { sum += $2 } END { print sum + 0 }'; }

nic_connected() { [ "$(nic_attr phase)" = connected ]; }

# stream_out BYTES: so many bytes by TCP to the host, which must have got just these
stream_out() {
	local want got port=$((20000 + RANDOM % 10000))
	[ -e "$TAP_TMP/stream" ] || head -c 8M /dev/urandom >"$TAP_TMP/stream"
	on_host "rm -f /dev/shm/pv-sum; (nc -l -p $port | sha256sum >/dev/shm/pv-sum) >/dev/null 2>&1 & sleep 0.3"
	want=$(repeat "$1" | sha256sum)
	repeat "$1" >"/dev/tcp/$HOST/$port"
	got=$(on_host "i=0; while [ ! -s /dev/shm/pv-sum ] && [ \$i -lt 300 ]; do sleep 0.1; i=\$((i + 1)); done; cat /dev/shm/pv-sum")
	[ "$got" = "$want" ] || fail "sent $1 bytes: sha256 $want here, ${got:-none} at the host"
}

# repeat BYTES: the same data over and over
repeat() {
	local i=0
	for (( ; $1 - i >= 8388608; i += 8388608)); do
		cat "$TAP_TMP/stream"
	done
	head -c $(($1 - i)) "$TAP_TMP/stream"
}

# stream_in BYTES: the same the other way
stream_in() {
	local want got port=$((20000 + RANDOM % 10000))
	want=$(on_host "[ -e /dev/shm/pv-data ] || head -c 8388608 /dev/urandom >/dev/shm/pv-data
		repeat() { i=0; while [ \$i -lt $1 ]; do cat /dev/shm/pv-data; i=\$((i + 8388608)); done | head -c $1; }
		repeat | sha256sum
		(repeat | nc -l -p $port) >/dev/null 2>&1 &
		sleep 0.3")
	got=$(cat <"/dev/tcp/$HOST/$port" | sha256sum)
	[ "$got" = "$want" ] || fail "received $1 bytes: sha256 $want at the host, $got here"
}

# net_load NAME: TCP both ways and small packets in the background until net_load_stop; nothing is asked of it but to go on
net_load() {
	(
		while [ ! -e "$TAP_TMP/$1.stop" ]; do
			timeout 60 iperf3 -c "$HOST" -t 5 --connect-timeout 2000 || sleep 0.2
			timeout 60 iperf3 -c "$HOST" -t 5 -R --connect-timeout 2000 || sleep 0.2
		done >"$TAP_TMP/$1" 2>&1
		touch "$TAP_TMP/$1.done"
	) 3>&- &
	ping -q -i 0.01 "$HOST" >/dev/null 2>&1 3>&- &
	PING=$!
}

net_load_stop() {
	touch "$TAP_TMP/$1.stop"
	kill "$PING"
	wait_or_fail 130 test -e "$TAP_TMP/$1.done"
	rm -f "$TAP_TMP/$1".*
}
