/* SPDX-License-Identifier: MIT */
/*
 * The partner: a second domain that rows build out of this guest (`role=partner` on its command line) and talk to. Both
 * share one page, and an event channel by which domain 0 gives orders and the partner answers.
 */
#ifndef BENCH_PARTNER_H
#define BENCH_PARTNER_H

#include <guest/domain_builder.h>

enum partner_order {
    PARTNER_ANSWER, /* an event for an event */
    PARTNER_YIELD,  /* gives the processor away again and again, until the order is another */
    PARTNER_ECHO,   /* likewise: sends back what comes through its console ring */
    PARTNER_IPI,    /* sends `count` IPIs to its vCPU 1, waits for each one's answer, and says how long that took */
    PARTNER_STOP,
};

struct partner_page {
    uint32_t order, count;
    uint32_t turns; /* what the partner has done: events answered, yields, characters, IPIs taken */
    int32_t error;
    uint64_t ticks;
};

/* In the partner: all that it does. */
void partner_main(void);
/* Waits for the port's event, upcalls being masked, and takes it. */
void partner_wait(evtchn_port_t port);

/* In the partner the page itself. Domain 0 has it mapped elsewhere. */
extern volatile struct partner_page partner_page;

#endif
