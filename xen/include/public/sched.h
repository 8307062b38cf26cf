/* SPDX-License-Identifier: MIT */
/* sched_op(cmd, arg): giving up the CPU. sched_op_compat(cmd, value) has commands 0 to 2, with the reason as a plain
 * number. */
#ifndef XEN_PUBLIC_SCHED_H
#define XEN_PUBLIC_SCHED_H

#include "event_channel.h"

#define SCHEDOP_yield           0 /* no argument */
#define SCHEDOP_block           1 /* no argument; clears evtchn_upcall_mask, then waits for an event */
#define SCHEDOP_shutdown        2 /* struct sched_shutdown */
#define SCHEDOP_poll            3 /* struct sched_poll */
#define SCHEDOP_remote_shutdown 4 /* struct sched_remote_shutdown; privileged */
#define SCHEDOP_shutdown_code   5 /* struct sched_shutdown: only records the reason */
#define SCHEDOP_watchdog        6 /* struct sched_watchdog */

#define SHUTDOWN_poweroff 0
#define SHUTDOWN_reboot   1
#define SHUTDOWN_suspend  2
#define SHUTDOWN_crash    3
#define SHUTDOWN_watchdog 4

#ifndef __ASSEMBLY__
struct sched_shutdown {
    uint32_t reason; /* SHUTDOWN_* */
};
typedef struct sched_shutdown sched_shutdown_t;

/* Waits until one of the ports is pending (masked or not), or until the timeout. */
struct sched_poll {
    XEN_GUEST_PTR(evtchn_port_t) ports;
    uint32_t nr_ports; /* 0 to 128 */
    uint64_t timeout;  /* system time, ns; 0: none */
};
typedef struct sched_poll sched_poll_t;
_Static_assert(sizeof(sched_poll_t) == 16, "Xen's ABI");

struct sched_remote_shutdown {
    domid_t domain_id;
    uint32_t reason; /* SHUTDOWN_* */
};
typedef struct sched_remote_shutdown sched_remote_shutdown_t;

struct sched_watchdog {
    uint32_t id;      /* 0: make one; else 1 or 2 */
    uint32_t timeout; /* seconds; 0: stop */
};
typedef struct sched_watchdog sched_watchdog_t;
#endif

#endif
