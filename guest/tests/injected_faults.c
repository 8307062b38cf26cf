/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail. Each operation that allocates memory is tried again and again: its first allocation fails,
 * then its second, and so on until none fails. Each time the operation must report the failure or do without the
 * memory, and must leave nothing behind.
 */
#include "injected_faults.h"
#include "victim.h"

#include <guest/audit.h>
#include <public/domctl.h>
#include <public/grant_table.h>
#include <public/memory.h>

static int fault_op(uint32_t cmd, struct int82_fault *fault)
{
    static xen_platform_op_t op;
    int rc;

    memset(&op, 0, sizeof(op));
    op.cmd = cmd;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82_fault = *fault;
    rc = HYPERVISOR_dom0_op(&op);
    *fault = op.u.int82_fault;
    return rc;
}

bool have_faults(void)
{
    struct int82_fault fault = {0};

    return fault_op(INT82_OP_preempt, &fault) == 0;
}

int corrupt(uint32_t what, uint32_t *id, bool mend)
{
    struct int82_fault fault = {.what = what, .id = *id, .mend = mend};
    int rc = fault_op(INT82_OP_corrupt, &fault);

    *id = fault.id;
    return rc;
}

uint32_t fail_allocation(uint32_t kinds, uint32_t at)
{
    struct int82_fault fault = {.what = kinds, .at = at};

    CHECK_RC(fault_op(INT82_OP_fail_allocation, &fault), 0);
    return fault.seen;
}

uint32_t preempt(uint32_t mode, uint32_t at)
{
    return preempt_vcpu(mode, at, 0);
}

uint32_t preempt_vcpu(uint32_t mode, uint32_t at, uint32_t id)
{
    struct int82_fault fault = {.what = mode, .at = at, .id = id};

    CHECK_RC(fault_op(INT82_OP_preempt, &fault), 0);
    return fault.seen;
}

/* ---- Operations that allocate */

struct operation {
    const char *name;
    uint32_t kinds;        /* which allocations are to fail */
    void (*prepare)(void); /* the hypervisor's free pages are counted before it, and after undo() */
    int (*run)(void);      /* 0: done; 1: not done, or not all of it */
    void (*undo)(void);    /* takes back what was done */
    bool keeps_heap;       /* what was allocated before the failure stays for the next attempt */
};

static struct int82_audit before, after;

static void audit_clean(struct int82_audit *answer)
{
    CHECK_RC(audit_read(answer), 0);
    if (answer->mismatches)
        FAIL("audit: %u mismatches, the first: kind %u, 0x%x", answer->mismatches, answer->first[0].kind,
             answer->first[0].id);
}

/* False: the operation makes fewer allocations than that. */
static bool try_one(const struct operation *o, uint32_t at)
{
    uint32_t seen;
    int rc;

    context("%s: allocation %u fails", o->name, at);
    audit_clean(&before);
    o->prepare();
    fail_allocation(o->kinds, at);
    rc = o->run();
    seen = fail_allocation(0, 0);
    CHECK_EQ(rc, seen >= at);
    audit_clean(&after);
    o->undo();
    audit_clean(&after);
    CHECK_EQ(after.free_frames, before.free_frames);
    if (!o->keeps_heap)
        CHECK_EQ(after.free_heap_pages, before.free_heap_pages);
    if (seen >= at)
        return true;
    CHECK(at > 1); /* otherwise nothing was tried */
    printf("faults: %s: %u allocations\n", o->name, seen);
    return false;
}

static void try_all(const struct operation *o)
{
    for (uint32_t at = 1; try_one(o, at); at++)
        if (at == 200) {
            FAIL("no end of allocations");
            return;
        }
}

static void nothing(void)
{
}

/* ---- Reservations */

#define EXTENTS     5
#define NOWHERE_PFN 0x100000 /* beyond all that the guest's list names */

static xen_pfn_t extents[EXTENTS]; /* frames that the domain has received; 0: none */

static int reserve(uint32_t cmd)
{
    xen_pfn_t list[EXTENTS];
    struct xen_memory_reservation r = {.extent_start = list, .nr_extents = EXTENTS, .domid = DOMID_SELF};
    uint32_t done;

    for (unsigned int i = 0; i < EXTENTS; i++)
        list[i] = NOWHERE_PFN + i;
    done = HYPERVISOR_memory_op(cmd, &r);
    for (unsigned int i = 0; i < EXTENTS; i++)
        extents[i] = i < done ? list[i] : 0;
    return done != EXTENTS;
}

static int populate(void)
{
    return reserve(XENMEM_populate_physmap);
}

static int increase(void)
{
    return reserve(XENMEM_increase_reservation);
}

static void give_back(void)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    for (unsigned int i = 0; i < EXTENTS; i++) {
        r.extent_start = &extents[i];
        if (extents[i])
            CHECK_RC(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 1);
    }
}

static void populate_first(void)
{
    CHECK_RC(populate(), 0);
}

static int exchange(void)
{
    xen_pfn_t out[EXTENTS];
    struct xen_memory_exchange x = {
        .in = {.extent_start = extents, .nr_extents = EXTENTS, .domid = DOMID_SELF},
        .out = {.extent_start = out, .nr_extents = EXTENTS, .domid = DOMID_SELF},
    };
    int rc;

    for (unsigned int i = 0; i < EXTENTS; i++)
        out[i] = NOWHERE_PFN + i;
    rc = HYPERVISOR_memory_op(XENMEM_exchange, &x);
    for (unsigned int i = 0; i < x.nr_exchanged; i++)
        extents[i] = out[i];
    if (rc)
        CHECK_RC(rc, -ENOMEM);
    return rc != 0;
}

TEST(faults_allocation_memory)
{
    static const struct operation populate_op = {.name = "populate_physmap",
                                                 .kinds = INT82_FAIL_FRAMES,
                                                 .prepare = nothing,
                                                 .run = populate,
                                                 .undo = give_back},
                                  increase_op = {.name = "increase_reservation",
                                                 .kinds = INT82_FAIL_FRAMES,
                                                 .prepare = nothing,
                                                 .run = increase,
                                                 .undo = give_back},
                                  exchange_op = {.name = "exchange",
                                                 .kinds = INT82_FAIL_FRAMES,
                                                 .prepare = populate_first,
                                                 .run = exchange,
                                                 .undo = give_back};

    NEED_FAULTS();
    try_all(&populate_op);
    try_all(&increase_op);
    try_all(&exchange_op);
}

static int set_memory_map(void)
{
    static struct e820entry map[1] = {{.addr = 0, .size = 1 << 20, .type = 1}};
    struct xen_foreign_memory_map m = {.domid = DOMID_SELF, .map = {.nr_entries = 1, .buffer = map}};
    int rc = HYPERVISOR_memory_op(XENMEM_set_memory_map, &m);

    if (rc)
        CHECK_RC(rc, -ENOMEM);
    return rc != 0;
}

static void forget_memory_map(void)
{
    struct xen_foreign_memory_map m = {.domid = DOMID_SELF};

    CHECK_RC(HYPERVISOR_memory_op(XENMEM_set_memory_map, &m), 0);
}

TEST(faults_allocation_memory_map)
{
    static const struct operation o = {.name = "set_memory_map",
                                       .kinds = INT82_FAIL_HEAP,
                                       .prepare = nothing,
                                       .run = set_memory_map,
                                       .undo = forget_memory_map,
                                       .keeps_heap = true};

    NEED_FAULTS();
    try_all(&o);
}

/* ---- Grants */

#define TABLE_VA FREE_VA
#define REF      40u  /* this and the next two: a reference can be mapped 127 times */
#define MAPPINGS 300u /* more than one page of the hypervisor's holds */

static gnttab_map_grant_ref_t maps[MAPPINGS];
static void *granted;

static uint32_t grant_frames(void)
{
    gnttab_query_size_t q = {.dom = DOMID_SELF};

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 1), 0);
    return q.nr_frames;
}

static int grow_grant_table(void)
{
    static xen_pfn_t frames[32];
    gnttab_setup_table_t s = {.dom = DOMID_SELF, .nr_frames = grant_frames() + 2, .frame_list = frames, .status = 77};

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_ONE_OF(s.status, GNTST_okay, GNTST_general_error);
    return s.status != GNTST_okay;
}

static void grant_a_page(void)
{
    xen_pfn_t frame = 0;
    gnttab_setup_table_t s = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list = &frame, .status = 77};
    volatile grant_entry_v1_t *entry = (void *)(TABLE_VA + REF * sizeof(grant_entry_v1_t));

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_RC(map_at(TABLE_VA, frame, PTE_KERNEL_RW), 0);
    granted = alloc_page();
    for (unsigned int i = 0; i < 3; i++) {
        entry[i].domid = 0;
        entry[i].frame = virt_to_mfn(granted);
        entry[i].flags = GTF_permit_access;
    }
}

static int map_grants(void)
{
    int bad = 0;

    for (unsigned int i = 0; i < MAPPINGS; i++)
        maps[i] = (gnttab_map_grant_ref_t){.flags = GNTMAP_device_map, .ref = REF + i / 100, .dom = 0, .status = 77};
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, maps, MAPPINGS), 0);
    for (unsigned int i = 0; i < MAPPINGS; i++)
        if (maps[i].status) {
            CHECK_RC(maps[i].status, GNTST_no_device_space);
            bad++;
        }
    return bad != 0;
}

static void unmap_grants(void)
{
    volatile grant_entry_v1_t *entry = (void *)(TABLE_VA + REF * sizeof(grant_entry_v1_t));

    for (unsigned int i = 0; i < MAPPINGS; i++) {
        gnttab_unmap_grant_ref_t u = {.dev_bus_addr = maps[i].dev_bus_addr, .handle = maps[i].handle, .status = 77};

        if (maps[i].status)
            continue;
        CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &u, 1), 0);
        CHECK_RC(u.status, GNTST_okay);
    }
    for (unsigned int i = 0; i < 3; i++) {
        CHECK_EQ(entry[i].flags, GTF_permit_access);
        entry[i].flags = 0;
    }
    CHECK_RC(unmap_at(TABLE_VA), 0);
    free_page(granted);
}

TEST(faults_allocation_grants)
{
    static const struct operation grow = {.name = "grant table growth",
                                          .kinds = INT82_FAIL_HEAP,
                                          .prepare = nothing,
                                          .run = grow_grant_table,
                                          .undo = nothing,
                                          .keeps_heap = true},
                                  map = {.name = "grant mappings",
                                         .kinds = INT82_FAIL_HEAP,
                                         .prepare = grant_a_page,
                                         .run = map_grants,
                                         .undo = unmap_grants,
                                         .keeps_heap = true};

    NEED_FAULTS();
    try_all(&grow);
    try_all(&map);
}

/* ---- vCPUs */

static int initialise_vcpu(void)
{
    static struct vcpu_guest_context none;
    int rc = HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &none);

    CHECK_ONE_OF(rc, -EINVAL, -ENOMEM);
    return rc == -ENOMEM;
}

TEST(faults_allocation_vcpu)
{
    static const struct operation o = {.name = "VCPUOP_initialise",
                                       .kinds = INT82_FAIL_HEAP,
                                       .prepare = nothing,
                                       .run = initialise_vcpu,
                                       .undo = nothing};

    NEED_FAULTS();
    if (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) == -ENOENT)
        SKIP("there is no vCPU 1");
    try_all(&o);
}

/* ---- Domains */

static domid_t new_domain;

static int32_t create_domain(void)
{
    struct xen_domctl op = {.u.createdomain = {.ssidref = 0}};
    int rc = victim_domctl(XEN_DOMCTL_createdomain, 0, &op);

    new_domain = rc ? 0 : op.domain;
    return rc;
}

static void create_domain_first(void)
{
    CHECK_RC(create_domain(), 0);
}

static int try_create_domain(void)
{
    int rc = create_domain();

    CHECK_ONE_OF(rc, 0, -ENOMEM);
    return rc != 0;
}

static int give_vcpus(void)
{
    struct xen_domctl op = {.u.max_vcpus.max = 3};
    int rc = victim_domctl(XEN_DOMCTL_max_vcpus, new_domain, &op);

    CHECK_ONE_OF(rc, 0, -ENOMEM);
    return rc != 0;
}

static void destroy_domain(void)
{
    struct xen_domctl op = {0};

    if (new_domain)
        CHECK_RC(victim_domctl(XEN_DOMCTL_destroydomain, new_domain, &op), 0);
}

TEST(faults_allocation_domains)
{
    static const struct operation create = {.name = "createdomain",
                                            .kinds = INT82_FAIL_HEAP,
                                            .prepare = nothing,
                                            .run = try_create_domain,
                                            .undo = destroy_domain},
                                  vcpus = {.name = "max_vcpus",
                                           .kinds = INT82_FAIL_HEAP,
                                           .prepare = create_domain_first,
                                           .run = give_vcpus,
                                           .undo = destroy_domain};

    NEED_FAULTS();
    if (create_domain() == -ENOSYS)
        SKIP("this hypervisor creates no domains");
    destroy_domain();
    try_all(&create);
    try_all(&vcpus);
}

/* ---- The auditor itself, which needs memory, too */

static int ask_auditor(void)
{
    static struct int82_audit answer;
    int rc = audit_read(&answer);

    CHECK_ONE_OF(rc, 0, -ENOMEM);
    return rc != 0;
}

TEST(faults_allocation_audit)
{
    static const struct operation o = {
        .name = "audit", .kinds = INT82_FAIL_FRAMES, .prepare = nothing, .run = ask_auditor, .undo = nothing};

    NEED_FAULTS();
    for (uint32_t at = 1; try_one(&o, at);)
        at += at / 2 + 1;
}
