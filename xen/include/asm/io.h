/* SPDX-License-Identifier: MIT */
/* I/O ports, and registers of devices in memory (asm/device_map.h). */
#ifndef ASM_IO_H
#define ASM_IO_H

#include <stdint.h>

#define PORT_ACCESS(suffix, type)                                           \
    static inline type in##suffix(uint16_t port)                            \
    {                                                                       \
        type value;                                                         \
        __asm__ volatile("in" #suffix " %1, %0" : "=a"(value) : "d"(port)); \
        return value;                                                       \
    }                                                                       \
    static inline void out##suffix(uint16_t port, type value)               \
    {                                                                       \
        __asm__ volatile("out" #suffix " %0, %1" ::"a"(value), "d"(port));  \
    }

PORT_ACCESS(b, uint8_t)
PORT_ACCESS(w, uint16_t)
PORT_ACCESS(l, uint32_t)

/* The same, by the size: 1, 2 or 4 bytes. */
static inline uint32_t in_sized(uint16_t port, uint32_t bytes)
{
    return bytes == 1 ? inb(port) : bytes == 2 ? inw(port) : inl(port);
}

static inline void out_sized(uint16_t port, uint32_t bytes, uint32_t value)
{
    if (bytes == 1)
        outb(port, value);
    else if (bytes == 2)
        outw(port, value);
    else
        outl(port, value);
}

#define MEMORY_ACCESS(suffix, type)                                 \
    static inline type read##suffix(const volatile void *at)        \
    {                                                               \
        return *(const volatile type *)at;                          \
    }                                                               \
    static inline void write##suffix(volatile void *at, type value) \
    {                                                               \
        *(volatile type *)at = value;                               \
    }

MEMORY_ACCESS(b, uint8_t)
MEMORY_ACCESS(l, uint32_t)

#endif
