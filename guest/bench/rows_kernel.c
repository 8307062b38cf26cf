/* SPDX-License-Identifier: MIT */
/* Rows of what a guest kernel does to run processes: its LDT, system calls, and switching between two processes. */
#include "rows.h"

#include <guest/events.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/sched.h>

#define CALLS 256

/* A data segment of ring 1 that contains only the word at address. */
static uint64_t word_segment(const volatile uint32_t *address)
{
    uint32_t base = (uint32_t)address;

    return 3 | (uint64_t)(base & 0xFFFFFF) << 16 | 0x40B2ull << 40 | (uint64_t)(base >> 24) << 56;
}

static uint32_t read_by_segment(uint16_t selector)
{
    uint32_t value;

    __asm__ volatile("mov %1, %%gs; mov %%gs:0, %0; mov %2, %%gs"
                     : "=&r"(value)
                     : "r"((uint32_t)selector), "r"(0)
                     : "memory");
    return value;
}

/* ---- SET_LDT. Each call sets another table than the one before. Effect: the segment in the last one can be used. */
#define LDT_SELECTOR(index) ((index) << 3 | 4 | 1)

void set_ldt(struct bench *b)
{
    static struct mmuext_op ops[2];
    static volatile uint32_t words[2] = {0x1111, 0x2222};
    uint64_t *tables[2];
    uint32_t i;

    for (i = 0; i < 2; i++) {
        tables[i] = alloc_page();
        tables[i][3] = word_segment(&words[i]);
        bench_expect(b, !page_make_readonly(tables[i]), "cannot make a table read-only");
        ops[i] =
            (struct mmuext_op){.cmd = MMUEXT_SET_LDT, .arg1.linear_addr = (uint32_t)tables[i], .arg2.nr_ents = 512};
    }
    bench_calls(b, CALLS, __HYPERVISOR_mmuext_op, &ops[0], 1, 0, DOMID_SELF, 0);
    for (i = 0; i < b->count; i++)
        bench_call_set(b, i, __HYPERVISOR_mmuext_op, &ops[i & 1], 1, 0, DOMID_SELF, 0);
    while (bench_repeat(b)) {
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, read_by_segment(LDT_SELECTOR(3)) == words[1], "the last LDT is not in use");
        bench_expect(b, !hypercall(__HYPERVISOR_mmuext_op, &ops[0], 1, 0, DOMID_SELF, 0), "cannot set an LDT");
        bench_expect(b, read_by_segment(LDT_SELECTOR(3)) == words[0], "the other LDT is not in use");
    }
    bench_expect(b, !mmuext(MMUEXT_SET_LDT, 0, 0), "cannot take the LDT away");
    for (i = 0; i < 2; i++) {
        bench_expect(b, !page_make_writable(tables[i]), "the LDT's page is still in use");
        free_page(tables[i]);
    }
}

/* ---- System calls: `int $0x80` in ring 3, the shortest handler in ring 1, and back. The loop in ring 3 counts in
 * EDI. */
extern const char syscall_user[], user_leave[], syscall_user_end[], fault_user[], fault_user_end[];
static uint8_t *user_page;

__attribute__((noinline, noclone)) bool in_user_mode(uint32_t turns)
{
    struct caught_trap trap;

    run_user((uint32_t)user_page, (uint32_t)user_page + PAGE_SIZE, turns, &trap);
    return trap.vector == TRAP_USER;
}

/* Equal except for a constant. */
static uint64_t syscalls(struct bench_call *calls, struct bench_call *end)
{
    uint32_t turns = end - calls;
    uint64_t begun = rdtsc();

    return in_user_mode(turns) ? rdtsc() - begun : ~0ull;
}

static uint64_t no_syscalls(struct bench_call *calls, struct bench_call *end)
{
    uint32_t turns = (end - calls) | 1u << 31;
    uint64_t begun = rdtsc();

    return in_user_mode(turns) ? rdtsc() - begun : ~0ull;
}

static const struct bench_loop ring3_loop = {syscalls, no_syscalls};

void ring3_begin(struct bench *b, const char *code, uint32_t size)
{
    user_page = alloc_page();
    memcpy(user_page, code, size);
    bench_expect(b, !page_set_flags(user_page, PTE_P | PTE_US | PTE_A), "cannot make a page the user's");
    b->loop = &ring3_loop;
}

void ring3_end(void)
{
    page_make_writable(user_page);
    free_page(user_page);
}

static void ring3(struct bench *b, const char *code, uint32_t size)
{
    ring3_begin(b, code, size);
    b->count = CALLS;
    while (bench_repeat(b)) {
        bench_entry_count = 0;
        bench_run(b);
        bench_expect(b, bench_entry_count == b->count, "the handler ran %u times, not %u", bench_entry_count, b->count);
    }
    ring3_end();
}

/* mask_events: the handler asks for masked events, so the processor cannot enter it directly. */
void syscall_int80(struct bench *b, bool mask_events)
{
    bench_expect(b, !trap_set_entry(0x80, entry_count, mask_events ? 7 : 3), "cannot install the handler");
    ring3(b, syscall_user, syscall_user_end - syscall_user);
    trap_set_entry(0x80, NULL, 0);
}

/* A process's page fault, to the kernel's handler and back. */
void ring3_page_fault(struct bench *b)
{
    bench_expect(b, !trap_set_entry(TRAP_PAGE_FAULT, entry_count_skip2, 0), "cannot install the handler");
    ring3(b, fault_user, fault_user_end - fault_user);
    trap_set_entry(TRAP_PAGE_FAULT, NULL, 0);
}

/*
 * ---- Switching between two processes, as Linux does it: one multicall sets the new page tables, the new kernel stack,
 * the three descriptors of thread-local storage, and CR0.TS. Effect: all of them are those of the last process.
 */
#define TLS        6 /* their index in the GDT: Linux's */
#define GDT_USED   32
#define SWITCH_LEN 6

struct process {
    const pte_t *l3;
    struct address_space space;
    uint8_t *stack; /* its upper end */
    volatile uint32_t word[3];
    struct mmuext_op new_base;
    multicall_entry_t calls[SWITCH_LEN];
};

static void switch_calls(struct process *p, uint64_t gdt_maddr)
{
    multicall_entry_t *c = p->calls;
    uint64_t d;
    uint32_t i;

    p->new_base = (struct mmuext_op){.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = virt_to_mfn(p->l3)};
    *c++ = (multicall_entry_t){__HYPERVISOR_mmuext_op, ~0u, {(uint32_t)&p->new_base, 1, 0, DOMID_SELF}};
    *c++ = (multicall_entry_t){__HYPERVISOR_stack_switch, ~0u, {FLAT_KERNEL_SS, (uint32_t)p->stack}};
    for (i = 0; i < 3; i++) {
        d = word_segment(&p->word[i]);
        *c++ = (multicall_entry_t){__HYPERVISOR_update_descriptor, ~0u, {LO_HI(gdt_maddr + (TLS + i) * 8), LO_HI(d)}};
    }
    *c++ = (multicall_entry_t){__HYPERVISOR_fpu_taskswitch, ~0u, {1}};
}

static void use_fpu(void *unused)
{
    (void)unused;
    __asm__ volatile("fnop");
}

/* An address that only the first process has shows which page tables are in use. */
static void expect_process(struct bench *b, struct process *p, bool first)
{
    struct caught_trap trap;
    uint32_t i;

    for (i = 0; i < SWITCH_LEN; i++)
        bench_expect(b, !p->calls[i].result, "call %u answered %d", i, (int)p->calls[i].result);
    for (i = 0; i < 3; i++)
        bench_expect(b, read_by_segment((TLS + i) << 3 | 1) == p->word[i], "descriptor %u is another's", i);
    bench_expect(b, probe_read((void *)MM_SCRATCH, NULL, NULL) == first, "these are another's page tables");
    bench_expect(b, trap_catch(&trap, use_fpu, NULL) && trap.vector == TRAP_NO_DEVICE, "TS is not set");
    run_user_on_kernel_stack((uint32_t)user_page + (user_leave - syscall_user), 0, 0, &trap);
    bench_expect(b, trap.vector == TRAP_USER && trap.frame_address + sizeof(struct trap_frame) == (uint32_t)p->stack,
                 "a trap used another stack");
}

static bool set_up_processes(struct bench *b, struct process *p, uint64_t *gdt)
{
    uint32_t i, k, frame = virt_to_mfn(gdt);

    user_page = alloc_page();
    memcpy(user_page, syscall_user, syscall_user_end - syscall_user);
    for (i = 0; i < 2; i++) {
        p[i].stack = (uint8_t *)alloc_page() + PAGE_SIZE;
        for (k = 0; k < 3; k++)
            p[i].word[k] = i << 8 | k | 0x5000;
    }
    p[0].l3 = mm_base();
    address_space_copy(&p[1].space);
    p[1].l3 = p[1].space.l3;
    for (i = 0; i < 2; i++)
        switch_calls(&p[i], virt_to_maddr(gdt));
    return bench_expect(b, !page_set_flags(user_page, PTE_P | PTE_US | PTE_A), "cannot make a page the user's") &&
           bench_expect(b, !mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(p[1].l3), 0), "cannot pin an L3") &&
           bench_expect(b, !mmu_set_entry(&p[1].space.l2_top[L2_INDEX(MM_SCRATCH)], 0), "cannot change an L2") &&
           bench_expect(b, !page_make_readonly(gdt), "cannot make the GDT read-only") &&
           bench_expect(b, !HYPERVISOR_set_gdt(&frame, GDT_USED), "cannot set the GDT");
}

static void take_down_processes(struct bench *b, struct process *p, uint64_t *gdt)
{
    uint32_t i;

    HYPERVISOR_fpu_taskswitch(0);
    bench_expect(b, !mm_set_base(p[0].l3), "cannot go back to the first page tables");
    bench_expect(b, !HYPERVISOR_set_gdt(NULL, 0) && !page_make_writable(gdt), "cannot take the GDT away");
    bench_expect(b, !mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(p[1].l3), 0), "cannot unpin an L3");
    address_space_free(&p[1].space);
    for (i = 0; i < 2; i++)
        free_page(p[i].stack - PAGE_SIZE);
    free_page(gdt);
    page_make_writable(user_page);
    free_page(user_page);
}

void context_switch(struct bench *b)
{
    /* At the beginning of a page, whatever else the guest contains, because it matters where in a page the entries of a
     * multicall are. */
    static struct process p[2] __attribute__((aligned(4096)));
    uint64_t *gdt = alloc_page();
    uint32_t i;

    if (!mmu_scratch(b) || !set_up_processes(b, p, gdt))
        return;
    for (i = 0; i < CALLS; i++)
        bench_call_set(b, i, __HYPERVISOR_multicall, p[!(i & 1)].calls, SWITCH_LEN, 0, 0, 0);
    b->count = CALLS;
    while (bench_repeat(b)) {
        bench_run(b);
        bench_expect_results(b, 0);
        expect_process(b, &p[0], true);
        bench_expect(b, !HYPERVISOR_multicall(p[1].calls, SWITCH_LEN), "cannot switch");
        expect_process(b, &p[1], false);
        bench_expect(b, !HYPERVISOR_multicall(p[0].calls, SWITCH_LEN), "cannot switch back");
    }
    take_down_processes(b, p, gdt);
}
