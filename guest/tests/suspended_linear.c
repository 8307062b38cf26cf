/* SPDX-License-Identifier: MIT */
/* Linear page tables, suspended at every point where work on them can be suspended: see suspended_ops.c. */
#include "suspended_ops.h"

static pte_t *naming, *named, *spare, *l1[2];

static pte_t linear(const pte_t *table)
{
    return make_pte(virt_to_mfn(table), PTE_P | PTE_A);
}

static int pin_l2(const pte_t *table)
{
    return mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(table), 0);
}

static int unpin(const pte_t *table)
{
    return mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0);
}

static pte_t *read_only(pte_t *page)
{
    CHECK_RC(page_make_readonly(page), 0);
    return page;
}

/* Prepares `naming`, which is to become a table. Its last entry may be a bad one, after all the good ones. */
static void make_tables(pte_t last)
{
    l1[0] = read_only(alloc_page());
    l1[1] = read_only(alloc_page());
    named = alloc_page();
    named[0] = named[200] = make_pte(virt_to_mfn(l1[0]), PTE_TABLE);
    CHECK_RC(pin_l2(read_only(named)), 0);
    spare = read_only(alloc_page());
    CHECK_RC(pin_l2(spare), 0);
    naming = alloc_page();
    for (unsigned int i = 0; i < 12; i += 4) {
        naming[i] = linear(naming);
        naming[i + 1] = linear(named);
        naming[i + 2] = make_pte(virt_to_mfn(l1[1]), PTE_TABLE);
    }
    naming[511] = last;
    read_only(naming);
}

static void make_good(void)
{
    make_tables(0);
}

static void make_bad(void)
{
    make_tables(make_pte(HUGE_FRAME, PTE_TABLE));
}

static void make_pinned(void)
{
    make_good();
    CHECK_RC(pin_l2(naming), 0);
}

/* Only entries of `naming` still use `named` as a table. */
static void make_last_use(void)
{
    make_pinned();
    for (unsigned int i = 5; i < 12; i += 4)
        CHECK_RC(mmu_set_entry(&naming[i], 0), 0);
    CHECK_RC(unpin(named), 0);
}

static void drop_tables(void)
{
    pte_t *tables[] = {naming, spare, named, l1[0], l1[1]};

    for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++)
        unpin(tables[i]);
    for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++)
        if (CHECK_RC(page_make_writable(tables[i]), 0))
            free_page(tables[i]);
}

static int pin_naming(void)
{
    return pin_l2(naming);
}

static void refused(void)
{
    CHECK_RC(result, -EINVAL);
    drop_tables();
}

static int unpin_naming(void)
{
    return unpin(naming);
}

static int drop_entry(void)
{
    return mmu_set_entry(&naming[1], 0);
}

/* ---- What vCPU 1 does */

static void intrude_name(void)
{
    mmu_set_entry(&spare[1], linear(naming));
    mmu_set_entry(&spare[2], linear(named));
    mmu_set_entry(&named[3], linear(spare));
}

static void intrude_unpin(void)
{
    unpin(named);
    unpin(naming);
    unpin(spare);
}

static void intrude_update(void)
{
    mmu_set_entry(&naming[1], linear(spare));
    mmu_set_entry(&naming[5], 0);
    mmu_set_entry(&naming[0], 0);
    mmu_set_entry(&named[200], 0);
    mmu_set_entry(&named[7], linear(named));
}

static void intrude_retype(void)
{
    if (!page_make_writable(named))
        page_make_readonly(named);
    if (!mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(naming), 0))
        unpin(naming);
}

TEST(suspended_linear_tables)
{
    static const struct operation pin = {"pin with linear entries", AMID, make_good, pin_naming, drop_tables},
                                  fail = {"failing pin with them", AMID, make_bad, pin_naming, refused},
                                  unpin = {"unpin with them", AMID, make_pinned, unpin_naming, drop_tables},
                                  last = {"end of the last use", AMID, make_last_use, drop_entry, drop_tables};
    static void (*const intruders[])(void) = {intrude_name, intrude_unpin, intrude_update, intrude_retype};

    NEED_BOTH();
    TRY(pin, intruders);
    TRY(fail, intruders);
    TRY(unpin, intruders);
    TRY(last, intruders);
}
