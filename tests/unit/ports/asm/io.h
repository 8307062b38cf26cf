/* SPDX-License-Identifier: MIT */
/* In place of the hypervisor's file: here the test implements the ports, and registers in memory. */
#ifndef ASM_IO_H
#define ASM_IO_H

#include <stdint.h>

uint8_t inb(uint16_t port);
void outb(uint16_t port, uint8_t value);

uint8_t readb(const volatile void *at);
void writeb(volatile void *at, uint8_t value);
uint32_t readl(const volatile void *at);
void writel(volatile void *at, uint32_t value);

#endif
