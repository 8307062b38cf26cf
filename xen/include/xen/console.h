/* SPDX-License-Identifier: MIT */
/* The machine's console, and who uses it: docs/domains.md. arch/x86 has the devices. */
#ifndef XEN_CONSOLE_H
#define XEN_CONSOLE_H

#include <xen/lib.h>

struct domain;

/* Text of d's, or, when that is NULL, of the hypervisor's; as it is. Where somebody else has begun a line, a new one.
 */
void console_write(const struct domain *d, const char *text, uint32_t size);
/* Text of a domain other than 0: line by line, with the domain's number in front, and nothing in it that could pass for
 * somebody else's. */
void console_guest_output(struct domain *d, const char *text, uint32_t size);
/* How many of so many bytes d may write now: takes them off what it may. */
uint32_t console_tokens(struct domain *d, uint32_t bytes);

int console_read(void); /* next character that was typed for domain 0; -1: none */
/* A character has been typed. */
void console_receive(char c);
/* All that were there have been received. */
void console_received(void);

void init_console_of(struct domain *d);
/* d is shut down, or goes: input is no longer for it. */
void leave_console(struct domain *d);
void end_console_of(struct domain *d);
void start_console_input(void); /* to whom console_input= says */
extern uint32_t opt_console_input;

/* The ring of a domain other than 0 (common/console/console_ring.c). */
bool has_console_ring(const struct domain *d);
void console_ring_input(struct domain *d, char character); /* only where there is one */

/* Devices. Nobody waits for them: what they do not take at once is kept, as far as there is room. */
void console_put(const char *text, uint32_t size);
uint32_t console_room(void); /* so many characters console_put() takes now */
/* From now on output waits until it has gone, or does not any more. */
void console_wait(bool wait);

/* Domain 0, and the rings of others, write only while there is this much room: it is left to those who cannot wait, the
 * hypervisor, and others by console_io. What these say when even that is used up is lost, and a line says how much. */
#define CONSOLE_ROOM 2048
static inline bool console_has_room(void)
{
    return console_room() >= CONSOLE_ROOM;
}
/* A pause_point() that lets others run until there is room. */
__may_switch bool wait_for_console(void);

void console_lost(uint32_t size); /* the device has given so many characters up */
void console_sent(void);          /* some have gone, so that there is more room */

#endif
