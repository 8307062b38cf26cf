/* SPDX-License-Identifier: MIT */
#include "cmd/commands.h"
#include "cmd/counted_guest.h"
#include "view/plot.h"
#include "result/result.h"

#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNTERS_DEF "../xen/include/public/int82_counters.def"
#define BUCKETS_MAX  32
#define TAIL         1500 /* characters of a console that ended badly */

struct batching {
    struct {
        uint64_t size, n; /* size: the largest batch in it */
    } buckets[BUCKETS_MAX];
    size_t buckets_n;
    bool counted; /* the counters were there at all */
#define CALL_COUNTER(place, name, text)
#define HISTOGRAM(place, name, buckets, text)
#define COUNTER(place, name, text) uint64_t name;
#include COUNTERS_DEF
};

static const struct counter {
    const char *name, *text;
    size_t at; /* in struct batching */
} counters[] = {
#define CALL_COUNTER(place, name, text)
#define HISTOGRAM(place, name, buckets, text)
#define COUNTER(place, name, text) {#name, text, offsetof(struct batching, name)},
#include COUNTERS_DEF
};
#define COUNTERS_N (sizeof(counters) / sizeof(*counters))

static uint64_t *counter_of(struct batching *g, const struct counter *c)
{
    return (uint64_t *)((char *)g + c->at);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static void read_counter(struct batching *g, const char *name, uint64_t value)
{
    for (size_t i = 0; i < COUNTERS_N; i++)
        if (!strcmp(name, counters[i].name)) {
            *counter_of(g, &counters[i]) = value;
            g->counted = true;
        }
}

static void read_bucket(struct batching *g, uint64_t size, uint64_t n)
{
    size_t i = 0;

    while (i < g->buckets_n && g->buckets[i].size != size)
        i++;
    if (i == BUCKETS_MAX)
        return;
    g->buckets_n += i == g->buckets_n;
    g->buckets[i].size = size;
    g->buckets[i].n = n;
}

/*
 * Lines `@int82 hist|counter ...` of a guest that asked, and `int82 hist|counter ...` of the hypervisor's own when
 * domain 0 ends. What is told last is the most complete.
 */
static void read_console(struct batching *g, const char *console)
{
    for (const char *p = console; p && *p; p = strchr(p, '\n')) {
        char line[160], name[64], *mark;
        uint64_t a, b;

        p += *p == '\n';
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\r\n"), p);
        mark = strstr(line, "int82 ");
        if (mark && sscanf(mark, "int82 counter %63s %" SCNu64, name, &a) == 2)
            read_counter(g, name, a);
        else if (mark && sscanf(mark, "int82 hist mmu_batch_size %" SCNu64 " %" SCNu64, &a, &b) == 2)
            read_bucket(g, a, b);
    }
}

/* ---- telling ---------------------------------------------------------------------------------------------------- */

static char *bucket_label(const struct batching *g, size_t i)
{
    uint64_t low = i ? g->buckets[i - 1].size + 1 : 0, high = g->buckets[i].size;

    if (i == g->buckets_n - 1 && high > 1)
        return fmt("%" PRIu64 " or more", low);
    return low >= high ? fmt("%" PRIu64, high) : fmt("%" PRIu64 "-%" PRIu64, low, high);
}

/* The buckets that a picture needs: from the first to the last that is not empty, and always that of 1. */
static size_t last_bucket(const struct batching *g)
{
    size_t last = g->buckets_n > 1 ? 1 : 0;

    for (size_t i = 0; i < g->buckets_n; i++)
        if (g->buckets[i].n)
            last = i > last ? i : last;
    return last;
}

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / b : 0;
}

static void summary(struct buf *b, struct batching *g)
{
    buf_printf(b, "%12" PRIu64 "  calls of mmu_update (batches)\n", g->mmu_batches);
    buf_printf(b, "%12" PRIu64 "  entries carried out, %.2f a batch\n", g->mmu_entries,
               ratio(g->mmu_entries, g->mmu_batches));
    buf_printf(b, "%12" PRIu64 "  preemptions of a batch\n", g->mmu_preemptions);
    buf_printf(b, "%12" PRIu64 "  full TLB flushes, for whatever reason: %.3f a batch\n", g->tlb_flush_full,
               ratio(g->tlb_flush_full, g->mmu_batches));
    buf_printf(b, "%12" PRIu64 "  flushes of one page: %.3f a batch\n\n", g->tlb_flush_page,
               ratio(g->tlb_flush_page, g->mmu_batches));
    buf_printf(b, "%14s %12s %7s\n", "entries", "batches", "share");
    for (size_t i = 0; i <= last_bucket(g); i++) {
        char *label = bucket_label(g, i);

        if (i || g->buckets[i].n)
            buf_printf(b, "%14s %12" PRIu64 " %6.2f%%\n", label, g->buckets[i].n,
                       100 * ratio(g->buckets[i].n, g->mmu_batches));
        free(label);
    }
    buf_printf(b, "\nall counters:\n");
    for (const struct counter *c = counters; c < counters + COUNTERS_N; c++)
        buf_printf(b, "%12" PRIu64 "  %s: %s\n", *counter_of(g, c), c->name, c->text);
}

/* Counters of mmu_update are shown without their prefix. */
static char *csv(struct batching *g)
{
    struct buf b = {0};

    buf_printf(&b, "name,largest_batch,value\n");
    for (const struct counter *c = counters; c < counters + COUNTERS_N; c++)
        buf_printf(&b, "%s,,%" PRIu64 "\n", c->name + (strncmp(c->name, "mmu_", 4) ? 0 : 4), *counter_of(g, c));
    for (size_t i = 0; i < g->buckets_n; i++)
        buf_printf(&b, "batch_size,%" PRIu64 ",%" PRIu64 "\n", g->buckets[i].size, g->buckets[i].n);
    return b.p;
}

static void print_json(struct batching *g, const char *what)
{
    json_t *o = json_object(), *all = json_object(), *sizes = json_object();
    char *text;

    for (const struct counter *c = counters; c < counters + COUNTERS_N; c++)
        json_object_set_new(all, c->name, json_integer(*counter_of(g, c)));
    for (size_t i = 0; i < g->buckets_n; i++) {
        char *size = fmt("%" PRIu64, g->buckets[i].size);

        json_object_set_new(sizes, size, json_integer(g->buckets[i].n));
        free(size);
    }
    json_object_set_new(o, "what", json_string(what));
    json_object_set_new(o, "counters", all);
    json_object_set_new(o, "batch_size", sizes);
    text = json_dumps(o, JSON_INDENT(1));
    if (!text)
        die(EXIT_RUN, "cannot make the JSON");
    puts(text);
    free(text);
    json_decref(o);
}

static void draw(const struct batching *g, const char *what, const char *dir)
{
    struct buf b = {0};
    char *title = plot_text(what);
    size_t from = g->buckets_n && g->buckets[0].n ? 0 : 1, n = 0;
    struct buf columns = {0};
    struct share *v = NULL;

    for (size_t i = from; i <= last_bucket(g) && i < g->buckets_n; i++)
        *ARRAY_ADD(v, n) = (struct share){bucket_label(g, i), g->buckets[i].n};
    plot_shares(&b, &columns, "hist", v, n, "batches");
    buf_printf(&b, "$sums << EOD\n0 \"batches\" %" PRIu64 "\n1 \"entries\" %" PRIu64 "\n2 \"preemptions\" %" PRIu64,
               g->mmu_batches, g->mmu_entries, g->mmu_preemptions);
    buf_printf(&b, "\n3 \"full flushes\" %" PRIu64 "\n4 \"page flushes\" %" PRIu64 "\nEOD\n", g->tlb_flush_full,
               g->tlb_flush_page);
    buf_printf(&b, "set grid ytics linecolor \"#dddddd\" linetype 1\nset border 3 linecolor \"#666666\"\n"
                   "set tics nomirror\nset style fill solid noborder\nset boxwidth 0.75\nset key off\n"
                   "set yrange [0:*]\nset xtics rotate by -35 scale 0\n");
    buf_printf(&b, "what = \"%s\"\nmean = \"%.2f\"\n", title, ratio(g->mmu_entries, g->mmu_batches));
    buf_printf(&b,
               "draw = '"
               "set multiplot layout 1,2 title what;"
               "set size 0.62,0.92; set origin 0,0;"
               "set title \"mmu_update batches by their size (mean \".mean.\" entries)\";"
               "set xlabel \"entries in a batch\";"
               "%s; unset key; unset y2tics; unset y2label; set xrange [*:*];"
               "set offsets 0.6,0.6,graph 0.08,0; set size 0.38,0.92; set origin 0.62,0;"
               "set title \"in total\"; unset xlabel; unset ylabel;"
               "plot $sums using 1:3:xtic(2) with boxes linecolor rgb \"#ee6677\","
               " $sums using 1:3:(sprintf(\"%%.0f\", $3)) with labels offset 0,0.6 font \",9\";"
               "unset multiplot'\n",
               columns.p);
    plot_draw(dir, "batching", 1150, 480, b.p);
    for (size_t i = 0; i < n; i++)
        free((char *)v[i].label);
    free(v);
    free(title);
    buf_free(&b);
    buf_free(&columns);
}

/* ---- running a guest ----------------------------------------------------------------------------------------------
 */

static void run_guest(const struct counted_guest *o, struct buf *console)
{
    if (!counted_guest_run(o, o->hv_args, NULL, console))
        warn("%s did not shut down within %.0f s (--timeout); the counters are told at its end", o->guest,
             counted_guest_timeout(o));
}

int cmd_batching(int argc, char **argv)
{
    struct counted_guest o = {0};
    struct batching g = {0};
    struct buf console = {0}, text = {0};
    const char *printed = NULL, *as_json = NULL;
    const struct option_def defs[] = {
        {"console", 'c', "FILE", "read what an earlier run printed (- is standard input), and run nothing", &printed,
         NULL, NULL},
        COUNTED_GUEST_OPTIONS(&o, "batching"),
        {"json", 0, NULL, "print JSON instead of the table: counters, and batches by their largest size", &as_json,
         NULL, NULL},
        {0},
    };
    char *dir, *path, *what;

    if (options_parse(argc, argv, defs, "batching --guest=FILE | --console=FILE",
                      "Shows how well a guest batches: sizes of its mmu_updates, entries, flushes, preemptions; as a\n"
                      "table and drawn. It needs the hypervisor with counters, which tells them when domain 0 ends."))
        die(EXIT_USAGE, "batching takes no argument, only options");
    if (!!or_else(printed, NULL) == !!or_else(o.guest, NULL))
        die(EXIT_USAGE, "batching needs a guest to run (GUEST=file) or what a run printed (CONSOLE=file)");
    counted_guest_check(&o, o.hv_args);
    dir = temp_dir(counted_guest_results(&o), "unfinished"); /* a place that cannot be written shows before the run */
    if (or_else(o.guest, NULL))
        run_guest(&o, &console);
    else if (!file_read(strcmp(printed, "-") ? printed : "/dev/stdin", &console))
        die(EXIT_MISSING, "cannot read %s", printed);
    read_console(&g, console.p);
    if (!g.counted || !g.buckets_n) {
        fprintf(stderr, "%s\n", console.n > TAIL ? console.p + console.n - TAIL : console.n ? console.p : "");
        die(EXIT_RUN, "there are no counters on this console: the guest did not end, or the hypervisor has none");
    }
    what = fmt("%s%s%s", or_else(o.guest, printed), or_else(o.guest_args, NULL) ? " " : "", or_else(o.guest_args, ""));
    buf_printf(&text, "%s\n", what);
    summary(&text, &g);
    file_save(dir, "batching.txt", text.p);
    file_save(dir, "batching.csv", csv(&g));
    draw(&g, what, dir);
    path = counted_guest_publish(&o, dir, "batching");
    if (as_json)
        print_json(&g, what);
    else
        printf("%s\nwritten to %s: batching.txt, .csv, .png, .svg\n", text.p, path);
    return EXIT_OK;
}
