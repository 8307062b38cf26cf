/* SPDX-License-Identifier: MIT */
/* The options com1=, com2= and console=, with Xen's syntax: docs/options.md. */
#include <asm/irq.h>
#include <asm/uart.h>
#include <xen/lib.h>
#include <xen/setup.h>

#define MIN_BAUD   1200
#define MAX_FIELD  32
#define FIRST_PORT 0x100 /* below are the board's own */
#define LAST_PORT  0xFFFF

struct uart_options com_options[NR_COMS] = {{UART_STANDARD, .address = COM1_PORT},
                                            {UART_STANDARD, .address = COM2_PORT}};
struct console_options opt_console = {.com = {true, false}, .screen = true};

/* The number that is all of the text. */
static bool __init parse_number(const char *s, uint64_t *number)
{
    const char *end;

    *number = strtoull(s, &end, 0);
    return end != s && !*end;
}

/* BAUD[/BASE-BAUD]. A rate that the divisor would miss by more than a twentieth cannot be read at the other end. */
static bool __init parse_baud(const char *s, struct uart_options *o)
{
    bool is_auto = !strncmp(s, "auto", 4);
    uint64_t baud = is_auto ? 0 : strtoull(s, &s, 10), base = o->base_baud, divisor;

    s += is_auto ? 4 : 0;
    if (*s == '/' ? !parse_number(s + 1, &base) : *s)
        return false;
    if (base < MIN_BAUD || base > UINT32_MAX)
        return false;
    o->base_baud = base;
    o->divisor = 0;
    if (is_auto)
        return true;
    if (baud < MIN_BAUD || baud > base)
        return false;
    divisor = ((uint32_t)base + (uint32_t)baud / 2) / (uint32_t)baud;
    o->divisor = divisor;
    return divisor <= UINT16_MAX && divisor * baud * 20 >= base * 19 && divisor * baud * 20 <= base * 21;
}

/* Data bits 5 to 8, parity (none, odd, even, mark, space), stop bits 1 or 2. */
static bool __init parse_frame(const char *s, struct uart_options *o)
{
    static const char parities[] = "noems";
    static const uint8_t parity_bits[] = {0x00, 0x08, 0x18, 0x28, 0x38};
    const char *parity;

    if (strlen(s) != 3 || s[0] < '5' || s[0] > '8' || s[2] < '1' || s[2] > '2')
        return false;
    parity = strchr(parities, s[1]);
    if (!parity)
        return false;
    o->lcr = (s[0] - '5') | (s[2] == '2' ? 0x04 : 0) | parity_bits[parity - parities];
    return true;
}

static bool __init parse_place(const char *s, struct uart_options *o)
{
    if (!strcmp(s, "pci") || !strcmp(s, "amt")) {
        o->place = *s == 'p' ? UART_PCI : UART_AMT;
        return true;
    }
    return parse_number(s, &o->address) && o->address >= FIRST_PORT &&
           (o->address > LAST_PORT || o->address + UART_REGS - 1 <= LAST_PORT);
}

static bool __init parse_irq(const char *s, struct uart_options *o)
{
    uint64_t irq;

    if (!parse_number(s, &irq) || irq >= MAX_GSIS)
        return false;
    o->has_irq = true;
    o->irq = irq;
    return true;
}

/* [0:]BUS:DEVICE.FUNCTION, hexadecimal */
static bool __init parse_function(const char *s, struct uart_options *o)
{
    uint64_t bus, device, function;

    if (!strncmp(s, "0:", 2) || !strncmp(s, "0000:", 5)) {
        const char *rest = strchr(s, ':') + 1;

        if (strchr(rest, ':'))
            s = rest;
    }
    bus = strtoull(s, &s, 16);
    if (*s++ != ':')
        return false;
    device = strtoull(s, &s, 16);
    if (*s++ != '.')
        return false;
    function = strtoull(s, &s, 16);
    o->has_function = true;
    o->function = bus << 8 | device << 3 | function;
    return !*s && bus < 256 && device < 32 && function < 8;
}

static bool __init parse_named(const char *s, struct uart_options *o)
{
    uint64_t n;
    bool is_shift = !strncmp(s, "reg-shift=", 10);

    if ((!is_shift && strncmp(s, "reg-width=", 10)) || !parse_number(s + 10, &n))
        return false;
    if (is_shift)
        o->reg_shift = n;
    else
        o->reg_width = n;
    return is_shift ? n <= 4 : n == 1 || n == 4;
}

/* Registers must not overlap, and each be where the bus can reach it in one access. */
static bool __init is_consistent(const struct uart_options *o)
{
    if (o->reg_width > 1u << o->reg_shift)
        return false;
    return o->place != UART_AT_ADDRESS || o->address <= LAST_PORT || !(o->address & (o->reg_width - 1));
}

static bool __init parse_com(const char *s, struct uart_options *o)
{
    static bool (*const parse[])(const char *field, struct uart_options *o) = {parse_baud, parse_frame, parse_place,
                                                                               parse_irq, parse_function};
    unsigned int n = 0;

    do {
        char field[MAX_FIELD];
        uint32_t length = 0;

        for (; *s && *s != ','; s++) {
            if (length == MAX_FIELD - 1)
                return false;
            field[length++] = *s;
        }
        field[length] = 0;
        if (strchr(field, '=')) {
            if (!parse_named(field, o))
                return false;
        } else if (n == ARRAY_SIZE(parse) || (length && !parse[n](field, o)))
            return false;
        else
            n++;
    } while (*s++);
    return is_consistent(o);
}

static bool __init set_com(unsigned int com, const char *value)
{
    struct uart_options o = com_options[com];

    if (!parse_com(value, &o))
        return false;
    com_options[com] = o;
    return true;
}

bool __init set_com1(const char *value)
{
    return set_com(0, value);
}

bool __init set_com2(const char *value)
{
    return set_com(1, value);
}

bool __init set_console(const char *value)
{
    static const char *const names[] = {"com1", "com2", "vga", "none"};
    struct console_options chosen = {.screen = false};
    bool *const choices[] = {&chosen.com[0], &chosen.com[1], &chosen.screen, NULL};

    for (;;) {
        const char *comma = strchr(value, ',');
        size_t length = comma ? (size_t)(comma - value) : strlen(value);
        unsigned int i = 0;

        while (i < ARRAY_SIZE(names) && (strlen(names[i]) != length || strncmp(value, names[i], length)))
            i++;
        if (i == ARRAY_SIZE(names))
            return false;
        if (choices[i])
            *choices[i] = true;
        if (!comma)
            break;
        value = comma + 1;
    }
    opt_console = chosen;
    return true;
}
