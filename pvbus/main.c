// SPDX-License-Identifier: GPL-2.0-only
/* pvbus.ko: the bus. A bootstrap module brings a host's devices onto it. */
#include <linux/module.h>
#include <pvbus/pvbus.h>
#include "xen/store.h"

static int __init pvbus_init(void)
{
	return pvbus_bus_init();
}

static void __exit pvbus_exit(void)
{
	pvbus_bus_exit();
}

module_init(pvbus_init);
module_exit(pvbus_exit);
MODULE_DESCRIPTION("Bus shim for paravirtualised devices of Xen and Hyper-V hosts");
MODULE_LICENSE("GPL");
