/* Linked where the direct map shows the image, loaded at 1 MiB of machine memory. */
#include <asm/layout.h>

#define LOAD 0x100000
#define PHYS(a) ((a) - DIRECTMAP_START)

OUTPUT_FORMAT("elf32-i386")
OUTPUT_ARCH(i386)
ENTRY(start)

PHDRS
{
        text PT_LOAD FLAGS(5);
        data PT_LOAD FLAGS(6);
}

SECTIONS
{
        . = DIRECTMAP_START + LOAD;
        _start = .;
        _stext = .;
        .boot : AT(PHYS(ADDR(.boot))) { *(.boot) } :text
        .text : AT(PHYS(ADDR(.text))) { *(.text .text.*) }
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
        .bss : AT(PHYS(ADDR(.bss))) { bss_start = .; *(.bss.first) *(.bss .bss.* COMMON) } :data
        . = ALIGN(4096);
        _end = .;
        /DISCARD/ : { *(.note.* .comment .eh_frame*) }
}
start_phys = PHYS(start);
ASSERT(_end - _start < 0x1000000, "the image fits the direct map with room for the heap")
