/* SPDX-License-Identifier: MIT */
/*
 * Guest memory. A guest can choose any number as a pointer. So the range that will be touched is checked, and the
 * access itself may fault, which the exception table turns into -EFAULT. Everything is copied once; only the copy is
 * validated and used.
 */
#ifndef ASM_GUEST_ACCESS_H
#define ASM_GUEST_ACCESS_H

#include <asm/guest_copy.h>
#include <asm/layout.h>
#include <public/errno.h>
#include <xen/lib.h>
#include <xen/sched.h>

/* [addr, addr + size) lies below the hypervisor. Overflow-safe. */
static inline bool guest_range_ok(const void *addr, uint32_t size)
{
    return size <= HYP_START && (uint32_t)addr <= HYP_START - size;
}

/* The same for count elements of size bytes each. */
static inline bool guest_array_ok(const void *addr, uint32_t count, uint32_t size)
{
    return count <= HYP_START / size && guest_range_ok(addr, count * size);
}

/* 0 or the number of bytes that could not be copied; the range must have been checked. */
uint32_t __copy_from_guest(void *dst, const void *src, uint32_t n);
uint32_t __copy_to_guest(void *dst, const void *src, uint32_t n);

#define LARGE_COPY     256
#define BYTES_PER_STEP 16 /* of spend() */

/* Large copies call spend(). If the compiler knows that a copy is small, no code is left of this. */
static inline __attribute__((always_inline)) void tell_copy(uint32_t n)
{
    if (!__builtin_constant_p(n) || n > LARGE_COPY)
        spend(n / BYTES_PER_STEP);
}

/* For one element of an array, of a size that the compiler knows and that is a multiple of 4: false on a fault. No loop
 * is left, and no call. */
static inline __attribute__((always_inline)) bool copy_element(void *dst, const void *src, uint32_t n)
{
    uint32_t i = 0;

#pragma GCC unroll 4
    for (; i + 16 <= n; i += 16)
        if (!copy_block((char *)dst + i, (const char *)src + i))
            return false;
#pragma GCC unroll 4
    for (; i < n; i += 4)
        if (!copy_unit((char *)dst + i, (const char *)src + i, true))
            return false;
    return true;
}

/* 0 or -EFAULT */
static inline int copy_from_guest(void *dst, const void *src, uint32_t n)
{
    tell_copy(n);
    return guest_range_ok(src, n) && !__copy_from_guest(dst, src, n) ? 0 : -EFAULT;
}

static inline int copy_to_guest(void *dst, const void *src, uint32_t n)
{
    tell_copy(n);
    return guest_range_ok(dst, n) && !__copy_to_guest(dst, src, n) ? 0 : -EFAULT;
}

/* Reads a word on a hot path: goes to the label `fault` if it cannot be read. The range must have been checked. */
#define FETCH_GUEST_U32(var, src, fault)                                         \
    __asm__ volatile goto("1: mov %1, %0\n"                                      \
                          ".section .extable,\"a\"\n   .long 1b, %l2\n.previous" \
                          : "=r"(var)                                            \
                          : "m"(*(src))                                          \
                          :                                                      \
                          : fault)

/* Read and write a word. 0 or -EFAULT. The range must have been checked. */
static inline int __get_guest_u32(uint32_t *value, const uint32_t *src)
{
    int err = 0;

    __asm__ volatile("1: mov %2, %1\n2:\n"
                     ".section .fixup,\"ax\"\n3: mov %3, %0\n   jmp 2b\n.previous\n"
                     ".section .extable,\"a\"\n   .long 1b, 3b\n.previous"
                     : "+r"(err), "=&r"(*value)
                     : "m"(*src), "i"(-EFAULT));
    return err;
}

static inline int __put_guest_u32(uint32_t value, uint32_t *dst)
{
    int err = 0;

    __asm__ volatile("1: mov %2, %1\n2:\n"
                     ".section .fixup,\"ax\"\n3: mov %3, %0\n   jmp 2b\n.previous\n"
                     ".section .extable,\"a\"\n   .long 1b, 3b\n.previous"
                     : "+r"(err), "=m"(*dst)
                     : "r"(value), "i"(-EFAULT));
    return err;
}

/* When a batch goes on: how many its earlier parts have done. */
static inline uint32_t get_done(const uint32_t *success)
{
    uint32_t done;

    return success && guest_range_ok(success, sizeof(*success)) && !__get_guest_u32(&done, success) ? done : 0;
}

/* Tells the guest how many of a batch were done, if it asks. As on Xen, a bad pointer does not change the result. */
static inline void put_done(uint32_t *success, uint32_t done)
{
    if (success && guest_range_ok(success, sizeof(*success)))
        (void)__put_guest_u32(done, success);
}

#endif
