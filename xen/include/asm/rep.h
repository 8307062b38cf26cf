/* SPDX-License-Identifier: MIT */
/*
 * Long copies and clears by string instructions, the only ones of the hypervisor (common/lib/string.c). They write by
 * ES, which is the guest's: so it is the hypervisor's for as long as one of them runs, and is loaded again behind it.
 *
 * Loading it again may fault if the guest has changed the descriptor: then it becomes null, as at a switch. But it must
 * not make the hypervisor look for a page of the LDT, which takes long and needs windows that the caller may hold. So a
 * guest that has a selector of its LDT in ES gets loops.
 *
 * tools/check-segments.sh knows these two functions by their names.
 */
#ifndef ASM_REP_H
#define ASM_REP_H

#include <asm/processor.h>

/* Loading ES twice costs more than the loop for a few blocks. */
#define REP_BYTES 512

/* So that both keep their names in the image. clang, which builds the host's fuzzers, does not know it. */
#if __has_attribute(noipa)
#define KEEPS_NAME __attribute__((noipa))
#else
#define KEEPS_NAME __attribute__((noinline))
#endif

static inline bool rep_usable(void)
{
    return !(read_segment(es) & 4);
}

static KEEPS_NAME void rep_copy(void *dst, const void *src, uint32_t words)
{
    uint32_t guest_es = read_segment(es), own;

    __asm__ volatile("mov %%ss, %3\nmov %3, %%es\ncld\nrep movsl %%ss:(%%esi), %%es:(%%edi)"
                     : "+D"(dst), "+S"(src), "+c"(words), "=&r"(own)
                     :
                     : "memory");
    (void)load_segment(es, guest_es);
}

static KEEPS_NAME void rep_fill(void *dst, uint32_t word, uint32_t words)
{
    uint32_t guest_es = read_segment(es), own;

    __asm__ volatile("mov %%ss, %2\nmov %2, %%es\ncld\nrep stosl %%eax, %%es:(%%edi)"
                     : "+D"(dst), "+c"(words), "=&r"(own)
                     : "a"(word)
                     : "memory");
    (void)load_segment(es, guest_es);
}

#endif
