/* SPDX-License-Identifier: MIT */
/*
 * Validation of whole page tables. A validated table holds a reference for each present entry: to the frame (L1), to
 * the frame as an L1 table (L2), or to the frame as an L2 table (L3). Each level refers only to the one below
 * (linear_pt.c has the exception), so there are no cycles, and a guest cannot choose the depth.
 *
 * Windows do not survive preemption. So the loops over L2 and L3 tables map their table again for every entry, and
 * those over an L1 table after each preemption point.
 */
#include <asm/frames.h>
#include <asm/l1tf.h>
#include <asm/page_tables.h>
#include <xen/operation.h>

/* l1_refs.S, l2_refs.S */
uint32_t take_l1_refs(pte_t *table, uint32_t index, struct domain *d);
uint32_t drop_l1_refs(pte_t *table, uint32_t index, struct domain *d);
const pte_t *take_l2_refs(const pte_t *from, const pte_t *end, struct domain *d);
const pte_t *drop_l2_refs(const pte_t *from, const pte_t *end);

/* Entries that are not present must obey the rule of l1tf.h. That holds for single updates, and here for all entries of
 * a page that becomes a table. */
static bool absent_entries_ok(const pte_t *table, unsigned int entries, const struct domain *d)
{
    if (!l1tf_vulnerable || d->is_privileged)
        return true;
    for (unsigned int i = 0; i < entries; i++)
        if (!(table[i].lo & _PAGE_PRESENT) && l1tf_unsafe(table[i], d))
            return !refuse_l1_entry(-EINVAL, table[i], d, d, &table[i]);
    return true;
}

/* Drops the references of the first `entries` entries, which a failed validation has taken. */
static void undo_l1(pte_t *table, unsigned int entries, struct domain *d)
{
    spend(2 * entries);
    for (unsigned int i = 0; i < entries; i++)
        if (table[i].lo & _PAGE_PRESENT)
            put_page_from_l1e(table[i], d);
}

#define ENTRY_STEPS 5 /* the cost of an entry that take_l1_refs() does not do, in the units of spend() */

int validate_l1(struct page_info *page)
{
    struct domain *d = page->owner;
    pte_t *table = map_l1(page_to_mfn(page));

    if (!absent_entries_ok(table, L1_ENTRIES, d))
        return -EINVAL;
    for (unsigned int i = 0; (i = take_l1_refs(table, i, d)) < L1_ENTRIES; i++) {
        int rc = get_page_from_l1e(table[i], d);

        if (unlikely(rc == MAP_READ_ONLY))
            ACCESS_ONCE(table[i].lo) &= ~_PAGE_RW;
        else if (unlikely(rc)) {
            refuse_l1_entry(rc, table[i], d, d, &table[i]);
            undo_l1(table, i, d);
            return rc;
        }
        spend(ENTRY_STEPS);
        if (unlikely(effort_spent())) {
            preempt_point();
            table = map_l1(page_to_mfn(page));
        }
    }
    return 0;
}

void invalidate_l1(struct page_info *page)
{
    struct domain *d = page->owner;
    pte_t *table;

    forget_held_table();
    if (effort_spent())
        preempt_point();
    table = map_l1(page_to_mfn(page));
    for (unsigned int i = 0; (i = drop_l1_refs(table, i, d)) < L1_ENTRIES; i++) {
        put_page_from_l1e(table[i], d);
        if (unlikely(effort_spent())) { /* many frames may have been a dead domain's and had to be cleared */
            preempt_point();
            table = map_l1(page_to_mfn(page));
        }
    }
}

/* Takes the reference and the use as a table for a present L2 or L3 entry of d's. */
static __may_switch int get_table(pte_t e, uint32_t refused, struct domain *d, uint32_t type)
{
    mfn_t mfn;

    if (e.lo & refused || !pte_to_frame(e, &mfn) || mfn >= max_page)
        return -EINVAL;
    if (likely(hold_table_in_use(mfn_to_page(mfn), d, type)))
        return 0;
    return get_page_and_table(mfn_to_page(mfn), d, type);
}

static __may_switch void put_table(pte_t e)
{
    mfn_t mfn;

    pte_to_frame(e, &mfn);
    release_table(mfn_to_page(mfn));
}

int get_page_from_l2e(pte_t e, struct page_info *table)
{
    int rc = get_table(e, L2_REFUSED, table->owner, PGT_l1_page_table);

    if (unlikely(rc) && !(e.lo & L2_REFUSED) && !get_linear_pt(e, table))
        rc = 0;
    return rc;
}

void put_page_from_l2e(pte_t e, struct page_info *table)
{
    mfn_t mfn;

    pte_to_frame(e, &mfn);
    if (unlikely(table->linear) && !put_linear_pt(mfn_to_page(mfn), table))
        return;
    release_table(mfn_to_page(mfn));
}

int get_page_from_l3e(pte_t e, unsigned int slot, struct domain *d)
{
    if (e.hi & nx_mask_hi)
        return -EINVAL; /* reserved in an L3 entry */
    return get_table(e, L3_REFUSED, d, slot == 3 ? PGT_l2_page_table | PGT_pae_xen_l2 : PGT_l2_page_table);
}

void put_page_from_l3e(pte_t e)
{
    put_table(e);
}

#define GROUP 16 /* entries that are looked at together, because most of most tables are absent */

/* The first present entry from index up, or the number of entries. */
static unsigned int next_present(const pte_t *table, unsigned int index, unsigned int entries)
{
    const pte_t *e = table + index, *end = table + entries;

    if (e != end && e->lo & _PAGE_PRESENT) /* in a dense table, no group is looked at */
        return index;
    for (const pte_t *last = end - GROUP; e <= last; e += GROUP) {
        uint32_t any = 0;

#pragma GCC unroll 16
        for (unsigned int i = 0; i < GROUP; i++)
            any |= e[i].lo;
        if (any & _PAGE_PRESENT)
            break;
    }
    while (e != end && !(e->lo & _PAGE_PRESENT))
        e++;
    return e - table;
}

/* Takes the references of the entries from index on that l2_refs.S knows, and stops at the first present one that it
 * does not know, or at `entries`. It does whole groups; what is behind the last one is C's. */
static unsigned int take_refs_in_use(const pte_t *table, unsigned int index, unsigned int entries, struct domain *d)
{
    unsigned int end = entries & -GROUP;

    if (index < end)
        index = take_l2_refs(table + index, table + end, d) - table;
    return next_present(table, index, entries);
}

/* Drops them in the same way. Where entries may name other tables than L1s, all of them are C's. */
static unsigned int drop_refs_in_use(const struct page_info *page, const pte_t *table, unsigned int index,
                                     unsigned int entries)
{
    unsigned int end = entries & -GROUP;

    if (index < end && likely(!page->linear))
        index = drop_l2_refs(table + index, table + end) - table;
    return next_present(table, index, entries);
}

static __may_switch void undo_l2(struct page_info *page, unsigned int entries)
{
    mfn_t mfn = page_to_mfn(page);
    const pte_t *table;

    if (effort_spent())
        preempt_point();
    spend(L2_ENTRIES); /* even if nothing has to be undone */
    table = map_l2(mfn);
    for (unsigned int i = 0; (i = drop_refs_in_use(page, table, i, entries)) < entries; i++) {
        put_page_from_l2e(table[i], page);
        preempt_point();
        table = map_l2(mfn);
    }
}

static COLD __may_switch int give_up_l2(struct page_info *page, unsigned int failed, int rc)
{
    refuse_table_entry(rc, map_l2(page_to_mfn(page))[failed], page, failed);
    undo_l2(page, failed);
    return rc;
}

int validate_l2(struct page_info *page, bool with_hypervisor)
{
    unsigned int entries = with_hypervisor ? L2_HYP_FIRST : L2_ENTRIES;
    mfn_t mfn = page_to_mfn(page);
    const pte_t *table = map_l2(mfn);

    page->linear = 0;
    spend(2 * L2_ENTRIES); /* even if no table has to be validated */
    if (!absent_entries_ok(table, entries, page->owner))
        return -EINVAL;
    for (unsigned int i = 0; (i = take_refs_in_use(table, i, entries, page->owner)) < entries; i++) {
        int rc = get_page_from_l2e(table[i], page);

        if (unlikely(rc))
            return give_up_l2(page, i, rc);
        preempt_point();
        table = map_l2(mfn);
    }
    if (with_hypervisor)
        memcpy(map_l2(mfn) + L2_HYP_FIRST, idle_l2 + L2_HYP_FIRST, (L2_ENTRIES - L2_HYP_FIRST) * sizeof(pte_t));
    return 0;
}

void invalidate_l2(struct page_info *page, bool with_hypervisor)
{
    undo_l2(page, with_hypervisor ? L2_HYP_FIRST : L2_ENTRIES);
    if (with_hypervisor)
        memset(map_l2(page_to_mfn(page)) + L2_HYP_FIRST, 0, (L2_ENTRIES - L2_HYP_FIRST) * sizeof(pte_t));
}

static __may_switch void undo_l3(mfn_t mfn, unsigned int entries)
{
    for (unsigned int i = 0; i < entries; i++) {
        pte_t e = map_l3(mfn)[i];

        if (e.lo & _PAGE_PRESENT)
            put_page_from_l3e(e);
    }
}

/* Slot 3 must be present because it holds the hypervisor. Its L2 cannot be used by another L3, too (Xen's rule). */
static bool slot3_ok(pte_t e)
{
    mfn_t mfn;

    if (!(e.lo & _PAGE_PRESENT))
        return false;
    pte_to_frame(e, &mfn);
    return mfn_to_page(mfn)->type_info < 2 * PGT_one;
}

int validate_l3(struct page_info *page)
{
    mfn_t mfn = page_to_mfn(page);

    if (!absent_entries_ok(map_l3(mfn), L3_ENTRIES, page->owner))
        return -EINVAL;
    for (unsigned int i = 0; i < L3_ENTRIES; i++) {
        pte_t e = map_l3(mfn)[i];
        int rc;

        if (!(e.lo & _PAGE_PRESENT))
            continue;
        rc = get_page_from_l3e(e, i, page->owner);
        if (unlikely(rc)) {
            refuse_table_entry(rc, e, page, i);
            undo_l3(mfn, i);
            return rc;
        }
        preempt_point();
    }
    if (!slot3_ok(map_l3(mfn)[3])) {
        refuse_entry(REFUSED_entry_slot_3, -EINVAL, INVALID_MFN, map_l3(mfn)[3].raw, mfn, 3);
        undo_l3(mfn, L3_ENTRIES);
        return -EINVAL;
    }
    return 0;
}

void invalidate_l3(struct page_info *page)
{
    undo_l3(page_to_mfn(page), L3_ENTRIES);
}

/* CR3 points to a copy of the guest's L3. The copy is below 4 GiB and aligned, wherever the guest's table is, and its
 * reserved bits are clear. An absent entry is copied in the same way: the processor looks at nothing else of it. */
void update_cr3(struct vcpu *v)
{
    pte_t *l3 = map_l3(v->arch.guest_l3);

#pragma GCC unroll 4
    for (unsigned int i = 0; i < L3_ENTRIES; i++) {
        v->arch.l3[i].hi = l3[i].hi;
        v->arch.l3[i].lo = l3[i].lo & (PAGE_MASK | _PAGE_PRESENT);
    }
    forget_va_table();
    if (v == current)
        flush_tlb_now(); /* the processor reads the four entries when CR3 is loaded */
}

/* An entry of an L3 table of d's has changed. */
void sync_l3_copies(struct domain *d, mfn_t l3)
{
    for (unsigned int i = 0; i < MAX_VCPUS; i++)
        if (d->vcpu[i] && d->vcpu[i]->arch.guest_l3 == l3)
            update_cr3(d->vcpu[i]);
}

int adopt_page_tables(struct vcpu *v, mfn_t l3)
{
    struct page_info *page = mfn_to_page(l3);
    int rc = pin_table(page, v->domain, PGT_l3_page_table);

    if (rc)
        return rc;
    rc = get_page_and_table(page, v->domain, PGT_l3_page_table); /* as the base pointer */
    if (rc)
        return rc;
    v->arch.guest_l3 = l3;
    update_cr3(v);
    return 0;
}
