/* SPDX-License-Identifier: MIT */
/*
 * What NetBSD's PAE kernel does at its start and other kernels do not do: recursive page tables, a GDT whose size is
 * given in pages, code in a segment of its own, waiting for the next time stamp, and a second processor that does the
 * same. Prints a line for each step, and at the end whether everything worked.
 */
#include <guest/console.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <public/vcpu.h>

#define MSR_EFER 0xC0000080u

static unsigned int failures;

static void step(const char *what, bool done)
{
    printf("netbsd_like: %s: %s\n", what, done ? "ok" : "FAILED");
    failures += !done;
}

/* ---- Page tables. Each processor has its own L3 and its own L2 for slot 3, and shares the other L2s. The last of
 * those shows them all, at PTE_BASE. For slot 3 there is a shadow, because the real L2s hold the hypervisor's
 * entries. */

#define PTE_SLOT    508 /* of the L2 in slot 2: this entry and the next three */
#define PTE_BASE    0xBF800000u
#define SHADOW_SLOT 400 /* unused by the kernel */
#define PTE_SHOWN   (PTE_P | PTE_A)

static pte_t *l2[3], *shadow;
static struct address_space space[2];

static const volatile pte_t *pte_of(uint32_t va)
{
    return (const volatile pte_t *)(PTE_BASE + (va >> PAGE_SHIFT) * sizeof(pte_t));
}

static pte_t shows(const pte_t *table)
{
    return make_pte(virt_to_mfn(table), PTE_SHOWN);
}

static bool read_only(void *page)
{
    return page_make_readonly(page) == 0;
}

static void make_shared_tables(void)
{
    const pte_t *top = mm_l2_entry((void *)VIRT_BASE);

    shadow = alloc_page();
    for (uint32_t i = 0; i < L2_INDEX(mm_hypervisor_start()); i++)
        shadow[i] = top[i];
    shadow[SHADOW_SLOT] = shows(shadow);
    step("the shadow, which names itself, is pinned",
         read_only(shadow) && mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(shadow), 0) == 0);
    for (unsigned int i = 0; i < 3; i++)
        l2[i] = alloc_page();
    for (unsigned int i = 0; i < 3; i++)
        l2[2][PTE_SLOT + i] = shows(l2[i]);
    for (unsigned int i = 0; i < 3; i++)
        if (!read_only(l2[i]))
            step("read-only L2s", false);
}

static bool make_space(struct address_space *s)
{
    address_space_copy(s);
    if (page_make_writable(s->l3))
        return false;
    for (unsigned int i = 0; i < 3; i++)
        s->l3[i] = make_pte(virt_to_mfn(l2[i]), PTE_P);
    return read_only(s->l3) && mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(s->l3), 0) == 0;
}

/* A table comes into all address spaces, and is visible through the shadow at once. */
static bool shown_at_once(unsigned int processors, uint32_t va, pte_t *table)
{
    mmu_update_t req[3] = {{pte_maddr(&shadow[L2_INDEX(va)]), make_pte(virt_to_mfn(table), PTE_TABLE)}};
    unsigned int n = 1;

    for (unsigned int i = 0; i < processors; i++)
        req[n++] = (mmu_update_t){pte_maddr(&space[i].l2_top[L2_INDEX(va)]), req[0].val};
    return HYPERVISOR_mmu_update(req, n) == 0 && *pte_of(va) == table[0];
}

static void try_tables(unsigned int processors)
{
    const pte_t *old = mm_base();

    make_shared_tables();
    for (unsigned int i = 0; i < processors; i++)
        step("an L3 with recursive L2s is pinned", make_space(&space[i]));
    step("it runs on that", mm_set_base(space[0].l3) == 0);
    step("the old tables are unpinned", mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(old), 0) == 0);
    step("the shadow is shown, too", mmu_set_entry(&l2[2][PTE_SLOT + 3], shows(shadow)) == 0);
    step("the kernel finds its own entries", *pte_of((uint32_t)try_tables) == *mm_l1_entry((void *)try_tables));
    step("and those of upper tables", *pte_of((uint32_t)pte_of(PTE_BASE)) == l2[2][PTE_SLOT]);
    for (unsigned int i = 0; i < 2; i++) {
        pte_t *table = alloc_page();

        table[0] = PTE_AVAIL & (i + 1) << 9;
        step("a new table shows at once", read_only(table) && shown_at_once(processors, MM_SCRATCH, table));
    }
}

/* ---- Descriptors: NetBSD gives the number of pages */

#define CODE_SEL 0x09
#define DATA_SEL 0x11

static uint64_t *gdt;

static void try_gdt(void)
{
    uint32_t frame;

    gdt = alloc_page();
    gdt[CODE_SEL >> 3] = 0x00CFBB000000FFFFull;
    gdt[DATA_SEL >> 3] = 0x00CFB3000000FFFFull;
    frame = virt_to_mfn(gdt);
    step("a GDT of one page", read_only(gdt) && HYPERVISOR_set_gdt(&frame, 1) == 0);
    __asm__ volatile("ljmp %0, $1f\n1: mov %1, %%ss; mov %1, %%ds; mov %1, %%es" : : "i"(CODE_SEL), "r"(DATA_SEL));
    step("code and data in its segments", true);
}

/* ---- What each processor does in these segments */

static uint32_t read_efer(void)
{
    uint32_t efer = 0, high;

    __asm__ volatile("rdmsr" : "=a"(efer), "=d"(high) : "c"(MSR_EFER));
    return efer;
}

static void wait_for_next_stamp(const volatile struct vcpu_time_info *time)
{
    uint32_t version = time->version;

    while (time->version == version)
        ;
}

/* ---- The second processor. It has no console */

static uint8_t stack[4096] __attribute__((aligned(16)));
static volatile uint32_t second_at, second_found; /* the frame of its own code, as the tables show it */

extern const char second_start[];
__asm__(".text\n"
        "second_start:\n"
        "        call    second_main\n"
        "        ud2\n");

static void __attribute__((used)) second_main(void) __asm__("second_main");
static void second_main(void)
{
    read_efer();
    second_at = 1;
    second_found = pte_mfn(*pte_of((uint32_t)second_main));
    wait_for_next_stamp(&shared_info->vcpu_info[1].time);
    second_at = 2;
    HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL);
}

static int start_second(void)
{
    static struct vcpu_guest_context c;
    int rc;

    c.flags = VGCF_IN_KERNEL;
    c.user_regs.eip = (uint32_t)second_start;
    c.user_regs.cs = CODE_SEL;
    c.user_regs.ss = c.user_regs.ds = c.user_regs.es = DATA_SEL;
    c.user_regs.esp = c.kernel_sp = (uint32_t)stack + sizeof(stack);
    c.kernel_ss = DATA_SEL;
    c.gdt_frames[0] = virt_to_mfn(gdt);
    c.gdt_ents = 1;
    c.ctrlreg[3] = virt_to_mfn(space[1].l3) << PAGE_SHIFT | virt_to_mfn(space[1].l3) >> 20;
    rc = HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &c);
    return rc ? rc : HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL);
}

static unsigned int count_processors(void)
{
    return HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) == -ENOENT ? 1 : 2;
}

void guest_main(void)
{
    unsigned int processors = count_processors();

    try_tables(processors);
    try_gdt();
    read_efer();
    step("RDMSR", true);
    wait_for_next_stamp(&vcpu0_info.time);
    step("a new time stamp", true);
    if (processors == 2) {
        step("the second processor starts", start_second() == 0);
        while (!failures && second_at != 2)
            ; /* they share one CPU, in time slices */
        step("it has found its tables, RDMSR and a new time stamp", second_found == virt_to_mfn((void *)second_main));
    }
    printf("netbsd_like: %u processors, %u failures\n", processors, failures);
}
