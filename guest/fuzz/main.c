/* SPDX-License-Identifier: MIT */
/*
 * seed=N (1)       the sequences' seed
 * sequence=N (0)   the first to run
 * count=N          how many; without it, ops=N (100000) operations' worth
 * keep=A.B.C       of the only sequence, these operations alone
 * audit=N (16)     the hypervisor's auditor is asked after so many sequences
 * careful          the counts of references are compared after every operation, not only after a sequence
 * trace            every operation is printed
 * announce         every sequence is, before it is run
 */
#include "fuzz.h"

unsigned int audit_every = 16;

static uint32_t number(const char *key, uint32_t otherwise)
{
    char text[16];

    return guest_option(key, text, sizeof(text)) ? parse_number(text) : otherwise;
}

static bool word(const char *key)
{
    char text[16];

    return guest_option(key, text, sizeof(text));
}

static void keep_only(struct sequence *s)
{
    static char text[400];
    const char *p = text;

    if (!guest_option("keep", text, sizeof(text)))
        return;
    memset(s->out, true, sizeof(s->out));
    while (*p) {
        uint32_t i = parse_number(p);

        if (i < MAX_OPS)
            s->out[i] = false;
        while (*p && *p != '.')
            p++;
        p += *p == '.';
    }
}

static void progress(const struct sequence *s)
{
    printf("fuzz: sequence %u, %llu operations\n", s->number, operations);
}

static void run_all(void)
{
    static struct sequence s;
    uint32_t seed = number("seed", 1), first = number("sequence", 0), count = number("count", ~0u);
    uint32_t operations_wanted = number("ops", 100000);
    bool careful = word("careful"), announce = word("announce");

    if (word("keep"))
        count = 1;
    for (uint32_t i = 0; i < count && (count != ~0u || operations < operations_wanted); i++) {
        generate(&s, seed, first + i);
        keep_only(&s);
        if (announce)
            printf("fuzz: begin %u\n", s.number);
        if (!run_sequence(&s, careful)) {
            printf("fuzz: FAILED seed %u sequence %u operation %u: %s\n", seed, s.number, failure.at, failure.text);
            shrink(&s);
            printf("fuzz: failed\n");
            return;
        }
        if (i % 256 == 255)
            progress(&s);
    }
    printf("fuzz: passed: seed %u, sequences %u to %u, %llu operations, %llu calls\n", seed, first, s.number,
           operations, hypercalls);
}

void guest_main(void)
{
    audit_every = number("audit", 16);
    trace = word("trace");
    set_up();
    printf("fuzz: on %s\n", limits.page_info ? "Int82" : "a hypervisor that does not tell its counts");
    run_all();
}
