/* SPDX-License-Identifier: MIT */
/* elf_image.h */
#include "elf_image.h"

#include <public/elfnote.h>
#include <stdlib.h>
#include <string.h>

uint8_t image[16384];
uint32_t used;
uint8_t sections[8][SHDR_SIZE];
uint32_t note_start;
static unsigned int nr_sections;

void put32(uint8_t *at, uint32_t v)
{
    memcpy(at, &v, sizeof(v));
}

uint32_t get32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

void put16(uint8_t *at, uint16_t v)
{
    memcpy(at, &v, sizeof(v));
}

uint32_t append(const void *data, uint32_t size)
{
    uint32_t at = used;

    memcpy(image + used, data, size);
    used = (used + size + 3) & ~3u;
    return at;
}

void add_section(uint32_t name, uint32_t type, uint32_t offset, uint32_t size)
{
    uint8_t *s = sections[nr_sections++];

    memset(s, 0, SHDR_SIZE);
    put32(s, name);
    put32(s + 4, type);
    put32(s + 16, offset);
    put32(s + 20, size);
}

/* The headers, and a text segment whose bytes count up. */
void begin_kernel(void)
{
    uint8_t *p = image + EHDR_SIZE;

    memset(image, 0, sizeof(image));
    memcpy(image, "\177ELF\1\1\1", 7);
    put16(image + 16, 2); /* executable */
    put16(image + 18, 3); /* 80386 */
    put32(image + 20, 1);
    put32(image + 24, BASE + TEXT_PADDR + 8); /* entry */
    put32(image + 28, EHDR_SIZE);             /* program headers */
    put16(image + 40, EHDR_SIZE);
    put16(image + 42, PHDR_SIZE);
    put16(image + 44, 2);
    put16(image + 46, SHDR_SIZE);
    used = EHDR_SIZE + 2 * PHDR_SIZE;
    for (uint32_t i = 0; i < TEXT_SIZE; i++)
        image[used + i] = i;
    put32(p, 1); /* PT_LOAD */
    put32(p + 4, used);
    put32(p + 8, BASE + TEXT_PADDR);
    put32(p + 12, TEXT_PADDR);
    put32(p + 16, TEXT_SIZE);
    put32(p + 20, TEXT_ROOM);
    used += TEXT_SIZE;
    note_start = used;
    nr_sections = 0;
    add_section(0, 0, 0, 0);
}

void note(uint32_t type, const void *desc, uint32_t size)
{
    uint32_t head[3] = {4, size, type};

    append(head, sizeof(head));
    append("Xen", 4);
    append(desc, size);
}

void note_string(uint32_t type, const char *s)
{
    note(type, s, strlen(s) + 1);
}

void note_number(uint32_t type, uint32_t v)
{
    note(type, &v, sizeof(v));
}

void end_notes_as_segment(void)
{
    uint8_t *p = image + EHDR_SIZE + PHDR_SIZE;

    put32(p, 4); /* PT_NOTE */
    put32(p + 4, note_start);
    put32(p + 16, used - note_start);
}

/* "\0.name\0__xen_guest\0" is section 1, the names. */
void write_sections(void)
{
    static const char names[] = "\0__xen_guest";

    add_section(0, 3, append(names, sizeof(names)), sizeof(names));
    put16(image + 50, nr_sections - 1);
    put32(image + 32, append(sections, nr_sections * SHDR_SIZE));
    put16(image + 48, nr_sections);
}

void common_notes(void)
{
    note_string(XEN_ELFNOTE_GUEST_OS, "test");
    note_string(XEN_ELFNOTE_LOADER, "generic");
    note_string(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    note_string(XEN_ELFNOTE_PAE_MODE, "yes");
    note_number(XEN_ELFNOTE_VIRT_BASE, BASE);
}

void good_kernel(void)
{
    begin_kernel();
    common_notes();
    note_number(XEN_ELFNOTE_HYPERCALL_PAGE, BASE + TEXT_PADDR + 0x1000);
    note_number(XEN_ELFNOTE_ENTRY, BASE + TEXT_PADDR + 4);
    note_string(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb");
    end_notes_as_segment();
}

void string_kernel(const char *s)
{
    begin_kernel();
    put32(image + EHDR_SIZE + 12, BASE + TEXT_PADDR); /* older kernels have virtual addresses in this field */
    add_section(1, 1, append(s, strlen(s) + 1), strlen(s) + 1);
    write_sections();
}

/* --- Parsing and loading a copy of the exact length */

uint8_t room[0x10000];
bool write_outside;
static const struct elf_guest *loading;

static void write_room(void *context, uint32_t va, const void *from, uint32_t size)
{
    (void)context;
    if (va < loading->kernel_start || size > loading->kernel_end - va || va > loading->kernel_end) {
        write_outside = true;
        return;
    }
    if (va - loading->kernel_start + (uint64_t)size <= sizeof(room)) {
        memcpy(room + (va - loading->kernel_start), from, size);
        return;
    }
    for (volatile const uint8_t *p = from; size--; p++) /* all of it must at least be readable */
        (void)*p;
}

const char *parse_n(struct elf_guest *g, uint32_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    const char *error;

    if (!copy)
        abort();
    memcpy(copy, image, size);
    error = elf_parse(copy, size, g);
    if (!error) {
        memset(room, 0, sizeof(room));
        loading = g;
        elf_load(copy, g, write_room, NULL);
    }
    free(copy);
    return error;
}

const char *parse(struct elf_guest *g)
{
    return parse_n(g, used);
}
