/* SPDX-License-Identifier: MIT */
/* Operations that are hypercalls: several requests become one call, and several calls one multicall. */
#include "fuzz.h"

#include <public/memory.h>

struct call {
    uint32_t nr, a[5];
    int32_t expected;
    uint32_t expected_done, *done;
    unsigned int first; /* the operation that it begins with */
};

static struct call calls[MAX_CALLS];
static unsigned int call_count;
static uint32_t arena; /* how much of it is used */
static bool edge_used, span_used;

static void *arena_alloc(uint32_t size)
{
    void *p = (void *)(ARENA + arena);

    arena += (size + 15) & ~15u;
    return p;
}

/* An array whose first `readable` elements lie before the end of what is mapped, or one that crosses a page's end. */
static void *arena_array(const struct op *op, uint32_t size, unsigned int *readable)
{
    *readable = MAX_BATCH;
    if (op->flags & OP_EDGE && !edge_used) {
        edge_used = true;
        *readable = op->target & 3;
        return (void *)(ARENA_END - *readable * size);
    }
    if (op->flags & OP_SPAN && !span_used) {
        span_used = true;
        return (void *)(ARENA + PAGE_SIZE - size - 4);
    }
    return arena_alloc(MAX_BATCH * size);
}

/* ---- Requests */
static void put_mmu(void *at, const struct op *op)
{
    mmu_update_t *req = at;
    const struct frame *f = &frames[op->frame % FRAMES];

    req->ptr = ((uint64_t)f->mfn << PAGE_SHIFT) + slot_index[op->slot % SLOTS] * sizeof(pte_t) + (op->x & 7);
    req->val = value_of(op);
}

static void put_ext(void *at, const struct op *op)
{
    static const uint32_t commands[E_NUM] = {MMUEXT_PIN_L1_TABLE,
                                             MMUEXT_PIN_L2_TABLE,
                                             MMUEXT_PIN_L3_TABLE,
                                             MMUEXT_PIN_L4_TABLE,
                                             MMUEXT_UNPIN_TABLE,
                                             MMUEXT_NEW_BASEPTR,
                                             MMUEXT_CLEAR_PAGE,
                                             MMUEXT_COPY_PAGE,
                                             MMUEXT_SET_LDT,
                                             MMUEXT_TLB_FLUSH_LOCAL,
                                             MMUEXT_INVLPG_LOCAL,
                                             MMUEXT_TLB_FLUSH_ALL,
                                             77};
    struct mmuext_op *req = at;

    req->cmd = commands[op->x % E_NUM];
    req->arg1.mfn = frames[op->frame % FRAMES].mfn;
    req->arg2.src_mfn = frames[op->target % FRAMES].mfn;
    if (op->x == E_LDT) {
        req->arg1.linear_addr = ldt_va(op);
        req->arg2.nr_ents = ldt_size(op);
    } else if (op->x == E_INVLPG)
        req->arg1.linear_addr = place_va(op);
}

/* ---- Calls of one operation */
static void build_va(struct call *c, const struct op *op)
{
    static const uint32_t flush[8] = {UVMF_NONE,
                                      UVMF_TLB_FLUSH | UVMF_LOCAL,
                                      UVMF_INVLPG | UVMF_LOCAL,
                                      UVMF_TLB_FLUSH | UVMF_ALL,
                                      UVMF_INVLPG | UVMF_ALL,
                                      UVMF_NONE,
                                      UVMF_INVLPG | ARENA,
                                      UVMF_TLB_FLUSH | ARENA_END};
    pte_t value = value_of(op);

    c->nr = __HYPERVISOR_update_va_mapping;
    c->a[0] = place_va(op);
    c->a[1] = (uint32_t)value;
    c->a[2] = (uint32_t)(value >> 32);
    c->a[3] = flush[op->y & 7];
}

static void build_desc(struct call *c, const struct op *op)
{
    const struct fuzz_descriptor *d = &fuzz_descriptors[op->x % fuzz_descriptors_count];
    uint64_t at =
        ((uint64_t)frames[op->frame % FRAMES].mfn << PAGE_SHIFT) + slot_index[op->slot % SLOTS] * 8 + (op->y == 7);

    c->nr = __HYPERVISOR_update_descriptor;
    c->a[0] = (uint32_t)at;
    c->a[1] = (uint32_t)(at >> 32);
    c->a[2] = d->a;
    c->a[3] = d->b;
}

static void build_gdt(struct call *c, const struct op *op)
{
    uint32_t *list = arena_alloc(16 * sizeof(*list));

    list[0] = frames[op->frame % FRAMES].mfn;
    list[1] = frames[op->target % FRAMES].mfn;
    c->nr = __HYPERVISOR_set_gdt;
    c->a[0] = (uint32_t)list;
    c->a[1] = op->x == 7 ? 0x1C01 : op->x % 3 * 512;
}

static void build_decrease(struct call *c, const struct op *op)
{
    struct xen_memory_reservation *r = arena_alloc(sizeof(*r));
    uint32_t *list = arena_alloc(sizeof(*list));

    *list = frames[op->frame % FRAMES].mfn;
    *r = (struct xen_memory_reservation){.extent_start = list, .nr_extents = 1, .domid = DOMID_SELF};
    c->nr = __HYPERVISOR_memory_op;
    c->a[0] = XENMEM_decrease_reservation;
    c->a[1] = (uint32_t)r;
}

static bool build_single(struct call *c, const struct op *op)
{
    static int (*const predict[])(const struct op *) = {
        [K_VA] = predict_va, [K_DESC] = predict_desc, [K_GDT] = predict_gdt, [K_DECREASE] = predict_decrease};
    static void (*const build[])(struct call *, const struct op *) = {
        [K_VA] = build_va, [K_DESC] = build_desc, [K_GDT] = build_gdt, [K_DECREASE] = build_decrease};
    bool skip;

    build[op->kind](c, op);
    c->expected = predict[op->kind](op);
    /* the result of decrease_reservation is a number, and 1 is one */
    skip = c->expected == SKIP && (op->kind != K_DECREASE || !IS_POOL(op->frame % FRAMES));
    operations += !skip;
    return !skip;
}

/* ---- Calls of many requests */
struct batch {
    struct call *call;
    uint8_t *array;
    uint32_t size;
    unsigned int count, readable;
    bool stopped;
};

static void add_request(struct batch *b, const struct op *op)
{
    bool mmu = op->kind == K_MMU;
    uint8_t *at = b->array + b->count * b->size;
    int rc = 0;

    if (!b->stopped && b->count >= b->readable)
        rc = -EFAULT;
    else if (!b->stopped)
        rc = mmu ? predict_mmu(op) : predict_ext(op);
    else if (mmu ? false : op->x == E_BASE)
        return; /* this will not be reached, but if it is, it must not kill us */
    if (rc == SKIP)
        return;
    if (b->count < b->readable) {
        if (mmu)
            put_mmu(at, op);
        else
            put_ext(at, op);
    }
    b->count++;
    operations++;
    if (rc) {
        b->call->expected = rc;
        b->stopped = true;
    } else if (!b->stopped)
        b->call->expected_done++;
}

static bool fits(const struct batch *b)
{
    return b->count < MAX_BATCH;
}

/* Puts together the requests from op[i] on. Returns the index after the last one. */
static unsigned int build_batch(struct call *c, const struct op *op, const bool *out, unsigned int i,
                                unsigned int count)
{
    bool mmu = op[i].kind == K_MMU;
    struct batch b = {.call = c, .size = mmu ? sizeof(mmu_update_t) : sizeof(struct mmuext_op)};
    unsigned int first = i;

    b.array = arena_array(&op[i], b.size, &b.readable);
    do {
        if (!out || !out[i])
            add_request(&b, &op[i]);
        i++;
    } while (i < count && fits(&b) && ((out && out[i]) || (op[i].kind == op[first].kind && op[i].flags & OP_JOIN)));
    c->nr = mmu ? __HYPERVISOR_mmu_update : __HYPERVISOR_mmuext_op;
    c->a[0] = (uint32_t)b.array;
    c->a[1] = b.count;
    c->a[3] = DOMID_SELF;
    if (op[first].flags & OP_DONE) {
        c->done = arena_alloc(sizeof(*c->done));
        *c->done = 0xDDDDDDDD;
        c->a[2] = (uint32_t)c->done;
    }
    return b.count ? i : first - 1; /* none of them is left */
}

/* ---- All together */
static bool check_call(const struct call *c, int32_t result)
{
    if (result != c->expected)
        return failed("call %u: %d instead of %d", c->nr, result, c->expected);
    if (c->done && *c->done != c->expected_done)
        return failed("call %u: %u done instead of %u", c->nr, *c->done, c->expected_done);
    return true;
}

static bool issue(void)
{
    multicall_entry_t *entry = arena_alloc(MAX_CALLS * sizeof(*entry));
    struct call *c = calls;
    int rc;

    hypercalls++;
    if (call_count == 1)
        return check_call(c, hypercall(c->nr, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4]));
    for (unsigned int i = 0; i < call_count; i++) {
        memset(&entry[i], 0, sizeof(entry[i]));
        entry[i].op = calls[i].nr;
        for (unsigned int j = 0; j < 5; j++)
            entry[i].args[j] = calls[i].a[j];
    }
    rc = HYPERVISOR_multicall(entry, call_count);
    if (rc)
        return failed("multicall: %d", rc);
    for (unsigned int i = 0; i < call_count; i++)
        if (!check_call(&calls[i], entry[i].result))
            return false;
    return true;
}

/* Makes the call that begins with op[i], and those that are in the same multicall. Returns the index of what
 * follows. */
unsigned int run_calls(const struct op *op, const bool *out, unsigned int i, unsigned int count, bool *ok)
{
    bool multi;

    call_count = arena = 0;
    edge_used = span_used = false;
    *(uint32_t *)ARENA = 1; /* a set of processors */
    arena_alloc(16);
    do {
        struct call *c = &calls[call_count];
        bool built;

        *c = (struct call){.first = i};
        if (op[i].kind == K_MMU || op[i].kind == K_EXT) {
            unsigned int next = build_batch(c, op, out, i, count);

            built = next > i;
            i = built ? next : i + 1;
        } else
            built = build_single(c, &op[i++]);
        call_count += built;
        while (i < count && out && out[i])
            i++;
        multi = i < count && IS_CALL(op[i].kind) && op[i].flags & OP_MULTI;
    } while (multi && call_count < MAX_CALLS);
    *ok = !call_count || issue();
    return i;
}
