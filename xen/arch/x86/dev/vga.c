/* SPDX-License-Identifier: MIT */
/*
 * Console on the screen: VGA text mode 3, 80 by 25, as BIOS boot loaders leave it. Output only; input comes from the
 * UART. A machine without VGA has ordinary memory or nothing at 0xB8000. So nothing is drawn unless the CRT
 * controller's cursor register can be written and read back.
 */
#include <asm/io.h>
#include <asm/page.h>
#include <asm/vga.h>
#include <xen/lib.h>

#define VGA_TEXT      0xB8000
#define COLUMNS       80
#define ROWS          25  /* that are shown */
#define BUFFER_ROWS   204 /* that the 32 KiB from VGA_TEXT hold */
#define GREY_ON_BLACK 0x0700
#define CRTC_INDEX    0x3D4
#define CRTC_DATA     0x3D5
#define START_HIGH    0x0C
#define CURSOR_HIGH   0x0E
#define CURSOR_LOW    0x0F

static bool present;
static unsigned int column, row; /* where the next character stands */
static unsigned int top;         /* the first row that is shown */

static void write_crtc(uint8_t index, uint8_t value)
{
    outb(CRTC_INDEX, index);
    outb(CRTC_DATA, value);
}

static void write_crtc_pair(uint8_t high, unsigned int value)
{
    write_crtc(high, value >> 8);
    write_crtc(high + 1, value);
}

static void move_cursor(void)
{
    write_crtc_pair(START_HIGH, top * COLUMNS);
    write_crtc_pair(CURSOR_HIGH, row * COLUMNS + column);
}

static uint16_t *row_at(unsigned int n)
{
    return (uint16_t *)mach_to_virt(VGA_TEXT) + n * COLUMNS;
}

static void clear_row(uint16_t *cell)
{
    for (unsigned int i = 0; i < COLUMNS; i++)
        cell[i] = GREY_ON_BLACK | ' ';
}

void init_vga(void)
{
    write_crtc(CURSOR_LOW, 0x5A);
    present = inb(CRTC_DATA) == 0x5A;
    if (!present)
        return;
    for (unsigned int i = 0; i < ROWS; i++)
        clear_row(row_at(i));
    move_cursor();
}

/* The screen moves down the buffer, and back to the beginning when it reaches the end. Copying it for each line would
 * take long, because a screen's memory is slow. */
static void new_line(void)
{
    column = 0;
    if (++row == BUFFER_ROWS) {
        memcpy(row_at(0), row_at(BUFFER_ROWS - ROWS + 1), (ROWS - 1) * COLUMNS * sizeof(uint16_t));
        row = ROWS - 1;
        top = 0;
    }
    if (row - top >= ROWS)
        top++;
    clear_row(row_at(row));
}

static void put_char(char c)
{
    if (c == '\n')
        new_line();
    else if (c == '\r')
        column = 0;
    else {
        if (column == COLUMNS)
            new_line();
        row_at(row)[column++] = GREY_ON_BLACK | (uint8_t)c;
    }
}

void vga_write(const char *text, uint32_t size)
{
    if (!present || !size)
        return;
    while (size--)
        put_char(*text++);
    move_cursor();
}
