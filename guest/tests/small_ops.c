/* SPDX-License-Identifier: MIT */
/* vm_assist, physdev_op, dom0_op, set_callbacks: correct uses that need no device, and calls that are refused. */
#include "test.h"

#include <public/physdev.h>

TEST(vm_assist_types)
{
    for (uint32_t type = 0; type <= VMASST_TYPE_pae_extended_cr3; type++) {
        context("type %u", type);
        CHECK_RC(HYPERVISOR_vm_assist(VMASST_CMD_enable, type), 0);
        CHECK_RC(HYPERVISOR_vm_assist(VMASST_CMD_enable, type), 0);
        CHECK_RC(HYPERVISOR_vm_assist(2, type), -ENOSYS);
        if (type < VMASST_TYPE_writable_pagetables)
            CHECK_RC(HYPERVISOR_vm_assist(VMASST_CMD_disable, type), 0);
    }
    CHECK_RC(HYPERVISOR_vm_assist(VMASST_CMD_enable, 32), -EINVAL);
    CHECK_RC(HYPERVISOR_vm_assist(VMASST_CMD_enable, 0xffffffff), -EINVAL);
    CHECK_RC(HYPERVISOR_vm_assist(0xffffffff, 0), -ENOSYS);
}

TEST(physdev_bad)
{
    static physdev_op_t op;
    uint32_t arg[8] = {0};
    void *p;

    CHECK_RC(HYPERVISOR_physdev_op(99, arg), -ENOSYS);
    CHECK_RC(HYPERVISOR_physdev_op(0xffffffff, arg), -ENOSYS);
    op.cmd = 99;
    CHECK_RC(HYPERVISOR_physdev_op_compat(&op), -ENOSYS);
    for
        EACH_BAD_POINTER(p, sizeof(op))
    CHECK_RC(HYPERVISOR_physdev_op_compat(p), -EFAULT);
}

TEST(physdev_compat_set_iopl)
{
    physdev_op_t op = {.cmd = PHYSDEVOP_set_iopl, .u.set_iopl.iopl = 1};

    CHECK_RC(HYPERVISOR_physdev_op_compat(&op), 0);
    op.u.set_iopl.iopl = 4;
    CHECK_RC(HYPERVISOR_physdev_op_compat(&op), -EINVAL);
    op.u.set_iopl.iopl = 0;
    CHECK_RC(HYPERVISOR_physdev_op_compat(&op), 0);
}

TEST(physdev_eoi_page)
{
    struct physdev_pirq_eoi_gmfn eoi = {MMIO_FRAME};

    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &eoi), -EINVAL);
    eoi.gmfn = foreign_frame();
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &eoi), -EINVAL);
    eoi.gmfn = virt_to_mfn(mm_base());
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &eoi), -EINVAL);
}

TEST(platform_interface_version)
{
    NEED_DOM0();
    static xen_platform_op_t op;
    void *p;

    op.cmd = XENPF_settime;
    op.interface_version = XENPF_INTERFACE_VERSION + 1;
    CHECK_RC(HYPERVISOR_dom0_op(&op), -EACCES);
    op.cmd = 0x7777;
    op.interface_version = XENPF_INTERFACE_VERSION;
    CHECK_RC(HYPERVISOR_dom0_op(&op), -ENOSYS);
    for
        EACH_BAD_POINTER(p, sizeof(op))
    CHECK_RC(HYPERVISOR_dom0_op(p), -EFAULT);
}

TEST(platform_settime)
{
    NEED_DOM0();
    static xen_platform_op_t op;
    uint32_t was = shared_info->wc_sec;

    op.cmd = XENPF_settime;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.settime.secs = 1500000000;
    op.u.settime.nsecs = 5;
    op.u.settime.system_time = vcpu0_info.time.system_time;
    CHECK_RC(HYPERVISOR_dom0_op(&op), 0);
    CHECK(shared_info->wc_sec >= 1500000000u - 3600 && shared_info->wc_sec <= 1500000000u);
    CHECK_EQ(shared_info->wc_version & 1, 0);
    op.u.settime.secs = was + (uint32_t)div64(op.u.settime.system_time, 1000000000);
    CHECK_RC(HYPERVISOR_dom0_op(&op), 0);
}

TEST(callbacks_set)
{
    CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry), 0);
    CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS & ~3, event_entry, FLAT_KERNEL_CS & ~3, failsafe_entry), 0);
    CHECK_RC(HYPERVISOR_set_callbacks_page(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry), 0);
}
