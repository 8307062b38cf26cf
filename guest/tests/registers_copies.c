/* SPDX-License-Identifier: MIT */
/*
 * Calls that copy or clear whole pages. The hypervisor does that by string instructions, and borrows ES for them. So
 * the data must be right, and ES and the direction flag the caller's, whatever selector ES holds and whatever has
 * become of its descriptor: one of the GDT, none, one of the LDT.
 */
#include "test.h"

#define ENTRY        4
#define GDT_SELECTOR (ENTRY * 8 + 1)
#define LDT_SELECTOR (ENTRY * 8 + 5)
#define ONE_WORD     (3 | 0xB2ull << 40 | 0x40ull << 48) /* ring 1's data segment of four bytes at address 0 */
#define DF           0x400

static uint32_t *from, *to;
static uint64_t *table; /* in use as the GDT, and as the LDT */

static bool begin(void)
{
    uint32_t mfn;

    from = alloc_page();
    to = alloc_page();
    table = alloc_page();
    for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
        from[i] = i * 0x01010101;
    table[ENTRY] = ONE_WORD;
    mfn = virt_to_mfn(table);
    return CHECK_RC(page_make_readonly(table), 0) && CHECK_RC(HYPERVISOR_set_gdt(&mfn, 512), 0) &&
           CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)table, 512), 0);
}

static void end(void)
{
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
    CHECK_RC(page_make_writable(table), 0);
    free_page(table);
    free_page(to);
    free_page(from);
}

/* Calls with this ES. Returns what ES is then. */
static uint32_t call(uint32_t nr, const void *arg, uint32_t count, uint32_t es, uint32_t eflags)
{
    raw_in = (struct raw_regs){nr, (uint32_t)arg, count, 0, DOMID_SELF, 0, 0, eflags, FLAT_KERNEL_DS, es, 0, 0};
    raw_entry = 0;
    raw_call();
    CHECK_RC(raw_out.eax, 0);
    CHECK_EQ(raw_out.eflags & DF, eflags & DF);
    return raw_out.es & 0xFFFF;
}

static bool all_zero(const uint32_t *page)
{
    for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
        if (page[i])
            return false;
    return true;
}

TEST(registers_of_copies)
{
    static const uint32_t selectors[] = {FLAT_KERNEL_DS, 0, FLAT_USER_DS, FLAT_KERNEL_CS, GDT_SELECTOR, LDT_SELECTOR};

    if (begin()) {
        struct mmuext_op copy = {.cmd = MMUEXT_COPY_PAGE,
                                 .arg1.mfn = virt_to_mfn(to),
                                 .arg2.src_mfn = virt_to_mfn(from)},
                         clear = {.cmd = MMUEXT_CLEAR_PAGE, .arg1.mfn = virt_to_mfn(to)};

        for (unsigned int i = 0; i < 2 * ARRAY_SIZE(selectors); i++) {
            uint32_t es = selectors[i / 2], eflags = i & 1 ? 0x202 | DF : 0x202;

            context("es 0x%x, eflags 0x%x", es, eflags);
            CHECK_EQ(call(__HYPERVISOR_mmuext_op, &copy, 1, es, eflags), es);
            CHECK(!memcmp(to, from, PAGE_SIZE));
            CHECK_EQ(call(__HYPERVISOR_mmuext_op, &clear, 1, es, eflags), es);
            CHECK(all_zero(to));
        }
        context("%s", "");
    }
    end();
}

/* A multicall that takes the descriptor away that ES was loaded from, and copies a page then, or does not. */
static uint32_t without_descriptor(uint32_t es, bool copying)
{
    struct mmuext_op copy = {.cmd = MMUEXT_COPY_PAGE, .arg1.mfn = virt_to_mfn(to), .arg2.src_mfn = virt_to_mfn(from)};
    multicall_entry_t calls[] = {
        {.op = __HYPERVISOR_update_descriptor, .args = {LO_HI(virt_to_maddr(&table[ENTRY])), 0, 0}},
        {.op = __HYPERVISOR_mmuext_op, .args = {(uint32_t)&copy, 1, 0, DOMID_SELF}},
    };

    memset(to, 0, PAGE_SIZE);
    es = call(__HYPERVISOR_multicall, calls, copying ? 2 : 1, es, 0x202);
    CHECK_EQ(calls[0].result, 0);
    CHECK_EQ(calls[1].result, 0);
    CHECK(!memcmp(to, from, PAGE_SIZE) == copying);
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(&table[ENTRY])), LO_HI(ONE_WORD)), 0);
    return es;
}

/* Whether ES stays as it was at least once in ten times: another vCPU may have run in between. */
static bool stays(uint32_t es, bool copying)
{
    for (unsigned int i = 0; i < 10; i++) {
        uint32_t seen = without_descriptor(es, copying);

        if (seen == es)
            return true;
        CHECK_EQ(seen, 0);
    }
    return false;
}

TEST(registers_of_copies_without_descriptor)
{
    bool loaded_anew = false;

    if (!is_int82())
        SKIP("another hypervisor");
    if (begin()) {
        loaded_anew = !stays(LDT_SELECTOR, false);
        CHECK(!stays(GDT_SELECTOR, true)); /* null, as after a switch */
        /* This is not loaded again, because the hypervisor might have to look for the LDT's page. */
        CHECK(stays(LDT_SELECTOR, true) || loaded_anew);
    }
    end();
    if (loaded_anew)
        SKIP("the way out loads segment registers anew");
}
