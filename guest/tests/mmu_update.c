/* SPDX-License-Identifier: MIT */
/*
 * mmu_update: every command, good and bad; batches are in mmu_update_batch.c. A success is proved by reading the entry
 * back through its read-only mapping, a refusal by the entry still being what it was. The tests work on an L1 table of
 * their own at FREE_TABLE_VA and on pages of their own, so a wrong result cannot take away memory that the guest itself
 * needs.
 */
#include "own_table.h"

/* One update of entry 0: the answer must be `expected`, and the entry the new one or the old. */
static void try_value(int line, pte_t value, int32_t expected)
{
    pte_t old = l1[0];
    int32_t seen = mmu_set_entry(&l1[0], value);

    check_rc("mmu_update", line, seen, expected);
    check_eq("the entry", line, l1[0], expected ? old : value);
    if (!seen)
        mmu_set_entry(&l1[0], 0);
}
#define TRY(value, expected) try_value(__LINE__, value, expected)

TEST(mmu_update_map_and_unmap)
{
    volatile uint32_t *va = (void *)FREE_TABLE_VA;

    if (!begin())
        return;
    CHECK_RC(mmu_set_entry(&l1[0], make_pte(mfn(), PTE_KERNEL_RW)), 0);
    *va = 0x1234;
    CHECK_EQ(*(uint32_t *)page, 0x1234);
    CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    CHECK_EQ(l1[0], 0);
    mmuext(MMUEXT_INVLPG_LOCAL, FREE_TABLE_VA, 0);
    CHECK(!probe_read(va, NULL, NULL));
    end();
}

TEST(mmu_update_flags)
{
    if (!begin())
        return;
    TRY(make_pte(mfn(), PTE_P), 0);
    TRY(make_pte(mfn(), PTE_P | PTE_RW), 0);
    TRY(make_pte(mfn(), PTE_P | PTE_US), 0);
    TRY(make_pte(mfn(), PTE_P | PTE_A | PTE_D | PTE_AVAIL), 0);
    TRY(make_pte(mfn(), PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_AVAIL), 0);
    /* An entry that is not present may hold anything, except that a processor with L1TF must not see an address in RAM
     * in it (XSA-273). */
    if (mmu_set_entry(&l1[0], make_pte(mfn(), 0)) != -EINVAL)
        TRY(make_pte(mfn(), 0), 0);
    TRY(0xfffffffffffff000ull & ~PTE_NX, 0);
    end();
}

TEST(mmu_update_global)
{
    /* A global entry would outlive the flushes on which isolation relies. */
    if (!begin())
        return;
    TRY(make_pte(mfn(), PTE_KERNEL_RW | PTE_G), -EINVAL);
    TRY(make_pte(mfn(), PTE_KERNEL_RO | PTE_G), -EINVAL);
    end();
}

TEST(mmu_update_cache_attributes)
{
    if (!begin())
        return;
    if (!is_int82()) {
        end();
        SKIP("Xen 4.2.5 lets domain 0 change a frame's cache attributes; Int82 refuses that for RAM");
    }
    TRY(make_pte(mfn(), PTE_KERNEL_RW | PTE_PWT), -EINVAL);
    TRY(make_pte(mfn(), PTE_KERNEL_RW | PTE_PCD), -EINVAL);
    TRY(make_pte(mfn(), PTE_KERNEL_RW | PTE_PCD | PTE_PWT), -EINVAL);
    TRY(make_pte(mfn(), PTE_KERNEL_RO | PTE_PAT), -EINVAL);
    end();
}

TEST(mmu_update_no_execute)
{
    struct caught_trap caught;
    pte_t value = make_pte(mfn(), 0);

    if (!begin())
        return;
    value = make_pte(mfn(), PTE_KERNEL_RW) | PTE_NX;
    if (mmu_set_entry(&l1[0], value) == -EINVAL) {
        end();
        SKIP("the processor has no NX");
    }
    CHECK_RC(mmu_set_entry(&l1[0], value), 0);
    CHECK_EQ(l1[0], value);
    *(uint8_t *)page = 0xc3; /* ret */
    EXPECT_TRAP(&caught, (void (*)(void *))FREE_TABLE_VA, NULL, TRAP_PAGE_FAULT);
    CHECK_EQ(caught.error, PF_PRESENT | PF_FETCH);
    CHECK_EQ(caught.cr2, FREE_TABLE_VA);
    CHECK_EQ(caught.eip, FREE_TABLE_VA);
    end();
}

TEST(mmu_update_reserved_bits)
{
    if (!begin())
        return;
    for (unsigned int bit = 44; bit < 63; bit++) {
        context("bit %u", bit);
        TRY(make_pte(mfn(), PTE_KERNEL_RW) | 1ull << bit, -EINVAL);
    }
    context("%s", "");
    end();
}

TEST(mmu_update_own_flags_change)
{
    /* Read-only to writable and back; the bits that only software uses; Accessed and Dirty off. */
    static const pte_t steps[] = {PTE_KERNEL_RO, PTE_KERNEL_RW,  PTE_KERNEL_RO,          PTE_KERNEL_RO | 0x200,
                                  PTE_P,         PTE_P | PTE_RW, PTE_KERNEL_RW | PTE_US, PTE_KERNEL_RW};

    if (!begin())
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
        CHECK_RC(mmu_set_entry(&l1[3], make_pte(mfn(), steps[i])), 0);
        CHECK_EQ(l1[3], make_pte(mfn(), steps[i]));
    }
    CHECK_RC(mmu_set_entry(&l1[3], 0), 0);
    end();
}

TEST(mmu_update_foreign_ram)
{
    uint32_t other = foreign_frame();

    if (!begin())
        return;
    CHECK(other);
    TRY(make_pte(other, PTE_KERNEL_RO), -EBUSY);
    TRY(make_pte(other, PTE_KERNEL_RW), -EBUSY);
    CHECK_RC(mmu_set((uint64_t)other << PAGE_SHIFT, 0), -EINVAL); /* not our table */
    end();
}

TEST(mmu_update_frames_that_are_no_ram)
{
    NEED_DOM0();
    if (!begin())
        return;
    TRY(make_pte(MMIO_FRAME, PTE_KERNEL_RW), 0); /* domain 0 may do this */
    TRY(make_pte(MMIO_FRAME, PTE_KERNEL_RW | PTE_PCD | PTE_PWT), 0);
    CHECK_RC(mmu_set((uint64_t)MMIO_FRAME << PAGE_SHIFT, 0), -EINVAL);
    CHECK_RC(mmu_set((uint64_t)HUGE_FRAME << PAGE_SHIFT, 0), -EINVAL);
    CHECK_RC(mmu_set(0xffffffull << 40, 0), -EINVAL);
    end();
}

/* The hypervisor's image and tables cannot be part of any guest's mapping. */
TEST(mmu_update_hypervisor_memory)
{
    pte_t *top = mm_l2_entry((void *)HYPERVISOR_VIRT_START);
    uint32_t table = pte_mfn(*top);

    if (!begin())
        return;
    /* Guests see the machine-to-physical table read-only. Not every one of the 2 MiB that Xen has for it need be ours
     * to name. */
    if (*top & PTE_PSE)
        TRY(make_pte(table, PTE_KERNEL_RW), -EBUSY);
    TRY(make_pte(0x101, PTE_KERNEL_RW), -EBUSY);
    TRY(make_pte(0x101, PTE_KERNEL_RO), -EBUSY);
    end();
}

TEST(mmu_update_commands)
{
    mmu_update_t req;

    if (!begin())
        return;
    for (unsigned int cmd = 3; cmd < 8; cmd++) {
        req = (mmu_update_t){pte_maddr(l1) | cmd, 0};
        context("command %u", cmd);
        CHECK_RC(HYPERVISOR_mmu_update(&req, 1), -ENOSYS);
    }
    context("%s", "");
    end();
}

TEST(mmu_update_preserve_ad)
{
    mmu_update_t req;

    if (!begin())
        return;
    req = (mmu_update_t){pte_maddr(l1) | MMU_PT_UPDATE_PRESERVE_AD, make_pte(mfn(), PTE_P)};
    CHECK_RC(mmu_set_entry(l1, make_pte(mfn(), PTE_P | PTE_RW | PTE_A | PTE_D)), 0);
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_EQ(l1[0], make_pte(mfn(), PTE_P | PTE_A | PTE_D));
    req.ptr = pte_maddr(l1);
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_EQ(l1[0], make_pte(mfn(), PTE_P));
    end();
}

TEST(mmu_update_ordinary_page)
{
    mmu_update_t req[2] = {{0, 0x1122334455667788ull}, {0, 0xffffffffffffffffull}};
    uint64_t *words;

    if (!begin())
        return;
    words = page;
    req[0].ptr = virt_to_maddr(page) + 16;
    req[1].ptr = virt_to_maddr(page) + 4088;
    CHECK_RC(HYPERVISOR_mmu_update(req, 2), 0);
    CHECK_EQ(words[2], req[0].val);
    CHECK_EQ(words[511], req[1].val);
    CHECK_EQ(words[1], 0);
    /* A page that is only mapped read-only may be written to in this way as well, since it is not a table. */
    CHECK_RC(page_make_readonly(page), 0);
    req[0].val = 5;
    CHECK_RC(HYPERVISOR_mmu_update(req, 1), 0);
    CHECK_EQ(words[2], 5);
    CHECK_RC(page_make_writable(page), 0);
    end();
}

TEST(mmu_update_machphys)
{
    mmu_update_t req;
    uint32_t pfn;

    if (!begin())
        return;
    pfn = mfn_to_pfn(mfn());
    req = (mmu_update_t){virt_to_maddr(page) | MMU_MACHPHYS_UPDATE, 0x55aa};
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_EQ(mfn_to_pfn(mfn()), 0x55aa);
    req.val = pfn;
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_EQ(mfn_to_pfn(mfn()), pfn);
    req.ptr = (uint64_t)foreign_frame() << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), -EINVAL);
    req.ptr = (uint64_t)MMIO_FRAME << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), -EINVAL);
    req.ptr = (uint64_t)HUGE_FRAME << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), -EINVAL);
    end();
}

/* Frame 0 with a command in the lowest bits: a pointer that cannot belong to any table. A fast path must not take it
 * for an entry at the guest's own address 0. */
TEST(mmu_update_machphys_frame_0)
{
    pte_t *low = mm_l2_entry(0), bait;
    mmu_update_t req[3];
    uint32_t done;
    pte_t *table = alloc_page(), *data = alloc_page();

    bait = make_pte(virt_to_mfn(data), PTE_KERNEL_RW);
    table[0] = make_pte(virt_to_mfn(data), PTE_KERNEL_RW);
    CHECK_RC(page_make_readonly(table), 0);
    CHECK_RC(mmu_set_entry(low, make_pte(virt_to_mfn(table), PTE_TABLE)), 0);
    for (unsigned int cmd = 1; cmd < 8; cmd++)
        for (unsigned int n = 1; n <= 3; n++) {
            context("command %u, batch of %u", cmd, n);
            for (unsigned int i = 0; i < 512; i++)
                data[i] = bait;
            /* Before it come requests after which a batch holds no table. */
            req[0] = (mmu_update_t){virt_to_maddr(&data[511]), bait};
            req[1] = req[0];
            req[n - 1] = (mmu_update_t){cmd | 8, 0};
            done = 77;
            CHECK(HYPERVISOR_mmu_update_dom(req, n, &done, DOMID_SELF) < 0);
            CHECK_EQ(done, n - 1);
            CHECK_EQ(*(volatile pte_t *)&data[1], bait);
        }
    context("%s", "");
    CHECK_RC(mmu_set_entry(low, 0), 0);
    CHECK_RC(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
    CHECK_RC(page_make_writable(table), 0);
    free_page(table);
    free_page(data);
}

/* ---- Tables are never writable */
TEST(mmu_update_table_writable)
{
    if (!begin())
        return;
    TRY(make_pte(virt_to_mfn(l1), PTE_KERNEL_RO), 0);
    TRY(make_pte(virt_to_mfn(l1), PTE_KERNEL_RW), -EBUSY);
    TRY(make_pte(virt_to_mfn(mm_base()), PTE_KERNEL_RW), -EBUSY);
    TRY(make_pte(pte_mfn(*mm_l3_entry(0)), PTE_KERNEL_RW), -EBUSY);
    TRY(make_pte(pte_mfn(*mm_l3_entry((void *)VIRT_BASE)), PTE_KERNEL_RW), -EBUSY);
    CHECK_RC(page_make_writable(l1), -EBUSY);
    /* Not even by the short way, for a frame that is mapped read-only and an entry in which only RW changes. */
    CHECK_RC(mmu_set_entry(&l1[0], make_pte(virt_to_mfn(l1), PTE_KERNEL_RO)), 0);
    CHECK_RC(mmu_set_entry(&l1[0], make_pte(virt_to_mfn(l1), PTE_KERNEL_RW)), -EBUSY);
    CHECK_EQ(l1[0], make_pte(virt_to_mfn(l1), PTE_KERNEL_RO));
    CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    end();
}

TEST(mmu_update_writable_page_as_table)
{
    pte_t *l2e = mm_l2_entry((void *)(FREE_TABLE_VA + 0x200000));

    if (!begin())
        return;
    CHECK_RC(mmu_set_entry(l2e, make_pte(mfn(), PTE_TABLE)), -EINVAL); /* the page's linear mapping is writable */
    CHECK_EQ(*l2e, 0);
    end();
}

TEST(mmu_update_l2)
{
    pte_t *l2e = mm_l2_entry((void *)FREE_TABLE_VA), was;

    if (!begin())
        return;
    was = *l2e;
    if (is_int82()) { /* Xen 4.2.5's short way for entries that keep their frame allows these: XSA-148 */
        CHECK_RC(mmu_set_entry(l2e, was | PTE_PSE), -EINVAL);
        CHECK_RC(mmu_set_entry(l2e, was | PTE_G), -EINVAL);
        CHECK_RC(mmu_set_entry(l2e, was | PTE_PCD), -EINVAL);
        CHECK_RC(mmu_set_entry(l2e, was | PTE_PWT), -EINVAL);
        CHECK_RC(mmu_set_entry(l2e, was | 1ull << 52), -EINVAL);
    }
    CHECK_EQ(*l2e & ~PTE_A, was & ~PTE_A);
    CHECK_RC(mmu_set_entry(l2e, was & ~PTE_A), 0);
    CHECK_RC(mmu_set_entry(l2e, was | 0xE00), 0);
    CHECK_EQ(*l2e & ~PTE_A, (was | 0xE00) & ~PTE_A);
    CHECK_RC(mmu_set_entry(l2e, was & ~PTE_RW), 0);
    CHECK_RC(mmu_set_entry(l2e, was), 0);
    CHECK_RC(mmu_set_entry(l2e, make_pte(foreign_frame(), PTE_TABLE)), -EINVAL);
    CHECK_RC(mmu_set_entry(l2e, make_pte(MMIO_FRAME, PTE_TABLE)), -EINVAL);
    CHECK_RC(mmu_set_entry(l2e, make_pte(HUGE_FRAME, PTE_TABLE)), -EINVAL);
    CHECK_EQ(*l2e & ~PTE_A, was & ~PTE_A);
    end();
}

TEST(mmu_update_large_page)
{
    pte_t *l2e = mm_l2_entry((void *)FREE_TABLE_VA);

    CHECK_RC(mmu_set_entry(l2e, make_pte(virt_to_mfn(l2e) & ~511u, PTE_TABLE | PTE_PSE)), -EINVAL);
    CHECK_EQ(*l2e, 0);
}

TEST(mmu_update_l2_of_the_hypervisor)
{
    pte_t *l2 = mfn_to_virt(pte_mfn(mm_base()[3])), was;

    for (unsigned int i = L2_INDEX(HYPERVISOR_VIRT_START); i < 512; i++) {
        was = l2[i];
        context("entry %u", i);
        if (mmu_set_entry(&l2[i], 0) != -EPERM && mmu_set_entry(&l2[i], 0) != -EINVAL)
            FAIL("clearing answers %d", mmu_set_entry(&l2[i], 0));
        CHECK(mmu_set_entry(&l2[i], make_pte(virt_to_mfn(l2), PTE_P)) < 0);
        CHECK_EQ(l2[i] & ~(PTE_A | PTE_D), was & ~(PTE_A | PTE_D));
    }
    context("%s", "");
}

/* At no level can a table be its own L1: the types differ. */
TEST(mmu_update_recursive)
{
    pte_t *l2 = mm_l2_entry(0), *l3 = mm_base(), *free = mm_l2_entry((void *)FREE_TABLE_VA);

    CHECK_RC(mmu_set_entry(free, make_pte(virt_to_mfn(l2), PTE_TABLE)), -EINVAL);
    CHECK_RC(mmu_set_entry(free, make_pte(pte_mfn(l3[3]), PTE_TABLE)), -EINVAL);
    CHECK_RC(mmu_set_entry(free, make_pte(virt_to_mfn(l3), PTE_TABLE)), -EINVAL);
    CHECK_EQ(*free, 0);
}

TEST(mmu_update_l3)
{
    pte_t *l3 = mm_base(), was = l3[0] & ~(PTE_A | PTE_D | PTE_RW);
    uint32_t l2 = pte_mfn(l3[0]), l1_frame;

    if (!begin())
        return;
    l1_frame = virt_to_mfn(l1);
    if (is_int82()) { /* Xen 4.2.5: XSA-182 and XSA-185, a recursive L3 */
        CHECK_RC(mmu_set_entry(&l3[0], make_pte(l2, PTE_P | PTE_US)), -EINVAL);
        CHECK_RC(mmu_set_entry(&l3[0], make_pte(l2, PTE_P | PTE_PCD)), -EINVAL);
        CHECK_RC(mmu_set_entry(&l3[0], make_pte(l2, PTE_P | PTE_PWT)), -EINVAL);
        CHECK_RC(mmu_set_entry(&l3[0], make_pte(l2, PTE_P | PTE_PSE)), -EINVAL);
        CHECK_RC(mmu_set_entry(&l3[0], make_pte(l2, PTE_P | PTE_G)), -EINVAL);
        CHECK_RC(mmu_set_entry(&l3[0], make_pte(virt_to_mfn(l3), PTE_P)), -EINVAL);
    }
    CHECK_RC(mmu_set_entry(&l3[0], make_pte(l1_frame, PTE_P)), -EINVAL);
    CHECK_RC(mmu_set_entry(&l3[0], make_pte(pte_mfn(l3[3]), PTE_P)), -EINVAL); /* slot 3's L2 can serve only there */
    CHECK_RC(mmu_set_entry(&l3[0], make_pte(mfn(), PTE_P)), -EINVAL);          /* a writable page */
    CHECK_RC(mmu_set_entry(&l3[0], make_pte(foreign_frame(), PTE_P)), -EINVAL);
    CHECK_EQ(l3[0] & ~(PTE_A | PTE_D | PTE_RW), was);
    end();
}

TEST(mmu_update_l3_slots_shared)
{
    pte_t *l3 = mm_base(), was0 = l3[0] & (PTE_FRAME | PTE_P), was1 = l3[1] & (PTE_FRAME | PTE_P);

    /* L2s of slots 0 to 2 may be named twice, and be taken away. */
    CHECK_RC(mmu_set_entry(&l3[0], was1), 0);
    CHECK_EQ(l3[0] & (PTE_FRAME | PTE_P), was1);
    CHECK_RC(mmu_set_entry(&l3[0], 0), 0);
    CHECK_RC(mmu_set_entry(&l3[0], was0), 0);
    CHECK_EQ(l3[0] & (PTE_FRAME | PTE_P), was0);
}

TEST(mmu_update_l3_slot_3)
{
    pte_t *l3 = mm_base(), was = l3[3] & (PTE_FRAME | PTE_P);

    CHECK_RC(mmu_set_entry(&l3[3], 0), -EINVAL);
    CHECK_RC(mmu_set_entry(&l3[3], l3[0] & (PTE_FRAME | PTE_P)), -EINVAL);
    CHECK_EQ(l3[3] & (PTE_FRAME | PTE_P), was);
}

/* ---- Domains, counts, and translations */
TEST(mmu_update_domains)
{
    NEED_DOM0();
    mmu_update_t req;
    uint32_t done = 77;

    if (!begin())
        return;
    req = (mmu_update_t){pte_maddr(l1), make_pte(mfn(), PTE_KERNEL_RO)};
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, &done, 5), -ESRCH);
    CHECK_EQ(done, 0);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, DOMID_SELF | (DOMID_SELF + 1u) << 16), -EINVAL);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, DOMID_INVALID), -ESRCH);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, 0), -ESRCH); /* our own number: Xen wants DOMID_SELF */
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, 6u << 16 | DOMID_SELF), -EINVAL);
    CHECK_EQ(l1[0], 0);
    /* What is not RAM, named together with its owner. */
    req.val = make_pte(MMIO_FRAME, PTE_KERNEL_RW);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, DOMID_IO), 0);
    CHECK_EQ(l1[0], req.val);
    /* The tables are ours, named by our number plus one. */
    req.val = make_pte(mfn(), PTE_KERNEL_RO);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, 1u << 16 | DOMID_SELF), 0);
    CHECK_EQ(l1[0], req.val);
    end();
}

/* The page is mapped writable twice, and one mapping is taken away: it still cannot become a table. */
TEST(mmu_update_counts_every_mapping)
{
    if (!begin())
        return;
    CHECK_RC(page_make_readonly(page), 0);
    for (unsigned int i = 0; i < 5; i++)
        CHECK_RC(mmu_set_entry(&l1[i], make_pte(mfn(), PTE_KERNEL_RW)), 0);
    for (unsigned int i = 0; i < 5; i++) {
        CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, mfn(), 0), -EINVAL);
        CHECK_RC(mmu_set_entry(&l1[i], i & 1 ? 0 : make_pte(mfn(), PTE_KERNEL_RO)), 0);
    }
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, mfn(), 0), 0);
    CHECK_RC(mmu_set_entry(&l1[0], make_pte(mfn(), PTE_KERNEL_RW)), -EBUSY);
    CHECK_RC(mmu_set_entry(&l1[5], make_pte(mfn(), PTE_KERNEL_RW)), -EBUSY);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, mfn(), 0), 0);
    CHECK_RC(page_make_writable(page), 0);
    end();
}

/* When a page has become a table, its old writable translation must not stay in the TLB. */
TEST(mmu_update_stale_translation)
{
    volatile uint32_t *va = (void *)FREE_TABLE_VA;
    struct caught_trap caught;

    if (!begin())
        return;
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(mmu_set_entry(&l1[0], make_pte(mfn(), PTE_KERNEL_RW)), 0);
    *va = 0; /* now the TLB knows it as writable */
    CHECK_RC(mmu_set_entry(&l1[0], make_pte(mfn(), PTE_KERNEL_RO)), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L2_TABLE, mfn(), 0), 0);
    CHECK(!probe_write(va, 1, &caught));
    CHECK_EQ(caught.vector, TRAP_PAGE_FAULT);
    CHECK_EQ(*(volatile uint32_t *)page, 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, mfn(), 0), 0);
    CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    CHECK_RC(page_make_writable(page), 0);
    end();
}
