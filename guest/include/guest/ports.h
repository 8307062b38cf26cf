/* SPDX-License-Identifier: MIT */
/*
 * I/O ports. The kernel reaches those that the domain was given, after PHYSDEVOP_set_iopl with a level of 1; a read
 * from another answers all ones, and a write is lost.
 */
#ifndef GUEST_PORTS_H
#define GUEST_PORTS_H

#include <stdint.h>

#define PORT_ACCESS(suffix, type)                                            \
    static inline type in##suffix(uint16_t port)                             \
    {                                                                        \
        type value;                                                          \
                                                                             \
        __asm__ volatile("in" #suffix " %1, %0" : "=a"(value) : "Nd"(port)); \
        return value;                                                        \
    }                                                                        \
    static inline void out##suffix(uint16_t port, type value)                \
    {                                                                        \
        __asm__ volatile("out" #suffix " %0, %1" ::"a"(value), "Nd"(port));  \
    }

PORT_ACCESS(b, uint8_t)
PORT_ACCESS(w, uint16_t)
PORT_ACCESS(l, uint32_t)

#endif
