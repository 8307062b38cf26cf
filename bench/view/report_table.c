/* SPDX-License-Identifier: MIT */
/* The report's table. Cells carry their value in full (data-v), which the page's script sorts by. */
#include "result/comparable.h"
#include "view/chart.h"
#include "view/report.h"
#include "view/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void head(struct buf *b, const char *text, const char *about)
{
    buf_printf(b, "<th scope=\"col\" title=\"%s\"><button type=\"button\">", about);
    html(b, text);
    buf_printf(b, "</button></th>");
}

static void cell(struct buf *b, double v, double times)
{
    char *s = figure(v);

    if (!(v > 0) && v != 0)
        buf_printf(b, "<td data-v=\"\"></td>");
    else if (times > 0)
        buf_printf(b, "<td data-v=\"%.6g\">%s <small>%.1f&times;</small></td>", times, s, times);
    else
        buf_printf(b, "<td data-v=\"%.10g\">%s</td>", v, s);
    free(s);
}

static bool any_single(const struct result *r)
{
    for (size_t i = 0; i < r->rows_n; i++)
        if (r->rows[i].single)
            return true;
    return false;
}

static void heads(struct buf *b, const struct report *rep)
{
    head(b, "row", "what is measured: guest/bench/rows.def");
    head(b, "batch", "entries or calls in one hypercall");
    head(b, "ticks", "ticks a call: the minimum of the samples");
    head(b, "an entry", "ticks / batch");
    if (!result_exact(rep->r)) {
        head(b, "median", "of the samples, each the mean of a loop");
        head(b, "max", "the slowest sample: a loop's mean, not a single call");
    }
    if (any_single(rep->r)) {
        head(b, "call p50", "single calls, timed one by one");
        head(b, "call p99", "single calls, timed one by one");
        head(b, "call p99.9", "single calls, timed one by one");
        head(b, "call max", "single calls, timed one by one");
    }
    if (rep->base) {
        head(b, "base", "ticks a call in the base");
        head(b, "ratio", "this / base: below 1 is faster");
        head(b, "verdict", "how sure this is");
    }
    if (rep->best.r)
        head(b, "best of all", "the least among the peers, and how many times as much that is");
    for (size_t i = 0; i < rep->peers_n; i++) {
        char *title = result_title(rep->peers[i]);

        head(b, title, "its ticks, and how many times as much they are");
        free(title);
    }
}

static void single_cells(struct buf *b, const struct row *w)
{
    static const double quantiles[] = {0.5, 0.99, 0.999, 1};

    for (int i = 0; i < 4; i++)
        cell(b, w && w->single ? distribution_quantile(w->single, quantiles[i]) : NAN, 0);
}

static void compared_cells(struct buf *b, const struct comparison *c)
{
    const char *word = c ? verdict_word(c->verdict) : "";
    char *ratio = c && c->ratio > 0 ? fmt("%.4g", c->ratio) : xstrdup("");

    cell(b, c && c->verdict != V_NEW ? c->base : NAN, 0);
    buf_printf(b, "<td data-v=\"%s\" class=\"%s\">%s</td><td class=\"left\"><span class=\"%s\">%s</span> <small>",
               ratio, word, ratio, word, word);
    html(b, c ? c->sure : "");
    buf_printf(b, "</small></td>");
    free(ratio);
}

static void peer_cell(struct buf *b, const struct row *w, const struct result *peer)
{
    const struct row *other = result_row(peer, w->name, w->batch);

    cell(b, other && other->st.min > 0 ? other->st.min : NAN, row_times(w, peer));
}

static void best_cell(struct buf *b, const struct row *w, const struct best *best)
{
    const struct row *other = result_row(best->r, w->name, w->batch);
    char *who = other ? result_title(best->holder[other - best->r->rows]) : NULL,
         *s = other ? figure(other->st.min) : NULL;

    if (other)
        buf_printf(b, "<td data-v=\"%.6g\" title=\"%s\">%s <small>%.1f&times;</small></td>", row_times(w, best->r), who,
                   s, row_times(w, best->r));
    else
        cell(b, NAN, 0);
    free(who);
    free(s);
}

/* W is NULL where only the base has the row; IDENTITY has its name and batch then. */
static void row_cells(struct buf *b, const struct report *rep, const struct row *identity, const struct row *w,
                      const struct comparison *c)
{
    char *name = html_text(identity->name);

    buf_printf(b, "<tr data-name=\"%s\" data-batch=\"%u\" data-verdict=\"%s\"><td title=\"%s\">%s</td>", name,
               identity->batch, c ? verdict_word(c->verdict) : "", name, name);
    cell(b, identity->batch, 0);
    cell(b, w ? w->st.min : NAN, 0);
    cell(b, w ? row_per_entry(w) : NAN, 0);
    if (!result_exact(rep->r)) {
        cell(b, w ? w->st.median : NAN, 0);
        cell(b, w && w->st.n ? w->st.max : NAN, 0);
    }
    if (any_single(rep->r))
        single_cells(b, w);
    if (rep->base)
        compared_cells(b, c);
    if (rep->best.r)
        best_cell(b, identity, &rep->best);
    for (size_t i = 0; i < rep->peers_n; i++)
        peer_cell(b, identity, rep->peers[i]);
    buf_printf(b, "</tr>\n");
    free(name);
}

static const struct comparison *compared(const struct report *rep, const struct row *w)
{
    for (size_t i = 0; i < rep->all_n; i++)
        if (rep->all[i].batch == w->batch && !strcmp(rep->all[i].name, w->name))
            return &rep->all[i];
    return NULL;
}

static void mean_cell(struct buf *b, const struct report *rep, const struct result *peer)
{
    size_t names;
    double mean = times_mean(rep->r, peer, &names);

    if (names)
        buf_printf(b, "<td>%.2f&times; <small>%zu calls</small></td>", mean, names);
    else
        buf_printf(b, "<td></td>");
}

static void foot(struct buf *b, const struct report *rep)
{
    unsigned before = 3 + (result_exact(rep->r) ? 0 : 2) + (any_single(rep->r) ? 4 : 0) + (rep->base ? 3 : 0);

    if (!rep->peers_n)
        return;
    buf_printf(b, "<tfoot><tr><td>geometric mean</td><td colspan=\"%u\"></td>", before);
    if (rep->best.r)
        mean_cell(b, rep, rep->best.r);
    for (size_t i = 0; i < rep->peers_n; i++)
        mean_cell(b, rep, rep->peers[i]);
    buf_printf(b, "</tr></tfoot>\n");
}

static void batch_options(struct buf *b, const struct result *r)
{
    for (unsigned last = 0, next;; last = next) {
        next = 0;
        for (size_t i = 0; i < r->rows_n; i++)
            if (r->rows[i].batch > last && (!next || r->rows[i].batch < next))
                next = r->rows[i].batch;
        if (!next)
            return;
        buf_printf(b, "<option>%u</option>", next);
    }
}

/* Hidden until the script shows it: without the script it would do nothing. */
static void form(struct buf *b, const struct report *rep)
{
    buf_printf(b, "<form hidden><label>Filter (press /)<input type=\"search\" id=\"filter\" placeholder=\"mmu_*, "
                  "xen_version/1\" autocomplete=\"off\"></label>\n<label>Batch<select id=\"batch\"><option "
                  "value=\"\">all</option>");
    batch_options(b, rep->r);
    buf_printf(b, "</select></label>\n");
    if (rep->base)
        buf_printf(b, "<label>Verdict<select id=\"verdict\"><option value=\"\">all</option><option value=\"slower "
                      "faster unsure gone new\">all but the same</option><option>slower</option><option>faster</option>"
                      "<option>unsure</option><option>same</option></select></label>\n");
    buf_printf(b, "<output id=\"shown\" aria-live=\"polite\"></output></form>\n");
}

void report_table(struct buf *b, const struct report *rep)
{
    buf_printf(b, "<section id=\"table\"><h2>All rows</h2>\n");
    if (rep->peers_n)
        buf_printf(b, "<p class=\"quiet\">&times; is theirs / ours: how many times as many ticks the other needs. The "
                      "geometric mean counts each name once, whatever its batches.</p>\n");
    form(b, rep);
    buf_printf(b, "<div class=\"scroll\" id=\"rows-box\" tabindex=\"0\" role=\"region\" aria-label=\"All rows\"><table "
                  "id=\"rows\"><thead><tr>");
    heads(b, rep);
    buf_printf(b, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < rep->r->rows_n; i++)
        row_cells(b, rep, &rep->r->rows[i], &rep->r->rows[i], compared(rep, &rep->r->rows[i]));
    for (size_t i = 0; i < rep->all_n; i++) {
        const struct row gone = {.name = (char *)rep->all[i].name, .batch = rep->all[i].batch};

        if (rep->all[i].verdict == V_GONE)
            row_cells(b, rep, &gone, NULL, &rep->all[i]);
    }
    buf_printf(b, "</tbody>\n");
    foot(b, rep);
    buf_printf(b, "</table></div></section>\n");
}
