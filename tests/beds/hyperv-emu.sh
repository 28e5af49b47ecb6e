# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bed hyperv-emu: QEMU's own emulation of Hyper-V in KVM, and on its VMBus a SCSI controller of ours (host/storvsp), which
# is preloaded into Debian's QEMU. Sourced by `run`.

BED_ABOUT="Hyper-V as QEMU emulates it in KVM, with a SCSI controller of ours: hv-storvsc; VMBus 4.0"
BED_HOST="qemu hyperv"
BED_TWINS=qemu
BED_DRIVERS=hv
BED_DISK=scsi
BED_OURS="pvbus hv-vmbus-pv hv-storvsc"
L1=$L1-hyperv
L1_ABOUT="for Hyper-V, "
. "$BEDS/host/hyperv/front.sh"

bed_check() {
	[ -z "$XEN" ] || bad "--xen: $BED has no Xen to choose"
	[ "$IN" = guest ] || bad "--in $IN: $BED has no dom0"
	[ -z "$NET" ] || bad "--net: $BED has no NIC"
}

# bed_kvm: SynIC 2, enlightened VMCS apart
bed_kvm() {
	local synic
	read -r synic < <(kvm_caps 148)
	[ "$synic" -gt 0 ]
}

# The guest's QEMU is trixie's own, not the one from backports that emulates L1: the archive must have its source too, of
# the same version, and of what is in backports that is not always so.
HV_SUITE=trixie
bed_prepare() {
	need_packages gcc libc6-dev libglib2.0-dev pkgconf python3 patch
	HV=$PV_CACHE/beds/hyperv-$(sha256sum <<<"$HOST_PACKAGES $HV_SUITE $(declare -f make_host_root make_hyperv fetch_source make_headers)" | cut -c1-16)
	cache_entry "$HV" make_hyperv
	L1_ROOT=$HV/root.ext4 BED_QEMU=$HV/root
}

make_hyperv() {
	make_host_root "$HV_SUITE" "$1"
	make_headers "$1"
}

# fetch_source NAME FILE: of Debian's source package for HV_SUITE
fetch_source() {
	local index sum m
	m=$(mirror "$HV_SUITE")
	index=$(curl -sSf "$m/dists/$HV_SUITE/main/source/Sources.xz" | xz -dc) || die "no index of sources for $HV_SUITE"
	sum=$(awk -v f="$2" '/^Checksums-Sha256:/ { in_sums = 1 } /^[A-Z]/ && !/^Checksums-Sha256:/ { in_sums = 0 }
		in_sums && $3 == f { print $1; exit }' <<<"$index")
	[ -n "$sum" ] || die "no source $2 in $HV_SUITE"
	curl -sSf --retry 3 -o "$3" "$m/pool/main/${1:0:1}/$1/${2//+/%2B}" || die "cannot fetch $2"
	echo "$sum  $3" | sha256sum --status -c || die "$2: wrong checksum"
}

# make_headers FOLDER: what a device for this very QEMU is compiled with. Nothing is configured nor built: what its
# configure would find out matters little for the headers, and the generators run by themselves.
make_headers() {
	local version src=$1/src gen=$1/gen p
	version=$("$1/root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$1/root/usr/lib/x86_64-linux-gnu" \
		"$1/root/usr/bin/qemu-system-x86_64" --version | sed -n 's/.*(Debian [0-9]*:*\(.*\))$/\1/p')
	say "unpacking the source of QEMU $version"
	mkdir "$src" "$gen" "$gen/trace"
	fetch_source qemu "qemu_${version%-*}.orig.tar.xz" "$1/orig"
	fetch_source qemu "qemu_$version.debian.tar.xz" "$1/debian"
	tar -C "$src" --strip-components=1 -xf "$1/orig"
	tar -C "$src" -xf "$1/debian"
	while read -r p; do
		[[ -z "$p" || "$p" = \#* ]] || patch -s -d "$src" -p1 <"$src/debian/patches/$p" >&2
	done <"$src/debian/patches/series"
	(cd "$src" && python3 scripts/qapi-gen.py -b -o "$gen/qapi" qapi/qapi-schema.json &&
		python3 scripts/tracetool.py --format=h --backends=nop --group=hw_hyperv hw/hyperv/trace-events \
			"$gen/trace/trace-hw_hyperv.h")
	printf '#define %s 1\n' CONFIG_{LINUX,POSIX,KVM,IOVEC,INT128} HOST_X86_64 >"$gen/config-host.h"
	printf '#define %s\n' "TARGET_I386 1" "TARGET_X86_64 1" 'TARGET_NAME "x86_64"' "TARGET_LONG_BITS 64" \
		"TARGET_BIG_ENDIAN 0" >"$gen/target.h"
	: >"$gen/config-poison.h"
	mkdir "$1/keep"
	(cd "$src" && cp -a --parents include host/include linux-headers target/i386 hw/hyperv trace "$1/keep")
	rm -rf "$1/orig" "$1/debian" "$src"
	mv "$1/keep" "$src"
}

# compile_storvsp FOLDER
compile_storvsp() {
	local s=$HV/src
	# shellcheck disable=SC2046 # words
	gcc -shared -fPIC -fvisibility=hidden -O2 -std=gnu11 -Wall -D_GNU_SOURCE -fno-strict-aliasing -fwrapv -pthread -mcx16 \
		-DCOMPILING_PER_TARGET -DCONFIG_TARGET='"target.h"' -DCONFIG_DEVICES='"config-poison.h"' \
		-I"$HV/gen" -I"$HV/gen/qapi" -I"$s/target/i386" -isystem "$s/linux-headers" -iquote "$s" -iquote "$s/include" \
		-iquote "$s/host/include/x86_64" -iquote "$s/host/include/generic" $(pkg-config --cflags glib-2.0) \
		-o "$1/preload.so" "$BEDS"/host/storvsp/*.c
}

bed_preload() {
	local dir
	dir=$PV_CACHE/beds/preload-$(cat "$BEDS"/host/storvsp/* <(echo "$HV" && declare -f compile_storvsp) | sha256sum | cut -c1-16)
	cache_entry "$dir" compile_storvsp
	PRELOAD=$dir/preload.so
}

# kvm=off: with KVM's own leaf to be seen Linux takes itself for a guest of KVM's, and leaves Hyper-V alone. The balloon is
# there to be left alone.
bed_machine() {
	local d name ctrls=
	printf '%s\n' -machine pc -accel kvm -cpu "host,kvm=off,hv-relaxed,hv-vapic,hv-time,hv-vpindex,hv-runtime,hv-synic,\
hv-stimer,hv-reset,hv-frequencies" -device vmbus-bridge -device hv-balloon
	boot_args
	for d in ctrl=scsi "${DISKS[@]}"; do
		name=$(ctrl_of "$d")
		[[ " $ctrls " != *" $name "* ]] || continue
		ctrls+=" $name"
		printf '%s\n' -device "{$(ctrl "name=$name")}"
	done
}

bed_append() {
	case $1 in
	mainline) ;;
	*) echo nopv ;;
	esac
}

bed_disk() {
	image_args "$1" "$4"
	printf '%s\n' -device "{\"id\":\"disk-$1\",\"drive\":\"$1\",$(front "$2")${TWIN:+,\"share-rw\":true}}"
}
