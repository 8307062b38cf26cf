/* SPDX-License-Identifier: MIT */
/*
 * Writable page tables. A guest maps its page tables read-only. A store to an L1 entry faults, and is carried out here
 * as an update with validation. Some kernels do this more often than anything else, half a million times while they
 * boot. The frequent instructions are in ptwr_fast.S; this file carries out all others, by the decoder. It does the
 * same as that file with those, too.
 *
 * A 4-byte store changes half of an entry; the other half stays as it is. If the store changed the upper half and the
 * resulting entry is not valid, the guest has most likely written the halves in the wrong order. Then the entry is
 * stored without its present bit, since the store of the lower half will follow (Xen's rule, which old kernels need).
 */
#include "opcodes.h"

#include <asm/emulate.h>
#include <asm/frames.h>
#include <asm/guest_access.h>
#include <asm/traps.h>

#define X86_EFLAGS_ZF 0x040u
#define X86_EFLAGS_DF 0x400u

/* The entry that a store to addr would change, if it is in an L1 table of d's own. */
static pte_t *target_slot(const struct domain *d, uint32_t addr)
{
    const pte_t *mapping = l1_entry_of(addr);
    struct page_info *page;
    mfn_t mfn;

    if (unlikely(!mapping) || unlikely((mapping->lo & (_PAGE_PRESENT | _PAGE_RW)) != _PAGE_PRESENT))
        return NULL;
    mfn = mapping->lo >> PAGE_SHIFT;
    if (unlikely(mapping->hi & ~_PAGE_NX_HI) && !pte_to_frame(*mapping, &mfn))
        return NULL;
    if (unlikely(mfn >= max_page))
        return NULL;
    page = mfn_to_page(mfn);
    if (unlikely(page->owner != d) || unlikely(page->type_info < PGT_one) ||
        unlikely((page->type_info & (PGT_type_mask | PGT_validated)) != (PGT_l1_page_table | PGT_validated)))
        return NULL;
    return (pte_t *)((char *)map_l1(mfn) + (addr & ~PAGE_MASK & ~7u));
}

/* A plain store of the upper half has made the entry invalid. */
static __attribute__((noinline)) bool update_without_present(struct domain *d, pte_t *slot, pte_t new)
{
    if (!(new.lo &_PAGE_PRESENT))
        return false;
    new.lo &= ~_PAGE_PRESENT;
    return !mod_l1_entry(d, slot, new) && !refuse(REFUSED_store_halved, 0, INVALID_MFN, new.raw);
}

/* upper_half: of the entry, by an instruction that is not locked. */
static bool change_entry(struct domain *d, pte_t *slot, pte_t new, bool upper_half)
{
    return !mod_l1_entry(d, slot, new) || (upper_half && update_without_present(d, slot, new));
}

/* Stores value (size bytes, naturally aligned) at addr, in *slot. locked: the instruction is an atomic
 * read-modify-write. */
static bool update(struct domain *d, pte_t *slot, uint32_t addr, unsigned int size, uint64_t value, bool locked)
{
    pte_t new = *slot;

    if (size == 8)
        new.raw = value;
    else {
        uint32_t shift = (addr & 3) * 8, mask = size_mask(size) << shift;
        uint32_t *half = addr & 4 ? &new.hi : &new.lo;

        *half = (*half & ~mask) | ((uint32_t)value << shift & mask);
    }
    return change_entry(d, slot, new, size == 4 && addr & 4 && !locked);
}

/* --- Stores that are more than a MOV */

struct store {
    struct cpu_user_regs *regs;
    struct domain *domain;
    pte_t *slot;
    uint32_t addr;
    struct insn insn;
};

/* Finds the entry that is stored to. Call it after everything that reads a descriptor: that may map a page of the LDT,
 * which may replace the frame in the window. */
static bool find_slot(struct store *s)
{
    s->slot = target_slot(s->domain, s->addr);
    return s->slot;
}

static uint32_t operand_at(const struct store *s)
{
    uint32_t half = s->addr & 4 ? s->slot->hi : s->slot->lo;

    return half >> (s->addr & 3) * 8 & size_mask(s->insn.size);
}

static bool finish(struct store *s, uint32_t value)
{
    return update(s->domain, s->slot, s->addr, s->insn.size, value, s->insn.flags & INSN_LOCK);
}

static uint32_t source(struct store *s)
{
    return s->insn.flags & INSN_IMM ? s->insn.imm : read_gpr(s->regs, s->insn.reg, s->insn.size);
}

static bool store_mov(struct store *s)
{
    /* MOFFS forms have no ModRM byte and store the accumulator. That is register 0, and insn.reg is 0 for them. */
    return finish(s, source(s));
}

static bool store_alu(struct store *s)
{
    uint32_t eflags = s->regs->eflags;

    if (!finish(s, alu(s->insn.sub, s->insn.size, operand_at(s), source(s), &eflags)))
        return false;
    s->regs->eflags = eflags;
    return true;
}

static bool store_incdec(struct store *s)
{
    uint32_t eflags = s->regs->eflags;

    if (!finish(s, alu_incdec(s->insn.sub, s->insn.size, operand_at(s), &eflags)))
        return false;
    s->regs->eflags = eflags;
    return true;
}

static bool store_notneg(struct store *s)
{
    uint32_t eflags = s->regs->eflags, value = operand_at(s);

    value = s->insn.sub == 3 ? alu(ALU_SUB, s->insn.size, 0, value, &eflags) : ~value;
    if (!finish(s, value))
        return false;
    s->regs->eflags = eflags;
    return true;
}

static bool store_bit(struct store *s)
{
    uint32_t value = operand_at(s), mask = 1u << (source(s) & (s->insn.size * 8 - 1)), new = value;

    if (s->insn.sub == 1)
        new |= mask;
    else if (s->insn.sub == 2)
        new &= ~mask;
    else
        new ^= mask;
    if (!finish(s, new))
        return false;
    s->regs->eflags = (s->regs->eflags & ~X86_EFLAGS_CF) | (value & mask ? X86_EFLAGS_CF : 0);
    return true;
}

static bool store_xchg(struct store *s)
{
    uint32_t old = operand_at(s);

    s->insn.flags |= INSN_LOCK; /* XCHG is always locked */
    if (!finish(s, source(s)))
        return false;
    write_gpr(s->regs, s->insn.reg, s->insn.size, old);
    return true;
}

static bool store_xadd(struct store *s)
{
    uint32_t eflags = s->regs->eflags, old = operand_at(s);

    if (!finish(s, alu(ALU_ADD, s->insn.size, old, source(s), &eflags)))
        return false;
    write_gpr(s->regs, s->insn.reg, s->insn.size, old);
    s->regs->eflags = eflags;
    return true;
}

static bool store_cmpxchg(struct store *s)
{
    uint32_t eflags = s->regs->eflags, old = operand_at(s);

    s->insn.flags |= INSN_LOCK;
    alu(ALU_CMP, s->insn.size, read_gpr(s->regs, GPR_EAX, s->insn.size), old, &eflags);
    if (!(eflags & X86_EFLAGS_ZF))
        write_gpr(s->regs, GPR_EAX, s->insn.size, old);
    else if (!finish(s, source(s)))
        return false;
    s->regs->eflags = eflags;
    return true;
}

static bool store_cmpxchg8b(struct store *s)
{
    struct cpu_user_regs *regs = s->regs;
    pte_t old = *s->slot;

    if (old.lo != regs->eax || old.hi != regs->edx) {
        regs->eax = old.lo;
        regs->edx = old.hi;
        regs->eflags &= ~X86_EFLAGS_ZF;
        return true;
    }
    if (!update(s->domain, s->slot, s->addr, 8, (uint64_t)regs->ecx << 32 | regs->ebx, true))
        return false;
    regs->eflags |= X86_EFLAGS_ZF;
    return true;
}

/* One element of a string instruction is done. With REP, EIP stays until ECX is 0, and the next element faults
 * again. */
static void next_element(struct store *s, bool source_too)
{
    struct cpu_user_regs *regs = s->regs;
    const struct insn *insn = &s->insn;
    uint32_t step = regs->eflags & X86_EFLAGS_DF ? -insn->size : insn->size;

    write_gpr(regs, GPR_EDI, insn->addr_size, read_gpr(regs, GPR_EDI, insn->addr_size) + step);
    if (source_too)
        write_gpr(regs, GPR_ESI, insn->addr_size, read_gpr(regs, GPR_ESI, insn->addr_size) + step);
    if (insn->flags & INSN_REP) {
        uint32_t left = read_gpr(regs, GPR_ECX, insn->addr_size) - 1;

        write_gpr(regs, GPR_ECX, insn->addr_size, left);
        if (left & size_mask(insn->addr_size))
            s->insn.length = 0;
    }
}

static bool store_stos(struct store *s)
{
    if (!finish(s, read_gpr(s->regs, GPR_EAX, s->insn.size)))
        return false;
    next_element(s, false);
    return true;
}

static bool store_movs(struct store *s)
{
    uint32_t base, limit, ar, from, value = 0;

    if (!read_descriptor(guest_selector(s->regs, s->insn.segment), &base, &limit, &ar))
        return false;
    from = base + read_gpr(s->regs, GPR_ESI, s->insn.addr_size);
    if (copy_from_guest(&value, (const void *)from, s->insn.size) || !find_slot(s) || !finish(s, value))
        return false;
    next_element(s, true);
    return true;
}

static bool (*const stores[])(struct store *s) = {
    [INSN_MOV] = store_mov,       [INSN_ALU] = store_alu,         [INSN_INCDEC] = store_incdec,
    [INSN_NOTNEG] = store_notneg, [INSN_BIT] = store_bit,         [INSN_XCHG] = store_xchg,
    [INSN_XADD] = store_xadd,     [INSN_CMPXCHG] = store_cmpxchg, [INSN_CMPXCHG8B] = store_cmpxchg8b,
    [INSN_MOVS] = store_movs,     [INSN_STOS] = store_stos,
};

/* BTS, BTR and BTC with the bit number in a register: the bit may be far before or after the operand. */
static uint32_t bit_displacement(const struct insn *insn, uint32_t number)
{
    int32_t word = insn->size == 4 ? (int32_t)number >> 5 : (int16_t)number >> 4;

    return (uint32_t)word * insn->size;
}

/* The address that the instruction stores to. CR2 is not enough, as the access may have begun in the page before. */
static bool store_address(struct store *s, uint32_t *addr)
{
    struct cpu_user_regs *regs = s->regs;
    const struct insn *insn = &s->insn;
    uint32_t sel, base, limit, ar, offset;

    if (insn->op == INSN_MOVS || insn->op == INSN_STOS) {
        sel = guest_selector(regs, SEG_ES);
        offset = read_gpr(regs, GPR_EDI, insn->addr_size);
    } else {
        sel = guest_selector(regs, insn->segment);
        offset = operand_offset(insn, regs);
        if (insn->op == INSN_BIT && !(insn->flags & INSN_IMM))
            offset += bit_displacement(insn, *gpr(regs, insn->reg));
        offset &= size_mask(insn->addr_size);
    }
    if (!read_descriptor(sel, &base, &limit, &ar)) /* beyond the limit, this would be no page fault */
        return false;
    *addr = base + offset;
    return true;
}

static __attribute__((noinline)) bool any_store(struct cpu_user_regs *regs, struct domain *d, uint32_t fault)
{
    struct store s;

    s.regs = regs;
    s.domain = d;
    if (!fetch_insn(regs, &s.insn) || s.insn.op >= ARRAY_SIZE(stores) || !stores[s.insn.op])
        return refuse(REFUSED_store_instruction, false, INVALID_MFN, fault);
    if (!store_address(&s, &s.addr) || (s.addr ^ fault) & PAGE_MASK || s.addr & (s.insn.size - 1))
        return refuse(REFUSED_store_place, false, INVALID_MFN, fault);
    if (!find_slot(&s) || !stores[s.insn.op](&s))
        return false;
    instruction_done(regs, regs->eip + s.insn.length, 0);
    return true;
}

bool ptwr_fault(struct cpu_user_regs *regs, uint32_t addr)
{
    return target_slot(this_cpu.domain, addr) && any_store(regs, this_cpu.domain, addr);
}

bool store_words(pte_t *slot, uint32_t lo, uint32_t hi, bool upper_half)
{
    return change_entry(this_cpu.domain, slot, (pte_t){.lo = lo, .hi = hi}, upper_half);
}
