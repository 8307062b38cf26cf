/* SPDX-License-Identifier: MIT */
/*
 * Only one operation at a time works on a domain's memory, and a vCPU is suspended in only one way
 * (docs/concurrency.md). Here a small domain makes one long call. A timer wakes domain 0 in the middle of that call,
 * and domain 0 gets the CPU at once. When the call is over, its effects, results and registers are checked: nothing may
 * be lost, and nothing may be done twice. A pin fails where there is one already, and an unpin where there is none. So
 * if some thousand alternating pins and unpins all succeed, each was made exactly once. Pauses are tested in
 * exclusion_pause.c.
 */
#include "exclusion_other.h"

/* ---- What the domain runs: one call with these registers, once, at a given time */

__asm__(".section .rodata\n"
        ".globl exclusion_code, exclusion_gate, exclusion_code_end\n"
        ".balign 16\n"
        "exclusion_code:\n" /* EBX: its struct one_call */
        "        mov     %ebx, %ebp\n"
        "        mov     $29, %eax\n" /* sched_op, poll */
        "        mov     $3, %ebx\n"
        "        lea     52(%ebp), %ecx\n"
        "        int     $0x82\n"
        "        mov     (%ebp), %eax\n"
        "        mov     4(%ebp), %ebx\n"
        "        mov     8(%ebp), %ecx\n"
        "        mov     12(%ebp), %edx\n"
        "        mov     16(%ebp), %esi\n"
        "        mov     20(%ebp), %edi\n"
        "exclusion_gate:\n"
        "        int     $0x82\n"
        "        mov     %eax, 24(%ebp)\n"
        "        mov     %ebx, 28(%ebp)\n"
        "        mov     %ecx, 32(%ebp)\n"
        "        mov     %edx, 36(%ebp)\n"
        "        mov     %esi, 40(%ebp)\n"
        "        mov     %edi, 44(%ebp)\n"
        "        movl    $1, 48(%ebp)\n"
        "1:      mov     $29, %eax\n" /* sched_op, block */
        "        mov     $1, %ebx\n"
        "        xor     %ecx, %ecx\n"
        "        int     $0x82\n"
        "        jmp     1b\n"
        "exclusion_code_end:\n"
        ".text\n");
_Static_assert(__builtin_offsetof(struct one_call, start) == 52, "in the assembly above");

static struct int82_audit before;

bool exclusion_begin(void)
{
    void *code;

    if (is_dom0())
        audit_read(&before);
    if (!other_begin(&other))
        return false;
    code = victim_map(&other, VICTIM_CODE);
    if (code)
        memcpy(code, exclusion_code, exclusion_code_end - exclusion_code);
    return code;
}

void exclusion_end(void)
{
    struct int82_audit now;

    audit_is_clean();
    other_end(&other);
    audit_is_clean();
    if (!audit_read(&now))
        CHECK_EQ(now.free_frames, before.free_frames);
}

void set_call(uint32_t frame, uint32_t number, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
    struct one_call *c = victim_map(&other, frame);

    if (c)
        *c = (struct one_call){
            .number = number, .args = {a0, a1, a2, a3, MAGIC(4)}, .result = 0x7777, .start = {.timeout = 1}};
}

void set_multicall(uint32_t frame, uint32_t array, uint32_t count)
{
    set_call(frame, __HYPERVISOR_multicall, array, count, MAGIC(2), MAGIC(3));
}

struct one_call read_call(uint32_t frame)
{
    const struct one_call *c = victim_map(&other, frame);

    return c ? *c : (struct one_call){0};
}

bool is_done(uint32_t frame)
{
    return read_call(frame).done;
}

bool wait_until_done(uint32_t frame)
{
    for (uint32_t i = 0; i < 10000 && !is_done(frame); i++)
        nap_until(system_time() + 1000000);
    return CHECK(is_done(frame));
}

void check_call(uint32_t frame, uint32_t kept)
{
    const struct one_call c = read_call(frame);

    CHECK_RC(c.result, 0);
    for (uint32_t i = kept; i < 5; i++)
        CHECK_EQ(c.after[i], c.args[i]);
}

#define AHEAD_NS 300000u

uint64_t exclusion_start(void)
{
    struct one_call *c = victim_map(&other, VICTIM_LIST);
    uint64_t then = system_time() + AHEAD_NS;

    if (c)
        c->start.timeout = then;
    victim_unmap();
    victim_start(&other);
    return then;
}

/* ---- Arguments */

struct mmuext_op pin_op(bool pins)
{
    return (struct mmuext_op){.cmd = pins ? MMUEXT_PIN_L3_TABLE : MMUEXT_UNPIN_TABLE,
                              .arg1.mfn = other.mfn[VICTIM_TREE_L3]};
}

void set_pin_arguments(void)
{
    char *args = victim_map(&other, VICTIM_ARGS);

    if (!args)
        return;
    *(struct mmuext_op *)args = pin_op(true);
    *(struct mmuext_op *)(args + 64) = pin_op(false);
}

/* The i-th poll ends at first + i * step. */
static void set_polls(uint64_t first, uint32_t step)
{
    for (uint32_t i = 0; i < LATER; i++) {
        struct sched_poll *polls = i % 256 ? NULL : victim_map(&other, LATER_FRAME + i / 256);

        for (uint32_t j = 0; polls && j < 256; j++)
            polls[j] = (struct sched_poll){.timeout = first + (i + j) * (uint64_t)step};
    }
}

multicall_entry_t pin_entry(bool pins)
{
    return (multicall_entry_t){
        .op = __HYPERVISOR_mmuext_op, .result = 0x7777, .args = {pins ? PIN_VA : UNPIN_VA, 1, 0, DOMID_SELF}};
}

static multicall_entry_t sched_entry(uint32_t cmd, uint32_t arg)
{
    return (multicall_entry_t){.op = __HYPERVISOR_sched_op, .result = 0x7777, .args = {cmd, arg}};
}

static multicall_entry_t vcpu_entry(uint32_t cmd, uint32_t vcpu, uint32_t arg)
{
    return (multicall_entry_t){.op = __HYPERVISOR_vcpu_op, .result = 0x7777, .args = {cmd, vcpu, arg}};
}

multicall_entry_t pins_in_turn(uint32_t i)
{
    return pin_entry(i % 2 == 0);
}

void set_entries(uint32_t frame, uint32_t count, multicall_entry_t (*entry)(uint32_t i))
{
    for (uint32_t i = 0; i < count; i += PER_FRAME) {
        multicall_entry_t *page = victim_map(&other, frame + i / PER_FRAME);

        for (uint32_t j = 0; page && j < PER_FRAME && i + j < count; j++)
            page[j] = entry(i + j);
    }
}

uint32_t bad_results(uint32_t frame, uint32_t count)
{
    uint32_t bad = 0;

    for (uint32_t i = 0; i < count; i += PER_FRAME) {
        const multicall_entry_t *page = victim_map(&other, frame + i / PER_FRAME);

        for (uint32_t j = 0; page && j < PER_FRAME && i + j < count; j++)
            bad += page[j].result != 0;
    }
    return bad;
}

int other_control(uint32_t cmd)
{
    struct xen_domctl op = {0};

    return victim_domctl(cmd, other.id, &op);
}

uint64_t time_run(void)
{
    struct xen_domctl op = {0};

    CHECK_RC(victim_domctl(XEN_DOMCTL_getvcpuinfo, other.id, &op), 0);
    return op.u.getvcpuinfo.cpu_time;
}

/* ---- Registers of a vCPU that yields, polls and blocks within a multicall (issue 10, redctx) */

#define MIXED 2048u

static multicall_entry_t mixed_entry(uint32_t i)
{
    if (i % 2 == 0)
        return pin_entry(i % 4 == 0);
    if (i % 64 == 33)
        return sched_entry(SCHEDOP_block, 0);
    return i % 8 == 3 ? sched_entry(SCHEDOP_poll, LATER_VA(i / 8)) : sched_entry(SCHEDOP_yield, 0);
}

/* True: the vCPU is about to make its multicall again, with what is left of it. */
static bool check_registers(const struct vcpu_guest_context *c, uint32_t array, uint32_t count)
{
    const struct cpu_user_regs *r = &c->user_regs;

    CHECK(r->eip >= VICTIM_VA(VICTIM_CODE) && r->eip < END_EIP);
    CHECK_EQ(r->esp, VICTIM_VA(VICTIM_STACK + 1));
    CHECK_EQ(r->cs & 0xFFFF, FLAT_KERNEL_CS);
    if (r->eip != GATE_EIP)
        return false;
    CHECK_EQ(r->eax, __HYPERVISOR_multicall);
    CHECK(r->ebx >= array && r->ebx % sizeof(multicall_entry_t) == 0);
    CHECK_EQ(r->ebx + r->ecx * sizeof(multicall_entry_t), array + count * sizeof(multicall_entry_t));
    CHECK_EQ(r->edx, MAGIC(2));
    CHECK_EQ(r->esi, MAGIC(3));
    CHECK_EQ(r->edi, MAGIC(4));
    CHECK_EQ(r->ebp, VICTIM_VA(VICTIM_LIST));
    return true;
}

TEST(exclusion_registers_are_answered)
{
    static struct vcpu_guest_context c;
    uint32_t at_gate = 0, i;
    uint64_t slowest = 0;

    if (!exclusion_begin())
        return;
    set_pin_arguments();
    set_entries(ARRAY, MIXED, mixed_entry);
    set_polls(system_time(), 100000);
    set_multicall(VICTIM_LIST, ARRAY_VA, MIXED);
    exclusion_start();
    for (i = 0; i < 3000 && !is_done(VICTIM_LIST); i++) {
        uint64_t asked;
        bool changes = i % 3 == 2;

        nap_until(system_time() + 5000 + i * 7919 % 60000);
        if (changes)
            CHECK_RC(other_control(XEN_DOMCTL_pausedomain), 0);
        asked = system_time();
        if (!other_get_context(&other, 0, &c))
            break;
        slowest = system_time() - asked > slowest ? system_time() - asked : slowest;
        at_gate += check_registers(&c, ARRAY_VA, MIXED);
        if (changes) {
            CHECK_RC(other_set_context(&other, 0, &c), 0);
            CHECK_RC(other_control(XEN_DOMCTL_unpausedomain), 0);
        }
        if (i % 4 == 3) { /* wakes the vCPU from its block */
            struct xen_domctl op = {.u.sendtrigger = {.trigger = XEN_DOMCTL_SENDTRIGGER_NMI}};

            CHECK_RC(victim_domctl(XEN_DOMCTL_sendtrigger, other.id, &op), 0);
        }
    }
    printf("exclusion: asked %u times, %u amid the multicall, the slowest answer after %u ns\n", i, at_gate,
           (uint32_t)slowest);
    CHECK(at_gate > 50);
    CHECK(slowest < BOUND_NS);
    if (wait_until_done(VICTIM_LIST)) {
        check_call(VICTIM_LIST, 2);
        CHECK_EQ(bad_results(ARRAY, MIXED), 0);
    }
    exclusion_end();
}

/* ---- Another domain's memory: that domain's operation ends before domain 0's begins */

static bool amid_tree(void)
{
    uint32_t frames[9];

    for (uint32_t i = 0; i < 9; i++)
        frames[i] = other.mfn[VICTIM_TREE_L3 + i];
    return half_done(frames, 9);
}

#define WORK_NS 40000u /* a walk over the tree takes less than this ... */
#define STEP_NS 1500u  /* ... and is looked at in steps of this */

/* The PIT's shortest deadline is longer than the walk. */
static bool timer_is_coarse(void)
{
    uint64_t began = system_time();

    nap_until(began + STEP_NS);
    return system_time() - began > WORK_NS;
}
#define NEED_FINE_TIMER()  \
    if (timer_is_coarse()) \
    SKIP("the machine's timer is too coarse")

TEST(exclusion_others_operations_are_waited_for)
{
    uint32_t amid = 0;

    NEED_DOM0();
    NEED_FINE_TIMER();
    for (uint32_t after = 0; after < WORK_NS; after += STEP_NS) {
        struct mmuext_op unpin;
        bool was_amid;
        int rc;

        context("after %u ns", after);
        if (!exclusion_begin())
            return;
        set_pin_arguments();
        set_call(VICTIM_LIST, __HYPERVISOR_mmuext_op, PIN_VA, 1, 0, DOMID_SELF);
        nap_until(exclusion_start() + after);
        was_amid = amid_tree();
        unpin = pin_op(false);
        rc = HYPERVISOR_mmuext_op(&unpin, 1, NULL, (uint32_t)other.id);
        CHECK(!amid_tree());
        if (was_amid)
            CHECK_RC(rc, 0);
        amid += was_amid;
        if (wait_until_done(VICTIM_LIST))
            check_call(VICTIM_LIST, 0);
        exclusion_end();
    }
    CHECK(amid >= 3);
}

/* ---- Two calls give a vCPU its first state (issue 10, redinit): one of them wins, and nothing is lost */

static void first_context(struct vcpu_guest_context *c, uint32_t block_va, uint32_t l3)
{
    memset(c, 0, sizeof(*c));
    c->flags = VGCF_IN_KERNEL;
    c->user_regs.eip = VICTIM_VA(VICTIM_CODE);
    c->user_regs.ebx = block_va;
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = c->user_regs.ds = c->user_regs.es = c->user_regs.fs = c->user_regs.gs = FLAT_KERNEL_DS;
    c->user_regs.esp = c->kernel_sp = VICTIM_VA(VICTIM_STACK + 1);
    c->user_regs.eflags = 0x202;
    c->kernel_ss = FLAT_KERNEL_DS;
    c->ctrlreg[3] = other.mfn[l3] << PAGE_SHIFT | other.mfn[l3] >> 20;
}

static void give_context_to_other(uint32_t block_va, uint32_t l3)
{
    struct vcpu_guest_context *c = victim_map(&other, VICTIM_SPARE + 3);

    if (c)
        first_context(c, block_va, l3);
}

TEST(exclusion_first_state_has_one_giver)
{
    static struct vcpu_guest_context c;
    uint32_t amid = 0;

    NEED_DOM0();
    NEED_FINE_TIMER();
    for (uint32_t after = 0; after < WORK_NS; after += STEP_NS) {
        int32_t theirs, ours;

        context("after %u ns", after);
        if (!exclusion_begin())
            return;
        give_context_to_other(0, VICTIM_TREE_L3);
        first_context(&c, 0, VICTIM_L3);
        set_call(VICTIM_LIST, __HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, CONTEXT_VA, MAGIC(3));
        nap_until(exclusion_start() + after);
        amid += amid_tree();
        ours = other_set_context(&other, 1, &c);
        wait_until_done(VICTIM_LIST);
        theirs = read_call(VICTIM_LIST).result;
        if (ours)
            CHECK_RC(ours, -EOPNOTSUPP); /* the vCPU has other page tables by then */
        CHECK_RC(theirs, ours ? 0 : -EEXIST);
        exclusion_end();
    }
    CHECK(amid >= 3);
}

/* ---- A vCPU is taken down within a multicall, and its vcpu_info is moved. The top of its stack in the hypervisor
 * moves with it. */

#define BLOCK_OF_1 VICTIM_SPARE
#define ARRAY_OF_1 (VICTIM_SPARE + 1)
#define NEW_INFO   (VICTIM_SPARE + 2)
#define CALLS_OF_1 8u

static multicall_entry_t waits, entries[6];

static multicall_entry_t listed(uint32_t i)
{
    return entries[i];
}

static multicall_entry_t entry_of_1(uint32_t i)
{
    return i == 3 ? waits : pin_entry(i < 3 ? i % 2 == 0 : i % 2 == 1);
}

/* vCPU 0 starts the other one, which gets as far as its wait. Then vCPU 0 interferes. */
static void prepare_taking_down(void)
{
    struct vcpu_register_vcpu_info *info;

    set_pin_arguments();
    info = (void *)((char *)victim_map(&other, VICTIM_ARGS) + INFO_VA - PIN_VA);
    *info = (struct vcpu_register_vcpu_info){.mfn = other.mfn[NEW_INFO], .offset = 1024};
    give_context_to_other(VICTIM_VA(BLOCK_OF_1), VICTIM_L3);
    set_multicall(BLOCK_OF_1, VICTIM_VA(ARRAY_OF_1), CALLS_OF_1);
    set_entries(ARRAY_OF_1, CALLS_OF_1, entry_of_1);
    entries[0] = vcpu_entry(VCPUOP_initialise, 1, CONTEXT_VA);
    entries[1] = vcpu_entry(VCPUOP_up, 1, 0);
    entries[2] = sched_entry(SCHEDOP_yield, 0);
    entries[3] = vcpu_entry(VCPUOP_down, 1, 0);
    entries[4] = vcpu_entry(VCPUOP_register_vcpu_info, 1, INFO_VA);
    entries[5] = vcpu_entry(VCPUOP_up, 1, 0);
    set_entries(ARRAY, ARRAY_SIZE(entries), listed);
    set_multicall(VICTIM_LIST, ARRAY_VA, ARRAY_SIZE(entries));
}

TEST(exclusion_taken_down_within_a_multicall)
{
    const multicall_entry_t all[] = {sched_entry(SCHEDOP_yield, 0), sched_entry(SCHEDOP_poll, LATER_VA(0)),
                                     sched_entry(SCHEDOP_block, 0)};

    NEED_DOM0();
    for (uint32_t i = 0; i < ARRAY_SIZE(all); i++) {
        context("way %u", i);
        if (!exclusion_begin())
            return;
        set_polls(system_time() + 5000000, 0);
        waits = all[i];
        prepare_taking_down();
        exclusion_start();
        if (wait_until_done(VICTIM_LIST) && wait_until_done(BLOCK_OF_1)) {
            check_call(VICTIM_LIST, 2);
            CHECK_EQ(bad_results(ARRAY, ARRAY_SIZE(entries)), 0);
            check_call(BLOCK_OF_1, 2);
            CHECK_EQ(bad_results(ARRAY_OF_1, CALLS_OF_1), 0);
        }
        exclusion_end();
    }
}

/* ---- Whoever has worked on another domain's memory must, before it goes on, wait for an operation at home */

static pte_t *own_l2, *own_l1[4];

static bool amid_own(void)
{
    uint32_t frames[5] = {virt_to_mfn(own_l2)};

    for (uint32_t i = 0; i < 4; i++)
        frames[1 + i] = virt_to_mfn(own_l1[i]);
    return half_done(frames, 5);
}

static void job_pins_own(void)
{
    mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(own_l2), 0);
    mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(own_l2), 0);
}

/* Switches are forced at each point of both vCPUs of domain 0, so this needs the build that can force them. */
TEST(exclusion_ends_at_home)
{
    uint32_t begun;

    NEED_DOM0();
    NEED_FAULTS();
    if (*start_vcpu_1())
        SKIP("%s", start_vcpu_1());
    if (!exclusion_begin())
        return;
    own_l2 = alloc_page();
    for (uint32_t i = 0; i < 4; i++) {
        own_l1[i] = alloc_page();
        CHECK_RC(page_make_readonly(own_l1[i]), 0);
        own_l2[i] = make_pte(virt_to_mfn(own_l1[i]), PTE_TABLE);
    }
    CHECK_RC(page_make_readonly(own_l2), 0);
    begun = jobs_begun;
    job = job_pins_own;
    preempt(INT82_PREEMPT_ALWAYS, 0);
    for (uint32_t i = 0; i < 40; i++) {
        struct mmuext_op op = pin_op(i % 2 == 0);

        CHECK_RC(HYPERVISOR_mmuext_op(&op, 1, NULL, (uint32_t)other.id), 0);
        CHECK(!amid_own());
    }
    preempt(INT82_PREEMPT_NEVER, 0);
    job = NULL;
    let_it_run();
    CHECK(jobs_begun - begun > 10);
    CHECK_RC(page_make_writable(own_l2), 0);
    free_page(own_l2);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_RC(page_make_writable(own_l1[i]), 0);
        free_page(own_l1[i]);
    }
    exclusion_end();
}

/* ---- A domain stands still while another works on its memory. This, too, needs the build that forces switches. */

#define SHORT_COUNT 200u

TEST(exclusion_worked_on_stands_still)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L2_TABLE};
    uint32_t rounds = 0;

    NEED_DOM0();
    NEED_FAULTS();
    if (!exclusion_begin())
        return;
    set_pin_arguments();
    set_entries(ARRAY, SHORT_COUNT, pins_in_turn);
    set_multicall(VICTIM_LIST, ARRAY_VA, SHORT_COUNT);
    op.arg1.mfn = other.mfn[VICTIM_TREE_L2];
    nap_until(exclusion_start() + 20000); /* it is in the middle of its call */
    preempt(INT82_PREEMPT_ALWAYS, 0);
    while (!is_done(VICTIM_LIST) && rounds++ < 5000) {
        op.cmd = rounds & 1 ? MMUEXT_PIN_L2_TABLE : MMUEXT_UNPIN_TABLE;
        CHECK_RC(HYPERVISOR_mmuext_op(&op, 1, NULL, (uint32_t)other.id), 0);
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL); /* with its tables in use, the pin had no such point */
    }
    preempt(INT82_PREEMPT_NEVER, 0);
    if (wait_until_done(VICTIM_LIST)) {
        check_call(VICTIM_LIST, 2);
        CHECK_EQ(bad_results(ARRAY, SHORT_COUNT), 0);
    }
    printf("exclusion: worked on it %u times meanwhile\n", rounds);
    CHECK(rounds > 20);
    exclusion_end();
}
