/* SPDX-License-Identifier: MIT */
/*
 * What ring 1 and ring 3 may not do themselves. Xen does it for them, or hands it back as #GP: privileged instructions,
 * CPUID behind the forced-emulation prefix, ports. Stores to page tables are carried out as if they had been
 * mmu_updates. The table's contents prove that a store was done; the fault and the old contents prove that it was
 * refused.
 */
#include "test.h"

#include <public/physdev.h>

extern const char user_cpuid[], user_in[], user_cli[], user_read_cr0[];

TEST(emulation_cpuid_hypervisor)
{
    uint32_t r[4], i, base = 0;

    /* "XenVMMXenVMM" is found at one of these. */
    for (i = 0x40000000; i < 0x40010000 && !base; i += 0x100) {
        xen_cpuid(i, 0, r);
        if (r[1] == 0x566e6558 && r[2] == 0x65584d4d && r[3] == 0x4d4d566e)
            base = i;
    }
    if (!CHECK(base))
        return;
    CHECK_EQ(base, 0x40000000);
    xen_cpuid(base, 0, r);
    CHECK(r[0] >= base + 2);
    xen_cpuid(base + 1, 0, r);
    CHECK_EQ(r[0], (uint32_t)HYPERVISOR_xen_version(XENVER_version, NULL));
}

TEST(emulation_cpuid_features)
{
    uint32_t real[4], seen[4];

    cpuid(0, 0, real);
    xen_cpuid(0, 0, seen);
    CHECK_EQ(seen[1], real[1]); /* the vendor is the machine's */
    CHECK_EQ(seen[3], real[3]);
    xen_cpuid(1, 0, seen);
    CHECK(seen[3] & 1u << 6);     /* PAE */
    CHECK(!(seen[3] & 1u << 3));  /* no large pages, */
    CHECK(!(seen[3] & 1u << 13)); /* nor global ones, */
    CHECK(!(seen[3] & 1u << 1));  /* nor virtual-8086 mode */
    CHECK(!(seen[3] & 1u << 11)); /* nor sysenter, as far as a ring-1 kernel goes */
}

/* Domain 0 sees the processor's local APIC (which the hypervisor keeps to itself), with its id: without it a kernel
 * looks for neither its processors nor its devices' interrupts. Nobody else on Int82 does; on Xen that is the tools'
 * choice. If the hypervisor was told not to use it, it is nobody's. */
TEST(emulation_cpuid_apic)
{
    uint32_t real[4], seen[4];

    cpuid(1, 0, real);
    xen_cpuid(1, 0, seen);
    CHECK_EQ(seen[1] >> 24, real[1] >> 24);
    if (start_info->flags & SIF_PRIVILEGED && !hypervisor_has_option("nolapic")) {
        CHECK_EQ(seen[3] & 1u << 9, real[3] & 1u << 9);
        CHECK_EQ(seen[2] & 1u << 21, real[2] & 1u << 21);
    } else if (is_int82()) {
        CHECK(!(seen[3] & 1u << 9));
        CHECK(!(seen[2] & 1u << 21));
    }
}

/* The registers after the prefixed CPUID, and EIP: the next instruction runs. */
TEST(emulation_cpuid_from_ring_3)
{
    struct caught_trap caught;
    uint32_t own[4];

    if (!user_setup())
        return;
    xen_cpuid(0x40000000, 0, own);
    user_run(user_cpuid, 0x40000000, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    CHECK_EQ(caught.registers.eax, own[0]);
    CHECK_EQ(caught.registers.ebx, own[1]);
    user_teardown();
}

#define RUNNING(name, insn, ...)                                                        \
    static void name(void *arg)                                                         \
    {                                                                                   \
        uint32_t *r = arg;                                                              \
        __asm__ volatile(insn : "=a"(*r) : __VA_ARGS__ : "memory", "cc", "ecx", "edx"); \
    }

RUNNING(prefixed_mov, XEN_EMULATE_PREFIX "mov %%eax, %%eax", "0"(0))
RUNNING(prefixed_nop, XEN_EMULATE_PREFIX "nop", "0"(0))
RUNNING(almost_prefixed, "ud2; .ascii \"xem\"; cpuid", "0"(0))
RUNNING(read_cr0, "mov %%cr0, %%eax", "0"(0))
RUNNING(read_cr2, "mov %%cr2, %%eax", "0"(0))
RUNNING(read_cr3, "mov %%cr3, %%eax", "0"(0))
RUNNING(read_cr4, "mov %%cr4, %%eax", "0"(0))
RUNNING(write_cr0_same, "mov %%cr0, %%eax; mov %%eax, %%cr0", "0"(0))
RUNNING(write_cr0_no_paging, "mov %%cr0, %%eax; btr $31, %%eax; mov %%eax, %%cr0", "0"(0))
RUNNING(write_cr4_same, "mov %%cr4, %%eax; mov %%eax, %%cr4", "0"(0))
RUNNING(do_clts, "clts", "0"(0))
RUNNING(do_hlt, "hlt", "0"(0))
RUNNING(do_cli, "cli", "0"(0))
RUNNING(do_sti, "sti", "0"(0))
RUNNING(do_in80, "in $0x80, %%al", "0"(0))
RUNNING(do_out80, "out %%al, $0x80", "0"(0))
RUNNING(do_in_pit, "in $0x42, %%al", "0"(0))
RUNNING(do_rdmsr_efer, "mov $0xc0000080, %%ecx; rdmsr", "0"(0))
RUNNING(do_rdmsr_nobody, "mov $0x12345678, %%ecx; rdmsr", "0"(0))
RUNNING(do_wrmsr_nobody, "mov $0x12345678, %%ecx; xor %%edx, %%edx; wrmsr", "0"(0))
RUNNING(do_invlpg, "invlpg 0xe0000000", "0"(0))
RUNNING(do_lgdt, "push $0; push $0; lgdt (%%esp); add $8, %%esp", "0"(0))
RUNNING(do_lidt, "push $0; push $0; lidt (%%esp); add $8, %%esp", "0"(0))
RUNNING(do_lldt, "lldt %%ax", "0"(0))
RUNNING(do_ltr, "ltr %%ax", "0"(0xe038))
RUNNING(do_wbinvd, "wbinvd", "0"(0))
RUNNING(read_dr0, "mov %%dr0, %%eax", "0"(0))
RUNNING(read_dr7, "mov %%dr7, %%eax", "0"(0))
RUNNING(write_dr0, "mov %%eax, %%dr0", "0"(0))
RUNNING(do_lmsw, "smsw %%ax; lmsw %%ax", "0"(0))

static void check_runs(int line, const char *what, void (*fn)(void *), uint32_t *value)
{
    struct caught_trap caught;

    if (trap_catch(&caught, fn, value))
        fail(line, "%s: trap %u, error 0x%x", what, caught.vector, caught.error);
}
#define CHECK_RUNS(fn, value) check_runs(__LINE__, #fn, fn, value)

static void check_faults(int line, const char *what, void (*fn)(void *), uint32_t vector, uint32_t error)
{
    struct caught_trap caught;
    uint32_t value;

    if (!trap_catch(&caught, fn, &value))
        fail(line, "%s: ran, expected trap %u", what, vector);
    else if (caught.vector != vector || caught.error != error)
        fail(line, "%s: expected trap %u error 0x%x, saw trap %u error 0x%x", what, vector, error, caught.vector,
             caught.error);
}
#define CHECK_GP(fn) check_faults(__LINE__, #fn, fn, TRAP_GP, 0)

TEST(emulation_prefix_others)
{
    check_faults(__LINE__, "prefixed mov", prefixed_mov, TRAP_INVALID_OP, 0);
    check_faults(__LINE__, "prefixed nop", prefixed_nop, TRAP_INVALID_OP, 0);
    check_faults(__LINE__, "not quite the prefix", almost_prefixed, TRAP_INVALID_OP, 0);
}

TEST(emulation_control_registers)
{
    uint32_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0;

    CHECK_RUNS(read_cr0, &cr0);
    CHECK_EQ(cr0 & 0x80000001, 0x80000001);
    CHECK_EQ(cr0 & 8, 0); /* TS as the guest set it */
    probe_read(UNMAPPED, NULL, NULL);
    CHECK_RUNS(read_cr2, &cr2);
    CHECK_EQ(cr2, (uint32_t)UNMAPPED);
    CHECK_RUNS(read_cr3, &cr3);
    CHECK_EQ(xen_cr3_to_pfn(cr3), virt_to_mfn(mm_base()));
    CHECK_RUNS(read_cr4, &cr4);
    CHECK(cr4 & 1u << 5); /* PAE */
    CHECK_RUNS(write_cr0_same, &cr0);
    CHECK_RUNS(write_cr4_same, &cr4);
    CHECK_GP(write_cr0_no_paging);
}

TEST(emulation_task_switched)
{
    uint32_t cr0 = 0;

    CHECK_RC(HYPERVISOR_fpu_taskswitch(1), 0);
    CHECK_RUNS(read_cr0, &cr0);
    CHECK_EQ(cr0 & 8, 8);
    CHECK_RUNS(do_clts, &cr0);
    CHECK_RUNS(read_cr0, &cr0);
    CHECK_EQ(cr0 & 8, 0);
}

TEST(emulation_refused)
{
    CHECK_GP(do_lgdt);
    CHECK_GP(do_lidt);
    CHECK_GP(do_lldt);
    CHECK_GP(do_ltr);
}

/* Xen 4.2.5 hands HLT back as #GP; later releases, and Int82, block. An event is pending here, so the block ends at
 * once. */
TEST(emulation_halt)
{
    int port = event_bind_ipi(0);
    uint32_t before = upcall_count(), value;
    struct caught_trap caught;

    event_unmask(port);
    event_send(port);
    if (trap_catch(&caught, do_hlt, &value)) {
        CHECK_EQ(caught.vector, TRAP_GP);
        CHECK(!is_int82());
    } else
        CHECK_EQ(upcall_count(), before + 1);
    events_disable();
    events_clear_all();
    CHECK_RC(event_close(port), 0);
}

/* Xen 4.2.5 hands these back as #GP; later releases, and Int82, carry them out. */
TEST(emulation_newer_ones)
{
    static void (*const fn[])(void *) = {do_invlpg, do_lmsw};
    struct caught_trap caught;
    uint32_t value;

    for (unsigned int i = 0; i < ARRAY_SIZE(fn); i++)
        if (trap_catch(&caught, fn[i], &value))
            CHECK_EQ(caught.vector, TRAP_GP);
}

TEST(emulation_carried_out)
{
    uint32_t value = 0;

    CHECK_RUNS(do_wbinvd, &value);
    CHECK_RUNS(do_rdmsr_efer, &value);
}

/* Ports: domain 0's kernel has them when its I/O privilege level is 1. */
TEST(emulation_ports)
{
    struct physdev_set_iopl iopl = {1};
    uint32_t value = 0;

    CHECK_GP(do_in80);
    CHECK_GP(do_out80);
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    CHECK_RUNS(do_in80, &value);
    CHECK_RUNS(do_out80, &value);
    CHECK_RUNS(do_in_pit, &value);
    iopl.iopl = 0;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    CHECK_GP(do_in80);
}

TEST(emulation_unknown_msr)
{
    struct caught_trap caught;
    uint32_t value = 0;

    /* What a port without a device does depends on the machine (TCG reads 0). Newer releases of Xen refuse it, 4.2.5
     * ignores a write and prints a message. */
    if (trap_catch(&caught, do_rdmsr_nobody, &value))
        CHECK_EQ(caught.vector, TRAP_GP);
    if (trap_catch(&caught, do_wrmsr_nobody, &value))
        CHECK_EQ(caught.vector, TRAP_GP);
}

TEST(emulation_debug_registers)
{
    uint32_t value = 0;

    CHECK_RC(HYPERVISOR_set_debugreg(0, 0x1234), 0);
    CHECK_RUNS(read_dr0, &value);
    CHECK_EQ(value, 0x1234);
    CHECK_RUNS(write_dr0, &value);
    CHECK_EQ(HYPERVISOR_get_debugreg(0), 0);
    CHECK_RUNS(read_dr7, &value);
}

/* CLI and STI are privileged with IOPL 0, and Xen does not change the guest's interrupt flag for them. */
TEST(emulation_interrupt_flag)
{
    uint32_t value = 0;

    events_disable();
    check_faults(__LINE__, "sti", do_sti, TRAP_GP, 0);
    CHECK_EQ(vcpu0_info.evtchn_upcall_mask, 1);
    events_enable();
    check_faults(__LINE__, "cli", do_cli, TRAP_GP, 0);
    CHECK_EQ(vcpu0_info.evtchn_upcall_mask, 0);
    events_disable();
    (void)value;
}

TEST(emulation_iopl)
{
    struct physdev_set_iopl iopl = {1};
    struct caught_trap caught;
    void *p;

    if (!user_setup())
        return;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    user_run(user_in, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_GP); /* level 1 is the kernel's */
    iopl.iopl = 3;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    user_run(user_in, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    iopl.iopl = 4;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), -EINVAL);
    iopl.iopl = 0xffffffff;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), -EINVAL);
    for
        EACH_BAD_POINTER(p, sizeof(iopl))
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, p), -EFAULT);
    iopl.iopl = 0;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    user_run(user_in, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_GP);
    user_teardown();
}

TEST(emulation_io_bitmap)
{
    static uint8_t bits[8192];
    struct physdev_set_iobitmap set = {bits, 65536};
    struct caught_trap caught;

    if (!user_setup())
        return;
    memset(bits, 0xff, sizeof(bits));
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, &set), 0);
    user_run(user_in, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_GP);
    bits[0x80 / 8] &= ~1;
    user_run(user_in, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    set.nr_ports = 65537;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, &set), -EINVAL);
    set = (struct physdev_set_iobitmap){NULL, 0};
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, &set), 0);
    user_run(user_in, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_GP);
    user_teardown();
}

/* ---- Writable page tables */
static pte_t *table;
static void *page;

static bool begin(void)
{
    HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    table = new_l1_at(FREE_TABLE_VA);
    page = table ? alloc_page() : NULL;
    return table;
}

static void end(void)
{
    drop_l1_at(FREE_TABLE_VA, table);
    free_page(page);
}

struct store {
    volatile void *to;
    uint32_t low, high;
};

#define STORE(name, insn)                                                                                  \
    static void name(void *arg)                                                                            \
    {                                                                                                      \
        struct store *s = arg;                                                                             \
        uint32_t ebx = s->low, ecx = s->high, eax = *(volatile uint32_t *)s->to,                           \
                 edx = ((volatile uint32_t *)s->to)[1];                                                    \
        __asm__ volatile(insn : "+a"(eax), "+d"(edx), "+b"(ebx), "+c"(ecx) : "D"(s->to) : "memory", "cc"); \
    }

STORE(store_low, "mov %%ebx, (%%edi)")
STORE(store_high, "mov %%ecx, 4(%%edi)")
STORE(store_zero, "movl $0, (%%edi)")
STORE(store_cmpxchg8b, "lock cmpxchg8b (%%edi)")
STORE(store_cmpxchg8b_plain, "cmpxchg8b (%%edi)")
STORE(store_and_byte, "lock andb $0xfd, (%%edi)")
STORE(store_or_byte, "orb $0x20, (%%edi)")
STORE(store_btr, "lock btrl $6, (%%edi)")
STORE(store_xchg, "xchg %%ebx, (%%edi)")
STORE(store_cmpxchg, "lock cmpxchg %%ebx, (%%edi)")

/* The entry in the linear map, through which the stores go. */
static void check_store(int line, const char *what, void (*fn)(void *), pte_t start, pte_t value, pte_t expected)
{
    struct store s = {&table[0], (uint32_t)value, (uint32_t)(value >> 32)};
    struct caught_trap caught;

    check_rc("mmu_update", line, mmu_set_entry(&table[0], start), 0);
    if (trap_catch(&caught, fn, &s))
        fail(line, "%s: trap %u, error 0x%x", what, caught.vector, caught.error);
    else if (*(volatile pte_t *)&table[0] != expected)
        fail(line, "%s: expected 0x%llx, saw 0x%llx", what, expected, table[0]);
}
#define CHECK_STORE(fn, start, value, expected) check_store(__LINE__, #fn, fn, start, value, expected)

TEST(emulation_table_stores)
{
    pte_t ro, rw;

    if (!begin())
        return;
    ro = make_pte(virt_to_mfn(page), PTE_P | PTE_A | PTE_D);
    rw = ro | PTE_RW;
    CHECK_STORE(store_low, 0, rw, rw);
    CHECK_STORE(store_low, rw, ro, ro);
    CHECK_STORE(store_zero, rw, 0, 0);
    CHECK_STORE(store_cmpxchg8b, 0, rw, rw);
    CHECK_STORE(store_cmpxchg8b, rw, 0, 0);
    CHECK_STORE(store_cmpxchg8b_plain, ro, rw, rw);
    CHECK_STORE(store_and_byte, rw, 0, ro);
    CHECK_STORE(store_or_byte, ro & ~PTE_A, 0, ro);
    CHECK_STORE(store_btr, rw, 0, rw & ~PTE_D);
    CHECK_STORE(store_xchg, rw, ro, ro);
    CHECK_STORE(store_cmpxchg, rw, ro, ro);
    CHECK_STORE(store_high, 0, 0, 0);
    CHECK_RC(mmu_set_entry(&table[0], 0), 0);
    end();
}

/* A store of the high half of an entry that is not present, then of the low half: this is how Linux sets an entry. */
TEST(emulation_table_high_half)
{
    pte_t value;

    if (!begin())
        return;
    value = make_pte(virt_to_mfn(page), PTE_KERNEL_RW) | PTE_NX;
    if (mmu_set_entry(&table[0], value)) { /* this machine has no NX */
        end();
        SKIP("the processor has no NX");
    }
    CHECK_STORE(store_high, 0, value, value & ~0xffffffffull);
    CHECK_STORE(store_low, value & ~0xffffffffull, value, value);
    CHECK_RC(mmu_set_entry(&table[0], 0), 0);
    end();
}

/* The store takes a reference like any other way of mapping. */
TEST(emulation_table_store_counts)
{
    struct store s;

    if (!begin())
        return;
    s = (struct store){&table[5], (uint32_t)make_pte(virt_to_mfn(page), PTE_KERNEL_RW), 0};
    CHECK_RC(page_make_readonly(page), 0);
    store_low(&s);
    *(volatile uint32_t *)(FREE_TABLE_VA + 5 * PAGE_SIZE) = 0x31;
    CHECK_EQ(*(uint32_t *)page, 0x31);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0), -EINVAL);
    s.low = 0;
    store_low(&s);
    memset((void *)EDGE_PAGE, 0, 64);
    CHECK_RC(mmuext(MMUEXT_CLEAR_PAGE, virt_to_mfn(page), 0), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(page_make_writable(page), 0);
    end();
}

static void check_refused_store(int line, pte_t value)
{
    struct store s = {&table[0], (uint32_t)value, (uint32_t)(value >> 32)};
    struct caught_trap caught;

    if (!trap_catch(&caught, store_low, &s))
        fail(line, "a store of 0x%llx was carried out: 0x%llx", value, table[0]);
    else {
        check_eq("vector", line, caught.vector, TRAP_PAGE_FAULT);
        check_eq("error code", line, caught.error, PF_PRESENT | PF_WRITE);
        check_eq("cr2", line, caught.cr2, (uint32_t)&table[0]);
    }
    check_eq("the entry", line, table[0], 0);
}

TEST(emulation_table_stores_refused)
{
    if (!begin())
        return;
    check_refused_store(__LINE__, make_pte(virt_to_mfn(table), PTE_KERNEL_RW));
    check_refused_store(__LINE__, make_pte(virt_to_mfn(mm_base()), PTE_KERNEL_RW));
    check_refused_store(__LINE__, make_pte(foreign_frame(), PTE_KERNEL_RO));
    check_refused_store(__LINE__, make_pte(virt_to_mfn(page), PTE_KERNEL_RW | PTE_G));
    end();
}

/* Stores to tables above L1 are not emulated: the guest gets the fault. */
TEST(emulation_upper_table_stores)
{
    struct store s = {mm_l2_entry((void *)FREE_TABLE_VA), 0, 0};
    struct caught_trap caught;

    EXPECT_TRAP(&caught, store_low, &s, TRAP_PAGE_FAULT);
    CHECK_EQ(caught.error, PF_PRESENT | PF_WRITE);
    s.to = mm_base();
    EXPECT_TRAP(&caught, store_low, &s, TRAP_PAGE_FAULT);
    CHECK_EQ(caught.error, PF_PRESENT | PF_WRITE);
}
