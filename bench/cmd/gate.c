/* SPDX-License-Identifier: MIT */
#include "cmd/gate.h"

#include <math.h>
#include <stdlib.h>

static void find(struct gate_report *report, char *text)
{
    *ARRAY_ADD(report->findings, report->findings_n) = text;
}

static void judge_row(const struct comparison *c, double max, struct limits *limits, struct gate_report *report)
{
    const struct limit *own = c->head_row ? limits_relative(limits, c->head_row) : NULL;
    char *exceeded = c->head_row ? limits_exceeded(limits, c->head_row, c->head) : NULL;
    double worse = (c->ratio - 1) * 100;

    if (own)
        max = own->kind == LIMIT_IGNORE ? INFINITY : own->value;
    if (c->gate == V_SLOWER && worse > max * (1 + 1e-9)) /* 101 is 1 % more than 100, whatever binary says */
        find(report, fmt("%s/%u: %.2f became %.2f, %+.3g %% (%s); allowed are %g %%", c->name, c->batch, c->base,
                         c->head, worse, c->sure, max));
    if (c->gate == V_GONE && max < INFINITY)
        find(report, fmt("%s/%u is in the base and was not measured in the head", c->name, c->batch));
    if (exceeded)
        find(report, fmt("%s/%u: %s", c->name, c->batch, exceeded));
    report->unjudged += c->gate == V_UNSURE || c->gate == V_OTHER;
    free(exceeded);
}

void gate_judge(const struct compared *head, double max, struct limits *limits, struct gate_report *report)
{
    for (size_t i = 0; i < head->n; i++)
        judge_row(&head->rows[i], max, limits, report);
}

/* A limit that matches no row checks nothing. */
void gate_unused(const struct limits *limits, struct gate_report *report)
{
    for (size_t i = 0; i < limits->n; i++)
        if (!limits->v[i].used)
            find(report, fmt("%s, line %u: no row is called %s", limits->file, limits->v[i].line, limits->v[i].glob));
}

void gate_print(const struct gate_report *report)
{
    size_t n = report->findings_n;

    for (size_t i = 0; i < n; i++)
        printf("%sgate: %s%s\n", colour(RED), report->findings[i], colour(PLAIN));
    fflush(stdout);
    if (report->unjudged)
        warn("%zu rows cannot be judged (see the table); they count as passed", report->unjudged);
    printf("%sgate: %s%s", colour(n ? RED : GREEN), n ? "failed" : "passed", colour(PLAIN));
    if (n)
        printf(", %zu findings", n);
    printf("\n");
}
