/* SPDX-License-Identifier: MIT */
/* The domain that is to end, as victims.c and victims_suspended.c share it. */
#ifndef TESTS_VICTIMS_H
#define TESTS_VICTIMS_H

#include "injected_faults.h"
#include "other.h"

extern struct victim victim;

bool create_victim(void);
/* Nothing is left of it. */
void check_gone(const struct int82_audit *before);
/* The machine address of an entry of one of its tables. */
uint64_t table_entry(uint32_t frame, uint32_t index);
/* A call for its list: it pins its tree. */
void pins_tree(void);

#endif
