/* SPDX-License-Identifier: MIT */
/* xen_version(cmd, arg). version and pagesize answer with their result. The others fill in what arg points to. */
#ifndef XEN_PUBLIC_VERSION_H
#define XEN_PUBLIC_VERSION_H

#include "features.h"
#include "xen.h"

#define XENVER_version             0 /* result: major << 16 | minor */
#define XENVER_extraversion        1 /* xen_extraversion_t */
#define XENVER_compile_info        2 /* struct xen_compile_info */
#define XENVER_capabilities        3 /* xen_capabilities_info_t */
#define XENVER_changeset           4 /* xen_changeset_info_t */
#define XENVER_platform_parameters 5 /* struct xen_platform_parameters */
#define XENVER_get_features        6 /* struct xen_feature_info */
#define XENVER_pagesize            7 /* result: bytes */
#define XENVER_guest_handle        8 /* xen_domain_handle_t */
#define XENVER_commandline         9 /* xen_commandline_t */

#define XEN_EXTRAVERSION_LEN      16
#define XEN_CAPABILITIES_INFO_LEN 1024
#define XEN_CHANGESET_INFO_LEN    64
#define XEN_COMMANDLINE_LEN       1024

#ifndef __ASSEMBLY__
/* All are 0-terminated. */
typedef char xen_extraversion_t[XEN_EXTRAVERSION_LEN];
typedef char xen_capabilities_info_t[XEN_CAPABILITIES_INFO_LEN];
typedef char xen_changeset_info_t[XEN_CHANGESET_INFO_LEN];
typedef char xen_commandline_t[XEN_COMMANDLINE_LEN];

struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};
typedef struct xen_compile_info xen_compile_info_t;

struct xen_platform_parameters {
    uint32_t virt_start; /* where the hypervisor's region begins */
};
typedef struct xen_platform_parameters xen_platform_parameters_t;

struct xen_feature_info {
    uint32_t submap_idx; /* in: 0 to XENFEAT_NR_SUBMAPS - 1 */
    uint32_t submap;     /* out: bit n = feature 32 * submap_idx + n */
};
typedef struct xen_feature_info xen_feature_info_t;
#endif

#endif
