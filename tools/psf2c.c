/* SPDX-License-Identifier: MIT */
/*
 * Makes a C array of the printable ASCII of a console font (PSF 1, 8 pixels wide), when the hypervisor is built.
 * usage: zcat FONT.psfu.gz | psf2c
 */
#include <stdint.h>
#include <stdio.h>

#define MODE_512     1
#define MODE_UNICODE 2
#define SEPARATOR    0xFFFF
#define FIRST        0x20
#define LAST         0x7E

int main(void)
{
    static uint8_t file[1 << 20];
    size_t n = fread(file, 1, sizeof(file), stdin);
    uint32_t glyphs, size, at, where[LAST + 1] = {0};

    if (n < 4 || file[0] != 0x36 || file[1] != 0x04 || !(file[2] & MODE_UNICODE) || !file[3]) {
        fprintf(stderr, "psf2c: this is no PSF 1 font with a Unicode table\n");
        return 1;
    }
    glyphs = file[2] & MODE_512 ? 512 : 256;
    size = file[3];
    at = 4 + glyphs * size;
    for (uint32_t g = 0; g < glyphs && at + 1 < n; at += 2) {
        uint32_t code = file[at] | file[at + 1] << 8;

        if (code == SEPARATOR)
            g++;
        else if (code >= FIRST && code <= LAST)
            where[code] = 4 + g * size;
    }
    printf("#include <stdint.h>\n#define GLYPH_HEIGHT %u\n#define GLYPH_FIRST 0x%x\n#define GLYPH_LAST 0x%x\n", size, FIRST, LAST);
    printf("static const uint8_t glyphs[][GLYPH_HEIGHT] = {\n");
    for (uint32_t c = FIRST; c <= LAST; c++) {
        if (!where[c] && c != ' ') {
            fprintf(stderr, "psf2c: the font has no character 0x%x\n", c);
            return 1;
        }
        printf("    {");
        for (uint32_t i = 0; i < size; i++)
            printf("%s0x%02x", i ? ", " : "", where[c] ? file[where[c] + i] : 0);
        printf("},\n");
    }
    printf("};\n");
    return ferror(stdin) != 0;
}
