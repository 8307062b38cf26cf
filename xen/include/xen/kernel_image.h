/* SPDX-License-Identifier: MIT */
/* A guest kernel's file: an ELF file, one compressed by gzip, or Linux's bzImage with one of these inside. */
#ifndef XEN_KERNEL_IMAGE_H
#define XEN_KERNEL_IMAGE_H

#include <stdint.h>

struct kernel_image {
    const uint8_t *data; /* the innermost file: ELF, or an unknown format */
    uint32_t size;
    void *memory; /* the memory that holds it, if it had to be unpacked */
    uint32_t memory_size;
};

/* NULL, or why it cannot be opened; then there is nothing to close. */
const char *open_kernel_image(struct kernel_image *image, const uint8_t *file, uint32_t size);
void close_kernel_image(struct kernel_image *image);

#endif
