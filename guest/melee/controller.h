/* SPDX-License-Identifier: MIT */
/* Domain 0's side of the melee: what controller.c and commands.c share. */
#ifndef MELEE_CONTROLLER_H
#define MELEE_CONTROLLER_H

#include "melee.h"

#include <guest/domain_builder.h>

extern struct guest_domain dom; /* the domain that fights */
extern struct board *seen;      /* the domain's board, mapped here */
extern struct xen_domctl ctl;   /* for control_op() */
extern bool can_preempt, trace;

#define DOMAIN_PAGES 768u
#define GRANT_VA     ((void *)(MM_SCRATCH + 0x1000))

uint32_t chance(uint32_t n); /* a random number below n */
uint32_t total_ops(void);
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void rest(uint32_t ns);
bool audit_well(void);
bool suspend(uint32_t mode, uint32_t at, uint32_t id); /* INT82_PREEMPT_* */
int control_op(uint32_t cmd);
/* The vCPU with the least weight has the shortest slices, and so the most switches. */
int set_weight(uint32_t n);
bool rebuild(void); /* when the domain has lived long enough */
void print_counts(const char *title, const char *const *names, const uint32_t *done, const uint32_t *refused,
                  uint32_t n);

/* commands.c */
void command(void);
void report_commands(void);

#endif
