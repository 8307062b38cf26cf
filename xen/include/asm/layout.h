/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's 168 MiB at the top of every address space. Fixed at build time; asm/page.h has the page-table side.
 *
 *   0xF5800000  16 MiB  machine-to-physical table, read-only: the only part that guests' segments reach (Xen's ABI)
 *   0xF6800000  16 MiB  the same table, writable
 *   0xF7800000  64 MiB  frame table: a struct page_info for each machine frame
 *   0xFB800000  16 MiB  windows: the map cache through which any frame is reached
 *   0xFC800000  16 MiB  vCPU areas: GDT and LDT windows, stack, vcpu_info alias
 *   0xFD800000  38 MiB  direct map of the lowest machine memory: the hypervisor's image and heap
 *   0xFFE00000   2 MiB  device map: registers of devices that the hypervisor drives, uncached
 *
 * What the auditor counts for each frame has no room here: it is in the idle address space, where guests would be.
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define HYP_START        0xF5800000 /* = HYPERVISOR_VIRT_START of the public header */
#define RO_MPT_START     0xF5800000
#define RO_MPT_END       0xF6800000 /* guests' flat segments end here */
#define RDWR_MPT_START   0xF6800000
#define FRAME_TABLE      0xF7800000
#define WINDOWS_START    0xFB800000
#define VCPU_AREAS_START 0xFC800000
#define DIRECTMAP_START  0xFD800000
#define DIRECTMAP_SIZE   (38 << 20)
#define DEVICE_MAP_START 0xFFE00000
#define DEVICE_MAP_PAGES 512
#define AUDIT_START      0x40000000 /* while the auditor is at work; 32 MiB at most */

/* Highest frame number + 1 that the tables cover: 16 GiB of machine addresses, as many as the machine-to-physical table
 * has entries for in Xen's ABI. */
#define MAX_FRAMES 0x400000

/* A vCPU's area. The stack's top is always STACK_TO_INFO below the vCPU's vcpu_info, wherever in its page the guest has
 * put that. So a leaf hypercall reaches both with a constant offset from %esp. */
#define MAX_VCPU_AREAS       64
#define VCPU_AREA_SIZE       0x40000
#define VCPU_AREA_GDT        0x00000 /* 14 guest frames, then the hypervisor's page (selectors 0xE000 up) */
#define VCPU_AREA_LDT        0x10000
#define VCPU_AREA_STACK      0x21000 /* page 0x20 stays unmapped: a stack overflow faults */
#define VCPU_AREA_STACK_SIZE 0x3000
#define VCPU_AREA_INFO       (VCPU_AREA_STACK + VCPU_AREA_STACK_SIZE)
#define STACK_TO_INFO        PAGE_SIZE

/* Selectors. Those of rings 1 and 3 are the guest's (public/xen.h has them too). */
#define GDT_RESERVED_PAGE 14
#define HYP_GDT_BASE      0xE000
#define HYP_CS            0xE008
#define HYP_DS            0xE010
#define RING1_CS          0xE019
#define RING1_DS          0xE021
#define RING3_CS          0xE02B
#define RING3_DS          0xE033
#define TSS_SEL           0xE038
#define LDT_SEL           0xE040
#define DF_TSS_SEL        0xE048
#define HYP_GDT_ENTRIES   10

#define HYPERCALL_SLOTS 64 /* of hypervisor_call_table */
#define GDT_LIMIT       (HYP_GDT_BASE + HYP_GDT_ENTRIES * 8 - 1)

#endif
