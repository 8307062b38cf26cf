/* SPDX-License-Identifier: MIT */
/* vm_assist: switches optional behaviour on and off. The code that a bit is about reads domain.vm_assist; only the iret
 * hypercall reads arch.on_iret of the vCPU instead. */
#include <public/errno.h>
#include <xen/domain.h>
#include <xen/hypercall.h>

void set_vm_assist(struct domain *d, uint32_t bits)
{
    struct vcpu *v;

    d->vm_assist = bits;
    for_each_vcpu(d, v)
    {
        v->arch.on_iret &= ~ON_IRET_IOPL;
        if (bits & 1u << VMASST_TYPE_architectural_iopl)
            v->arch.on_iret |= ON_IRET_IOPL;
    }
}

long do_vm_assist(uint32_t cmd, uint32_t type)
{
    struct domain *d = this_cpu.domain;

    if (type > MAX_VMASST_TYPE)
        return -EINVAL;
    switch (cmd) {
    case VMASST_CMD_enable:
        set_vm_assist(d, d->vm_assist | 1u << type);
        return 0;
    case VMASST_CMD_disable:
        set_vm_assist(d, d->vm_assist & ~(1u << type));
        return 0;
    default:
        return -ENOSYS;
    }
}
