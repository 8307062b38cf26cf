/* SPDX-License-Identifier: MIT */
/*
 * The auditor, which only Int82 has and which main.c asks after every test. These tests show that it looks at
 * everything there is. With the build that can inject faults they also show that it finds and names a book that was
 * falsified on purpose.
 */
#include "test.h"

#include "injected_faults.h"

#include <guest/audit.h>

static struct int82_audit answer;

static bool have_auditor(void)
{
    int rc = audit_read(&answer);

    if (rc == -ENOSYS || (rc == -EPERM && !is_dom0()))
        return false;
    CHECK_RC(rc, 0);
    return !rc;
}
#define NEED_AUDITOR()   \
    if (!have_auditor()) \
    SKIP("this hypervisor has no auditor")

TEST(audit_counts_everything)
{
    struct int82_audit before;
    uint64_t ticks;
    pte_t *l1;
    void *page;

    NEED_AUDITOR();
    ticks = rdtsc();
    CHECK_RC(audit_read(&answer), 0);
    ticks = rdtsc() - ticks;
    printf("audit: %u ticks, %u frames, %u tables, %u references, %u domains\n", (uint32_t)ticks, answer.frames,
           answer.tables, answer.references, answer.domains);
    CHECK_EQ(answer.mismatches, 0);
    CHECK_EQ(answer.reported, 0);
    CHECK_EQ(answer.frames, ram_end_frame());
    CHECK(answer.domains >= 1);
    CHECK(answer.tables >= start_info->nr_pt_frames);
    CHECK(answer.references > 512);
    CHECK(answer.free_frames < answer.frames);
    /* A table with three mappings. Its L2 entry is a reference too. The table's own mapping was a writable one and
     * becomes a read-only one. */
    before = answer;
    l1 = new_l1_at(FREE_TABLE_VA);
    page = alloc_page();
    for (unsigned int i = 0; i < 3; i++)
        CHECK_RC(map_at(FREE_TABLE_VA + i * PAGE_SIZE, virt_to_mfn(page), PTE_KERNEL_RW), 0);
    CHECK_RC(audit_read(&answer), 0);
    CHECK_EQ(answer.mismatches, 0);
    CHECK_EQ(answer.tables, before.tables + 1);
    CHECK_EQ(answer.references, before.references + 4);
    CHECK_EQ(answer.free_frames, before.free_frames);
    CHECK_EQ(answer.free_heap_pages, before.free_heap_pages);
    drop_l1_at(FREE_TABLE_VA, l1);
    free_page(page);
    CHECK_RC(audit_read(&answer), 0);
    CHECK_EQ(answer.references, before.references);
}

TEST(audit_arguments)
{
    static xen_platform_op_t op;
    uint32_t *edge = (uint32_t *)EDGE(16);
    void *p;

    NEED_AUDITOR();
    op.cmd = INT82_OP_audit;
    op.interface_version = XENPF_INTERFACE_VERSION;
    /* With less room the call writes as much as fits, and not a byte more. */
    edge[0] = edge[1] = edge[2] = edge[3] = 0x55555555;
    op.u.int82.size = 12;
    op.u.int82.buffer = edge + 1;
    CHECK_RC(HYPERVISOR_dom0_op(&op), 0);
    CHECK_EQ(op.u.int82.size, sizeof(answer));
    CHECK_EQ(edge[0], 0x55555555);
    CHECK_EQ(edge[1], 0);
    CHECK_EQ(edge[3], ram_end_frame());
    for
        EACH_BAD_OUTPUT(p, sizeof(answer))
        {
            op.u.int82.size = sizeof(answer);
            op.u.int82.buffer = p;
            CHECK_RC(HYPERVISOR_dom0_op(&op), -EFAULT);
        }
    op.interface_version++;
    CHECK_RC(HYPERVISOR_dom0_op(&op), -EACCES);
}

/* ---- Books falsified on purpose */

static bool named(uint32_t kind, uint32_t id)
{
    for (unsigned int i = 0; i < answer.reported; i++)
        if (answer.first[i].kind == kind && answer.first[i].id == id)
            return true;
    return false;
}

/* Falsifies a book and asks the auditor, then mends it and asks again. only: the auditor must name nothing else. */
static void falsify(uint32_t what, uint32_t id, uint32_t kind, bool only)
{
    int rc = corrupt(what, &id, false), mended;

    context("corruption %u of 0x%x", what, id);
    if (!CHECK_RC(rc, 0))
        return;
    rc = audit_read(&answer);
    mended = corrupt(what, &id, true);
    CHECK_RC(rc, 0);
    CHECK_RC(mended, 0);
    CHECK(answer.mismatches > 0 && answer.reported > 0);
    CHECK(named(kind, id));
    for (unsigned int i = 0; only && i < answer.reported; i++)
        CHECK_EQ(answer.first[i].id, id);
    CHECK_RC(audit_read(&answer), 0);
    CHECK_EQ(answer.mismatches, 0);
}

TEST(audit_names_the_frame)
{
    void *page;
    pte_t *l1;

    NEED_AUDITOR();
    NEED_FAULTS();
    page = alloc_page();
    l1 = new_l1_at(FREE_TABLE_VA);
    CHECK_RC(map_at(FREE_TABLE_VA, virt_to_mfn(page), PTE_KERNEL_RO), 0);
    falsify(INT82_CORRUPT_COUNT, virt_to_mfn(page), INT82_AUDIT_COUNT, true);
    falsify(INT82_CORRUPT_COUNT, virt_to_mfn(l1), INT82_AUDIT_COUNT, true);
    falsify(INT82_CORRUPT_COUNT, virt_to_mfn(mm_base()), INT82_AUDIT_COUNT, true);
    falsify(INT82_CORRUPT_USES, virt_to_mfn(page), INT82_AUDIT_TYPE, true);
    falsify(INT82_CORRUPT_USES, virt_to_mfn(l1), INT82_AUDIT_TYPE, true);
    falsify(INT82_CORRUPT_USES, virt_to_mfn(mm_base()), INT82_AUDIT_TYPE, true);
    falsify(INT82_CORRUPT_PIN, virt_to_mfn(page), INT82_AUDIT_COUNT, true);
    falsify(INT82_CORRUPT_PIN, virt_to_mfn(l1), INT82_AUDIT_TYPE, true);
    falsify(INT82_CORRUPT_PIN, virt_to_mfn(mm_base()), INT82_AUDIT_COUNT, true);
    falsify(INT82_CORRUPT_TYPE, virt_to_mfn(page), INT82_AUDIT_TYPE, true);
    falsify(INT82_CORRUPT_TYPE, virt_to_mfn(l1), INT82_AUDIT_TYPE, true);
    falsify(INT82_CORRUPT_LINEAR, pte_mfn(mm_base()[2]), INT82_AUDIT_LINEAR, true);
    falsify(INT82_CORRUPT_OWNER, virt_to_mfn(page), INT82_AUDIT_LOST, false);
    falsify(INT82_CORRUPT_HYP_SLOT, pte_mfn(mm_base()[3]), INT82_AUDIT_HYP_SLOT, true);
    falsify(INT82_CORRUPT_M2P, 0, INT82_AUDIT_M2P, true);
    falsify(INT82_CORRUPT_FREE, 0, INT82_AUDIT_LOST, true);
    drop_l1_at(FREE_TABLE_VA, l1);
    free_page(page);
}

TEST(audit_names_the_object)
{
    evtchn_bind_interdomain_t bind = {.remote_dom = DOMID_SELF};
    int port;

    NEED_AUDITOR();
    NEED_FAULTS();
    falsify(INT82_CORRUPT_L3_COPY, 0, INT82_AUDIT_L3_COPY, true);
    falsify(INT82_CORRUPT_PAGES, 0, INT82_AUDIT_PAGES, true);
    port = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    CHECK(port > 0);
    bind.remote_port = port;
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind), 0);
    falsify(INT82_CORRUPT_PORT, port, INT82_AUDIT_PORT, false);
    event_close(bind.local_port);
    event_close(port);
}
