/* SPDX-License-Identifier: MIT */
/*
 * Linear page tables of guests (pv-linear-pt): an L2 entry may point to an L2. The processor then uses that L2 as an
 * L1, and the guest sees its own page tables at fixed addresses. NetBSD's and FreeBSD's kernels do this. The rules are
 * Xen's:
 *
 * - Such an entry is read-only, so that it gives nobody a writable page table. It points to a validated L2 of the same
 *   domain, of which it holds a reference and a use, or to the table that contains it, which needs neither.
 * - No chains (XSA-240): a table that has such entries for other tables cannot be used by such entries, and the other
 *   way round. Without this rule, invalidating one table would invalidate the next one, and so on, as deep as the guest
 *   likes. If linear_pt_count is above 0, it is the number of the table's entries for other tables. Below 0, it is the
 *   number of uses by other tables, negated. linear_self is the number of entries that point to their own table.
 * - No such entry points to the L2 of slot 3. Its upper entries are the hypervisor's large pages; as entries of an L1
 *   they would map hypervisor memory where ring 1 can reach it.
 */
#include <asm/frames.h>
#include <asm/page_tables.h>
#include <xen/domain.h>

static bool is_plain_l2(const struct page_info *page)
{
    return page->type_info >= PGT_one && (page->type_info & (PGT_type_mask | PGT_pae_xen_l2)) == PGT_l2_page_table;
}

int get_linear_pt(pte_t e, struct page_info *table)
{
    struct page_info *page;
    mfn_t mfn;

    if (!opt_pv_linear_pt || e.lo & _PAGE_RW || !pte_to_frame(e, &mfn) || mfn >= max_page)
        return -EINVAL;
    page = mfn_to_page(mfn);
    if (!is_plain_l2(page))
        return -EINVAL;
    if (page == table) {
        table->linear_self++;
        return 0;
    }
    if (table->linear_pt_count < 0 || page->linear_pt_count > 0 || page->linear_pt_count == INT16_MIN ||
        get_page_and_type(page, table->owner, PGT_l2_page_table))
        return -EINVAL;
    table->linear_pt_count++;
    page->linear_pt_count--;
    return 0;
}

bool put_linear_pt(struct page_info *page, struct page_info *table)
{
    if (page == table) {
        table->linear_self--;
        return false;
    }
    if ((page->type_info & PGT_type_mask) == PGT_l2_page_table) {
        table->linear_pt_count--;
        page->linear_pt_count++;
    }
    return true;
}
