/* SPDX-License-Identifier: MIT */
/*
 * The benchmark's frame. A row is one line in rows.def, which names a function of rows.h:
 *
 *     void my_call(struct bench *b)
 *     {
 *         bench_calls(b, 256, __HYPERVISOR_my_call, 1, 2, 0, 0, 0);    prepare 256 equal calls
 *         while (bench_repeat(b)) {                                   for each warm-up and repeat
 *             bench_run(b);                                           measure them in one loop
 *             bench_expect_results(b, 0);                             check what they did
 *         }
 *     }
 *
 * What is measured: one turn of a loop in loops.S loads the six registers of a struct bench_call, does the thing, and
 * stores EAX. The same loop without the thing is measured next to it, and its minimum is what the host subtracts. So a
 * figure holds the instruction that enters the hypervisor, what that does, and the `iret`; nothing of the guest's,
 * except in the rows that go through a handler of the guest's, which holds the fewest instructions that do (loops.S).
 * Upcalls are masked unless a row says otherwise. A row whose effect is not what it must be prints an error, no figure.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <guest/console.h>
#include <guest/guest.h>
#include <guest/hypercall.h>

#define BENCH_MAX_CALLS 1024
#define BENCH_MAX_REPS  99
#define BENCH_WARM_UPS  2

/* loops.S relies on this layout. */
struct bench_call {
    uint32_t eax, ebx, ecx, edx, esi, edi;
    uint32_t result; /* EAX afterwards */
    uint32_t step;   /* enum bench_step: for loop_steps */
};
/* int $0x82; lock andb $~2, (%ebx); xchg %eax, (%ebx) and mov %ecx, 4(%ebx) */
enum bench_step { BENCH_CALL, BENCH_ANDB, BENCH_CLEAR };
_Static_assert(sizeof(struct bench_call) == 32, "loops.S");

/* A loop over an array of calls, and an equal loop that leaves the call out. Both return ticks. */
typedef uint64_t bench_loop_fn(struct bench_call *calls, struct bench_call *end);
struct bench_loop {
    bench_loop_fn *measured, *empty;
};
extern const struct bench_loop loop_int82; /* int $0x82 */
extern const struct bench_loop loop_page;  /* call *%eax: a stub of the hypercall page */
extern const struct bench_loop loop_send;  /* int $0x82, then bench_clear_event's stores */
extern const struct bench_loop loop_read;  /* mov (%ebx), %eax */
extern const struct bench_loop loop_store; /* mov %eax, (%ebx) */
/* mov %eax, (%ebx); mov %ecx, 4(%ebx). xchg %eax, (%ebx). lock cmpxchg8b (%esi); the same with jne back to it. lock
 * andb
 * $~2, (%ebx) */
extern const struct bench_loop loop_store_halves, loop_store_xchg, loop_store_cmpxchg8b, loop_store_exchange,
    loop_store_andb;
extern const struct bench_loop loop_steps;    /* each call's step */
extern const struct bench_loop loop_soft_int; /* int $0x81 */
extern const struct bench_loop loop_read_cr3; /* mov %cr3, %eax */
extern const struct bench_loop loop_cpuid;    /* cpuid with the forced-emulation prefix */
extern const struct bench_loop loop_refill;   /* int $0x82, then reads of several pages; so does the empty one */
extern uint32_t bench_refill_pages;
extern const volatile void *bench_refill_from;

/* Entries for trap_set_entry() and set_callbacks, as short as they can be. The first two step over a two-byte
 * instruction and leave the error code in EAX. The instructions of an entry are measured: they are part of the round
 * trip. */
extern const char entry_skip2[], entry_skip2_hypercall[], entry_soft_int[], entry_event[], entry_count[],
    entry_count_skip2[];
/* A process's page fault, to be answered with a page of its own: the entry changes by update_va_mapping, alone or after
 * an XCHG, a store and INVLPG. They read the three variables, by the page's index. */
extern const char entry_cow[], entry_cow_stores[];
extern uint64_t bench_cow_entries[];
extern uint64_t *bench_cow_slots[];
extern struct mmuext_op bench_cow_flush;

extern volatile uint32_t bench_entry_count; /* entry_event, entry_count and entry_stamp add to it */

/* Lets events in and reads the TSC again and again until the first one comes. entry_stamp, which must be the entry for
 * them, ends this: the ticks from the last reading to its own. 0: one was pending already. */
uint32_t bench_await_event(void);
uint32_t bench_await_nothing(void); /* two readings as those, with nothing in between */
extern const char entry_stamp[];

/* What loop_send, entry_event and entry_stamp clear after each event: a word of evtchn_pending. */
extern uint32_t *bench_pending_word;

struct bench {
    const char *name;
    uint32_t batch;
    struct bench_call *calls; /* room for BENCH_MAX_CALLS */
    uint32_t count;
    uint32_t turns; /* the number of groups of calls in the loop, if a figure is of a group and not of one call */
    uint32_t cold;  /* not 0: each cold-th call is timed alone; caches and TLB are evicted before it */
    const struct bench_loop *loop; /* loop_int82 unless changed */
    /* The rest belongs to bench.c. */
    uint32_t round, reps, warm_rounds; /* further warm-ups after BENCH_WARM_UPS, until the TSC reaches warm_until */
    uint64_t warm_until;
    uint64_t empty, samples[BENCH_MAX_REPS];
    bool failed, skipped;
};

/* Prepares count equal calls of hypercall nr. bench_call_set() changes one of them. */
void bench_calls(struct bench *b, uint32_t count, uint32_t nr, hypercall_arg_t a1, hypercall_arg_t a2,
                 hypercall_arg_t a3, hypercall_arg_t a4, hypercall_arg_t a5);
void bench_call_set(struct bench *b, uint32_t index, uint32_t nr, hypercall_arg_t a1, hypercall_arg_t a2,
                    hypercall_arg_t a3, hypercall_arg_t a4, hypercall_arg_t a5);

bool bench_repeat(struct bench *b); /* false when done, or after an error */
void bench_run(struct bench *b);

/* Checks. After a failed one, the next bench_repeat() gives the row up. */
void bench_expect_results(struct bench *b, int32_t result);
bool bench_expect(struct bench *b, bool condition, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Called before a row is set up: its calls are to be timed with cold caches. If caches do not show in the ticks, this
 * skips the row and returns false. */
bool bench_cold(struct bench *b);
/* The same for a row that is about the TLB. */
bool bench_has_caches(struct bench *b);
/* False with cpuid=no: a KVM that cannot decode a guest's instructions stops the machine at a CPUID. */
bool bench_may_ask_cpuid(void);
/* This hypervisor does not have what the row measures. That is no error: the result lists the row as not available. */
void bench_skip(struct bench *b, const char *why);

#endif
