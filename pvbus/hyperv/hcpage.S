/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of executable memory for Hyper-V to show its hypercall code in. It is part of the module's
 * text because no kernel since 5.10 lets a module make memory executable. It is entered by direct
 * calls only, so needs no ENDBR.
 */
#include <linux/linkage.h>
#ifdef CONFIG_X86_KERNEL_IBT
#include <linux/objtool.h>
#else
#define ANNOTATE_NOENDBR
#endif

	.section .text.hcpage, "ax"
	.balign 4096
	.globl hv_hypercall_page
	.type hv_hypercall_page, @notype
hv_hypercall_page:
	ANNOTATE_NOENDBR
	.skip 4096, 0xcc
	.size hv_hypercall_page, 4096

	.section .note.GNU-stack, "", @progbits
