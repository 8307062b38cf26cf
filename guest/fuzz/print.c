/* SPDX-License-Identifier: MIT */
/* Operations as text. */
#include "fuzz.h"

static const char *frame_name(unsigned int f)
{
    static const char *const names[] = {"window",  "data",    "template", "top",    "base",
                                        "kernel0", "kernel1", "kernel2",  "kernel3"};
    static char text[4][8];
    static unsigned int next;

    if (f >= POOL)
        return f < FRAMES ? names[f - POOL] : "?";
    next = (next + 1) % 4;
    snprintf(text[next], sizeof(text[next]), "f%u", f);
    return text[next];
}

static void print_value(const struct op *op)
{
    static const char *const names[] = {"hypervisor's", "nowhere", "f0+bit45", "f0+bit52"};

    if (op->target == V_ZERO)
        printf("0");
    else
        printf("%s|%s", op->target < FRAMES ? frame_name(op->target) : names[(op->target - V_HYPERVISOR) & 3],
               entry_bits[op->bits % entry_bits_count].name);
}

static void print_place(const struct op *op)
{
    switch (op->place) {
    case P_VIEW:
        printf("view of f%u", op->l1 % POOL);
        break;
    case P_WINDOW:
        printf("window[%u]", slot_index[SLOT_FREE + op->l1 % (SLOT_TOP - SLOT_FREE)]);
        break;
    default:
        printf("0x%x", place_va(op));
    }
}

static void print_ext(const struct op *op)
{
    static const char *const names[E_NUM] = {"pin L1", "pin L2",  "pin L3",  "pin L4", "unpin",  "new base",
                                             "clear",  "copy to", "set LDT", "flush",  "invlpg", "flush everywhere",
                                             "unknown"};

    printf("mmuext_op %s %s", names[op->x % E_NUM], op->x <= E_COPY ? frame_name(op->frame % FRAMES) : "");
    if (op->x == E_COPY)
        printf(" from %s", frame_name(op->target % FRAMES));
    if (op->x == E_LDT)
        printf("0x%x, %u entries", ldt_va(op), ldt_size(op));
}

static void print_call(const struct op *op)
{
    unsigned int f = op->frame % FRAMES, index = slot_index[op->slot % SLOTS];

    switch (op->kind) {
    case K_MMU:
        printf("mmu_update %s[%u] = ", frame_name(f), index);
        print_value(op);
        if (op->x & 7)
            printf(", command %u", op->x & 7);
        break;
    case K_EXT:
        print_ext(op);
        break;
    case K_VA:
        printf("update_va_mapping ");
        print_place(op);
        printf(" = ");
        print_value(op);
        printf(", flush %u", op->y & 7);
        break;
    case K_DESC:
        printf("update_descriptor %s[%u]%s = %s", frame_name(f), index, op->y == 7 ? "+1" : "",
               fuzz_descriptors[op->x % fuzz_descriptors_count].name);
        break;
    case K_GDT:
        printf("set_gdt %u pages: %s, %s", op->x == 7 ? 15 : op->x % 3, frame_name(f), frame_name(op->target % FRAMES));
        break;
    case K_DECREASE:
        printf("decrease_reservation %s", frame_name(f));
        break;
    }
}

static void print_flags(const struct op *op)
{
    if (op->flags & OP_JOIN && op->kind <= K_EXT)
        printf(" [same call]");
    if (op->flags & OP_MULTI)
        printf(" [same multicall]");
    if (op->kind > K_EXT)
        return;
    if (op->flags & OP_EDGE)
        printf(" [only %u readable]", op->target & 3);
    if (op->flags & OP_SPAN)
        printf(" [across a page's end]");
    if (op->flags & OP_DONE)
        printf(" [count]");
}

void print_op(const struct op *op)
{
    switch (op->kind) {
    case K_STORE:
        printf("%s at ", store_name(op->x));
        print_place(op);
        printf("+%u*8: ", slot_index[op->slot % SLOTS]);
        print_value(op);
        printf(op->flags & OP_STALE ? ", no flush before" : "");
        break;
    case K_LDT:
        printf("load selector 0x%x", ((op->x & 3) * 512 + slot_index[op->slot % SLOTS]) * 8 | 5);
        break;
    case K_RENEW:
        printf("exchange f%u", op->frame % POOL);
        break;
    case K_FLUSH:
        printf("flush");
        break;
    default:
        print_call(op);
        print_flags(op);
    }
    printf("\n");
}
