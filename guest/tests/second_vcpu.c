/* SPDX-License-Identifier: MIT */
/*
 * A second vCPU of the same domain (Int82 and Xen: dom0_max_vcpus=2; skipped without it). It runs on vCPU 0's page
 * tables, with a stack of its own, and reports in `phase` how far it has come. It does very little, since the library
 * is made for one vCPU: it has no console and catches no trap.
 */
#include "test.h"

#include <guest/events.h>

#define STACK_SIZE 4096u
#define LOW_VA     0x7FE01000u   /* nothing is mapped there */
#define PATIENCE   2000000000ull /* ticks of the TSC */

static uint8_t stack[STACK_SIZE] __attribute__((aligned(16)));
static volatile uint32_t phase, command, upcalls, spins;
volatile uint32_t second_vcpu_nmis;
static volatile int32_t result;
static evtchn_port_t ipi;
static struct vcpu_guest_context context_of_1;

void second_vcpu_upcall(void);
extern const char second_vcpu_event_entry[], second_vcpu_start[];
extern const char second_vcpu_int80_of_0[], second_vcpu_int80_of_1[], second_vcpu_nmi_entry[];

/* The upcall of vCPU 1: events are masked on entry, and unmasked when the upcall is over. */
__asm__(".text\n"
        "second_vcpu_event_entry:\n"
        "        pusha\n"
        "        call    second_vcpu_upcall\n"
        "        mov     shared_info, %eax\n"
        "        movb    $0, 64 + 1(%eax)\n" /* vcpu_info[1].evtchn_upcall_mask */
        "        popa\n"
        "        iret\n"
        "second_vcpu_start:\n" /* EBP must hold what the context says */
        "        cmp     $0x12345678, %ebp\n"
        "        jne     second_vcpu_start\n"
        "        call    second_vcpu_main\n"
        "        ud2\n"
        "second_vcpu_int80_of_0:\n"
        "        mov     $10, %eax\n"
        "        iret\n"
        "second_vcpu_int80_of_1:\n"
        "        mov     $11, %eax\n"
        "        iret\n"
        "second_vcpu_nmi_entry:\n" /* back by the hypercall iret, which lets the next one in */
        "        incl    second_vcpu_nmis\n"
        "        push    %eax\n"
        "        mov     $23, %eax\n"
        "        int     $0x82\n");
_Static_assert(sizeof(struct vcpu_info) == 64, "in the assembly above");

static volatile struct vcpu_info *info_of_1(void)
{
    return &shared_info->vcpu_info[1];
}

void second_vcpu_upcall(void)
{
    info_of_1()->evtchn_upcall_pending = 0;
    info_of_1()->evtchn_pending_sel = 0;
    event_clear(ipi);
    upcalls++;
}

enum { NOTHING, STORE_TO_PAGE, STORE_LOW, SPIN, BLOCK, FPU, SEGMENTS, INT80, GO_DOWN, UPDATE, NMI };

/* ---- Descriptor tables of each vCPU's own, in which the same selectors name different segments. That of the LDT has
 * the index of one of the hypervisor's own descriptors in the GDT. */
#define OWN_GDT_SEL  (5 << 3 | 1)
#define OWN_LDT_PAGE 14u
#define OWN_LDT_SEL  0xE015
#define OWN_SEGMENT(word)                                                  \
    ((uint64_t)((uint32_t)(word)&0xFF000000) << 32 | 0x0040B200ull << 32 | \
     (uint64_t)((uint32_t)(word)&0xFFFFFF) << 16 | 3)

static struct own_tables {
    uint64_t *gdt, *ldt; /* of the LDT, this page alone is there */
    uint32_t gdt_mfn, by_gdt, by_ldt;
} own[2];

static int take_own_tables(const struct own_tables *o)
{
    return HYPERVISOR_set_gdt(&o->gdt_mfn, 512) |
           mmuext(MMUEXT_SET_LDT, (uint32_t)o->ldt - OWN_LDT_PAGE * PAGE_SIZE, (OWN_LDT_PAGE + 1) * 512);
}

static int leave_own_tables(void)
{
    __asm__ volatile("mov %0, %%fs; mov %0, %%gs" : : "r"(0));
    return mmuext(MMUEXT_SET_LDT, 0, 0) | HYPERVISOR_set_gdt(NULL, 0);
}

static void load_own_segments(void)
{
    __asm__ volatile("mov %0, %%gs; mov %1, %%fs" : : "r"(OWN_GDT_SEL), "r"(OWN_LDT_SEL));
}

static bool sees_its_own(const struct own_tables *o)
{
    uint32_t by_gdt, by_ldt;

    __asm__ volatile("mov %%gs:0, %0; mov %%fs:0, %1" : "=r"(by_gdt), "=r"(by_ldt));
    return by_gdt == o->by_gdt && by_ldt == o->by_ldt;
}

/* The processor goes straight to the handler: the gate's privilege level is 1. */
static uint32_t int80(void)
{
    uint32_t eax = 0;

    __asm__ volatile("int $0x80" : "+a"(eax) : : "memory");
    return eax;
}

static void __attribute__((used)) second_vcpu_main(void) __asm__("second_vcpu_main");
static void second_vcpu_main(void)
{
    phase = 1;
    for (;;) {
        switch (command) {
        case NOTHING:
            HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
            continue;
        case STORE_TO_PAGE:
            *(volatile uint32_t *)FREE_VA = 0x600DF00D;
            break;
        case STORE_LOW:
            *(volatile uint32_t *)LOW_VA = 0x5709E;
            break;
        case SPIN: /* never gives up the CPU by itself */
            while (command == SPIN)
                spins++;
            break;
        case BLOCK:
            HYPERVISOR_sched_op(SCHEDOP_block, NULL);
            break;
        case FPU: {
            int32_t n = 15;

            HYPERVISOR_fpu_taskswitch(0);
            __asm__ volatile("fninit; fildl %0; fildl %0" : : "m"(n));
            phase = 2;
            while (phase == 2) /* vCPU 0 uses the FPU in the meantime */
                HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
            __asm__ volatile("faddp; fistpl %0" : "=m"(n));
            result = n;
            break;
        }
        case SEGMENTS:
            result = take_own_tables(&own[1]);
            if (!result)
                load_own_segments();
            phase = 2;
            while (phase == 2) {
                HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
                if (!result && !sees_its_own(&own[1]))
                    result = 1;
            }
            result |= leave_own_tables();
            break;
        case INT80:
            result = 0;
            phase = 2;
            while (phase == 2) {
                if (int80() != 11)
                    result = 1;
                HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
            }
            break;
        case GO_DOWN:
            phase = 3;
            result = HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL);
            break;
        case UPDATE:
            result = update_va((void *)FREE_VA, 0, UVMF_INVLPG);
            break;
        case NMI:
            second_vcpu_nmis = 0;
            phase = 2;
            HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
            result = second_vcpu_nmis;
            break;
        }
        command = NOTHING;
        phase = 4;
    }
}

/* Lets vCPU 1 run until *what is value. */
static bool wait_for(const volatile uint32_t *what, uint32_t value)
{
    uint64_t end = rdtsc() + PATIENCE;

    while (*what != value && rdtsc() < end)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    return *what == value;
}

static bool order(uint32_t what)
{
    phase = 0;
    command = what;
    return wait_for(&phase, 4);
}

static bool exists(void)
{
    return HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) != -ENOENT;
}

#define NEED_VCPU_1()                   \
    do {                                \
        if (!exists())                  \
            SKIP("there is no vCPU 1"); \
    } while (0)
#define NEED_RUNNING()                                           \
    do {                                                         \
        NEED_VCPU_1();                                           \
        if (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) != 1)      \
            SKIP("vCPU 1 does not run: see second_vcpu_starts"); \
    } while (0)

static void fill_context(struct vcpu_guest_context *c)
{
    memset(c, 0, sizeof(*c));
    c->flags = VGCF_IN_KERNEL;
    c->user_regs.eip = (uint32_t)second_vcpu_start;
    c->user_regs.cs = FLAT_KERNEL_CS & ~3u; /* the privilege level is corrected */
    c->user_regs.ss = c->user_regs.ds = c->user_regs.es = FLAT_KERNEL_DS;
    c->user_regs.esp = (uint32_t)stack + STACK_SIZE;
    c->user_regs.ebp = 0x12345678;
    c->kernel_ss = FLAT_KERNEL_DS;
    c->kernel_sp = c->user_regs.esp;
    c->event_callback_cs = FLAT_KERNEL_CS;
    c->event_callback_eip = (uint32_t)second_vcpu_event_entry;
    c->trap_ctxt[0x80] = (struct trap_info){
        .vector = 0x80, .flags = 1, .cs = FLAT_KERNEL_CS, .address = (uint32_t)second_vcpu_int80_of_1};
    c->trap_ctxt[2] =
        (struct trap_info){.vector = 2, .flags = 4, .cs = FLAT_KERNEL_CS, .address = (uint32_t)second_vcpu_nmi_entry};
    c->debugreg[7] = 0xFFFFFFFF; /* refused, but that is no error */
    c->ctrlreg[3] = virt_to_mfn(mm_base()) << PAGE_SHIFT | virt_to_mfn(mm_base()) >> 20;
}

TEST(second_vcpu_refused)
{
    struct vcpu_guest_context *c = &context_of_1;
    void *data;

    NEED_VCPU_1();
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), -EINVAL); /* not initialised */
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, UNMAPPED), -EFAULT);

    data = alloc_page();
    fill_context(c);
    c->ctrlreg[3] = virt_to_mfn(data) << PAGE_SHIFT; /* a writable page is not a table */
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, c), -EINVAL);
    c->ctrlreg[3] = MMIO_FRAME << PAGE_SHIFT;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, c), -EINVAL);
    fill_context(c);
    c->gdt_ents = 14 * 512 + 1;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, c), -EINVAL);
    fill_context(c);
    c->gdt_ents = 512;
    c->gdt_frames[0] = virt_to_mfn(mm_base());
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, c), -EINVAL);
    fill_context(c);
    c->ldt_base = 1;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, c), -EINVAL);
    c->ldt_base = (uint32_t)data;
    c->ldt_ents = 8193;
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, c), -EINVAL);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), -EINVAL);
    /* The refused calls have kept no reference. */
    CHECK_RC(page_make_readonly(data), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(data), 0), 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(data), 0), 0);
    CHECK_RC(page_make_writable(data), 0);
    free_page(data);
}

TEST(second_vcpu_starts)
{
    struct vcpu_guest_context *c = &context_of_1;

    NEED_VCPU_1();
    fill_context(c);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, c), 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, c), -EEXIST);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    CHECK_EQ(phase, 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), 1);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), 0);
    CHECK(wait_for(&phase, 1));
    CHECK(info_of_1()->time.tsc_to_system_mul != 0);
    CHECK_EQ(info_of_1()->time.tsc_to_system_mul, vcpu0_info.time.tsc_to_system_mul);
}

/* Each vCPU sees what the other one maps. */
TEST(second_vcpu_shares_tables)
{
    uint32_t *page;

    NEED_RUNNING();
    page = alloc_page();
    CHECK_RC(map_at(FREE_VA, virt_to_mfn(page), PTE_KERNEL_RW), 0);
    CHECK(order(STORE_TO_PAGE));
    CHECK_EQ(*page, 0x600DF00D);
    CHECK(order(UPDATE)); /* unmaps it */
    CHECK_RC(result, 0);
    CHECK(!probe_read((void *)FREE_VA, NULL, NULL));
    CHECK_RC(page_make_readonly(page), 0); /* no writable mapping has been left behind */
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(page_make_writable(page), 0);
    free_page(page);
}

/* An entry of the L3 on which both vCPUs run changes. The hypervisor has a copy of the L3 for each vCPU. */
TEST(second_vcpu_sees_l3_change)
{
    pte_t *l3 = mm_l3_entry((void *)LOW_VA), *l2, *l1, old;
    uint32_t *page;

    NEED_RUNNING();
    page = alloc_page();
    l1 = alloc_page();
    l2 = alloc_page();
    l1[L1_INDEX(LOW_VA)] = make_pte(virt_to_mfn(page), PTE_KERNEL_RW);
    l2[L2_INDEX(LOW_VA)] = make_pte(virt_to_mfn(l1), PTE_TABLE);
    CHECK_RC(page_make_readonly(l1), 0);
    CHECK_RC(page_make_readonly(l2), 0);
    old = *l3;
    if (CHECK_RC(mmu_set_entry(l3, make_pte(virt_to_mfn(l2), PTE_P)), 0))
        CHECK(order(STORE_LOW));
    CHECK_EQ(*page, 0x5709E);
    CHECK_RC(mmu_set_entry(l3, old), 0);
    CHECK_RC(page_make_writable(l2), 0); /* no vCPU runs on it any more */
    CHECK_RC(page_make_writable(l1), 0);
    free_page(l2);
    free_page(l1);
    free_page(page);
}

/* Neither vCPU gives up the CPU, but each gets its slices. */
TEST(second_vcpu_preemption)
{
    uint32_t switches = 0, last;
    uint64_t end;

    NEED_RUNNING();
    phase = 0;
    command = SPIN;
    last = spins;
    end = rdtsc() + PATIENCE;
    while (switches < 3 && rdtsc() < end)
        if (spins != last) {
            last = spins;
            switches++;
        }
    CHECK_EQ(switches, 3);
    command = NOTHING;
    CHECK(wait_for(&phase, 4));
}

TEST(second_vcpu_ipi)
{
    struct vcpu_runstate_info run;
    uint64_t end;
    uint32_t before;

    NEED_RUNNING();
    ipi = event_bind_ipi(1);
    if (!CHECK((int32_t)ipi > 0))
        return;
    event_unmask(ipi);
    before = upcalls;
    phase = 0;
    command = BLOCK;
    end = rdtsc() + PATIENCE;
    do {
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
        CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 1, &run), 0);
    } while (run.state != RUNSTATE_blocked && rdtsc() < end);
    CHECK_EQ(run.state, RUNSTATE_blocked);
    CHECK_EQ(upcalls, before);
    CHECK_EQ(phase, 0);
    CHECK_RC(event_send(ipi), 0);
    CHECK(wait_for(&phase, 4));
    CHECK_EQ(upcalls, before + 1);
    CHECK(!event_pending(ipi));
    CHECK_RC(event_close(ipi), 0);
}

/* An NMI that comes while vCPU 1 does not run is there when its call returns, and not only when it next has something
 * to do on its way out. */
TEST(second_vcpu_nmi)
{
    NEED_RUNNING();
    phase = 0;
    command = NMI;
    CHECK(wait_for(&phase, 2)); /* it is inside its yield */
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 1, NULL), 0);
    CHECK(wait_for(&phase, 4));
    CHECK_RC(result, 1);
}

TEST(second_vcpu_fpu)
{
    int32_t n = 7;

    NEED_RUNNING();
    phase = 0;
    command = FPU;
    CHECK(wait_for(&phase, 2));
    HYPERVISOR_fpu_taskswitch(0);
    __asm__ volatile("fninit; fildl %0; fadd %%st; fistpl %0" : "+m"(n));
    CHECK_EQ(n, 14);
    phase = 5;
    CHECK(wait_for(&phase, 4));
    CHECK_RC(result, 30);
}

static void make_own_tables(struct own_tables *o, uint32_t word)
{
    *o = (struct own_tables){alloc_page(), alloc_page(), 0, word, word + 0x100};
    o->gdt_mfn = virt_to_mfn(o->gdt);
    o->gdt[OWN_GDT_SEL >> 3] = OWN_SEGMENT(&o->by_gdt);
    o->ldt[OWN_LDT_SEL >> 3 & 511] = OWN_SEGMENT(&o->by_ldt);
    CHECK_RC(page_make_readonly(o->gdt), 0);
    CHECK_RC(page_make_readonly(o->ldt), 0);
}

static void free_own_tables(struct own_tables *o)
{
    CHECK_RC(page_make_writable(o->gdt), 0);
    CHECK_RC(page_make_writable(o->ldt), 0);
    free_page(o->gdt);
    free_page(o->ldt);
}

static void load_ldt_selector(void *arg)
{
    (void)arg;
    __asm__ volatile("mov %0, %%fs" : : "r"(OWN_LDT_SEL));
}

/* Registers with the same selector before and after a switch, which may not be left as they are; and an LDT register
 * that must not stay. */
TEST(second_vcpu_segments)
{
    NEED_RUNNING();
    for (unsigned int i = 0; i < 2; i++)
        make_own_tables(&own[i], 0x0A0A + i);
    phase = 0;
    command = SEGMENTS;
    CHECK(wait_for(&phase, 2));
    EXPECT_TRAP(NULL, load_ldt_selector, NULL, TRAP_GP); /* the LDT is the other vCPU's */
    CHECK_RC(take_own_tables(&own[0]), 0);
    load_own_segments();
    for (unsigned int i = 0; i < 20; i++) {
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
        CHECK(sees_its_own(&own[0]));
    }
    CHECK_RC(leave_own_tables(), 0);
    phase = 5;
    CHECK(wait_for(&phase, 4));
    CHECK_RC(result, 0);
    for (unsigned int i = 0; i < 2; i++)
        free_own_tables(&own[i]);
}

/* The processor has one gate for `int $0x80`, and each vCPU has a handler of its own. */
TEST(second_vcpu_int80)
{
    NEED_RUNNING();
    phase = 0;
    command = INT80;
    CHECK(wait_for(&phase, 2));
    CHECK_RC(trap_set_entry(0x80, second_vcpu_int80_of_0, 1), 0);
    for (unsigned int i = 0; i < 20; i++) {
        CHECK_EQ(int80(), 10);
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    }
    phase = 5;
    CHECK(wait_for(&phase, 4));
    CHECK_EQ(result, 0);
    trap_set_entry(0x80, NULL, 0);
}

TEST(second_vcpu_down_and_up)
{
    struct vcpu_runstate_info run;
    uint64_t end;

    NEED_RUNNING();
    phase = 0;
    result = -1;
    command = GO_DOWN;
    CHECK(wait_for(&phase, 3));
    end = rdtsc() + PATIENCE;
    while (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) && rdtsc() < end)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 1, &run), 0);
    CHECK_EQ(run.state, RUNSTATE_offline);
    for (unsigned int i = 0; i < 10; i++)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    CHECK_EQ(phase, 3); /* vCPU 1 does not run */
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), 0);
    CHECK(wait_for(&phase, 4));
    CHECK_RC(result, 0);
}

/* Taken down from outside, while it spins. */
TEST(second_vcpu_stopped)
{
    uint32_t last;

    NEED_RUNNING();
    phase = 0;
    last = spins;
    command = SPIN;
    while (spins == last)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL), 0);
    last = spins;
    for (unsigned int i = 0; i < 10; i++)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    CHECK_EQ(spins, last);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL), 0);
    command = NOTHING;
    CHECK(wait_for(&phase, 4));
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_down, 1, NULL), 0);
}
