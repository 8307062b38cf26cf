/* SPDX-License-Identifier: MIT */
/* What guests do to their memory, as choices of below(): mm_world.h. */
#include "mm_world.h"

const uint16_t indexes[INDEXES] = {0, 1, 2, 3, 64, 427, 428, 511};

uint64_t state_hash;

/* Frames of ours that were chosen last, so that they are chosen again: it takes several steps with one frame to break a
 * rule. */
static mfn_t recent[4];
static unsigned int next_recent;

void begin_choices(void)
{
    state_hash = 0xCBF29CE484222325ull;
    next_recent = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(recent); i++)
        recent[i] = FREE + i;
}

void fold(uint32_t word)
{
    state_hash = (state_hash ^ word) * 0x100000001B3ull;
}

void fold_frames(void)
{
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
        fold(mfn_to_page(mfn)->count);
        fold(mfn_to_page(mfn)->type_info);
    }
}

static mfn_t own_frame(void)
{
    mfn_t mfn;

    if (this_cpu.domain == &foreign)
        return FOREIGN + below(OURS - FOREIGN);
    if (below(2))
        return recent[below(ARRAY_SIZE(recent))];
    mfn = OURS + below(below(2) ? 12 : FRAMES - OURS);
    recent[next_recent++ % ARRAY_SIZE(recent)] = mfn;
    return mfn;
}

static mfn_t some_frame(void)
{
    uint32_t r = below(40);

    if (r == 1)
        return below(OURS);
    if (r == 2)
        return FRAMES + below(4);
    if (r == 3)
        return below(FRAMES);
    return own_frame();
}

static uint32_t some_flags(void)
{
    static const uint32_t flags[] = {RW,
                                     RO,
                                     RW,
                                     RO,
                                     TABLE,
                                     TABLE,
                                     _PAGE_PRESENT,
                                     _PAGE_PRESENT,
                                     0,
                                     0,
                                     0,
                                     RW | _PAGE_GLOBAL,
                                     RW | _PAGE_PCD,
                                     RW | _PAGE_PSE,
                                     RO | 0x200,
                                     RW | 0xE00,
                                     RW | _PAGE_USER};

    return flags[below(ARRAY_SIZE(flags))];
}

static pte_t some_entry(void)
{
    uint32_t flags = some_flags();
    pte_t e = {.raw = 0};

    if (flags || !below(3))
        e = entry(some_frame(), flags);
    if (!below(20))
        e.hi |= _PAGE_NX_HI;
    if (!below(60))
        e.hi |= 1u << (12 + below(19));
    return e;
}

static unsigned int some_index(void)
{
    return indexes[below(ARRAY_SIZE(indexes))];
}

#define BATCH 80
static uint64_t before_batch[BATCH];

static uint64_t *entry_at(uint64_t ptr)
{
    mfn_t mfn = ptr >> PAGE_SHIFT;

    /* Only frames of domains may have windows. */
    if (ptr >> PAGE_SHIFT >= FRAMES || !mfn_to_page(mfn)->owner || mfn_to_page(mfn)->owner == dom_io)
        return NULL;
    return (uint64_t *)((char *)map_frame(mfn) + (ptr & 0xFF8));
}

/* The entries before the failing one are done, the failing one and those after it are not. */
static void check_batch(const mmu_update_t *batch, uint32_t n, uint32_t done, long rc)
{
    CHECK(done <= n);
    CHECK(rc || done == n);
    CHECK(!rc || done < n);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *slot = entry_at(batch[i].ptr);
        bool last = true;

        if (!slot || (batch[i].ptr & 7) == MMU_MACHPHYS_UPDATE)
            continue;
        for (uint32_t j = i + 1; j < done; j++)
            last &= batch[j].ptr >> 3 != batch[i].ptr >> 3;
        if (i < done && last && (*slot ^ batch[i].val) & ~(uint64_t)(_PAGE_ACCESSED | _PAGE_DIRTY))
            FAIL("request %u of %u (%u done): 0x%x%x became 0x%x", i, n, done, (uint32_t)(batch[i].val >> 32),
                 (uint32_t)batch[i].val, (uint32_t)*slot);
        if (i >= done) {
            bool touched = false;

            for (uint32_t j = 0; j < done; j++)
                touched |= batch[j].ptr >> 3 == batch[i].ptr >> 3;
            if (!touched && *slot != before_batch[i])
                FAIL("request %u of %u (%u done) was carried out", i, n, done);
        }
    }
}

uint32_t stats[8];

static mmu_update_t some_request(mfn_t table)
{
    mmu_update_t r = {.ptr = ((uint64_t)table << PAGE_SHIFT) + some_index() * 8};

    if (!below(8))
        r.ptr |= below(below(3) ? 3 : 8);
    if ((r.ptr & 7) == MMU_MACHPHYS_UPDATE)
        r.ptr &= ~0xFF8ull;
    r.val = some_entry().raw;
    return r;
}

/* An entry that mostly succeeds: without these, long batches would not get far. */
static mmu_update_t easy_request(uint32_t command)
{
    uint32_t choice = below(256), flags = choice >> 5 < 3 ? 0 : choice >> 5 < 6 ? RO : RO | 0x200;
    mfn_t mfn = recent[choice >> 3 & 3];

    return (mmu_update_t){.ptr = ((uint64_t)L1 << PAGE_SHIFT) + indexes[choice & 7] * 8 + command,
                          .val = flags ? entry(mfn, flags).raw : 0};
}

/* The domain whose frames are meant, and in the upper half the one whose tables are meant. */
static uint32_t some_domains(void)
{
    static const uint16_t domids[] = {DOMID_SELF, DOMID_IO, DOMID_XEN, 0, 1, 2};
    uint32_t id = domids[below(ARRAY_SIZE(domids))];

    return below(2) ? id : id | (1 + below(3)) << 16;
}

static void random_batch(void)
{
    uint32_t n = below(4) ? 1 + below(3) : below(BATCH), *done = guest_done(), domid = DOMID_SELF, missing = 0;
    mfn_t table = some_frame();
    bool easy = n > 8 && below(2);
    uint32_t command = below(3) ? MMU_NORMAL_PT_UPDATE : MMU_PT_UPDATE_PRESERVE_AD;
    mmu_update_t *req;
    long rc;

    if (nested && n > 8)
        n = 8;
    req = guest_room(n * sizeof(*req));
    for (uint32_t i = 0; i < n; i++) {
        if (!easy && !below(4))
            table = some_frame();
        req[i] = easy ? easy_request(below(4) ? command : MMU_NORMAL_PT_UPDATE) : some_request(table);
        if (!nested)
            before_batch[i] = entry_at(req[i].ptr) ? *entry_at(req[i].ptr) : 0;
    }
    if (!below(20))
        domid = some_domains();
    if (!nested && !below(20)) /* some lie where no memory is */
        missing = below(5);
    rc = mmu_update(req, n + missing, done, domid);
    stats[4] += n;
    stats[5] += *done;
    fold(rc);
    fold(*done);
    if (!preempting && domid == DOMID_SELF && !missing)
        check_batch(req, n, *done, rc);
    if (missing)
        CHECK(rc && (*done <= n || *done == NOT_TOLD));
}

/* The guest stores whatever it likes wherever it may. */
static void random_store(void)
{
    mfn_t mfn = some_frame();
    struct page_info *page;

    if (mfn >= FRAMES)
        return;
    page = mfn_to_page(mfn);
    if (page->owner != this_cpu.domain || (page->type_info >= PGT_one && !is_table(page, PGT_writable_page)))
        return;
    for (unsigned int i = 1 + below(4); i; i--)
        ((pte_t *)map_frame(mfn))[some_index()] = some_entry();
}

static bool unused(mfn_t mfn)
{
    return mfn_to_page(mfn)->owner == this_cpu.domain && mfn_to_page(mfn)->type_info < PGT_one;
}

static mfn_t unused_frame(void)
{
    mfn_t first = this_cpu.domain == &ours ? OURS : FOREIGN,
          frames = this_cpu.domain == &ours ? FRAMES - OURS : OURS - FOREIGN;
    mfn_t offset = below(frames);

    for (mfn_t tries = 0; tries < frames && !unused(first + offset); tries++)
        offset = (offset + 1) % frames;
    return first + offset;
}

/* A completely new address space, mostly a correct one, which is then pinned or used. */
static void build_space(void)
{
    bool pin = below(2), mine = this_cpu.domain == &ours;
    mfn_t l3 = unused_frame(), top = unused_frame(), l1 = unused_frame();
    pte_t *tables;
    long rc;

    if (!unused(l3) || !unused(top) || !unused(l1))
        return;
    memset(map_frame(l3), 0, PAGE_SIZE);
    memset(map_frame(top), 0, PAGE_SIZE);
    memset(map_frame(l1), 0, PAGE_SIZE);
    tables = map_frame(l3);
    if (mine || !below(8))
        tables[0] = entry(below(8) ? L2 : some_frame(), _PAGE_PRESENT);
    if (mine || !below(8))
        tables[1] = entry(below(8) ? L2 + 1 : some_frame(), below(9) ? _PAGE_PRESENT : RW);
    tables[3] = entry(top, _PAGE_PRESENT);
    tables = map_frame(top);
    tables[0] = entry(l1, TABLE);
    if (!below(4))
        tables[some_index()] = some_entry();
    tables = map_frame(l1);
    for (unsigned int i = below(5); i; i--)
        tables[some_index()] = below(4) ? entry(some_frame(), below(2) ? RO : RW) : some_entry();
    rc = mmuext(pin ? MMUEXT_PIN_L3_TABLE : MMUEXT_NEW_BASEPTR, l3, 0);
    stats[pin ? 0 : 2]++;
    stats[pin ? 1 : 3] += !rc;
    fold(rc);
}

/* The sub-operations. Those that change types come more often. */
static const uint32_t commands[] = {
    MMUEXT_PIN_L1_TABLE,    MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,  MMUEXT_PIN_L3_TABLE, MMUEXT_UNPIN_TABLE,
    MMUEXT_UNPIN_TABLE,     MMUEXT_UNPIN_TABLE,  MMUEXT_NEW_BASEPTR,   MMUEXT_CLEAR_PAGE,   MMUEXT_COPY_PAGE,
    MMUEXT_TLB_FLUSH_LOCAL, MMUEXT_INVLPG_LOCAL, MMUEXT_TLB_FLUSH_ALL, MMUEXT_INVLPG_ALL,   MMUEXT_TLB_FLUSH_MULTI,
    MMUEXT_INVLPG_MULTI,    MMUEXT_FLUSH_CACHE,  MMUEXT_PIN_L4_TABLE,  MMUEXT_SET_LDT,      99,
};

static void random_mmuext(void)
{
    uint32_t n = below(8) ? 1 : below(6), *done = guest_done(),
             domid = below(20) ? DOMID_SELF : some_domains() & 0xFFFF;
    uint32_t count = n + (!nested && !below(40));
    mmuext_op_t *ops = guest_room(n * sizeof(*ops));

    for (uint32_t i = 0; i < n; i++)
        ops[i] = (mmuext_op_t){
            .cmd = commands[below(ARRAY_SIZE(commands))], .arg1.mfn = some_frame(), .arg2.nr_ents = some_frame()};
    fold(mmuext_op(ops, count, count == 1 && below(2) ? NULL : done, domid));
    CHECK(*done <= n || *done == NOT_TOLD);
    fold(*done);
}

static void random_va(void)
{
    uint32_t va = 0xC0000000 + (below(3) << L2_SHIFT) + (some_index() << PAGE_SHIFT);
    static const uint32_t flags[] = {UVMF_NONE, UVMF_INVLPG, UVMF_TLB_FLUSH, UVMF_INVLPG | UVMF_ALL};
    pte_t e = some_entry();

    if (!below(10))
        va = (random32() << 8 & ~(511u << PAGE_SHIFT)) + (some_index() << PAGE_SHIFT);
    if (below(10))
        fold(update_va(va, e, flags[below(4)]));
    else
        fold(answered(do_update_va_mapping_otherdomain(va, e.lo, e.hi, 0, some_domains() & 0xFFFF)));
}

static void random_descriptors(void)
{
    uint32_t *frames = guest_room(3 * sizeof(*frames)), r = below(6);

    for (unsigned int i = 0; i < 3; i++)
        frames[i] = some_frame();
    switch (r) {
    case 0:
        fold(answered(do_set_gdt(frames, below(3 * 512))));
        break;
    case 1:
        fold(do_set_gdt(NULL, 0));
        break;
    case 2: /* often at an address that is mapped */
        fold(mmuext(MMUEXT_SET_LDT, 0xC0000000 + (below(2) << L2_SHIFT) + (below(4) << PAGE_SHIFT), below(4) * 512));
        break;
    case 3:
        fold(handle_ldt_fault(below(4) << PAGE_SHIFT));
        told = 0; /* it may be told or not: beyond its LDT, the guest simply faults */
        break;
    default:
        fold(answered(do_update_descriptor(frames[0] << PAGE_SHIFT | some_index() * 8, 0,
                                           below(2) ? 0x0000FFFF : random32(),
                                           below(2) ? 0x00CFB300 : random32() << 8)));
    }
}

/* A frame leaves its domain, or the domain gets a free one, as memory_op does it. */
static void random_ownership(void)
{
    mfn_t mfn = own_frame();
    struct page_info *page = mfn_to_page(mfn);

    if (page->owner == this_cpu.domain && page->count & PGC_allocated && !below(4)) {
        page->count &= ~PGC_allocated;
        put_page(page);
    } else if (!page->owner && freed[mfn]) {
        freed[mfn] = false;
        assign_page(this_cpu.domain, mfn);
        memset(map_frame(mfn), 0, PAGE_SIZE);
    }
}

/* A frame is written to through a mapping, and the mapping goes. Then the frame gets another type. */
static void change_use(void)
{
    uint32_t va = 0xC0000000 + (some_index() << PAGE_SHIFT);
    mfn_t mfn = own_frame();

    fold(update_va(va, entry(mfn, RW), UVMF_NONE));
    guest_runs();
    fold(update_va(va, entry(mfn, below(2) ? RO : 0), UVMF_NONE));
    fold(mmuext(commands[below(4)], mfn, 0)); /* pins */
}

/* A plain L2 that is in use, if there is one at or after a randomly chosen frame. */
static mfn_t some_l2(void)
{
    mfn_t mfn = own_frame();

    for (mfn_t tries = 0; tries < FRAMES - FOREIGN; tries++) {
        const struct page_info *page = mfn_to_page(FOREIGN + (mfn - FOREIGN + tries) % (FRAMES - FOREIGN));

        if (page->owner == this_cpu.domain && is_table(page, PGT_l2_page_table) && !(page->type_info & PGT_pae_xen_l2))
            return page_to_mfn(page);
    }
    return mfn;
}

/* Linear entries are put into a table that is in use, or come with a page that becomes a table. */
static void random_linear(void)
{
    mfn_t table = below(2) ? some_l2() : unused_frame(), named = below(4) ? some_l2() : below(2) ? table : some_frame();
    pte_t e = entry(named, below(8) ? RO : some_flags());

    if (!unused(table)) {
        fold(set_entry(table, some_index(), below(4) ? e : some_entry()));
        stats[6]++;
        stats[7] += is_table(mfn_to_page(table), PGT_l2_page_table) && mfn_to_page(table)->linear;
        return;
    }
    memset(map_frame(table), 0, PAGE_SIZE);
    for (unsigned int i = 1 + below(4); i; i--)
        ((pte_t *)map_frame(table))[some_index()] = below(3) ? e : entry(below(2) ? table : some_l2(), RO);
    fold(mmuext(MMUEXT_PIN_L2_TABLE, table, 0));
}

void random_operation(void)
{
    switch (below(16)) {
    case 0:
    case 1:
        random_store();
        break;
    case 2:
        build_space();
        break;
    case 3:
    case 4:
    case 5:
        random_mmuext();
        break;
    case 6:
    case 7:
    case 8:
        random_va();
        break;
    case 9:
        random_descriptors();
        break;
    case 10:
        random_ownership();
        break;
    case 11:
        change_use();
        break;
    case 12:
        random_linear();
        break;
    default:
        random_batch();
    }
}
