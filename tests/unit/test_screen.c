/* SPDX-License-Identifier: MIT */
/*
 * Which framebuffers are used (xen/arch/x86/dev/screen.c), on the host.
 *
 * Proves: what a loader tells of a screen is used only if all of it lies where a screen can be; and while guests run,
 * only a part of a screen is looked through at a time, but each difference is found. tests/cases/screen.sh looks at
 * what is drawn.
 */
#include "unit.h"

#include "../../xen/arch/x86/dev/screen.c"

pte_t idle_l2[L2_ENTRIES];

uint64_t system_time(void)
{
    return 0;
}

void init_timer(struct timer *t, void (*function)(void *), void *data)
{
}

void set_timer(struct timer *t, uint64_t expires)
{
}

static const struct framebuffer good = {0x80000000, 4096, 1024, 768, 32, 16, 8, 8, 8, 0, 8};

static void used(void)
{
    struct framebuffer fb = good;

    CHECK(!what_is_wrong(&fb), "%s", what_is_wrong(&fb));
    fb = (struct framebuffer){0xC0000000, 1600, 800, 600, 16, 11, 5, 5, 6, 0, 5};
    CHECK(!what_is_wrong(&fb) && grey(&fb) == (21 << 11 | 42 << 5 | 21), "%x", grey(&fb));
    fb = (struct framebuffer){0xC0000000, 1280, 640, 480, 15, 10, 5, 5, 5, 0, 5};
    CHECK(!what_is_wrong(&fb) && grey(&fb) == (21 << 10 | 21 << 5 | 21) && bytes_of_pixel(&fb) == 2, "%x", grey(&fb));
    fb = (struct framebuffer){0x800000000, 8192, 1024, 768, 32, 16, 8, 8, 8, 0, 8};
    CHECK(!what_is_wrong(&fb), "above 4 GiB, with lines that are longer than they are wide");
    fb = (struct framebuffer){0xC0000000, 2400, 800, 600, 24, 16, 8, 8, 8, 0, 8};
    CHECK(!what_is_wrong(&fb) && grey(&fb) == 0xAAAAAA, "%x", grey(&fb));
}

static void not_used(void)
{
    static const struct framebuffer bad[] = {
        {0x80000000, 4096, 1024, 768, 0, 16, 8, 8, 8, 0, 8},
        {0x80000000, 4096, 1024, 768, 8, 0, 2, 2, 2, 4, 2},
        {0x80000000, 4096, 1024, 768, 14, 9, 5, 5, 4, 0, 5},
        {0x80000000, 2046, 1024, 768, 15, 10, 5, 5, 5, 0, 5},
        {0x80000000, 4096, 1024, 768, 15, 11, 5, 5, 6, 0, 5},
        {0x80000000, 4096, 1024, 768, 32, 25, 8, 8, 8, 0, 8},
        {0x80000000, 4096, 1024, 768, 32, 16, 9, 8, 8, 0, 8},
        {0x80000000, 4096, 1024, 768, 32, 16, 0, 8, 8, 0, 8},
        {0x80000000, 4096, 1024, 768, 32, 16, 8, 255, 8, 0, 8},
        {0x80000000, 4096, 1024, 768, 32, 16, 8, 8, 8, 0, 255},
        {0x80000000, 4092, 1024, 768, 32, 16, 8, 8, 8, 0, 8},
        {0x80000000, 4096, 0, 768, 32, 16, 8, 8, 8, 0, 8},
        {0x80000000, 4096, 1024, 0, 32, 16, 8, 8, 8, 0, 8},
        {0x80000000, 4096, 0xFFFFFFFF, 768, 32, 16, 8, 8, 8, 0, 8},
        {0x80000000, 4096, 1024, 0xFFFFFFFF, 32, 16, 8, 8, 8, 0, 8},
        {0x80000000, 0xFFFFFFFF, 1024, 768, 32, 16, 8, 8, 8, 0, 8},
        {0xFFFFFFFFFFFFF000, 4096, 1024, 768, 32, 16, 8, 8, 8, 0, 8},
        {0x8000000000000000, 4096, 1024, 768, 32, 16, 8, 8, 8, 0, 8},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(what_is_wrong(&bad[i]), "number %u is used", i);
}

/* Times that find_cell() needs until it says the same again. */
static uint32_t times_to(bool found)
{
    for (uint32_t n = 1; n <= MAX_ROWS * MAX_COLUMNS; n++) {
        uint32_t looks = LOOK_AT_ONCE;
        bool is_found = find_cell(&looks);

        if (is_found == found && (found || same == rows * columns))
            return n;
    }
    return 0;
}

static void looks_are_bounded(void)
{
    uint32_t pieces;

    columns = MAX_COLUMNS;
    rows = MAX_ROWS;
    pieces = (rows * columns + LOOK_AT_ONCE - 1) / LOOK_AT_ONCE;
    memset(wanted, ' ', sizeof(wanted));
    memset(drawn, ' ', sizeof(drawn));
    for (top = 0; top < rows; top += 19)
        for (uint32_t cell = 0; cell < rows * columns; cell += 997) {
            uint32_t y = cell / columns, x = cell % columns, n;

            same = 0;
            CHECK((n = times_to(false)) == pieces, "%u instead of %u", n, pieces);
            wanted[(top + y) % rows][x] = 'x';
            same = 0;
            CHECK((n = times_to(true)) && n <= pieces, "cell %u: after %u", cell, n);
            CHECK(next_cell == cell, "cell %u instead of %u", next_cell, cell);
            wanted[(top + y) % rows][x] = ' ';
        }
}

static const struct unit_test tests[] = {
    {"used", used},
    {"not_used", not_used},
    {"looks_are_bounded", looks_are_bounded},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
