/* SPDX-License-Identifier: MIT */
/* vcpu_op(cmd, vcpu, arg): start, stop, place and time vCPUs. */
#ifndef XEN_PUBLIC_VCPU_H
#define XEN_PUBLIC_VCPU_H

#include "xen.h"

#define VCPUOP_initialise                     0  /* struct vcpu_guest_context */
#define VCPUOP_up                             1  /* no argument */
#define VCPUOP_down                           2  /* no argument */
#define VCPUOP_is_up                          3  /* no argument; result: 0 or 1 */
#define VCPUOP_get_runstate_info              4  /* struct vcpu_runstate_info */
#define VCPUOP_register_runstate_memory_area  5  /* struct vcpu_register_runstate_memory_area */
#define VCPUOP_set_periodic_timer             6  /* struct vcpu_set_periodic_timer; calling vCPU only, like 7 to 9 */
#define VCPUOP_stop_periodic_timer            7  /* no argument */
#define VCPUOP_set_singleshot_timer           8  /* struct vcpu_set_singleshot_timer */
#define VCPUOP_stop_singleshot_timer          9  /* no argument */
#define VCPUOP_register_vcpu_info             10 /* struct vcpu_register_vcpu_info; once */
#define VCPUOP_send_nmi                       11 /* no argument */
#define VCPUOP_get_physid                     12 /* struct vcpu_get_physid; privileged */
#define VCPUOP_register_vcpu_time_memory_area 13 /* struct vcpu_register_time_memory_area */

#define RUNSTATE_running  0
#define RUNSTATE_runnable 1
#define RUNSTATE_blocked  2
#define RUNSTATE_offline  3

#define VCPU_SSHOTTMR_future (1U << 0) /* -ETIME when the time has passed already */

#ifndef __ASSEMBLY__
struct vcpu_runstate_info {
    int32_t state;             /* RUNSTATE_* */
    uint64_t state_entry_time; /* ns */
    uint64_t time[4];          /* ns spent in each state */
};
typedef struct vcpu_runstate_info vcpu_runstate_info_t;
_Static_assert(sizeof(vcpu_runstate_info_t) == 44, "Xen's ABI");

struct vcpu_register_runstate_memory_area {
    union {
        XEN_GUEST_PTR(struct vcpu_runstate_info) h;
        XEN_GUEST_PTR(struct vcpu_runstate_info) v;
        uint64_t p;
    } addr;
};
typedef struct vcpu_register_runstate_memory_area vcpu_register_runstate_memory_area_t;

struct vcpu_set_periodic_timer {
    uint64_t period_ns; /* at least 1 ms */
};
typedef struct vcpu_set_periodic_timer vcpu_set_periodic_timer_t;

struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns; /* system time */
    uint32_t flags;          /* VCPU_SSHOTTMR_* */
};
typedef struct vcpu_set_singleshot_timer vcpu_set_singleshot_timer_t;
_Static_assert(sizeof(vcpu_set_singleshot_timer_t) == 12, "Xen's ABI");

struct vcpu_register_vcpu_info {
    uint64_t mfn;    /* a writable frame of the domain */
    uint32_t offset; /* bytes; the vcpu_info must not cross the frame's end */
    uint32_t rsvd;
};
typedef struct vcpu_register_vcpu_info vcpu_register_vcpu_info_t;

struct vcpu_get_physid {
    uint64_t phys_id; /* APIC id | ACPI id << 32 */
};
typedef struct vcpu_get_physid vcpu_get_physid_t;

struct vcpu_register_time_memory_area {
    union {
        XEN_GUEST_PTR(struct vcpu_time_info) h;
        XEN_GUEST_PTR(struct vcpu_time_info) v;
        uint64_t p;
    } addr;
};
typedef struct vcpu_register_time_memory_area vcpu_register_time_memory_area_t;
#endif

#endif
