/* SPDX-License-Identifier: MIT */
/*
 * One domain with one vCPU, and as much of a machine as its calls touch: a frame table, frames with contents, which all
 * windows that the calls use show from the start, and the vCPU's stack. The image itself validates the page tables.
 */
#define _GNU_SOURCE
#include "native.h"
#include "../../xen/common/grants/grants.h"

#include <asm/page_tables.h>
#include <asm/processor.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Frames with contents. */
enum {
    L3 = 0x100,
    L2 = L3 + 1, /* four */
    L1 = L2 + 4,
    KEEPERS = L1 + 1, /* a table for each stride: maps its frames writable, as a kernel's own mapping does */
    EMPTY = KEEPERS + STRIDES,
    FULL,
    TREE,               /* an L3, */
    TREE_L2 = TREE + 1, /* its four L2s, */
    TREE_L1 = TREE_L2 + 4,
    PLAIN,
    FOREIGN = PLAIN + 4,
    CONTENTS_END
};
#define CONTENTS   (CONTENTS_END - L3)
#define FRAMES     0x24000 /* in the frame table */
#define TABLE_BITS (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define DATA_BITS  (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)

static struct domain domain __attribute__((aligned(PAGE_SIZE))), other;
static struct vcpu vcpu __attribute__((aligned(PAGE_SIZE)));
static uint8_t shared_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct grant_table grants __attribute__((aligned(PAGE_SIZE)));
static grant_entry_v1_t grant_entries[ENTRIES_PER_FRAME] __attribute__((aligned(PAGE_SIZE)));
static struct active active_entries[ACTIVE_PER_PAGE] __attribute__((aligned(PAGE_SIZE)));

uint32_t world_data_frame(unsigned int stride, unsigned int i)
{
    static const struct {
        uint32_t first, apart;
    } frames[STRIDES] = {[SIDE_BY_SIDE] = {0x1000, 1},
                         [LINE_APART] = {0x2000, 64 / sizeof(struct page_info)},
                         [PAGE_APART] = {0x4000, PAGE_SIZE / sizeof(struct page_info)}};

    return frames[stride].first + i * frames[stride].apart;
}

uint32_t world_l1(void)
{
    return L1;
}

uint32_t world_empty_l1(void)
{
    return EMPTY;
}

uint32_t world_full_l1(void)
{
    return FULL;
}

uint32_t world_tree(void)
{
    return TREE;
}

uint32_t world_foreign(void)
{
    return FOREIGN;
}

uint32_t world_plain(unsigned int i)
{
    return PLAIN + i;
}

uint64_t *world_contents(uint32_t frame)
{
    return (void *)(WINDOWS_START + (frame & (WIN_L1_SLOTS - 1)) * PAGE_SIZE);
}

uint32_t world_references(uint32_t frame)
{
    return mfn_to_page(frame)->count & PGC_count;
}

uint32_t world_uses(uint32_t frame)
{
    return mfn_to_page(frame)->type_info >> PGT_count_shift;
}

bool world_pinned(uint32_t frame)
{
    return mfn_to_page(frame)->type_info & PGT_pinned;
}

/* Every class of windows shows the same frames. */
static void map_windows(void)
{
    static const struct {
        uint32_t first, slots;
    } classes[] = {{WIN_L1_FIRST, WIN_L1_SLOTS},
                   {WIN_L2_FIRST, WIN_L2_SLOTS},
                   {WIN_L3_FIRST, WIN_L3_SLOTS},
                   {WIN_DATA_FIRST, WIN_DATA_SLOTS},
                   {WIN_COPY_FIRST, WIN_COPY_SLOTS}};
    mfn_t *window_frame = image_symbol("window_frame");
    int fd = memfd_create("frames", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, CONTENTS * PAGE_SIZE))
        quit(CODE_RUN, "cannot make memory for the frames: %s", strerror(errno));
    for (unsigned int i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
        uint32_t slot = classes[i].first + (L3 & (classes[i].slots - 1));

        map_at(WINDOWS_START + slot * PAGE_SIZE, CONTENTS * PAGE_SIZE, fd, 0);
        for (unsigned int k = 0; k < CONTENTS; k++)
            window_frame[slot + k] = L3 + k;
    }
    close(fd);
}

static void make_vcpu(void)
{
    vcpu.domain = vcpu.operation.domain = &domain;
    vcpu.arch.area = VCPU_AREAS_START;
    vcpu.arch.guest_l3 = INVALID_MFN;
    vcpu.arch.debugreg[8] = -22;
    vcpu.is_initialised = true;
    map_at(VCPU_AREAS_START, VCPU_AREA_SIZE, -1, 0);
    vcpu.vcpu_info = (void *)(VCPU_AREAS_START + VCPU_AREA_INFO);
    vcpu.vcpu_info->evtchn_upcall_mask = 1;
    gate_stack = VCPU_AREAS_START + VCPU_AREA_INFO - STACK_TO_INFO;
    domain.vcpu[0] = &vcpu;
}

static void make_domain(void)
{
    domain.is_privileged = true;
    domain.max_vcpus = 1;
    domain.max_pages = FRAMES;
    domain.shared_info = (void *)shared_page;
    domain.grants = &grants;
    other.domain_id = 1;
    grants.version = 1;
    grants.nr_frames = 1;
    grants.shared[0] = grant_entries;
    grants.active[0] = active_entries;
    IMAGE(struct domain *, domain_list) = &domain;
    IMAGE(struct domain *, dom0) = &domain;
    IMAGE(struct cpu, this_cpu) =
        (struct cpu){.vcpu = &vcpu, .domain = &domain, .tlb_clock = 5, .effort_left = EFFORT_MAX};
}

static void own_frames(void)
{
    void (*assign)(struct domain *, mfn_t) __attribute__((regparm(3))) = image_symbol("assign_page");

    for (mfn_t mfn = L3; mfn < CONTENTS_END; mfn++)
        assign(mfn == FOREIGN ? &other : &domain, mfn);
    for (unsigned int s = 0; s < STRIDES; s++)
        for (unsigned int i = 0; i < DATA_FRAMES; i++)
            assign(&domain, world_data_frame(s, i));
}

static void fill_tables(void)
{
    for (unsigned int i = 0; i < 4; i++) {
        world_contents(L3)[i] = (uint64_t)(L2 + i) << PAGE_SHIFT | _PAGE_PRESENT;
        world_contents(TREE)[i] = (uint64_t)(TREE_L2 + i) << PAGE_SHIFT | _PAGE_PRESENT;
    }
    world_contents(L2)[0] = (uint64_t)L1 << PAGE_SHIFT | TABLE_BITS;
    for (unsigned int s = 0; s < STRIDES; s++) {
        world_contents(L2)[1 + s] = (uint64_t)(KEEPERS + s) << PAGE_SHIFT | TABLE_BITS;
        for (unsigned int i = 0; i < DATA_FRAMES; i++)
            world_contents(KEEPERS + s)[i] = (uint64_t)world_data_frame(s, i) << PAGE_SHIFT | DATA_BITS;
    }
    world_contents(TREE_L2)[0] = (uint64_t)TREE_L1 << PAGE_SHIFT | TABLE_BITS;
    for (unsigned int i = 0; i < DATA_FRAMES; i++)
        world_contents(FULL)[i] = (uint64_t)world_data_frame(SIDE_BY_SIDE, i) << PAGE_SHIFT | DATA_BITS;
}

void world_make(void)
{
    int (*adopt)(struct vcpu *, mfn_t) __attribute__((regparm(3))) = image_symbol("adopt_page_tables");

    map_at(FRAME_TABLE, FRAMES * sizeof(struct page_info), -1, 0);
    map_at(RDWR_MPT_START, (FRAMES * sizeof(mfn_t) + PAGE_SIZE - 1) & PAGE_MASK, -1, 0);
    IMAGE(mfn_t, max_page) = FRAMES;
    IMAGE(uint32_t, nx_mask_hi) = _PAGE_NX_HI;
    IMAGE(uint32_t, refused_hi) = ~_PAGE_NX_HI & ~0xFFFu;
    map_windows();
    make_domain();
    make_vcpu();
    own_frames();
    fill_tables();
    if (adopt(&vcpu, L3))
        quit(CODE_RUN, "the image refuses the domain's page tables");
}

void world_flush_data(void)
{
    flush_range(frame_table + L3, CONTENTS * sizeof(struct page_info));
    for (unsigned int s = 0; s < STRIDES; s++)
        for (unsigned int i = 0; i < DATA_FRAMES; i++)
            flush_range(mfn_to_page(world_data_frame(s, i)), 1);
    flush_range(world_contents(L3), CONTENTS * PAGE_SIZE);
    flush_range((void *)(VCPU_AREAS_START + VCPU_AREA_STACK), VCPU_AREA_STACK_SIZE + PAGE_SIZE);
    flush_range(&domain, sizeof(domain));
    flush_range(&vcpu, sizeof(vcpu));
    flush_range(&grants, sizeof(grants));
    flush_range(grant_entries, sizeof(grant_entries));
    flush_range(active_entries, sizeof(active_entries));
}
