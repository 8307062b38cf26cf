/* SPDX-License-Identifier: MIT */
/* The rules of docs/memory.md once more, for the few frames and entries that are used here. */
#include "fuzz.h"

#define MAPPED_FRAMES 0x40000 /* 1 GiB */

const uint16_t slot_index[SLOTS] = {0, 1, 2, 3, 256, 257, 258, 259, 260, 261, 427, 428, 511};

struct frame frames[FRAMES];
struct limits limits;
unsigned int base;
uint32_t ldt_base, ldt_entries, ldt_mapped;
uint8_t ldt_frame[16], gdt_frame[2], gdt_frames;

static uint8_t by_number[MAPPED_FRAMES]; /* 1 + index */

struct frame *frame_of(uint32_t mfn)
{
    return mfn < MAPPED_FRAMES && by_number[mfn] ? &frames[by_number[mfn] - 1] : NULL;
}

void map_frame_number(uint32_t mfn, int frame)
{
    if (mfn < MAPPED_FRAMES)
        by_number[mfn] = frame + 1;
}

static bool too_high(pte_t e)
{
    return (uint32_t)(e >> 32) & ~(limits.nx ? 0x80000000u : 0) & 0xFFFFF000u;
}

/* ---- References */

static void invalidate(struct frame *f);
static int validate(struct frame *f);

void put_ref(struct frame *f)
{
    if (!--f->refs) {
        f->owned = false;
        f->type = T_NONE;
    }
}

int get_type(struct frame *f, enum type type)
{
    int rc;

    if (f->uses) {
        if (f->type != type)
            return -EINVAL;
        f->uses++;
        return 0;
    }
    f->type = type;
    f->uses = 1;
    rc = validate(f);
    if (rc) {
        f->type = T_NONE;
        f->uses = 0;
    }
    return rc;
}

void put_type(struct frame *f)
{
    if (f->uses == 1)
        invalidate(f);
    f->uses--;
}

int get_both(struct frame *f, enum type type)
{
    int rc;

    if (!f || !f->owned)
        return -EINVAL;
    f->refs++;
    rc = get_type(f, type);
    if (rc)
        put_ref(f);
    return rc;
}

void put_both(struct frame *f)
{
    put_type(f);
    put_ref(f);
}

/* A frame that is not one of ours. Domain 0 may map I/O space (the first MiB counts as such). */
static int get_strange(pte_t e)
{
    if (pte_mfn(e) < 0x100 || pte_mfn(e) >= limits.max_ram)
        return limits.privileged ? 0 : -EPERM;
    return e & (PTE_PWT | PTE_PCD | PTE_PAT) ? -EINVAL : -EBUSY;
}

int get_l1e(pte_t e)
{
    struct frame *f = frame_of(pte_mfn(e));

    if (e & PTE_G || too_high(e))
        return -EINVAL;
    if (!f)
        return get_strange(e);
    if (e & (PTE_PWT | PTE_PCD | PTE_PAT))
        return -EINVAL;
    if (!f->owned || (e & PTE_RW && get_type(f, T_WRITABLE)))
        return -EBUSY;
    f->refs++;
    return 0;
}

void unmap_ldt(void)
{
    for (unsigned int i = 0; i < 16; i++)
        if (ldt_mapped & 1u << i) {
            ldt_mapped &= ~(1u << i);
            put_both(&frames[ldt_frame[i]]);
        }
}

void put_l1e(pte_t e)
{
    struct frame *f = frame_of(pte_mfn(e));

    if (!f)
        return;
    if (e & PTE_RW)
        put_type(f);
    else if (f->type == T_DESC)
        unmap_ldt(); /* this may have been the mapping of the LDT */
    put_ref(f);
}

int get_table(pte_t e, pte_t refused, enum type type)
{
    if (e & refused || too_high(e))
        return -EINVAL;
    return get_both(frame_of(pte_mfn(e)), type);
}

static void put_table(pte_t e)
{
    put_both(frame_of(pte_mfn(e)));
}

/* A linear entry names the table itself or another L2. There are no chains. */
static int get_linear(pte_t e, struct frame *table)
{
    struct frame *f = frame_of(pte_mfn(e));

    if (e & (L2_REFUSED | PTE_RW) || too_high(e) || !f || !f->owned || !f->uses || f->type != T_L2)
        return -EINVAL;
    if (f == table)
        return 0;
    if (table->linear < 0 || f->linear > 0)
        return -EINVAL;
    table->linear++;
    f->linear--;
    return get_both(f, T_L2);
}

int get_l2e(pte_t e, struct frame *table)
{
    int rc = get_table(e, L2_REFUSED, T_L1);

    return rc && get_linear(e, table) ? rc : 0;
}

void put_l2e(pte_t e, struct frame *table)
{
    struct frame *f = frame_of(pte_mfn(e));

    if (f == table)
        return;
    if (f->type == T_L2) {
        table->linear--;
        f->linear++;
    }
    put_table(e);
}

/* ---- Tables as a whole */

/* Takes one entry by the rules of the table's type. index: of an entry of an L3. */
static int get_entry(struct frame *f, enum type type, pte_t e, unsigned int index)
{
    switch (type) {
    case T_L1:
        return get_l1e(e);
    case T_L2:
    case T_TOP:
        return get_l2e(e, f);
    default:
        if (limits.nx && e & PTE_NX)
            return -EINVAL;
        return get_table(e, L3_REFUSED, index == 3 ? T_TOP : T_L2);
    }
}

static void put_entry(struct frame *f, enum type type, pte_t e)
{
    if (type == T_L1)
        put_l1e(e);
    else if (type == T_L2 || type == T_TOP)
        put_l2e(e, f);
    else
        put_table(e);
}

/* The slots that are entries of a table of this type. */
static unsigned int entries_of(enum type type)
{
    return type == T_L3 ? 4 : type == T_TOP ? SLOT_HYP : SLOTS;
}

/* The kernel's entries that are not slots. One of them is that of the window. The others are not counted. */
static int get_kernel(enum type type)
{
    if (type == T_L1)
        return -EBUSY; /* writable, and they name page tables */
    if (type != T_L3)
        get_both(&frames[F_WINDOW], T_L1);
    return 0;
}

static void put_kernel(enum type type)
{
    if (type == T_L2 || type == T_TOP)
        put_both(&frames[F_WINDOW]);
}

/* Drops those before `end`, and the kernel's if they come before it. */
static void put_entries(struct frame *f, enum type type, unsigned int end)
{
    for (unsigned int i = 0; i < end; i++) {
        if (f->slot[i] & PTE_P)
            put_entry(f, type, f->slot[i]);
        if (i == 3 && f->kernel && end > 4)
            put_kernel(type);
    }
}

static int get_entries(struct frame *f, enum type type)
{
    unsigned int i, end = entries_of(type);
    int rc = 0;

    for (i = 0; i < end && !rc; i++) {
        if (i == 4 && f->kernel && (rc = get_kernel(type)))
            break;
        if (f->slot[i] & PTE_P)
            rc = get_entry(f, type, f->slot[i], i);
        if (rc)
            break;
    }
    if (rc) {
        put_entries(f, type, i);
        if (i == 4 && f->kernel)
            put_kernel(type); /* in an L1 they are what failed, and nothing was taken */
    }
    return rc;
}

static int validate_descriptors(struct frame *f)
{
    for (unsigned int i = 0; i < SLOTS; i++) {
        uint32_t a = (uint32_t)f->slot[i], b = (uint32_t)(f->slot[i] >> 32);

        if (!check_descriptor(&a, &b))
            return -EINVAL;
        f->slot[i] = (pte_t)b << 32 | a;
    }
    return 0;
}

static int validate(struct frame *f)
{
    enum type type = f->type;
    int rc;

    if (type == T_WRITABLE)
        return 0;
    if (type == T_DESC)
        return validate_descriptors(f);
    rc = get_entries(f, type);
    if (rc)
        return rc;
    if (type == T_TOP)
        f->hyp_tail = true;
    /* The L2 of slot 3 is there, and has no other use. */
    if (type == T_L3 && (!(f->slot[3] & PTE_P) || frame_of(pte_mfn(f->slot[3]))->uses > 1)) {
        put_entries(f, type, 4);
        return -EINVAL;
    }
    return 0;
}

static void invalidate(struct frame *f)
{
    if (f->type == T_WRITABLE || f->type == T_DESC)
        return;
    put_entries(f, f->type, entries_of(f->type));
    if (f->type == T_TOP) {
        f->slot[SLOT_HYP] = f->slot[SLOT_HYP + 1] = 0;
        f->hyp_tail = false;
    }
}

/* ---- Single entries */

int mod_l1(pte_t *slot, pte_t new)
{
    pte_t old = *slot;
    int rc = 0;

    if (new &PTE_P && !((old ^ new) & ~(PTE_A | PTE_D | PTE_AVAIL))) {
        *slot = new;
        return 0;
    }
    if (new &PTE_P)
        rc = get_l1e(new);
    if (rc)
        return rc;
    *slot = new;
    if (old & PTE_P)
        put_l1e(old);
    return 0;
}

/* ---- What the guest needs itself */

bool kernel_ok(const struct frame *top)
{
    if (!top->kernel)
        return false;
    for (unsigned int i = 0; i < KERNEL_L1S; i++)
        if ((top->slot[i] ^ frames[F_TEMPLATE].slot[i]) & ~(PTE_A | PTE_D | PTE_AVAIL))
            return false;
    return true;
}

bool is_live_kernel(const struct frame *f)
{
    return base != F_BASE && f == frame_of(pte_mfn(frames[base].slot[3]));
}

uint32_t place_va(const struct op *op)
{
    switch (op->place) {
    case P_VIEW:
        return VIEW(op->l1 % POOL);
    case P_WINDOW:
        return WINDOW_VA + slot_index[SLOT_FREE + op->l1 % (SLOT_TOP - SLOT_FREE)] * PAGE_SIZE;
    case P_TREE:
        return (uint32_t)(op->l3 & 3) << 30 | (uint32_t)slot_index[op->l2 % SLOTS] << 21 |
               (uint32_t)slot_index[op->l1 % SLOTS] << 12;
    default:
        return 0xFC000000 + ((uint32_t)op->l1 << 12);
    }
}

static struct mapping walk_tree(const struct op *op)
{
    unsigned int l2 = op->l2 % SLOTS, l1 = op->l1 % SLOTS;
    struct frame *table;
    bool above;

    if ((op->l3 & 3) == 3 && l2 >= SLOT_HYP)
        return (struct mapping){.table = NULL};
    if (!(frames[base].slot[op->l3 & 3] & PTE_P))
        return (struct mapping){.table = NULL};
    table = frame_of(pte_mfn(frames[base].slot[op->l3 & 3]));
    if (!table || !(table->slot[l2] & PTE_P)) /* !table: one of the L2s that the guest booted with, which are empty */
        return (struct mapping){.table = NULL};
    above = table->slot[l2] & PTE_RW;
    table = frame_of(pte_mfn(table->slot[l2]));
    return (struct mapping){table, l1, table->slot[l1], !above, table->type == T_L2};
}

struct mapping walk(const struct op *op)
{
    unsigned int slot = SLOT_FREE + op->l1 % (SLOT_TOP - SLOT_FREE);

    switch (op->place) {
    case P_VIEW:
        return (struct mapping){&frames[F_WINDOW], SLOTS, make_pte(frames[op->l1 % POOL].mfn, PTE_KERNEL_RO), false,
                                false};
    case P_WINDOW:
        return (struct mapping){&frames[F_WINDOW], slot, frames[F_WINDOW].slot[slot], false, false};
    case P_TREE:
        return walk_tree(op);
    default:
        return (struct mapping){.table = NULL};
    }
}
