/* SPDX-License-Identifier: MIT */
/*
 * Another domain for tests of what keeps domains apart: a victim (victim.h) that carries out calls chosen here, most of
 * which must be refused.
 *
 *     if (!other_begin(&other))
 *         return;
 *     other_call(&other, "what it tries", -EPERM, __HYPERVISOR_..., OTHER_ARGUMENT(&other, op), ...);
 *     other_carry_out(&other);
 *     other_end(&other);
 */
#ifndef TESTS_OTHER_H
#define TESTS_OTHER_H

#include "victim.h"

#include <public/domctl.h>

#define HYPERVISOR_CS 0xE008u
#define HYPERVISOR_DS 0xE010u
#define IN_HYPERVISOR 0xF5900000u

extern struct victim other, third;

/* Makes the domain, with two vCPUs. False: the test is over, and has said why. */
bool other_begin(struct victim *v);
void other_end(struct victim *v);

/* Copies the argument. Returns its address in the domain's own memory; valid until other_carry_out(). */
uint32_t other_argument(const struct victim *v, const void *data, uint32_t size);
#define OTHER_ARGUMENT(v, ...) other_argument(v, &(__VA_ARGS__), sizeof(__VA_ARGS__))
/* The domain's memory at that address of its own, mapped here as victim_map() does it. */
void *other_memory(const struct victim *v, uint32_t va);

/* Adds one call to the domain's list, and what it must answer. */
void other_call(const struct victim *v, const char *what, int32_t result, uint32_t op, uint32_t a0, uint32_t a1,
                uint32_t a2, uint32_t a3);
/* The domain makes all the calls. Possible once in its life. */
void other_carry_out(const struct victim *v);

/* A frame that the domain, or the hypervisor for it, fills with words that nobody else may see. */
#define SECRET       0x5EC4E75Eu
#define SECRET_FRAME (VICTIM_SPARE + 100)
void other_write_secret(const struct victim *v);
/* Maps a frame of the domain's, or one that the hypervisor shares with it, read-only here. Returns 0 or an error. */
int other_map_frame(uint32_t va, uint32_t mfn, domid_t domid);

bool other_get_context(const struct victim *v, uint32_t vcpu, struct vcpu_guest_context *c);
int32_t other_set_context(const struct victim *v, uint32_t vcpu, struct vcpu_guest_context *c);

#endif
