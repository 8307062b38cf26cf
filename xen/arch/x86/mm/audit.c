/* SPDX-License-Identifier: MIT */
/*
 * The auditor's count of frames (xen/audit.h). Two passes over all frames: the first follows every page table, the
 * second compares what was found with the frame table. Each frame must be one of these: free; a domain's; lent to a
 * domain by the hypervisor; the hypervisor's own.
 *
 * A frame counts as a table if its type says so, or if another table uses it as one. So a wrong type is one mismatch,
 * and not hundreds about everything that the table maps.
 */
#include "audit_frames.h"

#include <asm/processor.h>
#include <xen/audit.h>
#include <xen/domain.h>
#include <xen/machine.h>
#include <xen/operation.h>

#define TYPE_BITS (PGT_type_mask | PGT_pae_xen_l2)
#define SHARED    PGT_validated /* the hypervisor's, shown to its owner */
#define SCRATCH   PGT_pinned    /* this audit's own */
#define WALKED    0x80u         /* a table that was followed */
_Static_assert(!((SHARED | SCRATCH | WALKED) & TYPE_BITS) && WALKED < PGT_one, "bits of their own");

static pte_t audit_pte[MAX_FRAMES / (PAGE_SIZE / AUDIT_BYTES)] __aligned(PAGE_SIZE);
static pte_t audit_l2[L2_ENTRIES] __aligned(PAGE_SIZE);
static uint32_t cr3_before;

static uint32_t references;
static bool unwalked; /* something that is no table is used as one */

extern char _start[], _end[];

/* --- Memory to count in */

static uint32_t scratch_pages(void)
{
    return (max_page * AUDIT_BYTES + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* The memory is mapped in the idle address space, where guests have theirs in other address spaces. */
static void enter_scratch_space(void)
{
    pte_t *slot = &audit_l2[AUDIT_START >> L2_SHIFT & (L2_ENTRIES - 1)];

    for (uint32_t i = 0; i < ARRAY_SIZE(audit_pte); i += L1_ENTRIES)
        *slot++ = make_pte(virt_to_mfn(&audit_pte[i]), _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY);
    idle_l3[AUDIT_START >> L3_SHIFT] = make_pte(virt_to_mfn(audit_l2), _PAGE_PRESENT);
    cr3_before = read_cr3();
    write_cr3(idle_cr3);
}

static void leave_scratch_space(void)
{
    idle_l3[AUDIT_START >> L3_SHIFT] = (pte_t){.raw = 0};
    write_cr3(cr3_before);
}

void audit_unmap_scratch(void)
{
    for (uint32_t i = 0; i < scratch_pages(); i++) {
        pte_t e = audit_pte[i];

        if (i % STEPS_PER_POINT == 0)
            interrupt_window();
        if (!(e.lo & _PAGE_PRESENT))
            continue;
        clear_page((void *)(AUDIT_START + (i << PAGE_SHIFT))); /* the next owner must not see other domains' data */
        interrupt_window();
        audit_pte[i] = (pte_t){.raw = 0};
        invlpg(AUDIT_START + (i << PAGE_SHIFT));
        free_dom_frame(pte_mfn((pte_t){.lo = e.lo, .hi = e.hi & ~nx_mask_hi}));
    }
    leave_scratch_space();
}

int audit_map_scratch(void)
{
    enter_scratch_space();
    for (uint32_t i = 0; i < scratch_pages(); i++) {
        mfn_t mfn = alloc_dom_frames(0, INVALID_MFN);
        pte_t e = make_pte(mfn, _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY);

        if (mfn == INVALID_MFN) {
            audit_unmap_scratch();
            return -ENOMEM;
        }
        e.hi |= nx_mask_hi;
        write_pte(&audit_pte[i], (pte_t){.raw = 0}, e);
        clear_page((void *)(AUDIT_START + (i << PAGE_SHIFT)));
        interrupt_window();
    }
    for (uint32_t i = 0; i < scratch_pages(); i++)
        expected_of(pte_mfn((pte_t){.lo = audit_pte[i].lo, .hi = audit_pte[i].hi & ~nx_mask_hi}))->type = SCRATCH;
    return 0;
}

/* --- Declaring what exists */

static inline bool is_table_type(uint32_t type)
{
    type &= PGT_type_mask;
    return type >= PGT_l1_page_table && type <= PGT_l3_page_table;
}

static inline void refer(mfn_t mfn, uint32_t type)
{
    struct expected *e = expected_of(mfn);

    references++;
    e->count++;
    if (type == PGT_none)
        return;
    if (likely(e->type < PGT_one))
        e->type |= type;
    else if (unlikely((e->type & TYPE_BITS) != type)) {
        audit_mismatch(INT82_AUDIT_CONFLICT, mfn, e->type & TYPE_BITS, type);
        return;
    }
    e->type += PGT_one;
}

void audit_refer(mfn_t mfn, uint32_t type)
{
    if (mfn < max_page)
        refer(mfn, type);
    else
        audit_mismatch(INT82_AUDIT_NO_FRAME, mfn, mfn, max_page);
}

void audit_share(mfn_t mfn, const struct domain *d, bool writable)
{
    if (mfn_to_page(mfn)->owner != d)
        audit_mismatch(INT82_AUDIT_OWNER, mfn, (uint32_t)d, (uint32_t)mfn_to_page(mfn)->owner);
    refer(mfn, writable ? PGT_writable_page : PGT_none);
    if (!writable)
        expected_of(mfn)->type += PGT_one; /* share_frame_with(): used as nothing */
    expected_of(mfn)->type |= SHARED;
}

/* --- Page tables */

static void bad_entry(mfn_t table, unsigned int index)
{
    const pte_t *window = map_l1(table);

    audit_mismatch(INT82_AUDIT_ENTRY, table, index, window[index].lo);
}

/* May a table of d's map this frame, which is not d's own? */
static __attribute__((noinline)) bool may_map(const struct domain *d, mfn_t mfn)
{
    const struct domain *owner;

    if (!d)
        return true; /* the table itself is wrong, and that is reported elsewhere */
    if (mfn >= max_page || mfn_to_page(mfn)->owner == dom_io)
        return d->arch.maps_io && !rangeset_contains(&kept_frames, mfn, mfn);
    owner = mfn_to_page(mfn)->owner;
    return owner && (d->is_privileged || audit_maps_grant(d, mfn));
}

static void walk_l1(mfn_t mfn)
{
    const struct domain *d = mfn_to_page(mfn)->owner;
    const pte_t *table = map_l1(mfn);

    for (unsigned int i = 0; i < L1_ENTRIES; i++) {
        pte_t e = table[i];
        mfn_t to;

        if (!(e.lo & _PAGE_PRESENT))
            continue;
        to = frame_of(e);
        if (unlikely(to >= max_page || mfn_to_page(to)->owner != d || e.lo & L1_REFUSED)) {
            bool io = to >= max_page || mfn_to_page(to)->owner == dom_io;

            if (!may_map(d, to) || e.lo & _PAGE_GLOBAL || (e.lo & CACHE_FLAGS && !io))
                bad_entry(mfn, i);
            if (io)
                continue;
        }
        refer(to, e.lo & _PAGE_RW ? PGT_writable_page : PGT_none);
    }
}

/* Entries of upper tables: reports flags that would change what the entry is, and frames of other owners. */
static void refer_table(mfn_t table, unsigned int index, pte_t e, uint32_t type)
{
    mfn_t to = frame_of(e);

    if (e.lo & (_PAGE_PSE | _PAGE_GLOBAL) || to >= max_page || mfn_to_page(to)->owner != mfn_to_page(table)->owner) {
        bad_entry(table, index);
        if (to >= max_page)
            return;
    }
    refer(to, type);
    if (mfn_to_page(to)->type_info < PGT_one || (mfn_to_page(to)->type_info & TYPE_BITS) != type)
        unwalked = true;
}

#define HARDWARE_BITS (_PAGE_ACCESSED | _PAGE_DIRTY)

static void walk_l2(mfn_t mfn, bool with_hypervisor)
{
    struct linear_entries linear = {.own = 0};

    for (unsigned int i = 0; i < L2_ENTRIES; i++) {
        pte_t e = map_l2(mfn)[i];

        if (with_hypervisor && i >= L2_HYP_FIRST) {
            if (e.hi != idle_l2[i].hi || (e.lo ^ idle_l2[i].lo) & ~HARDWARE_BITS)
                audit_mismatch(INT82_AUDIT_HYP_SLOT, mfn, i, e.lo);
        } else if (is_linear(e)) {
            if (e.lo & (_PAGE_RW | CACHE_FLAGS) || mfn_to_page(frame_of(e))->type_info & PGT_pae_xen_l2)
                bad_entry(mfn, i);
            if (count_linear(&linear, mfn, e))
                refer_table(mfn, i, e, PGT_l2_page_table);
        } else if (e.lo & _PAGE_PRESENT)
            refer_table(mfn, i, e, PGT_l1_page_table);
    }
    compare_linear_entries(&linear, mfn);
}

static void walk_l3(mfn_t mfn)
{
    for (unsigned int i = 0; i < L3_ENTRIES; i++) {
        pte_t e = map_l3(mfn)[i];

        if (e.lo & _PAGE_PRESENT)
            refer_table(mfn, i, e, i == 3 ? PGT_l2_page_table | PGT_pae_xen_l2 : PGT_l2_page_table);
        else if (i == 3)
            audit_mismatch(INT82_AUDIT_NO_SLOT3, mfn, i, e.lo);
    }
}

static void walk(mfn_t mfn, uint32_t type)
{
    expected_of(mfn)->type |= WALKED;
    switch (type & PGT_type_mask) {
    case PGT_l1_page_table:
        walk_l1(mfn);
        break;
    case PGT_l2_page_table:
        walk_l2(mfn, type & PGT_pae_xen_l2);
        break;
    default:
        walk_l3(mfn);
    }
    interrupt_window();
}

static uint32_t walk_all(void)
{
    uint32_t tables = 0;

    for (mfn_t mfn = 0; mfn < max_page; mfn++) {
        uint32_t ti = mfn_to_page(mfn)->type_info;

        if (mfn % STEPS_PER_POINT == 0)
            interrupt_window();
        if (ti >= PGT_one && is_table_type(ti)) {
            walk(mfn, ti);
            tables++;
        }
    }
    return tables;
}

/* Frames that are tables only because other tables use them so. Each pass finds one level. */
static void walk_rest(void)
{
    while (unwalked) {
        unwalked = false;
        for (mfn_t mfn = 0; mfn < max_page; mfn++) {
            uint32_t type = expected_of(mfn)->type;

            if (type >= PGT_one && is_table_type(type) && !(type & WALKED))
                walk(mfn, type);
        }
    }
}

/* --- vCPUs */

/* The frame that is mapped at a page of the vCPU's area. INVALID_MFN: none. */
static mfn_t area_frame(uint32_t area, uint32_t page)
{
    pte_t e = vcpu_area_pte[((area - VCPU_AREAS_START) >> PAGE_SHIFT) + page];

    return e.lo & _PAGE_PRESENT ? pte_mfn((pte_t){.lo = e.lo, .hi = e.hi & ~nx_mask_hi}) : INVALID_MFN;
}

static bool is_heap_page(mfn_t mfn)
{
    mfn_t first, end;

    heap_range(&first, &end);
    return mfn >= first && mfn < end && !heap_frame_is_free(mfn) && !mfn_to_page(mfn)->owner;
}

static bool area_page_ok(const struct vcpu *v, uint32_t page, mfn_t mfn)
{
    uint32_t offset = page << PAGE_SHIFT;

    if (page < GDT_RESERVED_PAGE)
        return mfn == v->arch.gdt_frames[page];
    if (page == GDT_RESERVED_PAGE)
        return mfn == area_frame(VCPU_AREAS_START, GDT_RESERVED_PAGE); /* every vCPU has the same one */
    if (offset >= VCPU_AREA_LDT && offset < VCPU_AREA_LDT + 16 * PAGE_SIZE)
        return (mfn != INVALID_MFN) == (v->arch.ldt_mapped >> (page - (VCPU_AREA_LDT >> PAGE_SHIFT)) & 1);
    if (offset >= VCPU_AREA_STACK && offset < VCPU_AREA_STACK + VCPU_AREA_STACK_SIZE)
        return is_heap_page(mfn);
    if (offset == VCPU_AREA_INFO)
        return mfn == (v->info_frame != INVALID_MFN ? v->info_frame : virt_to_mfn(v->domain->shared_info));
    return mfn == INVALID_MFN;
}

static void audit_area(const struct vcpu *v)
{
    for (uint32_t page = 0; page < VCPU_AREA_SIZE >> PAGE_SHIFT; page++)
        if (!area_page_ok(v, page, area_frame(v->arch.area, page)))
            audit_mismatch(INT82_AUDIT_AREA, audit_vcpu_id(v), page, area_frame(v->arch.area, page));
}

static void audit_l3_copy(const struct vcpu *v)
{
    const pte_t *l3 = map_l3(v->arch.guest_l3);

    for (unsigned int i = 0; i < L3_ENTRIES; i++) {
        uint32_t want = l3[i].lo & (PAGE_MASK | _PAGE_PRESENT);

        if ((v->arch.l3[i].lo & ~HARDWARE_BITS) != want || v->arch.l3[i].hi != l3[i].hi)
            audit_mismatch(INT82_AUDIT_L3_COPY, audit_vcpu_id(v), want, v->arch.l3[i].lo);
    }
}

static void audit_descriptor_tables(const struct vcpu *v)
{
    uint32_t pages = (v->arch.gdt_entries + 511) / 512, ldt_pages = (v->arch.ldt_entries + 511) / 512, found = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.gdt_frames); i++)
        if (v->arch.gdt_frames[i] != INVALID_MFN) {
            found |= 1u << i;
            audit_refer(v->arch.gdt_frames[i], PGT_seg_desc_page);
        }
    if (found != (1u << pages) - 1)
        audit_mismatch(INT82_AUDIT_GDT, audit_vcpu_id(v), (1u << pages) - 1, found);
    if (v->arch.ldt_mapped >> ldt_pages)
        audit_mismatch(INT82_AUDIT_LDT, audit_vcpu_id(v), ldt_pages, v->arch.ldt_mapped);
    for (unsigned int i = 0; i < 16; i++)
        if (v->arch.ldt_mapped & 1u << i)
            audit_refer(area_frame(v->arch.area, (VCPU_AREA_LDT >> PAGE_SHIFT) + i), PGT_seg_desc_page);
}

void audit_vcpu_frames(const struct vcpu *v)
{
    uint32_t info = v->arch.area + VCPU_AREA_INFO;

    audit_area(v);
    audit_descriptor_tables(v);
    if (v->arch.guest_l3 != INVALID_MFN) {
        audit_refer(v->arch.guest_l3, PGT_l3_page_table);
        if (v->arch.guest_l3 < max_page)
            audit_l3_copy(v);
    }
    if (v->info_frame != INVALID_MFN)
        audit_refer(v->info_frame, PGT_writable_page);
    info += v->info_frame != INVALID_MFN ? v->info_offset : v->vcpu_id * sizeof(struct vcpu_info);
    if ((uint32_t)v->vcpu_info != info)
        audit_mismatch(INT82_AUDIT_INFO, audit_vcpu_id(v), info, (uint32_t)v->vcpu_info);
}

/* --- The CPU */

static void audit_windows(void)
{
    static const uint32_t first[] = {WIN_L1_FIRST,   WIN_L2_FIRST,   WIN_L3_FIRST,
                                     WIN_DATA_FIRST, WIN_COPY_FIRST, WIN_SLOTS};

    for (unsigned int class = 0; class + 1 < ARRAY_SIZE(first); class ++)
        for (uint32_t slot = first[class]; slot < first[class + 1]; slot++) {
            mfn_t mfn = window_frame[slot];
            pte_t e = window_pte[slot];

            if (slot % STEPS_PER_POINT == 0)
                interrupt_window();
            if (mfn == INVALID_MFN ? e.lo & _PAGE_PRESENT
                                   : pte_mfn((pte_t){.lo = e.lo, .hi = e.hi & ~nx_mask_hi}) != mfn ||
                                         (mfn & (first[class + 1] - first[class] - 1)) != slot - first[class])
                audit_mismatch(INT82_AUDIT_WINDOW, slot, mfn, e.lo >> PAGE_SHIFT);
        }
}

/* The table that mmu_update takes for one of the domain's own. */
static void audit_held_table(void)
{
    mfn_t mfn = this_cpu.held.lo >> PAGE_SHIFT | this_cpu.held.hi << (32 - PAGE_SHIFT);
    const struct page_info *page = mfn < max_page ? mfn_to_page(mfn) : NULL;
    uint32_t window = this_cpu.held.window;

    if (!this_cpu.held.limit)
        return;
    if (!page || this_cpu.held.lo & ~PAGE_MASK || page->owner != this_cpu.domain ||
        (page->type_info & (PGT_type_mask | PGT_validated)) != (PGT_l1_page_table | PGT_validated) ||
        this_cpu.held.limit != HYP_START - sizeof(mmu_update_t) + 1 ||
        window - WINDOWS_START >= WIN_L1_SLOTS * PAGE_SIZE || window & ~PAGE_MASK ||
        window_frame[(window - WINDOWS_START) >> PAGE_SHIFT] != mfn)
        audit_mismatch(INT82_AUDIT_HELD, mfn, page ? page->type_info : 0, window);
}

void audit_cpu(void)
{
    const struct vcpu *v = current;
    uint32_t window = this_cpu.va_table.window;

    audit_windows();
    audit_held_table();
    if (cr3_before != virt_to_mach(v->arch.l3))
        audit_mismatch(INT82_AUDIT_CR3, audit_vcpu_id(v), virt_to_mach(v->arch.l3), cr3_before);
    if (this_cpu.va_table.size) {
        mfn_t table = INVALID_MFN;
        const pte_t *slot = guest_l1_slot(v, this_cpu.va_table.start, &table);
        bool wrong_type = !slot && table != INVALID_MFN && !is_l2_in_use(mfn_to_page(table)); /* reported already */

        if (((uint32_t)slot & PAGE_MASK) != window && !wrong_type)
            audit_mismatch(INT82_AUDIT_VA_CACHE, audit_vcpu_id(v), (uint32_t)slot & PAGE_MASK, window);
    }
}

/* --- Comparing */

/* Apart from the image and the heap, the hypervisor owns only the tables that were made at boot. */
static bool in_hypervisor_tables(mfn_t mfn)
{
    for (unsigned int i = L2_HYP_FIRST; i < L2_ENTRIES; i++)
        if (idle_l2[i].lo & _PAGE_PSE && (pte_mfn(idle_l2[i]) ^ mfn) >> (L2_SHIFT - PAGE_SHIFT) == 0 &&
            i < (DIRECTMAP_START >> L2_SHIFT & (L2_ENTRIES - 1)))
            return true;
    return false;
}

static bool is_reserved(mfn_t mfn)
{
    uint64_t start = (uint64_t)mfn << PAGE_SHIFT;

    for (uint32_t i = 0; i < machine_map_entries; i++) {
        const struct e820entry *e = &machine_map[i];

        if (e->type != 1 && start + PAGE_SIZE > e->addr && start < e->addr + e->size)
            return true;
    }
    return false;
}

static mfn_t heap_start, heap_end;

static inline bool in_image_or_heap(mfn_t mfn)
{
    return mfn - virt_to_mfn(_start) < virt_to_mfn(_end) - virt_to_mfn(_start) ||
           mfn - heap_start < heap_end - heap_start;
}

static void compare_free(mfn_t mfn, const struct page_info *page, const struct expected *e)
{
    if (page->owner || page->count || page->type_info)
        audit_mismatch(INT82_AUDIT_FREE, mfn, page->owner ? (uint32_t)page->owner : page->count, page->type_info);
    if (e->count)
        audit_mismatch(INT82_AUDIT_COUNT, mfn, e->count, 0);
    if (mpt_ro[mfn] != INVALID_M2P_ENTRY)
        audit_mismatch(INT82_AUDIT_M2P, mfn, INVALID_M2P_ENTRY, mpt_ro[mfn]);
}

/* A frame without an owner is the hypervisor's own, or has been lost. */
static void compare_ownerless(mfn_t mfn, const struct page_info *page, const struct expected *e)
{
    bool ours = in_image_or_heap(mfn) || e->type & SCRATCH || in_hypervisor_tables(mfn) || is_reserved(mfn);

    if (!ours || page->count)
        audit_mismatch(INT82_AUDIT_LOST, mfn, 0, page->count);
    else if (page->type_info)
        audit_mismatch(INT82_AUDIT_TYPE, mfn, 0, page->type_info);
    else if (e->count)
        audit_mismatch(INT82_AUDIT_COUNT, mfn, e->count, 0);
}

/* If the frame is in use, the whole type word is known. If not, the last type stays in it, because the next use may
 * need a flush. */
static bool type_ok(uint32_t expected, uint32_t found)
{
    if (expected)
        return expected == found;
    return found < PGT_one && (!(found & ~PGT_type_mask) || found == PGT_writable);
}

static void compare_type(mfn_t mfn, uint32_t found, uint32_t expected)
{
    uint32_t pinned = found & PGT_pinned, flags = expected >= PGT_one ? expected & TYPE_BITS : found & TYPE_BITS;

    expected &= ~PGT_flags;
    if (pinned)
        expected += PGT_one;
    if (expected)
        expected |= flags | PGT_validated | pinned;
    if (!type_ok(expected, found))
        audit_mismatch(INT82_AUDIT_TYPE, mfn, expected, found);
}

/* d exists. */
static bool may_own(const struct domain *d, mfn_t mfn, bool shared)
{
    if (shared || d == dom_io)
        return true;
    return d != dom_xen && d != idle_domain && !in_image_or_heap(mfn);
}

static const struct domain *known; /* most frames have the same owner as the one before */

static void compare_owned(mfn_t mfn, const struct page_info *page, const struct expected *e)
{
    bool device = page->owner == dom_io; /* counted as mapped writable for ever: give_io_frames() */
    uint32_t count = e->count;

    if (page->owner != known && audit_knows_domain(page->owner))
        known = page->owner;
    if (page->owner != known || !may_own(known, mfn, e->type & SHARED)) {
        audit_mismatch(INT82_AUDIT_OWNER, mfn, 0, (uint32_t)page->owner);
        return;
    }
    if (!(e->type & SHARED))
        page->owner->audit_pages++;
    if (page->count & PGC_allocated && (mfn < known->frames_from || mfn > known->frames_to))
        audit_mismatch(INT82_AUDIT_OWNER, mfn, known->frames_from, known->frames_to);
    if (page->count & PGC_allocated || device)
        count++;
    if (page->type_info & PGT_pinned)
        count++;
    if ((page->count & PGC_count) != count || !count)
        audit_mismatch(INT82_AUDIT_COUNT, mfn, count, page->count & PGC_count);
    compare_type(mfn, page->type_info, device ? PGT_writable_page | PGT_one : e->type);
}

static __attribute__((noinline)) void compare(mfn_t mfn, bool free)
{
    const struct page_info *page = mfn_to_page(mfn);
    const struct expected *e = expected_of(mfn);

    if (free)
        compare_free(mfn, page, e);
    else if (!page->owner)
        compare_ownerless(mfn, page, e);
    else
        compare_owned(mfn, page, e);
    /* An old stamp may have any value, since the clock wraps. A stamp that lies a little in the future is wrong: the
     * clock will soon reach it, and then it will seem to be new. */
    if (!is_l2_in_use(page) && page->stamp - this_cpu.tlb_clock - 1 < 1u << 16)
        audit_mismatch(INT82_AUDIT_STAMP, mfn, this_cpu.tlb_clock, page->stamp);
}

static void compare_all(void)
{
    uint32_t free = 0;

    heap_range(&heap_start, &heap_end);
    known = NULL;
    for (mfn_t mfn = 0; mfn < max_page; mfn++, free >>= 1) {
        const struct page_info *page = mfn_to_page(mfn);

        if (mfn % 32 == 0) {
            free = free_dom_frames_from(mfn);
            interrupt_window();
        }
        /* Most free frames are all zero: skip them. */
        if (!(free & 1) || unlikely((uint32_t)page->owner | page->count | page->type_info | page->stamp |
                                    expected_of(mfn)->count | ~mpt_ro[mfn]))
            compare(mfn, free & 1);
    }
}

static void share_machphys(void)
{
    uint32_t big = 1u << (L2_SHIFT - PAGE_SHIFT);

    for (uint32_t i = 0; i << L2_SHIFT < max_page * sizeof(uint32_t); i++)
        for (uint32_t frame = 0; frame < big; frame++)
            audit_share(machphys_frame(i) + frame, dom_xen, false);
}

void audit_frames(struct int82_audit *answer)
{
    references = 0;
    unwalked = false;
    share_machphys();
    answer->tables = walk_all();
    walk_rest();
    compare_all();
    audit_linear_uses();
    answer->frames = max_page;
    answer->references = references;
}
