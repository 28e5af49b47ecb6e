/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SCSI midlayer of the newest kernel, on every kernel. Include this after the linux/ headers.
 *
 * Under their upstream names, in their newest form:
 *
 *   scsi_done(cmd), scsi_cmd_to_rq(cmd), scsi_build_sense(cmd, desc, key, asc, ascq),
 *   scsi_rescan_device(sdev)
 *   enum scsi_qc_status, enum scsi_timeout_action
 *   .sdev_init, .sdev_configure, .sdev_destroy in struct scsi_host_template
 *
 * Callbacks whose prototype changed: write FN in the newest form, put the macro after it, give
 * FN_op to the kernel.
 *
 *   PV_SCSI_QUEUECOMMAND(fn)        enum scsi_qc_status fn(struct Scsi_Host *host,
 *                                                          struct scsi_cmnd *cmd)
 *   PV_SCSI_SDEV_CONFIGURE(fn)      int fn(struct scsi_device *sdev, struct queue_limits *lim)
 *   PV_SCSI_TIMED_OUT(fn)           enum scsi_timeout_action fn(struct scsi_cmnd *cmd)
 *   PV_SCSI_BIOS_PARAM(fn)          int fn(struct scsi_device *sdev, struct gendisk *disk,
 *                                          sector_t capacity, int geo[])
 *   PV_SCSI_MAP_QUEUES(fn)          void fn(struct Scsi_Host *host)
 *   PV_SCSI_MQ_POLL(fn)             int fn(struct Scsi_Host *host, unsigned int queue);
 *                                   in the template: PV_SCSI_SET_MQ_POLL(fn)
 *
 * Without an upstream name to take:
 *
 *   PV_SCSI_SET_SHOST_GROUPS(groups)       in the template; and once the host is added
 *   pv_scsi_add_shost_groups(host, groups) for kernels whose template has no such field
 */
#ifndef PV_COMPAT_SCSI_H
#define PV_COMPAT_SCSI_H

#include <scsi/scsi.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>
#include <blk.h>

/* -- commands -- */

#if !PV_HAVE_SCSI_DONE
#define scsi_done(cmd) ((cmd)->scsi_done(cmd))
#endif

#if !PV_HAVE_SCSI_CMD_TO_RQ
#define scsi_cmd_to_rq(cmd) ((cmd)->request)
#endif

#if !PV_HAVE_SCSI_BUILD_SENSE
/* There, sense data counts only with the driver byte set. */
static inline void scsi_build_sense(struct scsi_cmnd *cmd, int desc, u8 key, u8 asc, u8 ascq)
{
	scsi_build_sense_buffer(desc, cmd->sense_buffer, key, asc, ascq);
	cmd->result = DRIVER_SENSE << 24 | SAM_STAT_CHECK_CONDITION;
}
#endif

#if !PV_HAVE_SCSI_RESCAN_SDEV
#define scsi_rescan_device(sdev) scsi_rescan_device(&(sdev)->sdev_gendev)
#endif

#if PV_HAVE_SCSI_QC_STATUS
#define PV_SCSI_QUEUECOMMAND(fn) \
	static enum scsi_qc_status fn##_op(struct Scsi_Host *host, struct scsi_cmnd *cmd) \
	{ return fn(host, cmd); }
#else
enum scsi_qc_status { PV_SCSI_QUEUED };

#define PV_SCSI_QUEUECOMMAND(fn) \
	static int fn##_op(struct Scsi_Host *host, struct scsi_cmnd *cmd) \
	{ return fn(host, cmd); }
#endif

#if PV_HAVE_SCSI_TIMEOUT_ACTION
#define PV_SCSI_TIMED_OUT(fn) \
	static enum scsi_timeout_action fn##_op(struct scsi_cmnd *cmd) { return fn(cmd); }
#else
enum scsi_timeout_action { SCSI_EH_DONE, SCSI_EH_RESET_TIMER, SCSI_EH_NOT_HANDLED };

/* There, BLK_EH_DONE starts error handling unless the command has completed meanwhile. */
#define PV_SCSI_TIMED_OUT(fn) \
	static enum blk_eh_timer_return fn##_op(struct scsi_cmnd *cmd) \
	{ return fn(cmd) == SCSI_EH_RESET_TIMER ? BLK_EH_RESET_TIMER : BLK_EH_DONE; }
#endif

/* -- devices -- */

#if !PV_HAVE_SCSI_SDEV_INIT
#define sdev_init	slave_alloc
#define sdev_destroy	slave_destroy
#if PV_HAVE_SCSI_CONFIGURE_LIMITS && PV_HAVE_BLK_FEATURES
#define sdev_configure	device_configure
#else
#define sdev_configure	slave_configure
#endif
#endif

#if PV_HAVE_BLK_FEATURES
#define PV_SCSI_SDEV_CONFIGURE(fn) \
	static int fn##_op(struct scsi_device *sdev, struct queue_limits *lim) \
	{ return fn(sdev, lim); }
#else
#define PV_SCSI_SDEV_CONFIGURE(fn) \
	static int fn##_op(struct scsi_device *sdev) \
	{ \
		struct queue_limits lim = queue_limits_start_update(sdev->request_queue); \
		int ret = fn(sdev, &lim); \
		\
		return ret ?: queue_limits_commit_update(sdev->request_queue, &lim); \
	}
#endif

#if PV_HAVE_SCSI_BIOS_PARAM_DISK
#define PV_SCSI_BIOS_PARAM(fn) \
	static int fn##_op(struct scsi_device *sdev, struct gendisk *disk, sector_t cap, \
			   int geo[]) \
	{ return fn(sdev, disk, cap, geo); }
#else
#define PV_SCSI_BIOS_PARAM(fn) \
	static int fn##_op(struct scsi_device *sdev, struct block_device *bdev, sector_t cap, \
			   int geo[]) \
	{ return fn(sdev, bdev->bd_disk, cap, geo); }
#endif

/* -- hosts -- */

#if PV_HAVE_SCSI_MAP_QUEUES_VOID
#define PV_SCSI_MAP_QUEUES(fn) \
	static void fn##_op(struct Scsi_Host *host) { fn(host); }
#else
#define PV_SCSI_MAP_QUEUES(fn) \
	static int fn##_op(struct Scsi_Host *host) { fn(host); return 0; }
#endif

#define PV_SCSI_MQ_POLL(fn) \
	static inline __maybe_unused int fn##_op(struct Scsi_Host *host, unsigned int queue) \
	{ return fn(host, queue); }
#if PV_HAVE_SCSI_MQ_POLL
#define PV_SCSI_SET_MQ_POLL(fn) .mq_poll = fn##_op,
#else
#define PV_SCSI_SET_MQ_POLL(fn)
#endif

#if PV_HAVE_SCSI_SHOST_GROUPS
#define PV_SCSI_SET_SHOST_GROUPS(groups) .shost_groups = groups,
#else
#define PV_SCSI_SET_SHOST_GROUPS(groups)
#endif

static inline int pv_scsi_add_shost_groups(struct Scsi_Host *host,
					   const struct attribute_group **groups)
{
#if PV_HAVE_SCSI_SHOST_GROUPS
	return 0;
#else
	return sysfs_create_groups(&host->shost_dev.kobj, groups);
#endif
}

#endif /* PV_COMPAT_SCSI_H */
