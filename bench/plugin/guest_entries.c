/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <inttypes.h>
#include <stdlib.h>

#define CALL_MMU_UPDATE        1 /* numbers of hypercalls, as in public/xen.h */
#define CALL_MULTICALL         13
#define CALL_UPDATE_VA_MAPPING 14
#define VECTOR_HYPERCALL       0x82
#define VECTOR_PAGE_FAULT      14
#define INSN_MAX               15
#define REQUEST_SIZE           16   /* of an mmu_update */
#define GAP_MAX                1000 /* instructions of the guest between calls that count as one after the other */

/* How often, and how many instructions of the hypervisor's. */
struct stats {
    uint64_t n, sum, min, max;
};

static void stats_add(struct stats *s, uint64_t v)
{
    s->min = !s->n || v < s->min ? v : s->min;
    s->max = v > s->max ? v : s->max;
    s->n++;
    s->sum += v;
}

struct caller {
    struct caller *next;
    uint32_t function;
    uint64_t n, sum;
};

/* Entries of one kind. TYPE: h hypercall, t trap, i interrupt, o another INT. NUMBER: the call or the vector, -1 when
 * unknown. EVENT: what the hypervisor emulated, -1 for none of events.def. */
struct reason {
    struct reason *next;
    unsigned int section;
    char type;
    int number, event;
    uint32_t target;
    enum outcome outcome;
    struct stats stats;
    struct caller *callers;
};
static struct reason *reasons;

/* Calls in a multicall. */
static struct stats inner[SECTIONS][64];

/* mmu_updates by the number of requests that were read. */
struct batch {
    struct batch *next;
    unsigned int section;
    uint64_t size, n, sum;
};
static struct batch *batches;

/* Calls one after the other that could have been one: KIND u mmu_update of one request, v update_va_mapping, s stores
 * to one page table. ENTRIES: different ones, for one store is of half of one. */
struct run {
    struct run *next;
    unsigned int section;
    char kind;
    uint64_t calls, entries, n, sum;
};
static struct run *runs, growing;
static uint64_t run_guest_ticks; /* when it was last added to */
static uint64_t run_table;       /* of 's': the frame of the page table, and the entry last written */
static uint64_t run_entry;

static struct {
    bool active;
    unsigned int section;
    enum node_kind kind;
    const struct site *from;
    uint32_t caller, target;
    uint64_t guest_ticks, start;
    int number; /* of the hypercall */
    int piece;  /* of the multicall: the one that runs now; and since when */
    uint64_t piece_start;
    uint32_t read_low, read_high;
    uint64_t entry_written; /* its physical address, 0 for none */
} now;

/* FIND(list, condition): the element, moved to the head, or a new zeroed one there. NULL without memory. */
#define FIND(list, it, condition)              \
    ({                                         \
        __typeof__(list) *link_ = &(list), it; \
        while ((it = *link_) && !(condition))  \
            link_ = &it->next;                 \
        if (it)                                \
            *link_ = it->next;                 \
        else                                   \
            it = calloc(1, sizeof(*it));       \
        if (it) {                              \
            it->next = (list);                 \
            (list) = it;                       \
        } else {                               \
            out_of_memory = true;              \
        }                                      \
        it;                                    \
    })

void entry_begin(unsigned int section, enum node_kind kind, const struct site *from, uint32_t caller, uint32_t target,
                 uint64_t guest_ticks, uint64_t hypervisor_ticks)
{
    now.active = true;
    now.section = section;
    now.kind = kind;
    now.from = from;
    now.caller = caller;
    now.target = target;
    now.guest_ticks = guest_ticks;
    now.start = hypervisor_ticks;
    now.number = now.piece = -1;
    now.read_low = UINT32_MAX;
    now.read_high = 0;
    now.entry_written = 0;
}

static int int_vector(const struct site *s)
{
    return s->size == 2 && s->bytes[0] == 0xcd ? s->bytes[1] : -1;
}

/* A hypercall may be known by the function that does it; by the stub of the hypercall page, `mov $n, %eax; int`,
 * without any symbols. */
static int number_by_stub(const struct site *s)
{
    const struct site *before = s->index ? s - 1 : NULL;

    if (!before || before->size != 5 || before->bytes[0] != 0xb8 || before->bytes[2] || before->bytes[3])
        return -1;
    return before->bytes[1];
}

static void piece_end(uint64_t ticks)
{
    if (now.piece >= 0 && now.piece < 64)
        stats_add(&inner[now.section][now.piece], ticks - now.piece_start);
    now.piece = -1;
}

/* In a multicall, entering another call's function begins a call, but only if the multicall itself goes there: a call
 * may use another one's function. Our hypervisor has a piece of assembly for each call, marked as such, which may go on
 * to the function. */
void entry_arrive(uint32_t from, uint32_t address, uint64_t ticks)
{
    const struct function *f = function_at(address), *by;

    if (!now.active || !f || now.kind != NODE_GATE || (f->mark != MARK_CALL && f->mark != MARK_PIECE))
        return;
    if (now.number < 0) {
        now.number = f->mark == MARK_CALL ? f->number : -1;
        return;
    }
    if (now.number != CALL_MULTICALL || f->number == CALL_MULTICALL)
        return;
    by = function_at(function_of(from));
    if (f->mark == MARK_CALL && !(by && by->number == CALL_MULTICALL && by->mark != MARK_TRAP && by->mark != MARK_IRQ))
        return;
    piece_end(ticks);
    now.piece = f->number;
    now.piece_start = ticks;
}

void entry_reads(uint32_t address, unsigned int size)
{
    if (now.number != CALL_MMU_UPDATE)
        return;
    now.read_low = address < now.read_low ? address : now.read_low;
    now.read_high = address + size > now.read_high ? address + size : now.read_high;
}

void entry_writes_entry(uint64_t physical)
{
    now.entry_written = physical & ~7ull;
}

static void run_end(void)
{
    struct run *r;

    if (growing.calls > 1) {
        r = FIND(runs, it,
                 it->section == growing.section && it->kind == growing.kind && it->calls == growing.calls &&
                     it->entries == growing.entries);
        if (r) {
            r->section = growing.section;
            r->kind = growing.kind;
            r->calls = growing.calls;
            r->entries = growing.entries;
            r->n++;
            r->sum += growing.sum;
        }
    }
    growing = (struct run){0};
}

static void run_add(char kind, uint64_t ticks)
{
    bool goes_on = kind && growing.kind == kind && growing.section == now.section &&
                   now.guest_ticks - run_guest_ticks <= GAP_MAX &&
                   (kind != 's' || now.entry_written >> 12 == run_table);

    if (!goes_on)
        run_end();
    if (!kind)
        return;
    growing.section = now.section;
    growing.kind = kind;
    growing.calls++;
    growing.entries += !goes_on || kind != 's' || now.entry_written != run_entry;
    growing.sum += ticks;
    run_guest_ticks = now.guest_ticks;
    run_table = now.entry_written >> 12;
    run_entry = now.entry_written;
}

static void batch_add(uint64_t size, uint64_t ticks)
{
    struct batch *b = FIND(batches, it, it->section == now.section && it->size == size);

    if (!b)
        return;
    b->section = now.section;
    b->size = size;
    b->n++;
    b->sum += ticks;
}

/* Calls of which batching could make one. Interrupts and faults between them do not matter; other calls do. */
static void consider_batching(char type, int number, enum outcome outcome, uint64_t ticks)
{
    uint64_t size = now.read_high > now.read_low ? (now.read_high - now.read_low + REQUEST_SIZE - 1) / REQUEST_SIZE : 0;

    if (type == 'h' && number == CALL_MMU_UPDATE) {
        batch_add(size, ticks);
        run_add(size == 1 && outcome != BACK_AT ? 'u' : 0, ticks);
    } else if (type == 'h') {
        run_add(number == CALL_UPDATE_VA_MAPPING ? 'v' : 0, ticks);
    } else if (type == 't' && number == VECTOR_PAGE_FAULT && outcome == BACK_BEHIND) {
        run_add(now.entry_written ? 's' : 0, ticks);
    }
}

static int first_event(const struct insn *i)
{
    return i->events ? __builtin_ctzll(i->events) : -1;
}

static struct reason *reason_of(char type, int number, int event, enum outcome outcome)
{
    struct reason *r =
        FIND(reasons, it,
             it->section == now.section && it->type == type && it->number == number && it->event == event &&
                 it->outcome == outcome && (it->target == now.target || number >= 0));

    if (r) {
        r->section = now.section;
        r->type = type;
        r->number = number;
        r->event = event;
        r->outcome = outcome;
        r->target = now.target;
    }
    return r;
}

static void finish(enum outcome outcome, uint64_t hypervisor_ticks)
{
    const struct function *f = function_at(now.target);
    uint64_t ticks = hypervisor_ticks - now.start;
    int number = f && (f->mark == MARK_TRAP || f->mark == MARK_IRQ) ? f->number : -1, event = -1;
    char type = now.kind == NODE_INTERRUPT ? 'i' : 't';
    struct reason *r;
    struct caller *c;

    piece_end(hypervisor_ticks);
    now.active = false;
    if (now.kind == NODE_GATE && number < 0) {
        type = int_vector(now.from) == VECTOR_HYPERCALL ? 'h' : 'o';
        number = type == 'o' ? int_vector(now.from) : now.number >= 0 ? now.number : number_by_stub(now.from);
        outcome = outcome == ELSEWHERE ? BACK_BEHIND : outcome; /* an upcall on the way out is no other kind of call */
    } else if (type == 'i') {
        outcome = outcome == NOWHERE ? NOWHERE : BACK_BEHIND;
    } else if (outcome == BACK_BEHIND) {
        event = first_event(&now.from->insn);
    }
    r = reason_of(type, number, event, outcome);
    if (!r)
        return;
    stats_add(&r->stats, ticks);
    c = FIND(r->callers, it, it->function == now.caller);
    if (c) {
        c->function = now.caller;
        c->n++;
        c->sum += ticks;
    }
    consider_batching(type, number, outcome, ticks);
}

/* QEMU may have read only the beginning of an instruction that faults, so its size says nothing. */
void entry_end(uint32_t next, uint64_t hypervisor_ticks)
{
    uint32_t on = next - now.from->address;

    finish(!on ? BACK_AT : on <= INSN_MAX ? BACK_BEHIND : ELSEWHERE, hypervisor_ticks);
}

void entry_stays(uint64_t hypervisor_ticks)
{
    if (now.active)
        finish(NOWHERE, hypervisor_ticks);
}

static void print_stats(FILE *out, const struct stats *s)
{
    fprintf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", s->n, s->sum, s->min, s->max);
}

void entries_print(FILE *out)
{
    run_end();
    for (const struct reason *r = reasons; r; r = r->next) {
        fprintf(out, "reason %u %c %d %d %d %" PRIx32, r->section, r->type, r->number, r->event, r->outcome, r->target);
        print_stats(out, &r->stats);
        for (const struct caller *c = r->callers; c; c = c->next)
            fprintf(out, "caller %" PRIx32 " %" PRIu64 " %" PRIu64 "\n", c->function, c->n, c->sum);
    }
    for (unsigned int i = 0; i < SECTIONS; i++)
        for (unsigned int k = 0; k < 64; k++)
            if (inner[i][k].n) {
                fprintf(out, "inner %u %u", i, k);
                print_stats(out, &inner[i][k]);
            }
    for (const struct batch *b = batches; b; b = b->next)
        fprintf(out, "batch %u %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", b->section, b->size, b->n, b->sum);
    for (const struct run *r = runs; r; r = r->next)
        fprintf(out, "runs %u %c %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", r->section, r->kind, r->calls,
                r->entries, r->n, r->sum);
}
