/*
 * L1TF (XSA-273): some processors speculate past a clear present bit, and read the level-1 cache at the address that the
 * entry's frame bits name. There, an entry that is not present may name no frame of RAM.
 */
#ifndef ASM_L1TF_H
#define ASM_L1TF_H

#include <asm/mm.h>

extern bool l1tf_vulnerable;

/* For an entry without the present bit. */
static inline bool l1tf_unsafe(pte_t e)
{
    if (__builtin_expect(!(e.lo >> PAGE_SHIFT | e.hi), 1))
        return false;
    return l1tf_vulnerable && pte_frame_fits(e) && pte_mfn(e) < max_page && pte_mfn(e) != 0;
}

#endif
