/* SPDX-License-Identifier: MIT */
#include "profile/guest_profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const component_names[COMPONENTS_N] = {"boot", "hypervisor", "kernel", "programs"};
const char *const component_texts[COMPONENTS_N] = {"before the guest: firmware, boot loader, the hypervisor's start",
                                                   "the hypervisor", "the guest's kernel", "the guest's programs"};

static bool wanted(const struct guest_profile *p, unsigned section)
{
    return p->only == SECTIONS || p->only == section;
}

/* In the plugin's file the nodes below SECTIONS are the sections' roots. Here they become one root, node 0. */
struct roots {
    uint32_t *of; /* by the plugin's number: the section */
    size_t n;
};

static uint32_t node_id(uint32_t id)
{
    return id < SECTIONS ? 0 : id - SECTIONS + 1;
}

static bool read_node(struct guest_profile *p, struct roots *roots, const char *line)
{
    struct trace_run *t = &p->tree;
    uint32_t id, own;
    struct node n;

    if (sscanf(line, "n %" SCNu32 " %" SCNu32 " %c %" SCNx32 " %" SCNx32 " %" SCNu64, &id, &n.parent, &n.kind, &n.from,
               &n.target, &n.entries) != 6 ||
        id < SECTIONS || id > 50000000 || (n.parent >= SECTIONS && n.parent >= roots->n))
        return false;
    while (roots->n <= id)
        ARRAY_ADD(roots->of, roots->n);
    roots->of[id] = n.parent < SECTIONS ? n.parent : roots->of[n.parent];
    own = node_id(id);
    while (t->nodes_n <= own)
        ARRAY_ADD(t->nodes, t->nodes_n);
    n.parent = node_id(n.parent);
    if (wanted(p, roots->of[id]))
        t->nodes[own] = n;
    return true;
}

static bool is_wanted_node(const struct guest_profile *p, const struct roots *roots, uint32_t id)
{
    return wanted(p, id < SECTIONS ? id : roots->of[id]);
}

static bool read_cell(struct guest_profile *p, const struct roots *roots, const char *line)
{
    struct cell c = {0};
    char hex[31];

    if (sscanf(line, "c %" SCNu32 " %" SCNx32 " %30s %" SCNu64, &c.node, &c.address, hex, &c.count) != 4 ||
        (c.node >= SECTIONS && c.node >= roots->n))
        return false;
    c.size = strlen(hex) / 2;
    for (size_t i = 0; i < c.size; i++)
        if (sscanf(hex + 2 * i, "%2" SCNx8, &c.bytes[i]) != 1)
            return false;
    if (!is_wanted_node(p, roots, c.node))
        return true;
    c.node = node_id(c.node);
    *ARRAY_ADD(p->tree.cells, p->tree.cells_n) = c;
    return true;
}

/* The guest's: in one cell for each function. */
static bool read_guest_cell(struct guest_profile *p, const char *line)
{
    uint32_t section, function;
    uint64_t count;
    char kind;

    if (sscanf(line, "k %" SCNu32 " %c %" SCNx32 " %" SCNu64, &section, &kind, &function, &count) != 4 ||
        section >= SECTIONS)
        return false;
    if (!wanted(p, section))
        return true;
    if (kind == 'u')
        function = FUNCTION_OF_PROGRAMS;
    *ARRAY_ADD(p->tree.cells, p->tree.cells_n) = (struct cell){.address = function, .count = count};
    return true;
}

static bool read_section(struct guest_profile *p, const char *line)
{
    struct guest_section s = {.seen = true};
    unsigned id;

    if (sscanf(line, "section %u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &id, &s.begins,
               &s.ticks[BOOT], &s.ticks[HYPERVISOR], &s.ticks[KERNEL], &s.ticks[USER]) != 6 ||
        id >= SECTIONS)
        return false;
    p->sections[id] = s;
    return true;
}

static int read_stats(struct stats_of *s, const char *text)
{
    return sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &s->n, &s->sum, &s->min, &s->max) == 4;
}

static void stats_merge(struct stats_of *to, const struct stats_of *s)
{
    to->min = !to->n || s->min < to->min ? s->min : to->min;
    to->max = s->max > to->max ? s->max : to->max;
    to->n += s->n;
    to->sum += s->sum;
}

static struct guest_reason *current; /* that callers are read for; NULL: of a section that is not asked for */

static struct guest_reason *reason_of(struct guest_profile *p, const struct guest_reason *like)
{
    for (size_t i = 0; i < p->reasons_n; i++) {
        struct guest_reason *r = &p->reasons[i];

        if (r->section == like->section && r->type == like->type && r->number == like->number &&
            r->event == like->event && r->outcome == like->outcome && (like->number >= 0 || r->target == like->target))
            return r;
    }
    return memcpy(ARRAY_ADD(p->reasons, p->reasons_n), like, sizeof(*like));
}

static bool read_reason(struct guest_profile *p, const char *line)
{
    struct guest_reason r = {0};
    struct stats_of s;
    int at = 0;

    if (sscanf(line, "reason %u %c %d %d %d %" SCNx32 "%n", &r.section, &r.type, &r.number, &r.event, &r.outcome,
               &r.target, &at) != 6 ||
        !read_stats(&s, line + at))
        return false;
    current = NULL;
    if (!wanted(p, r.section))
        return true;
    if (p->only == SECTIONS)
        r.section = SECTIONS; /* of all sections together */
    current = reason_of(p, &r);
    stats_merge(&current->stats, &s);
    return true;
}

static bool read_caller(const char *line)
{
    struct guest_caller c = {0};

    if (sscanf(line, "caller %" SCNx32 " %" SCNu64 " %" SCNu64, &c.function, &c.n, &c.sum) != 3)
        return false;
    for (size_t i = 0; current && i < current->callers_n; i++)
        if (current->callers[i].function == c.function) {
            current->callers[i].n += c.n;
            current->callers[i].sum += c.sum;
            return true;
        }
    if (current)
        *ARRAY_ADD(current->callers, current->callers_n) = c;
    return true;
}

static bool read_inner(struct guest_profile *p, const char *line)
{
    struct stats_of s;
    unsigned section, number;
    const char *name;
    int at = 0;

    if (sscanf(line, "inner %u %u%n", &section, &number, &at) != 2 || !read_stats(&s, line + at))
        return false;
    if (!wanted(p, section))
        return true;
    name = hypercall_name(number);
    name = name ? name : "?";
    for (size_t i = 0; i < p->inner_n; i++)
        if (!strcmp(p->inner[i].name, name)) {
            stats_merge(&p->inner[i].stats, &s);
            return true;
        }
    *ARRAY_ADD(p->inner, p->inner_n) = (struct guest_inner){section, name, s};
    return true;
}

static bool read_batch(struct guest_profile *p, const char *line)
{
    struct guest_batch b;

    if (sscanf(line, "batch %u %" SCNu64 " %" SCNu64 " %" SCNu64, &b.section, &b.size, &b.n, &b.sum) != 4)
        return false;
    if (!wanted(p, b.section))
        return true;
    for (size_t i = 0; i < p->batches_n; i++)
        if (p->batches[i].size == b.size) {
            p->batches[i].n += b.n;
            p->batches[i].sum += b.sum;
            return true;
        }
    *ARRAY_ADD(p->batches, p->batches_n) = b;
    return true;
}

static bool read_runs(struct guest_profile *p, const char *line)
{
    struct guest_runs r;

    if (sscanf(line, "runs %u %c %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &r.section, &r.kind, &r.calls,
               &r.entries, &r.n, &r.sum) != 6)
        return false;
    if (wanted(p, r.section))
        *ARRAY_ADD(p->runs, p->runs_n) = r;
    return true;
}

static int dearest_reason(const void *a, const void *b)
{
    const struct guest_reason *x = a, *y = b;

    return x->stats.sum != y->stats.sum ? (x->stats.sum > y->stats.sum ? -1 : 1) : strcmp(x->name, y->name);
}

static int dearest_caller(const void *a, const void *b)
{
    const struct guest_caller *x = a, *y = b;

    return x->sum != y->sum ? (x->sum > y->sum ? -1 : 1) : x->function < y->function ? -1 : 1;
}

static int dearest_inner(const void *a, const void *b)
{
    const struct guest_inner *x = a, *y = b;

    return x->stats.sum != y->stats.sum ? (x->stats.sum > y->stats.sum ? -1 : 1) : strcmp(x->name, y->name);
}

static int by_size(const void *a, const void *b)
{
    const struct guest_batch *x = a, *y = b;

    return x->size < y->size ? -1 : x->size > y->size;
}

/* The same instructions, counted by the plugin in different ways, must give the same sums. */
static char *check_sums(const struct guest_profile *p)
{
    uint64_t cells = 0, entries = 0;

    for (size_t i = 0; i < p->tree.cells_n; i++)
        cells += p->tree.cells[i].count;
    for (size_t i = 0; i < p->reasons_n; i++)
        entries += p->reasons[i].stats.sum;
    if (cells != guest_total(p))
        return fmt("the functions sum to %" PRIu64 " instructions, the parts to %" PRIu64, cells, guest_total(p));
    if (entries != guest_ticks(p, HYPERVISOR))
        return fmt("the entries sum to %" PRIu64 " instructions, the hypervisor's are %" PRIu64, entries,
                   guest_ticks(p, HYPERVISOR));
    return NULL;
}

char *guest_load(struct guest_profile *p, const char *path)
{
    struct roots roots = {0};
    struct buf b = {0};
    bool ended = false;
    int entered = 0, overflow = 0;

    if (!file_read(path, &b) || strncmp(b.p, "int82-guest 1\n", 14))
        return fmt("the plugin wrote nothing: %s", path);
    ARRAY_ADD(p->tree.nodes, p->tree.nodes_n)->kind = 'r';
    for (char *l = b.p + 14, *next; *l; l = next) {
        size_t n = strcspn(l, "\n");
        bool good;

        next = l + n + (l[n] == '\n');
        l[n] = 0;
        good = *l == 'n'                    ? read_node(p, &roots, l)
               : *l == 'k'                  ? read_guest_cell(p, l)
               : !strncmp(l, "c ", 2)       ? read_cell(p, &roots, l)
               : !strncmp(l, "section ", 8) ? read_section(p, l)
               : !strncmp(l, "reason ", 7)  ? read_reason(p, l)
               : !strncmp(l, "caller ", 7)  ? read_caller(l)
               : !strncmp(l, "inner ", 6)   ? read_inner(p, l)
               : !strncmp(l, "batch ", 6)   ? read_batch(p, l)
               : !strncmp(l, "runs ", 5)    ? read_runs(p, l)
               : !strncmp(l, "end ", 4)     ? (ended = true)
                                            : false;
        if (good && ended)
            good = sscanf(l, "end %d %" SCNu64 " %u %d", &entered, &p->unbalanced, &p->open, &overflow) == 4;
        if (!good)
            return fmt("%s: the line '%.80s' makes no sense", path, l);
    }
    buf_free(&b);
    free(roots.of);
    if (!ended)
        return fmt("the plugin's file is not whole: is the disk full?");
    if (!entered)
        return xstrdup("the hypervisor never entered a guest");
    if (overflow)
        return xstrdup("the run has more code than the plugin had memory for");
    return check_sums(p);
}

static const char *function_name(const struct guest_profile *p, uint32_t address)
{
    const struct symbol *s = p->guest_elf ? elf_symbol(p->guest_elf, address) : NULL;

    if (address == FUNCTION_OF_PROGRAMS)
        return "[programs]";
    return s ? s->name : "[kernel]";
}

void guest_name(struct guest_profile *p)
{
    struct elf *elfs[2];
    size_t n = 0;
    struct view *v;

    for (size_t i = 0; i < p->reasons_n; i++) {
        struct guest_reason *r = &p->reasons[i];

        r->name = guest_reason_name(r, p->hypervisor_elf);
        for (size_t k = 0; k < r->callers_n; k++)
            r->callers[k].name = function_name(p, r->callers[k].function);
        qsort(r->callers, r->callers_n, sizeof(*r->callers), dearest_caller);
    }
    qsort(p->reasons, p->reasons_n, sizeof(*p->reasons), dearest_reason);
    qsort(p->inner, p->inner_n, sizeof(*p->inner), dearest_inner);
    qsort(p->batches, p->batches_n, sizeof(*p->batches), by_size);
    if (p->guest_elf)
        elfs[n++] = p->guest_elf;
    if (p->hypervisor_elf)
        elfs[n++] = p->hypervisor_elf;
    p->tree.hypervisor_start = p->hypervisor_start;
    p->view = v = view_make(&p->tree, 0, elfs, n);
    for (size_t i = 0; i < v->places_n; i++)
        if (v->places[i].address <= FUNCTION_UNNAMED)
            v->places[i].function = function_name(p, v->places[i].address);
    for (size_t i = 0; i < v->functions_n; i++)
        if (v->functions[i].start <= FUNCTION_UNNAMED)
            v->functions[i].name = function_name(p, v->functions[i].start);
}

uint64_t guest_ticks(const struct guest_profile *p, enum component c)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < SECTIONS; i++)
        if (wanted(p, i))
            sum += p->sections[i].ticks[c];
    return sum;
}

uint64_t guest_total(const struct guest_profile *p)
{
    return guest_ticks(p, HYPERVISOR) + guest_ticks(p, KERNEL) + guest_ticks(p, USER);
}
