/* SPDX-License-Identifier: MIT */
/*
 * The console (xen/arch/x86/dev/uart.c, common/console/console.c, console_io.c) on a UART that takes its time: 86.8 us
 * for each character, 1 us for each access to a port. Interrupts come only where the hypervisor allows them. Between
 * two such points, and in a call that has none, nobody may wait.
 *
 * As test_uart_polled the same, with a UART that has no interrupt, and whose registers are words in memory.
 */
#include "divided.h"
#include "unit.h"

#include <asm/device_access.h>
#include <asm/device_map.h>
#include <asm/irq.h>
#include <asm/pci.h>
#include <asm/screen.h>
#include <asm/uart.h>
#include <asm/vga.h>
#include <public/xen.h>
#include <xen/console.h>
#include <xen/hypercall.h>
#include <xen/machine.h>
#include <xen/sched.h>
#include <xen/schedule.h>
#include <xen/setup.h>

#include <stdio.h>

char *strstr(const char *text, const char *part); /* from string.h; xen/lib.h has most of the others */

#ifdef POLLED
#define OPTION "115200,8n1,0xFE032000,0,reg-shift=2,reg-width=4"
#else
#define POLLED 0
#define OPTION "115200,8n1"
#endif
#define COM1     0x3F8u
#define MEMORY   0xFE032000u
#define CHAR_NS  86806
#define PORT_NS  1000
#define FIFO     16
#define SHORT_NS 100000 /* no stretch may be longer: the FIFO and the rest take about 20 accesses */
#define SECOND   1000000000ull

static irq_handler *uart_handler;

/* --- Time, and the UART */

static uint64_t now, stretch_began, longest;

static struct {
    char fifo[FIFO], shifting;
    unsigned int n; /* in the FIFO */
    bool busy;      /* one is being shifted out */
    uint64_t out_at;
    uint8_t ier, scratch;
    bool wants_more, line, latched;
    bool is_stuck, is_gone, loses_edges;
    char received[4];
    unsigned int to_receive;
} uart;
static char sent[1 << 20];
static uint32_t sent_n;

static void update_line(void)
{
    bool line = (uart.ier & 2 && uart.wants_more) || (uart.ier & 1 && uart.to_receive);

    if (line && !uart.line && !uart.loses_edges)
        uart.latched = true;
    uart.line = line;
}

static void shift(uint64_t at)
{
    uart.busy = uart.n;
    if (!uart.busy)
        return;
    uart.shifting = uart.fifo[0];
    memmove(uart.fifo, uart.fifo + 1, --uart.n);
    uart.out_at = at + CHAR_NS;
    if (!uart.n)
        uart.wants_more = true;
}

static void pass(uint64_t ns)
{
    now += ns;
    while (uart.busy && !uart.is_stuck && uart.out_at <= now) {
        sent[sent_n++] = uart.shifting;
        shift(uart.out_at);
    }
    update_line();
}

static uint8_t read_register(unsigned int reg)
{
    uint8_t value = 0;

    pass(PORT_NS);
    if (uart.is_gone)
        return 0xFF;
    switch (reg) {
    case 0:
        value = uart.to_receive ? uart.received[--uart.to_receive] : 0;
        break;
    case 2:
        uart.wants_more = false;
        break;
    case 5:
        value = (uart.to_receive ? 1 : 0) | (uart.n ? 0 : 0x20) | (uart.n || uart.busy ? 0 : 0x40);
        break;
    case 7:
        value = uart.scratch;
    }
    update_line();
    return value;
}

static uint8_t lcr;
static uint16_t divisor;

static void write_divisor(unsigned int reg, uint8_t value)
{
    divisor = reg ? (divisor & 0xFF) | value << 8 : (divisor & 0xFF00) | value;
}

static void write_register(unsigned int reg, uint8_t value)
{
    pass(PORT_NS);
    if (uart.is_gone)
        return;
    if (lcr & 0x80 && reg < 2)
        return write_divisor(reg, value);
    switch (reg) {
    case 0:
        CHECK(uart.n < FIFO); /* it would be lost */
        uart.wants_more = false;
        uart.fifo[uart.n++] = value;
        if (!uart.busy)
            shift(now);
        break;
    case 1:
        CHECK(!POLLED || !value, "an interrupt that nobody takes");
        if (value & ~uart.ier & 2 && !uart.n)
            uart.wants_more = true;
        uart.ier = value;
        break;
    case 3:
        lcr = value;
        break;
    case 7:
        uart.scratch = value;
    }
    update_line();
}

/* --- Where it is */

static bool kept; /* from guests */
struct rangeset kept_frames;
static uint32_t registers[8];

void keep_ports(uint32_t first, uint32_t last)
{
    kept |= !POLLED && first == COM1 && last == COM1 + 7;
}

void keep_frames(mfn_t first, mfn_t last)
{
    kept |= POLLED && first == MEMORY >> 12 && last == first;
}

volatile void *map_device(uint64_t maddr, uint32_t size)
{
    CHECK(maddr == MEMORY && size == sizeof(registers));
    return registers;
}

uint8_t inb(uint16_t port)
{
    return port - COM1 < 8u && !POLLED ? read_register(port - COM1) : 0xFF;
}

void outb(uint16_t port, uint8_t value)
{
    if (port - COM1 < 8u && !POLLED)
        write_register(port - COM1, value);
}

uint32_t readl(const volatile void *at)
{
    return read_register((const volatile uint32_t *)at - registers);
}

void writel(volatile void *at, uint32_t value)
{
    write_register((volatile uint32_t *)at - registers, value);
}

/* --- The rest of the machine */

static struct timer *timer;
struct cpu this_cpu;
struct domain *dom0, *domain_list;
static struct domain domains[2] = {{.domain_id = 0}, {.domain_id = 1}};
static unsigned int received;

uint64_t system_time(void)
{
    return now;
}

void init_timer(struct timer *t, void (*function)(void *), void *data)
{
    *t = (struct timer){.function = function, .data = data};
}

void set_timer(struct timer *t, uint64_t expires)
{
    if (t != &domains[1].console_line.timer)
        timer = t;
    t->expires = expires;
    t->active = true;
}

void stop_timer(struct timer *t)
{
    t->active = false;
}

unsigned int isa_irq(unsigned int line)
{
    return line;
}

bool set_irq_handler(unsigned int irq, irq_handler *handler)
{
    CHECK(!POLLED && irq == ISA_COM1);
    uart_handler = handler;
    return true;
}

void unmask_irq(unsigned int irq)
{
}

static uint32_t on_screen; /* characters */

void vga_write(const char *text, uint32_t size)
{
    on_screen += size;
}

void send_global_virq(uint32_t virq)
{
    while (console_read() >= 0)
        received++;
}

void printk(const char *fmt, ...)
{
    char line[512];
    va_list ap;

    va_start(ap, fmt);
    console_write(NULL, line, vsnprintf(line, sizeof(line), fmt, ap));
    va_end(ap);
}

uint32_t __copy_from_guest(void *dst, const void *src, uint32_t n)
{
    memcpy(dst, src, n);
    return 0;
}

uint32_t __copy_to_guest(void *dst, const void *src, uint32_t n)
{
    memcpy(dst, src, n);
    return 0;
}

static void end_stretch(void)
{
    if (now - stretch_began > longest)
        longest = now - stretch_began;
    stretch_began = now;
}

static void interrupts(void)
{
    end_stretch();
    if (uart.latched) {
        uart.latched = false;
        uart_handler(ISA_COM1);
        end_stretch();
    }
    if (timer && timer->active && timer->expires <= now) {
        timer->active = false;
        timer->function(timer->data);
        end_stretch();
    }
}

bool pause_point(void)
{
    interrupts();
    if (this_cpu.work & WORK_SCHEDULE) {
        this_cpu.work &= ~WORK_SCHEDULE;
        pass(10000); /* time in which others run */
        stretch_began = now;
    }
    return false;
}

long restart_call(uint32_t number, unsigned int args, uint32_t arg0, uint32_t arg1, uint32_t arg2)
{
    __builtin_trap(); /* nobody should send the caller elsewhere */
}

/* A guest runs. */
static void run(uint64_t ns)
{
    interrupts();
    for (uint64_t end = now + ns; now < end;) {
        pass(10000);
        stretch_began = now;
        interrupts();
    }
}

/* --- Tests */

static void begin(bool waits)
{
    printk("\n");
    run(3 * SECOND); /* prints the rest of the last test's text */
    uart.latched = false;
    console_wait(waits);
    sent_n = 0;
    stretch_began = now;
    longest = 0;
}

static bool was_sent(const char *text, uint32_t size)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < size; i++) {
        if (text[i] == '\n' && sent[n++] != '\r')
            return false;
        if (sent[n++] != text[i])
            return false;
    }
    return n == sent_n;
}

static char text[100000];

static void fill(void)
{
    for (uint32_t i = 0; i < sizeof(text); i++)
        text[i] = i % 120 == 119 ? '\n' : "0123456789abcdefghijklmnopqrstuvwxyz"[i % 36];
    text[sizeof(text) - 1] = '\n';
}

static void write_io(struct domain *d, const char *from, uint32_t size)
{
    this_cpu.domain = d;
    CHECK(do_console_io(CONSOLEIO_write, size, (char *)from) == 0);
    end_stretch();
}

static void uart_lines_do_not_wait(void)
{
    begin(false);
    for (unsigned int i = 0; i < 20; i++) {
        printk("%.120s", text + 120 * i);
        end_stretch();
    }
    CHECK(longest < SHORT_NS);
    run(SECOND);
    CHECK(longest < SHORT_NS);
    CHECK(was_sent(text, 2400));
    CHECK(!(uart.ier & 2)); /* there is nothing left to send */
}

static void uart_domain_0_loses_nothing(void)
{
    uint64_t start;

    begin(false);
    start = now;
    write_io(dom0, text, sizeof(text));
    run(3 * SECOND);
    CHECK(longest < SHORT_NS);
    CHECK(was_sent(text, sizeof(text)));
    /* The line was never idle; where it is polled, each second millisecond finds that 1.4 ms of text are gone. */
    CHECK(now - start < (uint64_t)sent_n * (POLLED ? 2000000 / FIFO : CHAR_NS) + 3 * SECOND);
}

static bool line_begins(const char *wanted)
{
    static char all[sizeof(sent) + 2];

    all[0] = '\n';
    memcpy(all + 1, sent, sent_n);
    return strstr(all, wanted);
}

/* What the hypervisor prints while everything is full is counted. The lines of other domains say whose they are, as
 * before. */
static void uart_lost_is_counted(void)
{
    uint32_t written = 0, lost = 0, kept = 0;
    const char *p;

    begin(false);
    for (unsigned int i = 0; i < 200; i++, written += 100) {
        printk("%.99s\n", text);
        end_stretch();
    }
    console_write(&domains[1], "it begins", 9);
    run(SECOND);
    console_write(&domains[1], " and ends\n", 10);
    run(3 * SECOND);
    CHECK(longest < SHORT_NS);
    for (uint32_t i = 0; i < sent_n; i++)
        kept += sent[i] == '\n';
    sent[sent_n] = 0;
    p = strstr(sent, "\n(");
    CHECK(p);
    if (!p)
        return;
    CHECK(sscanf(p + 2, "%u characters lost)", &lost) == 1);
    CHECK(lost && (kept - 2) * 100 + lost == written + 9);
    CHECK(line_begins("\n(d1)  and ends\r\n"));
    p = strstr(p + 2, "lost)");
    CHECK(p && !strstr(p + 1, "lost)")); /* once for all of them */
}

static void uart_lost_interrupts(void)
{
    begin(false);
    uart.loses_edges = true;
    printk("%.500s", text);
    run(2 * SECOND);
    uart.loses_edges = false;
    CHECK(was_sent(text, 500));
}

/* Domain 0 continues although nothing is sent. When sending works again, a line says what is missing. */
static void uart_stuck(void)
{
    uint64_t start;

    begin(false);
    uart.is_stuck = true;
    start = now;
    write_io(dom0, text, sizeof(text));
    CHECK(longest < SHORT_NS);
    CHECK(now - start < 5 * SECOND);
    start = now;
    write_io(dom0, text, sizeof(text));
    CHECK(now - start < SECOND);
    console_wait(true);
    console_wait(false);
    CHECK(now - start < 3 * SECOND);
    sent_n = 0;
    uart.is_stuck = false;
    run(SECOND);
    write_io(dom0, "again\n", 6);
    run(SECOND);
    sent[sent_n] = 0;
    CHECK(strstr(sent, " characters lost)\r\nagain\r\n"));
}

/* Somebody has switched it off: all ones are neither input nor room. */
static void uart_gone(void)
{
    begin(false);
    received = 0;
    uart.is_gone = true;
    printk("%.500s", text);
    run(SECOND / 2);
    CHECK(!received && !sent_n);
    uart.is_gone = false;
    run(SECOND);
    CHECK(was_sent(text, 500));
}

/* The machine's end: when it is switched off, the last bit has been sent. */
static void uart_waits_at_the_end(void)
{
    begin(false);
    write_io(dom0, text, 5000);
    CHECK(sent_n < 5000);
    console_wait(true);
    CHECK(was_sent(text, 5000));
    sent_n = 0;
    console_write(dom0, text, 500);
    CHECK(was_sent(text, 500));
    uart.is_stuck = true;
    longest = 0;
    stretch_began = now;
    console_write(dom0, text, 500);
    console_write(dom0, text, 500);
    end_stretch();
    CHECK(longest < 5 * SECOND);
    uart.is_stuck = false;
}

static void uart_input(void)
{
    begin(false);
    received = 0;
    printk("%.500s", text);
    memcpy(uart.received, "zyx", 3);
    uart.to_receive = 3;
    run(SECOND);
    CHECK(received == 3);
    uart.to_receive = 1;
    run(SECOND);
    CHECK(received == 4);
    CHECK(was_sent(text, 500));
}

static bool was_early, came_later, option_counts;
static uint32_t on_screen_first;

static void open_it(void)
{
    option_counts = set_com1(OPTION) && (!POLLED || set_console("com1"));
    init_console();
    printk("early\n");
    was_early = !sent_n;
    open_console();
    came_later = was_sent("early\n", 6);
    printk("more\n");
    on_screen_first = on_screen;
    enable_console_input();
}

static void uart_opened(void)
{
    CHECK(option_counts);
    CHECK(was_early && came_later, "what is printed before is kept");
    CHECK(kept, "its registers are kept from guests");
    CHECK(divisor == 1 && lcr == 3, "115200 8n1");
    CHECK(on_screen_first == (POLLED ? 6 : 11), "console=com1: the screen gets nothing more");
}

static const struct unit_test tests[] = {
    {"uart_opened", uart_opened},
    {"uart_lines_do_not_wait", uart_lines_do_not_wait},
    {"uart_domain_0_loses_nothing", uart_domain_0_loses_nothing},
    {"uart_lost_is_counted", uart_lost_is_counted},
    {"uart_lost_interrupts", uart_lost_interrupts},
    {"uart_input", uart_input},
    {"uart_gone", uart_gone},
    {"uart_waits_at_the_end", uart_waits_at_the_end},
    {"uart_stuck", uart_stuck},
};

int main(int argc, char **argv)
{
    dom0 = &domains[0];
    fill();
    open_it();
    init_console_of(&domains[1]);
    return UNIT_RUN(argc, argv, tests, NULL);
}
