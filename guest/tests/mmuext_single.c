/* SPDX-License-Identifier: MIT */
/*
 * One flush in a call of its own, or with one update, as kernels do it most often. Each must really take place: an
 * entry is changed without a flush after the TLB has seen it, and behind the flush the new frame must be there.
 */
#include "test.h"

enum flush { PAGE, ALL, BASE, WITH_UPDATE_PAGE, WITH_UPDATE_ALL, FLUSHES };

static volatile uint32_t *const seen = (volatile uint32_t *)FREE_VA;

static int flush(enum flush how, pte_t entry)
{
    switch (how) {
    case PAGE:
        return mmuext(MMUEXT_INVLPG_LOCAL, FREE_VA, 0);
    case ALL:
        return mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
    case BASE:
        return mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(mm_base()), 0);
    case WITH_UPDATE_PAGE:
        return update_va((void *)FREE_VA, entry, UVMF_INVLPG);
    default:
        return update_va((void *)FREE_VA, entry, UVMF_TLB_FLUSH);
    }
}

TEST(mmuext_single_flushes)
{
    uint32_t *pages[2] = {alloc_page(), alloc_page()};
    unsigned int stale = 0;

    for (unsigned int i = 0; i < 2; i++)
        pages[i][0] = 0x1111 + i;
    CHECK_RC(update_va((void *)FREE_VA, make_pte(virt_to_mfn(pages[0]), PTE_KERNEL_RW), UVMF_INVLPG), 0);
    for (unsigned int i = 0; i < 4 * FLUSHES; i++) {
        pte_t entry = make_pte(virt_to_mfn(pages[(i + 1) & 1]), PTE_KERNEL_RW);

        context("flush %u", i % FLUSHES);
        CHECK_EQ(*seen, 0x1111 + (i & 1));
        CHECK_RC(update_va((void *)FREE_VA, entry, UVMF_NONE), 0);
        stale += *seen != 0x1111 + ((i + 1) & 1);
        CHECK_RC(flush(i % FLUSHES, entry), 0);
        CHECK_EQ(*seen, 0x1111 + ((i + 1) & 1));
    }
    context("%s", "");
    if (!stale)
        SKIP("the TLB keeps nothing here");
    CHECK_RC(update_va((void *)FREE_VA, 0, UVMF_INVLPG), 0);
    for (unsigned int i = 0; i < 2; i++)
        free_page(pages[i]);
}

/* An operation that the guest has written where only the hypervisor may read by its own right: into the
 * machine-to-physical table. */
TEST(mmuext_single_in_the_hypervisor)
{
    void *page = alloc_page();
    uint32_t mfn = virt_to_mfn(page), before = machine_to_phys_mapping[mfn];
    mmu_update_t req = {virt_to_maddr(page) | MMU_MACHPHYS_UPDATE, MMUEXT_TLB_FLUSH_LOCAL};

    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_EQ(machine_to_phys_mapping[mfn], MMUEXT_TLB_FLUSH_LOCAL);
    CHECK_RC(hypercall(__HYPERVISOR_mmuext_op, (uint32_t)&machine_to_phys_mapping[mfn], 1, 0, DOMID_SELF, 0), -EFAULT);
    req.val = before;
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    free_page(page);
}
