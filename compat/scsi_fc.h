/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SCSI midlayer's class for Fibre Channel, if there is one: not every kernel has it, nor every
 * initramfs its module. References are weak, so modules are loaded all the same; then
 * fc_attach_transport is NULL, and none of these may be called.
 */
#ifndef PV_COMPAT_SCSI_FC_H
#define PV_COMPAT_SCSI_FC_H

#include <linux/compiler.h>
#include <scsi/scsi_transport.h>
#include <scsi/scsi_transport_fc.h>

extern typeof(fc_attach_transport) fc_attach_transport __weak;
extern typeof(fc_release_transport) fc_release_transport __weak;
extern typeof(fc_remote_port_add) fc_remote_port_add __weak;
extern typeof(fc_remove_host) fc_remove_host __weak;

#endif /* PV_COMPAT_SCSI_FC_H */
