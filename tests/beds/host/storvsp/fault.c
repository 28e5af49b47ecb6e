// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes wrong with a controller on request. Its properties, which may be set at any time:
 *
 *	skip, count	the first so many SRBs are served well, and then so many badly; 0: none
 *	srb-status, scsi-status, sense
 *			these are not carried out but answered so; sense is 0xKKAAQQ
 *	delay		milliseconds by which the answer is late
 *	copies		of the answer: 0 is none (until a reset of the bus aborts the request), 2 is one too many
 *	length		of the answer in bytes, instead of the right one
 *	control-length	the same, of answers to what is no SRB: all of them, as long as it is set
 *	unasked		a packet of so many bytes is sent at once, which is no answer but tells of new LUNs
 *	deaf		1: resets are not answered, nor do they bring any answer back
 *	rescind		1: the controller is taken away (offered=false)
 *	offered		false: the controller is taken away at once; true: it comes again
 *	max-version, max-transfer
 *			the newest protocol version that is taken (0: none), the longest transfer
 *	secondary	1: an adapter of Fibre Channel has its second pair of names
 *	unloads		how often the guest has parted from VMBus as a whole
 *	seen, hits	SRBs so far, and those served badly
 */
#include "storvsp.h"
#include "qapi/visitor.h"
#include "scsi/utils.h"

static const struct {
	const char *name;
	size_t offset;
	uint32_t value;
} properties[] = {
	{ "skip", offsetof(Storvsp, faults.skip) },
	{ "count", offsetof(Storvsp, faults.count) },
	{ "srb-status", offsetof(Storvsp, faults.srb_status) },
	{ "scsi-status", offsetof(Storvsp, faults.scsi_status) },
	{ "sense", offsetof(Storvsp, faults.sense) },
	{ "delay", offsetof(Storvsp, faults.delay) },
	{ "copies", offsetof(Storvsp, faults.copies), 1 },
	{ "length", offsetof(Storvsp, faults.length) },
	{ "control-length", offsetof(Storvsp, faults.control_length) },
	{ "deaf", offsetof(Storvsp, faults.deaf) },
	{ "rescind", offsetof(Storvsp, faults.rescind) },
	{ "seen", offsetof(Storvsp, faults.seen) },
	{ "hits", offsetof(Storvsp, faults.hits) },
	{ "max-version", offsetof(Storvsp, max_version), 0x0602 },
	{ "max-transfer", offsetof(Storvsp, max_transfer), 1 << 20 },
	{ "secondary", offsetof(Storvsp, secondary) },
};

static bool get_offered(Object *obj, Error **errp)
{
	return !STORVSP(obj)->hidden;
}

static void set_offered(Object *obj, bool value, Error **errp)
{
	STORVSP(obj)->hidden = !value;
	if (DEVICE(obj)->realized)
		storvsp_bus_update(STORVSP(obj));
}

static void set_unasked(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	uint32_t len;

	if (visit_type_uint32(v, name, &len, errp))
		storvsp_changed(STORVSP(obj), len);
}

void storvsp_fault_init(Object *obj)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(properties); i++) {
		uint32_t *p = (void *)obj + properties[i].offset;

		*p = properties[i].value;
		object_property_add_uint32_ptr(obj, properties[i].name, p, OBJ_PROP_FLAG_READWRITE);
	}
	object_property_add_uint32_ptr(obj, "unloads", &storvsp_unloads, OBJ_PROP_FLAG_READ);
	object_property_add(obj, "unasked", "uint32", NULL, set_unasked, NULL, NULL);
	object_property_add_bool(obj, "offered", get_offered, set_offered);
}

/* hits: is it this SRB's turn? */
static bool hits(struct storvsp_faults *f)
{
	f->seen++;
	if (!f->count)
		return false;
	if (f->skip) {
		f->skip--;
		return false;
	}
	f->count--;
	f->hits++;
	return true;
}

/* answer: with the status that is wanted, if any */
static bool answer(struct storvsp_req *r)
{
	struct storvsp_faults *f = &r->dev->faults;
	SCSISense sense = { f->sense >> 16, f->sense >> 8, f->sense };
	struct vstor_srb *q = &r->reply.srb;

	if (!f->srb_status && !f->scsi_status)
		return false;
	if (f->sense)
		q->sense_len = scsi_build_sense_buf(q->sense, sizeof(q->sense), sense, true);
	storvsp_answer(r, f->srb_status | (f->sense ? SRB_SENSE : 0), f->scsi_status, r->vm.sgl.size);
	return true;
}

/* storvsp_fault_arrival: an SRB has come. True if it has been answered. */
bool storvsp_fault_arrival(struct storvsp_req *r)
{
	struct storvsp_faults *f = &r->dev->faults;

	if (!hits(f))
		return false;
	if (f->rescind) {
		r->dev->hidden = true;
		storvsp_bus_update(r->dev);
	}
	r->copies = f->copies;
	r->delay = f->delay;
	if (f->length)
		r->len = f->length;
	return answer(r);
}

/* storvsp_fault_deaf: the guest wants a reset. True if it does not get one. */
bool storvsp_fault_deaf(struct storvsp_req *r)
{
	if (!r->dev->faults.deaf)
		return false;
	r->copies = 0;
	storvsp_reply(r);
	return true;
}

static void tell(void *opaque)
{
	struct storvsp_req *r = opaque;

	r->delay = 0;
	QTAILQ_REMOVE(&r->dev->held, r, next);
	storvsp_reply(r);
}

/* storvsp_fault_hold: an SRB is done. True if its answer is not for now. */
bool storvsp_fault_hold(struct storvsp_req *r)
{
	if (!r->delay && r->copies)
		return false;
	QTAILQ_INSERT_TAIL(&r->dev->held, r, next);
	if (r->copies) {
		r->timer = timer_new_ms(QEMU_CLOCK_REALTIME, tell, r);
		timer_mod(r->timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + r->delay);
	}
	return true;
}
