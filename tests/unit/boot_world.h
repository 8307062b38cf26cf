/* SPDX-License-Identifier: MIT */
/* What reads a boot loader's information, and what it uses, for the tests of it. */
#ifndef BOOT_WORLD_H
#define BOOT_WORLD_H

#include <stdlib.h>

#define strtoull hypervisor_strtoull /* not the host's */
#define strlcpy  hypervisor_strlcpy
#define _start   image_start
#define _end     image_end
#include <asm/processor.h>
static uint32_t address_bits = 40;
#define physical_bits() address_bits

#include "said.h"

#include "../../xen/arch/x86/boot/boot_info.c"
#include "../../xen/arch/x86/boot/multiboot1.c"
#include "../../xen/arch/x86/boot/multiboot2.c"
#include "../../xen/common/boot/memory_map.c"

/* The hypervisor's image: 1 MiB to 3 MiB. */
__asm__(".globl image_start, image_end\n.set image_start, 0xFD900000\n.set image_end, 0xFDB00000");

static const char *parsed;

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

#define M (1u << 20)

/* As before anything has been read. */
static void forget(void)
{
    nothing_said();
    parsed = NULL;
    nr_modules = machine_map_entries = nr_roots = 0;
    memset(&boot_info, 0, sizeof(boot_info));
    memset(saved_cmdline, 0, sizeof(saved_cmdline));
}

static uint64_t ram(void)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < machine_map_entries; i++)
        if (machine_map[i].type == E820_RAM)
            sum += machine_map[i].size;
    return sum;
}

/* Whether the machine boots: each test's own, as its loader is. */
static bool boot(void);

#define EXPECT_STOP(text)                            \
    do {                                             \
        CHECK(!boot(), "it boots");                  \
        CHECK(strstr(said, text), "says: %s", said); \
    } while (0)
#define EXPECT_BOOT()     CHECK(boot(), "says: %s", said)
#define EXPECT_SAID(text) CHECK_SAID(text)

/* The machine that both kinds of loader tell of: 256 MiB with a kernel at 64 MiB. */
static void expect_good_machine(void)
{
    EXPECT_BOOT();
    CHECK(!said[0], "says: %s", said);
    CHECK(machine_map_entries == 4 && ram() == 0x9FC00 + 255ull * M, "%u entries", machine_map_entries);
    CHECK(nr_modules == 1 && modules[0].data == (void *)(64 * M) && modules[0].size == 5000, "module");
    CHECK(!strcmp(modules[0].args, "one two"), "%s", modules[0].args);
    CHECK(!strcmp(saved_cmdline, "int82 loglvl=all") && !strcmp(parsed, saved_cmdline), "%s", saved_cmdline);
}

#endif
