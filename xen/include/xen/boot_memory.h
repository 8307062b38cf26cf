/* SPDX-License-Identifier: MIT */
/* Memory for use during boot: contiguous frames, mapped at their machine addresses. */
#ifndef XEN_BOOT_MEMORY_H
#define XEN_BOOT_MEMORY_H

#include <stdint.h>

/* The memory is not zeroed. NULL: there is not enough. Use it only until domain 0 runs; memory that has not been freed
 * by then is lost. */
void *alloc_boot_memory(uint32_t size);
void free_boot_memory(void *memory, uint32_t size);

#endif
