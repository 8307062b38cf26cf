/* SPDX-License-Identifier: MIT */
/*
 * Reads a picture of the console (QEMU's screendump, PPM) and prints its text: each cell is compared with all glyphs of
 * the very font. A cell that is none of them is printed as `~`.
 * usage: screen_text < PICTURE.ppm
 */
#include <asm/glyphs.h>
#include <stdio.h>
#include <stdlib.h>

#define GLYPH_WIDTH 8

static int character(const unsigned char *pixels, size_t width, size_t x, size_t y)
{
    unsigned char seen[GLYPH_HEIGHT] = {0};

    for (size_t i = 0; i < GLYPH_HEIGHT; i++)
        for (size_t bit = 0; bit < GLYPH_WIDTH; bit++)
            if (pixels[((y * GLYPH_HEIGHT + i) * width + x * GLYPH_WIDTH + bit) * 3])
                seen[i] |= 0x80 >> bit;
    for (int c = GLYPH_FIRST; c <= GLYPH_LAST; c++) {
        size_t same = 0;

        while (same < GLYPH_HEIGHT && seen[same] == glyphs[c - GLYPH_FIRST][same])
            same++;
        if (same == GLYPH_HEIGHT)
            return c;
    }
    return '~';
}

int main(void)
{
    size_t width, height;
    unsigned char *pixels;

    if (scanf("P6 %zu %zu 255", &width, &height) != 2 || getchar() != '\n' || width > 8192 || height > 8192)
        return 1;
    pixels = malloc(width * height * 3);
    if (!pixels || fread(pixels, 3, width * height, stdin) != width * height)
        return 1;
    for (size_t y = 0; y < height / GLYPH_HEIGHT; y++) {
        for (size_t x = 0; x < width / GLYPH_WIDTH; x++)
            putchar(character(pixels, width, x, y));
        putchar('\n');
    }
    return 0;
}
