# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the scripts of this folder, after tests/lib/common.sh: a kernel of the list, its headers, the Debian that
# compiles for it. Headers are laid over that Debian by overlayfs, so that neither is ever written to.

# kernel NAME: set K_SUITE K_RE K_ROOT K_ARCH K_FLAVOUR from the list, or from those of other flavours and of the trees that
# compat/ is tested with.
# What is said of 6.1 goes for 6.1-bare, too: it is made of the same source.
kernel() {
	read -r _ K_SUITE K_RE K_ROOT K_FLAVOUR < <(awk -v n="${1/#6.1-bare/6.1}" '$1 == n' \
		"$PV_TOP"/tests/{kernels/list,kernels/flavours,probes/trees}) || die "kernel $1: not in tests/kernels/{list,flavours}"
	[ "$K_ROOT" != host ] || K_ROOT=bookworm
	K_ARCH=amd64
	[[ $K_ROOT != *:* ]] || K_ARCH=${K_ROOT#*:}
	K_ROOT=${K_ROOT%:*}
}

# fill DIR COMMAND...: make DIR by running COMMAND with a folder beside it as last argument; the folder gets DIR's name
# when the command has succeeded. Whoever comes second waits, and finds it done.
fill() {
	local dir=$1 part=$1.part.$BASHPID
	shift
	mkdir -p "${dir%/*}"
	(
		flock 7
		[ -d "$dir" ] && exit 0
		rm -rf "$dir".part.*
		"$@" "$part" && mv "$part" "$dir"
	) 7>"$dir.lock" || die "cannot make $dir"
}

# checker_valid SCRIPTS: Debian leaves out the script by which C=1 asks whether sparse is any good; ours is
checker_valid() {
	[ -e "$1/checker-valid.sh" ] && return
	printf '#!/bin/sh\necho 1\n' >"$1/checker-valid.sh"
	chmod +x "$1/checker-valid.sh"
}

unpack_headers() {
	local d dst
	dst=${*: -1}
	mkdir "$dst"
	for d in "${@:1:$#-1}"; do
		dpkg-deb -x "$d" "$dst" || return 1
	done
	if [ -d "$dst/lib" ]; then
		mkdir -p "$dst/usr/lib"
		cp -a "$dst/lib/." "$dst/usr/lib/"
		rm -rf "${dst:?}/lib"
	fi
	rm -rf "$dst/usr/share/doc" "$dst/usr/share/lintian"
	mkdir -p "$dst/usr/lib/modules/$K_RELEASE"
	ln -sfn "/usr/src/linux-headers-$K_RELEASE" "$dst/usr/lib/modules/$K_RELEASE/build"
	checker_valid "$dst"/usr/lib/linux-kbuild-*/scripts
	[ -e "$dst/usr/src/linux-headers-$K_RELEASE/Makefile" ]
}

# unpack_source DEB FOLDER: of a linux-source package, what a kernel for this architecture without graphics and sound is made of
unpack_source() {
	mkdir "$2"
	dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ -C "$2" --strip-components=1 --exclude='linux-source-*/drivers/gpu/*.[ch]' --exclude='linux-source-*/sound/*.[ch]' \
			--exclude='linux-source-*/Documentation/*.rst' --exclude='linux-source-*/arch/[a-wy-z]*/*.[chS]'
}

# headers NAME: after kernel NAME; set K_RELEASE, K_HEADERS (the overlay), K_KDIR and K_CC (its compiler's package).
# What the package index said is remembered for as long as that index is.
headers() {
	[ "$1" != 6.1-bare ] || { bare_headers; return; }
	local state index=$PV_CACHE/debs/Packages.$K_SUITE.$K_ARCH.xz
	state=$PV_CACHE/headers/$1-$(sha256sum <<<"$K_SUITE $K_RE $K_ARCH $K_FLAVOUR" | cut -c1-8)
	if [ -z "$(find "$index" -mtime -1 2>/dev/null)" ] || [ ! "$state" -nt "$index" ] ||
		! read -r K_RELEASE K_HEADERS K_CC <"$state" || [ ! -d "$K_HEADERS" ]; then
		find_headers "$state"
		read -r K_RELEASE K_HEADERS K_CC <"$state"
	fi
	# shellcheck disable=SC2034 # for whoever sources this
	K_KDIR=$K_HEADERS/usr/src/linux-headers-$K_RELEASE
}

bare_headers() {
	local dir
	dir=$("$PV_TOP/tests/kernels/bare")
	K_RELEASE=$(<"$dir/release") K_HEADERS=$dir/headers K_CC=
	# shellcheck disable=SC2034
	K_KDIR=$K_HEADERS/usr/src/linux-headers-$K_RELEASE
}

# find_headers STATE: fetch and unpack them, and note what headers() wants to know
find_headers() {
	local deb base version debs p cc=
	deb=$(fetch_deb "$K_SUITE" "linux-headers-${K_RE}-${K_FLAVOUR}_" "$K_ARCH")
	base=${deb##*/}
	version=$(cut -d_ -f2 <<<"$base")
	K_RELEASE=${base#linux-headers-}
	K_RELEASE=${K_RELEASE%%_*}
	debs=("$deb")
	for p in $(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g'); do
		case $p in
		linux-headers-* | linux-kbuild-*) debs+=("$(fetch_deb "$K_SUITE" "$(quote "${p}_$version")_" "$K_ARCH")") ;;
		gcc-*-for-host) cc=$p ;; # else the suite's own gcc is the one
		esac
	done
	fill "$PV_CACHE/headers/${base%_*}" unpack_headers "${debs[@]}"
	echo "$K_RELEASE $PV_CACHE/headers/${base%_*} $cc" >"$1.part.$$"
	mv "$1.part.$$" "$1"
}

# quote TEXT: as a regular expression that means just this text
quote() {
	local text=${1//./\\.}
	echo "${text//+/\\+}"
}

# root [PACKAGE...]: the Debian that compiles for the kernel, in K_DIR; with further packages
root() {
	local include=dkms,make,gcc,libc6-dev,kmod,pahole,sparse,ccache${K_CC:+,$K_CC} p
	# Debian 11 has it in another package
	[ "$K_ROOT" != bullseye ] || include=${include/pahole/dwarves}
	for p; do
		include+=,$p
	done
	K_DIR=$PV_CACHE/roots/$K_ROOT-$(sha256sum <<<"$include $K_ARCH" | cut -c1-8)
	[ -d "$K_DIR" ] && return
	need_packages mmdebstrap arch-test
	say "making a $K_ROOT ($K_ARCH) to compile in (some 20 seconds)"
	fill "$K_DIR" bootstrap "$include"
}

bootstrap() {
	mmdebstrap --quiet --mode=root --variant=minbase --format=directory --include="$1" \
		--architectures="$K_ARCH" --aptopt='Acquire::Check-Valid-Until "false"' "$K_ROOT" "$2" "$(mirror "$K_ROOT")" >&2
}

# inside FOLDER COMMAND...: run it as root in the kernel's Debian with its headers; FOLDER is /mnt there.
# What it writes elsewhere is gone afterwards, but for the compiler's cache.
inside() {
	local folder=$1
	shift
	mkdir -p "$PV_CACHE/mnt" "$PV_CACHE/ccache"
	# The mounts are this process's own: any number of them share the mount point.
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount bash -euc '
		lower=$1 folder=$2 t=$3 ccache=$4 arch=$5
		shift 5
		mount -t tmpfs -o size=4g pv-build $t
		mkdir -p $t/upper/ccache $t/work $t/root
		mount -t overlay -o "lowerdir=$lower,upperdir=$t/upper,workdir=$t/work" overlay $t/root
		mount -t proc proc $t/root/proc
		mount --bind "$folder" $t/root/mnt
		mount --bind "$ccache" $t/root/ccache
		exec env -i PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/bin HOME=/root LC_ALL=C.UTF-8 TMPDIR=/tmp CCACHE_DIR=/ccache CCACHE_MAXSIZE=2G \
			setarch ${arch/amd64/x86_64} chroot $t/root "$@"' - \
		"$K_HEADERS:$K_DIR" "$folder" "$PV_CACHE/mnt" "$PV_CACHE/ccache" "$K_ARCH" "$@"
}

# sources_key [--all]: of the sources that stage brings
sources_key() {
	local names
	mapfile -t names < <(cd "$PV_TOP" && packaging/sources "${1:---dkms}")
	(cd "$PV_TOP" && content_key "${names[@]}")
}

# compilers_key: after root, of what compiles there and for which kernels
compilers_key() { { echo "$K_HEADERS $K_DIR"; cat "$K_DIR/var/lib/dpkg/status"; } | sha256sum | cut -c1-16; }

# stage DIR [--all]: bring the package's sources (as they are now, committed or not) to DIR, keeping times so that make can
# tell; only those that a guest's dkms has, or all that packages are made of
stage() {
	local list=$1.files f
	mkdir -p "$1"
	(cd "$PV_TOP" && packaging/sources "${2:---dkms}") >"$list"
	tar -C "$PV_TOP" -c -T "$list" | tar -C "$1" -x
	# A source that is gone must not go on being compiled.
	while read -r f; do
		grep -qxF "$f" "$list" || rm -f "$1/$f"
	done < <(cd "$1" && find . -name '*.[chS]' ! -name '*.mod.c' ! -path './compat/generated/*' -printf '%P\n')
	rm -f "$list"
}
