/* SPDX-License-Identifier: MIT */
/*
 * Rows of the stores to page tables that kernels make: both halves of an entry; XCHG; CMPXCHG8B, which finds what it
 * expects; the loop with which Linux exchanges an entry, whose first comparison fails; ANDB, with which it takes a
 * right away; and a plain one. Each store faults, and is carried out by the hypervisor. But for the plain one, 512
 * entries change, each of them once, which all map pages writable before.
 */
#include "rows.h"

#define ENTRIES 512

/* The registers of one store: the new value, and what EDX:EAX is compared with. */
static void call_of(struct bench_call *c, const struct bench_loop *loop, pte_t *slot, pte_t before, pte_t after)
{
    bool compares = loop == &loop_store_cmpxchg8b;

    if (loop == &loop_store_halves || loop == &loop_store_xchg)
        *c = (struct bench_call){.eax = (uint32_t)after, .ecx = (uint32_t)(after >> 32), .ebx = (uint32_t)slot};
    else if (loop == &loop_store_andb)
        *c = (struct bench_call){.ebx = (uint32_t)slot};
    else
        *c = (struct bench_call){.eax = compares ? (uint32_t)before : ~0u,
                                 .edx = compares ? (uint32_t)(before >> 32) : ~0u,
                                 .ebx = (uint32_t)after,
                                 .ecx = (uint32_t)(after >> 32),
                                 .esi = (uint32_t)slot};
}

void ptwr_change(struct bench *b, const struct bench_loop *loop, pte_t after)
{
    bool shows_old = loop != &loop_store_halves && loop != &loop_store_andb;
    pte_t *table = mmu_table(b);
    uint32_t i;

    if (!table)
        return;
    if (HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables)) {
        bench_skip(b, "no writable page tables");
        return;
    }
    b->loop = loop;
    b->count = ENTRIES;
    for (i = 0; i < ENTRIES; i++)
        call_of(&b->calls[i], loop, &table[i], mmu_entry(i, RW), mmu_entry(i, after));
    while (bench_repeat(b)) {
        mmu_set_all(b, RW);
        bench_run(b);
        for (i = 0; i < ENTRIES; i++) {
            bench_expect(b, table[i] == mmu_entry(i, after), "entry %u is %llx", i, table[i]);
            bench_expect(b, !shows_old || b->calls[i].result == (uint32_t)mmu_entry(i, RW), "EAX of %u is 0x%x", i,
                         b->calls[i].result);
        }
    }
    mmu_set_all(b, NONE);
    HYPERVISOR_vm_assist(VMASST_CMD_disable, VMASST_TYPE_writable_pagetables);
}

/* A plain store, of the low half only. */
void ptwr_store(struct bench *b, pte_t state)
{
    pte_t *table = mmu_table(b);
    uint32_t i, store;

    if (!table)
        return;
    if (HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables)) {
        bench_skip(b, "no writable page tables");
        return;
    }
    b->loop = &loop_store;
    b->count = 256;
    for (i = 0; i < b->count; i++) {
        store = state ? (uint32_t)mmu_entry(i, state) : 0xabc00; /* not present: any value */
        b->calls[i] = (struct bench_call){.eax = store, .ebx = (uint32_t)&table[i]};
    }
    while (bench_repeat(b)) {
        mmu_set_all(b, state);
        bench_run(b);
        for (i = 0; i < b->count; i++)
            bench_expect(b, (uint32_t)table[i] == b->calls[i].eax, "entry %u is %llx", i, table[i]);
    }
    mmu_set_all(b, NONE);
    HYPERVISOR_vm_assist(VMASST_CMD_disable, VMASST_TYPE_writable_pagetables);
}
