/* The machine's memory, as the boot loader told (arch/x86). */
#ifndef XEN_MACHINE_H
#define XEN_MACHINE_H

#include <public/memory.h>

#define E820_MAX 128
extern struct e820entry machine_map[E820_MAX];
extern uint32_t machine_map_entries;

/* Sets the wall clock: seconds and nanoseconds since 1970 at system time 0, and in all domains' shared_info. */
void set_wallclock(uint32_t sec, uint32_t nsec);

/* Frame behind the 2 MiB of the machine-to-physical table that begin at entry index << 19. */
uint32_t machphys_frame(uint32_t index);

extern char saved_cmdline[1024]; /* the hypervisor's own, 0-terminated and -filled */

#endif
