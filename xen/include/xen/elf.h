/* SPDX-License-Identifier: MIT */
/* What the domain builder must know about a guest kernel's image. Uses no other part of the hypervisor, so that it can
 * be fuzzed on the host. */
#ifndef XEN_ELF_H
#define XEN_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_UNSET 0xFFFFFFFFu

struct elf_segment {
    uint32_t va;        /* where the guest wants it */
    uint32_t offset;    /* in the file */
    uint32_t file_size; /* <= mem_size; the rest is zero */
    uint32_t mem_size;
};

struct elf_guest {
    unsigned int headers;  /* program headers: elf_segment() */
    unsigned int segments; /* the number of them that must be loaded */
    uint32_t virt_base;    /* virtual address of pfn 0 */
    uint32_t va_offset;    /* virtual minus physical address */
    uint32_t entry;
    uint32_t hypercall_page;           /* virtual address, or ELF_UNSET */
    uint32_t kernel_start, kernel_end; /* virtual, of all segments, and of the symbols behind them */
    uint32_t symbols;                  /* virtual address for the symbol tables (BSD_SYMTAB); ELF_UNSET: none wanted */
    uint16_t symbol_section, string_section; /* the file's sections with the symbols and their strings */
    bool extended_cr3;                       /* its L3s may lie above 4 GiB */
    bool unmapped_initrd;                    /* MOD_START_PFN */
    bool no_dom0;                            /* it says that it cannot be domain 0 */
};

/* NULL: every field of *guest is set, and every segment lies within the file. Otherwise the reason why the image cannot
 * be used. */
const char *elf_parse(const void *image, size_t size, struct elf_guest *guest);

/* What program header i loads, after elf_parse() has accepted the image. False: nothing. */
bool elf_segment(const void *image, const struct elf_guest *guest, unsigned int i, struct elf_segment *segment);

/* Writes the image, piece by piece, to the addresses that the guest wants, all between kernel_start and kernel_end. The
 * gaps between the pieces must be zero already. */
typedef void elf_write_t(void *context, uint32_t va, const void *from, uint32_t size);
void elf_load(const void *image, const struct elf_guest *guest, elf_write_t *write, void *context);

#endif
