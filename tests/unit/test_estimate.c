/* SPDX-License-Identifier: MIT */
/* What `profile` estimates of counts (bench/profile/estimate.c): a profile made by hand, and tables of prices. */
#include "bench_test.h"
#include "profile/view.h"

#include <sanitizer/lsan_interface.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[] = "/tmp/int82-costs-XXXXXX";

static void prices(const char *lines)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL);
    fprintf(f, "event,cpu,warm,cold,source\n# a comment\n\n%s", lines);
    CHECK(!fclose(f));
}

/* Two calls, each of 50 instructions and 100 iterations of `rep movsl`; an INT and an IRET; 14 lines of data, 3 of
 * code. Both cells are the hypervisor's. */
static struct trace_run run;
static struct cell cells[2];

static struct view example(void)
{
    struct view v = {.run = &run, .calls = 2};

    cells[0] = (struct cell){.address = 0xfd900000, .size = 2, .bytes = {0xf3, 0xa5}, .count = 200};
    cells[1] = (struct cell){.address = 0xfd900002, .size = 1, .bytes = {0xa5}, .count = 2}; /* without REP */
    run = (struct trace_run){.cells = cells, .cells_n = 2, .touched = {.data_lines = 28, .code_lines = 6}};
    v.total.v[METRIC_TICKS] = 300;
    v.total.v[METRIC_EVENTS + EVENT_string] = 202;
    v.total.v[METRIC_EVENTS + EVENT_int_gate] = 2;
    v.total.v[METRIC_EVENTS + EVENT_iret] = 2;
    v.total.v[METRIC_READS] = 40; /* cheap: no line of its own is needed */
    return v;
}

static char *estimate(const struct view *v, const char *lines)
{
    struct buf b = {0};

    prices(lines);
    estimate_text(&b, v, path);
    return b.p;
}

static void says(const char *text, const char *line)
{
    if (!strstr(text, line))
        unit_failure(__FILE__, __LINE__, line, " is not in: %s", text);
}

#define WHOLE                                                                                 \
    "instruction,A,0.5,,\"x\"\nrep_iteration,A,0.1,,\"x\"\nint_gate,A,600,,\"x\"\n"           \
    "iret,A,0,,\"in the gate\"\ndata_line_first,A,0,100,\"x\"\ndata_line_more,A,0,50,\"x\"\n" \
    "code_line,A,0,10,\"x\"\n"

/* 50 instructions, of which one is a MOVS without REP, at 0.5; 100 iterations at 0.1; the gate. */
static void warm_and_cold(void)
{
    struct view v = example();
    char *text = estimate(&v, WHOLE);

    says(text, "ESTIMATE");
    says(text,
         "A          warm: about 635 cycles: instruction 50 x 0.5 + int_gate 1 x 600 + rep_iteration 100 x 0.1\n");
    /* Ten lines at 100, four at 50, three of code at 10. */
    says(text, "           cold: about 1865 cycles: ");
    says(text, "data_line_first 10 x 100 + data_line_more 4 x 50 + code_line 3 x 10\n");
    CHECK(!strstr(text, "without a known cost"));
    free(text);
}

static void few_lines(void)
{
    struct view v = example();
    char *text;

    run.touched.data_lines = 6;
    text = estimate(&v, WHOLE);
    says(text, "data_line_first 3 x 100 + code_line");
    CHECK(!strstr(text, "data_line_more"));
    free(text);
}

static void dearer_when_cold(void)
{
    struct view v = example();
    char *text = estimate(&v, WHOLE "invlpg,A,100,300,\"x\"\n");

    CHECK(!strstr(text, "invlpg")); /* there is none */
    free(text);
    v.total.v[METRIC_EVENTS + EVENT_invlpg] = 2;
    text = estimate(&v, WHOLE "invlpg,A,100,300,\"x\"\n");
    says(text, "warm: about 735 cycles");
    says(text, "cold: about 2165 cycles");
    free(text);
}

/* The body, 35 cycles, hides up to a bound, and no more than all of it. */
static void overlap(void)
{
    struct view v = example();
    char *text = estimate(&v, WHOLE "hidden_under_iret,A,25,,\"x\"\n");

    says(text, "warm: about 610 to 635 cycles");
    says(text, "cold: about 1840 to 1865 cycles");
    free(text);
    text = estimate(&v, WHOLE "hidden_under_iret,A,80,,\"x\"\n");
    says(text, "warm: about 600 to 635 cycles");
    free(text);
    v.total.v[METRIC_EVENTS + EVENT_iret] = 0; /* no IRET, under which anything could hide */
    text = estimate(&v, WHOLE "hidden_under_iret,A,80,,\"x\"\n");
    says(text, "warm: about 635 cycles");
    free(text);
}

static void ports(void)
{
    struct view v = example();
    char *text;

    v.total.v[METRIC_EVENTS + EVENT_io] = 6;
    text = estimate(&v, WHOLE "io,A,3000,,\"x\"\n");
    says(text, "warm: about 9635 cycles");
    says(text, "io 3 x 3000");
    free(text);
    text = estimate(&v, WHOLE);
    says(text, "warm: more than 635 cycles");
    says(text, "without a known cost, times a call: io 3\n");
    free(text);
}

/* Without a price, iterations are named; and lines only where they count. */
static void missing(void)
{
    struct view v = example();
    char *text = estimate(&v, "instruction,B,1,,\"x\"\nint_gate,B,10,,\"x\"\niret,B,0,,\"x\"\n");

    says(text, "B          warm: more than 60 cycles");
    says(text, "times a call: rep_iteration 100\n");
    says(text, "times a call: rep_iteration 100, data_line_first 10, data_line_more 4, code_line 3\n");
    free(text);
    text = estimate(&v, "int_gate,C,10,,\"x\"\ninstruction,D,1,,\"x\"\n");
    says(text, "C          warm: more than 10 cycles");
    says(text, "D          warm: more than 50 cycles");
    free(text);
}

static void bad_tables(void)
{
    static const char *const bad[] = {"instruction,A,0.5,\"the old form\"\n",
                                      "instruction,A,0.5,\n",
                                      "instruction,A,0.5,,\n",
                                      "instruction,,0.5,,\"x\"\n",
                                      "instructions,A,0.5,,\"x\"\n",
                                      ",A,0.5,,\"x\"\n",
                                      "instruction,A,,1,\"x\"\n",
                                      "instruction,A,-1,,\"x\"\n",
                                      "instruction,A,1,-1,\"x\"\n",
                                      "instruction,A,1,many,\"x\"\n",
                                      NULL};
    struct view v = example();

    for (int i = 0; bad[i]; i++) {
        int status = -1;
        pid_t child = fork();

        if (!child) {
            __lsan_disable(); /* it ends in the middle */
            CHECK(freopen("/dev/null", "w", stderr) != NULL);
            free(estimate(&v, bad[i]));
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_MISSING)
            unit_failure(__FILE__, __LINE__, bad[i], " was taken");
    }
}

/* That of the tree can be read, and knows what a profile counts most. */
static void own_table(void)
{
    struct view v = example();
    struct buf b = {0};

    estimate_text(&b, &v, "bench/costs.csv");
    says(b.p, "Skylake    warm: more than");
    says(b.p, "Zen 4      warm: more than");
    says(b.p, "rep_iteration 100 x 0.087");
    buf_free(&b);
}

static const struct unit_test tests[] = {
    {"warm_and_cold", warm_and_cold},
    {"few_lines", few_lines},
    {"dearer_when_cold", dearer_when_cold},
    {"overlap", overlap},
    {"ports", ports},
    {"missing", missing},
    {"bad_tables", bad_tables},
    {"own_table", own_table},
};

int main(int argc, char **argv)
{
    int fd = mkstemp(path), rc;

    if (fd < 0)
        return 1;
    close(fd);
    rc = UNIT_RUN(argc, argv, tests, NULL);
    unlink(path);
    return rc;
}
