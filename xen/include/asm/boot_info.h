/* SPDX-License-Identifier: MIT */
/*
 * What a boot loader tells, in one form for all loaders. multiboot1.c and multiboot2.c fill it in, each from what its
 * loader has left; boot_info.c makes of it what the hypervisor works with. All pointers and addresses in it are machine
 * addresses below IDENTITY_END, whose bytes can be read.
 */
#ifndef ASM_BOOT_INFO_H
#define ASM_BOOT_INFO_H

#include <asm/screen.h>
#include <xen/machine.h>
#include <xen/setup.h>

#define MAX_RAW 1024 /* entries of a loader's memory map */

struct boot_info {
    const char *command_line; /* NULL: there is none */
    struct {
        uint32_t start, end;
        const char *text; /* NULL: there is none */
    } modules[MAX_MODULES];
    uint32_t nr_modules; /* that there are; those beyond MAX_MODULES are not in the list */
    /* As firmware has it: in any order, with overlaps. But there is no RAM where the hypervisor uses none. */
    struct e820entry map[MAX_RAW];
    uint32_t nr_map, nr_ignored; /* nr_ignored: entries for which there was no room */
    uint64_t ram_end;
};

/* For the loaders' files. Each panics with the reason if what it is asked for cannot be there. */
void read_multiboot1(struct boot_info *info, uint32_t at);
void read_multiboot2(struct boot_info *info, uint32_t at);

/* n bytes of the boot loader's at `addr` */
const void *loader_data(uint32_t addr, uint64_t n, const char *what);
void add_boot_module(struct boot_info *info, uint32_t start, uint32_t end, const char *text);
void add_boot_memory(struct boot_info *info, uint64_t addr, uint64_t size, uint32_t type);
/* A screen in a graphics mode: it is used at once, so that whatever goes wrong from now on can be read there. */
void use_boot_screen(const struct framebuffer *screen);
void add_basic_memory(struct boot_info *info, uint32_t lower, uint32_t upper); /* KiB from 0 and from 1 MiB */

#endif
