/* SPDX-License-Identifier: MIT */
/*
 * multicall: each entry's result in its place, failures that do not stop the other entries, numbers out of range, the
 * order of arguments, and what happens when the list itself cannot be read or written.
 */
#include "test.h"

static void use_fpu(void *unused)
{
    (void)unused;
    __asm__ volatile("fnop");
}

TEST(multicall_empty)
{
    CHECK_RC(HYPERVISOR_multicall(NULL, 0), 0);
    CHECK_RC(HYPERVISOR_multicall(UNMAPPED, 0), 0);
}

TEST(multicall_results)
{
    multicall_entry_t calls[5];

    memset(calls, 0x5a, sizeof(calls));
    calls[0].op = __HYPERVISOR_xen_version;
    calls[0].args[0] = XENVER_pagesize;
    calls[0].args[1] = 0;
    calls[1].op = 63; /* a number that no call has */
    calls[2].op = __HYPERVISOR_xen_version;
    calls[2].args[0] = 99;
    calls[3].op = 0xffffffff;
    calls[4].op = __HYPERVISOR_vcpu_op;
    calls[4].args[0] = VCPUOP_is_up;
    calls[4].args[1] = 0;
    CHECK_RC(HYPERVISOR_multicall(calls, 5), 0);
    CHECK_EQ(calls[0].result, PAGE_SIZE);
    CHECK_RC(calls[1].result, -ENOSYS);
    CHECK_RC(calls[2].result, -ENOSYS);
    CHECK_RC(calls[3].result, -ENOSYS);
    CHECK_EQ(calls[4].result, 1);
    CHECK_EQ(calls[0].args[5], 0x5a5a5a5a); /* what belongs to the caller stays as it was */
    CHECK_EQ(calls[0].op, __HYPERVISOR_xen_version);
}

TEST(multicall_through_page)
{
    multicall_entry_t call = {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}};

    CHECK_RC(HYPERVISOR_multicall_page(&call, 1), 0);
    CHECK_EQ(call.result, PAGE_SIZE);
}

TEST(multicall_many)
{
    static multicall_entry_t calls[300];
    void *data = alloc_page();

    for (unsigned int i = 0; i < 300; i++) {
        pte_t pte = make_pte(virt_to_mfn(data), i & 1 ? PTE_KERNEL_RW : PTE_KERNEL_RO);

        calls[i] = (multicall_entry_t){.op = __HYPERVISOR_update_va_mapping,
                                       .args = {FREE_VA + (i % 16) * PAGE_SIZE, LO_HI(pte), UVMF_INVLPG}};
    }
    calls[150].args[0] = 0xFFFFF000;
    CHECK_RC(HYPERVISOR_multicall(calls, 300), 0);
    for (unsigned int i = 0; i < 300; i++)
        if ((int32_t)calls[i].result != (i == 150 ? -EINVAL : 0))
            FAIL("entry %u: %d", i, calls[i].result);
    for (unsigned int i = 0; i < 16; i++) {
        CHECK_EQ(*mm_l1_entry((void *)(FREE_VA + i * PAGE_SIZE)) & ~(PTE_A | PTE_D),
                 make_pte(virt_to_mfn(data), i & 1 ? PTE_P | PTE_RW : PTE_P));
        CHECK_RC(unmap_at(FREE_VA + i * PAGE_SIZE), 0);
    }
    free_page(data);
}

/* A call with five arguments, each of which matters. */
TEST(multicall_all_arguments)
{
    void *data = alloc_page();
    pte_t pte = make_pte(virt_to_mfn(data), PTE_KERNEL_RW);
    uint32_t done[2] = {77, 77};
    mmu_update_t req[2] = {{virt_to_maddr(data), 0x1111}, {virt_to_maddr(data) + 8, 0x2222}};
    multicall_entry_t calls[4] = {
        {.op = __HYPERVISOR_update_va_mapping_otherdomain, .args = {FREE_VA, LO_HI(pte), UVMF_INVLPG, DOMID_SELF}},
        {.op = __HYPERVISOR_update_va_mapping_otherdomain, .args = {FREE_VA, LO_HI(pte), UVMF_INVLPG, 77}},
        {.op = __HYPERVISOR_mmu_update, .args = {(uint32_t)req, 2, (uint32_t)&done[0], DOMID_SELF}},
        {.op = __HYPERVISOR_mmuext_op, .args = {(uint32_t)UNMAPPED, 1, (uint32_t)&done[1], DOMID_SELF}}};

    CHECK_RC(HYPERVISOR_multicall(calls, 4), 0);
    CHECK_RC(calls[0].result, 0);
    CHECK_RC(calls[1].result, -ESRCH);
    CHECK_RC(calls[2].result, 0);
    CHECK_RC(calls[3].result, -EFAULT);
    CHECK_EQ(done[0], 2);
    CHECK_EQ(*(uint64_t *)data, 0x1111);
    CHECK_EQ(*(volatile uint64_t *)(FREE_VA + 8), 0x2222);
    CHECK_RC(unmap_at(FREE_VA), 0);
    free_page(data);
}

/* Lists at every distance of 4 bytes from a page's end, over three pages: entries that cross a page's end work like
 * others. */
TEST(multicall_unaligned)
{
    uint8_t *pages = alloc_pages(2);
    multicall_entry_t *calls;

    for (uint32_t at = 4; at < 36; at += 4) {
        context("%u bytes into the page", at);
        calls = (multicall_entry_t *)(pages + at);
        for (unsigned int i = 0; i < 300; i++)
            calls[i] = (multicall_entry_t){
                .op = i % 3 ? __HYPERVISOR_xen_version : 1000, .result = 77, .args = {XENVER_pagesize}};
        CHECK_RC(HYPERVISOR_multicall(calls, 300), 0);
        for (unsigned int i = 0; i < 300; i++)
            if (calls[i].result != (i % 3 ? PAGE_SIZE : (uint32_t)-ENOSYS))
                FAIL("entry %u: %d", i, (int)calls[i].result);
    }
    for (unsigned int i = 0; i < 4; i++)
        free_page(pages + i * PAGE_SIZE);
}

/* The last entry reaches into a page that is not mapped. The entries before it are carried out, and it is not. */
TEST(multicall_half_an_entry)
{
    uint8_t *volatile edge = EDGE_PAGE + PAGE_SIZE; /* volatile: otherwise gcc sees an array bound crossed */
    multicall_entry_t *calls;

    for (uint32_t there = 4; there < sizeof(*calls); there += 4) {
        context("%u bytes are there", there);
        calls = (multicall_entry_t *)(edge - 2 * sizeof(*calls) - there);
        for (unsigned int i = 0; i < 2; i++)
            calls[i] = (multicall_entry_t){.op = __HYPERVISOR_fpu_taskswitch, .result = 77, .args = {i}};
        calls[2].op = __HYPERVISOR_fpu_taskswitch;
        if (there > 4)
            calls[2].result = 77;
        if (there > 8)
            calls[2].args[0] = 0;
        CHECK_RC(HYPERVISOR_multicall(calls, 3), -EFAULT);
        CHECK_RC(calls[0].result, 0);
        CHECK_RC(calls[1].result, 0);
        if (there > 4)
            CHECK_EQ(calls[2].result, 77);
        EXPECT_TRAP(NULL, use_fpu, NULL, TRAP_NO_DEVICE); /* TS is as the second entry has left it */
        CHECK_RC(HYPERVISOR_fpu_taskswitch(0), 0);
    }
}

/* Descriptors in a multicall are checked as in the call itself. */
TEST(multicall_update_descriptor)
{
    static const struct {
        uint64_t descriptor, seen;
        int32_t result;
    } tries[] = {
        {0x00cfb2000000ffffull, 0x00cfb200000067ffull, 0},       /* flat data: cut */
        {0xc0cfb3100000ffffull, 0xc0c3b310000066ffull, 0},       /* with a base: cut */
        {0xc040b2123456000full, 0xc040b2123456000full, 0},       /* some bytes */
        {0x0000000000000000ull, 0x0000000000000000ull, 0},       /* none */
        {0x0040920000000fffull, 0x0040b20000000fffull, 0},       /* DPL 0 becomes 1 */
        {0x00008b0000000067ull, 0x1111111111111111ull, -EINVAL}, /* a TSS */
        {0xf840b2000000ffffull, 0x1111111111111111ull, -EINVAL}, /* in the hypervisor */
    };
    uint64_t *table = alloc_page();
    uint64_t maddr = virt_to_maddr(table);
    multicall_entry_t calls[3];

    for (unsigned int i = 0; i < ARRAY_SIZE(tries); i++) {
        context("descriptor %llx", tries[i].descriptor);
        memset(table, 0x11, PAGE_SIZE);
        for (unsigned int k = 0; k < 3; k++) /* a bad address, then good ones */
            calls[k] = (multicall_entry_t){
                .op = __HYPERVISOR_update_descriptor,
                .result = 77,
                .args = {(uint32_t)maddr + (k ? k * 8 : 1), maddr >> 32, LO_HI(tries[i].descriptor)}};
        CHECK_RC(HYPERVISOR_multicall(calls, 3), 0);
        CHECK_RC(calls[0].result, -EINVAL);
        CHECK_EQ(table[0], 0x1111111111111111ull);
        for (unsigned int k = 1; k < 3; k++) {
            CHECK_RC(calls[k].result, tries[i].result);
            CHECK_EQ(table[k] & ~(1ull << 40), tries[i].seen & ~(1ull << 40)); /* Accessed may be set */
            CHECK_RC(HYPERVISOR_update_descriptor(LO_HI(maddr + 24), LO_HI(tries[i].descriptor)), tries[i].result);
            CHECK_EQ(table[3], table[k]);
        }
    }
    free_page(table);
}

/* What Linux does to switch tasks. */
TEST(multicall_task_switch)
{
    multicall_entry_t calls[4] = {
        {.op = __HYPERVISOR_fpu_taskswitch, .args = {1}},
        {.op = __HYPERVISOR_stack_switch, .args = {FLAT_KERNEL_SS, (uint32_t)EDGE_PAGE + PAGE_SIZE}},
        {.op = __HYPERVISOR_set_debugreg, .args = {0, 0}},
        {.op = __HYPERVISOR_fpu_taskswitch, .args = {0}}};

    CHECK_RC(HYPERVISOR_multicall(calls, 4), 0);
    for (unsigned int i = 0; i < 4; i++)
        CHECK_RC(calls[i].result, 0);
}

/* A flush that an update asks for is done: afterwards the old translation is not used any more. If the flush mask
 * cannot be read, the entry fails, but only after the update (flushed or not); the next entries are carried out. */
TEST(multicall_update_va_flushes)
{
    static const uint32_t flushes[] = {UVMF_INVLPG,
                                       UVMF_TLB_FLUSH,
                                       UVMF_INVLPG | UVMF_ALL,
                                       UVMF_TLB_FLUSH | UVMF_ALL,
                                       UVMF_INVLPG | (uint32_t)UNMAPPED,
                                       UVMF_TLB_FLUSH | HYPERVISOR_VIRT_START};
    volatile uint32_t *va = (uint32_t *)FREE_VA;
    uint32_t *data[2] = {alloc_page(), alloc_page()};
    multicall_entry_t calls[3];

    *data[0] = 100;
    *data[1] = 101;
    for (unsigned int i = 0; i < ARRAY_SIZE(flushes); i++) {
        context("flags 0x%x", flushes[i]);
        CHECK_RC(map_at(FREE_VA, virt_to_mfn(data[0]), PTE_KERNEL_RW), 0);
        CHECK_EQ(*va, 100);
        for (unsigned int k = 0; k < 3; k++)
            calls[k] = (multicall_entry_t){.op = __HYPERVISOR_update_va_mapping,
                                           .result = 77,
                                           .args = {FREE_VA + (k != 1) * PAGE_SIZE * (k + 1),
                                                    LO_HI(make_pte(virt_to_mfn(data[1]), PTE_KERNEL_RW)), UVMF_NONE}};
        calls[1].args[3] = flushes[i];
        CHECK_RC(HYPERVISOR_multicall(calls, 3), 0);
        CHECK_RC(calls[0].result, 0);
        CHECK_RC(calls[1].result, i < 4 ? 0 : -EFAULT);
        CHECK_RC(calls[2].result, 0);
        CHECK_EQ(*mm_l1_entry((void *)FREE_VA) & PTE_FRAME, virt_to_maddr(data[1]));
        if (i < 4)
            CHECK_EQ(*va, 101);
        for (unsigned int k = 0; k < 4; k++)
            CHECK_RC(unmap_at(FREE_VA + k * PAGE_SIZE), 0);
    }
    free_page(data[0]);
    free_page(data[1]);
}

/* A multicall as an entry of a multicall is refused. */
TEST(multicall_nested)
{
    multicall_entry_t inner = {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}, .result = 55};
    multicall_entry_t outer[2] = {{.op = __HYPERVISOR_multicall, .args = {(uint32_t)&inner, 1}},
                                  {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}}};

    CHECK_RC(HYPERVISOR_multicall(outer, 2), 0);
    CHECK_RC(outer[0].result, -EINVAL);
    CHECK_EQ(inner.result, 55);
    CHECK_EQ(outer[1].result, PAGE_SIZE);
}

TEST(multicall_bad_pointers)
{
    multicall_entry_t *calls = (multicall_entry_t *)EDGE(2 * sizeof(multicall_entry_t));
    void *p;

    memset(EDGE_PAGE, 0x11, PAGE_SIZE);
    /* The sixth argument belongs to no call: whether it can be read does not matter. */
    for
        EACH_BAD_POINTER(p, offsetof(multicall_entry_t, args[5]))
    CHECK_RC(HYPERVISOR_multicall(p, 1), -EFAULT);
    memset(calls, 0, 2 * sizeof(*calls));
    calls[0].op = calls[1].op = __HYPERVISOR_xen_version;
    calls[0].args[0] = calls[1].args[0] = XENVER_pagesize;
    CHECK_RC(HYPERVISOR_multicall(calls, 3), -EFAULT);
    CHECK_EQ(calls[0].result, PAGE_SIZE); /* the entries before it are done */
    CHECK_EQ(calls[1].result, PAGE_SIZE);
    CHECK_RC(HYPERVISOR_multicall(calls, 0x08000000), -EFAULT); /* 2^27 entries of 32 bytes: 2^32 */
    CHECK_RC(HYPERVISOR_multicall(calls, 0x08000001), -EFAULT);
    CHECK_RC(HYPERVISOR_multicall(calls, 0xffffffff), -EFAULT);
}

/* Results that cannot be written. */
TEST(multicall_read_only)
{
    uint32_t mfn = pte_mfn(*mm_l1_entry(RO_PAGE));

    CHECK_RC(map_at((uint32_t)RO_PAGE, mfn, PTE_KERNEL_RW), 0);
    *(multicall_entry_t *)RO_PAGE = (multicall_entry_t){.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}};
    CHECK_RC(map_at((uint32_t)RO_PAGE, mfn, PTE_KERNEL_RO), 0);
    CHECK_RC(HYPERVISOR_multicall(RO_PAGE, 1), -EFAULT);
    CHECK_EQ(((multicall_entry_t *)RO_PAGE)->result, 0);
    CHECK_RC(mmuext(MMUEXT_CLEAR_PAGE, mfn, 0), 0);
}

/* Events are delivered only after the whole multicall. */
TEST(multicall_delivers_events_at_its_end)
{
    int port = event_bind_ipi(0);
    struct evtchn_send send = {port};
    multicall_entry_t calls[2] = {{.op = __HYPERVISOR_event_channel_op, .args = {EVTCHNOP_send, (uint32_t)&send}},
                                  {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}}};
    uint32_t before;

    events_clear_all();
    event_unmask(port);
    events_enable();
    before = upcall_count();
    CHECK_RC(HYPERVISOR_multicall(calls, 2), 0);
    CHECK_EQ(upcall_count(), before + 1);
    CHECK_RC(calls[0].result, 0);
    CHECK_EQ(calls[1].result, PAGE_SIZE);
    events_disable();
    CHECK_RC(event_close(port), 0);
}
