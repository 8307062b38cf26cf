/* SPDX-License-Identifier: MIT */
/* Random calls about devices, for fuzz.c. */
#ifndef TESTS_FUZZ_DEVICES_H
#define TESTS_FUZZ_DEVICES_H

#include <stdint.h>

/* Looks for devices. What follows depends on the seed. */
void fuzz_devices_begin(uint32_t seed);
void fuzz_devices_call(void);
void fuzz_devices_end(void); /* says how far they got */
/* A call may have taken the ports away. */
void fuzz_devices_allow_ports(void);

#endif
