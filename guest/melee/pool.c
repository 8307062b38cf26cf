/* SPDX-License-Identifier: MIT */
/*
 * The frames that the vCPUs fight for. Each has an address of its own in the linear map (pool_va()), and operations
 * change the entries for these addresses, too. What the vCPUs need to live is not in the pool: their code, stacks and
 * tables. An L2 of the pool begins with the kernel's own entries, in case a vCPU comes to run on it.
 */
#include "melee.h"

#include <guest/string.h>

#define SECRET      0x5EC2E700u
#define LONG        200u /* a long table has up to this many entries beyond those that operations use */
#define WORDS       (PAGE_SIZE / 4)
#define DESCRIPTOR_ 0x0040B3000000FFFFull /* data, ring 1 */

/* Bystanders: two pages that nothing maps, an L1 table, and an L2 table above it. Stores through a read-only mapping of
 * an L1 table would be updates of it, so operations try only the L2 table. */
#define SECRETS  2u
#define L1_TABLE 2u
#define L2_TABLE 3u
static uint32_t *pool_base, *bystanders[BYSTANDERS];
static uint32_t bystander_frames[BYSTANDERS], boot_l2, kernel_l1, spare_l1;
static pte_t kernel_l2[FIRST_ENTRY];

uint32_t *pool_va(uint32_t k)
{
    return pool_base + k * WORDS;
}

uint64_t kernel_entry_of(uint32_t k)
{
    return ((uint64_t)kernel_l1 << PAGE_SHIFT) + L1_INDEX(pool_va(k)) * sizeof(pte_t);
}

uint32_t boot_l3_frame(void)
{
    return virt_to_mfn(mm_base());
}

static uint32_t bystander_word(uint32_t i, uint32_t n)
{
    if (i < SECRETS)
        return SECRET | i;
    if (n % 2 || n >= 2 * FIRST_ENTRY)
        return 0;
    return i == L1_TABLE ? bystander_frames[0] << PAGE_SHIFT | (uint32_t)PTE_KERNEL_RO
                         : bystander_frames[L1_TABLE] << PAGE_SHIFT | (uint32_t)PTE_TABLE;
}

static void make_bystander(uint32_t i)
{
    uint32_t *page = alloc_page();

    bystanders[i] = page;
    bystander_frames[i] = virt_to_mfn(page);
    for (uint32_t n = 0; n < WORDS; n++)
        page[n] = bystander_word(i, n);
    if (i < SECRETS)
        return;
    if (page_make_readonly(page) ||
        mmuext(i == L1_TABLE ? MMUEXT_PIN_L1_TABLE : MMUEXT_PIN_L2_TABLE, bystander_frames[i], 0))
        guest_panic("melee: no table that stands by");
}

static uint32_t make_spare_l1(void)
{
    void *page = alloc_page();

    if (page_make_readonly(page) || mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0))
        guest_panic("melee: no L1 table to spare");
    return virt_to_mfn(page);
}

void pool_set_up(void)
{
    pool_base = alloc_pages(5); /* POOL, in one table */
    boot_l2 = virt_to_mfn(mm_l2_entry((void *)VIRT_BASE));
    kernel_l1 = virt_to_mfn(mm_l1_entry(pool_base));
    memcpy(kernel_l2, mm_l2_entry((void *)VIRT_BASE), sizeof(kernel_l2));
    for (uint32_t k = 0; k < POOL; k++)
        board.pool[k] = virt_to_mfn(pool_va(k));
    for (uint32_t i = 0; i < BYSTANDERS; i++)
        make_bystander(i);
    spare_l1 = make_spare_l1();
}

/* ---- Choices */

uint32_t any_frame(struct fighter *f)
{
    return below(f, POOL);
}

uint32_t frame_for(struct fighter *f, enum role role)
{
    uint32_t first = below(f, POOL);

    if (!below(f, 24))
        return first;
    for (uint32_t i = 0; i < POOL; i++) {
        uint32_t k = (first + i) % POOL;

        if (board.role[k] == role && board.pool[k] != NOWHERE)
            return k;
    }
    return first;
}

/* A frame that is not the domain's. */
static uint32_t alien_frame(struct fighter *f)
{
    switch (below(f, 4)) {
    case 0:
        return below(f, 0x400); /* the BIOS', or the hypervisor's own */
    case 1:
        return below(f, 2) ? 0xFEE00 : 0xFFFFFFF;
    default:
        return board.foreign[below(f, ARRAY_SIZE(board.foreign))];
    }
}

/* Making one of these writable, or giving it another type, is never right. The kernel's L1 table is not among them: it
 * may well be named by another L2, or be mapped read-only, and then the domain could take away its own code. */
uint32_t protected_frame(struct fighter *f)
{
    switch (below(f, 6)) {
    case 0:
        return board.boot_l3;
    case 1:
        return boot_l2;
    case 2:
        return spare_l1;
    case 3:
        return bystander_frames[L2_TABLE];
    default:
        return alien_frame(f);
    }
}

static uint64_t l1_entry(struct fighter *f)
{
    uint32_t n = below(f, 32), k;
    uint64_t user = below(f, 2) ? PTE_US : 0;

    if (n < 8)
        return 0;
    if (n < 16)
        return make_pte(board.pool[frame_for(f, DATA)], PTE_KERNEL_RW | user);
    if (n < 17)
        return make_pte(board.pool[any_frame(f)], PTE_KERNEL_RW);
    k = below(f, 2) ? frame_for(f, L1) : any_frame(f);
    if (n < 28)
        return make_pte(board.pool[k], PTE_KERNEL_RO | user);
    if (n < 30)
        return make_pte(protected_frame(f), PTE_KERNEL_RW);
    if (n < 31)
        return make_pte(board.pool[k], below(f, 0x1000)) & ~PTE_RW;
    if (below(f, 2))
        return device_entry(f);
    return make_pte(board.pool[k], PTE_KERNEL_RO | (below(f, 2) ? PTE_NX : 1ull << (40 + below(f, 20))));
}

static uint64_t l2_entry(struct fighter *f)
{
    uint32_t n = below(f, 32);

    if (n < 8)
        return 0;
    if (n < 22)
        return make_pte(board.pool[frame_for(f, L1)], PTE_TABLE);
    if (n < 28) /* linear */
        return make_pte(board.pool[frame_for(f, L2)], n < 27 ? PTE_KERNEL_RO : PTE_TABLE);
    if (n < 30)
        return make_pte(board.pool[any_frame(f)], PTE_TABLE);
    return make_pte(below(f, 2) ? protected_frame(f) : board.pool[any_frame(f)],
                    PTE_TABLE | (below(f, 4) ? PTE_PSE : 0));
}

/* An L2 is either for slot 3 or for the other slots. Mostly the L2s with odd numbers are put into slot 3. */
static uint32_t l2_for(struct fighter *f, uint32_t index)
{
    uint32_t k = frame_for(f, L2);

    for (uint32_t i = 0; i < 3 && k % 2 != index / 3; i++)
        k = frame_for(f, L2);
    return board.pool[k];
}

static uint64_t l3_entry(struct fighter *f, uint32_t index)
{
    uint32_t n = below(f, 16);

    if (n < 4 && index != 3)
        return 0;
    return make_pte(l2_for(f, index), n < 15 ? PTE_P : below(f, 2) ? PTE_P | PTE_RW : PTE_P | PTE_PWT);
}

/* An entry that fits, for a table that is to become valid. */
static uint64_t good_entry(struct fighter *f, enum role role, uint32_t index)
{
    uint32_t n = below(f, 8);

    if (role == DESCRIPTORS)
        return DESCRIPTOR_;
    if (role == L3 && index == 3)
        return make_pte(l2_for(f, index), PTE_P);
    if (n < 4)
        return 0;
    if (role == L3)
        return make_pte(l2_for(f, index), PTE_P);
    if (role == L2)
        return n < 7 ? make_pte(board.pool[frame_for(f, L1)], PTE_TABLE)
                     : make_pte(board.pool[frame_for(f, L2)], PTE_KERNEL_RO);
    return n < 7 ? make_pte(board.pool[any_frame(f)], PTE_KERNEL_RO)
                 : make_pte(board.pool[frame_for(f, DATA)], PTE_KERNEL_RW);
}

uint64_t entry_for(struct fighter *f, enum role role, uint32_t index)
{
    switch (role) {
    case L1:
        return l1_entry(f);
    case L2:
        return l2_entry(f);
    case L3:
        return l3_entry(f, index);
    case DESCRIPTORS:
        return below(f, 4) ? DESCRIPTOR_ : (uint64_t)below(f, 0x1000000) << 32 | below(f, 0x1000000);
    default:
        return below(f, 0x1000000) & ~1u;
    }
}

static uint32_t index_for(struct fighter *f, enum role role)
{
    if (role == L3)
        return below(f, 4);
    return below(f, 32) ? FIRST_ENTRY + below(f, ENTRIES) : 264 + below(f, 248);
}

uint64_t target_entry(struct fighter *f, enum role *role, uint32_t *index)
{
    static const uint8_t roles[] = {L1, L1, L1, L1, L1, L1, L1, L2, L2, L2, L3, L3, DATA};
    uint32_t n = below(f, 16), frame;

    if (n == 0) {
        *role = L3;
        *index = below(f, 3);
        frame = board.boot_l3;
    } else if (n == 1) {
        *role = L2;
        *index = FIRST_ENTRY + below(f, ENTRIES);
        frame = boot_l2;
    } else if (n < 4) {
        *role = L1;
        *index = L1_INDEX(pool_va(any_frame(f)));
        frame = kernel_l1;
    } else {
        *role = roles[below(f, ARRAY_SIZE(roles))];
        *index = index_for(f, *role);
        frame = below(f, 64) ? board.pool[frame_for(f, *role)] : alien_frame(f);
    }
    return ((uint64_t)frame << PAGE_SHIFT) + *index * sizeof(pte_t);
}

/* Through the pool's own tables, if they are hooked in. */
uint32_t scratch_va(struct fighter *f)
{
    return below(f, 4) << 30 | (FIRST_ENTRY + below(f, ENTRIES)) << 21 | (FIRST_ENTRY + below(f, ENTRIES)) << 12;
}

/* ---- A frame becomes something else: it is written as data, then made read-only */

static void fill(struct fighter *f, volatile pte_t *page, enum role role)
{
    uint32_t first = role == L3 ? 0 : FIRST_ENTRY, end = role == L3 ? 4 : FIRST_ENTRY + ENTRIES;

    memset((void *)page, 0, PAGE_SIZE);
    if (role == L2)
        memcpy((void *)page, kernel_l2, sizeof(kernel_l2));
    if ((role == L1 || role == L2) && !below(f, 4)) /* a long one */
        end += below(f, LONG);
    for (uint32_t i = first; i < end; i++)
        page[i] = good_entry(f, role, i);
    if (!below(f, 4) && end > first)
        page[first + below(f, end - first)] = entry_for(f, role, first);
}

static void pin(struct fighter *f, uint32_t k, enum role role)
{
    struct mmuext_op op = {.cmd = role - L1 + MMUEXT_PIN_L1_TABLE, .arg1.mfn = board.pool[k]};
    bool done = !call_of(f, __HYPERVISOR_mmuext_op, &op, 1u, 0u, DOMID_SELF);

    if (done)
        board.pinned[k] = 1;
    count(PIN, done);
}

static uint32_t next_pinned(uint32_t k)
{
    for (uint32_t i = 0; i < POOL; i++)
        if (board.pinned[(k + i) % POOL])
            return (k + i) % POOL;
    return k;
}

uint32_t frame_to_unpin(struct fighter *f)
{
    uint32_t k = any_frame(f);

    if (below(f, 4))
        k = next_pinned(k);
    board.pinned[k] = 0;
    return board.pool[k];
}

bool prepare_frame(struct fighter *f)
{
    static const uint8_t roles[] = {L1, L1, L1, L1, L1, L1, L2, L2, L2, L3, L3, DESCRIPTORS, DATA, DATA, DATA, DATA};
    uint32_t k = any_frame(f), frame = board.pool[k];
    enum role role = roles[below(f, ARRAY_SIZE(roles))];

    if (frame == NOWHERE)
        return false;
    if (below(f, 2)) {
        struct mmuext_op op = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = frame};

        board.pinned[k] = 0;
        call_of(f, __HYPERVISOR_mmuext_op, &op, 1u, 0u, DOMID_SELF);
    }
    if (call_of(f, __HYPERVISOR_update_va_mapping, pool_va(k), frame << PAGE_SHIFT | (uint32_t)PTE_KERNEL_RW,
                frame >> 20, UVMF_INVLPG))
        return false;
    fill(f, (volatile pte_t *)pool_va(k), role);
    board.role[k] = role;
    if (role == DATA)
        return true;
    call_of(f, __HYPERVISOR_update_va_mapping, pool_va(k), frame << PAGE_SHIFT | (uint32_t)PTE_KERNEL_RO, frame >> 20,
            UVMF_INVLPG);
    if (role <= L3 && below(f, 2))
        pin(f, k, role);
    return true;
}

/* ---- Without this all frames would end as tables of some kind. What a table refers to is dropped, and so is what
 * refers to it. */

static int empty(struct fighter *f, uint32_t frame, uint32_t first, uint32_t count)
{
    struct mmu_update *req = (void *)f->args[0];

    for (uint32_t i = 0; i < count; i++)
        req[i] = (struct mmu_update){((uint64_t)frame << PAGE_SHIFT) + (first + i) * sizeof(pte_t), 0};
    return call_of(f, __HYPERVISOR_mmu_update, req, count, 0u, DOMID_SELF);
}

static void let_go(struct fighter *f)
{
    struct mmuext_op ops[2] = {{.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = board.boot_l3}, {.cmd = MMUEXT_SET_LDT}};

    empty(f, boot_l2, FIRST_ENTRY, ENTRIES);
    empty(f, board.boot_l3, 0, 3);
    call_of(f, __HYPERVISOR_mmuext_op, ops, 2u, 0u, DOMID_SELF);
    call_of(f, __HYPERVISOR_set_gdt, 0u, 0u, 0u, 0u);
}

bool tidy(struct fighter *f)
{
    uint32_t k = any_frame(f), frame = board.pool[k];
    struct mmuext_op unpin = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = frame};
    int rc;

    if (!below(f, 3))
        let_go(f);
    if (frame == NOWHERE)
        return false;
    if (board.role[k] == L3) {
        rc = empty(f, frame, 0, 3);
    } else {
        rc = 0;
        for (uint32_t i = 0; i < ENTRIES + LONG && !rc; i += 64)
            rc = empty(f, frame, FIRST_ENTRY + i, i + 64 < ENTRIES + LONG ? 64 : ENTRIES + LONG - i);
    }
    board.pinned[k] = 0;
    call_of(f, __HYPERVISOR_mmuext_op, &unpin, 1u, 0u, DOMID_SELF);
    call_of(f, __HYPERVISOR_update_va_mapping, pool_va(k), frame << PAGE_SHIFT | (uint32_t)PTE_KERNEL_RW, frame >> 20,
            UVMF_INVLPG);
    return !rc;
}

/* ---- Stores, which are updates if a table is mapped read-only */

bool store(struct fighter *f)
{
    enum role role = below(f, 8) ? L1 : L2;
    uint32_t k = frame_for(f, role), index = index_for(f, role), low, high;
    volatile uint32_t *at = below(f, 8) ? pool_va(k) + 2 * index : (uint32_t *)scratch_va(f) + 2 * index;
    uint64_t value = entry_for(f, role, index);
    uint8_t bits;

    low = (uint32_t)value;
    high = (uint32_t)(value >> 32);
    switch (below(f, 8)) {
    case 0:
        at[0] = low;
        break;
    case 1:
        at[1] = high;
        break;
    case 2:
        __asm__ volatile("xchg %1, %0" : "+m"(at[0]), "+r"(low));
        break;
    case 3:
        bits = (uint8_t) ~(1u << below(f, 7));
        __asm__ volatile("lock andb %1, %0" : "+m"(at[0]) : "q"(bits) : "cc");
        break;
    case 4:
        bits = 1u << below(f, 7);
        __asm__ volatile("orb %1, %0" : "+m"(at[0]) : "q"(bits) : "cc");
        break;
    case 5:
        __asm__ volatile("andl $0, %0" : "+m"(at[0]) : : "cc");
        break;
    default: {
        uint32_t a = at[0], d = at[1];

        __asm__ volatile("lock cmpxchg8b (%4)" : "+a"(a), "+d"(d) : "b"(low), "c"(high), "S"(at) : "memory", "cc");
    }
    }
    return true;
}

/* ---- What nobody may change */

bool watch(struct fighter *f)
{
    uint32_t i = below(f, BYSTANDERS);

    for (uint32_t n = 0; n < WORDS; n++)
        if (bystanders[i][n] != bystander_word(i, n)) {
            complain(f, "%s %u has changed: word %u is %x", i < SECRETS ? "secret" : "table", i, n, bystanders[i][n]);
            return false;
        }
    return true;
}
