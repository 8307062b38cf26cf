/* SPDX-License-Identifier: MIT */
/*
 * The trace of hypercalls (docs/debugging-a-guest.md): in the build with counters, with the option hypercall_trace=.
 * Elsewhere there is no code for it.
 *
 * A clock of instructions (the TSC under QEMU's icount) runs while a call is carried out. It stands while a record is
 * written, and a call's stands while another vCPU runs. arch/x86/entry/trace_gate.S has the gate, and the way out.
 */
#ifndef XEN_TRACE_H
#define XEN_TRACE_H

#include <xen/sched.h>

#if COUNTERS
/* In trace_gate.S, the clock's instructions: from the first RDTSC to the call, and from the call to the last RDTSC. */
#define TRACE_CLOCK_ON  5
#define TRACE_CLOCK_OFF 2

extern uint32_t opt_trace_lines; /* 0: no trace */
extern uint64_t opt_trace_mask;  /* the calls that are wanted: bits by number */
extern const char hypercall_traced[];

/* Where the trace goes: before the first domain runs, and before the IDT is made. */
void init_trace(void);
/* An entry of a multicall begins, and the one before has ended. trace_resume() follows. */
void trace_entry(uint64_t now, const multicall_entry_t *entry);

static inline uint64_t trace_clock(void)
{
    uint64_t tsc;

    __asm__ volatile("rdtsc" : "=A"(tsc));
    return tsc;
}

static inline void trace_resume(void)
{
    this_cpu.trace_since = trace_clock();
}

/* The same in C, where the clock's own instructions are not known so well. */
static inline void trace_plain_entry(const multicall_entry_t *entry)
{
    if (this_cpu.trace_on) {
        trace_entry(trace_clock(), entry);
        trace_resume();
    }
}

static inline const char *traced_gate(const char *gate)
{
    return this_cpu.trace_on ? hypercall_traced : gate;
}

static inline void trace_switch(struct vcpu *prev)
{
    uint64_t now;

    if (!this_cpu.trace_on)
        return;
    now = trace_clock();
    prev->trace.spent += now - this_cpu.trace_since;
    prev->trace.others_ran = prev->trace.entry_others_ran = true;
    this_cpu.trace_since = now;
}

/* The call in progress is made again. Of a multicall this may be the entry in progress, or the next one. */
static inline void trace_again(void)
{
    struct vcpu_trace *t = &current->trace;

    t->again = true;
    t->entry_again = this_cpu.restart.number == __HYPERVISOR_multicall && this_cpu.restart.arg[0] == (uint32_t)t->entry;
}

/* v begins anew: what it was doing does not end. */
static inline void trace_forget(struct vcpu *v)
{
    v->trace.call = 0;
}
#else
#define init_trace()             ((void)0)
#define traced_gate(gate)        (gate)
#define trace_switch(prev)       ((void)0)
#define trace_again()            ((void)0)
#define trace_plain_entry(entry) ((void)0)
#define trace_forget(v)          ((void)0)
#endif

#endif
