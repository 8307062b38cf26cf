/* SPDX-License-Identifier: MIT */
/*
 * Which UART is the console's (xen/arch/x86/dev/uart_options.c, uart_find.c), on a machine that the test makes: UARTs
 * at ports and in memory, and a PCI bus.
 *
 * Proves: com1=, com2= and console= mean what docs/options.md says, and what makes no sense changes nothing; the UART
 * that is named is the one that is used; its ports or frames and its PCI function are kept from guests, and nobody
 * else's; where nothing is, where RAM is, and where another device of the hypervisor's is, no UART is found, and a line
 * says so; then it is the standard COM1, if that is there. No register of RAM is written on the way.
 */
#include "unit.h"

#include <string.h>

#include "../../xen/arch/x86/dev/uart_find.c"
#include "../../xen/arch/x86/dev/uart_options.c"

#include <stdarg.h>

/* --- The machine */

#define MAX_UARTS 4
static struct place {
    uint64_t address; /* below 64 K: a port */
    uint32_t stride, width;
    uint8_t scratch;
} places[MAX_UARTS];
static unsigned int nr_places;

#define MAX_FUNCTIONS 6
static struct pci_function {
    uint16_t number;
    uint32_t config[16];
} functions[MAX_FUNCTIONS];
static unsigned int nr_functions, reads;

struct e820entry machine_map[E820_MAX] = {{0, 0x8000000, E820_RAM}};
uint32_t machine_map_entries = 1;
struct rangeset kept_frames;
static struct rangeset kept_ports;
static uint16_t hidden;
static unsigned int nr_hidden;
static char said[1024];
static uint64_t mapped; /* the address */
static char window[4096];

static uint8_t *scratch_at(uint64_t address, uint32_t width)
{
    for (unsigned int i = 0; i < nr_places; i++)
        if (address == places[i].address + 7 * places[i].stride && width == places[i].width)
            return &places[i].scratch;
    return NULL;
}

static uint32_t read_at(uint64_t address, uint32_t width)
{
    uint8_t *scratch = scratch_at(address, width);

    return scratch ? *scratch : 0xFFFFFFFF;
}

static void write_at(uint64_t address, uint32_t width, uint32_t value)
{
    uint8_t *scratch = scratch_at(address, width);

    CHECK(address < 0x10000 || address >= 0x8000000, "RAM at %llx is written to", (unsigned long long)address);
    if (scratch)
        *scratch = value;
}

uint8_t inb(uint16_t port)
{
    return read_at(port, 1);
}

void outb(uint16_t port, uint8_t value)
{
    write_at(port, 1, value);
}

static uint64_t address_of(const volatile void *at)
{
    return mapped + ((const volatile char *)at - window);
}

uint8_t readb(const volatile void *at)
{
    return read_at(address_of(at), 1);
}

uint32_t readl(const volatile void *at)
{
    return read_at(address_of(at), 4);
}

void writeb(volatile void *at, uint8_t value)
{
    write_at(address_of(at), 1, value);
}

void writel(volatile void *at, uint32_t value)
{
    write_at(address_of(at), 4, value);
}

volatile void *map_device(uint64_t maddr, uint32_t size)
{
    if ((maddr + size) >> 36)
        return NULL;
    mapped = maddr;
    return window;
}

void keep_ports(uint32_t first, uint32_t last)
{
    rangeset_add(&kept_ports, first, last);
}

void keep_frames(mfn_t first, mfn_t last)
{
    rangeset_add(&kept_frames, first, last);
}

void printk(const char *fmt, ...)
{
    size_t used = strlen(said);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(said + used, sizeof(said) - used, fmt, ap);
    va_end(ap);
}

void log_at(enum log_level level, const char *fmt, ...)
{
}

/* --- PCI */

static struct pci_function *function_at(uint16_t number)
{
    for (unsigned int i = 0; i < nr_functions; i++)
        if (functions[i].number == number)
            return &functions[i];
    return NULL;
}

uint32_t pci_read(uint16_t function, uint32_t reg, uint32_t bytes)
{
    struct pci_function *f = function_at(function);
    uint32_t value = f ? f->config[reg / 4] >> reg % 4 * 8 : 0xFFFFFFFF;

    reads++;
    return bytes == 4 ? value : value & ((1u << bytes * 8) - 1);
}

void pci_write(uint16_t function, uint32_t reg, uint32_t bytes, uint32_t value)
{
    CHECK(reg == PCI_COMMAND && bytes == 2, "register %x is written", reg);
    function_at(function)->config[1] = value;
}

uint64_t pci_memory_bar(uint16_t function, unsigned int index)
{
    uint32_t low = function_at(function)->config[4 + index];

    return low & PCI_BAR_IO ? 0 : low & PCI_BAR_MASK;
}

uint32_t pci_io_bar(uint16_t function, unsigned int index)
{
    uint32_t low = function_at(function)->config[4 + index];

    return low & PCI_BAR_IO ? low & PCI_BAR_IO_MASK : 0;
}

void pci_hide(uint16_t function)
{
    hidden = function;
    nr_hidden++;
}

/* --- Set-up */

static struct uart found;

static void add_uart(uint64_t address, uint32_t stride, uint32_t width)
{
    places[nr_places++] = (struct place){address, stride, width, 0};
}

static void add_function(uint16_t number, uint32_t class, unsigned int bar, uint32_t value)
{
    struct pci_function *f = &functions[nr_functions++];

    *f = (struct pci_function){.number = number, .config = {0x00021B36, 0, class << 16 | 0x0200}};
    f->config[4 + bar] = value;
}

static void begin(void)
{
    static const struct uart_options standard[NR_COMS] = {{UART_STANDARD, .address = COM1_PORT},
                                                          {UART_STANDARD, .address = COM2_PORT}};

    memcpy(com_options, standard, sizeof(standard));
    opt_console = (struct console_options){.com = {true}, .screen = true};
    nr_places = nr_functions = nr_hidden = reads = 0;
    kept_ports = (struct rangeset){0};
    kept_frames = (struct rangeset){1, {{0xFEE00, 0xFEEFF}}};
    said[0] = 0;
    mapped = 0;
}

static bool keeps_port(uint32_t first)
{
    return kept_ports.n == 1 && kept_ports.range[0].first == first && kept_ports.range[0].last == first + 7;
}

static bool finds(const char *com1)
{
    CHECK(set_com1(com1), "%s", com1);
    return find_uart(&found);
}

/* Nothing is found, nothing is kept, and this is why. */
static void refused(const char *com1, const char *why)
{
    said[0] = 0;
    CHECK(!finds(com1), "%s", com1);
    CHECK(strstr(said, why), "%s: %s", com1, said);
    CHECK(!kept_ports.n && kept_frames.n == 1 && !nr_hidden, "%s: something is kept", com1);
}

/* --- Tests */

static void options(void)
{
    static const char *const wrong[] = {"fast",
                                        "100000",
                                        "0",
                                        "1000",
                                        "230400",
                                        "115200/",
                                        "115200/7",
                                        "9600/115200x",
                                        "115200,8n",
                                        "115200,8n3",
                                        "115200,9n1",
                                        "115200,8x1",
                                        "115200,8n1,com2",
                                        "115200,8n1,0x20",
                                        "115200,8n1,0xFFF9",
                                        "115200,8n1,0x2f8,256",
                                        "115200,8n1,0x2f8,x",
                                        "115200,8n1,pci,,5",
                                        "115200,8n1,pci,,0:5",
                                        "115200,8n1,pci,,0:20.0",
                                        "115200,8n1,pci,,0:1.8",
                                        "115200,8n1,pci,,100:1.0",
                                        "115200,8n1,pci,,1:0:1.0",
                                        "115200,8n1,pci,,0:5.0,0:1.0",
                                        "115200,8n1,0xFE032000,reg-width=4",
                                        "115200,reg-shift=5",
                                        "115200,reg-width=2",
                                        "115200,8n1,0xFE032002,reg-shift=2,reg-width=4",
                                        "115200,speed=9",
                                        "115200,8n1,0x2f8000000000000000000000000000"};
    struct uart_options *o = &com_options[0];
    struct uart_options before;

    begin();
    before = *o;
    for (unsigned int i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        CHECK(!set_com1(wrong[i]) && !memcmp(o, &before, sizeof(before)), "%s", wrong[i]);
    CHECK(set_com1("") && !memcmp(o, &before, sizeof(before)));
    CHECK(set_com1("9600,7e2") && o->divisor == 12 && o->lcr == 0x1E && o->address == 0x3F8);
    CHECK(set_com1("115200/1500000,8n1") && o->divisor == 13 && o->base_baud == 1500000 && o->lcr == 3);
    begin();
    CHECK(set_com1("auto,,0x2e8,7") && !o->divisor && o->lcr == 3 && o->address == 0x2E8 && o->irq == 7 && o->has_irq);
    CHECK(set_com1("38400,8n1,amt") && o->divisor == 3 && o->place == UART_AMT);
    CHECK(set_com1("115200,8n1,pci,0,0000:1a:02.3") && o->place == UART_PCI && !o->irq && o->function == 0x1A13);
    CHECK(set_com1("115200,8n1,pci,0,0:5.0") && o->function == 0x28);
    CHECK(set_com2("9600") && com_options[1].divisor == 12 && com_options[1].address == COM2_PORT);
    CHECK(set_console("com2,vga") && !opt_console.com[0] && opt_console.com[1] && opt_console.screen);
    CHECK(set_console("none") && !opt_console.com[0] && !opt_console.com[1] && !opt_console.screen);
    CHECK(!set_console("com3") && !set_console("") && !set_console("vga,") && !set_console("com") &&
          !opt_console.screen);
}

static void by_port(void)
{
    begin();
    add_uart(0x3F8, 1, 1);
    add_uart(0x2F8, 1, 1);
    add_uart(0x3E8, 1, 1);
    CHECK(find_uart(&found) && found.address == 0x3F8 && found.irq == 4 && keeps_port(0x3F8) && !said[0], "%s", said);
    kept_ports.n = 0;
    CHECK(finds("115200,8n1,0x2f8") && found.address == 0x2F8 && found.irq == 3 && keeps_port(0x2F8));
    kept_ports.n = 0;
    CHECK(finds("115200,8n1,0x3e8") && !found.irq, "whose line that is nobody knows");
    kept_ports.n = 0;
    CHECK(finds("115200,8n1,0x3e8,5") && found.address == 0x3E8 && found.irq == 5 && keeps_port(0x3E8));
    kept_ports.n = 0;
    CHECK(set_console("com2") && find_uart(&found) && found.address == 0x2F8 && found.options == &com_options[1]);
    kept_ports.n = 0;
    CHECK(set_console("vga") && !find_uart(&found) && !kept_ports.n && !said[0], "no serial port is wanted");
}

static void none(void)
{
    begin();
    CHECK(!find_uart(&found));
    CHECK(!strcmp(said, "Console: no UART at 3f8 (com1): nothing answers there\n"), "%s", said);
    refused("115200,8n1,0x2e8", "no UART at 2e8 (com1): nothing answers there");
    CHECK(strstr(said, "no UART at 3f8 (in its place)"), "%s", said);
    refused("115200,8n1,pci", "no UART on PCI (com1): there is no PCI serial port");
    refused("115200,8n1,amt", "no UART of AMT (com1): there is no such PCI device");
    add_uart(0x3F8, 1, 1);
    CHECK(finds("115200,8n1,pci") && found.address == 0x3F8 && found.irq == 4 && keeps_port(0x3F8), "in its place");
}

static void in_memory(void)
{
    begin();
    add_uart(0xFE032000, 4, 4);
    add_uart(0xFE040010, 1, 1);
    CHECK(finds("115200,8n1,0xFE032000,0,reg-shift=2,reg-width=4") && found.regs == window && !found.irq);
    CHECK(rangeset_contains(&kept_frames, 0xFE032, 0xFE032) && !rangeset_contains(&kept_frames, 0xFE033, 0xFE033));
    CHECK(!kept_ports.n);
    begin();
    add_uart(0xFE040FFC, 4, 1);
    CHECK(finds("115200,8n1,0xFE040FFC,20,reg-shift=2") && found.irq == 20);
    CHECK(rangeset_contains(&kept_frames, 0xFE040, 0xFE041), "registers in two frames");
    begin();
    refused("115200,8n1,0x7FFFFF9", "that is RAM");
    refused("115200,8n1,0x100000", "that is RAM");
    refused("115200,8n1,0xFEE00000", "another device of the hypervisor's is there");
    refused("115200,8n1,0x7000000000", "the machine has no such address");
    refused("115200,8n1,0xFE050000", "nothing answers there");
}

/* The first serial function that works, which is not AMT's, and not one that has no address. */
static void on_pci(void)
{
    begin();
    add_uart(0xC000, 1, 1);
    add_uart(0xC100, 1, 1);
    add_uart(0xF0000000, 1, 1);
    add_function(0x08, 0x0200, 0, 0xD001);
    add_function(0xB3, PCI_CLASS_SERIAL, 0, 0xC001); /* 00:16.3 */
    add_function(0xB0, 0x0780, 0, 0xD101);
    refused("115200,8n1,pci", "there is no PCI serial port");
    CHECK(function_at(0xB3)->config[1] == 0, "and its command register is as it was");
    CHECK(finds("115200,8n1,amt") && found.address == 0xC000 && nr_hidden == 1 && hidden == 0xB3 && keeps_port(0xC000));

    kept_ports.n = nr_hidden = 0;
    add_function(0x100, PCI_CLASS_SERIAL, 0, 1); /* no address yet */
    refused("115200,8n1,pci", "firmware has given it no address");
    add_function(0x118, PCI_CLASS_SERIAL, 1, 0xC101);
    CHECK(finds("115200,8n1,pci") && found.address == 0xC100 && !found.regs && !found.irq && keeps_port(0xC100));
    CHECK(nr_hidden == 1 && hidden == 0x118, "%x is hidden", hidden);
    CHECK(function_at(0x118)->config[1] == (PCI_COMMAND_IO | PCI_COMMAND_INTX_DISABLE));

    kept_ports.n = nr_hidden = 0;
    add_function(0x120, 0xFF00, 2, 0xF0000000); /* of another class, but named */
    CHECK(finds("115200,8n1,pci,17,1:4.0") && found.regs == window && mapped == 0xF0000000 && found.irq == 17);
    CHECK(nr_hidden == 1 && hidden == 0x120 && rangeset_contains(&kept_frames, 0xF0000, 0xF0000) && !kept_ports.n);
    CHECK(function_at(0x120)->config[1] == PCI_COMMAND_MEMORY, "its line is wanted");
    kept_frames.n = 1;
    nr_hidden = 0;
    refused("115200,8n1,pci,0,1:7.0", "there is no such PCI device");
    CHECK(reads < 100000, "%u reads", reads);
}

static const struct unit_test tests[] = {
    {"uart_options", options},     {"uart_by_port", by_port}, {"uart_none", none},
    {"uart_in_memory", in_memory}, {"uart_on_pci", on_pci},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
