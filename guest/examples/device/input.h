/* SPDX-License-Identifier: MIT */
/* What is typed while the load runs. The other end (tests/cases/devices_load.sh) sends the numbers from 0 on, each of
 * seven digits and a blank, and a full stop when it has seen that it is enough. It never has more than 192 characters
 * under way that no line of the load has told of, since the hypervisor keeps 255 for domain 0. Its count of characters
 * and this one must be the same. */
#ifndef DEVICE_INPUT_H
#define DEVICE_INPUT_H

#include <stdint.h>

#define INPUT_LEAST 2000u /* characters: the load goes on until they have come, however slow the typist is */

/* Binds VIRQ_CONSOLE and asks the other end to begin. */
void input_start(void);
/* Characters until now. */
uint32_t input_received(void);
/* Says that it is enough, and waits for the full stop. Only a console's event ends the wait. */
void input_end(void);
/* A line of what was received. The number of characters that were not those in turn. */
uint32_t input_report(void);

#endif
