/* SPDX-License-Identifier: MIT */
/* The rest of test_uart.c's machine: it has no PCI, no screen and no domain with a ring, and its memory ends below the
 * UART. */
#include <asm/io.h>
#include <asm/pci.h>
#include <asm/screen.h>
#include <asm/vga.h>
#include <public/memory.h>
#include <xen/console.h>
#include <xen/machine.h>
#include <xen/sched.h>

struct e820entry machine_map[E820_MAX] = {{0, 0x8000000, E820_RAM}};
uint32_t machine_map_entries = 1;

uint32_t pci_read(uint16_t function, uint32_t reg, uint32_t bytes)
{
    return 0xFFFFFFFF;
}

void pci_write(uint16_t function, uint32_t reg, uint32_t bytes, uint32_t value)
{
}

uint64_t pci_memory_bar(uint16_t function, unsigned int index)
{
    return 0;
}

uint32_t pci_io_bar(uint16_t function, unsigned int index)
{
    return 0;
}

void pci_hide(uint16_t function)
{
}

/* Its registers are words. */
uint8_t readb(const volatile void *at)
{
    __builtin_trap();
}

void writeb(volatile void *at, uint8_t value)
{
    __builtin_trap();
}

void init_vga(void)
{
}

void screen_write(const char *text, uint32_t size)
{
}

void screen_wait(bool wait)
{
}

struct domain *domain_by_id(uint16_t id)
{
    return NULL;
}

void console_ring_input(struct domain *d, char character)
{
}

bool has_console_ring(const struct domain *d)
{
    return false;
}

void log_at(enum log_level level, const char *fmt, ...)
{
}
