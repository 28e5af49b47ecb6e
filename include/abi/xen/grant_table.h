/* SPDX-License-Identifier: GPL-2.0-only */
/* The grant table, version 1. Specification: xen/include/public/grant_table.h */
#ifndef ABI_XEN_GRANT_TABLE_H
#define ABI_XEN_GRANT_TABLE_H

#define GNTTABOP_query_size		6
#define GNTTABOP_set_version		8 /* takes the version, a u32, in and out */

#define GNTST_okay			0

struct xen_gnttab_query_size {
	u16 dom;		/* in */
	u32 nr_frames;		/* out */
	u32 max_nr_frames;	/* out */
	s16 status;		/* out: GNTST_* */
};

/* flags of an entry */
#define GTF_invalid			0u
#define GTF_permit_access		1u
#define GTF_readonly			(1u << 2)
#define GTF_reading			(1u << 3)	/* set by Xen while mapped */
#define GTF_writing			(1u << 4)	/* set by Xen while mapped for writing */

struct xen_grant_entry {
	u16 flags;
	u16 domid;
	u32 frame;
};

#define GNTTAB_RESERVED_ENTRIES		8u	/* the toolstack's: console, store … */
#define GNTTAB_PER_FRAME		512u

_Static_assert(sizeof(struct xen_grant_entry) == 8, "xen_grant_entry");
_Static_assert(sizeof(struct xen_gnttab_query_size) == 16, "xen_gnttab_query_size");

#endif /* ABI_XEN_GRANT_TABLE_H */
