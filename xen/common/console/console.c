/* SPDX-License-Identifier: MIT */
/*
 * One console for all domains. Domain 0's text goes out as it is; that of other domains goes out line by line, with
 * "(d1) " in front. A domain that writes while another's line is unfinished begins a new line.
 *
 * What is typed goes to one domain at a time, at first to domain 0; Ctrl-a typed three times in a row switches to the
 * next.
 */
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/operation.h>
#include <xen/schedule.h>

#define SWITCH_KEY       0x01 /* Ctrl-a */
#define SWITCH_TIMES     3
#define PARTIAL_LINE_NS  100000000 /* how long to wait for the end of a line */
#define BYTES_PER_SECOND 2048      /* of a domain other than 0 */
#define BURST            16384     /* most that it can save up */

uint32_t opt_console_input;
static struct domain *input_domain; /* NULL: domain 0 */

/* --- Output */

static bool is_other(const struct domain *d)
{
    return d && d != dom0;
}

static const struct domain *writer; /* who wrote last */
static bool within_line;            /* its line had no end */
static uint32_t lost;               /* characters lost, and not reported yet */

/* Reports the lost characters. The next text begins a new line, so that it is clear whose it is. */
static void tell_of_lost(void)
{
    char text[40];
    int size = snprintf(text, sizeof(text), "%s(%u characters lost)\n", within_line ? "\n" : "", lost);

    lost = 0;
    within_line = false;
    console_put(text, size);
}

void console_lost(uint32_t size)
{
    lost += size;
}

void console_sent(void)
{
    if (lost && console_has_room())
        tell_of_lost();
}

bool wait_for_console(void)
{
    bool leave = pause_point();

    while (!leave && !console_has_room()) {
        this_cpu.work |= WORK_SCHEDULE; /* let others run first */
        leave = pause_point();
    }
    return leave;
}

void console_write(const struct domain *d, const char *text, uint32_t size)
{
    char prefix[16];
    bool goes_on;

    if (!size)
        return;
    console_sent();
    if (lost || console_room() < size + sizeof(prefix)) {
        lost += size;
        return;
    }
    goes_on = within_line && d == writer;
    if (within_line && !goes_on && *text != '\n')
        console_put("\n", 1);
    if (is_other(d) && !goes_on)
        console_put(prefix, snprintf(prefix, sizeof(prefix), "(d%u) ", d->domain_id));
    console_put(text, size);
    within_line = text[size - 1] != '\n';
    writer = d;
}

uint32_t console_tokens(struct domain *d, uint32_t bytes)
{
    uint64_t now = system_time(), earned;

    if (d == dom0)
        return bytes;
    earned = MIN(now - d->console_refill, BURST / BYTES_PER_SECOND * 1000000000ull);
    earned = div64(earned * BYTES_PER_SECOND, 1000000000, NULL);
    if (earned) {
        d->console_tokens = MIN(earned + d->console_tokens, BURST);
        d->console_refill = now;
    }
    bytes = MIN(bytes, d->console_tokens);
    d->console_tokens -= bytes;
    return bytes;
}

static void write_line(void *data)
{
    struct domain *d = data;
    struct console_line *line = &d->console_line;

    console_write(d, line->text, line->used);
    line->used = 0;
}

/* Leaves out what could change more than its own line: escape sequences are removed as a whole. But the domain to which
 * input goes may send them, because menus and editors need them. */
static bool may_pass(const struct domain *d, char c)
{
    enum { TEXT, ESCAPE, SEQUENCE };
    uint8_t *state = &((struct domain *)d)->console_line.state;
    uint8_t was = *state;

    if (d == input_domain)
        return true;
    if (c == '\033') {
        *state = ESCAPE;
        return false;
    }
    if (was == ESCAPE)
        *state = c == '[' ? SEQUENCE : TEXT;
    else if (was == SEQUENCE && c >= '@' && c <= '~')
        *state = TEXT;
    if (was != TEXT && c >= ' ')
        return false;
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\t';
}

void console_guest_output(struct domain *d, const char *text, uint32_t size)
{
    struct console_line *line = &d->console_line;

    for (; size--; text++) {
        if (!may_pass(d, *text))
            continue;
        line->text[line->used++] = *text;
        if (*text == '\n' || line->used == sizeof(line->text))
            write_line(d);
    }
    if (!line->used)
        stop_timer(&line->timer);
    else if (d == input_domain)
        write_line(d);
    else if (!line->timer.active)
        set_timer(&line->timer, system_time() + PARTIAL_LINE_NS);
}

/* --- Input */

static char typed[256];                /* for domain 0, not read yet */
static uint8_t typed_head, typed_tail; /* wrap by themselves */

static void typed_for_somebody(char c)
{
    if (input_domain)
        console_ring_input(input_domain, c);
    else if ((uint8_t)(typed_head + 1) != typed_tail)
        typed[typed_head++] = c;
}

int console_read(void)
{
    return typed_tail == typed_head ? -1 : (uint8_t)typed[typed_tail++];
}

static bool takes_input(const struct domain *d)
{
    return d != dom0 && has_console_ring(d) && !d->is_shut_down && !d->is_dying;
}

static struct domain *next_input_domain(void)
{
    struct domain *d;

    for_each_domain(d) if (takes_input(d) && (!input_domain || d->domain_id > input_domain->domain_id)) return d;
    return NULL;
}

static void switch_input(struct domain *d)
{
    if (input_domain)
        write_line(input_domain);
    input_domain = d;
    printk("Input is for domain %u now (Ctrl-a three times: for the next)\n", d ? d->domain_id : 0);
}

void console_receive(char c)
{
    static unsigned int pressed;

    if (c == SWITCH_KEY) {
        if (++pressed < SWITCH_TIMES)
            return;
        pressed = 0;
        switch_input(next_input_domain());
        return;
    }
    for (; pressed; pressed--)
        typed_for_somebody(SWITCH_KEY);
    typed_for_somebody(c);
}

void console_received(void)
{
    if (typed_head != typed_tail)
        send_global_virq(VIRQ_CONSOLE);
}

void __init start_console_input(void)
{
    struct domain *d = domain_by_id(opt_console_input);

    if (!opt_console_input)
        return;
    if (d && takes_input(d))
        switch_input(d);
    else
        printk("console_input=%u: there is no such domain at boot; input is for domain 0\n", opt_console_input);
}

/* --- Domains */

void init_console_of(struct domain *d)
{
    init_timer(&d->console_line.timer, write_line, d);
    d->console_tokens = BURST;
    d->console_refill = system_time();
}

void leave_console(struct domain *d)
{
    if (d == input_domain)
        switch_input(NULL);
}

void end_console_of(struct domain *d)
{
    leave_console(d);
    stop_timer(&d->console_line.timer);
    write_line(d);
    if (within_line && writer == d)
        console_write(NULL, "\n", 1);
}
