/* SPDX-License-Identifier: MIT */
/* What x86 keeps of a vCPU and of a domain; xen/sched.h has the rest. */
#ifndef ASM_DOMAIN_H
#define ASM_DOMAIN_H

#include <asm/page.h>
#include <asm/ports.h>
#include <asm/processor.h>
#include <public/xen.h>
#include <xen/lib.h>
#include <xen/rangeset.h>

/* A guest's handler for a vector: the public trap_info without the vector. */
struct guest_trap {
    uint32_t address;
    uint16_t cs;    /* 0: no handler */
    uint16_t flags; /* TI_GET_DPL(), TI_GET_IF() */
};

struct guest_entry { /* event, failsafe, syscall callbacks; the NMI's is traps[TRAP_nmi] */
    uint32_t eip;
    uint16_t cs;    /* 0: none */
    uint16_t flags; /* CALLBACKF_* */
};

#define ON_IRET_IOPL 1 /* vm_assist architectural_iopl: IOPL comes from the frame */
#define ON_IRET_NMI  2 /* an NMI has been delivered: the next one waits for this iret */

struct arch_vcpu {
    /* What CR3 points to: a clean copy of the guest's L3. At offset 0 the look-up of a table is shortest. */
    pte_t l3[L3_ENTRIES] __aligned(32);
    mfn_t guest_l3;             /* the guest's L3 table, typed and referenced; INVALID_MFN: none yet */
    uint32_t area;              /* virtual address of the vCPU's area (asm/layout.h) */
    struct table_register gdtr; /* of its window on the GDT, there */

    /* Traps */
    struct guest_trap traps[256];
    struct descriptor int80_gate; /* what the IDT holds while it runs, made from traps[SYSCALL_VECTOR] */
    struct guest_entry event_callback, failsafe_callback, sysenter_callback, syscall32_callback;
    /* Selectors last found flat in the guest's tables: of 32-bit code, and of a writable segment for the stack. Both
     * descriptors have DPL 1, so a change of another one (as for threads) leaves them alone. */
    uint32_t flat_cs, flat_ss;

    /* Descriptor tables */
    uint32_t gdt_entries; /* of the guest's part */
    mfn_t gdt_frames[14];
    uint32_t ldt_base, ldt_entries;
    uint32_t ldt_mapped; /* bit n: page n of the LDT window holds a typed reference */

    /* Registers that outlive a switch */
    uint32_t kernel_sp, kernel_ss; /* in the TSS while the vCPU runs: see context_switch() */
    uint32_t switch_esp;           /* saved stack pointer while it does not run */
    union {                        /* while it does not run */
        struct {
            uint16_t ds, es, fs, gs;
        };
        uint32_t segments[2]; /* the same, two in a word */
    };
    uint32_t debugreg[9];     /* [4], [5]: alias_debug_registers(); [8]: -EINVAL, the answer for all other numbers */
    uint32_t iopl;            /* 0..3, as physdev_op set it */
    const void *io_bitmap;    /* guest's address: a 0 bit allows its port (physdev_op set_iobitmap) */
    uint32_t io_bitmap_ports; /* how many ports it covers; 0: there is none */
    uint32_t guest_cr0_ts;    /* 1: the guest has set TS (fpu_taskswitch) */
    uint32_t guest_cr4;       /* what the guest believes CR4 holds */
    uint8_t on_iret;          /* ON_IRET_*: what else the iret hypercall has to do */
    uint8_t late_segments;    /* those of ds to gs that have not been loaded yet: load_late_segment() */
    bool fpu_initialised;
    uint8_t fpu_area[512] __aligned(16); /* FXSAVE image while another vCPU owns the FPU */
};

struct arch_domain {
    bool maps_io;             /* an L1 table of its has held a mapping of I/O space: l1_refs.S */
    struct domain_irqs *irqs; /* physical interrupts: asm/pirq.h. NULL: it has never had one */
    mfn_t pirq_eoi_frame;     /* physdev_op pirq_eoi_gmfn; INVALID_MFN: none */
    bool eoi_unmasks;         /* physdev_op eoi unmasks the event channel, too */
    struct port_state ports;
    struct rangeset ports_permitted, frames_permitted; /* asm/device_access.h; frames: of those that are not RAM */
};

#endif
