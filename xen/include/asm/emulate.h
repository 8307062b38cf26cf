/* SPDX-License-Identifier: MIT */
/* Instructions that the hypervisor carries out for a guest. docs/emulation.md. */
#ifndef ASM_EMULATE_H
#define ASM_EMULATE_H

#include <asm/decode.h>
#include <asm/layout.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <public/xen.h>
#include <xen/sched.h>

/* Once, when CR0 and CR4 have their final values. */
void init_emulation(void);
extern uint32_t host_cr0, host_cr4; /* without CR0.TS and CR4.TSD, which are the guest's */

/* #GP with error code 0, and #UD. True: the instruction has been carried out, or turned into another trap, and the
 * frame is where to go on. False: the fault is the guest's, or the hypervisor's own. May run other vCPUs. */
__may_switch bool emulate_privileged_op(struct cpu_user_regs *regs);
__may_switch bool emulate_forced_invalid_op(struct cpu_user_regs *regs);

/* The same #GP in ring 3, for an offset that the segment in %gs would allow if it were not cut off at the hypervisor.
 * True: go on. */
bool fixup_4gb_segment(struct cpu_user_regs *regs);

/* A page fault in ring 1, by a store to a present page. True: it was a store to an L1 table and has been carried out.
 */
bool ptwr_fault(struct cpu_user_regs *regs, uint32_t addr);
/* For ptwr_fast.S: the new words of an entry. upper_half: a MOV to that half. False: refused. */
bool store_words(pte_t *slot, uint32_t lo, uint32_t hi, bool upper_half);

/* CR4 as a vCPU sees it: the initial value, and the value that it gets when the guest asks for `wanted`. */
uint32_t initial_guest_cr4(void);
uint32_t fixup_guest_cr4(uint32_t wanted);
/* CR4 as it must be while v runs: of what guests set, only TSD is really there. */
void change_tsd(void);
static inline void load_cr4(const struct vcpu *v)
{
    if (unlikely((this_cpu.cr4 ^ v->arch.guest_cr4) & X86_CR4_TSD))
        change_tsd();
}

/* --- Parts */

/* seg.c. A descriptor of the current vCPU, in the window of its GDT or LDT. NULL: it is beyond its table. The access
 * may fault. */
struct descriptor *guest_descriptor(uint32_t sel);

#define FLAT_SEGMENT_LIMIT (RO_MPT_END - 1)
#define FLAT_AR(dpl, type) (DESC_G | DESC_32BIT | DESC_P | (dpl) << 13 | DESC_S | (type) << 8)

/* Reads it; *ar: DESC_AR of its second word. False: it is beyond its table, or not mapped. */
bool read_descriptor_slow(uint32_t sel, uint32_t *base, uint32_t *limit, uint32_t *ar);
static inline bool read_descriptor(uint32_t sel, uint32_t *base, uint32_t *limit, uint32_t *ar)
{
    if (likely((sel >= RING1_CS && sel <= RING3_DS + 7) && !(sel & 4))) { /* the four flat ones are consecutive */
        *base = 0;
        *limit = FLAT_SEGMENT_LIMIT;
        *ar = FLAT_AR(sel >= (RING3_CS & ~7) ? 3u : 1u, (sel & 8) == (RING1_CS & 8) ? 0xBu : 0x3u);
        return true;
    }
    return read_descriptor_slow(sel, base, limit, ar);
}

/* The selector that a segment register of the guest holds. */
uint32_t guest_selector(const struct cpu_user_regs *regs, enum segment seg);

/* General register by its number in an instruction. */
extern const uint8_t gpr_word[8];
static inline uint32_t *gpr(struct cpu_user_regs *regs, unsigned int number)
{
    return (uint32_t *)regs + gpr_word[number];
}

/* Its value as an operand of size bytes (AH to BH for byte registers 4 to 7). */
uint32_t read_gpr(struct cpu_user_regs *regs, unsigned int number, unsigned int size);
void write_gpr(struct cpu_user_regs *regs, unsigned int number, unsigned int size, uint32_t value);

/* The offset of insn's memory operand in its segment. */
uint32_t operand_offset(const struct insn *insn, struct cpu_user_regs *regs);

/* Fetches and decodes the instruction at CS:EIP. False: it cannot be fetched, or is not one that we carry out. */
bool fetch_insn(struct cpu_user_regs *regs, struct insn *insn);

/* The instruction before eip is done. breakpoints: bits of DR6 for those that it has hit. Raises the single-step trap,
 * too. */
void instruction_done(struct cpu_user_regs *regs, uint32_t eip, uint32_t breakpoints);

/* In ring 1: the guest's kernel. */
static inline bool guest_kernel_mode(const struct cpu_user_regs *regs)
{
    return (regs->cs & 3) == 1;
}

/* cpuid.c */
void init_cpuid(void);
void guest_cpuid(struct cpu_user_regs *regs);

/* msr.c. False: #GP. */
bool guest_rdmsr(uint32_t index, uint64_t *value);
bool guest_wrmsr(uint32_t index, uint64_t value);

/* hypercall_page.c. Fills a page (mapped, writable) with the stubs of all hypercalls. */
void write_hypercall_page(void *page);

/* ports.c. Whether the guest's IOPL or its bitmap lets it use these ports. The hypervisor may still emulate them. */
bool guest_ports_allowed(const struct cpu_user_regs *regs, uint32_t port, uint32_t bytes);
bool guest_iopl_allows(const struct cpu_user_regs *regs);
uint32_t guest_in(uint32_t port, uint32_t bytes);
void guest_out(uint32_t port, uint32_t bytes, uint32_t value);
/* The guest's I/O breakpoints on these ports, as bits of DR6. */
uint32_t port_breakpoints(uint32_t port, uint32_t bytes);

#endif
