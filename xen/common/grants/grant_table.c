/* SPDX-License-Identifier: MIT */
/*
 * Grants, version 1 of the table. The granter writes an entry (frame, to whom, how) into frames that it shares with the
 * hypervisor. The other domain names the entry by its number, and has the frame mapped or copied. This file has the
 * table, the questions about it, and the hypercall; grants.h lists the other files.
 */
#include "grants.h"

/* --- The table */

static bool add_active_pages(struct grant_table *t, uint32_t frame)
{
    const uint32_t per_frame = ENTRIES_PER_FRAME / ACTIVE_PER_PAGE;

    for (uint32_t i = frame * per_frame; i < (frame + 1) * per_frame; i++)
        if (!t->active[i]) { /* one may be left from an attempt that ran out of memory */
            t->active[i] = alloc_heap_pages(0);
            if (!t->active[i])
                return false;
        }
    return true;
}

/* Adds a frame to the table. */
static bool grow_by_one(struct domain *d)
{
    struct grant_table *t = d->grants;
    void *page = add_active_pages(t, t->nr_frames) ? alloc_heap_pages(0) : NULL;

    if (!page)
        return false;
    t->shared[t->nr_frames] = page;
    share_frame_with(d, virt_to_mfn(page), true);
    t->nr_frames++;
    return true;
}

static bool grow_table(struct domain *d, uint32_t nr_frames)
{
    while (d->grants->nr_frames < nr_frames) {
        if (!grow_by_one(d))
            return false;
    }
    return true;
}

int create_grant_table(struct domain *d)
{
    d->grants = alloc_heap_pages(0);
    if (!d->grants)
        return -ENOMEM;
    d->grants->free_handle = NO_HANDLE;
    if (grow_table(d, INITIAL_GRANT_FRAMES))
        return 0;
    destroy_grant_table(d);
    return -ENOMEM;
}

/* One reference to each frame is the hypervisor's own. */
bool grant_table_in_use(const struct domain *d)
{
    for (uint32_t i = 0; i < d->grants->nr_frames; i++)
        if ((mfn_to_page(virt_to_mfn(d->grants->shared[i]))->count & PGC_count) > 1)
            return true;
    return false;
}

void destroy_grant_table(struct domain *d)
{
    struct grant_table *t = d->grants;

    if (!t)
        return;
    for (uint32_t i = 0; i < t->nr_frames; i++) {
        unshare_frame(virt_to_mfn(t->shared[i]));
        free_heap_pages(t->shared[i], 0);
    }
    for (uint32_t i = 0; i < ACTIVE_PAGES; i++)
        if (t->active[i])
            free_heap_pages(t->active[i], 0);
    for (uint32_t i = 0; i < t->mapping_pages; i++)
        free_heap_pages(t->mapping[i], 0);
    free_heap_pages(t, 0);
    d->grants = NULL;
}

/* --- The rest */

OPERATION swap_refs(struct gnttab_swap_grant_ref *op)
{
    struct grant_table *t = this_cpu.domain->grants;
    grant_entry_v1_t *a, *b, was_a;

    if (!ref_ok(t, op->ref_a) || !ref_ok(t, op->ref_b)) {
        op->status = GNTST_bad_gntref;
        return;
    }
    if (active_entry(t, op->ref_a)->pin || active_entry(t, op->ref_b)->pin) {
        op->status = GNTST_eagain;
        return;
    }
    a = shared_entry(t, op->ref_a);
    b = shared_entry(t, op->ref_b);
    was_a = *a;
    *a = *b;
    *b = was_a;
    op->status = GNTST_okay;
}

/* GNTST_* */
static int table_of(domid_t domid, struct domain **d)
{
    int rc = target_domain(domid, d);

    if (rc)
        return rc == -ESRCH ? GNTST_bad_domain : GNTST_permission_denied;
    return (*d)->grants ? GNTST_okay : GNTST_bad_domain;
}

/* With points where others may run. GNTST_* or -ERESTART. */
static __may_switch int grow_slowly(struct domain *d, uint32_t nr_frames)
{
    while (d->grants->nr_frames < nr_frames) {
        if (!grow_by_one(d))
            return GNTST_general_error;
        if (effort_spent() && pause_point())
            return -ERESTART;
    }
    return GNTST_okay;
}

static int list_frames(const struct domain *d, const struct gnttab_setup_table *op)
{
    spend(op->nr_frames * 3);
    for (uint32_t i = 0; i < op->nr_frames; i++) {
        xen_pfn_t mfn = virt_to_mfn(d->grants->shared[i]);

        (void)copy_to_guest(op->frame_list + i, &mfn, sizeof(mfn)); /* as on Xen, an error here is ignored */
    }
    return GNTST_okay;
}

static __may_switch int setup_table(const struct gnttab_setup_table *op)
{
    struct domain *d;
    int rc;

    if (op->nr_frames > MAX_GRANT_FRAMES)
        return GNTST_general_error;
    rc = table_of(op->dom, &d);
    if (rc)
        return rc;
    if (!d->grants->version)
        d->grants->version = 1;
    hold_domain(d); /* others may run while its table grows */
    rc = grow_slowly(d, op->nr_frames) ?: list_frames(d, op);
    release_domain(d);
    return rc;
}

static __may_switch long do_setup_table(void *arg)
{
    struct gnttab_setup_table op;
    int rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    rc = setup_table(&op);
    if (rc == -ERESTART)
        return restart_call(__HYPERVISOR_grant_table_op, 0, 0, 0, 0);
    op.status = rc;
    return copy_to_guest(arg, &op, sizeof(op));
}

static long query_size(void *arg)
{
    struct gnttab_query_size op;
    struct domain *d;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    op.status = table_of(op.dom, &d);
    if (!op.status) {
        op.nr_frames = d->grants->nr_frames;
        op.max_nr_frames = MAX_GRANT_FRAMES;
    }
    return copy_to_guest(arg, &op, sizeof(op));
}

/* There is only version 1. A kernel that asks for version 2 gets the answer of a hypervisor without it, and uses 1. */
static long set_version(void *arg)
{
    struct gnttab_set_version op;
    long rc = 0;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.version == 2)
        return -ENOSYS;
    if (op.version == 1)
        this_cpu.domain->grants->version = 1;
    else
        rc = -EINVAL;
    op.version = this_cpu.domain->grants->version;
    return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : rc;
}

static long get_version(void *arg)
{
    struct gnttab_get_version op;
    struct domain *d;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    rc = target_domain(op.dom, &d);
    if (rc)
        return rc;
    op.version = d->grants ? d->grants->version : 0;
    return copy_to_guest(arg, &op, sizeof(op));
}

/* Version 1 has no status frames, so the answer is 0. */
static long get_status_frames(void *arg)
{
    struct gnttab_get_status_frames op;
    struct domain *d;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    op.status = table_of(op.dom, &d);
    if (!op.status && op.nr_frames)
        op.status = GNTST_general_error;
    return copy_to_guest(arg, &op, sizeof(op));
}

static __attribute__((noinline)) __may_switch long swap_all(void *arg, uint32_t count)
{
    EACH(GNTTABOP_swap_grant_ref, gnttab_swap_grant_ref, status, swap_refs);
}

long do_grant_table_op(uint32_t cmd, void *arg, uint32_t count)
{
    if ((int32_t)count < 0)
        return -EINVAL;
    switch (cmd) {
    case GNTTABOP_map_grant_ref:
        return map_grants(arg, count);
    case GNTTABOP_unmap_grant_ref:
        return unmap_grants(arg, count);
    case GNTTABOP_unmap_and_replace:
        return replace_grants(arg, count);
    case GNTTABOP_transfer:
        return transfer_grants(arg, count);
    case GNTTABOP_copy:
        return copy_grants(arg, count);
    case GNTTABOP_swap_grant_ref:
        return swap_all(arg, count);
    case GNTTABOP_setup_table:
        return count == 1 ? do_setup_table(arg) : -EINVAL;
    case GNTTABOP_query_size:
        return count == 1 ? query_size(arg) : -EINVAL;
    case GNTTABOP_get_status_frames:
        return count == 1 ? get_status_frames(arg) : -EINVAL;
    case GNTTABOP_set_version:
        return set_version(arg);
    case GNTTABOP_get_version:
        return get_version(arg);
    default: /* dump_table included, as on Xen */
        return refuse(REFUSED_command, -ENOSYS, INVALID_MFN, cmd);
    }
}
