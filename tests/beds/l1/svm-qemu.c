// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the QEMU that emulates a machine with SVM, to mend four faults of it.
 *
 * Its VMRUN delivers an injected interrupt at once, yet leaves the vector behind as an exception to come: if another
 * thread asks the CPU to leave its loop before anything else overwrites that, the guest gets the interrupt a second time,
 * with interrupts off, and falls over (entry from user mode without swapgs, stack overflow in the entry trampoline). So
 * leave the loop after each VMRUN, without an exception.
 *
 * A guest that writes CR8 while its hypervisor waits for its interrupts to be on raises the virtual interrupt, and QEMU
 * ends itself: that wants its big lock. OVMF writes CR8 at the end of each interrupt. A hypervisor's own writes take the
 * lock by themselves; it is back for certain at its STGI.
 *
 * It marks the four entries above the page tables of a 32-bit guest as accessed. That bit is reserved in them, and a
 * hypervisor that reads them after the guest has, on a write to CR4, has the guest die of it. So it is taken out of them at
 * the hypervisor's STGI, which comes before all that.
 *
 * It ends itself when a 32-bit guest changes to its kernel's stack by a task segment that is busy, which all in use are. So
 * VMLOAD gets to see one that is not.
 *
 * The names are QEMU's own, which Debian's binary exports; a helper's description begins with the function to call.
 */
#include <stdint.h>

struct cpu;
struct env {
	uint64_t rax; /* and more */
};

extern __thread struct cpu *current_cpu;
extern void *helper_info_vmrun, *helper_info_vmload, *helper_info_stgi, *helper_info_write_crN;
void helper_vmrun(struct env *env, int aflag, int next_eip_addend);
void helper_vmload(struct env *env, int aflag);
void helper_stgi(struct env *env);
void helper_write_crN(struct env *env, int reg, unsigned long value);
void cpu_loop_exit_noexc(struct cpu *cpu);
void bql_lock_impl(const char *file, int line);
void bql_unlock(void);

extern char address_space_memory[];
int address_space_rw(void *space, uint64_t at, uint64_t attributes, void *buffer, uint64_t size, _Bool write);

/* Of a VMCB, "AMD64 Architecture Programmer's Manual", volume 2, appendix B */
#define VMCB_NESTED_CONTROL	0x090
#define VMCB_NESTED_CR3		0x0b0
#define VMCB_TR			0x490
#define VMCB_EFER		0x4d0
#define VMCB_CR4		0x548
#define VMCB_CR3		0x550
#define VMCB_CR0		0x558

#define TR_BUSY		(1UL << 17) /* in the attributes, which come after the selector */
#define CR0_PG		(1UL << 31)
#define CR4_PAE		(1UL << 5)
#define EFER_LMA	(1UL << 10)
#define PAGE_PRESENT	(1UL << 0)
#define PAGE_ACCESSED	(1UL << 5)
#define PAGE_LARGE	(1UL << 7)
#define PAGE_FRAME	0x000ffffffffff000UL

static __thread int in_guest;
static __thread uint64_t vmcb;

static uint64_t get(uint64_t at)
{
	uint64_t value = 0;

	address_space_rw(address_space_memory, at, 1, &value, sizeof(value), 0);
	return value;
}

/* What has all of the bits loses one of them */
static void take(uint64_t at, uint64_t bits, uint64_t one)
{
	uint64_t value = get(at);

	if ((value & bits) != bits)
		return;
	value &= ~one;
	address_space_rw(address_space_memory, at, 1, &value, sizeof(value), 1);
}

/* Where the guest's physical address is in the machine; 0 if nowhere */
static uint64_t nested(uint64_t guest)
{
	uint64_t entry = get(vmcb + VMCB_NESTED_CR3), mask;
	int shift;

	for (shift = 39; shift >= 12; shift -= 9) {
		entry = get((entry & PAGE_FRAME) + (guest >> shift & 511) * sizeof(entry));
		if (!(entry & PAGE_PRESENT))
			return 0;
		if (shift == 12 || entry & PAGE_LARGE)
			break;
	}
	mask = (1UL << shift) - 1;
	return (entry & PAGE_FRAME & ~mask) | (guest & mask);
}

static void clean_pdptes(void)
{
	uint64_t at;
	int i;

	/* What most guests have comes first */
	if (get(vmcb + VMCB_EFER) & EFER_LMA || !(get(vmcb + VMCB_CR0) & CR0_PG) || !(get(vmcb + VMCB_CR4) & CR4_PAE) ||
	    !(get(vmcb + VMCB_NESTED_CONTROL) & 1))
		return;
	at = nested(get(vmcb + VMCB_CR3) & 0xffffffe0);
	for (i = 0; at && i < 4; i++)
		take(at + i * sizeof(at), PAGE_PRESENT | PAGE_ACCESSED, PAGE_ACCESSED);
}

static void vmrun(struct env *env, int aflag, int next_eip_addend)
{
	in_guest = 1;
	vmcb = env->rax;
	helper_vmrun(env, aflag, next_eip_addend);
	cpu_loop_exit_noexc(current_cpu);
}

static void vmload(struct env *env, int aflag)
{
	take(env->rax + VMCB_TR, TR_BUSY, TR_BUSY);
	helper_vmload(env, aflag);
}

static void stgi(struct env *env)
{
	if (in_guest)
		clean_pdptes();
	in_guest = 0;
	helper_stgi(env);
}

static void write_crN(struct env *env, int reg, unsigned long value)
{
	int lock = in_guest && reg == 8;

	if (lock)
		bql_lock_impl(__FILE__, __LINE__);
	helper_write_crN(env, reg, value);
	if (lock)
		bql_unlock();
}

__attribute__((constructor)) static void replace(void)
{
	if (helper_info_vmrun == (void *)helper_vmrun)
		helper_info_vmrun = (void *)vmrun;
	if (helper_info_vmload == (void *)helper_vmload)
		helper_info_vmload = (void *)vmload;
	if (helper_info_stgi == (void *)helper_stgi)
		helper_info_stgi = (void *)stgi;
	if (helper_info_write_crN == (void *)helper_write_crN)
		helper_info_write_crN = (void *)write_crN;
}
