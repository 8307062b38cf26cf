/* SPDX-License-Identifier: MIT */
/* The last output of printk, for sysctl readconsole. Positions count bytes since boot, and wrap as on Xen. */
#include <asm/guest_access.h>
#include <xen/log_ring.h>

#define RING_SIZE 16384 /* a power of 2 */

static char ring[RING_SIZE];
static uint32_t produced; /* position of the next byte */
static uint32_t consumed; /* position of the first byte that was neither cleared nor overwritten */

void log_ring_write(const char *text, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        ring[produced++ % RING_SIZE] = text[i];
    if (produced - consumed > RING_SIZE)
        consumed = produced - RING_SIZE;
}

long log_ring_read(struct xen_sysctl_readconsole *op)
{
    uint32_t at = consumed, copied = 0;

    if (op->incremental && (int32_t)(op->index - at) > 0)
        at = op->index;
    if ((int32_t)(produced - at) < 0)
        at = produced; /* the caller's index is ahead of it */
    while (at != produced && copied < op->count) {
        uint32_t offset = at % RING_SIZE;
        uint32_t part = MIN(MIN(produced - at, RING_SIZE - offset), op->count - copied);

        if (copy_to_guest(op->buffer.p + copied, ring + offset, part))
            return -EFAULT;
        copied += part;
        at += part;
    }
    if (op->clear)
        consumed = at;
    op->count = copied;
    op->index = at;
    return 0;
}
