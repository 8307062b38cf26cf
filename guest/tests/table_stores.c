/* SPDX-License-Identifier: MIT */
/*
 * Stores to a page table, which the hypervisor carries out, against the same instructions on ordinary memory, which the
 * processor executes: registers, flags and memory must be equal afterwards. The entries are absent ones, so that any
 * value will do. Where an instruction follows that could be carried out in the same exception, a breakpoint and a step
 * must still come before it.
 */
#include "test.h"

#include "own_table.h"

#define ARITHMETIC 0x8D5u
#define NO_AF      0x8C5u
#define CF_ZF      0x041u

/* What an instruction begins and ends with. ESI is the entry's address. */
struct registers {
    uint32_t eax, ebx, ecx, edx, eflags;
};

#define INSN(name, code)                                                                           \
    static void name(struct registers *r, volatile void *entry)                                    \
    {                                                                                              \
        __asm__ volatile("push %%edi; popf\n" code "\npushf; pop %%edi"                            \
                         : "+a"(r->eax), "+b"(r->ebx), "+c"(r->ecx), "+d"(r->edx), "+D"(r->eflags) \
                         : "S"(entry)                                                              \
                         : "memory", "cc");                                                        \
    }

INSN(mov_low, "mov %%eax, (%%esi)")
INSN(mov_high, "mov %%ebx, 4(%%esi)")
INSN(mov_constant, "movl $0x12345670, (%%esi)")
INSN(mov_both, "mov %%eax, (%%esi); mov %%ebx, 4(%%esi)")
INSN(mov_both_high_first, "mov %%ebx, 4(%%esi); mov %%eax, (%%esi)")
INSN(clear_both, "movl $0, (%%esi); movl $0, 4(%%esi)")
INSN(mov_three, "mov %%eax, (%%esi); mov %%ebx, 4(%%esi); mov %%ecx, (%%esi)")
INSN(xchg_low, "xchg %%eax, (%%esi)")
INSN(xchg_high, "xchg %%ecx, 4(%%esi)")
INSN(cmpxchg8b, "lock cmpxchg8b (%%esi)")
INSN(cmpxchg8b_plain, "cmpxchg8b (%%esi)")
INSN(cmpxchg8b_by_ds, ".byte 0x3e; cmpxchg8b (%%esi)")
INSN(exchange, "1: lock cmpxchg8b (%%esi); jne 1b")
INSN(exchange_once, "lock cmpxchg8b (%%esi); jne 1f; nop; 1:")
INSN(andb_lock, "lock andb $0xfc, (%%esi)")
INSN(andb_zero, "andb $0, (%%esi)")
INSN(andb_sign, ".byte 0x3e; andb $0x80, (%%esi)")
INSN(andb_disp, "andb $0x5a, 0(%%esi)")
INSN(orb_lock, "lock orb $0x20, (%%esi)")
INSN(orb_sign, "orb $0x82, (%%esi)")
INSN(orb_second, "lock orb $0x0f, 1(%%esi)")
INSN(and_word, "and %%ebx, (%%esi)")
INSN(btr, "lock btrl $6, (%%esi)")
INSN(bts, "btsl $9, 4(%%esi)")
INSN(xadd, "lock xadd %%ebx, 4(%%esi)")
INSN(by_sib, "xor %%edx, %%edx; mov %%eax, (%%esi,%%edx,8)")

static const struct {
    const char *name;
    void (*run)(struct registers *r, volatile void *entry);
    uint32_t flags; /* those that are defined afterwards */
} insns[] = {
    {"mov low", mov_low, ARITHMETIC},
    {"mov high", mov_high, ARITHMETIC},
    {"mov constant", mov_constant, ARITHMETIC},
    {"mov both", mov_both, ARITHMETIC},
    {"mov both, high first", mov_both_high_first, ARITHMETIC},
    {"clear both", clear_both, ARITHMETIC},
    {"three movs", mov_three, ARITHMETIC},
    {"xchg low", xchg_low, ARITHMETIC},
    {"xchg high", xchg_high, ARITHMETIC},
    {"lock cmpxchg8b", cmpxchg8b, ARITHMETIC},
    {"cmpxchg8b", cmpxchg8b_plain, ARITHMETIC},
    {"ds cmpxchg8b", cmpxchg8b_by_ds, ARITHMETIC},
    {"exchange", exchange, ARITHMETIC},
    {"exchange once", exchange_once, ARITHMETIC},
    {"lock andb", andb_lock, NO_AF},
    {"andb 0", andb_zero, NO_AF},
    {"andb 0x80", andb_sign, NO_AF},
    {"andb disp8", andb_disp, NO_AF},
    {"lock orb", orb_lock, NO_AF},
    {"orb 0x82", orb_sign, NO_AF},
    {"orb of the second byte", orb_second, NO_AF},
    {"and", and_word, NO_AF},
    {"btr", btr, CF_ZF},
    {"bts", bts, CF_ZF},
    {"xadd", xadd, ARITHMETIC},
    {"by SIB", by_sib, NO_AF},
};

static uint32_t some_number(void)
{
    static uint64_t state = 0x9E3779B97F4A7C15;

    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return state >> 33;
}

/* Of an entry's low half: absent, and without what an XADD or AND could make present. */
static uint32_t some_low(void)
{
    return some_number() << 12 | (some_number() & 0xFE0);
}

static void check_insn(unsigned int i)
{
    static volatile pte_t memory __attribute__((aligned(8)));
    struct registers start, seen, expected;
    pte_t value = (uint64_t)(some_number() & 0xFFFFF) << 32 | some_low();

    start = (struct registers){some_low(), some_low(), some_low(), some_number(), 2 | (some_number() & ARITHMETIC)};
    if (some_number() & 1) {
        start.eax = (uint32_t)value;
        start.edx = value >> 32;
    }
    context("%s of %llx: eax %x ebx %x ecx %x edx %x", insns[i].name, value, start.eax, start.ebx, start.ecx,
            start.edx);
    CHECK_RC(mmu_set_entry(&l1[7], value), 0);
    memory = value;
    seen = expected = start;
    insns[i].run(&expected, &memory);
    insns[i].run(&seen, &l1[7]);
    CHECK_EQ(l1[7], memory);
    CHECK_EQ(seen.eax, expected.eax);
    CHECK_EQ(seen.ebx, expected.ebx);
    CHECK_EQ(seen.ecx, expected.ecx);
    CHECK_EQ(seen.edx, expected.edx);
    CHECK_EQ(seen.eflags & insns[i].flags, expected.eflags & insns[i].flags);
}

TEST(table_stores_same_as_memory)
{
    HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    if (!begin())
        return;
    for (unsigned int n = 0; n < 20; n++)
        for (unsigned int i = 0; i < ARRAY_SIZE(insns); i++)
            check_insn(i);
    context("%s", "");
    CHECK_RC(mmu_set_entry(&l1[7], 0), 0);
    end();
}

/* --- Between two stores */

static __attribute__((noinline, noclone)) void two_stores(void *entry)
{
    __asm__ volatile("movl $0x1000, (%0)\n"
                     ".globl second_store\n"
                     "second_store: movl $0x2, 4(%0)"
                     :
                     : "S"(entry)
                     : "memory");
}

static __attribute__((noinline, noclone)) void compare_and_jump(void *entry)
{
    uint32_t eax = ~0u, edx = ~0u;

    __asm__ volatile("1: lock cmpxchg8b (%2)\n"
                     ".globl loop_jump\n"
                     "loop_jump: jne 1b"
                     : "+a"(eax), "+d"(edx)
                     : "S"(entry), "b"(0x3000), "c"(4)
                     : "memory", "cc");
}

static __attribute__((noinline, noclone)) void step_first(void *entry)
{
    __asm__ volatile("pushf; orl $0x100, (%%esp); popf\n"
                     "movl $0x1000, (%0)\n"
                     ".globl second_step\n"
                     "second_step: movl $0x2, 4(%0)"
                     :
                     : "S"(entry)
                     : "memory", "cc");
}

extern const char second_store[], loop_jump[], second_step[];

static void check_stop(int line, void (*fn)(void *), const char *where, pte_t expected)
{
    struct caught_trap caught = {.vector = ~0u};

    check_rc("clearing", line, mmu_set_entry(&l1[3], 0), 0);
    check_true("a trap", line, trap_catch(&caught, fn, &l1[3]));
    check_eq("vector", line, caught.vector, TRAP_DEBUG);
    check_eq("EIP", line, caught.eip, (uint32_t)where);
    check_eq("the entry", line, l1[3], expected);
}

TEST(table_stores_stop_between)
{
    HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    if (!begin())
        return;
    CHECK_RC(HYPERVISOR_set_debugreg(1, second_store), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(2, loop_jump), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0x400 | 0x14), 0);
    check_stop(__LINE__, two_stores, second_store, 0x1000);
    check_stop(__LINE__, compare_and_jump, loop_jump, 0);
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0x400), 0);
    for (uint32_t reg = 1; reg < 3; reg++)
        CHECK_RC(HYPERVISOR_set_debugreg(reg, 0), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(6, 0), 0);
    check_stop(__LINE__, step_first, second_step, 0x1000);
    CHECK_RC(HYPERVISOR_set_debugreg(6, 0), 0);

    two_stores(&l1[3]);
    CHECK_EQ(l1[3], 0x200001000ull);
    compare_and_jump(&l1[3]);
    CHECK_EQ(l1[3], 0x400003000ull);
    CHECK_RC(mmu_set_entry(&l1[3], 0), 0);
    end();
}

/* --- The second one is refused */

static __attribute__((noinline, noclone)) void present_after_high(void *entry)
{
    __asm__ volatile("mov %1, 4(%0)\n"
                     ".globl refused_store\n"
                     "refused_store: mov %2, (%0)"
                     :
                     : "S"(entry), "r"(0x7), "r"(0x1001 | (uint32_t)PTE_G)
                     : "memory");
}
extern const char refused_store[];

TEST(table_stores_second_refused)
{
    struct caught_trap caught = {.vector = ~0u};

    HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    if (!begin())
        return;
    CHECK(trap_catch(&caught, present_after_high, &l1[3]));
    CHECK_EQ(caught.vector, TRAP_PAGE_FAULT);
    CHECK_EQ(caught.error, PF_PRESENT | PF_WRITE);
    CHECK_EQ(caught.eip, (uint32_t)refused_store);
    CHECK_EQ(caught.cr2, (uint32_t)&l1[3]);
    CHECK_EQ(l1[3], 0x700000000ull);
    CHECK_RC(mmu_set_entry(&l1[3], 0), 0);
    end();
}
