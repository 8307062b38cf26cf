/* SPDX-License-Identifier: MIT */
/*
 * Reads the boot loader's information (Multiboot 1). Boot loaders have bugs and pass on those of firmware, so every
 * number is checked before it is used. All addresses are machine addresses, which are mapped below 3 GiB.
 */
#include <xen/machine.h>
#include <xen/memory_map.h>
#include <xen/setup.h>

#define MULTIBOOT_MAGIC 0x2BADB002
#define MBI_MEMORY      0x001
#define MBI_CMDLINE     0x004
#define MBI_MODULES     0x008
#define MBI_MMAP        0x040

struct multiboot_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
};

struct multiboot_module {
    uint32_t start, end, string, reserved;
};

struct multiboot_map_entry {
    uint32_t size; /* of the rest of the entry; a loader may add fields */
    uint64_t addr, length;
    uint32_t type;
} __attribute__((packed));

struct e820entry machine_map[E820_MAX];
uint32_t machine_map_entries;
char saved_cmdline[1024];

struct boot_module modules[MAX_MODULES];
unsigned int nr_modules;
static char module_args[MAX_MODULES][MAX_GUEST_CMDLINE];

extern char _start[], _end[];

/* n bytes of the boot loader's at `addr`. Panics if they cannot be there. */
static const void *__init loader_data(uint32_t addr, uint64_t n, const char *what)
{
    if (addr > IDENTITY_END || n > IDENTITY_END - addr)
        panic("The boot loader's %s is not below 3 GiB (%08x)", what, addr);
    return (const void *)addr;
}

static const char *__init loader_string(uint32_t addr, const char *what)
{
    uint32_t end = addr;

    do
        loader_data(end, 1, what);
    while (*(const char *)end++);
    return (const char *)addr;
}

/* --- Command line */

static void __init read_command_line(const struct multiboot_info *mbi)
{
    const char *line;

    if (!(mbi->flags & MBI_CMDLINE))
        return;
    line = loader_string(mbi->cmdline, "command line");
    parse_command_line(line);
    if (strlcpy(saved_cmdline, line, sizeof(saved_cmdline)) >= sizeof(saved_cmdline))
        printk("Guests are told only the first %u characters of this command line\n",
               (uint32_t)sizeof(saved_cmdline) - 1);
}

/* --- Memory map */

#define MAX_RAW    1024
#define RAM_LIMIT  ((uint64_t)MAX_FRAMES << PAGE_SHIFT)
#define VGA_START  0xA0000u
#define LOW_MEMORY 0x100000u
#define MAP_ROOM   (E820_MAX - 1) /* kernels have room for E820_MAX, and Xen requires room for one more than it fills */

static struct e820entry raw_map[MAX_RAW];
static uint32_t nr_raw, nr_ignored;
static uint64_t ram_end;

static void __init add_raw(uint64_t start, uint64_t end, uint32_t type)
{
    if (start >= end)
        return;
    if (nr_raw == MAX_RAW)
        nr_ignored++;
    else
        raw_map[nr_raw++] = (struct e820entry){.addr = start, .size = end - start, .type = type};
}

/* As on Xen, there is no RAM between 640 KiB and 1 MiB, whatever firmware says, and RAM above the limit is not used. */
static void __init add_entry(uint64_t addr, uint64_t size, uint32_t type)
{
    uint64_t end = size > UINT64_MAX - addr ? UINT64_MAX : addr + size;

    if (type != E820_RAM) {
        add_raw(addr, end, type);
        return;
    }
    add_raw(addr, MIN(end, VGA_START), type);
    add_raw(MAX(addr, LOW_MEMORY), MIN(end, RAM_LIMIT), type);
    add_raw(MAX(addr, RAM_LIMIT), end, E820_UNUSABLE);
    ram_end = MAX(ram_end, end);
}

/* Some firmware does not set the upper word of a length. So, as on Xen, an entry that begins below 4 GiB is taken to be
 * shorter than 4 GiB. */
static uint64_t __init mended_length(const struct multiboot_map_entry *e)
{
    if (e->addr >> 32 || !(e->length >> 32))
        return e->length;
    printk("Memory map: the entry at %09llx is %09llx bytes long: only the lower 32 bits are believed\n",
           (unsigned long long)e->addr, (unsigned long long)e->length);
    return (uint32_t)e->length;
}

static void __init read_entries(uint32_t at, uint32_t length)
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
        add_entry(e->addr, mended_length(e), e->type);
        at += e->size + sizeof(e->size);
    }
}

static void __init read_memory_map(const struct multiboot_info *mbi)
{
    struct map_loss loss;

    if (mbi->flags & MBI_MMAP)
        read_entries(mbi->mmap_addr, mbi->mmap_length);
    if (!nr_raw && mbi->flags & MBI_MEMORY) {
        add_entry(0, (uint64_t)mbi->mem_lower << 10, E820_RAM);
        add_entry(LOW_MEMORY, (uint64_t)mbi->mem_upper << 10, E820_RAM);
    }
    machine_map_entries = merge_memory_map(raw_map, nr_raw, machine_map, MAP_ROOM, &loss);
    if (nr_ignored)
        printk("Memory map: only the first %u entries are used, not the %u behind them\n", MAX_RAW, nr_ignored);
    if (ram_end > RAM_LIMIT)
        printk("RAM above %llu MiB is not used: there is some up to %llu MiB\n", RAM_LIMIT >> 20, ram_end >> 20);
    if (loss.entries)
        printk("Memory map: %u entries are too many; the smallest, with %llu KiB of RAM, are not used\n",
               machine_map_entries + loss.entries, (unsigned long long)(loss.ram >> 10));
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
static void __init read_module_args(const struct multiboot_module *m)
{
    const char *args = m->string ? strchr(loader_string(m->string, "module's text"), ' ') : NULL;
    char *to = module_args[nr_modules];

    args = args ?: "";
    while (*args == ' ')
        args++;
    if (strlcpy(to, args, MAX_GUEST_CMDLINE) >= MAX_GUEST_CMDLINE)
        printk("Module %u: its kernel is told only the first %u characters of its command line\n", nr_modules,
               MAX_GUEST_CMDLINE - 1);
}

static void __init read_modules(const struct multiboot_info *mbi)
{
    const struct multiboot_module *m;

    if (!(mbi->flags & MBI_MODULES) || !mbi->mods_count)
        panic("No guest: give the boot loader a kernel as the first module");
    m = loader_data(mbi->mods_addr, mbi->mods_count * (uint64_t)sizeof(*m), "list of modules");
    if (mbi->mods_count > MAX_MODULES)
        printk("Only the first %u of %u modules are used\n", MAX_MODULES, mbi->mods_count);
    for (; nr_modules < MIN(mbi->mods_count, MAX_MODULES); nr_modules++, m++) {
        check_module(m->start, m->end);
        read_module_args(m);
        modules[nr_modules] = (struct boot_module){
            .data = (const uint8_t *)m->start, .size = m->end - m->start, .args = module_args[nr_modules]};
    }
}

void __init read_boot_information(uint32_t magic, const struct multiboot_info *mbi)
{
    if (magic != MULTIBOOT_MAGIC)
        panic("The boot loader does not speak Multiboot 1 (magic %08x)", magic);
    loader_data((uint32_t)mbi, sizeof(*mbi), "information");
    read_command_line(mbi);
    read_memory_map(mbi);
    read_modules(mbi);
}
