/* SPDX-License-Identifier: MIT */
/* The two 8259 interrupt controllers (dev/i8259.c), which a machine need not have. Lines are numbered 0 to 15. */
#ifndef ASM_I8259_H
#define ASM_I8259_H

#include <asm/irq.h>

extern const struct irq_chip chip_8259; /* irq = line */

/* Sets them up, with all lines masked. False: there are none. */
bool init_8259(void);
/* Which lines are level-triggered: a bit for each. */
uint16_t level_lines_8259(void);

/* An interrupt has come by the vector of this line. False: the line did not ask, and everything is done. Otherwise
 * end_8259() has to follow. */
bool accept_8259(unsigned int line);
void end_8259(unsigned int line);

/* To be called now and then. A line that asked at the last call already, and still does, although it is not masked, has
 * been overlooked: accepts it, as accept_8259() does. -1: there is none. */
int overlooked_8259(void);

#endif
