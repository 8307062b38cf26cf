/* A guest kernel's image: what the domain builder must know. No part of the hypervisor is used: fuzzed on the host. */
#ifndef XEN_ELF_H
#define XEN_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_UNSET        0xFFFFFFFFu
#define ELF_MAX_SEGMENTS 16

struct elf_segment {
    uint32_t va;        /* where the guest wants it */
    uint32_t offset;    /* in the file */
    uint32_t file_size; /* <= mem_size; the rest is zero */
    uint32_t mem_size;
};

struct elf_guest {
    struct elf_segment segment[ELF_MAX_SEGMENTS];
    unsigned int segments;
    uint32_t virt_base;             /* virtual address of pfn 0 */
    uint32_t entry;
    uint32_t hypercall_page;        /* virtual address, or ELF_UNSET */
    uint32_t kernel_start, kernel_end; /* virtual, of all segments */
    bool wants_symbols;             /* BSD_SYMTAB */
    bool extended_cr3;              /* its L3s may lie above 4 GiB */
    bool unmapped_initrd;           /* MOD_START_PFN */
};

/* NULL, or why this is no guest for us. Every field of *guest is then set, and every segment lies within the file. */
const char *elf_parse(const void *image, size_t size, struct elf_guest *guest);

#endif
