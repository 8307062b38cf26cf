/* SPDX-License-Identifier: MIT */
/* The state of the few devices whose I/O ports are emulated (arch/x86/emulate/ports.c). */
#ifndef ASM_PORTS_H
#define ASM_PORTS_H

#include <stdint.h>

/* The frequency of the 8254 timer, the machine's and a domain's. */
#define PIT_HZ 1193182u

/* Channel 2 of the 8254 timer, which kernels use for calibration. Its count is computed from the system time. */
struct virtual_pit {
    uint64_t loaded; /* system time at which `count` was loaded */
    uint32_t count;  /* 1 to 0x10000; 0: never loaded */
    uint16_t latched;
    uint8_t latch_bytes; /* what is still to be read of `latched`: 0, PIT_LOW, PIT_HIGH, PIT_WORD */
    uint8_t access;      /* how it is read and written: PIT_LOW, PIT_HIGH, PIT_WORD */
    uint8_t mode;        /* 0 to 5 */
    uint8_t low;         /* PIT_WORD: first byte written */
    uint8_t next_write_high, next_read_high;
    uint8_t status, status_latched;
    uint8_t gate, speaker; /* port 0x61, bits 0 and 1 */
};

struct port_state {
    struct virtual_pit pit;
    uint32_t pci_address; /* port 0xCF8 */
    uint8_t cmos_index;   /* port 0x70 */
};

#endif
