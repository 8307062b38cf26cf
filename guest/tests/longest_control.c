/* SPDX-License-Identifier: MIT */
/*
 * What only domain 0 may ask for, in multicalls of the 64 worst calls (longest_multicalls.c): building and ending
 * domains, their registers, lists of their frames, the hypervisor's own messages. Also the frames of a domain that has
 * ended: whoever was the last to use one must clear it.
 */
#include "longest.h"
#include "other.h"

#include <public/int82.h>
#include <public/memory.h>
#include <public/sysctl.h>

/* ---- Frames of dead domains */

#define DEAD       64u
#define DEAD_FIRST (VICTIM_FRAMES - DEAD)

/* Maps that many of its frames at FREE_VA. Then the domain is destroyed. */
static bool map_dead(struct victim *v)
{
    if (!other_begin(v))
        return false;
    for (uint32_t i = 0; i < DEAD; i++)
        CHECK_RC(other_map_frame(FREE_VA + i * PAGE_SIZE, v->mfn[DEAD_FIRST + i], v->id), 0);
    other_end(v);
    return true;
}

static bool all_gone(void)
{
    for (uint32_t i = 0; i < DEAD; i++)
        if (*mm_l1_entry((void *)(FREE_VA + i * PAGE_SIZE)) & PTE_P)
            return false;
    return true;
}

TEST(longest_multicalls_of_dead_frames)
{
    static mmu_update_t requests[DEAD];
    uint64_t slot = pte_maddr(mm_l1_entry((void *)FREE_VA));

    if (!map_dead(&other))
        return;
    for (uint32_t i = 0; i < CALLS; i++)
        call_at(i, __HYPERVISOR_update_va_mapping, FREE_VA + i * PAGE_SIZE, 0, 0, i & 1 ? UVMF_INVLPG : 0, 0);
    make_calls("update_va_mapping", 0);
    CHECK(all_gone());
    if (!map_dead(&other))
        return;
    for (uint32_t i = 0; i < DEAD; i++)
        requests[i] = (mmu_update_t){slot + i * 8, 0};
    CHECK_RC(HYPERVISOR_mmu_update(requests, DEAD), 0);
    CHECK(all_gone());
    if (!map_dead(&other))
        return;
    for (uint32_t i = 0; i < CALLS; i++)
        call_at(i, __HYPERVISOR_mmu_update, ARG(&requests[i]), 1, 0, DOMID_SELF, 0);
    make_calls("mmu_update", 0);
    CHECK(all_gone());
}

/* ---- domctl */

static struct xen_domctl domctls[CALLS];
static struct vcpu_guest_context context_of_0;

static void control_call(uint32_t i, uint32_t cmd, domid_t domid, const struct xen_domctl *op)
{
    domctls[i] = *op;
    domctls[i].cmd = cmd;
    domctls[i].interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    domctls[i].domain = domid;
    call_at(i, __HYPERVISOR_domctl, ARG(&domctls[i]), 0, 0, 0, 0);
}

static void control(const char *what, uint32_t cmd, const struct xen_domctl *op)
{
    for (uint32_t i = 0; i < CALLS; i++)
        control_call(i, cmd, other.id, op);
    make_calls(what, 0);
}

TEST(longest_multicalls_of_domctl)
{
    static uint32_t frames[1024];
    static uint64_t list[VICTIM_FRAMES];
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = 0, .ctxt.p = &context_of_0}};

    if (!other_begin(&other))
        return;
    control("getvcpucontext", XEN_DOMCTL_getvcpucontext, &op);
    CHECK_EQ(context_of_0.user_regs.eip, VICTIM_VA(VICTIM_CODE));
    control("setvcpucontext", XEN_DOMCTL_setvcpucontext, &op);
    op = (struct xen_domctl){0};
    control("getdomaininfo", XEN_DOMCTL_getdomaininfo, &op);
    CHECK_EQ(domctls[CALLS - 1].u.getdomaininfo.tot_pages, VICTIM_FRAMES);
    control("getvcpuinfo", XEN_DOMCTL_getvcpuinfo, &op);
    control("pausedomain", XEN_DOMCTL_pausedomain, &op);
    control("unpausedomain", XEN_DOMCTL_unpausedomain, &op);
    op.u.hypercall_init.gmfn = other.mfn[VICTIM_SPARE];
    control("hypercall_init", XEN_DOMCTL_hypercall_init, &op);
    op.u.getpageframeinfo2 = (struct xen_domctl_getpageframeinfo2){.num = ARRAY_SIZE(frames), .array.p = frames};
    control("getpageframeinfo2", XEN_DOMCTL_getpageframeinfo2, &op);
    op = (struct xen_domctl){.u.getmemlist = {.max_pfns = VICTIM_FRAMES, .buffer.p = list}};
    for (uint32_t i = 0; i < CALLS; i++)
        control_call(i, i & 7 ? XEN_DOMCTL_getdomaininfo : XEN_DOMCTL_getmemlist, other.id, &op);
    make_calls("getmemlist", 0);
    CHECK(list[VICTIM_FRAMES - 1]);
    op = (struct xen_domctl){.u.max_vcpus.max = 8};
    CHECK_RC(victim_domctl(XEN_DOMCTL_max_vcpus, other.id, &op), -EBUSY); /* it has two */
    other_end(&other);
}

/* Domains that consist of nothing but their vCPUs' stacks. */
TEST(longest_multicalls_of_domains)
{
    struct xen_domctl create = {.u.createdomain = {.ssidref = 0}}, vcpus = {.u.max_vcpus.max = 8}, nothing = {0};
    const domid_t id = 4711;

    NEED_DOM0();
    if (!is_int82())
        SKIP("not tried on another hypervisor");
    for (uint32_t i = 0; i < CALLS; i++)
        if (i % 4 == 0)
            control_call(i, XEN_DOMCTL_createdomain, id, &create);
        else if (i % 4 == 1)
            control_call(i, XEN_DOMCTL_max_vcpus, id, &vcpus);
        else if (i % 4 == 2)
            control_call(i, XEN_DOMCTL_getdomaininfo, id, &nothing);
        else
            control_call(i, XEN_DOMCTL_destroydomain, id, &nothing);
    make_calls("create and destroy", 0);
    CHECK_EQ(domctls[CALLS - 2].u.getdomaininfo.max_vcpu_id, 7);
    for (uint32_t i = 0; i < CALLS; i++)
        control_call(i, i & 1 ? XEN_DOMCTL_destroydomain : XEN_DOMCTL_createdomain, id, &create);
    make_calls("create and destroy without vCPUs", 0);
}

/* ---- Calls about a vCPU that does not run */

TEST(longest_multicalls_of_initialise)
{
    static struct vcpu_guest_context c;
    void *pages[GDT_PAGES];
    uint32_t frames[GDT_PAGES];
    int32_t rc;

    make_gdt(pages, frames);
    c.flags = VGCF_IN_KERNEL;
    for (uint32_t i = 0; i < GDT_PAGES; i++)
        c.gdt_frames[i] = frames[i];
    c.gdt_ents = GDT_PAGES * 512;
    c.gdt_frames[GDT_PAGES - 1] = RAM_END_FRAME; /* this one is refused, after all the others */
    c.ctrlreg[3] = virt_to_mfn(mm_base()) << PAGE_SHIFT | virt_to_mfn(mm_base()) >> 20;
    rc = HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &c);
    if (rc == -EINVAL || rc == -EEXIST) /* there is one; and perhaps another test has started it */
        repeat("initialise", rc, __HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, ARG(&c), 0);
    else
        CHECK_RC(rc, -ENOENT);
    free_gdt(pages);
}

/* ---- sysctl, dom0_op, console */

static void system(const char *what, struct xen_sysctl *op, uint32_t cmd)
{
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    repeat(what, 0, __HYPERVISOR_sysctl, ARG(op), 0, 0, 0);
}

TEST(longest_multicalls_of_sysctl)
{
    static char text[16384];
    static struct xen_domctl_getdomaininfo infos[8];
    static struct xen_sysctl op;

    NEED_DOM0();
    op.u.readconsole.buffer.p = text;
    op.u.readconsole.count = sizeof(text);
    system("readconsole", &op, XEN_SYSCTL_readconsole);
    CHECK(text[0]);
    memset(&op, 0, sizeof(op));
    system("physinfo", &op, XEN_SYSCTL_physinfo);
    CHECK(op.u.physinfo.total_pages);
    memset(&op, 0, sizeof(op));
    op.u.getdomaininfolist.max_domains = ARRAY_SIZE(infos);
    op.u.getdomaininfolist.buffer.p = infos;
    system("getdomaininfolist", &op, XEN_SYSCTL_getdomaininfolist);
    memset(&op, 0, sizeof(op));
    op.u.availheap.node = -1;
    system("availheap", &op, XEN_SYSCTL_availheap);
    CHECK(op.u.availheap.avail_bytes);
    memset(&op, 0, sizeof(op));
    system("sched_id", &op, XEN_SYSCTL_sched_id);
    memset(&op, 0, sizeof(op));
    op.u.numainfo.max_node_index = 1;
    system("numainfo", &op, XEN_SYSCTL_numainfo);
}

TEST(longest_multicalls_of_dom0_op)
{
    static struct int82_page pages[256];
    static xen_processor_px_t states[255];
    static xen_platform_op_t op;
    uint32_t id;

    NEED_DOM0();
    if (!is_int82())
        SKIP("only Int82 knows these");
    for (uint32_t i = 0; i < ARRAY_SIZE(pages); i++)
        pages[i].mfn = virt_to_mfn(pages);
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.cmd = INT82_OP_page_info;
    op.u.int82.size = sizeof(pages);
    op.u.int82.buffer = pages;
    repeat("page_info", 0, __HYPERVISOR_dom0_op, ARG(&op), 0, 0, 0);
    op.cmd = XENPF_get_cpu_version;
    memset(&op.u, 0, sizeof(op.u));
    repeat("cpu_version", 0, __HYPERVISOR_dom0_op, ARG(&op), 0, 0, 0);
    op.cmd = XENPF_get_cpuinfo;
    memset(&op.u, 0, sizeof(op.u));
    repeat("cpuinfo", 0, __HYPERVISOR_dom0_op, ARG(&op), 0, 0, 0);
    CHECK_RC(HYPERVISOR_dom0_op(&op), 0);
    id = op.u.pcpu_info.acpi_id;
    if (!~id)
        return; /* the machine has no ACPI */
    op.cmd = XENPF_set_processor_pminfo;
    op.u.set_pminfo = (xenpf_set_processor_pminfo_t){
        .id = id,
        .type = XEN_PM_PX,
        .u.perf = {.flags = XEN_PX_PSS, .state_count = ARRAY_SIZE(states), .states = states}};
    repeat("power states", 0, __HYPERVISOR_dom0_op, ARG(&op), 0, 0, 0);
}

/* Lines that scroll the screen, and are no longer than the serial line sends in a moment. */
TEST(longest_multicalls_of_console_io)
{
    static char lines[] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";

    NEED_DOM0();
    repeat("console_io", 0, __HYPERVISOR_console_io, CONSOLEIO_write, sizeof(lines) - 1, ARG(lines), 0);
    repeat("console_io read", 0, __HYPERVISOR_console_io, CONSOLEIO_read, sizeof(lines) - 1, ARG(lines), 0);
}

/* The longest map of its memory that a domain can have. */
TEST(longest_multicalls_of_foreign_maps)
{
    static uint8_t entries[128 * 20];
    static struct xen_foreign_memory_map map;

    if (!other_begin(&other))
        return;
    map = (struct xen_foreign_memory_map){.domid = other.id, .map = {.nr_entries = 128, .buffer = (void *)entries}};
    repeat("set_memory_map", 0, __HYPERVISOR_memory_op, XENMEM_set_memory_map, ARG(&map), 0, 0);
    other_end(&other);
}
