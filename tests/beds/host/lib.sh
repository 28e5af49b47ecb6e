# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by the scripts of this folder; runs inside L1 (busybox) or on the machine itself.

# option SPEC KEY [DEFAULT]: the value of KEY in a comma list
option() {
	printf '%s\n' "$1" | tr , '\n' | awk -F= -v k="$2" -v d="${3:-}" '
		$1 == k { d = NF > 1 ? substr($0, length(k) + 2) : 1 }
		END     { print d }'
}

# bytes SIZE: 512M and the like, in bytes
bytes() {
	case $1 in
	*[Kk]) echo $((${1%?} << 10)) ;;
	*[Mm]) echo $((${1%?} << 20)) ;;
	*[Gg]) echo $((${1%?} << 30)) ;;
	*) echo "$1" ;;
	esac
}

# make_disk SPEC: the image of a disk, in RAM
make_disk() {
	name=$(option "$1" name)
	size=$(bytes "$(option "$1" size 512M)")
	file=$PV_DISKS/$name.img
	from=$(option "$1" file)
	if [ -n "$from" ]; then
		cp "$from" "$file"
		return
	fi
	: >"$file"
	[ "$(option "$1" fill random)" = zero ] || fill_random "$file" "$size"
	truncate -s "$size" "$file"
}

# fill_random FILE SIZE: the same 64 MiB over and over; making so much randomness anew takes too long here
fill_random() {
	seed=${PV_WORK%/*}/random.64M
	if [ "$(stat -c %s "$seed" 2>/dev/null)" != $((64 << 20)) ]; then
		head -c $((64 << 20)) /dev/urandom >"$seed"
	fi
	left=$2
	while [ "$left" -gt 0 ]; do
		cat "$seed" >>"$1"
		left=$((left - (64 << 20)))
	done
}

make_net() {
	if ! ip link show pvtap0 >/dev/null 2>&1; then
		ip tuntap add pvtap0 mode tap
		ip address add 172.30.0.1/24 dev pvtap0
	fi
	ip link set pvtap0 up
	pidof iperf3 >/dev/null || iperf3 -s -D
}
