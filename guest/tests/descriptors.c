/* SPDX-License-Identifier: MIT */
/*
 * GDT and LDT. Segment limits are all that keeps ring 1 out of the hypervisor. So what counts is the descriptor that
 * the hypervisor lets through: it may refuse it, raise its DPL or cut its limit. The tests read it back. Only a machine
 * that enforces limits can show that the limits then hold: see isolation.c.
 */
#include "test.h"

#define DESC(base, limit, flags)                                                                       \
    ((uint64_t)((limit)&0xFFFF) | (uint64_t)((base)&0xFFFFFF) << 16 | (uint64_t)((flags)&0xFF) << 40 | \
     (uint64_t)(((limit) >> 16) & 0xF) << 48 | (uint64_t)(((flags) >> 8) & 0xF) << 52 |                \
     (uint64_t)((base) >> 24) << 56)
#define DATA1    0xB2 /* present, DPL 1, data, writable */
#define DATA3    0xF2
#define DATA0    0x92
#define DOWN1    0xB6 /* expand-down */
#define CODE1    0xBA
#define CODE1C   0xBE /* conforming */
#define CODE3    0xFA
#define G        0x800
#define D32      0x400
#define FLAT_TOP (MACH2PHYS_VIRT_END) /* flat segments may reach the machine-to-physical table, and no further */

static uint64_t *gdt;

static int set(unsigned int index, uint64_t descriptor)
{
    return HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(&gdt[index])), LO_HI(descriptor));
}

static uint32_t gdt_mfn;

/* A page that is in use as the guest's GDT. */
static bool begin(void)
{
    gdt = alloc_page();
    gdt_mfn = virt_to_mfn(gdt);
    return CHECK_RC(page_make_readonly(gdt), 0) && CHECK_RC(HYPERVISOR_set_gdt(&gdt_mfn, 512), 0);
}

static void end(void)
{
    CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
    CHECK_RC(page_make_writable(gdt), 0);
    free_page(gdt);
}

static void load_gs(void *selector)
{
    __asm__ volatile("mov %0, %%gs" : : "r"(selector));
}

static uint32_t read_gs(uint32_t offset)
{
    uint32_t value;

    __asm__ volatile("mov %%gs:(%1), %0" : "=r"(value) : "r"(offset) : "memory");
    return value;
}

static uint64_t base_of(uint64_t d)
{
    return (d >> 16 & 0xFFFFFF) | (d >> 56) << 24;
}

static uint64_t bytes_of(uint64_t d)
{
    uint64_t limit = ((d & 0xFFFF) | (d >> 32 & 0xF0000)) + 1;

    return d >> 55 & 1 ? limit << 12 : limit;
}

TEST(descriptors_gdt_in_use)
{
    uint32_t word = 0x1234;

    if (!begin())
        return;
    CHECK_RC(set(5, DESC((uint32_t)&word, 3, DATA1 | D32)), 0);
    EXPECT_TRAP(NULL, load_gs, 0x31, TRAP_GP); /* an empty one */
    load_gs((void *)0x29);
    CHECK_EQ(read_gs(0), 0x1234);
    load_gs(NULL);
    /* The hypervisor's selectors stay usable. */
    load_gs((void *)FLAT_KERNEL_DS);
    load_gs((void *)FLAT_USER_DS);
    load_gs(NULL);
    CHECK_RC(page_make_writable(gdt), -EBUSY);
    end();
}

#define FAR_CODE 300

/* As the processor does it: every descriptor in the pages can be used, however few the guest has named (NetBSD gives
 * the number of pages). The instruction is emulated according to the code segment. */
TEST(descriptors_beyond_the_number)
{
    uint32_t cr0 = 0, cpuid = 0;

    if (!begin())
        return;
    CHECK_RC(set(FAR_CODE, DESC(0, 0xFFFFF, CODE1 | G | D32)), 0);
    CHECK_RC(HYPERVISOR_set_gdt(&gdt_mfn, 1), 0);
    __asm__ volatile("       lcall   %2, $1f\n"
                     "       jmp     2f\n"
                     "1:     mov     %%cr0, %0\n"
                     "       xor     %%eax, %%eax\n"
                     "       ud2; .ascii \"xen\"; cpuid\n"
                     "       lret\n"
                     "2:"
                     : "=&S"(cr0), "=&a"(cpuid)
                     : "i"(FAR_CODE * 8 + 1)
                     : "ebx", "ecx", "edx", "memory");
    CHECK(cr0 & 1);
    CHECK(cpuid > 0);
    end();
}

TEST(descriptors_page_is_typed)
{
    if (!begin())
        return;
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, gdt_mfn, 0), -EINVAL);
    CHECK_RC(map_at(FREE_VA, gdt_mfn, PTE_KERNEL_RW), -EBUSY);
    CHECK_RC(map_at(FREE_VA, gdt_mfn, PTE_KERNEL_RO), 0);
    CHECK_RC(unmap_at(FREE_VA), 0);
    CHECK_RC(mmu_set(virt_to_maddr(gdt), 0), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_CLEAR_PAGE, gdt_mfn, 0), -EINVAL);
    end();
}

TEST(descriptors_set_gdt_bad)
{
    void *writable = alloc_page(), *p;
    uint32_t frames[15], l1 = pte_mfn(*mm_l2_entry((void *)VIRT_BASE));

    for (unsigned int i = 0; i < 15; i++)
        frames[i] = 0xFFFFFFFF;
    CHECK_RC(HYPERVISOR_set_gdt(frames, 1), -EINVAL);
    frames[0] = virt_to_mfn(writable);
    CHECK_RC(HYPERVISOR_set_gdt(frames, 1), -EINVAL); /* mapped writable */
    frames[0] = l1;
    CHECK_RC(HYPERVISOR_set_gdt(frames, 1), -EINVAL); /* a page table */
    frames[0] = foreign_frame();
    CHECK_RC(HYPERVISOR_set_gdt(frames, 1), -EINVAL);
    frames[0] = MMIO_FRAME;
    CHECK_RC(HYPERVISOR_set_gdt(frames, 1), -EINVAL);
    frames[0] = HUGE_FRAME;
    CHECK_RC(HYPERVISOR_set_gdt(frames, 1), -EINVAL);
    CHECK_RC(HYPERVISOR_set_gdt(frames, FIRST_RESERVED_GDT_ENTRY + 1), -EINVAL);
    CHECK_RC(HYPERVISOR_set_gdt(frames, 0xFFFFFFFF), -EINVAL);
    CHECK_RC(HYPERVISOR_set_gdt(frames, 0x20000001), -EINVAL);
    for
        EACH_BAD_POINTER(p, 4)
    CHECK_RC(HYPERVISOR_set_gdt(p, 1), -EFAULT);
    *(uint32_t *)EDGE(4) = MMIO_FRAME;
    CHECK_RC(HYPERVISOR_set_gdt(EDGE(4), 1), -EINVAL);
    CHECK_RC(HYPERVISOR_set_gdt(EDGE(4), 513), -EFAULT);
    free_page(writable);
}

/* The second frame is bad. The first must be given back, and the table in use must stay. */
TEST(descriptors_set_gdt_keeps_the_old)
{
    uint32_t word = 0x77, frames[2];
    void *other = alloc_page();

    if (!begin())
        return;
    CHECK_RC(set(5, DESC((uint32_t)&word, 3, DATA1 | D32)), 0);
    CHECK_RC(page_make_readonly(other), 0);
    frames[0] = virt_to_mfn(other);
    frames[1] = MMIO_FRAME;
    CHECK_RC(HYPERVISOR_set_gdt(frames, 1024), -EINVAL);
    CHECK_RC(page_make_writable(other), 0);
    load_gs((void *)0x29);
    CHECK_EQ(read_gs(0), 0x77);
    load_gs(NULL);
    end();
    free_page(other);
}

TEST(descriptors_many_frames)
{
    uint32_t frames[14], word = 0x99;
    uint64_t *pages[14];

    for (unsigned int i = 0; i < 14; i++) {
        pages[i] = alloc_page();
        frames[i] = virt_to_mfn(pages[i]);
        pages[i][511] = DESC((uint32_t)&word, 3, DATA1 | D32);
        CHECK_RC(page_make_readonly(pages[i]), 0);
    }
    CHECK_RC(HYPERVISOR_set_gdt(frames, FIRST_RESERVED_GDT_ENTRY), 0);
    load_gs((void *)(13 * 4096 + 511 * 8 + 1));
    CHECK_EQ(read_gs(0), 0x99);
    load_gs(NULL);
    CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
    for (unsigned int i = 0; i < 14; i++) {
        CHECK_RC(page_make_writable(pages[i]), 0);
        free_page(pages[i]);
    }
}

/* The same frame in two places. */
TEST(descriptors_frame_twice)
{
    uint32_t frames[2];

    if (!begin())
        return;
    frames[0] = frames[1] = gdt_mfn;
    CHECK_RC(HYPERVISOR_set_gdt(frames, 1024), 0);
    CHECK_RC(page_make_writable(gdt), -EBUSY);
    end();
}

/* What a page may hold when it is to become a descriptor table. */
TEST(descriptors_validated_with_the_page)
{
    static const struct {
        uint64_t descriptor;
        bool good;
    } tries[] = {
        {0, true},
        {DESC(0, 0xF67FF, DATA1 | G | D32), true},
        {DESC(0, 0xFFFFF, DATA0 | G | D32), true}, /* corrected */
        {DESC(0, 0xFFFFF, 0x82), false},           /* an LDT */
        {DESC(0, 0x67, 0x89), false},              /* a TSS */
        {DESC(0, 0, 0x85), false},                 /* a task gate */
        {DESC(0, 0, 0x8E), false},                 /* an interrupt gate */
        {DESC(0, 0, 0x0E), true},                  /* one that is not present */
    };
    uint64_t *page = alloc_page();
    uint32_t mfn = virt_to_mfn(page);

    for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++) {
        context("descriptor 0x%llx", tries[i].descriptor);
        page[511] = tries[i].descriptor;
        CHECK_RC(page_make_readonly(page), 0);
        CHECK_RC(HYPERVISOR_set_gdt(&mfn, 512), tries[i].good ? 0 : -EINVAL);
        if (page[511] & 1ull << 47)
            CHECK(page[511] >> 45 & 3 || !tries[i].good);
        CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
        CHECK_RC(page_make_writable(page), 0);
    }
    free_page(page);
}

TEST(descriptors_update)
{
    static const struct {
        uint64_t descriptor;
        bool good;
    } tries[] = {
        {0, true},
        {DESC(0, 0xFFFFF, DATA1 | G | D32), true},
        {DESC(0, 0xFFFFF, DATA3 | G | D32), true},
        {DESC(0, 0xFFFFF, DATA0 | G | D32), true},
        {DESC(0, 0xFFFFF, CODE1 | G | D32), true},
        {DESC(0, 0xFFFFF, CODE1C | G | D32), true},
        {DESC(0, 0xFFFFF, CODE3 | G | D32), true},
        {DESC(0x12345678, 0xFFFFF, DATA1 | G | D32), true},
        {DESC(0xF5800000, 0xFFFFF, DATA1 | G | D32), true},
        {DESC(0xF67FE000, 0xFFFFF, DATA1 | G | D32), true},
        {DESC(0xF67FF000, 0, DATA1 | G | D32), false},
        {DESC(0xF6800000, 0, DATA1 | D32), false},
        {DESC(0xFD800000, 0xFFFFF, DATA1 | G | D32), false},
        {DESC(0xFFFFFFFF, 0, DATA1 | D32), false},
        {DESC(0xF67FEFFF, 0x1FFF, DATA1 | D32), false}, /* a limit in bytes that crosses is not cut */
        {DESC(0xF67FD000, 0x1FFF, DATA1 | D32), true},
        {DESC(0, 0, DOWN1 | G | D32), true},
        {DESC(0, 0, DOWN1 | D32), false},
        {DESC(0x10000000, 0x00001, DOWN1 | G | D32), true},
        {DESC(0, 0, 0x82), false}, /* system segments of all sorts */
        {DESC(0, 0, 0xA2), false},
        {DESC(0, 0x67, 0x89), false},
        {DESC(0, 0x67, 0xE9), false},
        {DESC(0, 0, 0x85), false},
        {DESC(0, 0, 0xE5), false},
        {DESC(0, 0, 0x86), false},
        {DESC(0, 0, 0x84), false}, /* a call gate of 16 bits */
        {DESC(0, 0, 0x8E), false},
        {DESC(0, 0, 0x8F), false},
        {DESC(0, 0, 0xEE), false},
        {DESC(0, 0, 0x80), false},
    };

    if (!begin())
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++) {
        uint64_t d = tries[i].descriptor, now;

        context("descriptor 0x%llx", d);
        CHECK_RC(set(9, 0), 0);
        CHECK_RC(set(9, d), tries[i].good ? 0 : -EINVAL);
        now = gdt[9];
        if (!tries[i].good) {
            CHECK_EQ(now, 0);
            continue;
        }
        if (!(now & 1ull << 47))
            continue;
        CHECK(now >> 45 & 3); /* no DPL 0 */
        CHECK_EQ(base_of(now), base_of(d));
        if (d >> 42 & 1 &&
            !(d >> 43 & 1)) /* expand-down: the part above the limit, up to 4 GiB, wraps round to below the base */
            CHECK(base_of(now) + bytes_of(now) >= 1ull << 32);
        else if (base_of(now) + bytes_of(now) > FLAT_TOP)
            FAIL("became 0x%llx: it reaches 0x%llx", now, base_of(now) + bytes_of(now));
    }
    context("%s", "");
    end();
}

/* ---- The three ways in which a descriptor gets into a table: assembly checks it for the call and in a multicall, C
 * with the whole page. All must let through the same ones, changed in the same way. */

static uint64_t *plain_page; /* not in use as a table yet */

static bool by_page(uint64_t *d)
{
    uint32_t mfn = virt_to_mfn(plain_page);
    bool good;

    plain_page[9] = *d;
    if (!CHECK_RC(page_make_readonly(plain_page), 0))
        return false;
    CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
    good = !HYPERVISOR_set_gdt(&mfn, 512);
    *d = plain_page[9];
    CHECK_RC(HYPERVISOR_set_gdt(&gdt_mfn, 512), 0);
    CHECK_RC(page_make_writable(plain_page), 0);
    return good;
}

static bool by_multicall(uint64_t *d)
{
    multicall_entry_t call = {.op = __HYPERVISOR_update_descriptor, .args = {LO_HI(virt_to_maddr(&gdt[9])), LO_HI(*d)}};

    CHECK_RC(set(9, 0), 0);
    CHECK_RC(HYPERVISOR_multicall(&call, 1), 0);
    *d = gdt[9];
    return !call.result;
}

static void try_every_way(uint64_t d)
{
    uint64_t in_page = d, in_multicall = d;
    bool good = by_page(&in_page);

    CHECK_RC(set(9, 0), 0);
    CHECK_RC(set(9, d), good ? 0 : -EINVAL);
    CHECK_EQ(gdt[9], good ? in_page : 0);
    CHECK_EQ(by_multicall(&in_multicall), good);
    CHECK_EQ(in_multicall, good ? in_page : 0);
}

TEST(descriptors_every_way)
{
    static const uint32_t bases[] = {0,          0x10000,    0x00123456, 0xB7E386C0,
                                     0xF67FDFFF, 0xF67FE000, 0xF67FE001, 0xF67FF000};
    static const uint32_t limits[] = {0, 0x47FFF, 0xF67FE, 0xF67FF, 0xF6800, 0xFFFFF};

    plain_page = alloc_page();
    if (!begin())
        return;
    for (uint32_t kind = 0; kind < 0x100; kind += 2) /* P, DPL, S and type without "accessed" */
        for (unsigned int i = 0; i < 2 * ARRAY_SIZE(bases) * ARRAY_SIZE(limits); i++) {
            uint64_t d =
                DESC(bases[i / 2 % ARRAY_SIZE(bases)], limits[i / 2 / ARRAY_SIZE(bases)], kind | D32 | (i & 1 ? G : 0));

            if (!(kind & 0x90) && i)
                break; /* not present: one is enough */
            context("descriptor 0x%llx", d);
            try_every_way(d);
        }
    context("%s", "");
    end();
    free_page(plain_page);
}

TEST(descriptors_call_gates)
{
    static const struct {
        uint32_t selector;
        bool good;
    } tries[] = {{FLAT_KERNEL_CS, true}, {FLAT_USER_CS, false}, {0xe008, false}, {0xe00b, false},
                 {0xe038, false},        {0xe018, true},        {0x8, true},     {0x9, true}};

    if (!begin())
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++) {
        uint64_t gate = 0x00008C0000000000ull | (uint64_t)tries[i].selector << 16 | 0x1000;

        context("call gate to 0x%x", tries[i].selector);
        CHECK_RC(set(9, 0), 0);
        CHECK_RC(set(9, gate), tries[i].good ? 0 : -EINVAL);
        if (tries[i].good) {
            CHECK(gdt[9] >> 45 & 3);
            CHECK(gdt[9] >> 16 & 3);
        }
        CHECK_RC(set(9, gate | 0xE000000000ull), -EINVAL); /* reserved bits */
    }
    context("%s", "");
    end();
}

TEST(descriptors_update_where)
{
    uint64_t d = DESC(0, 0xF67FF, DATA1 | G | D32), *data;
    pte_t *l1;

    data = alloc_page();
    l1 = new_l1_at(FREE_TABLE_VA);
    /* An ordinary page takes it like a store. */
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(data) + 8), LO_HI(d)), 0);
    CHECK_EQ(data[1], d);
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(data) + 4), LO_HI(d)), -EINVAL); /* unaligned */
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(data) + 9), LO_HI(d)), -EINVAL);
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(l1)), LO_HI(d)), -EINVAL);
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(mm_base())), LO_HI(d)), -EINVAL);
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI((uint64_t)foreign_frame() << 12), LO_HI(d)), -EINVAL);
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI((uint64_t)MMIO_FRAME << 12), LO_HI(d)), -EINVAL);
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI((uint64_t)HUGE_FRAME << 12), LO_HI(d)), -EINVAL);
    CHECK_RC(HYPERVISOR_update_descriptor(0, 0xFFFFF000, LO_HI(d)), -EINVAL);
    CHECK_EQ(l1[0], 0);
    drop_l1_at(FREE_TABLE_VA, l1);
    free_page(data);
}

/* ---- LDT: the hypervisor looks up a page when one of its descriptors is first used */
TEST(descriptors_ldt)
{
    uint64_t *page = alloc_page();
    uint32_t word = 0x5555;

    page[3] = DESC((uint32_t)&word, 3, DATA1 | D32);
    page[4] = DESC((uint32_t)&word, 3, DATA1 | D32);
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)page, 4), 0);
    load_gs((void *)0x1d); /* index 3 of the LDT */
    CHECK_EQ(read_gs(0), 0x5555);
    load_gs(NULL);
    EXPECT_TRAP(NULL, load_gs, 0x25, TRAP_GP);  /* index 4: beyond the LDT's limit */
    CHECK_RC(page_make_writable(page), -EBUSY); /* its type is held while the LDT shows the page */
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    EXPECT_TRAP(NULL, load_gs, 0x1d, TRAP_GP);
    CHECK_RC(page_make_writable(page), 0);
    free_page(page);
}

TEST(descriptors_ldt_writable_page)
{
    uint64_t *page = alloc_page();
    struct caught_trap caught;

    page[3] = DESC(0, 0xFFFFF, DATA0 | G | D32);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)page, 4), 0);
    /* A page that the guest can write to is no descriptor table: it is treated as if it were not there. */
    EXPECT_TRAP(&caught, load_gs, 0x1d, TRAP_PAGE_FAULT);
    CHECK_EQ(caught.cr2, (uint32_t)page + 0x18);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    free_page(page);
}

TEST(descriptors_ldt_unmapped)
{
    struct caught_trap caught;

    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)UNMAPPED, 512), 0);
    EXPECT_TRAP(&caught, load_gs, 0x1d, TRAP_PAGE_FAULT);
    CHECK_EQ(caught.cr2, (uint32_t)UNMAPPED + 0x18);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
}

TEST(descriptors_ldt_update)
{
    uint64_t *page = alloc_page();
    uint32_t word = 0x6666;

    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)page, 512), 0);
    EXPECT_TRAP(NULL, load_gs, 0x1d, TRAP_GP);
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(&page[3])), LO_HI(DESC((uint32_t)&word, 3, DATA1 | D32))),
             0);
    load_gs((void *)0x1d);
    CHECK_EQ(read_gs(0), 0x6666);
    load_gs(NULL);
    CHECK_RC(HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(&page[3])), LO_HI(DESC(0, 0x67, 0x89))), -EINVAL);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    CHECK_RC(page_make_writable(page), 0);
    free_page(page);
}

/* A selector is in use, but what it names has gone by the time its vCPU gets the CPU back. It becomes null, and nothing
 * else happens. (Xen calls the failsafe handler then.) */
TEST(descriptors_gone_while_blocked)
{
    struct sched_poll poll = {.timeout = 1};
    uint32_t gs, fs, old_gs, old_fs;

    if (!is_int82())
        SKIP("Xen has another answer");
    if (!begin())
        return;
    __asm__ volatile("mov %%gs, %0; mov %%fs, %1" : "=r"(old_gs), "=r"(old_fs));
    for (unsigned int i = 0; i < 2; i++) {
        CHECK_RC(set(2, DESC(0, 0xFFFFF, DATA1 | G | D32) & ~(0xFull << 48)), 0);
        CHECK_RC(set(3, DESC(0, 0xFFFFF, DATA1 | G | D32) & ~(0xFull << 48)), 0);
        __asm__ volatile("mov %0, %%gs; mov %1, %%fs" : : "r"(2 << 3 | 1), "r"(3 << 3 | 1));
        if (i)
            CHECK_RC(set(2, 0), 0);
        CHECK_RC(set(3, 0), 0);
        CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
        __asm__ volatile("mov %%gs, %0; mov %%fs, %1" : "=r"(gs), "=r"(fs));
        CHECK_EQ(gs & 0xFFFF, i ? 0 : 2 << 3 | 1);
        CHECK_EQ(fs & 0xFFFF, 0);
    }
    __asm__ volatile("mov %0, %%gs; mov %1, %%fs" : : "r"(old_gs), "r"(old_fs));
    end();
}
