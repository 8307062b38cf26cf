/* SPDX-License-Identifier: MIT */
/* Exceptions, and handing them to guests. */
#ifndef ASM_TRAPS_H
#define ASM_TRAPS_H

#include <asm/irq_vectors.h>
#include <asm/processor.h>
#include <public/xen.h>
#include <xen/sched.h>

/* Assembly entry points */
extern const char hypercall[], int80_masked[], trap_unexpected[], double_fault[], start_guest[];
extern const uint32_t trap_entries[TRAP_simd_error + 1], irq_entries[NR_IRQ_VECTORS];

/* Called from there */
void do_trap(struct cpu_user_regs *regs);
void do_irq(struct cpu_user_regs *regs);
__may_switch struct cpu_user_regs *do_exit_work(struct cpu_user_regs *regs);
void exit_work(void); /* exit.S: the ways out of the hypervisor, also after an `iret` that faulted */
void guest_iret_fault(void);
/* The LDT's window was touched where no page is mapped yet: checks and maps it. That takes long, and the way out to the
 * guest may need it for CS and for SS. True: done. */
bool ldt_fault(struct cpu_user_regs *regs, uint32_t offset) __attribute__((noinline));
void do_guest_iret_fault(struct cpu_user_regs *regs);
void do_double_fault(void) __attribute__((noreturn));

static inline bool guest_mode(const struct cpu_user_regs *regs)
{
    return regs->cs & 3;
}

/* The code selector for a guest's gate: one of the guest's own segments, or the flat one of ring 1. */
static inline bool guest_code_selector_ok(uint16_t sel)
{
    return (sel & 3) && (sel < HYP_GDT_BASE || sel & 4 || sel == RING1_CS);
}

/* Ring 0 becomes ring 1, as Xen does it. */
static inline uint16_t fixup_guest_selector(uint16_t sel)
{
    return sel & 3 ? sel : sel | 1;
}

/* Frames on the guest's kernel stack (bounce.c). False: there is no room for it, and the guest cannot go on. */
bool bounce_trap(struct cpu_user_regs *regs, unsigned int vector, bool with_error_code);
bool bounce_event(struct cpu_user_regs *regs);
bool bounce_failsafe(struct cpu_user_regs *regs);
/* There is no virtual-8086 mode here: an iret to it (frame: EAX EIP CS EFLAGS ESP SS ES DS FS GS) fails like one with a
 * bad frame. The failsafe handler finds the state that the frame would have entered. False: there is no handler, or no
 * room. */
#define VM86_FRAME_WORDS 10
bool refuse_vm86(struct cpu_user_regs *regs, const uint32_t *frame);

/* For emulation: raises a trap instead of, or after, the instruction. Ends the guest if it cannot take the trap. */
void bounce_exception(struct cpu_user_regs *regs, unsigned int vector, uint32_t error_code);
/* A page fault that is the guest's. For bounce_fast.S, too. */
void bounce_page_fault(struct cpu_user_regs *regs, uint32_t address);

/* Logs the guest's registers and the reason. */
void show_registers(const struct cpu_user_regs *regs);

#endif
