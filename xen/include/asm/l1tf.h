/* SPDX-License-Identifier: MIT */
/*
 * L1TF (XSA-273): some processors speculate past a clear present bit, and read the level-1 cache at the address that
 * the entry's frame bits name. On these, an entry that is not present may not name a frame of RAM. As in Xen, domain 0
 * is exempt: it may know what the machine holds, and its kernel may be older than the problem.
 */
#ifndef ASM_L1TF_H
#define ASM_L1TF_H

#include <xen/sched.h>

extern bool l1tf_vulnerable;

/* For an entry that is not present, in a table of d's. True: it must be refused. */
static inline bool l1tf_unsafe(pte_t e, const struct domain *d)
{
    if (__builtin_expect(!(e.lo >> PAGE_SHIFT | e.hi), 1))
        return false;
    return l1tf_vulnerable && !d->is_privileged && pte_frame_fits(e) && pte_mfn(e) < max_page && pte_mfn(e) != 0;
}

#endif
