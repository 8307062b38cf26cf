/* SPDX-License-Identifier: MIT */
/* The dispatcher of dom0_op and sysctl. */
#include <asm/guest_access.h>
#include <xen/control.h>
#include <xen/operation.h>

static const struct control_op *find_operation(const struct control_call *call, uint32_t cmd)
{
    for (uint32_t i = 0; i < call->nr_operations; i++)
        if (call->operations[i].cmd == cmd)
            return &call->operations[i];
    return NULL;
}

long control_call(const struct control_call *call, void *arg)
{
    const struct control_op *o;
    union control_arg op;
    long rc;

    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.interface_version != call->interface_version)
        return -EACCES;
    o = find_operation(call, op.cmd);
    if (!o)
        return -ENOSYS;
    rc = o->function(&op);
    if ((!rc && o->copy_back == ANSWERS) || (rc == -ERESTART && o->copy_back == KEEPS_PLACE))
        if (copy_to_guest(arg, &op, sizeof(op)))
            return -EFAULT;
    return rc == -ERESTART ? restart_call(call->number, 0, 0, 0, 0) : rc;
}
