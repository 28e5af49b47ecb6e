// SPDX-License-Identifier: GPL-2.0-only
/*
 * Being saved, restored and migrated.
 *
 * The front-ends let go of rings, grants and ports, what is in flight stays in hand. Then all CPUs
 * stop, and one says so to the host by a hypercall. It returns where the guest wakes up: at a host
 * that knows nothing of it, where everything is told anew in the order of the first day; or here,
 * if nobody took the guest away, with everything as it was.
 *
 * Nothing else sleeps: emulated devices are carried over by the host, and programs notice no more
 * than a pause.
 *
 * Specification: xen/include/public/sched.h, SCHEDOP_shutdown
 */
#include <linux/cpu.h>
#include <linux/kernel.h>
#include <linux/sched/mm.h>
#include <linux/stop_machine.h>
#include <bus.h>
#include <abi/xen/xen.h>
#include "internal.h"

/*
 * On one CPU, interrupts off everywhere. The shared page comes first: an interrupt that was on its
 * way looks into it; what became of it is told in @renewed.
 *
 * Return: 0: awake at another host; 1: not saved; or an errno.
 */
static int sleep_here(void *renewed)
{
	u32 reason = SHUTDOWN_suspend;
	int ret;

	ret = syscore_suspend();
	if (ret)
		return ret;
	ret = xen_call(XEN_HC_SCHED_OP, SCHEDOP_shutdown, &reason);
	if (!ret)
		*(int *)renewed = xen_shared_info_renew();
	syscore_resume();
	return ret;
}

/* What a host has to be told that knows nothing of this guest */
static int introduce(void (*awake)(void))
{
	int err = xen_events_renew() ?: xen_grants_renew();

	if (!err)
		awake();
	return err;
}

/*
 * xen_suspend - let the toolstack save the guest, and go on where it wakes up
 * @awake: see pvbus_xen_bus_start()
 *
 * If the host takes no part in it, the devices are out of use, with a line. CPUs stay meanwhile:
 * one that goes waits for requests that are held back here, and the machine's stop waits for it.
 *
 * Context: may sleep; the disk that memory could be written to sleeps meanwhile.
 */
void xen_suspend(void (*awake)(void))
{
	unsigned int noio = memalloc_noio_save();
	int ret, err = 0;

	cpu_hotplug_disable();
	pvbus_xenbus_suspend();
	xen_store_suspend();
	ret = stop_machine(sleep_here, &err, cpumask_of(0));
	if (err)
		xen_events_lost();
	else if (!ret)
		err = introduce(awake);
	if (!err)
		err = xen_store_resume();
	err = pvbus_xenbus_resume(err);
	cpu_hotplug_enable();
	memalloc_noio_restore(noio);
	if (err)
		pr_err("pvbus: not awake after sleep: error %d, devices are out of use\n", err);
	else if (ret < 0)
		pr_warn("pvbus: the guest could not sleep: error %d\n", ret);
	else
		pr_info("pvbus: %s\n", ret ? "not saved, going on" : "awake after being saved");
}
