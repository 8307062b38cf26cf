/* SPDX-License-Identifier: MIT */
/*
 * ptwr_fast.S: after a fault it returns by IRET into the test's code, which jumps back to the test. So what it has not
 * carried out is executed by the processor, on GUEST_TABLE instead of the table's window.
 */
#include "ptwr_trial.h"
#include "unit.h"

#include <asm/traps.h>

static uint16_t own_cs(void)
{
    uint16_t sel;

    __asm__("mov %%cs, %0" : "=r"(sel));
    return sel;
}

/* The code segment is this program's, as IRET has to load it. */
static void begin(void)
{
    uint32_t *descriptor = (uint32_t *)(AREA + VCPU_AREA_GDT) + 2 * (own_cs() >> 3);

    descriptor[0] = 0x0000FFFF;
    descriptor[1] = 0x00CFFB00;
    vcpu.arch.flat_cs = own_cs();
    vcpu.arch.debugreg[7] = 0x400;
    this_cpu.work = 0;
    bounced_vector = 0;
    exits_with_work = 0;
    acceptable = NULL;
}

void test_fast_same_as_processor(void)
{
    struct state emulated;
    struct trial t;

    begin();
    fill_table();
    for (unsigned int i = 0; i < 2000; i++)
        for (unsigned int k = 0; k < nr_forms; k++) {
            const struct form *f = &forms[k];

            if (f->kind == STRING)
                continue; /* with REP each element is a fault of its own */
            make_trial(&t, f);
            execute_fault(&t, t.address);
            emulated = native;
            execute(&t);
            CHECK(!bounced_vector, "%s: %s refused", f->name, hex(&t));
            CHECK(!((emulated.eflags ^ native.eflags) & (f->flags | 0x400)), "%s: %s: eflags %x, not %x", f->name,
                  hex(&t), emulated.eflags, native.eflags);
            emulated.eflags = native.eflags;
            CHECK(!memcmp(&emulated, &native, sizeof(native)), "%s: %s: registers differ", f->name, hex(&t));
            CHECK(!memcmp(table_window(), (void *)GUEST_TABLE, PAGE_SIZE), "%s: %s: memory differs", f->name, hex(&t));
            memcpy(table_window(), (void *)GUEST_TABLE, PAGE_SIZE);
        }
}

/* --- Two stores in one exception */

static uint32_t extra_flags;

/* Executes the code (ESI: the entry; EAX, EBX, ECX: values; EDI: the entry, too) with a fault at ESI + offset. Returns
 * the entry, as the hypervisor has left it. */
static pte_t fault_in(const char *code, unsigned int length, uint32_t at, uint32_t esi, uint32_t offset, pte_t entry)
{
    struct trial t = {.length = length,
                      .eflags = 0x202 | extra_flags,
                      .gpr = {[EAX] = 0x1111, [EBX] = 0x2222, [ECX] = 0x3333, [ESI] = esi, [EDI] = esi}};
    pte_t *slot = table_window() + (esi & ~PAGE_MASK) / 8;

    memcpy(t.code, code, length);
    *slot = entry;
    *(pte_t *)(GUEST_TABLE + (esi & ~PAGE_MASK)) = entry;
    code_address = at;
    execute_fault(&t, esi + offset);
    code_address = CODE;
    return *slot;
}
#define FAULT_IN(code, offset, entry)  fault_in(code, sizeof(code) - 1, CODE, GUEST_TABLE + 64, offset, entry)
#define FAULT_AT(code, at, esi, entry) fault_in(code, sizeof(code) - 1, at, esi, 0, entry)

#define ENTRY(hi_word, lo_word) ((pte_t){.hi = (hi_word), .lo = (lo_word)})
#define OLD                     ENTRY(0x12, 0x34567000)
#define IS(e, hi_word, lo_word) ((e).hi == (hi_word) && (e).lo == (lo_word))

#define LOW_EAX   "\x89\x06"         /* mov %eax, (%esi) */
#define LOW_EBX   "\x89\x1e"         /* mov %ebx, (%esi) */
#define HIGH_EBX  "\x89\x5e\x04"     /* mov %ebx, 4(%esi) */
#define LOW_ZERO  "\xc7\x06\0\0\0\0" /* movl $0, (%esi) */
#define HIGH_ZERO "\xc7\x46\x04\0\0\0\0"

void test_both_halves(void)
{
    pte_t e;

    begin();
    e = FAULT_IN(LOW_EAX HIGH_EBX, 0, OLD);
    CHECK(IS(e, 0x2222, 0x1111), "low, high: %llx", (unsigned long long)e.raw);
    e = FAULT_IN(HIGH_EBX LOW_EAX, 4, OLD);
    CHECK(IS(e, 0x2222, 0x1111), "high, low: %llx", (unsigned long long)e.raw);
    e = FAULT_IN(LOW_ZERO HIGH_ZERO, 0, OLD);
    CHECK(IS(e, 0, 0), "zeros: %llx", (unsigned long long)e.raw);
    e = FAULT_IN(HIGH_ZERO LOW_ZERO, 4, OLD);
    CHECK(IS(e, 0, 0), "zeros, high first: %llx", (unsigned long long)e.raw);
    e = FAULT_IN(LOW_EAX HIGH_EBX LOW_EBX, 0, OLD);
    CHECK(IS(e, 0x2222, 0x1111), "a third one waits: %llx", (unsigned long long)e.raw);
    CHECK(*(uint32_t *)(GUEST_TABLE + 64) == 0x2222, "and is executed");
    e = FAULT_AT(LOW_EAX HIGH_EBX, CODE + PAGE_SIZE - 5, GUEST_TABLE + 64, OLD);
    CHECK(IS(e, 0x2222, 0x1111), "up to the page's end: %llx", (unsigned long long)e.raw);
    CHECK(!bounced_vector && !exits_with_work, "vector %u", bounced_vector);
}

/* The first store alone, and the second one is left to the guest. */
static void only_first(const char *why, pte_t e)
{
    CHECK(e.lo == 0x1111 && e.hi == OLD.hi, "%s: %llx", why, (unsigned long long)e.raw);
    begin();
}

void test_not_both_halves(void)
{
    uint32_t *table = (uint32_t *)table_window();
    pte_t e;

    begin();
    only_first("another register", FAULT_IN(LOW_EAX "\x89\x5f\x04", 0, OLD));
    only_first("another opcode", FAULT_IN(LOW_EAX HIGH_ZERO, 0, OLD));
    only_first("another entry", FAULT_IN(LOW_EAX "\x89\x5e\x0c", 0, OLD));
    only_first("the same half", FAULT_IN(LOW_EAX "\x89\x46\x00", 0, OLD));
    only_first("a byte", FAULT_IN(LOW_EAX "\x88\x5e\x04", 0, OLD));
    only_first("a prefix", FAULT_IN(LOW_EAX "\x36\x89\x5e\x04", 0, OLD));
    vcpu.arch.debugreg[7] |= 2;
    only_first("a breakpoint", FAULT_IN(LOW_EAX HIGH_EBX, 0, OLD));
    this_cpu.work = WORK_UPCALL;
    e = FAULT_IN(LOW_EAX HIGH_EBX, 0, OLD);
    CHECK(exits_with_work == 1, "%u", exits_with_work);
    only_first("work", e);
    only_first("the next page", FAULT_AT(LOW_EAX HIGH_EBX, CODE + PAGE_SIZE - 2, GUEST_TABLE + 64, OLD));
    only_first("partly there", FAULT_AT(LOW_EAX HIGH_EBX, CODE + PAGE_SIZE - 4, GUEST_TABLE + 64, OLD));
    only_first("below 1 MiB", FAULT_AT(LOW_EAX HIGH_EBX, CODE, LOW_TABLE + 64, OLD));

    /* The table maps itself, and the store changes that mapping. */
    this_cpu.va_table.start = GUEST_TABLE & -(1u << L2_SHIFT);
    this_cpu.va_table.size = 1u << L2_SHIFT;
    this_cpu.va_table.window = (uint32_t)table;
    e = FAULT_AT(LOW_EAX HIGH_EBX, CODE, GUEST_TABLE, make_pte(TABLE_MFN, _PAGE_PRESENT | _PAGE_ACCESSED));
    CHECK(IS(e, 0, 0x1111), "its own mapping: %llx", (unsigned long long)e.raw);
    forget_va_table();
}

static bool absent(pte_t e)
{
    return !(e.lo & _PAGE_PRESENT);
}

/* The fault is at the second instruction, as if the first one had faulted and been carried out before. */
void test_second_refused(void)
{
    pte_t e;

    begin();
    acceptable = absent;
    e = FAULT_IN("\x89\x46\x04\xc7\x06\0\0\0\0", 4, OLD);
    CHECK(IS(e, 0x1111, OLD.lo) && !bounced_vector, "another opcode: %llx", (unsigned long long)e.raw);
    e = FAULT_IN("\xc7\x46\x04\x77\0\0\0\xc7\x06\x03\x60\0\0", 4, OLD);
    CHECK(IS(e, 0x77, OLD.lo), "the first one alone: %llx", (unsigned long long)e.raw);
    CHECK(bounced_vector == TRAP_page_fault && bounced_address == GUEST_TABLE + 64, "%x", bounced_address);
    CHECK(bounced.eip == CODE + 7, "at +%u", bounced.eip - CODE);
    CHECK(bounced.error_code == 3 && bounced.esi == GUEST_TABLE + 64, "error %x", bounced.error_code);
    begin();
    acceptable = absent;
    e = FAULT_IN("\xc7\x06\x03\x60\0\0", 0, OLD);
    CHECK(e.raw == OLD.raw && bounced_vector == TRAP_page_fault && bounced.eip == CODE, "%llx",
          (unsigned long long)e.raw);
    begin();
    acceptable = absent;
    e = FAULT_IN("\xc7\x46\x04\x77\0\0\0", 4, ENTRY(0, 0x12345067)); /* Xen's rule for halves */
    CHECK(IS(e, 0x77, 0x12345066) && !bounced_vector, "%llx", (unsigned long long)e.raw);
    e = FAULT_IN("\x87\x46\x04", 4, ENTRY(0, 0x12345067)); /* not for an exchange */
    CHECK(IS(e, 0, 0x12345067) && bounced_vector, "%llx", (unsigned long long)e.raw);
    CHECK(bounced.eax == 0x1111 && bounced.eip == CODE, "eax %x", bounced.eax);
    begin();
}

/* --- The loop around CMPXCHG8B. EDX:EAX is not what the entry holds, and ECX:EBX is stored. */

#define XCHG8B  "\xf0\x0f\xc7\x0e"
#define JNE(to) "\x75" to

static void exchanged(const char *why, pte_t e)
{
    CHECK(IS(e, 0x3333, 0x2222), "%s: %llx", why, (unsigned long long)e.raw);
    CHECK(native.eax == OLD.lo && native.edx == OLD.hi && native.eflags & 0x40, "%s: eax %x, eflags %x", why,
          native.eax, native.eflags);
    begin();
}

void test_exchange(void)
{
    begin();
    exchanged("as Linux does it", FAULT_IN(XCHG8B JNE("\xfa"), 0, OLD));
    exchanged("without LOCK", FAULT_IN("\x0f\xc7\x0e" JNE("\xfb"), 0, OLD));
    exchanged("as on one processor", FAULT_IN("\x3e\x0f\xc7\x0e" JNE("\xfa"), 0, OLD));
    exchanged("to the page's end", FAULT_AT(XCHG8B JNE("\xfa"), CODE + PAGE_SIZE - 6, GUEST_TABLE + 64, OLD));
}

/* The comparison fails, and that is all. In these the code does not go round, or it would find the processor's own
 * table. */
static void not_exchanged(const char *why, pte_t e)
{
    CHECK(e.raw == OLD.raw && !bounced_vector, "%s: %llx", why, (unsigned long long)e.raw);
    begin();
}

void test_no_exchange(void)
{
    pte_t e;

    begin();
    not_exchanged("no jump", FAULT_IN(XCHG8B "\x90\x90", 0, OLD));
    CHECK(native.eax == OLD.lo && native.edx == OLD.hi && !(native.eflags & 0x40), "eax %x", native.eax);
    not_exchanged("JE", FAULT_IN(XCHG8B "\x74\xfa", 0, OLD));
    not_exchanged("elsewhere", FAULT_IN(XCHG8B JNE("\0"), 0, OLD));
    vcpu.arch.debugreg[7] |= 8;
    not_exchanged("a breakpoint", FAULT_IN(XCHG8B JNE("\xfa"), 0, OLD));
    this_cpu.work = WORK_TIMER;
    not_exchanged("work", FAULT_IN(XCHG8B JNE("\xfa"), 0, OLD));
    not_exchanged("the next page", FAULT_AT(XCHG8B JNE("\xfa"), CODE + PAGE_SIZE - 4, GUEST_TABLE + 64, OLD));
    not_exchanged("partly there", FAULT_AT(XCHG8B JNE("\xfa"), CODE + PAGE_SIZE - 5, GUEST_TABLE + 64, OLD));
    acceptable = absent;
    e = fault_in("\xc7\x46\x00\x03\x60\0\0", 7, CODE, GUEST_TABLE + 64, 0, OLD); /* a refused value, for comparison */
    CHECK(e.raw == OLD.raw && bounced_vector, "%llx", (unsigned long long)e.raw);
    begin();
}

/* Only an L1 table of the domain's own, and validated: everything else is the guest's fault. */
void test_fast_whose_page(void)
{
    struct page_info *page = mfn_to_page(TABLE_MFN), good = *page;
    pte_t *map = &mapping[GUEST_TABLE >> PAGE_SHIFT & (L1_ENTRIES - 1)], good_map = *map;
    static struct domain other;
    const struct {
        const char *what;
        struct domain *owner;
        uint32_t type;
        pte_t map;
    } bad[] = {
        {"another domain's", &other, good.type_info, good_map},
        {"an L2", &domain, (good.type_info & ~PGT_type_mask) | PGT_l2_page_table, good_map},
        {"an ordinary page", &domain, PGT_writable | PGT_one, good_map},
        {"an L1 no longer", &domain, PGT_l1_page_table, good_map},
        {"an L1 not yet", &domain, PGT_l1_page_table | PGT_one, good_map},
        {"not RAM", &domain, good.type_info, make_pte(max_page, good_map.lo & ~PAGE_MASK)},
        {"not mapped", &domain, good.type_info, {.raw = good_map.raw & ~1ull}},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        pte_t e;

        begin();
        page->owner = bad[i].owner;
        page->type_info = bad[i].type;
        *map = bad[i].map;
        e = FAULT_IN(LOW_EAX, 0, OLD);
        CHECK(e.raw == OLD.raw && bounced_vector == TRAP_page_fault && bounced.eip == CODE, "%s: %llx", bad[i].what,
              (unsigned long long)e.raw);
        *page = good;
        *map = good_map;
    }
    begin();
    page->type_info |= PGT_pinned;
    map->hi = _PAGE_NX_HI;
    CHECK(IS(FAULT_IN(LOW_EAX, 0, OLD), 0x12, 0x1111) && !bounced_vector, "pinned, and its mapping is NX");
    *page = good;
    *map = good_map;
}

/* A step's trap comes after the first store; RF is used up by it. */
void test_fast_single_step(void)
{
    begin();
    extra_flags = X86_EFLAGS_TF;
    CHECK(IS(FAULT_IN(LOW_EAX HIGH_EBX, 0, OLD), 0x12, 0x1111), "with TF");
    CHECK(bounced_vector == TRAP_debug, "vector %u", bounced_vector);
    begin();
    extra_flags = X86_EFLAGS_RF;
    CHECK(IS(FAULT_IN(LOW_EAX HIGH_EBX, 0, OLD), 0x12, 0x1111) && !bounced_vector, "with RF");
    extra_flags = 0;
}

/* What is not one of the frequent instructions, or not quite. */
void test_left_to_c(void)
{
    pte_t e;

    begin();
    e = FAULT_IN("\x66\x89\x06", 0, OLD);
    CHECK(IS(e, 0x12, 0x34561111), "16 bits: %llx", (unsigned long long)e.raw);
    e = FAULT_IN("\xf0\x80\x4e\x01\x0f", 1, OLD);
    CHECK(IS(e, 0x12, 0x34567f00), "another byte: %llx", (unsigned long long)e.raw);
    e = FAULT_IN("\x80\x36\xff", 0, OLD);
    CHECK(IS(e, 0x12, 0x345670ff), "XOR: %llx", (unsigned long long)e.raw);
    e = FAULT_IN("\x87\x26", 0, OLD); /* xchg %esp: the frame's, whatever that is here */
    CHECK(e.lo != OLD.lo && e.hi == OLD.hi, "ESP: %llx", (unsigned long long)e.raw);
    vcpu.arch.flat_cs = 0;
    e = FAULT_IN(LOW_EAX HIGH_EBX, 0, OLD);
    CHECK(IS(e, 0x12, 0x1111), "another code segment: %llx", (unsigned long long)e.raw);
    CHECK(!bounced_vector, "vector %u", bounced_vector);
    begin();
}
