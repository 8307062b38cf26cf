/* SPDX-License-Identifier: MIT */
/* Rows of calls that need little preparation. */
#include "rows.h"

#include <guest/events.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/version.h>

#define CALLS 256

void simple(struct bench *b, uint32_t nr, uint32_t a1, uint32_t a2, uint32_t a3, int32_t result)
{
    bench_calls(b, CALLS, nr, a1, a2, a3, 0, 0);
    while (bench_repeat(b)) {
        bench_run(b);
        bench_expect_results(b, result);
    }
}

void xen_version(struct bench *b)
{
    simple(b, __HYPERVISOR_xen_version, XENVER_version, 0, 0, HYPERVISOR_xen_version(XENVER_version, NULL));
}

void xen_version_page(struct bench *b)
{
    b->loop = &loop_page;
    simple(b, (uint32_t)hypercall_page + __HYPERVISOR_xen_version * HYPERCALL_STUB_SIZE, XENVER_version, 0, 0,
           HYPERVISOR_xen_version(XENVER_version, NULL));
}

void xen_version_upcalls_on(struct bench *b)
{
    events_clear_all();
    events_enable();
    xen_version(b);
    bench_expect(b, events_disable(), "upcalls were masked");
}

/* ---- The FPU */
static void use_fpu(void *unused)
{
    (void)unused;
    __asm__ volatile("fnop");
}

void fpu_taskswitch(struct bench *b, bool set)
{
    struct caught_trap trap;
    bool trapped;

    bench_calls(b, CALLS, __HYPERVISOR_fpu_taskswitch, (uint32_t)set, 0, 0, 0, 0);
    while (bench_repeat(b)) {
        HYPERVISOR_fpu_taskswitch((uint32_t)!set);
        bench_run(b);
        bench_expect_results(b, 0);
    }
    /* not in between: after the FPU was used, a lazy hypervisor has more to do in the next call */
    trapped = trap_catch(&trap, use_fpu, NULL);
    bench_expect(b, trapped == set && (!trapped || trap.vector == TRAP_NO_DEVICE), "TS is not %u", set);
    HYPERVISOR_fpu_taskswitch(0);
}

/* ---- Debug registers. The address is never executed, and no breakpoint is enabled anyway. */
static uint32_t debug_target[2];

void get_debugreg(struct bench *b, uint32_t reg)
{
    uint32_t value;

    HYPERVISOR_set_debugreg(0, &debug_target[0]);
    value = reg ? (uint32_t)HYPERVISOR_get_debugreg(reg) : (uint32_t)&debug_target[0];
    simple(b, __HYPERVISOR_get_debugreg, reg, 0, 0, value);
    HYPERVISOR_set_debugreg(0, 0);
}

void set_debugreg0(struct bench *b)
{
    bench_calls(b, CALLS, __HYPERVISOR_set_debugreg, 0, &debug_target[1], 0, 0, 0);
    while (bench_repeat(b)) {
        HYPERVISOR_set_debugreg(0, &debug_target[0]);
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, HYPERVISOR_get_debugreg(0) == (int32_t)&debug_target[1], "DR0 is not what was set");
    }
    HYPERVISOR_set_debugreg(0, 0);
}

/* ---- The stack for traps from ring 3. Effect: a trap from ring 3 arrives on that stack. */
void stack_switch(struct bench *b)
{
    uint8_t *stack = alloc_page(), *code = alloc_page(), *top = stack + PAGE_SIZE;
    struct caught_trap trap;

    memcpy(code, "\xcd\x20", 2); /* int $0x20 */
    bench_expect(b, !page_set_flags(code, PTE_P | PTE_US | PTE_A), "cannot make a page the user's");
    bench_calls(b, CALLS, __HYPERVISOR_stack_switch, FLAT_KERNEL_SS, top, 0, 0, 0);
    while (bench_repeat(b)) {
        HYPERVISOR_stack_switch(FLAT_KERNEL_SS, stack + PAGE_SIZE / 2);
        bench_run(b);
        bench_expect_results(b, 0);
        run_user_on_kernel_stack((uint32_t)code, (uint32_t)code + PAGE_SIZE, 0, &trap);
        bench_expect(b, trap.vector == TRAP_USER, "trap %u in ring 3", trap.vector);
        bench_expect(b, trap.frame_address + sizeof(struct trap_frame) == (uint32_t)top, "the trap used another stack");
    }
    page_make_writable(code);
    free_page(code);
    free_page(stack);
}

/* ---- Descriptors, in a page that is not in use as a descriptor table. The hypervisor may cut the limit and set
 * Accessed. Base, type, DPL and P must stay. */
#define DESCRIPTOR_KEPT 0xff00feffffff0000ull

void update_descriptor(struct bench *b, uint64_t descriptor)
{
    uint64_t *table = alloc_page();
    uint64_t maddr = virt_to_maddr(table);
    uint32_t i;

    bench_calls(b, CALLS, __HYPERVISOR_update_descriptor, 0, 0, 0, 0, 0);
    for (i = 0; i < b->count; i++)
        bench_call_set(b, i, __HYPERVISOR_update_descriptor, (uint32_t)maddr + i * 8, (uint32_t)(maddr >> 32),
                       (uint32_t)descriptor, (uint32_t)(descriptor >> 32), 0);
    while (bench_repeat(b)) {
        memset(table, 0x11, PAGE_SIZE);
        bench_run(b);
        bench_expect_results(b, 0);
        for (i = 0; i < b->count; i++)
            bench_expect(b, ((table[i] ^ descriptor) & DESCRIPTOR_KEPT) == 0, "descriptor %u is %llx", i, table[i]);
        bench_expect(b, table[b->count] == 0x1111111111111111ull, "the descriptor after the last was written");
    }
    free_page(table);
}

/* ---- One trap handler. Effect: it is called. */
#define VECTOR 0x85

void set_trap_table_1(struct bench *b)
{
    struct trap_info table[2] = {{VECTOR, 1, FLAT_KERNEL_CS, (uint32_t)entry_count}, {0}};

    bench_calls(b, CALLS, __HYPERVISOR_set_trap_table, table, 0, 0, 0, 0);
    while (bench_repeat(b)) {
        trap_set_entry(VECTOR, NULL, 0);
        bench_run(b);
        bench_expect_results(b, 0);
        bench_entry_count = 0;
        __asm__ volatile("int $0x85" ::: "memory");
        bench_expect(b, bench_entry_count == 1, "the handler did not run");
    }
    trap_set_entry(VECTOR, NULL, 0);
}

/* ---- Multicalls of calls whose argument is 0: xen_version, fpu_taskswitch */
void multicall(struct bench *b, uint32_t nr)
{
    static multicall_entry_t entries[32];
    uint32_t expected = nr == __HYPERVISOR_xen_version ? HYPERVISOR_xen_version(XENVER_version, NULL) : 0, i;

    bench_calls(b, CALLS / b->batch, __HYPERVISOR_multicall, entries, b->batch, 0, 0, 0);
    while (bench_repeat(b)) {
        for (i = 0; i < b->batch; i++)
            entries[i] = (multicall_entry_t){.op = nr, .result = ~0u};
        bench_run(b);
        bench_expect_results(b, 0);
        for (i = 0; i < b->batch; i++)
            bench_expect(b, entries[i].result == expected, "entry %u answered %d", i, (int)entries[i].result);
    }
}
