/* SPDX-License-Identifier: MIT */
/* What makes a frame a page table: docs/memory.md. For frames.c and mmu_update.c. */
#ifndef ASM_PAGE_TABLES_H
#define ASM_PAGE_TABLES_H

#include <asm/mm.h>
#include <xen/refused.h>

/* Flags that must be clear. L2: no large pages, no cache attributes. L3 (SDM 3, 4.4.1): RW, A and D have no meaning
 * there, and emulators set A, so these are allowed. */
#define L2_REFUSED (_PAGE_PWT | _PAGE_PCD | _PAGE_PSE | _PAGE_GLOBAL)
#define L3_REFUSED (_PAGE_USER | _PAGE_PWT | _PAGE_PCD | _PAGE_PSE | _PAGE_GLOBAL)

/* Take the references that the table's entries stand for: 0, or -error with none taken. */
__may_switch int validate_l1(struct page_info *page);
__may_switch int validate_l2(struct page_info *page, bool with_hypervisor);
__may_switch int validate_l3(struct page_info *page);
/* Drop them again. */
__may_switch void invalidate_l1(struct page_info *page);
__may_switch void invalidate_l2(struct page_info *page, bool with_hypervisor);
__may_switch void invalidate_l3(struct page_info *page);

/* Take and drop the references of single entries, for updates. */
__may_switch int get_page_from_l2e(pte_t e, struct page_info *table);
__may_switch void put_page_from_l2e(pte_t e, struct page_info *table);
__may_switch int get_page_from_l3e(pte_t e, unsigned int slot, struct domain *d);
__may_switch void put_page_from_l3e(pte_t e);
void sync_l3_copies(struct domain *d, mfn_t l3);

/* linear_pt.c. Takes what a present entry of `table` stands for that does not point to an L1. 0, or -EINVAL with
 * nothing taken. */
int get_linear_pt(pte_t e, struct page_info *table);
/* An entry of `table` that points to `page`, which may be any table, goes away. False: the entry has held neither a
 * reference nor a use. */
bool put_linear_pt(struct page_info *page, struct page_info *table);

/* refused.c: which rule has refused it? They return the error. */
COLD int refuse_l1_entry(int error, pte_t e, const struct domain *d, const struct domain *pg_owner, const pte_t *slot);
COLD int refuse_table_entry(int error, pte_t e, const struct page_info *table, unsigned int index); /* of an L2, L3 */

#endif
