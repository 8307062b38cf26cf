/* SPDX-License-Identifier: MIT */
/* The flame graph. */
#include "profile/view.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH   1200.0
#define MARGIN  10.0
#define ROW     18.0
#define HEADER  64.0
#define LETTER  6.7 /* pixels of a character of the font */
#define VISIBLE 0.2 /* pixels below which nothing is drawn */

static unsigned depth(const struct frame *f)
{
    unsigned most = 0;

    for (size_t i = 0; i < f->children_n; i++) {
        unsigned d = depth(&f->children[i]);

        most = d > most ? d : most;
    }
    return most + 1;
}

static void escaped(struct buf *b, const char *s, size_t n)
{
    for (; *s && n--; s++) {
        if (*s == '<' || *s == '>' || *s == '&' || *s == '"')
            buf_printf(b, "&#%d;", *s);
        else
            buf_add(b, s, 1);
    }
}

/* Warm for the hypervisor, cool for the guest; the name decides the shade, so that it is the same in every picture. */
static void colours(struct buf *b, const struct frame *f)
{
    unsigned h = 5381;

    for (const char *s = f->name; *s; s++)
        h = h * 33 + (unsigned char)*s;
    if (f->hypervisor)
        buf_printf(b, "hsl(%u,80%%,%u%%)", 12 + h % 40, 62 + h / 40 % 10);
    else
        buf_printf(b, "hsl(%u,45%%,%u%%)", 195 + h % 30, 70 + h / 40 % 8);
}

static void draw(struct buf *b, const struct frame *f, const struct view *v, double x, double y)
{
    double scale = (WIDTH - 2 * MARGIN) / v->total.v[METRIC_TICKS], width = f->ticks * scale;
    size_t fits = width / LETTER;

    if (width < VISIBLE)
        return;
    buf_printf(b, "<g><title>");
    escaped(b, f->name, strlen(f->name));
    buf_printf(b, ": %s, %.2f%%</title><rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" ",
               view_ticks(v, f->ticks), 100.0 * f->ticks / v->total.v[METRIC_TICKS], x, y, width, ROW - 1);
    buf_printf(b, "rx=\"1\" fill=\"");
    colours(b, f);
    buf_printf(b, "\"/>");
    if (fits >= 4) {
        bool whole = strlen(f->name) < fits;

        buf_printf(b, "<text x=\"%.2f\" y=\"%.1f\">", x + 3, y + ROW - 6);
        escaped(b, f->name, whole ? fits : fits - 2);
        buf_printf(b, "%s</text>", whole ? "" : "..");
    }
    buf_printf(b, "</g>\n");
    for (size_t i = 0; i < f->children_n; i++) {
        draw(b, &f->children[i], v, x, y - ROW);
        x += f->children[i].ticks * scale;
    }
}

char *flame_svg(const struct view *v, const struct frame *root, const char *title)
{
    struct buf b = {0};
    double height, x = MARGIN;

    height = HEADER + (depth(root) - 1) * ROW + 2 * MARGIN;
    buf_printf(&b,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n"
               "<style>text{font:11px \"DejaVu Sans Mono\",monospace;pointer-events:none}g:hover "
               "rect{stroke:#000}</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
               WIDTH, height, WIDTH, height);
    buf_printf(&b, "<text x=\"%.0f\" y=\"24\" style=\"font-size:14px\">", MARGIN);
    escaped(&b, title, strlen(title));
    buf_printf(&b,
               "</text>\n<text x=\"%.0f\" y=\"42\" fill=\"#555\">%s; a width is a share of them; "
               "callers are below; blue is the guest's own code. Hold the mouse over a box for its figures.</text>\n",
               MARGIN, view_ticks(v, v->total.v[METRIC_TICKS]));
    for (size_t i = 0; i < root->children_n && v->total.v[METRIC_TICKS]; i++) {
        draw(&b, &root->children[i], v, x, height - MARGIN - ROW);
        x += root->children[i].ticks * (WIDTH - 2 * MARGIN) / v->total.v[METRIC_TICKS];
    }
    buf_printf(&b, "</svg>\n");
    return b.p;
}
