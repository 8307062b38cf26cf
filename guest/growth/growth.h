/* SPDX-License-Identifier: MIT */
/*
 * What calls cost as something grows that they touch or do not touch. A guest that is domain 0. It prints a line
 *
 *     @growth SERIES WHAT X TICKS COUNT
 *
 * for each point: ticks of COUNT times WHAT while there are X of what SERIES says. `series=NAME` selects one of them,
 * and `few` measures its first and last points only. bench/cmd/growth.c runs it, and has the words for all names.
 */
#ifndef GROWTH_H
#define GROWTH_H

#include <guest/console.h>
#include <guest/domain_builder.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/string.h>

extern bool few;

#define TRIES 5

/* Ticks of a statement, with nothing of the two readings themselves: the least of some, each of which `undo` follows. A
 * timer's interrupt may come in between. */
#define LEAST_TICKS(statement, undo)                        \
    ({                                                      \
        uint64_t least_ = ~0ull;                            \
                                                            \
        for (unsigned int try_ = 0; try_ < TRIES; try_++) { \
            uint64_t began_ = rdtsc(), ticks_;              \
                                                            \
            statement;                                      \
            ticks_ = rdtsc() - began_ - reading_ticks;      \
            least_ = ticks_ < least_ ? ticks_ : least_;     \
            undo;                                           \
        }                                                   \
        least_;                                             \
    })
extern uint64_t reading_ticks;

/* Prints a point: ticks of so many. */
void points(const char *series, const char *what, uint32_t x, uint64_t ticks, uint32_t count);
#define point(series, what, x, ticks) points(series, what, x, ticks, 1)
/* A call that has to succeed. */
void must(int32_t rc, const char *what);

/* Goes through the points of a list; with `few`, through the first and the last. */
#define FOR_EACH_POINT(x, list)                                                   \
    for (uint32_t i_ = 0, (x); i_ < ARRAY_SIZE(list) && ((x) = (list)[i_], true); \
         i_ += few && i_ < ARRAY_SIZE(list) - 1 ? ARRAY_SIZE(list) - 1 : 1)

/* A domain without vCPUs; its number. */
domid_t make_empty_domain(void);
/* Gives it this many frames, one by one. */
void give_frames(domid_t domid, uint32_t count);

/* What a copy of this guest does, in a domain of its own. */
void role(const char *name);

/* The series: main.c has their list. */
void series_memory(void);
void series_pages(void);
void series_tables(void);
void series_ports(void);
void series_grants(void);
void series_store(void);
void series_domains(void);
void series_runnable(void);
void series_timers(void);

#endif
