/* SPDX-License-Identifier: MIT */
/* Faults on purpose: xen/faults.h. */
#include <xen/faults.h>
#include <asm/mm.h>
#include <public/errno.h>
#include <xen/domain.h>

#if COUNTERS

/* --- Allocations */

static uint32_t fail_kinds, fail_in, allocations;

bool fault_allocation(uint32_t kind)
{
    if (!(fail_kinds & kind))
        return false;
    allocations++;
    return fail_in && --fail_in == 0;
}

long fail_allocation_op(struct int82_fault *op)
{
    op->seen = allocations;
    allocations = 0;
    fail_kinds = op->what;
    fail_in = op->at;
    return 0;
}

/* --- Preemption */

static uint32_t preempt_mode, preempt_in, points;
static const struct vcpu *preempted;

bool fault_preemption(void)
{
    if (likely(preempt_mode == INT82_PREEMPT_NEVER))
        return false;
    if (current == preempted)
        points++;
    return preempt_mode == INT82_PREEMPT_ALWAYS || (current == preempted && preempt_in && --preempt_in == 0);
}

static const struct vcpu *vcpu_by_id(uint32_t id)
{
    struct domain *d = domain_by_id(id >> 16);

    return d && (id & 0xFFFF) < MAX_VCPUS ? d->vcpu[id & 0xFFFF] : NULL;
}

long preempt_op(struct int82_fault *op)
{
    if (op->what > INT82_PREEMPT_AT)
        return -EINVAL;
    op->seen = points;
    points = 0;
    preempted = vcpu_by_id(op->id);
    preempt_in = op->at;
    preempt_mode = op->what;
    return 0;
}

/* --- Books */

static long corrupt_owner(struct page_info *page, bool mend)
{
    static struct domain *owner;

    if (!(mend ? owner : page->owner))
        return -EINVAL;
    if (mend)
        page->owner = owner;
    owner = mend ? NULL : page->owner;
    if (!mend)
        page->owner = NULL;
    return 0;
}

/* Changes the page_info of frame `id`. */
static long corrupt_frame(const struct int82_fault *op)
{
    struct page_info *page = mfn_to_page(op->id);

    if (op->id >= max_page)
        return -EINVAL;
    switch (op->what) {
    case INT82_CORRUPT_COUNT:
        page->count += op->mend ? -1 : 1;
        return 0;
    case INT82_CORRUPT_USES:
        if (!op->mend && page->type_info < PGT_one)
            return -EINVAL;
        page->type_info += op->mend ? PGT_one : -PGT_one;
        return 0;
    case INT82_CORRUPT_PIN:
        page->type_info ^= PGT_pinned;
        return 0;
    case INT82_CORRUPT_TYPE:
        page->type_info ^= PGT_l1_page_table ^ PGT_writable_page;
        return 0;
    case INT82_CORRUPT_LINEAR:
        page->linear_pt_count += op->mend ? -1 : 1;
        return 0;
    default:
        return corrupt_owner(page, op->mend);
    }
}

static long corrupt_hyp_slot(const struct int82_fault *op)
{
    if (op->id >= max_page || !(mfn_to_page(op->id)->type_info & PGT_pae_xen_l2))
        return -EINVAL;
    map_l2(op->id)[L2_ENTRIES - 1].lo ^= _PAGE_PWT;
    return 0;
}

static long corrupt_m2p(struct int82_fault *op)
{
    if (!op->mend) /* the highest one, because the auditor itself uses the lowest ones */
        for (op->id = max_page - 1; op->id; op->id--)
            if (free_dom_frames_from(op->id) >> op->id % 32 & 1)
                break;
    if (!op->id || op->id >= max_page)
        return -EINVAL;
    mpt_rw[op->id] = op->mend ? INVALID_M2P_ENTRY : 0x1234;
    return 0;
}

static long corrupt_port(const struct int82_fault *op)
{
    struct evtchn *chn = &this_cpu.domain->evtchn[op->id];

    if (op->id >= NR_EVENT_CHANNELS || chn->state != ECS_INTERDOMAIN)
        return -EINVAL;
    chn->remote_port ^= 1;
    return 0;
}

static long lose_frame(struct int82_fault *op)
{
    if (op->mend)
        free_dom_frame(op->id);
    else
        op->id = alloc_dom_frames(0, INVALID_MFN);
    return 0;
}

long corrupt_op(struct int82_fault *op)
{
    switch (op->what) {
    case INT82_CORRUPT_COUNT:
    case INT82_CORRUPT_USES:
    case INT82_CORRUPT_PIN:
    case INT82_CORRUPT_OWNER:
    case INT82_CORRUPT_TYPE:
    case INT82_CORRUPT_LINEAR:
        return corrupt_frame(op);
    case INT82_CORRUPT_L3_COPY:
        current->arch.l3[0].lo ^= _PAGE_PWT;
        return 0;
    case INT82_CORRUPT_HYP_SLOT:
        return corrupt_hyp_slot(op);
    case INT82_CORRUPT_M2P:
        return corrupt_m2p(op);
    case INT82_CORRUPT_PAGES:
        this_cpu.domain->tot_pages += op->mend ? -1 : 1;
        return 0;
    case INT82_CORRUPT_PORT:
        return corrupt_port(op);
    case INT82_CORRUPT_FREE:
        return lose_frame(op);
    default:
        return -EINVAL;
    }
}

#else

long corrupt_op(struct int82_fault *op)
{
    return -ENOSYS;
}

long fail_allocation_op(struct int82_fault *op)
{
    return -ENOSYS;
}

long preempt_op(struct int82_fault *op)
{
    return -ENOSYS;
}

#endif
