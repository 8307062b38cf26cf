/* SPDX-License-Identifier: MIT */
/*
 * Other domains, for a guest that is domain 0: on Int82 and on Xen alike.
 *
 *     struct guest_domain d;
 *     int err = domain_build(&d, &(struct domain_config){.nr_pages = 1024, .cmdline = "role=other"});
 *
 *     if (!err)
 *         err = domain_unpause(&d);
 *     ...
 *     domain_free(&d);
 *
 * Without an image the new domain is a copy of the running guest: the same code, which begins at its start of day and
 * finds out from its command line what it is to do; what is zero at the start of day is zero, but initialised variables
 * have the values that they have now. guest_option() reads the command line. An image is an ELF file as a boot loader
 * would bring it.
 *
 * What the new domain prints comes through its console ring: domain_console() shows it.
 */
#ifndef GUEST_DOMAIN_BUILDER_H
#define GUEST_DOMAIN_BUILDER_H

#include <guest/guest.h>
#include <public/domctl.h>
#include <public/event_channel.h>
#include <public/sysctl.h>

struct xencons_interface;

struct domain_config {
    const void *image; /* NULL: a copy of this guest */
    uint32_t image_size;
    const char *cmdline; /* NULL: none */
    uint32_t nr_pages;   /* memory; 0: 1024 */
    uint32_t nr_vcpus;   /* 0: 1. Others than the first wait for VCPUOP_initialise */
    domid_t domid;       /* 0: any number */
};

struct guest_domain {
    domid_t domid; /* 0: there is no domain */
    uint32_t nr_pages;
    uint32_t *mfns; /* the frame of each of its pfns */
    /* Where things are, in the domain's virtual addresses. pfn 0 is at virt_base. */
    uint32_t virt_base, entry, hypercall_page, kernel_end;
    uint32_t p2m, start_info, store, console, tables, stack, end;
    uint32_t nr_tables;
    uint32_t shared_info_mfn;
    /* Ports: the new domain's (also in its start_info), and ours at the other end. */
    evtchn_port_t console_port, store_port;
    evtchn_port_t our_console_port;
    struct xencons_interface *ring; /* its console page, mapped here */
    uint32_t mfns_order;            /* of our list's allocation */
};

/* All of it: creates the domain, gives it memory, loads the image, connects the console, sets the first vCPU's
 * registers. The domain is paused. Returns 0 or an error; then nothing is left behind. */
int domain_build(struct guest_domain *d, const struct domain_config *config);
/* Ends the domain, whatever it is doing. Our mappings of its memory by foreign_map() must be gone before. Returns 0 or
 * an error. */
int domain_free(struct guest_domain *d);

/* Only that: the domain ends, and has gone when this returns. */
int domain_destroy(domid_t domid);

int domain_pause(const struct guest_domain *d);
int domain_unpause(const struct guest_domain *d);

/* Returns 0 or an error, -ESRCH when the domain has gone. */
int domain_info(domid_t domid, struct xen_domctl_getdomaininfo *info);
/* Prints what the domain prints, and waits until it has shut down or `ns` have passed. Returns the reason (SHUTDOWN_*),
 * or -ETIME. */
int domain_wait(struct guest_domain *d, uint64_t ns);
/* Takes what the domain has written to its console since the last call: prints it, or copies it into buf (0-terminated,
 * as much as fits), and makes room for more. Returns how many bytes there were. */
uint32_t domain_console(struct guest_domain *d);
uint32_t domain_console_read(struct guest_domain *d, char *buf, uint32_t size);

/* Returns our end of a port that another domain has opened for us, or an error. */
int event_bind_interdomain(domid_t remote, evtchn_port_t remote_port);

/* Makes one call of domctl or sysctl. Fills in the version. */
int domctl(struct xen_domctl *op);
int sysctl(struct xen_sysctl *op);
/* Pages that no domain has; ~0 if the hypervisor does not say. */
uint64_t machine_free_pages(void);

/* Maps another domain's frame here. NULL when that is refused. At most FOREIGN_PAGES at a time. */
#define FOREIGN_PAGES 64
void *foreign_map(domid_t domid, uint32_t mfn, bool writable);
void foreign_unmap(void *va);
/* Writes to the domain's memory at its virtual address. With NULL, writes zeroes. Returns 0 or an error. */
int domain_write(const struct guest_domain *d, uint32_t va, const void *from, uint32_t size);
/* The system time (ns since the machine's boot), by this vCPU's clock. */
uint64_t guest_time(void);

#endif
