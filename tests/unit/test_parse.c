/* SPDX-License-Identifier: MIT */
/*
 * The protocol's parser (bench/result/parse.c). A whole console gives its rows, whatever pieces it arrives in. Every
 * console that is cut off is refused, and so is each kind of wrong line, and each sample that no processor can have
 * produced.
 */
#include "bench_test.h"
#include "result/distribution.h"
#include "result/parse.h"

static const char console[] =
    "(XEN) something before\r\n"
    "@int82 begin schema=1 rows=2\r\n"
    "@int82 info hypervisor Test 1.0 of today\r\n"
    "@int82 info suite abcdef\r\n"
    "(XEN) unfinished @int82 row name=one batch=1 calls=10 empty=100 samples=1100,1200,1100\r\n"
    "@int82 counter flushes 7\r\n"
    "@int82 hist mmu_batch 8 99\r\n"
    "@int82 row name=two batch=512 calls=4 empty=40 samples=4136\r\n"
    "@int82 end rows=2 errors=0\r\n"
    "(XEN) Domain 0 halted\r\n";

static struct result *parse(const char *text, size_t n, size_t piece, char **why)
{
    struct result *r = xcalloc(1, sizeof(*r));
    struct parser p;
    const char *bad;

    parser_init(&p, r);
    for (size_t at = 0; at < n; at += piece)
        parser_feed(&p, text + at, at + piece < n ? piece : n - at);
    bad = parser_finish(&p);
    *why = bad ? xstrdup(bad) : NULL;
    free(p.why);
    r->source = xstrdup("test");
    return r;
}

static void whole(void)
{
    for (size_t piece = 1; piece < sizeof(console); piece = piece * 3 + 1) {
        char *why;
        struct result *r = parse(console, sizeof(console) - 1, piece, &why);

        CHECK(!why);
        CHECK(r->rows_n == 2 && r->counts_n == 2 && r->errors_n == 0);
        CHECK(!strcmp(r->rows[0].name, "one") && r->rows[0].samples_n == 3);
        CHECK_NEAR(r->rows[0].st.min, 100, 0);
        CHECK_NEAR(r->rows[0].st.max, 110, 0);
        CHECK_NEAR(row_per_entry(&r->rows[1]), 2, 0);
        CHECK(!strcmp(result_info(r, "hypervisor"), "Test 1.0 of today"));
        CHECK(!strcmp(r->counts[1].bucket, "8") && r->counts[1].value == 99);
        free(why);
        result_free(r);
    }
}

static void every_cut(void)
{
    size_t end = strstr(console, "@int82 end") - console;

    for (size_t n = 0; n < end + strlen("@int82 end rows=2 errors=0\r"); n++) {
        char *why;
        struct result *r = parse(console, n, 4096, &why);

        CHECK(why && *why);
        free(why);
        result_free(r);
    }
}

#define BEGIN "@int82 begin schema=1 rows=1\n"
#define ROW   "@int82 row name=a batch=1 calls=1 empty=0 samples=5\n"

#define TWO  "@int82 begin schema=1 rows=2\n"
#define SKIP "@int82 skip row=b batch=8 no such thing\n"

#define SINGLE "@int82 single name=a batch=1 n=10 overhead=17 min=9 max=300 hist=9:7,11:2,300:1\n"

static void single_calls(void)
{
    static const char text[] = BEGIN ROW SINGLE "@int82 end rows=1 errors=0\n";
    char *why, *json;
    struct result *r = parse(text, sizeof(text) - 1, 7, &why), *again;

    CHECK(!why && r->rows[0].single);
    json = result_json(r);
    again = json_load("again", json, &why);
    CHECK(again && again->rows[0].single);
    for (int i = 0; i < 2; i++) {
        const struct distribution *d = (i ? again : r)->rows[0].single;

        CHECK(d->n == 10 && d->overhead == 17 && d->min == 9 && d->max == 300 && d->v_n == 3);
        CHECK(d->v[1].low == 11 && d->v[1].n == 2 && d->v[2].low == 300);
        CHECK_NEAR(distribution_quantile(d, 0.5), 9, 0);
        CHECK_NEAR(distribution_quantile(d, 0.9), 11, 0);
        CHECK_NEAR(distribution_quantile(d, 1), 300, 0); /* its bucket goes on to 304 */
    }
    CHECK(bucket_width(127) == 1 && bucket_width(128) == 2 && bucket_width(1 << 20) == 1 << 14);
    free(json);
    result_free(r);
    result_free(again);
}

static void wrong_single_calls(void)
{
    static const char *const wrong[] = {
        "name=b batch=1 n=1 overhead=0 min=9 max=9 hist=9:1",        /* another row */
        "name=a batch=1 n=2 overhead=0 min=9 max=9 hist=9:1",        /* another sum */
        "name=a batch=1 n=1 overhead=0 min=9 max=9 hist=9",          /* no count */
        "name=a batch=1 n=1 overhead=0 min=9 max=9 hist=",           /* nothing */
        "name=a batch=1 n=1 overhead=0 min=9 max=9",                 /* cut */
        "name=a batch=1 n=1 overhead=0 min=8 max=9 hist=9:1",        /* min is in no bucket */
        "name=a batch=1 n=1 overhead=0 min=9 max=8 hist=9:1",        /* max below min */
        "name=a batch=1 n=2 overhead=0 min=9 max=11 hist=11:1,9:1",  /* no order */
        "name=a batch=1 n=1 overhead=0 min=301 max=301 hist=301:1",  /* no bucket begins there */
        "name=a batch=1 n=1 overhead=-1 min=9 max=9 hist=9:1",       /* negative */
        "name=a batch=1 n=0 overhead=0 min=9 max=9 hist=9:0",        /* an empty bucket */
        "name=a batch=1 n=1 overhead=0 min=9 max=9 hist=9:1 more=1", /* more than there is */
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char *text = fmt(BEGIN ROW "@int82 single %s\n@int82 end rows=1 errors=0\n", wrong[i]), *why;
        struct result *r = parse(text, strlen(text), 4096, &why);

        CHECK(why && strstr(why, "single calls"));
        free(why);
        free(text);
        result_free(r);
    }
}

static void wrong_consoles(void)
{
    static const char *const bad[] = {
        "",
        "@int82 end rows=0 errors=0\n",
        ROW,
        "@int82 begin schema=2 rows=1\n" ROW "@int82 end rows=1 errors=0\n",
        "@int82 begin schema=1 rows=0\n@int82 end rows=0 errors=0\n",
        "@int82 begin schema=1\n" ROW "@int82 end rows=1 errors=0\n",
        BEGIN BEGIN ROW "@int82 end rows=1 errors=0\n",
        BEGIN ROW BEGIN "@int82 end rows=1 errors=0\n",
        BEGIN ROW ROW "@int82 end rows=2 errors=0\n",
        BEGIN ROW "@int82 end rows=2 errors=0\n",
        BEGIN ROW "@int82 end rows=1 errors=1\n",
        BEGIN ROW "@int82 end\n",
        BEGIN ROW "@int82 end rows=1 errors=0\n" ROW,
        BEGIN "@int82 row name=a batch=0 calls=1 empty=0 samples=5\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row name=a batch=1 calls=0 empty=0 samples=5\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row name=a batch=1 calls=1 samples=5\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row name=a batch=1 calls=1 empty=0 samples=\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row name=a batch=1 calls=1 empty=0 samples=5,\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row name=a batch=1 calls=1 empty=0 samples=5,x\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row name=a batch=1 calls=1 empty=0 samples=-5\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row name=a batch=1 calls=1 empty=0 samples=99999999999999999999999\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row name=../../etc batch=1 calls=1 empty=0 samples=5\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row name=a batch=1 calls=1 empty=0 samples=5(XEN) crash\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 row\n@int82 end rows=1 errors=0\n",
        BEGIN "@int82 info\n" ROW "@int82 end rows=1 errors=0\n",
        BEGIN "@int82 counter a b\n" ROW "@int82 end rows=1 errors=0\n",
        BEGIN "@int82 hist a 1\n" ROW "@int82 end rows=1 errors=0\n",
        BEGIN "@int82 unheard of\n" ROW "@int82 end rows=1 errors=0\n",
        BEGIN "@int82 end rows=0 errors=0\n",
        BEGIN SKIP "@int82 end rows=0 errors=0\n",
        BEGIN SKIP SKIP "@int82 end rows=0 errors=0\n",
        TWO ROW "@int82 end rows=1 errors=0\n",
        TWO ROW "@int82 skip row=../x batch=1 why\n@int82 end rows=1 errors=0\n",
        TWO ROW "@int82 skip row=b why\n@int82 end rows=1 errors=0\n",
        TWO ROW "@int82 skip\n@int82 end rows=1 errors=0\n",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *why;
        struct result *r = parse(bad[i], strlen(bad[i]), 4096, &why);

        if (!why)
            printf("taken: %s\n", bad[i]);
        CHECK(why);
        free(why);
        result_free(r);
    }
}

/* A counter that runs backwards wraps to 1.8e19; a call takes no less than nothing. The message has the line. */
static void implausible_samples(void)
{
    static const struct {
        const char *fields, *why;
    } bad[] = {
        {"calls=256 empty=100 samples=1100,18446744073709551000", "ran backwards"},
        {"calls=1 empty=0 samples=9223372036854775807", "ran backwards"},
        {"calls=1 empty=18446744073709551615 samples=5", "ran backwards"},
        {"calls=1 empty=100 samples=1100,99", "less than the 100"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *text = fmt(BEGIN "(XEN) something\n@int82 row name=a batch=1 %s\n@int82 end rows=1 errors=0\n",
                         bad[i].fields),
             *why;
        struct result *r = parse(text, strlen(text), 4096, &why);

        printf("  %s\n", why ? why : "taken");
        CHECK(why && strstr(why, bad[i].why) && strstr(why, "line 3 of the console") && strstr(why, bad[i].fields));
        CHECK(r->rows_n == 0);
        free(why);
        free(text);
        result_free(r);
    }
}

static void effect_errors(void)
{
    static const char text[] =
        BEGIN ROW "@int82 error row=a batch=1 the entry did not change\n@int82 end rows=1 errors=1\n";
    char *why;
    struct result *r = parse(text, sizeof(text) - 1, 7, &why);

    CHECK(!why && r->errors_n == 1);
    CHECK(!strcmp(r->errors[0].text, "the entry did not change") && !strcmp(r->errors[0].name, "a"));
    result_free(r);
}

/* A row that the hypervisor does not have is neither a row nor an error; the result says which one and why. */
static void skipped_rows(void)
{
    static const char text[] =
        "@int82 begin schema=1 rows=3\n" ROW SKIP "@int82 skip row=c batch=1\n@int82 end rows=1 errors=0\n";
    char *why;
    struct result *r = parse(text, sizeof(text) - 1, 5, &why);

    CHECK(!why && r->rows_n == 1 && !r->errors_n);
    CHECK(!strcmp(result_info(r, "not_available"), "b/8 (no such thing), c/1 ()"));
    result_free(r);
}

/* No kind of noise may crash the parser or give a result. The generator is fixed, so failures repeat. */
static void noise(void)
{
    unsigned long long seed = 82;
    char text[sizeof(console)], *why;

    for (int i = 0; i < 20000; i++) {
        memcpy(text, console, sizeof(text));
        for (int k = 0; k < 3; k++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            text[(seed >> 33) % (sizeof(text) - 1)] = "\n =,@#0\377"[seed >> 60 & 7];
        }
        struct result *r = parse(text, sizeof(text) - 1, 64, &why);

        CHECK(why || r->rows_n == 2);
        free(why);
        result_free(r);
    }
}

static void endless_line(void)
{
    struct result *r = xcalloc(1, sizeof(*r));
    struct parser p;
    char x[4096];

    memset(x, 'x', sizeof(x));
    parser_init(&p, r);
    for (int i = 0; i < 1024; i++)
        parser_feed(&p, x, sizeof(x));
    CHECK(parser_finish(&p) != NULL);
    free(p.why);
    result_free(r);
}

static const struct unit_test tests[] = {
    {"whole", whole},
    {"every_cut", every_cut},
    {"single_calls", single_calls},
    {"wrong_single_calls", wrong_single_calls},
    {"wrong_consoles", wrong_consoles},
    {"implausible_samples", implausible_samples},
    {"effect_errors", effect_errors},
    {"skipped_rows", skipped_rows},
    {"noise", noise},
    {"endless_line", endless_line},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
