/* SPDX-License-Identifier: MIT */
/*
 * What may be compared with what (bench/result/comparable.c): never two units, never the cycles of two processors as if
 * they were one's, and of two suites only the rows that both measure in the same way.
 */
#include "bench_test.h"
#include "result/comparable.h"

/* KEY, VALUE, ..., NULL; one row "a". */
static struct result *make(const char *const *infos)
{
    struct result *r = xcalloc(1, sizeof(*r));
    struct row *w = ARRAY_ADD(r->rows, r->rows_n);

    r->source = xstrdup("test");
    w->name = xstrdup("a");
    w->batch = 1;
    for (; *infos; infos += 2)
        result_set(r, infos[0], infos[1]);
    return r;
}

#define MAKE(...) make((const char *const[]){__VA_ARGS__, NULL})

static void expect(struct result *a, struct result *b, bool ticks, bool compared, bool forced)
{
    char *whys[] = {ticks_differ(a, b, false), refusal(a, b, false), refusal(a, b, true)};
    const bool wanted[] = {ticks, compared, forced};

    for (int i = 0; i < 3; i++) {
        if (!whys[i] != wanted[i])
            printf("  %d: %s\n", i, whys[i] ? whys[i] : "let through");
        CHECK(!whys[i] == wanted[i]);
        free(whys[i]);
    }
    result_free(a);
    result_free(b);
}

static void units(void)
{
    expect(MAKE("engine", "tcg-icount", "suite", "s"), MAKE("engine", "tcg-icount", "suite", "s"), true, true, true);
    expect(MAKE("engine", "tcg-icount", "suite", "s"), MAKE("engine", "kvm", "suite", "s"), false, false, false);
    expect(MAKE("engine", "kvm", "suite", "s"), MAKE("engine", "bare-metal", "suite", "s"), false, false, false);
    expect(MAKE("suite", "s"), MAKE("engine", "tcg-icount", "suite", "s"), false, false, false);
    expect(MAKE("about", "Xen, -icount shift=0", "suite", "s"), MAKE("engine", "tcg-icount", "suite", "s"), true, true,
           true);
}

#define KVM "engine", "kvm", "suite", "s"

static void processors(void)
{
    expect(MAKE(KVM, "host_cpu", "A"), MAKE(KVM, "host_cpu", "A"), true, true, true);
    expect(MAKE(KVM, "host_cpu", "A"), MAKE(KVM, "host_cpu", "B"), false, false, true);
    /* An import contains only what the guest prints. */
    expect(MAKE(KVM, "cpu", "A"), MAKE(KVM, "cpu", "B"), false, false, true);
    expect(MAKE(KVM, "cpu", "A", "tsc_khz", "3000000"), MAKE(KVM, "cpu", "A", "tsc_khz", "2000000"), false, false,
           true);
    expect(MAKE(KVM, "cpu", "A", "tsc_khz", "3000000"), MAKE(KVM, "cpu", "A", "tsc_khz", "2999700"), true, true, true);
    expect(MAKE(KVM, "tsc_khz", "x"), MAKE(KVM, "tsc_khz", "2999700"), true, true, true);
    /* Instructions are the same on all machines. */
    expect(MAKE("engine", "tcg-icount", "suite", "s", "host_cpu", "A"),
           MAKE("engine", "tcg-icount", "suite", "s", "host_cpu", "B"), true, true, true);
    expect(MAKE("engine", "tcg-icount", "suite", "s", "machine_cpu", "qemu64"),
           MAKE("engine", "tcg-icount", "suite", "s", "machine_cpu", "pentium3"), true, false, true);
}

#define TCG "engine", "tcg-icount"

static void suites(void)
{
    expect(MAKE(TCG, "suite", "s"), MAKE(TCG, "suite", "t"), true, false, true);
    expect(MAKE(TCG), MAKE(TCG, "suite", "t"), true, false, true);
    expect(MAKE(TCG, "suite", "s-dirty", "guest_sha256", "1"), MAKE(TCG, "suite", "s-dirty", "guest_sha256", "2"), true,
           false, true);
    expect(MAKE(TCG, "suite", "s-dirty", "guest_sha256", "1"), MAKE(TCG, "suite", "t-dirty", "guest_sha256", "1"), true,
           true, true);
    /* Without git each guest says "unknown", which is no revision. */
    expect(MAKE(TCG, "suite", "unknown"), MAKE(TCG, "suite", "unknown"), true, false, true);
}

static void codes(void)
{
    static const char *const pairs[][3] = {{"1", "1", "same"}, {"1", "2", NULL}, {"1", NULL, NULL}, {NULL, NULL, NULL}};

    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        struct result *a = MAKE(TCG, "suite", "s"), *b = MAKE(TCG, "suite", "t");

        a->rows[0].code = pairs[i][0] ? xstrdup(pairs[i][0]) : NULL;
        b->rows[0].code = pairs[i][1] ? xstrdup(pairs[i][1]) : NULL;
        CHECK(same_row(a, &a->rows[0], b, &b->rows[0]) == !!pairs[i][2]);
        expect(a, b, true, !!pairs[i][2], true);
    }
}

static void options(void)
{
    struct result *a = MAKE("memory_mib", "256", "options", "hypervisor: -; rows: all; reps: default; guest: -",
                            "hypervisor_build", "gcc -O2 ENTRY=tuned");
    struct result *b = MAKE("memory_mib", "512", "options", "hypervisor: loglvl=all; rows: a; reps: 3; guest: -",
                            "hypervisor_build", "gcc -O2 ENTRY=plain");
    char *text = options_differ(a, b);

    CHECK(text && !strcmp(text, "ENTRY tuned and plain, memory_mib 256 and 512, "
                                "hypervisor's options - and loglvl=all"));
    free(text);
    CHECK(!options_differ(a, a));
    result_free(a);
    result_free(b);
}

static const struct unit_test tests[] = {
    {"units", units}, {"processors", processors}, {"suites", suites}, {"codes", codes}, {"options", options},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
