/* SPDX-License-Identifier: MIT */
/*
 * How long domain 0 waits for a domain that does its worst. A question about that domain is answered as soon as the one
 * operation in progress on the domain's memory is over. The longest operation takes or drops a whole tree of page
 * tables: four L2s with 2048 L1s. And a pause is a pause: once it has been answered, no vCPU of the domain runs any
 * more.
 */
#include "other.h"

#include <public/memory.h>

/* Nanoseconds; where an instruction takes 1 ns (tests/cases/longest_stretch.sh), instructions. docs/security.md states
 * the bound. */
#define RESPONSE_NS 200000000ull

#define ENTRIES      512u
#define TREE_L1S     (3 * ENTRIES + 420) /* the L1s of slot 3 end where the hypervisor begins */
#define FEW_L1S      16u
#define TREE_KIB     ((VICTIM_FRAMES + TREE_L1S + 3 * ENTRIES) * 4)
#define LIST         (VICTIM_SPARE + 0) /* one page that is mapped again and again, over hundreds of MiB */
#define LIST_L1      (VICTIM_SPARE + 1)
#define LIST_VA      (VIRT_BASE + (4u << 20))
#define LIST_BYTES   (400u << 21)
#define EXTENT_ORDER 9

static xen_pfn_t l1s[TREE_L1S];
static uint32_t l1_count;

/* Makes the multicall at EBX, of ECX calls, again and again. */
extern const char response_code[], response_code_end[];
__asm__(".section .rodata\n"
        "response_code:\n"
        "1:      mov     $13, %eax\n"
        "        push    %ebx\n"
        "        push    %ecx\n"
        "        int     $0x82\n"
        "        pop     %ecx\n"
        "        pop     %ebx\n"
        "        jmp     1b\n"
        "response_code_end:\n"
        ".text\n");

/* ---- The domain */

static void put_frame(const struct victim *v, uint32_t frame, const void *data, uint32_t size)
{
    void *page = victim_map(v, frame);

    if (page)
        memcpy(page, data, size);
    victim_unmap();
}

static bool populate_l1s(const struct victim *v)
{
    struct xen_domctl mem = {.u.max_mem.max_memkb = TREE_KIB};
    struct xen_memory_reservation r = {.extent_start = l1s, .nr_extents = l1_count, .domid = v->id};

    for (uint32_t i = 0; i < l1_count; i++)
        l1s[i] = VICTIM_FRAMES + i;
    return CHECK_RC(victim_domctl(XEN_DOMCTL_max_mem, v->id, &mem), 0) &&
           CHECK_RC(HYPERVISOR_memory_op(XENMEM_populate_physmap, &r), l1_count);
}

/* Each is full of entries for the same frame, writable. */
static void fill_l1s(const struct victim *v)
{
    static pte_t table[ENTRIES];
    mmu_update_t req = {.ptr = pte_maddr(mm_l1_entry((void *)FREE_VA))};

    for (uint32_t i = 0; i < ENTRIES; i++)
        table[i] = make_pte(v->mfn[VICTIM_DATA], PTE_KERNEL_RW);
    for (uint32_t i = 0; i < l1_count; i++) {
        req.val = make_pte(l1s[i], PTE_KERNEL_RW);
        if (CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)v->id), 0))
            memcpy((void *)FREE_VA, table, PAGE_SIZE);
    }
    unmap_at(FREE_VA);
}

static void make_tree(const struct victim *v)
{
    for (uint32_t slot = 0; slot < 4; slot++) {
        pte_t *l2 = victim_map(v, VICTIM_TREE_L2 + slot);

        if (!l2)
            return;
        memset(l2, 0, PAGE_SIZE);
        for (uint32_t i = 0; i < ENTRIES && slot * ENTRIES + i < l1_count; i++)
            l2[i] = make_pte(l1s[slot * ENTRIES + i], PTE_TABLE);
        victim_unmap();
    }
}

/* Fills a page with copies of the list's element. Each page of LIST_VA will show it. */
static void make_list(const struct victim *v, const void *element, uint32_t size)
{
    char *page = victim_map(v, LIST);

    for (uint32_t i = 0; page && i + size <= PAGE_SIZE; i += size)
        memcpy(page + i, element, size);
    page = victim_map(v, LIST_L1);
    for (uint32_t i = 0; page && i < ENTRIES; i++)
        ((pte_t *)page)[i] = make_pte(v->mfn[LIST], PTE_KERNEL_RW);
    victim_unmap();
}

/* The tables are in use already, so this is done by calls, as the domain's kernel would do it. */
static void hook_list(const struct victim *v)
{
    mmu_update_t req = {.ptr = (uint64_t)v->mfn[VICTIM_L1] << PAGE_SHIFT | LIST_L1 * 8};
    uint32_t tables = (uint32_t)v->id | ((uint32_t)v->id + 1) << 16;

    req.val = make_pte(v->mfn[LIST_L1], PTE_KERNEL_RO);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, tables), 0);
    req.ptr = (uint64_t)v->mfn[VICTIM_L2] << PAGE_SHIFT;
    for (uint32_t i = 0; i < 400; i++) {
        req.ptr = ((uint64_t)v->mfn[VICTIM_L2] << PAGE_SHIFT) + (2 + i) * 8;
        req.val = make_pte(v->mfn[LIST_L1], PTE_TABLE);
        if (!CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, tables), 0))
            return;
    }
}

static void set_start(const struct victim *v, uint32_t list, uint32_t count)
{
    static struct vcpu_guest_context c;

    if (!other_get_context(v, 0, &c))
        return;
    c.user_regs.ebx = list;
    c.user_regs.ecx = count;
    CHECK_RC(other_set_context(v, 0, &c), 0);
}

/* ---- What it does */

static void call(multicall_entry_t *calls, uint32_t i, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
    calls[i] = (multicall_entry_t){.op = op, .args = {a0, a1, a2, a3}};
}

static void run_calls(const struct victim *v, const multicall_entry_t *calls, uint32_t count)
{
    put_frame(v, VICTIM_LIST, calls, count * sizeof(*calls));
    set_start(v, VICTIM_VA(VICTIM_LIST), count);
}

/* Pins and unpins the whole tree. */
static void pins(const struct victim *v)
{
    struct mmuext_op ops[2] = {{.cmd = MMUEXT_PIN_L3_TABLE}, {.cmd = MMUEXT_UNPIN_TABLE}};
    multicall_entry_t calls[2];

    ops[0].arg1.mfn = ops[1].arg1.mfn = v->mfn[VICTIM_TREE_L3];
    put_frame(v, VICTIM_ARGS, ops, sizeof(ops));
    for (uint32_t i = 0; i < 2; i++)
        call(calls, i, __HYPERVISOR_mmuext_op, VICTIM_VA(VICTIM_ARGS) + i * sizeof(ops[0]), 1, 0, DOMID_SELF);
    run_calls(v, calls, 2);
}

/* Takes the whole tree as the vCPU's page tables, then finds that the GDT is bad, and drops the tree again: all in one
 * step. */
static void initialise(const struct victim *v)
{
    static struct vcpu_guest_context c;
    multicall_entry_t calls[1];

    memset(&c, 0, sizeof(c));
    c.flags = VGCF_IN_KERNEL;
    c.ctrlreg[3] = v->mfn[VICTIM_TREE_L3] << PAGE_SHIFT | v->mfn[VICTIM_TREE_L3] >> 20;
    c.gdt_ents = 512;
    c.gdt_frames[0] = RAM_END_FRAME;
    put_frame(v, VICTIM_ARGS, &c, sizeof(c));
    call(calls, 0, __HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, VICTIM_VA(VICTIM_ARGS), 0);
    run_calls(v, calls, 1);
}

static void long_trap_list(const struct victim *v)
{
    trap_info_t trap = {.vector = 0xF0, .cs = FLAT_KERNEL_CS, .address = 0x1000};
    multicall_entry_t calls[1];

    make_list(v, &trap, sizeof(trap));
    hook_list(v);
    call(calls, 0, __HYPERVISOR_set_trap_table, LIST_VA, 0, 0, 0);
    run_calls(v, calls, 1);
}

static void long_multicall(const struct victim *v)
{
    multicall_entry_t element = {.op = __HYPERVISOR_sched_op, .args = {SCHEDOP_yield}};

    element.op = 11; /* no such operation */
    make_list(v, &element, sizeof(element));
    hook_list(v);
    set_start(v, LIST_VA, LIST_BYTES / sizeof(element));
}

static void long_batch(const struct victim *v)
{
    mmu_update_t request = {.ptr = (uint64_t)v->mfn[VICTIM_DATA] << PAGE_SHIFT, .val = 0};
    multicall_entry_t calls[1];

    make_list(v, &request, sizeof(request));
    hook_list(v);
    call(calls, 0, __HYPERVISOR_mmu_update, LIST_VA, LIST_BYTES / sizeof(request), 0, DOMID_SELF);
    run_calls(v, calls, 1);
}

static void large_extents(const struct victim *v)
{
    struct xen_memory_reservation r = {(void *)(VICTIM_VA(VICTIM_ARGS) + 64), 1, EXTENT_ORDER, 0, DOMID_SELF};
    multicall_entry_t calls[2];

    put_frame(v, VICTIM_ARGS, &r, sizeof(r));
    call(calls, 0, __HYPERVISOR_memory_op, XENMEM_increase_reservation, VICTIM_VA(VICTIM_ARGS), 0, 0);
    call(calls, 1, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, VICTIM_VA(VICTIM_ARGS), 0, 0);
    run_calls(v, calls, 2);
}

static const struct worst {
    const char *name;
    void (*prepare)(const struct victim *v);
    bool tree;
} worsts[] = {{"pins", pins, true},
              {"initialise", initialise, true},
              {"trap list", long_trap_list, false},
              {"multicall", long_multicall, false},
              {"batch", long_batch, false},
              {"extents", large_extents, false}};

/* ---- What domain 0 asks in the meantime */

static uint64_t longest;
static const char *longest_of;
static const char *doing;

static void answered(const char *what, uint64_t since)
{
    uint64_t took = system_time() - since;

    if (took > longest) {
        longest = took;
        longest_of = what;
    }
    if (took > RESPONSE_NS)
        FAIL("%s: %s took %u us", doing, what, (uint32_t)took / 1000);
}

#define TIMED(what, expression)          \
    do {                                 \
        uint64_t since_ = system_time(); \
        CHECK_RC(expression, 0);         \
        answered(what, since_);          \
    } while (0)

static uint64_t run_time(const struct victim *v)
{
    struct xen_domctl op = {0};

    TIMED("getdomaininfo", victim_domctl(XEN_DOMCTL_getdomaininfo, v->id, &op));
    return op.u.getdomaininfo.cpu_time;
}

/* Tries for at most that many time slices. */
static void let_run(uint32_t yields)
{
    while (yields--)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

static void pause_holds(const struct victim *v, uint32_t ms)
{
    struct xen_domctl op = {0};
    uint64_t before, end;

    TIMED("pausedomain", victim_domctl(XEN_DOMCTL_pausedomain, v->id, &op));
    before = run_time(v);
    end = system_time() + ms * 1000000;
    while (system_time() < end)
        let_run(1);
    CHECK_EQ(run_time(v), before);
}

static void ask(const struct victim *v, uint32_t yields)
{
    static struct vcpu_guest_context c;
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = 0, .ctxt.p = &c}}, nothing = {0};
    struct mmuext_op unpin = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = v->mfn[VICTIM_SPARE + 8]};
    uint64_t since;

    let_run(yields);
    TIMED("getvcpucontext", victim_domctl(XEN_DOMCTL_getvcpucontext, v->id, &op));
    let_run(yields);
    since = system_time();
    CHECK(victim_map(v, VICTIM_DATA) != NULL);
    victim_unmap();
    answered("a foreign mmu_update", since);
    let_run(yields);
    since = system_time();
    CHECK_RC(HYPERVISOR_mmuext_op(&unpin, 1, NULL, (uint32_t)v->id), -EINVAL);
    answered("a foreign mmuext_op", since);
    let_run(yields);
    pause_holds(v, yields == 1 ? 100 : 10);
    TIMED("getvcpucontext of a paused one", victim_domctl(XEN_DOMCTL_getvcpucontext, v->id, &op));
    TIMED("setvcpucontext", victim_domctl(XEN_DOMCTL_setvcpucontext, v->id, &op));
    TIMED("unpausedomain", victim_domctl(XEN_DOMCTL_unpausedomain, v->id, &nothing));
    let_run(yields);
    TIMED("setvcpucontext", victim_domctl(XEN_DOMCTL_setvcpucontext, v->id, &op));
}

static void try(const struct worst *w)
{
    uint64_t before;

    doing = w->name;
    context("%s", w->name);
    if (!other_begin(&other))
        return;
    l1_count = !w->tree ? FEW_L1S : TREE_L1S;
    if (populate_l1s(&other)) {
        fill_l1s(&other);
        make_tree(&other);
        put_frame(&other, VICTIM_CODE, response_code, response_code_end - response_code);
        w->prepare(&other);
        before = run_time(&other);
        victim_start(&other);
        for (uint32_t yields = 1; yields < 5; yields++)
            ask(&other, yields);
        CHECK(run_time(&other) - before > 10000000); /* the domain was busy */
        let_run(3);
    }
    TIMED("destroydomain", victim_destroy(&other));
}

TEST(response_to_domain_0)
{
    char asked[8];

    NEED_DOM0();
    if (!is_int82())
        SKIP("not tried on another hypervisor");
    if (!guest_option("response", asked, sizeof(asked)))
        SKIP("takes long: only with response=1");
    longest = 0;
    for (uint32_t i = 0; i < ARRAY_SIZE(worsts); i++)
        try(&worsts[i]);
    printf("response: at most %u us (%s)\n", (uint32_t)longest / 1000, longest_of);
}
