/* SPDX-License-Identifier: MIT */
/* Grants: a domain lets another map, or have copied, single frames of its own (common/grants). */
#ifndef XEN_GRANT_TABLE_H
#define XEN_GRANT_TABLE_H

#include <xen/sched.h>

int create_grant_table(struct domain *d);                   /* 0 or -ENOMEM */
__may_switch void release_grant_mappings(struct domain *d); /* d ends: drops what it has mapped of others */
bool grant_table_in_use(const struct domain *d);            /* somebody still maps the table itself */
void destroy_grant_table(struct domain *d);

#endif
