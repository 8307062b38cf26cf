/* SPDX-License-Identifier: MIT */
/*
 * What boot loaders report (xen/arch/x86/boot/multiboot1.c, boot_info.c), on the host.
 *
 * Proves: memory maps in all the forms that boot loaders and firmware use come out as on Xen, and what is given up is
 * reported; command lines of any length are read; and no number of the Multiboot structure is believed, however wrong
 * it is: each one that cannot be right stops the boot with its own message.
 */
#include "boot_world.h"

/* --- What a boot loader would leave */

static struct multiboot_info info;
static struct multiboot_module module[MAX_MODULES + 8];
static uint8_t map_bytes[64 * 1024];
static uint32_t map_length;

static void entry(uint32_t size, uint64_t addr, uint64_t length, uint32_t type)
{
    struct multiboot_map_entry e = {size, addr, length, type};

    memcpy(map_bytes + map_length, &e, sizeof(e));
    map_length += size == 0xFFFFFFFC ? sizeof(e) : MAX(size + 4, sizeof(e));
}

/* 256 MiB with a kernel at 64 MiB. */
static void good_machine(void)
{
    map_length = 0;
    memset(map_bytes, 0, sizeof(map_bytes));
    memset(module, 0, sizeof(module));
    entry(20, 0, 0x9FC00, 1);
    entry(20, 0x9FC00, 0x400, 2);
    entry(20, 0xF0000, 0x10000, 2);
    entry(20, M, 255 * M, 1);
    module[0] =
        (struct multiboot_module){.start = 64 * M, .end = 64 * M + 5000, .string = (uint32_t) "kernel  one two"};
    info = (struct multiboot_info){.flags = MBI_CMDLINE | MBI_MODULES | MBI_MMAP | MBI_MEMORY,
                                   .mem_lower = 639,
                                   .mem_upper = 255 << 10,
                                   .cmdline = (uint32_t) "int82 loglvl=all",
                                   .mods_count = 1,
                                   .mods_addr = (uint32_t)module,
                                   .mmap_addr = (uint32_t)map_bytes};
}

/* Does this machine boot? */
static bool boot(void)
{
    forget();
    info.mmap_length = info.mmap_length ?: map_length;
    if (setjmp(way_out))
        return false;
    read_boot_information(MULTIBOOT1_MAGIC, (uint32_t)&info);
    return true;
}

static const char *above_the_limit(void)
{
    static char text[60];

    snprintf(text, sizeof(text), "RAM above %llu MiB is not used", ram_limit() >> 20);
    return text;
}

/* --- Tests */

static void good(void)
{
    good_machine();
    expect_good_machine();
}

static void without_a_map(void)
{
    good_machine();
    info.flags &= ~MBI_MMAP;
    EXPECT_BOOT();
    CHECK(machine_map_entries == 2 && ram() == 639 * 1024 + 255ull * M, "%u entries", machine_map_entries);
    good_machine();
    map_length = 0;
    info.mmap_length = 23; /* too short for an entry */
    EXPECT_BOOT();
    CHECK(machine_map_entries == 2, "%u entries", machine_map_entries);
    good_machine();
    info.flags &= ~(MBI_MMAP | MBI_MEMORY);
    EXPECT_STOP("does not lie in RAM");
    good_machine();
    info.flags &= ~MBI_MMAP;
    info.mem_lower = info.mem_upper = 0xFFFFFFFF; /* 4 TiB each */
    EXPECT_BOOT();
    EXPECT_SAID(above_the_limit());
}

/* A size of -4 leads back to the same entry. */
static void sizes_of_entries(void)
{
    static const uint32_t bad[] = {0, 4, 19, 0xFFFFFFFC, 0xFFFFFFF0};

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        good_machine();
        memcpy(map_bytes + map_length, &bad[i], 4);
        map_length += 24;
        entry(20, 1024ull * M, 1024ull * M, 1);
        EXPECT_BOOT();
        EXPECT_SAID("cannot be right, so it ends here");
        CHECK(ram() == 0x9FC00 + 255ull * M, "size %x: what is behind it was read", bad[i]);
    }
    good_machine();
    map_length = 0;
    entry(20, 0, 0x9FC00, 1);
    entry(28, M, 127 * M, 1); /* from a later version, with more fields */
    entry(20, 128 * M, 128 * M, 1);
    EXPECT_BOOT();
    CHECK(ram() == 0x9FC00 + 255ull * M && !said[0], "%llu; says: %s", ram(), said);
}

static void as_xen_mends_maps(void)
{
    good_machine();
    entry(20, 0x80000, 0x100000, 1); /* across the VGA hole */
    EXPECT_BOOT();
    CHECK(!map_is_ram(machine_map, machine_map_entries, 0xA0000, 0xA0001), "RAM at 640 KiB");
    CHECK(ram() == 0x9FC00 + 255ull * M, "the entry that says reserved wins: %llu", ram());
    good_machine();
    entry(20, 0x10000000, 0x700000000 + 16 * M, 1); /* the upper word holds an old value */
    EXPECT_BOOT();
    EXPECT_SAID("only the lower 32 bits are believed");
    CHECK(ram() == 0x9FC00 + 271ull * M, "%llu", ram());
    good_machine();
    entry(20, 0x100000000, 0x400000000, 1); /* above 4 GiB it is meant as it is */
    EXPECT_BOOT();
    EXPECT_SAID(above_the_limit());
    EXPECT_SAID("there is some up to 20480 MiB");
    CHECK(ram() == 0x9FC00 + 255ull * M + ram_limit() - (4ull << 30), "%llu", ram());
    CHECK(machine_map[machine_map_entries - 1].type == E820_UNUSABLE, "what is not used is no RAM to anybody");
    address_bits = 32;
    good_machine();
    entry(20, 0x100000000, 0x40000000, 1);
    EXPECT_BOOT();
    EXPECT_SAID("RAM above 4096 MiB is not used: there is some up to 5120 MiB");
    CHECK(ram() == 0x9FC00 + 255ull * M, "RAM that the processor does not reach: %llu", ram());
    address_bits = 40;
}

static void overlapping(void)
{
    good_machine();
    entry(20, M, 255 * M, 1);
    entry(20, 16 * M, M, 1);
    entry(20, 100 * M, 300 * M, 1);
    entry(20, 200 * M, M, 3);
    EXPECT_BOOT();
    CHECK(ram() == 0x9FC00 + 398ull * M, "%llu", ram());
    good_machine();
    entry(20, 0, 0xFFFFFFFFFFFFFFFF, 2);
    EXPECT_STOP("does not lie in RAM");
}

static void many_entries(void)
{
    good_machine();
    for (uint32_t i = 0; i < 200; i++)
        entry(20, 257 * M + i * 0x4000ull, 0x2000, 1);
    EXPECT_BOOT();
    CHECK(machine_map_entries == MAP_ROOM, "%u entries", machine_map_entries);
    EXPECT_SAID("204 entries are too many; the smallest, with 608 KiB of RAM, are not used");
    CHECK(ram() == 0x9FC00 + 255ull * M + (200 - 76) * 0x2000, "%llu", ram());
    good_machine();
    map_length = 0;
    for (uint32_t i = 0; i < 1500; i++)
        entry(20, i * (uint64_t)M, M, 1);
    EXPECT_BOOT();
    EXPECT_SAID("only the first 1024 entries are used, not the");
}

static char long_line[100000];

static void command_lines(void)
{
    for (uint32_t length = 1020; length < 1030; length++) {
        good_machine();
        memset(long_line, 'x', length);
        long_line[length] = 0;
        info.cmdline = (uint32_t)long_line;
        EXPECT_BOOT();
        CHECK(!!strstr(said, "only the first 1023 characters of this command line") == (length > 1023), "%u: %s",
              length, said);
        CHECK(parsed == long_line, "all of it is parsed");
        CHECK(strlen(saved_cmdline) == MIN(length, 1023), "%u", (uint32_t)strlen(saved_cmdline));
    }
    good_machine();
    memset(long_line, 'y', sizeof(long_line) - 1);
    long_line[5] = ' ';
    module[0].string = (uint32_t)long_line;
    EXPECT_BOOT();
    EXPECT_SAID("Module 0: its kernel is told only the first 1023 characters of its command line");
    CHECK(strlen(modules[0].args) == 1023, "%u", (uint32_t)strlen(modules[0].args));
    good_machine();
    info.flags &= ~MBI_CMDLINE;
    module[0].string = 0;
    EXPECT_BOOT();
    CHECK(!parsed && !*saved_cmdline && !*modules[0].args, "there is none");
    good_machine();
    module[0].string = (uint32_t) "kernel";
    EXPECT_BOOT();
    CHECK(!*modules[0].args, "%s", modules[0].args);
}

static void addresses(void)
{
    static const uint32_t bad[] = {0xC0000000, 0xF5800000, 0xFFFFFFF8, 0xFFFFFFFF};

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        good_machine();
        info.cmdline = bad[i];
        EXPECT_STOP("command line is not below 3 GiB");
        good_machine();
        module[0].string = bad[i];
        EXPECT_STOP("module's text is not below 3 GiB");
        good_machine();
        info.mods_addr = bad[i];
        EXPECT_STOP("list of modules is not below 3 GiB");
        good_machine();
        info.mmap_addr = bad[i];
        EXPECT_STOP("memory map is not below 3 GiB");
        good_machine();
        info.mmap_length = bad[i];
        EXPECT_STOP("memory map is not below 3 GiB");
        good_machine();
        info.mods_count = bad[i];
        EXPECT_STOP("list of modules is not below 3 GiB");
    }
    good_machine();
    if (!setjmp(way_out)) {
        said[0] = 0;
        read_boot_information(MULTIBOOT1_MAGIC, 0xFFFFFFF0);
    }
    EXPECT_SAID("information is not below 3 GiB");
    if (!setjmp(way_out)) {
        said[0] = 0;
        read_boot_information(0x36D76288, (uint32_t)&info);
    }
    EXPECT_SAID("speaks neither Multiboot 1 nor Multiboot 2 (magic 36d76288)");
}

static void bad_modules(void)
{
    static const struct {
        uint32_t start, end;
        const char *text;
    } bad[] = {
        {64 * M, 63 * M, "not below 3 GiB"},
        {64 * M, 0xC0000001, "not below 3 GiB"},
        {0xFFFFF000, 0xFFFFFFFF, "not below 3 GiB"},
        {0xFFFFF000, 0x1000, "not below 3 GiB"},
        {64 * M + 1, 65 * M, "not aligned"},
        {M, M + 1, "where the hypervisor is"},
        {2 * M, 64 * M, "where the hypervisor is"},
        {3 * M - 4096, 3 * M, "where the hypervisor is"},
        {4096, 64 * M, "where the hypervisor is"},
        {255 * M, 256 * M + 1, "does not lie in RAM"},
        {256 * M, 257 * M, "does not lie in RAM"},
        {0x9F000, 0x9FBFF, "does not lie in RAM"}, /* the end of this page belongs to the BIOS */
        {0xF0000, 0xF1000, "does not lie in RAM"},
        {32 * M, 70 * M, "overlap"},
        {64 * M, 64 * M + 1, "overlap"},
        {64 * M + 4096, 64 * M + 8192, "overlap"},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        good_machine();
        info.mods_count = 2;
        module[1] = (struct multiboot_module){.start = bad[i].start, .end = bad[i].end};
        CHECK(!boot() && strstr(said, bad[i].text), "%x-%x: %s", bad[i].start, bad[i].end, said);
    }
    good_machine();
    info.mods_count = 0;
    EXPECT_STOP("No guest");
    good_machine();
    info.flags &= ~MBI_MODULES;
    EXPECT_STOP("No guest");
}

static void odd_modules(void)
{
    good_machine();
    info.mods_count = 3;
    module[1] = (struct multiboot_module){.start = 64 * M + 8192, .end = 64 * M + 8193}; /* directly after the first */
    module[2] = (struct multiboot_module){.start = M, .end = M};                         /* empty, wherever it is */
    EXPECT_BOOT();
    CHECK(nr_modules == 3 && modules[1].size == 1 && !modules[2].size, "%u", nr_modules);
    good_machine();
    info.mods_count = MAX_MODULES + 8;
    for (uint32_t i = 0; i < MAX_MODULES + 8; i++)
        module[i] = (struct multiboot_module){.start = (64 + i) * M, .end = (65 + i) * M};
    EXPECT_BOOT();
    EXPECT_SAID("Only the first 32 of 40 modules are used");
    CHECK(nr_modules == MAX_MODULES, "%u", nr_modules);
}

/* Any bytes at all: either it boots or it says why not, and in either case it returns. */
static void any_numbers(void)
{
    uint32_t state = 1, boots = 0;

    for (unsigned int round = 0; round < 20000; round++) {
        uint32_t *word = (uint32_t *)&info;

        good_machine();
        for (unsigned int n = 0; n < 3; n++) {
            state = state * 1664525 + 1013904223;
            if (state >> 31)
                map_bytes[(state >> 8) % map_length] = state >> 3;
            else if (state >> 30)
                ((uint8_t *)module)[(state >> 8) % 16] = state >> 3;
            else if ((state >> 8) % 4 == 0)
                word[(state >> 10) % (sizeof(info) / 4)] ^= 0x80000000 | state;
        }
        module[0].string = 0; /* a host does not have memory at every address */
        info.cmdline = (uint32_t) "";
        info.mods_addr = (uint32_t)module;
        info.mods_count = MIN(info.mods_count, 40);
        info.mmap_addr = (uint32_t)map_bytes;
        info.mmap_length = MIN(info.mmap_length, sizeof(map_bytes));
        if (boot())
            boots++;
        else
            CHECK(said[0], "round %u: no word", round);
        CHECK(nr_modules <= MAX_MODULES && machine_map_entries <= MAP_ROOM, "round %u", round);
        for (uint32_t i = 1; i < machine_map_entries; i++)
            CHECK(machine_map[i - 1].addr + machine_map[i - 1].size <= machine_map[i].addr, "round %u", round);
    }
    CHECK(boots > 1000 && boots < 19000, "%u of 20000 boot", boots);
}

static const struct unit_test tests[] = {
    {"good", good},
    {"without_a_map", without_a_map},
    {"sizes_of_entries", sizes_of_entries},
    {"as_xen_mends_maps", as_xen_mends_maps},
    {"overlapping", overlapping},
    {"many_entries", many_entries},
    {"command_lines", command_lines},
    {"addresses", addresses},
    {"bad_modules", bad_modules},
    {"odd_modules", odd_modules},
    {"any_numbers", any_numbers},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
