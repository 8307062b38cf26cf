/* SPDX-License-Identifier: MIT */
#include "measure/measure.h"
#include "measure/conditions.h"
#include "measure/host.h"
#include "measure/run.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_EXACT   2 /* the second one shows that the first was no accident */
#define ROUNDS_SAMPLED 9

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
    r->source = xstrdup(s->name);
    buf_free(&console);
    return r;
}

/* A result on one side says which engine the other has to be measured on. */
static const char *engine_wanted(const struct measure_options *o, const struct rounds *rounds, size_t n)
{
    if (o->engine && *o->engine)
        return o->engine;
    for (size_t i = 0; i < n; i++) {
        const char *engine = rounds[i].n ? result_engine(rounds[i].v[0]) : NULL;

        if (engine)
            return !strcmp(engine, "kvm") ? "kvm" : !strcmp(engine, "tcg-icount") ? "tcg" : NULL;
    }
    return NULL;
}

void measure_sides(struct side *sides, size_t n, const struct measure_options *o, struct rounds *rounds_out)
{
    struct engine engine;
    size_t rounds, to_run = 0;
    const char *first = NULL;

    conditions_pin(o->pin); /* before the builds: a wrong number must not cost them */
    for (size_t i = 0; i < n; i++) {
        rounds_out[i] = (struct rounds){0};
        if (sides[i].kind == SIDE_RESULT) {
            *ARRAY_ADD(rounds_out[i].v, rounds_out[i].n) = result_load(sides[i].path);
            continue;
        }
        side_build(&sides[i]);
        first = first ? first : sides[i].path;
        to_run++;
    }
    if (!to_run)
        return;
    engine = engine_pick(engine_wanted(o, rounds_out, n), o->qemu && *o->qemu ? o->qemu : host_qemu_for(first), o->cpu,
                         true);
    rounds = option_u64("rounds", o->rounds, engine.exact ? ROUNDS_EXACT : ROUNDS_SAMPLED);
    if (!rounds)
        die(EXIT_USAGE, "--rounds=0 measures nothing");
    if (engine.kind == ENGINE_KVM)
        conditions_warn(conditions_pin(o->pin));
    for (size_t k = 0; k < rounds; k++) {
        for (size_t i = 0; i < n; i++) {
            char *title;

            if (sides[i].kind == SIDE_RESULT)
                continue;
            /* A full hash is longer than what it leaves room for. */
            title = fmt("round %zu of %zu, %.*s", k + 1, rounds, strlen(sides[i].name) == 40 ? 12 : 60, sides[i].name);
            *ARRAY_ADD(rounds_out[i].v, rounds_out[i].n) = run_side(&sides[i], o, &engine, title);
            free(title);
        }
    }
}
