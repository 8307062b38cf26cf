/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <guest/console.h>
#include <guest/events.h>
#include <guest/hypercall.h>
#include <guest/string.h>
#include <public/sched.h>

#define NUMBER 8u /* characters: "NNNNNNN " */

static uint32_t received, wrong, told; /* told: events */
static volatile bool ended;

/* The character that comes in turn. */
static char expected(void)
{
    static char number[NUMBER + 1];

    if (received % NUMBER == 0)
        snprintf(number, sizeof(number), "%07u ", received / NUMBER);
    return number[received % NUMBER];
}

static void take(char c)
{
    char want = expected();

    if (c == '.') {
        ended = true;
        return;
    }
    if (c != want && wrong++ < 10)
        printf("device: input: character %u is 0x%x instead of 0x%x\n", received, (uint8_t)c, (uint8_t)want);
    received++;
}

static void on_input(evtchn_port_t port)
{
    char text[16];
    int count;

    (void)port;
    told++;
    while ((count = HYPERVISOR_console_io(CONSOLEIO_read, sizeof(text), text)) > 0)
        for (int i = 0; i < count; i++)
            take(text[i]);
}

void input_start(void)
{
    evtchn_port_t port = event_bind_virq(VIRQ_CONSOLE, 0);

    event_set_handler(port, on_input);
    event_unmask(port);
    printf("device: input: begin\n");
}

uint32_t input_received(void)
{
    return received;
}

void input_end(void)
{
    printf("device: input: enough\n");
    /* No event between the look and the call, which lets them in. */
    for (events_disable(); !ended; events_disable())
        HYPERVISOR_sched_op(SCHEDOP_block, NULL);
    events_enable();
}

uint32_t input_report(void)
{
    printf("device: input: received=%u wrong=%u events=%u\n", received, wrong, told);
    return wrong;
}
