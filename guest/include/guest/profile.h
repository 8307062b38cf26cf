/* SPDX-License-Identifier: MIT */
/*
 * Markers for the profiler (docs/profiling.md): what is executed between PROFILE_BEGIN(n) and PROFILE_END(n) is counted
 * as section n, a constant from 1 to 255, and reported separately from everything else. Each marker is one long NOP,
 * which any processor since the Pentium Pro skips, in any ring; nobody else has a reason to use this displacement. The
 * markers only add a few bytes of code, so they may stay. Sections do not nest.
 */
#ifndef GUEST_PROFILE_H
#define GUEST_PROFILE_H

/* As text for assembly: nopl 0x824D0100(%eax) and 0x824D0200(%eax), + section. */
#define PROFILE_TEXT_(kind, section) ".byte 0x0f, 0x1f, 0x80; .long 0x824D0000 + (" #kind " << 8) + (" #section ")"
#define PROFILE_BEGIN_TEXT(section)  PROFILE_TEXT_(1, section)
#define PROFILE_END_TEXT(section)    PROFILE_TEXT_(2, section)

#define PROFILE_BEGIN(section) __asm__ volatile(PROFILE_BEGIN_TEXT(section) : : : "memory")
#define PROFILE_END(section)   __asm__ volatile(PROFILE_END_TEXT(section) : : : "memory")

#endif
