/* SPDX-License-Identifier: MIT */
/* Formatting, and the hypervisor's own output to the console. */
#include <asm/processor.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/log_ring.h>

enum log_level log_level = LOG_WARN;

struct out {
    char *buf;
    size_t size, used; /* used may exceed size: it is the full length */
};

static void put(struct out *o, char c)
{
    if (o->used + 1 < o->size)
        o->buf[o->used] = c;
    o->used++;
}

static void put_padded(struct out *o, const char *s, int len, int width, char pad, bool left)
{
    for (int i = len; !left && i < width; i++)
        put(o, pad);
    for (int i = 0; i < len; i++)
        put(o, s[i]);
    for (int i = len; left && i < width; i++)
        put(o, ' ');
}

static void put_number(struct out *o, uint64_t value, bool negative, uint32_t base, int width, char pad, bool left)
{
    char digits[24];
    int at = sizeof(digits);

    do {
        uint32_t rem;

        value = div64(value, base, &rem);
        digits[--at] = "0123456789abcdef"[rem];
    } while (value);
    if (negative)
        digits[--at] = '-';
    put_padded(o, digits + at, sizeof(digits) - at, width, pad, left);
}

/* %d %i %u %x %p %s %c with -, 0, width, precision for strings, l and ll. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = {buf, size, 0};

    for (; *fmt; fmt++) {
        bool left = false;
        char pad = ' ';
        int width = 0, longs = 0, precision = -1;

        if (*fmt != '%') {
            put(&o, *fmt);
            continue;
        }
        for (fmt++; *fmt == '-' || *fmt == '0'; fmt++) {
            if (*fmt == '-')
                left = true;
            else
                pad = '0';
        }
        if (*fmt == '*') {
            width = va_arg(ap, int);
            fmt++;
        }
        for (; *fmt >= '0' && *fmt <= '9'; fmt++)
            width = width * 10 + *fmt - '0';
        if (*fmt == '.') {
            fmt++;
            if (*fmt == '*') {
                precision = va_arg(ap, int);
                fmt++;
            } else
                for (precision = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
                    precision = precision * 10 + *fmt - '0';
        }
        for (; *fmt == 'l'; fmt++)
            longs++;
        switch (*fmt) {
        case 'd':
        case 'i': {
            int64_t v = longs > 1 ? va_arg(ap, int64_t) : va_arg(ap, int32_t);

            put_number(&o, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0, 10, width, pad, left);
            break;
        }
        case 'u':
        case 'x': {
            uint64_t v = longs > 1 ? va_arg(ap, uint64_t) : va_arg(ap, uint32_t);

            put_number(&o, v, false, *fmt == 'x' ? 16 : 10, width, pad, left);
            break;
        }
        case 'p':
            put_number(&o, va_arg(ap, uint32_t), false, 16, 8, '0', false);
            break;
        case 's': {
            const char *s = va_arg(ap, const char *) ?: "(null)";
            int len = 0;

            while ((precision < 0 || len < precision) && s[len])
                len++;
            put_padded(&o, s, len, width, ' ', left);
            break;
        }
        case 'c':
            put(&o, va_arg(ap, int));
            break;
        case 0:
            fmt--;
            break;
        default:
            put(&o, *fmt);
        }
    }
    if (size)
        buf[MIN(o.used, size - 1)] = 0;
    return o.used;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}

static void log_write(const char *text, uint32_t size)
{
    log_ring_write(text, size);
    console_write(NULL, text, size);
}

static void vprintk(const char *fmt, va_list ap)
{
    static char line[512];
    static bool continued; /* the last text had no line end */
    size_t len;

    vsnprintf(line, sizeof(line), fmt, ap);
    len = strlen(line);
    if (!continued)
        log_write("(XEN) ", 6);
    log_write(line, len);
    continued = len && line[len - 1] != '\n';
}

void printk(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintk(fmt, ap);
    va_end(ap);
}

void log_at(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    if (level > log_level)
        return;
    va_start(ap, fmt);
    vprintk(fmt, ap);
    va_end(ap);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    disable_interrupts();
    console_wait(true);
    va_start(ap, fmt);
    vprintk(fmt, ap);
    va_end(ap);
    printk("\n");
    if (opt_noreboot)
        machine_halt();
    machine_power_off();
}
