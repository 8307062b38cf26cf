/* SPDX-License-Identifier: MIT */
/* What xen_version answers: the interface is Xen 4.2's. Our own version stands in its changeset, with the revision. */
#ifndef XEN_VERSION_H
#define XEN_VERSION_H

#define XEN_VERSION ((4 << 16) | 2) /* XENVER_version: major and minor */

#define XEN_EXTRAVERSION ".5-int82"

#define INT82_VERSION "1.0"

#endif
