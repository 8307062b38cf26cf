/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret: from ring 1 back to ring 1 or to ring 3, and with the upcall mask that the frame holds. The frame is
 * on the stack in Xen's order (EAX, EIP, CS, EFLAGS, ESP, SS); the stub in the hypercall page pushes the EAX itself.
 */
#include "test.h"

#include "raw.h"

extern const char user_leave[], user_selectors[];

TEST(iret_to_ring_1)
{
    struct iret_result r;

    memset(&r, 0, sizeof(r));
    iret_ring1(0x246 | 0x200, FLAT_KERNEL_CS, &r);
    CHECK_EQ(r.eax, 0x600d);
    CHECK_EQ(r.esp_after, r.esp_before);
    CHECK_EQ(r.eflags & ~0x10000u, 0x246);
    CHECK_EQ(r.ebx, 0xb0b0b0b0);
    CHECK_EQ(r.ebp, 0xb1b1b1b1);
}

TEST(iret_flags)
{
    static const uint32_t flags[] = {0x202, 0x246, 0x602, 0xad7, 0x40202};
    struct iret_result r;

    for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
        iret_ring1(flags[i], FLAT_KERNEL_CS, &r);
        CHECK_EQ(r.eflags & ~0x10000u, flags[i]);
    }
    /* A guest must not get IOPL, VM or NT, and IF stays on. */
    iret_ring1(0x7202, FLAT_KERNEL_CS, &r);
    CHECK_EQ(r.eflags & 0x3000, 0);
    CHECK_EQ(r.eflags & 0x200, 0x200);
    iret_ring1(0x3002, FLAT_KERNEL_CS, &r);
    CHECK_EQ(r.eflags & 0x3200, 0x200);
}

/* The upcall mask becomes what IF in the frame's EFLAGS says. */
TEST(iret_upcall_mask)
{
    struct iret_result r;

    events_disable();
    iret_ring1(0x202, FLAT_KERNEL_CS, &r);
    CHECK_EQ(vcpu0_info.evtchn_upcall_mask, 0);
    iret_ring1(0x002, FLAT_KERNEL_CS, &r);
    CHECK_EQ(vcpu0_info.evtchn_upcall_mask, 1);
    CHECK_EQ(r.eflags & 0x200, 0x200);
}

TEST(iret_through_page)
{
    struct iret_result r;

    memset(&r, 0, sizeof(r));
    iret_ring1_page(0x202, FLAT_KERNEL_CS, &r);
    CHECK_EQ(r.eax, 0x600d);
    CHECK_EQ(r.esp_after, r.esp_before);
}

struct user_frame {
    uint32_t eip, esp;
};

static void go_to_user(void *arg)
{
    struct user_frame *f = arg;

    iret_ring3(f->eip, f->esp);
}

TEST(iret_to_ring_3)
{
    struct caught_trap caught;
    struct user_frame f;
    static uint8_t stack[4096];

    if (!user_setup())
        return;
    f = (struct user_frame){user_address(user_selectors), USER_ESP};
    CHECK_RC(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, stack + sizeof(stack)), 0);
    trap_catch(&caught, go_to_user, &f);
    CHECK_EQ(caught.vector, TRAP_USER);
    CHECK_EQ(caught.registers.eax, (uint32_t)FLAT_USER_CS << 16 | FLAT_USER_SS);
    CHECK_EQ(caught.registers.esp, USER_ESP);
    CHECK_EQ(caught.registers.ebx & 0x3200, 0x200);
    user_teardown();
}

/* A direct iret to ring 3 works as well: Linux uses it. */
TEST(iret_direct_to_ring_3)
{
    struct caught_trap caught;

    if (!user_setup())
        return;
    user_run(user_leave, 0, &caught);
    CHECK_EQ(caught.vector, TRAP_USER);
    user_teardown();
}

/* A pending event is delivered by the iret that unmasks events. */
static volatile uint32_t events_seen;

static void count_event(evtchn_port_t port)
{
    (void)port;
    events_seen++;
}

TEST(iret_delivers_events)
{
    struct iret_result r;
    int port = event_bind_ipi(0);

    if (!CHECK(port > 0))
        return;
    event_set_handler(port, count_event);
    events_disable();
    event_unmask(port);
    events_seen = 0;
    CHECK_RC(event_send(port), 0);
    CHECK_EQ(events_seen, 0);
    iret_ring1(0x202, FLAT_KERNEL_CS, &r);
    CHECK_EQ(events_seen, 1);
    event_set_handler(port, NULL);
    CHECK_RC(event_close(port), 0);
}

/* ---- To virtual-8086 mode, which Int82 has not got: the failsafe handler gets the frame, and the domain goes on */

extern const char vm86_failsafe[];
void iret_vm86(void);
uint32_t vm86_cs, vm86_saved_esp, vm86_seen_esp, vm86_seen_eax;

__asm__(".text\n"
        "iret_vm86:\n"
        "        pusha\n"
        "        mov     %esp, vm86_saved_esp\n"
        "        push    $0x4444\n" /* GS FS DS ES */
        "        push    $0x3333\n"
        "        push    $0x2222\n"
        "        push    $0x1111\n"
        "        push    $0x9001\n" /* SS: as a selector it would be one of ring 1 */
        "        push    $0x0ffe\n"
        "        push    $0x20202\n"
        "        push    vm86_cs\n"
        "        push    $0x0010\n"
        "        push    $0x5a5a\n"
        "        mov     $23, %eax\n"
        "        int     $0x82\n"
        "        ud2\n"
        "vm86_failsafe:\n"
        "        push    %eax\n"
        "        mov     $0xe021, %eax\n"
        "        mov     %eax, %ds\n"
        "        mov     %eax, %es\n"
        "        mov     %eax, %fs\n"
        "        mov     %eax, %gs\n"
        "        pop     %eax\n"
        "        mov     %eax, vm86_seen_eax\n"
        "        mov     %esp, vm86_seen_esp\n"
        "        mov     vm86_saved_esp, %esp\n"
        "        popa\n"
        "        ret\n");

TEST(iret_to_virtual_8086_mode)
{
    static const uint32_t segments[] = {0x8000, 0x8001, 0x8003}; /* as selectors of rings 0, 1 and 3 */
    static uint8_t stack[4096] __attribute__((aligned(16)));

    if (!is_int82())
        SKIP("a real Xen goes there");
    CHECK_RC(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, stack + sizeof(stack)), 0);
    CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, vm86_failsafe), 0);
    for (unsigned int k = 0; k < ARRAY_SIZE(segments); k++) {
        const uint32_t expected[] = {0,      0,      0,      0,      0x10,   segments[k], 0x20202,
                                     0x0ffe, 0x9001, 0x1111, 0x2222, 0x3333, 0x4444};
        const uint32_t *frame;

        vm86_cs = segments[k];
        iret_vm86();
        frame = (const uint32_t *)vm86_seen_esp;
        CHECK_EQ(vm86_seen_esp, (uint32_t)stack + sizeof(stack) - sizeof(expected));
        CHECK_EQ(vm86_seen_eax, 0x5a5a);
        for (unsigned int i = 0; i < ARRAY_SIZE(expected); i++) {
            context("CS %x, word %u", segments[k], i);
            CHECK_EQ(frame[i], expected[i]);
        }
    }
    CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry), 0);
}
