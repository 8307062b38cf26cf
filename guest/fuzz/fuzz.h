/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer that knows the rules. docs/fuzzing.md.
 *
 * Operations are drawn from a seed (generate.c). Each is first carried out on a model of what docs/memory.md says
 * (model.c, and rules_*.c for each kind of operation), which predicts the result and what memory holds afterwards. Then
 * it is carried out for real, and run.c compares. The operations depend on nothing but the seed. So a sequence can be
 * run again with some of them left out: shrink.c finds the shortest one that still fails.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <guest/console.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <guest/traps.h>

/* ---- The machine: frames, and the few words in each that operations use */

#define SLOTS       13
#define SLOT_FREE   4  /* from here to SLOT_TOP: free in the tables that the guest itself needs */
#define SLOT_TOP    10 /* index 427, the guest's last one in the L2 of slot 3 */
#define SLOT_HYP    11 /* from index 428 up: the hypervisor's part of that L2 */
#define KERNEL_L1S  4
#define KERNEL_L2ES 256 /* entries of the kernel's L2 that a copy of it has */
extern const uint16_t slot_index[SLOTS];

enum type { T_NONE, T_L1, T_L2, T_L3, T_WRITABLE, T_DESC, T_TOP /* the L2 of slot 3 */ };

struct frame {
    uint32_t mfn;
    uint32_t refs, uses;
    uint8_t type;
    int16_t linear; /* entries of an L2 for other L2s, or, if negative, other L2s' entries for it */
    bool pinned, allocated, owned;
    bool kernel;   /* entries up to KERNEL_L2ES are the template's, except for the first four, which are slots */
    bool hyp_tail; /* entries from 428 up are or may be the hypervisor's: not checked */
    pte_t slot[SLOTS];
};

/* Frames by number: the pool, then those that the guest needs, which few operations may change. */
enum {
    POOL = 12,
    F_WINDOW = POOL, /* an L1 with the views of the whole pool; SLOTS from SLOT_FREE up are for operations */
    F_DATA,          /* mapped writable */
    F_TEMPLATE,      /* entries of the kernel's L2, to copy from; mapped writable, never written */
    F_TOP,           /* the L2 and */
    F_BASE,          /* the L3 that the guest booted on */
    F_KERNEL,        /* the first L1s of the kernel */
    FRAMES = F_KERNEL + KERNEL_L1S,
};
extern struct frame frames[FRAMES];
#define IS_POOL(f) ((f) < POOL)

#define WINDOW_VA (VIRT_BASE + 64u * 0x200000)         /* what F_WINDOW maps; entry 64 of the kernel's L2 */
#define VIEW(f)   (WINDOW_VA + (32 + (f)) * PAGE_SIZE) /* a frame of the pool, read-only */
#define ARENA     (WINDOW_VA + 96 * PAGE_SIZE)         /* two writable pages, then one that is not mapped */
#define ARENA_END (ARENA + 2 * PAGE_SIZE)

/* Frame numbers of other frames. */
enum {
    V_HYPERVISOR = 240, /* RAM of the hypervisor */
    V_NOWHERE,          /* far above all RAM: I/O space */
    V_BIT45,            /* too high for any frame number */
    V_BIT52,            /* reserved */
    V_ZERO,             /* no entry at all */
};

extern struct limits {
    bool nx;         /* the processor has it */
    bool privileged; /* domain 0 */
    bool page_info;  /* Int82 tells its counts */
    uint32_t hyp_mfn, max_ram;
} limits;

/* ---- Operations */

enum kind {
    K_MMU,      /* a request of mmu_update:   frame[slot] = value; x: command */
    K_EXT,      /* one of mmuext_op:          x: which, frame, target */
    K_VA,       /* update_va_mapping:         place = value; y: flush */
    K_DESC,     /* update_descriptor:         frame[slot] = descriptor x */
    K_GDT,      /* set_gdt:                   frame, target; x: how many */
    K_DECREASE, /* memory_op:                 gives frame back */
    K_STORE,    /* a store (or load) of x's kind at place's page, slot */
    K_LDT,      /* a selector of the LDT is loaded: page x, slot */
    K_RENEW,    /* frame is exchanged for another */
    K_FLUSH,
    K_NUM,
};
#define IS_CALL(kind) ((kind) <= K_DECREASE)

/* Where a virtual address leads. */
enum { P_VIEW, P_WINDOW, P_TREE, P_HYPERVISOR, P_NUM };

#define OP_JOIN  1  /* goes into the hypercall of the previous operation, if that is of the same kind */
#define OP_MULTI 2  /* goes into the multicall of the previous call */
#define OP_DONE  4  /* asks for the count of requests done */
#define OP_EDGE  8  /* the array's end is cut off: only target & 3 requests are readable */
#define OP_SPAN  16 /* the array crosses a page's end */
#define OP_STALE 32 /* no flush before a store: the TLB may know an old entry */

struct op {
    uint8_t kind, flags;
    uint8_t frame, slot;
    uint8_t target, bits; /* the value: a frame (or V_*), and an index into entry_bits[] */
    uint8_t x, y;
    uint8_t place, l3, l2, l1; /* a virtual address */
};

#define MAX_OPS   96
#define MAX_BATCH 8
#define MAX_CALLS 6

struct sequence {
    uint32_t seed, number, length;
    struct op op[MAX_OPS];
    bool out[MAX_OPS]; /* left out */
};

void generate(struct sequence *s, uint32_t seed, uint32_t number);
void print_op(const struct op *op);
uint64_t value_of(const struct op *op);
extern const struct entry_bits {
    pte_t bits;
    const char *name;
} entry_bits[];
extern const unsigned int entry_bits_count;
extern const struct fuzz_descriptor {
    uint32_t a, b;
    const char *name;
} fuzz_descriptors[];
extern const unsigned int fuzz_descriptors_count;

/* ---- The model */

#define SKIP 1 /* would end the guest, or is more than the model knows: not carried out */

extern unsigned int base; /* the L3 in use */
extern uint32_t ldt_base, ldt_entries;
extern uint32_t ldt_mapped; /* bit n: page n of it is in the hypervisor's window */
extern uint8_t ldt_frame[16];
extern uint8_t gdt_frame[2], gdt_frames;

struct frame *frame_of(uint32_t mfn);
void map_frame_number(uint32_t mfn, int frame); /* -1: none */

int get_l1e(pte_t e);
void put_l1e(pte_t e);
int get_table(pte_t e, pte_t refused, enum type type);
int get_l2e(pte_t e, struct frame *table);
void put_l2e(pte_t e, struct frame *table);
int get_type(struct frame *f, enum type type);
void put_type(struct frame *f);
void put_ref(struct frame *f);
int get_both(struct frame *f, enum type type);
void put_both(struct frame *f);
void unmap_ldt(void);
int mod_l1(pte_t *slot, pte_t new);
#define L2_REFUSED (PTE_PWT | PTE_PCD | PTE_PSE | PTE_G)
#define L3_REFUSED (L2_REFUSED | PTE_US)

bool kernel_ok(const struct frame *top);
bool is_live_kernel(const struct frame *f); /* the guest needs its first entries */
struct mapping {
    struct frame *table; /* NULL: there is no L1 */
    unsigned int slot;
    pte_t entry;    /* of the L1; for a view, what it must be */
    bool read_only; /* because the L2 entry says so */
    bool linear;    /* the table is an L2 that stands in for an L1 */
};
struct mapping walk(const struct op *op);
uint32_t place_va(const struct op *op);

/* Predictions: they return the result and change the model. */
int predict_mmu(const struct op *op);
int predict_ext(const struct op *op);
int predict_va(const struct op *op);
int predict_desc(const struct op *op);
int predict_gdt(const struct op *op);
int predict_decrease(const struct op *op);
uint32_t ldt_va(const struct op *op);
uint32_t ldt_size(const struct op *op);
bool load_ldt_page(unsigned int page);
bool check_descriptor(uint32_t *a, uint32_t *b);

/* The operations of mmuext_op, by op->x. */
enum {
    E_PIN_L1,
    E_PIN_L2,
    E_PIN_L3,
    E_PIN_L4,
    E_UNPIN,
    E_BASE,
    E_CLEAR,
    E_COPY,
    E_LDT,
    E_FLUSH,
    E_INVLPG,
    E_FLUSH_MULTI,
    E_BAD,
    E_NUM
};

/* ---- Running */

/* False if the hypervisor did not do what the model says. Then `failure` says why. */
bool run_sequence(struct sequence *s, bool careful);
bool run_ops(const struct op *op, const bool *out, unsigned int count, bool careful);
/* Makes everything in the pool unused and zero. False: the hypervisor did not agree. */
bool reset(void);
/* The same from an unknown state, with frames that nobody has used. */
void fresh_start(void);
void set_up(void);

extern struct failure {
    unsigned int at; /* index of the operation */
    char text[200];
} failure;
bool failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern bool trace;
extern uint64_t operations, hypercalls;

bool check_contents(bool adopt);
bool check_counts(void);
bool check_audit(void);
bool check_pages(void);

unsigned int run_calls(const struct op *op, const bool *out, unsigned int i, unsigned int count, bool *ok);
struct int82_page;
int read_page_info(struct int82_page *pages, unsigned int count);
extern const volatile pte_t *fixed_page[]; /* where F_WINDOW and those after it can be read */
extern unsigned int audit_every;           /* audit after so many sequences */
bool run_store(const struct op *op);
const char *store_name(unsigned int kind);
bool run_ldt(const struct op *op);
bool run_renew(unsigned int f);

void shrink(struct sequence *s);

static inline pte_t read_entry(unsigned int f, unsigned int index)
{
    return (f < POOL ? (volatile pte_t *)VIEW(f) : fixed_page[f - POOL])[index];
}

#endif
