/* SPDX-License-Identifier: MIT */
/* The hypervisor's latest log, to be read later. */
#ifndef XEN_LOG_RING_H
#define XEN_LOG_RING_H

#include <public/sysctl.h>

void log_ring_write(const char *text, uint32_t size);
/* 0 or -EFAULT. */
long log_ring_read(struct xen_sysctl_readconsole *op);

#endif
