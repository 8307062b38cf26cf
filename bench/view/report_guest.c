/* SPDX-License-Identifier: MIT */
/* The report's section of a guest's whole run, which `make profile GUEST=` with the same label has written: the parts,
 * the reasons of entry, the flame graph, and two hypervisors side by side if they were compared. */
#include "view/chart.h"
#include "view/report.h"

#include <stdlib.h>
#include <string.h>

#define REASONS_MOST 20

/* split.csv: section,times,boot,hypervisor,kernel,programs. The parts of all sections together. */
static bool parts(struct buf *b, const char *text)
{
    static const char *const names[] = {"boot", "hypervisor", "guest's kernel", "its programs"};
    double sum[4] = {0}, all = 0;

    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        double v[4];

        if (sscanf(line, "%*u,%*u,%lf,%lf,%lf,%lf", &v[0], &v[1], &v[2], &v[3]) == 4)
            for (unsigned i = 0; i < 4; i++)
                sum[i] += v[i];
    }
    for (unsigned i = 0; i < 4; i++)
        all += sum[i];
    if (!(all > 0))
        return false;
    buf_printf(b,
               "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">part</th><th scope=\"col\">instructions</th>"
               "<th scope=\"col\">share</th></tr></thead><tbody>\n");
    for (unsigned i = 0; i < 4; i++)
        buf_printf(b, "<tr><td>%s</td><td>%.0f</td><td>%.1f %%</td></tr>\n", names[i], sum[i], 100 * sum[i] / all);
    buf_printf(b, "</tbody></table></div>\n");
    return true;
}

/* reasons.csv: kind,"reason",entries,instructions,min,max. It comes sorted by instructions. */
static void reasons(struct buf *b, char *text)
{
    char *save = NULL, kind[32], name[128];
    double entries, instructions;
    unsigned n = 0;

    buf_printf(b, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">reason of entry</th><th scope=\"col\" "
                  "class=\"left\">kind</th><th scope=\"col\">entries</th><th scope=\"col\">instructions</th><th "
                  "scope=\"col\">each</th></tr></thead><tbody>\n");
    for (char *line = strtok_r(text, "\n", &save); line && n < REASONS_MOST; line = strtok_r(NULL, "\n", &save)) {
        char *each;

        if (sscanf(line, "%31[^,],\"%127[^\"]\",%lf,%lf", kind, name, &entries, &instructions) != 4 || !(entries > 0) ||
            !strcmp(kind, "in_multicall"))
            continue;
        each = figure(instructions / entries);
        buf_printf(b, "<tr><td class=\"code\">");
        html(b, name);
        buf_printf(b, "</td><td class=\"left\">%s</td><td>%.0f</td><td>%.0f</td><td>%s</td></tr>\n", kind, entries,
                   instructions, each);
        free(each);
        n++;
    }
    buf_printf(b, "</tbody></table></div>\n");
}

static bool read_from(const struct report *rep, const char *name, struct buf *text)
{
    char *path = fmt("%s/%s", rep->dir, name);
    bool there = file_read(path, text) && text->n;

    free(path);
    return there;
}

void report_guest(struct buf *b, const struct report *rep)
{
    struct buf split = {0}, table = {0}, picture = {0}, sides = {0}, all = {0};

    if (!rep->dir)
        return;
    if (read_from(rep, "guest/split.csv", &split) && parts(&all, split.p)) {
        if (read_from(rep, "guest/reasons.csv", &table))
            reasons(&all, table.p);
        if (read_from(rep, "guest/flame.svg", &picture))
            report_picture(&all, picture.p, "flame graph of the whole run");
    }
    if (read_from(rep, "guest-compare/compare.svg", &sides))
        report_picture(&all, sides.p, "two hypervisors side by side");
    if (all.n)
        buf_printf(
            b,
            "<section id=\"guest\"><h2>A guest's whole run</h2>\n<p class=\"quiet\">make profile GUEST=: executed "
            "instructions, exact.</p>\n%s</section>\n",
            all.p);
    buf_free(&split);
    buf_free(&table);
    buf_free(&picture);
    buf_free(&sides);
    buf_free(&all);
}
