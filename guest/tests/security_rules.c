/*
 * One test for each rule of docs/security.md that a guest can try to break, named after it. Here is the heart of each:
 * the attack that taught the field the rule, or what would be left behind by one that succeeds. tests/mutations breaks
 * the same rules in the hypervisor, and these tests must then fail.
 */
#include "test.h"

#include <public/grant_table.h>
#include <public/memory.h>

#include "raw.h"

extern const char user_rdtsc[];

static pte_t *l1;
static void *page;

static bool begin(void)
{
    l1 = new_l1_at(FREE_TABLE_VA);
    page = l1 ? alloc_page() : NULL;
    return l1;
}

static void end(void)
{
    CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    drop_l1_at(FREE_TABLE_VA, l1);
    free_page(page);
}

/* No reference to the page as writable is left but its mapping's: it can become a table, and is ordinary again. */
static void check_counts(void *p)
{
    memset(p, 0, PAGE_SIZE);
    if (CHECK_RC(page_make_readonly(p), 0) && CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(p), 0), 0))
        CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(p), 0), 0);
    CHECK_RC(page_make_writable(p), 0);
}

/* ---- Page tables and page types */

enum way { SINGLE, BATCH, BY_ADDRESS, BY_MULTICALL, BY_STORE };
#define WAYS (is_int82() ? BY_STORE + 1 : BY_STORE) /* on Xen stores to tables have tests of their own */
static const char *const way_name[] = {"one request", "a batch", "update_va_mapping", "multicall", "a store"};

/* Entry 0 of the table becomes `value`; true: the hypervisor has let it. */
static bool change(enum way way, pte_t value)
{
    multicall_entry_t call = {.op = __HYPERVISOR_update_va_mapping, .args = {FREE_TABLE_VA, LO_HI(value), 0}};
    mmu_update_t reqs[2] = {{pte_maddr(&l1[1]), 0}, {pte_maddr(&l1[0]), value}};

    switch (way) {
    case SINGLE:
        return HYPERVISOR_mmu_update(&reqs[1], 1) == 0;
    case BATCH:
        return HYPERVISOR_mmu_update(reqs, 2) == 0;
    case BY_ADDRESS:
        /* The second time the table is remembered, and the short way taken. */
        update_va((void *)(FREE_TABLE_VA + PAGE_SIZE), 0, UVMF_NONE);
        return update_va((void *)FREE_TABLE_VA, value, UVMF_NONE) == 0;
    case BY_MULTICALL:
        update_va((void *)(FREE_TABLE_VA + PAGE_SIZE), 0, UVMF_NONE);
        return HYPERVISOR_multicall(&call, 1) == 0 && call.result == 0;
    default:
        probe_write((uint32_t *)&l1[0], (uint32_t)value, NULL);
        return l1[0] == value;
    }
}

/* XSA-148, 182: what skips validation is a whitelist. An entry that is there already keeps frame and all, and only
 * flags are added that matter: writable to a table's mapping, large, global, cache attributes. */
TEST(rule_only_harmless_flags_skip_validation)
{
    static const pte_t refused[] = {PTE_RW, PTE_PSE, PTE_G};
    pte_t table_ro, *l2;
    uint32_t other = foreign_frame();

    if (!begin())
        return;
    table_ro = make_pte(virt_to_mfn(l1), PTE_KERNEL_RO);
    for (enum way way = SINGLE; way < WAYS; way++) {
        context("by %s", way_name[way]);
        CHECK(change(way, table_ro));
        for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++) {
            if (refused[i] == PTE_PSE && !is_int82())
                continue; /* for L1 entries that is PAT: 4.2.5 lets domain 0 have it */
            CHECK(!change(way, table_ro | refused[i]));
            CHECK_EQ(l1[0], table_ro);
        }
        CHECK(change(way, table_ro | PTE_D | 0x200));
        CHECK(change(way, table_ro));
        CHECK(!change(way, make_pte(other, PTE_KERNEL_RO))); /* the same flags, another frame */
        CHECK(!change(way, make_pte(other, PTE_KERNEL_RW)));
        CHECK_EQ(l1[0], table_ro);
        CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    }
    context("%s", "");
    l2 = mm_l2_entry((void *)FREE_TABLE_VA);
    if (is_int82()) /* 4.2.5 dies of it (XSA-148) */
        CHECK(mmu_set_entry(l2, *l2 | PTE_PSE) < 0);
    CHECK_RC(mmu_set_entry(l2, *l2 | 0x400), 0);
    CHECK_RC(mmu_set_entry(l2, *l2 & ~0x400ull), 0);
    end();
}

/* Writes through a translation that is in the TLB, after the entry has been made read-only and the page a table. */
static void stale_write(enum way way, uint32_t pin)
{
    volatile uint32_t *va = (void *)FREE_TABLE_VA;
    struct caught_trap caught;

    CHECK_RC(page_make_readonly(page), 0);
    CHECK(change(way == BY_STORE ? SINGLE : way, make_pte(virt_to_mfn(page), PTE_KERNEL_RW)));
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
    *va = 0; /* the TLB knows it as writable */
    CHECK(change(way, make_pte(virt_to_mfn(page), PTE_KERNEL_RO)));
    CHECK_RC(mmuext(pin, virt_to_mfn(page), 0), 0);
    CHECK(!probe_write(va, PTE_P | PTE_G, &caught)); /* nor does it pass as a store to a table */
    CHECK_EQ(*(volatile uint32_t *)page, 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    CHECK_RC(page_make_writable(page), 0);
}

/* XSA-401, 408: what leaves "writable" is flushed before anything relies on its new type, whatever that is. */
TEST(rule_flush_is_decided_by_the_type_that_ends)
{
    static const uint32_t pins[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE};

    if (!begin())
        return;
    for (enum way way = SINGLE; way < WAYS; way++)
        for (unsigned int i = 0; i < ARRAY_SIZE(pins); i++) {
            context("by %s, pin %u", way_name[way], i + 1);
            stale_write(way, pins[i]);
        }
    context("%s", "");
    end();
}

/* The same when the mapping ends together with its table; and when the page becomes one of descriptors. */
TEST(rule_flush_after_a_whole_table)
{
    volatile uint32_t *va = (void *)(FREE_TABLE_VA + 2 * PAGE_SIZE);
    uint32_t mfn;

    if (!begin())
        return;
    mfn = virt_to_mfn(page);
    for (unsigned int i = 0; i < 2; i++) {
        pte_t *l2 = mm_l2_entry((void *)FREE_TABLE_VA), was = *l2;
        pte_t mapping = i ? make_pte(virt_to_mfn(l1), PTE_KERNEL_RO) : 0; /* other entries take the careful loop */

        CHECK_RC(page_make_readonly(page), 0);
        CHECK_RC(mmu_set_entry(&l1[1], mapping), 0);
        CHECK_RC(mmu_set_entry(&l1[2], make_pte(mfn, PTE_KERNEL_RW)), 0);
        mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
        *va = 0;
        CHECK_RC(mmu_set_entry(l2, 0), 0);
        if (i)
            CHECK_RC(HYPERVISOR_set_gdt(&mfn, 512), 0);
        else
            CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0);
        CHECK(!probe_write(va, PTE_P | PTE_G, NULL));
        if (i)
            CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
        else
            CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
        CHECK_RC(mmu_set_entry(l2, was), 0);
        CHECK_RC(mmu_set_entry(&l1[2], 0), 0);
        CHECK_RC(mmu_set_entry(&l1[1], 0), 0);
        CHECK_RC(page_make_writable(page), 0);
    }
    end();
}

/* XSA-286, 185, 240, 309: levels only go down. No table is its own, nor of its own level. */
TEST(rule_no_linear_or_recursive_tables)
{
    pte_t *l2 = alloc_page(), *l3 = alloc_page(), *top = mm_l2_entry((void *)0xC0000000);
    uint32_t here = pte_mfn(*mm_l3_entry((void *)0xC0000000));

    CHECK(mmu_set_entry(mm_l2_entry((void *)FREE_TABLE_VA), make_pte(here, PTE_TABLE)) < 0);
    if (is_int82()) /* XSA-185: 4.2.5 still allows that */
        CHECK(mmu_set_entry(mm_l3_entry((void *)0), make_pte(virt_to_mfn(mm_base()), PTE_P)) < 0);
    CHECK(mmu_set_entry(mm_l3_entry((void *)0), make_pte(here, PTE_P)) < 0);
    l2[0] = make_pte(virt_to_mfn(l2), PTE_TABLE);
    l3[0] = make_pte(virt_to_mfn(l3), PTE_P);
    l3[3] = make_pte(virt_to_mfn(l3), PTE_P);
    CHECK_RC(page_make_readonly(l2), 0);
    CHECK_RC(page_make_readonly(l3), 0);
    CHECK(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0) < 0);
    CHECK(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(l3), 0) < 0);
    CHECK_RC(page_make_writable(l2), 0);
    l2[0] = make_pte(here, PTE_TABLE);
    CHECK_RC(page_make_readonly(l2), 0);
    CHECK(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0) < 0);
    CHECK(*top != 0);
    CHECK_RC(page_make_writable(l2), 0);
    CHECK_RC(page_make_writable(l3), 0);
    free_page(l2);
    free_page(l3);
}

/* The hypervisor's part of an address space: slot 3 stays, and the entries from 0xF5800000 up are nobody's. */
TEST(rule_the_hypervisors_entries_stay)
{
    pte_t *slot3 = mm_l3_entry((void *)0xC0000000), was = *slot3, *entry;
    struct address_space space;

    CHECK(mmu_set_entry(slot3, 0) < 0);
    CHECK_EQ(*slot3, was);
    for (uint32_t va = HYPERVISOR_VIRT_START; va >= HYPERVISOR_VIRT_START; va += 0x800000) {
        entry = mm_l2_entry((void *)HYPERVISOR_VIRT_START) + ((va - HYPERVISOR_VIRT_START) >> 21);
        if (mmu_set_entry(entry, 0) >= 0 || mmu_set_entry(entry, *entry | 0x200) >= 0)
            FAIL("the entry for 0x%x can be changed", va);
    }
    address_space_copy(&space);
    CHECK_RC(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(space.l3), 0), 0);
    CHECK(mmu_set_entry(slot3, make_pte(virt_to_mfn(space.l2_top), PTE_P)) < 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(space.l3), 0), 0);
    address_space_free(&space);
}

/* XSA-299, 310: a page that could not be validated is in no state between: not pinned, no table, writable again. */
TEST(rule_never_half_validated)
{
    pte_t *l2 = alloc_page(), *leaf = alloc_page();

    for (unsigned int bad = 0; bad < 512; bad += 511) {
        l2[0] = make_pte(virt_to_mfn(leaf), PTE_TABLE);
        leaf[bad] = make_pte(foreign_frame(), PTE_KERNEL_RW);
        CHECK_RC(page_make_readonly(leaf), 0);
        CHECK_RC(page_make_readonly(l2), 0);
        CHECK(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(leaf), 0) < 0);
        CHECK(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(leaf), 0) < 0);
        CHECK(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0) < 0);
        CHECK(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l2), 0) < 0);
        CHECK_RC(page_make_writable(leaf), 0);
        CHECK_RC(page_make_writable(l2), 0);
        leaf[bad] = 0;
    }
    free_page(l2);
    free_page(leaf);
}

/* XSA-58, 113: a failure drops just what it had taken. */
TEST(rule_failures_drop_what_they_took)
{
    pte_t *l2 = alloc_page(), *leaf = alloc_page();
    uint32_t frames[2], mfn;
    void *data = alloc_page();

    mfn = virt_to_mfn(data);
    for (unsigned int round = 0; round < 3; round++) {
        context("round %u", round);
        CHECK_RC(page_make_readonly(data), 0);
        leaf[0] = leaf[4] = make_pte(mfn, PTE_KERNEL_RW);
        leaf[2] = make_pte(mfn, PTE_KERNEL_RO);
        leaf[511] = make_pte(mfn, PTE_KERNEL_RW | PTE_G);
        CHECK_RC(page_make_readonly(leaf), 0);
        CHECK(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(leaf), 0) < 0);
        CHECK_RC(page_make_writable(leaf), 0);
        leaf[511] = 0;
        l2[0] = make_pte(virt_to_mfn(leaf), PTE_TABLE);
        l2[1] = make_pte(virt_to_mfn(data), PTE_TABLE | PTE_PSE);
        CHECK_RC(page_make_readonly(leaf), 0);
        CHECK_RC(page_make_readonly(l2), 0);
        CHECK(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0) < 0);
        CHECK_RC(page_make_writable(leaf), 0);
        CHECK_RC(page_make_writable(l2), 0);
        memset(leaf, 0, PAGE_SIZE);
        memset(l2, 0, PAGE_SIZE);
        frames[0] = mfn;
        frames[1] = foreign_frame();
        CHECK(HYPERVISOR_set_gdt(frames, 1024) < 0);
        CHECK_RC(page_make_writable(data), 0);
        check_counts(data);
    }
    context("%s", "");
    free_page(l2);
    free_page(leaf);
    free_page(data);
}

/* XSA-214, 242, 252, 287: a frame that is given back leaves nothing behind, is not given back twice, and a pin is taken
 * once and dropped once. */
TEST(rule_types_end_with_their_owner)
{
    uint32_t pfn, mfn, reservation = HYPERVISOR_memory_op(XENMEM_current_reservation, &(domid_t){DOMID_SELF});
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
    xen_pfn_t extent;
    void *p = alloc_page();

    pfn = virt_to_pfn(p);
    mfn = virt_to_mfn(p);
    CHECK_RC(page_make_readonly(p), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0);
    CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0) < 0);
    CHECK_RC(update_va((void *)FREE_VA, make_pte(mfn, PTE_KERNEL_RO), UVMF_INVLPG), 0);
    CHECK_RC(update_va(p, 0, UVMF_INVLPG), 0);
    extent = mfn;
    r.extent_start = &extent;
    for (unsigned int i = 0; i < 3; i++) /* pinned as it is, and mapped: it stays until it no longer is */
        CHECK_RC(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 1);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_current_reservation, &(domid_t){DOMID_SELF}), reservation);
    CHECK_EQ(*(volatile uint32_t *)FREE_VA, 0);
    CHECK_RC(unmap_at(FREE_VA), 0);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 0);
    CHECK(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0) < 0);
    CHECK(update_va(p, make_pte(mfn, PTE_KERNEL_RO), UVMF_NONE) < 0);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_current_reservation, &(domid_t){DOMID_SELF}), reservation - 1);
    extent = pfn;
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_populate_physmap, &r), 1);
    set_p2m(pfn, extent);
    CHECK_RC(update_va(p, make_pte(extent, PTE_KERNEL_RW), UVMF_INVLPG), 0);
    check_counts(p);
    free_page(p);
}

/* XSA-402: the cache attributes of RAM are not a guest's. */
TEST(rule_cache_attributes_are_refused)
{
    static const pte_t attributes[] = {PTE_PWT, PTE_PCD, PTE_PAT, PTE_PWT | PTE_PCD | PTE_PAT};

    if (!is_int82())
        SKIP("Xen 4.2.5 lets domain 0 change a frame's cache attributes");
    if (!begin())
        return;
    for (enum way way = SINGLE; way < WAYS; way++)
        for (unsigned int i = 0; i < ARRAY_SIZE(attributes); i++) {
            pte_t value = make_pte(virt_to_mfn(page), PTE_KERNEL_RO);

            context("by %s, attribute 0x%llx", way_name[way], attributes[i]);
            CHECK(!change(way, value | attributes[i]));
            CHECK(change(way, value));
            CHECK(!change(way, value | attributes[i]));
            CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
        }
    context("%s", "");
    end();
}

/* ---- Entry, exit, traps */

#define NT 0x4000u

static volatile uint32_t flags_in_handler, saved_flags;

static bool look_at_flags(struct trap_frame *frame)
{
    uint32_t flags;

    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    flags_in_handler = flags;
    saved_flags = frame->eflags;
    frame->eip += 2;
    return true;
}

#define WITH_NT(instruction)                                                                                \
    __asm__ volatile("pushf; orl $0x4000, (%%esp); popf;" instruction "pushf; andl $~0x4000, (%%esp); popf" \
                     :                                                                                      \
                     : "a"(UNMAPPED)                                                                        \
                     : "memory", "cc")

/* XSA-202, 44: a handler runs without NT, TF and VM, with interrupts on and the guest's own IOPL; the frame keeps what
 * was. A handler's iret with NT set would be a task switch. */
TEST(rule_flags_on_the_way_to_a_guest)
{
    trap_handler_t old_page_fault = trap_set_handler(TRAP_PAGE_FAULT, look_at_flags);
    trap_handler_t old_invalid = trap_set_handler(TRAP_INVALID_OP, look_at_flags);
    struct iret_result r;

    flags_in_handler = NT;
    WITH_NT("mov (%%eax), %%ecx;"); /* exceptions.S */
    CHECK_EQ(flags_in_handler & 0x27300, 0x200);
    CHECK_EQ(saved_flags & NT, NT);
    flags_in_handler = NT;
    WITH_NT("ud2;"); /* bounce.c */
    CHECK_EQ(flags_in_handler & 0x27300, 0x200);
    CHECK_EQ(saved_flags & NT, NT);
    trap_set_handler(TRAP_PAGE_FAULT, old_page_fault);
    trap_set_handler(TRAP_INVALID_OP, old_invalid);
    if (is_int82()) { /* 4.2.5 lets NT through here */
        iret_ring1(0x4202, FLAT_KERNEL_CS, &r);
        CHECK_EQ(r.eflags & NT, 0);
    }
    iret_ring1(0x3002, FLAT_KERNEL_CS, &r);
    CHECK_EQ(r.eflags & 0x3200, 0x200);
}

static volatile uint32_t flags_in_upcall, seen;

static void look_from_upcall(evtchn_port_t port)
{
    uint32_t flags;

    (void)port;
    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    flags_in_upcall = flags;
    seen++;
}

TEST(rule_flags_in_an_upcall)
{
    static evtchn_port_t port;

    port = event_bind_ipi(0);
    event_set_handler(port, look_from_upcall);
    events_enable();
    event_unmask(port);
    seen = 0;
    flags_in_upcall = NT;
    __asm__ volatile("pushf; orl $0x4000, (%%esp); popf; int $0x82; pushf; andl $~0x4000, (%%esp); popf"
                     :
                     : "a"(__HYPERVISOR_event_channel_op), "b"(EVTCHNOP_send), "c"(&port)
                     : "memory", "cc");
    CHECK_EQ(seen, 1);
    CHECK_EQ(flags_in_upcall & 0x27300, 0x200);
    events_disable();
    event_set_handler(port, NULL);
    CHECK_RC(event_close(port), 0);
}

/* XSA-213: an iret among the calls of a multicall ends it, since the caller's registers are others then. */
TEST(rule_iret_ends_a_multicall)
{
    multicall_entry_t calls[2] = {{.op = __HYPERVISOR_iret},
                                  {.op = __HYPERVISOR_xen_version, .result = 0x5a5a, .args = {XENVER_pagesize}}};
    uint32_t arrived = 0;

    if (!is_int82())
        SKIP("4.2.5 goes on with the other calls");
    __asm__ volatile("mov %%esp, %%edi; pushf; push %%cs; push $1f; push $0x600d; int $0x82; 1: mov %%edi, %%esp"
                     : "=a"(arrived)
                     : "0"(__HYPERVISOR_multicall), "b"(calls), "c"(2)
                     : "memory", "cc", "edi");
    CHECK_EQ(arrived, 0x600d);
    CHECK_EQ(calls[1].result, 0x5a5a);
}

extern volatile uint32_t rule_nmis;
extern const char rule_nmi_entry[];
/* By the hypercall, which lets the next NMI in; but not for ever. */
__asm__(".text; rule_nmi_entry: incl rule_nmis; cmpl $10, rule_nmis; jae 1f\n"
        "pushl %eax; movl $23, %eax; int $0x82; 1: iret; .data; .balign 4; rule_nmis: .long 0; .text");

/* XSA-339: a trap that has been handed over is no longer pending, however often the hypervisor looks again. */
TEST(rule_a_pending_trap_is_consumed)
{
    struct {
        uint32_t handler_address, pad;
    } arg = {(uint32_t)rule_nmi_entry, 0};

    rule_nmis = 0;
    CHECK_RC(HYPERVISOR_nmi_op(0, &arg), 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
    for (unsigned int i = 0; i < 3; i++)
        CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry), 0);
    CHECK_EQ(rule_nmis, 1);
    CHECK_RC(HYPERVISOR_nmi_op(1, NULL), 0);
}

static volatile uint32_t gp_faults;

static bool skip_invlpg(struct trap_frame *frame)
{
    gp_faults++;
    frame->gs = 0; /* the stub could not load it again */
    frame->eip += 8;
    return true;
}

static void invlpg_gs(void)
{
    __asm__ volatile("invlpg %%gs:0" : : : "memory");
}

/* XSA-298: a register may hold a selector that its table no longer reaches. An emulation must look at the limit before
 * it looks for the descriptor: here the page of the LDT is still at hand, and the descriptor in it is a good one. */
TEST(rule_limits_before_bases)
{
    trap_handler_t old = trap_set_handler(TRAP_GP, skip_invlpg);
    uint64_t *ldt = alloc_page();
    uint32_t gs;

    if (!is_int82()) {
        trap_set_handler(TRAP_GP, old);
        free_page(ldt);
        SKIP("4.2.5 carries out no INVLPG");
    }
    for (unsigned int i = 0; i < 512; i++)
        ldt[i] = 0x00CFB2000000FFFFull;
    CHECK_RC(page_make_readonly(ldt), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)ldt, 512), 0);
    gp_faults = 0;
    __asm__ volatile("mov %0, %%gs" : : "r"(400 * 8 + 5));
    invlpg_gs();
    CHECK_EQ(gp_faults, 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)ldt, 16), 0);
    __asm__ volatile("mov %%gs, %0" : "=r"(gs));
    __asm__ volatile("mov %0, %%fs" : : "r"(2 * 8 + 5)); /* and so the page is mapped */
    if (gs) {
        invlpg_gs();
        __asm__ volatile("mov %%gs, %0" : "=r"(gs));
        CHECK(gp_faults == 1 ||
              !gs); /* without a fault: another domain has run meanwhile, and it was not loaded again */
    }
    trap_set_handler(TRAP_GP, old);
    __asm__ volatile("mov %0, %%gs; mov %0, %%fs" : : "r"(0));
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    CHECK_RC(page_make_writable(ldt), 0);
    free_page(ldt);
    if (!gs && !gp_faults)
        SKIP("the way out loads segment registers anew");
}

static void set_tsd(bool on)
{
    __asm__ volatile("mov %%cr4, %%eax; and $~4, %%eax; or %0, %%eax; mov %%eax, %%cr4" : : "r"(on ? 4 : 0) : "eax");
}

/* XSA-293: what a guest sees and changes of CR4 is its own, and goes as it came. */
TEST(rule_control_registers_come_from_state)
{
    struct caught_trap caught;
    uint32_t before, after;

    if (!user_setup())
        return;
    __asm__ volatile("mov %%cr4, %0" : "=r"(before));
    for (unsigned int i = 0; i < 2; i++) {
        set_tsd(true);
        user_run(user_rdtsc, 0, &caught);
        CHECK_EQ(caught.vector, TRAP_GP);
        set_tsd(false);
        user_run(user_rdtsc, 0, &caught);
        CHECK_EQ(caught.vector, TRAP_USER);
    }
    __asm__ volatile("mov %0, %%cr4" : : "r"(before | 0x3B93));
    __asm__ volatile("mov %%cr4, %0; mov %1, %%cr4" : "=&r"(after) : "r"(before));
    CHECK_EQ(after, before);
    CHECK_EQ(after & 0x2091, 0); /* VME, PSE, PGE, VMXE: not of a guest's world */
    user_teardown();
}

static void read_msr(void *index)
{
    __asm__ volatile("rdmsr" : : "c"(index) : "eax", "edx");
}

static void write_msr(void *index)
{
    __asm__ volatile("wrmsr" : : "c"(index), "a"(0), "d"(0));
}

/* XSA-333: whatever MSR a guest names, the worst is a #GP of its own. */
TEST(rule_msr_accesses_cannot_fault_the_hypervisor)
{
    static const struct {
        uint32_t first, count;
    } ranges[] = {{0, 0x480},          {0x800, 0x40},      {0x40000001, 15}, {0xC0000080, 16},
                  {0xC0010000, 0x120}, {0xC0011000, 0x40}, {0xC0000100, 8},  {0xFFFFFFF0, 16}};
    struct caught_trap caught;

    for (unsigned int r = 0; r < ARRAY_SIZE(ranges); r++)
        for (uint32_t i = 0; i < ranges[r].count; i++) {
            uint32_t msr = ranges[r].first + i;

            if (trap_catch(&caught, read_msr, (void *)msr) && caught.vector != TRAP_GP)
                FAIL("reading MSR 0x%x: trap %u", msr, caught.vector);
            if (is_int82() && trap_catch(&caught, write_msr, (void *)msr) && caught.vector != TRAP_GP)
                FAIL("writing MSR 0x%x: trap %u", msr, caught.vector);
        }
}

/* ---- Guest pointers */

#define LAST_TABLE_VA (HYPERVISOR_VIRT_START - 0x200000)

/* The last page below the hypervisor, so that what reaches over the border begins in memory that is there. */
static pte_t *map_last_page(uint32_t word)
{
    pte_t *table = new_l1_at(LAST_TABLE_VA);
    uint32_t *last = (uint32_t *)(HYPERVISOR_VIRT_START - PAGE_SIZE);

    if (!table || !CHECK_RC(mmu_set_entry(&table[511], make_pte(virt_to_mfn(page), PTE_KERNEL_RW)), 0))
        return NULL;
    for (unsigned int i = 0; i < PAGE_SIZE / 4; i++)
        last[i] = word;
    return table;
}

/* XSA-212: the last element is checked like the first, for arrays that end at the border, or would wrap. The table of
 * machine frames begins there: it can be read, so that a call that looked no further would find something. */
TEST(rule_every_element_is_checked)
{
    static const uint32_t counts[] = {1, 2, 3, 64, 65, 100};
    static xen_pfn_t out[2];
    const uint32_t border = HYPERVISOR_VIRT_START;
    struct xen_memory_exchange e = {.in = {.nr_extents = 1, .domid = DOMID_SELF},
                                    .out = {.nr_extents = 1, .domid = DOMID_SELF}};
    xen_pfn_t in[1];
    pte_t *table;

    if (!begin())
        return;
    table = map_last_page(__HYPERVISOR_xen_version);
    in[0] = foreign_frame();
    for (unsigned int i = 0; table && i < ARRAY_SIZE(counts); i++)
        for (uint32_t over = 4; over <= 16; over += 4) {
            uint32_t n = counts[i];

            context("%u elements, %u bytes over", n, over);
            CHECK_RC(HYPERVISOR_mmu_update_dom_page(border - n * 16 + over, n, NULL, DOMID_SELF), -EFAULT);
            CHECK_RC(HYPERVISOR_mmu_update_dom(border - n * 16 + over, n, NULL, DOMID_SELF), -EFAULT);
            CHECK_RC(HYPERVISOR_mmuext_op((mmuext_op_t *)(border - n * 12 + over), n, NULL, DOMID_SELF), -EFAULT);
            CHECK_RC(HYPERVISOR_multicall((multicall_entry_t *)(border - n * 32 + over), n), -EFAULT);
            CHECK_RC(HYPERVISOR_mmu_update_dom(0 - n * 16 + over, n, NULL, DOMID_SELF), -EFAULT);
            CHECK_RC(HYPERVISOR_multicall((multicall_entry_t *)(0 - n * 32 + over), n), -EFAULT);
        }
    context("%s", "");
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_send, (void *)(border - 3)), -EFAULT);
    e.in.extent_start = in;
    e.out.extent_start = (xen_pfn_t *)border; /* XSA-212 itself */
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), -EFAULT);
    e.out.extent_start = (xen_pfn_t *)(border - 2);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), -EFAULT);
    e.in.extent_start = (xen_pfn_t *)border;
    e.out.extent_start = out;
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), -EFAULT);
    if (table)
        drop_l1_at(LAST_TABLE_VA, table);
    end();
}

/* A word that the guest has chosen, and the hypervisor shows: the entry of one of its frames in the table. */
TEST(rule_no_argument_from_above_the_border)
{
    uint32_t pfn, mfn;
    mmu_update_t req;
    int port;

    if (!begin())
        return;
    mfn = virt_to_mfn(page);
    pfn = virt_to_pfn(page);
    port = event_bind_ipi(0);
    event_clear(port);
    req = (mmu_update_t){(uint64_t)mfn << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, port};
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_send, (uint32_t *)MACH2PHYS_VIRT_START + mfn), -EFAULT);
    CHECK(!event_pending(port));
    req.val = pfn;
    CHECK_RC(HYPERVISOR_mmu_update(&req, 1), 0);
    CHECK_RC(event_close(port), 0);
    end();
}

/* Where a call would answer: nothing is written above the border. On Int82 the table that can be read stands there a
 * second time, 16 MiB above, for the hypervisor to write to: what it wrote there would be seen. */
TEST(rule_answers_stay_below_the_border)
{
    volatile uint32_t *word = (volatile uint32_t *)MACH2PHYS_VIRT_START;
    const uint32_t writable = MACH2PHYS_VIRT_END;
    mmu_update_t reqs[2];
    uint32_t first, was[8];

    if (!begin())
        return;
    first = virt_to_mfn(page) & ~7u;
    for (unsigned int i = 0; i < 8; i++)
        was[i] = word[first + i];
    reqs[0] = reqs[1] = (mmu_update_t){pte_maddr(&l1[0]), 0};
    for (unsigned int i = 0; i < 8; i++) {
        uint32_t at = writable + (first + i) * 4;

        HYPERVISOR_mmu_update_dom(reqs, 1, at, DOMID_SELF);
        HYPERVISOR_mmu_update_dom(reqs, 2, at, DOMID_SELF);
        HYPERVISOR_mmu_update_dom(reqs, 0, at, DOMID_SELF);
        HYPERVISOR_mmuext_op(NULL, 0, at, DOMID_SELF);
        HYPERVISOR_xen_version(XENVER_platform_parameters, (void *)at);
        HYPERVISOR_memory_op(XENMEM_machphys_mapping, (void *)at);
        HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, (void *)at);
        HYPERVISOR_multicall((multicall_entry_t *)at, 1);
    }
    for (unsigned int i = 0; i < 8; i++)
        CHECK_EQ(word[first + i], was[i]);
    end();
}

/* ---- Events */

/* XSA-340, 342, 343: the limits of ports are those of a guest of this width, in every command. */
TEST(rule_ports_are_bounded)
{
    /* A multiple of 2^30 above a good one: where 12 bytes belong to a port, the same place. */
    uint32_t good = event_bind_ipi(0), flags_before = vcpu0_info.evtchn_pending_sel;
    const uint32_t ports[] = {
        1024, 1025, 4095, 4096, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, good + (1u << 30), good + (1u << 31)};

    for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++) {
        struct evtchn_unmask unmask = {ports[i]};
        struct evtchn_send send = {ports[i]};
        struct evtchn_close close = {ports[i]};
        struct evtchn_bind_vcpu bind = {ports[i], 0};
        struct evtchn_status status = {.dom = DOMID_SELF, .port = ports[i]};
        evtchn_port_t list[1] = {ports[i]};
        struct sched_poll poll = {.ports = list, .nr_ports = 1, .timeout = 1};

        context("port 0x%x", ports[i]);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send), -EINVAL);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &unmask), -EINVAL);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_close, &close), -EINVAL);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &bind), -EINVAL);
        CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status), -EINVAL);
        CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), -EINVAL);
    }
    context("%s", "");
    CHECK_EQ(vcpu0_info.evtchn_pending_sel, flags_before);
    CHECK_RC(event_close(good), 0);
}

/* ---- Grants: to itself, which leaves only the boundary of two domains out */

#define GRANT_VA FREE_VA
#define MAP_VA   (FREE_VA + 0x4000)

static int map_grant(gnttab_map_grant_ref_t *op, uint32_t ref, uint32_t flags)
{
    *op = (gnttab_map_grant_ref_t){.host_addr = MAP_VA, .flags = flags, .ref = ref, .dom = own_domid(), .status = 77};
    return HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, op, 1) ?: op->status;
}

static int unmap_grant(uint32_t address, const gnttab_map_grant_ref_t *op)
{
    gnttab_unmap_grant_ref_t un = {.host_addr = address, .handle = op->handle, .status = 77};

    return HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &un, 1) ?: un.status;
}

static int copy_grant(uint16_t from, uint16_t to, uint16_t length)
{
    gnttab_copy_t copy = {.len = length, .status = 77};

    copy.source.u.gmfn = copy.dest.u.gmfn = virt_to_mfn(page);
    copy.source.domid = copy.dest.domid = DOMID_SELF;
    copy.source.offset = from;
    copy.dest.offset = to;
    return HYPERVISOR_grant_table_op(GNTTABOP_copy, &copy, 1) ?: copy.status;
}

/* XSA-218, 224, 234, 255: what is unmapped is what was mapped, and nothing of a mapping that failed is left. */
TEST(rule_grants_all_or_nothing)
{
    grant_entry_v1_t *table = (grant_entry_v1_t *)GRANT_VA;
    xen_pfn_t frames[1] = {0};
    gnttab_setup_table_t setup = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list = frames};
    gnttab_map_grant_ref_t op;
    void *other = alloc_page();

    if (!begin())
        return;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
    CHECK_RC(map_at(GRANT_VA, frames[0], PTE_KERNEL_RW), 0);
    table[30] = (grant_entry_v1_t){GTF_permit_access, own_domid(), virt_to_mfn(page)};
    CHECK_RC(map_at(MAP_VA + PAGE_SIZE, virt_to_mfn(other), PTE_KERNEL_RW), 0);
    CHECK_RC(map_grant(&op, 30, GNTMAP_host_map), 0);
    CHECK(unmap_grant(MAP_VA + PAGE_SIZE, &op) != 0); /* another frame's mapping, otherwise the same */
    CHECK_RC(unmap_grant(MAP_VA, &op), 0);
    CHECK(unmap_grant(MAP_VA, &op) != 0);
    CHECK_EQ(table[30].flags, GTF_permit_access);
    CHECK(map_grant(&op, 0x7FFFFFFF, GNTMAP_host_map) != 0);
    CHECK(map_grant(&op, 31, GNTMAP_host_map) != 0);
    op.host_addr = 0;
    table[30].flags = GTF_permit_access | GTF_readonly;
    CHECK(map_grant(&op, 30, GNTMAP_host_map) != 0);
    CHECK_EQ(table[30].flags, GTF_permit_access | GTF_readonly);
    table[30].flags = 0;
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_RC(copy_grant(0, PAGE_SIZE - 16, 16 + i), i ? GNTST_bad_copy_arg : 0);
        CHECK_RC(copy_grant(PAGE_SIZE - 16, 0, 16 + i), i ? GNTST_bad_copy_arg : 0);
    }
    CHECK_RC(copy_grant(0, 0xFFF0, 16), GNTST_bad_copy_arg);
    CHECK_RC(copy_grant(0, 1, 0xFFFF), GNTST_bad_copy_arg);
    CHECK_RC(unmap_at(MAP_VA + PAGE_SIZE), 0);
    CHECK_RC(unmap_at(GRANT_VA), 0);
    check_counts(page);
    free_page(other);
    end();
}
