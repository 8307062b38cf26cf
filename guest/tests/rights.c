/* SPDX-License-Identifier: MIT */
/* What only domain 0 may, what only a frame's owner may, and what not even domain 0 may do to itself. */
#include "other.h"

#include <guest/ports.h>
#include <public/memory.h>
#include <public/physdev.h>
#include <public/sysctl.h>

#define E820_TOO_MANY 129u /* the machine itself has no more than 128 */

TEST(rule_rights_are_domain_0s)
{
    struct xen_domctl domctl = {.cmd = XEN_DOMCTL_getdomaininfo, .interface_version = XEN_DOMCTL_INTERFACE_VERSION};
    struct xen_sysctl sysctl = {.cmd = XEN_SYSCTL_physinfo, .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    xen_platform_op_t platform = {.cmd = XENPF_get_cpuinfo, .interface_version = XENPF_INTERFACE_VERSION};
    struct sched_remote_shutdown shutdown = {.domain_id = 0, .reason = SHUTDOWN_crash};
    struct mmuext_op flush = {.cmd = MMUEXT_FLUSH_CACHE};
    struct xen_memory_map map = {.nr_entries = 128, .buffer = (void *)VICTIM_VA(VICTIM_SPARE)};
    struct physdev_irq irq = {.irq = 1};
    struct vcpu_set_singleshot_timer timer = {.timeout_abs_ns = 1};
    uint32_t port_beyond = 1024;
    struct sched_poll poll = {.nr_ports = 1, .timeout = 1};
    struct sched_watchdog first = {.timeout = 1000}, watchdog = {.id = 33, .timeout = 1000}; /* 1 << 32 is 1 << 0 */
    struct physdev_set_iobitmap bitmap = {.bitmap = (void *)IN_HYPERVISOR, .nr_ports = 65536};
    domid_t zero = 0, self;

    if (!other_begin(&other))
        return;
    poll.ports = (void *)OTHER_ARGUMENT(&other, port_beyond);
    other_call(&other, "a port beyond the last", -EINVAL, __HYPERVISOR_sched_op, SCHEDOP_poll,
               OTHER_ARGUMENT(&other, poll), 0, 0);
    other_call(&other, "a watchdog", 1, __HYPERVISOR_sched_op, SCHEDOP_watchdog, OTHER_ARGUMENT(&other, first), 0, 0);
    other_call(&other, "a watchdog beyond the last", -EINVAL, __HYPERVISOR_sched_op, SCHEDOP_watchdog,
               OTHER_ARGUMENT(&other, watchdog), 0, 0);
    other_call(&other, "I/O bitmap in the hypervisor", -EINVAL, __HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap,
               OTHER_ARGUMENT(&other, bitmap), 0, 0);
    bitmap.bitmap = (void *)(HYPERVISOR_VIRT_START - 100);
    other_call(&other, "I/O bitmap up to the hypervisor", -EINVAL, __HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap,
               OTHER_ARGUMENT(&other, bitmap), 0, 0);
    self = other.id;
    other_call(&other, "domctl", -EPERM, __HYPERVISOR_domctl, OTHER_ARGUMENT(&other, domctl), 0, 0, 0);
    other_call(&other, "sysctl", -EPERM, __HYPERVISOR_sysctl, OTHER_ARGUMENT(&other, sysctl), 0, 0, 0);
    other_call(&other, "dom0_op", -EPERM, __HYPERVISOR_dom0_op, OTHER_ARGUMENT(&other, platform), 0, 0, 0);
    other_call(&other, "remote shutdown", -EPERM, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown,
               OTHER_ARGUMENT(&other, shutdown), 0, 0);
    other_call(&other, "console's input", -EPERM, __HYPERVISOR_console_io, CONSOLEIO_read, 1, VICTIM_VA(VICTIM_SPARE),
               0);
    other_call(&other, "the caches", -EINVAL, __HYPERVISOR_mmuext_op, OTHER_ARGUMENT(&other, flush), 1, 0, DOMID_SELF);
    other_call(&other, "the machine's memory map", -EINVAL, __HYPERVISOR_memory_op, XENMEM_machine_memory_map,
               OTHER_ARGUMENT(&other, map), 0, 0);
    other_call(&other, "an interrupt's vector", -EPERM, __HYPERVISOR_physdev_op, PHYSDEVOP_alloc_irq_vector,
               OTHER_ARGUMENT(&other, irq), 0, 0);
    other_call(&other, "another vCPU's timer", -EINVAL, __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 1,
               OTHER_ARGUMENT(&other, timer), 0);
    other_call(&other, "domain 0's size", -EPERM, __HYPERVISOR_memory_op, XENMEM_current_reservation,
               OTHER_ARGUMENT(&other, zero), 0, 0);
    other_call(&other, "its own size, by its number", -EPERM, __HYPERVISOR_memory_op, XENMEM_current_reservation,
               OTHER_ARGUMENT(&other, self), 0, 0);
    other_carry_out(&other);
    other_end(&other);
}

/* Page tables: frames that are not the domain's own, with every number that it may give as their owner. */
TEST(rule_rights_over_frames)
{
    const uint32_t hole = VICTIM_HOLE_VA, flags = PTE_KERNEL_RO;
    uint32_t slot, own;
    mmu_update_t io, of_domain_0, tables_of_0, m2p;
    struct mmuext_op base = {.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = virt_to_mfn(mm_base())}, copy;
    struct physdev_pirq_eoi_gmfn eoi;
    struct vcpu_register_vcpu_info info = {.offset = 128};
    xen_pfn_t gdt;
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE,
                            .arg1.mfn = pte_maddr(mm_l1_entry((void *)FREE_VA)) >> PAGE_SHIFT};
    void *page, *gdt_page;

    if (!other_begin(&other))
        return;
    page = alloc_page();
    gdt_page = alloc_page();
    memset(gdt_page, 0, PAGE_SIZE);
    CHECK_RC(page_make_readonly(gdt_page), 0); /* its contents would do as descriptors */
    gdt = virt_to_mfn(gdt_page);
    eoi.gmfn = info.mfn = virt_to_mfn(page);
    own = other.mfn[VICTIM_DATA];
    copy = (struct mmuext_op){.cmd = MMUEXT_COPY_PAGE, .arg1.mfn = own, .arg2.src_mfn = virt_to_mfn(page)};
    m2p = (mmu_update_t){.ptr = (uint64_t)virt_to_mfn(page) << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, .val = 1};
    slot = (hole - VICTIM_VA(0)) / PAGE_SIZE * 8;
    io.ptr = of_domain_0.ptr = ((uint64_t)other.mfn[VICTIM_L1] << PAGE_SHIFT) + slot;
    io.val = make_pte(MMIO_FRAME, flags);
    of_domain_0.val = make_pte(virt_to_mfn(page), flags);
    tables_of_0 = (mmu_update_t){.ptr = pte_maddr(mm_l1_entry((void *)FREE_VA)), .val = make_pte(own, flags)};
    other_call(&other, "I/O memory", -EPERM, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, io), 1, 0, DOMID_SELF);
    other_call(&other, "I/O memory, as DOMID_IO's", -ESRCH, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, io), 1, 0,
               DOMID_IO);
    other_call(&other, "I/O memory, by address", -EPERM, __HYPERVISOR_update_va_mapping, hole,
               MMIO_FRAME << PAGE_SHIFT | flags, 0, 0);
    other_call(&other, "domain 0's frame", -ESRCH, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, of_domain_0), 1, 0,
               0);
    other_call(&other, "domain 0's tables", -ESRCH, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, tables_of_0), 1, 0,
               1 << 16 | DOMID_SELF);
    other_call(&other, "domain 0's table, pinned", -ESRCH, __HYPERVISOR_mmuext_op, OTHER_ARGUMENT(&other, pin), 1, 0,
               0);
    other_call(&other, "domain 0's table, pinned as its own", -EINVAL, __HYPERVISOR_mmuext_op,
               OTHER_ARGUMENT(&other, pin), 1, 0, DOMID_SELF);
    other_call(&other, "domain 0's frame, copied", -EINVAL, __HYPERVISOR_mmuext_op, OTHER_ARGUMENT(&other, copy), 1, 0,
               DOMID_SELF);
    other_call(&other, "domain 0's tables, run on", -EINVAL, __HYPERVISOR_mmuext_op, OTHER_ARGUMENT(&other, base), 1, 0,
               DOMID_SELF);
    other_call(&other, "domain 0's frame in machine-to-phys", -EINVAL, __HYPERVISOR_mmu_update,
               OTHER_ARGUMENT(&other, m2p), 1, 0, DOMID_SELF);
    other_call(&other, "domain 0's frame as GDT", -EINVAL, __HYPERVISOR_set_gdt, OTHER_ARGUMENT(&other, gdt), 512, 0,
               0);
    other_call(&other, "domain 0's frame as eoi page", -EINVAL, __HYPERVISOR_physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v1,
               OTHER_ARGUMENT(&other, eoi), 0, 0);
    other_call(&other, "domain 0's frame as vcpu_info", -EINVAL, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0,
               OTHER_ARGUMENT(&other, info), 0);
    other_carry_out(&other);
    CHECK(!probe_read((void *)FREE_VA, NULL, NULL));
    other_end(&other);
    CHECK_RC(page_make_writable(gdt_page), 0);
    free_page(gdt_page);
    free_page(page);
}

/* domctl: what domain 0 must not do to itself, and vCPUs that do not exist. */
TEST(rule_rights_end_at_oneself)
{
    static struct vcpu_guest_context c;
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = 0, .ctxt.p = &c}}, beyond = {.u.vcpucontext = {.vcpu = 2}},
                      more = {.u.max_vcpus.max = 9};

    if (!other_begin(&other))
        return;
    CHECK_RC(victim_domctl(XEN_DOMCTL_pausedomain, 0, &op), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_destroydomain, 0, &op), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_setvcpucontext, 0, &op), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_getvcpucontext, 0, &op), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_max_vcpus, 0, &more), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_max_vcpus, other.id, &more), -EINVAL);
    beyond.u.vcpucontext.ctxt.p = &c;
    CHECK_RC(victim_domctl(XEN_DOMCTL_getvcpucontext, other.id, &beyond), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_setvcpucontext, other.id, &beyond), -EINVAL);
    other_end(&other);
}

/* Domain 0 names vCPUs, lengths and frames of other domains. Wrong ones must be refused here, too. */
TEST(rule_rights_end_at_numbers)
{
    static const uint32_t ops[] = {XEN_DOMCTL_getvcpuinfo,    XEN_DOMCTL_getvcpuaffinity, XEN_DOMCTL_setvcpuaffinity,
                                   XEN_DOMCTL_getvcpucontext, XEN_DOMCTL_setvcpucontext,  XEN_DOMCTL_sendtrigger};
    static struct e820entry entries[E820_TOO_MANY];
    static uint8_t cpus = 1;
    struct xen_foreign_memory_map map = {.map = {.nr_entries = E820_TOO_MANY, .buffer = entries}};
    struct xen_domctl page = {.u.hypercall_init.gmfn = virt_to_mfn(mm_base())};
    void *frame;

    if (!other_begin(&other))
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
        for (uint32_t vcpu = 2; vcpu < 600; vcpu++) {
            struct xen_domctl op = {.u.vcpuaffinity = {.vcpu = vcpu, .cpumap = {.bitmap = &cpus, .nr_cpus = 8}}};
            int rc;

            if (ops[i] == XEN_DOMCTL_sendtrigger)
                op.u.sendtrigger = (struct xen_domctl_sendtrigger){XEN_DOMCTL_SENDTRIGGER_NMI, vcpu};
            context("domctl %u, vCPU %u", ops[i], vcpu);
            rc = victim_domctl(ops[i], other.id, &op);
            if (!CHECK(rc == -EINVAL || rc == -ESRCH))
                break;
        }
    context("memory map");
    map.domid = other.id;
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_set_memory_map, &map), -EINVAL);
    context("hypercall page in domain 0's frames");
    CHECK_RC(victim_domctl(XEN_DOMCTL_hypercall_init, other.id, &page), -EACCES);
    frame = alloc_page();
    page.u.hypercall_init.gmfn = virt_to_mfn(frame);
    CHECK_RC(victim_domctl(XEN_DOMCTL_hypercall_init, other.id, &page), -EACCES);
    page.u.hypercall_init.gmfn = other.mfn[VICTIM_L1]; /* a page table */
    CHECK_RC(victim_domctl(XEN_DOMCTL_hypercall_init, other.id, &page), -EACCES);
    free_page(frame);
    other_end(&other);
}

/* vCPUs that the domain itself does not have. */
TEST(rule_rights_end_at_the_last_vcpu)
{
    if (!is_int82())
        SKIP("others may have more of them");
    for (uint32_t vcpu = 8; vcpu < 600; vcpu++) {
        context("vCPU %u", vcpu);
        if (!CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_is_up, vcpu, NULL), vcpu < 32 ? -ENOENT : -EINVAL))
            break;
    }
}

/* memory_op: how much memory the domain may have, and whose frames it may give back. */
TEST(rule_rights_over_memory)
{
    struct xen_memory_reservation more = {.extent_start = (void *)VICTIM_VA(VICTIM_SPARE), .domid = DOMID_SELF},
                                  others = more, of_0 = more;
    struct xen_memory_exchange
        exchange = {.in = {.extent_start = (void *)VICTIM_VA(VICTIM_SPARE + 1), .nr_extents = 1, .domid = DOMID_SELF},
                    .out = {.extent_start = (void *)VICTIM_VA(VICTIM_SPARE + 2), .nr_extents = 1, .domid = DOMID_SELF}},
        large;
    xen_pfn_t *list;
    void *page;

    if (!other_begin(&other))
        return;
    page = alloc_page();
    CHECK_RC(update_va(page, 0, UVMF_INVLPG), 0); /* nothing but the reservation refers to it */
    list = victim_map(&other, VICTIM_SPARE + 1);
    if (list)
        *list = virt_to_mfn(page);
    victim_unmap();
    more.nr_extents = 257; /* of 256: victim.c */
    others.extent_start = (void *)VICTIM_VA(VICTIM_SPARE + 1);
    others.nr_extents = of_0.nr_extents = 1;
    of_0.domid = 0;
    large = exchange;
    large.in.extent_order = large.out.extent_order = 10;
    other_call(&other, "4 MiB in a row", -EPERM, __HYPERVISOR_memory_op, XENMEM_exchange, OTHER_ARGUMENT(&other, large),
               0, 0);
    other_call(&other, "domain 0's frame, given back", 0, __HYPERVISOR_memory_op, XENMEM_decrease_reservation,
               OTHER_ARGUMENT(&other, others), 0, 0);
    other_call(&other, "domain 0's frame, exchanged", -EINVAL, __HYPERVISOR_memory_op, XENMEM_exchange,
               OTHER_ARGUMENT(&other, exchange), 0, 0);
    other_call(&other, "more for domain 0", 0, __HYPERVISOR_memory_op, XENMEM_increase_reservation,
               OTHER_ARGUMENT(&other, of_0), 0, 0);
    other_call(&other, "one more than it may have", 256, __HYPERVISOR_memory_op, XENMEM_increase_reservation,
               OTHER_ARGUMENT(&other, more), 0, 0);
    other_carry_out(&other);
    other_end(&other);
    CHECK_RC(update_va(page, make_pte(virt_to_mfn(page), PTE_KERNEL_RW), UVMF_INVLPG), 0);
    *(volatile uint32_t *)page = 0;
    free_page(page);
}

/* ---- In an ordinary domain itself */

#define CMOS_YEAR 9

static void set_hypercall_page(void *frame)
{
    uint64_t at = (uint64_t)(uint32_t)frame << PAGE_SHIFT;

    __asm__ volatile("wrmsr" : : "A"(at), "c"(0x40000000));
}

/* A domain may set its own I/O privilege level, but that does not give it the machine's devices. */
TEST(rule_rights_over_devices)
{
    static const uint16_t ports[] = {0x64, 0x92, 0x3DA, 0x3FD, 0xCFC, 0xB000};
    struct physdev_set_iopl iopl = {1};
    struct caught_trap caught;

    if (start_info->flags & SIF_PRIVILEGED)
        SKIP("this domain has them");
    if (!is_int82())
        SKIP("not tried on another hypervisor");
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++) {
        context("port 0x%x", ports[i]);
        CHECK_EQ(inb(ports[i]), 0xFF);
    }
    context("the clock");
    outb(0x70, CMOS_YEAR);
    CHECK_EQ(inb(0x71), 0xFF);
    iopl.iopl = 0;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    context("hypercall page in a frame of the hypervisor's");
    EXPECT_TRAP(&caught, set_hypercall_page, foreign_frame(), TRAP_GP);
}
