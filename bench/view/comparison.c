/* SPDX-License-Identifier: MIT */
#include "view/comparison.h"
#include "result/comparable.h"
#include "result/csv_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- what all of them need ------------------------------------------------------------------------------------ */

static const struct comparison *find(const struct compared *h, const char *name, unsigned batch)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->rows[i].batch == batch && !strcmp(h->rows[i].name, name))
            return &h->rows[i];
    return NULL;
}

/* For each row one comparison that has it: all rows of the first head, then those that only later heads have. */
static const struct comparison **all_rows(const struct base_and_heads *c, size_t *n)
{
    const struct comparison **all = NULL;

    *n = 0;
    for (size_t h = 0; h < c->heads_n; h++) {
        for (size_t i = 0; i < c->heads[h].n; i++) {
            const struct comparison *row = &c->heads[h].rows[i];
            bool there = false;

            for (size_t k = 0; k < h && !there; k++)
                there = find(&c->heads[k], row->name, row->batch);
            if (!there)
                *ARRAY_ADD(all, *n) = row;
        }
    }
    return all;
}

static bool is_changed(const struct base_and_heads *c, const struct comparison *row)
{
    for (size_t h = 0; h < c->heads_n; h++) {
        const struct comparison *one = find(&c->heads[h], row->name, row->batch);

        if (one && one->verdict != V_SAME)
            return true;
    }
    return false;
}

static const char *verdict_colour(enum verdict v)
{
    switch (v) {
    case V_FASTER:
        return colour(GREEN);
    case V_SLOWER:
    case V_GONE:
        return colour(RED);
    case V_UNSURE:
    case V_NEW:
    case V_OTHER:
        return colour(YELLOW);
    default:
        return colour(DIM);
    }
}

static const char *verdict_mark(enum verdict v)
{
    static const char *const marks[] = {"", "-", "+", "?", "", "", "#"};

    return marks[v];
}

static const char *revision_of(const struct result *r)
{
    const char *s = result_info(r, "hypervisor_revision");

    return s ? s : result_info(r, "about") ? result_info(r, "about") : "unknown";
}

static const char *what_ticks(const struct base_and_heads *c)
{
    return result_exact(c->base.v[0]) ? "the minimum, exact" : "the median over boots of each boot's minimum";
}

/* ---- the table ------------------------------------------------------------------------------------------------ */

static void print_heading(const struct base_and_heads *c)
{
    const struct result *base = c->base.v[0];

    printf("\nbase: %s (%s)\n", base->source, revision_of(base));
    for (size_t h = 0; h < c->heads_n; h++) {
        const struct result *head = c->heads[h].head.v[0];
        char *options = options_differ(base, head);

        printf("head: %s (%s)\n", head->source, revision_of(head));
        if (options)
            printf("      %soptions differ: %s%s\n", colour(YELLOW), options, colour(PLAIN));
        free(options);
    }
    printf("engine: %s, boots: %zu", result_engine(base), c->base.n);
    for (size_t h = 0; h < c->heads_n; h++)
        printf(" and %zu", c->heads[h].head.n);
    printf("; ticks a call: %s\n", what_ticks(c));
    if (!result_exact(base))
        printf("p: Mann-Whitney over boots, corrected for the number of rows; a difference shows below %g\n", c->alpha);
    printf("\n");
}

static void print_row(const struct comparison *c, int width)
{
    printf("%s%-*s %6u", verdict_colour(c->verdict), width, c->name, c->batch);
    if (c->base_row)
        printf(" %12.2f", c->base);
    else
        printf(" %12s", "-");
    if (c->head_row)
        printf(" %12.2f", c->head);
    else
        printf(" %12s", "-");
    if (c->ratio > 0)
        printf(" %8.4f", c->ratio);
    else
        printf(" %8s", "-");
    printf("  %s%s\n", c->sure, colour(PLAIN));
}

static void print_cells(const struct base_and_heads *c, const struct comparison *row, int width)
{
    printf("%-*s %6u", width, row->name, row->batch);
    if (row->base_row)
        printf(" %12.2f", row->base);
    else
        printf(" %12s", "-");
    for (size_t h = 0; h < c->heads_n; h++) {
        const struct comparison *one = find(&c->heads[h], row->name, row->batch);

        if (!one || !one->head_row)
            printf("  %20s ", "-");
        else if (one->ratio > 0)
            printf("  %s%11.2f %8.4f%-1s%s", verdict_colour(one->verdict), one->head, one->ratio,
                   verdict_mark(one->verdict), colour(PLAIN));
        else
            printf("  %s%11.2f %8s%-1s%s", verdict_colour(one->verdict), one->head, "-", verdict_mark(one->verdict),
                   colour(PLAIN));
    }
    printf("\n");
}

static void print_titles(const struct base_and_heads *c, int width)
{
    printf("%s%-*s %6s %12s", colour(BOLD), width, "row", "batch", "base");
    if (c->heads_n == 1)
        printf(" %12s %8s  how sure", "head", "ratio");
    for (size_t h = 0; c->heads_n > 1 && h < c->heads_n; h++)
        printf("  %20.20s ", c->heads[h].head.v[0]->source);
    printf("%s\n", colour(PLAIN));
}

static void print_means(const struct base_and_heads *c, int width)
{
    size_t counted, first = 0;

    printf("%s%-*s %6s %12s", colour(BOLD), width, "geometric mean", "", "");
    for (size_t h = 0; h < c->heads_n; h++) {
        double mean = mean_ratio(c->heads[h].rows, c->heads[h].n, &counted);

        first = h ? first : counted;
        printf(c->heads_n == 1 ? " %12s %8.4f" : "  %11s %8.4f ", "", mean);
    }
    if (c->heads_n == 1)
        printf("  of %zu ratios", first);
    printf("%s\n", colour(PLAIN));
}

static void print_sum(const struct compared *h, const char *who, bool exact)
{
    size_t count[V_OTHER + 1] = {0};

    for (size_t i = 0; i < h->n; i++)
        count[h->rows[i].verdict]++;
    printf("%s%zu rows: %zu slower, %zu faster, %zu %s", who, h->n, count[V_SLOWER], count[V_FASTER], count[V_SAME],
           exact ? "the same" : "without a difference that shows");
    if (count[V_UNSURE])
        printf(", %zu unsure", count[V_UNSURE]);
    if (count[V_OTHER])
        printf(", %zu that the two suites measure in different ways", count[V_OTHER]);
    if (count[V_GONE] || count[V_NEW])
        printf(", %zu only in the base, %zu only in the head", count[V_GONE], count[V_NEW]);
    printf("\n");
}

void comparison_table(const struct base_and_heads *c)
{
    size_t n, width = strlen("geometric mean");
    const struct comparison **rows = all_rows(c, &n);
    bool exact = result_exact(c->base.v[0]);

    for (size_t i = 0; i < n; i++)
        if (strlen(rows[i]->name) > width)
            width = strlen(rows[i]->name);
    print_heading(c);
    print_titles(c, width);
    for (size_t i = 0; i < n; i++) {
        if (c->changed && !is_changed(c, rows[i]))
            continue;
        if (c->heads_n == 1)
            print_row(rows[i], width);
        else
            print_cells(c, rows[i], width);
    }
    print_means(c, width);
    printf("\n");
    if (c->heads_n > 1)
        printf("ratio: head / base; + slower, - faster, ? unsure, # measured in another way\n");
    for (size_t h = 0; h < c->heads_n; h++) {
        char *who = c->heads_n > 1 ? fmt("%s: ", c->heads[h].head.v[0]->source) : xstrdup("");

        print_sum(&c->heads[h], who, exact);
        free(who);
    }
    free(rows);
}

/* ---- Markdown ------------------------------------------------------------------------------------------------- */

static void markdown_row(const struct base_and_heads *c, const struct comparison *row)
{
    printf("| `%s` | %u |", row->name, row->batch);
    if (row->base_row)
        printf(" %.2f |", row->base);
    else
        printf(" |");
    for (size_t h = 0; h < c->heads_n; h++) {
        const struct comparison *one = find(&c->heads[h], row->name, row->batch);

        if (one && one->head_row)
            printf(" %.2f |", one->head);
        else
            printf(" |");
        if (one && one->ratio > 0)
            printf(" %.4f |", one->ratio);
        else
            printf(" |");
        printf(" %s |", one ? verdict_word(one->verdict) : "");
        if (c->heads_n == 1)
            printf(" %s |", one->sure);
    }
    printf("\n");
}

void comparison_markdown(const struct base_and_heads *c)
{
    size_t n, counted;
    const struct comparison **rows = all_rows(c, &n);

    printf("| row | batch | %s |", c->base.v[0]->source);
    for (size_t h = 0; h < c->heads_n; h++)
        printf(" %s | ratio | verdict |", c->heads[h].head.v[0]->source);
    printf("%s\n|---|---:|---:|", c->heads_n == 1 ? " how sure |" : "");
    for (size_t h = 0; h < c->heads_n; h++)
        printf("---:|---:|---|");
    printf("%s\n", c->heads_n == 1 ? "---|" : "");
    for (size_t i = 0; i < n; i++)
        if (!c->changed || is_changed(c, rows[i]))
            markdown_row(c, rows[i]);
    printf("| geometric mean | | |");
    for (size_t h = 0; h < c->heads_n; h++) {
        double mean = mean_ratio(c->heads[h].rows, c->heads[h].n, &counted);

        printf(" | %.4f | |", mean);
        if (c->heads_n == 1)
            printf(" of %zu ratios |", counted);
    }
    printf("\n");
    free(rows);
}

/* ---- CSV ------------------------------------------------------------------------------------------------------ */

char *comparison_csv(const struct base_and_heads *c)
{
    struct buf b = {0};

    buf_printf(&b,
               "name,batch,base,head,ratio,verdict,how_sure,p,p_table,p_gate,base_boots,head_boots,base_is,head_is\n");
    for (size_t h = 0; h < c->heads_n; h++) {
        for (size_t i = 0; i < c->heads[h].n; i++) {
            const struct comparison *row = &c->heads[h].rows[i];

            csv_add(&b, row->name);
            buf_printf(&b, ",%u,%.2f,%.2f,%.6f,%s", row->batch, row->base, row->head, row->ratio,
                       verdict_word(row->verdict));
            csv_add(&b, row->sure);
            buf_printf(&b, ",%.3g,%.3g,%.3g,%zu,%zu", row->p, row->p_table, row->p_gate, c->base.n, c->heads[h].head.n);
            csv_add(&b, c->base.v[0]->source);
            csv_add(&b, c->heads[h].head.v[0]->source);
            buf_add(&b, "\n", 1);
        }
    }
    return b.p;
}
