/* domctl: what its two files owe each other, and sysctl. */
#ifndef XEN_CONTROL_H
#define XEN_CONTROL_H

#include <xen/sched.h>
#include <public/domctl.h>

void get_domain_info(const struct domain *d, struct xen_domctl_getdomaininfo *info);

/* Each works on the hypervisor's copy of the argument. d is held, and not dying. */
typedef long domctl_t(struct domain *d, struct xen_domctl *op);

/* arch/x86/domain/domctl.c */
__may_switch domctl_t domctl_getmemlist, domctl_getpageframeinfo2;
domctl_t domctl_getpageframeinfo, domctl_hypercall_init, domctl_ext_vcpucontext, domctl_gettscinfo, domctl_settscinfo;

#endif
