# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by disk-add, and on the machine itself by the bed.

# ctrl_of SPEC: the controller that the disk is on
ctrl_of() { option "$1" ctrl "$([ "$(option "$1" name)" = root ] && echo root || echo scsi)"; }

# lun_of SPEC: xvda is 0, xvdb is 1...; the only disk of an IDE accelerator is 0
lun_of() {
	letter=$(option "$1" vdev)
	case $(ctrl_of "$1") in
	ide*) echo 0 ;;
	*) printf 'abcdefghijklmnopqrstuvwxyz' | sed "s/${letter#xvd}.*//" | wc -c ;;
	esac
}

# front SPEC: the disk's device, for QMP. The guest finds it by its product name.
front() {
	model=scsi-hd name=$(option "$1" name)
	[ -z "$(option "$1" cdrom)" ] || model=scsi-cd
	printf '"driver":"%s","bus":"ctrl-%s.0","scsi-id":0,"lun":%d,"product":"%s","serial":"%s"' $model "$(ctrl_of "$1")" \
		"$(lun_of "$1")" "$name" "$name"
	[ $model = scsi-cd ] ||
		printf ',"logical_block_size":%d,"physical_block_size":%d' "$(option "$1" sector 512)" "$(option "$1" sector 512)"
}

# ctrl SPEC: the controller's device, for QMP. Words of SPEC beside name= are its properties. One whose name begins with
# "ide" is the accelerator of the IDE disk whose number follows; with "fc", an adapter of Fibre Channel.
ctrl() {
	name=$(option "$1" name)
	case $name in
	ide*)
		printf '"driver":"storvsp-ide","instanceid":"%08d-%04d-8899-0000-000000000000"' $((${name#ide} / 2)) \
			$((${name#ide} % 2))
		;;
	fc*) printf '"driver":"storvsp-fc"' ;;
	*) printf '"driver":"storvsp"' ;;
	esac
	printf ',"id":"ctrl-%s"' "$name"
	for word in $(printf '%s' "$1" | tr , ' '); do
		[ "${word%%=*}" = name ] || printf ',"%s":%d' "${word%%=*}" "${word#*=}"
	done
}
