/* SPDX-License-Identifier: MIT */
/* A domain's store and its connection, within this folder: see xenstore.c. */
#ifndef COMMON_XENSTORE_H
#define COMMON_XENSTORE_H

#include <public/errno.h>
#include <public/io/xs_wire.h>
#include <xen/domain.h>
#include <xen/operation.h>
#include <xen/served.h>
#include <xen/store.h>

#define MAX_TRANSACTIONS 4
#define MAX_WATCHES      16
#define MAX_WATCH_TEXT   128 /* of path and of token, each with its end */
#define MAX_PERMS        128 /* bytes of one key's permissions */
#define TREE_ORDER       1

_Static_assert(sizeof(struct store_tree) == PAGE_SIZE << TREE_ORDER, "a block of the heap");

struct message {
    struct xsd_sockmsg head;
    char data[XENSTORE_PAYLOAD_MAX];
};

struct watch {
    bool used;
    bool is_new; /* fires once by itself */
    char path[MAX_WATCH_TEXT], token[MAX_WATCH_TEXT];
    uint32_t path_size, token_size; /* with their ends */
    struct store_path watched;      /* within path */
};

struct transaction {
    uint32_t id; /* 0: none */
    uint32_t generation;
    struct store_tree *tree;
};

struct store {
    struct served_ring served;    /* first */
    uint32_t req_cons, rsp_prod;  /* the hypervisor's own; those in the ring are for the domain to read */
    uint32_t in_used;             /* bytes of the request so far */
    uint32_t out_size, out_sent;  /* of the message on its way out */
    uint32_t event_at, event_for; /* the change and the watch to look at next */
    uint32_t last_transaction;
    uint32_t home_length;
    char home[24]; /* "/local/domain/1" */
    struct store_tree *tree;
    struct transaction transactions[MAX_TRANSACTIONS];
    struct watch watches[MAX_WATCHES];
    struct message in, out;
};

/* --- The message on its way out (xenstore.c) */

void begin_message(struct store *s, uint32_t type, uint32_t req_id, uint32_t tx_id);
/* Callers make sure that it fits. */
void add_bytes(struct store *s, const void *data, uint32_t size);
void add_string(struct store *s, const char *text);

/* --- Requests (store_requests.c) */

void answer_request(struct store *s);
void end_transaction(struct transaction *t);
/* The size of a string with its terminator; 0: it has none. */
uint32_t string_size(const char *text, uint32_t max);
/* The path that the payload begins with. */
int first_path(const struct store *s, struct store_path *path);
/* Turns a path of a request into one within the home. */
int home_path(const struct store *s, struct store_path *path);

/* --- Watches (store_watches.c) */

int add_watch(struct store *s);
int remove_watch(struct store *s);
/* False: there is no event, and no change is left to look at. */
bool look_for_event(struct store *s);

#endif
