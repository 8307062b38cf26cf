/* SPDX-License-Identifier: MIT */
#ifndef XEN_DEBUG_KEYS_H
#define XEN_DEBUG_KEYS_H

/* Keys that are not in docs/control.md do nothing. */
__may_switch void handle_debug_key(char key);

#endif
