/* SPDX-License-Identifier: MIT */
/* gzip files (RFC 1951, 1952). Uses no other part of the hypervisor, so that it can be tested and fuzzed on the host.
 * Not reentrant. */
#ifndef XEN_INFLATE_H
#define XEN_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool is_gzip(const uint8_t *in, size_t size);

/* Finds out how many bytes the file unpacks to, by decoding all its members; anything behind the last one is ignored.
 * NULL, or the reason why it cannot be unpacked. The checksum is not checked yet. */
const char *gunzip_size(const uint8_t *in, size_t size, uint32_t *unpacked);

/* Unpacks to out, which has room for exactly that many bytes. NULL: all are written, and their checksums are right.
 * Otherwise what is wrong with the file; then out may hold anything. */
const char *gunzip(const uint8_t *in, size_t size, uint8_t *out, uint32_t unpacked);

#endif
