/* SPDX-License-Identifier: MIT */
/* physdev_op(cmd, arg): a guest's questions about physical devices. physdev_op_compat takes a struct physdev_op. */
#ifndef XEN_PUBLIC_PHYSDEV_H
#define XEN_PUBLIC_PHYSDEV_H

#include "xen.h"

#define PHYSDEVOP_IRQ_UNMASK_NOTIFY  4  /* no argument; older form of eoi */
#define PHYSDEVOP_irq_status_query   5  /* struct physdev_irq_status_query */
#define PHYSDEVOP_set_iopl           6  /* struct physdev_set_iopl */
#define PHYSDEVOP_set_iobitmap       7  /* struct physdev_set_iobitmap */
#define PHYSDEVOP_apic_read          8  /* struct physdev_apic */
#define PHYSDEVOP_apic_write         9  /* struct physdev_apic */
#define PHYSDEVOP_alloc_irq_vector   10 /* struct physdev_irq */
#define PHYSDEVOP_free_irq_vector    11 /* struct physdev_irq */
#define PHYSDEVOP_eoi                12 /* struct physdev_eoi */
#define PHYSDEVOP_map_pirq           13 /* struct physdev_map_pirq */
#define PHYSDEVOP_unmap_pirq         14 /* struct physdev_unmap_pirq */
#define PHYSDEVOP_manage_pci_add     15 /* struct physdev_manage_pci */
#define PHYSDEVOP_manage_pci_remove  16 /* struct physdev_manage_pci */
#define PHYSDEVOP_pirq_eoi_gmfn_v1   17 /* struct physdev_pirq_eoi_gmfn */
#define PHYSDEVOP_restore_msi        19 /* struct physdev_manage_pci */
#define PHYSDEVOP_manage_pci_add_ext 20 /* struct physdev_manage_pci_ext */
#define PHYSDEVOP_setup_gsi          21 /* struct physdev_setup_gsi */
#define PHYSDEVOP_get_free_pirq      23 /* struct physdev_get_free_pirq */
#define PHYSDEVOP_pci_mmcfg_reserved 24 /* struct physdev_pci_mmcfg_reserved */
#define PHYSDEVOP_pci_device_add     25 /* struct physdev_pci_device_add */
#define PHYSDEVOP_pci_device_remove  26 /* struct physdev_pci_device */
#define PHYSDEVOP_restore_msi_ext    27 /* struct physdev_pci_device */
#define PHYSDEVOP_pirq_eoi_gmfn_v2   28 /* struct physdev_pirq_eoi_gmfn */
#define PHYSDEVOP_dbgp_op            29
#define PHYSDEVOP_prepare_msix       30 /* struct physdev_pci_device */
#define PHYSDEVOP_release_msix       31 /* struct physdev_pci_device */

#define MAP_PIRQ_TYPE_MSI       0
#define MAP_PIRQ_TYPE_GSI       1
#define MAP_PIRQ_TYPE_UNKNOWN   2
#define MAP_PIRQ_TYPE_MSI_SEG   3 /* the segment is in the upper half of `bus` */
#define MAP_PIRQ_TYPE_MULTI_MSI 4

#define XENIRQSTAT_needs_eoi (1U << 0)
#define XENIRQSTAT_shared    (1U << 1)

#ifndef __ASSEMBLY__
struct physdev_eoi {
    uint32_t irq;
};
typedef struct physdev_eoi physdev_eoi_t;

struct physdev_pirq_eoi_gmfn {
    xen_pfn_t gmfn; /* becomes a bitmap: which irqs need an eoi */
};
typedef struct physdev_pirq_eoi_gmfn physdev_pirq_eoi_gmfn_t;

struct physdev_irq_status_query {
    uint32_t irq;
    uint32_t flags; /* out: XENIRQSTAT_* */
};
typedef struct physdev_irq_status_query physdev_irq_status_query_t;

struct physdev_set_iopl {
    uint32_t iopl; /* 0 to 3 */
};
typedef struct physdev_set_iopl physdev_set_iopl_t;

struct physdev_set_iobitmap {
    XEN_GUEST_PTR(uint8_t) bitmap; /* bit set: ring 3 may not use the port */
    uint32_t nr_ports;             /* 0 to 65536 */
};
typedef struct physdev_set_iobitmap physdev_set_iobitmap_t;

struct physdev_apic {
    uint32_t apic_physbase;
    uint32_t reg;
    uint32_t value; /* in or out */
};
typedef struct physdev_apic physdev_apic_t;

struct physdev_irq {
    uint32_t irq;
    uint32_t vector; /* in or out */
};
typedef struct physdev_irq physdev_irq_t;

struct physdev_map_pirq {
    domid_t domid;
    int32_t type;  /* MAP_PIRQ_TYPE_* */
    int32_t index; /* the GSI; an MSI: -1 */
    int32_t pirq;  /* in: wanted, or -1; out */
    int32_t bus;   /* an MSI's device... */
    int32_t devfn;
    int32_t entry_nr;    /* ...and entry in its MSI-X table... */
    uint64_t table_base; /* ...which is there; 0: it is no MSI-X */
};
typedef struct physdev_map_pirq physdev_map_pirq_t;

struct physdev_unmap_pirq {
    domid_t domid;
    int32_t pirq;
};
typedef struct physdev_unmap_pirq physdev_unmap_pirq_t;

struct physdev_manage_pci {
    uint8_t bus;
    uint8_t devfn;
};
typedef struct physdev_manage_pci physdev_manage_pci_t;

struct physdev_manage_pci_ext {
    uint8_t bus;
    uint8_t devfn;
    uint32_t is_extfn;  /* 0, 1 */
    uint32_t is_virtfn; /* 0, 1: of the function physfn */
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;
};
typedef struct physdev_manage_pci_ext physdev_manage_pci_ext_t;

struct physdev_pci_mmcfg_reserved {
    uint64_t address; /* of bus 0, whatever the first one is */
    uint16_t segment;
    uint8_t start_bus;
    uint8_t end_bus;
    uint32_t flags; /* 1: the memory is reserved for this */
};
typedef struct physdev_pci_mmcfg_reserved physdev_pci_mmcfg_reserved_t;

struct physdev_pci_device_add {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
    uint32_t flags;
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;
};
typedef struct physdev_pci_device_add physdev_pci_device_add_t;

struct physdev_pci_device {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
};
typedef struct physdev_pci_device physdev_pci_device_t;

struct physdev_setup_gsi {
    int32_t gsi;
    uint8_t triggering; /* 0: edge, 1: level */
    uint8_t polarity;   /* 0: high, 1: low */
};
typedef struct physdev_setup_gsi physdev_setup_gsi_t;

struct physdev_get_free_pirq {
    int32_t type;
    uint32_t pirq; /* out */
};
typedef struct physdev_get_free_pirq physdev_get_free_pirq_t;

struct physdev_op {
    uint32_t cmd; /* PHYSDEVOP_*, 4 to 11 */
    union {
        struct physdev_irq_status_query irq_status_query;
        struct physdev_set_iopl set_iopl;
        struct physdev_set_iobitmap set_iobitmap;
        struct physdev_apic apic_op;
        struct physdev_irq irq_op;
    } u;
};
typedef struct physdev_op physdev_op_t;
_Static_assert(sizeof(physdev_op_t) == 16, "Xen's ABI");
#endif

#endif
