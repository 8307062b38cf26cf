/* SPDX-License-Identifier: MIT */
/*
 * Memory and page tables.
 *
 * At the start of day all memory up to MM_LINEAR_LIMIT is mapped writable and linear: virtual address = VIRT_BASE +
 * pseudo-physical address. The page tables themselves lie there too, read-only. Virtual space from MM_SCRATCH on is
 * free for experiments: no L1 table stands there until mm_map_l1() puts one.
 */
#ifndef GUEST_MM_H
#define GUEST_MM_H

#include <guest/guest.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096u

#define VIRT_BASE       0xC0000000u
#define MM_LINEAR_LIMIT (128u << 20) /* bytes */
#define MM_SCRATCH      0xE0000000u
#define MM_SCRATCH_END  0xF0000000u

#define PTE_P     0x001ull
#define PTE_RW    0x002ull
#define PTE_US    0x004ull
#define PTE_PWT   0x008ull
#define PTE_PCD   0x010ull
#define PTE_A     0x020ull
#define PTE_D     0x040ull
#define PTE_PSE   0x080ull
#define PTE_PAT   0x080ull
#define PTE_G     0x100ull
#define PTE_AVAIL 0xE00ull
#define PTE_NX    (1ull << 63)
#define PTE_FRAME 0x000FFFFFFFFFF000ull

/* What Xen and Linux use for a kernel's data, for its read-only data, and for entries that name tables. */
#define PTE_KERNEL_RW (PTE_P | PTE_RW | PTE_A | PTE_D)
#define PTE_KERNEL_RO (PTE_P | PTE_A)
#define PTE_TABLE     (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

typedef uint64_t pte_t;

#define L1_INDEX(va) (((uint32_t)(va) >> 12) & 511)
#define L2_INDEX(va) (((uint32_t)(va) >> 21) & 511)
#define L3_INDEX(va) ((uint32_t)(va) >> 30)

/* Frame numbers of the machine (mfn) and of the domain (pfn). Only for addresses of the linear map. */
uint32_t virt_to_pfn(const volatile void *va);
uint32_t virt_to_mfn(const volatile void *va);
uint64_t virt_to_maddr(const volatile void *va); /* with the offset in the page */
void *pfn_to_virt(uint32_t pfn);
uint32_t pfn_to_mfn(uint32_t pfn);
uint32_t mfn_to_pfn(uint32_t mfn); /* through the machine-to-physical table; check the result */
void *mfn_to_virt(uint32_t mfn);
void set_p2m(uint32_t pfn, uint32_t mfn); /* the guest's own list only */

static inline pte_t make_pte(uint32_t mfn, pte_t flags)
{
    return (pte_t)mfn << PAGE_SHIFT | flags;
}
static inline uint32_t pte_mfn(pte_t pte)
{
    return (uint32_t)((pte & PTE_FRAME) >> PAGE_SHIFT);
}

/* The entry for va, read-only in the linear map, or NULL if the level above is empty. The walk starts at the boot L3,
 * or at the one that was last given to mm_set_base(). */
pte_t *mm_l3_entry(const volatile void *va);
pte_t *mm_l2_entry(const volatile void *va);
pte_t *mm_l1_entry(const volatile void *va);
uint64_t pte_maddr(const pte_t *entry); /* machine address of an entry: what mmu_update's ptr takes */

/* One hypercall each; 0 or an error. */
int mmu_set(uint64_t maddr, pte_t value);                            /* mmu_update, one request */
int mmu_set_entry(const pte_t *entry, pte_t value);                  /* the same for an entry in the linear map */
int update_va(const volatile void *va, pte_t value, uint32_t flags); /* update_va_mapping; UVMF_* */
int mmuext(uint32_t cmd, uint32_t arg1, uint32_t arg2);              /* one mmuext_op */

/* Pages of the linear map, zeroed and writable. Panics when there are none left. order: 2^order pages whose pfns are in
 * a row. */
void *alloc_page(void);
void *alloc_pages(unsigned int order);
void free_page(void *page); /* the page must be writable again and must have no other use */
uint32_t free_page_count(void);

/* Changes the linear mapping of a page. Returns 0 or an error. */
int page_make_readonly(void *page);
int page_make_writable(void *page);
int page_set_flags(void *page, pte_t flags);

/* Makes page, which holds L1 entries and is in the linear map, read-only, and hooks it into the current tables for the
 * 2 MiB at va. Returns 0 or an error. With NULL, takes away the table that is there; its page becomes an ordinary,
 * writable one again. */
int mm_map_l1(const volatile void *va, void *page);

/* A second address space: an L3 with the same slots 0 to 2, and for slot 3 an L2 that is a copy of the guest's part of
 * the current one. It is neither pinned nor in use. Both pages are read-only. */
struct address_space {
    pte_t *l3;
    pte_t *l2_top;
};
void address_space_copy(struct address_space *space);
void address_space_free(struct address_space *space); /* must be unpinned and not in use */
int mm_set_base(const pte_t *l3);                     /* MMUEXT_NEW_BASEPTR; the walks above then start here */
pte_t *mm_base(void);
uint32_t mm_hypervisor_start(void); /* virtual address: from here up nothing is the guest's */

void mm_init(void);

#endif
