/* SPDX-License-Identifier: MIT */
/* The image is loaded at 1 MiB of machine memory. It is linked at its addresses in the direct map, except for .boot,
 * which is linked where it is loaded. */
#include <asm/layout.h>

#define LOAD 0x100000
#define PHYS(a) ((a) - DIRECTMAP_START)

OUTPUT_FORMAT("elf32-i386")
OUTPUT_ARCH(i386)
ENTRY(start)

PHDRS
{
        boot PT_LOAD FLAGS(5);
        text PT_LOAD FLAGS(5);
        data PT_LOAD FLAGS(6);
}

SECTIONS
{
        _start = DIRECTMAP_START + LOAD;
        . = LOAD;
        .boot : AT(ADDR(.boot)) { *(.boot) } :boot
        . = ALIGN(4096) + DIRECTMAP_START;
        _stext = .;
        .text : AT(PHYS(ADDR(.text))) {
                *(.text)
                __start_may_switch = .; /* tools/check-switches.sh */
                *(.text.may_switch)
                __stop_may_switch = .;
                *(.text.*)
        } :text
        .fixup : AT(PHYS(ADDR(.fixup))) { *(.fixup) }
        .init.text : AT(PHYS(ADDR(.init.text))) { *(.init.text) }
        _etext = .;
        . = ALIGN(4096);
        _srodata = .;
        .rodata : AT(PHYS(ADDR(.rodata))) { *(.rodata .rodata.*) }
        .extable : AT(PHYS(ADDR(.extable))) {
                __start_extable = .;
                *(.extable)
                __stop_extable = .;
        }
        . = ALIGN(4096);
        _erodata = .;
        .data : AT(PHYS(ADDR(.data))) { *(.data .data.* .init.data) } :data
        .bss : AT(PHYS(ADDR(.bss))) {
                . = ALIGN(4096);
                bss_start = .;
                *(.bss.first)
                *(.bss .bss.* COMMON)
                . = ALIGN(4096);
        }
        _end = .;
        /DISCARD/ : { *(.note.* .comment .eh_frame*) }
}
ASSERT(_end - _start < 0x1000000, "the image fits the direct map with room for the heap")
ASSERT(_erodata - DIRECTMAP_START <= 0x200000, "code and constants fit the 2 MiB that are mapped in small pages")

#if COUNTERS
#define TEXT(text) #text
#define COUNTER(place, name, text) ASSERT(DEFINED(counted_##name), TEXT(nothing counts name: no COUNT() has that name))
#include <public/int82_counters.def>
#endif
