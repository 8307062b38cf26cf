/* SPDX-License-Identifier: MIT */
/* How domain 0 operates the hypervisor: dom0_op and sysctl, and what domctl has for sysctl. */
#ifndef XEN_CONTROL_H
#define XEN_CONTROL_H

#include <xen/sched.h>
#include <public/domctl.h>
#include <public/platform.h>
#include <public/sysctl.h>

/* --- dom0_op and sysctl (common/control/call.c) */

/* Their arguments have the same form: a command, a version, and the command's structure. */
union control_arg {
    struct {
        uint32_t cmd, interface_version;
    };
    xen_platform_op_t platform;
    xen_sysctl_t sysctl;
};
_Static_assert(sizeof(xen_platform_op_t) == sizeof(xen_sysctl_t), "copied as one");

/* A command's function works on the hypervisor's copy of the argument. */
struct control_op {
    uint32_t cmd;
    long (*function)(union control_arg *op);
    enum {
        SILENT,
        ANSWERS,     /* in the argument: it is copied back when the result is 0 */
        KEEPS_PLACE, /* in the argument: it is copied back when the result is -ERESTART */
    } copy_back;
};

struct control_call {
    uint32_t number, interface_version;
    const struct control_op *operations;
    uint32_t nr_operations; /* commands that are not among them answer -ENOSYS */
};
__may_switch long control_call(const struct control_call *call, void *arg);

/* What ACPI says of the processor's power states (common/control/power_states.c). */
long set_power_states(const struct xenpf_set_processor_pminfo *info);

/* --- domctl */

void get_domain_info(const struct domain *d, struct xen_domctl_getdomaininfo *info);

#endif
