/* SPDX-License-Identifier: MIT */
/*
 * Registers of devices in memory, mapped for good, uncached, where only the hypervisor in ring 0 reaches them
 * (mm/device_map.c). The frames themselves must be kept from guests, too: asm/device_access.h.
 */
#ifndef ASM_DEVICE_MAP_H
#define ASM_DEVICE_MAP_H

#include <asm/page.h>

extern pte_t device_map[DEVICE_MAP_PAGES];

/* The local APIC has the first page, so that its registers are at constants. */
#define APIC_VA DEVICE_MAP_START

/* At boot: can registers be in [start, end), as firmware says? The machine has such addresses, and none of them is RAM,
 * whose frames domains get. */
bool can_be_registers(uint64_t start, uint64_t end);

/* Maps one frame of a device's at any time, until the next call. Interrupt handlers call it, too: nothing that it
 * returned is used after an interrupt window. */
volatile void *map_device_page(mfn_t mfn);

/* Maps the size bytes at maddr, at boot. NULL: no room is left, or they cannot be there. */
volatile void *map_device(uint64_t maddr, uint32_t size);
/* Maps the one frame at the address where the local APIC's registers are expected. False: it cannot be there. */
bool map_apic(uint64_t maddr);

#endif
