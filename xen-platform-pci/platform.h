/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XEN_PLATFORM_PCI_H
#define XEN_PLATFORM_PCI_H

#include <linux/device.h>

/* unplug.c */
int unplug_hello(void);
void unplug_again(void);
void unplug_twin(void);
void unplug_start(void);
void unplug_stop(void);
void unplug_flush(void);
extern struct device_attribute dev_attr_unplug;

#endif /* XEN_PLATFORM_PCI_H */
