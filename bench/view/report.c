/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "result/comparable.h"
#include "view/report.h"
#include "view/chart.h"
#include "view/table.h"

#include <stdlib.h>
#include <string.h>

/* Files beside this one, as they are. bench/build.mk knows that the object depends on them. */
#define ASSET(name, file)                                                                         \
    __asm__(".section .rodata\n" #name ":\n.incbin \"bench/view/" file "\"\n.byte 0\n.previous"); \
    extern const char name[]
ASSET(report_css, "report.css");
ASSET(report_js, "report.js");

static const char *info(const struct result *r, const char *key)
{
    const char *s = result_info(r, key);

    return s ? s : "unknown";
}

static void heading(struct buf *b, const struct report *rep)
{
    const char *hypervisor = result_info(rep->r, "hypervisor");
    char *title = result_title(rep->r), *base = rep->base ? result_title(rep->base) : NULL;

    buf_printf(b, "<h1>");
    html(b, title);
    if (base) {
        buf_printf(b, " against ");
        html(b, base);
    }
    buf_printf(b, "</h1>\n<p class=\"quiet\">");
    html(b, hypervisor ? hypervisor : title);
    buf_printf(b, ", revision ");
    html(b, info(rep->r, "hypervisor_revision"));
    buf_printf(b, "; measured on ");
    html(b, result_engine(rep->r) ? result_engine(rep->r) : "an engine that it does not tell");
    buf_printf(b, ", ");
    html(b, info(rep->r, "date"));
    buf_printf(b, "</p>\n<p>%s</p>\n",
               result_exact(rep->r) ? "A tick is one executed instruction, from the guest's request to its next "
                                      "instruction. The counts are exact. <b>Instructions are not time.</b>"
               : result_native(rep->r)
                   ? "A tick is one of the TSC, of a call's body: without the gate, less a bare IRET."
                   : "A tick is one of the TSC, which need not run at the core's clock.");
    free(title);
    free(base);
}

static void tile(struct buf *b, const char *class, const char *figure, const char *what)
{
    buf_printf(b, "<div class=\"tile\"><b class=\"%s\">", class);
    html(b, figure);
    buf_printf(b, "</b><span>");
    html(b, what);
    buf_printf(b, "</span></div>\n");
}

static void tile_mean(struct buf *b, const struct report *rep, const struct result *peer)
{
    size_t names;
    double mean = times_mean(rep->r, peer, &names);
    char *title = result_title(peer), *s = fmt("%.2f\u00d7", mean);
    char *what = fmt("%s, %zu calls", title, names);

    if (names)
        tile(b, "", s, what);
    free(title);
    free(what);
    free(s);
}

static void tile_verdict(struct buf *b, const struct report *rep, enum verdict v, const char *class, const char *what)
{
    size_t n = 0;
    char *s;

    for (size_t i = 0; i < rep->all_n; i++)
        n += rep->all[i].verdict == v;
    s = fmt("%zu", n);
    if (n || v < V_UNSURE)
        tile(b, n ? class : "", s, what);
    free(s);
}

static void tiles(struct buf *b, const struct report *rep)
{
    char *rows = fmt("%zu", rep->r->rows_n);

    buf_printf(b, "<div class=\"tiles\">\n");
    tile(b, "", rows, "rows");
    if (rep->base) {
        tile_verdict(b, rep, V_SLOWER, "slower", "slower");
        tile_verdict(b, rep, V_FASTER, "faster", "faster");
        tile_verdict(b, rep, V_SAME, "", result_exact(rep->r) ? "the same" : "without a difference that shows");
        tile_verdict(b, rep, V_UNSURE, "", "unsure");
        tile_verdict(b, rep, V_GONE, "slower", "only in the base");
        tile_verdict(b, rep, V_NEW, "", "only here");
    }
    if (rep->best.r)
        tile_mean(b, rep, rep->best.r);
    for (size_t i = 0; i < rep->peers_n; i++)
        tile_mean(b, rep, rep->peers[i]);
    buf_printf(b, "</div>\n");
    if (rep->peers_n)
        buf_printf(b, "<p class=\"quiet\">&times;: how many times as many ticks the other needs; the geometric mean of "
                      "all calls that both have.</p>\n");
    free(rows);
}

static void about(struct buf *b, const struct report *rep)
{
    buf_printf(b, "<section id=\"measured\"><h2>What it was measured on</h2>\n<div class=\"scroll\"><table "
                  "id=\"about\"><tbody>\n");
    for (size_t i = 0; i < rep->r->info_n; i++) {
        const char *key = rep->r->info[i].key, *other = rep->base ? result_info(rep->base, key) : NULL;

        buf_printf(b, "<tr><td>");
        html(b, key);
        buf_printf(b, "</td><td>");
        html(b, rep->r->info[i].value);
        if (other && strcmp(other, rep->r->info[i].value)) {
            buf_printf(b, "<br><small>base: ");
            html(b, other);
            buf_printf(b, "</small>");
        }
        buf_printf(b, "</td></tr>\n");
    }
    for (size_t i = 0; i < rep->peers_n; i++) {
        const char *said = result_info(rep->peers[i], "about"), *hypervisor = result_info(rep->peers[i], "hypervisor");
        char *title = result_title(rep->peers[i]);

        buf_printf(b, "<tr><td>peer ");
        html(b, title);
        buf_printf(b, "</td><td>");
        html(b, said ? said : hypervisor ? hypervisor : "-");
        buf_printf(b, "</td></tr>\n");
        free(title);
    }
    buf_printf(b, "</tbody></table></div></section>\n");
}

/* Sections first, since the links above are of those that there are. */
static char *sections(const struct report *rep)
{
    struct buf b = {0};

    buf_add(&b, "", 0);
    report_charts(&b, rep);
    report_distributions(&b, rep);
    report_table(&b, rep);
    report_batching(&b, rep);
    report_profiles(&b, rep);
    report_guest(&b, rep);
    about(&b, rep);
    return b.p;
}

static void links(struct buf *b, const char *body)
{
    static const char *const all[][2] = {
        {"changed", "Changed rows"},        {"calls", "One call"},      {"batches", "Batches"},
        {"distributions", "Distributions"}, {"table", "All rows"},      {"batching", "Batching"},
        {"profiles", "Where the ticks go"}, {"guest", "A guest's run"}, {"measured", "Measured on"},
    };

    buf_printf(b, "<nav aria-label=\"Sections\">");
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        char *mark = fmt("<section id=\"%s\">", all[i][0]);

        if (strstr(body, mark))
            buf_printf(b, "<a href=\"#%s\">%s</a>", all[i][0], all[i][1]);
        free(mark);
    }
    buf_printf(b, "</nav>\n");
}

char *report_html(struct report *rep)
{
    struct buf b = {0};
    char *body, *title = result_title(rep->r);

    if (rep->peers_n > 1)
        rep->best = best_of(rep->peers, rep->peers_n);
    body = sections(rep);
    buf_printf(&b,
               "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
               "script-src 'unsafe-inline'; frame-src 'self'\">\n<title>int82-bench: ");
    html(&b, title);
    buf_printf(&b, "</title>\n<style>\n%s</style></head>\n<body>\n<header>\n", report_css);
    heading(&b, rep);
    tiles(&b, rep);
    links(&b, body);
    buf_printf(&b, "</header>\n<main>\n%s</main>\n<script>\n%s</script>\n</body></html>\n", body, report_js);
    free(body);
    free(title);
    return b.p;
}
