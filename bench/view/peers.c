/* SPDX-License-Identifier: MIT */
#include "view/peers.h"

#include <math.h>
#include <string.h>

struct best best_of(struct result *const *peers, size_t n)
{
    struct best best = {.r = xcalloc(1, sizeof(struct result))};
    size_t holders = 0;

    best.r->source = fmt("best of %zu", n);
    for (size_t p = 0; p < n; p++)
        for (size_t i = 0; i < peers[p]->rows_n; i++) {
            const struct row *w = &peers[p]->rows[i];
            struct row *least = result_row(best.r, w->name, w->batch);

            if (w->st.min <= 0 || (least && least->st.min <= w->st.min))
                continue;
            if (!least) {
                least = ARRAY_ADD(best.r->rows, best.r->rows_n);
                ARRAY_ADD(best.holder, holders);
                least->name = xstrdup(w->name);
                least->batch = w->batch;
            }
            least->st.min = w->st.min;
            best.holder[least - best.r->rows] = peers[p];
        }
    return best;
}

double row_times(const struct row *own, const struct result *peer)
{
    const struct row *other = result_row(peer, own->name, own->batch);

    return other && other->st.min > 0 && own->st.min > 0 ? other->st.min / own->st.min : 0;
}

static bool seen_before(const struct result *r, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (!strcmp(r->rows[i].name, r->rows[at].name))
            return true;
    return false;
}

double times_mean(const struct result *own, const struct result *peer, size_t *names)
{
    double sum = 0;

    *names = 0;
    for (size_t i = 0; i < own->rows_n; i++) {
        double logs = 0;
        size_t n = 0;

        if (!strncmp(own->rows[i].name, "batching_", 9) || seen_before(own, i))
            continue;
        for (size_t k = i; k < own->rows_n; k++) {
            double times = strcmp(own->rows[k].name, own->rows[i].name) ? 0 : row_times(&own->rows[k], peer);

            if (times > 0) {
                logs += log(times);
                n++;
            }
        }
        if (n) {
            sum += logs / n;
            ++*names;
        }
    }
    return *names ? exp(sum / *names) : 0;
}
