/* SPDX-License-Identifier: MIT */
/*
 * Perf's own report names a guest's functions only in ring 0, and only if it likes the symbols' file. So the file is
 * read here: a header, then records as the kernel writes them (linux/perf_event.h, which is an ABI).
 */
#include "profile/samples.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

struct section {
    uint64_t offset, size;
};

struct file_header {
    char magic[8];
    uint64_t size, attr_size;
    struct section attrs, data;
};

static bool inside(const struct buf *b, struct section s, uint64_t least)
{
    return s.size >= least && s.offset <= b->n && s.size <= b->n - s.offset;
}

/* Where the address is in a sample. Perf gives all events of a file the same layout here, or their samples an id. */
static bool address_offset(const struct buf *b, const struct file_header *h, size_t *offset)
{
    struct perf_event_attr a = {0};

    memcpy(&a, b->p + h->attrs.offset, PERF_ATTR_SIZE_VER0);
    *offset = sizeof(struct perf_event_header) + (a.sample_type & PERF_SAMPLE_IDENTIFIER ? sizeof(uint64_t) : 0);
    return a.sample_type & PERF_SAMPLE_IP;
}

static void add_sample(struct samples *s, unsigned mode, uint64_t address)
{
    bool guest = mode == PERF_RECORD_MISC_GUEST_KERNEL || mode == PERF_RECORD_MISC_GUEST_USER;

    if (guest && address <= UINT32_MAX)
        *ARRAY_ADD(s->guest, s->guest_n) = address;
    else
        s->outside++;
}

static int by_address(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

bool samples_load(const char *path, struct samples *s, const char **why)
{
    struct perf_event_header e;
    struct file_header h;
    struct buf b = {0};
    size_t offset = 0;

    *s = (struct samples){0};
    *why = "perf left no data";
    if (!file_read(path, &b) || b.n < sizeof(h))
        return false;
    memcpy(&h, b.p, sizeof(h));
    *why = "perf.data has another format than that of perf 3.12 and later";
    if (memcmp(h.magic, "PERFILE2", 8) || !inside(&b, h.attrs, PERF_ATTR_SIZE_VER0) || !inside(&b, h.data, 0) ||
        !address_offset(&b, &h, &offset))
        return false;
    *why = "perf.data is cut off";
    for (size_t at = h.data.offset, end = at + h.data.size; at < end; at += e.size) {
        if (end - at < sizeof(e))
            return false;
        memcpy(&e, b.p + at, sizeof(e));
        if (e.size < sizeof(e) || e.size > end - at)
            return false;
        if (e.type == PERF_RECORD_SAMPLE && e.size >= offset + sizeof(uint64_t)) {
            uint64_t address;

            memcpy(&address, b.p + at + offset, sizeof(address));
            add_sample(s, e.misc & PERF_RECORD_MISC_CPUMODE_MASK, address);
        }
        if (e.type == PERF_RECORD_LOST && e.size >= sizeof(e) + 2 * sizeof(uint64_t)) {
            uint64_t lost;

            memcpy(&lost, b.p + at + sizeof(e) + sizeof(uint64_t), sizeof(lost));
            s->lost += lost;
        }
    }
    if (s->guest_n)
        qsort(s->guest, s->guest_n, sizeof(*s->guest), by_address);
    buf_free(&b);
    return true;
}
