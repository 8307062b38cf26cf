/* SPDX-License-Identifier: MIT */
/* The console of an ordinary domain: two rings in a page that the domain and the console's server share. */
#ifndef XEN_PUBLIC_IO_CONSOLE_H
#define XEN_PUBLIC_IO_CONSOLE_H

#define MASK_XENCONS_IDX(idx, ring) ((idx) & (sizeof(ring) - 1))

#ifndef __ASSEMBLY__
#include <stdint.h>

typedef uint32_t XENCONS_RING_IDX; /* runs on; masked at use */

struct xencons_interface {
    char in[1024];  /* to the domain */
    char out[2048]; /* from the domain */
    XENCONS_RING_IDX in_cons, in_prod;
    XENCONS_RING_IDX out_cons, out_prod;
};
_Static_assert(sizeof(struct xencons_interface) == 3088, "Xen's ABI");
#endif

#endif
