/* SPDX-License-Identifier: MIT */
/*
 * What the counted events may cost on a named processor, when all is in the caches and when the data are in none. A
 * model, no measurement: the text says so.
 */
#include "profile/view.h"

#include <stdlib.h>
#include <string.h>

/* What has a price: the metrics, and some that only the estimate knows. */
enum {
    PRICE_REP = METRICS_N, /* an iteration of a string instruction with REP; it is no instruction then */
    PRICE_LINE_FIRST,      /* a line of data that is not in the caches: one of the first FIRST_LINES of a call, */
    PRICE_LINE_MORE,       /* and one of the others, several of which are fetched at a time */
    PRICE_CODE_LINE,
    PRICE_HIDDEN, /* so much of a call's body may cost nothing, because the IRET takes that long anyway */
    PRICES_N
};
static const char *const own_names[] = {"rep_iteration", "data_line_first", "data_line_more", "code_line",
                                        "hidden_under_iret"};
#define FIRST_LINES 10 /* as many as the call touched that was measured: costs.csv */

enum state { WARM, COLD, STATES };
static const char *const state_names[STATES] = {"warm", "cold"};

struct cost {
    unsigned int price;
    char *cpu, *source;
    double cycles[STATES];
};

struct costs {
    struct cost *v;
    size_t n;
};

/* What is executed in a call. */
struct work {
    double n[PRICES_N];
};

static const char *price_name(unsigned int price)
{
    return price < METRICS_N ? metric_name(price) : own_names[price - METRICS_N];
}

static bool price_by_name(const char *name, size_t n, unsigned int *out)
{
    for (unsigned int p = 0; p < PRICES_N; p++)
        if (strlen(price_name(p)) == n && !strncmp(price_name(p), name, n)) {
            *out = p;
            return true;
        }
    return false;
}

/* event,cpu,warm,cold,"source"; without a cold price, that is the warm one. */
static bool read_cost(struct cost *c, char *line)
{
    char *field[5] = {line};

    for (int i = 1; i < 5; i++) {
        field[i] = strchr(field[i - 1], ',');
        if (!field[i])
            return false;
        *field[i]++ = 0;
    }
    c->cpu = xstrdup(field[1]);
    c->source = xstrdup(field[4]);
    if (!price_by_name(field[0], strlen(field[0]), &c->price) || !*c->cpu || !*c->source ||
        !parse_double(field[2], &c->cycles[WARM]))
        return false;
    c->cycles[COLD] = c->cycles[WARM];
    if (*field[3] && !parse_double(field[3], &c->cycles[COLD]))
        return false;
    return c->cycles[WARM] >= 0 && c->cycles[COLD] >= 0;
}

static struct costs read_costs(const char *path)
{
    struct costs all = {0};
    struct buf b = {0};
    unsigned number = 0;

    if (!file_read(path, &b))
        die(EXIT_MISSING, "cannot read the table of costs, %s", path);
    for (char *p = b.p, *next; *p; p = next) {
        size_t length = strcspn(p, "\r\n");

        next = p + length + (p[length] == '\r') + (p[length] != 0);
        p[length] = 0;
        number++;
        if (!length || *p == '#' || number == 1)
            continue;
        if (!read_cost(ARRAY_ADD(all.v, all.n), p))
            die(EXIT_MISSING, "%s:%u: not event,cpu,warm,cold,source with an event that its first lines name", path,
                number);
    }
    buf_free(&b);
    return all;
}

static void costs_free(struct costs *all)
{
    for (size_t i = 0; i < all->n; i++) {
        free(all->v[i].cpu);
        free(all->v[i].source);
    }
    free(all->v);
}

/* Its cost is that of a plain instruction: no line of its own is needed. */
static bool is_cheap(unsigned int p)
{
    return p == METRIC_READS || p == METRIC_WRITES || p == METRIC_EVENTS + EVENT_jcc ||
           p == METRIC_EVENTS + EVENT_indirect || p == METRIC_EVENTS + EVENT_call || p == METRIC_EVENTS + EVENT_ret ||
           p == METRIC_EVENTS + EVENT_string;
}

static bool is_only_cold(unsigned int p)
{
    return p == PRICE_LINE_FIRST || p == PRICE_LINE_MORE || p == PRICE_CODE_LINE;
}

/* Part of the way in and out, which takes its time whatever the body does. */
static bool is_gate(unsigned int p)
{
    return p == METRIC_EVENTS + EVENT_int_gate || p == METRIC_EVENTS + EVENT_iret || p == METRIC_EXCEPTIONS;
}

static const struct cost *find(const struct costs *all, const char *cpu, unsigned int price)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].price == price && !strcmp(all->v[i].cpu, cpu))
            return &all->v[i];
    return NULL;
}

static uint64_t rep_iterations(const struct trace_run *run)
{
    uint64_t n = 0;

    for (size_t i = 0; i < run->cells_n; i++) {
        const struct cell *c = &run->cells[i];

        if (insn_decode(c->address, c->bytes, c->size).flow == FLOW_REPEAT)
            n += c->count;
    }
    return n;
}

static struct work work_of(const struct view *v)
{
    struct work w = {0};
    double calls = v->calls, lines = v->run->touched.data_lines / calls;

    for (unsigned int m = 0; m < METRICS_N; m++)
        w.n[m] = v->total.v[m] / calls;
    w.n[PRICE_REP] = rep_iterations(v->run) / calls;
    w.n[METRIC_TICKS] -= w.n[PRICE_REP];
    w.n[PRICE_LINE_FIRST] = lines < FIRST_LINES ? lines : FIRST_LINES;
    w.n[PRICE_LINE_MORE] = lines - w.n[PRICE_LINE_FIRST];
    w.n[PRICE_CODE_LINE] = v->run->touched.code_lines / calls;
    return w;
}

static void add_term(struct buf *b, const char *between, const char *format, double n, const char *name, double cycles)
{
    buf_printf(b, "%s", b->n ? between : "");
    buf_printf(b, "%s %.4g", name, n);
    if (format)
        buf_printf(b, format, cycles);
}

static void estimate_state(struct buf *b, const struct work *w, const struct costs *all, const char *cpu, enum state s)
{
    const struct cost *hidden = find(all, cpu, PRICE_HIDDEN);
    struct buf missing = {0}, parts = {0};
    double gate = 0, body = 0, hides;

    for (unsigned int p = 0; p < PRICE_HIDDEN; p++) {
        const struct cost *c = find(all, cpu, p);

        if (w->n[p] <= 0 || (s == WARM && is_only_cold(p)))
            continue;
        if (!c && !is_cheap(p))
            add_term(&missing, ", ", NULL, w->n[p], price_name(p), 0);
        if (!c || c->cycles[s] == 0)
            continue;
        *(is_gate(p) ? &gate : &body) += w->n[p] * c->cycles[s];
        add_term(&parts, " + ", " x %g", w->n[p], price_name(p), c->cycles[s]);
    }
    /* Nothing hides where nothing waits for an IRET, nor more than there is. */
    hides = hidden && w->n[METRIC_EVENTS + EVENT_iret] > 0 ? hidden->cycles[s] * w->n[METRIC_EVENTS + EVENT_iret] : 0;
    hides = hides < body ? hides : body;
    buf_printf(b, "  %-10s %s: %s", s == WARM ? cpu : "", state_names[s], missing.n ? "more than " : "about ");
    if (hides >= 0.5)
        buf_printf(b, "%.0f to ", gate + body - hides);
    buf_printf(b, "%.0f cycles: %s\n", gate + body, parts.n ? parts.p : "nothing with a price");
    if (missing.n)
        buf_printf(b, "  %-10s       without a known cost, times a call: %s\n", "", missing.p);
    buf_free(&missing);
    buf_free(&parts);
}

void estimate_text(struct buf *b, const struct view *v, const char *costs_path)
{
    struct costs all = read_costs(costs_path);
    struct work w = work_of(v);

    buf_printf(b,
               "ESTIMATE of cycles a call, from the counts above and bench/costs.csv; not a measurement. Warm: all is "
               "in the\ncaches; cold: no line of data is. Two figures: part of the body may hide under the IRET.\n");
    for (size_t i = 0; i < all.n; i++) {
        bool first = true;

        for (size_t k = 0; k < i; k++)
            first &= strcmp(all.v[k].cpu, all.v[i].cpu) != 0;
        for (enum state s = WARM; first && s < STATES; s++)
            estimate_state(b, &w, &all, all.v[i].cpu, s);
    }
    costs_free(&all);
}
