/* SPDX-License-Identifier: MIT */
/*
 * update_va_mapping and its form for other domains: these name an address and not an entry. Where possible, the flush
 * that was asked for is proved: the old translation is put into the TLB first, and must be gone afterwards.
 */
#include "test.h"

static void *pages[2];

static void begin(void)
{
    pages[0] = alloc_page();
    pages[1] = alloc_page();
    *(uint32_t *)pages[0] = 0xaaaa;
    *(uint32_t *)pages[1] = 0xbbbb;
}

static void end(void)
{
    CHECK_RC(unmap_at(FREE_VA), 0);
    free_page(pages[0]);
    free_page(pages[1]);
}

static pte_t rw(unsigned int i)
{
    return make_pte(virt_to_mfn(pages[i]), PTE_KERNEL_RW);
}

TEST(update_va_maps)
{
    volatile uint32_t *va = (void *)FREE_VA;

    begin();
    CHECK_RC(update_va(va, rw(0), UVMF_NONE), 0);
    CHECK_EQ(*va, 0xaaaa);
    CHECK_RC(HYPERVISOR_update_va_mapping_page(va, LO_HI(rw(1)), UVMF_INVLPG), 0);
    CHECK_EQ(*va, 0xbbbb);
    CHECK_RC(update_va(va, 0, UVMF_INVLPG), 0);
    CHECK(!probe_read(va, NULL, NULL));
    end();
}

TEST(update_va_flushes)
{
    static uint32_t mask = 1;
    const uint32_t flags[] = {UVMF_INVLPG | UVMF_LOCAL,      UVMF_INVLPG | UVMF_ALL,
                              UVMF_TLB_FLUSH | UVMF_LOCAL,   UVMF_TLB_FLUSH | UVMF_ALL,
                              UVMF_INVLPG | (uint32_t)&mask, UVMF_TLB_FLUSH | (uint32_t)&mask};
    volatile uint32_t *va = (void *)FREE_VA;

    begin();
    for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
        context("flags 0x%x", flags[i]);
        CHECK_RC(update_va(va, rw(0), flags[i]), 0);
        CHECK_EQ(*va, 0xaaaa);
        CHECK_RC(update_va(va, rw(1), flags[i]), 0);
        CHECK_EQ(*va, 0xbbbb);
    }
    context("%s", "");
    end();
}

/* The entry is changed; only the flush failed, since its mask could not be read. */
TEST(update_va_bad_mask)
{
    volatile uint32_t *va = (void *)FREE_VA;

    begin();
    CHECK_RC(update_va(va, rw(0), UVMF_INVLPG | (uint32_t)UNMAPPED), -EFAULT);
    CHECK_EQ(*mm_l1_entry(va) & ~PTE_A, rw(0) & ~PTE_A);
    CHECK_RC(update_va(va, rw(1), UVMF_TLB_FLUSH | HYPERVISOR_VIRT_START), -EFAULT);
    CHECK_EQ(*mm_l1_entry(va) & ~PTE_A, rw(1) & ~PTE_A);
    end();
}

TEST(update_va_no_table)
{
    begin();
    CHECK_RC(update_va((void *)FREE_TABLE_VA, rw(0), UVMF_NONE), -EINVAL);
    CHECK_RC(update_va((void *)0x1000, rw(0), UVMF_NONE), -EINVAL);
    CHECK_RC(update_va((void *)(HYPERVISOR_VIRT_START - PAGE_SIZE), rw(0), UVMF_NONE), -EINVAL);
    end();
}

TEST(update_va_hypervisor)
{
    static const uint32_t va[] = {HYPERVISOR_VIRT_START,
                                  HYPERVISOR_VIRT_START + 0x1000,
                                  MACH2PHYS_VIRT_END,
                                  0xFB800000,
                                  0xFC800000,
                                  0xFD800000,
                                  0xFFFFF000,
                                  0xFFFFFFFF};

    begin();
    for (unsigned int i = 0; i < ARRAY_SIZE(va); i++) {
        context("address 0x%x", va[i]);
        CHECK_RC(update_va((void *)va[i], rw(0), UVMF_NONE), -EINVAL);
        CHECK_RC(update_va((void *)va[i], 0, UVMF_INVLPG), -EINVAL);
        CHECK_RC(update_va((void *)va[i], 0, UVMF_TLB_FLUSH), -EINVAL);
    }
    context("%s", "");
    end();
}

TEST(update_va_bad_entries)
{
    void *va = (void *)FREE_VA;
    uint32_t mfn;

    begin();
    mfn = virt_to_mfn(pages[0]);
    CHECK_RC(update_va(va, rw(0) | PTE_G, UVMF_NONE), -EINVAL);
    CHECK_RC(update_va(va, rw(0) | 1ull << 52, UVMF_NONE), -EINVAL);
    CHECK_RC(update_va(va, make_pte(virt_to_mfn(mm_base()), PTE_KERNEL_RW), UVMF_INVLPG), -EBUSY);
    CHECK_RC(update_va(va, make_pte(foreign_frame(), PTE_KERNEL_RO), UVMF_TLB_FLUSH), -EBUSY);
    CHECK_EQ(*mm_l1_entry(va), 0);
    CHECK_RC(update_va(va, make_pte(mfn, PTE_KERNEL_RO), UVMF_NONE), 0);
    CHECK_RC(update_va(va, make_pte(mfn, PTE_KERNEL_RW), UVMF_INVLPG), 0);
    CHECK(probe_write(va, 1, NULL));
    end();
}

/* Any address within the page does what the page's own does. */
TEST(update_va_unaligned)
{
    begin();
    CHECK_RC(update_va((void *)(FREE_VA + 0x123), rw(1), UVMF_INVLPG), 0);
    CHECK_EQ(*(volatile uint32_t *)FREE_VA, 0xbbbb);
    end();
}

TEST(update_va_otherdomain)
{
    NEED_DOM0();
    begin();
    CHECK_RC(HYPERVISOR_update_va_mapping_otherdomain(FREE_VA, LO_HI(rw(0)), UVMF_INVLPG, DOMID_SELF), 0);
    CHECK_EQ(*(volatile uint32_t *)FREE_VA, 0xaaaa);
    CHECK_RC(HYPERVISOR_update_va_mapping_otherdomain(FREE_VA, LO_HI(rw(1)), UVMF_INVLPG, 5), -ESRCH);
    CHECK_RC(HYPERVISOR_update_va_mapping_otherdomain(FREE_VA, LO_HI(rw(1)), UVMF_INVLPG, 0), -ESRCH);
    CHECK_RC(HYPERVISOR_update_va_mapping_otherdomain(FREE_VA, LO_HI(rw(1)), UVMF_INVLPG, DOMID_INVALID), -ESRCH);
    CHECK_EQ(*(volatile uint32_t *)FREE_VA, 0xaaaa);
    CHECK_RC(HYPERVISOR_update_va_mapping_otherdomain(FREE_VA, LO_HI(make_pte(MMIO_FRAME, PTE_KERNEL_RW)), UVMF_INVLPG,
                                                      DOMID_IO),
             0);
    end();
}

/*
 * An entry that is present gets another frame, or flags that change its rights to it: by each of the ways that have
 * code for this in assembly, without a flush. The new frame is checked as for a map, and the old one is left as by
 * unmapping.
 */
static int32_t by_address(pte_t value)
{
    return update_va((void *)FREE_VA, value, UVMF_NONE);
}

static int32_t by_multicall(pte_t value)
{
    multicall_entry_t call = {.op = __HYPERVISOR_update_va_mapping, .args = {FREE_VA, LO_HI(value), UVMF_NONE}};
    int32_t rc = HYPERVISOR_multicall(&call, 1);

    return rc ? rc : (int32_t)call.result;
}

static int32_t by_single(pte_t value)
{
    return mmu_set_entry(mm_l1_entry((void *)FREE_VA), value);
}

static int32_t by_batch(pte_t value)
{
    uint64_t entry = pte_maddr(mm_l1_entry((void *)FREE_VA));
    mmu_update_t req[2] = {{entry, value}, {entry, value}};

    return HYPERVISOR_mmu_update(req, ARRAY_SIZE(req));
}

/* A store that traps: what it would be refused for is a page fault. */
static int32_t by_store(pte_t value)
{
    return probe_write(mm_l1_entry((void *)FREE_VA), (uint32_t)value, NULL) ? 0 : -EBUSY;
}

static int32_t (*const ways[])(pte_t value) = {by_address, by_multicall, by_single, by_batch, by_store};

static pte_t entry_now(void)
{
    return *mm_l1_entry((void *)FREE_VA) | PTE_A | PTE_D;
}

TEST(update_va_replaces)
{
    volatile uint32_t *va = (void *)FREE_VA;

    begin();
    for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
        const pte_t values[] = {
            rw(1), rw(0) & ~PTE_RW, rw(1) & ~PTE_RW, (rw(1) & ~PTE_RW) | PTE_US, rw(0) | PTE_US, rw(1) | PTE_US, rw(1)};

        CHECK_RC(update_va(va, rw(0), UVMF_INVLPG), 0);
        for (unsigned int k = 0; k < ARRAY_SIZE(values); k++) {
            context("way %u, entry %u", i, k);
            CHECK_RC(ways[i](values[k]), 0);
            CHECK_EQ(entry_now(), values[k] | PTE_A | PTE_D);
            CHECK_RC(mmuext(MMUEXT_INVLPG_LOCAL, FREE_VA, 0), 0);
            CHECK_EQ(*va, pte_mfn(values[k]) == virt_to_mfn(pages[0]) ? 0xaaaa : 0xbbbb);
            CHECK_EQ(probe_write(va, *va, NULL), !!(values[k] & PTE_RW));
        }
    }
    context("%s", "");
    end();
}

/* What may not be mapped may not replace anything either. */
TEST(update_va_replaces_refused)
{
    const pte_t refused[] = {make_pte(virt_to_mfn(mm_base()), PTE_KERNEL_RW),
                             make_pte(pte_mfn(*mm_l2_entry((void *)FREE_VA)), PTE_KERNEL_RW),
                             make_pte(foreign_frame(), PTE_KERNEL_RO), make_pte(foreign_frame(), PTE_KERNEL_RW)};

    begin();
    CHECK_RC(update_va((void *)FREE_VA, rw(0), UVMF_INVLPG), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
        for (unsigned int k = 0; k < ARRAY_SIZE(refused); k++) {
            context("way %u, entry %u", i, k);
            CHECK_RC(ways[i](refused[k]), -EBUSY);
            CHECK_EQ(entry_now(), rw(0));
        }
        CHECK(ways[i](rw(1) | PTE_G) < 0);
        CHECK_EQ(entry_now(), rw(0));
    }
    context("%s", "");
    end();
}

/* A frame whose last writable use an entry was may become a table, but must then be writable by nobody: not through the
 * TLB, either, which nobody has flushed for this entry. */
TEST(update_va_replaces_last_use)
{
    volatile uint32_t *va = (void *)FREE_VA;

    begin();
    *(uint32_t *)pages[0] = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
        context("way %u", i);
        CHECK_RC(update_va(va, rw(0), UVMF_INVLPG), 0);
        CHECK_RC(page_make_readonly(pages[0]), 0);
        CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(pages[0]), 0), -EINVAL);
        *va = 0; /* now the TLB knows it as writable */
        CHECK_RC(ways[i](rw(1)), 0);
        CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(pages[0]), 0), 0);
        *va = 0xbbb0 + i;
        CHECK_EQ(*(volatile uint32_t *)pages[0], 0);
        CHECK_EQ(*(volatile uint32_t *)pages[1], 0xbbb0 + i);
        CHECK_RC(ways[i](rw(0)), -EBUSY);
        CHECK_EQ(entry_now(), rw(1));
        CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(pages[0]), 0), 0);
        CHECK_RC(page_make_writable(pages[0]), 0);
    }
    context("%s", "");
    end();
}
