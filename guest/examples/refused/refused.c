/* SPDX-License-Identifier: MIT */
/*
 * Has one thing of each kind refused, and prints what guest_loglvl=all has to say about it ("expected: ..."), for
 * tests/cases/refused.sh. With `flood=yes`, one update is refused 10 000 times instead.
 */
#include <guest/console.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>

#define LINES_A_SECOND 10

static void *table, *page, *descriptors;
static unsigned int failures;

/* Only so many lines are printed in a second. Nothing is polled: the timeout ends it. */
static void next_second(void)
{
    sched_poll_t poll = {.timeout = system_time() + 1100000000};

    HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

/* The line without the place where it happened. */
static void expect(int32_t seen, int32_t wanted, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void expect(int32_t seen, int32_t wanted, const char *format, ...)
{
    static unsigned int lines;
    char text[300];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    printf("expected: d0v0 refused %s\n", text);
    if (seen != wanted) {
        printf("refused: %d instead of %d\n", seen, wanted);
        failures++;
    }
    if (++lines % LINES_A_SECOND == 0)
        next_second();
}

static void updates(void)
{
    uint32_t t = virt_to_mfn(table), p = virt_to_mfn(page);
    pte_t *entry = (pte_t *)table + 5;

    expect(mmu_set_entry(entry, make_pte(p, PTE_P | PTE_G)), -EINVAL,
           "entry_flags (-22): flags that no entry here may have; entry %x101 at 5 of table %x; frame %x of d0, "
           "type writable, count 1, references 2",
           p, t, p);
    expect(
        mmu_set_entry(entry, make_pte(t, PTE_KERNEL_RW)), -EBUSY,
        "entry_writable (-16): a writable entry for a frame with another use; entry %x at 5 of table %x; frame %x of "
        "d0, type L1, count 1, references 3",
        (uint32_t)make_pte(t, PTE_KERNEL_RW), t, t);
    expect(mmu_set(virt_to_maddr(page) | 5, 0), -ENOSYS,
           "update_command (-38): an unknown command in an update's pointer; pointer %llx", virt_to_maddr(page) | 5);
    expect(mmu_set(0xFFFFFF000ull, 0), -EINVAL,
           "update_pointer (-22): an update of what is no frame of the tables' owner; pointer ffffff000");
    expect(update_va((void *)(MM_SCRATCH_END - PAGE_SIZE), 0, UVMF_NONE), -EINVAL,
           "no_l1_table (-22): an address without an L1 table; address %x", MM_SCRATCH_END - PAGE_SIZE);
    expect(HYPERVISOR_update_va_mapping_otherdomain((uint32_t)page, 0, 0, 0, 77), -ESRCH,
           "other_domain (-3): a call on another domain's memory; domain 4d");
}

static void pins(void)
{
    uint32_t t = virt_to_mfn(table), p = virt_to_mfn(page);

    expect(mmuext(MMUEXT_PIN_L1_TABLE, p, 0), -EINVAL,
           "frame_in_use (-22): a frame that is in use as something else; frame %x of d0, type writable, count 1, "
           "references 2",
           p);
    expect(mmuext(MMUEXT_PIN_L1_TABLE, 0xFFFFFFF, 0), -EINVAL,
           "frame_beyond_ram (-22): a frame beyond the machine's memory; frame fffffff of no domain: beyond RAM");
    expect(mmuext(MMUEXT_UNPIN_TABLE, t, 0), -EINVAL,
           "frame_not_pinned (-22): an unpin of what is not pinned; frame %x of d0, type L1, count 1, references 3", t);
    expect(mmuext(99, 0, 0), -ENOSYS, "mmuext_command (-38): an unknown command of mmuext_op; command 63");
}

/* A page that is to become an L2: its entry 7 names a page that is writable. */
static void validation(void)
{
    uint32_t p = virt_to_mfn(page), t;
    pte_t *l2 = alloc_page();

    t = virt_to_mfn(l2);
    l2[7] = make_pte(p, PTE_P);
    page_make_readonly(l2);
    expect(mmuext(MMUEXT_PIN_L2_TABLE, t, 0), -EINVAL,
           "frame_in_use (-22): a frame that is in use as something else; wanted as L1 at 7 of table %x; frame %x of "
           "d0, type writable, count 1, references 2",
           t, p);
    page_make_writable(l2);
    free_page(l2);
}

static void descriptor_tables(void)
{
    uint32_t frame = virt_to_mfn(descriptors);

    expect(HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(descriptors) + 8), LO_HI(0x0000890000000000ull)), -EINVAL,
           "descriptor (-22): a descriptor that guests may not have; descriptor 890000000000; frame %x of d0, type "
           "writable, count 1, references 2",
           frame);
    expect(HYPERVISOR_set_gdt(&frame, 512), -EINVAL,
           "frame_in_use (-22): a frame that is in use as something else; frame %x of d0, type writable, count 1, "
           "references 2",
           frame);
    expect(HYPERVISOR_set_gdt(&frame, 7169), -EINVAL, "gdt_size (-22): a GDT of this size; entries 1c01");
    expect(mmuext(MMUEXT_SET_LDT, 0xC0000001, 1), -EINVAL,
           "ldt_place (-22): an LDT of this place and size; address c0000001");
    ((uint64_t *)descriptors)[3] = 0x0000890000000000ull;
    page_make_readonly(descriptors);
    expect(HYPERVISOR_set_gdt(&frame, 512), -EINVAL,
           "descriptor (-22): a descriptor that guests may not have; descriptor a90000000000 at 3 of table %x", frame);
}

static void grants(void)
{
    gnttab_map_grant_ref_t map = {.host_addr = (uint32_t)page, .flags = GNTMAP_host_map, .ref = 100000};
    gnttab_unmap_grant_ref_t unmap = {.host_addr = (uint32_t)page, .handle = 77};
    gnttab_set_version_t version = {1};

    HYPERVISOR_grant_table_op(GNTTABOP_set_version, &version, 1);
    HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
    expect(map.status, GNTST_bad_gntref,
           "grant_reference (-3): a reference beyond the granter's table; reference 186a0");
    map.ref = 8;
    HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
    expect(map.status, GNTST_general_error, "grant_permission (-1): a grant that is not for the caller; reference 8");
    HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    expect(unmap.status, GNTST_bad_handle, "grant_handle (-4): a handle that is not in use; handle 4d");
}

/* Nothing is mapped there. */
#define NOWHERE ((void *)0x7FE00000)

static void pointers(void)
{
    const char *wanted = "pointer (-14): an argument that cannot be read or written; address %x";

    expect(HYPERVISOR_mmu_update_dom(NOWHERE, 1, NULL, DOMID_SELF), -EFAULT, wanted, 0x7FE00000);
    expect(HYPERVISOR_mmu_update_dom(NOWHERE, 2, NULL, DOMID_SELF), -EFAULT, wanted, 0x7FE00000);
    expect(HYPERVISOR_mmu_update_dom((void *)HYPERVISOR_VIRT_START, 2, NULL, DOMID_SELF), -EFAULT, wanted,
           HYPERVISOR_VIRT_START);
    expect(HYPERVISOR_mmuext_op(NOWHERE, 1, NULL, DOMID_SELF), -EFAULT, wanted, 0x7FE00000);
    expect(HYPERVISOR_mmuext_op(NOWHERE, 2, NULL, DOMID_SELF), -EFAULT, wanted, 0x7FE00000);
    expect(HYPERVISOR_set_gdt(NOWHERE, 512), -EFAULT, wanted, 0x7FE00000);
    expect(HYPERVISOR_event_channel_op(EVTCHNOP_send, NOWHERE), -EFAULT, wanted, 0x7FE00000);
    expect(HYPERVISOR_event_channel_op(EVTCHNOP_status, NOWHERE), -EFAULT, wanted, 0x7FE00000);
    expect(HYPERVISOR_sched_op(SCHEDOP_poll, NOWHERE), -EFAULT, wanted, 0x7FE00000);
    expect(HYPERVISOR_memory_op(XENMEM_exchange, NOWHERE), -EFAULT, wanted, 0x7FE00000);
    expect(HYPERVISOR_grant_table_op(GNTTABOP_transfer, NOWHERE, 1), -EFAULT, wanted, 0x7FE00000);
}

static int event(uint32_t cmd, void *op)
{
    return HYPERVISOR_event_channel_op(cmd, op);
}

static void events(void)
{
    evtchn_send_t send = {.port = 5};
    evtchn_close_t close = {.port = 5000};
    evtchn_status_t status = {.dom = DOMID_SELF, .port = 5001};
    evtchn_unmask_t unmask = {.port = 5002};
    evtchn_bind_interdomain_t interdomain = {.remote_dom = 0, .remote_port = 6};
    evtchn_bind_virq_t virq = {.virq = 99};
    evtchn_bind_ipi_t ipi = {.vcpu = 3};
    evtchn_bind_pirq_t pirq = {.pirq = 7};
    evtchn_bind_vcpu_t vcpu = {.port = 5, .vcpu = 0};
    evtchn_alloc_unbound_t unbound = {.dom = 77};

    expect(event(EVTCHNOP_send, &send), -EINVAL,
           "event_port (-22): a port that does not exist, or is not for this; port 5");
    expect(event(EVTCHNOP_close, &close), -EINVAL,
           "event_port (-22): a port that does not exist, or is not for this; port 1388");
    expect(event(EVTCHNOP_status, &status), -EINVAL,
           "event_port (-22): a port that does not exist, or is not for this; port 1389");
    expect(event(EVTCHNOP_unmask, &unmask), -EINVAL,
           "event_port (-22): a port that does not exist, or is not for this; port 138a");
    expect(event(EVTCHNOP_bind_vcpu, &vcpu), -EINVAL,
           "event_port (-22): a port that does not exist, or is not for this; port 5");
    expect(event(EVTCHNOP_bind_interdomain, &interdomain), -EINVAL,
           "event_remote (-22): a port that the other domain has not opened for the caller; port 6");
    expect(event(EVTCHNOP_bind_virq, &virq), -EINVAL,
           "event_virq (-22): a VIRQ that does not exist, is bound already, or is for vCPU 0 alone; virq 63");
    expect(event(EVTCHNOP_bind_ipi, &ipi), -ENOENT, "event_vcpu (-2): a vCPU that does not exist; vcpu 3");
    expect(event(EVTCHNOP_bind_pirq, &pirq), -EPERM, "event_pirq (-1): an interrupt of the machine; pirq 7");
    expect(event(EVTCHNOP_alloc_unbound, &unbound), -ESRCH,
           "other_domain (-3): a call on another domain's memory; domain 4d");
    expect(event(99, NULL), -ENOSYS, "command (-38): an unknown command; command 63");
}

/* Ports until there are no more, for which there is one line. */
static void all_ports(void)
{
    evtchn_bind_ipi_t ipi = {.vcpu = 0};
    int rc;

    do
        rc = event(EVTCHNOP_bind_ipi, &ipi);
    while (!rc);
    expect(rc, -ENOSPC, "event_full (-28): one port more");
}

static void scheduling(void)
{
    uint32_t port = 1024;
    sched_poll_t many = {.nr_ports = 129}, high = {.ports = &port, .nr_ports = 1};
    sched_watchdog_t watchdog = {.id = 3};
    sched_remote_shutdown_t shutdown = {.domain_id = 77};

    expect(HYPERVISOR_sched_op(SCHEDOP_poll, &many), -EINVAL, "poll_ports (-22): a poll of too many ports; ports 81");
    expect(HYPERVISOR_sched_op(SCHEDOP_poll, &high), -EINVAL,
           "event_port (-22): a port that does not exist, or is not for this; port 400");
    expect(HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog), -EINVAL,
           "watchdog (-22): a watchdog that is not in use, or one too many; watchdog 3");
    expect(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &shutdown), -ESRCH,
           "other_domain (-3): a call on another domain's memory; domain 4d");
    expect(HYPERVISOR_sched_op(99, NULL), -ENOSYS, "command (-38): an unknown command; command 63");
}

static int reserve(uint32_t cmd, xen_pfn_t *list, uint32_t count, uint32_t order, uint32_t flags)
{
    xen_memory_reservation_t r = {
        .extent_start = list, .nr_extents = count, .extent_order = order, .mem_flags = flags, .domid = DOMID_SELF};

    return HYPERVISOR_memory_op(cmd, &r);
}

/* Of these commands the answer is how many extents were done. */
static void reservations(void)
{
    xen_pfn_t none = 0xFFFFFFF, anybodys = 0, pfn = 0;
    domid_t self = DOMID_SELF;
    uint32_t most = HYPERVISOR_memory_op(XENMEM_maximum_reservation, &self);

    expect(reserve(XENMEM_decrease_reservation, &none, 1, 0, 0), 0,
           "frame_beyond_ram: a frame beyond the machine's memory; frame fffffff of no domain: beyond RAM");
    expect(reserve(XENMEM_decrease_reservation, &anybodys, 1, 0, 0), 0,
           "frame_foreign: a frame of another's; frame 0 of no domain: not RAM, type writable, count 1, references 1");
    expect(reserve(XENMEM_decrease_reservation, NOWHERE, 1, 0, 0), 0,
           "pointer: an argument that cannot be read or written; address 7fe00000");
    expect(reserve(XENMEM_populate_physmap, &pfn, 1, 21, 0), 0, "memory_order: extents of this size; order 15");
    expect(reserve(XENMEM_populate_physmap, &pfn, 1, 0, XENMEMF_address_bits(12)), 0,
           "memory_none: an extent for which no memory is free; order 0");
    expect(reserve(XENMEM_populate_physmap, &pfn, 1u << 26, 0, 0), 0,
           "memory_sizes: a number of extents; extents 4000000");
    if (most == INT32_MAX) /* without dom0_mem=max: there is none */
        return;
    expect(reserve(XENMEM_increase_reservation, NULL, 1, 0, 0), 0,
           "memory_limit: more memory than the domain may have; pages %x", most);
}

static void exchanges(void)
{
    xen_pfn_t in = virt_to_mfn(page), out = 0;
    xen_memory_exchange_t x = {
        .in = {.extent_start = &in, .nr_extents = 1, .domid = DOMID_SELF},
        .out = {.extent_start = &out, .nr_extents = 1, .domid = DOMID_SELF},
    };
    xen_add_to_physmap_t add = {.domid = DOMID_SELF, .gpfn = 0x1234};

    expect(HYPERVISOR_memory_op(XENMEM_exchange, &x), -EINVAL,
           "frame_in_use (-22): a frame that is in use as something else; frame %x of d0, type writable, count 1, "
           "references 2",
           in);
    in = virt_to_mfn(table);
    x.out.nr_extents = 2;
    expect(HYPERVISOR_memory_op(XENMEM_exchange, &x), -EINVAL, "memory_sizes (-22): a number of extents; extents 1");
    x.out.nr_extents = 1;
    x.out.mem_flags = XENMEMF_address_bits(12);
    expect(HYPERVISOR_memory_op(XENMEM_exchange, &x), -ENOMEM,
           "memory_none (-12): an extent for which no memory is free; order 0");
    expect(HYPERVISOR_memory_op(XENMEM_add_to_physmap, &add), -EINVAL,
           "memory_physmap (-22): a change of the physmap; pfn 1234");
    expect(HYPERVISOR_memory_op(63, NULL), -ENOSYS, "command (-38): an unknown command; command 3f");
}

static void transfers(void)
{
    gnttab_transfer_t t = {.mfn = virt_to_mfn(page), .domid = 0, .ref = 8};
    void *given;

    HYPERVISOR_grant_table_op(GNTTABOP_transfer, &t, 1);
    expect(t.status, GNTST_bad_page,
           "frame_in_use (-9): a frame that is in use as something else; frame %x of d0, type writable, count 1, "
           "references 2",
           (uint32_t)t.mfn);
    given = alloc_page();
    page_make_readonly(given);
    t.mfn = virt_to_mfn(given);
    HYPERVISOR_grant_table_op(GNTTABOP_transfer, &t, 1);
    expect(t.status, GNTST_bad_page,
           "frame_referred (-9): a frame to which something still refers; frame %x of d0, type writable, count 0, "
           "references 2",
           (uint32_t)t.mfn);
    update_va(given, 0, UVMF_INVLPG);
    HYPERVISOR_grant_table_op(GNTTABOP_transfer, &t, 1);
    expect(t.status, GNTST_general_error,
           "grant_transfer (-1): a transfer to an entry that is not open for the caller; reference 8");
    expect(HYPERVISOR_grant_table_op(99, NULL, 0), -ENOSYS, "command (-38): an unknown command; command 63");
}

/* --- Instructions: there is no error, but a fault. */

static void read_port(void *unused)
{
    (void)unused;
    __asm__ volatile("in $0x80, %%al" ::: "eax");
}

static void read_msr(void *unused)
{
    (void)unused;
    __asm__ volatile("rdmsr" : : "c"(0x12345678) : "eax", "edx");
}

static void write_cr0(void *unused)
{
    (void)unused;
    __asm__ volatile("mov %0, %%cr0" : : "r"(0x33));
}

static void load_idt(void *unused)
{
    static const uint32_t idtr[2];

    (void)unused;
    __asm__ volatile("lidt (%0); nop" : : "a"(idtr), "m"(idtr));
}

static void store(void *value)
{
    *((volatile uint32_t *)table + 10) = (uint32_t)value;
}

static void push_into_table(void *unused)
{
    (void)unused;
    __asm__ volatile("pushl $0; popl %0" : "=m"(*((uint32_t *)table + 10)));
}

static void instructions(void)
{
    uint32_t t = virt_to_mfn(table), entry = virt_to_mfn(page) << PAGE_SHIFT | PTE_P | PTE_G;

    expect(trap_catch(NULL, read_port, NULL), true, "port: an I/O port; port 80");
    expect(trap_catch(NULL, read_msr, NULL), true, "msr_read: a read of an MSR; register 12345678");
    expect(trap_catch(NULL, write_cr0, NULL), true, "control_register: a write to a control register; value 33");
    expect(trap_catch(NULL, load_idt, NULL), true,
           "instruction: a #GP by an instruction that is not carried out for guests; bytes 9018010f");
    expect(trap_catch(NULL, store, (void *)entry), true,
           "entry_flags (-22): flags that no entry here may have; entry %x at 5 of table %x; frame %x of d0, type "
           "writable, count 1, references 2",
           entry, t, virt_to_mfn(page));
    expect(trap_catch(NULL, push_into_table, NULL), true,
           "store_instruction: a store to a page table by this instruction; address %x", (uint32_t)table + 40);
}

#define FLOOD 10000

static void flood(void)
{
    for (unsigned int i = 0; i < FLOOD; i++)
        failures += mmu_set(virt_to_maddr(page) | 5, 0) != -ENOSYS;
    next_second();
    printf("refused: the flood is over, %u failures\n", failures);
}

void guest_main(void)
{
    char text[16];

    table = alloc_page();
    page = alloc_page();
    descriptors = alloc_page();
    if (guest_option("flood", text, sizeof(text))) {
        flood();
        return;
    }
    if (mm_map_l1((void *)MM_SCRATCH, table))
        guest_panic("no table of its own");
    updates();
    pins();
    validation();
    descriptor_tables();
    grants();
    pointers();
    events();
    all_ports();
    scheduling();
    reservations();
    exchanges();
    transfers();
    instructions();
    printf("refused: %u failures\n", failures);
}
