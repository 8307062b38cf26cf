/* SPDX-License-Identifier: MIT */
/* The benchmark guest: chooses rows, runs them, and prints the samples. docs/measuring.md describes the protocol. */
#include "bench.h"
#include "pages.h"
#include "partner.h"
#include "report.h"
#include "rows.h"
#include "single.h"

#include <guest/events.h>
#include <guest/string.h>
#include <guest/traps.h>
#include <public/sched.h>
#include <public/vcpu.h>

#define UNTOUCHED 0xdeadbeef /* result of a call that the loop has not made */

/* An entry without a name begins a group: `about` says what its rows measure. */
struct row {
    const char *name;
    const uint32_t *batches; /* 0 ends them */
    void (*run)(struct bench *b);
    const char *about;
};

static const uint32_t ONE[] = {1, 0}, FULL[] = {512, 0}, PAGES_256[] = {256, 0}, MULTI[] = {1, 8, 32, 0};
static const uint32_t TWO[] = {2, 0}, PAGES[] = {8, 64, 512, 0};
static const uint32_t UP_TO_512[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 0};

#define GROUP(text)
#define ROW(name, batches, call)            \
    static void row_##name(struct bench *b) \
    {                                       \
        call;                               \
    }
#include "rows.def"
#undef GROUP
#undef ROW

static const struct row rows[] = {
#define GROUP(text)              {.about = text},
#define ROW(name, batches, call) {#name, batches, row_##name, NULL},
#include "rows.def"
#undef GROUP
#undef ROW
};

static struct bench_call calls[BENCH_MAX_CALLS] __attribute__((aligned(4096)));
static char patterns[MAX_GUEST_CMDLINE + 1]; /* each pattern ends with a 0, the last one with two */
static uint32_t rows_printed, errors;
static uint32_t warm_ms; /* warm-ups go on for so long, so that a profiler can take samples of the loops */

/* ---- For the rows */
void bench_call_set(struct bench *b, uint32_t index, uint32_t nr, hypercall_arg_t a1, hypercall_arg_t a2,
                    hypercall_arg_t a3, hypercall_arg_t a4, hypercall_arg_t a5)
{
    b->calls[index] = (struct bench_call){nr, a1.u, a2.u, a3.u, a4.u, a5.u, UNTOUCHED, 0};
}

void bench_calls(struct bench *b, uint32_t count, uint32_t nr, hypercall_arg_t a1, hypercall_arg_t a2,
                 hypercall_arg_t a3, hypercall_arg_t a4, hypercall_arg_t a5)
{
    for (b->count = 0; b->count < count; b->count++)
        bench_call_set(b, b->count, nr, a1, a2, a3, a4, a5);
}

bool bench_repeat(struct bench *b)
{
    if (b->failed || b->skipped)
        return false;
    if (b->round == BENCH_WARM_UPS && rdtsc() < b->warm_until) {
        b->warm_rounds++;
        return true;
    }
    return b->round++ < BENCH_WARM_UPS + b->reps || single_more(b);
}

static uint64_t timed(struct bench *b, bench_loop_fn *loop)
{
    return b->cold ? single_cold(b, loop) : loop(b->calls, b->calls + b->count);
}

void bench_run(struct bench *b)
{
    bool singly = b->round > BENCH_WARM_UPS + b->reps;
    uint64_t ticks = singly ? b->empty : timed(b, b->loop->empty);
    uint32_t i;

    if (ticks < b->empty)
        b->empty = ticks;
    for (i = 0; i < b->count; i++)
        b->calls[i].result = UNTOUCHED;
    if (singly)
        return single_run(b);
    ticks = timed(b, b->loop->measured);
    if (b->round > BENCH_WARM_UPS)
        b->samples[b->round - BENCH_WARM_UPS - 1] = ticks;
}

static void fail(struct bench *b)
{
    b->failed = true;
    errors++;
    printf("@int82 error row=%s batch=%u ", b->name, b->batch);
}

bool bench_expect(struct bench *b, bool condition, const char *format, ...)
{
    va_list args;

    if (condition || b->failed)
        return condition;
    fail(b);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    return false;
}

void bench_expect_results(struct bench *b, int32_t result)
{
    uint32_t i;

    for (i = 0; i < b->count; i++) {
        if (!bench_expect(b, b->calls[i].result == (uint32_t)result, "call %u answered %d instead of %d", i,
                          (int)b->calls[i].result, (int)result))
            return;
    }
}

void bench_skip(struct bench *b, const char *why)
{
    b->skipped = true;
    printf("@int82 skip row=%s batch=%u %s\n", b->name, b->batch, why);
}

/* ---- Running them */
struct run {
    const struct row *row;
    struct bench *bench;
};

static void run_row(void *arg)
{
    struct run *run = arg;

    run->row->run(run->bench);
}

static void print_row(const struct bench *b)
{
    uint32_t i, turns = b->turns ? b->turns : b->cold ? (b->count + b->cold - 1) / b->cold : b->count;

    printf("@int82 row name=%s batch=%u calls=%u empty=%llu samples=", b->name, b->batch, turns, b->empty);
    for (i = 0; i < b->reps; i++)
        printf("%s%llu", i ? "," : "", b->samples[i]);
    printf("\n");
    pages_keep_row(b, turns);
    if (warm_ms)
        printf("@int82 info warm_rounds %u\n", b->warm_rounds);
    rows_printed++;
}

static void measure(const struct row *row, uint32_t batch, uint32_t reps)
{
    static struct bench b;
    struct run run = {row, &b};
    struct caught_trap trap;

    memset(&b, 0, sizeof(b));
    b.name = row->name;
    b.batch = batch;
    b.calls = calls;
    b.loop = &loop_int82;
    b.empty = ~0ull;
    b.reps = reps;
    b.warm_until = warm_ms ? rdtsc() + (uint64_t)warm_ms * tsc_khz() : 0;
    events_disable();
    if (trap_catch(&trap, run_row, &run)) {
        fail(&b);
        printf("trap %u, error code 0x%x, eip 0x%x, cr2 0x%x\n", trap.vector, trap.error, trap.eip, trap.cr2);
    }
    events_disable();
    if (!b.failed && !b.skipped)
        print_row(&b);
    single_print(&b);
}

/* ---- Choosing them: rows=GLOB,GLOB on names or name/batch */
static bool fits(const char *pattern, const char *name, uint32_t batch)
{
    char full[64];

    snprintf(full, sizeof(full), "%s/%u", name, batch);
    return glob_match(pattern, strchr(pattern, '/') ? full : name);
}

static const char *next_pattern(const char *pattern)
{
    return pattern + strlen(pattern) + 1;
}

static bool is_selected(const char *name, uint32_t batch)
{
    for (const char *p = patterns; *p; p = next_pattern(p))
        if (fits(p, name, batch))
            return true;
    return false;
}

static bool fits_any(const char *pattern)
{
    for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (uint32_t k = 0; rows[i].name && rows[i].batches[k]; k++)
            if (fits(pattern, rows[i].name, rows[i].batches[k]))
                return true;
    return false;
}

static uint32_t for_selected(void (*fn)(const struct row *row, uint32_t batch, uint32_t reps), uint32_t reps)
{
    uint32_t i, k, n = 0;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        for (k = 0; rows[i].name && rows[i].batches[k]; k++) {
            if (!is_selected(rows[i].name, rows[i].batches[k]))
                continue;
            n++;
            if (fn)
                fn(&rows[i], rows[i].batches[k], reps);
        }
    }
    return n;
}

/* A group's text comes before its first row. */
static void list(const struct row *row, uint32_t batch, uint32_t reps)
{
    static const struct row *told;
    const struct row *group = row;

    (void)reps;
    while (group->name && group > rows)
        group--;
    if (group != told && !group->name)
        printf("@int82 about %s\n", group->about);
    told = group;
    printf("@int82 list name=%s batch=%u\n", row->name, batch);
}

/* ---- The command line. What is wrong on it is reported before anything is measured. */
static void refuse(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void refuse(const char *format, ...)
{
    va_list args;

    printf("@int82 refused ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    guest_shutdown(SHUTDOWN_poweroff);
}

static void choose_rows(void)
{
    char *from = patterns, *to = patterns;

    if (!guest_option("rows", patterns, sizeof(patterns) - 1) || !patterns[0])
        memcpy(patterns, "*", 2);
    for (; *from; from++)
        if (*from != ',')
            *to++ = *from;
        else if (to > patterns && to[-1])
            *to++ = 0;
    to[0] = to[1] = 0;
    if (!patterns[0])
        refuse("rows= names no row");
    for (const char *p = patterns; *p; p = next_pattern(p))
        if (!fits_any(p))
            refuse("rows=: no row is called %s", p);
}

static uint32_t choose_reps(void)
{
    char option[16];
    uint32_t reps = 0;

    if (!guest_option("reps", option, sizeof(option)))
        return 9;
    for (const char *p = option; *p; p++)
        reps = *p >= '0' && *p <= '9' && reps <= BENCH_MAX_REPS ? reps * 10 + (*p - '0') : BENCH_MAX_REPS + 1;
    if (!reps || reps > BENCH_MAX_REPS)
        refuse("reps=%s: 1 to %u samples of each row", option, BENCH_MAX_REPS);
    return reps;
}

void guest_main(void)
{
    char option[16];
    const char *wrong;
    uint32_t reps;

    if (guest_option("role", option, sizeof(option)) && !strcmp(option, "partner")) {
        partner_main();
        return;
    }
    choose_rows();
    if (guest_option("list", option, sizeof(option))) {
        for_selected(list, 0);
        return;
    }
    if (guest_option("warm_ms", option, sizeof(option)))
        warm_ms = parse_number(option);
    if (guest_option("distribution", option, sizeof(option)))
        single_calls = parse_number(option);
    reps = choose_reps();
    wrong = pages_choose();
    if (wrong)
        refuse("%s", wrong);

    HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL); /* the oldest Xens refuse this: their ticks are few */
    printf("@int82 begin schema=1 rows=%u\n", for_selected(NULL, 0));
    report_info("@int82 info ");
    printf("@int82 info reps %u\n", reps);
    printf("@int82 info warm_ups %u\n", BENCH_WARM_UPS);
    counters_reset();
    for_selected(measure, reps);
    report_counters();
    printf("@int82 end rows=%u errors=%u\n", rows_printed, errors);
    pages_show(errors);
}
