// SPDX-License-Identifier: GPL-2.0-only
/* pvbus.ko: the bus. A bootstrap module brings a host's devices onto it. */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <pvbus/pvbus.h>
#include "xen/intree.h"
#include "xen/store.h"

struct workqueue_struct *pvbus_wq;

/**
 * pvbus_bound - keep a module parameter within its range, with a line if it was not
 * @module: whose it is
 * @name: of the parameter
 * @value: taken to the nearer end of the range
 * @min: least value
 * @max: largest value
 *
 * Context: any.
 */
void pvbus_bound(const char *module, const char *name, unsigned int *value, unsigned int min,
		 unsigned int max)
{
	unsigned int was = *value;

	*value = clamp(was, min, max);
	if (*value != was)
		pr_warn("%s: %s=%u is out of range, taking %u (%u to %u)\n", module, name, was,
			*value, min, max);
}
EXPORT_SYMBOL_GPL(pvbus_bound);

static int __init pvbus_init(void)
{
	int err;

	pvbus_wq = alloc_workqueue("pvbus", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!pvbus_wq)
		return -ENOMEM;
	intree_init();
	err = pvbus_bus_init();
	if (err)
		destroy_workqueue(pvbus_wq);
	return err;
}

static void __exit pvbus_exit(void)
{
	pvbus_bus_exit();
	xen_grants_give_up();
	destroy_workqueue(pvbus_wq);
}

module_init(pvbus_init);
module_exit(pvbus_exit);
MODULE_DESCRIPTION("Bus shim for paravirtualised devices of Xen and Hyper-V hosts");
MODULE_LICENSE("GPL");
MODULE_VERSION(__stringify(PV_VERSION));
