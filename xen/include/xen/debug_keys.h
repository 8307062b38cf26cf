/* SPDX-License-Identifier: MIT */
#ifndef XEN_DEBUG_KEYS_H
#define XEN_DEBUG_KEYS_H

/* Others than those in docs/control.md do nothing. */
__may_switch void handle_debug_key(char key);

#endif
