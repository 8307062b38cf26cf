/* SPDX-License-Identifier: MIT */
/* Calls about memory: page tables, descriptors, reservations. */
#include "melee.h"

#include <guest/string.h>
#include <public/memory.h>

static uint32_t own_by_number(struct fighter *f)
{
    switch (below(f, 8)) {
    case 0:
        return DOMID_SELF;
    case 1:
        return board.domid;
    case 2:
        return (uint32_t)(board.domid + 1) << 16 | board.domid;
    case 3:
        return below(f, 4) ? 1u << 16 | DOMID_SELF : board.controller; /* a domain to which it has no right */
    default:
        return (uint32_t)(board.domid + 1) << 16 | DOMID_SELF;
    }
}

static void request(struct fighter *f, struct mmu_update *req, bool simple)
{
    enum role role;
    uint32_t index;

    req->ptr = target_entry(f, &role, &index);
    req->val = entry_for(f, role, index);
    if (role == L1 && (req->ptr & ~0xFFFull) == (kernel_entry_of(0) & ~0xFFFull) && below(f, 4)) {
        uint32_t k = any_frame(f);

        req->ptr = kernel_entry_of(k);
        req->val = below(f, 4) ? make_pte(board.pool[k], below(f, 2) ? PTE_KERNEL_RO : PTE_KERNEL_RW) : 0;
    }
    if (simple)
        return;
    if (!below(f, 6)) {
        req->ptr |= MMU_PT_UPDATE_PRESERVE_AD;
    } else if (!below(f, 12)) {
        uint32_t k = any_frame(f);

        req->ptr = (uint64_t)board.pool[k] << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
        req->val = virt_to_pfn(pool_va(k));
    } else if (!below(f, 64)) {
        req->ptr |= below(f, 8);
    }
}

static void build_updates(struct fighter *f, struct call *c, uint32_t n, bool simple)
{
    struct mmu_update *req = (void *)c->data;

    c->nr = __HYPERVISOR_mmu_update;
    for (uint32_t i = 0; i < n; i++)
        request(f, &req[i], simple);
    c->args[0] = (uint32_t)req;
    c->args[1] = n;
    c->args[2] = below(f, 2) ? (uint32_t)(c->data + ARG_SIZE - 4) : 0;
    c->args[3] = simple ? DOMID_SELF : own_by_number(f);
    if (!below(f, 64))
        c->args[0] = (uint32_t)pool_va(any_frame(f)) + below(f, 256) * 16;
}

static void build_va_mapping(struct fighter *f, struct call *c)
{
    static const uint8_t flags[] = {UVMF_NONE, UVMF_INVLPG, UVMF_INVLPG | UVMF_ALL, UVMF_TLB_FLUSH,
                                    UVMF_TLB_FLUSH | UVMF_ALL};
    uint32_t k = any_frame(f), n = below(f, 16);
    uint32_t va = (uint32_t)pool_va(k);
    uint64_t entry;

    if (n < 6)
        entry = make_pte(board.pool[k], PTE_KERNEL_RO);
    else if (n < 9 && (board.role[k] == DATA || !below(f, 4)))
        entry = make_pte(board.pool[k], PTE_KERNEL_RW);
    else if (n < 10)
        entry = 0;
    else
        entry = entry_for(f, L1, 0);
    if (n > 10)
        va = scratch_va(f);
    c->nr = c->kind == VA ? __HYPERVISOR_update_va_mapping : __HYPERVISOR_update_va_mapping_otherdomain;
    c->args[0] = va;
    c->args[1] = (uint32_t)entry;
    c->args[2] = (uint32_t)(entry >> 32);
    c->args[3] = flags[below(f, ARRAY_SIZE(flags))];
    c->args[4] = below(f, 4) ? board.domid : below(f, 2) ? DOMID_SELF : board.controller;
}

static void fill_mmuext(struct fighter *f, struct mmuext_op *op, enum kind kind)
{
    static const uint8_t levels[] = {L1, L1, L1, L2, L2, L3, L3, L3};
    static const uint8_t flushes[] = {MMUEXT_TLB_FLUSH_LOCAL, MMUEXT_INVLPG_LOCAL,    MMUEXT_TLB_FLUSH_MULTI,
                                      MMUEXT_INVLPG_MULTI,    MMUEXT_TLB_FLUSH_ALL,   MMUEXT_INVLPG_ALL,
                                      MMUEXT_FLUSH_CACHE,     MMUEXT_NEW_USER_BASEPTR};
    static uint32_t mask = 0xFF;
    enum role role = levels[below(f, ARRAY_SIZE(levels))];
    uint32_t k;

    memset(op, 0, sizeof(*op));
    switch (kind) {
    case PIN:
        op->cmd = role == L1 ? MMUEXT_PIN_L1_TABLE : role == L2 ? MMUEXT_PIN_L2_TABLE : MMUEXT_PIN_L3_TABLE;
        k = frame_for(f, role);
        board.pinned[k] = 1; /* if it succeeds */
        op->arg1.mfn = below(f, 32) ? board.pool[k] : board.foreign[below(f, 4)];
        break;
    case UNPIN:
        op->cmd = MMUEXT_UNPIN_TABLE;
        op->arg1.mfn = frame_to_unpin(f);
        break;
    case BASE:
        op->cmd = MMUEXT_NEW_BASEPTR;
        op->arg1.mfn = below(f, 2) ? board.boot_l3 : board.pool[frame_for(f, L3)];
        break;
    case CLEAR_COPY:
        op->cmd = below(f, 2) ? MMUEXT_CLEAR_PAGE : MMUEXT_COPY_PAGE;
        op->arg1.mfn = below(f, 4) ? board.pool[frame_for(f, DATA)] : protected_frame(f);
        op->arg2.src_mfn = below(f, 4) ? board.pool[any_frame(f)] : protected_frame(f);
        break;
    case SET_LDT:
        op->cmd = MMUEXT_SET_LDT;
        op->arg1.linear_addr = (uint32_t)pool_va(frame_for(f, DESCRIPTORS)) + (below(f, 32) ? 0 : 1);
        op->arg2.nr_ents = below(f, 8) ? 512 + below(f, 1024) : below(f, 10000);
        break;
    default:
        op->cmd = flushes[below(f, ARRAY_SIZE(flushes))];
        op->arg1.linear_addr = below(f, 2) ? (uint32_t)pool_va(any_frame(f)) : scratch_va(f);
        op->arg2.vcpumask = below(f, 16) ? (void *)&mask : (void *)0xFE000000;
    }
}

static void build_mmuext(struct fighter *f, struct call *c)
{
    struct mmuext_op *op = (void *)c->data;
    uint32_t n = below(f, 8) ? 1 : 1 + below(f, 8);

    for (uint32_t i = 0; i < n; i++)
        fill_mmuext(f, &op[i], c->kind);
    c->nr = __HYPERVISOR_mmuext_op;
    c->args[0] = (uint32_t)op;
    c->args[1] = n;
    c->args[3] = below(f, 4) ? DOMID_SELF : below(f, 8) ? board.domid : board.controller;
}

static void build_descriptors(struct fighter *f, struct call *c)
{
    uint32_t *frames = (void *)c->data;
    uint64_t address, descriptor;

    if (c->kind == SET_GDT) {
        for (uint32_t i = 0; i < 4; i++)
            frames[i] = below(f, 8) ? board.pool[frame_for(f, DESCRIPTORS)] : protected_frame(f);
        c->nr = __HYPERVISOR_set_gdt;
        c->args[0] = (uint32_t)frames;
        c->args[1] = below(f, 4) ? below(f, 4 * 512 + 1) : below(f, 2) ? 0 : below(f, 20 * 512);
        return;
    }
    address = (uint64_t)(below(f, 8) ? board.pool[frame_for(f, DESCRIPTORS)] : protected_frame(f)) << PAGE_SHIFT;
    address += (FIRST_ENTRY + below(f, ENTRIES)) * 8;
    descriptor = entry_for(f, DESCRIPTORS, 0);
    c->nr = __HYPERVISOR_update_descriptor;
    c->args[0] = (uint32_t)address;
    c->args[1] = (uint32_t)(address >> 32);
    c->args[2] = (uint32_t)descriptor;
    c->args[3] = (uint32_t)(descriptor >> 32);
}

/* ---- Reservations */

static void give_away(struct fighter *f, uint32_t frame)
{
    struct xen_memory_reservation r = {&frame, 1, 0, 0, DOMID_SELF};

    call_of(f, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r, 0u, 0u);
}

static bool judge_decrease(struct fighter *f __attribute__((unused)), struct call *c, int32_t rc)
{
    for (int32_t i = 0; i < rc && i < (int32_t)c->note; i++)
        board.pool[c->notes[i]] = NOWHERE;
    return rc == (int32_t)c->note;
}

static void take(struct fighter *f, uint32_t k, uint32_t frame)
{
    if (board.pool[k] != NOWHERE) {
        give_away(f, frame); /* a sibling was faster */
        return;
    }
    set_p2m(virt_to_pfn(pool_va(k)), frame);
    board.role[k] = DATA;
    board.pool[k] = frame;
}

static bool judge_populate(struct fighter *f, struct call *c, int32_t rc)
{
    uint32_t *list = (uint32_t *)(c->data + 64);

    for (int32_t i = 0; i < rc && i < (int32_t)c->note; i++)
        take(f, c->notes[i], list[i]);
    return rc == (int32_t)c->note;
}

static void build_reservation(struct fighter *f, struct call *c)
{
    struct xen_memory_reservation *r = (void *)c->data;
    uint32_t *list = (uint32_t *)(c->data + 64), k = any_frame(f);

    c->nr = __HYPERVISOR_memory_op;
    c->args[0] = c->kind == DECREASE ? XENMEM_decrease_reservation : XENMEM_populate_physmap;
    c->args[1] = (uint32_t)r;
    *r = (struct xen_memory_reservation){list, 1 + below(f, 4), 0, 0, below(f, 16) ? DOMID_SELF : board.controller};
    for (uint32_t i = 0; i < POOL && c->note < r->nr_extents; i++, k = (k + 1) % POOL) {
        if (c->kind == POPULATE && board.pool[k] != NOWHERE)
            continue;
        c->notes[c->note] = k;
        list[c->note++] = c->kind == DECREASE ? board.pool[k] : virt_to_pfn(pool_va(k));
    }
    if (c->kind == POPULATE && !c->note) /* one page too many, or one that a sibling has lost */
        list[c->note++] = virt_to_pfn(pool_va(k)), c->notes[0] = k;
    r->nr_extents = c->note;
    c->judge = c->kind == DECREASE ? judge_decrease : judge_populate;
}

static bool judge_exchange(struct fighter *f __attribute__((unused)), struct call *c, int32_t rc)
{
    struct xen_memory_exchange *x = (void *)c->data;
    uint32_t *list = (uint32_t *)(c->data + 64);

    for (uint32_t i = 0; i < x->nr_exchanged && i < c->note; i++) {
        set_p2m(virt_to_pfn(pool_va(c->notes[i])), list[8 + i]);
        board.pool[c->notes[i]] = list[8 + i];
        board.role[c->notes[i]] = DATA;
    }
    return !rc;
}

static void build_exchange(struct fighter *f, struct call *c)
{
    struct xen_memory_exchange *x = (void *)c->data;
    uint32_t *list = (uint32_t *)(c->data + 64), first = any_frame(f), n = 1 + below(f, 5);

    c->nr = __HYPERVISOR_memory_op;
    c->args[0] = XENMEM_exchange;
    c->args[1] = (uint32_t)x;
    for (uint32_t i = 0; i < n; i++) {
        c->notes[i] = (first + i) % POOL;
        list[i] = board.pool[c->notes[i]];
        list[8 + i] = virt_to_pfn(pool_va(c->notes[i]));
    }
    c->note = n;
    memset(x, 0, sizeof(*x));
    x->in = (struct xen_memory_reservation){list, n, 0, 0, DOMID_SELF};
    x->out = (struct xen_memory_reservation){list + 8, n, 0, 0, DOMID_SELF};
    c->judge = judge_exchange;
}

/* Uses frames that are not mapped, so that the exchange can succeed. */
bool exchange_frames(struct fighter *f)
{
    struct call *c = &f->calls[0];

    memset(c, 0, sizeof(*c));
    c->data = f->args[0];
    build_exchange(f, c);
    for (uint32_t i = 0; i < c->note; i++) {
        struct mmuext_op op = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = board.pool[c->notes[i]]};

        call_of(f, __HYPERVISOR_mmuext_op, &op, 1u, 0u, DOMID_SELF);
        call_of(f, __HYPERVISOR_update_va_mapping, pool_va(c->notes[i]), 0u, 0u, UVMF_INVLPG);
    }
    return judge_exchange(f, c, call(f, c->nr, c->args));
}

void build_mm(struct fighter *f, struct call *c, enum kind kind)
{
    switch (kind) {
    case UPDATE:
        build_updates(f, c, 1, true);
        break;
    case BATCH:
        build_updates(f, c, 2 + below(f, below(f, 4) ? 8 : 60), true);
        break;
    case UPDATE_C:
        build_updates(f, c, 1 + below(f, below(f, 4) ? 6 : 60), false);
        break;
    case VA:
    case VA_OTHER:
        build_va_mapping(f, c);
        break;
    case SET_GDT:
    case DESCRIPTOR:
        build_descriptors(f, c);
        break;
    case DECREASE:
    case POPULATE:
        build_reservation(f, c);
        break;
    case EXCHANGE:
        build_exchange(f, c);
        break;
    default:
        build_mmuext(f, c);
    }
}

/* ---- Selectors of the current GDT and LDT */

bool load_selector(struct fighter *f)
{
    uint32_t index = FIRST_ENTRY + below(f, ENTRIES) + 512 * below(f, 3), selector = index << 3 | below(f, 2) << 2 | 1;

    if (below(f, 2))
        __asm__ volatile("mov %0, %%fs" : : "r"(selector));
    else
        __asm__ volatile("mov %0, %%gs" : : "r"(selector));
    if (!below(f, 4))
        __asm__ volatile("push %%ds; mov %0, %%ds; pop %%ds" : : "r"(selector) : "memory");
    return true;
}
