/* What guests do to their memory, as choices of below(): mm_world.h. */
#include "mm_world.h"

const uint16_t indexes[INDEXES] = {0, 1, 2, 3, 64, 427, 428, 511};

pte_t entry(mfn_t mfn, uint32_t flags)
{
    return make_pte(mfn, flags);
}

/* --- The start */

bool fast, preempting, make_way;
static bool nested;

/* Frames of ours that were chosen last, to be chosen again: rules are broken in several steps with one frame. */
static mfn_t recent[4];
static unsigned int next_recent;

static void start_domain(struct domain *d, mfn_t l3, mfn_t l2, unsigned int l2s, unsigned int vcpu, unsigned int n)
{
    pte_t *table = map_frame(l3);

    for (unsigned int i = 0; i < l2s - 1; i++)
        table[i] = entry(l2 + i, _PAGE_PRESENT);
    table[3] = entry(l2 + l2s - 1, _PAGE_PRESENT);
    table = map_frame(l2 + l2s - 1);
    table[0] = entry(l2 + l2s, TABLE);
    for (unsigned int i = 0; i < n; i++) {
        struct vcpu *v = &vcpus[vcpu + i];

        v->domain = v->operation.domain = d;
        v->vcpu_id = i;
        v->area = VCPU_AREAS_START + (vcpu + i) * VCPU_AREA_SIZE;
        memset(v->gdt_frames, 0xFF, sizeof(v->gdt_frames));
        d->vcpu[i] = v;
    }
}

static void start_vcpus(void)
{
    for (unsigned int i = 0; i < VCPUS; i++) {
        struct vcpu *v = &vcpus[i];
        mfn_t l3 = v->domain == &ours ? L3 : FOREIGN;

        if (!v->vcpu_id)
            CHECK_RC(adopt_page_tables(v, l3), 0);
        else {
            CHECK_RC(get_page_and_table(mfn_to_page(l3), v->domain, PGT_l3_page_table), 0);
            v->guest_l3 = l3;
            update_cr3(v);
        }
    }
}

void start(bool privileged)
{
    memset(frame_table, 0, FRAMES * sizeof(*frame_table));
    memset(mpt_rw, 0xFF, FRAMES * sizeof(*mpt_rw));
    memset(freed, 0, sizeof(freed));
    memset(vcpus, 0, sizeof(vcpus));
    memset(vcpu_area_pte, 0, VCPU_AREA_PTES * sizeof(*vcpu_area_pte));
    memset(&ours, 0, sizeof(ours));
    memset(&foreign, 0, sizeof(foreign));
    this_cpu = (struct cpu){
        .vcpu = &vcpus[0], .domain = &ours, .tlb_clock = 5, .va_key = NO_VA_KEY, .effort_left = EFFORT_MAX};
    preempting = nested = make_way = false;
    ours.is_privileged = privileged;
    foreign.domain_id = 1;
    dom0 = &ours;
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++) {
        mfn_to_page(mfn)->stamp = 4;
        if (mfn >= FOREIGN) {
            assign_page(mfn >= OURS ? &ours : &foreign, mfn);
            zero_frame(mfn);
        } else if (mfn < HYPER)
            share_frame_with(dom_io, mfn, true);
        else if (mfn >= SHARED)
            share_frame_with(dom_xen, mfn, false);
    }
    for (unsigned int i = L2_HYP_FIRST; i < L2_ENTRIES; i++)
        idle_l2[i] = entry(i, RW);
    start_domain(&ours, L3, L2, 4, 0, OUR_VCPUS);
    ((pte_t *)map_frame(L2 + 3))[1] = entry(L1 + 1, TABLE);
    start_domain(&foreign, FOREIGN, FOREIGN + 1, 1, OUR_VCPUS, 1);
    start_vcpus();
    flush_tlb_now();
    flushed();
    gate_clobbered = 0;
    state_hash = 0xCBF29CE484222325ull;
    next_recent = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(recent); i++)
        recent[i] = FREE + i;
}

/* A switch loads CR3. */
void switch_vcpu(unsigned int i)
{
    this_cpu.vcpu = &vcpus[i];
    this_cpu.domain = vcpus[i].domain;
    this_cpu.va_key = NO_VA_KEY;
    flushed();
    this_cpu.tlb_clock++;
}

/* --- Calls */

#define NOT_TOLD 99

/* Where a call's arguments stand: each vCPU of those that may be in the midst of one has a page. They end with it. */
static void *guest_room(uint32_t size)
{
    return guest_memory + GUEST_MEMORY - PAGE_SIZE * nested - size;
}

/* Where it is told how many were done: the page's first word. */
static uint32_t *guest_done(void)
{
    uint32_t *done = guest_room(PAGE_SIZE);

    *done = NOT_TOLD;
    return done;
}

long gate(const void *entry, const uint32_t *arguments);
extern const char hypercall_mmu_update[], hypercall_update_va_mapping[];

/* A call that has made way is made again, as the guest's registers say. One that is itself made while others are
 * suspended would wait for them for ever: it is given up. */
static bool again(void)
{
    if (!(this_cpu.work & WORK_RESTART))
        return false;
    this_cpu.work &= ~WORK_RESTART;
    return !nested;
}

long mmu_update(mmu_update_t *req, uint32_t n, uint32_t *done, uint32_t domid)
{
    uint32_t args[5] = {(uint32_t)req, n, (uint32_t)done, domid, 0x77};
    long rc;

    do {
        rc = fast ? gate(hypercall_mmu_update, args)
                  : do_mmu_update((mmu_update_t *)args[0], args[1], (uint32_t *)args[2], args[3]);
        memcpy(args, this_cpu.restart.arg, this_cpu.restart.args * sizeof(args[0]));
    } while (again());
    return rc;
}

long update_va(uint32_t va, pte_t e, uint32_t flags)
{
    uint32_t args[5] = {va, e.lo, e.hi, flags, 0x77};

    return fast ? gate(hypercall_update_va_mapping, args) : do_update_va_mapping(va, e.lo, e.hi, flags);
}

long mmuext(uint32_t cmd, uint32_t arg1, uint32_t arg2)
{
    mmuext_op_t *op = guest_room(sizeof(*op));

    *op = (mmuext_op_t){.cmd = cmd, .arg1.mfn = arg1, .arg2.nr_ents = arg2};
    return do_mmuext_op(op, 1, NULL, DOMID_SELF);
}

long set_entry(mfn_t table, unsigned int index, pte_t e)
{
    mmu_update_t *req = guest_room(sizeof(*req));

    *req = (mmu_update_t){((uint64_t)table << PAGE_SHIFT) + index * 8, e.raw};
    return mmu_update(req, 1, NULL, DOMID_SELF);
}

/* --- Another vCPU in the midst of an operation: xen/operation.h */

uint64_t state_hash;

static void run_other(unsigned int other)
{
    unsigned int i = current - vcpus;

    if (other == i)
        return;
    nested = true;
    switch_vcpu(other);
    guest_runs();
    random_operation();
    guest_runs();
    switch_vcpu(i);
    nested = false;
}

/* Anybody but the vCPUs of the domain whose memory is being worked on. */
void preempt_point(void)
{
    struct domain *d = current->operation.domain;
    unsigned int other;

    check_nothing_stale();
    this_cpu.effort_left = EFFORT_MAX;
    if (!preempting || nested || below(3))
        return;
    other = below(VCPUS);
    if (vcpus[other].domain == d)
        return;
    d->memory_holder = current;
    run_other(other);
    d->memory_holder = NULL;
}

bool pause_point(void)
{
    check_nothing_stale();
    this_cpu.effort_left = EFFORT_MAX;
    if (!preempting || nested)
        return false;
    if (!below(3))
        run_other(below(VCPUS));
    return make_way && !below(20);
}

int begin_foreign_operation(struct domain *d)
{
    if (d->memory_holder)
        return -ERESTART; /* who cannot go on before this one has ended */
    current->operation.domain = d;
    return 0;
}

void end_foreign_operation(void)
{
    current->operation.domain = this_cpu.domain;
}

bool pause_operation(struct domain *d)
{
    end_operation();
    return pause_point() || begin_operation(d);
}

long restart_call(uint32_t number, unsigned int args, uint32_t arg0, uint32_t arg1, uint32_t arg2)
{
    this_cpu.restart = (struct restart){.number = number, .args = args, .arg = {arg0, arg1, arg2}};
    this_cpu.work |= WORK_RESTART;
    return -ERESTART;
}

/* --- Random operations */

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

    /* Only frames of domains have windows. */
    if (ptr >> PAGE_SHIFT >= FRAMES || !mfn_to_page(mfn)->owner || mfn_to_page(mfn)->owner == dom_io)
        return NULL;
    return (uint64_t *)((char *)map_frame(mfn) + (ptr & 0xFF8));
}

/* What stands before the failure is done, the failing one and what stands behind it is not. */
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

uint32_t stats[6];

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

/* One that is carried out in most cases: long batches would not get far without. */
static mmu_update_t easy_request(void)
{
    uint32_t choice = below(256), flags = choice >> 5 < 3 ? 0 : choice >> 5 < 6 ? RO : RO | 0x200;
    mfn_t mfn = recent[choice >> 3 & 3];

    return (mmu_update_t){.ptr = ((uint64_t)L1 << PAGE_SHIFT) + indexes[choice & 7] * 8,
                          .val = flags ? entry(mfn, flags).raw : 0};
}

/* Whose frames, and in the upper half whose tables. */
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
    mmu_update_t *req;
    long rc;

    if (nested && n > 8)
        n = 8;
    req = guest_room(n * sizeof(*req));
    for (uint32_t i = 0; i < n; i++) {
        if (!easy && !below(4))
            table = some_frame();
        req[i] = easy ? easy_request() : some_request(table);
        if (!nested)
            before_batch[i] = entry_at(req[i].ptr) ? *entry_at(req[i].ptr) : 0;
    }
    if (!below(20))
        domid = some_domains();
    if (!nested && !below(20)) /* some stand where no memory is */
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

/* The guest stores what it likes to where it may. */
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

/* A whole new address space, right in most cases, then pinned or used. */
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

/* The sub-operations: those that change types more often. */
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
    fold(do_mmuext_op(ops, count, count == 1 && below(2) ? NULL : done, domid));
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
        fold(do_update_va_mapping_otherdomain(va, e.lo, e.hi, 0, some_domains() & 0xFFFF));
}

static void random_descriptors(void)
{
    uint32_t *frames = guest_room(3 * sizeof(*frames)), r = below(6);

    for (unsigned int i = 0; i < 3; i++)
        frames[i] = some_frame();
    switch (r) {
    case 0:
        fold(do_set_gdt(frames, below(3 * 512)));
        break;
    case 1:
        fold(do_set_gdt(NULL, 0));
        break;
    case 2: /* often at an address that is mapped */
        fold(mmuext(MMUEXT_SET_LDT, 0xC0000000 + (below(2) << L2_SHIFT) + (below(4) << PAGE_SHIFT), below(4) * 512));
        break;
    case 3:
        fold(handle_ldt_fault(below(4) << PAGE_SHIFT));
        break;
    default:
        fold(do_update_descriptor(frames[0] << PAGE_SHIFT | some_index() * 8, 0, below(2) ? 0x0000FFFF : random32(),
                                  below(2) ? 0x00CFB300 : random32() << 8));
    }
}

/* A frame leaves its domain, or a free one comes to it, as memory_op does it. */
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

/* A frame is written to through a mapping, which goes; then it becomes something else. */
static void change_use(void)
{
    uint32_t va = 0xC0000000 + (some_index() << PAGE_SHIFT);
    mfn_t mfn = own_frame();

    fold(update_va(va, entry(mfn, RW), UVMF_NONE));
    guest_runs();
    fold(update_va(va, entry(mfn, below(2) ? RO : 0), UVMF_NONE));
    fold(mmuext(commands[below(4)], mfn, 0)); /* pins */
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
    default:
        random_batch();
    }
}

/* Everything that is left of a run goes away in the end: then nothing but the start may remain. */
void tear_down(void)
{
    preempting = make_way = false;
    for (unsigned int i = 0; i < VCPUS; i++) {
        switch_vcpu(i);
        do_set_gdt(NULL, 0);
        mmuext(MMUEXT_SET_LDT, 0, 0);
        mmuext(MMUEXT_NEW_BASEPTR, current->domain == &ours ? L3 : FOREIGN, 0);
    }
    for (mfn_t mfn = FOREIGN; mfn < FRAMES; mfn++) {
        switch_vcpu(mfn < OURS ? OUR_VCPUS : 0);
        mmuext(MMUEXT_UNPIN_TABLE, mfn, 0);
    }
    switch_vcpu(0);
    audit(true);
}
