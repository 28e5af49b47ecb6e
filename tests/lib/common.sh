# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by every script under tests/ (bash): where things are cached, how Debian packages are fetched.
#
# PV_CACHE holds what is slow to make. Every entry is written beside its place and moved there when it is complete,
# so an interrupted run leaves nothing that a later one would take for whole.

PV_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PV_CACHE=${PV_CACHE:-/var/cache/pv-on-hvm}
export PV_CACHE
mkdir -p "$PV_CACHE/debs"

say() { echo "[$(date +%H:%M:%S)] $*" >&2; }
die() { say "error: $*"; exit 1; }

# need_packages PACKAGE...: install what is missing on this machine
need_packages() {
	local p missing=()
	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' || missing+=("$p")
	done
	[ ${#missing[@]} -eq 0 ] && return
	say "installing ${missing[*]}"
	exec 8>"$PV_CACHE/apt.lock"
	flock 8
	if ! apt-get install -s "${missing[@]}" >/dev/null 2>&1; then
		apt-get -q update >"$PV_CACHE/apt.log" 2>&1 || die "apt-get update failed, see $PV_CACHE/apt.log"
	fi
	DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -q -y --no-install-recommends \
		"${missing[@]}" >>"$PV_CACHE/apt.log" 2>&1 || die "apt-get install failed, see $PV_CACHE/apt.log"
	exec 8>&-
}

# mirror [SUITE]: the archive that apt on this machine is set up with (its security archive for a *-security suite)
mirror() {
	local here like
	here=$(. /etc/os-release; echo "$VERSION_CODENAME")
	like=$here
	[[ ${1:-} == *-security ]] && like=$here-security
	apt-get indextargets --format '$(REPO_URI)' "Codename: $like" 'Created-By: Packages' | head -n1 | sed 's,/*$,,'
}

# suite_index SUITE [ARCH]: print the suite's Packages file; fetched once a day
suite_index() {
	local arch=${2:-amd64} f
	f=$PV_CACHE/debs/Packages.$1.$arch.xz
	if [ -z "$(find "$f" -mtime -1 2>/dev/null)" ]; then
		curl -sSfo "$f.part.$$" "$(mirror "$1")/dists/$1/main/binary-$arch/Packages.xz" && mv "$f.part.$$" "$f"
		rm -f "$f.part.$$"
		[ -s "$f" ] || die "cannot fetch the package index of $1"
	fi
	xz -dc "$f"
}

# fetch_deb SUITE REGEX [ARCH]: download the newest package whose file name matches; print its local path.
# The checksum in the index decides whether a cached file is whole.
fetch_deb() {
	local name sum out
	read -r name sum < <(suite_index "$1" "${3:-amd64}" | awk -v re="/$2" '
		/^Filename: / { f = $2 }
		/^SHA256: /   { s = $2 }
		/^$/          { if (f ~ re) print f, s; f = s = "" }
		END           { if (f ~ re) print f, s }' | sort -V | tail -n1)
	[ -n "${name:-}" ] || die "no package in $1 matches $2"
	out=$PV_CACHE/debs/${name##*/}
	if ! echo "$sum  $out" | sha256sum --status -c 2>/dev/null; then
		curl -sSf --retry 3 -o "$out.part.$$" "$(mirror "$1")/${name//+/%2B}" || die "cannot fetch ${name##*/}"
		echo "$sum  $out.part.$$" | sha256sum --status -c || die "${name##*/}: wrong checksum"
		mv "$out.part.$$" "$out"
	fi
	echo "$out"
}

# content_key FILE-OR-FOLDER...: a short hash of their contents and modes, for naming cache entries
content_key() {
	tar -c --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "$@" 2>/dev/null | sha256sum | cut -c1-16
}

# What passed is not asked again for a week, as long as all is as it was that the verdict depends on; so says KEY, a check's
# name and a hash. PV_WIDE=1 takes nothing as known.
# shellcheck disable=SC2034 # for whoever sources this
SAME='(nothing has changed since it passed)'
# passed KEY: did it?
passed() { [ -z "${PV_WIDE:-}" ] && [ -n "$(find "$PV_CACHE/passed/$1" -mtime -7 2>/dev/null)" ]; }
# note_passed KEY: it did
note_passed() {
	mkdir -p "$PV_CACHE/passed"
	find "$PV_CACHE/passed" -type f -mtime +7 -delete
	touch "$PV_CACHE/passed/$1"
}

# entry_whole DIR: is the cache entry there, with every file at the size that its list says?
entry_list() { (cd "$1" && find . -type f ! -name .list -printf '%s %P\n' | LC_ALL=C sort); }
entry_whole() { [ -f "$1/.list" ] && [ "$(entry_list "$1")" = "$(<"$1/.list")" ]; }

# cache_entry DIR COMMAND...: make the folder DIR, unless it is whole, by running COMMAND with an empty folder beside it
# as last argument. Whoever comes second waits, and finds it made. COMMAND runs under `set -e`; for that to hold,
# never call this as a condition.
cache_entry() {
	local dir=$1 part=$1.part.$BASHPID
	shift
	entry_whole "$dir" && return
	mkdir -p "${dir%/*}"
	(
		set -e
		trap '[ $? -eq 0 ] || say "error: cannot make $dir"' EXIT
		flock 7
		entry_whole "$dir" && exit 0
		[ ! -e "$dir" ] || say "$dir is damaged: making it again"
		rm -rf "$dir" "$dir".part.*
		mkdir "$part"
		"$@" "$part" 7>&-
		entry_list "$part" >"$part/.list"
		mv "$part" "$dir"
	) 7>"$dir.lock"
}
