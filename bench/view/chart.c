/* SPDX-License-Identifier: MIT */
#include "view/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  340.0
#define LEFT   34.0 /* of what has an axis on its left */
#define RIGHT  302.0
#define TOP    14.0
#define BOTTOM 150.0

void html(struct buf *b, const char *s)
{
    for (; *s; s++) {
        const char *entity = *s == '<'   ? "&lt;"
                             : *s == '>' ? "&gt;"
                             : *s == '&' ? "&amp;"
                             : *s == '"' ? "&quot;"
                                         : NULL;

        if (entity)
            buf_printf(b, "%s", entity);
        else
            buf_add(b, s, 1);
    }
}

char *html_text(const char *s)
{
    struct buf b = {0};

    buf_add(&b, "", 0);
    html(&b, s);
    return b.p;
}

char *figure(double v)
{
    char *s = fmt(fabs(v) < 1000 ? "%.2f" : "%.0f", v);

    if (strchr(s, '.')) {
        size_t n = strlen(s);

        while (s[n - 1] == '0')
            s[--n] = 0;
        if (s[n - 1] == '.')
            s[n - 1] = 0;
    }
    return s;
}

static void card_begin(struct buf *b, const char *title, double height)
{
    buf_printf(b, "<figure class=\"card\"><figcaption>");
    html(b, title);
    buf_printf(b, "</figcaption><svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH, height);
    html(b, title);
    buf_printf(b, "\">\n");
}

static void card_end(struct buf *b)
{
    buf_printf(b, "</svg></figure>\n");
}

static void text(struct buf *b, double x, double y, const char *class, const char *s)
{
    buf_printf(b, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
    html(b, s);
    buf_printf(b, "</text>\n");
}

static void number(struct buf *b, double x, double y, const char *class, double v)
{
    char *s = figure(v);

    text(b, x, y, class, s);
    free(s);
}

static void grid_x(struct buf *b, double x, double top, double bottom)
{
    buf_printf(b, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>\n", x, top, x, bottom);
}

static void grid_y(struct buf *b, double y)
{
    buf_printf(b, "<line x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\" class=\"grid\"/>\n", LEFT, y, RIGHT, y);
}

/* ---- bars ------------------------------------------------------------------------------------------------------- */

#define BAR_LEFT  4.0
#define BAR_RIGHT 290.0
#define BAR_HIGH  9.0
#define NAME_HIGH 16.0

static double bar_x(double v, double max)
{
    return BAR_LEFT + (BAR_RIGHT - BAR_LEFT) * log(fmax(v, 1)) / log(fmax(max, 10));
}

static void bar(struct buf *b, double y, unsigned series, double v, double max, const char *title)
{
    char *s = figure(v);

    buf_printf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"s%u\"><title>", BAR_LEFT, y,
               fmax(bar_x(v, max) - BAR_LEFT, 1), BAR_HIGH - 1, series);
    html(b, title);
    buf_printf(b, ": %s</title></rect>\n", s);
    text(b, bar_x(v, max) + 4, y + BAR_HIGH - 1.5, "value", s);
    free(s);
}

void chart_bars(struct buf *b, const char *title, const struct row *const *rows, size_t n, const struct series *series,
                size_t series_n, double max)
{
    double each = NAME_HIGH + series_n * BAR_HIGH + 4, bottom = 4 + n * each;

    card_begin(b, title, bottom + 18);
    for (double v = 1; v <= max; v *= 10) {
        grid_x(b, bar_x(v, max), 0, bottom);
        number(b, bar_x(v, max), bottom + 13, v == 1 ? "axis" : "axis mid", v);
    }
    for (size_t i = 0; i < n; i++) {
        text(b, BAR_LEFT, i * each + NAME_HIGH - 4, "name", rows[i]->name);
        for (size_t s = 0; s < series_n; s++) {
            const struct row *w = result_row(series[s].r, rows[i]->name, rows[i]->batch);

            if (w && w->st.min > 0)
                bar(b, i * each + NAME_HIGH + s * BAR_HIGH, s, w->st.min, max, series[s].title);
        }
    }
    card_end(b);
}

/* ---- lines over the batch --------------------------------------------------------------------------------------- */

static double batch_x(double batch, double most)
{
    return LEFT + (RIGHT - LEFT) * log2(batch) / log2(fmax(most, 2));
}

static double log_y(double v, double low, double high)
{
    return BOTTOM - (BOTTOM - TOP) * log(v / low) / log(high / low);
}

static void batch_axes(struct buf *b, double low, double high, unsigned most)
{
    for (double v = low; v <= high * 1.001; v *= 10) {
        grid_y(b, log_y(v, low, high));
        number(b, LEFT - 4, log_y(v, low, high) + 4, "axis end", v);
    }
    for (unsigned batch = 1; batch <= most; batch *= 2)
        if (most <= 64 || (batch & 0x249)) /* 1, 8, 64, 512 */
            number(b, batch_x(batch, most), BOTTOM + 14, "axis mid", batch);
}

void chart_batches(struct buf *b, const char *name, const struct series *series, size_t series_n)
{
    double low = INFINITY, high = 0;
    unsigned most = 1;

    for (size_t s = 0; s < series_n; s++)
        for (size_t i = 0; i < series[s].r->rows_n; i++) {
            const struct row *w = &series[s].r->rows[i];

            if (strcmp(w->name, name) || w->st.min <= 0)
                continue;
            low = fmin(low, row_per_entry(w));
            high = fmax(high, row_per_entry(w));
            most = w->batch > most ? w->batch : most;
        }
    if (!(high > 0))
        return;
    low = pow(10, floor(log10(low)));
    high = pow(10, ceil(log10(fmax(high, low * 1.01))));
    card_begin(b, name, BOTTOM + 20);
    batch_axes(b, low, high, most);
    for (size_t s = 0; s < series_n; s++) {
        const char *join = "M";

        buf_printf(b, "<path class=\"line l%zu\" d=\"", s);
        for (size_t i = 0; i < series[s].r->rows_n; i++) {
            const struct row *w = &series[s].r->rows[i];

            if (strcmp(w->name, name) || w->st.min <= 0)
                continue;
            buf_printf(b, "%s%.1f %.1f", join, batch_x(w->batch, most), log_y(row_per_entry(w), low, high));
            join = "L";
        }
        buf_printf(b, "\"><title>");
        html(b, series[s].title);
        buf_printf(b, "</title></path>\n");
    }
    card_end(b);
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

static void shares_axis(struct buf *b)
{
    for (int share = 0; share <= 100; share += 50) {
        char *s = fmt("%d %%", share);

        grid_y(b, BOTTOM - (BOTTOM - TOP) * share / 100);
        text(b, RIGHT + 3, BOTTOM - (BOTTOM - TOP) * share / 100 + 4, "axis", s);
        free(s);
    }
}

void chart_columns(struct buf *b, const char *title, const char *unit, const struct column *v, size_t n)
{
    double sum = 0, most = 0, below = 0, wide = (RIGHT - LEFT) / (n ? n : 1);

    for (size_t i = 0; i < n; i++) {
        sum += v[i].value;
        most = fmax(most, v[i].value);
    }
    if (!(sum > 0))
        return;
    card_begin(b, title, BOTTOM + 34);
    shares_axis(b);
    for (size_t i = 0; i < n; i++) {
        double x = LEFT + i * wide, high = (BOTTOM - TOP - 12) * v[i].value / most;
        char *share = fmt(v[i].value / sum < 0.0995 ? "%.1f" : "%.0f", 100 * v[i].value / sum);

        buf_printf(b,
                   "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"s0\"><title>%s: %.0f %s, "
                   "%s %%</title></rect>\n",
                   x + 1, BOTTOM - high, wide - 2, high, v[i].label, v[i].value, unit, share);
        if (v[i].value > 0)
            text(b, x + wide / 2, BOTTOM - high - 3, "value mid", share);
        text(b, x + wide / 2, BOTTOM + 13, "axis mid", v[i].label);
        free(share);
    }
    buf_printf(b, "<path class=\"line l1\" d=\"M%.1f %.1f", LEFT, BOTTOM);
    for (size_t i = 0; i < n; i++) {
        below += v[i].value;
        buf_printf(b, "L%.1f %.1f", LEFT + (i + 1) * wide, BOTTOM - (BOTTOM - TOP) * below / sum);
    }
    buf_printf(b, "\"/>\n");
    text(b, WIDTH / 2, BOTTOM + 29, "axis mid", "columns: share in %; line: all up to here");
    card_end(b);
}

/* ---- distributions ---------------------------------------------------------------------------------------------- */

#define PLACES 68 /* columns of 4 */

struct scale {
    double low, high;
    bool logarithmic;
};

static double place(struct scale s, double v)
{
    double at = s.logarithmic ? log(fmax(v, s.low) / s.low) / log(s.high / s.low) : (v - s.low) / (s.high - s.low);

    return fmin(fmax(at, 0), 1);
}

static struct scale scale_of(const struct bucket *v, size_t n)
{
    double low = v[0].low, high = v[n - 1].low + bucket_width(v[n - 1].low);
    struct scale s = {low, high, high > 4 * fmax(low, 1)};

    if (s.logarithmic)
        s.low = fmax(low * 0.9, 1);
    else
        s.low = fmax(low - fmax(high - low, 4) * 0.1, 0);
    s.high = high + (s.logarithmic ? high : high - low) * 0.05;
    return s;
}

static void value_axis(struct buf *b, struct scale s)
{
    static const double steps[] = {1, 2, 5};
    double last = -1;

    if (!s.logarithmic) {
        for (int i = 0; i <= 3; i++) {
            double v = s.low + (s.high - s.low) * i / 3;

            number(b, LEFT + (RIGHT - LEFT) * i / 3, BOTTOM + 14, "axis mid", s.high - s.low < 12 ? v : round(v));
        }
        return;
    }
    for (double decade = 1; decade <= s.high; decade *= 10)
        for (int i = 0; i < 3; i++) {
            double at = place(s, decade * steps[i]);

            if (decade * steps[i] < s.low || decade * steps[i] > s.high || at < last + 0.13)
                continue;
            grid_x(b, LEFT + (RIGHT - LEFT) * at, TOP, BOTTOM);
            number(b, LEFT + (RIGHT - LEFT) * at, BOTTOM + 14, "axis mid", decade * steps[i]);
            last = at;
        }
}

void chart_distribution(struct buf *b, const char *title, const char *note, const struct bucket *v, size_t n)
{
    double columns[PLACES] = {0}, most = 0, sum = 0, below = 0;
    struct scale s;

    if (!n)
        return;
    s = scale_of(v, n);
    for (size_t i = 0; i < n; i++) {
        double *column = &columns[(int)fmin(PLACES * place(s, v[i].low), PLACES - 1)];

        *column += v[i].n;
        most = fmax(most, *column);
        sum += v[i].n;
    }
    card_begin(b, title, BOTTOM + 34);
    shares_axis(b);
    value_axis(b, s);
    for (int i = 0; i < PLACES; i++)
        if (columns[i] > 0) /* the smallest share can be seen: readers look for the tail */
            buf_printf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"3.4\" height=\"%.1f\" class=\"s0\"/>\n",
                       LEFT + i * (RIGHT - LEFT) / PLACES, BOTTOM - fmax((BOTTOM - TOP) * columns[i] / most, 2),
                       fmax((BOTTOM - TOP) * columns[i] / most, 2));
    buf_printf(b, "<path class=\"line l1\" d=\"M%.1f %.1f", LEFT, BOTTOM);
    for (size_t i = 0; i < n; i++) {
        double x = LEFT + (RIGHT - LEFT) * place(s, v[i].low);

        buf_printf(b, "L%.1f %.1f", x, BOTTOM - (BOTTOM - TOP) * below / sum);
        below += v[i].n;
        buf_printf(b, "L%.1f %.1f", x, BOTTOM - (BOTTOM - TOP) * below / sum);
    }
    buf_printf(b, "L%.1f %.1f\"/>\n", RIGHT, TOP);
    text(b, WIDTH / 2, BOTTOM + 29, "axis mid", note);
    card_end(b);
}

/* ---- ratios ----------------------------------------------------------------------------------------------------- */

#define VALUE_WIDE 42.0 /* room for a figure at either end */

void chart_ratios(struct buf *b, const char *title, const struct ratio *v, size_t all, size_t from, size_t n)
{
    double low = 0, high = 0, each = NAME_HIGH + BAR_HIGH + 3, wide, middle;

    for (size_t i = 0; i < all; i++) {
        low = fmin(low, log(v[i].value));
        high = fmax(high, log(v[i].value));
    }
    wide = (WIDTH - 2 * VALUE_WIDE) / fmax(high - low, 0.01);
    middle = VALUE_WIDE - low * wide;
    card_begin(b, title, 8 + n * each);
    grid_x(b, middle, 0, 8 + n * each);
    for (size_t i = 0; i < n; i++) {
        double ratio = v[from + i].value, x = middle + wide * log(ratio), y = i * each + NAME_HIGH;
        char *s = fmt("%.4g", ratio);
        bool slower = ratio > 1;

        text(b, BAR_LEFT, y - 4, "name", v[from + i].label);
        buf_printf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\" class=\"%s\"/>\n", fmin(x, middle), y,
                   fmax(fabs(x - middle), 1), BAR_HIGH, slower ? "slower" : "faster");
        text(b, x + (slower ? 4 : -4), y + BAR_HIGH - 1, slower ? "value" : "value end", s);
        free(s);
    }
    card_end(b);
}
