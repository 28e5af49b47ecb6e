# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by `check` and `matrix`, after tests/lib/common.sh: guest tests on beds, some boots at a time. LOGS is the folder for
# whole outputs, TIMEOUT that of a boot.

# How many boots at a time: each keeps a CPU busy
AT_ONCE=2

# Reasons for which a sub-test may be left out on a bed: what this host does not offer, what this boot is not about.
MAY_SKIP='^(the back-end offers no [a-z0-9 _]*|the back-end has no parameters|the host writes [a-z-]+ anew with each connection|the host cannot make requests fail|the back-end does not connect disks with 4096-byte sectors|the root file system is not on a PV disk|not these drivers|one CPU|polling: no interrupts|events do not arrive by CPU vectors|the kernel has no BPF links for XDP|CPU [0-9]+ has a channel that this host does not move)$'

# translate NAME TEST...: from what tests/guest/run prints to one line a sub-test. $LOG.missing: tests that did not end
translate() {
	awk -v name="$1" -v tests="${*:2}" -v may="$MAY_SKIP" -v missing="$LOG.missing" '
		function result(good, what) {
			printf "%s - %s: %s\n", good ? "ok" : "not ok", name, what
			bad += !good
			fflush()
		}
		/^# selftests: / { t = $NF; sub(/\.sh$/, "", t); was = bad; next }
		/^# (not )?ok [0-9]+ - / {
			good = $2 == "ok"
			what = $0
			sub(/^# (not )?ok [0-9]+ - /, "", what)
			i = index(what, " # SKIP ")
			if (i && substr(what, i + 8) !~ may)
				good = 0
			result(good, t ": " what)
			next
		}
		/^# 1\.\.0 # SKIP / { why = $0; sub(/.*# SKIP /, "", why); next }
		/^# Bail out!/ { result(0, t ": " substr($0, 3)); next }
		/^ok [0-9]+ selftests: .* # SKIP/ { result(0, t ": skipped: " why); seen[t] = 1; next }
		/^(not )?ok [0-9]+ selftests: / {
			if ($1 == "not" && bad == was)
				result(0, t ": " $0)
			seen[t] = 1
			next
		}
		/^# # / { print "#   " substr($0, 5); fflush(); next }
		END {
			n = split(tests, all, " ")
			for (i = 1; i <= n; i++)
				if (!(all[i] in seen))
					printf "%s ", all[i] >missing
		}'
}

# try BED KERNEL NAME "BED-OPTIONS" "ENVIRONMENT" TEST...: one guest; the bed's status
try() {
	local bed=$1 kernel=$2 name=$3 options=$4 env=$5 ends
	shift 5
	: >"$LOG.missing"
	set +e
	# shellcheck disable=SC2086 # options are words
	"$PV_TOP/tests/beds/run" "$bed" --kernel "$kernel" --timeout "$TIMEOUT" $options -- \
		"cd /pv/tests/guest && $env ./run $*" 2>"$LOG.err" | tee "$LOG" | translate "$name" "$@"
	ends=("${PIPESTATUS[@]}")
	set -e
	return "${ends[0]}"
}

# boot BED KERNEL VARIANT "BED-OPTIONS" "ENVIRONMENT" TEST...: one guest. The emulation of nested SVM now and then loses a CPU's
# state: the machine below the host then dies, which no guest can do to it, or the guest resets without the last word that
# a panic of its own would leave. What was left to do is then done in a new one, once.
LOST="bed: (L1 (died|is stuck)|the guest ended before its command did \\(QEMU's status: 0\\))"
boot() {
	local bed=$1 kernel=$2 name="$1 $2${3:+ $3}" rc=0 begun=$SECONDS t missing
	shift 3
	LOG=$LOGS/${name// /-}.log
	try "$bed" "$kernel" "$name" "$@" || rc=$?
	if [ $rc = 125 ] && grep -qE "$LOST" "$LOG.err"; then
		read -r -a missing <"$LOG.missing" || :
		echo "# $name: $(tail -n 2 "$LOG.err" | tr '\n' ' '): ${missing[*]:+again with }${missing[*]:-after the last test}"
		rc=0
		[ ${#missing[@]} = 0 ] || try "$bed" "$kernel" "$name" "$1" "$2" "${missing[@]}" || rc=$?
	fi
	for t in $(<"$LOG.missing"); do
		echo "not ok - $name: $t: did not come to its end"
	done
	# 1 is what the tests said; anything else is the bed
	[ $rc -le 1 ] || echo "not ok - $name: status $rc: $(tail -n 2 "$LOG.err" | tr '\n' ' ')"
	echo "# $name: $((SECONDS - begun)) s"
}

# add KERNEL VARIANT ...: a boot to be done, on $BED
JOBS=()
add() { JOBS+=("$(printf '%q ' "$BED" "$@")"); }

# take: the next job's number, once only
take() {
	local n
	exec 8>>"$LOGS/next"
	flock 8
	n=$(wc -c <"$LOGS/next")
	printf . >&8
	exec 8>&-
	echo "$n"
}

# work NAME COMMAND: do jobs in the machine of that name until there are no more. One bed's machine goes before another's comes.
work() {
	local n bed=
	export PV_L1=$1
	while n=$(take) && [ "$n" -lt ${#JOBS[@]} ]; do
		[ -z "$bed" ] || [[ ${JOBS[n]} == "$bed "* ]] || "$PV_TOP/tests/beds/run" --stop
		bed=${JOBS[n]%% *}
		eval "$2 ${JOBS[n]}"
	done
	"$PV_TOP/tests/beds/run" --stop
}

# work_all NAME COMMAND: COMMAND with the arguments of each job
work_all() {
	local w
	: >"$LOGS/next"
	for ((w = 1; w <= AT_ONCE; w++)); do
		work "$1-$w" "$2" &
	done
	wait
}
