/* SPDX-License-Identifier: MIT */
/* grant_table_op(cmd, array, count): a domain lets another use single frames of its own. */
#ifndef XEN_PUBLIC_GRANT_TABLE_H
#define XEN_PUBLIC_GRANT_TABLE_H

#include "xen.h"

#define GNTTABOP_map_grant_ref     0
#define GNTTABOP_unmap_grant_ref   1
#define GNTTABOP_setup_table       2
#define GNTTABOP_dump_table        3
#define GNTTABOP_transfer          4
#define GNTTABOP_copy              5
#define GNTTABOP_query_size        6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version       8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version       10
#define GNTTABOP_swap_grant_ref    11

#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE    0
#define GNTTAB_RESERVED_XENSTORE   1

/* grant_entry_v1.flags */
#define GTF_invalid            (0U << 0)
#define GTF_permit_access      (1U << 0)
#define GTF_accept_transfer    (2U << 0)
#define GTF_transitive         (3U << 0)
#define GTF_type_mask          (3U << 0)
#define GTF_readonly           (1U << 2) /* granter: not for writing */
#define GTF_reading            (1U << 3) /* hypervisor: in use */
#define GTF_writing            (1U << 4) /* hypervisor: in use for writing */
#define GTF_PWT                (1U << 5)
#define GTF_PCD                (1U << 6)
#define GTF_PAT                (1U << 7)
#define GTF_sub_page           (1U << 8)
#define GTF_transfer_committed (1U << 2)
#define GTF_transfer_completed (1U << 3)

#define GNTMAP_device_map      (1 << 0)
#define GNTMAP_host_map        (1 << 1)
#define GNTMAP_readonly        (1 << 2)
#define GNTMAP_application_map (1 << 3)
#define GNTMAP_contains_pte    (1 << 4) /* host_addr: machine address of the entry */
#define GNTMAP_can_fail        (1 << 5)

#define GNTCOPY_source_gref (1 << 0)
#define GNTCOPY_dest_gref   (1 << 1)
#define GNTCOPY_can_fail    (1 << 2)

#define GNTST_okay              (0)
#define GNTST_general_error     (-1)
#define GNTST_bad_domain        (-2)
#define GNTST_bad_gntref        (-3)
#define GNTST_bad_handle        (-4)
#define GNTST_bad_virt_addr     (-5)
#define GNTST_bad_dev_addr      (-6)
#define GNTST_no_device_space   (-7)
#define GNTST_permission_denied (-8)
#define GNTST_bad_page          (-9)
#define GNTST_bad_copy_arg      (-10)
#define GNTST_address_too_big   (-11)
#define GNTST_eagain            (-12)

#ifndef __ASSEMBLY__
typedef uint32_t grant_ref_t;
typedef uint32_t grant_handle_t;

/* Version 1 of the table: an array of these, in frames that setup_table names. */
struct grant_entry_v1 {
    uint16_t flags; /* GTF_* */
    domid_t domid;  /* to whom */
    uint32_t frame; /* mfn */
};
typedef struct grant_entry_v1 grant_entry_v1_t;
typedef struct grant_entry_v1 grant_entry_t;
_Static_assert(sizeof(grant_entry_v1_t) == 8, "Xen's ABI");

struct gnttab_map_grant_ref {
    uint64_t host_addr;
    uint32_t flags; /* GNTMAP_* */
    grant_ref_t ref;
    domid_t dom;
    int16_t status;        /* out: GNTST_* */
    grant_handle_t handle; /* out */
    uint64_t dev_bus_addr; /* out: machine address */
};
typedef struct gnttab_map_grant_ref gnttab_map_grant_ref_t;
_Static_assert(sizeof(gnttab_map_grant_ref_t) == 32, "Xen's ABI");

struct gnttab_unmap_grant_ref {
    uint64_t host_addr;
    uint64_t dev_bus_addr;
    grant_handle_t handle;
    int16_t status; /* out: GNTST_* */
};
typedef struct gnttab_unmap_grant_ref gnttab_unmap_grant_ref_t;
_Static_assert(sizeof(gnttab_unmap_grant_ref_t) == 24, "Xen's ABI");

struct gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status;                      /* out: GNTST_* */
    XEN_GUEST_PTR(xen_pfn_t) frame_list; /* out: nr_frames mfns */
};
typedef struct gnttab_setup_table gnttab_setup_table_t;
_Static_assert(sizeof(gnttab_setup_table_t) == 16, "Xen's ABI");

struct gnttab_dump_table {
    domid_t dom;
    int16_t status; /* out: GNTST_* */
};
typedef struct gnttab_dump_table gnttab_dump_table_t;

struct gnttab_transfer {
    xen_pfn_t mfn;
    domid_t domid;
    grant_ref_t ref;
    int16_t status; /* out: GNTST_* */
};
typedef struct gnttab_transfer gnttab_transfer_t;

struct gnttab_copy {
    struct {
        union {
            grant_ref_t ref; /* with GNTCOPY_{source,dest}_gref */
            xen_pfn_t gmfn;
        } u;
        domid_t domid;
        uint16_t offset; /* bytes into the frame */
    } source, dest;
    uint16_t len;   /* bytes; within both frames */
    uint16_t flags; /* GNTCOPY_* */
    int16_t status; /* out: GNTST_* */
};
typedef struct gnttab_copy gnttab_copy_t;
_Static_assert(sizeof(gnttab_copy_t) == 24, "Xen's ABI");

struct gnttab_query_size {
    domid_t dom;
    uint32_t nr_frames;     /* out */
    uint32_t max_nr_frames; /* out */
    int16_t status;         /* out: GNTST_* */
};
typedef struct gnttab_query_size gnttab_query_size_t;

struct gnttab_unmap_and_replace {
    uint64_t host_addr;
    uint64_t new_addr;
    grant_handle_t handle;
    int16_t status; /* out: GNTST_* */
};
typedef struct gnttab_unmap_and_replace gnttab_unmap_and_replace_t;

struct gnttab_swap_grant_ref {
    grant_ref_t ref_a, ref_b;
    int16_t status; /* out: GNTST_* */
};
typedef struct gnttab_swap_grant_ref gnttab_swap_grant_ref_t;

/* For version 2: where it keeps GTF_reading and GTF_writing. */
struct gnttab_get_status_frames {
    uint32_t nr_frames;
    domid_t dom;
    int16_t status;                     /* out: GNTST_* */
    XEN_GUEST_PTR(uint64_t) frame_list; /* out */
};
typedef struct gnttab_get_status_frames gnttab_get_status_frames_t;

struct gnttab_set_version {
    uint32_t version; /* in: 1 or 2; out: the one in force */
};
typedef struct gnttab_set_version gnttab_set_version_t;

struct gnttab_get_version {
    domid_t dom;
    uint16_t pad;
    uint32_t version; /* out */
};
typedef struct gnttab_get_version gnttab_get_version_t;
#endif

#endif
