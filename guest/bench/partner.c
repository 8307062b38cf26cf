/* SPDX-License-Identifier: MIT */
#include "partner.h"

#include <guest/console.h>
#include <guest/events.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <public/sched.h>
#include <public/vcpu.h>

volatile struct partner_page partner_page __attribute__((aligned(4096)));
static uint8_t rest_of_the_page[4096 - sizeof(struct partner_page)] __attribute__((used));

static evtchn_port_t domain0;

void partner_wait(evtchn_port_t port)
{
    struct sched_poll poll = {.ports = &port, .nr_ports = 1};

    while (!event_pending(port))
        HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
    event_clear(port);
}

static void yields(void)
{
    while (partner_page.order == PARTNER_YIELD) {
        partner_page.turns++;
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    }
}

static void echo(void)
{
    volatile struct xencons_interface *ring = console_ring();
    evtchn_port_t port = start_info->console.domU.evtchn;

    event_send(domain0);
    while (partner_page.order == PARTNER_ECHO) {
        partner_wait(port);
        while (ring->in_cons != ring->in_prod) {
            ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] =
                ring->in[MASK_XENCONS_IDX(ring->in_cons, ring->in)];
            barrier();
            ring->in_cons++;
            ring->out_prod++;
            partner_page.turns++;
        }
        event_send(port);
    }
}

/* ---- vCPU 1 blocks, takes each event as an upcall, and answers from there. */
static uint8_t stack[2048] __attribute__((aligned(16)));
static int to_1, to_0;

void partner_upcall(void);
extern const char partner_event_entry[], partner_vcpu_start[];

__asm__(".text\n"
        "partner_event_entry:\n"
        "        pusha\n"
        "        call    partner_upcall\n"
        "        mov     shared_info, %eax\n"
        "        movb    $0, 64 + 1(%eax)\n" /* vcpu_info[1].evtchn_upcall_mask */
        "        popa\n"
        "        iret\n"
        "partner_vcpu_start:\n"
        "        call    partner_vcpu_main\n"
        "        ud2\n");
_Static_assert(sizeof(struct vcpu_info) == 64, "in the assembly above");

void partner_upcall(void)
{
    shared_info->vcpu_info[1].evtchn_upcall_pending = 0;
    shared_info->vcpu_info[1].evtchn_pending_sel = 0;
    event_clear(to_1);
    partner_page.turns++;
    event_send(to_0);
}

static void __attribute__((used)) partner_vcpu_main(void) __asm__("partner_vcpu_main");
static void partner_vcpu_main(void)
{
    for (;;)
        HYPERVISOR_sched_op(SCHEDOP_block, NULL);
}

static int start_vcpu_1(void)
{
    static struct vcpu_guest_context c;
    int err;

    c.flags = VGCF_IN_KERNEL;
    c.user_regs.eip = (uint32_t)partner_vcpu_start;
    c.user_regs.cs = c.event_callback_cs = c.failsafe_callback_cs = FLAT_KERNEL_CS;
    c.user_regs.ss = c.user_regs.ds = c.user_regs.es = c.kernel_ss = FLAT_KERNEL_DS;
    c.user_regs.esp = c.kernel_sp = (uint32_t)stack + sizeof(stack);
    c.event_callback_eip = (uint32_t)partner_event_entry;
    c.failsafe_callback_eip = (uint32_t)failsafe_entry;
    c.ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn(mm_base()));
    to_1 = event_bind_ipi(1);
    to_0 = event_bind_ipi(0);
    if (to_1 < 0 || to_0 < 0)
        return to_1 < 0 ? to_1 : to_0;
    event_unmask(to_1);
    err = HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &c);
    return err ? err : HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL);
}

static void ipis(void)
{
    uint64_t begun;
    uint32_t i;

    if (!to_0)
        partner_page.error = start_vcpu_1();
    if (partner_page.error)
        return;
    begun = rdtsc();
    for (i = 0; i < partner_page.count; i++) {
        event_send(to_1);
        partner_wait(to_0);
    }
    partner_page.ticks = rdtsc() - begun;
}

/* ---- */
void partner_main(void)
{
    char text[16] = "0";
    int port;

    guest_option("port", text, sizeof(text));
    port = event_bind_interdomain(0, parse_number(text));
    if (port < 0)
        guest_panic("no event channel: %d", port);
    domain0 = port;
    event_clear(domain0); /* binding sets it */
    event_send(domain0);
    for (;;) {
        partner_wait(domain0);
        switch (partner_page.order) {
        case PARTNER_ANSWER:
            partner_page.turns++;
            break;
        case PARTNER_YIELD:
            yields();
            break;
        case PARTNER_ECHO:
            echo();
            break;
        case PARTNER_IPI:
            ipis();
            break;
        case PARTNER_STOP:
            return;
        }
        event_send(domain0);
    }
}
