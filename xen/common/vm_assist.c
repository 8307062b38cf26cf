/* vm_assist: switches optional behaviour on and off. Who acts on a bit looks at domain.vm_assist. */
#include <public/errno.h>
#include <xen/hypercall.h>
#include <xen/sched.h>

long do_vm_assist(uint32_t cmd, uint32_t type)
{
    struct domain *d = this_cpu.domain;

    if (type > MAX_VMASST_TYPE)
        return -EINVAL;
    switch (cmd) {
    case VMASST_CMD_enable:
        d->vm_assist |= 1u << type;
        return 0;
    case VMASST_CMD_disable:
        d->vm_assist &= ~(1u << type);
        return 0;
    default:
        return -ENOSYS;
    }
}
