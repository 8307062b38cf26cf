/* SPDX-License-Identifier: MIT */
/* What there is: the rows, as the guest itself names them, or the results. */
#include "cmd/commands.h"
#include "measure/engine.h"
#include "measure/run.h"
#include "result/result.h"

#include <glob.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LIST_SECONDS 60

static void print_json(json_t *o)
{
    char *text = json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(15));

    if (!text)
        die(EXIT_RUN, "cannot make the JSON");
    puts(text);
    free(text);
    json_decref(o);
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

/* Each with its batches and the text of its group. */
static json_t *rows_of(char *console)
{
    json_t *rows = json_array(), *row = NULL;
    char about[1024] = "", name[64], *save = NULL;
    unsigned batch;

    for (char *line = strtok_r(console, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save)) {
        const char *before = row ? json_string_value(json_object_get(row, "name")) : "";

        if (sscanf(line, "@int82 about %1023[^\n]", about) == 1 ||
            sscanf(line, "@int82 list name=%63s batch=%u", name, &batch) != 2)
            continue;
        if (strcmp(name, before)) {
            row = json_object();
            json_object_set_new(row, "name", json_string(name));
            json_object_set_new(row, "batches", json_array());
            json_object_set_new(row, "about", json_string(about));
            json_array_append_new(rows, row);
        }
        json_array_append_new(json_object_get(row, "batches"), json_integer(batch));
    }
    return rows;
}

static void print_rows(const json_t *rows)
{
    const char *about = "";
    const json_t *row, *batch;
    size_t i, k;

    json_array_foreach(rows, i, row)
    {
        const char *text = json_string_value(json_object_get(row, "about"));

        if (strcmp(text, about))
            printf("%s%s%s%s\n", i ? "\n" : "", colour(BOLD), text, colour(PLAIN));
        about = text;
        printf("  %-32s", json_string_value(json_object_get(row, "name")));
        json_array_foreach(json_object_get(row, "batches"), k, batch)
        {
            printf(" %d", (int)json_integer_value(batch));
        }
        printf("\n");
    }
}

static json_t *list_rows(struct run_config *c, const char *qemu)
{
    static struct engine engine;
    struct buf console = {0};
    json_t *rows;

    engine = engine_pick("tcg", qemu, NULL, false);
    c->engine = &engine;
    c->guest_args = "list";
    run_defaults(c);
    run_boot(c, &console, LIST_SECONDS);
    run_refused(&console);
    rows = rows_of(console.p);
    if (!json_array_size(rows)) {
        run_console_tail(&console);
        die(EXIT_RUN, "the guest listed no rows");
    }
    buf_free(&console);
    return rows;
}

/* ---- results -------------------------------------------------------------------------------------------------- */

static json_t *list_results(void)
{
    static const char *const keys[] = {"date", "engine", "hypervisor", "hypervisor_revision", "suite"};
    char *pattern = fmt("%s/results/*/bench.json", tree_root());
    json_t *list = json_array();
    glob_t g;

    if (!glob(pattern, 0, NULL, &g)) {
        for (size_t i = 0; i < g.gl_pathc; i++) {
            char *why = NULL, *label = g.gl_pathv[i] + strlen(pattern) - strlen("*/bench.json");
            struct result *r = result_try_load(g.gl_pathv[i], &why);
            json_t *o = json_object();

            *strrchr(label, '/') = 0;
            json_object_set_new(o, "label", json_string(label));
            for (size_t k = 0; r && k < sizeof(keys) / sizeof(*keys); k++)
                if (result_info(r, keys[k]))
                    json_object_set_new(o, keys[k], json_string(result_info(r, keys[k])));
            json_object_set_new(o, r ? "rows" : "unreadable", r ? json_integer(r->rows_n) : json_string(why));
            json_array_append_new(list, o);
            result_free(r);
            free(why);
        }
        globfree(&g);
    }
    free(pattern);
    return list;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "-";
}

static void print_results(const json_t *list)
{
    const json_t *o;
    size_t i;

    json_array_foreach(list, i, o)
    {
        if (json_object_get(o, "unreadable"))
            printf("%-32s %s\n", text_of(o, "label"), text_of(o, "unreadable"));
        else
            printf("%-32s %-20s %-10s %4d rows  %s, %s\n", text_of(o, "label"), text_of(o, "date"),
                   text_of(o, "engine"), (int)json_integer_value(json_object_get(o, "rows")), text_of(o, "hypervisor"),
                   text_of(o, "hypervisor_revision"));
    }
}

int cmd_list(int argc, char **argv)
{
    struct run_config c = {.title = "list", .cpu = -1};
    const char *json = NULL, *results = NULL, *qemu = "qemu-system-i386";
    const struct option_def defs[] = {
        {"rows", 'r', "GLOB,...", "only these rows", &c.rows, NULL, NULL},
        {"results", 0, NULL, "the results in results/ instead", &results, NULL, NULL},
        {"json", 0, NULL, "as JSON", &json, NULL, NULL},
        {"guest", 0, "FILE", "the bench guest (default: build/guest/bench.elf)", &c.guest, NULL, NULL},
        {"qemu", 0, "PROGRAM", "instead of qemu-system-i386", &qemu, NULL, NULL},
        {0},
    };
    json_t *list;

    if (options_parse(
            argc, argv, defs, "list [options]",
            "Lists the rows with their batches and what they measure. The guest itself is asked, which takes\n"
            "a second. With --results: labels, dates, engines and revisions of the results."))
        die(EXIT_USAGE, "list takes no argument, only options");
    list = results ? list_results() : list_rows(&c, qemu);
    if (json) {
        print_json(list);
        return EXIT_OK;
    }
    if (results)
        print_results(list);
    else
        print_rows(list);
    json_decref(list);
    return EXIT_OK;
}
