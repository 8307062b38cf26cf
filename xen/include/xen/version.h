/* SPDX-License-Identifier: MIT */
/* What xen_version answers: the interface is Xen 4.2's. */
#ifndef XEN_VERSION_H
#define XEN_VERSION_H

#define XEN_VERSION ((4 << 16) | 2) /* XENVER_version: major and minor */

#define XEN_EXTRAVERSION ".5-int82"

#endif
