/* SPDX-License-Identifier: MIT */
#include "result/comparable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TSC_TOLERANCE 0.005 /* one boot calibrates its clock a little differently from the next */

const char *result_engine(const struct result *r)
{
    const char *engine = result_info(r, "engine"), *about = result_info(r, "about");

    /* The peers' files say it in a sentence. */
    if (!engine && about && strstr(about, "-icount"))
        return "tcg-icount";
    return engine;
}

bool result_exact(const struct result *r)
{
    const char *engine = result_engine(r);

    return engine && !strcmp(engine, "tcg-icount");
}

bool result_native(const struct result *r)
{
    const char *engine = result_engine(r);

    return engine && !strcmp(engine, "native");
}

static bool differ(const struct result *a, const struct result *b, const char *key)
{
    const char *x = result_info(a, key), *y = result_info(b, key);

    return x && y && strcmp(x, y);
}

static char *differ_text(const struct result *a, const struct result *b, const char *key, const char *what)
{
    return differ(a, b, key) ? fmt("another %s: %s and %s", what, result_info(a, key), result_info(b, key)) : NULL;
}

/* ---- units ---------------------------------------------------------------------------------------------------- */

static bool clocks_differ(const struct result *a, const struct result *b)
{
    const char *x = result_info(a, "tsc_khz"), *y = result_info(b, "tsc_khz");
    double p, q;

    return x && y && parse_double(x, &p) && parse_double(y, &q) && fabs(p - q) > TSC_TOLERANCE * fmax(p, q);
}

/* Where ticks are time, the processor decides what they mean. The guest names it too, so imports have it. */
static char *processors_differ(const struct result *a, const struct result *b)
{
    char *why = differ_text(a, b, "cpu", "processor");

    if (!why)
        why = differ_text(a, b, "host_cpu", "processor");
    if (!why && clocks_differ(a, b))
        why = fmt("another clock: a TSC of %s and of %s kHz", result_info(a, "tsc_khz"), result_info(b, "tsc_khz"));
    return why;
}

static bool known(const struct result *r, const char *key)
{
    const char *s = result_info(r, key);

    return s && strcmp(s, "unknown");
}

char *ticks_differ(const struct result *a, const struct result *b, bool force)
{
    const char *x = result_engine(a), *y = result_engine(b);

    if (!x || !y)
        return fmt("%s does not say which engine measured it (a line `# engine: NAME` does)",
                   x ? b->source : a->source);
    if (strcmp(x, y))
        return fmt("another engine: %s and %s, whose ticks are different units", x, y);
    if (known(a, "nested_paging") && known(b, "nested_paging") && differ(a, b, "nested_paging"))
        return fmt("nested paging %s and %s: the same calls leave the guest in one of them only",
                   result_info(a, "nested_paging"), result_info(b, "nested_paging"));
    return result_exact(a) || force ? NULL : processors_differ(a, b);
}

void require_same_ticks(const struct result *r, const struct result *peer)
{
    char *why = ticks_differ(r, peer, false);

    if (why)
        die(EXIT_REFUSED, "%s cannot stand beside %s: %s", peer->source, r->source, why);
}

/* ---- the suite ------------------------------------------------------------------------------------------------ */

static const char *suite_of(const struct result *r)
{
    const char *suite = result_info(r, "suite");

    return suite && strcmp(suite, "unknown") ? suite : NULL;
}

static bool is_dirty(const char *suite)
{
    size_t n = strlen(suite);

    return n > 6 && !strcmp(suite + n - 6, "-dirty");
}

bool same_suite(const struct result *a, const struct result *b)
{
    const char *x = suite_of(a), *y = suite_of(b);
    bool same_guest = result_info(a, "guest_sha256") && result_info(b, "guest_sha256") && !differ(a, b, "guest_sha256");

    if (same_guest)
        return true;
    /* Two dirty trees of one revision need not be the same. */
    return x && y && !strcmp(x, y) && !(is_dirty(x) && differ(a, b, "guest_sha256"));
}

bool same_row(const struct result *a, const struct row *x, const struct result *b, const struct row *y)
{
    return (x->code && y->code && !strcmp(x->code, y->code)) || same_suite(a, b);
}

static bool any_same_row(const struct result *base, const struct result *head)
{
    for (size_t i = 0; i < base->rows_n; i++) {
        const struct row *w = &base->rows[i], *other = result_row(head, w->name, w->batch);

        if (other && same_row(base, w, head, other))
            return true;
    }
    return false;
}

static char *refuse_suite(const struct result *base, const struct result *head)
{
    const char *b = suite_of(base), *h = suite_of(head);

    if (same_suite(base, head) || any_same_row(base, head))
        return NULL;
    if (!b || !h)
        return fmt("%s does not say which revision of the suite measured it, and no row runs the same code in both "
                   "(--force compares anyway)",
                   b ? head->source : base->source);
    if (strcmp(b, h))
        return fmt("another revision of the suite: %s and %s, and no row runs the same code in both (--force compares "
                   "anyway)",
                   b, h);
    return fmt("the suite %s was changed without a commit, and the guests differ (--force compares anyway)", h);
}

char *refusal(const struct result *base, const struct result *head, bool force)
{
    char *why = ticks_differ(base, head, force);

    if (!why && !force)
        why = differ_text(base, head, "machine_cpu", "processor model for the guest");
    return why || force ? why : refuse_suite(base, head);
}

/* ---- options -------------------------------------------------------------------------------------------------- */

static void add_difference(struct buf *b, const char *key, const char *x, int xn, const char *y, int yn)
{
    if (xn != yn || strncmp(x, y, xn))
        buf_printf(b, "%s%s %.*s and %.*s", b->n ? ", " : "", key, xn, x, yn, y);
}

/* PART of the line `options`: `hypervisor: -; rows: all; reps: default; guest: -`. */
static const char *option_part(const struct result *r, const char *part, int *n)
{
    const char *all = result_info(r, "options"), *at = all ? strstr(all, part) : NULL;

    if (!at)
        return NULL;
    at += strlen(part);
    *n = strcspn(at, ";");
    return at;
}

/* The hypervisor's way in and out: the last word of how it was built. */
static const char *entry_of(const struct result *r, int *n)
{
    const char *build = result_info(r, "hypervisor_build"), *at = build ? strstr(build, "ENTRY=") : NULL;

    if (!at)
        return NULL;
    at += strlen("ENTRY=");
    *n = strcspn(at, " ");
    return at;
}

char *options_differ(const struct result *a, const struct result *b)
{
    static const char *const keys[] = {"memory_mib", "reps", NULL};
    static const char *const parts[][2] = {{"hypervisor: ", "hypervisor's options"}, {"guest: ", "guest's options"}};
    struct buf text = {0};
    int an = 0, bn = 0;
    const char *ae = entry_of(a, &an), *be = entry_of(b, &bn);

    if (ae && be)
        add_difference(&text, "ENTRY", ae, an, be, bn);
    for (size_t i = 0; keys[i]; i++)
        if (differ(a, b, keys[i]))
            buf_printf(&text, "%s%s %s and %s", text.n ? ", " : "", keys[i], result_info(a, keys[i]),
                       result_info(b, keys[i]));
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        int xn = 0, yn = 0;
        const char *x = option_part(a, parts[i][0], &xn), *y = option_part(b, parts[i][0], &yn);

        if (x && y)
            add_difference(&text, parts[i][1], x, xn, y, yn);
    }
    return text.p;
}
