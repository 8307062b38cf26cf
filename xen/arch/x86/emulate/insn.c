/* SPDX-License-Identifier: MIT */
/* What every emulated instruction needs: fetching its bytes, access to its registers, and what must happen when it is
 * done. */
#include <asm/debugreg.h>
#include <asm/emulate.h>
#include <asm/guest_access.h>
#include <asm/traps.h>
#include <xen/sched.h>

#define WORD(field) (offsetof(struct cpu_user_regs, field) / sizeof(uint32_t))

const uint8_t gpr_word[8] = {WORD(eax), WORD(ecx), WORD(edx), WORD(ebx), WORD(esp), WORD(ebp), WORD(esi), WORD(edi)};

uint32_t read_gpr(struct cpu_user_regs *regs, unsigned int number, unsigned int size)
{
    if (size == 1 && number >= 4)
        return *gpr(regs, number - 4) >> 8 & 0xFF;
    return *gpr(regs, number) & size_mask(size);
}

void write_gpr(struct cpu_user_regs *regs, unsigned int number, unsigned int size, uint32_t value)
{
    uint32_t mask = size_mask(size), *reg;

    if (size == 1 && number >= 4) {
        number -= 4;
        mask <<= 8;
        value <<= 8;
    }
    reg = gpr(regs, number);
    *reg = (*reg & ~mask) | (value & mask);
}

uint32_t operand_offset(const struct insn *insn, struct cpu_user_regs *regs)
{
    uint32_t offset = insn->disp;

    if (insn->base != NO_REG)
        offset += *gpr(regs, insn->base);
    if (insn->index != NO_REG)
        offset += *gpr(regs, insn->index) << insn->scale;
    return offset & size_mask(insn->addr_size);
}

/* Reads up to n bytes of the guest, and returns how many could be read. They lie in two pages at most. If only the
 * second page is missing, the bytes in the first one are returned. */
static unsigned int fetch_bytes(uint8_t *buffer, uint32_t addr, unsigned int n)
{
    unsigned int first = MIN(n, PAGE_SIZE - (addr & ~PAGE_MASK));

    if (copy_from_guest(buffer, (const void *)addr, first))
        return 0;
    if (first < n && copy_from_guest(buffer + first, (const void *)(addr + first), n - first))
        return first;
    return n;
}

/* Instructions longer than two words, near the end of a page, or in a segment of the guest's own. */
static __attribute__((noinline)) bool fetch_insn_slow(struct cpu_user_regs *regs, struct insn *insn)
{
    uint32_t base, limit, ar;
    uint8_t bytes[MAX_INSN];
    unsigned int n = MAX_INSN;

    if (!read_descriptor(regs->cs, &base, &limit, &ar) || regs->eip > limit)
        return false;
    if ((ar & (DESC_S | DESC_P | DESC_CODE)) != (DESC_S | DESC_P | DESC_CODE))
        return false;
    if (!base && ar & DESC_32BIT && limit >= HYP_START - 1 && (ar & DESC_DPL) == DESC_DPL1 && guest_kernel_mode(regs))
        current->arch.flat_cs = regs->cs;
    if (limit - regs->eip < MAX_INSN - 1)
        n = limit - regs->eip + 1;
    n = fetch_bytes(bytes, base + regs->eip, n);
    return decode(insn, bytes, n, ar & DESC_32BIT) == DECODE_OK;
}

bool fetch_insn(struct cpu_user_regs *regs, struct insn *insn)
{
    uint32_t bytes[2];
    enum decode_result rc;

    if (unlikely(regs->cs != current->arch.flat_cs) || unlikely(regs->eip > HYP_START - sizeof(bytes)) ||
        unlikely((regs->eip & ~PAGE_MASK) > PAGE_SIZE - sizeof(bytes)))
        return fetch_insn_slow(regs, insn);
    FETCH_GUEST_U32(bytes[0], (const uint32_t *)regs->eip, fault);
    FETCH_GUEST_U32(bytes[1], (const uint32_t *)(regs->eip + 4), fault);
    rc = decode(insn, (const uint8_t *)bytes, sizeof(bytes), true);
    return rc == DECODE_OK || (rc == DECODE_SHORT && fetch_insn_slow(regs, insn));
fault:
    return false;
}

void instruction_done(struct cpu_user_regs *regs, uint32_t eip, uint32_t breakpoints)
{
    regs->eip = eip;
    regs->eflags &= ~X86_EFLAGS_RF;
    if (unlikely(regs->eflags & X86_EFLAGS_TF))
        breakpoints |= DR6_SINGLE_STEP;
    if (unlikely(breakpoints)) {
        current->arch.debugreg[6] |= breakpoints | DR6_RESET;
        alias_debug_registers(current);
        if (!bounce_trap(regs, TRAP_debug, false))
            domain_crash(current, "debug trap after an emulated instruction");
    }
}
