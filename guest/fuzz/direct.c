/* SPDX-License-Identifier: MIT */
/* Operations that are not hypercalls: stores and loads, which may be updates of page tables, and loading of
 * selectors. */
#include "fuzz.h"

#include <public/memory.h>

/* ---- Stores */
enum {
    S_LOAD,
    S_LOW,
    S_HIGH,
    S_AND,
    S_OR,
    S_CMPXCHG8B,
    S_LOCK_CMPXCHG8B,
    S_XCHG,
    S_LOCK_AND,
    S_WRONG_CMPXCHG8B,
    S_NUM
};

static const char *const store_names[S_NUM] = {
    "load",      "mov to the low half", "mov to the high half",   "andb",      "orb",
    "cmpxchg8b", "lock cmpxchg8b",      "xchg with the low half", "lock andb", "cmpxchg8b of something else"};

const char *store_name(unsigned int kind)
{
    return store_names[kind % S_NUM];
}

struct store {
    unsigned int kind;
    volatile uint32_t *at;
    pte_t old, value;
};

static void cmpxchg8b(struct store *s, bool lock)
{
    uint32_t a = (uint32_t)s->old, d = (uint32_t)(s->old >> 32), b = (uint32_t)s->value, c = (uint32_t)(s->value >> 32);

    if (lock)
        __asm__ volatile("lock cmpxchg8b (%4)" : "+a"(a), "+d"(d) : "b"(b), "c"(c), "S"(s->at) : "memory", "cc");
    else
        __asm__ volatile("cmpxchg8b (%4)" : "+a"(a), "+d"(d) : "b"(b), "c"(c), "S"(s->at) : "memory", "cc");
}

static void do_store(void *arg)
{
    struct store *s = arg;
    uint32_t low = (uint32_t)s->value;

    switch (s->kind) {
    case S_LOAD:
        (void)*s->at;
        break;
    case S_LOW:
        *s->at = low;
        break;
    case S_HIGH:
        s->at[1] = (uint32_t)(s->value >> 32);
        break;
    case S_AND:
        __asm__ volatile("andb %1, %0" : "+m"(*s->at) : "q"((uint8_t)low) : "cc");
        break;
    case S_OR:
        __asm__ volatile("orb %1, %0" : "+m"(*s->at) : "q"((uint8_t)low) : "cc");
        break;
    case S_LOCK_AND:
        __asm__ volatile("lock andb %1, %0" : "+m"(*s->at) : "q"((uint8_t)low) : "cc");
        break;
    case S_XCHG:
        __asm__ volatile("xchg %1, %0" : "+m"(*s->at), "+r"(low));
        break;
    default:
        cmpxchg8b(s, s->kind != S_CMPXCHG8B);
    }
}

static pte_t stored(unsigned int kind, pte_t old, pte_t value)
{
    const pte_t low = 0xFFFFFFFF;

    switch (kind) {
    case S_LOAD:
    case S_WRONG_CMPXCHG8B:
        return old;
    case S_LOW:
    case S_XCHG:
        return (old & ~low) | (value & low);
    case S_HIGH:
        return (old & low) | (value & ~low);
    case S_AND:
    case S_LOCK_AND:
        return old & (value | ~0xFFull);
    case S_OR:
        return old | (value & 0xFF);
    default:
        return value;
    }
}

/* A store to an L1 table that is mapped read-only is an update. False: it was refused with a page fault. */
static bool predict_ptwr(pte_t *slot, unsigned int kind, pte_t value)
{
    pte_t new = stored(kind, *slot, value);

    if (kind == S_WRONG_CMPXCHG8B)
        return true;
    if (!mod_l1(slot, new))
        return true;
    /* The halves of an entry come in the wrong order: then it is stored without the present bit. */
    return kind == S_HIGH && new &PTE_P && !mod_l1(slot, new & ~PTE_P);
}

/* True: no fault. */
static bool predict_store(const struct mapping *m, struct frame *f, unsigned int slot, unsigned int kind, pte_t value)
{
    if (!m->table || !(m->entry & PTE_P))
        return false;
    if (kind == S_LOAD)
        return true;
    if (m->entry & PTE_RW) {
        if (m->read_only)
            return false;
        f->slot[slot] = stored(kind, f->slot[slot], value);
        return true;
    }
    return !m->linear && f->uses && f->type == T_L1 && predict_ptwr(&f->slot[slot], kind, value);
}

/* Through an entry that the TLB may still hold, the guest may have written to any page that is not a table, but to no
 * table. */
static bool check_stale(const struct frame *before)
{
    if (check_contents(false))
        return true;
    memcpy(frames, before, sizeof(frames));
    return check_contents(true);
}

static bool may_store(const struct mapping *m, const struct frame *f, unsigned int slot)
{
    unsigned int number;

    if (m->table >= &frames[F_KERNEL])
        return false;
    if (!m->table || !(m->entry & PTE_P))
        return true;
    if (!f)
        return false; /* I/O space */
    number = f - frames;
    if (f->hyp_tail && slot >= SLOT_HYP)
        return false;
    return IS_POOL(number) || number == F_DATA || (number == F_WINDOW && slot >= SLOT_FREE && slot < SLOT_TOP);
}

/* The value that an exchange compares with. The access itself may set Accessed in this very entry, so an access comes
 * first. */
static pte_t old_value(struct store *s, const struct frame *f, unsigned int slot)
{
    struct store load = {.kind = S_LOAD, .at = s->at};
    pte_t old;

    if (!f || s->kind < S_CMPXCHG8B)
        return 0;
    trap_catch(NULL, do_store, &load);
    old = read_entry(f - frames, slot_index[slot]);
    return s->kind == S_WRONG_CMPXCHG8B ? old ^ 1ull << 40 : old;
}

bool run_store(const struct op *op)
{
    static struct frame before[FRAMES];
    unsigned int slot = op->slot % SLOTS, kind = op->x % S_NUM;
    struct mapping m = walk(op);
    struct frame *f = m.entry & PTE_P ? frame_of(pte_mfn(m.entry)) : NULL;
    struct store s = {.kind = kind, .value = value_of(op)};
    struct caught_trap trap;
    bool expected, seen;

    /* Segment limits keep ring 1 out of the hypervisor. QEMU does not check them, so other tests do that. */
    if (place_va(op) >= HYPERVISOR_VIRT_START || !may_store(&m, f, slot))
        return true;
    if (f && m.slot == SLOTS && !f->owned)
        return true;
    operations++;
    s.at = (volatile uint32_t *)(place_va(op) + slot_index[slot] * sizeof(pte_t));
    if (op->flags & OP_STALE)
        memcpy(before, frames, sizeof(frames));
    else if (mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0))
        return failed("a flush was refused");
    s.old = old_value(&s, f, slot);
    expected = predict_store(&m, f, slot, kind, s.value);
    seen = !trap_catch(&trap, do_store, &s);
    if (!seen && trap.vector != TRAP_PAGE_FAULT)
        return failed("trap %u, error 0x%x", trap.vector, trap.error);
    if (op->flags & OP_STALE)
        return (seen == expected && check_contents(false)) || check_stale(before);
    if (seen != expected)
        return failed(seen ? "no page fault" : "a page fault at 0x%x, error 0x%x", trap.cr2, trap.error);
    return true;
}

/* ---- The LDT */
static void load_gs(void *arg)
{
    __asm__ volatile("mov %0, %%gs" : : "r"(*(uint32_t *)arg));
}

static bool loadable(pte_t descriptor)
{
    uint32_t b = (uint32_t)(descriptor >> 32);

    /* Present, not a gate, data or readable code, for ring 1. */
    return b & 0x8000 && b & 0x1000 && (!(b & 0x800) || b & 0x200) && (b & 0x6000);
}

bool run_ldt(const struct op *op)
{
    unsigned int page = op->x & 3, slot = op->slot % SLOTS;
    uint32_t selector = (page * 512 + slot_index[slot]) * 8 | 5, flat = FLAT_KERNEL_DS;
    struct caught_trap trap;
    bool expected, seen;

    if (ldt_entries > page * 512 && !(ldt_mapped & 1u << page) && op->flags & OP_STALE)
        return true;
    operations++;
    expected = load_ldt_page(page) && loadable(frames[ldt_frame[page]].slot[slot]);
    seen = !trap_catch(&trap, load_gs, &selector);
    load_gs(&flat);
    if (seen != expected)
        return failed(seen ? "selector 0x%x was loaded" : "selector 0x%x was not loaded: trap %u, error 0x%x", selector,
                      trap.vector, trap.error);
    return true;
}

/* ---- Frames exchanged for others */
static int change_view(unsigned int f, pte_t entry)
{
    return update_va((void *)VIEW(f), entry, UVMF_INVLPG);
}

static bool new_frame(unsigned int f, uint32_t *mfn)
{
    struct xen_memory_reservation r = {.extent_start = mfn, .nr_extents = 1, .domid = DOMID_SELF};

    return HYPERVISOR_memory_op(XENMEM_increase_reservation, &r) == 1 || failed("no frame instead of f%u", f);
}

static int exchange(uint32_t *mfn)
{
    uint32_t in = *mfn;
    struct xen_memory_exchange x = {
        .in = {.extent_start = &in, .nr_extents = 1, .domid = DOMID_SELF},
        .out = {.extent_start = mfn, .nr_extents = 1, .domid = DOMID_SELF},
    };

    return HYPERVISOR_memory_op(XENMEM_exchange, &x);
}

static bool take_new(unsigned int f, uint32_t mfn)
{
    map_frame_number(frames[f].mfn, -1);
    frames[f] = (struct frame){.mfn = mfn, .refs = 1, .allocated = true, .owned = true};
    map_frame_number(mfn, f);
    return mmuext(MMUEXT_CLEAR_PAGE, mfn, 0) ? failed("new frame 0x%x cannot be cleared", mfn) : true;
}

/* the view is the last mapping of a frame that was given back */
bool run_renew(unsigned int number)
{
    struct frame *f = &frames[number];
    bool was_owned = f->owned;
    uint32_t mfn = f->mfn;
    int rc, expected;

    operations++;
    hypercalls += 4;
    if (was_owned) {
        if (change_view(number, 0))
            return failed("the view of f%u cannot be taken away", number);
        put_l1e(make_pte(mfn, PTE_KERNEL_RO));
    }
    expected = f->owned && f->allocated && f->refs == 1 && !f->uses ? 0 : -EINVAL;
    rc = exchange(&mfn);
    if (rc != expected)
        return failed("exchange of f%u: %d instead of %d", number, rc, expected);
    if (rc && !f->owned && !new_frame(number, &mfn))
        return false;
    if ((!rc || !f->owned) && !take_new(number, mfn))
        return false;
    rc = change_view(number, make_pte(f->mfn, PTE_KERNEL_RO));
    if (rc)
        return failed("the view of f%u cannot be put back: %d", number, rc);
    f->refs++;
    return true;
}
