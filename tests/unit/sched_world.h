/* SPDX-License-Identifier: MIT */
/*
 * A simulated machine for the scheduler and the events of xen/common: a clock, timer hardware, and vCPUs that are
 * coroutines. Time passes only while a guest computes.
 */
#ifndef SCHED_WORLD_H
#define SCHED_WORLD_H

#include "unit.h"

#include <xen/domain.h>
#include <xen/grant_table.h>
#include <xen/event.h>
#include <xen/audit.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/schedule.h>
#include <asm/processor.h>
#include <public/errno.h>

#include <ucontext.h>

#define US(n) ((uint64_t)(n)*1000)
#define MS(n) ((uint64_t)(n)*1000000)

/* --- The machine */

extern uint64_t now, hardware_timer; /* UINT64_MAX: it is off */
extern unsigned int arms;            /* how often the hardware was programmed */
extern const char *machine_end;      /* how the machine ended, or NULL */

/* Called before each test: removes all guests and everything that the last test left. */
void reset_machine(void);
/* Runs until everything is quiet, or that much time has passed. */
void simulate(uint64_t ns);
/* The auditor's check of the queue and the timers. */
void audit_lists(void);

/* --- vCPUs */

struct guest {
    struct vcpu *v;
    void (*code)(struct guest *g);
    ucontext_t context;
    uint64_t ran; /* ns of guest_run() so far */
    unsigned int upcalls;
    uint32_t seen[32];    /* events that upcalls found */
    uint64_t woken_at;    /* when the last upcall came */
    uint64_t max_latency; /* how late timer events were, at most */
    uint64_t deadline;
};

#define MAX_GUESTS 8
extern struct guest guests[MAX_GUESTS];

struct vcpu *add_domain(uint16_t domid, void (*code)(struct guest *));
struct vcpu *add_vcpu(struct domain *d, unsigned int id, void (*code)(struct guest *));

/* The guest computes for so long. */
void guest_run(struct guest *g, uint64_t ns);
/* do_exit_work() */
void way_out(struct guest *g);

/* Makes a hypercall, and leaves the hypervisor. */
#define CALL(g, call)      \
    ({                     \
        long rc_ = (call); \
        audit_lists();     \
        way_out(g);        \
        rc_;               \
    })

/* --- What guests do in many tests */

/* Hypercall arguments are static, since this program's stack is where no guest may have memory. */
extern struct evtchn_alloc_unbound alloc;
extern struct evtchn_bind_interdomain bind;
extern struct evtchn_bind_virq bind_virq;
extern struct evtchn_bind_ipi bind_ipi;
extern struct evtchn_close close_arg;

extern uint32_t ports[2];
extern unsigned int step_reached;

long event_op(struct guest *g, uint32_t cmd, void *arg);
long send_to(struct guest *g, uint32_t port);
void compute(struct guest *g); /* computes for ever */
bool about(uint64_t value, uint64_t wanted, uint64_t tolerance);

/* --- test_sched_operations.c */

void test_pause(void);
void test_exclusion(void);
void test_patience(void);
void test_taken_down(void);
void test_each_other(void);
void test_making_way(void);
void test_blocked(void);

/* --- test_events.c */

void test_events(void);
void test_rights(void);

#endif
