/* SPDX-License-Identifier: GPL-2.0-only */
/* What front-ends show in sysfs: one value to a file. */
#ifndef PVBUS_SHOW_H
#define PVBUS_SHOW_H

#include <linux/device.h>
#include <linux/sysfs.h>

/* Ahead of the body of a file's function: it is called by dev_attr_@file. */
#define PVBUS_ATTR_RO(file)									\
	static ssize_t file##_attr(struct device *dev, struct device_attribute *attr, char *buf); \
	static struct device_attribute dev_attr_##file = __ATTR(file, 0444, file##_attr, NULL);	\
	static ssize_t file##_attr(struct device *dev, struct device_attribute *attr, char *buf)

/*
 * PVBUS_SHOW - a file that is printed: dev_attr_@file
 * @what: what is asked, and its name, as a parameter of a function
 * @of: finds it: a function or macro of the device
 * @file: name of the file
 * Then what sysfs_emit() is to print, the format without the end of the line
 */
#define PVBUS_SHOW(what, of, file, fmt, ...)							\
	static ssize_t file##_print(what, char *buf)						\
	{											\
		return sysfs_emit(buf, fmt "\n", __VA_ARGS__);					\
	}											\
	PVBUS_ATTR_RO(file)									\
	{											\
		return file##_print(of(dev), buf);						\
	}

/*
 * PVBUS_COUNTER - a file with one number for each of an array's elements: dev_attr_@file
 * @data: type of the driver's data
 * @array: field of it, an array or a pointer to one
 * @nr: field that says how many there are
 * @file: name of the file
 * @field: of an element, a u64
 */
#define PVBUS_COUNTER(data, array, nr, file, field)						\
	PVBUS_ATTR_RO(file)									\
	{											\
		const data *d = dev_get_drvdata(dev);						\
		unsigned int i;									\
		ssize_t n = 0;									\
												\
		for (i = 0; i < d->nr; i++)							\
			n += sysfs_emit_at(buf, n, "%s%llu", i ? " " : "", d->array[i].field);	\
		return n + sysfs_emit_at(buf, n, "\n");						\
	}

/*
 * PVBUS_ATTRS - all files of a list, for struct attribute_group
 * @files: a macro that calls its argument for each, with the name of the file first
 */
#define PVBUS_ATTRS(files)		{ files(PVBUS_ATTR) NULL }
#define PVBUS_ATTR(file, ...)		&dev_attr_##file.attr,

#endif
