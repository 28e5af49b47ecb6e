/* SPDX-License-Identifier: GPL-2.0-only */
/* What front-ends show in sysfs: one value to a file. */
#ifndef PVBUS_SHOW_H
#define PVBUS_SHOW_H

#include <linux/device.h>
#include <linux/sysfs.h>

/*
 * PVBUS_SHOW - a file that is printed: dev_attr_@file
 * @what: what the driver's data is, and its name, as a parameter of a function
 * @file: name of the file
 * Then what sysfs_emit() is to print, the format without the end of the line
 */
#define PVBUS_SHOW(what, file, fmt, ...)							\
	static ssize_t file##_print(what, char *buf)						\
	{											\
		return sysfs_emit(buf, fmt "\n", __VA_ARGS__);					\
	}											\
	static ssize_t file##_attr(struct device *dev, struct device_attribute *attr, char *buf) \
	{											\
		return file##_print(dev_get_drvdata(dev), buf);					\
	}											\
	static struct device_attribute dev_attr_##file = __ATTR(file, 0444, file##_attr, NULL)

/*
 * PVBUS_COUNTER - a file with one number for each of an array's elements: dev_attr_@file
 * @data: type of the driver's data
 * @array: field of it, an array or a pointer to one
 * @nr: field that says how many there are
 * @file: name of the file
 * @field: of an element, a u64
 */
#define PVBUS_COUNTER(data, array, nr, file, field)						\
	static ssize_t file##_attr(struct device *dev, struct device_attribute *attr, char *buf) \
	{											\
		const data *d = dev_get_drvdata(dev);						\
		unsigned int i;									\
		ssize_t n = 0;									\
												\
		for (i = 0; i < d->nr; i++)							\
			n += sysfs_emit_at(buf, n, "%s%llu", i ? " " : "", d->array[i].field);	\
		return n + sysfs_emit_at(buf, n, "\n");						\
	}											\
	static struct device_attribute dev_attr_##file = __ATTR(file, 0444, file##_attr, NULL)

#endif
