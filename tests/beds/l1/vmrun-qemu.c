// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the QEMU that emulates a machine with SVM. Its VMRUN delivers an injected interrupt at once, yet leaves
 * the vector behind as an exception to come: if another thread asks the CPU to leave its loop before anything else
 * overwrites that, the guest gets the interrupt a second time, with interrupts off, and falls over (entry from user mode
 * without swapgs, stack overflow in the entry trampoline). So leave the loop after each VMRUN, without an exception.
 *
 * The names are QEMU's own, which Debian's binary exports; a helper's description begins with the function to call.
 */
struct cpu;
struct env;

extern __thread struct cpu *current_cpu;
extern void *helper_info_vmrun;
void helper_vmrun(struct env *env, int aflag, int next_eip_addend);
void cpu_loop_exit_noexc(struct cpu *cpu);

static void vmrun(struct env *env, int aflag, int next_eip_addend)
{
	helper_vmrun(env, aflag, next_eip_addend);
	cpu_loop_exit_noexc(current_cpu);
}

__attribute__((constructor)) static void replace(void)
{
	if (helper_info_vmrun == (void *)helper_vmrun)
		helper_info_vmrun = (void *)vmrun;
}
