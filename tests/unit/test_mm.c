/* SPDX-License-Identifier: MIT */
/*
 * Frames and page types (frames.c, page_tables.c, l1_refs.S), mmu_update and update_va_mapping (mmu_update.c and the
 * fast paths of mmu_fast.S), mmuext_op and descriptor tables, on the host.
 *
 * Proves that every reference is accounted for, whatever a guest does. After each operation, refused or not, an auditor
 * counts again who refers to each frame and as what, and compares that with the frame table. It knows nothing of the
 * hypervisor's methods and uses only the contents of the tables. Also proves that no frame serves as a table while the
 * TLB may still hold it as writable, and that a failing batch has done the entries before its failure and none after
 * it.
 *
 * It can be trusted because the hypervisor's files run unchanged: this is a 32-bit program that has memory where the
 * frame table, the windows and the machine-to-physical table are. Privileged instructions fault; a signal handler
 * counts and skips them. Guest accesses that fault go through the real exception table. In the middle of operations
 * another vCPU of the same domain may run and do things of its own. The same random sequences go through C and through
 * assembly, and must leave the same state.
 */
#include "mm_linear.h"
#include "mm_system.h"
#include "mm_world.h"

#include <asm/l1tf.h>

static const char *test_name = "start";
static unsigned int passes;
static uint32_t step;
unsigned int failures;

void fail(const char *f, ...)
{
    va_list args;

    if (failures++ >= 20)
        return;
    say("@test fail %s: step %u: ", test_name, step);
    va_start(args, f);
    say_list(f, args);
    va_end(args);
    say("\n");
}

/* --- Random sequences */

static uint32_t random_state;

uint32_t random32(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

uint32_t below(uint32_t n)
{
    return random32() % n;
}

static uint64_t random_run(const char *name, uint32_t seed, uint32_t steps, bool privileged, bool by_stubs, bool others,
                           bool making_way)
{
    test_name = name;
    random_state = seed;
    start(privileged);
    fast = by_stubs;
    preempting = others || making_way;
    make_way = making_way;
    for (step = 0; step < steps && failures < 20; step++) {
        if (!below(8))
            switch_vcpu(below(VCPUS));
        random_operation();
        audit(step % 500 == 0);
        guest_runs();
        fold_frames();
    }
    tear_down();
    return state_hash;
}

/* --- Chosen cases */

static mmu_update_t batch[80];

static struct page_info *page_of(mfn_t mfn)
{
    return mfn_to_page(mfn);
}

static void failing_l1_takes_nothing(void)
{
    pte_t *table = map_frame(FREE_A);

    for (unsigned int bad = 0; bad < 512; bad += 73) {
        for (unsigned int i = 0; i < 512; i++)
            table[i] = entry(FREE_B + i % 3, i & 1 ? RW : RO);
        table[bad] = entry(FREE_B, RW | _PAGE_GLOBAL);
        CHECK(mmuext(MMUEXT_PIN_L1_TABLE, FREE_A, 0) < 0);
        CHECK(page_of(FREE_B)->count == (PGC_allocated | 1));
        CHECK(page_of(FREE_B)->type_info < PGT_one);
        audit(true);
    }
}

static void failing_l2_takes_nothing(void)
{
    const pte_t bad[] = {
        entry(FREE_C, TABLE),             /* written to by FREE_B */
        entry(FREE_B, TABLE | _PAGE_PSE), /* the others' table, as a large page */
        entry(FOREIGN + 2, TABLE),        /* another domain's L1 */
        entry(HYPER, TABLE),
        entry(FRAMES, TABLE),
    };
    pte_t *l2 = map_frame(FREE_A), *l1 = map_frame(FREE_B);

    l1[5] = entry(FREE_C, RW);
    for (unsigned int i = 0; i < 500; i++)
        l2[i] = entry(FREE_B, TABLE);
    for (step = 0; step < ARRAY_SIZE(bad); step++) {
        l2[500] = bad[step];
        CHECK(mmuext(MMUEXT_PIN_L2_TABLE, FREE_A, 0) < 0);
        CHECK(page_of(FREE_B)->type_info < PGT_one);
        CHECK(page_of(FREE_C)->type_info < PGT_one);
        audit(true);
    }
    step = 0;
    l2[500].raw = 0;
    CHECK_RC(mmuext(MMUEXT_PIN_L2_TABLE, FREE_A, 0), 0);
    CHECK(page_of(FREE_B)->type_info >> PGT_count_shift == 500);
    CHECK(page_of(FREE_C)->type_info >> PGT_count_shift == 1);
    audit(true);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
    audit(true);
}

static void l3_rules(void)
{
    static const struct {
        mfn_t slot0, slot3;
        uint32_t flags;
        bool good;
    } tries[] = {{L2, FREE_B, 1, true},       {L2, 0, 0, false},          {L2, L2 + 3, 1, false},
                 {FREE_B, FREE_B, 1, false},  {FREE_A, FREE_B, 1, false}, {L2, FREE_A, 1, false},
                 {L2, L2, 1, false},          {L2, FREE_B, 5, false},     {L2, FREE_B, 0x11, false},
                 {L2, FREE_B, 0x81, false},   {L2, FREE_B, 0x63, true},   {L1, FREE_B, 1, false},
                 {FOREIGN, FREE_B, 1, false}, {HYPER, FREE_B, 1, false},  {MMIO, FREE_B, 1, false},
                 {FRAMES, FREE_B, 1, false},  {L2 + 3, FREE_B, 1, false}};
    pte_t *l3 = map_frame(FREE_A);

    for (step = 0; step < ARRAY_SIZE(tries); step++) {
        memset(map_frame(FREE_A), 0, PAGE_SIZE);
        memset(map_frame(FREE_B), 0, PAGE_SIZE);
        l3[0] = entry(tries[step].slot0, tries[step].flags);
        l3[3] = entry(tries[step].slot3, tries[step].flags & 1);
        CHECK((mmuext(MMUEXT_PIN_L3_TABLE, FREE_A, 0) == 0) == tries[step].good);
        audit(true);
        CHECK((mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0) == 0) == tries[step].good);
        audit(true);
    }
    step = 0;
}

static void flush_before_new_type(void)
{
    unsigned int before;

    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RW)), 0);
    guest_runs();
    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RO)), 0);
    before = flushes;
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, FREE_A, 0), 0);
    CHECK(flushes == before + 1);
    audit(true);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
    /* Long ago: there has been a flush since. */
    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RW)), 0);
    guest_runs();
    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RO)), 0);
    CHECK_RC(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
    before = flushes;
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, FREE_A, 0), 0);
    CHECK(flushes == before);
    audit(true);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
    CHECK_RC(set_entry(L1, 1, entry(0, 0)), 0);
}

static void one_flush_a_batch(void)
{
    unsigned int before;
    uint32_t done;

    for (unsigned int i = 0; i < 20; i++) {
        CHECK_RC(set_entry(L1, i, entry(FREE + i, RW)), 0);
        batch[i] = (mmu_update_t){((uint64_t)L1 << PAGE_SHIFT) + i * 8, entry(FREE + i, RO).raw};
        batch[20 + i] = (mmu_update_t){((uint64_t)L2 << PAGE_SHIFT) + i * 8, entry(FREE + i, TABLE).raw};
    }
    guest_runs();
    before = flushes;
    CHECK_RC(mmu_update(batch, 40, &done, DOMID_SELF), 0);
    CHECK(done == 40);
    CHECK(flushes == before + 1); /* twenty pages became tables */
    audit(true);
    for (unsigned int i = 0; i < 20; i++) {
        batch[i].val = entry(FREE + i, RO | 0x200).raw;
        batch[20 + i].val |= 0x200;
    }
    before = flushes;
    CHECK_RC(mmu_update(batch, 40, &done, DOMID_SELF), 0);
    CHECK(flushes == before); /* harmless bits */
    audit(true);
    for (unsigned int i = 0; i < 20; i++)
        batch[i].val = batch[20 + i].val = 0;
    CHECK_RC(mmu_update(batch, 40, &done, DOMID_SELF), 0);
    audit(true);
}

static void last_mapping_frees(void)
{
    CHECK_RC(set_entry(L1, 3, entry(FREE_A, RW)), 0);
    page_of(FREE_A)->count &= ~PGC_allocated;
    put_page(page_of(FREE_A));
    CHECK(!freed[FREE_A]);
    CHECK(page_of(FREE_A)->owner == &ours);
    CHECK_RC(set_entry(L1, 4, entry(FREE_A, RO)), 0);
    CHECK_RC(set_entry(L1, 3, entry(0, 0)), 0);
    CHECK(!freed[FREE_A]);
    CHECK_RC(set_entry(L1, 4, entry(0, 0)), 0);
    CHECK(freed[FREE_A]);
    CHECK(!page_of(FREE_A)->owner);
    CHECK(mpt_rw[FREE_A] == INVALID_M2P_ENTRY);
    CHECK(set_entry(L1, 3, entry(FREE_A, RO)) < 0);
    audit(true);
}

static void guest_pointers(void)
{
    mmu_update_t req = {(uint64_t)L1 << PAGE_SHIFT, entry(FREE_A, RO).raw};
    uint32_t done = 99;

    CHECK_RC(mmu_update((mmu_update_t *)8, 1, &done, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update((mmu_update_t *)8, 3, &done, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update((mmu_update_t *)(HYP_START - 8), 1, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update((mmu_update_t *)RDWR_MPT_START, 1, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update((mmu_update_t *)RDWR_MPT_START, 2, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update(&req, 0x10000001, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update(&req, 0x0FFFFFFF, NULL, DOMID_SELF), -EFAULT);
    CHECK_RC(mmu_update(&req, 0x7FFFFFFF, NULL, DOMID_SELF), -EFAULT);
    CHECK(((pte_t *)map_frame(L1))[0].raw == 0);
    CHECK_RC(mmu_update(&req, 1, (uint32_t *)8, DOMID_SELF), 0);
    CHECK_RC(mmu_update(&req, 1, (uint32_t *)RDWR_MPT_START, DOMID_SELF), 0);
    CHECK(((pte_t *)map_frame(L1))[0].raw == req.val);
    audit(true);
}

static void type_count_overflow(void)
{
    struct page_info *page = page_of(FREE_A);

    CHECK_RC(set_entry(L1, 1, entry(FREE_A, RW)), 0);
    page->type_info |= ~PGT_flags;
    CHECK_RC(set_entry(L1, 2, entry(FREE_A, RW)), -EBUSY);
    CHECK(page->type_info >> PGT_count_shift == 0xFFFFFF);
    batch[0] = (mmu_update_t){((uint64_t)L1 << PAGE_SHIFT) + 16, entry(FREE_A, RW).raw};
    batch[1] = batch[0];
    CHECK_RC(mmu_update(batch, 2, NULL, DOMID_SELF), -EBUSY);
    CHECK(page->type_info >> PGT_count_shift == 0xFFFFFF);
    page->type_info = PGT_writable | PGT_one;
    audit(true);
}

static void table_count_overflow(void)
{
    struct page_info *page = page_of(FREE_B);
    uint32_t before;

    ((pte_t *)map_frame(FREE_A))[0] = ((pte_t *)map_frame(FREE_A))[1] = entry(FREE_B, TABLE);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, FREE_B, 0), 0);
    before = page->type_info;
    page->type_info += 0xFFFFFDu << PGT_count_shift; /* one more is possible */
    CHECK(mmuext(MMUEXT_PIN_L2_TABLE, FREE_A, 0) < 0);
    CHECK(page->type_info >> PGT_count_shift == 0xFFFFFE);
    page->type_info = before;
    audit(true);
}

static void descriptors_once_a_table(void)
{
    uint32_t frames[3] = {FREE_A, FREE_B, FREE_A};
    uint32_t *words = map_frame(FREE_A);

    CHECK_RC(do_set_gdt(frames, 3 * 512), 0);
    audit(true);
    CHECK_RC(set_entry(L1, 0, entry(FREE_A, RW)), -EBUSY);
    CHECK_RC(do_update_descriptor(FREE_A << PAGE_SHIFT | 8, 0, 0x0000FFFF, 0x00CF9300), 0); /* DPL 0 */
    CHECK(words[3] >> 13 & 3);
    CHECK((words[2] & 0xFFFF) == 0x67FF); /* and cut */
    CHECK_RC(do_set_gdt(NULL, 0), 0);
    audit(true);
    words[5] = 0x00008900; /* a TSS */
    CHECK_RC(answered(do_set_gdt(frames, 512)), -EINVAL);
    frames[0] = FREE_B;
    frames[1] = MMIO;
    CHECK_RC(answered(do_set_gdt(frames, 1024)), -EINVAL);
    audit(true);
}

static void ldt_pages(void)
{
    CHECK_RC(set_entry(L1, 2, entry(FREE_A, RO)), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0xC0002000, 1024), 0);
    CHECK(handle_ldt_fault(8));
    CHECK(!handle_ldt_fault(PAGE_SIZE));     /* nothing mapped there */
    CHECK(!handle_ldt_fault(2 * PAGE_SIZE)); /* beyond it */
    audit(true);
    CHECK_RC(set_entry(L1, 5, entry(FREE_A, RW)), -EBUSY);
    /* The mapping goes, and with it the LDT's page. */
    CHECK_RC(set_entry(L1, 2, entry(0, 0)), 0);
    CHECK(!current->arch.ldt_mapped);
    audit(true);
    CHECK_RC(set_entry(L1, 5, entry(FREE_A, RW)), 0);
    audit(true);
}

static void no_frame_in_absent_entries(void)
{
    mfn_t levels[] = {FREE_A, L1, L2, L3};
    uint32_t pins[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE};
    pte_t absent = entry(FREE_B, 0), nowhere = entry(0x3FFFFF, 0);

    ours.is_privileged = false;
    for (unsigned int vulnerable = 0; vulnerable < 2; vulnerable++) {
        l1tf_vulnerable = vulnerable;
        for (unsigned int i = 1; i < 4; i++) { /* by an update, in a table of each level */
            pte_t was = ((pte_t *)map_frame(levels[i]))[2];

            CHECK((set_entry(levels[i], 2, absent) < 0) == vulnerable);
            CHECK_RC(set_entry(levels[i], 2, nowhere), 0);
            CHECK_RC(set_entry(levels[i], 2, was), 0);
            audit(true);
        }
        CHECK((update_va(0xC0002000, absent, 0) < 0) == vulnerable);
        CHECK_RC(update_va(0xC0002000, (pte_t){.raw = 0}, 0), 0);
        for (unsigned int i = 0; i < 3; i++) { /* with a page that becomes a table */
            pte_t *table = map_frame(FREE_A);

            memset(table, 0, PAGE_SIZE);
            memset(map_frame(FREE_C), 0, PAGE_SIZE);
            if (i == 2)
                table[3] = entry(FREE_C, _PAGE_PRESENT);
            table[2] = nowhere;
            CHECK_RC(mmuext(pins[i], FREE_A, 0), 0);
            CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
            table[2] = absent;
            CHECK((mmuext(pins[i], FREE_A, 0) < 0) == vulnerable);
            if (!vulnerable)
                CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, FREE_A, 0), 0);
            audit(true);
        }
    }
    ours.is_privileged = true; /* exempt */
    CHECK_RC(set_entry(L1, 2, absent), 0);
    CHECK_RC(set_entry(L1, 2, (pte_t){.raw = 0}), 0);
    l1tf_vulnerable = false;
}

static void shown_frames_stay_what_they_are(void)
{
    static const struct {
        uint32_t domid;
        mfn_t mfn;
    } shown[] = {{DOMID_XEN, SHARED}, {DOMID_IO, MMIO}};
    mmuext_op_t pin = {.cmd = MMUEXT_PIN_L1_TABLE};

    for (step = 0; step < ARRAY_SIZE(shown); step++) {
        pin.arg1.mfn = shown[step].mfn;
        CHECK_RC(answered(do_mmuext_op(&pin, 1, NULL, shown[step].domid)), -EINVAL);
        audit(true);
    }
    batch[0] = (mmu_update_t){((uint64_t)L1 << PAGE_SHIFT) + 8, entry(SHARED, RW).raw};
    CHECK_RC(mmu_update(batch, 1, NULL, DOMID_XEN), -EBUSY);
    batch[0].val = entry(SHARED, RO).raw;
    CHECK_RC(mmu_update(batch, 1, NULL, DOMID_XEN), 0);
    audit(true);
    CHECK(set_entry(L1, 1, entry(SHARED, RW)) < 0);
    audit(true);
    CHECK_RC(set_entry(L1, 1, entry(0, 0)), 0);
}

/* XSA-279. On one CPU nobody can see one INVLPG more than needed, so this checks the full flush. */
static void failed_updates_do_not_flush(void)
{
    unsigned int before = flushes;

    CHECK(update_va(0xC0002000, entry(FREE_A, RW | _PAGE_GLOBAL), UVMF_TLB_FLUSH) < 0);
    CHECK(update_va(0x1000, entry(FREE_A, RW), UVMF_TLB_FLUSH) < 0);
    CHECK(update_va(RDWR_MPT_START, entry(FREE_A, RW), UVMF_TLB_FLUSH) < 0);
    CHECK(update_va(0xFFFFF000, entry(FREE_A, RW), UVMF_TLB_FLUSH | UVMF_ALL) < 0);
    CHECK(flushes == before);
    CHECK_RC(update_va(0xC0002000, entry(FREE_A, RW), UVMF_TLB_FLUSH), 0);
    CHECK(flushes == before + 1);
    CHECK_RC(update_va(0xC0002000, entry(0, 0), 0), 0);
    audit(true);
}

/* Somebody gets a frame while the TLB may still hold it as writable by its former owner. */
static void flush_for_a_new_owner(void)
{
    unsigned int before;

    CHECK_RC(set_entry(L1, 3, entry(FREE_A, RW)), 0);
    guest_runs();
    page_of(FREE_A)->count &= ~PGC_allocated;
    put_page(page_of(FREE_A));
    CHECK_RC(set_entry(L1, 3, entry(0, 0)), 0);
    CHECK(freed[FREE_A]);
    before = flushes;
    freed[FREE_A] = false;
    assign_page(&foreign, FREE_A);
    CHECK(flushes == before + 1);
    page_of(FREE_A)->count &= ~PGC_allocated;
    put_page(page_of(FREE_A));
    assign_page(&ours, FREE_A);
    freed[FREE_A] = false;
    audit(true);
}

/* Neither a table nor the data of another domain can be written to. */
static void foreign_tables(void)
{
    switch_vcpu(OUR_VCPUS);
    CHECK_RC(set_entry(FOREIGN + 2, 5, entry(OURS - 1, RW)), 0); /* it writes to one of its frames itself */
    switch_vcpu(0);
    for (mfn_t mfn = FOREIGN; mfn < OURS; mfn++) {
        uint64_t was = ((pte_t *)map_frame(mfn))[1].raw;
        uint32_t done;

        step = mfn - FOREIGN;
        CHECK_RC(set_entry(mfn, 1, entry(FREE_A, 0x200)), -EINVAL);
        batch[0] = batch[1] = (mmu_update_t){((uint64_t)mfn << PAGE_SHIFT) + 8, entry(FREE_A, 0x200).raw};
        CHECK_RC(mmu_update(batch, 2, &done, DOMID_SELF), -EINVAL);
        CHECK(done == 0);
        CHECK(((pte_t *)map_frame(mfn))[1].raw == was);
    }
    step = 0;
    switch_vcpu(OUR_VCPUS);
    CHECK_RC(set_entry(FOREIGN + 2, 5, (pte_t){.raw = 0}), 0);
    switch_vcpu(0);
    audit(true);
}

/* The only test to run, or NULL for all. */
static const char *wanted;

static bool is_wanted(const char *name)
{
    const char *w = wanted;

    if (!w)
        return true;
    while (*w && *w == *name)
        w++, name++;
    return *w == *name;
}

static void chosen(const char *name, void (*fn)(void))
{
    if (!is_wanted(name))
        return;
    for (unsigned int i = 0; i < 2; i++) {
        unsigned int before = failures;

        fast = i;
        test_name = name;
        step = 0;
        start(true);
        audit(true);
        fn();
        tear_down();
        if (failures == before) {
            say("@test pass %s (%s)\n", name, fast ? "assembly" : "C");
            passes++;
        }
    }
}

static void random_pair(const char *name, uint32_t seed, uint32_t steps, bool privileged, bool others, bool making_way)
{
    unsigned int before = failures;
    uint64_t in_c, in_assembly;

    if (!is_wanted(name))
        return;
    in_c = random_run(name, seed, steps, privileged, false, others, making_way);
    in_assembly = random_run(name, seed, steps, privileged, true, others, making_way);

    step = 0;
    if (in_c != in_assembly && !others && !making_way)
        FAIL("C and assembly differ");
    if (failures == before) {
        say("@test pass %s\n", name);
        passes++;
    }
}

/* words: argc and argv. With a number: only the random runs, from that seed on, to search further by hand. With a name:
 * only the test of that name. */
int test_main(const uint32_t *words);
int test_main(const uint32_t *words)
{
    uint32_t seed = 0;

    if (words[0] > 1 && *(const char *)words[2] >= 'a')
        wanted = (const char *)words[2];
    else if (words[0] > 1)
        for (const char *p = (const char *)words[2]; *p; p++)
            seed = seed * 10 + *p - '0';
    set_up_memory();
    if (!seed) {
        chosen("failing_l1_takes_nothing", failing_l1_takes_nothing);
        chosen("failing_l2_takes_nothing", failing_l2_takes_nothing);
        chosen("l3_rules", l3_rules);
        chosen("flush_before_new_type", flush_before_new_type);
        chosen("one_flush_a_batch", one_flush_a_batch);
        chosen("last_mapping_frees", last_mapping_frees);
        chosen("guest_pointers", guest_pointers);
        chosen("type_count_overflow", type_count_overflow);
        chosen("table_count_overflow", table_count_overflow);
        chosen("descriptors_once_a_table", descriptors_once_a_table);
        chosen("ldt_pages", ldt_pages);
        chosen("shown_frames_stay_what_they_are", shown_frames_stay_what_they_are);
        chosen("no_frame_in_absent_entries", no_frame_in_absent_entries);
        chosen("failed_updates_do_not_flush", failed_updates_do_not_flush);
        chosen("flush_for_a_new_owner", flush_for_a_new_owner);
        chosen("foreign_tables", foreign_tables);
        for (const struct linear_case *c = linear_cases; c->name; c++)
            chosen(c->name, c->fn);
    }
    random_pair("random_privileged", seed + 1, 30000, true, false, false);
    random_pair("random_unprivileged", seed + 2, 30000, false, false, false);
    random_pair("random_with_another_vcpu", seed + 3, 20000, true, true, false);
    random_pair("random_given_up", seed + 4, 20000, true, true, true);
    if (seed)
        say("pins of L3: %u of %u, new base: %u of %u, entries done: %u of %u, in linear tables: %u of %u\n", stats[1],
            stats[0], stats[3], stats[2], stats[5], stats[4], stats[7], stats[6]);
    return failures != 0;
}
