/* SPDX-License-Identifier: MIT */
/* Two profiles of one guest side by side, mostly on two hypervisors. */
#include "cmd/profile.h"
#include "view/plot.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DRAWN 14 /* reasons in the picture */

static const char *const parts[] = {"hypervisor", "kernel", "programs"};
#define PARTS_N (sizeof(parts) / sizeof(*parts))

struct pair { /* a part, or a reason; 0 is base, 1 is head */
    const char *name;
    uint64_t entries[2], instructions[2];
};

struct comparison {
    json_t *sides[2];
    struct pair parts[PARTS_N + 1]; /* and their sum */
    struct pair *reasons;           /* the dearest first */
    size_t reasons_n;
};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *side, const char *key)
{
    const char *s = json_string_value(json_object_get(side, key));

    return s ? s : "?";
}

/* A directory that has a profile, or one that has guest/, or a label. */
static json_t *load(const struct profile_options *o, const char *name)
{
    const char *out = o->out && *o->out ? o->out : fmt("%s/results", tree_root());
    const char *const forms[] = {fmt("%s/profile.json", name), fmt("%s/guest/profile.json", name),
                                 fmt("%s/%s/guest/profile.json", out, name), name};
    json_error_t error;
    json_t *side;

    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        if (!file_exists(forms[i]))
            continue;
        side = json_load_file(forms[i], 0, &error);
        if (!side)
            die(EXIT_MISSING, "%s:%d: %s", forms[i], error.line, error.text);
        if (strcmp(text_of(side, "schema"), "int82-guest-profile") ||
            json_integer_value(json_object_get(side, "version")) != 1)
            die(EXIT_MISSING, "%s is no profile of a guest that this version knows", forms[i]);
        return side;
    }
    die(EXIT_MISSING, "there is no profile of a guest called %s, neither a directory nor below %s", name, out);
}

static struct pair *reason_of(struct comparison *c, const char *name)
{
    for (size_t i = 0; i < c->reasons_n; i++)
        if (!strcmp(c->reasons[i].name, name))
            return &c->reasons[i];
    ARRAY_ADD(c->reasons, c->reasons_n)->name = name;
    return &c->reasons[c->reasons_n - 1];
}

static int dearest(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    uint64_t p = x->instructions[0] > x->instructions[1] ? x->instructions[0] : x->instructions[1];
    uint64_t q = y->instructions[0] > y->instructions[1] ? y->instructions[0] : y->instructions[1];

    return p != q ? (p > q ? -1 : 1) : strcmp(x->name, y->name);
}

static void put_together(struct comparison *c)
{
    c->parts[PARTS_N].name = "sum";
    for (size_t side = 0; side < 2; side++) {
        const json_t *instructions = json_object_get(c->sides[side], "instructions");
        struct pair *l;
        size_t i;
        json_t *r;

        for (i = 0; i < PARTS_N; i++) {
            uint64_t n = json_integer_value(json_object_get(instructions, parts[i]));

            c->parts[i].name = parts[i];
            c->parts[i].instructions[side] = n;
            c->parts[PARTS_N].instructions[side] += n;
        }
        json_array_foreach(json_object_get(c->sides[side], "reasons"), i, r)
        {
            uint64_t n = json_integer_value(json_object_get(r, "instructions"));

            /* How long a machine runs on after it was told to switch off is chance. */
            if (json_is_true(json_object_get(r, "the_end"))) {
                c->parts[0].instructions[side] -= n;
                c->parts[PARTS_N].instructions[side] -= n;
                continue;
            }
            l = reason_of(c, text_of(r, "name"));
            l->entries[side] += json_integer_value(json_object_get(r, "entries"));
            l->instructions[side] += n;
        }
    }
    qsort(c->reasons, c->reasons_n, sizeof(*c->reasons), dearest);
}

/* Another guest's figures say nothing about the hypervisors. */
static void check(const struct comparison *c)
{
    const char *const keys[] = {"guest", "section"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const json_t *a = json_object_get(c->sides[0], keys[i]), *b = json_object_get(c->sides[1], keys[i]);

        if ((a || b) && !json_equal(a, b))
            die(EXIT_REFUSED, "these profiles are not of the same %s", keys[i]);
    }
    if (strcmp(text_of(c->sides[0], "options"), text_of(c->sides[1], "options")) ||
        strcmp(text_of(c->sides[0], "machine"), text_of(c->sides[1], "machine")))
        warn("the options differ: %s, %s; and %s, %s", text_of(c->sides[0], "options"), text_of(c->sides[0], "machine"),
             text_of(c->sides[1], "options"), text_of(c->sides[1], "machine"));
    for (size_t side = 0; side < 2; side++)
        if (!json_is_true(json_object_get(c->sides[side], "complete")))
            die(EXIT_REFUSED, "the profile on %s is a partial one: the guest did not end",
                text_of(c->sides[side], "hypervisor"));
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void ratio(struct buf *b, uint64_t head, uint64_t base)
{
    if (base && head)
        buf_printf(b, " %9.3f", (double)head / base);
    else
        buf_printf(b, " %9s", "-");
}

static double mean(const struct pair *l, size_t side)
{
    return l->entries[side] ? (double)l->instructions[side] / l->entries[side] : 0;
}

static char *compare_text(const struct comparison *c)
{
    struct buf b = {0};

    buf_printf(&b, "%s\nbase: %s (%s)\nhead: %s (%s)\n\n%15s %15s %9s  instructions\n", text_of(c->sides[0], "guest"),
               text_of(c->sides[0], "hypervisor"), text_of(c->sides[0], "revision"), text_of(c->sides[1], "hypervisor"),
               text_of(c->sides[1], "revision"), "base", "head", "head/base");
    for (size_t i = 0; i <= PARTS_N; i++) {
        const struct pair *l = &c->parts[i];

        buf_printf(&b, "%15" PRIu64 " %15" PRIu64, l->instructions[0], l->instructions[1]);
        ratio(&b, l->instructions[1], l->instructions[0]);
        buf_printf(&b, "  %s\n", l->name);
    }
    buf_printf(&b, "\n%10s %10s %11s %11s %15s %15s %9s\n%10s %10s %11s %11s %15s %15s %9s  reason of entry\n",
               "entries", "", "mean", "", "instructions", "", "", "base", "head", "base", "head", "base", "head",
               "head/base");
    for (size_t i = 0; i < c->reasons_n; i++) {
        const struct pair *l = &c->reasons[i];

        buf_printf(&b, "%10" PRIu64 " %10" PRIu64 " %11.1f %11.1f %15" PRIu64 " %15" PRIu64, l->entries[0],
                   l->entries[1], mean(l, 0), mean(l, 1), l->instructions[0], l->instructions[1]);
        ratio(&b, l->instructions[1], l->instructions[0]);
        buf_printf(&b, "  %s\n", l->name);
    }
    return b.p;
}

static char *compare_csv(const struct comparison *c)
{
    struct buf b = {0};

    buf_printf(&b, "what,name,base_entries,head_entries,base_instructions,head_instructions\n");
    for (size_t i = 0; i < PARTS_N; i++)
        buf_printf(&b, "part,%s,,,%" PRIu64 ",%" PRIu64 "\n", c->parts[i].name, c->parts[i].instructions[0],
                   c->parts[i].instructions[1]);
    for (size_t i = 0; i < c->reasons_n; i++)
        buf_printf(&b, "reason,\"%s\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", c->reasons[i].name,
                   c->reasons[i].entries[0], c->reasons[i].entries[1], c->reasons[i].instructions[0],
                   c->reasons[i].instructions[1]);
    return b.p;
}

static json_t *line_json(const struct pair *l, bool entries)
{
    json_t *j = json_pack("{s:s, s:I, s:I}", "name", l->name, "base_instructions", (json_int_t)l->instructions[0],
                          "head_instructions", (json_int_t)l->instructions[1]);

    if (entries) {
        json_object_set_new(j, "base_entries", json_integer(l->entries[0]));
        json_object_set_new(j, "head_entries", json_integer(l->entries[1]));
    }
    if (l->instructions[0] && l->instructions[1])
        json_object_set_new(j, "head_over_base", json_real((double)l->instructions[1] / l->instructions[0]));
    return j;
}

static char *compare_json(const struct comparison *c)
{
    json_t *all = json_pack("{s:s, s:i, s:s}", "schema", "int82-guest-comparison", "version", 1, "guest",
                            text_of(c->sides[0], "guest"));
    json_t *part_list = json_array(), *reasons = json_array();
    char *text;

    for (size_t side = 0; side < 2; side++)
        json_object_set_new(all, side ? "head" : "base",
                            json_pack("{s:s, s:s}", "hypervisor", text_of(c->sides[side], "hypervisor"), "revision",
                                      text_of(c->sides[side], "revision")));
    for (size_t i = 0; i <= PARTS_N; i++)
        json_array_append_new(part_list, line_json(&c->parts[i], false));
    for (size_t i = 0; i < c->reasons_n; i++)
        json_array_append_new(reasons, line_json(&c->reasons[i], true));
    json_object_set_new(all, "parts", part_list);
    json_object_set_new(all, "reasons", reasons);
    text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    json_decref(all);
    return text;
}

/* Two bars that are split into parts, and below them the reasons, two bars each. */
static void draw(const struct comparison *c, const char *dir)
{
    struct buf b = {0};
    size_t n = c->reasons_n < DRAWN ? c->reasons_n : DRAWN;
    char *names[2];

    for (size_t side = 0; side < 2; side++)
        names[side] =
            plot_text(fmt("%s (%s)", text_of(c->sides[side], "hypervisor"), text_of(c->sides[side], "revision")));
    buf_printf(&b, "$parts << EOD\n");
    for (size_t side = 0; side < 2; side++)
        buf_printf(&b, "%zu \"%s\" %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", 1 - side, side ? "head" : "base",
                   c->parts[0].instructions[side], c->parts[1].instructions[side], c->parts[2].instructions[side]);
    buf_printf(&b, "EOD\n$reasons << EOD\n");
    for (size_t i = n; i-- > 0;)
        buf_printf(&b, "%zu \"%s\" %" PRIu64 " %" PRIu64 "\n", n - 1 - i, c->reasons[i].name,
                   c->reasons[i].instructions[0], c->reasons[i].instructions[1]);
    buf_printf(
        &b,
        "EOD\nset grid xtics linecolor \"#dddddd\" linetype 1\nset border 3 linecolor \"#666666\"\n"
        "set tics nomirror\nset style fill solid noborder\nset xrange [0:*]\nset format x \"%%.1s%%c\"\nset lmargin "
        "36\nset rmargin 12\n"
        "what = \"%s\"\nbase = \"base: %s\"\nhead = \"head: %s\"\n"
        "draw = 'set multiplot title what;"
        "set size 1,0.34; set origin 0,0.6; set yrange [-0.6:1.6]; set key outside top center horizontal;"
        "plot $parts using (0):1:(0):($3):($1-0.3):($1+0.3):ytic(2) with boxxyerror linecolor rgb \"#ee6677\""
        " title \"hypervisor\","
        " $parts using (0):1:($3):($3+$4):($1-0.3):($1+0.3) with boxxyerror linecolor rgb \"#4477aa\""
        " title \"kernel\","
        " $parts using (0):1:($3+$4):($3+$4+$5):($1-0.3):($1+0.3) with boxxyerror linecolor rgb \"#228833\""
        " title \"programs\";"
        "set size 1,0.6; set origin 0,0; set yrange [-0.6:%zu-0.4]; set xlabel \"instructions of the "
        "hypervisor, by reason of entry\"; set key outside top center horizontal;"
        "plot $reasons using (0):1:(0):3:1:($1+0.38):ytic(2) with boxxyerror linecolor rgb \"#bbbbbb\" title base,"
        " $reasons using (0):1:(0):4:($1-0.38):1 with boxxyerror linecolor rgb \"#ee6677\" title head;"
        "unset multiplot'\n",
        text_of(c->sides[0], "guest"), names[0], names[1], n);
    plot_draw(dir, "compare", 1000, 380 + 34 * (n < 4 ? 4 : n), b.p);
    free(names[0]);
    free(names[1]);
    buf_free(&b);
}

int profile_compare(const struct profile_options *o, const char *base, const char *head)
{
    const char *out = o->out && *o->out ? o->out : fmt("%s/results", tree_root());
    struct comparison c = {.sides = {load(o, base), load(o, head)}};
    char *text, *json, *path;
    const char *dir;

    check(&c);
    put_together(&c);
    text = compare_text(&c);
    json = compare_json(&c);
    dir = temp_dir(out, "unfinished");
    file_save(dir, "compare.txt", text);
    file_save(dir, "compare.json", json);
    file_save(dir, "compare.csv", compare_csv(&c));
    draw(&c, dir);
    printf("%s\n", o->json ? json : text);
    path = profile_publish(dir, o, "guest-compare");
    fprintf(o->json ? stderr : stdout, "written to %s: compare.txt, .json, .csv, .png, .svg\n", path);
    free(text);
    free(json);
    free(path);
    return EXIT_OK;
}
