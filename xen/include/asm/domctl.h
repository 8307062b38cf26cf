/* SPDX-License-Identifier: MIT */
/* The commands of domctl that belong to the processor, and to frames (arch/x86/domain/domctl.c). */
#ifndef ASM_DOMCTL_H
#define ASM_DOMCTL_H

#include <public/domctl.h>
#include <xen/sched.h>

/* Each works on the hypervisor's copy of the argument. d is held, and not dying. */
typedef long domctl_t(struct domain *d, struct xen_domctl *op);

__may_switch domctl_t domctl_getmemlist, domctl_getpageframeinfo2;
domctl_t domctl_getpageframeinfo, domctl_hypercall_init, domctl_ext_vcpucontext, domctl_gettscinfo, domctl_settscinfo;
domctl_t domctl_iomem_permission, domctl_ioport_permission, domctl_memory_mapping, domctl_ioport_mapping;

/* What the command says is no range that can be, whatever the domain. */
bool domctl_range_ok(const xen_domctl_t *op);

#endif
