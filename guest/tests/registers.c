/* SPDX-License-Identifier: MIT */
/*
 * What every hypercall leaves unchanged: all registers but EAX, the flags, and DS, ES, FS and GS, even when these hold
 * selectors that the hypervisor itself could not work with (null, or ring 3's). raw.S sets every register just before
 * the gate and reads every one just after it. Every number is called, with arguments that it accepts and that change
 * nothing; the registers that it does not use hold patterns. A number without a call must answer -ENOSYS.
 */
#include "test.h"

#include <public/callback.h>
#include <public/memory.h>

static trap_info_t no_traps[1];
static multicall_entry_t no_calls[1];
static uint32_t nothing[64];

/* Numbers that Xen 4.2.5 has and Int82 need not have: their result is not checked. */
static bool known_to_xen(uint32_t nr)
{
    return nr == 20 || nr == 25 || nr == 27 || nr == 31 || (nr >= 34 && nr <= 38) || (nr >= 48 && nr <= 55) || nr == 11;
}

/* Numbers of our table. A Xen may not know them. */
static bool listed(uint32_t nr)
{
    static const bool list[NR_hypercalls] = {
#define HYPERCALL(nr, name, args, tier, what) [nr] = true,
#include <xen/hypercalls.def>
    };

    return nr < NR_hypercalls && list[nr];
}

/* Sets arguments with which call nr does nothing. Returns what it answers, or 1 when that does not matter. */
static int32_t harmless(uint32_t nr, uint32_t *a)
{
    pte_t pte = *mm_l1_entry(EDGE_PAGE);

    switch (nr) {
    case __HYPERVISOR_set_trap_table:
        a[0] = (uint32_t)no_traps;
        return 0;
    case __HYPERVISOR_mmu_update:
    case __HYPERVISOR_mmuext_op:
        a[0] = (uint32_t)nothing, a[1] = 0, a[2] = 0, a[3] = DOMID_SELF;
        return 0;
    case __HYPERVISOR_set_gdt:
        a[0] = (uint32_t)nothing, a[1] = 0;
        return 0;
    case __HYPERVISOR_stack_switch:
        a[0] = FLAT_KERNEL_SS, a[1] = (uint32_t)(nothing + 64);
        return 0;
    case __HYPERVISOR_set_callbacks:
        a[0] = FLAT_KERNEL_CS, a[1] = (uint32_t)event_entry, a[2] = FLAT_KERNEL_CS, a[3] = (uint32_t)failsafe_entry;
        return 0;
    case __HYPERVISOR_fpu_taskswitch:
        a[0] = 0;
        return 0;
    case __HYPERVISOR_sched_op_compat:
        a[0] = SCHEDOP_yield, a[1] = 0;
        return 0;
    case __HYPERVISOR_sched_op:
        a[0] = SCHEDOP_yield, a[1] = 0;
        return 0;
    case __HYPERVISOR_dom0_op:
        a[0] = (uint32_t)nothing;
        return is_dom0() ? -EACCES : -EPERM;
    case __HYPERVISOR_set_debugreg:
        a[0] = 0, a[1] = 0;
        return 0;
    case __HYPERVISOR_get_debugreg:
        a[0] = 0;
        return 0;
    case __HYPERVISOR_update_descriptor:
        a[0] = 1, a[1] = 0, a[2] = 0, a[3] = 0;
        return -EINVAL;
    case __HYPERVISOR_memory_op:
        a[0] = XENMEM_maximum_ram_page, a[1] = 0;
        return 1;
    case __HYPERVISOR_multicall:
        a[0] = (uint32_t)no_calls, a[1] = 0;
        return 0;
    case __HYPERVISOR_update_va_mapping:
    case __HYPERVISOR_update_va_mapping_otherdomain:
        a[0] = (uint32_t)EDGE_PAGE, a[1] = (uint32_t)pte, a[2] = (uint32_t)(pte >> 32), a[3] = 0;
        a[4] = nr == __HYPERVISOR_update_va_mapping ? a[4] : DOMID_SELF;
        return 0;
    case __HYPERVISOR_set_timer_op:
        a[0] = 0, a[1] = 0;
        return 0;
    case __HYPERVISOR_event_channel_op_compat:
    case __HYPERVISOR_physdev_op_compat:
        nothing[0] = 0x7777;
        a[0] = (uint32_t)nothing;
        return -ENOSYS;
    case __HYPERVISOR_xen_version:
        a[0] = XENVER_pagesize, a[1] = 0;
        return PAGE_SIZE;
    case __HYPERVISOR_console_io:
        a[0] = CONSOLEIO_write, a[1] = 0, a[2] = (uint32_t)nothing;
        return 0;
    case __HYPERVISOR_vm_assist:
        a[0] = VMASST_CMD_disable, a[1] = VMASST_TYPE_4gb_segments_notify;
        return 0;
    case __HYPERVISOR_vcpu_op:
        a[0] = VCPUOP_is_up, a[1] = 0, a[2] = 0;
        return 1;
    case __HYPERVISOR_nmi_op:
    case __HYPERVISOR_callback_op:
    case __HYPERVISOR_event_channel_op:
    case __HYPERVISOR_physdev_op:
        a[0] = 0x7777, a[1] = (uint32_t)nothing;
        return -ENOSYS;
    default:
        return -ENOSYS;
    }
}

static void check_same(uint32_t nr, const char *how, const char *name, uint32_t seen, uint32_t expected)
{
    if (seen != expected)
        FAIL("hypercall %u%s: %s was 0x%x, now 0x%x", nr, how, name, expected, seen);
}

static void call_with(uint32_t nr, uint32_t entry, uint32_t ds, uint32_t es, uint32_t fs, uint32_t gs)
{
    uint32_t a[6] = {0x11111111, 0x22222222, 0x33333333, 0x44444444, 0x55555555, 0x66666666};
    const char *how = entry ? " (page)" : "";
    int32_t answer;

    memset(nothing, 0, sizeof(nothing));
    answer = harmless(nr, a);
    raw_in = (struct raw_regs){nr, a[0], a[1], a[2], a[3], a[4], a[5], 0x202, ds, es, fs, gs};
    raw_entry = entry;
    raw_call();
    check_same(nr, how, "ebx", raw_out.ebx, a[0]);
    check_same(nr, how, "ecx", raw_out.ecx, a[1]);
    check_same(nr, how, "edx", raw_out.edx, a[2]);
    check_same(nr, how, "esi", raw_out.esi, a[3]);
    check_same(nr, how, "edi", raw_out.edi, a[4]);
    check_same(nr, how, "ebp", raw_out.ebp, a[5]);
    check_same(nr, how, "ds", raw_out.ds & 0xffff, ds);
    check_same(nr, how, "es", raw_out.es & 0xffff, es);
    check_same(nr, how, "fs", raw_out.fs & 0xffff, fs);
    check_same(nr, how, "gs", raw_out.gs & 0xffff, gs);
    if (!entry) /* the call through the page executes a comparison of our own last */
        check_same(nr, how, "eflags", raw_out.eflags & 0xffffff3f & ~0x815u, 0x202);
    if (answer != 1 && !known_to_xen(nr) && (int32_t)raw_out.eax != answer)
        FAIL("hypercall %u%s: expected %d, saw %d", nr, how, answer, raw_out.eax);
}

static bool may_call(uint32_t nr)
{
    /* iret never comes back here. The calls that only Xen has are left out there, since they might do something. */
    return nr != __HYPERVISOR_iret && (is_int82() || !known_to_xen(nr));
}

TEST(registers_flat_segments)
{
    for (uint32_t nr = 0; nr < 64; nr++)
        if (may_call(nr))
            call_with(nr, 0, FLAT_KERNEL_DS, FLAT_KERNEL_DS, FLAT_KERNEL_DS, FLAT_KERNEL_DS);
}

TEST(registers_odd_segments)
{
    for (uint32_t nr = 0; nr < 64; nr++) {
        if (!may_call(nr))
            continue;
        call_with(nr, 0, FLAT_USER_DS, FLAT_USER_DS, 0, FLAT_USER_DS);
        call_with(nr, 0, FLAT_KERNEL_DS, 0, FLAT_USER_DS, 0);
        call_with(nr, 0, 0, FLAT_USER_DS, 0, 0);
        call_with(nr, 0, FLAT_KERNEL_CS, FLAT_USER_CS, FLAT_KERNEL_CS, FLAT_USER_CS);
    }
}

TEST(registers_through_page)
{
    for (uint32_t nr = 0; nr < 64; nr++) {
        if (!may_call(nr))
            continue;
        call_with(nr, (uint32_t)hypercall_page + nr * HYPERCALL_STUB_SIZE, FLAT_KERNEL_DS, FLAT_KERNEL_DS, 0, 0);
        call_with(nr, (uint32_t)hypercall_page + nr * HYPERCALL_STUB_SIZE, 0, FLAT_USER_DS, 0, FLAT_USER_DS);
    }
}

/* A batch that is done, one that stops at a request that is refused, one whose next request cannot be read, and one
 * that wraps round: the registers are the caller's again, whichever way out it is. */
TEST(registers_of_a_batch)
{
    mmu_update_t *req = (mmu_update_t *)EDGE(3 * sizeof(*req)), same = {pte_maddr(mm_l1_entry(EDGE_PAGE)), 0};
    pte_t entry = *mm_l1_entry(EDGE_PAGE);
    uint32_t done;
    struct {
        uint32_t count;
        pte_t second;
        int32_t answer;
        uint32_t done;
    } cases[] = {{3, entry, 0, 3},
                 {3, entry | PTE_G, -EINVAL, 1},
                 {4, entry, -EFAULT, 3},
                 {0x0fffffff, entry, -EFAULT, 77},
                 {0, entry, 0, 0}};

    same.val = entry;
    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t a[6] = {(uint32_t)req, cases[i].count, (uint32_t)&done, DOMID_SELF, 0x55555555, 0x66666666};

        req[0] = req[1] = req[2] = same;
        req[1].val = cases[i].second;
        done = 77;
        raw_in = (struct raw_regs){__HYPERVISOR_mmu_update, a[0],           a[1], a[2], a[3], a[4], a[5], 0x202,
                                   FLAT_KERNEL_DS,          FLAT_KERNEL_DS, 0,    0};
        raw_entry = 0;
        raw_call();
        CHECK_RC((int32_t)raw_out.eax, cases[i].answer);
        CHECK_EQ(done, cases[i].done);
        check_same(raw_in.eax, " (batch)", "ebx", raw_out.ebx, a[0]);
        check_same(raw_in.eax, " (batch)", "ecx", raw_out.ecx, a[1]);
        check_same(raw_in.eax, " (batch)", "edx", raw_out.edx, a[2]);
        check_same(raw_in.eax, " (batch)", "esi", raw_out.esi, a[3]);
        check_same(raw_in.eax, " (batch)", "edi", raw_out.edi, a[4]);
        check_same(raw_in.eax, " (batch)", "ebp", raw_out.ebp, a[5]);
    }
}

/* The arithmetic flags and the direction flag belong to the caller as well. */
TEST(registers_eflags)
{
    static const uint32_t nr[] = {__HYPERVISOR_xen_version,
                                  __HYPERVISOR_mmu_update,
                                  __HYPERVISOR_mmuext_op,
                                  __HYPERVISOR_multicall,
                                  __HYPERVISOR_stack_switch,
                                  __HYPERVISOR_memory_op,
                                  60,
                                  100};
    static const uint32_t flags[] = {0x202, 0x246, 0x297, 0xad7, 0x602, 0xed7, 0x40202, 0x200202};

    for (unsigned int i = 0; i < ARRAY_SIZE(nr); i++)
        for (unsigned int j = 0; j < ARRAY_SIZE(flags); j++) {
            uint32_t a[6] = {0};

            harmless(nr[i], a);
            raw_in = (struct raw_regs){nr[i], a[0],     a[1],           a[2],           a[3], a[4],
                                       a[5],  flags[j], FLAT_KERNEL_DS, FLAT_KERNEL_DS, 0,    0};
            raw_entry = 0;
            raw_call();
            check_same(nr[i], "", "eflags", raw_out.eflags, flags[j]);
        }
}

TEST(registers_numbers_beyond)
{
    static const uint32_t nr[] = {39,         40,         47,         56,         63,      64,       65,
                                  127,        128,        255,        256,        1024,    0x10000,  0x10011,
                                  0x7fffffff, 0x80000000, 0x80000011, 0xffffffff, 17 | 64, 17 | 256, 17 | 0x1000000};

    for (unsigned int i = 0; i < ARRAY_SIZE(nr); i++) {
        if (listed(nr[i]))
            continue;
        if (hypercall(nr[i], 0, 0, 0, 0, 0) != -ENOSYS)
            FAIL("hypercall 0x%x: expected %d, saw %d", nr[i], -ENOSYS, hypercall(nr[i], 0, 0, 0, 0, 0));
        call_with(nr[i], 0, FLAT_USER_DS, 0, 0, FLAT_USER_DS);
    }
}

/* 19: a call of the table answers the same through the gate and through the page. */
TEST(registers_page_equals_gate)
{
    CHECK_RC(HYPERVISOR_memory_op_page(XENMEM_maximum_ram_page, NULL),
             HYPERVISOR_memory_op(XENMEM_maximum_ram_page, NULL));
    CHECK_RC(HYPERVISOR_vcpu_op_page(VCPUOP_is_up, 0, NULL), 1);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_is_up, 0, NULL), 1);
}
