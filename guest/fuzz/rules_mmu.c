/* SPDX-License-Identifier: MIT */
/* What mmu_update, mmuext_op, update_va_mapping and decrease_reservation do. */
#include "fuzz.h"

pte_t value_of(const struct op *op)
{
    pte_t bits = entry_bits[op->bits % entry_bits_count].bits;

    if (op->target < FRAMES)
        return make_pte(frames[op->target].mfn, bits);
    switch (op->target) {
    case V_ZERO:
        return 0;
    case V_NOWHERE:
        return make_pte(0x400000, bits);
    case V_BIT45:
        return make_pte(frames[0].mfn, bits) | 1ull << 45;
    case V_BIT52:
        return make_pte(frames[0].mfn, bits) | 1ull << 52;
    default:
        return make_pte(limits.hyp_mfn, bits);
    }
}

/* A store counts as a mapping while it is carried out. */
static int write_data(struct frame *f, unsigned int slot, pte_t new)
{
    if (get_type(f, T_WRITABLE))
        return -EINVAL;
    f->slot[slot] = new;
    put_type(f);
    return 0;
}

static int mod_l2(struct frame *f, unsigned int slot, pte_t new, bool preserve)
{
    pte_t old = f->slot[slot];
    int rc = 0;

    if (f->type == T_TOP && slot >= SLOT_HYP)
        return -EPERM;
    if (preserve)
        new |= old &(PTE_A | PTE_D);
    if (!((old ^ new) & ~(PTE_A | PTE_D | PTE_AVAIL))) {
        f->slot[slot] = new;
        return 0;
    }
    if (new &PTE_P)
        rc = get_l2e(new, f);
    if (rc)
        return rc;
    f->slot[slot] = new;
    if (old & PTE_P)
        put_l2e(old, f);
    return 0;
}

static int mod_l3(struct frame *f, unsigned int slot, pte_t new)
{
    pte_t old = f->slot[slot];
    int rc = 0;

    if (slot >= 3)
        return -EINVAL;
    if (new &PTE_P)
        rc = limits.nx && new &PTE_NX ? -EINVAL : get_table(new, L3_REFUSED, T_L2);
    if (rc)
        return rc;
    f->slot[slot] = new;
    if (old & PTE_P)
        put_both(frame_of(pte_mfn(old)));
    return 0;
}

/* Tables that the guest needs, or parts of them. */
static bool may_write(unsigned int f, unsigned int slot)
{
    if (IS_POOL(f))
        return slot > 3 || !is_live_kernel(&frames[f]);
    if (f == F_WINDOW || f == F_TOP)
        return slot >= SLOT_FREE && slot <= SLOT_TOP && slot_index[slot] < 427;
    return f == F_DATA;
}

int predict_mmu(const struct op *op)
{
    unsigned int slot = op->slot % SLOTS, command = op->x & 7;
    struct frame *f = &frames[op->frame % FRAMES];
    pte_t new = value_of(op);
    bool preserve = command == MMU_PT_UPDATE_PRESERVE_AD;

    if (command == MMU_MACHPHYS_UPDATE)
        return IS_POOL(op->frame % FRAMES) ? (f->owned ? 0 : -EINVAL) : SKIP;
    if (command > MMU_PT_UPDATE_PRESERVE_AD)
        return -ENOSYS;
    if (!may_write(op->frame % FRAMES, slot))
        return SKIP;
    if (!f->owned)
        return -EINVAL;
    if (!f->uses)
        return write_data(f, slot, new);
    switch (f->type) {
    case T_L1:
        if (preserve)
            new |= f->slot[slot] & (PTE_A | PTE_D);
        return mod_l1(&f->slot[slot], new);
    case T_L2:
    case T_TOP:
        return mod_l2(f, slot, new, preserve);
    case T_L3:
        return mod_l3(f, slot, new);
    default:
        return write_data(f, slot, new);
    }
}

static int pin(struct frame *f, enum type type)
{
    int rc = get_both(f, type);

    if (rc)
        return rc;
    if (f->pinned) {
        put_both(f);
        return -EINVAL;
    }
    f->pinned = true;
    return 0;
}

static int unpin(struct frame *f)
{
    if (!f->owned || !f->pinned)
        return -EINVAL;
    f->pinned = false;
    put_both(f);
    return 0;
}

/* After a switch to this L3 the kernel must still be mapped. This is decided before the switch is tried, since there is
 * no way back. */
static bool survivable(const struct frame *l3)
{
    const struct frame *top;

    if (l3 == &frames[F_BASE] || !(l3->slot[3] & PTE_P))
        return true; /* unchanged, or refused */
    top = frame_of(pte_mfn(l3->slot[3]));
    return !top || kernel_ok(top);
}

static int new_base(unsigned int number)
{
    struct frame *f = &frames[number], *old = &frames[base];
    int rc;

    if (!survivable(f))
        return SKIP;
    if (number == base)
        return 0;
    rc = get_both(f, T_L3);
    if (rc)
        return rc;
    unmap_ldt();
    base = number;
    put_both(old);
    return 0;
}

static int clear(struct frame *f)
{
    if (!f->owned || get_type(f, T_WRITABLE))
        return -EINVAL;
    memset(f->slot, 0, sizeof(f->slot));
    f->kernel = f->hyp_tail = false;
    put_type(f);
    return 0;
}

static int copy(struct frame *to, const struct frame *from)
{
    if (from->hyp_tail)
        return SKIP;
    if (!from->owned || !to->owned || get_type(to, T_WRITABLE))
        return -EINVAL;
    memmove(to->slot, from->slot, sizeof(to->slot));
    to->kernel = from->kernel;
    to->hyp_tail = false;
    put_type(to);
    return 0;
}

/* An address in the window, or one that must be refused. */
uint32_t ldt_va(const struct op *op)
{
    struct op at = *op;

    if (at.place == P_TREE)
        at.place = P_WINDOW;
    return place_va(&at) + (op->slot == 7);
}

uint32_t ldt_size(const struct op *op)
{
    return op->y & 0x80 ? 8193 : (op->y & 3) * 512;
}

static int set_ldt(const struct op *op)
{
    uint32_t at = ldt_va(op), entries = ldt_size(op);

    if (at & (PAGE_SIZE - 1) || at >= HYPERVISOR_VIRT_START || entries > 8192 ||
        at > HYPERVISOR_VIRT_START - entries * 8)
        return -EINVAL;
    if (ldt_entries == entries && ldt_base == at)
        return 0;
    unmap_ldt();
    ldt_base = at;
    ldt_entries = entries;
    return 0;
}

/* Not the frames that we need ourselves, in whatever way. */
static bool may_use(unsigned int f, unsigned int what)
{
    if (IS_POOL(f) || f == F_DATA)
        return true;
    if (what == E_UNPIN)
        return f != F_BASE;
    return what != E_CLEAR && what != E_COPY && f < F_KERNEL && f != F_TEMPLATE;
}

int predict_ext(const struct op *op)
{
    unsigned int number = op->frame % FRAMES, from = op->target % FRAMES;
    struct frame *f = &frames[number];

    if (op->x <= E_COPY && !may_use(number, op->x))
        return SKIP;
    switch (op->x) {
    case E_PIN_L1:
        return pin(f, T_L1);
    case E_PIN_L2:
        return pin(f, T_L2);
    case E_PIN_L3:
        return pin(f, T_L3);
    case E_UNPIN:
        return unpin(f);
    case E_BASE:
        return new_base(number);
    case E_CLEAR:
        return clear(f);
    case E_COPY:
        return IS_POOL(from) || from == F_DATA || from == F_TEMPLATE ? copy(f, &frames[from]) : SKIP;
    case E_LDT:
        return set_ldt(op);
    case E_BAD:
        return -ENOSYS;
    default:
        return 0;
    }
}

int predict_va(const struct op *op)
{
    struct mapping m = walk(op);
    int rc = -EINVAL;

    if (m.table >= &frames[F_KERNEL] || m.slot == SLOTS ||
        (m.table == &frames[F_WINDOW] && (m.slot < SLOT_FREE || m.slot >= SLOT_TOP)))
        return SKIP; /* the kernel's own, the views, and window entries that must not change */
    if (m.table && !m.linear)
        rc = mod_l1(&m.table->slot[m.slot], value_of(op));
    if (!rc && op->y == 7)
        return -EFAULT; /* the set of processors to flush could not be read; the update is done */
    return rc;
}

int predict_decrease(const struct op *op)
{
    struct frame *f = &frames[op->frame % FRAMES];

    if (!IS_POOL(op->frame % FRAMES))
        return SKIP;
    if (!f->owned)
        return 0;
    f->refs++;
    if (f->pinned) {
        f->pinned = false;
        put_both(f);
    }
    if (f->allocated) {
        f->allocated = false;
        put_ref(f);
    }
    put_ref(f);
    return 1;
}
