/* SPDX-License-Identifier: MIT */
/* printf, for lines. A line longer than the buffer is written in pieces. */
#include <guest/console.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>
#include <public/sched.h>

static char line[1024];
static uint32_t line_used;

bool console_is_ring(void)
{
    return start_info && !(start_info->flags & SIF_INITDOMAIN) && start_info->console.domU.mfn;
}

struct xencons_interface *console_ring(void)
{
    return mfn_to_virt(start_info->console.domU.mfn);
}

/* Whoever reads the ring sends an event then, so this can wait for room. */
static void wait_for_room(const volatile struct xencons_interface *ring)
{
    evtchn_port_t port = start_info->console.domU.evtchn;
    struct sched_poll poll = {.ports = &port, .nr_ports = 1};

    event_clear(port);
    barrier();
    if (ring->out_prod - ring->out_cons == sizeof(ring->out))
        HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

/* Writes the rest, when the ring's port has been closed. */
static void write_directly(const char *text, uint32_t size)
{
    HYPERVISOR_console_io(CONSOLEIO_write, size, text);
}

static void write_ring(const char *text, uint32_t size)
{
    volatile struct xencons_interface *ring = console_ring();

    while (size--) {
        if (ring->out_prod - ring->out_cons == sizeof(ring->out)) {
            if (event_send(start_info->console.domU.evtchn)) {
                write_directly(text, size + 1);
                return;
            }
            while (ring->out_prod - ring->out_cons == sizeof(ring->out))
                wait_for_room(ring);
        }
        ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = *text++;
        barrier();
        ring->out_prod++;
    }
    if (event_send(start_info->console.domU.evtchn))
        start_info->console.domU.mfn = 0; /* closed: console_io from now on */
}

/* Where formatted characters go: a buffer, or the console's line. */
struct sink {
    char *buf;
    uint32_t size; /* of buf */
    uint32_t count;
    bool console;
};

void console_flush(void)
{
    if (line_used && console_is_ring())
        write_ring(line, line_used);
    else if (line_used)
        write_directly(line, line_used);
    line_used = 0;
}

static void put(struct sink *sink, char c)
{
    if (sink->console) {
        line[line_used++] = c;
        if (c == '\n' || line_used == sizeof(line))
            console_flush();
    } else if (sink->count + 1 < sink->size) {
        sink->buf[sink->count] = c;
    }
    sink->count++;
}

/* How a conversion is to look. */
struct spec {
    bool left, zero;
    uint32_t width;
};

static void put_padded(struct sink *sink, const struct spec *spec, const char *sign, const char *text, uint32_t length)
{
    uint32_t sign_length = strlen(sign);
    uint32_t pad = spec->width > length + sign_length ? spec->width - length - sign_length : 0;

    for (; pad && !spec->left && !spec->zero; pad--)
        put(sink, ' ');
    for (; *sign; sign++)
        put(sink, *sign);
    for (; pad && !spec->left; pad--)
        put(sink, '0');
    while (length--)
        put(sink, *text++);
    for (; pad; pad--)
        put(sink, ' ');
}

static void put_number(struct sink *sink, const struct spec *spec, const char *sign, uint64_t n, uint32_t base,
                       const char *digits)
{
    char text[24], *p = text + sizeof(text);

    do {
        uint64_t rest = div64(n, base);

        *--p = digits[n - rest * base];
        n = rest;
    } while (n);
    put_padded(sink, spec, sign, p, text + sizeof(text) - p);
}

static const char *read_spec(const char *f, struct spec *spec, int *longs)
{
    *spec = (struct spec){false, false, 0};
    *longs = 0;
    for (;; f++) {
        if (*f == '-')
            spec->left = true;
        else if (*f == '0')
            spec->zero = true;
        else
            break;
    }
    for (; *f >= '0' && *f <= '9'; f++)
        spec->width = spec->width * 10 + (*f - '0');
    for (; *f == 'l'; f++)
        ++*longs;
    if (*f == 'z')
        f++;
    return f;
}

static void format(struct sink *sink, const char *f, va_list args)
{
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    struct spec spec;
    const char *s;
    int64_t i;
    int longs;

    for (; *f; f++) {
        if (*f != '%') {
            put(sink, *f);
            continue;
        }
        f = read_spec(f + 1, &spec, &longs);
        switch (*f) {
        case 'd':
        case 'i':
            i = longs > 1 ? va_arg(args, int64_t) : va_arg(args, int32_t);
            put_number(sink, &spec, i < 0 ? "-" : "", i < 0 ? -(uint64_t)i : (uint64_t)i, 10, lower);
            break;
        case 'u':
        case 'x':
        case 'X':
            put_number(sink, &spec, "", longs > 1 ? va_arg(args, uint64_t) : va_arg(args, uint32_t),
                       *f == 'u' ? 10 : 16, *f == 'X' ? upper : lower);
            break;
        case 'p':
            put_number(sink, &spec, "0x", va_arg(args, uint32_t), 16, lower);
            break;
        case 's':
            s = va_arg(args, const char *);
            s = s ? s : "(null)";
            spec.zero = false;
            put_padded(sink, &spec, "", s, strlen(s));
            break;
        case 'c':
            put(sink, (char)va_arg(args, int));
            break;
        case 0:
            return;
        default:
            put(sink, *f);
        }
    }
}

int vprintf(const char *f, va_list args)
{
    struct sink sink = {.console = true};

    format(&sink, f, args);
    return sink.count;
}

int printf(const char *f, ...)
{
    va_list args;
    int n;

    va_start(args, f);
    n = vprintf(f, args);
    va_end(args);
    return n;
}

int vsnprintf(char *buf, uint32_t size, const char *f, va_list args)
{
    struct sink sink = {.buf = buf, .size = size};

    format(&sink, f, args);
    if (size)
        buf[sink.count < size ? sink.count : size - 1] = 0;
    return sink.count;
}

int snprintf(char *buf, uint32_t size, const char *f, ...)
{
    va_list args;
    int n;

    va_start(args, f);
    n = vsnprintf(buf, size, f, args);
    va_end(args);
    return n;
}
