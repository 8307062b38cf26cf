/* SPDX-License-Identifier: MIT */
/* The tables that the gate and multicall jump through, by number: each hypercall's entry stub, and its piece of
 * multicall.S. */
#include <xen/hypercall.h>
#include <asm/traps.h>
#include <xen/sched.h>

#define HYPERCALL(number, name, args, tier, text)             \
    extern const char hypercall_##name[], multicall_##name[]; \
    _Static_assert(number < HYPERCALL_SLOTS - 1, "the last slot belongs to numbers beyond the table");
#include <xen/hypercalls.def>
extern const char hypercall_enosys[], multicall_enosys[];

#pragma GCC diagnostic ignored \
    "-Woverride-init" /* first all slots get the default, then those in use their hypercall */
const char *const hypervisor_call_table[HYPERCALL_SLOTS] = {
    [0 ... HYPERCALL_SLOTS - 1] = hypercall_enosys,
#define HYPERCALL(number, name, args, tier, text) [number] = hypercall_##name,
#include <xen/hypercalls.def>
};

const char *const multicall_table[HYPERCALL_SLOTS] = {
    [0 ... HYPERCALL_SLOTS - 1] = multicall_enosys,
#define HYPERCALL(number, name, args, tier, text) [number] = multicall_##name,
#include <xen/hypercalls.def>
};
