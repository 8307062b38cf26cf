/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: at which vector a fault arrives, with which error code, address and frame, from ring 1 and from ring 3,
 * and what set_trap_table accepts. Each fault is caused by one instruction whose address is known, so the EIP in the
 * frame can be checked exactly.
 */
#include "test.h"

extern const char user_leave[], user_selectors[], user_read[], user_write[], user_jump[], user_hypercall[],
    user_int80[], user_int21[], user_int3[], user_ud2[], user_divide[], user_hlt[], user_cli[], user_in[],
    user_read_cr0[], user_load_ds[], user_popf_iopl[], user_single_step[];

/* ---- Ring 1: fn(arg) with one faulting instruction at a label of its own */
#define FAULTING(name, insn)                                        \
    extern const char name##_at[];                                  \
    static void __attribute__((noinline)) name(void *arg)           \
    {                                                               \
        __asm__ volatile(".globl " #name "_at\n" #name "_at: " insn \
                         :                                          \
                         : "a"(arg), "c"(0), "d"(0)                 \
                         : "memory", "cc", "ebx");                  \
    }

FAULTING(do_divide, "idivl %%ecx")
FAULTING(do_ud2, "ud2")
FAULTING(do_bound, "push $2; push $1; mov $5, %%ebx; bound %%ebx, (%%esp); add $8, %%esp")
FAULTING(do_read, "mov (%%eax), %%ebx")
FAULTING(do_write, "mov %%ecx, (%%eax)")
FAULTING(do_load_fs, "mov %%eax, %%fs")
FAULTING(do_load_ss, "mov %%eax, %%ss")
FAULTING(do_int3, "int3")
FAULTING(do_int21, "int $0x21")
FAULTING(do_int80, "int $0x80")
FAULTING(do_int30, "int $0x30")
FAULTING(do_int81, "int $0x81")
FAULTING(do_int83, "int $0x83")
FAULTING(do_intff, "int $0xff")
FAULTING(do_int14, "int $0xe")
FAULTING(do_into, "movb $0x7f, %%al; addb $1, %%al; into")
FAULTING(do_jump, "jmp *%%eax")

static void check_fault(int line, void (*fn)(void *), const void *at, uint32_t arg, uint32_t vector, uint32_t error,
                        uint32_t after)
{
    struct caught_trap caught;

    if (!expect_trap(line, &caught, fn, (void *)arg, vector))
        return;
    check_eq("error code", line, caught.error, error);
    check_eq("eip", line, caught.eip, (uint32_t)at + after);
    check_eq("cs", line, caught.cs, FLAT_KERNEL_CS);
    check_eq("IF in eflags", line, caught.eflags & 0x200, vcpu0_info.evtchn_upcall_mask ? 0 : 0x200);
    check_eq("IOPL, VM, NT in eflags", line, caught.eflags & 0x27000, boot_registers.eflags & 0x3000);
}
#define CHECK_FAULT(fn, arg, vector, error) check_fault(__LINE__, fn, fn##_at, arg, vector, error, 0)

TEST(traps_divide)
{
    CHECK_FAULT(do_divide, 1, TRAP_DIVIDE, 0);
}

TEST(traps_invalid_opcode)
{
    CHECK_FAULT(do_ud2, 0, TRAP_INVALID_OP, 0);
}

TEST(traps_breakpoint)
{
    check_fault(__LINE__, do_int3, do_int3_at, 0, TRAP_INT3, 0, 1); /* a trap: EIP is after it */
}

TEST(traps_overflow)
{
    struct caught_trap caught;

    EXPECT_TRAP(&caught, do_into, 0, TRAP_OVERFLOW);
}

TEST(traps_bound)
{
    struct caught_trap caught;

    EXPECT_TRAP(&caught, do_bound, 0, TRAP_BOUNDS);
}

TEST(traps_bad_selectors)
{
    CHECK_FAULT(do_load_fs, 0x1d, TRAP_GP, 0x1c);     /* there is no LDT */
    CHECK_FAULT(do_load_fs, 0x29, TRAP_GP, 0x28);     /* an empty entry, or beyond the GDT */
    CHECK_FAULT(do_load_fs, 0xe010, TRAP_GP, 0xe010); /* the hypervisor's data */
    CHECK_FAULT(do_load_fs, 0xe013, TRAP_GP, 0xe010);
    CHECK_FAULT(do_load_fs, 0xe008, TRAP_GP, 0xe008);
    CHECK_FAULT(do_load_fs, 0xfffb, TRAP_GP, 0xfff8);
    CHECK_FAULT(do_load_ss, FLAT_USER_SS, TRAP_GP, FLAT_USER_SS & ~3u);
    CHECK_FAULT(do_load_ss, 0, TRAP_GP, 0);
}

TEST(traps_page_fault)
{
    struct caught_trap caught;

    CHECK_FAULT(do_read, (uint32_t)UNMAPPED + 4, TRAP_PAGE_FAULT, 0);
    CHECK_EQ(vcpu0_info.arch.cr2, (uint32_t)UNMAPPED + 4);
    CHECK_FAULT(do_write, (uint32_t)UNMAPPED + 8, TRAP_PAGE_FAULT, PF_WRITE);
    CHECK_EQ(vcpu0_info.arch.cr2, (uint32_t)UNMAPPED + 8);
    CHECK_FAULT(do_write, (uint32_t)RO_PAGE + 12, TRAP_PAGE_FAULT, PF_WRITE | PF_PRESENT);
    CHECK_EQ(vcpu0_info.arch.cr2, (uint32_t)RO_PAGE + 12);
    EXPECT_TRAP(&caught, do_jump, UNMAPPED, TRAP_PAGE_FAULT);
    CHECK_EQ(caught.eip, (uint32_t)UNMAPPED);
    CHECK_EQ(caught.cr2, (uint32_t)UNMAPPED);
    CHECK_EQ(caught.error & ~PF_FETCH, 0);
}

TEST(traps_page_fault_in_a_row)
{
    for (unsigned int i = 0; i < 50; i++) {
        CHECK_FAULT(do_read, (uint32_t)UNMAPPED + 4 * i, TRAP_PAGE_FAULT, 0);
        CHECK_EQ(vcpu0_info.arch.cr2, (uint32_t)UNMAPPED + 4 * i);
    }
}

/* An access across a page's end: CR2 is the first byte that is not there. */
TEST(traps_page_fault_straddling)
{
    CHECK_FAULT(do_read, (uint32_t)EDGE(2), TRAP_PAGE_FAULT, 0);
    CHECK_EQ(vcpu0_info.arch.cr2, (uint32_t)EDGE_PAGE + PAGE_SIZE);
}

/* `int n` where there is no gate for it: #GP with the vector's number. */
TEST(traps_soft_interrupts_refused)
{
    CHECK_FAULT(do_int21, 0, TRAP_GP, 0x21 * 8 + 2);
    CHECK_FAULT(do_int30, 0, TRAP_GP, 0x30 * 8 + 2);
    CHECK_FAULT(do_int80, 0, TRAP_GP, 0x80 * 8 + 2);
    CHECK_FAULT(do_int81, 0, TRAP_GP, 0x81 * 8 + 2);
    CHECK_FAULT(do_int83, 0, TRAP_GP, 0x83 * 8 + 2);
    CHECK_FAULT(do_intff, 0, TRAP_GP, 0xff * 8 + 2);
}

/* The library's own gates for exceptions have DPL 0: `int 14` of ring 1 is refused, and is no page fault. */
TEST(traps_soft_interrupt_of_an_exception)
{
    struct caught_trap caught;

    trap_catch(&caught, do_int14, NULL);
    CHECK(caught.caught);
    CHECK_EQ(caught.vector, TRAP_GP);
    CHECK_EQ(caught.error, 14 * 8 + 2);
}

static volatile uint32_t soft_count, soft_cs, soft_flags, soft_eip, soft_mask_inside;
extern const char soft_entry[];
__asm__(".text; soft_entry: push %eax; mov 4(%esp), %eax; mov %eax, soft_eip; mov 8(%esp), %eax; mov %eax, soft_cs;"
        "mov 12(%esp), %eax; mov %eax, soft_flags; mov shared_info, %eax; movzbl 1(%eax), %eax;"
        "mov %eax, soft_mask_inside; incl soft_count; pop %eax; iret");

static void try_soft(int line, void (*fn)(void *), const char *at, uint32_t vector, uint32_t flags)
{
    uint32_t before = soft_count;

    check_rc("set_trap_table", line, trap_set_entry(vector, soft_entry, flags), 0);
    if (trap_catch(NULL, fn, NULL))
        fail(line, "int 0x%x was refused", vector);
    check_eq("times delivered", line, soft_count - before, 1);
    check_eq("eip", line, soft_eip, (uint32_t)at + 2);
    check_eq("cs", line, soft_cs & 0xffff, FLAT_KERNEL_CS);
    trap_set_entry(vector, NULL, 0);
}

TEST(traps_soft_interrupts_delivered)
{
    for (uint32_t flags = 1; flags <= 3; flags += 2) {
        try_soft(__LINE__, do_int21, do_int21_at, 0x21, flags);
        try_soft(__LINE__, do_int81, do_int81_at, 0x81, flags);
        try_soft(__LINE__, do_intff, do_intff_at, 0xff, flags);
        try_soft(__LINE__, do_int80, do_int80_at, 0x80, flags);
    }
    /* The handler is taken away again. */
    CHECK_FAULT(do_int21, 0, TRAP_GP, 0x21 * 8 + 2);
    CHECK_FAULT(do_int80, 0, TRAP_GP, 0x80 * 8 + 2);
}

/* Flag 4: events are masked on delivery, and the frame holds the mask from before. */
TEST(traps_mask_events)
{
    CHECK_RC(trap_set_entry(0x81, soft_entry, 1 | 4), 0);
    events_enable();
    do_int81(NULL);
    CHECK_EQ(soft_mask_inside, 1);
    CHECK_EQ(soft_cs >> 16, 0);
    CHECK_EQ(vcpu0_info.evtchn_upcall_mask, 1); /* the direct iret does not restore the mask */
    CHECK_EQ(soft_flags & 0x200, 0x200);
    events_enable();
    CHECK_RC(trap_set_entry(0x81, soft_entry, 1), 0);
    do_int81(NULL);
    CHECK_EQ(soft_mask_inside, 0);
    events_disable();
    do_int81(NULL);
    CHECK_EQ(soft_mask_inside, 1);
    CHECK_EQ(soft_cs >> 16 & 0xff, 1);
    CHECK_EQ(soft_flags & 0x200, 0); /* IF as the guest sees it is the mask's opposite */
    trap_set_entry(0x81, NULL, 0);
}

/* A handler in ring 1 can return by a direct iret, which changes no IF. */
TEST(traps_direct_iret)
{
    uint32_t flags;

    __asm__ volatile("pushf; andl $~0x200, (%%esp); push %%cs; push $1f; iret; 1: pushf; pop %0" : "=r"(flags));
    CHECK_EQ(flags & 0x200, 0x200);
}

/* ---- set_trap_table */
TEST(traps_table_bad_pointers)
{
    trap_info_t *t = (trap_info_t *)EDGE(2 * sizeof(*t));
    void *p;

    memset(EDGE_PAGE, 0xff,
           sizeof(*t)); /* an entry with the address 0 would be the end, whatever else cannot be read */
    for
        EACH_BAD_POINTER(p, sizeof(trap_info_t))
    CHECK_RC(HYPERVISOR_set_trap_table(p), -EFAULT);
    t[0] = (trap_info_t){0x21, 3, FLAT_KERNEL_CS, (uint32_t)soft_entry};
    t[1] = (trap_info_t){0x30, 3, FLAT_KERNEL_CS, (uint32_t)soft_entry};
    CHECK_RC(HYPERVISOR_set_trap_table(t), -EFAULT); /* no end within the page: the first two count */
    soft_count = 0;
    CHECK(!trap_catch(NULL, do_int30, NULL));
    CHECK_EQ(soft_count, 1);
    trap_set_entry(0x21, NULL, 0);
    trap_set_entry(0x30, NULL, 0);
}

/* A selector is checked when it is used. In the table, any will do, as long as no trap follows. */
TEST(traps_table_selectors)
{
    static const uint16_t cs[] = {FLAT_KERNEL_CS, 0xe018, 0x9, 0xc, 0xe008, 0xe009, 0xe038, 0xe03b, 0xfff8};

    for (unsigned int i = 0; i < ARRAY_SIZE(cs); i++) {
        trap_info_t table[2] = {{0x21, 3, cs[i], (uint32_t)soft_entry}, {0, 0, 0, 0}};

        context("selector 0x%x", cs[i]);
        CHECK_RC(HYPERVISOR_set_trap_table(table), 0);
    }
    context("%s", "");
    trap_set_entry(0x21, NULL, 0);
}

/* With no table at all, every handler is removed. */
TEST(traps_table_null)
{
    CHECK_RC(trap_set_entry(0x81, soft_entry, 3), 0);
    CHECK_RC(HYPERVISOR_set_trap_table(NULL), 0);
    traps_init();
    CHECK_FAULT(do_int81, 0, TRAP_GP, 0x81 * 8 + 2);
}

/* RPL 0 becomes 1. */
TEST(traps_table_fixes_the_selector)
{
    trap_info_t table[2] = {{0x21, 3, FLAT_KERNEL_CS & ~3, (uint32_t)soft_entry}, {0, 0, 0, 0}};

    CHECK_RC(HYPERVISOR_set_trap_table(table), 0);
    try_soft(__LINE__, do_int21, do_int21_at, 0x21, 3);
    trap_set_entry(0x21, NULL, 0);
}

/* ---- Handlers that cannot be entered: the kernel gets a fault of its own */
TEST(traps_nested_in_handler)
{
    struct caught_trap caught;

    CHECK_FAULT(do_read, (uint32_t)UNMAPPED, TRAP_PAGE_FAULT, 0);
    EXPECT_TRAP(&caught, do_ud2, 0, TRAP_INVALID_OP);
}

/* ---- Ring 3 */
static void check_user(int line, const void *snippet, uint32_t arg, uint32_t vector, uint32_t error, uint32_t at)
{
    struct caught_trap caught;

    user_run(snippet, arg, &caught);
    if (caught.vector != vector) {
        fail(line, "expected trap %u from ring 3, saw trap %u (error 0x%x, eip %p, cr2 %p)", vector, caught.vector,
             caught.error, (void *)caught.eip, (void *)caught.cr2);
        return;
    }
    check_eq("error code", line, caught.error, error);
    check_eq("eip", line, caught.eip, user_address(snippet) + at);
    check_eq("cs", line, caught.cs, FLAT_USER_CS);
    check_eq("ss", line, caught.registers.ss & 0xffff, FLAT_USER_SS);
    check_eq("esp", line, caught.registers.esp, USER_ESP);
}

TEST(traps_user_leaves)
{
    struct caught_trap caught;

    if (!user_setup())
        return;
    check_user(__LINE__, user_leave, 0, TRAP_USER, 0, 2);
    user_run(user_selectors, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    CHECK_EQ(caught.registers.eax, (uint32_t)FLAT_USER_CS << 16 | FLAT_USER_SS);
    CHECK_EQ(caught.registers.ebx & 0x3200, 0x200); /* IF, and no IOPL */
    CHECK_EQ(caught.registers.ds & 0xffff, FLAT_USER_DS);
    CHECK_EQ(caught.registers.es & 0xffff, FLAT_USER_DS);
    CHECK_EQ(caught.registers.fs & 0xffff, FLAT_USER_DS);
    CHECK_EQ(caught.registers.gs & 0xffff, FLAT_USER_DS);
    user_teardown();
}

TEST(traps_user_faults)
{
    if (!user_setup())
        return;
    check_user(__LINE__, user_ud2, 0, TRAP_INVALID_OP, 0, 0);
    check_user(__LINE__, user_int3, 0, TRAP_INT3, 0, 1);
    check_user(__LINE__, user_hlt, 0, TRAP_GP, 0, 0);
    check_user(__LINE__, user_cli, 0, TRAP_GP, 0, 0);
    check_user(__LINE__, user_read_cr0, 0, TRAP_GP, 0, 0);
    check_user(__LINE__, user_hypercall, 0, TRAP_GP, 0x82 * 8 + 2, 7);
    check_user(__LINE__, user_int21, 0, TRAP_GP, 0x21 * 8 + 2, 0);
    check_user(__LINE__, user_int80, 0, TRAP_GP, 0x80 * 8 + 2, 5);
    check_user(__LINE__, user_load_ds, FLAT_KERNEL_DS, TRAP_GP, FLAT_KERNEL_DS & ~3u, 0);
    check_user(__LINE__, user_load_ds, 0xe010, TRAP_GP, 0xe010, 0);
    check_user(__LINE__, user_divide, 0, TRAP_DIVIDE, 0, 9);
    user_teardown();
}

TEST(traps_user_memory)
{
    uint32_t word = 0x4321;
    struct caught_trap caught;

    if (!user_setup())
        return;
    *(volatile uint32_t *)USER_DATA_VA = 0xdada;
    user_run(user_read, USER_DATA_VA, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    CHECK_EQ(caught.registers.eax, 0xdada);
    user_run(user_write, USER_DATA_VA, &caught);
    CHECK_EQ(*(volatile uint32_t *)USER_DATA_VA, 0x12345678);
    check_user(__LINE__, user_read, (uint32_t)&word, TRAP_PAGE_FAULT, PF_USER | PF_PRESENT, 0); /* the kernel's page */
    CHECK_EQ(vcpu0_info.arch.cr2, (uint32_t)&word);
    check_user(__LINE__, user_write, (uint32_t)&word, TRAP_PAGE_FAULT, PF_USER | PF_PRESENT | PF_WRITE, 0);
    check_user(__LINE__, user_read, (uint32_t)UNMAPPED, TRAP_PAGE_FAULT, PF_USER, 0);
    check_user(__LINE__, user_write, (uint32_t)mm_base(), TRAP_PAGE_FAULT, PF_USER | PF_PRESENT | PF_WRITE, 0);
    CHECK_EQ(word, 0x4321);
    user_teardown();
}

/* The page tables allow ring 3 nothing of the machine-to-physical table. */
TEST(traps_user_machine_to_phys)
{
    struct caught_trap caught;

    if (!user_setup())
        return;
    user_run(user_read, MACH2PHYS_VIRT_START, &caught);
    CHECK_ONE_OF(caught.vector, TRAP_PAGE_FAULT, TRAP_GP);
    user_run(user_write, MACH2PHYS_VIRT_START, &caught);
    CHECK_ONE_OF(caught.vector, TRAP_PAGE_FAULT, TRAP_GP);
    user_run(user_read, 0xFD800000, &caught);
    CHECK_ONE_OF(caught.vector, TRAP_PAGE_FAULT, TRAP_GP);
    user_teardown();
}

TEST(traps_user_cannot_raise_iopl)
{
    struct caught_trap caught;

    if (!user_setup())
        return;
    user_run(user_popf_iopl, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    CHECK_EQ(caught.registers.eax & 0x3200, 0x200);
    user_teardown();
}

static volatile uint32_t user_traps, user_esp_seen, user_ss_seen;
extern const char user_soft_entry[];
__asm__(".text; user_soft_entry: incl user_traps; push %eax; mov 16(%esp), %eax; mov %eax, user_esp_seen;"
        "mov 20(%esp), %eax; mov %eax, user_ss_seen; pop %eax; iret");

/* A system call: through a gate of DPL 3 from ring 3, and back with a plain iret. With "mask events" it takes another
 * path. */
TEST(traps_user_system_call)
{
    struct caught_trap caught;

    if (!user_setup())
        return;
    for (uint32_t flags = 3; flags <= 7; flags += 4) {
        context("flags %u", flags);
        CHECK_RC(trap_set_entry(0x80, user_soft_entry, flags), 0);
        user_traps = 0;
        events_enable();
        /* The handler may run with ring 3's DS. That is flat and reaches the handler's memory, as in real kernels. */
        user_run(user_int80, 0, &caught);
        events_disable();
        CHECK_EQ(caught.vector, TRAP_USER);
        CHECK_EQ(user_traps, 1);
        CHECK_EQ(user_esp_seen, USER_ESP);
        CHECK_EQ(user_ss_seen & 0xffff, FLAT_USER_SS);
        CHECK_EQ(caught.registers.eax, 0x80808080);
        CHECK_EQ(caught.registers.ebx, 0x81818181);
    }
    /* DPL 1: ring 3 must not use it. */
    CHECK_RC(trap_set_entry(0x80, user_soft_entry, 1), 0);
    context("%s", "");
    check_user(__LINE__, user_int80, 0, TRAP_GP, 0x80 * 8 + 2, 5);
    trap_set_entry(0x80, NULL, 0);
    CHECK_RC(trap_set_entry(0x21, user_soft_entry, 3), 0);
    user_traps = 0;
    user_run(user_int21, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    CHECK_EQ(user_traps, 1);
    trap_set_entry(0x21, NULL, 0);
    user_teardown();
}

TEST(traps_user_kernel_stack)
{
    static uint8_t stack[4096] __attribute__((aligned(16)));
    struct caught_trap caught;

    if (!user_setup())
        return;
    CHECK_RC(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, stack + 4096), 0);
    run_user_on_kernel_stack(user_address(user_leave), USER_ESP, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    CHECK_EQ(caught.frame_address + sizeof(struct trap_frame), (uint32_t)stack + 4096);
    CHECK_RC(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, stack + 2048), 0);
    run_user_on_kernel_stack(user_address(user_ud2), USER_ESP, 0, &caught);
    CHECK_EQ(caught.frame_address + sizeof(struct trap_frame), (uint32_t)stack + 2048);
    user_teardown();
}

TEST(traps_stack_switch_selectors)
{
    CHECK_RC(HYPERVISOR_stack_switch(0xe010, 0xC0200000), 0); /* checked when it is used */
    CHECK_RC(HYPERVISOR_stack_switch(0xe038, 0xC0200000), 0);
    CHECK_RC(HYPERVISOR_stack_switch(0xfffb, 0xC0200000), 0);
    CHECK_RC(HYPERVISOR_stack_switch(FLAT_KERNEL_SS & ~3, 0xC0200000), 0); /* RPL 0 becomes 1 */
    CHECK_RC(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, 0xC0200000), 0);
}

TEST(traps_single_step)
{
    struct caught_trap caught;

    if (!user_setup())
        return;
    user_run(user_single_step, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_DEBUG);
    CHECK_EQ(caught.eip, user_address(user_single_step) + 10);
    CHECK_EQ(HYPERVISOR_get_debugreg(6) & 0x4000, 0x4000);
    CHECK_RC(HYPERVISOR_set_debugreg(6, 0), 0);
    user_teardown();
}
