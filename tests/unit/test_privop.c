/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions (xen/arch/x86/emulate/privop.c, ports.c, cpuid.c and what they use), on the host.
 *
 * Each test gives a frame and the bytes of an instruction, and checks the frame and what the hypervisor was asked to
 * do. Instructions whose emulation would really execute a privileged one are tested in the conformance guest. As in
 * test_ptwr.c, the hypervisor's code runs unchanged in a 32-bit program, and the functions that it calls are replaced
 * here.
 */
#include "privop_world.h"
#include "unit.h"

#include <asm/apic.h>

static void test_control_registers(void)
{
    start(RING1_CS);
    vcpu.arch.guest_l3 = 0x123456;
    vcpu_info.arch.cr2 = 0xABCD0123;
    CHECK(DOES("\x0f\x20\xc1") && regs.ecx == 0x80050033, "CR0 %x", regs.ecx);
    vcpu.arch.guest_cr0_ts = 1;
    regs.eip = CODE;
    CHECK(DOES("\x0f\x20\xc7") && regs.edi == 0x8005003B, "CR0 with TS %x", regs.edi);
    regs.eip = CODE;
    CHECK(DOES("\x0f\x20\xd4") && regs.esp == 0xABCD0123, "CR2 %x", regs.esp);
    regs.eip = CODE;
    CHECK(DOES("\x0f\x20\xd8") && regs.eax == 0x23456001, "CR3 %x", regs.eax);
    regs.eip = CODE;
    CHECK(DOES("\x0f\x20\xe3") && regs.ebx == 0x620, "CR4 %x", regs.ebx);
    regs.eip = CODE;
    CHECK(!EXECUTE("\x0f\x20\xc8") && !EXECUTE("\x0f\x22\xc8") && !EXECUTE("\x0f\x20\xe8"), "CR1, CR5");
    CHECK(!EXECUTE("\xf0\x0f\x20\xc0"), "CR8 by LOCK");

    start(RING3_CS);
    CHECK(!EXECUTE("\x0f\x20\xc0") && !EXECUTE("\x0f\x06") && !EXECUTE("\xf4") && !EXECUTE("\x0f\x30"), "user mode");
    CHECK(regs.eip == CODE && !asked.bounced, "nothing changed");

    start(RING1_CS);
    regs.eax = 0x8005003B;
    CHECK(DOES("\x0f\x22\xc0") && asked.taskswitch == 1, "sets TS");
    regs.eip = CODE;
    regs.eax = 0x80050033;
    CHECK(DOES("\x0f\x22\xc0") && asked.taskswitch == 0, "clears TS");
    regs.eip = CODE;
    asked.taskswitch = -1;
    regs.eax = 0x80050032;
    CHECK(!EXECUTE("\x0f\x22\xc0") && asked.taskswitch == -1 && regs.eip == CODE, "leaving protected mode");
    CHECK(DOES("\x0f\x06") && asked.taskswitch == 0, "CLTS");
    regs.eip = CODE;
    regs.eax = 0xFFFFFFFB; /* only the lowest four bits count */
    CHECK(DOES("\x0f\x01\xf0") && asked.taskswitch == 1, "LMSW sets TS");
    regs.eip = CODE;
    regs.eax = 2;
    CHECK(DOES("\x0f\x01\xf0") && asked.taskswitch == 0, "LMSW cannot clear PE");
    regs.eip = CODE;
    regs.eax = 4;
    CHECK(!EXECUTE("\x0f\x01\xf0"), "LMSW of EM");
    *(uint16_t *)DATA = 0xB;
    regs.edx = DATA;
    CHECK(DOES("\x36\x0f\x01\x32") && asked.taskswitch == 1, "LMSW from memory");

    start(RING1_CS);
    regs.esi = 0x23456001;
    CHECK(DOES("\x0f\x22\xde") && asked.base_pointer == 0x123456, "CR3 %x", asked.base_pointer);
    regs.eip = CODE;
    asked.base_pointer_result = -EINVAL;
    CHECK(!EXECUTE("\x0f\x22\xde") && regs.eip == CODE, "a bad CR3");
    regs.ecx = 0x55;
    CHECK(DOES("\x0f\x22\xd1") && vcpu_info.arch.cr2 == 0x55, "CR2");
    regs.eip = CODE;
    regs.eax = 0xFFFFFFFB; /* all but TSD */
    CHECK(DOES("\x0f\x22\xe0") && vcpu.arch.guest_cr4 == 0x628, "CR4 %x", vcpu.arch.guest_cr4);
}

static void test_debug_registers(void)
{
    start(RING1_CS);
    vcpu.arch.debugreg[2] = 0x1234;
    CHECK(DOES("\x0f\x21\xd3") && regs.ebx == 0x1234, "DR2 %x", regs.ebx);
    regs.eip = CODE;
    CHECK(DOES("\x0f\x21\xf8") && regs.eax == 0x400, "DR7 %x", regs.eax);
    regs.eip = CODE;
    regs.eax = 1;
    CHECK(DOES("\x0f\x21\xe0") && regs.eax == 0, "DR4 without DE %x", regs.eax);
    regs.eip = CODE;
    regs.edi = 0x777;
    CHECK(DOES("\x0f\x23\xcf") && asked.debugreg == 1 && asked.debug_value == 0x777, "DR%u = %x", asked.debugreg,
          asked.debug_value);
    regs.eip = CODE;
    asked.debug_result = -EPERM;
    CHECK(!EXECUTE("\x0f\x23\xcf") && regs.eip == CODE, "a refused value");
}

static void test_hlt_and_others(void)
{
    start(RING1_CS);
    CHECK(DOES("\xf4") && asked.blocked == 1 && vcpu_info.evtchn_upcall_mask == 0, "HLT");
    start(RING1_CS);
    regs.eflags |= X86_EFLAGS_TF;
    CHECK(EXECUTE("\xf4") && !asked.blocked && asked.vector == TRAP_debug && regs.eip == CODE + 1,
          "HLT single-stepped");
    start(RING1_CS);
    regs.eflags |= X86_EFLAGS_TF;
    CHECK(EXECUTE("\x0f\x20\xc0") && asked.vector == TRAP_debug && asked.error_code == 0xFFFF, "single step");
    CHECK(vcpu.arch.debugreg[6] == 0xFFFF4FF0, "DR6 %x", vcpu.arch.debugreg[6]);
    start(RING1_CS);
    regs.eflags |= X86_EFLAGS_RF;
    CHECK(DOES("\x0f\x09") && !(regs.eflags & X86_EFLAGS_RF), "WBINVD of an ordinary domain; RF is used up");
    start(RING1_CS);
    regs.ebp = 0xC0000000;
    regs.ecx = 0x1000;
    CHECK(DOES("\x36\x0f\x01\x7c\x8d\x10") && asked.flushed_page == 0xC0004010, "INVLPG %x", asked.flushed_page);
    start(RING1_CS);
    regs.ebp = HYP_START;
    CHECK(DOES("\x36\x0f\x01\x7d\x00") && !asked.flushed_page, "INVLPG of the hypervisor's %x", asked.flushed_page);
    start(RING1_CS);
    CHECK(DOES("\x0f\x31") && (regs.eax || regs.edx), "RDTSC");
    start(RING3_CS);
    CHECK(DOES("\x0f\x31"), "RDTSC in user mode");
    start(RING3_CS);
    vcpu.arch.guest_cr4 |= 4;
    CHECK(!EXECUTE("\x0f\x31"), "which the guest's kernel has forbidden");
    start(RING1_CS);
    CHECK(!EXECUTE("\x0f\x33") && !EXECUTE("\x0f\x01\xd1") && !EXECUTE("\x0f\x01\x10") && !EXECUTE("\xcd\x80") &&
              !EXECUTE("\x0f\x0b") && !EXECUTE("\x0f\x00\xd8") && !EXECUTE("\xcf"),
          "RDPMC, XSETBV, LGDT, INT, UD2, LTR, IRET");
    CHECK(!EXECUTE("\x89\x02"), "a store");
}

static void test_msrs(void)
{
    start(RING1_CS);
    regs.ecx = 0x1D9;
    regs.eax = regs.edx = 1;
    CHECK(DOES("\x0f\x32") && !regs.eax && !regs.edx, "debug control");
    regs.eip = CODE;
    regs.ecx = 0x404;
    CHECK(DOES("\x0f\x32") && regs.eax == 0xFFFFFFFF && regs.edx == 0xFFFFFFFF, "MC1_CTL");
    regs.eip = CODE;
    regs.ecx = 0x179;
    CHECK(DOES("\x0f\x32") && (regs.eax & 0xFF) == 2, "MCG_CAP %x", regs.eax);
    regs.eip = CODE;
    CHECK(!EXECUTE("\x0f\x30"), "which cannot be written");
    regs.ecx = 0x277;
    CHECK(DOES("\x0f\x30"), "PAT: written without effect");
    regs.eip = CODE;
    regs.ecx = 0x174;
    CHECK(!EXECUTE("\x0f\x30") && !EXECUTE("\x0f\x32"), "SYSENTER_CS");
    regs.ecx = 0xC0000082;
    CHECK(!EXECUTE("\x0f\x30") && !EXECUTE("\x0f\x32"), "LSTAR");
    regs.ecx = 0x40000000;
    regs.eax = 0x00001000;
    regs.edx = 0;
    CHECK(!EXECUTE("\x0f\x30"), "hypercall page in a frame that is not the guest's");
    regs.edx = 0xFFFFF;
    CHECK(!EXECUTE("\x0f\x30"), "or in none");
}

/* --- CPUID */

static void forced_cpuid(uint32_t eax, uint32_t ecx)
{
    start(RING1_CS);
    memcpy((void *)CODE, "\x0f\x0bxen\x0f\xa2", 7);
    regs.eax = eax;
    regs.ecx = ecx;
    CHECK(emulate_forced_invalid_op(&regs) && regs.eip == CODE + 7, "leaf %x", eax);
}

static void test_cpuid(void)
{
    uint32_t max;

    forced_cpuid(0x40000000, 0);
    CHECK(!memcmp(&regs.ebx, "XenV", 4) && !memcmp(&regs.ecx, "MMXe", 4) && !memcmp(&regs.edx, "nVMM", 4), "signature");
    CHECK(regs.eax == 0x40000002, "last leaf %x", regs.eax);
    forced_cpuid(0x40000001, 0);
    CHECK(regs.eax == 0x00040002, "version %x", regs.eax);
    forced_cpuid(0x40000002, 0);
    CHECK(regs.eax == 1 && regs.ebx == 0x40000000 && regs.ecx == 1, "hypercall page");
    forced_cpuid(0, 0);
    max = regs.eax;
    CHECK(max >= 1 && max <= 7, "leaves %u", max);
    forced_cpuid(1, 0);
    CHECK(regs.ecx >> 31, "a hypervisor");
    /* VME PSE MCE APIC SEP MTRR PGE MCA PSE36; VMX SMX CX16 PCID x2APIC TSC-deadline XSAVE OSXSAVE AVX */
    CHECK(!(regs.edx & 0x00027A8A), "EDX %x", regs.edx);
    CHECK(!(regs.ecx & 0x1D222068), "ECX %x", regs.ecx);
    CHECK((regs.edx & 0x00000161) == 0x00000161, "FPU MSR PAE CX8: %x", regs.edx);
    forced_cpuid(7, 0);
    CHECK(!(regs.ebx & ~0x20CC0308u) && !regs.ecx && !regs.edx, "leaf 7: %x", regs.ebx);
    forced_cpuid(7, 1);
    CHECK(!(regs.eax | regs.ebx | regs.ecx | regs.edx), "leaf 7.1");
    forced_cpuid(0xD, 0);
    CHECK(!(regs.eax | regs.ebx | regs.ecx | regs.edx), "XSAVE");
    forced_cpuid(0x80000001, 0);
    CHECK(!(regs.edx & 0x2C000800), "LM SYSCALL RDTSCP 1GB: %x", regs.edx);
    CHECK(!(regs.ecx & 0x00000004), "SVM: %x", regs.ecx);
    forced_cpuid(0x80000000, 0);
    CHECK(regs.eax >= 0x80000004 && regs.eax <= 0x80000008, "extended leaves %x", regs.eax);
    forced_cpuid(0xFFFFFFFF, 0);
    CHECK(!(regs.eax | regs.ebx | regs.ecx | regs.edx), "no such leaf");
    start(RING3_CS);
    regs.eax = 0x40000001;
    CHECK(DOES("\x0f\xa2") && regs.eax == 0x00040002, "where CPUID itself faults");
}

/* Domain 0 sees the APIC if the hypervisor uses it, and nobody else does. */
static void test_cpuid_apic(void)
{
    for (unsigned int i = 0; i < 4; i++) {
        bool privileged = i & 1, on = i & 2;

        apic_mode = on ? XAPIC : NO_APIC;
        start(RING1_CS);
        domain.is_privileged = privileged;
        memcpy((void *)CODE, "\x0f\x0bxen\x0f\xa2", 7);
        regs.eax = 1;
        CHECK(emulate_forced_invalid_op(&regs), "leaf 1");
        CHECK((regs.edx >> 9 & 1) == (privileged && on && read_cpuid(1, 0).edx >> 9 & 1), "privileged %d, on %d",
              privileged, on);
    }
    apic_mode = NO_APIC;
    domain.is_privileged = false;
}

static void test_prefix(void)
{
    static const char *const no_prefix[] = {"\x0f\x0bxem\x0f\xa2", "\x0f\x0bxen\x0f\xa3",
                                            "\x0f\x0b\x90\x90\x90\x0f\xa2", "\x0f\x0bxen\x89\x02"};

    for (unsigned int i = 0; i < ARRAY_SIZE(no_prefix); i++) {
        start(RING1_CS);
        memcpy((void *)CODE, no_prefix[i], 7);
        CHECK(!emulate_forced_invalid_op(&regs) && regs.eip == CODE, "%u", i);
    }
    start(RING3_CS);
    memcpy((void *)CODE, "\x0f\x0bxen\x0f\xa2", 7);
    CHECK(emulate_forced_invalid_op(&regs), "user mode");
    start(SEL_SMALL_CODE);
    regs.eip = 10;
    memcpy((void *)(CODE + 10), "\x0f\x0bxen\x0f\xa2", 7);
    CHECK(!emulate_forced_invalid_op(&regs), "beyond the code segment's limit");
    start(RING1_CS);
    regs.eip = 0xFFFFFFFC;
    CHECK(!emulate_forced_invalid_op(&regs), "round 4 GiB");
}

static const struct unit_test tests[] = {
    {"privop_control_registers", test_control_registers},
    {"privop_debug_registers", test_debug_registers},
    {"privop_hlt_and_others", test_hlt_and_others},
    {"privop_msrs", test_msrs},
    {"privop_iopl", test_iopl},
    {"privop_io_bitmap", test_io_bitmap},
    {"privop_ports", test_ports},
    {"privop_pci_ports", test_pci_ports},
    {"privop_pit", test_pit},
    {"privop_string_io", test_string_io},
    {"privop_segments", test_segments},
    {"privop_io_breakpoints", test_io_breakpoints},
    {"privop_cpuid", test_cpuid},
    {"privop_cpuid_apic", test_cpuid_apic},
    {"privop_prefix", test_prefix},
};

int main(int argc, char **argv)
{
    if (!set_up())
        return unit_skip("privop", "no memory at the addresses it needs");
    return UNIT_RUN(argc, argv, tests, NULL);
}
