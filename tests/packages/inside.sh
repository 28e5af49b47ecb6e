# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by tests/packages/cases/*.sh, which run as root in a Debian of their own that forgets all they do: /mnt/src has
# the package's sources, /mnt/kernels/RELEASE the kernels named on the command line, with modules/ and config; their
# headers are in /usr/src.

KERNELS=("$@")
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' /mnt/src/dkms.conf)
export DEBIAN_FRONTEND=noninteractive

# check WHAT COMMAND...: a line of TAP, what the command said before it if it failed
check() {
	local what=$1 out status
	shift
	# Not as a condition: in there, errors would not end a function
	set +e
	out=$(set -e; "$@" 2>&1)
	status=$?
	set -e
	if [ $status -eq 0 ]; then
		echo "ok - $what"
	else
		[ -z "$out" ] || sed 's/^/# /' <<<"$out"
		echo "not ok - $what"
	fi
}

# dkms_install RELEASE: our sources, by dkms alone; what it says is in /tmp/log
dkms_install() {
	cp -a /mnt/src "/usr/src/pv-on-hvm-$VERSION"
	dkms install "pv-on-hvm/$VERSION" -k "$1" >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
}

# says FILE TEXT: is the text in it
says() { grep -qF -e "$2" "$1" || { cat "$1"; return 1; }; }

# kernel_image RELEASE: what the package of the kernel's image puts in place
kernel_image() {
	local dir=/usr/lib/modules/$1 over=/tmp/modules-$1
	mkdir -p "$over" "$dir"
	mount -t tmpfs modules "$over"
	mkdir "$over/upper" "$over/work"
	mount -t overlay -o "lowerdir=/mnt/kernels/$1/modules,upperdir=$over/upper,workdir=$over/work" modules "$dir"
	cp "/mnt/kernels/$1/config" "/boot/config-$1"
	echo kernel >"/boot/vmlinuz-$1"
	depmod "$1"
}

# little_to_build RELEASE: for that kernel pvbus and the modules of Hyper-V; and without checksums of symbols, which take time
# to make, and at which no case looks that calls this
little_to_build() { configured "$1" BLOCK=n NET=n MODVERSIONS=n; }

# two_kernels: images of both, as they came, with little to build for; without headers
two_kernels() {
	local release
	for release in "${KERNELS[@]:0:2}"; do
		kernel_image "$release"
		tree "$release" >"/tmp/tree-$release"
		little_to_build "$release"
	done
	echo MODULES=list >/etc/initramfs-tools/conf.d/modules
}

# kernel_headers RELEASE: what the package of its headers puts in place
kernel_headers() { ln -sfn "/usr/src/linux-headers-$1" "/usr/lib/modules/$1/build"; }

# hooks KIND RELEASE: what either package runs when it is configured; KIND is postinst or header_postinst
hooks() {
	DEB_MAINT_PARAMS="configure" run-parts --exit-on-error --arg="$2" --arg="/boot/vmlinuz-$2" "/etc/kernel/$1.d"
}

# configured RELEASE NAME=VALUE...: the kernel's configuration has these, value n for none
configured() {
	local dir=/usr/src/linux-headers-$1 boot=/boot/config-$1 word name
	shift
	for word; do
		name=CONFIG_${word%=*}
		sed -i "/^$name=/d" "$dir/.config" "$dir/include/config/auto.conf" "$boot"
		sed -i "/ $name\(_MODULE\)\? /d" "$dir/include/generated/autoconf.h"
		case $word in
		*=y) echo "#define $name 1" >>"$dir/include/generated/autoconf.h" ;;
		*=m) echo "#define ${name}_MODULE 1" >>"$dir/include/generated/autoconf.h" ;;
		*) continue ;;
		esac
		echo "$name=${word#*=}" | tee -a "$dir/.config" "$boot" >>"$dir/include/config/auto.conf"
	done
}

# header RELEASE FILE: where the kernel has that header
header() { echo "/usr/src/$(sed -n 's,^include .*/\([^/]*\)/Makefile$,\1,p' "/usr/src/linux-headers-$1/Makefile")/include/$2"; }

# tree RELEASE: what is in the folder of its modules
tree() { (cd "/usr/lib/modules/$1" && find . -type f -o -type l | LC_ALL=C sort && sha256sum modules.dep modules.alias); }

# is_ours RELEASE NAME FILE: the module NAME is the one in FILE of ours
is_ours() { [[ $(modinfo -k "$1" -F filename "$2") == "/lib/modules/$1/updates/dkms/$3.ko"* ]]; }

in_initramfs() { lsinitramfs "/boot/initrd.img-$1" | grep -E "$2"; }

# has_its_own RELEASE: the kernel's modules and its initramfs are as if we had never been there; headers it may have
has_its_own() {
	tree "$1" | grep -v '^\./build$' | diff "/tmp/tree-$1" -
	lsinitramfs "/boot/initrd.img-$1" >/tmp/listing
	! grep /updates/ /tmp/listing
}

# break_compile RELEASE: its headers no longer have a function that hv-storvsc calls and compat/needs does not name
break_compile() {
	BROKEN=$(header "$1" linux/scatterlist.h)
	cp "$BROKEN" /tmp/saved
	sed -i 's/sg_pcopy_to_buffer/sg_other/' "$BROKEN"
}
BROKEN_SAYS='pv-on-hvm: error: this kernel has no function sg_pcopy_to_buffer() (hv-storvsc/'
