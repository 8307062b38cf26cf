/* SPDX-License-Identifier: MIT */
/*
 * Two domains against each other. At random, each grants, takes, copies and gives back pages, opens and guesses event
 * channels, makes page tables of pages that the other may have mapped, and tries what it has no right to do. Options:
 * `peer=DOMID ops=N seed=N`.
 *
 * What is checked: a mapping shows a page of the other's pool and nothing else, and can be written to exactly if that
 * was asked for. A call that was refused has changed nothing. Pages that were never granted never change, and a page
 * table does not change while it is one. No call about the other domain succeeds. The books are checked by the
 * hypervisor's auditor, which domain 0 asks (tests/cases/fuzz_duel.sh).
 */
#include <guest/console.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/domctl.h>
#include <public/errno.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>

#define POOL      16u /* pages that are granted */
#define SECRETS   4u
#define MAPPINGS  24u
#define FIRST_REF 16u
#define REFS      24u
#define PORTS     40u /* port numbers that are worth guessing */
#define TABLE_VA  MM_SCRATCH
#define MAP_VA    (MM_SCRATCH + 0x10000)
#define TAG       0x7A600000u /* in a pool page's first word, with the domain and the page's number */
#define SECRET    0x5EC00000u
#define TAG_MASK  0xFFF00000u
#define DATA      64u /* nothing is copied to the first bytes of a page */

static uint32_t random_state, ops, errors, done[16], refused[16];
static domid_t self, peer;
static uint32_t *pool[POOL], *secret[SECRETS];
static bool is_table[POOL], is_missing[POOL];
static grant_entry_v1_t *const table = (grant_entry_v1_t *)TABLE_VA;

static struct {
    bool used, readonly;
    grant_handle_t handle;
    uint32_t frame;
} mappings[MAPPINGS];

static uint32_t below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

static void __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
    char text[160];
    va_list args;

    if (errors++ >= 10)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    printf("duel: op %u: %s\n", ops, text);
}

static uint32_t option(const char *key, uint32_t otherwise)
{
    char text[16];

    return guest_option(key, text, sizeof(text)) ? parse_number(text) : otherwise;
}

/* ---- Granting */

static void grant_something(void)
{
    grant_entry_v1_t *e = &table[FIRST_REF + below(REFS)];
    uint32_t page = below(POOL + 1);

    e->flags = 0; /* even if it is in use: only the granter loses by that */
    barrier();
    e->domid = below(8) ? peer : below(4);
    e->frame = page < POOL ? virt_to_mfn(pool[page]) : below(0x10000) | 0x80000;
    barrier();
    e->flags = below(6) ? GTF_permit_access | (below(3) ? 0 : GTF_readonly) : below(16);
}

static void tag(uint32_t n)
{
    pool[n][0] = TAG | (uint32_t)self << 8 | n;
}

/* Gives the frame back to the hypervisor, even if somebody still maps it. */
static void give_back(uint32_t n)
{
    xen_pfn_t frame = virt_to_mfn(pool[n]);
    struct xen_memory_reservation give = {&frame, 1, 0, 0, DOMID_SELF};

    if (update_va(pool[n], 0, UVMF_INVLPG))
        complain("cannot unmap a page of its own");
    if (HYPERVISOR_memory_op(XENMEM_decrease_reservation, &give) != 1)
        complain("cannot give back page %u", n);
    is_missing[n] = true;
}

/* Takes another frame instead. While the other domain has the old one mapped, it still counts as this domain's. So
 * there may be none. */
static bool take_back(uint32_t n)
{
    xen_pfn_t pfn = virt_to_pfn(pool[n]);
    struct xen_memory_reservation take = {&pfn, 1, 0, 0, DOMID_SELF};

    if (HYPERVISOR_memory_op(XENMEM_populate_physmap, &take) != 1)
        return false;
    set_p2m(virt_to_pfn(pool[n]), pfn);
    if (update_va(pool[n], make_pte(pfn, PTE_KERNEL_RW), 0))
        guest_panic("duel: cannot map frame %x", pfn);
    memset(pool[n], 0, PAGE_SIZE);
    tag(n);
    is_missing[n] = false;
    return true;
}

static bool exchange_page(void)
{
    uint32_t n = below(POOL);

    if (is_table[n])
        return false;
    if (!is_missing[n])
        give_back(n);
    return take_back(n);
}

/* ---- Page tables of pages that the other may have */

static bool toggle_table(void)
{
    uint32_t n = below(POOL), rc;

    if (is_missing[n])
        return false;
    if (is_table[n]) {
        for (unsigned int i = 1; i < PAGE_SIZE / 4; i++)
            if (pool[n][i]) {
                complain("page table %u has changed: word %u is %x", n, i, pool[n][i]);
                break;
            }
        if (mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(pool[n]), 0) || page_make_writable(pool[n]))
            guest_panic("duel: a table does not end");
        tag(n);
        is_table[n] = false;
        return true;
    }
    memset(pool[n], 0, PAGE_SIZE);
    if (page_make_readonly(pool[n]))
        complain("cannot make page %u read-only", n);
    rc = mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(pool[n]), 0);
    is_table[n] = !rc;
    if (rc) { /* the other domain has it mapped writable, or has put something into it */
        if (page_make_writable(pool[n]))
            guest_panic("duel: page %u stays read-only", n);
        tag(n);
    }
    return !rc;
}

/* ---- Mapping */

static uint32_t *va_of(uint32_t slot)
{
    return (uint32_t *)(MAP_VA + slot * PAGE_SIZE);
}

static void check_mapping(uint32_t slot)
{
    pte_t pte = *mm_l1_entry(va_of(slot));
    uint32_t word;

    if (!(pte & PTE_P) || pte_mfn(pte) != mappings[slot].frame || !(pte & PTE_RW) != mappings[slot].readonly)
        complain("mapping %u stands as %llx", slot, pte);
    if (!probe_read(va_of(slot), &word, NULL))
        complain("mapping %u cannot be read", slot);
    else if (word && (word & TAG_MASK) != TAG)
        complain("mapping %u shows %x", slot, word);
    if (probe_write(va_of(slot) + DATA / 4 + below(900), 0x11110000 | ops, NULL) == mappings[slot].readonly)
        complain("mapping %u is %swritable", slot, mappings[slot].readonly ? "" : "not ");
}

static bool map_something(void)
{
    uint32_t slot = below(MAPPINGS), flags = GNTMAP_host_map | (below(2) ? GNTMAP_readonly : 0);
    gnttab_map_grant_ref_t op = {.host_addr = (uint32_t)va_of(slot),
                                 .flags = flags,
                                 .ref = below(20) ? FIRST_REF + below(REFS) : below(0x10000),
                                 .dom = below(20)  ? peer
                                        : below(2) ? 0
                                                   : 7, /* to itself it could grant its own tables */
                                 .status = 77};

    if (mappings[slot].used)
        return false;
    if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1)) {
        complain("map fails as a whole");
        return false;
    }
    if (op.status) {
        if (*mm_l1_entry(va_of(slot)))
            complain("a refused mapping stands");
        return false;
    }
    mappings[slot].used = true;
    mappings[slot].readonly = flags & GNTMAP_readonly;
    mappings[slot].handle = op.handle;
    mappings[slot].frame = op.dev_bus_addr >> PAGE_SHIFT;
    check_mapping(slot);
    return true;
}

static bool unmap(uint32_t slot, uint32_t wrong)
{
    gnttab_unmap_grant_ref_t op = {.host_addr = (uint32_t)va_of(slot) + (wrong == 1 ? PAGE_SIZE : 0),
                                   .dev_bus_addr = wrong == 2 ? 0x12345000 : 0,
                                   .handle = mappings[slot].handle + (wrong == 3 ? 0x10000 : 0),
                                   .status = 77};

    if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1))
        complain("unmap fails as a whole");
    if (!op.status && wrong == 3)
        complain("a wrong handle unmaps");
    if (!op.status && !wrong) {
        if (*mm_l1_entry(va_of(slot)))
            complain("mapping %u stands after its end", slot);
        mappings[slot].used = false;
    } else if (op.status && !wrong)
        complain("mapping %u cannot be ended: %d", slot, op.status);
    return !op.status;
}

static bool unmap_something(void)
{
    uint32_t slot = below(MAPPINGS);

    if (!mappings[slot].used)
        return false;
    check_mapping(slot);
    if (!below(6)) {
        uint32_t neighbour = (slot + 1) % MAPPINGS;

        /* The neighbour's mapping may be of the same frame and kind. Then the call would end this one instead. */
        if (neighbour && mappings[neighbour].used && mappings[neighbour].frame == mappings[slot].frame)
            return false;
        unmap(slot, 2 + below(2));
    }
    return unmap(slot, 0);
}

static bool copy_something(void)
{
    uint32_t mine = below(POOL), from = DATA + below(PAGE_SIZE), to = DATA + below(PAGE_SIZE), length = below(300);
    uint32_t ref = FIRST_REF + below(REFS);
    bool fetch = below(2);
    gnttab_copy_t op = {.len = length, .status = 77};

    if (is_missing[mine])
        return false;
    op.source.offset = from;
    op.dest.offset = to;
    op.source.domid = fetch ? peer : DOMID_SELF;
    op.dest.domid = fetch ? DOMID_SELF : peer;
    op.flags = fetch ? GNTCOPY_source_gref : GNTCOPY_dest_gref;
    op.source.u.ref = fetch ? ref : virt_to_mfn(pool[mine]);
    op.dest.u.ref = fetch ? virt_to_mfn(pool[mine]) : ref;
    if (HYPERVISOR_grant_table_op(GNTTABOP_copy, &op, 1))
        complain("copy fails as a whole");
    if (!op.status && (from + length > PAGE_SIZE || to + length > PAGE_SIZE))
        complain("copied over a page's end");
    if (!op.status && fetch && is_table[mine])
        complain("copied into a page table");
    if (!is_table[mine] && (pool[mine][0] & TAG_MASK) != TAG)
        complain("a copy has changed what is in front of it");
    return !op.status;
}

/* ---- Events */

static bool use_ports(void)
{
    evtchn_bind_interdomain_t bind = {.remote_dom = peer, .remote_port = below(PORTS)};
    evtchn_status_t status = {.dom = DOMID_SELF, .port = below(PORTS)};
    uint32_t port = below(PORTS);

    switch (below(6)) {
    case 0:
        return event_alloc_unbound(DOMID_SELF, peer) > 0;
    case 1:
        return !HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind);
    case 2: /* not the ports of console and store: the report needs them */
        return port != start_info->console.domU.evtchn && port != start_info->store_evtchn && !event_close(port);
    case 3:
        if (!HYPERVISOR_event_channel_op(EVTCHNOP_status, &status) && status.status == EVTCHNSTAT_interdomain &&
            status.u.interdomain.dom != peer && status.port != start_info->console.domU.evtchn &&
            status.port != start_info->store_evtchn)
            complain("port %u leads to domain %u", status.port, status.u.interdomain.dom);
        return true;
    default:
        return port != start_info->console.domU.evtchn && !event_send(port);
    }
}

/* ---- What this domain has no right to do */

static void must_fail(const char *what, int rc)
{
    if (rc >= 0)
        complain("%s succeeds: %d", what, rc);
}

static bool overreach(void)
{
    static struct xen_domctl ctl;
    uint32_t slot = below(MAPPINGS), frame = mappings[slot].used ? mappings[slot].frame : below(0x8000) | 0x8000;
    pte_t *free_entry = mm_l1_entry(va_of(MAPPINGS));
    mmu_update_t req = {pte_maddr(free_entry), make_pte(frame, PTE_KERNEL_RW)};
    xen_pfn_t list = frame;
    struct xen_memory_reservation r = {&list, 1, 0, 0, peer};
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = frame};
    bool own = false;

    for (unsigned int i = 0; i < start_info->nr_pages && !own; i++)
        own = pfn_to_mfn(i) == frame;
    switch (below(7)) {
    case 0:
        if (!own)
            must_fail("a mapping of another's frame", HYPERVISOR_mmu_update(&req, 1));
        break;
    case 1:
        must_fail("an update about another domain", HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)peer));
        break;
    case 2:
        must_fail("a pin for another domain", HYPERVISOR_mmuext_op(&pin, 1, NULL, (uint32_t)peer));
        break;
    case 3:
        if (!own)
            must_fail("a pin of another's frame", HYPERVISOR_mmuext_op(&pin, 1, NULL, DOMID_SELF));
        break;
    case 4:
        if (HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r))
            complain("another domain's memory is given back");
        break;
    case 5:
        ctl = (struct xen_domctl){.cmd = XEN_DOMCTL_pausedomain, .domain = peer};
        ctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
        must_fail("domctl", HYPERVISOR_domctl(&ctl));
        break;
    default:
        if (!own && probe_write((void *)free_entry, frame << PAGE_SHIFT | 0x63, NULL))
            complain("a store into a page table names another's frame");
    }
    if (*free_entry)
        guest_panic("duel: an entry that was refused stands: %llx", *free_entry);
    return true;
}

static void watch_secrets(void)
{
    for (unsigned int i = 0; i < SECRETS; i++)
        for (unsigned int n = 0; n < PAGE_SIZE / 4; n++)
            if (secret[i][n] != (SECRET | (uint32_t)self << 8 | i)) {
                complain("secret %u holds %x", i, secret[i][n]);
                return;
            }
}

/* ---- All together */

static void set_up(void)
{
    static xen_pfn_t frames[1];
    gnttab_setup_table_t op = {.dom = DOMID_SELF, .nr_frames = 1, .status = 77, .frame_list = frames};

    self = own_domid();
    peer = option("peer", 1);
    random_state = option("seed", 1) * 2654435761u + self;
    if (mm_map_l1((void *)MM_SCRATCH, alloc_page()))
        guest_panic("duel: no table for mappings");
    if (HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &op, 1) || op.status ||
        update_va(table, make_pte(frames[0], PTE_KERNEL_RW), 0))
        guest_panic("duel: no grant table");
    for (unsigned int i = 0; i < POOL; i++) {
        pool[i] = alloc_page();
        tag(i);
    }
    for (unsigned int i = 0; i < SECRETS; i++) {
        secret[i] = alloc_page();
        for (unsigned int n = 0; n < PAGE_SIZE / 4; n++)
            secret[i][n] = SECRET | (uint32_t)self << 8 | i;
    }
}

static void finish(void)
{
    for (unsigned int slot = 0; slot < MAPPINGS; slot++)
        if (mappings[slot].used && option("leave", 0) == 0)
            unmap(slot, 0);
    watch_secrets();
    printf("duel: %s: %u operations, %u errors; done/refused: map %u/%u, unmap %u/%u, copy %u/%u, tables %u/%u, "
           "exchanged %u/%u, ports %u/%u\n",
           errors ? "failed" : "passed", ops, errors, done[1], refused[1], done[2], refused[2], done[3], refused[3],
           done[4], refused[4], done[5], refused[5], done[6], refused[6]);
}

void guest_main(void)
{
    uint32_t end;

    set_up();
    end = option("ops", 20000);
    for (ops = 0; ops < end; ops++) {
        uint32_t kind = below(16), n = kind < 3 ? 0 : kind < 7 ? 1 : kind < 9 ? 2 : kind < 11 ? 3 : kind - 7;
        bool well = true;

        switch (n) {
        case 0:
            grant_something();
            break;
        case 1:
            well = map_something();
            break;
        case 2:
            well = unmap_something();
            break;
        case 3:
            well = copy_something();
            break;
        case 4:
            well = toggle_table();
            break;
        case 5:
            well = exchange_page();
            break;
        case 6:
            well = use_ports();
            break;
        case 7:
            well = overreach();
            break;
        default:
            HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
        }
        (well ? done : refused)[n]++;
        if (ops % 64 == 0)
            watch_secrets();
    }
    finish();
}
