/* SPDX-License-Identifier: MIT */
/* What a domain has of its own: event channels, grants, keys in the store. */
#include "growth.h"

#include <public/grant_table.h>
#include <public/int82.h>
#include <public/io/xs_wire.h>
#include <public/platform.h>

/* ---- Event channels in use */
void series_ports(void)
{
    static const uint32_t counts[] = {8, 16, 32, 64, 128, 256, 512, 768, 1000};
    uint32_t used = 8; /* the console and its like: fewer than these */
    int first = event_bind_ipi(0), port = 0;

    must(first < 0 ? first : 0, "bind_ipi");
    used = first + 1;
    FOR_EACH_POINT(n, counts)
    {
        for (; used < n; used++)
            must(event_bind_ipi(0) < 0, "bind_ipi");
        point("ports", "alloc_unbound", n,
              LEAST_TICKS(port = event_alloc_unbound(DOMID_SELF, DOMID_SELF), must(event_close(port), "close")));
        point("ports", "bind_ipi", n, LEAST_TICKS(port = event_bind_ipi(0), must(event_close(port), "close")));
        port = event_bind_ipi(0);
        point("ports", "close", n, LEAST_TICKS(event_close(port), port = event_bind_ipi(0)));
        point("ports", "send", n, LEAST_TICKS(event_send(port), event_clear(port)));
        must(event_close(port), "close");
    }
}

/* ---- Mappings of grants, all of one frame of the domain itself. A grant can be mapped 255 times, so there are some.
 */
#define TABLE_VA  (MM_SCRATCH + 0x200000)
#define MAPPED_VA (TABLE_VA + PAGE_SIZE)
#define REF       20
#define PER_REF   128

static void grant_a_page_often(void)
{
    volatile grant_entry_v1_t *table = (grant_entry_v1_t *)TABLE_VA;
    void *page = alloc_page();
    xen_pfn_t frame = 0;
    gnttab_setup_table_t setup = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list = &frame};

    must(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1), "setup_table");
    must(setup.status, "setup_table");
    must(mm_map_l1((void *)TABLE_VA, alloc_page()), "a table");
    must(update_va((void *)TABLE_VA, make_pte(frame, PTE_KERNEL_RW), UVMF_INVLPG), "the grant table");
    for (uint32_t ref = REF; ref < 512; ref++) {
        table[ref].domid = own_domid();
        table[ref].frame = virt_to_mfn(page);
        barrier();
        table[ref].flags = GTF_permit_access;
    }
}

static uint32_t map_grant(uint32_t flags, uint32_t ref)
{
    gnttab_map_grant_ref_t map = {.host_addr = MAPPED_VA, .flags = flags, .ref = ref, .dom = own_domid()};

    must(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1), "map_grant_ref");
    must(map.status, "map_grant_ref");
    return map.handle;
}

void series_grants(void)
{
    static const uint32_t counts[] = {0, 16, 64, 256, 512, 1024, 2048, 4096};
    gnttab_map_grant_ref_t map = {.host_addr = MAPPED_VA, .flags = GNTMAP_host_map, .ref = REF, .dom = own_domid()};
    gnttab_unmap_grant_ref_t unmap = {.host_addr = MAPPED_VA};
    uint32_t mapped = 0;

    grant_a_page_often();
    FOR_EACH_POINT(n, counts)
    {
        for (; mapped < n; mapped++)
            map_grant(GNTMAP_device_map | GNTMAP_readonly, REF + 1 + mapped / PER_REF);
        point("grants", "map", n, LEAST_TICKS(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1), {
                  unmap.handle = map.handle;
                  HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
                  must(map.status | unmap.status, "grants");
              }));
        unmap.handle = map_grant(GNTMAP_host_map, REF);
        point("grants", "unmap", n, LEAST_TICKS(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1), {
                  must(unmap.status, "unmap");
                  unmap.handle = map_grant(GNTMAP_host_map, REF);
              }));
        HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    }
}

/* ---- Keys in the store */
static uint8_t store_page[PAGE_SIZE] __attribute__((aligned(4096)));
static volatile struct xenstore_domain_interface *const ring = (void *)store_page;
static evtchn_port_t store_port;

static void open_store(void)
{
    static xen_platform_op_t op = {.cmd = INT82_OP_serve_store, .interface_version = XENPF_INTERFACE_VERSION};

    op.u.int82_serve = (struct int82_serve){.domid = DOMID_SELF, .mfn = virt_to_mfn(store_page)};
    must(HYPERVISOR_dom0_op(&op), "serve_store");
    store_port = op.u.int82_serve.port;
}

static void put(const void *from, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        ring->req[MASK_XENSTORE_IDX(ring->req_prod + i)] = ((const char *)from)[i];
    barrier();
    ring->req_prod += size;
}

/* The answer's type. The answer itself is dropped. */
static uint32_t answered(void)
{
    struct xsd_sockmsg head;

    for (uint32_t i = 0; i < sizeof(head); i++)
        ((char *)&head)[i] = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons + i)];
    ring->rsp_cons = ring->rsp_prod;
    return head.type;
}

static void request(uint32_t type, const char *text, uint32_t size)
{
    struct xsd_sockmsg head = {.type = type, .req_id = 1, .len = size};

    put(&head, sizeof(head));
    put(text, size);
}

/* Ticks of the notification, in which the store reads the request, carries it out and answers. */
static uint64_t store_ticks(uint32_t type, const char *text, uint32_t size)
{
    uint64_t ticks = ~0ull;

    for (unsigned int i = 0; i < TRIES; i++) {
        uint64_t began, spent;

        request(type, text, size);
        began = rdtsc();
        event_send(store_port);
        spent = rdtsc() - began - reading_ticks;
        ticks = spent < ticks ? spent : ticks;
        must(answered() != type, "an answer of the store");
    }
    return ticks;
}

static bool write_key(uint32_t number)
{
    char text[16];
    int size = snprintf(text, sizeof(text), "k%04u", number) + 1;

    text[size] = 'v';
    request(XS_WRITE, text, size + 1);
    event_send(store_port);
    return answered() == XS_WRITE;
}

void series_store(void)
{
    static const uint32_t counts[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
    uint32_t keys = 0;

    open_store();
    FOR_EACH_POINT(n, counts)
    {
        for (; keys < n && write_key(keys); keys++)
            ;
        if (keys < n)
            break; /* the quota */
        point("store", "read_first", n, store_ticks(XS_READ, "k0000", 6));
        point("store", "write_first", n, store_ticks(XS_WRITE, "k0000\0v", 7));
    }
}
