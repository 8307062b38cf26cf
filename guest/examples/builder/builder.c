/* SPDX-License-Identifier: MIT */
/*
 * Domain 0 builds a second domain out of itself, lets it run, answers its event, and ends it. Options: `times=N` (1),
 * and `pages=N` of memory (1024). Afterwards the machine has as many free pages as before. With an initial ramdisk, the
 * domain is built from that, an ELF image.
 *
 * The second domain is the same program with `role=other` on its command line. It says hello on its console, sends an
 * event through the port that `port=N` names, waits for the answer, and powers off.
 */
#include <guest/console.h>
#include <guest/domain_builder.h>
#include <guest/events.h>
#include <guest/hypercall.h>
#include <guest/string.h>
#include <public/sched.h>

#define SECOND 1000000000ull

static volatile uint32_t events;

static void count_event(evtchn_port_t port __attribute__((unused)))
{
    events++;
}

/* ---- The other domain */

static void other(void)
{
    char text[16] = "0";
    int port;

    guest_option("port", text, sizeof(text));
    port = event_bind_interdomain(0, parse_number(text));
    printf("Hello from the other domain: %u pages, command line \"%s\"\n", start_info->nr_pages, guest_cmdline());
    if (port < 0)
        guest_panic("no event channel: %d", port);
    event_clear(port); /* binding sets it */
    event_set_handler(port, count_event);
    event_unmask(port);
    event_send(port);
    for (events_disable(); !events; events_disable()) /* no event between the look and the call, which enables */
        HYPERVISOR_sched_op(SCHEDOP_block, NULL);
    events_enable();
    printf("The other domain has got its answer\n");
}

/* ---- Domain 0 */

static uint32_t number_option(const char *key, uint32_t otherwise)
{
    char text[16];

    return guest_option(key, text, sizeof(text)) ? parse_number(text) : otherwise;
}

static void must(const char *what, int err)
{
    if (err < 0)
        guest_panic("%s: error %d", what, err);
}

/* Waits until the other domain's event has come, and answers it. */
static bool answer(struct guest_domain *d, evtchn_port_t port)
{
    uint64_t end = guest_time() + 10 * SECOND;

    while (!events && guest_time() < end) {
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
        domain_console(d);
    }
    return events && !event_send(port);
}

static void build_once(uint32_t pages, bool events_expected)
{
    struct domain_config config = {.nr_pages = pages, .domid = 7};
    struct guest_domain d;
    char cmdline[64];
    int port = event_alloc_unbound(DOMID_SELF, 7), reason;

    must("event channel", port);
    snprintf(cmdline, sizeof(cmdline), "role=other port=%d", port);
    config.cmdline = cmdline;
    if (start_info->mod_len) {
        config.image = (const void *)start_info->mod_start;
        config.image_size = start_info->mod_len;
    }
    must("build", domain_build(&d, &config));
    events = 0;
    event_set_handler(port, count_event);
    event_unmask(port);
    must("unpause", domain_unpause(&d));
    if (events_expected && !answer(&d, port))
        guest_panic("the other domain does not answer");
    reason = domain_wait(&d, 10 * SECOND);
    if (reason != SHUTDOWN_poweroff)
        guest_panic("the other domain ended with %d", reason);
    must("close", event_close(port));
    must("destroy", domain_free(&d));
}

void guest_main(void)
{
    uint32_t times = number_option("times", 1), pages = number_option("pages", 1024);
    uint64_t before;
    char role[16];

    events_enable();
    if (guest_option("role", role, sizeof(role)) && !strcmp(role, "other")) {
        other();
        return;
    }
    before = machine_free_pages();
    for (uint32_t i = 0; i < times; i++) {
        build_once(pages, !start_info->mod_len);
        if (machine_free_pages() != before)
            guest_panic("%llu pages were free before, %llu are after domain %u", before, machine_free_pages(), i + 1);
    }
    printf("Built and ended %u domains of %u pages; %llu pages are free, as before\n", times, pages, before);
}
