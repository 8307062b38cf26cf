/* SPDX-License-Identifier: MIT */
/*
 * Only one operation at a time works on a domain's memory (docs/concurrency.md). These tests show it from a domain with
 * two vCPUs, and need no build that forces switches. vCPU 1 (suspended_ops.c) wants the CPU, or loses it, in the middle
 * of an operation of some hundred thousand instructions: a timer wakes the other vCPU, which is due after
 * SIBLING_WAIT_NS. Each test makes sure that this has happened.
 */
#include "exclusion.h"

#include <public/memory.h>

#define TABLES      300u    /* L1 tables, all entries present: an L2 of them takes longer than a sibling waits */
#define LEAD_NS     100000u /* the operation has been running for so long when the other vCPU's timer fires */
#define PATIENCE_NS 250000u /* after that the other vCPU is due */

static pte_t *big, *data; /* the L2, not in use, and the frame that its L1s name */
static volatile bool in_call, in_job, met;
static volatile uint64_t wake_at;

void nap_until(uint64_t time)
{
    struct sched_poll poll = {.timeout = time};

    HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

static void spin_until(uint64_t time)
{
    while (system_time() < time)
        ;
}

bool half_done(const uint32_t *frames, uint32_t count)
{
    static struct int82_page pages[16];
    static xen_platform_op_t op;

    for (uint32_t i = 0; i < count; i++)
        pages[i].mfn = frames[i];
    memset(&op, 0, sizeof(op));
    op.cmd = INT82_OP_page_info;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82.size = count * sizeof(pages[0]);
    op.u.int82.buffer = pages;
    if (HYPERVISOR_dom0_op(&op))
        return true;
    for (uint32_t i = 0; i < count; i++)
        if (pages[i].uses && !(pages[i].type & INT82_PAGE_VALIDATED))
            return true;
    return false;
}

void audit_is_clean(void)
{
    char text[200];

    if (audit(text, sizeof(text)))
        FAIL("audit: %s", text);
}

#define NEED_SIBLING()                  \
    do {                                \
        NEED_DOM0();                    \
        if (!is_int82())                \
            SKIP("Int82's own rule");   \
        if (*start_vcpu_1())            \
            SKIP("%s", start_vcpu_1()); \
    } while (0)

/* ---- The large L2 */

static void make_big(void)
{
    data = alloc_page();
    big = alloc_page();
    for (uint32_t i = 0; i < TABLES; i++) {
        pte_t *l1 = alloc_page();

        for (uint32_t j = 0; j < 512; j++)
            l1[j] = make_pte(virt_to_mfn(data), PTE_KERNEL_RO);
        CHECK_RC(page_make_readonly(l1), 0);
        big[i] = make_pte(virt_to_mfn(l1), PTE_TABLE);
    }
    CHECK_RC(page_make_readonly(big), 0);
}

static void drop_big(void)
{
    for (uint32_t i = 0; i < TABLES; i++) {
        pte_t *l1 = mfn_to_virt(pte_mfn(big[i]));

        CHECK_RC(page_make_writable(l1), 0);
        free_page(l1);
    }
    CHECK_RC(page_make_writable(big), 0);
    free_page(big);
    free_page(data);
}

/* ---- A sibling that is due still does not run in the middle of an operation */

static void job_looks(void)
{
    job = NULL;
    in_job = true;
    nap_until(wake_at);
    met = half_done((uint32_t[]){virt_to_mfn(big)}, 1);
    in_job = false;
}

static struct address_space space;

static int pin_big(void)
{
    return mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(big), 0);
}

static int unpin_big(void)
{
    return mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(big), 0);
}

static int hook_big(void)
{
    return mmu_set_entry(&space.l3[0], make_pte(virt_to_mfn(big), PTE_P));
}

static int unhook_big(void)
{
    return mmu_set_entry(&space.l3[0], 0);
}

static int hook_big_by_domain(void)
{
    mmu_update_t req = {.ptr = pte_maddr(&space.l3[0]), .val = make_pte(virt_to_mfn(big), PTE_P)};

    return HYPERVISOR_mmu_update_dom(&req, 1, NULL, DOMID_SELF | 1u << 16);
}

static void try_amid(const char *name, int (*operation)(void))
{
    uint64_t end;

    context("%s", name);
    wake_at = system_time() + 400000;
    met = in_job = false;
    job = job_looks;
    while (!in_job)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    spin_until(wake_at - LEAD_NS);
    CHECK_RC(operation(), 0);
    end = system_time();
    CHECK(!in_job); /* its turn came as soon as the operation was over */
    while (in_job)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    CHECK(end > wake_at + PATIENCE_NS); /* it was due long before the operation's end */
    CHECK(!met);
}

TEST(exclusion_siblings_wait)
{
    NEED_SIBLING();
    make_big();
    address_space_copy(&space);
    CHECK_RC(page_make_writable(space.l3), 0);
    space.l3[0] = 0;
    CHECK_RC(page_make_readonly(space.l3), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(space.l3), 0), 0);
    try_amid("pin", pin_big);
    try_amid("unpin", unpin_big);
    try_amid("update of an L3", hook_big);
    try_amid("emptying an L3", unhook_big);
    try_amid("update for a domain", hook_big_by_domain);
    try_amid("emptying it again", unhook_big);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(space.l3), 0), 0);
    address_space_free(&space);
    drop_big();
    audit_is_clean();
}

/* ---- After a request that takes long, a batch uses nothing that it looked up before that request. In the build with
 * counters no window is left at that point. */

TEST(exclusion_window_found_again)
{
    mmu_update_t batch[3];
    uint32_t done = 0;
    pte_t *table;

    NEED_DOM0();
    make_big();
    table = alloc_page();
    CHECK_RC(page_make_readonly(table), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table), 0), 0);
    address_space_copy(&space);
    CHECK_RC(page_make_writable(space.l3), 0);
    space.l3[0] = 0;
    CHECK_RC(page_make_readonly(space.l3), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(space.l3), 0), 0);
    batch[0] = (mmu_update_t){virt_to_maddr(&table[0]), make_pte(virt_to_mfn(data), PTE_KERNEL_RO)};
    batch[1] = (mmu_update_t){virt_to_maddr(&space.l3[0]), make_pte(virt_to_mfn(big), PTE_P)};
    batch[2] = (mmu_update_t){virt_to_maddr(&table[1]), make_pte(virt_to_mfn(data), PTE_KERNEL_RO)};
    CHECK_RC(HYPERVISOR_mmu_update_dom(batch, 3, &done, DOMID_SELF | 1u << 16), 0);
    CHECK_EQ(done, 3);
    CHECK_EQ(table[1], batch[2].val);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(space.l3), 0), 0);
    address_space_free(&space);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0), 0);
    CHECK_RC(page_make_writable(table), 0);
    free_page(table);
    drop_big();
    audit_is_clean();
}

/* ---- An update of a table that the sibling is working on */

static void (*intrude)(void);
static volatile bool intruded, in_pin;

/* The pin is in progress when the other vCPU wakes up and makes a call that needs the table. If the call waits inside
 * the hypervisor and lets this vCPU run, in_call is set here. */
static void job_pins(void)
{
    job = NULL;
    in_job = true;
    spin_until(wake_at - LEAD_NS);
    in_pin = true;
    pin_big();
    in_pin = false;
    unpin_big();
    if (in_call)
        intrude();
    while (in_call)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    in_job = false;
}

/* True: the sibling was in the middle of the pin when this vCPU's turn came. *half: and it still is. */
static bool wake_amid_pin(void)
{
    bool amid;

    wake_at = system_time() + 400000;
    intruded = in_pin = in_job = false;
    job = job_pins;
    nap_until(wake_at);
    amid = in_pin;
    if (amid)
        CHECK(!half_done((uint32_t[]){virt_to_mfn(big)}, 1));
    return amid;
}

static void end_pin(void)
{
    while (job || in_job)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    CHECK(!intruded);
}

#define ATTEMPTS 6

/* The window of an L1 that a batch holds (issue 10, redheld): a later entry of the batch is written through it. If the
 * L1 has become data meanwhile, that write replaces an entry that nobody has validated, and drops references for it.
 * Then `aim`, which is mapped writable here, could be made a page table. */

static pte_t *table, *aim;

static void make_data_of_table(void)
{
    static struct mmuext_op two[2] = {{.cmd = MMUEXT_INVLPG_LOCAL}, {.cmd = MMUEXT_INVLPG_LOCAL}};

    if (mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0) ||
        update_va(table, make_pte(virt_to_mfn(table), PTE_KERNEL_RW), UVMF_INVLPG))
        return;
    table[1] = make_pte(virt_to_mfn(aim), PTE_KERNEL_RW);
    HYPERVISOR_mmuext_op(two, 2, NULL, DOMID_SELF); /* on its way this call passes a point where others may run */
    intruded = true;
}

static mmu_update_t batch[3];

static int batch_by_domain(void)
{
    uint32_t done = 0;
    int rc = HYPERVISOR_mmu_update_dom(batch, 3, &done, (own_domid() + 1u) << 16 | DOMID_SELF);

    CHECK_EQ(done, 3);
    return rc;
}

static int batch_in_multicall(void)
{
    static multicall_entry_t call;

    call = (multicall_entry_t){.op = __HYPERVISOR_mmu_update, .args = {(uint32_t)batch, 3, 0, DOMID_SELF}};
    CHECK_RC(HYPERVISOR_multicall(&call, 1), 0);
    return call.result;
}

static int batch_alone(void)
{
    return HYPERVISOR_mmu_update(batch, 3);
}

static bool update_amid_pin(int (*update)(void))
{
    bool amid;

    CHECK_RC(page_make_readonly(table), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table), 0), 0);
    batch[0] = (mmu_update_t){virt_to_maddr(&table[0]), 0};
    batch[1] = (mmu_update_t){virt_to_maddr(&big[0]), big[0]};
    batch[2] = (mmu_update_t){virt_to_maddr(&table[1]), 0};
    amid = wake_amid_pin();
    in_call = true;
    CHECK_RC(update(), 0);
    in_call = false;
    end_pin();
    if (!intruded)
        CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0), 0);
    CHECK_RC(page_make_writable(table), 0);
    if (intruded)
        table[1] = 0;
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(aim), 0), -EINVAL); /* it is writable */
    return amid;
}

TEST(exclusion_held_window)
{
    static int (*const updates[])(void) = {batch_by_domain, batch_in_multicall, batch_alone};

    NEED_SIBLING();
    make_big();
    table = alloc_page();
    aim = alloc_page();
    intrude = make_data_of_table;
    for (uint32_t i = 0; i < ARRAY_SIZE(updates); i++) {
        uint32_t amid = 0;

        context("way %u", i);
        for (uint32_t n = 0; n < ATTEMPTS && !intruded; n++)
            amid += update_amid_pin(updates[i]);
        CHECK(amid);
    }
    free_page(table);
    free_page(aim);
    drop_big();
    audit_is_clean();
}

/* The frame's owner (issue 10, redowner): the frame is given back while an update of it is in progress. After that the
 * update must not write to it. */

#define WRITTEN 0x0BADC0DE00000000ull

static void give_big_back(void)
{
    xen_pfn_t mfn = virt_to_mfn(big);
    struct xen_memory_reservation r = {.extent_start = &mfn, .nr_extents = 1, .domid = DOMID_SELF};

    intruded = !update_va(big, 0, UVMF_INVLPG) && HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) == 1;
}

TEST(exclusion_frame_given_back)
{
    uint32_t amid = 0;

    NEED_SIBLING();
    make_big();
    intrude = give_big_back;
    for (uint32_t n = 0; n < ATTEMPTS; n++) {
        mmu_update_t req = {.ptr = virt_to_maddr(&big[511]), .val = n & 1 ? WRITTEN : 0};
        int rc;

        amid += wake_amid_pin();
        in_call = true;
        rc = HYPERVISOR_mmu_update(&req, 1);
        in_call = false;
        end_pin();
        if (intruded) {
            CHECK_RC(rc, -EINVAL); /* success: somebody else's frame was written to */
            return;
        }
        CHECK_EQ(big[511], rc ? 0 : req.val);
        CHECK_RC(page_make_writable(big), 0);
        big[511] = 0;
        CHECK_RC(page_make_readonly(big), 0);
    }
    CHECK(amid);
    drop_big();
    audit_is_clean();
}
