/* SPDX-License-Identifier: MIT */
/* In place of asm/msr.h, for unit tests that have a model of the registers: those functions are the test's own. */
#ifndef ASM_MSR_H
#define ASM_MSR_H

#include <public/errno.h>
#include <stdint.h>

uint64_t read_msr(uint32_t index);
void write_msr(uint32_t index, uint64_t value);
int rdmsr_safe(uint32_t index, uint64_t *value);
int wrmsr_safe(uint32_t index, uint64_t value);

#endif
