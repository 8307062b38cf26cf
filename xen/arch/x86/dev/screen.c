/* SPDX-License-Identifier: MIT */
/*
 * Console on a framebuffer. Output only. What is to be seen and what is drawn are two grids of characters, and drawing
 * makes the second the first: so scrolling draws only what differs, and never reads the screen, which is slow. While
 * guests run, a timer draws a few characters at a time, so that nobody waits for a slow screen.
 *
 * The hypervisor's part of the address space has no room for a screen. It is in an address space of its own, where
 * guests have theirs.
 */
#include <asm/glyphs.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <asm/screen.h>
#include <xen/lib.h>
#include <xen/timer.h>

#define SCREEN_START  0x40000000u
#define SCREEN_ROOM   0x40000000u
#define BIG_PAGE      (1u << L2_SHIFT)
#define GLYPH_WIDTH   8
#define MAX_COLUMNS   240
#define MAX_ROWS      96
#define DRAW_AT_ONCE  32   /* characters while guests run, */
#define LOOK_AT_ONCE  1024 /* of so many cells */
#define DRAW_EVERY_NS 2000000
#define BIG_PAGE_PAT  0x1000
#define CPUID_PAT     (1u << 16)
#define MSR_PAT       0x277
#define PAT_WC        1

static struct framebuffer screen; /* width 0: there is none */
static uint32_t columns, rows, pixel_bytes, foreground;
static char wanted[MAX_ROWS][MAX_COLUMNS], drawn[MAX_ROWS][MAX_COLUMNS];
static uint32_t top, row, column; /* top: the line of `wanted` that is the screen's first */
static uint32_t next_cell;        /* where drawing goes on; */
static uint32_t same;             /* so many cells before it are as wanted */
static bool waits = true;
static struct timer redraw;
static char early[512]; /* text from before there was a screen */
static uint32_t early_size;

static pte_t screen_l3[L3_ENTRIES] __aligned(32);
static pte_t screen_l2[L2_ENTRIES] __aligned(PAGE_SIZE);

/* --- Mapping */

/* Flags of an entry for a screen: write-combining if the PAT has that, else uncached where no MTRR says otherwise. */
static uint32_t __init cache_flags(void)
{
    uint32_t pat[2];

    if (!(read_cpuid(1, 0).edx & CPUID_PAT))
        return _PAGE_PCD;
    __asm__ volatile("rdmsr" : "=a"(pat[0]), "=d"(pat[1]) : "c"(MSR_PAT));
    for (uint32_t i = 0; i < 8; i++)
        if ((pat[i / 4] >> i % 4 * 8 & 7) == PAT_WC)
            return (i & 1 ? _PAGE_PWT : 0) | (i & 2 ? _PAGE_PCD : 0) | (i & 4 ? BIG_PAGE_PAT : 0);
    return _PAGE_PCD;
}

static void __init map_screen(uint64_t address, uint64_t size)
{
    uint32_t flags = cache_flags() | _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_PSE;
    uint64_t from = address & ~(uint64_t)(BIG_PAGE - 1);

    for (uint32_t i = 0; from < address + size; i++, from += BIG_PAGE)
        screen_l2[i].raw = from | flags;
    screen_l3[SCREEN_START >> L3_SHIFT] = make_pte(virt_to_mfn(screen_l2), _PAGE_PRESENT);
    screen_l3[3] = make_pte(virt_to_mfn(idle_l2), _PAGE_PRESENT);
}

/* --- Drawing, in the screen's address space */

static void put_pixel(uint8_t *at, uint32_t colour)
{
    if (pixel_bytes == 4)
        *(volatile uint32_t *)at = colour;
    else
        for (uint32_t i = 0; i < pixel_bytes; i++)
            ((volatile uint8_t *)at)[i] = colour >> i * 8;
}

static void draw(uint32_t y, uint32_t x, char c)
{
    uint32_t code = (uint8_t)c;
    const uint8_t *glyph = glyphs[code >= GLYPH_FIRST && code <= GLYPH_LAST ? code - GLYPH_FIRST : '?' - GLYPH_FIRST];
    uint8_t *line = (uint8_t *)SCREEN_START + (uint32_t)(screen.address & (BIG_PAGE - 1)) +
                    y * GLYPH_HEIGHT * screen.pitch + x * GLYPH_WIDTH * pixel_bytes;

    for (uint32_t i = 0; i < GLYPH_HEIGHT; i++, line += screen.pitch)
        for (uint32_t bit = 0; bit < GLYPH_WIDTH; bit++)
            put_pixel(line + bit * pixel_bytes, glyph[i] << bit & 0x80 ? foreground : 0);
}

/* Whether one of the next cells is to be drawn: next_cell. */
static bool find_cell(uint32_t *looks)
{
    for (; same < rows * columns && *looks; same++, --*looks, next_cell = (next_cell + 1) % (rows * columns)) {
        uint32_t y = next_cell / columns, x = next_cell % columns;

        if (drawn[y][x] != wanted[(top + y) % rows][x])
            return true;
    }
    return false;
}

/* Looks at no more cells and draws no more characters than that. */
static void draw_some(uint32_t looks, uint32_t most)
{
    uint32_t before = read_cr3();

    write_cr3(virt_to_mach(screen_l3));
    while (most-- && find_cell(&looks)) {
        uint32_t y = next_cell / columns, x = next_cell % columns;

        drawn[y][x] = wanted[(top + y) % rows][x];
        draw(y, x, drawn[y][x]);
    }
    write_cr3(before);
}

static void draw_all(void)
{
    draw_some(UINT32_MAX, UINT32_MAX);
}

static void draw_on(void *unused)
{
    draw_some(LOOK_AT_ONCE, DRAW_AT_ONCE);
    if (same < rows * columns)
        set_timer(&redraw, system_time() + DRAW_EVERY_NS);
}

/* --- Text */

static void new_line(void)
{
    column = 0;
    if (row + 1 < rows)
        row++;
    else
        top = (top + 1) % rows;
    memset(wanted[(top + row) % rows], ' ', columns);
}

static void put_char(char c)
{
    if (c == '\n')
        new_line();
    else if (c == '\r')
        column = 0;
    else {
        if (column == columns)
            new_line();
        wanted[(top + row) % rows][column++] = c;
    }
}

static void keep_early(const char *text, uint32_t size)
{
    while (size-- && early_size < sizeof(early))
        early[early_size++] = *text++;
}

void screen_write(const char *text, uint32_t size)
{
    if (!screen.width && waits)
        keep_early(text, size);
    if (!screen.width || !size)
        return;
    while (size--)
        put_char(*text++);
    same = 0;
    if (waits)
        draw_all();
    else if (!redraw.active)
        set_timer(&redraw, system_time() + DRAW_EVERY_NS);
}

void screen_wait(bool wait)
{
    waits = wait;
    if (screen.width && wait)
        draw_all();
}

/* --- The beginning */

static uint32_t __init grey(const struct framebuffer *fb)
{
    return 0xAAu >> (8 - fb->red_bits) << fb->red_at | 0xAAu >> (8 - fb->green_bits) << fb->green_at |
           0xAAu >> (8 - fb->blue_bits) << fb->blue_at;
}

static bool __init colour_fits(const struct framebuffer *fb, uint8_t at, uint8_t bits)
{
    return bits >= 1 && bits <= 8 && at + bits <= fb->bits;
}

static uint32_t __init bytes_of_pixel(const struct framebuffer *fb)
{
    return (fb->bits + 7) / 8;
}

static const char *__init what_is_wrong(const struct framebuffer *fb)
{
    uint64_t size = (uint64_t)fb->pitch * fb->height;

    if (fb->bits != 15 && fb->bits != 16 && fb->bits != 24 && fb->bits != 32)
        return "its pixels have another number of bits";
    if (!colour_fits(fb, fb->red_at, fb->red_bits) || !colour_fits(fb, fb->green_at, fb->green_bits) ||
        !colour_fits(fb, fb->blue_at, fb->blue_bits))
        return "its colours lie outside its pixels";
    if (fb->width < 320 || fb->height < 200 || fb->pitch / bytes_of_pixel(fb) < fb->width)
        return "it is too small";
    if (size > SCREEN_ROOM - BIG_PAGE || fb->address + size < fb->address || (fb->address + size) >> physical_bits())
        return "it cannot be where it is said to be";
    return NULL;
}

const char *__init init_screen(const struct framebuffer *fb)
{
    const char *why = what_is_wrong(fb);

    if (why)
        return why;
    screen = *fb;
    pixel_bytes = bytes_of_pixel(fb);
    foreground = grey(fb);
    columns = MIN(fb->width / GLYPH_WIDTH, MAX_COLUMNS);
    rows = MIN(fb->height / GLYPH_HEIGHT, MAX_ROWS);
    memset(wanted, ' ', sizeof(wanted));
    init_timer(&redraw, draw_on, NULL);
    map_screen(fb->address, (uint64_t)fb->pitch * fb->height);
    screen_write(early, early_size); /* all of `drawn` differs, so this clears the screen, too */
    return NULL;
}
