/* SPDX-License-Identifier: MIT */
/*
 * The keys and values of one domain's store: what lies below its home, /local/domain/<id>, in one block of memory, so
 * that a transaction is a copy. No part of the hypervisor is used: it can be tested and fuzzed on the host.
 *
 * Paths are relative to the home, "" being the home itself. Results: 0 or -error.
 */
#ifndef XEN_STORE_H
#define XEN_STORE_H

#include <stdbool.h>
#include <stdint.h>

#define STORE_PATH_MAX  256 /* longer ones cannot be made */
#define STORE_DEPTH_MAX 12

struct store_path {
    const char *text; /* not terminated */
    uint32_t length;
};

/* All changes, for watches. For each, a flag ('+'; '-': removed with all below) and a terminated path. */
#define STORE_CHANGES 1024
#define STORE_BYTES   (8192 - STORE_CHANGES - 12)
struct store_tree {
    uint32_t generation; /* number of changes */
    uint32_t used, changes_used;
    char changes[STORE_CHANGES];
    uint8_t bytes[STORE_BYTES];
};
_Static_assert(sizeof(struct store_tree) == 8192, "two pages");

struct store_value {
    const void *data;
    uint32_t size;
};

void store_init(struct store_tree *t);
int store_read(const struct store_tree *t, struct store_path path, struct store_value *value);
int store_write(struct store_tree *t, struct store_path path, const void *value, uint32_t size);
int store_mkdir(struct store_tree *t, struct store_path path);
int store_remove(struct store_tree *t, struct store_path path);
/* The names of its children, terminated, into buf: their size, or -E2BIG, -ENOENT. */
int store_list(const struct store_tree *t, struct store_path path, char *buf, uint32_t size);
/* The permissions that were set, as terminated strings; size 0: none were set. */
int store_get_perms(const struct store_tree *t, struct store_path path, struct store_value *perms);
int store_set_perms(struct store_tree *t, struct store_path path, const void *perms, uint32_t size);

/* The path is the other one, or lies below it. */
bool store_within(struct store_path path, struct store_path other);

#endif
