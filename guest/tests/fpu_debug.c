/* SPDX-License-Identifier: MIT */
/*
 * The FPU's lazy state, and debug registers. #NM comes if and only if the guest has asked for it. What the FPU holds
 * survives everything that the hypervisor does in between.
 */
#include "test.h"

extern const char user_fpu[];

static void fpu_insn(void *arg)
{
    (void)arg;
    __asm__ volatile("fninit" ::: "memory");
}

static void set_cw(uint16_t cw)
{
    __asm__ volatile("fldcw %0" : : "m"(cw));
}

static uint16_t get_cw(void)
{
    uint16_t cw;

    __asm__ volatile("fnstcw %0" : "=m"(cw));
    return cw;
}

TEST(fpu_taskswitch)
{
    struct caught_trap caught;

    CHECK_RC(HYPERVISOR_fpu_taskswitch(0), 0);
    CHECK(!trap_catch(NULL, fpu_insn, NULL));
    CHECK_RC(HYPERVISOR_fpu_taskswitch(1), 0);
    EXPECT_TRAP(&caught, fpu_insn, NULL, TRAP_NO_DEVICE);
    CHECK_EQ(caught.error, 0);
    /* Xen clears TS when it delivers the trap. */
    CHECK(!trap_catch(NULL, fpu_insn, NULL));
    CHECK_RC(HYPERVISOR_fpu_taskswitch(1), 0);
    CHECK_RC(HYPERVISOR_fpu_taskswitch(0), 0);
    CHECK(!trap_catch(NULL, fpu_insn, NULL));
    CHECK_RC(HYPERVISOR_fpu_taskswitch(0xffffffff), 0); /* anything but 0 sets TS */
    EXPECT_TRAP(NULL, fpu_insn, NULL, TRAP_NO_DEVICE);
}

TEST(fpu_from_ring_3)
{
    struct caught_trap caught;

    if (!user_setup())
        return;
    CHECK_RC(HYPERVISOR_fpu_taskswitch(1), 0);
    user_run(user_fpu, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_NO_DEVICE);
    CHECK_EQ(caught.eip, user_address(user_fpu));
    user_run(user_fpu, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    user_teardown();
}

TEST(fpu_state_stays)
{
    uint32_t xmm[4] = {1, 2, 3, 4}, back[4] = {0};

    HYPERVISOR_fpu_taskswitch(0);
    fpu_insn(NULL);
    set_cw(0x27f);
    __asm__ volatile("movups %0, %%xmm5" : : "m"(xmm));
    for (unsigned int i = 0; i < 20; i++) {
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
        HYPERVISOR_xen_version(0, NULL);
        mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
        probe_read(UNMAPPED, NULL, NULL);
    }
    CHECK_EQ(get_cw(), 0x27f);
    __asm__ volatile("movups %%xmm5, %0" : "=m"(back));
    CHECK(!memcmp(xmm, back, sizeof(xmm)));
    fpu_insn(NULL);
}

/* Blocking hands the CPU to the idle vCPU in between. */
TEST(fpu_state_over_block)
{
    struct sched_poll poll = {NULL, 0, 0};
    struct vcpu_runstate_info info;

    HYPERVISOR_fpu_taskswitch(0);
    fpu_insn(NULL);
    set_cw(0x17f);
    HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &info);
    poll.timeout = info.time[0] + info.time[1] + info.time[2] + info.state_entry_time + 3000000;
    HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
    CHECK_EQ(get_cw(), 0x17f);
    fpu_insn(NULL);
    CHECK_EQ(get_cw(), 0x37f);
}

/* ---- Debug registers */
TEST(debug_registers)
{
    for (uint32_t reg = 0; reg < 4; reg++) {
        CHECK_RC(HYPERVISOR_set_debugreg(reg, 0xC0100000 + reg), 0);
        CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(reg), 0xC0100000 + reg);
        CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg_page(reg), 0xC0100000 + reg);
        CHECK_RC(HYPERVISOR_set_debugreg(reg, 0), 0);
    }
}

TEST(debug_registers_bad)
{
    static const uint32_t no_such[] = {8, 9, 16, 0x80000000, 0xffffffff};
    static const uint32_t theirs[] = {HYPERVISOR_VIRT_START, 0xFC800000, 0xFD800000, 0xFFFFFFFF};

    for (unsigned int i = 0; i < ARRAY_SIZE(no_such); i++) {
        context("register 0x%x", no_such[i]);
        CHECK_RC(HYPERVISOR_set_debugreg(no_such[i], 0), -EINVAL);
        CHECK_RC(HYPERVISOR_get_debugreg(no_such[i]), -EINVAL);
    }
    for (uint32_t reg = 4; reg < 6; reg++) {
        context("register %u", reg);
        CHECK_RC(HYPERVISOR_set_debugreg(reg, 0), -EINVAL);
        CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(reg), 0); /* CR4.DE is not set: see debug_aliases */
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(theirs); i++) /* no breakpoint in the hypervisor */
        for (uint32_t reg = 0; reg < 4; reg++) {
            context("register %u = 0x%x", reg, theirs[i]);
            CHECK_RC(HYPERVISOR_set_debugreg(reg, theirs[i]), -EPERM);
        }
    context("%s", "");
}

static void set_cr4(uint32_t value)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(value));
}

/* Registers 4 and 5 read as 6 and 7 where the guest has set CR4.DE, and as 0 where it has not; by hypercall and by MOV.
 */
TEST(debug_aliases)
{
    uint32_t cr4, four, five;

    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    CHECK_RC(HYPERVISOR_set_debugreg(6, 0xFFFF0FF2), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0x500), 0);
    CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(4), 0);
    set_cr4(cr4 | 8);
    CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(4), 0xFFFF0FF2);
    CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(5), 0x500);
    __asm__ volatile("mov %%db4, %0; mov %%db5, %1" : "=r"(four), "=r"(five));
    CHECK_EQ(four, 0xFFFF0FF2);
    CHECK_EQ(five, 0x500);
    CHECK_RC(HYPERVISOR_set_debugreg(6, 0xFFFF0FF0), 0);
    CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(4), 0xFFFF0FF0);
    CHECK_RC(HYPERVISOR_set_debugreg(4, 0), -EINVAL);
    set_cr4(cr4);
    CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(4), 0);
    CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(5), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0x400), 0);
}

TEST(debug_control)
{
    static volatile uint32_t watched;
    struct caught_trap caught;

    CHECK_RC(HYPERVISOR_set_debugreg(7, 0x400), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0x2000 | 0x400), -EPERM); /* GD would make the hypervisor itself trap */
    CHECK_RC(HYPERVISOR_set_debugreg(0, &watched), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0xd0403), 0); /* 4 bytes, writes, local and global */
    CHECK(!probe_write(&watched, 7, &caught));
    CHECK_EQ(caught.vector, TRAP_DEBUG);
    CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(6) & 1, 1);
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0x20400 | 3), -EPERM); /* an I/O breakpoint */
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(6, 0), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(0, 0), 0);
    CHECK(probe_write(&watched, 8, NULL));
}
