/* SPDX-License-Identifier: MIT */
/*
 * Result files (bench/result/json.c, csv.c, csv_text.c, result.c). What is written can be read again without loss. CSV
 * follows RFC 4180, and its fields keep their places. What cannot be a result is refused, and the message has the line.
 */
#include "bench_test.h"
#include "result/csv_text.h"
#include "result/parse.h"

#include <unistd.h>

static const char console[] = "@int82 begin schema=1 rows=2\n"
                              "@int82 info suite abcdef\n"
                              "@int82 row name=one batch=1 calls=10 empty=100 samples=1100,1200,1100\n"
                              "@int82 counter flushes 7\n"
                              "@int82 hist mmu_batch 8 99\n"
                              "@int82 row name=two batch=512 calls=4 empty=40 samples=4136\n"
                              "@int82 end rows=2 errors=0\n";

static struct result *parse(const char *text)
{
    struct result *r = xcalloc(1, sizeof(*r));
    struct parser p;

    parser_init(&p, r);
    parser_feed(&p, text, strlen(text));
    CHECK(!parser_finish(&p));
    r->source = xstrdup("test");
    return r;
}

static struct result *reload(const char *text, char **why)
{
    char name[] = "/tmp/int82-test.XXXXXX";
    int fd = mkstemp(name);
    struct result *r;

    close(fd);
    file_write(name, text, strlen(text));
    r = result_try_load(name, why);
    unlink(name);
    return r;
}

static void files_round_trip(void)
{
    char *why = NULL, *json, *csv;
    struct result *r = parse(console), *j, *c;

    r->rows[1].code = xstrdup("c0de");
    json = result_json(r);
    csv = result_csv(r);
    j = reload(json, &why);
    CHECK(j && j->rows_n == 2 && j->counts_n == 2 && j->rows[0].samples_n == 3 && j->rows[0].samples[1] == 1200);
    CHECK(j && !strcmp(result_info(j, "suite"), "abcdef"));
    CHECK(j && !j->rows[0].code && !strcmp(j->rows[1].code, "c0de"));
    if (j) {
        char *again = result_json(j), *csv_again = result_csv(j);

        CHECK(!strcmp(again, json));
        CHECK(!strcmp(csv_again, csv));
        free(again);
        free(csv_again);
    }
    c = reload(csv, &why);
    CHECK(c && c->rows_n == 2 && c->rows[0].st.max == 110 && !strcmp(result_info(c, "suite"), "abcdef"));
    CHECK(c && !c->rows[0].code && !strcmp(c->rows[1].code, "c0de"));
    result_free(r);
    result_free(j);
    result_free(c);
    free(json);
    free(csv);
}

static void wrong_files(void)
{
    static const char *const bad[] = {"", "{", "{}", "[1]", "name,batch,ticks_min,ticks_median,per_entry\n", "a,1\n",
                                      "a,x,1,1,1\n", "{\"schema\":\"int82-bench\",\"version\":2,\"rows\":[]}",
                                      "{\"schema\":\"int82-bench\",\"version\":1,\"rows\":[]}",
                                      "{\"schema\":\"int82-bench\",\"version\":1,\"rows\":[{\"name\":\"a\",\"batch\":1,"
                                      "\"calls\":0,\"empty_ticks\":0,\"samples\":[1]}]}",
                                      /* ticks below nothing, and a counter that ran backwards */
                                      "{\"schema\":\"int82-bench\",\"version\":1,\"rows\":[{\"name\":\"a\",\"batch\":1,"
                                      "\"calls\":1,\"empty_ticks\":9,\"samples\":[1]}]}",
                                      "{\"schema\":\"int82-bench\",\"version\":1,\"rows\":[{\"name\":\"a\",\"batch\":1,"
                                      "\"calls\":1,\"empty_ticks\":9,\"samples\":[9223372036854775807]}]}"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *why = NULL;
        struct result *r = reload(bad[i], &why);

        CHECK(!r && why);
        free(why);
        result_free(r);
    }
}

static void labels(void)
{
    CHECK(label_is_good("a") && label_is_good("2026-1.2_x+y"));
    CHECK(!label_is_good("") && !label_is_good("..") && !label_is_good("a/b") && !label_is_good("-x") &&
          !label_is_good("a b"));
}

static void globs(void)
{
    CHECK(row_matches("mmu_*", "mmu_same", 8) && row_matches("x,mmu_same/8", "mmu_same", 8));
    CHECK(!row_matches("mmu_same/1", "mmu_same", 8) && !row_matches("mmu", "mmu_same", 8));
    CHECK(row_matches("*/512", "mmu_same", 512) && !row_matches("*/512", "mmu_same", 1));
}

#define HEADER "name,batch,ticks_min,ticks_median,per_entry\n"

/* A CSV that is not one of a result: the message names the line, and the column if there is one. */
static void wrong_csv(void)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {HEADER "a,1,,20,30\n", "line 2: ticks_min is empty"},
        {HEADER "a,1,10,,30\n", "line 2: ticks_median is empty"},
        {HEADER ",1,10,20,30\n", "line 2: name is empty"},
        {HEADER "a,1,10,20\n", "line 2: it has 4 fields"},
        {HEADER "a,1,10,20,30,40\n", "line 2: it has 6 fields"},
        {HEADER "a,1,-10,20,30\n", "line 2: ticks_min is negative"},
        {HEADER "a,1,20,10,30\n", "above its median"},
        {HEADER "a,1,nan,10,30\n", "line 2: ticks_min is no number"},
        {HEADER "a,1,10,inf,30\n", "line 2: ticks_median is no number"},
        {HEADER "a,1.5,10,20,30\n", "batch is 1.5"},
        {HEADER "\n# c: d\na,1,10,20,30\nb,1,\"x\n\",20,30\n", "line 5: ticks_min is no number"},
        {HEADER "\"a,1,10,20,30\n", "quotation mark"},
        {HEADER "\"a\"b,1,10,20,30\n", "quotation mark"},
        {HEADER "a\"b,1,10,20,30\n", "quotation mark"},
        {"name,batch,ticks_min\na,1,10\n", "a header needs"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *why = NULL;
        struct result *r = reload(bad[i].text, &why);

        if (!why || !strstr(why, bad[i].why))
            printf("  %s: %s\n", bad[i].text, why ? why : "taken");
        CHECK(!r && why && strstr(why, bad[i].why));
        free(why);
        result_free(r);
    }
}

static void check_row(const char *text, const char *name, double min, double median, double max)
{
    char *why = NULL;
    struct result *r = reload(text, &why);

    if (why)
        printf("  %s: %s\n", text, why);
    CHECK(r && r->rows_n == 1 && !strcmp(r->rows[0].name, name));
    if (r) {
        CHECK_NEAR(r->rows[0].st.min, min, 0);
        CHECK_NEAR(r->rows[0].st.median, median, 0);
        CHECK_NEAR(r->rows[0].st.max, max, 0);
    }
    free(why);
    result_free(r);
}

static void csv_of_others(void)
{
    check_row(HEADER "a,1,10,20,30\n", "a", 10, 20, 0);
    check_row(HEADER "a,1,10,20,\n", "a", 10, 20, 0);
    check_row(HEADER "a,1,10,20,30", "a", 10, 20, 0);
    check_row("\xef\xbb\xbf" HEADER "a,1,10,20,30\r\n\r\n", "a", 10, 20, 0);
    check_row(HEADER "\"a, \"\"b\"\"\",\"1\",\"10\",20,30\n", "a, \"b\"", 10, 20, 0);
    check_row(HEADER "\"a\nb\",1,10,20,30\n", "a\nb", 10, 20, 0);
    check_row("\"# engine: kvm\",,,,\n" HEADER "a,1,10,20,30\n", "a", 10, 20, 0);
    /* An empty field keeps its place. Columns are found by their names. */
    check_row("name,batch,ticks_min,ticks_median,per_entry,q1,q3,p90,p99,p999,max\na,1,10,20,,,,,,,90\n", "a", 10, 20,
              90);
    check_row("max,note,ticks_median,name,ticks_min,batch\n90,x,20,a,10,1\n", "a", 10, 20, 90);
    check_row("a,1,10,20\n", "a", 10, 20, 0);
}

/* The text in a line about the result can neither break a line of the CSV nor become one of its rows. */
static void infos_of_a_csv(void)
{
    struct result *r = parse(console), *c;
    char *csv, *why = NULL;

    result_set(r, "note", "one\ntwo,1,1,1,1,,,,,,,,,,,,");
    csv = result_csv(r);
    c = reload(csv, &why);
    CHECK(c && c->rows_n == 2 && !strcmp(result_info(c, "note"), "one two,1,1,1,1"));
    free(csv);
    result_free(r);
    result_free(c);
}

static void infos_refused(void)
{
    static const struct {
        const char *key, *value;
        bool good;
    } infos[] = {
        {"note", "a, \"b\": c", true}, {"note.2-x_y", "", true}, {"", "x", false},           {"engine", "kvm", false},
        {"suite", "x", false},         {"tsc_khz", "1", false},  {"a b", "x", false},        {"a:", "x", false},
        {"note", "a\nb", false},       {"note", "a\rb", false},  {"note", "a\033[m", false}, {"no\nte", "a", false},
    };

    for (size_t i = 0; i < sizeof(infos) / sizeof(*infos); i++) {
        char *why = info_refused(infos[i].key, infos[i].value);

        CHECK(!why == infos[i].good);
        free(why);
    }
}

static void csv_fields(void)
{
    struct buf b = {0};

    csv_add(&b, "a");
    csv_add(&b, "");
    csv_add(&b, "b,c");
    csv_add(&b, "\"d\"");
    csv_add(&b, "e\nf");
    CHECK(!strcmp(b.p, "a,,\"b,c\",\"\"\"d\"\"\",\"e\nf\""));
    buf_free(&b);
}

static void unmatched_globs(void)
{
    struct result *r = parse(console);
    char *g;

    CHECK(!rows_unmatched("one,two/512", &r, 1));
    CHECK(!rows_unmatched("*", &r, 1));
    g = rows_unmatched("one,three,four", &r, 1);
    CHECK(g && !strcmp(g, "three"));
    free(g);
    g = rows_unmatched("two/1", &r, 1);
    CHECK(g && !strcmp(g, "two/1"));
    free(g);
    result_free(r);
}

static const struct unit_test tests[] = {
    {"files_round_trip", files_round_trip},
    {"wrong_files", wrong_files},
    {"wrong_csv", wrong_csv},
    {"csv_of_others", csv_of_others},
    {"infos_of_a_csv", infos_of_a_csv},
    {"infos_refused", infos_refused},
    {"csv_fields", csv_fields},
    {"labels", labels},
    {"globs", globs},
    {"unmatched_globs", unmatched_globs},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
