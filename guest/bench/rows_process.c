/* SPDX-License-Identifier: MIT */
/*
 * Rows of what a kernel does to its processes' memory, in the calls and trapped stores that Linux makes: fork, exec,
 * exit, munmap, and the fault of a process that writes to a page that it shares since a fork.
 *
 * A process has 256 pages, under two L1 tables, an L2 and an L3 of its own, and an L2 for slot 3, whose entries are the
 * kernel's L1 tables, which all processes share. The rows run in the first process's address space.
 */
#include "cow.h"
#include "rows.h"

#include <guest/string.h>
#include <guest/traps.h>

#define PAGES  256
#define VA     BENCH_COW_VA
#define TABLES 5
#define IMAGE  64 /* pages that exec maps one by one */

struct process {
    struct address_space space;
    pte_t *l2, *l1[2];
    void *tables[TABLES]; /* all of these, the L1s first and the L3 last */
    struct mmuext_op pin_ops[3], unpin_ops[3], base_op;
    multicall_entry_t pin[TABLES + 3], unpin[TABLES + 3];
};

/* The calls of a multicall, at the beginning of a page, because it matters where in a page its entries are. */
static struct process first __attribute__((aligned(4096))), second __attribute__((aligned(4096)));
static const pte_t *boot_base;
static struct mmuext_op flush_op = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};

static volatile uint32_t *page_at(uint32_t i)
{
    return (uint32_t *)(VA + i * PAGE_SIZE);
}

static pte_t *slot_of(const struct process *p, uint32_t i)
{
    uint32_t va = VA + i * PAGE_SIZE;

    return &p->l1[L2_INDEX(va) - L2_INDEX(VA)][L1_INDEX(va)];
}

/* ---- Multicalls that make tables a pinned tree, as Linux does, and ordinary pages again. Each L1 has its own pin. */
static multicall_entry_t protect(void *table, pte_t flags, uint32_t flush)
{
    pte_t pte = make_pte(virt_to_mfn(table), flags);

    return (multicall_entry_t){
        __HYPERVISOR_update_va_mapping, ~0u, {(uint32_t)table, (uint32_t)pte, (uint32_t)(pte >> 32), flush}};
}

static multicall_entry_t extended(struct mmuext_op *op, uint32_t cmd, const void *table)
{
    *op = (struct mmuext_op){.cmd = cmd, .arg1.mfn = virt_to_mfn(table)};
    return (multicall_entry_t){__HYPERVISOR_mmuext_op, ~0u, {(uint32_t)op, 1, 0, DOMID_SELF}};
}

static void plan_calls(struct process *p)
{
    multicall_entry_t *pin = p->pin, *unpin = p->unpin;
    uint32_t i;

    *unpin++ = extended(&p->unpin_ops[2], MMUEXT_UNPIN_TABLE, p->space.l3);
    for (i = 0; i < TABLES; i++) {
        *pin++ = protect(p->tables[i], PTE_KERNEL_RO, i == TABLES - 1 ? UVMF_TLB_FLUSH : UVMF_NONE);
        if (i < 2) {
            *pin++ = extended(&p->pin_ops[i], MMUEXT_PIN_L1_TABLE, p->tables[i]);
            *unpin++ = extended(&p->unpin_ops[i], MMUEXT_UNPIN_TABLE, p->tables[i]);
        }
        *unpin++ = protect(p->tables[i], PTE_KERNEL_RW, UVMF_NONE);
    }
    *pin = extended(&p->pin_ops[2], MMUEXT_PIN_L3_TABLE, p->space.l3);
    p->base_op = (struct mmuext_op){.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = virt_to_mfn(p->space.l3)};
}

#define CALLS_OF(list) (list), ARRAY_SIZE(list)

static void make_calls(struct bench *b, multicall_entry_t *calls, uint32_t count)
{
    uint32_t i;

    bench_expect(b, !HYPERVISOR_multicall(calls, count), "a multicall failed");
    for (i = 0; i < count; i++)
        bench_expect(b, !calls[i].result, "call %u of a multicall answered %d", i, (int)calls[i].result);
}

/* ---- Processes */

/* The contents of tables that are ordinary pages. */
static void fill(struct process *p, pte_t flags)
{
    uint32_t i;

    for (i = 0; i < PAGES; i++)
        *slot_of(p, i) = mmu_entry(i, flags);
    for (i = 0; i < 2; i++)
        p->l2[L2_INDEX(VA) + i] = make_pte(virt_to_mfn(p->l1[i]), PTE_TABLE);
    p->space.l3[0] = make_pte(virt_to_mfn(p->l2), PTE_P);
    for (i = 1; i < 3; i++) /* without Accessed, with which Xen would not take it again */
        p->space.l3[i] = boot_base[i] & (PTE_FRAME | PTE_P);
    p->space.l3[3] = make_pte(virt_to_mfn(p->space.l2_top), PTE_P);
}

static void make_process(struct bench *b, struct process *p)
{
    uint32_t i;

    address_space_copy(&p->space);
    p->tables[0] = p->l1[0] = alloc_page();
    p->tables[1] = p->l1[1] = alloc_page();
    p->tables[2] = p->l2 = alloc_page();
    p->tables[3] = p->space.l2_top;
    p->tables[4] = p->space.l3;
    plan_calls(p);
    for (i = 3; i < TABLES; i++)
        bench_expect(b, !page_make_writable(p->tables[i]), "a table is in use");
}

static void free_process(struct process *p)
{
    uint32_t i;

    for (i = 0; i < TABLES; i++)
        free_page(p->tables[i]);
}

/* The first process is there, its pages have these flags, and its address space is in use. */
static bool begin(struct bench *b, pte_t flags)
{
    if (!mmu_scratch(b))
        return false;
    boot_base = mm_base();
    make_process(b, &first);
    make_process(b, &second);
    fill(&first, flags);
    make_calls(b, CALLS_OF(first.pin));
    return bench_expect(b, !mm_set_base(first.space.l3), "cannot go to the first process");
}

static void end(struct bench *b)
{
    bench_expect(b, !mm_set_base(boot_base), "cannot go back");
    make_calls(b, CALLS_OF(first.unpin));
    free_process(&first);
    free_process(&second);
}

/* Puts all entries of the first process into a state. */
static void set_pages(struct bench *b, pte_t flags)
{
    static mmu_update_t requests[PAGES];
    uint32_t i;

    for (i = 0; i < PAGES; i++)
        requests[i] = (mmu_update_t){pte_maddr(slot_of(&first, i)), mmu_entry(i, flags)};
    bench_expect(b, !HYPERVISOR_mmu_update(requests, PAGES), "cannot set the entries up");
    bench_expect(b, !mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), "cannot flush");
}

/* In the address space in use: the pages are there, and can be written to, or not. */
static void expect_pages(struct bench *b, bool present, bool writable)
{
    uint32_t i, value;

    for (i = 0; i < PAGES; i += 51) {
        bool seen = probe_read(page_at(i), &value, NULL);

        bench_expect(b, seen == present, "page %u %s", i, seen ? "is there" : "is not there");
        bench_expect(b, !seen || value == i, "page %u shows frame %u", i, value);
        bench_expect(b, probe_write(page_at(i), i, NULL) == writable, "page %u, written to", i);
    }
}

/* ---- Steps of a row: calls, and stores that trap */
static void begin_steps(struct bench *b)
{
    b->loop = &loop_steps;
    b->turns = 1; /* a figure is of all steps */
    b->count = 0;
}

static void add_multicall(struct bench *b, multicall_entry_t *calls, uint32_t count)
{
    bench_call_set(b, b->count++, __HYPERVISOR_multicall, calls, count, 0, 0, 0);
}

static void add_extended(struct bench *b, struct mmuext_op *op)
{
    bench_call_set(b, b->count++, __HYPERVISOR_mmuext_op, op, 1, 0, DOMID_SELF, 0);
}

static void add_store(struct bench *b, enum bench_step step, pte_t *slot)
{
    b->calls[b->count++] = (struct bench_call){.ebx = (uint32_t)slot, .step = step};
}

static void expect_steps(struct bench *b, const multicall_entry_t *calls, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < b->count; i++)
        bench_expect(b, b->calls[i].step != BENCH_CALL || !b->calls[i].result, "step %u answered %d", i,
                     (int)b->calls[i].result);
    for (i = 0; i < count; i++)
        bench_expect(b, !calls[i].result, "call %u of a multicall answered %d", i, (int)calls[i].result);
}

static bool stores_trap(struct bench *b)
{
    if (!HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables))
        return true;
    bench_skip(b, "no writable page tables");
    return false;
}

static void stores_trap_no_more(void)
{
    HYPERVISOR_vm_assist(VMASST_CMD_disable, VMASST_TYPE_writable_pagetables);
}

/* fork: LOCK ANDB takes the right to write from each entry of the parent; the child's tables, which have been filled as
 * ordinary memory, are made read-only and pinned; the TLB is flushed. */
void process_fork(struct bench *b)
{
    uint32_t i;

    if (!stores_trap(b))
        return;
    if (begin(b, RW | PTE_US)) {
        begin_steps(b);
        for (i = 0; i < PAGES; i++)
            add_store(b, BENCH_ANDB, slot_of(&first, i));
        add_multicall(b, CALLS_OF(second.pin));
        add_extended(b, &flush_op);
        while (bench_repeat(b)) {
            set_pages(b, RW | PTE_US);
            expect_pages(b, true, true);
            fill(&second, RO | PTE_US);
            bench_run(b);
            expect_steps(b, CALLS_OF(second.pin));
            expect_pages(b, true, false);
            bench_expect(b, !mm_set_base(second.space.l3), "cannot go to the child");
            expect_pages(b, true, false);
            bench_expect(b, !mm_set_base(first.space.l3), "cannot come back");
            make_calls(b, CALLS_OF(second.unpin));
        }
        end(b);
    }
    stores_trap_no_more();
}

/* exit: on to the parent's tables; the child's are unpinned, and ordinary memory again. What they map is then undone
 * without the hypervisor. */
void process_exit(struct bench *b)
{
    if (!begin(b, RO | PTE_US))
        return;
    begin_steps(b);
    add_extended(b, &first.base_op);
    add_multicall(b, CALLS_OF(second.unpin));
    while (bench_repeat(b)) {
        fill(&second, RO | PTE_US);
        make_calls(b, CALLS_OF(second.pin));
        bench_expect(b, !mm_set_base(second.space.l3), "cannot go to the child");
        expect_pages(b, true, false);
        bench_run(b);
        expect_steps(b, CALLS_OF(second.unpin));
        memset(second.l1[0], 0, PAGE_SIZE); /* it is ordinary memory */
        expect_pages(b, true, false);
        bench_expect(b, !mm_set_base(first.space.l3), "cannot come back");
    }
    end(b);
}

/* exec: new tables, with a stack of eight pages, are pinned and taken; the old ones are unpinned; then the program's
 * pages are mapped one by one, by update_va_mapping. */
void process_exec(struct bench *b)
{
    uint32_t i;

    if (!begin(b, RW | PTE_US))
        return;
    begin_steps(b);
    add_multicall(b, CALLS_OF(second.pin));
    add_extended(b, &second.base_op);
    add_multicall(b, CALLS_OF(first.unpin));
    for (i = 0; i < IMAGE; i++) {
        pte_t pte = mmu_entry(i, RO | PTE_US);

        bench_call_set(b, b->count++, __HYPERVISOR_update_va_mapping, page_at(i), (uint32_t)pte, (uint32_t)(pte >> 32),
                       UVMF_NONE, 0);
    }
    while (bench_repeat(b)) {
        fill(&second, NONE);
        for (i = PAGES - 8; i < PAGES; i++)
            *slot_of(&second, i) = mmu_entry(i, RW | PTE_US);
        bench_run(b);
        expect_steps(b, CALLS_OF(second.pin));
        expect_steps(b, CALLS_OF(first.unpin));
        for (i = 0; i < PAGES; i += 3)
            bench_expect(b, probe_read(page_at(i), NULL, NULL) == (i < IMAGE || i >= PAGES - 8), "page %u", i);
        fill(&first, RW | PTE_US);
        make_calls(b, CALLS_OF(first.pin));
        bench_expect(b, !mm_set_base(first.space.l3), "cannot come back");
        make_calls(b, CALLS_OF(second.unpin));
    }
    end(b);
}

/* munmap: XCHG takes the low half of each entry, a store clears the high one; then the TLB is flushed. */
void process_munmap(struct bench *b)
{
    uint32_t i;

    if (!stores_trap(b))
        return;
    if (begin(b, RW | PTE_US)) {
        begin_steps(b);
        for (i = 0; i < PAGES; i++)
            add_store(b, BENCH_CLEAR, slot_of(&first, i));
        add_extended(b, &flush_op);
        while (bench_repeat(b)) {
            set_pages(b, RW | PTE_US);
            expect_pages(b, true, true);
            bench_run(b);
            expect_steps(b, NULL, 0);
            for (i = 0; i < PAGES; i++)
                bench_expect(b, !*slot_of(&first, i), "entry %u is %llx", i, *slot_of(&first, i));
            expect_pages(b, false, false);
        }
        end(b);
    }
    stores_trap_no_more();
}

extern const char cow_user[], cow_user_end[]; /* loops.S */

/* ---- A process writes to its pages in turn. Each is read-only, and the kernel's handler gives the process a page of
 * its own (loops.S). The copy between the two is left out. */
uint64_t bench_cow_entries[PAGES];
uint64_t *bench_cow_slots[PAGES];
struct mmuext_op bench_cow_flush = {.cmd = MMUEXT_INVLPG_LOCAL};

static const struct bench_call *cow_calls; /* a call of its own for each page, since it may be timed alone */

static __attribute__((noinline, noclone)) uint64_t cow_ticks(uint32_t turns)
{
    uint64_t begun = rdtsc();

    return in_user_mode(turns) ? rdtsc() - begun : ~0ull;
}

static uint32_t cow_turns(const struct bench_call *calls, const struct bench_call *end)
{
    return (end - calls) | (calls - cow_calls) << 16;
}

static uint64_t cow(struct bench_call *calls, struct bench_call *end)
{
    return cow_ticks(cow_turns(calls, end));
}

static uint64_t no_cow(struct bench_call *calls, struct bench_call *end)
{
    return cow_ticks(cow_turns(calls, end) | 1u << 31);
}

static const struct bench_loop cow_loop = {cow, no_cow};

void process_cow(struct bench *b, const void *entry)
{
    uint32_t i;

    if (!stores_trap(b))
        return;
    if (begin(b, RO | PTE_US)) {
        for (i = 0; i < PAGES; i++) {
            bench_cow_entries[i] = mmu_entry(PAGES + i, RW | PTE_US);
            bench_cow_slots[i] = slot_of(&first, i);
        }
        bench_expect(b, !trap_set_entry(TRAP_PAGE_FAULT, entry, 0), "cannot install the handler");
        ring3_begin(b, cow_user, cow_user_end - cow_user);
        b->loop = &cow_loop;
        b->count = PAGES;
        cow_calls = b->calls;
        while (bench_repeat(b)) {
            set_pages(b, RO | PTE_US);
            bench_entry_count = 0;
            bench_run(b);
            bench_expect(b, bench_entry_count == PAGES, "the handler ran %u times", bench_entry_count);
            for (i = 0; i < PAGES; i++)
                bench_expect(b, (*slot_of(&first, i) | PTE_A | PTE_D) == (bench_cow_entries[i] | PTE_A | PTE_D),
                             "entry %u is %llx", i, *slot_of(&first, i));
            bench_expect(b, (uint8_t)*page_at(0) == 0x5A, "the process did not write");
        }
        trap_set_entry(TRAP_PAGE_FAULT, NULL, 0);
        ring3_end();
        end(b);
    }
    stores_trap_no_more();
}
