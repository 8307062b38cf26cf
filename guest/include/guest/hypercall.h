/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls, out of the one table. For each line of hypercalls.def there are
 *
 *     int32_t HYPERVISOR_<name>(arguments)         int $0x82 on the spot
 *     int32_t HYPERVISOR_<name>_page(arguments)    a call into the hypercall page
 *
 * with as many arguments as the table says: each a 32-bit integer or a pointer. A 64-bit argument is two of them, low
 * half first: LO_HI(x). The result is negative for an error (public/errno.h).
 *
 * mmu_update alone has a name of its own, HYPERVISOR_mmu_update_dom(req, count, done, domid), because
 * HYPERVISOR_mmu_update(req, count) is the original call of two arguments.
 */
#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include <public/errno.h>
#include <public/xen.h>

#define LO_HI(x) (uint32_t)(x), (uint32_t)((uint64_t)(x) >> 32)

typedef union {
    uint32_t u;
    int32_t i;
    unsigned long ul;
    long l;
    const volatile void *p;
} __attribute__((transparent_union)) hypercall_arg_t;

/* An argument register may come back changed: a hypercall that was interrupted has advanced its arguments. */
#define HYPERCALL_ASM_0(insn, nr) \
    int32_t ret;                  \
    __asm__ volatile(insn : "=a"(ret) : "0"(nr) : "memory")
#define HYPERCALL_ASM_1(insn, nr) \
    int32_t ret;                  \
    __asm__ volatile(insn : "=a"(ret), "+b"(a1.u) : "0"(nr) : "memory")
#define HYPERCALL_ASM_2(insn, nr) \
    int32_t ret;                  \
    __asm__ volatile(insn : "=a"(ret), "+b"(a1.u), "+c"(a2.u) : "0"(nr) : "memory")
#define HYPERCALL_ASM_3(insn, nr) \
    int32_t ret;                  \
    __asm__ volatile(insn : "=a"(ret), "+b"(a1.u), "+c"(a2.u), "+d"(a3.u) : "0"(nr) : "memory")
#define HYPERCALL_ASM_4(insn, nr) \
    int32_t ret;                  \
    __asm__ volatile(insn : "=a"(ret), "+b"(a1.u), "+c"(a2.u), "+d"(a3.u), "+S"(a4.u) : "0"(nr) : "memory")
#define HYPERCALL_ASM_5(insn, nr)                                                            \
    int32_t ret;                                                                             \
    __asm__ volatile(insn                                                                    \
                     : "=a"(ret), "+b"(a1.u), "+c"(a2.u), "+d"(a3.u), "+S"(a4.u), "+D"(a5.u) \
                     : "0"(nr)                                                               \
                     : "memor"                                                               \
                       "y")

#define HYPERCALL_PARAMS_0 void
#define HYPERCALL_PARAMS_1 hypercall_arg_t a1
#define HYPERCALL_PARAMS_2 HYPERCALL_PARAMS_1, hypercall_arg_t a2
#define HYPERCALL_PARAMS_3 HYPERCALL_PARAMS_2, hypercall_arg_t a3
#define HYPERCALL_PARAMS_4 HYPERCALL_PARAMS_3, hypercall_arg_t a4
#define HYPERCALL_PARAMS_5 HYPERCALL_PARAMS_4, hypercall_arg_t a5

#define HYPERCALL_STR_(x) #x
#define HYPERCALL_STR(x)  HYPERCALL_STR_(x)

#define HYPERVISOR_mmu_update      HYPERVISOR_mmu_update_dom
#define HYPERVISOR_mmu_update_page HYPERVISOR_mmu_update_dom_page
#define HYPERCALL(nr, name, args, tier, what)                                         \
    static inline int32_t HYPERVISOR_##name(HYPERCALL_PARAMS_##args)                  \
    {                                                                                 \
        HYPERCALL_ASM_##args("int $0x82", nr);                                        \
        return ret;                                                                   \
    }                                                                                 \
    static inline int32_t HYPERVISOR_##name##_page(HYPERCALL_PARAMS_##args)           \
    {                                                                                 \
        HYPERCALL_ASM_##args("call hypercall_page + " HYPERCALL_STR(nr) " * 32", nr); \
        return ret;                                                                   \
    }
#include <xen/hypercalls.def>
#undef HYPERVISOR_mmu_update
#undef HYPERVISOR_mmu_update_page

/* The original form: on the caller's own page tables, without an answer how far a failing batch got. */
static inline int32_t HYPERVISOR_mmu_update(mmu_update_t *req, uint32_t count)
{
    return HYPERVISOR_mmu_update_dom(req, count, (void *)0, DOMID_SELF);
}

/* Any number, whether the table has it or not, with all five argument registers. */
static inline int32_t hypercall(uint32_t nr, hypercall_arg_t a1, hypercall_arg_t a2, hypercall_arg_t a3,
                                hypercall_arg_t a4, hypercall_arg_t a5)
{
    HYPERCALL_ASM_5("int $0x82", nr);
    return ret;
}

/* The page that the hypervisor fills with stubs: HYPERCALL_STUB_SIZE bytes a number. */
extern const uint8_t hypercall_page[4096];

#endif
