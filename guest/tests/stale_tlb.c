/* SPDX-License-Identifier: MIT */
/*
 * Once it matters, nobody uses what the TLB still remembers. This includes the hypervisor, which also writes to
 * addresses that a guest has given it.
 */
#include "injected_faults.h"
#include "other.h"

#include <guest/audit.h>

/* ---- An entry of the L3 changes. From then on an address means something else, at once. */

#define LOW_VA 0x00200000u

struct low_space {
    uint32_t *page;
    pte_t *l1, *l2;
};

static void make_low(struct low_space *s)
{
    *s = (struct low_space){alloc_page(), alloc_page(), alloc_page()};
    s->l1[0] = make_pte(virt_to_mfn(s->page), PTE_KERNEL_RW);
    s->l2[LOW_VA >> 21] = make_pte(virt_to_mfn(s->l1), PTE_TABLE);
    CHECK_RC(page_make_readonly(s->l1), 0);
    CHECK_RC(page_make_readonly(s->l2), 0);
}

static void drop_low(struct low_space *s)
{
    CHECK_RC(page_make_writable(s->l2), 0);
    CHECK_RC(page_make_writable(s->l1), 0);
    free_page(s->l2);
    free_page(s->l1);
    free_page(s->page);
}

/* The call changes where the address LOW_VA leads, and writes its count of updates to that same address. */
static void lead_elsewhere(pte_t *l3, struct low_space *from, struct low_space *to, uint32_t count, uint32_t foreigndom)
{
    mmu_update_t req[2] = {{pte_maddr(l3), make_pte(virt_to_mfn(to->l2), PTE_P)},
                           {pte_maddr(&to->l1[1]), to->l1[1]}}; /* a table by then: nothing is flushed for its type */
    volatile uint32_t *low = (uint32_t *)LOW_VA;

    context("%u updates for 0x%x", count, foreigndom);
    *to->page = 0;
    *low = 77;
    CHECK_RC(HYPERVISOR_mmu_update_dom(req, count, (uint32_t *)LOW_VA, foreigndom), 0);
    CHECK_EQ(*from->page, 77);
    CHECK_EQ(*to->page, count);
    *low = 78;
    CHECK_EQ(*to->page, 78);
    context("%s", "");
}

TEST(rule_flush_with_an_entry_of_the_l3)
{
    pte_t *l3 = mm_l3_entry((void *)LOW_VA), old = *l3;
    struct low_space a, b;

    if (!is_int82())
        SKIP("Xen 4.2.5 does not flush: XSA-286");
    make_low(&a);
    make_low(&b);
    if (CHECK_RC(mmu_set_entry(l3, make_pte(virt_to_mfn(a.l2), PTE_P)), 0)) {
        /* The first two make the windows; that is an INVLPG each, with which QEMU flushes everything. */
        for (unsigned int i = 0; i < 2; i++) {
            lead_elsewhere(l3, &a, &b, 1, DOMID_SELF);
            lead_elsewhere(l3, &b, &a, 2, DOMID_SELF);
            lead_elsewhere(l3, &a, &b, 1, (own_domid() + 1u) << 16 | DOMID_SELF);
            lead_elsewhere(l3, &b, &a, 2, (own_domid() + 1u) << 16 | DOMID_SELF);
        }
        CHECK_RC(mmu_set_entry(l3, 0), 0);
        CHECK(!probe_write((void *)LOW_VA, 79, NULL));
    }
    CHECK_RC(mmu_set_entry(l3, old), 0);
    drop_low(&a);
    drop_low(&b);
}

/*
 * ---- A page that was writable becomes a table. The hypervisor writes to the runstate area at each switch, so the area
 * lies in that page. A switch is forced at each point of the operation, and another domain wants to run. The words of
 * the page show whether it was written to. The time that the vCPU has waited shows whether the CPU was taken from it.
 */
#define AREA_AT 1024u /* offset in the page: after the entries that name something */

static pte_t *page, *l1;
static struct address_space space;

static void register_area(void *where)
{
    struct vcpu_register_runstate_memory_area area = {.addr.v = where};

    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area), 0);
}

static uint64_t waited(void)
{
    static struct vcpu_runstate_info info;

    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    return info.time[RUNSTATE_runnable];
}

/* ---- Ways for the page to become a table */

static int pin(void)
{
    return mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(page), 0);
}

static void unpin(void)
{
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0), 0);
}

static int hook(void)
{
    return mmu_set_entry(&space.l3[0], make_pte(virt_to_mfn(page), PTE_P));
}

static int hook_by_domain(void)
{
    mmu_update_t req = {.ptr = pte_maddr(&space.l3[0]), .val = make_pte(virt_to_mfn(page), PTE_P)};

    return HYPERVISOR_mmu_update_dom(&req, 1, NULL, DOMID_SELF | 1u << 16);
}

static void unhook(void)
{
    CHECK_RC(mmu_set_entry(&space.l3[0], 0), 0);
}

static void become_a_table(const char *name, int (*become)(void), void (*end)(void))
{
    uint64_t before;

    context("%s", name);
    register_area((char *)page + AREA_AT);
    memset(page, 0, PAGE_SIZE); /* now the TLB knows the page as writable */
    page[0] = make_pte(virt_to_mfn(l1), PTE_TABLE);
    before = waited();
    CHECK_RC(update_va(page, make_pte(virt_to_mfn(page), PTE_KERNEL_RO), UVMF_NONE), 0);
    preempt(INT82_PREEMPT_ALWAYS, 0);
    CHECK_RC(become(), 0);
    preempt(INT82_PREEMPT_NEVER, 0);
    CHECK(waited() > before); /* others ran in the meantime */
    for (unsigned int i = 1; i < PAGE_SIZE / sizeof(pte_t); i++)
        if (page[i]) {
            FAIL("entry %u was written to: 0x%x", i, (uint32_t)page[i]);
            break;
        }
    register_area(NULL);
    end();
    CHECK_RC(update_va(page, make_pte(virt_to_mfn(page), PTE_KERNEL_RW), UVMF_INVLPG), 0);
}

TEST(rule_a_frame_is_flushed_before_it_is_looked_at)
{
    char text[200];

    NEED_DOM0();
    NEED_FAULTS();
    if (!other_begin(&other))
        return;
    for (unsigned int i = 0; i < VICTIM_CALLS; i++)
        victim_call(&other, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0);
    page = alloc_page();
    l1 = alloc_page();
    CHECK_RC(page_make_readonly(l1), 0);
    address_space_copy(&space);
    CHECK_RC(page_make_writable(space.l3), 0);
    space.l3[0] = 0;
    CHECK_RC(page_make_readonly(space.l3), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(space.l3), 0), 0);
    victim_start(&other);

    become_a_table("pin", pin, unpin);
    become_a_table("update of an L3", hook, unhook);
    become_a_table("update for a domain", hook_by_domain, unhook);

    context("%s", "");
    CHECK(victim_wait(&other, 1000));
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(space.l3), 0), 0);
    address_space_free(&space);
    CHECK_RC(page_make_writable(l1), 0);
    free_page(l1);
    free_page(page);
    other_end(&other);
    if (audit(text, sizeof(text)))
        FAIL("audit: %s", text);
}
