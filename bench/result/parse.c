/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "result/distribution.h"
#include "result/parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (1u << 20) /* a guest that never ends its line must not eat the host's memory */
#define ROWS_MAX       100000u

void parser_init(struct parser *p, struct result *r)
{
    *p = (struct parser){.r = r, .number = 1};
}

static void __attribute__((format(printf, 2, 3))) wrong(struct parser *p, const char *f, ...)
{
    va_list ap;

    if (p->why)
        return;
    va_start(ap, f);
    if (vasprintf(&p->why, f, ap) < 0)
        p->why = NULL;
    va_end(ap);
}

/* Names come from the guest and go into files, plots and messages: letters, digits and a few signs only. */
static bool good_name(const char *s)
{
    size_t n = strlen(s);

    if (!n || n > 64 || *s == '.' || *s == '-')
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("_.+-", *s))
            return false;
    return true;
}

/* The value of `KEY=` if WORD begins with it. */
static const char *field(const char *word, const char *key)
{
    size_t n = strlen(key);

    return !strncmp(word, key, n) && word[n] == '=' ? word + n + 1 : NULL;
}

static bool read_samples(struct row *w, const char *list)
{
    char *copy = xstrdup(list), *save = NULL;
    bool good = true;
    uint64_t v;

    for (char *s = strtok_r(copy, ",", &save); s && good; s = strtok_r(NULL, ",", &save)) {
        good = parse_u64(s, &v);
        if (good)
            *ARRAY_ADD(w->samples, w->samples_n) = v;
    }
    free(copy);
    /* A cut line may end in the middle of a list; the comma shows some of these cuts, the line's end all others. */
    return good && w->samples_n && list[strlen(list) - 1] != ',';
}

static bool row_field(struct row *w, const char *word)
{
    uint64_t v = 0;
    const char *s;

    if ((s = field(word, "name")) && good_name(s) && !w->name)
        w->name = xstrdup(s);
    else if ((s = field(word, "batch")) && parse_u64(s, &v) && v && v <= 1000000)
        w->batch = v;
    else if ((s = field(word, "calls")) && parse_u64(s, &v) && v)
        w->calls = v;
    else if ((s = field(word, "empty")) && parse_u64(s, &v))
        w->empty = v;
    else if ((s = field(word, "samples")) && !w->samples_n)
        return read_samples(w, s);
    else
        return false;
    return true;
}

static void line_row(struct parser *p, char *rest)
{
    struct row w = {0};
    char *save = NULL, *line = xstrdup(rest), *implausible;
    bool good = true, empty = false;

    for (char *word = strtok_r(rest, " ", &save); word && good; word = strtok_r(NULL, " ", &save)) {
        empty |= field(word, "empty") != NULL;
        good = row_field(&w, word);
        if (!good)
            wrong(p, "the guest printed a row with a bad field: %.80s", word);
    }
    if (good && !(w.name && w.batch && w.calls && empty && w.samples_n))
        wrong(p, "the guest printed an incomplete row (%s)", w.name ? w.name : "no name");
    if (!p->why && (implausible = row_implausible(&w))) {
        wrong(p, "line %lu of the console: %s: row %.200s", p->number, implausible, line);
        free(implausible);
    }
    free(line);
    if (!p->why && result_row(p->r, w.name, w.batch))
        wrong(p, "the guest printed the row %s/%u twice", w.name, w.batch);
    if (!p->why && p->r->rows_n >= p->announced)
        wrong(p, "the guest printed more rows than the %llu it announced", (unsigned long long)p->announced);
    if (p->why)
        return row_free(&w);
    row_finish(&w);
    *ARRAY_ADD(p->r->rows, p->r->rows_n) = w;
}

/* Of the row that was printed last. */
static void line_single(struct parser *p, const char *rest)
{
    struct row *w = p->r->rows_n ? &p->r->rows[p->r->rows_n - 1] : NULL;
    char *head = w ? fmt("name=%s batch=%u ", w->name, w->batch) : NULL;
    size_t n = head ? strlen(head) : 0;

    if (!w || strncmp(rest, head, n) || w->single)
        wrong(p, "the guest printed single calls of another row than the last, or twice");
    else if (!(w->single = distribution_parse(rest + n)))
        wrong(p, "the guest printed single calls of %s/%u that are no histogram", w->name, w->batch);
    free(head);
}

static void line_begin(struct parser *p, char *rest)
{
    uint64_t schema = 0;
    char *save = NULL;
    const char *s;

    if (p->begun)
        return wrong(p, "the guest began a second time: it was started again");
    for (char *word = strtok_r(rest, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if ((s = field(word, "schema")) && !parse_u64(s, &schema))
            schema = 0;
        if ((s = field(word, "rows")) && !parse_u64(s, &p->announced))
            p->announced = 0;
    }
    p->begun = true;
    if (schema != 1)
        wrong(p,
              "the guest speaks another version of the protocol than 1: build guest and front end from one revision");
    else if (!p->announced || p->announced > ROWS_MAX)
        wrong(p, "the guest announced no rows: does ROWS= name any? (`list` on its command line shows them)");
}

static void line_info(struct parser *p, char *rest)
{
    char *value = rest + strcspn(rest, " "), *key;

    if (*value)
        *value++ = 0;
    if (!good_name(rest))
        return wrong(p, "the guest printed an info line without a key");
    /* What the host knows of itself is not the guest's to say. */
    key = result_info(p->r, rest) ? fmt("guest_%s", rest) : xstrdup(rest);
    for (char *s = value; *s; s++)
        if (!isprint((unsigned char)*s))
            *s = '?';
    result_set(p->r, key, value);
    free(key);
}

static void line_count(struct parser *p, char *rest, bool bucket)
{
    char *save = NULL, *name = strtok_r(rest, " ", &save), *b = bucket ? strtok_r(NULL, " ", &save) : NULL;
    char *value = strtok_r(NULL, " ", &save);
    struct count *c;
    uint64_t v;

    if (!name || !good_name(name) || (bucket && (!b || !good_name(b))) || !value || !parse_u64(value, &v))
        return wrong(p, "the guest printed a bad counter line");
    c = ARRAY_ADD(p->r->counts, p->r->counts_n);
    c->name = xstrdup(name);
    c->bucket = b ? xstrdup(b) : NULL;
    c->value = v;
}

static void line_error(struct parser *p, char *rest)
{
    struct row_error *e = ARRAY_ADD(p->r->errors, p->r->errors_n);
    char *save = NULL, *word;
    const char *s;
    uint64_t v = 0;

    e->name = xstrdup("?");
    while ((word = strtok_r(save ? NULL : rest, " ", &save))) {
        if ((s = field(word, "row"))) {
            free(e->name);
            e->name = xstrdup(s);
        } else if ((s = field(word, "batch"))) {
            e->batch = parse_u64(s, &v) ? v : 0;
        } else {
            e->text = fmt("%s%s%s", word, *save ? " " : "", save);
            return;
        }
    }
    e->text = xstrdup("no reason given");
}

/* A row that this hypervisor does not support. Kept as a line about the result, so that nobody looks for it. */
static void line_skip(struct parser *p, char *rest)
{
    const char *known = result_info(p->r, "not_available"), *name = NULL, *s;
    char *save = NULL, *word, *text;
    uint64_t batch = 0;

    while (!(name && batch) && (word = strtok_r(save ? NULL : rest, " ", &save))) {
        if ((s = field(word, "row")) && good_name(s))
            name = s;
        else if (!(s = field(word, "batch")) || !parse_u64(s, &batch))
            break;
    }
    if (!name || !batch || p->skipped >= p->announced)
        return wrong(p, "the guest printed a bad skip line, or more than it announced rows");
    for (char *c = save; *c; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
    text = fmt("%s%s%s/%llu (%s)", known ? known : "", known ? ", " : "", name, (unsigned long long)batch, save);
    result_set(p->r, "not_available", text);
    free(text);
    p->skipped++;
}

static void line_end(struct parser *p, char *rest)
{
    uint64_t rows = UINT64_MAX, errors = UINT64_MAX;
    char *save = NULL;
    const char *s;

    for (char *word = strtok_r(rest, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if ((s = field(word, "rows")) && !parse_u64(s, &rows))
            rows = UINT64_MAX;
        if ((s = field(word, "errors")) && !parse_u64(s, &errors))
            errors = UINT64_MAX;
    }
    if (rows != p->r->rows_n || errors != p->r->errors_n)
        return wrong(p, "the guest says it printed another number of rows or errors than arrived (%zu and %zu)",
                     p->r->rows_n, p->r->errors_n);
    if (rows + errors + p->skipped < p->announced)
        return wrong(p, "the guest announced %llu rows, and told of %llu", (unsigned long long)p->announced,
                     (unsigned long long)(rows + errors + p->skipped));
    if (!rows && !errors)
        return wrong(p, "no row could be measured: %s", result_info(p->r, "not_available"));
    p->ended = true;
}

static void parse_line(struct parser *p, char *line)
{
    /* A message of the hypervisor's may have left its own line open: look for the mark anywhere. */
    char *mark = strstr(line, "@int82 "), *rest;
    size_t n;

    if (!mark || p->why)
        return;
    line = mark + 7;
    n = strcspn(line, " ");
    rest = line + n + (line[n] == ' ');
    line[n] = 0;
    if (p->ended)
        return wrong(p, "the guest went on after its end");
    if (!strcmp(line, "begin"))
        return line_begin(p, rest);
    if (!p->begun)
        return wrong(p, "the guest printed '%.20s' before it began", line);
    if (!strcmp(line, "row"))
        line_row(p, rest);
    else if (!strcmp(line, "single"))
        line_single(p, rest);
    else if (!strcmp(line, "info"))
        line_info(p, rest);
    else if (!strcmp(line, "counter") || !strcmp(line, "hist"))
        line_count(p, rest, *line == 'h');
    else if (!strcmp(line, "error"))
        line_error(p, rest);
    else if (!strcmp(line, "skip"))
        line_skip(p, rest);
    else if (!strcmp(line, "end"))
        line_end(p, rest);
    else
        wrong(p, "the guest printed '%.20s', which this front end does not know", line);
}

void parser_feed(struct parser *p, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (data[i] == '\n') {
            buf_add(&p->line, "", 0); /* so that an empty line has a string too */
            parse_line(p, p->line.p);
            p->line.n = 0;
            p->number++;
        } else if (p->line.n == LINE_MAX_BYTES) {
            wrong(p, "the console printed a line of more than %u bytes", LINE_MAX_BYTES);
            p->line.n = 0;
        } else if (data[i] != '\r' && data[i]) {
            buf_add(&p->line, data + i, 1);
        }
    }
}

const char *parser_finish(struct parser *p)
{
    size_t n = p->r->rows_n;

    buf_free(&p->line);
    if (p->why || p->ended)
        return p->why;
    if (!p->begun)
        wrong(p, "the bench guest never began");
    else if (!n)
        wrong(p, "the guest stopped before its first row");
    else
        wrong(p, "the guest stopped after %zu of %llu rows, the last one was %s/%u", n,
              (unsigned long long)p->announced, p->r->rows[n - 1].name, p->r->rows[n - 1].batch);
    return p->why;
}
