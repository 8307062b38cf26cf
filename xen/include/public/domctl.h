/*
 * domctl(op), hypercall 36: domain 0 creates, controls and destroys domains. As of Xen 4.2, interface version 8; the
 * part that Int82 serves. Another interface_version answers -EACCES.
 */
#ifndef XEN_PUBLIC_DOMCTL_H
#define XEN_PUBLIC_DOMCTL_H

#include "xen.h"

#define XEN_DOMCTL_INTERFACE_VERSION 0x00000008

#define XEN_DOMCTL_createdomain    1
#define XEN_DOMCTL_destroydomain   2
#define XEN_DOMCTL_pausedomain     3
#define XEN_DOMCTL_unpausedomain   4
#define XEN_DOMCTL_getdomaininfo   5
#define XEN_DOMCTL_getmemlist      6
#define XEN_DOMCTL_setvcpuaffinity 9
#define XEN_DOMCTL_max_mem         11
#define XEN_DOMCTL_setvcpucontext  12
#define XEN_DOMCTL_getvcpucontext  13
#define XEN_DOMCTL_getvcpuinfo     14
#define XEN_DOMCTL_max_vcpus       15
#define XEN_DOMCTL_setdomainhandle 17
#define XEN_DOMCTL_hypercall_init  22
#define XEN_DOMCTL_getvcpuaffinity 25

/* getdomaininfo.flags; bits 16 to 23 the shutdown reason */
#define XEN_DOMINF_dying         (1U << 0)
#define XEN_DOMINF_hvm_guest     (1U << 1)
#define XEN_DOMINF_shutdown      (1U << 2)
#define XEN_DOMINF_paused        (1U << 3)
#define XEN_DOMINF_blocked       (1U << 4)
#define XEN_DOMINF_running       (1U << 5)
#define XEN_DOMINF_debugged      (1U << 6)
#define XEN_DOMINF_shutdownmask  255
#define XEN_DOMINF_shutdownshift 16

#ifndef __ASSEMBLY__
typedef uint64_t __attribute__((aligned(8))) uint64_aligned_t;

/* A pointer that takes 8 bytes; the upper half is 0. */
#define XEN_GUEST_PTR_64(type) \
    union {                    \
        type *p;               \
        uint64_aligned_t q;    \
    }

struct xen_domctl_createdomain {
    uint32_t ssidref; /* 0 */
    xen_domain_handle_t handle;
    uint32_t flags; /* 0: a PV domain */
};
typedef struct xen_domctl_createdomain xen_domctl_createdomain_t;

struct xen_domctl_getdomaininfo {
    domid_t domain;
    uint32_t flags; /* XEN_DOMINF_* */
    uint64_aligned_t tot_pages;
    uint64_aligned_t max_pages;
    uint64_aligned_t shr_pages;
    uint64_aligned_t paged_pages;
    uint64_aligned_t shared_info_frame; /* mfn */
    uint64_aligned_t cpu_time;          /* ns */
    uint32_t nr_online_vcpus;
    uint32_t max_vcpu_id;
    uint32_t ssidref;
    xen_domain_handle_t handle;
    uint32_t cpupool;
};
typedef struct xen_domctl_getdomaininfo xen_domctl_getdomaininfo_t;
_Static_assert(sizeof(xen_domctl_getdomaininfo_t) == 88, "Xen's ABI");

struct xen_domctl_getmemlist {
    uint64_aligned_t max_pfns;
    uint64_aligned_t start_pfn;
    XEN_GUEST_PTR_64(uint64_t) buffer;
    uint64_aligned_t num_pfns; /* out */
};
typedef struct xen_domctl_getmemlist xen_domctl_getmemlist_t;

struct xen_domctl_max_mem {
    uint64_aligned_t max_memkb; /* KiB */
};
typedef struct xen_domctl_max_mem xen_domctl_max_mem_t;

struct xen_domctl_vcpucontext {
    uint32_t vcpu;
    XEN_GUEST_PTR_64(vcpu_guest_context_t) ctxt;
};
typedef struct xen_domctl_vcpucontext xen_domctl_vcpucontext_t;

struct xen_domctl_getvcpuinfo {
    uint32_t vcpu;
    uint8_t online;
    uint8_t blocked;
    uint8_t running;
    uint64_aligned_t cpu_time; /* ns */
    uint32_t cpu;
};
typedef struct xen_domctl_getvcpuinfo xen_domctl_getvcpuinfo_t;

struct xen_domctl_vcpuaffinity {
    uint32_t vcpu;
    struct xenctl_cpumap cpumap;
};
typedef struct xen_domctl_vcpuaffinity xen_domctl_vcpuaffinity_t;

struct xen_domctl_max_vcpus {
    uint32_t max;
};
typedef struct xen_domctl_max_vcpus xen_domctl_max_vcpus_t;

struct xen_domctl_setdomainhandle {
    xen_domain_handle_t handle;
};
typedef struct xen_domctl_setdomainhandle xen_domctl_setdomainhandle_t;

struct xen_domctl_hypercall_init {
    uint64_aligned_t gmfn; /* frame to fill with stubs */
};
typedef struct xen_domctl_hypercall_init xen_domctl_hypercall_init_t;

struct xen_domctl {
    uint32_t cmd;               /* XEN_DOMCTL_* */
    uint32_t interface_version; /* XEN_DOMCTL_INTERFACE_VERSION */
    domid_t domain;
    union {
        struct xen_domctl_createdomain createdomain;
        struct xen_domctl_getdomaininfo getdomaininfo;
        struct xen_domctl_getmemlist getmemlist;
        struct xen_domctl_max_mem max_mem;
        struct xen_domctl_vcpucontext vcpucontext;
        struct xen_domctl_getvcpuinfo getvcpuinfo;
        struct xen_domctl_vcpuaffinity vcpuaffinity;
        struct xen_domctl_max_vcpus max_vcpus;
        struct xen_domctl_setdomainhandle setdomainhandle;
        struct xen_domctl_hypercall_init hypercall_init;
        uint8_t pad[128];
    } u;
};
typedef struct xen_domctl xen_domctl_t;
_Static_assert(sizeof(xen_domctl_t) == 144, "Xen's ABI");
#endif

#endif
