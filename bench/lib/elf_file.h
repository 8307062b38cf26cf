/* SPDX-License-Identifier: MIT */
/* Symbols, lines and data of 32-bit ELF files. */
#ifndef INT82_BENCH_ELF_FILE_H
#define INT82_BENCH_ELF_FILE_H

#include "lib/util.h"

struct symbol {
    uint32_t address;
    const char *name;
    bool code;
};

struct elf {
    char *path;
    struct buf data;
    struct symbol *symbols; /* sorted by address, one for each */
    size_t symbols_n;
};

/* Ends the program when PATH is no 32-bit ELF file with symbols. */
struct elf *elf_load(const char *path);
bool elf_has_code(const struct elf *e, uint32_t address);
/* The code symbol that ADDRESS lies in, or NULL. */
const struct symbol *elf_symbol(const struct elf *e, uint32_t address);
/* Where the next symbol of any kind begins. */
uint32_t elf_symbol_end(const struct elf *e, uint32_t address);
/* N bytes at a virtual address of the file, or NULL. */
const void *elf_bytes(const struct elf *e, uint32_t address, size_t n);

struct line {
    uint32_t address;
    char *file; /* relative to the tree if it lies there; "?" when not known */
    unsigned line;
};
/* Fills in file and line of N elements, by one call of addr2line. */
void elf_lines(const struct elf *e, struct line *lines, size_t n);

#endif
