/* SPDX-License-Identifier: MIT */
/* Linear page tables (linear_pt.c): chosen cases of test_mm.c. The auditor of mm_world.c counts after each step. */
#include "mm_world.h"

#include "mm_linear.h"

static struct page_info *page_of(mfn_t mfn)
{
    return mfn_to_page(mfn);
}

static void put_in(mfn_t table, unsigned int index, pte_t e)
{
    ((pte_t *)map_frame(table))[index] = e;
}

static long pin_l2(mfn_t mfn)
{
    long rc = mmuext(MMUEXT_PIN_L2_TABLE, mfn, 0);

    audit(true);
    return rc;
}

static long unpin(mfn_t mfn)
{
    long rc = mmuext(MMUEXT_UNPIN_TABLE, mfn, 0);

    audit(true);
    return rc;
}

static long set(mfn_t table, unsigned int index, pte_t e)
{
    long rc = set_entry(table, index, e);

    audit(true);
    return rc;
}

static bool is_unused(mfn_t mfn)
{
    return page_of(mfn)->type_info < PGT_one && page_of(mfn)->count == (PGC_allocated | 1);
}

static void own_table(void)
{
    put_in(FREE_A, 5, entry(FREE_A, RO));
    CHECK_RC(pin_l2(FREE_A), 0);
    CHECK(page_of(FREE_A)->type_info >> PGT_count_shift == 1);
    CHECK(page_of(FREE_A)->count == (PGC_allocated | 2));
    CHECK_RC(set(FREE_A, 6, entry(FREE_A, RO)), 0);
    CHECK_RC(set(FREE_A, 6, entry(FREE_A, RO | 0x200)), 0); /* harmless bits */
    CHECK(page_of(FREE_A)->linear_self == 2);
    CHECK_RC(set(FREE_A, 5, entry(FREE_A, RW)), -EINVAL);
    CHECK_RC(set(FREE_A, 7, entry(FREE_A, TABLE)), -EINVAL);
    CHECK_RC(set(FREE_A, 7, entry(FREE_A, RO | _PAGE_PCD)), -EINVAL);
    CHECK_RC(set(FREE_A, 7, entry(FREE_A, RO | _PAGE_PSE)), -EINVAL);
    CHECK_RC(set(FREE_A, 7, entry(FREE_A, RO | _PAGE_GLOBAL)), -EINVAL);
    CHECK_RC(set(FREE_A, 6, entry(0, 0)), 0);
    CHECK(page_of(FREE_A)->linear_self == 1);
    CHECK_RC(unpin(FREE_A), 0);
    CHECK(is_unused(FREE_A));
    put_in(FREE_A, 5, entry(FREE_A, RW));
    CHECK_RC(pin_l2(FREE_A), -EINVAL);
    CHECK(is_unused(FREE_A));
}

static void another_table(void)
{
    put_in(FREE_C, 3, entry(FREE_D, RW));
    put_in(FREE_B, 1, entry(FREE_C, TABLE));
    CHECK_RC(pin_l2(FREE_B), 0);
    put_in(FREE_A, 0, entry(FREE_B, RO));
    put_in(FREE_A, 511, entry(FREE_B, RO));
    CHECK_RC(pin_l2(FREE_A), 0);
    CHECK(page_of(FREE_A)->linear_pt_count == 2);
    CHECK(page_of(FREE_B)->linear_pt_count == -2);
    CHECK(page_of(FREE_B)->type_info >> PGT_count_shift == 3);
    /* The reference keeps it a table, and also what it maps. */
    CHECK_RC(unpin(FREE_B), 0);
    CHECK(set_entry(L1, 1, entry(FREE_B, RW)) < 0);
    CHECK(set_entry(L1, 1, entry(FREE_C, RW)) < 0);
    CHECK_RC(set(FREE_A, 0, entry(0, 0)), 0);
    CHECK(set_entry(L1, 1, entry(FREE_B, RW)) < 0);
    CHECK_RC(set(FREE_A, 511, entry(0, 0)), 0);
    CHECK(is_unused(FREE_B) && is_unused(FREE_C) && is_unused(FREE_D));
    CHECK_RC(set(L1, 1, entry(FREE_B, RW)), 0);
}

/* The named table goes with the one that names it, whichever is unpinned first. */
static void either_goes_first(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        put_in(FREE_A, 2, entry(FREE_A, RO));
        put_in(FREE_A, 3, entry(FREE_B, RO));
        put_in(FREE_B, 2, entry(FREE_B, RO));
        put_in(FREE_B, 3, entry(FREE_C, TABLE));
        CHECK_RC(pin_l2(FREE_B), 0);
        CHECK_RC(pin_l2(FREE_A), 0);
        CHECK_RC(unpin(i ? FREE_A : FREE_B), 0);
        CHECK_RC(unpin(i ? FREE_B : FREE_A), 0);
        CHECK(is_unused(FREE_A) && is_unused(FREE_B) && is_unused(FREE_C));
    }
}

static void no_chains(void)
{
    for (mfn_t mfn = FREE_A; mfn <= FREE_D; mfn++)
        CHECK_RC(pin_l2(mfn), 0);
    CHECK_RC(set(FREE_A, 0, entry(FREE_B, RO)), 0);
    CHECK_RC(set(FREE_B, 0, entry(FREE_C, RO)), -EINVAL); /* it is named */
    CHECK_RC(set(FREE_B, 0, entry(FREE_A, RO)), -EINVAL);
    CHECK_RC(set(FREE_C, 0, entry(FREE_A, RO)), -EINVAL); /* it names one */
    CHECK_RC(set(FREE_B, 0, entry(FREE_B, RO)), 0);       /* this is no chain */
    CHECK_RC(set(FREE_A, 1, entry(FREE_A, RO)), 0);
    CHECK_RC(set(FREE_A, 2, entry(FREE_C, RO)), 0);
    CHECK_RC(set(FREE_D, 0, entry(FREE_B, RO)), 0);
    CHECK(page_of(FREE_B)->linear_pt_count == -2);
    /* When the last entry has gone, the opposite direction is allowed. */
    CHECK_RC(set(FREE_A, 0, entry(0, 0)), 0);
    CHECK_RC(set(FREE_B, 1, entry(FREE_D, RO)), -EINVAL);
    CHECK_RC(set(FREE_D, 0, entry(0, 0)), 0);
    CHECK_RC(set(FREE_B, 1, entry(FREE_D, RO)), 0);
    CHECK_RC(set(FREE_A, 2, entry(0, 0)), 0);
    CHECK_RC(set(FREE_B, 2, entry(FREE_A, RO)), 0);
    /* The same with a page that becomes a table. */
    CHECK_RC(unpin(FREE_C), 0);
    put_in(FREE_C, 9, entry(FREE_B, RO));
    CHECK_RC(pin_l2(FREE_C), -EINVAL);
    CHECK(is_unused(FREE_C));
}

static void failing_ones_are_undone(void)
{
    CHECK_RC(pin_l2(FREE_B), 0);
    for (unsigned int i = 0; i < 500; i++)
        put_in(FREE_A, i, entry(i % 3 ? FREE_B : i & 1 ? FREE_A : FREE_C, RO));
    put_in(FREE_A, 500, entry(FREE_B, RW));
    CHECK_RC(pin_l2(FREE_A), -EINVAL);
    CHECK(is_unused(FREE_A) && is_unused(FREE_C));
    CHECK(page_of(FREE_B)->linear == 0 && page_of(FREE_B)->type_info >> PGT_count_shift == 1);
    put_in(FREE_A, 500, entry(FOREIGN + 1, RO));
    CHECK_RC(pin_l2(FREE_A), -EINVAL);
    put_in(FREE_A, 500, entry(0, 0));
    CHECK_RC(pin_l2(FREE_A), 0);
    CHECK(page_of(FREE_A)->linear_pt_count == 333 && page_of(FREE_A)->linear_self == 83);
    CHECK(page_of(FREE_B)->linear_pt_count == -333);
    /* A refused entry leaves the old one in place. */
    CHECK_RC(set(FREE_A, 1, entry(FREE_B, RW)), -EINVAL);
    CHECK_RC(set(FREE_A, 1, entry(MMIO, RO)), -EINVAL);
    CHECK(page_of(FREE_B)->linear_pt_count == -333);
    /* An entry that replaces an equal one changes nothing else. */
    CHECK_RC(set(FREE_A, 1, entry(FREE_B, RO | _PAGE_USER)), 0);
    CHECK(page_of(FREE_B)->linear_pt_count == -333);
    CHECK_RC(unpin(FREE_A), 0);
    CHECK(page_of(FREE_B)->linear == 0);
}

/* An L2 that is not validated, is not plain, or is not one's own cannot be named by a linear entry either. */
static void nothing_else(void)
{
    mfn_t foreign_l2 = FOREIGN + 4;

    switch_vcpu(OUR_VCPUS);
    CHECK_RC(pin_l2(foreign_l2), 0);
    switch_vcpu(0);
    CHECK_RC(pin_l2(FREE_A), 0);
    CHECK_RC(set(FREE_A, 0, entry(foreign_l2, RO)), -EINVAL);
    CHECK_RC(set(FREE_A, 0, entry(L2 + 3, RO)), -EINVAL); /* the hypervisor's entries are in this one */
    CHECK_RC(set(L2 + 3, 64, entry(L2 + 3, RO)), -EINVAL);
    CHECK_RC(set(FREE_A, 0, entry(L3, RO)), -EINVAL);
    CHECK_RC(set(FREE_A, 0, entry(HYPER, RO)), -EINVAL);
    CHECK_RC(set(FREE_A, 0, entry(SHARED, RO)), -EINVAL);
    CHECK_RC(set(FREE_A, 0, entry(FRAMES, RO)), -EINVAL);
    CHECK_RC(set(FREE_A, 0, entry(0x3FFFFFFF, RO)), -EINVAL);
    /* A frame without a use becomes an L1, as always. */
    CHECK_RC(set(FREE_A, 0, entry(FREE_B, RO)), 0);
    CHECK(is_table(page_of(FREE_B), PGT_l1_page_table) && page_of(FREE_A)->linear == 0);
    /* But the L2 in slot 3 may name others. */
    CHECK_RC(set(L2 + 3, 64, entry(L2, RO)), 0);
    CHECK_RC(set(L2 + 3, 65, entry(FREE_A, RO)), 0);
    CHECK(page_of(L2 + 3)->linear_pt_count == 2);
    CHECK_RC(set(L2 + 3, 64, entry(0, 0)), 0);
    CHECK_RC(set(L2 + 3, 65, entry(0, 0)), 0);
    switch_vcpu(OUR_VCPUS);
    CHECK_RC(unpin(foreign_l2), 0);
    switch_vcpu(0);
}

/* As many references as fit: one more would change the sign. The count of the type's uses has more bits. */
static void too_many_uses(void)
{
    CHECK_RC(pin_l2(FREE_B), 0);
    CHECK_RC(pin_l2(FREE_A), 0);
    page_of(FREE_B)->linear_pt_count = INT16_MIN;
    CHECK_RC(set_entry(FREE_A, 0, entry(FREE_B, RO)), -EINVAL);
    CHECK(page_of(FREE_B)->linear_pt_count == INT16_MIN && page_of(FREE_A)->linear_pt_count == 0);
    CHECK(page_of(FREE_B)->type_info >> PGT_count_shift == 1);
    page_of(FREE_B)->linear_pt_count = 0;
    page_of(FREE_B)->type_info |= ~PGT_flags;
    CHECK_RC(set_entry(FREE_A, 0, entry(FREE_B, RO)), -EINVAL);
    CHECK(page_of(FREE_B)->linear == 0 && page_of(FREE_A)->linear == 0);
    CHECK(page_of(FREE_B)->count == (PGC_allocated | 2));
    page_of(FREE_B)->type_info = (page_of(FREE_B)->type_info & PGT_flags) | PGT_one;
    audit(true);
}

static void refused_by_an_option(void)
{
    opt_pv_linear_pt = false;
    put_in(FREE_A, 5, entry(FREE_A, RO));
    CHECK_RC(pin_l2(FREE_A), -EINVAL);
    put_in(FREE_A, 5, entry(0, 0));
    CHECK_RC(pin_l2(FREE_A), 0);
    CHECK_RC(pin_l2(FREE_B), 0);
    CHECK_RC(set(FREE_A, 0, entry(FREE_A, RO)), -EINVAL);
    CHECK_RC(set(FREE_A, 0, entry(FREE_B, RO)), -EINVAL);
    opt_pv_linear_pt = true;
}

/* XSA-286: the TLB may hold an L2's entries as those of an L1, but only where the L2 is used in this way. */
static void changes_flush(void)
{
    unsigned int before;

    CHECK_RC(pin_l2(FREE_B), 0);
    CHECK_RC(pin_l2(FREE_A), 0);
    before = flushes;
    CHECK_RC(set(FREE_B, 1, entry(FREE_C, TABLE)), 0);
    CHECK_RC(set(FREE_B, 1, entry(0, 0)), 0);
    CHECK(flushes == before);
    CHECK_RC(set(FREE_A, 0, entry(FREE_B, RO)), 0);
    before = flushes;
    CHECK_RC(set(FREE_B, 1, entry(FREE_C, TABLE)), 0);
    CHECK(flushes == before + 1);
    CHECK_RC(set(FREE_B, 1, entry(FREE_C, TABLE | 0x200)), 0);
    CHECK_RC(set(FREE_B, 2, entry(FREE_B, RW)), -EINVAL);
    CHECK(flushes == before + 1);
    CHECK_RC(set(FREE_B, 1, entry(0, 0)), 0);
    CHECK(flushes == before + 2);
    CHECK_RC(set(FREE_A, 0, entry(0, 0)), 0);
    CHECK(flushes == before + 3);
    CHECK_RC(set(FREE_B, 7, entry(FREE_B, RO)), 0);
    before = flushes;
    CHECK_RC(set(FREE_B, 1, entry(FREE_C, TABLE)), 0);
    CHECK(flushes == before + 1);
}

/* Where a linear table takes the place of an L1, update_va_mapping has nothing that it may change. */
static void no_update_through_one(void)
{
    static const unsigned int slots[] = {1, 64, 427}; /* of L2 + 1, for 0x40000000 up */

    for (unsigned int i = 0; i < ARRAY_SIZE(slots); i++) {
        uint32_t va = 0x40000000 + (slots[i] << L2_SHIFT);

        CHECK_RC(set(L2 + 1, slots[i], entry(i ? L2 : L2 + 1, RO)), 0);
        for (unsigned int page = 0; page < 512; page += 73)
            CHECK_RC(update_va(va + (page << PAGE_SHIFT), entry(FREE_A, RO), UVMF_INVLPG), -EINVAL);
        CHECK(!l1_entry_of(va));
        CHECK_RC(set(L2 + 1, slots[i], entry(0, 0)), 0);
    }
    audit(true);
}

const struct linear_case linear_cases[] = {
    {"linear_own_table", own_table},
    {"linear_another_table", another_table},
    {"linear_either_goes_first", either_goes_first},
    {"linear_no_chains", no_chains},
    {"linear_failing_ones_are_undone", failing_ones_are_undone},
    {"linear_nothing_else", nothing_else},
    {"linear_too_many_uses", too_many_uses},
    {"linear_refused_by_an_option", refused_by_an_option},
    {"linear_changes_flush", changes_flush},
    {"linear_no_update_through_one", no_update_through_one},
    {NULL, NULL},
};
