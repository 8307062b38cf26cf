/* SPDX-License-Identifier: MIT */
/*
 * gzip (xen/common/boot/inflate.c), on the host, against zlib.
 *
 * Proves: whatever zlib packs, with all levels, strategies and headers, is unpacked to the last byte, whatever comes
 * after it; several members make one file; for streams changed at random, the answer (good or bad, and the bytes) is
 * the same as zlib's; files cut off anywhere, or with wrong trailers or impossible sizes, are refused; nothing outside
 * of the input and the announced output is touched (each is allocated with its exact length, for the address
 * sanitizer).
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define strtoull hypervisor_strtoull /* not the host's */
#include <xen/inflate.h>
#include <xen/lib.h>

static uint32_t random_state = 1;

static uint32_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* --- Data and streams */

#define MAX_DATA 200000
static uint8_t data[MAX_DATA];

enum { ZEROES, NOISE, WORDS, RUNS, KINDS };

static void make_data(unsigned int kind, uint32_t size)
{
    for (uint32_t i = 0; i < size;) {
        uint32_t r = random_number(), n = MIN(1 + r % 90, size - i);

        switch (kind) {
        case ZEROES:
            data[i++] = 0;
            break;
        case NOISE:
            data[i++] = r >> 7;
            break;
        case WORDS: /* pieces of earlier text, near and far, and new bytes */
            if (i > 300 && r & 0x100)
                for (uint32_t from = (r >> 9) % (i - 90); n; n--)
                    data[i++] = data[from++];
            else
                data[i++] = 'a' + r % 23;
            break;
        case RUNS:
            for (; n; n--)
                data[i++] = r >> 11;
        }
    }
}

/* What gzip would write; raw deflate if window_bits is below 0. Allocated with its exact length. */
static uint8_t *pack(uint32_t size, int level, int strategy, int window_bits, gz_header *header, size_t *packed)
{
    static uint8_t buffer[MAX_DATA + MAX_DATA / 10 + 4096];
    z_stream z = {0};
    uint8_t *result;

    if (deflateInit2(&z, level, Z_DEFLATED, window_bits, 8, strategy) != Z_OK)
        abort();
    if (header)
        deflateSetHeader(&z, header);
    z.next_in = data;
    z.avail_in = size;
    z.next_out = buffer;
    z.avail_out = sizeof(buffer);
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    *packed = z.total_out;
    deflateEnd(&z);
    result = malloc(*packed);
    memcpy(result, buffer, *packed);
    return result;
}

static void check_good(const uint8_t *packed, size_t size, uint32_t unpacked, const char *what)
{
    uint8_t *out = malloc(unpacked);
    uint32_t said = 0;
    const char *error = gunzip_size(packed, size, &said);

    CHECK(!error && said == unpacked, "%s: %s, %u", what, error, said);
    error = gunzip(packed, size, out, unpacked);
    CHECK(!error, "%s: %s", what, error);
    CHECK(error || !memcmp(out, data, unpacked), "%s: other bytes", what);
    free(out);
}

static const char *refusal(const uint8_t *packed, size_t size)
{
    uint32_t said;
    const char *error = gunzip_size(packed, size, &said);
    uint8_t *out;

    if (error || said > 4 * MAX_DATA)
        return error ?: "too large for this test";
    out = malloc(said);
    error = gunzip(packed, size, out, said);
    free(out);
    return error;
}

/* --- What zlib packs */

static void every_kind(void)
{
    static const uint32_t sizes[] = {0, 1, 2, 257, 258, 259, 4096, 32768, 32769, 65535, 65536, MAX_DATA};
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED};

    for (unsigned int kind = 0; kind < KINDS; kind++)
        for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
            make_data(kind, sizes[i]);
            for (int level = 0; level <= 9; level += 3)
                for (unsigned int s = 0; s < ARRAY_SIZE(strategies); s++) {
                    size_t size;
                    uint8_t *packed = pack(sizes[i], level, strategies[s], 15 + 16, NULL, &size);
                    char what[64];

                    sprintf(what, "kind %u, %u bytes, level %d, strategy %u", kind, sizes[i], level, s);
                    check_good(packed, size, sizes[i], what);
                    free(packed);
                }
        }
}

static void headers(void)
{
    uint8_t extra[300] = {1, 2, 3};

    make_data(WORDS, 1000);
    for (unsigned int flags = 0; flags < 16; flags++) {
        gz_header h = {.extra = flags & 1 ? extra : NULL,
                       .extra_len = sizeof(extra),
                       .name = flags & 2 ? (Bytef *)"vmlinux" : NULL,
                       .comment = flags & 4 ? (Bytef *)"" : NULL,
                       .hcrc = flags >> 3};
        size_t size;
        uint8_t *packed = pack(1000, 6, Z_DEFAULT_STRATEGY, 15 + 16, &h, &size);

        check_good(packed, size, 1000, "header");
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *part = malloc(cut);

            memcpy(part, packed, cut);
            CHECK(refusal(part, cut), "flags %u, cut to %zu", flags, cut);
            free(part);
        }
        free(packed);
    }
}

/* --- What is broken */

static void trailers(void)
{
    size_t size;
    uint8_t *packed, *longer;

    make_data(WORDS, 5000);
    packed = pack(5000, 9, Z_DEFAULT_STRATEGY, 15 + 16, NULL, &size);
    longer = malloc(size + 1);
    for (unsigned int i = 1; i <= 8; i++) {
        packed[size - i] ^= 0x20;
        CHECK(refusal(packed, size), "trailer byte -%u", i);
        packed[size - i] ^= 0x20;
    }
    for (unsigned int bit = 0; bit < 8; bit++) {
        packed[3] = 1 << bit;
        CHECK((bit == 0) == !refusal(packed, size), "flag %u",
              bit); /* the text flag, and those that belong to a longer header */
    }
    packed[3] = 0;
    packed[2] = 7;
    CHECK(refusal(packed, size), "method");
    packed[2] = 8;
    packed[1] = 0x9E;
    CHECK(refusal(packed, size), "magic");
    packed[1] = 0x8B;
    CHECK(!refusal(packed, size), "whole again");
    memcpy(longer, packed, size - 8);
    longer[size - 8] = 0;
    memcpy(longer + size - 7, packed + size - 8, 8);
    CHECK(refusal(longer, size + 1), "a byte behind the data");
    free(longer);
    free(packed);
}

/* The trailer is not believed: nobody allocates 4 GiB for 30 bytes. */
static void impossible_size(void)
{
    size_t size;
    uint8_t *packed;
    uint32_t said;

    make_data(ZEROES, 1000);
    packed = pack(1000, 9, Z_DEFAULT_STRATEGY, 15 + 16, NULL, &size);
    memset(packed + size - 4, 0xFF, 4);
    CHECK(gunzip_size(packed, size, &said), "%u", said);
    free(packed);
}

static uint8_t joined[4 * MAX_DATA];
static size_t joined_size;

static void join(const void *bytes, size_t n)
{
    memcpy(joined + joined_size, bytes, n);
    joined_size += n;
}

/* A member with data[from, from + n). */
static void join_member(uint32_t from, uint32_t n)
{
    static uint8_t all[MAX_DATA];
    size_t size;
    uint8_t *packed;

    memcpy(all, data, sizeof(all));
    memmove(data, data + from, n);
    packed = pack(n, 9, Z_DEFAULT_STRATEGY, 15 + 16, NULL, &size);
    memcpy(data, all, sizeof(all));
    join(packed, size);
    free(packed);
}

/* With its exact length, for the address sanitizer. */
static const char *check_joined(uint32_t unpacked, const char *what)
{
    uint8_t *copy = malloc(joined_size);
    const char *error;

    memcpy(copy, joined, joined_size);
    error = refusal(copy, joined_size);
    if (!error)
        check_good(copy, joined_size, unpacked, what);
    free(copy);
    return error;
}

/* Data after a member that is not a member itself. */
static void padding(void)
{
    static const struct {
        const char *bytes;
        size_t n;
    } tails[] = {{"\n", 1},       {"\0", 1},         {"\r\n", 2}, {"\0\0\0\0\0\0\0", 8}, {"\x1F", 1}, {"\x1F\x8C", 2},
                 {"\x8B\x1F", 2}, {"\0\x1F\x8B", 3}, {"7zXZ", 4}};
    static const uint8_t zeroes[100000];

    make_data(WORDS, 5000);
    for (unsigned int i = 0; i < ARRAY_SIZE(tails); i++) {
        const char *error;

        joined_size = 0;
        join_member(0, 5000);
        join(tails[i].bytes, tails[i].n);
        error = check_joined(5000, "padding");
        CHECK(!error, "tail %u: %s", i, error);
    }
    for (uint32_t n = 1; n <= sizeof(zeroes); n = n * 3 + 1) {
        joined_size = 0;
        join_member(0, 5000);
        join(zeroes, n);
        CHECK(!check_joined(5000, "zeroes"), "%u zeroes", n);
    }
}

static void members(void)
{
    static const uint32_t sizes[] = {1, 300, 0, 40000, 2};
    uint32_t from = 0;
    size_t second;
    const char *error;

    make_data(WORDS, MAX_DATA);
    joined_size = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
        join_member(from, sizes[i]);
        from += sizes[i];
        error = check_joined(from, "members");
        CHECK(!error, "%u members: %s", i + 1, error);
    }
    join("\n\0", 2);
    CHECK(!check_joined(from, "members and a line's end"), "padded");

    joined_size = 0;
    join_member(0, 100);
    second = joined_size;
    join_member(100, 100);
    for (size_t size = second; size < second + 18; size++) { /* cut off; less than its first two bytes is padding */
        joined_size = size;
        error = check_joined(100, "first");
        CHECK(!error == (size < second + 2), "%zu bytes of a second member: %s", size - second, error);
    }
    joined_size = second;
    join_member(100, 100);
    joined[second + 2] = 7;
    error = check_joined(0, "method");
    CHECK(error && strstr(error, "not what gzip writes"), "%s", error);
    joined[second + 2] = 8;
    joined[joined_size - 5] ^= 1;
    error = check_joined(0, "checksum");
    CHECK(error && strstr(error, "checksum"), "%s", error);
    joined[joined_size - 5] ^= 1;
    joined[joined_size - 3] ^= 1;
    error = check_joined(0, "size");
    CHECK(error && strstr(error, "another size"), "%s", error);
}

/* A member refers only to its own data. */
static void members_are_apart(void)
{
    static const uint8_t repeat[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 2, 0}; /* copies 3 from 1 before; end */
    uint8_t second[sizeof(repeat) + 8] = {0};
    const char *error;

    make_data(WORDS, 100);
    joined_size = 0;
    join_member(0, 100);
    memcpy(second, repeat, sizeof(repeat));
    second[sizeof(repeat) + 4] = 3;
    join(second, sizeof(second));
    error = check_joined(0, "apart");
    CHECK(error && strstr(error, "before its beginning"), "%s", error);
}

/* Unpacks raw deflate. Returns the number of bytes, or -1 if zlib refuses it or does not use all of it. */
static long by_zlib(const uint8_t *packed, size_t size, uint8_t *out, size_t room)
{
    z_stream z = {.next_in = (Bytef *)packed, .avail_in = size, .next_out = out, .avail_out = room};
    int rc;

    if (inflateInit2(&z, -15) != Z_OK)
        abort();
    rc = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return rc == Z_STREAM_END && !z.avail_in ? (long)z.total_out : -1;
}

static void put32(uint8_t *at, uint32_t v)
{
    memcpy(at, &v, sizeof(v));
}

static uint8_t zlib_out[4 * MAX_DATA];
static unsigned int zlib_good, zlib_bad;

/* Makes a gzip file around raw deflate, with the trailer that fits what zlib makes of it. */
static void compare(const uint8_t *raw, size_t raw_size)
{
    long n = by_zlib(raw, raw_size, zlib_out, sizeof(zlib_out));
    uint32_t unpacked = n < 0 ? 1000 : n;
    size_t size = 10 + raw_size + 8;
    uint8_t *file = calloc(1, size), *out = malloc(unpacked);
    const char *error;

    memcpy(file, "\x1F\x8B\x08", 3);
    memcpy(file + 10, raw, raw_size);
    put32(file + size - 8, crc32(0, zlib_out, n < 0 ? 0 : n));
    put32(file + size - 4, unpacked);
    error = gunzip(file, size, out, unpacked);
    CHECK(!error == (n >= 0), "zlib: %ld, we: %s", n, error);
    CHECK(error || !memcmp(out, zlib_out, n), "other bytes");
    if (n < 0)
        zlib_bad++;
    else
        zlib_good++;
    free(file);
    free(out);
}

/* A few bits are changed, mostly near the beginning, where the codes are defined. */
static void mutations(void)
{
    zlib_good = zlib_bad = 0;
    for (unsigned int round = 0; round < 30000; round++) {
        static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY};
        uint32_t n = 1 + random_number() % 600;
        size_t size;
        uint8_t *raw;

        make_data(round % KINDS, n);
        raw = pack(n, random_number() % 10, strategies[random_number() % 3], -15, NULL, &size);
        for (uint32_t bits = random_number() % 4; bits; bits--) {
            uint32_t r = random_number();

            raw[(r >> 3) % (r & 0x80000000 ? size : MIN(size, 60))] ^= 1 << (r & 7);
        }
        compare(raw, size);
        free(raw);
    }
    printf("%u accepted, %u refused, as by zlib\n", zlib_good, zlib_bad);
    CHECK(zlib_good > 5000 && zlib_bad > 5000, "%u %u", zlib_good, zlib_bad);
}

/* Random bytes, not changed streams. Every first byte is a block's kind and the beginning of its codes. */
static void noise(void)
{
    zlib_good = zlib_bad = 0;
    for (unsigned int round = 0; round < 200000; round++) {
        size_t size = 1 + random_number() % 40;
        uint8_t *raw = malloc(size);

        for (size_t i = 0; i < size; i++)
            raw[i] = random_number() >> 9;
        raw[0] |= 1;
        compare(raw, size);
        free(raw);
    }
    printf("%u accepted, %u refused, as by zlib\n", zlib_good, zlib_bad);
    CHECK(zlib_good > 20, "%u", zlib_good);
}

static const struct unit_test tests[] = {
    {"every_kind", every_kind}, {"headers", headers},
    {"trailers", trailers},     {"impossible_size", impossible_size},
    {"padding", padding},       {"members", members},
    {"mutations", mutations},   {"members_are_apart", members_are_apart},
    {"noise", noise},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
