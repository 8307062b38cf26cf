/* SPDX-License-Identifier: MIT */
/*
 * Makes of what the boot loader told (asm/boot_info.h) the command line, the memory map and the list of modules. Boot
 * loaders have bugs and pass on those of firmware, so every number is checked before it is used. All addresses are
 * machine addresses, which are mapped below 3 GiB.
 */
#include <asm/boot_info.h>
#include <asm/processor.h>
#include <xen/memory_map.h>

#define MULTIBOOT1_MAGIC 0x2BADB002
#define MULTIBOOT2_MAGIC 0x36D76289

struct e820entry machine_map[E820_MAX];
uint32_t machine_map_entries;
char saved_cmdline[1024];

struct boot_module modules[MAX_MODULES];
unsigned int nr_modules;
static char module_args[MAX_MODULES][MAX_GUEST_CMDLINE];

static struct boot_info boot_info;

extern char _start[], _end[];

/* --- For the loaders' files */

const void *__init loader_data(uint32_t addr, uint64_t n, const char *what)
{
    if (addr > IDENTITY_END || n > IDENTITY_END - addr)
        panic("The boot loader's %s is not below 3 GiB (%08x)", what, addr);
    return (const void *)addr;
}

void __init add_boot_module(struct boot_info *info, uint32_t start, uint32_t end, const char *text)
{
    if (info->nr_modules < MAX_MODULES) {
        info->modules[info->nr_modules].start = start;
        info->modules[info->nr_modules].end = end;
        info->modules[info->nr_modules].text = text;
    }
    info->nr_modules++;
}

void __init use_boot_screen(const struct framebuffer *screen)
{
    const char *why = init_screen(screen);

    if (why)
        printk("The screen of %ux%u is not used: %s\n", screen->width, screen->height, why);
}

/* --- Memory map */

#define VGA_START  0xA0000u
#define LOW_MEMORY 0x100000u
#define MAP_ROOM   (E820_MAX - 1) /* kernels have room for E820_MAX, and Xen requires room for one more than it fills */

/* Where RAM ends that can be used: the hypervisor has tables for so many frames, and the processor reaches so far. */
static uint64_t __init ram_limit(void)
{
    return MIN((uint64_t)MAX_FRAMES << PAGE_SHIFT, 1ull << physical_bits());
}

static void __init add_raw(struct boot_info *info, uint64_t start, uint64_t end, uint32_t type)
{
    if (start >= end)
        return;
    if (info->nr_map == MAX_RAW)
        info->nr_ignored++;
    else
        info->map[info->nr_map++] = (struct e820entry){.addr = start, .size = end - start, .type = type};
}

/* Some firmware does not set the upper word of a length. So, as on Xen, an entry that begins below 4 GiB is taken to be
 * shorter than 4 GiB. */
static uint64_t __init mended_length(uint64_t addr, uint64_t length)
{
    if (addr >> 32 || !(length >> 32))
        return length;
    printk("Memory map: the entry at %09llx is %09llx bytes long: only the lower 32 bits are believed\n",
           (unsigned long long)addr, (unsigned long long)length);
    return (uint32_t)length;
}

static void __init add_entry(struct boot_info *info, uint64_t addr, uint64_t size, uint32_t type)
{
    uint64_t end = size > UINT64_MAX - addr ? UINT64_MAX : addr + size, limit = ram_limit();

    if (type != E820_RAM) {
        add_raw(info, addr, end, type);
        return;
    }
    add_raw(info, addr, MIN(end, VGA_START), type);
    add_raw(info, MAX(addr, LOW_MEMORY), MIN(end, limit), type);
    add_raw(info, MAX(addr, limit), end, E820_UNUSABLE);
    info->ram_end = MAX(info->ram_end, end);
}

/* As on Xen, there is no RAM between 640 KiB and 1 MiB, whatever firmware says, and RAM above the limit is not used. */
void __init add_boot_memory(struct boot_info *info, uint64_t addr, uint64_t size, uint32_t type)
{
    add_entry(info, addr, mended_length(addr, size), type);
}

void __init add_basic_memory(struct boot_info *info, uint32_t lower, uint32_t upper)
{
    add_entry(info, 0, (uint64_t)lower << 10, E820_RAM);
    add_entry(info, LOW_MEMORY, (uint64_t)upper << 10, E820_RAM);
}

static void __init make_memory_map(const struct boot_info *info)
{
    struct map_loss loss;

    machine_map_entries = merge_memory_map(info->map, info->nr_map, machine_map, MAP_ROOM, &loss);
    if (info->nr_ignored)
        printk("Memory map: only the first %u entries are used, not the %u behind them\n", MAX_RAW, info->nr_ignored);
    if (info->ram_end > ram_limit())
        printk("RAM above %llu MiB is not used: there is some up to %llu MiB\n", ram_limit() >> 20,
               info->ram_end >> 20);
    if (loss.entries)
        printk("Memory map: %u entries are too many; the smallest, with %llu KiB of RAM, are not used\n",
               machine_map_entries + loss.entries, (unsigned long long)(loss.ram >> 10));
}

/* --- Command line */

static void __init read_command_line(const char *line)
{
    if (!line)
        return;
    parse_command_line(line);
    if (strlcpy(saved_cmdline, line, sizeof(saved_cmdline)) >= sizeof(saved_cmdline))
        printk("Guests are told only the first %u characters of this command line\n",
               (uint32_t)sizeof(saved_cmdline) - 1);
}

/* --- Modules */

static bool __init overlap(uint32_t start, uint32_t end, uint32_t other_start, uint32_t other_end)
{
    return start < other_end && other_start < end;
}

/* Modules are given to domains frame by frame, so they must be whole pages of RAM that nothing else uses. */
static void __init check_module(uint32_t start, uint32_t end)
{
    if (end < start || end > IDENTITY_END)
        panic("Module %u is not below 3 GiB (%08x-%08x)", nr_modules, start, end);
    if (start & ~PAGE_MASK)
        panic("Module %u is not aligned to a page (%08x)", nr_modules, start);
    if (start == end)
        return;
    if (overlap(start, end, virt_to_mach(_start), virt_to_mach(_end)))
        panic("Module %u lies where the hypervisor is (%08x-%08x)", nr_modules, start, end);
    if (!map_is_ram(machine_map, machine_map_entries, start, ROUNDUP(end, PAGE_SIZE)))
        panic("Module %u does not lie in RAM (%08x-%08x)", nr_modules, start, end);
    for (unsigned int i = 0; i < nr_modules; i++) {
        uint32_t other = (uint32_t)modules[i].data;

        if (overlap(start, end, other, other + modules[i].size))
            panic("Modules %u and %u overlap (%08x-%08x)", i, nr_modules, start, end);
    }
}

/* A module's text is the file's name, followed by the command line for its domain. */
static void __init read_module_args(const char *text)
{
    const char *args = text ? strchr(text, ' ') : NULL;
    char *to = module_args[nr_modules];

    args = args ?: "";
    while (*args == ' ')
        args++;
    if (strlcpy(to, args, MAX_GUEST_CMDLINE) >= MAX_GUEST_CMDLINE)
        printk("Module %u: its kernel is told only the first %u characters of its command line\n", nr_modules,
               MAX_GUEST_CMDLINE - 1);
}

static void __init read_modules(const struct boot_info *info)
{
    if (!info->nr_modules)
        panic("No guest: give the boot loader a kernel as the first module");
    if (info->nr_modules > MAX_MODULES)
        printk("Only the first %u of %u modules are used\n", MAX_MODULES, info->nr_modules);
    for (; nr_modules < MIN(info->nr_modules, MAX_MODULES); nr_modules++) {
        uint32_t start = info->modules[nr_modules].start, end = info->modules[nr_modules].end;

        check_module(start, end);
        read_module_args(info->modules[nr_modules].text);
        modules[nr_modules] =
            (struct boot_module){.data = (const uint8_t *)start, .size = end - start, .args = module_args[nr_modules]};
    }
}

void __init read_boot_information(uint32_t magic, uint32_t at)
{
    if (magic == MULTIBOOT1_MAGIC)
        read_multiboot1(&boot_info, at);
    else if (magic == MULTIBOOT2_MAGIC)
        read_multiboot2(&boot_info, at);
    else
        panic("The boot loader speaks neither Multiboot 1 nor Multiboot 2 (magic %08x)", magic);
    read_command_line(boot_info.command_line);
    make_memory_map(&boot_info);
    read_modules(&boot_info);
}
