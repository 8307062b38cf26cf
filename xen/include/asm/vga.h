/* SPDX-License-Identifier: MIT */
/* Console on the screen, where there is one in text mode. */
#ifndef ASM_VGA_H
#define ASM_VGA_H

#include <stdint.h>

void init_vga(void);
void vga_write(const char *text, uint32_t size);

#endif
