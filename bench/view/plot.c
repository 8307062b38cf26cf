/* SPDX-License-Identifier: MIT */
#include "view/plot.h"
#include "result/comparable.h"
#include "view/peers.h"
#include "view/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_MOST 40 /* rows of calls.png that can be read */
#define PEERS_MOST 3  /* more than these, and the best of them stands for all */

/* Names that begin with the same two words measure something alike: uva_map_none, uva_map_flush. */
static bool same_kind(const char *a, const char *b)
{
    size_t n = strcspn(a, "_");

    n += a[n] ? 1 + strcspn(a + n + 1, "_") : 0;
    return !strncmp(a, b, n) && (!b[n] || b[n] == '_');
}

static size_t family_size(const struct row *const *rows, size_t n, const struct row *w)
{
    size_t size = 0, length = strcspn(w->name, "_");

    for (size_t i = 0; i < n; i++)
        size += strcspn(rows[i]->name, "_") == length && !strncmp(rows[i]->name, w->name, length);
    return size;
}

/* Removes one row: the second of the largest family. Rows that begin with the same word are a family. */
static size_t thin_out(const struct row **rows, size_t n)
{
    size_t at = 0, most = 0, second;

    for (size_t i = 0; i < n; i++)
        if (family_size(rows, n, rows[i]) > most) {
            most = family_size(rows, n, rows[i]);
            at = i;
        }
    for (second = at + 1; second < n && family_size(rows + at, second - at + 1, rows[at]) < 2; second++)
        ;
    if (second >= n)
        return n - 1; /* no family has a second one */
    memmove(rows + second, rows + second + 1, (n - second - 1) * sizeof(*rows));
    return n - 1;
}

/* Calls in the result's order. Where there are too many, the first of each kind, and of these the large families are
 * thinned out. The rows batching_* have a picture of their own. */
static const struct row **calls_chosen(const struct result *r, size_t *chosen, size_t *all)
{
    const struct row **rows = xcalloc(r->rows_n ? r->rows_n : 1, sizeof(*rows));
    size_t n = 0;

    *all = 0;
    for (size_t i = 0; i < r->rows_n; i++)
        if (r->rows[i].batch == 1 && strncmp(r->rows[i].name, "batching_", 9))
            rows[(*all)++] = &r->rows[i];
    for (size_t i = 0; i<*all && * all> CALLS_MOST; i++) {
        bool first = true;

        for (size_t k = 0; k < n; k++)
            first &= !same_kind(rows[k]->name, rows[i]->name);
        if (first)
            rows[n++] = rows[i];
    }
    n = *all > CALLS_MOST ? n : *all;
    while (n > CALLS_MOST)
        n = thin_out(rows, n);
    *chosen = n;
    return rows;
}

/* One data block: for each row its place, name and ticks in R. */
static void calls_data(struct buf *b, unsigned block, const struct row *const *rows, size_t n, const struct result *r)
{
    buf_printf(b, "$data%u << EOD\n", block);
    for (size_t i = 0; i < n; i++) {
        const struct row *w = result_row(r, rows[i]->name, 1);

        if (w && w->st.min > 0)
            buf_printf(b, "%zu \"%s\" %.2f\n", i, rows[i]->name, w->st.min);
    }
    buf_printf(b, "EOD\n");
}

static double calls_max(const struct row *const *rows, size_t n, struct result *const *peers, size_t peers_n)
{
    double max = 40;

    for (size_t i = 0; i < n; i++) {
        max = fmax(max, rows[i]->st.min);
        for (size_t p = 0; p < peers_n; p++) {
            const struct row *other = result_row(peers[p], rows[i]->name, 1);

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
    size_t rows, all;
    const struct row **chosen = calls_chosen(r, &rows, &all);
    char *some = rows < all ? fmt(" (%zu rows of %zu)", rows, all) : xstrdup("");
    char *title = fmt(
        "One call: ticks %s%s",
        result_native(r) ? "of its body, without the gate" : "from the guest's request to its next instruction", some);

    for (unsigned s = 0; s < series; s++)
        calls_data(&b, s, chosen, rows, s ? peers[s - 1] : r);
    plot_head(&b, r, title);
    buf_printf(&b, "set logscale x\nset xrange [1:%.0f]\nset xlabel \"ticks a call (minimum), logarithmic\"\n",
               calls_max(chosen, rows, peers, peers_n) * 2.5);
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
                   s ? "," : "plot", s, from, from + thick, plot_colour(s), title);
        buf_printf(&draw,
                   ", $data%u using 3:($1%+.3f):($3 < 1000 ? sprintf(\" %%.4g\", $3) : sprintf(\" %%.0f\", $3)) with "
                   "labels left font \",%d\" notitle",
                   s, from + thick / 2, series > 1 ? 7 : 9);
        free(title);
    }
    buf_printf(&b, "draw = '%s'\n", draw.p);
    if (rows)
        plot_draw(dir, "calls", 1000, 130 + rows * per_row + 20 * (series > 1), b.p);
    free(chosen);
    free(some);
    free(title);
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
    bool told = false;

    for (size_t i = 0; i < r->rows_n; i++) {
        const char *name = r->rows[i].name, *rgb = plot_colour(lines);
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
            buf_printf(&draw, ", $%s using 1:2 with lines linewidth 1 dashtype 2 linecolor rgb \"%s\" title \"%s%s\"",
                       block, rgb, told ? "" : "dashed: ", told ? "" : peer_title),
                told = true;
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
                       draw.n ? "," : "plot", block, (const unsigned[]){6, 4, 8, 12}[i], plot_colour(i), ways[i].title);
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
    struct buf b = {0}, draw = {0};
    struct share *v = NULL;
    size_t n = 0, from = 0, used = 0;

    for (size_t i = 0; i < r->counts_n; i++)
        if (r->counts[i].bucket && strstr(r->counts[i].name, "batch")) {
            *ARRAY_ADD(v, n) = (struct share){r->counts[i].bucket, r->counts[i].value};
            used = r->counts[i].value ? n : used; /* no empty columns behind the last, or in front of the first */
            from = used ? from : n;
        }
    if (used) {
        plot_shares(&b, &draw, "data", v + from, used - from, "batches");
        plot_head(&b, r, "mmu_update: how many batches of which size");
        buf_printf(&b,
                   "set style fill solid noborder\nset boxwidth 0.8\nset xlabel \"entries in one call, up to\"\n"
                   "set grid noxtics ytics\ndraw = '%s'\n",
                   draw.p);
        plot_draw(dir, "batches", 1000, 500, b.p);
    }
    free(v);
    buf_free(&b);
    buf_free(&draw);
}

void plot_result(const struct result *r, struct result *const *peers, size_t peers_n, const char *dir)
{
    struct best best = peers_n > 1 ? best_of(peers, peers_n) : (struct best){0};

    if (peers_n > PEERS_MOST)
        plot_calls(r, &best.r, 1, dir);
    else
        plot_calls(r, peers, peers_n, dir);
    plot_mmu(r, best.r ? best.r : peers_n ? peers[0] : NULL, dir);
    plot_batching(r, dir);
    plot_batches(r, dir);
    plot_distribution(r, dir);
}
