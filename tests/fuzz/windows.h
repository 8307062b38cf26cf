/* SPDX-License-Identifier: MIT */
/*
 * Windows to frames, watched more strictly than a processor could: a window can be used only from the call that opens
 * it up to the next one of its class (of the L1 class: with a number as even or odd), or the next point where another
 * vCPU may run; frames stand apart, with nothing between them; and frames without an owner have no window at all.
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#include <asm/window.h>

/* Once: windows, frame table, machine-to-physical table and guest_memory. */
void set_up_windows(void);
/* Closes all that are open, but for what update_va_mapping and ptwr remember. */
void close_windows(void);
/* The file whose pages the frames are; and a frame as it is, outside of every window. */
int window_file(void);
const uint8_t *window_view(mfn_t mfn);

#endif
