/* SPDX-License-Identifier: MIT */
/* The processor's own structures and instructions. Source: Intel SDM volume 3. */
#ifndef ASM_PROCESSOR_H
#define ASM_PROCESSOR_H

#define X86_EFLAGS_CF   0x00000001
#define X86_EFLAGS_TF   0x00000100
#define X86_EFLAGS_IF   0x00000200
#define X86_EFLAGS_IOPL 0x00003000
#define X86_EFLAGS_NT   0x00004000
#define X86_EFLAGS_RF   0x00010000
#define X86_EFLAGS_VM   0x00020000
#define X86_EFLAGS_AC   0x00040000

#define X86_CR0_MP  0x00000002
#define X86_CR0_TS  0x00000008
#define X86_CR4_TSD 0x00000004
#define X86_CR4_DE  0x00000008

#define TRAP_divide_error    0
#define TRAP_debug           1
#define TRAP_nmi             2
#define TRAP_int3            3
#define TRAP_overflow        4
#define TRAP_bounds          5
#define TRAP_invalid_op      6
#define TRAP_no_device       7
#define TRAP_double_fault    8
#define TRAP_copro_seg       9
#define TRAP_invalid_tss     10
#define TRAP_no_segment      11
#define TRAP_stack_error     12
#define TRAP_gp_fault        13
#define TRAP_page_fault      14
#define TRAP_spurious_int    15
#define TRAP_copro_error     16
#define TRAP_alignment_check 17
#define TRAP_machine_check   18
#define TRAP_simd_error      19

#define PFEC_present  1
#define PFEC_write    2
#define PFEC_user     4
#define PFEC_reserved 8
#define PFEC_insn     16

#define ERROR_IDT 2 /* of an error code: it names a gate (SDM 3, 6.13) */

#define SYSCALL_VECTOR 0x80 /* the hypercalls' is HYPERCALL_VECTOR (public/xen.h) */

/* The second word of a segment descriptor (SDM 3, 3.4.5). */
#define DESC_DATA_WRITE  0x00000200
#define DESC_CODE_READ   0x00000200
#define DESC_EXPAND_DOWN 0x00000400 /* of data */
#define DESC_CODE        0x00000800
#define DESC_TYPE        0x00000F00
#define DESC_S           0x00001000
#define DESC_DPL         0x00006000
#define DESC_DPL1        0x00002000
#define DESC_P           0x00008000
#define DESC_32BIT       0x00400000
#define DESC_G           0x00800000
#define DESC_AR          0x00F0FF00 /* what is neither base nor limit */
#define DESC_CALL_GATE   0x00000C00 /* as DESC_TYPE, without DESC_S */

#ifndef __ASSEMBLY__
#include <stdbool.h>
#include <stdint.h>

/* 32-bit task-state segment, SDM 3, 8.2.1. ESP1 and SS1 are the running vCPU's kernel stack: the processor itself goes
 * there for a direct trap from ring 3 (int $0x80), and stack_switch writes nowhere else. */
struct tss {
    uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trace, iomap_base;
};
_Static_assert(sizeof(struct tss) == 104, "the processor's format");
extern struct tss tss, double_fault_tss;

struct descriptor {
    uint32_t a, b;
};

struct table_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

/* read_cr0() and so on. */
#define DEFINE_READ_CR(n)                                 \
    static inline uint32_t read_cr##n(void)               \
    {                                                     \
        uint32_t v;                                       \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)); \
        return v;                                         \
    }
#define DEFINE_WRITE_CR(n)                                       \
    static inline void write_cr##n(uint32_t v)                   \
    {                                                            \
        __asm__ volatile("mov %0, %%cr" #n ::"r"(v) : "memory"); \
    }
DEFINE_READ_CR(0)
DEFINE_READ_CR(2)
DEFINE_READ_CR(3)
DEFINE_READ_CR(4)
DEFINE_WRITE_CR(0)
DEFINE_WRITE_CR(3)
DEFINE_WRITE_CR(4)

struct cpuid_leaf {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_leaf read_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_leaf l;

    __asm__ volatile("cpuid" : "=a"(l.eax), "=b"(l.ebx), "=c"(l.ecx), "=d"(l.edx) : "0"(leaf), "2"(subleaf));
    return l;
}

#define CPUID_1_EDX_PSE36 (1u << 17)

/* How many bits a machine address has. A processor that does not say has 36 if it knows PSE-36 (Intel's manual, 3A,
 * 4.1.4; processors with FXSAVE do), and an emulator's without that has 32. */
static inline uint32_t physical_bits(void)
{
    if (read_cpuid(0x80000000, 0).eax >= 0x80000008)
        return read_cpuid(0x80000008, 0).eax & 0xFF;
    return read_cpuid(1, 0).edx & CPUID_1_EDX_PSE36 ? 36 : 32;
}

static inline void invlpg(uint32_t va)
{
    __asm__ volatile("invlpg %0" ::"m"(*(const char *)va) : "memory");
}

/* Interrupts are off except in code that waits; panic() makes sure. */
static inline void disable_interrupts(void)
{
    __asm__ volatile("cli");
}

#ifndef UNIT_TEST
/* Lets pending interrupts in. `sti` takes effect only after one more instruction. */
static inline void interrupt_window(void)
{
    __asm__ volatile("sti; nop; cli" ::: "memory");
}

/* For the same reason no interrupt can come between `sti` and `hlt` and be missed. */
static inline void wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt; cli" ::: "memory");
}
#else
void interrupt_window(void);
void wait_for_interrupt(void);
#endif

static inline void clts(void)
{
    __asm__ volatile("clts" ::: "memory");
}

/* The guest's data segments stay loaded while the hypervisor runs. */
#define read_segment(reg)                                    \
    ({                                                       \
        uint32_t sel_;                                       \
        __asm__ volatile("mov %%" #reg ", %0" : "=r"(sel_)); \
        sel_ & 0xFFFFu;                                      \
    })

/* The same, into 16 bits of memory. */
#define store_segment(reg, place) __asm__ volatile("mov %%" #reg ", %0" : "=m"(place))

/* 0; -1: the selector cannot be loaded, and the null selector has been loaded. */
#define load_segment(reg, sel)                                                                                   \
    ({                                                                                                           \
        int err_ = 0;                                                                                            \
        __asm__ volatile("1: mov %1, %%" #reg "\n2:\n"                                                           \
                         ".section .fixup,\"ax\"\n3: mov $-1, %0\n   mov %2, %%" #reg "\n   jmp 2b\n.previous\n" \
                         ".section .extable,\"a\"\n   .long 1b, 3b\n.previous"                                   \
                         : "+&r"(err_)                                                                           \
                         : "r"((uint32_t)(sel)), "r"(0));                                                        \
        err_;                                                                                                    \
    })

#endif
#endif
