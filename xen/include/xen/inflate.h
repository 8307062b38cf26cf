/* SPDX-License-Identifier: MIT */
/* gzip files (RFC 1951, 1952). No part of the hypervisor is used: tested and fuzzed on the host. Not reentrant. */
#ifndef XEN_INFLATE_H
#define XEN_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool is_gzip(const uint8_t *in, size_t size);

/* How many bytes it unpacks to, by the stream itself: members one behind the other, whatever follows the last. NULL, or
 * why it cannot be unpacked. The checksum is not looked at yet. */
const char *gunzip_size(const uint8_t *in, size_t size, uint32_t *unpacked);

/* Unpacks to out, which has room for just as many bytes: all are written, and their checksums are right.
 * NULL, or what is wrong with the file; then out holds anything. */
const char *gunzip(const uint8_t *in, size_t size, uint8_t *out, uint32_t unpacked);

#endif
