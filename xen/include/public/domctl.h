/* SPDX-License-Identifier: MIT */
/*
 * domctl(op), hypercall 36: domain 0 creates, controls and destroys domains. This is the part of Xen 4.2's interface,
 * version 8, that Int82 serves. Another interface_version answers -EACCES.
 */
#ifndef XEN_PUBLIC_DOMCTL_H
#define XEN_PUBLIC_DOMCTL_H

#include "xen.h"

#define XEN_DOMCTL_INTERFACE_VERSION 0x00000008

#define XEN_DOMCTL_createdomain                  1
#define XEN_DOMCTL_destroydomain                 2
#define XEN_DOMCTL_pausedomain                   3
#define XEN_DOMCTL_unpausedomain                 4
#define XEN_DOMCTL_getdomaininfo                 5
#define XEN_DOMCTL_getmemlist                    6
#define XEN_DOMCTL_getpageframeinfo              7
#define XEN_DOMCTL_getpageframeinfo2             8
#define XEN_DOMCTL_setvcpuaffinity               9
#define XEN_DOMCTL_shadow_op                     10
#define XEN_DOMCTL_max_mem                       11
#define XEN_DOMCTL_setvcpucontext                12
#define XEN_DOMCTL_getvcpucontext                13
#define XEN_DOMCTL_getvcpuinfo                   14
#define XEN_DOMCTL_max_vcpus                     15
#define XEN_DOMCTL_scheduler_op                  16
#define XEN_DOMCTL_setdomainhandle               17
#define XEN_DOMCTL_setdebugging                  18
#define XEN_DOMCTL_irq_permission                19
#define XEN_DOMCTL_iomem_permission              20
#define XEN_DOMCTL_ioport_permission             21
#define XEN_DOMCTL_hypercall_init                22
#define XEN_DOMCTL_settimeoffset                 24
#define XEN_DOMCTL_getvcpuaffinity               25
#define XEN_DOMCTL_resumedomain                  27
#define XEN_DOMCTL_sendtrigger                   28
#define XEN_DOMCTL_subscribe                     29
#define XEN_DOMCTL_gethvmcontext                 33
#define XEN_DOMCTL_sethvmcontext                 34
#define XEN_DOMCTL_set_address_size              35
#define XEN_DOMCTL_get_address_size              36
#define XEN_DOMCTL_bind_pt_irq                   38
#define XEN_DOMCTL_memory_mapping                39
#define XEN_DOMCTL_ioport_mapping                40
#define XEN_DOMCTL_pin_mem_cacheattr             41
#define XEN_DOMCTL_set_ext_vcpucontext           42
#define XEN_DOMCTL_get_ext_vcpucontext           43
#define XEN_DOMCTL_set_target                    46
#define XEN_DOMCTL_unbind_pt_irq                 48
#define XEN_DOMCTL_set_cpuid                     49
#define XEN_DOMCTL_set_machine_address_size      51
#define XEN_DOMCTL_get_machine_address_size      52
#define XEN_DOMCTL_suppress_spurious_page_faults 53
#define XEN_DOMCTL_debug_op                      54
#define XEN_DOMCTL_gethvmcontext_partial         55
#define XEN_DOMCTL_mem_event_op                  56
#define XEN_DOMCTL_mem_sharing_op                57
#define XEN_DOMCTL_disable_migrate               58
#define XEN_DOMCTL_gettscinfo                    59
#define XEN_DOMCTL_settscinfo                    60
#define XEN_DOMCTL_getpageframeinfo3             61
#define XEN_DOMCTL_setvcpuextstate               62
#define XEN_DOMCTL_getvcpuextstate               63
#define XEN_DOMCTL_set_virq_handler              66
#define XEN_DOMCTL_gdbsx_guestmemio              1000
#define XEN_DOMCTL_gdbsx_pausevcpu               1001
#define XEN_DOMCTL_gdbsx_unpausevcpu             1002
#define XEN_DOMCTL_gdbsx_domstatus               1003

/* createdomain.flags: for domains other than PV domains */
#define XEN_DOMCTL_CDF_hvm_guest    (1U << 0)
#define XEN_DOMCTL_CDF_hap          (1U << 1)
#define XEN_DOMCTL_CDF_s3_integrity (1U << 2)
#define XEN_DOMCTL_CDF_oos_off      (1U << 3)

/* getpageframeinfo: the type of a frame */
#define XEN_DOMCTL_PFINFO_NOTAB   (0x0U << 28)
#define XEN_DOMCTL_PFINFO_L1TAB   (0x1U << 28)
#define XEN_DOMCTL_PFINFO_L2TAB   (0x2U << 28)
#define XEN_DOMCTL_PFINFO_L3TAB   (0x3U << 28)
#define XEN_DOMCTL_PFINFO_LPINTAB (0x1U << 31) /* and pinned */
#define XEN_DOMCTL_PFINFO_XTAB    (0xFU << 28) /* not a frame of the domain */

/* scheduler_op */
#define XEN_SCHEDULER_CREDIT       5
#define XEN_DOMCTL_SCHEDOP_putinfo 0
#define XEN_DOMCTL_SCHEDOP_getinfo 1

#define XEN_DOMCTL_SENDTRIGGER_NMI   0
#define XEN_DOMCTL_SENDTRIGGER_RESET 1
#define XEN_DOMCTL_SENDTRIGGER_INIT  2
#define XEN_DOMCTL_SENDTRIGGER_POWER 3
#define XEN_DOMCTL_SENDTRIGGER_SLEEP 4

/* getdomaininfo.flags; bits 16 to 23 hold the shutdown reason */
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

struct xen_domctl_getpageframeinfo {
    uint64_aligned_t gmfn;
    uint32_t type; /* out: XEN_DOMCTL_PFINFO_* */
};
typedef struct xen_domctl_getpageframeinfo xen_domctl_getpageframeinfo_t;

/* An array of frame numbers. The second form adds the frames' types to them; the third puts the types in their
 * place. */
struct xen_domctl_getpageframeinfo2 {
    uint64_aligned_t num; /* up to 1024 */
    XEN_GUEST_PTR_64(uint32_t) array;
};
typedef struct xen_domctl_getpageframeinfo2 xen_domctl_getpageframeinfo2_t;

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

struct xen_domctl_scheduler_op {
    uint32_t sched_id; /* XEN_SCHEDULER_CREDIT */
    uint32_t cmd;      /* XEN_DOMCTL_SCHEDOP_* */
    union {
        struct xen_domctl_sched_credit {
            uint16_t weight; /* put: 0 leaves it */
            uint16_t cap;    /* put: 0xFFFF leaves it; Int82 has no caps, and accepts 0 */
        } credit;
        uint64_aligned_t pad[4];
    } u;
};
typedef struct xen_domctl_scheduler_op xen_domctl_scheduler_op_t;

struct xen_domctl_setdebugging {
    uint8_t enable;
};
typedef struct xen_domctl_setdebugging xen_domctl_setdebugging_t;

struct xen_domctl_irq_permission {
    uint8_t pirq;
    uint8_t allow_access;
};
typedef struct xen_domctl_irq_permission xen_domctl_irq_permission_t;

struct xen_domctl_iomem_permission {
    uint64_aligned_t first_mfn;
    uint64_aligned_t nr_mfns;
    uint8_t allow_access;
};
typedef struct xen_domctl_iomem_permission xen_domctl_iomem_permission_t;

struct xen_domctl_ioport_permission {
    uint32_t first_port;
    uint32_t nr_ports;
    uint8_t allow_access;
};
typedef struct xen_domctl_ioport_permission xen_domctl_ioport_permission_t;

struct xen_domctl_memory_mapping {
    uint64_aligned_t first_gfn;
    uint64_aligned_t first_mfn;
    uint64_aligned_t nr_mfns;
    uint32_t add_mapping;
    uint32_t padding;
};
typedef struct xen_domctl_memory_mapping xen_domctl_memory_mapping_t;

struct xen_domctl_ioport_mapping {
    uint32_t first_gport;
    uint32_t first_mport;
    uint32_t nr_ports;
    uint32_t add_mapping;
};
typedef struct xen_domctl_ioport_mapping xen_domctl_ioport_mapping_t;

struct xen_domctl_settimeoffset {
    int32_t time_offset_seconds;
};
typedef struct xen_domctl_settimeoffset xen_domctl_settimeoffset_t;

struct xen_domctl_address_size {
    uint32_t size; /* bits of a guest's word: 32 */
};
typedef struct xen_domctl_address_size xen_domctl_address_size_t;

struct xen_domctl_sendtrigger {
    uint32_t trigger; /* XEN_DOMCTL_SENDTRIGGER_* */
    uint32_t vcpu;
};
typedef struct xen_domctl_sendtrigger xen_domctl_sendtrigger_t;

struct xen_domctl_ext_vcpucontext {
    uint32_t vcpu;
    uint32_t size; /* bytes of this structure: in for set, out for get */
    uint64_aligned_t syscall32_callback_eip;
    uint64_aligned_t sysenter_callback_eip;
    uint16_t syscall32_callback_cs;
    uint16_t sysenter_callback_cs;
    uint8_t syscall32_disables_events;
    uint8_t sysenter_disables_events;
    uint64_aligned_t mcg_cap;
};
typedef struct xen_domctl_ext_vcpucontext xen_domctl_ext_vcpucontext_t;

struct xen_domctl_subscribe {
    uint32_t port; /* the domain's port that reports when it is suspended; 0: none */
};
typedef struct xen_domctl_subscribe xen_domctl_subscribe_t;

struct xen_domctl_disable_migrate {
    uint32_t disable;
};
typedef struct xen_domctl_disable_migrate xen_domctl_disable_migrate_t;

struct xen_guest_tsc_info {
    uint32_t tsc_mode; /* 0: the processor's, 1: emulated, 2: never emulated, 3: PV RDTSCP */
    uint32_t gtsc_khz;
    uint32_t incarnation;
    uint32_t pad;
    uint64_aligned_t elapsed_nsec;
};
typedef struct xen_guest_tsc_info xen_guest_tsc_info_t;

struct xen_domctl_tsc_info {
    XEN_GUEST_PTR_64(xen_guest_tsc_info_t) out_info; /* of get */
    xen_guest_tsc_info_t info;                       /* of set */
};
typedef struct xen_domctl_tsc_info xen_domctl_tsc_info_t;

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
        struct xen_domctl_getpageframeinfo getpageframeinfo;
        struct xen_domctl_getpageframeinfo2 getpageframeinfo2;
        struct xen_domctl_max_mem max_mem;
        struct xen_domctl_scheduler_op scheduler_op;
        struct xen_domctl_setdebugging setdebugging;
        struct xen_domctl_irq_permission irq_permission;
        struct xen_domctl_iomem_permission iomem_permission;
        struct xen_domctl_ioport_permission ioport_permission;
        struct xen_domctl_memory_mapping memory_mapping;
        struct xen_domctl_ioport_mapping ioport_mapping;
        struct xen_domctl_settimeoffset settimeoffset;
        struct xen_domctl_address_size address_size;
        struct xen_domctl_sendtrigger sendtrigger;
        struct xen_domctl_ext_vcpucontext ext_vcpucontext;
        struct xen_domctl_subscribe subscribe;
        struct xen_domctl_disable_migrate disable_migrate;
        struct xen_domctl_tsc_info tsc_info;
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
