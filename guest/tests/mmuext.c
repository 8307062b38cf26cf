/* SPDX-License-Identifier: MIT */
/*
 * mmuext_op: pins and their rules, the base pointer, flushes, the edges of the LDT, page operations. A type is proved
 * by what it forbids: a pinned table cannot have a writable mapping, an unpinned page can have one again.
 */
#include "test.h"

#define ENTRIES (PAGE_SIZE / sizeof(pte_t))

static void *table_page(void)
{
    void *page = alloc_page();

    if (page_make_readonly(page))
        FAIL("cannot make a page read-only");
    return page;
}

static void free_table_page(void *page)
{
    CHECK_RC(page_make_writable(page), 0);
    free_page(page);
}

static int pin(uint32_t level, const void *page)
{
    return mmuext(MMUEXT_PIN_L1_TABLE + level - 1, virt_to_mfn(page), 0);
}

static int unpin(const void *page)
{
    return mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0);
}

TEST(mmuext_pin_l1)
{
    void *page = table_page();

    CHECK_RC(pin(1, page), 0);
    CHECK_RC(page_make_writable(page), -EBUSY);
    CHECK_RC(pin(1, page), -EINVAL); /* twice */
    CHECK_RC(pin(2, page), -EINVAL); /* as something else */
    CHECK_RC(pin(3, page), -EINVAL);
    CHECK_RC(unpin(page), 0);
    CHECK_RC(unpin(page), -EINVAL);
    free_table_page(page);
}

TEST(mmuext_pin_l2)
{
    void *page = table_page();

    CHECK_RC(pin(2, page), 0);
    CHECK_RC(pin(1, page), -EINVAL);
    CHECK_RC(page_make_writable(page), -EBUSY);
    CHECK_RC(unpin(page), 0);
    CHECK_RC(pin(1, page), 0); /* the type may change once nobody uses it */
    CHECK_RC(unpin(page), 0);
    free_table_page(page);
}

TEST(mmuext_pin_writable_page)
{
    void *page = alloc_page();

    for (uint32_t level = 1; level <= 3; level++)
        CHECK_RC(pin(level, page), -EINVAL);
    CHECK_RC(page_make_writable(page), 0);
    *(volatile uint32_t *)page = 1;
    free_page(page);
}

TEST(mmuext_pin_l1_contents)
{
    static const struct {
        pte_t flags;
        bool good;
    } tries[] = {{PTE_KERNEL_RW, true},
                 {PTE_KERNEL_RO | PTE_US, true},
                 {PTE_KERNEL_RW | PTE_G, false},
                 {PTE_P | 1ull << 52, false},
                 {PTE_P | 1ull << 62, false},
                 {0, true},
                 {PTE_G, true}};
    void *data = alloc_page();
    pte_t *page = alloc_page();

    for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++) {
        context("flags 0x%llx", tries[i].flags);
        page[0] = page[510] = make_pte(virt_to_mfn(data), PTE_KERNEL_RW);
        page[511] = make_pte(virt_to_mfn(data), tries[i].flags);
        CHECK_RC(page_make_readonly(page), 0);
        if (tries[i].good) {
            CHECK_RC(pin(1, page), 0);
            CHECK_RC(unpin(page), 0);
        } else
            CHECK(pin(1, page) < 0);
        CHECK_RC(page_make_writable(page), 0);
    }
    context("%s", "");
    /* The refused operations have left no reference behind. */
    memset(page, 0, PAGE_SIZE);
    CHECK_RC(page_make_readonly(data), 0);
    CHECK_RC(pin(1, data), 0);
    CHECK_RC(unpin(data), 0);
    CHECK_RC(page_make_writable(data), 0);
    free_page(page);
    free_page(data);
}

/* Wherever an entry is in its table, and whatever is beside it, it counts when the table is validated and when it is
 * given up. */
TEST(mmuext_pin_l1_each_entry)
{
    pte_t *page = alloc_page();
    void *data = alloc_page();

    CHECK_RC(page_make_readonly(data), 0);
    for (unsigned int i = 0; i < 2 * ENTRIES; i++) {
        unsigned int at = i / 2, beside = (at * 7 + 3) % ENTRIES;

        context("entry %u%s", at, i & 1 ? ", and another" : "");
        page[beside] = i & 1 ? make_pte(virt_to_mfn(page), PTE_KERNEL_RO) : 0;
        page[at] = make_pte(virt_to_mfn(data), PTE_KERNEL_RW | PTE_G);
        CHECK_RC(page_make_readonly(page), 0);
        CHECK(pin(1, page) < 0);
        CHECK_RC(page_make_writable(page), 0);
        page[at] = make_pte(virt_to_mfn(data), PTE_KERNEL_RW);
        CHECK_RC(page_make_readonly(page), 0);
        CHECK_RC(pin(1, page), 0);
        CHECK(pin(1, data) < 0);
        CHECK_RC(unpin(page), 0);
        CHECK_RC(pin(1, data), 0);
        CHECK_RC(unpin(data), 0);
        CHECK_RC(page_make_writable(page), 0);
        page[at] = page[beside] = 0;
    }
    context("%s", "");
    CHECK_RC(page_make_writable(data), 0);
    free_page(page);
    free_page(data);
}

/* A frame that is mapped as writable already, when a table with such an entry becomes one: two uses. */
TEST(mmuext_pin_l1_counts_a_use_beside_another)
{
    pte_t *page = alloc_page();
    void *data = alloc_page();

    page[5] = make_pte(virt_to_mfn(data), PTE_KERNEL_RW);
    page[6] = make_pte(virt_to_mfn(data), PTE_KERNEL_RO);
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(pin(1, page), 0);
    CHECK_RC(page_make_readonly(data), 0);
    CHECK(pin(1, data) < 0);
    CHECK_RC(unpin(page), 0);
    CHECK_RC(pin(1, data), 0);
    CHECK_RC(unpin(data), 0);
    CHECK_RC(page_make_writable(data), 0);
    CHECK_RC(page_make_writable(page), 0);
    free_page(page);
    free_page(data);
}

TEST(mmuext_pin_l1_that_maps_itself)
{
    pte_t *page = alloc_page();

    /* A writable mapping would be one of a table, so it is refused. A read-only one is allowed. */
    page[7] = make_pte(virt_to_mfn(page), PTE_KERNEL_RW);
    CHECK_RC(page_make_readonly(page), 0);
    CHECK(pin(1, page) < 0);
    CHECK_RC(page_make_writable(page), 0);
    page[7] = make_pte(virt_to_mfn(page), PTE_KERNEL_RO);
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(pin(1, page), 0);
    CHECK_RC(unpin(page), 0);
    CHECK_RC(page_make_writable(page), 0);
    free_page(page);
}

TEST(mmuext_pin_l1_foreign)
{
    NEED_DOM0();
    pte_t *page = alloc_page();
    void *data = alloc_page();

    page[0] = make_pte(virt_to_mfn(data), PTE_KERNEL_RW);
    page[1] = make_pte(foreign_frame(), PTE_KERNEL_RO);
    CHECK_RC(page_make_readonly(page), 0);
    CHECK(pin(1, page) < 0);
    CHECK_RC(page_make_writable(page), 0);
    page[1] = make_pte(MMIO_FRAME, PTE_KERNEL_RW);
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(pin(1, page), 0);
    CHECK_RC(unpin(page), 0);
    CHECK_RC(page_make_writable(page), 0);
    free_page(page);
    free_page(data);
}

TEST(mmuext_pin_l2_contents)
{
    pte_t *l2 = alloc_page(), *l1 = table_page();
    static const pte_t bad[] = {PTE_PSE, PTE_G, PTE_PCD, PTE_PWT, 1ull << 52};

    l2[0] = l2[511] = make_pte(virt_to_mfn(l1), PTE_TABLE);
    CHECK_RC(page_make_readonly(l2), 0);
    CHECK_RC(pin(2, l2), 0);
    CHECK_RC(page_make_writable(l1), -EBUSY); /* a table because a table names it */
    CHECK_RC(pin(1, l1), 0);                  /* and pinned as well */
    CHECK_RC(unpin(l2), 0);
    CHECK_RC(page_make_writable(l1), -EBUSY);
    CHECK_RC(unpin(l1), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        context("flags 0x%llx", bad[i]);
        CHECK_RC(page_make_writable(l2), 0);
        l2[511] = make_pte(virt_to_mfn(l1), PTE_TABLE) | bad[i];
        CHECK_RC(page_make_readonly(l2), 0);
        CHECK(pin(2, l2) < 0);
    }
    context("%s", "");
    /* l1 is free again although l2[0] had tried to name it. */
    free_table_page(l1);
    free_table_page(l2);
}

TEST(mmuext_pin_l2_of_itself)
{
    pte_t *l2 = alloc_page();

    l2[3] = make_pte(virt_to_mfn(l2), PTE_TABLE);
    CHECK_RC(page_make_readonly(l2), 0);
    CHECK(pin(2, l2) < 0);
    free_table_page(l2);
}

TEST(mmuext_pin_l3)
{
    struct address_space space;

    address_space_copy(&space);
    CHECK_RC(pin(3, space.l3), 0);
    CHECK_RC(page_make_writable(space.l3), -EBUSY);
    CHECK_RC(page_make_writable(space.l2_top), -EBUSY);
    /* The hypervisor has put its own entries into the L2 of slot 3. */
    CHECK(space.l2_top[L2_INDEX(HYPERVISOR_VIRT_START)] & PTE_P);
    CHECK_RC(unpin(space.l3), 0);
    address_space_free(&space);
}

TEST(mmuext_pin_l3_contents)
{
    struct address_space space;
    pte_t top, own;

    address_space_copy(&space);
    top = space.l3[3];
    own = make_pte(virt_to_mfn(space.l3), PTE_P);
    for (unsigned int i = 0; i < 9; i++) {
        context("case %u", i);
        CHECK_RC(page_make_writable(space.l3), 0);
        space.l3[3] = top;
        space.l3[1] = mm_base()[1] & (PTE_FRAME | PTE_P);
        switch (i) {
        case 0:
            space.l3[3] = 0; /* no place for the hypervisor's entries */
            break;
        case 1:
            space.l3[3] = mm_base()[3] & (PTE_FRAME | PTE_P); /* another L3's */
            break;
        case 2:
            if (!is_int82())
                continue;      /* XSA-185: Xen 4.2.5 accepts it */
            space.l3[1] = own; /* recursive */
            break;
        case 3:
            space.l3[3] = own;
            break;
        case 4:
            space.l3[1] = top; /* twice */
            break;
        case 5:
            space.l3[1] |= PTE_US;
            break;
        case 6:
            space.l3[1] |= PTE_PCD;
            break;
        case 7:
            space.l3[1] = make_pte(foreign_frame(), PTE_P);
            break;
        case 8:
            space.l3[3] = mm_base()[0] & (PTE_FRAME | PTE_P); /* an L2 of another slot */
            break;
        }
        CHECK_RC(page_make_readonly(space.l3), 0);
        CHECK_RC(pin(3, space.l3), -EINVAL);
        CHECK_RC(mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(space.l3), 0), -EINVAL);
    }
    context("%s", "");
    CHECK_RC(page_make_writable(space.l3), 0);
    CHECK_RC(page_make_readonly(space.l3), 0);
    address_space_free(&space);
}

TEST(mmuext_pin_l3_reserved_bits)
{
    struct address_space space;

    address_space_copy(&space);
    CHECK_RC(page_make_writable(space.l3), 0);
    space.l3[1] |= PTE_NX;
    CHECK_RC(page_make_readonly(space.l3), 0);
    CHECK(pin(3, space.l3) < 0);
    address_space_free(&space);
}

TEST(mmuext_pin_l4)
{
    void *page = table_page();
    int rc = mmuext(MMUEXT_PIN_L4_TABLE, virt_to_mfn(page), 0);

    CHECK_ONE_OF(rc, 0, -EINVAL); /* no such level under PAE: Xen ignores it */
    CHECK_RC(unpin(page), -EINVAL);
    free_table_page(page);
}

TEST(mmuext_pin_frames_of_others)
{
    static const uint32_t cmd[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
                                   MMUEXT_UNPIN_TABLE,  MMUEXT_NEW_BASEPTR,  MMUEXT_CLEAR_PAGE};
    const uint32_t frames[] = {foreign_frame(), MMIO_FRAME, HUGE_FRAME, RAM_END_FRAME + 0x1000, 0xFFFFFFFF, 0x80000000};

    for (unsigned int i = 0; i < ARRAY_SIZE(cmd); i++)
        for (unsigned int j = 0; j < ARRAY_SIZE(frames); j++) {
            context("command %u on frame 0x%x", cmd[i], frames[j]);
            CHECK_RC(mmuext(cmd[i], frames[j], 0), -EINVAL);
        }
}

TEST(mmuext_unpin_not_pinned)
{
    void *page = alloc_page();
    pte_t *l1 = new_l1_at(FREE_TABLE_VA);

    CHECK_RC(unpin(page), -EINVAL); /* a page */
    CHECK_RC(unpin(l1), -EINVAL);   /* a table, but not pinned */
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, pte_mfn(mm_base()[0]), 0), -EINVAL);
    drop_l1_at(FREE_TABLE_VA, l1);
    free_page(page);
}

/* ---- Base pointer */
TEST(mmuext_new_baseptr)
{
    const pte_t *old = mm_base();
    volatile uint32_t *va = (void *)FREE_TABLE_VA;
    struct address_space space;
    pte_t *l1;
    void *data = alloc_page();

    address_space_copy(&space);
    CHECK_RC(mm_set_base(space.l3), 0);
    /* Something that only the new address space has. */
    l1 = new_l1_at(FREE_TABLE_VA);
    CHECK_RC(mmu_set_entry(&l1[0], make_pte(virt_to_mfn(data), PTE_KERNEL_RW)), 0);
    *va = 0x77;
    CHECK_EQ(*(uint32_t *)data, 0x77);
    CHECK_RC(page_make_writable(space.l3), -EBUSY); /* in use, though not pinned */
    CHECK_RC(mm_set_base(old), 0);
    CHECK(!probe_read(va, NULL, NULL));
    /* QEMU's TCG has set Accessed in the entries in the meantime. Xen does not accept that when it validates them
     * again. */
    for (unsigned int i = 0; !is_int82() && i < 4; i++)
        CHECK_RC(mmu_set_entry(&space.l3[i], space.l3[i] & (PTE_FRAME | PTE_P)), 0);
    CHECK_RC(mm_set_base(space.l3), 0);
    CHECK_EQ(*va, 0x77);
    drop_l1_at(FREE_TABLE_VA, l1);
    CHECK_RC(mm_set_base(old), 0);
    address_space_free(&space);
    free_page(data);
}

TEST(mmuext_new_baseptr_same)
{
    CHECK_RC(mm_set_base(mm_base()), 0);
    CHECK_RC(mm_set_base(mm_base()), 0);
}

TEST(mmuext_new_baseptr_bad)
{
    void *page = alloc_page();

    CHECK_RC(mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(page), 0), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_NEW_BASEPTR, pte_mfn(mm_base()[0]), 0), -EINVAL); /* an L2 */
    free_page(page);
}

/* With its last use as base pointer, the page stops being a table. */
TEST(mmuext_unpin_in_use)
{
    const pte_t *old = mm_base();
    struct address_space space;

    address_space_copy(&space);
    CHECK_RC(pin(3, space.l3), 0);
    CHECK_RC(mm_set_base(space.l3), 0);
    CHECK_RC(unpin(space.l3), 0);
    CHECK_RC(page_make_writable(space.l3), -EBUSY);
    CHECK_RC(mm_set_base(old), 0);
    address_space_free(&space);
}

TEST(mmuext_user_baseptr)
{
    CHECK_RC(mmuext(MMUEXT_NEW_USER_BASEPTR, virt_to_mfn(mm_base()), 0), -ENOSYS);
}

/* ---- Flushes */
static void check_flush(int line, uint32_t cmd, uint32_t arg1, uint32_t arg2)
{
    volatile uint32_t *va = (void *)FREE_VA;
    void *a = alloc_page(), *b = alloc_page();

    *(uint32_t *)a = 1;
    *(uint32_t *)b = 2;
    check_rc("update_va", line, update_va(va, make_pte(virt_to_mfn(a), PTE_KERNEL_RW), UVMF_INVLPG), 0);
    check_eq("read", line, *va, 1);
    check_rc("update_va", line, update_va(va, make_pte(virt_to_mfn(b), PTE_KERNEL_RW), UVMF_NONE), 0);
    check_rc("flush", line, mmuext(cmd, arg1, arg2), 0);
    check_eq("after the flush", line, *va, 2);
    unmap_at(FREE_VA);
    free_page(a);
    free_page(b);
}

TEST(mmuext_flushes)
{
    static uint32_t mask[2] = {1, 0};

    check_flush(__LINE__, MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
    check_flush(__LINE__, MMUEXT_TLB_FLUSH_ALL, 0, 0);
    check_flush(__LINE__, MMUEXT_TLB_FLUSH_MULTI, 0, (uint32_t)mask);
    check_flush(__LINE__, MMUEXT_INVLPG_LOCAL, FREE_VA, 0);
    check_flush(__LINE__, MMUEXT_INVLPG_ALL, FREE_VA, 0);
    check_flush(__LINE__, MMUEXT_INVLPG_MULTI, FREE_VA, (uint32_t)mask);
}

TEST(mmuext_flush_hypervisor_address)
{
    CHECK_RC(mmuext(MMUEXT_INVLPG_LOCAL, 0xFFFFF000, 0), 0); /* ignored */
    CHECK_RC(mmuext(MMUEXT_INVLPG_ALL, HYPERVISOR_VIRT_START, 0), 0);
}

TEST(mmuext_flush_bad_mask)
{
    void *p;

    for
        EACH_BAD_POINTER(p, 4)
        {
            CHECK_RC(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, (uint32_t)p), -EINVAL);
            CHECK_RC(mmuext(MMUEXT_INVLPG_MULTI, FREE_VA, (uint32_t)p), -EINVAL);
        }
}

TEST(mmuext_flush_cache)
{
    NEED_DOM0();
    CHECK_RC(mmuext(MMUEXT_FLUSH_CACHE, 0, 0), 0);
    CHECK_RC(mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0);
}

/* ---- LDT */
TEST(mmuext_set_ldt_bounds)
{
    CHECK_RC(mmuext(MMUEXT_SET_LDT, FREE_VA, 8192), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, FREE_VA, 8193), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, FREE_VA, 0xFFFFFFFF), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, FREE_VA, 0x20000001), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, FREE_VA + 8, 1), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, HYPERVISOR_VIRT_START, 1), -EINVAL);
    if (is_int82()) /* Xen 4.2.5 notices only when it looks for the pages */
        CHECK_RC(mmuext(MMUEXT_SET_LDT, HYPERVISOR_VIRT_START - 0x1000, 513), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, HYPERVISOR_VIRT_START - 0x1000, 512), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
}

/* ---- Page operations */
TEST(mmuext_clear_page)
{
    uint32_t *page = alloc_page();
    void *table = table_page();

    memset(page, 0x55, PAGE_SIZE);
    CHECK_RC(mmuext(MMUEXT_CLEAR_PAGE, virt_to_mfn(page), 0), 0);
    for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
        if (page[i]) {
            FAIL("word %u is 0x%x", i, page[i]);
            break;
        }
    CHECK_RC(pin(1, table), 0);
    CHECK_RC(mmuext(MMUEXT_CLEAR_PAGE, virt_to_mfn(table), 0), -EINVAL);
    CHECK_RC(unpin(table), 0);
    free_table_page(table);
    free_page(page);
}

TEST(mmuext_copy_page)
{
    uint32_t *a = alloc_page(), *b = alloc_page();
    void *table = table_page();

    for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
        a[i] = i * 0x01010101;
    CHECK_RC(mmuext(MMUEXT_COPY_PAGE, virt_to_mfn(b), virt_to_mfn(a)), 0);
    CHECK(!memcmp(a, b, PAGE_SIZE));
    CHECK_RC(mmuext(MMUEXT_COPY_PAGE, virt_to_mfn(a), virt_to_mfn(a)), 0);
    CHECK_RC(mmuext(MMUEXT_COPY_PAGE, virt_to_mfn(b), foreign_frame()), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_COPY_PAGE, foreign_frame(), virt_to_mfn(a)), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_COPY_PAGE, virt_to_mfn(b), HUGE_FRAME), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_COPY_PAGE, HUGE_FRAME, virt_to_mfn(b)), -EINVAL);
    CHECK_RC(pin(1, table), 0);
    CHECK_RC(mmuext(MMUEXT_COPY_PAGE, virt_to_mfn(table), virt_to_mfn(a)), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_COPY_PAGE, virt_to_mfn(b), virt_to_mfn(table)), 0); /* reading a page table is harmless */
    CHECK_RC(unpin(table), 0);
    CHECK_EQ(b[5], 0);
    free_table_page(table);
    free_page(a);
    free_page(b);
}

/* ---- Batches */
TEST(mmuext_bad_command)
{
    CHECK_RC(mmuext(14, 0, 0), -ENOSYS);
    CHECK_RC(mmuext(21, 0, 0), -ENOSYS);
    CHECK_RC(mmuext(0xFFFFFFFF, 0, 0), -ENOSYS);
}

TEST(mmuext_batch)
{
    struct mmuext_op ops[40];
    void *page = table_page();
    uint32_t done = 77;

    for (unsigned int i = 0; i < 40; i++)
        ops[i] =
            (struct mmuext_op){.cmd = i & 1 ? MMUEXT_UNPIN_TABLE : MMUEXT_PIN_L1_TABLE, .arg1.mfn = virt_to_mfn(page)};
    CHECK_RC(HYPERVISOR_mmuext_op(ops, 40, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 40);
    ops[21].cmd = 99;
    CHECK_RC(HYPERVISOR_mmuext_op_page(ops, 40, &done, DOMID_SELF), -ENOSYS);
    CHECK_EQ(done, 21);
    CHECK_RC(pin(1, page), -EINVAL); /* the pin of entry 20 was done and stays */
    CHECK_RC(unpin(page), 0);
    CHECK_RC(HYPERVISOR_mmuext_op(ops, 0, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 0);
    free_table_page(page);
}

TEST(mmuext_bad_pointers)
{
    struct mmuext_op *op = (struct mmuext_op *)EDGE(2 * sizeof(*op));
    uint32_t done = 77;
    void *p;

    for
        EACH_BAD_POINTER(p, sizeof(*op))
    CHECK_RC(HYPERVISOR_mmuext_op(p, 1, NULL, DOMID_SELF), -EFAULT);
    op[0] = op[1] = (struct mmuext_op){.cmd = MMUEXT_TLB_FLUSH_LOCAL};
    CHECK_RC(HYPERVISOR_mmuext_op(op, 2, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 2);
    CHECK_RC(HYPERVISOR_mmuext_op(op, 3, &done, DOMID_SELF), -EFAULT);
    CHECK_EQ(done, 2);
    CHECK_RC(HYPERVISOR_mmuext_op(op, 0x10000000, &done, DOMID_SELF), -EFAULT);
    CHECK_RC(HYPERVISOR_mmuext_op(op, 0x15555556, &done, DOMID_SELF), -EFAULT);
    CHECK_RC(HYPERVISOR_mmuext_op(op, 0x7fffffff, &done, DOMID_SELF), -EFAULT);
    for
        EACH_BAD_OUTPUT(p, 4)
    CHECK_RC(HYPERVISOR_mmuext_op(op, 2, p, DOMID_SELF), 0);
}

TEST(mmuext_domains)
{
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};
    uint32_t done = 77;

    CHECK_RC(HYPERVISOR_mmuext_op(&op, 1, &done, 12345), -ESRCH); /* 5 may be one of domain 0's */
    CHECK_EQ(done, 0);
    CHECK_RC(HYPERVISOR_mmuext_op(&op, 1, NULL, (uint32_t)own_domid()), -ESRCH);
    CHECK_RC(HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_INVALID), -ESRCH);
}
