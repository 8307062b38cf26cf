/* The console as hypercalls use it; arch/x86 has the UART. */
#ifndef XEN_CONSOLE_H
#define XEN_CONSOLE_H

#include <stdint.h>

void console_write(const char *text, uint32_t size); /* as it is, without a prefix */
int console_read(void);                              /* next character that was typed; -1: none */

#endif
