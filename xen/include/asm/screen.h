/* SPDX-License-Identifier: MIT */
/* Console on a framebuffer, where the boot loader has set a graphics mode (dev/screen.c). */
#ifndef ASM_SCREEN_H
#define ASM_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

/* Pixels of 15 (in two bytes), 16, 24 or 32 bits, in which each colour has some bits. */
struct framebuffer {
    uint64_t address;
    uint32_t pitch, width, height; /* bytes, pixels */
    uint8_t bits;
    uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits;
};

/* Begins with what has been printed already. NULL; or why this screen cannot be used. */
const char *init_screen(const struct framebuffer *fb);
void screen_write(const char *text, uint32_t size);
void screen_wait(bool wait); /* as console_wait() */

#endif
