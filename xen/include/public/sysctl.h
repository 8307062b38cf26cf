/* SPDX-License-Identifier: MIT */
/*
 * sysctl(op), hypercall 35: domain 0 asks about the whole system, and changes its settings. This is the part of Xen
 * 4.2's interface, version 9, that Int82 serves. In sysctl and domctl, 64-bit fields are on 8-byte boundaries, and
 * pointers take 8 bytes.
 */
#ifndef XEN_PUBLIC_SYSCTL_H
#define XEN_PUBLIC_SYSCTL_H

#include "domctl.h"
#include "xen.h"

#define XEN_SYSCTL_INTERFACE_VERSION 0x00000009

#define XEN_SYSCTL_readconsole       1
#define XEN_SYSCTL_tbuf_op           2
#define XEN_SYSCTL_physinfo          3
#define XEN_SYSCTL_sched_id          4
#define XEN_SYSCTL_perfc_op          5
#define XEN_SYSCTL_getdomaininfolist 6
#define XEN_SYSCTL_debug_keys        7
#define XEN_SYSCTL_getcpuinfo        8
#define XEN_SYSCTL_availheap         9
#define XEN_SYSCTL_page_offline_op   14
#define XEN_SYSCTL_lockprof_op       15
#define XEN_SYSCTL_topologyinfo      16
#define XEN_SYSCTL_numainfo          17
#define XEN_SYSCTL_cpupool_op        18
#define XEN_SYSCTL_scheduler_op      19

#define XEN_SYSCTL_PERFCOP_reset 1
#define XEN_SYSCTL_PERFCOP_query 2

#ifndef __ASSEMBLY__
struct xen_sysctl_readconsole {
    uint8_t clear;       /* empty the ring afterwards */
    uint8_t incremental; /* begin at index */
    uint8_t pad0, pad1;
    uint32_t index; /* in, out: bytes since boot */
    XEN_GUEST_PTR_64(char) buffer;
    uint32_t count; /* in: room; out: bytes */
};
typedef struct xen_sysctl_readconsole xen_sysctl_readconsole_t;

struct xen_sysctl_physinfo {
    uint32_t threads_per_core;
    uint32_t cores_per_socket;
    uint32_t nr_cpus;
    uint32_t max_cpu_id;
    uint32_t nr_nodes;
    uint32_t max_node_id;
    uint32_t cpu_khz;
    uint64_aligned_t total_pages;
    uint64_aligned_t free_pages;
    uint64_aligned_t scrub_pages;
    uint32_t hw_cap[8]; /* CPUID's feature words */
    uint32_t capabilities;
};
typedef struct xen_sysctl_physinfo xen_sysctl_physinfo_t;
_Static_assert(sizeof(xen_sysctl_physinfo_t) == 96, "Xen's ABI");

struct xen_sysctl_sched_id {
    uint32_t sched_id; /* XEN_SCHEDULER_* */
};
typedef struct xen_sysctl_sched_id xen_sysctl_sched_id_t;

struct xen_sysctl_perfc_desc {
    char name[80];
    uint32_t nr_vals; /* how many values belong to it */
};
typedef struct xen_sysctl_perfc_desc xen_sysctl_perfc_desc_t;
typedef uint32_t xen_sysctl_perfc_val_t;

/* Without counters: -ENOSYS. */
struct xen_sysctl_perfc_op {
    uint32_t cmd;                                   /* XEN_SYSCTL_PERFCOP_* */
    uint32_t nr_counters;                           /* out */
    uint32_t nr_vals;                               /* out: of all counters together */
    XEN_GUEST_PTR_64(xen_sysctl_perfc_desc_t) desc; /* room for all, or NULL */
    XEN_GUEST_PTR_64(xen_sysctl_perfc_val_t) val;   /* likewise */
};
typedef struct xen_sysctl_perfc_op xen_sysctl_perfc_op_t;

struct xen_sysctl_debug_keys {
    XEN_GUEST_PTR_64(char) keys;
    uint32_t nr_keys;
};
typedef struct xen_sysctl_debug_keys xen_sysctl_debug_keys_t;

struct xen_sysctl_cpuinfo {
    uint64_aligned_t idletime; /* ns */
};
typedef struct xen_sysctl_cpuinfo xen_sysctl_cpuinfo_t;

struct xen_sysctl_getcpuinfo {
    uint32_t max_cpus; /* room in the array */
    XEN_GUEST_PTR_64(xen_sysctl_cpuinfo_t) info;
    uint32_t nr_cpus; /* out */
};
typedef struct xen_sysctl_getcpuinfo xen_sysctl_getcpuinfo_t;

/* An array is NULL or has max + 1 entries; out: the highest number that exists. ~0: unknown. */
struct xen_sysctl_topologyinfo {
    uint32_t max_cpu_index;
    XEN_GUEST_PTR_64(uint32_t) cpu_to_core;
    XEN_GUEST_PTR_64(uint32_t) cpu_to_socket;
    XEN_GUEST_PTR_64(uint32_t) cpu_to_node;
};
typedef struct xen_sysctl_topologyinfo xen_sysctl_topologyinfo_t;

struct xen_sysctl_numainfo {
    uint32_t max_node_index;
    XEN_GUEST_PTR_64(uint64_t) node_to_memsize; /* bytes */
    XEN_GUEST_PTR_64(uint64_t) node_to_memfree;
    XEN_GUEST_PTR_64(uint32_t) node_to_node_distance; /* (max + 1)^2 entries */
};
typedef struct xen_sysctl_numainfo xen_sysctl_numainfo_t;

struct xen_sysctl_getdomaininfolist {
    domid_t first_domain;
    uint32_t max_domains;
    XEN_GUEST_PTR_64(struct xen_domctl_getdomaininfo) buffer;
    uint32_t num_domains; /* out */
};
typedef struct xen_sysctl_getdomaininfolist xen_sysctl_getdomaininfolist_t;

struct xen_sysctl_availheap {
    uint32_t min_bitwidth;        /* 0: none */
    uint32_t max_bitwidth;        /* 0: none */
    int32_t node;                 /* -1: any */
    uint64_aligned_t avail_bytes; /* out */
};
typedef struct xen_sysctl_availheap xen_sysctl_availheap_t;

struct xen_sysctl {
    uint32_t cmd;               /* XEN_SYSCTL_* */
    uint32_t interface_version; /* XEN_SYSCTL_INTERFACE_VERSION */
    union {
        struct xen_sysctl_readconsole readconsole;
        struct xen_sysctl_physinfo physinfo;
        struct xen_sysctl_getdomaininfolist getdomaininfolist;
        struct xen_sysctl_availheap availheap;
        struct xen_sysctl_sched_id sched_id;
        struct xen_sysctl_perfc_op perfc_op;
        struct xen_sysctl_debug_keys debug_keys;
        struct xen_sysctl_getcpuinfo getcpuinfo;
        struct xen_sysctl_topologyinfo topologyinfo;
        struct xen_sysctl_numainfo numainfo;
        uint8_t pad[128];
    } u;
};
typedef struct xen_sysctl xen_sysctl_t;
_Static_assert(sizeof(xen_sysctl_t) == 136, "Xen's ABI");
#endif

#endif
