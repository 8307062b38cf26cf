/* SPDX-License-Identifier: MIT */
/*
 * The other half of isolation. isolation.c tests what a guest's own instructions reach. Here a guest tries to send the
 * processor or the hypervisor somewhere on its behalf: with handlers, callbacks, gates and frames that name the
 * hypervisor's code, with stacks that lie in its memory, with instructions whose access only begins below its border.
 * Each attempt must end in a fault of the guest's, seen by a handler or by the failsafe callback. A piece of code at
 * the place where control would go reports in which ring it runs.
 */
#include "test.h"

extern const char user_int80[], user_push[], user_leave[];

#define HYP_CODE   0xFD900000u /* somewhere in the hypervisor's image */
#define FLAT_BELOW 0xF6800000u /* guests' flat segments end here */

/* ---- Where control goes: to the probe, to the failsafe callback, or to a trap handler of the library */

enum { NOWHERE, PROBE, FAILSAFE };
extern volatile uint32_t entry_seen, entry_cs, entry_back_esp, entry_back_eip;
extern const char entry_probe[], entry_failsafe[];
__asm__(".data; .balign 4; entry_seen: .long 0; entry_cs: .long 0; entry_back_esp: .long 0; entry_back_eip: .long 0;"
        ".text;"
        "entry_probe:\n"
        "        mov     %cs, %eax\n"
        "        mov     %eax, %ss:entry_cs\n"
        "        movl    $1, %ss:entry_seen\n"
        "        test    $3, %al\n"
        "        jnz     1f\n"
        "        push    $0xe021\n" /* in ring 0, where none of our code should ever be: back to ring 1 */
        "        push    %ss:entry_back_esp\n"
        "        push    $0x202\n"
        "        push    $0xe019\n"
        "        push    %ss:entry_back_eip\n"
        "        iret\n"
        "entry_failsafe:\n"
        "        movl    $2, %ss:entry_seen\n"
        "1:      mov     %ss:entry_back_esp, %esp\n"
        "        jmp     *%ss:entry_back_eip\n"
        /* bool entry_catch(void (*fn)(void *), void *arg): true when control went to one of the two */
        "        .globl  entry_catch\n"
        "entry_catch:\n"
        "        mov     4(%esp), %eax\n"
        "        mov     8(%esp), %edx\n"
        "        push    %ebx; push %esi; push %edi; push %ebp\n"
        "        mov     %esp, entry_back_esp\n"
        "        movl    $2f, entry_back_eip\n"
        "        movl    $0, entry_seen\n"
        "        push    %edx\n"
        "        call    *%eax\n"
        "        add     $4, %esp\n"
        "2:      mov     $0xe021, %eax\n"
        "        mov     %eax, %ds; mov %eax, %es; mov %eax, %ss\n"
        "        pop     %ebp; pop %edi; pop %esi; pop %ebx\n"
        "        cld\n"
        "        ret\n");
void entry_catch(void (*fn)(void *), void *arg);

static void begin_catching(void)
{
    CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, entry_failsafe), 0);
}

static void end_catching(void)
{
    CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry), 0);
    vcpu0_info.evtchn_upcall_mask = 1;
}

static uint32_t tries;

#define NEED_INT82() \
    if (!is_int82()) \
    SKIP("4.2.5 ends the domain instead")

/* fn must lead to the failsafe callback. */
static void must_fail(const char *what, uint32_t detail, void (*fn)(void *), void *arg)
{
    tries++;
    entry_catch(fn, arg);
    if (entry_seen == PROBE)
        FAIL("%s 0x%x: our code ran in ring %u", what, detail, entry_cs & 3);
    else if (entry_seen != FAILSAFE)
        FAIL("%s 0x%x: it came back", what, detail);
}

/* Code selectors that lead to the hypervisor, or nowhere, whatever their RPL. */
static const uint16_t bad_cs[] = {0xe008, 0xe009, 0xe00a, 0xe00b, 0xe010, 0xe011, 0xe038, 0xe039,
                                  0xe040, 0xe048, 0xe049, 0xe050, 0xfff8, 0xfff9, 0x0009};

static void do_ud2(void *arg)
{
    (void)arg;
    __asm__ volatile("ud2");
}

static void set_vector(uint8_t vector, uint8_t flags, uint16_t cs, uint32_t address)
{
    trap_info_t table[2] = {{vector, flags, cs, address}, {0, 0, 0, 0}};

    CHECK_RC(HYPERVISOR_set_trap_table(table), 0);
}

TEST(isolation_entry_handler_selectors)
{
    NEED_INT82();
    begin_catching();
    for (unsigned int i = 0; i < ARRAY_SIZE(bad_cs); i++) {
        set_vector(TRAP_INVALID_OP, 0, bad_cs[i], (uint32_t)entry_probe);
        must_fail("a handler at", bad_cs[i], do_ud2, NULL);
    }
    traps_init();
    end_catching();
}

static const uint32_t bad_eip[] = {HYP_CODE, 0xF6800000, 0xF7800000, 0xFC823000, 0xFFFFFFFF};

/* The limit of the code segment keeps a handler out of the hypervisor. A machine without limits proves nothing here. */
TEST(isolation_entry_handler_addresses)
{
    NEED_LIMITS();
    begin_catching();
    for (unsigned int i = 0; i < ARRAY_SIZE(bad_eip); i++) {
        set_vector(TRAP_INVALID_OP, 0, FLAT_KERNEL_CS, bad_eip[i]);
        must_fail("a handler at", bad_eip[i], do_ud2, NULL);
    }
    traps_init();
    end_catching();
}

static void user(void *snippet)
{
    struct caught_trap caught;

    user_run(snippet, 0, &caught);
}

/* The processor itself uses the gate of `int $0x80`. With one of the hypervisor's selectors in it, the guest's code
 * would run in ring 0 (close to XSA-446, which is about the kind of gate and its target). */
TEST(rule_no_gate_into_the_hypervisor)
{
    if (!user_setup())
        return;
    begin_catching();
    for (unsigned int i = 0; i < ARRAY_SIZE(bad_cs) - 1; i++) /* the last selector is ours, but not present: a fault */
        for (uint8_t flags = 3; flags <= 7; flags += 4) {
            set_vector(0x80, flags, bad_cs[i], (uint32_t)entry_probe);
            must_fail("int 0x80 to", bad_cs[i], user, (void *)user_int80);
        }
    set_vector(0x80, 3, FLAT_KERNEL_CS, (uint32_t)entry_probe);
    entry_catch(user, (void *)user_int80); /* a transfer that is allowed does take place */
    CHECK_EQ(entry_seen, PROBE);
    CHECK_EQ(entry_cs & 3, 1);
    trap_set_entry(0x80, NULL, 0);
    end_catching();
    user_teardown();
}

static void send_event(void *port)
{
    vcpu0_info.evtchn_upcall_mask = 0;
    HYPERVISOR_event_channel_op(EVTCHNOP_send, port);
    HYPERVISOR_xen_version(0, NULL);
}

TEST(isolation_entry_event_callbacks)
{
    static evtchn_port_t port;

    NEED_INT82();
    port = event_bind_ipi(0);
    event_unmask(port);
    for (unsigned int i = 0; i < ARRAY_SIZE(bad_cs) + ARRAY_SIZE(bad_eip); i++) {
        uint32_t cs = i < ARRAY_SIZE(bad_cs) ? bad_cs[i] : FLAT_KERNEL_CS;
        uint32_t eip = i < ARRAY_SIZE(bad_cs) ? (uint32_t)entry_probe : bad_eip[i - ARRAY_SIZE(bad_cs)];

        if (cs == FLAT_KERNEL_CS && !limits_hold())
            continue;
        events_clear_all();
        CHECK_RC(HYPERVISOR_set_callbacks(cs, eip, FLAT_KERNEL_CS, entry_failsafe), 0);
        must_fail("an upcall to", cs == FLAT_KERNEL_CS ? eip : cs, send_event, &port);
        vcpu0_info.evtchn_upcall_mask = 1;
    }
    end_catching();
    CHECK_RC(event_close(port), 0);
    events_clear_all();
}

static void nmi(void *arg)
{
    (void)arg;
    HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL);
    HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, entry_failsafe);
}

TEST(isolation_entry_nmi_callback)
{
    struct {
        uint32_t handler_address, pad;
    } arg = {0, 0};

    NEED_LIMITS();
    begin_catching();
    for (unsigned int i = 0; i < ARRAY_SIZE(bad_eip); i++) {
        arg.handler_address = bad_eip[i];
        CHECK_RC(HYPERVISOR_nmi_op(0, &arg), 0);
        must_fail("an NMI to", bad_eip[i], nmi, NULL);
        end_nmi();
    }
    CHECK_RC(HYPERVISOR_nmi_op(1, NULL), 0);
    end_catching();
}

/* ---- Frames that a guest makes */

struct target {
    uint32_t eip, cs, esp, ss;
};

static void hypercall_iret(void *arg)
{
    const struct target *t = arg;

    __asm__ volatile("push %0; push %1; push $0x202; push %2; push %3; push $0; mov $23, %%eax; int $0x82"
                     :
                     : "r"(t->ss), "r"(t->esp), "r"(t->cs), "r"(t->eip));
}

/* The hypervisor's iret faults, and the guest gets the frame to deal with. */
TEST(isolation_entry_hypercall_iret)
{
    struct target t = {.eip = (uint32_t)entry_probe, .esp = (uint32_t)&tries, .ss = FLAT_KERNEL_SS};

    NEED_INT82();
    begin_catching();
    for (unsigned int i = 0; i < ARRAY_SIZE(bad_cs); i++) {
        if (!(bad_cs[i] & 3))
            continue; /* guest_crash.sh tests frames for ring 0 */
        t.cs = bad_cs[i];
        t.ss = (bad_cs[i] & 3) == 1 ? FLAT_KERNEL_SS : FLAT_USER_SS;
        must_fail("HYPERVISOR_iret to", t.cs, hypercall_iret, &t);
    }
    if (limits_hold())
        for (unsigned int i = 0; i < ARRAY_SIZE(bad_eip); i++) {
            t = (struct target){bad_eip[i], FLAT_KERNEL_CS, 0, 0};
            must_fail("HYPERVISOR_iret to", t.eip, hypercall_iret, &t);
        }
    end_catching();
}

static void direct_iret(void *arg)
{
    const struct target *t = arg;

    __asm__ volatile("push %0; push %1; push $0x202; push %2; push %3; iret"
                     :
                     : "r"(t->ss), "r"(t->esp), "r"(t->cs), "r"(t->eip));
}

TEST(isolation_entry_direct_iret)
{
    static const uint16_t bad_ss[] = {0xe010, 0xe013, 0xe011, 0xe00b, 0xe03b, 0xe021, 0};
    struct caught_trap caught;
    struct target t;

    if (!user_setup())
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(bad_cs); i++) {
        t = (struct target){(uint32_t)entry_probe, bad_cs[i], USER_ESP,
                            (bad_cs[i] & 3) == 3 ? FLAT_USER_SS : FLAT_KERNEL_SS};
        CHECK(trap_catch(&caught, direct_iret, &t));
        CHECK(caught.vector == TRAP_GP || caught.vector == TRAP_NO_SEGMENT);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(bad_ss); i++) {
        context("SS 0x%x", bad_ss[i]);
        t = (struct target){user_address(user_leave), FLAT_USER_CS, USER_ESP, bad_ss[i]};
        CHECK(trap_catch(&caught, direct_iret, &t));
        CHECK_EQ(caught.vector, TRAP_GP);
    }
    context("%s", "");
    user_teardown();
}

/* With NT set, iret returns to the task that the TSS names. There is none. */
static void nested_task(void *arg)
{
    (void)arg;
    __asm__ volatile("push %%cs; push $1f; pushf; orl $0x4000, (%%esp); popf; pushf; iret; 1: add $8, %%esp"
                     :
                     :
                     : "memory", "cc");
}

static bool drop_nt(struct trap_frame *frame)
{
    frame->eflags &= ~0x4000u;
    return false;
}

TEST(isolation_entry_nested_task)
{
    trap_handler_t old = trap_set_handler(TRAP_INVALID_TSS, drop_nt), old_gp = trap_set_handler(TRAP_GP, drop_nt);
    struct caught_trap caught;
    bool trapped = trap_catch(&caught, nested_task, NULL);
    uint32_t flags;

    __asm__ volatile("pushf; andl $~0x4000, (%%esp); popf; pushf; pop %0" : "=r"(flags));
    CHECK(trapped);
    CHECK_ONE_OF(caught.vector, TRAP_INVALID_TSS, TRAP_GP); /* TCG looks first at the null selector */
    trap_set_handler(TRAP_INVALID_TSS, old);
    trap_set_handler(TRAP_GP, old_gp);
}

/* Ring 3 on a stack in the hypervisor. */
TEST(isolation_entry_user_stack)
{
    static const uint32_t stacks[] = {HYP_CODE, 0xFC824000, 0xF6800004, 0xF5800010, 0xF6000000, 4, 0};
    struct caught_trap caught;

    if (!user_setup())
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(stacks); i++) {
        context("ESP 0x%x", stacks[i]);
        run_user(user_address(user_push), stacks[i], 0, &caught);
        CHECK(caught.vector == TRAP_STACK || caught.vector == TRAP_PAGE_FAULT || caught.vector == TRAP_GP);
    }
    context("%s", "");
    user_teardown();
}

/* ---- Descriptors of a guest's own: every kind, by the call and in a page */

#define DESC(base, limit, flags)                                                                       \
    ((uint64_t)((limit)&0xFFFF) | (uint64_t)((base)&0xFFFFFF) << 16 | (uint64_t)((flags)&0xFF) << 40 | \
     (uint64_t)(((limit) >> 16) & 0xF) << 48 | (uint64_t)(((flags) >> 8) & 0xF) << 52 |                \
     (uint64_t)((base) >> 24) << 56)

/* Some address that the descriptor allows lies in the hypervisor. Sums have 33 bits, as a segment may wrap. */
static bool reaches(uint64_t d)
{
    uint32_t base = (uint32_t)((d >> 16 & 0xFFFFFF) | (d >> 56) << 24);
    uint64_t limit = (d & 0xFFFF) | (d >> 32 & 0xF0000), first, last;

    if (d >> 55 & 1)
        limit = limit << 12 | 0xFFF;
    first = base;
    last = base + limit;
    if ((d >> 42 & 3) == 1) { /* grows downwards */
        first = base + limit + 1;
        last = base + (d >> 54 & 1 ? 0xFFFFFFFFull : 0xFFFFull);
    }
    for (uint64_t lap = 0; first <= last && lap <= 1; lap++)
        if (first <= (lap << 32 | 0xFFFFFFFF) && last >= (lap << 32 | FLAT_BELOW))
            return true;
    return false;
}

static uint64_t *table;

static void check_accepted(uint64_t wanted, uint64_t got)
{
    uint32_t type = got >> 40 & 0x1F, dpl = got >> 45 & 3, selector = got >> 16 & 0xFFFF;

    if (!(got >> 47 & 1))
        return;
    if (!dpl)
        FAIL("0x%llx became 0x%llx: DPL 0", wanted, got);
    if (type & 0x10) {
        if (reaches(got))
            FAIL("0x%llx became 0x%llx: it reaches the hypervisor", wanted, got);
    } else if (type != 0xC)
        FAIL("0x%llx became 0x%llx: a system descriptor", wanted, got);
    else if (!(selector & 3) || (!(selector & 4) && selector >= 0xE000 && (selector & ~3) != (FLAT_KERNEL_CS & ~3)))
        FAIL("0x%llx became 0x%llx: a gate to the hypervisor", wanted, got);
}

static void try_descriptor(uint64_t d)
{
    tries++;
    if (!HYPERVISOR_update_descriptor(LO_HI(virt_to_maddr(&table[7])), LO_HI(d)))
        check_accepted(d, table[7]);
}

static void try_bases_and_limits(uint32_t flags)
{
    static const uint32_t bases[] = {0,          1,          0x00000FFF, 0x10000000, 0x7FFFFFFF,
                                     0xF5800000, 0xF67FE000, 0xF67FEFFF, 0xF67FF000, 0xF67FFFFF,
                                     0xF6800000, 0xFC800000, 0xFFFFF000, 0xFFFFFFFF};
    static const uint32_t limits[] = {0,       1,       0xF,     0xFFF,   0x0FFFF, 0x10000, 0x97FFF,
                                      0xF57FF, 0xF67FE, 0xF67FF, 0xF6800, 0xFFFFE, 0xFFFFF};

    for (unsigned int b = 0; b < ARRAY_SIZE(bases); b++)
        for (unsigned int l = 0; l < ARRAY_SIZE(limits); l++)
            try_descriptor(DESC(bases[b], limits[l], flags));
}

TEST(rule_descriptors_are_checked)
{
    uint32_t mfn;

    table = alloc_page();
    mfn = virt_to_mfn(table);
    if (!CHECK_RC(page_make_readonly(table), 0) || !CHECK_RC(HYPERVISOR_set_gdt(&mfn, 512), 0))
        return;
    for (uint32_t kind = 0; kind < 0x100; kind += 2) { /* P, DPL, S and type without "accessed"; with G and D */
        if (!(kind & 0x80))
            continue;
        if (kind & 0x10)
            for (uint32_t gd = 0; gd < 4; gd++)
                try_bases_and_limits(kind | gd << 10);
        else
            for (uint32_t odd = 0; odd < 2; odd++)
                for (unsigned int i = 0; i < ARRAY_SIZE(bad_cs); i++) {
                    uint64_t words = (uint64_t)bad_cs[i] << 16 | 0x1234;

                    try_descriptor(words | (uint64_t)(kind | odd) << 40);
                    try_descriptor(words | (uint64_t)(kind | odd) << 40 | 0xE0ull << 32 | 0xC01Bull << 48);
                }
    }
    CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
    CHECK_RC(page_make_writable(table), 0);
    /* The same with a whole page of them. */
    for (uint32_t kind = 0x80; kind < 0x100; kind += 2)
        for (unsigned int i = 0; i < 3; i++) {
            uint64_t d = DESC(i == 2 ? 0xF67FE000 : 0, 0xFFFFF, kind | 0xC00);

            table[7] = d;
            CHECK_RC(page_make_readonly(table), 0);
            if (!HYPERVISOR_set_gdt(&mfn, 512)) {
                check_accepted(d, table[7]);
                CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
            }
            CHECK_RC(page_make_writable(table), 0);
        }
    free_page(table);
}

/* ---- Accesses that begin below the border */

enum across { MOVS_FROM, STOS_TO, CMPXCHG8B, LOAD_FAR, BOUND, FXSAVE, FXRSTOR, ACROSS };
static const char *const across_name[] = {"movs", "stos", "cmpxchg8b", "lgs", "bound", "fxsave", "fxrstor"};

static void cross(void *arg)
{
    uint32_t border = FLAT_BELOW;
    static uint32_t scratch[64];

    switch ((enum across)(uint32_t)arg) {
    case MOVS_FROM:
        __asm__ volatile("cld; rep movsl" : : "S"(border - 8), "D"(scratch), "c"(16) : "memory");
        break;
    case STOS_TO:
        __asm__ volatile("cld; rep stosl" : : "a"(0), "D"(border - 2), "c"(16) : "memory");
        break;
    case CMPXCHG8B:
        __asm__ volatile("cmpxchg8b (%0)" : : "r"(border - 4), "a"(0), "d"(0), "b"(0), "c"(0) : "memory");
        break;
    case LOAD_FAR:
        __asm__ volatile("lgs (%0), %%eax" : : "r"(border - 4) : "eax", "memory");
        break;
    case BOUND:
        __asm__ volatile("bound %%eax, (%0)" : : "r"(border - 4), "a"(0) : "memory");
        break;
    case FXSAVE:
        __asm__ volatile("fxsave (%0)" : : "r"(border - 256) : "memory");
        break;
    case FXRSTOR:
        __asm__ volatile("fxrstor (%0)" : : "r"(border - 256) : "memory");
        break;
    default:
        break;
    }
}

TEST(isolation_entry_across_the_border)
{
    struct caught_trap caught;

    NEED_LIMITS();
    HYPERVISOR_fpu_taskswitch(0);
    for (uint32_t i = 0; i < ACROSS; i++) {
        tries++;
        if (!trap_catch(&caught, cross, (void *)i))
            FAIL("%s was let through", across_name[i]);
        else if (caught.vector != TRAP_GP && caught.vector != TRAP_STACK && caught.vector != TRAP_PAGE_FAULT)
            FAIL("%s: trap %u", across_name[i], caught.vector);
        __asm__ volatile("mov %0, %%es; mov %1, %%gs" : : "r"(FLAT_KERNEL_DS), "r"(0));
    }
}

TEST(isolation_entry_summary)
{
    if (!tries)
        SKIP("none of the attempts was asked for");
    printf("isolation_entry: %u attempts, none succeeded unless told above\n", tries);
}
