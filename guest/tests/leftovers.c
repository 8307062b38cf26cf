/* SPDX-License-Identifier: MIT */
/*
 * Everything that a processor keeps of one domain can be seen by another unless it is replaced completely. We leave
 * something in the FPU, in the debug registers and in the TLB. A domain that we make, or the hypervisor, must not find
 * it. Also tested: what was left by whatever ran before the hypervisor.
 */
#include "victim.h"

#include <guest/audit.h>
#include <public/domctl.h>
#include <public/grant_table.h>
#include <public/memory.h>

extern const char user_sysenter[], user_rdpmc[];

static struct victim victim;

/* The spies below write this to VICTIM_ARGS. */
struct findings {
    struct x87_env {
        uint32_t cw, sw, tw, ip, cs_op, dp, ds;
    } env;
    uint32_t unused[9];
    uint8_t image[512]; /* FXSAVE */
    uint32_t traps;
    uint32_t dr6[8]; /* as each #DB handler finds it */
};
#define WATCHED_VA VICTIM_VA(VICTIM_ARGS + 1)
#define TRAPS_AT   2048u /* in the same page: its trap table */
_Static_assert(__builtin_offsetof(struct findings, traps) == 576, "in the assembly below");

/*
 * Code for the victim, position-independent. EBX points to its list, EDI to what it has found. Each spy ends in the
 * same way and has the same #DB handler at its start.
 */
__asm__(".section .rodata\n"
        ".macro spy name\n"
        ".balign 16\n"
        "\\name: jmp 9f\n"
        ".balign 16\n"
        "       push %eax; push %ebx; push %ecx; push %edx\n" /* the handler: SPY_HANDLER */
        "       mov $9, %eax; mov $6, %ebx; int $0x82\n"      /* get_debugreg */
        "       mov 576(%edi), %ecx\n"
        "       mov %eax, 580(%edi,%ecx,4)\n"
        "       incl 576(%edi)\n"
        "       pop %edx; pop %ecx; pop %ebx; pop %eax\n"
        "       andl $~0x100, 8(%esp)\n" /* no further single steps */
        "       iret\n"
        "9:     mov %ebx, %esi\n"
        "       lea 4096(%esi), %edi\n"
        "       xor %eax, %eax; mov %eax, 576(%edi)\n"
        "       mov $0, %eax; lea 2048(%edi), %ebx; int $0x82\n" /* set_trap_table */
        ".endm\n"
        ".macro set_dr number\n" /* EAX's value */
        "       mov %eax, %ecx; mov $8, %eax; mov $\\number, %ebx; int $0x82\n"
        ".endm\n"
        ".macro done name\n"
        "       movl $1, 520(%esi)\n"
        "1:     mov $29, %eax; mov $1, %ebx; xor %ecx, %ecx; int $0x82; jmp 1b\n"
        "\\name\\()_end:\n"
        ".endm\n"

        "spy fpu_spy\n"
        "       fnstenv (%edi)\n"
        "       fxsave 64(%edi)\n"
        "       done fpu_spy\n"

        "spy breakpoint_spy\n"
        "       pushf; orl $0x100, (%esp); popf\n"
        "       nop\n"
        "breakpoint_spy_stepped:\n"
        "       mov $0x0D000410, %eax; set_dr 7\n" /* its DR2, which is 0: writes of 4 bytes */
        "       movl $1, 4096(%edi)\n"
        "       xor %eax, %eax; set_dr 7\n"
        "       done breakpoint_spy\n"

        "spy status_spy\n"
        "       lea 4096(%edi), %eax; set_dr 1\n"
        "       mov $0x00D00404, %eax; set_dr 7\n"
        "       movl $1, 4096(%edi)\n"
        "       xor %eax, %eax; set_dr 7\n"
        "       done status_spy\n"
        ".purgem spy\n"
        ".purgem set_dr\n"
        ".purgem done\n"
        ".text\n");
#define SPY_HANDLER 16u
#define SPY(name)   extern const char name[], name##_end[]
SPY(fpu_spy);
SPY(breakpoint_spy);
SPY(status_spy);
extern const char breakpoint_spy_stepped[];

/* Makes a victim that will run this code. */
static bool create(const char *spy, const char *end)
{
    struct trap_info *traps;
    bool missing;
    void *page;

    if (!is_dom0()) {
        skip("only domain 0 may");
        return false;
    }
    if (!victim_create(&victim, &missing)) {
        if (missing)
            skip("this hypervisor creates no domains");
        return false;
    }
    page = victim_map(&victim, VICTIM_CODE);
    if (page)
        memcpy(page, spy, end - spy);
    page = victim_map(&victim, VICTIM_ARGS);
    if (!page)
        return false;
    traps = (struct trap_info *)((char *)page + TRAPS_AT);
    traps[0] =
        (struct trap_info){.vector = TRAP_DEBUG, .cs = FLAT_KERNEL_CS, .address = VICTIM_VA(VICTIM_CODE) + SPY_HANDLER};
    victim_unmap();
    return true;
}

/* Runs it until it has found what there is. NULL: it never ended. */
static const struct findings *run(void)
{
    victim_start(&victim);
    return CHECK(victim_wait(&victim, 1000)) ? victim_map(&victim, VICTIM_ARGS) : NULL;
}

static void destroy(void)
{
    CHECK_RC(victim_destroy(&victim), 0);
}

/* ---- FPU, MMX, XMM */
static const uint32_t secret[4] __attribute__((aligned(16))) = {0x5EC2E701, 0x5EC2E702, 0x5EC2E703, 0x5EC2E704};

static void leave_secrets(void)
{
    HYPERVISOR_fpu_taskswitch(0);
    __asm__ volatile("fninit; fildl %0; fildl %0; fildl %0" : : "m"(secret));
    __asm__ volatile("movups %0, %%xmm0; movups %0, %%xmm3; movups %0, %%xmm7" : : "m"(secret));
}

static void clear_secrets(void)
{
    __asm__ volatile("fninit; xorps %xmm0, %xmm0; xorps %xmm3, %xmm3; xorps %xmm7, %xmm7");
}

/* They must not be ours: they are the initial ones, or the hypervisor's own. */
static bool harmless_pointer(uint32_t address)
{
    return !address || address >= HYPERVISOR_VIRT_START;
}

TEST(leftovers_fpu)
{
    const struct findings *f;

    if (!create(fpu_spy, fpu_spy_end))
        return;
    leave_secrets();
    f = run();
    clear_secrets();
    if (f) {
        CHECK_EQ(f->env.cw & 0xFFFF, 0x37F);
        CHECK_EQ(f->env.sw & 0xFFFF, 0);
        CHECK_EQ(f->env.tw & 0xFFFF, 0xFFFF);
        if (!harmless_pointer(f->env.ip) || !harmless_pointer(f->env.dp))
            FAIL("FIP 0x%x, FDP 0x%x", f->env.ip, f->env.dp);
        CHECK_EQ(*(uint32_t *)(f->image + 24), 0x1F80);
        for (uint32_t i = 32; i < 288; i++)
            if (f->image[i]) {
                FAIL("byte %u of the image: 0x%x", i, f->image[i]);
                break;
            }
    }
    destroy();
}

/* The processor can load whatever image a guest gives. */
TEST(leftovers_fpu_image)
{
    static struct vcpu_guest_context c;
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = 0, .ctxt.p = &c}};
    const struct findings *f;

    if (!create(fpu_spy, fpu_spy_end))
        return;
    CHECK_RC(victim_domctl(XEN_DOMCTL_getvcpucontext, victim.id, &op), 0);
    CHECK_EQ(c.flags & VGCF_I387_VALID, 0);
    CHECK_EQ(*(uint16_t *)c.fpu_ctxt.x, 0x37F);
    c.flags |= VGCF_I387_VALID;
    memset(&c.fpu_ctxt, 0xFF, sizeof(c.fpu_ctxt));
    op = (struct xen_domctl){.u.vcpucontext = {.vcpu = 0, .ctxt.p = &c}};
    CHECK_RC(victim_domctl(XEN_DOMCTL_setvcpucontext, victim.id, &op), 0);
    f = run();
    if (f) {
        CHECK_EQ(*(uint32_t *)(f->image + 24) & 0xFFFF0000, 0);
        CHECK_EQ(*(uint32_t *)(f->image + 24) & 0x1F80, 0x1F80);
        CHECK_EQ(f->image[160], 0xFF);
    }
    destroy();
}

/* ---- Debug registers */
static void single_step(void *arg)
{
    (void)arg;
    __asm__ volatile("pushf; orl $0x100, (%esp); popf; nop");
}

/* The breakpoints that we have set are not in force for another domain, and a hit on them is not reported there. */
TEST(leftovers_breakpoints)
{
    const struct findings *f;

    if (!create(breakpoint_spy, breakpoint_spy_end))
        return;
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0x411), 0); /* set for a moment, so that the processor gets them */
    CHECK_RC(HYPERVISOR_set_debugreg(0, VICTIM_VA(VICTIM_CODE) + (breakpoint_spy_stepped - breakpoint_spy)), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(2, WATCHED_VA), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(7, 0x400), 0);
    f = run();
    if (f) {
        CHECK_EQ(f->traps, 1);
        CHECK_EQ(f->dr6[0], 0xFFFF4FF0);
    }
    destroy();
    CHECK_RC(HYPERVISOR_set_debugreg(0, 0), 0);
    CHECK_RC(HYPERVISOR_set_debugreg(2, 0), 0);
}

/* Another domain's DR6 does not show that we have single-stepped. */
TEST(leftovers_debug_status)
{
    const struct findings *f;

    if (!create(status_spy, status_spy_end))
        return;
    EXPECT_TRAP(NULL, single_step, NULL, TRAP_DEBUG);
    f = run();
    if (f) {
        CHECK_EQ(f->traps, 1);
        CHECK_EQ(f->dr6[0], 0xFFFF0FF2);
    }
    destroy();
    CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(6), 0xFFFF4FF0);
    CHECK_RC(HYPERVISOR_set_debugreg(6, 0), 0);
}

/* ---- The TLB. These pages have places in it (QEMU's is direct-mapped) that nothing else of the test's takes. */
#define SHARED_VA (FREE_VA + 0x23000)
#define GRANT_VA  (FREE_VA + 0x23000 + 0x2000)

static void map_theirs(uint32_t va, uint32_t frame, domid_t owner)
{
    mmu_update_t req = {.ptr = pte_maddr(mm_l1_entry((void *)va)), .val = make_pte(frame, PTE_KERNEL_RW)};

    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)owner), 0);
}

/* Two frames of the hypervisor's heap that we may write to. As soon as the hypervisor has them back we can no longer
 * write to them, though we have not asked for a flush. */
TEST(leftovers_tlb)
{
    struct xen_domctl op = {.u.createdomain = {.ssidref = 0}};
    struct gnttab_setup_table setup = {.nr_frames = 1};
    xen_pfn_t grant_frame;
    domid_t id;
    int rc;

    NEED_DOM0();
    rc = victim_domctl(XEN_DOMCTL_createdomain, 0, &op);
    if (rc == -ENOSYS)
        SKIP("this hypervisor creates no domains");
    if (!CHECK_RC(rc, 0))
        return;
    id = op.domain;
    op = (struct xen_domctl){0};
    CHECK_RC(victim_domctl(XEN_DOMCTL_getdomaininfo, id, &op), 0);
    setup.dom = id;
    setup.frame_list = &grant_frame;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
    CHECK_RC(setup.status, 0);
    map_theirs(SHARED_VA, op.u.getdomaininfo.shared_info_frame, id);
    map_theirs(GRANT_VA, grant_frame, id);
    op = (struct xen_domctl){0};
    CHECK_RC(victim_domctl(XEN_DOMCTL_destroydomain, id, &op), 0);
    CHECK(probe_write((void *)SHARED_VA, 1, NULL));
    CHECK(probe_write((void *)GRANT_VA, 1, NULL));
    CHECK_RC(update_va((void *)SHARED_VA, 0, 0), 0);
    CHECK_RC(update_va((void *)GRANT_VA, 0, 0), 0);
    op = (struct xen_domctl){0};
    CHECK_RC(victim_domctl(XEN_DOMCTL_createdomain, 0, &op), 0); /* the dead domain's memory is freed first */
    id = op.domain;
    CHECK(!probe_write((void *)SHARED_VA, 0x41414141, NULL));
    CHECK(!probe_write((void *)GRANT_VA, 0x41414141, NULL));
    op = (struct xen_domctl){0};
    CHECK_RC(victim_domctl(XEN_DOMCTL_destroydomain, id, &op), 0);
}

/* ---- Memory */
#define SCAN_VA FREE_VA

/* Allocates that many frames, calls look() for each and gives them back. False: there were not so many. */
static bool each_fresh_frame(uint32_t want, void (*look)(uint32_t *page))
{
    static xen_pfn_t mfn[1024];
    struct xen_memory_reservation r = {.extent_start = mfn, .nr_extents = want, .domid = DOMID_SELF};
    int got = HYPERVISOR_memory_op(XENMEM_increase_reservation, &r);

    for (int n = 0; n < got; n++) {
        if (!CHECK_RC(map_at(SCAN_VA, mfn[n], PTE_KERNEL_RW), 0))
            break;
        look((uint32_t *)SCAN_VA);
        unmap_at(SCAN_VA);
    }
    r.nr_extents = got > 0 ? got : 0;
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), r.nr_extents);
    return got == (int)want;
}

static uint32_t found;

static void clear(uint32_t *page)
{
    memset(page, 0, PAGE_SIZE);
}

static void look_for_anything(uint32_t *page)
{
    for (uint32_t i = 0; i < 1024; i++)
        found += page[i] != 0;
}

/* The auditor uses free frames to count in. It must give them back clean. */
TEST(leftovers_audit)
{
    static struct int82_audit answer;

    NEED_DOM0();
    if (!each_fresh_frame(32, clear))
        SKIP("no memory is free");
    if (audit_read(&answer))
        SKIP("there is no auditor");
    found = 0;
    each_fresh_frame(32, look_for_anything);
    CHECK_EQ(found, 0);
}

/* tests/cases/dirty_boot.sh has filled memory with this word before the hypervisor started. Nobody may find it, except
 * domain 0 in the memory that it started with. (In other runs nothing was there, and nothing can be found.) */
#define OLD_WORD 0x4D444C4Fu /* "OLDM" */

static void look_for_old_words(uint32_t *page)
{
    for (uint32_t i = 1; i < 1024; i++)
        found += page[i - 1] == OLD_WORD && page[i] == OLD_WORD;
}

TEST(leftovers_ram)
{
    found = 0;
    if (is_dom0())
        each_fresh_frame(1024, look_for_old_words);
    else
        for (uint32_t i = 0; i < start_info->nr_pages && i < MM_LINEAR_LIMIT / PAGE_SIZE; i++)
            look_for_old_words((uint32_t *)(VIRT_BASE + i * PAGE_SIZE));
    CHECK_EQ(found, 0);
}

/* ---- What boot left in the processor (tests/cases/dirty_boot.sh makes it leave something) */
static void do_sysenter(void *arg)
{
    (void)arg;
    __asm__ volatile("sysenter");
}

static void do_syscall(void *arg)
{
    (void)arg;
    __asm__ volatile("syscall");
}

static void do_xgetbv(void *arg)
{
    (void)arg;
    __asm__ volatile("xgetbv" : : "c"(0) : "eax", "edx");
}

TEST(leftovers_boot)
{
    struct caught_trap caught;
    uint32_t efer = 0, cr0, has_nx, d;
    void *page;

    if (!user_setup())
        return;
    page = alloc_page();
    CHECK(trap_catch(&caught, do_sysenter, NULL));
    CHECK_ONE_OF(caught.vector, TRAP_GP, TRAP_INVALID_OP);
    user_run(user_sysenter, 0, &caught);
    CHECK_ONE_OF(caught.vector, TRAP_GP, TRAP_INVALID_OP);
    EXPECT_TRAP(NULL, do_syscall, NULL, TRAP_INVALID_OP);
    EXPECT_TRAP(NULL, do_xgetbv, NULL, TRAP_INVALID_OP);
    user_run(user_rdpmc, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_GP);
    __asm__ volatile("cpuid" : "=d"(has_nx), "=a"(d) : "a"(0x80000001) : "ebx", "ecx");
    if (has_nx & 1u << 20) {
        __asm__ volatile("rdmsr" : "=a"(efer), "=d"(d) : "c"(0xC0000080));
        CHECK_EQ(efer, 1u << 11);
    }
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    CHECK_EQ(cr0 & ~8u, 0x80050033);
    CHECK_RC(map_at(FREE_VA, virt_to_mfn(page), PTE_KERNEL_RW), 0);
    CHECK(probe_write((void *)(FREE_VA + 0x100), 1, NULL)); /* not watched */
    unmap_at(FREE_VA);
    EXPECT_TRAP(NULL, single_step, NULL, TRAP_DEBUG);
    CHECK_EQ((uint32_t)HYPERVISOR_get_debugreg(6), 0xFFFF4FF0);
    CHECK_RC(HYPERVISOR_set_debugreg(6, 0), 0);
    user_teardown();
    free_page(page);
}

/* ---- A return to a 16-bit stack leaves the upper half of ESP as it was. There the guest sees the address of the stack
 * in its vCPU's area, which is fixed: docs/security.md. */
#define STACK16_AT 0x800u
#define VCPU_AREAS 0xFC800000u
#define VCPU_AREA  0x40000u
#define VCPU_STACK 0x20000u /* to 64 KiB */

static uint32_t esp_after_hypercall(uint16_t ss)
{
    uint32_t esp;

    __asm__ volatile("mov %%esp, %%esi\n"
                     "mov %%ss, %%edi\n"
                     "mov %2, %%ss\n"
                     "mov %3, %%esp\n"
                     "int $0x82\n" /* xen_version */
                     "mov %%esp, %0\n"
                     "mov %%edi, %%ss\n"
                     "mov %%esi, %%esp\n"
                     : "=&d"(esp)
                     : "a"(17), "r"((uint32_t)ss), "i"(STACK16_AT), "b"(XENVER_version), "c"(0)
                     : "esi", "edi", "memory");
    return esp;
}

TEST(leftovers_esp)
{
    uint64_t *ldt = alloc_page();
    uint32_t base = (uint32_t)alloc_page(), esp, again;

    /* 64 KiB, 16 bits, DPL 1, data */
    ldt[0] = 0x0000B2000000FFFFull | (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)(base >> 24) << 56;
    CHECK_RC(page_make_readonly(ldt), 0);
    CHECK_RC(mmuext(MMUEXT_SET_LDT, (uint32_t)ldt, 1), 0);
    esp = esp_after_hypercall(5);
    HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    again = esp_after_hypercall(5);
    CHECK_EQ(esp & 0xFFFF, STACK16_AT);
    CHECK_EQ(esp, again);
    if (is_int82() && esp >> 16) {
        CHECK(esp >= VCPU_AREAS);
        CHECK_EQ((esp - VCPU_AREAS) % VCPU_AREA, VCPU_STACK + STACK16_AT);
    }
    CHECK_RC(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    CHECK_RC(page_make_writable(ldt), 0);
    free_page(ldt);
    free_page((void *)base);
}
