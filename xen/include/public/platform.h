/* SPDX-License-Identifier: MIT */
/*
 * dom0_op (since Xen 3.1: platform_op), hypercall 7: domain 0 operates the machine. The argument is a struct
 * xen_platform_op of 136 bytes. The command decides which of its fields are used. -EPERM unless privileged; -EACCES for
 * another interface_version; -ENOSYS for an unknown command.
 *
 * Commands from 0x82000000 up are Int82's own (int82.h).
 */
#ifndef XEN_PUBLIC_PLATFORM_H
#define XEN_PUBLIC_PLATFORM_H

#include "xen.h"

#define XENPF_INTERFACE_VERSION 0x03000001

#define XENPF_settime              17
#define XENPF_add_memtype          31
#define XENPF_del_memtype          32
#define XENPF_read_memtype         33
#define XENPF_microcode_update     35
#define XENPF_platform_quirk       39
#define XENPF_get_cpu_version      48
#define XENPF_efi_runtime_call     49
#define XENPF_firmware_info        50
#define XENPF_enter_acpi_sleep     51
#define XENPF_change_freq          52
#define XENPF_getidletime          53
#define XENPF_set_processor_pminfo 54
#define XENPF_get_cpuinfo          55
#define XENPF_cpu_online           56
#define XENPF_cpu_offline          57

#define XEN_PCPU_FLAGS_ONLINE  1
#define XEN_PCPU_FLAGS_INVALID 2

#ifndef __ASSEMBLY__
/* Sets the wall clock: when the system time was system_time (ns), secs and nsecs had passed since 1970. */
struct xenpf_settime {
    uint32_t secs;
    uint32_t nsecs;
    uint64_t system_time;
};
typedef struct xenpf_settime xenpf_settime_t;

/* MTRRs. type: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB. */
struct xenpf_add_memtype {
    xen_pfn_t mfn;
    uint64_t nr_mfns;
    uint32_t type;
    uint32_t handle; /* out */
    uint32_t reg;    /* out */
};
typedef struct xenpf_add_memtype xenpf_add_memtype_t;

struct xenpf_del_memtype {
    uint32_t handle;
    uint32_t reg;
};
typedef struct xenpf_del_memtype xenpf_del_memtype_t;

struct xenpf_read_memtype {
    uint32_t reg;
    xen_pfn_t mfn;    /* out */
    uint64_t nr_mfns; /* out; 0: unused register */
    uint32_t type;    /* out */
};
typedef struct xenpf_read_memtype xenpf_read_memtype_t;

struct xenpf_pcpuinfo {
    uint32_t xen_cpuid;   /* in */
    uint32_t max_present; /* out: highest CPU number */
    uint32_t flags;       /* out: XEN_PCPU_FLAGS_* */
    uint32_t apic_id;     /* out */
    uint32_t acpi_id;     /* out */
};
typedef struct xenpf_pcpuinfo xenpf_pcpuinfo_t;

struct xenpf_pcpu_version {
    uint32_t xen_cpuid;   /* in */
    uint32_t max_present; /* out */
    char vendor_id[12];   /* out */
    uint32_t family;      /* out */
    uint32_t model;       /* out */
    uint32_t stepping;    /* out */
};
typedef struct xenpf_pcpu_version xenpf_pcpu_version_t;

/* The argument of Int82's own commands: an address, and the size of what is there. */
struct int82_op_buffer {
    uint32_t size; /* in: bytes of room; out: bytes there are */
    uint32_t pad;  /* 0 */
    union {
        XEN_GUEST_PTR(void) buffer;
        uint64_t buffer_pad;
    };
};

/* Faults on purpose. */
struct int82_fault {
    uint32_t what; /* INT82_CORRUPT_*, INT82_FAIL_*, INT82_PREEMPT_* */
    uint32_t id;   /* of the object that is corrupted, or of the vCPU that is preempted */
    uint32_t mend; /* corrupt: 1 to undo it, with the same id */
    uint32_t at;   /* in: 0 for none */
    uint32_t seen; /* out: allocations, or points that the vCPU has passed, since the last call of the kind */
};

/*
 * A domain's console or store, which the hypervisor serves through a ring in one of the domain's pages until the domain
 * ends. The page and the port must be written into the domain's start_info. -ESRCH: no such domain. -EINVAL: the page
 * is not the domain's or cannot be written to; the port is not unbound; it is domain 0's console. -EEXIST: it is served
 * already. -ENOMEM, -ENOSPC: no port.
 */
struct int82_serve {
    domid_t domid;
    uint16_t pad;
    xen_pfn_t mfn; /* of the page */
    uint32_t port; /* of the domain's. in: an unbound one, or 0 for a new one; out: the port in use */
};

struct xen_platform_op {
    uint32_t cmd;               /* XENPF_* or INT82_OP_* */
    uint32_t interface_version; /* XENPF_INTERFACE_VERSION */
    union {
        struct xenpf_settime settime;
        struct xenpf_add_memtype add_memtype;
        struct xenpf_del_memtype del_memtype;
        struct xenpf_read_memtype read_memtype;
        struct xenpf_pcpuinfo pcpu_info;
        struct xenpf_pcpu_version pcpu_version;
        struct int82_op_buffer int82;
        struct int82_fault int82_fault;
        struct int82_serve int82_serve;
        uint8_t pad[128];
    } u;
};
typedef struct xen_platform_op xen_platform_op_t;
_Static_assert(sizeof(xen_platform_op_t) == 136, "Xen's ABI");

/* The names of Xen 3.0. */
typedef struct xen_platform_op dom0_op_t;
#endif

#define DOM0_INTERFACE_VERSION XENPF_INTERFACE_VERSION

#endif
