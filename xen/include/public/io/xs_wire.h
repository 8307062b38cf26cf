/* SPDX-License-Identifier: MIT */
/*
 * The store's ring: a page that a domain and the store share, and the messages in it. A message is a struct xsd_sockmsg
 * and `len` bytes behind it; a reply has the request's type, req_id and tx_id, or the type XS_ERROR and the name of an
 * error, such as "ENOENT".
 */
#ifndef XEN_PUBLIC_IO_XS_WIRE_H
#define XEN_PUBLIC_IO_XS_WIRE_H

#include <stdint.h>

enum xsd_sockmsg_type {
    XS_DEBUG,
    XS_DIRECTORY,
    XS_READ,
    XS_GET_PERMS,
    XS_WATCH,
    XS_UNWATCH,
    XS_TRANSACTION_START,
    XS_TRANSACTION_END,
    XS_INTRODUCE,
    XS_RELEASE,
    XS_GET_DOMAIN_PATH,
    XS_WRITE,
    XS_MKDIR,
    XS_RM,
    XS_SET_PERMS,
    XS_WATCH_EVENT,
    XS_ERROR,
    XS_IS_DOMAIN_INTRODUCED,
    XS_RESUME,
    XS_SET_TARGET,
    XS_RESTRICT,
    XS_RESET_WATCHES,
};

struct xsd_sockmsg {
    uint32_t type;   /* enum xsd_sockmsg_type */
    uint32_t req_id; /* the asker's; 0 in events */
    uint32_t tx_id;  /* transaction; 0: none */
    uint32_t len;    /* bytes that follow, at most XENSTORE_PAYLOAD_MAX */
};

#define XENSTORE_RING_SIZE    1024
#define XENSTORE_PAYLOAD_MAX  4096
#define XENSTORE_ABS_PATH_MAX 3072
#define XENSTORE_REL_PATH_MAX 2048

typedef uint32_t XENSTORE_RING_IDX; /* runs on; masked at use */
#define MASK_XENSTORE_IDX(idx) ((idx) & (XENSTORE_RING_SIZE - 1))

struct xenstore_domain_interface {
    char req[XENSTORE_RING_SIZE]; /* to the store */
    char rsp[XENSTORE_RING_SIZE]; /* replies, and events of watches */
    XENSTORE_RING_IDX req_cons, req_prod;
    XENSTORE_RING_IDX rsp_cons, rsp_prod;
};
_Static_assert(sizeof(struct xenstore_domain_interface) == 2064, "Xen's ABI");

#endif
