/* SPDX-License-Identifier: MIT */
/* Frames, page tables, and a page allocator over the linear map. */
#include <guest/console.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <public/memory.h>
#include <public/version.h>

#define MAX_PFN (MM_LINEAR_LIMIT >> PAGE_SHIFT)

static uint32_t free_map[MAX_PFN / 32]; /* bit set: free */
static uint32_t free_pages;
static uint32_t linear_pages; /* mapped from VIRT_BASE up */
static const pte_t *base;     /* the L3 in use */
static const volatile uint32_t *m2p;
static uint32_t hypervisor_start; /* a 64-bit Xen leaves more address space to the guest than a 32-bit one */

/* ---- Numbers */
uint32_t virt_to_pfn(const volatile void *va)
{
    return ((uint32_t)va - VIRT_BASE) >> PAGE_SHIFT;
}

uint32_t pfn_to_mfn(uint32_t pfn)
{
    return ((const uint32_t *)start_info->mfn_list)[pfn];
}

void set_p2m(uint32_t pfn, uint32_t mfn)
{
    ((uint32_t *)start_info->mfn_list)[pfn] = mfn;
}

uint32_t mfn_to_pfn(uint32_t mfn)
{
    return m2p[mfn];
}

void *pfn_to_virt(uint32_t pfn)
{
    return (void *)(VIRT_BASE + (pfn << PAGE_SHIFT));
}

void *mfn_to_virt(uint32_t mfn)
{
    return pfn_to_virt(mfn_to_pfn(mfn));
}

uint32_t virt_to_mfn(const volatile void *va)
{
    return pfn_to_mfn(virt_to_pfn(va));
}

uint64_t virt_to_maddr(const volatile void *va)
{
    return ((uint64_t)virt_to_mfn(va) << PAGE_SHIFT) + ((uint32_t)va & (PAGE_SIZE - 1));
}

/* ---- Walking */
pte_t *mm_l3_entry(const volatile void *va)
{
    return (pte_t *)base + L3_INDEX(va);
}

pte_t *mm_l2_entry(const volatile void *va)
{
    pte_t *l3e = mm_l3_entry(va);

    return *l3e & PTE_P ? (pte_t *)mfn_to_virt(pte_mfn(*l3e)) + L2_INDEX(va) : NULL;
}

pte_t *mm_l1_entry(const volatile void *va)
{
    pte_t *l2e = mm_l2_entry(va);

    return l2e && *l2e & PTE_P ? (pte_t *)mfn_to_virt(pte_mfn(*l2e)) + L1_INDEX(va) : NULL;
}

uint64_t pte_maddr(const pte_t *entry)
{
    return virt_to_maddr(entry);
}

/* ---- Changing */
int mmu_set(uint64_t maddr, pte_t value)
{
    mmu_update_t req = {maddr, value};

    return HYPERVISOR_mmu_update(&req, 1);
}

int mmu_set_entry(const pte_t *entry, pte_t value)
{
    return mmu_set(pte_maddr(entry), value);
}

int update_va(const volatile void *va, pte_t value, uint32_t flags)
{
    return HYPERVISOR_update_va_mapping(va, LO_HI(value), flags);
}

int mmuext(uint32_t cmd, uint32_t arg1, uint32_t arg2)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = arg1, .arg2.nr_ents = arg2};

    return HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

int page_set_flags(void *page, pte_t flags)
{
    return update_va(page, make_pte(virt_to_mfn(page), flags), UVMF_INVLPG | UVMF_LOCAL);
}

int page_make_readonly(void *page)
{
    return page_set_flags(page, PTE_KERNEL_RO);
}

int page_make_writable(void *page)
{
    return page_set_flags(page, PTE_KERNEL_RW);
}

int mm_map_l1(const volatile void *va, void *page)
{
    pte_t *l2e = mm_l2_entry(va);
    uint32_t old = pte_mfn(*l2e);
    bool was_present = *l2e & PTE_P;
    int err;

    if (page && (err = page_make_readonly(page)))
        return err;
    err = mmu_set_entry(l2e, page ? make_pte(virt_to_mfn(page), PTE_TABLE) : 0);
    if (!err && was_present && !page) {
        err = mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
        err = err ? err : page_make_writable(mfn_to_virt(old));
    }
    return err;
}

/* ---- Allocating */
static bool is_free(uint32_t pfn)
{
    return pfn < linear_pages && free_map[pfn / 32] >> (pfn % 32) & 1;
}

void *alloc_pages(unsigned int order)
{
    uint32_t count = 1u << order, pfn, n;

    for (pfn = 0; pfn + count <= linear_pages; pfn += count) {
        for (n = 0; n < count && is_free(pfn + n); n++)
            ;
        if (n < count)
            continue;
        for (n = 0; n < count; n++)
            free_map[(pfn + n) / 32] &= ~(1u << (pfn + n) % 32);
        free_pages -= count;
        return memset(pfn_to_virt(pfn), 0, count * PAGE_SIZE);
    }
    guest_panic("out of memory");
}

void *alloc_page(void)
{
    return alloc_pages(0);
}

void free_page(void *page)
{
    uint32_t pfn = virt_to_pfn(page);

    free_map[pfn / 32] |= 1u << pfn % 32;
    free_pages++;
}

uint32_t free_page_count(void)
{
    return free_pages;
}

/* ---- A second address space */
void address_space_copy(struct address_space *space)
{
    const void *top = (void *)VIRT_BASE;
    unsigned int i;

    space->l3 = alloc_page();
    space->l2_top = alloc_page();
    /* From hypervisor_start up the hypervisor puts in its own entries. */
    memcpy(space->l2_top, mm_l2_entry(top), L2_INDEX(hypervisor_start) * sizeof(pte_t));
    for (i = 0; i < 3; i++)
        space->l3[i] = base[i] & (PTE_FRAME | PTE_P); /* the processor may have set Accessed */
    space->l3[3] = make_pte(virt_to_mfn(space->l2_top), PTE_P);
    if (page_make_readonly(space->l3) || page_make_readonly(space->l2_top))
        guest_panic("cannot make a page read-only");
}

void address_space_free(struct address_space *space)
{
    if (page_make_writable(space->l3) || page_make_writable(space->l2_top))
        guest_panic("an address space to be freed is in use");
    free_page(space->l3);
    free_page(space->l2_top);
}

int mm_set_base(const pte_t *l3)
{
    int err = mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(l3), 0);

    if (!err)
        base = l3;
    return err;
}

pte_t *mm_base(void)
{
    return (pte_t *)base;
}

/* ---- Start of day */
static void map_with_new_l1(uint32_t pfn, uint32_t end)
{
    pte_t *l1 = alloc_page();
    void *va = pfn_to_virt(pfn);
    unsigned int i;

    for (i = 0; i < 512 && pfn + i < end; i++)
        l1[i] = make_pte(pfn_to_mfn(pfn + i), PTE_KERNEL_RW);
    if (mm_map_l1(va, l1))
        guest_panic("cannot map the memory at %p", va);
}

/* Frames that are free at the start of day: those below the image, and those after the boot stack, which is the page
 * after the tables. */
static void add_free(uint32_t pfn, uint32_t end)
{
    for (; pfn < end; pfn++)
        free_page(pfn_to_virt(pfn));
}

/* Only domain 0 starts with an L2 for every slot. This gives every guest that uses the library all of them. */
static void complete_l3(void)
{
    for (unsigned int i = 0; i < 3; i++) {
        void *l2;

        if (base[i] & PTE_P)
            continue;
        l2 = alloc_page();
        if (page_make_readonly(l2) || mmu_set_entry(&base[i], make_pte(virt_to_mfn(l2), PTE_P)))
            guest_panic("cannot set entry %u of the L3", i);
    }
}

static void find_hypervisor(void)
{
    struct xen_platform_parameters parameters = {HYPERVISOR_VIRT_START};
    struct xen_machphys_mapping mapping = {.v_start = MACH2PHYS_VIRT_START};

    HYPERVISOR_xen_version(XENVER_platform_parameters, &parameters);
    HYPERVISOR_memory_op(XENMEM_machphys_mapping, &mapping); /* the oldest Xens lack it, and have the table there */
    hypervisor_start = parameters.virt_start;
    m2p = (const volatile uint32_t *)mapping.v_start;
}

uint32_t mm_hypervisor_start(void)
{
    return hypervisor_start;
}

void mm_init(void)
{
    extern const char image_start[]; /* guest.lds.S */
    uint32_t end = start_info->nr_pages < MAX_PFN ? start_info->nr_pages : MAX_PFN;
    uint32_t first_free = virt_to_pfn((void *)start_info->pt_base) + start_info->nr_pt_frames + 1;
    const pte_t *pte;
    uint32_t pfn;

    find_hypervisor();
    base = (pte_t *)start_info->pt_base;
    for (pfn = first_free; pfn < end; pfn++) {
        pte = mm_l1_entry(pfn_to_virt(pfn));
        if (!pte || !(*pte & PTE_P))
            break;
    }
    linear_pages = pfn;
    add_free(0, virt_to_pfn(image_start));
    add_free(first_free, linear_pages);
    while (pfn < end) {
        if (mm_l1_entry(pfn_to_virt(pfn))) { /* the rest of a table that the builder has begun */
            if (update_va(pfn_to_virt(pfn), make_pte(pfn_to_mfn(pfn), PTE_KERNEL_RW), UVMF_NONE))
                guest_panic("cannot map the memory at %p", pfn_to_virt(pfn));
            pfn++;
        } else {
            map_with_new_l1(pfn, end);
            pfn += 512 - L1_INDEX(pfn_to_virt(pfn));
        }
        pfn = pfn < end ? pfn : end;
        add_free(linear_pages, pfn);
        linear_pages = pfn;
    }
    complete_l3();
}
