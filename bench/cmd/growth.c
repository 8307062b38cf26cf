/* SPDX-License-Identifier: MIT */
/*
 * What calls cost as the machine, or what is in it, grows: guest/growth measures each series in a machine of its own.
 * Writes growth.csv and a picture for each series, and says whether something grows that must not.
 */
#include "cmd/commands.h"
#include "measure/engine.h"
#include "measure/guest_run.h"
#include "measure/host.h"
#include "result/result.h"
#include "view/plot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAY_GROW 1.02 /* what must not grow may differ by so much: where its data happens to lie */

static const struct series {
    const char *name, *title, *x, *dom0_mem;
    const char *memory[8], *few_memory[3]; /* MiB: a machine each */
} all_series[] = {
    {"memory",
     "Memory of the machine",
     "MiB of memory",
     "24M",
     {"64", "128", "256", "512", "1024", "2048", "4096"},
     {"64", "256"}},
    {"pages", "The frames of a domain that is made and ended", "frames of the domain", "64M", {"256"}, {"256"}},
    {"tables", "L1 tables that are written in turn", "tables", "64M", {"256"}, {"256"}},
    {"ports", "Event channels in use", "event channels", "64M", {"256"}, {"256"}},
    {"grants", "Mapped grants", "mappings", "64M", {"256"}, {"256"}},
    {"store", "Keys in the store of a domain", "keys", "64M", {"256"}, {"256"}},
    {"domains", "Domains beside domain 0", "domains", "64M", {"256"}, {"256"}},
    {"runnable", "vCPUs that could run", "vCPUs beside that of domain 0", "64M", {"256"}, {"256"}},
    {"timers", "Timers that are set", "timers", "64M", {"256"}, {"256"}},
};
#define SERIES_N (sizeof(all_series) / sizeof(*all_series))

/* flat: it does not touch what grows, so it must not grow with it. */
static const struct what {
    const char *series, *name, *text;
    bool flat;
} all_whats[] = {
    {"memory", "boot", "all of a boot, from reset to the guest, firmware included", false},
    {"memory", "mmu_update", "an entry unmapped by mmu_update", true},
    {"memory", "make_a_frame", "a frame given to a domain, one of 2048", true},
    {"memory", "end_a_frame", "a frame taken back and cleared when the domain ends", true},
    {"pages", "make_a_frame", "a frame given to the domain", true},
    {"pages", "end_a_frame", "a frame taken back and cleared when it ends", true},
    {"tables", "mmu_update", "an entry written by mmu_update, in the next table", false},
    {"ports", "alloc_unbound", "alloc_unbound", true},
    {"ports", "bind_ipi", "bind_ipi", true},
    {"ports", "close", "close", true},
    {"ports", "send", "send", true},
    {"grants", "map", "map_grant_ref of one more", true},
    {"grants", "unmap", "unmap_grant_ref", true},
    {"store", "read_first", "reading the first key", true},
    {"store", "write_first", "writing the first key", false},
    {"domains", "name_the_last", "a call that names the last domain (event channel status)", true},
    {"domains", "getdomaininfo", "getdomaininfo of the last domain", true},
    {"domains", "create", "createdomain", false},
    {"domains", "destroy", "destroydomain, without vCPUs and frames", false},
    {"runnable", "switch", "a switch to the next vCPU by sched_op yield", true},
    {"runnable", "take_the_last", "pausedomain of the last in the queue", true},
    {"timers", "set_first", "set_timer_op, before all others", true},
    {"timers", "set_last", "set_timer_op, behind all others", false},
    {"timers", "stop_first", "set_timer_op 0, of the first", true},
};
#define WHATS_N (sizeof(all_whats) / sizeof(*all_whats))

struct point {
    const struct what *what;
    uint64_t x, ticks, count;
};

struct growth {
    struct point *points;
    size_t n;
    const char *qemu, *hypervisor, *guest;
    bool few;
    double timeout;
};

static double each(const struct point *p)
{
    return (double)p->ticks / p->count;
}

/* ---- Measuring */

static const struct what *what_of(const char *series, const char *name)
{
    for (const struct what *w = all_whats; w < all_whats + WHATS_N; w++)
        if (!strcmp(w->series, series) && !strcmp(w->name, name))
            return w;
    return NULL;
}

/* False: the guest did not get to its end, or said something that nobody here knows. */
static bool read_points(struct growth *g, const char *console)
{
    for (const char *p = console; p && *p; p = strchr(p, '\n')) {
        char line[160], series[32], name[32];
        uint64_t x, ticks, count;
        const struct what *what;

        p += *p == '\n';
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\r\n"), p);
        if (!strcmp(line, "@growth end"))
            return true;
        if (sscanf(line, "@growth %31s %31s %" SCNu64 " %" SCNu64 " %" SCNu64, series, name, &x, &ticks, &count) != 5)
            continue;
        what = what_of(series, name);
        if (!what || !count)
            return false;
        *ARRAY_ADD(g->points, g->n) = (struct point){what, x, ticks, count};
    }
    return false;
}

static void measure(struct growth *g, const struct series *s)
{
    for (const char *const *memory = g->few ? s->few_memory : s->memory; *memory; memory++) {
        char *hv_args = fmt("dom0_mem=%s", s->dom0_mem), *args = fmt("series=%s%s", s->name, g->few ? " few" : "");
        const struct guest_run run = {.qemu = g->qemu,
                                      .hypervisor = g->hypervisor,
                                      .hv_args = hv_args,
                                      .guest = g->guest,
                                      .guest_args = args,
                                      .memory = *memory,
                                      .timeout = g->timeout};
        struct buf console = {0};

        if (err_is_tty())
            fprintf(stderr, "\r\033[Kgrowth: %s, %s MiB", s->name, *memory);
        if (!guest_run(&run, &console) || !read_points(g, console.p)) {
            fprintf(stderr, "%s\n", console.p ? console.p : "");
            die(EXIT_RUN, "the series %s did not get to its end in a machine of %s MiB", s->name, *memory);
        }
        buf_free(&console);
        free(hv_args);
        free(args);
    }
    if (err_is_tty())
        fprintf(stderr, "\r\033[K");
}

/* ---- Telling */

static const struct point *end_of(const struct growth *g, const struct what *w, bool last)
{
    const struct point *found = NULL;

    for (const struct point *p = g->points; p < g->points + g->n; p++)
        if (p->what == w && (!found || last))
            found = p;
    return found;
}

static char *csv(const struct growth *g)
{
    struct engine engine = engine_pick("tcg", g->qemu, NULL, false);
    char *revision = host_hypervisor(g->hypervisor);
    struct buf b = {0};

    buf_printf(&b, "# engine: %s, %s: a tick is %s\n# hypervisor: %s\n", engine.name, engine.version, engine.tick,
               revision);
    for (const struct series *s = all_series; s < all_series + SERIES_N; s++)
        buf_printf(&b, "# %s: %s\n", s->name, s->x);
    for (const struct what *w = all_whats; w < all_whats + WHATS_N; w++)
        buf_printf(&b, "# %s_%s: %s\n", w->series, w->name, w->text);
    buf_printf(&b, "series,what,x,ticks,count,each\n");
    for (const struct point *p = g->points; p < g->points + g->n; p++)
        buf_printf(&b, "%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.2f\n", p->what->series, p->what->name, p->x,
                   p->ticks, p->count, each(p));
    free(revision);
    return b.p;
}

/* Prints the first and the last point of each. How many grew that must not. */
static unsigned judge(const struct growth *g)
{
    unsigned bad = 0;

    printf("%-9s %-14s %8s %12s %8s %12s\n", "series", "what", "at", "ticks", "at", "ticks");
    for (const struct what *w = all_whats; w < all_whats + WHATS_N; w++) {
        const struct point *first = end_of(g, w, false), *last = end_of(g, w, true);
        bool grew;

        if (!first)
            continue;
        grew = w->flat && each(last) > each(first) * MAY_GROW;
        printf("%-9s %-14s %8" PRIu64 " %12.2f %8" PRIu64 " %12.2f  %s%s%s\n", w->series, w->name, first->x,
               each(first), last->x, each(last), grew ? colour(RED) : "", grew ? "grows, and must not" : w->text,
               grew ? colour(PLAIN) : "");
        bad += grew;
    }
    return bad;
}

/* Lines over a common axis; logarithmic if the figures are far apart. */
static void draw(const struct growth *g, const struct series *s, const char *dir)
{
    struct buf b = {0}, lines = {0};
    double least = 0, most = 0;
    char *stem = fmt("growth-%s", s->name);
    size_t n = 0;

    for (const struct what *w = all_whats; w < all_whats + WHATS_N; w++) {
        if (strcmp(w->series, s->name))
            continue;
        buf_printf(&b, "$%s << EOD\n", w->name);
        for (const struct point *p = g->points; p < g->points + g->n; p++)
            if (p->what == w) {
                buf_printf(&b, "%" PRIu64 " %.2f\n", p->x, each(p));
                least = !least || each(p) < least ? each(p) : least;
                most = each(p) > most ? each(p) : most;
            }
        buf_printf(&b, "EOD\n");
        buf_printf(&lines,
                   "%s $%s using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb \"%s\" title \"%s\"",
                   n ? "," : "plot", w->name, plot_colour(n), w->text);
        n++;
    }
    buf_printf(&b, "set title \"%s\\nInt82, QEMU TCG with icount: a tick is an executed instruction\"\n", s->title);
    buf_printf(
        &b,
        "set grid linecolor \"#dddddd\" linetype 1\nset border linecolor \"#666666\"\nset xlabel \"%s\" offset 0,0.4\n",
        s->x);
    buf_printf(&b,
               "set ylabel \"ticks%s\"\nset %s\nset key outside center bottom vertical spacing 1.1\nset xrange [0:*]\n",
               most > 30 * least ? ", logarithmic" : "", most > 30 * least ? "logscale y" : "yrange [0:*]");
    buf_printf(&b, "draw = '%s'\n", lines.p);
    if (n && most > 0)
        plot_draw(dir, stem, 900, 480 + 20 * n, b.p);
    buf_free(&b);
    buf_free(&lines);
    free(stem);
}

int cmd_growth(int argc, char **argv)
{
    const char *only = NULL, *few = NULL, *hypervisor = NULL, *guest = NULL, *qemu = NULL, *timeout = NULL,
               *label = NULL, *out = NULL;
    const struct option_def defs[] = {
        {"series", 's', "NAMES", "only these: memory pages tables ports grants store domains runnable timers", &only,
         NULL, NULL},
        {"few", 0, NULL, "only the first and the last point of each", &few, NULL, NULL},
        {"hypervisor", 0, "FILE", "default: build/int82.elf", &hypervisor, NULL, NULL},
        {"guest", 'g', "FILE", "default: build/guest/growth.elf", &guest, NULL, NULL},
        {"qemu", 0, "PROGRAM", "default: qemu-system-i386", &qemu, NULL, NULL},
        {"timeout", 0, "SECONDS", "for each machine (default: 300)", &timeout, NULL, NULL},
        {"label", 'l', "NAME", "write results/NAME/ (default: growth)", &label, NULL, NULL},
        {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &out, NULL, NULL},
        {0},
    };
    struct growth g = {0};
    const char *results;
    unsigned bad;
    char *dir;

    if (options_parse(argc, argv, defs, "growth",
                      "Measures what calls cost while something grows: the machine's memory, event channels, domains,\n"
                      "vCPUs, timers and others (guest/growth). Under TCG with icount. Exit code 1: something grows\n"
                      "that does not touch what grows."))
        die(EXIT_USAGE, "growth takes no argument, only options");
    if (or_else(label, NULL) && !label_is_good(label))
        die(EXIT_USAGE, "--label=%s: letters, digits and . _ + - only, and no . or - first", label);
    g.few = few;
    g.qemu = or_else(qemu, "qemu-system-i386");
    g.hypervisor = or_else(hypervisor, fmt("%s/int82.elf", build_dir()));
    g.guest = or_else(guest, fmt("%s/guest/growth.elf", build_dir()));
    g.timeout = option_double("timeout", timeout, 300);
    results = or_else(out, fmt("%s/results", tree_root()));
    dir = temp_dir(results, "unfinished");
    for (const struct series *s = all_series; s < all_series + SERIES_N; s++)
        if (!or_else(only, NULL) || row_matches(only, s->name, 0))
            measure(&g, s);
    if (!g.n)
        die(EXIT_USAGE, "--series=%s: there is none of that name", only);
    file_save(dir, "growth.csv", csv(&g));
    for (const struct series *s = all_series; s < all_series + SERIES_N; s++)
        draw(&g, s, dir);
    bad = judge(&g);
    printf("\nwritten to %s: growth.csv, growth-*.png, .svg\n", temp_publish(dir, results, or_else(label, "growth")));
    if (bad)
        die(EXIT_WORSE, "%u of them must not grow", bad);
    return EXIT_OK;
}
