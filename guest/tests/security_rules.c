/* SPDX-License-Identifier: MIT */
/*
 * One test for each rule of docs/security.md that a guest can try to break, named after the rule. Each test is the core
 * of it: the attack from which the field learned the rule, or what a successful attack would leave behind.
 * tests/mutations breaks the same rules in the hypervisor, and then these tests must fail. The rules about page tables
 * are in security_rules_tables.c.
 */
#include <public/grant_table.h>
#include <public/memory.h>

#include "raw.h"
#include "security_rules.h"

extern const char user_rdtsc[];

/* ---- Entry, exit, traps */

#define NT 0x4000u

static volatile uint32_t flags_in_handler, saved_flags;

static bool look_at_flags(struct trap_frame *frame)
{
    uint32_t flags;

    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    flags_in_handler = flags;
    saved_flags = frame->eflags;
    frame->eip += 2;
    return true;
}

#define WITH_NT(instruction)                                                                                \
    __asm__ volatile("pushf; orl $0x4000, (%%esp); popf;" instruction "pushf; andl $~0x4000, (%%esp); popf" \
                     :                                                                                      \
                     : "a"(UNMAPPED)                                                                        \
                     : "memory", "cc")

/* XSA-202, 44: a handler runs without NT, TF and VM, with interrupts on and with the guest's own IOPL. The frame keeps
 * what was set before. With NT set, the handler's iret would be a task switch. */
TEST(rule_flags_on_the_way_to_a_guest)
{
    trap_handler_t old_page_fault = trap_set_handler(TRAP_PAGE_FAULT, look_at_flags);
    trap_handler_t old_invalid = trap_set_handler(TRAP_INVALID_OP, look_at_flags);
    struct iret_result r;

    flags_in_handler = NT;
    WITH_NT("mov (%%eax), %%ecx;"); /* bounce_fast.S */
    CHECK_EQ(flags_in_handler & 0x27300, 0x200);
    CHECK_EQ(saved_flags & NT, NT);
    flags_in_handler = NT;
    WITH_NT("ud2;"); /* bounce.c */
    CHECK_EQ(flags_in_handler & 0x27300, 0x200);
    CHECK_EQ(saved_flags & NT, NT);
    trap_set_handler(TRAP_PAGE_FAULT, old_page_fault);
    trap_set_handler(TRAP_INVALID_OP, old_invalid);
    if (is_int82()) { /* 4.2.5 lets NT through here */
        iret_ring1(0x4202, FLAT_KERNEL_CS, &r);
        CHECK_EQ(r.eflags & NT, 0);
    }
    iret_ring1(0x3002, FLAT_KERNEL_CS, &r);
    CHECK_EQ(r.eflags & 0x3200, 0x200);
}

static volatile uint32_t flags_in_upcall, seen;

static void look_from_upcall(evtchn_port_t port)
{
    uint32_t flags;

    (void)port;
    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    flags_in_upcall = flags;
    seen++;
}

TEST(rule_flags_in_an_upcall)
{
    static evtchn_port_t port;

    port = event_bind_ipi(0);
    event_set_handler(port, look_from_upcall);
    events_enable();
    event_unmask(port);
    seen = 0;
    flags_in_upcall = NT;
    __asm__ volatile("pushf; orl $0x4000, (%%esp); popf; int $0x82; pushf; andl $~0x4000, (%%esp); popf"
                     :
                     : "a"(__HYPERVISOR_event_channel_op), "b"(EVTCHNOP_send), "c"(&port)
                     : "memory", "cc");
    CHECK_EQ(seen, 1);
    CHECK_EQ(flags_in_upcall & 0x27300, 0x200);
    events_disable();
    event_set_handler(port, NULL);
    CHECK_RC(event_close(port), 0);
}

/* XSA-213: an iret within a multicall ends the multicall, because the caller's registers are different ones then. */
TEST(rule_iret_ends_a_multicall)
{
    multicall_entry_t calls[2] = {{.op = __HYPERVISOR_iret},
                                  {.op = __HYPERVISOR_xen_version, .result = 0x5a5a, .args = {XENVER_pagesize}}};
    uint32_t arrived = 0;

    if (!is_int82())
        SKIP("4.2.5 goes on with the other calls");
    __asm__ volatile("mov %%esp, %%edi; pushf; push %%cs; push $1f; push $0x600d; int $0x82; 1: mov %%edi, %%esp"
                     : "=a"(arrived)
                     : "0"(__HYPERVISOR_multicall), "b"(calls), "c"(2)
                     : "memory", "cc", "edi");
    CHECK_EQ(arrived, 0x600d);
    CHECK_EQ(calls[1].result, 0x5a5a);
}

extern volatile uint32_t rule_nmis;
extern const char rule_nmi_entry[];
/* The NMI handler returns by the hypercall, which allows the next NMI, but not endlessly. */
__asm__(".text; rule_nmi_entry: incl rule_nmis; cmpl $10, rule_nmis; jae 1f\n"
        "pushl %eax; movl $23, %eax; int $0x82; 1: iret; .data; .balign 4; rule_nmis: .long 0; .text");

/* XSA-339: a trap that has been delivered is no longer pending, however often the hypervisor checks again. */
TEST(rule_a_pending_trap_is_consumed)
{
    struct {
        uint32_t handler_address, pad;
    } arg = {(uint32_t)rule_nmi_entry, 0};

    rule_nmis = 0;
    CHECK_RC(HYPERVISOR_nmi_op(0, &arg), 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
    for (unsigned int i = 0; i < 3; i++)
        CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry), 0);
    CHECK_EQ(rule_nmis, 1);
    CHECK_RC(HYPERVISOR_nmi_op(1, NULL), 0);
}

static volatile uint32_t gp_faults;

static bool skip_invlpg(struct trap_frame *frame)
{
    gp_faults++;
    frame->gs = 0; /* the stub could not load it again */
    frame->eip += 8;
    return true;
}

static void invlpg_gs(void)
{
    __asm__ volatile("invlpg %%gs:0" : : : "memory");
}

/* XSA-298: a register may hold a selector that its table no longer reaches. An emulation must check the limit before it
 * looks for the descriptor. Here the page of the LDT is still mapped, and the descriptor in it is a good one. */
TEST(rule_limits_before_bases)
{
    trap_handler_t old = trap_set_handler(TRAP_GP, skip_invlpg);
    uint64_t *ldt = alloc_page();
    uint32_t gs;

    if (!is_int82()) {
        trap_set_handler(TRAP_GP, old);
        free_page(ldt);
        SKIP("4.2.5 carries out no INVLPG");
    }
    for (unsigned int i = 0; i < 512; i++)
        ldt[i] = 0x00CFB2000000FFFFull;
    CHECK_RC(page_make_readonly(ldt), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)ldt, 512), 0);
    gp_faults = 0;
    __asm__ volatile("mov %0, %%gs" : : "r"(400 * 8 + 5));
    invlpg_gs();
    CHECK_EQ(gp_faults, 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)ldt, 16), 0);
    __asm__ volatile("mov %%gs, %0" : "=r"(gs));
    __asm__ volatile("mov %0, %%fs" : : "r"(2 * 8 + 5)); /* and so the page gets mapped */
    if (gs) {
        invlpg_gs();
        __asm__ volatile("mov %%gs, %0" : "=r"(gs));
        CHECK(gp_faults == 1 ||
              !gs); /* no fault: another domain has run in the meantime, and GS was not loaded again */
    }
    trap_set_handler(TRAP_GP, old);
    __asm__ volatile("mov %0, %%gs; mov %0, %%fs" : : "r"(0));
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    CHECK_RC(page_make_writable(ldt), 0);
    free_page(ldt);
    if (!gs && !gp_faults)
        SKIP("the way out loads segment registers anew");
}

static void set_tsd(bool on)
{
    __asm__ volatile("mov %%cr4, %%eax; and $~4, %%eax; or %0, %%eax; mov %%eax, %%cr4" : : "r"(on ? 4 : 0) : "eax");
}

/* XSA-293: what a guest sees and changes of CR4 is its own, and is saved and restored. */
TEST(rule_control_registers_come_from_state)
{
    struct caught_trap caught;
    uint32_t before, after;

    if (!user_setup())
        return;
    __asm__ volatile("mov %%cr4, %0" : "=r"(before));
    for (unsigned int i = 0; i < 2; i++) {
        set_tsd(true);
        user_run(user_rdtsc, 0, &caught);
        CHECK_EQ(caught.vector, TRAP_GP);
        set_tsd(false);
        user_run(user_rdtsc, 0, &caught);
        CHECK_EQ(caught.vector, TRAP_USER);
    }
    __asm__ volatile("mov %0, %%cr4" : : "r"(before | 0x3B93));
    __asm__ volatile("mov %%cr4, %0; mov %1, %%cr4" : "=&r"(after) : "r"(before));
    CHECK_EQ(after, before);
    CHECK_EQ(after & 0x2091, 0); /* VME, PSE, PGE, VMXE: a guest has none of these */
    user_teardown();
}

static void read_msr(void *index)
{
    __asm__ volatile("rdmsr" : : "c"(index) : "eax", "edx");
}

static void write_msr(void *index)
{
    __asm__ volatile("wrmsr" : : "c"(index), "a"(0), "d"(0));
}

/* XSA-333: whatever MSR a guest names, the worst that happens is a #GP for that guest. */
TEST(rule_msr_accesses_cannot_fault_the_hypervisor)
{
    static const struct {
        uint32_t first, count;
    } ranges[] = {{0, 0x480},          {0x800, 0x40},      {0x40000001, 15}, {0xC0000080, 16},
                  {0xC0010000, 0x120}, {0xC0011000, 0x40}, {0xC0000100, 8},  {0xFFFFFFF0, 16}};
    struct caught_trap caught;

    for (unsigned int r = 0; r < ARRAY_SIZE(ranges); r++)
        for (uint32_t i = 0; i < ranges[r].count; i++) {
            uint32_t msr = ranges[r].first + i;

            if (trap_catch(&caught, read_msr, (void *)msr) && caught.vector != TRAP_GP)
                FAIL("reading MSR 0x%x: trap %u", msr, caught.vector);
            if (is_int82() && trap_catch(&caught, write_msr, (void *)msr) && caught.vector != TRAP_GP)
                FAIL("writing MSR 0x%x: trap %u", msr, caught.vector);
        }
}

/* ---- Guest pointers */

#define LAST_TABLE_VA (HYPERVISOR_VIRT_START - 0x200000)

/* The last page below the hypervisor. So an access that crosses the border begins in memory that exists. */
static pte_t *map_last_page(uint32_t word)
{
    pte_t *table = new_l1_at(LAST_TABLE_VA);
    uint32_t *last = (uint32_t *)(HYPERVISOR_VIRT_START - PAGE_SIZE);

    if (!table || !CHECK_RC(mmu_set_entry(&table[511], make_pte(virt_to_mfn(page), PTE_KERNEL_RW)), 0))
        return NULL;
    for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
        last[i] = word;
    return table;
}

/* XSA-212: the last element is checked like the first, also in arrays that end at the border or would wrap round. The
 * table of machine frames begins at the border and can be read, so a call that did not check further would find
 * something there. */
#define MANY 0x30000u

TEST(rule_every_element_is_checked)
{
    static const uint32_t counts[] = {1, 2, 3, 64, 65, 100};
    static xen_pfn_t out[2];
    const uint32_t border = HYPERVISOR_VIRT_START;
    struct xen_memory_exchange e = {.in = {.nr_extents = 1, .domid = DOMID_SELF},
                                    .out = {.nr_extents = 1, .domid = DOMID_SELF}};
    xen_pfn_t in[1];
    pte_t *table;

    if (!begin())
        return;
    table = map_last_page(__HYPERVISOR_xen_version);
    in[0] = foreign_frame();
    for (unsigned int i = 0; table && i < ARRAY_SIZE(counts); i++)
        for (uint32_t over = 4; over <= 16; over += 4) {
            uint32_t n = counts[i];

            context("%u elements, %u bytes over", n, over);
            CHECK_RC(HYPERVISOR_mmu_update_dom_page(border - n * 16 + over, n, NULL, DOMID_SELF), -EFAULT);
            CHECK_RC(HYPERVISOR_mmu_update_dom(border - n * 16 + over, n, NULL, DOMID_SELF), -EFAULT);
            CHECK_RC(HYPERVISOR_mmuext_op((mmuext_op_t *)(border - n * 12 + over), n, NULL, DOMID_SELF), -EFAULT);
            CHECK_RC(HYPERVISOR_multicall((multicall_entry_t *)(border - n * 32 + over), n), -EFAULT);
            CHECK_RC(HYPERVISOR_mmu_update_dom(0 - n * 16 + over, n, NULL, DOMID_SELF), -EFAULT);
            CHECK_RC(HYPERVISOR_multicall((multicall_entry_t *)(0 - n * 32 + over), n), -EFAULT);
        }
    context("from what the hypervisor has mapped to the end of the address space");
    CHECK_RC(HYPERVISOR_mmu_update_dom(0 - MANY * 16 + 4, MANY, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(HYPERVISOR_multicall((multicall_entry_t *)(0 - MANY * 32 + 4), MANY), -EFAULT);
    context("%s", "");
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_send, (void *)(border - 3)), -EFAULT);
    e.in.extent_start = in;
    e.out.extent_start = (xen_pfn_t *)border; /* the very case of XSA-212 */
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), -EFAULT);
    e.out.extent_start = (xen_pfn_t *)(border - 2);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), -EFAULT);
    e.in.extent_start = (xen_pfn_t *)border;
    e.out.extent_start = out;
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), -EFAULT);
    if (table)
        drop_l1_at(LAST_TABLE_VA, table);
    end();
}

/* A word that the guest chooses and the hypervisor shows: the table's entry for one of the guest's frames. */
TEST(rule_no_argument_from_above_the_border)
{
    uint32_t pfn, mfn;
    mmu_update_t req;
    int port;

    if (!begin())
        return;
    mfn = virt_to_mfn(page);
    pfn = virt_to_pfn(page);
    port = event_bind_ipi(0);
    event_clear(port);
    req = (mmu_update_t){(uint64_t)mfn << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, port};
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_send, (uint32_t *)MACH2PHYS_VIRT_START + mfn), -EFAULT);
    CHECK(!event_pending(port));
    req.val = pfn;
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_RC(event_close(port), 0);
    end();
}

/* A call that has to answer writes nothing above the border. On Int82 the table that guests can read is mapped a second
 * time, 16 MiB higher, where the hypervisor can write to it. So what it wrote there would be seen. */
TEST(rule_answers_stay_below_the_border)
{
    volatile uint32_t *word = (volatile uint32_t *)MACH2PHYS_VIRT_START;
    const uint32_t writable = MACH2PHYS_VIRT_END;
    mmu_update_t reqs[2];
    uint32_t first, was[8];

    if (!begin())
        return;
    first = virt_to_mfn(page) & ~7u;
    for (unsigned int i = 0; i < 8; i++)
        was[i] = word[first + i];
    reqs[0] = reqs[1] = (mmu_update_t){pte_maddr(&l1[0]), 0};
    for (unsigned int i = 0; i < 8; i++) {
        uint32_t at = writable + (first + i) * 4;

        HYPERVISOR_mmu_update_dom(reqs, 1, at, DOMID_SELF);
        HYPERVISOR_mmu_update_dom(reqs, 2, at, DOMID_SELF);
        HYPERVISOR_mmu_update_dom(reqs, 0, at, DOMID_SELF);
        HYPERVISOR_mmuext_op(NULL, 0, at, DOMID_SELF);
        HYPERVISOR_xen_version(XENVER_platform_parameters, (void *)at);
        HYPERVISOR_memory_op(XENMEM_machphys_mapping, (void *)at);
        HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, (void *)at);
        HYPERVISOR_multicall((multicall_entry_t *)at, 1);
    }
    for (unsigned int i = 0; i < 8; i++)
        CHECK_EQ(word[first + i], was[i]);
    end();
}

/* ---- Events */

/* XSA-340, 342, 343: in every command, the limits of ports are those for a guest of this width. */
TEST(rule_ports_are_bounded)
{
    /* A good port number plus a multiple of 2^30: if each port has 12 bytes, that is the same address. */
    uint32_t good = event_bind_ipi(0), flags_before = vcpu0_info.evtchn_pending_sel;
    const uint32_t ports[] = {
        1024, 1025, 4095, 4096, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, good + (1u << 30), good + (1u << 31)};

    for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++) {
        struct evtchn_unmask unmask = {ports[i]};
        struct evtchn_send send = {ports[i]};
        struct evtchn_close close = {ports[i]};
        struct evtchn_bind_vcpu bind = {ports[i], 0};
        struct evtchn_status status = {.dom = DOMID_SELF, .port = ports[i]};
        evtchn_port_t list[1] = {ports[i]};
        struct sched_poll poll = {.ports = list, .nr_ports = 1, .timeout = 1};

        context("port 0x%x", ports[i]);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send), -EINVAL);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &unmask), -EINVAL);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_close, &close), -EINVAL);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &bind), -EINVAL);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status), -EINVAL);
        CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), -EINVAL);
    }
    context("%s", "");
    CHECK_EQ(vcpu0_info.evtchn_pending_sel, flags_before);
    CHECK_RC(event_close(good), 0);
}

/* ---- Grants to itself, which covers everything but the boundary between two domains */

#define GRANT_VA FREE_VA
#define MAP_VA   (FREE_VA + 0x4000)

static int map_grant(gnttab_map_grant_ref_t *op, uint32_t ref, uint32_t flags)
{
    *op = (gnttab_map_grant_ref_t){.host_addr = MAP_VA, .flags = flags, .ref = ref, .dom = own_domid(), .status = 77};
    return HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, op, 1) ?: op->status;
}

static int unmap_grant(uint32_t address, const gnttab_map_grant_ref_t *op)
{
    gnttab_unmap_grant_ref_t un = {.host_addr = address, .handle = op->handle, .status = 77};

    return HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &un, 1) ?: un.status;
}

static int copy_grant(uint16_t from, uint16_t to, uint16_t length)
{
    gnttab_copy_t copy = {.len = length, .status = 77};

    copy.source.u.gmfn = copy.dest.u.gmfn = virt_to_mfn(page);
    copy.source.domid = copy.dest.domid = DOMID_SELF;
    copy.source.offset = from;
    copy.dest.offset = to;
    return HYPERVISOR_grant_table_op(GNTTABOP_copy, &copy, 1) ?: copy.status;
}

/* XSA-218, 224, 234, 255: an unmap ends exactly what was mapped, and a mapping that failed leaves nothing behind. */
TEST(rule_grants_all_or_nothing)
{
    grant_entry_v1_t *table = (grant_entry_v1_t *)GRANT_VA;
    xen_pfn_t frames[1] = {0};
    gnttab_setup_table_t setup = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list = frames};
    gnttab_map_grant_ref_t op;
    void *other = alloc_page();

    if (!begin())
        return;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
    CHECK_RC(map_at(GRANT_VA, frames[0], PTE_KERNEL_RW), 0);
    table[30] = (grant_entry_v1_t){GTF_permit_access, own_domid(), virt_to_mfn(page)};
    CHECK_RC(map_at(MAP_VA + PAGE_SIZE, virt_to_mfn(other), PTE_KERNEL_RW), 0);
    CHECK_RC(map_grant(&op, 30, GNTMAP_host_map), 0);
    CHECK(unmap_grant(MAP_VA + PAGE_SIZE, &op) != 0); /* another frame's mapping, otherwise the same */
    CHECK_RC(unmap_grant(MAP_VA, &op), 0);
    CHECK(unmap_grant(MAP_VA, &op) != 0);
    CHECK_EQ(table[30].flags, GTF_permit_access);
    CHECK(map_grant(&op, 0x7FFFFFFF, GNTMAP_host_map) != 0);
    CHECK(map_grant(&op, 31, GNTMAP_host_map) != 0);
    op.host_addr = 0;
    table[30].flags = GTF_permit_access | GTF_readonly;
    CHECK(map_grant(&op, 30, GNTMAP_host_map) != 0);
    CHECK_EQ(table[30].flags, GTF_permit_access | GTF_readonly);
    table[30].flags = 0;
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_RC(copy_grant(0, PAGE_SIZE - 16, 16 + i), i ? GNTST_bad_copy_arg : 0);
        CHECK_RC(copy_grant(PAGE_SIZE - 16, 0, 16 + i), i ? GNTST_bad_copy_arg : 0);
    }
    CHECK_RC(copy_grant(0, 0xFFF0, 16), GNTST_bad_copy_arg);
    CHECK_RC(copy_grant(0, 1, 0xFFFF), GNTST_bad_copy_arg);
    CHECK_RC(unmap_at(MAP_VA + PAGE_SIZE), 0);
    CHECK_RC(unmap_at(GRANT_VA), 0);
    check_counts(page);
    free_page(other);
    end();
}
