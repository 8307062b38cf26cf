/* SPDX-License-Identifier: MIT */
/* Domains, vCPUs, and what a CPU is doing. */
#ifndef XEN_SCHED_H
#define XEN_SCHED_H

#include <asm/domain.h>
#include <asm/mm.h>
#include <asm/layout.h>
#include <public/xen.h>
#include <public/vcpu.h>
#include <public/event_channel.h>
#include <xen/lib.h>
#include <xen/timer.h>

/* The part of struct cpu_user_regs on the hypervisor's stack: up to SS. The other segments stay in their registers. */
#define HYP_FRAME_SIZE __builtin_offsetof(struct cpu_user_regs, es)

#define RESTART_ARGS      3
#define MAX_VCPUS         8    /* per domain */
#define NR_EVENT_CHANNELS 1024 /* 32 words of 32 bits: what a 32-bit guest's shared_info holds */

enum vcpu_state { VCPU_RUNNABLE, VCPU_BLOCKED, VCPU_OFFLINE };

struct vcpu {
    struct arch_vcpu arch; /* asm/domain.h; first, for its L3 copy */
    uint32_t vcpu_id;
    struct domain *domain;
    struct vcpu_info *vcpu_info; /* through this vCPU's alias page: writable in every address space */

    /* Scheduling */
    /* All its registers, while it waits on its way out to the guest; NULL: it runs, or it is in the middle of something
     */
    struct cpu_user_regs *frame;
    enum vcpu_state state;
    uint32_t pause_count; /* not run while above 0 */
    bool polling;
    struct vcpu *run_next, *run_prev; /* in the run queue, a ring */
    bool queued;
    bool is_initialised;    /* it has its first registers */
    bool nmi_pending;       /* send_nmi: to be delivered on the way out */
    uint32_t poll_port;     /* the only port that it polls; 0: there are more, or none */
    uint32_t slice_left;    /* ns */
    uint32_t pending_work;  /* WORK_* that are about this vCPU, while it does not run */
    struct vcpu_operation { /* xen/operation.h */
        struct domain
            *domain;     /* whose memory this vCPU works on: its own domain's, unless begin_operation() named another */
        bool suspended;  /* others run in the middle of it: this vCPU is that domain's memory_holder */
        bool wanted_out; /* somebody waits until it is on its way out */
        struct vcpu *
            *waits_for; /* it waits until *waits_for is NULL; the vCPU there goes first. NULL: it does not wait */
        struct vcpu *wants_out;     /* it waits until this one is on its way out. NULL: it does not wait */
        bool owes;                  /* it has run in another's turn, and gives way when the operation is done */
        const struct vcpu *lent_to; /* who runs in its turn and still owes it; only to be compared */
    } operation;
    uint64_t periodic_last; /* system time of the last tick */
    uint64_t publish_at;    /* system time when vcpu_info's time stamp is to be written anew; 0: it never was */
    struct timer singleshot_timer, periodic_timer, poll_timer;
    uint64_t periodic_period; /* ns; 0: off */
    struct vcpu_runstate_info runstate;
    struct vcpu_runstate_info *runstate_guest; /* guest's virtual address, or NULL */
    uint32_t virq_to_port[24];
    mfn_t info_frame; /* frame with vcpu_info, when register_vcpu_info moved it; INVALID_MFN: in shared_info */
    uint32_t info_offset;
    uint32_t time_version;
    bool audit_paused;  /* paused by the auditor's call in progress */
    bool crash_pending; /* the exit path dumps its registers and ends the domain */
    const char *crash_reason;
#if COUNTERS
    struct vcpu_trace { /* xen/trace.h: the hypercall in progress, and the entry of the multicall that it is */
        uint32_t call;  /* its number in the trace; 0: there is none */
        bool listed, again, others_ran;
        bool entry_listed, entry_again, entry_others_ran;
        const struct multicall_entry *entry; /* NULL: none yet */
        uint32_t entries;                    /* that have begun */
        uint64_t spent, entry_began;         /* instructions */
    } trace;
#endif
};

/* ECS_SERVED: the other end is the hypervisor (xen/served.h). */
enum evtchn_state { ECS_FREE, ECS_RESERVED, ECS_UNBOUND, ECS_INTERDOMAIN, ECS_PIRQ, ECS_VIRQ, ECS_IPI, ECS_SERVED };

enum service { SERVICE_CONSOLE, SERVICE_STORE, NR_SERVICES };

struct evtchn {
    uint8_t state; /* enum evtchn_state */
    uint8_t virq;  /* ECS_SERVED: enum service */
    uint16_t notify_vcpu;
    union {
        uint16_t remote_domid; /* ECS_UNBOUND: who may bind */
        uint16_t pirq;         /* ECS_PIRQ */
        struct {
            struct domain *remote_dom;
            uint32_t remote_port;
        };
    };
};

struct domain {
    uint16_t domain_id;
    bool is_privileged; /* domain 0's rights */
    bool is_dying;
    bool is_shut_down;
    uint8_t shutdown_code;
    bool debugger_attached;
    uint8_t controller_pauses;       /* domctl pausedomain, not yet undone */
    uint32_t pause_count;            /* domain_pause, not yet undone: new vCPUs begin with this many pauses */
    uint32_t max_vcpus;              /* numbers below it may exist; set once */
    uint32_t weight, slice_ns;       /* scheduler: xen/schedule.h */
    uint32_t suspend_port;           /* event channel that is notified when it suspends; 0: none */
    int32_t time_offset;             /* seconds that its wall clock is ahead */
    struct shared_info *shared_info; /* in the hypervisor's heap */
    struct vcpu *memory_holder; /* who is in the middle of an operation on this domain's memory while others run, or
                                   NULL: xen/operation.h */
    uint32_t tot_pages, max_pages;
    mfn_t frames_from, frames_to; /* all frames that it has or had are from the one to the other, both included */
    uint32_t vm_assist;
    uint32_t console_tokens; /* rate limit of console_io */
    uint64_t console_refill; /* when they were last counted */
    struct console_line {
        char text[120]; /* written, but not printed: the line has no end yet */
        uint8_t used, state;
        struct timer timer;
    } console_line;
    struct served_ring *served[NR_SERVICES]; /* NULL: not served */
    uint32_t holds;     /* hypercalls in progress that name it: the structure stays (xen/domain.h) */
    uint32_t poll_mask; /* vCPUs in SCHEDOP_poll */
    uint32_t watchdogs; /* which of those below are in use */
    struct timer watchdog[2];
    void *memory_map; /* e820 entries that memory_op set_memory_map gave it, or NULL */
    uint32_t memory_map_entries;
    struct vcpu *vcpu[MAX_VCPUS];
    uint32_t free_ports[NR_EVENT_CHANNELS / 32]; /* a bit for each that is ECS_FREE, */
    uint32_t free_port_words;                    /* and one for each word above with such a bit */
    struct evtchn evtchn[NR_EVENT_CHANNELS];
    struct grant_table *grants; /* NULL: none (dom_io, dom_xen, idle) */
    struct domain *next;
    uint8_t handle[16];
    char name[16];
    uint32_t audit_pages, audit_holds; /* what the auditor counts: xen/audit.h */
    struct arch_domain arch;           /* asm/domain.h */
};

extern struct domain *domain_list; /* by rising domain_id */
extern struct domain *dom0;

/*
 * What a CPU is doing. One instance: with more CPUs each would map its own page here, so that the symbol, and every
 * %ss:this_cpu+offset in assembly, stays.
 */
struct cpu {
    uint32_t work;         /* WORK_*: tested once on the way out of the hypervisor */
    struct vcpu *vcpu;     /* the one that runs: `current` */
    struct domain *domain; /* current->domain */
    uint32_t tlb_clock;    /* number of full flushes so far; wrapping is harmless (docs/memory.md) */
    struct {
        uint32_t start;  /* the first address that it maps */
        uint32_t size;   /* of what it maps, in bytes; 0: no table is remembered */
        uint32_t window; /* where it is mapped */
    } va_table;          /* the L1 table, of the current tables, that update_va_mapping found last */
    struct {
        uint32_t limit;  /* a request may be at any address below; 0: no table is held */
        uint32_t lo, hi; /* machine address */
        uint32_t window;
    } held;                 /* the L1 table, validated and current->domain's own, that mmu_update found last */
    int32_t effort_left;    /* what may still be spent (spend()) before others get to run */
    uint32_t cr4;           /* what CR4 holds */
    bool ts;                /* what CR0.TS holds */
    bool has_ldt;           /* LDTR holds a selector that is not null */
    struct vcpu *fpu_owner; /* whose state the FPU holds, or NULL */
    struct vcpu *idle;
    struct restart { /* WORK_RESTART: the call in progress is to be made again, with some other arguments */
        uint32_t number;
        uint32_t args; /* how many of them change; the guest's registers hold the rest */
        uint32_t arg[RESTART_ARGS];
    } restart;
    uint32_t moved_frame[HYP_FRAME_SIZE / 4]; /* WORK_MOVED: the frame on its way to the new stack's top */
#if COUNTERS
    uint32_t trace_on;    /* xen/trace.h */
    uint64_t trace_since; /* when the clock of the call in progress began, or went on */
#endif
};
extern struct cpu this_cpu;
#define current (this_cpu.vcpu)

/* To be called after any change above L1 in the current tables. */
static inline void forget_va_table(void)
{
    this_cpu.va_table.size = 0;
}

/* To be called when it may no longer be true what is said of the held table. */
static inline void forget_held_table(void)
{
    this_cpu.held.limit = 0;
}

/*
 * Work that takes long is counted with spend(), in units of 20 instructions. A loop with steps that may be long looks
 * at the sum, and lets others run when it has become large. Each call of a multicall counts CALL_STEPS by itself, so a
 * call that takes no longer than that need not count. docs/security.md has the bound and how it is computed; work that
 * is not counted weighs 32 times as much there.
 */
#define EFFORT_MAX 512
#define CALL_STEPS 16
static inline void spend(uint32_t steps)
{
    if (this_cpu.effort_left >= 0) /* so that it never wraps round, however many calls come before the next point */
        this_cpu.effort_left -= steps;
}
/* The same for a caller that goes to such a point at once if this is true. */
static inline bool spend_and_look(uint32_t steps)
{
    this_cpu.effort_left -= steps;
    return this_cpu.effort_left < 0;
}
static inline bool effort_spent(void)
{
    return this_cpu.effort_left < 0;
}

#define WORK_UPCALL   1u /* an event may be deliverable */
#define WORK_SCHEDULE 2u
#define WORK_TIMER    4u
#define WORK_CRASH    8u  /* current->crash_pending */
#define WORK_MOVED    16u /* current's vcpu_info, and so its stack's top, has moved */
#define WORK_PAUSED   32u
#define WORK_FLUSH    64u
#define WORK_RESTART  128u
#define WORK_YIELD    256u /* current runs in the turn of another, who waits for the end of current's operation */
#define WORK_SEGMENTS 512u /* current->arch.late_segments */

/* Flushes the TLB before guest code runs again. For changes that only guests can notice, so that one flush is enough
 * for many mappings. If a frame's next use relies on the flush, it is done at once, by flush_tlb_now()
 * (docs/memory.md). */
static inline void request_flush(void)
{
    this_cpu.work |= WORK_FLUSH;
}

/* Domains (common/domain/domain.c) */
struct domain *create_domain(uint16_t domid, uint32_t max_pages, bool privileged);
struct vcpu *alloc_vcpu(struct domain *d, unsigned int vcpu_id);
void set_vm_assist(struct domain *d, uint32_t bits);
struct domain *domain_by_number(uint16_t domid); /* NULL: there is none. DOMID_SELF is not a number */
struct domain *domain_by_id(uint16_t domid);     /* the same, but DOMID_SELF is the current domain */
void domain_shutdown(struct domain *d, uint8_t code);
/* Ends the current domain once the call or trap in progress is over. `why` must be a literal. */
void domain_crash(struct vcpu *v, const char *why);

/* Scheduler (common/sched/schedule.c) */
__may_switch void schedule(void); /* runs the next vCPU; returns when it is the caller's turn again */
void vcpu_wake(struct vcpu *v);
void vcpu_sleep(struct vcpu *v);    /* after state or pause_count changed */
__may_switch void vcpu_block(void); /* current waits for an event, unless one can be delivered already */

/* Events (common/events/event_channel.c) */
void evtchn_set_pending(struct vcpu *v, uint32_t port);
void send_guest_virq(struct vcpu *v, uint32_t virq);
static inline bool event_deliverable(const struct vcpu *v)
{
    return v->vcpu_info->evtchn_upcall_pending && !v->vcpu_info->evtchn_upcall_mask;
}

/* Arch side (arch/x86/domain/domain.c) */
int arch_init_vcpu(struct vcpu *v); /* area, stack, first entry into the guest */
void context_switch(struct vcpu *prev, struct vcpu *next);
int map_vcpu_info(struct vcpu *v, mfn_t mfn, uint32_t offset);

#endif
