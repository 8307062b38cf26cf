/* SPDX-License-Identifier: MIT */
/* A domain that is to be destroyed: victim.h. */
#include "victim.h"

#include <public/domctl.h>
#include <public/memory.h>

#define MAP_VA     (FREE_VA + 0x80000)
#define VICTIM_KIB ((VICTIM_FRAMES + 256) * 4)

extern const char victim_code[], victim_code_end[];

/* EBX points to its list. The code is position-independent, as it runs in another domain. */
__asm__(".section .rodata\n"
        ".balign 16\n"
        "victim_code:\n"
        "        mov     %ebx, %esi\n"
        "        mov     $13, %eax\n" /* multicall */
        "        mov     512(%esi), %ecx\n"
        "        int     $0x82\n"
        "        mov     %eax, 516(%esi)\n"
        "        movl    $1, 520(%esi)\n"
        "1:      mov     $29, %eax\n" /* sched_op, block */
        "        mov     $1, %ebx\n"
        "        xor     %ecx, %ecx\n"
        "        int     $0x82\n"
        "        jmp     1b\n"
        "victim_code_end:\n"
        ".text\n");
_Static_assert(__builtin_offsetof(struct victim_list, count) == 512, "in the assembly above");

int victim_domctl(uint32_t cmd, domid_t domid, void *xen_domctl)
{
    struct xen_domctl *op = xen_domctl;

    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    return hypercall(36, op, 0, 0, 0, 0);
}

void *victim_map(const struct victim *v, uint32_t frame)
{
    mmu_update_t req = {.ptr = pte_maddr(mm_l1_entry((void *)MAP_VA)), .val = make_pte(v->mfn[frame], PTE_KERNEL_RW)};

    victim_unmap();
    return CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)v->id), 0) ? (void *)MAP_VA : NULL;
}

void victim_unmap(void)
{
    unmap_at(MAP_VA);
}

static void clear_frame(const struct victim *v, uint32_t frame)
{
    void *page = victim_map(v, frame);

    if (page)
        memset(page, 0, PAGE_SIZE);
}

static void set_entry(const struct victim *v, uint32_t table, uint32_t index, uint32_t frame, pte_t flags)
{
    pte_t *page = victim_map(v, table);

    if (page)
        page[index] = make_pte(v->mfn[frame], flags);
}

static bool read_only(uint32_t frame)
{
    return frame >= VICTIM_L3 && frame < VICTIM_DATA;
}

static void write_tables(const struct victim *v)
{
    pte_t *l1;

    set_entry(v, VICTIM_L3, 3, VICTIM_L2, PTE_P);
    set_entry(v, VICTIM_L2, 0, VICTIM_L1, PTE_TABLE);
    l1 = victim_map(v, VICTIM_L1);
    for (uint32_t n = 0; l1 && n < VICTIM_FRAMES; n++)
        l1[n] = make_pte(v->mfn[n], read_only(n) ? PTE_KERNEL_RO : PTE_KERNEL_RW);
}

static void write_tree(const struct victim *v)
{
    for (uint32_t slot = 0; slot < 4; slot++) {
        set_entry(v, VICTIM_TREE_L3, slot, VICTIM_TREE_L2 + slot, PTE_P);
        for (uint32_t i = 0; i < TREE_ENTRIES; i++)
            set_entry(v, VICTIM_TREE_L2 + slot, i * 70, VICTIM_TREE_L1 + i % 4, PTE_TABLE);
    }
    for (uint32_t i = 0; i < 4; i++)
        set_entry(v, VICTIM_TREE_L1 + i, i, VICTIM_DATA, PTE_KERNEL_RW);
}

static bool populate(struct victim *v)
{
    struct xen_memory_reservation r = {.extent_start = v->mfn, .nr_extents = VICTIM_FRAMES, .domid = v->id};

    for (uint32_t n = 0; n < VICTIM_FRAMES; n++)
        v->mfn[n] = n;
    if (!CHECK_RC(HYPERVISOR_memory_op(XENMEM_populate_physmap, &r), VICTIM_FRAMES))
        return false;
    for (uint32_t n = 0; n < VICTIM_SPARE + 4; n++)
        clear_frame(v, n);
    return true;
}

static bool set_context(const struct victim *v)
{
    static struct vcpu_guest_context c;
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = 0, .ctxt.p = &c}};

    memset(&c, 0, sizeof(c));
    c.flags = VGCF_IN_KERNEL | VGCF_online;
    c.user_regs.eip = VICTIM_VA(VICTIM_CODE);
    c.user_regs.ebx = VICTIM_VA(VICTIM_LIST);
    c.user_regs.cs = FLAT_KERNEL_CS;
    c.user_regs.ss = c.user_regs.ds = c.user_regs.es = c.user_regs.fs = c.user_regs.gs = FLAT_KERNEL_DS;
    c.user_regs.esp = c.kernel_sp = VICTIM_VA(VICTIM_STACK + 1);
    c.user_regs.eflags = 0x202;
    c.kernel_ss = FLAT_KERNEL_DS;
    c.ctrlreg[3] = v->mfn[VICTIM_L3] << PAGE_SHIFT | v->mfn[VICTIM_L3] >> 20;
    return CHECK_RC(victim_domctl(XEN_DOMCTL_setvcpucontext, v->id, &op), 0);
}

static bool build(struct victim *v)
{
    struct xen_domctl mem = {.u.max_mem.max_memkb = VICTIM_KIB}, vcpus = {.u.max_vcpus.max = 2};
    void *page;

    if (!CHECK_RC(victim_domctl(XEN_DOMCTL_max_mem, v->id, &mem), 0) ||
        !CHECK_RC(victim_domctl(XEN_DOMCTL_max_vcpus, v->id, &vcpus), 0) || !populate(v))
        return false;
    write_tables(v);
    write_tree(v);
    page = victim_map(v, VICTIM_CODE);
    if (page)
        memcpy(page, victim_code, victim_code_end - victim_code);
    victim_unmap();
    return set_context(v);
}

bool victim_create(struct victim *v, bool *missing)
{
    struct xen_domctl op = {.u.createdomain = {.ssidref = 0}};
    int rc = victim_domctl(XEN_DOMCTL_createdomain, 0, &op);

    *missing = rc == -ENOSYS;
    if (*missing || !CHECK_RC(rc, 0))
        return false;
    v->id = op.domain;
    if (build(v))
        return true;
    victim_destroy(v);
    return false;
}

void victim_call(const struct victim *v, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
    struct victim_list *list = victim_map(v, VICTIM_LIST);

    if (!list)
        return;
    list->calls[list->count++] = (multicall_entry_t){.op = op, .result = 0x7777, .args = {a0, a1, a2, a3}};
    victim_unmap();
}

void victim_start(const struct victim *v)
{
    struct xen_domctl op = {0};

    CHECK_RC(victim_domctl(XEN_DOMCTL_unpausedomain, v->id, &op), 0);
}

bool victim_done(const struct victim *v)
{
    return victim_wait(v, 0);
}

bool victim_wait(const struct victim *v, uint32_t yields)
{
    volatile struct victim_list *list = victim_map(v, VICTIM_LIST);
    bool done = !list || list->done;

    while (!done && yields--) {
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
        done = list->done;
    }
    victim_unmap();
    return done;
}

int victim_destroy(const struct victim *v)
{
    struct xen_domctl op = {0};

    victim_unmap();
    return victim_domctl(XEN_DOMCTL_destroydomain, v->id, &op);
}
