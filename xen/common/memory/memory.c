/*
 * memory_op: what memory a domain has, and changing it. The calls on many extents answer how many were done, and stop
 * at the first that fails.
 */
#include <asm/guest_access.h>
#include <asm/mm.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/machine.h>
#include <xen/operation.h>

#define MAX_ORDER        20 /* of an extent */
#define MAX_SHARED_ORDER 9  /* that anybody may ask for: 2 MiB; more only who is privileged */
#define PREEMPT_EVERY    64
#define FRAME_STEPS      10 /* of a frame given or taken, in the units of spend() */
#define COMMAND_BITS     6  /* of the command; above them Xen keeps where a continued call goes on */
#define COMMAND_MASK     ((1u << COMMAND_BITS) - 1)

/* One of the three calls on a reservation. */
struct reservation_op {
    struct domain *d;
    xen_pfn_t *list;
    uint32_t nr_extents;
    uint32_t order;
    mfn_t below; /* frames must lie under it */
    uint32_t steps;
    bool leave; /* before all of it is done: the call is to be made again */
};

static bool order_allowed(uint32_t order)
{
    return order <= (this_cpu.domain->is_privileged ? MAX_ORDER : MAX_SHARED_ORDER);
}

/* One frame more: whether others should run first. */
static inline bool step_due(uint32_t *steps)
{
    if (likely((*steps)++ < PREEMPT_EVERY) && likely(!effort_spent()))
        return false;
    *steps = 1;
    return true;
}

/* A frame of many that belong together. */
static inline __may_switch void step(uint32_t *steps)
{
    if (unlikely(step_due(steps)))
        preempt_point();
}

/* An extent, before which nothing is half done. True: stop. Who waits does not depend on the count of steps: their last
 * one may fall into the middle of an extent each time. */
static inline __may_switch bool next_extent(struct reservation_op *op)
{
    return unlikely(step_due(&op->steps) || others_wait()) && (op->leave = pause_operation(op->d));
}

/* The limit that mem_flags set. False: nothing lies that low. */
static bool frame_limit(uint32_t mem_flags, mfn_t *below)
{
    uint32_t bits = XENMEMF_get_address_bits(mem_flags);

    *below = INVALID_MFN;
    if (!bits || bits >= 32 + PAGE_SHIFT)
        return true;
    if (bits <= PAGE_SHIFT)
        return false;
    *below = 1u << (bits - PAGE_SHIFT);
    return true;
}

/* --- Single frames */

/* The domain gives up its own reference, and the pin if there is one. The frame is free when nothing maps it any more.
 */
static __may_switch bool remove_page(struct domain *d, mfn_t mfn)
{
    struct page_info *page;

    if (mfn >= max_page)
        return false;
    page = mfn_to_page(mfn);
    if (!get_page(page, d))
        return false;
    if (page->type_info & PGT_pinned) {
        page->type_info &= ~PGT_pinned;
        put_page_and_table(page);
    }
    if (page->count & PGC_allocated) {
        page->count &= ~PGC_allocated;
        put_page(page);
    }
    put_page(page);
    return true;
}

#define NO_PFN UINT32_MAX

/* Frames that nobody has become d's, and stand at pfn in its memory if it said so. */
static __may_switch void give_frames(struct domain *d, mfn_t mfn, uint32_t count, xen_pfn_t pfn)
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
    mfn_t mfn;

    if (d->tot_pages > d->max_pages || count > d->max_pages - d->tot_pages)
        return INVALID_MFN;
    mfn = alloc_dom_frames(order, below);
    if (mfn != INVALID_MFN)
        give_frames(d, mfn, count, pfn);
    return mfn;
}

static __may_switch uint32_t increase_reservation(struct reservation_op *op)
{
    uint32_t i;
    mfn_t mfn;

    if ((op->list && !guest_array_ok(op->list, op->nr_extents, sizeof(mfn))) || !order_allowed(op->order))
        return 0;
    for (i = 0; i < op->nr_extents; i++) {
        if (next_extent(op))
            break;
        mfn = give_extent(op->d, op->order, op->below, NO_PFN);
        if (mfn == INVALID_MFN || (op->list && __put_guest_u32(mfn, &op->list[i])))
            break;
    }
    return i;
}

static __may_switch uint32_t populate_physmap(struct reservation_op *op)
{
    xen_pfn_t pfn;
    uint32_t i;
    mfn_t mfn;

    if (!guest_array_ok(op->list, op->nr_extents, sizeof(pfn)) || !order_allowed(op->order))
        return 0;
    for (i = 0; i < op->nr_extents; i++) {
        if (next_extent(op) || __get_guest_u32(&pfn, &op->list[i]))
            break;
        mfn = give_extent(op->d, op->order, op->below, pfn);
        if (mfn == INVALID_MFN || __put_guest_u32(mfn, &op->list[i]))
            break;
    }
    return i;
}

/* --- Fewer frames */

static __may_switch uint32_t decrease_reservation(struct reservation_op *op)
{
    xen_pfn_t mfn;
    uint32_t i;

    if (!guest_array_ok(op->list, op->nr_extents, sizeof(mfn)) || op->order > MAX_ORDER)
        return 0;
    for (i = 0; i < op->nr_extents; i++) {
        if (next_extent(op) || __get_guest_u32(&mfn, &op->list[i]))
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

static __may_switch long change_reservation(uint32_t cmd, const void *arg)
{
    uint32_t start = cmd >> COMMAND_BITS, done = 0;
    struct xen_memory_reservation r;
    struct reservation_op op = {0};
    int rc;

    /* All that is wrong with the argument means, as on Xen, that nothing was done. */
    if (copy_from_guest(&r, arg, sizeof(r)) || r.nr_extents > UINT32_MAX >> COMMAND_BITS || start >= r.nr_extents ||
        !frame_limit(r.mem_flags, &op.below) || target_domain(r.domid, &op.d))
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

/* --- Exchange: frames are given away and others taken instead, a chunk at a time, each of them all or nothing */

/*
 * Frames between two owners. They have none, nothing refers to them, and nobody else can find them: so the word with
 * their type links them.
 */
struct frame_list {
    mfn_t first;
    uint32_t count;
};

static void push_frame(struct frame_list *list, mfn_t mfn)
{
    mfn_to_page(mfn)->type_info = list->first;
    list->first = mfn;
    list->count++;
}

static mfn_t pop_frame(struct frame_list *list)
{
    mfn_t mfn = list->first;

    list->first = mfn_to_page(mfn)->type_info;
    list->count--;
    mfn_to_page(mfn)->type_info = PGT_none;
    return mfn;
}

struct exchange {
    struct domain *d;
    struct xen_memory_exchange args;
    uint32_t in_chunk_order, out_chunk_order; /* extents of either kind in a chunk */
    mfn_t below;
    uint32_t steps;
    struct frame_list in, out; /* out: the first frame of each extent */
};

/* Takes a frame from its owner, if nothing but that owner's own reference is left. It still counts as the domain's. */
static bool steal_frame(struct domain *d, mfn_t mfn, struct frame_list *list)
{
    struct page_info *page;

    if (mfn >= max_page)
        return false;
    page = mfn_to_page(mfn);
    if (page->owner != d || page->count != (PGC_allocated | 1) || page->type_info >= PGT_one)
        return false;
    page->count = 0;
    page->owner = NULL;
    push_frame(list, mfn);
    return true;
}

static void return_frame(struct domain *d, mfn_t mfn)
{
    struct page_info *page = mfn_to_page(mfn);

    page->owner = d;
    barrier();
    page->count = PGC_allocated | 1;
}

static __may_switch int steal_chunk(struct exchange *x, uint32_t chunk)
{
    const xen_pfn_t *list = x->args.in.extent_start + (chunk << x->in_chunk_order);
    xen_pfn_t mfn;

    for (uint32_t i = 0; i < 1u << x->in_chunk_order; i++) {
        if (__get_guest_u32(&mfn, &list[i]))
            return -EFAULT;
        for (uint32_t j = 0; j < 1u << x->args.in.extent_order; j++) {
            step(&x->steps);
            if (!steal_frame(x->d, mfn + j, &x->in))
                return -EINVAL;
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
            return -ENOMEM;
        push_frame(&x->out, mfn);
        step(&x->steps);
    }
    return 0;
}

static __may_switch void undo_chunk(struct exchange *x)
{
    /* Linking has wiped out what type they had, and so whether taking another one needs a flush. */
    if (x->in.count)
        flush_tlb_now();
    while (x->in.count) {
        return_frame(x->d, pop_frame(&x->in));
        step(&x->steps);
    }
    while (x->out.count)
        free_extent(pop_frame(&x->out), x->args.out.extent_order);
}

/* From here on the chunk cannot fail. What is wrong with the list of results is the caller's loss, as on Xen. */
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
        mfn_t mfn = pop_frame(&x->in);

        return_frame(x->d, mfn);
        mfn_to_page(mfn)->count = 1;
        put_page(mfn_to_page(mfn));
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

/* Sizes fit and agree. */
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
        return -EINVAL;
    if (!guest_array_ok(a->in.extent_start, a->in.nr_extents, sizeof(xen_pfn_t)) ||
        !guest_array_ok(a->out.extent_start, a->out.nr_extents, sizeof(xen_pfn_t)))
        return -EFAULT;
    if (!order_allowed(a->in.extent_order) || !order_allowed(a->out.extent_order))
        return -EPERM;
    rc = target_domain(a->in.domid, &x->d);
    if (rc)
        return rc;
    return frame_limit(a->out.mem_flags, &x->below) ? 0 : -ENOMEM;
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

static __may_switch long memory_exchange(struct xen_memory_exchange *arg)
{
    struct exchange x = {0};
    int rc;

    if (copy_from_guest(&x.args, arg, sizeof(x.args)))
        return -EFAULT;
    rc = check_exchange(&x);
    if (!rc)
        rc = run_exchange(&x);
    if (__put_guest_u32(x.args.nr_exchanged, &arg->nr_exchanged))
        rc = -EFAULT;
    if (rc == -ERESTART)
        return restart_call(__HYPERVISOR_memory_op, 0, 0, 0, 0);
    return rc;
}

/* --- Questions */

static long reservation_size(uint32_t cmd, const domid_t *arg)
{
    struct domain *d;
    domid_t domid;
    long rc;

    if (copy_from_guest(&domid, arg, sizeof(domid)))
        return -EFAULT;
    rc = target_domain(domid, &d);
    if (rc)
        return rc;
    switch (cmd) {
    case XENMEM_current_reservation:
        return d->tot_pages;
    case XENMEM_maximum_reservation:
        return MIN(d->max_pages, (uint32_t)INT32_MAX); /* an error it is not, however much that may be */
    default: /* maximum_gpfn: what the guest itself says, if it does; its translation is its own affair */
        return (d->shared_info->arch.max_pfn ?: d->tot_pages) - 1;
    }
}

static long machphys_mapping(struct xen_machphys_mapping *arg)
{
    struct xen_machphys_mapping m = {
        .v_start = MACH2PHYS_VIRT_START,
        .v_end = MACH2PHYS_VIRT_END,
        .max_mfn = this_cpu.domain == dom0 ? max_page - 1 : MACH2PHYS_NR_ENTRIES - 1,
    };

    return copy_to_guest(arg, &m, sizeof(m));
}

/* One frame for each 2 MiB of the table; those that are not there are shown as the one before. */
static long machphys_mfn_list(struct xen_machphys_mfn_list *arg)
{
    struct xen_machphys_mfn_list l;
    uint32_t size = max_page * sizeof(uint32_t), max;

    if (copy_from_guest(&l, arg, sizeof(l)))
        return -EFAULT;
    max = MIN(l.max_extents, (size + (1u << L2_SHIFT) - 1) >> L2_SHIFT);
    if (!guest_array_ok(l.extent_start, max, sizeof(xen_pfn_t)))
        return -EFAULT;
    for (uint32_t i = 0; i < max; i++)
        if (__put_guest_u32(machphys_frame(i), &l.extent_start[i]))
            return -EFAULT;
    l.nr_extents = max;
    return copy_to_guest(arg, &l, sizeof(l));
}

/* --- Memory maps */

/* m: the caller's argument, arg: where it is. */
static long answer_map(struct xen_memory_map *m, struct xen_memory_map *arg, const struct e820entry *map,
                       uint32_t count)
{
    m->nr_entries = MIN(m->nr_entries, count);
    if (copy_to_guest(m->buffer, map, m->nr_entries * sizeof(*map)))
        return -EFAULT;
    return copy_to_guest(arg, m, sizeof(*m));
}

static long memory_map(struct xen_memory_map *arg)
{
    const struct domain *d = this_cpu.domain;
    struct xen_memory_map m;

    if (copy_from_guest(&m, arg, sizeof(m)))
        return -EFAULT;
    return d->memory_map_entries ? answer_map(&m, arg, d->memory_map, d->memory_map_entries) : -ENOSYS;
}

_Static_assert(E820_MAX * sizeof(struct e820entry) <= PAGE_SIZE, "a map fits into a page");

static long set_memory_map(const struct xen_foreign_memory_map *arg)
{
    struct xen_foreign_memory_map m;
    struct domain *d;
    void *map;
    long rc;

    if (copy_from_guest(&m, arg, sizeof(m)))
        return -EFAULT;
    if (m.map.nr_entries > E820_MAX)
        return -EINVAL;
    rc = target_domain(m.domid, &d);
    if (rc)
        return rc;
    map = alloc_heap_pages(0);
    if (!map)
        return -ENOMEM;
    if (copy_from_guest(map, m.map.buffer, m.map.nr_entries * sizeof(struct e820entry))) {
        free_heap_pages(map, 0);
        return -EFAULT;
    }
    if (d->memory_map)
        free_heap_pages(d->memory_map, 0);
    d->memory_map = map;
    d->memory_map_entries = m.map.nr_entries;
    return 0;
}

static long machine_memory_map(struct xen_memory_map *arg)
{
    struct xen_memory_map m;

    if (!this_cpu.domain->is_privileged)
        return -EINVAL;
    if (copy_from_guest(&m, arg, sizeof(m)))
        return -EFAULT;
    if (m.nr_entries < machine_map_entries + 1)
        return -EINVAL;
    return answer_map(&m, arg, machine_map, machine_map_entries);
}

/* --- Calls for guests whose frames the hypervisor translates, which ours are not */

static long add_to_physmap(const struct xen_add_to_physmap *arg)
{
    struct xen_add_to_physmap op;
    struct domain *d;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    rc = target_domain(op.domid, &d);
    return rc ? rc : -EINVAL;
}

static long remove_from_physmap(const struct xen_remove_from_physmap *arg)
{
    struct xen_remove_from_physmap op;
    struct domain *d;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    rc = target_domain(op.domid, &d);
    if (rc)
        return rc;
    return op.gpfn < max_page && mfn_to_page(op.gpfn)->owner == d ? 0 : -ENOENT;
}

long do_memory_op(uint32_t cmd, void *arg)
{
    switch (cmd & COMMAND_MASK) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return change_reservation(cmd, arg);
    case XENMEM_exchange:
        return memory_exchange(arg);
    case XENMEM_maximum_ram_page:
        return max_page;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return reservation_size(cmd & COMMAND_MASK, arg);
    case XENMEM_machphys_mapping:
        return machphys_mapping(arg);
    case XENMEM_machphys_mfn_list:
        return machphys_mfn_list(arg);
    case XENMEM_memory_map:
        return memory_map(arg);
    case XENMEM_set_memory_map:
        return set_memory_map(arg);
    case XENMEM_machine_memory_map:
        return machine_memory_map(arg);
    case XENMEM_add_to_physmap:
        return add_to_physmap(arg);
    case XENMEM_remove_from_physmap:
        return remove_from_physmap(arg);
    default:
        return -ENOSYS;
    }
}
