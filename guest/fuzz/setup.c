/* SPDX-License-Identifier: MIT */
/* What sequences begin with: a pool of frames that nobody uses, and the few that the guest itself needs. */
#include "fuzz.h"

#include <public/int82.h>

#define LINEAR_L1S 64

const volatile pte_t *fixed_page[FRAMES - POOL];
static struct frame fixed_at_start[FRAMES - POOL];

static struct op op_of(unsigned int kind, unsigned int frame)
{
    return (struct op){.kind = kind, .frame = frame, .target = V_ZERO};
}

/* ---- Back to the start, according to the model */
static unsigned int clean_up_ops(struct op *op)
{
    unsigned int n = 0;

    op[n] = op_of(K_EXT, F_BASE);
    op[n++].x = E_BASE;
    op[n] = op_of(K_EXT, 0);
    op[n].place = P_WINDOW;
    op[n++].x = E_LDT; /* with no entries */
    op[n++] = op_of(K_GDT, 0);
    for (unsigned int i = SLOT_FREE; i < SLOT_TOP; i++)
        for (unsigned int f = F_WINDOW; f <= F_TOP; f += F_TOP - F_WINDOW)
            if (frames[f].slot[i]) {
                op[n] = op_of(K_MMU, f);
                op[n].flags = OP_JOIN;
                op[n++].slot = i;
            }
    for (unsigned int f = 0; f < FRAMES; f++)
        if (frames[f].pinned && f != F_BASE) {
            op[n] = op_of(K_EXT, f);
            op[n++].x = E_UNPIN;
        }
    return n;
}

static bool is_clear(const struct frame *f)
{
    for (unsigned int i = 0; i < SLOTS; i++)
        if (f->slot[i])
            return false;
    return !f->kernel && !f->hyp_tail;
}

/* The pool is not used for anything now, and all of it can be cleared. Frames that were given back are replaced. */
static bool clear_pool(void)
{
    struct op op;

    for (unsigned int f = 0; f < POOL; f++)
        if (!frames[f].allocated && !run_renew(f))
            return false;
    for (unsigned int f = 0; f <= F_DATA; f++) {
        if (f == F_WINDOW || is_clear(&frames[f]))
            continue;
        op = op_of(K_EXT, f);
        op.x = E_CLEAR;
        if (!run_ops(&op, NULL, 1, false))
            return false;
    }
    return true;
}

static bool check_unused(void)
{
    for (unsigned int f = 0; f < POOL; f++)
        if (frames[f].refs != 2 || frames[f].uses || frames[f].pinned)
            return failed("the model has lost count of f%u: %u references, %u uses", f, frames[f].refs, frames[f].uses);
    for (unsigned int f = POOL; f < FRAMES; f++)
        if (frames[f].refs != fixed_at_start[f - POOL].refs || frames[f].uses != fixed_at_start[f - POOL].uses)
            return failed("the model has lost count of f%u: %u references, %u uses", f, frames[f].refs, frames[f].uses);
    return true;
}

bool reset(void)
{
    static struct op op[64];
    unsigned int n = clean_up_ops(op);
    uint64_t before = operations;
    bool ok = run_ops(op, NULL, n, false) && clear_pool() && check_unused();

    operations = before; /* those operations were not from the seed */
    return ok;
}

/* ---- From scratch */
static void force(const uint64_t at, pte_t value)
{
    mmu_set(at, value);
}

/* Removes whatever is left from a sequence that failed. */
static void force_clean_up(void)
{
    uint32_t none[14] = {0};

    mmuext(MMUEXT_NEW_BASEPTR, frames[F_BASE].mfn, 0);
    mmuext(MMUEXT_SET_LDT, 0, 0);
    HYPERVISOR_set_gdt(none, 0);
    for (unsigned int i = SLOT_FREE; i < SLOT_TOP; i++) {
        force(((uint64_t)frames[F_WINDOW].mfn << PAGE_SHIFT) + slot_index[i] * 8, 0);
        force(((uint64_t)frames[F_TOP].mfn << PAGE_SHIFT) + slot_index[i] * 8, 0);
    }
    for (unsigned int f = 0; f < FRAMES; f++)
        if (f != F_BASE)
            mmuext(MMUEXT_UNPIN_TABLE, frames[f].mfn, 0);
    for (unsigned int f = 0; f < POOL; f++)
        map_frame_number(frames[f].mfn, -1);
    mmuext(MMUEXT_CLEAR_PAGE, frames[F_DATA].mfn, 0);
}

static void new_pool(void)
{
    for (unsigned int f = 0; f < POOL; f++) {
        void *page = alloc_page();
        uint32_t mfn = virt_to_mfn(page);

        if (update_va(page, 0, UVMF_INVLPG) || update_va((void *)VIEW(f), make_pte(mfn, PTE_KERNEL_RO), UVMF_INVLPG))
            guest_panic("a frame of the pool cannot be mapped");
        frames[f] = (struct frame){.mfn = mfn, .refs = 2, .allocated = true, .owned = true};
        map_frame_number(mfn, f);
    }
}

/* Uses and references of frames that others use, too. The hypervisor tells the numbers; without that, they are set so
 * high that they never run out. */
static void count_fixed(void)
{
    struct int82_page pages[FRAMES - POOL];

    for (unsigned int i = 0; i < FRAMES - POOL; i++)
        pages[i].mfn = frames[POOL + i].mfn;
    limits.page_info = !read_page_info(pages, FRAMES - POOL);
    for (unsigned int i = 0; i < FRAMES - POOL; i++) {
        struct frame *f = &frames[POOL + i];

        f->refs = limits.page_info ? pages[i].references : 1000;
        f->uses = limits.page_info ? pages[i].uses : 1000;
        f->pinned = limits.page_info ? pages[i].type & INT82_PAGE_PINNED : POOL + i == F_BASE;
    }
}

void fresh_start(void)
{
    if (frames[0].mfn)
        force_clean_up();
    memcpy(&frames[POOL], fixed_at_start, sizeof(fixed_at_start));
    new_pool();
    count_fixed();
    memcpy(fixed_at_start, &frames[POOL], sizeof(fixed_at_start));
    base = F_BASE;
    ldt_base = ldt_entries = ldt_mapped = gdt_frames = 0;
}

/* ---- Once */
static void fix(unsigned int number, const pte_t *page, enum type type)
{
    struct frame *f = &frames[number];

    f->mfn = virt_to_mfn(page);
    f->type = type;
    f->owned = f->allocated = true;
    fixed_page[number - POOL] = page;
    map_frame_number(f->mfn, number);
}

static void read_slots(unsigned int number, unsigned int first, unsigned int end)
{
    for (unsigned int i = first; i < end; i++)
        frames[number].slot[i] = fixed_page[number - POOL][slot_index[i]];
}

static void make_template(void)
{
    pte_t *page = alloc_page();

    memcpy(page, mm_l2_entry((void *)VIRT_BASE), KERNEL_L2ES * sizeof(*page));
    fix(F_TEMPLATE, page, T_WRITABLE);
    frames[F_TEMPLATE].kernel = true;
    read_slots(F_TEMPLATE, 0, KERNEL_L1S);
}

static void make_window(void)
{
    pte_t *page = alloc_page();

    if (mm_map_l1((void *)WINDOW_VA, page))
        guest_panic("no table for the window");
    fix(F_WINDOW, page, T_L1);
    for (unsigned int i = 0; i < 2; i++)
        if (update_va((void *)(ARENA + i * PAGE_SIZE), make_pte(virt_to_mfn(alloc_page()), PTE_KERNEL_RW), UVMF_INVLPG))
            guest_panic("no arena");
}

/* A frame that is not ours: our list of frames does not name it. */
static uint32_t hypervisor_frame(void)
{
    for (uint32_t mfn = 0x101;; mfn++) {
        uint32_t pfn = mfn_to_pfn(mfn);

        if (pfn >= start_info->nr_pages || pfn_to_mfn(pfn) != mfn)
            return mfn;
    }
}

static bool has_nx(void)
{
    void *page = alloc_page();
    bool nx = !page_set_flags(page, PTE_KERNEL_RW | PTE_NX);

    page_set_flags(page, PTE_KERNEL_RW);
    free_page(page);
    return nx;
}

void set_up(void)
{
    const pte_t *top = mm_l2_entry((void *)VIRT_BASE);

    limits.hyp_mfn = hypervisor_frame();
    limits.max_ram = 0x100000; /* 4 GiB: nothing above that is used here, however much the machine has */
    limits.nx = has_nx();
    limits.privileged = start_info->flags & SIF_PRIVILEGED;
    make_window();
    make_template();
    fix(F_DATA, alloc_page(), T_WRITABLE);
    fix(F_TOP, top, T_TOP);
    fix(F_BASE, mm_base(), T_L3);
    for (unsigned int i = 0; i < KERNEL_L1S; i++)
        fix(F_KERNEL + i, mm_l1_entry((void *)(VIRT_BASE + i * 0x200000)), T_L1);
    read_slots(F_TOP, 0, SLOT_HYP);
    read_slots(F_BASE, 0, 4);
    frames[F_TOP].kernel = frames[F_TOP].hyp_tail = true;
    memcpy(fixed_at_start, &frames[POOL], sizeof(fixed_at_start));
    fresh_start();
}
