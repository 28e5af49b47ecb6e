// SPDX-License-Identifier: GPL-2.0-only
/*
 * The protocol of the controller: what the guest asks for in its channels, and how it is answered. Disks are QEMU's own.
 *
 *	-device vmbus-bridge -device storvsp,id=ctrl,channels=4 -device scsi-hd,bus=ctrl.0,scsi-id=0,lun=0,drive=...
 *
 * Where it can, the device is strict: a driver that is wrong about a length or a direction gets an error.
 */
#include "storvsp.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "hw/hotplug.h"
#include "hw/qdev-properties.h"
#include "scsi/constants.h"
#include "scsi/utils.h"

/* --- answers */

static void storvsp_free(struct storvsp_req *r)
{
	timer_free(r->timer);
	vmbus_free_req(r);
}

/* storvsp_send: false if the ring has no room; the guest then notifies us when it has */
static bool storvsp_send(struct storvsp_req *r)
{
	g_autofree void *packet = g_malloc0(MAX(r->len, sizeof(r->reply)));

	if (vmbus_channel_reserve(r->vm.chan, 0, r->len) < 0)
		return false;
	memcpy(packet, &r->reply, sizeof(r->reply));
	vmbus_channel_send_completion(&r->vm, packet, r->len);
	return true;
}

/* storvsp_send_rescan: an event, not an answer; mind that it has no transaction */
static void storvsp_send_rescan(Storvsp *s, VMBusChannel *chan)
{
	g_autofree struct vstor_packet *packet = g_malloc0(MAX(s->rescan, sizeof(*packet)));

	packet->operation = VSTOR_ENUMERATE_BUS;
	if (!s->ready || vmbus_channel_reserve(chan, 0, s->rescan) < 0)
		return;
	vmbus_channel_send(chan, VMBUS_PACKET_DATA_INBAND, NULL, 0, packet, s->rescan, false, 0);
	s->rescan = 0;
}

static void storvsp_flush(Storvsp *s, VMBusChannel *chan)
{
	unsigned int i = vmbus_channel_idx(chan);
	struct storvsp_req *r;

	while ((r = QTAILQ_FIRST(&s->done[i]))) {
		for (; r->vm.need_comp && r->copies; r->copies--)
			if (!storvsp_send(r))
				return;
		QTAILQ_REMOVE(&s->done[i], r, next);
		storvsp_free(r);
	}
	if (s->rescan && i == 0)
		storvsp_send_rescan(s, chan);
}

void storvsp_reply(struct storvsp_req *r)
{
	Storvsp *s = r->dev;
	VMBusChannel *chan = r->vm.chan;

	if (storvsp_fault_hold(r))
		return;
	QTAILQ_INSERT_TAIL(&s->done[vmbus_channel_idx(chan)], r, next);
	storvsp_flush(s, chan);
}

static void storvsp_status(struct storvsp_req *r, uint32_t status)
{
	r->reply.operation = VSTOR_COMPLETE_IO;
	r->reply.status = status;
	storvsp_reply(r);
}

/* storvsp_answer: an SRB is done, all but RESIDUAL bytes of it */
void storvsp_answer(struct storvsp_req *r, uint8_t srb, uint8_t scsi, uint64_t residual)
{
	struct vstor_srb *q = &r->reply.srb;

	q->srb_status = srb;
	q->scsi_status = scsi;
	q->data_len = r->vm.sgl.size - MIN(residual, r->vm.sgl.size);
	storvsp_status(r, srb == SRB_SUCCESS ? NT_SUCCESS : NT_IO_DEVICE_ERROR);
}

static void storvsp_sense(struct storvsp_req *r, SCSISense sense)
{
	r->reply.srb.sense_len = scsi_build_sense_buf(r->reply.srb.sense, sizeof(r->reply.srb.sense), sense, true);
	storvsp_answer(r, SRB_ERROR | SRB_SENSE, CHECK_CONDITION, r->vm.sgl.size);
}

/* --- what the SCSI layer calls */

static QEMUSGList *storvsp_sg_list(SCSIRequest *req)
{
	struct storvsp_req *r = req->hba_private;

	return r->vm.sgl.dev ? &r->vm.sgl : NULL;
}

/* For a transfer without a scatter list only; storvsp_command() lets none pass that has data */
static void storvsp_transfer(SCSIRequest *req, uint32_t len)
{
	scsi_req_continue(req);
}

static void storvsp_ended(SCSIRequest *req, uint8_t srb, uint8_t scsi, uint64_t residual)
{
	struct storvsp_req *r = req->hba_private;
	struct vstor_srb *q = &r->reply.srb;

	QTAILQ_REMOVE(&r->dev->running, r, next);
	if (scsi == CHECK_CONDITION) {
		q->sense_len = scsi_req_get_sense(req, q->sense, sizeof(q->sense));
		srb |= SRB_SENSE;
	}
	r->scsi = NULL;
	req->hba_private = NULL;
	scsi_req_unref(req);
	storvsp_answer(r, srb, scsi, residual);
}

static void storvsp_complete(SCSIRequest *req, size_t residual)
{
	if (req->hba_private)
		storvsp_ended(req, req->status == GOOD ? SRB_SUCCESS : SRB_ERROR, req->status, residual);
}

static void storvsp_cancel(SCSIRequest *req)
{
	struct storvsp_req *r = req->hba_private;

	if (r)
		storvsp_ended(req, SRB_ABORTED, GOOD, r->vm.sgl.size);
}

static void storvsp_fail(SCSIRequest *req)
{
	struct storvsp_req *r = req->hba_private;

	if (r)
		storvsp_ended(req, SRB_ERROR, GOOD, r->vm.sgl.size);
}

static const SCSIBusInfo storvsp_bus_info = {
	.tcq = true,
	.max_target = 1,
	.max_lun = 63,
	.transfer_data = storvsp_transfer,
	.get_sg_list = storvsp_sg_list,
	.complete = storvsp_complete,
	.cancel = storvsp_cancel,
	.fail = storvsp_fail,
};

/* --- SRBs */

static void storvsp_data(struct storvsp_req *r, void *data, size_t len)
{
	dma_addr_t residual = r->vm.sgl.size;

	if (r->vm.sgl.dev)
		dma_buf_read(data, MIN(len, r->vm.sgl.size), &residual, &r->vm.sgl, MEMTXATTRS_UNSPECIFIED);
	storvsp_answer(r, SRB_SUCCESS, GOOD, residual);
}

/*
 * There is nothing at this address. To the INQUIRY of a scan Linux' hv_storvsc wants data that say so: it takes every one
 * for a success. And of SRB_INVALID_LUN it removes the disk on path 0, whatever the path was.
 */
static void storvsp_absent(struct storvsp_req *r, uint8_t opcode, uint8_t path)
{
	uint8_t nothing[36] = { 0x7f, 0, 5, 2, sizeof(nothing) - 5 }, no_luns[8] = { };

	if (opcode == INQUIRY) {
		storvsp_data(r, nothing, sizeof(nothing));
	} else if (opcode == REPORT_LUNS) {
		storvsp_data(r, no_luns, sizeof(no_luns));
	} else if (path == 0) {
		storvsp_answer(r, SRB_INVALID_LUN, GOOD, r->vm.sgl.size);
	} else {
		storvsp_sense(r, SENSE_CODE(LUN_NOT_SUPPORTED));
	}
}

/* storvsp_fits: do the guest's words on the transfer agree with the command and the pages given for it? */
static uint8_t storvsp_fits(struct storvsp_req *r, uint8_t data_in)
{
	SCSICommand *cmd = &r->scsi->cmd;

	if (cmd->mode == SCSI_XFER_NONE || !cmd->xfer)
		return SRB_SUCCESS;
	if (data_in != (cmd->mode == SCSI_XFER_FROM_DEV))
		return SRB_INVALID_REQUEST;
	return cmd->xfer > r->vm.sgl.size ? SRB_DATA_OVERRUN : SRB_SUCCESS;
}

static void storvsp_command(struct storvsp_req *r, SCSIDevice *d, const struct vstor_srb *q)
{
	uint8_t cdb[sizeof(q->cdb)], misfit;

	memcpy(cdb, q->cdb, sizeof(cdb));
	r->scsi = scsi_req_new(d, r->vm.transaction_id, q->lun, cdb, q->cdb_len, r);
	misfit = storvsp_fits(r, q->data_in);
	if (misfit != SRB_SUCCESS) {
		error_report("storvsp: opcode %02x: %zu bytes, direction %u, %zu bytes given", cdb[0],
			     r->scsi->cmd.xfer, q->data_in, r->vm.sgl.size);
		r->scsi->hba_private = NULL;
		scsi_req_unref(r->scsi);
		r->scsi = NULL;
		storvsp_answer(r, misfit, GOOD, r->vm.sgl.size);
		return;
	}
	QTAILQ_INSERT_TAIL(&r->dev->running, r, next);
	if (scsi_req_enqueue(r->scsi))
		scsi_req_continue(r->scsi);
}

static void storvsp_execute(Storvsp *s, struct storvsp_req *r)
{
	struct vstor_srb q = r->reply.srb;
	SCSIDevice *d;

	memset(r->reply.srb.sense, 0, sizeof(q.sense));
	if (storvsp_fault_arrival(r))
		return;
	if (q.cdb_len > sizeof(q.cdb) || r->vm.sgl.size > s->max_transfer || q.data_len != r->vm.sgl.size) {
		error_report("storvsp: CDB of %u bytes, transfer of %u, %zu given", q.cdb_len, q.data_len, r->vm.sgl.size);
		storvsp_answer(r, SRB_INVALID_REQUEST, GOOD, r->vm.sgl.size);
		return;
	}
	/* Behind the accelerator of an IDE disk there is but one; guests are not of one mind about its address */
	if (s->ide)
		q.path = q.target = 0;
	d = q.path ? NULL : scsi_device_find(&s->bus, 0, q.target, q.lun);
	if (d && (d->lun == q.lun || q.cdb[0] == REPORT_LUNS))
		storvsp_command(r, d, &q);
	else
		storvsp_absent(r, q.cdb[0], q.path);
}

/* --- the other operations */

static void storvsp_query_version(Storvsp *s, struct storvsp_req *r)
{
	static const uint16_t known[] = { 0x0200, 0x0402, 0x0501, 0x0600, 0x0602 };
	uint16_t version = r->reply.version;

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
		if (version == known[i] && version <= s->max_version) {
			s->packet_len = version < 0x0501 ? VSTOR_PACKET_OLD : sizeof(struct vstor_packet);
			storvsp_status(r, NT_SUCCESS);
			return;
		}
	}
	storvsp_status(r, NT_REVISION_MISMATCH);
}

static void storvsp_query_properties(Storvsp *s, struct storvsp_req *r)
{
	memset(&r->reply.properties, 0, sizeof(r->reply.properties));
	r->reply.properties.max_sub_channels = s->channels - 1;
	r->reply.properties.flags = s->channels > 1 ? VSTOR_MULTI_CHANNEL : 0;
	r->reply.properties.max_transfer = s->max_transfer;
	storvsp_status(r, NT_SUCCESS);
}

static void storvsp_names(Storvsp *s, struct storvsp_req *r)
{
	r->reply.names = (struct vstor_names){
		.primary_active = !s->secondary,
		.primary_port = cpu_to_be64(0xc003ff0000000001), .primary_node = cpu_to_be64(0xc003ff0000000002),
		.secondary_port = cpu_to_be64(0xc003ff0000000003), .secondary_node = cpu_to_be64(0xc003ff0000000004),
	};
	storvsp_status(r, s->fc ? NT_SUCCESS : NT_UNSUCCESSFUL);
}

static void storvsp_create_sub_channels(Storvsp *s, struct storvsp_req *r)
{
	uint16_t n = r->reply.sub_channels;

	if (!n || n >= s->channels || vmbus_channel_idx(r->vm.chan)) {
		storvsp_status(r, NT_INVALID_PARAMETER);
		return;
	}
	s->sub_channels = n;
	storvsp_status(r, NT_SUCCESS);
	storvsp_bus_update(s);
}

/* storvsp_abort: the SCSI layer gives up all requests, of one channel or (NULL) of all; each is answered as it ends */
static void storvsp_abort(Storvsp *s, VMBusChannel *chan)
{
	struct storvsp_req *r, *next;

	QTAILQ_FOREACH_SAFE(r, &s->running, next, next)
		if (!chan || r->vm.chan == chan)
			scsi_req_cancel_async(r->scsi, NULL);
}

static void storvsp_reset_bus(Storvsp *s, struct storvsp_req *reset)
{
	struct storvsp_req *r;

	storvsp_abort(s, NULL);
	while ((r = QTAILQ_FIRST(&s->held))) {
		QTAILQ_REMOVE(&s->held, r, next);
		timer_free(r->timer);
		r->timer = NULL;
		r->delay = 0;
		r->copies = 1;
		storvsp_answer(r, SRB_ABORTED, GOOD, r->vm.sgl.size);
	}
	storvsp_status(reset, NT_SUCCESS);
}

static void storvsp_operation(Storvsp *s, struct storvsp_req *r)
{
	switch (r->reply.operation) {
	case VSTOR_END_INIT:
		s->ready = true;
		/* fall through */
	case VSTOR_BEGIN_INIT:
		storvsp_status(r, NT_SUCCESS);
		break;
	case VSTOR_RESET_LUN ... VSTOR_RESET_BUS:
		if (storvsp_fault_deaf(r))
			break;
		storvsp_reset_bus(s, r);
		break;
	case VSTOR_QUERY_VERSION:
		storvsp_query_version(s, r);
		break;
	case VSTOR_QUERY_PROPERTIES:
		storvsp_query_properties(s, r);
		break;
	case VSTOR_FCHBA_DATA:
		storvsp_names(s, r);
		break;
	case VSTOR_CREATE_SUB_CHANNELS:
		storvsp_create_sub_channels(s, r);
		break;
	case VSTOR_EXECUTE_SRB:
		storvsp_execute(s, r);
		break;
	default:
		error_report("storvsp: operation %u", r->reply.operation);
		storvsp_status(r, NT_UNSUCCESSFUL);
	}
}

static void storvsp_handle(Storvsp *s, struct storvsp_req *r)
{
	r->dev = s;
	r->copies = 1;
	r->len = s->packet_len ?: MIN(sizeof(r->reply), r->vm.msglen);
	memcpy(&r->reply, r->vm.msg, MIN(sizeof(r->reply), r->vm.msglen));
	if (s->faults.control_length && r->reply.operation != VSTOR_EXECUTE_SRB)
		r->len = s->faults.control_length;
	if (r->vm.msglen < MAX(s->packet_len, VSTOR_PACKET_OLD)) {
		error_report("storvsp: packet of %u bytes", r->vm.msglen);
		storvsp_status(r, NT_LENGTH_MISMATCH);
		return;
	}
	storvsp_operation(s, r);
}

/* --- what the bus calls */

static void storvsp_notify(VMBusChannel *chan)
{
	Storvsp *s = STORVSP(vmbus_channel_device(chan));
	struct storvsp_req *r;

	storvsp_flush(s, chan);
	if (vmbus_channel_recv_start(chan))
		return;
	while ((r = vmbus_channel_recv_peek(chan, sizeof(*r)))) {
		vmbus_channel_recv_pop(chan);
		storvsp_handle(s, r);
	}
	vmbus_channel_recv_done(chan);
}

static bool storvsp_busy(Storvsp *s, VMBusChannel *chan)
{
	struct storvsp_req *r;

	QTAILQ_FOREACH(r, &s->running, next)
		if (r->vm.chan == chan)
			return true;
	return false;
}

static void storvsp_drop(union storvsp_list *list, VMBusChannel *chan)
{
	struct storvsp_req *r, *next;

	QTAILQ_FOREACH_SAFE(r, list, next, next) {
		if (r->vm.chan == chan) {
			QTAILQ_REMOVE(list, r, next);
			storvsp_free(r);
		}
	}
}

/* storvsp_close: what is in flight must not end in the ring that the guest has from its next opening of the channel */
static void storvsp_close(VMBusChannel *chan)
{
	Storvsp *s = STORVSP(vmbus_channel_device(chan));

	storvsp_abort(s, chan);
	while (storvsp_busy(s, chan))
		aio_poll(qemu_get_aio_context(), true);
	storvsp_drop(&s->held, chan);
	storvsp_drop(&s->done[vmbus_channel_idx(chan)], chan);
	if (vmbus_channel_idx(chan) == 0) {
		s->ready = false;
		s->sub_channels = 0;
		storvsp_bus_update(s);
	}
}

static void storvsp_reset_exit(Object *obj, ResetType type)
{
	storvsp_bus_reset(STORVSP(obj));
}

static void storvsp_reset(VMBusDevice *vdev)
{
	Storvsp *s = STORVSP(vdev);

	s->packet_len = 0;
	s->rescan = 0;
}

static uint16_t storvsp_num_channels(VMBusDevice *vdev)
{
	return STORVSP(vdev)->channels;
}

/* storvsp_changed: a disk has come or gone; tell the guest by a packet of LEN bytes */
void storvsp_changed(Storvsp *s, uint32_t len)
{
	if (!s->ready)
		return;
	s->rescan = len;
	storvsp_flush(s, vmbus_device_channel(&s->parent, 0));
}

static void storvsp_plug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
	storvsp_changed(STORVSP(handler), STORVSP(handler)->packet_len);
}

static void storvsp_unplug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
	qdev_simple_device_unplug_cb(handler, dev, errp);
	storvsp_changed(STORVSP(handler), STORVSP(handler)->packet_len);
}

static void storvsp_realize(VMBusDevice *vdev, Error **errp)
{
	Storvsp *s = STORVSP(vdev);

	if (s->channels > STORVSP_CHANNELS) {
		error_setg(errp, "channels: more than %u", STORVSP_CHANNELS);
		return;
	}
	storvsp_bus_attach(s);
	QTAILQ_INIT(&s->running);
	QTAILQ_INIT(&s->held);
	for (unsigned int i = 0; i < s->channels; i++)
		QTAILQ_INIT(&s->done[i]);
	scsi_bus_init(&s->bus, sizeof(s->bus), DEVICE(vdev), &storvsp_bus_info);
	qbus_set_hotplug_handler(BUS(&s->bus), OBJECT(s));
}

/* --- types */

static const Property storvsp_properties[] = {
	DEFINE_PROP_UINT16("channels", Storvsp, channels, 1),
};

static void storvsp_class_init(ObjectClass *klass, void *data)
{
	VMBusDeviceClass *vdc = VMBUS_DEVICE_CLASS(klass);
	HotplugHandlerClass *hc = HOTPLUG_HANDLER_CLASS(klass);
	DeviceClass *dc = DEVICE_CLASS(klass);

	qemu_uuid_parse("ba6163d9-04a1-4d29-b605-72e2ffb1dc7f", &vdc->classid);
	vdc->channel_flags = VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE;
	vdc->vmdev_realize = storvsp_realize;
	vdc->vmdev_reset = storvsp_reset;
	vdc->num_channels = storvsp_num_channels;
	vdc->close_channel = storvsp_close;
	vdc->chan_notify_cb = storvsp_notify;
	RESETTABLE_CLASS(klass)->phases.exit = storvsp_reset_exit;
	hc->plug = storvsp_plug;
	hc->unplug = storvsp_unplug;
	set_bit(DEVICE_CATEGORY_STORAGE, dc->categories);
	device_class_set_props(dc, storvsp_properties);
}

static void storvsp_ide_class_init(ObjectClass *klass, void *data)
{
	qemu_uuid_parse("32412632-86cb-44a2-9b5c-50d1417354f5", &VMBUS_DEVICE_CLASS(klass)->classid);
}

static void storvsp_ide_init(Object *obj)
{
	STORVSP(obj)->ide = true;
}

static void storvsp_fc_class_init(ObjectClass *klass, void *data)
{
	qemu_uuid_parse("2f9bcc4a-0069-4af3-b76b-6fd0be528cda", &VMBUS_DEVICE_CLASS(klass)->classid);
}

static void storvsp_fc_init(Object *obj)
{
	STORVSP(obj)->fc = true;
}

static const TypeInfo storvsp_types[] = {
	{
		.name = TYPE_STORVSP,
		.parent = TYPE_VMBUS_DEVICE,
		.instance_size = sizeof(Storvsp),
		.instance_init = storvsp_fault_init,
		.class_init = storvsp_class_init,
		.interfaces = (InterfaceInfo[]) { { TYPE_HOTPLUG_HANDLER }, { } },
	},
	{
		.name = TYPE_STORVSP_IDE,
		.parent = TYPE_STORVSP,
		.instance_init = storvsp_ide_init,
		.class_init = storvsp_ide_class_init,
	},
	{
		.name = TYPE_STORVSP_FC,
		.parent = TYPE_STORVSP,
		.instance_init = storvsp_fc_init,
		.class_init = storvsp_fc_class_init,
	},
};

DEFINE_TYPES(storvsp_types)
