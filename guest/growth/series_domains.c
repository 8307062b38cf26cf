/* SPDX-License-Identifier: MIT */
/* Domains, vCPUs that could run, timers. */
#include "growth.h"

#include <public/sched.h>

#define DOMAINS_MAX 31 /* beside domain 0 */
#define PAGES       768

/* ---- What a copy of this guest does */
static void yield_for_ever(void)
{
    for (;;)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

/* A timer and two watchdogs, none of which will ever expire here. */
static void hold_timers(void)
{
    sched_watchdog_t watchdog = {.timeout = 100000};
    uint64_t far = guest_time() + 1000000000000ull;

    must(HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog) < 0, "watchdog");
    must(HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog) < 0, "watchdog");
    must(HYPERVISOR_set_timer_op((uint32_t)far, (uint32_t)(far >> 32)), "set_timer_op");
    for (;;)
        HYPERVISOR_sched_op(SCHEDOP_block, NULL);
}

void role(const char *name)
{
    if (!strcmp(name, "yield"))
        yield_for_ever();
    hold_timers();
}

static struct guest_domain domains[DOMAINS_MAX];
static uint32_t nr_domains;

static void add_domains(uint32_t wanted, const char *cmdline)
{
    for (; nr_domains < wanted; nr_domains++) {
        must(domain_build(&domains[nr_domains], &(struct domain_config){.nr_pages = PAGES, .cmdline = cmdline}),
             "domain_build");
        foreign_unmap(domains[nr_domains].ring); /* there is room for few */
    }
}

/* ---- Domains that there are: the one with the highest number is named, and one more is made and ended */
void series_domains(void)
{
    static const uint32_t counts[] = {1, 2, 4, 8, 16, 24, 31};
    struct xen_domctl_getdomaininfo info;
    evtchn_status_t status;
    uint32_t made = 0;
    domid_t last = 0;

    FOR_EACH_POINT(n, counts)
    {
        for (; made < n; made++)
            last = make_empty_domain();
        status = (evtchn_status_t){.dom = last};
        must(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status), "status");
        point("domains", "name_the_last", n,
              LEAST_TICKS(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status), (void)0));
        point("domains", "getdomaininfo", n, LEAST_TICKS(domain_info(last, &info), (void)0));
        point("domains", "create", n, LEAST_TICKS(last = make_empty_domain(), must(domain_destroy(last), "destroy")));
        last = make_empty_domain();
        point("domains", "destroy", n, LEAST_TICKS(domain_destroy(last), last = make_empty_domain()));
        made++;
    }
}

/* ---- vCPUs that could run */
static uint64_t least_pause(struct guest_domain *d)
{
    return LEAST_TICKS(domain_pause(d), must(domain_unpause(d), "unpause"));
}

/* All of them yield in turn. */
static uint64_t round_of_yields(void)
{
    HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    return LEAST_TICKS(HYPERVISOR_sched_op(SCHEDOP_yield, NULL), (void)0);
}

void series_runnable(void)
{
    static const uint32_t counts[] = {1, 2, 4, 8, 16, 24, DOMAINS_MAX};
    uint32_t awake = 0;

    add_domains(few ? counts[ARRAY_SIZE(counts) - 1] : DOMAINS_MAX, "role=yield");
    FOR_EACH_POINT(n, counts)
    {
        for (; awake < n; awake++)
            must(domain_unpause(&domains[awake]), "unpause");
        points("runnable", "switch", n, round_of_yields(), n + 1);
        point("runnable", "take_the_last", n, least_pause(&domains[n - 1]));
    }
}

/* ---- Timers that are set: three for each domain */
void series_timers(void)
{
    static const uint32_t counts[] = {1, 2, 4, 8, 16, 24, DOMAINS_MAX};
    uint64_t soon, late = 1ull << 49; /* before all others, and behind them */
    uint32_t awake = 0;

    add_domains(DOMAINS_MAX, "role=timers");
    FOR_EACH_POINT(n, counts)
    {
        for (; awake < n; awake++) {
            must(domain_unpause(&domains[awake]), "unpause");
            HYPERVISOR_sched_op(SCHEDOP_yield, NULL); /* until it blocks */
            HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
        }
        soon = guest_time() + 500000000000ull;
        point("timers", "set_first", 3 * n,
              LEAST_TICKS(HYPERVISOR_set_timer_op((uint32_t)soon, (uint32_t)(soon >> 32)),
                          HYPERVISOR_set_timer_op(0, 0)));
        point("timers", "set_last", 3 * n,
              LEAST_TICKS(HYPERVISOR_set_timer_op((uint32_t)late, (uint32_t)(late >> 32)),
                          HYPERVISOR_set_timer_op(0, 0)));
        HYPERVISOR_set_timer_op((uint32_t)soon, (uint32_t)(soon >> 32));
        point("timers", "stop_first", 3 * n,
              LEAST_TICKS(HYPERVISOR_set_timer_op(0, 0),
                          HYPERVISOR_set_timer_op((uint32_t)soon, (uint32_t)(soon >> 32))));
        HYPERVISOR_set_timer_op(0, 0);
    }
}
