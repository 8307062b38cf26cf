/* SPDX-License-Identifier: MIT */
/*
 * Linear page tables: an L2 that also serves as an L1, so that the page tables themselves can be read. These tests use
 * slot 2 of the L3, where nothing else is mapped: the entry at index k of its L2 shows tables from LINEAR(k, 0) up.
 */
#include "injected_faults.h"
#include "other.h"

#include <guest/audit.h>

#define SLOT_VA 0x80000000u
/* Page i of the table that entry k names. */
#define LINEAR(k, i) ((const volatile pte_t *)(SLOT_VA + ((k) << 21) + ((i) << 12)))
#define LINEAR_FLAGS (PTE_P | PTE_A)

static pte_t *slot_l2(void)
{
    return mm_l2_entry((void *)SLOT_VA);
}

static pte_t linear(const pte_t *table)
{
    return make_pte(virt_to_mfn(table), LINEAR_FLAGS);
}

static int pin_l2(const pte_t *table)
{
    return mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(table), 0);
}

static int unpin(const pte_t *table)
{
    return mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0);
}

static pte_t *pinned_l2(void)
{
    pte_t *table = alloc_page();

    CHECK_RC(page_make_readonly(table), 0);
    CHECK_RC(pin_l2(table), 0);
    return table;
}

/* The table is an ordinary page again. */
static void free_table(pte_t *table)
{
    if (CHECK_RC(page_make_writable(table), 0))
        free_page(table);
}

TEST(linear_own_table)
{
    pte_t *l2 = slot_l2(), *page = alloc_page();
    pte_t *table = new_l1_at(SLOT_VA + (9 << 21));

    CHECK_RC(mmu_set_entry(&l2[7], linear(l2)), 0);
    CHECK_EQ(LINEAR(7, 7)[7], l2[7]); /* the L2, by itself */
    CHECK_EQ(LINEAR(7, 7)[9], l2[9]);
    CHECK_RC(mmu_set_entry(&table[33], make_pte(virt_to_mfn(page), PTE_KERNEL_RW)), 0);
    CHECK_EQ(LINEAR(7, 9)[33], table[33]); /* an L1 */
    CHECK(!probe_read(LINEAR(7, 8), NULL, NULL));
    /* Nobody can write through the linear entry, and nothing is mapped by the entries that look like an L1 there. */
    CHECK(!probe_write((pte_t *)LINEAR(7, 9), 0, NULL));
    CHECK(!probe_write((pte_t *)LINEAR(7, 7), 0, NULL));
    CHECK_RC(update_va(LINEAR(7, 9), make_pte(virt_to_mfn(page), PTE_KERNEL_RW), UVMF_NONE), -EINVAL);
    CHECK_RC(update_va(LINEAR(7, 100), make_pte(virt_to_mfn(page), PTE_KERNEL_RW), UVMF_INVLPG), -EINVAL);
    CHECK_EQ(l2[100], 0);
    CHECK_RC(mmu_set_entry(&l2[7], 0), 0);
    if (is_int82()) /* Xen 4.2.5 does not flush: XSA-286 */
        CHECK(!probe_read(LINEAR(7, 7), NULL, NULL));
    CHECK_RC(mmu_set_entry(&table[33], 0), 0);
    drop_l1_at(SLOT_VA + (9 << 21), table);
    free_page(page);
}

TEST(linear_another_table)
{
    pte_t *l2 = slot_l2(), *table = alloc_page(), *other_l2 = alloc_page();

    other_l2[5] = make_pte(virt_to_mfn(table), PTE_TABLE);
    table[3] = PTE_AVAIL; /* a mark to know it by */
    CHECK_RC(page_make_readonly(table), 0);
    CHECK_RC(page_make_readonly(other_l2), 0);
    CHECK_RC(pin_l2(other_l2), 0);
    CHECK_RC(mmu_set_entry(&l2[7], linear(other_l2)), 0);
    CHECK_RC(mmu_set_entry(&l2[8], linear(other_l2)), 0);
    CHECK_EQ(LINEAR(7, 5)[3], PTE_AVAIL);
    CHECK_EQ(LINEAR(8, 5)[3], PTE_AVAIL);
    /* The entries keep it a page table. */
    CHECK_RC(unpin(other_l2), 0);
    CHECK_RC(page_make_writable(other_l2), -EBUSY);
    CHECK_RC(page_make_writable(table), -EBUSY);
    CHECK_RC(mmu_set_entry(&l2[7], 0), 0);
    CHECK_RC(page_make_writable(other_l2), -EBUSY);
    CHECK_EQ(LINEAR(8, 5)[3], PTE_AVAIL);
    CHECK_RC(mmu_set_entry(&l2[8], 0), 0);
    free_table(other_l2);
    free_table(table);
}

/* As NetBSD does it: one L2 shows all tables, and the running kernel finds it through its own entries. */
TEST(linear_whole_space)
{
    pte_t *l2 = slot_l2(), *top = mm_l2_entry((void *)FREE_TABLE_VA), *shadow = pinned_l2();
    const volatile pte_t *shown = (void *)FREE_TABLE_VA;

    CHECK_RC(mmu_set_entry(&l2[508], linear(mm_l2_entry((void *)0))), 0);
    CHECK_RC(mmu_set_entry(&l2[509], linear(mm_l2_entry((void *)0x40000000))), 0);
    CHECK_RC(mmu_set_entry(&l2[510], linear(l2)), 0);
    CHECK_RC(mmu_set_entry(&l2[511], linear(shadow)), 0);
    CHECK_EQ(LINEAR(510, 510)[511], l2[511]);
    CHECK_EQ(LINEAR(510, 511)[0], 0);
    CHECK_RC(mmu_set_entry(top, linear(shadow)), 0);
    CHECK(!probe_read(shown, NULL, NULL)); /* it has no tables yet */
    CHECK_RC(mmu_set_entry(&shadow[0], mm_l2_entry((void *)0xC0000000)[0]), 0);
    CHECK_EQ(shown[1], *mm_l1_entry((void *)0xC0001000));
    CHECK_RC(mmu_set_entry(top, 0), 0);
    for (unsigned int i = 508; i < 512; i++)
        CHECK_RC(mmu_set_entry(&l2[i], 0), 0);
    CHECK_RC(unpin(shadow), 0);
    free_table(shadow);
}

/* XSA-240: a table that is named by others names no others. And a table must not be named if it is writable, a top
 * table, or another domain's. */
TEST(rule_linear_tables_are_bounded)
{
    pte_t *a = pinned_l2(), *b = pinned_l2(), *c = pinned_l2(), *top = mm_l2_entry((void *)0xC0000000);

    CHECK_RC(mmu_set_entry(&a[0], linear(a)), 0);
    if (is_int82()) /* Xen 4.2.5's short way for entries that keep their frame allows it: XSA-182 */
        CHECK_RC(mmu_set_entry(&a[0], linear(a) | PTE_RW), -EINVAL);
    CHECK_RC(mmu_set_entry(&a[1], linear(b) | PTE_RW), -EINVAL);
    CHECK_RC(mmu_set_entry(&a[1], linear(b)), 0);
    if (is_int82()) { /* Xen 4.2.5 has no such bound */
        CHECK_RC(mmu_set_entry(&b[1], linear(c)), -EINVAL);
        CHECK_RC(mmu_set_entry(&b[1], linear(a)), -EINVAL);
        CHECK_RC(mmu_set_entry(&c[1], linear(a)), -EINVAL);
        CHECK_RC(mmu_set_entry(&a[2], linear(top)), -EINVAL);
        CHECK_RC(mmu_set_entry(mm_l2_entry((void *)FREE_TABLE_VA), linear(top)), -EINVAL);
    }
    CHECK_RC(mmu_set_entry(&a[2], make_pte(foreign_frame(), LINEAR_FLAGS)), -EINVAL);
    CHECK_RC(mmu_set_entry(&a[2], linear(mm_base())), -EINVAL);
    CHECK_RC(mmu_set_entry(&slot_l2()[3], linear(slot_l2())), 0);
    CHECK_RC(update_va(LINEAR(3, 3), 0, UVMF_NONE), -EINVAL);
    CHECK_RC(mmu_set_entry(&slot_l2()[3], 0), 0);
    /* The references that the entries held are given back, in each of the ways in which the entries can end. */
    CHECK_RC(mmu_set_entry(&c[1], linear(b)), 0);
    CHECK_RC(unpin(b), 0);
    CHECK_RC(mmu_set_entry(&a[1], 0), 0);
    CHECK_RC(page_make_writable(b), -EBUSY);
    CHECK_RC(unpin(c), 0);
    free_table(b);
    free_table(c);
    CHECK_RC(unpin(a), 0);
    free_table(a);
}

/* Pinning fails at the page's last entry. */
TEST(linear_failing_pin)
{
    pte_t *a = alloc_page(), *b = pinned_l2();

    for (unsigned int i = 0; i < 511; i++)
        a[i] = linear(i % 3 ? b : a);
    a[511] = linear(b) | PTE_RW;
    CHECK_RC(page_make_readonly(a), 0);
    CHECK_RC(pin_l2(a), -EINVAL);
    CHECK_RC(page_make_writable(a), 0);
    a[511] = 0;
    CHECK_RC(page_make_readonly(a), 0);
    CHECK_RC(pin_l2(a), 0);
    if (is_int82()) /* XSA-182 again */
        CHECK_RC(mmu_set_entry(&a[1], linear(b) | PTE_RW), -EINVAL);
    CHECK_RC(unpin(b), 0);
    CHECK_RC(unpin(a), 0);
    free_table(a);
    free_table(b);
}

/* XSA-286: the address shows the new table at once. */
TEST(rule_linear_tables_are_flushed)
{
    pte_t *l2 = slot_l2(), *named = pinned_l2(), *tables[2];

    if (!is_int82())
        SKIP("Xen 4.2.5 leaves that to the guest");
    for (unsigned int i = 0; i < 2; i++) {
        tables[i] = alloc_page();
        tables[i][0] = (i + 1) << 9;
        CHECK_RC(page_make_readonly(tables[i]), 0);
    }
    CHECK_RC(mmu_set_entry(&l2[7], linear(l2)), 0);
    CHECK_RC(mmu_set_entry(&l2[8], linear(named)), 0);
    for (unsigned int i = 0; i < 10; i++) {
        pte_t e = make_pte(virt_to_mfn(tables[i % 2]), PTE_TABLE);

        CHECK_RC(mmu_set_entry(&l2[9], e), 0);
        CHECK_EQ(LINEAR(7, 9)[0], tables[i % 2][0]);
        CHECK_RC(mmu_set_entry(&named[9], e), 0);
        CHECK_EQ(LINEAR(8, 9)[0], tables[i % 2][0]);
    }
    for (unsigned int i = 7; i < 10; i++)
        CHECK_RC(mmu_set_entry(&l2[i], 0), 0);
    CHECK_RC(unpin(named), 0);
    free_table(named);
    free_table(tables[0]);
    free_table(tables[1]);
}

/* `linear=no`: the hypervisor has been told pv-linear-pt=no (tests/cases/linear_pt.sh). */
TEST(linear_by_option)
{
    static char word[8];
    bool refused = guest_option("linear", word, sizeof(word)) && !strcmp(word, "no");
    pte_t *a = pinned_l2(), *b = pinned_l2();
    int expected = refused ? -EINVAL : 0;

    CHECK_RC(mmu_set_entry(&a[0], linear(a)), expected);
    CHECK_RC(mmu_set_entry(&a[1], linear(b)), expected);
    CHECK_RC(unpin(a), 0);
    CHECK_RC(unpin(b), 0);
    free_table(a);
    free_table(b);
}

/* ---- A domain ends that has such tables: pinned, as its L2s, and in use */

static bool write_linear(uint32_t table, unsigned int index, uint32_t named)
{
    pte_t *page = victim_map(&other, VICTIM_TREE_L2 + table);

    if (page)
        page[index] = make_pte(other.mfn[VICTIM_TREE_L2 + named], LINEAR_FLAGS);
    victim_unmap();
    return page;
}

static void pin_of_other(uint32_t table)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L2_TABLE, .arg1.mfn = other.mfn[VICTIM_TREE_L2 + table]};

    CHECK_RC(HYPERVISOR_mmuext_op(&op, 1, NULL, (uint32_t)other.id), 0);
}

TEST(linear_tables_of_a_dying_domain)
{
    static struct int82_audit before, after;

    NEED_DOM0();
    if (audit_read(&before))
        SKIP("this hypervisor has no auditor");
    if (!other_begin(&other))
        return;
    /* The names go upwards and downwards in the order in which the frames are given back. */
    for (uint32_t table = 0; table < 3; table++)
        write_linear(table, 17, table);
    pin_of_other(1);
    write_linear(0, 3, 1);
    write_linear(2, 3, 1);
    write_linear(2, 511, 1);
    pin_of_other(0);
    pin_of_other(2);
    CHECK_RC(audit_read(&after), 0);
    CHECK_EQ(after.mismatches, 0);
    other_end(&other);
    CHECK_RC(audit_read(&after), 0);
    CHECK_EQ(after.mismatches, 0);
    if (before.domains == 1)
        CHECK_EQ(after.free_frames, before.free_frames);
}
