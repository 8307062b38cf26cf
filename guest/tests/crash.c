/* SPDX-License-Identifier: MIT */
/*
 * The ways in which a domain can come to an end, one in each run (`crash=KIND`). Each is a fault that cannot be handed
 * to the guest because of what the guest has done to its own tables and stacks. tests/cases/guest_crash.sh looks for
 * the register dump, for the reason, and for an orderly shutdown of the machine. If one of these functions returns, the
 * hypervisor has let the fault pass.
 */
#include "test.h"

static void ud2_without_handlers(void)
{
    HYPERVISOR_set_trap_table(NULL);
    __asm__ volatile("mov $0x1a2b3c4d, %eax; ud2");
}

static void fault_on_hypervisors_stack(void)
{
    __asm__ volatile("mov $0xFD900000, %esp; ud2");
}

static void fault_on_border_stack(void)
{
    __asm__ volatile("mov $0xF5800008, %esp; ud2");
}

static void fault_on_unmapped_stack(void)
{
    __asm__ volatile("mov %0, %%esp; ud2" : : "r"(UNMAPPED));
}

static void fault_on_read_only_stack(void)
{
    __asm__ volatile("mov %0, %%esp; ud2" : : "r"(RO_PAGE + 2048));
}

static void fault_on_page_table_stack(void)
{
    __asm__ volatile("mov %0, %%esp; ud2" : : "r"((uint32_t)mm_base() + 2048));
}

static void fault_on_wrapping_stack(void)
{
    __asm__ volatile("mov $4, %esp; ud2");
}

static void page_fault_on_hypervisors_stack(void)
{
    __asm__ volatile("mov $0xFD900000, %%esp; mov (%0), %%eax" : : "r"(UNMAPPED) : "eax");
}

static void upcall_on_hypervisors_stack(void)
{
    static evtchn_port_t port;

    port = event_bind_ipi(0);
    event_unmask(port);
    vcpu0_info.evtchn_upcall_mask = 0;
    __asm__ volatile("mov $0xFD900000, %%esp; int $0x82"
                     :
                     : "a"(__HYPERVISOR_event_channel_op), "b"(EVTCHNOP_send), "c"(&port));
}

/* The processor itself would push the frame there: the stack wraps round to the top of memory. */
static void push_on_wrapping_stack(void)
{
    __asm__ volatile("mov $8, %esp; pusha");
}

/* The handler's selector is the hypervisor's, or there is no such selector. */
static void handler_selector(uint32_t cs)
{
    trap_info_t table[2] = {{6, 0, cs, (uint32_t)guest_main}, {0, 0, 0, 0}};

    HYPERVISOR_set_trap_table(table);
    HYPERVISOR_set_callbacks(cs, event_entry, cs, failsafe_entry);
    __asm__ volatile("ud2");
}

static void handler_in_ring_0(void)
{
    handler_selector(0xe008);
}

static void handler_nowhere(void)
{
    handler_selector(0x1000);
}

static void iret_to(uint32_t cs, uint32_t eip)
{
    HYPERVISOR_set_callbacks(0, 0, 0, 0); /* there is no failsafe callback either */
    __asm__ volatile("push %0; push $0x202; push %1; push %2; push $0; mov $23, %%eax; int $0x82"
                     :
                     : "r"(0), "r"(cs), "r"(eip));
}

static void iret_to_ring_0(void)
{
    HYPERVISOR_set_trap_table(NULL);
    iret_to(0xe008, (uint32_t)guest_main);
}

static void iret_frame_unmapped(void)
{
    __asm__ volatile("mov %0, %%esp; mov $23, %%eax; int $0x82" : : "r"(UNMAPPED));
}

/* Where a frame leads that should not have been read. */
static uint8_t landing_stack[4096] __asm__("crash_landing_stack") __attribute__((aligned(16), used));
extern const char iret_landing[];
__asm__(".text\n"
        "iret_landing:\n"
        "        mov     $crash_landing_stack + 4096, %esp\n"
        "        call    crash_landed\n"
        "        ud2\n");

void crash_landed(void);
void crash_landed(void)
{
    printf("crash: the frame for iret was let through\n");
    guest_shutdown(SHUTDOWN_poweroff);
}

/* A good one, in the machine-to-physical table: there a guest may read, and choose the words of its frames, but the
 * hypervisor must not read for it. */
static void iret_frame_in_hypervisor(void)
{
    const uint32_t frame[] = {0, (uint32_t)iret_landing, FLAT_KERNEL_CS, 0x202};
    uint32_t mfn = virt_to_mfn(alloc_pages(2));

    for (unsigned int i = 0; i < ARRAY_SIZE(frame); i++) {
        mmu_update_t req = {(uint64_t)(mfn + i) << 12 | MMU_MACHPHYS_UPDATE, frame[i]};

        if (HYPERVISOR_mmu_update(&req, 1))
            return;
    }
    __asm__ volatile("mov %0, %%esp; mov $23, %%eax; int $0x82" : : "r"(&machine_to_phys_mapping[mfn]));
}

extern const char user_leave[], user_int80[], user_int21[], user_read[];

static void user_enters(const char *code, uint32_t arg, uint32_t ss, uint32_t esp)
{
    struct caught_trap caught;

    if (!user_setup() || HYPERVISOR_stack_switch(ss, esp))
        return;
    run_user_on_kernel_stack(user_address(code), USER_ESP, arg, &caught);
}

static void user_kernel_stack(uint32_t ss, uint32_t esp)
{
    user_enters(user_leave, 0, ss, esp);
}

static void kernel_stack_in_hypervisor(void)
{
    user_kernel_stack(FLAT_KERNEL_SS, 0xFD900000);
}

/* The gate of `int $0x80` leads straight to the guest's kernel, so here the processor itself pushes the frame. */
static void system_call_stack_in_hypervisor(void)
{
    trap_set_entry(0x80, failsafe_entry, 3);
    user_enters(user_int80, 0, FLAT_KERNEL_SS, 0xFD900000);
}

/* The paths of bounce_fast.S. */
static void masked_system_call_stack_in_hypervisor(void)
{
    trap_set_entry(0x80, failsafe_entry, 3 | 4);
    user_enters(user_int80, 0, FLAT_KERNEL_SS, 0xFD900000);
}

static void user_int_stack_in_hypervisor(void)
{
    trap_set_entry(0x21, failsafe_entry, 3);
    user_enters(user_int21, 0, FLAT_KERNEL_SS, 0xFD900000);
}

static void user_page_fault_stack_in_hypervisor(void)
{
    user_enters(user_read, (uint32_t)UNMAPPED, FLAT_KERNEL_SS, 0xFD900000);
}

/* There is room for all but the error code, which is stored last. */
static void user_page_fault_at_the_stacks_end(void)
{
    user_enters(user_read, (uint32_t)UNMAPPED, FLAT_KERNEL_SS, (uint32_t)EDGE_PAGE + 5 * sizeof(uint32_t));
}

static void int_on_hypervisors_stack(void)
{
    trap_set_entry(0x21, failsafe_entry, 1);
    __asm__ volatile("mov $0xFD900000, %esp; int $0x21");
}

static void kernel_stack_selector(void)
{
    user_kernel_stack(0xe010, (uint32_t)EDGE_PAGE + PAGE_SIZE);
}

static void kernel_stack_unmapped(void)
{
    user_kernel_stack(FLAT_KERNEL_SS, (uint32_t)UNMAPPED + 64);
}

static void event_without_callback(void)
{
    int port = event_bind_ipi(0);

    HYPERVISOR_set_callbacks(0, 0, 0, 0);
    event_unmask(port);
    vcpu0_info.evtchn_upcall_mask = 0;
    event_send(port);
}

/* This is no end: the guest stays, so that somebody can look at the machine. */
static void idle(void)
{
    trap_set_entry(0x80, failsafe_entry, 3);
    for (;;)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

static void shutdown_crash(void)
{
    guest_shutdown(SHUTDOWN_crash);
}

static void shutdown_reboot(void)
{
    guest_shutdown(SHUTDOWN_reboot);
}

static void shutdown_unknown(void)
{
    struct sched_shutdown s = {200};

    HYPERVISOR_sched_op(SCHEDOP_shutdown, &s);
}

static const struct {
    const char *name;
    void (*fn)(void);
} kinds[] = {
#define KIND(f) \
    {           \
#f, f   \
    }
    KIND(ud2_without_handlers),
    KIND(fault_on_hypervisors_stack),
    KIND(fault_on_border_stack),
    KIND(page_fault_on_hypervisors_stack),
    KIND(upcall_on_hypervisors_stack),
    KIND(push_on_wrapping_stack),
    KIND(fault_on_unmapped_stack),
    KIND(fault_on_read_only_stack),
    KIND(fault_on_page_table_stack),
    KIND(fault_on_wrapping_stack),
    KIND(handler_in_ring_0),
    KIND(handler_nowhere),
    KIND(iret_to_ring_0),
    KIND(iret_frame_unmapped),
    KIND(iret_frame_in_hypervisor),
    KIND(kernel_stack_in_hypervisor),
    KIND(system_call_stack_in_hypervisor),
    KIND(masked_system_call_stack_in_hypervisor),
    KIND(user_int_stack_in_hypervisor),
    KIND(user_page_fault_stack_in_hypervisor),
    KIND(user_page_fault_at_the_stacks_end),
    KIND(int_on_hypervisors_stack),
    KIND(kernel_stack_selector),
    KIND(kernel_stack_unmapped),
    KIND(event_without_callback),
    KIND(idle),
    KIND(shutdown_crash),
    KIND(shutdown_reboot),
    KIND(shutdown_unknown),
};

void crash_if_asked(void)
{
    char kind[40];

    if (!guest_option("crash", kind, sizeof(kind)))
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!strcmp(kind, "list") && kinds[i].fn != idle)
            printf("crash kind %s\n", kinds[i].name);
        if (strcmp(kind, kinds[i].name))
            continue;
        printf("crash begins: %s\n", kind);
        kinds[i].fn();
        printf("crash: %s was let through\n", kind);
    }
    guest_shutdown(SHUTDOWN_poweroff);
}
