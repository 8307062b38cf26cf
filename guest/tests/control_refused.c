/* SPDX-License-Identifier: MIT */
/* domctl, sysctl and dom0_op: what does not exist, in Xen's order: version, right, command, argument, domain, the rest.
 */
#include "other.h"

#include <public/domctl.h>
#include <public/sysctl.h>

#define NOBODY 12345

static int domctl(uint32_t cmd, domid_t id)
{
    struct xen_domctl op = {.cmd = 0};

    return victim_domctl(cmd, id, &op);
}

/* Xen names the domain's absence first. What it then says where Int82 has no such command, differs only there. */
TEST(control_unsupported)
{
    static const struct {
        uint32_t cmd;
        int answer;
    } all[] = {{XEN_DOMCTL_gethvmcontext, -EINVAL},
               {XEN_DOMCTL_sethvmcontext, -EINVAL},
               {XEN_DOMCTL_gethvmcontext_partial, -EINVAL},
               {XEN_DOMCTL_debug_op, -EINVAL},
               {XEN_DOMCTL_bind_pt_irq, -EINVAL},
               {XEN_DOMCTL_pin_mem_cacheattr, -EINVAL},
               {XEN_DOMCTL_unbind_pt_irq, -EPERM},
               {XEN_DOMCTL_shadow_op, -EINVAL},
               {XEN_DOMCTL_set_target, -EOPNOTSUPP},
               {XEN_DOMCTL_set_cpuid, -EOPNOTSUPP},
               {XEN_DOMCTL_set_machine_address_size, -EOPNOTSUPP},
               {XEN_DOMCTL_get_machine_address_size, -EOPNOTSUPP},
               {XEN_DOMCTL_suppress_spurious_page_faults, -EOPNOTSUPP},
               {XEN_DOMCTL_setvcpuextstate, -EOPNOTSUPP},
               {XEN_DOMCTL_getvcpuextstate, -EOPNOTSUPP},
               {XEN_DOMCTL_set_virq_handler, -EOPNOTSUPP},
               {XEN_DOMCTL_gdbsx_guestmemio, -EOPNOTSUPP},
               {XEN_DOMCTL_gdbsx_pausevcpu, -EOPNOTSUPP},
               {XEN_DOMCTL_gdbsx_unpausevcpu, -EOPNOTSUPP},
               {XEN_DOMCTL_gdbsx_domstatus, -EOPNOTSUPP}};

    NEED_DOM0();
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        context("domctl %u", all[i].cmd);
        CHECK_RC(domctl(all[i].cmd, NOBODY), -ESRCH);
        if (is_int82())
            CHECK_RC(domctl(all[i].cmd, 0), all[i].answer);
    }
}

/* Commands that have no number in Xen 4.2, or that are for other machines. */
TEST(control_unknown)
{
    static const uint32_t domctls[] = {0,  23, 26, 30, 31, 32,  37,   44,         45,        47,
                                       50, 56, 57, 65, 67, 999, 1004, 0x7FFFFFFF, 0xFFFFFFFF};
    static const uint32_t sysctls[] = {0, 13, 20, 0xFFFFFFFF}, platform[] = {0, 16, 18, 34, 49, 52, 53, 0xFFFFFFFF};
    static xen_platform_op_t p = {.interface_version = XENPF_INTERFACE_VERSION};
    static struct xen_sysctl s = {.interface_version = XEN_SYSCTL_INTERFACE_VERSION};

    NEED_DOM0();
    for (unsigned int i = 0; i < ARRAY_SIZE(domctls); i++) {
        context("domctl %u", domctls[i]);
        CHECK_RC(domctl(domctls[i], 0), -ENOSYS);
        CHECK_RC(domctl(domctls[i], NOBODY), -ENOSYS);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(sysctls); i++) {
        context("sysctl %u", sysctls[i]);
        s.cmd = sysctls[i];
        CHECK_RC(HYPERVISOR_sysctl(&s), -ENOSYS);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(platform); i++) {
        context("platform_op %u", platform[i]);
        p.cmd = platform[i];
        CHECK_RC(HYPERVISOR_dom0_op(&p), -ENOSYS);
    }
    context("%s", "");
    p.cmd = XENPF_firmware_info;
    *(uint32_t *)&p.u = 4; /* EFI's */
    CHECK_RC(HYPERVISOR_dom0_op(&p), -ENOSYS);
    *(uint32_t *)&p.u = 5;
    CHECK_RC(HYPERVISOR_dom0_op(&p), -EINVAL);
}

#define MEMORY(gfn, mfn, count) .u.memory_mapping = {.first_gfn = (gfn), .first_mfn = (mfn), .nr_mfns = (count)}
#define PORTS(gport, mport, count) \
    .u.ioport_mapping = {.first_gport = (gport), .first_mport = (mport), .nr_ports = (count)}

/* 64 TiB and more have room for all 32 bits of a frame's number. */
static bool frames_have_an_end(void)
{
    uint32_t eax = 0x80000008, ebx, ecx = 0, edx;

    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (eax & 0xFF) < 44;
}

/* A range that cannot be is -EINVAL, whatever the domain; only one that can be is -ESRCH. */
static void check_memory_mapping(void)
{
    static struct {
        struct xen_domctl op;
        int rc;
    } calls[] = {
        {{MEMORY(1, 1, 1)}, -ESRCH},
        {{MEMORY(0xFFFFFFFF, 1, 1)}, -ESRCH},
        {{MEMORY(1, 0x100000001, 1)}, -ESRCH}, /* the upper half is not looked at */
        {{MEMORY(0xFFFFFFFF, 1, 2)}, -EINVAL},
        {{MEMORY(1, 0xFFFFFFFF, 2)}, -EINVAL},
        {{MEMORY(1, 1, 0)}, -EINVAL},
        {{MEMORY(0, 0, 0)}, -EINVAL}, /* ends at the last frame of all: from here on beyond the processor's */
        {{MEMORY(1, 0x80000000, 1)}, -EINVAL},
        {{MEMORY(1, 1, 0x80000000)}, -EINVAL},
    };

    for (uint32_t i = 0; i < ARRAY_SIZE(calls) - (frames_have_an_end() ? 0 : 3); i++) {
        context("memory %u", i);
        CHECK_RC(victim_domctl(XEN_DOMCTL_memory_mapping, NOBODY, &calls[i].op), calls[i].rc);
    }
    context("%s", "");
}

static void check_ioport_mapping(void)
{
    static struct {
        struct xen_domctl op;
        int rc;
    } calls[] = {
        {{PORTS(1, 1, 1)}, -ESRCH},           {{PORTS(0, 0, 0x10000)}, -ESRCH},  {{PORTS(0xFFFF, 0xFFFF, 1)}, -ESRCH},
        {{PORTS(0, 0, 0)}, -EINVAL},          {{PORTS(0, 0, 0x10001)}, -EINVAL}, {{PORTS(0xFFFF, 0, 2)}, -EINVAL},
        {{PORTS(0, 0xFFFF, 2)}, -EINVAL},     {{PORTS(0x10000, 0, 1)}, -EINVAL}, {{PORTS(0, 0x10000, 1)}, -EINVAL},
        {{PORTS(1, 1, 0xFFFFFFFF)}, -EINVAL},
    };

    for (uint32_t i = 0; i < ARRAY_SIZE(calls); i++) {
        context("ports %u", i);
        CHECK_RC(victim_domctl(XEN_DOMCTL_ioport_mapping, NOBODY, &calls[i].op), calls[i].rc);
    }
    context("%s", "");
}

TEST(control_mappings)
{
    NEED_DOM0();
    check_memory_mapping();
    check_ioport_mapping();
}

/* The argument is looked at in this order. */
TEST(control_order)
{
    struct xen_domctl op = {.cmd = 0xFFFFFFFF, .interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1};
    struct xen_domctl wrap = {.u.iomem_permission = {.first_mfn = 0xFFFFFFFF, .nr_mfns = 2}},
                      range = {.u.iomem_permission = {.first_mfn = 1, .nr_mfns = 2}},
                      ports = {.u.ioport_permission = {.first_port = 0xFFFF, .nr_ports = 2}},
                      pirq = {.u.irq_permission = {.pirq = 255}};
    void *p;

    for
        EACH_BAD_POINTER(p, sizeof(op))
    CHECK_RC(HYPERVISOR_domctl(p), -EFAULT); /* whoever asks */
    context("%s", "");
    CHECK_RC(HYPERVISOR_domctl(&op), -EACCES); /* here the version comes before the right */
    op.interface_version--;
    CHECK_RC(HYPERVISOR_domctl(&op), is_dom0() ? -ENOSYS : -EPERM);
    NEED_DOM0();
    CHECK_RC(victim_domctl(XEN_DOMCTL_iomem_permission, NOBODY, &wrap), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_iomem_permission, NOBODY, &range), -ESRCH);
    CHECK_RC(victim_domctl(XEN_DOMCTL_ioport_permission, NOBODY, &ports), -EINVAL);
    ports.u.ioport_permission.nr_ports = 1;
    CHECK_RC(victim_domctl(XEN_DOMCTL_ioport_permission, NOBODY, &ports), -ESRCH);
    CHECK_RC(victim_domctl(XEN_DOMCTL_irq_permission, NOBODY, &pirq), -ESRCH);
    if (other_begin(&other)) {
        CHECK_RC(victim_domctl(XEN_DOMCTL_memory_mapping, other.id, &(struct xen_domctl){MEMORY(1, 1, 1)}), 0);
        CHECK_RC(victim_domctl(XEN_DOMCTL_ioport_mapping, other.id, &(struct xen_domctl){PORTS(1, 1, 1)}), 0);
        CHECK_RC(victim_domctl(XEN_DOMCTL_irq_permission, other.id, &pirq), -EINVAL);
        pirq.u.irq_permission.pirq = 1;
        CHECK_RC(victim_domctl(XEN_DOMCTL_irq_permission, other.id, &pirq), 0); /* it has none */
        other_end(&other);
    }
}
