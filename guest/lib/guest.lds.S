/* SPDX-License-Identifier: MIT */
/* A guest: linked at 1 MiB of its memory, which begins at VIRT_BASE (real 32-bit Xen wants domain 0 above 1 GiB). */
#define VIRT_BASE 0xC0000000

OUTPUT_FORMAT("elf32-i386")
OUTPUT_ARCH(i386)
ENTRY(_start)

PHDRS
{
    text PT_LOAD FLAGS(5);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

SECTIONS
{
    . = VIRT_BASE + 0x100000;

    .text : AT(ADDR(.text) - VIRT_BASE) {
        image_start = .;
        *(.text.hypercall_page)
        *(.text.start)
        *(.text .text.*)
    } :text
    .rodata : AT(ADDR(.rodata) - VIRT_BASE) {
        *(.rodata .rodata.*)
        . = ALIGN(4);
        tests_begin = .;
        KEEP(*(.tests))
        tests_end = .;
    } :text
    __xen_guest : AT(ADDR(__xen_guest) - VIRT_BASE) { *(__xen_guest) } :text
    .note.Xen : AT(ADDR(.note.Xen) - VIRT_BASE) { *(.note.Xen) } :text :note

    . = ALIGN(4096);
    .data : AT(ADDR(.data) - VIRT_BASE) { *(.data .data.*) } :data
    .bss : AT(ADDR(.bss) - VIRT_BASE) {
        bss_start = .;
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
        image_end = .;
    } :data

    /DISCARD/ : { *(.comment) *(.eh_frame) *(.note.gnu.*) *(.note.GNU-stack) }
}
