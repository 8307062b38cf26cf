/* SPDX-License-Identifier: MIT */
/* Model-specific registers. */
#ifndef ASM_MSR_H
#define ASM_MSR_H

#include <public/errno.h>
#include <stdint.h>

/* --- Those that are known to exist */

static inline uint64_t read_msr(uint32_t index)
{
    uint64_t value;

    __asm__ volatile("rdmsr" : "=A"(value) : "c"(index));
    return value;
}

static inline void write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"A"(value), "c"(index) : "memory");
}

/* --- Those that may not: 0, or -EFAULT if the processor has raised #GP. A value that could not be read is 0. */

static inline int rdmsr_safe(uint32_t index, uint64_t *value)
{
    int err = 0;

    __asm__ volatile(
        "1: rdmsr\n2:\n"
        ".section .fixup,\"ax\"\n3: mov %3, %0\n   xor %%eax, %%eax\n   xor %%edx, %%edx\n   jmp 2b\n.previous\n"
        ".section .extable,\"a\"\n   .long 1b, 3b\n.previous"
        : "+r"(err), "=&A"(*value)
        : "c"(index), "i"(-EFAULT));
    return err;
}

static inline int wrmsr_safe(uint32_t index, uint64_t value)
{
    int err = 0;

    __asm__ volatile("1: wrmsr\n2:\n"
                     ".section .fixup,\"ax\"\n3: mov %3, %0\n   jmp 2b\n.previous\n"
                     ".section .extable,\"a\"\n   .long 1b, 3b\n.previous"
                     : "+r"(err)
                     : "A"(value), "c"(index), "i"(-EFAULT)
                     : "memory");
    return err;
}

#endif
