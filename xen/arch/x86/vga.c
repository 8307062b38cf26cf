/*
 * Console on the screen: VGA text mode 3, 80 by 25, as BIOS boot loaders leave it. Output only; the UART is where input
 * comes from. Machines without it have ordinary memory or nothing at 0xB8000, and nothing is drawn there unless the
 * CRT controller's cursor register can be written and read back.
 */
#include <asm/io.h>
#include <asm/page.h>
#include <asm/vga.h>
#include <xen/lib.h>

#define VGA_TEXT      0xB8000
#define COLUMNS       80
#define ROWS          25
#define GREY_ON_BLACK 0x0700
#define CRTC_INDEX    0x3D4
#define CRTC_DATA     0x3D5
#define CURSOR_HIGH   0x0E
#define CURSOR_LOW    0x0F

static bool present;
static unsigned int column, row;

static void write_crtc(uint8_t index, uint8_t value)
{
    outb(CRTC_INDEX, index);
    outb(CRTC_DATA, value);
}

static void move_cursor(void)
{
    unsigned int at = row * COLUMNS + column;

    write_crtc(CURSOR_HIGH, at >> 8);
    write_crtc(CURSOR_LOW, at);
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
        clear_row((uint16_t *)mach_to_virt(VGA_TEXT) + i * COLUMNS);
    move_cursor();
}

static void new_line(void)
{
    uint16_t *screen = mach_to_virt(VGA_TEXT);

    column = 0;
    if (++row < ROWS)
        return;
    row = ROWS - 1;
    memmove(screen, screen + COLUMNS, (ROWS - 1) * COLUMNS * sizeof(*screen));
    clear_row(screen + (ROWS - 1) * COLUMNS);
}

static void put_char(char c)
{
    uint16_t *screen = mach_to_virt(VGA_TEXT);

    if (c == '\n')
        new_line();
    else if (c == '\r')
        column = 0;
    else {
        if (column == COLUMNS)
            new_line();
        screen[row * COLUMNS + column++] = GREY_ON_BLACK | (uint8_t)c;
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
