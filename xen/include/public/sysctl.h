/*
 * sysctl(op), hypercall 35: domain 0 asks about and sets the whole system. As of Xen 4.2, interface version 9; the part
 * that Int82 serves. 64-bit fields of sysctl and domctl stand on 8-byte boundaries, and pointers take 8 bytes.
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
        uint8_t pad[128];
    } u;
};
typedef struct xen_sysctl xen_sysctl_t;
_Static_assert(sizeof(xen_sysctl_t) == 136, "Xen's ABI");
#endif

#endif
