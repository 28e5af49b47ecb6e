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

# disk_size SPEC: in bytes
disk_size() {
	if [ -n "$(option "$1" file)" ]; then
		stat -Lc %s "$(option "$1" file)"
	else
		bytes "$(option "$1" size 512M)"
	fi
}

# make_disk SPEC: fill the image of a disk, in RAM
make_disk() {
	image=$PV_DISKS/$(option "$1" name).img
	size=$(disk_size "$1")
	[ -e "$image" ] || : >"$image"
	truncate -s "$size" "$image" || return 1
	from=$(option "$1" file)
	if [ -n "$from" ]; then
		cat "$from" 1<>"$image"
	elif [ "$(option "$1" fill random)" = random ]; then
		fill_random "$image" "$size"
	fi
}

# fill_random FILE SIZE: the same 64 MiB over and over; making so much randomness anew takes too long here
fill_random() {
	seed=${PV_WORK%/*}/random.64M
	whole=$((64 << 20))
	if [ "$(stat -c %s "$seed" 2>/dev/null)" != $whole ]; then
		head -c $whole /dev/urandom >"$seed" || return 1
	fi
	left=$2
	while [ "$left" -ge $whole ]; do
		cat "$seed" || return 1
		left=$((left - whole))
	done 1<>"$1"
	tail -c "$left" "$seed" | dd of="$1" bs=64k seek="$((($2 - left) >> 16))" conv=notrunc 2>/dev/null
}

# start_iperf3: afresh; one that was left in the midst of a test would be busy for long
start_iperf3() {
	pid=${PV_WORK%/*}/iperf3.pid
	[ ! -e "$pid" ] || kill -9 "$(tr -d '\0' <"$pid")" 2>/dev/null || :
	rm -f "$pid"
	# its files outlive the run
	TMPDIR=/tmp iperf3 -s -D -I "$pid"
}
