/* SPDX-License-Identifier: MIT */
/*
 * The arguments that keep the hypervisor busy for longest between two checks for interrupts: full tables of frames that
 * have no type yet, batches that each exchange such a table for another, descriptor tables in which every entry must be
 * cut, long lists of frames. tests/cases/longest_stretch.sh measures how long that takes. These tests check that the
 * calls do what they should.
 */
#include "test.h"

#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sysctl.h>

#define ENTRIES (PAGE_SIZE / sizeof(pte_t))
#define TABLES  16u
#define BATCH   64u

static pte_t *l1[TABLES];
static void *pool;

/* Each table maps the same 512 frames. */
static bool make_tables(pte_t flags)
{
    bool ok = true;

    pool = alloc_pages(9);
    for (unsigned int t = 0; t < TABLES; t++) {
        l1[t] = alloc_page();
        for (unsigned int i = 0; i < ENTRIES; i++)
            l1[t][i] = make_pte(virt_to_mfn((uint8_t *)pool + i * PAGE_SIZE), flags);
        ok = CHECK_RC(page_make_readonly(l1[t]), 0) && ok;
    }
    return ok;
}

static void drop_tables(void)
{
    for (unsigned int t = 0; t < TABLES; t++) {
        CHECK_RC(page_make_writable(l1[t]), 0);
        free_page(l1[t]);
    }
    for (unsigned int i = 0; i < ENTRIES; i++)
        free_page((uint8_t *)pool + i * PAGE_SIZE);
}

/* Every entry of the batch drops the last use of one table and is the first use of another. */
TEST(longest_mmu_update_of_l2)
{
    pte_t *l2 = alloc_page();
    mmu_update_t reqs[BATCH];
    uint32_t done;

    if (!make_tables(PTE_KERNEL_RW))
        return;
    CHECK_RC(page_make_readonly(l2), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0), 0);
    for (unsigned int i = 0; i < BATCH; i++)
        reqs[i] = (mmu_update_t){virt_to_maddr(&l2[7]), make_pte(virt_to_mfn(l1[i % TABLES]), PTE_TABLE)};
    CHECK_RC(HYPERVISOR_mmu_update_dom(reqs, BATCH, &done, DOMID_SELF), 0);
    CHECK_EQ(done, BATCH);
    CHECK_EQ(pte_mfn(l2[7]), virt_to_mfn(l1[(BATCH - 1) % TABLES]));
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l2), 0), 0);
    CHECK_RC(page_make_writable(l2), 0);
    free_page(l2);
    drop_tables();
}

/* One L2 names sixteen of them, and so takes and drops them all. */
TEST(longest_walk)
{
    pte_t *l2 = alloc_page();

    if (!make_tables(PTE_KERNEL_RW))
        return;
    for (unsigned int t = 0; t < TABLES; t++)
        l2[t * 30] = make_pte(virt_to_mfn(l1[t]), PTE_TABLE);
    CHECK_RC(page_make_readonly(l2), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0), 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l2), 0), 0);
    CHECK_RC(page_make_writable(l2), 0);
    free_page(l2);
    drop_tables();
}

static void call_mmuext(multicall_entry_t *call, struct mmuext_op *op, uint32_t cmd, const void *page)
{
    *op = (struct mmuext_op){.cmd = cmd, .arg1.mfn = virt_to_mfn(page)};
    *call = (multicall_entry_t){.op = __HYPERVISOR_mmuext_op, .args = {(uint32_t)op, 1, 0, DOMID_SELF}};
}

static void multicall_succeeds(multicall_entry_t *calls, uint32_t count)
{
    CHECK_RC(HYPERVISOR_multicall(calls, count), 0);
    for (uint32_t i = 0; i < count; i++) {
        context("call %u", i);
        CHECK_RC((int32_t)calls[i].result, 0);
    }
}

/* Calls that each do much, but have no point inside where they could be interrupted. */
TEST(longest_multicall)
{
    static multicall_entry_t calls[BATCH];
    static struct mmuext_op ops[BATCH];
    void *page = alloc_page();

    if (!make_tables(PTE_KERNEL_RO))
        return;
    for (unsigned int i = 0; i < BATCH; i++)
        call_mmuext(&calls[i], &ops[i], i & 1 ? MMUEXT_UNPIN_TABLE : MMUEXT_PIN_L1_TABLE, l1[i / 2 % TABLES]);
    multicall_succeeds(calls, BATCH);
    for (unsigned int i = 0; i < BATCH; i++)
        call_mmuext(&calls[i], &ops[i], MMUEXT_CLEAR_PAGE, page);
    multicall_succeeds(calls, BATCH);
    free_page(page);
    drop_tables();
}

/* Each descriptor has to be cut, which takes longest. */
static void fill_with_descriptors(uint32_t *page)
{
    for (unsigned int i = 0; i < PAGE_SIZE / 8; i++) {
        page[2 * i] = 0x0000FFFF | 0x1230 << 16; /* base 0x..1230, limit 4 GiB */
        page[2 * i + 1] = 0x00CF9200 | 0x60000000;
    }
}

/* Fourteen pages of 512 descriptors. The descriptors that the guest itself needs are in the hypervisor's page after
 * them. */
TEST(longest_set_gdt)
{
    void *pages[14];
    uint32_t frames[14];

    for (unsigned int i = 0; i < 14; i++) {
        pages[i] = alloc_page();
        fill_with_descriptors(pages[i]);
        CHECK_RC(page_make_readonly(pages[i]), 0);
        frames[i] = virt_to_mfn(pages[i]);
    }
    CHECK_RC(HYPERVISOR_set_gdt(frames, 14 * 512), 0);
    CHECK((((uint32_t *)pages[13])[1023] & 0xF0000) != 0xF0000); /* cut */
    CHECK_RC(HYPERVISOR_set_gdt(frames, 0), 0);
    for (unsigned int i = 0; i < 14; i++) {
        CHECK_RC(page_make_writable(pages[i]), 0);
        free_page(pages[i]);
    }
}

static int32_t change(uint32_t cmd, xen_pfn_t *list, uint32_t n, uint32_t order)
{
    struct xen_memory_reservation r = {list, n, order, 0, DOMID_SELF};

    return HYPERVISOR_memory_op(cmd, &r);
}

/* Takes the page out of the linear map, and returns its frame. */
static uint32_t take_out(void *page)
{
    CHECK_RC(update_va(page, 0, UVMF_INVLPG), 0);
    return virt_to_mfn(page);
}

static struct xen_memory_exchange exchange_of(xen_pfn_t *in, uint32_t order_in, xen_pfn_t *out, uint32_t order_out)
{
    return (struct xen_memory_exchange){.in = {in, ENTRIES >> order_in, order_in, 0, DOMID_SELF},
                                        .out = {out, ENTRIES >> order_out, order_out, 0, DOMID_SELF}};
}

/* 2 MiB are given back, taken in one piece, exchanged for single frames, and these for one piece again. */
TEST(longest_memory_op)
{
    static xen_pfn_t frames[ENTRIES];
    uint8_t *p = alloc_pages(9);
    uint32_t pfn = virt_to_pfn(p);
    struct xen_memory_exchange e;
    xen_pfn_t row = pfn;

    for (unsigned int i = 0; i < ENTRIES; i++)
        frames[i] = take_out(p + i * PAGE_SIZE);
    CHECK_RC(change(XENMEM_decrease_reservation, frames, ENTRIES, 0), ENTRIES);
    if (!CHECK_RC(change(XENMEM_populate_physmap, &row, 1, 9), 1))
        return;
    CHECK_EQ(mfn_to_pfn(row + 511), pfn + 511);
    for (unsigned int i = 0; i < ENTRIES; i++)
        frames[i] = pfn + i;
    e = exchange_of(&row, 9, frames, 0);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), 0);
    CHECK_EQ(mfn_to_pfn(frames[300]), pfn + 300);
    row = pfn;
    e = exchange_of(frames, 0, &row, 9);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), 0);
    CHECK_EQ(row & (ENTRIES - 1), 0);
    CHECK_EQ(mfn_to_pfn(row + 511), pfn + 511);
    for (unsigned int i = 0; i < ENTRIES; i++) {
        set_p2m(pfn + i, row + i);
        CHECK_RC(update_va(p + i * PAGE_SIZE, make_pte(row + i, PTE_KERNEL_RW), 0), 0);
        free_page(p + i * PAGE_SIZE);
    }
}

/* The whole trap table, from its first vector on. */
TEST(longest_grant_table)
{
    static xen_pfn_t frames[32];
    gnttab_setup_table_t op = {.dom = DOMID_SELF, .nr_frames = 32, .status = 77, .frame_list = frames};

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &op, 1), 0);
    CHECK_RC(op.status, 0);
    CHECK(frames[31] && frames[31] != frames[30]);
}

/* Each line scrolls the screen, if there is one. */
TEST(longest_console_io)
{
    static char lines[400];

    NEED_DOM0();
    memset(lines, '\n', sizeof(lines));
    CHECK_RC(HYPERVISOR_console_io(CONSOLEIO_write, sizeof(lines), lines), 0);
}

/* Everything that the hypervisor has to report about itself. */
TEST(longest_sysctl)
{
    static char keys[] = "hmqt", text[16384];
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_debug_keys, .interface_version = XEN_SYSCTL_INTERFACE_VERSION};

    NEED_DOM0();
    op.u.debug_keys.keys.p = keys;
    op.u.debug_keys.nr_keys = sizeof(keys) - 1;
    CHECK_RC(HYPERVISOR_sysctl(&op), 0);
    op.cmd = XEN_SYSCTL_readconsole;
    memset(&op.u, 0, sizeof(op.u));
    op.u.readconsole.buffer.p = text;
    op.u.readconsole.count = sizeof(text);
    CHECK_RC(HYPERVISOR_sysctl(&op), 0);
}
