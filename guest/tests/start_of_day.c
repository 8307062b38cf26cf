/* SPDX-License-Identifier: MIT */
/*
 * The state that a domain starts in, as abi-notes describes it and real Xen produces it. start.S saves the registers of
 * the first instruction in boot_registers before it changes any. The page tables are read as they are. What the library
 * has changed by now (the end of the map after the builder's part, the shared info page, event masks) is left out, or
 * was copied before. Accessed and Dirty are masked where the processor itself sets them.
 */
#include "test.h"

/* Domain 0 has L2s for all slots. Other domains have them for what is mapped (VIRT_BASE up) and for the hypervisor:
 * both are in slot 3. */
#define BUILT_L2S (is_dom0() ? 4 : 1)
#define BUILT_L1S (start_info->nr_pt_frames - 1 - BUILT_L2S)

TEST(start_of_day_registers)
{
    CHECK_EQ(boot_registers.eax, 0);
    CHECK_EQ(boot_registers.ebx, 0);
    CHECK_EQ(boot_registers.ecx, 0);
    CHECK_EQ(boot_registers.edx, 0);
    CHECK_EQ(boot_registers.edi, 0);
    CHECK_EQ(boot_registers.ebp, 0);
    CHECK_EQ(boot_registers.esi, (uint32_t)start_info);
    CHECK_EQ(boot_registers.eflags, 0x202);
}

TEST(start_of_day_selectors)
{
    CHECK_EQ(boot_registers.cs & 0xffff, FLAT_KERNEL_CS);
    CHECK_EQ(boot_registers.ss & 0xffff, FLAT_KERNEL_SS);
    CHECK_EQ(boot_registers.ds & 0xffff, FLAT_KERNEL_DS);
    CHECK_EQ(boot_registers.es & 0xffff, FLAT_KERNEL_DS);
    CHECK_EQ(boot_registers.fs & 0xffff, FLAT_KERNEL_DS);
    CHECK_EQ(boot_registers.gs & 0xffff, FLAT_KERNEL_DS);
}

TEST(start_of_day_stack)
{
    CHECK_EQ(boot_registers.esp, start_info->pt_base + start_info->nr_pt_frames * PAGE_SIZE + PAGE_SIZE);
}

TEST(start_of_day_order)
{
    uint32_t info = (uint32_t)start_info, list = start_info->mfn_list;

    if (start_info->mod_start)
        CHECK(start_info->mod_start + start_info->mod_len <= list);
    CHECK(list > (uint32_t)&start_info);
    CHECK(info >= list + start_info->nr_pages * 4);
    CHECK(start_info->pt_base == info + (is_dom0() ? 1 : 3) * PAGE_SIZE); /* between: the rings of store and console */
    CHECK_EQ(list & (PAGE_SIZE - 1), 0);
    CHECK_EQ(info & (PAGE_SIZE - 1), 0);
}

TEST(start_of_day_map_end)
{
    uint32_t end = VIRT_BASE + BUILT_L1S * (2u << 20), stack_end = boot_registers.esp;

    CHECK_EQ(end & ((4u << 20) - 1), 0);
    CHECK(end - stack_end >= 512 << 10);
}

TEST(start_of_day_start_info)
{
    CHECK(!strcmp(start_info->magic, "xen-3.0-x86_32p"));
    CHECK(start_info->nr_pages >= 1024);
    CHECK_EQ(start_info->shared_info & (PAGE_SIZE - 1), 0);
    if (!is_dom0()) {
        CHECK_EQ(start_info->flags & ~SIF_PRIVILEGED, 0);
        CHECK(start_info->store_mfn && start_info->store_evtchn);
        CHECK(start_info->console.domU.mfn && start_info->console.domU.evtchn);
        return;
    }
    CHECK_EQ(start_info->flags,
             SIF_PRIVILEGED | SIF_INITDOMAIN | (XEN_PROCESSOR_PM_CX | XEN_PROCESSOR_PM_PX) << SIF_PM_SHIFT);
    CHECK_EQ(start_info->store_mfn, 0);
    CHECK_EQ(start_info->store_evtchn, 0);
}

TEST(start_of_day_cmdline)
{
    const char *line = guest_cmdline();

    CHECK(memcmp(line, "/", 1)); /* the module's name is not in it */
    CHECK(strlen(line) < MAX_GUEST_CMDLINE);
}

TEST(start_of_day_module)
{
    if (!start_info->mod_start) {
        CHECK_EQ(start_info->mod_len, 0);
        SKIP("no initial ramdisk was given");
    }
    CHECK_EQ(start_info->mod_start & (PAGE_SIZE - 1), 0);
    CHECK(start_info->mod_len > 0);
    /* tests/cases give one that begins like this */
    CHECK(!memcmp((void *)start_info->mod_start, "INT82 RAMDISK", 13));
}

TEST(start_of_day_shared_info)
{
    CHECK_EQ(boot_upcall_mask, 1);
    CHECK_EQ(shared_info->vcpu_info[0].time.version & 1, 0);
    for (unsigned int i = 1; i < XEN_LEGACY_MAX_VCPUS; i++)
        CHECK_EQ(shared_info->vcpu_info[i].evtchn_upcall_pending, 0);
}

/* Every frame of the list is ours alone: the machine-to-physical table leads back to it. */
TEST(start_of_day_p2m)
{
    for (uint32_t pfn = 0; pfn < start_info->nr_pages; pfn++) {
        if (mfn_to_pfn(pfn_to_mfn(pfn)) == pfn)
            continue;
        FAIL("pfn 0x%x is mfn 0x%x, whose entry is 0x%x", pfn, pfn_to_mfn(pfn), mfn_to_pfn(pfn_to_mfn(pfn)));
        return;
    }
}

TEST(start_of_day_page_table_order)
{
    uint32_t first = virt_to_pfn((void *)start_info->pt_base);
    const pte_t *l3 = (pte_t *)start_info->pt_base, *l2;

    for (unsigned int i = 4 - BUILT_L2S; i < 4; i++) {
        CHECK_EQ(mfn_to_pfn(pte_mfn(l3[i])), first + BUILT_L2S - 3 + i);
        CHECK_EQ(l3[i] & ~PTE_FRAME & ~(PTE_A | PTE_D | PTE_RW), PTE_P);
    }
    l2 = mfn_to_virt(pte_mfn(l3[3]));
    for (unsigned int i = 0; i < BUILT_L1S; i++) {
        CHECK_EQ(mfn_to_pfn(pte_mfn(l2[i])), first + 1 + BUILT_L2S + i);
        CHECK_EQ(l2[i] & ~PTE_FRAME, PTE_TABLE);
    }
}

TEST(start_of_day_l2_hypervisor_part)
{
    const pte_t *l2 = mfn_to_virt(pte_mfn(((pte_t *)start_info->pt_base)[3]));
    const uint32_t last = MACH2PHYS_VIRT_START + 4 * (RAM_END_FRAME - 1);

    /* The machine-to-physical table is readable as far as there is memory for it to describe. */
    for (unsigned int i = L2_INDEX(HYPERVISOR_VIRT_START); i <= L2_INDEX(last); i++)
        if (!(l2[i] & PTE_P))
            FAIL("entry %u of the top L2 is 0x%llx", i, l2[i]);
}

TEST(start_of_day_data_flags)
{
    pte_t *pte = mm_l1_entry(start_info);

    CHECK_EQ(*pte & ~PTE_FRAME & ~(PTE_A | PTE_D), PTE_P | PTE_RW);
    pte = mm_l1_entry((void *)&test_start_of_day_data_flags);
    CHECK_EQ(*pte & ~PTE_FRAME & ~(PTE_A | PTE_D), PTE_P | PTE_RW);
}

TEST(start_of_day_tables_read_only)
{
    for (unsigned int i = 0; i < start_info->nr_pt_frames; i++) {
        pte_t pte = *mm_l1_entry((void *)(start_info->pt_base + i * PAGE_SIZE));

        CHECK_EQ(pte & ~PTE_FRAME & ~PTE_D, PTE_P | PTE_A);
    }
}

TEST(start_of_day_hypercall_page)
{
    for (uint32_t nr = 0; nr < 64; nr++) {
        const uint8_t stub[] = {0xb8, nr, 0, 0, 0, 0xcd, 0x82, 0xc3};
        static const uint8_t iret_stub[] = {0x50, 0xb8, 0x17, 0, 0, 0, 0xcd, 0x82};
        const uint8_t *seen = hypercall_page + nr * HYPERCALL_STUB_SIZE;

        if (memcmp(seen, nr == __HYPERVISOR_iret ? iret_stub : stub, sizeof(stub)))
            FAIL("stub %u: %02x %02x %02x %02x %02x %02x %02x %02x", nr, seen[0], seen[1], seen[2], seen[3], seen[4],
                 seen[5], seen[6], seen[7]);
        for (unsigned int i = 8; i < HYPERCALL_STUB_SIZE; i++)
            if (seen[i] != 0xCC)
                FAIL("stub %u, byte %u: %02x", nr, i, seen[i]);
    }
}

TEST(start_of_day_machine_to_phys)
{
    struct caught_trap caught;
    uint32_t value;

    CHECK(probe_read((void *)MACH2PHYS_VIRT_START, &value, NULL));
    CHECK(!probe_write((void *)(MACH2PHYS_VIRT_START + 4 * virt_to_mfn(start_info)), 0, &caught));
    CHECK_EQ(caught.vector, TRAP_PAGE_FAULT);
    CHECK_EQ(caught.error & (PF_WRITE | PF_USER), PF_WRITE);
}
