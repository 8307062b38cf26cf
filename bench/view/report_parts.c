/* SPDX-License-Identifier: MIT */
/* What other commands have written beside the result: `batching` and `profile`. What is not there is left out. */
#define _GNU_SOURCE
#include "view/chart.h"
#include "view/report.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS_MOST 15

/* ---- batching --------------------------------------------------------------------------------------------------- */

struct batches {
    struct column *v;
    size_t n;
};

static void add_batches(struct batches *all, uint64_t largest, double value)
{
    struct column *c;

    if (!value)
        return;
    c = ARRAY_ADD(all->v, all->n);
    c->label = fmt("%llu", (unsigned long long)largest);
    c->value = value;
}

/* Lines `batch_size,LARGEST,VALUE`, among others. */
static struct batches read_batching(const char *dir)
{
    char *path = fmt("%s/batching/batching.csv", dir), *save = NULL;
    struct batches all = {0};
    struct buf text = {0};
    uint64_t largest, value;

    if (file_read(path, &text) && text.n)
        for (char *line = strtok_r(text.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
            char *comma = strncmp(line, "batch_size,", 11) ? NULL : strchr(line + 11, ',');

            if (!comma)
                continue;
            *comma = 0;
            if (parse_u64(line + 11, &largest) && parse_u64(comma + 1, &value))
                add_batches(&all, largest, value);
        }
    buf_free(&text);
    free(path);
    return all;
}

static struct batches counted(const struct result *r)
{
    struct batches all = {0};
    uint64_t largest;

    for (size_t i = 0; i < r->counts_n; i++)
        if (r->counts[i].bucket && strstr(r->counts[i].name, "batch") && parse_u64(r->counts[i].bucket, &largest))
            add_batches(&all, largest, r->counts[i].value);
    return all;
}

void report_batching(struct buf *b, const struct report *rep)
{
    struct batches guest = rep->dir ? read_batching(rep->dir) : (struct batches){0}, own = counted(rep->r);

    if (!guest.n && !own.n)
        return;
    buf_printf(b, "<section id=\"batching\"><h2>Batching</h2>\n<p class=\"quiet\">Calls of mmu_update by their number "
                  "of entries; a column holds all up to its number and above the one before.</p>\n<div "
                  "class=\"cards\">\n");
    if (guest.n)
        chart_columns(b, "make batching: a guest's batches", "batches", guest.v, guest.n);
    if (own.n)
        chart_columns(b, "the bench guest's batches", "batches", own.v, own.n);
    buf_printf(b, "</div></section>\n");
}

/* ---- profiles --------------------------------------------------------------------------------------------------- */

static void function_row(struct buf *b, const char *name, const char *file, double instructions, double calls,
                         double sum)
{
    char *each = figure(instructions / calls);

    buf_printf(b, "<tr><td>");
    html(b, name);
    buf_printf(b, "</td><td>%s</td><td>%.1f %%</td><td class=\"left code\">", each, 100 * instructions / sum);
    html(b, file);
    buf_printf(b, "</td></tr>\n");
    free(each);
}

/* functions.csv: function,file,address,instructions,calls. It comes sorted by instructions. */
static void functions(struct buf *b, char *text)
{
    char *save = NULL, name[128], file[256];
    double instructions, calls, sum = 0;
    unsigned n = 0;

    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (sscanf(line, "%127[^,],%255[^,],%*[^,],%lf,%lf", name, file, &instructions, &calls) == 4)
            sum += instructions;
    buf_printf(b, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">function</th><th "
                  "scope=\"col\">instructions a call</th><th scope=\"col\">share</th><th scope=\"col\" "
                  "class=\"left\">file</th></tr></thead><tbody>\n");
    for (char *line = strtok_r(text, "\n", &save); line && n < FUNCTIONS_MOST; line = strtok_r(NULL, "\n", &save))
        if (sscanf(line, "%127[^,],%255[^,],%*[^,],%lf,%lf", name, file, &instructions, &calls) == 4 && calls > 0 &&
            sum > 0) {
            function_row(b, name, file, instructions, calls, sum);
            n++;
        }
    buf_printf(b, "</tbody></table></div>\n");
}

/* In a frame of its own: the picture's style is not to reach the page's. */
void report_picture(struct buf *b, const char *svg, const char *title)
{
    unsigned width = 1200, height = 300;

    sscanf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\"", &width, &height);
    buf_printf(b, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"picture\"><iframe sandbox "
                  "title=\"");
    html(b, title);
    buf_printf(b, "\" width=\"%u\" height=\"%u\" srcdoc=\"", width, height);
    html(b, "<style>body{margin:0}</style>");
    html(b, svg);
    buf_printf(b, "\"></iframe></div>\n");
}

static bool profile(struct buf *b, const char *dir)
{
    const char *name = strstr(dir, "/profile-") + strlen("/profile-");
    char *csv = fmt("%s/functions.csv", dir), *svg = fmt("%s/flame.svg", dir), *title = fmt("flame graph of %s", name);
    struct buf text = {0}, picture = {0};
    bool there = file_read(csv, &text) && text.n;

    if (there) {
        buf_printf(b, "<h3 class=\"code\">");
        html(b, name);
        buf_printf(b, "</h3>\n");
        functions(b, text.p);
        if (file_read(svg, &picture) && picture.n)
            report_picture(b, picture.p, title);
    }
    buf_free(&text);
    buf_free(&picture);
    free(csv);
    free(svg);
    free(title);
    return there;
}

void report_profiles(struct buf *b, const struct report *rep)
{
    char *pattern = rep->dir ? fmt("%s/profile-*", rep->dir) : NULL;
    struct buf all = {0};
    glob_t g;
    bool any = false;

    if (!pattern || glob(pattern, 0, NULL, &g)) {
        free(pattern);
        return;
    }
    for (size_t i = 0; i < g.gl_pathc; i++)
        any |= profile(&all, g.gl_pathv[i]);
    if (any)
        buf_printf(b,
                   "<section id=\"profiles\"><h2>Where the ticks go</h2>\n<p class=\"quiet\">make profile: executed "
                   "instructions of a row's measured loop, exact.</p>\n%s</section>\n",
                   all.p);
    buf_free(&all);
    globfree(&g);
    free(pattern);
}
