/* SPDX-License-Identifier: MIT */
/*
 * Writable page tables (xen/arch/x86/emulate/ptwr.c with decode.c, insn.c and seg.c), on the host.
 *
 * Proves that an emulated store does exactly what the processor does. Each random instruction is executed by this very
 * processor on one copy of a page, and by ptwr_fault() on another. Then registers, flags and pages must be equal. It
 * can be trusted because the hypervisor's code runs unchanged: this is a 32-bit program that has memory where the
 * hypervisor has its frame table and windows. test_ptwr_fast.c is for ptwr_fast.S. Only the page-table walk and the
 * validation of entries are replaced.
 */
#include "ptwr_trial.h"
#include "unit.h"

#include <asm/emulate.h>
#include <asm/traps.h>

void set_regs(struct cpu_user_regs *regs, const struct trial *t)
{
    memset(regs, 0, sizeof(*regs));
    for (unsigned int i = 0; i < 8; i++)
        *gpr(regs, i) = t->gpr[i];
    regs->eip = CODE;
    regs->cs = RING1_CS;
    regs->ss = RING1_DS;
    regs->eflags = t->eflags;
    memcpy((void *)CODE, t->code, t->length);
}

static void one_trial(const struct form *f)
{
    struct cpu_user_regs regs;
    struct trial t;
    bool ok = true;

    make_trial(&t, f);
    set_regs(&regs, &t);
    for (unsigned int i = 0; i < 4 && ok && regs.eip == CODE; i++) /* REP: one element at a time */
        ok = ptwr_fault(&regs, f->kind == STRING ? regs.edi : t.address);
    CHECK(ok, "%s: %s refused", f->name, hex(&t));
    execute(&t);
    CHECK(regs.eip == CODE + t.length, "%s: %s: eip +%u", f->name, hex(&t), regs.eip - CODE);
    CHECK(regs.eax == native.eax && regs.ecx == native.ecx && regs.edx == native.edx && regs.ebx == native.ebx,
          "%s: %s: eax %x/%x ecx %x/%x edx %x/%x ebx %x/%x", f->name, hex(&t), regs.eax, native.eax, regs.ecx,
          native.ecx, regs.edx, native.edx, regs.ebx, native.ebx);
    CHECK(regs.ebp == native.ebp && regs.esi == native.esi && regs.edi == native.edi, "%s: %s", f->name, hex(&t));
    CHECK(!((regs.eflags ^ native.eflags) & (f->flags | 0x400)), "%s: %s: eflags %x, not %x", f->name, hex(&t),
          regs.eflags, native.eflags);
    CHECK(!memcmp(table_window(), (void *)GUEST_TABLE, PAGE_SIZE), "%s: %s: memory differs", f->name, hex(&t));
    memcpy(table_window(), (void *)GUEST_TABLE, PAGE_SIZE);
}

static void test_same_as_processor(void)
{
    fill_table();
    for (unsigned int i = 0; i < 20000; i++)
        for (unsigned int k = 0; k < nr_forms; k++)
            one_trial(&forms[k]);
}

/* --- What is refused, and Xen's rule for halves */

static bool nothing(pte_t e)
{
    return !(e.lo & _PAGE_PRESENT);
}

static bool none_at_all(pte_t e)
{
    (void)e;
    return false;
}

/* Emulates these bytes (in hexadecimal nobody could read them) with the value in EAX and the address in EDX. */
static bool store(struct cpu_user_regs *regs, const char *code, unsigned int length, uint32_t addr, uint32_t value)
{
    struct trial t = {.length = length, .eflags = 0x202};

    memcpy(t.code, code, length);
    t.gpr[EDX] = addr;
    t.gpr[EAX] = value;
    set_regs(regs, &t);
    return ptwr_fault(regs, addr);
}
#define STORE(regs, code, addr, value) store(regs, code, sizeof(code) - 1, addr, value)

static void test_refused(void)
{
    static uint8_t before[PAGE_SIZE];
    struct cpu_user_regs regs, saved;

    fill_table();
    memcpy(before, table_window(), PAGE_SIZE);
    acceptable = none_at_all;
    for (unsigned int i = 0; i < 2000; i++)
        for (unsigned int k = 0; k < nr_forms; k++) {
            struct trial t;

            if (forms[k].kind == CMPXCHG8B || forms[k].kind == CMPXCHG)
                continue; /* their comparison may fail, and then there is no update */
            make_trial(&t, &forms[k]);
            set_regs(&regs, &t);
            saved = regs;
            CHECK(!ptwr_fault(&regs, t.address), "%s: %s", forms[k].name, hex(&t));
            CHECK(!memcmp(&regs, &saved, sizeof(regs)), "%s: %s: registers changed", forms[k].name, hex(&t));
        }
    CHECK(!memcmp(before, table_window(), PAGE_SIZE), "memory changed");
    acceptable = NULL;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE + 2, 0), "misaligned");
    CHECK(!STORE(&regs, "\x66\x89\x02", GUEST_TABLE + 1, 0), "misaligned word");
    CHECK(!STORE(&regs, "\x0f\xc7\x0a", GUEST_TABLE + 4, 0), "misaligned cmpxchg8b");
    CHECK(!STORE(&regs, "\x8b\x02", GUEST_TABLE, 0), "a load");
    CHECK(STORE(&regs, "\x89\x42\x10", GUEST_TABLE, 7) && table_window()[2].lo == 7, "where the instruction says");
    CHECK(!STORE(&regs, "\x89\x82\x00\x10\x00\x00", GUEST_TABLE, 0), "another page");
    CHECK(!STORE(&regs, "\x89\x02", 0x30000000, 0), "not mapped");
}

static void test_whose_page(void)
{
    struct page_info *page = mfn_to_page(TABLE_MFN), good = *page;
    pte_t *map = &mapping[GUEST_TABLE >> PAGE_SHIFT & (L1_ENTRIES - 1)], good_map = *map;
    static struct domain other;
    struct cpu_user_regs regs;

    fill_table();
    CHECK(STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "the good case");
    page->owner = &other;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "another domain's");
    *page = good;
    page->type_info = (good.type_info & ~PGT_type_mask) | PGT_l2_page_table;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "an L2");
    page->type_info = PGT_writable | PGT_one;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "an ordinary page");
    page->type_info = PGT_l1_page_table | PGT_validated;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "an L1 no longer");
    page->type_info = PGT_l1_page_table | PGT_one;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "an L1 not yet");
    *page = good;
    map->lo |= _PAGE_RW;
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "mapped writable: no fault of ours");
    *map = make_pte(max_page, good_map.lo & ~PAGE_MASK);
    CHECK(!STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "not RAM");
    *map = good_map;
    map->hi = _PAGE_NX_HI;
    CHECK(STORE(&regs, "\x89\x02", GUEST_TABLE, 0), "NX is no part of the frame number");
    *map = good_map;
}

static void test_halves(void)
{
    struct cpu_user_regs regs;
    pte_t *entry = table_window() + 8;
    const uint32_t low = GUEST_TABLE + 64, high = low + 4;

    acceptable = nothing;
    entry->raw = 0x12345067;
    CHECK(STORE(&regs, "\x89\x02", high, 1), "upper half first is put up with");
    CHECK(entry->raw == 0x112345066, "without the present bit: %llx", (unsigned long long)entry->raw);
    CHECK(!STORE(&regs, "\x89\x02", low, 0x12345067), "but not the lower half");
    entry->raw = 0x12345067;
    CHECK(!STORE(&regs, "\x87\x02", high, 1), "nor an exchange");
    CHECK(!STORE(&regs, "\xf0\x09\x02", high, 1), "nor a locked change");
    CHECK(STORE(&regs, "\x09\x02", high, 1), "a plain one is a store like others");
    CHECK(entry->raw == 0x112345066, "%llx", (unsigned long long)entry->raw);
    entry->raw = 0x12345067;
    CHECK(!STORE(&regs, "\x66\x89\x02", high, 1), "half a half is not");
    CHECK(entry->raw == 0x12345067, "%llx", (unsigned long long)entry->raw);
}

static void test_single_step(void)
{
    struct cpu_user_regs regs;
    struct trial t = {.code = {0x89, 0x02}, .length = 2, .eflags = 0x302, .gpr[EDX] = GUEST_TABLE};

    set_regs(&regs, &t);
    bounced_vector = 0;
    vcpu.arch.debugreg[6] = 0;
    CHECK(ptwr_fault(&regs, GUEST_TABLE), "with TF");
    CHECK(bounced_vector == TRAP_debug, "vector %u", bounced_vector);
    CHECK(vcpu.arch.debugreg[6] == 0xFFFF4FF0, "DR6 %x", vcpu.arch.debugreg[6]);
    t.eflags = 0x10202;
    bounced_vector = 0;
    set_regs(&regs, &t);
    CHECK(ptwr_fault(&regs, GUEST_TABLE) && !(regs.eflags & X86_EFLAGS_RF), "RF is used up");
    CHECK(!bounced_vector, "vector %u", bounced_vector);
}

/* Code at the end of a page: bytes after the instruction need not exist. */
static void test_code_at_page_end(void)
{
    static const uint8_t plain[] = {0x89, 0x02}, lock[] = {0xF0, 0x80, 0x22, 0xFD};
    struct cpu_user_regs regs;
    struct trial t = {.length = 0, .eflags = 0x202, .gpr[EDX] = GUEST_TABLE, .gpr[EAX] = 0x1234};

    set_regs(&regs, &t);
    for (unsigned int i = 0; i < 2; i++) {
        const uint8_t *code = i ? lock : plain;
        unsigned int length = i ? sizeof(lock) : sizeof(plain);

        table_window()->raw = 0xFF;
        memcpy((void *)(CODE + PAGE_SIZE - length), code, length);
        regs.eip = CODE + PAGE_SIZE - length;
        CHECK(ptwr_fault(&regs, GUEST_TABLE), "form %u", i);
        CHECK(regs.eip == CODE + PAGE_SIZE, "eip %x", regs.eip);
        CHECK(table_window()->raw == (i ? 0xFD : 0x1234), "%llx", (unsigned long long)table_window()->raw);
    }
}

/* A segment with its own base: the store goes to base + offset. */
static void test_segment_base(void)
{
    struct cpu_user_regs regs;
    uint32_t *descriptor = (uint32_t *)(AREA + VCPU_AREA_GDT) + 2 * 16;
    struct trial t = {.code = {0x36, 0x89, 0x02}, .length = 3, .eflags = 0x202, .gpr[EDX] = 0x40, .gpr[EAX] = 7};

    descriptor[0] = (GUEST_TABLE & 0xFFFF) << 16 | 0xFFFF;
    descriptor[1] = (GUEST_TABLE & 0xFF000000) | 0x0000B300 | (GUEST_TABLE >> 16 & 0xFF);
    fill_table();
    set_regs(&regs, &t);
    regs.ss = 16 * 8 + 1;
    CHECK(ptwr_fault(&regs, GUEST_TABLE + 0x40), "through the GDT");
    CHECK(table_window()[8].lo == 7, "%x", table_window()[8].lo);
    set_regs(&regs, &t);
    regs.ss = 200 * 8 + 1;
    CHECK(!ptwr_fault(&regs, GUEST_TABLE + 0x40), "beyond the GDT");
    set_regs(&regs, &t);
    regs.ss = 4 + 1;
    CHECK(!ptwr_fault(&regs, GUEST_TABLE + 0x40), "no LDT");
}

/* A flat code segment of the guest's own is looked up once. After that it is as good as Xen's. */
static void test_own_code_segment(void)
{
    uint32_t *descriptor = (uint32_t *)(AREA + VCPU_AREA_GDT) + 2 * 12;
    struct trial t = {.code = {0x89, 0x02}, .length = 2, .eflags = 0x202, .gpr[EDX] = GUEST_TABLE, .gpr[EAX] = 9};
    struct cpu_user_regs regs;

    descriptor[0] = 0x000067FF;
    descriptor[1] = 0x00CFBB00;
    for (unsigned int i = 0; i < 2; i++) {
        fill_table();
        set_regs(&regs, &t);
        regs.cs = 12 * 8 + 1;
        CHECK(ptwr_fault(&regs, GUEST_TABLE) && table_window()->lo == 9 && regs.eip == CODE + 2, "time %u", i);
        CHECK(vcpu.arch.flat_cs == 12 * 8 + 1, "%x", vcpu.arch.flat_cs);
    }
    descriptor[0] = (CODE & 0xFFFFu) << 16 | 0xFFFF; /* one with a base must not be taken for flat */
    descriptor[1] = (CODE & 0xFF000000) | 0x0040BB00 | (CODE >> 16 & 0xFF);
    vcpu.arch.flat_cs = RING1_CS;
    set_regs(&regs, &t);
    regs.cs = 12 * 8 + 1;
    regs.eip = 0;
    CHECK(ptwr_fault(&regs, GUEST_TABLE) && regs.eip == 2, "eip %x", regs.eip);
    CHECK(vcpu.arch.flat_cs == RING1_CS, "%x", vcpu.arch.flat_cs);
}

static void accept_all(void)
{
    acceptable = NULL;
}

static const struct unit_test tests[] = {
    {"ptwr_same_as_processor", test_same_as_processor},
    {"ptwr_refused", test_refused},
    {"ptwr_whose_page", test_whose_page},
    {"ptwr_halves", test_halves},
    {"ptwr_single_step", test_single_step},
    {"ptwr_code_at_page_end", test_code_at_page_end},
    {"ptwr_segment_base", test_segment_base},
    {"ptwr_own_code_segment", test_own_code_segment},
    {"ptwr_fast_same_as_processor", test_fast_same_as_processor},
    {"ptwr_fast_both_halves", test_both_halves},
    {"ptwr_fast_not_both_halves", test_not_both_halves},
    {"ptwr_fast_second_refused", test_second_refused},
    {"ptwr_fast_exchange", test_exchange},
    {"ptwr_fast_no_exchange", test_no_exchange},
    {"ptwr_fast_whose_page", test_fast_whose_page},
    {"ptwr_fast_single_step", test_fast_single_step},
    {"ptwr_fast_left_to_c", test_left_to_c},
};

int main(int argc, char **argv)
{
    if (!set_up_world())
        return unit_skip("ptwr", "this kernel's 32-bit address space has no room at the hypervisor's");
    return UNIT_RUN(argc, argv, tests, accept_all);
}
