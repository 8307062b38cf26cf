/* SPDX-License-Identifier: MIT */
/* The domain that is to end, shared by victims.c and victims_suspended.c. */
#ifndef TESTS_VICTIMS_H
#define TESTS_VICTIMS_H

#include "injected_faults.h"
#include "other.h"

extern struct victim victim;

bool create_victim(void);
/* Checks that nothing is left of the domain. */
void check_gone(const struct int82_audit *before);
/* The machine address of an entry of one of the domain's tables. */
uint64_t table_entry(uint32_t frame, uint32_t index);
/* Adds a call to its list: it pins its tree. */
void pins_tree(void);

#endif
