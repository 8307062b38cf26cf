/* SPDX-License-Identifier: MIT */
/* Feature bits: XENVER_get_features' submap 0, and the FEATURES and SUPPORTED_FEATURES ELF notes. */
#ifndef XEN_PUBLIC_FEATURES_H
#define XEN_PUBLIC_FEATURES_H

#define XENFEAT_writable_page_tables       0 /* page tables need not be read-only */
#define XENFEAT_writable_descriptor_tables 1 /* nor descriptor tables */
#define XENFEAT_auto_translated_physmap    2
#define XENFEAT_supervisor_mode_kernel     3 /* the kernel runs in ring 0 */
#define XENFEAT_pae_pgdir_above_4gb        4
#define XENFEAT_mmu_pt_update_preserve_ad  5 /* MMU_PT_UPDATE_PRESERVE_AD works */
#define XENFEAT_highmem_assist             6 /* MMUEXT_CLEAR_PAGE and COPY_PAGE work */
#define XENFEAT_gnttab_map_avail_bits      7
#define XENFEAT_hvm_callback_vector        8
#define XENFEAT_hvm_safe_pvclock           9
#define XENFEAT_hvm_pirqs                  10
#define XENFEAT_dom0                       11 /* the guest can be domain 0 */

#define XENFEAT_NR_SUBMAPS 1

#endif
