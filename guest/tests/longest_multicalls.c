/* SPDX-License-Identifier: MIT */
/*
 * Multicalls of 64 calls, each of them the worst of its kind: the longest lists, full tables, all ports in use. What
 * one call takes without accounting for it (spend() in xen/sched.h), 64 calls take together.
 * tests/cases/longest_stretch.sh measures for how long interrupts are off meanwhile. These tests check that the calls
 * do what they should.
 */
#include "longest.h"

#include <public/callback.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/nmi.h>
#include <public/physdev.h>

multicall_entry_t calls[CALLS];

void call_at(uint32_t i, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4)
{
    calls[i] = (multicall_entry_t){.op = op, .result = 0x7777, .args = {a0, a1, a2, a3, a4}};
}

void make_calls(const char *what, int32_t result)
{
    context("%s", what);
    CHECK_RC(HYPERVISOR_multicall(calls, CALLS), 0);
    for (uint32_t i = 0; i < CALLS; i++)
        if ((int32_t)calls[i].result != result) {
            FAIL("call %u answers %d instead of %d", i, (int32_t)calls[i].result, result);
            return;
        }
}

void repeat(const char *what, int32_t result, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
    for (uint32_t i = 0; i < CALLS; i++)
        call_at(i, op, a0, a1, a2, a3, 0);
    make_calls(what, result);
}

void alternate(const char *what, uint32_t op, const uint32_t a[4], const uint32_t b[4])
{
    for (uint32_t i = 0; i < CALLS; i++) {
        const uint32_t *args = i & 1 ? b : a;

        call_at(i, op, args[0], args[1], args[2], args[3], 0);
    }
    make_calls(what, 0);
}

/* ---- Events */

static struct {
    evtchn_alloc_unbound_t unbound;
    evtchn_bind_ipi_t ipi;
    evtchn_bind_virq_t virq;
    evtchn_bind_interdomain_t interdomain;
    evtchn_status_t status;
    evtchn_unmask_t unmask;
    evtchn_bind_vcpu_t vcpu;
    evtchn_init_control_t control;
} ev;
static evtchn_close_t to_close[1024];

static void event_op(const char *what, int32_t result, uint32_t cmd, void *arg)
{
    repeat(what, result, __HYPERVISOR_event_channel_op, cmd, ARG(arg), 0, 0);
}

TEST(longest_multicalls_of_events)
{
    uint32_t taken = 0;
    int port;

    while ((port = event_alloc_unbound(DOMID_SELF, DOMID_SELF)) > 0)
        to_close[taken++].port = port;
    CHECK_RC(port, -ENOSPC);
    CHECK(taken > 1000);
    ev.unbound.dom = ev.unbound.remote_dom = DOMID_SELF;
    event_op("no room for an unbound port", -ENOSPC, EVTCHNOP_alloc_unbound, &ev.unbound);
    event_op("nor for an IPI", -ENOSPC, EVTCHNOP_bind_ipi, &ev.ipi);
    ev.virq.virq = VIRQ_DEBUG;
    event_op("nor for an interrupt", -ENOSPC, EVTCHNOP_bind_virq, &ev.virq);
    ev.interdomain.remote_dom = DOMID_SELF;
    ev.interdomain.remote_port = to_close[0].port;
    event_op("nor to bind", -ENOSPC, EVTCHNOP_bind_interdomain, &ev.interdomain);
    ev.status.dom = DOMID_SELF;
    ev.status.port = ev.unmask.port = ev.vcpu.port = to_close[taken - 1].port;
    event_op("status", 0, EVTCHNOP_status, &ev.status);
    CHECK_EQ(ev.status.status, EVTCHNSTAT_unbound);
    event_op("unmask", 0, EVTCHNOP_unmask, &ev.unmask);
    event_op("another vCPU", 0, EVTCHNOP_bind_vcpu, &ev.vcpu);
    event_op("send to nobody", 0, EVTCHNOP_send, &to_close[0]);
    ev.control.control_gfn = virt_to_mfn(to_close);
    event_op("FIFO events", -ENOSYS, EVTCHNOP_init_control, &ev.control);
    for (uint32_t i = 0; i < CALLS; i++)
        call_at(i, __HYPERVISOR_event_channel_op, EVTCHNOP_close, ARG(&to_close[--taken]), 0, 0, 0);
    make_calls("close", 0);
    while (taken)
        CHECK_RC(event_close(to_close[--taken].port), 0);
    events_clear_all();
}

TEST(longest_multicalls_of_resets)
{
    static evtchn_reset_t reset = {DOMID_SELF};
    int port, last = 0;

    NEED_DOM0(); /* other domains would lose their console */
    while ((port = event_bind_ipi(0)) > 0)
        last = port;
    event_op("reset", 0, EVTCHNOP_reset, &reset);
    ev.status.dom = DOMID_SELF;
    ev.status.port = last;
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_status, &ev.status), 0);
    CHECK_EQ(ev.status.status, EVTCHNSTAT_closed);
    events_clear_all();
}

/* ---- Physical interrupts: what looks at all of the domain's numbers */

TEST(longest_multicalls_of_pirqs)
{
    static struct physdev_map_pirq line = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 5, .pirq = 5},
                                   any = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 6, .pirq = -1},
                                   message = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI, .index = -1, .pirq = -1};
    static struct physdev_unmap_pirq gone = {.domid = DOMID_SELF, .pirq = 5};

    NEED_DOM0();
    repeat("a line", 0, __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, ARG(&line), 0, 0);
    repeat("the ends of all that is not masked", 0, __HYPERVISOR_physdev_op, PHYSDEVOP_IRQ_UNMASK_NOTIFY, 0, 0, 0);
    any.pirq = 7; /* it has no number, and may not have this one */
    line.index = 7, line.pirq = 7;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &line), 0);
    repeat("another line", -EINVAL, __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, ARG(&any), 0, 0);
    repeat("the host bridge's message", -ENODEV, __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, ARG(&message), 0, 0);
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_unmap_pirq, &gone), 0);
    gone.pirq = 7;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_unmap_pirq, &gone), 0);
}

/* ---- Traps and other state of a vCPU */

#define UNUSED_VECTOR 0xF0

static trap_info_t traps[4096];

static void make_traps(uint32_t count)
{
    for (uint32_t i = 0; i < ARRAY_SIZE(traps); i++)
        traps[i] = (trap_info_t){.vector = UNUSED_VECTOR, .cs = FLAT_KERNEL_CS, .address = i < count ? 0x1000 : 0};
}

TEST(longest_multicalls_of_traps)
{
    static const uint32_t lengths[] = {1, 8, 30, 64, 254, ARRAY_SIZE(traps) - 1};

    for (uint32_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        make_traps(lengths[i]);
        repeat("set_trap_table", 0, __HYPERVISOR_set_trap_table, ARG(traps), 0, 0, 0);
    }
    trap_set_entry(UNUSED_VECTOR, NULL, 0);
}

TEST(longest_multicalls_of_registers)
{
    static const uint32_t set[4] = {1}, clear[4] = {0};
    static struct callback_register callback = {.type = CALLBACKTYPE_event};
    static struct physdev_set_iopl iopl = {0};

    alternate("fpu_taskswitch", __HYPERVISOR_fpu_taskswitch, set, clear);
    for (uint32_t reg = 0; reg < 4; reg++)
        repeat("set_debugreg", 0, __HYPERVISOR_set_debugreg, reg, 0, 0, 0);
    repeat("set_debugreg 7", 0, __HYPERVISOR_set_debugreg, 7, 0, 0, 0);
    repeat("get_debugreg", 0, __HYPERVISOR_get_debugreg, 3, 0, 0, 0);
    callback.address.cs = FLAT_KERNEL_CS;
    callback.address.eip = ARG(event_entry);
    repeat("callback_op", 0, __HYPERVISOR_callback_op, CALLBACKOP_register, ARG(&callback), 0, 0);
    repeat("set_callbacks", 0, __HYPERVISOR_set_callbacks, FLAT_KERNEL_CS, ARG(event_entry), FLAT_KERNEL_CS,
           ARG(failsafe_entry));
    repeat("physdev_op", 0, __HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, ARG(&iopl), 0, 0);
    repeat("no such call", -ENOSYS, 11, 0, 0, 0, 0);
    repeat("no multicall in a multicall", -EINVAL, __HYPERVISOR_multicall, ARG(calls), 1, 0, 0);
}

TEST(longest_multicalls_of_version)
{
    static uint32_t text[1024];
    int32_t rc;

    for (uint32_t cmd = 0; cmd <= 10; cmd++) {
        text[0] = 0;
        rc = HYPERVISOR_xen_version(cmd, cmd == XENVER_pagesize ? NULL : text);
        if (rc == -EPERM || rc == -ENOSYS)
            continue;
        repeat("xen_version", rc, __HYPERVISOR_xen_version, cmd, cmd == XENVER_pagesize ? 0 : ARG(text), 0, 0);
    }
}

/* ---- Time and scheduling */

TEST(longest_multicalls_of_time)
{
    static vcpu_runstate_info_t runstate;
    static struct vcpu_set_periodic_timer periodic = {.period_ns = 100000000};
    static struct vcpu_set_singleshot_timer single;
    static struct {
        uint32_t id, timeout;
    } watchdog;
    uint64_t late = system_time() + 3600ull * 1000000000;

    repeat("yield", 0, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0);
    repeat("set_timer_op", 0, __HYPERVISOR_set_timer_op, (uint32_t)late, late >> 32, 0, 0);
    repeat("stop the timer", 0, __HYPERVISOR_set_timer_op, 0, 0, 0, 0);
    repeat("runstate", 0, __HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, ARG(&runstate), 0);
    CHECK_EQ(runstate.state, RUNSTATE_running);
    repeat("is_up", 1, __HYPERVISOR_vcpu_op, VCPUOP_is_up, 0, 0, 0);
    repeat("periodic timer", 0, __HYPERVISOR_vcpu_op, VCPUOP_set_periodic_timer, 0, ARG(&periodic), 0);
    repeat("no periodic timer", 0, __HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0, 0, 0);
    single.timeout_abs_ns = late;
    repeat("singleshot timer", 0, __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, ARG(&single), 0);
    repeat("no singleshot timer", 0, __HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0, 0);
    watchdog.timeout = 600;
    watchdog.id = HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog);
    if (CHECK((int32_t)watchdog.id > 0)) {
        repeat("watchdog", 0, __HYPERVISOR_sched_op, SCHEDOP_watchdog, ARG(&watchdog), 0, 0);
        watchdog.timeout = 0;
        CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_watchdog, &watchdog), 0);
    }
}

/* 128 ports of which the last is pending, so none of the polls waits. */
TEST(longest_multicalls_of_polls)
{
    static evtchn_port_t ports[128];
    static struct sched_poll poll = {.nr_ports = ARRAY_SIZE(ports)};
    bool enabled = events_disable();
    int quiet = event_bind_ipi(0), loud = event_bind_ipi(0);

    for (uint32_t i = 0; i < ARRAY_SIZE(ports); i++)
        ports[i] = i + 1 < ARRAY_SIZE(ports) ? quiet : loud;
    poll.ports = ports;
    event_mask(loud);
    CHECK_RC(event_send(loud), 0);
    repeat("poll", 0, __HYPERVISOR_sched_op, SCHEDOP_poll, ARG(&poll), 0, 0);
    CHECK_RC(event_close(loud), 0);
    CHECK_RC(event_close(quiet), 0);
    if (enabled)
        events_enable();
}

/* ---- Page tables */

#define REQUESTS 64u

static mmu_update_t requests[REQUESTS];
static uint32_t done;

static void batches(const char *what, uint32_t count)
{
    repeat(what, 0, __HYPERVISOR_mmu_update, ARG(requests), count, ARG(&done), DOMID_SELF);
    CHECK_EQ(done, count);
}

TEST(longest_batch)
{
    static mmu_update_t many[4096];
    void *data = alloc_page();

    for (uint32_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = (mmu_update_t){virt_to_maddr(data) + i % 512 * 8, i};
    CHECK_RC(HYPERVISOR_mmu_update_dom(many, ARRAY_SIZE(many), &done, DOMID_SELF), 0);
    CHECK_EQ(done, ARRAY_SIZE(many));
    CHECK_EQ(((uint64_t *)data)[511], ARRAY_SIZE(many) - 1);
    free_page(data);
}

/* The entries of FREE_VA come and go. Each page is named first as data and then not at all. */
TEST(longest_multicalls_of_mmu_update)
{
    static const uint32_t counts[] = {1, 2, 15, 63, 64};
    void *page = alloc_page(), *data = alloc_page();
    uint64_t slot = pte_maddr(mm_l1_entry((void *)FREE_VA));
    pte_t entry = make_pte(virt_to_mfn(page), PTE_KERNEL_RW);

    for (uint32_t n = 0; n < ARRAY_SIZE(counts); n++) {
        context("%u requests", counts[n]);
        for (uint32_t i = 0; i < REQUESTS; i++)
            requests[i] = (mmu_update_t){slot + i / 2 * 8, i & 1 ? 0 : entry};
        batches("entries that come and go", counts[n]);
        for (uint32_t i = 0; i < REQUESTS; i++)
            requests[i] = (mmu_update_t){(slot + i * 8) | MMU_PT_UPDATE_PRESERVE_AD, entry ^ (i & 1 ? PTE_RW : 0)};
        batches("entries that keep A and D", counts[n]);
        for (uint32_t i = 0; i < REQUESTS; i++)
            requests[i] = (mmu_update_t){slot + i * 8, 0};
        batches("entries that go", REQUESTS);
        for (uint32_t i = 0; i < REQUESTS; i++)
            requests[i] = (mmu_update_t){virt_to_maddr(data) + i * 8, i};
        batches("data", counts[n]);
        CHECK_EQ(((uint64_t *)data)[counts[n] - 1], counts[n] - 1);
        for (uint32_t i = 0; i < REQUESTS; i++)
            requests[i] = (mmu_update_t){virt_to_maddr(page) | MMU_MACHPHYS_UPDATE, virt_to_pfn(page)};
        batches("numbers of frames", counts[n]);
    }
    free_page(page);
    free_page(data);
}

TEST(longest_multicalls_of_update_va_mapping)
{
    static const uint32_t flags[] = {0, UVMF_INVLPG, UVMF_TLB_FLUSH, UVMF_INVLPG | UVMF_ALL};
    void *page = alloc_page();
    pte_t entry = make_pte(virt_to_mfn(page), PTE_KERNEL_RW);

    for (uint32_t f = 0; f < ARRAY_SIZE(flags); f++) {
        uint32_t set[4] = {FREE_VA, (uint32_t)entry, entry >> 32, flags[f]}, clear[4] = {FREE_VA, 0, 0, flags[f]};
        uint32_t ro[4] = {FREE_VA, (uint32_t)(entry & ~PTE_RW), entry >> 32, flags[f]};

        alternate("update_va_mapping", __HYPERVISOR_update_va_mapping, set, clear);
        alternate("writable and not", __HYPERVISOR_update_va_mapping, ro, set);
        CHECK_RC(update_va((void *)FREE_VA, 0, UVMF_INVLPG), 0);
    }
    free_page(page);
}

#define ENTRIES (PAGE_SIZE / sizeof(pte_t))

static struct mmuext_op ops[CALLS];

static void ext_call(uint32_t i, uint32_t cmd, uint32_t arg1, uint32_t arg2)
{
    ops[i] = (struct mmuext_op){.cmd = cmd, .arg1.mfn = arg1, .arg2.nr_ents = arg2};
    call_at(i, __HYPERVISOR_mmuext_op, ARG(&ops[i]), 1, 0, DOMID_SELF, 0);
}

static void pin_and_unpin(const char *what, uint32_t cmd, const void *table)
{
    for (uint32_t i = 0; i < CALLS; i++)
        ext_call(i, i & 1 ? MMUEXT_UNPIN_TABLE : cmd, virt_to_mfn(table), 0);
    make_calls(what, 0);
}

TEST(longest_multicalls_of_pins)
{
    pte_t *l1 = alloc_page(), *l2 = alloc_page();
    void *data = alloc_page();

    CHECK_RC(page_make_readonly(l2), 0);
    pin_and_unpin("an empty L2", MMUEXT_PIN_L2_TABLE, l2);
    CHECK_RC(page_make_readonly(l1), 0);
    pin_and_unpin("an empty L1", MMUEXT_PIN_L1_TABLE, l1);
    CHECK_RC(page_make_writable(l1), 0);
    for (uint32_t i = 0; i < ENTRIES; i++)
        l1[i] = make_pte(virt_to_mfn(data), PTE_KERNEL_RW);
    CHECK_RC(page_make_readonly(l1), 0);
    pin_and_unpin("a full L1", MMUEXT_PIN_L1_TABLE, l1);
    CHECK_RC(page_make_writable(l2), 0);
    for (uint32_t i = 0; i < ENTRIES; i++)
        l2[i] = make_pte(virt_to_mfn(l1), PTE_TABLE);
    CHECK_RC(page_make_readonly(l2), 0);
    pin_and_unpin("a full L2", MMUEXT_PIN_L2_TABLE, l2);
    CHECK_RC(page_make_writable(l2), 0);
    CHECK_RC(page_make_writable(l1), 0);
    l1[ENTRIES - 1] = make_pte(RAM_END_FRAME, PTE_KERNEL_RW); /* all the work is for nothing */
    CHECK_RC(page_make_readonly(l1), 0);
    for (uint32_t i = 0; i < CALLS; i++)
        ext_call(i, MMUEXT_PIN_L1_TABLE, virt_to_mfn(l1), 0);
    if (!is_dom0()) /* domain 0 may map what is beyond RAM */
        make_calls("an L1 whose last entry is wrong", -EPERM);
    CHECK_RC(page_make_writable(l1), 0);
    free_page(l1);
    free_page(l2);
    free_page(data);
}

TEST(longest_multicalls_of_mmuext)
{
    struct address_space space;
    uint8_t *ldt = alloc_page(), *from = alloc_page(), *to = alloc_page();
    static uint32_t mask = 1;
    uint32_t own;

    address_space_copy(&space);
    own = virt_to_mfn(mm_base());
    CHECK_RC(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(space.l3), 0), 0);
    for (uint32_t i = 0; i < CALLS; i++)
        ext_call(i, MMUEXT_NEW_BASEPTR, i & 1 ? own : virt_to_mfn(space.l3), 0);
    make_calls("base pointers", 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(space.l3), 0), 0);
    for (uint32_t i = 0; i < CALLS; i++)
        ext_call(i, MMUEXT_NEW_BASEPTR, i & 1 ? own : virt_to_mfn(space.l3), 0);
    make_calls("base pointers to be validated", 0);
    address_space_free(&space);
    for (uint32_t i = 0; i < CALLS; i++)
        ext_call(i, MMUEXT_SET_LDT, i & 1 ? 0 : ARG(ldt), i & 1 ? 0 : 512);
    make_calls("LDTs", 0);
    memset(from, 0x5A, PAGE_SIZE);
    for (uint32_t i = 0; i < CALLS; i++)
        ext_call(i, MMUEXT_COPY_PAGE, virt_to_mfn(to), virt_to_mfn(from));
    make_calls("copies", 0);
    CHECK_EQ(to[4095], 0x5A);
    for (uint32_t i = 0; i < CALLS; i++)
        ext_call(i, MMUEXT_CLEAR_PAGE, virt_to_mfn(to), 0);
    make_calls("clear", 0);
    CHECK_EQ(to[4095], 0);
    for (uint32_t i = 0; i < CALLS; i++)
        ext_call(i, i & 1 ? MMUEXT_INVLPG_MULTI : MMUEXT_TLB_FLUSH_MULTI, ARG(ldt), ARG(&mask));
    make_calls("flushes", 0);
    repeat("64 flushes each", 0, __HYPERVISOR_mmuext_op, ARG(ops), CALLS, ARG(&done), DOMID_SELF);
    CHECK_EQ(done, CALLS);
    free_page(ldt);
    free_page(from);
    free_page(to);
}

/* ---- Descriptors */

void make_gdt(void *pages[GDT_PAGES], uint32_t frames[GDT_PAGES])
{
    for (uint32_t i = 0; i < GDT_PAGES; i++) {
        uint32_t *page = pages[i] = alloc_page();

        for (uint32_t n = 0; n < PAGE_SIZE / 8; n++) { /* base 0x60xx1230, 4 GiB: to be cut */
            page[2 * n] = 0x1230FFFF;
            page[2 * n + 1] = 0x60CF9200;
        }
        CHECK_RC(page_make_readonly(page), 0);
        frames[i] = virt_to_mfn(page);
    }
}

void free_gdt(void *pages[GDT_PAGES])
{
    for (uint32_t i = 0; i < GDT_PAGES; i++) {
        CHECK_RC(page_make_writable(pages[i]), 0);
        free_page(pages[i]);
    }
}

TEST(longest_multicalls_of_descriptors)
{
    static uint32_t frames[GDT_PAGES];
    void *pages[GDT_PAGES];
    uint64_t at;
    uint32_t set[4] = {ARG(frames), GDT_PAGES * 512}, clear[4] = {ARG(frames), 0};

    make_gdt(pages, frames);
    alternate("set_gdt", __HYPERVISOR_set_gdt, set, clear);
    frames[GDT_PAGES - 1] = RAM_END_FRAME;
    repeat("set_gdt with a wrong frame", -EINVAL, __HYPERVISOR_set_gdt, ARG(frames), GDT_PAGES * 512, 0, 0);
    at = virt_to_maddr(pages[0]);
    repeat("update_descriptor", 0, __HYPERVISOR_update_descriptor, (uint32_t)at, at >> 32, 0x1230FFFF, 0x60CF9200);
    free_gdt(pages);
}

/* ---- Different calls in one multicall: first those that account for least, then one that takes long */

TEST(longest_mixed_multicalls)
{
    static uint32_t text[1024];
    static vcpu_runstate_info_t runstate;
    static gnttab_query_size_t query = {.dom = DOMID_SELF};
    static struct xen_memory_reservation reservation;
    static xen_pfn_t gone[1];
    void *pages[GDT_PAGES], *page = alloc_page();
    uint64_t slot = pte_maddr(mm_l1_entry((void *)FREE_VA)), at;
    uint32_t frames[GDT_PAGES];

    make_gdt(pages, frames);
    at = virt_to_maddr(pages[0]);
    CHECK_RC(HYPERVISOR_set_gdt(frames, 512), 0);
    CHECK_RC(HYPERVISOR_set_gdt(frames, 0), 0);
    make_traps(8);
    reservation = (struct xen_memory_reservation){gone, 1, 0, 0, DOMID_SELF};
    for (uint32_t i = 0; i < REQUESTS; i++)
        requests[i] = (mmu_update_t){slot + i / 2 * 8, i & 1 ? 0 : make_pte(virt_to_mfn(page), PTE_KERNEL_RW)};
    for (uint32_t i = 0; i < CALLS; i++)
        switch (i == CALLS - 1 ? 8 : i % 8) {
        case 0:
            call_at(i, __HYPERVISOR_xen_version, XENVER_compile_info, ARG(text), 0, 0, 0);
            break;
        case 1:
            call_at(i, __HYPERVISOR_set_trap_table, ARG(traps), 0, 0, 0, 0);
            break;
        case 2:
            call_at(i, __HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, ARG(&runstate), 0, 0);
            break;
        case 3:
            call_at(i, __HYPERVISOR_mmu_update, ARG(requests), 10, 0, DOMID_SELF, 0);
            break;
        case 4:
            call_at(i, __HYPERVISOR_grant_table_op, GNTTABOP_query_size, ARG(&query), 1, 0, 0);
            break;
        case 5:
            call_at(i, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, ARG(&reservation), 0, 0, 0);
            break;
        case 6:
            call_at(i, __HYPERVISOR_set_timer_op, 0, 0, 0, 0, 0);
            break;
        case 7:
            call_at(i, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
            break;
        default:
            call_at(i, __HYPERVISOR_update_descriptor, (uint32_t)at, at >> 32, 0x1230FFFF, 0x60CF9200, 0);
        }
    make_calls("mixed", 0);
    trap_set_entry(UNUSED_VECTOR, NULL, 0);
    free_gdt(pages);
    free_page(page);
}
