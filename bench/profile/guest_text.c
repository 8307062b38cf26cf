/* SPDX-License-Identifier: MIT */
#include "profile/guest_profile.h"

#include <inttypes.h>
#include <string.h>

#define FUNCTIONS_SHOWN 25
#define CALLERS_SHOWN   20
#define REASONS_SHOWN   40

static double share(uint64_t n, uint64_t of)
{
    return of ? 100.0 * n / of : 0;
}

static void split_text(struct buf *b, const struct guest_profile *p)
{
    uint64_t total = guest_total(p);

    buf_printf(b, "%14s %7s\n", "instructions", "share");
    for (enum component c = HYPERVISOR; c < COMPONENTS_N; c++)
        buf_printf(b, "%14" PRIu64 " %6.2f%%  %s\n", guest_ticks(p, c), share(guest_ticks(p, c), total),
                   component_texts[c]);
    buf_printf(b, "%14" PRIu64 " 100.00%%  %s\n", total,
               p->only != SECTIONS ? "together"
               : p->complete       ? "from the guest's start to its end"
                                   : "from the guest's start");
    if (guest_ticks(p, BOOT))
        buf_printf(b, "%14" PRIu64 "          %s\n", guest_ticks(p, BOOT), component_texts[BOOT]);
}

static void sections_text(struct buf *b, const struct guest_profile *p)
{
    unsigned n = 0;

    for (unsigned i = 1; i < SECTIONS; i++)
        n += p->sections[i].seen;
    if (!n)
        return;
    buf_printf(b, "\nbetween markers:\n%8s %8s %14s %14s %14s %14s\n", "section", "times", "hypervisor", "kernel",
               "programs", "sum");
    for (unsigned i = 0; i < SECTIONS; i++) {
        const struct guest_section *s = &p->sections[i];
        const uint64_t *t = s->ticks;

        if (!s->seen)
            continue;
        if (i)
            buf_printf(b, "%8u %8" PRIu64, i, s->begins);
        else
            buf_printf(b, "%17s", "outside");
        buf_printf(b, " %14" PRIu64 " %14" PRIu64 " %14" PRIu64 " %14" PRIu64 "\n", t[HYPERVISOR], t[KERNEL], t[USER],
                   t[HYPERVISOR] + t[KERNEL] + t[USER]);
    }
}

static void stats_text(struct buf *b, const struct stats_of *s, uint64_t total)
{
    buf_printf(b, "%10" PRIu64 " %14" PRIu64 " %6.2f%% %9" PRIu64 " %11.1f %9" PRIu64, s->n, s->sum,
               share(s->sum, total), s->min, s->n ? (double)s->sum / s->n : 0, s->max);
}

static void reasons_text(struct buf *b, const struct guest_profile *p)
{
    uint64_t total = guest_ticks(p, HYPERVISOR);

    buf_printf(
        b, "\nwhy the hypervisor was entered (its own instructions; shares of its part):\n%10s %14s %7s %9s %11s %9s\n",
        "entries", "instructions", "share", "min", "mean", "max");
    for (size_t i = 0; i < p->reasons_n && i < REASONS_SHOWN; i++) {
        stats_text(b, &p->reasons[i].stats, total);
        buf_printf(b, "  %s\n", p->reasons[i].name);
    }
    if (p->reasons_n > REASONS_SHOWN)
        buf_printf(b, "%10s %zu more: reasons.csv\n", "", p->reasons_n - REASONS_SHOWN);
    if (p->inner_n)
        buf_printf(b, "\ncalls in multicalls (in the above; with what leads to the next):\n");
    for (size_t i = 0; i < p->inner_n; i++) {
        stats_text(b, &p->inner[i].stats, total);
        buf_printf(b, "  %s\n", p->inner[i].name);
    }
}

/* The dearest pairs of caller and reason. */
static void callers_text(struct buf *b, const struct guest_profile *p)
{
    uint64_t below = UINT64_MAX;

    buf_printf(b, "\nwho entered it:\n%10s %14s %11s  %-40s %s\n", "entries", "instructions", "mean",
               "function of the guest", "reason");
    for (unsigned shown = 0; shown < CALLERS_SHOWN;) {
        uint64_t next = 0;

        for (size_t i = 0; i < p->reasons_n; i++)
            for (size_t k = 0; k < p->reasons[i].callers_n; k++) {
                uint64_t sum = p->reasons[i].callers[k].sum;

                next = sum < below && sum > next ? sum : next;
            }
        if (!next)
            return;
        below = next;
        for (size_t i = 0; i < p->reasons_n; i++)
            for (size_t k = 0; k < p->reasons[i].callers_n; k++) {
                const struct guest_caller *c = &p->reasons[i].callers[k];

                if (c->sum != next)
                    continue;
                buf_printf(b, "%10" PRIu64 " %14" PRIu64 " %11.1f  %-40s %s\n", c->n, c->sum, (double)c->sum / c->n,
                           c->name, p->reasons[i].name);
                shown++;
            }
    }
}

static void functions_text(struct buf *b, const struct guest_profile *p, bool hypervisor)
{
    const struct view *v = p->view;
    uint64_t total = hypervisor ? guest_ticks(p, HYPERVISOR) : guest_ticks(p, KERNEL) + guest_ticks(p, USER);
    unsigned shown = 0;

    buf_printf(b, "\n%14s %7s  %s\n", "instructions", "share",
               hypervisor ? "function of the hypervisor" : "function of the guest");
    for (size_t i = 0; i < v->functions_n && shown < FUNCTIONS_SHOWN; i++) {
        const struct function *f = &v->functions[i];
        uint64_t n = f->self.v[METRIC_TICKS];

        if ((f->start >= p->hypervisor_start) != hypervisor || !n)
            continue;
        if (f->name[0] == '?')
            buf_printf(b, "%14" PRIu64 " %6.2f%%  page 0x%x\n", n, share(n, total), f->start);
        else
            buf_printf(b, "%14" PRIu64 " %6.2f%%  %-32s %s\n", n, share(n, total), f->name, f->file);
        shown++;
    }
}

static void batches_text(struct buf *b, const struct guest_profile *p)
{
    uint64_t calls = 0, entries = 0;

    for (size_t i = 0; i < p->batches_n; i++) {
        calls += p->batches[i].n;
        entries += p->batches[i].n * p->batches[i].size;
    }
    if (!calls)
        return;
    buf_printf(b, "\nmmu_update: %" PRIu64 " calls, %" PRIu64 " entries, %.2f a call\n%14s %12s %7s %14s %11s\n", calls,
               entries, (double)entries / calls, "entries", "calls", "share", "instructions", "an entry");
    for (uint64_t low = 0, high = 0; high < 1u << 31; low = high + 1, high = high ? 2 * high + 1 : 1) {
        uint64_t n = 0, sum = 0, of = 0;
        char label[48];

        for (size_t i = 0; i < p->batches_n; i++) {
            const struct guest_batch *x = &p->batches[i];

            if (x->size < low || x->size > high)
                continue;
            n += x->n;
            sum += x->sum;
            of += x->n * x->size;
        }
        snprintf(label, sizeof(label), low == high ? "%" PRIu64 : "%" PRIu64 "-%" PRIu64, low, high);
        if (n)
            buf_printf(b, "%14s %12" PRIu64 " %6.2f%% %14" PRIu64 " %11.1f\n", label, n, share(n, calls), sum,
                       of ? (double)sum / of : 0);
    }
}

static void savings_text(struct buf *b, const struct guest_profile *p, const struct batch_costs *costs)
{
    struct saving s[SAVINGS_N];
    uint64_t total = guest_total(p);

    guest_savings(p, costs, s);
    buf_printf(b, "\nESTIMATE of what batching would save: each run of calls as one mmu_update\n");
    if (costs)
        buf_printf(b,
                   "(%.1f and %.1f an entry, measured: mmu_map_rw of %s; whether the guest could wait is not known)\n",
                   costs->fixed, costs->entry, costs->source);
    else
        buf_printf(b,
                   "(no estimate: name a result of the bench on this hypervisor, COSTS=results/<label>/bench.csv)\n");
    buf_printf(b, "%10s %10s %14s %14s %14s\n", "runs", "calls", "they took", "at most saved", "of all");
    for (size_t i = 0; i < SAVINGS_N; i++) {
        buf_printf(b, "%10" PRIu64 " %10" PRIu64 " %14" PRIu64, s[i].runs, s[i].calls, s[i].spent);
        if (costs)
            buf_printf(b, " %14.0f %13.2f%%", s[i].spent - s[i].batched, share(s[i].spent - s[i].batched, total));
        else
            buf_printf(b, " %14s %14s", "?", "?");
        buf_printf(b, "  %s\n", s[i].what);
    }
}

static void warnings_text(struct buf *b, const struct guest_profile *p)
{
    if (!p->complete)
        buf_printf(b, "PARTIAL: the guest did not end in time; this is what had been executed until then\n");
    if (p->unbalanced)
        buf_printf(b, "MARKERS: %" PRIu64 " begin or end where they should not; a section ends where the next begins\n",
                   p->unbalanced);
    if (p->open)
        buf_printf(b, "MARKERS: section %u was open at the end\n", p->open);
    if (!p->hypervisor_elf)
        buf_printf(b, "NO SYMBOLS of the hypervisor: hypercalls are named by the stubs of the hypercall page alone\n");
    if (!p->guest_elf)
        buf_printf(b, "NO SYMBOLS of the guest: its functions are not told apart\n");
    if (b->n)
        buf_printf(b, "\n");
}

void guest_text(struct buf *b, const struct guest_profile *p, const struct batch_costs *costs)
{
    struct buf warnings = {0};

    buf_printf(b, "%s\non %s (%s), options %s\n%s\n\n", p->guest, p->hypervisor, p->revision, p->options, p->machine);
    warnings_text(&warnings, p);
    if (warnings.n)
        buf_add(b, warnings.p, warnings.n);
    if (p->only != SECTIONS)
        buf_printf(b, "section %u only:\n", p->only);
    split_text(b, p);
    sections_text(b, p);
    reasons_text(b, p);
    callers_text(b, p);
    functions_text(b, p, true);
    functions_text(b, p, false);
    batches_text(b, p);
    savings_text(b, p, costs);
    buf_free(&warnings);
}
