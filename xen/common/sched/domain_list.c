/* SPDX-License-Identifier: MIT */
/* Which domains there are. Everybody looks them up; common/domain/domain.c makes them, and takes them away. */
#include <public/errno.h>
#include <xen/domain.h>
#include <xen/refused.h>

struct domain *domain_list, *dying_list, *dom0, *dom_io, *dom_xen, *idle_domain;
struct domain *domain_numbered[DOMID_FIRST_RESERVED];

struct domain *domain_by_number(uint16_t domid)
{
    return domid < DOMID_FIRST_RESERVED ? domain_numbered[domid] : NULL;
}

struct domain *domain_by_id(uint16_t domid)
{
    if (domid < DOMID_FIRST_RESERVED)
        return domain_numbered[domid];
    return domid == DOMID_SELF ? this_cpu.domain : NULL;
}

struct domain *next_domain(uint32_t domid)
{
    struct domain *d, *next = domid < DOMID_FIRST_RESERVED ? domain_numbered[domid] : NULL;

    if (next)
        return next;
    for_each_domain(d) if (d->domain_id >= domid)
    {
        next = d;
        break;
    }
    for (d = dying_list; d; d = d->next)
        if (d->domain_id >= domid && (!next || d->domain_id < next->domain_id))
            next = d;
    return next;
}

int target_domain(uint16_t domid, struct domain **d)
{
    *d = domain_by_id(domid);
    if (!*d)
        return refuse(REFUSED_other_domain, -ESRCH, INVALID_MFN, domid);
    /* As on Xen: who is not privileged may not even call itself by its number. */
    if (domid != DOMID_SELF && !this_cpu.domain->is_privileged)
        return refuse(REFUSED_other_domain, -EPERM, INVALID_MFN, domid);
    return 0;
}
