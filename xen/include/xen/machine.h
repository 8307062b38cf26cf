/* SPDX-License-Identifier: MIT */
/* The machine's memory, as the boot loader told, and its processor (arch/x86). */
#ifndef XEN_MACHINE_H
#define XEN_MACHINE_H

#include <public/memory.h>
#include <public/platform.h>
#include <stdbool.h>

#define E820_MAX 128
extern struct e820entry machine_map[E820_MAX];
extern uint32_t machine_map_entries;

/* Some of the bytes from start up to end (not included) are RAM. */
static inline bool touches_ram(uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < machine_map_entries; i++)
        if (machine_map[i].type == E820_RAM && machine_map[i].addr < end &&
            start < machine_map[i].addr + machine_map[i].size)
            return true;
    return false;
}

/* Sets the wall clock: seconds and nanoseconds since 1970 at system time 0, and in all domains' shared_info. */
void set_wallclock(uint32_t sec, uint32_t nsec);

/* Frame behind the 2 MiB of the machine-to-physical table that begin at entry index << 19. */
uint32_t machphys_frame(uint32_t index);

extern char saved_cmdline[1024]; /* the hypervisor's own, 0-terminated and -filled */

/* What CPUID says of the processor (dev/cpu_info.c), for domain 0. */
uint32_t cpu_apic_id(void);
/* The number that ACPI has for the processor in use. */
#define NO_ACPI_ID 0xFFFFFFFFu /* none: there is no MADT, or this processor is not in it */
uint32_t cpu_acpi_id(void);
void cpu_version(struct xenpf_pcpu_version *v);
void cpu_capabilities(uint32_t hw_cap[8]);
/* The bits of a _PDC as they have to be, in place of those that domain 0's kernel would tell firmware. Idle states and
 * frequencies are the hypervisor's, by what the processor has; throttling stays as it is. */
#define PDC_REVISION 1
#define PDC_BOOT_CPU 0xFFFFFFFFu /* stands for a processor's number */
uint32_t cpu_pdc_bits(uint32_t bits);

#endif
