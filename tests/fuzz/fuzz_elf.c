/* SPDX-License-Identifier: MIT */
/*
 * The parser of guest kernels (xen/common/boot/elf.c) under the coverage-guided fuzzer. The input is the file.
 *
 * The parser must not read outside of the file (the input has red zones at both ends). What it accepts must be within
 * what it promises. Loading must write only within the range that the parser announced, and parsing twice must give the
 * same.
 */
#include "host.h"

#include <xen/elf.h>
#include <xen/lib.h>

#define HIGHEST_GUEST 0xF5800000u

static const struct elf_guest *loading;

static bool within(const struct elf_guest *g, uint32_t va, uint32_t size)
{
    return va >= g->kernel_start && va <= g->kernel_end && size <= g->kernel_end - va;
}

static void write_piece(void *context, uint32_t va, const void *from, uint32_t size)
{
    static volatile uint8_t sum;

    REQUIRE(context == &loading);
    REQUIRE(within(loading, va, size));
    for (uint32_t i = 0; i < size; i++) /* instrumented code: every byte of it must be readable */
        sum += ((const uint8_t *)from)[i];
}

static void check_guest(const void *image, const struct elf_guest *g, size_t size)
{
    unsigned int segments = 0;

    REQUIRE(g->segments >= 1 && g->segments <= g->headers);
    REQUIRE(!(g->virt_base & 0xFFF));
    REQUIRE(g->virt_base <= g->kernel_start && g->kernel_start < g->kernel_end && g->kernel_end <= HIGHEST_GUEST);
    REQUIRE(g->entry >= g->kernel_start && g->entry < g->kernel_end);
    if (g->hypercall_page != ELF_UNSET)
        REQUIRE(!(g->hypercall_page & 0xFFF) && g->hypercall_page >= g->kernel_start &&
                g->hypercall_page < g->kernel_end);
    if (g->symbols != ELF_UNSET)
        REQUIRE(!(g->symbols & 3) && within(g, g->symbols, 4));
    for (unsigned int i = 0; i < g->headers; i++) {
        struct elf_segment s;

        if (!elf_segment(image, g, i, &s))
            continue;
        segments++;
        REQUIRE(s.offset <= size && s.file_size <= size - s.offset);
        REQUIRE(s.mem_size && s.file_size <= s.mem_size);
        REQUIRE(within(g, s.va, s.mem_size));
    }
    REQUIRE(segments == g->segments);
}

HOST int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_guest g, again;
    const char *error = elf_parse(data, size, &g), *second = elf_parse(data, size, &again);

    REQUIRE(error == second);
    REQUIRE(!memcmp(&g, &again, sizeof(g)));
    if (error) {
        REQUIRE(strlen(error));
        return 0;
    }
    check_guest(data, &g, size);
    loading = &g;
    elf_load(data, &g, write_piece, &loading);
    return 0;
}

HOST int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    return 0;
}
