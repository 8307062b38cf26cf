/* SPDX-License-Identifier: MIT */
/*
 * What batching would save: an estimate. What the calls took is counted. What one mmu_update in their place would take
 * comes from the figures that the bench measured on the same hypervisor, for mapping pages (the most expensive kind of
 * entry), without the flushes. Whether the first update could have waited for the last is not known here.
 */
#include "profile/guest_profile.h"
#include "result/result.h"

#include <stdlib.h>

#define ROW "mmu_map_rw"

struct batch_costs *batch_costs_load(const char *result_path, char **why)
{
    struct result *r = result_try_load(result_path, why);
    const struct row *one = r ? result_row(r, ROW, 1) : NULL, *many = one ? result_row(r, ROW, 512) : NULL;
    struct batch_costs *c;

    if (!many) {
        *why = *why ? *why : fmt("%s has no rows " ROW "/1 and " ROW "/512", result_path);
        return NULL;
    }
    c = xcalloc(1, sizeof(*c));
    c->entry = (many->st.min - one->st.min) / 511;
    c->fixed = one->st.min - c->entry - 1; /* the INT is the guest's */
    c->source = xstrdup(result_path);
    result_free(r);
    return c;
}

void guest_savings(const struct guest_profile *p, const struct batch_costs *costs, struct saving out[SAVINGS_N])
{
    static const struct {
        char kind;
        const char *what;
    } kinds[SAVINGS_N] = {{'u', "mmu_update of one entry, one after the other"},
                          {'v', "update_va_mapping, one after the other"},
                          {'s', "trapped stores to one page table"}};

    for (size_t k = 0; k < SAVINGS_N; k++) {
        struct saving *s = &out[k];

        *s = (struct saving){.what = kinds[k].what};
        for (size_t i = 0; i < p->runs_n; i++) {
            const struct guest_runs *r = &p->runs[i];
            double batched;

            if (r->kind != kinds[k].kind)
                continue;
            s->runs += r->n;
            s->calls += r->n * r->calls;
            s->spent += r->sum;
            batched = costs ? r->n * (costs->fixed + costs->entry * r->entries) : 0;
            s->batched += batched < r->sum ? batched : r->sum;
        }
    }
}
