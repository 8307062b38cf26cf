/* SPDX-License-Identifier: MIT */
/* The hypervisor's auditor (public/int82.h), where there is one. */
#ifndef GUEST_AUDIT_H
#define GUEST_AUDIT_H

#include <guest/guest.h>
#include <public/int82.h>

/* Returns the answer as it is: 0 or an error; -ENOSYS on a hypervisor that has no auditor, -EPERM unless privileged. */
int audit_read(struct int82_audit *answer);

/* 0: nothing is wrong, or there is no auditor that we may ask. Otherwise text says what is wrong, or how the audit
 * itself failed. */
int audit(char *text, uint32_t size);

#endif
