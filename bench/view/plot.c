/* SPDX-License-Identifier: MIT */
#include "view/plot.h"
#include "lib/proc.h"
#include "view/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const palette[] = {"#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee",
                                      "#aa3377", "#ee8800", "#222222", "#999999", "#7744cc"};
#define PALETTE_N (sizeof(palette) / sizeof(*palette))

char *plot_text(const char *s)
{
    struct buf b = {0};

    for (; *s; s++) {
        if (strchr("\"\\`$", *s))
            buf_add(&b, "\\", 1);
        buf_add(&b, s, 1);
    }
    buf_add(&b, "", 0);
    return b.p;
}

bool plot_draw(const char *dir, const char *stem, unsigned width, unsigned height, const char *script)
{
    char *name = fmt("%s.gp", stem), *path = fmt("%s/%s", dir, name);
    struct buf b = {0}, out = {0};
    int status;

    buf_printf(&b, "# gnuplot %s draws %s.png and %s.svg\n%s", name, stem, stem, script);
    /* The script defines draw; both terminals run it. */
    buf_printf(&b, "set terminal pngcairo noenhanced size %u,%u font \"DejaVu Sans,11\" background \"white\"\n", width,
               height);
    buf_printf(&b, "set output \"%s.png\"\neval(draw)\n", stem);
    buf_printf(&b, "set terminal svg noenhanced size %u,%u font \"DejaVu Sans,11\" background \"white\"\n", width,
               height);
    buf_printf(&b, "set output \"%s.svg\"\neval(draw)\nset output\n", stem);
    file_write(path, b.p, b.n);
    if (!have_program("gnuplot")) {
        warn("gnuplot is not installed (`make deps`): %s has no picture", path);
        status = -1;
    } else {
        status = capture((const char *[]){"gnuplot", "-d", name, NULL}, dir, &out, 60);
        if (status)
            warn("gnuplot %s failed: %.300s", path, out.p);
    }
    buf_free(&b);
    buf_free(&out);
    free(name);
    free(path);
    return !status;
}

static void plot_head(struct buf *b, const struct result *r, const char *what)
{
    const char *hypervisor = result_info(r, "hypervisor"), *engine = result_info(r, "engine");
    const char *revision = result_info(r, "hypervisor_revision"), *tick = result_info(r, "tick");
    char *h = plot_text(hypervisor ? hypervisor : "?"), *v = plot_text(revision ? revision : "?");

    buf_printf(b, "set title \"%s\\n%s (%s), %s: a tick is %s\"\n", what, h, v, engine ? engine : "?",
               tick ? tick : "a tick of the TSC");
    buf_printf(b, "set grid linecolor \"#dddddd\" linetype 1\nset border linecolor \"#666666\"\n");
    free(h);
    free(v);
}

/* One data block: for each row of batch 1 its place, name and ticks in R. */
static size_t calls_data(struct buf *b, unsigned block, const struct result *order, const struct result *r)
{
    size_t n = 0;

    buf_printf(b, "$data%u << EOD\n", block);
    for (size_t i = 0; i < order->rows_n; i++) {
        const struct row *o = &order->rows[i], *w;

        if (o->batch != 1)
            continue;
        w = result_row(r, o->name, 1);
        if (w && w->st.min > 0)
            buf_printf(b, "%zu \"%s\" %.2f\n", n, o->name, w->st.min);
        n++;
    }
    buf_printf(b, "EOD\n");
    return n;
}

static double calls_max(const struct result *r, struct result *const *peers, size_t peers_n)
{
    double max = 40;

    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];

        if (w->batch != 1)
            continue;
        max = fmax(max, w->st.min);
        for (size_t p = 0; p < peers_n; p++) {
            const struct row *other = result_row(peers[p], w->name, 1);

            max = other ? fmax(max, other->st.min) : max;
        }
    }
    return max;
}

static void plot_calls(const struct result *r, struct result *const *peers, size_t peers_n, const char *dir)
{
    struct buf b = {0}, draw = {0};
    unsigned series = peers_n + 1, per_row = 12 + 9 * series;
    double thick = 0.84 / series;
    size_t rows = calls_data(&b, 0, r, r);

    if (!rows) {
        buf_free(&b);
        return;
    }
    for (size_t p = 0; p < peers_n; p++)
        calls_data(&b, p + 1, r, peers[p]);
    plot_head(&b, r, "One call: ticks from the guest's request to its next instruction");
    buf_printf(&b, "set logscale x\nset xrange [1:%.0f]\nset xlabel \"ticks a call (minimum), logarithmic\"\n",
               calls_max(r, peers, peers_n) * 2.5);
    buf_printf(&b, "set yrange [%zu.5:-0.5]\nset ytics scale 0\nset style fill solid noborder\nunset mytics\n",
               rows - 1);
    buf_printf(&b,
               peers_n ? "set key at graph 0,screen 0.001 left bottom horizontal\nset bmargin 5\n" : "set key off\n");
    buf_printf(&b, "set grid xtics mxtics noytics\nset mxtics 10\nset rmargin 10\n");
    for (unsigned s = 0; s < series; s++) {
        char *title = s ? result_title(peers[s - 1]) : xstrdup("this run");
        double from = -0.42 + s * thick;

        buf_printf(&draw,
                   "%s $data%u using 3:($1):(1):3:($1%+.3f):($1%+.3f):ytic(2) with boxxyerror linecolor rgb \"%s\" "
                   "title \"%s\"",
                   s ? "," : "plot", s, from, from + thick, palette[s % PALETTE_N], title);
        buf_printf(&draw,
                   ", $data%u using 3:($1%+.3f):($3 < 1000 ? sprintf(\" %%.4g\", $3) : sprintf(\" %%.0f\", $3)) with "
                   "labels left font \",%d\" notitle",
                   s, from + thick / 2, series > 1 ? 7 : 9);
        free(title);
    }
    buf_printf(&b, "draw = '%s'\n", draw.p);
    plot_draw(dir, "calls", 1000, 130 + rows * per_row + 20 * (series > 1), b.p);
    buf_free(&b);
    buf_free(&draw);
}

static bool is_first(const struct result *r, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (!strcmp(r->rows[i].name, r->rows[at].name))
            return false;
    return true;
}

/* Points of one operation over its batches; 0 if it has fewer than two. */
static unsigned mmu_data(struct buf *b, const char *block, const struct result *r, const char *name)
{
    unsigned n = 0;

    for (size_t i = 0; i < r->rows_n; i++)
        n += !strcmp(r->rows[i].name, name);
    if (n < 2)
        return 0;
    buf_printf(b, "$%s << EOD\n", block);
    for (size_t i = 0; i < r->rows_n; i++)
        if (!strcmp(r->rows[i].name, name))
            buf_printf(b, "%u %.3f\n", r->rows[i].batch, row_per_entry(&r->rows[i]));
    buf_printf(b, "EOD\n");
    return n;
}

static void plot_mmu(const struct result *r, const struct result *peer, const char *dir)
{
    struct buf b = {0}, draw = {0};
    char *peer_title = peer ? result_title(peer) : NULL;
    unsigned lines = 0;

    for (size_t i = 0; i < r->rows_n; i++) {
        const char *name = r->rows[i].name, *rgb = palette[lines % PALETTE_N];
        char block[32];

        if (strncmp(name, "mmu_", 4) || !is_first(r, i))
            continue;
        snprintf(block, sizeof(block), "own%u", lines);
        if (!mmu_data(&b, block, r, name))
            continue;
        buf_printf(&draw,
                   "%s $%s using 1:2 with linespoints linewidth 2 pointtype %u pointsize 1.2 linecolor rgb "
                   "\"%s\" title \"%s\"",
                   draw.n ? "," : "plot", block, (const unsigned[]){6, 4, 8, 12, 10, 7, 5, 9, 13, 11}[lines % 10], rgb,
                   name);
        snprintf(block, sizeof(block), "peer%u", lines);
        if (peer && mmu_data(&b, block, peer, name))
            buf_printf(&draw, ", $%s using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb \"%s\" title \"%s, %s\"",
                       block, rgb, name, peer_title);
        lines++;
    }
    if (lines) {
        plot_head(&b, r, "mmu_update: ticks an entry against the size of the batch");
        buf_printf(&b,
                   "set logscale x 2\nset xtics (1,2,4,8,16,32,64,128,256,512)\nset xlabel \"entries in one call\"\n");
        buf_printf(&b, "set ylabel \"ticks an entry (minimum)%s\"\nset xrange [0.9:560]\n%sset key outside right top\n",
                   peer ? ", logarithmic" : "", peer ? "set logscale y\n" : "set yrange [0:*]\n");
        buf_printf(&b, "draw = '%s'\n", draw.p);
        plot_draw(dir, "mmu", 1100, 620, b.p);
    }
    buf_free(&b);
    buf_free(&draw);
    free(peer_title);
}

/* The rows batching_*: N updates in four ways, and where one undercuts another. */
static void plot_batching(const struct result *r, const char *dir)
{
    static const struct {
        const char *row, *title;
    } ways[] = {{"batching_uva_flush", "N update_va_mapping, an INVLPG each"},
                {"batching_mmu_single", "N mmu_update of one, then a flush"},
                {"batching_multicall", "one multicall of N update_va_mapping, the last flushes"},
                {"batching_mmu_batch", "one mmu_update of N, then a flush"}};
    struct buf b = {0}, draw = {0};

    for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        char block[16];

        snprintf(block, sizeof(block), "way%u", i);
        if (mmu_data(&b, block, r, ways[i].row))
            buf_printf(&draw,
                       "%s $%s using 1:2 with linespoints linewidth 2 pointtype %u pointsize 1.2 linecolor rgb \"%s\" "
                       "title \"%s\"",
                       draw.n ? "," : "plot", block, (const unsigned[]){6, 4, 8, 12}[i], palette[i], ways[i].title);
    }
    if (draw.n) {
        plot_head(&b, r, "N pages mapped and flushed in four ways: ticks a page against N");
        buf_printf(&b, "set logscale x 2\nset xtics (1,2,4,8,16,32,64,128,256,512)\nset xlabel \"N, logarithmic\"\n"
                       "set ylabel \"ticks a page (minimum)\"\nset xrange [0.9:560]\nset yrange [0:*]\n"
                       "set key inside right top\n");
        buf_printf(&b, "draw = '%s'\n", draw.p);
        plot_draw(dir, "batching", 1000, 560, b.p);
    }
    buf_free(&b);
    buf_free(&draw);
}

/* The batch-size histogram that the hypervisor keeps, when the guest could read it. */
static void plot_batches(const struct result *r, const char *dir)
{
    struct buf b = {0};
    unsigned n = 0;

    buf_printf(&b, "$data << EOD\n");
    for (size_t i = 0; i < r->counts_n; i++)
        if (r->counts[i].bucket && strstr(r->counts[i].name, "batch"))
            buf_printf(&b, "%u \"%s\" %llu\n", n++, r->counts[i].bucket, (unsigned long long)r->counts[i].value);
    buf_printf(&b, "EOD\n");
    if (n) {
        plot_head(&b, r, "mmu_update: how many batches of which size");
        buf_printf(&b, "set style fill solid noborder\nset boxwidth 0.8\nset key off\nset ylabel \"batches\"\n");
        buf_printf(
            &b,
            "set xlabel \"entries in one call\"\nset xrange [-0.6:%u.4]\nset yrange [0:*]\nset grid noxtics ytics\n",
            n - 1);
        buf_printf(&b,
                   "draw = 'plot $data using 1:3:xtic(2) with boxes linecolor rgb \"%s\", "
                   "$data using 1:3:(sprintf(\"%%d\", $3)) with labels offset 0,0.6 font \",9\"'\n",
                   palette[0]);
        plot_draw(dir, "batches", 1000, 500, b.p);
    }
    buf_free(&b);
}

/* Where ticks vary: the share of samples up to each value, relative to the row's median, outliers included. */
static void plot_distribution(const struct result *r, const char *dir)
{
    struct buf b = {0}, draw = {0};
    unsigned lines = 0;

    for (size_t i = 0; i < r->rows_n && lines < PALETTE_N; i++) {
        const struct row *w = &r->rows[i];
        double *x;

        if (w->batch != 1 || w->samples_n < 9 || w->st.max <= w->st.min)
            continue;
        x = row_ticks(w);
        stats_of(x, w->samples_n); /* sorts */
        buf_printf(&b, "$data%u << EOD\n", lines);
        for (size_t s = 0; s < w->samples_n; s++)
            buf_printf(&b, "%.3f %.5f\n", x[s], (s + 1.0) / w->samples_n);
        buf_printf(&b, "EOD\n");
        buf_printf(&draw, "%s $data%u using 1:2 with steps linewidth 2 linecolor rgb \"%s\" title \"%s\"",
                   lines ? "," : "plot", lines, palette[lines % PALETTE_N], w->name);
        free(x);
        lines++;
    }
    if (lines) {
        plot_head(&b, r, "The distribution of the samples (every one of them, outliers too)");
        buf_printf(&b, "set logscale x\nset xlabel \"ticks a call\"\nset ylabel \"share of samples up to here\"\n");
        buf_printf(&b, "set yrange [0:1.02]\nset key outside right top\ndraw = '%s'\n", draw.p);
        plot_draw(dir, "distribution", 1100, 620, b.p);
    }
    buf_free(&b);
    buf_free(&draw);
}

void plot_result(const struct result *r, struct result *const *peers, size_t peers_n, const char *dir)
{
    const char *engine = result_info(r, "engine");

    plot_calls(r, peers, peers_n, dir);
    plot_mmu(r, peers_n ? peers[0] : NULL, dir);
    plot_batching(r, dir);
    plot_batches(r, dir);
    if (!engine || strcmp(engine, "tcg-icount"))
        plot_distribution(r, dir);
}
