/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_transfer: the caller gives a frame of its own away, with its contents, to a domain that has an entry open
 * for one. As on Xen, a frame that nobody else refers to leaves the caller in any case: if it is not accepted, it is
 * freed.
 */
#include "grants.h"

/* The entry is read once. Flags and domain are one word. */
static bool commit_entry(const struct domain *to, grant_ref_t ref)
{
    const struct grant_table *t = to->grants;
    grant_entry_v1_t *entry;
    uint32_t word;

    if (!t || !t->version || !ref_ok(t, ref))
        return false;
    entry = shared_entry(t, ref);
    word = ACCESS_ONCE(*(uint32_t *)entry);
    if ((uint16_t)word != GTF_accept_transfer || word >> 16 != this_cpu.domain->domain_id)
        return false;
    ACCESS_ONCE(*(uint32_t *)entry) = word | GTF_transfer_committed;
    return true;
}

static void complete_entry(const struct domain *to, grant_ref_t ref, mfn_t frame)
{
    grant_entry_v1_t *entry = shared_entry(to->grants, ref);

    ACCESS_ONCE(entry->frame) = frame;
    barrier();
    ACCESS_ONCE(entry->flags) |= GTF_transfer_completed;
}

static bool has_room(const struct domain *to)
{
    uint32_t others = to->tot_pages - (to == this_cpu.domain); /* without the frame itself */

    return !to->is_dying && others < to->max_pages;
}

static COLD int refuse_transfer(const struct gnttab_transfer *op, const struct domain *to)
{
    if (!to)
        return refuse(REFUSED_grant_domain, GNTST_bad_domain, INVALID_MFN, op->domid);
    if (!has_room(to))
        return refuse(REFUSED_memory_limit, GNTST_general_error, INVALID_MFN, to->max_pages);
    return refuse(REFUSED_grant_transfer, GNTST_general_error, INVALID_MFN, op->ref);
}

/* to NULL: there is no such domain. GNTST_*. */
static __may_switch int give_frame(const struct gnttab_transfer *op, struct domain *to)
{
    struct domain *d = this_cpu.domain;
    struct page_info *page = mfn_to_page(op->mfn);

    if (op->mfn >= max_page || !steal_page(page, d))
        return refuse_taking(GNTST_bad_page, op->mfn, d);
    if (!to || !has_room(to) || !commit_entry(to, op->ref)) {
        return_page(page, d);
        relinquish_page(page);
        return refuse_transfer(op, to);
    }
    d->tot_pages--;
    page->stamp = this_cpu.tlb_clock; /* the TLB may still have a mapping through which d could read it */
    assign_page(to, op->mfn);
    complete_entry(to, op->ref, op->mfn);
    return GNTST_okay;
}

/* 0 or -ERESTART; the result is in op. */
static __may_switch int transfer(struct gnttab_transfer *op)
{
    struct domain *to = domain_by_number(op->domid); /* as on Xen, DOMID_SELF is none */
    int rc = 0;

    if (to) {
        hold_domain(to);
        rc = begin_operation(to);
    }
    if (rc != -ERESTART) {
        op->status = give_frame(op, to);
        end_operation();
        rc = 0;
    }
    if (to)
        release_domain(to);
    return rc;
}

long transfer_grants(void *arg, uint32_t count)
{
    struct gnttab_transfer op, *at = arg;

    if (!guest_array_ok(arg, count, sizeof(op)))
        return refuse_pointer(arg);
    while (count) {
        if (copy_from_guest(&op, at, sizeof(op)))
            return refuse_pointer(at);
        if (transfer(&op))
            break;
        if (copy_to_guest(at, &op, sizeof(op)))
            return refuse_pointer(at);
        at++;
        if (--count && pause_point())
            break;
    }
    return count ? restart_call(__HYPERVISOR_grant_table_op, 3, GNTTABOP_transfer, (uint32_t)at, count) : 0;
}
