/* SPDX-License-Identifier: MIT */
/* Nobody else may read what a domain leaves behind, or what the hypervisor has in its memory. */
#include "other.h"

#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sysctl.h>

static bool all_zero(const uint32_t *p, uint32_t words)
{
    while (words && !*p)
        p++, words--;
    return !words;
}

/* The next domain gets the frame. What does it find there? */
static void check_next_owner(xen_pfn_t mfn)
{
    uint32_t n = 0;
    const uint32_t *page;

    if (!other_begin(&third))
        return;
    while (n < VICTIM_FRAMES && third.mfn[n] != mfn)
        n++;
    if (CHECK(n >= VICTIM_SPARE + 4 && n < VICTIM_FRAMES)) { /* the lower ones have been written to since */
        page = victim_map(&third, n);
        CHECK(page && all_zero(page, PAGE_SIZE / 4));
    }
    other_end(&third);
}

TEST(rule_secrets_stay_in_dead_frames)
{
    xen_pfn_t mfn;

    if (!other_begin(&other))
        return;
    mfn = other.mfn[SECRET_FRAME];
    CHECK_EQ(machine_to_phys_mapping[mfn], SECRET_FRAME);
    other_write_secret(&other);
    other_end(&other);
    CHECK_EQ(machine_to_phys_mapping[mfn], 0xFFFFFFFF);
    check_next_owner(mfn);
}

/* Domain 0 maps the frame when its owner ends. It is cleared when it becomes free, which is later. */
TEST(rule_secrets_stay_in_frames_held_by_others)
{
    mmu_update_t req = {.ptr = pte_maddr(mm_l1_entry((void *)(FREE_VA + PAGE_SIZE)))};
    xen_pfn_t mfn;

    if (!other_begin(&other))
        return;
    mfn = other.mfn[SECRET_FRAME];
    other_write_secret(&other);
    req.val = make_pte(mfn, PTE_KERNEL_RO);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)other.id), 0);
    other_end(&other);
    CHECK_EQ(*(volatile uint32_t *)(FREE_VA + PAGE_SIZE), SECRET);
    CHECK_RC(unmap_at(FREE_VA + PAGE_SIZE), 0);
    check_next_owner(mfn);
}

/* Pages of the hypervisor's heap that domains get to see. What was in them before? Contexts full of the secret were. */
TEST(rule_secrets_stay_in_the_heap)
{
    static uint32_t hostile[(sizeof(struct vcpu_guest_context) + 3) / 4];
    xen_pfn_t frames[8];
    gnttab_setup_table_t s = {.nr_frames = 8, .frame_list = frames, .status = 77};

    if (!other_begin(&other))
        return;
    for (uint32_t i = 0; i < ARRAY_SIZE(hostile); i++)
        hostile[i] = SECRET;
    CHECK(other_set_context(&other, 1, (void *)hostile) < 0);
    s.dom = other.id;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_RC(s.status, GNTST_okay);
    for (unsigned int i = 0; i < 8; i++) {
        context("grant frame %u", i);
        if (CHECK_RC(other_map_frame(FREE_VA, frames[i], other.id), 0))
            CHECK(all_zero((const uint32_t *)FREE_VA, PAGE_SIZE / 4));
        unmap_at(FREE_VA);
    }
    other_end(&other);
}

/* Words of the hypervisor's stack could be in what it copies out. So fields that have no meaning here must be 0. */
TEST(rule_secrets_stay_on_the_stack)
{
    static struct xen_domctl_getdomaininfo info[8];
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
                            .u.getdomaininfolist = {.max_domains = 8, .buffer.p = info}};

    if (!other_begin(&other))
        return;
    memset(info, 0xA5, sizeof(info));
    if (CHECK_RC(hypercall(35, &op, 0, 0, 0, 0), 0))
        for (uint32_t i = 0; i < op.u.getdomaininfolist.num_domains; i++) {
            context("domain %u", info[i].domain);
            CHECK_EQ(info[i].ssidref, 0);
            CHECK_EQ(info[i].cpupool, 0);
            CHECK_EQ(info[i].shr_pages, 0);
            CHECK_EQ(info[i].paged_pages, 0);
        }
    other_end(&other);
}
