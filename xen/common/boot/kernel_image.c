/* SPDX-License-Identifier: MIT */
/* Guest kernels as distributions have them: compressed, and in Linux's own boot format. */
#include <xen/boot_memory.h>
#include <xen/inflate.h>
#include <xen/kernel_image.h>
#include <xen/lib.h>

#define MAX_LAYERS 4 /* bzImage.gz has three: gzip, bzImage, gzip */

/* Linux's boot protocol, from version 2.08 on: a boot sector, setup_sects more sectors, then the part that runs in
 * protected mode. The payload is in that part. */
#define SECTOR          512
#define SETUP_SECTS     0x1F1
#define BOOT_FLAG       0x1FE
#define SIGNATURE       0x202
#define VERSION         0x206
#define PAYLOAD_OFFSET  0x248
#define PAYLOAD_LENGTH  0x24C
#define HEADER_END      0x250
#define FIRST_VERSION   0x208
#define DEFAULT_SECTS   4
#define BOOT_FLAG_VALUE 0xAA55
#define SIGNATURE_VALUE 0x53726448 /* HdrS */

static uint32_t __init u16(const uint8_t *at)
{
    return at[0] | at[1] << 8;
}

static uint32_t __init u32(const uint8_t *at)
{
    return u16(at) | u16(at + 2) << 16;
}

static bool __init is_bzimage(const struct kernel_image *k)
{
    return k->size >= HEADER_END && u16(k->data + BOOT_FLAG) == BOOT_FLAG_VALUE &&
           u32(k->data + SIGNATURE) == SIGNATURE_VALUE;
}

static const char *__init enter_bzimage(struct kernel_image *k)
{
    uint32_t sectors = k->data[SETUP_SECTS] ?: DEFAULT_SECTS, start = (sectors + 1) * SECTOR;
    uint32_t offset = u32(k->data + PAYLOAD_OFFSET), length = u32(k->data + PAYLOAD_LENGTH);

    if (u16(k->data + VERSION) < FIRST_VERSION)
        return "it is a bzImage from before Linux 2.6.26, which does not say where its kernel is";
    if (start > k->size || offset > k->size - start || !length || length > k->size - start - offset)
        return "the kernel in it lies outside the file";
    k->data += start + offset;
    k->size = length;
    return NULL;
}

/* An lzma file has no magic number. It begins with a byte of settings, the size of the dictionary (2^n or 2^n + 2^(n-1)
 * bytes, or the maximum), and the size of the contents, which may be unknown. The data begins with a 0. */
static bool __init is_lzma(const struct kernel_image *k)
{
    uint32_t dictionary, half;

    if (k->size < 14 || k->data[0] >= 9 * 5 * 5 || k->data[13])
        return false;
    dictionary = u32(k->data + 1);
    half = dictionary & (dictionary - 1); /* without its lowest bit */
    if (dictionary < 1u << 12 ||
        (dictionary != UINT32_MAX && half && (half & (half - 1) || half != (dictionary ^ half) << 1)))
        return false;
    return (u32(k->data + 5) & u32(k->data + 9)) == UINT32_MAX || !(u32(k->data + 9) & ~0xFu);
}

/* Why the file cannot be unpacked, if its packer is known. */
static const char *__init other_packer(const struct kernel_image *k)
{
#define PACKED_BY(name) \
    "it is compressed by " name ", and only gzip's files can be unpacked (see tools/unpack-kernel.sh)"
    static const struct {
        uint8_t magic[8];
        uint32_t size;
        const char *what;
    } known[] = {
        {{'B', 'Z', 'h'}, 3, PACKED_BY("bzip2")},
        {{0xFD, '7', 'z', 'X', 'Z', 0}, 6, PACKED_BY("xz")},
        {{0x89, 'L', 'Z', 'O'}, 4, PACKED_BY("lzop")},
        {{0x02, 0x21, 0x4C, 0x18}, 4, PACKED_BY("lz4 (its older format)")},
        {{0x04, 0x22, 0x4D, 0x18}, 4, PACKED_BY("lz4")},
        {{0x28, 0xB5, 0x2F, 0xFD}, 4, PACKED_BY("zstd")},
        {{0x1F, 0x9D}, 2, PACKED_BY("compress")},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
        if (k->size >= known[i].size && !memcmp(k->data, known[i].magic, known[i].size))
            return known[i].what;
    return is_lzma(k) ? PACKED_BY("lzma") : NULL;
#undef PACKED_BY
}

static const char *__init unpack(struct kernel_image *k)
{
    struct kernel_image to = *k;
    const char *error = gunzip_size(k->data, k->size, &to.size);

    if (error)
        return error;
    if (!to.size)
        return "there is nothing in it";
    to.memory = alloc_boot_memory(to.size);
    to.memory_size = to.size;
    if (!to.memory)
        return "there is too little memory to unpack it";
    to.data = to.memory;
    error = gunzip(k->data, k->size, to.memory, to.size);
    if (error) {
        close_kernel_image(&to);
        return error;
    }
    log_at(LOG_INFO, "  unpacked: %u KiB to %u KiB\n", k->size >> 10, to.size >> 10);
    close_kernel_image(k);
    *k = to;
    return NULL;
}

const char *__init open_kernel_image(struct kernel_image *k, const uint8_t *file, uint32_t size)
{
    const char *error = NULL;

    *k = (struct kernel_image){.data = file, .size = size};
    for (unsigned int layer = 0; !error && layer < MAX_LAYERS; layer++) {
        if (is_gzip(k->data, k->size))
            error = unpack(k);
        else if (is_bzimage(k))
            error = enter_bzimage(k);
        else {
            error = other_packer(k);
            break;
        }
    }
    if (error)
        close_kernel_image(k);
    return error;
}

void __init close_kernel_image(struct kernel_image *k)
{
    if (k->memory)
        free_boot_memory(k->memory, k->memory_size);
    k->memory = NULL;
}
