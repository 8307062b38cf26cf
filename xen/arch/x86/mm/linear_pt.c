/* SPDX-License-Identifier: MIT */
/*
 * Linear page tables of guests (pv-linear-pt): an L2 entry may name an L2, so that its entries appear as those of an
 * L1, and the guest reads its own page tables at fixed addresses. NetBSD's and FreeBSD's kernels work so. The rules are
 * Xen's:
 *
 * - Such an entry is read-only: it gives nobody a writable page table. What it names is a validated L2 of the same
 *   domain, which it holds by a reference and a use, or the very table that it stands in, which needs neither.
 * - No chains (XSA-240): a table with such entries for others is named by none, and the other way round. Without this
 *   rule, one table's end would end the next, as deep as the guest likes. linear_pt_count > 0 is the number of its
 *   entries, < 0 that of its uses; linear_self is the number of entries that name the table itself.
 * - The L2 of slot 3 is named by none. Its upper entries are the hypervisor's large pages: as entries of an L1 they
 * would map hypervisor memory within reach of ring 1.
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
