/* SPDX-License-Identifier: MIT */
/*
 * The rings through which Int82 serves a domain. First the console's, then misuse of this ring and of the store's,
 * which `misuse=KIND` on the command line asks for (tests/cases/domains.sh).
 */
#include "store_ring.h"

#include <public/memory.h>

/* --- The console's ring */

#define NEED_RING()         \
    if (!console_is_ring()) \
    SKIP("no console ring")

static void drain(volatile struct xencons_interface *console)
{
    evtchn_port_t console_port = start_info->console.domU.evtchn;
    struct sched_poll poll = {.ports = &console_port, .nr_ports = 1};

    while (console->out_cons != console->out_prod) {
        HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
        event_clear(console_port);
    }
}

TEST(store_console_ring)
{
    volatile struct xencons_interface *console;
    static char text[3000];

    NEED_RING();
    console = console_ring();
    /* More than the ring holds: the guest waits, and all of it arrives. */
    for (unsigned int i = 0; i < sizeof(text) - 1; i++)
        text[i] = i % 100 == 99 ? '\n' : 'a' + i % 26;
    text[sizeof(text) - 1] = 0;
    printf("%s\n", text);
    drain(console);
    /* We must not change the other side's index. Its owner writes the right value again. */
    console->out[MASK_XENCONS_IDX(console->out_prod, console->out)] = '\n';
    console->out_prod++;
    console->out_cons += 12345;
    event_send(start_info->console.domU.evtchn);
    drain(console);
    CHECK_EQ(console->out_cons, console->out_prod);
    CHECK_EQ(console->in_prod, console->in_cons);
}

TEST(store_console_line)
{
    NEED_RING();
    printf("console ring: \033[31mcolour\033[0m, bell\a, return\r\n");
    printf("console ring: (XEN) not the hypervisor's\n");
}

/* --- Misuse. What happens then is reported once. It costs the domain its console or store, and it costs nobody else
 * anything. */

static void speak_directly(void)
{
    start_info->console.domU.mfn = 0;
}

static void console_out_index(void)
{
    console_ring()->out_prod += 5000;
    for (unsigned int i = 0; i < 3; i++)
        event_send(start_info->console.domU.evtchn);
    speak_directly();
}

static void console_port_closed(void)
{
    printf("misuse: before\n");
    event_close(start_info->console.domU.evtchn);
    event_send(start_info->console.domU.evtchn);
    speak_directly();
}

/* The guest cannot take the page away from the hypervisor. */
static void console_page_given_up(void)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
    xen_pfn_t mfn = start_info->console.domU.mfn;

    r.extent_start = &mfn;
    printf("misuse: before\n");
    update_va(console_ring(), 0, UVMF_INVLPG);
    HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r);
    event_send(start_info->console.domU.evtchn);
    speak_directly();
}

static void store_request_index(void)
{
    store_ring->req_prod += 5000;
    for (unsigned int i = 0; i < 3; i++)
        event_send(store_channel);
}

static void store_answer_index(void)
{
    store_ring->rsp_cons += 1;
    for (unsigned int i = 0; i < 3; i++)
        event_send(store_channel);
}

static void store_long_request(void)
{
    struct xsd_sockmsg head = {XS_READ, 1, 0, XENSTORE_PAYLOAD_MAX + 1};

    store_put(&head, sizeof(head));
    for (unsigned int i = 0; i < 3; i++)
        event_send(store_channel);
}

/* Writes as fast as it can. tests/cases/domain_output.sh counts what arrives. */
static void console_flood(void)
{
    char text[100];

    memset(text, 'f', sizeof(text));
    text[sizeof(text) - 1] = '\n';
    speak_directly();
    for (unsigned int i = 0; i < 1000; i++)
        HYPERVISOR_console_io(CONSOLEIO_write, sizeof(text), text);
}

void misuse_if_asked(void)
{
    static const struct {
        const char *name;
        void (*fn)(void);
    } kinds[] = {
#define KIND(id) {#id, id}
        KIND(console_out_index),  KIND(console_port_closed), KIND(console_page_given_up), KIND(store_request_index),
        KIND(store_answer_index), KIND(store_long_request),  KIND(console_flood),
    };
    char kind[32];

    if (!guest_option("misuse", kind, sizeof(kind)))
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
        if (!strcmp(kind, kinds[i].name) && have_store()) {
            kinds[i].fn();
            printf("misuse: %s is over\n", kind);
            guest_shutdown(SHUTDOWN_poweroff);
        }
    guest_panic("misuse=%s: no such kind", kind);
}
