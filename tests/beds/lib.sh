# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by `run`, after tests/lib/common.sh: the images that every bed needs, and L1, the emulated machine with SVM in
# which a bed runs where /dev/kvm cannot carry it.

BEDS=$PV_TOP/tests/beds
L1=$PV_CACHE/l1${PV_L1:+-$PV_L1}
L1_KERNEL=6.12
L1_MEM=8192
# One: with two, the emulation of nested SVM now and then mixes up hypervisor and guest, and either falls over
L1_CPUS=1
# Without ERMS and FSRM the kernels in there do not copy by "rep movsb", which TCG does byte by byte
L1_CPU=max,la57=off,erms=off,fsrm=off
L1_MODULES=(crc32c_generic virtio_pci virtio_console virtio_blk ext4 9pnet_virtio 9p tun kvm_amd 8021q)
. "$BEDS/host/lib.sh"

# bootstrap SUITE[-backports] VARIANT PACKAGES FOLDER [OPTION]...
bootstrap() {
	local suite=${1%-backports} m
	m=$(mirror "$suite")
	local sources=("deb $m $suite main")
	[ "$1" = "$suite" ] || sources+=("deb $m $1 main")
	mmdebstrap --quiet --mode=root --variant="$2" --format=directory --include="$3" \
		--aptopt='APT::Install-Recommends "false"' --aptopt="APT::Default-Release \"$1\"" \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		"${@:5}" "$suite" "$4" "${sources[@]}" >&2
}

# ext4 FOLDER LABEL SIZE FILE
ext4() {
	truncate -s "$3" "$4"
	/sbin/mke2fs -q -t ext4 -O ^has_journal -L "$2" -E root_owner=0:0 -d "$1" "$4"
}

# --- L1's root, which also holds the QEMU that runs L1. Only unpacked: nothing in it is ever configured.
# QEMU from backports: the emulated CPUs of 10.0 change their pending interrupts without atomic operations.
HOST_PACKAGES=qemu-system-x86,qemu-utils,seabios,busybox-static,iperf3,iproute2,kmod
make_host_root() {
	local a d root=$2/root
	say "unpacking QEMU from $1"
	bootstrap "$1" extract "$HOST_PACKAGES" "$root"
	for d in bin sbin lib lib64; do
		ln -sfn usr/$d "$root/$d"
	done
	mkdir -p "$root"/{proc,sys,dev,run,mnt,root,tmp}
	for a in $(busybox --list); do
		[ -e "$root/usr/bin/$a" ] || [ -e "$root/usr/sbin/$a" ] || ln -s busybox "$root/usr/bin/$a"
	done
	ext4 "$root" l1root 512M "$2/root.ext4"
}

# --- the guests' root
GUEST_PACKAGES=fio,kmod,mount,procps,iproute2,iputils-ping,ethtool,pciutils,dmsetup,e2fsprogs,fdisk,python3-minimal,iperf3,udev
GUEST_PACKAGES+=,initramfs-tools-core,cpio
make_guest_root() {
	local tmp=$1/root
	say "making the guests' root file system (Debian 12)"
	bootstrap bookworm essential "$GUEST_PACKAGES" "$tmp"
	mkdir -p "$tmp/pv"
	rm -rf "$tmp"/var/cache/apt/* "$tmp"/var/lib/apt/lists/*
	ext4 "$tmp" pvroot 768M "$1/root.ext4"
	rm -rf "$tmp"
}

# copy_modules KERNEL RELEASE FOLDER MODULE...: into FOLDER, uncompressed, with what they depend on
copy_modules() {
	local k=$1 rel=$2 out=$3 m f to
	shift 3
	for m in "$@"; do
		/sbin/modprobe -d "$k" -S "$rel" -D "${m%\?}" 2>/dev/null ||
			[[ "$m" = *\? ]] || say "kernel $rel has no module $m"
	done | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r f; do
		to=$out/${f#"$k/"}
		mkdir -p "${to%/*}"
		case $f in
		*.xz) xz -dc "$f" >"${to%.xz}" ;;
		*.zst) zstd -qdc "$f" >"${to%.zst}" ;;
		*) cp "$f" "$to" ;;
		esac
	done
	cp "$k/lib/modules/$rel"/modules.{order,builtin*} "$out/lib/modules/$rel/"
}

archive() { (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0); }

# busybox_tree FOLDER RELEASE
busybox_tree() {
	local a
	mkdir -p "$1"/{bin,proc,sys,dev,root,pv,lib/modules/"$2"}
	cp /bin/busybox "$1/bin/"
	for a in $(busybox --list); do
		[ "$a" = busybox ] || ln -s busybox "$1/bin/$a"
	done
}

# make_l1_initrd KERNEL RELEASE FOLDER
make_l1_initrd() {
	local tree=$3/tree
	busybox_tree "$tree" "$2"
	install -m755 "$BEDS/l1/init" "$tree/init"
	[ -z "${L1_MORE:-}" ] || install -m644 "$L1_MORE" "$tree/more"
	printf '%s\n' "${L1_MODULES[@]}" >"$tree/modules"
	copy_modules "$1" "$2" "$tree" "${L1_MODULES[@]}"
	/sbin/depmod -b "$tree" "$2"
	archive "$tree" >"$3/initrd"
	rm -rf "$tree"
}

# make_guest_initrd KERNEL RELEASE OURS FOLDER: without what differs from run to run. OURS: a folder of .ko, or nothing
make_guest_initrd() {
	local k=$1 rel=$2 ours=$3 tree=$4/tree
	say "making the initramfs for $rel${ours:+ with our modules}"
	busybox_tree "$tree" "$rel"
	install -m755 "$BEDS/guest/init" "$tree/init"
	# shellcheck disable=SC2046 # one word per module
	copy_modules "$k" "$rel" "$tree" $(awk '!/^#/ && NF { print $2 }' "$BEDS/modules")
	if [ -n "$ours" ]; then
		mkdir -p "$tree/lib/modules/$rel/updates/dkms"
		cp "$ours"/*.ko "$tree/lib/modules/$rel/updates/dkms/"
	fi
	echo 'search updates built-in' >"$4/depmod.conf"
	/sbin/depmod -C "$4/depmod.conf" -b "$tree" "$rel"
	archive "$tree" >"$4/initrd"
	rm -rf "$tree"
}

# kvm_caps NUMBER...: what KVM_CHECK_EXTENSION says of each
kvm_caps() {
	perl -e 'open(my $kvm, "+<", "/dev/kvm") or do { print join(" ", map { 0 } @ARGV), "\n"; exit };
		print join(" ", map { 0 + (ioctl($kvm, 0xae03, $_ + 0) || 0) } @ARGV), "\n"' "$@"
}

# prepare: everything that does not depend on the run; sets HOST_ROOT, GUEST_ROOT, L1_ROOT (the image), QEMU_ROOT
prepare() {
	need_packages mmdebstrap busybox-static kmod e2fsprogs cpio xz-utils zstd curl
	HOST_ROOT=$PV_CACHE/beds/host-$(sha256sum <<<"$HOST_PACKAGES $(declare -f make_host_root)" | cut -c1-16)
	GUEST_ROOT=$PV_CACHE/beds/guest-$(sha256sum <<<"$GUEST_PACKAGES $(declare -f make_guest_root)" | cut -c1-16)
	cache_entry "$HOST_ROOT" make_host_root trixie-backports
	cache_entry "$GUEST_ROOT" make_guest_root
	L1_ROOT=$HOST_ROOT/root.ext4 QEMU_ROOT=$HOST_ROOT/root
	preload_of "$BEDS/l1/svm-qemu.c"
	L1_PRELOAD=$PRELOAD
	bed_prepare
}

# QEMU of QEMU_ROOT, run by its own loader, so that the machine's Debian release does not matter
set_qemu() {
	local r=$QEMU_ROOT
	export QEMU_MODULE_DIR=$r/usr/lib/x86_64-linux-gnu/qemu
	QEMU=("$r/usr/lib64/ld-linux-x86-64.so.2" --library-path "$r/usr/lib/x86_64-linux-gnu" ${L1_PRELOAD:+--preload "$L1_PRELOAD"}
		"$r/usr/bin/qemu-system-x86_64" -L "$r/usr/share/qemu" -L "$r/usr/share/seabios")
}

# --- L1

l1_alive() {
	local pid
	pid=$(cat "$L1/pid" 2>/dev/null) && grep -qs pv.agent "/proc/$pid/cmdline"
}

# l1_stop: needs the lock
l1_stop() {
	local pid i
	l1_alive || return 0
	pid=$(<"$L1/pid")
	kill "$pid"
	for ((i = 0; i < 50; i++)); do
		[ -e "/proc/$pid" ] || return 0
		sleep 0.1
	done
	kill -9 "$pid"
	sleep 0.2
}

# l1_do SECONDS COMMAND [WORDS]: run a command in L1; its status. 124: no answer in that time, or in 100 seconds after its guest
# is "gone", says the file WORDS; 125: L1 died
l1_do() {
	local id=$RANDOM$RANDOM part line="" word status end=$((SECONDS + $1)) words=${3:-}
	echo "$id $2" >&"$L1_IN"
	while l1_alive; do
		if IFS= read -t 2 -r part <&"$L1_OUT"; then
			read -r word status <<<"$line$part"
			[ "$word" != "$id" ] || return "$status"
			line=
			continue
		fi
		line+=$part	# time may be up in the middle of a line
		if [ -n "$words" ] && grep -q '^gone' "$words"; then
			end=$((SECONDS + 100))
			words=
		fi
		[ $SECONDS -le $end ] || return 124
	done
	return 125
}

l1_open() { exec {L1_IN}<>"$L1/agent.in" {L1_OUT}<>"$L1/agent.out"; }

# l1_start KEY: needs the lock
# tsc_args: under emulation the time stamp counter is this machine's. Kernels without a paravirtual clock measure its rate
# against an emulated timer, which on a busy machine goes wrong: their seconds then last several. And they compare the
# CPUs' counters, which emulation delays, give them up for the HPET, and spend a third of their time reading that.
tsc_args() { awk '/^bogomips/ { printf "tsc=reliable tsc_early_khz=%d\n", $3 * 500; exit }' /proc/cpuinfo; }

l1_start() {
	local k rel initrd boot word i
	k=$("$PV_TOP/tests/kernels/get" "$L1_KERNEL")
	rel=$(<"$k/release")
	initrd=$PV_CACHE/beds/l1-$rel-$1
	cache_entry "$initrd" make_l1_initrd "$k" "$rel"
	say "starting L1 (emulated machine with SVM, ${L1_ABOUT:-}Linux $rel)"
	mapfile -t boot < <(bed_l1 "$k/vmlinuz" "$initrd/initrd" "loglevel=5 mitigations=off nokaslr panic=-1")
	mkdir -p "$L1"
	rm -f "$L1"/{agent,shell}.* "$L1/pid"
	mkfifo "$L1"/{agent,shell}.{in,out}
	l1_open
	setsid "${QEMU[@]}" -accel tcg,thread=multi,tb-size=1024 -cpu "$L1_CPU" -smp "$L1_CPUS" -m "$L1_MEM" \
		-machine q35 -nodefaults -no-user-config -display none -no-reboot -serial "file:$L1/console.log" \
		"${boot[@]}" -drive "file=$L1_ROOT,if=none,id=root,format=raw,readonly=on" -device virtio-blk-pci,drive=root \
		-drive "file=$GUEST_ROOT/root.ext4,if=none,id=guest,format=raw,readonly=on" -device virtio-blk-pci,drive=guest \
		-virtfs "local,path=$PV_CACHE,mount_tag=cache,security_model=none,multidevs=remap" \
		-device virtio-serial -chardev "pipe,id=agent,path=$L1/agent" \
		-device virtserialport,chardev=agent,name=pv.agent \
		-chardev "pipe,id=shell,path=$L1/shell" -device virtserialport,chardev=shell,name=pv.shell \
		-device virtio-rng-pci \
		</dev/null >"$L1/qemu.log" 2>&1 9>&- &
	echo $! >"$L1/pid"
	for ((i = 0; i < 60; i++)); do
		read -t 2 -r word _ <&"$L1_OUT" && [ "$word" = 0 ] && break
		l1_alive || break
	done
	[ "${word:-}" = 0 ] || { l1_stop; bed_fail "L1 does not start: see $L1/console.log and $L1/qemu.log"; }
	echo "$1" >"$L1/key"
}

# l1_up: an L1 that answers; needs the lock
l1_up() {
	local key
	key=$(echo "$HOST_ROOT $GUEST_ROOT $L1_ROOT $QEMU_ROOT ${L1_PRELOAD:-} $L1_CPU $L1_CPUS $L1_MEM ${L1_MODULES[*]} $(declare -f make_l1_initrd l1_start bed_l1)" |
		cat - "$BEDS/l1/init" ${L1_MORE:+"$L1_MORE"} | sha256sum | cut -c1-16)
	if l1_alive && [ "$(cat "$L1/key" 2>/dev/null)" = "$key" ]; then
		l1_open
		l1_do 20 true && return
		say "L1 does not answer: starting it anew"
	fi
	l1_stop
	l1_start "$key"
}
