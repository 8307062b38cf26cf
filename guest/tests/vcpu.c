/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op on vCPU 0, and the refusals for vCPUs that do not exist. The areas that a guest registers are proved to be
 * kept up to date, not only to be accepted. register_vcpu_info moves the vCPU's event state for good, so it comes last.
 */
#include "test.h"

TEST(vcpu_is_up)
{
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_is_up, 0, NULL), 1);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), -ENOENT);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_is_up, 31, NULL), -ENOENT);
    CHECK_ONE_OF(HYPERVISOR_vcpu_op(VCPUOP_is_up, 32, NULL), -EINVAL, -ENOENT);
    CHECK_ONE_OF(HYPERVISOR_vcpu_op(VCPUOP_is_up, 0xffffffff, NULL), -EINVAL, -ENOENT);
}

TEST(vcpu_up_already)
{
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_up, 0, NULL), 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), -ENOENT);
}

TEST(vcpu_initialise_twice)
{
    static struct vcpu_guest_context context_arg;
    void *p;

    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 0, &context_arg), -EEXIST);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context_arg), -ENOENT);
    for
        EACH_BAD_POINTER(p, sizeof(context_arg))
    CHECK_ONE_OF(HYPERVISOR_vcpu_op(VCPUOP_initialise, 0, p), -EFAULT, -EEXIST);
}

TEST(vcpu_runstate_info)
{
    struct vcpu_runstate_info info;
    void *p;

    memset(&info, 0x5a, sizeof(info));
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    CHECK_EQ(info.state, RUNSTATE_running);
    CHECK(info.time[RUNSTATE_running] > 0);
    CHECK(info.time[RUNSTATE_running] < 1ull << 50);
    for
        EACH_BAD_OUTPUT(p, sizeof(info))
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, p), -EFAULT);
}

TEST(vcpu_runstate_area)
{
    static struct vcpu_runstate_info area;
    struct vcpu_register_runstate_memory_area arg = {.addr.v = &area};
    uint64_t entered;
    void *p;

    memset(&area, 0x5a, sizeof(area));
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &arg), 0);
    CHECK_EQ(area.state, RUNSTATE_running);
    entered = area.state_entry_time;
    /* Blocking for a while shows in the times. */
    if (CHECK(entered < 1ull << 50)) {
        struct sched_poll poll = {NULL, 0, entered + 1};
        int port = event_bind_virq(VIRQ_TIMER, 0);
        evtchn_port_t ports[1] = {port};

        poll.ports = ports;
        poll.nr_ports = 1;
        event_mask(port);
        event_clear(port);
        HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &area);
        poll.timeout = area.state_entry_time + area.time[0] + area.time[1] + area.time[2] + 5000000;
        HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
        CHECK_RC(event_close(port), 0);
    }
    CHECK_EQ(area.state, RUNSTATE_running);
    for
        EACH_BAD_POINTER(p, sizeof(arg))
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, p), -EFAULT);
}

TEST(vcpu_runstate_area_bad)
{
    static struct vcpu_runstate_info area;
    struct vcpu_register_runstate_memory_area arg;

    arg.addr.p = HYPERVISOR_VIRT_START;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &arg), -EFAULT);
    arg.addr.p = HYPERVISOR_VIRT_START - 4;
    if (is_int82()) /* Xen 4.2.5 checks only the first byte, and fails when it writes */
        CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &arg), -EFAULT);
    arg.addr.p = 0xFFFFFFFC;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &arg), -EFAULT);
    arg.addr.v = &area;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &arg), 0);
    HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

TEST(vcpu_time_area)
{
    static struct vcpu_time_info area;
    struct vcpu_register_time_memory_area arg = {.addr.v = &area};
    int rc = HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &arg);

    CHECK_ONE_OF(rc, 0, -ENOSYS); /* many releases of Xen do not have it */
}

TEST(vcpu_get_physid)
{
    struct vcpu_get_physid id = {~0ull};
    int rc = HYPERVISOR_vcpu_op(VCPUOP_get_physid, 0, &id);

    void *p;

    if (!CHECK_ONE_OF(rc, 0, -EINVAL) || rc)
        return; /* Xen answers only for vCPUs that are bound to one CPU */
    CHECK_EQ(id.phys_id, 0);
    for
        EACH_BAD_OUTPUT(p, sizeof(id))
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_get_physid, 0, p), -EFAULT);
}

TEST(vcpu_bad_command)
{
    uint32_t arg[8] = {0};

    CHECK_RC(HYPERVISOR_vcpu_op(99, 0, arg), -ENOSYS);
    CHECK_RC(HYPERVISOR_vcpu_op(0xffffffff, 0, arg), -ENOSYS);
    CHECK_RC(HYPERVISOR_vcpu_op(99, 1, arg), -ENOENT);
}

static volatile uint32_t nmis, nmis_to_send, nmi_depth, nmi_deepest;
extern const char nmi_entry[];
/* Sends nmis_to_send more NMIs from within the handler. Returns by hypercall, which lets them in. */
__asm__(".text; nmi_entry: pushl %eax; pushl %ebx; pushl %ecx; pushl %edx; incl nmis; incl nmi_depth\n"
        "movl nmi_depth, %eax; cmpl nmi_deepest, %eax; jbe 1f; movl %eax, nmi_deepest\n"
        "1: cmpl $0, nmis_to_send; je 2f; decl nmis_to_send\n"
        "movl $24, %eax; movl $11, %ebx; xorl %ecx, %ecx; xorl %edx, %edx; int $0x82\n" /* vcpu_op, send_nmi */
        "2: decl nmi_depth; popl %edx; popl %ecx; popl %ebx; popl %eax\n"
        "pushl %eax; movl $23, %eax; int $0x82");

static void send_nmi(uint32_t more)
{
    nmis = nmi_depth = nmi_deepest = 0;
    nmis_to_send = more;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
    HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

TEST(vcpu_nmi)
{
    struct xennmi {
        uint32_t handler_address, pad;
    } arg = {(uint32_t)nmi_entry, 0};
    void *p;

    CHECK_RC(HYPERVISOR_nmi_op(0, &arg), 0);
    send_nmi(0);
    CHECK_EQ(nmis, 1);
    send_nmi(2); /* one by one */
    CHECK_EQ(nmis, 3);
    CHECK_EQ(nmi_deepest, 1);
    CHECK_RC(HYPERVISOR_nmi_op(1, NULL), 0);
    send_nmi(0);
    CHECK_RC(HYPERVISOR_nmi_op(0, &arg), 0);
    HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    CHECK_EQ(nmis, 0); /* without a handler it was lost */
    CHECK_RC(HYPERVISOR_nmi_op(1, NULL), 0);
    CHECK_RC(trap_set_entry(2, nmi_entry, 4), 0); /* the same handler, set in another way */
    send_nmi(0);
    CHECK_EQ(nmis, 1);
    CHECK_RC(HYPERVISOR_nmi_op(1, NULL), 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, &arg), -EINVAL);
    CHECK_RC(HYPERVISOR_nmi_op(2, NULL), -ENOSYS);
    for
        EACH_BAD_POINTER(p, sizeof(arg))
    CHECK_RC(HYPERVISOR_nmi_op(0, p), -EFAULT);
    if (is_int82())
        CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 1, NULL), -ENOENT);
}

TEST(vcpu_zz_register_info_bad)
{
    struct vcpu_register_vcpu_info arg;
    void *ro = alloc_page(), *p;

    CHECK_RC(page_make_readonly(ro), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(ro), 0), 0);
    arg = (struct vcpu_register_vcpu_info){virt_to_mfn(ro), 0, 0};
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &arg), -EINVAL);
    arg = (struct vcpu_register_vcpu_info){MMIO_FRAME, 0, 0};
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &arg), -EINVAL);
    arg = (struct vcpu_register_vcpu_info){foreign_frame(), 0, 0};
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &arg), -EINVAL);
    arg = (struct vcpu_register_vcpu_info){virt_to_mfn(guest_main), 4096 - 60, 0};
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &arg), -EINVAL);
    arg = (struct vcpu_register_vcpu_info){virt_to_mfn(guest_main), 0xffffffc0, 0};
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &arg), -EINVAL);
    arg = (struct vcpu_register_vcpu_info){1ull << 32, 0, 0};
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &arg), -EINVAL);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 1, &arg), -ENOENT);
    for
        EACH_BAD_POINTER(p, sizeof(arg))
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, p), -EFAULT);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(ro), 0), 0);
    CHECK_RC(page_make_writable(ro), 0);
    free_page(ro);
}
