/* SPDX-License-Identifier: MIT */
/* The smallest guest: prints what it runs on, and powers off. */
#include <guest/console.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <public/version.h>

void guest_main(void)
{
    int version = HYPERVISOR_xen_version(XENVER_version, NULL);

    printf("Hello from ring %u on Xen %d.%d (%s): %u MiB, command line \"%s\"\n", boot_registers.cs & 3, version >> 16,
           version & 0xffff, hypervisor_capabilities(), start_info->nr_pages >> 8, guest_cmdline());
}
