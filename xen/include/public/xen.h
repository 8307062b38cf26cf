/* SPDX-License-Identifier: MIT */
/*
 * The guest interface of a 32-bit PAE paravirtual domain: numbers and layouts of Xen's stable ABI, xen-3.0-x86_32p.
 *
 * Facts are those of Xen's public headers up to release 4.2.5, the last one for this architecture. What these leave
 * open was measured on real releases. The words and comments are our own. These headers need nothing but <stdint.h>.
 * The hypervisor and the guests use the same ones; assembly gets only the constants.
 *
 * Conventions
 *   - machine addresses and page-table entries are 64 bits wide, frame numbers (mfn, pfn) 32; a page is 4096 bytes;
 *   - 64-bit fields are on 4-byte boundaries, as usual on i386;
 *   - times are nanoseconds of system time, counted from the start of the hypervisor, unless said otherwise;
 *   - a pointer in a structure is a virtual address of the calling guest;
 *   - calls answer 0 or more, or one of the negative numbers of errno.h.
 */
#ifndef XEN_PUBLIC_XEN_H
#define XEN_PUBLIC_XEN_H

/* ---- Hypercall numbers: __HYPERVISOR_<name>, out of the one table. Number in EAX, arguments in EBX ECX EDX ESI EDI.
 */
#ifdef __ASSEMBLY__
/* Only for those who ask: otherwise the assembler would put all these names into every object's symbol table. */
#ifdef WANT_HYPERCALL_NUMBERS
#define HYPERCALL(nr, name, args, tier, what) .set __HYPERVISOR_##name, nr;
#include "../xen/hypercalls.def"
#endif
#else
#ifndef __i386__
#error "Int82's guest interface is that of 32-bit x86"
#endif
#include <stdint.h>

enum {
#define HYPERCALL(nr, name, args, tier, what) __HYPERVISOR_##name = nr,
#include "../xen/hypercalls.def"
};
#endif
#define __HYPERVISOR_platform_op __HYPERVISOR_dom0_op

#define HYPERCALL_VECTOR 0x82
/* The hypercall page: a stub of this many bytes for each number. */
#define HYPERCALL_STUB_SIZE 32
#define NR_hypercalls       64

/* ---- Segments. A guest finds them in the hypervisor's part of any GDT, from index 14 * 512 on. */
#define FLAT_RING1_CS  0xe019
#define FLAT_RING1_DS  0xe021
#define FLAT_RING1_SS  0xe021
#define FLAT_RING3_CS  0xe02b
#define FLAT_RING3_DS  0xe033
#define FLAT_RING3_SS  0xe033
#define FLAT_KERNEL_CS FLAT_RING1_CS
#define FLAT_KERNEL_DS FLAT_RING1_DS
#define FLAT_KERNEL_SS FLAT_RING1_SS
#define FLAT_USER_CS   FLAT_RING3_CS
#define FLAT_USER_DS   FLAT_RING3_DS
#define FLAT_USER_SS   FLAT_RING3_SS

#define FIRST_RESERVED_GDT_PAGE  14
#define FIRST_RESERVED_GDT_BYTE  (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY (FIRST_RESERVED_GDT_BYTE / 8)

/* ---- Virtual layout. Everything from here up is the hypervisor's. Its first 16 MiB are the machine-to-physical table,
 * an array of 32-bit frame numbers indexed by mfn, which guests can read. */
#define HYPERVISOR_VIRT_START   0xF5800000
#define MACH2PHYS_VIRT_START    0xF5800000
#define MACH2PHYS_VIRT_END      0xF6800000
#define MACH2PHYS_NR_ENTRIES    ((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 2)
#define machine_to_phys_mapping ((const volatile uint32_t *)MACH2PHYS_VIRT_START)

/* ---- Virtual interrupts (event_channel_op bind_virq) */
#define VIRQ_TIMER       0 /* per vCPU: a timer of vcpu_op or set_timer_op has expired */
#define VIRQ_DEBUG       1 /* per vCPU: asks the guest to dump its state */
#define VIRQ_CONSOLE     2 /* domain 0: console input waits */
#define VIRQ_DOM_EXC     3 /* domain 0: a domain has shut down, crashed or died */
#define VIRQ_TBUF        4
#define VIRQ_DEBUGGER    6
#define VIRQ_XENOPROF    7
#define VIRQ_CON_RING    8
#define VIRQ_PCPU_STATE  9
#define VIRQ_MEM_EVENT   10
#define VIRQ_XC_RESERVED 11
#define VIRQ_ENOMEM      12
#define VIRQ_ARCH_0      16
#define VIRQ_ARCH_7      23
#define NR_VIRQS         24

/* ---- mmu_update(req, count, done, domain): command in bits 0 and 1 of ptr */
#define MMU_NORMAL_PT_UPDATE      0 /* *ptr = val, checked; ptr: machine address of the entry */
#define MMU_MACHPHYS_UPDATE       1 /* machine_to_phys[ptr >> 12] = val */
#define MMU_PT_UPDATE_PRESERVE_AD 2 /* like 0, but Accessed and Dirty stay as the processor left them, atomically */

/* ---- mmuext_op(ops, count, done, domain): struct mmuext_op.cmd */
#define MMUEXT_PIN_L1_TABLE       0 /* arg1.mfn */
#define MMUEXT_PIN_L2_TABLE       1 /* arg1.mfn */
#define MMUEXT_PIN_L3_TABLE       2 /* arg1.mfn */
#define MMUEXT_PIN_L4_TABLE       3 /* arg1.mfn; not under PAE */
#define MMUEXT_UNPIN_TABLE        4 /* arg1.mfn */
#define MMUEXT_NEW_BASEPTR        5 /* arg1.mfn: the L3 to run on */
#define MMUEXT_TLB_FLUSH_LOCAL    6
#define MMUEXT_INVLPG_LOCAL       7 /* arg1.linear_addr */
#define MMUEXT_TLB_FLUSH_MULTI    8 /* arg2.vcpumask */
#define MMUEXT_INVLPG_MULTI       9 /* arg1.linear_addr, arg2.vcpumask */
#define MMUEXT_TLB_FLUSH_ALL      10
#define MMUEXT_INVLPG_ALL         11 /* arg1.linear_addr */
#define MMUEXT_FLUSH_CACHE        12
#define MMUEXT_SET_LDT            13 /* arg1.linear_addr, page-aligned; arg2.nr_ents: 0 to 8192 */
#define MMUEXT_NEW_USER_BASEPTR   15 /* arg1.mfn; 64-bit guests only */
#define MMUEXT_CLEAR_PAGE         16 /* arg1.mfn */
#define MMUEXT_COPY_PAGE          17 /* arg1.mfn from arg2.src_mfn */
#define MMUEXT_FLUSH_CACHE_GLOBAL 18
#define MMUEXT_MARK_SUPER         19
#define MMUEXT_UNMARK_SUPER       20

/* Bit 31 of either call's count: a continuation, which the hypervisor itself sets. */
#define MMU_UPDATE_PREEMPTED 0x80000000

/* ---- update_va_mapping: flags. With TLB_FLUSH or INVLPG, either LOCAL, ALL, or the address of a vCPU bitmap. */
#define UVMF_NONE           0x0
#define UVMF_TLB_FLUSH      0x1
#define UVMF_INVLPG         0x2
#define UVMF_FLUSHTYPE_MASK 0x3
#define UVMF_MULTI          0x0
#define UVMF_LOCAL          0x0
#define UVMF_ALL            0x4

/* ---- console_io(cmd, count, buffer); counts are bytes */
#define CONSOLEIO_write 0
#define CONSOLEIO_read  1

/* ---- vm_assist(cmd, type) */
#define VMASST_CMD_enable  0
#define VMASST_CMD_disable 1

#define VMASST_TYPE_4gb_segments        0 /* emulate segments that reach the hypervisor */
#define VMASST_TYPE_4gb_segments_notify 1 /* and tell the guest by trap 15 */
#define VMASST_TYPE_writable_pagetables 2 /* emulate stores to page tables, which else fault */
#define VMASST_TYPE_pae_extended_cr3    3 /* L3 tables may lie above 4 GiB */
#define VMASST_TYPE_architectural_iopl  4 /* of later releases: IOPL acts in ring 1 as on the processor */
#define MAX_VMASST_TYPE                 4

/* ---- Domain numbers */
#define DOMID_FIRST_RESERVED 0x7FF0U
#define DOMID_SELF           0x7FF0U
#define DOMID_IO             0x7FF1U /* owns what is not RAM */
#define DOMID_XEN            0x7FF2U /* owns what the hypervisor shows */
#define DOMID_COW            0x7FF3U
#define DOMID_INVALID        0x7FF4U
#define DOMID_IDLE           0x7FFFU

/* ---- start_info.flags */
#define SIF_PRIVILEGED    (1 << 0)
#define SIF_INITDOMAIN    (1 << 1)
#define SIF_MULTIBOOT_MOD (1 << 2) /* mod_start points to a xen_multiboot_mod_list */
#define SIF_MOD_START_PFN (1 << 3) /* mod_start is a frame number, the module is not mapped */
#define SIF_PM_SHIFT      8        /* XEN_PROCESSOR_PM_* (platform.h) */
#define SIF_PM_MASK       (0xFF << SIF_PM_SHIFT)

#define XEN_LEGACY_MAX_VCPUS 32
#define NR_EVENT_CHANNELS    1024 /* 32 words of 32 bits */
#define MAX_GUEST_CMDLINE    1024

/* ---- trap_info.flags: bits 0, 1 the DPL for `int n`; bit 2: mask events on delivery */
#define TI_GET_DPL(ti)      ((ti)->flags & 3)
#define TI_GET_IF(ti)       ((ti)->flags & 4)
#define TI_SET_DPL(ti, dpl) ((ti)->flags |= (dpl))
#define TI_SET_IF(ti, i)    ((ti)->flags |= (!!(i)) << 2)

/* The forced-emulation prefix: ud2, then the letters "xen". Only CPUID must be understood after it. */
#ifdef __ASSEMBLY__
#define XEN_EMULATE_PREFIX .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e;
#define XEN_CPUID          XEN_EMULATE_PREFIX cpuid
#else
#define XEN_EMULATE_PREFIX            ".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; "
#define XEN_CPUID                     XEN_EMULATE_PREFIX "cpuid"

/* A pointer in the guest's address space, which the hypervisor never follows without checking it. */
#define XEN_GUEST_PTR(type)           type *

typedef uint16_t domid_t;
typedef uint32_t xen_pfn_t;
typedef uint32_t xen_ulong_t;
typedef uint8_t xen_domain_handle_t[16];

/* An mmu_update request. ptr's two lowest bits are the command. */
struct mmu_update {
    uint64_t ptr; /* machine address */
    uint64_t val; /* page-table entry, or pfn */
};
typedef struct mmu_update mmu_update_t;
_Static_assert(sizeof(mmu_update_t) == 16, "Xen's ABI");

struct mmuext_op {
    uint32_t cmd; /* MMUEXT_* */
    union {
        xen_pfn_t mfn;
        uint32_t linear_addr;
    } arg1;
    union {
        uint32_t nr_ents;
        XEN_GUEST_PTR(const void) vcpumask; /* little-endian bitmap */
        xen_pfn_t src_mfn;
    } arg2;
};
typedef struct mmuext_op mmuext_op_t;
_Static_assert(sizeof(mmuext_op_t) == 12, "Xen's ABI");

/* multicall(entries, count) */
struct multicall_entry {
    uint32_t op;     /* __HYPERVISOR_* */
    uint32_t result; /* written by the hypervisor */
    uint32_t args[6];
};
typedef struct multicall_entry multicall_entry_t;
_Static_assert(sizeof(multicall_entry_t) == 32, "Xen's ABI");

/* set_trap_table takes an array that an entry with address 0 ends. */
struct trap_info {
    uint8_t vector;
    uint8_t flags; /* TI_* */
    uint16_t cs;
    uint32_t address;
};
typedef struct trap_info trap_info_t;
_Static_assert(sizeof(trap_info_t) == 8, "Xen's ABI");

/* The register frame that HYPERVISOR_iret and the dumps use. */
struct cpu_user_regs {
    uint32_t ebx, ecx, edx, esi, edi, ebp, eax;
    uint16_t error_code;
    uint16_t entry_vector;
    uint32_t eip;
    uint16_t cs;
    uint8_t saved_upcall_mask;
    uint8_t _pad0;
    uint32_t eflags; /* in what a guest sees, IF is ~saved_upcall_mask */
    uint32_t esp;
    uint16_t ss, _pad1;
    uint16_t es, _pad2;
    uint16_t ds, _pad3;
    uint16_t fs, _pad4;
    uint16_t gs, _pad5;
};
typedef struct cpu_user_regs cpu_user_regs_t;
_Static_assert(sizeof(cpu_user_regs_t) == 68, "Xen's ABI");

/* CR3 as vcpu_guest_context has it: a 32-bit frame number, rotated, for tables above 4 GiB. */
#define xen_pfn_to_cr3(pfn)           ((uint32_t)(pfn) << 12 | (uint32_t)(pfn) >> 20)
#define xen_cr3_to_pfn(cr3)           ((uint32_t)(cr3) >> 12 | (uint32_t)(cr3) << 20)

struct arch_vcpu_info {
    uint32_t cr2; /* faulting address of the last page fault */
    uint32_t pad[5];
};
typedef struct arch_vcpu_info arch_vcpu_info_t;

/*
 * System time now = system_time + ((((tsc - tsc_timestamp) << tsc_shift) * tsc_to_system_mul) >> 32). A negative
 * tsc_shift shifts right. Must be read again if version was odd or has changed in the meantime.
 */
struct vcpu_time_info {
    uint32_t version; /* odd: being changed */
    uint32_t pad0;
    uint64_t tsc_timestamp;     /* ticks */
    uint64_t system_time;       /* ns */
    uint32_t tsc_to_system_mul; /* ns per shifted tick, times 2^32 */
    int8_t tsc_shift;
    int8_t pad1[3];
};
typedef struct vcpu_time_info vcpu_time_info_t;

struct vcpu_info {
    uint8_t evtchn_upcall_pending; /* not 0: some event may be pending */
    uint8_t evtchn_upcall_mask;    /* not 0: no upcalls */
    uint32_t evtchn_pending_sel;   /* bit n: word n of evtchn_pending has news */
    struct arch_vcpu_info arch;
    struct vcpu_time_info time;
};
typedef struct vcpu_info vcpu_info_t;
_Static_assert(sizeof(vcpu_info_t) == 64, "Xen's ABI");
_Static_assert(__builtin_offsetof(vcpu_info_t, arch.cr2) == 8, "Xen's ABI");
_Static_assert(__builtin_offsetof(vcpu_info_t, time) == 32, "Xen's ABI");

struct arch_shared_info {
    uint32_t max_pfn; /* guest: highest pfn + 1 of the list that follows */
    xen_pfn_t pfn_to_mfn_frame_list_list;
    uint32_t nmi_reason; /* XEN_NMIREASON_* */
    uint64_t pad[32];
};
typedef struct arch_shared_info arch_shared_info_t;

struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    uint32_t evtchn_pending[32]; /* bit n: port n */
    uint32_t evtchn_mask[32];
    /* Wall clock at system time 0: seconds and nanoseconds since 1970. wc_version as in vcpu_time_info. */
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    struct arch_shared_info arch;
};
typedef struct shared_info shared_info_t;
_Static_assert(__builtin_offsetof(shared_info_t, evtchn_pending) == 2048, "Xen's ABI");
_Static_assert(__builtin_offsetof(shared_info_t, wc_version) == 2304, "Xen's ABI");
_Static_assert(__builtin_offsetof(shared_info_t, arch) == 2316, "Xen's ABI");

/* ESI points to this when a domain starts. Addresses are the guest's virtual ones unless something else is said. */
struct start_info {
    char magic[32];       /* "xen-3.0-x86_32p", 0-terminated */
    uint32_t nr_pages;    /* given to the domain */
    uint32_t shared_info; /* machine address */
    uint32_t flags;       /* SIF_* */
    xen_pfn_t store_mfn;  /* ordinary domains: xenstore's ring and port */
    uint32_t store_evtchn;
    union {
        struct {
            xen_pfn_t mfn; /* console ring: struct xencons_interface */
            uint32_t evtchn;
        } domU;
        struct {
            uint32_t info_off;  /* of a dom0_vga_console_info from start_info, in bytes */
            uint32_t info_size; /* bytes; 0: none */
        } dom0;
    } console;
    uint32_t pt_base; /* the L3 table; the others follow */
    uint32_t nr_pt_frames;
    uint32_t mfn_list;  /* array of nr_pages mfns */
    uint32_t mod_start; /* initial ramdisk; 0: none */
    uint32_t mod_len;   /* bytes */
    int8_t cmd_line[MAX_GUEST_CMDLINE];
    uint32_t first_p2m_pfn; /* where mfn_list lies, when XEN_ELFNOTE_INIT_P2M moved it */
    uint32_t nr_p2m_frames;
};
typedef struct start_info start_info_t;
_Static_assert(__builtin_offsetof(start_info_t, nr_pages) == 32, "Xen's ABI");
_Static_assert(__builtin_offsetof(start_info_t, shared_info) == 36, "Xen's ABI");
_Static_assert(__builtin_offsetof(start_info_t, flags) == 40, "Xen's ABI");
_Static_assert(__builtin_offsetof(start_info_t, console) == 52, "Xen's ABI");
_Static_assert(__builtin_offsetof(start_info_t, pt_base) == 60, "Xen's ABI");
_Static_assert(__builtin_offsetof(start_info_t, nr_pt_frames) == 64, "Xen's ABI");
_Static_assert(__builtin_offsetof(start_info_t, mfn_list) == 68, "Xen's ABI");
_Static_assert(__builtin_offsetof(start_info_t, mod_start) == 72, "Xen's ABI");
_Static_assert(__builtin_offsetof(start_info_t, mod_len) == 76, "Xen's ABI");
_Static_assert(__builtin_offsetof(start_info_t, cmd_line) == 80, "Xen's ABI");

/* With SIF_MULTIBOOT_MOD. Physical addresses. */
struct xen_multiboot_mod_list {
    uint32_t mod_start;
    uint32_t mod_end;
    uint32_t cmdline;
    uint32_t pad;
};

/* Domain 0's display. */
#define XEN_VGATYPE_TEXT_MODE_3       0x03
#define XEN_VGATYPE_VESA_LFB          0x23
#define XEN_VGATYPE_EFI_LFB           0x70
typedef struct dom0_vga_console_info {
    uint8_t video_type; /* XEN_VGATYPE_* */
    union {
        struct {
            uint16_t font_height; /* scan lines */
            uint16_t cursor_x, cursor_y;
            uint16_t rows, columns;
        } text_mode_3;
        struct {
            uint16_t width, height;
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base; /* machine address */
            uint32_t lfb_size; /* 64 KiB */
            uint8_t red_pos, red_size;
            uint8_t green_pos, green_size;
            uint8_t blue_pos, blue_size;
            uint8_t rsvd_pos, rsvd_size;
            uint32_t gbl_caps;
            uint16_t mode_attrs;
        } vesa_lfb;
    } u;
} dom0_vga_console_info_t;

/* callback_op's entry points, and set_callbacks' pairs. */
struct xen_callback {
    uint32_t cs;
    uint32_t eip;
};
typedef struct xen_callback xen_callback_t;

/* A vCPU's whole state: vcpu_op initialise, domctl {get,set}vcpucontext. */
#define VGCF_I387_VALID               (1 << 0)
#define VGCF_IN_KERNEL                (1 << 2)
#define VGCF_i387_valid               (1 << 0)
#define VGCF_in_kernel                (1 << 2)
#define VGCF_failsafe_disables_events (1 << 3)
#define VGCF_syscall_disables_events  (1 << 4)
#define VGCF_online                   (1 << 5)
struct vcpu_guest_context {
    struct {
        char x[512];
    } fpu_ctxt;     /* FXSAVE image */
    uint32_t flags; /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];
    uint32_t ldt_base, ldt_ents;       /* virtual address, entries */
    uint32_t gdt_frames[16], gdt_ents; /* mfns, entries */
    uint32_t kernel_ss, kernel_sp;     /* as stack_switch */
    uint32_t ctrlreg[8];               /* CR0 to CR7; [3] through xen_pfn_to_cr3 */
    uint32_t debugreg[8];
    uint32_t event_callback_cs, event_callback_eip;
    uint32_t failsafe_callback_cs, failsafe_callback_eip;
    uint32_t vm_assist; /* bit n: VMASST_TYPE n */
};
typedef struct vcpu_guest_context vcpu_guest_context_t;
_Static_assert(sizeof(vcpu_guest_context_t) == 2800, "Xen's ABI");

/* A set of physical CPUs in sysctl and domctl: little-endian bitmap. */
struct xenctl_cpumap {
    union {
        XEN_GUEST_PTR(uint8_t) bitmap;
        uint64_t bitmap_pad __attribute__((aligned(8)));
    };
    uint32_t nr_cpus; /* bits */
};

#endif /* !__ASSEMBLY__ */
#endif
