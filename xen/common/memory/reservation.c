/* SPDX-License-Identifier: MIT */
/*
 * The three commands that give a domain more memory or take some away. Each works on many extents, stops at the first
 * that fails, and answers how many were done.
 */
#include "memory.h"

/* One of the three commands, while it is carried out. */
struct reservation_op {
    struct domain *d;
    xen_pfn_t *list;
    uint32_t nr_extents;
    uint32_t order;
    mfn_t below; /* new frames must lie below it */
    uint32_t steps;
    bool leave; /* leave before everything is done: the call is to be made again */
};

/* Before an extent, when nothing is half done. True: stop. Others who wait get their turn here whatever the count of
 * steps is: otherwise the step that is due for them could fall into the middle of an extent each time. */
static inline __may_switch bool next_extent(struct reservation_op *op)
{
    return unlikely(step_due(&op->steps) || others_wait()) && (op->leave = pause_operation(op->d));
}

/* --- Refusals: the answer of these commands is how far they got, which is no error */

static COLD bool stop(enum refusal rule, uint32_t value)
{
    return refuse(rule, false, INVALID_MFN, value);
}

static bool extents_ok(const struct reservation_op *op, bool order_ok)
{
    if (!guest_array_ok(op->list, op->nr_extents, sizeof(xen_pfn_t)))
        return stop(REFUSED_pointer, (uint32_t)op->list);
    return order_ok || stop(REFUSED_memory_order, op->order);
}

static bool read_frame(const struct reservation_op *op, uint32_t i, xen_pfn_t *frame)
{
    return !__get_guest_u32(frame, &op->list[i]) || stop(REFUSED_pointer, (uint32_t)&op->list[i]);
}

static bool write_frame(const struct reservation_op *op, uint32_t i, xen_pfn_t frame)
{
    return !__put_guest_u32(frame, &op->list[i]) || stop(REFUSED_pointer, (uint32_t)&op->list[i]);
}

static bool read_argument(struct xen_memory_reservation *r, const void *arg)
{
    if (copy_from_guest(r, arg, sizeof(*r)))
        return stop(REFUSED_pointer, (uint32_t)arg);
    return r->nr_extents <= UINT32_MAX >> COMMAND_BITS || stop(REFUSED_memory_sizes, r->nr_extents);
}

static bool limit_ok(const struct xen_memory_reservation *r, mfn_t *below)
{
    return frame_limit(r->mem_flags, below) || stop(REFUSED_memory_none, r->extent_order);
}

/* --- Single frames */

/* The domain gives up its own reference, and the pin if there is one. The frame becomes free when nothing maps it any
 * more. */
static __may_switch bool remove_page(struct domain *d, mfn_t mfn)
{
    struct page_info *page;

    if (mfn >= max_page)
        return refuse(REFUSED_frame_beyond_ram, false, mfn, PGT_none);
    page = mfn_to_page(mfn);
    if (!get_page(page, d))
        return refuse(REFUSED_frame_foreign, false, mfn, PGT_none);
    relinquish_page(page);
    put_page(page);
    return true;
}

void give_frames(struct domain *d, mfn_t mfn, uint32_t count, xen_pfn_t pfn)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i % PREEMPT_EVERY == PREEMPT_EVERY - 1)
            preempt_point();
        assign_page(d, mfn + i);
        if (pfn != NO_PFN)
            mpt_rw[mfn + i] = pfn + i;
    }
    spend(count * FRAME_STEPS);
}

/* --- More frames */

static __may_switch mfn_t give_extent(struct domain *d, uint32_t order, mfn_t below, xen_pfn_t pfn)
{
    uint32_t count = 1u << order;
    mfn_t mfn = INVALID_MFN;

    if (d->tot_pages > d->max_pages || count > d->max_pages - d->tot_pages)
        stop(REFUSED_memory_limit, d->max_pages);
    else if ((mfn = alloc_dom_frames(order, below)) == INVALID_MFN)
        stop(REFUSED_memory_none, order);
    else
        give_frames(d, mfn, count, pfn);
    return mfn;
}

static __may_switch uint32_t increase_reservation(struct reservation_op *op)
{
    uint32_t i;
    mfn_t mfn;

    if (!extents_ok(op, order_allowed(op->order)))
        return 0;
    for (i = 0; i < op->nr_extents; i++) {
        if (next_extent(op))
            break;
        mfn = give_extent(op->d, op->order, op->below, NO_PFN);
        if (mfn == INVALID_MFN || (op->list && !write_frame(op, i, mfn)))
            break;
    }
    return i;
}

static __may_switch uint32_t populate_physmap(struct reservation_op *op)
{
    xen_pfn_t pfn;
    uint32_t i;
    mfn_t mfn;

    if (!extents_ok(op, order_allowed(op->order)))
        return 0;
    for (i = 0; i < op->nr_extents; i++) {
        if (next_extent(op) || !read_frame(op, i, &pfn))
            break;
        mfn = give_extent(op->d, op->order, op->below, pfn);
        if (mfn == INVALID_MFN || !write_frame(op, i, mfn))
            break;
    }
    return i;
}

/* --- Fewer frames */

static __may_switch uint32_t decrease_reservation(struct reservation_op *op)
{
    xen_pfn_t mfn;
    uint32_t i;

    if (!extents_ok(op, op->order <= MAX_ORDER))
        return 0;
    for (i = 0; i < op->nr_extents; i++) {
        if (next_extent(op) || !read_frame(op, i, &mfn))
            return i;
        for (uint32_t j = 0; j < 1u << op->order; j++) {
            if (j)
                step(&op->steps);
            if (!remove_page(op->d, mfn + j))
                return i;
        }
    }
    return i;
}

static __may_switch uint32_t run_reservation_op(uint32_t cmd, struct reservation_op *op)
{
    switch (cmd & COMMAND_MASK) {
    case XENMEM_increase_reservation:
        return increase_reservation(op);
    case XENMEM_decrease_reservation:
        return decrease_reservation(op);
    default:
        return populate_physmap(op);
    }
}

long change_reservation(uint32_t cmd, const void *arg)
{
    uint32_t start = cmd >> COMMAND_BITS, done = 0;
    struct xen_memory_reservation r;
    struct reservation_op op = {0};
    int rc;

    /* As on Xen, any error in the argument has the answer 0: nothing was done. */
    if (!read_argument(&r, arg) || start >= r.nr_extents || !limit_ok(&r, &op.below) || target_domain(r.domid, &op.d))
        return start;
    op.list = r.extent_start ? r.extent_start + start : NULL;
    op.nr_extents = r.nr_extents - start;
    op.order = r.extent_order;

    hold_domain(op.d);
    rc = begin_operation(op.d);
    op.leave = rc == -ERESTART;
    if (!rc) {
        done = run_reservation_op(cmd, &op);
        end_operation();
    }
    release_domain(op.d);
    spend(op.steps * FRAME_STEPS);
    if (op.leave)
        return restart_call(__HYPERVISOR_memory_op, 1, (cmd & COMMAND_MASK) | (start + done) << COMMAND_BITS, 0, 0);
    return start + done;
}
