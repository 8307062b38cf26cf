/* SPDX-License-Identifier: MIT */
/* The ratios of a comparison as bars. */
#include "result/comparable.h"
#include "view/comparison.h"
#include "view/plot.h"

#include <math.h>
#include <stdlib.h>

#define UNCHANGED_MAX 40 /* with more rows that differ, those that do not are left out */

static bool is_changed(const struct comparison *c)
{
    return c->verdict == V_FASTER || c->verdict == V_SLOWER;
}

static int by_ratio(const void *a, const void *b)
{
    double x = (*(const struct comparison *const *)a)->ratio, y = (*(const struct comparison *const *)b)->ratio;

    return (x < y) - (x > y);
}

/* The rows that differ. If these are few, also the rows of batch 1 that do not. */
static const struct comparison **rows_to_draw(const struct compared *h, size_t *n)
{
    const struct comparison **rows = NULL;
    size_t differ = 0;

    *n = 0;
    for (size_t i = 0; i < h->n; i++)
        differ += is_changed(&h->rows[i]);
    for (size_t i = 0; i < h->n; i++) {
        const struct comparison *c = &h->rows[i];

        if (c->ratio > 0 && (is_changed(c) || (differ <= UNCHANGED_MAX && c->batch == 1)))
            *ARRAY_ADD(rows, *n) = c;
    }
    if (*n)
        qsort(rows, *n, sizeof(*rows), by_ratio);
    return rows;
}

static void add_title(struct buf *b, const struct base_and_heads *c, const struct compared *h)
{
    char *from = plot_text(c->base.v[0]->source), *to = plot_text(h->head.v[0]->source);
    char *differ = options_differ(c->base.v[0], h->head.v[0]), *options = differ ? plot_text(differ) : NULL;

    buf_printf(b, "set title \"Ticks a call: %s over %s (%s)%s%s\"\n", to, from, result_engine(c->base.v[0]),
               options ? "\\noptions differ: " : "", options ? options : "");
    free(from);
    free(to);
    free(differ);
    free(options);
}

static void draw_head(const struct base_and_heads *c, const struct compared *h, const char *dir, const char *stem)
{
    size_t n;
    const struct comparison **rows = rows_to_draw(h, &n);
    struct buf b = {0};
    double far = 1.02;

    buf_printf(&b, "$data << EOD\n");
    for (size_t i = 0; i < n; i++) {
        far = fmax(far, fmax(rows[i]->ratio, 1 / rows[i]->ratio));
        buf_printf(&b, "%zu \"%s/%u\" %.6f %s\n", i, rows[i]->name, rows[i]->batch, rows[i]->ratio,
                   !is_changed(rows[i])   ? "0x999999"
                   : rows[i]->ratio > 1.0 ? "0xee6677"
                                          : "0x228833");
    }
    buf_printf(&b, "EOD\n");
    far = pow(far, 1.25);
    add_title(&b, c, h);
    buf_printf(&b, "set logscale x 2\nset xrange [%.5f:%.5f]\nset yrange [%zu.5:-0.5]\n", 1 / far, far, n - 1);
    buf_printf(&b, "set xlabel \"ratio, logarithmic: left of 1 is faster, right of 1 is slower\"\n"
                   "set style fill solid noborder\nset key off\nset ytics scale 0\nset format x \"%%.3g\"\n"
                   "set grid xtics linecolor \"#dddddd\" linetype 1\nset arrow from 1,graph 0 to 1,graph 1 nohead "
                   "linecolor \"#222222\" front\n");
    if (far < 2)
        buf_printf(&b, "unset logscale x\nset xlabel \"ratio: left of 1 is faster, right of 1 is slower\"\n");
    buf_printf(&b, "draw = 'plot $data using 3:($1):(1):3:($1-0.4):($1+0.4):4:ytic(2) with boxxyerror linecolor rgb "
                   "variable, $data using ($3>1?$3:1):1:(sprintf(\"  %%.4f\", $3)) with labels left font \",8\"'\n");
    if (n)
        plot_draw(dir, stem, 1000, 150 + 19 * n, b.p);
    buf_free(&b);
    free(rows);
}

void comparison_draw(const struct base_and_heads *c, const char *dir)
{
    for (size_t h = 0; h < c->heads_n; h++) {
        char *stem = h ? fmt("ratio-%zu", h + 1) : xstrdup("ratio");

        draw_head(c, &c->heads[h], dir, stem);
        free(stem);
    }
}
