/* SPDX-License-Identifier: MIT */
/* Assembly of raw_iret.S. */
#ifndef TESTS_RAW_H
#define TESTS_RAW_H

#include <stdint.h>

struct iret_result {
    uint32_t eax, ebx, ebp, esp_before, esp_after, eflags;
};

/* HYPERVISOR_iret to the next instruction, in ring 1, with these flags and this code selector. EAX is 0x600d on
 * arrival. */
void iret_ring1(uint32_t eflags, uint32_t cs, struct iret_result *result);
void iret_ring1_page(uint32_t eflags, uint32_t cs, struct iret_result *result);
/* The same to ring 3. */
void iret_ring3(uint32_t eip, uint32_t esp) __attribute__((noreturn));

#endif
