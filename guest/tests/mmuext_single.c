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

/* ---- The same in a multicall, where one change of the base pointer has a short way. */
static int in_multicall(uint32_t ops, uint32_t count, uint32_t *done, uint32_t domain)
{
    multicall_entry_t calls[] = {
        {.op = __HYPERVISOR_mmuext_op, .result = 0x7777, .args = {ops, count, (uint32_t)done, domain}},
        {.op = __HYPERVISOR_xen_version, .result = 0x7777},
    };

    CHECK_RC(HYPERVISOR_multicall(calls, 2), 0);
    CHECK(calls[1].result != 0x7777); /* the calls behind it are made, too */
    return (int)calls[0].result;
}

static int base_in_multicall(uint32_t mfn)
{
    struct mmuext_op op = {.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = mfn};

    return in_multicall((uint32_t)&op, 1, NULL, DOMID_SELF);
}

TEST(mmuext_in_multicall_new_baseptr)
{
    const pte_t *old = mm_base();
    struct address_space space;
    void *page = alloc_page();
    struct mmuext_op op = {.cmd = MMUEXT_NEW_BASEPTR};
    uint32_t done = 7;

    address_space_copy(&space);
    CHECK_RC(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(space.l3), 0), 0);
    CHECK_RC(base_in_multicall(virt_to_mfn(space.l3)), 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(space.l3), 0), 0);
    CHECK_RC(page_make_writable(space.l3), -EBUSY);        /* in use as the base pointer alone */
    CHECK_RC(base_in_multicall(virt_to_mfn(space.l3)), 0); /* the same again */

    CHECK_RC(base_in_multicall(virt_to_mfn(page)), -EINVAL);
    CHECK_RC(base_in_multicall(pte_mfn(mm_base()[0])), -EINVAL); /* an L2 */
    CHECK_RC(base_in_multicall(foreign_frame()), -EINVAL);
    CHECK_RC(base_in_multicall(HUGE_FRAME), -EINVAL);
    CHECK_RC(page_make_writable(space.l3), -EBUSY); /* none of these has changed anything */

    op.arg1.mfn = virt_to_mfn(old);
    CHECK_RC(in_multicall((uint32_t)&op, 1, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 1);
    CHECK_RC(page_make_writable(space.l3), 0); /* back on the old tables: nothing holds it */
    CHECK_RC(in_multicall((uint32_t)&op, 0, NULL, DOMID_SELF), 0);
    CHECK_RC(in_multicall((uint32_t)&op, 1, NULL, 0x1234), -ESRCH);
    CHECK_RC(in_multicall(0, 1, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(in_multicall(HYPERVISOR_VIRT_START - sizeof(op) + 4, 1, NULL, DOMID_SELF), -EFAULT);
    address_space_free(&space);
    free_page(page);
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
    req.val = MMUEXT_NEW_BASEPTR;
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_RC(in_multicall((uint32_t)&machine_to_phys_mapping[mfn], 1, NULL, DOMID_SELF), -EFAULT);
    req.val = before;
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    free_page(page);
}
