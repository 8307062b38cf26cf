/* SPDX-License-Identifier: MIT */
/* What reads a boot loader's information, and what it uses, for the tests of it. */
#ifndef BOOT_WORLD_H
#define BOOT_WORLD_H

#include "unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define strtoull hypervisor_strtoull /* not the host's */
#define strlcpy  hypervisor_strlcpy
#define _start   image_start
#define _end     image_end
#include "../../xen/arch/x86/boot/boot_info.c"
#include "../../xen/arch/x86/boot/multiboot1.c"
#include "../../xen/arch/x86/boot/multiboot2.c"
#include "../../xen/common/boot/memory_map.c"

/* The hypervisor's image: 1 MiB to 3 MiB. */
__asm__(".globl image_start, image_end\n.set image_start, 0xFD900000\n.set image_end, 0xFDB00000");

static jmp_buf way_out;
static char said[8192];
static const char *parsed;

static void say(const char *fmt, va_list ap)
{
    size_t used = strlen(said);

    vsnprintf(said + used, sizeof(said) - used, fmt, ap);
}

void printk(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    longjmp(way_out, 1);
}

size_t hypervisor_strlcpy(char *dst, const char *src, size_t size)
{
    snprintf(dst, size, "%s", src);
    return strlen(src);
}

void parse_command_line(const char *line)
{
    parsed = line;
}

/* The root pointers that loaders have brought. */
static struct {
    const void *rsdp;
    uint32_t size;
} roots[4];
static unsigned int nr_roots;

void offer_acpi_root(const void *rsdp, uint32_t size)
{
    roots[nr_roots].rsdp = rsdp;
    roots[nr_roots++].size = size;
}

static struct framebuffer used_screen;
static unsigned int nr_screens;
static const char *screen_is_wrong; /* what init_screen() answers */

const char *init_screen(const struct framebuffer *fb)
{
    used_screen = *fb;
    nr_screens++;
    return screen_is_wrong;
}

#endif
