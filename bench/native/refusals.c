/* SPDX-License-Identifier: MIT */
/* What must be refused, and must change nothing. It also shows that the faults of a guest's bad pointers come back. */
#include "native.h"

#include <asm/page.h>
#include <public/errno.h>
#include <public/grant_table.h>
#include <public/xen.h>

#define RW           (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define INDEX        17
#define BAD_POINTER  0x10       /* nobody has memory there */
#define OF_HYP       0xFD901000 /* the image's own */
#define ENTRY(frame) ((uint64_t)(frame) << PAGE_SHIFT | RW)

static mmu_update_t request;
static struct mmuext_op op;
static gnttab_copy_t copy;
static unsigned int refused;

static uint32_t call(const char *entry, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const struct call made = {(uint32_t)image_symbol(entry), {a, b, c, d, 0x77}};
    uint64_t ticks;

    return gate(&made, &ticks);
}

static void must_be(const char *what, uint32_t result, int wanted)
{
    if (result != (uint32_t)wanted)
        quit(CODE_RUN, "%s: the result is %d, and must be %d", what, (int)result, wanted);
    if (world_contents(world_l1())[INDEX])
        quit(CODE_RUN, "%s: refused, but the entry was changed", what);
    if (gate_clobbered)
        quit(CODE_RUN, "%s: a register has lost its value in the call", what);
    refused++;
}

/* By assembly and by C. */
static void updates(const char *what, uint64_t value, int wanted)
{
    static const char *const mmu[] = {"hypercall_mmu_update", "hypercall_mmu_update_c"};
    static const char *const va[] = {"hypercall_update_va_mapping", "hypercall_update_va_mapping_c"};

    for (unsigned int i = 0; i < 2; i++) {
        request = (mmu_update_t){(uint64_t)world_l1() << PAGE_SHIFT | INDEX * 8, value};
        must_be(what, call(mmu[i], (uint32_t)&request, 1, 0, DOMID_SELF), wanted);
        must_be(what, call(va[i], INDEX << PAGE_SHIFT, value, value >> 32, UVMF_NONE), wanted);
    }
}

static void pointers(void)
{
    static const char *const array_calls[] = {"hypercall_mmu_update", "hypercall_mmu_update_c", "hypercall_mmuext_op",
                                              "hypercall_mmuext_op_c"};

    for (unsigned int i = 0; i < sizeof(array_calls) / sizeof(*array_calls); i++) {
        must_be("a bad pointer", call(array_calls[i], BAD_POINTER, 1, 0, DOMID_SELF), -EFAULT);
        must_be("the hypervisor's memory as an argument", call(array_calls[i], OF_HYP, 1, 0, DOMID_SELF), -EFAULT);
    }
    must_be("a multicall at a bad pointer", call("hypercall_multicall", BAD_POINTER, 1, 0, 0), -EFAULT);
    must_be("a grant's copy at a bad pointer", call("hypercall_grant_table_op", GNTTABOP_copy, BAD_POINTER, 1, 0),
            -EFAULT);
}

static void tables(void)
{
    op = (struct mmuext_op){.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = world_foreign()};
    must_be("a pin of another domain's frame", call("hypercall_mmuext_op", (uint32_t)&op, 1, 0, DOMID_SELF), -EINVAL);
    op = (struct mmuext_op){.cmd = MMUEXT_PIN_L3_TABLE, .arg1.mfn = world_l1()};
    must_be("a pin of an L1 table as an L3", call("hypercall_mmuext_op", (uint32_t)&op, 1, 0, DOMID_SELF), -EINVAL);
    op = (struct mmuext_op){.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = world_plain(2)};
    must_be("an unpin of what is not pinned", call("hypercall_mmuext_op", (uint32_t)&op, 1, 0, DOMID_SELF), -EINVAL);
}

static void copies(void)
{
    uint64_t before = *world_contents(world_plain(1));

    copy = (gnttab_copy_t){.source = {.u.gmfn = world_foreign(), .domid = DOMID_SELF},
                           .dest = {.u.gmfn = world_plain(1), .domid = DOMID_SELF},
                           .len = 64};
    must_be("a copy from another domain's frame",
            call("hypercall_grant_table_op", GNTTABOP_copy, (uint32_t)&copy, 1, 0), 0);
    if (copy.status != GNTST_bad_page || *world_contents(world_plain(1)) != before)
        quit(CODE_RUN, "a copy from another domain's frame was not refused (status %d)", copy.status);
}

unsigned int refusals_check(void)
{
    request = (mmu_update_t){(uint64_t)world_l1() << PAGE_SHIFT | INDEX * 8, 0};
    must_be("an entry cleared", call("hypercall_mmu_update", (uint32_t)&request, 1, 0, DOMID_SELF), 0);
    refused = 0;
    *world_contents(world_foreign()) = 0x123456789;
    updates("another domain's frame", ENTRY(world_foreign()), -EBUSY);
    updates("a page table mapped writable", ENTRY(world_l1()), -EBUSY);
    updates("a frame beyond RAM, by a bit that no entry may have", ENTRY(world_plain(0)) | 1ull << 50, -EINVAL);
    if (world_references(world_foreign()) != 1 || world_references(world_plain(0)) != 1)
        quit(CODE_RUN, "an update that was refused has left a reference");
    pointers();
    tables();
    copies();
    return refused;
}
