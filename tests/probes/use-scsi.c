// SPDX-License-Identifier: GPL-2.0-only
/* Uses all that compat/scsi.h and scsi_fc.h offer; has to compile everywhere, without a warning. */
#include <linux/module.h>
#include <scsi.h>
#include <scsi_fc.h>

static enum scsi_qc_status use_queuecommand(struct Scsi_Host *host, struct scsi_cmnd *cmd)
{
	if (!scsi_cmd_to_rq(cmd))
		return SCSI_MLQUEUE_HOST_BUSY;
	if (cmd->cmnd[0] == INQUIRY)
		scsi_build_sense(cmd, 0, ILLEGAL_REQUEST, 0x20, 0);
	scsi_done(cmd);
	return 0;
}
PV_SCSI_QUEUECOMMAND(use_queuecommand)

static enum scsi_timeout_action use_timed_out(struct scsi_cmnd *cmd)
{
	return cmd->retries ? SCSI_EH_NOT_HANDLED : SCSI_EH_RESET_TIMER;
}
PV_SCSI_TIMED_OUT(use_timed_out)

static int use_sdev_init(struct scsi_device *sdev)
{
	return sdev->lun ? -ENXIO : 0;
}

static int use_sdev_configure(struct scsi_device *sdev, struct queue_limits *lim)
{
	lim->virt_boundary_mask = PAGE_SIZE - 1;
	return 0;
}
PV_SCSI_SDEV_CONFIGURE(use_sdev_configure)

static void use_sdev_destroy(struct scsi_device *sdev)
{
	scsi_rescan_device(sdev);
	sdev->hostdata = NULL;
}

static int use_bios_param(struct scsi_device *sdev, struct gendisk *disk, sector_t cap, int geo[])
{
	geo[0] = disk && cap ? 255 : 0;
	return 0;
}
PV_SCSI_BIOS_PARAM(use_bios_param)

static void use_map_queues(struct Scsi_Host *host)
{
	blk_mq_map_queues(&host->tag_set.map[HCTX_TYPE_DEFAULT]);
}
PV_SCSI_MAP_QUEUES(use_map_queues)

static int use_poll(struct Scsi_Host *host, unsigned int queue)
{
	return host->nr_hw_queues > queue;
}
PV_SCSI_MQ_POLL(use_poll)

static const struct attribute_group *use_groups[] = { NULL };

static struct scsi_host_template use_template = {
	.module = THIS_MODULE,
	.name = "use-scsi",
	.can_queue = 32,
	.this_id = -1,
	.queuecommand = use_queuecommand_op,
	.eh_timed_out = use_timed_out_op,
	.sdev_init = use_sdev_init,
	.sdev_configure = use_sdev_configure_op,
	.sdev_destroy = use_sdev_destroy,
	.bios_param = use_bios_param_op,
	.map_queues = use_map_queues_op,
	PV_SCSI_SET_MQ_POLL(use_poll)
	PV_SCSI_SET_SHOST_GROUPS(use_groups)
};

static struct fc_function_template use_functions;

static int use_fc(struct Scsi_Host *host)
{
	struct fc_rport_identifiers ids = { .roles = FC_PORT_ROLE_FCP_DUMMY_INITIATOR };

	if (!fc_attach_transport)
		return 0;
	host->transportt = fc_attach_transport(&use_functions);
	if (!fc_remote_port_add(host, 0, &ids))
		return -ENOMEM;
	fc_remove_host(host);
	fc_release_transport(host->transportt);
	return 0;
}

static struct Scsi_Host *use_host;

static int __init use_init(void)
{
	int ret;

	use_host = scsi_host_alloc(&use_template, 0);
	if (!use_host)
		return -ENOMEM;
	ret = scsi_add_host(use_host, NULL) ?: use_fc(use_host);
	return ret ?: pv_scsi_add_shost_groups(use_host, use_groups);
}

static void __exit use_exit(void)
{
	scsi_remove_host(use_host);
	scsi_host_put(use_host);
}

module_init(use_init);
module_exit(use_exit);
MODULE_DESCRIPTION("compile test of compat/scsi.h");
MODULE_LICENSE("GPL");
