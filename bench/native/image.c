/* SPDX-License-Identifier: MIT */
/* The image, at its linked addresses in this process. */
#define _GNU_SOURCE
#include "native.h"

#include <asm/layout.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE 64 /* of a cache */

static const uint8_t *file;
static size_t file_size;
static const Elf32_Sym *symbols;
static unsigned int symbols_n;
static const char *names;
static size_t names_size;
static const uint32_t *fixups, *fixups_end;
static uint32_t code_start, code_end, data_start, data_end;

static bool inside(size_t offset, size_t n)
{
    return offset <= file_size && n <= file_size - offset;
}

/* POSIX cksum's CRC: the build notes it of the image that belongs to this program. */
static uint32_t crc_byte(uint32_t crc, uint8_t byte)
{
    crc ^= (uint32_t)byte << 24;
    for (int bit = 0; bit < 8; bit++)
        crc = crc & 1u << 31 ? crc << 1 ^ 0x04C11DB7 : crc << 1;
    return crc;
}

static uint32_t cksum(void)
{
    uint32_t crc = 0;

    for (size_t i = 0; i < file_size; i++)
        crc = crc_byte(crc, file[i]);
    for (size_t n = file_size; n; n >>= 8)
        crc = crc_byte(crc, n);
    return ~crc;
}

static void read_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st))
        quit(CODE_MISSING, "cannot read the image %s: %s; run `make`", path, strerror(errno));
    file_size = st.st_size;
    file = file_size ? mmap(NULL, file_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (file == MAP_FAILED)
        quit(CODE_MISSING, "cannot read the image %s; run `make`", path);
    close(fd);
    if (cksum() != IMAGE_CKSUM)
        quit(CODE_MISSING,
             "%s is not the image for which this program was built, so the structures in it may be different; run "
             "`make` in the tree of that image, and use the int82-native beside it",
             path);
}

void map_at(uint32_t address, uint32_t size, int fd, uint32_t offset)
{
    void *at = (void *)address;
    int flags = MAP_FIXED_NOREPLACE | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);

    if (mmap(at, size, PROT_READ | PROT_WRITE | (fd < 0 ? PROT_EXEC : 0), flags | MAP_POPULATE, fd, offset) != at)
        quit(CODE_UNSUPPORTED,
             "cannot map %u bytes at 0x%x: %s; this needs a 32-bit process with 4 GiB of its own, as a 64-bit kernel "
             "gives",
             size, address, strerror(errno));
}

static void map_segments(const Elf32_Ehdr *e)
{
    const Elf32_Phdr *p = (const void *)(file + e->e_phoff);

    if (!inside(e->e_phoff, e->e_phnum * sizeof(*p)))
        quit(CODE_MISSING, "the image's program headers are cut off");
    for (unsigned int i = 0; i < e->e_phnum; i++, p++) {
        uint32_t start = p->p_vaddr & PAGE_MASK, end = (p->p_vaddr + p->p_memsz + PAGE_SIZE - 1) & PAGE_MASK;

        if (p->p_type != PT_LOAD || start < HYP_START) /* below is what only boots */
            continue;
        if (!inside(p->p_offset, p->p_filesz))
            quit(CODE_MISSING, "a segment of the image is cut off");
        map_at(start, end - start, -1, 0);
        memcpy((void *)p->p_vaddr, file + p->p_offset, p->p_filesz);
        *(p->p_flags & PF_W ? &data_start : &code_start) = start;
        *(p->p_flags & PF_W ? &data_end : &code_end) = end;
    }
}

static void find_symbols(const Elf32_Ehdr *e)
{
    const Elf32_Shdr *s = (const void *)(file + e->e_shoff);

    if (inside(e->e_shoff, e->e_shnum * sizeof(*s)))
        for (unsigned int i = 0; i < e->e_shnum; i++)
            if (s[i].sh_type == SHT_SYMTAB && s[i].sh_link < e->e_shnum && inside(s[i].sh_offset, s[i].sh_size)) {
                symbols = (const void *)(file + s[i].sh_offset);
                symbols_n = s[i].sh_size / sizeof(*symbols);
                names = (const char *)file + s[s[i].sh_link].sh_offset;
                names_size = s[s[i].sh_link].sh_size;
            }
    if (!symbols_n)
        quit(CODE_MISSING, "the image has no symbols");
}

static const char *name_of(const Elf32_Sym *s)
{
    return s->st_name < names_size ? names + s->st_name : "";
}

void *image_symbol(const char *name)
{
    for (unsigned int i = 0; i < symbols_n; i++)
        if (!strcmp(name_of(&symbols[i]), name))
            return (void *)symbols[i].st_value;
    quit(CODE_RUN, "the image has no symbol %s: bench/native is older than what it calls", name);
}

const char *image_name_at(uint32_t address, uint32_t *offset)
{
    const Elf32_Sym *best = NULL;

    if (address < code_start || address >= code_end)
        return NULL;
    for (unsigned int i = 0; i < symbols_n; i++)
        if (symbols[i].st_value <= address && symbols[i].st_value >= code_start && *name_of(&symbols[i]) &&
            (!best || symbols[i].st_value > best->st_value))
            best = &symbols[i];
    if (!best)
        return NULL;
    *offset = address - best->st_value;
    return name_of(best);
}

uint32_t image_fixup(uint32_t address)
{
    for (const uint32_t *f = fixups; f < fixups_end; f += 2)
        if (*f == address)
            return f[1];
    return 0;
}

void image_load(const char *path)
{
    const Elf32_Ehdr *e;

    read_file(path);
    e = (const void *)file;
    if (!inside(0, sizeof(*e)) || memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_ident[EI_CLASS] != ELFCLASS32)
        quit(CODE_MISSING, "%s is no 32-bit ELF file", path);
    map_segments(e);
    find_symbols(e);
    fixups = image_symbol("__start_extable");
    fixups_end = image_symbol("__stop_extable");
}

void flush_range(const volatile void *p, size_t n)
{
    for (const volatile char *at = p, *end = at + n; at < end; at += LINE)
        __asm__ volatile("clflush %0" : : "m"(*at));
}

void image_flush_code(void)
{
    flush_range((void *)code_start, code_end - code_start);
}

void image_flush_data(void)
{
    flush_range((void *)data_start, data_end - data_start);
}
