/* SPDX-License-Identifier: MIT */
/*
 * The melee: all vCPUs of one domain work at once on a few frames, with every kind of hypercall. Meanwhile domain 0
 * inspects, pauses, ends and rebuilds that domain. There is one image with two roles: domain 0 (controller.c) builds
 * copies of itself, which fight (fight.c). Unlike guest/fuzz, this predicts no results. What must hold is this: the
 * hypervisor goes on, its books are right, no page changes that nobody may write to, and each vCPU's registers are its
 * own.
 */
#ifndef MELEE_H
#define MELEE_H

#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <public/event_channel.h>

#define MAX_FIGHTERS 8u
#define POOL         24u
#define BYSTANDERS   4u /* pages that no operation may change */
#define NOWHERE      0xFFFFFu
#define MAX_CALLS    16u
#define ARG_SIZE     1024u
#define REFS         24u /* entries of the grant table that are used */
#define FIRST_REF    8u
#define HANDLES      32u
#define PORTS        48u /* port numbers that are worth guessing */
#define ENTRIES      8u  /* the entries of a table that operations use, from FIRST_ENTRY on */
#define FIRST_ENTRY  256u

#define KINDS(K)      \
    K(STORE)          \
    K(UPDATE)         \
    K(BATCH)          \
    K(UPDATE_C)       \
    K(VA)             \
    K(VA_OTHER)       \
    K(PIN)            \
    K(UNPIN)          \
    K(BASE)           \
    K(FLUSH)          \
    K(CLEAR_COPY)     \
    K(PREPARE)        \
    K(TIDY)           \
    K(SET_GDT)        \
    K(DESCRIPTOR)     \
    K(SET_LDT)        \
    K(SELECTOR)       \
    K(DECREASE)       \
    K(POPULATE)       \
    K(EXCHANGE)       \
    K(GRANT_MAP)      \
    K(GRANT_UNMAP)    \
    K(GRANT_COPY)     \
    K(GRANT_OTHER)    \
    K(EVENT_OPEN)     \
    K(EVENT_SEND)     \
    K(EVENT_CLOSE)    \
    K(EVENT_OTHER)    \
    K(VCPU_STATE)     \
    K(VCPU_START)     \
    K(VCPU_AREA)      \
    K(TIMER)          \
    K(TRAPS)          \
    K(CALLBACKS)      \
    K(DEBUG_REGISTER) \
    K(SCHEDULE)       \
    K(MULTICALL)      \
    K(SMALL)          \
    K(DEVICE)         \
    K(FPU)            \
    K(NOTIFY)         \
    K(IRET)           \
    K(WATCH)

enum kind {
#define KIND(name) name,
    KINDS(KIND)
#undef KIND
        NR_KINDS
};

enum role { DATA, L1, L2, L3, DESCRIPTORS };

/* Domain 0 reads this page and writes a little of it. It is at the same address in both. */
struct board {
    uint32_t ready; /* the pool exists */
    uint32_t fighters, domid, controller;
    uint32_t seed;
    uint32_t ops[MAX_FIGHTERS];
    uint32_t done[NR_KINDS], refused[NR_KINDS];
    uint32_t traps[33];
    uint32_t errors;
    char text[6][160];
    uint32_t pool[POOL];  /* frames; NOWHERE: given back to the hypervisor */
    uint8_t role[POOL];   /* what a frame was last made for: a hint */
    uint8_t pinned[POOL]; /* also a hint */
    uint32_t foreign[4];  /* frames of domain 0's */
    uint32_t gift;        /* a frame that domain 0 has given; 0: none */
    uint32_t boot_l3;     /* frame */
} __attribute__((aligned(4096)));
_Static_assert(sizeof(struct board) == PAGE_SIZE, "one page is mapped");
extern struct board board;

struct fighter;

/* A call to be made, alone or in a multicall. */
struct call {
    enum kind kind;
    uint32_t nr, args[5];
    uint32_t note, notes[8];
    uint8_t *data;                                                /* ARG_SIZE bytes for arguments */
    bool (*judge)(struct fighter *f, struct call *c, int32_t rc); /* NULL: done unless negative */
};

/* A vCPU that fights: its own data, at the bottom of its stack. */
struct fighter {
    uint32_t id, random;
    enum kind kind; /* the operation in progress */
    bool started, amid_direct;
    uint32_t fpu_pattern; /* 0: the contents are unknown */
    struct vcpu_info *info;
    struct call calls[MAX_CALLS];
    struct multicall_entry list[MAX_CALLS];
    uint8_t args[MAX_CALLS][ARG_SIZE] __attribute__((aligned(16)));
};

#define FIGHTER_SIZE 32768u
union fighter_space {
    struct fighter f;
    uint8_t bytes[FIGHTER_SIZE];
};
extern union fighter_space fighter_spaces[MAX_FIGHTERS];

/* ---- fight.c */
void fight_in_domain(void) __attribute__((noreturn));
void fight(struct fighter *f) __attribute__((noreturn));
uint32_t below(struct fighter *f, uint32_t n);
void complain(struct fighter *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void count(enum kind kind, bool done);
/* Makes one call, and checks that it has not changed the registers that it must not change. */
int32_t call(struct fighter *f, uint32_t nr, const uint32_t *args);
int32_t call_of(struct fighter *f, uint32_t nr, hypercall_arg_t a, hypercall_arg_t b, hypercall_arg_t c,
                hypercall_arg_t d);
/* Fills in a random call that can be in a multicall. */
void build_call(struct fighter *f, struct call *c);

/* ---- vcpus.c */
void vcpus_set_up(void);
void fighter_reset(struct fighter *f); /* at the beginning of its life */
void vcpu_context(struct vcpu_guest_context *c, uint32_t id, uint32_t l3);
void build_vcpu(struct fighter *f, struct call *c);
void build_traps(struct fighter *f, struct call *c);
bool use_fpu(struct fighter *f);
extern const char melee_start[], melee_event[], melee_failsafe[], melee_restart[];

/* ---- pool.c */
void pool_set_up(void);
uint32_t any_frame(struct fighter *f);                 /* index into the pool */
uint32_t frame_for(struct fighter *f, enum role role); /* likewise, preferably one of this role */
uint64_t entry_for(struct fighter *f, enum role role, uint32_t index);
uint64_t target_entry(struct fighter *f, enum role *role, uint32_t *index); /* machine address */
uint32_t *pool_va(uint32_t k);
uint32_t frame_to_unpin(struct fighter *f);
uint32_t scratch_va(struct fighter *f);
uint64_t kernel_entry_of(uint32_t k); /* machine address of the L1 entry that maps pool_va(k) */
uint32_t protected_frame(struct fighter *f);
bool prepare_frame(struct fighter *f);
bool tidy(struct fighter *f);
bool store(struct fighter *f);
bool watch(struct fighter *f);
uint32_t boot_l3_frame(void);

/* ---- calls_mm.c, calls_other.c */
void build_mm(struct fighter *f, struct call *c, enum kind kind);
void build_other(struct fighter *f, struct call *c, enum kind kind);
void grants_set_up(void);
bool load_selector(struct fighter *f);
bool exchange_frames(struct fighter *f);
bool notify(struct fighter *f);

/* ---- devices.c */
extern const uint32_t device_frames[2]; /* the first of a few frames that are no RAM, below and above all of it */
extern const uint32_t device_lines[4];
#define DEVICE_FRAMES 3u
void build_device(struct fighter *f, struct call *c, enum kind kind);
uint64_t device_entry(struct fighter *f);
void devices_set_up(void); /* by domain 0 */
bool change_devices(void); /* likewise */

/* ---- controller.c */
void control(void);
extern const char *const kind_names[];
bool excluded(const char *name); /* by `without=` */
uint32_t option(const char *key, uint32_t otherwise);

#endif
