# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by `run`: one guest's files, and QEMU's arguments for it in ARGS. DISKTAB tells the guest where its disks are.

# --- what a bed is unless it says otherwise

# The kernel's own drivers under test, by the first word in `modules`; and ours
BED_DRIVERS=pv
# Where the QEMU is that runs the guest, if not the one that would emulate L1
BED_QEMU=
# How the guest finds its disks under test (pv-disk): by the name that vdev= gives them, or as SCSI disks by their product
BED_DISK=pv
BED_OURS="pvbus xen-platform-pci xen-blkfront xen-netfront"

# bed_prepare: what the bed needs besides what all do
bed_prepare() { :; }

# bed_l1 KERNEL INITRD ARGS: what L1 boots. With highres=off its guest's timers are served by its own tick: a quarter fewer
# exits, each of which empties what TCG knows of the page tables.
bed_l1() {
	printf '%s\n' -kernel "$1" -initrd "$2" -append "console=ttyS0 highres=off $3 $(tsc_args)"
}

# bed_program: what runs the guest in L1
bed_program() {
	printf '%s\n' qemu-system-x86_64 -L /usr/share/qemu -L /usr/share/seabios
}

# bed_sink: the folder that the guest's words go to; the host side may bring them on from there
bed_sink() { echo "$INNER"; }

# bed_command: what the guest runs
bed_command() { cat "$JOB/command"; }

# bed_env: more lines of the host side's environment
bed_env() { :; }

# --- the guest

# our_modules: the folder of our .ko files for this kernel
our_modules() {
	local built
	if [ -n "${PV_MODULES:-}" ]; then
		OURS=$PV_MODULES
	elif [ -n "$BESIDE" ]; then
		built=$PV_TOP/build/$KERNEL-beside OURS=$JOB/ours
		PV_BUILD=$built "$PV_TOP/tests/kernels/make" "$KERNEL" PV_SUFFIX=-pv >"$JOB/make.log" 2>&1 || bed_fail "$(tail "$JOB/make.log")"
		mkdir -p "$OURS"
		find "$built" -name '*.ko' -exec cp {} "$OURS" \;
	else
		built=$("$PV_TOP/tests/kernels/build" "$KERNEL")
		OURS=$built/lib/modules/$RELEASE/updates/dkms
	fi
	compgen -G "$OURS/*.ko" >/dev/null || bed_fail "no modules of ours for $RELEASE in $OURS"
}

# modules: what the guest loads at once, and as drivers under test
modules() {
	local m when=boot emulated=$TWIN
	[ "$DRIVER" != emulated ] || emulated=1
	[ "$ROOT" = pv ] || when+='|virtio'
	[[ "${DISKS[*]}" != *if=virtio* ]] || when+='|virtio'
	[[ -z "$emulated" && "${DISKS[*]}" != *if=ide* ]] || when+='|ide|scsi'
	[ "$BED_DRIVERS" != hv ] || when+='|scsi'
	[[ -z "$emulated" || -z "$NET" ]] || when+='|nic'
	awk -v when="^($when)\$" '$1 ~ when { print $2 }' "$BEDS/modules" >"$TREE/pv/modules"
	case $DRIVER$APPEND in
	*pv_load=no*) ;;
	mainline*) awk -v when="$BED_DRIVERS" '$1 == when { print $2 }' "$BEDS/modules" ;;
	ours*)
		for m in $BED_OURS; do
			[ ! -e "$OURS/$m.ko" ] || echo "$m"
			[ ! -e "$OURS/$m-pv.ko" ] || echo "$m-pv"
		done
		;;
	esac >"$TREE/pv/drivers"
}

# guest_files: the initramfs, with what belongs to this run appended
guest_files() {
	local key
	[ -z "$IMAGE" ] || return 0
	OURS=
	[ "$DRIVER" != ours ] || our_modules
	key=$(cat "$BEDS/guest/init" "$BEDS/modules" <(declare -f make_guest_initrd copy_modules) | sha256sum | cut -c1-16)
	[ -z "$OURS" ] || key+=-$(cd "$OURS" && content_key -- *.ko)
	INITRD=$PV_CACHE/beds/initrd-$RELEASE-$key
	cache_entry "$INITRD" make_guest_initrd "$KERNEL_DIR" "$RELEASE" "$OURS"

	TREE=$JOB/tree
	mkdir -p "$TREE/pv/bin" "$TREE/pv/tests"
	modules
	install -m755 "$BEDS"/guest/pv-* "$TREE/pv/bin/"
	[ ! -d "$PV_TOP/tests/guest" ] || cp -a "$PV_TOP/tests/guest" "$TREE/pv/tests/"
	(cd "$PV_TOP" && cp -a --parents tools packaging/udev "$TREE/pv/")
	echo "$COMMAND" >"$JOB/command"
	bed_command >"$TREE/pv/command"
	cat >"$TREE/pv/env" <<-EOF
	export PV_BED=$BED PV_DRIVER=$DRIVER PV_KERNEL=$RELEASE PV_ROOT=$ROOT PV_NET=$NET PV_SHELL=$SHELL_
	export PV_DISKTAB="$DISKTAB"
	export TERM=${TERM:-dumb} COLUMNS=$(tput cols 2>/dev/null || echo 80) LINES=$(tput lines 2>/dev/null || echo 24)
	EOF
	{ cat "$INITRD/initrd"; archive "$TREE"; } >"$JOB/initrd"
	rm -rf "$TREE"
}

# disk_args INDEX SPEC: QEMU's arguments for a disk; a line for it in $JOB/disks; a word in DISKTAB
IDE=0
disk_args() {
	local name vdev how ro=''
	name=$(option "$1" name)
	vdev=$(option "$1" vdev)
	how=$(option "$1" if pv)
	[ "$DRIVER" != emulated ] || [ "$how" = virtio ] || how=ide
	[ -z "$(option "$1" ro)$(option "$1" cdrom)" ] || ro=on
	[ "$name$ROOT" = rootpv ] || echo "$1" >>"$JOB/disks"
	case $how in
	pv) mapfile -t -O ${#ARGS[@]} ARGS < <(bed_disk "$name" "$1" "$vdev" "$ro") ;;
	virtio)
		mapfile -t -O ${#ARGS[@]} ARGS < <(image_args "$name" "$ro")
		ARGS+=(-device "virtio-blk-pci,id=disk-$name,drive=$name,serial=$name,class=0x0180")
		;;
	esac
	if [ "$how$ro" = ideon ] && [ -z "$(option "$1" cdrom)" ]; then
		bad "--disk $1: QEMU has no read-only IDE disk"
	elif [ "$how" = ide ] || [ "$how$TWIN$ro" = pv1 ]; then
		[ $IDE -lt 4 ] || bad "--disk $1: there are only four places for emulated disks"
		[ "$how$BED_TWINS" = pvxl ] || ide_args "$1" "$name" "$ro"
		DISKTAB+=" $name=$vdev:$((IDE / 2 + 1)):$((IDE % 2)):${how/#pv/$BED_DISK}"
		IDE=$((IDE + 1))
	else
		DISKTAB+=" $name=$vdev:::${how/#pv/$BED_DISK}"
	fi
}

# image_args NAME READONLY: the block node of a disk's image; the root's is written to a throw-away layer
image_args() {
	local node=discard=unmap
	if [ "$1$ROOT" = rootpv ]; then
		printf '%s\n' -drive "if=none,id=root,file=$GUEST_IMAGE,format=raw,snapshot=on"
	else
		printf '%s\n' -blockdev "driver=raw,node-name=$1,read-only=${2:-off},$node,file.driver=file,\
file.filename=$WORK/disks/$1.img,file.$node${TWIN:+,file.locking=off}"
	fi
}

# ide_args SPEC NAME READONLY: from a -drive of its own, and not from the PV disk's -blockdev: when the guest unplugs a disk
# QEMU drops a reference that only a -drive holds
ide_args() {
	local model=ide-hd image=$WORK/disks/$2.img
	[ -z "$(option "$1" cdrom)" ] || model=ide-cd
	[ "$2" = root ] && image=$GUEST_IMAGE,snapshot=on
	ARGS+=(-drive "if=none,id=ide-$2,file=$image,format=raw,file.locking=off${3:+,readonly=on}"
		-device "$model,id=twin-$2,bus=ide.$((IDE / 2)),unit=$((IDE % 2)),drive=ide-$2")
}

# A character to the serial port is two exits, and costs up to a millisecond: it serves only until the virtio console is
# there, which takes a line at once. No test has any use for keyboard, mouse, floppy drive and a test of ciphers, which take
# seconds.
KERNEL_ARGS="quiet earlyprintk=ttyS0,115200 console=hvc0 panic=-1 oops=panic mitigations=off nokaslr"
KERNEL_ARGS+=" i8042.nokbd i8042.noaux modprobe.blacklist=floppy cryptomgr.notests"
PV_MAC=52:54:00:12:34:56
machine_args() {
	local d SINK
	SINK=$(bed_sink)
	CMDLINE="$KERNEL_ARGS $(tsc_args) $(bed_append "$([ "$RIDING" ] && echo mainline || echo "$DRIVER")")$APPEND"
	mapfile -t -O ${#ARGS[@]} ARGS < <(bed_machine)
	ARGS+=(-device virtio-serial-pci,max_ports=8 -chardev "file,id=console,path=$SINK/console.log,append=on"
		-device virtconsole,chardev=console)
	port out "file,path=$SINK/out"
	port ctl "file,path=$WORK/ctl"
	port dmesg "file,path=$SINK/dmesg.log,append=on"
	port host "pipe,path=$WORK/host"
	ARGS+=(-chardev "pipe,id=qmp,path=$WORK/qmp" -mon chardev=qmp,mode=control)
	[ -z "$SHELL_" ] || ARGS+=(-chardev "pipe,id=shell,path=$SHELL_PATH" -device virtconsole,chardev=shell)
	# Class "other storage": QEMU takes a SCSI controller, its default class, away when the guest unplugs emulated disks
	[ "$ROOT" != virtio ] || ARGS+=(-drive "if=none,id=root,file=$GUEST_IMAGE,format=raw,readonly=on"
		-device virtio-blk-pci,drive=root,class=0x0180)
	DISKTAB=
	: >"$JOB/disks"
	for d in "${DISKS[@]}"; do
		disk_args "$d"
	done
	[ -z "$NET" ] || mapfile -t -O ${#ARGS[@]} ARGS < <(bed_nics)
	ARGS+=("${MORE[@]}")
}

# boot_args: the machine around what bed_machine says, for beds that start QEMU themselves
boot_args() {
	printf '%s\n' -nodefaults -no-user-config -display none -vga none -no-reboot -m "$MEM" -smp "$CPUS" \
		-serial "file:$INNER/early.log"
	if [ -n "$SECURE_BOOT" ]; then
		efi_args
	else
		printf '%s\n' -kernel "$KERNEL_INNER" -initrd "$INNER/initrd" -append "$CMDLINE"
	fi
}

port() { ARGS+=(-chardev "$2,id=$1" -device "virtserialport,chardev=$1,name=pv.$1"); }

# place: where things are, as the host side sees them
place() {
	local d
	if [ -n "$DIRECT" ]; then
		QEMU_ROOT=${BED_QEMU:-$QEMU_ROOT} L1_PRELOAD=''
		set_qemu
		ARGS=("${QEMU[@]}")
		INNER=$JOB WORK=/dev/shm/pv-bed/${JOB##*/} GUEST_IMAGE=$GUEST_ROOT/root.ext4 KERNEL_INNER=$KERNEL_DIR/vmlinuz
		SHELL_PATH=$WORK/shell
	else
		mapfile -t ARGS < <(bed_program)
		INNER=/mnt${JOB#"$PV_CACHE"} WORK=/tmp/pv/${JOB##*/} GUEST_IMAGE=/dev/vdb
		KERNEL_INNER=/mnt${KERNEL_DIR#"$PV_CACHE"}/vmlinuz
		SHELL_PATH=/dev/virtio-ports/pv.shell
	fi
	[ -z "$IMAGE" ] || image_files
	mkdir -p "$JOB/bin"
	install -m755 "$BEDS"/host/{disk-sum,lib.sh,session} "$JOB/bin/"
	for d in $BED_HOST; do
		install -m755 "$BEDS/host/$d"/* "$JOB/bin/"
	done
	preload
	cat >"$JOB/env" <<-EOF
	PV_WORK=$WORK
	PV_BIN=$INNER/bin
	PV_TIMEOUT=$TIMEOUT
	PV_NET=$NET
	$(bed_env)
	EOF
}

# image_files: what the caller gave, where L1 can see it
image_files() {
	take "$IMAGE" "$JOB/image"
	take "$IMAGE_INITRD" "$JOB/initrd"
	take "$IMAGE_KERNEL" "$JOB/vmlinuz"
	GUEST_IMAGE=$INNER/image KERNEL_INNER=$INNER/vmlinuz
	APPEND+=" root=UUID=$(/sbin/blkid -p -o value -s UUID "$IMAGE") rw init=/usr/local/sbin/pv-bed-init"
	MORE+=(-fw_cfg "name=opt/pv/command,file=$INNER/command")
	# An initramfs that is not ours wants a console before it has loaded any driver
	KERNEL_ARGS=${KERNEL_ARGS/earlyprintk=ttyS0,115200 console=hvc0/console=ttyS0}
	echo "$COMMAND" >"$JOB/command"
}

# take FILE PLACE: by a link if that can be
take() { ln "$(readlink -f "$1")" "$2" 2>/dev/null || cp --sparse=always "$1" "$2"; }

# preload: what the bed adds to QEMU
preload() {
	PRELOAD=
	bed_preload
	[ -z "$PRELOAD" ] || cp "$PRELOAD" "$JOB/bin/preload.so"
}

# preload_of SOURCE: set PRELOAD to the shared object made of it
preload_of() {
	local dir
	need_packages gcc libc6-dev
	dir=$PV_CACHE/beds/preload-$(sha256sum <"$1" | cut -c1-16)
	cache_entry "$dir" compile "$1"
	PRELOAD=$dir/preload.so
}

compile() { gcc -shared -fPIC -O2 -pthread -o "$2/preload.so" "$1"; }

# Files that disks start from, where L1 can see them
take_files() {
	local i f
	for i in "${!DISKS[@]}"; do
		f=$(option "${DISKS[i]}" file)
		[ -n "$f" ] || continue
		take "$f" "$JOB/disk-$i"
		DISKS[i]+=,file=$INNER/disk-$i
	done
}

