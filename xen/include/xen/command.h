/* SPDX-License-Identifier: MIT */
/* For hypercalls with a command and a pointer to the command's structure. Used in a switch over the commands, with the
 * guest's pointer in `arg`. */
#ifndef XEN_COMMAND_H
#define XEN_COMMAND_H

#include <asm/guest_access.h>
#include <xen/refused.h>

/* Copies the argument in, and out again if the command answers in it. If that copy fails, the call fails, and `undo`
 * takes back what `op` says that it did. */
#define COMMAND_UNDO(handler, type, answers, undo)                     \
    {                                                                  \
        struct type op;                                                \
        long rc;                                                       \
                                                                       \
        if (copy_from_guest(&op, arg, sizeof(op)))                     \
            return refuse_pointer(arg);                                \
        rc = handler(&op);                                             \
        if ((answers) && !rc && copy_to_guest(arg, &op, sizeof(op))) { \
            undo;                                                      \
            rc = refuse_pointer(arg);                                  \
        }                                                              \
        return rc;                                                     \
    }
#define COMMAND(handler, type, answers) COMMAND_UNDO(handler, type, answers, (void)0)

#endif
