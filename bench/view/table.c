/* SPDX-License-Identifier: MIT */
#include "view/table.h"
#include "view/peers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

char *result_title(const struct result *r)
{
    char *copy = xstrdup(r->source), *slash, *title;
    size_t n = strlen(copy);

    if (n > 11 && !strcmp(copy + n - 11, "/bench.json"))
        copy[n - 11] = 0;
    else if (n > 10 && !strcmp(copy + n - 10, "/bench.csv"))
        copy[n - 10] = 0;
    else if (n > 4 && !strcmp(copy + n - 4, ".csv"))
        copy[n - 4] = 0;
    slash = strrchr(copy, '/');
    title = xstrdup(slash ? slash + 1 : copy);
    free(copy);
    n = strlen(title);
    for (const char *const *s = (const char *const[]){"-x86_32p", "-x86_32", NULL}; *s; s++)
        if (n > strlen(*s) && !strcmp(title + n - strlen(*s), *s))
            title[n - strlen(*s)] = 0;
    return title;
}

static bool is_exact(const struct result *r)
{
    const char *engine = result_info(r, "engine");

    return engine && !strcmp(engine, "tcg-icount");
}

static int name_width(const struct result *r)
{
    size_t width = 4;

    for (size_t i = 0; i < r->rows_n; i++)
        if (strlen(r->rows[i].name) > width)
            width = strlen(r->rows[i].name);
    return width;
}

static void print_times(double times, int width)
{
    if (times > 0)
        printf("  %s%*.2f%s", colour(times < 1 ? RED : GREEN), width, times, colour(PLAIN));
    else
        printf("  %*s", width, "-");
}

/* Of all calls that both have, printed or not. */
static void print_means(const struct result *r, struct result *const *peers, size_t peers_n, int before,
                        const int *width)
{
    printf("%s%-*s", colour(BOLD), before, "geometric mean");
    for (size_t p = 0; p < peers_n; p++) {
        size_t names;
        double mean = times_mean(r, peers[p], &names);

        print_times(names ? mean : 0, width[p]);
    }
    printf("%s\n\ntimes: how many times this result's ticks the peer needs for the same row, peer / this result\n",
           colour(PLAIN));
}

static void print_count(const struct count *c, bool first)
{
    char *name = c->bucket ? fmt("%s[%s]", c->name, c->bucket) : xstrdup(c->name);

    printf("%s%-40s %12llu\n", first ? "\n" : "", name, (unsigned long long)c->value);
    free(name);
}

void table_print(const struct result *r, struct result *const *peers, size_t peers_n, bool brief)
{
    const char *hypervisor = result_info(r, "hypervisor"), *tick = result_info(r, "tick");
    int width = name_width(r), *peer_width = xcalloc(peers_n, sizeof(int));
    bool exact = is_exact(r), varied = false;

    printf("\n%s%s%s, revision %s; a tick is %s\n\n", colour(BOLD), hypervisor ? hypervisor : "hypervisor",
           colour(PLAIN), result_info(r, "hypervisor_revision"), tick ? tick : "a tick of the TSC");
    printf("%s%-*s %6s %12s %12s", colour(BOLD), width, "name", "batch", "min", "median");
    if (!exact)
        printf(" %12s %12s %10s", "p99", "max", "stddev");
    printf(" %12s", "per entry");
    for (size_t i = 0; i < peers_n; i++) {
        char *title = result_title(peers[i]), *head = fmt("times %s", title);

        peer_width[i] = strlen(head) > 6 ? (int)strlen(head) : 6;
        printf("  %*s", peer_width[i], head);
        free(head);
        free(title);
    }
    printf("%s\n", colour(PLAIN));
    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];
        bool varies = exact && w->st.n && w->st.max > w->st.min;

        if (brief && w->batch != 1 && w->batch != 512)
            continue;
        varied |= varies;
        printf("%-*s %6u %12.2f %12.2f", width, w->name, w->batch, w->st.min, w->st.median);
        if (!exact)
            printf(" %12.2f %12.2f %10.2f", w->st.p99, w->st.max, w->st.stddev);
        printf(" %12.2f", row_per_entry(w));
        for (size_t p = 0; p < peers_n; p++)
            print_times(row_times(w, peers[p]), peer_width[p]);
        printf("%s\n", varies ? " ~" : "");
    }
    if (peers_n)
        print_means(r, peers, peers_n, width + (exact ? 46 : 83), peer_width);
    if (varied)
        printf("\n~  a timer came into some of this row's samples: the minimum is the call alone\n");
    for (size_t i = 0; i < r->counts_n && !brief; i++)
        print_count(&r->counts[i], i == 0);
    free(peer_width);
    fflush(stdout);
}

void table_markdown(const struct result *r, struct result *const *peers, size_t peers_n, const char *rows)
{
    printf("| row | batch | ticks a call | an entry |");
    for (size_t p = 0; p < peers_n; p++) {
        char *title = result_title(peers[p]);

        printf(" %s | times |", title);
        free(title);
    }
    printf("\n|---|---:|---:|---:|");
    for (size_t p = 0; p < peers_n; p++)
        printf("---:|---:|");
    printf("\n");
    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];

        if (rows && *rows && !row_matches(rows, w->name, w->batch))
            continue;
        printf("| `%s` | %u | %.10g | %.4g |", w->name, w->batch, round(w->st.min * 100) / 100, row_per_entry(w));
        for (size_t p = 0; p < peers_n; p++) {
            const struct row *other = result_row(peers[p], w->name, w->batch);

            if (other && other->st.min > 0)
                printf(" %.10g | %.2f |", round(other->st.min * 100) / 100, row_times(w, peers[p]));
            else
                printf(" - | - |");
        }
        printf("\n");
    }
}
