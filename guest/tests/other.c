/* SPDX-License-Identifier: MIT */
/* Another domain for tests: other.h. */
#include "other.h"

struct victim other, third;

bool other_begin(struct victim *v)
{
    bool missing = false;

    if (!is_dom0()) {
        skip("only domain 0 may");
        return false;
    }
    if (!is_int82()) {
        skip("not tried on another hypervisor");
        return false;
    }
    if (victim_create(v, &missing))
        return true;
    FAIL("there is no other domain");
    return false;
}

void other_end(struct victim *v)
{
    CHECK_RC(victim_destroy(v), 0);
}

static uint32_t args_used, expected_calls;
static struct {
    const char *what;
    int32_t result;
} expected[VICTIM_CALLS];

void *other_memory(const struct victim *v, uint32_t va)
{
    uint32_t offset = va - VICTIM_VA(0);
    char *page = victim_map(v, offset / PAGE_SIZE);

    return page ? page + offset % PAGE_SIZE : NULL;
}

uint32_t other_argument(const struct victim *v, const void *data, uint32_t size)
{
    uint32_t va = VICTIM_VA(VICTIM_ARGS) + args_used;
    void *p = other_memory(v, va);

    args_used += (size + 63) & ~63u;
    if (p)
        memcpy(p, data, size);
    return va;
}

void other_call(const struct victim *v, const char *what, int32_t result, uint32_t op, uint32_t a0, uint32_t a1,
                uint32_t a2, uint32_t a3)
{
    if (!CHECK(expected_calls < VICTIM_CALLS))
        return;
    expected[expected_calls].what = what;
    expected[expected_calls++].result = result;
    victim_call(v, op, a0, a1, a2, a3);
}

void other_carry_out(const struct victim *v)
{
    static struct victim_list seen;
    const struct victim_list *list;

    victim_start(v);
    CHECK(victim_wait(v, 1000));
    list = victim_map(v, VICTIM_LIST);
    if (list)
        seen = *list; /* a copy, since checks print, and more is mapped by then */
    victim_unmap();
    for (uint32_t i = 0; i < expected_calls; i++)
        if ((int32_t)seen.calls[i].result != expected[i].result)
            FAIL("%s: %d instead of %d", expected[i].what, (int32_t)seen.calls[i].result, expected[i].result);
    expected_calls = args_used = 0;
}

void other_write_secret(const struct victim *v)
{
    uint32_t *page = victim_map(v, SECRET_FRAME);

    for (uint32_t i = 0; page && i < PAGE_SIZE / 4; i++)
        page[i] = SECRET;
    victim_unmap();
}

int other_map_frame(uint32_t va, uint32_t mfn, domid_t domid)
{
    mmu_update_t req = {.ptr = pte_maddr(mm_l1_entry((void *)va)), .val = make_pte(mfn, PTE_KERNEL_RO)};

    return HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)domid);
}

bool other_get_context(const struct victim *v, uint32_t vcpu, struct vcpu_guest_context *c)
{
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = vcpu, .ctxt.p = c}};

    return CHECK_RC(victim_domctl(XEN_DOMCTL_getvcpucontext, v->id, &op), 0);
}

int32_t other_set_context(const struct victim *v, uint32_t vcpu, struct vcpu_guest_context *c)
{
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = vcpu, .ctxt.p = c}};

    return victim_domctl(XEN_DOMCTL_setvcpucontext, v->id, &op);
}
