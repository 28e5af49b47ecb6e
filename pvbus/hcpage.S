/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of executable memory, one for Xen to write its hypercall stubs to, one for Hyper-V to show
 * its hypercall code in. They are part of the module's text because no kernel since 5.10 lets a
 * module make memory executable. They are entered by direct calls only, so need no ENDBR.
 */
#include <linux/linkage.h>
#ifdef CONFIG_X86_KERNEL_IBT
#include <linux/objtool.h>
#else
#define ANNOTATE_NOENDBR
#endif

	.macro hcpage name
	.globl \name
	.type \name, @notype
\name:
	ANNOTATE_NOENDBR
	.skip 4096, 0xcc
	.size \name, 4096
	.endm

	.section .text.hcpage, "ax"
	.balign 4096
	hcpage xen_hypercall_page
	hcpage hv_hypercall_page

	.section .note.GNU-stack, "", @progbits
