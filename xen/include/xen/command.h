/* SPDX-License-Identifier: MIT */
/* Hypercalls that are a command and a pointer: each command has a structure of its own. In a switch over the commands,
 * with the guest's pointer in `arg`. */
#ifndef XEN_COMMAND_H
#define XEN_COMMAND_H

#include <asm/guest_access.h>

/* Copies the argument in, and where the call answers in it, out again. If that fails, the call has failed: `undo` takes
 * back what it did, which `op` tells. */
#define COMMAND_UNDO(handler, type, answers, undo)                     \
    {                                                                  \
        struct type op;                                                \
        long rc;                                                       \
                                                                       \
        if (copy_from_guest(&op, arg, sizeof(op)))                     \
            return -EFAULT;                                            \
        rc = handler(&op);                                             \
        if ((answers) && !rc && copy_to_guest(arg, &op, sizeof(op))) { \
            undo;                                                      \
            rc = -EFAULT;                                              \
        }                                                              \
        return rc;                                                     \
    }
#define COMMAND(handler, type, answers) COMMAND_UNDO(handler, type, answers, (void)0)

#endif
