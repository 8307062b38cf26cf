/* SPDX-License-Identifier: MIT */
#include "growth.h"

bool few;
uint64_t reading_ticks;

static const struct {
    const char *name;
    void (*measure)(void);
} series[] = {
    {"memory", series_memory},   {"pages", series_pages},       {"tables", series_tables},
    {"ports", series_ports},     {"grants", series_grants},     {"store", series_store},
    {"domains", series_domains}, {"runnable", series_runnable}, {"timers", series_timers},
};

void points(const char *name, const char *what, uint32_t x, uint64_t ticks, uint32_t count)
{
    printf("@growth %s %s %u %llu %u\n", name, what, x, ticks, count);
}

void must(int32_t rc, const char *what)
{
    if (rc)
        guest_panic("%s: %d", what, rc);
}

void guest_main(void)
{
    char name[24];

    if (guest_option("role", name, sizeof(name)))
        role(name);
    if (!guest_option("series", name, sizeof(name)))
        guest_panic("which series?");
    few = guest_option("few", name + 20, 4);
    reading_ticks = LEAST_TICKS((void)0, (void)0);
    for (uint32_t i = 0; i < ARRAY_SIZE(series); i++)
        if (!strcmp(series[i].name, name)) {
            series[i].measure();
            printf("@growth end\n");
            return;
        }
    guest_panic("there is no series %s", name);
}
