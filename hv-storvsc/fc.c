// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fibre Channel: what the kernel's class for it shows of an adapter. To the host it is a controller
 * like the others. Without the class disks are there all the same.
 */
#include <scsi_fc.h>
#include "storvsc.h"

static struct fc_function_template functions = {
	.show_host_node_name = 1,
	.show_host_port_name = 1,
};

static struct scsi_transport_template *template;

void stor_fc_init(void)
{
	if (fc_attach_transport)
		template = fc_attach_transport(&functions);
}

void stor_fc_exit(void)
{
	if (template)
		fc_release_transport(template);
}

/* Before the host is added. */
void stor_fc_prepare(struct storvsc *st, struct Scsi_Host *host)
{
	if (st->kind == STOR_FC)
		host->transportt = template ?: host->transportt;
}

static bool has_class(const struct storvsc *st)
{
	return template && st->host && st->host->transportt == template;
}

/* With each connection: the host may have moved the adapter to its other names. */
void stor_fc_show(struct storvsc *st)
{
	if (!has_class(st))
		return;
	fc_host_node_name(st->host) = st->wwn.node;
	fc_host_port_name(st->host) = st->wwn.port;
}

/* Of its port no more is known than that there is one; users have targets scanned through it. */
void stor_fc_add(struct storvsc *st)
{
	struct fc_rport_identifiers ids = { .roles = FC_PORT_ROLE_FCP_DUMMY_INITIATOR };

	if (!has_class(st))
		return;
	stor_fc_show(st);
	if (!fc_remote_port_add(st->host, 0, &ids))
		dev_warn(st->dev, "no remote port: targets cannot be scanned by hand\n");
}

void stor_fc_remove(struct storvsc *st)
{
	if (has_class(st))
		fc_remove_host(st->host);
}
