/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions. They raise #GP(0) when a guest kernel executes them in ring 1. Those that Xen's interface
 * allows are carried out here, on the processor state that the guest believes it has. For all others the guest gets the
 * #GP. docs/emulation.md.
 */
#include "opcodes.h"

#include <asm/debugreg.h>
#include <asm/emulate.h>
#include <asm/guest_access.h>
#include <asm/mm.h>
#include <asm/traps.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/refused.h>
#include <xen/sched.h>

#define X86_CR4_PAE        0x020u
#define X86_CR4_MCE        0x040u
#define X86_CR4_OSFXSR     0x200u
#define X86_CR4_OSXMMEXCPT 0x400u
#define CR4_GUEST_SEES     (X86_CR4_PAE | X86_CR4_MCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)
#define CR4_GUEST_CHANGES  (X86_CR4_TSD | X86_CR4_DE)

#define X86_EFLAGS_DF 0x400u

uint32_t host_cr0, host_cr4;

/* An instruction that is being carried out. */
struct privop {
    struct cpu_user_regs *regs;
    uint32_t breakpoints; /* I/O breakpoints it has hit */
    struct insn insn;
};

enum outcome {
    NOT_OURS, /* the guest gets the #GP, and nothing has changed */
    DONE,
    RETURN, /* go on with the registers in the frame */
};

void init_emulation(void)
{
    host_cr0 = read_cr0() & ~X86_CR0_TS;
    host_cr4 = read_cr4() & ~X86_CR4_TSD;
    this_cpu.cr4 = host_cr4;
    init_cpuid();
}

/* Never set DE: the hypervisor itself looks for I/O breakpoints (port_breakpoints()). */
void change_tsd(void)
{
    this_cpu.cr4 ^= X86_CR4_TSD;
    write_cr4(this_cpu.cr4);
}

/* All other bits are ignored, as on Xen. */
uint32_t fixup_guest_cr4(uint32_t wanted)
{
    return initial_guest_cr4() | (wanted & CR4_GUEST_CHANGES);
}

uint32_t initial_guest_cr4(void)
{
    return host_cr4 & CR4_GUEST_SEES;
}

/* A data access of the guest's instruction faults. */
static enum outcome fault_at(struct cpu_user_regs *regs, uint32_t addr, bool write)
{
    regs->error_code = write ? PFEC_write : 0;
    if ((regs->cs & 3) == 3)
        regs->error_code |= PFEC_user;
    current->vcpu_info->arch.cr2 = addr;
    if (!bounce_trap(regs, TRAP_page_fault, true))
        domain_crash(current, "page fault in an emulated instruction");
    return RETURN;
}

/* Finds the linear address of `bytes` bytes at sel:offset. False: the segment does not allow the access. */
static bool segment_access(uint32_t sel, uint32_t offset, uint32_t bytes, bool write, uint32_t *linear)
{
    uint32_t base, limit, ar, last = offset + bytes - 1;

    if (!read_descriptor(sel, &base, &limit, &ar) || (ar & (DESC_S | DESC_P)) != (DESC_S | DESC_P))
        return false;
    if (ar & DESC_CODE ? write || !(ar & DESC_CODE_READ) : write && !(ar & DESC_DATA_WRITE))
        return false;
    if ((ar & (DESC_CODE | DESC_EXPAND_DOWN)) == DESC_EXPAND_DOWN) {
        if (offset <= limit || last > (ar & DESC_32BIT ? 0xFFFFFFFF : 0xFFFF))
            return false;
    } else if (last > limit)
        return false;
    *linear = base + offset;
    return last >= offset;
}

/* --- Control registers */

static inline enum outcome read_cr(const struct vcpu *v, unsigned int number, uint32_t *reg)
{
    switch (number) {
    case 0:
        *reg = host_cr0 | (v->arch.guest_cr0_ts ? X86_CR0_TS : 0);
        return DONE;
    case 2:
        *reg = v->vcpu_info->arch.cr2;
        return DONE;
    case 3:
        *reg = xen_pfn_to_cr3(v->arch.guest_l3);
        return DONE;
    case 4:
        *reg = v->arch.guest_cr4;
        return DONE;
    default:
        return NOT_OURS;
    }
}

static enum outcome mov_from_cr_op(struct privop *op)
{
    return read_cr(current, op->insn.sub, gpr(op->regs, op->insn.rm));
}

/* The guest may change only TS. */
static enum outcome write_guest_cr0(uint32_t value)
{
    if ((value ^ host_cr0) & ~X86_CR0_TS)
        return NOT_OURS;
    do_fpu_taskswitch(!!(value & X86_CR0_TS));
    return DONE;
}

static __may_switch enum outcome write_guest_cr3(uint32_t value)
{
    return new_base_pointer(xen_cr3_to_pfn(value)) ? NOT_OURS : DONE;
}

static enum outcome write_guest_cr4(uint32_t value)
{
    current->arch.guest_cr4 = fixup_guest_cr4(value);
    alias_debug_registers(current);
    load_cr4(current);
    return DONE;
}

static __may_switch enum outcome write_cr(struct privop *op)
{
    uint32_t value = *gpr(op->regs, op->insn.rm);

    switch (op->insn.sub) {
    case 0:
        return write_guest_cr0(value);
    case 2:
        current->vcpu_info->arch.cr2 = value;
        return DONE;
    case 3:
        return write_guest_cr3(value);
    case 4:
        return write_guest_cr4(value);
    default:
        return NOT_OURS;
    }
}

static enum outcome clear_ts(struct privop *op)
{
    do_fpu_taskswitch(0);
    return DONE;
}

/* LMSW sets PE, MP, EM and TS, but cannot clear PE. */
static enum outcome lmsw(struct privop *op)
{
    uint32_t sel = guest_selector(op->regs, op->insn.segment), linear;
    uint16_t value = 0;

    if (!(op->insn.flags & INSN_MEM))
        value = *gpr(op->regs, op->insn.rm);
    else if (!segment_access(sel, operand_offset(&op->insn, op->regs), sizeof(value), false, &linear))
        return NOT_OURS;
    else if (copy_from_guest(&value, (const void *)linear, sizeof(value)))
        return fault_at(op->regs, linear, false);
    return write_guest_cr0((host_cr0 & ~0xEu) | (value & 0xF));
}

static enum outcome group7(struct privop *op)
{
    uint32_t base, limit, ar, addr;

    if (op->insn.sub == GROUP7_LMSW)
        return lmsw(op);
    if (!read_descriptor(guest_selector(op->regs, op->insn.segment), &base, &limit, &ar))
        return NOT_OURS;
    addr = base + operand_offset(&op->insn, op->regs);
    if (addr < HYP_START)
        flush_page_now(addr);
    return DONE;
}

/* --- Debug registers: as by hypercall */

static enum outcome read_dr(struct privop *op)
{
    *gpr(op->regs, op->insn.rm) = current->arch.debugreg[op->insn.sub];
    return DONE;
}

static enum outcome write_dr(struct privop *op)
{
    return do_set_debugreg(op->insn.sub, *gpr(op->regs, op->insn.rm)) ? NOT_OURS : DONE;
}

/* --- MSRs, CPUID, TSC, caches, HLT */

static void set_edx_eax(struct cpu_user_regs *regs, uint64_t value)
{
    regs->eax = value;
    regs->edx = value >> 32;
}

static enum outcome rdmsr(struct privop *op)
{
    uint64_t value;

    if (!guest_rdmsr(op->regs->ecx, &value))
        return NOT_OURS;
    set_edx_eax(op->regs, value);
    return DONE;
}

static enum outcome wrmsr(struct privop *op)
{
    return guest_wrmsr(op->regs->ecx, (uint64_t)op->regs->edx << 32 | op->regs->eax) ? DONE : NOT_OURS;
}

/* This faults only because the guest has set CR4.TSD, and that concerns only its user mode. */
static enum outcome rdtsc(struct privop *op)
{
    uint64_t tsc;

    if (!guest_kernel_mode(op->regs) && current->arch.guest_cr4 & X86_CR4_TSD)
        return NOT_OURS;
    __asm__ volatile("rdtsc" : "=A"(tsc));
    set_edx_eax(op->regs, tsc);
    return DONE;
}

static enum outcome cpuid(struct privop *op)
{
    guest_cpuid(op->regs);
    return DONE;
}

/* Some kernels use it in timing loops, and only a domain with devices needs its effect. INVD is carried out as WBINVD,
 * because it would lose other domains' data. */
static enum outcome wbinvd(struct privop *op)
{
    if (this_cpu.domain->is_privileged)
        __asm__ volatile("wbinvd" ::: "memory");
    return DONE;
}

/* Like sched_op's block, it enables events. Otherwise the vCPU would never wake. */
static __may_switch enum outcome hlt(struct privop *op)
{
    bool single_step = op->regs->eflags & X86_EFLAGS_TF;

    current->vcpu_info->evtchn_upcall_mask = 0;
    instruction_done(op->regs, op->regs->eip + op->insn.length, 0);
    if (!single_step)
        vcpu_block();
    return RETURN;
}

/* --- Instructions that depend on IOPL */

/* These have no effect, as on Xen. If CLI masked events, a POPF that restores the flag could not unmask them, as it
 * does not trap. */
static enum outcome cli_sti(struct privop *op)
{
    return guest_iopl_allows(op->regs) ? DONE : NOT_OURS;
}

static enum outcome in_out(struct privop *op)
{
    struct cpu_user_regs *regs = op->regs;
    const struct insn *insn = &op->insn;
    uint32_t port = insn->flags & INSN_IMM ? insn->imm & 0xFF : regs->edx & 0xFFFF;

    if (!guest_ports_allowed(regs, port, insn->size))
        return NOT_OURS;
    if (insn->op == INSN_IN)
        write_gpr(regs, GPR_EAX, insn->size, guest_in(port, insn->size));
    else
        guest_out(port, insn->size, regs->eax);
    op->breakpoints = port_breakpoints(port, insn->size);
    return DONE;
}

/* Transfers one element. DONE: the registers have been advanced. */
static enum outcome string_step(struct privop *op, uint32_t port)
{
    struct cpu_user_regs *regs = op->regs;
    const struct insn *insn = &op->insn;
    bool input = insn->op == INSN_INS;
    unsigned int index = input ? GPR_EDI : GPR_ESI;
    uint32_t sel = guest_selector(regs, input ? SEG_ES : insn->segment);
    uint32_t offset = read_gpr(regs, index, insn->addr_size), linear, value = 0, left;

    if (!segment_access(sel, offset, insn->size, input, &linear))
        return NOT_OURS;
    if (!guest_range_ok((const void *)linear, insn->size))
        return fault_at(regs, linear, input);
    if (input) {
        value = guest_in(port, insn->size);
        left = __copy_to_guest((void *)linear, &value, insn->size);
    } else
        left = __copy_from_guest(&value, (const void *)linear, insn->size);
    if (left)
        return fault_at(regs, linear + insn->size - left, input);
    if (!input)
        guest_out(port, insn->size, value);
    write_gpr(regs, index, insn->addr_size, regs->eflags & X86_EFLAGS_DF ? offset - insn->size : offset + insn->size);
    return DONE;
}

static enum outcome ins_outs(struct privop *op)
{
    struct cpu_user_regs *regs = op->regs;
    const struct insn *insn = &op->insn;
    uint32_t port = regs->edx & 0xFFFF, count = 1;
    bool repeated = insn->flags & INSN_REP;
    enum outcome rc;

    if (repeated) {
        count = read_gpr(regs, GPR_ECX, insn->addr_size);
        if (!count)
            return DONE;
    }
    if (!guest_ports_allowed(regs, port, insn->size))
        return NOT_OURS;
    for (unsigned int i = 0; i < STEPS_PER_POINT; i++) {
        rc = string_step(op, port);
        if (rc != DONE)
            return rc;
        op->breakpoints = port_breakpoints(port, insn->size);
        if (repeated)
            write_gpr(regs, GPR_ECX, insn->addr_size, --count);
        if (!repeated || !count)
            return DONE;
        if (op->breakpoints)
            break;
    }
    instruction_done(regs, regs->eip, op->breakpoints); /* the guest executes it again for the rest */
    return RETURN;
}

/* --- The table of operations */

static const struct {
    enum outcome (*carry_out)(struct privop *op);
    bool any_ring; /* also for the guest's user mode */
} operations[] = {
    [INSN_INS] = {ins_outs, true},     [INSN_OUTS] = {ins_outs, true},      [INSN_IN] = {in_out, true},
    [INSN_OUT] = {in_out, true},       [INSN_CLI_STI] = {cli_sti, true},    [INSN_RDTSC] = {rdtsc, true},
    [INSN_CPUID] = {cpuid, true},      [INSN_HLT] = {hlt, false},           [INSN_GROUP7] = {group7, false},
    [INSN_CLTS] = {clear_ts, false},   [INSN_WBINVD] = {wbinvd, false},     [INSN_READ_CR] = {mov_from_cr_op, false},
    [INSN_READ_DR] = {read_dr, false}, [INSN_WRITE_CR] = {write_cr, false}, [INSN_WRITE_DR] = {write_dr, false},
    [INSN_WRMSR] = {wrmsr, false},     [INSN_RDMSR] = {rdmsr, false},
};

#define MOV_FROM_CR (OP2_MOV_Rd_Cd << 8 | OP_ESCAPE) /* its opcode as a word */

/* MOV from CR by a kernel with a flat code segment. It is by far the most frequent privileged instruction, so it is
 * recognised without the decoder. */
static inline bool mov_from_cr(struct cpu_user_regs *regs)
{
    uint32_t word;
    const struct vcpu *v = current;

    if (regs->cs != v->arch.flat_cs || regs->eip >= HYP_START - sizeof(word) ||
        regs->eflags & (X86_EFLAGS_TF | X86_EFLAGS_RF))
        return false;
    FETCH_GUEST_U32(word, (const uint32_t *)regs->eip, fault);
    if ((word & 0xFFFF) != MOV_FROM_CR || read_cr(v, word >> 19 & 7, gpr(regs, word >> 16 & 7)) != DONE)
        return false;
    regs->eip += 3;
    return true;
fault:
    return false;
}

/* An instruction of a process that raises #GP concerns only its kernel, unless it is one that the hypervisor might
 * carry out for processes, too. */
static COLD bool refuse_unknown(struct cpu_user_regs *regs)
{
    uint32_t bytes = 0;

    if (!guest_kernel_mode(regs))
        return false;
    if (regs->cs != current->arch.flat_cs || copy_from_guest(&bytes, (const void *)regs->eip, sizeof(bytes)))
        bytes = 0;
    return refuse(REFUSED_instruction, false, INVALID_MFN, bytes);
}

static COLD bool refuse_op(const struct privop *op)
{
    struct cpu_user_regs *regs = op->regs;
    const struct insn *insn = &op->insn;
    uint32_t port = insn->flags & INSN_IMM ? insn->imm & 0xFF : regs->edx & 0xFFFF;

    switch (insn->op) {
    case INSN_WRITE_CR:
        /* A base pointer has been explained already. */
        return insn->sub == 3 ? false : refuse(REFUSED_control_register, false, INVALID_MFN, *gpr(regs, insn->rm));
    case INSN_WRITE_DR:
        return refuse(REFUSED_debug_register, false, INVALID_MFN, *gpr(regs, insn->rm));
    case INSN_RDMSR:
        return refuse(REFUSED_msr_read, false, INVALID_MFN, regs->ecx);
    case INSN_WRMSR:
        return refuse(REFUSED_msr_write, false, INVALID_MFN, regs->ecx);
    case INSN_IN:
    case INSN_OUT:
    case INSN_INS:
    case INSN_OUTS:
        return refuse(REFUSED_port, false, INVALID_MFN, port);
    case INSN_CLI_STI:
        return refuse(REFUSED_interrupt_flag, false, INVALID_MFN, 0);
    default:
        return refuse_unknown(regs);
    }
}

static __attribute__((noinline)) __may_switch bool emulate_other_op(struct cpu_user_regs *regs)
{
    struct privop op;
    unsigned int which;

    if (!guest_mode(regs))
        return false;
    if (fixup_4gb_segment(regs))
        return true;
    op.regs = regs;
    op.breakpoints = 0;
    if (!fetch_insn(regs, &op.insn))
        return refuse_unknown(regs);
    which = op.insn.op;
    if (!operations[which].carry_out || !(operations[which].any_ring || guest_kernel_mode(regs)))
        return refuse_unknown(regs);
    switch (operations[which].carry_out(&op)) {
    case NOT_OURS:
        return refuse_op(&op);
    case DONE:
        instruction_done(regs, regs->eip + op.insn.length, op.breakpoints);
        return true;
    default:
        return true;
    }
}

bool emulate_privileged_op(struct cpu_user_regs *regs)
{
    return likely(mov_from_cr(regs)) || emulate_other_op(regs);
}

/* The forced-emulation prefix and CPUID: 0F 0B 'x' 'e' 'n' 0F A2. The two words share a byte. */
#define PREFIX_HEAD   0x65780B0F
#define PREFIX_TAIL   0xA20F6E65
#define PREFIX_LENGTH 7

/* The linear address of CS:EIP, for any code segment, if it has room for the prefix there. */
static bool prefix_address(const struct cpu_user_regs *regs, uint32_t *addr)
{
    uint32_t base, limit, ar;

    if (!read_descriptor(regs->cs, &base, &limit, &ar) || limit < PREFIX_LENGTH - 1 ||
        regs->eip > limit - (PREFIX_LENGTH - 1))
        return false;
    *addr = base + regs->eip;
    return guest_range_ok((const void *)*addr, PREFIX_LENGTH);
}

bool emulate_forced_invalid_op(struct cpu_user_regs *regs)
{
    uint32_t addr = regs->eip, word;

    if ((regs->cs != current->arch.flat_cs || regs->eip > HYP_START - PREFIX_LENGTH) &&
        (!guest_mode(regs) || !prefix_address(regs, &addr)))
        return false;
    FETCH_GUEST_U32(word, (const uint32_t *)(addr), fault);
    if (word != PREFIX_HEAD)
        return false;
    FETCH_GUEST_U32(word, (const uint32_t *)(addr + 3), fault);
    if (word != PREFIX_TAIL)
        return false;
    guest_cpuid(regs);
    if (likely(!(regs->eflags & (X86_EFLAGS_TF | X86_EFLAGS_RF))))
        regs->eip += PREFIX_LENGTH;
    else
        instruction_done(regs, regs->eip + PREFIX_LENGTH, 0);
    return true;
fault:
    return false;
}
