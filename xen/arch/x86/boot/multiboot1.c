/* SPDX-License-Identifier: MIT */
/* What a Multiboot 1 loader has left. Source: Multiboot specification 0.6.96. */
#include <asm/boot_info.h>

#define MBI_MEMORY  0x001
#define MBI_CMDLINE 0x004
#define MBI_MODULES 0x008
#define MBI_MMAP    0x040
#define MBI_SCREEN  0x1000

#define SCREEN_RGB 1

struct multiboot_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
};

/* The information is longer if it tells of a screen. */
struct multiboot_screen {
    struct multiboot_info info;
    uint32_t others[9];
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits, type;
    uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits;
} __attribute__((packed));

struct multiboot_module {
    uint32_t start, end, string, reserved;
};

struct multiboot_map_entry {
    uint32_t size; /* of the rest of the entry; a loader may add fields */
    uint64_t addr, length;
    uint32_t type;
} __attribute__((packed));

static const char *__init loader_string(uint32_t addr, const char *what)
{
    uint32_t end = addr;

    do
        loader_data(end, 1, what);
    while (*(const char *)end++);
    return (const char *)addr;
}

static void __init read_entries(struct boot_info *info, uint32_t at, uint32_t length)
{
    const uint32_t own_size = sizeof(struct multiboot_map_entry) - sizeof(uint32_t);
    uint32_t end = at + length;

    loader_data(at, length, "memory map");
    while (end - at >= sizeof(struct multiboot_map_entry)) {
        const struct multiboot_map_entry *e = (const void *)at;

        if (e->size < own_size || e->size > end - at - sizeof(e->size)) {
            printk("Memory map: an entry of size %u cannot be right, so it ends here\n", e->size);
            return;
        }
        add_boot_memory(info, e->addr, e->length, e->type);
        at += e->size + sizeof(e->size);
    }
}

static void __init read_modules1(struct boot_info *info, const struct multiboot_info *mbi)
{
    const struct multiboot_module *m =
        loader_data(mbi->mods_addr, mbi->mods_count * (uint64_t)sizeof(*m), "list of modules");

    for (uint32_t i = 0; i < MIN(mbi->mods_count, MAX_MODULES); i++, m++)
        add_boot_module(info, m->start, m->end, m->string ? loader_string(m->string, "module's text") : NULL);
    info->nr_modules = mbi->mods_count;
}

static void __init read_screen1(uint32_t at)
{
    const struct multiboot_screen *s = loader_data(at, sizeof(*s), "information");

    if (s->type == SCREEN_RGB)
        use_boot_screen(&(struct framebuffer){s->address, s->pitch, s->width, s->height, s->bits, s->red_at,
                                              s->red_bits, s->green_at, s->green_bits, s->blue_at, s->blue_bits});
}

void __init read_multiboot1(struct boot_info *info, uint32_t at)
{
    const struct multiboot_info *mbi = loader_data(at, sizeof(*mbi), "information");

    if (mbi->flags & MBI_SCREEN)
        read_screen1(at);
    if (mbi->flags & MBI_CMDLINE)
        info->command_line = loader_string(mbi->cmdline, "command line");
    if (mbi->flags & MBI_MMAP)
        read_entries(info, mbi->mmap_addr, mbi->mmap_length);
    if (!info->nr_map && mbi->flags & MBI_MEMORY)
        add_basic_memory(info, mbi->mem_lower, mbi->mem_upper);
    if (mbi->flags & MBI_MODULES)
        read_modules1(info, mbi);
}
