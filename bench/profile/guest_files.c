/* SPDX-License-Identifier: MIT */
#include "profile/guest_profile.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

/* ---- CSV -------------------------------------------------------------------------------------------------------- */

/* Names may hold commas. */
static void quoted(struct buf *b, const char *s)
{
    buf_add(b, "\"", 1);
    for (; *s; s++)
        buf_add(b, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
    buf_add(b, "\"", 1);
}

char *guest_split_csv(const struct guest_profile *p)
{
    struct buf b = {0};

    buf_printf(&b, "section,times,boot,hypervisor,kernel,programs\n");
    for (unsigned i = 0; i < SECTIONS; i++) {
        const uint64_t *t = p->sections[i].ticks;

        if (p->sections[i].seen)
            buf_printf(&b, "%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", i, p->sections[i].begins,
                       t[BOOT], t[HYPERVISOR], t[KERNEL], t[USER]);
    }
    return b.p;
}

static void stats_csv(struct buf *b, const struct stats_of *s)
{
    buf_printf(b, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", s->n, s->sum, s->min, s->max);
}

char *guest_reasons_csv(const struct guest_profile *p)
{
    struct buf b = {0};

    buf_printf(&b, "kind,reason,entries,instructions,min,max\n");
    for (size_t i = 0; i < p->reasons_n; i++) {
        char type = p->reasons[i].type;

        buf_printf(&b, "%s,", type == 'h' ? "hypercall" : type == 't' ? "trap" : type == 'i' ? "interrupt" : "int");
        quoted(&b, p->reasons[i].name);
        stats_csv(&b, &p->reasons[i].stats);
    }
    for (size_t i = 0; i < p->inner_n; i++) {
        buf_printf(&b, "in_multicall,");
        quoted(&b, p->inner[i].name);
        stats_csv(&b, &p->inner[i].stats);
    }
    return b.p;
}

char *guest_callers_csv(const struct guest_profile *p)
{
    struct buf b = {0};

    buf_printf(&b, "reason,function,address,entries,instructions\n");
    for (size_t i = 0; i < p->reasons_n; i++)
        for (size_t k = 0; k < p->reasons[i].callers_n; k++) {
            const struct guest_caller *c = &p->reasons[i].callers[k];

            quoted(&b, p->reasons[i].name);
            buf_printf(&b, ",%s,0x%x,%" PRIu64 ",%" PRIu64 "\n", c->name, c->function, c->n, c->sum);
        }
    return b.p;
}

char *guest_functions_csv(const struct guest_profile *p)
{
    struct buf b = {0};

    buf_printf(&b, "part,function,file,address,instructions\n");
    for (size_t i = 0; i < p->view->functions_n; i++) {
        const struct function *f = &p->view->functions[i];
        enum component c = f->start >= p->hypervisor_start ? HYPERVISOR : f->start ? KERNEL : USER;

        if (f->self.v[METRIC_TICKS])
            buf_printf(&b, "%s,%s,%s,0x%x,%" PRIu64 "\n", component_names[c], f->name, f->file, f->start,
                       f->self.v[METRIC_TICKS]);
    }
    return b.p;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *sections_json(const struct guest_profile *p)
{
    json_t *all = json_array();

    for (unsigned i = 0; i < SECTIONS; i++) {
        json_t *s;

        if (!p->sections[i].seen)
            continue;
        s = json_pack("{s:i, s:o}", "section", i, "times", number(p->sections[i].begins));
        for (enum component c = 0; c < COMPONENTS_N; c++)
            json_object_set_new(s, component_names[c], number(p->sections[i].ticks[c]));
        json_array_append_new(all, s);
    }
    return all;
}

static json_t *stats_json(const char *name, const struct stats_of *s)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:f}", "name", name, "entries", number(s->n), "instructions",
                     number(s->sum), "min", number(s->min), "max", number(s->max), "mean", (double)s->sum / s->n);
}

static json_t *reasons_json(const struct guest_profile *p)
{
    json_t *all = json_array();

    for (size_t i = 0; i < p->reasons_n; i++) {
        const struct guest_reason *r = &p->reasons[i];
        json_t *one = stats_json(r->name, &r->stats), *callers = json_array();
        char type[2] = {r->type, 0};

        json_object_set_new(one, "kind",
                            json_string(type[0] == 'h'   ? "hypercall"
                                        : type[0] == 't' ? "trap"
                                        : type[0] == 'i' ? "interrupt"
                                                         : "int"));
        for (size_t k = 0; k < r->callers_n; k++)
            json_array_append_new(callers,
                                  json_pack("{s:s, s:o, s:o}", "function", r->callers[k].name, "entries",
                                            number(r->callers[k].n), "instructions", number(r->callers[k].sum)));
        json_object_set_new(one, "callers", callers);
        if (r->outcome == OUTCOME_END)
            json_object_set_new(one, "the_end", json_true());
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *inner_json(const struct guest_profile *p)
{
    json_t *all = json_array();

    for (size_t i = 0; i < p->inner_n; i++)
        json_array_append_new(all, stats_json(p->inner[i].name, &p->inner[i].stats));
    return all;
}

static json_t *functions_json(const struct guest_profile *p)
{
    json_t *all = json_array();

    for (size_t i = 0; i < p->view->functions_n; i++) {
        const struct function *f = &p->view->functions[i];
        enum component c = f->start >= p->hypervisor_start ? HYPERVISOR : f->start ? KERNEL : USER;

        if (f->self.v[METRIC_TICKS])
            json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:o}", "part", component_names[c], "name", f->name,
                                                 "file", f->file, "instructions", number(f->self.v[METRIC_TICKS])));
    }
    return all;
}

static json_t *batching_json(const struct guest_profile *p, const struct batch_costs *costs)
{
    json_t *sizes = json_array(), *savings = json_array(), *all;
    struct saving s[SAVINGS_N];

    for (size_t i = 0; i < p->batches_n; i++)
        json_array_append_new(sizes, json_pack("{s:o, s:o, s:o}", "entries", number(p->batches[i].size), "calls",
                                               number(p->batches[i].n), "instructions", number(p->batches[i].sum)));
    guest_savings(p, costs, s);
    for (size_t i = 0; i < SAVINGS_N; i++) {
        json_t *one = json_pack("{s:s, s:o, s:o, s:o}", "what", s[i].what, "runs", number(s[i].runs), "calls",
                                number(s[i].calls), "instructions", number(s[i].spent));

        if (costs)
            json_object_set_new(one, "estimated_saving", json_real(s[i].spent - s[i].batched));
        json_array_append_new(savings, one);
    }
    all = json_pack("{s:o, s:o}", "mmu_update", sizes, "runs", savings);
    if (costs)
        json_object_set_new(all, "estimated_by", json_string(costs->source));
    return all;
}

char *guest_json(const struct guest_profile *p, const struct batch_costs *costs)
{
    json_t *all = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:b}", "schema", "int82-guest-profile", "version", 1,
                            "guest", p->guest, "hypervisor", p->hypervisor, "revision", p->revision, "options",
                            p->options, "machine", p->machine, "complete", p->complete);
    json_t *instructions = json_object();
    char *text;

    json_object_set_new(all, "unbalanced_markers", number(p->unbalanced));
    if (p->only != SECTIONS)
        json_object_set_new(all, "section", json_integer(p->only));
    for (enum component c = 0; c < COMPONENTS_N; c++)
        json_object_set_new(instructions, component_names[c], number(guest_ticks(p, c)));
    json_object_set_new(all, "instructions", instructions);
    json_object_set_new(all, "sections", sections_json(p));
    json_object_set_new(all, "reasons", reasons_json(p));
    json_object_set_new(all, "in_multicalls", inner_json(p));
    json_object_set_new(all, "functions", functions_json(p));
    json_object_set_new(all, "batching", batching_json(p, costs));
    text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    json_decref(all);
    if (!text)
        die(EXIT_RUN, "a name in the profile is no UTF-8");
    return text;
}
