/*
 * Rules of docs/security.md that need a second domain, or a vCPU that starts from a given state. The other one is a
 * small ordinary domain (victim.h) that carries out calls chosen here: most of them must be refused.
 */
#include "victim.h"

#include <guest/audit.h>
#include <public/callback.h>
#include <public/domctl.h>
#include <public/grant_table.h>
#include <public/int82.h>
#include <public/memory.h>
#include <public/physdev.h>
#include <public/sysctl.h>

static struct victim other, third;

static bool begin(struct victim *v)
{
    bool missing = false;

    if (!is_dom0()) {
        skip("only domain 0 may");
        return false;
    }
    if (!is_int82()) {
        skip("not tried on another hypervisor");
        return false;
    }
    if (victim_create(v, &missing))
        return true;
    FAIL("there is no other domain");
    return false;
}

static void end(struct victim *v)
{
    CHECK_RC(victim_destroy(v), 0);
}

/* ---- What the other domain is told to do. Arguments stand in its own memory. */

static uint32_t args_used, expected_calls;
static struct {
    const char *what;
    int32_t result;
} expected[VICTIM_CALLS];

static void *argument_at(const struct victim *v, uint32_t va)
{
    uint32_t offset = va - VICTIM_VA(0);
    char *page = victim_map(v, offset / PAGE_SIZE);

    return page ? page + offset % PAGE_SIZE : NULL;
}

/* Where it finds a copy of that. */
static uint32_t argument(const struct victim *v, const void *data, uint32_t size)
{
    uint32_t va = VICTIM_VA(VICTIM_ARGS) + args_used;
    void *p = argument_at(v, va);

    args_used += (size + 63) & ~63u;
    if (p)
        memcpy(p, data, size);
    return va;
}
#define ARGUMENT(v, ...) argument(v, &(__VA_ARGS__), sizeof(__VA_ARGS__))

static void call(const struct victim *v, const char *what, int32_t result, uint32_t op, uint32_t a0, uint32_t a1,
                 uint32_t a2, uint32_t a3)
{
    if (!CHECK(expected_calls < VICTIM_CALLS))
        return;
    expected[expected_calls].what = what;
    expected[expected_calls++].result = result;
    victim_call(v, op, a0, a1, a2, a3);
}

/* All of it, and whether each call has answered as it should. */
static void carry_out(const struct victim *v)
{
    static struct victim_list seen;
    const struct victim_list *list;

    victim_start(v);
    CHECK(victim_wait(v, 1000));
    list = victim_map(v, VICTIM_LIST);
    if (list)
        seen = *list; /* checks print, and more is mapped by then */
    victim_unmap();
    for (uint32_t i = 0; i < expected_calls; i++)
        if ((int32_t)seen.calls[i].result != expected[i].result)
            FAIL("%s: %d instead of %d", expected[i].what, (int32_t)seen.calls[i].result, expected[i].result);
    expected_calls = args_used = 0;
}

/* ---- A vCPU's first state */

#define HYPERVISOR_CS   0xE008u
#define HYPERVISOR_DS   0xE010u
#define IN_HYPERVISOR   0xF5900000u
#define EFLAGS_IF       0x200u
#define EFLAGS_NOT_OWN  0x27000u /* IOPL, NT, VM: a kernel in ring 1 runs without them */
#define MXCSR_VALID     0xFFFFu
#define SECOND_CODE     1024u    /* in the page of VICTIM_CODE */
#define SECOND_REPORT   VICTIM_VA(VICTIM_DATA)
#define SECOND_STACK_VA (VICTIM_VA(VICTIM_STACK) + 1024)

struct first_state {
    uint32_t eflags, cs, ss, fpu_used;
};

extern const char second_code[], second_code_end[];

/* EBX: struct first_state. Position-independent. */
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

/* Of ring 0, and of flags that are not a guest's to set, as much as fits into it. */
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
    c->debugreg[7] = 3 | 1u << 16; /* stop when it is written */
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

static bool get_context(const struct victim *v, uint32_t vcpu, struct vcpu_guest_context *c)
{
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = vcpu, .ctxt.p = c}};

    return CHECK_RC(victim_domctl(XEN_DOMCTL_getvcpucontext, v->id, &op), 0);
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
    CHECK_EQ(c->ctrlreg[4] & ~0xCu, first->ctrlreg[4]); /* TSD and DE are a guest's own */
}

static void check_first_state(const struct victim *v)
{
    static struct vcpu_guest_context c, first;
    struct first_state seen = {0};
    const struct first_state *report;

    for (unsigned int i = 0; i < 20; i++)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    report = argument_at(v, SECOND_REPORT);
    if (report)
        seen = *report;
    victim_unmap();
    CHECK_EQ(seen.eflags & (EFLAGS_NOT_OWN | EFLAGS_IF), EFLAGS_IF);
    CHECK_EQ(seen.cs, FLAT_KERNEL_CS);
    CHECK_EQ(seen.ss, FLAT_KERNEL_DS);
    CHECK_EQ(seen.fpu_used, 1);
    if (get_context(v, 0, &first) && get_context(v, 1, &c))
        check_registers(&c, &first);
}

static int32_t set_context_of_1(const struct victim *v, struct vcpu_guest_context *c)
{
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = 1, .ctxt.p = c}};

    return victim_domctl(XEN_DOMCTL_setvcpucontext, v->id, &op);
}

/* The domain itself starts it, and domain 0 does: the same holds. */
TEST(rule_first_state_of_a_vcpu)
{
    static struct vcpu_guest_context c, seen;

    context("VCPUOP_initialise");
    if (!begin(&other))
        return;
    put_second_code(&other);
    fill_hostile_context(&other, &c);
    call(&other, "initialise", 0, __HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, argument(&other, &c, sizeof(c)), 0);
    carry_out(&other);
    check_first_state(&other);
    end(&other);

    context("setvcpucontext");
    if (!begin(&other))
        return;
    put_second_code(&other);
    fill_hostile_context(&other, &c);
    CHECK_RC(set_context_of_1(&other, &c), 0);
    if (get_context(&other, 1, &seen)) { /* before it runs, and loads another; an emulator may be kinder, too */
        CHECK(!of_ring_0(seen.kernel_ss));
        CHECK_EQ(((const uint32_t *)&seen.fpu_ctxt)[6] & ~MXCSR_VALID, 0);
    }
    carry_out(&other);
    check_first_state(&other);

    context("setvcpucontext, changed while it lives");
    *(struct first_state *)argument_at(&other, SECOND_REPORT) = (struct first_state){0};
    c.flags &= ~VGCF_online; /* it waits in a call, and would go on waiting */
    CHECK_RC(set_context_of_1(&other, &c), 0);
    c.flags |= VGCF_online;
    CHECK_RC(set_context_of_1(&other, &c), 0);
    check_first_state(&other);
    end(&other);
}

/* The same for what a vCPU itself names. */
TEST(rule_first_state_is_kept)
{
    static struct vcpu_guest_context c, first;
    const struct trap_info traps[2] = {{.vector = 14, .cs = HYPERVISOR_CS, .address = IN_HYPERVISOR}};
    const struct callback_register failsafe = {.type = CALLBACKTYPE_failsafe,
                                               .address = {.cs = HYPERVISOR_CS, .eip = IN_HYPERVISOR}};

    if (!begin(&other))
        return;
    CHECK(get_context(&other, 0, &first));
    call(&other, "set_trap_table", 0, __HYPERVISOR_set_trap_table, ARGUMENT(&other, traps), 0, 0, 0);
    call(&other, "set_callbacks", 0, __HYPERVISOR_set_callbacks, HYPERVISOR_CS, IN_HYPERVISOR, 0, 0);
    call(&other, "callback_op", 0, __HYPERVISOR_callback_op, CALLBACKOP_register, ARGUMENT(&other, failsafe), 0, 0);
    call(&other, "stack_switch", 0, __HYPERVISOR_stack_switch, HYPERVISOR_DS, VICTIM_VA(VICTIM_STACK + 1), 0, 0);
    call(&other, "set_debugreg", -EPERM, __HYPERVISOR_set_debugreg, 0, IN_HYPERVISOR, 0, 0);
    carry_out(&other);
    if (get_context(&other, 0, &c)) {
        check_registers(&c, &first);
        CHECK_EQ(c.trap_ctxt[14].address, IN_HYPERVISOR); /* they have been taken, of ring 1 */
        CHECK_EQ(c.event_callback_eip, IN_HYPERVISOR);
        CHECK_EQ(c.failsafe_callback_eip, IN_HYPERVISOR);
        CHECK_EQ(c.kernel_ss, HYPERVISOR_DS | 1);
    }
    end(&other);
}

/* Each for its own reason. */
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
        for (unsigned int i = 0; i < 15; i++) /* a good one, as often as it takes */
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

    if (!begin(&other))
        return;
    for (unsigned int how = 0;; how++) {
        fill_hostile_context(&other, &c);
        what = spoil(&c, how);
        if (!what)
            break;
        context("setvcpucontext: %s", what);
        CHECK_RC(set_context_of_1(&other, &c), -EINVAL);
    }
    context("the domain itself");
    call(&other, "up before it is initialised", -EINVAL, __HYPERVISOR_vcpu_op, VCPUOP_up, 1, 0, 0);
    call(&other, "a vCPU that it has not got", -ENOENT, __HYPERVISOR_vcpu_op, VCPUOP_up, 2, 0, 0);
    fill_hostile_context(&other, &c);
    spoil(&c, 0);
    va = argument(&other, &c, sizeof(c));
    call(&other, "initialise on domain 0's tables", -EINVAL, __HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, va, 0);
    carry_out(&other);
    end(&other);
}


/* ---- Secrets */

#define SECRET       0x5EC4E75Eu
#define SECRET_FRAME (VICTIM_SPARE + 100)

static bool all_zero(const uint32_t *p, uint32_t words)
{
    while (words && !*p)
        p++, words--;
    return !words;
}

static void write_secret(const struct victim *v)
{
    uint32_t *page = victim_map(v, SECRET_FRAME);

    for (uint32_t i = 0; page && i < PAGE_SIZE / 4; i++)
        page[i] = SECRET;
    victim_unmap();
}

/* The next domain gets the frame: what does it find there? */
static void check_next_owner(xen_pfn_t mfn)
{
    uint32_t n = 0;
    const uint32_t *page;

    if (!begin(&third))
        return;
    while (n < VICTIM_FRAMES && third.mfn[n] != mfn)
        n++;
    if (CHECK(n >= VICTIM_SPARE + 4 && n < VICTIM_FRAMES)) { /* those below have been written since */
        page = victim_map(&third, n);
        CHECK(page && all_zero(page, PAGE_SIZE / 4));
    }
    end(&third);
}

TEST(rule_secrets_stay_in_dead_frames)
{
    xen_pfn_t mfn;

    if (!begin(&other))
        return;
    mfn = other.mfn[SECRET_FRAME];
    CHECK_EQ(machine_to_phys_mapping[mfn], SECRET_FRAME);
    write_secret(&other);
    end(&other);
    CHECK_EQ(machine_to_phys_mapping[mfn], 0xFFFFFFFF);
    check_next_owner(mfn);
}

/* Mapped by domain 0 when its owner ends: it is cleared when it becomes free, which is later. */
TEST(rule_secrets_stay_in_frames_held_by_others)
{
    mmu_update_t req = {.ptr = pte_maddr(mm_l1_entry((void *)(FREE_VA + PAGE_SIZE)))};
    xen_pfn_t mfn;

    if (!begin(&other))
        return;
    mfn = other.mfn[SECRET_FRAME];
    write_secret(&other);
    req.val = make_pte(mfn, PTE_KERNEL_RO);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)other.id), 0);
    end(&other);
    CHECK_EQ(*(volatile uint32_t *)(FREE_VA + PAGE_SIZE), SECRET);
    CHECK_RC(unmap_at(FREE_VA + PAGE_SIZE), 0);
    check_next_owner(mfn);
}

static int map_other(uint32_t va, uint32_t mfn, domid_t domid)
{
    mmu_update_t req = {.ptr = pte_maddr(mm_l1_entry((void *)va)), .val = make_pte(mfn, PTE_KERNEL_RO)};

    return HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)domid);
}

/* Pages of the hypervisor's heap that domains get to see: what was in them before? Contexts full of it have been. */
TEST(rule_secrets_stay_in_the_heap)
{
    static uint32_t hostile[(sizeof(struct vcpu_guest_context) + 3) / 4];
    xen_pfn_t frames[8];
    gnttab_setup_table_t s = {.nr_frames = 8, .frame_list = frames, .status = 77};

    if (!begin(&other))
        return;
    for (uint32_t i = 0; i < ARRAY_SIZE(hostile); i++)
        hostile[i] = SECRET;
    CHECK(set_context_of_1(&other, (void *)hostile) < 0);
    s.dom = other.id;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_RC(s.status, GNTST_okay);
    for (unsigned int i = 0; i < 8; i++) {
        context("grant frame %u", i);
        if (CHECK_RC(map_other(FREE_VA, frames[i], other.id), 0))
            CHECK(all_zero((const uint32_t *)FREE_VA, PAGE_SIZE / 4));
        unmap_at(FREE_VA);
    }
    end(&other);
}

/* Words of the hypervisor's stack in what it copies out: fields that have no meaning here are 0. */
TEST(rule_secrets_stay_on_the_stack)
{
    static struct xen_domctl_getdomaininfo info[8];
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
                            .u.getdomaininfolist = {.max_domains = 8, .buffer.p = info}};

    if (!begin(&other))
        return;
    memset(info, 0xA5, sizeof(info));
    if (CHECK_RC(hypercall(35, &op, 0, 0, 0, 0), 0))
        for (uint32_t i = 0; i < op.u.getdomaininfolist.num_domains; i++) {
            context("domain %u", info[i].domain);
            CHECK_EQ(info[i].ssidref, 0);
            CHECK_EQ(info[i].cpupool, 0);
            CHECK_EQ(info[i].shr_pages, 0);
            CHECK_EQ(info[i].paged_pages, 0);
        }
    end(&other);
}

/* ---- Event channels */

#define MAX_VCPUS_EVER 8 /* of a domain */

static int status_of(uint32_t port, evtchn_status_t *status)
{
    *status = (evtchn_status_t){.dom = DOMID_SELF, .port = port};
    return HYPERVISOR_event_channel_op(EVTCHNOP_status, status);
}

static int open_port(domid_t for_whom)
{
    evtchn_alloc_unbound_t alloc = {.dom = DOMID_SELF, .remote_dom = for_whom};

    return CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc), 0) ? (int)alloc.port : 0;
}

static void call_bind(const struct victim *v, const char *what, int32_t result, uint32_t port)
{
    evtchn_bind_interdomain_t bind = {.remote_dom = 0, .remote_port = port};

    call(v, what, result, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, ARGUMENT(v, bind), 0, 0);
}

TEST(rule_ports_lead_where_they_are_meant_to)
{
    evtchn_status_t status, wanted = {.dom = 0};
    int for_other, for_third, for_self;
    evtchn_reset_t reset = {.dom = 0};
    evtchn_alloc_unbound_t alloc = {.dom = 0, .remote_dom = DOMID_SELF};
    evtchn_bind_virq_t virq = {.virq = VIRQ_DOM_EXC, .vcpu = 1};

    if (!begin(&third) || !begin(&other))
        return;
    for_other = open_port(other.id);
    for_third = open_port(third.id);
    for_self = open_port(DOMID_SELF);
    call_bind(&other, "bind what is meant for a third domain", -EINVAL, for_third);
    call_bind(&other, "bind what is meant for domain 0", -EINVAL, for_self);
    call_bind(&other, "bind", 0, for_other);
    call_bind(&other, "bind what is bound", -EINVAL, for_other);
    call_bind(&other, "bind what nobody has opened", -EINVAL, 1000);
    call_bind(&other, "bind port 0", -EINVAL, 0);
    wanted.port = for_other;
    call(&other, "status of another's port", -EPERM, __HYPERVISOR_event_channel_op, EVTCHNOP_status,
         ARGUMENT(&other, wanted), 0, 0);
    call(&other, "reset of another's ports", -EPERM, __HYPERVISOR_event_channel_op, EVTCHNOP_reset,
         ARGUMENT(&other, reset), 0, 0);
    call(&other, "a port of another's, opened", -EPERM, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
         ARGUMENT(&other, alloc), 0, 0);
    call(&other, "the machine's interrupt at a second vCPU", -EINVAL, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq,
         ARGUMENT(&other, virq), 0, 0);
    carry_out(&other);
    CHECK_RC(status_of(for_other, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_interdomain);
    CHECK_EQ(status.u.interdomain.dom, other.id);
    CHECK_RC(status_of(for_third, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_unbound);
    CHECK_EQ(status.u.unbound.dom, third.id);

    /* Its end ends the connection, and makes the port nobody else's. */
    end(&other);
    CHECK_RC(status_of(for_other, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_unbound);
    CHECK_EQ(status.u.unbound.dom, other.id);
    CHECK_RC(event_send(for_other), 0);
    call_bind(&third, "bind what was meant for one that has gone", -EINVAL, for_other);
    call_bind(&third, "bind", 0, for_third);
    carry_out(&third);
    CHECK_RC(event_close(for_other), 0);
    CHECK_RC(event_close(for_self), 0);
    CHECK_RC(event_close(for_third), 0); /* while the other end is alive */
    end(&third);
}

/* A closed port's other end leads nowhere: not to whoever opens the port next. */
TEST(rule_ports_lead_nowhere_when_closed)
{
    evtchn_port_t port, again;
    evtchn_close_t close;
    evtchn_send_t send;

    if (!begin(&other))
        return;
    port = open_port(other.id);
    call_bind(&other, "bind", 0, port);
    /* The numbers of its own ports begin with 1. */
    close.port = send.port = 1;
    call(&other, "send", 0, __HYPERVISOR_event_channel_op, EVTCHNOP_send, ARGUMENT(&other, send), 0, 0);
    call(&other, "close", 0, __HYPERVISOR_event_channel_op, EVTCHNOP_close, ARGUMENT(&other, close), 0, 0);
    call(&other, "send through what is closed", -EINVAL, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
         ARGUMENT(&other, send), 0, 0);
    carry_out(&other);
    CHECK(event_pending(port));
    CHECK_RC(event_close(port), 0);
    again = open_port(other.id);
    CHECK_EQ(again, port);
    CHECK(!event_pending(again)); /* nothing of the one before */
    CHECK_RC(event_close(again), 0);
    end(&other);
}

/* A port's vCPU is one that exists: what lies behind the list of them is no vCPU. */
TEST(rule_ports_have_a_vcpu)
{
    evtchn_bind_vcpu_t move = {.port = open_port(0)};

    for (uint32_t n = MAX_VCPUS_EVER; n < MAX_VCPUS_EVER + 256; n++) {
        evtchn_bind_virq_t virq = {.virq = VIRQ_TIMER, .vcpu = n};
        evtchn_bind_ipi_t ipi = {.vcpu = n};

        context("vCPU %u", n);
        move.vcpu = n;
        if (!CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &virq), -ENOENT) ||
            !CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi), -ENOENT) ||
            !CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &move), -ENOENT))
            break;
    }
    CHECK_RC(event_close(move.port), 0);
}

/* ---- Grants */

#define TABLE_VA FREE_VA
#define REF      80u

static volatile grant_entry_v1_t *const entries = (void *)(TABLE_VA + REF * sizeof(grant_entry_v1_t));

static bool begin_grants(void)
{
    xen_pfn_t frame = 0;
    gnttab_setup_table_t s = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list = &frame, .status = 77};

    return CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0) && CHECK_RC(s.status, GNTST_okay) &&
           CHECK_RC(map_at(TABLE_VA, frame, PTE_KERNEL_RW), 0);
}

static void end_grants(uint32_t used)
{
    for (uint32_t i = 0; i < used; i++) {
        context("entry %u", i);
        CHECK_EQ(entries[i].flags & (GTF_reading | GTF_writing), 0);
        entries[i].flags = 0;
    }
    CHECK_RC(unmap_at(TABLE_VA), 0);
}

static void grant(uint32_t n, domid_t to, uint32_t mfn, uint16_t flags)
{
    entries[n].domid = to;
    entries[n].frame = mfn;
    entries[n].flags = GTF_permit_access | flags;
}

static uint32_t call_map(const struct victim *v, uint32_t n, uint32_t flags)
{
    gnttab_map_grant_ref_t op = {.host_addr = VICTIM_HOLE_VA + args_used / 64 * PAGE_SIZE,
                                 .flags = flags,
                                 .ref = REF + n,
                                 .status = 77};
    uint32_t va = ARGUMENT(v, op);

    call(v, "map_grant_ref", 0, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, va, 1, 0);
    return va;
}

static void check_map(const struct victim *v, const char *what, uint32_t va, int16_t status)
{
    const gnttab_map_grant_ref_t *op = argument_at(v, va);
    int16_t seen = op ? op->status : 77;

    victim_unmap();
    context("%s", what);
    CHECK_RC(seen, status);
}

/* Entries: to itself, to a third domain, withdrawn, read-only, of a frame that is not the granter's. */
TEST(rule_grants_are_for_one_domain)
{
    gnttab_unmap_grant_ref_t beyond = {.host_addr = VICTIM_HOLE_VA, .handle = 4711, .status = 77};
    uint32_t own, thirds, withdrawn, readonly, foreign, table, pinned, unmapped;
    const gnttab_unmap_grant_ref_t *seen;
    void *page;

    if (!begin(&third) || !begin(&other) || !begin_grants())
        return;
    page = alloc_page();
    grant(0, other.id, virt_to_mfn(page), 0);
    grant(1, third.id, virt_to_mfn(page), 0);
    grant(2, other.id, virt_to_mfn(page), 0);
    entries[2].flags = 0;
    grant(3, other.id, virt_to_mfn(page), GTF_readonly);
    grant(4, other.id, third.mfn[SECRET_FRAME], 0);
    own = call_map(&other, 0, GNTMAP_host_map | GNTMAP_device_map);
    thirds = call_map(&other, 1, GNTMAP_host_map);
    withdrawn = call_map(&other, 2, GNTMAP_host_map);
    readonly = call_map(&other, 3, GNTMAP_host_map);
    foreign = call_map(&other, 4, GNTMAP_host_map | GNTMAP_readonly);
    table = call_map(&other, 0, GNTMAP_host_map | GNTMAP_contains_pte);
    ((gnttab_map_grant_ref_t *)argument_at(&other, table))->host_addr = pte_maddr(mm_l1_entry((void *)FREE_VA_END));
    unmapped = ARGUMENT(&other, beyond);
    call(&other, "unmap_grant_ref", 0, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, unmapped, 1, 0);
    carry_out(&other);
    check_map(&other, "into domain 0's table", table, GNTST_general_error);
    seen = argument_at(&other, unmapped);
    if (seen)
        CHECK_RC(seen->status, GNTST_bad_handle);
    check_map(&other, "its own", own, GNTST_okay);
    check_map(&other, "a third domain's", thirds, GNTST_general_error);
    check_map(&other, "withdrawn", withdrawn, GNTST_general_error);
    check_map(&other, "read-only, to be written", readonly, GNTST_general_error);
    check_map(&other, "a frame that is not the granter's", foreign, GNTST_bad_page);
    CHECK_EQ(entries[0].flags, GTF_permit_access | GTF_reading | GTF_writing);

    /* In use by one domain, it is not another's, even when the granter says so now. */
    entries[0].domid = third.id;
    pinned = call_map(&third, 0, GNTMAP_host_map);
    carry_out(&third);
    check_map(&third, "in use by another", pinned, GNTST_general_error);

    end(&other); /* and with it goes what it had mapped */
    end_grants(5);
    end(&third);
    free_page(page);
}

/* What is copied into or from is one's own, or granted. */
TEST(rule_grants_limit_copies)
{
    struct {
        const char *what;
        gnttab_copy_t op;
        int16_t status;
        uint32_t va;
    } all[] = {
        {"from a frame that nobody grants", {.flags = 0}, GNTST_permission_denied, 0},
        {"from domain 0's frame as its own", {.source.domid = DOMID_SELF}, GNTST_bad_page, 0},
        {"into domain 0's frame as its own", {.source.domid = DOMID_SELF}, GNTST_bad_page, 0},
        {"into what may only be read", {.source.domid = DOMID_SELF, .flags = GNTCOPY_dest_gref}, GNTST_general_error, 0},
        {"from what may only be read", {.flags = GNTCOPY_source_gref}, GNTST_okay, 0},
        {"from what is granted to a third", {.flags = GNTCOPY_source_gref}, GNTST_general_error, 0},
        {"beyond the source", {.source = {.domid = DOMID_SELF, .offset = 4093}}, GNTST_bad_copy_arg, 0},
        {"beyond the destination", {.source.domid = DOMID_SELF, .dest.offset = 4093}, GNTST_bad_copy_arg, 0},
    };
    uint32_t *page, own;

    if (!begin(&third) || !begin(&other) || !begin_grants())
        return;
    page = alloc_page();
    page[0] = SECRET;
    own = other.mfn[VICTIM_DATA];
    grant(0, other.id, virt_to_mfn(page), GTF_readonly);
    grant(1, third.id, virt_to_mfn(page), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        gnttab_copy_t *op = &all[i].op;

        op->len = 4;
        op->dest.domid = DOMID_SELF;
        op->source.u.gmfn = op->dest.u.gmfn = own;
    }
    all[0].op.source.u.gmfn = all[1].op.source.u.gmfn = all[2].op.dest.u.gmfn = virt_to_mfn(page);
    all[3].op.dest.domid = 0;
    all[3].op.dest.u.ref = all[4].op.source.u.ref = REF;
    all[5].op.source.u.ref = REF + 1;
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        all[i].op.status = 77;
        all[i].va = ARGUMENT(&other, all[i].op);
        call(&other, "copy", 0, __HYPERVISOR_grant_table_op, GNTTABOP_copy, all[i].va, 1, 0);
    }
    carry_out(&other);
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        const gnttab_copy_t *seen = argument_at(&other, all[i].va);

        context("%s", all[i].what);
        if (seen)
            CHECK_RC(seen->status, all[i].status);
    }
    CHECK_EQ(page[0], SECRET);
    victim_unmap();
    end(&other);
    end_grants(2);
    end(&third);
    free_page(page);
}

/* A granter that ends while others map its frame: they keep it, and nothing of it is used for anything else. */
TEST(rule_grants_outlive_their_granter)
{
    gnttab_map_grant_ref_t map = {.host_addr = FREE_VA + PAGE_SIZE, .flags = GNTMAP_host_map, .ref = REF, .status = 77};
    gnttab_unmap_grant_ref_t unmap = {.host_addr = FREE_VA + PAGE_SIZE, .status = 77};
    static struct int82_audit before, after;
    gnttab_setup_table_t s = {.nr_frames = 1, .status = 77};
    grant_entry_v1_t entry = {.flags = GTF_permit_access, .domid = 0};
    xen_pfn_t frame = 0;
    mmu_update_t req;

    CHECK_RC(audit_read(&before), 0);
    if (!begin(&other))
        return;
    write_secret(&other);
    s.dom = map.dom = other.id;
    s.frame_list = &frame;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    req.ptr = pte_maddr(mm_l1_entry((void *)TABLE_VA));
    req.val = make_pte(frame, PTE_KERNEL_RW);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)other.id), 0);
    entry.frame = other.mfn[SECRET_FRAME];
    memcpy((void *)&entries[0], &entry, sizeof(entry));
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1), 0);
    CHECK_RC(map.status, GNTST_okay);
    CHECK_RC(unmap_at(TABLE_VA), 0);
    end(&other);
    if (begin(&third)) /* which would get what is free too early */
        end(&third);
    CHECK_EQ(*(volatile uint32_t *)(FREE_VA + PAGE_SIZE), SECRET);
    CHECK_RC(audit_read(&after), 0);
    CHECK_EQ(after.mismatches, 0);
    unmap.handle = map.handle;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1), 0);
    CHECK_RC(unmap.status, GNTST_okay);
    if (begin(&third)) /* which does away with what is left of the other */
        end(&third);
    CHECK_RC(audit_read(&after), 0);
    CHECK_EQ(after.mismatches, 0);
    CHECK_EQ(after.free_frames, before.free_frames);
}

/* ---- Rights */

TEST(rule_rights_are_domain_0s)
{
    struct xen_domctl domctl = {.cmd = XEN_DOMCTL_getdomaininfo, .interface_version = XEN_DOMCTL_INTERFACE_VERSION};
    struct xen_sysctl sysctl = {.cmd = XEN_SYSCTL_physinfo, .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    xen_platform_op_t platform = {.cmd = XENPF_get_cpuinfo, .interface_version = XENPF_INTERFACE_VERSION};
    struct sched_remote_shutdown shutdown = {.domain_id = 0, .reason = SHUTDOWN_crash};
    struct mmuext_op flush = {.cmd = MMUEXT_FLUSH_CACHE};
    struct xen_memory_map map = {.nr_entries = 128, .buffer = (void *)VICTIM_VA(VICTIM_SPARE)};
    struct physdev_irq irq = {.irq = 1};
    struct vcpu_set_singleshot_timer timer = {.timeout_abs_ns = 1};
    struct physdev_set_iobitmap bitmap = {.bitmap = (void *)IN_HYPERVISOR, .nr_ports = 65536};
    domid_t zero = 0, self;

    if (!begin(&other))
        return;
    call(&other, "I/O bitmap in the hypervisor", -EINVAL, __HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap,
         ARGUMENT(&other, bitmap), 0, 0);
    bitmap.bitmap = (void *)(HYPERVISOR_VIRT_START - 100);
    call(&other, "I/O bitmap up to the hypervisor", -EINVAL, __HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap,
         ARGUMENT(&other, bitmap), 0, 0);
    self = other.id;
    call(&other, "domctl", -EPERM, __HYPERVISOR_domctl, ARGUMENT(&other, domctl), 0, 0, 0);
    call(&other, "sysctl", -EPERM, __HYPERVISOR_sysctl, ARGUMENT(&other, sysctl), 0, 0, 0);
    call(&other, "dom0_op", -EPERM, __HYPERVISOR_dom0_op, ARGUMENT(&other, platform), 0, 0, 0);
    call(&other, "remote shutdown", -EPERM, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, ARGUMENT(&other, shutdown),
         0, 0);
    call(&other, "console's input", -EPERM, __HYPERVISOR_console_io, CONSOLEIO_read, 1, VICTIM_VA(VICTIM_SPARE), 0);
    call(&other, "the caches", -EINVAL, __HYPERVISOR_mmuext_op, ARGUMENT(&other, flush), 1, 0, DOMID_SELF);
    call(&other, "the machine's memory map", -EINVAL, __HYPERVISOR_memory_op, XENMEM_machine_memory_map,
         ARGUMENT(&other, map), 0, 0);
    call(&other, "an interrupt's vector", -EPERM, __HYPERVISOR_physdev_op, PHYSDEVOP_alloc_irq_vector,
         ARGUMENT(&other, irq), 0, 0);
    call(&other, "another vCPU's timer", -EINVAL, __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 1,
         ARGUMENT(&other, timer), 0);
    call(&other, "domain 0's size", -EPERM, __HYPERVISOR_memory_op, XENMEM_current_reservation,
         ARGUMENT(&other, zero), 0, 0);
    call(&other, "its own size, by its number", -EPERM, __HYPERVISOR_memory_op, XENMEM_current_reservation,
         ARGUMENT(&other, self), 0, 0);
    carry_out(&other);
    end(&other);
}

/* Page tables: frames that are not its own, by every number that it may name an owner by. */
TEST(rule_rights_over_frames)
{
    const uint32_t hole = VICTIM_HOLE_VA, flags = PTE_KERNEL_RO;
    uint32_t slot, own;
    mmu_update_t io, of_domain_0, tables_of_0, m2p;
    struct mmuext_op base = {.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = virt_to_mfn(mm_base())}, copy;
    struct physdev_pirq_eoi_gmfn eoi;
    struct vcpu_register_vcpu_info info = {.offset = 128};
    xen_pfn_t gdt;
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = pte_maddr(mm_l1_entry((void *)FREE_VA)) >> PAGE_SHIFT};
    void *page, *gdt_page;

    if (!begin(&other))
        return;
    page = alloc_page();
    gdt_page = alloc_page();
    memset(gdt_page, 0, PAGE_SIZE);
    CHECK_RC(page_make_readonly(gdt_page), 0); /* fit to hold descriptors */
    gdt = virt_to_mfn(gdt_page);
    eoi.gmfn = info.mfn = virt_to_mfn(page);
    own = other.mfn[VICTIM_DATA];
    copy = (struct mmuext_op){.cmd = MMUEXT_COPY_PAGE, .arg1.mfn = own, .arg2.src_mfn = virt_to_mfn(page)};
    m2p = (mmu_update_t){.ptr = (uint64_t)virt_to_mfn(page) << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, .val = 1};
    slot = (hole - VICTIM_VA(0)) / PAGE_SIZE * 8;
    io.ptr = of_domain_0.ptr = ((uint64_t)other.mfn[VICTIM_L1] << PAGE_SHIFT) + slot;
    io.val = make_pte(MMIO_FRAME, flags);
    of_domain_0.val = make_pte(virt_to_mfn(page), flags);
    tables_of_0 = (mmu_update_t){.ptr = pte_maddr(mm_l1_entry((void *)FREE_VA)), .val = make_pte(own, flags)};
    call(&other, "I/O memory", -EPERM, __HYPERVISOR_mmu_update, ARGUMENT(&other, io), 1, 0, DOMID_SELF);
    call(&other, "I/O memory, as DOMID_IO's", -ESRCH, __HYPERVISOR_mmu_update, ARGUMENT(&other, io), 1, 0, DOMID_IO);
    call(&other, "I/O memory, by address", -EPERM, __HYPERVISOR_update_va_mapping, hole, MMIO_FRAME << PAGE_SHIFT | flags,
         0, 0);
    call(&other, "domain 0's frame", -ESRCH, __HYPERVISOR_mmu_update, ARGUMENT(&other, of_domain_0), 1, 0, 0);
    call(&other, "domain 0's tables", -ESRCH, __HYPERVISOR_mmu_update, ARGUMENT(&other, tables_of_0), 1, 0,
         1 << 16 | DOMID_SELF);
    call(&other, "domain 0's table, pinned", -ESRCH, __HYPERVISOR_mmuext_op, ARGUMENT(&other, pin), 1, 0, 0);
    call(&other, "domain 0's table, pinned as its own", -EINVAL, __HYPERVISOR_mmuext_op, ARGUMENT(&other, pin), 1, 0,
         DOMID_SELF);
    call(&other, "domain 0's frame, copied", -EINVAL, __HYPERVISOR_mmuext_op, ARGUMENT(&other, copy), 1, 0, DOMID_SELF);
    call(&other, "domain 0's tables, run on", -EINVAL, __HYPERVISOR_mmuext_op, ARGUMENT(&other, base), 1, 0, DOMID_SELF);
    call(&other, "domain 0's frame in machine-to-phys", -EINVAL, __HYPERVISOR_mmu_update, ARGUMENT(&other, m2p), 1, 0,
         DOMID_SELF);
    call(&other, "domain 0's frame as GDT", -EINVAL, __HYPERVISOR_set_gdt, ARGUMENT(&other, gdt), 512, 0, 0);
    call(&other, "domain 0's frame as eoi page", -EINVAL, __HYPERVISOR_physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v1,
         ARGUMENT(&other, eoi), 0, 0);
    call(&other, "domain 0's frame as vcpu_info", -EINVAL, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0,
         ARGUMENT(&other, info), 0);
    carry_out(&other);
    CHECK(!probe_read((void *)FREE_VA, NULL, NULL));
    end(&other);
    CHECK_RC(page_make_writable(gdt_page), 0);
    free_page(gdt_page);
    free_page(page);
}

/* domctl: what domain 0 must not do to itself, and vCPUs that are not there. */
TEST(rule_rights_end_at_oneself)
{
    static struct vcpu_guest_context c;
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = 0, .ctxt.p = &c}}, beyond = {.u.vcpucontext = {.vcpu = 2}},
                      more = {.u.max_vcpus.max = 9};

    if (!begin(&other))
        return;
    CHECK_RC(victim_domctl(XEN_DOMCTL_pausedomain, 0, &op), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_destroydomain, 0, &op), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_setvcpucontext, 0, &op), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_getvcpucontext, 0, &op), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_max_vcpus, 0, &more), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_max_vcpus, other.id, &more), -EINVAL);
    beyond.u.vcpucontext.ctxt.p = &c;
    CHECK_RC(victim_domctl(XEN_DOMCTL_getvcpucontext, other.id, &beyond), -EINVAL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_setvcpucontext, other.id, &beyond), -EINVAL);
    end(&other);
}

/* memory_op: how much it may have, and whose frames it gives back. */
TEST(rule_rights_over_memory)
{
    struct xen_memory_reservation more = {.extent_start = (void *)VICTIM_VA(VICTIM_SPARE), .domid = DOMID_SELF},
                                  others = more, of_0 = more;
    struct xen_memory_exchange exchange = {
        .in = {.extent_start = (void *)VICTIM_VA(VICTIM_SPARE + 1), .nr_extents = 1, .domid = DOMID_SELF},
        .out = {.extent_start = (void *)VICTIM_VA(VICTIM_SPARE + 2), .nr_extents = 1, .domid = DOMID_SELF}},
                               large;
    xen_pfn_t *list;
    void *page;

    if (!begin(&other))
        return;
    page = alloc_page();
    CHECK_RC(update_va(page, 0, UVMF_INVLPG), 0); /* nothing but the reservation refers to it */
    list = victim_map(&other, VICTIM_SPARE + 1);
    if (list)
        *list = virt_to_mfn(page);
    victim_unmap();
    more.nr_extents = 257; /* of 256: victim.c */
    others.extent_start = (void *)VICTIM_VA(VICTIM_SPARE + 1);
    others.nr_extents = of_0.nr_extents = 1;
    of_0.domid = 0;
    large = exchange;
    large.in.extent_order = large.out.extent_order = 10;
    call(&other, "4 MiB in a row", -EPERM, __HYPERVISOR_memory_op, XENMEM_exchange, ARGUMENT(&other, large), 0, 0);
    call(&other, "domain 0's frame, given back", 0, __HYPERVISOR_memory_op, XENMEM_decrease_reservation,
         ARGUMENT(&other, others), 0, 0);
    call(&other, "domain 0's frame, exchanged", -EINVAL, __HYPERVISOR_memory_op, XENMEM_exchange,
         ARGUMENT(&other, exchange), 0, 0);
    call(&other, "more for domain 0", 0, __HYPERVISOR_memory_op, XENMEM_increase_reservation, ARGUMENT(&other, of_0), 0,
         0);
    call(&other, "one more than it may have", 256, __HYPERVISOR_memory_op, XENMEM_increase_reservation,
         ARGUMENT(&other, more), 0, 0);
    carry_out(&other);
    end(&other);
    CHECK_RC(update_va(page, make_pte(virt_to_mfn(page), PTE_KERNEL_RW), UVMF_INVLPG), 0);
    *(volatile uint32_t *)page = 0;
    free_page(page);
}

/* ---- The end */

/* Its watchdog and timers end with it: they do not strike whoever lies in the same memory next. */
TEST(rule_nothing_strikes_after_the_end)
{
    struct sched_watchdog watchdog = {.timeout = 1};
    static struct int82_audit books;
    struct xen_domctl info = {.u.getdomaininfo = {.domain = 0}};
    uint64_t until;

    if (!begin(&other))
        return;
    call(&other, "watchdog", 1, __HYPERVISOR_sched_op, SCHEDOP_watchdog, ARGUMENT(&other, watchdog), 0, 0);
    call(&other, "timer", 0, __HYPERVISOR_set_timer_op, 0, 0x1000, 0, 0); /* hours away */
    carry_out(&other);
    end(&other);
    CHECK_RC(audit_read(&books), 0); /* knows whose each timer is */
    CHECK_EQ(books.mismatches, 0);
    if (!begin(&third))
        return;
    until = system_time() + 1500000000ull;
    while (system_time() < until)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    CHECK_RC(victim_domctl(XEN_DOMCTL_getdomaininfo, third.id, &info), 0);
    CHECK_EQ(info.u.getdomaininfo.flags & XEN_DOMINF_shutdown, 0);
    end(&third);
}

static int create_with_number(domid_t domid)
{
    struct xen_domctl op = {.u.createdomain = {.ssidref = 0}};

    return victim_domctl(XEN_DOMCTL_createdomain, domid, &op);
}

/* As long as anything of it is mapped, it is there: its pages that the hypervisor shares, and its number. */
TEST(rule_dead_domains_stay_while_used)
{
    static struct int82_audit before, after;
    struct xen_domctl info = {.u.getdomaininfo = {.domain = 0}}, destroy = {0};
    gnttab_setup_table_t s = {.nr_frames = 1, .status = 77};
    xen_pfn_t frames[3] = {0};

    CHECK_RC(audit_read(&before), 0);
    for (unsigned int i = 0; i < 3; i++) {
        context("%s", (const char *const[]){"shared_info", "grant table", "frame"}[i]);
        if (!begin(&other))
            return;
        s.dom = other.id;
        s.frame_list = &frames[1];
        CHECK_RC(victim_domctl(XEN_DOMCTL_getdomaininfo, other.id, &info), 0);
        CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
        frames[0] = info.u.getdomaininfo.shared_info_frame;
        frames[2] = other.mfn[SECRET_FRAME];
        CHECK_RC(map_other(FREE_VA, frames[i], other.id), 0);
        end(&other);
        CHECK_RC(create_with_number(other.id), -EINVAL);
        if (begin(&third)) /* which would get what is free too early */
            end(&third);
        CHECK_RC(audit_read(&after), 0);
        CHECK_EQ(after.mismatches, 0);
        CHECK_RC(unmap_at(FREE_VA), 0);
        CHECK_RC(create_with_number(other.id), 0);
        CHECK_RC(victim_domctl(XEN_DOMCTL_destroydomain, other.id, &destroy), 0);
    }
    CHECK_RC(audit_read(&after), 0);
    CHECK_EQ(after.mismatches, 0);
    CHECK_EQ(after.free_frames, before.free_frames);
    CHECK_EQ(after.free_heap_pages, before.free_heap_pages);
}

/* ---- In an ordinary domain itself */

#define CMOS_YEAR 9

static uint32_t port_in(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
    return value;
}

static void port_out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "d"(port));
}

static void set_hypercall_page(void *frame)
{
    uint64_t at = (uint64_t)(uint32_t)frame << PAGE_SHIFT;

    __asm__ volatile("wrmsr" : : "A"(at), "c"(0x40000000));
}

/* Its I/O privilege level is its own affair, the machine's devices are not. */
TEST(rule_rights_over_devices)
{
    static const uint16_t ports[] = {0x64, 0x92, 0x3DA, 0x3FD, 0xCFC, 0xB000};
    struct physdev_set_iopl iopl = {1};
    struct caught_trap caught;

    if (start_info->flags & SIF_PRIVILEGED)
        SKIP("this domain has them");
    if (!is_int82())
        SKIP("not tried on another hypervisor");
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++) {
        context("port 0x%x", ports[i]);
        CHECK_EQ(port_in(ports[i]), 0xFF);
    }
    context("the clock");
    port_out(0x70, CMOS_YEAR);
    CHECK_EQ(port_in(0x71), 0xFF);
    iopl.iopl = 0;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    context("hypercall page in a frame of the hypervisor's");
    EXPECT_TRAP(&caught, set_hypercall_page, foreign_frame(), TRAP_GP);
}
