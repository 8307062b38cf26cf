/* SPDX-License-Identifier: MIT */
/* ELF notes of a guest kernel, in sections of type SHT_NOTE or segments of type PT_NOTE; owner "Xen". */
#ifndef XEN_PUBLIC_ELFNOTE_H
#define XEN_PUBLIC_ELFNOTE_H

#define XEN_ELFNOTE_INFO               0
#define XEN_ELFNOTE_ENTRY              1  /* number: virtual address of the first instruction */
#define XEN_ELFNOTE_HYPERCALL_PAGE     2  /* number: virtual address of the page to fill with stubs */
#define XEN_ELFNOTE_VIRT_BASE          3  /* number: virtual address of pseudo-physical 0 */
#define XEN_ELFNOTE_PADDR_OFFSET       4  /* number: what to subtract from the ELF's physical addresses */
#define XEN_ELFNOTE_XEN_VERSION        5  /* string: "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS           6  /* string */
#define XEN_ELFNOTE_GUEST_VERSION      7  /* string */
#define XEN_ELFNOTE_LOADER             8  /* string: "generic" */
#define XEN_ELFNOTE_PAE_MODE           9  /* string: "yes", "no", "bimodal"; ",bimodal" may follow */
#define XEN_ELFNOTE_FEATURES           10 /* string: names with '|' between; '!': required */
#define XEN_ELFNOTE_BSD_SYMTAB         11 /* string: "yes": load the symbol table behind the image */
#define XEN_ELFNOTE_HV_START_LOW       12 /* number: the hypervisor must not begin below it */
#define XEN_ELFNOTE_L1_MFN_VALID       13 /* pairs of numbers: mask and value of a valid L1 entry */
#define XEN_ELFNOTE_SUSPEND_CANCEL     14 /* number */
#define XEN_ELFNOTE_INIT_P2M           15 /* number: where to map the p2m list */
#define XEN_ELFNOTE_MOD_START_PFN      16 /* number: not 0: the ramdisk need not be mapped */
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17 /* number: bits of features.h */
#define XEN_ELFNOTE_PHYS32_ENTRY       18 /* number: physical address of the first instruction of a PVH guest */
#define XEN_ELFNOTE_MAX                18

#endif
