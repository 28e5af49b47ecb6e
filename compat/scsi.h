/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SCSI midlayer of the newest kernel, on every kernel. Include this after the linux/ headers.
 *
 * Under their upstream names, in their newest form:
 *
 *   scsi_done(cmd), scsi_cmd_to_rq(cmd), scsi_build_sense(cmd, desc, key, asc, ascq),
 *   scsi_rescan_device(sdev)
 *   enum scsi_qc_status
 *   .sdev_init, .sdev_configure, .sdev_destroy in struct scsi_host_template
 *
 * Callbacks whose prototype changed: write FN in the newest form, put the macro after it, give
 * FN_op to the kernel.
 *
 *   PV_SCSI_QUEUECOMMAND(fn)        enum scsi_qc_status fn(struct Scsi_Host *host,
 *                                                          struct scsi_cmnd *cmd)
 *   PV_SCSI_SDEV_CONFIGURE(fn)      int fn(struct scsi_device *sdev, struct queue_limits *lim);
 *                                   lim may be NULL
 *   PV_SCSI_MAP_QUEUES(fn)          void fn(struct Scsi_Host *host)
 *
 * Without an upstream name to take:
 *
 *   PV_SCSI_SET_COMMIT_RQS(fn)      in the template, where there is such a thing
 *   pv_scsi_last(cmd)               ring the doorbell now? Always, where nothing calls commit_rqs
 *   PV_SCSI_SET_HOST_TAGSET         in the template: a tag is one command of all queues; and
 *   pv_scsi_set_queues(host, n)     so many of them, or one where there are no such tags
 *   pv_scsi_no_elevator(host)       before the first device: many queues need none, though they
 *                                   have tags in common; older kernels do not ask about those
 *   pv_scsi_set_virt_boundary(host, mask), and in sdev_configure()
 *   pv_scsi_sdev_virt_boundary(sdev, mask)
 *                                   one of the two does it
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
	{ return fn(sdev, NULL); }
#endif

/* -- hosts -- */

#if PV_HAVE_SCSI_COMMIT_RQS
#define PV_SCSI_SET_COMMIT_RQS(fn) .commit_rqs = fn,
#define pv_scsi_last(cmd) (!!((cmd)->flags & SCMD_LAST))
#else
#define PV_SCSI_SET_COMMIT_RQS(fn)
#define pv_scsi_last(cmd) true
#endif

#if PV_HAVE_SCSI_HOST_TAGSET
#define PV_SCSI_SET_HOST_TAGSET .host_tagset = 1,
#define pv_scsi_set_queues(host, n) ((host)->nr_hw_queues = (n))
#else
#define PV_SCSI_SET_HOST_TAGSET
static inline void pv_scsi_set_queues(struct Scsi_Host *host, unsigned int n)
{
	host->nr_hw_queues = 1;
#if PV_HAVE_SCSI_USE_BLK_MQ
	host->use_blk_mq = 1;	/* it has a path without, and that has other tags */
#endif
}
#endif

static inline void pv_scsi_no_elevator(struct Scsi_Host *host)
{
#if PV_HAVE_BLK_F_NO_SCHED
	if (host->nr_hw_queues > 1)
		host->tag_set.flags |= BLK_MQ_F_NO_SCHED_BY_DEFAULT;
#endif
}

#if PV_HAVE_SCSI_VIRT_BOUNDARY
#define pv_scsi_set_virt_boundary(host, mask)	((host)->virt_boundary_mask = (mask))
#define pv_scsi_sdev_virt_boundary(sdev, mask)	((void)(mask))
#else
#define pv_scsi_set_virt_boundary(host, mask)	((void)(mask))
#define pv_scsi_sdev_virt_boundary(sdev, mask) \
	blk_queue_virt_boundary((sdev)->request_queue, mask)
#endif

#if PV_HAVE_SCSI_MAP_QUEUES_VOID
#define PV_SCSI_MAP_QUEUES(fn) \
	static void fn##_op(struct Scsi_Host *host) { fn(host); }
#else
#define PV_SCSI_MAP_QUEUES(fn) \
	static int fn##_op(struct Scsi_Host *host) { fn(host); return 0; }
#endif

#endif /* PV_COMPAT_SCSI_H */
