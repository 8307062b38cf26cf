/* SPDX-License-Identifier: MIT */
/*
 * Inflate, for compressed guest kernels at boot. The file is not trusted: the bounds of input and output are checked
 * for every byte, and a set of code lengths is refused if there is no prefix code with these lengths.
 */
#include <xen/inflate.h>
#include <xen/lib.h>

#define MAX_BITS  15 /* of a code */
#define FAST_BITS 9  /* codes up to this length are found by one look-up */
#define LITERALS  288
#define DISTANCES 30
#define LENGTHS   286 /* codes that a stream may define */
#define END       256 /* of block */

#define HEADER_SIZE  10
#define TRAILER_SIZE 8
#define FLAG_CRC     0x02
#define FLAG_EXTRA   0x04
#define FLAG_NAME    0x08
#define FLAG_COMMENT 0x10
#define FLAG_UNKNOWN 0xE0

/* The codes of one kind. They are canonical: codes of the same length are consecutive numbers, in the order of their
 * symbols. */
struct codes {
    uint16_t fast[1 << FAST_BITS]; /* by the next bits of input: length << 12 | symbol; 0: a longer code, or none */
    uint16_t count[MAX_BITS + 1];  /* codes of each length */
    uint16_t symbol[LITERALS];     /* in the order of their codes */
};

struct stream {
    const uint8_t *in, *in_end;
    uint8_t *out; /* NULL: bytes are only counted */
    uint32_t done, room;
    uint32_t start;         /* of the member in the output */
    uint32_t bits, nr_bits; /* read, but not used: the lowest bit is next */
    const char *error;
};

static struct codes literals, distances;

static const char too_short[] = "its compressed data ends too early";
static const char no_such_code[] = "its compressed data holds a code that stands for nothing";
static const char bad_codes[] = "its compressed data defines codes that contradict each other";
static const char too_long[] = "it unpacks to more than there is room for";

/* Reads as many bits as fit, or as there are. */
static void __init refill(struct stream *s)
{
    while (s->nr_bits <= 24 && s->in < s->in_end) {
        s->bits |= (uint32_t)*s->in++ << s->nr_bits;
        s->nr_bits += 8;
    }
}

/* n <= 16 bits; 0 and an error if there are no more. */
static uint32_t __init take_bits(struct stream *s, uint32_t n)
{
    uint32_t value;

    refill(s);
    if (n > s->nr_bits) {
        s->error = too_short;
        return 0;
    }
    value = s->bits & ((1u << n) - 1);
    s->bits >>= n;
    s->nr_bits -= n;
    return value;
}

static uint32_t __init reverse(uint32_t code, unsigned int length)
{
    uint32_t reversed = 0;

    for (; length; length--, code >>= 1)
        reversed = reversed << 1 | (code & 1);
    return reversed;
}

/* Makes the tables from the length of each symbol's code (0: none). An incomplete set of codes is refused. There are
 * two exceptions, which some packers write for distances: a single code of one bit, and no code at all. */
static bool __init make_codes(struct codes *c, const uint8_t *length, unsigned int symbols)
{
    uint16_t next[MAX_BITS + 2], code[MAX_BITS + 2];
    int left = 1;

    memset(c, 0, sizeof(*c));
    for (unsigned int i = 0; i < symbols; i++)
        c->count[length[i]]++;
    c->count[0] = 0;
    next[1] = code[1] = 0;
    for (unsigned int n = 1; n <= MAX_BITS; n++) {
        left = left * 2 - c->count[n];
        if (left < 0)
            return false;
        next[n + 1] = next[n] + c->count[n];
        code[n + 1] = (code[n] + c->count[n]) << 1;
    }
    if (left && next[MAX_BITS + 1] != c->count[1])
        return false;
    for (unsigned int i = 0; i < symbols; i++) {
        unsigned int n = length[i];

        if (!n)
            continue;
        c->symbol[next[n]++] = i;
        if (n <= FAST_BITS)
            for (uint32_t at = reverse(code[n], n); at < 1u << FAST_BITS; at += 1u << n)
                c->fast[at] = n << 12 | i;
        code[n]++;
    }
    return true;
}

/* The next symbol; an error if the input has none. */
static uint32_t __init decode(struct stream *s, const struct codes *c)
{
    uint32_t code = 0, first = 0, index = 0, entry;

    refill(s);
    entry = c->fast[s->bits & ((1u << FAST_BITS) - 1)];
    if (entry) {
        if (entry >> 12 > s->nr_bits)
            s->error = too_short;
        s->bits >>= entry >> 12;
        s->nr_bits -= entry >> 12;
        return entry & 0xFFF;
    }
    for (unsigned int n = 1; n <= MAX_BITS; n++) {
        if (n > s->nr_bits) {
            s->error = too_short;
            return 0;
        }
        code |= s->bits >> (n - 1) & 1;
        if (code - first < c->count[n]) {
            s->bits >>= n;
            s->nr_bits -= n;
            return c->symbol[index + code - first];
        }
        index += c->count[n];
        first = (first + c->count[n]) << 1;
        code <<= 1;
    }
    s->error = no_such_code;
    return 0;
}

static void __init put_byte(struct stream *s, uint8_t byte)
{
    if (s->done == s->room)
        s->error = too_long;
    else if (s->out)
        s->out[s->done++] = byte;
    else
        s->done++;
}

/* A length or a distance: the base for the symbol, plus a number in extra bits. */
static uint32_t __init extended(struct stream *s, uint32_t base, unsigned int extra_bits)
{
    return base + take_bits(s, extra_bits);
}

static uint32_t __init match_length(struct stream *s, uint32_t symbol)
{
    static const uint8_t base[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,   10,  12,  14,  16,  20, 24,
                                   28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 255};

    symbol -= END + 1;
    if (symbol >= ARRAY_SIZE(base)) {
        s->error = no_such_code;
        return 0;
    }
    return extended(s, base[symbol] + 3u, symbol < 8 || symbol == ARRAY_SIZE(base) - 1 ? 0 : symbol / 4 - 1);
}

static uint32_t __init match_distance(struct stream *s)
{
    uint32_t symbol = decode(s, &distances), extra;

    if (symbol >= DISTANCES) {
        s->error = no_such_code;
        return 0;
    }
    if (symbol < 4)
        return symbol + 1;
    extra = symbol / 2 - 1;
    return extended(s, ((2 + (symbol & 1)) << extra) + 1, extra);
}

static void __init copy_match(struct stream *s, uint32_t length, uint32_t distance)
{
    if (s->error)
        return;
    if (distance > s->done - s->start)
        s->error = "its compressed data refers to what lies before its beginning";
    else if (length > s->room - s->done)
        s->error = too_long;
    else if (!s->out)
        s->done += length;
    else
        for (; length; length--, s->done++) /* the source may overlap what this loop writes */
            s->out[s->done] = s->out[s->done - distance];
}

/* A block's contents, by the codes in `literals` and `distances`. */
static void __init inflate_codes(struct stream *s)
{
    while (!s->error) {
        uint32_t symbol = decode(s, &literals), length;

        if (s->error || symbol == END)
            return;
        if (symbol < END) {
            put_byte(s, symbol);
            continue;
        }
        length = match_length(s, symbol);
        if (!s->error)
            copy_match(s, length, match_distance(s));
    }
}

static void __init inflate_stored(struct stream *s)
{
    uint32_t length, complement;

    take_bits(s, s->nr_bits & 7);
    length = take_bits(s, 16);
    complement = take_bits(s, 16);
    if (!s->error && (length ^ complement) != 0xFFFF)
        s->error = "its compressed data has a block whose length is wrong";
    for (; length && !s->error; length--)
        put_byte(s, take_bits(s, 8));
}

static void __init inflate_fixed(struct stream *s)
{
    static uint8_t length[LITERALS];

    memset(length, 8, 144);
    memset(length + 144, 9, 256 - 144);
    memset(length + 256, 7, 280 - 256);
    memset(length + 280, 8, LITERALS - 280);
    make_codes(&literals, length, LITERALS);
    /* The set of distance codes includes 30 and 31, which have no meaning. */
    memset(length, 5, 32);
    make_codes(&distances, length, 32);
    inflate_codes(s);
}

/* Reads the lengths of all codes. They are compressed themselves, with the codes in `literals`. */
static void __init read_lengths(struct stream *s, uint8_t *length, unsigned int n)
{
    unsigned int i = 0;

    while (i < n && !s->error) {
        uint32_t symbol = decode(s, &literals), repeat, value = 0;

        if (s->error)
            return;
        if (symbol < 16) {
            length[i++] = symbol;
            continue;
        }
        if (symbol == 16) {
            if (!i) {
                s->error = bad_codes;
                return;
            }
            value = length[i - 1];
            repeat = extended(s, 3, 2);
        } else
            repeat = symbol == 17 ? extended(s, 3, 3) : extended(s, 11, 7);
        if (repeat > n - i)
            s->error = bad_codes;
        else
            for (; repeat; repeat--)
                length[i++] = value;
    }
}

static void __init inflate_dynamic(struct stream *s)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    static uint8_t length[LENGTHS + DISTANCES];
    uint32_t nr_literals = extended(s, 257, 5), nr_distances = extended(s, 1, 5), nr_lengths = extended(s, 4, 4);

    if (s->error)
        return;
    if (nr_literals > LENGTHS || nr_distances > DISTANCES) {
        s->error = bad_codes;
        return;
    }
    memset(length, 0, sizeof(length));
    for (unsigned int i = 0; i < nr_lengths; i++)
        length[order[i]] = take_bits(s, 3);
    if (!s->error && !make_codes(&literals, length, ARRAY_SIZE(order)))
        s->error = bad_codes;
    memset(length, 0, sizeof(length));
    if (!s->error)
        read_lengths(s, length, nr_literals + nr_distances);
    if (s->error)
        return;
    /* A block must have a code for its end. */
    if (!length[END] || !make_codes(&literals, length, nr_literals) ||
        !make_codes(&distances, length + nr_literals, nr_distances))
        s->error = bad_codes;
    else
        inflate_codes(s);
}

static void __init inflate(struct stream *s)
{
    uint32_t last = 0;

    while (!last && !s->error) {
        last = take_bits(s, 1);
        switch (take_bits(s, 2)) {
        case 0:
            inflate_stored(s);
            break;
        case 1:
            inflate_fixed(s);
            break;
        case 2:
            inflate_dynamic(s);
            break;
        default:
            s->error = "its compressed data has a block of an unknown kind";
        }
    }
    s->in -= s->nr_bits / 8; /* give back the whole bytes that were read ahead */
}

static uint32_t __init crc32(const uint8_t *data, uint32_t size)
{
    static uint32_t table[256];
    uint32_t crc = ~0u;

    for (uint32_t i = 0; i < ARRAY_SIZE(table); i++) {
        uint32_t c = i;

        for (unsigned int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xEDB88320 : c >> 1;
        table[i] = c;
    }
    while (size--)
        crc = table[(crc ^ *data++) & 0xFF] ^ crc >> 8;
    return ~crc;
}

static uint32_t __init read_u32(const uint8_t *at)
{
    return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

bool __init is_gzip(const uint8_t *in, size_t size)
{
    return size >= 2 && in[0] == 0x1F && in[1] == 0x8B;
}

/* Past a field that ends with a zero byte. */
static size_t __init skip_string(const uint8_t *in, size_t at, size_t end)
{
    while (at < end && in[at])
        at++;
    return at + 1;
}

/* Past the header of a member; NULL, or what is wrong with it. */
static const char *__init skip_header(struct stream *s)
{
    const uint8_t *in = s->in;
    size_t at = HEADER_SIZE, size = s->in_end - in;

    if (size < HEADER_SIZE + TRAILER_SIZE)
        return too_short;
    if (in[2] != 8 || in[3] & FLAG_UNKNOWN)
        return "it is not what gzip writes";
    if (in[3] & FLAG_EXTRA)
        at += 2 + (in[at] | in[at + 1] << 8);
    if (in[3] & FLAG_NAME)
        at = skip_string(in, at, size);
    if (in[3] & FLAG_COMMENT)
        at = skip_string(in, at, size);
    if (in[3] & FLAG_CRC)
        at += 2;
    if (at > size)
        return too_short;
    s->in += at;
    return NULL;
}

/* Checks the size and the checksum of the contents. */
static const char *__init check_trailer(struct stream *s)
{
    if (s->in_end - s->in < TRAILER_SIZE)
        return too_short;
    if (read_u32(s->in + 4) != s->done - s->start)
        return "it unpacks to another size than it says";
    if (s->out && crc32(s->out + s->start, s->done - s->start) != read_u32(s->in))
        return "its checksum is wrong";
    s->in += TRAILER_SIZE;
    return NULL;
}

static const char *__init unpack_member(struct stream *s)
{
    const char *error = skip_header(s);

    if (error)
        return error;
    s->start = s->done;
    s->bits = s->nr_bits = 0;
    inflate(s);
    return s->error ?: check_trailer(s);
}

/* A file may have several members. Their contents are put one after the other. Anything else behind the last member
 * (padding, a newline) is ignored, as gzip and Xen do. */
static const char *__init unpack_file(struct stream *s)
{
    const char *error;

    if (!is_gzip(s->in, s->in_end - s->in))
        return "it is not what gzip writes";
    do
        error = unpack_member(s);
    while (!error && is_gzip(s->in, s->in_end - s->in));
    return error;
}

const char *__init gunzip_size(const uint8_t *in, size_t size, uint32_t *unpacked)
{
    struct stream s = {.in = in, .in_end = in + size, .room = UINT32_MAX};
    const char *error = unpack_file(&s);

    *unpacked = s.done;
    return error;
}

const char *__init gunzip(const uint8_t *in, size_t size, uint8_t *out, uint32_t unpacked)
{
    struct stream s = {.in = in, .in_end = in + size, .out = out, .room = unpacked};
    const char *error = unpack_file(&s);

    if (error)
        return error;
    return s.done == unpacked ? NULL : "it unpacks to less than there is room for";
}
