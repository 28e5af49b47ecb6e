/* SPDX-License-Identifier: GPL-2.0-only */
/* Front-ends come and go: those of VMBus may have to ride on the kernel's own. */
#ifndef PVBUS_HYPERV_RIDE_H
#define PVBUS_HYPERV_RIDE_H

#include <pvbus/pvbus.h>

int hv_driver_register(struct pvbus_driver *drv);
void hv_driver_unregister(struct pvbus_driver *drv);

#endif /* PVBUS_HYPERV_RIDE_H */
