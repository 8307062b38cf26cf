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

struct frame {
    const char *name;
    bool hypervisor;
    uint64_t ticks; /* with all above it */
    struct frame *children;
    size_t children_n;
};

static struct frame *frame_child(struct frame *f, const struct place *p)
{
    struct frame *c;

    for (size_t i = 0; i < f->children_n; i++)
        if (!strcmp(f->children[i].name, p->function))
            return &f->children[i];
    c = ARRAY_ADD(f->children, f->children_n);
    c->name = p->function;
    c->hypervisor = p->address >= HYPERVISOR_START;
    return c;
}

/* Adds ticks to the frame and returns the one above it; none when the place is in the frame itself. */
static struct frame *step(struct frame *f, const struct place *p, uint64_t ticks)
{
    if (f->name && !strcmp(f->name, p->function))
        return f;
    f = frame_child(f, p);
    f->ticks += ticks;
    return f;
}

static struct frame *walk(struct frame *root, const struct view *v, uint32_t node, uint64_t ticks)
{
    const struct node *n = &v->run->nodes[node];
    struct frame *f;

    if (!node)
        return step(root, view_place(v, v->run->loop), ticks);
    f = walk(root, v, n->parent, ticks);
    f = step(f, view_place(v, n->from), ticks);
    return step(f, view_place(v, n->target), ticks);
}

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
    buf_printf(b,
               ": %.2f instructions a call, %.2f%%</title><rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" ",
               (double)f->ticks / v->calls, 100.0 * f->ticks / v->total.v[METRIC_TICKS], x, y, width, ROW - 1);
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

static int by_ticks(const void *a, const void *b)
{
    const struct frame *x = a, *y = b;

    return x->ticks != y->ticks ? (x->ticks > y->ticks ? -1 : 1) : strcmp(x->name, y->name);
}

static void sort_frames(struct frame *f)
{
    qsort(f->children, f->children_n, sizeof(*f->children), by_ticks);
    for (size_t i = 0; i < f->children_n; i++)
        sort_frames(&f->children[i]);
}

char *flame_svg(const struct view *v, const char *title)
{
    struct frame root = {0};
    struct buf b = {0};
    double height, x = MARGIN;

    for (size_t i = 0; i < v->run->cells_n; i++) {
        const struct cell *c = &v->run->cells[i];

        if (c->count)
            step(walk(&root, v, c->node, c->count), view_place(v, c->address), c->count);
    }
    sort_frames(&root);
    height = HEADER + (depth(&root) - 1) * ROW + 2 * MARGIN;
    buf_printf(&b,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n"
               "<style>text{font:11px \"DejaVu Sans Mono\",monospace;pointer-events:none}g:hover "
               "rect{stroke:#000}</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
               WIDTH, height, WIDTH, height);
    buf_printf(&b, "<text x=\"%.0f\" y=\"24\" style=\"font-size:14px\">", MARGIN);
    escaped(&b, title, strlen(title));
    buf_printf(&b,
               "</text>\n<text x=\"%.0f\" y=\"42\" fill=\"#555\">%.2f instructions a call; a width is a share of them; "
               "callers are below; blue is the guest's own code. Hold the mouse over a box for its figures.</text>\n",
               MARGIN, (double)v->total.v[METRIC_TICKS] / v->calls);
    for (size_t i = 0; i < root.children_n && v->total.v[METRIC_TICKS]; i++) {
        draw(&b, &root.children[i], v, x, height - MARGIN - ROW);
        x += root.children[i].ticks * (WIDTH - 2 * MARGIN) / v->total.v[METRIC_TICKS];
    }
    buf_printf(&b, "</svg>\n");
    return b.p;
}
