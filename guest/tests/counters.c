/* SPDX-License-Identifier: MIT */
/*
 * Int82's own counters, read through dom0_op. They prove what no result can show, above all that a batch of updates
 * flushes the TLB at most once. The tests are skipped where the hypervisor has no counters (on Xen, and in the build
 * that is measured).
 */
#include "test.h"

#include <public/int82.h>
#include <public/sysctl.h>

static struct int82_counters c;

static int read_counters(void *buf, uint32_t size)
{
    static xen_platform_op_t op;

    memset(&op, 0, sizeof(op));
    op.cmd = INT82_OP_get_counters;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82.size = size;
    op.u.int82.buffer = buf;
    return HYPERVISOR_dom0_op(&op);
}

static int reset(void)
{
    static xen_platform_op_t op;

    memset(&op, 0, sizeof(op));
    op.cmd = INT82_OP_reset_counters;
    op.interface_version = XENPF_INTERFACE_VERSION;
    return HYPERVISOR_dom0_op(&op);
}

static bool have_counters(void)
{
    int rc = read_counters(&c, sizeof(c));

    if (rc == -ENOSYS || (rc == -EPERM && !is_dom0()))
        return false;
    CHECK_RC(rc, 0);
    return !rc;
}
#define NEED_COUNTERS()   \
    if (!have_counters()) \
    SKIP("this hypervisor has no counters")

TEST(counters_read_and_reset)
{
    uint32_t *edge = (uint32_t *)EDGE(16);
    void *p;

    NEED_COUNTERS();
    CHECK_RC(reset(), 0);
    for (unsigned int i = 0; i < 7; i++)
        HYPERVISOR_xen_version(0, NULL);
    hypercall(63, 0, 0, 0, 0, 0);
    hypercall(0xffffffff, 0, 0, 0, 0, 0);
    CHECK_RC(read_counters(&c, sizeof(c)), 0);
    CHECK_EQ(c.hypercalls[__HYPERVISOR_xen_version], 7);
    CHECK_EQ(c.hypercalls[__HYPERVISOR_dom0_op], 1);
    CHECK_EQ(c.hypercalls_bad, 2);
    /* With less room the call writes as much as fits, and not a byte more. */
    edge[0] = 0x55555555;
    CHECK_RC(read_counters(&edge[2], 8), 0);
    CHECK_EQ(edge[0], 0x55555555);
    for
        EACH_BAD_OUTPUT(p, sizeof(c))
    CHECK_RC(read_counters(p, sizeof(c)), -EFAULT);
}

/* sysctl has every counter of the list, under its name. */
TEST(counters_by_name)
{
    static const struct {
        const char *name;
        uint32_t nr_vals;
    } want[] = {
#define COUNTER(place, name, text) {#name, sizeof(c.name) / sizeof(uint64_t)},
#include <public/int82_counters.def>
    };
    static xen_sysctl_perfc_desc_t desc[ARRAY_SIZE(want) + 1];
    static uint32_t vals[sizeof(c) / sizeof(uint64_t) + 1];
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_perfc_op, .interface_version = XEN_SYSCTL_INTERFACE_VERSION};

    NEED_COUNTERS();
    CHECK_RC(reset(), 0);
    mmuext(MMUEXT_INVLPG_LOCAL, FREE_VA, 0);
    op.u.perfc_op.cmd = XEN_SYSCTL_PERFCOP_query;
    op.u.perfc_op.desc.p = desc;
    op.u.perfc_op.val.p = vals;
    CHECK_RC(HYPERVISOR_sysctl(&op), 0);
    CHECK_EQ(op.u.perfc_op.nr_counters, ARRAY_SIZE(want));
    CHECK_EQ(op.u.perfc_op.nr_vals, sizeof(c) / sizeof(uint64_t));
    for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
        CHECK(!strcmp(desc[i].name, want[i].name));
        CHECK_EQ(desc[i].nr_vals, want[i].nr_vals);
    }
    CHECK_EQ(vals[offsetof(struct int82_counters, tlb_flush_page) / sizeof(uint64_t)], 1);
    CHECK_EQ(vals[__HYPERVISOR_sysctl], 1);
}

TEST(counters_one_flush_a_batch)
{
    static mmu_update_t req[512];
    static const pte_t flags[] = {PTE_KERNEL_RW, PTE_KERNEL_RO, PTE_KERNEL_RW, 0};
    pte_t *l1;
    void *page;

    NEED_COUNTERS();
    l1 = new_l1_at(FREE_TABLE_VA);
    page = alloc_page();
    for (unsigned int k = 0; k < ARRAY_SIZE(flags); k++) {
        for (unsigned int i = 0; i < 512; i++)
            req[i] = (mmu_update_t){pte_maddr(&l1[i]), flags[k] ? make_pte(virt_to_mfn(page), flags[k]) : 0};
        CHECK_RC(reset(), 0);
        CHECK_RC(HYPERVISOR_mmu_update(req, 512), 0);
        CHECK_RC(read_counters(&c, sizeof(c)), 0);
        CHECK(c.tlb_flush_full <= 1);
        CHECK_EQ(c.tlb_flush_page, 0);
        CHECK_EQ(c.mmu_batches, 1);
        CHECK_EQ(c.mmu_entries, 512);
        CHECK_EQ(c.mmu_batch_size[int82_mmu_bucket(512)], 1);
        CHECK_EQ(c.hypercalls[__HYPERVISOR_mmu_update], 1);
    }
    drop_l1_at(FREE_TABLE_VA, l1);
    free_page(page);
}

/* A batch turns 32 writable pages into tables and hooks them in. Many frames change their type, but there is one
 * flush. */
TEST(counters_one_flush_for_many_types)
{
    static mmu_update_t req[32];
    pte_t *tables[32];

    NEED_COUNTERS();
    for (unsigned int i = 0; i < 32; i++) {
        tables[i] = alloc_page();
        tables[i][0] = 0;
        CHECK_RC(page_make_readonly(tables[i]), 0);
        req[i] = (mmu_update_t){pte_maddr(mm_l2_entry((void *)(FREE_TABLE_VA + (i << 21)))),
                                make_pte(virt_to_mfn(tables[i]), PTE_TABLE)};
    }
    CHECK_RC(reset(), 0);
    CHECK_RC(HYPERVISOR_mmu_update(req, 32), 0);
    CHECK_RC(read_counters(&c, sizeof(c)), 0);
    CHECK(c.tlb_flush_full <= 1);
    CHECK_EQ(c.mmu_entries, 32);
    for (unsigned int i = 0; i < 32; i++)
        req[i].val = 0;
    CHECK_RC(HYPERVISOR_mmu_update(req, 32), 0);
    for (unsigned int i = 0; i < 32; i++) {
        CHECK_RC(page_make_writable(tables[i]), 0);
        free_page(tables[i]);
    }
}

TEST(counters_histogram)
{
    static const uint32_t sizes[] = {0, 1, 2, 3, 4, 5, 8, 9, 64, 65, 512};
    static mmu_update_t req[512];
    pte_t *l1;

    NEED_COUNTERS();
    l1 = new_l1_at(FREE_TABLE_VA);
    for (unsigned int i = 0; i < 512; i++)
        req[i] = (mmu_update_t){pte_maddr(&l1[i]), 0};
    for (unsigned int k = 0; k < ARRAY_SIZE(sizes); k++) {
        context("batch of %u", sizes[k]);
        CHECK_RC(reset(), 0);
        CHECK_RC(HYPERVISOR_mmu_update(req, sizes[k]), 0);
        CHECK_RC(read_counters(&c, sizeof(c)), 0);
        for (unsigned int b = 0; b < INT82_MMU_BUCKETS; b++)
            CHECK_EQ(c.mmu_batch_size[b], b == int82_mmu_bucket(sizes[k]));
        CHECK_EQ(c.mmu_entries, sizes[k]);
        CHECK_EQ(c.tlb_flush_full, 0); /* nothing changed */
    }
    context("%s", "");
    /* If an entry fails, what was carried out before it is counted. */
    req[10].val = PTE_P | PTE_G;
    CHECK_RC(reset(), 0);
    CHECK_RC(HYPERVISOR_mmu_update(req, 100), -EINVAL);
    CHECK_RC(read_counters(&c, sizeof(c)), 0);
    CHECK_EQ(c.mmu_entries, 10);
    CHECK_EQ(c.tlb_flush_full, 0);
    drop_l1_at(FREE_TABLE_VA, l1);
}

TEST(counters_flushes_and_faults)
{
    NEED_COUNTERS();
    CHECK_RC(reset(), 0);
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
    mmuext(MMUEXT_INVLPG_LOCAL, FREE_VA, 0);
    mmuext(MMUEXT_INVLPG_LOCAL, FREE_VA, 0);
    probe_read(UNMAPPED, NULL, NULL);
    CHECK_RC(read_counters(&c, sizeof(c)), 0);
    CHECK_EQ(c.tlb_flush_full, 1);
    CHECK_EQ(c.tlb_flush_page, 2);
    CHECK_EQ(c.page_faults, 1);
    CHECK_EQ(c.page_faults_bounced, 1);
    CHECK_EQ(c.page_faults_ptwr, 0);
    CHECK_EQ(c.hypercalls[__HYPERVISOR_mmuext_op], 3);
}

TEST(counters_table_stores)
{
    volatile uint32_t *l1;

    NEED_COUNTERS();
    l1 = (volatile uint32_t *)new_l1_at(FREE_TABLE_VA);
    CHECK_RC(reset(), 0);
    l1[0] = 0;
    l1[2] = 0;
    CHECK_RC(read_counters(&c, sizeof(c)), 0);
    CHECK_EQ(c.page_faults_ptwr, 2);
    CHECK_EQ(c.page_faults, 2);
    CHECK_EQ(c.page_faults_bounced, 0);
    CHECK_RC(reset(), 0);
    __asm__ volatile("movl $0, (%0); movl $0, 4(%0)" : : "r"(l1) : "memory"); /* one exception for both */
    __asm__ volatile("1: lock cmpxchg8b (%%esi); jne 1b" : : "S"(l1), "a"(1), "d"(1), "b"(0), "c"(0) : "memory", "cc");
    CHECK_RC(read_counters(&c, sizeof(c)), 0);
    CHECK_EQ(c.page_faults_ptwr, 2);
    CHECK_EQ(c.page_faults, 2);
    drop_l1_at(FREE_TABLE_VA, (pte_t *)l1);
}

/* Calls inside a multicall count like those outside. */
TEST(counters_multicall)
{
    multicall_entry_t calls[3] = {{.op = __HYPERVISOR_vcpu_op, .args = {VCPUOP_is_up}},
                                  {.op = __HYPERVISOR_vcpu_op, .args = {VCPUOP_is_up}},
                                  {.op = 63}};

    NEED_COUNTERS();
    CHECK_RC(reset(), 0);
    CHECK_RC(HYPERVISOR_multicall(calls, 3), 0);
    CHECK_RC(read_counters(&c, sizeof(c)), 0);
    CHECK_EQ(c.hypercalls[__HYPERVISOR_multicall], 1);
    CHECK_EQ(c.hypercalls[__HYPERVISOR_vcpu_op], 2);
    CHECK_EQ(c.hypercalls_bad, 1);
}
