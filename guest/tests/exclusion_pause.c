/* SPDX-License-Identifier: MIT */
/*
 * A domain stops when it is paused, whatever it is doing (exclusion_other.c), and goes on from there afterwards (issue
 * 10, redhang). Tested with a long call of each kind that can be made again.
 */
#include "exclusion_other.h"

#include <public/grant_table.h>

#define SOME_FRAMES 8u   /* of calls whose single steps take long */
#define MANY_FRAMES 200u /* of calls whose single steps are short */

struct long_call {
    const char *name;
    uint32_t number;
    void (*prepare)(void);
    void (*check)(void); /* called when the call is over */
    uint32_t kept;       /* the arguments from this one on stay */
};

static void fill_words(uint32_t frames, uint32_t (*word)(uint32_t i))
{
    for (uint32_t f = 0; f < frames; f++) {
        uint32_t *page = victim_map(&other, ARRAY + f);

        for (uint32_t i = 0; page && i < PAGE_SIZE / 4; i++)
            page[i] = word(f * (PAGE_SIZE / 4) + i);
    }
}

static void prepare_multicall(void)
{
    set_pin_arguments();
    set_entries(ARRAY, SOME_FRAMES * PER_FRAME, pins_in_turn);
    set_multicall(VICTIM_LIST, ARRAY_VA, SOME_FRAMES * PER_FRAME);
}

static void check_multicall(void)
{
    CHECK_EQ(bad_results(ARRAY, SOME_FRAMES * PER_FRAME), 0);
}

/* An L2 is hooked into the L3 that the domain runs on, and taken out. */
static uint32_t update_word(uint32_t i)
{
    uint64_t ptr = (uint64_t)other.mfn[VICTIM_L3] << PAGE_SHIFT;
    uint64_t val = i / 4 % 2 ? 0 : make_pte(other.mfn[VICTIM_TREE_L2], PTE_P);
    const uint32_t words[] = {ptr, ptr >> 32, val, val >> 32};

    return words[i % 4];
}

#define UPDATES (SOME_FRAMES * (PAGE_SIZE / 16))

static uint32_t done_count(void)
{
    const uint32_t *args = victim_map(&other, VICTIM_ARGS);

    return args ? args[128 / 4] : 0;
}

static void prepare_updates(void)
{
    fill_words(SOME_FRAMES, update_word);
    set_call(VICTIM_LIST, __HYPERVISOR_mmu_update, ARRAY_VA, UPDATES, DONE_VA, DOMID_SELF);
}

static void prepare_updates_in_c(void)
{
    fill_words(SOME_FRAMES, update_word);
    set_call(VICTIM_LIST, __HYPERVISOR_mmu_update, ARRAY_VA, UPDATES, DONE_VA, (other.id + 1u) << 16 | DOMID_SELF);
}

static void check_updates(void)
{
    CHECK_EQ(done_count(), UPDATES);
}

static uint32_t mmuext_word(uint32_t i)
{
    const struct mmuext_op op = pin_op(i / 3 % 2 == 0);
    const uint32_t words[] = {op.cmd, op.arg1.mfn, 0};

    return words[i % 3];
}

#define OPS (SOME_FRAMES * PAGE_SIZE / sizeof(struct mmuext_op) & ~1u)

static void prepare_mmuext(void)
{
    fill_words(SOME_FRAMES, mmuext_word);
    set_call(VICTIM_LIST, __HYPERVISOR_mmuext_op, ARRAY_VA, OPS, DONE_VA, DOMID_SELF);
}

static void check_mmuext(void)
{
    CHECK_EQ(done_count(), OPS);
}

/* The first is a pin that nothing undoes, so making it twice would fail. */
static uint32_t mmuext_once_word(uint32_t i)
{
    const uint32_t once[] = {MMUEXT_PIN_L1_TABLE, other.mfn[VICTIM_TREE_L1], 0};

    return i < 3 ? once[i] : mmuext_word(i + 3);
}

static void prepare_mmuext_in_multicall(void)
{
    multicall_entry_t *entry;

    fill_words(SOME_FRAMES, mmuext_once_word);
    set_multicall(VICTIM_LIST, ENTRY_VA, 1);
    entry = other_memory(&other, ENTRY_VA);
    if (entry)
        *entry = (multicall_entry_t){
            .op = __HYPERVISOR_mmuext_op, .result = 0x7777, .args = {ARRAY_VA, OPS - 1, DONE_VA, DOMID_SELF}};
}

static void check_mmuext_in_multicall(void)
{
    const multicall_entry_t *entry = other_memory(&other, ENTRY_VA);

    if (entry)
        CHECK_EQ(entry->result, 0);
    CHECK_EQ(done_count(), OPS - 1);
}

static uint32_t trap_word(uint32_t i)
{
    if (i % 2)
        return i + 1 < MANY_FRAMES * PAGE_SIZE / 4 ? i : 0; /* an entry without an address ends the table */
    return i / 2 % 255 | (uint32_t)FLAT_KERNEL_CS << 16;
}

static void prepare_traps(void)
{
    fill_words(MANY_FRAMES, trap_word);
    set_call(VICTIM_LIST, __HYPERVISOR_set_trap_table, ARRAY_VA, MAGIC(1), MAGIC(2), MAGIC(3));
}

/* Of each vector, the last entry counts. */
static void check_traps(void)
{
    static struct vcpu_guest_context c;
    uint32_t last = MANY_FRAMES * PAGE_SIZE / 8 - 2;

    if (!other_get_context(&other, 0, &c))
        return;
    for (uint32_t i = 0; i < 255; i++, last--)
        CHECK_EQ(c.trap_ctxt[last % 255].address, 2 * last + 1);
}

/* Of grant handles that do not exist. */
static uint32_t unmap_word(uint32_t i)
{
    return i % 6 < 4 ? 0 : 0x77777777;
}

#define UNMAPS (MANY_FRAMES * PAGE_SIZE / sizeof(gnttab_unmap_grant_ref_t))

static void prepare_grants(void)
{
    fill_words(MANY_FRAMES, unmap_word);
    set_call(VICTIM_LIST, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, ARRAY_VA, UNMAPS, MAGIC(3));
}

/* The status is half of the last of six words. */
static void check_grants(void)
{
    uint32_t bad = 0;

    for (uint32_t f = 0; f < MANY_FRAMES; f++) {
        const uint32_t *page = victim_map(&other, ARRAY + f);

        for (uint32_t i = 0; page && i < PAGE_SIZE / 4; i++) {
            uint32_t word = f * (PAGE_SIZE / 4) + i;

            bad += word < UNMAPS * 6 && word % 6 == 5 && (int16_t)page[i] != GNTST_bad_handle;
        }
    }
    CHECK_EQ(bad, 0);
}

static void prepare_console(void)
{
    set_call(VICTIM_LIST, __HYPERVISOR_console_io, 0 /* write */, MANY_FRAMES * PAGE_SIZE, ARRAY_VA, MAGIC(3));
}

static void check_nothing(void)
{
}

/* The paused domain gets no CPU for 20 ms. When its registers are asked for, it is on its way out of the hypervisor and
 * about to make its call again. */
static void check_paused(const struct long_call *l)
{
    static struct vcpu_guest_context c;
    uint64_t run = time_run(), asked;

    CHECK(run > 100000);
    nap_until(system_time() + 20000000);
    CHECK(time_run() - run < 1000000);
    asked = system_time();
    other_get_context(&other, 0, &c);
    CHECK(system_time() - asked < BOUND_NS);
    CHECK_EQ(c.user_regs.eip, GATE_EIP);
    CHECK_EQ(c.user_regs.eax, l->number);
    CHECK(!is_done(VICTIM_LIST));
}

/* A short call is over after one pause, since the domain then has the CPU for a whole time slice. */
static void try_pause(const struct long_call *l)
{
    uint32_t pauses = 0;

    context("%s", l->name);
    if (!exclusion_begin())
        return;
    l->prepare();
    nap_until(exclusion_start() + 300000);
    do {
        CHECK_RC(other_control(XEN_DOMCTL_pausedomain), 0);
        check_paused(l);
        CHECK_RC(other_control(XEN_DOMCTL_unpausedomain), 0);
    } while (!is_done(VICTIM_LIST) && ++pauses < 3);
    if (wait_until_done(VICTIM_LIST)) {
        check_call(VICTIM_LIST, l->kept);
        l->check();
    }
    exclusion_end();
}

TEST(exclusion_pause_stops)
{
    static const struct long_call calls[] = {
        {"multicall", __HYPERVISOR_multicall, prepare_multicall, check_multicall, 2},
        {"mmu_update", __HYPERVISOR_mmu_update, prepare_updates, check_updates, 2},
        {"mmu_update for a domain", __HYPERVISOR_mmu_update, prepare_updates_in_c, check_updates, 2},
        {"mmuext_op", __HYPERVISOR_mmuext_op, prepare_mmuext, check_mmuext, 2},
        {"mmuext_op in a multicall", __HYPERVISOR_multicall, prepare_mmuext_in_multicall, check_mmuext_in_multicall, 2},
        {"set_trap_table", __HYPERVISOR_set_trap_table, prepare_traps, check_traps, 1},
        {"grant_table_op", __HYPERVISOR_grant_table_op, prepare_grants, check_grants, 3},
        {"console_io", __HYPERVISOR_console_io, prepare_console, check_nothing, 3},
    };

    for (uint32_t i = 0; i < ARRAY_SIZE(calls); i++)
        try_pause(&calls[i]);
}
