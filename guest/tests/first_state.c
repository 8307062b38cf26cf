/* SPDX-License-Identifier: MIT */
/*
 * The state that a vCPU starts with, whether VCPUOP_initialise or domctl sets it, and what the vCPU itself names later.
 * Nothing in it may be of ring 0, no flag may be one that a guest must not set, and no memory may be another's than its
 * domain's.
 */
#include "other.h"

#include <public/callback.h>

#define EFLAGS_IF       0x200u
#define EFLAGS_NOT_OWN  0x27000u /* IOPL, NT, VM: a kernel in ring 1 runs without them */
#define MXCSR_VALID     0xFFFFu
#define SECOND_CODE     1024u /* in the page of VICTIM_CODE */
#define SECOND_REPORT   VICTIM_VA(VICTIM_DATA)
#define SECOND_STACK_VA (VICTIM_VA(VICTIM_STACK) + 1024)

struct first_state {
    uint32_t eflags, cs, ss, fpu_used;
};

extern const char second_code[], second_code_end[];

/* EBX points to a struct first_state. The code is position-independent. */
__asm__(".section .rodata\n"
        ".balign 16\n"
        "second_code:\n"
        "        mov     %ebx, %esi\n"
        "        pushfl\n"
        "        popl    (%esi)\n"
        "        mov     %cs, 4(%esi)\n"
        "        mov     %ss, 8(%esi)\n"
        "        fld1\n"
        "        mov     $3, %eax\n" /* stack_switch, to the hypervisor's segment */
        "        mov     $0xe010, %ebx\n"
        "        mov     %esp, %ecx\n"
        "        int     $0x82\n"
        "        movl    $1, 12(%esi)\n"
        "1:      mov     $29, %eax\n" /* sched_op, block */
        "        mov     $1, %ebx\n"
        "        xor     %ecx, %ecx\n"
        "        int     $0x82\n"
        "        jmp     1b\n"
        "second_code_end:\n"
        ".text\n");

/* As much of ring 0, and of flags that a guest must not set, as fits into the context. */
static void fill_hostile_context(const struct victim *v, struct vcpu_guest_context *c)
{
    memset(c, 0, sizeof(*c));
    c->flags = VGCF_IN_KERNEL | VGCF_online | VGCF_I387_VALID;
    c->user_regs.eip = VICTIM_VA(VICTIM_CODE) + SECOND_CODE;
    c->user_regs.ebx = SECOND_REPORT;
    c->user_regs.cs = FLAT_KERNEL_CS & ~3u;
    c->user_regs.ss = FLAT_KERNEL_DS & ~3u;
    c->user_regs.ds = c->user_regs.es = FLAT_KERNEL_DS;
    c->user_regs.fs = c->user_regs.gs = HYPERVISOR_DS;
    c->user_regs.esp = c->kernel_sp = SECOND_STACK_VA;
    c->user_regs.eflags = EFLAGS_NOT_OWN;
    c->kernel_ss = HYPERVISOR_DS;
    for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
        c->trap_ctxt[i] = (struct trap_info){.cs = HYPERVISOR_CS, .address = IN_HYPERVISOR, .vector = i};
    c->event_callback_cs = c->failsafe_callback_cs = HYPERVISOR_CS;
    c->debugreg[0] = IN_HYPERVISOR;
    c->debugreg[7] = 3 | 1u << 16; /* stop when it is written to */
    c->ctrlreg[3] = v->mfn[VICTIM_L3] << PAGE_SHIFT | v->mfn[VICTIM_L3] >> 20;
    c->ctrlreg[4] = ~0u;
    ((uint32_t *)&c->fpu_ctxt)[0] = 0x37F;
    ((uint32_t *)&c->fpu_ctxt)[6] = ~0u; /* MXCSR: loading this faults */
}

static void put_second_code(const struct victim *v)
{
    char *page = victim_map(v, VICTIM_CODE);

    if (page)
        memcpy(page + SECOND_CODE, second_code, second_code_end - second_code);
}

static bool of_ring_0(uint32_t selector)
{
    return selector && !(selector & 3);
}

static void check_registers(const struct vcpu_guest_context *c, const struct vcpu_guest_context *first)
{
    CHECK(!of_ring_0(c->user_regs.cs));
    CHECK(!of_ring_0(c->user_regs.ss));
    CHECK(!of_ring_0(c->kernel_ss));
    CHECK(!of_ring_0(c->event_callback_cs));
    CHECK(!of_ring_0(c->failsafe_callback_cs));
    for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
        if (!CHECK(!of_ring_0(c->trap_ctxt[i].cs)))
            break;
    CHECK_EQ(c->debugreg[0], 0);
    CHECK_EQ(c->ctrlreg[4] & ~0xCu, first->ctrlreg[4]); /* TSD and DE are the guest's own */
}

static void check_first_state(const struct victim *v)
{
    static struct vcpu_guest_context c, first;
    struct first_state seen = {0};
    const struct first_state *report;

    for (unsigned int i = 0; i < 20; i++)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    report = other_memory(v, SECOND_REPORT);
    if (report)
        seen = *report;
    victim_unmap();
    CHECK_EQ(seen.eflags & (EFLAGS_NOT_OWN | EFLAGS_IF), EFLAGS_IF);
    CHECK_EQ(seen.cs, FLAT_KERNEL_CS);
    CHECK_EQ(seen.ss, FLAT_KERNEL_DS);
    CHECK_EQ(seen.fpu_used, 1);
    if (other_get_context(v, 0, &first) && other_get_context(v, 1, &c))
        check_registers(&c, &first);
}

/* The domain itself starts the vCPU, and then domain 0 does: the same rules hold. */
TEST(rule_first_state_of_a_vcpu)
{
    static struct vcpu_guest_context c, seen;

    context("VCPUOP_initialise");
    if (!other_begin(&other))
        return;
    put_second_code(&other);
    fill_hostile_context(&other, &c);
    other_call(&other, "initialise", 0, __HYPERVISOR_vcpu_op, VCPUOP_initialise, 1,
               other_argument(&other, &c, sizeof(c)), 0);
    other_carry_out(&other);
    check_first_state(&other);
    other_end(&other);

    context("setvcpucontext");
    if (!other_begin(&other))
        return;
    put_second_code(&other);
    fill_hostile_context(&other, &c);
    CHECK_RC(other_set_context(&other, 1, &c), 0);
    if (other_get_context(&other, 1, &seen)) { /* before it runs and loads another; emulators are kinder, too */
        CHECK(!of_ring_0(seen.kernel_ss));
        CHECK_EQ(((const uint32_t *)&seen.fpu_ctxt)[6] & ~MXCSR_VALID, 0);
    }
    other_carry_out(&other);
    check_first_state(&other);

    context("setvcpucontext, changed while it lives");
    *(struct first_state *)other_memory(&other, SECOND_REPORT) = (struct first_state){0};
    c.flags &= ~VGCF_online; /* it waits in a call, and would continue to wait */
    CHECK_RC(other_set_context(&other, 1, &c), 0);
    c.flags |= VGCF_online;
    CHECK_RC(other_set_context(&other, 1, &c), 0);
    check_first_state(&other);
    other_end(&other);
}

/* The same rules for what a vCPU itself names. */
TEST(rule_first_state_is_kept)
{
    static struct vcpu_guest_context c, first;
    const struct trap_info traps[2] = {{.vector = 14, .cs = HYPERVISOR_CS, .address = IN_HYPERVISOR}};
    const struct callback_register failsafe = {.type = CALLBACKTYPE_failsafe,
                                               .address = {.cs = HYPERVISOR_CS, .eip = IN_HYPERVISOR}};

    if (!other_begin(&other))
        return;
    CHECK(other_get_context(&other, 0, &first));
    other_call(&other, "set_trap_table", 0, __HYPERVISOR_set_trap_table, OTHER_ARGUMENT(&other, traps), 0, 0, 0);
    other_call(&other, "set_callbacks", 0, __HYPERVISOR_set_callbacks, HYPERVISOR_CS, IN_HYPERVISOR, 0, 0);
    other_call(&other, "callback_op", 0, __HYPERVISOR_callback_op, CALLBACKOP_register,
               OTHER_ARGUMENT(&other, failsafe), 0, 0);
    other_call(&other, "stack_switch", 0, __HYPERVISOR_stack_switch, HYPERVISOR_DS, VICTIM_VA(VICTIM_STACK + 1), 0, 0);
    other_call(&other, "set_debugreg", -EPERM, __HYPERVISOR_set_debugreg, 0, IN_HYPERVISOR, 0, 0);
    other_carry_out(&other);
    if (other_get_context(&other, 0, &c)) {
        check_registers(&c, &first);
        CHECK_EQ(c.trap_ctxt[14].address, IN_HYPERVISOR); /* the gates have been accepted, as of ring 1 */
        CHECK_EQ(c.event_callback_eip, IN_HYPERVISOR);
        CHECK_EQ(c.failsafe_callback_eip, IN_HYPERVISOR);
        CHECK_EQ(c.kernel_ss, HYPERVISOR_DS | 1);
    }
    other_end(&other);
}

/* Each call fails for its own reason. */
static const char *spoil(struct vcpu_guest_context *c, unsigned int how)
{
    switch (how) {
    case 0:
        c->ctrlreg[3] = virt_to_mfn(mm_base()) << PAGE_SHIFT | virt_to_mfn(mm_base()) >> 20;
        return "runs on domain 0's tables";
    case 1:
        c->ctrlreg[3] = other.mfn[VICTIM_DATA] << PAGE_SHIFT | other.mfn[VICTIM_DATA] >> 20;
        return "its table is a writable page";
    case 2:
        c->ldt_base = 0xF5800000;
        c->ldt_ents = 1;
        return "LDT in the hypervisor";
    case 3:
        c->ldt_base = VICTIM_VA(VICTIM_SPARE);
        c->ldt_ents = 8193;
        return "LDT too long";
    case 4:
        c->gdt_frames[0] = virt_to_mfn(mm_base());
        c->gdt_ents = 512;
        return "GDT of domain 0's frame";
    case 5:
        for (unsigned int i = 0; i < 15; i++) /* a good one, as often as there is room */
            c->gdt_frames[i] = other.mfn[VICTIM_TREE_L1];
        c->gdt_ents = 14 * 512 + 1;
        return "GDT into the hypervisor's part";
    default:
        return NULL;
    }
}

TEST(rule_first_state_is_refused)
{
    static struct vcpu_guest_context c;
    const char *what;
    uint32_t va;

    if (!other_begin(&other))
        return;
    for (unsigned int how = 0;; how++) {
        fill_hostile_context(&other, &c);
        what = spoil(&c, how);
        if (!what)
            break;
        context("setvcpucontext: %s", what);
        CHECK_RC(other_set_context(&other, 1, &c), -EINVAL);
    }
    context("the domain itself");
    other_call(&other, "up before it is initialised", -EINVAL, __HYPERVISOR_vcpu_op, VCPUOP_up, 1, 0, 0);
    other_call(&other, "a vCPU that it has not got", -ENOENT, __HYPERVISOR_vcpu_op, VCPUOP_up, 2, 0, 0);
    fill_hostile_context(&other, &c);
    spoil(&c, 0);
    va = other_argument(&other, &c, sizeof(c));
    other_call(&other, "initialise on domain 0's tables", -EINVAL, __HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, va, 0);
    other_carry_out(&other);
    other_end(&other);
}
