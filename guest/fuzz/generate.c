/* SPDX-License-Identifier: MIT */
/*
 * Makes a sequence from a seed and a number. Each sequence first draws a few frames, slots and places, and a role for
 * each frame, so that operations meet. Most operations fit the roles, and the rest do not.
 */
#include "fuzz.h"

const struct entry_bits entry_bits[] = {
    {PTE_KERNEL_RW, "RW"},
    {PTE_KERNEL_RO, "RO"},
    {PTE_TABLE, "table"},
    {PTE_P, "P"},
    {PTE_P | PTE_RW, "P+RW"},
    {PTE_P | PTE_US | PTE_A, "RO+US"},
    {PTE_KERNEL_RW | PTE_AVAIL, "RW+AVAIL"},
    {PTE_P | PTE_NX, "RO+NX"},
    {PTE_KERNEL_RW | PTE_NX, "RW+NX"},
    {0, "not present"},
    {PTE_RW, "RW, not present"},
    {PTE_KERNEL_RW | PTE_G, "RW+G"},
    {PTE_KERNEL_RO | PTE_PSE, "RO+PSE"},
    {PTE_KERNEL_RO | PTE_PCD, "RO+PCD"},
    {PTE_KERNEL_RW | PTE_PWT, "RW+PWT"},
};
const unsigned int entry_bits_count = ARRAY_SIZE(entry_bits);
enum { B_RW, B_RO, B_TABLE, B_P, B_GOOD = 9 };

static uint32_t state;

static uint32_t random32(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)((uint64_t)random32() * n >> 32);
}

static bool one_in(uint32_t n)
{
    return below(n) == 0;
}

/* ---- What a sequence is about */
enum role { R_L1, R_L2, R_L3, R_DATA, R_DESC, R_TOP, R_NUM };

static struct {
    uint8_t frame[6], role[6], frames;
    uint8_t slot[4], slots;
    uint8_t weight[K_NUM];
} focus;

static const uint8_t weights[][K_NUM] = {
    /*               MMU EXT VA DESC GDT DECR STORE LDT RENEW FLUSH */
    /* L1 tables */ {30, 12, 20, 1, 0, 1, 30, 0, 1, 3},
    /* all levels */ {40, 30, 8, 1, 0, 1, 12, 0, 1, 2},
    /* descriptors */ {12, 12, 12, 18, 10, 1, 14, 18, 1, 2},
    /* owners */ {20, 20, 12, 2, 2, 14, 12, 2, 14, 2},
    /* all */ {14, 14, 14, 8, 5, 4, 14, 8, 4, 4},
};

static const uint8_t roles[][R_NUM] = {
    /*               L1 L2 L3 DATA DESC TOP */
    {5, 1, 0, 4, 0, 0}, {3, 3, 3, 2, 0, 3}, {1, 0, 0, 3, 6, 0}, {3, 2, 1, 3, 1, 1}, {2, 2, 2, 2, 2, 2},
};

static unsigned int weighted(const uint8_t *weight, unsigned int n)
{
    unsigned int sum = 0, at;

    for (unsigned int i = 0; i < n; i++)
        sum += weight[i];
    at = below(sum);
    for (unsigned int i = 0; i < n; i++) {
        if (at < weight[i])
            return i;
        at -= weight[i];
    }
    return 0;
}

static void choose_focus(void)
{
    unsigned int theme = below(ARRAY_SIZE(weights)), first = below(POOL);

    memcpy(focus.weight, weights[theme], sizeof(focus.weight));
    focus.frames = 2 + below(5);
    for (unsigned int i = 0; i < focus.frames; i++) {
        focus.frame[i] = (first + i) % POOL;
        focus.role[i] = weighted(roles[theme], R_NUM);
    }
    focus.slots = 1 + below(4);
    for (unsigned int i = 0; i < focus.slots; i++)
        focus.slot[i] = one_in(4) ? below(SLOTS) : SLOT_FREE + below(SLOT_TOP - SLOT_FREE);
}

/* ---- Parts of operations */
static unsigned int some_frame(void)
{
    if (one_in(24))
        return below(FRAMES);
    return focus.frame[below(focus.frames)];
}

static unsigned int role_of(unsigned int frame)
{
    for (unsigned int i = 0; i < focus.frames; i++)
        if (focus.frame[i] == frame)
            return focus.role[i];
    return frame == F_WINDOW ? R_L1 : frame == F_TOP ? R_TOP : below(R_NUM);
}

static unsigned int frame_with(unsigned int role)
{
    for (unsigned int tries = 0; tries < 8; tries++) {
        unsigned int i = below(focus.frames);

        if (focus.role[i] == role)
            return focus.frame[i];
    }
    return some_frame();
}

static unsigned int some_slot(unsigned int role)
{
    if (role == R_L3)
        return one_in(12) ? below(SLOTS) : below(4);
    return one_in(12) ? below(SLOTS) : focus.slot[below(focus.slots)];
}

/* A value for an entry of a table of this role. */
static void some_value(struct op *op, unsigned int role)
{
    if (one_in(6)) {
        op->target = V_ZERO;
        return;
    }
    if (one_in(10)) {
        op->target = one_in(2) ? V_HYPERVISOR + below(4) : some_frame();
        op->bits = below(entry_bits_count);
        return;
    }
    if ((role == R_L2 || role == R_TOP) && one_in(5)) { /* linear */
        op->target = one_in(3) ? op->frame : frame_with(R_L2);
        op->bits = B_RO;
    } else if (role == R_L2 || role == R_TOP) {
        op->target = frame_with(R_L1);
        op->bits = B_TABLE;
    } else if (role == R_L3) {
        op->target = frame_with(op->slot == 3 ? R_TOP : R_L2);
        op->bits = B_P;
    } else {
        op->target = some_frame();
        op->bits = one_in(3) ? below(B_GOOD) : below(2) ? B_RW : B_RO;
    }
}

static void some_place(struct op *op)
{
    static const uint8_t weight[P_NUM] = {6, 8, 8, 1};

    op->place = weighted(weight, P_NUM);
    op->l3 = one_in(3) ? below(4) : 3;
    op->l2 = one_in(6) ? below(SLOTS) : focus.slot[below(focus.slots)];
    op->l1 = op->place == P_VIEW ? some_frame() : op->place == P_TREE ? focus.slot[below(focus.slots)] : below(3);
}

static unsigned int call_flags(void)
{
    unsigned int flags = one_in(2) ? OP_DONE : 0;

    if (one_in(3))
        flags |= OP_JOIN;
    if (one_in(5))
        flags |= OP_MULTI;
    if (one_in(40))
        flags |= OP_EDGE;
    if (one_in(10))
        flags |= OP_SPAN;
    return flags;
}

/* ---- Operations */
static void make_mmu(struct op *op)
{
    unsigned int role;

    op->frame = one_in(6) ? F_WINDOW : one_in(8) ? F_TOP : some_frame();
    role = role_of(op->frame);
    op->slot = op->frame >= POOL ? SLOT_FREE + below(4) : some_slot(role);
    op->x = one_in(12) ? below(8) : one_in(5) ? MMU_PT_UPDATE_PRESERVE_AD : MMU_NORMAL_PT_UPDATE;
    some_value(op, role);
}

static void make_ext(struct op *op)
{
    static const uint8_t pin_for[R_NUM] = {E_PIN_L1, E_PIN_L2, E_PIN_L3, E_CLEAR, E_UNPIN, E_COPY};

    op->frame = some_frame();
    op->target = one_in(3) ? F_TEMPLATE : some_frame();
    if (one_in(3))
        op->x = below(E_NUM);
    else if (one_in(4))
        op->x = E_UNPIN;
    else {
        op->x = pin_for[role_of(op->frame)];
        if (role_of(op->frame) == R_TOP && !one_in(4))
            op->target = F_TEMPLATE;
        if (op->x == E_PIN_L3 && one_in(2))
            op->x = E_BASE;
    }
    if (op->x == E_BASE && one_in(3))
        op->frame = F_BASE;
    some_place(op);
    op->y = one_in(30) ? 0x80 : below(4);
    op->slot = below(20);
}

static void make_va(struct op *op)
{
    some_place(op);
    some_value(op, R_L1);
    op->y = one_in(30) ? 7 : below(7);
}

static void make_store(struct op *op)
{
    some_place(op);
    op->slot = some_slot(R_L1);
    op->x = below(10);
    some_value(op, op->place == P_VIEW ? R_L1 : role_of(op->l1));
    if (op->x == 3 || op->x == 8) /* an AND of flags */
        op->bits = below(entry_bits_count);
    if (one_in(4))
        op->flags |= OP_STALE;
}

static void make_others(struct op *op)
{
    op->frame = role_of(op->frame) == R_DESC || one_in(4) ? op->frame : frame_with(R_DESC);
    op->target = one_in(2) ? op->frame : frame_with(R_DESC);
    op->slot = some_slot(R_DESC);
    op->x = op->kind == K_GDT   ? (one_in(20) ? 7 : below(3))
            : op->kind == K_LDT ? below(3)
                                : below(fuzz_descriptors_count);
    op->y = one_in(20) ? 7 : 0;
}

static void make_op(struct op *op)
{
    op->kind = weighted(focus.weight, K_NUM);
    if (IS_CALL(op->kind))
        op->flags = call_flags();
    op->frame = some_frame();
    switch (op->kind) {
    case K_MMU:
        make_mmu(op);
        break;
    case K_EXT:
        make_ext(op);
        break;
    case K_VA:
        make_va(op);
        break;
    case K_STORE:
        make_store(op);
        break;
    case K_DESC:
    case K_GDT:
    case K_LDT:
        make_others(op);
        break;
    }
}

/* An address space to run on, or nearly one. Without this there would hardly ever be one. */
static unsigned int make_space(struct op *op)
{
    unsigned int l3 = frame_with(R_L3), top = frame_with(R_TOP);

    op[0] = (struct op){.kind = K_EXT, .x = E_COPY, .frame = top, .target = F_TEMPLATE};
    op[1] = (struct op){.kind = K_MMU, .frame = l3, .slot = 3, .target = top, .bits = B_P};
    op[2] = (struct op){.kind = K_EXT, .x = one_in(2) ? E_BASE : E_PIN_L3, .frame = l3};
    return one_in(4) ? 2 : 3;
}

void generate(struct sequence *s, uint32_t seed, uint32_t number)
{
    unsigned int n = 0;

    memset(s, 0, sizeof(*s));
    s->seed = seed;
    s->number = number;
    state = (seed * 2654435761u ^ (number + 1) * 0x9E3779B9u) | 1;
    for (unsigned int i = 0; i < 8; i++)
        random32();
    choose_focus();
    s->length = 24 + below(MAX_OPS - 24 - 4);
    while (n < s->length)
        if (focus.weight[K_EXT] >= 20 && one_in(24))
            n += make_space(&s->op[n]);
        else
            make_op(&s->op[n++]);
    s->length = n;
}
