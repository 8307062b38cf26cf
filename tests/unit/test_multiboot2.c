/* SPDX-License-Identifier: MIT */
/*
 * What Multiboot 2 loaders report (xen/arch/x86/boot/multiboot2.c), on the host.
 *
 * Proves: the same machine gives the same result by either kind of loader; whatever is wrong with a list of tags stops
 * the boot with its own message, and nothing behind the list is read: it ends where memory does.
 */
#include "boot_world.h"

#include <sys/mman.h>

#define LIST_ROOM 65536u

/* The list ends where a page does that cannot be read. */
static uint8_t *end_of_memory;
static uint8_t list[LIST_ROOM];
static uint32_t list_size, last_tag;

static void make_memory(void)
{
    uint8_t *p;

    if (end_of_memory)
        return;
    p = mmap((void *)0x20000000, LIST_ROOM + 4096, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (p == MAP_FAILED || mprotect(p + LIST_ROOM, 4096, PROT_NONE))
        abort();
    end_of_memory = p + LIST_ROOM;
}

static void put32(uint32_t value)
{
    memcpy(list + list_size, &value, 4);
    list_size += 4;
}

static void put64(uint64_t value)
{
    put32(value);
    put32(value >> 32);
}

static void begin(uint32_t type)
{
    list_size = (list_size + 7) & ~7u;
    last_tag = list_size;
    put32(type);
    put32(0);
}

static void set_size(uint32_t size)
{
    memcpy(list + last_tag + 4, &size, 4);
}

static void end(void)
{
    set_size(list_size - last_tag);
}

static void put_text(const char *text)
{
    strcpy((char *)list + list_size, text);
    list_size += strlen(text) + 1;
}

static void text_tag(uint32_t type, const char *text)
{
    begin(type);
    put_text(text);
    end();
}

static void module_tag(uint32_t from, uint32_t to, const char *text)
{
    begin(TAG_MODULE);
    put32(from);
    put32(to);
    put_text(text);
    end();
}

static void map_entry(uint64_t addr, uint64_t length, uint32_t type)
{
    put64(addr);
    put64(length);
    put32(type);
    put32(0);
}

static void map_tag(void)
{
    begin(TAG_MEMORY_MAP);
    put32(24);
    put32(0);
    map_entry(0, 0x9FC00, 1);
    map_entry(0x9FC00, 0x400, 2);
    map_entry(0xF0000, 0x10000, 2);
    map_entry(M, 255 * M, 1);
    end();
}

static void efi_entry(uint32_t type, uint64_t addr, uint64_t pages)
{
    put32(type);
    put32(0);
    put64(addr);
    put64(0);
    put64(pages);
    put64(0xF);
    put64(0x5A5A5A5A5A5A5A5A); /* entries of firmware are longer than the specification's */
}

static void efi_tag(void)
{
    begin(TAG_EFI_MAP);
    put32(48);
    put32(1);
}

static void no_tags(void)
{
    list_size = 0;
    put64(0);
}

static void all_but_the_end(void)
{
    no_tags();
    text_tag(TAG_COMMAND_LINE, "int82 loglvl=all");
    text_tag(2, "a loader's name");
    module_tag(64 * M, 64 * M + 5000, "kernel  one two");
    map_tag();
}

static void end_tag(void)
{
    begin(TAG_END);
    end();
}

static void good_list(void)
{
    all_but_the_end();
    end_tag();
}

/* Does it boot with the list, whose header says `size`? */
static bool boot_sized(uint32_t size)
{
    uint32_t room = (list_size + 7) & ~7u;

    make_memory();
    forget();
    memcpy(list, &size, 4);
    memcpy(end_of_memory - room, list, room);
    if (setjmp(way_out))
        return false;
    read_boot_information(MULTIBOOT2_MAGIC, (uint32_t)(end_of_memory - room));
    return true;
}

static bool boot(void)
{
    return boot_sized(list_size);
}

/* --- Tests */

static void good(void)
{
    good_list();
    expect_good_machine();
}

static void same_as_multiboot1(void)
{
    static struct multiboot_map_entry map[] = {
        {20, 0, 0x9FC00, 1}, {20, 0x9FC00, 0x400, 2}, {20, 0xF0000, 0x10000, 2}, {20, M, 255 * M, 1}};
    static struct multiboot_module module = {64 * M, 64 * M + 5000, 0, 0};
    static struct multiboot_info info;
    static struct e820entry map_before[E820_MAX];
    static char args[MAX_GUEST_CMDLINE], line[sizeof(saved_cmdline)];
    struct boot_module before;
    uint32_t entries;

    module.string = (uint32_t) "kernel  one two";
    info = (struct multiboot_info){.flags = MBI_CMDLINE | MBI_MODULES | MBI_MMAP,
                                   .cmdline = (uint32_t) "int82 loglvl=all",
                                   .mods_count = 1,
                                   .mods_addr = (uint32_t)&module,
                                   .mmap_length = sizeof(map),
                                   .mmap_addr = (uint32_t)map};
    forget();
    if (setjmp(way_out)) {
        CHECK(false, "says: %s", said);
        return;
    }
    read_boot_information(MULTIBOOT1_MAGIC, (uint32_t)&info);
    memcpy(map_before, machine_map, sizeof(map_before));
    entries = machine_map_entries;
    before = modules[0];
    strcpy(args, before.args);
    memcpy(line, saved_cmdline, sizeof(line));
    good_list();
    EXPECT_BOOT();
    CHECK(entries == machine_map_entries && !memcmp(map_before, machine_map, entries * sizeof(map_before[0])), "maps");
    CHECK(nr_modules == 1 && modules[0].data == before.data && modules[0].size == before.size, "modules");
    CHECK(!strcmp(modules[0].args, args) && !memcmp(line, saved_cmdline, sizeof(line)), "command lines");
}

static void any_order_and_unknown_tags(void)
{
    no_tags();
    map_tag();
    text_tag(21, "unknown");
    module_tag(64 * M, 65 * M, "");
    begin(0xFFFFFFFF);
    end();
    module_tag(66 * M, 67 * M, "second x");
    text_tag(TAG_COMMAND_LINE, "");
    end_tag();
    EXPECT_BOOT();
    CHECK(nr_modules == 2 && !*modules[0].args && !strcmp(modules[1].args, "x"), "%u", nr_modules);
    CHECK(!*saved_cmdline && !said[0], "says: %s", said);
}

static void efi_memory(void)
{
    all_but_the_end();
    efi_tag();
    efi_entry(7, 0, 0x9F);
    efi_entry(3, M, 0x800);        /* boot services: free by now */
    efi_entry(2, 9 * M, 0x100);    /* the loader's */
    efi_entry(7, 10 * M, 0xE000);  /* up to 234 MiB */
    efi_entry(6, 234 * M, 0x100);  /* runtime services */
    efi_entry(9, 235 * M, 0x100);  /* ACPI's tables */
    efi_entry(10, 236 * M, 0x100); /* ACPI's own */
    efi_entry(8, 237 * M, 0x100);  /* bad */
    efi_entry(11, 0xFEC00000, 1);
    efi_entry(99, 238 * M, 0x100);
    efi_entry(7, 1ull << 32, 0x100);
    end();
    end_tag();
    EXPECT_BOOT();
    CHECK(ram() == 0x9F000 + 234ull * M, "%llx", (unsigned long long)ram());
    for (uint32_t i = 0; i < machine_map_entries; i++) {
        const struct e820entry *e = &machine_map[i];
        uint32_t want = e->addr == 235 * M                   ? E820_ACPI
                        : e->addr == 236 * M                 ? E820_NVS
                        : e->addr == 237 * M                 ? E820_UNUSABLE
                        : e->addr < 234 * M || e->addr >> 32 ? E820_RAM
                                                             : E820_RESERVED;

        CHECK(e->type == want, "%llx: %u", (unsigned long long)e->addr, e->type);
    }
    all_but_the_end();
    efi_tag(); /* nothing in it: the other map counts */
    end();
    end_tag();
    EXPECT_BOOT();
    CHECK(ram() == 0x9FC00 + 255ull * M, "%llx", (unsigned long long)ram());
    all_but_the_end();
    efi_tag();
    efi_entry(7, M, 1ull << 52);
    end();
    end_tag();
    EXPECT_STOP("EFI memory at 100000 has 10000000000000 pages");
}

static void basic_memory(void)
{
    no_tags();
    module_tag(64 * M, 65 * M, "");
    begin(TAG_BASIC_MEMORY);
    put32(639);
    put32(255 << 10);
    end();
    end_tag();
    EXPECT_BOOT();
    CHECK(ram() == 639 * 1024 + 255ull * M, "%llx", (unsigned long long)ram());
    no_tags();
    module_tag(64 * M, 65 * M, "");
    begin(TAG_BASIC_MEMORY);
    put32(639);
    end();
    end_tag();
    EXPECT_STOP("a tag of type 4 has 12 bytes, and 16 are needed");
}

static void acpi_roots(void)
{
    all_but_the_end();
    begin(TAG_ACPI_NEW);
    list_size += 36;
    end();
    begin(TAG_ACPI_OLD);
    list_size += 20;
    end();
    end_tag();
    EXPECT_BOOT();
    CHECK(nr_roots == 2 && roots[0].size == 20 && roots[1].size == 36, "%u", nr_roots);
    all_but_the_end();
    begin(TAG_ACPI_NEW);
    end();
    end_tag();
    EXPECT_BOOT();
    CHECK(nr_roots == 1 && !roots[0].size, "%u", nr_roots);
}

#define SCREEN_SIZE (offsetof(struct framebuffer, blue_bits) + 1) /* without padding */

static void screen_tag(uint8_t type, uint32_t size)
{
    struct screen_tag t = {.tag = {TAG_SCREEN, size},
                           .address = 0x180000000,
                           .pitch = 4096,
                           .width = 1000,
                           .height = 700,
                           .bits = 32,
                           .type = type,
                           .red_at = 16,
                           .red_bits = 8,
                           .green_at = 8,
                           .green_bits = 7,
                           .blue_at = 1,
                           .blue_bits = 6};

    begin(TAG_SCREEN);
    memcpy(list + last_tag, &t, size);
    list_size = last_tag + size;
}

static void screens(void)
{
    static const struct framebuffer want = {0x180000000, 4096, 1000, 700, 32, 16, 8, 8, 7, 1, 6};
    static struct multiboot_screen one;

    for (unsigned int wrong = 0; wrong < 2; wrong++) {
        all_but_the_end();
        screen_tag(SCREEN_RGB, sizeof(struct screen_tag));
        end_tag();
        screen_is_wrong = wrong ? "it is wrong" : NULL;
        nr_screens = 0;
        EXPECT_BOOT();
        CHECK(nr_screens == 1 && !memcmp(&used_screen, &want, SCREEN_SIZE), "%u", nr_screens);
        CHECK(!!strstr(said, "The screen of 1000x700 is not used: it is wrong") == wrong, "says: %s", said);
    }
    screen_is_wrong = NULL;
    all_but_the_end();
    screen_tag(2, 32); /* text */
    end_tag();
    nr_screens = 0;
    EXPECT_BOOT();
    CHECK(!nr_screens, "text is no framebuffer");
    for (uint32_t size = 8; size < sizeof(struct screen_tag); size++) {
        all_but_the_end();
        screen_tag(SCREEN_RGB, size);
        end_tag();
        EXPECT_STOP("a tag of type 8 has");
    }
    all_but_the_end(); /* what is wrong behind it can be read on it */
    screen_tag(SCREEN_RGB, sizeof(struct screen_tag));
    nr_screens = 0;
    EXPECT_STOP("the list of tags has no end");
    CHECK(nr_screens == 1, "%u", nr_screens);
    one = (struct multiboot_screen){.info = {.flags = MBI_SCREEN},
                                    .address = want.address,
                                    .pitch = 4096,
                                    .width = 1000,
                                    .height = 700,
                                    .bits = 32,
                                    .type = 1,
                                    .red_at = 16,
                                    .red_bits = 8,
                                    .green_at = 8,
                                    .green_bits = 7,
                                    .blue_at = 1,
                                    .blue_bits = 6};
    CHECK(offsetof(struct multiboot_screen, address) == 88, "Multiboot 1's offset");
    forget();
    memset(&used_screen, 0, sizeof(used_screen));
    if (!setjmp(way_out))
        read_boot_information(MULTIBOOT1_MAGIC, (uint32_t)&one);
    CHECK(!memcmp(&used_screen, &want, SCREEN_SIZE) && strstr(said, "No guest"), "by Multiboot 1; says: %s", said);
}

/* Sizes that lie: each value in the size of each tag either still makes a list that ends, or stops the boot. */
static void sizes_of_tags(void)
{
    static const uint32_t bad[] = {0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFF9, 0xFFFFFFFF};

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        all_but_the_end();
        set_size(bad[i]);
        end_tag();
        EXPECT_STOP("a tag of type 6 has size");
    }
    good_list();
    list_size += 8;
    set_size(list_size); /* longer than what is left */
    EXPECT_STOP("a tag of type 0 has size");
    all_but_the_end();
    EXPECT_STOP("the list of tags has no end");
    no_tags();
    EXPECT_STOP("the list of tags has no end");
    all_but_the_end();
    begin(TAG_END);
    list_size -= 4; /* half of the last tag */
    EXPECT_STOP("the list of tags has no end");
}

static void total_size(void)
{
    static const uint32_t bad[] = {0, 1, 7};

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        good_list();
        CHECK(!boot_sized(bad[i]) && strstr(said, "the list of tags has"), "%u: %s", bad[i], said);
    }
    good_list();
    CHECK(!boot_sized(0xFFFFFFFF) && strstr(said, "information is not below 3 GiB"), "%s", said);
    good_list();
    for (uint32_t size = 8; size < list_size; size++)
        CHECK(!boot_sized(size) && strstr(said, "Multiboot 2: "), "%u: %s", size, said);
    forget();
    if (!setjmp(way_out))
        read_boot_information(MULTIBOOT2_MAGIC, 0xFFFFFFF8);
    CHECK(strstr(said, "information is not below 3 GiB"), "%s", said);
    forget();
    if (!setjmp(way_out))
        read_boot_information(MULTIBOOT2_MAGIC, (uint32_t)list + 4 - (uint32_t)list % 8);
    CHECK(strstr(said, "not aligned"), "%s", said);
}

static void texts_without_an_end(void)
{
    no_tags();
    begin(TAG_COMMAND_LINE);
    put32(0x41414141);
    end();
    end_tag();
    EXPECT_STOP("the text in a tag of type 1 has no end");
    no_tags();
    begin(TAG_COMMAND_LINE);
    end();
    end_tag();
    EXPECT_STOP("a tag of type 1 has 8 bytes, and 9 are needed");
    no_tags();
    begin(TAG_MODULE);
    put32(64 * M);
    put32(65 * M);
    put32(0x41414141);
    end();
    end_tag();
    EXPECT_STOP("the text in a tag of type 3 has no end");
    no_tags();
    begin(TAG_MODULE);
    put32(64 * M);
    end();
    end_tag();
    EXPECT_STOP("a tag of type 3 has 12 bytes");
}

static void twice(void)
{
    static const uint32_t types[] = {TAG_COMMAND_LINE, TAG_BASIC_MEMORY, TAG_MEMORY_MAP,
                                     TAG_ACPI_OLD,     TAG_ACPI_NEW,     TAG_EFI_MAP};

    for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
        no_tags();
        text_tag(types[i], "");
        text_tag(types[i], "");
        end_tag();
        EXPECT_STOP("there are two tags of type");
    }
}

static void entries_of_maps(void)
{
    static const uint32_t bad[] = {0, 1, 8, 16, 23, 25, 28, 0xFFFFFFFF};

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        no_tags();
        map_tag();
        memcpy(list + last_tag + 8, &bad[i], 4);
        end_tag();
        EXPECT_STOP("a memory map (type 6) with entries of");
        no_tags();
        efi_tag();
        efi_entry(7, M, 0xFF00);
        end();
        memcpy(list + last_tag + 8, &bad[i], 4);
        end_tag();
        EXPECT_STOP("a memory map (type 17) with entries of");
    }
    no_tags();
    begin(TAG_MEMORY_MAP);
    put32(24);
    end();
    end_tag();
    EXPECT_STOP("a tag of type 6 has 12 bytes, and 16 are needed");
    no_tags(); /* an entry that is not whole, and one that is longer than the map */
    module_tag(64 * M, 65 * M, "");
    map_tag();
    put64(0);
    end();
    end_tag();
    EXPECT_BOOT();
    CHECK(ram() == 0x9FC00 + 255ull * M, "%llx", (unsigned long long)ram());
    no_tags();
    module_tag(64 * M, 65 * M, "");
    map_tag();
    memcpy(list + last_tag + 8, &(uint32_t){0x10000000}, 4);
    end_tag();
    EXPECT_STOP("does not lie in RAM");
}

static void bad_modules(void)
{
    all_but_the_end();
    module_tag(64 * M + 4096, 64 * M + 8192, "");
    end_tag();
    EXPECT_STOP("overlap");
    all_but_the_end();
    module_tag(M, M + 1, "");
    end_tag();
    EXPECT_STOP("where the hypervisor is");
    no_tags();
    map_tag();
    end_tag();
    EXPECT_STOP("No guest");
    no_tags();
    map_tag();
    for (uint32_t i = 0; i < MAX_MODULES + 8; i++)
        module_tag((64 + i) * M, (65 + i) * M, "");
    end_tag();
    EXPECT_BOOT();
    CHECK(nr_modules == MAX_MODULES && strstr(said, "Only the first 32 of 40 modules"), "says: %s", said);
}

/* Any bytes at all: either it boots or it says why not, and nothing outside the list is touched. */
static void any_bytes(void)
{
    uint32_t state = 1, boots = 0;

    for (unsigned int round = 0; round < 20000; round++) {
        good_list();
        for (unsigned int n = 0; n < 3; n++) {
            state = state * 1664525 + 1013904223;
            list[8 + (state >> 8) % (list_size - 8)] = state >> 3;
        }
        if (boot())
            boots++;
        else
            CHECK(said[0], "round %u: no word", round);
        CHECK(nr_modules <= MAX_MODULES && machine_map_entries <= MAP_ROOM, "round %u", round);
    }
    CHECK(boots > 1000 && boots < 19000, "%u of 20000 boot", boots);
}

static const struct unit_test tests[] = {
    {"good", good},
    {"same_as_multiboot1", same_as_multiboot1},
    {"any_order_and_unknown_tags", any_order_and_unknown_tags},
    {"efi_memory", efi_memory},
    {"basic_memory", basic_memory},
    {"acpi_roots", acpi_roots},
    {"screens", screens},
    {"sizes_of_tags", sizes_of_tags},
    {"total_size", total_size},
    {"texts_without_an_end", texts_without_an_end},
    {"twice", twice},
    {"entries_of_maps", entries_of_maps},
    {"bad_modules", bad_modules},
    {"any_bytes", any_bytes},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
