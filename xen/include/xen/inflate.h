/* SPDX-License-Identifier: MIT */
/* gzip files (RFC 1951, 1952). No part of the hypervisor is used: tested and fuzzed on the host. Not reentrant. */
#ifndef XEN_INFLATE_H
#define XEN_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool is_gzip(const uint8_t *in, size_t size);

/* What the file says that it unpacks to, in bytes. NULL, or why it cannot be unpacked. */
const char *gunzip_size(const uint8_t *in, size_t size, uint32_t *unpacked);

/* Unpacks to out, which has room for unpacked bytes: exactly these are written, and their checksum is right.
 * NULL, or what is wrong with the file; then out holds anything. */
const char *gunzip(const uint8_t *in, size_t size, uint8_t *out, uint32_t unpacked);

#endif
