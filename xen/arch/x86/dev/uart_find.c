/* SPDX-License-Identifier: MIT */
/* Which UART is the console's: find_uart() of asm/uart.h. */
#include <asm/device_access.h>
#include <asm/device_map.h>
#include <asm/pci.h>
#include <asm/uart.h>
#include <xen/lib.h>
#include <xen/machine.h>

#define PCI_CLASS_SERIAL 0x0700
#define AMT_FUNCTION     (0x16 << 3 | 3) /* Intel's management engine has its serial port there */
#define NR_BARS          6
#define LAST_PORT        0xFFFF
#define NR_FUNCTIONS     0x10000u

static bool __init answers(const struct uart *u)
{
    uart_write(u, UART_SCRATCH, 0x55);
    if (uart_read(u, UART_SCRATCH) != 0x55)
        return false;
    uart_write(u, UART_SCRATCH, 0xAA);
    return uart_read(u, UART_SCRATCH) == 0xAA;
}

/* --- By address */

/* NULL, or why it is not there. */
static const char *__init try_ports(struct uart *u, uint64_t port)
{
    u->regs = NULL;
    if (!answers(u))
        return "nothing answers there";
    keep_ports(port, port + UART_REGS - 1);
    return NULL;
}

static const char *__init try_memory(struct uart *u, uint64_t address)
{
    uint32_t size = ((UART_REGS - 1) << u->options->reg_shift) + u->options->reg_width;
    mfn_t first = address >> PAGE_SHIFT, last = (address + size - 1) >> PAGE_SHIFT;

    if (touches_ram(address, address + size))
        return "that is RAM";
    for (mfn_t mfn = first; mfn <= last; mfn++)
        if (rangeset_contains(&kept_frames, mfn, mfn))
            return "another device of the hypervisor's is there";
    u->regs = map_device(address, size);
    if (!u->regs)
        return "the machine has no such address";
    if (!answers(u))
        return "nothing answers there";
    keep_frames(first, last);
    return NULL;
}

static const char *__init try_address(struct uart *u, uint64_t address)
{
    u->address = address;
    return address <= LAST_PORT ? try_ports(u, address) : try_memory(u, address);
}

/* --- By PCI */

static bool __init is_serial(uint16_t function)
{
    return pci_read(function, PCI_VENDOR, 2) != 0xFFFF && pci_read(function, PCI_CLASS + 2, 2) == PCI_CLASS_SERIAL;
}

/* What the first of its base address registers says that is set. 0: none is. */
static uint64_t __init first_address(uint16_t function, bool *is_port)
{
    for (unsigned int i = 0; i < NR_BARS; i++) {
        uint32_t port = pci_io_bar(function, i);

        *is_port = port;
        if (port || pci_memory_bar(function, i))
            return port ? port : pci_memory_bar(function, i);
    }
    return 0;
}

/* What is polled must not raise its line, which other devices may share. */
static void __init enable_function(const struct uart *u, uint16_t function, bool is_port)
{
    uint32_t command = pci_read(function, PCI_COMMAND, 2) | (is_port ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);

    pci_write(function, PCI_COMMAND, 2, u->irq ? command : command | PCI_COMMAND_INTX_DISABLE);
}

static const char *__init try_function(struct uart *u, uint16_t function)
{
    const struct uart_options *o = u->options;
    uint64_t address = o->address;
    bool is_port = address <= LAST_PORT;
    const char *why;

    if (pci_read(function, PCI_VENDOR, 2) == 0xFFFF)
        return "there is no such PCI device";
    if (o->place != UART_AT_ADDRESS)
        address = first_address(function, &is_port);
    if (!address || is_port != (address + UART_REGS - 1 <= LAST_PORT))
        return "firmware has given it no address";
    enable_function(u, function, is_port);
    why = try_address(u, address);
    if (!why)
        pci_hide(function);
    return why;
}

/* The first function that is a serial port and answers. On most devices only function 0 is there. */
static const char *__init search_pci(struct uart *u)
{
    const char *why = "there is no PCI serial port";

    for (uint32_t function = 0; function < NR_FUNCTIONS; function++) {
        if (!(function & 7) && pci_read(function, PCI_VENDOR, 2) == 0xFFFF) {
            function |= 7;
            continue;
        }
        if (function == AMT_FUNCTION || !is_serial(function))
            continue;
        why = try_function(u, function);
        if (!why)
            return NULL;
    }
    return why;
}

/* --- By the options */

static bool __init is_at(const struct uart_options *o, uint64_t address)
{
    return o->place == UART_AT_ADDRESS && !o->has_function && o->address == address;
}

/* Which line a standard port has. Of all others it is not known, and one that domain 0's devices share would be taken
 * from them. */
static uint16_t __init irq_of(const struct uart_options *o)
{
    return o->has_irq ? o->irq : is_at(o, COM1_PORT) ? 4 : is_at(o, COM2_PORT) ? 3 : 0;
}

static const char *__init try_options(struct uart *u, const struct uart_options *o)
{
    *u = (struct uart){.options = o, .irq = irq_of(o)};
    if (o->has_function)
        return try_function(u, o->function);
    if (o->place == UART_AMT)
        return is_serial(AMT_FUNCTION) ? try_function(u, AMT_FUNCTION) : "there is no such PCI device";
    return o->place == UART_PCI ? search_pci(u) : try_address(u, o->address);
}

static void __init tell(const struct uart *u, const char *name)
{
    log_at(LOG_INFO, "Console: %s, UART %s %llx\n", name, u->regs ? "in memory at" : "at port",
           (unsigned long long)u->address);
}

static void __init tell_why_not(const struct uart_options *o, const char *name, const char *why)
{
    if (o->place == UART_AT_ADDRESS)
        printk("Console: no UART at %llx (%s): %s\n", (unsigned long long)o->address, name, why);
    else
        printk("Console: no UART %s (%s): %s\n", o->place == UART_PCI ? "on PCI" : "of AMT", name, why);
}

static bool __init is_there(struct uart *u, const struct uart_options *o, const char *name)
{
    const char *why = try_options(u, o);

    if (why)
        tell_why_not(o, name, why);
    else
        tell(u, name);
    return !why;
}

bool __init find_uart(struct uart *u)
{
    static const struct uart_options standard = {UART_STANDARD, .address = COM1_PORT};
    static const char *const names[NR_COMS] = {"com1", "com2"};
    bool any = false, tried = false;

    for (unsigned int com = 0; com < NR_COMS; com++) {
        if (!opt_console.com[com])
            continue;
        if (is_there(u, &com_options[com], names[com]))
            return true;
        any = true;
        tried |= is_at(&com_options[com], standard.address);
    }
    return any && !tried && is_there(u, &standard, "in its place");
}
