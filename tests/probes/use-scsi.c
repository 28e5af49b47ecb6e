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
	if (pv_scsi_last(cmd))
		scsi_done(cmd);
	return 0;
}
PV_SCSI_QUEUECOMMAND(use_queuecommand)

static int use_sdev_init(struct scsi_device *sdev)
{
	return sdev->lun ? -ENXIO : 0;
}

static int use_sdev_configure(struct scsi_device *sdev, struct queue_limits *lim)
{
	pv_scsi_sdev_virt_boundary(sdev, PAGE_SIZE - 1);
	return 0;
}
PV_SCSI_SDEV_CONFIGURE(use_sdev_configure)

static void use_sdev_destroy(struct scsi_device *sdev)
{
	scsi_rescan_device(sdev);
	sdev->hostdata = NULL;
}

static void use_map_queues(struct Scsi_Host *host)
{
	pv_mq_default_map(&host->tag_set)[0] = 0;
}
PV_SCSI_MAP_QUEUES(use_map_queues)

static void __maybe_unused use_commit_rqs(struct Scsi_Host *host, u16 queue)
{
	dev_dbg(&host->shost_gendev, "%u\n", queue);
}

static struct scsi_host_template use_template = {
	.module = THIS_MODULE,
	.name = "use-scsi",
	.can_queue = 32,
	.this_id = -1,
	.queuecommand = use_queuecommand_op,
	.sdev_init = use_sdev_init,
	.sdev_configure = use_sdev_configure_op,
	.sdev_destroy = use_sdev_destroy,
	.map_queues = use_map_queues_op,
	PV_SCSI_SET_COMMIT_RQS(use_commit_rqs)
	PV_SCSI_SET_HOST_TAGSET
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
	use_host = scsi_host_alloc(&use_template, 0);
	if (!use_host)
		return -ENOMEM;
	pv_scsi_set_queues(use_host, 2);
	pv_scsi_set_virt_boundary(use_host, PAGE_SIZE - 1);
	return scsi_add_host(use_host, NULL) ?: use_fc(use_host);
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
