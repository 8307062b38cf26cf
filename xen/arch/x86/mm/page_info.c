/* SPDX-License-Identifier: MIT */
/* dom0_op page_info: shows the frame table to those who check it from outside (guest/fuzz). */
#include <asm/guest_access.h>
#include <asm/mm.h>
#include <public/int82.h>
#include <xen/sched.h>

static uint16_t type_word(const struct page_info *page)
{
    uint16_t word = page->type_info & (PGT_pae_xen_l2 | PGT_validated | PGT_pinned);

    if ((page->type_info & PGT_type_mask) == PGT_seg_desc_page)
        word |= INT82_PAGE_DESCRIPTORS;
    else
        word |= page->type_info & PGT_type_mask;
    return word | (page->count & PGC_allocated ? INT82_PAGE_ALLOCATED : 0);
}
_Static_assert(PGT_l1_page_table == INT82_PAGE_L1 && PGT_writable_page == INT82_PAGE_WRITABLE, "the same numbers");
_Static_assert(PGT_pae_xen_l2 == INT82_PAGE_TOP && PGT_validated == INT82_PAGE_VALIDATED &&
                   PGT_pinned == INT82_PAGE_PINNED,
               "the same bits");

static void read_page(struct int82_page *p)
{
    const struct page_info *page = mfn_to_page(p->mfn);

    if (p->mfn >= max_page || !page->owner) {
        *p = (struct int82_page){.mfn = p->mfn, .owner = INT82_PAGE_NO_OWNER};
        return;
    }
    p->owner = page->owner->domain_id;
    p->type = type_word(page);
    p->references = page->count & PGC_count;
    p->uses = page->type_info >> PGT_count_shift;
}

#define PAGE_STEPS 6 /* the cost of an answer, in the units of spend() */

long page_info_op(const struct int82_op_buffer *op)
{
    struct int82_page *pages = op->buffer, p;
    uint32_t count = op->size / sizeof(p);

    if (op->size % sizeof(p) || count > INT82_PAGES_MAX)
        return -EINVAL;
    spend(count * PAGE_STEPS);
    for (uint32_t i = 0; i < count; i++) {
        if (copy_from_guest(&p, &pages[i], sizeof(p)))
            return -EFAULT;
        read_page(&p);
        if (copy_to_guest(&pages[i], &p, sizeof(p)))
            return -EFAULT;
    }
    return 0;
}
