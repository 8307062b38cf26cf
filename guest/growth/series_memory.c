/* SPDX-License-Identifier: MIT */
/* The machine's memory; the frames of a domain that is made and ended; page tables that are written in turn. */
#include "growth.h"

#include <public/memory.h>

/* ---- Domains without vCPUs */
domid_t make_empty_domain(void)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain};

    must(domctl(&op), "createdomain");
    return op.domain;
}

#define EXTENTS 512

void give_frames(domid_t domid, uint32_t count)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_max_mem, .domain = domid, .u.max_mem.max_memkb = (uint64_t)count * 4};
    static uint32_t frames[EXTENTS];

    must(domctl(&op), "max_mem");
    for (uint32_t done = 0; done < count; done += EXTENTS) {
        uint32_t part = count - done < EXTENTS ? count - done : EXTENTS;
        struct xen_memory_reservation r = {.extent_start = frames, .nr_extents = part, .domid = domid};

        for (uint32_t i = 0; i < part; i++)
            frames[i] = done + i;
        must(HYPERVISOR_memory_op(XENMEM_populate_physmap, &r) - part, "populate_physmap");
    }
}

/* ---- Making and ending a domain of so many frames, a frame */
static void make_and_end(const char *series, uint32_t x, uint32_t frames)
{
    domid_t domid = make_empty_domain();
    uint64_t began = rdtsc(), made, ended;

    give_frames(domid, frames);
    made = rdtsc() - began;
    began = rdtsc();
    must(domain_destroy(domid), "destroydomain");
    ended = rdtsc() - began;
    points(series, "make_a_frame", x, made, frames);
    points(series, "end_a_frame", x, ended, frames);
}

void series_pages(void)
{
    static const uint32_t frames[] = {256, 1024, 4096, 16384};

    FOR_EACH_POINT(n, frames) make_and_end("pages", n, n);
}

/* ---- The machine's memory: a boot each */
static uint32_t machine_mib(void)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};

    must(sysctl(&op), "physinfo");
    return op.u.physinfo.total_pages >> 8;
}

void series_memory(void)
{
    uint64_t booted = rdtsc();
    uint32_t mib = machine_mib();
    pte_t *entry = mm_l1_entry(alloc_page()), value = *entry;
    mmu_update_t off = {.ptr = pte_maddr(entry), .val = 0}, on = {.ptr = pte_maddr(entry), .val = value};

    point("memory", "boot", mib, booted);
    point("memory", "mmu_update", mib,
          LEAST_TICKS(HYPERVISOR_mmu_update(&off, 1), must(HYPERVISOR_mmu_update(&on, 1), "mmu_update")));
    make_and_end("memory", mib, 2048);
}

/* ---- L1 tables in turn: the windows of the first are given away when there are more than windows */
#define TABLES_MAX 4096

static pte_t *tables[TABLES_MAX];

static uint64_t write_in_turn(uint32_t count, pte_t value)
{
    uint64_t began = rdtsc();

    for (uint32_t i = 0; i < count; i++) {
        mmu_update_t request = {.ptr = virt_to_maddr(tables[i]), .val = value};

        must(HYPERVISOR_mmu_update(&request, 1), "mmu_update");
    }
    return rdtsc() - began;
}

void series_tables(void)
{
    static const uint32_t counts[] = {1, 16, 256, 1024, 1536, 2048, 2304, 2560, 3072, 4096};
    pte_t value = make_pte(virt_to_mfn(alloc_page()), PTE_KERNEL_RW);

    for (uint32_t i = 0; i < TABLES_MAX; i++) {
        tables[i] = alloc_page();
        must(page_make_readonly(tables[i]), "read-only");
        must(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(tables[i]), 0), "pin");
    }
    FOR_EACH_POINT(n, counts)
    {
        write_in_turn(n, value);
        write_in_turn(n, 0);
        points("tables", "mmu_update", n, write_in_turn(n, value), n);
        write_in_turn(n, 0);
    }
}
