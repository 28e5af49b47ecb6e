# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by `run`: --secure-boot. The firmware is OVMF with Microsoft's keys, and all goes as on people's machines: Debian's
# shim, GRUB and kernel from an EFI system partition, each verified by the one before; the owner's key is in the shim's list.

# OVMF is Debian 12's: the last one with Secure Boot but without SMM, and thereby for the machine type "pc", whose disks a
# guest can unplug.
EFI_PACKAGES=shim-signed,grub-efi-amd64-signed,python3-virt-firmware,python3-minimal
make_efi() {
	say "unpacking OVMF, shim and GRUB"
	bootstrap trixie extract "$EFI_PACKAGES" "$1/root" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
	dpkg-deb -x "$(fetch_deb bookworm ovmf_)" "$1/ovmf"
}

# efi_args: what boots, once host/efi/start has been run
efi_args() {
	printf '%s\n' -S -drive "if=pflash,format=raw,readonly=on,file=$INNER/firmware" \
		-drive "if=pflash,format=raw,snapshot=on,file=$INNER/variables" \
		-drive "if=none,id=efi,format=raw,readonly=on,file=$INNER/efi" -device virtio-blk-pci,drive=efi,class=0x0180,bootindex=0
}

# efi_files: firmware, its variables and the disk that it boots from, once the initramfs is there
efi_files() {
	need_packages mtools dosfstools openssl
	EFI=$PV_CACHE/beds/efi-$(sha256sum <<<"$EFI_PACKAGES $(declare -f make_efi)" | cut -c1-16)
	cache_entry "$EFI" make_efi
	take "$EFI/ovmf/usr/share/OVMF/OVMF_CODE_4M.fd" "$JOB/firmware"
	efi_variables "$EFI/ovmf/usr/share/OVMF/OVMF_VARS_4M.ms.fd" "$JOB/variables"
	efi_disk "${IMAGE_KERNEL:-$KERNEL_DIR/vmlinuz}" "$JOB/initrd" "$JOB/efi"
}

# efi_variables FROM TO: with the given certificate in the shim's list
MOK_GUID=605dab50-e046-4300-abb6-3dd810dd8b23
efi_variables() {
	local r=$EFI/root
	cp "$1" "$2"
	[ "$SECURE_BOOT" != none ] || return 0
	openssl x509 -in "$SECURE_BOOT" -out "$JOB/mok.pem" || bad "--secure-boot $SECURE_BOOT: no certificate"
	PYTHONHOME=$r/usr PYTHONPATH=$r/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1 \
		"$r/usr/lib64/ld-linux-x86-64.so.2" --library-path "$r/usr/lib/x86_64-linux-gnu" "$r/usr/bin/python3" \
		"$r/usr/bin/virt-fw-vars" --inplace "$2" --add-mok $MOK_GUID "$JOB/mok.pem" 2>"$JOB/variables.log" ||
		bed_fail "$(tail -n 3 "$JOB/variables.log")"
}

# efi_disk KERNEL INITRD FILE
efi_disk() {
	local efi=$EFI/root/usr/lib
	printf '%s\n' "linux /vmlinuz $CMDLINE" 'initrd /initrd' boot >"$JOB/grub.cfg"
	truncate -s $(($(stat -Lc %s "$1") + $(stat -c %s "$2") + (48 << 20))) "$3"
	/sbin/mkfs.vfat -F 32 "$3" >/dev/null
	mmd -i "$3" ::/EFI ::/EFI/BOOT ::/EFI/debian
	mcopy -i "$3" "$efi/shim/shimx64.efi.signed" ::/EFI/BOOT/BOOTX64.EFI
	mcopy -i "$3" "$efi/grub/x86_64-efi-signed/grubx64.efi.signed" ::/EFI/BOOT/grubx64.efi
	mcopy -i "$3" "$JOB/grub.cfg" ::/EFI/debian/grub.cfg
	mcopy -i "$3" "$1" ::/vmlinuz
	mcopy -i "$3" "$2" ::/initrd
}
