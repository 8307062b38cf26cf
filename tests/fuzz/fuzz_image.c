/* SPDX-License-Identifier: MIT */
/*
 * Files of guest kernels as boot loaders bring them (xen/common/boot/kernel_image.c, inflate.c): compressed by gzip,
 * Linux's bzImage, or one in the other; under the coverage-guided fuzzer. The input is the file.
 *
 * Reads must stay within the input, and writes within the memory that was asked for (all of it has red zones). What is
 * reported as unpacked must all be there, all memory must be given back, and the same file must give the same result.
 */
#include "host.h"

#include <xen/boot_memory.h>
#include <xen/kernel_image.h>
#include <xen/lib.h>

#define MOST (1u << 20) /* this machine's memory */

static unsigned int blocks;

void *alloc_boot_memory(uint32_t size)
{
    void *p;

    if (!size || size > MOST)
        return NULL;
    p = host_allocate(size);
    for (uint32_t i = 0; i < size; i++) /* not zeroed */
        ((uint8_t *)p)[i] = 0xA5;
    blocks++;
    return p;
}

void free_boot_memory(void *memory, uint32_t size)
{
    REQUIRE(blocks && size && memory);
    blocks--;
    ((volatile uint8_t *)memory)[size - 1] = 0; /* the block must have its full size */
    host_free(memory);
}

void log_at(enum log_level level, const char *fmt, ...)
{
}

static uint32_t sum_of(const struct kernel_image *k)
{
    uint32_t sum = k->size;

    for (uint32_t i = 0; i < k->size; i++)
        sum = sum * 31 + k->data[i];
    return sum;
}

HOST int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kernel_image first, again;
    const char *error = open_kernel_image(&first, data, size), *second;
    uint32_t sum;

    if (error) {
        REQUIRE(strlen(error) && !blocks);
        return 0;
    }
    REQUIRE(blocks <= 1 && !!first.memory == !!blocks);
    sum = sum_of(&first);
    close_kernel_image(&first);
    REQUIRE(!blocks);
    second = open_kernel_image(&again, data, size);
    REQUIRE(!second && sum_of(&again) == sum);
    close_kernel_image(&again);
    REQUIRE(!blocks);
    return 0;
}

HOST int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    return 0;
}
