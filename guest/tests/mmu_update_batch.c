/* SPDX-License-Identifier: MIT */
/*
 * Batches of mmu_update: what is done and counted when one request fails, when a request cannot be read, and when the
 * count cannot be written.
 */
#include "own_table.h"

TEST(mmu_update_empty_batch)
{
    uint32_t done = 77;

    CHECK_RC(HYPERVISOR_mmu_update_dom(NULL, 0, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 0);
    CHECK_RC(HYPERVISOR_mmu_update_dom(UNMAPPED, 0, NULL, DOMID_SELF), 0);
}

TEST(mmu_update_batch)
{
    static mmu_update_t req[512];
    uint32_t done = 77;

    if (!begin())
        return;
    for (unsigned int i = 0; i < 512; i++)
        req[i] = (mmu_update_t){pte_maddr(&l1[i]), make_pte(mfn(), PTE_KERNEL_RO)};
    CHECK_RC(HYPERVISOR_mmu_update_dom(req, 512, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 512);
    for (unsigned int i = 0; i < 512; i++)
        if (l1[i] != req[i].val)
            FAIL("entry %u: expected 0x%llx, saw 0x%llx", i, req[i].val, l1[i]);
    for (unsigned int i = 0; i < 512; i++)
        req[i].val = 0;
    CHECK_RC(HYPERVISOR_mmu_update_dom_page(req, 512, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 512);
    end();
}

/* A failing entry ends the batch. The entries before it are done and counted, those after it are not done. */
TEST(mmu_update_failing_entry)
{
    static const unsigned int at[] = {0, 1, 63, 64, 65, 127, 128, 200, 299};
    static mmu_update_t req[300];
    uint32_t done;

    if (!begin())
        return;
    for (unsigned int n = 0; n < ARRAY_SIZE(at); n++) {
        context("failing entry %u", at[n]);
        for (unsigned int i = 0; i < 300; i++)
            req[i] = (mmu_update_t){pte_maddr(&l1[i]), make_pte(mfn(), PTE_KERNEL_RW)};
        req[at[n]].val |= PTE_G;
        done = 7777;
        CHECK_RC(HYPERVISOR_mmu_update_dom(req, 300, &done, DOMID_SELF), -EINVAL);
        CHECK_EQ(done, at[n]);
        for (unsigned int i = 0; i < 300; i++)
            if (l1[i] != (i < at[n] ? req[i].val : 0))
                FAIL("entry %u is 0x%llx", i, l1[i]);
        for (unsigned int i = 0; i < 300; i++)
            req[i].val = 0;
        CHECK_RC(HYPERVISOR_mmu_update(req, 300), 0);
    }
    context("%s", "");
    /* All of those references were given back: the page can become a table. */
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, mfn(), 0), 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, mfn(), 0), 0);
    CHECK_RC(page_make_writable(page), 0);
    end();
}

TEST(mmu_update_done_pointer)
{
    mmu_update_t req;
    void *p;

    if (!begin())
        return;
    req = (mmu_update_t){pte_maddr(l1), make_pte(mfn(), PTE_KERNEL_RO)};
    /* A pointer for the count that cannot be written to is ignored. The work is done. */
    for
        EACH_BAD_OUTPUT(p, 4)
        {
            CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, p, DOMID_SELF), 0);
            CHECK_EQ(l1[0], req.val);
            req.val ^= 0x200;
        }
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, EDGE(4), DOMID_SELF), 0);
    CHECK_EQ(*(uint32_t *)EDGE(4), 1);
    end();
}

TEST(mmu_update_bad_pointers)
{
    uint32_t done;
    void *p;

    for
        EACH_BAD_POINTER(p, sizeof(mmu_update_t))
        {
            done = 77;
            CHECK_RC(HYPERVISOR_mmu_update_dom(p, 1, &done, DOMID_SELF), -EFAULT);
            CHECK_ONE_OF(done, 0, 77);
        }
}

/* The array crosses a page's end, after which nothing is mapped. What could be read is done and counted. */
TEST(mmu_update_array_over_the_page_end)
{
    mmu_update_t *req = (mmu_update_t *)EDGE(3 * sizeof(mmu_update_t));
    uint32_t done = 77;

    if (!begin())
        return;
    for (unsigned int i = 0; i < 3; i++)
        req[i] = (mmu_update_t){pte_maddr(&l1[i]), make_pte(mfn(), PTE_KERNEL_RO)};
    CHECK_RC(HYPERVISOR_mmu_update_dom(req, 3, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 3);
    for (unsigned int i = 0; i < 3; i++)
        req[i].val = 0;
    CHECK_RC(HYPERVISOR_mmu_update_dom(req, 4, &done, DOMID_SELF), -EFAULT);
    CHECK_EQ(done, 3);
    CHECK_EQ(l1[2], 0);
    /* The array is not aligned to the size of a request: half of the last request is missing. */
    req = (mmu_update_t *)EDGE(3 * sizeof(mmu_update_t) - 8);
    for (unsigned int i = 0; i < 2; i++)
        req[i] = (mmu_update_t){pte_maddr(&l1[i]), make_pte(mfn(), PTE_KERNEL_RO)};
    *(uint64_t *)&req[2] = pte_maddr(&l1[2]);
    CHECK_RC(HYPERVISOR_mmu_update_dom(req, 3, &done, DOMID_SELF), -EFAULT);
    CHECK_EQ(done, 2);
    CHECK_EQ(l1[1], make_pte(mfn(), PTE_KERNEL_RO));
    CHECK_EQ(l1[2], 0);
    end();
}

/* One check covers the whole array: if it reaches the hypervisor, nothing of it is carried out. */
TEST(mmu_update_array_into_the_hypervisor)
{
    static const uint32_t counts[] = {0x07ffffff, 0x10000000, 0x10000001, 0x0fffffff,
                                      0x1fffffff, 0x7fffffff, 0x20000001};
    mmu_update_t req;
    uint32_t done;

    if (!begin())
        return;
    req = (mmu_update_t){pte_maddr(l1), make_pte(mfn(), PTE_KERNEL_RO)};
    for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
        context("count 0x%x", counts[i]);
        done = 77;
        CHECK_RC(HYPERVISOR_mmu_update_dom(&req, counts[i], &done, DOMID_SELF), -EFAULT);
        CHECK_ONE_OF(done, 0, 77);
        CHECK_EQ(l1[0], 0);
    }
    context("%s", "");
    end();
}

TEST(mmu_update_unaligned)
{
    mmu_update_t *req = (mmu_update_t *)(EDGE_PAGE + 3);
    uint32_t *done = (uint32_t *)(EDGE_PAGE + 101);

    if (!begin())
        return;
    *req = (mmu_update_t){pte_maddr(l1), make_pte(mfn(), PTE_KERNEL_RO)};
    *done = 77;
    CHECK_RC(HYPERVISOR_mmu_update_dom(req, 1, done, DOMID_SELF), 0); /* the array may lie anywhere */
    CHECK_EQ(*done, 1);
    CHECK_EQ(l1[0], make_pte(mfn(), PTE_KERNEL_RO));
    end();
}
