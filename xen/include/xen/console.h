/* SPDX-License-Identifier: MIT */
/* The machine's console, and who uses it: docs/domains.md. arch/x86 has the devices. */
#ifndef XEN_CONSOLE_H
#define XEN_CONSOLE_H

#include <xen/lib.h>

struct domain;

/* Prints text of d's, or of the hypervisor's if d is NULL, as it is. If somebody else has begun a line, it begins a new
 * one. */
void console_write(const struct domain *d, const char *text, uint32_t size);
/* Prints text of a domain other than 0: line by line, with the domain's number in front, and without anything that
 * could look like another's text. */
void console_guest_output(struct domain *d, const char *text, uint32_t size);
/* How many of this many bytes d may write now. They are taken off its allowance. */
uint32_t console_tokens(struct domain *d, uint32_t bytes);

int console_read(void); /* next character that was typed for domain 0; -1: none */
/* A character has been typed. */
void console_receive(char c);
/* All characters that were there have been received. */
void console_received(void);

void init_console_of(struct domain *d);
/* d has shut down or ends: it gets no more input. */
void leave_console(struct domain *d);
void end_console_of(struct domain *d);
void start_console_input(void); /* to the domain that console_input= names */
extern uint32_t opt_console_input;

/* The ring of a domain other than 0 (common/console/console_ring.c). */
bool has_console_ring(const struct domain *d);
void console_ring_input(struct domain *d, char character); /* only where there is one */

/* Devices. Nobody waits for them: what they do not take at once is kept if there is room. */
void console_put(const char *text, uint32_t size);
uint32_t console_room(void); /* so many characters console_put() takes now */
/* From now on output waits until it has gone out; false: it does not wait any more. */
void console_wait(bool wait);

/* Domain 0, and the rings of the others, write only while there is this much room. It is reserved for those who cannot
 * wait: the hypervisor, and other domains by console_io. Their text is lost when even that is used up, and a line says
 * how much was lost. */
#define CONSOLE_ROOM 2048
static inline bool console_has_room(void)
{
    return console_room() >= CONSOLE_ROOM;
}
/* A pause_point() that lets others run until there is room. */
__may_switch bool wait_for_console(void);

void console_lost(uint32_t size); /* the device has dropped this many characters */
void console_sent(void);          /* some have gone, so that there is more room */

#endif
