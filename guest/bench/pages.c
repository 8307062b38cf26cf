/* SPDX-License-Identifier: MIT */
/*
 * Pages of results for a screen that is read with a camera. Each page stays for some seconds, or until a key is
 * pressed, on a PS/2 keyboard (UEFI and BIOS most often make a USB keyboard look like one) or at the console; after the
 * last page comes the first.
 */
#include "pages.h"
#include "report.h"

#include <guest/ports.h>
#include <guest/string.h>
#include <public/physdev.h>
#include <public/sched.h>

#define MAX_ROWS       512
#define KEYBOARD_DATA  0x60
#define KEYBOARD_STATE 0x64
#define STATE_KEY      0x01
#define STATE_MOUSE    0x20
#define NOBODY_THERE   0xFF
#define KEY_UP         0x80
#define SCAN_CODE_Q    0x10
#define LOOK_EVERY_NS  50000000u
#define HEAD_LINES     2 /* of a page */

enum key { KEY_NONE, KEY_NEXT, KEY_QUIT };

struct figures {
    const char *name;
    uint32_t batch;
    uint64_t least, middle, most; /* of the samples: hundredths of ticks for a call */
};

static struct figures kept[MAX_ROWS];
static uint32_t nr_kept, seconds, lines = 20, on_page, page, nr_pages;

const char *pages_choose(void)
{
    char option[16];

    if (guest_option("pages", option, sizeof(option))) {
        seconds = parse_number(option);
        if (!seconds || seconds > 3600)
            return "pages=: 1 to 3600 seconds for each page";
    }
    if (guest_option("lines", option, sizeof(option))) {
        lines = parse_number(option);
        if (lines < 10 || lines > 200)
            return "lines=: 10 to 200 lines on a page";
    }
    return NULL;
}

static uint64_t hundredths(const struct bench *b, uint64_t sample, uint32_t turns)
{
    return sample > b->empty ? div64((sample - b->empty) * 100 + turns / 2, turns) : 0;
}

void pages_keep_row(const struct bench *b, uint32_t turns)
{
    uint64_t sorted[BENCH_MAX_REPS];

    if (!seconds || nr_kept == MAX_ROWS)
        return;
    for (uint32_t i = 0; i < b->reps; i++) {
        uint32_t at = i;

        for (; at && sorted[at - 1] > b->samples[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = b->samples[i];
    }
    kept[nr_kept++] = (struct figures){.name = b->name,
                                       .batch = b->batch,
                                       .least = hundredths(b, sorted[0], turns),
                                       .middle = hundredths(b, sorted[b->reps / 2], turns),
                                       .most = hundredths(b, sorted[b->reps - 1], turns)};
}

/* --- Keys */

static enum key keyboard_key(void)
{
    uint8_t state = inb(KEYBOARD_STATE), code;

    if (state == NOBODY_THERE || !(state & STATE_KEY))
        return KEY_NONE;
    code = inb(KEYBOARD_DATA);
    if (state & STATE_MOUSE || code & KEY_UP)
        return KEY_NONE;
    return code == SCAN_CODE_Q ? KEY_QUIT : KEY_NEXT;
}

static enum key console_key(void)
{
    char c;

    if (HYPERVISOR_console_io(CONSOLEIO_read, 1, &c) != 1)
        return KEY_NONE;
    return c == 'q' ? KEY_QUIT : KEY_NEXT;
}

static enum key wait_for_key(void)
{
    uint64_t end = system_time() + seconds * 1000000000ull;

    while (system_time() < end) {
        sched_poll_t nap = {.timeout = system_time() + LOOK_EVERY_NS};
        enum key key = keyboard_key();

        if (!key)
            key = console_key();
        if (key)
            return key;
        HYPERVISOR_sched_op(SCHEDOP_poll, &nap);
    }
    return KEY_NONE;
}

/* --- Pages */

static void begin_page(void)
{
    printf("\n--- Int82 bench, page %u of %u --- a key: next page, q: the end\n", page + 1, nr_pages);
    on_page = HEAD_LINES;
}

static enum key end_page(void)
{
    for (; on_page < lines; on_page++)
        printf("\n");
    return wait_for_key();
}

static enum key first_page(uint32_t errors)
{
    begin_page();
    report_info("");
    printf("%u rows, %u errors. On the next pages: least, median and most of a row's samples,\n", nr_kept, errors);
    printf("in ticks of the TSC for a call, without the loop around it\n");
    on_page += REPORT_INFO_LINES + 2;
    return end_page();
}

static void print_ticks(uint64_t in_hundredths)
{
    uint64_t ticks = div64(in_hundredths, 100);

    printf(" %11llu.%02u", ticks, (uint32_t)(in_hundredths - ticks * 100));
}

static void print_figures(const struct figures *f)
{
    char name[48];

    snprintf(name, sizeof(name), "%s/%u", f->name, f->batch);
    printf("%-34s", name);
    print_ticks(f->least);
    print_ticks(f->middle);
    print_ticks(f->most);
    printf("\n");
}

static enum key rows_page(uint32_t from)
{
    begin_page();
    for (uint32_t i = from; i < nr_kept && on_page < lines; i++, on_page++)
        print_figures(&kept[i]);
    return end_page();
}

void pages_show(uint32_t errors)
{
    struct physdev_set_iopl ports_allowed = {1};
    uint32_t rows_on_page = lines - HEAD_LINES;
    enum key key = KEY_NONE;

    if (!seconds)
        return;
    HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &ports_allowed);
    nr_pages = 1 + (nr_kept + rows_on_page - 1) / rows_on_page;
    for (page = 0; key != KEY_QUIT; page = (page + 1) % nr_pages)
        key = page ? rows_page((page - 1) * rows_on_page) : first_page(errors);
}
