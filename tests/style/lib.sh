# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the scripts of this folder, from the package's top folder.

# What a front-end, the shim or a bootstrap consists of
drivers() {
	local dir
	for dir in pvbus xen-* hv-*; do
		[ ! -d "$dir" ] || find "$dir" -name '*.[chS]' ! -name '*.mod.c'
	done | LC_ALL=C sort
}

# All our C
c_sources() { { drivers; files '*.c' '*.h' '*.S'; } | LC_ALL=C sort -u; }

# files [PATTERN...]: what is ours, committed or about to be
files() { git ls-files -co --exclude-standard -- "$@" | while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }

# functions FILE...: "LINES FILE:LINE NAME" of every function, counted from its first line to its closing brace
functions() {
	awk '
		FNR == 1	{ start = 0; open = 0 }
		/^[A-Za-z_][^;=]*\(/ && !/^(DEFINE|DECLARE|MODULE|EXPORT|TRACE|module)_?[A-Z_]*\(/ && !open {
			start = FNR
			name = $0
			sub(/\(.*/, "", name)
			sub(/.*[ *\t]/, "", name)
		}
		/^\{/ && start	{ open = 1 }
		/^\}/ && open	{ print FNR - start + 1, FILENAME ":" start, name; start = open = 0 }
		/^(\}|#)/ && !open	{ start = 0 }' "$@"
}
