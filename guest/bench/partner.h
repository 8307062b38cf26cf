/* SPDX-License-Identifier: MIT */
/*
 * The partner: a second domain that some rows build out of this guest (`role=partner` on its command line) and work
 * with. The two share one page, and an event channel through which domain 0 gives orders and the partner answers.
 */
#ifndef BENCH_PARTNER_H
#define BENCH_PARTNER_H

#include <guest/domain_builder.h>

enum partner_order {
    PARTNER_ANSWER, /* an event for an event */
    PARTNER_YIELD,  /* yields again and again, until the order changes */
    PARTNER_ECHO,   /* the same, and sends back what comes through its console ring */
    PARTNER_IPI,    /* sends `count` IPIs to its vCPU 1, waits for the answer to each, and reports how long that took */
    PARTNER_STOP,
};

struct partner_page {
    uint32_t order, count;
    uint32_t turns; /* what the partner has done: events answered, yields, characters, IPIs taken */
    int32_t error;
    uint64_t ticks;
};

/* Run by the partner: all that it does. */
void partner_main(void);
/* Waits for the port's event, with upcalls masked, and clears it. */
void partner_wait(evtchn_port_t port);

/* The shared page, as the partner sees it. Domain 0 has it mapped elsewhere. */
extern volatile struct partner_page partner_page;

#endif
