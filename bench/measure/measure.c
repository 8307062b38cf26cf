/* SPDX-License-Identifier: MIT */
#include "measure/measure.h"
#include "measure/conditions.h"
#include "measure/host.h"
#include "measure/run.h"
#include "result/comparable.h"
#include "result/many.h"
#include "result/row_code.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_EXACT   2 /* the second one shows that the first was no accident */
#define ROUNDS_SAMPLED 9 /* the least; more where they could not show one changed row among all */

struct side side_or_boots(const char *name, const char *make)
{
    char *copy = xstrdup(name), *rest = copy, *part;
    struct side first = {0};

    if (!strchr(name, ',') || file_exists(name))
        return side_of(name, make);
    for (bool more = false; (part = strsep(&rest, ",")); more = true) {
        struct side s = side_of(part, make);

        if (s.kind != SIDE_RESULT)
            die(EXIT_USAGE, "%s: only results can be several boots of one side, and %s is none", name, part);
        if (more)
            *ARRAY_ADD(first.more, first.more_n) = s.path;
        else
            first = s;
    }
    first.name = name;
    free(copy);
    return first;
}

static void load_boots(const struct side *s, struct rounds *rounds)
{
    *ARRAY_ADD(rounds->v, rounds->n) = result_load(s->path);
    for (size_t i = 0; i < s->more_n; i++) {
        struct result *r = result_load(s->more[i]);
        char *why = refusal(rounds->v[0], r, false);

        if (why)
            die(EXIT_REFUSED, "%s and %s are no boots of one side: %s", s->path, s->more[i], why);
        *ARRAY_ADD(rounds->v, rounds->n) = r;
    }
}

/* ---- before anything is measured ------------------------------------------------------------------------------ */

/* What the result of a run with these options will say of itself, as far as that is known; with the rows of LIKE. */
static struct result *outline(const struct measure_options *o, const struct result *like)
{
    struct result *r = xcalloc(1, sizeof(*r));
    struct run_config c = {.guest = o->guest};
    const char *engine = result_engine(like);
    struct guest_code *code;

    run_default_guest(&c);
    code = guest_code_load(c.guest);
    r->source = xstrdup("what is to be measured");
    if (o->engine && *o->engine && strcmp(o->engine, "auto"))
        engine = !strcmp(o->engine, "tcg") ? "tcg-icount" : o->engine;
    if (engine)
        result_set(r, "engine", engine);
    if (o->cpu && *o->cpu)
        result_set(r, "machine_cpu", o->cpu);
    host_describe(r);
    result_set(r, "guest_sha256", host_sha256(c.guest));
    if (code && guest_suite(code))
        result_set(r, "suite", guest_suite(code));
    for (size_t i = 0; i < like->rows_n; i++) {
        const struct row *w = &like->rows[i];
        struct row *mine;

        if (o->rows && *o->rows && !row_matches(o->rows, w->name, w->batch))
            continue;
        mine = ARRAY_ADD(r->rows, r->rows_n);
        mine->name = xstrdup(w->name);
        mine->batch = w->batch;
        mine->code = code ? guest_row_code(code, w->name) : NULL;
    }
    guest_code_free(code);
    return r;
}

static void refuse_early(const struct measure_options *o, const struct result *loaded)
{
    const char *engine = result_engine(loaded);
    struct result *r;
    char *why;

    if (engine && strcmp(engine, "tcg-icount") && strcmp(engine, "kvm"))
        die(EXIT_REFUSED, "%s was measured on %s, and nothing can be measured on that here", loaded->source, engine);
    r = outline(o, loaded);
    why = refusal(loaded, r, o->force);
    if (why)
        die(EXIT_REFUSED, "%s cannot be compared with what is to be measured: %s", loaded->source, why);
    result_free(r);
}

/* ---- measuring ------------------------------------------------------------------------------------------------ */

static struct result *run_side(const struct side *s, const struct measure_options *o, const struct engine *e,
                               const char *title)
{
    struct buf console = {0};
    struct run_config c = {.engine = e,
                           .hypervisor = s->path,
                           .guest = o->guest,
                           .rows = o->rows,
                           .reps = o->reps,
                           .title = title,
                           .timeout = option_double("timeout", o->timeout, 300),
                           .quiet = 60,
                           .cpu = conditions_pin(o->pin),
                           .console = &console};
    struct result *r;

    run_defaults(&c);
    r = run_once(&c);
    if (!r)
        die(EXIT_RUN, "the run of %s failed", s->name);
    run_describe(r, &c);
    result_set(r, "hypervisor_revision", s->revision);
    free(r->source);
    r->source = s->make ? fmt("%s with %s", s->name, s->make) : xstrdup(s->name);
    buf_free(&console);
    return r;
}

/* A result on one side says which engine the other has to be measured on. */
static const char *engine_wanted(const struct measure_options *o, const struct rounds *rounds, size_t n)
{
    if (o->engine && *o->engine)
        return o->engine;
    for (size_t i = 0; i < n; i++)
        if (rounds[i].n && result_engine(rounds[i].v[0]))
            return result_exact(rounds[i].v[0]) ? "tcg" : "kvm";
    return NULL;
}

/* Where ticks vary, too few rounds can show nothing. This is said before they are measured, which takes long. */
static void warn_rounds(const struct rounds *rounds, size_t n, size_t to_come, double alpha)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (least_p(rounds[i].n ? rounds[i].n : to_come, rounds[k].n ? rounds[k].n : to_come) >= alpha)
                return warn("%zu and %zu boots are too few to show any difference (p below %g): %zu of each side can",
                            rounds[k].n ? rounds[k].n : to_come, rounds[i].n ? rounds[i].n : to_come, alpha,
                            rounds_needed(1, alpha));
}

static void measure_rounds(const struct side *sides, size_t n, const struct measure_options *o,
                           const struct engine *engine, struct rounds *rounds_out)
{
    bool given = o->rounds && *o->rounds;
    size_t rounds = option_u64("rounds", o->rounds, engine->exact ? ROUNDS_EXACT : ROUNDS_SAMPLED);

    if (!engine->exact)
        warn_rounds(rounds_out, n, rounds, o->alpha);
    for (size_t k = 0; k < rounds; k++) {
        for (size_t turn = 0; turn < n; turn++) {
            size_t i = k % 2 ? n - 1 - turn : turn;
            char *title;

            if (sides[i].kind == SIDE_RESULT)
                continue;
            /* A full hash is longer than what it leaves room for. */
            title = fmt("round %zu of %zu, %.*s", k + 1, rounds, strlen(sides[i].name) == 40 ? 12 : 60, sides[i].name);
            *ARRAY_ADD(rounds_out[i].v, rounds_out[i].n) = run_side(&sides[i], o, engine, title);
            free(title);
            if (!engine->exact && !given && rounds < rounds_needed(rounds_out[i].v[0]->rows_n, o->alpha))
                rounds = rounds_needed(rounds_out[i].v[0]->rows_n, o->alpha);
        }
    }
}

void measure_sides(struct side *sides, size_t n, const struct measure_options *o, struct rounds *rounds_out)
{
    struct engine engine;
    size_t to_run = 0;
    const char *first = NULL;

    run_check_reps(o->reps);
    conditions_pin(o->pin); /* before the builds: a wrong number must not cost them */
    if (option_u64("rounds", o->rounds, 1) == 0)
        die(EXIT_USAGE, "--rounds=0 measures nothing");
    for (size_t i = 0; i < n; i++) {
        rounds_out[i] = (struct rounds){0};
        if (sides[i].kind == SIDE_RESULT)
            load_boots(&sides[i], &rounds_out[i]);
        else
            to_run++;
    }
    if (!to_run)
        return;
    for (size_t i = 0; i < n; i++)
        if (rounds_out[i].n)
            refuse_early(o, rounds_out[i].v[0]);
    for (size_t i = 0; i < n; i++) {
        side_build(&sides[i]);
        if (sides[i].kind != SIDE_RESULT && !first)
            first = sides[i].path;
    }
    engine = engine_pick(engine_wanted(o, rounds_out, n), o->qemu && *o->qemu ? o->qemu : host_qemu_for(first), o->cpu,
                         !o->silent);
    if (engine.kind == ENGINE_KVM)
        conditions_warn(conditions_pin(o->pin));
    measure_rounds(sides, n, o, &engine, rounds_out);
}
