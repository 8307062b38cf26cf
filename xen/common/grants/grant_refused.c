/* SPDX-License-Identifier: MIT */
/* Why a grant, or a frame that is not granted, could not be used (xen/refused.h). */
#include "grants.h"

enum refusal grant_rule;

int refuse_grant(int status, domid_t domid, uint32_t ref, bool granted)
{
    struct domain *d = domain_by_id(domid);

    if (grant_rule == REFUSED_grant_domain)
        return refuse(grant_rule, status, INVALID_MFN, domid);
    if (!granted)
        return refuse(grant_rule, status, ref, PGT_none);
    if (grant_rule == REFUSED_frame_in_use)
        return refuse(grant_rule, status, active_entry(d->grants, ref)->frame, PGT_none);
    return refuse(grant_rule, status,
                  grant_rule == REFUSED_grant_frame ? active_entry(d->grants, ref)->frame : INVALID_MFN, ref);
}
