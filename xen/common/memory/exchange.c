/* SPDX-License-Identifier: MIT */
/* XENMEM_exchange: the caller gives frames away and gets others instead, chunk by chunk. A chunk is exchanged as a
 * whole or not at all. */
#include "memory.h"

#include <asm/frames.h>

/* A list of frames between two owners: see link_frame() in asm/mm.h. */
struct frame_list {
    mfn_t first;
    uint32_t count;
};

static void push_frame(struct frame_list *list, mfn_t mfn)
{
    link_frame(mfn, list->first);
    list->first = mfn;
    list->count++;
}

static mfn_t pop_frame(struct frame_list *list)
{
    mfn_t mfn = list->first;

    list->first = unlink_frame(mfn);
    list->count--;
    return mfn;
}

struct exchange {
    struct domain *d;
    struct xen_memory_exchange args;
    uint32_t in_chunk_order, out_chunk_order; /* log2 of the extents of each kind in a chunk */
    mfn_t below;
    uint32_t steps;
    struct frame_list in, out; /* out: the first frame of each extent */
};

static __may_switch int steal_chunk(struct exchange *x, uint32_t chunk)
{
    const xen_pfn_t *list = x->args.in.extent_start + (chunk << x->in_chunk_order);
    xen_pfn_t mfn;

    for (uint32_t i = 0; i < 1u << x->in_chunk_order; i++) {
        if (__get_guest_u32(&mfn, &list[i]))
            return refuse_pointer(&list[i]);
        for (uint32_t j = 0; j < 1u << x->args.in.extent_order; j++) {
            step(&x->steps);
            if (mfn + j >= max_page || !steal_page(mfn_to_page(mfn + j), x->d))
                return refuse_taking(-EINVAL, mfn + j, x->d);
            push_frame(&x->in, mfn + j);
        }
    }
    return 0;
}

static void free_extent(mfn_t mfn, uint32_t order)
{
    for (uint32_t i = 0; i < 1u << order; i++)
        free_dom_frame(mfn + i);
}

static __may_switch int alloc_chunk(struct exchange *x)
{
    for (uint32_t i = 0; i < 1u << x->out_chunk_order; i++) {
        mfn_t mfn = alloc_dom_frames(x->args.out.extent_order, x->below);

        if (mfn == INVALID_MFN)
            return refuse(REFUSED_memory_none, -ENOMEM, INVALID_MFN, x->args.out.extent_order);
        push_frame(&x->out, mfn);
        step(&x->steps);
    }
    return 0;
}

static __may_switch void undo_chunk(struct exchange *x)
{
    /* Linking has lost the frames' types, and so whether a new type needs a flush. */
    if (x->in.count)
        flush_tlb_now();
    while (x->in.count) {
        return_page(mfn_to_page(pop_frame(&x->in)), x->d);
        step(&x->steps);
    }
    while (x->out.count)
        free_extent(pop_frame(&x->out), x->args.out.extent_order);
}

/* From here on the chunk cannot fail. As on Xen, errors in writing the list of results are ignored. */
static __may_switch void finish_chunk(struct exchange *x, uint32_t chunk)
{
    uint32_t order = x->args.out.extent_order, i = 1u << x->out_chunk_order;
    xen_pfn_t *list = x->args.out.extent_start + (chunk << x->out_chunk_order);
    xen_pfn_t pfn;

    while (x->out.count) {
        mfn_t mfn = pop_frame(&x->out);

        i--;
        if (__get_guest_u32(&pfn, &list[i]))
            pfn = NO_PFN;
        give_frames(x->d, mfn, 1u << order, pfn);
        (void)__put_guest_u32(mfn, &list[i]);
        step(&x->steps);
    }
    while (x->in.count) {
        struct page_info *page = mfn_to_page(pop_frame(&x->in));

        return_page(page, x->d);
        relinquish_page(page);
        step(&x->steps);
    }
}

static __may_switch int exchange_chunk(struct exchange *x, uint32_t chunk)
{
    int rc;

    x->in = x->out = (struct frame_list){.first = 0};
    rc = steal_chunk(x, chunk);
    if (!rc)
        rc = alloc_chunk(x);
    if (rc)
        undo_chunk(x);
    else
        finish_chunk(x, chunk);
    return rc;
}

/* Checks that the sizes are in range and agree. */
static bool exchange_sizes_ok(const struct xen_memory_exchange *a)
{
    uint32_t in = a->in.extent_order, out = a->out.extent_order;

    return a->nr_exchanged <= a->in.nr_extents && a->in.domid == a->out.domid && in <= MAX_ORDER && out <= MAX_ORDER &&
           a->in.nr_extents <= UINT32_MAX >> in && a->out.nr_extents <= UINT32_MAX >> out &&
           a->in.nr_extents << in == a->out.nr_extents << out;
}

static int check_exchange(struct exchange *x)
{
    struct xen_memory_exchange *a = &x->args;
    int rc;

    if (!exchange_sizes_ok(a))
        return refuse(REFUSED_memory_sizes, -EINVAL, INVALID_MFN, a->in.nr_extents);
    if (!guest_array_ok(a->in.extent_start, a->in.nr_extents, sizeof(xen_pfn_t)))
        return refuse_pointer(a->in.extent_start);
    if (!guest_array_ok(a->out.extent_start, a->out.nr_extents, sizeof(xen_pfn_t)))
        return refuse_pointer(a->out.extent_start);
    if (!order_allowed(MAX(a->in.extent_order, a->out.extent_order)))
        return refuse(REFUSED_memory_order, -EPERM, INVALID_MFN, MAX(a->in.extent_order, a->out.extent_order));
    rc = target_domain(a->in.domid, &x->d);
    if (rc)
        return rc;
    if (!frame_limit(a->out.mem_flags, &x->below))
        return refuse(REFUSED_memory_none, -ENOMEM, INVALID_MFN, a->out.extent_order);
    return 0;
}

static __may_switch int run_exchange(struct exchange *x)
{
    uint32_t in = x->args.in.extent_order, out = x->args.out.extent_order, chunk;
    int rc;

    x->in_chunk_order = in < out ? out - in : 0;
    x->out_chunk_order = out < in ? in - out : 0;
    chunk = x->args.nr_exchanged >> x->in_chunk_order;
    hold_domain(x->d);
    rc = begin_operation(x->d);
    if (!rc) {
        while (!rc && chunk < x->args.in.nr_extents >> x->in_chunk_order) {
            rc = exchange_chunk(x, chunk);
            if (!rc)
                chunk++;
            if (!rc && (step_due(&x->steps) || others_wait()) && pause_operation(x->d))
                rc = -ERESTART;
        }
        end_operation();
    }
    release_domain(x->d);
    spend(x->steps * FRAME_STEPS);
    x->args.nr_exchanged = chunk << x->in_chunk_order;
    return rc;
}

long memory_exchange(struct xen_memory_exchange *arg)
{
    struct exchange x = {0};
    int rc;

    if (copy_from_guest(&x.args, arg, sizeof(x.args)))
        return refuse_pointer(arg);
    rc = check_exchange(&x);
    if (!rc)
        rc = run_exchange(&x);
    if (__put_guest_u32(x.args.nr_exchanged, &arg->nr_exchanged))
        rc = refuse_pointer(&arg->nr_exchanged);
    if (rc == -ERESTART)
        return restart_call(__HYPERVISOR_memory_op, 0, 0, 0, 0);
    return rc;
}
