/* SPDX-License-Identifier: MIT */
/*
 * Guest kernels' files (xen/common/boot/kernel_image.c), on the host.
 *
 * Proves: plain files, those compressed by gzip, and bzImages around either are opened; a bzImage is opened only if its
 * payload lies within the file; a file that another program has compressed is refused with that program's name, and a
 * file that only looks like one is left to the parser of ELF files; memory is given back after each failure.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define strtoull hypervisor_strtoull /* not the host's */
#include "../../xen/common/boot/kernel_image.c"

static unsigned int pieces;
static bool no_memory;

void *alloc_boot_memory(uint32_t size)
{
    if (no_memory || !size)
        return NULL;
    pieces++;
    return malloc(size);
}

void free_boot_memory(void *memory, uint32_t size)
{
    memset(memory, 0xA5, size);
    free(memory);
    pieces--;
}

void log_at(enum log_level level, const char *fmt, ...)
{
}

static uint8_t file[65536];
static uint32_t file_size;

static const char *open_file(struct kernel_image *k)
{
    uint8_t *copy = malloc(file_size); /* of its exact length */
    const char *error;

    memcpy(copy, file, file_size);
    error = open_kernel_image(k, copy, file_size);
    if (error)
        CHECK(!pieces, "%u pieces kept after: %s", pieces, error);
    else if (!k->memory) { /* it lies within the file */
        CHECK(k->data >= copy && k->data + k->size <= copy + file_size, "outside the file");
        k->data = file + (k->data - copy);
    }
    free(copy);
    return error;
}

static void put32(uint8_t *at, uint32_t v)
{
    memcpy(at, &v, sizeof(v));
}

static void bzimage_around(const void *payload, uint32_t size, uint32_t sectors, uint32_t offset)
{
    uint8_t inner[sizeof(file)];

    memcpy(inner, payload, size);
    memset(file, 0x90, sizeof(file));
    file[SETUP_SECTS] = sectors;
    file[BOOT_FLAG] = 0x55;
    file[BOOT_FLAG + 1] = 0xAA;
    memcpy(file + SIGNATURE, "HdrS\x0d\x02", 6);
    put32(file + PAYLOAD_OFFSET, offset);
    put32(file + PAYLOAD_LENGTH, size);
    file_size = ((sectors ?: 4) + 1) * 512 + offset + size;
    memcpy(file + file_size - size, inner, size);
}

static const char kernel[] = "\177ELF and so on";

static void gzip_file(const void *content, uint32_t n)
{
    static uint8_t inner[sizeof(file)];
    z_stream z = {.next_in = inner, .avail_in = n, .next_out = file, .avail_out = sizeof(file)};

    memcpy(inner, content, n);
    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    file_size = z.total_out;
    deflateEnd(&z);
}

static void check_kernel(const char *what, unsigned int unpacked)
{
    struct kernel_image k;
    const char *error = open_file(&k);

    CHECK(!error, "%s: %s", what, error);
    if (error)
        return;
    CHECK(k.size == sizeof(kernel) && !memcmp(k.data, kernel, sizeof(kernel)), "%s: other bytes", what);
    CHECK(pieces == unpacked, "%s: %u pieces", what, pieces);
    close_kernel_image(&k);
    CHECK(!pieces, "%s: %u pieces kept", what, pieces);
}

static void layers(void)
{
    memcpy(file, kernel, file_size = sizeof(kernel));
    check_kernel("plain", 0);
    gzip_file(kernel, sizeof(kernel));
    check_kernel("gzip", 1);
    bzimage_around(kernel, sizeof(kernel), 0, 0);
    check_kernel("bzImage of a plain kernel, default sectors", 0);
    gzip_file(kernel, sizeof(kernel));
    bzimage_around(file, file_size, 27, 1234);
    check_kernel("bzImage", 1);
    gzip_file(file, file_size);
    check_kernel("bzImage in gzip", 1);
    for (unsigned int i = 0; i < 4; i++)
        gzip_file(file, file_size);
    {
        struct kernel_image k;

        CHECK(!open_file(&k) && is_gzip(k.data, k.size), "seven layers are not all entered, and that is no harm");
        close_kernel_image(&k);
    }
}

static void bad_bzimages(void)
{
    static const struct {
        uint32_t offset, length;
    } bad[] = {
        {0, 0}, {0, 0xFFFFFFFF}, {0xFFFFFFFF, 1}, {0xFFFFF000, 0x2000}, {0, sizeof(kernel) + 1}, {1, sizeof(kernel)}};
    struct kernel_image k;

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        bzimage_around(kernel, sizeof(kernel), 4, 0);
        put32(file + PAYLOAD_OFFSET, bad[i].offset);
        put32(file + PAYLOAD_LENGTH, bad[i].length);
        CHECK(open_file(&k), "offset %x, length %x", bad[i].offset, bad[i].length);
    }
    bzimage_around(kernel, sizeof(kernel), 4, 0);
    file[SETUP_SECTS] = 255;
    CHECK(open_file(&k), "sectors beyond the file");
    bzimage_around(kernel, sizeof(kernel), 4, 0);
    file[VERSION] = 7;
    CHECK(open_file(&k), "old version");
    bzimage_around(kernel, sizeof(kernel), 4, 0);
    for (uint32_t size = 0; size <= 0x260; size++) { /* a header that is cut off is not a header */
        file_size = size;
        CHECK(!open_file(&k) == (size < HEADER_END), "cut to %x", size);
        close_kernel_image(&k);
    }
}

static void bad_files(void)
{
    static const struct {
        const char *name;
        char bytes[15];
    } packers[] = {
        {"bzip2", "BZh1"},
        {"bzip2", "BZh9"},
        {"xz", "\3757zXZ\0"},
        {"lzop", "\211LZO\0\r\n"},
        {"lz4 (its older format)", "\002\041L\030"},
        {"lz4,", "\004\"M\030"},
        {"zstd", "(\265/\375"},
        {"compress", "\037\235"},
        {"lzma", "\135\0\0\200\0\377\377\377\377\377\377\377\377\0"}, /* 8 MiB of dictionary */
        {"lzma", "\135\0\0\004\0\377\377\377\377\377\377\377\377\0"},
        {"lzma", "\0\0\020\0\0\377\377\377\377\377\377\377\377\0"}, /* lc, lp and pb 0; 4 KiB */
        {"lzma", "\123\0\0\300\0\0\020\0\0\0\0\0\0\0"},             /* 12 MiB; its size is known */
        {"lzma", "\340\377\377\377\377\377\377\377\377\377\377\377\377\0"},
    };
    static const char none[][15] = {
        "\341\0\0\200\0\377\377\377\377\377\377\377\377\0", /* there are no such settings */
        "\135\0\0\201\1\377\377\377\377\377\377\377\377\0", /* there is no such dictionary */
        "\135\0\0\200\0\377\377\377\377\377\377\377\377\1", /* does not begin with 0 */
        "\135\0\0\200\0\377\377\377\377\377\377\377\177\0", /* there is no such size */
        "\135\0\10\0\0\377\377\377\377\377\377\377\377",    /* cut off */
        "BZ",
        "\375 7zX",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    };
    struct kernel_image k;
    const char *error;

    for (unsigned int i = 0; i < ARRAY_SIZE(packers); i++) {
        char text[64];

        snprintf(text, sizeof(text), "compressed by %s", packers[i].name);
        memcpy(file, packers[i].bytes, 14);
        file_size = 14;
        error = open_file(&k);
        CHECK(error && strstr(error, text) && strstr(error, "only gzip"), "%u: %s", i, error);
        bzimage_around(packers[i].bytes, 14, 1, 0);
        error = open_file(&k);
        CHECK(error && strstr(error, text), "%u in a bzImage: %s", i, error);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) { /* the parser of ELF files decides */
        memcpy(file, none[i], 14);
        file_size = i == 4 ? 13 : strlen(none[i]) < 4 ? strlen(none[i]) : 14;
        CHECK(!open_file(&k), "%u", i);
        close_kernel_image(&k);
    }
    gzip_file(kernel, sizeof(kernel));
    no_memory = true;
    error = open_file(&k);
    no_memory = false;
    CHECK(error && strstr(error, "too little memory"), "%s", error);
    gzip_file(kernel, 0);
    error = open_file(&k);
    CHECK(error && strstr(error, "nothing in it"), "an empty file: %s", error);
    gzip_file(kernel, sizeof(kernel));
    bzimage_around(file, file_size, 1, 0);
    file[file_size - 9] ^= 1;
    gzip_file(file, file_size);
    CHECK(open_file(&k), "a broken stream in a good one: both buffers are given back");
}

static const struct unit_test tests[] = {
    {"layers", layers},
    {"bad_bzimages", bad_bzimages},
    {"bad_files", bad_files},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
