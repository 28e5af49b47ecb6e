#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Module of dracut: it looks for block drivers by the symbols that they use, and in host-only images for those of this
# machine, so a root file system behind ours, on a disk or over the network, needs this. They are loaded by their aliases,
# on hosts that have the devices; which may be another than the one that the image is made on.

# pvbus and what depends on it; nothing where it is not installed.
# shellcheck disable=SC2154 # dracut sets srcmods, to the folder with the kernel's modules
pv_modules() { sed -n 's,^\([^:]*/\)*\([^:/]*\)\.ko[^:]*: .*/pvbus\.ko.*,\2,p' "$srcmods/modules.dep" 2>/dev/null; }

# called by dracut
check() {
	[ -n "$(pv_modules)" ]
}

# called by dracut
installkernel() {
	local ours
	mapfile -t ours < <(pv_modules)
	hostonly='' instmods "${ours[@]}"
	# The way back: emulated twins of the root disk
	hostonly='' instmods ata_piix ahci nvme sd_mod
}

# called by dracut. Links to a disk that is shown twice are to lead to its PV node from the beginning.
install() {
	inst_rules 61-pv-on-hvm.rules
	inst_multiple -o /usr/lib/udev/pv-disk-id readlink
}
