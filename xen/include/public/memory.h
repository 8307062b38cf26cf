/* SPDX-License-Identifier: MIT */
/* memory_op(cmd, arg): what memory a domain has, and changing that. */
#ifndef XEN_PUBLIC_MEMORY_H
#define XEN_PUBLIC_MEMORY_H

#include "xen.h"

#define XENMEM_increase_reservation 0  /* struct xen_memory_reservation; result: extents done */
#define XENMEM_decrease_reservation 1  /* likewise */
#define XENMEM_maximum_ram_page     2  /* no argument; result: highest mfn of RAM */
#define XENMEM_current_reservation  3  /* domid_t; result: pages */
#define XENMEM_maximum_reservation  4  /* domid_t; result: pages */
#define XENMEM_machphys_mfn_list    5  /* struct xen_machphys_mfn_list */
#define XENMEM_populate_physmap     6  /* struct xen_memory_reservation; result: extents done */
#define XENMEM_add_to_physmap       7  /* translated guests only */
#define XENMEM_memory_map           9  /* struct xen_memory_map: the domain's pseudo-physical map */
#define XENMEM_machine_memory_map   10 /* struct xen_memory_map: the machine's; privileged */
#define XENMEM_exchange             11 /* struct xen_memory_exchange */
#define XENMEM_machphys_mapping     12 /* struct xen_machphys_mapping */
#define XENMEM_set_memory_map       13 /* struct xen_foreign_memory_map; privileged */
#define XENMEM_maximum_gpfn         14 /* domid_t; result: highest pfn */
#define XENMEM_remove_from_physmap  15 /* translated guests only */
#define XENMEM_set_pod_target       16
#define XENMEM_get_pod_target       17

/* mem_flags: bits 0 to 7 hold the number of address bits that the frames must lie within; 0: any. */
#define XENMEMF_address_bits(x)     (x)
#define XENMEMF_get_address_bits(x) ((x)&0xffu)
#define XENMEMF_node(x)             (((x) + 1) << 8)
#define XENMEMF_get_node(x)         ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand  (1 << 16)
#define XENMEMF_exact_node_request  (1 << 17)

#define XENMAPSPACE_shared_info 0
#define XENMAPSPACE_grant_table 1

/* xen_memory_map's buffer: entries as BIOS call 15h/E820h has them. */
#define E820_RAM      1
#define E820_RESERVED 2
#define E820_ACPI     3
#define E820_NVS      4
#define E820_UNUSABLE 5

#ifndef __ASSEMBLY__
struct xen_memory_reservation {
    /* In for decrease: the mfns to give back (populate: the pfns, which stay). Out: the first mfn of each extent. */
    XEN_GUEST_PTR(xen_pfn_t) extent_start;
    xen_ulong_t nr_extents;
    uint32_t extent_order; /* an extent is 2^order contiguous frames */
    uint32_t mem_flags;    /* XENMEMF_* */
    domid_t domid;
};
typedef struct xen_memory_reservation xen_memory_reservation_t;
_Static_assert(sizeof(xen_memory_reservation_t) == 20, "Xen's ABI");

struct xen_memory_exchange {
    struct xen_memory_reservation in;  /* frames to give away: mfns */
    struct xen_memory_reservation out; /* in: pfns; out: the new mfns. As many frames in all */
    xen_ulong_t nr_exchanged;          /* in: 0; out: extents of `in` taken */
};
typedef struct xen_memory_exchange xen_memory_exchange_t;
_Static_assert(sizeof(xen_memory_exchange_t) == 44, "Xen's ABI");

/* The frames behind the machine-to-physical table, one for each 2 MiB of it. */
struct xen_machphys_mfn_list {
    uint32_t max_extents; /* in: room */
    XEN_GUEST_PTR(xen_pfn_t) extent_start;
    uint32_t nr_extents; /* out */
};
typedef struct xen_machphys_mfn_list xen_machphys_mfn_list_t;

struct xen_machphys_mapping {
    xen_ulong_t v_start, v_end; /* virtual addresses */
    xen_ulong_t max_mfn;        /* highest index */
};
typedef struct xen_machphys_mapping xen_machphys_mapping_t;

struct xen_add_to_physmap {
    domid_t domid;
    uint16_t size;
    uint32_t space; /* XENMAPSPACE_* */
    xen_ulong_t idx;
    xen_pfn_t gpfn;
};
typedef struct xen_add_to_physmap xen_add_to_physmap_t;

struct xen_remove_from_physmap {
    domid_t domid;
    xen_pfn_t gpfn;
};
typedef struct xen_remove_from_physmap xen_remove_from_physmap_t;

struct e820entry {
    uint64_t addr; /* bytes */
    uint64_t size; /* bytes */
    uint32_t type; /* E820_* */
} __attribute__((packed));
_Static_assert(sizeof(struct e820entry) == 20, "BIOS layout");

struct xen_memory_map {
    uint32_t nr_entries; /* in: room; out: entries written */
    XEN_GUEST_PTR(void) buffer;
};
typedef struct xen_memory_map xen_memory_map_t;

struct xen_foreign_memory_map {
    domid_t domid;
    struct xen_memory_map map;
};
typedef struct xen_foreign_memory_map xen_foreign_memory_map_t;
#endif

#endif
