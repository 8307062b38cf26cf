/* SPDX-License-Identifier: MIT */
/* What a vCPU does: one random operation after another. */
#include "melee.h"

#include <guest/console.h>
#include <guest/events.h>
#include <guest/string.h>

#define FRAME_POINTER 0x5AFEC0DEu

struct board board;

uint32_t below(struct fighter *f, uint32_t n)
{
    f->random = f->random * 1664525 + 1013904223;
    return (f->random >> 8) % n;
}

/* A single instruction, so no sibling can run in between. */
static inline void add_one(uint32_t *n)
{
    __asm__ volatile("incl %0" : "+m"(*n) : : "cc");
}

void count(enum kind kind, bool done)
{
    add_one(done ? &board.done[kind] : &board.refused[kind]);
}

void complain(struct fighter *f, const char *format, ...)
{
    uint32_t n = board.errors;
    va_list args;
    char *text;

    add_one(&board.errors);
    if (n >= ARRAY_SIZE(board.text))
        return;
    text = board.text[n];
    snprintf(text, 24, "vCPU %u: ", f->id);
    va_start(args, format);
    vsnprintf(text + strlen(text), sizeof(board.text[0]) - 24, format, args);
    va_end(args);
}

/* ---- Calls */

int32_t call(struct fighter *f, uint32_t nr, const uint32_t *args)
{
    uint32_t a = args[0], b = args[1], c = args[2], d = args[3], frame_pointer = args[4], segments;
    int32_t rc = (int32_t)nr;

    __asm__ volatile("push   %%ebp\n\t"
                     "mov    %6, %%ebp\n\t"
                     "int    $0x82\n\t"
                     "mov    %%ebp, %%edi\n\t"
                     "pop    %%ebp"
                     : "+a"(rc), "+b"(a), "+c"(b), "+d"(c), "+S"(d), "+D"(frame_pointer)
                     : "i"(FRAME_POINTER)
                     : "memory", "cc");
    if (frame_pointer != FRAME_POINTER)
        complain(f, "EBP is %x after call %u", frame_pointer, nr);
    __asm__ volatile("mov %%ds, %%eax; mov %%es, %%edx; shl $16, %%edx; mov %%ax, %%dx; mov %%edx, %0"
                     : "=r"(segments)
                     :
                     : "eax", "edx");
    if (segments != ((uint32_t)FLAT_KERNEL_DS << 16 | FLAT_KERNEL_DS))
        complain(f, "ES and DS are %x after call %u", segments, nr);
    return rc;
}

int32_t call_of(struct fighter *f, uint32_t nr, hypercall_arg_t a, hypercall_arg_t b, hypercall_arg_t c,
                hypercall_arg_t d)
{
    uint32_t args[5] = {a.u, b.u, c.u, d.u};

    return call(f, nr, args);
}

/* By weight. */
static struct {
    uint8_t kind, weight;
    void (*build)(struct fighter *f, struct call *c, enum kind kind);
} callable[] = {
    {UPDATE, 10, build_mm},
    {BATCH, 8, build_mm},
    {UPDATE_C, 10, build_mm},
    {VA, 12, build_mm},
    {VA_OTHER, 2, build_mm},
    {PIN, 10, build_mm},
    {UNPIN, 6, build_mm},
    {BASE, 5, build_mm},
    {FLUSH, 2, build_mm},
    {CLEAR_COPY, 2, build_mm},
    {SET_GDT, 3, build_mm},
    {DESCRIPTOR, 4, build_mm},
    {SET_LDT, 2, build_mm},
    {DECREASE, 2, build_mm},
    {POPULATE, 4, build_mm},
    {EXCHANGE, 2, build_mm},
    {GRANT_MAP, 4, build_other},
    {GRANT_UNMAP, 4, build_other},
    {GRANT_COPY, 3, build_other},
    {GRANT_OTHER, 1, build_other},
    {EVENT_OPEN, 2, build_other},
    {EVENT_SEND, 3, build_other},
    {EVENT_CLOSE, 2, build_other},
    {EVENT_OTHER, 2, build_other},
    {VCPU_STATE, 4, build_other},
    {VCPU_START, 2, build_other},
    {VCPU_AREA, 2, build_other},
    {TIMER, 3, build_other},
    {TRAPS, 1, build_other},
    {CALLBACKS, 1, build_other},
    {DEBUG_REGISTER, 1, build_other},
    {SCHEDULE, 8, build_other},
    {SMALL, 1, build_other},
    {DEVICE, 6, build_device},
};

static uint32_t total_weight;

static void choose_kinds(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(callable); i++) {
        if (excluded(kind_names[callable[i].kind]))
            callable[i].weight = 0;
        total_weight += callable[i].weight;
    }
}

void build_call(struct fighter *f, struct call *c)
{
    uint32_t n = below(f, total_weight), i = 0;
    uint8_t *data = c->data;

    for (; n >= callable[i].weight; i++)
        n -= callable[i].weight;
    memset(c, 0, sizeof(*c));
    c->data = data;
    c->kind = callable[i].kind;
    f->kind = c->kind; /* in case a trap comes while its arguments are made */
    callable[i].build(f, c, c->kind);
}

static bool judge(struct fighter *f, struct call *c, int32_t rc)
{
    return c->judge ? c->judge(f, c, rc) : rc >= 0;
}

static void single_call(struct fighter *f)
{
    struct call *c = &f->calls[0];

    c->data = f->args[0];
    build_call(f, c);
    f->kind = c->kind;
    count(c->kind, judge(f, c, call(f, c->nr, c->args)));
}

static void multicall(struct fighter *f)
{
    uint32_t n = 2 + below(f, MAX_CALLS - 1), args[5] = {(uint32_t)f->list, n};
    int32_t rc;

    for (uint32_t i = 0; i < n; i++) {
        struct call *c = &f->calls[i];

        c->data = f->args[i];
        build_call(f, c);
        f->list[i].op = c->nr;
        f->list[i].result = (uint32_t)-ENOSYS;
        memcpy(f->list[i].args, c->args, sizeof(c->args));
    }
    if (!below(f, 64))
        f->list[below(f, n)].op = below(f, 2) ? __HYPERVISOR_multicall : 37 + below(f, 40);
    f->kind = MULTICALL;
    rc = call(f, __HYPERVISOR_multicall, args);
    board.ops[f->id] += n;
    for (uint32_t i = 0; i < n; i++)
        if (f->list[i].op == f->calls[i].nr)
            count(f->calls[i].kind, judge(f, &f->calls[i], (int32_t)f->list[i].result));
    count(MULTICALL, !rc);
}

/* ---- All together */

/* Returns to the next instruction. A bad frame would be the end of the domain. */
static bool iret(void)
{
    __asm__ volatile("pushf\n\t"
                     "push   %0\n\t"
                     "push   $1f\n\t"
                     "push   %%eax\n\t"
                     "mov    %1, %%eax\n\t"
                     "int    $0x82\n"
                     "1:"
                     :
                     : "i"(FLAT_KERNEL_CS), "i"(__HYPERVISOR_iret)
                     : "eax", "memory", "cc");
    return true;
}

static bool direct(struct fighter *f, enum kind kind)
{
    switch (kind) {
    case STORE:
        return store(f);
    case PREPARE:
        return prepare_frame(f);
    case TIDY:
        return tidy(f);
    case SELECTOR:
        return load_selector(f);
    case FPU:
        return use_fpu(f);
    case NOTIFY:
        return notify(f);
    case IRET:
        return iret();
    case EXCHANGE:
        return exchange_frames(f);
    default:
        return watch(f);
    }
}

void fight(struct fighter *f)
{
    static const uint8_t others[] = {STORE,   STORE, STORE,    STORE, STORE, PREPARE, PREPARE,  PREPARE, PREPARE,
                                     PREPARE, TIDY,  SELECTOR, FPU,   FPU,   NOTIFY,  EXCHANGE, WATCH,   IRET};

    for (;;) {
        uint32_t n = below(f, 40);

        add_one(&board.ops[f->id]);
        if (n < ARRAY_SIZE(others)) {
            f->kind = others[n];
            count(f->kind, direct(f, f->kind));
        } else if (n < ARRAY_SIZE(others) + 4) {
            multicall(f);
        } else {
            single_call(f);
        }
    }
}

void fight_in_domain(void)
{
    struct fighter *f = &fighter_spaces[0].f;

    board.domid = own_domid();
    board.seed = option("seed", 1);
    board.fighters = option("fighters", 6);
    choose_kinds();
    board.boot_l3 = boot_l3_frame();
    pool_set_up();
    grants_set_up();
    vcpus_set_up();
    board.ready = 1;
    f->started = true;
    __asm__ volatile("mov %0, %%esp; jmp melee_restart" : : "r"((uint32_t)f + FIGHTER_SIZE - 64));
    __builtin_unreachable();
}
