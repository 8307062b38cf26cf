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
#define XENPF_core_parking         60

#define XEN_PCPU_FLAGS_ONLINE  1
#define XEN_PCPU_FLAGS_INVALID 2

/* Which power states the hypervisor wants to be told of: start_info's flags, from bit 8 on. */
#define XEN_PROCESSOR_PM_CX 1
#define XEN_PROCESSOR_PM_PX 2
#define XEN_PROCESSOR_PM_TX 4

/* Types of set_processor_pminfo. */
#define XEN_PM_CX  0 /* idle states: _CST */
#define XEN_PM_PX  1 /* frequencies: _PPC, _PCT, _PSS, _PSD */
#define XEN_PM_TX  2 /* throttling */
#define XEN_PM_PDC 3 /* what firmware is to be told that the kernel can do: _PDC */

/* Which parts of xen_processor_performance are given. */
#define XEN_PX_PCT 1
#define XEN_PX_PSS 2
#define XEN_PX_PPC 4
#define XEN_PX_PSD 8

#define XEN_CORE_PARKING_SET 1
#define XEN_CORE_PARKING_GET 2

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

/* A register as ACPI describes one (specification 6.4, 5.2.3.2). */
struct xen_power_register {
    uint32_t space_id; /* 0x7F: the processor's own, 1: a port */
    uint32_t bit_width;
    uint32_t bit_offset;
    uint32_t access_size;
    uint64_t address;
};

struct xen_processor_cx {
    struct xen_power_register reg; /* reading it enters the state */
    uint8_t type;                  /* 1: C1 ... */
    uint32_t latency;              /* us */
    uint32_t power;                /* mW */
    uint32_t dpcnt;
    XEN_GUEST_PTR(const void) dp; /* what dpcnt other processors it depends on, or NULL */
};
typedef struct xen_processor_cx xen_processor_cx_t;

struct xen_processor_power {
    uint32_t count; /* of states */
    uint32_t flags;
    XEN_GUEST_PTR(const xen_processor_cx_t) states;
};

/* The same in the form of _PCT. */
struct xen_pct_register {
    uint8_t descriptor;
    uint16_t length;
    uint8_t space_id;
    uint8_t bit_width;
    uint8_t bit_offset;
    uint8_t reserved;
    uint64_t address;
};

struct xen_processor_px {
    uint64_t core_frequency;     /* MHz */
    uint64_t power;              /* mW */
    uint64_t transition_latency; /* us; the next, too */
    uint64_t bus_master_latency;
    uint64_t control, status; /* values of the two registers */
};
typedef struct xen_processor_px xen_processor_px_t;

struct xen_psd_package {
    uint64_t num_entries, revision, domain, coord_type, num_processors;
};

struct xen_processor_performance {
    uint32_t flags;          /* XEN_PX_*: which of the others count */
    uint32_t platform_limit; /* PPC: the first state that may be used */
    struct xen_pct_register control_register, status_register;
    uint32_t state_count;
    XEN_GUEST_PTR(const xen_processor_px_t) states;
    struct xen_psd_package domain_info;
    uint32_t shared_type; /* PSD: who coordinates processors: 1 the hardware, 2 and 3 software */
};

/*
 * What ACPI says of a processor's power states. -EINVAL: no such processor or type, or what is given contradicts
 * itself. -ENOSYS: the hypervisor does not want to know. -EFAULT. -ENODEV: a limit, after all is known and if there is
 * no driver for frequencies.
 */
struct xenpf_set_processor_pminfo {
    uint32_t id;   /* as ACPI numbers processors; for PDC also 0xFFFFFFFF, the one that booted */
    uint32_t type; /* XEN_PM_* */
    union {
        struct xen_processor_power power;
        struct xen_processor_performance perf;
        /* Of three words: the revision, which is 1; the number of words that follow, not 0; in and out: the bits. */
        XEN_GUEST_PTR(uint32_t) pdc;
    } u;
};
typedef struct xenpf_set_processor_pminfo xenpf_set_processor_pminfo_t;
_Static_assert(sizeof(xenpf_set_processor_pminfo_t) == 100 && sizeof(xen_processor_cx_t) == 44 &&
                   sizeof(xen_processor_px_t) == 48,
               "Xen's ABI");

/* How many processors are to be idle, as a machine that gets too hot asks for. -EINVAL: no such type. */
struct xenpf_core_parking {
    uint32_t type;      /* XEN_CORE_PARKING_* */
    uint32_t idle_nums; /* set: in, cut to one less than there are; get: out */
};
typedef struct xenpf_core_parking xenpf_core_parking_t;

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
        struct xenpf_set_processor_pminfo set_pminfo;
        struct xenpf_core_parking core_parking;
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
