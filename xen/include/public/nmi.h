/* SPDX-License-Identifier: MIT */
/* nmi_op(cmd, arg): registers the handler of NMIs. */
#ifndef XEN_PUBLIC_NMI_H
#define XEN_PUBLIC_NMI_H

#include "xen.h"

/* Bits of shared_info.arch.nmi_reason */
#define XEN_NMIREASON_io_error (1UL << 0)
#define XEN_NMIREASON_pci_serr (1UL << 1)
#define XEN_NMIREASON_unknown  (1UL << 2)

#define XENNMI_register_callback   0 /* struct xennmi_callback */
#define XENNMI_unregister_callback 1 /* no argument */

#ifndef __ASSEMBLY__
struct xennmi_callback {
    uint32_t handler_address;
    uint32_t pad;
};
typedef struct xennmi_callback xennmi_callback_t;
#endif

#endif
