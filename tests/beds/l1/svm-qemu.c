// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the QEMU that emulates a machine with SVM, to mend two faults of it.
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
 * The names are QEMU's own, which Debian's binary exports; a helper's description begins with the function to call.
 */
struct cpu;
struct env;

extern __thread struct cpu *current_cpu;
extern void *helper_info_vmrun, *helper_info_stgi, *helper_info_write_crN;
void helper_vmrun(struct env *env, int aflag, int next_eip_addend);
void helper_stgi(struct env *env);
void helper_write_crN(struct env *env, int reg, unsigned long value);
void cpu_loop_exit_noexc(struct cpu *cpu);
void bql_lock_impl(const char *file, int line);
void bql_unlock(void);

static __thread int in_guest;

static void vmrun(struct env *env, int aflag, int next_eip_addend)
{
	in_guest = 1;
	helper_vmrun(env, aflag, next_eip_addend);
	cpu_loop_exit_noexc(current_cpu);
}

static void stgi(struct env *env)
{
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
	if (helper_info_stgi == (void *)helper_stgi)
		helper_info_stgi = (void *)stgi;
	if (helper_info_write_crN == (void *)helper_write_crN)
		helper_info_write_crN = (void *)write_crN;
}
