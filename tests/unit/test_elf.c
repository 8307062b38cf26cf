/* SPDX-License-Identifier: MIT */
/*
 * The parser of guest kernels (xen/common/boot/elf.c), on the host.
 *
 * Proves what each note and each word of the older string means, and each reason to refuse a kernel. Also proves that
 * no read leaves the file and no write leaves the range that was announced, for kernels cut off at every length and for
 * kernels with random bytes changed (each is allocated with its exact length, for the address sanitizer).
 */
#include "elf_image.h"
#include "unit.h"

#include <public/elfnote.h>

#include <string.h>

/* --- The tests */

static void notes(void)
{
    struct elf_segment s;
    struct elf_guest g;

    good_kernel();
    EXPECT_GOOD(&g);
    CHECK(g.virt_base == BASE, "%x", g.virt_base);
    CHECK(g.entry == BASE + TEXT_PADDR + 4, "%x", g.entry);
    CHECK(g.hypercall_page == BASE + TEXT_PADDR + 0x1000, "%x", g.hypercall_page);
    CHECK(g.kernel_start == BASE + TEXT_PADDR && g.kernel_end == BASE + TEXT_PADDR + TEXT_ROOM, "%x", g.kernel_end);
    CHECK(g.extended_cr3 && !g.unmapped_initrd && g.symbols == ELF_UNSET, "flags");
    CHECK(g.segments == 1 && g.headers == 2, "%u of %u", g.segments, g.headers);
    CHECK(elf_segment(image, &g, 0, &s) && s.va == BASE + TEXT_PADDR && s.file_size == TEXT_SIZE, "text");
    CHECK(!elf_segment(image, &g, 1, &s), "notes are not loaded");
    for (uint32_t i = 0; i < TEXT_SIZE; i++)
        CHECK(room[i] == (uint8_t)i, "byte %u is %02x", i, room[i]);
}

static void notes_in_sections(void)
{
    struct elf_guest g;
    uint32_t end;

    begin_kernel();
    common_notes();
    end = used;
    add_section(0, 7, note_start, end - note_start);
    write_sections();
    EXPECT_GOOD(&g);
    CHECK(g.entry == BASE + TEXT_PADDR + 8, "the ELF header's entry point: %x", g.entry);
    CHECK(g.hypercall_page == ELF_UNSET, "%x", g.hypercall_page);
}

/* As in GRUB's i386-xen image. */
static void last_note_beyond_its_section(void)
{
    uint32_t head[3] = {4, 12, XEN_ELFNOTE_MOD_START_PFN}, end;
    struct elf_guest g;

    begin_kernel();
    common_notes();
    append(head, sizeof(head));
    append("Xen", 4);
    append("\1\0\0\0", 4);
    end = used;
    add_section(0, 7, note_start, end - note_start);
    write_sections();
    EXPECT_GOOD(&g);
    CHECK(g.unmapped_initrd, "what is there of it counts");

    begin_kernel();
    common_notes();
    note(XEN_ELFNOTE_FEATURES, "abcd", 4); /* the file ends with it, and the string has no final 0 */
    put32(image + used - 4 - 12, 1000);
    end_notes_as_segment();
    EXPECT_GOOD(&g);
}

static void without_base(void)
{
    struct elf_guest g;

    begin_kernel();
    note_string(XEN_ELFNOTE_LOADER, "generic");
    note_string(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    note_string(XEN_ELFNOTE_PAE_MODE, "yes,bimodal");
    end_notes_as_segment();
    put32(image + 24, TEXT_PADDR + 12);
    EXPECT_GOOD(&g);
    CHECK(g.virt_base == 0 && g.kernel_start == TEXT_PADDR && g.entry == TEXT_PADDR + 12, "%x", g.kernel_start);
}

static void paddr_offset(void)
{
    struct elf_guest g;

    good_kernel();
    note_number(XEN_ELFNOTE_PADDR_OFFSET, 0x80000);
    note_number(XEN_ELFNOTE_ENTRY, BASE + 0x80000);
    note_number(XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x81000);
    end_notes_as_segment();
    EXPECT_GOOD(&g);
    CHECK(g.kernel_start == BASE + TEXT_PADDR - 0x80000, "%x", g.kernel_start);
}

static void string(void)
{
    struct elf_guest g;

    string_kernel(
        "GUEST_OS=linux,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,HYPERCALL_PAGE=0x101,PAE=yes[extended-cr3],LOADER=x");
    EXPECT_GOOD(&g);
    CHECK(g.virt_base == BASE && g.kernel_start == BASE + TEXT_PADDR, "the offset defaults to the base: %x",
          g.kernel_start);
    CHECK(g.hypercall_page == BASE + 0x101000, "a page number: %x", g.hypercall_page);
    CHECK(g.extended_cr3, "extended-cr3");

    string_kernel("LOADER=generic,XEN_VER=xen-3.0,PAE=yes,VIRT_BASE=3221225472,VIRT_ENTRY=0xc0100010,ELF_PADDR_OFFSET="
                  "0xc0000000");
    EXPECT_GOOD(&g);
    CHECK(g.entry == BASE + TEXT_PADDR + 16 && !g.extended_cr3, "%x", g.entry);
}

/* Features that a guest may ask for, and the spellings that Xen accepts. */
static void odd_notes(void)
{
    static const char *const features[] = {"",
                                           "foo|bar",
                                           "|",
                                           "||foo",
                                           "!dom0",
                                           "!pae_pgdir_above_4gb|!writable_descriptor_tables",
                                           "!writable_page_tables|"};
    static const char *const modes[] = {"yes", "bimodal", "yes,bimodal", "no,bimodal", "yes[extended-cr3]"};
    struct elf_guest g;

    for (unsigned int i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        good_kernel();
        note_string(XEN_ELFNOTE_FEATURES, features[i]);
        end_notes_as_segment();
        EXPECT_GOOD(&g);
    }
    for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        good_kernel();
        note_string(XEN_ELFNOTE_PAE_MODE, modes[i]);
        end_notes_as_segment();
        EXPECT_GOOD(&g);
        CHECK(g.extended_cr3, "%s", modes[i]);
    }
    /* The name is "Xen", however its length is given. */
    for (uint32_t namesz = 3; namesz <= 4; namesz++) {
        uint32_t head[3] = {namesz, 4, XEN_ELFNOTE_ENTRY}, entry = BASE + TEXT_PADDR + 16;

        good_kernel();
        append(head, sizeof(head));
        append("Xen", 4);
        append(&entry, sizeof(entry));
        end_notes_as_segment();
        EXPECT_GOOD(&g);
        CHECK(g.entry == entry, "name of %u: %x", namesz, g.entry);
    }
}

static void only_pvh(void)
{
    struct elf_guest g;

    begin_kernel(); /* Linux 5.9 and later: the ELF header's entry point is also a physical address */
    common_notes();
    note_number(XEN_ELFNOTE_PHYS32_ENTRY, TEXT_PADDR);
    end_notes_as_segment();
    put32(image + 24, TEXT_PADDR);
    EXPECT_ERROR("only as a PVH guest");
    good_kernel(); /* Linux 4.11 to 5.8 have both */
    note_number(XEN_ELFNOTE_PHYS32_ENTRY, TEXT_PADDR);
    end_notes_as_segment();
    EXPECT_GOOD(&g);
}

#define MANY 300

/* Each program header has one byte of the text, at its own address. */
static void many_segments(void)
{
    static uint8_t headers[MANY + 1][PHDR_SIZE];
    struct elf_guest g;

    good_kernel();
    for (uint32_t i = 0; i < MANY; i++) {
        put32(headers[i], 1);
        put32(headers[i] + 4, EHDR_SIZE + 2 * PHDR_SIZE + i);
        put32(headers[i] + 12, TEXT_PADDR + i * 8);
        put32(headers[i] + 16, 1);
        put32(headers[i] + 20, i == MANY - 1 ? TEXT_ROOM - i * 8 : 1);
    }
    memcpy(headers[MANY], image + EHDR_SIZE + PHDR_SIZE, PHDR_SIZE);
    put32(image + 28, append(headers, sizeof(headers)));
    put16(image + 44, MANY + 1);
    EXPECT_GOOD(&g);
    CHECK(g.segments == MANY, "%u", g.segments);
    CHECK(g.kernel_start == BASE + TEXT_PADDR && g.kernel_end == BASE + TEXT_PADDR + TEXT_ROOM, "%x", g.kernel_end);
    for (uint32_t i = 0; i < MANY; i++)
        CHECK(room[i * 8] == (uint8_t)i && !room[i * 8 + 1], "segment %u: %x", i, room[i * 8]);
}

#define TEN  "0123456789"
#define REST ",XEN_VER=xen-3.0,LOADER=generic,PAE=yes"

/* As Xen reads it: releases up to 3.0.4 looked for "KEY=" anywhere, later ones split the text at commas. */
static void odd_strings(void)
{
    static const struct {
        const char *string;
        uint32_t base, entry;
    } good[] = {
        {" GUEST_OS=linux, XEN_VER=xen-3.0,\n\tVIRT_BASE=0xC0000000,  PAE=yes , LOADER=generic", BASE, 8},
        {"VIRT_BASE=0xC0000000,,,VIRT_ENTRY=0xC0100010" REST ",", BASE, 16},
        {",VIRT_BASE=0XC0000000" REST, BASE, 8},
        {"=,=yes,VIRT_BASE= 0xc0000000" REST, BASE, 8},
        {"VIRT_BASE=030000000000,VIRT_ENTRY=3222274080" REST, BASE, 32},
        {"VIRT_BASE=0xC0000000 and more" REST ",FEATURES=foo|bar", BASE, 8},
        {"VIRT_BASE=0xC0000000" REST "=no", BASE, 8},
        {"UNKNOWN=yes,VIRT_BASE_=1,VIRT_BASE=0xC0000000" REST ",virt_base=7,PAE ", BASE, 8},
        /* 31 characters of a key and 127 of a value: what follows is a new key. */
        {"a_key_that_has_31_characters_ooVIRT_BASE=0xC0000000" REST, BASE, 8},
        {"GUEST_VER=" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "1234567VIRT_BASE=0xC0000000" REST, BASE, 8},
    };
    struct elf_guest g;

    for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const char *error;

        string_kernel(good[i].string);
        error = parse(&g);
        CHECK(!error && g.virt_base == good[i].base && g.entry == BASE + TEXT_PADDR + good[i].entry, "%u: %s, %x, %x",
              i, error ? error : "", g.virt_base, g.entry);
    }
    string_kernel("VIRT_BASE=0xC0000000,FEATURES=!foo" REST);
    EXPECT_ERROR("does not know");
    string_kernel("VIRT_BASE=0xC0000000,XEN_VER=xen-3.0,LOADER=generic,PAE =yes");
    EXPECT_ERROR("not made for PAE");
    string_kernel("VIRT_BASE=0xC0000000,XEN_VER=xen-3.0,LOADER=generic;PAE=yes");
    EXPECT_ERROR("not made for PAE");
}

static void notes_win_over_string(void)
{
    static const char s[] = "LOADER=other,XEN_VER=xen-2.0,VIRT_BASE=0x80000000";
    struct elf_guest g;
    uint32_t start, end;

    begin_kernel();
    add_section(1, 1, append(s, sizeof(s)), sizeof(s)); /* the string comes first in the file */
    start = used;
    common_notes();
    end = used;
    add_section(0, 7, start, end - start);
    write_sections();
    EXPECT_GOOD(&g);
    CHECK(g.virt_base == BASE, "%x", g.virt_base);
}

static void refusals(void)
{
    good_kernel();
    image[0] = 'x';
    EXPECT_ERROR("no ELF");
    good_kernel();
    image[4] = 2;
    EXPECT_ERROR("64-bit");
    good_kernel();
    image[5] = 2;
    EXPECT_ERROR("no 32-bit x86");
    good_kernel();
    put16(image + 18, 8);
    EXPECT_ERROR("no 32-bit x86");
    good_kernel();
    put16(image + 16, 1);
    EXPECT_ERROR("no 32-bit x86");
    good_kernel();
    put16(image + 42, 31);
    EXPECT_ERROR("strange size");
    good_kernel();
    put32(image + 28, 0xFFFFFFF0);
    EXPECT_ERROR("program headers lie outside");
    good_kernel();
    put32(image + EHDR_SIZE + 4, 0xFFFFFF00);
    EXPECT_ERROR("outside the file");
    good_kernel();
    put32(image + EHDR_SIZE + 20, TEXT_SIZE - 1);
    EXPECT_ERROR("outside the file");
    good_kernel();
    put32(image + EHDR_SIZE, 2);
    EXPECT_ERROR("nothing to load");
    good_kernel();
    put32(image + EHDR_SIZE + 12, 0x35800000);
    EXPECT_ERROR("outside what a guest may use");
    good_kernel();
    put32(image + EHDR_SIZE + 20, 0x35800000);
    EXPECT_ERROR("outside what a guest may use");
    good_kernel();
    put32(image + EHDR_SIZE + 12, 0x40000000);
    EXPECT_ERROR("outside what a guest may use");
    begin_kernel();
    EXPECT_ERROR("no Xen guest");
}

/* No error: the builder decides whether the kernel is to be domain 0. */
static void not_for_domain_0(void)
{
    struct elf_guest g;

    good_kernel();
    EXPECT_GOOD(&g);
    CHECK(!g.no_dom0, "it may be domain 0");
    note_number(XEN_ELFNOTE_SUPPORTED_FEATURES, 0x10);
    end_notes_as_segment();
    EXPECT_GOOD(&g);
    CHECK(g.no_dom0, "it may not be domain 0");
    note_string(XEN_ELFNOTE_FEATURES, "dom0");
    end_notes_as_segment();
    EXPECT_GOOD(&g);
    CHECK(!g.no_dom0, "it may, by its other list");
}

static void refusals_by_notes(void)
{
    static const struct {
        uint32_t type;
        const char *text; /* or, when NULL, */
        uint32_t number;
        const char *error;
    } bad[] = {
        {XEN_ELFNOTE_XEN_VERSION, "xen-2.0", 0, "version 3.0"},
        {XEN_ELFNOTE_LOADER, "special", 0, "loader"},
        {XEN_ELFNOTE_PAE_MODE, "no", 0, "PAE"},
        {XEN_ELFNOTE_FEATURES, "pae_pgdir_above_4gb|!supervisor_mode_kernel", 0, "feature"},
        {XEN_ELFNOTE_FEATURES, "!auto_translated_physmap", 0, "feature"},
        {XEN_ELFNOTE_FEATURES, "!hvm_callback_vector", 0, "feature"},
        {XEN_ELFNOTE_FEATURES, "!foo|writable_page_tables", 0, "does not know"},
        {XEN_ELFNOTE_FEATURES, "writable_page_tables|!writable_page_table", 0, "does not know"},
        {XEN_ELFNOTE_FEATURES, "foo|!", 0, "does not know"},
        {XEN_ELFNOTE_HV_START_LOW, NULL, 0xF5801000, "higher"},
        {XEN_ELFNOTE_VIRT_BASE, NULL, BASE + 1, "base"},
        {XEN_ELFNOTE_VIRT_BASE, NULL, 0xF5800000, "base"},
        {XEN_ELFNOTE_ENTRY, NULL, BASE, "entry"},
        {XEN_ELFNOTE_ENTRY, NULL, BASE + TEXT_PADDR + TEXT_ROOM, "entry"},
        {XEN_ELFNOTE_HYPERCALL_PAGE, NULL, BASE + TEXT_PADDR + 1, "hypercall page"},
        {XEN_ELFNOTE_HYPERCALL_PAGE, NULL, BASE + TEXT_PADDR + 0x3000, "hypercall page"},
        {XEN_ELFNOTE_PADDR_OFFSET, NULL, TEXT_PADDR + 1, "outside what a guest may use"},
    };

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        good_kernel();
        if (bad[i].text)
            note_string(bad[i].type, bad[i].text);
        else
            note_number(bad[i].type, bad[i].number);
        end_notes_as_segment();
        EXPECT_ERROR(bad[i].error);
    }
}

static void bsd_symbols(void)
{
    static const uint8_t symbols[20] = {1, 2, 3}, strings[7] = "\0a\0bcd";
    const uint32_t headers = EHDR_SIZE + 3 * SHDR_SIZE;
    uint32_t at, size;
    struct elf_guest g;

    begin_kernel();
    common_notes();
    note_string(XEN_ELFNOTE_BSD_SYMTAB, "yes");
    end_notes_as_segment();
    add_section(0, 3, append("other", 6), 6);
    add_section(0, 2, append(symbols, sizeof(symbols)), sizeof(symbols));
    put32(sections[2] + 24, 4); /* its strings are section 4 */
    add_section(0, 1, 0x7FFFFFFF, 0x7FFFFFFF);
    add_section(0, 3, append(strings, sizeof(strings)), sizeof(strings));
    write_sections();
    EXPECT_GOOD(&g);
    at = BASE + TEXT_PADDR + TEXT_ROOM;
    CHECK(g.symbols == at, "%x", g.symbols);
    size = headers + sizeof(symbols) + 8;
    CHECK(g.kernel_end == at + 4 + size, "%x, expected %x", g.kernel_end, at + 4 + size);
    at -= g.kernel_start;
    CHECK(!memcmp(room + at, &size, 4), "its size");
    at += 4;
    CHECK(!memcmp(room + at, "\177ELF", 4), "the header");
    CHECK(get32(room + at + 28) == 0 && get32(room + at + 32) == EHDR_SIZE, "where headers are");
    CHECK(room[at + 44] == 0 && room[at + 48] == 3, "no program headers, three sections");
    CHECK(get32(room + at + EHDR_SIZE + SHDR_SIZE + 16) == headers, "offset of the symbols");
    CHECK(get32(room + at + EHDR_SIZE + SHDR_SIZE + 24) == 2, "their strings");
    CHECK(get32(room + at + EHDR_SIZE + 2 * SHDR_SIZE + 16) == headers + sizeof(symbols), "offset of the strings");
    CHECK(!memcmp(room + at + headers, symbols, sizeof(symbols)), "the symbols");
    CHECK(!memcmp(room + at + headers + sizeof(symbols), strings, sizeof(strings)), "the strings");
}

static void truncations(void)
{
    static void (*const kernels[])(void) = {notes, notes_in_sections, last_note_beyond_its_section, string,
                                            bsd_symbols};
    struct elf_guest g;

    for (unsigned int k = 0; k < sizeof(kernels) / sizeof(kernels[0]); k++) {
        kernels[k]();
        for (uint32_t size = 0; size < used; size++)
            (void)parse_n(&g, size);
    }
    CHECK(!write_outside, "wrote outside the announced room");
}

static uint32_t random_state = 1;

static uint32_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static void random_changes(void)
{
    static void (*const kernels[])(void) = {notes, notes_in_sections, last_note_beyond_its_section, string,
                                            bsd_symbols};
    static const uint32_t interesting[] = {0, 1, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFC, 0xFFFF, 4096};
    static uint8_t original[sizeof(image)];
    unsigned int good = 0;

    for (unsigned int k = 0; k < sizeof(kernels) / sizeof(kernels[0]); k++) {
        kernels[k]();
        memcpy(original, image, sizeof(image));
        for (unsigned int round = 0; round < 20000; round++) {
            struct elf_guest g;

            memcpy(image, original, sizeof(image));
            for (unsigned int n = random_number() % 3 + 1; n; n--) {
                uint32_t at =
                    random_number() % 8 ? random_number() % used : EHDR_SIZE + random_number() % (2 * PHDR_SIZE);

                /* not in the text, where a change has no effect */
                if (at >= EHDR_SIZE + 2 * PHDR_SIZE && at < EHDR_SIZE + 2 * PHDR_SIZE + TEXT_SIZE)
                    at -= TEXT_SIZE < at ? TEXT_SIZE : 0;
                if (random_number() & 1)
                    image[at] ^= 1u << random_number() % 8;
                else
                    put32(image + (at & ~3u), interesting[random_number() % 9]);
            }
            good += !parse(&g);
        }
    }
    CHECK(!write_outside, "wrote outside the announced room");
    CHECK(good > 1000, "only %u were still kernels", good);
}

static const struct unit_test tests[] = {
    {"elf_notes", notes},
    {"elf_notes_in_sections", notes_in_sections},
    {"elf_last_note_beyond_its_section", last_note_beyond_its_section},
    {"elf_without_base", without_base},
    {"elf_paddr_offset", paddr_offset},
    {"elf_string", string},
    {"elf_notes_win_over_string", notes_win_over_string},
    {"elf_odd_notes", odd_notes},
    {"elf_odd_strings", odd_strings},
    {"elf_only_pvh", only_pvh},
    {"elf_many_segments", many_segments},
    {"elf_refusals", refusals},
    {"elf_not_for_domain_0", not_for_domain_0},
    {"elf_refusals_by_notes", refusals_by_notes},
    {"elf_bsd_symbols", bsd_symbols},
    {"elf_truncations", truncations},
    {"elf_random_changes", random_changes},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
