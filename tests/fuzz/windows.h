/* SPDX-License-Identifier: MIT */
/*
 * Windows to frames, watched more strictly than a processor could do it. A window can be used from the call that opens
 * it to the next call for its class (in the L1 class, for an odd or an even number like its own), or to the next point
 * where another vCPU may run. Frames lie apart, with nothing between them, and a frame without an owner has no window
 * at all.
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#include <asm/window.h>

/* Called once: windows, frame table, machine-to-physical table and guest_memory. */
void set_up_windows(void);
/* Closes all open windows, except for those that update_va_mapping and ptwr remember. */
void close_windows(void);
/* The file whose pages are the frames; and a frame itself, outside of every window. */
int window_file(void);
const uint8_t *window_view(mfn_t mfn);

#endif
